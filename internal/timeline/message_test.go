package timeline

import (
	"errors"
	"fmt"
	"testing"

	protobuf "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// told lists the marks that a message has.
func told(m *Message) []Stage {
	var list []Stage
	for s, mark := range m.Marks {
		if mark.Set() {
			list = append(list, Stage(s))
		}
	}
	return list
}

func established() (*script, trace.Object, trace.Object) {
	s, a, b := new(script), dialled(1), accepted(1)
	return s.connect(a, b), a, b
}

func (s *script) stream(t *testing.T) Stream {
	t.Helper()
	st := s.state()
	streams := st.Streams()
	if len(streams) != 1 || !streams[0].Joined() {
		t.Fatalf("streams: %+v", streams)
	}
	return streams[0]
}

func TestMessageCollectsItsFiveMarks(t *testing.T) {
	s, a, b := established()
	m := data(42, "x")
	reply := ack(42, "")
	places := func(want Place) {
		t.Helper()
		if out := s.stream(t).Forward(); out[1].Place() != want {
			t.Errorf("the message is at %s, want %s", out[1].Place(), want)
		}
	}
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
	places(InOutBuff)
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: m})
	places(WithWriter)
	s.tell("A", a, trace.ConnWritten, trace.Event{Number: 2, Envelope: m})
	places(OnTheWay)
	arrived := journey(m)
	s.tell("B", b, trace.ConnReceived, trace.Event{Number: 2, Envelope: arrived})
	places(WithReader)
	s.tell("B", b, trace.ConnQueued, trace.Event{Number: 2, Envelope: arrived})
	places(InMsgChan)
	s.tell("B", b, trace.ConnHandle, trace.Event{Envelope: arrived})
	places(WithService)
	s.tell("B", theInstance, trace.DemuxDelivered, trace.Event{Number: 1, Envelope: arrived, Subject: b})
	places(InSubscription)
	s.tell("B", theInstance, trace.AcceptHand, trace.Event{Envelope: arrived, Subject: b})
	places(WithSubscriber)
	s.send("B", b, 2, reply)
	s.tell("A", a, trace.ConnReceived, trace.Event{Number: 2, Envelope: journey(reply)})
	s.tell("A", a, trace.AckPublish, trace.Event{Peer: []byte("B"), Envelope: journey(reply)})

	st := s.stream(t)
	if got := st.Forward()[1]; got.Number != 2 || got.Nonce != 42 || got.Kind != DataMessage || got.Content != "data_msg" ||
		fmt.Sprint(told(got)) != "[enqueued written received handled acked]" {
		t.Errorf("message %d, nonce %d, %s %s, marks %v", got.Number, got.Nonce, got.Kind, got.Content, told(got))
	}
	if got := st.Backward()[1]; got.Kind != AckMessage || fmt.Sprint(told(got)) != "[enqueued written received handled]" {
		t.Errorf("the acknowledgement: %s, marks %v", got.Kind, told(got))
	}
	if got := st.Forward()[0]; got.Kind != HandshakeMessage || got.Number != 1 || fmt.Sprint(told(got)) != "[written received handled]" {
		t.Errorf("the handshake: %s %d, marks %v", got.Kind, got.Number, told(got))
	}
}

func TestLaterMarkImpliesTheEarlierOnes(t *testing.T) {
	m := &Message{}
	m.Marks[Handled] = Mark{N: 9}
	for stage, want := range map[Stage]bool{Enqueued: true, Written: true, Received: true, Handled: true, Acked: false} {
		if m.Reached(stage) != want {
			t.Errorf("reached %s: %v, want %v", stage, !want, want)
		}
	}
}

func TestLateAcknowledgementAcksNothing(t *testing.T) {
	s, a, _ := established()
	s.send("A", a, 2, data(42, "x"))
	s.tell("A", a, trace.ConnReceived, trace.Event{Number: 2, Envelope: ack(42, "")})
	s.tell("A", a, trace.AckPublish, trace.Event{Envelope: ack(42, ""), Err: errors.New("nobody waits")})
	if m := s.stream(t).Forward()[1]; m.Reached(Acked) {
		t.Error("an acknowledgement that nobody waits for acked the message")
	}
}

