package comm

// Tests of the send that promises nothing: what it does keep (the order, and never twice), what it may lose, and that whatever it
// loses is counted and told. And of CloseConn, which loses nothing that was already queued.

import (
	"errors"
	"fmt"
	"io"
	"strconv"
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

func TestMessagesSentDuringTheDialArriveFirstAndInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		held := a.tr.hold(is(trace.DialStart))
		sendTexts(a, b.remote(), numbers(20)...)
		held.reached()
		held.release()
		if diff := cmp.Diff(numbers(20), receiveTexts(t, inbox, 20)); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		sendTexts(a, b.remote(), "later")
		if got := receiveTexts(t, inbox, 1)[0]; got != "later" {
			t.Errorf("after those of the dial came %q", got)
		}

		how := map[string]int{}
		for _, e := range a.tr.all(is(trace.StoreLookup)) {
			how[e.Detail]++
		}
		if diff := cmp.Diff(map[string]int{"dialling": 1, "joined": 19, "found": 1}, how); diff != "" {
			t.Errorf("look-ups differ (-want +got):\n%s", diff)
		}
	})
}

func TestMessageThatMeetsAFullQueueIsDroppedCountedAndTold(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		held := a.tr.hold(is(trace.DialStart))
		sendTexts(a, b.remote(), numbers(25)...)
		conn := a.connTo(b.remote())

		drops := a.tr.all(is(trace.ConnDrop))
		if len(drops) != 5 || conn.dropped.Load() != 5 {
			t.Errorf("%d drops told and %d counted, want 5 and 5", len(drops), conn.dropped.Load())
		}
		for i, e := range drops {
			if want := (trace.Queue{Name: "outBuff", Len: 20, Cap: 20}); e.Queue != want || !errors.Is(e.Err, errQueueFull) {
				t.Errorf("drop %d tells of queue %v and error %v, want %v and %v", i, e.Queue, e.Err, want, errQueueFull)
			}
			if got, want := textOf(decode(t, e.Envelope)), strconv.Itoa(20+i); got != want {
				t.Errorf("drop %d is message %q, want %q", i, got, want)
			}
		}
		held.release()
		if diff := cmp.Diff(numbers(20), receiveTexts(t, inbox, 20)); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		mustBeEmpty(t, inbox)
	})
}

// Upstream: 2 to 23 % of what arrives of a flood is out of order. Here a flood loses what the queue cannot hold, and knows how much.
func TestFloodArrivesInOrderAndWhatIsMissingWasCounted(t *testing.T) {
	const flood = 3000
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), numbers(flood)...)
		sent := a.connTo(b.remote())

		last, arrived := -1, 0
		for quiet := false; !quiet; {
			select {
			case msg := <-inbox:
				number, err := strconv.Atoi(textOf(msg.GetGossipMessage().GossipMessage))
				if err != nil {
					t.Fatal(err)
				}
				if number <= last {
					t.Fatalf("message %d came after %d", number, last)
				}
				last, arrived = number, arrived+1
			case <-time.After(time.Minute):
				quiet = true
			}
		}
		told := len(a.tr.all(is(trace.ConnDrop)))
		if dropped := int(sent.dropped.Load()); arrived+dropped != flood || told != dropped {
			t.Errorf("of %d messages %d arrived, %d were counted as dropped and %d told", flood, arrived, dropped, told)
		}
	})
}

func TestSendAfterStopIsHarmless(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		a.Stop()
		sendTexts(a, b.remote(), "too late")
		if refused := a.tr.all(is(trace.StoreRefused, failed)); len(refused) != 1 || !errors.Is(refused[0].Err, ErrStopped) {
			t.Errorf("refusals are %v, want one with %v", refused, ErrStopped)
		}
		if dials := a.tr.all(is(trace.DialStart)); len(dials) != 0 {
			t.Errorf("dialled %d times after Stop", len(dials))
		}
		mustBeEmpty(t, inbox)
	})
}

