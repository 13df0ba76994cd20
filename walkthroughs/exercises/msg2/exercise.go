// Package msg2 is an exercise: see README.md.
package msg2

import "gossipscope/proto"

// Handle handles each message of inbox, one after the other, until inbox is closed. It acknowledges a message that handle took with
// success, and one that handle refused with its error. A message whose sender waits for no acknowledgement, which is one with nonce 0,
// gets none.
func Handle(inbox <-chan proto.ReceivedMessage, handle func(*proto.SignedGossipMessage) error) {
}
