//go:build exercise

package crypto2

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// recorder is a Tracer that keeps the ConnEstablish that a peer has sent.
type recorder struct {
	mu    sync.Mutex
	hello *proto.Envelope
}

// Gate implements trace.Tracer.
func (*recorder) Gate(trace.Event) {}

// Report implements trace.Tracer.
func (r *recorder) Report(e trace.Event) {
	if e.Step == trace.AuthSent {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.hello = e.Envelope
	}
}

// sent returns a copy of what was recorded.
func (r *recorder) sent(s *stand.Stand) *proto.Envelope {
	s.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hello == nil {
		s.Fatal("no ConnEstablish was recorded")
	}
	return protobuf.Clone(r.hello).(*proto.Envelope)
}

// handshake is a recorded handshake between two real peers.
type handshake struct {
	*stand.Stand
	a, b             *stand.Instance // A has dialled B
	ofA, ofB         *proto.Envelope // what each has said
	clientA, serverB []byte          // the certificates that were shown in TLS, in DER
	another          tls.Certificate // somebody else's
}

// recorded runs a check on a recorded handshake.
func recorded(t *testing.T, check func(h *handshake)) {
	stand.Run(t, func(s *stand.Stand) {
		var traceA, traceB recorder
		b := s.Instance("B", comm.Config{Tracer: &traceB}, nil)
		a := s.Instance("A", comm.Config{Tracer: &traceA}, b.Dial)
		if _, err := a.Handshake(&comm.RemotePeer{Endpoint: "B:7051", PKIID: b.ID.PKIID()}); err != nil {
			s.Fatal(err)
		}
		synctest.Wait()
		another, err := msp.NewTLSCertificate("M", msp.TLSClient)
		if err != nil {
			s.Fatal(err)
		}
		check(&handshake{Stand: s, a: a, b: b, ofA: traceA.sent(s), ofB: traceB.sent(s), another: another,
			clientA: a.Certs.Client.Certificate[0], serverB: b.Certs.Server.Certificate[0]})
	})
}

// verdict checks what Bound says: whether it finds fault with the hash, and with the signature.
func (h *handshake) verdict(what string, envelope *proto.Envelope, certDER []byte, wrongHash, wrongSignature bool) {
	h.Helper()
	err := Bound(envelope, certDER)
	if errors.Is(err, ErrForm) {
		h.Errorf("%s: %v, but it is a ConnEstablish", what, err)
		return
	}
	if got := errors.Is(err, ErrHash); got != wrongHash {
		h.Errorf("%s: Bound says %v; that the hash is wrong should be %v", what, err, wrongHash)
	}
	if got := errors.Is(err, ErrSignature); got != wrongSignature {
		h.Errorf("%s: Bound says %v; that the signature is wrong should be %v", what, err, wrongSignature)
	}
	if !wrongHash && !wrongSignature && err != nil {
		h.Errorf("%s: Bound says %v, and nothing is wrong with it", what, err)
	}
}

// replay sends the envelope to B over a line on which this certificate is shown, and returns the words with which B refuses; "" if it
// answers.
func (h *handshake) replay(envelope *proto.Envelope, shown tls.Certificate) string {
	h.Helper()
	cc, err := grpc.NewClient("passthrough:///B:7051", grpc.WithContextDialer(h.b.Dial), grpc.WithNoProxy(),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{shown}, InsecureSkipVerify: true})))
	if err != nil {
		h.Fatal(err)
	}
	defer cc.Close()
	stream, err := proto.NewGossipClient(cc).GossipStream(context.Background())
	if err != nil {
		h.Fatal(err)
	}
	stream.Send(envelope) // if B has ended the stream by now, Recv says why
	if _, err = stream.Recv(); err != nil {
		return status.Convert(err).Message()
	}
	return ""
}

// tampered returns A's message with one thing changed, under A's old signature.
func (h *handshake) tampered(change func(*proto.ConnEstablish)) *proto.Envelope {
	h.Helper()
	msg, err := h.ofA.ToGossipMessage()
	if err != nil {
		h.Fatal(err)
	}
	change(msg.GetConn())
	payload, err := protobuf.Marshal(msg.GossipMessage)
	if err != nil {
		h.Fatal(err)
	}
	return &proto.Envelope{Payload: payload, Signature: h.ofA.Signature}
}

