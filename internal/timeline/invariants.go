package timeline

// The layer's invariants, watched from outside. Each is judged by what the events prove, never by what they leave open: after a gap,
// or where two reports may have been told in either order, an invariant holds until there is proof. Once broken it stays broken, and
// names the event that proved it.

import (
	"bytes"
	"fmt"

	"gossipscope/comm/trace"
)

// InvariantName names an invariant, whatever language it is explained in.
type InvariantName string

// The invariants.
const (
	// OneWriter: at most one goroutine writes a stream at a time, and each number is written once.
	OneWriter InvariantName = "one writer a stream"

	// OneStored: at most one connection a PKI-ID is in a peer's store.
	OneStored InvariantName = "one stored connection a PKI-ID"

	// NothingAfterClose: nothing is written to a connection whose writing began after it was closed, but for what is drained: by an
	// initiator that closes on purpose, and by an acceptor whose other end has ended its half.
	NothingAfterClose InvariantName = "nothing written to a closed connection"

	// NothingOnClosedChannel: nothing is sent on a channel of the layer that is closed. Sending there is a panic, so what can be seen
	// is one that came close: a reader that puts a message into msgChan after it has ended and closed it, or a message on its way to
	// a subscriber when Stop has begun to close the subscribers' channels.
	NothingOnClosedChannel InvariantName = "nothing sent on a closed channel"

	// NoneAfterStop: when Stop has returned, no goroutine of the layer runs.
	NoneAfterStop InvariantName = "no goroutine after Stop"
)

var invariants = [...]InvariantName{OneWriter, OneStored, NothingAfterClose, NothingOnClosedChannel, NoneAfterStop}

// Invariant says whether one of the invariants holds so far.
type Invariant struct {
	Name   InvariantName
	Holds  bool
	Broken Mark   // the event that proved it broken
	Peer   string // whose layer broke it
	Why    string // what was found, in English
}

// Invariants returns all of them, in a fixed order.
func (s *State) Invariants() []Invariant {
	list := make([]Invariant, len(invariants))
	for i, name := range invariants {
		list[i] = s.broken[i]
		list[i].Name, list[i].Holds = name, !list[i].Broken.Set()
	}
	return list
}

func (f *folding) breaks(name InvariantName, format string, args ...any) {
	for i := range invariants {
		if invariants[i] == name && !f.s.broken[i].Broken.Set() {
			f.s.broken[i] = Invariant{Broken: f.mark, Peer: f.p.Birth.Name, Why: fmt.Sprintf(format, args...)}
		}
	}
}

// oneWriter is told, at each write, whether another one is still under way or did the same before.
func (f *folding) oneWriter(broken bool) {
	if broken {
		f.breaks(OneWriter, "connection %d of %s: %s of message %d while another write is under way or after it was written",
			f.c.Key.ID, f.c.Key.Peer, f.t.Step, f.t.Number)
	}
}

// doubledStored are two connections that are in the store under one PKI-ID, at the moment at which the second was stored. The layer
// reports what gave way in the same critical section, before or after: so it is a breach only if the store goes on to something
// else, or if the peer stops.
type doubledStored struct {
	ids  [2]uint64
	seen bool
}

func (f *folding) oneStored() {
	f.stillDoubled()
	if f.c == nil || !f.c.Stored {
		return
	}
	for _, other := range f.p.Connections {
		if other != f.c && other.Stored && !other.blind && bytes.Equal(other.PKIID, f.c.PKIID) {
			f.p.doubt = doubledStored{ids: [2]uint64{other.Key.ID, f.c.Key.ID}, seen: true}
		}
	}
}

// stillDoubled is called at the next step of the store.
func (f *folding) stillDoubled() {
	d := f.p.doubt
	f.p.doubt = doubledStored{}
	if !d.seen {
		return
	}
	a, b := f.p.Connection(d.ids[0]), f.p.Connection(d.ids[1])
	if a != nil && b != nil && a.Stored && b.Stored {
		f.breaks(OneStored, "%s stores connections %d and %d under the same PKI-ID", f.p.Birth.Name, d.ids[0], d.ids[1])
	}
}

// sentAfterClose looks for writes that began after the close. An initiator that closed on purpose may empty its queue first, which
// shows when its writer then half-closes (conn.drain); so there the verdict waits for the writer's end. A last write that failed
// explains the missing half-close. An acceptor cannot half-close, but while its handler has not returned it can still write, and it may
// if it was closed because the other end has nothing more to say.
func (f *folding) sentAfterClose() {
	c := f.c
	if c.Role == trace.Acceptor && c.Received.Passed() && c.Received.N < c.Close.N {
		return
	}
	if c.closedAt == 0 || c.drained || (c.Role == trace.Initiator && !c.writerGone()) {
		return
	}
	var late *Message
	for i := len(c.out.left) - 1; i >= 0 && c.out.left[i].seq > c.closedAt; i-- {
		m := c.out.left[i]
		if m.Number > 1 && m.Drop.Set() && c.Role == trace.Initiator {
			return
		}
		if m.Taken.Set() && m.Marks[Written].Set() {
			late = m
		}
	}
	if late != nil {
		f.breaks(NothingAfterClose, "connection %d of %s: message %d was written after the close", c.Key.ID, c.Key.Peer, late.Number)
	}
}

// sentOnClosedMsgChan is asked when a message was put into msgChan.
func (f *folding) sentOnClosedMsgChan() {
	if f.known && f.c != nil && f.c.readerEnd != 0 && f.t.Seq > f.c.readerEnd {
		f.breaks(NothingOnClosedChannel, "connection %d of %s: message %d was put into msgChan after its reader had ended",
			f.c.Key.ID, f.c.Key.Peer, f.t.Number)
	}
}

// sentOnClosedSubscription is asked when a message goes to a subscriber.
func (f *folding) sentOnClosedSubscription() {
	if f.p.subscribersEnd != 0 && f.t.Object.Kind == trace.Instance && f.t.Seq > f.p.subscribersEnd {
		f.breaks(NothingOnClosedChannel, "%s reached %s when the channels of subscribers were being closed", f.p.Birth.Name, f.t.Step)
	}
}

// noneAfterStop looks for goroutines that Stop should have waited for.
func (f *folding) noneAfterStop() {
	f.stillDoubled()
	for _, c := range f.p.Connections {
		for _, g := range c.Goroutines {
			if g.Alive && !c.blind && g.Role != trace.CallerGoroutine {
				f.breaks(NoneAfterStop, "%s of connection %d of %s is still at %s", g.Role, c.Key.ID, c.Key.Peer, g.At)
			}
		}
	}
}

// stillAfterStop is asked at every step. Callers are not the layer's, and gRPC's own goroutines belong to a server that may be the
// caller's.
func (f *folding) stillAfterStop() {
	if !f.p.Stopped.Set() || f.t.Step == trace.StopDone || f.role == trace.CallerGoroutine || f.role == trace.TransportGoroutine ||
		f.t.Object.Kind != trace.Connection || f.t.Step == trace.ConnDrop || f.t.Step == trace.ConnClose {
		return
	}
	f.breaks(NoneAfterStop, "%s of connection %d of %s reached %s", f.role, f.t.Object.ID, f.p.Birth.Name, f.t.Step)
}
