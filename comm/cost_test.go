package comm

// What the layer does not do, since somebody else would pay for it. Each of these rules was found by measuring ("make bench"), and none of
// them shows in what arrives.

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// Whoever sends without waiting keeps his processor, and with it the writer that would make room. With one processor the writer can run
// only when the sender lets it. Whom the scheduler then takes is for it to say, and once in a while it takes the sender again.
func TestSenderThatFindsAFullQueueLetsTheWriterRunBeforeHeDrops(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const tries = 100
	conn, dropped := bare(t, nil), 0
	for range tries {
		for conn.offer(sending(t, "before")) {
		}
		taken := async(func() *msgSending { return <-conn.outBuff })
		if conn.send(sending(t, "the last"), nonBlockingSend) != nil {
			dropped++
		}
		<-taken
	}
	if dropped > tries/2 {
		t.Errorf("%d of %d messages were dropped, though each time there was somebody who would have made room", dropped, tries)
	}
}

func TestAnswerThatFindsRoomArmsNoTimer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var timers atomic.Int64
		a, b := w.peer("A"), w.peer("B", configured(func(c *Config) {
			c.AfterFunc = func(d time.Duration, f func()) (stop func() bool) {
				timers.Add(1)
				return util.SystemClock(d, f)
			}
		}))
		inbox := b.Accept(everything)
		a.Send(message(t, "a question"), b.remote())
		question := receive(t, inbox)
		writer := b.tr.hold(is(trace.ConnWrite)) // or it would arm the timer of a write
		before := timers.Load()
		question.Respond(message(t, "an answer").GossipMessage)
		writer.reached()
		if n := timers.Load() - before; n != 0 {
			t.Errorf("%d timers were armed for an answer that did not have to wait", n)
		}
		writer.release()
	})
}

// The signature is made with a random number, so one that is made again differs.
func TestConnEstablishIsSignedOnceForEachRoleAndPurpose(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		said := func(certHash []byte, isProbe bool) *proto.Envelope {
			msg, err := a.createConnectionMsg(certHash, isProbe)
			if err != nil {
				t.Fatal(err)
			}
			return msg.Envelope
		}
		kinds := map[string]func() *proto.Envelope{
			"to a peer that it dials":   func() *proto.Envelope { return said(a.selfClientCertHash, false) },
			"to one that it only asks":  func() *proto.Envelope { return said(a.selfClientCertHash, true) },
			"to one that has called it": func() *proto.Envelope { return said(a.selfCertHash, false) },
		}
		for kind, say := range kinds {
			first := say()
			if second := say(); !bytes.Equal(first.Signature, second.Signature) {
				t.Errorf("what it says %s was signed anew", kind)
			}
			for other, sayOther := range kinds {
				if other != kind && bytes.Equal(first.Payload, sayOther().Payload) {
					t.Errorf("what it says %s is what it says %s", kind, other)
				}
			}
		}
	})
}

// A goroutine of its own for the only peer would only be one more to begin and to be woken by.
func TestCallToOnePeerIsDoneByItsCaller(t *testing.T) {
	for peers, byCaller := range map[int]bool{1: true, 2: false} {
		inBubble(t, func(t *testing.T, w *world) {
			stacks := make(chan string, peers)
			a := w.peer("A", watchedBy(reacting(func(e trace.Event) {
				if e.Step == trace.AckSubscribe {
					stacks <- string(debug.Stack())
				}
			})))
			var to []*RemotePeer
			for i := range peers {
				to = append(to, w.acknowledging(fmt.Sprint("B", i)).remote())
			}
			if result := a.SendWithAck(message(t, "hello"), time.Minute, peers, to...); result.AckCount() != peers {
				t.Fatal(result)
			}
			for range peers {
				if stack := <-stacks; strings.Contains(stack, "commImpl).SendWithAck(") != byCaller {
					t.Errorf("to %d peers: waiting for an acknowledgement began here:\n%s", peers, stack)
				}
			}
		})
	}
}
