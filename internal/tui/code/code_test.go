package code

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

// sceneAt returns the moment after the first at of the events.
func sceneAt(events []timeline.Event, at int, lang text.Lang) *scene.Scene {
	st := timeline.Fold(events[:at])
	s := &scene.Scene{Events: events, At: at, State: &st, Progress: 1, Lang: lang, Theme: scene.Dark}
	if at > 0 {
		s.Event = &events[at-1]
	}
	return s
}

// story is a send, its write, and a sentence of the lesson.
func story() []timeline.Event {
	object := trace.Object{Kind: trace.Connection, ID: 1, Role: trace.Initiator}
	return []timeline.Event{
		{N: 1, Kind: timeline.KindBirth, Peer: "A", Birth: &timeline.Birth{Name: "A"}},
		{N: 2, Kind: timeline.KindAct, Peer: "A", Act: &timeline.Act{Verb: "send", Target: "B"}},
		{N: 3, Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: trace.ConnEnqueue, Object: object}},
		{N: 4, Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: trace.ConnWrite, Gate: true, Object: object}},
		{N: 5, Kind: timeline.KindSay, Text: &text.Text{Zh: "看", En: "look"}},
		{N: 6, Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: trace.ConnDrop, Object: object, Err: timeline.RecordedError("full")}},
	}
}

func rows(p *Panel, s *scene.Scene, width, height int, ascii bool) []string {
	c := canvas.New(width, height, ascii)
	p.Draw(c.Region(), s, true)
	return c.Rows()
}

// marked returns the row that is marked as running, without its gutter.
func marked(t *testing.T, rows []string) string {
	t.Helper()
	found := ""
	for _, row := range rows[1:] {
		if rest, isMarked := strings.CutPrefix(row, "›"); isMarked {
			if found != "" {
				t.Errorf("two rows are marked:\n%s", strings.Join(rows, "\n"))
			}
			found = strings.TrimSpace(rest)
		}
	}
	if found == "" {
		t.Errorf("no row is marked:\n%s", strings.Join(rows, "\n"))
	}
	return found
}

func wantRow(t *testing.T, row string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(row, part) {
			t.Errorf("%q is missing in %q", part, row)
		}
	}
}

func TestTheLineThatRunsIsMarked(t *testing.T) {
	p := New()
	got := rows(p, sceneAt(story(), 4, text.English), 120, 17, false)
	wantRow(t, got[0], "○ conn.write", "A writer", "conn.go:", "(*connection).write")
	wantRow(t, marked(t, got), "conn.trace.Gate(trace.ConnWrite")
	wantRow(t, got[16], "Gate", "who calls it (1)")
	got = rows(p, sceneAt(story(), 6, text.Chinese), 120, 17, false)
	wantRow(t, got[0], "✗ conn.drop")
	wantRow(t, got[16], "report")
}

func TestBeforeTheFirstStepTheLayerSaysWhatItIs(t *testing.T) {
	for at := range 2 {
		got := rows(New(), sceneAt(story(), at, text.English), 120, 17, false)
		wantRow(t, got[0], "doc.go")
		wantRow(t, got[1], "Package comm is")
		wantRow(t, got[16], "No step has been taken yet")
	}
}

func TestAnActStandsAtTheMethodThatItCalls(t *testing.T) {
	got := rows(New(), sceneAt(story(), 2, text.English), 120, 17, false)
	wantRow(t, got[0], "(*commImpl).Send  A", "comm_impl.go:")
	wantRow(t, marked(t, got), "func (c *commImpl) Send(")
	wantRow(t, got[16], "A is about to call")
}

func TestBetweenStepsTheLastOneStaysAndThatIsSaid(t *testing.T) {
	c := canvas.New(120, 17, false)
	s := sceneAt(story(), 5, text.English)
	New().Draw(c.Region(), s, true)
	wantRow(t, marked(t, c.Rows()), "trace.ConnWrite")
	wantRow(t, c.Row(16), "no step of the code")
	if background := fmt.Sprintf("48;2;%d;%d;%d", 0x2E, 0x3A, 0x50); strings.Contains(c.String(), background) {
		t.Error("the line is marked as strongly as if it ran")
	}
}

