package comm

// store_test.go holds the connection store to its contract: one connection for each peer and one dial for each destination; a stream
// that ends takes only itself out, at once and whole; and nothing that comes to an end during Stop stays.

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// mustBeGone waits until the three goroutines of a connection have ended.
func (p *testPeer) mustBeGone(conn trace.Object) {
	p.t.Helper()
	for _, step := range []trace.Step{trace.ConnReaderEnd, trace.ConnWriterEnd, trace.ConnServeEnd} {
		p.tr.wait(is(step, of(conn)))
	}
}

// mustDialNothing fails the test if a dial is left in the store.
func (p *testPeer) mustDialNothing() {
	p.t.Helper()
	p.connStore.RLock()
	defer p.connStore.RUnlock()
	if n := len(p.connStore.destinationLocks); n != 0 {
		p.t.Errorf("%s has %d dials left in its store", p.name, n)
	}
}

// Contract S1.
func TestOldStreamEndingLeavesItsSuccessor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inbox := b.Accept(everything)
		a := w.wirePeer("A")
		first := a.join(b.endpoint)
		old := b.tr.wait(is(trace.ConnServe)).Object

		second := a.join(b.endpoint)

		if err := first.end(); err != nil {
			t.Errorf("the old stream ended with %v, want a clean end", err)
		}
		b.mustBeGone(old)
		b.mustStore(1)
		second.write("over the second")
		if got := receiveTexts(t, inbox, 1); got[0] != "over the second" {
			t.Errorf("got %q", got)
		}
		b.Send(message(t, "an answer"), &RemotePeer{PKIID: a.pkiID()})
		if got := textOf(second.read()); got != "an answer" {
			t.Errorf("got %q", got)
		}
		if replaced := b.tr.wait(is(trace.StoreReplaced)); replaced.Subject != old {
			t.Errorf("the connection that gave way was %v, want %v", replaced.Subject, old)
		}
		if removed := b.tr.all(is(trace.StoreRemoved)); len(removed) != 0 {
			t.Errorf("removed %v, which nobody had asked for", removed[0].Subject)
		}
		if dead := b.tr.all(is(trace.DeadNotice)); len(dead) != 0 {
			t.Error("a peer that came back was presumed dead")
		}
	})
}

// Contract S1, once more: the end of the old one reaches the store late.
func TestPredecessorThatEndsLateLeavesItsSuccessor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		a := w.wirePeer("A")
		first := a.join(b.endpoint)
		old := b.tr.wait(is(trace.ConnServe)).Object
		late := b.tr.hold(is(trace.ConnRead, of(old), func(e trace.Event) bool { return e.Number == 3 }))
		first.write("so that the reader comes around")
		late.reached()

		a.join(b.endpoint)
		first.cancel()
		late.release()

		b.mustBeGone(old)
		b.mustStore(1)
	})
}

// Contract S3, on the side that was dialled.
func TestAcceptorForgetsAConnectionWhoseOtherEndFinishes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		s := w.wirePeer("A").join(b.endpoint)
		conn := b.tr.wait(is(trace.ConnServe)).Object

		start := time.Now()
		s.finish()

		if err := s.end(); err != nil {
			t.Errorf("ended with %v, want a clean end", err)
		}
		b.mustBeGone(conn)
		b.mustStore(0)
		mustTakeNoTime(t, start)
	})
}

// Contract S3, on the side that dialled: there gRPC would keep everything until somebody closes it.
func TestInitiatorForgetsAConnectionWhoseOtherEndFinishes(t *testing.T) {
	ends := map[string]error{"cleanly": nil, "with a status": status.Error(codes.Internal, "something broke")}
	for how, end := range ends {
		t.Run(how, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				finish := make(chan struct{})
				b := w.wirePeer("B").acceptor(func(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
					return a.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
						if a.streams.Load() > 1 {
							return false, nil
						}
						<-finish
						return true, end
					})
				})
				a := w.peer("A")
				a.Send(message(t, "first"), b.remote())
				conn := a.tr.wait(is(trace.ConnServe)).Object
				a.mustStore(1)

				start := time.Now()
				close(finish)
				a.mustBeGone(conn)
				a.mustStore(0)
				mustTakeNoTime(t, start)

				a.Send(message(t, "second"), b.remote())
				envelope, _ := await(t, "the second message", b.received)
				if got := textOf(decode(t, envelope)); got != "second" {
					t.Errorf("got %q", got)
				}
				if pings := b.pings.Load(); pings != 2 {
					t.Errorf("dialled %d times, want a fresh dial", pings)
				}
			})
		})
	}
}

