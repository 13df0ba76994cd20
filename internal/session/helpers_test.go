package session

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
	"gossipscope/walkthroughs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inSandbox runs a test with a sandbox in virtual time. The bubble does not end before all that the session began has ended.
func inSandbox(t *testing.T, test func(t *testing.T, l *Live)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l, err := Sandbox(Options{Network: lab.InMemory()})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		synctest.Wait()
		test(t, l)
	})
}

// inFreeSandbox is inSandbox with nobody held.
func inFreeSandbox(t *testing.T, test func(t *testing.T, l *Live)) {
	t.Helper()
	inSandbox(t, func(t *testing.T, l *Live) {
		l.SetStepping(false)
		test(t, l)
		time.Sleep(time.Second) // the network comes to rest before it is torn down
	})
}

// overTCP runs a test with a sandbox over sockets.
func overTCP(t *testing.T, test func(t *testing.T, l *Live)) {
	t.Helper()
	l, err := Sandbox(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	test(t, l)
}

// must does an act.
func must(t *testing.T, l *Live, a Act) {
	t.Helper()
	if err := l.Do(a); err != nil {
		t.Fatalf("%+v: %v", a, err)
	}
}

// until waits for something to be seen.
func until(t *testing.T, l *Live, what string, condition func(*timeline.State) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := l.Recorder().Until(ctx, condition); err != nil {
		t.Fatalf("waiting until %s: %v", what, err)
	}
}

// stepUntil lets the longest held go on, again and again, until something is seen.
func stepUntil(t *testing.T, l *Live, what string, condition func(*timeline.State) bool) {
	t.Helper()
	for range 10_000 {
		synctest.Wait()
		if st := l.Recorder().State(); condition(&st) {
			return
		}
		if !l.ReleaseNext() {
			time.Sleep(100 * time.Millisecond) // somebody waits for a timeout
		}
	}
	t.Fatalf("stepped ten thousand times, and still not: %s", what)
}

// events returns what was recorded.
func events(s Session) []timeline.Event {
	_, list := s.Recorder().Snapshot()
	return list
}

// acts returns the acts that were recorded, and what was done to links.
func acts(s Session) (list []string) {
	for _, e := range events(s) {
		switch {
		case e.Act != nil:
			list = append(list, fmt.Sprintf("%s %s %s %s", e.Peer, e.Act.Verb, e.Act.Target, e.Act.Detail))
		case e.Link != nil && e.Link.Change != timeline.LinkOpen && e.Link.Change != timeline.LinkClose:
			list = append(list, fmt.Sprintf("%s %s", e.Link.Name, e.Link.Change))
		}
	}
	return list
}

// said returns what was said to the reader, in English.
func said(s Session) (list []string) {
	for _, e := range events(s) {
		if e.Kind == timeline.KindSay {
			list = append(list, e.Text.En)
		}
	}
	return list
}

// connect has A send B a message, and waits until B's subscriber has it. The line is A→B#1.
func connect(t *testing.T, l *Live) {
	t.Helper()
	must(t, l, Act{Verb: Send, Peer: "A", Targets: []string{"B"}, Content: "hello"})
	until(t, l, "B's subscriber has the message", func(st *timeline.State) bool { return handed(st, "B") == 1 })
	until(t, l, "both are connected", func(st *timeline.State) bool { return len(stored(st, "A")) == 1 && len(stored(st, "B")) == 1 })
}

// handed counts the messages that were handed to the subscribers of a peer.
func handed(st *timeline.State, name string) (n int) {
	for _, s := range st.Peer(name).Subscriptions {
		n += s.Handed
	}
	return n
}

func stored(st *timeline.State, name string) []*timeline.Connection { return st.Peer(name).Stored() }

// lesson returns a lesson by its name.
func lesson(t *testing.T, slug string) walkthroughs.Lesson {
	t.Helper()
	l, known := walkthroughs.Find(slug)
	if !known {
		t.Fatalf("there is no lesson %s", slug)
	}
	return l
}

// waitForEnd waits until the lesson has ended, and returns with what.
func waitForEnd(t *testing.T, l *Live) error {
	t.Helper()
	for {
		changed := l.Changed()
		if err, ended := l.Ended(); ended {
			return err
		}
		select {
		case <-changed:
		case <-time.After(time.Minute):
			t.Fatal("the lesson does not end")
		}
	}
}

// ascending reports whether those who are held are listed in the order of their coming.
func ascending(held []Held) bool {
	return slices.IsSortedFunc(held, func(a, b Held) int { return int(a.ID) - int(b.ID) })
}

// stepping reports whether goroutines are held at their steps.
func stepping(l *Live) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stepper != nil
}