func TestAReaderWhoScrollsIsLeftAloneUntilHeFollowsAgain(t *testing.T) {
	p, s := New(), sceneAt(story(), 4, text.English)
	first := rows(p, s, 120, 17, false)
	p.Do(scene.Down, s)
	scrolled := rows(p, s, 120, 17, false)
	if scrolled[1] != first[2] {
		t.Errorf("after one line down the first row is %q, want %q", scrolled[1], first[2])
	}
	wantRow(t, scrolled[16], "Stays where you scrolled it")
	later := rows(p, sceneAt(story(), 6, text.English), 120, 17, false)
	if later[2] != scrolled[2] {
		t.Error("another event moved the source away from under the reader")
	}
	p.Do(follow, s)
	wantRow(t, marked(t, rows(p, sceneAt(story(), 6, text.English), 120, 17, false)), "trace.ConnDrop")
}

func TestScrollingStopsAtBothEndsOfTheFile(t *testing.T) {
	p, s := New(), sceneAt(story(), 4, text.English)
	rows(p, s, 80, 17, false)
	for range 200 {
		p.Do(scene.PageUp, s)
	}
	wantRow(t, rows(p, s, 80, 17, false)[1], "   1  package comm")
	for range 200 {
		p.Do(scene.PageDown, s)
	}
	got := rows(p, s, 80, 17, false)
	if got[15] == "" || !strings.HasSuffix(got[15], "}") {
		t.Errorf("the last row of the source is %q", got[15])
	}
	for range 5 {
		p.Do(scene.Right, s)
	}
	if after := rows(p, s, 80, 17, false); strings.Contains(after[15], "}") {
		t.Errorf("it did not move aside: %q", after[15])
	}
}

func TestTheCallersOfAStepAreShownOneAfterTheOtherInACircle(t *testing.T) {
	p, s := New(), sceneAt(story(), 6, text.English)
	callers := len(readMap(t).Callers("(*connection).lose"))
	for i := 1; i <= callers; i++ {
		p.Do(nextCaller, s)
		got := rows(p, s, 120, 17, false)
		wantRow(t, marked(t, got), ".lose(")
		wantRow(t, got[16], fmt.Sprintf("%d / %d", i+1, callers+1))
	}
	p.Do(nextCaller, s)
	wantRow(t, marked(t, rows(p, s, 120, 17, false)), "trace.ConnDrop")
	p.Do(lastCaller, s)
	wantRow(t, rows(p, s, 120, 17, false)[16], fmt.Sprintf("%d / %d", callers+1, callers+1))
	wantRow(t, marked(t, rows(p, sceneAt(story(), 3, text.English), 120, 17, false)), "trace.ConnEnqueue")
}

func TestTheNextStepIsShownItselfEvenIfACallerWasShownBefore(t *testing.T) {
	p, s := New(), sceneAt(story(), 4, text.English)
	p.Do(nextCaller, s)
	wantRow(t, marked(t, rows(p, s, 120, 17, false)), "conn.write(")
	wantRow(t, marked(t, rows(p, sceneAt(story(), 6, text.English), 120, 17, false)), "trace.ConnDrop")
}

func TestAChosenStepIsShownWhateverHappens(t *testing.T) {
	p, s := New(), sceneAt(story(), 4, text.English)
	p.Show(trace.AuthCertHash)
	got := rows(p, s, 120, 17, false)
	wantRow(t, got[0], "auth.cert-hash", "verifyConnEstablish")
	wantRow(t, marked(t, got), "check(trace.AuthCertHash")
	wantRow(t, got[16], "the step that you chose")
	p.Do(follow, s)
	wantRow(t, marked(t, rows(p, s, 120, 17, false)), "trace.ConnWrite")
}

func TestFilesAreLeafedThroughInACircle(t *testing.T) {
	p, s := New(), sceneAt(story(), 4, text.English)
	files := readMap(t).Files
	seen := make(map[string]bool)
	for range files {
		p.Do(nextFile, s)
		name, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(rows(p, s, 120, 17, false)[0], "○ conn.write  A writer")), " ")
		seen[name] = true
	}
	if len(seen) != len(files) {
		t.Errorf("saw %v of %v", seen, files)
	}
	p.Do(lastFile, s)
	wantRow(t, rows(p, s, 120, 17, false)[0], "comm_impl.go")
}

