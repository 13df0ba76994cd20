package walkthroughs

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

var seeds = flag.Uint64("seeds", 2, "how many seeds beside 0 TestEveryOrderKeepsThePromises plays of each lesson")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inVirtualTime plays a lesson in a bubble, over pipes, one step at a time in the order of a seed, and returns its record. When it
// returns, everything that the lesson began has ended; the bubble would not let it otherwise.
func inVirtualTime(t *testing.T, l Lesson, seed uint64) (events []timeline.Event) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Policy: lab.Seeded(seed, synctest.Wait), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		// A lesson that waits for what never comes would wait for ever: in a bubble an hour costs nothing.
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err = l.Play(ctx, lb)
		// The network comes to rest before it is torn down: gRPC's own goroutines are not held at steps.
		time.Sleep(time.Second)
		_, events = recorder.Snapshot()
		lb.Close()
		recorder.Close()
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
	return events
}

// firstPlayed are the records of the lessons under seed 0, by slug: for tests that only look at what happens there.
var firstPlayed sync.Map

// atSeedZero returns the record of a lesson under seed 0, which it plays once in a process. The record is not to be changed.
func atSeedZero(t *testing.T, l Lesson) []timeline.Event {
	t.Helper()
	type record struct {
		played sync.Once
		events []timeline.Event
	}
	kept, _ := firstPlayed.LoadOrStore(l.Slug, new(record))
	r := kept.(*record)
	r.played.Do(func() { r.events = inVirtualTime(t, l, 0) })
	return r.events
}

// overTCP plays a lesson as the explorer does, but without pace.
func overTCP(t *testing.T, l Lesson) []timeline.Event {
	t.Helper()
	recorder := timeline.NewRecorder(1 << 16)
	lb, err := lab.New(lab.Config{Network: lab.Loopback(), Recorder: recorder})
	if err != nil {
		t.Fatal(err)
	}
	defer recorder.Close()
	defer lb.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := l.Play(ctx, lb); err != nil {
		t.Error(err)
	}
	// A lesson ends when it has seen what it wanted to see; here all that comes of it is to be compared.
	if err := lb.Until(ctx, atRest); err != nil {
		t.Errorf("waiting until nothing is under way: %v", err)
	}
	_, events := recorder.Snapshot()
	return events
}

func TestTwoPeersMeet(t *testing.T)                     { testLesson(t, meet) }
func TestTheHandshakeCheckByCheck(t *testing.T)         { testLesson(t, checks) }
func TestAMessageGoesOut(t *testing.T)                  { testLesson(t, send) }
func TestAMessageComesIn(t *testing.T)                  { testLesson(t, receive) }
func TestSendWithAckTellsWhoHasGotIt(t *testing.T)      { testLesson(t, acks) }
func TestProbeAndHandshakeAskTwoQuestions(t *testing.T) { testLesson(t, verdict) }
func TestOneConnectionAPeer(t *testing.T)               { testLesson(t, store) }
func TestEveryWayThatAConnectionEnds(t *testing.T)      { testLesson(t, endings) }
func TestStopGoesDownThePipe(t *testing.T)              { testLesson(t, stop) }

// testLesson plays a lesson in virtual time and compares what happened with the kept transcripts.
func testLesson(t *testing.T, l Lesson) {
	events := inVirtualTime(t, l, 0)
	for _, lang := range []text.Lang{text.Chinese, text.English} {
		checkTranscript(t, fmt.Sprintf("%d-%s.%s.txt", l.Number, l.Slug, lang), transcript(t, events, lang))
	}
}

func TestEveryOrderKeepsThePromises(t *testing.T) {
	for _, l := range All() {
		t.Run(l.Slug, func(t *testing.T) {
			want := byGoroutine(atSeedZero(t, l))
			for seed := uint64(1); seed <= *seeds; seed++ {
				if diff := cmp.Diff(want, byGoroutine(inVirtualTime(t, l, seed))); diff != "" {
					t.Errorf("seed %d: some goroutine did something else than under seed 0 (-0 +%d):\n%s", seed, seed, diff)
				}
			}
		})
	}
}

func TestOverTCPTheSameHappens(t *testing.T) {
	for _, l := range All() {
		t.Run(l.Slug, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(byGoroutine(atSeedZero(t, l)), byGoroutine(overTCP(t, l))); diff != "" {
				t.Errorf("some goroutine did something else over TCP than over pipes (-pipes +TCP):\n%s", diff)
			}
		})
	}
}

// byGoroutine returns the steps of each goroutine in their order, which neither chance nor the network may change. A goroutine is
// named by its part in the k-th connection of its peer, since addresses differ.
func byGoroutine(events []timeline.Event) map[string][]string {
	steps := make(map[string][]string)
	for _, e := range events {
		if e.Step != nil && e.Step.Object.Kind == trace.Connection {
			o := e.Step.Object
			name := fmt.Sprintf("%s %s %d %s", e.Peer, o.Role, o.ID, e.Step.Goroutine())
			steps[name] = append(steps[name], string(e.Step.Step))
		}
	}
	return steps
}
