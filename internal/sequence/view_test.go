package sequence

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// crossing is a real session in which much goes wrong: two peers dial each other at once, a line is cut, a peer is killed.
func crossing(t *testing.T) []timeline.Event {
	return session(t, func(t *testing.T, lb *lab.Lab) {
		a, b, c := newPeer(t, lb, "A"), newPeer(t, lb, "B"), newPeer(t, lb, "C")
		inbox := b.Subscribe(func(any) bool { return true })
		go func() {
			for m := range inbox {
				b.Ack(m, nil)
			}
		}()
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.Send("from A", b.Remote())
		}()
		b.Send("from B", a.Remote())
		<-done
		a.SendWithAck("both", 2*time.Second, 2, b.Remote(), c.Remote())
		for _, l := range lb.Links() {
			l.Cut()
			break
		}
		c.Send("lost?", a.Remote())
		a.Kill()
		c.Send("to a dead peer", a.Remote())
		time.Sleep(5 * time.Second)
		c.Stop()
	})
}

// filters are enough to meet every branch.
func filters(d *Diagram) []Filter {
	return []Filter{
		{}, {Detail: Notable}, {Detail: Messages, Quiet: -1}, {Peers: []string{"B"}}, {Kinds: []Kind{Data, Ack}}, {Open: []string{"A", "B"}},
		{Message: d.MessageAt(d.Last() / 2)}, {Quiet: time.Millisecond},
	}
}

// bare returns the rows of a picture without names, which are shown as they are known now, and without the places of lanes, which stay
// where they are for peers and goroutines that are still to come.
func bare(p Picture) []Row {
	rows := rowsOf(p)
	for i := range rows {
		r := &rows[i]
		r.Far, r.Lane, r.Conn, r.Other = 0, 0, "", ""
		if r.Then != nil {
			r.Then.Lane, r.Then.Conn, r.Then.Other = 0, "", ""
		}
		for _, a := range []*Arrow{r.Departs, r.Arrives} {
			if a != nil {
				a.From.Lane, a.To.Lane = 0, 0
			}
		}
	}
	return rows
}

func TestAPictureOfAnEarlierMomentIsThatOfAShorterSession(t *testing.T) {
	for name, events := range map[string][]timeline.Event{"greeting": greeting(t), "crossing": crossing(t)} {
		whole := diagramOf(events)
		var views []*View
		for _, f := range filters(whole) {
			views = append(views, whole.View(f))
		}
		part := New()
		for k, e := range events {
			part.Append(e)
			for i, f := range filters(whole) {
				if (k+i)%5 != 0 {
					continue // each moment with some of the filters
				}
				want, got := bare(part.View(f).Now()), bare(views[i].At(e.N))
				if !reflect.DeepEqual(want, got) {
					t.Fatalf("%s at event %d with %+v:\n%s", name, e.N, f, cmp.Diff(want, got))
				}
			}
		}
	}
}

func TestAViewThatGrowsIsWhatOneMadeAnewWouldBe(t *testing.T) {
	events := crossing(t)
	d := New()
	var growing []*View
	for _, f := range filters(diagramOf(events)) {
		growing = append(growing, d.View(f))
	}
	for _, e := range events {
		d.Append(e)
		for i, v := range growing {
			before := slices.Clone(v.rows)
			v.Now()
			settled := max(0, len(before)-1) // the last row may still get the arrival of what leaves there
			if len(v.rows) < len(before) || !slices.Equal(before[:settled], v.rows[:settled]) {
				t.Fatalf("event %d changes what view %d has shown", e.N, i)
			}
		}
	}
	for i, f := range filters(d) {
		if diff := cmp.Diff(rowsOf(d.View(f).Now()), rowsOf(growing[i].Now())); diff != "" {
			t.Errorf("with %+v:\n%s", f, diff)
		}
	}
}

