package comm

// ack.go is what makes a send that can be trusted out of one that promises nothing. SendWithAck gives its message a nonce of its own,
// and each receiver answers with that nonce (ReceivedMessage.Ack). The sender waits for those answers on a board, the PubSub: one
// topic for each nonce and peer.
//
// Two sides live here: ackSendOperation, which sends to several peers at once and collects the outcomes, with sendForAck and awaitAck
// for each of them; and interceptAck, which takes the answers out of the stream of messages before anybody else sees them.

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// Outcomes that nobody sees.
var (
	errEnough     = errors.New("enough peers have acknowledged")
	errNamedTwice = errors.New("this peer was named twice")
)

// inFlight is a message that was queued for one peer and is not acknowledged yet.
type inFlight struct {
	conn *connection        // whose queue it went into, or the successor that took over from that one
	acks *util.Subscription // what its acknowledgement will arrive on
	lost <-chan error       // what it will be heard from that it was dropped after all
}

// sendFunc queues msg for one peer, or says why it could not be queued.
type sendFunc func(ctx context.Context, peer *RemotePeer, msg *proto.SignedGossipMessage) (*inFlight, error)

// waitFunc waits for one acknowledgement, until ctx ends or enough others have come. It returns nil, the other end's reason for not
// acknowledging, or why it stopped waiting.
type waitFunc func(ctx context.Context, enough <-chan struct{}, sent *inFlight) error

// ackSendOperation is one call of SendWithAck.
type ackSendOperation struct {
	snd        sendFunc
	waitForAck waitFunc
	begin      func() (context.Context, context.CancelFunc) // the time that each peer has, dialling included
	goroutines *sync.WaitGroup
	trace      *trace.Source

	sync.Mutex                 // guards what follows
	claimed    map[string]bool // the PKI-IDs of those whom the message goes to
}

// claim reports whether the peer of this PKI-ID has not been claimed before. Who was named once by his PKI-ID and once by his endpoint
// alone is known to be one and the same only when he has proven who he is.
func (op *ackSendOperation) claim(pkiID common.PKIidType) bool {
	op.Lock()
	defer op.Unlock()
	if op.claimed[string(pkiID)] {
		return false
	}
	if op.claimed == nil {
		op.claimed = make(map[string]bool)
	}
	op.claimed[string(pkiID)] = true
	return true
}

// send sends msg to each of the peers, each on a goroutine of its own, and collects the outcomes until minAck of them are good or all
// are known. With minAck 0 a message that is queued is a good outcome, and all are waited for. If there is only one peer, whose outcome
// is waited for in any case, the caller's own goroutine does it: one less to begin and to be woken by is a seventh of the time.
//
// The channel of outcomes has room for all, so that a goroutine whose outcome nobody waits for any more can leave it and end; it is
// never closed, since its senders do not know of each other. The other channel, enough, carries nothing: that it is closed, when send
// returns, tells those who still wait for an acknowledgement to leave.
func (op *ackSendOperation) send(msg *proto.SignedGossipMessage, minAck int, peers []*RemotePeer) AggregatedSendResult {
	enough := make(chan struct{})
	defer close(enough)
	outcomes := make(chan SendResult, len(peers))
	sendTo := func(peer *RemotePeer) {
		err := op.sendToOne(peer, msg, minAck > 0, enough)
		if err != errNamedTwice {
			op.trace.Report(trace.AckResult, trace.Event{Peer: peer.PKIID, Envelope: msg.Envelope, Err: err})
		}
		outcomes <- SendResult{error: err, RemotePeer: *peer}
	}
	run := op.goroutines.Go
	if len(peers) == 1 {
		run = func(sendTo func()) { sendTo() }
	}
	for _, peer := range peers {
		run(func() { sendTo(peer) })
	}
	results := make(AggregatedSendResult, 0, len(peers))
	distinct := len(peers)
	for acks := 0; len(results) < distinct && (minAck == 0 || acks < minAck); {
		result := <-outcomes
		if result.error == errNamedTwice {
			distinct--
			continue
		}
		results = append(results, result)
		if result.error == nil {
			acks++
		}
	}
	op.trace.Report(trace.AckDone, trace.Event{Envelope: msg.Envelope})
	return results
}

// sendToOne takes the message to one peer. A message whose acknowledgement nobody waits for any more is still sent: minAck says how
// many answers the caller needs, not how many peers should have it. So neither the dial nor the wait for room looks at enough; and that
// ctx is cancelled on the way out does not make the message overdue, since its cause is then not ErrAckTimeout (msgSending.overdue).
func (op *ackSendOperation) sendToOne(peer *RemotePeer, msg *proto.SignedGossipMessage, await bool, enough <-chan struct{}) error {
	ctx, cancel := op.begin()
	defer cancel()
	sent, err := op.snd(ctx, peer, msg)
	if err != nil {
		return err
	}
	// Neither the subscription nor its timer outlives the wait. Upstream kept both until the timeout, also after the ack (1.5 KB each).
	defer sent.acks.Unsubscribe()
	if !await {
		return nil
	}
	return op.waitForAck(ctx, enough, sent)
}

