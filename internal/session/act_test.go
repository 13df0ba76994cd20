package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Whoever opens a recording later sees what was done: every act is one of its events, and has words.
func TestEveryActIsRecorded(t *testing.T) {
	tried := make(map[Verb]bool)
	connected := []Act{{Verb: Send, Peer: "A", Targets: []string{"B"}, Content: "hello"}}
	for _, c := range []struct {
		before []Act
		act    Act
		want   []string
	}{
		{nil, Act{Verb: Send, Peer: "A", Targets: []string{"B", "I"}, Content: "hi"}, []string{"A send B hi", "A send I hi"}},
		{nil, Act{Verb: Send, Peer: "A", Targets: []string{"B"}}, []string{"A send B message 1"}},
		{nil, Act{Verb: SendWithAck, Peer: "A", Targets: []string{"B", "I"}, Content: "hi", MinAck: 2}, []string{"A send-with-ack B, I hi", "B ack A ", "I ack A "}},
		{nil, Act{Verb: Flood, Peer: "A", Targets: []string{"I"}, Content: "x", Count: 3}, []string{"A send I x 1/3", "A send I x 2/3", "A send I x 3/3"}},
		{nil, Act{Verb: Probe, Peer: "A", Targets: []string{"B"}}, []string{"A probe B "}},
		{nil, Act{Verb: Handshake, Peer: "I", Targets: []string{"B"}}, []string{"I handshake B "}},
		{connected, Act{Verb: CloseConn, Peer: "B", Targets: []string{"A"}}, []string{"B close A "}},
		{nil, Act{Verb: DialBoth, Peer: "A", Targets: []string{"B"}}, []string{"A send B from A", "B send A from B"}},
		{nil, Act{Verb: Stop, Peer: "A"}, []string{"A stop  "}},
		{nil, Act{Verb: Kill, Peer: "A"}, []string{"A kill  "}},
		{[]Act{{Verb: Kill, Peer: "A"}}, Act{Verb: Restart, Peer: "A"}, []string{"A restart  ", "A accept  "}},
		{nil, Act{Verb: AddPeer, Organisation: 2}, []string{"J accept  "}}, // and a birth
		{nil, Act{Verb: StopReading, Peer: "A"}, []string{"A stop-reading  "}},
		{[]Act{{Verb: StopReading, Peer: "A"}}, Act{Verb: ReadAgain, Peer: "A"}, []string{"A read-again  "}},
		{nil, Act{Verb: RefuseAcks, Peer: "A", Content: "full"}, []string{"A refuse-acks  full"}},
		{[]Act{{Verb: RefuseAcks, Peer: "A"}}, Act{Verb: GiveAcks, Peer: "A"}, []string{"A give-acks  "}},
		{connected, Act{Verb: CutLink, Link: "A→B#1"}, []string{"A→B#1 cut"}},
		{connected, Act{Verb: DelayLink, Link: "A→B#1", Delay: time.Second}, []string{"A→B#1 delay"}},
		{connected, Act{Verb: FreezeLink, Link: "A→B#1"}, []string{"A→B#1 freeze"}},
		{append(connected[:1:1], Act{Verb: FreezeLink, Link: "A→B#1"}), Act{Verb: ThawLink, Link: "A→B#1"}, []string{"A→B#1 thaw"}},
		{connected, Act{Verb: HalfCloseLink, Link: "A→B#1"}, []string{"A→B#1 half-close"}},
		{nil, Act{Verb: Attack, Peer: "I", Trick: Garbage}, []string{"Y attack I garbage"}},
	} {
		tried[c.act.Verb] = true
		t.Run(string(c.act.Verb), func(t *testing.T) {
			inFreeSandbox(t, func(t *testing.T, l *Live) {
				for _, a := range c.before {
					must(t, l, a)
					synctest.Wait()
				}
				before := len(acts(l))
				must(t, l, c.act)
				synctest.Wait()
				got := acts(l)[before:]
				slices.Sort(got)
				if slices.Sort(c.want); !slices.Equal(got, c.want) {
					t.Errorf("recorded %q, want %q", got, c.want)
				}
				for _, e := range events(l) {
					if e.Act != nil {
						checkWords(t, *e.Act)
					}
				}
			})
		})
	}
	for verb := range prepared {
		if !tried[verb] {
			t.Errorf("%s is not tried", verb)
		}
	}
}

