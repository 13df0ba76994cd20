package comm

// harness_test.go is what the tests of this package share: worlds and peers in them, messages, and ways to wait. Beside it stand the
// network that they talk over (network_test.go), the tracer that sees every step and can hold a goroutine at one (tracer_test.go), the
// questions that many tests ask (must_test.go), and a peer that speaks the protocol without being an instance (wirepeer_test.go).
//
// Most tests run in a bubble of testing/synctest: real instances, mutual TLS and HTTP/2 over pipes, in virtual time. There a timeout of
// two seconds costs nothing and is exact, and "nothing happens" can be seen by letting time pass. A few tests run over loopback TCP,
// because a pipe has no buffer and its ends no ports.

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"gossipscope/comm/common"
	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what must happen; virtual time in a bubble. It is longer than every timeout of the layer and
// shorter than the period of the identity mapper's search, which would otherwise keep a bubble spinning instead of failing.
const patience = 30 * time.Second

// world is a network, and the organization that its peers belong to.
type world struct {
	t   testing.TB
	org *msp.Authority
	net network
}

// inBubble runs a scenario in virtual time, over pipes.
func inBubble(t *testing.T, scenario func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// Registered first, so it runs last: time stands still once a scenario has returned, and TLS says good-bye for up to five
		// seconds to an end that no longer reads.
		t.Cleanup(func() { time.Sleep(10 * time.Second) })
		scenario(t, newWorld(t, newPipes()))
	})
}

// onLoopback returns a world in real time, over TCP.
func onLoopback(t testing.TB) *world {
	return newWorld(t, loopback{})
}

func newWorld(t testing.TB, net network) *world {
	t.Helper()
	return &world{t: t, org: newOrg(t, "Org1"), net: net}
}

func newOrg(t testing.TB, mspID string) *msp.Authority {
	t.Helper()
	org, err := msp.NewAuthority(mspID)
	if err != nil {
		t.Fatal(err)
	}
	return org
}

// issue makes a member of an organization.
func issue(t testing.TB, org *msp.Authority, name string, options ...msp.CertificateOption) *msp.SigningIdentity {
	t.Helper()
	id, err := org.Issue(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newCerts makes the TLS certificates of a peer: one to dial with and another to be dialled at.
func newCerts(t testing.TB, name string) *common.TLSCertificates {
	t.Helper()
	certs, err := msp.NewTLSCertificates(name)
	if err != nil {
		t.Fatal(err)
	}
	return certs
}

// setup is what a test may choose about a peer before it exists.
type setup struct {
	id    *msp.SigningIdentity
	roots []msp.Root
	certs *common.TLSCertificates // nil for plaintext
	conf  Config
	blind bool         // without the tracer of the tests
	lsnr  net.Listener // nil for one of the world's network
	opts  []grpc.DialOption
}

// watchedBy gives a peer another tracer than that of the tests.
func watchedBy(tracer trace.Tracer) func(*setup) {
	return func(s *setup) { s.blind, s.conf.Tracer = true, tracer }
}

// dialling adds options to every dial of a peer.
func dialling(opts ...grpc.DialOption) func(*setup) {
	return func(s *setup) { s.opts = append(s.opts, opts...) }
}

// configured changes the configuration of a peer.
func configured(change func(*Config)) func(*setup) {
	return func(s *setup) { change(&s.conf) }
}

// withIdentity gives a peer an identity that the test has made, possibly one that nobody else accepts.
func withIdentity(id *msp.SigningIdentity) func(*setup) {
	return func(s *setup) { s.id = id }
}

// believing makes a peer accept the members of these organizations, and of no others.
func believing(roots ...msp.Root) func(*setup) {
	return func(s *setup) { s.roots = roots }
}

// withCerts gives a peer these TLS certificates.
func withCerts(certs *common.TLSCertificates) func(*setup) {
	return func(s *setup) { s.certs = certs }
}

// withoutTLS is a dial in plaintext, even for a peer that has certificates.
func withoutTLS() grpc.DialOption {
	return grpc.WithTransportCredentials(insecure.NewCredentials())
}

// inPlaintext takes TLS from a peer.
func inPlaintext(s *setup) {
	s.certs = nil
	s.conf.InsecureWithoutTLS = true
}

// testPeer is an instance of the layer, with all that a test wants to see of it.
type testPeer struct {
	*commImpl
	t        testing.TB
	name     string
	endpoint string
	id       *msp.SigningIdentity
	certs    *common.TLSCertificates
	tr       *tracer
}

// peer makes an instance that owns its server. It is stopped when the test ends, everything that is held having been released.
func (w *world) peer(name string, options ...func(*setup)) *testPeer {
	w.t.Helper()
	p, s, mapper := w.prepare(name, options)
	if s.lsnr == nil {
		s.lsnr = w.listen(name)
	}
	p.endpoint = s.lsnr.Addr().String()
	c, err := NewCommInstanceWithServer(s.lsnr, p.certs, mapper, p.id.Serialize(), s.conf, append(s.opts, w.dialOption(name))...)
	if err != nil {
		w.t.Fatal(err)
	}
	p.commImpl = c.(*commImpl)
	w.t.Cleanup(p.halt)
	return p
}

// prepare makes what an instance is made from.
func (w *world) prepare(name string, options []func(*setup)) (*testPeer, *setup, identity.Mapper) {
	w.t.Helper()
	s := &setup{roots: []msp.Root{w.org.Root()}, certs: newCerts(w.t, name)}
	for _, option := range options {
		option(s)
	}
	if s.id == nil {
		s.id = issue(w.t, w.org, name)
	}
	tr := newTracer(w.t)
	if !s.blind {
		s.conf.Tracer = tr
	}
	p := &testPeer{t: w.t, name: name, id: s.id, certs: s.certs, tr: tr}
	return p, s, w.mapper(s.id, s.roots...)
}

// mapper makes an identity mapper that is stopped when the test ends.
func (w *world) mapper(id *msp.SigningIdentity, roots ...msp.Root) identity.Mapper {
	w.t.Helper()
	// A mapper refuses to exist for an identity that it would itself refuse. A peer that nobody accepts still believes its own
	// kind: the organization that issued the identity is among the roots that the test gives.
	mcs, err := msp.New(id, roots...)
	if err != nil {
		w.t.Fatal(err)
	}
	mapper, err := identity.NewIdentityMapper(mcs, id.Serialize(), nil, identity.Config{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(mapper.Stop)
	return mapper
}

// shared makes an instance on a server that belongs to the test and has another service besides.
func shared(w *world, name string, server func(*common.TLSCertificates) *grpc.Server) (*testPeer, *grpc.Server) {
	w.t.Helper()
	p, s, mapper := w.prepare(name, nil)
	srv := server(p.certs)
	c, err := NewCommInstance(srv, p.certs, mapper, p.id.Serialize(), s.conf, w.dialOption(name))
	if err != nil {
		w.t.Fatal(err)
	}
	p.commImpl = c.(*commImpl)
	grpc_health_v1.RegisterHealthServer(srv, health.NewServer())
	lsnr := w.listen(name)
	p.endpoint = lsnr.Addr().String()
	served := async(func() error { return srv.Serve(lsnr) })
	w.t.Cleanup(func() {
		p.halt()
		srv.Stop()
		await(w.t, "the server to end", served)
	})
	return p, srv
}

// asking makes a server as NewCommInstance wants it.
func asking(auth tls.ClientAuthType) func(*common.TLSCertificates) *grpc.Server {
	return func(certs *common.TLSCertificates) *grpc.Server {
		return grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{certs.Server}, ClientAuth: auth})))
	}
}

