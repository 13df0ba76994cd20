package timeline

// What becomes of a message is told in pieces: the caller's enqueue, the writer's write, the reader's read at the other end. A
// Message collects the pieces of one end; stream.go adds those of the other.
//
// The pieces of one end are joined by the envelope that each carries. The queue is first in, first out, so of several messages
// with the same bytes the first that waits is meant. Order alone would not do: the layer reports an enqueue after the act and
// without a lock, so that the writer may have taken the message before its enqueue is told, and two callers may be told the wrong
// way round. Sequence numbers decide wherever envelopes do not.

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"gossipscope/proto"
)

// Stage is one of the five marks of a message.
type Stage int

// The five marks, in their order. A later one implies the earlier ones, whether or not those were told.
const (
	Enqueued Stage = iota // it is in the send queue
	Written               // it was given to gRPC
	Received              // it has arrived at the other end
	Handled               // the other end has begun to handle it; for an acknowledgement: it was published
	Acked                 // the other end has acknowledged it, and the sender knows

	stages = 5
)

// String returns the name of the mark in English.
func (s Stage) String() string {
	return nameOf(int(s), "enqueued", "written", "received", "handled", "acked")
}

// MessageKind is a coarse kind of message, as many as a picture can tell apart.
type MessageKind string

// The kinds of messages.
const (
	HandshakeMessage  MessageKind = "handshake"  // a ConnEstablish
	AckMessage        MessageKind = "ack"        // an acknowledgement, or a refusal of one
	DataMessage       MessageKind = "data"       // everything else: comm only carries it
	UnreadableMessage MessageKind = "unreadable" // its envelope holds no message
)

// Message is one message in one direction of a stream.
type Message struct {
	Number   uint64          // its number in its direction on the stream, from 1; 0 before it is taken out of the queue
	Envelope *proto.Envelope // as it travels; not to be changed
	Kind     MessageKind
	Content  string // the name of the content's field in message.proto, "data_msg" …; "" if it has none that is known
	Nonce    uint64
	Refusal  string // of an acknowledgement: why the other end refuses, "" if it does not

	Marks  [stages]Mark
	Taken  Mark    // between enqueued and written: the writer has it in hand
	Queued Mark    // between received and handled: it is in the receive queue
	Drop   Outcome // given up; always Failed once set

	Delivered Mark // after handled: it went into the queue of a subscription, the first if several wanted it
	Handed    Mark // a subscription began to hand it to its subscriber
	Unclaimed bool // no subscription wanted it

	// HandedOver says that it left its queue for that of another connection, since this dial has lost.
	HandedOver bool

	seq         uint64 // of the event that put it where it is: what its list is sorted by
	writeFailed bool   // conn.written had an error; the layer's own conn.drop may follow
	owner       *token
}

// Events returns the numbers of the events that were about the message at its end, 0 for each that has not come. That it was
// acknowledged is told by an event that is about the acknowledgement.
func (m *Message) Events() [9]uint64 {
	return [...]uint64{m.Marks[Enqueued].N, m.Taken.N, m.Marks[Written].N, m.Drop.N, m.Marks[Received].N, m.Queued.N, m.Marks[Handled].N,
		m.Delivered.N, m.Handed.N}
}

// Reached reports whether the message has come as far as stage: a later mark implies the earlier ones.
func (m *Message) Reached(stage Stage) bool {
	for s := max(stage, 0); s < stages; s++ {
		if m.Marks[s].Set() {
			return true
		}
	}
	return false
}

// Place is where a message is.
type Place int

// The places that a message passes through.
const (
	InOutBuff      Place = iota // in the send queue
	WithWriter                  // in the writer's hand
	OnTheWay                    // in gRPC, TLS, the kernel or on the line
	WithReader                  // read, and not yet in the receive queue
	InMsgChan                   // in the receive queue
	WithService                 // being handled, or handled
	InSubscription              // in the queue of a subscription
	WithSubscriber              // handed to the subscriber
	GivenUp                     // dropped
	Moved                       // handed over to another connection
)

// String returns the name of the place in English.
func (p Place) String() string {
	return nameOf(int(p), "outBuff", "writer", "on the way", "reader", "msgChan", "service", "subscription", "subscriber", "dropped", "handed over")
}

