package main

// The screens: explore on a terminal. What they show is of package tui; here they get what they need from outside, which is a terminal, the
// sessions, and the memory of earlier times.

import (
	"cmp"
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gossipscope/internal/lab"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/tui"
	"gossipscope/internal/userdata"
	"gossipscope/walkthroughs"
)

// looks are how the screens look, as the flags have it.
type looks struct {
	ascii bool
	theme theme
}

// theme is the value of --theme: "dark", "light", or "" where it is not given.
type theme string

// Set implements pflag.Value.
func (t *theme) Set(s string) error {
	if s != "dark" && s != "light" {
		return misuse("", text.Table.Usage.BadTheme, text.Printable(s))
	}
	*t = theme(s)
	return nil
}

// String implements pflag.Value.
func (t *theme) String() string { return string(*t) }

// Type implements pflag.Value.
func (t *theme) Type() string { return "theme" }

// flagsOf adds the flags of the looks to a command.
func (l *looks) flagsOf(c *command, lang text.Lang) {
	flags := &text.Table.Flags
	c.Flags().BoolVar(&l.ascii, "ascii", false, flags.ASCII.In(lang))
	c.Flags().Var(&l.theme, "theme", flags.Theme.In(lang))
	if c.values == nil {
		c.values = make(map[string]text.Text)
	}
	c.values["theme"] = flags.ThemeValue
}

// screens shows the screens, beginning with open, or at home if that is nil.
func (p *program) screens(ctx context.Context, l looks, speed float64, open *tui.Choice) error {
	memory := p.memory()
	conf := tui.Config{
		Lang: p.lang, Theme: string(l.theme), ASCII: l.ascii, Speed: speed, Width: p.columns,
		Lessons: walkthroughs.All(), Starter: starter{speed: speed}, Memory: memory, Open: open, Roots: lab.Roots(),
	}
	if chosen := memory.progress.Language; chosen != "" && !p.langAsked {
		conf.Lang = chosen
	}
	if conf.Theme == "" {
		conf.Theme = memory.progress.Theme
	}
	err := tui.Run(ctx, conf, tui.Terminal{Input: p.stdin, Output: p.stdout, Environment: p.environment})
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// home is explore without a command: the screens on a terminal, else the list of lessons.
func (p *program) home(l *looks) func(c *cobra.Command, _ []string) error {
	return func(c *cobra.Command, _ []string) error {
		if p.terminal && p.interactive {
			return p.screens(c.Context(), *l, 0, nil)
		}
		return p.welcome()
	}
}

// starter makes the sessions of the screens.
type starter struct{ speed float64 }

// Lesson begins a lesson with real peers.
func (s starter) Lesson(l walkthroughs.Lesson) (session.Session, error) {
	return session.Play(l, session.Options{Speed: s.speed})
}

// Sandbox begins a sandbox with real peers.
func (s starter) Sandbox() (session.Session, error) {
	return session.Sandbox(session.Options{Speed: s.speed})
}

// Recording opens a recording.
func (s starter) Recording(path string) (session.Session, error) { return session.Open(path) }

// memory keeps what the screens remember where the system says that it belongs.
type memory struct {
	folder userdata.Folder

	mu       sync.Mutex
	progress userdata.Progress
	unsaid   error // what went wrong when it was read, until that is said
}

// memory reads what is remembered. Where that fails, the screens know nothing, and say why when they are to remember something.
func (p *program) memory() *memory {
	folder, missing := userdata.Find(runtime.GOOS, p.getenv)
	progress, broken := folder.Progress()
	return &memory{folder: folder, progress: progress, unsaid: cmp.Or(missing, broken)}
}

// Done reports whether a lesson was watched to its end.
func (m *memory) Done(slug string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, done := m.progress.Done[slug]
	return done
}

// MarkDone notes that a lesson was watched to its end.
func (m *memory) MarkDone(slug string) error {
	return m.update(func(p *userdata.Progress) { p.MarkDone(slug, time.Now()) })
}

// KeepLang notes which language the reader has chosen.
func (m *memory) KeepLang(lang text.Lang) error {
	return m.update(func(p *userdata.Progress) { p.Language = lang })
}

// KeepTheme notes which theme the reader has chosen.
func (m *memory) KeepTheme(theme string) error {
	return m.update(func(p *userdata.Progress) { p.Theme = theme })
}

func (m *memory) update(change func(*userdata.Progress)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.progress)
	unsaid := m.unsaid
	m.unsaid = nil
	return cmp.Or(m.folder.Update(change), unsaid)
}

// Recordings returns the recordings that were saved, the newest first.
func (m *memory) Recordings() ([]string, error) { return m.folder.Recordings() }

// FreshPath returns the path of a file that does not exist yet, beside the recordings.
func (m *memory) FreshPath(prefix, extension string) (string, error) {
	return m.folder.FreshName(prefix, extension)
}
