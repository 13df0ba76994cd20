package sequence

import (
	"errors"
	"testing"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

// greeting is a real session: A sends B a message, B acknowledges another, A closes.
func greeting(t *testing.T) []timeline.Event {
	return session(t, func(t *testing.T, lb *lab.Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		inbox := b.Subscribe(func(any) bool { return true })
		if err := a.Send("one", b.Remote()); err != nil {
			t.Fatal(err)
		}
		<-inbox
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.SendWithAck("two", 5*time.Second, 1, b.Remote())
		}()
		b.Ack(<-inbox, nil)
		<-done
		a.CloseConn(b.Remote())
	})
}

func TestAWriteIsJoinedToItsRead(t *testing.T) {
	d := diagramOf(greeting(t))
	a := theArrow(t, d.View(Filter{}).Now(), `"one"`)
	if a.State != Arrived || a.From.Peer != "A" || a.To.Peer != "B" || a.Kind != Data || a.Number != 2 || a.Back {
		t.Errorf("%+v", a)
	}
	mustEqual(t, "it arrives at", trace.ConnReceived, d.stepAt(a.To.N))
	if from := d.stepAt(a.From.N); from != trace.ConnWritten && from != trace.ConnWrite {
		t.Errorf("it leaves at %s", from)
	}
	if a.From.N >= a.To.N {
		t.Errorf("it leaves at %d and arrives at %d", a.From.N, a.To.N)
	}
}

func TestEverythingThatTravelsInAGoodSessionArrives(t *testing.T) {
	d := diagramOf(greeting(t))
	labels := map[string]int{}
	for _, a := range arrowsOf(d.View(Filter{}).Now()) {
		labels[a.From.Peer+"→"+a.To.Peer+" "+a.Label.En]++
		if a.State != Arrived {
			t.Errorf("%s from %s: %+v", a.Label.En, a.From.Peer, a)
		}
	}
	for _, want := range []string{"A→B Ping", "B→A Ping answered", "A→B open the stream", "A→B ConnEstablish", "B→A ConnEstablish", `A→B "one"`,
		`A→B "two"`, "B→A ack", "A→B end of the stream", "B→A end of the stream"} {
		if labels[want] != 1 {
			t.Errorf("%d times %q, want 1; there are %v", labels[want], want, labels)
		}
	}
	mustEqual(t, "arrows", 10, len(labels))
	for _, a := range arrowsOf(d.View(Filter{}).Now()) {
		switch from := d.stepAt(a.From.N); {
		case a.Label.En != "end of the stream":
		case a.From.Peer == "A":
			mustEqual(t, "A's half ends at", trace.ConnDrain, from)
		default:
			mustEqual(t, "B's half ends at", trace.ConnServeEnd, from)
		}
	}
}

func TestAMessageThatHasNotArrivedIsOnItsWay(t *testing.T) {
	s, a, b := established()
	written := s.send("A", a, 2, data(0, "x"))
	received := s.receive("B", b, 2, data(0, "x"))
	v := s.diagram().View(Filter{})
	way := theArrow(t, v.At(received-1), `"x"`)
	if way.State != OnTheWay || way.From.N != written || way.To.N != 0 || way.To.Row != -1 || way.To.Peer != "B" || way.To.Lane != 1 {
		t.Errorf("before it is read: %+v", way)
	}
	if there := theArrow(t, v.At(received), `"x"`); there.State != Arrived || there.To.N != received {
		t.Errorf("when it is read: %+v", there)
	}
}

