package comm

// tiebreak.go answers one question: two peers have two streams to each other; which of them stays?
//
// Two peers that send to each other for the first time at the same moment both dial. Each then is initiator of one stream and
// acceptor of the other, and only one is wanted. Whatever rule they use, both must come to the same answer without asking. Upstream's
// rule is not the same on both sides (an acceptor keeps the newest stream, an initiator the one that is there), so it can happen that
// each peer closes the stream that the other keeps; both are lost, and what was queued with them (S2 in the bug history).
//
// Our rule: if each of the two streams was opened before its initiator knew of the other, the one dialled by the peer with the smaller
// PKI-ID stays. Otherwise the newest stays, for a peer that has restarted dials again because it knows nothing of the older one. A dial
// that has not come as far as opening its stream stands in nobody's way: perhaps it never will, and then a peer that can reach us, and
// that we cannot reach, would be refused for nothing.
//
// The acceptor decides, since it answers last (acceptPeer): a stream that is to go it refuses instead of answering, and so no
// message has been written on it. The initiator follows. Its messages are not lost: they have not been written yet, and giveWay
// takes them to the stream that stays.
//
// That handing over of a queue is the second half of this file. It serves whenever there are two connections to one peer: also when a
// peer comes back, when a dial fails whose peer has called meanwhile, and when two dials to one endpoint lead to the same peer.

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"

	"google.golang.org/grpc/metadata"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
)

// The keys under which an initiator of our kind tells the acceptor what it should know. They travel as gRPC metadata, beside the
// protocol and not in it: a Fabric peer does not look there.
const (
	markKey   = "gossipscope-wants"  // knows the rule, and wants this PKI-ID: in hexadecimal digits, empty for "whoever is there"
	waitedKey = "gossipscope-waited" // was refused before, and has waited for the other stream in vain
)

// withMark returns a context whose calls carry the mark. waited says that this is the second try.
func withMark(ctx context.Context, wanted common.PKIidType, waited bool) context.Context {
	ctx = metadata.AppendToOutgoingContext(ctx, markKey, hex.EncodeToString(wanted))
	if waited {
		ctx = metadata.AppendToOutgoingContext(ctx, waitedKey, "1")
	}
	return ctx
}

// hasWaited reports whether the initiator of an inbound stream has waited in vain for a stream of ours. Then ours leads to somebody who
// answers a Ping and nothing else, and must not keep it out again and again.
func hasWaited(ctx context.Context) bool {
	return len(metadata.ValueFromIncomingContext(ctx, waitedKey)) > 0
}

// isMarked reports whether the initiator of an inbound stream has set the mark.
func isMarked(ctx context.Context) bool {
	return len(metadata.ValueFromIncomingContext(ctx, markKey)) > 0
}

// wantedBy returns whom the initiator of an inbound stream wants to reach, nil if it does not say. An acceptor must know, or a stream
// that was meant for somebody else would push out the connection that the two have, and then be closed by its initiator.
func wantedBy(ctx context.Context) common.PKIidType {
	mark := metadata.ValueFromIncomingContext(ctx, markKey)
	if len(mark) == 0 {
		return nil
	}
	wanted, err := hex.DecodeString(mark[0])
	if err != nil {
		return common.PKIidType(mark[0]) // which nobody is
	}
	return wanted
}

// encounter is what one peer knows when a stream between it and another has authenticated: the newcomer.
type encounter struct {
	inbound bool // the other peer dialled the newcomer
	rival   bool // each of the two, the newcomer and another stream, was opened before its initiator knew of the other
	marked  bool // the other peer knows the rule: it has marked the newcomer, if that is inbound, or else the rival
	smaller bool // our PKI-ID is the smaller one
}

// verdict says what becomes of a newcomer.
type verdict int

const (
	newcomerStays  verdict = iota // it is the connection to the peer; another one gives way
	newcomerGoes                  // the other one stays
	newcomerIsRead                // the other one stays, but its peer does not know that yet: what it sends is read until it ends it
)

