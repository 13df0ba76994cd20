package comm

// handshake_test.go holds the handshake to its contract: each check refuses what it is there to refuse, in both roles; both ends learn
// why, at once; the acceptor answers only when it has decided; and an acceptor that decides later, as Fabric's does, is understood.

import (
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// flaw is a first message that must be refused, and how.
type flaw struct {
	name  string
	hello func(p *wirePeer, cert *tls.Certificate) *proto.Envelope
	step  trace.Step // the check that refuses it
	why   error      // what both ends must be able to tell
	deep  error      // what the refuser can tell besides; nil if nothing
}

// flaws has every way in which a ConnEstablish can be wrong, in the order of the checks.
var flaws = []flaw{
	{name: "undecodable", step: trace.AuthDecode, why: ErrMalformed,
		hello: func(p *wirePeer, _ *tls.Certificate) *proto.Envelope {
			return &proto.Envelope{Payload: []byte{0xff, 0xff}, Signature: []byte("x")}
		}},
	{name: "an empty envelope", step: trace.AuthType, why: ErrWrongType,
		hello: func(*wirePeer, *tls.Certificate) *proto.Envelope { return &proto.Envelope{} }},
	{name: "a message without content", step: trace.AuthType, why: ErrWrongType,
		hello: func(p *wirePeer, cert *tls.Certificate) *proto.Envelope {
			return p.hello(cert, func(msg *proto.GossipMessage) { msg.Content = nil })
		}},
	{name: "data before the handshake", step: trace.AuthType, why: ErrWrongType,
		hello: func(p *wirePeer, _ *tls.Certificate) *proto.Envelope { return message(p.w.t, "too early").Envelope }},
	{name: "no PKI-ID", step: trace.AuthPKIID, why: ErrNoPKIID,
		hello: changed(func(establish *proto.ConnEstablish) { establish.PkiId = nil })},
	{name: "the PKI-ID of somebody else", step: trace.AuthIdentity, why: ErrIdentity, deep: identity.ErrPKIIDMismatch,
		hello: changed(func(establish *proto.ConnEstablish) { establish.PkiId = []byte("the PKI-ID of somebody else") })},
	{name: "no identity", step: trace.AuthIdentity, why: ErrIdentity,
		hello: changed(func(establish *proto.ConnEstablish) { establish.Identity = nil })},
	{name: "an identity of a foreign authority that bears the same name", step: trace.AuthIdentity, why: ErrIdentity,
		deep: msp.ErrForeignAuthority, hello: signedBy(func(p *wirePeer) *msp.SigningIdentity {
			return issue(p.w.t, newOrg(p.w.t, "Org1"), p.name)
		})},
	{name: "an identity of an unknown organization", step: trace.AuthIdentity, why: ErrIdentity, deep: msp.ErrUnknownOrganization,
		hello: signedBy(func(p *wirePeer) *msp.SigningIdentity { return issue(p.w.t, newOrg(p.w.t, "Org9"), p.name) })},
	{name: "an identity that has expired", step: trace.AuthIdentity, why: ErrIdentity, deep: identity.ErrExpired,
		hello: signedBy(func(p *wirePeer) *msp.SigningIdentity {
			return issue(p.w.t, p.w.org, p.name, msp.WithValidity(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)))
		})},
	{name: "the hash of another certificate", step: trace.AuthCertHash, why: ErrCertHash,
		hello: changed(func(establish *proto.ConnEstablish) { establish.TlsCertHash = certHashFromRawCert([]byte("another")) })},
	{name: "no hash", step: trace.AuthCertHash, why: ErrCertHash,
		hello: changed(func(establish *proto.ConnEstablish) { establish.TlsCertHash = nil })},
	{name: "the signature of another key", step: trace.AuthSignature, why: ErrSignature, deep: msp.ErrInvalidSignature,
		hello: resigned(func(p *wirePeer, payload, _ []byte) []byte {
			signature, err := issue(p.w.t, p.w.org, "somebody").Sign(payload)
			if err != nil {
				p.w.t.Fatal(err)
			}
			return signature
		})},
	{name: "no signature", step: trace.AuthSignature, why: ErrSignature,
		hello: resigned(func(*wirePeer, []byte, []byte) []byte { return nil })},
	{name: "a signature with a high S", step: trace.AuthSignature, why: ErrSignature, deep: msp.ErrHighS,
		hello: resigned(func(p *wirePeer, _, signature []byte) []byte { return highS(p.w.t, signature) })},
}

