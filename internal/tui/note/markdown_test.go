package note

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// plain lays Markdown out and returns the rows without styles.
func plain(source string, width int) []string {
	l := &layout{width: width, theme: scene.Dark}
	l.markdown(source)
	var rows []string
	for _, r := range l.rows {
		line := ""
		for _, s := range r {
			line += s.text
		}
		rows = append(rows, strings.TrimRight(line, " "))
	}
	return rows
}

func TestMarkdownIsLaidOutInCells(t *testing.T) {
	for _, test := range []struct {
		name, source string
		width        int
		want         []string
	}{
		{"Chinese wraps, and no line begins with a comma", "消息进了发送队列，还没有写到流上。", 16,
			[]string{"消息进了发送", "队列，还没有", "写到流上。"}},
		{"a line end in Chinese is nothing, one between words a space", "发送\n队列\nand a\nqueue", 40, []string{"发送队列and a queue"}},
		{"a hard line end stays", "一  \n二", 40, []string{"一", "二"}},
		{"a list hangs", "1. one two three\n2. 二\n   - 里面\n", 12, []string{"1. one two", "   three", "2. 二", "   • 里面"}},
		{"the items of a loose list stand apart", "- a\n\n  b\n\n- c\n", 12, []string{"• a", "", "  b", "", "• c"}},
		{"an empty item has its mark", "-\n- x\n", 12, []string{"•", "• x"}},
		{"a quotation in a list", "- > q\n", 12, []string{"• │ q"}},
		{"code is cut, not wrapped", "x\n\n```\nlong line of code\n\tb\n```\n", 12, []string{"x", "", "  long line…", "      b"}},
		{"anchors are not shown", "<a id=\"x\"></a>\n## T <a id=\"y\"></a>\n\n<!-- remark -->\n\nt<a id=\"z\"></a>", 12, []string{"T", "─", "", "t"}},
		{"a table closes around Chinese", "|名|n|\n|-|-|\n|连接表|1|\n|b|22|\n", 20,
			[]string{"名      n", "────────────", "连接表  1", "b       22"}},
		{"a table that is too wide wraps", "|a|b|\n|-|-|\n|one two three|1 2 3|\n", 16,
			[]string{"a          b", "────────────────", "one two    1 2 3", "three"}},
		{"emphasis, code and pictures", "**a** *b* `c` ~~d~~ ![e](f.png)", 40, []string{"a b c d ▣ e"}},
		{"nothing that a terminal obeys", "a\x1b[31mb `\x07`", 40, []string{"a?[31mb ?"}},
	} {
		if diff := cmp.Diff(test.want, plain(test.source, test.width)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestEveryLinkOfAPageIsOnItAndLeadsSomewhere(t *testing.T) {
	l := &layout{width: 20, theme: scene.Dark}
	l.markdown("[一个很长很长的链接，要换行](a.md) 和 [`code`](#b) <https://c.org>\n\n|[d](d.md)|\n|-|\n|x|\n")
	if diff := cmp.Diff([]string{"a.md", "#b", "https://c.org", "d.md"}, l.links); diff != "" {
		t.Error(diff)
	}
	words := make(map[int]string)
	for _, r := range l.rows {
		for _, s := range r {
			words[s.link] += s.text
		}
	}
	delete(words, 0)
	if diff := cmp.Diff(map[int]string{1: "一个很长很长的链接，要换行", 2: "code", 3: "https://c.org", 4: "d"}, words); diff != "" {
		t.Error(diff)
	}
}

func TestGoIsInColours(t *testing.T) {
	l := &layout{width: 40, theme: scene.Dark}
	l.markdown("```go\nreturn nil\n```\n")
	if s := l.rows[0][1]; s.text != "return " || s.style != scene.Dark.Keyword {
		t.Errorf("%+v", s)
	}
}

func TestNoWordIsLostAndNoRowIsTooWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var spans row
		var all string
		for range rapid.IntRange(1, 8).Draw(t, "spans") {
			s := rapid.StringMatching(`[ab中，。 （）]{1,12}`).Draw(t, "text")
			spans, all = append(spans, span{text: s, link: len(spans)}), all+s
		}
		width := rapid.IntRange(4, 20).Draw(t, "width")
		kept := ""
		for _, r := range wrap(spans, width) {
			if w := r.width(); w > width {
				t.Fatalf("a row of %d cells, at most %d are allowed: %v", w, width, r)
			}
			for _, s := range r {
				kept += s.text
			}
		}
		if got, want := strings.ReplaceAll(kept, " ", ""), strings.ReplaceAll(all, " ", ""); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

func TestARowThatIsTooLongIsCutAtItsCells(t *testing.T) {
	r := row{{text: "连接"}, {text: "abc"}, {text: "表"}}
	for width, want := range map[int]string{9: "连接abc表", 8: "连接abc…", 6: "连接a…", 4: "连…", 3: "连…", 1: "…"} {
		got := ""
		for _, s := range clip(r, width, scene.Dark) {
			got += s.text
		}
		if got != want || canvas.Width(got) > width {
			t.Errorf("in %d cells it is %q, want %q", width, got, want)
		}
	}
}
