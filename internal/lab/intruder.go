package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"gossipscope/comm/msp"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// Intruder is somebody who speaks the wire protocol by hand, and may lie: it uses the generated messages and gRPC, and nothing of
// the layer. It can do to a peer exactly what a stranger on the network can.
type Intruder struct {
	Name string

	lab   *Lab
	certs *tls.Certificate // what it shows in TLS

	mu     sync.Mutex // guards what follows
	closed bool       // the lab has been closed: nothing new is begun
	conns  []io.Closer
}

// NewIntruder makes an intruder with a TLS certificate of its own.
func (lb *Lab) NewIntruder(name string) (*Intruder, error) {
	cert, err := msp.NewTLSCertificate(name, msp.TLSClient)
	if err != nil {
		return nil, err
	}
	in := &Intruder{Name: name, lab: lb, certs: &cert}
	if err := lb.admit(in, &timeline.Birth{Name: name, ClientCertHash: in.CertHash(), Intruder: true}); err != nil {
		return nil, err
	}
	return in, nil
}

// errLabClosed is why nothing is begun any more.
var errLabClosed = errors.New("the lab is closed")

// admit lets somebody into the lab who is no peer, and whom the lab's Close will close. If it comes too late for that, it closes him and
// says so.
func (lb *Lab) admit(guest interface{ close() }, birth *timeline.Birth) error {
	lb.mu.Lock()
	closed := lb.closed
	if !closed {
		lb.guests = append(lb.guests, guest)
	}
	lb.mu.Unlock()
	if closed {
		guest.close()
		return fmt.Errorf("admitting %s: %w", birth.Name, errLabClosed)
	}
	lb.record(timeline.Event{Kind: timeline.KindBirth, Peer: birth.Name, Birth: birth})
	return nil
}

// CertHash returns the hash of the certificate that the intruder shows in TLS.
func (in *Intruder) CertHash() []byte { return certHash(in.certs.Certificate[0]) }

// Open opens a stream to a peer, showing a TLS certificate or not. trick says, for the record, what the intruder is up to.
func (in *Intruder) Open(ctx context.Context, target *Peer, showCertificate bool, trick string) (proto.Gossip_GossipStreamClient, error) {
	in.announce(target, trick)
	conf := &tls.Config{InsecureSkipVerify: true}
	if showCertificate {
		conf.Certificates = []tls.Certificate{*in.certs}
	}
	cc, err := grpc.NewClient("passthrough:///"+target.Endpoint, grpc.WithNoProxy(),
		grpc.WithTransportCredentials(credentials.NewTLS(conf)), grpc.WithContextDialer(in.lab.dialer(in.Name, nil)))
	if err != nil {
		return nil, err
	}
	if err := in.keep(cc); err != nil {
		return nil, err
	}
	return proto.NewGossipClient(cc).GossipStream(ctx)
}

// Knock opens a line to a peer, writes these bytes to it as they are, without TLS, and returns what comes back before the peer hangs
// up. However it hangs up is no error: an end and a broken line say the same to somebody who is not wanted. It returns an error if there
// was no line, or ctx ended first. trick says, for the record, what the intruder is up to.
func (in *Intruder) Knock(ctx context.Context, target *Peer, words []byte, trick string) (answer []byte, err error) {
	in.announce(target, trick)
	line, err := in.lab.dialer(in.Name, nil)(ctx, target.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := in.keep(line); err != nil {
		return nil, err
	}
	defer line.Close()
	defer context.AfterFunc(ctx, func() { line.Close() })()
	line.Write(words)            // if the peer has hung up already, reading tells
	answer, _ = io.ReadAll(line) // also if it broke
	return answer, context.Cause(ctx)
}

// announce records what the intruder is about to do.
func (in *Intruder) announce(target *Peer, trick string) {
	in.lab.tell(timeline.Event{Kind: timeline.KindAct, Peer: in.Name, Act: &timeline.Act{Verb: "attack", Target: target.Name, Detail: trick}})
}

// keep notes a connection for closing. If it comes too late for that, it closes it and says so.
func (in *Intruder) keep(conn io.Closer) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		conn.Close()
		return errLabClosed
	}
	in.conns = append(in.conns, conn)
	return nil
}