// changed makes a ConnEstablish that is wrong in one field, and properly signed.
func changed(change func(*proto.ConnEstablish)) func(*wirePeer, *tls.Certificate) *proto.Envelope {
	return func(p *wirePeer, cert *tls.Certificate) *proto.Envelope {
		return p.hello(cert, func(msg *proto.GossipMessage) { change(msg.GetConn()) })
	}
}

// signedBy makes a ConnEstablish that is right in itself, of another identity.
func signedBy(id func(*wirePeer) *msp.SigningIdentity) func(*wirePeer, *tls.Certificate) *proto.Envelope {
	return func(p *wirePeer, cert *tls.Certificate) *proto.Envelope {
		return (&wirePeer{w: p.w, name: p.name, id: id(p), certs: p.certs}).hello(cert)
	}
}

// resigned makes a ConnEstablish in which only the signature is wrong.
func resigned(sign func(p *wirePeer, payload, signature []byte) []byte) func(*wirePeer, *tls.Certificate) *proto.Envelope {
	return func(p *wirePeer, cert *tls.Certificate) *proto.Envelope {
		envelope := p.hello(cert)
		envelope.Signature = sign(p, envelope.Payload, envelope.Signature)
		return envelope
	}
}

// highS returns the other signature that is valid for the same message and key.
func highS(t testing.TB, signature []byte) []byte {
	t.Helper()
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &rs); err != nil {
		t.Fatal(err)
	}
	rs.S.Sub(elliptic.P256().Params().N, rs.S)
	signature, err := asn1.Marshal(rs)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// saying makes a peer dial with this ConnEstablish in place of its own.
func saying(hello *proto.Envelope) func(*setup) {
	return dialling(grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string,
		streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		s, err := streamer(ctx, desc, cc, method, opts...)
		return &substitution{ClientStream: s, hello: hello}, err
	}))
}

// substitution is a stream whose first message is another than the layer believes.
type substitution struct {
	grpc.ClientStream
	hello *proto.Envelope
	sent  atomic.Bool
}

func (s *substitution) SendMsg(m any) error {
	if s.sent.CompareAndSwap(false, true) {
		return s.ClientStream.SendMsg(s.hello)
	}
	return s.ClientStream.SendMsg(m)
}

// mustBe fails the test unless err matches want.
func mustBe(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got the error %v, want %v", err, want)
	}
}

// mustBeRefusal fails the test unless err is a refusal with this code for this reason, and returns the words of it.
func mustBeRefusal(t testing.TB, err error, code codes.Code, why error) string {
	t.Helper()
	mustBe(t, err, ErrRefused)
	mustBe(t, err, why)
	refusal, ok := errors.AsType[*RefusedError](err)
	if !ok {
		t.Fatalf("got %T %v, want a *RefusedError", err, err)
	}
	if refusal.Code != code {
		t.Errorf("refused with %v, want %v", refusal.Code, code)
	}
	return refusal.Words
}

// mustTakeNoTime fails the test if virtual time has passed since start: somebody has waited for a timeout.
func mustTakeNoTime(t testing.TB, start time.Time) {
	t.Helper()
	if elapsed := time.Since(start); elapsed != 0 {
		t.Errorf("took %v, want no time at all", elapsed)
	}
}

// mustStore fails the test unless this many connections are in the store of the peer.
func (p *testPeer) mustStore(n int) {
	p.t.Helper()
	if got := p.connStore.connNum(); got != n {
		p.t.Errorf("%s has %d connections in its store, want %d", p.name, got, n)
	}
}

func TestAcceptorRefusesEachFlawByItsOwnCheckAndBothEndsSayWhy(t *testing.T) {
	for _, flaw := range flaws {
		t.Run(flaw.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				b := w.peer("B")
				imposter := w.wirePeer("A")
				a := w.peer("A", withCerts(imposter.certs), saying(flaw.hello(imposter, &imposter.certs.Client)))

				start := time.Now()
				_, err := a.Handshake(b.whoever())

				words := mustBeRefusal(t, err, codes.Unauthenticated, flaw.why)
				mustTakeNoTime(t, start)
				mustBe(t, b.tr.wait(is(flaw.step, failed)).Err, flaw.why)
				refusal := b.tr.wait(is(trace.AuthRefuse)).Err
				mustBe(t, refusal, flaw.why)
				if flaw.deep != nil {
					mustBe(t, refusal, flaw.deep)
				}
				if words != refusal.Error() {
					t.Errorf("the initiator heard %q, the acceptor said %q", words, refusal)
				}
				if sent := b.tr.all(is(trace.AuthSend)); len(sent) != 0 {
					t.Error("the acceptor said who it is to somebody whom it refused")
				}
				b.mustStore(0)
			})
		})
	}
}

