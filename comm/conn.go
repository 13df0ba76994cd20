package comm

// conn.go holds the connections: a store that knows the one connection to each peer, and the life of a connection from its dial, or
// its arrival, to its end.
//
// A connection is one gRPC stream and three goroutines. The reader takes messages off the stream, the writer puts messages onto it,
// and the service, which is the gRPC handler on the accepting side and the dialler on the other, hands received messages on. Whichever
// of them meets the end first closes the connection, and the service cleans up. One case is slower: if the other end has finished, and
// the service is still handling what it sent, the connection only leaves its place in the store at once; it is closed when the last
// message has been handled. Nobody else touches the stream: gRPC allows one sender and one receiver at a time, and one goroutine for
// each is the simplest way to keep that.
//
// Sending a message (connection.send) means putting it into outBuff. The writer empties outBuff onto the stream. In between lies
// everything that can go wrong, so "sent" is a word that this file avoids: a message is enqueued, then written, or dropped.
//
// Where a message goes into a queue, or comes out of one, that is tried first by itself, and only then together with what may end the
// wait. A select of several channels locks them all, each time, and nearly always there is room: it was a tenth of what a small message
// costs on its whole way.
//
// When there are two connections to one peer, because both dialled or because it has come back, one gives way: it hands its queue to
// the other (giveWay) and reads what the peer may still send on it. Which of the two, and how, stands in tiebreak.go.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// errReplaced is why a connection was closed that gave way to another.
var errReplaced = errors.New("replaced by another connection to the same peer")

// errQueueFull is why a message that met a full queue was dropped.
var errQueueFull = errors.New("the send queue is full")

// handler is what the service of a connection does with each message received. It runs on the service's goroutine, one message
// after the other: while it blocks, the receive queue fills, then the reader stops, then the flow control of HTTP/2 stops the other
// end. That is back-pressure, and wanted.
type handler func(message *proto.SignedGossipMessage)

// blockingBehavior says what send does when the queue is full.
type blockingBehavior int

const (
	blockingSend    blockingBehavior = iota // wait for room
	nonBlockingSend                         // let others run for a moment, and drop the message if there is still no room
	immediateSend                           // drop the message: for who holds a mutex
)

// connFactory turns a connection that is only an intention (phase "dialling") into one that is authenticated, or says why not. It is
// commImpl; it stands here as an interface so that the store can be read, and tested, without it.
type connFactory interface {
	createConnection(ctx context.Context, conn *connection) error
}

// connectionStore knows the connection to each peer. There is one to send on for each PKI-ID, at most, and one dial under way for
// each destination: a PKI-ID, or an endpoint of which nobody has said who lives there. Two destinations can turn out to be one
// peer; then one connection gives way (tiebreak.go).
//
// Nothing that could wait is done under its mutex, and no channel is waited for. Upstream's worst deadlocks came from breaking that
// rule (FAB-10469, FAB-13377). Only mutexes of connections are taken under it: above all that of one which gives its queue away, so
// that nobody finds its successor before the queue is there. Never the other way round: whoever holds a connection's mutex must not
// call the store.
type connectionStore struct {
	logger      *slog.Logger
	trace       *trace.Source
	connFactory connFactory
	newConn     func(endpoint string, expected common.PKIidType) *connection // an intention for connFactory
	self        common.PKIidType
	goroutines  *sync.WaitGroup // commImpl.stopWG: every goroutine that the store begins is in it

	sync.RWMutex                        // guards what follows
	isClosing    bool                   // set once, by shutdown: from then on nothing is stored and nothing is dialled
	pki2Conn     map[string]*connection // PKI-ID → the connection to that peer, authenticated
	aside        map[string]*connection // PKI-ID → a stream that is read to its end beside a better one, or that the peer has finished
	moment       uint64                 // counts dials and storings, so that it can be told which came first

	// destinationLocks holds the dial under way to each destination: a PKI-ID, or an endpoint if no PKI-ID is known. Upstream has
	// a mutex here, on which callers queue to dial one after the other; ours share the one connection that is being dialled.
	destinationLocks map[string]*connection
}

func newConnStore(factory connFactory, self common.PKIidType, goroutines *sync.WaitGroup, tracer trace.Tracer, logger *slog.Logger,
	newConn func(endpoint string, expected common.PKIidType) *connection) *connectionStore {
	return &connectionStore{
		logger:           logger,
		trace:            trace.NewSource(tracer, trace.Object{Kind: trace.Store, ID: 1}),
		connFactory:      factory,
		newConn:          newConn,
		self:             self,
		goroutines:       goroutines,
		pki2Conn:         make(map[string]*connection),
		aside:            make(map[string]*connection),
		destinationLocks: make(map[string]*connection),
	}
}

// destination is the key of a dial. The prefixes keep a PKI-ID from being taken for an endpoint.
func destination(endpoint string, pkiID common.PKIidType) string {
	if len(pkiID) == 0 {
		return "endpoint " + endpoint
	}
	return "pki-id " + string(pkiID)
}

