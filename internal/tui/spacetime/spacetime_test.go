package spacetime

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

func TestAnArrowLeadsFromTheWriteToTheRead(t *testing.T) {
	events := story() // in a lesson a read may be told before its write, and then the arrow leads from the gate
	n := when(t, events, 1, message("B", trace.ConnReceived, 2))
	rows := draw(live(events, n), 78, 17)
	leaves := rowOf(rows, "conn.written")
	mustSay(t, rows, "conn.written •", "●2 「hello」")
	arrives := rows[here(rows)]
	if !strings.Contains(arrives, "→• conn.received") {
		t.Errorf("the row of the read is %q", arrives)
	}
	if leaves != arrives { // it goes down between the lanes, in the same column
		if down, over := column(leaves, "┐"), column(arrives, "└"); down < 0 || down != over {
			t.Errorf("it turns down in column %d and to the lane in column %d", down, over)
		}
	}
}

func TestWhatIsOnItsWayGoesDownToThePresent(t *testing.T) {
	events := lesson(t, "send")
	cut := when(t, events, 1, func(e *timeline.Event) bool { return e.Link != nil && e.Link.Change == timeline.LinkCut })
	rows := draw(live(events, cut), 78, 17)
	row, now := rowOf(rows, "conn.written •─●9 「m10」"), rows[here(rows)]
	if down := column(row, "┐"); down < 0 || column(now, "●") != down {
		t.Errorf("it turns down in column %d, and on the line of the present there is %q:\n%s", down, now, strings.Join(rows, "\n"))
	}
}

func TestWhatIsOnItsWayCrossesTheLineToTheFuture(t *testing.T) {
	events := story()
	rows := draw(at(events, when(t, events, 1, message("A", trace.AuthSent, 1))+1), 78, 17)
	down, line := column(rowOf(rows, "◆1 ConnEstablish"), "┐"), rowOf(rows, says.later.Zh)
	if down < 0 || cell(line, down) != "╎" {
		t.Errorf("it turns down in column %d; the line is %q", down, line)
	}
}

func TestWhatArrivesBelowTheLastLineRunsDownToIt(t *testing.T) {
	events := story()
	s, p := at(events, len(events)), New()
	drawWith(p, s, 78, 12)
	sent := when(t, events, 1, message("A", trace.AuthSent, 1))
	p.away, p.cursor = true, uint64(sent+1)
	p.top = p.cursorRow() - p.drawn.bodyLines + 1
	rows := drawWith(p, s, 78, 12)
	down := column(rowOf(rows, "◆1 ConnEstablish"), "┐")
	if last := rows[len(rows)-2]; down < 0 || cell(last, down) != "│" {
		t.Errorf("it turns down in column %d:\n%s", down, strings.Join(rows, "\n"))
	}
}

func TestTheArrowGrowsWhileItsEventIsShown(t *testing.T) {
	events := story() // in a lesson a read may be told before its write, and then nothing grows at the write
	for _, wanted := range []func(*timeline.Event) bool{
		step("A", trace.PingSend), message("A", trace.AuthSent, 1), message("B", trace.AuthReceived, 1), message("A", trace.ConnWritten, 2),
	} {
		s := live(events, when(t, events, 1, wanted))
		tip := -1
		for _, s.Progress = range []float64{0, 0.3, 0.6, 0.9} {
			rows := draw(s, 78, 17)
			x := column(rows[here(rows)], "→")
			if x >= 0 && x < tip || x < 0 && tip >= 0 || s.Progress == 0.9 && x < 0 {
				t.Errorf("%s: at %.1f the tip is in column %d, before it was in %d", s.Event.Step.Step, s.Progress, x, tip)
			}
			if s.Progress > 0.5 && x == tip {
				t.Errorf("%s: at %.1f the tip has not moved", s.Event.Step.Step, s.Progress)
			}
			tip = x
		}
	}
}