// Place returns where the message is now. A message that arrived is where it arrived, even if its sender believes it lost.
func (m *Message) Place() Place {
	switch {
	case m.Handed.Set():
		return WithSubscriber
	case m.Delivered.Set():
		return InSubscription
	case m.Reached(Handled):
		return WithService
	case m.Queued.Set():
		return InMsgChan
	case m.Reached(Received):
		return WithReader
	case m.Drop.Set():
		return GivenUp
	case m.HandedOver:
		return Moved
	case m.Reached(Written):
		return OnTheWay
	case m.Taken.Set():
		return WithWriter
	}
	return InOutBuff
}

// newMessage makes a message and looks into its envelope, once.
func newMessage(owner *token, number, seq uint64, envelope *proto.Envelope) *Message {
	m := &Message{Number: number, seq: seq, owner: owner}
	m.identify(envelope)
	return m
}

func (m *Message) identify(envelope *proto.Envelope) {
	m.Envelope = envelope
	m.Kind = UnreadableMessage
	if envelope == nil {
		return
	}
	if p, ok := peek(envelope.GetPayload()); ok {
		m.Kind, m.Content, m.Nonce, m.Refusal = p.kind, p.content, p.nonce, p.refusal
	}
}

// changed returns list[i] for owner to change. If it may be shared with other states, a copy takes its place first.
func (owner *token) changed(list []*Message, i int) *Message {
	if list[i].owner != owner {
		m := *list[i]
		m.owner = owner
		list[i] = &m
	}
	return list[i]
}

// dropOldest returns list without its first element. The array behind it is left to be replaced when it is full, which costs less
// than to move everything up for every message.
func dropOldest(list []*Message) []*Message {
	list[0] = nil
	return list[1:]
}

// joined returns a with whatever only b knows of the same message.
func joined(a, b *Message) *Message {
	m := *a
	if m.Envelope == nil {
		m.Envelope, m.Kind, m.Content, m.Nonce, m.Refusal = b.Envelope, b.Kind, b.Content, b.Nonce, b.Refusal
	}
	m.Number = max(m.Number, b.Number)
	for s := range m.Marks {
		m.Marks[s].fill(b.Marks[s])
	}
	m.Taken.fill(b.Taken)
	m.Queued.fill(b.Queued)
	m.Delivered.fill(b.Delivered)
	m.Handed.fill(b.Handed)
	m.Unclaimed = m.Unclaimed || b.Unclaimed
	if !m.Drop.Set() {
		m.Drop = b.Drop
	}
	return &m
}

// sameEnvelope reports whether two envelopes are the same message: the same object, or, after a recording or a journey, the same
// bytes.
func sameEnvelope(a, b *proto.Envelope) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	return bytes.Equal(a.GetPayload(), b.GetPayload()) && bytes.Equal(a.GetSignature(), b.GetSignature()) &&
		bytes.Equal(a.GetSecretEnvelope().GetPayload(), b.GetSecretEnvelope().GetPayload()) &&
		bytes.Equal(a.GetSecretEnvelope().GetSignature(), b.GetSecretEnvelope().GetSignature())
}

// outgoing are the messages of a connection on their way out.
type outgoing struct {
	waiting   []*Message // in the send queue, by Seq of their enqueue
	left      []*Message // out of it, written or not, by Seq of their leaving
	refused   []*Message // dropped without having been in it
	forgotten uint64
	last      uint64 // the highest number in left
	inHand    uint64 // the number of the message that the writer holds, 0 if none
	early     int    // messages in left whose enqueue was not told yet
	owner     *token
}

// enter is told that a message was enqueued.
func (o *outgoing) enter(m *Message, capacity int) {
	if o.early > 0 {
		for i, left := range o.left {
			if !left.Marks[Enqueued].Set() && left.Number != 1 && sameEnvelope(left.Envelope, m.Envelope) {
				o.owner.changed(o.left, i).Marks[Enqueued] = m.Marks[Enqueued]
				o.early--
				return
			}
		}
	}
	o.waiting = insertBySeq(o.waiting, m)
	if len(o.waiting) > hardMessages+max(0, min(capacity, 1<<20)) {
		o.waiting = dropOldest(o.waiting)
		o.forgotten++
	}
}