// halt releases what is held and stops the peer. A test may call it earlier than the end.
func (p *testPeer) halt() {
	p.tr.releaseAll()
	p.Stop()
}

// stopBeside begins to stop a peer, and returns when Stop waits for what is still under way.
func stopBeside(p *testPeer) <-chan struct{} {
	stopped := finished(p.Stop)
	<-p.exitChan
	return stopped
}

// remote names the peer as somebody who knows who lives at its endpoint.
func (p *testPeer) remote() *RemotePeer {
	return &RemotePeer{Endpoint: p.endpoint, PKIID: p.GetPKIid()}
}

// whoever names the peer as somebody who knows only its endpoint.
func (p *testPeer) whoever() *RemotePeer {
	return &RemotePeer{Endpoint: p.endpoint}
}

// nobody is a peer at an endpoint where nobody listens.
func nobody(name string) *RemotePeer {
	return &RemotePeer{Endpoint: name + ":7051", PKIID: common.PKIidType("PKI-ID of " + name)}
}

// pair makes two peers; the first has the smaller PKI-ID.
func pair(w *world, options ...func(*setup)) (small, large *testPeer) {
	ids := []*msp.SigningIdentity{issue(w.t, w.org, "small or large"), issue(w.t, w.org, "large or small")}
	slices.SortFunc(ids, func(a, b *msp.SigningIdentity) int { return bytes.Compare(a.PKIID(), b.PKIID()) })
	return w.peer("S", append(options, withIdentity(ids[0]))...), w.peer("L", append(options, withIdentity(ids[1]))...)
}

// cross has both peers send, and holds each where it has got through to the other, and is about to open its stream. Each message has its
// sender's name in it.
func cross(t *testing.T, small, large *testPeer) (smallDial, largeDial *hold) {
	smallDial, largeDial = small.tr.hold(is(trace.StreamOpen)), large.tr.hold(is(trace.StreamOpen))
	sendTexts(small, large.remote(), named("S", 3)...)
	sendTexts(large, small.remote(), named("L", 3)...)
	smallDial.reached()
	largeDial.reached()
	return smallDial, largeDial
}

// bare makes a connection that has a queue and nothing else: no stream, no goroutine, no store.
func bare(t *testing.T, tracer trace.Tracer) *connection {
	t.Helper()
	conf, err := Config{SendBuffSize: 100}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return newConnection(t.Context(), 1, "there:1", nil, conf, trace.NewSource(tracer, trace.Object{Kind: trace.Connection, ID: 1}))
}

