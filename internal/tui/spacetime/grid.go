package spacetime

import "gossipscope/internal/tui/canvas"

// The directions in which strokes leave the middle of a cell.
const (
	up = 1 << iota
	down
	left
	right
)

// The characters of all sums of strokes.
var (
	solid  = [16]string{" ", "│", "│", "│", "─", "┘", "┐", "┤", "─", "└", "┌", "├", "─", "┴", "┬", "┼"}
	dotted = [16]string{" ", "╎", "╎", "╎", "┄", "┘", "┐", "┤", "┄", "└", "┌", "├", "┄", "┴", "┬", "┼"}
)

// lifeline is the character of a lane: dotted, so that no wire is taken for it.
const lifeline = "┊"

// grid is the diagram before it is drawn: strokes that meet in a cell are added, and words go where none are.
type grid struct {
	width, height int
	left, right   int // what may be drawn on: [left, right)
	cells         []gridCell
}

type gridCell struct {
	strokes int
	dotted  bool
	lane    bool   // a lifeline runs through it
	mark    string // what stands there instead of strokes: a character of one cell
	word    bool   // it belongs to a word
	style   canvas.Style
	words   string // the word that begins here
}

func newGrid(width, height, left, right int) grid {
	return grid{width: width, height: height, left: left, right: right, cells: make([]gridCell, max(width*height, 0))}
}

// at returns a cell, nil if it is none that may be drawn on.
func (g *grid) at(x, y int) *gridCell {
	if y < 0 || y >= g.height || x < g.left || x >= g.right || x >= g.width {
		return nil
	}
	return &g.cells[y*g.width+x]
}

func (g *grid) lifeline(x, y int, style canvas.Style) {
	if c := g.at(x, y); c != nil {
		c.lane, c.style = true, style
	}
}

// stroke adds strokes to a cell.
func (g *grid) stroke(x, y, strokes int, dots bool, style canvas.Style) {
	if c := g.at(x, y); c != nil {
		c.dotted = dots && (c.strokes == 0 || c.dotted)
		c.strokes |= strokes
		c.style = style
	}
}

// run draws a line through all cells from one to another, whichever is to the left.
func (g *grid) run(x1, x2, y int, dots bool, style canvas.Style) {
	for x := min(x1, x2); x <= max(x1, x2); x++ {
		g.stroke(x, y, left|right, dots, style)
	}
}

// mark puts a character of one cell in the place of what is there.
func (g *grid) mark(x, y int, mark string, style canvas.Style) {
	if c := g.at(x, y); c != nil {
		c.mark, c.style = mark, style
	}
}

// isFree reports whether a word can stand in cells of a row: there may be lifelines, but no strokes of wires and no words.
func (g *grid) isFree(x, y, width int) bool {
	for i := range width {
		if c := g.at(x+i, y); c == nil || c.strokes != 0 || c.mark != "" || c.word {
			return false
		}
	}
	return true
}

// freeFrom returns how many cells of a row are free, from one on in a direction.
func (g *grid) freeFrom(x, y, step int) int {
	n := 0
	for g.isFree(x+n*step, y, 1) {
		n++
	}
	return n
}

// isShaft reports whether cells of a row hold nothing but a horizontal line.
func (g *grid) isShaft(x, y, width int) bool {
	for i := range width {
		if c := g.at(x+i, y); c == nil || c.strokes != left|right || c.mark != "" || c.word {
			return false
		}
	}
	return true
}

// write puts a word into cells, in the place of what is there.
func (g *grid) write(x, y int, style canvas.Style, words string) {
	for i := range canvas.Width(words) {
		if c := g.at(x+i, y); c != nil {
			*c = gridCell{word: true}
		}
	}
	if c := g.at(x, y); c != nil {
		c.words, c.style = words, style
	}
}

// drawTo draws the grid.
func (g *grid) drawTo(r canvas.Region) {
	for y := range g.height {
		for x := range g.width {
			switch c := &g.cells[y*g.width+x]; {
			case c.words != "":
				r.Text(x, y, c.style, c.words)
			case c.word:
			case c.mark != "":
				r.Text(x, y, c.style, c.mark)
			case c.strokes != 0 && c.dotted:
				r.Text(x, y, c.style, dotted[c.strokes])
			case c.strokes != 0:
				r.Text(x, y, c.style, solid[c.strokes])
			case c.lane:
				r.Text(x, y, c.style, lifeline)
			}
		}
	}
}
