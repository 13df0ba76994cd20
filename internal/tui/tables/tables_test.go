package tables

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/pipeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

var update = flag.Bool("update", false, "rewrite the kept pictures")

func TestNothingToShowIsSaidInASentence(t *testing.T) {
	mustSay(t, draw(at(lesson(t, "meet"), 0), 78, 17), "还没有节点，也就没有表可看。")
	born := after(t, lesson(t, "meet"), 1, func(e *timeline.Event) bool { return e.Birth != nil })
	mustSay(t, draw(born, 78, 17), "空：没有已认证的连接", "没有：收到的消息没有人要", "没有：正在拨号、等确认 SendWithAck、死亡通知")
}

func TestTheStoreIsShownAsTheLayerHoldsIt(t *testing.T) {
	s := acting(t, lesson(t, "receive"), "C", "send", "tx 1")
	rows := draw(s, 78, 60)
	row := rowOf(rows, "A（08233907）")
	for _, want := range []string{"A→B#1", "接受方", "已建立", "outBuff", "msgChan 1/1"} {
		if !strings.Contains(row, want) {
			t.Errorf("the row of the connection from A says nothing of %s: %q", want, row)
		}
	}
	mustSay(t, rows, "连接表 pki2Conn 2", "订阅 1         ▮▮▮▮▮▮▮▮▮▮ 10/10  要 13　放进 12　经手 2")
}

// No event tells that the last message was handed over: it is counted among those that the goroutine has had in its hands, held or not.
func TestTheTablesAndThePipelineCountWhatIsHandedOverAlike(t *testing.T) {
	for _, held := range []bool{false, true} {
		s := acting(t, lesson(t, "receive"), "C", "send", "tx 1")
		words := "有一条要递给订阅者"
		if held {
			s, words = holding(t, s, "B", trace.AcceptHand), "‖ 停在 accept.hand 前，还没递给订阅者"
		}
		mustSay(t, draw(s, 158, 36), "要 13　放进 12　经手 2", "accept.hand        "+words)
		s.Selected = scene.Selection{Kind: scene.SelectQueue, Peer: "B", Queue: "subscription", Number: 1}
		mustSay(t, inspected(s, s.Selected), "经手      2")
		if held {
			continue // then the pipeline says where it is held, and not how many it has had
		}
		for _, st := range s.State.Streams() {
			if st.Initiator.Key.Peer == "A" {
				s.Selected = scene.Selection{Kind: scene.SelectConnection, Peer: "A", Conn: st.Initiator.Key}
			}
		}
		c := canvas.New(158, 36, false)
		pipeline.New().Draw(c.Region(), s, true)
		mustSay(t, c.Rows(), "经手 2+1")
	}
}

// The lesson's own hold is not among those that the scene knows: the writer stands before the act, and all that is known is that it is at
// the gate.
func TestOfAWriterAtTheGateTheTablesAndThePipelineSayTheSameAndNotThatItWrites(t *testing.T) {
	for lang, words := range map[text.Lang][2]string{
		text.Chinese: {"有一条要写，HTTP/2 放行才写得出去", "停在 conn.write 前，还没写"},
		text.English: {"has one to write, as fast as HTTP/2 grants room", "held before conn.write"},
	} {
		for i, held := range []bool{false, true} {
			s := after(t, lesson(t, "stop"), 1, step("A", trace.ConnWrite))
			s.Lang = lang
			if held {
				hold(s)
			}
			rows := draw(s, 158, 60)
			mustSay(t, rows, words[i])
			if row := rowOf(rows, "正在写"); row != "" {
				t.Errorf("it is said to write: %q", row)
			}
			if where := pipeline.Where(s); !strings.Contains(where, "writer "+words[i]) && !strings.Contains(where, "writer is "+words[i]) {
				t.Errorf("the pipeline does not say %q: %q", words[i], where)
			}
		}
	}
}

