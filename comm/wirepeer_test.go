package comm

// wirepeer_test.go is a peer that knows the protocol and nothing of this package: the generated messages, a key, and TLS. In its two
// roles it does what a Fabric peer does, or, if a test wants it so, what an attacker would do. It stands for everybody whom this layer
// has to get along with, so the tests at the end of the file hold the conversation to what a Fabric peer of today expects.

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	protobuf "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"gossipscope/comm/common"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// wirePeer is an identity and the TLS certificates that go with it.
type wirePeer struct {
	w     *world
	name  string
	id    *msp.SigningIdentity
	certs *common.TLSCertificates // nil for plaintext
}

// wirePeer makes a member of the world's organization.
func (w *world) wirePeer(name string) *wirePeer {
	w.t.Helper()
	return &wirePeer{w: w, name: name, id: issue(w.t, w.org, name), certs: newCerts(w.t, name)}
}

// other returns the wirePeer that is an instance's other self: the same name, identity and certificates.
func (w *world) other(p *testPeer) *wirePeer {
	return &wirePeer{w: w, name: p.name, id: p.id, certs: p.certs}
}

func (p *wirePeer) pkiID() common.PKIidType {
	return p.id.PKIID()
}

// hello makes a signed ConnEstablish as a Fabric peer would, but for what the changes do to it before it is signed.
func (p *wirePeer) hello(cert *tls.Certificate, changes ...func(*proto.GossipMessage)) *proto.Envelope {
	p.w.t.Helper()
	establish := &proto.ConnEstablish{PkiId: p.pkiID(), Identity: p.id.Serialize()}
	if cert != nil {
		hash := sha256.Sum256(cert.Certificate[0])
		establish.TlsCertHash = hash[:]
	}
	msg := &proto.GossipMessage{Tag: proto.GossipMessage_EMPTY, Content: &proto.GossipMessage_Conn{Conn: establish}}
	for _, change := range changes {
		change(msg)
	}
	payload, err := protobuf.Marshal(msg)
	if err != nil {
		p.w.t.Fatal(err)
	}
	signature, err := p.id.Sign(payload)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return &proto.Envelope{Payload: payload, Signature: signature}
}

// clientHello is the ConnEstablish of an initiator.
func (p *wirePeer) clientHello(changes ...func(*proto.GossipMessage)) *proto.Envelope {
	p.w.t.Helper()
	if p.certs == nil {
		return p.hello(nil, changes...)
	}
	return p.hello(&p.certs.Client, changes...)
}

// serverHello is the ConnEstablish of an acceptor.
func (p *wirePeer) serverHello(changes ...func(*proto.GossipMessage)) *proto.Envelope {
	p.w.t.Helper()
	if p.certs == nil {
		return p.hello(nil, changes...)
	}
	return p.hello(&p.certs.Server, changes...)
}

// asProbe marks a ConnEstablish as a probe.
func asProbe(msg *proto.GossipMessage) { msg.GetConn().Probe = true }

// wireConn is a transport connection of a wirePeer to somebody.
type wireConn struct {
	proto.GossipClient
	t  testing.TB
	cc *grpc.ClientConn
}

// dial prepares a connection that shows the peer's client certificate.
func (p *wirePeer) dial(endpoint string) *wireConn {
	p.w.t.Helper()
	if p.certs == nil {
		return p.dialWith(endpoint, insecure.NewCredentials())
	}
	return p.dialTLS(endpoint, &tls.Config{Certificates: []tls.Certificate{p.certs.Client}})
}

// dialTLS prepares a connection with a TLS configuration of the test's own.
func (p *wirePeer) dialTLS(endpoint string, conf *tls.Config) *wireConn {
	p.w.t.Helper()
	conf.InsecureSkipVerify = true // as in every peer: the handshake above TLS finds out who is there
	return p.dialWith(endpoint, credentials.NewTLS(conf))
}

