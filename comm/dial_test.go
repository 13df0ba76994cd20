package comm

// Tests of a dial: all who want the same peer share it and its outcome (contract S11); it has a bound; and it can be given up at any time,
// after which nothing of it is left.

import (
	"errors"
	"fmt"
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
)

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

// Contract S11. A dial belongs to nobody of those who wait for it.
func TestCallerWhoWaitsNoLongerLeavesTheDialToTheOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), acking)
		dial := a.tr.hold(is(trace.DialStart))
		patient := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "patient"), time.Hour, 1, b.remote()) })
		dial.reached()
		start := time.Now()
		impatient := a.SendWithAck(message(t, "impatient"), time.Second, 1, b.remote())
		if len(impatient) != 1 || !errors.Is(impatient[0], ErrAckTimeout) || time.Since(start) != time.Second {
			t.Errorf("who has a second got %v after %v", impatient, time.Since(start))
		}
		dial.release()
		if results, _ := await(t, "the other call to return", patient); results.AckCount() != 1 {
			t.Errorf("who has an hour got %v", results)
		}
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

// Who refuses a connection is known to be away at once; only who swallows packets costs the dial timeout.
func TestQueueOfAFailedDialIsDroppedAndOneNoticeGiven(t *testing.T) {
	for _, test := range []struct {
		name     string
		endpoint func(w *world) string
		takes    time.Duration
		err      error
	}{
		{"refused", func(*world) string { return "Nobody:7051" }, 0, nil},
		{"silent", func(w *world) string { return w.blackHole("Hole") }, 3 * time.Second, ErrDialTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.peer("A")
				away := &RemotePeer{Endpoint: test.endpoint(w), PKIID: common.PKIidType("away")}
				held := a.tr.hold(is(trace.DialStart))
				sendTexts(a, away, numbers(3)...)
				conn := a.connTo(away)
				held.reached()
				start := time.Now()
				held.release()

				drops := a.tr.waitFor(3, is(trace.ConnDrop, failed))
				if got := time.Since(start); got != test.takes {
					t.Errorf("the dial failed after %v, want %v", got, test.takes)
				}
				if test.err != nil && !errors.Is(drops[0].Err, test.err) {
					t.Errorf("dropped because of %v, want %v", drops[0].Err, test.err)
				}
				if got := conn.dropped.Load(); got != 3 {
					t.Errorf("%d messages counted as dropped, want 3", got)
				}
				if diff := cmp.Diff([]common.PKIidType{away.PKIID}, a.noticesNow()); diff != "" {
					t.Errorf("death notices differ (-want +got):\n%s", diff)
				}
				if len(a.connStore.destinationLocks) != 0 || a.connStore.connNum() != 0 {
					t.Error("the dial that has failed is still in the store")
				}
			})
		})
	}
}

// The words that keep a death quiet are about streams. A Ping that is refused with them is a dial that has failed.
func TestPeerThatRefusesPingsInTheWordsOfATieBreakIsPresumedDead(t *testing.T) {
	for _, words := range []error{ErrTieBreak, ErrPeerClosed} {
		t.Run(words.Error(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.wirePeer("B").acceptor(likeFabric)
				b.pingErr = status.Error(codes.Aborted, words.Error())
				sendTexts(a, b.remote(), "hello")
				a.tr.wait(is(trace.ConnDrop))
				if diff := cmp.Diff([]common.PKIidType{b.pkiID()}, a.noticesNow()); diff != "" {
					t.Errorf("death notices differ (-want +got):\n%s", diff)
				}
			})
		})
	}
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

func TestDialOfAnEndpointThatSwallowsIsBoundedByTheDialTimeout(t *testing.T) {
	for name, call := range callsThatDial {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.peer("A", configured(func(c *Config) { c.DialTimeout = 1300 * time.Millisecond }))
				start := time.Now()
				mustBe(t, call(a, &RemotePeer{Endpoint: w.blackHole("nobody")}), ErrDialTimeout)
				if elapsed := time.Since(start); elapsed != 1300*time.Millisecond {
					t.Errorf("gave up after %v, want exactly the dial timeout", elapsed)
				}
				a.mustDialNothing()
			})
		})
	}
}

func TestDialOfAListenerThatTakesTheCallAndSaysNothingEndsAfterTheDialTimeout(t *testing.T) {
	w := onLoopback(t)
	a := w.peer("A", configured(func(c *Config) { c.DialTimeout = 200 * time.Millisecond }))
	// The system completes the TCP handshake; TLS waits for a program that never takes the connection.
	a.Send(message(t, "lost"), &RemotePeer{Endpoint: w.blackHole("B"), PKIID: common.PKIidType("B's")})
	mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrDialTimeout)
	a.mustDialNothing()
}

// Contract S11: opening a stream waits for a transport. If that has gone, and nothing answers where it was, gRPC would wait for its own
// twenty seconds; an acceptor that allows no streams would make it wait for ever. The bound is ours.
func TestStreamThatCannotBeOpenedCostsExactlyTheConnectionTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		opening := a.tr.hold(is(trace.StreamOpen))
		result := async(func() error { _, err := a.Handshake(b.remote()); return err })
		opening.reached()
		b.Stop()
		w.blackHole("B")
		synctest.Wait() // until gRPC has noticed
		start := time.Now()
		opening.release()

		err, _ := await(t, "the handshake", result)

		mustBe(t, err, ErrHandshakeTimeout)
		if waited := time.Since(start); waited != a.conf.ConnTimeout {
			t.Errorf("it took %v, want %v", waited, a.conf.ConnTimeout)
		}
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

func TestCloseConnDropsWhatADialUnderWayWasToCarry(t *testing.T) {
	for _, step := range []trace.Step{trace.DialStart, trace.PingSend, trace.StreamOpen, trace.AuthSend, trace.AuthRead} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				inbox := b.Accept(everything)
				held := a.tr.hold(is(step))
				sendTexts(a, b.remote(), "given up")
				held.reached()
				a.CloseConn(b.remote())
				held.release()
				if drop := a.tr.wait(is(trace.ConnDrop)); drop.Err != ErrClosed {
					t.Errorf("dropped because of %v, want %v", drop.Err, ErrClosed)
				}
				if got := a.noticesNow(); len(got) != 0 {
					t.Errorf("A presumes %v dead", got)
				}
				sendTexts(a, b.remote(), "again")
				if got := receiveTexts(t, inbox, 1)[0]; got != "again" {
					t.Errorf("over the next connection came %q", got)
				}
			})
		})
	}
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
