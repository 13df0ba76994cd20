package tui

import (
	"gossipscope/comm/msp"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

// Config is what the screens need from outside.
type Config struct {
	Lang          text.Lang
	Theme         string // "dark", "light", or "" for what the terminal's background asks for
	ASCII         bool   // no line characters, no symbols
	Width, Height int    // of the terminal, if that is known before it tells
	Speed         float64
	Roots         []msp.Root // the authorities that the peers believe; the byte view checks with them

	Lessons []walkthroughs.Lesson
	Starter Starter
	Memory  Memory

	Open *Choice // what is opened at once; nil for the home screen
}

// Starter makes sessions. Its methods may take their time.
type Starter interface {
	Lesson(l walkthroughs.Lesson) (session.Session, error)
	Sandbox() (session.Session, error)
	// Recording may return a session together with an error: what could be read, and what could not.
	Recording(path string) (session.Session, error)
}

// Memory is what is kept from one start of the program to the next, and where files go. An error of it tells the reader what to do, in
// both languages (session.Sentence); nothing is lost by it but what was to be kept.
type Memory interface {
	Done(slug string) bool
	MarkDone(slug string) error
	KeepLang(lang text.Lang) error
	KeepTheme(theme string) error
	Recordings() ([]string, error)                      // paths, the newest first
	FreshPath(prefix, extension string) (string, error) // of a file that does not exist yet, in a folder that does
}

// Choice is what the reader can open from the home screen. One of its fields is set.
type Choice struct {
	Lesson  *walkthroughs.Lesson
	Sandbox bool
	Path    string // of a recording
}

func (c Config) theme() *scene.Theme {
	if c.Theme == scene.Light.Name {
		return scene.Light
	}
	return scene.Dark
}
