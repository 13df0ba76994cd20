package proto

// What a subscriber of comm gets is more than a message: it must be able to answer over the very stream on which the message came,
// and to know who is at the other end of that stream. ReceivedMessage gives both. It is an interface, so that the layers above
// comm, and their tests, need no connection to work with one; comm's ReceivedMessageImpl is the real thing.

import (
	"fmt"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
)

// ReceivedMessage is a message that comm has delivered, with the way back to its sender. All methods are safe for concurrent use.
// Every matching subscriber gets the same one, so what the getters return must not be changed.
type ReceivedMessage interface {
	// Respond sends msg, unsigned, over the stream on which this message came. There is no error: the stream may break after the
	// response was queued in any case, so a caller who must know asks for an answer.
	Respond(msg *GossipMessage)

	// GetGossipMessage returns the message, decoded, with its envelope. Never nil.
	GetGossipMessage() *SignedGossipMessage

	// GetSourceEnvelope returns the envelope as it came, for passing the message on with its author's signature intact.
	GetSourceEnvelope() *Envelope

	// GetConnectionInfo returns who sent this message: the peer at the other end of the stream, who has proved its identity. That
	// is not the author of the message, if it was forwarded. Never nil.
	GetConnectionInfo() *ConnectionInfo

	// Ack answers a SendWithAck: with success if err is nil, else with the text of err, which arrives verbatim. It takes the way of
	// Respond. Acknowledging a message that nobody awaits an ack for is harmless.
	Ack(err error)
}

// ConnectionInfo says who is at the other end of a connection, as established by the handshake. It does not change afterwards.
type ConnectionInfo struct {
	// ID is the PKI-ID of the remote peer, derived from Identity and checked against what the peer claimed.
	ID common.PKIidType

	// Auth is what the remote peer signed to prove itself. Never nil after a handshake, with TLS or without (FAB-6018); nil only
	// in a ConnectionInfo made by hand.
	Auth *AuthInfo

	// Identity is the remote peer's serialized identity.
	Identity api.PeerIdentityType

	// Endpoint is the address of the remote side as the transport sees it. For an inbound connection that is an ephemeral port, at
	// which nobody listens: it is good for a log and not for dialling back.
	Endpoint string
}

// String returns endpoint and PKI-ID, for a log. It is safe on nil.
func (c *ConnectionInfo) String() string {
	if c == nil {
		return "no connection"
	}
	return fmt.Sprintf("%s %s", c.Endpoint, c.ID)
}

// AuthInfo is the remote peer's ConnEstablish with its signature, kept for the layers above comm: they may have to decide by a
// policy over signed data whether this peer may read a channel or a collection, and this is the one thing that it has signed for
// sure.
type AuthInfo struct {
	// SignedData is the payload of the handshake's envelope.
	SignedData []byte

	// Signature is the signature over SignedData.
	Signature []byte
}
