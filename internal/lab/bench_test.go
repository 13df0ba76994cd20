package lab

import (
	"net"
	"runtime"
	"testing"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/internal/measure"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// What it costs two peers that every step of theirs is recorded: a stream of messages that loses nothing, once between peers that a lab
// records and once between two that nobody watches, in turns, so that whatever else the machine does falls on both. They meet over plain
// TCP and not over the lab's links, which would cost both the same and hide a part of the difference.

const (
	tracedPairs    = 15
	tracedMessages = 5_000
	tracedBytes    = 4 << 10

	// tracedEvents is how many events are kept: as many as the explorer keeps.
	tracedEvents = 1 << 17
)

func BenchmarkRecording(b *testing.B) {
	lb, err := New(Config{Recorder: timeline.NewRecorder(tracedEvents)})
	if err != nil {
		b.Fatal(err)
	}
	defer lb.Close()
	record := func(name string) trace.Tracer { return &tracer{lab: lb, peer: name, gone: make(chan struct{})} }
	on := newConversation(b, record("A"), record("B"))
	off := newConversation(b, nil, nil)
	off.messagesPerSecond(b)
	for lb.Recorder().Forgotten() == 0 {
		on.messagesPerSecond(b) // in a long session the recorder forgets one event for each that comes, and that takes time
	}

	var recorded, unwatched, ratios []float64
	for b.Loop() {
		for range tracedPairs {
			r, u := on.messagesPerSecond(b), off.messagesPerSecond(b)
			if testing.Verbose() {
				b.Logf("recorded %.5g, unwatched %.5g messages a second, ratio %.3f", r, u, r/u)
			}
			recorded, unwatched, ratios = append(recorded, r), append(unwatched, u), append(ratios, r/u)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(measure.Quantile(recorded, 0.5), "msg/s-ours")
	b.ReportMetric(measure.Quantile(unwatched, 0.5), "msg/s-limit")
	b.ReportMetric(measure.Quantile(ratios, 0.5), "ours/limit")
	b.ReportMetric(measure.Quantile(ratios, 0.25), "ours/limit-q1")
	b.ReportMetric(measure.Quantile(ratios, 0.75), "ours/limit-q3")
}

// conversation is two peers of which one has asked, and the other answers as often as it likes.
type conversation struct {
	question proto.ReceivedMessage
	answers  <-chan proto.ReceivedMessage
}

func newConversation(b *testing.B, tracerA, tracerB trace.Tracer) *conversation {
	b.Helper()
	everything := func(any) bool { return true }
	answerer, endpoint := plainPeer(b, "A", tracerA)
	asker, _ := plainPeer(b, "B", tracerB)
	asked, answers := answerer.Accept(everything), asker.Accept(everything)
	signed, err := dataMessage("a question").NoopSign()
	if err != nil {
		b.Fatal(err)
	}
	asker.Send(signed, &comm.RemotePeer{Endpoint: endpoint, PKIID: answerer.GetPKIid()})
	select {
	case question := <-asked:
		return &conversation{question: question, answers: answers}
	case <-time.After(time.Minute):
		b.Fatal("nobody was asked")
		return nil
	}
}

// plainPeer makes an instance of the layer with one of the fixed identities, and without a lab.
func plainPeer(b *testing.B, name string, tracer trace.Tracer) (c comm.Comm, endpoint string) {
	b.Helper()
	id, err := FixedIdentity(name)
	if err != nil {
		b.Fatal(err)
	}
	crypto, err := msp.New(id, Roots()...)
	if err != nil {
		b.Fatal(err)
	}
	mapper, err := identity.NewIdentityMapper(crypto, id.Serialize(), nil, identity.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(mapper.Stop)
	certs, err := msp.NewTLSCertificates(name)
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	c, err = comm.NewCommInstanceWithServer(listener, certs, mapper, id.Serialize(), comm.Config{Tracer: tracer})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Stop)
	return c, listener.Addr().String()
}

// messagesPerSecond has the question answered many times, and waits until all answers have come.
func (c *conversation) messagesPerSecond(b *testing.B) float64 {
	b.Helper()
	runtime.GC() // what was before is paid for before
	content := string(make([]byte, tracedBytes))
	arrived := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(arrived)
		for range tracedMessages {
			<-c.answers
		}
	}()
	for range tracedMessages {
		c.question.Respond(dataMessage(content))
	}
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		b.Fatal("not every message has arrived")
	}
	return tracedMessages / time.Since(began).Seconds()
}