func TestADialUnderWayShowsWhatWaitsForIt(t *testing.T) {
	s := after(t, lesson(t, "send"), 1, step("B", trace.AuthCertHash))
	mustSay(t, draw(s, 78, 60), "正在拨号 1", "认证中", "outBuff 3/3 在等", "不在表里的连接 1")
}

func TestWhatTheEventHasChangedIsMarked(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	var marked []string
	for _, row := range draw(s, 158, 60) {
		if strings.HasPrefix(row, "▸") {
			marked = append(marked, strings.Fields(strings.TrimPrefix(row, "▸"))[0])
		}
	}
	if diff := cmp.Diff([]string{"A（08233907）", "reader"}, marked); diff != "" {
		t.Error(diff)
	}
}

func TestAFoldedSectionShowsThatSomethingInItChanged(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	p.folded["B/1/store"] = true
	row := rowOf(drawWith(p, s, 78, 60).Rows(), "+ 连接表 pki2Conn 2")
	if !strings.HasPrefix(row, "▸") {
		t.Errorf("the heading is %q", row)
	}
}

func TestAcknowledgementsShowWhoHasAnsweredAndWhoHasNot(t *testing.T) {
	events := lesson(t, "acks")
	s := after(t, events, 1, func(e *timeline.Event) bool {
		return e.Act != nil && e.Peer == "C" && e.Act.Verb == "ack" && e.Act.Detail == ""
	})
	rows := draw(s, 158, 36)
	mustSay(t, rows, "等确认 SendWithAck 4", "1/3", "还没有返回", "○ 在等，从", "✓ 确认到了", "✗ 没有在时限内等到确认。原话：timed out", "✗ 原话：disk full")
	done := at(events, len(events))
	mustSay(t, draw(done, 158, 60), "已返回")
}

func TestAnErrorIsShownInItsOwnWordsWithASentenceBeside(t *testing.T) {
	events := lesson(t, "endings")
	s := at(events, len(events))
	p := New()
	p.folded["A/1/closed"] = false
	rows := drawWith(p, s, 158, 60).Rows()
	mustSay(t, rows, "是本端关闭的。原话：closed by this side", "死亡通知 1", "4 次")
	s.Lang = text.English
	if row := rowOf(drawWith(p, s, 158, 60).Rows(), "closed by this side"); strings.Contains(row, "。") {
		t.Errorf("an English reader gets %q", row)
	}
}

func TestWhoIsHeldIsShownAndCanBeSelected(t *testing.T) {
	s := hold(after(t, lesson(t, "send"), 5, step("A", trace.ConnWrite)))
	p := New()
	mustSay(t, drawWith(p, s, 78, 60).Rows(), "conn.write         ‖ 停在 conn.write 前，还没写")
	for range 40 {
		s.Selected = *p.Do(scene.Down, s).Select
		if s.Selected.Kind == scene.SelectGoroutine {
			break
		}
	}
	if s.Selected.Goroutine != 1 || s.Selected.Peer != "A" {
		t.Errorf("the goroutine cannot be selected; the cursor ends on %+v", s.Selected)
	}
	if out := p.Do(scene.Choose, s); !out.Inspect || out.Select.Goroutine != 1 {
		t.Errorf("Enter gives %+v", out)
	}
}

// twoWriters are events in which two goroutines write one stream.
func twoWriters() []timeline.Event {
	o := trace.Object{Kind: trace.Connection, ID: 1, Role: trace.Initiator, Purpose: trace.ForMessages}
	events := []timeline.Event{{N: 1, Kind: timeline.KindBirth, Peer: "A", Birth: &timeline.Birth{Name: "A"}}}
	for i := range 2 {
		e := trace.Event{Step: trace.ConnWrite, Object: o, Seq: uint64(i + 1), Gate: true, Number: uint64(i + 2)}
		events = append(events, timeline.Event{N: uint64(i + 2), Kind: timeline.KindStep, Peer: "A", Step: &e})
	}
	return events
}