func TestEveryEventIsFoundInTheFullPicture(t *testing.T) {
	events := crossing(t)
	d := diagramOf(events)
	p := d.View(Filter{}).Now()
	for _, e := range events {
		i, found := p.Find(e.N)
		if !found || !slices.Contains(p.Row(i).Events, e.N) {
			t.Fatalf("event %d: row %d, %v", e.N, i, found)
		}
	}
	messages := d.View(Filter{Detail: Messages}).Now()
	for _, e := range events {
		i, found := messages.Find(e.N)
		if i < 0 {
			continue // before the first row
		}
		r := messages.Row(i)
		switch {
		case found != slices.Contains(r.Events, e.N):
			t.Fatalf("event %d: row %d has %v, found %v", e.N, i, r.Events, found)
		case !found && r.What != Quiet && r.Events[0] > e.N:
			t.Fatalf("event %d is shown by a later one, %d", e.N, r.Events[0])
		}
	}
	if i, found := p.Find(d.Last() + 1); found || i != p.Len()-1 {
		t.Errorf("an event that has not happened: row %d, %v", i, found)
	}
	if i, found := New().View(Filter{}).Now().Find(1); found || i != -1 {
		t.Errorf("in an empty picture: row %d, %v", i, found)
	}
}

func TestAMessageThatLeavesAndArrivesWithNothingBetweenIsOneRow(t *testing.T) {
	s, a, b := established()
	written := s.send("A", a, 2, data(0, "x"))
	received := s.receive("B", b, 2, data(0, "x"))
	_, between := s.write("A", a, 3, data(0, "y"))
	s.tell("A", a, trace.ConnWriterEnd, trace.Event{})
	later := s.receive("B", b, 3, data(0, "y"))
	p := s.diagram().View(Filter{}).Now()
	i, _ := p.Find(received)
	r := p.Row(i)
	mustBe(t, "x", []uint64{written, received}, r.Events)
	if r.Departs != nil || r.Arrives == nil || r.Arrives.From.Row != i || r.Arrives.To.Row != i || r.Then == nil || r.Then.Step != trace.ConnReceived {
		t.Errorf("%+v", r)
	}
	y := theArrow(t, p, `"y"`)
	left, _ := p.Find(between)
	arrives, _ := p.Find(later)
	if y.From.Row != left || y.To.Row != arrives || left >= arrives {
		t.Errorf("y goes from row %d to row %d, want %d to %d", y.From.Row, y.To.Row, left, arrives)
	}
	if before := s.diagram().View(Filter{}).At(written); before.Row(before.Len()-1).Then != nil {
		t.Error("before it has arrived, the row shows its arrival")
	}
}

func TestFollowingAMessageShowsItFromItsEnqueueToItsAcknowledgement(t *testing.T) {
	d := diagramOf(greeting(t))
	p := d.View(Filter{}).Now()
	two := theArrow(t, p, `"two"`)
	want := []string{"ack.subscribe", "conn.enqueue", "conn.write", "conn.written", "conn.received", "conn.queued", "conn.handle", "demux.deliver",
		"demux.delivered", "accept.hand", "ack.respond", "conn.enqueue", "conn.write", "conn.written", "conn.received", "ack.publish",
		"ack.result", "ack.done"}
	got := steps(d.View(Filter{Message: two.Message, Quiet: -1}).Now())
	slices.Sort(want)
	slices.Sort(got)
	mustBe(t, "two", want, got)
	ack := theArrow(t, p, "ack")
	answer := steps(d.View(Filter{Message: ack.Message, Quiet: -1}).Now())
	slices.Sort(answer)
	mustBe(t, "its acknowledgement leads to the same", want, answer)
}