// Between two instances: what one closes, both forget, and both can begin anew.
func TestAfterCloseConnBothForgetAndTheNextMessageArrives(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := a.Accept(everything)
		a.Send(message(t, "first"), b.remote())
		ofA, ofB := a.tr.wait(is(trace.ConnServe)).Object, b.tr.wait(is(trace.ConnServe)).Object

		b.CloseConn(a.remote())
		a.mustBeGone(ofA)
		b.mustBeGone(ofB)
		a.mustStore(0)
		b.mustStore(0)

		b.Send(message(t, "from the other side"), a.remote())
		receive(t, inbox)
		a.mustStore(1)
		b.mustStore(1)
	})
}

// Contract S3: an end that nobody announces, over sockets, where goleak sees what is left.
func TestPeerThatVanishesIsForgotten(t *testing.T) {
	w := onLoopback(t)
	a, b := w.peer("A"), w.peer("B")
	a.Send(message(t, "hello"), b.remote())
	conn := a.tr.wait(is(trace.ConnServe)).Object
	b.tr.wait(is(trace.ConnQueued))

	b.Stop()

	a.mustBeGone(conn)
	a.mustStore(0)
}

// Contract S11.
func TestCallersWhoWantTheSamePeerShareOneDial(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		dial := a.tr.hold(is(trace.PingSend))
		conns := make(chan *connection, 20)
		var want []string

		for i := range 20 {
			text := fmt.Sprint("message ", i)
			want = append(want, text)
			a.Send(message(t, text), b.remote())
			go func() {
				conn, _ := a.connStore.getConnection(b.remote())
				conns <- conn
			}()
		}
		dial.reached()
		synctest.Wait()
		dial.release()

		if got := receiveTexts(t, inbox, 20); !slices.Equal(got, want) {
			t.Errorf("got %q, want the messages in their order", got)
		}
		first := <-conns
		for range 19 {
			if conn := <-conns; conn == nil || conn != first {
				t.Error("two callers got different connections")
			}
		}
		if dials := a.tr.all(is(trace.PingSend)); len(dials) != 1 {
			t.Errorf("dialled %d times, want once", len(dials))
		}
		a.mustStore(1)
		a.mustDialNothing()
	})
}

func TestFailureOfADialIsOneFailureForAllWhoWaitedForIt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		nobody := &RemotePeer{Endpoint: "B:7051", PKIID: b.pkiID()}
		dial := a.tr.hold(is(trace.DialStart))
		for range 20 {
			a.Send(message(t, "lost"), nobody)
		}
		dial.reached()

		start := time.Now()
		dial.release()

		for _, e := range a.tr.waitFor(20, is(trace.ConnDrop)) {
			if e.Err == nil || !strings.Contains(e.Err.Error(), "nobody listens at B:7051") {
				t.Errorf("dropped for %v, want the words of the network", e.Err)
			}
		}
		mustTakeNoTime(t, start)
		if dials := a.tr.all(is(trace.DialStart)); len(dials) != 1 {
			t.Errorf("dialled %d times, want once", len(dials))
		}
		if dead := a.tr.waitFor(1, is(trace.DeadNotice)); len(a.tr.all(is(trace.DeadNotice))) != 1 || string(dead[0].Peer) != string(b.pkiID()) {
			t.Errorf("got the notices of death %v, want one, for B", dead)
		}
		a.mustDialNothing()
		a.mustStore(0)
	})
}

func TestDialAfterAFailedOneIsAFreshOne(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		remote := &RemotePeer{Endpoint: "B:7051", PKIID: b.pkiID()}
		a.Send(message(t, "lost"), remote)
		a.tr.wait(is(trace.ConnDrop))

		acceptor := b.acceptor(likeFabric)
		a.Send(message(t, "arrives"), remote)

		envelope, _ := await(t, "the message", acceptor.received)
		if got := textOf(decode(t, envelope)); got != "arrives" {
			t.Errorf("got %q", got)
		}
	})
}

