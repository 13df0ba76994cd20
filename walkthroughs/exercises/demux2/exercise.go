// Package demux2 is an exercise: see README.md.
package demux2

import "gossipscope/comm/common"

// Once returns a predicate for Comm.Accept. It wants what wants does, but a message that it has let through it does not let through a
// second time: one that came from the same peer with the same nonce. A message with nonce 0 has no number, and every one is let through.
//
// It remembers the last n messages that it has let through and nothing more; when one more comes, it forgets the oldest. n is at least 1.
// It is safe for concurrent use, as long as wants is.
func Once(wants common.MessageAcceptor, n int) common.MessageAcceptor {
	return wants
}
