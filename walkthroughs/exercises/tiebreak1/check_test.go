//go:build exercise

package tiebreak1

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// what is what the recording tells of one run.
func what(s *stand.Stand) (collisions, notices int, stored map[string]int) {
	_, events := s.Lab.Recorder().Snapshot()
	stored = make(map[string]int)
	for _, e := range events {
		if e.Step == nil {
			continue
		}
		switch e.Step.Step {
		case trace.StoreTieBreak:
			collisions++
		case trace.DeadNotice:
			notices++
		case trace.StoreStored:
			stored[e.Peer]++
		case trace.StoreRemoved:
			stored[e.Peer]--
		}
	}
	return collisions, notices, stored
}

// first returns the text of the next message, "" if there is none.
func first(inbox <-chan proto.ReceivedMessage) string {
	select {
	case msg := <-inbox:
		return string(msg.GetGossipMessage().GetDataMsg().GetPayload().GetData())
	default:
		return ""
	}
}

func TestTheDialsCollideWhoeverIsSlow(t *testing.T) {
	for _, slow := range []string{"A", "B"} {
		for _, step := range []trace.Step{trace.DialStart, trace.PingSend} {
			t.Run(slow+" needs a second for "+string(step), func(t *testing.T) {
				stand.Run(t, func(s *stand.Stand) {
					a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
					atA, atB := a.Subscribe(func(any) bool { return true }), b.Subscribe(func(any) bool { return true })
					delay := s.Lab.Hold(slow, step)
					time.AfterFunc(time.Second, delay.Release)

					if err := Collide(s.Context(), s.Lab, a, b); err != nil {
						s.Error(err)
					}
					time.Sleep(10 * time.Second)
					synctest.Wait()

					collisions, notices, stored := what(s)
					if collisions == 0 {
						s.Error("the dials did not collide: there was no store.tie-break on either side")
					}
					if got := []string{first(atA), first(atB)}; !slices.Equal(got, []string{"from B", "from A"}) {
						s.Errorf("A and B got %q, want what the other has sent", got)
					}
					if stored["A"] != 1 || stored["B"] != 1 || notices != 0 {
						s.Errorf("in the stores: %v, notices of death: %d; is somebody still held?", stored, notices)
					}
				})
			})
		}
	}
}

func TestCollideDoesNotWaitForEver(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		b.Stop()
		ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		err := Collide(ctx, s.Lab, a, b)
		if took := time.Since(start); err == nil || took > 5*time.Second {
			t.Errorf("B is stopped, so nothing can collide; Collide returned %v after %v, want an error when its context ends", err, took)
		}
	})
}
