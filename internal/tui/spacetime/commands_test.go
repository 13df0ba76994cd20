package spacetime

import (
	"slices"
	"strings"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

func TestTheOffersHaveKeysOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range New().Offers() {
		if !strings.Contains(scene.Letters, o.Key) || seen[o.Key] {
			t.Errorf("%s has the key %q", o.Command, o.Key)
		}
		seen[o.Key] = true
	}
}

func TestTheCursorMovesOverRowsAndEnterGoesThere(t *testing.T) {
	events := lesson(t, "meet")
	n := when(t, events, 1, message("B", trace.ConnReceived, 2))
	s, p := at(events, n), New()
	drawWith(p, s, 78, 17)
	do(t, p, s, "up", "up")
	rows := drawWith(p, s, 78, 17)
	i := slices.IndexFunc(rows, func(row string) bool { return strings.HasPrefix(row, "▸") })
	if i < 0 || i >= here(rows) {
		t.Fatalf("the cursor is in line %d:\n%s", i, strings.Join(rows, "\n"))
	}
	mustSay(t, rows[len(rows)-1:], "不再跟随（g 恢复）")
	target := p.row(p.cursorRow()).Events
	if o := p.Do(scene.Choose, s); o.GoTo != target[len(target)-1] || o.Inspect {
		t.Errorf("Enter: %+v, want to go to %v", o, target)
	}
	// Having gone there, it follows again, and Enter opens what is selected.
	s = at(events, int(target[len(target)-1]))
	s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "A"}
	if rows := drawWith(p, s, 78, 17); here(rows) < 0 || rowOf(rows, "▸ ") != "" && p.away {
		t.Errorf("it does not follow:\n%s", strings.Join(rows, "\n"))
	}
	if o := p.Do(scene.Choose, s); !o.Inspect || o.GoTo != 0 {
		t.Errorf("Enter again: %+v", o)
	}
}

func TestWhereTheReaderHasScrolledNothingMoves(t *testing.T) {
	events := lesson(t, "acks")
	p := New()
	s := live(events, 200)
	drawWith(p, s, 78, 17)
	do(t, p, s, "page-up", "page-up")
	before := drawWith(p, s, 78, 17)
	after := drawWith(p, live(events, 230), 78, 17)
	for i := 1; i < 16; i++ {
		// Only that something has arrived below may show.
		if cut := min(len(before[i]), len(after[i]), 20); before[i][:cut] != after[i][:cut] {
			t.Errorf("line %d:\n%s\n%s", i, before[i], after[i])
		}
	}
	do(t, p, s, "g")
	if rows := drawWith(p, s, 78, 17); here(rows) < 0 {
		t.Errorf("it does not follow again:\n%s", strings.Join(rows, "\n"))
	}
}

// Every step that is about a message of a connection selects that message, at the end where the step is.
func TestARowSelectsTheMessageThatItIsAbout(t *testing.T) {
	events := lesson(t, "meet")
	n := when(t, events, 1, step("B", trace.DemuxUnclaimed))
	s, p := at(events, n), New()
	drawWith(p, s, 78, 17)
	found := 0
	for i := range p.past.Len() {
		row := p.row(i)
		if row.Message == 0 || !slices.Contains([]trace.Step{trace.ConnEnqueue, trace.ConnWrite, trace.ConnWritten, trace.ConnReceived,
			trace.ConnQueued, trace.ConnHandle, trace.DemuxUnclaimed, trace.AuthSent, trace.AuthReceived, trace.AuthDecode}, row.Step) {
			continue
		}
		found++
		selected := p.selectionOf(s, i)
		if selected == nil || selected.Kind != scene.SelectMessage || selected.Peer != row.Peer {
			t.Errorf("%s of %s selects %+v", row.Step, row.Peer, selected)
			continue
		}
		s.Selected = *selected
		if m := s.Message(); m == nil || p.idOf(m) != p.diagram.Same(row.Message) {
			t.Errorf("%s of %s selects message %+v", row.Step, row.Peer, m)
		}
		if sent := row.Step == trace.ConnEnqueue || row.Step == trace.ConnWrite || row.Step == trace.ConnWritten || row.Step == trace.AuthSent; sent != selected.Out {
			t.Errorf("%s: out is %v", row.Step, selected.Out)
		}
	}
	if found < 10 {
		t.Errorf("only %d rows were looked at", found)
	}
}

func TestARowWithoutAMessageSelectsItsConnectionOrItsPeer(t *testing.T) {
	events := lesson(t, "meet")
	n := when(t, events, 1, step("B", trace.DemuxUnclaimed))
	s, p := at(events, n), New()
	drawWith(p, s, 78, 17)
	for i := range p.past.Len() {
		row := p.row(i)
		selected := p.selectionOf(s, i)
		switch {
		case row.Step == trace.DialStart || row.Step == trace.ConnServe:
			if selected == nil || selected.Kind != scene.SelectConnection || selected.Conn.Peer != row.Peer {
				t.Errorf("%s of %s selects %+v", row.Step, row.Peer, selected)
			}
		case row.What == timeline.KindBirth || row.What == timeline.KindAct:
			if selected == nil || selected.Kind != scene.SelectPeer || selected.Peer != row.Peer {
				t.Errorf("%s of %s selects %+v", row.What, row.Peer, selected)
			}
		case row.What == timeline.KindTitle && selected != nil:
			t.Errorf("a title selects %+v", selected)
		}
	}
}

