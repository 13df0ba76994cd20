package pipeline

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
	"gossipscope/proto"
	"gossipscope/walkthroughs"
)

var update = flag.Bool("update", false, "rewrite the kept pictures")

func TestNothingToShowIsSaidInASentence(t *testing.T) {
	events := lesson(t, "meet")
	mustSay(t, draw(at(events, 0), 78, 17), "还没有节点")
	born := after(t, events, 1, func(e *timeline.Event) bool { return e.Birth != nil })
	mustSay(t, draw(born, 78, 17), "还没有连接")
}

func TestMessagesWaitUnderTheNumbersThatTheyWillGet(t *testing.T) {
	s := after(t, lesson(t, "send"), 3, step("A", trace.ConnEnqueue))
	mustSay(t, draw(s, 78, 17), "A 的 outBuff 3/3 ●2 ●3 ●4", "消息 4「m3」在 A 的 outBuff 里排第 3")
	written := after(t, lesson(t, "send"), 3, step("A", trace.ConnWritten))
	v := New().look(written)
	if m := v.way().list[3]; m.Number != 4 || New().says.of(text.Chinese, m) != "「m3」" {
		t.Errorf("the third message went out as number %d", m.Number)
	}
}

func TestTheSentenceSaysWhatAMessageWaitsFor(t *testing.T) {
	s := holding(t, promised(t, lesson(t, "send"), "m5, m6 and m7"), "A", trace.ConnWrite)
	v := New().look(s)
	for i, m := range v.way().list {
		if New().says.of(text.Chinese, m) == "「m6」" {
			s.Selected = *v.selection(i)
		}
	}
	mustSay(t, draw(s, 78, 17), "消息 7「m6」在 A 的 outBuff 里排第 2；writer 手里是消息 5「m4」，停在 conn.write 前，还没写")
	s.Lang = text.English
	mustSay(t, draw(s, 158, 36), `Message 7 "m6" is number 2 in the outBuff of A; the writer has message 5 "m4" in its hands, held before conn.write.`)
}

func TestAMessageOnItsWayIsDrawnOnTheLine(t *testing.T) {
	s := promised(t, lesson(t, "send"), "m10 is on its way")
	line := rowOf(draw(s, 78, 17), "线路冻住")
	if !strings.Contains(line, "●9") {
		t.Errorf("message 9 is not on the line: %q", line)
	}
	mustSay(t, draw(s, 78, 17), "消息 9「m10」交给了 gRPC，在去 B 的路上；线路冻住了，什么也过不去")
}

func TestAMarkGlidesFromTheWriterAlongTheLine(t *testing.T) {
	s := written(t, "m10") // on a line that is frozen, so that it stays there
	p := New()
	last := point{-1, -1}
	for i := range 11 {
		s.Progress = float64(i) / 10
		rows := drawWith(p, s, 78, 17).Rows()
		now, found := pointOf(rows, "●9")
		if !found {
			t.Fatalf("at %v the message is nowhere:\n%s", s.Progress, strings.Join(rows, "\n"))
		}
		if i > 1 && (now.y < last.y || (now.y == last.y && now.y > 3 && now.x > last.x)) {
			t.Errorf("at %v it is at %v, before that at %v", s.Progress, now, last)
		}
		last = now
	}
	if last.y < 6 {
		t.Errorf("it came to rest at %v, not on the line", last)
	}
}

func TestAMessageThatMovesIsNotDrawnWhereItGoesToo(t *testing.T) {
	s := after(t, lesson(t, "send"), 5, step("A", trace.ConnEnqueue)) // m5, while the writer is held with m4
	for _, progress := range []float64{0, 0.3, 1} {
		s.Progress = progress
		rows := draw(s, 78, 17)
		if n := strings.Count(strings.Join(rows[:len(rows)-3], "\n"), "●6"); n != 1 {
			t.Errorf("at %v it is drawn %d times:\n%s", progress, n, strings.Join(rows, "\n"))
		}
	}
}

