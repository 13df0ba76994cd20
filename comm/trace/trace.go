// Package trace makes the layer visible. At every moment of its life that is worth a name, the layer calls a Tracer with an Event;
// the names are the steps of the catalogue (steps.go). The explorer draws what arrives here, the lab may hold a peer at a step,
// and a test forces the interleaving that it wants. These calls stand where other code has its debug logging.
//
// There are two kinds of call, and the difference is whether the tracer may block:
//
//   - a gate stands before an act ("about to write"). The tracer may hold the goroutine there for as long as it likes. A gate never
//     stands under a mutex, and after it the code looks again at whatever could have changed meanwhile;
//   - a report stands after an act or a decision ("written", "dropped"). It must not block. It may stand under a mutex, so that
//     the order of reports is the order of what was decided.
//
// Without a tracer either costs one nil check and allocates nothing.
package trace

import (
	"sync/atomic"

	"gossipscope/comm/common"
	"gossipscope/proto"
)

// Tracer receives the events of one instance of the layer. Both methods are called from many goroutines at once.
//
// A tracer must not call back into the instance that it traces: Stop, for one, waits for goroutines that may be inside the tracer.
type Tracer interface {
	// Gate is called before an act and may block. What it delays does not run into the layer's timeouts only if the tracer
	// also holds the clock (comm.Config.AfterFunc) still.
	Gate(Event)

	// Report is called after an act or a decision. It must return at once: it may run under a mutex of the layer.
	Report(Event)
}

// Event is one step that one peer has reached. Which fields beyond the first four are set depends on the step.
//
// An event is passed by value and shares its bytes and its envelope with the layer: a tracer must not change them.
type Event struct {
	Step   Step
	Object Object
	Seq    uint64 // the position of this event among those of its object, from 1: reports of concurrent goroutines can be put in order by it
	Gate   bool   // whether the act is still to come

	Peer     common.PKIidType // the remote peer: the one expected while dialling, the one claimed or proven from auth.pki-id on
	Local    string           // the address of this end of the transport, once there is one
	Remote   string           // the address of the other end
	Number   uint64           // the number of the message in its direction on its stream; the ConnEstablish is number 1
	Envelope *proto.Envelope  // the message, as it travels
	Queue    Queue            // the queue, as it was when the decision fell
	Subject  Object           // the other object that the step is about: a predecessor, the connection that was found
	Detail   string           // a variation of the step that the other fields cannot tell, in English
	Err      error            // nil if what the step is about went well
}

// Kind says what an Object is.
type Kind string

// The objects that events tell of.
const (
	Instance   Kind = "instance"   // the layer as a whole: Stop, Ping, subscriptions
	Store      Kind = "store"      // the connection store
	Connection Kind = "connection" // one stream, or the attempt at one, from its dial or its arrival to its end
)

// Role is the part that this peer has in a connection.
type Role string

// The two roles. An instance or a store has none.
const (
	Initiator Role = "initiator" // it dialled
	Acceptor  Role = "acceptor"  // it was dialled
)

// Purpose is what a connection was made for.
type Purpose string

// The purposes of a connection.
const (
	ForMessages  Purpose = "messages"  // it stays in the store until it ends
	ForHandshake Purpose = "handshake" // Comm.Handshake: learn the identity, then close
	ForProbe     Purpose = "probe"     // Comm.Probe: one Ping, then close
)

// Object names the thing that an event tells of. Two events with equal kind and ID tell of the same thing.
type Object struct {
	Kind     Kind
	ID       uint64  // unique among the objects of its kind within one instance, from 1
	Role     Role    // connections only
	Purpose  Purpose // connections only; an acceptor learns it from the handshake, so there it starts out as ForMessages
	Endpoint string  // connections only: the endpoint dialled, or the address that the stream came from
}

// Queue is the state of one of the layer's queues.
type Queue struct {
	Name string // "outBuff", "msgChan", "subscription"
	Len  int    // messages in it, this one included if it went in
	Cap  int    // messages that it can hold
}

// Source emits the events of one object and numbers them. A nil *Source is silent.
type Source struct {
	tracer Tracer
	object Object
	last   atomic.Uint64
}

// NewSource returns the source of events for object. Without a tracer it returns nil, which every method understands.
func NewSource(tracer Tracer, object Object) *Source {
	if tracer == nil {
		return nil
	}
	return &Source{tracer: tracer, object: object}
}

// Object returns what the source tells of; the zero Object if there is no tracer.
func (s *Source) Object() Object {
	if s == nil {
		return Object{}
	}
	return s.object
}

// Gate announces that step is about to happen, and returns when the tracer lets it happen. Never call it under a mutex.
func (s *Source) Gate(step Step, e Event) {
	if s == nil {
		return
	}
	s.tracer.Gate(s.complete(step, e, true))
}

// Report tells that step has happened.
func (s *Source) Report(step Step, e Event) {
	if s == nil {
		return
	}
	s.tracer.Report(s.complete(step, e, false))
}

func (s *Source) complete(step Step, e Event, gate bool) Event {
	e.Step, e.Object, e.Gate = step, s.object, gate
	e.Seq = s.last.Add(1)
	return e
}