func TestTheMessageThatIsSelectedIsReversed(t *testing.T) {
	events := lesson(t, "meet")
	n := when(t, events, 1, message("B", trace.ConnReceived, 2))
	s, p := at(events, n), New()
	drawWith(p, s, 78, 17)
	s.Selected = *p.selectionOf(s, p.here)
	drawWith(p, s, 78, 17)
	reversed := false
	for _, c := range p.drawn.grid.cells {
		reversed = reversed || strings.HasPrefix(c.words, scene.DataMark+"2") && c.style.Reverse
	}
	if !reversed {
		t.Error("its mark is not reversed")
	}
}

func TestKindsAreShownAlone(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, len(events)), New()
	drawWith(p, s, 78, 17)
	do(t, p, s, "k")
	rows := drawWith(p, s, 78, 60)
	mustSay(t, rows, "◆1 ConnEstablish")
	mustSay(t, rows, "只看握手", says.hidden.Zh)
	mustNotSay(t, rows, "store.stored")
	do(t, p, s, "k")
	rows = drawWith(p, s, 78, 60)
	mustSay(t, rows, "●2")
	mustNotSay(t, rows, "◆1")
	for range 20 { // once around
		do(t, p, s, "k")
		if len(p.filter.Kinds) == 0 {
			break
		}
	}
	mustNotSay(t, drawWith(p, s, 78, 60), "只看")
}

func TestAFilterThatLeavesNothingSaysSo(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, len(events)), New()
	drawWith(p, s, 78, 17)
	do(t, p, s, "k", "k", "k", "k", "k") // unreadable messages
	mustSay(t, drawWith(p, s, 78, 17), "筛选之后什么也不剩")
}

func TestLessDetailShowsTheMessages(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, len(events)), New()
	drawWith(p, s, 78, 17)
	do(t, p, s, "d", "d")
	rows := drawWith(p, s, 78, 60)
	mustSay(t, rows, "●2", "→• conn.received")
	mustNotSay(t, rows, "auth.cert-hash")
}

func TestOnePeerAloneHasArrowsToTheNamesOfTheOthers(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, len(events)), New()
	drawWith(p, s, 158, 36)
	s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "B"}
	do(t, p, s, "y")
	rows := drawWith(p, s, 78, 80)
	mustSay(t, rows, "•←", "●2", "A")
	mustSay(t, rows, "◆1", "→ A")
	mustSay(t, rows, "只看节点 B")
	mustNotSay(t, rows, "conn.written")
	do(t, p, s, "y")
	mustSay(t, drawWith(p, s, 78, 80), "conn.written")
}

func TestAPeerOpensIntoItsGoroutines(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, when(t, events, 1, message("B", trace.ConnReceived, 2))), New()
	drawWith(p, s, 158, 36)
	do(t, p, s, "o") // the peer of the event that is shown: B
	rows := drawWith(p, s, 158, 36)
	for _, role := range []string{"handler", "writer", "reader", "service"} {
		mustSay(t, rows[1:2], role)
	}
	x := column(rows[here(rows)], "• conn.received")
	if head := column(rows[1], "reader"); x < head || x > head+len("reader") {
		t.Errorf("conn.received is in column %d, the head of the reader in %d", x, head)
	}
	do(t, p, s, "o")
	mustNotSay(t, drawWith(p, s, 158, 36), "handler")
}

func TestAMessageIsTracedToItsAcknowledgement(t *testing.T) {
	events := lesson(t, "acks")
	n := when(t, events, 1, step("A", trace.AckPublish))
	s, p := at(events, len(events)), New()
	drawWith(p, s, 158, 36)
	p.away, p.cursor = true, events[n-1].N
	do(t, p, s, "v")
	rows := drawWith(p, s, 158, 60)
	mustSay(t, rows, "▲")
	mustSay(t, rows, "●")
	mustSay(t, rows, "ack.publish")
	mustSay(t, rows, "只跟踪")
	mustNotSay(t, rows, "demux.add")
	all := p.len()
	do(t, p, s, "v")
	if drawWith(p, s, 158, 60); p.len() <= all {
		t.Errorf("%d rows are left when it is traced no more, there were %d", p.len(), all)
	}
}

