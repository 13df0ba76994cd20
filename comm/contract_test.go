package comm

// Tests of promises that were kept and that nothing held the code to. They were found by breaking the code line by line, and by
// going through what Fabric's own tests ask of its layer. Most are about moments that last for a few instructions: a message that
// comes while a queue changes hands, or an end that only one goroutine of a connection has met. The contract that they belong to is
// that of doc.go.

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/testing/protocmp"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// reacting is a tracer that does something at a step, on the goroutine that has come to it.
type reacting func(trace.Event)

func (r reacting) Gate(e trace.Event)   { r(e) }
func (r reacting) Report(e trace.Event) { r(e) }

// bare makes a connection that has a queue and nothing else: no stream, no goroutine, no store.
func bare(t *testing.T, tracer trace.Tracer) *connection {
	t.Helper()
	conf, err := Config{SendBuffSize: 100}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return newConnection(t.Context(), 1, "there:1", nil, conf, trace.NewSource(tracer, trace.Object{Kind: trace.Connection, ID: 1}))
}

// sending makes a message on its way out that carries a text.
func sending(t testing.TB, text string) *msgSending {
	t.Helper()
	return &msgSending{envelope: message(t, text).Envelope}
}

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
			conn.send(context.Background(), sending(t, "2"), nonBlockingSend)
		}
	}))
	successor := bare(t, nil)
	conn.send(context.Background(), sending(t, "0"), nonBlockingSend)
	conn.send(context.Background(), sending(t, "1"), nonBlockingSend)
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
		// "0" has come here, and "1" is in hand. The sender is to wait for that, so he is given only as much time as he would need.
		sent = finished(func() { conn.send(context.Background(), sending(t, "2"), nonBlockingSend) })
		for i := 0; i < 10_000 && len(sent) == 0; i++ {
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

// Contract S2. A dial that was refused waits for the peer's stream, and has nothing open that another dial would have to give way to.
func TestRefusedDialHandsItsQueueToAnotherOfOurDialsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall := small.Accept(everything)
		smallDial, largeDial := cross(t, small, large)
		largeDial.release()
		large.tr.wait(is(trace.AuthReceived, func(e trace.Event) bool { return errors.Is(e.Err, ErrTieBreak) }))
		small.CloseConn(large.remote()) // so that what it was refused for comes to nothing
		smallDial.release()
		synctest.Wait()
		start := time.Now()
		sendTexts(large, &RemotePeer{Endpoint: w.alias(small, "alias")}, "over the other dial")
		got := receiveTexts(t, atSmall, 4)
		mustTakeNoTime(t, start)
		slices.Sort(got)
		if diff := cmp.Diff(append(named("L", 3), "over the other dial"), got); diff != "" {
			t.Errorf("what S got differs (-want +got):\n%s", diff)
		}
		mustThinkAllAlive(small, large)
	})
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
		finish := make(chan struct{})
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
				if b.streams.Load() > 1 {
					return false, nil
				}
				<-finish
				return true, nil
			})
		})
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

// Contract S9. Who reads a notice, and dials at once, must not find the connection that he has just been told about.
func TestConnectionIsOverWhenItsEndIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p, other := w.peer("P"), w.wirePeer("Other")
		s := other.join(p.endpoint)
		conn := p.tr.wait(is(trace.ConnServe)).Object
		fail(p, nobody("C"))
		s.cancel()
		p.mustBeGone(conn)
		synctest.Wait()
		closed := make(map[trace.Object]bool)
		notices := 0
		for _, e := range p.tr.all(func(trace.Event) bool { return true }) {
			switch e.Step {
			case trace.ConnClose:
				closed[e.Object] = true
			case trace.DeadNotice:
				notices++
				if !closed[e.Subject] {
					t.Errorf("the notice about connection %d came before it was closed", e.Subject.ID)
				}
			}
		}
		if notices != 2 {
			t.Errorf("%d notices, want 2", notices)
		}
	})
}

// Contract S10, S18. To be in the store for a moment is enough to push somebody out of it.
func TestStrangerWhoIsRefusedWasNeverInTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p, other := w.peer("P"), w.wirePeer("Other")
		other.join(p.endpoint)
		p.tr.wait(is(trace.ConnServe))
		for _, flaw := range flaws {
			if err := other.dial(p.endpoint).open(flaw.hello(other, &other.certs.Client)).end(); err == nil {
				t.Errorf("%s: the stream was not refused", flaw.name)
			}
		}
		synctest.Wait()
		for _, step := range []trace.Step{trace.StoreStored, trace.StoreRemoved, trace.StoreReplaced} {
			want := 0
			if step == trace.StoreStored {
				want = 1
			}
			if got := len(p.tr.all(is(step))); got != want {
				t.Errorf("%s happened %d times, want %d: for the one stream that was not refused", step, got, want)
			}
		}
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