func TestAReadThatIsToldBeforeItsWriteBeginsAtTheGate(t *testing.T) {
	s, a, b := established()
	s.enqueue("A", a, data(0, "x"))
	gate := s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: data(0, "x"), Queue: outBuff(0)})
	s.tell("A", a, trace.ConnRead, trace.Event{Number: 2})
	received := s.receive("B", b, 2, data(0, "x"))
	s.tell("A", a, trace.ConnWritten, trace.Event{Number: 2, Envelope: data(0, "x"), Queue: outBuff(0)})
	p := s.diagram().View(Filter{}).Now()
	if x := theArrow(t, p, `"x"`); x.From.N != gate || x.To.N != received {
		t.Errorf("from %d to %d, want %d to %d", x.From.N, x.To.N, gate, received)
	}
}

// Of several messages with the same bytes, each is joined to its own read.
func TestMessagesThatAreAlikeAreToldApartByTheirNumbers(t *testing.T) {
	s, a, b := established()
	var written, received [3]uint64
	for range 3 {
		s.enqueue("A", a, data(0, "same"))
	}
	for i := range 3 {
		_, written[i] = s.write("A", a, uint64(i)+2, data(0, "same"))
	}
	for i := range 3 {
		received[i] = s.receive("B", b, uint64(i)+2, data(0, "same"))
	}
	i := 0
	for _, x := range arrowsOf(s.diagram().View(Filter{}).Now()) {
		if x.Kind == Data {
			mustEqual(t, "leaves", written[i], x.From.N)
			mustEqual(t, "arrives", received[i], x.To.N)
			i++
		}
	}
	mustEqual(t, "messages", 3, i)
}

func TestWhatTheQueueHasNoRoomForDoesNotArrive(t *testing.T) {
	s, a, _ := established()
	dropped := s.tell("A", a, trace.ConnDrop, trace.Event{Envelope: data(0, "x"), Queue: outBuff(20), Err: errors.New("the send queue is full")})
	p := s.diagram().View(Filter{}).Now()
	x := theArrow(t, p, `"x"`)
	if x.State != Lost || x.From.N != dropped || x.To.Peer != "B" || x.To.N != 0 || x.Why.En != "the send queue is full" || x.Why.Zh == x.Why.En {
		t.Errorf("%+v", x)
	}
}

// In a flood the same is said again and again. Meanwhile somebody may have come whose address is in it.
func TestWhyAMessageIsLostIsSaidWithTheNamesThatAreKnownByThen(t *testing.T) {
	s, a, _ := established()
	drop := func(content, address string) {
		s.tell("A", a, trace.ConnDrop, trace.Event{Envelope: data(0, content), Queue: outBuff(20), Err: errors.New("waiting for " + address)})
	}
	drop("1", endpointOf("C"))
	drop("2", endpointOf("C"))
	s.born("C")
	drop("3", endpointOf("C"))
	drop("4", portOf("C", 1))
	s.link("C→B#1", timeline.LinkOpen, portOf("C", 1))
	drop("5", portOf("C", 1))
	drop("6", endpointOf("B"))
	p := s.diagram().View(Filter{}).Now()
	for label, why := range map[string]string{`"1"`: "…", `"2"`: "…", `"3"`: "C", `"4"`: "…", `"5"`: "C", `"6"`: "B"} {
		mustEqual(t, label, "waiting for "+why, theArrow(t, p, label).Why.En)
	}
}

func TestAMessageThatIsDroppedFromTheQueueIsTheOneThatWasEnqueued(t *testing.T) {
	s, a, _ := established()
	enqueued := s.enqueue("A", a, data(0, "x"))
	dropped := s.tell("A", a, trace.ConnDrop, trace.Event{Envelope: data(0, "x"), Queue: outBuff(0), Err: errBoom})
	d := s.diagram()
	if d.MessageAt(enqueued) == 0 || d.MessageAt(enqueued) != d.MessageAt(dropped) {
		t.Errorf("enqueued as %d, dropped as %d", d.MessageAt(enqueued), d.MessageAt(dropped))
	}
}

