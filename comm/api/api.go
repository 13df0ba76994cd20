// Package api is what the layer asks of the outside world: how to tell a good identity from a bad one, how to sign, how to verify.
// The layer itself knows no X.509 and no policy; whoever embeds it brings a MessageCryptoService. comm/msp brings the one that a
// Fabric peer has. The names are Fabric's (gossip/api).
package api

import (
	"time"

	"google.golang.org/grpc"

	"gossipscope/comm/common"
)

// PeerIdentityType is the serialized identity of a peer, as it travels in a ConnEstablish message: for Fabric, the MSP ID and the
// certificate. It is public; holding it proves nothing.
type PeerIdentityType []byte

// PeerSecureDialOpts returns the options for an outbound connection that carry its security. It is a function and not a value
// because a peer may change its certificates while it runs.
type PeerSecureDialOpts func() []grpc.DialOption

// PeerSuspector says whether an identity should be looked at again, for instance because its CA has published a revocation list.
type PeerSuspector func(identity PeerIdentityType) bool

// MessageCryptoService is the cryptography of a peer. All methods must be safe for concurrent use: every handshake calls them
// on its own goroutine.
type MessageCryptoService interface {
	// GetPKIidOfCert derives the PKI-ID of an identity. It does not validate the identity, and returns nil for one that it
	// cannot parse.
	GetPKIidOfCert(peerIdentity PeerIdentityType) common.PKIidType

	// Sign signs msg with the private key of this peer.
	Sign(msg []byte) ([]byte, error)

	// Verify returns nil if signature is a valid signature of message under peerIdentity, and if that identity is itself
	// acceptable; otherwise an error that says what is wrong.
	Verify(peerIdentity PeerIdentityType, signature, message []byte) error

	// ValidateIdentity returns nil if the identity is well formed, issued by a trusted authority, and within its validity;
	// otherwise an error that says what is wrong.
	ValidateIdentity(peerIdentity PeerIdentityType) error

	// Expiration returns the time at which the identity expires, or the zero time if it never does. The error is for an
	// identity that cannot be parsed.
	Expiration(peerIdentity PeerIdentityType) (time.Time, error)
}