// A call of SendWithAck that goes to two peers is two messages. The end of the call is about both.
func TestEachMessageOfACallIsFollowedAlone(t *testing.T) {
	events := session(t, func(t *testing.T, lb *lab.Lab) {
		a, b, c := newPeer(t, lb, "A"), newPeer(t, lb, "B"), newPeer(t, lb, "C")
		for _, p := range []*lab.Peer{b, c} {
			inbox := p.Subscribe(func(any) bool { return true })
			go func() {
				for m := range inbox {
					p.Ack(m, nil)
				}
			}()
		}
		a.SendWithAck("x", 2*time.Second, 2, b.Remote(), c.Remote())
	})
	d := diagramOf(events)
	for _, x := range arrowsOf(d.View(Filter{Kinds: []Kind{Data}}).Now()) {
		done := 0
		for _, r := range rowsOf(d.View(Filter{Message: x.Message}).Now()) {
			if r.Arrives != nil && r.Arrives.From.Peer != x.To.Peer && r.Arrives.To.Peer != x.To.Peer {
				t.Errorf("to %s belongs what goes from %s to %s", x.To.Peer, r.Arrives.From.Peer, r.Arrives.To.Peer)
			}
			if r.Step == trace.AckDone {
				done++
			}
		}
		mustEqual(t, "ends of the call for "+x.To.Peer, 1, done)
	}
}

func TestAMessageThatIsHandedOverStaysTheSame(t *testing.T) {
	s, old, heir := new(script), dialled(1, "B"), accepted(2, portOf("B", 1))
	s.born("A", "B")
	s.tell("A", old, trace.DialStart, trace.Event{})
	enqueued := s.enqueue("A", old, data(0, "x"))
	s.connect("B", "A", dialled(1, "A"), heir, 1)
	s.tell("A", old, trace.StoreHandover, trace.Event{Peer: []byte("B"), Subject: heir, Queue: outBuff(1)})
	again := s.enqueue("A", heir, data(0, "x"))
	_, written := s.write("A", heir, 2, data(0, "x"))
	d := s.diagram()
	if d.MessageAt(enqueued) == 0 || d.MessageAt(enqueued) != d.MessageAt(again) || d.MessageAt(again) != d.MessageAt(written) {
		t.Errorf("enqueued as %d, then as %d, written as %d", d.MessageAt(enqueued), d.MessageAt(again), d.MessageAt(written))
	}
}

