// Package sequence is the space-time diagram of a session as data: a lane for each peer, time running down, and an arrow from the
// write of each message to its read. It is made of timeline events and of nothing else, so it is the same for running peers and for
// a recording.
//
// A Diagram takes one event after the other (this file), finds out whose lane it is on (names.go), which message it is about and where
// that message left and arrived (joins.go, signals.go, messages.go). Which end of a stream belongs to which other end, and which of
// several messages with the same bytes is meant, the timeline decides; the diagram asks its State.
//
// A View is what a Filter leaves of a diagram, with the quiet stretches folded (view.go); a Picture is a View up to one event, for
// those who go back and forth (picture.go). The explorer draws pictures in cells; Mermaid and SVG write them to a file.
//
// Nothing here is safe for concurrent use: whoever appends also reads.
package sequence

import (
	"cmp"
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/timeline"
)

// Diagram is everything that is known of a session, row by row. New makes one.
type Diagram struct {
	state    timeline.State // of the last event: it decides what belongs together
	entries  list[entry]    // one for each event, in their order
	messages list[message]  // by MessageID, from 1
	merged   int            // how often two messages turned out to be one: what was filtered before that is filtered anew

	names
	open
}

// open is what is known so far of things whose other half may still come.
type open struct {
	ends    map[[2]string][]*conn  // the addresses of a line, the dialling end's first → the connections that run over it
	pinging map[string][]*conn     // endpoint → connections whose Ping is not answered
	served  map[string]servedPing  // the address from which a Ping came → what became of it
	nonces  map[nonceKey]MessageID // data messages that an acknowledgement can name
	calls   map[callKey]MessageID  // the latest message of a call of SendWithAck
	holding map[*conn][]MessageID  // messages that a connection is about to enqueue: answers, and what it takes over
	onLine  map[string][]*conn     // name of a line → the connections that run over it
}

// nonceKey names a message as an acknowledgement does: who sent it to whom, with which nonce.
type nonceKey struct {
	from, to int
	nonce    uint64
}

// callKey names a call of SendWithAck, which may go to several peers.
type callKey struct {
	from  int
	nonce uint64
}

// entry is one event and what was found out about it.
type entry struct {
	event timeline.Event
	peer  int             // index of the peer on whose lane it is, nobody if it is the session's
	far   int             // of a link the peer at its other end, else nobody
	role  trace.Goroutine // on which lane of an opened peer; "" if that is not known, or it is the peer's as a whole
	kind  Kind
	level Detail // the least detailed pictures that show it
	conn  *conn  // the connection that it is about, nil if none

	about   MessageID // the message that it is about
	departs MessageID // the message that leaves here
	arrives MessageID // the message that arrives here
}

// nobody is the index of a peer that is not known.
const nobody = -1

// New returns an empty diagram, of a session from its first event on.
func New() *Diagram { return From(new(timeline.State)) }

// From returns an empty diagram of a session whose beginning is known as a State only: that of a recorder which had to forget the
// events before (timeline.Recorder.Snapshot). The state is not changed.
func From(keyframe *timeline.State) *Diagram {
	d := &Diagram{
		state: keyframe.Clone(),
		names: newNames(),
		open: open{
			ends:    make(map[[2]string][]*conn),
			pinging: make(map[string][]*conn),
			served:  make(map[string]servedPing),
			nonces:  make(map[nonceKey]MessageID),
			calls:   make(map[callKey]MessageID),
			holding: make(map[*conn][]MessageID),
			onLine:  make(map[string][]*conn),
		},
	}
	for _, p := range keyframe.Peers {
		d.remembered(p)
	}
	for _, l := range keyframe.Lines {
		d.lineOpened(l.Link)
	}
	for _, p := range keyframe.Peers {
		for _, c := range p.Connections {
			d.pair(d.connection(d.peer(p.Birth.Name), c.Key, trace.Object{ID: c.Key.ID, Role: c.Role, Endpoint: c.Endpoint}))
		}
	}
	return d
}

// remembered takes in a life of which only the state tells.
func (d *Diagram) remembered(p *timeline.Peer) {
	i := d.born(&p.Birth, p.Born.N)
	known := d.peers[i]
	known.tells = known.tells || len(p.Connections) > 0 || len(p.Handshakes) > 0 || p.PingsServed > 0
	known.lives[len(known.lives)-1].died = p.Ended.N
	d.narrator.observe(&timeline.Event{Kind: timeline.KindBirth, Peer: p.Birth.Name, Birth: &p.Birth})
}

// Last returns the number of the last event, 0 before the first.
func (d *Diagram) Last() uint64 { return d.state.N }