func TestInitiatorRefusesEachFlawByItsOwnCheck(t *testing.T) {
	for _, flaw := range flaws {
		t.Run(flaw.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				b := w.wirePeer("B").acceptor(likeFabric)
				b.hello = func() *proto.Envelope { return flaw.hello(b.wirePeer, &b.certs.Server) }
				a := w.peer("A")

				start := time.Now()
				_, err := a.Handshake(b.whoever())

				mustBe(t, err, flaw.why)
				if errors.Is(err, ErrRefused) {
					t.Errorf("%v reads as if the other end had refused", err)
				}
				if flaw.deep != nil {
					mustBe(t, err, flaw.deep)
				}
				mustBe(t, a.tr.wait(is(flaw.step, failed)).Err, flaw.why)
				mustTakeNoTime(t, start)
			})
		})
	}
}

func TestMessageForAPeerThatFailsTheHandshakeIsDroppedForThatReason(t *testing.T) {
	for _, flaw := range flaws {
		t.Run(flaw.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				b := w.wirePeer("B").acceptor(likeFabric)
				b.hello = func() *proto.Envelope { return flaw.hello(b.wirePeer, &b.certs.Server) }
				a := w.peer("A")

				a.Send(message(t, "for B"), b.remote())

				mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, flaw.why)
				mustBe(t, a.tr.wait(is(trace.ConnClose)).Err, flaw.why)
				a.mustStore(0)
			})
		})
	}
}

func TestStreamWithoutClientCertificateIsRefusedBeforeAWordIsSaid(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		anonymous := grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}))
		a := w.peer("A", dialling(anonymous))

		start := time.Now()
		_, err := a.Handshake(b.whoever())

		mustBeRefusal(t, err, codes.Unauthenticated, ErrNoTLSCertificate)
		mustTakeNoTime(t, start)
		mustBe(t, b.tr.wait(is(trace.AuthTLSCert, failed)).Err, ErrNoTLSCertificate)
		if said := b.tr.all(is(trace.AuthSend)); len(said) != 0 {
			t.Error("the acceptor sent its ConnEstablish")
		}
		if read := b.tr.all(is(trace.AuthRead)); len(read) != 0 {
			t.Error("the acceptor waited for a ConnEstablish that could prove nothing")
		}
	})
}

// The refusal may be there before our own ConnEstablish is sent. Sending then fails without a reason, and the reason is still to be read.
func TestRefusalThatComesBeforeWeHaveSpokenIsHeard(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		a := w.peer("A", dialling(grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}))))
		speaking := a.tr.hold(is(trace.AuthSend))
		result := async(func() error { _, err := a.Handshake(b.whoever()); return err })
		speaking.reached()
		synctest.Wait() // until the status has arrived
		speaking.release()

		err, _ := await(t, "Handshake", result)
		mustBeRefusal(t, err, codes.Unauthenticated, ErrNoTLSCertificate)
		mustBe(t, a.tr.wait(is(trace.AuthSent)).Err, io.EOF)
	})
}

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

func TestSilentInitiatorIsRefusedAfterExactlyTheConnectionTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.ConnTimeout = 1700 * time.Millisecond }))
		conn := w.wirePeer("A").dial(b.endpoint)

		start := time.Now()
		err := conn.open().end() // a ConnEstablish of B before that would fail here

		if elapsed := time.Since(start); elapsed != 1700*time.Millisecond {
			t.Errorf("refused after %v, want exactly the connection timeout", elapsed)
		}
		s := status.Convert(err)
		if s.Code() != codes.Unauthenticated || !strings.HasPrefix(s.Message(), ErrHandshakeTimeout.Error()) {
			t.Errorf("refused with %v", err)
		}
		mustBe(t, b.tr.wait(is(trace.AuthReceived, failed)).Err, ErrHandshakeTimeout)
		mustBe(t, b.tr.wait(is(trace.AuthRefuse)).Err, ErrHandshakeTimeout)
	})
}