func TestABrokenInvariantIsExplainedAndLeadsToWhatBrokeIt(t *testing.T) {
	events := append(twoWriters(), timeline.Event{N: 4, Kind: timeline.KindTitle, Text: &text.Text{}})
	s := at(events, 4)
	p := New()
	mustSay(t, drawWith(p, s, 78, 17).Rows(), "✗ 被打破 1 条，共 5 条", "✗ 一条流只有一个 writer", "同一时刻只有一个 goroutine 写一条流", "第 3 个事件打破了它，在 A", "✓ 一个 PKI-ID 只存一个连接")
	for range 3 {
		p.Do(scene.Down, s)
	}
	p.Do(scene.Up, s)
	if out := p.Do(scene.Choose, s); out.GoTo != 3 {
		t.Errorf("Enter on the broken invariant goes to event %d", out.GoTo)
	}
	s = at(events, 3)
	row := rowOf(draw(s, 78, 17), "✗ 一条流只有一个 writer")
	if !strings.HasPrefix(row, "▸") {
		t.Errorf("the event that breaks it does not mark it: %q", row)
	}
	s.Lang = text.English
	mustSay(t, draw(s, 158, 36), "✗ one writer a stream", "1 of 5 broken", "broken by event 3, at A")
}

func TestInvariantsThatHoldTakeOneRowWhereThereIsLittleRoom(t *testing.T) {
	s := at(lesson(t, "meet"), 40)
	small, tall := draw(s, 78, 17), draw(s, 78, 40)
	mustSay(t, small, "+ 不变量  ✓ 5/5 全部成立")
	if rowOf(small, "只有一个 writer") != "" {
		t.Error("they are unfolded all the same")
	}
	mustSay(t, tall, "✓ Stop 之后没有 goroutine")
}

func TestLinesShowWhatWasDoneToThem(t *testing.T) {
	link := func(n uint64, name, change string, delay time.Duration) timeline.Event {
		return timeline.Event{N: n, Kind: timeline.KindLink, Link: &timeline.Link{Name: name, Change: change, Delay: delay, Sent: 12345, Received: 99}}
	}
	events := []timeline.Event{{N: 1, Kind: timeline.KindBirth, Peer: "A", Birth: &timeline.Birth{Name: "A"}}}
	for i, change := range []string{timeline.LinkFreeze, timeline.LinkDelay, timeline.LinkHalfClose, timeline.LinkCut, timeline.LinkClose} {
		name := fmt.Sprintf("A→B#%d", i+1)
		events = append(events, link(uint64(2*i+2), name, timeline.LinkOpen, 0), link(uint64(2*i+3), name, change, 200*time.Millisecond))
	}
	rows := draw(at(events, len(events)), 78, 40)
	mustSay(t, rows, "线路 3", "‖ 冻住", "慢 200ms", "只剩半边", "去 12kB　回 99B", "已断开的线路 2", "✕ 被剪断")
	if row := rowOf(rows, "A→B#5"); !strings.HasPrefix(row, "▸") {
		t.Errorf("the line that the event closed is not marked: %q", row)
	}
}

func TestTheCursorGoesOverEveryRowAndIsSeen(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	drawWith(p, s, 78, 17)
	stops := p.view.stops()
	for range stops {
		p.Do(scene.Up, s)
	}
	if p.cursor != stops[0].key {
		t.Errorf("Up ends on %s, not on the first row", p.cursor)
	}
	for i := 1; i < len(stops); i++ {
		out := p.Do(scene.Down, s)
		if p.cursor != stops[i].key || out.Select == nil || *out.Select != stops[i].selects {
			t.Fatalf("Down leads to %s, want %s", p.cursor, stops[i].key)
		}
		s.Selected = *out.Select
		drawWith(p, s, 78, 17)
		visible := p.view.columns[0][p.tops[0]:min(p.tops[0]+17, len(p.view.columns[0]))]
		if !slices.ContainsFunc(visible, func(w row) bool { return w.key == p.cursor }) {
			t.Fatalf("row %s is out of sight", p.cursor)
		}
	}
}

