package pipeline

// What is looked at: which connection, which of its directions, which message. What the reader has selected decides, else the event of
// the moment, else what was looked at before.

import (
	"fmt"
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// view is a connection worked out for one moment, to be drawn as often as need be.
type view struct {
	stream timeline.Stream
	name   string
	ways   [2]way // from the initiator to the acceptor, and back
	shown  int    // which of the two is looked at
	chosen int    // which message of that; -1 for none
	rank   int    // the how-manyth connection this is, from 1
	among  int    // of how many

	// shaking says that the handshake is not over at both ends, or never will be: then nothing but it can travel.
	shaking bool
	picked  bool // the reader has selected what is shown: it does not follow the event
}

func (v *view) way() *way { return &v.ways[v.shown] }

// moment is what a view depends on.
type moment struct {
	state     *timeline.State
	n         uint64
	events    int
	at        int
	selected  scene.Selection
	facing    facing
	following uint64 // of the goroutine that is selected: the ID under which it is held, if it still is
	inHand    string // who is held with a message that is about to be handed over: letting them go is no event
}

// facing is the direction that the reader has turned a connection to.
type facing struct {
	key timeline.ConnKey // the initiator's, or else the acceptor's
	way int
	set bool
}

// look returns the view of the scene, nil if there is no connection to look at.
func (p *Panel) look(s *scene.Scene) *view {
	now := moment{state: s.State, n: s.State.N, events: len(s.Events), at: s.At, selected: s.Selected, facing: p.facing}
	if s.Selected.Kind == scene.SelectGoroutine && held(s, s.Selected.Goroutine) != nil {
		now.following = s.Selected.Goroutine
	}
	for i := range s.Held {
		if h := &s.Held[i]; h.Step == trace.AcceptHand {
			now.inHand += fmt.Sprint(h.Event.N, " ")
		}
	}
	if p.view == nil || now != p.seen {
		p.seen, p.view = now, p.work(s)
	}
	if p.view.stream == (timeline.Stream{}) {
		return nil
	}
	return p.view
}

// work makes the view of a scene. One without a stream stands for having nothing to look at.
func (p *Panel) work(s *scene.Scene) *view {
	streams := s.State.Streams()
	i, picked := p.which(s, streams)
	if i < 0 {
		return &view{}
	}
	st := streams[i]
	v := &view{stream: st, rank: i + 1, among: len(streams), chosen: -1, picked: picked}
	ends := st.Ends()
	p.last = ends[0].Key
	v.name = scene.Name(s.State, ends[0])
	v.shaking = slices.ContainsFunc(ends, func(c *timeline.Connection) bool { return !served(c) })
	from, to := endOf(s.State, st.Initiator, st.Acceptor), endOf(s.State, st.Acceptor, st.Initiator)
	line := s.State.LineOf(ends[0])
	if line == nil && len(ends) == 2 {
		line = s.State.LineOf(ends[1])
	}
	v.ways[0] = newWay(s, from, to, line, st.Forward())
	v.ways[1] = newWay(s, to, from, line, st.Backward())
	p.turn(v, s)
	v.choose(s)
	return v
}

// served reports whether reader, writer and service have begun their work.
func served(c *timeline.Connection) bool {
	_, known := c.Goroutine(trace.ReaderGoroutine)
	return known
}

func endOf(st *timeline.State, c, other *timeline.Connection) end {
	e := end{conn: c, name: "?"}
	if c == nil {
		if name := st.PeerOpposite(other); name != "" {
			e.name = printable(name)
			e.peer = st.Peer(name)
		}
		return e
	}
	e.name = printable(c.Key.Peer)
	for _, p := range st.Peers {
		if p.Birth.Name == c.Key.Peer && p.Life == c.Key.Life {
			e.peer = p
		}
	}
	return e
}

// which returns the index of the stream to look at, -1 for none, and whether the reader has picked it.
func (p *Panel) which(s *scene.Scene, streams []timeline.Stream) (index int, picked bool) {
	if i := find(streams, selectedKey(s)); i >= 0 {
		return i, true
	}
	if c := s.ConnectionOf(s.Event); c != nil {
		if i := find(streams, c.Key); i >= 0 {
			return i, false
		}
	}
	if i := p.onLine(s, streams); i >= 0 {
		return i, false
	}
	if i := lastStep(s, streams); i >= 0 {
		return i, false
	}
	if i := find(streams, p.last); i >= 0 {
		return i, false
	}
	for i := len(streams) - 1; i >= 0; i-- {
		if slices.ContainsFunc(streams[i].Ends(), func(c *timeline.Connection) bool { return c.Phase < timeline.PhaseClosed }) {
			return i, false
		}
	}
	return len(streams) - 1, false
}

// farthestBack bounds how far lastStep looks.
const farthestBack = 4096

// lastStep returns the stream that the last step before the event was about that was about any, so that the same moment shows the same
// stream, whatever was drawn before it; -1 if there was none, or only long before.
func lastStep(s *scene.Scene, streams []timeline.Stream) int {
	at := min(s.At, len(s.Events))
	for i := at - 1; i >= max(0, at-farthestBack); i-- {
		if c := s.ConnectionOf(&s.Events[i]); c != nil {
			if found := find(streams, c.Key); found >= 0 {
				return found
			}
		}
	}
	return -1
}

// onLine returns the latest stream over the line that the event has changed, -1 if it has changed none.
func (p *Panel) onLine(s *scene.Scene, streams []timeline.Stream) int {
	if s.Event == nil || s.Event.Link == nil {
		return -1
	}
	for i := len(streams) - 1; i >= 0; i-- {
		for _, c := range streams[i].Ends() {
			if l := s.State.LineOf(c); l != nil && l.Name == s.Event.Link.Name {
				return i
			}
		}
	}
	return -1
}

func find(streams []timeline.Stream, key timeline.ConnKey) int {
	if key == (timeline.ConnKey{}) {
		return -1
	}
	return slices.IndexFunc(streams, func(st timeline.Stream) bool {
		return slices.ContainsFunc(st.Ends(), func(c *timeline.Connection) bool { return c.Key == key })
	})
}

// selectedKey returns the connection that the reader has selected, by whatever of it.
func selectedKey(s *scene.Scene) timeline.ConnKey {
	switch s.Selected.Kind {
	case scene.SelectConnection, scene.SelectMessage, scene.SelectQueue:
		return s.Selected.Conn
	case scene.SelectGoroutine:
		if h := held(s, s.Selected.Goroutine); h != nil {
			if c := s.ConnectionOf(&h.Event); c != nil {
				return c.Key
			}
		}
	}
	return timeline.ConnKey{}
}

// turn decides the direction: that of the selected message, else the one that the reader has turned to, else that in which something
// has just moved, else the one that was shown of this connection, else that of the initiator.
func (p *Panel) turn(v *view, s *scene.Scene) {
	sel := s.Selected
	switch {
	case sel.Kind == scene.SelectMessage && v.has(sel.Conn):
		v.shown = v.direction(sel.Conn, sel.Out)
	case sel.Kind == scene.SelectQueue && v.has(sel.Conn):
		v.shown = v.direction(sel.Conn, sel.Queue == "outBuff")
	case p.facing.set && v.has(p.facing.key):
		v.shown = p.facing.way
	case v.ways[0].move.any():
		v.shown = 0
	case v.ways[1].move.any():
		v.shown = 1
	case p.before.set && v.has(p.before.key):
		v.shown = p.before.way
	}
	p.before = facing{key: v.stream.Ends()[0].Key, way: v.shown, set: true}
}

func (v *view) has(key timeline.ConnKey) bool {
	return slices.ContainsFunc(v.stream.Ends(), func(c *timeline.Connection) bool { return c.Key == key })
}

// direction returns which of the ways is meant by what the end of that key sends, or receives.
func (v *view) direction(key timeline.ConnKey, out bool) int {
	if (v.stream.Initiator != nil && v.stream.Initiator.Key == key) == out {
		return 0
	}
	return 1
}

// choose decides the message: the selected, else the one that has just moved, else the one that whoever has just moved is busy with,
// else the newest.
func (v *view) choose(s *scene.Scene) {
	for d := range v.ways {
		v.ways[d].forgotten = forgottenBy(&v.ways[d])
	}
	w, sel := v.way(), s.Selected
	if sel.Kind == scene.SelectMessage && v.has(sel.Conn) {
		_, forgotten := s.Messages(sel.Conn, sel.Out)
		if i := sel.Index - forgotten; i >= 0 && i < len(w.list) {
			v.chosen = i
			return
		}
	}
	v.chosen = len(w.list) - 1
	if w.move.index >= 0 {
		v.chosen = w.move.index
		return
	}
	if s.Event == nil || s.Event.Step == nil {
		return
	}
	if st, here := w.active(s.Event); here && st < stations && len(w.holds[st]) > 0 && !st.queue() {
		v.chosen = w.holds[st][0]
	}
}

// forgottenBy returns how many messages of the way are forgotten, by the count of the end that selections name: the sender, else the
// receiver.
func forgottenBy(w *way) int {
	if w.from.conn != nil {
		sent, _ := w.from.conn.Forgotten()
		return int(sent)
	}
	if w.to.conn != nil {
		_, received := w.to.conn.Forgotten()
		return int(received)
	}
	return 0
}

// selection names message i of the way shown.
func (v *view) selection(i int) *scene.Selection { return v.selectionOn(v.way(), i) }

func (v *view) selectionOn(w *way, i int) *scene.Selection {
	sel := &scene.Selection{Kind: scene.SelectMessage, Index: i + w.forgotten}
	if w.from.conn != nil {
		sel.Conn, sel.Out = w.from.conn.Key, true
	} else {
		sel.Conn = w.to.conn.Key
	}
	sel.Peer = sel.Conn.Peer
	return sel
}

// selectionOf names the connection of a stream.
func selectionOf(st timeline.Stream) *scene.Selection {
	key := st.Ends()[0].Key
	return &scene.Selection{Kind: scene.SelectConnection, Peer: key.Peer, Conn: key}
}

// active returns the station at which an event happens, if it is one of this way.
func (w *way) active(e *timeline.Event) (station, bool) {
	if w.move.any() {
		if w.move.to == abandoned || w.move.to == done {
			return w.move.from, true
		}
		return w.move.to, true
	}
	st, known := stationsOf[e.Step.Step]
	if !known {
		return 0, false
	}
	end := w.to
	if slices.Contains(sending, st) {
		end = w.from
	}
	if end.conn == nil || end.conn.Key.Peer != e.Peer {
		return 0, false
	}
	o := e.Step.Object
	if o.Kind != trace.Connection {
		o = e.Step.Subject
	}
	return st, o.Kind == trace.Connection && o.ID == end.conn.Key.ID
}

// stationsOf says where the steps happen that concern a message, or whoever handles it.
var stationsOf = map[trace.Step]station{
	trace.AckRespond:     caller,
	trace.ConnEnqueue:    outBuff,
	trace.ConnDrop:       outBuff,
	trace.StoreHandover:  outBuff,
	trace.ConnWrite:      writer,
	trace.ConnWritten:    writer,
	trace.ConnDrain:      writer,
	trace.ConnWriterEnd:  writer,
	trace.ConnRead:       reader,
	trace.ConnReceived:   reader,
	trace.ConnReaderEnd:  reader,
	trace.AckPublish:     reader,
	trace.ConnQueued:     msgChan,
	trace.ConnHandle:     service,
	trace.DemuxDeliver:   service,
	trace.DemuxUnclaimed: service,
	trace.ConnServeEnd:   service,
	trace.DemuxDelivered: subscription,
	trace.AcceptHand:     subscriber,
}
