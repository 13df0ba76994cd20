package stage

// What travels. Every mark is a message of the timeline, at the place where the timeline has it: in the writer's hand it stands before
// the box of its sender, on the way in the middle of the line, and with the reader at the border of the box that it came to. Those in
// queues are told by the gauges. While the event that is shown is a write or a read, its message moves from the one place to the next.
//
// A Ping is no message of the stream and has no place in the timeline. It is under way from the step that sends it until the answer is
// there; gRPC writes it when TLS is up, so until then it waits at the box of the one who dials.

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// mark is one message on a line.
type mark struct {
	kind     timeline.MessageKind
	ping     bool
	way      int // 0 from the one who dialled to the other, 1 back
	dropped  bool
	selected bool
	at       int // the cell of the line where it rests
	from     int // where it comes from: while the event is shown it moves from there; the same as at for what rests
	arrow    int // where its direction is shown; 0 for nowhere
}

// looks returns the shape of a mark and its style.
func (m mark) looks(t *scene.Theme) (string, canvas.Style) {
	switch {
	case m.dropped:
		return scene.DropMark, t.Drop
	case m.ping:
		return scene.PingMark, t.Ping
	}
	return t.Mark(m.kind)
}

// where returns the cell at which the mark stands when the movement has come so far.
func (m mark) where(progress float64) int {
	if progress >= 1 {
		return m.at
	}
	return m.from + int(float64(m.at-m.from)*progress+0.5*float64(sign(m.at-m.from)))
}

// way is one direction of a line: where in it a message starts, rests and ends.
type way struct {
	writer, middle, reader int
	ahead                  int // +1 if it leads from the box that dialled to the other, -1 the other way
	number                 int // 0 for the one, 1 for the other
}

// ways returns both directions of a line of n cells. If there are messages under way in both, they leave each other room.
func ways(n int, both bool) (forward, backward way) {
	middle, apart := (n-1)/2, 1
	if both {
		apart = 2
	}
	forward = way{writer: min(1, n-1), middle: middle - apart, reader: n - 1, ahead: 1}
	backward = way{writer: max(n-2, 0), middle: middle + apart, reader: 0, ahead: -1, number: 1}
	return forward, backward
}

// mark puts the marks on a line.
func (p *picture) mark(s *scene.Scene, l *line) {
	if l.phase == timeline.PhaseClosed && !l.current || l.stub && l.look == closed {
		return
	}
	out, back := l.stream.Forward(), l.stream.Backward()
	n := len(l.cells)
	if l.look == unborn {
		n = l.born()
	}
	forward, backward := ways(n, under(out) > 0 && under(back) > 0)
	l.place(s, out, forward, p.chosenMessage(s, l, true))
	l.place(s, back, backward, p.chosenMessage(s, l, false))
	l.placePing(s, forward)
	l.placeOverflow(s, forward, backward)
}

// chosenMessage returns the index of the message that is selected among those of one direction, -1 if it is not one of them.
func (p *picture) chosenMessage(s *scene.Scene, l *line, forward bool) int {
	if p.selected.Kind != scene.SelectMessage || !l.selected {
		return -1
	}
	c := s.State.Connection(p.selected.Conn)
	if c == nil || forward != (p.selected.Out == (c.Role == trace.Initiator)) {
		return -1
	}
	_, forgotten := s.Messages(p.selected.Conn, p.selected.Out)
	return p.selected.Index - forgotten
}

func under(list []*timeline.Message) int {
	n := 0
	for _, m := range list {
		if m.Place() == timeline.OnTheWay {
			n++
		}
	}
	return n
}

// place puts the messages of one direction on the line.
func (l *line) place(s *scene.Scene, list []*timeline.Message, w way, chosen int) {
	room := max(1, min(6, len(l.cells)/6))
	onTheWay := 0
	lost := l.line != nil && !l.line.Open // what was on a line that is gone will not arrive
	for i, m := range list {
		k := mark{kind: m.Kind, way: w.number, selected: i == chosen}
		switch m.Place() {
		case timeline.WithWriter:
			k.at = w.writer
		case timeline.OnTheWay:
			if lost {
				continue
			}
			k.at = w.middle - w.ahead*min(onTheWay, room-1)
			if onTheWay == 0 {
				k.arrow = w.middle + w.ahead
			}
			onTheWay++
		case timeline.WithReader:
			k.at = w.reader
		case timeline.GivenUp:
			if m.Drop.N != s.State.N {
				continue
			}
			k.at, k.dropped = w.writer, true
		default:
			if !now(s, m, timeline.Received) {
				continue
			}
			k.at = w.reader
		}
		k.from = k.at
		switch {
		case k.dropped:
		case now(s, m, timeline.Written) && m.Place() == timeline.OnTheWay:
			k.from = w.reader - w.ahead*(len(l.cells)-1)
		case now(s, m, timeline.Received):
			k.at, k.from = w.reader, w.middle
			if !m.Marks[timeline.Written].Set() { // the writer has not told yet, or never will
				k.from = w.reader - w.ahead*(len(l.cells)-1)
			}
		}
		l.marks = append(l.marks, k)
	}
	if onTheWay > room {
		l.crowd += onTheWay
	}
}

// now reports whether the event that is shown is the one that took the message to that stage.
func now(s *scene.Scene, m *timeline.Message, stage timeline.Stage) bool {
	return s.Event != nil && m.Marks[stage].N == s.Event.N && s.Event.N == s.State.N
}

// placePing puts the Ping of a dial on the line.
func (l *line) placePing(s *scene.Scene, w way) {
	c := l.stream.Initiator
	if c == nil || s.Event == nil {
		return
	}
	step := trace.Step("")
	if l.current && s.Event.Step != nil {
		step = s.Event.Step.Step
	}
	k := mark{ping: true, at: w.writer}
	if l.look == encrypted {
		k.at = w.middle + w.ahead
	}
	k.from = k.at
	switch {
	case step == trace.PingAnswered && c.Ping.Failed:
		k.dropped = true
	case step == trace.PingAnswered:
		k.at, k.from = 0, w.reader
	case step == trace.PingServed:
		k.from, k.at = w.middle+w.ahead, w.reader
	case c.Phase != timeline.PhasePinging || c.Ping.Set() || c.Close.Set():
		return
	case step == trace.PingSend:
		k.from = 0
	case step == trace.TLSHandshaken && l.grows.event:
		k.from = w.writer
	}
	l.marks = append(l.marks, k)
}

// placeOverflow shows a message that is given up at this moment because there was no room for it in the queue.
func (l *line) placeOverflow(s *scene.Scene, forward, backward way) {
	for _, end := range []struct {
		c *timeline.Connection
		w way
	}{{l.stream.Initiator, forward}, {l.stream.Acceptor, backward}} {
		if end.c == nil {
			continue
		}
		for _, m := range end.c.Overflowed() {
			if m.Drop.N == s.State.N {
				l.marks = append(l.marks, mark{kind: m.Kind, way: end.w.number, dropped: true, at: end.w.writer, from: end.w.writer})
			}
		}
	}
}