// Append adds the next event. Events must come in the order of their numbers; one that the diagram has already is ignored, so a caller
// may hand over what overlaps. The event shares its envelope with the caller, who must not change it any more.
func (d *Diagram) Append(e timeline.Event) {
	if e.N <= d.state.N {
		return
	}
	d.state.Apply(e)
	i := d.entries.add(entry{event: e, peer: nobody, far: nobody})
	switch at := d.entries.all[i]; {
	case e.Kind == timeline.KindStep && e.Step != nil && e.Peer != "":
		d.step(i)
	case e.Kind == timeline.KindBirth && e.Birth != nil:
		at.kind, at.level, at.peer = Life, Messages, d.born(e.Birth, e.N)
		d.narrator.observe(&at.event)
	case e.Kind == timeline.KindDeath && e.Death != nil:
		at.kind, at.level, at.peer = Life, Messages, d.peer(e.Peer)
		d.died(at.peer, e.Death, e.N)
	case e.Kind == timeline.KindLink && e.Link != nil:
		d.link(at, e)
	case e.Kind == timeline.KindAct && e.Act != nil:
		at.kind, at.level, at.peer = Lesson, Messages, d.actor(e.Peer, e.Act)
	case e.Kind == timeline.KindTitle:
		at.kind, at.level = Lesson, Messages
	case e.Kind == timeline.KindGap:
		at.level = Messages
		d.gap(e.N)
	default: // what the lesson says and promises
		at.kind, at.level = Lesson, Notable
	}
}

// actor returns the peer on whose lane an act is drawn: who acts, or, of what the lesson does to one peer, that one.
func (d *Diagram) actor(name string, act *timeline.Act) int {
	if name != "" {
		return d.peer(name)
	}
	if i, known := d.byName[act.Target]; known {
		return i
	}
	return nobody
}

// step finds out what a step is about. The order is: who, on which connection, which message.
func (d *Diagram) step(i int) {
	at := d.entries.all[i]
	t := at.event.Step
	at.peer = d.peer(at.event.Peer)
	d.peers[at.peer].tells = true
	at.role = laneOf(t)
	if roles := d.peers[at.peer].roles; !roles[at.role] {
		roles[at.role] = true
	}
	j := joining{d: d, i: i, t: t, peer: at.peer}
	if object, p := objectOf(t), d.state.Peer(at.event.Peer); object.Kind == trace.Connection && p != nil {
		key := timeline.ConnKey{Peer: at.event.Peer, Life: p.Life, ID: object.ID}
		j.c = d.connection(at.peer, key, object)
		j.known = d.state.Connection(key)
		d.learn(j.c, j.known, t)
		at.conn = j.c
	}
	if join := joins[t.Step]; join != nil && (j.c != nil || ofInstance[t.Step]) {
		join(&j)
	}
	j.settle()
	at.kind, at.level = d.kindOf(at), d.levelOf(at)
}

// objectOf returns the connection that a step is about, if it is about one.
func objectOf(t *trace.Event) trace.Object {
	if t.Object.Kind == trace.Connection {
		return t.Object
	}
	return t.Subject
}

// laneOf returns the goroutine on whose lane a step is drawn, "" where the catalogue does not know better than "whoever it was": drops
// and closings may happen on any goroutine, the store is everybody's, and TLS is gRPC's own business.
func laneOf(t *trace.Event) trace.Goroutine {
	role := t.Goroutine()
	if t.Object.Kind == trace.Store || t.Step == trace.ConnDrop || t.Step == trace.ConnClose || role == trace.TransportGoroutine {
		return ""
	}
	return role
}

// kindOf returns by which kind a step is filtered: that of the message that it is about, or of what it belongs to.
func (d *Diagram) kindOf(at *entry) Kind {
	for _, id := range []MessageID{at.about, at.departs, at.arrives} {
		if id != 0 {
			return d.message(id).kind
		}
	}
	return kindOfStep(at.event.Step.Step)
}

// levelOf returns in how detailed a picture a step is shown. It is decided when the step is appended and never again, so that a
// picture only ever grows at its end.
func (d *Diagram) levelOf(at *entry) Detail {
	t := at.event.Step
	switch {
	case at.departs != 0 || at.arrives != 0 || t.Step == trace.ConnDrop:
		return Messages
	case notable[t.Step] || narrate.StatusOf(t) == narrate.Failing:
		return Notable
	}
	return Everything
}

// gap makes the diagram doubt what it was waiting for: it may have happened within the gap.
func (d *Diagram) gap(n uint64) {
	for _, p := range d.peers {
		for _, c := range p.conns {
			d.untold(c.flying, n)
			c.flying = nil
		}
	}
}

// entryOf returns the index of the last entry with a number of at most n, -1 if there is none.
func (d *Diagram) entryOf(n uint64) int {
	if all := d.entries.all; len(all) > 0 && n >= all[0].event.N { // without gaps it is the how-manyth
		if i := n - all[0].event.N; i < uint64(len(all)) && all[i].event.N == n {
			return int(i)
		}
	}
	i, found := slices.BinarySearchFunc(d.entries.all, n, func(e *entry, n uint64) int { return cmp.Compare(e.event.N, n) })
	if found {
		return i
	}
	return i - 1
}

// list is a slice whose elements are made many at a time and stay where they are: it may become long, and growing copies pointers only.
type list[T any] struct {
	all   []*T
	spare []T
}

const spares = 256

// add puts v at the end and returns its index.
func (l *list[T]) add(v T) int {
	if len(l.spare) == 0 {
		l.spare = make([]T, spares)
	}
	l.spare[0] = v
	l.all = append(l.all, &l.spare[0])
	l.spare = l.spare[1:]
	return len(l.all) - 1
}
