package pipeline

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	s := holding(t, after(t, lesson(t, "send"), 6, step("A", trace.ConnEnqueue)), "A", trace.ConnWrite)
	v := New().look(s)
	for i, m := range v.way().list {
		if New().says.of(text.Chinese, m) == "「m6」" {
			s.Selected = *v.selection(i)
		}
	}
	mustSay(t, draw(s, 78, 17), "消息 7「m6」在 A 的 outBuff 里排第 2；writer 正写消息 5「m4」，停在 conn.write")
	s.Lang = text.English
	mustSay(t, draw(s, 158, 36), `Message 7 "m6" is number 2 in the outBuff of A; the writer is busy with message 5 "m4", held at conn.write.`)
}

func TestAMessageOnItsWayIsDrawnOnTheLine(t *testing.T) {
	s := after(t, lesson(t, "send"), 4, step("A", trace.ConnWritten))
	line := rowOf(draw(s, 78, 17), "gRPC · TLS")
	if !strings.Contains(line, "●5") {
		t.Errorf("message 5 is not on the line: %q", line)
	}
	mustSay(t, draw(s, 78, 17), "消息 5「m4」交给了 gRPC，在去 B 的路上；B 的 reader 正等着它")
}

func TestAMarkGlidesFromTheWriterAlongTheLine(t *testing.T) {
	s := after(t, lesson(t, "send"), 4, step("A", trace.ConnWritten))
	p := New()
	last := point{-1, -1}
	for i := range 11 {
		s.Progress = float64(i) / 10
		rows := drawWith(p, s, 78, 17).Rows()
		now, found := pointOf(rows, "●5")
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
	mustSay(t, draw(s, 78, 17), "消息「m8」没有进得了 A 的 outBuff：发送队列满了", "▮▮▮ 3/3", "✕ 放弃过 1 条")
	s.Progress = 0.9
	mustSay(t, draw(s, 78, 17), "✕")
}

func TestBackPressureIsSeenInEveryStation(t *testing.T) {
	events := lesson(t, "receive")
	s := after(t, events, 1, func(e *timeline.Event) bool {
		return e.Act != nil && e.Peer == "C" && e.Act.Detail == "tx 1"
	})
	s.Selected = connectionOf(t, s, "A→B#1")
	rows := draw(s, 158, 36)
	mustSay(t, rows, "等空位", "1/1", "1:▮▮ 10/10", "满了")
	w := New().look(s).way()
	for st, want := range map[station]int{subscriber: 1, subscription: 10, service: 1, msgChan: 1, reader: 1, wire: 1} {
		if got := len(w.holds[st]); got != want {
			t.Errorf("station %d holds %d messages, want %d", st, got, want)
		}
	}
	mustSay(t, rows, "在去 B 的路上；B 的 reader 还拿着上一条，等 msgChan 腾出位置")
	v := New().look(s)
	s.Selected = *v.selection(w.holds[msgChan][0])
	mustSay(t, draw(s, 158, 36), "在 B 的 msgChan 里排第 1；service 还在处理", "订阅 1 的队列满了（10/10），service 在等空位")
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
	if rows := draw(garbage, 158, 36); rowOf(rows, "订阅者") != "" {
		t.Errorf("a first message is never delivered:\n%s", strings.Join(rows, "\n"))
	}
}

func TestAFailedPingIsWhereTheDialEnds(t *testing.T) {
	s := after(t, lesson(t, "verdict"), 1, func(e *timeline.Event) bool {
		return e.Step != nil && e.Step.Step == trace.PingAnswered && e.Step.Err != nil
	})
	mustSay(t, draw(s, 78, 17), "✓ 拨号 ── ✗ Ping", "那个端点没有人在听")
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
	mustSay(t, draw(s, 78, 17), "‖demux.deliver", "service 停在 demux.deliver")
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
			p := New()
			v := p.look(&scene.Scene{Events: events, At: i + 1, State: &st, Event: &events[i], Theme: scene.Dark})
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
			if i%7 != 0 {
				continue
			}
			for _, size := range [][2]int{{158, 36}, {130, 17}, {118, 14}, {78, 17}, {78, 15}, {58, 14}, {56, 13}, {40, 8}, {20, 3}, {1, 1}, {0, 0}, {3, 40}} {
				for _, lang := range []text.Lang{text.Chinese, text.English} {
					s := &scene.Scene{Events: events, At: i + 1, State: &st, Event: &events[i], Progress: float64(i%3) / 2, Lang: lang, Theme: scene.Light}
					p.Draw(canvas.New(size[0], size[1], i%2 == 0).Region(), s, i%3 == 0)
				}
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
	s := after(t, lesson(t, "receive"), 1, func(e *timeline.Event) bool { return e.Act != nil && e.Peer == "C" && e.Act.Detail == "tx 1" })
	s.Selected = connectionOf(t, s, "A→B#1")
	row := rowOf(draw(s, 78, 17), "●4")
	if !strings.Contains(row, "+7 ●6 ●5 ●4") {
		t.Errorf("the queue of ten shows %q", row)
	}
}

func TestAHundredThousandEventsDoNotSlowAFrame(t *testing.T) {
	events := slices.Clone(lesson(t, "send"))
	s := after(t, events, 4, step("A", trace.ConnWritten))
	for len(s.Events) < 100_000 {
		s.Events = append(s.Events, events...)
	}
	p, c := New(), canvas.New(158, 36, false)
	p.Draw(c.Region(), s, true)
	begun := time.Now()
	const frames = 300
	for i := range frames {
		s.Progress = float64(i) / frames
		c.Clear()
		p.Draw(c.Region(), s, true)
	}
	if each := time.Since(begun) / frames; each > 20*time.Millisecond { // about a fifth of one, but under the race detector and on a busy machine
		t.Errorf("a frame takes %v", each)
	}
}

func TestKeptPictures(t *testing.T) {
	send, receive, acks, checks := lesson(t, "send"), lesson(t, "receive"), lesson(t, "acks"), lesson(t, "checks")
	for _, shot := range []struct {
		name          string
		scene         *scene.Scene
		width, height int
		lang          text.Lang
	}{
		{"handshake", after(t, send, 1, step("B", trace.AuthCertHash)), 78, 17, text.Chinese},
		{"handshake", after(t, send, 1, step("B", trace.AuthCertHash)), 78, 15, text.English},
		{"refused", after(t, checks, 1, step("B", trace.AuthRefuse)), 158, 36, text.Chinese},
		{"writing", hold(after(t, send, 4, step("A", trace.ConnWrite))), 78, 17, text.Chinese},
		{"writing", hold(after(t, send, 4, step("A", trace.ConnWrite))), 78, 15, text.English},
		{"writing", hold(after(t, send, 4, step("A", trace.ConnWrite))), 40, 8, text.Chinese},
		{"full", after(t, receive, 14, step("B", trace.ConnReceived)), 158, 36, text.Chinese},
		{"full", after(t, receive, 14, step("B", trace.ConnReceived)), 158, 36, text.English},
		{"ack", after(t, acks, 1, step("A", trace.AckPublish)), 118, 14, text.Chinese},
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
