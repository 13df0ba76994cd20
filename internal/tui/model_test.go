package tui

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"gossipscope/comm/trace"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/playback"
	"gossipscope/internal/tui/scene"
)

var _ Peers = (*session.Live)(nil)

func TestALessonPlaysToItsEndAndIsRemembered(t *testing.T) {
	inScreen(t, 120, 36, text.Chinese, func(s *screen) {
		s.press("enter")
		s.until("the lesson is over", func() bool { return s.watch != nil && s.watch.over })
		if s.watch.failure != nil {
			t.Fatal(s.watch.failure)
		}
		s.must("承诺全部成立", "讲完了")
		s.press("down")
		s.must("漏看 0")
		if !s.memory.Done("meet") {
			t.Error("it is not remembered")
		}
		s.press("q")
		s.until("the home screen", func() bool { return s.watch == nil && s.busy == (text.Text{}) })
		s.must("✓ 学过")
	})
}

func TestPausingHoldsThePeersThemselves(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.begin(1)
		at, events := s.watch.player.At(), s.watch.session.Recorder().Last()
		s.pass(time.Minute)
		if s.watch.player.At() != at || s.watch.session.Recorder().Last() != events {
			t.Error("something has happened in the pause")
		}
		s.press("space")
		s.pass(2 * time.Second)
		if s.watch.player.At() == at {
			t.Error("nothing happens after the pause")
		}
	})
}

// oneByOne is every step that a lesson shows, gone through with one key.
func TestSteppingShowsEveryEventOnce(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.begin(1)
		s.watch.goTo(0)
		at := 0
		for !s.watch.over && at < 1000 {
			s.press("n")
			s.pass(time.Second)
			switch got := s.watch.player.At(); {
			case got == at+1:
				at = got
			case got != at:
				t.Fatalf("from step %d to %d", at, got)
			}
		}
		if last := int(s.watch.session.Recorder().Last()); at != last || !s.watch.over {
			t.Errorf("went through %d of %d events, over: %v", at, last, s.watch.over)
		}
	})
}

func TestGoingBackLeavesThePeersWhereTheyAre(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.begin(1)
		for range 20 {
			s.press("n")
			s.pass(time.Second)
		}
		at, last := s.watch.player.At(), s.watch.session.Recorder().Last()
		s.press("p", "left", "left")
		if got := s.watch.player.At(); got != at-3 {
			t.Errorf("three steps back from %d is %d", at, got)
		}
		s.must("the past", "End returns there")
		s.press("space")
		if !s.watch.player.Playing() {
			t.Error("the past does not play")
		}
		s.press("home")
		s.must("step 0 of", "Nothing has happened yet")
		s.press("right")
		if got := s.watch.player.At(); got != 1 {
			t.Errorf("one step from the start is %d", got)
		}
		s.press("end")
		if got := s.watch.player.At(); got != at || s.watch.session.Recorder().Last() != last {
			t.Errorf("the end is %d, want %d; %d events, want %d", got, at, s.watch.session.Recorder().Last(), last)
		}
	})
}

func TestWhoGoesBackIsNotPulledForwardByWhatHeHasLetHappen(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.begin(1)
		s.press("end")
		s.send(keyPress("n")) // somebody goes on, and nothing of it is seen yet
		s.send(keyPress("home"))
		s.pass(time.Minute)
		if at := s.watch.player.At(); at != 0 {
			t.Errorf("at step %d, want the start", at)
		}
	})
}

func TestTheReaderIsTheScheduler(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("two are held", func() bool { return s.watch.live() && len(s.watch.peers.Held()) > 1 })
		second := s.watch.peers.Held()[1]
		s.press("s")
		s.must("Who goes first?", string(second.Step))
		s.press("2")
		s.pass(time.Second)
		for _, h := range s.watch.peers.Held() {
			if h.ID == second.ID {
				t.Error("the second is still held")
			}
		}
	})
}

func TestAStopIsMadeEveryTimeTheStepComes(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("a step of the handshake", func() bool { return s.watch.step() == trace.AuthCertHash })
		s.press("b")
		s.must("Stops at auth.cert-hash every time", "stops 1")
		s.press("space")
		s.until("it stops", func() bool { return !s.watch.player.Playing() })
		if s.watch.step() != trace.AuthCertHash {
			t.Errorf("stopped at %s", s.watch.step())
		}
		s.press("b")
		s.must("Does not stop at auth.cert-hash any more")
	})
}

func TestSpeedGoesUpToFreeAndDownAgain(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.press("-", "8")
		if got := s.watch.player.Speed(); got != 0.25 {
			t.Errorf("the speed is %v", got)
		}
		for range len(playback.Speeds) {
			s.press("+")
		}
		s.must("Free: nobody is held")
		s.until("the lesson runs to its end by itself", func() bool { return s.watch.over })
		s.press("-")
		if s.watch.free || s.watch.player.Speed() != playback.Speeds[len(playback.Speeds)-1] {
			t.Errorf("free %v, speed %v", s.watch.free, s.watch.player.Speed())
		}
	})
}