func TestWhatIsDroppedEndsInACrossBesideItsSender(t *testing.T) {
	events := lesson(t, "send")
	n := when(t, events, 1, step("A", trace.ConnDrop))
	rows := draw(live(events, n), 78, 17)
	row := rows[here(rows)]
	if from, cross := column(row, "✗"), column(row, "─✕"); from < 0 || cross < from || cross > from+14 {
		t.Errorf("the row of the drop is %q", row)
	}
}

func TestWhatIsLostOnItsWayEndsInACrossBetweenTheLanes(t *testing.T) {
	events := lesson(t, "send")
	cut := when(t, events, 1, func(e *timeline.Event) bool { return e.Link != nil && e.Link.Change == timeline.LinkCut })
	n := cut + when(t, events[cut:], 1, step("B", trace.ConnReceived))
	rows := draw(live(events, n), 78, 30)
	row := rowOf(rows, "conn.written •", "✕")
	if from, to := column(row, "•"), column(row, "┊"); row == "" || column(row, "✕") < (from+to)/2 {
		t.Errorf("the row of the write is %q:\n%s", row, strings.Join(rows, "\n"))
	}
	mustSay(t, rows, "✕ A→B#1 线路剪断")
}

func TestNobodyKnowsWhetherARefusalReachesAnIntruder(t *testing.T) {
	events := lesson(t, "checks")
	rows := draw(live(events, when(t, events, 1, step("B", trace.AuthRefuse))), 78, 17)
	row := rows[here(rows)]
	if !strings.Contains(row, "✗┄◆ 拒绝┄") || !strings.Contains(row, "?") {
		t.Errorf("the row of the refusal is %q", row)
	}
	mustSay(t, rows[:2], "入侵者")
}

// What arrives and what answers it at once would lie on each other.
func TestARowInWhichSomethingArrivesAndSomethingLeavesTakesTwoLines(t *testing.T) {
	events := lesson(t, "meet")
	rows := draw(live(events, when(t, events, 1, step("B", trace.PingServed))), 78, 17)
	i := here(rows)
	if !strings.Contains(rows[i], "→• ping.served") || !strings.Contains(rows[i+1], "■ Ping 的答复") || !strings.Contains(rows[i+1], "─┤") {
		t.Errorf("%s", strings.Join(rows[i:i+2], "\n"))
	}
}

func TestWiresThatAreDownAtTheSameTimeHaveColumnsOfTheirOwn(t *testing.T) {
	events := lesson(t, "send")
	n := when(t, events, 1, message("A", trace.ConnWritten, 8))
	p := New()
	drawWith(p, live(events, n), 78, 17)
	down := map[int]int{}
	for _, w := range p.drawn.wires {
		if p.drawn.isUnderWay(w) && w.arrives == nowhere {
			down[w.x]++
		}
	}
	if len(down) < 3 {
		t.Fatalf("only %d messages are on their way", len(down))
	}
	for x, wires := range down {
		if x == 0 || wires > 1 {
			t.Errorf("%d wires have column %d", wires, x)
		}
	}
}

func TestTheRowThatIsShownIsTheLastOfTheUpperTwoThirds(t *testing.T) {
	events := lesson(t, "acks")
	for _, n := range []int{100, 101, 200, 300} {
		rows := draw(at(events, n), 78, 17)
		body := 17 - 2 // without head and foot
		if i := here(rows) - 1; i < body*2/3-2 || i >= body*2/3 {
			t.Errorf("after %d events it is line %d of %d:\n%s", n, i, body, strings.Join(rows, "\n"))
		}
	}
}

func TestWhereNothingCameLaterTheRowsFillThePanel(t *testing.T) {
	events := lesson(t, "acks")
	rows := draw(live(events, 200), 78, 17)
	if i := here(rows); i < 14 {
		t.Errorf("the last row is line %d:\n%s", i, strings.Join(rows, "\n"))
	}
	mustNotSay(t, rows, says.later.Zh)
}