func TestRefusalIsReadFromTheAcknowledgement(t *testing.T) {
	if m := newMessage(nil, 1, 1, ack(3, "disk full")); m.Kind != AckMessage || m.Refusal != "disk full" || m.Nonce != 3 {
		t.Errorf("%+v", m)
	}
	if m := newMessage(nil, 1, 1, &proto.Envelope{Payload: []byte{0xff}}); m.Kind != UnreadableMessage {
		t.Errorf("garbage is %s", m.Kind)
	}
}

func TestPeekAgreesWithTheDescriptor(t *testing.T) {
	fields := (&proto.GossipMessage{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[protoreflect.Name]protoreflect.FieldNumber{"nonce": fieldNonce, "conn": fieldConn, "ack": fieldAck} {
		if f := fields.ByName(name); f == nil || f.Number() != number {
			t.Errorf("%s is not field %d", name, number)
		}
	}
	contents := fields.ByName("conn").ContainingOneof().Fields()
	for i := range contents.Len() {
		f := contents.Get(i)
		m := &proto.GossipMessage{Nonce: 5}
		m.ProtoReflect().Set(f, m.ProtoReflect().NewField(f))
		payload, err := protobuf.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := peek(payload); !ok || p.content != string(f.Name()) || p.nonce != 5 {
			t.Errorf("%s is taken for %+v", f.Name(), p)
		}
	}
}

// TestReportsOfConcurrentGoroutinesMayInterleaveAnyhow lets two callers and a writer tell of the same messages in any order that their
// goroutines allow: the callers report an enqueue after it happened, so the writer may be far ahead of them.
func TestReportsOfConcurrentGoroutinesMayInterleaveAnyhow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const messages = 6
		var callers [2][]func(*script)
		var writer []func(*script)
		a := dialled(1)
		for i := range messages {
			m := data(uint64(i+1), "x")
			enqueue := func(s *script) { s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)}) }
			callers[i%2] = append(callers[i%2], enqueue)
			number := uint64(i + 2)
			writer = append(writer,
				func(s *script) { s.tell("A", a, trace.ConnWrite, trace.Event{Number: number, Envelope: m}) },
				func(s *script) { s.tell("A", a, trace.ConnWritten, trace.Event{Number: number, Envelope: m}) })
		}
		s := new(script)
		queues := [][]func(*script){callers[0], callers[1], writer}
		for len(queues[0])+len(queues[1])+len(queues[2]) > 0 {
			i := rapid.IntRange(0, 2).Draw(t, "who")
			if len(queues[i]) > 0 {
				queues[i][0](s)
				queues[i] = queues[i][1:]
			}
		}
		st := s.state()
		c := st.Connection(key("A", 1))
		if c.Waiting() != 0 || c.out.early != 0 {
			t.Fatalf("%d wait, %d early", c.Waiting(), c.out.early)
		}
		for i, m := range c.Outgoing() {
			if m.Number != uint64(i+2) || m.Nonce != uint64(i+1) || fmt.Sprint(told(m)) != "[enqueued written]" {
				t.Fatalf("message %d: number %d, nonce %d, marks %v", i, m.Number, m.Nonce, told(m))
			}
		}
		for _, inv := range st.Invariants() {
			if !inv.Holds {
				t.Fatal(inv)
			}
		}
	})
}

func TestReceivedWithoutAWrittenMarkIsNormalForAnIntruder(t *testing.T) {
	s, b := new(script), accepted(1)
	s.arrive("B", b, lineAB).receiveHello("B", b, hello("M"))
	st := s.state()
	streams := st.Streams()
	if len(streams) != 1 || streams[0].Joined() {
		t.Fatalf("%+v", streams)
	}
	in := streams[0].Forward()
	if len(in) != 1 || fmt.Sprint(told(in[0])) != "[received]" || !in[0].Reached(Written) || in[0].Place() != WithReader {
		t.Errorf("%+v", in)
	}
}

func TestStrayArrivalsStandWhereTheirNumberSays(t *testing.T) {
	s, a, b := established()
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 3, Envelope: data(3, "c")}) // that of number 2 is yet to be told
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: data(4, "d")})
	s.receive("B", b, 2, data(2, "b"))
	var numbers []uint64
	for _, m := range s.stream(t).Forward() {
		numbers = append(numbers, m.Number)
	}
	mustBeSame(t, "numbers", []uint64{1, 2, 3, 0}, numbers)
}

