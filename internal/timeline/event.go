// Package timeline is the memory of a session: what happened, in order, and what it adds up to.
//
// An Event is one thing that happened: a step of a peer's layer, a line that was opened, a sentence that was said. A recording is
// its events, one to a line of JSON (recording.go). Fold turns events into a State, and is pure (fold.go), so that whoever draws
// can go to any moment, forward or back, by folding up to it. The Recorder (recorder.go) takes events from running peers without
// ever making them wait.
//
// The package knows the steps of the layer (comm/trace) and its messages (proto), and nothing of package comm: a recording can be
// read, drawn and searched where no peer runs.
package timeline

import (
	"time"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
)

// Event is one thing that happened. Kind says which of the parts below it is filled.
type Event struct {
	N    uint64        // its position in the session, from 1, without holes; a gap has that of the last event that it stands for
	Turn uint64        // how many steps the controller had released by then; 0 under a policy that holds nothing
	At   time.Duration // the lab's clock since the session began
	Kind Kind
	Peer string // whose event it is; "" for the session's own

	Step    *trace.Event // KindStep: an event of the peer's layer
	Birth   *Birth       // KindBirth
	Death   *Death       // KindDeath
	Link    *Link        // KindLink
	Act     *Act         // KindAct
	Text    *text.Text   // KindTitle, KindSay
	Promise *Promise     // KindPromise
	Gap     uint64       // KindGap: how many events are missing here
}

// Kind says what an event tells.
type Kind string

// The kinds of events.
const (
	KindStep    Kind = "step"    // a peer reached a step of the layer
	KindBirth   Kind = "birth"   // a peer began
	KindDeath   Kind = "death"   // a peer ended
	KindLink    Kind = "link"    // a line between two peers changed
	KindAct     Kind = "act"     // the lesson, or the person at the keys, did something
	KindTitle   Kind = "title"   // a chapter of the lesson begins
	KindSay     Kind = "say"     // the lesson says something to the reader
	KindPromise Kind = "promise" // the lesson stated what must hold, and whether it does
	KindGap     Kind = "gap"     // events are missing: the recorder had no room for them
)

// Birth is what is known of a peer from the start.
type Birth struct {
	Name           string
	Organisation   string // MSP ID
	PKIID          common.PKIidType
	Endpoint       string // where it listens
	ServerCertHash []byte // SHA-256 of the TLS certificate that it shows when it is dialled
	ClientCertHash []byte // SHA-256 of the TLS certificate that it shows when it dials
	Intruder       bool   // it speaks the protocol by hand and lies
}

// Death is how a peer ended.
type Death struct {
	Cause string // "stopped" or "killed"
}

// Link is a change of a transport connection, a TCP connection or one in memory. Its two ends' addresses join it to the steps of the
// layer that runs over it.
type Link struct {
	Name     string        // who dialled whom, the how-manyth time: "A→B#2"
	Change   string        // one of the changes below
	Dialer   string        // the address of the end that dialled
	Listener string        // the address of the other end
	Sent     uint64        // bytes that the dialling end wrote so far
	Received uint64        // bytes that the dialling end read so far
	Reason   string        // for a close or a cut, in English: who closed it, or what cut it
	Delay    time.Duration // for a delay: how much later, by the lab's clock, what is written arrives; 0 if that ends
}

// The changes of a link.
const (
	LinkOpen      = "open"
	LinkClose     = "close"      // one of its ends closed it
	LinkCut       = "cut"        // the lab broke it: both ends get an error; no close follows
	LinkDelay     = "delay"      // what is written from now on arrives later
	LinkFreeze    = "freeze"     // nothing passes any more, and nothing is lost
	LinkThaw      = "thaw"       // it goes on
	LinkHalfClose = "half-close" // the direction of the end that dialled ends, the other stays open
)

// Act is something done to a peer from outside, before the layer sees it.
type Act struct {
	Verb   string // "send", "handshake", "probe", "close", "stop", "kill", "attack", "hold" …
	Target string // the other peers, if there are any, separated by ", "; of a hold, a step and a release, whose goroutines are held
	Detail string // what is sent, or in a hold, a step and a release, the step at which goroutines are held
	Terms  string // what else was asked for, as the method names it: "minAck 2, timeout 20s"
}

// Promise is a sentence that the lesson vouches for.
type Promise struct {
	Text text.Text
	Kept bool
	Why  string // if it was broken: what was found instead, in English
}
