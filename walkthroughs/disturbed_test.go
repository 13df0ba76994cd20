package walkthroughs

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

// inALab runs a test in virtual time with a lab in which nobody is held but by a lesson.
func inALab(t *testing.T, test func(ctx context.Context, t *testing.T, lb *lab.Lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		defer recorder.Close()
		defer lb.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		test(ctx, t, lb)
	})
}

// disturbed plays a lesson while somebody else has his hands in it, and returns how it has ended. It ends by itself, and then holds
// nobody.
func disturbed(t *testing.T, l Lesson, somebody func(context.Context, *lab.Lab)) (err error) {
	t.Helper()
	inALab(t, func(ctx context.Context, t *testing.T, lb *lab.Lab) {
		go somebody(ctx, lb)
		if err = l.Play(ctx, lb); errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the lesson does not end by itself: %v", err)
		}
		inForce := 0
		_, events := lb.Recorder().Snapshot()
		for _, e := range events {
			switch {
			case e.Act != nil && e.Act.Verb == "hold":
				inForce++
			case e.Act != nil && e.Act.Verb == "release":
				inForce--
			}
		}
		if inForce != 0 {
			t.Errorf("the lesson has ended, and %d of its holds are still in force", inForce)
		}
	})
	return err
}

// when returns somebody who does something as soon as something is seen.
func when(seen func(*timeline.State) bool, do func(*lab.Lab)) func(context.Context, *lab.Lab) {
	return func(ctx context.Context, lb *lab.Lab) {
		if lb.Until(ctx, seen) == nil {
			do(lb)
		}
	}
}

// toTheFirstLine returns somebody who does something to a line as soon as there is one.
func toTheFirstLine(do func(*lab.Link)) func(context.Context, *lab.Lab) {
	return when(func(st *timeline.State) bool { return len(st.Lines) > 0 }, func(lb *lab.Lab) {
		for _, link := range lb.Links() {
			do(link)
		}
	})
}

// toA returns somebody who does something to A as soon as it has a connection, or begins to make one.
func toA(do func(*lab.Lab, *lab.Peer)) func(context.Context, *lab.Lab) {
	return when(func(st *timeline.State) bool { return len(connections(st, "A")) > 0 }, func(lb *lab.Lab) { do(lb, lb.Peer("A")) })
}

func TestALessonEndsWhateverIsDoneToItsPeers(t *testing.T) {
	for name, somebody := range map[string]func(context.Context, *lab.Lab){
		"a line is frozen":      toTheFirstLine((*lab.Link).Freeze),
		"a line is cut":         toTheFirstLine((*lab.Link).Cut),
		"a line is half closed": toTheFirstLine((*lab.Link).HalfClose),
		"a line is slow":        toTheFirstLine(func(link *lab.Link) { link.Delay(time.Minute) }),
		"A is stopped":          toA(func(_ *lab.Lab, a *lab.Peer) { a.Stop() }),
		"A is killed":           toA(func(_ *lab.Lab, a *lab.Peer) { a.Kill() }),
		"A begins anew":         toA(func(lb *lab.Lab, a *lab.Peer) { a.Kill(); lb.Restart(a) }),
		"A closes":              toA(func(lb *lab.Lab, a *lab.Peer) { a.CloseConn(lb.Peer("B").Remote()) }),
		"A has a subscriber who does not read": toA(func(lb *lab.Lab, a *lab.Peer) {
			a.Subscribe(func(any) bool { return true })
		}),
		"A gets more than it can hold": toA(func(lb *lab.Lab, a *lab.Peer) {
			for range 100 {
				lb.Peer("B").Send("slow", a.Remote())
			}
		}),
	} {
		for _, l := range All() {
			t.Run(l.Slug+", "+name, func(t *testing.T) { t.Log(disturbed(t, l, somebody)) })
		}
	}
}

// A reader freezes a line and goes away. The dial fails, and what the lesson waits for will never come.
func TestALessonThatHasComeToAStandstillGivesUp(t *testing.T) {
	err := disturbed(t, send, toTheFirstLine((*lab.Link).Freeze))
	if !errors.Is(err, ErrStandstill) {
		t.Errorf("it ended with %v", err)
	}
}

// What the predicate of lesson 9 ponders over may come more than once: a reader can send it too.
func TestThePredicateOfLessonNineMayBeAskedByTwoConnectionsAtOnce(t *testing.T) {
	subscribed := func(st *timeline.State) bool { return st.Peer("A") != nil && len(st.Peer("A").Subscriptions) > 0 }
	err := disturbed(t, stop, when(subscribed, func(lb *lab.Lab) {
		for _, name := range []string{"G", "H"} {
			p, err := lb.NewPeer(name, lab.PeerConfig{})
			if err != nil {
				t.Error(err)
				return
			}
			p.Send("slow", lb.Peer("A").Remote())
		}
	}))
	t.Log(err) // that it has ended, and nothing has panicked, is all
}

// Whoever watches a lesson may bring in peers of his own, and leave them connected.
func TestALessonDoesNotWaitForThoseWhoAreNotOfIt(t *testing.T) {
	for _, l := range All() {
		t.Run(l.Slug, func(t *testing.T) {
			inALab(t, func(ctx context.Context, t *testing.T, lb *lab.Lab) {
				h, errH := lb.NewPeer("H", lab.PeerConfig{})
				p, errP := lb.NewPeer("P", lab.PeerConfig{})
				if err := errors.Join(errH, errP); err != nil {
					t.Fatal(err)
				}
				h.Send("hello", p.Remote())
				err := lb.Until(ctx, func(st *timeline.State) bool { return slices.Contains(heard(st, "P"), "hello") })
				if err := errors.Join(err, l.Play(ctx, lb)); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