func TestARecordedHandshakeIsBoundToTheCertificatesThatWereShown(t *testing.T) {
	recorded(t, func(h *handshake) {
		h.verdict("A's message and the certificate that A showed", h.ofA, h.clientA, false, false)
		h.verdict("B's message and the certificate that B showed", h.ofB, h.serverB, false, false)
		h.verdict("A's message and the certificate that A shows when it accepts", h.ofA, h.a.Certs.Server.Certificate[0], true, false)
	})
}

func TestAReplayOverAnotherCertificateHasTheWrongHash(t *testing.T) {
	recorded(t, func(h *handshake) {
		h.verdict("A's message over the line of somebody else", h.ofA, h.another.Certificate[0], true, false)
		if words := h.replay(h.ofA, h.another); !strings.HasPrefix(words, comm.ErrCertHash.Error()) {
			h.Errorf("B says %q to that, want %q", words, comm.ErrCertHash)
		}
	})
}

func TestAHashThatWasMadeToFitHasTheWrongSignature(t *testing.T) {
	recorded(t, func(h *handshake) {
		own := h.another.Certificate[0]
		hash := sha256.Sum256(own)
		forged := h.tampered(func(establish *proto.ConnEstablish) { establish.TlsCertHash = hash[:] })
		h.verdict("A's message, with the hash of somebody else's certificate put in", forged, own, false, true)
		h.verdict("the same, and A's certificate", forged, h.clientA, true, true)
		if words := h.replay(forged, h.another); !strings.HasPrefix(words, comm.ErrSignature.Error()) {
			h.Errorf("B says %q to that, want %q", words, comm.ErrSignature)
		}
	})
}

func TestASignatureOfSomebodyElseIsWrong(t *testing.T) {
	recorded(t, func(h *handshake) {
		signature, err := h.b.ID.Sign(h.ofA.Payload)
		if err != nil {
			h.Fatal(err)
		}
		h.verdict("A's message, signed by B", &proto.Envelope{Payload: h.ofA.Payload, Signature: signature}, h.clientA, false, true)
		h.verdict("A's message, signed by nobody", &proto.Envelope{Payload: h.ofA.Payload}, h.clientA, false, true)
		nobody := h.tampered(func(establish *proto.ConnEstablish) { establish.Identity = []byte("nobody") })
		h.verdict("a message with an identity that cannot be read", nobody, h.clientA, false, true)
	})
}

// The same fields in another order are the same message in other bytes. Who signs them means them just so.
func TestTheSignatureCoversTheBytesAsTheyCame(t *testing.T) {
	recorded(t, func(h *handshake) {
		msg, err := h.ofA.ToGossipMessage()
		if err != nil {
			h.Fatal(err)
		}
		content, err := protobuf.Marshal(&proto.GossipMessage{Content: msg.Content})
		if err != nil {
			h.Fatal(err)
		}
		tag, err := protobuf.Marshal(&proto.GossipMessage{Tag: msg.Tag})
		if err != nil {
			h.Fatal(err)
		}
		payload := append(content, tag...)
		signature, err := h.a.ID.Sign(payload)
		if err != nil {
			h.Fatal(err)
		}
		unusual := &proto.Envelope{Payload: payload, Signature: signature}

		if words := h.replay(unusual, h.a.Certs.Client); words != "" {
			h.Fatalf("B refuses it: %s", words)
		}
		h.verdict("a message whose fields are in an unusual order, and which B accepts", unusual, h.clientA, false, false)
		h.verdict("the usual bytes, under the signature of the unusual ones", &proto.Envelope{Payload: h.ofA.Payload, Signature: signature},
			h.clientA, false, true)
	})
}

func TestWhatIsNoConnEstablishIsNotJudged(t *testing.T) {
	recorded(t, func(h *handshake) {
		hello := &proto.GossipMessage{Content: &proto.GossipMessage_Empty{Empty: &proto.Empty{}}}
		other, err := hello.NoopSign()
		if err != nil {
			h.Fatal(err)
		}
		for what, envelope := range map[string]*proto.Envelope{
			"another message": other.Envelope, "garbage": {Payload: []byte{1}}, "nothing": nil,
		} {
			if err := Bound(envelope, h.clientA); !errors.Is(err, ErrForm) {
				h.Errorf("%s: Bound says %v, want ErrForm", what, err)
			}
		}
	})
}