// getConnection returns the connection to the peer: the one that is there, the one that somebody is just dialling, or a new one that
// it begins to dial. It never waits. What it returns can be given messages at once; they are written when the dial has succeeded, in
// the order in which they came. Who must know the outcome of the dial waits for conn.ready, on a deadline of his own.
func (cs *connectionStore) getConnection(peer *RemotePeer) (*connection, error) {
	if len(peer.PKIID) > 0 && string(peer.PKIID) == string(cs.self) {
		return nil, fmt.Errorf("connecting to %v: %w", peer, ErrSelf)
	}
	cs.Lock()
	defer cs.Unlock()
	if cs.isClosing {
		return nil, cs.refuse(peer.PKIID, trace.Object{})
	}
	// A dial first: the caller's earlier messages may be waiting there. When something better turns up they go there together.
	conn, found := alive(cs.destinationLocks[destination(peer.Endpoint, peer.PKIID)]), "joined"
	if conn == nil {
		conn, found = cs.find(peer), "found"
	}
	if conn == nil {
		conn, found = cs.beginDial(peer), "dialling"
		defer func() { go cs.dial(conn) }()
	}
	cs.trace.Report(trace.StoreLookup, trace.Event{Peer: peer.PKIID, Subject: conn.trace.Object(), Detail: found})
	return conn, nil
}

// beginDial returns a connection that is to be dialled, and is known as such from now on. The caller holds the mutex, and begins the
// dial's goroutine.
func (cs *connectionStore) beginDial(peer *RemotePeer) *connection {
	conn := cs.newConn(peer.Endpoint, peer.PKIID)
	conn.dialledAs = destination(peer.Endpoint, peer.PKIID)
	cs.moment++
	conn.begun = cs.moment
	for _, other := range cs.destinationLocks {
		if conn.mayMeanTheSameAs(other) && (conn.behind == nil || other.begun > conn.behind.begun) {
			conn.behind = other
		}
	}
	cs.destinationLocks[conn.dialledAs] = conn
	// Counted under the mutex that shutdown takes first, so that Add can never meet the Wait of Stop.
	cs.goroutines.Add(1)
	return conn
}

// refuse says that the store takes nothing any more.
func (cs *connectionStore) refuse(pkiID common.PKIidType, conn trace.Object) error {
	cs.trace.Report(trace.StoreRefused, trace.Event{Peer: pkiID, Subject: conn, Err: ErrStopped})
	return ErrStopped
}

// find returns an authenticated connection to the peer, if there is one; for want of a better one, a stream of the peer that is set
// aside. Without a PKI-ID whoever has proven an identity at the endpoint will do, and if several have, the latest. The caller holds
// the mutex.
func (cs *connectionStore) find(peer *RemotePeer) *connection {
	if len(peer.PKIID) > 0 {
		return cmp.Or(alive(cs.pki2Conn[string(peer.PKIID)]), cs.writableAside(peer.PKIID))
	}
	var latest *connection
	for _, conn := range cs.pki2Conn {
		if conn.provenAt == peer.Endpoint && alive(conn) != nil && (latest == nil || conn.begun > latest.begun) {
			latest = conn
		}
	}
	return latest
}

// writableAside returns the stream of the peer that is set aside, if there is one and the peer has not finished it. The caller
// holds the mutex.
func (cs *connectionStore) writableAside(pkiID common.PKIidType) *connection {
	conn := alive(cs.aside[string(pkiID)])
	if conn == nil || conn.halfClosed.Load() || conn.successor() != nil {
		return nil
	}
	return conn
}

// alive returns conn unless it is closed and only waits for the mutex to leave the store. Who would get such a one would lose his
// message, where a new dial would deliver it.
func alive(conn *connection) *connection {
	if conn == nil || conn.toDie() {
		return nil
	}
	return conn
}

// dial runs on a goroutine of its own from getConnection until the connection that it makes has ended: first it dials, then it is the
// service of the connection. What blocks it while dialling is bounded by timeouts, those of a dial ahead of it included, and released
// by conn.close.
func (cs *connectionStore) dial(conn *connection) {
	defer cs.goroutines.Done()
	err := cs.waitForDialAhead(conn)
	if err == nil {
		err = cs.connFactory.createConnection(conn.ctx, conn)
	}
	if err == nil {
		err = cs.onConnected(conn)
	}
	if errors.Is(err, ErrTieBreak) {
		cs.awaitSuccessor(conn) // the peer has refused us since it is dialling us: its stream will take over the queue
	}
	if err != nil {
		conn.abandon(cs.giveUp(conn, err))
		return
	}
	conn.serviceConnection()
}

// onConnected is asked what becomes of a connection that has authenticated, and stores it if it is to stay, under the PKI-ID that was
// proven. It is the end of a dial that succeeded; and GossipStream calls it before it answers the initiator, so that an answer means
// acceptance. Another connection to the same peer that is already there then gives way.
func (cs *connectionStore) onConnected(conn *connection) error {
	replaced, err := cs.admit(conn)
	if replaced != nil {
		cs.logger.Info("a connection to the same peer replaces another", "peer", shortID(conn.pkiID))
		replaced.close(errReplaced)
	}
	return err
}

// admit is the part of onConnected that needs the mutex. It returns the connection that is to be closed, if there is one.
func (cs *connectionStore) admit(conn *connection) (replaced *connection, err error) {
	cs.Lock()
	defer cs.Unlock()
	if cs.isClosing {
		return nil, cs.refuse(conn.pkiID, conn.trace.Object())
	}
	// Looked at under the mutex: whoever closed the connection meanwhile found nothing to remove. If he sets the flag only after
	// this line, his remove waits for the mutex and finds what is stored here.
	if conn.toDie() {
		return nil, conn.reason()
	}
	cs.endDial(conn)
	conn.storedAs = string(conn.pkiID)
	if conn.clientStream != nil {
		conn.provenAt = conn.endpoint
	}
	if successor := conn.successor(); successor != nil {
		successor.inherit(conn)
		return nil, nil // the peer's stream came in while this one was dialled, and has its queue; what is left is to read it to its end
	}
	standing := cs.pki2Conn[conn.storedAs]
	switch cs.judge(conn, alive(standing)) {
	case newcomerGoes:
		if conn.serverStream != nil {
			return nil, ErrTieBreak // in words; its initiator waits for ours
		}
		conn.giveWay(standing) // ours has been answered, so it cannot be refused any more: without a queue it serves to its end
		return nil, nil
	case newcomerIsRead:
		standing = cs.aside[conn.storedAs]
		cs.aside[conn.storedAs] = conn
		return standing, nil
	}
	cs.store(conn, standing)
	return standing, nil
}

