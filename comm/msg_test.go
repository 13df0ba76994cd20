package comm

// Tests of what a subscriber gets: all that it was told about the message and its sender, and a way back.

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestReceivedMessageCarriesEnvelopeContentAndSender(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		sent := message(t, "hello")
		a.Send(sent, b.remote())
		got := receive(t, inbox)

		if !protobuf.Equal(got.GetSourceEnvelope(), sent.Envelope) {
			t.Errorf("the envelope is %v, want what was sent, %v", got.GetSourceEnvelope(), sent.Envelope)
		}
		if !protobuf.Equal(got.GetGossipMessage().GossipMessage, sent.GossipMessage) {
			t.Errorf("the message is %v, want %v", got.GetGossipMessage(), sent)
		}
		info := got.GetConnectionInfo()
		if string(info.ID) != string(a.GetPKIid()) || string(info.Identity) != string(a.id.Serialize()) {
			t.Errorf("the sender is %v, want A", info)
		}
		// Upper layers evaluate policies over what the sender signed in the handshake (FAB-6018).
		if err := a.idMapper.Verify(info.ID, info.Auth.Signature, info.Auth.SignedData); err != nil {
			t.Errorf("the signed handshake that comes along is not A's: %v", err)
		}
	})
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

func TestResponseGoesBackOverTheSameStream(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		atA, atB := a.Accept(everything), b.Accept(everything)
		sendTexts(a, b.remote(), "question")
		receive(t, atB).Respond(message(t, "answer").GossipMessage)
		if got := receiveTexts(t, atA, 1)[0]; got != "answer" {
			t.Errorf("A got %q", got)
		}
		if dials := b.tr.all(is(trace.DialStart)); len(dials) != 0 {
			t.Error("B dialled in order to answer")
		}
		respond := b.tr.wait(is(trace.AckRespond))
		if got := textOf(decode(t, respond.Envelope)); got != "answer" || string(respond.Peer) != string(a.GetPKIid()) {
			t.Errorf("the step tells of %q to %s", got, respond.Peer)
		}
	})
}

func TestResponsesOfOneGoroutineArriveInOrderAndNoneIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		atA, atB := a.Accept(everything), b.Accept(everything)
		sendTexts(a, b.remote(), "question")
		question := receive(t, atB)
		answered := finished(func() {
			for _, text := range numbers(300) {
				question.Respond(message(t, text).GossipMessage)
			}
		})
		if diff := cmp.Diff(numbers(300), receiveTexts(t, atA, 300)); diff != "" {
			t.Errorf("answers differ (-want +got):\n%s", diff)
		}
		await(t, "the last Respond", answered)
	})
}

// A peer that has opened another stream meanwhile waits for the answer there.
func TestAnswerOverAConnectionThatWasReplacedGoesOverItsSuccessor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inbox := b.Accept(everything)
		other := w.wirePeer("A")
		other.join(b.endpoint).write("question")
		question := receive(t, inbox)
		again := other.join(b.endpoint)
		b.tr.wait(is(trace.StoreReplaced))

		question.Respond(message(t, "answer").GossipMessage)

		if got := textOf(again.read()); got != "answer" {
			t.Errorf("read %q on the second stream, want the answer", got)
		}
	})
}

func TestAckIsAnAnswerWithTheNonceAndTheReason(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inbox := b.Accept(everything)
		a := w.wirePeer("A").join(b.endpoint)
		msg := message(t, "question")
		msg.Nonce = 42
		numbered, err := msg.NoopSign()
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(numbered.Envelope); err != nil {
			t.Fatal(err)
		}
		question := receive(t, inbox)
		question.Ack(nil)
		question.Ack(errors.New("no room"))
		for _, want := range []string{"", "no room"} {
			got := a.read()
			if got.GetAck() == nil || got.Nonce != 42 || got.GetAck().Error != want {
				t.Errorf("B answered %v, want an acknowledgement of 42 with error %q", got, want)
			}
		}
	})
}

// Two subscribers that answer each other from their reading loops would otherwise wait for each other for ever (S24).
func TestRespondWaitsForRoomAConnectionTimeoutAndThenDrops(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), "question")
		question := receive(t, inbox)
		held := b.tr.hold(is(trace.ConnWrite))
		for _, text := range numbers(21) { // one in the writer's hand, 20 in the queue
			question.Respond(message(t, text).GossipMessage)
			synctest.Wait()
		}
		held.reached()
		start := time.Now()
		question.Respond(message(t, "one too many").GossipMessage)
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("Respond returned after %v, want 2s", got)
		}
		drops := b.tr.all(is(trace.ConnDrop))
		if len(drops) != 1 || !errors.Is(drops[0].Err, errQueueFull) || textOf(decode(t, drops[0].Envelope)) != "one too many" {
			t.Errorf("drops are %v, want the last answer because of %v", drops, errQueueFull)
		}
	})
}

