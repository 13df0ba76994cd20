package comm

// harness_test.go is what the tests of this package share: a network, peers on it, messages, and a tracer that remembers every step
// and can hold a goroutine at one.
//
// Most tests run in a bubble of testing/synctest: real instances, mutual TLS and HTTP/2 over pipes, in virtual time. There a timeout of
// two seconds costs nothing and is exact, and "nothing happens" can be seen by letting time pass. A few tests run over loopback TCP,
// because a pipe has no buffer and its ends no ports. What speaks the protocol without being an instance is in wirepeer_test.go.

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"gossipscope/comm/common"
	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
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

// halt releases what is held and stops the peer. A test may call it earlier than the end.
func (p *testPeer) halt() {
	p.tr.releaseAll()
	p.Stop()
}

// remote names the peer as somebody who knows who lives at its endpoint.
func (p *testPeer) remote() *RemotePeer {
	return &RemotePeer{Endpoint: p.endpoint, PKIID: p.GetPKIid()}
}

// whoever names the peer as somebody who knows only its endpoint.
func (p *testPeer) whoever() *RemotePeer {
	return &RemotePeer{Endpoint: p.endpoint}
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

// textOf returns the text of a message made by message.
func textOf(msg *proto.GossipMessage) string {
	return string(msg.GetDataMsg().GetPayload().GetData())
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

// tracer remembers every event, tells those who wait for one, and holds goroutines at gates.
type tracer struct {
	t testing.TB

	mu      sync.Mutex
	events  []trace.Event
	changed chan struct{} // closed and made anew with every event
	holds   []*hold
}

func newTracer(t testing.TB) *tracer {
	return &tracer{t: t, changed: make(chan struct{})}
}

// Gate implements trace.Tracer.
func (tr *tracer) Gate(e trace.Event) {
	tr.Report(e)
	for _, h := range tr.holding() {
		if h.match(e) {
			h.stay(e)
		}
	}
}

// Report implements trace.Tracer.
func (tr *tracer) Report(e trace.Event) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.events = append(tr.events, e)
	close(tr.changed)
	tr.changed = make(chan struct{})
}

func (tr *tracer) holding() []*hold {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.holds
}

// wait returns the first event, past or future, that matches.
func (tr *tracer) wait(match func(trace.Event) bool) trace.Event {
	tr.t.Helper()
	return tr.waitFor(1, match)[0]
}

// waitFor returns the first n events that match.
func (tr *tracer) waitFor(n int, match func(trace.Event) bool) []trace.Event {
	tr.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		tr.mu.Lock()
		changed := tr.changed
		tr.mu.Unlock()
		if found := tr.all(match); len(found) >= n {
			return found[:n]
		}
		select {
		case <-changed:
		case <-timer.C:
			tr.t.Fatalf("waited %v for %d events that match, found %d; this is what happened:\n%s", patience, n, len(tr.all(match)), tr)
		}
	}
}

// all returns the events so far that match.
func (tr *tracer) all(match func(trace.Event) bool) []trace.Event {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var found []trace.Event
	for _, e := range tr.events {
		if match(e) {
			found = append(found, e)
		}
	}
	return found
}

// String returns all that has happened, an event a line.
func (tr *tracer) String() string {
	text := ""
	for _, e := range tr.all(func(trace.Event) bool { return true }) {
		text += fmt.Sprintf("  %s %d %s #%d %s %s %v\n", e.Object.Kind, e.Object.ID, e.Object.Role, e.Number, e.Step, e.Detail, e.Err)
	}
	return text
}

// is matches the events of a step that also match each of the further conditions.
func is(step trace.Step, conditions ...func(trace.Event) bool) func(trace.Event) bool {
	return func(e trace.Event) bool {
		for _, condition := range conditions {
			if !condition(e) {
				return false
			}
		}
		return e.Step == step
	}
}

// of matches the events of one object.
func of(object trace.Object) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Object.Kind == object.Kind && e.Object.ID == object.ID }
}

// failed matches the events that tell of an error.
func failed(e trace.Event) bool { return e.Err != nil }

// hold keeps every goroutine that comes to a gate which matches, until it is released.
type hold struct {
	tr       *tracer
	match    func(trace.Event) bool
	arrived  chan trace.Event
	once     sync.Once
	released chan struct{}
}

