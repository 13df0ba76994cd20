package stage

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

var update = flag.Bool("update", false, "write the kept pictures anew; look at them before you commit them")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnySizeCanBeDrawn(t *testing.T) {
	for name, events := range sessions(t) {
		for n := 0; n <= len(events); n += 71 {
			s := at(events, n)
			panel := New()
			for _, size := range [][2]int{{0, 0}, {1, 1}, {3, 40}, {160, 2}, {33, 9}, {40, 8}, {58, 14}, {78, 15}, {158, 36}, {240, 80}} {
				for _, ascii := range []bool{false, true} {
					for _, lang := range []text.Lang{text.Chinese, text.English} {
						s.Lang, s.Progress = lang, float64(n%10)/10
						c := canvas.New(size[0], size[1], ascii)
						panel.Draw(c.Region(), s, true)
						if size[0] >= 10 && strings.TrimSpace(strings.Join(c.Rows(), "")) == "" {
							t.Errorf("%s after event %d at %v: nothing is drawn", name, n, size)
						}
					}
				}
			}
		}
	}
}

func TestWhatIsEmptySaysWhy(t *testing.T) {
	events := lesson(t, "meet")
	for lang, want := range map[text.Lang][2]string{text.Chinese: {"还没有节点", "还没有连接"}, text.English: {"no peer yet", "No connection yet"}} {
		for i, when := range []*scene.Scene{at(events, 0), find(t, events, func(e timeline.Event) bool { return e.Birth != nil })} {
			when.Lang = lang
			if rows := strings.Join(draw(when, 78, 17), "\n"); !strings.Contains(rows, want[i]) {
				t.Errorf("%s is missing:\n%s", want[i], rows)
			}
		}
	}
}

func TestTwoConnectionsBetweenTwoPeersAreTwoLines(t *testing.T) {
	s := find(t, lesson(t, "store"), step("A", trace.StoreTieBreak, 1))
	p := newPicture(s, momentOf(s, 78, 17))
	live := 0
	for _, l := range p.lines {
		if l.look != closed {
			live++
		}
	}
	rows := draw(s, 78, 17)
	_, first := place(rows, "A→B#1")
	_, second := place(rows, "B→A#3")
	if live != 2 || first < 0 || second < 0 || first == second {
		t.Errorf("there are %d live lines, named in rows %d and %d", live, first, second)
		show(t, rows)
	}
	if !strings.Contains(rows[first+1], "├◆") || !strings.Contains(rows[first+1], ">│") || !strings.Contains(rows[second+1], "┃<") {
		t.Error("it is not shown who has dialled whom")
		show(t, rows)
	}
}

func TestAnIntruderAndAMiddlemanLookDifferent(t *testing.T) {
	s := find(t, lesson(t, "checks"), func(e timeline.Event) bool { return e.Birth != nil && e.Peer == "M" })
	rows := strings.Join(draw(s, 78, 17), "\n")
	for _, want := range []string{"║X               入侵者║", "║M               中间人║", "│A               运行中│"} {
		if !strings.Contains(rows, want) {
			t.Errorf("%s is missing:\n%s", want, rows)
		}
	}
}

func TestHeldGoroutinesStandAtTheirPeerAndTheNextOneIsMarked(t *testing.T) {
	s := find(t, lesson(t, "send"), step("A", trace.ConnWrite, 2))
	for i, role := range []trace.Goroutine{trace.ReaderGoroutine, trace.WriterGoroutine} {
		s.Held = append(s.Held, session.Held{ID: uint64(i + 7), Peer: "A", Goroutine: role, Step: s.Event.Step.Step, Event: *s.Event})
	}
	for pick, want := range map[uint64][2]string{0: {"▸ 拦住 reader @ conn.write", "│拦住 writer @ conn.write"}, 8: {"│拦住 reader @ conn.write", "▸ 拦住 writer @ conn.write"}} {
		s.Pick = pick
		rows := strings.ReplaceAll(strings.Join(draw(s, 158, 36), "\n"), "┃", "│")
		for _, words := range want {
			if !strings.Contains(rows, words) {
				t.Errorf("with %d as the next, %q is missing:\n%s", pick, words, rows)
			}
		}
	}
	if rows := strings.Join(draw(s, 78, 15), "\n"); !strings.Contains(rows, "拦住 writer@conn.write") {
		t.Error("in a small picture nobody is held:\n" + rows)
	}
}