func TestAboveAnySpeedThatWasAskedForNobodyIsHeld(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.conf.Speed = 20 // more than the fastest of the list
		s.begin(1)
		s.press("+")
		s.must("Free: nobody is held")
	})
}

// Going to the latest moment is all that this frame does: nothing new has happened, and nothing moves.
func TestTheLatestMomentIsShownAsSoonAsNobodyIsHeldAnyMore(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0) // at once, while there is more to show
		s.press(slices.Repeat([]string{"+"}, len(playback.Speeds))...)
		s.pass(time.Minute)
		if last := s.watch.history.Len(); last < 2 || !strings.Contains(s.frame, fmt.Sprintf("step %d of %[1]d ", last)) {
			t.Errorf("%d events have happened, and the screen is this:\n%s", last, ansi.Strip(s.frame))
		}
	})
}

func TestSearchGoesToWhatItFinds(t *testing.T) {
	inScreen(t, 120, 36, text.Chinese, func(s *screen) {
		s.begin(1)
		s.press("+", "+", "+", "+", "+")
		s.until("some steps", func() bool { return s.watch.history.Len() > 50 })
		s.press("/", "'tls.handshaken", "enter")
		if s.watch.step() != trace.TLSHandshaken {
			t.Errorf("found %q", s.watch.step())
		}
		s.press("/", "'没有这种步骤")
		s.must("没有符合的")
	})
}

func TestTheOtherLanguageIsSpokenAtOnceAndRemembered(t *testing.T) {
	inScreen(t, 160, 45, text.Chinese, func(s *screen) {
		s.begin(1)
		s.press("l")
		s.must("Lesson 1: Two peers meet", "paused", "Stage")
		for y, row := range s.rows() {
			if i := strings.IndexFunc(row, isHan); i >= 0 && !strings.Contains(row, "你好，B") && !strings.Contains(row, "l 中文") {
				t.Errorf("row %d is not English: %s", y, row)
			}
		}
		s.until("it is remembered", func() bool { return s.memory.lang == text.English })
		s.press("f2")
		s.must("第 1 课 两个节点相遇", "暂停")
	})
}

// connections returns those of a peer, as far as they are known.
func (s *screen) connections(peer string) []*timeline.Connection {
	p := s.watch.history.Live().Peer(peer)
	if p == nil {
		return nil
	}
	return p.Connections
}

func isHan(r rune) bool { return r >= 0x4e00 && r < 0xa000 }

func TestInTheSandboxAMessageIsSentByKeys(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.begin(0)
		s.must("Sandbox", "Press a to have a peer do something")
		s.press("a", "1", "1", "1", "space")
		s.until("B has the message", func() bool {
			for _, c := range s.connections("B") {
				for _, m := range c.Incoming() {
					if m.Kind == timeline.DataMessage && m.Handed.Set() {
						return true
					}
				}
			}
			return false
		})
	})
}

func TestALineIsCutByKeysAndTheRecordingKeepsIt(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.press("a", "1", "1", "1", "space")
		s.until("a connection", func() bool {
			return len(s.connections("A")) == 1 && s.connections("A")[0].Phase == timeline.PhaseEstablished
		})
		s.press("f", "1")
		s.until("the line is cut and A knows", func() bool {
			cut, gone := false, s.connections("A")[0].Phase == timeline.PhaseClosed
			for _, e := range s.watch.history.Events() {
				cut = cut || e.Link != nil && e.Link.Change == timeline.LinkCut
			}
			return cut && gone
		})
		s.press("r")
		s.until("it is saved", func() bool { return strings.Contains(s.notice.in(text.English), "Saved to") })
		paths, _ := s.memory.Recordings()
		f, err := os.Open(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, events, err := timeline.Read(f)
		kept := false
		for _, e := range events {
			kept = kept || e.Link != nil && e.Link.Change == timeline.LinkCut
		}
		if err != nil || !kept {
			t.Errorf("the recording (%d events, %v) does not know that the line was cut", len(events), err)
		}
	})
}

