// What has been found out about an identity is remembered here. In a handshake each end parses the other's certificate four times, judges
// it twice, and checks a signature: between two peers that have met before, that was a quarter of the time of all.
//
// It may be remembered because it cannot change unnoticed. The roots and the identity are immutable, so that the verdict depends on
// nothing but the time, and the moments at which it changes stand in the certificates. A signature that was right stays right: what
// keeps a recorded ConnEstablish from being used again is the TLS certificate that it is bound to, not the signature.
//
// Only what is acceptable is remembered, and only in the form in which its owner sends it. There is no end of identities that a stranger
// can make up, nor of fields that he can add to a good one; but he cannot make up one that an authority has issued.

package msp

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"sync/atomic"
	"time"

	"gossipscope/comm/api"
)

// maxRemembered is how many identities are remembered. With more peers than that some are judged more often than they need.
const maxRemembered = 1000

// memory holds the identities that were found acceptable. The zero value is ready; it is safe for concurrent use.
type memory struct {
	sync.Mutex
	acceptances map[string]*acceptance // by serialized identity
}

// find returns what is remembered of an identity, nil for nothing.
func (m *memory) find(peerIdentity api.PeerIdentityType) *acceptance {
	m.Lock()
	defer m.Unlock()
	return m.acceptances[string(peerIdentity)]
}

// add remembers an acceptance. When there are too many all are forgotten: that costs each of them one more judgement, and needs no
// account of who was asked for when.
func (m *memory) add(peerIdentity api.PeerIdentityType, a *acceptance) {
	if !bytes.Equal(peerIdentity, a.Serialize()) {
		return
	}
	m.Lock()
	defer m.Unlock()
	if m.acceptances == nil || len(m.acceptances) >= maxRemembered {
		m.acceptances = make(map[string]*acceptance)
	}
	m.acceptances[string(peerIdentity)] = a
}

// acceptance is an identity that was found acceptable.
type acceptance struct {
	*Identity

	from, until time.Time             // it is acceptable while all certificates of its chain are valid
	proof       atomic.Pointer[proof] // the signature of it that was last found right; nil for none
}

// proof names a signature and what it signs.
type proof struct {
	signature, message [sha256.Size]byte
}

// accept makes an acceptance of an identity whose certificate begins this chain.
func accept(identity *Identity, chain []*x509.Certificate) *acceptance {
	a := &acceptance{Identity: identity, from: chain[0].NotBefore, until: chain[0].NotAfter}
	for _, certificate := range chain[1:] {
		if certificate.NotBefore.After(a.from) {
			a.from = certificate.NotBefore
		}
		if certificate.NotAfter.Before(a.until) {
			a.until = certificate.NotAfter
		}
	}
	return a
}

// holds reports whether the identity is still acceptable.
func (a *acceptance) holds(now time.Time) bool {
	return !now.Before(a.from) && !now.After(a.until)
}

// verify returns nil if signature is the identity's signature of message.
func (a *acceptance) verify(signature, message []byte) error {
	this := proof{signature: sha256.Sum256(signature), message: sha256.Sum256(message)}
	if last := a.proof.Load(); last != nil && *last == this {
		return nil
	}
	public, err := publicKey(a.certificate)
	if err != nil {
		return err
	}
	if err := verify(public, signature, message); err != nil {
		return err
	}
	a.proof.Store(&this)
	return nil
}