// decide applies the rule.
//
// Towards a peer that does not know the rule, ours must be one that works with what it does. A Fabric peer that accepts our stream
// gives up its own, whichever PKI-ID is smaller. So ours stays, and its stream is read until it has noticed.
func (e encounter) decide() verdict {
	switch {
	case !e.rival:
		return newcomerStays
	case !e.marked && e.inbound:
		return newcomerIsRead
	case !e.marked:
		return newcomerStays
	case e.inbound == e.smaller:
		return newcomerGoes // theirs, and we are the smaller; or ours, and we are the larger
	default:
		return newcomerStays
	}
}

// judge says what becomes of a connection that has just authenticated; standing is the one that the store has to the same peer, if
// it has one. It runs on the goroutine of the handshake, and the caller holds the mutex.
//
// An inbound newcomer has a rival if a stream of our own to its peer is open and not answered, or was answered so recently that the
// peer, when it opened the newcomer, could not know. A newcomer of our own has one only if it was dialled without a PKI-ID, for
// otherwise the peer's stream would have taken over its queue: if that stream was stored after this one was opened, or so recently
// that the peer, when it took this one, may not have had our answer yet.
func (cs *connectionStore) judge(conn, standing *connection) verdict {
	e := encounter{inbound: conn.serverStream != nil, smaller: string(cs.self) < string(conn.pkiID)}
	if e.inbound {
		dial := alive(cs.destinationLocks[destination("", conn.pkiID)])
		e.rival = dial != nil && dial.opened && !hasWaited(conn.serverStream.Context()) ||
			standing != nil && standing.clientStream != nil && standing.young.Load()
		e.marked = isMarked(conn.serverStream.Context())
	} else if standing != nil && standing.serverStream != nil {
		e.rival = standing.begun > conn.begun || standing.young.Load()
		e.marked = isMarked(standing.serverStream.Context())
	}
	if !e.rival {
		return newcomerStays
	}
	outcome := e.decide()
	var why error
	if outcome == newcomerGoes {
		why = ErrTieBreak
	}
	cs.trace.Report(trace.StoreTieBreak, trace.Event{Peer: conn.pkiID, Subject: conn.trace.Object(), Err: why})
	return outcome
}

// beYoung makes the connection count as young for a connection timeout. So long may a stream take to arrive that the peer had
// opened before it knew of this one (judge); and so long may our answer be on its way, if the peer has opened this one. The caller
// holds the mutex of the store.
func (conn *connection) beYoung() {
	conn.Lock()
	defer conn.Unlock()
	if conn.toDie() {
		return
	}
	conn.young.Store(true)
	conn.stopAging = conn.conf.AfterFunc(conn.conf.ConnTimeout, func() { conn.young.Store(false) })
}

// giveWay gives the queue to another connection to the same peer, once. Where that one is new (store) it is called before anybody
// can find it, so that nothing overtakes the queue. Messages for which the successor has no room are dropped. The caller holds the
// mutex of the store.
//
// Two rules that others rely on: a connection gives way before it is closed; and nothing gives way to one that has itself given
// way, or a message would go round for ever.
func (conn *connection) giveWay(successor *connection) {
	if conn.successor() != nil {
		return
	}
	conn.Lock()
	conn.takenOverBy = successor
	conn.Unlock()
	close(conn.gaveWay)
	successor.inherit(conn)
	peer := conn.expected
	if len(peer) == 0 {
		peer = conn.pkiID
	}
	conn.trace.Report(trace.StoreHandover, trace.Event{Peer: peer, Subject: successor.trace.Object(), Queue: conn.queue()})
	conn.moveQueue()
}

// inherit makes the successor known at the endpoint at which the peer has proven itself to the connection that gives way: the next
// message to that endpoint need not dial again. The caller holds the mutex of the store.
func (conn *connection) inherit(from *connection) {
	conn.provenAt = cmp.Or(conn.provenAt, from.provenAt)
}

// successor returns the connection that has taken over the queue, nil if there is none.
func (conn *connection) successor() *connection {
	select {
	case <-conn.gaveWay:
		return conn.takenOverBy
	default:
		return nil
	}
}

// forward sends a message over the successor, for a sender that had this connection in hand when it gave way. What he has put into the
// queue here goes first.
func (conn *connection) forward(m *msgSending, shouldBlock blockingBehavior) error {
	conn.moveQueue()
	return conn.takenOverBy.send(m, shouldBlock)
}