// Claim returns a ConnEstablish signed with key, in which everything else may be borrowed.
func Claim(establish *proto.ConnEstablish, key *msp.SigningIdentity) (*proto.Envelope, error) {
	msg := &proto.SignedGossipMessage{GossipMessage: &proto.GossipMessage{
		Tag: proto.GossipMessage_EMPTY, Content: &proto.GossipMessage_Conn{Conn: establish},
	}}
	return msg.Sign(key.Sign)
}

// HangUp closes every connection that the intruder has made.
func (in *Intruder) HangUp() {
	in.mu.Lock()
	conns := in.conns
	in.conns = nil
	in.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
	}
}

// close implements what a lab asks of its guests.
func (in *Intruder) close() {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	in.HangUp()
}

// Middleman stands between two peers: whoever dials it is connected to target, by two TLS sessions in which it shows a certificate of
// its own. It passes every byte on as it came; all that it could change is in the clear to it.
type Middleman struct {
	Name     string
	Endpoint string // where it waits for those who think that target lives there

	lab      *Lab
	cert     tls.Certificate
	target   *Peer
	listener net.Listener
	relays   sync.WaitGroup
	life     context.Context
	endLife  context.CancelFunc
}

// NewMiddleman makes a man in the middle in front of target.
func (lb *Lab) NewMiddleman(name string, target *Peer) (*Middleman, error) {
	cert, err := msp.NewTLSCertificate(name, msp.TLSServer)
	if err != nil {
		return nil, err
	}
	listener, err := lb.network.listen(name, "")
	if err != nil {
		return nil, err
	}
	m := &Middleman{Name: name, Endpoint: listener.Addr().String(), lab: lb, cert: cert, target: target, listener: listener}
	m.life, m.endLife = context.WithCancel(context.Background())
	lb.settled(name, m.Endpoint, nil)
	hash := certHash(cert.Certificate[0])
	m.relays.Go(m.accept)
	err = lb.admit(m, &timeline.Birth{Name: name, Endpoint: m.Endpoint, ServerCertHash: hash, ClientCertHash: hash, Intruder: true})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// accept relays connection after connection until the listener is closed.
func (m *Middleman) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return
		}
		m.relays.Go(func() { m.relay(conn) })
	}
}

// relay connects the caller with the target, and returns when either has hung up.
func (m *Middleman) relay(raw net.Conn) {
	caller := tls.Server(raw, m.config())
	defer caller.Close()
	onward, err := m.lab.dialer(m.Name, nil)(m.life, m.target.Endpoint)
	if err != nil {
		return
	}
	target := tls.Client(onward, m.config())
	defer target.Close()
	stop := context.AfterFunc(m.life, func() {
		raw.Close()
		onward.Close()
	})
	defer stop()
	var halves sync.WaitGroup
	halves.Go(func() { pass(target, caller) })
	pass(caller, target)
	halves.Wait()
}

// pass copies one direction, and hangs up on both when it ends: HTTP/2 has no use for half a connection.
func pass(to, from *tls.Conn) {
	io.Copy(to, from) // however it ends, the relay is over
	to.NetConn().Close()
	from.NetConn().Close()
}

// config is the TLS of both sessions: what gRPC speaks, and a certificate asked of whoever calls, as a peer would.
func (m *Middleman) config() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{m.cert}, InsecureSkipVerify: true, ClientAuth: tls.RequestClientCert, NextProtos: []string{"h2"}}
}

func (m *Middleman) close() {
	m.endLife()
	m.listener.Close()
	m.relays.Wait()
}
