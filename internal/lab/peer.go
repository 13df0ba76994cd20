package lab

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"gossipscope/comm"
	"gossipscope/comm/api"
	"gossipscope/comm/common"
	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// Peer is one real instance of the layer. What is done to it through its own methods is recorded as an act; what the layer then does
// is recorded as its steps.
type Peer struct {
	Name     string
	Endpoint string
	PKIID    common.PKIidType
	Comm     comm.Comm

	lab      *Lab
	conf     PeerConfig
	certs    *common.TLSCertificates
	mapper   identity.Mapper
	listener net.Listener
	tracer   *tracer
	ending   sync.Once
	over     chan struct{} // closed when it has ended, stopped or killed
}

// PeerConfig is what a peer is made of beyond its name.
type PeerConfig struct {
	Identity *msp.SigningIdentity // nil for the fixed one of the peer's name
	Comm     comm.Config          // tracer and clock are the lab's, whatever stands here
}

// NewPeer makes a peer that listens and answers. Peers A to H of Org1 and I to P of Org2 have fixed identities (identities.go); any
// other name needs an identity in conf.
func (lb *Lab) NewPeer(name string, conf PeerConfig) (*Peer, error) {
	if conf.Identity == nil {
		fixed, err := FixedIdentity(name)
		if err != nil {
			return nil, err
		}
		conf.Identity = fixed
	}
	certs, err := msp.NewTLSCertificates(name)
	if err != nil {
		return nil, fmt.Errorf("making peer %s: %w", name, err)
	}
	return lb.begin(&Peer{Name: name, conf: conf, certs: certs})
}

// ErrAlive means that a peer cannot be restarted, since it has not ended.
var ErrAlive = errors.New("the peer is alive")

// Restart begins a new life of a peer that was stopped or killed: a new instance of the layer, with the same identity and the same
// certificates, at the same endpoint. It remembers nothing. The old Peer stays what it was, ended.
func (lb *Lab) Restart(p *Peer) (*Peer, error) {
	select {
	case <-p.over:
	default:
		return nil, fmt.Errorf("restarting peer %s: %w", p.Name, ErrAlive)
	}
	lb.tell(timeline.Event{Kind: timeline.KindAct, Peer: p.Name, Act: &timeline.Act{Verb: "restart"}})
	return lb.begin(&Peer{Name: p.Name, Endpoint: p.Endpoint, conf: p.conf, certs: p.certs})
}

// begin begins the life of a peer that has a name, a configuration, certificates and perhaps an endpoint.
func (lb *Lab) begin(p *Peer) (*Peer, error) {
	p.lab, p.over = lb, make(chan struct{})
	p.PKIID = p.conf.Identity.PKIID()
	p.tracer = &tracer{lab: lb, peer: p.Name, gone: make(chan struct{})}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("making peer %s: %w", p.Name, err)
	}
	lb.mu.Lock()
	closed := lb.closed
	lb.peers = append(lb.peers, p)
	lb.mu.Unlock()
	if closed {
		p.Stop()
		return nil, fmt.Errorf("making peer %s: %w", p.Name, errLabClosed)
	}
	return p, nil
}

func (p *Peer) start() error {
	lb, id := p.lab, p.conf.Identity
	crypto, err := msp.New(id, Roots()...)
	if err != nil {
		return err
	}
	self := id.Serialize()
	p.mapper, err = identity.NewIdentityMapper(crypto, self, func(common.PKIidType, api.PeerIdentityType) {},
		identity.Config{AfterFunc: lb.clock.AfterFunc})
	if err != nil {
		return err
	}
	p.listener, err = lb.network.listen(p.Name, p.Endpoint)
	if err != nil {
		p.mapper.Stop()
		return err
	}
	p.Endpoint = p.listener.Addr().String()
	lb.settled(p.Name, p.Endpoint, p.tracer.gone)
	// Told before the instance is made: a stranger may dial as soon as it listens, and nobody should act before he is born.
	lb.record(timeline.Event{Kind: timeline.KindBirth, Peer: p.Name, Birth: &timeline.Birth{
		Name: p.Name, Organisation: id.MSPID(), PKIID: p.PKIID, Endpoint: p.Endpoint,
		ServerCertHash: certHash(p.certs.Server.Certificate[0]), ClientCertHash: certHash(p.certs.Client.Certificate[0]),
	}})
	conf := p.conf.Comm
	conf.Tracer = p.tracer
	conf.AfterFunc = lb.clock.AfterFunc
	p.Comm, err = comm.NewCommInstanceWithServer(p.listener, p.certs, p.mapper, self, conf,
		grpc.WithContextDialer(lb.dialer(p.Name, p.tracer.gone)))
	if err != nil {
		p.listener.Close()
		p.mapper.Stop()
	}
	return err
}

