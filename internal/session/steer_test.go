package session

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

func TestTheReaderIsTheScheduler(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Handshake, Peer: "A", Targets: []string{"I"}})
		synctest.Wait()
		must(t, l, Act{Verb: Handshake, Peer: "B", Targets: []string{"I"}})
		synctest.Wait()
		held := l.Held()
		if len(held) != 2 || held[0].Peer != "A" || held[1].Peer != "B" || !ascending(held) {
			t.Fatalf("held are %+v", held)
		}
		if h := held[1]; h.Step != trace.DialStart || h.Goroutine != trace.CallerGoroutine || h.Event.Peer != "B" {
			t.Errorf("B is held as %+v", h)
		}
		changed := l.Changed()
		if !l.Release(held[1].ID) {
			t.Fatal("B was not released")
		}
		<-changed
		synctest.Wait()
		after := l.Held()
		if len(after) != 2 || after[0] != held[0] || after[1].Peer != "B" || after[1].Step == trace.DialStart {
			t.Errorf("after B's step held are %+v", after)
		}
		if l.Release(held[1].ID) || l.Release(0) {
			t.Error("somebody was released who is not held")
		}
	})
}

// The display asks for Changed, then for Held, and waits: it must hear of everything that came after.
func TestNoChangeIsMissed(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Handshake, Peer: "A", Targets: []string{"B"}})
		over := make(chan struct{})
		go func() {
			defer close(over)
			l.Recorder().Until(t.Context(), func(st *timeline.State) bool { // ends with the session at the latest
				conns := st.Peer("A").Connections
				return len(conns) == 1 && conns[0].Phase == timeline.PhaseClosed
			})
		}()
		var steps []trace.Step
		for waiting := true; waiting; {
			changed := l.Changed()
			if held := l.Held(); len(held) > 0 {
				steps = append(steps, held[0].Step)
				l.Release(held[0].ID)
				continue
			}
			select {
			case <-changed:
			case <-over:
				waiting = false
			case <-time.After(time.Hour):
				t.Fatal("a change was missed")
			}
		}
		if len(steps) < 8 || !slices.Contains(steps, trace.AuthSend) {
			t.Errorf("held at %v", steps)
		}
	})
}

func TestSteppingBeginsAndEndsWhileThingsRun(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Probe, Peer: "A", Targets: []string{"B"}})
		synctest.Wait()
		first := l.Held()
		if len(first) != 1 {
			t.Fatalf("held are %+v", first)
		}
		changed := l.Changed()
		l.SetStepping(false)
		<-changed
		if stepping(l) || len(l.Held()) != 0 {
			t.Error("somebody is held in a free session")
		}
		until(t, l, "the probe is answered", func(st *timeline.State) bool { return st.Peer("B").PingsServed == 1 })
		changed = l.Changed()
		l.SetStepping(true)
		<-changed
		must(t, l, Act{Verb: Probe, Peer: "A", Targets: []string{"B"}})
		synctest.Wait()
		second := l.Held()
		if len(second) != 1 || second[0].ID <= first[0].ID {
			t.Errorf("held are %+v, after %+v", second, first)
		}
		if l.Release(first[0].ID) {
			t.Error("an ID of an earlier stretch released somebody")
		}
	})
}

// Who cuts a line means now: not after everybody who happens to be held has had his turn.
func TestWhatThePersonDoesIsNotHeld(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Handshake, Peer: "A", Targets: []string{"B"}})
		stepUntil(t, l, "the handshake is under way", func(st *timeline.State) bool { return len(st.Peer("B").Connections) == 1 })
		before := l.Held()
		for _, a := range []Act{
			{Verb: FreezeLink, Link: "A→B#1"},
			{Verb: AddPeer},
			{Verb: StopReading, Peer: "I"},
			{Verb: CutLink, Link: "A→B#1"},
		} {
			must(t, l, a)
			synctest.Wait()
		}
		if after := l.Held(); !slices.Equal(after, before) {
			t.Errorf("held were %+v, and are %+v", before, after)
		}
		want := []string{"A handshake B ", "A→B#1 freeze", "C accept  ", "I stop-reading  ", "A→B#1 cut"}
		if got := acts(l); !slices.Equal(got[len(got)-len(want):], want) {
			t.Errorf("recorded %q, want %q at the end", got, want)
		}
	})
}

// Nor does it show among those who are held, not even for a moment.
func TestWhatThePersonDoesIsNeverListed(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Flood, Peer: "A", Targets: []string{"B"}, Count: 500})
		for {
			changed := l.Changed()
			for _, h := range l.Held() {
				if h.Event.Act != nil {
					t.Fatalf("held is %+v", h.Event.Act)
				}
			}
			if len(acts(l)) == 503 { // with the three subscriptions
				return
			}
			select {
			case <-changed:
			case <-time.After(time.Second):
			}
		}
	})
}

