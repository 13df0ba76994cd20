package comm

// Tests of the last hop: which subscriber gets a message, in which order, who waits for whom when one does not read, and what
// happens to all of them at the end.

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// received makes a message as a connection hands it to the demultiplexer.
func received(t testing.TB, text string) *ReceivedMessageImpl {
	t.Helper()
	conn := &connection{}
	conn.ctx, conn.cancel = context.WithCancelCause(context.Background())
	return &ReceivedMessageImpl{SignedGossipMessage: message(t, text), conn: conn}
}

// beginning is a predicate for messages whose text begins with a prefix.
func beginning(prefix string) common.MessageAcceptor {
	return func(m any) bool {
		return strings.HasPrefix(textOf(m.(*ReceivedMessageImpl).GossipMessage), prefix)
	}
}

// textsIn takes what waits in a channel of a demultiplexer, and says whether the channel is closed behind it.
func textsIn(messages <-chan *ReceivedMessageImpl) (texts []string, closed bool) {
	for {
		select {
		case m, open := <-messages:
			if !open {
				return texts, true
			}
			texts = append(texts, textOf(m.GossipMessage))
		default:
			return texts, false
		}
	}
}

func TestMessageGoesInOrderToEverySubscriberThatWantsItAndToNoOther(t *testing.T) {
	m := NewChannelDemultiplexer(nil)
	all, fruit, tools := m.AddChannel(everything), m.AddChannel(beginning("fruit")), m.AddChannel(beginning("tool"))
	for _, text := range []string{"fruit 1", "tool 1", "fruit 2", "animal 1"} {
		m.DeMultiplex(received(t, text))
	}
	for _, test := range []struct {
		name     string
		messages <-chan *ReceivedMessageImpl
		want     []string
	}{
		{"all", all, []string{"fruit 1", "tool 1", "fruit 2", "animal 1"}},
		{"fruit", fruit, []string{"fruit 1", "fruit 2"}},
		{"tools", tools, []string{"tool 1"}},
	} {
		got, _ := textsIn(test.messages)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("what the subscriber of %s got differs (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestDemultiplexerTellsEachDeliveryInTheOrderOfSubscribing(t *testing.T) {
	tr := newTracer(t)
	m := NewChannelDemultiplexer(trace.NewSource(tr, trace.Object{Kind: trace.Instance, ID: 1}))
	m.AddChannel(everything)
	m.AddChannel(beginning("nothing"))
	m.AddChannel(everything)
	m.DeMultiplex(received(t, "wanted"))

	type told struct {
		Step   trace.Step
		Number uint64
		Queue  trace.Queue
	}
	var got []told
	for _, e := range tr.all(func(trace.Event) bool { return true }) {
		got = append(got, told{e.Step, e.Number, e.Queue})
	}
	before, after := trace.Queue{Name: "subscription", Cap: 10}, trace.Queue{Name: "subscription", Len: 1, Cap: 10}
	want := []told{
		{trace.DemuxAdd, 1, trace.Queue{}}, {trace.DemuxAdd, 2, trace.Queue{}}, {trace.DemuxAdd, 3, trace.Queue{}},
		{trace.DemuxDeliver, 1, before}, {trace.DemuxDelivered, 1, after},
		{trace.DemuxDeliver, 3, before}, {trace.DemuxDelivered, 3, after},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps differ (-want +got):\n%s", diff)
	}
}

func TestMessageThatNobodyWantsIsReportedAndForgotten(t *testing.T) {
	tr := newTracer(t)
	m := NewChannelDemultiplexer(trace.NewSource(tr, trace.Object{Kind: trace.Instance, ID: 1}))
	m.DeMultiplex(received(t, "before anybody came"))
	messages := m.AddChannel(beginning("wanted"))
	m.DeMultiplex(received(t, "unwanted"))
	m.DeMultiplex(received(t, "wanted"))
	if got := len(tr.all(is(trace.DemuxUnclaimed))); got != 2 {
		t.Errorf("%d messages reported as unclaimed, want 2", got)
	}
	if got, _ := textsIn(messages); cmp.Diff([]string{"wanted"}, got) != "" {
		t.Errorf("the subscriber got %q, want only what came after it and what it wants", got)
	}
}

func TestSubscriptionHoldsTenMessagesAndTheEleventhWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewChannelDemultiplexer(nil)
		messages := m.AddChannel(everything)
		for i := range 10 {
			m.DeMultiplex(received(t, fmt.Sprint(i)))
		}
		eleventh := finished(func() { m.DeMultiplex(received(t, "10")) })
		if isDone(eleventh) {
			t.Fatal("the eleventh message did not wait for room")
		}
		if got := textOf((<-messages).GossipMessage); got != "0" {
			t.Errorf("the first message is %q", got)
		}
		if !isDone(eleventh) {
			t.Error("the eleventh message still waits, although there is room")
		}
	})
}

