package sequence

// What travels besides the messages of a stream: the Ping and its answer, and the opening, refusing and ending of the stream itself.
// None of them has a number, so each is joined by what there is one of: a dial has one Ping, a stream is opened once, and each of its
// two directions ends once.

import (
	"slices"
	"strings"
)

// The words by which the layer says that an end was the other one's doing. Errors are kept as words in a recording; a test holds these
// against the sentinels of package comm.
const (
	refusedWords  = "refused by the remote peer"
	otherEndWords = "closed by the other side"
)

// servedPing is a Ping that somebody has answered, and the answer.
type servedPing struct{ ping, pong MessageID }

// signal makes a signal known that leaves j's peer.
func (j *joining) signal(s signal, kind Kind, to int) MessageID {
	return j.d.newMessage(message{kind: kind, signal: s, from: j.peer, to: to, conn: j.c})
}

// pingSend is a gate, and nothing tells of the Ping again before it is served: so its arrow begins here, as one that is about to.
func (j *joining) pingSend() {
	j.c.ping = j.signal(pingSignal, Ping, j.c.other)
	j.at().about = j.c.ping
	j.d.depart(j.c.ping, j.i)
	j.d.pinging[j.c.endpoint] = append(j.d.pinging[j.c.endpoint], j.c)
}

// pingServed has the address from which the Ping came, and the line from there tells who sent it. If he has one Ping on the way to this
// endpoint, it is this. If he has several, the answers will tell.
func (j *joining) pingServed() {
	d := j.d
	dialler := d.diallerOf(j.t.Remote)
	var from []*conn
	for _, c := range d.pinging[j.t.Local] {
		if c.peer == dialler && d.message(c.ping).arrives < 0 {
			from = append(from, c)
		}
	}
	var both servedPing
	if len(from) == 1 {
		both.ping = from[0].ping
	} else {
		both.ping = d.newMessage(message{kind: Ping, signal: pingSignal, from: dialler, to: j.peer})
	}
	d.arrive(both.ping, j.i)
	both.pong = d.newMessage(message{kind: Ping, signal: pongSignal, from: j.peer, to: dialler, root: both.ping})
	d.depart(both.pong, j.i)
	if len(from) == 1 {
		from[0].pong = both.pong
	}
	j.at().about = both.ping
	d.served[j.t.Remote] = both
}

func (j *joining) pingAnswered() {
	d, c := j.d, j.c
	d.pinging[c.endpoint] = slices.DeleteFunc(d.pinging[c.endpoint], func(other *conn) bool { return other == c })
	both, served := d.served[j.t.Local]
	switch delete(d.served, j.t.Local); {
	case c.ping == 0:
	case j.t.Err != nil && strings.Contains(j.t.Err.Error(), refusedWords):
		j.answered(refusalSignal) // without being served: the layer there lets nobody in
	case j.t.Err != nil:
		why := d.reasonOf(nil, j.t)
		d.lose(c.ping, j.n(), why)
		d.lose(c.pong, j.n(), why)
		j.at().about = c.ping
	case served:
		if d.message(both.ping).departs < 0 {
			d.sameMessage(c.ping, both.ping)
		}
		d.arrive(both.pong, j.i)
		j.at().about = both.pong
	default:
		// Answered by somebody who tells nothing: none of the session's peers, or its telling is missing.
		c.mute = d.state.Missing == 0
		j.answered(pongSignal)
	}
}

// answered is for an answer of which only he tells who gets it: so the Ping has arrived, but when, nobody says.
func (j *joining) answered(by signal) {
	j.d.untold([]MessageID{j.c.ping}, j.n())
	answer := j.d.newMessage(message{kind: Ping, signal: by, from: j.c.other, to: j.peer, root: j.c.ping})
	j.d.arrive(answer, j.i)
	j.at().about = answer
}

func (j *joining) streamOpen() {
	j.c.openGate = j.i
	j.d.pair(j.c)
}

func (j *joining) streamOpened() {
	j.d.pair(j.c)
	if j.t.Err != nil {
		return
	}
	if j.c.opened == 0 {
		j.c.opened = j.signal(openSignal, Connection, j.c.other)
	}
	j.at().about = j.c.opened
	j.d.depart(j.c.opened, j.i)
}

func (j *joining) streamArrived() {
	d := j.d
	d.pair(j.c)
	var id MessageID
	switch other := j.c.opposite; {
	case other != nil && other.opened != 0:
		id = other.opened
	case other != nil: // that it was opened is told after it has arrived
		id = d.newMessage(message{kind: Connection, signal: openSignal, from: other.peer, to: j.peer, conn: other})
		d.message(id).taken = other.openGate
		other.opened = id
	default:
		id = d.newMessage(message{kind: Connection, signal: openSignal, from: j.c.other, to: j.peer})
	}
	d.arrive(id, j.i)
	j.at().about = id
}

// refuse is the acceptor's refusal. It answers the ConnEstablish, if one has come.
func (j *joining) refuse() {
	id := j.signal(refusalSignal, Handshake, j.c.other)
	m := j.d.message(id)
	m.root = j.d.rootOf(j.c.hello)
	j.c.refusal = id
	j.at().about = id
	j.d.depart(id, j.i)
	if j.c.opposite == nil {
		j.d.untold([]MessageID{id}, j.n())
	}
}

// refused notes that a refusal has arrived, if that is what the step tells, and reports whether it is.
func (j *joining) refused() bool {
	if j.t.Err == nil || !strings.Contains(j.t.Err.Error(), refusedWords) {
		return false
	}
	id := MessageID(0)
	if other := j.c.opposite; other != nil {
		id = other.refusal
	} else if j.d.silent(j.c) {
		id = j.d.newMessage(message{kind: Handshake, signal: refusalSignal, from: j.c.other, to: j.peer})
	}
	if id == 0 || j.d.message(id).arrives >= 0 {
		return false
	}
	j.d.arrive(id, j.i)
	j.at().about = id
	return true
}

// streamEnds is the end of a stream for the one who reads it.
func (j *joining) streamEnds() {
	if !j.refused() && j.t.Err == nil && strings.Contains(j.t.Detail, otherEndWords) {
		j.ended(func(c *conn) int { return c.ending })
	}
	j.d.endOfReading(j.c, j.n(), j.d.reasonOf(j.known, j.t))
}

// verdict is how the initiator of a handshake learns of the acceptor's decision: by a refusal, or by the end of a stream that had no
// other purpose.
func (j *joining) verdict() {
	if !j.refused() && j.t.Err == nil {
		j.ended(func(c *conn) int { return c.closing })
	}
}

// ended draws the end of the other end's half of the stream, from where the other end has told of it.
func (j *joining) ended(where func(*conn) int) {
	other := j.c.opposite
	if other == nil || where(other) < 0 {
		return
	}
	id := j.d.newMessage(message{kind: Connection, signal: endSignal, from: other.peer, to: j.peer})
	j.d.leftFrom(id, where(other))
	j.d.arrive(id, j.i)
	j.at().about = id
}

// ending is the gate before an end has nothing more to say: the half-close of the one that dialled, the return of the other's handler. A
// half-close comes before the return, and the first of them counts.
func (j *joining) ending() {
	if j.c.ending < 0 {
		j.c.ending = j.i
	}
}

func (j *joining) closing() { j.c.closing = j.i }

func (j *joining) readerEnd() {
	j.d.endOfReading(j.c, j.n(), j.d.reasonOf(j.known, j.t))
}