// leave is told that a message with that envelope has left the queue, and returns its index in left. A message without an envelope
// is taken to be the head of the queue.
func (o *outgoing) leave(number, seq uint64, envelope *proto.Envelope) int {
	i := o.findWaiting(envelope)
	if i < 0 {
		o.early++
		return o.put(newMessage(o.owner, number, seq, envelope))
	}
	m := o.owner.changed(o.waiting, i)
	o.waiting = slices.Delete(o.waiting, i, i+1)
	m.Number, m.seq = number, seq
	return o.put(m)
}

// put puts m into left, and returns where.
func (o *outgoing) put(m *Message) int {
	o.last = max(o.last, m.Number)
	o.left = insertBySeq(o.left, m)
	if len(o.left) > keptMessages {
		if o.left[0] == m {
			// Told so late that it would go at once, and the caller still has something to note on it.
			o.left[0], o.left[1] = o.left[1], o.left[0]
		}
		if gone := o.left[0]; !gone.Marks[Enqueued].Set() && gone.Number != 1 && o.early > 0 {
			o.early--
		}
		o.left = dropOldest(o.left)
		o.forgotten++
	}
	i := len(o.left) - 1
	for o.left[i] != m {
		i--
	}
	return i
}

func (o *outgoing) findWaiting(envelope *proto.Envelope) int {
	if envelope == nil {
		return min(len(o.waiting), 1) - 1
	}
	return slices.IndexFunc(o.waiting, func(m *Message) bool { return sameEnvelope(m.Envelope, envelope) })
}

// findLeft returns the index in left of the message with that number, -1 if there is none. At every write it is asked for a new one.
func (o *outgoing) findLeft(number uint64) int {
	if number > o.last {
		return -1
	}
	for i := len(o.left) - 1; i >= 0 && number != 0; i-- {
		if o.left[i].Number == number {
			return i
		}
	}
	return -1
}

// incoming are the messages of a connection that have arrived.
type incoming struct {
	list      []*Message // by number
	forgotten uint64
	last      uint64 // the highest number
	gone      uint64 // the highest number among the forgotten
	open      uint64 // whatever has a lower number is handled; spares pending the search
	unserved  uint64 // whatever has a lower number was handed to a subscriber; spares served the search
	owner     *token
}

// at returns the message with that number for a change, and makes it if it is new; nil if it was forgotten.
func (in *incoming) at(number, seq uint64, envelope *proto.Envelope) *Message {
	if number <= in.gone {
		return nil
	}
	i, found := in.search(number)
	if found {
		m := in.owner.changed(in.list, i)
		if m.Envelope == nil {
			m.identify(envelope)
		}
		return m
	}
	m := newMessage(in.owner, number, seq, envelope)
	in.last = max(in.last, number)
	in.open, in.unserved = min(in.open, number), min(in.unserved, number)
	in.list = slices.Insert(in.list, i, m)
	in.trim()
	return m
}

// search returns where in the list the message with that number is, or would be. A list without holes is not searched.
func (in *incoming) search(number uint64) (int, bool) {
	if n := uint64(len(in.list)); n > 0 && number >= in.list[0].Number {
		if i := number - in.list[0].Number; i < n && in.list[i].Number == number {
			return int(i), true
		}
	}
	return slices.BinarySearchFunc(in.list, number, func(m *Message, number uint64) int { return compare(m.Number, number) })
}

func (in *incoming) trim() {
	for len(in.list) > keptMessages && (in.list[0].Reached(Handled) || len(in.list) > hardMessages) {
		in.gone = in.list[0].Number
		in.list = dropOldest(in.list)
		in.forgotten++
	}
}

// pending returns the first message that is not handled and has that envelope, for a change; nil if there is none. Without an
// envelope it is the first that is in the receive queue.
func (in *incoming) pending(envelope *proto.Envelope) *Message {
	from := in.advance(&in.open, func(m *Message) bool { return m.Marks[Handled].Set() })
	return in.first(from, func(m *Message) bool {
		if m.Marks[Handled].Set() {
			return false
		}
		if envelope == nil {
			return m.Queued.Set()
		}
		return sameEnvelope(m.Envelope, envelope)
	})
}

