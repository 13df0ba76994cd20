package timeline

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
)

func TestEveryStepOfTheCatalogueIsFolded(t *testing.T) {
	for _, info := range trace.Catalogue {
		if !folded(info.Step) {
			t.Errorf("%s is not folded", info.Step)
		}
	}
	if folded("no.such-step") {
		t.Error("a step that is in no catalogue is folded")
	}
}

// folded reports whether the step is in the table of a subject.
func folded(step trace.Step) bool {
	s := new(State)
	s.begin()
	f := folding{s: s, p: s.ownPeer("A"), t: &trace.Event{Step: step}, mark: Mark{N: 1}}
	return f.fold()
}

func TestHandshakeEndsEstablishedOnBothSides(t *testing.T) {
	s := new(script)
	s.add(Event{Kind: KindBirth, Peer: "A", Birth: &Birth{Name: "A"}}).add(Event{Kind: KindBirth, Peer: "B", Birth: &Birth{Name: "B"}})
	a, b := dialled(1), accepted(1)
	s.connect(a, b)
	st := s.state()
	mustHold(t, st)
	for _, want := range []struct {
		peer, remote string
		checks       []trace.Step
	}{
		{"A", "B", []trace.Step{trace.AuthTLSCert, trace.AuthDecode, trace.AuthType, trace.AuthPKIID, trace.AuthIdentity,
			trace.AuthCertHash, trace.AuthSignature, trace.AuthExpected}},
		{"B", "A", []trace.Step{trace.StreamLimit, trace.AuthTLSCert, trace.AuthDecode, trace.AuthType, trace.AuthPKIID,
			trace.AuthIdentity, trace.AuthCertHash, trace.AuthSignature, trace.AuthExpected}},
	} {
		c := st.Connection(key(want.peer, 1))
		if c.Phase != PhaseEstablished || !c.Stored || !c.Proven || string(c.PKIID) != want.remote {
			t.Errorf("%s: phase %s, stored %v, proven %v, peer %s", want.peer, c.Phase, c.Stored, c.Proven, c.PKIID)
		}
		var checks []trace.Step
		for _, k := range c.Checks {
			checks = append(checks, k.Step)
			if !k.Passed() {
				t.Errorf("%s: %s has not passed", want.peer, k.Step)
			}
		}
		mustBeSame(t, want.peer+"'s checks", want.checks, checks)
	}
	a1 := st.Connection(key("A", 1))
	if !a1.Ping.Passed() || string(a1.Expected) != "B" || a1.Local != addressA || a1.Remote != addressB {
		t.Errorf("A's connection: ping %v, expected %s, from %s to %s", a1.Ping, a1.Expected, a1.Local, a1.Remote)
	}
	if stored := st.Peer("A").Stored(); len(stored) != 1 || stored[0] != a1 {
		t.Errorf("A stores %v", stored)
	}
}

func TestPhaseFollowsTheDial(t *testing.T) {
	s, a := new(script), dialled(1)
	phase := func(want Phase) {
		t.Helper()
		st := s.state()
		if got := st.Connection(key("A", 1)).Phase; got != want {
			t.Errorf("phase %s, want %s", got, want)
		}
	}
	s.tell("A", theStore, trace.StoreLookup, trace.Event{Subject: a, Detail: "dialling"})
	phase(PhaseNew)
	s.tell("A", a, trace.DialStart, trace.Event{})
	phase(PhaseDialling)
	st := s.state()
	g, _ := st.Connection(key("A", 1)).Goroutine(trace.DialerGoroutine)
	if g.At != trace.DialStart || !g.Gate || !g.Alive {
		t.Errorf("the dialer is %+v", g)
	}
	if dials := st.Peer("A").Dials(); len(dials) != 1 {
		t.Errorf("%d dials under way", len(dials))
	}
	s.tell("A", a, trace.PingSend, trace.Event{})
	phase(PhasePinging)
	s.tell("A", a, trace.PingAnswered, trace.Event{Err: errors.New("connection refused")})
	s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("dial failed")})
	phase(PhaseClosed)
	st = s.state()
	c := st.Connection(key("A", 1))
	if !c.Ping.Failed || c.Ping.Reason != "connection refused" || c.Close.Reason != "dial failed" || !c.Close.Failed {
		t.Errorf("ping %+v, close %+v", c.Ping, c.Close)
	}
}