// checkWords looks whether an act is told in words, and not as the recording has it.
func checkWords(t *testing.T, a timeline.Act) {
	t.Helper()
	e := timeline.Event{Kind: timeline.KindAct, Peer: "A", Act: &a}
	zh, en := narrate.NewTeller(text.Chinese).Tell(&e), narrate.NewTeller(text.English).Tell(&e)
	verb := strings.Fields(en + " ? ?")[1]
	if strings.Contains(zh, a.Verb) || verb == a.Verb || verb == "?" {
		t.Errorf("%s has no words: %q, %q", a.Verb, zh, en)
	}
	if a.Verb == string(Attack) && (strings.Contains(zh, a.Detail) || !strings.Contains(en, a.Detail)) {
		t.Errorf("%s has no words: %q, %q", a.Detail, zh, en)
	}
}

func TestEveryTrickIsToldInWords(t *testing.T) {
	for _, trick := range Tricks() {
		checkWords(t, timeline.Act{Verb: string(Attack), Target: "B", Detail: string(trick)})
	}
}

func TestWhatCannotBeDoneIsRefusedAtOnce(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		connect(t, l)
		for _, a := range []Act{
			{Verb: AddPeer}, {Verb: AddPeer}, // C, which is to be killed, and D, of which Stop is to be stuck
		} {
			must(t, l, a)
		}
		synctest.Wait()
		must(t, l, Act{Verb: Kill, Peer: "C"})
		synctest.Wait()
		l.SetStepping(true)
		must(t, l, Act{Verb: Stop, Peer: "D"})
		synctest.Wait()
		before := l.Recorder().Last()
		for _, c := range []struct {
			act  Act
			want Reason
		}{
			{Act{Verb: "dance", Peer: "A"}, UnknownVerb},
			{Act{}, UnknownVerb},
			{Act{Verb: Send, Peer: "Q", Targets: []string{"B"}}, NoSuchPeer},
			{Act{Verb: Send, Peer: "A", Targets: []string{"Q"}}, NoSuchPeer},
			{Act{Verb: Send, Peer: "A"}, NoTarget},
			{Act{Verb: Send, Peer: "A", Targets: []string{"A"}}, ToItself},
			{Act{Verb: Send, Peer: "C", Targets: []string{"A"}}, PeerEnded},
			{Act{Verb: Send, Peer: "D", Targets: []string{"A"}}, PeerStopping},
			{Act{Verb: SendWithAck, Peer: "A", Targets: []string{"B"}, Timeout: time.Hour}, OutOfRange},
			{Act{Verb: SendWithAck, Peer: "A", Targets: []string{"B"}, Timeout: -1}, OutOfRange},
			{Act{Verb: Flood, Peer: "A", Targets: []string{"B"}, Count: MaxFlood + 1}, OutOfRange},
			{Act{Verb: Probe, Peer: "A"}, NoTarget},
			{Act{Verb: Handshake, Peer: "C", Targets: []string{"A"}}, PeerEnded},
			{Act{Verb: CloseConn, Peer: "A", Targets: []string{"I"}}, NotConnected},
			{Act{Verb: DialBoth, Peer: "A", Targets: []string{"B"}}, AlreadyConnected},
			{Act{Verb: DialBoth, Peer: "A", Targets: []string{"C"}}, PeerEnded},
			{Act{Verb: DialBoth, Peer: "A", Targets: []string{"B", "I"}}, NoTarget},
			{Act{Verb: Stop, Peer: "C"}, PeerEnded},
			{Act{Verb: Stop, Peer: "D"}, PeerStopping},
			{Act{Verb: Kill, Peer: "D"}, PeerStopping},
			{Act{Verb: Restart, Peer: "Q"}, NoSuchPeer},
			{Act{Verb: Restart, Peer: "A"}, PeerAlive},
			{Act{Verb: Restart, Peer: "D"}, PeerStopping},
			{Act{Verb: AddPeer, Organisation: 3}, OutOfRange},
			{Act{Verb: ReadAgain, Peer: "A"}, NoChange},
			{Act{Verb: GiveAcks, Peer: "A"}, NoChange},
			{Act{Verb: StopReading, Peer: "C"}, PeerEnded},
			{Act{Verb: CutLink, Link: "A→I#1"}, NoSuchLink},
			{Act{Verb: ThawLink, Link: "A→B#1"}, NoChange},
			{Act{Verb: DelayLink, Link: "A→B#1"}, NoChange},
			{Act{Verb: DelayLink, Link: "A→B#1", Delay: time.Hour}, OutOfRange},
			{Act{Verb: Attack, Peer: "B", Trick: "charm"}, UnknownTrick},
			{Act{Verb: Attack, Peer: "C", Trick: Silence}, PeerEnded},
			{Act{Verb: Attack, Peer: "I", Trick: SwappedCertificate, Targets: []string{"I"}}, ToItself},
		} {
			err := l.Do(c.act)
			var told *text.Error
			if !errors.Is(err, c.want) || !errors.As(err, &told) {
				t.Errorf("%+v gave %v, want %q", c.act, err, c.want)
				continue
			}
			for _, lang := range []text.Lang{text.Chinese, text.English} {
				if s := Sentence(err, lang); s == "" || strings.Contains(s, "%!") {
					t.Errorf("%+v says in %s: %q", c.act, lang, s)
				}
			}
		}
		synctest.Wait()
		if got := l.Recorder().Last(); got != before {
			t.Errorf("what was refused has made %d events", got-before)
		}
		l.SetStepping(false)
		must(t, l, Act{Verb: CutLink, Link: "A→B#1"})
		synctest.Wait()
		if err := l.Do(Act{Verb: FreezeLink, Link: "A→B#1"}); !errors.Is(err, LinkEnded) {
			t.Errorf("freezing a link that was cut gave %v", err)
		}
	})
}