// store makes conn the connection to its peer. It leaves one map and enters the other in one critical section, so that nobody finds
// neither and begins a second dial; and what was queued for the peer elsewhere comes along, before anybody can queue more. The caller
// holds the mutex.
func (cs *connectionStore) store(conn, standing *connection) {
	if conn.serverStream != nil {
		cs.moment++
		conn.begun = cs.moment
	}
	conn.beYoung()
	cs.pki2Conn[conn.storedAs] = conn
	if finished := cs.aside[conn.storedAs]; finished != nil && finished.halfClosed.Load() {
		conn.after = append(conn.after, finished)
	}
	if spare := cs.writableAside(conn.pkiID); spare != nil && conn.serverStream != nil {
		spare.giveWay(conn) // it has been written on for want of a better, and is read on
	}
	if standing != nil {
		cs.trace.Report(trace.StoreReplaced, trace.Event{Peer: conn.pkiID, Subject: standing.trace.Object()})
		standing.giveWay(conn)
		conn.after = append(conn.after, standing)
	}
	// Of two dials of our own that lead to one peer, the peer takes the later stream; so does onConnected, when that one has come
	// through.
	if dial := alive(cs.destinationLocks[destination("", conn.pkiID)]); dial != nil && (conn.serverStream != nil || !dial.opened) {
		cs.endDial(dial)
		dial.giveWay(conn)
		if dial.opened {
			conn.after = append(conn.after, dial) // the peer may have accepted it, and be sending on it already
		}
	}
	cs.trace.Report(trace.StoreStored, trace.Event{Peer: conn.pkiID, Subject: conn.trace.Object()})
}

// endDial takes conn off the dials under way, if it is one: since it was closed, another dial to the same destination may have taken
// its place. The caller holds the mutex.
func (cs *connectionStore) endDial(conn *connection) {
	if cs.destinationLocks[conn.dialledAs] == conn {
		delete(cs.destinationLocks, conn.dialledAs)
	}
}

// remove takes a connection that can carry nothing more out of the store, or off the dials, if it is still the one that is there.
// The condition is the whole point: a stream that ends must never take its successor with it, which is how upstream cuts off a peer
// that reconnects (S1 in the bug history). It reports whether there is another way to the peer: a connection, or a dial under way.
//
// One that is removed without being closed, since its peer has finished and a subscriber has not, is set aside: there CloseConn and
// Stop find it. There is room for one of each peer. A peer that comes, finishes, and comes again would otherwise leave a service
// behind each time.
func (cs *connectionStore) remove(conn *connection) (reachable bool) {
	reachable, displaced := cs.take(conn)
	if displaced != nil {
		displaced.close(errReplaced)
	}
	return reachable
}

// take is the part of remove that needs the mutex.
func (cs *connectionStore) take(conn *connection) (reachable bool, displaced *connection) {
	cs.Lock()
	defer cs.Unlock()
	cs.endDial(conn)
	stored := cs.pki2Conn[conn.storedAs] == conn
	if stored {
		delete(cs.pki2Conn, conn.storedAs)
		cs.trace.Report(trace.StoreRemoved, trace.Event{Peer: conn.pkiID, Subject: conn.trace.Object()})
	}
	// One that is closed leaves for good. One that is open was finished by its peer, or can write no more.
	switch {
	case cs.aside[conn.storedAs] == conn && conn.toDie():
		delete(cs.aside, conn.storedAs)
	case stored && !conn.toDie() && cs.writableAside(conn.pkiID) != nil:
		displaced = conn // what can still be written on is worth more
		conn.giveWay(cs.writableAside(conn.pkiID))
	case stored && !conn.toDie():
		displaced = cs.aside[conn.storedAs]
		cs.aside[conn.storedAs] = conn
	}
	if pkiID := common.PKIidType(cmp.Or(conn.storedAs, string(conn.expected))); len(pkiID) > 0 {
		reachable = cs.find(&RemotePeer{PKIID: pkiID}) != nil || alive(cs.destinationLocks[destination("", pkiID)]) != nil
	}
	return reachable, displaced
}

// closeConn closes what there is to the peer: the connection, a stream that is set aside, a dial that is under way. What was dialled by
// endpoint alone is closed only under that name while it is being dialled: whose it will be is not known yet.
func (cs *connectionStore) closeConn(peer *RemotePeer) {
	cs.RLock()
	conns := []*connection{cs.find(peer), cs.aside[string(peer.PKIID)], cs.destinationLocks[destination(peer.Endpoint, peer.PKIID)]}
	cs.RUnlock()
	for _, conn := range conns {
		if conn != nil {
			conn.close(ErrClosed)
		}
	}
}

// shutdown closes every connection and every dial, and keeps new ones from being stored. It does not wait for their goroutines:
// Stop does that, for these and all others at once.
func (cs *connectionStore) shutdown() {
	cs.Lock()
	cs.isClosing = true
	conns := slices.Collect(maps.Values(cs.pki2Conn))
	conns = slices.AppendSeq(conns, maps.Values(cs.aside))
	conns = slices.AppendSeq(conns, maps.Values(cs.destinationLocks))
	cs.Unlock()
	// In the order of their making, and not in that of a map, so that two runs of a lesson end in the same way.
	slices.SortFunc(conns, func(a, b *connection) int { return cmp.Compare(a.id, b.id) })
	for _, conn := range conns {
		conn.close(ErrStopped)
	}
}

