package canvas

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestARegionClipsWhatDoesNotFit(t *testing.T) {
	c := New(8, 3, false)
	r := c.Region().Sub(2, 1, 4, 1)
	r.Text(0, 0, Style{}, "abcdef")
	r.Text(-1, 0, Style{}, "Z")
	r.Text(0, 1, Style{}, "below")
	if diff := cmp.Diff([]string{"", "  abcd", ""}, c.Rows()); diff != "" {
		t.Error(diff)
	}
}

func TestHalfAWideCharacterIsNeverLeft(t *testing.T) {
	for _, test := range []struct {
		name string
		draw func(r Region)
		want string
	}{
		{"its right half is overwritten", func(r Region) { r.Text(0, 0, Style{}, "中文"); r.Text(1, 0, Style{}, "x") }, " x文"},
		{"its left half is overwritten", func(r Region) { r.Text(0, 0, Style{}, "中文"); r.Text(2, 0, Style{}, "x") }, "中x"},
		{"a wide one covers two halves", func(r Region) { r.Text(0, 0, Style{}, "中文"); r.Text(1, 0, Style{}, "字") }, " 字"},
		{"it does not fit at the edge", func(r Region) { r.Text(5, 0, Style{}, "中") }, ""},
	} {
		c := New(6, 1, false)
		test.draw(c.Region())
		if got := c.Row(0); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestBordersOfABoxMeetAroundChinese(t *testing.T) {
	c := New(12, 3, false)
	c.Region().Box(Style{}).Text(0, 0, Style{}, "连接表 pki2Conn")
	want := []string{"┌──────────┐", "│连接表 pki│", "└──────────┘"}
	if diff := cmp.Diff(want, c.Rows()); diff != "" {
		t.Error(diff)
	}
}

func TestAnASCIICanvasHasNothingButASCIIAndWords(t *testing.T) {
	c := New(12, 3, true)
	c.Region().Rounded(Style{}).Text(0, 0, Style{}, "●→▲ 连接 ✕…")
	want := []string{"+----------+", "|*>^ 连接 x|", "+----------+"}
	if diff := cmp.Diff(want, c.Rows()); diff != "" {
		t.Error(diff)
	}
	for symbol, form := range plainForms {
		if Width(symbol) != 1 || len(form) != 1 || form[0] >= 0x7f {
			t.Errorf("%q (%d cells) becomes %q", symbol, Width(symbol), form)
		}
	}
}

func TestStylesAreWrittenOncePerRun(t *testing.T) {
	c := New(10, 1, false)
	red := Style{Foreground: RGB(0xCC3311), Bold: true}
	x := c.Region().Text(0, 0, red, "中a")
	c.Region().Text(x, 0, Style{}, "b")
	got := c.String()
	if strings.Count(got, "\x1b[") != 2 || ansi.Strip(got) != "中ab" {
		t.Errorf("%q", got)
	}
}

func TestEveryRowIsAsWideAsTheCanvasWhateverIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(rapid.IntRange(1, 20).Draw(t, "width"), 2, rapid.Bool().Draw(t, "ascii"))
		for range rapid.IntRange(1, 12).Draw(t, "texts") {
			words := rapid.SampledFrom([]string{"中文字", "a中b", "e\u0301", "→●", "👩‍👩‍👧", "plain", "\t\x1b[31m", "가나"}).Draw(t, "words")
			c.Region().Text(rapid.IntRange(-3, 21).Draw(t, "x"), rapid.IntRange(-1, 2).Draw(t, "y"), Style{}, words)
		}
		for y := range 2 {
			row := ""
			for _, cell := range c.cells[y*c.width : (y+1)*c.width] {
				row += cell.text
			}
			if Width(row) != c.width {
				t.Fatalf("row %q takes %d cells, want %d", row, Width(row), c.width)
			}
		}
	})
}

func TestFitSaysThatSomethingWasLeftOut(t *testing.T) {
	for _, test := range []struct {
		s     string
		width int
		want  string
	}{{"connection", 6, "conne…"}, {"连接表", 5, "连接…"}, {"连接", 4, "连接"}, {"x", 0, ""}} {
		if got := Fit(test.s, test.width); got != test.want {
			t.Errorf("Fit(%q, %d) is %q, want %q", test.s, test.width, got, test.want)
		}
	}
}
