package lab

// The scenarios of TestInterleavings. Each is told from its beginning: which peers there are, who does what at the same time, and what
// must hold in the end. What must hold of every run whatever it does, world.close checks (interleavings_test.go).

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

// traffic is what one peer sends to another: messages PREFIX 1 … PREFIX n.
type traffic struct {
	from, to *guest
	remote   *comm.RemotePeer // to, as far as from knows him
	prefix   string
}

func trafficTo(from, to *guest) traffic {
	return traffic{from, to, to.Remote(), from.Name + " to " + to.Name}
}

// blindly makes it traffic of which from knows only where to is, not who.
func (y traffic) blindly() traffic {
	y.remote = &comm.RemotePeer{Endpoint: y.to.Endpoint}
	y.prefix = "blindly " + y.prefix
	return y
}

// simultaneousDial: peers that have no connection yet send to each other at the same time. Whoever wins, one connection remains for
// each pair, both ends agree on it, and nothing that was accepted is lost (contract S2).
func simultaneousDial(w *world) {
	a, b := w.guest("A"), w.guest("B")
	ab, ba := trafficTo(a, b), trafficTo(b, a)
	ways := []traffic{ab, ba}
	pairs := [][2]*guest{{a, b}}
	n := 1 + w.random.IntN(4)
	acks := false
	switch w.random.IntN(8) {
	case 0: // a triangle
		c := w.guest("C")
		ways = append(ways, trafficTo(b, c), trafficTo(c, b), trafficTo(a, c), trafficTo(c, a))
		pairs = append(pairs, [2]*guest{b, c}, [2]*guest{a, c})
	case 1: // one knows only where the other is
		ways = []traffic{ab.blindly(), ba}
	case 2: // or the other one does
		ways = []traffic{ab, ba.blindly()}
	case 3: // neither knows more
		ways = []traffic{ab.blindly(), ba.blindly()}
	case 4: // one sends both ways
		ways = []traffic{ab, ab.blindly(), ba}
	case 5: // they go on for so long that they send during the dials, during the verdict, and afterwards
		n = 15
	case 6: // each waits for an acknowledgement
		acks = true
	}
	for _, y := range ways {
		w.actor(y.prefix, func() { y.from.sendMany(y.prefix, n, y.remote) })
		if acks {
			w.actor(y.prefix+", with ack", func() { w.acknowledged(y) })
		}
	}
	w.wait()
	w.rest()
	for _, pair := range pairs {
		w.agree(pair[0], pair[1])
		w.works(pair[0], pair[1])
		w.agree(pair[0], pair[1])
	}
	for _, y := range ways {
		w.allArrive(y.to, y.prefix, n)
	}
	w.nobodyDied()
}

// acknowledged checks that a message that is sent with an acknowledgement gets it.
func (w *world) acknowledged(y traffic) {
	w.turn(y.from.Name, "sends with ack")
	results := y.from.Comm.SendWithAck(data("acked "+y.prefix), 20*time.Second, 1, y.remote)
	if len(results) != 1 || results[0].Unwrap() != nil {
		w.broke("%s, with ack: %v", y.prefix, results)
	}
}

// dialBesideTimeouts: like simultaneousDial, but every timeout of the layer may run out in the middle of it. Then dials fail and peers are
// presumed dead; yet every message is accounted for, and afterwards the two can talk.
func dialBesideTimeouts(w *world) {
	a, b := w.guest("A"), w.guest("B")
	n := 1 + w.random.IntN(3)
	w.actor("A to B", func() { a.sendMany("A to B", n, b.Remote()) })
	w.actor("B to A", func() { b.sendMany("B to A", n, a.Remote()) })
	jumps := 1 + w.random.IntN(4)
	w.actor("lets time pass", func() {
		for i := range jumps {
			w.timePasses(fmt.Sprintf("time passes %d", i+1))
		}
	})
	w.wait()
	w.rest()
	w.accounted(a, b, true)
	w.accounted(b, a, true)
	w.works(a, b)
	w.agree(a, b)
	w.rest()
	if left := w.timeouts(); left > 0 {
		w.broke("%d timers are left", left)
	}
}

