package comm

// Tests of handshakes that are cut short: by Stop or CloseConn on either side, by the end of the other, or by a second stream of the same
// peer. Both ends learn of it at once, nothing of it stays in a store, and whoever was not a peer yet is not presumed dead.

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestStopReleasesAHandshakeInFlight(t *testing.T) {
	for _, step := range []trace.Step{trace.DialStart, trace.PingSend, trace.StreamOpen, trace.AuthSend, trace.AuthRead, trace.AuthAwait} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				held := a.tr.hold(is(step))
				result := async(func() error { _, err := a.Handshake(b.remote()); return err })
				held.reached()

				stopped := stopBeside(a)
				held.release()

				err, _ := await(t, "Handshake", result)
				mustBe(t, err, ErrStopped)
				await(t, "Stop", stopped)
				b.mustStore(0)
			})
		})
	}
}

func TestStopReleasesWhoWaitsForTheOtherEnd(t *testing.T) {
	for name, call := range callsThatDial {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.peer("A")
				result := async(func() error { return call(a, &RemotePeer{Endpoint: w.blackHole("nobody")}) })
				a.tr.wait(is(trace.PingSend))
				start := time.Now()
				a.Stop()
				err, _ := await(t, name, result)
				mustBe(t, err, ErrStopped)
				mustTakeNoTime(t, start)
			})
		})
	}
}

// Contract S10: the words of an acceptor that is stopping can be told from a transport that broke, by whoever was refused.
func TestAcceptorThatIsStoppingSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		reading := b.tr.hold(is(trace.AuthRead))
		result := async(func() error { _, err := a.Handshake(b.remote()); return err })
		reading.reached()
		b.connStore.shutdown() // as Stop does, before it takes the transport away
		b.endLife(ErrStopped)
		reading.release()

		err, _ := await(t, "the handshake", result)

		mustBe(t, err, ErrRefused)
		mustBe(t, err, ErrPeerStopped)
		if errors.Is(err, ErrStopped) {
			t.Error("the refuser's end was taken for our own")
		}
	})
}

// Contract S13: the handshake has gone well, and the store closes before it takes the connection.
func TestInboundHandshakeThatEndsWhileTheStoreClosesIsRefusedInWords(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		a := w.wirePeer("A")
		held := b.tr.hold(is(trace.AuthRead))
		s := a.dial(b.endpoint).open(a.clientHello())
		held.reached()
		b.connStore.shutdown()
		held.release()

		got := status.Convert(s.end())

		if got.Code() != codes.Unavailable || !strings.HasPrefix(got.Message(), ErrPeerStopped.Error()) {
			t.Errorf("refused with %v %q, want to hear that it is stopping", got.Code(), got.Message())
		}
		if said := b.tr.all(is(trace.AuthSend)); len(said) != 0 {
			t.Error("it answered, which means that it accepts")
		}
		b.mustStore(0)
	})
}

// Contract S10, once more: the Ping of a dial gets the same words, whether the server goes on without the instance or is about to go.
func TestDialOfAPeerThatIsStoppingLearnsItFromThePing(t *testing.T) {
	for how, stopping := range map[string]func(*world) *testPeer{
		"on a server of its caller": func(w *world) *testPeer {
			b, _ := shared(w, "B", asking(tls.RequestClientCert))
			b.Stop()
			return b
		},
		"on a server of its own": func(w *world) *testPeer {
			b := w.peer("B")
			flagged := b.tr.hold(is(trace.StopConnections))
			go b.Stop()
			flagged.reached()
			return b
		},
	} {
		for name, call := range callsThatDial {
			t.Run(name+" to an instance "+how, func(t *testing.T) {
				inBubble(t, func(t *testing.T, w *world) {
					a, b := w.peer("A"), stopping(w)
					err := call(a, b.remote())
					mustBe(t, err, ErrPeerStopped)
					if errors.Is(err, ErrStopped) {
						t.Error("the other's end was taken for our own")
					}
					if served := b.tr.all(is(trace.PingServed)); len(served) != 0 {
						t.Error("the Ping was served")
					}
				})
			})
		}
	}
}