func TestRefusedHandshakeNamesTheCheck(t *testing.T) {
	s, a, b := new(script), dialled(1), accepted(1)
	s.dial("A", a, lineAB).arrive("B", b, lineAB)
	s.sendHello("A", a, hello("A")).receiveHello("B", b, hello("A")).verify("B", b, "A", trace.AuthCertHash)
	s.tell("B", b, trace.AuthRefuse, trace.Event{Err: errors.New("another certificate")})
	st := s.state()
	if c := st.Connection(key("B", 1)); c.Phase != PhaseClosing {
		t.Errorf("B's connection is %s after the refusal", c.Phase)
	}
	s.tell("B", b, trace.ConnClose, trace.Event{Err: errors.New("another certificate")})
	s.tell("A", a, trace.AuthRead, trace.Event{Number: 1})
	s.tell("A", a, trace.AuthReceived, trace.Event{Number: 1, Err: errors.New("refused: another certificate")})
	s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("refused: another certificate")})
	st = s.state()
	mustHold(t, st)
	c := st.Connection(key("B", 1))
	last := c.Checks[len(c.Checks)-1]
	if last.Step != trace.AuthCertHash || !last.Failed || c.Proven || c.Stored || c.Phase != PhaseClosed || !c.Refused.Failed {
		t.Errorf("B: last check %+v, proven %v, stored %v, phase %s, refused %+v", last, c.Proven, c.Stored, c.Phase, c.Refused)
	}
	ac := st.Connection(key("A", 1))
	if !ac.Received.Failed || ac.Received.Reason != "refused: another certificate" || ac.Phase != PhaseClosed {
		t.Errorf("A: received %+v, phase %s", ac.Received, ac.Phase)
	}
}

func TestProbeTellsAnAcceptorWhatTheStreamIsFor(t *testing.T) {
	s, b := new(script), accepted(1)
	s.arrive("B", b, lineAB).receiveHello("B", b, hello("A")).verify("B", b, "A", "")
	s.tell("B", b, trace.AuthProbe, trace.Event{Peer: []byte("A")})
	st := s.state()
	if c := st.Connection(key("B", 1)); c.Purpose != trace.ForHandshake || c.Stored {
		t.Errorf("purpose %s, stored %v", c.Purpose, c.Stored)
	}
}

func TestReconnectReplacesTheOlderConnection(t *testing.T) {
	s := new(script)
	s.connect(dialled(1), accepted(1))
	b2 := accepted(2)
	s.arrive("B", b2, ends{"127.0.0.1:40002", addressB}).receiveHello("B", b2, hello("A")).verify("B", b2, "A", "")
	s.tell("B", theStore, trace.StoreReplaced, trace.Event{Peer: []byte("A"), Subject: accepted(1)})
	s.store("B", b2, "A")
	s.tell("B", accepted(1), trace.ConnClose, trace.Event{Err: errors.New("replaced")})
	st := s.state()
	mustHold(t, st)
	older, newer := st.Connection(key("B", 1)), st.Connection(key("B", 2))
	if older.Stored || older.Phase != PhaseClosing || !newer.Stored {
		t.Errorf("older: stored %v, %s; newer: stored %v", older.Stored, older.Phase, newer.Stored)
	}
	s.end("B", accepted(1))
	st = s.state()
	if older = st.Connection(key("B", 1)); older.Phase != PhaseClosed {
		t.Errorf("older is %s when its goroutines are gone", older.Phase)
	}
}

func TestRemovalToldLateDoesNotUndoWhatCameAfterIt(t *testing.T) {
	s, b := new(script), accepted(1)
	removed := s.seq("B", theStore)
	s.store("B", b, "A")
	s.late("B", theStore, trace.StoreRemoved, trace.Event{Seq: removed, Subject: b})
	st := s.state()
	if !st.Connection(key("B", 1)).Stored {
		t.Error("a removal with a lower Seq took the connection out of the store")
	}
	stored := s.seq("B", theStore)
	s.tell("B", theStore, trace.StoreRemoved, trace.Event{Subject: b})
	s.late("B", theStore, trace.StoreStored, trace.Event{Seq: stored, Peer: []byte("A"), Subject: b})
	st = s.state()
	if st.Connection(key("B", 1)).Stored {
		t.Error("a storing with a lower Seq than the removal brought the connection back")
	}
}

