package scene

import (
	"image/color"

	"charm.land/lipgloss/v2"

	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
)

// Theme is how things look, by what they mean. Four hues carry meaning, blue, orange, teal and red, which colour-blind readers tell
// apart (they are of Paul Tol's set); and whatever a colour says, a shape or a word says too.
type Theme struct {
	Name string // "dark" or "light"

	Text   canvas.Style // what is to be read
	Strong canvas.Style // headings and names
	Faint  canvas.Style // what may be overlooked: units, explanations, the past
	Border canvas.Style // of panels
	Focus  canvas.Style // the border and the title of the panel that takes the keys
	Accent canvas.Style // keys in the footer, links, what can be chosen
	Select canvas.Style // what is under the cursor; reversed, so that it shows without colours
	Here   canvas.Style // what is happening at the moment that is shown

	Good canvas.Style // went well, holds
	Bad  canvas.Style // failed, is broken
	Warn canvas.Style // waits, is held, is full

	Data      canvas.Style // messages, by kind
	Ack       canvas.Style
	Handshake canvas.Style
	Ping      canvas.Style
	Drop      canvas.Style

	Keyword  canvas.Style // source code
	Literal  canvas.Style
	Comment  canvas.Style
	Declared canvas.Style // functions and types
}

// Ground returns the colours of the terminal that the theme is made for.
func (t *Theme) Ground() (background, foreground color.Color) {
	if t == Light {
		return lipgloss.Color("#ffffff"), lipgloss.Color("#24292f")
	}
	return lipgloss.Color("#101418"), lipgloss.Color("#d8dee9")
}

// The two themes. Their backgrounds are the terminal's own.
var (
	Dark  = newTheme("dark", shades{text: 0xD8DEE9, strong: 0xFFFFFF, faint: 0x8A93A6, border: 0x4C566A, blue: 0x56B4E9, orange: 0xEE7733, teal: 0x2BC4A9, red: 0xFF6B5B, yellow: 0xE8C547, here: 0x2E3A50})
	Light = newTheme("light", shades{text: 0x24292F, strong: 0x000000, faint: 0x606A76, border: 0xA8B0BA, blue: 0x0061A3, orange: 0xB34700, teal: 0x007060, red: 0xB3210A, yellow: 0x7A5B00, here: 0xDCE9F7})
)

type shades struct {
	text, strong, faint, border, blue, orange, teal, red, yellow, here uint32
}

func newTheme(name string, c shades) *Theme {
	of := func(hex uint32) canvas.Style { return canvas.Style{Foreground: canvas.RGB(hex)} }
	text := of(c.text)
	return &Theme{
		Name: name,
		Text: text, Strong: of(c.strong).Strong(), Faint: of(c.faint), Border: of(c.border),
		Focus: of(c.blue).Strong(), Accent: of(c.blue), Select: text.Reversed(), Here: of(c.strong).On(canvas.RGB(c.here)).Strong(),
		Good: of(c.teal), Bad: of(c.red).Strong(), Warn: of(c.yellow),
		Data: of(c.blue).Strong(), Ack: of(c.teal).Strong(), Handshake: of(c.orange).Strong(), Ping: of(c.faint).Strong(), Drop: of(c.red).Strong(),
		Keyword: of(c.orange), Literal: of(c.teal), Comment: of(c.faint), Declared: of(c.blue),
	}
}

// The marks of what travels: the shape says the kind, and the colour repeats it.
const (
	DataMark      = "●"
	AckMark       = "▲"
	HandshakeMark = "◆"
	PingMark      = "■"
	DropMark      = "✕"
	UnknownMark   = "◌" // a message that cannot be read
)

// The marks of how a step turned out.
const (
	AheadMark  = "○" // about to happen
	WellMark   = "●" // has happened
	FailedMark = "✗"
	KeptMark   = "✓"
)

// Mark returns the shape of a message and its style.
func (t *Theme) Mark(kind timeline.MessageKind) (string, canvas.Style) {
	switch kind {
	case timeline.HandshakeMessage:
		return HandshakeMark, t.Handshake
	case timeline.AckMessage:
		return AckMark, t.Ack
	case timeline.DataMessage:
		return DataMark, t.Data
	}
	return UnknownMark, t.Warn
}

// MarkOf returns the shape of a message as it fares: one that was given up is crossed out.
func (t *Theme) MarkOf(m *timeline.Message) (string, canvas.Style) {
	if m.Drop.Set() {
		return DropMark, t.Drop
	}
	return t.Mark(m.Kind)
}
