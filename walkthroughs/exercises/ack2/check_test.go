//go:build exercise

package ack2

import (
	"errors"
	"testing"
	"time"

	"gossipscope/comm"
	"gossipscope/internal/lab"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// answering makes a peer that answers every message with err, after some time.
func answering(s *stand.Stand, name string, after time.Duration, err error) *lab.Peer {
	p := s.Peer(name, comm.Config{})
	inbox := p.Subscribe(func(any) bool { return true })
	go func() {
		for msg := range inbox {
			go func(msg proto.ReceivedMessage) {
				time.Sleep(after)
				p.Ack(msg, err)
			}(msg)
		}
	}()
	return p
}

func TestSendWithAckReturnsWhenEnoughCanNoLongerAcknowledge(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		refusal := errors.New("the disk is full")
		b, c, d := answering(s, "B", time.Second, refusal), answering(s, "C", 2*time.Second, refusal), answering(s, "D", 10*time.Second, nil)

		start := time.Now()
		results := a.SendWithAck("block", 20*time.Second, 2, b.Remote(), c.Remote(), d.Remote())

		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it took %v: after 2s two of three have refused, and two acks cannot come together any more", took)
		}
		if results.NackCount() != 2 || results.AckCount() != 0 {
			t.Errorf("%v, want the two refusals", results)
		}
	})
}

func TestSendWithAckStillWaitsWhileEnoughMayCome(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		b, c, d := answering(s, "B", time.Second, errors.New("the disk is full")), answering(s, "C", 2*time.Second, nil), answering(s, "D", 10*time.Second, nil)

		start := time.Now()
		results := a.SendWithAck("block", 20*time.Second, 2, b.Remote(), c.Remote(), d.Remote())

		if took := time.Since(start); took != 10*time.Second || results.AckCount() != 2 {
			t.Errorf("%v after %v, want both acks, the second of which comes after 10s", results, took)
		}
	})
}

func TestPeerUnderTwoNamesIsStillWaitedFor(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		b := answering(s, "B", time.Second, nil)

		results := a.SendWithAck("block", 20*time.Second, 2, b.Remote(), &comm.RemotePeer{Endpoint: b.Endpoint})

		if results.AckCount() != 1 {
			t.Errorf("%v, want the ack of B: that both names are one peer turns out only when both are connected", results)
		}
	})
}
