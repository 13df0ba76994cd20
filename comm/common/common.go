// Package common holds the two notions that every part of the layer shares: who a peer is, and which TLS certificates it shows.
// It is named as Fabric names it (gossip/common), so that a reader who knows one finds his way in the other.
package common

import (
	"crypto/tls"
	"encoding/hex"
)

// PKIidType is the PKI-ID of a peer: a short, fixed name derived from its identity by a hash, so that two parties who hold the
// same identity always compute the same name and nobody can choose his own. How it is derived is the business of the
// MessageCryptoService; see comm/msp for the way Fabric's peers do it. A nil PKI-ID means "not known".
type PKIidType []byte

// String returns the PKI-ID in hexadecimal.
func (p PKIidType) String() string {
	return hex.EncodeToString(p)
}

// MessageAcceptor is the predicate of a subscription: it says whether a subscriber wants a message.
// It is called with a *comm.ReceivedMessageImpl, on the goroutine of the connection that brought the message, and must not block:
// while it runs, that connection delivers nothing else. The parameter has the type that Fabric gave it, so that the same
// predicates fit both.
type MessageAcceptor func(any) bool

// TLSCertificates are the two certificates, with their keys, that a peer shows in TLS: one as the server of inbound
// connections, one as the client of outbound ones. They may be the same pair.
//
// The handshake binds a peer's identity to the certificate that it really used, so the layer must know both (Fabric confused them
// until FAB-7491). Both are fixed for the life of an instance.
type TLSCertificates struct {
	Server tls.Certificate
	Client tls.Certificate
}
