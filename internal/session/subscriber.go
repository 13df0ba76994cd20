package session

import (
	"cmp"
	"errors"
	"sync"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// subscriber is one that wants every message of its peer. It reads on a goroutine of its own, until the peer ends, and can be told to stop:
// then it is the slow subscriber that holds up every connection that feeds it.
type subscriber struct {
	live    *Live
	peer    *lab.Peer
	inbox   <-chan proto.ReceivedMessage // written by begin alone
	answers bool                         // it acknowledges, or refuses, whatever asks for that; else it only takes messages out

	mu      sync.Mutex // guards what follows
	paused  bool
	refusal error         // with which it answers; nil to acknowledge
	changed chan struct{} // closed and replaced when paused changes
}

// subscribe notes that a peer has a subscriber, which begin must make true.
func (l *Live) subscribe(peer *lab.Peer, answers bool) *subscriber {
	s := &subscriber{live: l, peer: peer, answers: answers, changed: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subscribers[peer] = s
	return s
}

// begin subscribes and begins to read.
func (s *subscriber) begin() {
	s.live.perform(s.peer.Name, "accept", func() { s.inbox = s.peer.Subscribe(func(any) bool { return true }) })
	s.live.start(s.read)
}

// read takes message after message.
func (s *subscriber) read() {
	for {
		inbox, changed := s.look()
		select {
		case msg, open := <-inbox:
			if !open {
				return
			}
			s.take(msg)
		case <-changed:
		case <-s.peer.Over():
			return
		}
	}
}

// look returns from where to read, nil for nowhere, and a channel that is closed when that has changed.
func (s *subscriber) look() (<-chan proto.ReceivedMessage, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused {
		return nil, s.changed
	}
	return s.inbox, s.changed
}

// take answers a message, if it asks for an answer: only one of SendWithAck has a nonce.
func (s *subscriber) take(msg proto.ReceivedMessage) {
	if s.answers && msg.GetGossipMessage().GetNonce() != 0 {
		s.mu.Lock()
		refusal := s.refusal
		s.mu.Unlock()
		s.peer.Ack(msg, refusal)
	}
}

// pause makes the subscriber stop reading, or go on, and reports whether that was a change.
func (s *subscriber) pause(paused bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused == paused {
		return false
	}
	s.paused = paused
	close(s.changed)
	s.changed = make(chan struct{})
	return true
}

// refuse makes the subscriber answer with a refusal, or, if that is nil, acknowledge, and reports whether that was a change.
func (s *subscriber) refuse(refusal error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal == nil && s.refusal == nil {
		return false
	}
	s.refusal = refusal
	return true
}

// subscriber returns ours of the peer that the act is about, nil if it has none.
func (p *plan) subscriber() (*lab.Peer, *subscriber, error) {
	peer, err := p.peer()
	if err != nil {
		return nil, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return peer, p.subscribers[peer], nil
}

// told records what the subscriber of a peer was told.
func (p *plan) told(peer *lab.Peer, detail string) {
	p.perform(peer.Name, string(p.act.Verb), func() {
		p.lab.Act(peer.Name, timeline.Act{Verb: string(p.act.Verb), Detail: detail})
	})
}

// stopReading makes a subscriber of the peer read no more. Those of a lesson are its own, so a peer that has none of ours gets one for the
// purpose, which has never read: as to the peer it is all the same who of its subscribers is slow.
func (p *plan) stopReading() ([]func(), error) {
	peer, s, err := p.subscriber()
	if err != nil {
		return nil, err
	}
	made := s == nil
	if made {
		s = p.subscribe(peer, false)
	}
	if !s.pause(true) {
		return nil, refuse(NoChange, peer.Name)
	}
	return []func(){func() {
		p.told(peer, "")
		if made {
			s.begin()
		}
	}}, nil
}

func (p *plan) readAgain() ([]func(), error) {
	peer, s, err := p.subscriber()
	if err != nil {
		return nil, err
	}
	if s == nil || !s.pause(false) {
		return nil, refuse(NoChange, peer.Name)
	}
	return []func(){func() { p.told(peer, "") }}, nil
}

func (p *plan) refuseAcks() ([]func(), error) {
	return p.answer(errors.New(cmp.Or(p.act.Content, "the subscriber refuses")))
}

func (p *plan) giveAcks() ([]func(), error) { return p.answer(nil) }

func (p *plan) answer(refusal error) ([]func(), error) {
	peer, s, err := p.subscriber()
	switch {
	case err != nil:
		return nil, err
	case s == nil || !s.answers:
		return nil, refuse(NotOurs, peer.Name)
	case !s.refuse(refusal):
		return nil, refuse(NoChange, peer.Name)
	}
	detail := ""
	if refusal != nil {
		detail = refusal.Error()
	}
	return []func(){func() { p.told(peer, detail) }}, nil
}
