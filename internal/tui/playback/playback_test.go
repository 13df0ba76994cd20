package playback

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// say is a narration that takes its reader the time of n cells.
func say(n int) timeline.Event {
	return timeline.Event{Kind: timeline.KindSay, Text: &text.Text{En: fmt.Sprintf("%*s", n, "x")}}
}

func step(name trace.Step, gate bool) timeline.Event {
	return timeline.Event{Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: name, Gate: gate,
		Object: trace.Object{Kind: trace.Instance, ID: 1}}}
}

// numbered returns events with numbers, as a recorder gives them.
func numbered(events ...timeline.Event) []timeline.Event {
	for i := range events {
		events[i].N = uint64(i + 1)
	}
	return events
}

// acts returns n events that the state counts.
func acts(n int) []timeline.Event {
	var events []timeline.Event
	for range n {
		events = append(events, timeline.Event{Kind: timeline.KindAct, Peer: "A", Act: &timeline.Act{Verb: "send"}})
	}
	return numbered(events...)
}

func TestEveryMomentOfAHistoryIsTheFoldOfItsEvents(t *testing.T) {
	events := acts(3*checkpointEvery + 17)
	rapid.Check(t, func(t *rapid.T) {
		h := NewHistory(Capacity)
		h.Add(events...)
		for range 8 {
			n := rapid.IntRange(0, len(events)).Draw(t, "n")
			if got := h.At(n); got.ActCount != n || got.N != uint64(n) {
				t.Fatalf("after %d events %d acts are counted, and the number is %d", n, got.ActCount, got.N)
			}
		}
	})
}

// Each time they are moved all of them are copied, while the peers that make them want the machine for themselves.
func TestAHistoryMovesItsEventsSeldom(t *testing.T) {
	h, moved := NewHistory(Capacity), 0
	var where *timeline.Event
	for _, e := range acts(1 << 16) {
		h.Add(e)
		if first := &h.Events()[0]; first != where {
			where, moved = first, moved+1
		}
	}
	if most := 17; moved > most {
		t.Errorf("moved %d times, want %d at most", moved, most)
	}
}

func TestAHistoryThatForgetsKeepsWhatItAddsUpTo(t *testing.T) {
	const capacity = 2 * checkpointEvery
	events := acts(10 * checkpointEvery)
	h, forgotten := NewHistory(capacity), 0
	for _, e := range events {
		h.Add(e)
		forgotten += h.Forget()
	}
	if forgotten == 0 || h.Len() < capacity || h.Len() > 2*capacity {
		t.Fatalf("%d forgotten, %d kept", forgotten, h.Len())
	}
	for _, n := range []int{0, 1, capacity / 2, h.Len()} {
		if got := h.At(n); got.ActCount != forgotten+n {
			t.Errorf("after %d of those that are kept %d acts are counted, want %d", n, got.ActCount, forgotten+n)
		}
	}
}

func TestInABurstOnlySipsAreTakenAndTheRestWhenItIsOver(t *testing.T) {
	a := Appetite{Burst: 100, Sip: 5, Gulp: 1000}
	for i, frame := range []struct {
		last uint64
		want int
	}{{5000, 1000}, {5099, 1000}, {5199, 5}, {9000, 5}, {9000, 1000}, {9001, 1000}, {12, 1000}} { // the last is another session
		a.Look(frame.last)
		if got := a.Portion(); got != frame.want || a.Bursting() != (got == a.Sip) || a.Resting() {
			t.Errorf("frame %d, up to event %d: takes %d, want %d", i, frame.last, got, frame.want)
		}
	}
	unbounded := new(Appetite)
	unbounded.Look(1 << 40)
	if got := unbounded.Portion(); got != math.MaxInt || unbounded.Resting() {
		t.Errorf("who has no bounds takes %d", got)
	}
}

func TestBeforeEachSipOfABurstAreFramesOfRest(t *testing.T) {
	a := Appetite{Burst: 100, Sip: 5, Rest: 2, Gulp: 1000}
	for i, frame := range []struct {
		last  uint64
		rests bool
	}{{1, false}, {101, true}, {201, true}, {301, false}, {401, true}, {501, true}, {601, false}, {701, true}, {702, false}, {802, true}} {
		a.Look(frame.last)
		if a.Resting() != frame.rests {
			t.Errorf("frame %d, up to event %d: resting is %v", i, frame.last, a.Resting())
		}
	}
}

func TestPlayingShowsEveryEventForItsTime(t *testing.T) {
	h := NewHistory(Capacity)
	h.Add(numbered(step(trace.ConnWrite, true), step(trace.ConnWritten, false), step(trace.ConnRead, true))...)
	p := NewPlayer(h, text.English)
	p.Advance(0)
	var shown []int
	for range 40 {
		shown = append(shown, p.At())
		p.Advance(50 * time.Millisecond)
	}
	count := map[int]int{}
	for _, at := range shown {
		count[at]++
	}
	// 280 ms, and 540 ms for something that travels; from then on the last.
	if count[0] != 0 || count[1] != 6 || count[2] != 11 || p.At() != 3 || !p.Wants() {
		t.Errorf("shown %v", shown)
	}
}

func TestTwiceTheSpeedTakesHalfTheTime(t *testing.T) {
	time1, time2 := timeToEnd(1), timeToEnd(2)
	if ratio := float64(time1) / float64(time2); ratio < 1.9 || ratio > 2.1 {
		t.Errorf("%v and %v", time1, time2)
	}
}