func (p *wirePeer) dialWith(endpoint string, creds credentials.TransportCredentials) *wireConn {
	p.w.t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+endpoint, grpc.WithTransportCredentials(creds), p.w.dialOption(p.name))
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.w.t.Cleanup(func() { cc.Close() })
	return &wireConn{GossipClient: proto.NewGossipClient(cc), t: p.w.t, cc: cc}
}

// wireStream is a GossipStream of a wirePeer, in either role.
type wireStream struct {
	stream
	t      testing.TB
	finish func() error // half-closes; only for an initiator
	cancel context.CancelFunc
}

// open opens a GossipStream and sends these envelopes on it.
func (c *wireConn) open(first ...*proto.Envelope) *wireStream {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c.t.Cleanup(cancel)
	s, err := c.GossipStream(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, envelope := range first {
		if err := s.Send(envelope); err != nil && err != io.EOF { // io.EOF: the other end has ended the stream; Recv says why
			c.t.Fatal(err)
		}
	}
	return &wireStream{stream: s, t: c.t, finish: s.CloseSend, cancel: cancel}
}

// join opens a GossipStream and runs the handshake of a Fabric initiator on it, without looking at what the other end says of itself.
func (p *wirePeer) join(endpoint string) *wireStream {
	p.w.t.Helper()
	s := p.dial(endpoint).open(p.clientHello())
	s.read()
	return s
}

// next returns what Recv returns next; the test fails if it does not return.
func (s *wireStream) next() (*proto.Envelope, error) {
	s.t.Helper()
	type received struct {
		envelope *proto.Envelope
		err      error
	}
	r, _ := await(s.t, "Recv to return", async(func() received {
		envelope, err := s.Recv()
		return received{envelope, err}
	}))
	return r.envelope, r.err
}

// read returns the next message.
func (s *wireStream) read() *proto.GossipMessage {
	s.t.Helper()
	envelope, err := s.next()
	if err != nil {
		s.t.Fatalf("expected a message, the stream ended with %v", err)
	}
	return decode(s.t, envelope)
}

// end returns the status with which the other end has ended the stream; nil for a clean end. A message instead fails the test.
func (s *wireStream) end() error {
	s.t.Helper()
	envelope, err := s.next()
	if err == nil {
		s.t.Fatalf("expected the end of the stream, got %v", decode(s.t, envelope))
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// drain receives until the stream ends, and returns its status.
func (s *wireStream) drain() error {
	s.t.Helper()
	for {
		if _, err := s.next(); err != nil {
			return err
		}
	}
}

// write sends a message with a text.
func (s *wireStream) write(text string) {
	s.t.Helper()
	if err := s.Send(message(s.t, text).Envelope); err != nil {
		s.t.Fatal(err)
	}
}

// decode returns the message in an envelope.
func decode(t testing.TB, envelope *proto.Envelope) *proto.GossipMessage {
	t.Helper()
	msg := &proto.GossipMessage{}
	if err := protobuf.Unmarshal(envelope.Payload, msg); err != nil {
		t.Fatal(err)
	}
	return msg
}

// wireAcceptor is the server of a wirePeer. What it does with a stream is the test's choice.
type wireAcceptor struct {
	proto.UnimplementedGossipServer
	*wirePeer
	endpoint string
	serve    func(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error
	pings    atomic.Int64
	pingErr  error // what a Ping is answered with, in place of an answer
	streams  atomic.Int64
	server   *grpc.Server
	hello    func() *proto.Envelope // the ConnEstablish that it answers with
	received chan *proto.Envelope   // what arrives after the handshake
}

// acceptor starts a server, with serve as the life of each of its streams.
func (p *wirePeer) acceptor(serve func(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error) *wireAcceptor {
	p.w.t.Helper()
	return p.acceptorSpeaking(tls.VersionTLS13, serve)
}

// acceptorSpeaking is the same with a server that speaks no newer version of TLS than this.
func (p *wirePeer) acceptorSpeaking(version uint16, serve func(*wireAcceptor, proto.Gossip_GossipStreamServer) error) *wireAcceptor {
	p.w.t.Helper()
	a := &wireAcceptor{wirePeer: p, serve: serve, received: make(chan *proto.Envelope, 1000)}
	a.hello = func() *proto.Envelope { return p.serverHello() }
	creds := insecure.NewCredentials()
	if p.certs != nil {
		creds = credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{p.certs.Server}, ClientAuth: tls.RequestClientCert, MaxVersion: version,
		})
	}
	a.server = grpc.NewServer(grpc.Creds(creds))
	proto.RegisterGossipServer(a.server, a)
	lsnr := p.w.listen(p.name)
	a.endpoint = lsnr.Addr().String()
	done := async(func() error { return a.server.Serve(lsnr) })
	p.w.t.Cleanup(func() {
		a.server.Stop()
		await(p.w.t, "the server of "+p.name+" to end", done)
	})
	return a
}

// remote names the acceptor, PKI-ID included.
func (a *wireAcceptor) remote() *RemotePeer {
	return &RemotePeer{Endpoint: a.endpoint, PKIID: a.pkiID()}
}

// whoever names the acceptor by its endpoint.
func (a *wireAcceptor) whoever() *RemotePeer {
	return &RemotePeer{Endpoint: a.endpoint}
}

// Ping implements the service.
func (a *wireAcceptor) Ping(context.Context, *proto.Empty) (*proto.Empty, error) {
	a.pings.Add(1)
	return &proto.Empty{}, a.pingErr
}

// GossipStream implements the service.
func (a *wireAcceptor) GossipStream(stream proto.Gossip_GossipStreamServer) error {
	a.streams.Add(1)
	return a.serve(a, stream)
}

// likeFabric is the life of a stream in a Fabric peer from v2.1 on: it says who it is, unconditionally and at once, then reads the
// other's ConnEstablish; a probe ends there, and everything else is taken until the stream ends.
func likeFabric(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
	return a.fabric(stream, func(establish *proto.ConnEstablish) (done bool, err error) { return establish.Probe, nil })
}

// likeFabricBeforeProbes is the same in a Fabric peer before v2.1, which knows no probe.
func likeFabricBeforeProbes(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
	return a.fabric(stream, func(*proto.ConnEstablish) (done bool, err error) { return false, nil })
}

// likeFabricRefusing is a Fabric peer that does not like whoever calls: it has already answered when it finds out.
func likeFabricRefusing(words string) func(*wireAcceptor, proto.Gossip_GossipStreamServer) error {
	return func(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
		return a.fabric(stream, func(*proto.ConnEstablish) (done bool, err error) {
			return true, status.Error(codes.Unknown, words)
		})
	}
}

// endingItsFirst is a Fabric peer that reads nothing of its first stream after the handshake, and ends it when it is told how: with a
// status, or cleanly if the channel is closed.
func endingItsFirst(how <-chan error) func(*wireAcceptor, proto.Gossip_GossipStreamServer) error {
	return func(a *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
		return a.fabric(stream, func(*proto.ConnEstablish) (done bool, err error) {
			if a.streams.Load() > 1 {
				return false, nil
			}
			select {
			case err := <-how:
				return true, err
			case <-stream.Context().Done():
				return true, nil
			}
		})
	}
}

// mute is the life of a stream in somebody who neither speaks nor reads.
func mute(_ *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
	<-stream.Context().Done()
	return nil
}

// fabric is what the lives of streams above share. judge sees the other's ConnEstablish, and may end the stream there.
func (a *wireAcceptor) fabric(stream proto.Gossip_GossipStreamServer, judge func(*proto.ConnEstablish) (done bool, err error)) error {
	if err := stream.Send(a.hello()); err != nil {
		return err
	}
	envelope, err := stream.Recv()
	if err != nil {
		return err
	}
	msg := &proto.GossipMessage{}
	if err := protobuf.Unmarshal(envelope.Payload, msg); err != nil {
		return err
	}
	if done, err := judge(msg.GetConn()); done {
		return err
	}
	return a.takeAll(stream)
}

// stalled is a peer that completes the handshake and reads nothing more until it is told to. It makes the writer wait in gRPC, with
// messages too large for the window of HTTP/2.
func stalled(w *world, name string) (b *wireAcceptor, goOn chan struct{}) {
	goOn = make(chan struct{})
	b = w.wirePeer(name).acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
		return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
			select {
			case <-goOn:
			case <-stream.Context().Done():
			}
			return false, nil
		})
	})
	return b, goOn
}

