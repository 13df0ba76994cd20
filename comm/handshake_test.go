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

// Contract S23. Who reads the error wants to know what the other end has said instead.
func TestErrorAboutAWrongTypeNamesWhatCame(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B").acceptor(likeFabric)
		b.hello = func() *proto.Envelope { return message(t, "too early").Envelope }
		_, err := a.Handshake(b.remote())
		mustBe(t, err, ErrWrongType)
		if err != nil && !strings.Contains(err.Error(), "data_msg") {
			t.Errorf("%q does not name a data_msg", err)
		}
	})
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
		b := w.wirePeer("B").acceptor(mute)
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

// Contract S10, S18. To be in the store for a moment is enough to push somebody out of it.
func TestStrangerWhoIsRefusedWasNeverInTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p, other := w.peer("P"), w.wirePeer("Other")
		other.join(p.endpoint)
		p.tr.wait(is(trace.ConnServe))
		for _, flaw := range flaws {
			if err := other.dial(p.endpoint).open(flaw.hello(other, &other.certs.Client)).end(); err == nil {
				t.Errorf("%s: the stream was not refused", flaw.name)
			}
		}
		synctest.Wait()
		for _, step := range []trace.Step{trace.StoreStored, trace.StoreRemoved, trace.StoreReplaced} {
			want := 0
			if step == trace.StoreStored {
				want = 1
			}
			if got := len(p.tr.all(is(step))); got != want {
				t.Errorf("%s happened %d times, want %d: for the one stream that was not refused", step, got, want)
			}
		}
	})
}

// Contract S10, S18. To its initiator a stream begins with the answer, whoever has something to send meanwhile: the connection is
// stored, so others may find it.
func TestMessageForAPeerThatIsNotAnsweredYetComesBehindTheAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p, other := w.peer("P"), w.wirePeer("Other")
		answer := p.tr.hold(is(trace.AuthSend, inbound))
		s := other.dial(p.endpoint).open(other.clientHello())
		answer.reached()
		sendTexts(p, &RemotePeer{PKIID: other.pkiID()}, "hello")
		synctest.Wait()
		answer.release()
		if first := s.read(); first.GetConn() == nil {
			t.Errorf("the first message is %v, want the answer", first)
		}
		if got := textOf(s.read()); got != "hello" {
			t.Errorf("the second message is %q", got)
		}
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
