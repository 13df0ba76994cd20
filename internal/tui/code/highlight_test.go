package code

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm"
)

func TestEachPieceOfALineIsOfItsClass(t *testing.T) {
	got := Highlight([]byte("func (c *conn) write(n int) { // writes\n\treturn c.send(n, \"x\") + 'y'\n}\n"))
	want := []Line{
		{{"func ", Keyword}, {"(c *conn) ", Plain}, {"write", Declared}, {"(n int) { ", Plain}, {"// writes", Comment}},
		{{tab, Plain}, {"return ", Keyword}, {"c.", Plain}, {"send", Declared}, {"(n, ", Plain}, {`"x"`, Literal}, {") + ", Plain}, {"'y'", Literal}},
		{{"}", Plain}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestALongCommentIsOneOnEachOfItsLines(t *testing.T) {
	got := Highlight([]byte("/* one\n\ntwo */ type T int"))
	want := []Line{
		{{"/* one", Comment}},
		nil,
		{{"two */ ", Comment}, {"type ", Keyword}, {"T ", Declared}, {"int", Plain}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHighlightingChangesNoLetter(t *testing.T) {
	texts := map[string]string{"no Go": "$ 命令 # `open\n\"", "empty": "", "blank": "\n\n"}
	names, err := fs.Glob(comm.Source(), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		source, err := fs.ReadFile(comm.Source(), name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(source)
	}
	for name, source := range texts {
		var lines []string
		for _, line := range Highlight([]byte(source)) {
			var whole strings.Builder
			for _, span := range line {
				whole.WriteString(span.Text)
			}
			lines = append(lines, whole.String())
		}
		want := strings.ReplaceAll(strings.TrimSuffix(source, "\n"), "\t", tab)
		if diff := cmp.Diff(want, strings.Join(lines, "\n")); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
