package comm

// How cost grows: with the number of peers that a message goes to, with its size, and with the number of those who subscribe to it. What
// is reported is a cost in microseconds; the number that grows is the last part of a case's name.
//
// A case is measured as every other is, ours and the limit in turns. But what matters here is how the cases differ from each other, so
// all cases of a kind are there at once and each turn goes through all of them: a minute in which the machine is slow bends no curve.

import (
	"runtime"
	"strconv"
	"testing"
	"time"

	"gossipscope/proto"
)

const (
	growingMessages = 10_000   // that go one way before the other end of the pair has its turn
	growingBytes    = 32 << 20 // but no more than these
	growingRounds   = 400      // acknowledgements in a turn, those of all peers together
)

func BenchmarkGrowth(b *testing.B) {
	b.Run("peers", func(b *testing.B) {
		growing(b, doubling(128), acknowledgedBy)
	})
	b.Run("size", func(b *testing.B) {
		growing(b, []int{100, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}, func(b *testing.B, bytes int) *growthCase {
			return oneWay(b, min(growingMessages, growingBytes/bytes), bytes, 1)
		})
	})
	b.Run("subscribers", func(b *testing.B) {
		growing(b, doubling(64), func(b *testing.B, n int) *growthCase { return oneWay(b, growingMessages, 100, n) })
	})
}

// doubling returns 1, 2, 4 and so on, up to most.
func doubling(most int) (numbers []int) {
	for n := 1; n <= most; n *= 2 {
		numbers = append(numbers, n)
	}
	return numbers
}

// growthCase is ours and the limit of one case, and what was measured of them.
type growthCase struct {
	ours, limit      func() float64 // what one message costs, in microseconds
	us, them, ratios []float64
	besides          map[string]float64 // by unit; what does not differ from turn to turn
}

// growing measures a case for each number.
func growing(b *testing.B, numbers []int, prepare func(b *testing.B, n int) *growthCase) {
	cases := make([]*growthCase, len(numbers))
	for i, n := range numbers {
		cases[i] = prepare(b, n)
		cases[i].ours() // the first time pays for what is made only once
		cases[i].limit()
	}
	for range turns {
		for _, c := range cases {
			c.turn()
		}
	}
	for i, n := range numbers {
		b.Run(strconv.Itoa(n), cases[i].report)
	}
}

func (c *growthCase) turn() {
	runtime.GC() // what was before is paid for before
	us := c.ours()
	runtime.GC()
	them := c.limit()
	c.us, c.them, c.ratios = append(c.us, us), append(c.them, them), append(c.ratios, us/them)
}

func (c *growthCase) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	for unit, measured := range map[string][]float64{"us-ours": c.us, "us-limit": c.them, "ours/limit": c.ratios} {
		b.ReportMetric(quantile(measured, 0.5), unit)
		b.ReportMetric(quantile(measured, 0.25), unit+"-q1")
		b.ReportMetric(quantile(measured, 0.75), unit+"-q3")
	}
	for unit, value := range c.besides {
		b.ReportMetric(value, unit)
	}
}

// acknowledgedBy is a hub that sends to n peers and waits until all have acknowledged. All ends share the processors of one machine, so
// it is the work of the hub and of its peers together that grows, whatever a network could do of it at once.
//
// Beside it stands what a connection holds while nothing happens, both ends together, as in BenchmarkIdleConnection but for peers with
// real identities, which each end keeps.
func acknowledgedBy(b *testing.B, n int) *growthCase {
	w := onLoopback(b)
	hub, msg := w.unwatched("A"), signed(b, numbered(1, make([]byte, 100)))
	peers := several(n, func(name string) *RemotePeer { return w.acknowledging(name).remote() })
	servers := several(n, func(string) *bareServer { return w.bare(echo) })
	send := func(to ...*RemotePeer) {
		if result := hub.SendWithAck(msg, patience, len(to), to...); result.AckCount() != len(to) {
			b.Fatal(result)
		}
	}

	send(w.acknowledging("B0").remote()) // the first connection of a hub pays for what is made only once
	heapBefore, goroutinesBefore := atRest()
	for _, p := range peers {
		send(p) // one by one: more than a hundred handshakes at once take a slow machine longer than they may
	}
	heapAfter, goroutinesAfter := atRest()

	var streams []proto.Gossip_GossipStreamClient
	for _, s := range servers {
		streams = append(streams, s.opened())
	}
	rounds := max(growingRounds/n, 10)
	return &growthCase{
		ours:  func() float64 { return median(rounds, func() { send(peers...) }) },
		limit: func() float64 { return median(rounds, func() { pingPong(b, streams, msg.Envelope) }) },
		besides: map[string]float64{
			"B/connection":          (heapAfter - heapBefore) / float64(n),
			"goroutines/connection": float64(goroutinesAfter-goroutinesBefore) / float64(n),
		},
	}
}

// oneWay is messages that go one way and lose nothing, to one subscriber or to several who all want each of them. The limit has one
// reader, however many subscribe.
func oneWay(b *testing.B, messages, bytes, subscribers int) *growthCase {
	w, data := onLoopback(b), make([]byte, bytes)
	ours, limit := orderedMessages(w, messages, data, subscribers), bareMessages(w, messages, data)
	return &growthCase{ours: func() float64 { return 1e6 / ours() }, limit: func() float64 { return 1e6 / limit() }}
}

// orderedMessages is to the layer what bareMessages is to gRPC: n numbered messages over one connection each time that it is asked for
// them, which come in order to each subscriber. It returns how many were sent in a second.
func orderedMessages(w *world, n int, data []byte, subscribers int) func() float64 {
	sender, receiver := w.unwatched("A"), w.unwatched("B")
	asked := sender.Accept(everything)
	inboxes := several(subscribers, func(string) <-chan proto.ReceivedMessage { return receiver.Accept(everything) })
	receiver.Send(message(w.t, "a question"), sender.remote())
	question := receive(w.t, asked)
	return func() float64 {
		began := time.Now()
		var wrong []<-chan error
		for _, inbox := range inboxes {
			wrong = append(wrong, async(func() error { return inOrder(inbox, n) }))
		}
		for i := range n {
			question.Respond(numbered(i, data))
		}
		for _, result := range wrong {
			if err, _ := await(w.t, "the last message", result); err != nil {
				w.t.Fatal(err)
			}
		}
		return perSecond(n, began)
	}
}