func TestEvenInTheLowestBoxItIsToldWhatThePeerDoes(t *testing.T) {
	events := crowd(t, "ABCDEFGHIJKLMNOP")
	low := 0
	for n := 100; n < len(events); n += 31 {
		s := at(events, n)
		p := newPicture(s, momentOf(s, 158, 36))
		b := p.lay.boxOf(p.bubble.peer)
		if b == nil || b.h > 3 || s.Event.Step == nil {
			continue
		}
		low++
		if row := draw(s, 158, 36)[b.y+1]; !strings.Contains(row, string(s.Event.Step.Step)) {
			t.Errorf("%s comes to %s, and its box says %q", b.peer, s.Event.Step.Step, row[len(row)-80:])
		}
	}
	if low < 3 {
		t.Errorf("saw %d low boxes", low)
	}
}

func TestWhatWaitsInAQueueIsShownBesideItsEndOfTheLine(t *testing.T) {
	s := find(t, lesson(t, "store"), step("B", trace.ConnEnqueue, 3))
	for size, want := range map[[2]int]string{{158, 36}: "outBuff ▮▯▯▯▯ 3/20", {78, 17}: "▮ 3/20"} {
		rows := draw(s, size[0], size[1])
		x, _ := place(rows, want)
		if x < size[0]/2 {
			t.Errorf("%v: the queue of B, on the right, stands at %d", size, x)
			show(t, rows)
		}
	}
}

// tampered returns the scene after something was done to the line of an established connection.
func tampered(t *testing.T, tamper func(l *lab.Link)) *scene.Scene {
	events := record(t, lab.Free, func(ctx context.Context, lb *lab.Lab) error {
		a, err := lb.NewPeer("A", lab.PeerConfig{})
		if err != nil {
			return err
		}
		b, err := lb.NewPeer("B", lab.PeerConfig{})
		if err != nil {
			return err
		}
		if err := a.Send("hello", b.Remote()); err != nil {
			return err
		}
		synctest.Wait()
		tamper(lb.Link("A→B#1"))
		return nil
	})
	return find(t, events, func(e timeline.Event) bool { return e.Link != nil && e.Link.Change != timeline.LinkOpen })
}

func TestWhatIsDoneToALineIsToldInWords(t *testing.T) {
	for _, c := range []struct {
		zh, en string
		tamper func(l *lab.Link)
	}{
		{"线路冻结", "line frozen", (*lab.Link).Freeze},
		{"线路慢 300ms", "line slow, 300ms", func(l *lab.Link) { l.Delay(300 * time.Millisecond) }},
		{"线路被剪断", "line cut", (*lab.Link).Cut},
		{"线路半关闭", "line half closed", (*lab.Link).HalfClose},
	} {
		s := tampered(t, c.tamper)
		if rows := strings.Join(draw(s, 78, 17), "\n"); !strings.Contains(rows, "A→B#1 已建立 "+c.zh) {
			t.Errorf("%s is missing:\n%s", c.zh, rows)
		}
		s.Lang = text.English
		if rows := strings.Join(draw(s, 158, 36), "\n"); !strings.Contains(rows, "A→B#1 established "+c.en) {
			t.Errorf("%s is missing:\n%s", c.en, rows)
		}
	}
}