// takeAll receives until the other end has finished.
func (a *wireAcceptor) takeAll(stream proto.Gossip_GossipStreamServer) error {
	for {
		envelope, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		a.received <- envelope
	}
}

func TestPingIsAnsweredToAnybody(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		anonymous := w.wirePeer("anonymous").dialTLS(b.endpoint, &tls.Config{})
		start := time.Now()
		if _, err := anonymous.Ping(t.Context(), &proto.Empty{}); err != nil {
			t.Error(err)
		}
		mustTakeNoTime(t, start)
		b.tr.wait(is(trace.PingServed))
	})
}

// What Fabric's peers say in a ConnEstablish, and nothing besides: an unknown field would be signed and pass, and lie about the version.
func TestConnEstablishIsWhatAFabricPeerSays(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		heard := make(chan *proto.Envelope, 2)
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			if err := stream.Send(b.hello()); err != nil {
				return err
			}
			envelope, err := stream.Recv()
			heard <- envelope
			return err
		})
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Fatal(err)
		}
		a.Send(message(t, "hello"), b.remote())
		c := w.wirePeer("C")
		answer, err := c.dial(a.endpoint).open(c.clientHello()).next()
		if err != nil {
			t.Fatal(err)
		}
		probe, _ := await(t, "the ConnEstablish of the handshake", heard)
		lasting, _ := await(t, "the ConnEstablish of the connection", heard)

		self := w.other(a)
		for name, c := range map[string]struct{ got, want *proto.Envelope }{
			"of a handshake":  {probe, self.clientHello(asProbe)},
			"of a connection": {lasting, self.clientHello()},
			"of an acceptor":  {answer, self.serverHello()},
		} {
			if diff := cmp.Diff(decode(t, c.want), decode(t, c.got), protocmp.Transform()); diff != "" {
				t.Errorf("the ConnEstablish %s differs (-want +got):\n%s", name, diff)
			}
			if err := a.idMapper.Verify(a.GetPKIid(), c.got.Signature, c.got.Payload); err != nil {
				t.Errorf("the ConnEstablish %s: %v", name, err)
			}
			if c.got.SecretEnvelope != nil {
				t.Errorf("the ConnEstablish %s has a secret", name)
			}
		}
	})
}