// written returns the scene right after A has written a message with this text.
func written(t *testing.T, content string) *scene.Scene {
	t.Helper()
	return after(t, lesson(t, "send"), 1, func(e *timeline.Event) bool {
		return step("A", trace.ConnWritten)(e) && New().says.of(text.Chinese, &timeline.Message{Kind: timeline.DataMessage, Content: "data_msg", Envelope: e.Step.Envelope}) == "「"+content+"」"
	})
}

// pointOf finds words in the rows and returns the cell where they begin. There is at most one such place, or it fails.
func pointOf(rows []string, words string) (point, bool) {
	found := point{-1, -1}
	for y, row := range rows[:len(rows)-2] { // not in the marks and the sentence
		if before, _, here := strings.Cut(row, words); here && found.y < 0 {
			found = point{canvas.Width(before), y}
		}
	}
	return found, found.y >= 0
}

func TestWhatDoesNotFitIntoTheQueueIsSaidToBeGivenUp(t *testing.T) {
	s := after(t, lesson(t, "send"), 1, step("A", trace.ConnDrop))
	mustSay(t, draw(s, 78, 17), "消息「m8」没有进得了 A 的 outBuff：发送队列满了", "▮▮▮ 3/3", "✕ 丢弃过 1 条")
	s.Progress = 0.9
	mustSay(t, draw(s, 78, 17), "✕")
}

func TestBackPressureIsSeenInEveryStation(t *testing.T) {
	events := lesson(t, "receive")
	s := holding(t, acting(t, events, "C", "send", "tx 1"), "B", trace.AcceptHand)
	s.Selected = connectionOf(t, s, "A→B#1")
	rows := draw(s, 158, 36)
	mustSay(t, rows, "得等空位", "1/1", "1:▮▮ 10/10", "满了", "‖ 停在", "订阅的 goroutine 手里")
	if counts, sum := New().look(s).way().to.inHands(); !slices.Equal(counts, []string{"2", "1"}) || sum != 3 {
		t.Errorf("the subscriptions' goroutines are said to have had %v in their hands", counts)
	}
	w := New().look(s).way()
	for st, want := range map[station]int{subscriber: 1, subscription: 10, service: 1, msgChan: 1, reader: 1, wire: 1} {
		if got := len(w.holds[st]); got != want {
			t.Errorf("station %d holds %d messages, want %d", st, got, want)
		}
	}
	mustSay(t, rows, "在去 B 的路上；B 的 reader 还拿着上一条，等 msgChan 腾出位置")
	v := New().look(s)
	s.Selected = *v.selection(w.holds[msgChan][0])
	mustSay(t, draw(s, 158, 36), "在 B 的 msgChan 里排第 1；service 手里还有", "订阅 1 的队列满了（10/10），service 得等空位")
}

// connectionOf returns the selection of the connection of that name.
func connectionOf(t *testing.T, s *scene.Scene, name string) scene.Selection {
	t.Helper()
	for _, st := range s.State.Streams() {
		if scene.Name(s.State, st.Ends()[0]) == name {
			return *selectionOf(st)
		}
	}
	t.Fatalf("there is no connection %s", name)
	return scene.Selection{}
}

func TestAnAcknowledgementLeavesTheWayAtTheReader(t *testing.T) {
	events := lesson(t, "acks")
	arrived := after(t, events, 2, step("A", trace.ConnReceived))
	mustSay(t, draw(arrived, 78, 17), "▲2", "确认截走", "它是确认，reader 不放进 msgChan")
	published := after(t, events, 1, step("A", trace.AckPublish))
	mustSay(t, draw(published, 78, 17), "直接交给了等它的 SendWithAck")
	late := after(t, events, 1, func(e *timeline.Event) bool {
		return e.Step != nil && e.Step.Step == trace.AckPublish && e.Step.Err != nil
	})
	mustSay(t, draw(late, 78, 17), "已经没有人在等它")
}

