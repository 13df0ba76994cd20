package spacetime

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the kept pictures anew; look at them before you keep them")

// played are the records of sessions, each played once in a process. They are not to be changed.
var played sync.Map

// record plays in a lab of its own, over pipes in virtual time, and returns what happened before the lab was closed.
func record(t *testing.T, name string, policy func() lab.Policy, play func(ctx context.Context, lb *lab.Lab) error) (events []timeline.Event) {
	t.Helper()
	if kept, done := played.Load(name); done {
		return kept.([]timeline.Event)
	}
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Policy: policy(), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err = play(ctx, lb)
		time.Sleep(time.Second) // virtual: the network comes to rest before it is torn down
		_, events = recorder.Snapshot()
		lb.Close()
		recorder.Close()
		if err != nil {
			t.Error(err)
		}
	})
	played.Store(name, events)
	return events
}

func inSteps() lab.Policy { return lab.Seeded(0, synctest.Wait) }

// lesson returns what happens in a lesson, in the order of seed 0.
func lesson(t *testing.T, slug string) []timeline.Event {
	t.Helper()
	l, known := walkthroughs.Find(slug)
	if !known {
		t.Fatalf("there is no lesson %s", slug)
	}
	return record(t, slug, inSteps, l.Play)
}

// crowd is a session of many peers: the first sends to all others, and waits for their acknowledgements.
func crowd(t *testing.T, names string) []timeline.Event {
	t.Helper()
	return record(t, "crowd of "+names, lab.Free, func(_ context.Context, lb *lab.Lab) error {
		var first *lab.Peer
		var others []*comm.RemotePeer
		for _, name := range names {
			p, err := lb.NewPeer(string(name), lab.PeerConfig{})
			if err != nil {
				return err
			}
			if first == nil {
				first = p
				continue
			}
			inbox := p.Subscribe(func(any) bool { return true })
			go func() {
				for m := range inbox {
					p.Ack(m, nil)
				}
			}()
			others = append(others, p.Remote())
		}
		first.SendWithAck("to all", time.Minute, len(others), others...)
		synctest.Wait()
		return nil
	})
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

// live returns the scene after the first n events, when nothing more is known yet.
func live(events []timeline.Event, n int) *scene.Scene { return at(events[:n:n], n) }

// when returns how many events there are up to the k-th that is wanted.
func when(t *testing.T, events []timeline.Event, k int, wanted func(e *timeline.Event) bool) int {
	t.Helper()
	for i := range events {
		if wanted(&events[i]) {
			if k--; k == 0 {
				return i + 1
			}
		}
	}
	t.Fatal("this never happened")
	return 0
}

// step looks for a step of a peer.
func step(peer string, step trace.Step) func(*timeline.Event) bool {
	return func(e *timeline.Event) bool { return e.Step != nil && e.Peer == peer && e.Step.Step == step }
}

// message looks for a step of a peer that is about a message of a number.
func message(peer string, step trace.Step, number uint64) func(*timeline.Event) bool {
	return func(e *timeline.Event) bool {
		return e.Step != nil && e.Peer == peer && e.Step.Step == step && e.Step.Number == number && e.Step.Envelope != nil
	}
}

// draw draws a scene with a fresh panel and returns the rows.
func draw(s *scene.Scene, width, height int) []string { return drawWith(New(), s, width, height) }

func drawWith(p *Panel, s *scene.Scene, width, height int) []string {
	c := canvas.New(width, height, false)
	p.Draw(c.Region(), s, true)
	return c.Rows()
}

// rowOf returns the first row that holds all of the words, "" if none does.
func rowOf(rows []string, words ...string) string {
	i := slices.IndexFunc(rows, func(row string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(row, w) })
	})
	if i < 0 {
		return ""
	}
	return rows[i]
}

// mustSay fails unless one of the rows holds all of the words.
func mustSay(t *testing.T, rows []string, words ...string) {
	t.Helper()
	if rowOf(rows, words...) == "" {
		t.Errorf("no row holds %q:\n%s", words, strings.Join(rows, "\n"))
	}
}

// mustNotSay fails if one of the rows holds the words.
func mustNotSay(t *testing.T, rows []string, words string) {
	t.Helper()
	if row := rowOf(rows, words); row != "" {
		t.Errorf("a row holds %q:\n%s", words, strings.Join(rows, "\n"))
	}
}

// column returns the cell in which words begin in a row, -1 if they do not stand there.
func column(row, words string) int {
	before, _, found := strings.Cut(row, words)
	if !found {
		return -1
	}
	return canvas.Width(before)
}

// cell returns what stands in a cell of a row.
func cell(row string, x int) string {
	for _, r := range row {
		if x <= 0 {
			return string(r)
		}
		x -= canvas.Width(string(r))
	}
	return ""
}

// here returns the index of the row that is marked as the one that is shown, -1 if none is.
func here(rows []string) int {
	return slices.IndexFunc(rows, func(row string) bool { return strings.HasPrefix(row, "›") })
}

// do gives the panel commands, or keys of its offers, and takes what comes of them into the scene.
func do(t *testing.T, p *Panel, s *scene.Scene, commands ...string) (last scene.Outcome) {
	t.Helper()
	for _, c := range commands {
		for _, o := range p.Offers() {
			if o.Key == c {
				c = string(o.Command)
			}
		}
		if last = p.Do(scene.Command(c), s); !last.Handled {
			t.Errorf("%s was not handled", c)
		}
		if last.Select != nil {
			s.Selected = *last.Select
		}
	}
	return last
}

// kept compares a picture with the one that was kept.
func kept(t *testing.T, name string, rows []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := strings.Join(rows, "\n") + "\n"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
}