func TestWhoIsHeldStandsAtHisLine(t *testing.T) {
	s := sceneAt(story(), 4, text.English)
	s.Held = []session.Held{{Peer: "A\x1b[31m", Goroutine: trace.WriterGoroutine, Step: trace.ConnWrite}, {Peer: "B", Goroutine: trace.ReaderGoroutine, Step: trace.ConnRead}}
	got := rows(New(), s, 120, 17, false)
	found := false
	for _, row := range got {
		if strings.HasPrefix(row, "‖") {
			found = true
			wantRow(t, row, "conn.trace.Gate(trace.ConnWrite", "‖ A?[31m writer held here")
		}
	}
	if !found {
		t.Errorf("nobody is held:\n%s", strings.Join(got, "\n"))
	}
}

func TestPressingOnTheLineOfAStepChoosesIt(t *testing.T) {
	p, s := New(), sceneAt(story(), 4, text.English)
	for y, row := range rows(p, s, 120, 17, false) {
		want := ""
		switch {
		case y > 0 && strings.Contains(row, "trace.ConnWrite,"):
			want = "conn.write"
		case strings.Contains(row, "trace.ConnWritten,"):
			want = "conn.written"
		}
		if got := p.Click(20, y, s); got.Step != want {
			t.Errorf("pressing on row %d chose %q, want %q: %s", y, got.Step, want, row)
		}
	}
}

func TestEveryLetterOfAnOfferIsOneThatPanelsMayUse(t *testing.T) {
	used := make(map[string]bool)
	for _, offer := range New().Offers() {
		if !strings.Contains(scene.Letters, offer.Key) || used[offer.Key] || offer.Says.Zh == "" || offer.Says.En == "" {
			t.Errorf("%+v", offer)
		}
		used[offer.Key] = true
	}
}

// play plays a lesson in virtual time and returns its record.
func play(t *testing.T, name string) (events []timeline.Event) {
	t.Helper()
	lesson, _ := walkthroughs.Find(name)
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Policy: lab.Seeded(0, synctest.Wait), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := lesson.Play(ctx, lb); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // of virtual time: the network comes to rest
		_, events = recorder.Snapshot()
		lb.Close()
		recorder.Close()
	})
	return events
}

func TestEveryStepOfALessonMarksItsOwnLine(t *testing.T) {
	events := play(t, "endings")
	p, m := New(), readMap(t)
	for at := 1; at <= len(events); at++ {
		s := &scene.Scene{Events: events, At: at, Event: &events[at-1], State: &timeline.State{}, Lang: text.Chinese, Theme: scene.Light}
		if events[at-1].Step == nil {
			continue
		}
		step := events[at-1].Step.Step
		site := m.Sites(step)[0]
		got := rows(p, s, 120, 17, false)
		wantRow(t, got[0], string(step), fmt.Sprintf("%s:%d", site.File, site.Line))
		wantRow(t, marked(t, got), fmt.Sprint(site.Line), strings.TrimSpace(strings.ReplaceAll(lineOf(m, site), "\t", " "))[:20])
	}
}

func TestItDrawsAtAnySize(t *testing.T) {
	for _, size := range [][2]int{{158, 36}, {118, 14}, {78, 17}, {78, 15}, {58, 14}, {40, 8}, {8, 3}, {7, 2}, {1, 1}, {0, 0}, {5, 0}, {0, 5}} {
		for at := range len(story()) + 1 {
			for _, lang := range []text.Lang{text.Chinese, text.English} {
				p, s := New(), sceneAt(story(), at, lang)
				for _, command := range []scene.Command{"", scene.Down, scene.PageDown, scene.Right, nextCaller, nextFile, scene.Choose} {
					p.Do(command, s)
					for _, row := range rows(p, s, size[0], size[1], true) {
						for _, r := range row {
							if r >= 0x2000 && r < 0x3000 {
								t.Fatalf("%q of an ASCII screen at %v", row, size)
							}
						}
					}
					p.Click(3, 3, s)
				}
			}
		}
	}
}
