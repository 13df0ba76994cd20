package session

// What an intruder can do to a peer. Each trick is made so that one check of the handshake stops it, and the words under which it is
// recorded are those of lesson 2, which explains them one by one.

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/msp"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// Trick is a way to try to get past the handshake.
type Trick string

// The tricks, in the order of the checks that stop them.
const (
	NoTLS              Trick = "no TLS"              // an HTTP request in the clear
	NoCertificate      Trick = "no TLS certificate"  // TLS, and no certificate shown in it
	Silence            Trick = "silence"             // a stream on which nothing is said
	Garbage            Trick = "garbage"             // a first envelope that holds no message
	NotAHandshake      Trick = "wrong first message" // a first message that is data already
	NoPKIID            Trick = "no PKI-ID"
	WrongPKIID         Trick = "wrong PKI-ID"        // a real identity, under the PKI-ID of another
	ForeignCA          Trick = "foreign CA"          // an identity from an authority that only calls itself by the name of one
	Expired            Trick = "expired identity"    // an identity from the right authority, of the last century
	Replayed           Trick = "replay"              // the ConnEstablish that another peer has sent, as it was
	SwappedCertificate Trick = "swapped certificate" // a man in the middle: both ends are honest, and see his certificate
	WrongKey           Trick = "another's key"       // another's identity, signed with a key that is not its
)

// Tricks lists all of them.
func Tricks() []Trick {
	return []Trick{NoTLS, NoCertificate, Silence, Garbage, NotAHandshake, NoPKIID, WrongPKIID, ForeignCA, Expired, Replayed, SwappedCertificate, WrongKey}
}

// Name returns what a trick is called.
func (t Trick) Name() text.Text { return trickNames[t] }

var trickNames = map[Trick]text.Text{
	NoTLS:              {Zh: "不说 TLS", En: "No TLS"},
	NoCertificate:      {Zh: "不出示 TLS 证书", En: "No TLS certificate"},
	Silence:            {Zh: "沉默", En: "Silence"},
	Garbage:            {Zh: "乱码", En: "Garbage"},
	NotAHandshake:      {Zh: "跳过握手，直接发数据", En: "Data instead of a handshake"},
	NoPKIID:            {Zh: "没有 PKI-ID", En: "No PKI-ID"},
	WrongPKIID:         {Zh: "冒用 PKI-ID", En: "Another's PKI-ID"},
	ForeignCA:          {Zh: "冒牌 CA", En: "A foreign CA"},
	Expired:            {Zh: "过期的身份", En: "An expired identity"},
	Replayed:           {Zh: "重放", En: "A replay"},
	SwappedCertificate: {Zh: "中间人，换掉 TLS 证书", En: "A man in the middle, with his own TLS certificate"},
	WrongKey:           {Zh: "别人的身份，不是他的私钥", En: "Another's identity, a wrong key"},
}

// The intruders of a person are called neither like a peer of the lab nor like those of the lessons, X and M.
const (
	strangerName  = "Y"
	middlemanName = "Z"
)

// intruders are those whom the person has sent in. The lab closes them.
type intruders struct {
	mu        sync.Mutex // guards what follows; the making of an intruder included, so that there is one
	stranger  *lab.Intruder
	busy      int                       // attacks under way
	middlemen map[string]*lab.Middleman // by whom they stand in front of
}

func (p *plan) attack() ([]func(), error) {
	victim, err := p.peer()
	if err != nil {
		return nil, err
	}
	trick := p.act.Trick
	if _, known := trickNames[trick]; !known {
		return nil, refuse(UnknownTrick, text.Printable(string(trick)))
	}
	if trick == SwappedCertificate {
		return p.deceive(victim)
	}
	hello, err := p.hello(victim, trick)
	if err != nil {
		return nil, err
	}
	return []func(){func() {
		in, err := p.enter()
		if err == nil {
			defer p.leave(in)
			err = p.try(in, victim, trick, hello)
		}
		p.report(err, says.noIntruder, victim.Name)
	}}, nil
}

// enter returns the stranger, making him if he is not there yet.
func (l *Live) enter() (*lab.Intruder, error) {
	in := &l.intruders
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.stranger == nil {
		stranger, err := l.lab.NewIntruder(strangerName)
		if err != nil {
			return nil, err
		}
		in.stranger = stranger
	}
	in.busy++
	return in.stranger, nil
}

// leave has the stranger hang up when nothing that he does is under way any more.
func (l *Live) leave(stranger *lab.Intruder) {
	in := &l.intruders
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.busy--; in.busy == 0 {
		stranger.HangUp()
	}
}

// try makes the attack, and returns when the victim has put an end to it: how, the victim's steps tell.
func (l *Live) try(in *lab.Intruder, victim *lab.Peer, trick Trick, hello func(*lab.Intruder) (*proto.Envelope, error)) error {
	ctx, cancel := context.WithCancel(l.life)
	defer cancel()
	if trick == NoTLS {
		l.perform(in.Name, string(Attack), func() {
			in.Knock(ctx, victim, []byte("GET / HTTP/1.1\r\nHost: "+victim.Name+"\r\n\r\n"), string(trick))
		})
		return nil
	}
	var stream proto.Gossip_GossipStreamClient
	var err error
	l.perform(in.Name, string(Attack), func() { stream, err = in.Open(ctx, victim, trick != NoCertificate, string(trick)) })
	if err != nil {
		return err
	}
	if hello != nil {
		envelope, err := hello(in)
		if err != nil {
			return err
		}
		stream.Send(envelope) // if the stream has ended already, Recv tells
	}
	stream.Recv()
	return nil
}