// The connection is in the acceptor's store before the initiator has the answer. That somebody there does not want it any more in that
// moment is an end on purpose, and no death.
func TestCloseConnByTheAcceptorBeforeItsAnswerIsACleanEndForTheInitiator(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		answer := b.tr.hold(is(trace.AuthSend))
		result := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "unwanted"), time.Hour, 1, b.remote()) })
		answer.reached()
		start := time.Now()
		b.CloseConn(a.remote())
		b.mustStore(0)
		answer.release()

		results, _ := await(t, "SendWithAck to return", result)
		if len(results) != 1 || !errors.Is(results[0], ErrPeerClosed) {
			t.Errorf("got %v, want %v", results, ErrPeerClosed)
		}
		mustTakeNoTime(t, start)
		for _, p := range []*testPeer{a, b} {
			if got := p.noticesNow(); len(got) != 0 {
				t.Errorf("%s presumes %v dead", p.name, got)
			}
			p.mustStore(0)
		}
		if said := b.tr.all(is(trace.AuthSent)); len(said) != 0 {
			t.Error("B has tried to answer, which means that it accepts")
		}
		sendTexts(a, b.remote(), "later")
		if got := receiveTexts(t, inbox, 1)[0]; got != "later" {
			t.Errorf("over the next connection came %q", got)
		}
	})
}

// A peer whose second stream comes before its first was answered hears about the first that the other one stays.
func TestStreamThatIsReplacedBeforeItWasAnsweredIsToldSo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, a := w.peer("B"), w.wirePeer("A")
		answers := b.tr.hold(is(trace.AuthSend))
		first := a.dial(b.endpoint).open(a.clientHello())
		answers.reached()
		second := a.dial(b.endpoint).open(a.clientHello())
		answers.reached()
		b.tr.wait(is(trace.StoreReplaced))
		start := time.Now()
		answers.release()

		got := status.Convert(first.end())
		if got.Code() != codes.Aborted || got.Message() != ErrTieBreak.Error() {
			t.Errorf("the first stream ended with %v %q, want %q", got.Code(), got.Message(), ErrTieBreak)
		}
		if string(second.read().GetConn().GetPkiId()) != string(b.GetPKIid()) {
			t.Error("the second stream was not answered by B")
		}
		if said := b.tr.waitFor(1, is(trace.AuthSent)); len(b.tr.all(is(trace.AuthSent))) != 1 || said[0].Object.ID != 2 {
			t.Errorf("B has tried to answer on %v, want on the second stream only", said)
		}
		mustTakeNoTime(t, start)
		b.mustStore(1)
		if got := b.noticesNow(); len(got) != 0 {
			t.Errorf("B presumes %v dead", got)
		}
	})
}

func TestInitiatorThatLeavesEndsTheHandshakeAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		s := w.wirePeer("A").dial(b.endpoint).open()
		b.tr.wait(is(trace.AuthRead))

		start := time.Now()
		s.finish()
		b.tr.wait(is(trace.AuthRefuse))

		mustTakeNoTime(t, start)
		mustBe(t, b.tr.wait(is(trace.AuthReceived)).Err, ErrNoConnEstablish)
	})
}

// Contract S9: a stranger who asks who we are and hangs up before he knows was never alive, so he cannot die.
func TestProberWhoHangsUpIsNotPresumedDead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, x := w.peer("B"), w.wirePeer("X")
		answering := b.tr.hold(is(trace.AuthSend))
		c := x.dial(b.endpoint)
		c.open(x.clientHello(func(m *proto.GossipMessage) { m.GetConn().Probe = true }))
		answering.reached()
		c.cc.Close()
		synctest.Wait()
		answering.release()
		if b.tr.wait(is(trace.AuthRefuse)).Err == nil {
			t.Error("the answer went out after all")
		}
		if got := b.noticesNow(); len(got) != 0 {
			t.Errorf("presumed dead: %v", got)
		}
	})
}

// A peer that comes back, and is cut off before it has our answer, was alive: somebody should hear of it (S9).
func TestPeerThatDiesWhileItsSecondStreamIsAnsweredIsPresumedDead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		b.join(a.endpoint)
		answer := a.tr.hold(is(trace.AuthSend, func(e trace.Event) bool { return e.Object.ID == 2 }))
		c := b.dial(a.endpoint)
		c.open(b.clientHello())
		answer.reached()
		c.cc.Close()
		synctest.Wait()
		answer.release()
		if dead := a.noticesNow(); len(dead) != 1 {
			t.Errorf("%d notices, want 1", len(dead))
		}
	})
}

// One that gives its dial up, before it was answered and without having had a connection, need not be dead.
func TestPeerThatGivesItsDialUpIsNotPresumedDead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		answer := a.tr.hold(is(trace.AuthSend, inbound))
		c := b.dial(a.endpoint)
		c.open(b.clientHello())
		answer.reached()
		c.cc.Close()
		synctest.Wait()
		answer.release()
		mustThinkAllAlive(a)
		a.mustStore(0)
	})
}