// A line says why it has failed, in the reader's language, and not with what gRPC puts before the reason.
func TestALineSaysWhatHasEndedIt(t *testing.T) {
	for name, c := range map[string]struct {
		play   func(a, b *lab.Peer)
		zh, en string
	}{
		"a peer is killed": {func(a, b *lab.Peer) {
			a.Send("hello", b.Remote())
			synctest.Wait()
			b.Kill()
		}, "✗ 节点被强行终止", "✗ the peer was killed"},
		"nobody listens": {func(a, b *lab.Peer) {
			b.Stop()
			a.Probe(b.Remote())
		}, "✗ 那个端点没有人在听", "✗ connection refused"},
	} {
		s := meeting(t, c.play)
		for lang, want := range map[text.Lang]string{text.Chinese: c.zh, text.English: c.en} {
			s.Lang = lang
			if rows := draw(s, 158, 36); !strings.Contains(strings.Join(rows, "\n"), want) {
				t.Errorf("%s: %q is missing", name, want)
				show(t, rows)
			}
		}
	}
}

// meeting returns the scene at the end of what two peers do.
func meeting(t *testing.T, play func(a, b *lab.Peer)) *scene.Scene {
	t.Helper()
	events := record(t, lab.Free, func(ctx context.Context, lb *lab.Lab) error {
		a, err := lb.NewPeer("A", lab.PeerConfig{})
		if err != nil {
			return err
		}
		b, err := lb.NewPeer("B", lab.PeerConfig{})
		if err != nil {
			return err
		}
		play(a, b)
		return nil
	})
	return at(events, len(events))
}

// In plain characters the looks of lines differ too, and no stroke is the plain form of a mark.
func TestStrokesDifferByLookInPlainCharactersToo(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		seen := make(map[string]look)
		for _, look := range []look{bare, encrypted, established, closing} {
			for _, heavy := range []bool{false, true} {
				var row strings.Builder
				for i := range 8 {
					row.WriteString(nth(penOf(look, heavy, ascii).level, i))
				}
				if other, same := seen[row.String()]; same {
					t.Errorf("looks %d and %d are both drawn as %q", other, look, row.String())
				}
				seen[row.String()] = look
				if ascii && strings.ContainsAny(row.String(), "*^#=x") {
					t.Errorf("look %d is drawn as %q, which holds the plain form of a mark", look, row.String())
				}
			}
		}
	}
}

func TestWhatAPeerHasSentIsMadeHarmless(t *testing.T) {
	events := record(t, lab.Free, func(ctx context.Context, lb *lab.Lab) error {
		a, err := lb.NewPeer("A", lab.PeerConfig{})
		if err != nil {
			return err
		}
		b, err := lb.NewPeer("B", lab.PeerConfig{})
		if err != nil {
			return err
		}
		return a.Send("evil\x1b[2J\nmessage", b.Remote())
	})
	s := find(t, events, step("A", trace.ConnWritten, 1))
	if rows := strings.Join(draw(s, 158, 36), "\n"); strings.Contains(rows, "\x1b") || !strings.Contains(rows, "「evil?[2J message」") {
		t.Errorf("%q", rows)
	}
}

func TestADialToNobodyWhoIsKnownEndsInAQuestionMark(t *testing.T) {
	events := record(t, lab.Free, func(ctx context.Context, lb *lab.Lab) error {
		a, err := lb.NewPeer("A", lab.PeerConfig{})
		if err != nil {
			return err
		}
		if a.Probe(&comm.RemotePeer{Endpoint: "nobody:7051"}) == nil {
			t.Error("somebody answered")
		}
		return nil
	})
	s := find(t, events, step("A", trace.PingSend, 1))
	rows := draw(s, 78, 17)
	if _, y := place(rows, "A→?"); y < 0 || !strings.Contains(rows[y+1], "┅") {
		t.Error("the dial is not drawn")
		show(t, rows)
	}
}

