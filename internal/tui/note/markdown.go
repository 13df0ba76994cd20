package note

// Markdown is read by goldmark and laid out here, cell by cell, because a line of Chinese must not begin with a comma, a table with
// Chinese in it must close, and a link must know where on the screen it stands.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	words "gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/code"
	"gossipscope/internal/tui/scene"
)

// span is text in one style. link is the number of the link that it belongs to, from 1.
type span struct {
	text  string
	style canvas.Style
	link  int
}

// row is a line on the screen.
type row []span

func (r row) width() int {
	n := 0
	for _, s := range r {
		n += canvas.Width(s.text)
	}
	return n
}

// page is a text laid out for a width.
type page struct {
	rows  []row
	links []string // where each link leads
}

// layout builds a page.
type layout struct {
	page
	width  int
	theme  *scene.Theme
	source []byte
	rest   row // what stands before every row: the indentation of an item
	first  row // what stands before the next one instead, if it is fresh: the mark of the item
	fresh  bool
	gapped bool // the last row is empty
	uncut  bool // lines of code that are too long stay whole
}

// markdown adds a text in Markdown.
func (l *layout) markdown(source string) {
	l.source = []byte(source)
	l.blocks(parse(l.source))
}

var reader parser.Parser // made when the first note is shown

func parse(source []byte) ast.Node {
	if reader == nil {
		reader = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)).Parser()
	}
	return reader.Parse(text.NewReader(source))
}

// blocks adds what a block contains. Between blocks there is an empty row, but not within a tight list.
func (l *layout) blocks(parent ast.Node) {
	list, inList := parent.Parent().(*ast.List)
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		if !inList || !list.IsTight {
			l.gap()
		}
		l.block(node)
	}
}

func (l *layout) block(node ast.Node) {
	switch node := node.(type) {
	case *ast.Heading:
		l.flow(l.inline(node, l.theme.Strong, 0))
		if node.Level <= 2 {
			l.add(row{{text: strings.Repeat("─", min(l.rows[len(l.rows)-1].width(), l.room())), style: l.theme.Border}})
		}
	case *ast.Paragraph, *ast.TextBlock:
		if spans := l.inline(node, l.theme.Text, 0); len(spans) > 0 {
			l.flow(spans)
		}
	case *ast.List:
		l.list(node)
	case *ast.Blockquote:
		l.within(row{{text: "│ ", style: l.theme.Accent}}, row{{text: "│ ", style: l.theme.Accent}}, func() { l.blocks(node) })
	case *ast.FencedCodeBlock:
		l.codeBlock(node, string(node.Language(l.source)))
	case *ast.CodeBlock:
		l.codeBlock(node, "")
	case *ast.ThematicBreak:
		l.add(row{{text: strings.Repeat("─", l.room()), style: l.theme.Border}})
	case *tables.Table:
		l.table(node)
	case *ast.HTMLBlock: // an anchor, or a remark for the writer
	default:
		l.blocks(node)
	}
}

func (l *layout) list(list *ast.List) {
	number := list.Start
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "• "
		if list.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number)
			number++
		}
		if !list.IsTight && item != list.FirstChild() {
			l.gap()
		}
		l.within(row{{text: mark, style: l.theme.Accent}}, row{{text: strings.Repeat(" ", canvas.Width(mark))}}, func() { l.blocks(item) })
	}
}

// within puts first before the first row that add draws, and rest before the others.
func (l *layout) within(first, rest row, add func()) {
	outer := *l
	before := l.rest
	if l.fresh {
		before = l.first
	}
	l.first, l.rest, l.fresh = slices.Concat(before, first), slices.Concat(l.rest, rest), true
	add()
	if l.fresh {
		l.add(nil) // an empty item
	}
	l.first, l.rest = outer.first, outer.rest
}

// room is how many cells are left beside the marks.
func (l *layout) room() int { return max(l.width-l.rest.width(), 4) }

// add adds a row behind its marks.
func (l *layout) add(r row) {
	before := l.rest
	if l.fresh {
		before = l.first
	}
	l.rows = append(l.rows, slices.Concat(before, r))
	l.fresh, l.gapped = false, len(r) == 0
}

// gap adds an empty row between two blocks.
func (l *layout) gap() {
	if len(l.rows) > 0 && !l.fresh && !l.gapped {
		l.add(nil)
	}
}

// flow adds spans as a paragraph.
func (l *layout) flow(spans row) {
	for _, r := range wrap(spans, l.room()) {
		l.add(r)
	}
}

// codeBlock adds a block of code, in colours if it is Go.
func (l *layout) codeBlock(node ast.Node, language string) {
	var source strings.Builder
	for i := range node.Lines().Len() {
		segment := node.Lines().At(i)
		source.Write(segment.Value(l.source))
	}
	const indent = 2
	for _, line := range sourceLines(source.String(), language, l.theme) {
		if !l.uncut {
			line = clip(line, l.room()-indent, l.theme)
		}
		l.add(append(row{{text: strings.Repeat(" ", indent)}}, line...))
	}
}

func sourceLines(source, language string, theme *scene.Theme) []row {
	var rows []row
	if language == "go" {
		for _, line := range code.Highlight([]byte(source)) {
			var r row
			for _, s := range line {
				r = append(r, span{text: words.Printable(s.Text), style: s.Class.Style(theme)})
			}
			rows = append(rows, r)
		}
		return rows
	}
	for _, line := range strings.Split(strings.TrimRight(source, "\n"), "\n") {
		rows = append(rows, row{{text: words.Printable(strings.ReplaceAll(line, "\t", "    ")), style: theme.Literal}})
	}
	return rows
}

// clip cuts a row that is longer than width, with an ellipsis.
func clip(r row, width int, theme *scene.Theme) row {
	if r.width() <= width {
		return r
	}
	var cut row
	left := width - 1
	for _, s := range r {
		if w := canvas.Width(s.text); w <= left {
			cut, left = append(cut, s), left-w
			continue
		}
		s.text = ansi.Truncate(s.text, left, "")
		return append(cut, s, span{text: "…", style: theme.Faint})
	}
	return cut
}
