package timeline

// A Connection is one stream, or the attempt at one, as ONE of its two ends lives it. The two ends report independently and neither
// knows the other's number, so each end has a Connection of its own; stream.go joins the two when it is asked to. That way a join
// that turns out to be wrong (a man in the middle) leaves nothing behind that would have to be taken apart.

import (
	"cmp"
	"slices"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// Phase is how far a connection has come. Phases only ever advance, so it does not matter in which order events of concurrent
// goroutines come in.
type Phase int

// The phases of a connection, in their order. One that fails skips to the end.
const (
	PhaseNew            Phase = iota // it is known of, no more
	PhaseDialling                    // making a gRPC connection
	PhasePinging                     // the Ping that makes gRPC dial
	PhaseOpening                     // opening the stream; where an acceptor begins
	PhaseAuthenticating              // exchanging and checking the two ConnEstablish
	PhaseEstablished                 // serving
	PhaseClosing                     // closed or refused, and not yet rid of its goroutines: the writer may still drain the queue
	PhaseClosed                      // closed, and nothing of it runs any more
)

// String returns the name of the phase in English.
func (p Phase) String() string {
	return nameOf(int(p), "new", "dialling", "pinging", "opening stream", "authenticating", "established", "closing", "closed")
}

// ConnKey names a connection in a session. Connection IDs begin anew with every instance of the layer, hence the life.
type ConnKey struct {
	Peer string
	Life int
	ID   uint64
}

// Connection is one end of a stream, or of the attempt at one.
type Connection struct {
	Key      ConnKey
	Role     trace.Role
	Purpose  trace.Purpose
	Endpoint string // what was dialled, or the address that the stream came from
	Local    string // the address of this end, once there is one
	Remote   string // the address of the other end
	Began    Mark   // when it was first heard of
	Phase    Phase

	Expected common.PKIidType // whom it was meant to reach; nil for whoever is there, and on an acceptor
	PKIID    common.PKIidType // whom the other end claims to be, from auth.pki-id on
	Proven   bool             // whether it has proven that

	Ping    Outcome // of the dialler's Ping
	Checks  []Check // the checks of the handshake, in order
	Verdict Outcome // the acceptor's, as the initiator learned it
	Refused Outcome // an acceptor's refusal of the initiator; always Failed once set

	Stored   bool    // whether it is in the peer's store
	TieBreak Outcome // of the rule for two that have crossed each other: Failed if this one has to go
	Received Outcome // how the stream ended for the reader; not Failed for a clean end
	Close    Outcome // why it was closed: Failed with an error, else a detail. Set from the first close on

	OutBuff Queue // the send queue, as last reported; Waiting counts
	MsgChan Queue // the receive queue, as last reported
	Drops   int   // messages given up

	Goroutines []Goroutine // at most one of each role and task

	out outgoing
	in  incoming

	helloSent     *proto.Envelope // the own ConnEstablish
	helloReceived *proto.Envelope // the other end's
	helloInHand   bool            // between auth.send and auth.sent

	expectedAt uint64 // Seq that Expected is from
	pkiidAt    uint64 // Seq that PKIID is from
	provenAt   uint64 // Seq of the store that Stored is from
	closedAt   uint64 // Seq of conn.close
	opened     bool   // the stream was opened, or arrived
	drained    bool   // conn.drain: what was written after the close was meant to be
	handedOver bool   // it gave its queue to another connection
	readerEnd  uint64 // Seq of conn.reader-end: the reader has closed msgChan
	blind      bool   // events of it may be missing
	owner      *token
}

// Check is one check of a handshake.
type Check struct {
	Step trace.Step
	Outcome

	seq uint64
}

// Goroutine returns the goroutine of that role, and whether it was heard of.
func (c *Connection) Goroutine(role trace.Goroutine) (Goroutine, bool) {
	for _, g := range c.Goroutines {
		if g.Role == role {
			return g, true
		}
	}
	return Goroutine{}, false
}

// Waiting returns how many messages are in the send queue by the count of their events. It can differ from OutBuff.Len, which is
// what the layer saw at its last report.
func (c *Connection) Waiting() int { return len(c.out.waiting) }

// InMsgChan returns how many messages are in the receive queue by the count of their events.
func (c *Connection) InMsgChan() int {
	n := 0
	for _, m := range c.in.list {
		if m.Queued.Set() && !m.Marks[Handled].Set() {
			n++
		}
	}
	return n
}

// Forgotten returns how many messages it sent, and how many it received, that the State does not remember any more.
func (c *Connection) Forgotten() (sent, received uint64) { return c.out.forgotten, c.in.forgotten }

// Outgoing returns the messages that this end gave to the layer for the stream, in order: the ConnEstablish, what was written or
// dropped from the queue, then what still waits. What did not fit into the queue is in Overflowed.
func (c *Connection) Outgoing() []*Message { return slices.Concat(c.out.left, c.out.waiting) }

// Overflowed returns the latest messages that were dropped without having been in the queue.
func (c *Connection) Overflowed() []*Message { return slices.Clone(c.out.refused) }

// Incoming returns the messages that arrived at this end, by number.
func (c *Connection) Incoming() []*Message { return slices.Clone(c.in.list) }

// OutgoingAt returns the message on its way out, or dropped on it, on which event n has left a mark; nil if there is none. It is what
// Outgoing and Overflowed hold, and costs no copy. It is to be read only, and until the next event.
func (c *Connection) OutgoingAt(n uint64) *Message {
	lists := [...][]*Message{c.out.waiting, c.out.left, c.out.refused}
	for _, list := range lists { // what has just happened is at the end of one of them, nearly always
		if m := touched(list[max(len(list)-1, 0):], n); m != nil {
			return m
		}
	}
	for _, list := range lists {
		if m := touched(list, n); m != nil {
			return m
		}
	}
	return nil
}

// IncomingAt returns the message that arrived at this end on which event n has left a mark; nil if there is none. It costs no copy, and is
// to be read only, and until the next event.
func (c *Connection) IncomingAt(n uint64) *Message { return touched(c.in.list, n) }

func touched(list []*Message, n uint64) *Message {
	for _, m := range slices.Backward(list) {
		for _, event := range m.Events() {
			if event == n {
				return m
			}
		}
	}
	return nil
}

// ownConnection returns the peer's connection such that s may change it, and makes it if it is new. It returns nil if the
// connection is one of those that were forgotten.
func (s *State) ownConnection(p *Peer, object trace.Object, mark Mark) *Connection {
	i, found := p.find(object.ID)
	if !found {
		if object.ID <= p.lastForgotten {
			return nil
		}
		c := newConnection(p, object, mark)
		c.own(s.token)
		p.Connections = slices.Insert(p.Connections, i, c)
		return c
	}
	c := p.Connections[i]
	if c.owner != s.token {
		c = c.clone(s.token)
		p.Connections[i] = c
	}
	return c
}

func newConnection(p *Peer, object trace.Object, mark Mark) *Connection {
	return &Connection{
		Key:      ConnKey{Peer: p.Birth.Name, Life: p.Life, ID: object.ID},
		Role:     object.Role,
		Purpose:  object.Purpose,
		Endpoint: object.Endpoint,
		Began:    mark,
	}
}

// own makes owner the one who may change c. It has to be told to the messages' keepers too.
func (c *Connection) own(owner *token) { c.owner, c.out.owner, c.in.owner = owner, owner, owner }

// clone copies what Apply changes in place, but for the messages: each is copied when it changes.
func (c *Connection) clone(owner *token) *Connection {
	d := *c
	d.own(owner)
	d.Checks = slices.Clone(c.Checks)
	d.Goroutines = slices.Clone(c.Goroutines)
	d.out.waiting = slices.Clone(c.out.waiting)
	d.out.left = slices.Clone(c.out.left)
	d.out.refused = slices.Clone(c.out.refused)
	d.in.list = slices.Clone(c.in.list)
	return &d
}

// forgetConnections keeps the closed connections of p within bounds, oldest first.
func (p *Peer) forgetConnections() {
	closed := 0
	for _, c := range p.Connections {
		if c.Phase == PhaseClosed {
			closed++
		}
	}
	for i := 0; i < len(p.Connections) && closed > keptConnections; {
		if p.Connections[i].Phase != PhaseClosed {
			i++
			continue
		}
		p.lastForgotten = max(p.lastForgotten, p.Connections[i].Key.ID)
		p.Connections = slices.Delete(p.Connections, i, i+1)
		p.Forgotten++
		closed--
	}
}

func (c *Connection) advance(phase Phase) { c.Phase = max(c.Phase, phase) }

// settle finds out whether a closed connection is rid of its goroutines. The dialler or handler does not count: it has become the
// service, or it ends with the closing.
func (c *Connection) settle() {
	if !c.Close.Set() {
		return
	}
	for i := range c.Goroutines {
		g := &c.Goroutines[i]
		if !servesStream(g.Role) {
			g.Alive, g.ended = false, true
		}
	}
	if slices.ContainsFunc(c.Goroutines, func(g Goroutine) bool { return g.Alive }) {
		c.advance(PhaseClosing)
		return
	}
	c.advance(PhaseClosed)
}

// servesStream reports whether the role is one of the three that a connection has from conn.serve on.
func servesStream(role trace.Goroutine) bool {
	return role == trace.ReaderGoroutine || role == trace.WriterGoroutine || role == trace.ServiceGoroutine
}

// check notes the outcome of a check in the place where its Seq puts it.
func (c *Connection) check(step trace.Step, seq uint64, o Outcome) {
	i, _ := slices.BinarySearchFunc(c.Checks, seq, func(k Check, seq uint64) int { return cmp.Compare(k.seq, seq) })
	c.Checks = slices.Insert(c.Checks, i, Check{Step: step, Outcome: o, seq: seq})
	if len(c.Checks) > keptNotices { // a handshake has nine; only nonsense has more
		c.Checks = slices.Delete(c.Checks, 0, 1)
	}
}

// report takes over the length of a queue, unless a later one is known.
func (q *Queue) report(seq uint64, reported trace.Queue) {
	if seq >= q.seq {
		*q = Queue{Len: reported.Len, Cap: reported.Cap, seq: seq}
	}
}