// reconnectDuringTeardown: one closes the connection and sends again at once, while the other is sending. In the end there is a fresh
// connection that works both ways: the end of the old stream has not taken its successor with it (contract S1).
func reconnectDuringTeardown(w *world) {
	a, b := w.guest("A"), w.guest("B")
	if w.random.IntN(2) == 0 {
		w.meet(a, b)
	} else {
		w.meet(b, a)
	}
	before, after, back := w.random.IntN(4), 1+w.random.IntN(3), w.random.IntN(4)
	w.actor("A closes", func() {
		a.sendMany("ask before", before, b.Remote())
		a.closeConn(b, "closes")
		a.sendMany("after", after, b.Remote())
	})
	w.actor("B sends", func() { b.sendMany("back", back, a.Remote()) })
	w.wait()
	w.rest()
	w.agree(a, b)
	w.works(a, b)
	w.agree(a, b)
	w.drained(a)
	w.nobodyDied()
}

// restartDuringSend: a peer stops, or is killed, and comes back under the same name, while another sends to it, and sends to that one at
// once. It is never locked out by what the other still believes of its former life, even if that one has not noticed yet, because its
// reader is held.
func restartDuringSend(w *world) {
	a, b := w.guest("A"), w.guest("B")
	met := w.random.IntN(4)
	var unnoticed *Hold
	switch met {
	case 1:
		w.meet(b, a)
	case 2:
		w.meet(a, b)
	case 3:
		unnoticed = w.lab.Hold("A", trace.ConnRead, func(e trace.Event) bool { return e.Object.ID == 1 })
		w.meet(a, b)
	}
	w.rest() // a connection that is younger than a connection timeout would be taken for a rival of what comes
	w.killed = w.random.IntN(2) == 0
	n := 1 + w.random.IntN(4)
	w.actor("A to B", func() { a.sendMany("A to B", n, b.Remote()) })
	w.actor("restarts", func() {
		b.sendMany("B to A", w.random.IntN(2), a.Remote())
		w.turn("B", "ends")
		if w.killed {
			b.Kill()
		} else {
			b.Stop()
		}
		w.turn("B", "comes back")
		p, err := w.lab.Restart(b.Peer)
		if err != nil {
			w.broke("B did not come back: %v", err)
			return
		}
		b = w.host(p)
		b.sendMany("again from B", n, a.Remote())
	})
	w.wait()
	if met > 0 {
		w.atRest()
		w.agree(a, b)
	}
	if unnoticed != nil {
		unnoticed.Release()
	}
	w.rest()
	w.allArrive(a, "again from B", n)
	w.works(a, b)
	w.agree(a, b)
}

