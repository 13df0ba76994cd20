package session

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

// Held is a goroutine that is held at a step: one of a peer, or the lesson itself.
type Held struct {
	ID        uint64          // by which Release finds it; ascends with the arrivals
	Peer      string          // whose goroutine it is; "" for the lesson
	Goroutine trace.Goroutine // its part in the layer; "" for the lesson
	Step      trace.Step      // the gate at which it stands; "" for the lesson
	Object    trace.Object    // what the step is about; zero for the lesson
	Event     timeline.Event  // what it has announced
}