func TestWhoHasAcknowledgedAMessageHasGotIt(t *testing.T) {
	s := promised(t, lesson(t, "acks"), "There is one result")
	mustSay(t, draw(s, 78, 17), "消息 2「block 1」已经交给 B 的订阅者；确认也回来了", "经手 1")
}

func TestTheCallerIsSeenToWaitForItsAcknowledgements(t *testing.T) {
	s := after(t, lesson(t, "acks"), 2, step("A", trace.ConnWritten))
	mustSay(t, draw(s, 78, 17), "SendWithAck", "等确认 0/1", "确认 ○")
}

func TestTheChecksAreShownWithTheirOutcome(t *testing.T) {
	events := lesson(t, "checks")
	refused := after(t, events, 1, func(e *timeline.Event) bool {
		return e.Step != nil && e.Step.Step == trace.AuthCertHash && e.Step.Err != nil
	})
	rows := draw(refused, 78, 17)
	mustSay(t, rows, "5 ✓ 身份可信", "▸6 ✗ 证书哈希与 TLS 一致", "7 ○ 签名有效", "✗ 认证", "B 检查 X，第 6 项（证书哈希与 TLS 一致）没有通过",
		"原话：wrong hash of TLS certificate", "X 那边检查什么，这里看不到")
	good := after(t, lesson(t, "send"), 1, step("B", trace.AuthExpected))
	mustSay(t, draw(good, 78, 17), "8 ✓ 正是要找的节点", "B 检查 A  名额 ✓", "B 接受了 A", "▸ 认证")
	garbage := after(t, events, 1, func(e *timeline.Event) bool {
		return e.Step != nil && e.Step.Step == trace.AuthType && e.Step.Err != nil
	})
	if w := New().look(garbage).way(); w.finished != 1 || len(w.holds[service]) != 0 {
		t.Error("a first message that is no ConnEstablish is with the service, which never sees it")
	}
	decoded := after(t, events, 1, func(e *timeline.Event) bool { return e.N > garbage.State.N-2 && step("B", trace.AuthDecode)(e) })
	if m := New().look(decoded).way().move; m.from != reader || m.to != done {
		t.Errorf("what the handshake takes in moves from station %d to %d", m.from, m.to)
	}
}

// A Fabric peer of the lessons speaks for itself, and tells nothing of its own steps.
func TestOfAnOutsiderWhoAnswersNothingIsExpected(t *testing.T) {
	s := after(t, lesson(t, "verdict"), 1, func(e *timeline.Event) bool {
		return step("A", trace.AuthVerdict)(e) && e.Step.Err != nil
	})
	mustSay(t, draw(s, 78, 17), "J 那边检查什么，这里看不到", "A 的 ConnEstablish：交给了 gRPC", "J 的 ConnEstablish：到了", "裁决到了，A 没有被接受")
	early := after(t, lesson(t, "send"), 1, step("A", trace.PingSend))
	mustSay(t, draw(early, 78, 17), "B 那边还没有动静：流还没有到", "B 的 ConnEstablish：还没有发")
}