// connection is one stream to one remote peer, or the attempt at one. It passes through three phases: the handshake (after a dial, or
// after the arrival of a stream), serving, and stopping. Messages can be enqueued in all but the last.
type connection struct {
	id         uint64           // unique within this instance, in the order of making
	endpoint   string           // what was dialled, or where the stream came from
	expected   common.PKIidType // whom the dial is meant to reach; nil for "whoever is there"
	conf       Config
	logger     *slog.Logger
	trace      *trace.Source
	life       context.Context         // the life of the instance
	ctx        context.Context         // the life of the connection; a client stream runs on it
	cancel     context.CancelCauseFunc // ends ctx: the only thing that releases a reader or writer of a client stream
	remove     func(*connection) bool  // takes it out of the store, and reports whether the peer can be reached otherwise
	acks       *util.PubSub            // where the reader publishes acknowledgements
	onDeath    func(common.PKIidType)  // tells that the peer is presumed dead; never blocks
	goroutines *sync.WaitGroup         // commImpl.stopWG: reader and writer are in it

	outBuff  chan *msgSending // messages on their way to the writer; nobody closes it
	dropped  atomic.Uint64    // messages given up, on their way out or in
	stopFlag atomic.Bool      // set once, by the first close
	stopChan chan struct{}    // closed right after stopFlag: senders, writer and service select on it
	ready    chan struct{}    // closed when the handshake has ended, well or not
	noWriter chan struct{}    // closed when no writer will look at outBuff any more
	noReader chan struct{}    // closed when nothing will be received any more
	served   chan struct{}    // closed when nothing that was received will be handled any more

	handler handler                         // what to do with a message that was received
	msgChan chan *proto.SignedGossipMessage // received messages on their way to the service; the reader closes it when the stream has ended

	// What the handshake opened and found out. Written by the goroutine that dials or handles, before the connection is stored or
	// ready is closed; only read afterwards.
	info         *proto.ConnectionInfo
	pkiID        common.PKIidType
	conn         *grpc.ClientConn                // the gRPC connection, on the side that dialled
	cl           proto.GossipClient              // its stub
	clientStream proto.Gossip_GossipStreamClient // the stream, on the side that dialled
	serverStream proto.Gossip_GossipStreamServer // the stream, on the side that was dialled

	// What the store notes; guarded by its mutex.
	dialledAs string // its key in destinationLocks
	storedAs  string // its key in pki2Conn or aside
	provenAt  string // the endpoint at which the peer has proven who it is; "" if it has called, and was never dialled
	begun     uint64 // when it was dialled, and then when its stream was opened; or when it was stored (connectionStore.moment)
	opened    bool   // its dial has got through, and its stream is open, neither answered nor refused yet
	lastTry   bool   // its dial is not begun anew if it is refused

	// Written under the mutex of the store, before the goroutine begins that alone looks at it then.
	behind *connection   // the dial that goes first
	after  []*connection // those that gave way to it or were finished before it, whose messages are handled first

	young      atomic.Bool // it was stored less than a connection timeout ago
	halfClosed atomic.Bool // the other end has ended its half of the stream on purpose; what fails afterwards is no failure

	gaveWay chan struct{} // closed when the queue has been given to another connection

	sync.RWMutex             // guards what follows, and keeps two from moving the queue at once
	closeReason  error       // why it was closed: that of the first close
	lingers      bool        // whether the stream is brought to a graceful end; decided by the first close
	stillReads   bool        // whether what is received meanwhile is handled; the same
	stopAging    func() bool // stops the timer of young
	takenOverBy  *connection // what has the queue now; written before gaveWay is closed, and read without the mutex after that

	stopLingering func() bool // stops the timer that bounds lingering; close writes it, and release, after that, reads it
}

// msgSending is a message on its way out.
type msgSending struct {
	envelope *proto.Envelope
	until    context.Context // its time: an acknowledged message has one, and an answer that waits for room; nil for none
	lost     chan error      // has room for why an acknowledged message was dropped; nil if nobody wants to know
}

// overdue reports whether the time of the message has run out while it was waiting: nobody would believe its acknowledgement. That
// nobody waits any more because enough others have acknowledged is another matter; then the message still goes out.
func (m *msgSending) overdue() bool {
	return m.until != nil && context.Cause(m.until) == ErrAckTimeout
}

// stream is what the two ends of a GossipStream have in common.
type stream interface {
	Send(envelope *proto.Envelope) error
	Recv() (*proto.Envelope, error)
	Context() context.Context
}

// newConnection makes a connection that lives no longer than life. The caller fills in what it calls when something happens.
func newConnection(life context.Context, id uint64, endpoint string, expected common.PKIidType, conf Config,
	source *trace.Source) *connection {
	ctx, cancel := context.WithCancelCause(life)
	return &connection{
		id:       id,
		endpoint: endpoint,
		expected: expected,
		conf:     conf,
		trace:    source,
		life:     life,
		ctx:      ctx,
		cancel:   cancel,
		outBuff:  make(chan *msgSending, conf.SendBuffSize),
		stopChan: make(chan struct{}),
		ready:    make(chan struct{}),
		noWriter: make(chan struct{}),
		noReader: make(chan struct{}),
		served:   make(chan struct{}),
		gaveWay:  make(chan struct{}),
	}
}