func TestFollowingAConnEstablishShowsItsChecksAndItsRefusal(t *testing.T) {
	events := session(t, func(t *testing.T, lb *lab.Lab) {
		a := newPeer(t, lb, "A")
		a.Handshake(a.Remote()) // a peer does not talk to itself
	})
	d := diagramOf(events)
	hello := theArrow(t, d.View(Filter{}).Now(), "ConnEstablish")
	got := steps(d.View(Filter{Message: hello.Message}).Now())
	for _, want := range []string{"auth.sent", "auth.signature", "auth.expected", "auth.refuse"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
}

func TestAFilterByPeersKeepsTheirLanesAndWhatIsTheSessions(t *testing.T) {
	s, a, b := established()
	s.born("C")
	s.say("look")
	written := s.send("A", a, 2, data(0, "x"))
	s.receive("B", b, 2, data(0, "x"))
	p := s.diagram().View(Filter{Peers: []string{"A"}}).Now()
	if lanes := p.Lanes(); len(lanes) != 1 || lanes[0].Peer != "A" {
		t.Fatalf("lanes: %v", lanes)
	}
	line := false
	for _, r := range rowsOf(s.diagram().View(Filter{Peers: []string{"B"}}).Now()) {
		line = line || r.What == timeline.KindLink
	}
	if !line {
		t.Error("the line that A has dialled to B is not shown to who looks at B")
	}
	said := false
	for _, r := range rowsOf(p) {
		said = said || r.What == timeline.KindSay
		if r.Peer != "A" && r.Peer != "" && r.Other != "A" {
			t.Errorf("a row of %s", r.Peer)
		}
	}
	if !said {
		t.Error("what is said has gone")
	}
	x := theArrow(t, p, `"x"`)
	if x.From.N != written || x.State != Arrived || x.To.Lane != -1 || x.To.Row != -1 || x.To.Peer != "B" || x.To.N == 0 {
		t.Errorf("the arrow to the peer that is not shown: %+v", x)
	}
}

func TestAFilterByKindNeverHidesAGap(t *testing.T) {
	s, a, b := established()
	s.send("A", a, 2, data(0, "x"))
	s.receive("B", b, 2, data(0, "x"))
	last := uint64(len(s.events))
	s.events = append(s.events, timeline.Event{N: last + 5, At: s.clock, Kind: timeline.KindGap, Gap: 5})
	gaps := 0
	for _, r := range rowsOf(s.diagram().View(Filter{Kinds: []Kind{Data}, Quiet: -1}).Now()) {
		if r.What == timeline.KindGap {
			gaps++
		} else if r.Kind != Data {
			t.Errorf("a row of kind %q: %+v", r.Kind, r)
		}
	}
	mustEqual(t, "gaps", 1, gaps)
}

func TestTheLevelsOfDetailContainEachOther(t *testing.T) {
	d := diagramOf(crossing(t))
	shown := func(level Detail) map[uint64]bool {
		set := map[uint64]bool{}
		for _, r := range rowsOf(d.View(Filter{Detail: level, Quiet: -1}).Now()) {
			for _, n := range r.Events {
				set[n] = true
			}
		}
		return set
	}
	all, notable, messages := shown(Everything), shown(Notable), shown(Messages)
	mustEqual(t, "everything", len(d.entries.all), len(all))
	for n := range messages {
		if !notable[n] {
			t.Errorf("event %d is shown among messages, not among what is notable", n)
		}
	}
	if len(messages) >= len(notable) || len(notable) >= len(all) {
		t.Errorf("%d, %d, %d", len(messages), len(notable), len(all))
	}
	for i := range d.entries.all {
		step := d.entries.all[i].event.Step
		if step != nil && narrate.StatusOf(step) == narrate.Failing && !notable[d.entries.all[i].event.N] {
			t.Errorf("a failure is not notable: %s", step.Step)
		}
	}
}

func TestAQuietStretchIsOneRowThatSaysHowLong(t *testing.T) {
	s, a, b := established()
	before := s.send("A", a, 2, data(0, "x"))
	s.pass(2 * time.Second)
	s.receive("B", b, 2, data(0, "x"))
	d := s.diagram()
	p := d.View(Filter{}).Now()
	i, _ := p.Find(before)
	quiet := p.Row(i + 1)
	if quiet.What != Quiet || quiet.Lasts != 2*time.Second+time.Millisecond || quiet.Hidden != 0 || quiet.Lane != -1 {
		t.Errorf("%+v", quiet)
	}
	mustEqual(t, "in words", "… quiet for 2 s …", quiet.Text.En)
	mustEqual(t, "in words", "… 安静了 2 秒 …", quiet.Text.Zh)
	if x := theArrow(t, p, `"x"`); x.From.Row != i || x.To.Row != i+2 {
		t.Errorf("the arrow goes from row %d to row %d", x.From.Row, x.To.Row)
	}
	if last := d.View(Filter{}).At(before); last.Row(last.Len()-1).What == Quiet {
		t.Error("the stretch is told before it has ended")
	}
	for _, f := range []Filter{{Quiet: -1}, {Quiet: 3 * time.Second}} {
		for _, r := range rowsOf(d.View(f).Now()) {
			if r.What == Quiet {
				t.Errorf("with %v: %+v", f.Quiet, r)
			}
		}
	}
}

func TestAStretchOfWhichMuchIsHiddenIsQuietToo(t *testing.T) {
	s, a, b := established()
	first := s.send("A", a, 2, data(0, "x"))
	for range manyHidden {
		s.tell("A", a, trace.ConnRead, trace.Event{Number: 2})
	}
	s.receive("B", b, 2, data(0, "x"))
	p := s.diagram().View(Filter{Kinds: []Kind{Data}}).Now()
	i, _ := p.Find(first + 3)
	if r := p.Row(i); r.What != Quiet || r.Hidden != manyHidden {
		t.Errorf("%+v", r)
	}
	if _, found := p.Find(first + 3); found {
		t.Error("what is hidden was found")
	}
}

func TestAnOpenedPeerHasALaneForEachGoroutineThatHasToldOfItself(t *testing.T) {
	d := diagramOf(greeting(t))
	p := d.View(Filter{Open: []string{"B"}}).Now()
	var names []string
	for _, lane := range p.Lanes() {
		names = append(names, fmt.Sprint(lane.Peer, " ", lane.Goroutine))
	}
	mustBe(t, "lanes", []string{"A ", "B ", "B caller", "B handler", "B writer", "B reader", "B service", "B subscription"}, names)
	one := theArrow(t, p, `"one"`)
	mustEqual(t, "read on", trace.ReaderGoroutine, p.Lanes()[one.To.Lane].Goroutine)
	mustEqual(t, "written on", "A", p.Lanes()[one.From.Lane].Peer)
	for _, r := range rowsOf(p) {
		if r.Lane >= 0 && p.Lanes()[r.Lane].Peer != r.Peer {
			t.Errorf("a row of %s is on a lane of %s", r.Peer, p.Lanes()[r.Lane].Peer)
		}
	}
}

func TestALifelineBeginsWithABirthAndEndsWithADeath(t *testing.T) {
	s := new(script)
	s.born("A", "B")
	s.died("A", "killed")
	s.say("and again")
	s.born("A")
	p := s.diagram().View(Filter{}).Now()
	var alive []string
	for row := range p.Len() {
		alive = append(alive, fmt.Sprint(p.Alive(0, row), p.Alive(1, row)))
	}
	mustBe(t, "A and B", []string{"true false", "true true", "true true", "false true", "true true"}, alive)
	mustEqual(t, "lanes", 2, len(p.Lanes()))
	mustEqual(t, "the kill", narrate.Failing, p.Row(2).Status)
}

func TestPeersStandInTheOrderOfTheirBirth(t *testing.T) {
	s := new(script)
	s.born("C", "A")
	s.link("X→C#1", timeline.LinkOpen, "10.0.0.1:1")
	var names []string
	for _, lane := range s.diagram().View(Filter{}).Now().Lanes() {
		names = append(names, lane.Peer)
	}
	mustBe(t, "lanes", []string{"C", "A", "X"}, names)
}

func TestWhatAPeerHasSentIsMadePrintable(t *testing.T) {
	s, a, _ := established()
	s.send("A", a, 2, data(0, "\x1b[31m\nred"))
	s.add(timeline.Event{Kind: timeline.KindSay, Text: &text.Text{Zh: "一\n二\x07", En: "one\ntwo\x07"}})
	p := s.diagram().View(Filter{}).Now()
	theArrow(t, p, `"?[31m red"`)
	mustEqual(t, "what is said keeps its lines", "one\ntwo?", p.Row(p.Len()-1).Text.En)
}

// Recordings come from other people. Whatever they tell, in whatever order, is drawn as well as it can be.
func TestNonsenseIsDrawnWithoutFailing(t *testing.T) {
	peers := []string{"A", "B", "", "→", "A→B#1"}
	rapid.Check(t, func(t *rapid.T) {
		s := new(script)
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			peer := rapid.SampledFrom(peers).Draw(t, "peer")
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				s.add(timeline.Event{Kind: timeline.KindBirth, Peer: peer, Birth: &timeline.Birth{Name: peer, Endpoint: peer, PKIID: []byte(peer)}})
			case 1:
				s.died(peer, rapid.SampledFrom([]string{"killed", "stopped", ""}).Draw(t, "cause"))
			case 2:
				s.add(timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{Name: rapid.SampledFrom(peers).Draw(t, "line"),
					Change: rapid.SampledFrom([]string{"open", "cut", "close", "?"}).Draw(t, "change"), Dialer: peer}})
			case 3:
				s.add(timeline.Event{Kind: rapid.SampledFrom([]timeline.Kind{timeline.KindAct, timeline.KindStep, timeline.KindGap, "?"}).Draw(t, "none"), Peer: peer})
			default:
				info := rapid.SampledFrom(trace.Catalogue).Draw(t, "step")
				s.tell(peer, nonsense(t, "object"), info.Step, trace.Event{Number: uint64(rapid.IntRange(0, 3).Draw(t, "number")),
					Envelope: rapid.SampledFrom(words).Draw(t, "envelope"), Subject: nonsense(t, "subject"), Local: peer,
					Remote: rapid.SampledFrom(peers).Draw(t, "remote"), Peer: []byte(peer),
					Err: rapid.SampledFrom([]error{nil, nil, errBoom}).Draw(t, "err")})
			}
		}
		d := s.diagram()
		now := uint64(rapid.IntRange(0, len(s.events)).Draw(t, "now"))
		for _, f := range filters(d) {
			v := d.View(f)
			rowsOf(v.At(now))
			rowsOf(v.Now())
		}
	})
}

