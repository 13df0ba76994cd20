// Package canvas is a grid of cells to draw on. A terminal is one, and everything in the explorer is placed by cells: a Chinese
// character takes two, a mark none, and a border that were padded by counting characters would not close.
//
// A Canvas is the whole screen. Nobody draws on it directly: whoever draws gets a Region, a rectangle with coordinates of its own that
// clips whatever does not fit. When everything is drawn, String turns the grid into the text that a terminal shows, with one escape
// sequence for each run of equal style.
//
// How wide a character is, x/ansi alone decides: other authorities take box corners for wide in a Chinese locale.
package canvas

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// cell is one cell. The right half of a wide character is a cell without text.
type cell struct {
	text  string
	style Style
}

// Canvas is a grid of cells. It is for one goroutine.
type Canvas struct {
	width, height int
	cells         []cell
	ascii         bool
}

// New returns an empty canvas. An ASCII canvas shows lines and symbols with plain characters; words of any language stay as they are.
func New(width, height int, ascii bool) *Canvas {
	c := &Canvas{width: max(width, 0), height: max(height, 0), ascii: ascii}
	c.cells = make([]cell, c.width*c.height)
	c.Clear()
	return c
}

// Clear empties every cell.
func (c *Canvas) Clear() {
	for i := range c.cells {
		c.cells[i] = cell{text: " "}
	}
}

// Size returns how many cells the canvas has.
func (c *Canvas) Size() (width, height int) { return c.width, c.height }

// Fits reports whether the canvas has exactly that many cells.
func (c *Canvas) Fits(width, height int) bool { return c.width == width && c.height == height }

// Region returns the whole canvas as a region.
func (c *Canvas) Region() Region { return Region{canvas: c, width: c.width, height: c.height} }

// Row returns what stands in a row, without styles and without spaces at its end.
func (c *Canvas) Row(y int) string {
	var row strings.Builder
	for _, cell := range c.cells[y*c.width : (y+1)*c.width] {
		row.WriteString(cell.text)
	}
	return strings.TrimRight(row.String(), " ")
}

// Rows returns every row, as Row does.
func (c *Canvas) Rows() []string {
	rows := make([]string, c.height)
	for y := range rows {
		rows[y] = c.Row(y)
	}
	return rows
}

// String returns the canvas as text for a terminal: rows separated by line ends, with escape sequences where the style changes.
func (c *Canvas) String() string {
	var out strings.Builder
	out.Grow(len(c.cells) * 2)
	for y := range c.height {
		if y > 0 {
			out.WriteByte('\n')
		}
		c.writeRow(&out, y)
	}
	return out.String()
}

// Line returns one row as text for a terminal, with its styles.
func (c *Canvas) Line(y int) string {
	var out strings.Builder
	c.writeRow(&out, y)
	return out.String()
}

func (c *Canvas) writeRow(out *strings.Builder, y int) {
	row := c.cells[y*c.width : (y+1)*c.width]
	end := len(row)
	for end > 0 && row[end-1] == (cell{text: " "}) {
		end-- // the terminal has these already
	}
	var current Style
	for _, cell := range row[:end] {
		if cell.text == "" {
			continue
		}
		if cell.style != current {
			if current != (Style{}) {
				out.WriteString(ansi.ResetStyle)
			}
			out.WriteString(cell.style.sequence())
			current = cell.style
		}
		out.WriteString(cell.text)
	}
	if current != (Style{}) {
		out.WriteString(ansi.ResetStyle)
	}
}

// put sets one character of the given width. Half of a wide character that is overwritten becomes a space.
func (c *Canvas) put(x, y int, text string, width int, style Style) {
	row := c.cells[y*c.width : (y+1)*c.width]
	clearHalf(row, x)
	if width == 2 {
		clearHalf(row, x+1)
		row[x+1] = cell{style: style}
	}
	row[x] = cell{text: text, style: style}
}

// clearHalf makes the cell at x one of its own: if it is a half of a wide character, the other half becomes a space.
func clearHalf(row []cell, x int) {
	if row[x].text == "" && x > 0 {
		row[x-1].text = " "
	}
	if x+1 < len(row) && row[x+1].text == "" {
		row[x+1].text = " "
	}
	if row[x].text == "" {
		row[x].text = " "
	}
}