func TestARecordingIsReplayedExactly(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.press("+", "+", "+", "+", "space")
		s.until("the lesson is over", func() bool { return s.watch.over })
		live := map[int][]string{}
		for _, at := range []int{10, 40, 80} {
			s.watch.goTo(at)
			live[at] = s.rows()[1:32]
		}
		s.press("r")
		s.until("it is saved", func() bool { return strings.Contains(s.notice.in(text.English), "Saved to") })
		s.press("q")
		s.until("home", func() bool { return s.watch == nil && s.busy == (text.Text{}) })
		s.press("up", "enter", "enter")
		s.until("the recording is open", func() bool { return s.watch != nil })
		s.press("space")
		s.must("Recording meet-1.jsonl")
		s.press("a")
		s.must("there are no peers to act on")
		for at, rows := range live {
			s.watch.goTo(at)
			if got := s.rows()[1:32]; strings.Join(got, "\n") != strings.Join(rows, "\n") {
				t.Errorf("at %d the replay shows\n%s\nand the session showed\n%s", at, strings.Join(got, "\n"), strings.Join(rows, "\n"))
			}
		}
	})
}

func TestKeysOfAChineseInputMethodAreUnderstood(t *testing.T) {
	inScreen(t, 120, 36, text.Chinese, func(s *screen) {
		s.begin(1)
		s.press("？")
		if len(s.dialogs) != 1 {
			t.Error("the full-width question mark does not open the help")
		}
		s.press("esc", "＋")
		if got := s.watch.player.Speed(); got != 2 {
			t.Errorf("after a full-width plus the speed is %v", got)
		}
		s.press("你")
		s.must("输入法在中文状态")
	})
}

func TestTooSmallATerminalGetsASentence(t *testing.T) {
	inScreen(t, 79, 24, text.Chinese, func(s *screen) {
		s.must("终端太小了：现在 79×24，至少要 80×24")
		s.resize(160, 45)
		s.must("第 1 课")
	})
}

func TestResizingKeepsThePlace(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.begin(1)
		s.press("tab", "tab", "tab")
		view, at := s.watch.slots[s.watch.focus], s.watch.player.At()
		for _, size := range [][2]int{{80, 24}, {120, 36}, {20, 5}, {160, 45}} {
			s.resize(size[0], size[1])
			s.draw()
			if got := s.watch.slots[s.watch.focus]; got != view || s.watch.player.At() != at {
				t.Errorf("at %v the view is %d, want %d", size, got, view)
			}
		}
	})
}

func TestNothingIsDrawnWhereNothingMoves(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.pass(time.Minute)
		if s.ticking || s.dirty || !s.waiting {
			t.Errorf("ticking %v, dirty %v, waiting %v", s.ticking, s.dirty, s.waiting)
		}
	})
}

func TestEveryViewIsShownByItsKeyInEverySize(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 36}, {160, 45}} {
		inScreen(t, size[0], size[1], text.English, func(s *screen) {
			s.begin(1)
			for view, name := range viewNames {
				s.press(string(rune('1' + view)))
				s.must(name.En)
				if s.watch.slots[s.watch.focus] != view {
					t.Errorf("%s does not take the keys", name.En)
				}
			}
			s.press("u")
			if !s.watch.opened {
				t.Error("the view is not enlarged")
			}
			s.press("esc")
			if s.watch == nil || s.watch.opened {
				t.Error("esc does not shrink it")
			}
			s.press("down", "esc", "esc", "esc")
			if s.watch == nil || s.watch.selected.Kind != scene.SelectNothing {
				t.Error("esc has done something else than to take the selection away")
			}
		})
	}
}

func TestTheSelectionIsTheSameInAllPanes(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.begin(0)
		s.press("end", "down")
		if s.watch.selected.Kind == scene.SelectNothing {
			t.Error("down selects nothing on the stage")
		}
	})
}

func TestAFirstTimeReaderSeesAHandshakeMoveWithinFiveSeconds(t *testing.T) {
	inScreen(t, 120, 36, text.Chinese, func(s *screen) {
		s.press("enter")
		began := time.Now()
		s.until("TLS is up", func() bool { return s.watch != nil && s.watch.step() == trace.TLSHandshaken })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAfterALessonEnterGoesOnToTheNext(t *testing.T) {
	inScreen(t, 80, 24, text.Chinese, func(s *screen) {
		s.press("enter")
		s.until("the lesson is over", func() bool { return s.watch != nil && s.watch.over })
		s.press("down", "up")
		s.must("讲完了", "返回")
		s.watch.selected = scene.Selection{}
		s.must("下一课")
		s.press("enter")
		s.until("the next one", func() bool { return s.watch != nil && s.watch.lesson.Number == 2 })
	})
}

func TestAtTheEndTheReaderIsInThePresentAtOnce(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("some steps", func() bool { return s.watch.player.At() > 10 })
		s.press("p", "p", "end")
		if s.watch.past || s.shows("End returns there") || !s.shows("held:") {
			t.Errorf("past %v:\n%s", s.watch.past, strings.Join(s.rows(), "\n"))
		}
	})
}

func TestPressingNTwiceLetsNoHandshakeTimeOut(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.begin(1)
		for range 400 {
			s.send(keyPress("n"))
			s.send(keyPress("n"))
			s.pass(100 * time.Millisecond)
		}
		s.stepUntil("the lesson is over", func() bool { return s.watch.over })
		if s.watch.failure != nil {
			t.Error(s.watch.failure)
		}
	})
}

