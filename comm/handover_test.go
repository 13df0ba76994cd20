package comm

// Tests of a queue that changes hands, from a connection that gives way to one that stays (contract S2): the messages keep their order and
// none is left behind, also if somebody puts one in at that moment. Moments that last for a few instructions are played with bare
// connections.

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// queued takes the texts out of the queue of a connection.
func queued(t testing.TB, conn *connection) (texts []string) {
	t.Helper()
	for {
		select {
		case m := <-conn.outBuff:
			texts = append(texts, textOf(decode(t, m.envelope)))
		default:
			return texts
		}
	}
}

// Contract S2. Between the look at the successor and the queue there is a moment; what is put in then has missed the handover, and
// the last look of the writer too.
func TestMessageThatSlipsIntoAQueueThatWasGivenAwayFollowsIt(t *testing.T) {
	conn, successor := bare(t, nil), bare(t, nil)
	conn.giveWay(successor)
	conn.retireQueue(errReplaced)
	conn.outBuff <- sending(t, "late") // by a sender who had looked before that
	conn.lookAgain()
	if diff := cmp.Diff([]string{"late"}, queued(t, successor)); diff != "" {
		t.Errorf("the queue of the successor differs (-want +got):\n%s", diff)
	}
}

// Contract S2. Senders need not wait for the store, so they find the successor before the queue has got there.
func TestMessageSentWhileTheQueueIsHandedOverDoesNotOvertakeIt(t *testing.T) {
	var conn *connection
	conn = bare(t, reacting(func(e trace.Event) {
		if e.Step == trace.StoreHandover {
			conn.send(sending(t, "2"), nonBlockingSend)
		}
	}))
	successor := bare(t, nil)
	conn.send(sending(t, "0"), nonBlockingSend)
	conn.send(sending(t, "1"), nonBlockingSend)
	conn.giveWay(successor)
	if diff := cmp.Diff(numbers(3), queued(t, successor)); diff != "" {
		t.Errorf("the queue of the successor differs (-want +got):\n%s", diff)
	}
}

// Contract S2. Whoever finds a queue that was given away moves what is in it, and several may at once. The message that one of them
// has in hand must not be overtaken by the next one of its sender, who finds the queue empty.
func TestMessageThatSomebodyMovesIsNotOvertakenByTheNext(t *testing.T) {
	var conn *connection
	var sent <-chan struct{}
	var begun atomic.Bool
	last := bare(t, reacting(func(e trace.Event) {
		if e.Step != trace.ConnEnqueue || !begun.CompareAndSwap(false, true) {
			return
		}
		// "0" has come here, and "1" is in hand. The sender is to wait for that.
		sent = finished(func() { conn.send(sending(t, "2"), nonBlockingSend) })
		for len(sent) == 0 && !waitsForAMutexIn("(*connection).moveQueue") {
			runtime.Gosched()
		}
	}))
	conn, between := bare(t, nil), bare(t, nil)
	conn.giveWay(between)
	between.giveWay(last)
	between.outBuff <- sending(t, "0") // both by senders who had looked before that
	conn.outBuff <- sending(t, "1")
	conn.lookAgain()
	await(t, "the sender", sent)
	if diff := cmp.Diff(numbers(3), queued(t, last)); diff != "" {
		t.Errorf("the queue of the last connection differs (-want +got):\n%s", diff)
	}
}

// Order is kept while the queue changes hands: the senders do not stop for it, and some have the old connection in hand.
func TestMessagesSentWhileTheQueueIsHandedOverKeepTheirOrder(t *testing.T) {
	const n = 500
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w, configured(func(conf *Config) { conf.SendBuffSize = 2 * n }))
		atSmall := small.Accept(everything)
		smallDial, largeDial := cross(t, small, large)
		sent := finished(func() { sendTexts(large, small.remote(), named("more", n)...) })
		smallDial.release()
		largeDial.release()
		await(t, "the sender", sent)
		if diff := cmp.Diff(append(named("L", 3), named("more", n)...), receiveTexts(t, atSmall, n+3)); diff != "" {
			t.Errorf("what S got differs (-want +got):\n%s", diff)
		}
		mustAgree(small, large)
	})
}

