package comm

// bench_test.go is what the benchmarks of this package share. Each measures the layer against a limit: what gRPC alone, over the same
// TLS and the same loopback TCP, needs for the same work. A figure without one says more about the machine than about the layer.
//
// The two are measured in turns within one run, because a machine that others use as well changes from one second to the next: what it
// does falls on both, and the ratio of a pair is worth more than either of its numbers. What is reported is the median of these ratios,
// and its quartiles, which say how far to trust it. "make bench" holds the figures against the goals.

import (
	"crypto/tls"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/proto"
)

// turns is how many pairs a benchmark measures: odd, so that the median is one of them.
const turns = 15

// inTurns measures ours and the limit in turns, and reports both, in a unit, and their ratio. What it is given does the work once and
// returns the figure.
func inTurns(b *testing.B, unit string, ours, limit func() float64) {
	b.Helper()
	// The first time pays for what is made only once: buffers, windows that grow, pages that were never touched.
	ours()
	limit()
	var us, them, ratios []float64
	for b.Loop() {
		for range turns {
			runtime.GC() // what was before is paid for before
			u := ours()
			runtime.GC()
			l := limit()
			if testing.Verbose() {
				b.Logf("ours %.5g, limit %.5g %s, ratio %.3f", u, l, unit, u/l)
			}
			us, them, ratios = append(us, u), append(them, l), append(ratios, u/l)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(us, 0.5), unit+"-ours")
	b.ReportMetric(quantile(them, 0.5), unit+"-limit")
	b.ReportMetric(quantile(ratios, 0.5), "ours/limit")
	b.ReportMetric(quantile(ratios, 0.25), "ours/limit-q1")
	b.ReportMetric(quantile(ratios, 0.75), "ours/limit-q3")
}

// quantile returns the value below which the share q of the list lies; no value in between is made up.
func quantile(list []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// perSecond returns how many there were in each second since then.
func perSecond(n int, since time.Time) float64 {
	return float64(n) / time.Since(since).Seconds()
}

// unwatched makes a peer as peer does, but without the tracer: that one remembers every step, and would be most of what is measured.
func (w *world) unwatched(name string, options ...func(*setup)) *testPeer {
	w.t.Helper()
	return w.peer(name, append(options, func(s *setup) { s.blind = true })...)
}

// numbered makes a message of its own for each number, as a sender does. The number travels as the nonce, which the layer leaves alone
// in what it sends without waiting for an acknowledgement.
func numbered(number int, data []byte) *proto.GossipMessage {
	return &proto.GossipMessage{
		Nonce:   uint64(number),
		Tag:     proto.GossipMessage_CHAN_AND_ORG,
		Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: data}}},
	}
}

// bareServer is a gRPC server with nothing of the layer in it: the other end of a limit. It shows and asks for certificates as ours does.
type bareServer struct {
	proto.UnimplementedGossipServer
	w        *world
	endpoint string
	client   credentials.TransportCredentials
	serve    func(proto.Gossip_GossipStreamServer) error
}

// GossipStream implements the gRPC service.
func (s *bareServer) GossipStream(stream proto.Gossip_GossipStreamServer) error {
	return s.serve(stream)
}

// bare makes a server that serves each of its streams with a function. It is stopped when the benchmark ends.
func (w *world) bare(serve func(proto.Gossip_GossipStreamServer) error) *bareServer {
	w.t.Helper()
	certs := newCerts(w.t, "bare")
	lsnr := w.listen("bare")
	s := &bareServer{w: w, endpoint: lsnr.Addr().String(), serve: serve, client: credentials.NewTLS(&tls.Config{
		Certificates:       []tls.Certificate{certs.Client},
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS12,
	})}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{certs.Server},
		ClientAuth:   tls.RequestClientCert,
		MinVersion:   tls.VersionTLS12,
	})))
	proto.RegisterGossipServer(server, s)
	served := async(func() error { return server.Serve(lsnr) })
	w.t.Cleanup(func() {
		server.Stop()
		<-served
	})
	return s
}

// open dials the server and opens a stream, as nobody but gRPC asks for it. The function that it returns ends both.
func (s *bareServer) open() (stream proto.Gossip_GossipStreamClient, end func()) {
	s.w.t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+s.endpoint, grpc.WithTransportCredentials(s.client), grpc.WithNoProxy(), s.w.dialOption("bare"))
	if err != nil {
		s.w.t.Fatal(err)
	}
	stream, err = proto.NewGossipClient(cc).GossipStream(s.w.t.Context())
	if err != nil {
		s.w.t.Fatal(err)
	}
	return stream, func() { cc.Close() }
}

// opened is open for the length of a benchmark.
func (s *bareServer) opened() proto.Gossip_GossipStreamClient {
	s.w.t.Helper()
	stream, end := s.open()
	s.w.t.Cleanup(end)
	return stream
}

// echo serves a stream by sending back what came.
func echo(stream proto.Gossip_GossipStreamServer) error {
	for {
		envelope, err := stream.Recv()
		if err != nil {
			return nil
		}
		if err := stream.Send(envelope); err != nil {
			return nil
		}
	}
}

// bareMessages is the limit of all that goes one way: a stream over which n numbered messages come each time that it is asked for them,
// each encoded into an envelope by the one end and decoded from it by the other. It returns how many came in a second.
func bareMessages(w *world, n int, data []byte) func() float64 {
	stream := w.bare(func(stream proto.Gossip_GossipStreamServer) error {
		for {
			if _, err := stream.Recv(); err != nil {
				return nil
			}
			for i := range n {
				payload, err := protobuf.Marshal(numbered(i, data))
				if err != nil {
					return err
				}
				if err := stream.Send(&proto.Envelope{Payload: payload}); err != nil {
					return err
				}
			}
		}
	}).opened()
	return func() float64 {
		began := time.Now()
		if err := stream.Send(&proto.Envelope{}); err != nil {
			w.t.Fatal(err)
		}
		for i := range n {
			envelope, err := stream.Recv()
			if err != nil {
				w.t.Fatal(err)
			}
			msg := &proto.GossipMessage{}
			if err := protobuf.Unmarshal(envelope.Payload, msg); err != nil {
				w.t.Fatal(err)
			}
			if msg.Nonce != uint64(i) {
				w.t.Fatalf("message %d came where %d was expected", msg.Nonce, i)
			}
		}
		return perSecond(n, began)
	}
}

// sizes are those of the data in a message.
var sizes = []struct {
	name  string
	bytes int
}{{"100B", 100}, {"4KiB", 4 << 10}}

// several makes peers or servers that are alike.
func several[T any](n int, one func(name string) T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = one(fmt.Sprintf("B%d", i+1))
	}
	return list
}
