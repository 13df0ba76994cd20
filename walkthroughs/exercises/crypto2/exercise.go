// Package crypto2 is an exercise: see README.md.
package crypto2

import (
	"errors"

	"gossipscope/proto"
)

// What can be wrong with a recorded handshake.
var (
	ErrForm      = errors.New("not a ConnEstablish")
	ErrHash      = errors.New("bound to another TLS certificate")
	ErrSignature = errors.New("not signed by the identity in it")
)

// Bound returns nil if the envelope is a ConnEstablish that is bound to the TLS certificate with this DER: its hash is the hash of that
// certificate, and its signature is that of the identity in it, over what is in the envelope. Else the error is, by errors.Is, ErrHash or
// ErrSignature, or both if both fail; or ErrForm if there is nothing to compute.
//
// It looks at nothing else. Whether the identity is to be believed is another question.
func Bound(envelope *proto.Envelope, certDER []byte) error {
	return nil
}
