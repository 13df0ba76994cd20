package lab

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"

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

	lab    *Lab
	mapper identity.Mapper
	self   *msp.SigningIdentity
	once   sync.Once
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
	p, err := lb.newPeer(name, conf)
	if err != nil {
		return nil, fmt.Errorf("making peer %s: %w", name, err)
	}
	lb.mu.Lock()
	defer lb.mu.Unlock()
	lb.peers = append(lb.peers, p)
	return p, nil
}

func (lb *Lab) newPeer(name string, conf PeerConfig) (*Peer, error) {
	certs, err := msp.NewTLSCertificates(name)
	if err != nil {
		return nil, err
	}
	crypto, err := msp.New(conf.Identity, Roots()...)
	if err != nil {
		return nil, err
	}
	self := conf.Identity.Serialize()
	mapper, err := identity.NewIdentityMapper(crypto, self, func(common.PKIidType, api.PeerIdentityType) {},
		identity.Config{AfterFunc: lb.clock.AfterFunc})
	if err != nil {
		return nil, err
	}
	listener, err := lb.network.listen(name)
	if err != nil {
		mapper.Stop()
		return nil, err
	}
	p := &Peer{Name: name, Endpoint: listener.Addr().String(), PKIID: conf.Identity.PKIID(), lab: lb, mapper: mapper, self: conf.Identity}
	lb.settled(name, p.Endpoint)
	// Told before the instance is made: a stranger may dial as soon as it listens, and nobody should act before he is born.
	lb.record(timeline.Event{Kind: timeline.KindBirth, Peer: name, Birth: &timeline.Birth{
		Name: name, Organisation: conf.Identity.MSPID(), PKIID: p.PKIID, Endpoint: p.Endpoint,
		ServerCertHash: certHash(certs.Server.Certificate[0]), ClientCertHash: certHash(certs.Client.Certificate[0]),
	}})
	conf.Comm.Tracer = &tracer{lab: lb, peer: name}
	conf.Comm.AfterFunc = lb.clock.AfterFunc
	p.Comm, err = comm.NewCommInstanceWithServer(listener, certs, mapper, self, conf.Comm, grpc.WithContextDialer(lb.dialer(name)))
	if err != nil {
		listener.Close()
		mapper.Stop()
		return nil, err
	}
	return p, nil
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
func (p *Peer) Identity() api.PeerIdentityType { return p.self.Serialize() }

// act records something that is done to the peer from outside.
func (p *Peer) act(verb, target, detail string) {
	e := timeline.Event{Kind: timeline.KindAct, Peer: p.Name, Act: &timeline.Act{Verb: verb, Target: target, Detail: detail}}
	p.lab.tell(e)
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

// Send has the peer send a data message with this content.
func (p *Peer) Send(content string, remotes ...*comm.RemotePeer) error {
	msg := &proto.GossipMessage{
		Tag: proto.GossipMessage_CHAN_AND_ORG,
		Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{
			Payload: &proto.Payload{Data: []byte(content)},
		}},
	}
	signed, err := msg.NoopSign()
	if err != nil {
		return err
	}
	for _, remote := range remotes {
		p.act("send", p.lab.nameOf(remote), content)
	}
	p.Comm.Send(signed, remotes...)
	return nil
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

// Stop stops the peer and all that it is made of. It may be called more than once.
func (p *Peer) Stop() {
	p.once.Do(func() {
		p.lab.record(timeline.Event{Kind: timeline.KindAct, Peer: p.Name, Act: &timeline.Act{Verb: "stop"}})
		p.Comm.Stop()
		p.mapper.Stop()
		p.lab.record(timeline.Event{Kind: timeline.KindDeath, Peer: p.Name, Death: &timeline.Death{Cause: "stopped"}})
	})
}
