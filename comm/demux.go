package comm

// demux.go spreads what the connections receive over those who want it. Subscribers bring a predicate; each message goes, in the
// order in which its connection received it, into the channel of every subscriber whose predicate says yes.
//
// DeMultiplex runs on the service goroutine of the connection that brought the message, and waits there when a subscriber's channel
// is full. That is deliberate: the wait reaches back through the connection to the peer that sends too much, and goes no further,
// since every connection has a service of its own.

import (
	"sync"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// subscriptionBuffer is how many messages wait for a subscriber before the connections that feed it do.
const subscriptionBuffer = 10

// ChannelDeMultiplexer hands each message to every subscriber that wants it. It is safe for concurrent use.
type ChannelDeMultiplexer struct {
	trace *trace.Source
	stop  chan struct{}  // closed by Close: releases whoever waits in DeMultiplex
	busy  sync.WaitGroup // the calls of DeMultiplex that are under way; added to only under lock

	lock     sync.Mutex // guards what follows; never held while a predicate runs or a channel is waited for
	closed   bool
	channels []*channel
}

// channel is one subscription. Calls of DeMultiplex send on it; only Close closes it, when there are none any more.
type channel struct {
	number    int // in the order of subscribing, from 1
	predicate common.MessageAcceptor
	messages  chan *ReceivedMessageImpl
}

// NewChannelDemultiplexer returns a demultiplexer without subscribers.
func NewChannelDemultiplexer(source *trace.Source) *ChannelDeMultiplexer {
	return &ChannelDeMultiplexer{trace: source, stop: make(chan struct{})}
}

// AddChannel subscribes to the messages for which predicate returns true. The channel is closed by Close; after Close it is closed
// from the start. A predicate may itself subscribe.
func (m *ChannelDeMultiplexer) AddChannel(predicate common.MessageAcceptor) <-chan *ReceivedMessageImpl {
	return m.add(predicate).messages
}

// add is AddChannel for those who also want to know the number of the subscription.
func (m *ChannelDeMultiplexer) add(predicate common.MessageAcceptor) *channel {
	m.lock.Lock()
	defer m.lock.Unlock()
	ch := &channel{number: len(m.channels) + 1, predicate: predicate, messages: make(chan *ReceivedMessageImpl, subscriptionBuffer)}
	if m.closed {
		close(ch.messages)
		return ch
	}
	m.channels = append(m.channels, ch)
	m.trace.Report(trace.DemuxAdd, trace.Event{Number: uint64(ch.number)})
	return ch
}

// DeMultiplex gives msg to every subscriber that wants it, in the order in which they subscribed, and waits for those that are full.
// After Close it drops msg.
func (m *ChannelDeMultiplexer) DeMultiplex(msg *ReceivedMessageImpl) {
	channels, open := m.begin()
	if !open {
		msg.conn.lose(msg.Envelope, trace.Queue{Name: "subscription"}, ErrStopped)
		return
	}
	defer m.busy.Done()
	claimed := false
	for _, ch := range channels {
		if ch.predicate(msg) {
			claimed = true
			m.deliver(ch, msg)
		}
	}
	if !claimed {
		m.trace.Report(trace.DemuxUnclaimed, m.event(msg))
	}
}

// begin counts one more call and returns the subscribers of this moment: who subscribes while the call runs, which a predicate may,
// gets the next message first. The call may go through them without the lock: nobody ever takes one out of the list, and who adds one
// writes behind the end of what is returned here. After Close it counts nothing and returns false.
func (m *ChannelDeMultiplexer) begin() (channels []*channel, open bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.closed {
		return nil, false
	}
	m.busy.Add(1)
	return m.channels, true
}

// deliver puts msg into the channel of one subscriber. It gives up when Close is called, and when the connection that brought msg has
// ended: or a peer that comes back again and again, to a subscriber that does not read, would each time leave a stream behind. What it
// gives up is counted as lost once for each subscriber that would have got it.
func (m *ChannelDeMultiplexer) deliver(ch *channel, msg *ReceivedMessageImpl) {
	e := m.event(msg)
	e.Number = uint64(ch.number)
	e.Queue = ch.queue()
	m.trace.Gate(trace.DemuxDeliver, e)
	if why := m.put(ch, msg); why != nil {
		msg.conn.lose(msg.Envelope, ch.queue(), why)
		return
	}
	e.Queue = ch.queue()
	m.trace.Report(trace.DemuxDelivered, e)
}

// put waits for room, or returns why it is not waited for any longer. The ends are looked at first: the gate may have lasted. Then room
// is tried by itself, as in conn.go.
func (m *ChannelDeMultiplexer) put(ch *channel, msg *ReceivedMessageImpl) error {
	select {
	case <-m.stop:
		return ErrStopped
	default:
	}
	if msg.conn.ctx.Err() != nil {
		return msg.conn.whyOver()
	}
	select {
	case ch.messages <- msg:
		return nil
	default:
	}
	select {
	case ch.messages <- msg:
		return nil
	case <-m.stop:
		return ErrStopped
	case <-msg.conn.ctx.Done():
		return msg.conn.whyOver()
	}
}

func (c *channel) queue() trace.Queue {
	return trace.Queue{Name: "subscription", Len: len(c.messages), Cap: cap(c.messages)}
}

func (m *ChannelDeMultiplexer) event(msg *ReceivedMessageImpl) trace.Event {
	return trace.Event{Peer: msg.conn.pkiID, Envelope: msg.Envelope, Subject: msg.conn.trace.Object()}
}

// Close closes every channel, after the last DeMultiplex has gone. It may be called more than once. It must not be called from
// within a predicate, which it would wait for.
func (m *ChannelDeMultiplexer) Close() {
	m.lock.Lock()
	first := !m.closed
	m.closed = true
	if first {
		close(m.stop)
	}
	m.lock.Unlock()
	m.busy.Wait()
	if first {
		for _, ch := range m.channels {
			close(ch.messages)
		}
	}
}

// What travels through the channels is what subscribers get.
var _ proto.ReceivedMessage = (*ReceivedMessageImpl)(nil)
