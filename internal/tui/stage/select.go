package stage

// What can be selected: the peers in the order of their birth, and behind each the lines that it dialled. That order is the reading
// order of the names and stays the same wherever the boxes stand.

import (
	"slices"

	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// hit is a part of the screen that stands for something.
type hit struct {
	rect
	selects scene.Selection
}

// Offers implements scene.Panel. The stage needs no commands beyond those that all panels know.
func (p *Panel) Offers() []scene.Offer { return nil }

// Do implements scene.Panel.
func (p *Panel) Do(c scene.Command, s *scene.Scene) scene.Outcome {
	if s.State == nil {
		return scene.Outcome{}
	}
	pic := p.look(s)
	items := pic.items()
	at := slices.IndexFunc(items, func(item scene.Selection) bool { return pic.same(item, s.Selected) })
	isPeer := func(item scene.Selection) bool { return item.Kind == scene.SelectPeer }
	switch c {
	case scene.Up, scene.Down:
		step := 1
		if c == scene.Up {
			step = -1
		}
		return pick(items, at, step, func(scene.Selection) bool { return true })
	case scene.PageUp, scene.Left:
		return pick(items, at, -1, isPeer)
	case scene.PageDown, scene.Right:
		return pick(items, at, 1, isPeer)
	case scene.Choose:
		if at >= 0 {
			return scene.Outcome{Handled: true, Inspect: true}
		}
		if now, ok := pic.acting(); ok {
			return scene.Outcome{Handled: true, Select: &now, Inspect: true}
		}
	}
	return scene.Outcome{}
}

// pick selects the next item that is wanted. From nothing it goes to the first.
func pick(items []scene.Selection, at, step int, wanted func(scene.Selection) bool) scene.Outcome {
	next := at + step
	if at < 0 {
		next = 0
	}
	for ; next >= 0 && next < len(items); next += step {
		if wanted(items[next]) {
			return scene.Outcome{Handled: true, Select: &items[next]}
		}
		if at < 0 && step < 0 {
			break
		}
	}
	return scene.Outcome{Handled: true}
}

// items returns everything that can be selected, in reading order: of the lines those that are drawn, and those that are alive.
func (p *picture) items() []scene.Selection {
	drawn := make(map[*edge]bool)
	for i := range p.lines {
		drawn[p.lines[i].edge] = true
	}
	var items []scene.Selection
	add := func(wanted func(e *edge) bool) {
		for i := range p.edges {
			e := &p.edges[i]
			if chosen, ok := selectionOf(e); ok && wanted(e) && (drawn[e] || e.look != closed) {
				items = append(items, chosen)
			}
		}
	}
	for _, peer := range p.peers {
		items = append(items, scene.Selection{Kind: scene.SelectPeer, Peer: peer})
		add(func(e *edge) bool { return e.from == peer })
	}
	add(func(e *edge) bool { return !slices.Contains(p.peers, e.from) })
	return items
}

// same reports whether an item is what is selected. Whatever belongs to a connection stands for the connection here.
func (p *picture) same(item, selected scene.Selection) bool {
	switch {
	case selected.Conn != (timeline.ConnKey{}):
		i := slices.IndexFunc(p.edges, func(e edge) bool { return e.has(selected.Conn) })
		return i >= 0 && item.Kind == scene.SelectConnection && p.edges[i].has(item.Conn)
	case selected.Kind == scene.SelectNothing:
		return false
	}
	return item.Kind == scene.SelectPeer && item.Peer == selected.Peer
}

// selectionOf returns the selection of a line, by the end that dialled if that is known. A line without a stream has nothing to open.
func selectionOf(e *edge) (scene.Selection, bool) {
	ends := e.stream.Ends()
	if len(ends) == 0 {
		return scene.Selection{}, false
	}
	return scene.Selection{Kind: scene.SelectConnection, Peer: ends[0].Key.Peer, Conn: ends[0].Key}, true
}

// acting returns what the event is about: its connection, or else its peer.
func (p *picture) acting() (scene.Selection, bool) {
	if p.now >= 0 {
		if chosen, ok := selectionOf(&p.edges[p.now]); ok {
			return chosen, true
		}
	}
	if slices.Contains(p.peers, p.bubble.peer) {
		return scene.Selection{Kind: scene.SelectPeer, Peer: p.bubble.peer}, true
	}
	return scene.Selection{}, false
}

// Click implements scene.Panel.
func (p *Panel) Click(x, y int, s *scene.Scene) scene.Outcome {
	if s.State == nil {
		return scene.Outcome{}
	}
	for _, h := range p.hits {
		if h.contains(x, y) {
			return scene.Outcome{Handled: true, Select: &h.selects}
		}
	}
	pic := p.look(s)
	for i := range pic.lines {
		l := &pic.lines[i]
		if chosen, ok := selectionOf(l.edge); ok && l.covers(x, y) {
			return scene.Outcome{Handled: true, Select: &chosen}
		}
	}
	return scene.Outcome{}
}

// covers reports whether the cell belongs to the line or to what is written beside it.
func (l *line) covers(x, y int) bool {
	return slices.Contains(l.cells, cell{x, y}) ||
		slices.ContainsFunc(l.shelves, func(f shelf) bool { return rect{f.x, f.y, f.w, 1}.contains(x, y) })
}
