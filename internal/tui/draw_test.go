package tui

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"gossipscope/comm/trace"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
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

func TestTheClockOfTheTitleIsThatOfTheLastEventWhereNobodyWaitsForATimer(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.perform(s.startChoice(Choice{Lesson: &s.conf.Lessons[0]}))
		s.until("the lesson is over", func() bool { return s.watch != nil && s.watch.over })
		s.pass(time.Minute)
		before := s.rows()[0]
		s.pass(time.Hour)
		s.press("f20") // which no action has: the screen is drawn anew
		last := says.Seconds.Format(text.English, s.watch.history.Live().At.Seconds())
		if after := s.rows()[0]; after != before || !strings.Contains(after, "  "+last+"  ") {
			t.Errorf("the last event was at %s, and an hour makes of\n%q\n%q", last, before, after)
		}
	})
}

func TestALessonThatWaitsInVainForWhatTheReaderHasPreventedSaysSo(t *testing.T) {
	for _, lang := range []text.Lang{text.English, text.Chinese} {
		inScreen(t, 80, 24, lang, func(s *screen) {
			s.begin(1)
			s.stepUntil("A is about to send", func() bool { return s.watch.history.Live().Title.En == "The way of a first message" })
			s.press("f", "6", "2") // kills B, whom the message is for
			s.press("space")
			s.pass(time.Minute)
			if !strings.Contains(s.frame, says.InVain.In(lang)) { // drawn by itself, and not because we look
				t.Errorf("after a minute the screen is this:\n%s", ansi.Strip(s.frame))
			}
			s.until("the lesson gives up", func() bool { return s.watch.over })
			if s.shows(says.InVain.In(lang)) {
				t.Error("it is over, and still said to wait")
			}
			if title := s.rows()[0]; !strings.HasSuffix(strings.TrimSpace(title), says.GivenUp.In(lang)) {
				t.Errorf("it did not come to its end, and the title is %q", title)
			}
		})
	}
}

