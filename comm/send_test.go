package comm

// Tests of the send that promises nothing: what it does keep (the order, and never twice), what it may lose, and that whatever it
// loses is counted and told. And of CloseConn, which loses nothing that was already queued.

import (
	"errors"
	"io"
	"log/slog"
	"runtime"
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

// numbers returns the texts "0" to "n-1".
func numbers(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	return texts
}

// sendTexts sends one message for each text.
func sendTexts(p *testPeer, to *RemotePeer, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.Send(message(p.t, text), to)
	}
}

// mustBeEmpty fails the test if anything arrives within a minute, or if the subscription ends.
func mustBeEmpty(t testing.TB, inbox <-chan proto.ReceivedMessage) {
	t.Helper()
	time.Sleep(time.Minute)
	select {
	case msg, open := <-inbox:
		t.Errorf("got %v, open %v, want nothing", msg, open)
	default:
	}
}

// connTo returns the connection that a peer has, or is dialling, to another.
func (p *testPeer) connTo(to *RemotePeer) *connection {
	p.t.Helper()
	p.connStore.RLock()
	defer p.connStore.RUnlock()
	conn := p.connStore.find(to)
	if conn == nil {
		conn = p.connStore.destinationLocks[destination(to.Endpoint, to.PKIID)]
	}
	if conn == nil {
		p.t.Fatalf("%s has no connection to %v", p.name, to)
	}
	return conn
}

// noticesNow takes the death notices that are there, having given whoever is about to write one the time to do so.
func (p *testPeer) noticesNow() []common.PKIidType {
	var notices []common.PKIidType
	for {
		synctest.Wait()
		select {
		case id := <-p.PresumedDead():
			notices = append(notices, id)
		default:
			return notices
		}
	}
}

// nobody is a peer at an endpoint where nobody listens.
func nobody(name string) *RemotePeer {
	return &RemotePeer{Endpoint: name + ":7051", PKIID: common.PKIidType("PKI-ID of " + name)}
}

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

// gRPC gives io.EOF for a message that met the end of the stream, and does not say whether it went out. To send it again over a new
// connection could deliver it twice.
func TestMessageThatMetTheEndOfTheStreamIsDroppedAndNotSentAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		end := make(chan struct{})
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
				if b.streams.Load() == 1 {
					<-end
					return true, status.Error(codes.Internal, "broken")
				}
				return false, nil
			})
		})
		reader := a.tr.hold(is(trace.ConnRead)) // so that nobody learns of the end before the writer meets it
		sendTexts(a, b.remote(), "first")
		reader.reached()
		a.tr.wait(is(trace.ConnWritten))
		close(end)
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

// clog sends messages that are too large for the window of HTTP/2 to a peer that takes none, until n of them wait in the queue, and
// another one in gRPC. It returns how many it has sent.
func clog(p *testPeer, to *RemotePeer, n int) (sent int) {
	p.t.Helper()
	large := message(p.t, strings.Repeat("x", 40_000))
	for waiting := 0; waiting < n; sent++ {
		p.Send(large, to)
		synctest.Wait()
		waiting = len(p.connTo(to).outBuff)
	}
	return sent
}

// mustAccountForSent fails the test unless each of the messages sent over a connection that has ended was written or dropped, and each that
// was still in the queue was dropped for the right reason.
func mustAccountForSent(p *testPeer, conn *connection, sent int, why func(trace.Event) bool) {
	p.t.Helper()
	written := p.tr.all(is(trace.ConnWritten, of(conn.trace.Object()), func(e trace.Event) bool { return e.Err == nil }))
	drops := p.tr.all(is(trace.ConnDrop, of(conn.trace.Object())))
	if len(written)+len(drops) != sent || int(conn.dropped.Load()) != len(drops) {
		p.t.Errorf("of %d messages %d were written, %d told as dropped and %d counted", sent, len(written), len(drops), conn.dropped.Load())
	}
	for _, e := range drops[1:] { // the first is the one that was being written; gRPC says why that one failed
		if !why(e) {
			p.t.Errorf("a message was dropped because of %v", e.Err)
		}
	}
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
			t.Run(name, func(t *testing.T) {
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