func timeToEnd(speed float64) (passed time.Duration) {
	h := NewHistory(Capacity)
	h.Add(numbered(step(trace.ConnWrite, true), step(trace.ConnWritten, false), say(100), say(10), step(trace.ConnRead, true))...)
	p := NewPlayer(h, text.English)
	p.SetSpeed(speed)
	for !p.Wants() {
		p.Advance(time.Millisecond)
		passed += time.Millisecond
	}
	return passed
}

func TestANarrationIsReplacedOnlyWhenItCouldBeRead(t *testing.T) {
	h := NewHistory(Capacity)
	h.Add(numbered(say(100), step(trace.ConnWrite, true), say(10))...)
	p := NewPlayer(h, text.English)
	passed := time.Duration(0)
	at := func(n int) time.Duration {
		for p.At() < n {
			p.Advance(10 * time.Millisecond)
			passed += 10 * time.Millisecond
		}
		return passed
	}
	if got := at(2); got > 1500*time.Millisecond {
		t.Errorf("the peers had to wait %v for the reader", got)
	}
	if got := at(3); got < 6*time.Second {
		t.Errorf("100 cells could be read for %v only", got)
	}
	p.GoTo(1)
	p.Next()
	p.Skip()
	p.Advance(time.Millisecond)
	if p.At() != 3 {
		t.Error("after a skip the next narration still waits")
	}
}

func TestPausedNothingGoesOnButTheMovementThatHasBegun(t *testing.T) {
	h := NewHistory(Capacity)
	h.Add(numbered(step(trace.ConnWritten, false), step(trace.ConnRead, true))...)
	p := NewPlayer(h, text.English)
	p.Advance(0)
	p.Advance(100 * time.Millisecond)
	p.Pause()
	if progress := p.Progress(); progress <= 0 || progress >= 1 || !p.Moving() {
		t.Errorf("progress %v, moving %v", progress, p.Moving())
	}
	p.Advance(time.Hour)
	if p.At() != 1 || p.Progress() != 1 || p.Moving() || p.Wants() {
		t.Errorf("at %d, progress %v, moving %v, wants %v", p.At(), p.Progress(), p.Moving(), p.Wants())
	}
}

func TestAStopPausesAtItsStepEveryTime(t *testing.T) {
	h := NewHistory(Capacity)
	h.Add(numbered(step(trace.ConnWrite, true), step(trace.ConnRead, true), step(trace.ConnWrite, true), step(trace.ConnRead, true))...)
	p := NewPlayer(h, text.English)
	if !p.ToggleStop(trace.ConnRead) {
		t.Fatal("no stop was set")
	}
	var stopped []int
	for range 3 {
		p.Play()
		p.Advance(time.Hour)
		for range 10 {
			p.Advance(time.Second)
		}
		if !p.Playing() {
			stopped = append(stopped, p.At())
		}
	}
	if diff := cmp.Diff([]int{2, 4}, stopped); diff != "" {
		t.Error(diff)
	}
	if p.ToggleStop(trace.ConnRead) || len(p.Stops()) != 0 {
		t.Error("the stop is still there")
	}
}

func TestGoingBackAndForthShowsTheSameMoments(t *testing.T) {
	h := NewHistory(Capacity)
	h.Add(acts(600)...)
	p := NewPlayer(h, text.English)
	p.Pause()
	p.GoTo(400)
	for _, move := range []struct {
		name string
		do   func()
		want int
	}{
		{"back", p.Back, 399}, {"next", func() { p.Next() }, 400}, {"to the start", func() { p.GoTo(0) }, 0}, {"before the start", p.Back, 0},
		{"to the end", func() { p.GoTo(h.Len()) }, 600}, {"beyond the end", func() { p.Next() }, 600}, {"to a number", func() { p.GoTo(p.Find(17)) }, 17},
		{"to a number that is not there", func() { p.GoTo(p.Find(1 << 40)) }, 600},
	} {
		if move.do(); p.At() != move.want || h.At(p.At()).ActCount != move.want {
			t.Errorf("%s: at %d with %d acts, want %d", move.name, p.At(), h.At(p.At()).ActCount, move.want)
		}
	}
}

func TestSpeedsHaveEnds(t *testing.T) {
	p := NewPlayer(NewHistory(1), text.English)
	for range 20 {
		p.SetSpeed(p.Faster(1))
	}
	if p.Speed() != Speeds[len(Speeds)-1] {
		t.Errorf("the fastest is %v", p.Speed())
	}
	for range 20 {
		p.SetSpeed(p.Faster(-1))
	}
	if p.Speed() != Speeds[0] {
		t.Errorf("the slowest is %v", p.Speed())
	}
}

func TestFromASpeedThatIsNotOnTheListFasterIsTheNextAboveIt(t *testing.T) {
	for _, c := range []struct{ speed, faster, slower float64 }{
		{0.01, 0.25, 0.01}, {0.25, 0.5, 0.25}, {0.3, 0.5, 0.25}, {1, 2, 0.5}, {3, 4, 2}, {16, 16, 8}, {20, 20, 16},
	} {
		p := NewPlayer(NewHistory(1), text.English)
		p.SetSpeed(c.speed)
		if faster, slower := p.Faster(+1), p.Faster(-1); faster != c.faster || slower != c.slower {
			t.Errorf("from %v it goes up to %v and down to %v, want %v and %v", c.speed, faster, slower, c.faster, c.slower)
		}
	}
}