func TestSuccessIsFollowedBySilence(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		s := w.wirePeer("A").join(b.endpoint)
		more := async(func() error { _, err := s.Recv(); return err })
		time.Sleep(time.Minute)
		select {
		case err := <-more:
			t.Errorf("something came: %v", err)
		default:
		}
		b.mustStore(1)
		s.cancel()
		<-more
	})
}

func TestProbeIsAnsweredAndEndsCleanly(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		a := w.wirePeer("A")
		start := time.Now()
		s := a.dial(b.endpoint).open(a.clientHello(asProbe))
		answer := s.read().GetConn()
		if string(answer.GetPkiId()) != string(b.GetPKIid()) || answer.GetProbe() {
			t.Errorf("answered %v", answer)
		}
		if err := s.end(); err != nil {
			t.Errorf("ended with %v, want a clean end", err)
		}
		mustTakeNoTime(t, start)
		b.mustStore(0)
	})
}

// A Fabric peer that gets another ConnEstablish on an open stream takes it for cargo, which nobody subscribes to.
func TestSecondConnEstablishIsCargo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inbox := b.Accept(func(o any) bool { return o.(proto.ReceivedMessage).GetGossipMessage().IsDataMsg() })
		a := w.wirePeer("A")
		s := a.join(b.endpoint)
		for _, again := range []*proto.Envelope{a.clientHello(), w.wirePeer("C").clientHello(), a.clientHello(asProbe)} {
			if err := s.Send(again); err != nil {
				t.Fatal(err)
			}
		}
		s.write("still here")
		msg := receive(t, inbox)
		if got := textOf(msg.GetGossipMessage().GossipMessage); got != "still here" {
			t.Errorf("got %q", got)
		}
		if string(msg.GetConnectionInfo().ID) != string(a.pkiID()) {
			t.Error("the connection belongs to somebody else now")
		}
		b.mustStore(1)
	})
}