func TestALessonThatNobodyDisturbsIsNeverSaidToWaitInVain(t *testing.T) {
	for lesson := range walkthroughs.All() {
		inScreen(t, 80, 24, text.English, func(s *screen) {
			s.perform(s.startChoice(Choice{Lesson: &s.conf.Lessons[lesson]}))
			s.until("the lesson is open", func() bool { return s.watch != nil })
			s.watch.touched = true // by something that changes nothing
			s.unwatched(func() {
				s.until("the lesson is over", func() bool {
					if s.watch.vain {
						t.Errorf("lesson %d, at step %d", lesson+1, s.watch.player.At())
						return true
					}
					return s.watch.over
				})
			})
		})
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

func TestWhatIsCutShortCanBeReadToItsEnd(t *testing.T) {
	for _, lang := range []text.Lang{text.English, text.Chinese} {
		inScreen(t, 80, 24, lang, func(s *screen) {
			s.toTheEnd(5)
			hint, cut, l := unspaced(says.ReadAll.In(lang)), make(map[timeline.Kind]int), layoutOf(80, 24, false)
			for n := range s.watch.history.Len() {
				s.watch.goTo(n + 1)
				e := s.watch.player.Event()
				if cut[e.Kind] == 20 || !strings.Contains(s.part(l.narration)+s.part(l.caption), hint) {
					continue
				}
				cut[e.Kind]++
				s.press("i")
				for _, said := range []string{s.watch.history.At(n + 1).Caption.In(lang), s.watch.teller.Tell(e)} {
					if !strings.Contains(s.part(s.dialogAt.inside()), unspaced(said)) {
						s.t.Fatalf("of this is not everything there: %s\n%s", said, strings.Join(s.rows(), "\n"))
					}
				}
				s.press("esc")
			}
			if cut[timeline.KindSay] == 0 || cut[timeline.KindStep] == 0 || cut[timeline.KindPromise] == 0 {
				t.Errorf("cut short are %v, which tries too little", cut)
			}
		})
	}
}

const longPath = "/home/a-reader-with-a-long-name/.local/share/gossipscope/recordings/send-with-ack-20261122-213059-2.jsonl"

// gap is where something is put into a sentence.
var gap = regexp.MustCompile(`%[.\d]*[a-z]`)

// filled returns a sentence with something long in each of its gaps.
func filled(t text.Text) notice {
	n := notice{says: t}
	for _, verb := range gap.FindAllString(t.En, -1) {
		n.args = append(n.args, map[string]any{"%d": 123456, "%s": longPath, "%v": longPath, "%.1f": 1234.5, "%.2f": 1234.5}[verb])
	}
	return n
}

func TestEveryNoticeIsShownWhole(t *testing.T) {
	for _, lang := range []text.Lang{text.English, text.Chinese} {
		inScreen(t, 80, 24, lang, func(s *screen) {
			s.begin(1)
			for name, n := range notices() {
				for _, dialog := range []bool{false, true} {
					if s.press("esc"); dialog {
						s.press("0")
					}
					s.notice = n
					if said := n.in(lang); !strings.Contains(s.part(rect{0, 0, 80, 24}), unspaced(said)) {
						t.Errorf("of %s, with a dialog %v, is not everything there: %s\n%s", name, dialog, said, strings.Join(s.rows(), "\n"))
					}
				}
			}
		})
	}
}

// notices are all sentences of the screens, whether they are ever told as notices or not, and some long ones from elsewhere.
func notices() map[string]notice {
	long := text.Text{En: strings.Repeat("It went wrong. ", 20), Zh: strings.Repeat("出错了。", 40)}
	all := map[string]notice{"a long failure": {says: asItIs, err: &text.Error{Says: long}}}
	v := reflect.ValueOf(says)
	for i := range v.NumField() {
		all[v.Type().Field(i).Name] = filled(v.Field(i).Interface().(text.Text))
	}
	return all
}

func TestHowThingsStandFitsIntoItsRow(t *testing.T) {
	standing := []text.Text{
		says.PastLive, says.Reading, says.ToShow, says.LessonDone, says.LessonLast, says.InVain, says.LessonNext, says.WaitingTimer,
	}
	for _, sentence := range standing {
		for _, lang := range []text.Lang{text.English, text.Chinese} {
			if said := filled(sentence).in(lang); text.Cells(said) > minWidth-2 {
				t.Errorf("%d cells: %s", text.Cells(said), said)
			}
		}
	}
}

func TestHowALessonHasEndedIsSaidOnce(t *testing.T) {
	for _, lang := range []text.Lang{text.English, text.Chinese} {
		for _, failure := range []error{nil, &text.Error{Says: text.Text{En: "It went wrong.", Zh: "出错了。"}}} {
			inScreen(t, 80, 24, lang, func(s *screen) {
				s.toTheEnd(1)
				s.watch.failure = failure
				said := unspaced(s.farewell().in(lang))
				s.notice = s.farewell()
				for _, when := range []string{"as a notice", "when the notice is gone"} {
					if n := strings.Count(s.part(rect{0, 0, 80, 24}), said); n != 1 {
						t.Errorf("%s it is said %d times:\n%s", when, n, strings.Join(s.rows(), "\n"))
					}
					s.press("f20") // which no action has: the notice goes
				}
			})
		}
	}
}

// What a session says of how it went is a sentence; another one around it would say it twice.
func TestAFailureIsOneSentence(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("both peers are there", func() bool { return len(s.watch.history.Live().Peers) == 2 })
		s.press("f", "6", "2", "space") // kills B, whom A is about to probe
		s.until("the lesson is over", func() bool { return s.watch.over })
		told := session.Sentence(s.watch.failure, text.English)
		if said := s.farewell().in(text.English); !strings.HasPrefix(said, told+" ← look back") {
			t.Errorf("of %q becomes %q", told, said)
		}
		s.press("i")
		if !strings.Contains(s.part(s.dialogAt.inside()), unspaced(told)) {
			t.Errorf("it cannot be read to its end:\n%s", strings.Join(s.rows(), "\n"))
		}
	})
}

// toTheEnd plays the lesson of that number to its end, and pauses there.
func (s *screen) toTheEnd(lesson int) {
	s.t.Helper()
	s.begin(lesson)
	s.unwatched(func() {
		s.press("space")
		s.until("the lesson is over", func() bool { return s.watch.over })
		s.press("space")
	})
}

// part returns what stands in a part of the screen, without its spaces and line ends: what is wrapped there can be found in it.
func (s *screen) part(at rect) string {
	var words strings.Builder
	s.rows()
	for y := range at.height {
		// of the row as it is drawn, the cells: Chinese characters take two
		words.WriteString(ansi.Cut(s.canvas.Row(at.y+y), at.x, at.x+at.width))
	}
	return unspaced(words.String())
}

func unspaced(s string) string { return strings.Join(strings.Fields(s), "") }
