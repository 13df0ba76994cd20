package tui

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTheThreeSizesHaveOneThreeAndFourPanes(t *testing.T) {
	for _, test := range []struct{ width, height, panes int }{{80, 24, 1}, {120, 36, 3}, {160, 45, 4}, {200, 24, 1}, {109, 60, 1}, {300, 100, 4}} {
		if got := len(layoutOf(test.width, test.height, false).panes); got != test.panes {
			t.Errorf("%d×%d has %d panes, want %d", test.width, test.height, got, test.panes)
		}
		if got := len(layoutOf(test.width, test.height, true).panes); got != 1 {
			t.Errorf("%d×%d, opened, has %d panes", test.width, test.height, got)
		}
	}
}

func TestEveryCellOfTheScreenBelongsToOnePart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(minWidth, 240).Draw(t, "width"), rapid.IntRange(minHeight, 80).Draw(t, "height")
		l := layoutOf(width, height, rapid.Bool().Draw(t, "opened"))
		covered := make([]int, width*height)
		for _, r := range append([]rect{l.title, l.narration, l.caption, l.slider, l.footer}, l.panes...) {
			for y := r.y; y < r.y+r.height; y++ {
				for x := r.x; x < r.x+r.width; x++ {
					covered[y*width+x]++
				}
			}
		}
		for i, n := range covered {
			if n != 1 {
				t.Fatalf("the cell (%d, %d) belongs to %d parts", i%width, i/width, n)
			}
		}
		for _, p := range l.panes {
			if p.width < 40 || p.height < 8 {
				t.Fatalf("a pane of %d×%d cells is too small to draw in", p.width, p.height)
			}
		}
	})
}