// Going back shows the past as it was: what is above the line does not know what is below.
func TestTheFutureChangesNothingOfThePast(t *testing.T) {
	events := lesson(t, "meet")
	births := when(t, events, 1, step("A", trace.DialStart))
	for n := births; n < len(events); n++ {
		then, now := draw(live(events, n), 78, 40), draw(at(events, n), 78, 40)
		line := slices.IndexFunc(now, func(row string) bool { return strings.Contains(row, says.later.Zh) })
		if line < 0 {
			t.Fatalf("after %d events nothing divides past and future", n)
		}
		// Messages that are on their way run on below the line, so the line of the present may differ in its last mark.
		past, before := now[2:line-2], then[2:]
		for i, row := range past {
			j := here(then) - 2 - (here(now) - 2 - i)
			if j >= 0 && j < len(before) && trimClock(before[j]) != trimClock(row) {
				t.Fatalf("after %d events, live and gone back to:\n%s\n%s", n, before[j], row)
			}
		}
	}
}

// trimClock takes the clock off a row, which is not repeated while it stands still.
func trimClock(row string) string {
	if canvas.Width(row) < 9 {
		return row
	}
	return string([]rune(row)[9:])
}

func TestALaneOfAPeerThatIsNotBornYetSaysSo(t *testing.T) {
	events := lesson(t, "meet")
	born := when(t, events, 2, func(e *timeline.Event) bool { return e.Birth != nil })
	mustSay(t, draw(at(events, born-1), 78, 15), "A Org1", "(B)")
	mustSay(t, draw(at(events, born), 78, 15), "A Org1", "B Org1")
}

func TestALifelineEndsWhereItsPeerEnds(t *testing.T) {
	events := lesson(t, "acks") // in which E is killed
	n := when(t, events, 1, func(e *timeline.Event) bool { return e.Death != nil })
	wide := draw(live(events, n+1), 78, 17)
	x, i := column(wide[0], "E"), slices.IndexFunc(wide, func(row string) bool { return strings.Contains(row, "节点 E 被强行终止") })
	born := slices.IndexFunc(wide, func(row string) bool { return strings.Contains(row, "节点 E 启动") })
	if column(wide[i], "✗") != x || column(wide[born], "┬") != x {
		t.Errorf("E's lane is column %d:\n%s", x, strings.Join(wide, "\n"))
	}
	if rest := wide[i+1]; cell(rest, x) == lifeline {
		t.Errorf("its lane goes on below its death: %q", rest)
	}
}

func TestAQuietStretchSaysHowLongItWas(t *testing.T) {
	events := lesson(t, "checks")
	quiet := -1
	for i := 1; i < len(events); i++ {
		if events[i].At-events[i-1].At > 1e9 {
			quiet = i + 1
			break
		}
	}
	mustSay(t, draw(live(events, quiet), 78, 17), "安静了", "秒")
}

func TestBeforeAnythingHasHappenedItSaysWhatWillBeHere(t *testing.T) {
	empty := &scene.Scene{State: new(timeline.State), Lang: text.English, Theme: scene.Dark, Progress: 1}
	mustSay(t, draw(empty, 78, 15), "Nothing has happened yet.")
	events := lesson(t, "meet")
	mustSay(t, draw(live(events, 1), 78, 15), "还没有节点")
}

func TestSixteenPeersFit(t *testing.T) {
	const names = "ABCDEFGHIJKLMNOP"
	events := crowd(t, names)
	for _, size := range [][2]int{{158, 36}, {78, 15}} {
		rows := draw(at(events, len(events)/2), size[0], size[1])
		if got := strings.Join(strings.Fields(rows[0]), ""); got != "时钟"+names && got != names {
			t.Errorf("at %v the heads are %q", size, rows[0])
		}
	}
	// Where they do not fit, the lane of the event is among those that are drawn.
	for n := 100; n < len(events); n += 100 {
		s := at(events, n)
		if rows := draw(s, 40, 8); s.Event.Step != nil && !strings.Contains(rows[0], s.Event.Peer) {
			t.Errorf("the event is %s's, the heads are %q", s.Event.Peer, rows[0])
		}
	}
}