// everything is the predicate of a subscriber that wants all messages.
func everything(any) bool { return true }

// message makes a message that carries a text.
func message(t testing.TB, text string) *proto.SignedGossipMessage {
	t.Helper()
	msg, err := (&proto.GossipMessage{
		Tag:     proto.GossipMessage_CHAN_AND_ORG,
		Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte(text)}}},
	}).NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// sending makes a message on its way out that carries a text.
func sending(t testing.TB, text string) *msgSending {
	t.Helper()
	return &msgSending{envelope: message(t, text).Envelope}
}

// textOf returns the text of a message made by message.
func textOf(msg *proto.GossipMessage) string {
	return string(msg.GetDataMsg().GetPayload().GetData())
}

// numbers returns the texts "0" to "n-1".
func numbers(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	return texts
}

// named returns n texts.
func named(name string, n int) []string {
	var texts []string
	for i := range n {
		texts = append(texts, fmt.Sprintf("%s %d", name, i))
	}
	return texts
}

// sendTexts sends one message for each text.
func sendTexts(p *testPeer, to *RemotePeer, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.Send(message(p.t, text), to)
	}
}

// clog sends messages that are too large for the window of HTTP/2 to a peer that takes none, until n of them wait in the queue, and
// another one in gRPC. It returns how many it has sent.
func clog(p *testPeer, to *RemotePeer, n int) (sent int) {
	p.t.Helper()
	large := message(p.t, strings.Repeat("x", 40_000))
	for waiting := 0; waiting < n; sent++ {
		p.Send(large, to)
		synctest.Wait()
		waiting = len(p.connTo(to).outBuff)
	}
	return sent
}

// callsThatDial are the ways to have a peer dial another. Each returns what became of that; Send does not tell, and the tracer does.
var callsThatDial = map[string]func(p *testPeer, to *RemotePeer) error{
	"Handshake":   func(p *testPeer, to *RemotePeer) error { _, err := p.Handshake(to); return err },
	"Probe":       func(p *testPeer, to *RemotePeer) error { return p.Probe(to) },
	"SendWithAck": func(p *testPeer, to *RemotePeer) error { return p.SendWithAck(message(p.t, "x"), time.Hour, 1, to)[0] },
	"Send": func(p *testPeer, to *RemotePeer) error {
		sendTexts(p, to, "x")
		return p.tr.wait(is(trace.ConnDrop)).Err
	},
}

// fail sends to a peer that is away, and waits for the dial to have failed.
func fail(a *testPeer, away *RemotePeer) {
	a.t.Helper()
	drops := len(a.tr.all(is(trace.ConnDrop)))
	sendTexts(a, away, "hello")
	a.tr.waitFor(drops+1, is(trace.ConnDrop))
	synctest.Wait()
}

// receive returns the next message of a subscription; the test fails if none comes.
func receive(t testing.TB, inbox <-chan proto.ReceivedMessage) proto.ReceivedMessage {
	t.Helper()
	msg, open := await(t, "a message", inbox)
	if !open {
		t.Fatal("the subscription was closed")
	}
	return msg
}

// receiveTexts returns the texts of the next n messages.
func receiveTexts(t testing.TB, inbox <-chan proto.ReceivedMessage, n int) []string {
	t.Helper()
	texts := make([]string, n)
	for i := range texts {
		texts[i] = textOf(receive(t, inbox).GetGossipMessage().GossipMessage)
	}
	return texts
}

// answering gives a peer a subscriber that does something with every message.
func answering(p *testPeer, answer func(proto.ReceivedMessage)) *testPeer {
	inbox := p.Accept(everything)
	go func() {
		for msg := range inbox {
			answer(msg)
		}
	}()
	return p
}

// The subscribers that the tests need.
func acking(msg proto.ReceivedMessage)  { msg.Ack(nil) }
func saysNothing(proto.ReceivedMessage) {}
func nacking(msg proto.ReceivedMessage) { msg.Ack(errors.New("no space left on device")) }

// await receives from a channel, and gives up after patience.
func await[T any](t testing.TB, what string, ch <-chan T) (value T, open bool) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case value, open = <-ch:
		return value, open
	case <-timer.C:
		t.Fatalf("waited %v for %s", patience, what)
		return value, false
	}
}

// async runs f on a goroutine of its own and returns the channel of its result.
func async[T any](f func() T) <-chan T {
	result := make(chan T, 1)
	go func() { result <- f() }()
	return result
}

// finished runs f on a goroutine of its own; the channel gets a value when it has returned.
func finished(f func()) <-chan struct{} {
	return async(func() struct{} { f(); return struct{}{} })
}

// isDone reports whether somebody has come to the end by the time everybody has come to rest.
func isDone[T any](done <-chan T) bool {
	synctest.Wait()
	return len(done) > 0
}

// armed counts the timers that are armed on a clock.
type armed struct{ atomic.Int64 }

func (a *armed) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	a.Add(1)
	stopTimer := util.SystemClock(d, func() {
		a.Add(-1)
		f()
	})
	return func() bool {
		stopped := stopTimer()
		if stopped {
			a.Add(-1)
		}
		return stopped
	}
}
