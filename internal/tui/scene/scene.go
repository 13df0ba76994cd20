// Package scene is what the screens of the explorer share: the moment that is shown (Scene), what the reader has selected in it
// (Selection), the looks (Theme, marks), and the shape of a panel (Panel). Whoever draws needs nothing else. No panel holds a peer, a
// socket or a clock: what it shows, it takes from the scene, and the same scene gives the same picture.
package scene

import (
	"time"

	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Scene is one moment of a session as it is shown. It is the same for all panels of a frame, and only to be read.
type Scene struct {
	Events []timeline.Event // all that are known, in order; those after At are the future of the moment that is shown
	At     int              // how many of them have happened at this moment
	State  *timeline.State  // what Events[:At] come to, and what the session had forgotten before them
	Event  *timeline.Event  // the one that is being shown, Events[At-1]; nil before the first

	// Progress says how far the movement of Event has come, from 0 to 1. At 1 nothing moves.
	Progress float64

	Live bool           // whether this is the present of peers that run
	Held []session.Held // who is held at a step, the longest held first; only in the present
	Pick uint64         // the ID of the one that goes on next, 0 for the longest held

	Clock    time.Duration // when Event happened; in the present, if a timer is waited for, what the lab's clock shows
	Standing bool          // whether that clock stands still
	Selected Selection
	Lang     text.Lang
	Theme    *Theme
}

// Say returns t in the reader's language, with args put in as fmt.Sprintf does.
func (s *Scene) Say(t text.Text, args ...any) string {
	if len(args) == 0 {
		return t.In(s.Lang)
	}
	return t.Format(s.Lang, args...)
}

// Selection is what the reader has under the cursor. Only the fields that its kind needs are set.
type Selection struct {
	Kind      SelectionKind
	Peer      string           // SelectPeer, and the peer that everything below belongs to
	Conn      timeline.ConnKey // SelectConnection, SelectMessage, SelectQueue
	Out       bool             // SelectMessage: of those that this end sent, else of those that it received
	Index     int              // SelectMessage: the how-manyth of its direction, from 0, those that are forgotten included
	Queue     string           // SelectQueue: "outBuff", "msgChan", "subscription"
	Number    uint64           // SelectQueue: of a subscription
	Goroutine uint64           // SelectGoroutine: the ID under which it is held
}

// SelectionKind says what is selected.
type SelectionKind int

// The kinds of what can be selected.
const (
	SelectNothing SelectionKind = iota
	SelectPeer
	SelectConnection
	SelectMessage
	SelectQueue
	SelectGoroutine
)

// Message returns the message that is selected, with what both ends know of it; nil if there is none, or it is forgotten.
func (s *Scene) Message() *timeline.Message {
	if s.Selected.Kind != SelectMessage {
		return nil
	}
	list, forgotten := s.Messages(s.Selected.Conn, s.Selected.Out)
	i := s.Selected.Index - forgotten
	if i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// Messages returns one direction of a connection, oldest first, each message with what either end knows of it, and how many
// earlier ones are forgotten. out means those that this end sends.
func (s *Scene) Messages(key timeline.ConnKey, out bool) (list []*timeline.Message, forgotten int) {
	c := s.State.Connection(key)
	if c == nil {
		return nil, 0
	}
	sent, received := c.Forgotten()
	forgotten = int(received)
	if out {
		forgotten = int(sent)
	}
	stream, known := s.State.StreamOf(key)
	switch {
	case known && out == (stream.Initiator == c):
		return stream.Forward(), forgotten
	case known:
		return stream.Backward(), forgotten
	case out:
		return c.Outgoing(), forgotten
	}
	return c.Incoming(), forgotten
}

// ConnectionOf returns the connection that e is about, nil if it is about none, or that is forgotten.
func (s *Scene) ConnectionOf(e *timeline.Event) *timeline.Connection {
	if e == nil || e.Step == nil {
		return nil
	}
	p := s.State.Peer(e.Peer)
	if p == nil {
		return nil
	}
	for _, o := range []struct {
		kind string
		id   uint64
	}{{string(e.Step.Object.Kind), e.Step.Object.ID}, {string(e.Step.Subject.Kind), e.Step.Subject.ID}} {
		if o.kind == "connection" {
			if c := p.Connection(o.id); c != nil {
				return c
			}
		}
	}
	return nil
}

// Name returns how a connection is called: by its line, "A→B#2", or, where there is no line yet, by its two ends, "A→B".
func Name(st *timeline.State, c *timeline.Connection) string {
	if line := st.LineOf(c); line != nil {
		return text.Printable(line.Name)
	}
	other := text.Printable(st.PeerOpposite(c))
	if other == "" {
		other = "?"
	}
	here := text.Printable(c.Key.Peer)
	if c.Role == "acceptor" {
		return other + "→" + here
	}
	return here + "→" + other
}
