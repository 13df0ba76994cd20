package spacetime

// What the reader can do: move a cursor over the rows, go to the moment of one, leave out what does not matter now, and open a peer.

import (
	"slices"

	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// The commands that only this panel knows.
const (
	openLanes    scene.Command = "spacetime-lanes"
	turnKinds    scene.Command = "spacetime-kinds"
	turnDetail   scene.Command = "spacetime-detail"
	onlyPeer     scene.Command = "spacetime-only"
	traceMessage scene.Command = "spacetime-trace"
	follow       scene.Command = "spacetime-follow"
)

var offers = []scene.Offer{
	{Command: openLanes, Key: "o", Says: says.lanes},
	{Command: turnKinds, Key: "k", Says: says.kinds},
	{Command: turnDetail, Key: "d", Says: says.detail},
	{Command: onlyPeer, Key: "y", Says: says.only},
	{Command: traceMessage, Key: "v", Says: says.trace},
	{Command: follow, Key: "g", Says: says.follow},
}

// keyOf returns the key of a command.
func keyOf(c scene.Command) string {
	i := slices.IndexFunc(offers, func(o scene.Offer) bool { return o.Command == c })
	return offers[i].Key
}

// Offers implements scene.Panel.
func (p *Panel) Offers() []scene.Offer { return offers }

// Do implements scene.Panel.
func (p *Panel) Do(c scene.Command, s *scene.Scene) scene.Outcome {
	if s.State == nil {
		return scene.Outcome{}
	}
	p.look(s)
	p.notice = text.Text{}
	switch c {
	case scene.Up:
		return p.moved(s, -1)
	case scene.Down:
		return p.moved(s, 1)
	case scene.PageUp:
		return p.moved(s, -max(p.drawn.bodyLines-2, 1))
	case scene.PageDown:
		return p.moved(s, max(p.drawn.bodyLines-2, 1))
	case scene.Left:
		return p.nextPeer(s, -1)
	case scene.Right:
		return p.nextPeer(s, 1)
	case scene.Choose:
		return p.choose(s)
	case follow:
		p.away = false
	case openLanes:
		p.open(s)
	case turnKinds:
		p.refilter(nextKind)
	case turnDetail:
		p.refilter(func(f *sequence.Filter) { f.Detail = (f.Detail + 1) % (sequence.Messages + 1) })
	case onlyPeer:
		p.confine(s)
	case traceMessage:
		p.trace(s)
	default:
		return scene.Outcome{}
	}
	return scene.Outcome{Handled: true}
}

func (p *Panel) moved(s *scene.Scene, by int) scene.Outcome {
	p.move(by)
	return scene.Outcome{Handled: true, Select: p.selectionOf(s, p.cursorRow())}
}

// choose goes to the moment of the row under the cursor; where that is what is shown already, it opens what is selected.
func (p *Panel) choose(s *scene.Scene) scene.Outcome {
	at := p.cursorRow()
	if at < 0 || at >= p.len() {
		return scene.Outcome{}
	}
	events := p.row(at).Events
	if p.away && len(events) > 0 && (at != p.here || p.isFuture(at)) {
		p.away = false
		return scene.Outcome{Handled: true, GoTo: events[len(events)-1]}
	}
	if s.Selected.Kind != scene.SelectNothing {
		return scene.Outcome{Handled: true, Inspect: true}
	}
	if selected := p.selectionOf(s, at); selected != nil {
		return scene.Outcome{Handled: true, Inspect: true, Select: selected}
	}
	return scene.Outcome{}
}

// nextKind shows the next kind alone, and after the last all of them.
func nextKind(f *sequence.Filter) {
	next := 0
	if len(f.Kinds) > 0 {
		next = slices.Index(sequence.Kinds, f.Kinds[0]) + 1
	}
	f.Kinds = nil
	if next < len(sequence.Kinds) {
		f.Kinds = []sequence.Kind{sequence.Kinds[next]}
	}
}

// open shows the peer that is selected with a lane for each of its goroutines, or with one for all.
func (p *Panel) open(s *scene.Scene) {
	peer := p.peer(s)
	if peer == "" {
		p.notice = says.noPeer
		return
	}
	p.refilter(func(f *sequence.Filter) { f.Open = toggle(f.Open, peer) })
}

func toggle(list []string, name string) []string {
	if i := slices.Index(list, name); i >= 0 {
		return slices.Delete(slices.Clone(list), i, i+1)
	}
	return append(slices.Clone(list), name)
}

// confine shows the lane of the selected peer alone, or all again.
func (p *Panel) confine(s *scene.Scene) {
	peer := p.peer(s)
	switch {
	case len(p.filter.Peers) > 0:
		p.refilter(func(f *sequence.Filter) { f.Peers = nil })
	case peer == "":
		p.notice = says.noPeer
	default:
		p.refilter(func(f *sequence.Filter) { f.Peers = []string{peer} })
	}
}

// trace shows the message that is selected alone, with what it answers and what answers it; or everything again.
func (p *Panel) trace(s *scene.Scene) {
	if p.filter.Message != 0 {
		p.refilter(func(f *sequence.Filter) { f.Message = 0 })
		return
	}
	id := p.messageOf(s)
	if at := p.cursorRow(); id == 0 && at >= 0 && at < p.len() {
		id = p.row(at).Message
	}
	if id == 0 {
		p.notice = says.noMessage
		return
	}
	p.traced = p.labelOf(id)
	p.refilter(func(f *sequence.Filter) { f.Message = id })
}

// Click implements scene.Panel.
func (p *Panel) Click(x, y int, s *scene.Scene) scene.Outcome {
	if s.State == nil || p.drawn.p == nil {
		return scene.Outcome{}
	}
	f := &p.drawn
	if y < f.headLines {
		return p.clickHead(f, x, s)
	}
	y -= f.headLines
	if y < 0 || y >= len(f.lines) || f.lines[y].divider {
		return scene.Outcome{}
	}
	p.look(s)
	row := f.lines[y].row
	if row >= p.len() {
		return scene.Outcome{}
	}
	if p.away && p.cursorRow() == row {
		return p.choose(s)
	}
	p.put(row)
	return scene.Outcome{Handled: true, Select: p.selectionOf(s, row)}
}

func (p *Panel) clickHead(f *frame, x int, s *scene.Scene) scene.Outcome {
	for i, lane := range p.lanes {
		if at := f.x(i); x >= at-f.pitch/2 && x < at-f.pitch/2+f.pitch {
			return p.selectPeer(s, lane.Peer)
		}
	}
	return scene.Outcome{}
}

// nextPeer selects the peer of the next lane.
func (p *Panel) nextPeer(s *scene.Scene, step int) scene.Outcome {
	at := -1
	if peer := p.peer(s); peer != "" {
		at = p.lane(peer)
	}
	for i := at + step; i >= 0 && i < len(p.lanes); i += step {
		if p.lanes[i].Goroutine == "" {
			return p.selectPeer(s, p.lanes[i].Peer)
		}
	}
	return scene.Outcome{Handled: true}
}

func (p *Panel) selectPeer(s *scene.Scene, name string) scene.Outcome {
	if i := slices.IndexFunc(s.State.Peers, func(of *timeline.Peer) bool { return text.Printable(of.Birth.Name) == name }); i >= 0 {
		return scene.Outcome{Handled: true, Select: &scene.Selection{Kind: scene.SelectPeer, Peer: s.State.Peers[i].Birth.Name}}
	}
	return scene.Outcome{Handled: true}
}
