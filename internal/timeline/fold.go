package timeline

// Folding is what turns events into a State. It is pure: the same events give the same State, whether they come from running peers
// or from a recording, in one go or one by one. Whatever is not in an event (a clock, a random number, the order of a map) has no
// part in it.
//
// Each step of the layer has one small function. They stand in the files of their subject, each file with a switch over its steps:
// fold_message.go, fold_connection.go, fold_peer.go. Events of one object come from several goroutines and may be told in another order
// than they happened in; their Seq decides which of two reports of the same thing is the newer. Events of different objects are not
// comparable that way, and need not be.

import (
	"slices"

	"gossipscope/comm/trace"
)

// Fold returns what the events add up to. They must be in the order of their numbers.
func Fold(events []Event) State {
	var s State
	for i := range events {
		s.Apply(events[i])
	}
	return s
}

// Apply adds the next event to s. A State that is being applied to must not be read by others at the same time; its clones may.
// Events that tell nothing that Apply knows (a step from a later catalogue) only move the clock.
func (s *State) Apply(e Event) {
	s.begin()
	s.N = e.N
	s.At = max(s.At, e.At)
	s.Turn = max(s.Turn, e.Turn)
	mark := Mark{N: e.N, At: e.At}
	switch e.Kind {
	case KindStep:
		s.step(e.Peer, e.Step, mark)
	case KindBirth:
		if e.Birth != nil {
			s.birth(*e.Birth, mark)
		}
	case KindDeath:
		if e.Death != nil {
			s.death(e.Peer, *e.Death, mark)
		}
	case KindLink:
		if e.Link != nil {
			s.link(*e.Link, mark)
		}
	case KindGap:
		s.gap(e.Gap)
	default:
		s.told(e, mark)
	}
}

// told takes in what the lesson does and says.
func (s *State) told(e Event, mark Mark) {
	switch {
	case e.Kind == KindTitle && e.Text != nil:
		s.Title = *e.Text
	case e.Kind == KindSay && e.Text != nil:
		s.Caption = *e.Text
	case e.Kind == KindAct && e.Act != nil:
		s.ActCount++
		s.Acts = latest(s.Acts, ActDone{Mark: mark, Peer: e.Peer, Act: *e.Act}, keptActs)
	case e.Kind == KindPromise && e.Promise != nil:
		if e.Promise.Kept {
			s.PromisesKept++
		} else {
			s.PromisesBroken++
		}
		s.Promises = latest(s.Promises, PromiseMade{Mark: mark, Promise: *e.Promise}, keptPromises)
	}
}

// birth begins a life. A peer that was known only by its steps gets its birth now: the lab tells of a birth when the peer is
// complete, which may be after its first step.
func (s *State) birth(b Birth, mark Mark) {
	if i := s.lastLife(b.Name); i >= 0 {
		if p := s.Peers[i]; !p.Born.Set() && p.Phase < PeerDead {
			p = s.ownPeerAt(i)
			p.Birth, p.Born = b, mark
			return
		}
	}
	s.addPeer(b, mark)
}

// death ends a life. What was stopped has told of its end itself. What was killed tells nothing: its connections end here, for the
// other ends may live on for a while and show what that is like.
func (s *State) death(name string, d Death, mark Mark) {
	p := s.ownPeer(name)
	p.Phase, p.Death, p.Ended = PeerDead, d, mark
	if d.Cause != "killed" {
		return
	}
	gone := func(list []Goroutine) {
		for i := range list {
			list[i].Alive, list[i].ended = false, true
		}
	}
	gone(p.Goroutines)
	p.doubt = doubledStored{}
	for i, c := range p.Connections {
		if c.owner != s.token {
			c = c.clone(s.token)
			p.Connections[i] = c
		}
		gone(c.Goroutines)
		c.Stored, c.Phase = false, PhaseClosed
		if !c.Close.Set() {
			c.Close = Outcome{Mark: mark, Failed: true, Reason: "the peer was killed"}
		}
	}
	p.forgetConnections()
}

