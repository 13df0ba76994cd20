package note

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	tables "github.com/yuin/goldmark/extension/ast"
)

const (
	columnGap = 2 // cells between two columns
	narrowest = 4 // of a column
)

// table adds a table: columns as wide as what they hold, the widest made narrower until all fit.
func (l *layout) table(table *tables.Table) {
	var cells [][]row
	for line := table.FirstChild(); line != nil; line = line.NextSibling() {
		style := l.theme.Text
		if _, isHeader := line.(*tables.TableHeader); isHeader {
			style = l.theme.Strong
		}
		var list []row
		for cell := ast.Node(line.FirstChild()); cell != nil; cell = cell.NextSibling() {
			list = append(list, l.inline(cell, style, 0))
		}
		cells = append(cells, list)
	}
	widths := columns(cells, l.room())
	for i, list := range cells {
		l.tableRow(list, widths)
		if i == 0 {
			total := -columnGap
			for _, w := range widths {
				total += w + columnGap
			}
			l.add(row{{text: strings.Repeat("─", max(total, 0)), style: l.theme.Border}})
		}
	}
}

// columns returns how wide the columns become.
func columns(cells [][]row, room int) []int {
	var widths []int
	for _, list := range cells {
		for i, cell := range list {
			if i == len(widths) {
				widths = append(widths, narrowest)
			}
			widths[i] = max(widths[i], cell.width())
		}
	}
	room -= columnGap * (len(widths) - 1)
	for total := sum(widths); total > room; total-- {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= narrowest {
			break
		}
		widths[widest]--
	}
	return widths
}

func sum(list []int) int {
	n := 0
	for _, v := range list {
		n += v
	}
	return n
}

// tableRow adds one row of a table, which may take several on the screen.
func (l *layout) tableRow(list []row, widths []int) {
	var wrapped [][]row
	height := 0
	for i, cell := range list {
		wrapped = append(wrapped, wrap(cell, widths[i]))
		height = max(height, len(wrapped[i]))
	}
	for y := range height {
		var r row
		for i, cell := range wrapped {
			var part row
			if y < len(cell) {
				part = cell[y]
			}
			r = append(r, part...)
			if i < len(wrapped)-1 {
				r = append(r, span{text: strings.Repeat(" ", max(widths[i]-part.width(), 0)+columnGap)})
			}
		}
		l.add(r)
	}
}
