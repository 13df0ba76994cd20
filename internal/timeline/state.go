package timeline

// A State is what a session has come to: every peer with its connections, every line, what was said and what was promised, and
// whether the layer's invariants still hold. It is made by Fold or grown event by event with Apply (fold.go), and it is all that a
// view needs to draw one moment.
//
// A State is bounded, however long the session: of what has ended it keeps the recent part and a count of the rest. Whoever wants
// the whole past asks the events.
//
// Going back and forth needs many states, most of them nearly alike. So peers and connections are shared between a State and its
// clones until one of them changes (token, below), and a Clone costs as little as a few slices of pointers.

import (
	"slices"
	"sync/atomic"
	"time"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
)

// How much of what has ended a State remembers.
const (
	keptMessages      = 256  // finished messages of one direction of a stream
	hardMessages      = 4096 // messages of one direction, finished or not, beyond what fits in its queue
	keptConnections   = 64   // closed connections of one peer
	keptLines         = 128  // closed lines
	keptActs          = 64
	keptPromises      = 1024
	keptPeers         = 256 // lives of peers
	keptSubscriptions = 256
	keptNotices       = 64 // death notices, acknowledgements waited for, and TLS handshakes of one peer, of each
)

// State is the sum of a session's events up to number N. Its zero value is the moment before the first.
//
// It is for reading: everything reachable through it may be shared with other states, and nothing of it may be changed except by
// Apply. Copy it with Clone, never by assignment, if any of the copies is to be applied to.
type State struct {
	N       uint64        // the number of the last event applied
	Turn    uint64        // see Event.Turn
	At      time.Duration // the lab's clock, since the session began
	Missing uint64        // events that gaps stand for
	Title   text.Text     // the last chapter that began
	Caption text.Text     // the last sentence that was said

	Peers []*Peer // in the order of birth; one that was born again under its name is there once for each life
	Lines []*Line // in the order of opening

	Acts           []ActDone     // the latest
	ActCount       int           // all
	Promises       []PromiseMade // the latest
	PromisesKept   int           // all
	PromisesBroken int           // all

	broken [len(invariants)]Invariant
	token  *token
}

// Mark is a moment: the event that made it and the lab's clock then. The zero Mark means "not yet".
type Mark struct {
	N  uint64
	At time.Duration
}

// Set reports whether the moment has come.
func (m Mark) Set() bool { return m.N != 0 }

func (m *Mark) fill(other Mark) {
	if !m.Set() {
		*m = other
	}
}

// Outcome is how something went. Its Mark is not set while that is open. Errors are kept as text, so that a recording folds to the
// same State as the session that it is of.
type Outcome struct {
	Mark
	Failed bool
	Reason string // why it failed; for what went well, a detail
}

// Passed reports whether it is known and went well.
func (o Outcome) Passed() bool { return o.Set() && !o.Failed }

func outcome(mark Mark, err error, detail string) Outcome {
	if err != nil {
		return Outcome{Mark: mark, Failed: true, Reason: err.Error()}
	}
	return Outcome{Mark: mark, Reason: detail}
}

// ActDone is an act and when it was done.
type ActDone struct {
	Mark
	Peer string
	Act  Act
}

// PromiseMade is a promise and when it was stated.
type PromiseMade struct {
	Mark
	Promise Promise
}

// Line is a transport connection, a TCP connection or one in memory, as last heard of.
type Line struct {
	Link               // its last change
	Open       bool    // whether it still is
	Opened     Mark    // not set if its opening was not seen
	Frozen     Mark    // since when nothing passes; not set while bytes do
	HalfClosed Mark    // when the dialling end's direction was ended
	Closed     Outcome // Failed if it was cut; Reason says who closed it, or what cut it

	Lag time.Duration // how much later than they were written bytes arrive; 0 for at once
}

// PeerPhase is how far a peer's life has come.
type PeerPhase int

