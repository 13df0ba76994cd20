package tables

// Rows are what the tables are made of. They are built once for each moment, in the order in which they are read.

import (
	"fmt"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// row is one line of a table.
type row struct {
	key     string // unique, and the same in every moment
	depth   int
	heading bool // of a section
	peer    bool // the heading of a peer
	parts   []part
	changed bool   // by the event of the moment
	still   bool   // an explanation: the cursor passes it by
	folds   string // what Enter folds and unfolds, "" for nothing
	folded  bool
	selects scene.Selection
	goTo    uint64 // the event that Enter goes to
}

// part is some words in a column of their own.
type part struct {
	words string
	style canvas.Style
	width int // of the column; 0 for as wide as the words
}

// draw draws the row into a region of one line.
func (w *row) draw(r canvas.Region, th *scene.Theme) {
	x := 1 + 2*w.depth
	if w.changed {
		r.Text(0, 0, th.Here, "▸")
	}
	for i, p := range w.parts {
		style := p.style
		if w.changed && i == 0 {
			style = th.Here
		}
		room := r.Width() - x
		if p.width > 0 {
			r.Fit(x, 0, min(room, p.width), style, p.words)
			x += p.width + 1
			continue
		}
		x = r.Fit(x, 0, room, style, p.words) + 2
	}
}

// view is all rows of a moment, in one column or two.
type view struct {
	columns [][]row
	widths  []int
}

// stops are the rows on which the cursor can stand.
func (v *view) stops() []*row {
	var list []*row
	for _, column := range v.columns {
		for i := range column {
			if !column[i].still {
				list = append(list, &column[i])
			}
		}
	}
	return list
}

// builder builds rows.
type builder struct {
	s     *scene.Scene
	th    *scene.Theme
	panel *Panel
	width int
	tall  bool
	touch touch
	names map[timeline.ConnKey]string

	overLine map[string]*timeline.Connection // the latest that runs over the line of this name
	rows     []row
	empty    []text.Text // tables of the peer in hand that hold nothing
}

// build makes the rows of a scene.
func (p *Panel) build(s *scene.Scene, width, height int) *view {
	b := &builder{s: s, th: s.Theme, panel: p, width: width, tall: height >= tallHeight, touch: touched(s), names: make(map[timeline.ConnKey]string),
		overLine: make(map[string]*timeline.Connection)}
	b.join()
	if width < wideWidth {
		b.invariants()
		b.peers()
		b.lines()
		return &view{columns: [][]row{b.rows}, widths: []int{width}}
	}
	b.width = width - sideWidth - 2
	b.peers()
	left := b.rows
	b.rows, b.width, b.tall = nil, sideWidth, true
	b.invariants()
	b.lines()
	return &view{columns: [][]row{left, b.rows}, widths: []int{width - sideWidth - 2, sideWidth}}
}

func (b *builder) add(w row) { b.rows = append(b.rows, w) }

func (b *builder) say(t text.Text, args ...any) string { return b.s.Say(t, args...) }

// wide reports whether there is room for more than the least.
func (b *builder) wide() bool { return b.width >= 96 }

// without adds the heading of a section without entries, and says why there are none.
func (b *builder) without(key string, depth int, name, why text.Text, selects scene.Selection) {
	b.add(row{key: key, depth: depth, heading: true, selects: selects, parts: []part{{b.say(name), b.th.Faint, 0}, {b.say(why), b.th.Faint, 0}}})
}

// section adds a heading with the number of entries below it, and reports whether those are to be shown.
func (b *builder) section(key string, depth int, name string, count int, selects scene.Selection, byDefault bool) bool {
	w := row{key: key, depth: depth, heading: true, selects: selects}
	w.folds, w.folded = key, b.isFolded(key, byDefault)
	w.parts = []part{{words: fmt.Sprintf("%s %s %d", foldMark(w.folded), name, count), style: b.th.Accent}}
	b.add(w)
	return !w.folded
}

func foldMark(folded bool) string {
	if folded {
		return "+"
	}
	return "–"
}

func (b *builder) isFolded(key string, byDefault bool) bool {
	if chosen, decided := b.panel.folded[key]; decided {
		return chosen
	}
	return byDefault
}

// mark says that the heading added last stands for rows of which one was changed, though they are folded.
func (b *builder) mark(changed bool) {
	if changed {
		b.rows[len(b.rows)-1].changed = true
	}
}

// touch is what the event of the moment is about.
type touch struct {
	n    uint64
	peer string
	conn []uint64 // of the peer's latest life
	step trace.Step
	sub  uint64
	line string
}

func touched(s *scene.Scene) touch {
	if s.Event == nil {
		return touch{}
	}
	t := touch{n: s.State.N, peer: s.Event.Peer}
	if l := s.Event.Link; l != nil {
		t.line = l.Name
	}
	e := s.Event.Step
	if e == nil {
		return t
	}
	t.step = e.Step
	for _, o := range []trace.Object{e.Object, e.Subject} {
		if o.Kind == trace.Connection {
			t.conn = append(t.conn, o.ID)
		}
	}
	if strings.HasPrefix(string(e.Step), "demux.") || e.Step == trace.AcceptHand {
		t.sub = e.Number
	}
	return t
}

// about reports whether the event is about this connection.
func (b *builder) about(c *timeline.Connection) bool {
	if c.Key.Peer != b.touch.peer {
		return false
	}
	if p := b.s.State.Peer(c.Key.Peer); p == nil || p.Life != c.Key.Life {
		return false
	}
	for _, id := range b.touch.conn {
		if id == c.Key.ID {
			return true
		}
	}
	return false
}

// at reports whether one of the marks was made by the event.
func (b *builder) at(marks ...timeline.Mark) bool {
	for _, m := range marks {
		if m.Set() && m.N == b.touch.n {
			return true
		}
	}
	return false
}

// join finds out once which connection runs over which line. To ask the State for each of them would be to search all lines for each
// connection, and with many peers that takes longer than a frame.
func (b *builder) join() {
	lines := make(map[[2]string]*timeline.Line, len(b.s.State.Lines))
	for _, l := range b.s.State.Lines { // of several with the same addresses the last counts
		lines[[2]string{l.Dialer, l.Listener}] = l
	}
	for _, p := range b.s.State.Peers {
		for _, c := range p.Connections {
			ends := [2]string{c.Local, c.Remote}
			if c.Role == trace.Acceptor {
				ends = [2]string{c.Remote, c.Local}
			}
			if l := lines[ends]; l != nil && c.Local != "" && c.Remote != "" {
				b.names[c.Key], b.overLine[l.Name] = text.Printable(l.Name), c
			}
		}
	}
}

// name returns how a connection is called, and looks it up once.
func (b *builder) name(c *timeline.Connection) string {
	if known, found := b.names[c.Key]; found {
		return known
	}
	name := scene.Name(b.s.State, c)
	b.names[c.Key] = name
	return name
}

func connection(c *timeline.Connection) scene.Selection {
	return scene.Selection{Kind: scene.SelectConnection, Peer: c.Key.Peer, Conn: c.Key}
}

// heldAs returns who is held as this goroutine of this connection, or of the peer if c is nil.
func heldAs(s *scene.Scene, peer string, c *timeline.Connection, g timeline.Goroutine) *session.Held {
	for i := range s.Held {
		h := &s.Held[i]
		if h.Peer != peer || h.Goroutine != g.Role || h.Event.Step == nil || h.Step != g.At {
			continue
		}
		o := h.Event.Step.Object
		if o.Kind != trace.Connection {
			o = h.Event.Step.Subject
		}
		if c == nil || (o.Kind == trace.Connection && o.ID == c.Key.ID) {
			return h
		}
	}
	return nil
}
