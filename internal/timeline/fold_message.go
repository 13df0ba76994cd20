package timeline

// The way of a message: into the queue, out of it, over the line, into the other end's queue, and handled. And the acknowledgements
// that come back.

import (
	"bytes"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// overflow is the Detail of a conn.drop whose message was never in the queue.
const overflow = "overflow"

// foldMessage takes in a step of this file's subject, and reports whether it is one.
func (f *folding) foldMessage() bool {
	switch f.t.Step {
	case trace.ConnEnqueue:
		f.connEnqueue()
	case trace.ConnDrop:
		f.connDrop()
	case trace.ConnWrite:
		f.connWrite()
	case trace.ConnWritten:
		f.connWritten()
	case trace.ConnReceived:
		f.connReceived()
	case trace.ConnQueued:
		f.connQueued()
	case trace.ConnHandle:
		f.connHandle()
	case trace.ConnRead, trace.AckRespond: // their whole meaning is where a goroutine is
	case trace.AckSubscribe:
		f.ackSubscribe()
	case trace.AckPublish:
		f.ackPublish()
	case trace.AckResult:
		f.ackResult()
	case trace.AckDone:
		f.ackDone()
	case trace.AuthSend:
		f.authSend()
	case trace.AuthSent:
		f.authSent()
	case trace.AuthReceived:
		f.authReceived()
	case trace.AuthDecode:
		f.authDecode()
	case trace.StoreHandover:
		f.storeHandover()
	default:
		return false
	}
	return true
}

// The handshake: in each direction the first message of the stream, never in a queue.

func (f *folding) authSend() {
	if f.c == nil {
		return
	}
	f.c.advance(PhaseAuthenticating)
	f.oneWriter(f.c.helloInHand || f.c.out.inHand != 0)
	f.c.helloInHand = true
	if m := f.hello(); !m.Taken.Set() {
		m.Taken = f.mark
	}
}

func (f *folding) authSent() {
	if f.c == nil {
		return
	}
	f.c.advance(PhaseAuthenticating)
	f.c.helloInHand = false
	m := f.hello()
	m.identify(f.t.Envelope)
	if f.t.Err != nil {
		m.Drop = f.outcome()
		return
	}
	m.Marks[Written] = f.mark
	f.c.helloSent = f.t.Envelope
}

// hello returns the own ConnEstablish for a change. Its kind is known before its bytes are.
func (f *folding) hello() *Message {
	out := &f.c.out
	i := out.findLeft(1)
	if i < 0 {
		i = out.put(&Message{Number: 1, seq: f.t.Seq, Kind: HandshakeMessage, owner: out.owner})
	}
	return out.owner.changed(out.left, i)
}

func (f *folding) authReceived() {
	if f.c == nil {
		return
	}
	f.c.advance(PhaseAuthenticating)
	if f.t.Envelope == nil {
		f.c.Received = f.outcome()
		return
	}
	f.c.helloReceived = f.t.Envelope
	if m := f.c.in.at(1, f.t.Seq, f.t.Envelope); m != nil {
		m.Marks[Received] = f.mark
	}
}

// authDecode is the first look into the message: from here on it is being handled.
func (f *folding) authDecode() {
	f.authCheck()
	if f.c == nil || f.c.helloReceived == nil {
		return
	}
	if m := f.c.in.at(1, f.t.Seq, f.c.helloReceived); m != nil && !m.Marks[Handled].Set() {
		m.Marks[Handled] = f.mark
	}
}

// A message on its way out.

func (f *folding) connEnqueue() {
	if f.c == nil {
		return
	}
	m := newMessage(f.c.owner, 0, f.t.Seq, f.t.Envelope)
	m.Marks[Enqueued] = f.mark
	f.c.out.enter(m, f.c.OutBuff.Cap)
	if f.c.handedOver {
		f.handOver(f.c)
	}
}

func (f *folding) connWrite() {
	if f.c == nil {
		return
	}
	out := &f.c.out
	f.oneWriter(f.c.helloInHand || out.inHand != 0)
	number := f.t.Number
	if number == 0 {
		number = max(out.last, 1) + 1
	}
	out.inHand = number
	i := out.findLeft(number)
	if i >= 0 && out.left[i].Drop.Set() {
		// Given up in the writer's hand, so it never had a number on the stream.
		out.owner.changed(out.left, i).Number = 0
		i = -1
	}
	if i < 0 {
		i = out.leave(number, f.t.Seq, f.t.Envelope)
	}
	out.owner.changed(out.left, i).Taken = f.mark
}

func (f *folding) connWritten() {
	if f.c == nil {
		return
	}
	out := &f.c.out
	number := f.t.Number
	if number == 0 {
		number = out.inHand
	}
	i := out.findLeft(number)
	if i < 0 {
		i = out.leave(number, f.t.Seq, f.t.Envelope)
	}
	out.inHand = 0
	m := out.owner.changed(out.left, i)
	if m.Envelope == nil {
		m.identify(f.t.Envelope)
	}
	f.oneWriter(m.Marks[Written].Set() || m.writeFailed)
	if f.t.Err != nil {
		m.Drop, m.writeFailed = f.outcome(), true
		return
	}
	if m.Drop.Set() {
		// So what was given up was another message with the same bytes, one that did not fit into the queue.
		f.refuse(newMessage(f.c.owner, 0, f.t.Seq, m.Envelope), m.Drop)
		m.Drop = Outcome{}
	}
	m.Marks[Written] = f.mark
	f.sentAfterClose()
}

// connDrop finds out which message was given up: one that did not fit into the queue, the one in the writer's hand, the one whose
// write has just failed, or one that was still in the queue.
func (f *folding) connDrop() {
	if f.c == nil {
		return
	}
	c, out := f.c, &f.c.out
	c.Drops++
	ending := c.Close.Set() || c.writerGone()
	full := f.t.Queue.Cap > 0 && f.t.Queue.Len >= f.t.Queue.Cap && f.t.Queue.Name == "outBuff"
	held := f.dropInHand()
	switch {
	case f.t.Detail == overflow:
		f.refuse(newMessage(f.c.owner, 0, f.t.Seq, f.t.Envelope), f.dropped())
	case f.t.Number != 0 && out.findLeft(f.t.Number) >= 0:
		f.dropLeft(out.findLeft(f.t.Number))
	case held >= 0:
		f.dropLeft(held)
	case full && !ending:
		f.refuse(newMessage(f.c.owner, 0, f.t.Seq, f.t.Envelope), f.dropped())
	case out.findWaiting(f.t.Envelope) >= 0, ending:
		// Of a connection that ends, the queue is emptied by whoever is there, perhaps before the enqueue is told.
		f.dropLeft(out.leave(f.t.Number, f.t.Seq, f.t.Envelope))
	default:
		f.refuse(newMessage(f.c.owner, 0, f.t.Seq, f.t.Envelope), f.dropped())
	}
}

// dropInHand returns the index in left of the message that the writer holds, or has just failed to write, if it can be the one that
// the step tells of; else -1.
func (f *folding) dropInHand() int {
	out := &f.c.out
	for i := len(out.left) - 1; i >= 0; i-- {
		m := out.left[i]
		failed := m.writeFailed
		if (failed || (out.inHand != 0 && m.Number == out.inHand)) && (f.t.Envelope == nil || sameEnvelope(m.Envelope, f.t.Envelope)) {
			return i
		}
	}
	return -1
}

func (f *folding) dropLeft(i int) {
	m := f.c.out.owner.changed(f.c.out.left, i)
	if m.Number != 0 && m.Number == f.c.out.inHand {
		f.c.out.inHand = 0
	}
	m.Drop, m.writeFailed = f.dropped(), false
}

// refuse keeps a message that was dropped without having been in the queue.
func (f *folding) refuse(m *Message, why Outcome) {
	m.Drop = why
	f.c.out.refused = insertBySeq(f.c.out.refused, m)
	if len(f.c.out.refused) > keptNotices {
		f.c.out.refused = dropOldest(f.c.out.refused)
		f.c.out.forgotten++
	}
}

func (f *folding) dropped() Outcome {
	o := f.outcome()
	o.Failed = true
	return o
}

func (c *Connection) writerGone() bool {
	g, known := c.Goroutine(trace.WriterGoroutine)
	return known && g.ended
}

// storeHandover empties the queue of a dial that has given way. The Subject is the connection that stays; it tells of what it takes
// over by conn.enqueue of its own. If the step is one of a connection, that is the one that gave way. If it is one of the store, it was
// whichever dial to the same peer has something to give.
func (f *folding) storeHandover() {
	if f.known {
		f.handOver(f.c)
		return
	}
	heir := f.c
	if heir == nil {
		return
	}
	for i, c := range f.p.Connections {
		if c == heir || c.Role != trace.Initiator || c.Stored || len(c.out.waiting) == 0 || !sameDestination(c, heir, f.t.Peer) {
			continue
		}
		if c.owner != f.s.token {
			c = c.clone(f.s.token)
			f.p.Connections[i] = c
		}
		f.handOver(c)
	}
}

// handOver notes that c has given its queue away. Senders that had c in hand may still tell of messages that they put there; those go the
// same way.
func (f *folding) handOver(c *Connection) {
	c.handedOver = true
	out := &c.out
	for len(out.waiting) > 0 {
		i := out.leave(0, f.t.Seq, out.waiting[0].Envelope)
		out.owner.changed(out.left, i).HandedOver = true
	}
	c.OutBuff.Len = 0
}

// sameDestination reports whether c was to reach the peer that heir has reached.
func sameDestination(c, heir *Connection, peer []byte) bool {
	if len(peer) == 0 {
		peer = heir.PKIID
	}
	switch {
	case len(c.PKIID) > 0:
		return bytes.Equal(c.PKIID, peer)
	case len(c.Expected) > 0:
		return bytes.Equal(c.Expected, peer)
	}
	return heir.Role == trace.Initiator && c.Endpoint == heir.Endpoint
}

// A message on its way in.

// connReceived has no envelope where the stream has ended.
func (f *folding) connReceived() {
	if f.c == nil {
		return
	}
	if f.t.Envelope == nil {
		f.c.Received = f.outcome()
		return
	}
	number := f.t.Number
	if number == 0 {
		number = max(f.c.in.last, 1) + 1
	}
	if m := f.c.in.at(number, f.t.Seq, f.t.Envelope); m != nil {
		m.Marks[Received] = f.mark
	}
}

func (f *folding) connQueued() {
	f.sentOnClosedMsgChan()
	if m := f.arrived(); m != nil {
		m.Queued = f.mark
	}
}

func (f *folding) connHandle() {
	if m := f.arrived(); m != nil && !m.Marks[Handled].Set() {
		m.Marks[Handled] = f.mark
	}
}

// arrived returns the message that arrived at f.c and that the step is about, for a change: by its number if the step names it, else
// the first with the same bytes that is not handled yet.
func (f *folding) arrived() *Message {
	if f.c == nil {
		return nil
	}
	if f.t.Number != 0 {
		return f.c.in.at(f.t.Number, f.t.Seq, f.t.Envelope)
	}
	return f.c.in.pending(f.t.Envelope)
}

// Acknowledgements.

func (f *folding) ackSubscribe() {
	f.p.Waits = latest(f.p.Waits, AckWait{Peer: f.t.Peer, Nonce: nonceOf(f.t.Envelope), Since: f.mark}, keptNotices)
}

// ackPublish marks the acknowledgement as handled, and the message that it acknowledges as acked.
func (f *folding) ackPublish() {
	if m := f.arrived(); m != nil && !m.Marks[Handled].Set() {
		m.Marks[Handled] = f.mark
	}
	nonce := nonceOf(f.t.Envelope)
	if nonce == 0 || f.t.Err != nil { // with an error it was for nobody: it came late, or twice
		return
	}
	for i := range f.p.Waits {
		if w := &f.p.Waits[i]; w.Nonce == nonce && samePeer(w.Peer, f.t.Peer) && !w.Arrived.Set() {
			w.Arrived = f.mark
		}
	}
	f.acknowledge(nonce)
}

// acknowledge marks the message with that nonce as acked. It usually went out on the connection that the acknowledgement came in
// on, but that may have been replaced in between.
func (f *folding) acknowledge(nonce uint64) {
	if f.c != nil && f.c.out.acked(nonce, f.mark) {
		return
	}
	for i := len(f.p.Connections) - 1; i >= 0; i-- {
		c := f.p.Connections[i]
		if c == f.c || c.out.findNonce(nonce) < 0 || (len(f.t.Peer) > 0 && !bytes.Equal(c.PKIID, f.t.Peer)) {
			continue
		}
		if c.owner != f.s.token {
			c = c.clone(f.s.token)
			f.p.Connections[i] = c
		}
		c.out.acked(nonce, f.mark)
		return
	}
}

// acked marks the latest message with that nonce that left, and reports whether there is one.
func (o *outgoing) acked(nonce uint64, mark Mark) bool {
	i := o.findNonce(nonce)
	if i < 0 {
		return false
	}
	if m := o.owner.changed(o.left, i); !m.Marks[Acked].Set() {
		m.Marks[Acked] = mark
	}
	return true
}

func (o *outgoing) findNonce(nonce uint64) int {
	for i := len(o.left) - 1; i >= 0; i-- {
		if o.left[i].Nonce == nonce && o.left[i].Kind == DataMessage {
			return i
		}
	}
	return -1
}

// ackResult is about the oldest wait for that peer whose outcome is open, of the nonce if the step names it. For a peer that was never
// reached nobody has subscribed: then the outcome is all there is.
func (f *folding) ackResult() {
	nonce := nonceOf(f.t.Envelope)
	for i := range f.p.Waits {
		w := &f.p.Waits[i]
		if !w.Result.Set() && samePeer(w.Peer, f.t.Peer) && (nonce == 0 || w.Nonce == nonce) {
			w.Result = f.outcome()
			return
		}
	}
	if nonce != 0 {
		f.p.Waits = latest(f.p.Waits, AckWait{Peer: f.t.Peer, Nonce: nonce, Result: f.outcome()}, keptNotices)
	}
}

// ackDone ends the waits of one SendWithAck, or, if the step does not say which, all whose outcome is known.
func (f *folding) ackDone() {
	nonce := nonceOf(f.t.Envelope)
	for i := range f.p.Waits {
		w := &f.p.Waits[i]
		if !w.Done.Set() && (w.Nonce == nonce || (nonce == 0 && w.Result.Set())) {
			w.Done = f.mark
		}
	}
}

func samePeer(a, b []byte) bool { return len(b) == 0 || bytes.Equal(a, b) }

func nonceOf(envelope *proto.Envelope) uint64 {
	p, _ := peek(envelope.GetPayload())
	return p.nonce
}