func TestEverythingIsSaidInBothLanguages(t *testing.T) {
	table := reflect.ValueOf(says)
	for i := range table.NumField() {
		zh, en := table.Field(i).Field(0).String(), table.Field(i).Field(1).String()
		if zh == "" || en == "" || strings.Count(zh, "%") != strings.Count(en, "%") {
			t.Errorf("%s is %q and %q", table.Type().Field(i).Name, zh, en)
		}
	}
	for phase := timeline.PhaseNew; phase <= timeline.PhaseClosed; phase++ {
		if phases[phase].Zh == "" || phases[phase].En == "" {
			t.Errorf("phase %v has no word", phase)
		}
	}
	for name, events := range sessions(t) {
		for _, e := range events {
			if e.Act != nil && acts[e.Act.Verb] == (text.Text{}) {
				t.Errorf("%s: %s has no word", name, e.Act.Verb)
			}
		}
	}
}

func TestAPictureIsWorkedOutOnceForAnEvent(t *testing.T) {
	s := find(t, lesson(t, "meet"), step("A", trace.ConnWritten, 1))
	panel := New()
	var first *picture
	for tenth := range 11 {
		s.Progress = float64(tenth) / 10
		drawWith(panel, s, 78, 17)
		if first == nil {
			first = panel.picture
		}
		if panel.picture != first {
			t.Fatal("the picture was worked out again while its event moves")
		}
	}
	other := *s
	other.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "A"}
	if drawWith(panel, &other, 78, 17); panel.picture == first {
		t.Error("the picture is the same with another selection")
	}
}

func TestKeptPictures(t *testing.T) {
	for _, c := range []struct {
		name, slug string
		when       func(timeline.Event) bool
		progress   float64
		w, h       int
		lang       text.Lang
		ascii      bool
	}{
		{"handshake", "meet", step("A", trace.AuthSent, 1), 0.5, 78, 17, text.Chinese, false},
		{"written", "meet", step("A", trace.ConnWritten, 1), 1, 158, 36, text.English, false},
		{"crossed", "store", step("A", trace.StoreTieBreak, 1), 1, 78, 17, text.Chinese, false},
		{"crossed-ascii", "store", step("A", trace.StoreTieBreak, 1), 1, 78, 17, text.English, true},
		{"intruder", "checks", step("B", trace.AuthRefuse, 5), 1, 158, 36, text.Chinese, false},
		{"middleman", "checks", step("A", trace.AuthRead, 2), 1, 78, 15, text.English, false},
		{"dropped", "endings", step("B", trace.ConnDrop, 2), 1, 78, 15, text.Chinese, false},
		{"acks", "acks", step("C", trace.ConnWritten, 2), 0.4, 78, 17, text.English, false},
		{"small", "meet", step("A", trace.AuthSent, 1), 1, 40, 8, text.Chinese, false},
		{"list", "meet", step("A", trace.AuthSent, 1), 1, 30, 5, text.English, false},
	} {
		s := find(t, lesson(t, c.slug), c.when)
		s.Progress, s.Lang = c.progress, c.lang
		checkPicture(t, c.name, s, c.w, c.h, c.ascii)
	}
	events := crowd(t, "ABCDEFGH")
	checkPicture(t, "eight", at(events, len(events)), 158, 36, false)
	checkPicture(t, "eight-small", at(events, len(events)), 78, 15, false)
}

func checkPicture(t *testing.T, name string, s *scene.Scene, w, h int, ascii bool) {
	t.Helper()
	c := canvas.New(w, h, ascii)
	New().Draw(c.Region(), s, true)
	got := strings.Join(c.Rows(), "\n") + "\n"
	file := filepath.Join("testdata", fmt.Sprintf("%s.txt", name))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is drawn otherwise than it was (-before +now):\n%s", name, diff)
	}
}

func BenchmarkPictureOfSixteenPeers(b *testing.B) {
	events := crowd(new(testing.T), "ABCDEFGHIJKLMNOP")
	s := at(events, len(events))
	c := canvas.New(158, 36, false)
	b.Run("event", func(b *testing.B) {
		for b.Loop() {
			New().Draw(c.Region(), s, true)
		}
	})
	b.Run("frame", func(b *testing.B) {
		panel := New()
		for b.Loop() {
			panel.Draw(c.Region(), s, true)
		}
	})
}
