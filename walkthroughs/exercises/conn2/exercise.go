// Package conn2 is an exercise: see README.md.
package conn2

import (
	"gossipscope/comm/common"
	"gossipscope/comm/trace"
)

// Counts is what has become of the messages to one remote peer.
type Counts struct {
	Enqueued int // how many were put into a send queue
	Written  int // how many gRPC has taken
	Dropped  int // how many were given up on their way out, those included for which the queue had no room
	Fullest  int // the highest fill of a send queue that was reported
	Cap      int // how many messages a send queue can hold
}

// Watch is a trace.Tracer. It watches one peer, and counts for each other peer what becomes of the messages to it. All methods are safe
// for concurrent use and return at once. The zero Watch is ready for use.
type Watch struct{}

// Gate implements trace.Tracer. Watch holds nobody.
func (w *Watch) Gate(e trace.Event) {}

// Report implements trace.Tracer.
func (w *Watch) Report(e trace.Event) {}

// Counts returns what is known of the messages to a remote peer. What went over a connection, or waits in its queue, was for the peer to
// which it serves, and be it that this was only known later. A dial that never came to serve counts for the peer that it was meant to
// reach.
func (w *Watch) Counts(peer common.PKIidType) Counts {
	return Counts{}
}
