// Package spacetime draws the sequence view: a space-time diagram. Every peer has a lane, time runs down, and an arrow goes from the
// write of each message to its read. It answers: what happened before what, at whom, and what was on its way meanwhile?
//
// What belongs together package sequence has found out; the panel keeps a diagram of it that grows with the session (known.go). Drawing
// goes from rows to lines (scroll.go), from lanes to columns (columns.go), and from arrows to wires, which leave a lane, run down beside
// it for as long as the message is on its way, and turn in to the other lane (route.go, wires.go). All of that is drawn into a grid of
// strokes first (grid.go), so that labels find their shafts (labels.go), and words the cells that are free (words.go).
//
// What came after the moment that is shown is there too, once it is known, below a line that says so: faint, dotted, and without
// anything moving.
package spacetime

import (
	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// Panel is the view "sequence".
type Panel struct {
	known

	away   bool      // the reader has scrolled: it does not follow the event that is shown
	cursor uint64    // the event whose row the cursor is on, while away
	top    int       // the first row that is drawn, while away
	notice text.Text // why nothing came of the last command
	traced text.Text // the message that the filter follows

	chosen sequence.MessageID // the message that is selected, 0 for none

	drawn frame // what was drawn last, for the mouse, and for how far a page goes
}

// New returns the panel. It takes in everything that has happened at each drawing, however long that takes.
func New() *Panel {
	p := new(Panel)
	p.begin(nil)
	return p
}

// InSlices returns a panel that takes in only so much at each drawing that none is late, and while a burst lasts next to nothing. When it
// is behind it says so; whoever has it draws it again for as long as it is Behind.
func InSlices() *Panel {
	p := New()
	p.appetite = sliced
	return p
}

// Behind reports whether there are events that the last drawing has not taken in.
func (p *Panel) Behind() bool { return p.behind > 0 }

// Draw implements scene.Panel.
func (p *Panel) Draw(r canvas.Region, s *scene.Scene, focused bool) {
	p.drawn = frame{}
	if r.Width() <= 0 || r.Height() <= 0 || s.State == nil {
		return
	}
	p.look(s)
	p.chosen = p.messageOf(s)
	if len(s.Events) == 0 {
		r.Paragraph(0, 0, r.Width(), s.Theme.Faint, s.Say(says.noEvents))
		return
	}
	f := &p.drawn
	*f = frame{p: p, s: s, r: r, focused: focused}
	f.layout()
	f.head()
	f.body()
	f.foot()
}

// frame is one drawing of the panel.
type frame struct {
	p       *Panel
	s       *scene.Scene
	r       canvas.Region
	focused bool

	columns
	headLines, bodyLines, footLines int

	lines   []line
	present int // the last line that has happened; -1 if none that is drawn has
	grid    grid
	wires   []*wire
}

// layout decides where everything goes, and which rows are drawn.
func (f *frame) layout() {
	width, height := f.r.Width(), f.r.Height()
	f.headLines = 1
	if height >= 10 && f.twoHeads() {
		f.headLines = 2
	}
	switch {
	case height >= 24:
		f.footLines = 2
	case height >= 8:
		f.footLines = 1
	case f.p.Behind():
		f.footLines = 1
	}
	f.headLines = min(f.headLines, height-f.footLines)
	f.bodyLines = max(height-f.headLines-f.footLines, 0)
	f.columns = columnsOf(width, len(f.p.lanes), f.p.focusLane(f.s), f.p.latest)
	f.lines, f.present = f.p.window(f.bodyLines)
	f.grid = newGrid(width, f.bodyLines, f.left, f.right)
}

// twoHeads reports whether the heads of the lanes have something to say in a second line.
func (f *frame) twoHeads() bool {
	for _, lane := range f.p.lanes {
		if lane.Goroutine != "" || lane.Intruder {
			return true
		}
	}
	return f.r.Height() >= 24
}

// body draws the rows.
func (f *frame) body() {
	r := f.r.Sub(0, f.headLines, f.r.Width(), f.bodyLines)
	if len(f.lines) == 0 {
		r.Paragraph(0, 0, r.Width(), f.s.Theme.Faint, f.s.Say(says.nothingLeft, keyOf(turnKinds), keyOf(turnDetail), keyOf(onlyPeer)))
		return
	}
	f.lifelines()
	f.wires = f.route()
	for _, w := range f.wires {
		f.wire(w)
	}
	for y := range f.lines {
		f.points(y)
	}
	for _, w := range f.wires {
		f.label(w)
		f.float(w)
	}
	for y := range f.lines {
		f.words(y)
	}
	f.grid.drawTo(r)
	for y := range f.lines {
		f.beside(r, y)
	}
}

// lifelines draws each lane where its peer lives.
func (f *frame) lifelines() {
	for y, l := range f.lines {
		if l.divider || f.across(l) {
			continue
		}
		picture := f.p.past
		if l.future {
			picture = f.p.all
		}
		for lane := range f.p.lanes {
			if picture.Alive(lane, l.row) {
				f.grid.lifeline(f.x(lane), y, f.s.Theme.Border)
			}
		}
	}
}

// across reports whether a line is the session's own, and goes across all lanes.
func (f *frame) across(l line) bool {
	return !l.divider && l.Lane < 0 && l.Far < 0 && l.Departs == nil && l.Arrives == nil && l.What != sequence.Quiet
}