// The queue of a subscription is reported when something goes in. That the last one was taken out shows only in its being handed over.
func TestQueueOfASubscriptionIsEmptyWhenAllWasHandedOver(t *testing.T) {
	s, b := new(script), theInstance
	s.tell("B", b, trace.DemuxAdd, trace.Event{Number: 1})
	for i, want := range []int{2, 2, 1, 0} {
		if i < 2 {
			s.tell("B", b, trace.DemuxDelivered, trace.Event{Number: 1, Envelope: data(uint64(i), "x"), Queue: trace.Queue{Name: "subscription", Len: 2, Cap: 10}})
		} else {
			s.tell("B", b, trace.AcceptHand, trace.Event{Number: 1, Envelope: data(uint64(i-2), "x")})
		}
		st := s.state()
		if got := st.Peer("B").Subscriptions[0].Queue; got.Len != want || got.Cap != 10 {
			t.Errorf("after event %d the queue is %d/%d, want %d/10", i+1, got.Len, got.Cap, want)
		}
	}
}

func TestQueueLengthWithALowerSeqDoesNotOverwrite(t *testing.T) {
	s, a := new(script), dialled(1)
	early := s.seq("A", a)
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: data(1, "two"), Queue: outBuff(2)})
	s.late("A", a, trace.ConnEnqueue, trace.Event{Seq: early, Envelope: data(2, "one"), Queue: outBuff(1)})
	st := s.state()
	c := st.Connection(key("A", 1))
	if c.OutBuff.Len != 2 || c.OutBuff.Cap != 20 {
		t.Errorf("outBuff %d/%d, want 2/20", c.OutBuff.Len, c.OutBuff.Cap)
	}
	if out := c.Outgoing(); len(out) != 2 || out[0].Nonce != 2 || out[1].Nonce != 1 {
		t.Errorf("the queue is not in the order of Seq: %v", out)
	}
}

func TestGoroutineToldLateStaysWhereItIs(t *testing.T) {
	s := new(script)
	s.connect(dialled(1), accepted(1))
	a := dialled(1)
	read := s.seq("A", a)
	s.tell("A", a, trace.ConnReaderEnd, trace.Event{})
	s.late("A", a, trace.ConnRead, trace.Event{Seq: read, Number: 2})
	st := s.state()
	if g, _ := st.Connection(key("A", 1)).Goroutine(trace.ReaderGoroutine); g.Alive || g.At != trace.ConnReaderEnd {
		t.Errorf("the reader is %+v", g)
	}
}

func TestClosedConnectionsAreForgottenButCounted(t *testing.T) {
	s := new(script)
	const made = keptConnections + 10
	for id := uint64(1); id <= made; id++ {
		s.tell("A", dialled(id), trace.DialStart, trace.Event{})
		s.tell("A", dialled(id), trace.ConnClose, trace.Event{Err: errors.New("refused")})
	}
	s.tell("A", dialled(1), trace.ConnDrop, trace.Event{Envelope: data(1, "late")}) // of one that was forgotten
	st := s.state()
	p := st.Peer("A")
	if len(p.Connections) != keptConnections || p.Forgotten != 10 || p.Connection(1) != nil || p.Connection(made) == nil {
		t.Errorf("%d kept, %d forgotten, first %v, last %v", len(p.Connections), p.Forgotten, p.Connection(1), p.Connection(made))
	}
}

func TestPeerIsBornAgainWithConnectionsOfItsOwn(t *testing.T) {
	s := new(script)
	for range 2 {
		s.add(Event{Kind: KindBirth, Peer: "A", Birth: &Birth{Name: "A", Organisation: "Org1"}})
		s.tell("A", dialled(1), trace.DialStart, trace.Event{})
		s.add(Event{Kind: KindDeath, Peer: "A", Death: &Death{Cause: "killed"}})
	}
	st := s.state()
	if len(st.Peers) != 2 || st.Peers[0].Life != 1 || st.Peers[1].Life != 2 || st.Peer("A") != st.Peers[1] {
		t.Fatalf("lives: %v", st.Peers)
	}
	for life := 1; life <= 2; life++ {
		if c := st.Connection(ConnKey{Peer: "A", Life: life, ID: 1}); c == nil || c.Key.Life != life {
			t.Errorf("life %d has connection %v", life, c)
		}
	}
	if p := st.Peers[0]; p.Phase != PeerDead || p.Death.Cause != "killed" || !p.Ended.Set() {
		t.Errorf("first life: %s, %v", p.Phase, p.Death)
	}
}

