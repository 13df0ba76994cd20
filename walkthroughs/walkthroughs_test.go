package walkthroughs

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

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
		dump(events)
		lb.Close()
		recorder.Close()
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
	return events
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
	_, events := recorder.Snapshot()
	return events
}

func TestSmoke(t *testing.T) {
	for _, l := range All() {
		t.Run(l.Slug, func(t *testing.T) {
			for _, e := range inVirtualTime(t, l, 0) {
				if e.Step != nil {
					fmt.Println(e.N, e.Turn, e.At, e.Peer, e.Step.Object.Kind, e.Step.Object.ID, e.Step.Step, e.Step.Gate, e.Step.Err, e.Step.Detail)
				} else {
					fmt.Println(e.N, e.Turn, e.At, e.Peer, e.Kind, e.Link, e.Act, e.Text, e.Promise)
				}
			}
		})
	}
}
