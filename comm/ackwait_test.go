package comm

// Tests of the wait for an acknowledgement, when something else comes first: the end of the connection, the loss of the message, another
// connection that takes over. The caller learns at once what there is to learn, and an acknowledgement that came in time counts.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// onOpenConnection is a message on its way over a connection that does not end.
func onOpenConnection(t testing.TB, acks *util.Subscription) *inFlight {
	return &inFlight{conn: &connection{noReader: make(chan struct{})}, acks: acks}
}

// Two cases of a select may be ready at once when the goroutine wakes, and then Go picks one by chance.
func TestAcknowledgementThatCameInTimeCountsThoughTheTimeIsOver(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrAckTimeout)
	for range 100 {
		ps := util.NewPubSub(nil)
		acks := ps.Subscribe("ack", time.Minute)
		if err := ps.Publish("ack", &proto.Acknowledgement{}); err != nil {
			t.Fatal(err)
		}
		if err := awaitAck(ctx, nil, onOpenConnection(t, acks)); err != nil {
			t.Fatalf("the acknowledgement was there, and the outcome is %v", err)
		}
		acks.Unsubscribe()
	}
}

func TestWaitEndsWithTheReasonWhyItEnded(t *testing.T) {
	over, cancel := context.WithCancelCause(t.Context())
	cancel(ErrStopped)
	enough := make(chan struct{})
	close(enough)
	ps := util.NewPubSub(nil)
	acks := ps.Subscribe("ack", time.Minute)
	if err := awaitAck(over, nil, onOpenConnection(t, acks)); err != ErrStopped {
		t.Errorf("at the end of the context it returned %v, want its cause", err)
	}
	if err := awaitAck(t.Context(), enough, onOpenConnection(t, acks)); err != errEnough {
		t.Errorf("when enough have answered it returned %v", err)
	}
	acks.Unsubscribe()
}

// The end of a connection and the acknowledgement that came just before it: again two cases, and one by chance.
func TestAcknowledgementThatCameBeforeTheConnectionEndedCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where a wait without an end is seen at once
		over := &connection{noReader: make(chan struct{}), gaveWay: make(chan struct{}), closeReason: ErrPeerClosed}
		close(over.noReader)
		for range 100 {
			ps := util.NewPubSub(nil)
			acks := ps.Subscribe("ack", time.Minute)
			sent := &inFlight{conn: over, acks: acks}
			if err := ps.Publish("ack", &proto.Acknowledgement{}); err != nil {
				t.Fatal(err)
			}
			if err := awaitAck(t.Context(), nil, sent); err != nil {
				t.Fatalf("the acknowledgement was there, and the outcome is %v", err)
			}
			if err := awaitAck(t.Context(), nil, sent); err != ErrPeerClosed {
				t.Fatalf("no acknowledgement was there, and the outcome is %v", err)
			}
			acks.Unsubscribe()
		}
	})
}

// Call and subscription run out at the same moment, in any order. If the call ended for another reason than its timeout, the message
// would not count as overdue, and would still be sent.
func TestSubscriptionThatRunsOutFirstWaitsForTheTimeoutOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := util.WithTimeout(t.Context(), util.SystemClock, 2*time.Second, ErrAckTimeout)
		defer cancel()
		acks := util.NewPubSub(nil).Subscribe("ack", time.Second)
		if err := awaitAck(ctx, nil, onOpenConnection(t, acks)); err != ErrAckTimeout || !(&msgSending{until: ctx}).overdue() {
			t.Errorf("it returned %v, and the message is overdue: %v", err, (&msgSending{until: ctx}).overdue())
		}
	})
}

// onItsWay begins to send a message to the other end of a connection, with all the time in the world, and returns when it is written.
func onItsWay(p *testPeer, to *RemotePeer) <-chan AggregatedSendResult {
	p.t.Helper()
	written := len(p.tr.all(is(trace.ConnWritten)))
	result := async(func() AggregatedSendResult { return p.SendWithAck(message(p.t, "hello"), time.Hour, 1, to) })
	p.tr.waitFor(written+1, is(trace.ConnWritten))
	return result
}

