package timeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
)

func say(words string) Event { return Event{Kind: KindSay, Text: &text.Text{En: words}} }

func TestKeyframeAndTheRestAreTheWholeSession(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := anyEvents(rt)
		r := newRecorder(rapid.IntRange(1, 50).Draw(rt, "capacity"), rapid.IntRange(0, 10).Draw(rt, "batch"))
		for i, e := range events {
			if n := r.Add(e); n != e.N {
				rt.Fatalf("event %d got number %d", e.N, n)
			}
			if rapid.IntRange(0, 20).Draw(rt, "look") == 0 {
				mustBeSame(t, "the state on the way", Fold(events[:i+1]), r.State())
			}
		}
		r.Close()
		keyframe, rest := r.Snapshot()
		if len(rest) > r.room || len(rest) < min(len(events), r.capacity) {
			rt.Fatalf("%d events kept of %d, capacity %d, room for %d", len(rest), len(events), r.capacity, r.room)
		}
		if keyframe.N != r.Forgotten() || (len(rest) > 0 && rest[len(rest)-1].N != r.Last()) {
			rt.Fatalf("keyframe %d, forgotten %d, last %d", keyframe.N, r.Forgotten(), r.Last())
		}
		for _, e := range rest {
			keyframe.Apply(e)
		}
		want := Fold(events)
		mustBeSame(t, "keyframe and the rest", want, keyframe)
		mustBeSame(t, "the state", want, r.State())
	})
}

func TestCursorThatFellBehindIsToldHowMuchItMissed(t *testing.T) {
	r := NewRecorder(3)
	c := r.Follow(0)
	r.Add(say("1"))
	ctx := t.Context()
	if e, err := c.Next(ctx); err != nil || e.N != 1 {
		t.Fatal(e, err)
	}
	for range 9 {
		r.Add(say("x"))
	}
	e, err := c.Next(ctx)
	if err != nil || e.Kind != KindGap || e.Gap != 6 || e.N != 7 {
		t.Fatalf("%+v, %v", e, err)
	}
	rest := c.Take(nil, 10)
	if len(rest) != 3 || rest[0].N != 8 || c.At() != 10 || len(c.Take(nil, 10)) != 0 {
		t.Errorf("%d events, at %d", len(rest), c.At())
	}
}

func TestTakeBringsNoMoreThanItsLimit(t *testing.T) {
	r := NewRecorder(10)
	for range 15 {
		r.Add(say("x"))
	}
	c := r.Follow(0)
	for i, want := range []int{0, 1, 4, 6, 0} {
		if got := c.Take(nil, want); len(got) != min(want, 11) {
			t.Errorf("take %d: %d events", i, len(got))
		}
	}
	if c.At() != 15 {
		t.Errorf("at %d", c.At())
	}
}

func TestRecordingOfASessionThatIsFollowedLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecorder(1000)
		var file bytes.Buffer
		w, err := NewWriter(&file, Header{})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- r.Follow(0).CopyTo(t.Context(), w) }()
		for range 3 {
			time.Sleep(time.Second)
			r.Add(say("x"))
			synctest.Wait()
		}
		r.Close()
		if err := errors.Join(<-done, w.Close()); err != nil {
			t.Fatal(err)
		}
		_, events, err := Read(&file)
		if err != nil || len(events) != 3 {
			t.Errorf("%d events, %v", len(events), err)
		}
		if n := r.Add(say("late")); n != 0 || r.Last() != 3 {
			t.Errorf("after Close event %d was added", n)
		}
	})
}

func TestUntilSeesWhatHoldsOnlyForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecorder(1000)
		done := make(chan error, 1)
		go func() {
			done <- r.Until(t.Context(), func(s *State) bool { return s.Caption.En == "now" })
		}()
		synctest.Wait()
		for _, words := range []string{"before", "now", "after"} { // all at once, before the waiter runs
			r.Add(say(words))
		}
		synctest.Wait()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Error("Until missed the moment")
		}
		r.Close()
	})
}

func TestUntilEndsWithItsContextAndWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecorder(10)
		never := func(*State) bool { return false }
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, io.ErrNoProgress)
		defer cancel()
		if err := r.Until(ctx, never); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("its context ended: %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			r.Close()
		}()
		if err := r.Until(t.Context(), never); !errors.Is(err, ErrClosed) {
			t.Errorf("the session ended: %v", err)
		}
		if _, err := r.Follow(0).Next(t.Context()); err != io.EOF {
			t.Errorf("a cursor after the end: %v", err)
		}
	})
}