func TestTheRowUnderTheCursorShowsWithoutColour(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	drawWith(p, s, 78, 17)
	before := drawWith(p, s, 78, 17).String()
	p.Do(scene.Down, s)
	if now := drawWith(p, s, 78, 17).String(); now == before || !strings.Contains(now, "\x1b[7") && !strings.Contains(now, ";7") {
		t.Error("no row is reversed")
	}
}

func TestASelectionMadeElsewhereIsWhereTheCursorGoes(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	drawWith(p, s, 78, 17)
	c := s.State.Peer("C").Stored()[0]
	s.Selected = connection(c)
	rows := drawWith(p, s, 78, 17).Rows()
	if p.cursor != keyOf(c)+"/stored" {
		t.Errorf("the cursor is on %q", p.cursor)
	}
	mustSay(t, rows, "– C  运行中")
	b := s.State.Peer("B").Stored()[0]
	s.Selected = scene.Selection{Kind: scene.SelectMessage, Peer: "B", Conn: b.Key, Index: 2} // which has no row of its own
	drawWith(p, s, 78, 17)
	if p.cursor != keyOf(b)+"/stored" {
		t.Errorf("for a message the cursor is on %q", p.cursor)
	}
}

func TestSectionsAreFoldedAndSkipped(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	drawWith(p, s, 78, 60)
	var headings []string
	for range 40 {
		p.Do(next, s)
		if n := len(headings); n > 0 && headings[n-1] == p.cursor {
			break
		}
		headings = append(headings, p.cursor)
	}
	if len(headings) < 10 || headings[len(headings)-1] != "lines" {
		t.Fatalf("the sections are %v", headings)
	}
	p.cursor = "B/1/sub/1"
	if out := p.Do(fold, s); !out.Handled || p.cursor != "B/1/subs" {
		t.Fatalf("folding on a row leaves the cursor on %s", p.cursor)
	}
	rows := drawWith(p, s, 78, 60).Rows()
	if rowOf(rows, "+ 订阅 2") == "" || rowOf(rows, "10/10") != "" {
		t.Errorf("the section is not folded:\n%s", strings.Join(rows, "\n"))
	}
	p.Do(scene.Choose, s) // Enter on a heading does the same
	if rowOf(drawWith(p, s, 78, 60).Rows(), "10/10") == "" {
		t.Error("the section does not unfold")
	}
}

func TestOnePeerCanBeShownAlone(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	drawWith(p, s, 78, 60)
	p.cursor = "B/1"
	p.Do(confine, s)
	rows := drawWith(p, s, 78, 60).Rows()
	if rowOf(rows, "– B  ") == "" || rowOf(rows, "– A  ") != "" || rowOf(rows, "– C  ") != "" {
		t.Errorf("it shows:\n%s", strings.Join(rows, "\n"))
	}
	p.Do(confine, s)
	mustSay(t, drawWith(p, s, 78, 60).Rows(), "– A  ", "– C  ")
}

func TestWithoutACursorTheTablesScrollToWhatChanged(t *testing.T) {
	s := after(t, lesson(t, "receive"), 2, step("C", trace.ConnEnqueue))
	p := New()
	mustSay(t, drawWith(p, s, 58, 14).Rows(), "▸")
	p.Do(scene.Down, s)
	out := p.Do(follow, s)
	if p.cursor != "" || out.Select == nil || *out.Select != (scene.Selection{}) {
		t.Errorf("following keeps the cursor on %q", p.cursor)
	}
}

func TestAClickSelectsTheRowAndASecondOpensIt(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	rows := drawWith(p, s, 158, 36).Rows()
	y := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, "A（08233907）") })
	out := p.Click(10, y, s)
	if out.Select == nil || out.Select.Kind != scene.SelectConnection || out.Select.Peer != "B" {
		t.Fatalf("a click gives %+v", out)
	}
	s.Selected = *out.Select
	if out = p.Click(10, y, s); !out.Inspect {
		t.Errorf("a second click gives %+v", out)
	}
	y = slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, "C→B#1      通") })
	if out = p.Click(110, y, s); out.Select == nil || out.Select.Conn.Peer == "A" {
		t.Errorf("a click on a line in the other column gives %+v", out.Select)
	}
}