// Contract S16. The message that is sent is another one than the argument, and still says the same.
func TestMessageThatIsToBeAcknowledgedSaysWhatTheArgumentSays(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		msg := message(t, "hello")
		msg.Channel = []byte("channel")
		a.SendWithAck(msg, time.Minute, 0, b.remote())
		got := receive(t, inbox).GetGossipMessage().GossipMessage
		if got.Nonce == msg.Nonce {
			t.Error("it has no nonce of its own")
		}
		got.Nonce = msg.Nonce
		if diff := cmp.Diff(msg.GossipMessage, got, protocmp.Transform()); diff != "" {
			t.Errorf("what B got differs (-argument +got):\n%s", diff)
		}
	})
}

// Contract S19. Of a peer that does not answer nothing is learned by which its two names could be seen to be one.
func TestPeerNamedTwiceCountsOnceThoughItCannotBeReached(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		away := nobody("B")
		here := &RemotePeer{Endpoint: away.Endpoint}
		for name, peer := range map[string]*RemotePeer{"by its PKI-ID": away, "by its endpoint": here} {
			again := *peer
			if results := a.SendWithAck(message(t, "hello"), time.Minute, 2, peer, &again); results.NackCount() != 1 {
				t.Errorf("named twice %s, it has %d outcomes: %v", name, len(results), results)
			}
		}
	})
}

// Contract S10, S18. To its initiator a stream begins with the answer, whoever has something to send meanwhile: the connection is
// stored, so others may find it.
func TestMessageForAPeerThatIsNotAnsweredYetComesBehindTheAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p, other := w.peer("P"), w.wirePeer("Other")
		answer := p.tr.hold(is(trace.AuthSend, inbound))
		s := other.dial(p.endpoint).open(other.clientHello())
		answer.reached()
		sendTexts(p, &RemotePeer{PKIID: other.pkiID()}, "hello")
		synctest.Wait()
		answer.release()
		if first := s.read(); first.GetConn() == nil {
			t.Errorf("the first message is %v, want the answer", first)
		}
		if got := textOf(s.read()); got != "hello" {
			t.Errorf("the second message is %q", got)
		}
	})
}

// Contract S12, S13. On a server that goes on, nothing but Stop ends a stream; one that is set aside is not where the others are.
func TestStopEndsAStreamThatIsSetAsideOnAServerOfItsCaller(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, _ := shared(w, "A", asking(tls.RequestClientCert))
		b := w.wirePeer("B")
		rival := a.tr.hold(is(trace.AuthRead, func(e trace.Event) bool { return !inbound(e) }))
		sendTexts(a, b.acceptor(likeFabric).remote(), "hello")
		rival.reached()
		theirs := b.join(a.endpoint)
		if n := len(a.connStore.aside); n != 1 {
			t.Fatalf("%d streams are set aside, want 1", n)
		}
		rival.release()
		start := time.Now()
		await(t, "Stop to return", finished(a.Stop))
		if elapsed := time.Since(start); elapsed > 5*time.Second { // TLS may say good-bye for so long to an end that does not read
			t.Errorf("Stop took %v", elapsed)
		}
		if err := theirs.end(); err != nil {
			t.Errorf("the stream ended with %v, want a clean end", err)
		}
	})
}

