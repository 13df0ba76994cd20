//go:build exercise

package msg2

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

func TestHandleAcknowledgesWithWhatTheHandlerSays(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		inbox := b.Subscribe(func(any) bool { return true })
		var handled []string
		go Handle(inbox, func(msg *proto.SignedGossipMessage) error {
			text := string(msg.GetDataMsg().GetPayload().GetData())
			handled = append(handled, text)
			if text == "bad" {
				return errors.New("I do not like it")
			}
			return nil
		})

		good := a.SendWithAck("good", time.Second, 1, b.Remote())
		bad := a.SendWithAck("bad", time.Second, 1, b.Remote())
		a.Send("no answer, please", b.Remote())
		synctest.Wait()

		if good.AckCount() != 1 {
			t.Errorf("good: %v", good)
		}
		if bad.NackCount() != 1 || !strings.Contains(bad.String(), "I do not like it") {
			t.Errorf("bad: %v", bad)
		}
		if !slices.Equal(handled, []string{"good", "bad", "no answer, please"}) {
			t.Errorf("handled %q", handled)
		}
		answers := 0
		_, events := s.Lab.Recorder().Snapshot()
		for _, e := range events {
			if e.Peer == "B" && e.Step != nil && e.Step.Step == trace.AckRespond {
				answers++
			}
		}
		if answers != 2 {
			t.Errorf("B has answered %d messages, want 2: who sent the third waits for no acknowledgement", answers)
		}
	})
}

func TestHandleReturnsWhenThePeerStops(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		b := s.Peer("B", comm.Config{})
		inbox := b.Subscribe(func(any) bool { return true })
		returned := false
		go func() {
			Handle(inbox, func(*proto.SignedGossipMessage) error { return nil })
			returned = true
		}()
		synctest.Wait()
		if returned {
			t.Error("it did not wait for messages")
		}

		b.Stop()
		synctest.Wait()

		if !returned {
			t.Error("the peer is stopped and its inbox closed, and Handle is still there")
		}
	})
}