func TestCloseIsNotHungByAFullSubscriberAndMayBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewChannelDemultiplexer(nil)
		messages := m.AddChannel(everything)
		for i := range 10 {
			m.DeMultiplex(received(t, fmt.Sprint(i)))
		}
		oneTooMany := received(t, "one too many")
		waiting := finished(func() { m.DeMultiplex(oneTooMany) })
		synctest.Wait()

		if !isDone(finished(m.Close)) {
			t.Fatal("Close waits for a subscriber that does not read")
		}
		if !isDone(waiting) {
			t.Error("the delivery still waits")
		}
		if got := oneTooMany.conn.dropped.Load(); got != 1 {
			t.Errorf("the message that found no room was counted as lost %d times, want once", got)
		}
		m.Close()
		got, closed := textsIn(messages)
		if len(got) != 10 || !closed {
			t.Errorf("after Close %d messages are left and closed is %v, want 10 and true", len(got), closed)
		}
	})
}

// What one subscriber misses, another may have got: so a loss is one of a subscription.
func TestMessageThatTwoSubscriptionsMissCountsTwice(t *testing.T) {
	m := NewChannelDemultiplexer(nil)
	full, alsoFull, roomy := m.AddChannel(beginning("")), m.AddChannel(everything), m.AddChannel(beginning("wanted"))
	for i := range subscriptionBuffer {
		m.DeMultiplex(received(t, fmt.Sprint(i)))
	}
	late := received(t, "wanted")
	late.conn.cancel(ErrClosed)
	m.DeMultiplex(late)
	if got := late.conn.dropped.Load(); got != 3 {
		t.Errorf("counted as lost %d times, want once for each of the three subscriptions that wanted it", got)
	}
	for _, messages := range []<-chan *ReceivedMessageImpl{full, alsoFull, roomy} {
		if got, _ := textsIn(messages); slices.Contains(got, "wanted") {
			t.Error("delivered although its connection had ended")
		}
	}
}

func TestUseAfterCloseIsHarmless(t *testing.T) {
	m := NewChannelDemultiplexer(nil)
	notAsked := func(any) bool {
		t.Error("a predicate was asked after Close")
		return false
	}
	before := m.AddChannel(notAsked)
	m.Close()
	tooLate := received(t, "too late")
	m.DeMultiplex(tooLate)
	after := m.AddChannel(notAsked)
	m.DeMultiplex(tooLate)
	if got := tooLate.conn.dropped.Load(); got != 2 {
		t.Errorf("what came after Close was counted as lost %d times, want twice", got)
	}
	for name, messages := range map[string]<-chan *ReceivedMessageImpl{"before": before, "after": after} {
		if got, closed := textsIn(messages); len(got) != 0 || !closed {
			t.Errorf("the channel subscribed %s Close holds %q and closed is %v, want none and true", name, got, closed)
		}
	}
}

// A channel may be closed only when its last sender has gone; and whoever called Close must be able to rely on that.
func TestEveryCloseWaitsForTheDeliveriesUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracer(t)
		m := NewChannelDemultiplexer(trace.NewSource(tr, trace.Object{Kind: trace.Instance, ID: 1}))
		m.AddChannel(everything)
		held := tr.hold(is(trace.DemuxDeliver))
		delivery := finished(func() { m.DeMultiplex(received(t, "under way")) })
		held.reached()

		first, second := finished(m.Close), finished(m.Close)
		if isDone(first) || isDone(second) {
			t.Error("Close returned although a delivery is under way")
		}
		held.release()
		if !isDone(delivery) || !isDone(first) || !isDone(second) {
			t.Error("Close still waits, although the delivery may go on")
		}
	})
}

func TestPredicateMaySubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewChannelDemultiplexer(nil)
		var inner <-chan *ReceivedMessageImpl
		m.AddChannel(func(any) bool {
			if inner == nil {
				inner = m.AddChannel(everything)
			}
			return true
		})
		if !isDone(finished(func() { m.DeMultiplex(received(t, "first")) })) {
			t.Fatal("DeMultiplex waits for a predicate that subscribes")
		}
		m.DeMultiplex(received(t, "second"))
		if got, _ := textsIn(inner); cmp.Diff([]string{"second"}, got) != "" {
			t.Errorf("who subscribed during the first message got %q, want only the second", got)
		}
	})
}

