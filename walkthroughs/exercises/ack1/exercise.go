// Package ack1 is an exercise: see README.md.
package ack1

import (
	"time"

	"gossipscope/comm"
	"gossipscope/proto"
)

// SendUntil sends msg with SendWithAck, in at most so many rounds, until minAck of the peers have acknowledged it in all. Each round has
// this timeout, and goes only to those who have not acknowledged yet. minAck is at least 1, and at most the number of peers.
//
// The result names each peer at most once: who acknowledged, in whichever round, as a success, and who did not with what was last
// heard of him.
func SendUntil(c comm.Comm, msg *proto.SignedGossipMessage, timeout time.Duration, rounds, minAck int,
	peers ...*comm.RemotePeer) comm.AggregatedSendResult {
	return nil
}

// HandleOnce is the other end. It takes the blocks that come on inbox, one after the other, until inbox is closed, and gives each to
// handle; but a block that handle has taken with success it does not give to it again, however often it comes. Blocks are equal if their
// numbers are (SeqNum). Every message is acknowledged: one that is not handled since it was handled before, too, and one that handle
// refused with its error.
func HandleOnce(inbox <-chan proto.ReceivedMessage, handle func(*proto.Payload) error) {
}