func TestNonceTagAndChannelOfAConnEstablishAreNotChecked(t *testing.T) {
	strange := func(msg *proto.GossipMessage) {
		msg.Nonce = 42
		msg.Tag = proto.GossipMessage_CHAN_ONLY
		msg.Channel = []byte("a channel")
	}
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		a := w.wirePeer("A")
		a.dial(b.endpoint).open(a.clientHello(strange)).read()

		c := w.wirePeer("C").acceptor(likeFabric)
		c.hello = func() *proto.Envelope { return c.serverHello(strange) }
		if _, err := b.Handshake(c.remote()); err != nil {
			t.Error(err)
		}
	})
}

// A field of a later version of the protocol is signed with the rest and otherwise passed over.
func TestUnknownFieldOfAConnEstablishIsNoFlaw(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		a := w.wirePeer("A")
		a.dial(b.endpoint).open(a.clientHello(func(msg *proto.GossipMessage) {
			msg.GetConn().ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
		})).read()
	})
}

func TestMessagesTravelBothWaysWithAFabricAcceptor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		inbox := a.Accept(everything)
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			return b.fabric(stream, func(establish *proto.ConnEstablish) (bool, error) {
				return establish.Probe, stream.Send(message(t, "from B").Envelope)
			})
		})
		sent := message(t, "from A")

		a.Send(sent, b.remote())

		got, _ := await(t, "the message", b.received)
		if diff := cmp.Diff(sent.Envelope, got, protocmp.Transform()); diff != "" {
			t.Errorf("the envelope changed on its way (-sent +received):\n%s", diff)
		}
		if got := receiveTexts(t, inbox, 1); got[0] != "from B" {
			t.Errorf("got %q", got)
		}
	})
}

func TestMessagesTravelBothWaysWithAFabricInitiator(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inbox := b.Accept(everything)
		a := w.wirePeer("A")
		s := a.join(b.endpoint)
		s.write("from A")
		msg := receive(t, inbox)
		msg.Respond(message(t, "from B").GossipMessage)
		if got := textOf(s.read()); got != "from B" {
			t.Errorf("got %q", got)
		}
		info := msg.GetConnectionInfo()
		if string(info.Identity) != string(a.id.Serialize()) || info.Endpoint == "" {
			t.Errorf("the sender is known as %v", info)
		}
		if err := b.idMapper.Verify(info.ID, info.Auth.Signature, info.Auth.SignedData); err != nil {
			t.Errorf("what the sender signed does not verify: %v", err)
		}
	})
}

// A Fabric initiator sends its ConnEstablish and reads, so an acceptor that reads first keeps it waiting for no more than a round trip;
// messages that it sends before it has the answer are not lost.
func TestMessageSentBeforeTheAnswerArrives(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inbox := b.Accept(everything)
		a := w.wirePeer("A")
		a.dial(b.endpoint).open(a.clientHello(), message(t, "eager").Envelope)
		if got := receiveTexts(t, inbox, 1); got[0] != "eager" {
			t.Errorf("got %q", got)
		}
	})
}

func TestWirePeerCompletesAHandshakeOverLoopbackTCP(t *testing.T) {
	w := onLoopback(t)
	a := w.peer("A")
	if _, err := a.Handshake(w.wirePeer("B").acceptor(likeFabric).remote()); err != nil {
		t.Error(err)
	}
	w.wirePeer("C").join(a.endpoint)
}
