package stage

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// growth is how a line changes while its event is shown: from one of its ends on it looks as it looks now, and the rest still as before.
type growth struct {
	event    bool
	before   look
	backward bool // it begins at the end that was dialled
}

func (p *picture) newLine(s *scene.Scene, i int, r route) line {
	e := &p.edges[i]
	l := line{edge: e, route: r, current: i == p.now, selected: i == p.chosen}
	l.grows = growthOf(s, &l)
	l.ended = endOf(e)
	p.mark(s, &l)
	return l
}

// growthOf finds out whether the event changes the line all along: it is opened, or TLS comes up.
func growthOf(s *scene.Scene, l *line) growth {
	if !l.current || s.Event == nil {
		return growth{}
	}
	switch e := s.Event; {
	case e.Link != nil && e.Link.Change == timeline.LinkOpen:
		return growth{event: true, before: unborn}
	case e.Step != nil && e.Step.Step == trace.TLSHandshaken && e.Step.Err == nil && l.look == encrypted:
		if first, _ := handshakeOf(s.State, l.edge); first.N == e.N {
			return growth{event: true, before: bare, backward: e.Step.Local == l.line.Listener}
		}
	}
	return growth{}
}

// endOf returns why an edge has failed, in the words of the end that knew first; not failed if nothing went wrong.
func endOf(e *edge) timeline.Outcome {
	var first timeline.Outcome
	take := func(o timeline.Outcome) {
		if o.Set() && o.Failed && (!first.Set() || o.N < first.N) {
			first = o
		}
	}
	for _, c := range e.stream.Ends() {
		take(c.Refused)
		take(c.Ping)
		take(c.Close)
	}
	return first
}

// born returns how many cells are drawn of a line that does not exist yet.
func (l *line) born() int { return min(max(len(l.cells)/6, 3), len(l.cells)) }

// lookAt returns how the i-th cell of the line looks when the movement has come so far.
func (l *line) lookAt(i int, progress float64) look {
	if !l.grows.event {
		return l.look
	}
	place := i
	if l.grows.backward {
		place = len(l.cells) - 1 - i
	}
	if float64(place) <= progress*float64(len(l.cells)) {
		return l.look
	}
	return l.grows.before
}

// drawStrokes draws the line itself.
func (l *line) drawStrokes(r canvas.Region, s *scene.Scene) {
	for i, c := range l.cells {
		look := l.lookAt(i, s.Progress)
		missing := look == unborn || look == closed && l.line == nil && l.stream.Acceptor == nil
		if missing && i >= l.born() {
			return
		}
		r.Text(c.x, c.y, l.style(s.Theme, look), l.glyph(i, look, r.ASCII()))
	}
	if l.stub {
		last := l.cells[len(l.cells)-1]
		if l.from == "" {
			last = l.cells[0]
		}
		r.Text(last.x, last.y, s.Theme.Faint, "?")
	}
	if middle := l.cells[len(l.cells)/2]; l.line != nil {
		switch {
		case l.line.Closed.Failed:
			r.Text(middle.x, middle.y, s.Theme.Bad, "╳")
		case l.line.Frozen.Set() && l.line.Open:
			r.Text(middle.x, middle.y, s.Theme.Warn, "║")
		}
	}
}

// style is the colour of a line: it repeats what its strokes and its label say.
func (l *line) style(t *scene.Theme, look look) canvas.Style {
	style := t.Faint
	switch look {
	case unborn, bare:
		style = t.Warn
	case encrypted:
		style = t.Handshake
		style.Bold = false
	case established:
		style = t.Good
	case closing:
		style = t.Text
	}
	if l.current || l.selected {
		style.Bold = true
	}
	return style
}

// pen is a set of strokes.
type pen struct{ level, upright, corners string }