func TestSilentAcceptorIsGivenUpAfterExactlyTheConnectionTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B").acceptor(func(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error { return a.takeAll(stream) })
		a := w.peer("A", configured(func(c *Config) { c.ConnTimeout = 1700 * time.Millisecond }))

		start := time.Now()
		_, err := a.Handshake(b.remote())

		if elapsed := time.Since(start); elapsed != 1700*time.Millisecond {
			t.Errorf("gave up after %v, want exactly the connection timeout", elapsed)
		}
		mustBe(t, err, ErrHandshakeTimeout)
	})
}

// deaf is a stream whose flow control lets nothing out. Like one of gRPC it is released by the end of its context.
type deaf struct {
	stream
	ctx context.Context
}

func (d deaf) Context() context.Context { return d.ctx }

func (d deaf) Send(*proto.Envelope) error {
	<-d.ctx.Done()
	return d.ctx.Err()
}

func TestConnEstablishThatFlowControlHoldsBackCostsExactlyTheConnectionTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A", configured(func(c *Config) { c.ConnTimeout = 1700 * time.Millisecond }))
		ctx, release := context.WithCancel(t.Context())
		defer release()

		start := time.Now()
		err := a.sendWithTimeout(ctx, deaf{ctx: ctx}, message(t, "for nobody").Envelope)

		mustBe(t, err, ErrStalled)
		if elapsed := time.Since(start); elapsed != 1700*time.Millisecond {
			t.Errorf("gave up after %v, want exactly the connection timeout", elapsed)
		}
	})
}

// dueWhenStopped is a clock whose timers of that length are always due in the very moment in which somebody stops them: stopping fails,
// and the function runs only some time later.
func dueWhenStopped(length time.Duration) util.AfterFunc {
	return func(d time.Duration, f func()) (stop func() bool) {
		stopTimer := util.SystemClock(d, f)
		if d != length {
			return stopTimer
		}
		return func() bool {
			if stopTimer() {
				time.AfterFunc(time.Millisecond, f)
			}
			return false
		}
	}
}

// An authentication that ends together with its deadline has failed, and says why, although nothing has been cancelled yet.
func TestHandshakeWhoseDeadlinePassesAtItsVeryEndIsGivenUp(t *testing.T) {
	const timeout = 1700 * time.Millisecond
	tight := configured(func(c *Config) { c.ConnTimeout, c.AfterFunc = timeout, dueWhenStopped(timeout) })
	t.Run("of a Handshake", func(t *testing.T) {
		inBubble(t, func(t *testing.T, w *world) {
			_, err := w.peer("A", tight).Handshake(w.peer("B").remote())
			mustBe(t, err, ErrHandshakeTimeout)
		})
	})
	t.Run("of a dial", func(t *testing.T) {
		inBubble(t, func(t *testing.T, w *world) {
			a, b := w.peer("A", tight), w.peer("B")
			a.Send(message(t, "for nobody"), b.remote())
			mustBe(t, a.tr.wait(is(trace.ConnClose)).Err, ErrHandshakeTimeout)
			if stored := a.tr.all(is(trace.StoreStored)); len(stored) != 0 {
				t.Error("it was stored, without an identity")
			}
		})
	})
}

func TestInitiatorThatLeavesEndsTheHandshakeAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		s := w.wirePeer("A").dial(b.endpoint).open()
		b.tr.wait(is(trace.AuthRead))

		start := time.Now()
		s.finish()
		b.tr.wait(is(trace.AuthRefuse))

		mustTakeNoTime(t, start)
		mustBe(t, b.tr.wait(is(trace.AuthReceived)).Err, ErrNoConnEstablish)
	})
}

func TestHandshakeReturnsTheIdentityThatWasProven(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		for name, remote := range map[string]*RemotePeer{"knowing who is there": b.remote(), "knowing only where": b.whoever()} {
			got, err := a.Handshake(remote)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if string(got) != string(b.id.Serialize()) {
				t.Errorf("%s: got the identity %q", name, got)
			}
		}
	})
}