func TestALinkThatIsSoAlreadyIsLeftAlone(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		connect(t, l)
		for _, a := range []Act{
			{Verb: FreezeLink, Link: "A→B#1"},
			{Verb: ThawLink, Link: "A→B#1"},
			{Verb: DelayLink, Link: "A→B#1", Delay: time.Second},
			{Verb: DelayLink, Link: "A→B#1"},
		} {
			must(t, l, a)
			synctest.Wait()
			if err := l.Do(a); !errors.Is(err, NoChange) {
				t.Errorf("%+v again gave %v", a, err)
			}
		}
	})
}

// Both are held at the gate of their dials, and the reader decides who goes first.
func TestBothEndsDialAtOnce(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: DialBoth, Peer: "B", Targets: []string{"A"}})
		synctest.Wait()
		held := l.Held()
		slices.SortFunc(held, func(a, b Held) int { return strings.Compare(a.Peer, b.Peer) })
		if len(held) != 2 || held[0].Peer != "A" || held[1].Peer != "B" || held[0].Step != trace.DialStart || held[1].Step != trace.DialStart {
			t.Fatalf("held are %+v", held)
		}
		stepUntil(t, l, "both messages have arrived, over one stream", func(st *timeline.State) bool {
			return handed(st, "A") == 1 && handed(st, "B") == 1 && len(stored(st, "A")) == 1 && len(stored(st, "B")) == 1
		})
	})
}

func TestAFloodOverflowsTheQueueOfAWriterThatIsHeld(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Flood, Peer: "A", Targets: []string{"B"}, Count: 30})
		synctest.Wait()
		st := l.Recorder().State()
		c := st.Peer("A").Connections[0]
		if c.OutBuff.Len != c.OutBuff.Cap || c.Drops != 30-c.OutBuff.Cap {
			t.Errorf("outBuff holds %d of %d, %d were dropped", c.OutBuff.Len, c.OutBuff.Cap, c.Drops)
		}
	})
}

func TestAFloodEndsWithItsPeer(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Flood, Peer: "A", Targets: []string{"B"}, Count: MaxFlood})
		must(t, l, Act{Verb: Stop, Peer: "A"})
		synctest.Wait()
		list := events(l)
		death := slices.IndexFunc(list, func(e timeline.Event) bool { return e.Death != nil })
		late := 0
		for _, e := range list[death:] {
			if e.Act != nil && e.Act.Verb == "send" {
				late++
			}
		}
		if late > 10 { // one may be on its way
			t.Errorf("a dead peer has gone on to send, %d times", late)
		}
	})
}

// A person may press a key twice, before anything has come of the first time.
func TestAnEndIsNotBegunTwice(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Kill, Peer: "A"})
		for _, verb := range []Verb{Kill, Stop, Send} {
			if err := l.Do(Act{Verb: verb, Peer: "A", Targets: []string{"B"}}); !errors.Is(err, PeerStopping) && !errors.Is(err, PeerEnded) {
				t.Errorf("%s behind a kill gave %v", verb, err)
			}
		}
	})
}