// whyOver returns why nothing is done any more for this connection: it was closed, or the instance has ended under it.
func (conn *connection) whyOver() error {
	return cmp.Or(conn.reason(), context.Cause(conn.ctx))
}

// toDie reports whether the connection was closed.
func (conn *connection) toDie() bool {
	return conn.stopFlag.Load()
}

// reason returns why the connection was closed, nil if it was not.
func (conn *connection) reason() error {
	conn.RLock()
	defer conn.RUnlock()
	return conn.closeReason
}

// close ends the connection, for the reason that the first caller gives; further calls do nothing. It never blocks and may be
// called by anybody who does not hold the store's mutex: a reader or writer that met the end, CloseConn, a successor, Stop. The
// connection leaves the store here, so that the next message to the peer finds a fresh start; what it holds is released by its own
// goroutines (release, abandon).
func (conn *connection) close(reason error) {
	// The reason first: whoever sees the flag asks for the reason, and no reason would mean that nothing is wrong.
	conn.Lock()
	if conn.toDie() {
		conn.Unlock()
		return
	}
	conn.closeReason = reason
	lingers := conn.isServing() && conn.endsGracefully(reason)
	conn.lingers, conn.stillReads = lingers, lingers && reason != ErrClosed // whoever calls CloseConn wants no more of that peer
	if lingers {
		// Armed here, and not when the service comes to it: it may be waiting for a subscriber that does not read.
		conn.stopLingering = conn.conf.AfterFunc(conn.conf.ConnTimeout, func() { conn.cancel(reason) })
	}
	conn.stopFlag.Store(true)
	if conn.stopAging != nil {
		conn.stopAging() // none of our timers may outlive Stop
	}
	conn.Unlock()
	close(conn.stopChan)
	reachable := conn.remove(conn)
	reportClosed(conn.trace, conn.expected, reason)
	if !lingers {
		conn.cancel(reason)
	}
	// Closed first, told second. Upstream told first, through a channel that could be full, and the connection stayed open (S9). A peer
	// that can be reached otherwise is not dead: a Fabric peer, for one, resets the stream that is too much.
	if failure(reason) != nil && !reachable {
		conn.tellBroken(reason)
	}
}

// endsGracefully reports whether a stream that ends for this reason lingers first, for at most a connection timeout: what is queued
// goes out, if this side still may send, and what is on its way comes in. A stream that broke has no use for that, and Stop no
// time.
//
// That CloseConn drops the queue of a stream that the other end has opened is a limit of gRPC: only an initiator can end its half
// alone. For an acceptor the end of its half is the end of its handler, and with it of all that the peer may still be sending. Another
// limit: an initiator that has lingered for its time cancels, and an acceptor that has not read so far by then, since a subscriber is
// slow, cannot tell that from a stream that broke.
func (conn *connection) endsGracefully(reason error) bool {
	switch reason {
	case errReplaced:
		return true
	case ErrClosed:
		return conn.clientStream != nil
	case ErrPeerClosed:
		return conn.serverStream != nil // which can still send; on our own stream the other end's end is the end of both halves
	default:
		return false
	}
}

// tellBroken gives a notice of death: a dial has failed, or a stream broke that served. A stranger whose handshake was refused, or who
// went away in the middle of it, was never alive; and a peer that gives its dial up need not be dead. But one whose stream had
// already taken the place of another, and that is gone before it was answered, is missed. Such a stream is closed only by the
// goroutine that ran its handshake, so that after can be read here.
func (conn *connection) tellBroken(reason error) {
	if conn.serverStream != nil && !conn.isServing() && len(conn.after) == 0 {
		return
	}
	conn.logger.Warn("a connection broke", "endpoint", conn.endpoint, "peer", shortID(conn.peerID()),
		"dropped", conn.dropped.Load(), "error", reason)
	conn.onDeath(conn.peerID())
}

// peerID returns the PKI-ID of the remote peer: the proven one, or while there is none the one that the dial was meant to reach. It
// may be called once the handshake has ended, or on the goroutine that runs it.
func (conn *connection) peerID() common.PKIidType {
	if conn.pkiID != nil {
		return conn.pkiID
	}
	return conn.expected
}

// isLingering reports whether the connection was closed and is being brought to an end in good order.
func (conn *connection) isLingering() bool {
	conn.RLock()
	defer conn.RUnlock()
	return conn.lingers
}

// isServing reports whether the handshake has ended.
func (conn *connection) isServing() bool {
	select {
	case <-conn.ready:
		return true
	default:
		return false
	}
}

// abandon ends a connection that never came to serve: the handshake has failed, or the store did not take it, or it was a probe. It
// runs on the goroutine that ran the handshake. No reader and no writer were begun, so it closes in their place what others wait on.
func (conn *connection) abandon(reason error) {
	conn.close(reason)
	conn.cancel(reason) // another goroutine may be in the middle of close, and not have come to this yet
	if conn.conn != nil {
		conn.conn.Close()
	}
	close(conn.ready)
	close(conn.served)
	close(conn.noReader)
	conn.retireQueue(conn.reason())
}

// send puts a message into the queue, or drops it and says why. Returning nil means "queued", never "sent".
func (conn *connection) send(m *msgSending, shouldBlock blockingBehavior) error {
	closed := conn.toDie() // looked at first: a connection gives way before it is closed
	if conn.successor() != nil {
		return conn.forward(m, shouldBlock)
	}
	if closed {
		return conn.drop(m, conn.reason())
	}
	if conn.offer(m) {
		return nil
	}
	switch shouldBlock {
	case blockingSend:
		return conn.waitForRoom(m)
	case nonBlockingSend:
		// Who sends as fast as he can keeps a processor for himself, and the writer, which would make room, has to wait for one. So
		// the others have a turn before the message is given up: a flood delivers nearly twice as much with that.
		runtime.Gosched()
		if conn.offer(m) {
			return nil
		}
	}
	return conn.drop(m, errQueueFull)
}