func TestHandshakeWorksOverLoopbackTCP(t *testing.T) {
	w := onLoopback(t)
	a, b := w.peer("A"), w.peer("B")
	if b.port == 0 {
		t.Error("the instance does not know its port")
	}
	got, err := a.Handshake(b.remote())
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(b.id.Serialize()) {
		t.Errorf("got the identity %q", got)
	}
}

func TestPeersOfTwoOrganizationsThatKnowEachOtherShakeHands(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		org2 := newOrg(t, "Org2")
		both := believing(w.org.Root(), org2.Root())
		a, b := w.peer("A", both), w.peer("B", both, withIdentity(issue(t, org2, "B")))
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Error(err)
		}
	})
}

func TestPeerOfAnotherPKIIDThanExpectedIsRefusedByHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b, c := w.peer("A"), w.peer("B"), w.peer("C")
		_, err := a.Handshake(&RemotePeer{Endpoint: b.endpoint, PKIID: c.GetPKIid()})
		mustBe(t, err, ErrUnexpectedPeer)
		mustBe(t, a.tr.wait(is(trace.AuthExpected, failed)).Err, ErrUnexpectedPeer)
	})
}

func TestPeerOfAnotherPKIIDThanExpectedGetsNoMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b, c := w.peer("A"), w.peer("B"), w.peer("C")

		a.Send(message(t, "for C only"), &RemotePeer{Endpoint: b.endpoint, PKIID: c.GetPKIid()})

		mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrUnexpectedPeer)
		mustBe(t, a.tr.wait(is(trace.ConnClose)).Err, ErrUnexpectedPeer)
		mustBe(t, b.tr.wait(is(trace.AuthExpected)).Err, ErrUnexpectedPeer)
		a.mustStore(0)
		b.mustStore(0)
	})
}

// A Fabric peer does not look whom the initiator wants, so the initiator does.
func TestFabricPeerOfAnotherPKIIDThanExpectedGetsNoMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b, c := w.peer("A"), w.wirePeer("B").acceptor(likeFabric), w.peer("C")

		a.Send(message(t, "for C only"), &RemotePeer{Endpoint: b.remote().Endpoint, PKIID: c.GetPKIid()})

		mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrUnexpectedPeer)
		mustBe(t, a.tr.wait(is(trace.AuthExpected)).Err, ErrUnexpectedPeer)
		a.mustStore(0)
		synctest.Wait()
		if got := len(b.received); got != 0 {
			t.Error("the message went to somebody else")
		}
	})
}

func TestMessageToOneselfIsAnErrorThatSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		mustBe(t, a.sendToEndpoint(a.remote(), message(t, "to myself"), nonBlockingSend), ErrSelf)
		if dialled := a.tr.all(is(trace.DialStart)); len(dialled) != 0 {
			t.Error("it dialled")
		}
	})
}

func TestOneselfBehindAnEndpointIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")

		_, err := a.Handshake(a.whoever())
		mustBeRefusal(t, err, codes.Unauthenticated, ErrSelf)

		a.Send(message(t, "to myself"), a.whoever())
		mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrSelf)
		a.mustStore(0)
	})
}

func TestAcceptorThatProvesOurOwnIdentityIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		thief := w.wirePeer("B")
		thief.id = a.id // the key included
		_, err := a.Handshake(thief.acceptor(likeFabric).whoever())
		mustBe(t, err, ErrSelf)
		if errors.Is(err, ErrRefused) {
			t.Errorf("%v reads as if the other end had refused", err)
		}
	})
}