func TestMessageThatWasNeverSignedIsNotSent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		a.Send(nil, b.remote())
		a.Send(&proto.SignedGossipMessage{GossipMessage: message(t, "without an envelope").GossipMessage}, b.remote())
		if asked := a.tr.all(is(trace.StoreLookup)); len(asked) != 0 {
			t.Errorf("a connection was asked for %d times, for messages that have no bytes", len(asked))
		}
	})
}

func TestMessageToOneselfIsRefusedAndToOthersIsNot(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		a.Send(message(t, "hello"), a.remote(), b.remote())
		if got := receiveTexts(t, inbox, 1)[0]; got != "hello" {
			t.Errorf("B got %q", got)
		}
		if got := a.connStore.connNum(); got != 1 {
			t.Errorf("A has %d connections, want the one to B", got)
		}
	})
}

// gRPC gives io.EOF for a message that met the end of the stream, and does not say whether it went out. To send it again over a new
// connection could deliver it twice.
func TestMessageThatMetTheEndOfTheStreamIsDroppedAndNotSentAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		end := make(chan error, 1)
		b := w.wirePeer("B").acceptor(endingItsFirst(end))
		reader := a.tr.hold(is(trace.ConnRead)) // so that nobody learns of the end before the writer meets it
		sendTexts(a, b.remote(), "first")
		reader.reached()
		a.tr.wait(is(trace.ConnWritten))
		end <- status.Error(codes.Internal, "broken")
		synctest.Wait()
		sendTexts(a, b.remote(), "second")
		drop := a.tr.wait(is(trace.ConnDrop))
		if got := textOf(decode(t, drop.Envelope)); got != "second" || drop.Err != io.EOF {
			t.Errorf("dropped %q because of %v, want the second message and %v", got, drop.Err, io.EOF)
		}
		reader.release()
		a.tr.wait(is(trace.ConnServeEnd))
		sendTexts(a, b.remote(), "third")
		envelope, _ := await(t, "the third message", b.received)
		if got := textOf(decode(t, envelope)); got != "third" {
			t.Errorf("over the new connection came %q first", got)
		}
		synctest.Wait()
		if len(b.received) != 0 {
			t.Error("more than the third message came over the new connection")
		}
	})
}

// Contract S5: flow control knows no patience, and a peer that keeps its line open and takes nothing would hold writer and queue for ever.
func TestPeerThatTakesNothingIsGivenUpAfterExactlyTheWriteTimeout(t *testing.T) {
	for name, deaf := range map[string]func(*world, *testPeer) *RemotePeer{
		"that we have dialled": func(w *world, _ *testPeer) *RemotePeer {
			b, _ := stalled(w, "B")
			return b.remote()
		},
		"that has dialled us": func(w *world, a *testPeer) *RemotePeer {
			b := w.wirePeer("B")
			b.join(a.endpoint)
			return &RemotePeer{PKIID: b.pkiID()}
		},
	} {
		for _, timeout := range []time.Duration{0, 1300 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, with a WriteTimeout of %v", name, timeout), func(t *testing.T) {
				inBubble(t, func(t *testing.T, w *world) {
					a := w.peer("A", configured(func(conf *Config) { conf.WriteTimeout = timeout }))
					to := deaf(w, a)
					start := time.Now()
					sent := clog(a, to, 5)
					conn := a.connTo(to)

					closed := a.tr.wait(is(trace.ConnClose, of(conn.trace.Object())))

					if got, want := time.Since(start), a.conf.WriteTimeout; got != want {
						t.Errorf("given up after %v, want %v", got, want)
					}
					mustBe(t, closed.Err, ErrWriteTimeout)
					a.mustBeGone(conn.trace.Object())
					mustAccountForSent(a, conn, sent, func(e trace.Event) bool { return errors.Is(e.Err, ErrWriteTimeout) })
					if diff := cmp.Diff([]common.PKIidType{to.PKIID}, a.noticesNow()); diff != "" {
						t.Errorf("death notices differ (-want +got):\n%s", diff)
					}
					a.mustStore(0)
				})
			})
		}
	}
}

