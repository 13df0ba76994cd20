package comm

// store_test.go holds the connection store to its contract: one connection for each peer; a stream that ends takes only itself out, at once
// and whole; and nothing is kept of those that are over.

import (
	"context"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
)

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
				finish := make(chan error, 1)
				b := w.wirePeer("B").acceptor(endingItsFirst(finish))
				a := w.peer("A")
				a.Send(message(t, "first"), b.remote())
				conn := a.tr.wait(is(trace.ConnServe)).Object
				a.mustStore(1)

				start := time.Now()
				finish <- end
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

// Contract S3, S4. Neither goroutine of a connection is the one on which its end depends: here the reader has yet to learn of it.
func TestWriterThatMeetsABrokenStreamEndsTheConnectionWithoutTheReader(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p, other := w.peer("P"), w.wirePeer("Other")
		reader := p.tr.hold(is(trace.ConnRead))
		s := other.join(p.endpoint)
		conn := reader.reached().Object
		s.cancel()
		synctest.Wait()
		p.mustStore(1)
		sendTexts(p, &RemotePeer{PKIID: other.pkiID()}, "lost")
		if end := p.tr.wait(is(trace.ConnClose, of(conn))); end.Err == nil {
			t.Error("the connection was not closed because it broke")
		}
		p.mustStore(0)
		if diff := cmp.Diff([]common.PKIidType{other.pkiID()}, p.noticesNow()); diff != "" {
			t.Errorf("death notices differ (-want +got):\n%s", diff)
		}
		reader.release()
		p.mustBeGone(conn)
	})
}

// Contract S3, S4. On a stream of ours the writer learns that it has ended, and not why; that is for the reader, who may be busy.
func TestMessageAfterOneThatMetTheEndIsDialledForThoughTheReaderKnowsOfNoEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		finish := make(chan error)
		b := w.wirePeer("B").acceptor(endingItsFirst(finish))
		reader := a.tr.hold(is(trace.ConnRead))
		sendTexts(a, b.remote(), "first")
		conn := reader.reached().Object
		a.tr.wait(is(trace.ConnWritten))
		close(finish)
		synctest.Wait()
		sendTexts(a, b.remote(), "lost")
		a.tr.wait(is(trace.ConnDrop))
		synctest.Wait()
		a.mustStore(0)
		sendTexts(a, b.remote(), "arrives")
		envelope, _ := await(t, "the message", b.received)
		if got := textOf(decode(t, envelope)); got != "arrives" {
			t.Errorf("B got %q", got)
		}
		reader.release()
		a.mustBeGone(conn)
	})
}

func TestPeersThatHaveRestartedAreReachedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		atA, atB := a.Accept(everything), b.Accept(everything)
		sendTexts(a, b.remote(), "before")
		receiveTexts(t, atB, 1)
		b.halt()
		synctest.Wait()
		fail(a, b.remote())
		if diff := cmp.Diff([]common.PKIidType{b.GetPKIid()}, a.noticesNow()); diff != "" {
			t.Errorf("death notices differ (-want +got):\n%s", diff)
		}

		again := w.peer("B", withIdentity(b.id), withCerts(b.certs))
		atB = again.Accept(everything)
		sendTexts(a, b.remote(), "to the new one")
		if got := receiveTexts(t, atB, 1)[0]; got != "to the new one" {
			t.Errorf("B got %q", got)
		}
		sendTexts(again, a.remote(), "from the new one")
		if got := receiveTexts(t, atA, 1)[0]; got != "from the new one" {
			t.Errorf("A got %q", got)
		}
		a.mustStore(1)
		again.mustStore(1)
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
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		reconnect := func() {
			sendTexts(a, b.remote(), "hello")
			receive(t, inbox)
			a.CloseConn(b.remote())
			time.Sleep(time.Minute) // until gRPC has let go of its transport, too
			synctest.Wait()
		}
		reconnect()
		before := runtime.NumGoroutine()
		for range 20 {
			reconnect()
		}
		if after := runtime.NumGoroutine(); after > before+5 { // a few may be the runtime's own
			t.Errorf("%d goroutines before twenty reconnections, %d after", before, after)
		}
		a.mustStore(0)
		b.mustStore(0)
	})
}

// A peer calls, sends, finishes and calls again, and a subscriber of ours does not read: what is left behind each time must not add up.
func TestPeerThatComesAndFinishesAgainAndAgainLeavesNoMoreThanOneBehind(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		a.Accept(everything) // and nobody reads
		b := w.wirePeer("B")
		for range 100 {
			c := b.dial(a.endpoint)
			s := c.open(b.clientHello())
			s.read()
			s.write("hello")
			s.finish()
			synctest.Wait()
			c.cc.Close()
		}
		time.Sleep(a.conf.ConnTimeout)
		synctest.Wait()
		began, ended := len(a.tr.all(is(trace.ConnServe))), len(a.tr.all(is(trace.ConnServeEnd)))
		if left := began - ended; left != 1 {
			t.Errorf("%d of %d services are still there, want 1", left, began)
		}
		a.CloseConn(&RemotePeer{PKIID: b.pkiID()})
		synctest.Wait()
		if ended := len(a.tr.all(is(trace.ConnServeEnd))); ended != began {
			t.Errorf("%d services outlive CloseConn", began-ended)
		}
		mustThinkAllAlive(a)
	})
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

// Each would keep what was before it, and so all that ever were between two peers that come and go.
func TestConnectionKeepsNoneOfThoseThatGaveWayToIt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		first := b.join(a.endpoint)
		b.join(a.endpoint)
		old := a.tr.wait(is(trace.StoreReplaced)).Subject
		first.finish()
		a.mustBeGone(old)
		synctest.Wait()
		if kept := a.connTo(&RemotePeer{PKIID: b.pkiID()}).after; kept != nil {
			t.Errorf("it keeps %d connections that were before it", len(kept))
		}
	})
}

// Contract S3, S4. A context that is not cancelled stays with its parent, the life of the instance, so a peer would hold something
// of every connection that it ever had.
func TestContextOfAConnectionEndsWithIt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), "hello")
		receive(t, inbox)
		dialled, accepted := a.connTo(b.remote()), b.connTo(a.remote())
		a.CloseConn(b.remote())
		a.mustBeGone(dialled.trace.Object())
		b.mustBeGone(accepted.trace.Object())
		synctest.Wait()
		mustBe(t, context.Cause(dialled.ctx), ErrClosed)
		mustBe(t, context.Cause(accepted.ctx), ErrPeerClosed)
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

// Whoever sees that a connection is closed asks why, and "no reason" would mean "no error": a message would count as queued, a dial as
// done, and a call that waits for an acknowledgement would go on with a subscription that does not exist.
func TestClosedConnectionAlwaysHasAReason(t *testing.T) {
	conn := newConnection(t.Context(), 1, "there:1", nil, Config{Logger: slog.New(slog.DiscardHandler)}, nil)
	conn.remove = func(*connection) bool { return false }
	conn.RLock() // what reason takes: the close below comes no further than to where it writes the reason
	closed := finished(func() { conn.close(ErrClosed) })
	for conn.TryRLock() { // fails once somebody waits to write
		conn.RUnlock()
		runtime.Gosched()
	}
	if conn.toDie() {
		t.Error("the connection counts as closed, and has no reason yet")
	}
	conn.RUnlock()
	<-closed
	if !conn.toDie() || conn.reason() != ErrClosed {
		t.Errorf("closed is %v, for %v", conn.toDie(), conn.reason())
	}
}