// What a drop was about, in each of the places where the layer drops.

func dropped(m *proto.Envelope, queued int, why string) trace.Event {
	return trace.Event{Envelope: m, Queue: outBuff(queued), Err: errors.New(why)}
}

func TestOverflowDropsTheNewcomerNotTheQueue(t *testing.T) {
	for _, detail := range []string{"overflow", ""} {
		s, a, _ := established()
		m := data(0, "always the same")
		for i := range 20 {
			s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(i + 1)})
		}
		e := dropped(m, 20, "queue full")
		e.Detail = detail
		s.tell("A", a, trace.ConnDrop, e)
		st := s.state()
		c := st.Connection(key("A", 1))
		if c.Waiting() != 20 || c.Drops != 1 || len(c.Overflowed()) != 1 || c.Overflowed()[0].Drop.Reason != "queue full" {
			t.Errorf("detail %q: %d wait, %d drops, overflowed %v", detail, c.Waiting(), c.Drops, c.Overflowed())
		}
	}
}

func TestOverflowOfTheSameMessageAsInTheWritersHand(t *testing.T) {
	s, a, _ := established()
	m := data(0, "always the same")
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: m, Queue: outBuff(20)})
	s.tell("A", a, trace.ConnDrop, dropped(m, 20, "queue full"))
	s.tell("A", a, trace.ConnWritten, trace.Event{Number: 2, Envelope: m})
	st := s.state()
	mustHold(t, st)
	c := st.Connection(key("A", 1))
	if out := c.Outgoing()[1]; out.Drop.Set() || !out.Reached(Written) || len(c.Overflowed()) != 1 {
		t.Errorf("written: %+v, overflowed %d", out, len(c.Overflowed()))
	}
}

func TestOverdueMessageIsDroppedFromTheWritersHand(t *testing.T) {
	s, a, b := established()
	late, next := data(1, "late"), data(2, "next")
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: late, Queue: outBuff(1)})
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: next, Queue: outBuff(2)})
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: late})
	s.tell("A", a, trace.ConnDrop, dropped(late, 1, "overdue"))
	s.write("A", a, 2, next).receive("B", b, 2, next) // the number was not used
	mustHold(t, s.state())
	out := s.stream(t).Forward()
	if len(out) != 3 || out[1].Place() != GivenUp || out[1].Number != 0 || out[1].Drop.Reason != "overdue" {
		t.Fatalf("out: %+v", out[1])
	}
	if out[2].Number != 2 || out[2].Nonce != 2 || out[2].Place() != WithService {
		t.Errorf("next: %+v", out[2])
	}
}

func TestFailedWriteAndTheDropThatFollowsAreOneMessage(t *testing.T) {
	s, a, _ := established()
	m, behind := data(1, "x"), data(2, "behind")
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: behind, Queue: outBuff(2)})
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: m})
	s.tell("A", a, trace.ConnWritten, trace.Event{Number: 2, Envelope: m, Err: errors.New("EOF")})
	s.tell("A", a, trace.ConnDrop, dropped(m, 1, "EOF"))
	s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("broken")})
	s.tell("A", a, trace.ConnDrop, dropped(behind, 0, "broken"))
	st := s.state()
	mustHold(t, st)
	c := st.Connection(key("A", 1))
	out := c.Outgoing()[1:]
	if len(out) != 2 || c.Waiting() != 0 || c.Drops != 2 || out[0].Drop.Reason != "EOF" || out[1].Drop.Reason != "broken" ||
		out[0].Reached(Written) {
		t.Errorf("%d drops, out %+v %+v", c.Drops, out[0], out[len(out)-1])
	}
}

func TestDropMayBeToldBeforeTheEnqueue(t *testing.T) {
	s, a, _ := established()
	m := data(1, "x")
	s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("closed")})
	s.tell("A", a, trace.ConnDrop, dropped(m, 0, "closed"))
	s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(0)})
	st := s.state()
	c := st.Connection(key("A", 1))
	if c.Waiting() != 0 || len(c.Outgoing()) != 2 || c.Outgoing()[1].Place() != GivenUp || !c.Outgoing()[1].Reached(Enqueued) {
		t.Errorf("%d wait, out %v", c.Waiting(), c.Outgoing())
	}
}