// The strokes of a line by its look, thin, and thick for the line that matters now. Corners stand in the order ╭ ╮ ╰ ╯.
var (
	thin = map[look]pen{
		unborn: {"┄", "┆", "╭╮╰╯"}, bare: {"┄", "┆", "╭╮╰╯"}, encrypted: {"╌", "╎", "╭╮╰╯"},
		established: {"─", "│", "╭╮╰╯"}, closing: {"┈", "┊", "╭╮╰╯"}, closed: {"┈", "┊", "╭╮╰╯"},
	}
	thick = map[look]pen{
		unborn: {"┅", "┇", "┏┓┗┛"}, bare: {"┅", "┇", "┏┓┗┛"}, encrypted: {"╍", "╏", "┏┓┗┛"},
		established: {"━", "┃", "┏┓┗┛"}, closing: {"┉", "┋", "┏┓┗┛"}, closed: {"┉", "┋", "┏┓┗┛"},
	}
	// Plain strokes repeat over several cells. None of them is the plain form of a mark.
	plainThin = map[look]pen{
		unborn: {"- ", ": ", "++++"}, bare: {"- ", ": ", "++++"}, encrypted: {"--- ", "||: ", "++++"},
		established: {"-", "|", "++++"}, closing: {". ", ". ", "++++"}, closed: {". ", ". ", "++++"},
	}
	plainThick = map[look]pen{
		unborn: {"~ ", ": ", "++++"}, bare: {"~ ", ": ", "++++"}, encrypted: {"~~~ ", "||: ", "++++"},
		established: {"~", "|", "++++"}, closing: {": ", ": ", "++++"}, closed: {": ", ": ", "++++"},
	}
)

func penOf(look look, heavy, ascii bool) pen {
	switch {
	case ascii && heavy:
		return plainThick[look]
	case ascii:
		return plainThin[look]
	case heavy:
		return thick[look]
	}
	return thin[look]
}

// glyph returns the character of the i-th cell.
func (l *line) glyph(i int, look look, ascii bool) string {
	last := len(l.cells) - 1
	p := penOf(look, l.current || l.selected, ascii)
	at := l.cells[i]
	switch {
	case i == 0 && len(l.cells) > 1:
		if l.cells[1].x > at.x {
			return "├"
		}
		return "┤"
	case i == last:
		return "" // the border of the box stays
	case i == last-1 && look != unborn:
		if l.cells[last].x > at.x {
			return ">"
		}
		return "<"
	}
	before, after := l.cells[i-1], l.cells[i+1]
	switch {
	case before.y == at.y && after.y == at.y:
		return nth(p.level, i)
	case before.x == at.x && after.x == at.x:
		return nth(p.upright, i)
	}
	return corner(p.corners, at, before, after)
}

// nth returns the character of a repeated pattern at place i.
func nth(pattern string, i int) string {
	all := []rune(pattern)
	return string(all[i%len(all)])
}

// corner returns the one that joins two neighbours of a cell.
func corner(corners string, at, a, b cell) string {
	right, below := a.x > at.x || b.x > at.x, a.y > at.y || b.y > at.y
	all := []rune(corners)
	switch {
	case right && below:
		return string(all[0])
	case below:
		return string(all[1])
	case right:
		return string(all[2])
	}
	return string(all[3])
}

// drawMarks draws what travels. The one that is farthest comes last, and so on top.
func (l *line) drawMarks(r canvas.Region, s *scene.Scene) {
	for i := len(l.marks) - 1; i >= 0; i-- {
		m := l.marks[i]
		resting := s.Progress >= 1 || m.from == m.at
		if ahead := m.arrow; resting && ahead > 0 && ahead < len(l.cells)-1 {
			c := l.cells[ahead]
			r.Text(c.x, c.y, s.Theme.Strong, arrow(l.cells[ahead-sign(ahead-m.at)], c))
		}
		c := l.cells[l.spot(m, s.Progress)]
		shape, style := m.looks(s.Theme)
		if m.selected {
			style = style.Reversed()
		}
		r.Text(c.x, c.y, style, shape)
	}
}

// spot returns the cell at which a mark stands.
func (l *line) spot(m mark, progress float64) int {
	return max(0, min(m.where(progress), len(l.cells)-1))
}

func arrow(a, b cell) string {
	switch {
	case b.x > a.x:
		return "›"
	case b.x < a.x:
		return "‹"
	case b.y > a.y:
		return "↓"
	}
	return "↑"
}