func TestItDrawsEveryMomentAtEverySize(t *testing.T) {
	for _, slug := range []string{"meet", "checks", "acks", "verdict", "store", "endings"} {
		events := lesson(t, slug)
		p, q := New(), New()
		do(t, q, at(events, 50), "o", "d")
		for n := 0; n <= len(events); n += 7 {
			s := at(events, n)
			for i, size := range [][2]int{{158, 36}, {78, 17}, {118, 14}, {40, 8}, {20, 5}, {3, 3}, {1, 1}, {0, 0}} {
				s.Lang, s.Progress = []text.Lang{text.Chinese, text.English}[n%2], float64(n%3)/2
				c := canvas.New(size[0], size[1], i%2 == 0)
				p.Draw(c.Region(), s, i%2 == 0)
				q.Draw(c.Region(), s, i%2 == 0)
				p.Click(size[0]/2, size[1]/2, s)
			}
			p.Do([]scene.Command{scene.Up, scene.PageDown, scene.PageUp, turnKinds, scene.Down, onlyPeer, traceMessage, follow}[n%8], s)
		}
	}
}

func TestAnASCIIPictureHasNothingButASCII(t *testing.T) {
	events := story()
	for n := range events {
		s := english(at(events, n))
		c := canvas.New(78, 17, true)
		New().Draw(c.Region(), s, true)
		for _, row := range c.Rows() {
			if i := strings.IndexFunc(row, func(r rune) bool { return r > 0x7e }); i >= 0 {
				t.Fatalf("%q", row)
			}
		}
	}
}

func TestEverythingIsSaidInBothLanguages(t *testing.T) {
	table := reflect.ValueOf(says)
	check := func(name string, s text.Text) {
		if s.Zh == "" || s.En == "" || strings.Count(s.Zh, "%") != strings.Count(s.En, "%") {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for i := range table.NumField() {
		name, field := table.Type().Field(i).Name, table.Field(i)
		if field.Kind() == reflect.Map {
			continue
		}
		check(name, text.Text{Zh: field.Field(0).String(), En: field.Field(1).String()})
	}
	for _, change := range []string{timeline.LinkOpen, timeline.LinkClose, timeline.LinkCut, timeline.LinkDelay, timeline.LinkFreeze,
		timeline.LinkThaw, timeline.LinkHalfClose} {
		check(change, says.links[change])
	}
}

// Pictures that were looked at before they were kept.
func TestThePicturesAreAsTheyWere(t *testing.T) {
	events := story()
	hello := when(t, events, 1, message("B", trace.AuthReceived, 1))
	for _, test := range []struct {
		name          string
		s             *scene.Scene
		width, height int
		ascii         bool
		commands      []string
	}{
		{"handshake", at(events, hello), 78, 17, false, nil},
		{"ascii", english(at(events, hello)), 78, 17, true, nil},
		{"losses", live(events, len(events)), 78, 15, false, nil},
		{"whole", english(live(events, len(events))), 158, 60, false, nil},
		{"opened", at(events, when(t, events, 1, message("B", trace.ConnReceived, 2))), 158, 24, false, []string{"o"}},
		{"messages-only", english(live(events, len(events))), 118, 20, false, []string{"d", "d"}},
		{"one-peer", live(events, len(events)), 78, 36, false, []string{"up", "up", "y"}},
		{"small", at(events, hello), 40, 8, false, nil},
	} {
		p := New()
		drawWith(p, test.s, test.width, test.height)
		do(t, p, test.s, test.commands...)
		c := canvas.New(test.width, test.height, test.ascii)
		p.Draw(c.Region(), test.s, true)
		kept(t, test.name, c.Rows())
	}
}

func english(s *scene.Scene) *scene.Scene {
	s.Lang = text.English
	return s
}

func Example_keys() {
	for _, o := range New().Offers() {
		fmt.Println(o.Key, o.Says.En)
	}
	// Output:
	// o open/close peer
	// k kind
	// d detail
	// y this peer only
	// v trace message
	// g follow the event
}
