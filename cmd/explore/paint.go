package main

// What is printed, and not drawn on a screen, may have colours too: on a terminal, unless the reader wants none (NO_COLOR). Nobody asks a
// terminal here whether it is dark or light, so the colours are such as can be read on both.

import (
	"io"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// paper is a theme without any style.
var paper = &scene.Theme{}

// anyGround is a theme for any background: middle tones, and the terminal's own colour for the text.
var anyGround = func() *scene.Theme {
	of := func(hex uint32) canvas.Style { return canvas.Style{Foreground: canvas.RGB(hex)} }
	faint := canvas.Style{Faint: true}
	blue, teal, red, yellow := of(0x268BD2), of(0x2AA198), of(0xDC322F), of(0x9A8400) // where there are but 16 colours, these keep their names
	return &scene.Theme{
		Strong: canvas.Style{Bold: true}, Faint: faint, Border: faint, Accent: blue, Good: teal, Bad: red.Strong(), Warn: yellow,
		Keyword: yellow, Literal: teal, Comment: faint, Declared: blue.Strong(),
	}
}()

// theme returns how to print.
func (p *program) theme() *scene.Theme {
	if p.terminal && p.getenv("NO_COLOR") == "" {
		return anyGround
	}
	return paper
}

// printStyled prints what may have styles in it, with what the terminal has of colours.
func (p *program) printStyled(s string) error {
	if p.theme() == paper {
		return p.print(ansi.Strip(s)) // what is a link in a note is underlined in any theme
	}
	w := &colorprofile.Writer{Forward: p.stdout, Profile: colorprofile.Env(p.environment)}
	if _, err := io.WriteString(w, s); err != nil {
		return &outputError{err}
	}
	return nil
}

// width returns how wide lines may be, 0 for the usual: a terminal is asked, a file is always the same. Longer lines than these are hard
// to read, however wide the terminal.
func (p *program) width() int {
	if !p.terminal {
		return 0
	}
	return min(p.columns, 120)
}

// fitted breaks the lines of s that are too long for the terminal. A file gets them as they are.
func (p *program) fitted(s string) string {
	if p.width() == 0 {
		return s
	}
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, text.Wrap(line, p.width())...)
	}
	return strings.Join(lines, "\n")
}

// line is a line with styles, which grows to the right.
type line struct{ parts []styled }

type styled struct {
	text  string
	style canvas.Style
}

func (l *line) add(style canvas.Style, s string) *line {
	l.parts = append(l.parts, styled{s, style})
	return l
}

// to fills the line with spaces up to a column.
func (l *line) to(column int) *line {
	return l.add(canvas.Style{}, strings.Repeat(" ", max(column-l.width(), 0)))
}

func (l *line) width() int {
	n := 0
	for _, part := range l.parts {
		n += canvas.Width(part.text)
	}
	return n
}

// String returns the line as a terminal takes it, without spaces at its end.
func (l *line) String() string {
	c := canvas.New(l.width(), 1, false)
	x := 0
	for _, part := range l.parts {
		x = c.Region().Text(x, 0, part.style, part.text)
	}
	return c.Line(0)
}
