package spacetime

// Which rows are drawn. A row takes one line; but one in which something arrives and something else leaves takes two, or the two arrows
// would lie on each other.

import "gossipscope/internal/sequence"

// line is one line of the diagram: a row, the second half of one, or what divides the past from the future.
type line struct {
	*sequence.Row
	row     int
	second  bool // what leaves in a row in which something arrives
	future  bool
	divider bool
}

// window returns the lines to be drawn, at most height, and which of them is the last that has happened, -1 for none.
func (p *Panel) window(height int) (lines []line, present int) {
	present = -1
	for i := p.firstRow(height); i < p.len() && len(lines) < height; i++ {
		row, future := p.row(i), p.isFuture(i)
		if future && i == p.past.Len() {
			lines = append(lines, line{row: i, divider: true, future: true})
		}
		lines = append(lines, line{Row: row, row: i, future: future})
		if isTwofold(row) {
			lines = append(lines, line{Row: row, row: i, future: future, second: true})
		}
		if !future {
			present = min(len(lines), height) - 1
		}
	}
	return lines[:min(len(lines), height)], present
}

func isTwofold(r *sequence.Row) bool { return r.Arrives != nil && r.Departs != nil }

// linesOf returns how many lines a row takes. What divides past and future counts with the first row of the future.
func (p *Panel) linesOf(i int) int {
	n := 1
	if i == p.past.Len() {
		n++
	}
	if isTwofold(p.row(i)) {
		n++
	}
	return n
}

// climb returns the first of the rows that fit into height lines if row i is the last of them.
func (p *Panel) climb(i, height int) int {
	for used := p.linesOf(i); i > 0; i-- {
		if used += p.linesOf(i - 1); used > height {
			break
		}
	}
	return i
}

// firstRow returns the row that is drawn first. While it follows, the row of the event that is shown is the last of the upper two
// thirds, or stands lower if there are no more rows than that.
func (p *Panel) firstRow(height int) int {
	if height <= 0 || p.len() == 0 {
		return p.len()
	}
	first := 0
	if p.away {
		first = p.awayRow(height)
	} else if p.here >= 0 {
		first = p.climb(p.here, max(height*2/3, 1))
	}
	// No line is left empty while there is something above.
	first = min(first, p.climb(p.len()-1, height))
	p.top = first
	return first
}

// awayRow returns what is drawn first where the reader has scrolled: what it was before, unless the cursor has left the lines.
func (p *Panel) awayRow(height int) int {
	at := p.cursorRow()
	first := min(max(p.top, 0), p.len()-1)
	if at < first {
		return at
	}
	return max(first, p.climb(at, height))
}

// cursorRow returns the row of the cursor: where the reader has moved it, else the row of the event that is shown; -1 if there is none.
func (p *Panel) cursorRow() int {
	if !p.away {
		return min(p.here, p.len()-1)
	}
	i, _ := p.all.Find(p.cursor)
	return min(max(i, 0), p.len()-1)
}

// move moves the cursor by some rows, not counting those that stand for no event.
func (p *Panel) move(by int) {
	at, step := p.cursorRow(), 1
	if by < 0 {
		step = -1
	}
	for i := at + step; by != 0 && i >= 0 && i < p.len(); i += step {
		if len(p.row(i).Events) > 0 {
			at, by = i, by-step
		}
	}
	if at >= 0 {
		p.put(at)
	}
}

// put puts the cursor on a row.
func (p *Panel) put(row int) {
	if events := p.row(row).Events; len(events) > 0 {
		p.away, p.cursor = true, events[0]
	}
}
