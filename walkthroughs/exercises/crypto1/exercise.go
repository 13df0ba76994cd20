// Package crypto1 is an exercise: see README.md.
package crypto1

import (
	"gossipscope/comm/msp"
	"gossipscope/proto"
)

// Establish returns a ConnEstablish in the name of id, signed by it, and bound to the TLS certificate of this hash: the first message
// on a stream that stays.
func Establish(id *msp.SigningIdentity, certHash []byte) (*proto.Envelope, error) {
	return nil, nil
}