func certHash(der []byte) []byte {
	hash := sha256.Sum256(der)
	return hash[:]
}

// Remote returns the peer as the others see it.
func (p *Peer) Remote() *comm.RemotePeer {
	return &comm.RemotePeer{Endpoint: p.Endpoint, PKIID: p.PKIID}
}

// Identity returns the identity that the peer shows.
func (p *Peer) Identity() api.PeerIdentityType { return p.conf.Identity.Serialize() }

// Certificates returns the two TLS certificates that the peer shows. A recording holds their hashes only; whoever wants to compute these
// again needs the certificates themselves.
func (p *Peer) Certificates() *common.TLSCertificates { return p.certs }

// act records something that is done to the peer from outside, unless it was killed: the dead do nothing, and neither do those who
// lived in the same process, such as its subscribers.
func (p *Peer) act(verb, target, detail string) {
	p.acts(timeline.Act{Verb: verb, Target: target, Detail: detail})
}

// acts is act for what has more to it.
func (p *Peer) acts(a timeline.Act) {
	select {
	case <-p.tracer.gone:
	default:
		p.lab.tell(timeline.Event{Kind: timeline.KindAct, Peer: p.Name, Act: &a})
	}
}

// nameOf returns the name of the peer that is meant: the one with the PKI-ID, or else whoever is at the endpoint.
func (lb *Lab) nameOf(remote *comm.RemotePeer) string {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	for _, p := range lb.peers {
		if bytes.Equal(p.PKIID, remote.PKIID) {
			return p.Name
		}
	}
	return lb.names[remote.Endpoint]
}

// dataMessage returns a message with this content.
func dataMessage(content string) *proto.GossipMessage {
	return &proto.GossipMessage{
		Tag: proto.GossipMessage_CHAN_AND_ORG,
		Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{
			Payload: &proto.Payload{Data: []byte(content)},
		}},
	}
}

// Send has the peer send a data message with this content.
func (p *Peer) Send(content string, remotes ...*comm.RemotePeer) error {
	signed, err := dataMessage(content).NoopSign()
	if err != nil {
		return err
	}
	for _, remote := range remotes {
		p.act("send", p.lab.nameOf(remote), content)
	}
	p.Comm.Send(signed, remotes...)
	return nil
}

// SendWithAck has the peer send a data message with this content, and wait as Comm.SendWithAck does. timeout runs by the lab's clock.
func (p *Peer) SendWithAck(content string, timeout time.Duration, minAck int, remotes ...*comm.RemotePeer) comm.AggregatedSendResult {
	var names []string
	for _, remote := range remotes {
		names = append(names, p.lab.nameOf(remote))
	}
	p.acts(timeline.Act{Verb: "send-with-ack", Target: strings.Join(names, ", "), Detail: content,
		Terms: fmt.Sprintf("minAck %d, timeout %v", minAck, timeout)})
	return p.Comm.SendWithAck(&proto.SignedGossipMessage{GossipMessage: dataMessage(content)}, timeout, minAck, remotes...)
}

