package main

// The bytes of a message. What each of them means, internal/wire says; here they are laid out side by side, the bytes at the left, the
// tree at the right, in lines that any terminal shows and any program reads.

import (
	"cmp"
	"fmt"
	"strings"

	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/hexview"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/wire"
)

// sheet is a message being laid out: bytes at the left, words at the right.
type sheet struct {
	p        *program
	theme    *scene.Theme
	tree     *wire.Tree
	verdicts map[*wire.Node]wire.Verdict // the worst that was found about each field
	perRow   int                         // bytes
	column   int                         // where the words begin
	width    int
	out      strings.Builder
}

// message lays a message out, with what was found about it.
func (p *program) message(n int, m sequence.Carried, tree *wire.Tree, findings []wire.Finding) string {
	const usual, roomy = 112, 100
	s := &sheet{p: p, theme: p.theme(), tree: tree, perRow: 16, width: cmp.Or(p.width(), usual), verdicts: make(map[*wire.Node]wire.Verdict)}
	if s.width < roomy {
		s.perRow = 8
	}
	s.column = 4 + 2 + 3*s.perRow - 1 + 2
	s.width = max(s.width, s.column+24)
	for _, f := range findings {
		if f.Node != nil && f.Node.Kind != wire.Message && f.Verdict > wire.CannotTell {
			s.verdicts[f.Node] = max(s.verdicts[f.Node], f.Verdict)
		}
	}
	says := &text.Table.Reading
	s.write(new(line).add(s.theme.Strong, says.Heading.Format(p.lang, n, p.way(m), p.contentOf(tree), len(tree.Bytes))))
	_, about := wire.Prefix(len(tree.Bytes))
	s.words(s.theme.Faint, says.LineBefore.Format(p.lang, about.In(p.lang)), 0)
	s.out.WriteString("\n")
	for depth, node := range tree.All() {
		s.node(depth, node)
	}
	s.findings(findings)
	return s.out.String()
}

func (s *sheet) write(l *line) { s.out.WriteString(l.String() + "\n") }

// words writes a sentence below the bytes.
func (s *sheet) words(style canvas.Style, sentence string, indent int) {
	for _, row := range text.Wrap(sentence, s.width-indent) {
		s.write(new(line).to(indent).add(style, row))
	}
}

// node writes a node: what it is beside its bytes. A field that has children is beside its own head, which is the first of them.
func (s *sheet) node(depth int, n *wire.Node) {
	switch {
	case n.Kind == wire.Message || n.Kind == wire.Head:
		return
	case n.Leaf():
		s.beside(n.Span, n, s.about(depth, n))
	case n.Children[0].Kind == wire.Head:
		s.beside(n.Children[0].Span, n, s.about(depth, n))
	default: // a piece that has pieces: these have its bytes
		s.beside(wire.Span{From: n.From, To: n.From}, n, s.about(depth, n))
	}
}

// beside writes bytes and lines side by side.
func (s *sheet) beside(at wire.Span, n *wire.Node, about []*line) {
	rows := wire.Hex(s.tree.Bytes[at.From:at.To], s.perRow, at.From)
	for i := range max(len(rows), len(about)) {
		l := new(line)
		if i < len(rows) {
			l.add(s.theme.Faint, fmt.Sprintf("%04x", rows[i].Offset)).to(6)
			for k := range rows[i].Bytes {
				style := s.theme.Text
				if offset := rows[i].Offset + k; n.Tag.Contains(offset) || n.Length.Contains(offset) {
					style = s.theme.Warn
				}
				l.add(style, rows[i].Hex[3*k:3*k+2]).add(canvas.Style{}, " ")
			}
		}
		if i < len(about) && about[i].width() > 0 {
			l.to(s.column)
			l.parts = append(l.parts, about[i].parts...)
		}
		s.write(l)
	}
}