// Contract S5: when the connection is gone over which the acknowledgement should come, there is nothing to wait for.
func TestCallLearnsAtOnceThatTheConnectionHasEnded(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(*world, ...func(*setup)) *incoming
		end   func(in *incoming)
		want  error
		words string
	}{
		{"our own stream breaks", dialled, func(in *incoming) { in.tearApart() }, nil, "reading from the stream"},
		{"a stream that came in breaks", accepted, func(in *incoming) { in.tearApart() }, nil, "reading from the stream"},
		{"our own stream is closed", dialled, func(in *incoming) { in.p.CloseConn(in.other) }, ErrClosed, ""},
		{"a stream that came in is closed", accepted, func(in *incoming) { in.p.CloseConn(in.other) }, ErrClosed, ""},
		{"our own stream is ended by the peer", dialled, func(in *incoming) { in.finish() }, ErrPeerClosed, ""},
		{"a stream that came in is ended by the peer", accepted, func(in *incoming) { in.finish() }, ErrPeerClosed, ""},
		{"the peer was never heard of again", dialled, func(in *incoming) { in.p.Stop() }, ErrStopped, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var clock armed
				in := test.setup(w, configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
				result := onItsWay(in.p, in.other)
				start := time.Now()
				test.end(in)
				results, _ := await(t, "SendWithAck to return", result)
				mustTakeNoTime(t, start)
				if len(results) != 1 || results[0].error == nil || errors.Is(results[0], ErrAckTimeout) {
					t.Fatalf("got %v, want one failure other than %v", results, ErrAckTimeout)
				}
				if test.want != nil && !errors.Is(results[0], test.want) || !strings.Contains(results[0].Error(), test.words) {
					t.Errorf("got %v, want %v %s", results[0], test.want, test.words)
				}
				leavesNothing(t, in.p, &clock)
			})
		})
	}
}

// The message itself may be stuck, behind one that the peer does not take; then the call ends with the connection as well.
func TestCallLearnsAtOnceThatItsMessageWasDroppedWithTheQueue(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(*world, ...func(*setup)) *incoming
		end   func(in *incoming)
		takes time.Duration
		want  error
	}{
		{"the connection is closed", accepted, func(in *incoming) { in.p.CloseConn(in.other) }, 0, ErrClosed},
		{"the peer takes nothing", accepted, func(*incoming) {}, 10 * time.Second, ErrWriteTimeout},
		{"the peer goes away", accepted, func(in *incoming) { in.tearApart() }, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				in := test.setup(w)
				start := time.Now()
				clog(in.p, in.other, 5)
				result := async(func() AggregatedSendResult { return in.p.SendWithAck(message(t, "hello"), time.Hour, 1, in.other) })
				synctest.Wait()
				test.end(in)
				results, _ := await(t, "SendWithAck to return", result)
				if got := time.Since(start); got != test.takes {
					t.Errorf("it took %v, want %v", got, test.takes)
				}
				if len(results) != 1 || results[0].error == nil || test.want != nil && !errors.Is(results[0], test.want) {
					t.Errorf("got %v, want %v", results, test.want)
				}
				drop := in.p.tr.wait(is(trace.ConnDrop, carrying(t, "hello")))
				if drop.Err == nil {
					t.Error("the message was dropped for no reason")
				}
			})
		})
	}
}

// Contract S22. The subscription was made before the message could be on its way, and then it never was.
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

// A queue that gives way may not find room where it goes; no acknowledgement can come of what is dropped there.
func TestCallLearnsAtOnceThatItsMessageFoundNoRoomInTheQueueOfASuccessor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		other := b.acceptor(likeFabric)
		b.join(a.endpoint)
		first := a.tr.wait(is(trace.ConnServe)).Object
		a.tr.hold(is(trace.ConnWrite, of(first)))
		byName := &RemotePeer{PKIID: b.pkiID()}
		sendTexts(a, byName, "in the writer's hand")
		synctest.Wait()
		result := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "hello"), time.Hour, 1, byName) })
		synctest.Wait()
		dial := a.tr.hold(is(trace.DialStart))
		sendTexts(a, other.whoever(), numbers(20)...) // nobody can know yet that B lives there
		dial.reached()
		start := time.Now()
		dial.release()
		drop := a.tr.wait(is(trace.ConnDrop))
		if got := textOf(decode(t, drop.Envelope)); got != "hello" {
			t.Fatalf("dropped %q", got)
		}
		results, _ := await(t, "SendWithAck to return", result)
		mustTakeNoTime(t, start)
		if len(results) != 1 || !errors.Is(results[0], errQueueFull) {
			t.Errorf("got %v, want %v", results, errQueueFull)
		}
	})
}

