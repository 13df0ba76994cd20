package code

// Go's own scanner knows where keywords, literals and comments are. A highlighter for all languages would know no more of this one, and
// would cost every start of the program ten milliseconds.

import (
	"go/scanner"
	"go/token"
	"strings"
	"unicode"

	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// Class says what a piece of source is, as far as colours tell it.
type Class int

// The classes.
const (
	Plain Class = iota
	Keyword
	Literal
	Comment
	Declared // the name of a function or type where it is declared, and of a function where it is called
)

// Span is a piece of a line.
type Span struct {
	Text  string
	Class Class
}

// Line is a line of source.
type Line []Span

// Width returns how many cells the line takes.
func (l Line) Width() int {
	n := 0
	for _, span := range l {
		n += canvas.Width(span.Text)
	}
	return n
}

// Style returns the style in which a class is shown.
func (c Class) Style(theme *scene.Theme) canvas.Style {
	switch c {
	case Keyword:
		return theme.Keyword
	case Literal:
		return theme.Literal
	case Comment:
		return theme.Comment
	case Declared:
		return theme.Declared
	}
	return theme.Text
}

const tab = "    "

// Highlight splits Go source into lines of spans. A piece of a file will do, and what is no Go at all comes out as it is.
func Highlight(source []byte) []Line {
	var h highlighter
	file := token.NewFileSet().AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, func(token.Position, string) {}, scanner.ScanComments)
	done, before := 0, token.ILLEGAL
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			break
		}
		begin, length := file.Offset(pos), len(literal)
		if !kind.IsLiteral() && kind != token.COMMENT && !kind.IsKeyword() {
			length = len(kind.String())
		}
		if kind == token.SEMICOLON && literal == "\n" || kind == token.ILLEGAL {
			continue // one that the scanner has put in; or a letter of something else, which stays as it is
		}
		end := min(begin+length, len(source))
		h.add(string(source[done:begin]), Plain)
		h.add(string(source[begin:end]), classOf(kind, before, source[end:]))
		done, before = end, kind
	}
	h.add(string(source[done:]), Plain)
	return h.finish()
}

func classOf(kind, before token.Token, after []byte) Class {
	switch {
	case kind == token.COMMENT:
		return Comment
	case kind.IsKeyword():
		return Keyword
	case kind == token.IDENT && (before == token.TYPE || before == token.FUNC || len(after) > 0 && after[0] == '('):
		return Declared
	case kind.IsLiteral() && kind != token.IDENT:
		return Literal
	}
	return Plain
}

// highlighter collects spans into lines.
type highlighter struct {
	lines []Line
	line  Line
}

func (h *highlighter) add(s string, class Class) {
	for i, part := range strings.Split(s, "\n") {
		if i > 0 {
			h.lines, h.line = append(h.lines, h.line), nil
		}
		part = strings.ReplaceAll(strings.TrimSuffix(part, "\r"), "\t", tab)
		if part == "" {
			continue
		}
		// Spaces belong to whatever they follow, so that a line has few spans.
		if last := len(h.line) - 1; last >= 0 && (h.line[last].Class == class || strings.TrimFunc(part, unicode.IsSpace) == "") {
			h.line[last].Text += part
			continue
		}
		h.line = append(h.line, Span{part, class})
	}
}

// finish returns the lines. The end of the last line begins no other.
func (h *highlighter) finish() []Line {
	if len(h.line) > 0 {
		h.lines = append(h.lines, h.line)
	}
	return h.lines
}
