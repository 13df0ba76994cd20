package notes

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/trace"
	"gossipscope/docs"
)

const connNote = "# conn.go：一个连接的一生\n" +
	"\n" +
	"三句话。\n" +
	"\n" +
	"## 函数\n" +
	"\n" +
	"<a id=\"conn.written\"></a>\n" +
	"### `write`\n" +
	"\n" +
	"写一条。\n" +
	"\n" +
	"```go\n" +
	"# 不是标题 <a id=\"no.anchor\"></a>\n" +
	"```\n" +
	"\n" +
	"#### 细节\n" +
	"\n" +
	"更多。\n" +
	"\n" +
	"<a id=\"conn.reader-end\"></a>\n" +
	"\n" +
	"### serviceConnection 做什么？ <a id=\"conn.serve\"></a>\n" +
	"\n" +
	"1. <a id=\"conn.handle\"></a><a id=\"conn.queued\"></a>取一条消息，\n" +
	"   处理它。\n" +
	"2. 看看是否关闭。\n" +
	"   - <a id=\"conn.close\"></a>关闭：\n" +
	"     一次。\n" +
	"\n" +
	"## 函数\n" +
	"\n" +
	"完。\n"

func library(t *testing.T, files map[string]string) *Library {
	t.Helper()
	folder := fstest.MapFS{}
	for name, content := range files {
		folder[name] = &fstest.MapFile{Data: []byte(content)}
	}
	l, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAnAnchorNamesItsHeadingOrTheTextBehindIt(t *testing.T) {
	l := library(t, map[string]string{"conn.md": connNote})
	write := "写一条。\n\n```go\n# 不是标题 <a id=\"no.anchor\"></a>\n```\n\n#### 细节\n\n更多。\n"
	serve := "1. <a id=\"conn.handle\"></a><a id=\"conn.queued\"></a>取一条消息，\n   处理它。\n2. 看看是否关闭。\n   - <a id=\"conn.close\"></a>关闭：\n     一次。\n"
	handle := "1. <a id=\"conn.handle\"></a><a id=\"conn.queued\"></a>取一条消息，\n   处理它。\n2. 看看是否关闭。\n"
	for _, want := range []Section{
		{"conn.md", "conn.written", "write", write},
		{"conn.md", "write", "write", write},
		{"conn.md", "细节", "细节", "更多。\n"},
		{"conn.md", "conn.serve", "serviceConnection 做什么？", serve},
		{"conn.md", "conn.reader-end", "serviceConnection 做什么？", serve},
		{"conn.md", "serviceconnection-做什么", "serviceConnection 做什么？", serve},
		{"conn.md", "conn.handle", "serviceConnection 做什么？", handle},
		{"conn.md", "conn.queued", "serviceConnection 做什么？", handle},
		{"conn.md", "conn.close", "serviceConnection 做什么？", "- <a id=\"conn.close\"></a>关闭：\n  一次。\n"},
		{"conn.md", "函数-1", "函数", "完。\n"},
	} {
		got, found := l.Section("conn.md", want.Anchor)
		if !found {
			t.Errorf("no section %s", want.Anchor)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Anchor, diff)
		}
	}
	for _, anchor := range []string{"no.anchor", "conn.read", "不是标题"} {
		if s, found := l.Section("conn.md", anchor); found {
			t.Errorf("found %q: %+v", anchor, s)
		}
	}
}

func TestWhatIsOnlyShownIsNoAnchorAndNoHeading(t *testing.T) {
	l := library(t, map[string]string{"a.md": "# A\n\n## 一 `<a id=\"b\"></a>`\n\n写成 `<a\nid=\"a\"></a>`，或者：\n\n" +
		"    ## 三 <a id=\"c\"></a>\n\n<!-- <a id=\"d\"></a>\n## 四\n-->\n\n- ```md\n  ## 五 <a id=\"e\"></a>\n  ```\n\n<a id=\"f\"></a>完。\n"})
	var got []string
	for _, s := range l.Sections("a.md") {
		got = append(got, s.Anchor)
	}
	if diff := cmp.Diff([]string{"", "a", "一-a-idba", "f"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheWholeNoteIsASectionWithoutAnchor(t *testing.T) {
	l := library(t, map[string]string{"conn.md": connNote, "plain.md": "nothing but words\n"})
	whole, found := l.Section("conn.md", "")
	if !found || whole.Title != "conn.go：一个连接的一生" || !strings.HasPrefix(whole.Body, "三句话。") || !strings.HasSuffix(whole.Body, "完。\n") {
		t.Errorf("%+v", whole)
	}
	if plain, _ := l.Section("plain.md", ""); plain.Body != "nothing but words\n" {
		t.Errorf("%+v", plain)
	}
	if _, found := l.Section("none.md", ""); found {
		t.Error("found a note that there is not")
	}
}

func TestAStepIsExplainedInTheNoteOfItsFileOrElsewhere(t *testing.T) {
	elsewhere := "# 别处\n\n<a id=\"conn.written\"></a>\n另一处。\n\n<a id=\"store.tie-break\"></a>\n两边同时拨号。\n"
	l := library(t, map[string]string{"conn.md": connNote, "ack.md": elsewhere})
	if s, _ := l.OfStep(trace.ConnWritten); s.File != "conn.md" {
		t.Errorf("conn.written is explained in %q", s.File)
	}
	if s, _ := l.OfStep(trace.StoreTieBreak); s.File != "ack.md" || s.Body != "<a id=\"store.tie-break\"></a>\n两边同时拨号。\n" {
		t.Errorf("%+v", s)
	}
	for _, step := range []trace.Step{trace.StopDone, "write", ""} {
		if s, found := l.OfStep(step); found {
			t.Errorf("%q is explained: %+v", step, s)
		}
	}
	if got := FileOf(trace.StoreTieBreak); got != "tiebreak.md" {
		t.Errorf("store.tie-break is to be explained in %q", got)
	}
}

func TestTheNotesOfTheRepositoryCanBeRead(t *testing.T) {
	l, err := Read(docs.Zh())
	if err != nil {
		t.Fatal(err)
	}
	if s, found := l.Section("README.md", ""); !found || s.Title == "" {
		t.Errorf("README.md is missing in %v", l.Files())
	}
}
