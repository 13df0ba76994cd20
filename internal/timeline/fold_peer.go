package timeline

// What happens to a peer as a whole: its subscriptions, whom it presumes dead, and how it stops.

import (
	"bytes"
	"slices"

	"gossipscope/comm/trace"
)

// foldPeer takes in a step of this file's subject, and reports whether it is one.
func (f *folding) foldPeer() bool {
	switch f.t.Step {
	case trace.TLSHandshaken:
		f.tlsHandshaken()
	case trace.PingServed:
		f.p.PingsServed++
	case trace.DemuxAdd:
		f.demuxAdd()
	case trace.DemuxDeliver:
		f.demuxDeliver()
	case trace.DemuxDelivered:
		f.demuxDelivered()
	case trace.DemuxUnclaimed:
		f.demuxUnclaimed()
	case trace.AcceptHand:
		f.acceptHand()
	case trace.DeadNotice:
		f.deadNotice()
	case trace.StopFlag, trace.StopConnections, trace.StopDemux, trace.StopServer, trace.StopSubscribers, trace.StopDone:
		f.stopStep()
	default:
		return false
	}
	return true
}

func (f *folding) tlsHandshaken() {
	f.p.Handshakes = latest(f.p.Handshakes, TLSHandshake{Outcome: f.outcome(), Local: f.t.Local, Remote: f.t.Remote}, keptNotices)
}

// Steps of the demultiplexer use Number for the subscription's; the message is told by its envelope, and by its connection, which is
// the Subject.

func (f *folding) demuxAdd() {
	number := f.t.Number
	if number == 0 {
		number = uint64(len(f.p.Subscriptions)) + 1
	}
	f.p.Subscriptions = latest(f.p.Subscriptions, Subscription{Number: number, Added: f.mark}, keptSubscriptions)
}

// subscription returns the one that the step names, or the only one there is: older recordings do not say whose a message is that is
// handed over.
func (f *folding) subscription() *Subscription {
	i := slices.IndexFunc(f.p.Subscriptions, func(s Subscription) bool { return s.Number == f.t.Number })
	if i < 0 && f.t.Number == 0 && len(f.p.Subscriptions) == 1 {
		i = 0
	}
	if i < 0 {
		return &Subscription{} // one that is not known, for nobody to see
	}
	s := &f.p.Subscriptions[i]
	if f.t.Queue.Name == "subscription" {
		s.Queue.report(f.t.Seq, f.t.Queue)
	}
	return s
}

func (f *folding) demuxDeliver() {
	f.sentOnClosedSubscription()
	f.subscription().Matched++
}

func (f *folding) demuxDelivered() {
	f.sentOnClosedSubscription()
	f.subscription().Delivered++
	if m := f.handledWhere(func(m *Message) bool { return !m.Delivered.Set() }); m != nil {
		m.Delivered = f.mark
	}
}

func (f *folding) demuxUnclaimed() {
	f.p.Unclaimed++
	if m := f.handledWhere(func(m *Message) bool { return !m.Unclaimed && !m.Delivered.Set() }); m != nil {
		m.Unclaimed = true
	}
}

func (f *folding) acceptHand() {
	f.sentOnClosedSubscription()
	s := f.subscription()
	s.Handed++
	s.Queue.Len = min(s.Queue.Len, max(0, s.Delivered-s.Handed)) // nobody reports that the last one was taken out
	if m := f.handledWhere(func(m *Message) bool { return !m.Handed.Set() }); m != nil {
		m.Handed = f.mark
	}
}

// handledWhere returns the first message of the step's connection that is the step's, is handled, and fulfils open, for a change.
func (f *folding) handledWhere(open func(*Message) bool) *Message {
	if f.c == nil || f.t.Envelope == nil {
		return nil
	}
	return f.c.in.served(f.t.Envelope, open)
}

// deadNotice keeps one notice for each peer, as the layer does. A peer whose PKI-ID is not known is told apart by its endpoint.
func (f *folding) deadNotice() {
	endpoint := ""
	if f.c != nil {
		endpoint = f.c.Endpoint
	}
	notice := DeadNotice{Mark: f.mark, Peer: f.t.Peer, Endpoint: endpoint, Reason: f.outcome().Reason, Count: 1}
	same := func(n DeadNotice) bool {
		return bytes.Equal(n.Peer, notice.Peer) && (len(n.Peer) > 0 || n.Endpoint == endpoint)
	}
	if i := slices.IndexFunc(f.p.Notices, same); i >= 0 {
		notice.Count += f.p.Notices[i].Count
		f.p.Notices = slices.Delete(f.p.Notices, i, i+1)
	}
	f.p.Notices = latest(f.p.Notices, notice, keptNotices)
}

func (f *folding) stopStep() {
	f.p.StopAt = f.t.Step
	if !f.p.StopBegan.Set() {
		f.p.StopBegan = f.mark
	}
	f.p.Phase = max(f.p.Phase, PeerStopping)
	if f.t.Step == trace.StopSubscribers {
		f.p.subscribersEnd = f.t.Seq
	}
	if f.t.Step == trace.StopDone {
		f.p.Phase = max(f.p.Phase, PeerStopped)
		f.p.Stopped = f.mark
		for i := range f.p.Goroutines { // those of subscriptions have no step for their end
			f.p.Goroutines[i].Alive = false
		}
		f.noneAfterStop()
	}
}