func TestDialOfAnEndpointThatSwallowsEndsAfterTheDialTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A", configured(func(c *Config) { c.DialTimeout = 1300 * time.Millisecond }))
		endpoint := w.blackHole("B")
		start := time.Now()

		a.Send(message(t, "lost"), &RemotePeer{Endpoint: endpoint, PKIID: common.PKIidType("B's")})

		mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrDialTimeout)
		if elapsed := time.Since(start); elapsed != 1300*time.Millisecond {
			t.Errorf("given up after %v, want exactly the dial timeout", elapsed)
		}
		a.mustDialNothing()
	})
}

func TestDialOfAListenerThatTakesTheCallAndSaysNothingEndsAfterTheDialTimeout(t *testing.T) {
	w := onLoopback(t)
	a := w.peer("A", configured(func(c *Config) { c.DialTimeout = 200 * time.Millisecond }))
	// The system completes the TCP handshake; TLS waits for a program that never takes the connection.
	a.Send(message(t, "lost"), &RemotePeer{Endpoint: w.blackHole("B"), PKIID: common.PKIidType("B's")})
	mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrDialTimeout)
	a.mustDialNothing()
}

func TestAnswerOfOnePeerDoesNotWaitForTheDialOfAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		start := time.Now()
		a.Send(message(t, "to both"), &RemotePeer{Endpoint: w.blackHole("C"), PKIID: common.PKIidType("C's")}, b.remote())
		receive(t, inbox)
		mustTakeNoTime(t, start)
	})
}

func TestCloseConnGivesUpADialUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		remote := &RemotePeer{Endpoint: w.blackHole("B"), PKIID: common.PKIidType("B's")}
		a.Send(message(t, "lost"), remote)
		a.tr.wait(is(trace.PingSend))
		synctest.Wait()

		start := time.Now()
		a.CloseConn(remote)

		mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrClosed)
		mustTakeNoTime(t, start)
		synctest.Wait()
		a.mustDialNothing()
		if dead := a.tr.all(is(trace.DeadNotice)); len(dead) != 0 {
			t.Error("a peer that nobody wanted any more was presumed dead")
		}
	})
}

// Between the last look of the dial and the store there is a moment in which CloseConn finds nothing to take out of the store.
func TestDialThatIsClosedBeforeItIsStoredIsNotStored(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		conn := a.newOutbound(b.endpoint, b.GetPKIid())
		if err := a.createConnection(conn.ctx, conn); err != nil {
			t.Fatal(err)
		}
		conn.close(ErrClosed)

		err := a.connStore.onConnected(conn)
		conn.abandon(err)

		mustBe(t, err, ErrClosed)
		a.mustStore(0)
	})
}

func TestCloseConnDuringTheHandshakeEndsItAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		silent := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error { return b.takeAll(stream) })
		a.Send(message(t, "lost"), silent.remote())
		a.tr.wait(is(trace.AuthRead))
		synctest.Wait()

		start := time.Now()
		a.CloseConn(silent.remote())

		mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrClosed)
		mustTakeNoTime(t, start)
		a.mustDialNothing()
		a.mustStore(0)
	})
}

// A dial that was given up must not take the messages that come after: "a later Send makes a new one".
func TestSendAfterCloseConnDuringTheDialDialsAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		held := a.tr.hold(is(trace.PingSend))
		a.Send(message(t, "lost with the dial"), b.remote())
		held.reached()

		a.CloseConn(b.remote())
		a.Send(message(t, "goes another way"), b.remote())

		held.release()

		received, _ := await(t, "the second message", inbox)
		if got := string(received.GetGossipMessage().GetDataMsg().GetPayload().GetData()); got != "goes another way" {
			t.Errorf("received %q", got)
		}
	})
}