// Contract S10: the answer means "accepted".
func TestAcceptorAnswersOnlyWhenItHasReadCheckedAndStored(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		a.Send(message(t, "hello"), b.remote())
		b.tr.wait(is(trace.AuthSent))

		var steps []trace.Step
		for _, e := range b.tr.all(func(trace.Event) bool { return true }) {
			if e.Object.Kind != trace.Instance {
				steps = append(steps, e.Step)
			}
		}
		want := []trace.Step{
			trace.StreamArrived, trace.StreamLimit, trace.AuthTLSCert, trace.AuthRead, trace.AuthReceived, trace.AuthDecode,
			trace.AuthType, trace.AuthPKIID, trace.AuthIdentity, trace.AuthCertHash, trace.AuthSignature, trace.AuthExpected,
			trace.StoreStored, trace.AuthSend, trace.AuthSent,
		}
		if got := steps[:min(len(steps), len(want))]; !slices.Equal(got, want) {
			t.Errorf("got the steps\n%v\nwant\n%v", got, want)
		}
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

func TestWordsThatAreFabricsMatchTheSameCheck(t *testing.T) {
	for words, why := range map[string]error{
		"no TLS certificate": ErrNoTLSCertificate,
		"wrong type":         ErrWrongType,
		"no PKI-ID":          ErrNoPKIID,
		"timed out waiting for connection message from 127.0.0.1:7051": ErrHandshakeTimeout,
	} {
		err := &RefusedError{Code: codes.Unknown, Words: words}
		mustBe(t, err, why)
		for _, other := range refusals {
			if other != why && errors.Is(err, other) {
				t.Errorf("%q matches %v as well", words, other)
			}
		}
	}
	for words, news := range map[string]error{
		"comm is stopped": ErrStopped,
		"timed out waiting for connection message from 127.0.0.1:7051": ErrAckTimeout,
		"identity refused: wrong type":                                 ErrWrongType,
	} {
		if err := (&RefusedError{Code: codes.Unknown, Words: words}); errors.Is(err, news) {
			t.Errorf("%q matches %v: news of our own, or words that do not begin with it", words, news)
		}
	}
}

func TestStoredConnectionKeepsALateRefusalAsItsReason(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.wirePeer("B").acceptor(likeFabricRefusing("The signature is invalid"))
		a := w.peer("A")

		a.Send(message(t, "for B"), b.remote())

		e := a.tr.wait(is(trace.ConnClose))
		a.tr.wait(is(trace.StoreStored))
		if words := mustBeRefusal(t, e.Err, codes.Unknown, ErrRefused); words != "The signature is invalid" {
			t.Errorf("the refuser's words became %q", words)
		}
		a.tr.wait(is(trace.ConnServeEnd))
		a.mustStore(0)
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

func TestEachPeerBindsItsIdentityToTheCertificateThatItReallyShows(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			sender *testPeer
			want   []byte
		}{{a, certHashFromPair(a.certs.Client)}, {b, certHashFromPair(b.certs.Server)}} {
			sent := decode(t, c.sender.tr.wait(is(trace.AuthSent)).Envelope)
			if string(sent.GetConn().TlsCertHash) != string(c.want) {
				t.Errorf("%s bound its identity to another certificate", c.sender.name)
			}
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

func TestNoInstanceRunsWithoutTLSByAccident(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		lsnr := w.listen("A")
		t.Cleanup(func() { lsnr.Close() })
		id := issue(t, w.org, "A")
		_, err := NewCommInstanceWithServer(lsnr, nil, w.mapper(id, w.org.Root()), id.Serialize(), Config{})
		mustBe(t, err, ErrPlaintext)
	})
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

func TestStopReleasesAHandshakeInFlight(t *testing.T) {
	for _, step := range []trace.Step{trace.DialStart, trace.PingSend, trace.StreamOpen, trace.AuthSend, trace.AuthRead, trace.AuthAwait} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				held := a.tr.hold(is(step))
				result := async(func() error { _, err := a.Handshake(b.remote()); return err })
				held.reached()

				stopped := stopBeside(a)
				held.release()

				err, _ := await(t, "Handshake", result)
				mustBe(t, err, ErrStopped)
				await(t, "Stop", stopped)
				b.mustStore(0)
			})
		})
	}
}

// stopBeside begins to stop a peer, and returns when Stop waits for what is still under way.
func stopBeside(p *testPeer) <-chan struct{} {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		p.Stop()
	}()
	<-p.exitChan
	return stopped
}

func TestStopReleasesHandshakeAndProbeThatWaitForTheOtherEnd(t *testing.T) {
	calls := map[string]func(*testPeer, *RemotePeer) error{
		"Handshake": func(p *testPeer, remote *RemotePeer) error { _, err := p.Handshake(remote); return err },
		"Probe":     func(p *testPeer, remote *RemotePeer) error { return p.Probe(remote) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.peer("A")
				result := async(func() error { return call(a, &RemotePeer{Endpoint: w.blackHole("nobody")}) })
				a.tr.wait(is(trace.PingSend))
				start := time.Now()
				a.Stop()
				err, _ := await(t, name, result)
				mustBe(t, err, ErrStopped)
				mustTakeNoTime(t, start)
			})
		})
	}
}