// It need not be the person who has stopped it.
func TestAPeerThatTheLessonStopsIsStopping(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		go l.lab.Peer("A").Stop()
		synctest.Wait()
		if held := l.Held(); len(held) != 1 || held[0].Step != trace.StopConnections {
			t.Fatalf("held are %+v", held)
		}
		if err := l.Do(Act{Verb: Kill, Peer: "A"}); !errors.Is(err, PeerStopping) {
			t.Errorf("killing it gave %v", err)
		}
	})
}

func TestARestartedPeerReadsAndAcknowledgesAgain(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		connect(t, l)
		must(t, l, Act{Verb: StopReading, Peer: "B"})
		synctest.Wait()
		must(t, l, Act{Verb: Kill, Peer: "B"})
		synctest.Wait()
		must(t, l, Act{Verb: Restart, Peer: "B"})
		synctest.Wait()
		must(t, l, Act{Verb: SendWithAck, Peer: "A", Targets: []string{"B"}, MinAck: 1})
		until(t, l, "B has acknowledged", func(st *timeline.State) bool {
			ops := st.Peer("A").AckOperations()
			return len(ops) == 1 && ops[0].Acks() == 1
		})
		must(t, l, Act{Verb: Stop, Peer: "B"})
		synctest.Wait()
		must(t, l, Act{Verb: Restart, Peer: "B"})
		synctest.Wait()
		if st := l.Recorder().State(); st.Peer("B").Life != 3 || len(st.Peer("B").Subscriptions) != 1 {
			t.Errorf("B is %+v", st.Peer("B"))
		}
	})
}

func TestASandboxHasSixteenPeersAtMost(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		for range 6 {
			must(t, l, Act{Verb: AddPeer})
			must(t, l, Act{Verb: AddPeer, Organisation: 2})
		}
		must(t, l, Act{Verb: AddPeer, Organisation: 2})
		synctest.Wait()
		st := l.Recorder().State()
		var names []string
		for _, p := range st.Peers {
			names = append(names, p.Birth.Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, ""); got != "ABCDEFGHIJKLMNOP" {
			t.Errorf("the peers are %s", got)
		}
		for org := range 2 {
			if err := l.Do(Act{Verb: AddPeer, Organisation: org + 1}); !errors.Is(err, NoNameLeft) {
				t.Errorf("a ninth peer of Org%d gave %v", org+1, err)
			}
		}
	})
}

// While a subscriber does not read, the end of a stream that its peer has finished stays open. Nothing is sent over it, so both dial.
func TestBothDialAlthoughAnEndThatHasLeftTheStoreIsStillOpen(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		connect(t, l)
		must(t, l, Act{Verb: StopReading, Peer: "B"})
		left := func() *timeline.Connection {
			st := l.Recorder().State()
			return st.Peer("B").Connections[0]
		}
		for left().MsgChan.Len == 0 {
			must(t, l, Act{Verb: Send, Peer: "A", Targets: []string{"B"}})
			synctest.Wait()
		}
		must(t, l, Act{Verb: CloseConn, Peer: "A", Targets: []string{"B"}})
		synctest.Wait()
		if c := left(); c.Stored || c.Phase != timeline.PhaseEstablished {
			t.Fatalf("stored %v, %v: this is another moment", c.Stored, c.Phase)
		}
		must(t, l, Act{Verb: DialBoth, Peer: "A", Targets: []string{"B"}})
		synctest.Wait()
		st := l.Recorder().State()
		for name, want := range map[string]int{"A": 2, "B": 1} {
			dials := 0
			for _, c := range st.Peer(name).Connections {
				if c.Role == trace.Initiator {
					dials++
				}
			}
			if dials != want {
				t.Errorf("%s has dialled %d times, want %d", name, dials, want)
			}
		}
	})
}

// A lesson names its peers from the front: what a person adds comes from the back.
func TestAPeerThatIsAddedToALessonTakesNoNameFromIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Play(lesson(t, "meet"), Options{Network: lab.InMemory()})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		must(t, l, Act{Verb: AddPeer})
		must(t, l, Act{Verb: AddPeer, Organisation: 2})
		synctest.Wait()
		st := l.Recorder().State()
		if st.Peer("H") == nil || st.Peer("P") == nil {
			t.Error("H and P were not born")
		}
		l.SetStepping(false)
		if err := waitForEnd(t, l); err != nil {
			t.Error(err)
		}
		must(t, l, Act{Verb: SendWithAck, Peer: "P", Targets: []string{"H"}, MinAck: 1}) // the peers live on
		until(t, l, "H has acknowledged", func(st *timeline.State) bool {
			ops := st.Peer("P").AckOperations()
			return len(ops) == 1 && ops[0].Acks() == 1
		})
		time.Sleep(time.Second)
	})
}

func TestThePeersOfALessonObeyToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Play(lesson(t, "send"), Options{Network: lab.InMemory()})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		stepUntil(t, l, "A and B have met", func(st *timeline.State) bool { return st.Peer("B") != nil && len(stored(st, "B")) == 1 })
		must(t, l, Act{Verb: Attack, Peer: "B", Trick: WrongKey})
		line := l.Recorder().State().Lines[0].Name
		must(t, l, Act{Verb: CutLink, Link: line})
		synctest.Wait()
		got := acts(l)
		if want := []string{"Y attack B another's key", line + " cut"}; !slices.Contains(got, want[0]) || !slices.Contains(got, want[1]) {
			t.Errorf("recorded %q, want %q among it", got, want)
		}
	})
}

// An act that comes to nothing before the layer has heard of it leaves no step. So it is said.
func TestAnActThatFailsIsSaid(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Kill, Peer: "B"})
		synctest.Wait()
		if _, err := l.lab.NewFabricAcceptor("B", ""); err != nil { // somebody else lives there now
			t.Fatal(err)
		}
		must(t, l, Act{Verb: Restart, Peer: "B"})
		synctest.Wait()
		if got := said(l); len(got) != 1 || !strings.HasPrefix(got[0], "Peer B could not be restarted. (") || !strings.Contains(got[0], "taken") {
			t.Errorf("said is %q", got)
		}
	})
}

func TestOverTCPTheSameIsDone(t *testing.T) {
	overTCP(t, func(t *testing.T, l *Live) {
		l.SetStepping(false)
		connect(t, l)
		must(t, l, Act{Verb: DelayLink, Link: "A→B#1", Delay: 10 * time.Millisecond})
		must(t, l, Act{Verb: SendWithAck, Peer: "B", Targets: []string{"A"}, MinAck: 1})
		until(t, l, "A has acknowledged", func(st *timeline.State) bool {
			ops := st.Peer("B").AckOperations()
			return len(ops) == 1 && ops[0].Acks() == 1
		})
		must(t, l, Act{Verb: CutLink, Link: "A→B#1"})
		until(t, l, "both have noticed", func(st *timeline.State) bool { return len(stored(st, "A"))+len(stored(st, "B")) == 0 })
		must(t, l, Act{Verb: DialBoth, Peer: "A", Targets: []string{"B"}})
		until(t, l, "both messages have arrived", func(st *timeline.State) bool { return handed(st, "A") == 2 && handed(st, "B") == 2 })
		must(t, l, Act{Verb: Kill, Peer: "I"})
		until(t, l, "I is dead", func(st *timeline.State) bool { return st.Peer("I").Phase == timeline.PeerDead })
		for l.Do(Act{Verb: Restart, Peer: "I"}) != nil { // its last goroutines are still ending
			time.Sleep(time.Millisecond)
		}
		until(t, l, "I lives again", func(st *timeline.State) bool { return st.Peer("I").Life == 2 && len(st.Peer("I").Subscriptions) == 1 })
		must(t, l, Act{Verb: Attack, Peer: "I", Trick: Garbage})
		until(t, l, "I has refused the stranger", func(st *timeline.State) bool {
			return slices.ContainsFunc(st.Peer("I").Connections, func(c *timeline.Connection) bool { return c.Refused.Failed })
		})
	})
}

func TestEveryVerbHasItsSentencesAndEveryReasonItsOwn(t *testing.T) {
	for _, r := range []Reason{
		SessionEnded, UnknownVerb, UnknownTrick, NoSuchPeer, PeerEnded, PeerStopping, PeerAlive, NoTarget, ToItself, NotListening, NotConnected,
		AlreadyConnected, NoSuchLink, LinkEnded, NoChange, NotOurs, NoNameLeft, NothingToReplay, OutOfRange,
	} {
		s, known := sentences[r]
		if !known || s.Zh == "" || s.En == "" || strings.Count(s.Zh, "%") != strings.Count(s.En, "%") {
			t.Errorf("%q says %+v", r, s)
		}
	}
	for _, trick := range Tricks() {
		if n := trick.Name(); n.Zh == "" || n.En == "" {
			t.Errorf("%q is called %+v", trick, n)
		}
	}
	if got, want := fmt.Sprint(len(Tricks())), fmt.Sprint(len(trickNames)); got != want {
		t.Errorf("%s tricks are listed, of %s", got, want)
	}
}
