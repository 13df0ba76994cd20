package lab

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// stepping runs a test in virtual time with a lab in which somebody steps.
func stepping(t *testing.T, test func(t *testing.T, lb *Lab, s *Stepper)) {
	t.Helper()
	var s *Stepper
	policy := func() Policy {
		s = Stepped()
		return s
	}
	inBubble(t, policy, func(t *testing.T, lb *Lab) { test(t, lb, s) })
}

// held returns who is held when everything is at rest.
func heldBy(s *Stepper) []Held {
	synctest.Wait()
	return s.Held()
}

// shakeHands begins a handshake that nobody but the layer knows of.
func shakeHands(a, b *Peer) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := a.Comm.Handshake(b.Remote())
		done <- err
	}()
	return done
}

// However long the reader takes, the handshake that he steps through does not time out.
func TestSteppingThroughAHandshake(t *testing.T) {
	stepping(t, func(t *testing.T, lb *Lab, s *Stepper) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		done := shakeHands(a, b)
		var at []trace.Step
		for {
			held := heldBy(s)
			if len(held) == 0 {
				break
			}
			if !lb.Clock().Held() {
				t.Fatal("the clock runs while somebody is held")
			}
			if len(held) > 1 && (held[0].ID >= held[1].ID || held[0].Since.After(held[1].Since)) {
				t.Fatalf("not the longest held first: %+v", held)
			}
			at = append(at, held[0].Step)
			time.Sleep(time.Minute)
			if !s.ReleaseNext() {
				t.Fatal("nobody was released")
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if len(at) < 5 || at[0] != trace.DialStart {
			t.Errorf("stepped through %v", at)
		}
		if now := lb.Clock().Now(); now > time.Second {
			t.Errorf("the lab's clock went on to %v", now)
		}
		if s.ReleaseNext() || s.Release(1) {
			t.Error("somebody was released who is not held")
		}
	})
}

func TestTheReaderPicksWhoGoesOn(t *testing.T) {
	stepping(t, func(t *testing.T, lb *Lab, s *Stepper) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		first := shakeHands(a, b)
		synctest.Wait()
		second := shakeHands(b, a)
		held := heldBy(s)
		if len(held) != 2 || held[0].Peer != "A" || held[1].Peer != "B" {
			t.Fatalf("held are %+v", held)
		}
		if h := held[1]; h.Step != trace.DialStart || h.Goroutine != trace.CallerGoroutine || h.Object.Endpoint != a.Endpoint {
			t.Errorf("B is held as %+v", h)
		}
		changed := s.Changed()
		if !s.Release(held[1].ID) {
			t.Fatal("B was not released")
		}
		select {
		case <-changed:
		default:
			t.Error("the change was not told")
		}
		if held = heldBy(s); len(held) != 2 || held[0].Peer != "A" || held[0].Step != trace.DialStart || held[1].Step == trace.DialStart {
			t.Errorf("after B's step held are %+v", held)
		}
		lb.SetPolicy(Free())
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
	})
}

func TestTheLessonIsHeldToo(t *testing.T) {
	stepping(t, func(t *testing.T, lb *Lab, s *Stepper) {
		said := make(chan struct{})
		go func() {
			lb.Title(text.Text{Zh: "题", En: "A chapter"})
			lb.Say(text.Text{Zh: "话", En: "A sentence"})
			close(said)
		}()
		held := heldBy(s)
		if len(held) != 1 || held[0].Event.Kind != timeline.KindSay || held[0].Peer != "" || held[0].Step != "" {
			t.Fatalf("held are %+v", held)
		}
		s.ReleaseNext()
		<-said
	})
}

// A reader who does not want to wait jumps to the timeout: here the other end loses its patience while somebody is held.
func TestJumpingToATimeoutWhileSomebodyIsHeld(t *testing.T) {
	stepping(t, func(t *testing.T, lb *Lab, s *Stepper) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		done := shakeHands(a, b)
		for {
			held := heldBy(s)
			if len(held) == 0 {
				t.Fatal("B never came to answer")
			}
			if len(held) == 1 && held[0].Peer == "B" && held[0].Step == trace.AuthSend {
				break
			}
			for _, h := range held {
				if h.Peer != "B" || h.Step != trace.AuthSend {
					s.Release(h.ID)
					break
				}
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("the handshake ended while the clock stood still: %v", err)
		default:
		}
		for range 10 {
			lb.Clock().JumpToNext()
			synctest.Wait()
		}
		if err := <-done; !errors.Is(err, comm.ErrHandshakeTimeout) {
			t.Errorf("after the jump the handshake gave %v", err)
		}
	})
}

func TestPausingAFreeLabAndGoingOn(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		s := Stepped()
		lb.SetPolicy(s)
		done := shakeHands(a, b)
		if held := heldBy(s); len(held) != 1 || !lb.Clock().Held() {
			t.Errorf("paused, held are %+v", held)
		}
		lb.SetPolicy(Free())
		if err := <-done; err != nil {
			t.Error(err)
		}
		if lb.Clock().Held() || len(s.Held()) != 0 {
			t.Error("the policy that has ended still holds")
		}
		if err := <-shakeHands(a, b); err != nil {
			t.Error(err)
		}
	})
}

func TestAPolicyThatEndsLetsGoWhateverItsKind(t *testing.T) {
	for name, policy := range map[string]func() Policy{
		"paced":   func() Policy { return Paced(func(timeline.Event) time.Duration { return 1000 * time.Hour }) },
		"stepped": func() Policy { return Stepped() },
		"seeded":  func() Policy { return Seeded(1, synctest.Wait) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, policy, func(t *testing.T, lb *Lab) {
				a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
				done := shakeHands(a, b)
				time.Sleep(time.Nanosecond)
				lb.SetPolicy(Free())
				if err := <-done; err != nil {
					t.Error(err)
				}
				if lb.Clock().Held() {
					t.Error("the clock still stands still")
				}
			})
		})
	}
}

func TestClosingASteppedLabLetsGo(t *testing.T) {
	stepping(t, func(t *testing.T, lb *Lab, s *Stepper) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		done := shakeHands(a, b)
		if len(heldBy(s)) != 1 {
			t.Fatal("nobody is held")
		}
		lb.Close()
		<-done
		late := Stepped()
		lb.SetPolicy(late)
		if err := a.Probe(b.Remote()); err == nil {
			t.Error("a peer of a closed lab probed another")
		}
	})
}

func TestAKilledPeerIsNotHeldAnyMore(t *testing.T) {
	stepping(t, func(t *testing.T, lb *Lab, s *Stepper) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		done := shakeHands(a, b)
		if len(heldBy(s)) != 1 {
			t.Fatal("nobody is held")
		}
		killed := make(chan struct{})
		go func() {
			a.Kill()
			close(killed)
		}()
		held := heldBy(s)
		if len(held) != 2 || held[1].Event.Kind != timeline.KindAct {
			t.Fatalf("held are %+v", held)
		}
		s.Release(held[1].ID) // the act: the lesson is held before it kills
		<-killed
		<-done
		if held = heldBy(s); len(held) != 0 || lb.Clock().Held() {
			t.Errorf("held are %+v", held)
		}
	})
}