// offer puts a message into the queue if there is room, and reports whether there was.
func (conn *connection) offer(m *msgSending) bool {
	select {
	case conn.outBuff <- m:
		conn.enqueued(m)
		return true
	default:
		return false
	}
}

// waitForRoom is what a blocking send does when the queue is full. It waits until there is room, until the connection is closed or gives
// its queue away, or until the time of the message is over.
//
// An answer has a connection timeout, since a subscriber that answers from its reading loop, to a peer that does the same, would wait for
// ever. Its time begins only here: a timer for each answer, full queue or not, was a tenth of what a small message costs. It goes along
// when the connection gives way to another, and is bound to the life of the instance: a connection that has given way ends soon.
func (conn *connection) waitForRoom(m *msgSending) error {
	if m.until == nil {
		var cancel context.CancelFunc
		m.until, cancel = util.WithTimeout(conn.life, conn.conf.AfterFunc, conn.conf.ConnTimeout, errQueueFull)
		defer cancel()
	}
	select {
	case conn.outBuff <- m:
		conn.enqueued(m)
		return nil
	case <-conn.gaveWay:
		return conn.forward(m, blockingSend)
	case <-conn.stopChan:
		return conn.send(m, blockingSend) // which says why, or finds that it had given way before
	case <-m.until.Done():
		return conn.drop(m, context.Cause(m.until))
	}
}

// enqueued is the end of send for a message that is in the queue.
func (conn *connection) enqueued(m *msgSending) {
	conn.trace.Report(trace.ConnEnqueue, trace.Event{Peer: conn.expected, Envelope: m.envelope, Queue: conn.queue()})
	conn.lookAgain()
}

// lookAgain sees to a message that was put into the queue too late. The queue may have been given away, or the writer may have left,
// between the first look and the putting in; then nobody else would take the message out. That it is dropped after all, its sender
// hears in another way (msgSending.lost).
func (conn *connection) lookAgain() {
	left := false
	select {
	case <-conn.noWriter:
		left = true
	default:
	}
	switch {
	case conn.successor() != nil:
		conn.moveQueue()
	case left:
		conn.drainOutputBuffer(conn.lossReason())
	}
}

// queue describes the send queue as it is now.
func (conn *connection) queue() trace.Queue {
	return trace.Queue{Name: "outBuff", Len: len(conn.outBuff), Cap: cap(conn.outBuff)}
}

// drop gives up a message that was to be sent.
func (conn *connection) drop(m *msgSending, why error) error {
	conn.lose(m.envelope, conn.queue(), why)
	select {
	case m.lost <- why:
	default: // nobody waits for this message; a send on a nil channel is never ready
	}
	return why
}

// lose is the end of every message that is lost on this side, on its way out or in: counted, and traced with the queue that it was in
// or was meant for. It may be called on any goroutine.
func (conn *connection) lose(envelope *proto.Envelope, queue trace.Queue, why error) {
	conn.dropped.Add(1)
	conn.trace.Report(trace.ConnDrop, trace.Event{Peer: conn.expected, Envelope: envelope, Queue: queue, Err: why})
}

// drainOutputBuffer drops whatever is in the queue. Several goroutines may do so at once: each message is taken out by one of them.
func (conn *connection) drainOutputBuffer(why error) {
	for {
		select {
		case m := <-conn.outBuff:
			conn.drop(m, why)
		default:
			return
		}
	}
}

// retireQueue is called once, when nobody will write any more. The order matters: a message that is enqueued after the draining finds
// noWriter closed, and its sender drains (see send).
func (conn *connection) retireQueue(why error) {
	close(conn.noWriter)
	if conn.successor() != nil {
		conn.moveQueue()
		return
	}
	conn.drainOutputBuffer(why)
}

// serviceConnection runs the connection until it ends, and returns nil for a clean end, else what broke it. On the side that dialled
// it is the last act of the dial's goroutine. On the side that was dialled it is the gRPC handler, and there its return is what ends
// the stream and releases reader and writer: it must not wait for them without a bound. Stop waits for all.
//
// The reader is the only sender on msgChan and closes it when the stream has ended. So whatever was received before the end is
// handled before the end is noticed.
func (conn *connection) serviceConnection() error {
	stream := conn.stream()
	conn.msgChan = make(chan *proto.SignedGossipMessage, conn.conf.RecvBuffSize)
	var readErr error
	close(conn.ready)
	conn.trace.Report(trace.ConnServe, trace.Event{Peer: conn.pkiID})
	conn.goroutines.Go(func() {
		readErr = conn.readFromStream(stream)
		conn.endReading(readErr)
		close(conn.noReader)
		close(conn.msgChan)
		conn.dropUnhandled()
	})
	conn.goroutines.Go(func() { conn.writeToStream(stream) })
	if conn.successor() != nil {
		conn.close(errReplaced) // a dial that lost after it was answered; only here, because a graceful end needs a reader and a writer
	}
	conn.letPredecessorsFinish()
	for !conn.toDie() { // looked at first, so that a closed connection takes no more by chance
		switch msg, more := conn.nextReceived(); {
		case !more:
			conn.close(readErr)
		case msg != nil:
			conn.handle(msg)
		}
	}
	return conn.release()
}