// sendForAck is the sendFunc of the layer, given the timeout of the call and who was claimed before. It waits for the handshake, since
// only then is it known whose acknowledgement to wait for; and it subscribes before the message can be on its way, or a quick answer
// would be missed.
func (c *commImpl) sendForAck(ctx context.Context, remotePeer *RemotePeer, msg *proto.SignedGossipMessage, timeout time.Duration,
	claim func(common.PKIidType) bool) (*inFlight, error) {
	conn, err := c.connected(ctx, remotePeer)
	if err != nil {
		return nil, err
	}
	if !claim(conn.pkiID) {
		return nil, errNamedTwice
	}
	acks := c.pubSub.Subscribe(topicForAck(msg.Nonce, conn.pkiID), timeout)
	c.trace.Report(trace.AckSubscribe, trace.Event{Peer: conn.pkiID, Envelope: msg.Envelope})
	lost := make(chan error, 1)
	if err := conn.send(&msgSending{envelope: msg.Envelope, until: ctx, lost: lost}, blockingSend); err != nil {
		acks.Unsubscribe()
		return nil, err
	}
	return &inFlight{conn: conn, acks: acks, lost: lost}, nil
}

// connected returns a connection to the peer that has authenticated. It waits for a dial, and goes along when one gives way to another
// connection.
func (c *commImpl) connected(ctx context.Context, remotePeer *RemotePeer) (*connection, error) {
	conn, err := c.connStore.getConnection(remotePeer)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case <-conn.ready:
		case <-conn.gaveWay:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		closed := conn.toDie() // looked at first: a connection gives way before it is closed
		switch successor := conn.successor(); {
		case successor != nil:
			conn = successor
		case closed:
			return nil, conn.reason()
		default:
			return conn, nil
		}
	}
}

// awaitAck implements waitFunc. It waits no longer than there is a message that could be acknowledged, and a connection on which
// the acknowledgement could come: the loss of either is an answer, too. A connection that gave way has a successor, and there the
// message may be by now.
func awaitAck(ctx context.Context, enough <-chan struct{}, sent *inFlight) error {
	for {
		select {
		case item, open := <-sent.acks.Items():
			if open {
				return ackError(item)
			}
			// The subscription's time has run out, and it began no earlier than that of ctx. To return before ctx has ended as
			// well would have it end as cancelled, and then the writer would not know that a message still in the queue is overdue.
			<-ctx.Done()
			return context.Cause(ctx)
		case <-enough:
			return errEnough
		case <-ctx.Done():
			return sent.lastLook(context.Cause(ctx))
		case why := <-sent.lost:
			return sent.lastLook(why)
		case <-sent.conn.noReader:
			successor := sent.conn.successor()
			if successor == nil {
				return sent.lastLook(sent.conn.lossReason())
			}
			sent.conn = successor
		}
	}
}

// lastLook is the outcome when the wait is over. An acknowledgement that came in time counts, though the goroutine that waited for it
// woke only when there was another reason to go.
func (sent *inFlight) lastLook(otherwise error) error {
	select {
	case item, open := <-sent.acks.Items():
		if open {
			return ackError(item)
		}
	default:
	}
	return otherwise
}

// ackError is what an acknowledgement says: nil, or the receiver's reason, verbatim.
func ackError(item any) error {
	ack, isAck := item.(*proto.Acknowledgement)
	if !isAck {
		return fmt.Errorf("expected an acknowledgement, got %T", item)
	}
	if ack.Error != "" {
		return errors.New(ack.Error)
	}
	return nil
}

// interceptAck publishes msg if it is an acknowledgement, and reports whether it was one. The reader calls it before it queues a
// message, so that an acknowledgement waits behind nobody's backlog. The topic is made with the PKI-ID that this connection has
// proven, so no peer can acknowledge for another. That nobody waits any more is normal: the acknowledgement came late.
func (conn *connection) interceptAck(msg *proto.SignedGossipMessage) bool {
	if !msg.IsAck() {
		return false
	}
	err := conn.acks.Publish(topicForAck(msg.Nonce, conn.pkiID), msg.GetAck())
	conn.trace.Report(trace.AckPublish, trace.Event{Peer: conn.pkiID, Envelope: msg.Envelope, Err: err})
	return true
}

// topicForAck is where the acknowledgement of one message by one peer is published.
func topicForAck(nonce uint64, pkiID common.PKIidType) string {
	return fmt.Sprintf("%d %s", nonce, pkiID)
}
