package note

import (
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	tables "github.com/yuin/goldmark/extension/ast"

	words "gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
)

// inline returns the spans of what a block says.
func (l *layout) inline(parent ast.Node, style canvas.Style, link int) row {
	var spans row
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		switch node := node.(type) {
		case *ast.Text:
			spans = append(spans, span{words.Printable(string(node.Value(l.source))), style, link})
			switch {
			case node.HardLineBreak():
				spans = append(spans, span{"\n", style, 0})
			case node.SoftLineBreak():
				spans = append(spans, span{between(node, l.source), style, link})
			}
		case *ast.String:
			spans = append(spans, span{words.Printable(string(node.Value)), style, link})
		case *ast.CodeSpan:
			marked := style
			marked.Foreground = l.theme.Literal.Foreground
			if link > 0 {
				marked = style
			}
			spans = append(spans, l.inline(node, marked, link)...)
		case *ast.Emphasis:
			marked := style
			marked.Bold = marked.Bold || node.Level > 1
			marked.Italic = marked.Italic || node.Level == 1
			spans = append(spans, l.inline(node, marked, link)...)
		case *tables.Strikethrough:
			spans = append(spans, l.inline(node, l.theme.Faint, link)...)
		case *ast.Link:
			spans = append(spans, l.inline(node, l.linked(style), l.link(string(node.Destination)))...)
		case *ast.AutoLink:
			address := string(node.URL(l.source))
			spans = append(spans, span{words.Printable(string(node.Label(l.source))), l.linked(style), l.link(address)})
		case *ast.Image:
			spans = append(spans, span{"▣ ", l.theme.Faint, 0})
			spans = append(spans, l.inline(node, l.theme.Faint, link)...)
		case *ast.RawHTML: // an anchor
		default:
			spans = append(spans, l.inline(node, style, link)...)
		}
	}
	return spans
}

func (l *layout) linked(style canvas.Style) canvas.Style {
	style.Foreground, style.Underline = l.theme.Accent.Foreground, true
	return style
}

// link notes where a link leads, and returns its number.
func (l *layout) link(target string) int {
	l.links = append(l.links, target)
	return len(l.links)
}

// between returns what stands for a line end within a paragraph: a space between words, nothing next to a Chinese character.
func between(node *ast.Text, source []byte) string {
	before, _ := utf8.DecodeLastRune(node.Value(source))
	after, _ := utf8.DecodeRune(source[min(node.Segment.Stop, len(source)):])
	for i := node.Segment.Stop; i < len(source) && (after == '\n' || after == '\r' || after == ' '); i++ {
		after, _ = utf8.DecodeRune(source[i:])
	}
	if words.Cells(string(before)) == 2 || words.Cells(string(after)) == 2 {
		return ""
	}
	return " "
}

// wrap breaks spans into rows of at most width cells, where text.Wrap breaks their words.
func wrap(spans row, width int) []row {
	var whole strings.Builder
	for _, s := range spans {
		whole.WriteString(s.text)
	}
	var rows []row
	all, done := whole.String(), 0
	for _, line := range words.Wrap(all, width) {
		for done < len(all) && !strings.HasPrefix(all[done:], line) || line == "" && done < len(all) && all[done] == ' ' {
			done++ // the spaces and line ends at which it broke
		}
		rows = append(rows, cut(spans, done, done+len(line)))
		done += len(line)
		if done < len(all) && all[done] == '\n' {
			done++
		}
	}
	return rows
}

// cut returns the part of the spans from one byte of their text to another.
func cut(spans row, from, to int) row {
	var part row
	begin := 0
	for _, s := range spans {
		end := begin + len(s.text)
		if low, high := max(from, begin), min(to, end); low < high {
			s.text = s.text[low-begin : high-begin]
			part = append(part, s)
		}
		begin = end
	}
	return part
}