// Whether the connection tells of the handover that gives way or the store, what it had in its queue is then the other's.
func TestHandoverEmptiesTheQueueOfTheLoser(t *testing.T) {
	for name, tell := range map[string]func(s *script, loser, stays trace.Object){
		"the loser tells": func(s *script, loser, stays trace.Object) {
			s.tell("A", loser, trace.StoreHandover, trace.Event{Peer: []byte("B"), Subject: stays, Queue: outBuff(1)})
		},
		"the store tells": func(s *script, loser, stays trace.Object) {
			s.tell("A", theStore, trace.StoreHandover, trace.Event{Peer: []byte("B"), Subject: stays, Queue: outBuff(1)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, loser, other, stays := new(script), dialled(1), dialled(2), accepted(3)
			m, elsewhere := data(1, "x"), data(2, "y")
			s.tell("A", loser, trace.DialStart, trace.Event{Peer: []byte("B")}).tell("A", other, trace.DialStart, trace.Event{Peer: []byte("C")})
			s.tell("A", loser, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
			s.tell("A", other, trace.ConnEnqueue, trace.Event{Envelope: elsewhere, Queue: outBuff(1)})
			s.store("A", stays, "B")
			tell(s, loser, stays)
			s.tell("A", stays, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
			st := s.state()
			if c := st.Connection(key("A", 1)); c.Waiting() != 0 || c.OutBuff.Len != 0 || c.Outgoing()[0].Place() != Moved {
				t.Errorf("the loser: %d wait, %v", c.Waiting(), c.Outgoing())
			}
			if c := st.Connection(key("A", 2)); c.Waiting() != 1 {
				t.Errorf("a dial to somebody else: %d wait", c.Waiting())
			}
			if c := st.Connection(key("A", 3)); c.Waiting() != 1 {
				t.Errorf("the one that stays: %d wait", c.Waiting())
			}
		})
	}
}

// A sender that had the loser in hand puts his message there, sees that it has given way, and moves it.
func TestWhatIsEnqueuedAtALoserGoesTheSameWay(t *testing.T) {
	s, loser, stays := new(script), dialled(1), accepted(2)
	s.store("A", stays, "B")
	s.tell("A", loser, trace.StoreHandover, trace.Event{Peer: []byte("B"), Subject: stays, Queue: outBuff(0)})
	s.tell("A", loser, trace.ConnEnqueue, trace.Event{Envelope: data(1, "x"), Queue: outBuff(1)})
	s.tell("A", stays, trace.ConnEnqueue, trace.Event{Envelope: data(1, "x"), Queue: outBuff(1)})
	st := s.state()
	if c := st.Connection(key("A", 1)); c.Waiting() != 0 || c.OutBuff.Len != 0 || c.Outgoing()[0].Place() != Moved {
		t.Errorf("the loser: %d wait, %v", c.Waiting(), c.Outgoing())
	}
	if c := st.Connection(key("A", 2)); c.Waiting() != 1 {
		t.Errorf("the one that stays: %d wait", c.Waiting())
	}
}

// A peer that was never reached has an outcome all the same.
func TestAckOperationsAreTheCallsOfSendWithAck(t *testing.T) {
	s, _, _ := established()
	s.tell("A", theInstance, trace.AckSubscribe, trace.Event{Peer: []byte("B"), Envelope: data(9, "x")})
	s.tell("A", theInstance, trace.AckSubscribe, trace.Event{Peer: []byte("B"), Envelope: data(10, "y")})
	s.tell("A", theInstance, trace.AckResult, trace.Event{Peer: []byte("C"), Envelope: data(9, "x"), Err: errors.New("nobody is there")})
	s.tell("A", theInstance, trace.AckResult, trace.Event{Peer: []byte("B"), Envelope: data(9, "x")})
	s.tell("A", theInstance, trace.AckDone, trace.Event{Envelope: data(9, "x")})
	st := s.state()
	ops := st.Peer("A").AckOperations()
	if len(ops) != 2 || ops[0].Nonce != 9 || ops[1].Nonce != 10 {
		t.Fatalf("%+v", ops)
	}
	if o := ops[0]; len(o.Waits) != 2 || o.Acks() != 1 || !o.Done.Set() || string(o.Waits[1].Peer) != "C" || o.Waits[1].Since.Set() ||
		o.Waits[1].Result.Reason != "nobody is there" {
		t.Errorf("the first: %+v", o)
	}
	if o := ops[1]; len(o.Waits) != 1 || o.Acks() != 0 || o.Done.Set() {
		t.Errorf("the second: %+v", o)
	}
}

func TestWaitsForAcknowledgements(t *testing.T) {
	s, a, _ := established()
	for _, who := range []string{"B", "C"} {
		s.tell("A", theInstance, trace.AckSubscribe, trace.Event{Peer: []byte(who), Envelope: data(9, "x")})
	}
	s.tell("A", a, trace.ConnReceived, trace.Event{Number: 2, Envelope: ack(9, "")})
	s.tell("A", a, trace.AckPublish, trace.Event{Peer: []byte("B"), Envelope: ack(9, "")})
	s.tell("A", theInstance, trace.AckResult, trace.Event{Peer: []byte("B"), Envelope: data(9, "x")})
	s.tell("A", theInstance, trace.AckResult, trace.Event{Peer: []byte("C"), Envelope: data(9, "x"), Err: errors.New("timeout")})
	s.tell("A", theInstance, trace.AckDone, trace.Event{Envelope: data(9, "x")})
	st := s.state()
	w := st.Peer("A").Waits
	if len(w) != 2 || !w[0].Arrived.Set() || !w[0].Result.Passed() || !w[0].Done.Set() || w[1].Arrived.Set() ||
		w[1].Result.Reason != "timeout" || !w[1].Done.Set() {
		t.Errorf("%+v", w)
	}
}

func TestMemoryOfMessagesIsBounded(t *testing.T) {
	s, a, b := established()
	const sent = 3 * keptMessages
	for n := uint64(2); n < 2+sent; n++ {
		m := data(n, "x")
		s.send("A", a, n, m).receive("B", b, n, m)
	}
	st := s.stream(t)
	forgottenA, _ := st.Initiator.Forgotten()
	_, forgottenB := st.Acceptor.Forgotten()
	out := st.Forward()
	if len(out) != keptMessages || forgottenA != sent+1-keptMessages || forgottenB != forgottenA {
		t.Errorf("%d remembered, %d and %d forgotten", len(out), forgottenA, forgottenB)
	}
	s.tell("B", b, trace.ConnReceived, trace.Event{Number: 2, Envelope: data(2, "x")})
	if in := s.stream(t).Acceptor.Incoming(); in[0].Number == 2 {
		t.Error("what was forgotten came back")
	}
	if last := out[len(out)-1]; last.Number != sent+1 || last.Place() != WithService {
		t.Errorf("the last is %+v", last)
	}
}

func TestAcknowledgementThatComesOverTheSuccessor(t *testing.T) {
	s, a, _ := established()
	s.send("A", a, 2, data(42, "x"))
	s.tell("A", dialled(2), trace.ConnReceived, trace.Event{Number: 2, Envelope: ack(42, "")})
	s.tell("A", dialled(2), trace.AckPublish, trace.Event{Peer: []byte("C"), Envelope: ack(42, "")})
	acked := func() bool {
		st := s.state()
		stream, _ := st.StreamOf(key("B", 1))
		return stream.Forward()[1].Reached(Acked)
	}
	if acked() {
		t.Error("C acknowledged for B")
	}
	s.tell("A", dialled(2), trace.AckPublish, trace.Event{Peer: []byte("B"), Envelope: ack(42, "")})
	if !acked() {
		t.Error("the acknowledgement did not find the message")
	}
}

func TestReceiveQueueAndWhatNobodyWanted(t *testing.T) {
	s, _, b := established()
	for n := uint64(2); n < 5; n++ {
		m := data(n, "x")
		s.tell("B", b, trace.ConnReceived, trace.Event{Number: n, Envelope: m})
		s.tell("B", b, trace.ConnQueued, trace.Event{Number: n, Envelope: m, Queue: trace.Queue{Name: "msgChan", Len: int(n) - 1, Cap: 20}})
	}
	s.tell("B", b, trace.ConnHandle, trace.Event{}) // without an envelope it is the head
	s.tell("B", theInstance, trace.DemuxUnclaimed, trace.Event{Envelope: data(2, "x"), Subject: b})
	st := s.state()
	c := st.Connection(key("B", 1))
	if c.InMsgChan() != 2 || c.MsgChan.Len != 3 || !c.Incoming()[1].Unclaimed || st.Peer("B").Unclaimed != 1 {
		t.Errorf("%d in msgChan by count, %d as reported, message %+v", c.InMsgChan(), c.MsgChan.Len, c.Incoming()[1])
	}
	if g, _ := c.Goroutine(trace.ServiceGoroutine); g.At != trace.DemuxUnclaimed {
		t.Errorf("the service is at %s", g.At)
	}
}

func TestOverflowIsRememberedWithinBounds(t *testing.T) {
	s, a, _ := established()
	for n := range uint64(2 * keptNotices) {
		e := dropped(data(n, "x"), 20, "queue full")
		e.Detail = overflow
		s.tell("A", a, trace.ConnDrop, e)
	}
	st := s.state()
	c := st.Connection(key("A", 1))
	if c.Drops != 2*keptNotices || len(c.Overflowed()) != keptNotices || c.Overflowed()[0].Nonce != keptNotices {
		t.Errorf("%d drops, %d remembered", c.Drops, len(c.Overflowed()))
	}
}

func TestQueueThatIsNeverWrittenIsBounded(t *testing.T) {
	s, a := new(script), dialled(1)
	for n := range uint64(hardMessages + 200) {
		s.tell("A", a, trace.ConnEnqueue, trace.Event{Envelope: data(n, "x"), Queue: trace.Queue{Name: "outBuff", Len: 1, Cap: 100}})
	}
	st := s.state()
	if n := st.Connection(key("A", 1)).Waiting(); n != hardMessages+100 {
		t.Errorf("%d wait", n)
	}
}

func TestWriteToldAfterEverythingNewerIsKept(t *testing.T) {
	s, a := new(script), dialled(1)
	early := s.seq("A", a)
	for n := uint64(2); n < 2+keptMessages; n++ {
		s.tell("A", a, trace.ConnWritten, trace.Event{Number: n, Envelope: data(n, "x")})
	}
	s.late("A", a, trace.ConnWritten, trace.Event{Seq: early, Number: 999, Envelope: data(999, "x")})
	st := s.state()
	out := st.Connection(key("A", 1)).Outgoing()
	if len(out) != keptMessages || out[0].Number != 999 || !out[0].Reached(Written) {
		t.Errorf("%d remembered, the first is %+v", len(out), out[0])
	}
}

func TestMessageToldAfterItsSuccessorWasHandled(t *testing.T) {
	s, _, b := established()
	s.receive("B", b, 3, data(3, "x")).receive("B", b, 4, data(4, "x"))
	s.tell("B", b, trace.ConnReceived, trace.Event{Number: 2, Envelope: data(2, "x")})
	s.tell("B", b, trace.ConnHandle, trace.Event{Envelope: data(2, "x")})
	for _, m := range s.stream(t).Acceptor.Incoming() {
		if !m.Reached(Handled) {
			t.Errorf("message %d is not handled", m.Number)
		}
	}
}

func TestMessageToldAfterItsSuccessorWasHanded(t *testing.T) {
	s, b := new(script), accepted(1) // and no handshake: of its message a subscriber is never told
	for _, number := range []uint64{3, 4, 2} {
		m := data(number, "x")
		s.receive("B", b, number, m)
		for _, step := range []trace.Step{trace.DemuxDelivered, trace.AcceptHand} {
			s.tell("B", theInstance, step, trace.Event{Number: 1, Envelope: m, Subject: b})
		}
	}
	st := s.state()
	for _, m := range st.Connection(key("B", 1)).Incoming() {
		if !m.Delivered.Set() || !m.Handed.Set() {
			t.Errorf("message %d: delivered %v, handed %v", m.Number, m.Delivered, m.Handed)
		}
	}
}