func TestBirthAfterTheFirstStepIsTheSameLife(t *testing.T) {
	s := new(script)
	s.tell("A", theInstance, trace.DemuxAdd, trace.Event{Number: 1})
	s.add(Event{Kind: KindBirth, Peer: "A", Birth: &Birth{Name: "A", Endpoint: addressA}})
	st := s.state()
	if len(st.Peers) != 1 || st.Peers[0].Birth.Endpoint != addressA || len(st.Peers[0].Subscriptions) != 1 {
		t.Errorf("peers: %+v", st.Peers)
	}
}

func TestStopIsFollowedToItsEnd(t *testing.T) {
	s := new(script)
	s.tell("A", theInstance, trace.StopFlag, trace.Event{})
	s.tell("A", theInstance, trace.StopServer, trace.Event{})
	st := s.state()
	p := st.Peer("A")
	if p.Phase != PeerStopping || p.StopAt != trace.StopServer || len(p.Goroutines) != 1 || !p.Goroutines[0].Gate {
		t.Errorf("%s at %s, goroutines %+v", p.Phase, p.StopAt, p.Goroutines)
	}
	s.tell("A", theInstance, trace.StopDone, trace.Event{})
	st = s.state()
	if p = st.Peer("A"); p.Phase != PeerStopped || p.Alive() || !p.Stopped.Set() {
		t.Errorf("%s, stopped %v", p.Phase, p.Stopped)
	}
}

func TestOneDeathNoticeForEachPeer(t *testing.T) {
	s := new(script)
	for _, who := range []string{"B", "C", "B"} {
		s.tell("A", theInstance, trace.DeadNotice, trace.Event{Peer: []byte(who)})
	}
	st := s.state()
	var notices []string
	for _, n := range st.Peer("A").Notices {
		notices = append(notices, fmt.Sprint(string(n.Peer), n.Count))
	}
	mustBeSame(t, "notices", []string{"C1", "B2"}, notices)
}

func TestLineFollowsItsLink(t *testing.T) {
	s := new(script)
	link := Link{Name: "A→B#1", Change: "open", Dialer: addressA, Listener: addressB}
	s.add(Event{Kind: KindLink, Link: &link})
	s.connect(dialled(1), accepted(1))
	closed := link
	closed.Change, closed.Sent, closed.Received, closed.Reason = "close", 10, 20, "A closed it"
	s.add(Event{Kind: KindLink, Link: &closed})
	st := s.state()
	for _, c := range []*Connection{st.Connection(key("A", 1)), st.Connection(key("B", 1))} {
		l := st.LineOf(c)
		if l == nil || l.Open || l.Closed.Reason != "A closed it" || l.Sent != 10 || l.Opened.N != 1 {
			t.Errorf("%s runs over %+v", c.Key.Peer, l)
		}
	}
}

func TestALineShowsWhatWasDoneToIt(t *testing.T) {
	s := new(script)
	change := func(l Link) *Line {
		l.Name = "A→B#1"
		s.add(Event{Kind: KindLink, Link: &l})
		st := s.state()
		return st.Lines[0]
	}
	change(Link{Change: LinkOpen})
	if l := change(Link{Change: LinkDelay, Delay: time.Second}); l.Lag != time.Second || !l.Open {
		t.Errorf("delayed: %+v", l)
	}
	if l := change(Link{Change: LinkFreeze, Sent: 5}); l.Frozen.N != 3 || l.Lag != time.Second || l.Sent != 5 {
		t.Errorf("frozen: %+v", l)
	}
	if l := change(Link{Change: LinkThaw}); l.Frozen.Set() || !l.Open {
		t.Errorf("thawed: %+v", l)
	}
	if l := change(Link{Change: LinkDelay}); l.Lag != 0 {
		t.Errorf("no longer delayed: %+v", l)
	}
	if l := change(Link{Change: LinkHalfClose}); l.HalfClosed.N != 6 || !l.Open {
		t.Errorf("half closed: %+v", l)
	}
	if l := change(Link{Change: LinkCut, Reason: "B was killed"}); l.Open || !l.Closed.Failed || l.Closed.Reason != "B was killed" {
		t.Errorf("cut: %+v", l)
	}
}