func TestRespondGoesOnAsSoonAsThereIsRoom(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		atA, inbox := a.Accept(everything), b.Accept(everything)
		sendTexts(a, b.remote(), "question")
		question := receive(t, inbox)
		held := b.tr.hold(is(trace.ConnWrite))
		answered := finished(func() {
			for _, text := range numbers(22) {
				question.Respond(message(t, text).GossipMessage)
			}
		})
		held.reached()
		if isDone(answered) {
			t.Fatal("22 answers found room where there is room for 21")
		}
		start := time.Now()
		held.release()
		if diff := cmp.Diff(numbers(22), receiveTexts(t, atA, 22)); diff != "" {
			t.Errorf("answers differ (-want +got):\n%s", diff)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("the answers took %v", got)
		}
		await(t, "Respond", answered)
	})
}

// When the connection that brought the question gives way, an answer that waits for room waits on at the other, and may outlive its own.
func TestAnswerThatWaitsForRoomGoesOnWaitingAtTheSuccessorOfItsConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, a := w.peer("B"), w.wirePeer("A")
		inbox := b.Accept(everything)
		first := a.join(b.endpoint)
		first.write("question")
		question := receive(t, inbox)
		old := b.tr.wait(is(trace.ConnServe)).Object
		writer, answer := b.tr.hold(is(trace.ConnWrite, of(old))), b.tr.hold(is(trace.AuthSend))
		answered := finished(func() {
			for _, text := range numbers(22) {
				question.Respond(message(t, text).GossipMessage)
			}
		})
		writer.reached()
		if isDone(answered) {
			t.Fatal("22 answers found room where there is room for 21")
		}
		second := a.dial(b.endpoint).open(a.clientHello())
		answer.reached() // so the second has the queue of the first, and no writer yet
		writer.release()
		if got := textOf(first.read()); got != "0" {
			t.Errorf("over its own connection came %q", got)
		}
		first.finish()
		b.mustBeGone(old)
		if isDone(answered) {
			t.Error("the last answer was given up with the connection that brought the question")
		}
		answer.release()
		second.read()
		for _, want := range numbers(22)[1:] {
			if got := textOf(second.read()); got != want {
				t.Errorf("over the second connection came %q, want %q", got, want)
			}
		}
		await(t, "Respond", answered)
	})
}

// A late answer made a peer unreachable upstream (S4): it went into a queue without a writer.
func TestAnswerOverAConnectionThatHasEndedIsDroppedAndHarmsNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		atA, atB := a.Accept(everything), b.Accept(everything)
		sendTexts(a, b.remote(), "question")
		question := receive(t, atB)
		a.CloseConn(b.remote())
		b.tr.wait(is(trace.ConnServeEnd))

		question.Respond(message(t, "too late").GossipMessage)
		question.Ack(nil)
		for _, drop := range b.tr.waitFor(2, is(trace.ConnDrop)) {
			if drop.Err != ErrPeerClosed {
				t.Errorf("dropped because of %v, want %v", drop.Err, ErrPeerClosed)
			}
		}
		for _, text := range numbers(50) {
			sendTexts(b, a.remote(), text)
			if got := receiveTexts(t, atA, 1)[0]; got != text {
				t.Fatalf("A got %q, want %q", got, text)
			}
		}
		if got := b.noticesNow(); len(got) != 0 {
			t.Errorf("B presumes %v dead", got)
		}
	})
}

// Between "is it closed?" and the queue there is a moment. What goes in after the writer's last look is dropped by whoever put it there.
func TestMessageThatSlipsIntoAQueueWithoutAWriterIsDropped(t *testing.T) {
	tr := newTracer(t)
	conf, err := Config{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	conn := newConnection(t.Context(), 1, "there:1", nil, conf, trace.NewSource(tr, trace.Object{Kind: trace.Connection, ID: 1}))
	conn.retireQueue(ErrPeerClosed) // as the writer does when its stream has ended and nobody has closed the connection yet
	lost := make(chan error, 1)
	if err := conn.send(&msgSending{envelope: &proto.Envelope{}, lost: lost}, nonBlockingSend); err != nil {
		t.Errorf("send returned %v", err)
	}
	if len(lost) != 1 || <-lost != ErrPeerClosed {
		t.Error("the sender did not hear why his message was lost")
	}
	if got := len(conn.outBuff); got != 0 || conn.dropped.Load() != 1 {
		t.Errorf("%d messages are left in the queue and %d were counted as dropped, want 0 and 1", got, conn.dropped.Load())
	}
}
