//go:build !race

package comm

// How often the layer itself may allocate on the way of a message, without gRPC. Times can only be measured ("make bench"); allocations
// can be counted, so a test holds them. A budget is what was counted when it was written: whoever goes beyond it should know why.
//
// The race detector allocates as well, so these tests are left out of its runs.

import (
	"context"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"

	"gossipscope/proto"
)

// linked is one end of a stream without a network: what one end sends, the other receives, as the same envelope.
type linked struct {
	grpc.ClientStream // nil: nobody asks it for more than what is below
	in                <-chan *proto.Envelope
	out               chan<- *proto.Envelope
	ctx               context.Context
}

func (s *linked) Context() context.Context { return s.ctx }

func (s *linked) Send(envelope *proto.Envelope) error {
	select {
	case s.out <- envelope:
		return nil
	case <-s.ctx.Done():
		return io.EOF
	}
}

func (s *linked) Recv() (*proto.Envelope, error) {
	select {
	case envelope := <-s.in:
		return envelope, nil
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
}

// serve gives a peer a connection to another one over such a stream, and begins its service.
func (p *testPeer) serve(other *testPeer, stream *linked) {
	p.t.Helper()
	conn := p.newOutbound(other.endpoint, other.GetPKIid())
	stream.ctx = conn.ctx
	conn.clientStream, conn.pkiID, conn.info = stream, other.GetPKIid(), &proto.ConnectionInfo{ID: other.GetPKIid()}
	if err := p.connStore.onConnected(conn); err != nil {
		p.t.Fatal(err)
	}
	p.stopWG.Go(func() { conn.serviceConnection() })
}

// within fails the test if an operation allocates more often than it may, on all goroutines together.
func within(t *testing.T, budget float64, operation func()) {
	t.Helper()
	got := testing.AllocsPerRun(1000, operation)
	t.Logf("%v allocations, the budget is %v", got, budget)
	if got > budget {
		t.Errorf("%v allocations, the budget is %v", got, budget)
	}
}

// The key that the store looks up; the entry in the queue; and the timer of the write, the function that it would call, and the one that
// stops it.
func TestBudgetFromSendToTheStream(t *testing.T) {
	a, b := newWorld(t, newPipes()).idlePair()
	written := make(chan *proto.Envelope)
	a.serve(b, &linked{out: written})
	msg, remote := message(t, "hello"), b.remote()
	within(t, 5, func() {
		a.Send(msg, remote)
		<-written
	})
}

// The message and what it contains, by protobuf; what holds it together with its envelope; and what the subscriber gets.
func TestBudgetFromTheStreamToASubscriber(t *testing.T) {
	a, b := newWorld(t, newPipes()).idlePair()
	arriving := make(chan *proto.Envelope)
	b.serve(a, &linked{in: arriving})
	inbox, envelope := b.Accept(everything), message(t, "hello").Envelope
	within(t, 7, func() {
		arriving <- envelope
		<-inbox
	})
}

// Both ways, and what the sender needs to wait for the acknowledgement. It takes 71 or 72, by who has to wait for whom, so a few more are
// let pass.
func TestBudgetOfAnAcknowledgedMessage(t *testing.T) {
	a, b := newWorld(t, newPipes()).idlePair()
	there, back := make(chan *proto.Envelope), make(chan *proto.Envelope)
	a.serve(b, &linked{in: back, out: there})
	b.serve(a, &linked{in: there, out: back})
	inbox, msg, remote := b.Accept(everything), message(t, "hello"), b.remote()
	go func() {
		for msg := range inbox {
			msg.Ack(nil)
		}
	}()
	within(t, 75, func() {
		if result := a.SendWithAck(msg, time.Hour, 1, remote); result.AckCount() != 1 {
			t.Fatal(result)
		}
	})
}

// idlePair makes two peers that nobody watches, and that are not connected.
func (w *world) idlePair() (a, b *testPeer) {
	w.t.Helper()
	return w.unwatched("A"), w.unwatched("B")
}