// Nobody tells of the end of what was killed, so the death does.
func TestNothingOfAKilledPeerLivesOn(t *testing.T) {
	s, _, _ := established()
	s.tell("B", theInstance, trace.AcceptHand, trace.Event{Number: 1})
	s.add(Event{Kind: KindDeath, Peer: "B", Death: &Death{Cause: "killed"}})
	st := s.state()
	b, c := st.Peer("B"), st.Connection(key("B", 1))
	if b.Phase != PeerDead || len(b.Stored()) != 0 || c.Phase != PhaseClosed || !c.Close.Failed {
		t.Errorf("B: %v, %d stored, its connection %v", b.Phase, len(b.Stored()), c.Phase)
	}
	for _, g := range slices.Concat(b.Goroutines, c.Goroutines) {
		if g.Alive {
			t.Errorf("%s lives on at %s", g.Role, g.At)
		}
	}
	if len(st.Peer("A").Stored()) != 1 {
		t.Error("A knows of the death before it has noticed")
	}
	mustHold(t, st)
}

func TestAGoroutineShowsWhatItWaitsFor(t *testing.T) {
	s, a, b := established()
	m := data(1, "x")
	want := func(peer string, role trace.Goroutine, wait Wait) {
		t.Helper()
		st := s.state()
		g, _ := st.Connection(key(peer, 1)).Goroutine(role)
		if got := g.WaitsFor(); got != wait {
			t.Errorf("%s of %s at %s waits for %q, want %q", role, peer, g.At, got, wait)
		}
	}
	want("A", trace.WriterGoroutine, ForOutBuff)
	want("A", trace.ReaderGoroutine, ForStream)
	want("A", trace.ServiceGoroutine, ForMsgChan)
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: m})
	want("A", trace.WriterGoroutine, ForFlowControl)
	s.tell("A", a, trace.ConnWritten, trace.Event{Number: 2, Envelope: m})
	want("A", trace.WriterGoroutine, ForOutBuff)
	s.tell("B", b, trace.ConnReceived, trace.Event{Number: 2, Envelope: m})
	want("B", trace.ReaderGoroutine, ForMsgChanRoom)
	s.tell("B", b, trace.ConnHandle, trace.Event{Number: 2, Envelope: m})
	want("B", trace.ServiceGoroutine, NoWait)
	s.tell("B", theInstance, trace.DemuxDeliver, trace.Event{Number: 1, Subject: b, Envelope: m})
	want("B", trace.ServiceGoroutine, ForSubscription)
	s.tell("B", theInstance, trace.DemuxDelivered, trace.Event{Number: 1, Subject: b, Envelope: m})
	want("B", trace.ServiceGoroutine, ForMsgChan)
	s.tell("A", a, trace.ConnClose, trace.Event{}).end("A", a)
	want("A", trace.WriterGoroutine, NoWait)
}

// A subscription is known by its number, or, in recordings that do not say it with accept.hand, by being the only one.
func TestHandsOfASubscriptionAreCounted(t *testing.T) {
	for _, number := range []uint64{0, 1} {
		s, _, b := established()
		s.tell("B", theInstance, trace.DemuxAdd, trace.Event{Number: 1})
		s.tell("B", theInstance, trace.AcceptHand, trace.Event{Number: number, Subject: b, Envelope: data(1, "x")})
		if number == 1 { // then there may be others
			s.tell("B", theInstance, trace.DemuxAdd, trace.Event{Number: 2})
			s.tell("B", theInstance, trace.AcceptHand, trace.Event{Number: 2, Subject: b, Envelope: data(1, "x")})
		}
		st := s.state()
		for _, subscription := range st.Peer("B").Subscriptions {
			if subscription.Handed != 1 {
				t.Errorf("with number %d: %+v", number, subscription)
			}
		}
	}
}

