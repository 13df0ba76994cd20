package timeline

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/proto"
)

// anyEvents draws a session that need not make sense: whatever the catalogue can say, in any order.
func anyEvents(t *rapid.T) []Event {
	n := rapid.IntRange(0, 120).Draw(t, "events")
	var events []Event
	last := uint64(0)
	for range n {
		e := anyEvent(t)
		last += max(1, e.Gap)
		e.N = last
		events = append(events, e)
	}
	return events
}

func anyEvent(t *rapid.T) Event {
	e := Event{
		At:   time.Duration(rapid.Int64Range(0, 1000).Draw(t, "at")),
		Turn: rapid.Uint64Range(0, 9).Draw(t, "turn"),
		Peer: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "peer"),
		Kind: rapid.SampledFrom([]Kind{KindStep, KindStep, KindStep, KindStep, KindStep, KindStep, KindBirth, KindDeath, KindLink, KindAct,
			KindTitle, KindSay, KindPromise, KindGap}).Draw(t, "kind"),
	}
	words := rapid.SampledFrom([]string{"", "x", "好"}).Draw(t, "words")
	switch e.Kind {
	case KindStep:
		e.Step = anyStep(t)
	case KindBirth:
		e.Birth = &Birth{Name: e.Peer, Endpoint: addressB}
	case KindDeath:
		e.Death = &Death{Cause: words}
	case KindLink:
		e.Link = &Link{Name: "A→B#" + words, Change: rapid.SampledFrom([]string{"open", "close", ""}).Draw(t, "change"), Dialer: addressA,
			Listener: addressB}
	case KindAct:
		e.Act = &Act{Verb: words, Terms: words}
	case KindTitle, KindSay:
		e.Text = &text.Text{Zh: words}
	case KindPromise:
		e.Promise = &Promise{Kept: words == ""}
	case KindGap:
		e.Gap = rapid.Uint64Range(1, 3).Draw(t, "gap")
	}
	return e
}

var someEnvelopes = []*proto.Envelope{nil, hello("A"), hello("B"), data(1, "x"), data(2, "y"), ack(1, ""), ack(2, "no"), {Payload: []byte{255}}}

func anyStep(t *rapid.T) *trace.Event {
	info := rapid.SampledFrom(trace.Catalogue).Draw(t, "step")
	role := rapid.SampledFrom([]trace.Role{trace.Initiator, trace.Acceptor}).Draw(t, "role")
	id := rapid.Uint64Range(1, 4).Draw(t, "id")
	conn := trace.Object{Kind: trace.Connection, ID: id, Role: role, Purpose: trace.ForMessages, Endpoint: addressB}
	object := rapid.SampledFrom([]trace.Object{conn, conn, conn, theStore, theInstance}).Draw(t, "object")
	e := &trace.Event{
		Step: info.Step, Object: object, Gate: info.Gate,
		Seq:      rapid.Uint64Range(0, 40).Draw(t, "seq"),
		Number:   rapid.Uint64Range(0, 5).Draw(t, "number"),
		Peer:     rapid.SampledFrom([][]byte{nil, []byte("A"), []byte("B")}).Draw(t, "id"),
		Envelope: rapid.SampledFrom(someEnvelopes).Draw(t, "envelope"),
		Err:      rapid.SampledFrom([]error{nil, nil, errors.New("failed")}).Draw(t, "error"),
		Queue:    rapid.SampledFrom([]trace.Queue{{}, outBuff(3), outBuff(20), {Name: "msgChan", Len: 1, Cap: 2}}).Draw(t, "queue"),
		Detail:   rapid.SampledFrom([]string{"", overflow}).Draw(t, "detail"),
	}
	if rapid.Bool().Draw(t, "addresses") {
		e.Local, e.Remote = addressA, addressB
		if role == trace.Acceptor {
			e.Local, e.Remote = addressB, addressA
		}
	}
	if object.Kind != trace.Connection && rapid.Bool().Draw(t, "subject") {
		e.Subject = conn
	}
	return e
}

func TestFoldingAtOnceAndOneByOneAreTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := anyEvents(rt)
		type kept struct {
			upTo  int
			state State
		}
		var clones []kept
		var s State
		for i, e := range events {
			s.Apply(e)
			switch rapid.IntRange(0, 9).Draw(rt, "clone") {
			case 0:
				clones = append(clones, kept{i + 1, s.Clone()})
			case 1: // go on with the clone, keep the original
				clone := s.Clone()
				clones = append(clones, kept{i + 1, s})
				s = clone
			}
		}
		mustBeSame(t, "the end", Fold(events), s)
		for _, c := range clones {
			mustBeSame(t, "a clone", Fold(events[:c.upTo]), c.state)
		}
	})
}

func TestTheMessageOfAnEventIsFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := Fold(anyEvents(rt))
		for _, p := range s.Peers {
			for _, c := range p.Connections {
				for n := uint64(1); n <= s.N; n++ {
					of := func(m *Message) bool {
						events := m.Events()
						return slices.Contains(events[:], n)
					}
					out, in := slices.Concat(c.Outgoing(), c.Overflowed()), c.Incoming()
					if m := c.OutgoingAt(n); slices.ContainsFunc(out, of) != (m != nil && of(m) && slices.Contains(out, m)) {
						rt.Fatalf("event %d: %+v on its way out", n, m)
					}
					if m := c.IncomingAt(n); slices.ContainsFunc(in, of) != (m != nil && of(m) && slices.Contains(in, m)) {
						rt.Fatalf("event %d: %+v on its way in", n, m)
					}
				}
			}
		}
	})
}

func TestWhatAStateSaysIsAlwaysInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := Fold(anyEvents(rt))
		ends := 0
		for _, st := range s.Streams() {
			ends += len(st.Ends())
			for _, list := range [][]*Message{st.Forward(), st.Backward()} {
				if slices.Contains(list, nil) {
					rt.Fatal("a message that is nil")
				}
			}
		}
		connections := 0
		for _, p := range s.Peers {
			connections += len(p.Connections)
			if !slices.IsSortedFunc(p.Connections, func(a, b *Connection) int { return compare(a.Key.ID, b.Key.ID) }) {
				rt.Fatal("connections are not in order")
			}
			for _, c := range p.Connections {
				for _, m := range c.in.list {
					over := m.Delivered.Set() && m.Handed.Set()
					if !m.Marks[Handled].Set() && m.Number < c.in.open || !(m.Marks[Handled].Set() && over) && m.Number < c.in.unserved {
						rt.Fatalf("message %d is not over, but passed over: %d, %d", m.Number, c.in.open, c.in.unserved)
					}
				}
				if c.out.early < 0 || !slices.IsSortedFunc(c.out.waiting, func(a, b *Message) int { return compare(a.seq, b.seq) }) {
					rt.Fatal("the queue is not in order")
				}
			}
		}
		if ends != connections {
			rt.Fatalf("%d connections are %d ends of streams", connections, ends)
		}
	})
}

// traffic returns a session that has connected, and its further events, without end: messages from A to B, as they come from a stream
// that loses nothing.
func traffic() (setup []Event, next func() Event) {
	s, a, b := established()
	s.tell("B", theInstance, trace.DemuxAdd, trace.Event{})
	n := len(s.events)
	const round = 1000
	for number := uint64(2); number < 2+round; number++ {
		m := data(number, "x")
		s.tell("A", a, trace.AckRespond, trace.Event{Envelope: m})
		s.send("A", a, number, m).receive("B", b, number, m)
		arrived := s.events[len(s.events)-1].Step.Envelope
		s.tell("B", b, trace.ConnRead, trace.Event{Number: number + 1})
		for _, step := range []trace.Step{trace.DemuxDeliver, trace.DemuxDelivered, trace.AcceptHand} {
			s.tell("B", theInstance, step, trace.Event{Number: 1, Envelope: arrived, Subject: b})
		}
	}
	setup, events := s.events[:n], s.events[n:]
	i, shift := 0, uint64(0)
	return setup, func() Event {
		if i == len(events) {
			i, shift = 0, round
		}
		e := events[i]
		i++
		if e.Step.Number != 0 && e.Step.Object.Kind == trace.Connection {
			e.Step.Number += shift // in place: whoever keeps the events has forgotten the one of the round before
		}
		e.Step.Seq += 5 * shift // no object has more steps of one message
		return e
	}
}

func BenchmarkApply(b *testing.B) {
	setup, next := traffic()
	state := Fold(setup)
	b.ReportAllocs()
	for b.Loop() {
		state.Apply(next())
	}
	for _, inv := range state.Invariants() {
		if !inv.Holds {
			b.Error(inv)
		}
	}
}