// stopDuringEverything: Stop comes while each of the other methods is under way, and a stranger dials. Stop returns, every call does,
// and nothing of the peer runs afterwards (contracts S12, S13).
func stopDuringEverything(w *world) {
	a, b, c := w.guest("A"), w.guest("B"), w.guest("C")
	if w.random.IntN(2) == 0 {
		w.meet(a, b)
	} else {
		w.meet(b, a)
	}
	w.actor("sends", func() { a.sendMany("A to B", 3, b.Remote()) })
	w.actor("sends, dialling", func() { a.sendMany("A to C", 2, c.Remote()) })
	w.actor("is sent to", func() { b.sendMany("ask", 2, a.Remote()) })
	w.actor("is dialled", func() { c.sendMany("C to A", 2, a.Remote()) })
	w.actor("wants an ack", func() {
		w.turn("A", "sends with ack")
		for _, result := range a.Comm.SendWithAck(data("acked"), 4*time.Second, 2, b.Remote(), c.Remote()) {
			w.only("SendWithAck", result.Unwrap(), comm.ErrStopped, comm.ErrClosed, comm.ErrAckTimeout)
		}
	})
	w.actor("shakes hands", func() {
		w.turn("A", "shakes hands")
		_, err := a.Comm.Handshake(c.Remote())
		w.only("Handshake", err, comm.ErrStopped)
	})
	w.actor("probes", func() {
		w.turn("A", "probes")
		w.only("Probe", a.Comm.Probe(b.Remote()), comm.ErrStopped)
	})
	w.actor("subscribes", func() {
		w.turn("A", "subscribes")
		a.subscribe(2)
	})
	w.actor("closes", func() { a.closeConn(b, "closes") })
	w.actor("stops", func() {
		w.turn("A", "stops")
		a.Stop()
	})
	w.wait()
	w.rest()
	if phase := w.state().Peer("A").Phase; phase != timeline.PeerDead {
		w.broke("A has stopped and is %v", phase)
	}
	for _, e := range w.events() {
		if e.Peer == "A" && e.Step != nil && e.Step.Step == trace.DeadNotice {
			w.broke("event %d: A, which stops, presumes somebody else dead", e.N)
		}
	}
	for _, other := range []*guest{b, c} {
		if n := len(storedTo(w.state(), other, a)); n != 0 {
			w.broke("%s still has %d connections to A", other.Name, n)
		}
	}
}

// acceptBesideStop: whoever subscribes before, during or after Stop gets a channel that is closed in the end (contract S14); that it is,
// world.close waits for.
func acceptBesideStop(w *world) {
	a, b := w.guest("A"), w.guest("B")
	if w.random.IntN(2) == 0 {
		w.meet(b, a)
	}
	w.actor("sends", func() { b.sendMany("B to A", 3, a.Remote()) })
	for i := range 3 {
		name := fmt.Sprintf("subscribes %d", i+2)
		w.actor(name, func() {
			w.turn("A", name)
			a.subscribe(i + 2)
		})
	}
	for i := range 2 {
		name := fmt.Sprintf("stops %d", i+1)
		w.actor(name, func() {
			w.turn("A", name)
			a.Comm.Stop()
			if state := w.state(); !state.Peer("A").Stopped.Set() {
				w.broke("%s: Stop returned before it was done", name)
			}
		})
	}
	w.wait()
	w.rest()
}

// closeBesideSend: a connection is closed, by the one end or the other, while messages are sent over it or while it is still dialled. Each
// of them is accounted for: delivered, or given up and counted; and SendWithAck says what became of its message, in time.
func closeBesideSend(w *world) {
	const timeout = 4 * time.Second
	a, b := w.guest("A"), w.guest("B")
	switch w.random.IntN(3) {
	case 0:
		w.meet(a, b)
	case 1:
		w.meet(b, a)
	}
	closer, other := a, b
	if w.random.IntN(2) == 0 {
		closer, other = b, a
	}
	n := 1 + w.random.IntN(5)
	w.actor("sends", func() { a.sendMany("A to B", n, b.Remote()) })
	w.actor("wants an ack", func() {
		w.turn("A", "sends with ack")
		start := time.Now()
		results := a.Comm.SendWithAck(data("acked"), timeout, 1, b.Remote())
		if took := time.Since(start); took > timeout {
			w.broke("SendWithAck took %v", took)
		}
		if len(results) != 1 {
			w.broke("SendWithAck gave %d results", len(results))
		}
		for _, result := range results {
			w.only("SendWithAck", result.Unwrap(), comm.ErrClosed, comm.ErrPeerClosed)
		}
	})
	w.actor("closes", func() { closer.closeConn(other, "closes") })
	w.wait()
	w.rest()
	w.accounted(a, b, closer == b)
	w.drained(a)
	w.nobodyDied()
	w.works(a, b)
	w.agree(a, b)
}