func TestUntilThatFellBehindGoesOnFromTheKeyframe(t *testing.T) {
	r := NewRecorder(2)
	r.Add(say("0"))
	first := true
	err := r.Until(t.Context(), func(s *State) bool {
		if first { // the waiter is slow: the recorder forgets everything that it has not seen
			first = false
			a := dialled(1)
			r.Add(Event{Kind: KindStep, Peer: "A", Step: &trace.Event{Step: trace.DialStart, Object: a, Seq: 1}})
			for range 5 {
				r.Add(say("x"))
			}
		}
		return s.Connection(key("A", 1)) != nil && s.Missing == 0 && s.N == r.Last()
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReadyCursorIsWokenOnce(t *testing.T) {
	r := NewRecorder(10)
	c := r.Follow(0)
	ready := c.Ready()
	select {
	case <-ready:
		t.Fatal("ready before the first event")
	default:
	}
	r.Add(say("x"))
	<-ready
	<-c.Ready()
	c.Take(nil, 10)
	select {
	case <-c.Ready():
		t.Error("ready with nothing left")
	default:
	}
}

func TestPeersReadersAndWaitersAtOnce(t *testing.T) {
	for _, batch := range []int{0, 4} {
		peersReadersAndWaitersAtOnce(t, newRecorder(64, batch))
	}
}

func peersReadersAndWaitersAtOnce(t *testing.T, r *Recorder) {
	const peers, each = 4, 500
	var adding, reading sync.WaitGroup
	for range peers {
		adding.Go(func() {
			for range each {
				r.Add(Event{Kind: KindStep, Peer: "A", Step: &trace.Event{Step: trace.DialStart, Object: dialled(1)}})
			}
		})
	}
	reading.Go(func() {
		seen, c := uint64(0), r.Follow(0)
		for {
			e, err := c.Next(context.Background())
			if err == io.EOF {
				break
			}
			seen += max(1, e.Gap)
		}
		if seen != peers*each {
			t.Errorf("a cursor accounts for %d of %d events", seen, peers*each)
		}
	})
	reading.Go(func() {
		if err := r.Until(context.Background(), func(s *State) bool { return s.N == peers*each }); err != nil {
			t.Error(err)
		}
	})
	reading.Go(func() {
		for r.Last() < peers*each {
			s := r.State()
			s.Apply(say("mine")) // a caller's own to go on with
			keyframe, rest := r.Snapshot()
			if n := keyframe.N + uint64(len(rest)); n > peers*each || len(rest) > 0 && rest[len(rest)-1].N != n {
				t.Errorf("%d events are forgotten, and %d left of which the last is %d", keyframe.N, len(rest), rest[len(rest)-1].N)
			}
			runtime.Gosched()
		}
	})
	adding.Wait()
	if err := r.Until(context.Background(), func(s *State) bool { return s.N == peers*each }); err != nil {
		t.Error(err)
	}
	r.Close()
	reading.Wait()
}

// The mutex stands for a batch that takes long.
func TestPeersDoNotWaitForABatchThatIsFolded(t *testing.T) {
	r := newRecorder(64, 8)
	r.folding.Lock()
	for range 64 + 2*8 {
		r.Add(say("x"))
	}
	r.folding.Unlock()
	r.Close()
	if _, rest := r.Snapshot(); len(rest) < 64 || r.Last() != 64+2*8 {
		t.Errorf("%d events are kept of %d", len(rest), r.Last())
	}
}

func TestAReaderMissesNothingWhileOthersAreForgotten(t *testing.T) {
	r := newRecorder(10, 2)
	c, read := r.Follow(0), uint64(0)
	for n := range uint64(100) {
		r.Add(say("x"))
		if n%7 != 0 {
			continue
		}
		for _, e := range c.Take(nil, 100) {
			if read++; e.Kind == KindGap || e.N != read {
				t.Fatalf("event %d is %+v", read, e)
			}
		}
		if read != n+1 {
			t.Fatalf("%d events were read, of %d", read, n+1)
		}
	}
	r.Close()
}

func BenchmarkAddToAFullRecorder(b *testing.B) {
	setup, next := traffic()
	r := NewRecorder(1 << 12)
	for _, e := range setup {
		r.Add(e)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Add(next())
	}
}