// A dial that was closed ends some time later. By then another may have taken its place, which its end must leave alone.
func TestDialThatEndsLateLeavesTheOneThatTookItsPlace(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		first := a.tr.hold(is(trace.PingSend))
		sendTexts(a, b.remote(), "lost with the first dial")
		first.reached()
		a.CloseConn(b.remote())
		second := a.tr.hold(is(trace.DialStart))
		sendTexts(a, b.remote(), "1")
		second.reached()

		first.release()
		a.tr.wait(is(trace.ConnDrop))
		synctest.Wait()
		sendTexts(a, b.remote(), "2")
		second.release()

		if diff := cmp.Diff([]string{"1", "2"}, receiveTexts(t, inbox, 2)); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		if dials := a.tr.all(is(trace.DialStart)); len(dials) != 2 {
			t.Errorf("%d dials, want the one that was closed and one more", len(dials))
		}
	})
}

// Contract S12.
func TestStopLeavesNothingOfADialUnderWay(t *testing.T) {
	for _, step := range []trace.Step{trace.DialStart, trace.PingSend, trace.StreamOpen, trace.AuthSend, trace.AuthRead} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				held := a.tr.hold(is(step))
				a.Send(message(t, "lost"), b.remote())
				held.reached()

				stopped := stopBeside(a)
				held.release()

				await(t, "Stop", stopped)
				mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrStopped)
				if stored := a.tr.all(is(trace.StoreStored)); len(stored) != 0 {
					t.Error("a connection was stored while the store was closing")
				}
				a.mustStore(0)
				a.mustDialNothing()
				synctest.Wait()
				b.mustStore(0)
				if dead := a.tr.all(is(trace.DeadNotice)); len(dead) != 0 {
					t.Error("Stop made a peer presumed dead")
				}
			})
		})
	}
}

// Contract S12: the store is closing, but nothing else knows of it yet.
func TestDialThatEndsWhileTheStoreClosesIsNotStored(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		conn := a.newOutbound(b.endpoint, b.GetPKIid())
		if err := a.createConnection(conn.ctx, conn); err != nil {
			t.Fatal(err)
		}
		a.connStore.shutdown()

		err := a.connStore.onConnected(conn)
		conn.abandon(err)

		mustBe(t, err, ErrStopped)
		mustBe(t, a.tr.wait(is(trace.StoreRefused)).Err, ErrStopped)
		a.mustStore(0)
		b.tr.wait(is(trace.ConnServeEnd)) // so the gRPC connection was closed, and not only forgotten
	})
}

// Contract S13. What is held before the answer is already stored, and ends as connections do when an instance stops; what is held
// before that has never been one.
func TestStopLeavesNothingOfAnInboundHandshakeUnderWay(t *testing.T) {
	for _, step := range []trace.Step{trace.AuthRead, trace.AuthSend} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				b := w.peer("B")
				a := w.wirePeer("A")
				held := b.tr.hold(is(step))
				s := a.dial(b.endpoint).open(a.clientHello())
				held.reached()

				stopped := stopBeside(b)
				synctest.Wait()
				select {
				case <-stopped:
					t.Error("Stop returned while a handshake was still running")
				default:
				}
				held.release()

				await(t, "Stop", stopped)
				s.drain()
				b.mustStore(0)
				if stored := b.tr.all(is(trace.StoreStored)); step == trace.AuthRead && len(stored) != 0 {
					t.Error("a connection was stored by an instance that had stopped")
				}
			})
		})
	}
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

// Contract S20.
func TestMessagesToWhoeverIsThereShareOneConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		var want []string
		for i := range 20 {
			text := fmt.Sprint("message ", i)
			want = append(want, text)
			a.Send(message(t, text), b.whoever())
			if i == 9 {
				a.tr.wait(is(trace.ConnServe)) // half of them are sent during the dial, half after it
			}
		}

		if got := receiveTexts(t, inbox, 20); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		if dials := a.tr.all(is(trace.PingSend)); len(dials) != 1 {
			t.Errorf("dialled %d times, want once", len(dials))
		}
		if stored := a.tr.wait(is(trace.StoreStored)); string(stored.Peer) != string(b.GetPKIid()) {
			t.Errorf("stored as %v, want the PKI-ID that was proven", stored.Peer)
		}
		a.Send(message(t, "by name"), b.remote())
		receive(t, inbox)
		a.mustStore(1)
		b.mustStore(1)
		if dials := a.tr.all(is(trace.PingSend)); len(dials) != 1 {
			t.Error("a message to the peer by its name dialled again")
		}
	})
}

