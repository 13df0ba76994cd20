//go:build exercise

package conn1

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// arriving returns a function that tells the texts that have come to a peer by now, in order.
func arriving(p *lab.Peer) func() []string {
	inbox := p.Subscribe(func(any) bool { return true })
	var texts []string
	go func() {
		for msg := range inbox {
			texts = append(texts, textOf(msg.GetSourceEnvelope()))
			if msg.GetGossipMessage().Nonce != 0 {
				p.Ack(msg, nil)
			}
		}
	}()
	return func() []string {
		synctest.Wait()
		return slices.Clone(texts)
	}
}

func textOf(envelope *proto.Envelope) string {
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return ""
	}
	return string(msg.GetDataMsg().GetPayload().GetData())
}

// dropped returns the texts of the messages that the send queues of a peer have dropped, each with its reason.
func dropped(s *stand.Stand, name string) []string {
	_, events := s.Lab.Recorder().Snapshot()
	var texts []string
	for _, e := range events {
		if e.Peer == name && e.Step != nil && e.Step.Step == trace.ConnDrop {
			texts = append(texts, textOf(e.Step.Envelope)+": "+e.Step.Err.Error())
		}
	}
	return texts
}

// stopWriter sends "m0", and returns when the writer of from has it in its hand and goes no further.
func stopWriter(s *stand.Stand, from *lab.Peer, to *comm.RemotePeer) *lab.Hold {
	writer := s.Lab.Hold(from.Name, trace.ConnWrite)
	from.Send("m0", to)
	if _, err := writer.Reached(s.Context()); err != nil {
		s.Fatal(err)
	}
	return writer
}

func TestAFullQueueKeepsTheNewest(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		var log bytes.Buffer
		a := s.Peer("A", comm.Config{SendBuffSize: 3, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		b := s.Peer("B", comm.Config{})
		atB := arriving(b)
		writer := stopWriter(s, a, b.Remote())
		for _, text := range []string{"m1", "m2", "m3", "m4", "m5"} {
			a.Send(text, b.Remote())
		}
		if got, want := dropped(s, "A"), []string{"m1: the send queue is full", "m2: the send queue is full"}; !slices.Equal(got, want) {
			t.Errorf("the queue has room for 3, m1 to m5 were sent, and conn.drop tells of %q, want %q", got, want)
		}

		writer.Release()

		if got, want := atB(), []string{"m0", "m3", "m4", "m5"}; !slices.Equal(got, want) {
			t.Errorf("B got %q, want %q: the newest three, in their order, after the one that the writer had taken", got, want)
		}
		s.Lab.Link("A→B#1").Cut() // then A's log tells how many messages the connection has dropped
		synctest.Wait()
		if !strings.Contains(log.String(), "dropped=2") {
			t.Errorf("the connection must have counted 2 messages, its log says: %s", log.String())
		}
	})
}

func TestWhoWaitsForAnAcknowledgementHearsOfTheDropAtOnce(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{SendBuffSize: 3}), s.Peer("B", comm.Config{})
		atB := arriving(b)
		writer := stopWriter(s, a, b.Remote())
		var results comm.AggregatedSendResult
		var took time.Duration
		go func() {
			start := time.Now()
			results = a.SendWithAck("block", 20*time.Second, 1, b.Remote())
			took = time.Since(start)
		}()
		synctest.Wait() // "block" is in the queue, and the oldest
		for _, text := range []string{"m1", "m2", "m3"} {
			a.Send(text, b.Remote())
		}
		synctest.Wait()
		if results == nil {
			t.Error("\"block\" was the oldest when m3 met the full queue: it must be gone, and SendWithAck, which waits for its acknowledgement, must know")
		}
		writer.Release()
		if got, want := atB(), []string{"m0", "m1", "m2", "m3"}; !slices.Equal(got, want) {
			t.Errorf("B got %q, want %q", got, want)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if took != 0 || results.NackCount() != 1 || !strings.Contains(results.String(), "the send queue is full") {
			t.Errorf("SendWithAck returned %v after %v, want the reason of the drop, after no time", results, took)
		}
	})
}

func TestWhoWaitsForRoomPushesNobodyOutAndGetsIt(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{SendBuffSize: 3})
		atA := arriving(a)
		inbox := b.Subscribe(func(any) bool { return true })
		a.Send("question", b.Remote())
		question := <-inbox
		writer := stopWriter(s, b, a.Remote())
		for _, text := range []string{"m1", "m2", "m3"} {
			b.Send(text, a.Remote())
		}

		go b.Respond(question, "answer")
		synctest.Wait()
		if got := dropped(s, "B"); len(got) != 0 {
			t.Errorf("Respond met a full queue. It waits for room, and takes nobody's; but now %q are gone", got)
		}
		sent := false
		go func() {
			b.Send("m4", a.Remote())
			sent = true
		}()
		synctest.Wait()
		if !sent {
			t.Error("Send never waits. But somebody else was waiting for the room that it made, and now it stands in his line")
		}
		writer.Release()

		got := atA()
		if !slices.Contains(got, "answer") || !slices.Contains(got, "m4") {
			t.Errorf("A got %q. Both must be there: the answer, which waited for room, and m4, which is the newest", got)
		}
		if drops := dropped(s, "B"); len(got)+len(drops) != 6 || !slices.IsSortedFunc(without(got, "answer"), strings.Compare) {
			t.Errorf("of m0 to m4 and the answer A got %q, and conn.drop tells of %q: together they must be all, and m0 to m4 in order", got, drops)
		}
	})
}

func without(texts []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(t string) bool { return t == text })
}
