package spacetime

// How wires are drawn: each from where it leaves, down, and over to where it arrives, or as far as its message has come. Only the
// arrow of the event that is shown moves.

import (
	"gossipscope/internal/sequence"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// wire draws a wire, without what is written on it.
func (f *frame) wire(w *wire) {
	_, style := f.look(w.Kind)
	style.Bold = false
	now, later := style, f.s.Theme.Faint
	if w.later {
		now = later
	}
	switch {
	case w.arrives < 0 && w.arrives != nowhere: // before what is drawn
	case !w.hasLanes():
		f.toNoLane(w, now)
	case w.leaves >= 0 && w.leaves == w.arrives:
		f.straight(w, now)
	case w.leaves == nowhere:
		f.fromNobodyKnows(w, now)
	default:
		f.leave(w, now)
		f.descend(w, now, later)
		f.arrive(w, now, later)
	}
}

// straight draws an arrow within one line. If its arrival is what is shown, it grows from where it was before.
func (f *frame) straight(w *wire, style canvas.Style) {
	begin, end := w.from+w.step, w.to-w.step
	if w.from == w.to {
		begin, end = w.from+1, w.from+f.pitch/2
	}
	if part := f.progress(w.To.N); part < 1 {
		half := w.x
		if half == 0 {
			half = (begin + end) / 2
		}
		end = half + int(part*float64(end-half))
	}
	f.grid.run(begin, end, w.leaves, w.later, style)
	f.tip(end, w.leaves, w.step, style)
}

// leave draws the beginning of a wire.
func (f *frame) leave(w *wire, style canvas.Style) {
	if w.leaves < 0 {
		return
	}
	y, begin, end := w.leaves, w.from+w.step, w.x
	dots := w.later || w.State == sequence.Ahead
	if w.x == 0 {
		end = w.from + w.step*max(f.pitch/2, 2)
	}
	if w.dropped {
		end = f.stub(w, end)
	}
	arrived := w.State == sequence.Arrived && w.arrives == nowhere // in a row that is not shown
	if arrived || w.State == sequence.Untold {
		end = w.to - w.step
		dots = dots || !arrived
	}
	if part := f.progress(w.From.N); part < 1 {
		end = begin + int(part*float64(end-begin))
		f.grid.run(begin, end, y, dots, style)
		f.tip(end, y, w.step, style)
		return
	}
	if begin != end {
		f.grid.run(begin, end-w.step, y, dots, style)
	}
	switch {
	case w.State == sequence.Lost:
		f.grid.mark(end, y, scene.DropMark, f.s.Theme.Drop)
	case w.State == sequence.Untold:
		f.grid.mark(end, y, "?", style)
	case w.x == 0 || arrived || !f.goesOn(w):
		f.tip(end, y, w.step, style)
	case w.step > 0:
		f.grid.stroke(end, y, left|down, dots, style)
	default:
		f.grid.stroke(end, y, right|down, dots, style)
	}
}

// stub returns where the stump of a message ends that was given up before it left: behind its label, so that nobody takes it for one that
// was lost on its way.
func (f *frame) stub(w *wire, end int) int {
	label, mark := f.labelOf(w)
	for _, words := range []string{label, mark} {
		if x := w.from + w.step*(canvas.Width(words)+3); w.step*(end-x) > 0 {
			return x
		}
	}
	return end
}

// goesOn reports whether a wire goes on below the line on which it leaves.
func (f *frame) goesOn(w *wire) bool {
	return w.arrives > w.leaves || f.isUnderWay(w) && f.present > w.leaves
}

// descend draws a wire where it runs down: beyond the present faintly, and for one that has not arrived only to the present.
func (f *frame) descend(w *wire, now, later canvas.Style) {
	if w.x == 0 || !f.isUnderWay(w) {
		return
	}
	last := w.arrives - 1
	switch {
	case w.arrives == below:
		last = len(f.lines) - 1
	case w.arrives == nowhere:
		last = f.present
	}
	for y := max(w.leaves+1, 0); y <= last; y++ {
		style, dots := now, w.State == sequence.Ahead
		if f.lines[y].future {
			style, dots = later, true
		}
		f.grid.stroke(w.x, y, up|down, dots, style)
	}
}

// float draws the mark of a message on its way at the end of its wire, on the line of the present.
func (f *frame) float(w *wire) {
	if w.x == 0 || w.arrives != nowhere || !f.isUnderWay(w) || f.present <= max(w.leaves, -1) || f.lines[f.present].row != f.p.past.Len()-1 {
		return
	}
	if c := f.grid.at(w.x, f.present); c == nil || c.strokes != up|down {
		return // something else passes there
	}
	mark, style := f.look(w.Kind)
	if mark == "" {
		mark = "↓"
	}
	f.grid.mark(w.x, f.present, mark, f.marked(w, style))
}

// arrive draws the end of a wire.
func (f *frame) arrive(w *wire, now, later canvas.Style) {
	if w.arrives < 0 || w.arrives >= len(f.lines) {
		return
	}
	y, begin, end := w.arrives, w.x, w.to-w.step
	style, dots := now, f.lines[w.arrives].future
	if dots {
		style = later
	}
	if w.from == w.to {
		end = w.to + 1
	}
	step := 1
	if end < begin {
		step = -1
	}
	if w.x == 0 { // there was no room for it on the way
		step = w.step
		f.grid.run(f.turn(w), end, y, true, style)
		f.tip(end, y, step, style)
		return
	}
	f.grid.stroke(w.x, y, up|map[int]int{1: right, -1: left}[step], dots, style)
	if part := f.progress(w.To.N); part < 1 {
		end = begin + int(part*float64(end-begin))
	}
	if end != begin {
		f.grid.run(begin+step, end, y, dots, style)
		f.tip(end, y, step, style)
	}
}

// turn returns the cell in which a wire that came down turns to the lane where it arrives.
func (f *frame) turn(w *wire) int {
	if w.x != 0 {
		return w.x
	}
	return w.to - w.step*max(f.pitch-2, 1)
}

// fromNobodyKnows draws what arrives without that anybody has told of its leaving.
func (f *frame) fromNobodyKnows(w *wire, style canvas.Style) {
	if w.arrives < 0 {
		return
	}
	begin, end := w.from+w.step, w.to-w.step
	half := (begin + end) / 2
	if part := f.progress(w.To.N); part < 1 {
		end = half + int(part*float64(end-half))
	}
	f.grid.run(begin, half, w.arrives, true, style)
	f.grid.run(half, end, w.arrives, w.later, style)
	f.tip(end, w.arrives, w.step, style)
}

// toNoLane draws an arrow of which one end is on no lane: it leads to the name of that peer.
func (f *frame) toNoLane(w *wire, style canvas.Style) {
	y, lane, step, name := w.leaves, w.from, w.step, w.To.Peer
	if w.From.Lane < 0 {
		y, lane, step, name = w.arrives, w.to, -w.step, w.From.Peer
	}
	if y < 0 || max(w.From.Lane, w.To.Lane) < 0 {
		return
	}
	if name == "" {
		name = "?"
	}
	name = canvas.Fit(name, nameCells)
	length := f.reach(w)
	dots := w.later || w.State == sequence.Ahead || w.State == sequence.Untold
	f.grid.run(lane+step, lane+step*length, y, dots, style)
	switch tip := lane + step*length; {
	case w.From.Lane < 0:
		f.tip(lane+step, y, -step, style)
	case w.State == sequence.Lost:
		f.grid.mark(tip, y, scene.DropMark, f.s.Theme.Drop)
	default:
		f.tip(tip, y, step, style)
	}
	x := lane + step*(length+2)
	if step < 0 {
		x -= canvas.Width(name) - 1
	}
	if f.grid.isFree(x, y, canvas.Width(name)) {
		f.grid.write(x, y, f.s.Theme.Faint, name)
	}
}

// reach returns how many cells an arrow has of which one end is on no lane. Behind it there is room for a name.
func (f *frame) reach(w *wire) int {
	lane, toRight := w.from, w.step > 0
	if w.From.Lane < 0 {
		lane, toRight = w.to, w.step < 0
	}
	room := lane - f.left
	if toRight {
		room = f.right - lane - 1
	}
	if len(f.p.lanes) > 1 {
		room = min(room, f.pitch)
	}
	return min(max(room-2-nameCells, 2), 20)
}

// nameCells is how many cells of a name are shown at the end of an arrow that leads to no lane.
const nameCells = 8

func (f *frame) tip(x, y, step int, style canvas.Style) {
	tip := "→"
	if step < 0 {
		tip = "←"
	}
	f.grid.mark(x, y, tip, style)
}

// progress returns how far the movement of event n has come: 1 if it is not the one that is shown.
func (f *frame) progress(n uint64) float64 {
	if n == 0 || f.s.Event == nil || f.s.Event.N != n {
		return 1
	}
	return min(max(f.s.Progress, 0), 1)
}
