package sequence

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Kind is what a row is about, by which rows are filtered: a kind of message, or what else happens.
type Kind string

// The kinds. A gap has none: no filter may hide that something is missing.
const (
	Handshake  = Kind(timeline.HandshakeMessage)  // a ConnEstablish, its checks, and its refusal
	Data       = Kind(timeline.DataMessage)       // a message that the layer carries
	Ack        = Kind(timeline.AckMessage)        // an acknowledgement
	Unreadable = Kind(timeline.UnreadableMessage) // a message that cannot be decoded
	Ping       = Kind("ping")                     // a Ping and its answer
	Connection = Kind("connection")               // the life of a connection: dial, stream, store, close
	Link       = Kind("link")                     // what happens to the line beneath
	Life       = Kind("life")                     // births and deaths of peers, how they stop, whom they subscribe
	Lesson     = Kind("lesson")                   // what the lesson says, does and promises
)

// Kinds lists them in the order in which a menu shows them.
var Kinds = []Kind{Handshake, Data, Ack, Ping, Unreadable, Connection, Link, Life, Lesson}

// Name returns the kind as a menu names it.
func (k Kind) Name() text.Text { return says.kinds[k] }

// Detail is how much of a session a picture shows.
type Detail int

// The levels of detail, the fullest first.
const (
	Everything Detail = iota // every event
	Notable                  // messages, and the steps that change something: stored, closed, refused, failed
	Messages                 // messages, what was lost of them, acts, chapters, births and deaths, and what is done to lines
)

// Name returns the level as a menu names it.
func (d Detail) Name() text.Text { return says.details[max(Everything, min(d, Messages))] }

// notable are the steps after which something is not as it was before, of those that no arrow shows.
var notable = map[trace.Step]bool{
	trace.StoreStored:    true,
	trace.StoreReplaced:  true,
	trace.StoreRefused:   true,
	trace.StoreTieBreak:  true,
	trace.StoreHandover:  true,
	trace.StoreRemoved:   true,
	trace.ConnClose:      true,
	trace.AuthProbe:      true,
	trace.AuthVerdict:    true,
	trace.AckResult:      true,
	trace.AckDone:        true,
	trace.DemuxUnclaimed: true,
	trace.AcceptHand:     true,
	trace.DeadNotice:     true,
	trace.StopFlag:       true,
	trace.StopDone:       true,
}

// kindOfStep is the kind of a step that is about no message.
func kindOfStep(step trace.Step) Kind {
	switch familyOf(step) {
	case "ping":
		return Ping
	case "auth":
		return Handshake
	case "ack":
		return Ack
	case "demux", "accept", "dead", "stop":
		return Life
	}
	return Connection
}

// levelOfLink tells what is done to a line from what comes of the steps around it.
func levelOfLink(l *timeline.Link) Detail {
	if l.Change == timeline.LinkOpen || l.Change == timeline.LinkClose {
		return Everything
	}
	return Messages
}
