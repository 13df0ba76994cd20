package tables

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// played are the records of lessons, each played once in a process. They are not to be changed.
var played sync.Map

// lesson plays a lesson in virtual time, over pipes, in the order of seed 0, and returns what happened.
func lesson(t *testing.T, slug string) []timeline.Event {
	t.Helper()
	type record struct {
		once   sync.Once
		events []timeline.Event
	}
	kept, _ := played.LoadOrStore(slug, new(record))
	r := kept.(*record)
	r.once.Do(func() {
		l, found := walkthroughs.Find(slug)
		if !found {
			t.Fatalf("no lesson %s", slug)
		}
		synctest.Test(t, func(t *testing.T) {
			recorder := timeline.NewRecorder(1 << 16)
			lb, err := lab.New(lab.Config{Network: lab.InMemory(), Policy: lab.Seeded(0, synctest.Wait), Recorder: recorder})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if err := l.Play(ctx, lb); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second) // virtual: the network comes to rest before it is torn down
			_, r.events = recorder.Snapshot()
			lb.Close()
			recorder.Close()
		})
	})
	return r.events
}

// at returns the scene after the first n events.
func at(events []timeline.Event, n int) *scene.Scene {
	st := timeline.Fold(events[:n])
	s := &scene.Scene{Events: events, At: n, State: &st, Progress: 1, Lang: text.Chinese, Theme: scene.Dark}
	if n > 0 {
		s.Event = &events[n-1]
	}
	return s
}

// after returns the scene right after the k-th event that fulfils want.
func after(t *testing.T, events []timeline.Event, k int, want func(*timeline.Event) bool) *scene.Scene {
	t.Helper()
	for i := range events {
		if want(&events[i]) {
			if k--; k == 0 {
				return at(events, i+1)
			}
		}
	}
	t.Fatal("this never happened")
	return nil
}

// promised returns the scene right after the promise that begins with these words. Before a lesson promises anything, all is at rest, so
// the scene is the same in every run; what several goroutines do in one turn may be told in any order.
func promised(t *testing.T, events []timeline.Event, words string) *scene.Scene {
	t.Helper()
	return after(t, events, 1, func(e *timeline.Event) bool { return e.Promise != nil && strings.HasPrefix(e.Promise.Text.En, words) })
}

// acting returns the scene at which a peer is about to do something, which is a moment of rest too.
func acting(t *testing.T, events []timeline.Event, peer, verb, detail string) *scene.Scene {
	t.Helper()
	return after(t, events, 1, func(e *timeline.Event) bool {
		return e.Act != nil && e.Peer == peer && e.Act.Verb == verb && e.Act.Detail == detail
	})
}

// step is a condition: a step of a peer.
func step(peer string, step trace.Step) func(*timeline.Event) bool {
	return func(e *timeline.Event) bool { return e.Step != nil && e.Peer == peer && e.Step.Step == step }
}

// hold makes the goroutine of the event that is shown one that is held there, as a reader who steps sees it.
func hold(s *scene.Scene) *scene.Scene { return holdFor(s, s.Event) }

// holding does so with the last goroutine of a peer that came to a gate.
func holding(t *testing.T, s *scene.Scene, peer string, gate trace.Step) *scene.Scene {
	t.Helper()
	for i := s.At - 1; i >= 0; i-- {
		if step(peer, gate)(&s.Events[i]) {
			return holdFor(s, &s.Events[i])
		}
	}
	t.Fatalf("nobody of %s came to %s", peer, gate)
	return nil
}

func holdFor(s *scene.Scene, e *timeline.Event) *scene.Scene {
	s.Live = true
	s.Held = []session.Held{{ID: 1, Peer: e.Peer, Goroutine: e.Step.Goroutine(), Step: e.Step.Step, Object: e.Step.Object, Event: *e}}
	return s
}

// draw draws a scene with a fresh panel and returns the rows.
func draw(s *scene.Scene, width, height int) []string {
	return drawWith(New(), s, width, height).Rows()
}

func drawWith(p *Panel, s *scene.Scene, width, height int) *canvas.Canvas {
	c := canvas.New(width, height, false)
	p.Draw(c.Region(), s, true)
	return c
}

// mustSay fails unless the rows hold every one of the words.
func mustSay(t *testing.T, rows []string, words ...string) {
	t.Helper()
	all, joined, spaced := strings.Join(rows, "\n"), "", ""
	for _, row := range rows { // a sentence may go on in the next row
		joined += strings.TrimSpace(row)
		spaced += strings.TrimSpace(row) + " "
	}
	for _, w := range words {
		if !strings.Contains(all, w) && !strings.Contains(joined, w) && !strings.Contains(spaced, w) {
			t.Errorf("nothing says %q:\n%s", w, all)
		}
	}
}

// rowOf returns the first row that holds the words, "" if none does.
func rowOf(rows []string, words string) string {
	i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, words) })
	if i < 0 {
		return ""
	}
	return rows[i]
}