// Two dials to one peer would push each other's stream out of the peer's store.
func TestDialsToOneEndpointUnderTwoNamesGoOneAfterTheOtherAndMakeOneConnection(t *testing.T) {
	for name, named := range map[string]func(b *testPeer) []*RemotePeer{
		"first by endpoint": func(b *testPeer) []*RemotePeer { return []*RemotePeer{b.whoever(), b.remote()} },
		"first by PKI-ID":   func(b *testPeer) []*RemotePeer { return []*RemotePeer{b.remote(), b.whoever()} },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				inbox := b.Accept(everything)
				start := time.Now()
				dial := a.tr.hold(is(trace.AuthRead))
				for i, to := range named(b) {
					sendTexts(a, to, fmt.Sprint(2*i), fmt.Sprint(2*i+1))
				}
				dial.reached()
				synctest.Wait()
				if dials := a.tr.all(is(trace.DialStart)); len(dials) != 1 {
					t.Errorf("%d dials are under way at once, want one", len(dials))
				}
				dial.release()

				if diff := cmp.Diff(numbers(4), receiveTexts(t, inbox, 4)); diff != "" {
					t.Errorf("messages differ (-want +got):\n%s", diff)
				}
				mustTakeNoTime(t, start)
				synctest.Wait()
				a.mustStore(1)
				b.mustStore(1)
				a.mustDialNothing()
				if arrived := b.tr.all(is(trace.StreamArrived)); len(arrived) != 1 {
					t.Errorf("%d streams arrived at B, want one", len(arrived))
				}
				for _, p := range []*testPeer{a, b} {
					if lost, dead := p.tr.all(is(trace.ConnDrop)), p.noticesNow(); len(lost) != 0 || len(dead) != 0 {
						t.Errorf("%s lost %v and presumes %v dead", p.name, lost, dead)
					}
				}
			})
		})
	}
}

// Whether anybody else lives there than was expected says nothing about whoever is there.
func TestDialToAnEndpointGoesOnWhenTheOneBeforeItHasFailed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		start := time.Now()
		dial := a.tr.hold(is(trace.DialStart))
		sendTexts(a, &RemotePeer{Endpoint: b.endpoint, PKIID: nobody("C").PKIID}, "for C")
		sendTexts(a, b.whoever(), "for whoever is there")
		sendTexts(a, b.remote(), "for B")
		dial.release()

		if diff := cmp.Diff([]string{"for whoever is there", "for B"}, receiveTexts(t, inbox, 2)); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		mustTakeNoTime(t, start)
		lost := a.tr.all(is(trace.ConnDrop))
		if len(lost) != 1 || !errors.Is(lost[0].Err, ErrUnexpectedPeer) {
			t.Errorf("lost %v, want the message for C because of %v", lost, ErrUnexpectedPeer)
		}
		a.mustStore(1)
		if dials := a.tr.all(is(trace.DialStart)); len(dials) != 2 {
			t.Errorf("dialled %d times, want twice", len(dials))
		}
	})
}

func TestDialThatWaitsForAnotherIsGivenUpAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(a, b *testPeer)
		want error
	}{
		"by CloseConn": {func(a, b *testPeer) { a.CloseConn(b.remote()) }, ErrClosed},
		"by Stop":      {func(a, _ *testPeer) { stopBeside(a) }, ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				dial := a.tr.hold(is(trace.DialStart))
				sendTexts(a, b.whoever(), "first")
				dial.reached()
				sendTexts(a, b.remote(), "second")
				synctest.Wait()
				start := time.Now()
				test.end(a, b)
				if lost := a.tr.wait(is(trace.ConnDrop, carrying(t, "second"))); lost.Err != test.want {
					t.Errorf("lost because of %v, want %v", lost.Err, test.want)
				}
				mustTakeNoTime(t, start)
			})
		})
	}
}

func TestWhoeverIsAtOneEndpointIsNotWhoeverIsAtAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b, c := w.peer("A"), w.peer("B"), w.peer("C")
		ofB, ofC := b.Accept(everything), c.Accept(everything)
		dials := a.tr.hold(is(trace.DialStart))
		a.Send(message(t, "for B"), b.whoever())
		a.Send(message(t, "for C"), c.whoever())
		dials.release()
		if got := receiveTexts(t, ofB, 1); got[0] != "for B" {
			t.Errorf("B got %q", got)
		}
		if got := receiveTexts(t, ofC, 1); got[0] != "for C" {
			t.Errorf("C got %q", got)
		}
	})
}