func TestAcknowledgementsAreWaitedForAlsoWhereADialHasLost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		answering(small, acking)
		answering(large, acking)
		smallDial, largeDial := small.tr.hold(is(trace.StreamOpen)), large.tr.hold(is(trace.StreamOpen))
		fromSmall := async(func() AggregatedSendResult { return small.SendWithAck(message(t, "S"), time.Minute, 1, large.remote()) })
		fromLarge := async(func() AggregatedSendResult { return large.SendWithAck(message(t, "L"), time.Minute, 1, small.remote()) })
		smallDial.reached()
		largeDial.reached()
		start := time.Now()
		smallDial.release()
		largeDial.release()
		for _, results := range []<-chan AggregatedSendResult{fromSmall, fromLarge} {
			if got, _ := await(t, "the result", results); got.AckCount() != 1 {
				t.Errorf("got %v", got)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		mustAgree(small, large)
	})
}

// Contract S2. The peer has sent, and closed again, before it came to our stream: then nothing is in the way of that any more, and
// the peer takes it. But its queue has gone, so nobody must find it.
func TestDialWhoseQueueHasGoneIsNotStoredThoughItIsAnswered(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall, atLarge := small.Accept(everything), large.Accept(everything)
		handler := small.tr.hold(is(trace.AuthRead, inbound))
		sendTexts(large, small.remote(), named("L", 3)...)
		handler.reached()
		dial := large.tr.wait(is(trace.StreamOpened)).Object
		sendTexts(small, large.remote(), "S")
		if diff := cmp.Diff(named("L", 3), receiveTexts(t, atSmall, 3)); diff != "" {
			t.Errorf("what S got differs (-want +got):\n%s", diff)
		}
		small.CloseConn(large.remote())
		synctest.Wait()

		handler.release()
		large.mustBeGone(dial)
		synctest.Wait()
		if stored := large.tr.all(is(trace.StoreStored, func(e trace.Event) bool { return e.Subject == dial })); len(stored) != 0 {
			t.Error("the dial without a queue was stored")
		}
		if got := receiveTexts(t, atLarge, 1)[0]; got != "S" {
			t.Errorf("L got %q", got)
		}
		small.mustStore(0)
		large.mustStore(0)
		sendTexts(large, small.remote(), "afterwards")
		if got := receiveTexts(t, atSmall, 1)[0]; got != "afterwards" {
			t.Errorf("S got %q", got)
		}
		mustThinkAllAlive(small, large)
	})
}

// A dial that fails while the peer's own stream is there says nothing about the peer (S9).
func TestQueueOfAFailedDialGoesToThePeersOwnStream(t *testing.T) {
	t.Run("of a Fabric peer", func(t *testing.T) {
		inBubble(t, func(t *testing.T, w *world) {
			a, b := w.peer("A"), w.wirePeer("B")
			refuses := b.acceptor(func(*wireAcceptor, proto.Gossip_GossipStreamServer) error {
				return status.Error(codes.Unknown, "not today")
			})
			dial := a.tr.hold(is(trace.StreamOpen))
			sendTexts(a, refuses.remote(), named("A", 3)...)
			dial.reached()
			theirs := b.join(a.endpoint)
			dial.release()
			for _, want := range named("A", 3) {
				if got := textOf(theirs.read()); got != want {
					t.Errorf("B got %q, want %q", got, want)
				}
			}
			sendTexts(a, refuses.remote(), "and more")
			if got := textOf(theirs.read()); got != "and more" {
				t.Errorf("B got %q", got)
			}
			mustThinkAllAlive(a)
		})
	})
	t.Run("of one of ours", func(t *testing.T) {
		inBubble(t, func(t *testing.T, w *world) {
			small, large := pair(w)
			atSmall := small.Accept(everything)
			dial := large.tr.hold(is(trace.DialStart))
			sendTexts(large, &RemotePeer{Endpoint: nobody("X").Endpoint, PKIID: small.GetPKIid()}, named("L", 3)...)
			dial.reached()
			sendTexts(small, large.remote(), "hello")
			receiveTexts(t, atSmall, 3)
			dial.release()
			mustAgree(small, large)
			mustThinkAllAlive(large)
		})
	})
}