// moveQueue moves what is in the queue to the successor's, in order. Besides giveWay, the writer calls it when it leaves (or abandon,
// where there never was one), and senders that had the connection in hand when it gave way. The mutex is what keeps the order of a
// sender's messages: he waits here until whoever moves his message has put it down, and only then can he send the next one.
func (conn *connection) moveQueue() {
	conn.Lock()
	defer conn.Unlock()
	for {
		select {
		case m := <-conn.outBuff:
			conn.takenOverBy.send(m, immediateSend)
		default:
			return
		}
	}
}

// awaitSuccessor waits for the stream that the peer says it prefers: for a connection timeout, by which that stream is answered or has
// failed. A dial without a PKI-ID cannot see it come. It waits until the stream does not count as young any more either, so that
// the next attempt is let in.
//
// It does not wait if another connection of ours is there already; giveUp finds that one. And a stream that was refused is open no
// more: it stands in nobody's way.
func (cs *connectionStore) awaitSuccessor(conn *connection) {
	cs.Lock()
	conn.opened = false
	there := cs.find(&RemotePeer{Endpoint: conn.endpoint, PKIID: conn.expected})
	cs.Unlock()
	if there != nil {
		return
	}
	atMost := conn.conf.ConnTimeout
	if len(conn.expected) == 0 {
		atMost *= 2
	}
	wait, cancel := util.WithTimeout(conn.ctx, conn.conf.AfterFunc, atMost, ErrTieBreak)
	defer cancel()
	select {
	case <-conn.gaveWay:
	case <-wait.Done():
	}
}

// mayOpen is asked by a dial that has got through, before it opens its stream. From then on the stream counts (judge). If the peer has
// called meanwhile, there is nothing to open: its stream has the queue.
func (cs *connectionStore) mayOpen(conn *connection) error {
	cs.Lock()
	defer cs.Unlock()
	if conn.successor() != nil {
		return errReplaced
	}
	if conn.toDie() {
		return conn.reason()
	}
	cs.moment++
	conn.begun = cs.moment
	conn.opened = true
	return nil
}

// giveUp takes a dial that has failed out of the store, and returns what becomes the reason of its end. If the peer can be reached all
// the same, because another connection to it is there by now, that one takes over the queue, and nobody has died.
//
// A dial that was refused, since the peer's stream was under way, and that has waited for that in vain, is begun once more: by now the
// peer's stream has come to nothing, or it was one that we had closed and that the peer had not seen end yet.
func (cs *connectionStore) giveUp(conn *connection, err error) error {
	cs.Lock()
	defer cs.Unlock()
	cs.endDial(conn)
	if conn.successor() != nil {
		return errReplaced
	}
	if conn.toDie() || cs.isClosing {
		return err
	}
	remotePeer := &RemotePeer{Endpoint: conn.endpoint, PKIID: conn.expected}
	successor := cs.find(remotePeer)
	if successor == nil && !conn.lastTry && (errors.Is(err, ErrTieBreak) || err == errReplaced) {
		successor = cs.beginDial(remotePeer)
		successor.lastTry = true
		defer func() { go cs.dial(successor) }()
	}
	if successor == nil {
		return err
	}
	conn.giveWay(successor)
	return errReplaced
}

// mayMeanTheSameAs reports whether two dials, to one endpoint, may lead to the same peer though their callers named it differently. Two
// PKI-IDs never do.
func (conn *connection) mayMeanTheSameAs(other *connection) bool {
	return conn.endpoint == other.endpoint && (len(conn.expected) == 0 || len(other.expected) == 0)
}

// waitForDialAhead lets one of such dials at a time go on. The second often finds that the first has made the connection that it wants;
// two streams to one peer would then only have pushed each other out.
func (cs *connectionStore) waitForDialAhead(conn *connection) error {
	if conn.behind == nil {
		return nil
	}
	select {
	case <-conn.behind.ready:
	case <-conn.gaveWay:
		return errReplaced
	case <-conn.stopChan:
		return conn.reason()
	}
	conn.behind = nil // or each dial would keep all that were before it
	cs.Lock()
	defer cs.Unlock()
	if other := cs.find(&RemotePeer{Endpoint: conn.endpoint, PKIID: conn.expected}); other != nil {
		return errReplaced // giveUp finds the other one, too
	}
	return nil
}