func TestInAPauseOneKeyJumpsToTheTimerThatTheScreenPromises(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.stepUntil("all three peers are there", func() bool { return len(s.watch.history.Live().Peers) == 3 })
		s.press("f", "7", "2")      // B's subscriber stops reading
		s.press("a", "2", "1", "1") // A sends B a message and waits for the acknowledgement
		s.stepUntil("A waits in vain", func() bool {
			_, pending := s.watch.peers.NextTimer()
			return pending && len(s.watch.peers.Held()) == 0 && s.watch.live()
		})
		s.pass(time.Second)
		s.must("n jumps there")
		s.press("n")
		s.must(says.Jumped.In(text.English))
	})
}

func TestNothingIsPressedWhileSomethingIsBeingDone(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.draw()
		s.busy = says.Opening
		for _, msg := range []tea.Msg{tea.MouseClickMsg{X: 5, Y: 5}, tea.MouseClickMsg{X: 5, Y: 5}, tea.MouseWheelMsg{}, tea.PasteMsg{Content: "q"}, keyPress("enter")} {
			if _, cmd := s.Update(msg); cmd != nil {
				t.Errorf("%T does something", msg)
			}
		}
		s.busy = text.Text{}
		s.send(tea.MouseClickMsg{X: -1, Y: -1})
	})
}

func TestWhatIsPastedGoesOnlyWhereTextIsTyped(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.press("a")
		s.send(tea.PasteMsg{Content: "qq111"})
		if len(s.dialogs) != 1 {
			t.Error("a menu takes what is pasted for keys")
		}
		s.press("esc", "/")
		s.send(tea.PasteMsg{Content: "demux.add "})
		if !s.shows("demux.add") || s.shows("Nothing matches") {
			t.Errorf("nothing was found:\n%s", strings.Join(s.rows(), "\n"))
		}
		s.press("enter")
		if s.watch.step() != trace.DemuxAdd {
			t.Errorf("at %q", s.watch.step())
		}
	})
}

func TestPausedTheClockOfThePeersStandsAlsoWhereNobodyIsHeld(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.press("space", "f")
		s.press("down", "down", "down", "down", "down", "down", "down", "down", "down", "down", "enter") // attack
		s.press("3", "1")                                                                                // by silence
		s.until("somebody waits for a first message in vain", func() bool {
			_, pending := s.watch.peers.NextTimer()
			return pending && len(s.watch.peers.Held()) == 0 && s.watch.live()
		})
		s.press("space")
		before, standing := s.watch.peers.Clock()
		s.pass(10 * time.Second)
		if after, _ := s.watch.peers.Clock(); after != before || !standing {
			t.Errorf("in the pause the clock went from %v to %v", before, after)
		}
		s.must("waiting for a timer", "clock stands")
		s.press("n")
		s.stepUntil("the timeout has passed", func() bool { return s.watch.step() == trace.AuthReceived || s.watch.step() == trace.AuthRefuse })
	})
}

// told is a session of which there is nothing but events.
type told struct{ recorder *timeline.Recorder }

func (s told) Recorder() *timeline.Recorder { return s.recorder }
func (told) Header() timeline.Header        { return timeline.Header{} }
func (told) Save(string) error              { return nil }
func (told) Close()                         {}

func TestInABurstFewFramesAreDrawnAndTheFirstAfterItShowsAll(t *testing.T) {
	conf := Config{Lang: text.Chinese, Theme: "dark", Width: 160, Height: 45, Memory: &testMemory{dir: t.TempDir()}}
	m, s := New(conf), told{timeline.NewRecorder(1 << 16)}
	m.Update(openedMsg{watch: newWatch(s, text.Chinese, conf.panels(s.Header()))})
	now := time.Now()
	frame := func(happens int) (known int, drawn bool) {
		m.View()
		for range happens {
			s.recorder.Add(timeline.Event{Kind: timeline.KindSay, Text: &text.Text{Zh: "话"}})
		}
		now = now.Add(frameTime)
		m.Update(frameMsg(now))
		return m.watch.history.Len(), m.dirty
	}
	frame(10)
	want := 10
	for i := 1; i <= 14; i++ {
		rests := i%(appetite.Rest+1) != 0
		if !rests {
			want += appetite.Sip
		}
		if known, drawn := frame(appetite.Burst); known != want || drawn == rests {
			t.Errorf("frame %d of the burst: %d events are known, want %d; it is drawn: %v", i, known, want, drawn)
		}
	}
	if known, drawn := frame(appetite.Burst - 1); known != 10+15*appetite.Burst-1 || !drawn {
		t.Errorf("after it %d events are known; it is drawn: %v", known, drawn)
	}
}