// Upstream's Close holds the mutex while it waits for the deliveries under way, one of which waits for that mutex (S21).
func TestPredicateMaySubscribeWhileTheDemultiplexerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewChannelDemultiplexer(nil)
		closing := make(chan struct{})
		var inner <-chan *ReceivedMessageImpl
		m.AddChannel(func(any) bool {
			<-closing
			inner = m.AddChannel(everything)
			return false
		})
		delivery := finished(func() { m.DeMultiplex(received(t, "under way")) })
		synctest.Wait()
		closed := finished(m.Close)
		synctest.Wait()
		close(closing)
		if !isDone(delivery) || !isDone(closed) {
			t.Fatal("the predicate that subscribes and Close wait for each other")
		}
		if _, closed := textsIn(inner); !closed {
			t.Error("the channel subscribed while Close ran is open for ever")
		}
	})
}

func TestDeliveryGivesUpWhenItsOwnConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewChannelDemultiplexer(nil)
		messages := m.AddChannel(everything)
		for i := range 10 {
			m.DeMultiplex(received(t, fmt.Sprint(i)))
		}
		closing, staying := received(t, "of the connection that is closed"), received(t, "of another")
		first, second := finished(func() { m.DeMultiplex(closing) }), finished(func() { m.DeMultiplex(staying) })
		synctest.Wait()
		closing.conn.cancel(ErrPeerClosed)
		if !isDone(first) {
			t.Error("the message of a closed connection still waits for the subscriber")
		}
		if got := closing.conn.dropped.Load(); got != 1 {
			t.Errorf("the message of a closed connection was counted as lost %d times, want once", got)
		}
		if isDone(second) {
			t.Error("the message of another connection was given up")
		}
		<-messages
		synctest.Wait()
		got, _ := textsIn(messages)
		if last := got[len(got)-1]; last != "of another" {
			t.Errorf("the last message is %q", last)
		}
	})
}

// In a bubble a subscriber whose channel nobody closes is a deadlock, with the stacks of all.
func TestDeliveringSubscribingAndClosingAtOnceLeavesEveryChannelClosed(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			m := NewChannelDemultiplexer(nil)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for range m.AddChannel(everything) {
					}
				})
				wg.Go(func() {
					msg := received(t, "x")
					for range 50 {
						m.DeMultiplex(msg)
					}
				})
				wg.Go(m.Close)
			}
			wg.Wait()
		})
	}
}

func TestSubscriptionsGetOnlyTheirOwnAndStopClosesThem(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		fruit, tools := b.Accept(beginning("fruit")), b.Accept(beginning("tool"))
		for _, text := range []string{"fruit 1", "tool 1", "tool 2", "fruit 2"} {
			a.Send(message(t, text), b.remote())
		}
		if diff := cmp.Diff([]string{"fruit 1", "fruit 2"}, receiveTexts(t, fruit, 2)); diff != "" {
			t.Errorf("fruit differs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"tool 1", "tool 2"}, receiveTexts(t, tools, 2)); diff != "" {
			t.Errorf("tools differ (-want +got):\n%s", diff)
		}
		b.Stop()
		for name, inbox := range map[string]<-chan proto.ReceivedMessage{"fruit": fruit, "tools": tools} {
			if msg, open := await(t, "the end of "+name, inbox); open {
				t.Errorf("%s got %v after Stop, want the channel closed", name, msg)
			}
		}
	})
}

// Whoever looks at a message in front of a subscriber wants to know in front of which.
func TestHandingTellsTheNumberOfItsSubscription(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		for _, prefix := range []string{"fruit", "tool", ""} {
			b.Accept(beginning(prefix))
		}
		sendTexts(a, b.remote(), "tool", "fruit")
		conn := b.tr.wait(is(trace.ConnServe)).Object
		handed := b.tr.waitFor(4, is(trace.AcceptHand))
		got := map[string]map[uint64]int{"tool": {}, "fruit": {}}
		for _, e := range handed {
			got[textOf(decode(t, e.Envelope))][e.Number]++
			if e.Subject != conn {
				t.Errorf("the message came over %v, and the step tells of %v", conn, e.Subject)
			}
		}
		want := map[string]map[uint64]int{"tool": {2: 1, 3: 1}, "fruit": {1: 1, 3: 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("messages handed, by subscription, differ (-want +got):\n%s", diff)
		}
	})
}