// nextReceived waits for the next message of the reader. It returns none when the connection is closed, and false when the stream has
// ended and everything that came before has been taken.
func (conn *connection) nextReceived() (msg *proto.SignedGossipMessage, more bool) {
	select {
	case msg, more = <-conn.msgChan:
		return msg, more
	default:
	}
	select {
	case msg, more = <-conn.msgChan:
		return msg, more
	case <-conn.stopChan:
		return nil, true
	}
}

// letPredecessorsFinish waits until the connections before this one have handled what they had received: a peer that sends over one of
// them and then over this one means its messages to be in that order. For one that gave way the wait is bounded, as its lingering or
// its handshake is. One that the peer has finished may have to wait for a subscriber, as this one then would, too.
//
// One order it cannot keep: where both peers dialled without a PKI-ID, a stream may turn out to have been a predecessor only when
// this one has begun already.
func (conn *connection) letPredecessorsFinish() {
	for _, predecessor := range conn.after {
		select {
		case <-predecessor.served:
		case <-conn.ctx.Done(): // and not stopChan: one that lingers keeps its place
		}
	}
	conn.after = nil // or each connection would keep all that were before it
}

// handle passes a message on, unless the connection was closed meanwhile. It looks before the gate, so that nobody is shown a
// message that will not be handled, and after it, since the gate may have held.
func (conn *connection) handle(msg *proto.SignedGossipMessage) {
	if conn.wantsInput() {
		conn.trace.Gate(trace.ConnHandle, trace.Event{Peer: conn.pkiID, Envelope: msg.Envelope})
	}
	if conn.wantsInput() {
		conn.handler(msg)
	} else {
		conn.lose(msg.Envelope, conn.received(), conn.whyOver())
	}
}

// wantsInput reports whether received messages are still handled: while the connection is open, and while it lingers because
// another one took its place, or because the peer has finished.
func (conn *connection) wantsInput() bool {
	return conn.ctx.Err() == nil && (!conn.toDie() || conn.readsToTheEnd())
}

// readsToTheEnd reports whether what is received after the connection was closed is handled all the same.
func (conn *connection) readsToTheEnd() bool {
	conn.RLock()
	defer conn.RUnlock()
	return conn.stillReads
}

// received describes the receive queue as it is now.
func (conn *connection) received() trace.Queue {
	return trace.Queue{Name: "msgChan", Len: len(conn.msgChan), Cap: cap(conn.msgChan)}
}

// dropUnhandled drops what the reader has left in the receive queue when nobody will handle it any more. The service calls it when it
// ends, and the reader when it does, since either can be the last.
func (conn *connection) dropUnhandled() {
	if conn.ctx.Err() == nil {
		return
	}
	for {
		select {
		case msg, more := <-conn.msgChan:
			if !more {
				return
			}
			conn.lose(msg.Envelope, conn.received(), conn.whyOver())
		default:
			return
		}
	}
}

// release frees what the connection holds, when its service ends. On the side that dialled, nothing else would: gRPC keeps a
// connection until somebody closes it. One that lingers is given time for that first.
func (conn *connection) release() error {
	if conn.isLingering() {
		conn.linger()
		conn.stopLingering()
	}
	reason := conn.reason()
	conn.trace.Gate(trace.ConnServeEnd, trace.Event{Peer: conn.pkiID, Err: failure(reason), Detail: orderlyEnd(reason)})
	conn.cancel(reason)
	conn.dropUnhandled()
	close(conn.served)
	if conn.conn != nil {
		conn.conn.Close()
	}
	return failure(reason)
}

// linger waits until the other end has ended its side as well, which it does when it has read all, and until the writer has nothing
// left; but no longer than a connection timeout. If the peer has restarted, nobody is left to end the old stream, and then the
// timeout does.
func (conn *connection) linger() {
	for conn.ctx.Err() == nil {
		select {
		case <-conn.ctx.Done():
		case msg, more := <-conn.msgChan:
			if more {
				conn.handle(msg)
				continue
			}
			select {
			case <-conn.ctx.Done():
			case <-conn.noWriter:
			}
			return
		}
	}
}

// stream returns the one of the two streams that this connection has.
func (conn *connection) stream() stream {
	if conn.clientStream != nil {
		return conn.clientStream
	}
	return conn.serverStream
}

// writeToStream is the writer: the only goroutine that sends on the stream once the handshake is over. Its messages are numbered
// from 2, the ConnEstablish having been the first.
func (conn *connection) writeToStream(stream stream) {
	defer conn.trace.Report(trace.ConnWriterEnd, trace.Event{Peer: conn.pkiID})
	defer func() { conn.retireQueue(conn.lossReason()) }()
	number := uint64(2)
	for m := conn.nextToWrite(); m != nil; m = conn.nextToWrite() {
		if m.overdue() {
			conn.drop(m, ErrAckTimeout)
			continue
		}
		if !conn.write(stream, m, number) {
			return
		}
		number++
	}
	if conn.isLingering() && conn.clientStream != nil {
		conn.trace.Gate(trace.ConnDrain, trace.Event{Peer: conn.pkiID, Queue: conn.queue()})
		conn.clientStream.CloseSend()
	}
}

// nextToWrite waits for the next message, and returns nil when there will be none: the connection was closed, and is empty, or
// broken, or another one has its queue.
func (conn *connection) nextToWrite() *msgSending {
	if !conn.toDie() && conn.successor() == nil {
		select {
		case m := <-conn.outBuff:
			return m
		default:
		}
		select {
		case m := <-conn.outBuff:
			return m
		case <-conn.gaveWay:
		case <-conn.stopChan:
		}
	}
	<-conn.stopChan // one that has given way is closed next
	if !conn.isLingering() || conn.successor() != nil {
		return nil
	}
	// Who lingers writes what is queued, and waits for nothing more.
	select {
	case m := <-conn.outBuff:
		return m
	default:
		return nil
	}
}

