package spacetime

// What a row stands for among the things that can be selected, and which message of the diagram it is that is selected elsewhere.

import (
	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// selectionOf returns what a row is about: its message, or else its connection, or else its peer; nil for nothing that is there at the
// moment.
func (p *Panel) selectionOf(s *scene.Scene, at int) *scene.Selection {
	if at < 0 || at >= p.len() {
		return nil
	}
	row := p.row(at)
	var other *scene.Selection
	for _, n := range row.Events {
		e := event(s, n)
		if e == nil {
			continue
		}
		if c := s.ConnectionOf(e); c != nil {
			if found := p.messageIn(s, c.Key, row.Message); found != nil {
				return found
			}
			other = &scene.Selection{Kind: scene.SelectConnection, Peer: c.Key.Peer, Conn: c.Key}
		}
		if other == nil && s.State.Peer(e.Peer) != nil {
			other = &scene.Selection{Kind: scene.SelectPeer, Peer: e.Peer}
		}
	}
	if other == nil && row.Lane >= 0 {
		return p.selectPeer(s, p.lanes[row.Lane].Peer).Select
	}
	return other
}

// messageIn finds a message of the diagram among those of a connection, nil if it is none of them.
func (p *Panel) messageIn(s *scene.Scene, key timeline.ConnKey, id sequence.MessageID) *scene.Selection {
	if id == 0 {
		return nil
	}
	for _, out := range []bool{true, false} {
		list, forgotten := s.Messages(key, out)
		for i, m := range list {
			if p.idOf(m) == p.diagram.Same(id) {
				return &scene.Selection{Kind: scene.SelectMessage, Peer: key.Peer, Conn: key, Out: out, Index: i + forgotten}
			}
		}
	}
	return nil
}

// idOf returns which message of the diagram that is, by the events that were about it; 0 if none is known.
func (p *Panel) idOf(m *timeline.Message) sequence.MessageID {
	for _, n := range []uint64{m.Taken.N, m.Marks[timeline.Written].N, m.Drop.N, m.Marks[timeline.Enqueued].N, m.Marks[timeline.Received].N} {
		if n != 0 {
			if id := p.diagram.MessageAt(n); id != 0 {
				return id
			}
		}
	}
	return 0
}

// messageOf returns which message of the diagram is selected, 0 if none is.
func (p *Panel) messageOf(s *scene.Scene) sequence.MessageID {
	if m := s.Message(); m != nil {
		return p.idOf(m)
	}
	return 0
}

// labelOf returns what a message is called: what stands on its arrow.
func (p *Panel) labelOf(id sequence.MessageID) text.Text {
	at := p.cursorRow()
	for i := max(at-100, 0); i < min(at+100, p.len()); i++ {
		for _, a := range []*sequence.Arrow{p.row(i).Departs, p.row(i).Arrives} {
			if a != nil && a.Message == id {
				return a.Label
			}
		}
	}
	return text.Text{}
}

// peer returns the peer that commands are about: the one that is selected, or else that of the row with the cursor, or of the event
// that is shown, or else the first; "" if there is none.
func (p *Panel) peer(s *scene.Scene) string {
	if name := s.Selected.Peer; name != "" && p.lane(name) >= 0 {
		return name
	}
	lane := p.focusLane(s)
	if lane < 0 || lane >= len(p.lanes) {
		return ""
	}
	for _, of := range s.State.Peers {
		if text.Printable(of.Birth.Name) == p.lanes[lane].Peer {
			return of.Birth.Name
		}
	}
	return ""
}

// focusLane returns the lane that should be seen.
func (p *Panel) focusLane(s *scene.Scene) int {
	if s.Selected.Kind == scene.SelectPeer {
		if lane := p.lane(s.Selected.Peer); lane >= 0 {
			return lane
		}
	}
	if at := p.cursorRow(); at >= 0 && at < p.len() {
		if lane := lastOf(p.row(at)).Lane; lane >= 0 {
			return lane
		}
	}
	return 0
}
