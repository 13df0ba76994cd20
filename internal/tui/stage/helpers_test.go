package stage

import (
	"context"
	"fmt"
	"maps"
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
	events := steady(record(t, inSteps, l.Play))
	played.Store(slug, events)
	return events
}

// crowd returns the record of a session in which the first of some peers talks to all others, each answers, and their neighbours talk too.
func crowd(t *testing.T, names string) []timeline.Event {
	t.Helper()
	if events, done := played.Load(names); done {
		return events.([]timeline.Event)
	}
	events := steady(record(t, inSteps, func(ctx context.Context, lb *lab.Lab) error {
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
		for _, other := range others { // one after the other: whose dial came first would be chance
			peers[0].SendWithAck("to all", time.Minute, 1, other)
		}
		for i, p := range peers[1:] {
			if err := p.Send("next", peers[(i+2)%len(peers)].Remote()); err != nil {
				return err
			}
		}
		return nil
	}))
	played.Store(names, events)
	return events
}

// steady puts the events of a seeded run into an order that is the same in every run: between two releases several goroutines may run,
// and whose reports were recorded first is chance. The order within each goroutine is kept, and a write comes before its read, since the
// catalogue has them so.
func steady(events []timeline.Event) []timeline.Event {
	var ordered []timeline.Event
	for len(events) > 0 {
		end := slices.IndexFunc(events, func(e timeline.Event) bool { return e.Turn != events[0].Turn })
		if end < 0 {
			end = len(events)
		}
		ordered, events = append(ordered, mergeTurn(events[:end])...), events[end:]
	}
	for i := range ordered {
		ordered[i].N = uint64(i + 1)
	}
	return ordered
}

func mergeTurn(events []timeline.Event) []timeline.Event {
	sequences := make(map[string][]timeline.Event)
	for _, e := range events {
		sequences[goroutineOf(e)] = append(sequences[goroutineOf(e)], e)
	}
	var merged []timeline.Event
	for len(merged) < len(events) {
		next, least := "", 0
		for _, name := range slices.Sorted(maps.Keys(sequences)) {
			if rank := rankOf(sequences[name][0]); next == "" || rank < least {
				next, least = name, rank
			}
		}
		merged = append(merged, sequences[next][0])
		if sequences[next] = sequences[next][1:]; len(sequences[next]) == 0 {
			delete(sequences, next)
		}
	}
	return merged
}

// goroutineOf names the goroutine of an event: by its part in a connection, or by its peer.
func goroutineOf(e timeline.Event) string {
	switch {
	case e.Link != nil:
		return "link " + e.Link.Name
	case e.Step == nil:
		return "the lesson"
	}
	conn := e.Step.Object
	if conn.Kind != trace.Connection && e.Step.Subject.Kind == trace.Connection {
		conn = e.Step.Subject
	}
	if conn.Kind != trace.Connection {
		return fmt.Sprint(e.Peer, e.Step.Goroutine(), e.Step.Local, e.Step.Remote)
	}
	return fmt.Sprint(e.Peer, conn.Role, conn.ID, e.Step.Goroutine())
}

// rankOf is the place of a step in the catalogue; what is no step comes first, and a line that ends last.
func rankOf(e timeline.Event) int {
	switch {
	case e.Step != nil:
		return slices.IndexFunc(trace.Catalogue, func(info trace.Info) bool { return info.Step == e.Step.Step })
	case e.Link != nil && e.Link.Change == timeline.LinkClose:
		return len(trace.Catalogue)
	}
	return -1
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

// through shows the scene after each of some events, one after the other. The scene is the same each time, and grows.
func through(events []timeline.Event, show func(n int, s *scene.Scene)) {
	var st timeline.State
	s := &scene.Scene{Events: events, State: &st, Progress: 1, Lang: text.Chinese, Theme: scene.Dark}
	for n := 1; n <= len(events); n++ {
		st.Apply(events[n-1])
		s.At, s.Event = n, &events[n-1]
		show(n, s)
	}
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