// write gives one message to gRPC, and reports whether the stream takes more. The stream may have ended without this side knowing:
// then Send returns io.EOF, and what happened is for the reader to learn, which is the only one that gets the status.
func (conn *connection) write(stream stream, m *msgSending, number uint64) bool {
	conn.trace.Gate(trace.ConnWrite, trace.Event{Peer: conn.pkiID, Number: number, Envelope: m.envelope, Queue: conn.queue()})
	if conn.toDie() && !conn.isLingering() {
		conn.drop(m, conn.reason())
		return false
	}
	// A peer that takes nothing any more makes Send wait for ever: flow control has no time limit. Closing ends the stream, and that
	// releases Send.
	disarm := conn.conf.AfterFunc(conn.conf.WriteTimeout, func() { conn.close(fmt.Errorf("writing to the stream: %w", ErrWriteTimeout)) })
	err := stream.Send(m.envelope)
	disarm()
	conn.trace.Report(trace.ConnWritten, trace.Event{Peer: conn.pkiID, Number: number, Envelope: m.envelope, Queue: conn.queue(), Err: err})
	if err == nil {
		return true
	}
	// The message may have gone out or not, nobody can tell; sending it again could deliver it twice.
	conn.drop(m, explain(conn.ctx, err))
	if errors.Is(err, io.EOF) || conn.halfClosed.Load() {
		conn.halfClosed.Store(true) // nobody is to find it and try to write on it
		conn.remove(conn)           // so that the next message dials anew, even while the reader still waits for a slow subscriber
	} else {
		conn.close(fmt.Errorf("writing to the stream: %w", err))
	}
	return false
}

// lossReason says why a message that is still in the queue when the writer leaves is lost.
func (conn *connection) lossReason() error {
	if reason := conn.reason(); reason != nil {
		return reason
	}
	return ErrPeerClosed
}

// readFromStream is the reader: the only goroutine that receives on the stream once the handshake is over. It ends at a message
// that nobody can decode, and when Recv does: the other end finishes, the transport breaks, conn.cancel is called (our stream) or
// the handler returns (theirs). It returns why the stream ended.
func (conn *connection) readFromStream(stream stream) error {
	defer conn.trace.Report(trace.ConnReaderEnd, trace.Event{Peer: conn.pkiID})
	for number := uint64(2); ; number++ {
		conn.trace.Gate(trace.ConnRead, trace.Event{Peer: conn.pkiID, Number: number})
		envelope, err := stream.Recv()
		err = conn.endOfStream(err)
		conn.trace.Report(trace.ConnReceived, trace.Event{Peer: conn.pkiID, Number: number, Envelope: envelope,
			Err: failure(err), Detail: orderlyEnd(err)})
		if err != nil {
			return err
		}
		msg, err := envelope.ToGossipMessage()
		if err != nil {
			// Whoever has authenticated and sends garbage is broken; nothing that follows can be trusted. Upstream went on
			// here with a nil message, and any authenticated peer could crash it (H3).
			return fmt.Errorf("reading from the stream: %w", err)
		}
		if conn.interceptAck(msg) {
			continue
		}
		if !conn.queueReceived(msg, number) {
			conn.lose(envelope, conn.received(), conn.whyOver())
		}
	}
}

// queueReceived puts a message into the receive queue and waits while that is full. It reports false if the connection ended first.
func (conn *connection) queueReceived(msg *proto.SignedGossipMessage, number uint64) bool {
	if conn.ctx.Err() != nil {
		return false
	}
	select {
	case conn.msgChan <- msg:
	default:
		select {
		case conn.msgChan <- msg:
		case <-conn.ctx.Done():
			return false
		}
	}
	conn.trace.Report(trace.ConnQueued, trace.Event{Peer: conn.pkiID, Number: number, Envelope: msg.Envelope, Queue: conn.received()})
	return true
}

// endReading is what the reader does about the end of its stream. A connection that broke is closed at once. One that the other end has
// ended on purpose leaves the store at once, since it can carry nothing more, and is closed by its service, when that has handled
// what was received before.
func (conn *connection) endReading(err error) {
	if failure(err) != nil {
		conn.close(err)
		return
	}
	conn.halfClosed.Store(true)
	conn.remove(conn)
}

// reportClosed tells that a connection is over.
func reportClosed(source *trace.Source, peer common.PKIidType, reason error) {
	source.Report(trace.ConnClose, trace.Event{Peer: peer, Err: failure(reason), Detail: orderlyEnd(reason)})
}

// endOfStream turns the error that Recv returned into the reason of an end: a clean one, a refusal in the other end's words, what this
// side did, or what broke.
func (conn *connection) endOfStream(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return ErrPeerClosed
	}
	if refusal := refusalFrom(conn.stream(), err); refusal != nil {
		return refusal
	}
	return explain(conn.ctx, fmt.Errorf("reading from the stream: %w", err))
}

// failure returns reason if a connection that ended for it broke, and nil if it ended as somebody wished: one of the two sides, also
// with a refusal that says so.
func failure(reason error) error {
	for _, wish := range []error{ErrClosed, ErrPeerClosed, errReplaced, ErrTieBreak, ErrStopped} {
		if errors.Is(reason, wish) {
			return nil
		}
	}
	return reason
}

// orderlyEnd returns the reason of an end that somebody wished, in words; nothing if it broke.
func orderlyEnd(reason error) string {
	if reason == nil || failure(reason) != nil {
		return ""
	}
	return reason.Error()
}
