package comm

// Tests of what TLS is for, and of what is left without it (contract S17).

import (
	"strings"
	"testing"

	"google.golang.org/grpc/status"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestInitiatorThatNeedsTLSSaysNothingOverPlaintext(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B")
		b.certs = nil
		endpoint := b.acceptor(likeFabric).endpoint
		a := w.peer("A", dialling(withoutTLS()))

		_, err := a.Handshake(&RemotePeer{Endpoint: endpoint})

		mustBe(t, err, ErrNoTLSCertificate)
		if said := a.tr.all(is(trace.AuthSend)); len(said) != 0 {
			t.Error("the initiator sent its ConnEstablish, which whoever listens could replay")
		}
	})
}

// Contract S17: with TLS a recorded ConnEstablish is worth nothing to whoever does not have the TLS key as well.
func TestRecordedHandshakeIsRefusedOverTLS(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		recorded := record(t, a, b)
		err := w.wirePeer("thief").dial(b.endpoint).open(recorded).end()
		if got := status.Convert(err).Message(); !strings.HasPrefix(got, ErrCertHash.Error()) {
			t.Errorf("the replay ended with %q, want the check of the hash to refuse it", got)
		}
	})
}

// The reason why plaintext needs an option that is called insecure: nothing in a ConnEstablish is fresh, so nothing but TLS binds it to
// whoever sends it.
func TestRecordedHandshakeIsAPasswordWithoutTLS(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A", inPlaintext), w.peer("B", inPlaintext)
		recorded := record(t, a, b)
		thief := w.wirePeer("thief")
		thief.certs = nil

		s := thief.dial(b.endpoint).open(recorded)
		s.read()
		b.Send(message(t, "for A only"), a.remote())

		if got := textOf(s.read()); got != "for A only" {
			t.Errorf("the thief read %q", got)
		}
	})
}

// record returns the ConnEstablish with which one peer introduced itself to another.
func record(t testing.TB, from, to *testPeer) *proto.Envelope {
	t.Helper()
	from.Send(message(t, "hello"), to.remote())
	to.tr.wait(is(trace.ConnServe)) // so that whoever comes later is the newer one
	return to.tr.wait(is(trace.AuthReceived)).Envelope
}

func TestHandshakeWorksInPlaintextIfAskedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A", inPlaintext), w.peer("B", inPlaintext)
		got, err := a.Handshake(b.remote())
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(b.id.Serialize()) {
			t.Errorf("got the identity %q", got)
		}
		if sent := decode(t, a.tr.wait(is(trace.AuthSent)).Envelope).GetConn(); sent.TlsCertHash != nil {
			t.Errorf("bound to the certificate %x, where there is none", sent.TlsCertHash)
		}
	})
}

func TestSignatureIsCheckedInPlaintextToo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", inPlaintext)
		a := w.wirePeer("A")
		a.certs = nil
		hello := a.clientHello()
		hello.Signature = nil
		err := a.dial(b.endpoint).open(hello).end()
		if got := status.Convert(err).Message(); !strings.HasPrefix(got, ErrSignature.Error()) {
			t.Errorf("ended with %q", got)
		}
	})
}