func TestAMessageWhoseWriteFailsIsLostOnce(t *testing.T) {
	s, a, _ := established()
	s.enqueue("A", a, data(0, "x"))
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: data(0, "x"), Queue: outBuff(0)})
	failed := s.tell("A", a, trace.ConnWritten, trace.Event{Number: 2, Envelope: data(0, "x"), Queue: outBuff(0), Err: errBoom})
	s.tell("A", a, trace.ConnDrop, trace.Event{Envelope: data(0, "x"), Queue: outBuff(0), Err: errBoom})
	if x := theArrow(t, s.diagram().View(Filter{}).Now(), `"x"`); x.State != Lost || x.From.N != failed {
		t.Errorf("%+v", x)
	}
}

// A cut takes along what was under way; that is known when the reader meets the end.
func TestACutLineLosesWhatWasUnderWay(t *testing.T) {
	s, a, b := established()
	s.send("A", a, 2, data(0, "x"))
	cut := s.link("A→B#1", timeline.LinkCut, portOf("A", 1))
	met := s.tell("B", b, trace.ConnReceived, trace.Event{Number: 2, Err: errors.New("connection reset by peer")})
	v := s.diagram().View(Filter{})
	mustEqual(t, "when it is cut", OnTheWay, theArrow(t, v.At(cut), `"x"`).State)
	if x := theArrow(t, v.At(met), `"x"`); x.State != Lost || x.Why != says.cut {
		t.Errorf("%+v", x)
	}
}

func TestWhatWasOnItsWayToAKilledPeerIsLost(t *testing.T) {
	s, a, _ := established()
	s.send("A", a, 2, data(0, "x"))
	s.died("B", "killed")
	late := s.send("A", a, 3, data(0, "y"))
	p := s.diagram().View(Filter{}).Now()
	if x := theArrow(t, p, `"x"`); x.State != Lost || x.Why.En != "B was killed" {
		t.Errorf("%+v", x)
	}
	if y := theArrow(t, p, `"y"`); y.State != Lost || y.From.N != late {
		t.Errorf("%+v", y)
	}
}

func TestALossBelievedTooEarlyIsTakenBack(t *testing.T) {
	s, a, b := established()
	s.send("A", a, 2, data(0, "x"))
	ended := s.tell("B", b, trace.ConnReaderEnd, trace.Event{})
	s.receive("B", b, 2, data(0, "x"))
	v := s.diagram().View(Filter{})
	mustEqual(t, "before", Lost, theArrow(t, v.At(ended), `"x"`).State)
	mustEqual(t, "after", Arrived, theArrow(t, v.Now(), `"x"`).State)
}

func TestNobodyTellsWhatAnIntruderReceives(t *testing.T) {
	events := session(t, func(t *testing.T, lb *lab.Lab) {
		b := newPeer(t, lb, "B")
		x, err := lb.NewIntruder("X")
		if err != nil {
			t.Fatal(err)
		}
		stream, err := x.Open(t.Context(), b, false, "no TLS certificate")
		if err != nil {
			t.Fatal(err)
		}
		stream.Recv() // the refusal
		x.HangUp()
	})
	p := diagramOf(events).View(Filter{}).Now()
	opened, refused := theArrow(t, p, "open the stream"), theArrow(t, p, "refusal")
	if opened.From.Peer != "X" || opened.From.N != 0 || opened.From.Row != -1 || opened.From.Lane != 1 || opened.State != Arrived {
		t.Errorf("the stream that X has opened: %+v", opened)
	}
	if refused.State != Untold || refused.From.Peer != "B" || refused.To.Peer != "X" || refused.To.N != 0 {
		t.Errorf("the refusal: %+v", refused)
	}
	if lane := p.Lanes()[1]; !lane.Intruder || lane.Peer != "X" {
		t.Errorf("its lane: %+v", lane)
	}
}