// Nobody should wait for checks that never come.
func TestAProbeShowsNoChecksAndSaysWhyThereAreNone(t *testing.T) {
	events := lesson(t, "meet")
	probing := func(e *timeline.Event) bool { return e.Act != nil && e.Act.Verb == "probe" }
	begun := after(t, events, 1, probing).At
	ends := begun
	for s := at(events, ends); s.State.Peer("A").Connections == nil || s.State.Peer("A").Connections[0].Phase < timeline.PhaseClosed; s = at(events, ends) {
		ends++
	}
	for n := begun + 1; n <= ends; n++ {
		for _, size := range [][2]int{{158, 36}, {78, 17}, {78, 15}, {40, 8}} {
			s := at(events, n)
			if len(s.State.Streams()) == 0 {
				continue
			}
			rows := draw(s, size[0], size[1])
			if row := rowOf(rows, "检查 "); row != "" {
				t.Fatalf("event %d of a Probe shows checks: %q", n, row)
			}
			if size[1] > 8 {
				mustSay(t, rows, "Probe 不打开流，也就没有握手：没有 ConnEstablish，没有那八项检查")
			}
		}
	}
	answered := after(t, events, 1, step("A", trace.PingAnswered))
	mustSay(t, draw(answered, 78, 17), "✓ 拨号 ── ✓ Ping", "TLS 建起来了，对方也出示了证书，只是没有人看过它", "Ping 有了回音：B 在听。Probe 只问这一句")
	early := after(t, events, 1, step("A", trace.DialStart))
	if row := rowOf(draw(early, 78, 17), "TLS"); row != "" {
		t.Errorf("before anything was sent TLS is said to be up: %q", row)
	}
	answered.Lang = text.English
	mustSay(t, draw(answered, 78, 17), "A Probe opens no stream, so there is no handshake", "a certificate that nobody has looked at")
	asking := after(t, lesson(t, "verdict"), 1, func(e *timeline.Event) bool { return step("A", trace.AuthReceived)(e) })
	if asking.ConnectionOf(asking.Event).Purpose != trace.ForHandshake {
		t.Fatal("this is no Handshake")
	}
	mustSay(t, draw(asking, 78, 17), "A 检查 B", "签名有效")
}

func TestAFailedPingIsWhereTheDialEnds(t *testing.T) {
	s := after(t, lesson(t, "verdict"), 1, func(e *timeline.Event) bool {
		return e.Step != nil && e.Step.Step == trace.PingAnswered && e.Step.Err != nil
	})
	mustSay(t, draw(s, 78, 17), "✓ 拨号 ── ✗ Ping", "那个端点没有人在听")
	answered := after(t, lesson(t, "verdict"), 2, step("A", trace.PingAnswered))
	mustSay(t, draw(answered, 78, 17), "✓ 拨号 ── ✓ Ping ── ○ 打开流", "Ping 有了回音，B 在听；A 接下来打开流")
}

func TestACutLineIsToldByItsShapeAndAWord(t *testing.T) {
	events := lesson(t, "endings")
	cut := after(t, events, 1, func(e *timeline.Event) bool { return e.Link != nil && e.Link.Change == timeline.LinkCut })
	mustSay(t, draw(cut, 78, 17), "✕ 线路被剪断", "┈")
	frozen := after(t, lesson(t, "send"), 1, func(e *timeline.Event) bool { return e.Link != nil && e.Link.Change == timeline.LinkFreeze })
	mustSay(t, draw(frozen, 78, 17), "‖ 线路冻住", "┄")
	lost := after(t, lesson(t, "send"), 1, func(e *timeline.Event) bool { return e.Link != nil && e.Link.Change == timeline.LinkCut })
	mustSay(t, draw(lost, 78, 17), "丢在了去 B 的路上")
}

func TestWhoIsHeldIsNamedWithTheStep(t *testing.T) {
	s := hold(after(t, lesson(t, "receive"), 4, step("B", trace.DemuxDeliver)))
	mustSay(t, draw(s, 78, 17), "‖demux.deliver", "service 停在 demux.deliver 前，还没放进订阅的队列")
	mustSay(t, draw(s, 158, 36), "‖ 停在")
	s.Held = nil
	if rows := draw(s, 78, 17); rowOf(rows, "‖") != "" {
		t.Errorf("nobody is held:\n%s", strings.Join(rows, "\n"))
	}
}

func TestTheSelectionDecidesWhatIsShown(t *testing.T) {
	s := after(t, lesson(t, "receive"), 2, step("C", trace.ConnEnqueue))
	p := New()
	if v := p.look(s); v.name != "C→B#1" || v.picked {
		t.Fatalf("it shows %s, and not the connection of the event", v.name)
	}
	s.Selected = connectionOf(t, s, "A→B#1")
	if v := p.look(s); v.name != "A→B#1" || !v.picked {
		t.Errorf("it shows %s, and not the one that was selected", v.name)
	}
	out := p.Do(follow, s)
	if out.Select == nil || *out.Select != (scene.Selection{}) {
		t.Fatalf("following leaves %+v selected", out.Select)
	}
	s.Selected = *out.Select
	if v := p.look(s); v.name != "C→B#1" {
		t.Errorf("it shows %s, and does not follow", v.name)
	}
}

