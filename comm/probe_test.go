package comm

// Tests of the two calls that leave no connection behind: Probe, which asks whether anybody is there, and Handshake, which asks who, and
// waits for the other end's verdict on ourselves.

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"

	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestProbeAsksOnlyWhetherSomebodyIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		stranger := w.peer("B", withForeignIdentity(t))
		if err := a.Probe(stranger.remote()); err != nil {
			t.Error(err)
		}
		if streams := stranger.tr.all(is(trace.StreamArrived)); len(streams) != 0 {
			t.Error("the probe opened a stream")
		}
	})
}

// withForeignIdentity makes a peer of an organization that nobody else knows.
func withForeignIdentity(t testing.TB) func(*setup) {
	org := newOrg(t, "Org7")
	return func(s *setup) {
		s.id = issue(t, org, "stranger")
		s.roots = []msp.Root{org.Root()}
	}
}

func TestProbeOfNobodyFailsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		start := time.Now()
		err := a.Probe(&RemotePeer{Endpoint: "nobody:7051"})
		if err == nil || errors.Is(err, ErrDialTimeout) {
			t.Errorf("got %v, want an error that is no timeout", err)
		}
		mustTakeNoTime(t, start)
	})
}

// unanswering is a server that takes a Ping and does not answer it.
type unanswering struct {
	proto.UnimplementedGossipServer
}

func (unanswering) Ping(ctx context.Context, _ *proto.Empty) (*proto.Empty, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestProbeOfAPeerThatDoesNotAnswerThePingEndsAfterTheDialTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A", configured(func(c *Config) { c.DialTimeout = 1300 * time.Millisecond }))
		certs := []tls.Certificate{newCerts(t, "B").Server}
		server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: certs})))
		proto.RegisterGossipServer(server, unanswering{})
		lsnr := w.listen("B")
		served := async(func() error { return server.Serve(lsnr) })
		start := time.Now()
		mustBe(t, a.Probe(&RemotePeer{Endpoint: lsnr.Addr().String()}), ErrDialTimeout)
		if elapsed := time.Since(start); elapsed != 1300*time.Millisecond {
			t.Errorf("gave up after %v, want exactly the dial timeout", elapsed)
		}
		if shaken := a.tr.wait(is(trace.TLSHandshaken)); shaken.Err != nil {
			t.Errorf("it did not come as far as the Ping: %v", shaken.Err)
		}
		server.Stop()
		await(t, "the server to end", served)
	})
}

func TestHandshakeStoresNothingAtEitherEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Fatal(err)
		}
		b.tr.wait(is(trace.AuthProbe))
		b.tr.wait(is(trace.ConnClose))
		for _, p := range []*testPeer{a, b} {
			p.mustStore(0)
			if stored := p.tr.all(is(trace.StoreStored)); len(stored) != 0 {
				t.Errorf("%s stored a connection", p.name)
			}
		}
	})
}

func TestHandshakeLeavesTheConnectionThatIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		a.Send(message(t, "before"), b.remote())
		receive(t, inbox)

		if _, err := a.Handshake(b.remote()); err != nil {
			t.Fatal(err)
		}
		a.Send(message(t, "after"), b.remote())

		if got := textOf(receive(t, inbox).GetGossipMessage().GossipMessage); got != "after" {
			t.Errorf("got %q", got)
		}
		if stored := b.tr.all(is(trace.StoreStored)); len(stored) != 1 {
			t.Errorf("B stored %d connections, want the first only", len(stored))
		}
	})
}

// Contract S18: Fabric's acceptor has answered before it refuses.
func TestHandshakeHearsARefusalThatComesAfterTheAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B").acceptor(likeFabricRefusing("The signature is invalid"))
		a := w.peer("A")

		start := time.Now()
		_, err := a.Handshake(b.remote())

		if words := mustBeRefusal(t, err, codes.Unknown, ErrRefused); words != "The signature is invalid" {
			t.Errorf("the refuser's words became %q", words)
		}
		mustTakeNoTime(t, start)
		mustBe(t, a.tr.wait(is(trace.AuthVerdict)).Err, ErrRefused)
	})
}

// A Fabric acceptor that has waited in vain for our ConnEstablish refuses in the words of our own timeout. That is a refusal.
func TestRefusalInTheWordsOfATimeoutIsARefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b := w.wirePeer("B").acceptor(likeFabricRefusing("timed out waiting for connection message from A"))
		_, err := a.Handshake(b.remote())
		mustBe(t, err, ErrRefused)
	})
}

func TestAcceptorThatEndsTheProbeHasAccepted(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B").acceptor(likeFabric)
		a := w.peer("A")
		start := time.Now()
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Error(err)
		}
		mustTakeNoTime(t, start)
	})
}

func TestAcceptorThatKnowsNoProbeHasAcceptedWhenItStaysSilent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B").acceptor(likeFabricBeforeProbes)
		a := w.peer("A", configured(func(c *Config) { c.ConnTimeout = 1700 * time.Millisecond }))
		start := time.Now()
		got, err := a.Handshake(b.remote())
		if err != nil {
			t.Error(err)
		}
		if string(got) != string(b.id.Serialize()) {
			t.Errorf("got the identity %q", got)
		}
		if elapsed := time.Since(start); elapsed != 1700*time.Millisecond {
			t.Errorf("waited %v for the verdict, want the connection timeout", elapsed)
		}
	})
}

func TestAcceptorThatSendsAMessageHasAccepted(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B").acceptor(func(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			return a.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
				return false, stream.Send(message(t, "an alive message, say").Envelope)
			})
		})
		a := w.peer("A")
		start := time.Now()
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Error(err)
		}
		mustTakeNoTime(t, start)
	})
}

func TestTransportThatBreaksBeforeTheVerdictIsAnError(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B").acceptor(likeFabricBeforeProbes)
		a := w.peer("A")
		waiting := a.tr.hold(is(trace.AuthAwait))
		result := async(func() error { _, err := a.Handshake(b.remote()); return err })
		waiting.reached()
		b.server.Stop()
		waiting.release()
		if err, _ := await(t, "Handshake", result); err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("got %v, want an error that is no refusal", err)
		}
	})
}
