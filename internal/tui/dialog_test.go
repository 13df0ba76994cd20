package tui

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/text"
)

// find returns the cell in which words begin on the screen.
func (s *screen) find(words string) (x, y int) {
	s.t.Helper()
	for y, row := range s.rows() {
		if before, _, found := strings.Cut(row, words); found {
			return text.Cells(before), y
		}
	}
	s.t.Fatalf("the screen does not show %q:\n%s", words, strings.Join(s.rows(), "\n"))
	return 0, 0
}

// click presses the mouse where words stand.
func (s *screen) click(words string) {
	s.t.Helper()
	x, y := s.find(words)
	s.send(tea.MouseClickMsg{X: x, Y: y})
	s.rest()
}

func TestAMenuIsChosenFromWithTheMouseToo(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.stepUntil("all three peers are there", func() bool { return s.shows("peer I") || len(s.watch.history.Live().Peers) == 3 })
		s.press("a")
		s.click("Send a message  ")
		s.must("From whom?")
		s.click("2 B")
		s.must("To whom?")
		s.click("1 A")
		if len(s.dialogs) != 0 {
			t.Error("a menu is still open")
		}
		s.stepUntil("B sends A a message", func() bool { return s.shows("▸ B: Send → A") })
	})
}

func TestAClickBesideADialogClosesIt(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.press("?")
		s.click("All keys")
		if len(s.dialogs) != 1 {
			t.Fatal("a click on its border has closed the dialog")
		}
		s.send(tea.MouseClickMsg{X: 0, Y: 0})
		if len(s.dialogs) != 0 {
			t.Error("the dialog is still open")
		}
	})
}

func TestWhatTheWheelHasScrolledInToAMenuIsWhatAClickChooses(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.begin(1)
		s.press("0")
		for range 25 {
			s.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown, X: 40, Y: 12})
		}
		s.click("the dark or the light theme")
		if s.theme.Name != "light" {
			t.Errorf("the theme is %s", s.theme.Name)
		}
	})
}

func TestEscGoesBackOneQuestionAtATime(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.stepUntil("all three peers are there", func() bool { return len(s.watch.history.Live().Peers) == 3 })
		s.press("a", "1", "1")
		s.must("To whom?")
		for _, heading := range []string{"From whom?", "Do what?"} {
			s.press("esc")
			s.must(heading)
		}
		s.press("esc")
		if len(s.dialogs) != 0 {
			t.Error("a menu is still open")
		}
	})
}

func TestWhatCannotBeDoneToAnybodyLeavesTheMenuOpen(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.press("f", "1")
		s.must("There is nothing to do this to now", "Break what?")
	})
}

func TestTheHelpExplainsEverySignOfACaptionAndOfTheSlider(t *testing.T) {
	for _, lang := range []text.Lang{text.English, text.Chinese} {
		inScreen(t, 160, 45, lang, func(s *screen) {
			s.begin(1)
			s.press("?", "end")
			s.must("A → B", "A │ B", "A→B#2", "○", "✗", "▸", "~", "◆", "✕")
		})
	}
}

func TestTheFullTextSaysWhereAStepHappens(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.stepUntil("a step at one end", func() bool { return s.shows("A │ B") })
		s.press("i")
		s.must("A │ B  ", "at A's end of its connection with B; nothing travels")
		s.press("esc")
		s.stepUntil("a step towards the other end", func() bool { return s.shows(" A → B ") })
		s.press("i")
		s.must("from A towards B")
		s.press("esc")
		s.stepUntil("a step from the other end", func() bool { return s.shows(" B ← A ") })
		s.press("i")
		s.must("at B, of what comes from A")
	})
}

func TestOnlyTheUppermostDialogIsSeen(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(0)
		s.stepUntil("all three peers are there", func() bool { return len(s.watch.history.Live().Peers) == 3 })
		s.press("a", "1")
		if rows := s.rows(); slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, "Do what?") }) {
			t.Errorf("the menu below is drawn too:\n%s", strings.Join(rows, "\n"))
		}
	})
}

func TestNothingIsSaidToBeMissingWhereNothingWasLookedFor(t *testing.T) {
	for _, lang := range []text.Lang{text.English, text.Chinese} {
		inScreen(t, 80, 24, lang, func(s *screen) {
			s.press("up", "enter") // the last entry of the home screen opens a recording
			s.must(says.OpenTitle.In(lang), says.NoneSaved.In(lang))
			if s.shows(says.NoMatch.In(lang)) || s.shows(text.Text{Zh: "从下面选", En: "choose one below"}.In(lang)) {
				t.Errorf("there is nothing below:\n%s", strings.Join(s.rows(), "\n"))
			}
			s.press("'/tmp/x")
			s.must(says.EnterOpens.In(lang))
			s.press("esc")

			s.begin(1)
			s.press("/")
			s.must(says.SearchHint.In(lang))
			if s.shows(says.NoMatch.In(lang)) {
				t.Errorf("nothing was typed:\n%s", strings.Join(s.rows(), "\n"))
			}
			s.press("'no such step")
			s.must(says.NoMatch.In(lang))
		})
	}
}