func TestWithoutAConnectionInTheEventTheLastOneStays(t *testing.T) {
	events := lesson(t, "receive")
	p, st := New(), timeline.State{}
	name := ""
	for i := range events {
		st.Apply(events[i])
		s := &scene.Scene{Events: events, At: i + 1, State: &st, Event: &events[i], Progress: 1, Theme: scene.Dark}
		v := p.look(s)
		if v != nil && name != "" && s.ConnectionOf(s.Event) == nil && s.Event.Link == nil && v.name != name {
			t.Fatalf("event %d is about no connection, and the picture went from %s to %s", i+1, name, v.name)
		}
		if v != nil {
			name = v.name
		}
	}
}

func TestUpAndDownGoOverTheMessages(t *testing.T) {
	s := after(t, lesson(t, "send"), 4, step("A", trace.ConnWritten))
	p := New()
	press := func(c scene.Command) {
		t.Helper()
		out := p.Do(c, s)
		if !out.Handled || out.Select == nil {
			t.Fatalf("%s does nothing: %+v", c, out)
		}
		s.Selected = *out.Select
	}
	press(scene.Up) // the first press takes what is shown
	for _, step := range []struct {
		press scene.Command
		want  string
	}{{scene.Up, "「m3」"}, {scene.Up, "「m2」"}, {scene.Down, "「m3」"}, {scene.PageUp, ""}, {scene.PageDown, "「m7」"}} {
		press(step.press)
		if got := terms.Content(text.Chinese, s.Message()); got != step.want {
			t.Errorf("after %s %s is selected, want %s", step.press, got, step.want)
		}
	}
	if out := p.Do(scene.Choose, s); !out.Inspect {
		t.Error("Enter does not open the message")
	}
}

func TestTurningAroundShowsTheOtherDirection(t *testing.T) {
	s := after(t, lesson(t, "send"), 4, step("A", trace.ConnWritten))
	p := New()
	if v := p.look(s); v.way().from.name != "A" {
		t.Fatalf("it begins with what %s sends", v.way().from.name)
	}
	s.Selected = *p.Do(turn, s).Select
	if v := p.look(s); v.way().from.name != "B" {
		t.Errorf("it still shows what %s sends", v.way().from.name)
	}
	s.Selected = *p.Do(follow, s).Select
	if v := p.look(s); v.way().from.name != "A" {
		t.Errorf("it does not follow the event: it shows what %s sends", v.way().from.name)
	}
}

func TestNextGoesThroughEveryConnectionAndComesBack(t *testing.T) {
	events := lesson(t, "endings")
	s := at(events, len(events))
	p := New()
	first := p.look(s).name
	seen := map[scene.Selection]bool{}
	for range s.State.Streams() {
		s.Selected = *p.Do(next, s).Select
		seen[s.Selected] = true
	}
	if len(seen) != len(s.State.Streams()) || p.look(s).name != first {
		t.Errorf("%d of %d connections were shown, and the last is %s, not %s", len(seen), len(s.State.Streams()), p.look(s).name, first)
	}
	before := s.Selected
	s.Selected = *p.Do(next, s).Select
	if back := *p.Do(previous, s).Select; back != before {
		t.Errorf("previous goes to %+v, not back to %+v", back, before)
	}
}