// about returns what is to be said of a node, in lines.
func (s *sheet) about(depth int, n *wire.Node) []*line {
	says, lang := &text.Table.Reading, s.p.lang
	indent := 2 * (depth - 1)
	room := max(s.width-s.column-indent-2, 16)
	name := new(line).to(indent).add(s.nameStyle(n), text.Printable(n.Label().In(lang)))
	if mark, style := s.mark(n); mark != "" {
		name.add(canvas.Style{}, " ").add(style, mark)
	}
	if n.Holds != "" && n.Holds != n.Name {
		name.add(s.theme.Faint, "  "+n.Holds)
	}
	lines := []*line{name}
	add := func(style canvas.Style, sentence string) {
		if sentence == "" {
			return
		}
		for _, row := range text.Wrap(sentence, room) {
			lines = append(lines, new(line).to(indent+2).add(style, row))
		}
	}
	if value := s.value(n); value != "" {
		if l := (&line{parts: name.parts}).add(s.theme.Literal, "  "+value); l.width() <= s.width-s.column {
			lines[0] = l
		} else {
			add(s.theme.Literal, value)
		}
	}
	if letters := s.letters(n); letters != "" {
		add(s.theme.Literal, letters)
	}
	if n.Kind == wire.Fault {
		add(s.theme.Bad, says.Faulty.Format(lang, n.FaultAt, n.Why.In(lang)))
	}
	if n.Overruled {
		add(s.theme.Warn, says.Overruled.In(lang))
	}
	add(s.theme.Text, n.About.In(lang))
	add(s.theme.Text, n.Meaning.In(lang))
	if n.HoldsAbout != n.About && n.HoldsAbout != (text.Text{}) {
		add(s.theme.Text, says.Named.Format(lang, n.Holds, n.HoldsAbout.In(lang)))
	}
	if proves := n.Proves.In(lang); proves != "" {
		add(s.theme.Text, says.Proves.In(lang)+proves)
	}
	add(s.theme.Faint, s.tree.Coding(n).In(lang))
	return lines
}

func (s *sheet) nameStyle(n *wire.Node) canvas.Style {
	switch {
	case n.Kind == wire.Fault:
		return s.theme.Bad
	case n.Overruled, n.Kind == wire.Skipped:
		return s.theme.Faint
	case n.Kind == wire.Unknown:
		return s.theme.Warn
	}
	return s.theme.Declared
}

// mark returns the mark of what was found about a field, "" if nothing was.
func (s *sheet) mark(n *wire.Node) (string, canvas.Style) {
	verdict, found := s.verdicts[n]
	if !found {
		return "", canvas.Style{}
	}
	return hexview.VerdictMark(s.theme, verdict)
}

// value returns what a field says, unless that is what stands at the left already: its bytes in hex.
func (s *sheet) value(n *wire.Node) string {
	value := text.Printable(n.Value)
	if strings.Contains(fmt.Sprintf("%x", s.tree.Bytes[n.Content.From:n.Content.To]), strings.TrimSuffix(value, "…")) {
		return ""
	}
	return value
}

// letters returns the text that the bytes of a piece are, if it is one, and its value does not say it. A few bytes may look like text by
// accident.
func (s *sheet) letters(n *wire.Node) string {
	const accident = 4
	content := s.tree.Bytes[n.Content.From:n.Content.To]
	if n.Kind != wire.Part || !n.Leaf() || n.Len() <= accident || !isText(content) {
		return ""
	}
	letters := strings.ReplaceAll(string(content), "\n", "↵")
	if strings.TrimRight(letters, "↵") == n.Value {
		return ""
	}
	return letters
}

// findings writes what was computed again.
func (s *sheet) findings(findings []wire.Finding) {
	says, lang := &text.Table.Reading, s.p.lang
	s.out.WriteString("\n")
	s.write(new(line).add(s.theme.Strong, says.Again.In(lang)))
	for _, f := range findings {
		mark, style := hexview.VerdictMark(s.theme, f.Verdict)
		for i, row := range text.Wrap(says.Verdict.Format(lang, f.Claim.Title().In(lang), f.Verdict.Word().In(lang), f.Text.In(lang)), s.width-2) {
			l := new(line)
			if i == 0 {
				l.add(style, mark)
			}
			s.write(l.to(2).add(s.theme.Text, row))
		}
		for _, q := range []wire.Quantity{f.Stood, f.Computed} {
			if q.Value != "" {
				s.words(s.theme.Faint, says.Named.Format(lang, q.Name.In(lang), text.Printable(q.Value)), 4)
			}
		}
	}
}