func TestWhatAPeerSaysCannotCommandTheTerminal(t *testing.T) {
	evil := "\x1b[2J\u202eevil"
	o := trace.Object{Kind: trace.Connection, ID: 1, Role: trace.Acceptor, Endpoint: evil}
	steps := []trace.Event{
		{Step: trace.StreamArrived, Object: o, Seq: 1, Local: evil, Remote: evil},
		{Step: trace.AuthRefuse, Object: o, Seq: 2, Err: errors.New(evil)},
		{Step: trace.DeadNotice, Object: trace.Object{Kind: trace.Instance, ID: 1}, Seq: 1, Subject: o, Err: errors.New(evil)},
	}
	events := []timeline.Event{
		{N: 1, Kind: timeline.KindBirth, Peer: evil, Birth: &timeline.Birth{Name: evil, Organisation: evil, Endpoint: evil}},
		{N: 2, Kind: timeline.KindLink, Link: &timeline.Link{Name: evil + "→B#1", Change: timeline.LinkOpen}},
	}
	for i := range steps {
		events = append(events, timeline.Event{N: uint64(i + 3), Kind: timeline.KindStep, Peer: evil, Step: &steps[i]})
	}
	s := at(events, len(events))
	p := New()
	drawWith(p, s, 158, 60)
	for _, w := range p.view.stops() {
		for _, part := range w.parts {
			if strings.ContainsAny(part.words, "\x1b\u202e") {
				t.Errorf("a row says %q", part.words)
			}
		}
		s.Selected = w.selects
		title, lines := Inspect(s)
		for _, l := range append(lines, Line{Label: title}) {
			if strings.ContainsAny(l.Label+l.Value+l.Note, "\x1b\u202e") {
				t.Errorf("the inspector says %q %q", l.Label, l.Value)
			}
		}
	}
}

func TestEverySizeAndLanguageIsDrawn(t *testing.T) {
	for _, slug := range []string{"acks", "endings"} {
		events := lesson(t, slug)
		var st timeline.State
		p := New()
		for i := range events {
			st.Apply(events[i])
			if i%23 != 0 {
				continue
			}
			for _, size := range [][2]int{{158, 36}, {120, 10}, {118, 14}, {78, 17}, {78, 15}, {58, 14}, {40, 8}, {5, 5}, {1, 1}, {0, 0}} {
				for _, lang := range []text.Lang{text.Chinese, text.English} {
					s := &scene.Scene{Events: events, At: i + 1, State: &st, Event: &events[i], Progress: 1, Lang: lang, Theme: scene.Light}
					c := canvas.New(size[0], size[1], i%2 == 0)
					p.Draw(c.Region(), s, i%3 == 0)
					if row := rowOf(c.Rows(), "%!"); row != "" {
						t.Fatalf("%s, event %d: a sentence with the wrong values: %q", slug, i+1, row)
					}
					if i%4 == 0 {
						p.Do(scene.PageDown, s)
					}
				}
			}
		}
	}
}

func TestEverySentenceIsThereInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%(\[\d\])?[a-z]`)
	for _, table := range []any{says, asks} {
		fields := reflect.ValueOf(table)
		for i := range fields.NumField() {
			name, said := fields.Type().Field(i).Name, text.Text{Zh: fields.Field(i).FieldByName("Zh").String(), En: fields.Field(i).FieldByName("En").String()}
			if said.Zh == "" || said.En == "" {
				t.Errorf("%s is missing in one language", name)
			}
			zh, en := verbs.FindAllString(said.Zh, -1), verbs.FindAllString(said.En, -1)
			if len(zh) != len(en) && said.Zh != "" && !strings.Contains(said.En, "%[") {
				t.Errorf("%s takes %d values in Chinese and %d in English", name, len(zh), len(en))
			}
		}
	}
}

func TestAnASCIIPictureHasNothingButASCIIAndWords(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	s.Lang = text.English
	c := canvas.New(158, 60, true)
	New().Draw(c.Region(), s, true)
	for _, row := range c.Rows() {
		for _, r := range row {
			if r > 0x7f {
				t.Errorf("%q in %q", r, row)
			}
		}
	}
}

func TestTheRowsAreBuiltOnceForEachMoment(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	p := New()
	drawWith(p, s, 78, 17)
	before := p.view
	s.Progress = 0.2
	drawWith(p, s, 78, 17)
	if p.view != before {
		t.Error("another frame of the same moment builds them again")
	}
	for _, change := range []func(){
		func() { s.Lang = text.English },
		func() { hold(s) },
		func() { p.folded["B/1/store"] = true; p.foldings++ },
		func() { s.State.Apply(s.Events[s.At]) },
	} {
		before = p.view
		change()
		drawWith(p, s, 78, 17)
		if p.view == before {
			t.Error("a change does not show")
		}
	}
}

// BenchmarkManyPeers draws the tables of 16 peers with 60 connections each, as for an event that has just come.
func BenchmarkManyPeers(b *testing.B) {
	var events []timeline.Event
	n := uint64(0)
	add := func(e timeline.Event) {
		n++
		e.N = n
		events = append(events, e)
	}
	for i := range 16 {
		peer := fmt.Sprint("P", i)
		add(timeline.Event{Kind: timeline.KindBirth, Peer: peer, Birth: &timeline.Birth{Name: peer, PKIID: common.PKIidType(peer), Endpoint: peer + ":1"}})
		for id := range uint64(60) {
			o := trace.Object{Kind: trace.Connection, ID: id + 1, Role: trace.Initiator, Purpose: trace.ForMessages, Endpoint: fmt.Sprintf("P%d:1", id%16)}
			for seq, step := range []trace.Step{trace.DialStart, trace.StreamOpened, trace.ConnServe} {
				e := trace.Event{Step: step, Object: o, Seq: uint64(seq + 1), Local: fmt.Sprint(peer, "#", id), Remote: o.Endpoint}
				add(timeline.Event{Kind: timeline.KindStep, Peer: peer, Step: &e})
			}
			add(timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{Name: fmt.Sprintf("%s→P%d#%d", peer, id%16, id), Change: timeline.LinkOpen,
				Dialer: fmt.Sprint(peer, "#", id), Listener: o.Endpoint}})
		}
	}
	s := at(events, len(events))
	for b.Loop() {
		drawWith(New(), s, 158, 36)
	}
}

// Whatever can be selected in any lesson, the inspector has something to say of it, in both languages.
func TestEverythingThatCanBeSelectedCanBeInspected(t *testing.T) {
	for _, l := range walkthroughs.All() {
		events := lesson(t, l.Slug)
		var st timeline.State
		for i := range events {
			st.Apply(events[i])
			if i%89 != 0 && i != len(events)-1 {
				continue
			}
			for _, lang := range []text.Lang{text.Chinese, text.English} {
				s := &scene.Scene{Events: events, At: i + 1, State: &st, Event: &events[i], Progress: 1, Lang: lang, Theme: scene.Dark}
				if e := events[i].Step; e != nil && e.Gate {
					hold(s)
				}
				for _, sel := range selections(s) {
					s.Selected = sel
					title, lines := Inspect(s)
					if title == "" || len(lines) == 0 {
						t.Fatalf("%s, event %d: nothing is said of %+v", l.Slug, i+1, sel)
					}
					DrawLines(canvas.New(60, 20, false).Region(), s.Theme, lines, 3)
				}
			}
		}
	}
}

// selections returns everything that can be selected in a scene.
func selections(s *scene.Scene) []scene.Selection {
	list := []scene.Selection{{}, {Kind: scene.SelectPeer, Peer: "nobody"}, {Kind: scene.SelectGoroutine, Goroutine: 99}}
	for _, h := range s.Held {
		list = append(list, scene.Selection{Kind: scene.SelectGoroutine, Peer: h.Peer, Goroutine: h.ID})
	}
	for _, p := range s.State.Peers {
		list = append(list, scene.Selection{Kind: scene.SelectPeer, Peer: p.Birth.Name})
		for _, sub := range p.Subscriptions {
			list = append(list, scene.Selection{Kind: scene.SelectQueue, Peer: p.Birth.Name, Queue: "subscription", Number: sub.Number})
		}
		for _, c := range p.Connections {
			list = append(list, connection(c))
			for _, q := range []string{"outBuff", "msgChan"} {
				list = append(list, scene.Selection{Kind: scene.SelectQueue, Peer: p.Birth.Name, Conn: c.Key, Queue: q})
			}
			for _, out := range []bool{true, false} {
				for _, i := range []int{0, 2} {
					list = append(list, scene.Selection{Kind: scene.SelectMessage, Peer: p.Birth.Name, Conn: c.Key, Out: out, Index: i})
				}
			}
		}
	}
	return list
}

func inspected(s *scene.Scene, sel scene.Selection) []string {
	s.Selected = sel
	title, lines := Inspect(s)
	c := canvas.New(100, 70, false)
	c.Region().Text(0, 0, canvas.Style{}, title)
	DrawLines(c.Region().Sub(0, 1, 100, 69), s.Theme, lines, 0)
	return c.Rows()
}

func TestAMessageIsInspected(t *testing.T) {
	s := hold(after(t, lesson(t, "send"), 5, step("A", trace.ConnWrite)))
	key := s.State.Peer("A").Connections[0].Key
	waiting := inspected(s, scene.Selection{Kind: scene.SelectMessage, Peer: "A", Conn: key, Out: true, Index: 6})
	mustSay(t, waiting, "消息 7「m6」在 A 的 outBuff 里排第 1；writer 手里是消息 6「m5」，停在 conn.write 前，还没写。", "writer 取走时才有编号", "入队  ✓", "写出  ○ 还没有", "– 没有人在等")
	hello := inspected(s, scene.Selection{Kind: scene.SelectMessage, Peer: "A", Conn: key, Out: true, Index: 0})
	mustSay(t, hello, "种类         握手", "必须是 ConnEstablish", "有签名")
	acks := after(t, lesson(t, "acks"), 1, step("A", trace.AckPublish))
	key = acks.State.Peer("A").Connections[0].Key
	acked := inspected(acks, scene.Selection{Kind: scene.SelectMessage, Peer: "A", Conn: key, Out: true, Index: 1})
	mustSay(t, acked, "确认            ✓", "nonce", "确认凭它与消息配对")
	drop := after(t, lesson(t, "endings"), 1, step("B", trace.ConnDrop))
	key = drop.State.Peer("B").Connections[1].Key
	given := inspected(drop, scene.Selection{Kind: scene.SelectMessage, Peer: "B", Conn: key, Out: true, Index: 1})
	mustSay(t, given, "丢弃         ✗", "是本端关闭的。原话：closed by this side", "✕ 不会有了")
}

func TestAConnectionIsInspectedFieldByField(t *testing.T) {
	s := after(t, lesson(t, "checks"), 3, step("B", trace.AuthRefuse))
	list := s.State.Peer("B").Connections
	rows := inspected(s, connection(list[len(list)-1]))
	mustSay(t, rows, "✗ 1.500s，第", "第一条消息解不开。原话：failed unmarshalling connection message", "拒绝了对方", "已证明              – 否", "线路通向            X", "handler")
	good := hold(after(t, lesson(t, "send"), 5, step("A", trace.ConnWrite)))
	mustSay(t, inspected(good, connection(good.State.Peer("A").Connections[0])), "正是要找的节点", "▮▮▯ 2/3", "‖ 停在 conn.write 前，还没写", "✓ 是  签名有效才算数")
}

func TestAPeerAQueueAndWhoIsHeldAreInspected(t *testing.T) {
	s := hold(after(t, lesson(t, "send"), 5, step("A", trace.ConnWrite)))
	mustSay(t, inspected(s, scene.Selection{Kind: scene.SelectPeer, Peer: "A"}), "08233907d8bc73f2", "丢弃的消息          2", "活着的 goroutine：3", "writer A→B#1")
	key := s.State.Peer("A").Connections[0].Key
	mustSay(t, inspected(s, scene.Selection{Kind: scene.SelectQueue, Peer: "A", Conn: key, Queue: "outBuff"}), "里面有 2 条，最早的在前", "1        ● 「m6」", "2        ● 「m7」")
	mustSay(t, inspected(s, scene.Selection{Kind: scene.SelectGoroutine, Peer: "A", Goroutine: 1}), "停在        conn.write", "个事件", "writer 准备把一条消息写到流上", "下一步放行的就是它")
	r := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	mustSay(t, inspected(r, scene.Selection{Kind: scene.SelectQueue, Peer: "B", Queue: "subscription", Number: 1}), "里面有 10 条", "1         ●4 「block 3」", "10        ●13 「block 12」", "好几个订阅")
}

func TestLinesOfTheInspectorScroll(t *testing.T) {
	s := after(t, lesson(t, "receive"), 14, step("B", trace.ConnReceived))
	s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "B"}
	_, lines := Inspect(s)
	all := canvas.New(70, 80, false)
	rows := DrawLines(all.Region(), s.Theme, lines, 0)
	for top := range rows {
		part := canvas.New(70, 10, false)
		if again := DrawLines(part.Region(), s.Theme, lines, top); again != rows {
			t.Fatalf("from row %d on all take %d rows, not %d", top, again, rows)
		}
		if diff := cmp.Diff(all.Rows()[top:top+10], part.Rows()); diff != "" {
			t.Fatalf("from row %d on (-all +part):\n%s", top, diff)
		}
	}
}

func TestKeptPictures(t *testing.T) {
	send, endings := lesson(t, "send"), lesson(t, "endings")
	writing := func() *scene.Scene { return holding(t, promised(t, send, "m5, m6 and m7"), "A", trace.ConnWrite) }
	full := acting(t, lesson(t, "receive"), "C", "send", "tx 1")
	for _, shot := range []struct {
		name          string
		scene         *scene.Scene
		width, height int
		lang          text.Lang
	}{
		{"dial", after(t, send, 1, step("B", trace.AuthCertHash)), 78, 17, text.Chinese},
		{"writing", writing(), 78, 17, text.English},
		{"full", full, 158, 36, text.Chinese},
		{"full", full, 158, 36, text.English},
		{"end", at(endings, len(endings)), 78, 15, text.Chinese},
		{"broken", at(twoWriters(), 3), 78, 17, text.Chinese},
	} {
		name := fmt.Sprintf("%s-%dx%d-%s", shot.name, shot.width, shot.height, shot.lang)
		shot.scene.Lang = shot.lang
		mustBeKept(t, name, draw(shot.scene, shot.width, shot.height))
	}
	s := writing()
	rows := inspected(s, connection(s.State.Peer("A").Connections[0]))
	for i := range rows { // the numbers of events depend on the order in which one turn is told
		rows[i] = regexp.MustCompile(`第 \d+ 个事件`).ReplaceAllString(rows[i], "第 N 个事件")
	}
	mustBeKept(t, "inspect-connection-zh", rows)
}

// mustBeKept compares a picture with the kept one. -update keeps it; look at it first.
func mustBeKept(t *testing.T, name string, rows []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := strings.Join(rows, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s is drawn differently (-kept +drawn):\n%s", name, diff)
	}
}
