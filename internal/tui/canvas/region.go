package canvas

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"gossipscope/internal/text"
)

// Region is a rectangle of a canvas with coordinates of its own, from (0, 0) at its upper left. Whatever reaches beyond it is cut off.
// The zero Region has no cells.
type Region struct {
	canvas        *Canvas
	left, top     int
	width, height int
}

// Width returns how many cells a row of the region has.
func (r Region) Width() int { return r.width }

// Height returns how many rows the region has.
func (r Region) Height() int { return r.height }

// ASCII reports whether lines and symbols are shown with plain characters.
func (r Region) ASCII() bool { return r.canvas != nil && r.canvas.ascii }

// Sub returns the part of the region that begins at (x, y), at most as large as given, and never larger than what is left.
func (r Region) Sub(x, y, width, height int) Region {
	width, height = width+min(x, 0), height+min(y, 0)
	x, y = max(x, 0), max(y, 0)
	return Region{
		canvas: r.canvas, left: r.left + x, top: r.top + y,
		width: max(min(width, r.width-x), 0), height: max(min(height, r.height-y), 0),
	}
}

// Text writes s in one line, beginning at x, and returns the x behind it, which may lie outside of the region. A character that does not
// fit whole is left out. Line ends and control characters become spaces.
func (r Region) Text(x, y int, style Style, s string) int {
	for len(s) > 0 {
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cluster):]
		if cluster[0] < ' ' || cluster[0] == 0x7f {
			cluster, width = " ", 1
		}
		if width == 0 {
			continue // a mark without its letter
		}
		r.set(x, y, cluster, width, style)
		x += width
	}
	return x
}

func (r Region) set(x, y int, cluster string, width int, style Style) {
	if y < 0 || y >= r.height || x < 0 || x >= r.width {
		return
	}
	if x+width > r.width {
		cluster, width = " ", 1
	}
	if r.canvas.ascii {
		cluster = plain(cluster)
	}
	r.canvas.put(r.left+x, r.top+y, cluster, width, style)
}

// Right writes s so that it ends before x, and returns where it begins.
func (r Region) Right(x, y int, style Style, s string) int {
	begin := x - Width(s)
	r.Text(begin, y, style, s)
	return begin
}

// Center writes s in the middle of the row y.
func (r Region) Center(y int, style Style, s string) {
	r.Text(max(0, (r.width-Width(s))/2), y, style, s)
}

// Fit writes s in at most width cells, with an ellipsis if it is longer, and returns the x behind what was written.
func (r Region) Fit(x, y, width int, style Style, s string) int {
	return r.Text(x, y, style, Fit(s, width))
}

// Paragraph writes s, wrapped to width cells, from the row y on, and returns the row behind its last line. Chinese wraps between characters.
func (r Region) Paragraph(x, y, width int, style Style, s string) int {
	for _, line := range text.Wrap(s, width) {
		r.Text(x, y, style, line)
		y++
	}
	return y
}

// Fill sets every cell of the region to a space of this style.
func (r Region) Fill(style Style) {
	for y := range r.height {
		for x := range r.width {
			r.set(x, y, " ", 1, style)
		}
	}
}

// Restyle lets change alter the style of every cell of a part of the region, and keeps what is written there.
func (r Region) Restyle(x, y, width, height int, change func(Style) Style) {
	part := r.Sub(x, y, width, height)
	for row := range part.height {
		for column := range part.width {
			c := &r.canvas.cells[(part.top+row)*r.canvas.width+part.left+column]
			c.style = change(c.style)
		}
	}
}

// Horizontal draws a line of width cells to the right of (x, y).
func (r Region) Horizontal(x, y, width int, style Style) { r.Repeat(x, y, width, style, "─") }

// Vertical draws a line of height cells downward from (x, y).
func (r Region) Vertical(x, y, height int, style Style) {
	for i := range max(height, 0) {
		r.Text(x, y+i, style, "│")
	}
}

// Repeat writes a character of one cell count times.
func (r Region) Repeat(x, y, count int, style Style, character string) {
	r.Text(x, y, style, strings.Repeat(character, max(count, 0)))
}

// Box draws the border of the region and returns what is inside.
func (r Region) Box(style Style) Region { return r.box(style, "┌", "┐", "└", "┘") }

// Rounded draws the border of the region with round corners and returns what is inside.
func (r Region) Rounded(style Style) Region { return r.box(style, "╭", "╮", "╰", "╯") }

func (r Region) box(style Style, upperLeft, upperRight, lowerLeft, lowerRight string) Region {
	if r.width < 2 || r.height < 2 {
		return r.Sub(0, 0, 0, 0)
	}
	right, bottom := r.width-1, r.height-1
	r.Horizontal(1, 0, r.width-2, style)
	r.Horizontal(1, bottom, r.width-2, style)
	r.Vertical(0, 1, r.height-2, style)
	r.Vertical(right, 1, r.height-2, style)
	r.Text(0, 0, style, upperLeft)
	r.Text(right, 0, style, upperRight)
	r.Text(0, bottom, style, lowerLeft)
	r.Text(right, bottom, style, lowerRight)
	return r.Sub(1, 1, r.width-2, r.height-2)
}

// Width returns how many cells s takes.
func Width(s string) int { return ansi.StringWidth(s) }

// Fit returns s, or its beginning with an ellipsis, so that it takes at most width cells.
func Fit(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return ansi.Truncate(s, width, "…")
}