func TestNothingBeginsAfterStop(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		a.Stop()
		_, err := a.Handshake(b.remote())
		mustBe(t, err, ErrStopped)
		mustBe(t, a.Probe(b.remote()), ErrStopped)
		mustBe(t, a.sendToEndpoint(b.remote(), message(t, "too late"), nonBlockingSend), ErrStopped)
		if dialled := a.tr.all(is(trace.DialStart)); len(dialled) != 0 {
			t.Error("it dialled")
		}
	})
}

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

func TestDialOfAnEndpointThatSwallowsIsBoundedByTheDialTimeout(t *testing.T) {
	calls := map[string]func(*testPeer, *RemotePeer) error{
		"Handshake": func(p *testPeer, remote *RemotePeer) error { _, err := p.Handshake(remote); return err },
		"Probe":     func(p *testPeer, remote *RemotePeer) error { return p.Probe(remote) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.peer("A", configured(func(c *Config) { c.DialTimeout = 1300 * time.Millisecond }))
				start := time.Now()
				mustBe(t, call(a, &RemotePeer{Endpoint: w.blackHole("nobody")}), ErrDialTimeout)
				if elapsed := time.Since(start); elapsed != 1300*time.Millisecond {
					t.Errorf("gave up after %v, want exactly the dial timeout", elapsed)
				}
			})
		})
	}
}

func TestIdentityLearnedInAHandshakeIsRemembered(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ knows, known *testPeer }{{a, b}, {b, a}} {
			got, err := c.knows.idMapper.Get(c.known.GetPKIid())
			if err != nil || string(got) != string(c.known.id.Serialize()) {
				t.Errorf("%s does not know %s: %v", c.knows.name, c.known.name, err)
			}
		}
	})
}

// Contract S11: opening a stream waits for a transport. If that has gone, and nothing answers where it was, gRPC would wait for its own
// twenty seconds; an acceptor that allows no streams would make it wait for ever. The bound is ours.
func TestStreamThatCannotBeOpenedCostsExactlyTheConnectionTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		opening := a.tr.hold(is(trace.StreamOpen))
		result := async(func() error { _, err := a.Handshake(b.remote()); return err })
		opening.reached()
		b.Stop()
		w.blackHole("B")
		synctest.Wait() // until gRPC has noticed
		start := time.Now()
		opening.release()

		err, _ := await(t, "the handshake", result)

		mustBe(t, err, ErrHandshakeTimeout)
		if waited := time.Since(start); waited != a.conf.ConnTimeout {
			t.Errorf("it took %v, want %v", waited, a.conf.ConnTimeout)
		}
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

// The PKI-ID is computed over two fields of the identity; protobuf would carry megabytes in others, and the mapper would keep them.
func TestOverlongIdentityIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		x := w.wirePeer("X")
		x.dial(b.endpoint).open(x.clientHello(func(m *proto.GossipMessage) {
			padding := protowire.AppendTag(nil, 15, protowire.BytesType)
			m.GetConn().Identity = append(m.GetConn().Identity, protowire.AppendBytes(padding, make([]byte, maxIdentity))...)
		}))
		mustBe(t, b.tr.wait(is(trace.AuthIdentity)).Err, ErrIdentity)
		if _, err := b.idMapper.Get(x.pkiID()); err == nil {
			t.Error("the mapper keeps it")
		}
	})
}

// Contract S10: the words of an acceptor that is stopping can be told from a transport that broke, by whoever was refused.
func TestAcceptorThatIsStoppingSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		reading := b.tr.hold(is(trace.AuthRead))
		result := async(func() error { _, err := a.Handshake(b.remote()); return err })
		reading.reached()
		b.connStore.shutdown() // as Stop does, before it takes the transport away
		b.endLife(ErrStopped)
		reading.release()

		err, _ := await(t, "the handshake", result)

		mustBe(t, err, ErrRefused)
		mustBe(t, err, ErrPeerStopped)
		if errors.Is(err, ErrStopped) {
			t.Error("the refuser's end was taken for our own")
		}
	})
}

