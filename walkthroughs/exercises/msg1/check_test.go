//go:build exercise

package msg1

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// acknowledgements returns how many of them A has received by now, after the event of this number.
func acknowledgements(s *stand.Stand, after uint64) int {
	synctest.Wait()
	n := 0
	for _, e := range s.Lab.Recorder().Follow(after).Take(nil, 1<<16) {
		if e.Peer == "A" && e.Step != nil && e.Step.Step == trace.AckPublish {
			n++
		}
	}
	return n
}

func everything(any) bool { return true }

func TestTheSecondAckOfAMessageDoesNothing(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		first, second := b.Subscribe(everything), b.Subscribe(everything)
		go func() {
			msg, same := <-first, <-second
			b.Ack(msg, errors.New("the disk is full"))
			b.Ack(same, nil)
			b.Ack(msg, nil)
		}()

		results := a.SendWithAck("block", time.Minute, 1, b.Remote())

		if results.NackCount() != 1 || !strings.Contains(results.String(), "the disk is full") {
			t.Errorf("A heard %v, want what the first Ack said", results)
		}
		if n := acknowledgements(s, 0); n != 1 {
			t.Errorf("B has acknowledged one message three times, and A has received %d acknowledgements, want 1", n)
		}
	})
}

func TestEveryMessageHasAnAckOfItsOwnAndAnyNumberOfAnswers(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		answers, inbox := a.Subscribe(everything), b.Subscribe(everything)
		go func() {
			for msg := range inbox {
				b.Ack(msg, nil)
				b.Respond(msg, "the first answer")
				b.Respond(msg, "the second answer")
			}
		}()
		for range 3 {
			if results := a.SendWithAck("block", time.Second, 1, b.Remote()); results.AckCount() != 1 {
				t.Errorf("one Ack of each message must go through, A heard %v", results)
			}
		}
		synctest.Wait()
		if n := len(answers); n != 6 {
			t.Errorf("B has answered each of three messages twice, and A has %d answers, want 6: only Ack is for once", n)
		}
	})
}

func TestAckLeavesTheMessageAsItWas(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		inbox := b.Subscribe(everything)
		go a.SendWithAck("block", time.Second, 1, b.Remote())
		msg := <-inbox
		before, nonce, text := msg.GetGossipMessage(), msg.GetGossipMessage().Nonce, msg.GetGossipMessage().String()
		b.Ack(msg, nil)
		after := msg.GetGossipMessage()
		if after != before || after.Nonce != nonce || after.String() != text {
			t.Errorf("before Ack the message was %s with nonce %d, now it is %s with nonce %d: other subscribers are reading it", text, nonce, after, after.Nonce)
		}
		synctest.Wait()
	})
}

// Whoever looks whether the message was acknowledged, and notes in a second step that it is, will sometimes be overtaken between the
// two. It takes many messages until that happens. If what he looks at is a plain bool, -race finds it with the first.
func TestOfSubscribersWhoAckAtTheSameTimeOneIsFirst(t *testing.T) {
	const rounds, messages = 20, 400
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{SendBuffSize: messages}), s.Peer("B", comm.Config{SendBuffSize: 2 * messages})
		inbox := b.Subscribe(everything)
		for range rounds {
			before := s.Lab.Recorder().Last()
			for range messages {
				a.Send("block", b.Remote())
			}
			for i := range messages {
				ackTwiceAtOnce(<-inbox, i%100)
			}
			if n := acknowledgements(s, before); n != messages {
				s.Fatalf("%d messages, each acknowledged by two subscribers at the same time, and A has received %d acknowledgements", messages, n)
			}
		}
	})
}

// ackTwiceAtOnce has two goroutines acknowledge a message at the same time, or as near to that as they can come. The one who comes last
// is the first to know that both are there, so he waits for a moment.
func ackTwiceAtOnce(msg proto.ReceivedMessage, moment int) {
	var both sync.WaitGroup
	var ready atomic.Int32
	for range 2 {
		both.Go(func() {
			last := ready.Add(1) == 2
			for spins := 0; last && spins < moment || ready.Load() < 2 && spins < 1e5; spins++ {
			}
			msg.Ack(nil)
		})
	}
	both.Wait()
}