// hold begins to hold whoever comes to a gate that matches. A hold that is released lets everybody pass, also those that come later.
func (tr *tracer) hold(match func(trace.Event) bool) *hold {
	h := &hold{tr: tr, match: match, arrived: make(chan trace.Event, 1000), released: make(chan struct{})}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.holds = append(tr.holds[:len(tr.holds):len(tr.holds)], h)
	return h
}

func (h *hold) stay(e trace.Event) {
	select {
	case <-h.released:
		return
	default:
	}
	h.arrived <- e
	<-h.released
}

// reached waits until one more goroutine is held, and returns the event that it stands before.
func (h *hold) reached() trace.Event {
	h.tr.t.Helper()
	e, _ := await(h.tr.t, "somebody to be held", h.arrived)
	return e
}

// release lets everybody go on. It may be called more than once.
func (h *hold) release() {
	h.once.Do(func() { close(h.released) })
}

func (tr *tracer) releaseAll() {
	for _, h := range tr.holding() {
		h.release()
	}
}

// network is what peers listen and dial on.
type network interface {
	listen(name string) (net.Listener, error)

	// dial connects to an endpoint; from names the peer that dials.
	dial(ctx context.Context, from, endpoint string) (net.Conn, error)
}

func (w *world) listen(name string) net.Listener {
	w.t.Helper()
	lsnr, err := w.net.listen(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return lsnr
}

// blackHole returns the endpoint of somebody who takes no call and refuses none.
func (w *world) blackHole(name string) string {
	lsnr := w.listen(name)
	w.t.Cleanup(func() { lsnr.Close() })
	return lsnr.Addr().String()
}

// dialOption makes gRPC dial over the network of the world.
func (w *world) dialOption(from string) grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, endpoint string) (net.Conn, error) {
		return w.net.dial(ctx, from, endpoint)
	})
}

type loopback struct{}

func (loopback) listen(string) (net.Listener, error) {
	return net.Listen("tcp", "127.0.0.1:0")
}

func (loopback) dial(ctx context.Context, _, endpoint string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", endpoint)
}

// pipes is a network in memory. An endpoint is "NAME:7051"; the address of a dialling end is "NAME:" and the number of the dial.
type pipes struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener // by endpoint
	dials     int
}

func newPipes() *pipes {
	return &pipes{listeners: make(map[string]*pipeListener)}
}

func (n *pipes) listen(name string) (net.Listener, error) {
	l := &pipeListener{network: n, endpoint: pipeAddr(name + ":7051"), incoming: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[string(l.endpoint)] != nil {
		return nil, fmt.Errorf("the endpoint %s is taken", l.endpoint)
	}
	n.listeners[string(l.endpoint)] = l
	return l, nil
}

func (n *pipes) dial(ctx context.Context, from, endpoint string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[endpoint]
	n.dials++
	local := pipeAddr(fmt.Sprintf("%s:%d", from, n.dials))
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("nobody listens at %s", endpoint)
	}
	here, there := net.Pipe()
	select {
	case l.incoming <- &pipeConn{Conn: there, local: l.endpoint, remote: local}:
		return &pipeConn{Conn: here, local: local, remote: l.endpoint}, nil
	case <-l.closed:
		return nil, fmt.Errorf("nobody listens at %s any more", endpoint)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pipeAddr is the address of an end of a pipe.
type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// pipeConn is a pipe whose ends have addresses.
type pipeConn struct {
	net.Conn
	local, remote pipeAddr
}

func (c *pipeConn) LocalAddr() net.Addr  { return c.local }
func (c *pipeConn) RemoteAddr() net.Addr { return c.remote }

// pipeListener implements net.Listener.
type pipeListener struct {
	network  *pipes
	endpoint pipeAddr
	incoming chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.incoming:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, string(l.endpoint))
	})
	return nil
}

func (l *pipeListener) Addr() net.Addr { return l.endpoint }

// connNum returns how many authenticated connections there are.
func (cs *connectionStore) connNum() int {
	cs.RLock()
	defer cs.RUnlock()
	return len(cs.pki2Conn)
}