// Contract S21 to S24. Whatever was going on: a timer that goes off when all is over finds an instance that is not there any more.
func TestNoTimerOutlivesStop(t *testing.T) {
	refusing := func(w *world) *RemotePeer {
		b := w.wirePeer("B").acceptor(likeFabric)
		b.hello = func() *proto.Envelope {
			return b.serverHello(func(msg *proto.GossipMessage) { msg.GetConn().PkiId = nil })
		}
		return b.remote()
	}
	for name, act := range map[string]func(w *world, a *testPeer){
		"a connection that was just dialled": func(w *world, a *testPeer) {
			sendTexts(a, w.peer("B").remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
		},
		"a connection that was closed": func(w *world, a *testPeer) {
			b := w.peer("B")
			sendTexts(a, b.remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
			a.CloseConn(b.remote())
			a.tr.wait(is(trace.ConnServeEnd))
		},
		"a connection that lingers": func(w *world, a *testPeer) {
			b, _ := stalled(w, "B")
			sendTexts(a, b.remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
			a.CloseConn(b.remote())
			a.tr.wait(is(trace.ConnDrain))
		},
		"a write that stalls": func(w *world, a *testPeer) {
			b, _ := stalled(w, "B")
			sendTexts(a, b.remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
			clog(a, b.remote(), 2)
		},
		"a dial that has failed": func(w *world, a *testPeer) {
			sendTexts(a, refusing(w), "hello")
			a.tr.wait(is(trace.ConnDrop))
		},
		"a Handshake that has failed": func(w *world, a *testPeer) {
			if _, err := a.Handshake(refusing(w)); err == nil {
				w.t.Error("it has not failed")
			}
		},
		"a dial under way": func(w *world, a *testPeer) {
			sendTexts(a, &RemotePeer{Endpoint: w.blackHole("B"), PKIID: common.PKIidType("B's")}, "hello")
			a.tr.wait(is(trace.PingSend))
		},
		"a stream that says nothing": func(w *world, a *testPeer) {
			w.wirePeer("B").dial(a.endpoint).open()
			a.tr.wait(is(trace.AuthRead))
		},
		"a call that waits for an acknowledgement": func(w *world, a *testPeer) {
			b := answering(w.peer("B"), saysNothing)
			result := async(func() AggregatedSendResult { return a.SendWithAck(message(w.t, "hello"), time.Hour, 1, b.remote()) })
			a.tr.wait(is(trace.ConnWritten))
			w.t.Cleanup(func() { await(w.t, "SendWithAck to return", result) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var clock armed
				a := w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
				act(w, a)
				synctest.Wait()
				await(t, "Stop to return", finished(a.Stop))
				if n := clock.Load(); n != 0 {
					t.Errorf("%d timers are left", n)
				}
			})
		})
	}
}

// Contract S21 to S24. The subscription was made before the message could be on its way, and then it never was.
func TestCallThatFindsNoRoomBeforeTheEndLeavesNoSubscription(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b, _ := stalled(w, "B")
		sendTexts(a, b.remote(), "hello")
		a.tr.wait(is(trace.ConnWritten))
		clog(a, b.remote(), a.conf.SendBuffSize)
		result := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "hello"), time.Hour, 1, b.remote()) })
		synctest.Wait()
		start := time.Now()
		a.CloseConn(b.remote())
		results, _ := await(t, "SendWithAck to return", result)
		mustTakeNoTime(t, start)
		if len(results) != 1 || !errors.Is(results[0], ErrClosed) {
			t.Errorf("got %v, want %v", results, ErrClosed)
		}
		if n := a.pubSub.Len(); n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
	})
}

// Contract S21 to S24. Who reads the error wants to know what the other end has said instead.
func TestErrorAboutAWrongTypeNamesWhatCame(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B").acceptor(likeFabric)
		b.hello = func() *proto.Envelope { return message(t, "too early").Envelope }
		_, err := a.Handshake(b.remote())
		mustBe(t, err, ErrWrongType)
		if err != nil && !strings.Contains(err.Error(), "data_msg") {
			t.Errorf("%q does not name a data_msg", err)
		}
	})
}

// Contract S21 to S24. Calls that have not come as far as a handler cost memory too, and of those the instance cannot count any.
func TestOneTransportHasNoMoreThanSoManyCallsOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p := w.peer("P")
		cc := w.wirePeer("Other").dial(p.endpoint)
		var streams []*wireStream
		for range maxCalls {
			streams = append(streams, cc.open())
		}
		synctest.Wait()
		pinged := async(func() error {
			_, err := cc.Ping(t.Context(), &proto.Empty{})
			return err
		})
		synctest.Wait()
		if len(pinged) != 0 {
			t.Errorf("the Ping beside %d streams was not kept waiting", maxCalls)
		}
		streams[0].cancel()
		if err, _ := await(t, "the answer to the Ping", pinged); err != nil {
			t.Errorf("the Ping that has room was answered with %v", err)
		}
	})
}

// A nonce alone makes no acknowledgement: only a message of that kind is taken out of the stream.
func TestMessageWithTheNonceOfAQuestionIsNoAcknowledgement(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		inbox := a.Accept(everything)
		b := answering(w.peer("B"), func(question proto.ReceivedMessage) {
			answer := message(t, "data").GossipMessage
			answer.Nonce = question.GetGossipMessage().Nonce
			question.Respond(answer)
		})
		results := a.SendWithAck(message(t, "question"), time.Second, 1, b.remote())
		if len(results) != 1 || !errors.Is(results[0], ErrAckTimeout) {
			t.Errorf("got %v, want %v", results, ErrAckTimeout)
		}
		if got := receiveTexts(t, inbox, 1)[0]; got != "data" {
			t.Errorf("the subscriber got %q", got)
		}
		if published := a.tr.all(is(trace.AckPublish)); len(published) != 0 {
			t.Error("a message that is no acknowledgement was published as one")
		}
	})
}