func TestOneDeedLetsOneActThrough(t *testing.T) {
	act := func(id uint64, peer, verb string) lab.Held {
		return lab.Held{ID: id, Event: timeline.Event{Kind: timeline.KindAct, Peer: peer, Act: &timeline.Act{Verb: verb}}}
	}
	step := lab.Held{ID: 5, Step: trace.ConnWrite, Peer: "A", Event: timeline.Event{Kind: timeline.KindStep, Peer: "A"}}
	held := []lab.Held{act(1, "B", "send"), act(2, "A", "send"), act(3, "A", "send"), act(4, "A", "probe"), step}
	mine := &deed{"A", "send"}
	others, own := split(held, []*deed{mine, {"A", "kill"}, {}})
	var ids []uint64
	for _, h := range others {
		ids = append(ids, h.ID)
	}
	if !slices.Equal(ids, []uint64{1, 3, 4, 5}) || len(own) != 1 || own[mine] != 2 {
		t.Errorf("held stay %v, let through are %v", ids, own)
	}
}

// What others do in the session's name is held like all else: a subscriber's acknowledgement is a step to be looked at.
func TestAnAcknowledgementIsHeld(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: SendWithAck, Peer: "A", Targets: []string{"B"}, MinAck: 1})
		isAck := func(h Held) bool {
			return h.Event.Act != nil && h.Event.Act.Verb == "ack" && h.Peer == "" && h.Step == ""
		}
		for range 1000 {
			synctest.Wait()
			if slices.ContainsFunc(l.Held(), isAck) {
				return
			}
			l.ReleaseNext()
		}
		t.Error("B's acknowledgement was never held")
	})
}

func TestTheClockStandsWhileSomebodyIsHeldAndCanBePutToTheNextTimeout(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		time.Sleep(10 * time.Second)
		if left, pending := l.NextTimer(); pending {
			t.Errorf("with nothing under way a timeout is pending, in %v", left)
		}
		if l.JumpToNext() {
			t.Error("jumped to a timeout that is not there")
		}
		must(t, l, Act{Verb: Attack, Peer: "B", Trick: Silence})
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		if left, pending := l.NextTimer(); !pending || left != 1500*time.Millisecond {
			t.Errorf("B's patience ends in %v (%t), want 1.5s", left, pending)
		}
		before, standing := l.Clock()
		if standing {
			t.Error("the clock stands, and nobody is held")
		}
		if !l.JumpToNext() {
			t.Error("there was no timeout to jump to")
		}
		if now, _ := l.Clock(); now-before != 1500*time.Millisecond {
			t.Errorf("the clock went on by %v", now-before)
		}
		synctest.Wait()
		st := l.Recorder().State()
		if c := st.Peer("B").Connections[0]; !c.Refused.Failed {
			t.Error("B is still patient")
		}
		l.SetStepping(true)
		must(t, l, Act{Verb: Probe, Peer: "A", Targets: []string{"B"}})
		synctest.Wait()
		now, standing := l.Clock()
		time.Sleep(time.Hour)
		if later, _ := l.Clock(); !standing || later != now {
			t.Errorf("the clock stands: %t; it went from %v to %v", standing, now, later)
		}
		l.SetStepping(false)
	})
}

func TestAPeersHousekeepingIsNothingToWaitFor(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		time.Sleep(5*time.Minute + 59*time.Second) // a second before the peers look for identities that nobody uses
		if left, pending := l.NextTimer(); pending {
			t.Errorf("a timeout is pending, in %v", left)
		}
		must(t, l, Act{Verb: Attack, Peer: "B", Trick: Silence})
		synctest.Wait()
		before, _ := l.Clock()
		if left, pending := l.NextTimer(); !pending || left != 2*time.Second {
			t.Errorf("B's patience ends in %v (%t), want 2s", left, pending)
		}
		if !l.JumpToNext() {
			t.Error("there was no timeout to jump to")
		}
		if now, _ := l.Clock(); now-before != 2*time.Second {
			t.Errorf("the clock went on by %v, want 2s", now-before)
		}
	})
}

func TestTheSpeedOfTheClockIsChangedWhileItRuns(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		for _, c := range []struct{ asked, got float64 }{{2, 2}, {1000, MaxSpeed}, {-1, MinSpeed}, {0, 1}} {
			l.SetSpeed(c.asked)
			before, _ := l.Clock()
			time.Sleep(10 * time.Second)
			if now, _ := l.Clock(); now-before != time.Duration(c.got*float64(10*time.Second)) {
				t.Errorf("at speed %v the clock went on by %v in 10s", c.asked, now-before)
			}
		}
	})
}

func TestTheClockStandsForAsLongAsThePersonWantsItTo(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		l.Stand(true)
		l.Stand(true)
		before, standing := l.Clock()
		time.Sleep(time.Minute)
		if after, _ := l.Clock(); after != before || !standing {
			t.Errorf("it went from %v to %v, standing: %v", before, after, standing)
		}
		l.Stand(false)
		time.Sleep(time.Minute)
		if after, standing := l.Clock(); after-before < 50*time.Second || standing {
			t.Errorf("it went from %v to %v, standing: %v", before, after, standing)
		}
	})
}
