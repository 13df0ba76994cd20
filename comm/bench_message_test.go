package comm

// What the way of a message costs: in one direction as fast as it goes, and there and back for an acknowledgement.

import (
	"fmt"
	"testing"
	"time"

	"gossipscope/proto"
)

const (
	// streamed is how many messages go one way before the other end of the pair has its turn: a fifth of a second or so.
	streamed = 20_000

	// flooding is how long a flood lasts.
	flooding = 200 * time.Millisecond

	// rounds is how many acknowledged messages a median is taken of.
	rounds = 200
)

// A sender that waits for room loses nothing, and what it sends arrives in order. Everything that the layer does beyond the stream costs
// here: the queue and its writer, the receive queue and the service, the demultiplexer and the subscription.
func BenchmarkOrdered(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			w := onLoopback(b)
			data := make([]byte, size.bytes)
			sender, receiver := w.unwatched("A"), w.unwatched("B")
			asked, answers := sender.Accept(everything), receiver.Accept(everything)
			receiver.Send(message(b, "a question"), sender.remote())
			question := receive(b, asked)

			inTurns(b, "msg/s", func() float64 {
				began := time.Now()
				wrong := async(func() error { return inOrder(answers, streamed) })
				for i := range streamed {
					question.Respond(numbered(i, data))
				}
				if err, _ := await(b, "the last message", wrong); err != nil {
					b.Fatal(err)
				}
				return perSecond(streamed, began)
			}, bareMessages(w, streamed, data))
		})
	}
}

// inOrder takes n messages from a subscription, and says if one of them is missing or in another's place.
func inOrder(inbox <-chan proto.ReceivedMessage, n int) error {
	for i := range n {
		msg, open := <-inbox
		if !open {
			return fmt.Errorf("the subscription was closed before message %d", i)
		}
		if nonce := msg.GetGossipMessage().Nonce; nonce != uint64(i) {
			return fmt.Errorf("message %d came where %d was expected", nonce, i)
		}
	}
	return nil
}

// A sender that waits for nobody is faster than any stream, and most of what it sends is dropped. What matters is that the rest keeps
// coming, though the sender takes processor time from those who carry it, and in order.
func BenchmarkFlood(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			w := onLoopback(b)
			data := make([]byte, size.bytes)
			sender, receiver := w.unwatched("A", configured(func(c *Config) { c.SendBuffSize = 20 })), w.unwatched("B")
			inbox := receiver.Accept(everything)
			sent, arrived, disorder := 0, 0, 0

			inTurns(b, "msg/s", func() float64 {
				began := time.Now()
				seen := async(func() flood { return untilLast(inbox) })
				n := 0
				for ; time.Since(began) < flooding; n++ {
					sender.Send(signed(b, numbered(n+1, data)), receiver.remote())
				}
				// The last one waits for room, so that it arrives; and since order is kept, nothing comes behind it.
				if err := sender.sendToEndpoint(receiver.remote(), signed(b, numbered(last, nil)), blockingSend); err != nil {
					b.Fatal(err)
				}
				got, _ := await(b, "the last message", seen)
				sent, arrived, disorder = sent+n, arrived+got.delivered, disorder+got.disorder
				return perSecond(got.delivered, began)
			}, bareMessages(w, streamed, data))
			b.ReportMetric(float64(disorder), "out-of-order")
			b.ReportMetric(100*float64(arrived)/float64(sent), "%delivered")
		})
	}
}

// last is the number of the message that ends a flood. None of the others comes to it.
const last = 1 << 40

// flood is what came of one.
type flood struct {
	delivered int
	disorder  int // how many came behind a later one
}

// untilLast takes what arrives of a flood.
func untilLast(inbox <-chan proto.ReceivedMessage) (f flood) {
	latest := uint64(0)
	for msg := range inbox {
		nonce := msg.GetGossipMessage().Nonce
		if nonce == last {
			break
		}
		if nonce <= latest {
			f.disorder++
		}
		latest = max(latest, nonce)
		f.delivered++
	}
	return f
}

func signed(b *testing.B, msg *proto.GossipMessage) *proto.SignedGossipMessage {
	s, err := msg.NoopSign()
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// The limit is one goroutine that sends on every stream and then waits for the echo on each: fewer goroutines cannot do it. It neither
// encodes nor decodes a message within the envelope, which the layer has to.
func BenchmarkSendWithAck(b *testing.B) {
	for _, n := range []int{1, 4, 8} {
		b.Run(fmt.Sprintf("to%d", n), func(b *testing.B) {
			w := onLoopback(b)
			sender, msg := w.unwatched("A"), signed(b, numbered(1, make([]byte, 100)))
			peers := several(n, func(name string) *RemotePeer { return w.acknowledging(name).remote() })
			streams := several(n, func(string) proto.Gossip_GossipStreamClient { return w.bare(echo).opened() })

			inTurns(b, "us", func() float64 {
				return median(rounds, func() {
					if result := sender.SendWithAck(msg, patience, n, peers...); result.AckCount() != n {
						b.Fatal(result)
					}
				})
			}, func() float64 {
				return median(rounds, func() { pingPong(b, streams, msg.Envelope) })
			})
		})
	}
}

// acknowledging makes a peer that acknowledges whatever it gets.
func (w *world) acknowledging(name string) *testPeer {
	w.t.Helper()
	p := w.unwatched(name)
	inbox := p.Accept(everything)
	go func() {
		for msg := range inbox {
			msg.Ack(nil)
		}
	}()
	return p
}

func pingPong(b *testing.B, streams []proto.Gossip_GossipStreamClient, envelope *proto.Envelope) {
	for _, stream := range streams {
		if err := stream.Send(envelope); err != nil {
			b.Fatal(err)
		}
	}
	for _, stream := range streams {
		if _, err := stream.Recv(); err != nil {
			b.Fatal(err)
		}
	}
}

// median returns how many microseconds an operation takes that is done n times.
func median(n int, operation func()) float64 {
	took := make([]float64, n)
	for i := range took {
		began := time.Now()
		operation()
		took[i] = time.Since(began).Seconds() * 1e6
	}
	return quantile(took, 0.5)
}
