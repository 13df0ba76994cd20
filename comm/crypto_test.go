package comm

// crypto_test.go looks at the seam between TLS and the handshake: what is hashed, and of whom.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestHashOfNoCertificateIsNothing(t *testing.T) {
	for name, got := range map[string][]byte{
		"nil":                 certHashFromRawCert(nil),
		"empty":               certHashFromRawCert([]byte{}),
		"a pair without any":  certHashFromPair(tls.Certificate{}),
		"a pair with nothing": certHashFromPair(tls.Certificate{Certificate: [][]byte{nil}}),
	} {
		if got != nil {
			t.Errorf("%s: got %x, which a peer could claim", name, got)
		}
	}
}

func TestHashOfACertificateIsSHA256OfItsDER(t *testing.T) {
	der := []byte("a certificate")
	want := sha256.Sum256(der)
	if got := certHashFromRawCert(der); !bytes.Equal(got, want[:]) {
		t.Errorf("got %x, want %x", got, want)
	}
	if got := certHashFromPair(tls.Certificate{Certificate: [][]byte{der, []byte("its issuer")}}); !bytes.Equal(got, want[:]) {
		t.Errorf("of a chain: got %x, want that of the leaf, %x", got, want)
	}
}

func TestCertificateOfTheOtherEndIsItsLeaf(t *testing.T) {
	leaf, issuer := &x509.Certificate{Raw: []byte("leaf")}, &x509.Certificate{Raw: []byte("issuer")}
	want := sha256.Sum256(leaf.Raw)
	for _, c := range []struct {
		name string
		ctx  context.Context
		want []byte
	}{
		{"no transport", t.Context(), nil},
		{"a transport without security", contextOf(t, nil), nil},
		{"plaintext", contextOf(t, plaintextInfo()), nil},
		{"TLS without a certificate", contextOf(t, credentials.TLSInfo{}), nil},
		{"TLS with a certificate", contextOf(t, credentials.TLSInfo{
			State: tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf, issuer}},
		}), want[:]},
	} {
		if got := extractCertificateHashFromContext(c.ctx); !bytes.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: got %x, want %x", c.name, got, c.want)
		}
	}
}

// contextOf returns the context of a stream over a transport that gRPC knows this of.
func contextOf(t testing.TB, info credentials.AuthInfo) context.Context {
	return peer.NewContext(t.Context(), &peer.Peer{AuthInfo: info})
}

func plaintextInfo() credentials.AuthInfo {
	_, info, _ := insecure.NewCredentials().ClientHandshake(context.Background(), "", nil)
	return info
}

// Fabric v1.4 speaks TLS 1.2 and nothing newer.
func TestPeerThatSpeaksOnlyTLS12ShakesHandsInBothRoles(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		old := w.wirePeer("A")
		conf := &tls.Config{Certificates: []tls.Certificate{old.certs.Client}, MaxVersion: tls.VersionTLS12}
		old.dialTLS(b.endpoint, conf).open(old.clientHello()).read()
		mustHaveSpoken(t, b, trace.Acceptor, "TLS 1.2")

		server := w.wirePeer("C").acceptorSpeaking(tls.VersionTLS12, likeFabric)
		if _, err := b.Handshake(server.remote()); err != nil {
			t.Error(err)
		}
		mustHaveSpoken(t, b, trace.Initiator, "TLS 1.2")
	})
}

func TestTwoInstancesSpeakTLS13(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Fatal(err)
		}
		mustHaveSpoken(t, a, trace.Initiator, "TLS 1.3")
		mustHaveSpoken(t, b, trace.Acceptor, "TLS 1.3")
	})
}

func TestTLSOlderThanFabricsIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		old := w.wirePeer("A")
		conf := &tls.Config{Certificates: []tls.Certificate{old.certs.Client}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		if _, err := old.dialTLS(b.endpoint, conf).Ping(t.Context(), &proto.Empty{}); err == nil {
			t.Error("TLS 1.1 was accepted")
		}
		if e := b.tr.wait(is(trace.TLSHandshaken)); e.Err == nil {
			t.Error("the failure of TLS was not reported")
		}
	})
}

// gRPC clones credentials for balancers that are not used here. If one is some day, its handshakes must be seen, and waited for by Stop.
func TestCloneOfTheCredentialsIsObservedAndCountedToo(t *testing.T) {
	tr := newTracer(t)
	source := trace.NewSource(tr, trace.Object{Kind: trace.Instance, ID: 1})
	entered, left := 0, 0
	client := clientTLS(newCerts(t, "A"), source, func() error { entered++; return nil }, func() { left++ }).Clone()
	server := serverTLS(t.Context(), newCerts(t, "B"), source).Clone()
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	served := async(func() error { _, _, err := server.ServerHandshake(there); return err })
	if _, _, err := client.ClientHandshake(t.Context(), "B", here); err != nil {
		t.Fatal(err)
	}
	if err, _ := await(t, "the handshake of the server", served); err != nil {
		t.Fatal(err)
	}
	if entered != 1 || left != 1 {
		t.Errorf("the client's handshake was counted %d times and taken off %d times, want once each", entered, left)
	}
	for _, role := range []trace.Role{trace.Initiator, trace.Acceptor} {
		ofRole := func(e trace.Event) bool { return strings.HasPrefix(e.Detail, string(role)) }
		if told := tr.all(is(trace.TLSHandshaken, ofRole)); len(told) != 1 {
			t.Errorf("the handshake of the %s was told %d times, want once", role, len(told))
		}
	}
}

// mustHaveSpoken fails the test unless the first TLS handshake of a peer in this role agreed on this version.
func mustHaveSpoken(t testing.TB, p *testPeer, role trace.Role, version string) {
	t.Helper()
	want := string(role) + " " + version
	e := p.tr.wait(is(trace.TLSHandshaken, func(e trace.Event) bool { return e.Detail == want }))
	if e.Err != nil || e.Local == "" || e.Remote == "" {
		t.Errorf("got the report %+v", e)
	}
}
