package tui

import (
	"strings"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

func TestWhoseTurnItIsStandsBelowTheCaption(t *testing.T) {
	for lang, next := range map[text.Lang]string{text.English: "held: the lesson, next to go on", text.Chinese: "轮到：讲解"} {
		inScreen(t, 120, 36, lang, func(s *screen) {
			s.begin(1)
			s.stepUntil("the lesson is held", func() bool { return s.watch.player.At() > 0 && s.watch.live() && len(s.watch.peers.Held()) == 1 })
			s.must(next)
			s.stepUntil("a peer is held", func() bool { return s.watch.step() == trace.PingSend && s.watch.live() })
			s.must(text.Text{Zh: "拦住：A caller A→B#1 @ ping.send", En: "held: A caller A→B#1 @ ping.send"}.In(lang))
		})
	}
}

func TestHowToChooseWhoGoesFirstIsSaidHoweverManyAreHeld(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("two are held", func() bool { return s.watch.live() && len(s.watch.peers.Held()) > 1 })
		s.must("2 held: ", "s: who goes first")
	})
}

func TestAStopOfTheReadersIsNamedWhereItIsMade(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("a step", func() bool { return s.watch.step() == trace.TLSHandshaken })
		s.press("b", "space")
		s.until("it comes again and the player stops", func() bool { return !s.watch.player.Playing() })
		s.must("Stopped at tls.handshaken, as you have asked.")
		s.press("p")
		if s.shows("as you have asked") {
			t.Error("it is said of another step too")
		}
	})
}

func TestARecordingHasNoPresentToGoBackFrom(t *testing.T) {
	conf := Config{Lang: text.English, Theme: "dark", Open: &Choice{Path: recording}}
	inProgram(t, 120, 36, conf, func(s *shown) {
		s.press("space", "home")
		if title := s.screen.rows()[0]; !strings.HasSuffix(strings.TrimSpace(title), "paused") {
			t.Errorf("at its beginning: %q", title)
		}
		s.press("end")
		if title := s.screen.rows()[0]; !strings.HasSuffix(strings.TrimSpace(title), "the end") {
			t.Errorf("at its end: %q", title)
		}
	})
}

func TestTheTitleOfALessonIsNotSaidTwice(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.begin(2)
		s.stepUntil("the first chapter, which has the lesson's own name", func() bool { return s.watch.player.At() > 1 })
		if title := s.rows()[0]; strings.Count(title, "each check stops an attack") != 1 {
			t.Errorf("%q", title)
		}
	})
}

func TestOneStepMoreIsOneStep(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("something has happened that is not shown", func() bool { return !s.watch.live() })
		s.watch.player.GoTo(s.watch.history.Len() - 1)
		s.must("n shows what has happened since, step by step: 1 to go")
	})
}

// Where two of these could stand in each other's place, a reader without colours and without symbols tells them apart by nothing else.
func TestMarksAndStrokesDifferInASCIIToo(t *testing.T) {
	seen := make(map[string]string)
	for _, mark := range []string{scene.HandshakeMark, scene.DataMark, scene.AckMark, scene.PingMark, scene.DropMark, scene.FailedMark, "━", "─"} {
		c := canvas.New(1, 1, true)
		c.Region().Text(0, 0, canvas.Style{}, mark)
		form := c.Rows()[0]
		if other, same := seen[form]; same {
			t.Errorf("%s and %s are both drawn as %q", other, mark, form)
		}
		seen[form] = mark
	}
}

func TestAKeyStandsOnceInTheFooter(t *testing.T) {
	inScreen(t, 160, 45, text.English, func(s *screen) {
		s.perform(s.startChoice(Choice{Lesson: &s.conf.Lessons[0]}))
		s.until("the lesson is over", func() bool { return s.watch != nil && s.watch.over })
		s.press("f20") // which no action has: the notice goes
		rows := s.rows()
		if footer := rows[len(rows)-1]; strings.Count(footer, "Enter ") != 1 || !strings.Contains(footer, "Enter next lesson") {
			t.Errorf("%q", footer)
		}
	})
}

func TestWhatIsCutShortSaysHowToReadItAll(t *testing.T) {
	for lang, hint := range map[text.Lang]string{text.English: "… (i: all of it)", text.Chinese: "…（i 读全文）"} {
		inScreen(t, 80, 24, lang, func(s *screen) {
			s.begin(4)
			s.stepUntil("the lesson says more than there is room for", func() bool { return s.shows("…") && s.watch.player.At() > 1 })
			s.must(hint)
			s.press("i")
			s.must(says.SaidTitle.In(lang))
		})
	}
}