// accounted checks that each message from a to b was delivered, or given up by somebody who has counted it. Only if b has closed may one
// have been on the way, where nobody can count it.
func (w *world) accounted(a, b *guest, lostOnTheWay bool) {
	for l, f := range w.fates() {
		if l.to != b.Name || f.delivered+f.dropped+f.discarded > 0 {
			continue
		}
		if f.written == 0 || !lostOnTheWay {
			w.broke("%q from %s is neither delivered nor given up: %v", l.content, a.Name, f)
		}
	}
}

// drained checks that what g had accepted before it closed a connection that it had dialled has been delivered.
func (w *world) drained(g *guest) {
	fates := w.fates()
	accepted := make(map[uint64][]letter) // connection → messages
	serving := make(map[uint64]bool)
	for _, e := range w.events() {
		if e.Peer != g.Name || e.Step == nil || e.Step.Object.Role != trace.Initiator {
			continue
		}
		id := e.Step.Object.ID
		switch e.Step.Step {
		case trace.ConnServe:
			serving[id] = true
		case trace.ConnEnqueue:
			accepted[id] = append(accepted[id], letter{payloadOf(e.Step.Envelope), opposite(e)})
		case trace.ConnClose:
			if !serving[id] || !strings.Contains(e.Step.Detail, "closed by this side") {
				continue
			}
			for _, l := range accepted[id] {
				if f := fates[l]; f != nil && f.delivered != 1 {
					w.broke("%q was accepted before %s closed connection %d, and not delivered: %v", l.content, g.Name, id, f)
				}
			}
		}
	}
}

// ackBesideTimeout: the acknowledgements arrive around the moment at which their time is over. Each result is the one or the other, an
// acknowledgement that was taken counts, and nothing of the wait remains (contracts S5, S23).
func ackBesideTimeout(w *world) {
	const timeout = 4 * time.Second
	a, b, c := w.guest("A"), w.guest("B"), w.guest("C")
	w.meet(a, b)
	w.meet(c, a)
	remotes := []*comm.RemotePeer{b.Remote(), c.Remote()}
	minAck := w.random.IntN(3)
	w.rest() // what the two connections began with is over
	before := w.timeouts()
	var results comm.AggregatedSendResult
	w.actor("wants an ack", func() {
		w.turn("A", "sends with ack")
		results = a.Comm.SendWithAck(data("acked"), timeout, minAck, remotes...)
	})
	w.actor("sends", func() { a.sendMany("A to B", 3, b.Remote()) })
	w.actor("lets time pass", func() {
		for i := range 3 {
			w.timePasses(fmt.Sprintf("time passes %d", i+1))
		}
	})
	w.wait()
	w.atRest()
	if left := w.timeouts(); left > before {
		w.broke("%d timers are left of SendWithAck", left-before)
	}
	seen := make(map[string]bool)
	for _, result := range results {
		w.only("SendWithAck", result.Unwrap(), comm.ErrAckTimeout)
		if seen[result.Endpoint] {
			w.broke("SendWithAck has two results for %s", result.Endpoint)
		}
		seen[result.Endpoint] = true
	}
	w.rest()
	w.resultsMatch(results, minAck)
}

// resultsMatch compares what SendWithAck returned with the acknowledgements that the board has taken.
func (w *world) resultsMatch(results comm.AggregatedSendResult, minAck int) {
	taken := make(map[string]bool)
	for _, e := range w.events() {
		if e.Peer == "A" && e.Step != nil && e.Step.Step == trace.AckPublish && e.Step.Err == nil {
			taken[string(e.Step.Peer)] = true
		}
	}
	if minAck > 0 {
		for _, result := range results {
			if acked := result.Unwrap() == nil; acked != taken[string(result.PKIID)] {
				w.broke("the result of %s is %v, an acknowledgement was taken: %v", result.Endpoint, result.Unwrap(), taken[string(result.PKIID)])
			}
		}
	}
	enough := minAck > 0 && results.AckCount() >= minAck
	if len(results) != 2 && !enough {
		w.broke("SendWithAck gave %d results, %d of them good, and needed %d", len(results), results.AckCount(), cmp.Or(minAck, 2))
	}
}
