package sequence

// Which message a step is about. Of the messages of a stream the timeline knows it: after each step, the message that the step touched
// bears its number in one of its marks, and its other marks are the steps that were about it before. So a message is recognised by
// its own past, from its enqueue to the subscriber's hand. Only two things are joined here: the number that a message has on its stream
// joins its write to its read at the other end, and the nonce joins an acknowledgement to what it acknowledges.

import (
	"bytes"
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// joining is one step on its way into a diagram.
type joining struct {
	d     *Diagram
	i     int // of its entry
	t     *trace.Event
	peer  int
	c     *conn                // the connection that it is about, nil if none
	known *timeline.Connection // the same as the timeline has it, nil if it was forgotten
}

// joins says for each step which message it is about; a step without an entry is about none.
var joins map[trace.Step]func(*joining)

// ofInstance are the steps among them that are about a message and no connection. For the others one has to be named.
var ofInstance = map[trace.Step]bool{trace.PingServed: true, trace.AckSubscribe: true, trace.AckResult: true, trace.AckDone: true}

func init() { // not a literal above: the functions lead back to the table through step
	joins = map[trace.Step]func(*joining){
		trace.PingSend:      (*joining).pingSend,
		trace.PingServed:    (*joining).pingServed,
		trace.PingAnswered:  (*joining).pingAnswered,
		trace.StreamOpen:    (*joining).streamOpen,
		trace.StreamOpened:  (*joining).streamOpened,
		trace.StreamArrived: (*joining).streamArrived,

		trace.AuthSend:      (*joining).take,
		trace.AuthSent:      (*joining).sent,
		trace.AuthReceived:  (*joining).received,
		trace.AuthDecode:    (*joining).ofHello,
		trace.AuthType:      (*joining).ofHello,
		trace.AuthPKIID:     (*joining).ofHello,
		trace.AuthIdentity:  (*joining).ofHello,
		trace.AuthCertHash:  (*joining).ofHello,
		trace.AuthSignature: (*joining).ofHello,
		trace.AuthExpected:  (*joining).ofHello,
		trace.AuthProbe:     (*joining).ofHello,
		trace.AuthRefuse:    (*joining).refuse,
		trace.AuthVerdict:   (*joining).verdict,

		trace.StoreHandover: (*joining).handover,
		trace.ConnEnqueue:   (*joining).enqueue,
		trace.ConnDrop:      (*joining).drop,
		trace.ConnWrite:     (*joining).take,
		trace.ConnWritten:   (*joining).sent,
		trace.ConnReceived:  (*joining).received,
		trace.ConnQueued:    (*joining).ofArrived,
		trace.ConnHandle:    (*joining).handle,
		trace.ConnReaderEnd: (*joining).readerEnd,
		trace.ConnDrain:     (*joining).ending,
		trace.ConnServeEnd:  (*joining).ending,
		trace.ConnClose:     (*joining).closing,

		trace.AckSubscribe: (*joining).ackSubscribe,
		trace.AckRespond:   (*joining).ackRespond,
		trace.AckPublish:   (*joining).ofArrived,
		trace.AckResult:    (*joining).ackResult,
		trace.AckDone:      (*joining).ackDone,

		trace.DemuxDeliver:   (*joining).ofServing,
		trace.DemuxDelivered: (*joining).ofServing,
		trace.DemuxUnclaimed: (*joining).ofServing,
		trace.AcceptHand:     (*joining).ofArrived,
	}
}

func (j *joining) at() *entry { return j.d.entries.all[j.i] }
func (j *joining) n() uint64  { return j.at().event.N }

// settle looks whether the step has brought a connection to its end: nothing will arrive there any more.
func (j *joining) settle() {
	if j.c != nil && !j.c.over && j.known != nil && j.known.Phase == timeline.PhaseClosed {
		j.c.over = true
		j.d.endOfReading(j.c, j.n(), j.d.reasonOf(j.known, j.t))
	}
}

// outgoing returns the message on its way out that the step has touched, nil if there is none.
func (j *joining) outgoing() *timeline.Message {
	if j.known == nil {
		return nil
	}
	return j.known.OutgoingAt(j.n())
}

// incoming returns the message on its way in that the step has touched, or, since not every step leaves a mark, the latest with the
// same bytes.
func (j *joining) incoming() *timeline.Message {
	if j.known == nil {
		return nil
	}
	if m := j.known.IncomingAt(j.n()); m != nil {
		return m
	}
	for _, m := range slices.Backward(j.known.Incoming()) {
		if sameEnvelope(m.Envelope, j.t.Envelope) {
			return m
		}
	}
	return nil
}

// recognise returns the message that m is by what was told of it before, 0 if this is the first of it.
func (j *joining) recognise(m *timeline.Message) MessageID {
	for _, n := range m.Events() {
		if n == 0 || n == j.n() {
			continue
		}
		if k := j.d.entryOf(n); k >= 0 && j.d.entries.all[k].event.N == n && j.d.entries.all[k].about != 0 {
			return j.d.Same(j.d.entries.all[k].about)
		}
	}
	return 0
}

// leaving is the message on its way out that the step is about. It is made known if it was not. After a write the number is enough:
// nothing else has it on this stream.
func (j *joining) leaving() MessageID {
	if id := j.c.out[j.t.Number]; id != 0 && j.t.Step == trace.ConnWritten {
		j.at().about = j.d.Same(id)
		return j.at().about
	}
	m := j.outgoing()
	if m == nil {
		return 0
	}
	id := j.recognise(m)
	if id == 0 {
		id = j.expected(m)
	}
	if id == 0 {
		id = j.d.newMessage(message{kind: Kind(m.Kind), nonce: m.Nonce, from: j.peer, to: j.c.other})
	}
	known := j.d.message(id)
	known.kind, known.nonce, known.conn, known.to = Kind(m.Kind), m.Nonce, j.c, j.c.other
	if m.Envelope != nil {
		known.envelope = m.Envelope
	}
	if known.number == 0 {
		known.number = m.Number
	}
	j.d.remember(id)
	j.at().about = id
	return id
}

// expected returns what was announced before it was enqueued: an answer, a message that waits for its acknowledgement, or one that
// another connection has handed over.
func (j *joining) expected(m *timeline.Message) MessageID {
	for k, id := range j.d.holding[j.c] {
		if sameEnvelope(j.d.message(id).envelope, m.Envelope) {
			j.d.holding[j.c] = slices.Delete(j.d.holding[j.c], k, k+1)
			return id
		}
	}
	if id := j.d.nonces[nonceKey{j.peer, j.c.other, m.Nonce}]; id != 0 && m.Kind == timeline.DataMessage && j.d.message(id).conn == nil {
		return id
	}
	return 0
}

// remember makes a data message known under its nonce, and joins an acknowledgement to the message that has it.
func (d *Diagram) remember(id MessageID) {
	m := d.message(id)
	switch {
	case m.nonce == 0:
	case m.kind == Data:
		d.nonces[nonceKey{m.from, m.to, m.nonce}] = d.Same(id)
		d.calls[callKey{m.from, m.nonce}] = d.Same(id)
	case m.kind == Ack && m.root == 0:
		m.root = d.nonces[nonceKey{m.to, m.from, m.nonce}]
	}
}

func (j *joining) enqueue() { j.leaving() }

// take is the gate before a write: from here on the message has its number on the stream.
func (j *joining) take() {
	id := j.leaving()
	if id == 0 {
		return
	}
	m := j.d.message(id)
	m.taken = j.i
	if m.kind == Unreadable && j.t.Step == trace.AuthSend {
		m.kind = Handshake
	}
	m.number = max(m.number, j.t.Number)
	j.register(id)
}

// register makes a message findable for the end at which it arrives, or joins it if it has arrived before this was told.
func (j *joining) register(id MessageID) {
	m := j.d.message(id)
	if m.number == 0 || m.arrives >= 0 {
		return
	}
	if other := j.c.opposite; other != nil && other.in[m.number] != 0 {
		j.d.sameMessage(id, other.in[m.number])
		delete(other.in, m.number)
		return
	}
	j.c.out[m.number] = id
}

// sent is the report after a write.
func (j *joining) sent() {
	id := j.leaving()
	if id == 0 {
		return
	}
	j.d.depart(id, j.i)
	if j.t.Err != nil {
		j.d.lose(id, j.n(), j.d.reasonOf(j.known, j.t))
	}
	if m := j.d.message(id); m.taken < 0 {
		m.number = max(m.number, j.t.Number)
		j.register(id)
	}
	if j.t.Step == trace.AuthSent {
		j.d.pair(j.c)
	}
}

// drop is the end of a message on this side: on its way out it does not leave, or on its way in it has arrived and comes no further.
func (j *joining) drop() {
	if queue := j.t.Queue.Name; queue == "msgChan" || queue == "subscription" {
		j.ofArrived()
		return
	}
	id := j.leaving()
	if id == 0 {
		return
	}
	j.d.depart(id, j.i)
	j.d.lose(id, j.n(), j.d.reasonOf(nil, j.t))
}

// handover makes the messages of a queue known to the connection that takes them: it will tell of each by an enqueue of its own.
func (j *joining) handover() {
	heir := j.d.conns[timeline.ConnKey{Peer: j.c.key.Peer, Life: j.c.key.Life, ID: j.t.Subject.ID}]
	if j.known == nil || heir == nil || heir == j.c {
		return
	}
	for _, m := range j.known.Outgoing() {
		if id := j.recognise(m); m.HandedOver && id != 0 {
			j.d.holding[heir] = append(j.d.holding[heir], id)
		}
	}
}

// received is the report after a read: of a message, or of the end of the stream.
func (j *joining) received() {
	if j.t.Step == trace.AuthReceived {
		j.d.pair(j.c) // the first message of each end may show that the two do not belong together
	}
	if j.t.Envelope == nil {
		j.streamEnds()
		return
	}
	id := j.sender()
	if id == 0 {
		return
	}
	j.at().about = id
	j.d.arrive(id, j.i)
	j.c.read, j.c.readNumber = id, j.t.Number
	if j.t.Step == trace.AuthReceived {
		j.c.hello = id
	}
}

// sender finds what arrives here among what left at the other end, by its number. If nothing is known of it there, it begins here.
func (j *joining) sender() MessageID {
	if id := j.c.opposite.take(j.t.Number); id != 0 {
		return j.d.Same(id)
	}
	m := j.incoming()
	if m == nil {
		return 0
	}
	if id := j.c.opposite.take(m.Number); id != 0 { // an older recording, in which the timeline has counted
		return j.d.Same(id)
	}
	id := j.d.newMessage(message{kind: Kind(m.Kind), nonce: m.Nonce, number: m.Number, envelope: m.Envelope, from: j.c.other, to: j.peer})
	j.d.remember(id)
	j.c.in[m.Number] = id
	return id
}

// take returns the message that left c under a number and whose arrival was not known, 0 if there is none.
func (c *conn) take(number uint64) MessageID {
	if c == nil {
		return 0
	}
	id := c.out[number]
	delete(c.out, number)
	return id
}

// ofArrived is for steps that are about a message that arrived here before.
func (j *joining) ofArrived() {
	if j.t.Step == trace.ConnQueued && j.t.Number != 0 && j.t.Number == j.c.readNumber {
		j.at().about = j.d.Same(j.c.read)
		return
	}
	if m := j.incoming(); m != nil {
		j.at().about = j.recognise(m)
	}
}

func (j *joining) ofHello() { j.at().about = j.c.hello }

func (j *joining) handle() {
	j.ofArrived()
	j.c.serving = j.at().about
}

// ofServing is for the demultiplexer, which runs on the service of the connection and is about what that has in hand.
func (j *joining) ofServing() { j.at().about = j.c.serving }

// Acknowledgements.

// ackSubscribe is the first that is told of a message for which an acknowledgement is waited for.
func (j *joining) ackSubscribe() {
	key := nonceKey{j.peer, j.named(), nonceOf(j.t.Envelope)}
	id := j.d.nonces[key]
	if id == 0 {
		id = j.d.newMessage(message{kind: Data, nonce: key.nonce, envelope: j.t.Envelope, from: j.peer, to: key.to})
		j.d.remember(id)
	}
	j.at().about = id
}

func (j *joining) ackRespond() {
	m := message{kind: Data, envelope: j.t.Envelope, from: j.peer, to: j.c.other}
	if msg, err := j.t.Envelope.ToGossipMessage(); err == nil && msg.IsAck() {
		m.kind, m.nonce = Ack, msg.GetNonce()
	}
	id := j.d.newMessage(m)
	if m.kind == Ack {
		j.d.remember(id)
	}
	j.d.holding[j.c] = append(j.d.holding[j.c], id)
	j.at().about = id
}

func (j *joining) ackResult() {
	j.at().about = j.d.nonces[nonceKey{j.peer, j.named(), nonceOf(j.t.Envelope)}]
}

// ackDone is about a call, which may have sent to several peers; any of its messages stands for it (View.follows).
func (j *joining) ackDone() { j.at().about = j.d.calls[callKey{j.peer, nonceOf(j.t.Envelope)}] }

// named returns the peer whose PKI-ID the step names.
func (j *joining) named() int {
	if i, known := j.d.byID[string(j.t.Peer)]; known {
		return i
	}
	return nobody
}

func nonceOf(e *proto.Envelope) uint64 {
	if e == nil {
		return 0
	}
	msg, err := e.ToGossipMessage()
	if err != nil {
		return 0
	}
	return msg.GetNonce()
}

// sameEnvelope reports whether two envelopes are the same message: the same object, or, after a journey, the same bytes.
func sameEnvelope(a, b *proto.Envelope) bool {
	if a == b {
		return a != nil
	}
	return a != nil && b != nil && bytes.Equal(a.GetPayload(), b.GetPayload()) && bytes.Equal(a.GetSignature(), b.GetSignature())
}
