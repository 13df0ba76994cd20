package spacetime

// Where the lanes stand. From left to right: the mark of the row, the lab's clock, the lanes, and what the row says in words, the last
// only where the lanes leave room for it.

import (
	"cmp"
	"slices"
	"time"

	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/tables/terms"
)

const (
	gutter      = 2  // for the mark of the row
	clockFrom   = 56 // the width from which on there is room for a clock
	narrowest   = 4  // from one lane to the next
	scrolled    = 7  // the same, where not all lanes fit
	comfortable = 22 // the same, where there are words beside
	widest      = 32
	mostSlots   = 8 // for wires, between two lanes, in one direction
	markRoom    = 4
	fewestWords = 32 // cells for what a row says
	idealWords  = 56
	lead        = 15 // cells before the first lane, where there are words beside: for the name of what arrives
	tail        = 20 // cells behind the last: for the longest name
)

// columns is where everything stands, in cells.
type columns struct {
	clock       int // where the clock ends; 0 if there is none
	left, right int // what the lanes have, [left, right)
	pitch       int // from one lane to the next
	margin      int // before the first of them
	first       int // the first lane that is drawn
	count       int // how many are
	wordsAt     int // where the words begin
	wordsWidth  int // 0 if there is no room
}

// x returns the cell of a lane's line. It may lie outside of what is drawn.
func (c columns) x(lane int) int { return c.left + c.margin + (lane-c.first)*c.pitch }

// columnsOf divides the width among the lanes. The lane at focus is among those that are drawn.
func columnsOf(width, lanes, focus int, latest time.Duration) columns {
	c := columns{left: min(gutter, width), right: width, count: lanes}
	if width >= clockFrom {
		c.clock = c.left + max(canvas.Width(terms.Moment(latest)), 6)
		c.left = c.clock + 1
	}
	room := c.right - c.left
	if lanes == 0 {
		c.pitch = max(room, 1)
		return c
	}
	switch {
	case room/lanes < narrowest && c.clock > 0 && (width-gutter)/lanes >= narrowest:
		c.clock, c.left = 0, gutter // better no clock than not all lanes
		c.pitch = (width - gutter) / lanes
	case room/lanes < narrowest:
		c.count = max(room/scrolled, 1)
		c.pitch = max(room/c.count, 1)
		c.first = min(max(focus-c.count/2, 0), lanes-c.count)
	case room-lead-tail-(lanes-1)*comfortable >= fewestWords:
		c.pitch = min(max((room-lead-tail-idealWords)/max(lanes-1, 1), comfortable), widest)
		c.margin = lead
		c.right = c.left + lead + (lanes-1)*c.pitch + tail
		c.wordsAt = c.right + 1
		c.wordsWidth = width - c.wordsAt
		return c
	default:
		c.pitch = room / lanes
	}
	c.margin = c.pitch / 2
	return c
}

// slots returns where between two lanes a wire can run down, in cells from the left one, the best place first. Those to the right have the
// right half first, those to the left the left half: so there is room for a label at the beginning, and for a mark at the end. Where lanes
// are narrow, the middle is best for both.
func (c columns) slots(rightward bool) []int {
	var list []int
	for n := range mostSlots {
		x := 2 + 2*n
		if c.pitch >= 20 {
			x += markRoom
		}
		if x > c.pitch-2 {
			break
		}
		list = append(list, x)
	}
	if c.pitch < 14 {
		middle := func(x int) int { return max(x-c.pitch/2, c.pitch/2-x) }
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(middle(a), middle(b)) })
	}
	for i, x := range list {
		if rightward {
			list[i] = c.pitch - x
		}
	}
	return list
}