// When the other end has finished, its last acknowledgement has been read, whatever a slow subscriber still has to do.
func TestSlowSubscriberDelaysNoNewsOfTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		in := dialled(w)
		in.p.Accept(everything)
		result := onItsWay(in.p, in.other)
		in.writeAll(42) // all that there is room for, so that the reader is free
		start := time.Now()
		in.finish()
		results, _ := await(t, "SendWithAck to return", result)
		mustTakeNoTime(t, start)
		if len(results) != 1 || !errors.Is(results[0], ErrPeerClosed) {
			t.Errorf("got %v, want %v", results, ErrPeerClosed)
		}
	})
}

// CloseConn ends our half. The peer may take a moment to end its own, and what it acknowledges in that moment is acknowledged.
func TestAcknowledgementCountsWhileTheConnectionLingers(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
				envelope, err := stream.Recv()
				if err != nil {
					return true, err
				}
				if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
					return true, fmt.Errorf("expected the end of A's half, got %v", err)
				}
				return true, stream.Send(acknowledgement(t, envelope))
			})
		})
		result := onItsWay(a, b.remote())
		a.CloseConn(b.remote())
		if results, _ := await(t, "SendWithAck to return", result); results.AckCount() != 1 {
			t.Errorf("got %v, want an acknowledgement", results)
		}
	})
}

// acknowledgement is what a receiver answers to a message.
func acknowledgement(t testing.TB, envelope *proto.Envelope) *proto.Envelope {
	t.Helper()
	ack := &proto.GossipMessage{Nonce: decode(t, envelope).Nonce, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{}}}
	signed, err := ack.NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	return signed.Envelope
}

// A connection that gave way has ended, and the call goes on: the peer answers over the one that took its place.
func TestAcknowledgementMayComeOverTheSuccessorOfTheConnection(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(question *proto.Envelope, second *wireStream) error
		want   error
	}{
		"and does":                           {func(q *proto.Envelope, s *wireStream) error { return s.Send(acknowledgement(s.t, q)) }, nil},
		"but the successor is ended in turn": {func(_ *proto.Envelope, s *wireStream) error { return s.finish() }, ErrPeerClosed},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.wirePeer("B")
				first := b.join(a.endpoint)
				result := onItsWay(a, &RemotePeer{PKIID: b.pkiID()})
				question, err := first.next()
				if err != nil {
					t.Fatal(err)
				}
				second := b.join(a.endpoint)
				old := a.tr.wait(is(trace.StoreReplaced)).Subject
				first.finish()
				a.mustBeGone(old)
				if isDone(result) {
					t.Fatalf("the call ended with its connection: %v", <-result)
				}
				start := time.Now()
				if err := test.answer(question, second); err != nil {
					t.Fatal(err)
				}
				results, _ := await(t, "SendWithAck to return", result)
				mustTakeNoTime(t, start)
				if len(results) != 1 || !errors.Is(results[0].error, test.want) {
					t.Errorf("got %v, want %v", results, test.want)
				}
			})
		})
	}
}

// A stream is in the store before it is answered, and may take the place of another without ever coming to serve.
func TestCallLearnsAtOnceThatTheSuccessorOfItsConnectionNeverCameToServe(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		to := &RemotePeer{PKIID: b.pkiID()}
		first := b.join(a.endpoint)
		result := onItsWay(a, to)
		answer := a.tr.hold(is(trace.AuthSend))
		b.dial(a.endpoint).open(b.clientHello())
		answer.reached()
		first.finish()
		a.mustBeGone(a.tr.wait(is(trace.StoreReplaced)).Subject)
		start := time.Now()
		a.CloseConn(to)
		answer.release()
		results, _ := await(t, "SendWithAck to return", result)
		mustTakeNoTime(t, start)
		if len(results) != 1 || !errors.Is(results[0], ErrClosed) {
			t.Errorf("got %v, want %v", results, ErrClosed)
		}
	})
}
