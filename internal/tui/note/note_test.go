package note

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"gossipscope/comm/trace"
	"gossipscope/docs"
	"gossipscope/internal/notes"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

const connNote = `# conn.go

## write <a id="conn.write"></a>

写一条消息，见 [丢弃](#conn.drop)，或者 [没有的](#none)，或者 [源码](../../comm/conn.go)，或者 [目录](README.md)。

## 丢弃 <a id="conn.drop"></a>

没有悄悄的丢失，回到 [写](conn.md#write)。

- 一
- 二
- 三
- 四
- 五
- 六
- 七
- 八
- 九
- 十
`

// some is a folder with the note on one file, and the contents.
func some() fstest.MapFS {
	return fstest.MapFS{"conn.md": {Data: []byte(connNote)}, "README.md": {Data: []byte("# 目录\n\n[conn](conn.md)\n")}}
}

// of returns a panel of the notes in a folder.
func of(files fs.FS) *Panel {
	return Of(func() (*notes.Library, error) { return notes.Read(files) })
}

// story is a birth, a write, a sentence, and a handshake that fails.
func story() []timeline.Event {
	object := trace.Object{Kind: trace.Connection, ID: 1, Role: trace.Initiator}
	return []timeline.Event{
		{N: 1, Kind: timeline.KindBirth, Peer: "A", Birth: &timeline.Birth{Name: "A"}},
		{N: 2, Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: trace.ConnWrite, Gate: true, Object: object}},
		{N: 3, Kind: timeline.KindSay, Text: &text.Text{Zh: "看", En: "look"}},
		{N: 4, Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: trace.ConnDrop, Object: object, Err: timeline.RecordedError("full")}},
		{N: 5, Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: trace.AuthCertHash, Object: object, Err: timeline.RecordedError("other")}},
		{N: 6, Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{Step: "auth.\x1bfuture", Object: object}},
	}
}

func sceneAt(at int, lang text.Lang) *scene.Scene {
	events := story()
	s := &scene.Scene{Events: events, At: at, State: &timeline.State{}, Progress: 1, Lang: lang, Theme: scene.Dark}
	if at > 0 {
		s.Event = &events[at-1]
	}
	return s
}

func rows(p *Panel, s *scene.Scene, width, height int) []string {
	c := canvas.New(width, height, false)
	p.Draw(c.Region(), s, true)
	return c.Rows()
}

// want checks that each part stands somewhere.
func want(t *testing.T, rows []string, parts ...string) {
	t.Helper()
	all := strings.Join(rows, "\n")
	for _, part := range parts {
		if !strings.Contains(all, part) {
			t.Errorf("%q is missing in\n%s", part, all)
		}
	}
}

func wantNot(t *testing.T, rows []string, part string) {
	t.Helper()
	if all := strings.Join(rows, "\n"); strings.Contains(all, part) {
		t.Errorf("%q stands in\n%s", part, all)
	}
}

func TestTheSectionOfTheStepIsShown(t *testing.T) {
	p := of(some())
	got := rows(p, sceneAt(2, text.Chinese), 78, 12)
	want(t, got[:1], "conn.write  write", "conn.md")
	want(t, got, "写一条消息，见 丢弃")
	wantNot(t, got, "没有悄悄的丢失")
	want(t, rows(p, sceneAt(3, text.Chinese), 78, 12), "写一条消息") // a sentence of the lesson changes nothing
	want(t, rows(p, sceneAt(4, text.Chinese), 78, 12), "没有悄悄的丢失")
}

func TestAnEnglishReaderGetsTheCaptionAboveTheChineseNote(t *testing.T) {
	got := rows(of(some()), sceneAt(2, text.English), 78, 12)
	want(t, got, "The writer is about to write a message", "The notes are in Chinese", "写一条消息")
}

func TestAStepWithoutANoteSaysWhatTheProgramKnowsOfIt(t *testing.T) {
	p := of(some())
	got := rows(p, sceneAt(5, text.Chinese), 78, 15)
	want(t, got, "auth.cert-hash", "这一项专挡重放和中间人", "comm/comm_impl.go", "verifyConnEstablish", "report", "第 2 课", "docs/zh/comm_impl.md", "还没有写")
	got = rows(p, sceneAt(5, text.English), 78, 15)
	want(t, got, "This check stops replays", "comm/comm_impl.go", "A report", "yet to be written")
	got = rows(p, sceneAt(6, text.English), 78, 15)
	want(t, got, "auth.?future", "this program does")
}

func TestBeforeTheFirstStepItSaysWhyThereIsNothing(t *testing.T) {
	for at := range 2 {
		want(t, rows(of(some()), sceneAt(at, text.Chinese), 78, 15), "还没有走到任何一步")
	}
}

func TestOfEveryStepTheProgramKnowsWhereWhoHowAndInWhichLesson(t *testing.T) {
	p := of(fstest.MapFS{})
	for _, info := range trace.Catalogue {
		p.Show(info.Step)
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			got := rows(p, sceneAt(2, lang), 100, 20)
			want(t, got, string(info.Step), "comm/"+info.File, parts[info.Goroutine].In(lang))
			wantNot(t, got, says.NoLesson.In(lang))
		}
	}
	if len(walkthroughs.All()) == 0 {
		t.Error("there are no lessons")
	}
}

