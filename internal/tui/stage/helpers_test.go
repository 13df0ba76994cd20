package stage

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

// record plays in a lab of its own, over pipes in virtual time, and returns what was recorded before the lab was closed.
func record(t *testing.T, policy func() lab.Policy, play func(ctx context.Context, lb *lab.Lab) error) (events []timeline.Event) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Policy: policy(), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err = play(ctx, lb)
		time.Sleep(time.Second) // the network comes to rest before it is torn down
		_, events = recorder.Snapshot()
		lb.Close()
		recorder.Close()
		if err != nil {
			t.Error(err)
		}
	})
	return events
}

func inSteps() lab.Policy { return lab.Seeded(0, synctest.Wait) }

var played sync.Map

// lesson returns the record of a lesson, which is played once in a process and is not to be changed.
func lesson(t *testing.T, slug string) []timeline.Event {
	t.Helper()
	if events, done := played.Load(slug); done {
		return events.([]timeline.Event)
	}
	l, known := walkthroughs.Find(slug)
	if !known {
		t.Fatalf("there is no lesson %s", slug)
	}
	events := record(t, inSteps, l.Play)
	played.Store(slug, events)
	return events
}

// crowd returns the record of a session in which the first of some peers talks to all others, each answers, and their neighbours talk too.
func crowd(t *testing.T, names string) []timeline.Event {
	t.Helper()
	if events, done := played.Load(names); done {
		return events.([]timeline.Event)
	}
	events := record(t, lab.Free, func(ctx context.Context, lb *lab.Lab) error {
		var peers []*lab.Peer
		for _, name := range names {
			p, err := lb.NewPeer(string(name), lab.PeerConfig{})
			if err != nil {
				return err
			}
			peers = append(peers, p)
		}
		var others []*comm.RemotePeer
		for _, p := range peers[1:] {
			inbox := p.Subscribe(func(any) bool { return true })
			go func() {
				for m := range inbox {
					p.Ack(m, nil)
				}
			}()
			others = append(others, p.Remote())
		}
		peers[0].SendWithAck("to all", time.Minute, len(others), others...)
		for i, p := range peers[1:] {
			if err := p.Send("next", peers[(i+2)%len(peers)].Remote()); err != nil {
				return err
			}
		}
		synctest.Wait()
		return nil
	})
	played.Store(names, events)
	return events
}

// at returns the scene right after the n-th of some events.
func at(events []timeline.Event, n int) *scene.Scene {
	st := timeline.Fold(events[:n])
	s := &scene.Scene{Events: events, At: n, State: &st, Progress: 1, Lang: text.Chinese, Theme: scene.Dark}
	if n > 0 {
		s.Event = &events[n-1]
	}
	return s
}

// find returns the scene of the first event after which there is what is looked for.
func find(t *testing.T, events []timeline.Event, wanted func(e timeline.Event) bool) *scene.Scene {
	t.Helper()
	i := slices.IndexFunc(events, wanted)
	if i < 0 {
		t.Fatal("there is no such event")
	}
	return at(events, i+1)
}

// step looks for the n-th time, from 1, that a peer comes to a step.
func step(peer string, step trace.Step, n int) func(timeline.Event) bool {
	return func(e timeline.Event) bool {
		if e.Peer == peer && e.Step != nil && e.Step.Step == step {
			n--
			return n == 0
		}
		return false
	}
}

// draw returns the rows of a scene.
func draw(s *scene.Scene, w, h int) []string { return drawWith(New(), s, w, h) }

func drawWith(p *Panel, s *scene.Scene, w, h int) []string {
	c := canvas.New(w, h, false)
	p.Draw(c.Region(), s, true)
	return c.Rows()
}

// place returns the cell at which a character first stands, from the left of its row; -1 if it does not.
func place(rows []string, character string) (x, y int) {
	for y, row := range rows {
		if before, _, found := strings.Cut(row, character); found {
			return canvas.Width(before), y
		}
	}
	return -1, -1
}

func show(t *testing.T, rows []string) { t.Helper(); t.Log("\n" + strings.Join(rows, "\n")) }