// The phases of a peer, in their order.
const (
	PeerRunning  PeerPhase = iota
	PeerStopping           // Stop has begun
	PeerStopped            // Stop has returned: nothing of the layer runs any more
	PeerDead               // it has ended, by Stop or because it was killed
)

// String returns the name of the phase in English.
func (p PeerPhase) String() string {
	return nameOf(int(p), "running", "stopping", "stopped", "dead")
}

func nameOf(i int, names ...string) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}

// Peer is one life of one peer.
type Peer struct {
	Birth Birth // only its Name is set if the birth was not seen
	Life  int   // which life of that name, from 1
	Born  Mark
	Phase PeerPhase
	Death Death // once Phase is PeerDead
	Ended Mark  // when it died

	StopBegan Mark       // stop.flag
	StopAt    trace.Step // the last step of Stop
	Stopped   Mark       // stop.done

	Connections []*Connection // by ID; of the closed ones only the latest
	Forgotten   int           // closed connections that are not in Connections any more

	Goroutines    []Goroutine // those that belong to no connection: callers in Stop, in Accept, …
	Subscriptions []Subscription
	Waits         []AckWait    // acknowledgements waited for, and the latest outcomes
	Notices       []DeadNotice // peers that it presumes dead, the latest notice for each
	Handshakes    []TLSHandshake
	PingsServed   int
	Unclaimed     int // messages that no subscription wanted

	subscribersEnd uint64        // Seq of stop.subscribers
	lastForgotten  uint64        // the highest ID among the forgotten connections
	doubt          doubledStored // see storeStored
	owner          *token
}

// Alive reports whether the peer has neither died nor stopped.
func (p *Peer) Alive() bool { return p.Phase < PeerStopped }

// Connection returns the peer's connection with that ID, nil if there is none or it was forgotten.
func (p *Peer) Connection(id uint64) *Connection {
	if i, found := p.find(id); found {
		return p.Connections[i]
	}
	return nil
}

// Stored returns what the peer's pki2Conn holds: the connections that are in the store, each under the PKI-ID that was proven.
func (p *Peer) Stored() []*Connection {
	return p.those(func(c *Connection) bool { return c.Stored })
}

// Dials returns the dials under way, those of Handshake and Probe included.
func (p *Peer) Dials() []*Connection {
	return p.those(func(c *Connection) bool { return c.Role == trace.Initiator && c.Phase < PhaseEstablished })
}

func (p *Peer) those(want func(*Connection) bool) []*Connection {
	var found []*Connection
	for _, c := range p.Connections {
		if want(c) {
			found = append(found, c)
		}
	}
	return found
}

func (p *Peer) find(id uint64) (int, bool) {
	return slices.BinarySearchFunc(p.Connections, id, func(c *Connection, id uint64) int {
		return compare(c.Key.ID, id)
	})
}

// Goroutine is one goroutine of a peer's layer, as far as its steps tell.
type Goroutine struct {
	Role trace.Goroutine
	Task string     // what a caller does: "send", "stop", "subscribe", "connect"; "" for the layer's own
	At   trace.Step // its last step
	Mark            // and when that was

	// Gate says that its last step was a gate: it is held there, or does what stands after it. Which of the two, only the
	// controller knows, since letting go is not an event.
	Gate bool

	// Alive says that it runs. A caller counts as alive while it stands at a gate: elsewhere it may have left the layer long ago.
	Alive bool

	seq   uint64
	ended bool // for good: a step that is told late does not bring it back
}

// Wait is what a goroutine waits for.
type Wait string