// Subscribe has the peer accept the messages for which wants returns true. The channel is closed when the peer ends. Whoever subscribes
// must read: a subscriber that does not read holds up the connections that feed it, which some lessons are about.
func (p *Peer) Subscribe(wants common.MessageAcceptor) <-chan proto.ReceivedMessage {
	p.act("accept", "", "")
	return p.Comm.Accept(wants)
}

// Respond has the peer, which received msg, answer it with a data message of this content, over the connection that brought it.
func (p *Peer) Respond(msg proto.ReceivedMessage, content string) {
	p.act("respond", p.sender(msg), content)
	msg.Respond(dataMessage(content))
}

// Ack has the peer, which received msg, acknowledge it, or refuse it with the words of err.
func (p *Peer) Ack(msg proto.ReceivedMessage, err error) {
	words := ""
	if err != nil {
		words = err.Error()
	}
	p.act("ack", p.sender(msg), words)
	msg.Ack(err)
}

// sender returns the name of who sent the message.
func (p *Peer) sender(msg proto.ReceivedMessage) string {
	info := msg.GetConnectionInfo()
	if info == nil {
		return ""
	}
	return p.lab.nameOf(&comm.RemotePeer{Endpoint: info.Endpoint, PKIID: info.ID})
}

// Handshake has the peer find out who is at an endpoint.
func (p *Peer) Handshake(remote *comm.RemotePeer) (api.PeerIdentityType, error) {
	p.act("handshake", p.lab.nameOf(remote), "")
	return p.Comm.Handshake(remote)
}

// Probe has the peer find out whether anybody is at an endpoint.
func (p *Peer) Probe(remote *comm.RemotePeer) error {
	p.act("probe", p.lab.nameOf(remote), "")
	return p.Comm.Probe(remote)
}

// CloseConn has the peer close its connection to another.
func (p *Peer) CloseConn(remote *comm.RemotePeer) {
	p.act("close", p.lab.nameOf(remote), "")
	p.Comm.CloseConn(remote)
}

// Stop stops the peer and all that it is made of, and returns when nothing of it runs any more. It may be called more than once. It
// waits for goroutines that a hold of the lesson keeps: to stop a peer of which somebody is held, call Stop on another goroutine, and
// release the hold.
func (p *Peer) Stop() {
	p.ending.Do(func() {
		p.lab.record(timeline.Event{Kind: timeline.KindAct, Peer: p.Name, Act: &timeline.Act{Verb: "stop"}})
		p.Comm.Stop()
		p.mapper.Stop()
		p.lab.record(timeline.Event{Kind: timeline.KindDeath, Peer: p.Name, Death: &timeline.Death{Cause: "stopped"}})
		close(p.over)
	})
}

// Kill ends the peer as a process ends that is killed: in the middle of everything, without a word to anybody. At once all its links
// are cut, nobody listens at its endpoint, and nothing that its goroutines may still do is recorded, or reaches anybody. Those that are
// held go on, unseen. Kill returns when nothing of the peer runs any more. A subscriber may still be handed what was on its way to it
// inside the peer, then it finds its channel closed; what it does with the peer is not recorded either. On a peer that has ended Kill
// does nothing.
func (p *Peer) Kill() {
	p.ending.Do(func() {
		p.act("kill", "", "")
		p.tracer.silence(timeline.Event{Kind: timeline.KindDeath, Peer: p.Name, Death: &timeline.Death{Cause: "killed"}})
		p.lab.sever(p)
		p.listener.Close()
		p.Comm.Stop()
		p.mapper.Stop()
		close(p.over)
	})
}

// sever cuts every link of a peer, before its goroutines go on: what they still write must reach nobody.
func (lb *Lab) sever(p *Peer) {
	for _, l := range lb.Links() {
		if (l.Dialer == p.Name || l.Listener == p.Name) && l.finish() {
			lb.record(l.event(timeline.LinkCut, p.Name+" was killed"))
			l.reset()
		}
	}
	lb.mu.Lock()
	defer lb.mu.Unlock()
	close(p.tracer.gone) // under mu, as enlist looks: from here on it makes no link
}