func TestTheMessageThatIsSelectedElsewhereCanBeTraced(t *testing.T) {
	events := lesson(t, "meet")
	n := when(t, events, 1, step("B", trace.DemuxUnclaimed))
	s, p := at(events, n), New()
	drawWith(p, s, 78, 17)
	i := slices.IndexFunc(events, func(e timeline.Event) bool { return message("A", trace.ConnWritten, 2)(&e) })
	c := s.ConnectionOf(&events[i])
	s.Selected = scene.Selection{Kind: scene.SelectMessage, Peer: "A", Conn: c.Key, Out: true, Index: 1}
	do(t, p, s, "v")
	rows := drawWith(p, s, 78, 17)
	mustSay(t, rows, "只跟踪 「你好，B」")
	mustSay(t, rows, "conn.enqueue")
	mustNotSay(t, rows, "auth.sent")
}

func TestWhereThereIsNoMessageToTraceItSaysSo(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, when(t, events, 1, step("A", trace.DialStart))), New()
	drawWith(p, s, 78, 17)
	do(t, p, s, "v")
	mustSay(t, drawWith(p, s, 78, 17), says.noMessage.Zh)
	do(t, p, s, "g")
	mustNotSay(t, drawWith(p, s, 78, 17), says.noMessage.Zh)
}

func TestLeftAndRightSelectPeers(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, len(events)), New()
	drawWith(p, s, 158, 36)
	s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "A"}
	if do(t, p, s, "right"); s.Selected.Peer != "B" {
		t.Errorf("%+v is selected", s.Selected)
	}
	if do(t, p, s, "right"); s.Selected.Peer != "B" { // the last
		t.Errorf("%+v is selected", s.Selected)
	}
	if do(t, p, s, "left"); s.Selected.Peer != "A" {
		t.Errorf("%+v is selected", s.Selected)
	}
}

func TestAClickSelectsAndASecondOneGoesThere(t *testing.T) {
	events := lesson(t, "meet")
	s, p := at(events, when(t, events, 1, message("B", trace.ConnReceived, 2))), New()
	rows := drawWith(p, s, 78, 17)
	if o := p.Click(column(rows[0], "B Org1"), 0, s); o.Select == nil || o.Select.Peer != "B" || o.Select.Kind != scene.SelectPeer {
		t.Errorf("a click on the head of B: %+v", o)
	}
	y := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, "auth.expected") })
	o := p.Click(30, y, s)
	if o.Select == nil || o.GoTo != 0 {
		t.Fatalf("a click on a row: %+v", o)
	}
	s.Selected = *o.Select
	drawWith(p, s, 78, 17)
	y = p.drawn.headLines + slices.IndexFunc(p.drawn.lines, func(l line) bool { return !l.divider && l.row == p.cursorRow() })
	if o := p.Click(30, y, s); o.GoTo != p.row(p.cursorRow()).Events[0] && o.GoTo == 0 {
		t.Errorf("a click on the same row: %+v", o)
	}
}

// One row can show two events; whoever goes there wants to see both.
func TestEnterGoesToTheLastEventOfARow(t *testing.T) {
	events := story()
	s, p := at(events, len(events)), New()
	drawWith(p, s, 78, 30)
	do(t, p, s, "d", "d")
	i := when(t, events, 1, message("B", trace.ConnReceived, 2))
	p.away, p.cursor = true, uint64(i)
	if row := p.row(p.cursorRow()); len(row.Events) != 2 {
		t.Fatalf("the row has the events %v", row.Events)
	}
	if o := p.Do(scene.Choose, s); o.GoTo != uint64(i) {
		t.Errorf("it goes to %d, want %d", o.GoTo, i)
	}
}

func TestTheCursorSkipsWhatStandsForNoEvent(t *testing.T) {
	events := story()
	s, p := at(events, when(t, events, 1, step("A", trace.ConnDrop))), New()
	mustSay(t, drawWith(p, s, 78, 17), "安静了")
	do(t, p, s, "up")
	if row := p.row(p.cursorRow()); row.Step != trace.AckPublish {
		t.Errorf("the cursor is at %s %s", row.What, row.Step)
	}
}

func TestAllOfASessionCanBeScrolledThrough(t *testing.T) {
	for _, events := range [][]timeline.Event{story(), lesson(t, "send")} {
		for n := 0; n <= len(events); n += 1 + len(events)/80*20 {
			for _, height := range []int{8, 17} {
				scrollThrough(t, at(events, n), height)
			}
		}
	}
}

func scrollThrough(t *testing.T, s *scene.Scene, height int) {
	t.Helper()
	p := New()
	for _, c := range []string{"page-up", "page-down"} {
		for before := -2; before != p.cursorRow() || !p.away; {
			drawWith(p, s, 78, height)
			before = p.cursorRow()
			do(t, p, s, c)
			if before < 0 && !p.away {
				break // nothing is above
			}
		}
		rows := drawWith(p, s, 78, height)
		if p.away && rowOf(rows, "▸") == "" && here(rows) < 0 {
			t.Fatalf("the cursor is out of sight:\n%s", strings.Join(rows, "\n"))
		}
	}
	if i := p.cursorRow(); i < p.len()-1 {
		t.Errorf("it ends at row %d of %d", i, p.len())
	}
}