// What goroutines wait for.
const (
	NoWait          Wait = "" // nothing that its last step tells of: it works, or stands at a gate that may be held
	ForOutBuff      Wait = "a message in outBuff"
	ForFlowControl  Wait = "room on the stream" // HTTP/2 grants it as the other end reads
	ForStream       Wait = "a message on the stream"
	ForMsgChan      Wait = "a message in msgChan"
	ForMsgChanRoom  Wait = "room in msgChan"
	ForSubscription Wait = "room in a subscription's queue"
	ForSubscriber   Wait = "the subscriber"
	ForPing         Wait = "the answer to the Ping"
	ForHello        Wait = "the other end's first message"
	ForVerdict      Wait = "the acceptor's verdict"
	ForOtherHalf    Wait = "the end of the other half of the stream"
	ForAck          Wait = "an acknowledgement"
)

// waits says what is waited for after a step, until the next one. Of a gate it is what stands behind it.
var waits = map[trace.Step]Wait{
	trace.PingSend:       ForPing,
	trace.AuthRead:       ForHello,
	trace.AuthAwait:      ForVerdict,
	trace.ConnWrite:      ForFlowControl,
	trace.ConnWritten:    ForOutBuff,
	trace.ConnRead:       ForStream,
	trace.ConnReceived:   ForMsgChanRoom,
	trace.ConnDrain:      ForOtherHalf,
	trace.DemuxDeliver:   ForSubscription,
	trace.DemuxDelivered: ForMsgChan,
	trace.DemuxUnclaimed: ForMsgChan,
	trace.AcceptHand:     ForSubscriber,
	trace.AckSubscribe:   ForAck,
}

// WaitsFor returns what the goroutine waits for as far as its last step tells, unless it has what it waited for this moment. One that
// stands at a gate may also be held there; see Gate.
func (g Goroutine) WaitsFor() Wait {
	switch {
	case !g.Alive:
		return NoWait
	case g.At == trace.ConnServe && g.Role == trace.WriterGoroutine:
		return ForOutBuff
	case g.At == trace.ConnServe && g.Role == trace.ServiceGoroutine:
		return ForMsgChan
	}
	return waits[g.At]
}

// Subscription is one subscription of a peer.
type Subscription struct {
	Number    uint64 // from 1, in the order of their adding
	Added     Mark
	Queue     Queue
	Matched   int // messages that it wanted
	Delivered int // messages that went into its queue
	Handed    int // messages that were handed to the subscriber
}

// Queue is a queue of the layer as last reported.
type Queue struct {
	Len int
	Cap int

	seq uint64
}

// AckWait is one acknowledgement that a sender waits for: one peer, one nonce.
type AckWait struct {
	Peer    common.PKIidType
	Nonce   uint64
	Since   Mark    // not set if the peer was never reached
	Arrived Mark    // an acknowledgement came in
	Result  Outcome // what SendWithAck made of it
	Done    Mark    // SendWithAck has returned
}

// AckOperation is one SendWithAck as its sender knows it: one message, and for each peer that it went to what came of it.
type AckOperation struct {
	Nonce uint64
	Waits []AckWait // one for each peer, in the order in which they were first heard of
	Done  Mark      // SendWithAck has returned
}

// Acks returns how many peers have acknowledged, or, where nobody was to, how many have the message in their queue.
func (o AckOperation) Acks() int {
	n := 0
	for _, w := range o.Waits {
		if w.Result.Passed() {
			n++
		}
	}
	return n
}

// AckOperations returns the latest calls of SendWithAck, in the order in which they were first heard of. Waits of which the nonce is not
// known belong to none.
func (p *Peer) AckOperations() []AckOperation {
	var list []AckOperation
	for _, w := range p.Waits {
		i := slices.IndexFunc(list, func(o AckOperation) bool { return o.Nonce == w.Nonce })
		if i < 0 && w.Nonce != 0 {
			i = len(list)
			list = append(list, AckOperation{Nonce: w.Nonce})
		}
		if i >= 0 {
			list[i].Waits = append(list[i].Waits, w)
			list[i].Done.fill(w.Done)
		}
	}
	return list
}

// DeadNotice is a peer that was presumed dead.
type DeadNotice struct {
	Mark
	Peer     common.PKIidType
	Endpoint string
	Reason   string
	Count    int // how often
}

