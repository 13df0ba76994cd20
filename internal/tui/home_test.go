package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/text"
)

func TestTheSecondClickOnAnEntryOpensIt(t *testing.T) {
	for _, size := range sizes {
		inScreen(t, size[0], size[1], text.English, func(s *screen) {
			x, y := s.find("Sandbox")
			for range 2 {
				s.draw()
				s.send(tea.MouseClickMsg{X: x, Y: y})
			}
			s.until("the sandbox is opened", func() bool { return s.watch != nil || len(s.dialogs) > 0 })
			if s.watch == nil || s.watch.title != says.SandboxTitle {
				t.Errorf("at %v something else was opened", size)
			}
		})
	}
}

func TestTheHomeScreenSaysOfTheChosenEntryWhatItIsAbout(t *testing.T) {
	for _, size := range sizes {
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			inScreen(t, size[0], size[1], lang, func(s *screen) {
				for i, l := range s.conf.Lessons {
					if s.home.cursor != i {
						t.Fatalf("the cursor is at %d", s.home.cursor)
					}
					words := []rune(l.Learn.In(lang))
					s.must(strings.TrimSuffix(says.AfterIt.In(lang), "%s"), string(words[len(words)-4:]))
					s.press("down")
				}
				s.must(says.SandboxAbout.In(lang)[:12])
				s.press("down")
				s.must(says.OpenAbout.In(lang)[:12])
			})
		}
	}
}

func TestTheWheelMovesTheCursorOfTheHomeScreen(t *testing.T) {
	inScreen(t, 80, 24, text.English, func(s *screen) {
		s.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown, X: 10, Y: 10})
		s.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown, X: 10, Y: 10})
		s.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp, X: 10, Y: 10})
		if s.home.cursor != 1 {
			t.Errorf("the cursor is at %d", s.home.cursor)
		}
	})
}