// Ours was accepted, and then finished by the peer, while its own stream is set aside. What was queued goes out there.
func TestQueueOfAStreamThatAFabricPeerFinishesGoesToTheOneAside(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		finish := make(chan error)
		acceptor := b.acceptor(endingItsFirst(finish))
		dial, write := a.tr.hold(is(trace.StreamOpen)), a.tr.hold(is(trace.ConnWrite))
		sendTexts(a, acceptor.remote(), "0", "1", "2")
		dial.reached()
		theirs := b.join(a.endpoint)
		dial.release()
		write.reached()
		close(finish)
		synctest.Wait()
		write.release()
		for _, want := range []string{"1", "2"} { // "0" was in the writer's hand
			if got := textOf(theirs.read()); got != want {
				t.Errorf("B got %q, want %q", got, want)
			}
		}
		mustThinkAllAlive(a)
	})
}

// The stream aside has been written on for want of a better. When the peer opens a better one, that takes over its queue.
func TestQueueOfTheStreamAsideGoesToItsSuccessor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		finish := make(chan error)
		acceptor := b.acceptor(endingItsFirst(finish))
		dial := a.tr.hold(is(trace.StreamOpen))
		sendTexts(a, acceptor.remote(), "over ours")
		dial.reached()
		b.join(a.endpoint)
		dial.release()
		a.tr.wait(is(trace.ConnWritten))
		close(finish)
		synctest.Wait()
		write := a.tr.hold(is(trace.ConnWrite, inbound))
		sendTexts(a, acceptor.remote(), "0", "1")
		write.reached()
		third := b.join(a.endpoint)
		synctest.Wait()
		sendTexts(a, acceptor.remote(), "2")
		write.release()
		for _, want := range []string{"1", "2"} { // "0" was in the hand of the other's writer
			if got := textOf(third.read()); got != want {
				t.Errorf("B got %q, want %q", got, want)
			}
		}
	})
}

// One that has to wait for its predecessor, and is replaced meanwhile itself, keeps its place.
func TestThirdStreamDoesNotOvertakeTheFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		inbox := a.Accept(everything)
		handling := a.tr.hold(is(trace.ConnHandle, func(e trace.Event) bool { return e.Object.ID == 1 }))
		streams := []*wireStream{b.join(a.endpoint)}
		streams[0].write("1")
		handling.reached()
		for _, text := range []string{"2", "3"} {
			s := b.join(a.endpoint)
			s.write(text)
			synctest.Wait()
			streams = append(streams, s)
		}
		streams[0].finish()
		streams[1].finish()
		synctest.Wait()
		handling.release()
		if diff := cmp.Diff([]string{"1", "2", "3"}, receiveTexts(t, inbox, 3)); diff != "" {
			t.Errorf("what A got differs (-want +got):\n%s", diff)
		}
	})
}

// Contract S24. A peer that comes back again and again, and reads nothing, must not hold the one who answers it.
func TestAnswerWaitsNoLongerHoweverOftenItsConnectionGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := func() *connection {
			conn := bare(t, nil)
			for conn.offer(sending(t, "before")) {
			}
			return conn
		}
		conn := full()
		begun := time.Now()
		outcome := async(func() error { return conn.send(sending(t, "the answer"), blockingSend) })
		for len(outcome) == 0 && time.Since(begun) < time.Minute {
			time.Sleep(conn.conf.ConnTimeout * 9 / 10)
			successor := full()
			conn.giveWay(successor)
			conn = successor
			synctest.Wait()
		}
		err, _ := await(t, "the outcome", outcome)
		mustBe(t, err, errQueueFull)
		if took := time.Since(begun); took > 2*conn.conf.ConnTimeout {
			t.Errorf("it was given up after %v, a connection timeout is %v", took, conn.conf.ConnTimeout)
		}
	})
}

// Whoever moves a queue holds mutexes that others wait for, so he lets nobody go first.
func TestQueueIsHandedOverWithoutAStop(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	conn, successor := bare(t, nil), bare(t, nil)
	for conn.offer(sending(t, "before")) && successor.offer(sending(t, "before")) {
	}
	var others atomic.Int64
	done := make(chan struct{})
	other := async(func() struct{} {
		for {
			select {
			case <-done:
				return struct{}{}
			default:
				others.Add(1)
				runtime.Gosched()
			}
		}
	})
	conn.giveWay(successor)
	ran := others.Load()
	close(done)
	<-other
	if ran > 1 {
		t.Errorf("somebody else ran %d times while the queue was handed over", ran)
	}
}
