package sequence

// A message is one line of the diagram: something that leaves one peer and, if all goes well, arrives at another. Most are messages of
// a stream; a Ping, its answer, and the opening, refusing and ending of a stream are drawn alike (signals.go).
//
// What becomes of a message is noted with the number of the event that told it, so that a picture of an earlier moment shows what was
// known then, and no more.

import (
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// MessageID names a message of one diagram, from 1; 0 is none. Two IDs may turn out to name the same message (Diagram.Same).
type MessageID int

// signal is what travels, if it is no message of a stream.
type signal int

const (
	noSignal signal = iota
	pingSignal
	pongSignal
	openSignal    // the stream is opened
	refusalSignal // the acceptor ends it before it has begun, and says why
	endSignal     // an end has nothing more to say
)

type message struct {
	kind     Kind
	signal   signal
	envelope *proto.Envelope
	nonce    uint64
	number   uint64    // in its direction on its stream; 0 before it has one
	from, to int       // peers
	conn     *conn     // that it leaves from, nil if that is not known
	root     MessageID // what it answers, and follows when that is followed; 0 if nothing
	same     MessageID // another message that this one turned out to be; 0 if none

	taken      int    // entry at which the writer took it, -1 if none
	departs    int    // entry at which it left, -1 if none
	arrives    int    // entry at which it arrived, -1 if none
	departTold uint64 // the event that told from where it left
	arriveTold uint64
	lost       uint64 // the event that told that it is lost, 0 if none
	why        text.Text
	untold     uint64 // the event from which on nobody can tell what became of it, 0 if none
}

// newMessage notes a message that was not known.
func (d *Diagram) newMessage(m message) MessageID {
	m.taken, m.departs, m.arrives = -1, -1, -1
	return MessageID(d.messages.add(m) + 1)
}

// message returns what is known of a message. The ID must not be 0.
func (d *Diagram) message(id MessageID) *message { return d.messages.all[d.Same(id)-1] }

// Same returns the one ID by which a message is known that may have several; 0 for what is none of the diagram's.
func (d *Diagram) Same(id MessageID) MessageID {
	if id < 1 || int(id) > len(d.messages.all) {
		return 0
	}
	for d.messages.all[id-1].same != 0 {
		id = d.messages.all[id-1].same
	}
	return id
}

// rootOf returns the message at the beginning of the exchange that id belongs to.
func (d *Diagram) rootOf(id MessageID) MessageID {
	for id = d.Same(id); id != 0 && d.message(id).root != 0 && d.Same(d.message(id).root) != id; {
		id = d.Same(d.message(id).root)
	}
	return id
}

// MessageAt returns the message that event n is about, the one that arrives there before the one that leaves; 0 if none.
func (d *Diagram) MessageAt(n uint64) MessageID {
	i := d.entryOf(n)
	if i < 0 || d.entries.all[i].event.N != n {
		return 0
	}
	at := d.entries.all[i]
	for _, id := range []MessageID{at.about, at.arrives, at.departs} {
		if id != 0 {
			return d.Same(id)
		}
	}
	return 0
}

// sameMessage notes that what left in one place is what arrived in another, and returns its ID.
func (d *Diagram) sameMessage(left, arrived MessageID) MessageID {
	left, arrived = d.Same(left), d.Same(arrived)
	if left == arrived || left == 0 || arrived == 0 {
		return max(left, arrived)
	}
	l, a := d.messages.all[left-1], d.messages.all[arrived-1]
	l.arrives, l.arriveTold = a.arrives, max(a.arriveTold, d.state.N)
	if l.departs < 0 {
		d.leftFrom(left, l.taken)
	}
	if l.root == 0 && a.root != left {
		l.root = a.root
	}
	a.same = left
	if l.conn != nil {
		l.conn.landed(left)
	}
	d.merged++
	return left
}

// depart notes that a message leaves at entry i. If it has arrived already this was told late, and nothing leaves here.
func (d *Diagram) depart(id MessageID, i int) {
	m := d.message(id)
	if m.departs >= 0 || m.arrives >= 0 {
		return
	}
	d.leftFrom(id, i)
	if m.to == nobody || d.peers[m.to].intruder || m.conn != nil && m.conn.mute {
		m.untold = d.state.N
	}
	if m.conn == nil {
		return
	}
	if other := m.conn.opposite; other != nil && other.deaf {
		d.lose(id, d.state.N, other.why)
		return
	}
	m.conn.flying = append(m.conn.flying, d.Same(id))
}

// leftFrom puts the beginning of a message's arrow at entry i, if there is one.
func (d *Diagram) leftFrom(id MessageID, i int) {
	m := d.message(id)
	if m.departs >= 0 || i < 0 {
		return
	}
	m.departs, m.departTold = i, d.state.N
	d.entries.all[i].departs = d.Same(id)
}

// arrive notes that a message arrives at entry i. One whose departure is not told yet left where it was about to leave.
func (d *Diagram) arrive(id MessageID, i int) {
	m := d.message(id)
	d.entries.all[i].arrives = d.Same(id)
	if m.arrives >= 0 {
		return
	}
	m.arrives, m.arriveTold = i, d.state.N
	d.leftFrom(id, m.taken)
	if m.conn != nil {
		m.conn.landed(d.Same(id))
	}
}

// lose notes that a message will not arrive, unless it has.
func (d *Diagram) lose(id MessageID, n uint64, why text.Text) {
	if id == 0 {
		return
	}
	m := d.message(id)
	if m.arrives >= 0 || m.lost != 0 || m.untold != 0 {
		return
	}
	m.lost, m.why = n, why
	if m.conn != nil {
		m.conn.landed(d.Same(id))
	}
}

// untold notes that nobody will tell whether these have arrived.
func (d *Diagram) untold(ids []MessageID, n uint64) {
	for _, id := range ids {
		if m := d.message(id); m.arrives < 0 && m.lost == 0 && m.untold == 0 {
			m.untold = n
		}
	}
}

// landed takes a message off the list of those under way.
func (c *conn) landed(id MessageID) {
	if i := slices.Index(c.flying, id); i >= 0 {
		c.flying = slices.Delete(c.flying, i, i+1)
	}
}

// endOfReading notes that nothing will arrive at c any more.
func (d *Diagram) endOfReading(c *conn, n uint64, why text.Text) {
	if !c.deaf {
		c.deaf, c.why = true, why
	}
	if c.opposite == nil {
		return
	}
	for _, id := range slices.Clone(c.opposite.flying) {
		d.lose(id, n, why)
	}
}

// reasonOf returns in both languages why something ended: what a cut line says speaks for itself, else the words of the layer.
func (d *Diagram) reasonOf(known *timeline.Connection, t *trace.Event) text.Text {
	if known != nil {
		if line := d.state.LineOf(known); line != nil && line.Closed.Failed {
			return says.cut
		}
	}
	words := t.Detail
	if t.Err != nil {
		words = t.Err.Error()
	}
	if words == "" {
		return says.streamOver
	}
	return d.explain(words)
}

// explain returns words of the layer as they are, and for a reader of Chinese what they mean. In a flood the same is said of one message
// after the other, and making it fit to be shown takes longer than all the rest, so what was said last is kept.
func (d *Diagram) explain(words string) text.Text {
	if words != d.explained.words {
		shown := d.scrub(words)
		d.explained = explained{words: words, text: same(shown)}
		if zh, found := narrate.ExplainZh(shown); found {
			d.explained.text.Zh = zh + "原话：" + shown
		}
	}
	return d.explained.text
}