// Back-pressure is wanted. The deadline is that of one write, so a peer whose subscribers are slow keeps its connection.
func TestPeerThatTakesAMessageNowAndThenKeepsItsConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
				for {
					time.Sleep(a.conf.WriteTimeout - time.Second)
					envelope, err := stream.Recv()
					if err != nil {
						return true, nil
					}
					b.received <- envelope
				}
			})
		})
		sent := clog(a, b.remote(), 5)
		time.Sleep(time.Duration(sent) * a.conf.WriteTimeout)
		if closed := a.tr.all(is(trace.ConnClose)); len(closed) != 0 {
			t.Errorf("the connection was closed because of %v", closed[0].Err)
		}
		if got := len(b.received); got != sent {
			t.Errorf("of %d messages %d arrived", sent, got)
		}
	})
}

func TestWriteThatSucceedsLeavesNoTimer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var clock armed
		a, b := w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc })), w.peer("B")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), numbers(20)...)
		receiveTexts(t, inbox, 20)
		leavesNothing(t, a, &clock)
		time.Sleep(a.conf.WriteTimeout)
		a.mustStore(1)
	})
}

func TestCloseConnByTheInitiatorDrainsWhatWasQueued(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		held := a.tr.hold(is(trace.ConnWrite))
		sendTexts(a, b.remote(), numbers(15)...)
		held.reached()
		a.CloseConn(b.remote())
		if got := a.connStore.connNum(); got != 0 {
			t.Error("the connection that drains is still in the store, where the next message would find it")
		}
		held.release()
		if diff := cmp.Diff(numbers(15), receiveTexts(t, inbox, 15)); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		for _, p := range []*testPeer{a, b} {
			if end := p.tr.wait(is(trace.ConnServeEnd)); end.Err != nil {
				t.Errorf("at %s the connection ended with %v, want a clean end", p.name, end.Err)
			}
			if got := p.noticesNow(); len(got) != 0 {
				t.Errorf("%s presumes %v dead", p.name, got)
			}
		}
		if drops := a.tr.all(is(trace.ConnDrop)); len(drops) != 0 {
			t.Errorf("dropped %v", drops)
		}
		sendTexts(a, b.remote(), "over the next connection")
		if got := receiveTexts(t, inbox, 1)[0]; got != "over the next connection" {
			t.Errorf("after the drained messages came %q", got)
		}
	})
}

// A peer that reads but does not end its side, as it should when the stream was half-closed, is given a connection timeout.
func TestClosedConnectionLingersForAConnectionTimeoutAtMost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			err := likeFabric(b, stream)
			<-stream.Context().Done()
			return err
		})
		sendTexts(a, b.remote(), "hello")
		await(t, "the message", b.received)
		start := time.Now()
		a.CloseConn(b.remote())
		a.tr.wait(is(trace.ConnDrain))
		if end := a.tr.wait(is(trace.ConnServeEnd)); end.Err != nil {
			t.Errorf("the connection ended with %v, want a clean end", end.Err)
		}
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("lingered %v, want 2s", got)
		}
	})
}

// A server stream cannot be half-closed: gRPC ends it when the handler returns. What was queued there is dropped, and told.
func TestCloseConnByTheAcceptorEndsTheStreamCleanlyAndDropsItsQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), "hello")
		receive(t, inbox)
		held := b.tr.hold(is(trace.ConnWrite))
		sendTexts(b, a.remote(), numbers(3)...)
		held.reached()
		b.CloseConn(a.remote())
		held.release()
		if drops := b.tr.waitFor(3, is(trace.ConnDrop)); drops[2].Err != ErrClosed {
			t.Errorf("dropped because of %v, want %v", drops[2].Err, ErrClosed)
		}
		for _, p := range []*testPeer{a, b} {
			if end := p.tr.wait(is(trace.ConnServeEnd)); end.Err != nil {
				t.Errorf("at %s the connection ended with %v, want a clean end", p.name, end.Err)
			}
			if got := p.noticesNow(); len(got) != 0 {
				t.Errorf("%s presumes %v dead", p.name, got)
			}
		}
		sendTexts(a, b.remote(), "again")
		if got := receiveTexts(t, inbox, 1)[0]; got != "again" {
			t.Errorf("over the next connection came %q", got)
		}
	})
}

func TestCloseConnToAStrangerDoesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), "hello")
		receive(t, inbox)
		a.CloseConn(nobody("Stranger"))
		sendTexts(a, b.remote(), "still here")
		receive(t, inbox)
		if closed := a.tr.all(is(trace.ConnClose)); len(closed) != 0 {
			t.Errorf("closed %v", closed)
		}
	})
}

// Upstream delivered 623 of 1200 (S15c): the end of the stream competed with what had been received before it.
func TestAllThatWasReceivedBeforeACleanEndIsDelivered(t *testing.T) {
	const many = 1200
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inbox := b.Accept(everything)
		a := w.wirePeer("A").join(b.endpoint)
		sent := finished(func() {
			for _, text := range numbers(many) {
				a.write(text)
			}
			a.finish()
		})
		var got []string
		for range many {
			time.Sleep(10 * time.Millisecond) // a slow subscriber, behind which all queues are full
			got = append(got, receiveTexts(t, inbox, 1)...)
		}
		if diff := cmp.Diff(numbers(many), got); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		await(t, "the sender to have finished", sent)
		if err := a.end(); err != nil {
			t.Errorf("the stream ended with %v, want a clean end", err)
		}
		if end := b.tr.wait(is(trace.ConnServeEnd)); end.Err != nil {
			t.Errorf("at B the connection ended with %v, want a clean end", end.Err)
		}
	})
}

// Whatever stage a message is at when its receiver stops, the sender neither waits nor loses count.
func TestSendingToAPeerThatStopsHoldsUpNobody(t *testing.T) {
	const senders, n = 4, 200
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		var sent []<-chan struct{}
		for sender := range senders {
			sent = append(sent, finished(func() {
				for _, text := range named(strconv.Itoa(sender), n) {
					sendTexts(a, b.remote(), text)
					time.Sleep(time.Millisecond)
				}
			}))
		}
		var got []string
		for range n {
			got = append(got, receiveTexts(t, inbox, 1)...)
		}
		stopped := finished(b.Stop)
		for text, open := receiveOrEnd(t, inbox); open; text, open = receiveOrEnd(t, inbox) {
			got = append(got, text)
		}
		await(t, "Stop to return", stopped)
		for _, done := range sent {
			await(t, "a sender", done)
		}
		time.Sleep(time.Minute)

		for sender := range senders {
			var of []string
			for _, text := range got {
				if strings.HasPrefix(text, strconv.Itoa(sender)+" ") {
					of = append(of, text)
				}
			}
			if diff := cmp.Diff(named(strconv.Itoa(sender), len(of)), of); diff != "" {
				t.Errorf("what came from sender %d has gaps before its end (-want +got):\n%s", sender, diff)
			}
		}
		written := len(a.tr.all(is(trace.ConnWritten, func(e trace.Event) bool { return e.Err == nil })))
		dropped := len(a.tr.all(is(trace.ConnDrop)))
		if dropped == 0 || written+dropped != senders*n {
			t.Errorf("of %d messages %d were written and %d dropped", senders*n, written, dropped)
		}
		a.mustStore(0)
		a.mustDialNothing()
	})
}

// receiveOrEnd returns the text of the next message of a subscription; open is false at its end.
func receiveOrEnd(t testing.TB, inbox <-chan proto.ReceivedMessage) (text string, open bool) {
	t.Helper()
	msg, open := await(t, "a message or the end", inbox)
	if !open {
		return "", false
	}
	return textOf(msg.GetGossipMessage().GossipMessage), true
}
