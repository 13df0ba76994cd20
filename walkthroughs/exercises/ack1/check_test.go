//go:build exercise

package ack1

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/internal/lab"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// answer is what a receiver does with one message.
type answer struct {
	after  time.Duration
	err    error
	silent bool
}

var (
	yes   = answer{after: 100 * time.Millisecond}
	no    = answer{after: time.Second, err: errors.New("the disk is full")}
	later = answer{after: time.Second}
	never = answer{silent: true}
)

// receiver is a peer that answers in a fixed way.
type receiver struct {
	*lab.Peer
	received atomic.Int64
}

// got returns how many messages it was sent.
func (r *receiver) got() int { return int(r.received.Load()) }

// answering makes a peer that gives these answers, one to each message that comes; the last one also to all that come after it.
func answering(s *stand.Stand, name string, answers ...answer) *receiver {
	r := &receiver{Peer: s.Peer(name, comm.Config{})}
	inbox := r.Subscribe(func(any) bool { return true })
	go func() {
		for msg := range inbox {
			a := answers[min(r.got(), len(answers)-1)]
			r.received.Add(1)
			if a.silent {
				continue
			}
			go func(msg proto.ReceivedMessage) {
				time.Sleep(a.after)
				r.Ack(msg, a.err)
			}(msg)
		}
	}()
	return r
}

// block makes a message that carries the block of this number.
func block(number uint64) *proto.SignedGossipMessage {
	return &proto.SignedGossipMessage{GossipMessage: &proto.GossipMessage{
		Tag:     proto.GossipMessage_CHAN_AND_ORG,
		Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{Payload: &proto.Payload{SeqNum: number}}},
	}}
}

// counts checks how many acknowledged and how many did not, and that nobody is named twice.
func counts(s *stand.Stand, results comm.AggregatedSendResult, acks, nacks int) {
	s.Helper()
	if results.AckCount() != acks || results.NackCount() != nacks {
		s.Errorf("AckCount %d, NackCount %d, want %d and %d: %v", results.AckCount(), results.NackCount(), acks, nacks, results)
	}
	seen := make(map[string]bool)
	for _, result := range results {
		if seen[result.Endpoint] {
			s.Errorf("%s is named twice in the result: AckCount would count it twice", result.Endpoint)
		}
		seen[result.Endpoint] = true
	}
}

func TestSendUntilAsksAgainOnlyThoseWhoHaveNotAcknowledged(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		b, c, d := answering(s, "B", yes), answering(s, "C", no, yes), answering(s, "D", no, yes)

		results := SendUntil(a.Comm, block(7), 10*time.Second, 3, 3, b.Remote(), c.Remote(), d.Remote())
		time.Sleep(time.Minute)

		counts(s, results, 3, 0)
		if b.got() != 1 {
			s.Errorf("B was sent the block %d times, want once: it had acknowledged in the first round", b.got())
		}
		if c.got() != 2 || d.got() != 2 {
			s.Errorf("C was sent the block %d times, D %d times, want twice: each has refused it once", c.got(), d.got())
		}
	})
}

func TestSendUntilWaitsOnlyForAsManyAsAreStillMissing(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		b, c, d := answering(s, "B", yes), answering(s, "C", no, later), answering(s, "D", no, never)

		start := time.Now()
		results := SendUntil(a.Comm, block(7), 10*time.Second, 3, 2, b.Remote(), c.Remote(), d.Remote())

		if took := time.Since(start); took != 2*time.Second {
			s.Errorf("it took %v, want 2s: B has acknowledged in the first round, so the one of C, after 1s of the second, is enough", took)
		}
		if results.AckCount() != 2 {
			s.Errorf("AckCount is %d, want 2, over both rounds: %v", results.AckCount(), results)
		}
	})
}

func TestSendUntilStopsWhenItHasEnough(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		b, c := answering(s, "B", yes), answering(s, "C", never)

		results := SendUntil(a.Comm, block(7), 10*time.Second, 5, 1, b.Remote(), c.Remote())
		time.Sleep(time.Minute)

		if results.AckCount() != 1 {
			s.Errorf("AckCount is %d, want 1: %v", results.AckCount(), results)
		}
		if b.got() != 1 || c.got() != 1 {
			s.Errorf("B was sent the block %d times, C %d times: one ack was wanted, and came in the first round", b.got(), c.got())
		}
	})
}

func TestSendUntilGivesUpWhenTheRoundsAreUsedUp(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		b, c := answering(s, "B", yes), answering(s, "C", never)

		start := time.Now()
		results := SendUntil(a.Comm, block(7), time.Second, 3, 2, b.Remote(), c.Remote())

		if took := time.Since(start); took != 3*time.Second {
			s.Errorf("it took %v, want 3s: three rounds of a second each", took)
		}
		synctest.Wait()
		counts(s, results, 1, 1)
		if b.got() != 1 || c.got() != 3 {
			s.Errorf("B was sent the block %d times, C %d times, want 1 and 3", b.got(), c.got())
		}
		for _, result := range results {
			if result.Endpoint == c.Endpoint && !errors.Is(result, comm.ErrAckTimeout) {
				s.Errorf("C: %v, want ErrAckTimeout", result)
			}
		}
	})
}

// A peer that timed out has not said no. Here it has even done all that was asked of it, only slowly.
func TestABlockThatIsSentAgainIsHandledOnce(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		var handled []uint64
		go HandleOnce(b.Subscribe(func(any) bool { return true }), func(p *proto.Payload) error {
			time.Sleep(1500 * time.Millisecond)
			handled = append(handled, p.SeqNum)
			return nil
		})

		results := SendUntil(a.Comm, block(7), time.Second, 3, 1, b.Remote())
		time.Sleep(time.Minute)

		if !slices.Equal(handled, []uint64{7}) {
			s.Errorf("B handled the blocks %v, want [7]: A timed out and sent it again, under another nonce", handled)
		}
		if results.AckCount() != 1 {
			s.Errorf("%v, want an ack in the second round: B has the block, and must say so each time it is asked", results)
		}
	})
}

func TestABlockThatWasRefusedIsHandledWhenItComesAgain(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		var tried []uint64
		go HandleOnce(b.Subscribe(func(any) bool { return true }), func(p *proto.Payload) error {
			tried = append(tried, p.SeqNum)
			if len(tried) == 1 {
				return errors.New("the disk is full")
			}
			return nil
		})

		first := a.Comm.SendWithAck(block(7), time.Second, 1, b.Remote())
		second := a.Comm.SendWithAck(block(7), time.Second, 1, b.Remote())
		third := a.Comm.SendWithAck(block(8), time.Second, 1, b.Remote())

		if first.NackCount() != 1 || errors.Is(first[0], comm.ErrAckTimeout) {
			s.Errorf("the block that B could not store: %v, want B's refusal", first)
		}
		if second.AckCount() != 1 || third.AckCount() != 1 {
			s.Errorf("the same block again: %v; the next block: %v; want an ack of each", second, third)
		}
		if !slices.Equal(tried, []uint64{7, 7, 8}) {
			s.Errorf("B handled %v, want [7 7 8]: the first time it had failed, so it was not done", tried)
		}
	})
}
