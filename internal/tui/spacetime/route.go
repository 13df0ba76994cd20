package spacetime

// An arrow whose two ends stand in different rows is drawn as a wire: from its lane to a place between the lanes, there down for as long
// as the message is on its way, and over to the other lane. One that has not arrived goes down to the present. So what is on its way at
// a moment is what crosses the line of that moment.

import (
	"cmp"
	"math"
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/sequence"
)

// Where an end of a wire stands if it is on no line that is looked at.
const (
	nowhere = math.MinInt     // nobody has told of it, or not yet
	above   = math.MinInt / 2 // lines below zero are above what is drawn; this is beyond them
	below   = math.MaxInt / 2
)

// lookBack is how many rows above those that are drawn are looked at for wires that come down from there. A wire that has left earlier is
// only drawn if it arrives in sight; and it may change its place when one that left before it is looked at no more.
const lookBack = 60

// wire is an arrow with its place.
type wire struct {
	*sequence.Arrow
	leaves, arrives int  // lines
	from, to        int  // cells of the lanes, if both are shown
	x               int  // the cell in which it runs down; 0 if there is no room
	step            int  // the direction to its other end: +1 to the right, -1 to the left
	later           bool // it leaves, or is first heard of, after the moment that is shown
	dropped         bool // it was given up where it should have left
}

// route finds the arrows of the lines that are drawn, and gives each its place.
func (f *frame) route() []*wire {
	first := f.lines[0].row
	r := router{first: max(first-lookBack, 0)}
	for i := r.first; i < first; i++ { // two lines each: nothing there is ever on a line that is drawn
		r.take(2*(i-first), line{Row: f.p.row(i), row: i, future: f.p.isFuture(i)})
	}
	for y, l := range f.lines {
		if !l.divider && !l.second {
			r.take(y, l)
		}
	}
	for _, w := range r.wires {
		f.place(w)
	}
	f.share(r.wires)
	return r.wires
}

// router collects the arrows of lines that it is shown from above to below.
type router struct {
	first     int // the first row that it was shown
	wires     []*wire
	byMessage map[sequence.MessageID]*wire
}

func (r *router) take(y int, l line) {
	if l.Arrives != nil {
		r.arrives(y, l)
	}
	if a := l.Departs; a != nil {
		w := r.add(&wire{Arrow: a, leaves: y, arrives: nowhere, later: l.future, dropped: l.Step == trace.ConnDrop})
		if isTwofold(l.Row) {
			w.leaves++
		}
		if a.To.Row > l.row {
			w.arrives = below
		}
	}
}

// arrives takes an arrow to the line where it ends. One that ends in the future is drawn as it was at the moment: on its way. (And if it
// was believed lost then, as lost; that it arrives after all is another arrow.)
func (r *router) arrives(y int, l line) {
	a := l.Arrives
	w := r.byMessage[a.Message]
	switch {
	case w != nil && l.future && !w.later && (w.State == sequence.Lost || w.State == sequence.Untold):
		r.wires = append(r.wires, &wire{Arrow: a, leaves: nowhere, arrives: y, later: true})
		return
	case w != nil && l.future && !w.later:
		then := *a
		then.State = w.State
		w.Arrow = &then
	case w != nil:
		w.Arrow = a
	case a.From.Row == l.row:
		w = r.add(&wire{Arrow: a, leaves: y, later: l.future})
	case a.From.Row < 0, l.future && a.From.Row >= r.first: // in the latter case, that it has left is told later
		w = r.add(&wire{Arrow: a, leaves: nowhere, later: l.future})
	default:
		w = r.add(&wire{Arrow: a, leaves: above})
	}
	w.arrives = y
}

func (r *router) add(w *wire) *wire {
	if r.byMessage == nil {
		r.byMessage = make(map[sequence.MessageID]*wire)
	}
	r.wires = append(r.wires, w)
	r.byMessage[w.Message] = w
	return w
}

// place finds the two lanes of a wire.
func (f *frame) place(w *wire) {
	w.from, w.to, w.step = f.x(w.From.Lane), f.x(w.To.Lane), 1
	switch last := len(f.p.lanes) - 1; {
	case !w.hasLanes():
		// The wire has the room to the right of the lane that is there, or to the left of the last.
		if last > 0 && max(w.From.Lane, w.To.Lane) == last {
			w.step = -1
		}
		if w.From.Lane < 0 {
			w.step = -w.step
		}
	case w.to < w.from:
		w.step = -1
	}
}

// hasLanes reports whether both ends are on lanes.
func (w *wire) hasLanes() bool { return w.From.Lane >= 0 && w.To.Lane >= 0 }

// share gives the wires places to run down. Those that are on their way at the same time, between the same lanes, get different ones.
func (f *frame) share(list []*wire) {
	type stretch struct{ first, last int }
	taken := make(map[int][]stretch) // by cell
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *wire) int { return cmp.Compare(a.From.Row, b.From.Row) })
	for _, w := range sorted {
		if !w.hasLanes() {
			continue
		}
		mine := stretch{w.leaves, w.arrives}
		switch {
		case !f.isUnderWay(w):
			mine.last = w.leaves
		case w.arrives == nowhere:
			mine.last = max(f.present, w.leaves)
		}
		for _, slot := range f.slots(w.step > 0) {
			x := f.x(max(w.From.Lane, w.To.Lane)-1) + slot
			if w.From.Lane == w.To.Lane {
				x += f.pitch
			}
			if !slices.ContainsFunc(taken[x], func(s stretch) bool { return s.first <= mine.last && mine.first <= s.last }) {
				w.x = x
				taken[x] = append(taken[x], mine)
				break
			}
		}
	}
}

// isUnderWay reports whether a wire runs down: to where it arrives, or to the present if it is still on its way.
func (f *frame) isUnderWay(w *wire) bool {
	return w.arrives != nowhere || w.State == sequence.OnTheWay || w.State == sequence.Ahead
}