// hello returns what makes the first envelope that the stranger sends, nil if he sends none. What it claims carries the hash of his own
// certificate, so it is made when he is there.
func (p *plan) hello(victim *lab.Peer, trick Trick) (func(*lab.Intruder) (*proto.Envelope, error), error) {
	others := strangersTo(victim.Name)
	another, stolen := others[0], others[1]
	switch trick {
	case NoTLS, Silence:
		return nil, nil
	case Garbage:
		return always(&proto.Envelope{Payload: []byte("\xff\xff garbage"), Signature: []byte("?")}), nil
	case NotAHandshake:
		msg, err := (&proto.GossipMessage{Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{}}}).NoopSign()
		if err != nil {
			return nil, err
		}
		return always(msg.Envelope), nil
	case Replayed:
		envelope := recorded(p.now(), victim)
		if envelope == nil {
			return nil, refuse(NothingToReplay, victim.Name)
		}
		return always(envelope), nil
	case NoPKIID:
		return claiming(stolen, stolen, nil), nil
	case WrongPKIID:
		return claiming(stolen, stolen, another.PKIID()), nil
	case WrongKey:
		return claiming(another, stolen, another.PKIID()), nil
	case ForeignCA, Expired:
		return func(in *lab.Intruder) (*proto.Envelope, error) {
			forged, err := forge(trick, another.MSPID())
			if err != nil {
				return nil, err
			}
			return claiming(forged, forged, forged.PKIID())(in)
		}, nil
	}
	return claiming(another, another, another.PKIID()), nil
}

func always(envelope *proto.Envelope) func(*lab.Intruder) (*proto.Envelope, error) {
	return func(*lab.Intruder) (*proto.Envelope, error) { return envelope, nil }
}

// claiming returns what makes a ConnEstablish that shows one identity and a PKI-ID, with the hash of the intruder's own certificate, and is
// signed with the key of another.
func claiming(shown, key *msp.SigningIdentity, pkiID []byte) func(*lab.Intruder) (*proto.Envelope, error) {
	return func(in *lab.Intruder) (*proto.Envelope, error) {
		return lab.Claim(&proto.ConnEstablish{PkiId: pkiID, Identity: shown.Serialize(), TlsCertHash: in.CertHash()}, key)
	}
}

// strangersTo returns identities that the stranger may borrow, or have stolen: not the victim's own, which would be another story.
func strangersTo(victim string) (others []*msp.SigningIdentity) {
	for _, name := range []string{"A", "C", "E"} {
		if identity, err := lab.FixedIdentity(name); err == nil && name != victim {
			others = append(others, identity)
		}
	}
	return others
}

// forge returns an identity that nobody should accept: of an authority of the intruder's own, or long expired.
func forge(trick Trick, mspID string) (*msp.SigningIdentity, error) {
	if trick == Expired {
		return lab.Authority(mspID).Issue("A", msp.WithValidity(
			time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC), time.Date(1999, time.July, 1, 0, 0, 0, 0, time.UTC)))
	}
	authority, err := msp.NewAuthority(mspID)
	if err != nil {
		return nil, fmt.Errorf("making an authority: %w", err)
	}
	return authority.Issue("A")
}

// recorded returns a ConnEstablish that somebody has proven himself with, nil if there is none: to the victim if possible, else to
// another peer.
func recorded(st *timeline.State, victim *lab.Peer) (found *proto.Envelope) {
	for _, peer := range st.Peers {
		for _, c := range peer.Connections {
			for _, m := range c.Incoming() {
				if m.Kind != timeline.HandshakeMessage || !c.Proven {
					continue
				}
				if found = m.Envelope; peer.Birth.Name == victim.Name {
					return found
				}
			}
		}
	}
	return found
}

// deceive has somebody shake hands with the victim, as he thinks, while a man in the middle listens.
func (p *plan) deceive(victim *lab.Peer) ([]func(), error) {
	caller, err := p.caller(victim)
	if err != nil {
		return nil, err
	}
	return []func(){func() {
		m, err := p.middleman(victim)
		if err != nil {
			p.report(err, says.noIntruder, victim.Name)
			return
		}
		p.perform(m.Name, string(Attack), func() {
			p.lab.Act(m.Name, timeline.Act{Verb: string(Attack), Target: victim.Name, Detail: string(SwappedCertificate)})
		})
		p.perform(caller.Name, string(Handshake), func() {
			caller.Handshake(&comm.RemotePeer{Endpoint: m.Endpoint, PKIID: victim.PKIID})
		})
	}}, nil
}

// caller returns who is to be deceived: the one that was chosen, or else the first other peer that runs.
func (p *plan) caller(victim *lab.Peer) (*lab.Peer, error) {
	if len(p.act.Targets) > 0 {
		name := p.act.Targets[0]
		if name == victim.Name {
			return nil, refuse(ToItself, name)
		}
		return p.living(name)
	}
	for _, peer := range p.lab.Peers() {
		if caller, err := p.living(peer.Name); err == nil && caller != victim {
			return caller, nil
		}
	}
	return nil, refuse(NoTarget)
}

// middleman returns who stands in front of the victim, making him if he is not there yet.
func (l *Live) middleman(victim *lab.Peer) (*lab.Middleman, error) {
	in := &l.intruders
	in.mu.Lock()
	defer in.mu.Unlock()
	if m := in.middlemen[victim.Name]; m != nil {
		return m, nil
	}
	name := middlemanName
	if n := len(in.middlemen); n > 0 {
		name = fmt.Sprintf("%s%d", middlemanName, n+1)
	}
	m, err := l.lab.NewMiddleman(name, victim)
	if err != nil {
		return nil, err
	}
	if in.middlemen == nil {
		in.middlemen = make(map[string]*lab.Middleman)
	}
	in.middlemen[victim.Name] = m
	return m, nil
}