// An acceptor sees the ephemeral port of whoever dialled it; that is no place to send to.
func TestInboundConnectionIsNotTakenForOneToItsAddress(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		w.wirePeer("A").join(b.endpoint)
		address := b.tr.wait(is(trace.ConnServe)).Object.Endpoint
		b.Send(message(t, "to nobody"), &RemotePeer{Endpoint: address})
		if lookup := b.tr.wait(is(trace.StoreLookup)); lookup.Detail != "dialling" {
			t.Errorf("the store %s a connection", lookup.Detail)
		}
		b.tr.wait(is(trace.ConnDrop))
	})
}

// Fabric once looked connections up by identity where it stored them by PKI-ID (FAB-8688); its test double made both the same.
func TestConnectionsAreStoredByPKIIDAndNotByIdentity(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		a := w.wirePeer("A")
		if string(a.pkiID()) == string(a.id.Serialize()) {
			t.Fatal("this test sees nothing: PKI-ID and identity are the same")
		}
		a.join(b.endpoint)
		b.tr.wait(is(trace.ConnServe))
		if b.connStore.pki2Conn[string(a.pkiID())] == nil {
			t.Error("not stored under the PKI-ID")
		}
		info := b.connStore.pki2Conn[string(a.pkiID())].info
		if string(info.ID) != string(a.pkiID()) || string(info.Identity) != string(a.id.Serialize()) {
			t.Errorf("the connection knows its peer as %v", info)
		}
	})
}

func TestGoroutinesDoNotGrowWithReconnections(t *testing.T) {
	w := onLoopback(t)
	a, b := w.peer("A"), w.peer("B")
	round := func() {
		a.Send(message(t, "hello"), b.remote())
		n := len(a.tr.all(is(trace.ConnServeEnd)))
		a.tr.waitFor(n+1, is(trace.ConnServe))
		b.tr.waitFor(n+1, is(trace.ConnQueued))
		a.CloseConn(b.remote())
		a.tr.waitFor(n+1, is(trace.ConnServeEnd))
		b.tr.waitFor(n+1, is(trace.ConnServeEnd))
	}
	round()
	before := runtime.NumGoroutine()
	for range 20 {
		round()
	}
	// gRPC takes a moment to let go of the last transport; twenty leaks would be more than one moment can explain.
	if after := runtime.NumGoroutine(); after > before+15 {
		t.Errorf("%d goroutines before twenty reconnections, %d after", before, after)
	}
}

// Contract S3: a stream that the other end has finished carries nothing more. It leaves the store at once, even while what it brought
// waits for a slow subscriber, so that the next message goes by another.
func TestFinishedStreamLeavesTheStoreBeforeItsBacklogIsHandled(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		slow := a.Accept(everything)
		inbox := b.Accept(everything)
		for range 2 { // 40 in all: more than a subscription and its channel hold, and no more at once than the send queue does
			sendTexts(b, a.remote(), numbers(20)...)
			synctest.Wait()
		}
		b.CloseConn(a.remote())
		a.tr.wait(is(trace.StoreRemoved))

		sendTexts(a, b.remote(), "the other way")

		if got := receiveTexts(t, inbox, 1)[0]; got != "the other way" {
			t.Errorf("B got %q", got)
		}
		receiveTexts(t, slow, 40)
	})
}

// A connection is closed a moment before it leaves the store. Who looks it up in that moment must not be given it.
func TestClosedConnectionIsNotFoundAnyMore(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		sendTexts(a, b.remote(), "first")
		stored := a.tr.wait(is(trace.StoreStored))
		a.connStore.RLock()
		conn := a.connStore.pki2Conn[string(b.GetPKIid())]
		a.connStore.RUnlock()
		if conn == nil || conn.trace.Object() != stored.Subject {
			t.Fatal("the connection is not in the store")
		}
		conn.stopFlag.Store(true) // as close does first
		another, err := a.connStore.getConnection(b.remote())
		mustBe(t, err, nil)
		if another == conn {
			t.Error("the store gave a connection that is closed")
		}
		conn.stopFlag.Store(false)
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