// served returns the first message that is handled, has that envelope, and fulfils open, for a change; nil if there is none. Of one that
// was delivered and handed nothing may be open.
func (in *incoming) served(envelope *proto.Envelope, open func(*Message) bool) *Message {
	from := in.advance(&in.unserved, func(m *Message) bool { return m.Marks[Handled].Set() && m.Delivered.Set() && m.Handed.Set() })
	return in.first(from, func(m *Message) bool {
		return m.Marks[Handled].Set() && open(m) && sameEnvelope(m.Envelope, envelope)
	})
}

// advance takes bound, a number below which all messages are over, as far as it goes, and returns the index from which on not all are.
func (in *incoming) advance(bound *uint64, over func(*Message) bool) int {
	i, _ := in.search(*bound)
	for i < len(in.list) && over(in.list[i]) {
		*bound = in.list[i].Number + 1
		i++
	}
	return i
}

// first returns the first message from index from on that fulfils want, for a change; nil if there is none.
func (in *incoming) first(from int, want func(*Message) bool) *Message {
	i := slices.IndexFunc(in.list[from:], want)
	if i < 0 {
		return nil
	}
	return in.owner.changed(in.list, from+i)
}

// insertBySeq inserts m behind everything with the same or a lower Seq.
func insertBySeq(list []*Message, m *Message) []*Message {
	i := len(list)
	for i > 0 && list[i-1].seq > m.seq {
		i--
	}
	return slices.Insert(list, i, m)
}

// peeked is what a State wants to know of a payload.
type peeked struct {
	kind    MessageKind
	content string
	nonce   uint64
	refusal string
}

// The numbers of GossipMessage's fields that peek looks at; a test holds them against the descriptor.
const (
	fieldNonce  protowire.Number = 1
	fieldConn   protowire.Number = 14
	fieldAck    protowire.Number = 22
	fieldReason protowire.Number = 1 // of Acknowledgement
)

var contentNames = func() map[protowire.Number]string {
	names := map[protowire.Number]string{}
	fields := (&proto.GossipMessage{}).ProtoReflect().Descriptor().Oneofs().ByName("content").Fields()
	for i := range fields.Len() {
		names[fields.Get(i).Number()] = string(fields.Get(i).Name())
	}
	return names
}()

// peek reads the outermost fields of a GossipMessage. It does not decode the content: a message may carry megabytes, and a session
// folds every message of every peer, more than once. The price is that a content that is broken inside counts as what it claims to
// be; the layer's own auth.decode tells the rest.
func peek(payload []byte) (peeked, bool) {
	p := peeked{kind: DataMessage}
	for len(payload) > 0 {
		number, kind, n := protowire.ConsumeTag(payload)
		if n < 0 {
			return peeked{}, false
		}
		payload = payload[n:]
		size := protowire.ConsumeFieldValue(number, kind, payload)
		if size < 0 {
			return peeked{}, false
		}
		p.field(number, kind, payload[:size])
		payload = payload[size:]
	}
	return p, true
}

func (p *peeked) field(number protowire.Number, kind protowire.Type, value []byte) {
	switch kind {
	case protowire.VarintType:
		if number == fieldNonce {
			p.nonce, _ = protowire.ConsumeVarint(value)
		}
	case protowire.BytesType:
		name, known := contentNames[number]
		if !known {
			return
		}
		content, _ := protowire.ConsumeBytes(value)
		p.kind, p.content, p.refusal = DataMessage, name, ""
		switch number {
		case fieldConn:
			p.kind = HandshakeMessage
		case fieldAck:
			p.kind, p.refusal = AckMessage, reasonOf(content)
		}
	}
}

// reasonOf reads the error of an Acknowledgement.
func reasonOf(ack []byte) string {
	reason := ""
	for len(ack) > 0 {
		number, kind, n := protowire.ConsumeField(ack)
		if n < 0 {
			return reason
		}
		if number == fieldReason && kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(ack)
			value, _ := protowire.ConsumeBytes(ack[tag:n])
			reason = string(value)
		}
		ack = ack[n:]
	}
	return reason
}