func TestLinksLeadToOtherSectionsAndBack(t *testing.T) {
	p, s := of(some()), sceneAt(2, text.Chinese)
	rows(p, s, 78, 12)
	p.Do(nextLink, s)
	want(t, rows(p, s, 78, 12), "Enter 打开 #conn.drop")
	if out := p.Do(scene.Choose, s); out.Step != "conn.drop" {
		t.Errorf("a link to a step chose %q", out.Step)
	}
	p.Show("conn.drop") // as the program does with the step of an outcome
	want(t, rows(p, s, 78, 12), "没有悄悄的丢失", "按 g 回去")
	p.Do(nextLink, s)
	if out := p.Do(scene.Choose, s); out.Step != "" || !out.Handled {
		t.Errorf("a link to a heading chose %q", out.Step)
	}
	want(t, rows(p, s, 78, 12), "写一条消息")
	p.Do(back, s)
	want(t, rows(p, s, 78, 12), "没有悄悄的丢失")
	p.Do(back, s)
	want(t, rows(p, s, 78, 12), "写一条消息")
	p.Do(back, s)
	want(t, rows(p, sceneAt(4, text.Chinese), 78, 12), "没有悄悄的丢失") // it follows again
}

func TestALinkThatCannotBeFollowedSaysSo(t *testing.T) {
	p, s := of(some()), sceneAt(2, text.Chinese)
	rows(p, s, 78, 12)
	p.Do(nextLink, s)
	p.Do(nextLink, s)
	p.Do(scene.Choose, s)
	want(t, rows(p, s, 78, 12), "#none：还没有这一节", "写一条消息")
	p.Do(nextLink, s)
	want(t, rows(p, s, 78, 12), "../../comm/conn.go：不是笔记")
	p.Do(scene.Choose, s)
	want(t, rows(p, s, 78, 12), "../../comm/conn.go：不是笔记", "写一条消息")
	p.Do(nextLink, s)
	p.Do(scene.Choose, s)
	want(t, rows(p, s, 78, 12), "目录", "README.md")
	p.Do(back, s)
	p.Do(nextLink, s)
	p.Do(nextLink, s)
	p.Do(scene.Choose, s) // all of it before anything is drawn
	if !strings.Contains(p.word, "#none") {
		t.Errorf("the second link says %q", p.word)
	}
	p.Show("conn.drop")
	wantNot(t, rows(p, s, 78, 12), "还没有这一节")
	for link, isNote := range map[string]bool{"https://x.org/a.md": false, "./conn.md#x": true, "../README.md": false, "conn.md": true, "#x": true} {
		if _, _, got := p.leadsTo(link, "conn.md"); got != isNote {
			t.Errorf("%s leads to a note: %v", link, got)
		}
	}
}

func TestTheLinkUnderTheCursorCanBeSeenWithoutColours(t *testing.T) {
	p, s := of(some()), sceneAt(2, text.Chinese)
	c := canvas.New(78, 12, false)
	p.Draw(c.Region(), s, true)
	reversed := strings.Count(c.String(), ";7")
	p.Do(nextLink, s)
	p.Draw(c.Region(), s, true)
	if got := strings.Count(c.String(), ";7"); got != reversed+1 {
		t.Errorf("%d runs are reversed, were %d", got, reversed)
	}
}

func TestPressingOnALinkFollowsIt(t *testing.T) {
	p, s := of(some()), sceneAt(2, text.Chinese)
	rows(p, s, 78, 12)
	if out := p.Click(1, 1, s); out.Handled {
		t.Error("pressing on a word did something")
	}
	if out := p.Click(canvas.Width("写一条消息，见 丢"), 1, s); out.Step != "conn.drop" {
		t.Errorf("pressing on the link chose %q", out.Step)
	}
}

func TestScrollingStaysUntilTheReaderFollowsAgain(t *testing.T) {
	p, s := of(some()), sceneAt(4, text.Chinese)
	want(t, rows(p, s, 78, 8), "没有悄悄的丢失", "1–6 / 12 行")
	for range 3 {
		p.Do(scene.PageDown, s)
	}
	bottom := rows(p, s, 78, 8)
	want(t, bottom, "• 十", "7–12 / 12 行")
	want(t, rows(p, sceneAt(5, text.Chinese), 78, 8), "• 十")
	p.Do(follow, s)
	want(t, rows(p, sceneAt(5, text.Chinese), 78, 8), "auth.cert-hash")
	p.Do(contents, s)
	want(t, rows(p, s, 78, 8), "目录")
}

func TestItDrawsAtAnySize(t *testing.T) {
	for _, size := range [][2]int{{158, 36}, {118, 14}, {78, 17}, {78, 15}, {58, 14}, {40, 8}, {8, 3}, {3, 2}, {1, 1}, {0, 0}, {5, 0}, {0, 5}} {
		for at := range len(story()) + 1 {
			for _, lang := range []text.Lang{text.Chinese, text.English} {
				p, s := of(some()), sceneAt(at, lang)
				for _, command := range []scene.Command{"", scene.Down, scene.PageDown, scene.Right, nextLink, lastLink, scene.Choose, back, contents, back, back, back} {
					p.Do(command, s)
					c := canvas.New(size[0], size[1], true)
					p.Draw(c.Region(), s, true)
					p.Click(3, 1, s)
					for _, r := range strings.Join(c.Rows(), "") {
						if r >= 0x2000 && r < 0x3000 {
							t.Fatalf("%q on an ASCII screen of %v", r, size)
						}
					}
				}
			}
		}
	}
}

func TestEveryLetterOfAnOfferIsOneThatPanelsMayUse(t *testing.T) {
	used := make(map[string]bool)
	for _, offer := range of(docs.Zh()).Offers() {
		if !strings.Contains(scene.Letters, offer.Key) || used[offer.Key] || offer.Says.Zh == "" || offer.Says.En == "" {
			t.Errorf("%+v", offer)
		}
		used[offer.Key] = true
	}
}