// Contract S10, once more: the Ping of a dial gets the same words, whether the server goes on without the instance or is about to go.
func TestDialOfAPeerThatIsStoppingLearnsItFromThePing(t *testing.T) {
	calls := map[string]func(a *testPeer, to *RemotePeer) error{
		"Handshake":   func(a *testPeer, to *RemotePeer) error { _, err := a.Handshake(to); return err },
		"Probe":       func(a *testPeer, to *RemotePeer) error { return a.Probe(to) },
		"SendWithAck": func(a *testPeer, to *RemotePeer) error { return a.SendWithAck(message(a.t, "x"), time.Hour, 1, to)[0] },
		"Send": func(a *testPeer, to *RemotePeer) error {
			sendTexts(a, to, "x")
			return a.tr.wait(is(trace.ConnDrop)).Err
		},
	}
	for how, stopping := range map[string]func(*world) *testPeer{
		"on a server of its caller": func(w *world) *testPeer {
			b, _ := shared(w, "B", asking(tls.RequestClientCert))
			b.Stop()
			return b
		},
		"on a server of its own": func(w *world) *testPeer {
			b := w.peer("B")
			flagged := b.tr.hold(is(trace.StopConnections))
			go b.Stop()
			flagged.reached()
			return b
		},
	} {
		for name, call := range calls {
			t.Run(name+" to an instance "+how, func(t *testing.T) {
				inBubble(t, func(t *testing.T, w *world) {
					a, b := w.peer("A"), stopping(w)
					err := call(a, b.remote())
					mustBe(t, err, ErrPeerStopped)
					if errors.Is(err, ErrStopped) {
						t.Error("the other's end was taken for our own")
					}
					if served := b.tr.all(is(trace.PingServed)); len(served) != 0 {
						t.Error("the Ping was served")
					}
				})
			})
		}
	}
}

// The connection is in the acceptor's store before the initiator has the answer. That somebody there does not want it any more in that
// moment is an end on purpose, and no death.
func TestCloseConnByTheAcceptorBeforeItsAnswerIsACleanEndForTheInitiator(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		answer := b.tr.hold(is(trace.AuthSend))
		result := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "unwanted"), time.Hour, 1, b.remote()) })
		answer.reached()
		start := time.Now()
		b.CloseConn(a.remote())
		b.mustStore(0)
		answer.release()

		results, _ := await(t, "SendWithAck to return", result)
		if len(results) != 1 || !errors.Is(results[0], ErrPeerClosed) {
			t.Errorf("got %v, want %v", results, ErrPeerClosed)
		}
		mustTakeNoTime(t, start)
		for _, p := range []*testPeer{a, b} {
			if got := p.noticesNow(); len(got) != 0 {
				t.Errorf("%s presumes %v dead", p.name, got)
			}
			p.mustStore(0)
		}
		if said := b.tr.all(is(trace.AuthSent)); len(said) != 0 {
			t.Error("B has tried to answer, which means that it accepts")
		}
		sendTexts(a, b.remote(), "later")
		if got := receiveTexts(t, inbox, 1)[0]; got != "later" {
			t.Errorf("over the next connection came %q", got)
		}
	})
}

// A peer whose second stream comes before its first was answered hears about the first that the other one stays.
func TestStreamThatIsReplacedBeforeItWasAnsweredIsToldSo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, a := w.peer("B"), w.wirePeer("A")
		answers := b.tr.hold(is(trace.AuthSend))
		first := a.dial(b.endpoint).open(a.clientHello())
		answers.reached()
		second := a.dial(b.endpoint).open(a.clientHello())
		answers.reached()
		b.tr.wait(is(trace.StoreReplaced))
		start := time.Now()
		answers.release()

		got := status.Convert(first.end())
		if got.Code() != codes.Aborted || got.Message() != ErrTieBreak.Error() {
			t.Errorf("the first stream ended with %v %q, want %q", got.Code(), got.Message(), ErrTieBreak)
		}
		if string(second.read().GetConn().GetPkiId()) != string(b.GetPKIid()) {
			t.Error("the second stream was not answered by B")
		}
		if said := b.tr.waitFor(1, is(trace.AuthSent)); len(b.tr.all(is(trace.AuthSent))) != 1 || said[0].Object.ID != 2 {
			t.Errorf("B has tried to answer on %v, want on the second stream only", said)
		}
		mustTakeNoTime(t, start)
		b.mustStore(1)
		if got := b.noticesNow(); len(got) != 0 {
			t.Errorf("B presumes %v dead", got)
		}
	})
}