// link follows a transport connection by its name. Bytes are counts since its opening.
func (s *State) link(l Link, mark Mark) {
	i := slices.IndexFunc(s.Lines, func(known *Line) bool { return known.Name == l.Name })
	if i < 0 {
		s.Lines = append(s.Lines, &Line{Open: l.Change != LinkClose && l.Change != LinkCut})
		i = len(s.Lines) - 1
	}
	line := *s.Lines[i]
	line.Link = l
	switch l.Change {
	case LinkOpen:
		line = Line{Link: l, Open: true, Opened: mark}
	case LinkClose, LinkCut:
		line.Open, line.Closed = false, Outcome{Mark: mark, Failed: l.Change == LinkCut, Reason: l.Reason}
	case LinkDelay:
		line.Lag = l.Delay
	case LinkFreeze:
		line.Frozen = mark
	case LinkThaw:
		line.Frozen = Mark{}
	case LinkHalfClose:
		line.HalfClosed = mark
	}
	s.Lines[i] = &line
	s.forgetLines()
}

func (s *State) forgetLines() {
	closed := 0
	for _, l := range s.Lines {
		if !l.Open {
			closed++
		}
	}
	if closed > keptLines {
		oldest := slices.IndexFunc(s.Lines, func(l *Line) bool { return !l.Open })
		s.Lines = slices.Delete(s.Lines, oldest, oldest+1)
	}
}

// gap makes the State doubt what only a complete story could prove: what was seen before the gap may have changed within it.
func (s *State) gap(missing uint64) {
	s.Missing += missing
	for i := range s.Peers {
		p := s.ownPeerAt(i)
		p.doubt = doubledStored{}
		for j, c := range p.Connections {
			if c.owner != s.token {
				c = c.clone(s.token)
				p.Connections[j] = c
			}
			c.blind = true
			c.out.inHand, c.helloInHand = 0, false
		}
	}
}

// folding is one step on its way into a State.
type folding struct {
	s     *State
	p     *Peer
	c     *Connection // the connection that the step is about, nil if it is about none or that one was forgotten
	t     *trace.Event
	role  trace.Goroutine // who tells of the step
	mark  Mark
	known bool // whether c is the object of the step, so that its Seq counts in the order of c
}

func (s *State) step(peer string, t *trace.Event, mark Mark) {
	if t == nil || peer == "" {
		return
	}
	role := t.Goroutine()
	if role == "" {
		return // a step that the catalogue does not know
	}
	f := folding{s: s, p: s.ownPeer(peer), t: t, role: role, mark: mark}
	switch {
	case t.Object.Kind == trace.Connection:
		f.c, f.known = s.ownConnection(f.p, t.Object, mark), true
	case t.Subject.Kind == trace.Connection:
		f.c = s.ownConnection(f.p, t.Subject, mark)
	}
	if f.known && f.c == nil {
		return // of a connection that was forgotten
	}
	if f.known {
		f.observe()
	}
	f.moveGoroutine()
	f.fold()
	f.stillAfterStop()
	if f.c != nil {
		f.c.settle()
		if f.c.Phase == PhaseClosed {
			f.p.forgetConnections()
		}
	}
}

// outcome is how the step went.
func (f *folding) outcome() Outcome { return outcome(f.mark, f.t.Err, f.t.Detail) }

// fold takes in what the step means, by the table of its subject, those of messages first: in a burst there is little else. It reports
// false for a step that is in no table. The tables are switches and no maps: functions called through a map would put each folding on the
// heap, which costs more than most of them do.
func (f *folding) fold() bool { return f.foldMessage() || f.foldPeer() || f.foldConnection() }

// at is for steps whose whole meaning is how far a connection has come.
func (f *folding) at(phase Phase) {
	if f.c != nil {
		f.c.advance(phase)
	}
}