func TestARefusalTravelsFromTheAcceptorToTheInitiator(t *testing.T) {
	events := session(t, func(t *testing.T, lb *lab.Lab) {
		a := newPeer(t, lb, "A")
		a.Handshake(a.Remote()) // a peer does not talk to itself
	})
	d := diagramOf(events)
	r := theArrow(t, d.View(Filter{}).Now(), "refusal")
	mustEqual(t, "it leaves at", trace.AuthRefuse, d.stepAt(r.From.N))
	mustEqual(t, "it arrives at", trace.AuthReceived, d.stepAt(r.To.N))
	mustEqual(t, "it answers", d.rootOf(r.Message), theArrow(t, d.View(Filter{}).Now(), "ConnEstablish").Message)
}

// A foreign peer answers and tells nothing of what it receives.
func TestWhatAForeignPeerReceivesIsNotCalledLost(t *testing.T) {
	events := session(t, func(t *testing.T, lb *lab.Lab) {
		a := newPeer(t, lb, "A")
		g, err := lb.NewFabricAcceptor("G", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Handshake(g.Remote()); err != nil {
			t.Fatal(err)
		}
	})
	v := diagramOf(events).View(Filter{})
	for _, x := range arrowsOf(v.Now()) {
		want := Untold
		if x.To.Peer == "A" {
			want = Arrived
		}
		if x.State != want {
			t.Errorf("%s from %s: %+v", x.Label.En, x.From.Peer, x)
		}
		if x.To.Peer == "G" && x.Kind == Handshake { // by then it is known that G tells nothing
			mustEqual(t, "when it leaves", Untold, theFrom(t, v.At(x.From.N), x.From.N).State)
		}
	}
}

// theFrom returns the arrow that leaves at event n.
func theFrom(t *testing.T, p Picture, n uint64) Arrow {
	t.Helper()
	for _, a := range arrowsOf(p) {
		if a.From.N == n {
			return a
		}
	}
	t.Fatalf("nothing leaves at event %d", n)
	return Arrow{}
}

// Two ends with matching addresses are one stream only if what the one received is what the other sent.
func TestAManInTheMiddleDoesNotJoin(t *testing.T) {
	s, a, b := new(script), dialled(1, "B"), accepted(1, portOf("A", 1))
	s.born("A", "B")
	s.dial("A", "B", a, 1)
	s.shake("A", "B", a, b, 1, hello("forged"))
	p := s.diagram().View(Filter{}).Now()
	for _, x := range arrowsOf(p) {
		if x.Kind == Handshake && x.From.Peer == "A" && x.From.N != 0 && x.State == Arrived {
			t.Errorf("A's ConnEstablish was joined to another one: %+v", x)
		}
	}
}

// A dials B twice, and both Pings are served before either is answered: only the answers tell which is which.
func TestPingsAtTheSameTimeAreJoinedByTheirAnswers(t *testing.T) {
	s, first, second := new(script), dialled(1, "B"), dialled(2, "B")
	s.born("A", "B")
	sent := []uint64{s.tell("A", first, trace.PingSend, trace.Event{}), s.tell("A", second, trace.PingSend, trace.Event{})}
	// The second dial got the first line.
	s.link("A→B#1", timeline.LinkOpen, portOf("A", 1))
	s.link("A→B#2", timeline.LinkOpen, portOf("A", 2))
	served := []uint64{
		s.tell("B", instance, trace.PingServed, trace.Event{Local: endpointOf("B"), Remote: portOf("A", 2)}),
		s.tell("B", instance, trace.PingServed, trace.Event{Local: endpointOf("B"), Remote: portOf("A", 1)}),
	}
	d := s.diagram()
	for _, x := range arrowsOf(d.View(Filter{}).Now()) {
		if x.Label.En == "Ping" && x.From.N != 0 && x.State == Arrived {
			t.Errorf("a Ping was joined by a guess: %+v", x)
		}
	}
	s.tell("A", second, trace.PingAnswered, trace.Event{Local: portOf("A", 1), Remote: endpointOf("B")})
	s.tell("A", first, trace.PingAnswered, trace.Event{Local: portOf("A", 2), Remote: endpointOf("B")})
	joined := map[uint64]uint64{}
	for _, x := range arrowsOf(s.diagram().View(Filter{}).Now()) {
		if x.Label.En == "Ping" {
			joined[x.From.N] = x.To.N
		}
	}
	mustEqual(t, "the first", served[0], joined[sent[0]])
	mustEqual(t, "the second", served[1], joined[sent[1]])
}

func TestAPingIsAheadUntilItIsServed(t *testing.T) {
	s, a := new(script), dialled(1, "B")
	s.born("A", "B")
	s.tell("A", a, trace.PingSend, trace.Event{})
	mustEqual(t, "announced", Ahead, theArrow(t, s.diagram().View(Filter{}).Now(), "Ping").State)
	s.tell("A", a, trace.PingAnswered, trace.Event{Err: errors.New("connection refused")})
	mustEqual(t, "refused by the system", Lost, theArrow(t, s.diagram().View(Filter{}).Now(), "Ping").State)
}

// A peer that is stopping refuses a Ping without telling of it. So it did arrive.
func TestAPingThatIsRefusedHasArrived(t *testing.T) {
	s, a := new(script), dialled(1, "B")
	s.born("A", "B")
	s.tell("A", a, trace.PingSend, trace.Event{})
	s.tell("A", a, trace.PingAnswered, trace.Event{Err: errors.Join(comm.ErrRefused, errors.New("the peer is stopping"))})
	p := s.diagram().View(Filter{}).Now()
	mustEqual(t, "the Ping", Untold, theArrow(t, p, "Ping").State)
	mustEqual(t, "the answer", "B", theArrow(t, p, "refusal").From.Peer)
}

func TestTheWordsThatAreSearchedForAreTheLayersOwn(t *testing.T) {
	mustEqual(t, "refused", refusedWords, comm.ErrRefused.Error())
	mustEqual(t, "closed", otherEndWords, comm.ErrPeerClosed.Error())
}

func TestAfterAGapNobodyKnowsWhetherWhatWasUnderWayHasArrived(t *testing.T) {
	s, a, _ := established()
	written := s.send("A", a, 2, data(0, "x"))
	s.events = append(s.events, timeline.Event{N: written + 10, At: s.clock, Kind: timeline.KindGap, Gap: 10})
	d := s.diagram()
	mustEqual(t, "before the gap", OnTheWay, theArrow(t, d.View(Filter{}).At(written), `"x"`).State)
	mustEqual(t, "after it", Untold, theArrow(t, d.View(Filter{}).Now(), `"x"`).State)
}

// A session of which only the end is there: the recorder had to forget its beginning.
func TestADiagramCanBeginInTheMiddle(t *testing.T) {
	s, a, b := established()
	known := len(s.events)
	keyframe := timeline.Fold(s.events)
	written := s.send("A", a, 2, data(0, "x"))
	received := s.receive("B", b, 2, data(0, "x"))
	d := From(&keyframe)
	for _, e := range s.events[known-3:] { // what it has already is ignored
		d.Append(e)
	}
	p := d.View(Filter{}).Now()
	if x := theArrow(t, p, `"x"`); x.From.N != written || x.To.N != received {
		t.Errorf("%+v", x)
	}
	mustEqual(t, "lanes", 2, len(p.Lanes()))
	mustEqual(t, "the first row", uint64(known)+1, p.Row(0).Events[0])
	mustEqual(t, "its connection", "A→B#1", p.Row(0).Conn)
	s.tell("B", b, trace.ConnReceived, trace.Event{Number: 3, Err: errors.New("read " + portOf("A", 1) + " of " + endpointOf("B"))})
	d.Append(s.events[len(s.events)-1])
	p = d.View(Filter{}).Now()
	mustEqual(t, "addresses have names", "read A of B", p.Row(p.Len()-1).Why.En)
}