func TestWhatTheLessonSaysAndPromises(t *testing.T) {
	s := new(script)
	s.add(Event{Kind: KindTitle, Text: &text.Text{Zh: "一", En: "one"}})
	s.add(Event{Kind: KindSay, Text: &text.Text{Zh: "看", En: "look"}})
	s.add(Event{Kind: KindAct, Peer: "A", Act: &Act{Verb: "send", Target: "B"}})
	s.add(Event{Kind: KindPromise, Promise: &Promise{Kept: true}})
	s.add(Event{Kind: KindPromise, Promise: &Promise{Why: "no"}})
	st := s.state()
	if st.Title.En != "one" || st.Caption.Zh != "看" || st.PromisesKept != 1 || st.PromisesBroken != 1 || len(st.Promises) != 2 {
		t.Errorf("title %v, caption %v, promises %d kept %d broken", st.Title, st.Caption, st.PromisesKept, st.PromisesBroken)
	}
	if len(st.Acts) != 1 || st.Acts[0].Peer != "A" || st.Acts[0].Act.Target != "B" || st.N != 5 {
		t.Errorf("acts %v, N %d", st.Acts, st.N)
	}
}

func TestStepsOfALaterCatalogueOnlyMoveTheClock(t *testing.T) {
	e := Event{N: 1, At: 5, Kind: KindStep, Peer: "A", Step: &trace.Event{Step: "conn.teleport", Object: dialled(1)}}
	st := Fold([]Event{e})
	if len(st.Peers) != 0 || st.N != 1 || st.At != 5 {
		t.Errorf("%+v", st)
	}
}

func TestCloneLivesOnIndependently(t *testing.T) {
	s := new(script)
	s.connect(dialled(1), accepted(1))
	before := s.state()
	clone := before.Clone()
	n := len(s.events)
	s.send("A", dialled(1), 2, data(7, "x")).receive("B", accepted(1), 2, data(7, "x"))
	s.tell("B", accepted(1), trace.ConnClose, trace.Event{}).tell("B", theInstance, trace.DemuxAdd, trace.Event{Number: 1})
	for _, e := range s.events[n:] {
		before.Apply(e)
	}
	mustBeSame(t, "the clone", Fold(slices.Clone(s.events[:n])), clone)
	mustBeSame(t, "the original", s.state(), before)
}

func TestEveryNameIsThere(t *testing.T) {
	for _, names := range []struct {
		last fmt.Stringer
		next fmt.Stringer
	}{{PhaseClosed, PhaseClosed + 1}, {PeerDead, PeerDead + 1}, {Acked, Acked + 1}, {Moved, Moved + 1}} {
		if names.last.String() == "unknown" || names.next.String() != "unknown" {
			t.Errorf("the last is %q, beyond it is %q", names.last, names.next)
		}
	}
}

func TestLivesAndLinesAreForgottenOldestFirst(t *testing.T) {
	s := new(script)
	s.add(Event{Kind: KindBirth, Peer: "B", Birth: &Birth{Name: "B"}})
	for i := range keptPeers {
		s.add(Event{Kind: KindBirth, Peer: "A", Birth: &Birth{Name: "A"}})
		s.add(Event{Kind: KindDeath, Peer: "A", Death: &Death{Cause: "killed"}})
		for _, change := range []string{"open", "close"} {
			s.add(Event{Kind: KindLink, Link: &Link{Name: fmt.Sprintf("A→B#%d", i), Change: change}})
		}
	}
	s.add(Event{Kind: KindLink, Link: &Link{Name: "B→A#1", Change: "open"}})
	st := s.state()
	if len(st.Peers) != keptPeers || st.Peer("B") == nil || st.Peers[1].Life != 2 || st.Peer("A").Life != keptPeers {
		t.Errorf("%d lives, B %v, first of A %d, last of A %d", len(st.Peers), st.Peer("B"), st.Peers[1].Life, st.Peer("A").Life)
	}
	if len(st.Lines) != keptLines+1 || st.Lines[0].Name != fmt.Sprintf("A→B#%d", keptPeers-keptLines) || !st.Lines[keptLines].Open {
		t.Errorf("%d lines, the first is %s", len(st.Lines), st.Lines[0].Name)
	}
	for i := range keptPeers { // more living peers than there is room for: even then the number is bounded
		s.add(Event{Kind: KindBirth, Birth: &Birth{Name: fmt.Sprint(i)}})
	}
	if st = s.state(); len(st.Peers) != keptPeers {
		t.Errorf("%d lives", len(st.Peers))
	}
}