func TestAClickSelectsWhatIsThere(t *testing.T) {
	s := after(t, lesson(t, "send"), 4, step("A", trace.ConnWritten))
	p := New()
	rows := drawWith(p, s, 78, 17).Rows()
	at, _ := pointOf(rows, "●7")
	out := p.Click(at.x, at.y, s)
	if out.Select == nil || out.Select.Kind != scene.SelectMessage {
		t.Fatalf("a click on ●7 gives %+v", out)
	}
	s.Selected = *out.Select
	if got := terms.Content(text.Chinese, s.Message()); got != "「m6」" {
		t.Errorf("it selects %s", got)
	}
	drawWith(p, s, 78, 17)
	if out := p.Click(at.x, at.y, s); !out.Inspect {
		t.Error("a second click does not open it")
	}
	box, _ := pointOf(rows, "msgChan")
	if out := p.Click(box.x, box.y, s); out.Select == nil || out.Select.Queue != "msgChan" || out.Select.Conn.Peer != "B" {
		t.Errorf("a click on msgChan gives %+v", out.Select)
	}
	if out := p.Click(77, 16, s); out.Handled {
		t.Error("a click on nothing does something")
	}
}

func TestAFrameOfAMovementDoesNotWorkItAllOutAgain(t *testing.T) {
	s := after(t, lesson(t, "send"), 4, step("A", trace.ConnWritten))
	p := New()
	p.Draw(canvas.New(158, 36, false).Region(), s, true)
	before := p.view
	s.Progress = 0.3
	p.Draw(canvas.New(78, 17, false).Region(), s, true)
	if p.view != before {
		t.Error("another frame of the same moment is worked out anew")
	}
	s.State.Apply(s.Events[s.At])
	s.Event, s.At = &s.Events[s.At], s.At+1
	p.Draw(canvas.New(78, 17, false).Region(), s, true)
	if p.view == before {
		t.Error("the next moment shows the one before")
	}
}

// Every message is in one place: at a station, arrived, or gone.
func TestNoMessageIsShownTwiceOrForgotten(t *testing.T) {
	for _, l := range walkthroughs.All() {
		events := lesson(t, l.Slug)
		var st timeline.State
		for i := range events {
			st.Apply(events[i])
			if i%4 != 0 {
				continue
			}
			v := New().look(&scene.Scene{Events: events, At: i + 1, State: &st, Event: &events[i], Theme: scene.Dark})
			if v == nil {
				continue
			}
			for d := range v.ways {
				w := &v.ways[d]
				n := w.finished + w.lost
				for _, held := range w.holds {
					n += len(held)
				}
				if n != len(w.list) {
					t.Fatalf("%s, event %d, direction %d: %d messages of %d have a place", l.Slug, i+1, d, n, len(w.list))
				}
			}
			for d := range v.ways {
				if n := len(v.ways[d].holds[subscriber]); n > 1 {
					t.Fatalf("%s, event %d: a subscription's goroutine has %d messages in its hands", l.Slug, i+1, n)
				}
			}
			if w := v.way(); w.conn() && len(w.holds[outBuff]) != w.from.conn.Waiting() {
				t.Fatalf("%s, event %d: outBuff shows %d messages, and holds %d", l.Slug, i+1, len(w.holds[outBuff]), w.from.conn.Waiting())
			}
		}
	}
}

func (w *way) conn() bool { return w.from.conn != nil }

func TestEverySizeAndLanguageIsDrawn(t *testing.T) {
	for _, slug := range []string{"send", "verdict", "endings"} {
		events := lesson(t, slug)
		var st timeline.State
		p := New()
		for i := range events {
			st.Apply(events[i])
			if i%13 != 0 {
				continue
			}
			for _, size := range [][2]int{{158, 36}, {130, 17}, {118, 14}, {78, 17}, {78, 15}, {58, 14}, {56, 13}, {40, 8}, {20, 3}, {1, 1}, {0, 0}, {3, 40}} {
				for _, lang := range []text.Lang{text.Chinese, text.English} {
					s := &scene.Scene{Events: events, At: i + 1, State: &st, Event: &events[i], Progress: float64(i%3) / 2, Lang: lang, Theme: scene.Light}
					c := canvas.New(size[0], size[1], i%2 == 0)
					p.Draw(c.Region(), s, i%3 == 0)
					if row := rowOf(c.Rows(), "%!"); row != "" {
						t.Fatalf("%s, event %d: a sentence with the wrong values: %q", slug, i+1, row)
					}
				}
			}
		}
	}
}

func TestEverySentenceIsThereInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%(\[\d\])?[a-z]`)
	for _, table := range []any{says, because} {
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
	s := after(t, lesson(t, "receive"), 4, step("B", trace.DemuxDeliver))
	s.Lang = text.English
	for _, size := range [][2]int{{158, 36}, {78, 17}, {40, 8}} {
		c := canvas.New(size[0], size[1], true)
		New().Draw(c.Region(), s, true)
		for _, row := range c.Rows() {
			for _, r := range row {
				if r > 0x7f {
					t.Errorf("%q in %q", r, row)
				}
			}
		}
	}
}

func TestWhatAPeerSentCannotCommandTheTerminal(t *testing.T) {
	evil := &timeline.Message{Kind: timeline.DataMessage, Content: "data_msg", Envelope: data(t, "\x1b[2Jboo\u202e")}
	if got := New().says.of(text.English, evil); strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "boo") {
		t.Errorf("%q", got)
	}
}

// data makes the envelope of a data message.
func data(t *testing.T, payload string) *proto.Envelope {
	t.Helper()
	m, err := (&proto.GossipMessage{Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{
		Payload: &proto.Payload{Data: []byte(payload)}}}}).NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	return m.Envelope
}

func TestALongQueueSaysHowManyMoreThereAre(t *testing.T) {
	s := acting(t, lesson(t, "receive"), "C", "send", "tx 1")
	s.Selected = connectionOf(t, s, "A→B#1")
	row := rowOf(draw(s, 78, 17), "●4")
	if !strings.Contains(row, "+7 ●6 ●5 ●4") {
		t.Errorf("the queue of ten shows %q", row)
	}
}

func TestKeptPictures(t *testing.T) {
	send, checks := lesson(t, "send"), lesson(t, "checks")
	writing := func() *scene.Scene { return holding(t, promised(t, send, "m5, m6 and m7"), "A", trace.ConnWrite) }
	full := holding(t, acting(t, lesson(t, "receive"), "C", "send", "tx 1"), "B", trace.AcceptHand)
	full.Selected = connectionOf(t, full, "A→B#1")
	stopped := acted(acting(t, lesson(t, "receive"), "C", "send", "tx 1"), "B", "stop-reading")
	stopped.Selected = full.Selected
	for _, shot := range []struct {
		name          string
		scene         *scene.Scene
		width, height int
		lang          text.Lang
	}{
		{"handshake", after(t, send, 1, step("B", trace.AuthCertHash)), 78, 17, text.Chinese},
		{"handshake", after(t, send, 1, step("B", trace.AuthCertHash)), 78, 15, text.English},
		{"refused", after(t, checks, 1, step("B", trace.AuthRefuse)), 158, 36, text.Chinese},
		{"writing", writing(), 78, 17, text.Chinese},
		{"writing", writing(), 78, 15, text.English},
		{"writing", writing(), 40, 8, text.Chinese},
		{"full", full, 158, 36, text.Chinese},
		{"full", full, 158, 36, text.English},
		{"full", full, 78, 15, text.Chinese},
		{"stopped", stopped, 158, 36, text.Chinese},
		{"stopped", stopped, 78, 15, text.Chinese},
		{"stopped", stopped, 78, 17, text.English},
		{"acked", promised(t, lesson(t, "acks"), "There is one result"), 118, 14, text.Chinese},
	} {
		name := fmt.Sprintf("%s-%dx%d-%s", shot.name, shot.width, shot.height, shot.lang)
		shot.scene.Lang = shot.lang
		mustBeKept(t, name, draw(shot.scene, shot.width, shot.height))
	}
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