// words are what nonsense is made of: handshakes, messages, acknowledgements, and what is none.
var words = []*proto.Envelope{nil, hello("A"), hello("B"), data(0, "x"), data(7, "y"), acknowledgement(7), {Payload: []byte{0xff}}}

func nonsense(t *rapid.T, label string) trace.Object {
	return trace.Object{Kind: rapid.SampledFrom([]trace.Kind{trace.Connection, trace.Connection, trace.Store, trace.Instance, ""}).Draw(t, label),
		ID: uint64(rapid.IntRange(0, 3).Draw(t, label)), Role: rapid.SampledFrom([]trace.Role{trace.Initiator, trace.Acceptor, ""}).Draw(t, label),
		Endpoint: rapid.SampledFrom([]string{"A", "B", ""}).Draw(t, label)}
}

// Two Pings are under way, and only the answers tell which of them was served where. Whoever follows one of them sees both halves then.
func TestAViewLearnsThatTwoMessagesAreOne(t *testing.T) {
	s, first, second := new(script), dialled(1, "B"), dialled(2, "B")
	s.born("A", "B")
	sent := s.tell("A", first, trace.PingSend, trace.Event{})
	s.tell("A", second, trace.PingSend, trace.Event{})
	s.link("A→B#1", timeline.LinkOpen, portOf("A", 1))
	served := s.tell("B", instance, trace.PingServed, trace.Event{Local: endpointOf("B"), Remote: portOf("A", 1)})
	d := s.diagram()
	v := d.View(Filter{Message: d.MessageAt(sent)})
	mustEqual(t, "rows before", 1, v.Now().Len())
	s.tell("A", first, trace.PingAnswered, trace.Event{Local: portOf("A", 1), Remote: endpointOf("B")})
	d.Append(s.events[len(s.events)-1])
	if i, found := v.Now().Find(served); !found {
		t.Errorf("where it was served is not shown; row %d of %v", i, steps(v.Now()))
	}
	if d.MessageAt(served) != d.MessageAt(sent) {
		t.Errorf("sent as %d, served as %d", d.MessageAt(sent), d.MessageAt(served))
	}
}

// A stretch of which only a little is hidden is told in the grammar of little.
func TestAQuietStretchCountsWhatItHides(t *testing.T) {
	for hidden, want := range map[int]string{0: "… quiet for 2 s …", 1: "… 2 s, with 1 event not shown …", 2: "… 2 s, with 2 events not shown …"} {
		s := new(script)
		s.born("A")
		s.say("hush")
		for range hidden {
			s.tell("A", instance, trace.StopFlag, trace.Event{}) // not of the kinds that are shown
		}
		s.pass(2*time.Second - time.Duration(hidden+1)*time.Millisecond)
		s.say("now")
		rows := rowsOf(s.diagram().View(Filter{Kinds: []Kind{Lesson}}).Now())
		mustEqual(t, "the row between", want, rows[1].Text.En)
	}
}
