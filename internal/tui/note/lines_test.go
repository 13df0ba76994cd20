package note

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"gossipscope/internal/tui/scene"
)

func TestANoteIsLaidOutInLinesForWhoeverHasNoPanel(t *testing.T) {
	const source = "见 [send](conn.md#connection.send) 和 [send](conn.md#connection.send)、[x](#x)。\n\n```\na line of code that is longer than the line\n```\n"
	lines, links := Lines(source, 20, &scene.Theme{})
	for i := range lines {
		lines[i] = strings.TrimRight(ansi.Strip(lines[i]), " ")
	}
	want := []string{"见 send 和 send、x。", "", "  a line of code that is longer than the line"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if want := []string{"conn.md#connection.send", "#x"}; !slices.Equal(links, want) {
		t.Errorf("links %q, want %q", links, want)
	}
}

func TestNoLineIsWiderThanItMayBeUnlessItIsCode(t *testing.T) {
	const source = "# 标题\n\n一段相当长的中文，夹着 English words，要换好几行。\n\n- 一项\n  - 里面的一项，也不短\n\n|a|b|\n|-|-|\n|一二三四五|六七八九十|\n"
	for _, width := range []int{8, 16, 40, 500} {
		lines, _ := Lines(source, width, scene.Dark)
		for _, line := range lines {
			if n := ansi.StringWidth(line); n > max(min(width, widest), 12) {
				t.Errorf("%d cells, want %d: %q", n, width, line)
			}
		}
	}
}