// Upstream went on with a message that was none, and any authenticated peer could crash it (H3).
func TestUndecodableEnvelopeIsOneErrorAndNoMessage(t *testing.T) {
	for name, connect := range map[string]func(w *world) (*testPeer, *wirePeer, *wireStream){
		"from a peer that has dialled us": func(w *world) (*testPeer, *wirePeer, *wireStream) {
			p, other := w.peer("P"), w.wirePeer("Other")
			return p, other, other.join(p.endpoint)
		},
		"from a peer that we have dialled": func(w *world) (*testPeer, *wirePeer, *wireStream) {
			streams := make(chan *wireStream, 1)
			p := w.peer("P")
			other := w.wirePeer("Other").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
				return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
					streams <- &wireStream{stream: stream, t: w.t}
					return false, nil
				})
			})
			sendTexts(p, other.remote(), "hello")
			s, _ := await(w.t, "a stream", streams)
			return p, other.wirePeer, s
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				p, other, s := connect(w)
				inbox := p.Accept(everything)
				conn := p.tr.wait(is(trace.ConnServe)).Object
				third := func(e trace.Event) bool { return e.Number == 3 }
				reader := p.tr.hold(is(trace.ConnRead, third)) // so that all is on its way before anything is found wrong
				s.write("good")
				reader.reached()
				for _, envelope := range []*proto.Envelope{{Payload: []byte{0xff, 0xff}}, message(t, "after it").Envelope} {
					if err := s.Send(envelope); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				reader.release()
				p.mustBeGone(conn)
				if diff := cmp.Diff([]string{"good"}, textsNow(t, inbox)); diff != "" {
					t.Errorf("what the subscriber got differs (-want +got):\n%s", diff)
				}
				if ends := p.tr.all(is(trace.ConnClose, failed)); len(ends) != 1 {
					t.Errorf("%d connections broke, want 1", len(ends))
				}
				if diff := cmp.Diff([]common.PKIidType{other.pkiID()}, p.noticesNow()); diff != "" {
					t.Errorf("death notices differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The signature of a message is over its bytes, so whoever forwards it needs just those, with whatever a newer peer has put in.
func TestEnvelopeArrivesByteForByte(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p := w.peer("P")
		inbox := p.Accept(everything)
		s := w.wirePeer("Other").join(p.endpoint)
		sent := message(t, "hello").Envelope
		sent.Payload = protowire.AppendTag(sent.Payload, 1000, protowire.BytesType)
		sent.Payload = protowire.AppendString(sent.Payload, "a field that we do not know")
		sent.Signature = []byte("a signature")
		if err := s.Send(sent); err != nil {
			t.Fatal(err)
		}
		got := receive(t, inbox).GetSourceEnvelope()
		if !bytes.Equal(got.Payload, sent.Payload) || !bytes.Equal(got.Signature, sent.Signature) {
			t.Errorf("got %x signed %q, want %x signed %q", got.Payload, got.Signature, sent.Payload, sent.Signature)
		}
	})
}

// unanswering is a server that takes a Ping and does not answer it.
type unanswering struct {
	proto.UnimplementedGossipServer
}

func (unanswering) Ping(ctx context.Context, _ *proto.Empty) (*proto.Empty, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestProbeOfAPeerThatDoesNotAnswerThePingEndsAfterTheDialTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A", configured(func(c *Config) { c.DialTimeout = 1300 * time.Millisecond }))
		certs := []tls.Certificate{newCerts(t, "B").Server}
		server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: certs})))
		proto.RegisterGossipServer(server, unanswering{})
		lsnr := w.listen("B")
		served := async(func() error { return server.Serve(lsnr) })
		start := time.Now()
		mustBe(t, a.Probe(&RemotePeer{Endpoint: lsnr.Addr().String()}), ErrDialTimeout)
		if elapsed := time.Since(start); elapsed != 1300*time.Millisecond {
			t.Errorf("gave up after %v, want exactly the dial timeout", elapsed)
		}
		if shaken := a.tr.wait(is(trace.TLSHandshaken)); shaken.Err != nil {
			t.Errorf("it did not come as far as the Ping: %v", shaken.Err)
		}
		server.Stop()
		await(t, "the server to end", served)
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