// TLSHandshake is one handshake of TLS. Which connection runs over it, the addresses tell.
type TLSHandshake struct {
	Outcome
	Local  string
	Remote string
}

// token says who may change a peer or a connection in place: the one State that holds the same token. Clone marks the token as
// shared, and from then on neither side has it, so that each makes a copy of a peer or connection before the first change to it.
type token struct{ shared atomic.Bool }

// Clone returns a State equal to s that lives on independently of it: applying events to either leaves the other as it is. It is
// cheap, and safe for concurrent use with readers of s and with other Clones, but not with Apply.
func (s *State) Clone() State {
	if s.token != nil {
		s.token.shared.Store(true)
	}
	c := *s
	c.token = nil
	c.Peers = slices.Clone(s.Peers)
	c.Lines = slices.Clone(s.Lines)
	c.Acts = slices.Clone(s.Acts)
	c.Promises = slices.Clone(s.Promises)
	return c
}

// begin makes sure that s has a token of its own.
func (s *State) begin() {
	if s.token == nil || s.token.shared.Load() {
		s.token = new(token)
	}
}

// Peer returns the peer of that name, in its latest life; nil if there is none.
func (s *State) Peer(name string) *Peer {
	if i := s.lastLife(name); i >= 0 {
		return s.Peers[i]
	}
	return nil
}

// Connection returns the connection of that key, nil if there is none or it was forgotten.
func (s *State) Connection(key ConnKey) *Connection {
	for _, p := range s.Peers {
		if p.Birth.Name == key.Peer && p.Life == key.Life {
			return p.Connection(key.ID)
		}
	}
	return nil
}

func (s *State) lastLife(name string) int {
	for i := len(s.Peers) - 1; i >= 0; i-- {
		if s.Peers[i].Birth.Name == name {
			return i
		}
	}
	return -1
}

// ownPeer returns the peer of that name such that s may change it.
func (s *State) ownPeer(name string) *Peer {
	i := s.lastLife(name)
	if i < 0 {
		return s.addPeer(Birth{Name: name}, Mark{})
	}
	return s.ownPeerAt(i)
}

func (s *State) ownPeerAt(i int) *Peer {
	p := s.Peers[i]
	if p.owner != s.token {
		p = p.clone(s.token)
		s.Peers[i] = p
	}
	return p
}

func (p *Peer) clone(owner *token) *Peer {
	c := *p
	c.owner = owner
	c.Connections = slices.Clone(p.Connections)
	c.Goroutines = slices.Clone(p.Goroutines)
	c.Subscriptions = slices.Clone(p.Subscriptions)
	c.Waits = slices.Clone(p.Waits)
	c.Notices = slices.Clone(p.Notices)
	c.Handshakes = slices.Clone(p.Handshakes)
	return &c
}

func (s *State) addPeer(birth Birth, born Mark) *Peer {
	life := 1
	if i := s.lastLife(birth.Name); i >= 0 {
		life = s.Peers[i].Life + 1
	}
	p := &Peer{Birth: birth, Life: life, Born: born, owner: s.token}
	s.Peers = append(s.Peers, p)
	if len(s.Peers) > keptPeers {
		s.forgetPeer()
	}
	return p
}

// forgetPeer drops the oldest life that another has followed, or else the oldest that has ended, or else the oldest.
func (s *State) forgetPeer() {
	drop := slices.IndexFunc(s.Peers, func(p *Peer) bool { return s.Peer(p.Birth.Name) != p })
	if drop < 0 {
		drop = max(0, slices.IndexFunc(s.Peers, func(p *Peer) bool { return !p.Alive() }))
	}
	s.Peers = slices.Delete(s.Peers, drop, drop+1)
}

// latest appends v to list and keeps the last limit of it.
func latest[T any](list []T, v T, limit int) []T {
	list = append(list, v)
	if len(list) > limit {
		list = slices.Delete(list, 0, len(list)-limit)
	}
	return list
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