// Upstream stalls every subscriber and every connection when one subscriber does not read (S6). Here the wait stays with whoever
// feeds the one that does not read, and that is meant: it is back-pressure.
func TestBackPressureStopsAtTheConnectionThatFeedsIt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		slow, quick, receiver := w.peer("Slow"), w.peer("Quick"), w.peer("Receiver")
		from := func(p *testPeer) common.MessageAcceptor {
			return func(m any) bool { return bytes.Equal(m.(*ReceivedMessageImpl).GetConnectionInfo().ID, p.GetPKIid()) }
		}
		unread, read := receiver.Accept(from(slow)), receiver.Accept(from(quick))

		// 10 in the subscriber's channel, one in the hand of Accept, 10 in the demultiplexer's channel: the 22nd waits.
		for i := range 22 {
			slow.Send(message(t, fmt.Sprintf("unread %d", i)), receiver.remote())
			time.Sleep(time.Millisecond)
		}
		full := receiver.tr.wait(is(trace.DemuxDeliver, func(e trace.Event) bool { return e.Queue.Len == e.Queue.Cap }))
		synctest.Wait()
		if got := len(receiver.tr.all(is(trace.DemuxDelivered))); got != 21 {
			t.Fatalf("%d messages were delivered to a subscriber that does not read, want 21, and the next one waiting", got)
		}

		var want []string
		for i := range 100 {
			text := fmt.Sprintf("read %d", i)
			want = append(want, text)
			quick.Send(message(t, text), receiver.remote())
			time.Sleep(time.Millisecond)
		}
		if diff := cmp.Diff(want, receiveTexts(t, read, 100)); diff != "" {
			t.Errorf("what came over the other connection differs (-want +got):\n%s", diff)
		}
		if string(full.Peer) != string(slow.GetPKIid()) {
			t.Errorf("the subscription that is full is fed by %s", full.Peer)
		}
		if got := len(receiveTexts(t, unread, 22)); got != 22 {
			t.Errorf("%d messages were kept for the slow subscriber, want 22", got)
		}
	})
}

// Without this a peer that reconnects to a stuck subscriber would add a stream, a handler and a reader with each new connection.
func TestReplacedConnectionIsFreedAlthoughItsMessageWaitsForASubscriber(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		receiver := w.peer("Receiver")
		receiver.Accept(everything)
		sender := w.wirePeer("Sender")
		first := sender.join(receiver.endpoint)
		for i := range 22 {
			first.write(fmt.Sprint(i))
		}
		old := receiver.tr.wait(is(trace.DemuxDeliver, func(e trace.Event) bool { return e.Queue.Len == e.Queue.Cap })).Subject
		synctest.Wait()
		sender.join(receiver.endpoint)
		receiver.tr.wait(is(trace.ConnServeEnd, of(old)))
		first.end()
	})
}

func TestAcceptAfterStopReturnsAClosedChannel(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		a.Stop()
		if _, open := await(t, "the channel", a.Accept(everything)); open {
			t.Error("Accept after Stop delivered a message")
		}
	})
}

// Upstream left 140 of 300 channels open for ever in this race (S14).
func TestAcceptBesideStopLeavesNoChannelOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		for i := range 20 {
			a := w.peer(fmt.Sprintf("A%d", i))
			var readers sync.WaitGroup
			for range 10 {
				readers.Go(func() {
					for range 5 {
						for range a.Accept(everything) {
						}
					}
				})
			}
			readers.Go(a.Stop)
			await(t, "every channel to be closed", finished(readers.Wait))
		}
	})
}

// The moment that upstream gets wrong: Stop has begun, the subscribers' channels are not closed yet.
func TestAcceptWhileStopIsUnderWayReturnsAClosedChannel(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		before := a.Accept(everything)
		var holds []*hold
		for _, step := range []trace.Step{trace.StopConnections, trace.StopDemux, trace.StopServer, trace.StopSubscribers} {
			holds = append(holds, a.tr.hold(is(step)))
		}
		stopped := finished(a.Stop)
		for _, held := range holds {
			step := held.reached().Step
			if _, open := await(t, "the channel at "+string(step), a.Accept(everything)); open {
				t.Errorf("Accept at %s delivered a message", step)
			}
			held.release()
		}
		await(t, "Stop to return", stopped)
		if _, open := await(t, "the end of the subscription", before); open {
			t.Error("the subscription of before Stop got a message")
		}
	})
}
