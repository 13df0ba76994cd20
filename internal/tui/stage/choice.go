package stage

// Which lines are drawn. There may be more than there is room for: then those that matter are drawn, and the others are counted.

import (
	"slices"

	"gossipscope/internal/tui/scene"
)

const (
	mostLines   = 24 // that are tried to be drawn
	roomForMore = 60 // width of the corridor from which on lines are drawn between the peers that one peer faces
)

// draw finds the ways of as many edges as there is room for. Which ones, their importance decides; where, the order of their beginning, so
// that a line does not move when another becomes the one that matters.
func (p *picture) draw(s *scene.Scene) {
	routes := p.choose(p.wanted())
	p.besides(routes)
	for i := range p.edges {
		if r, drawn := routes[i]; drawn {
			p.lines = append(p.lines, p.newLine(s, i, r))
		} else if p.edges[i].look != closed {
			p.hidden++
		}
	}
}

// choose finds the ways of all the edges, or, if there is no room for all, of each that there is room for beside the more important ones.
func (p *picture) choose(wanted []int) map[int]route {
	if routes, ok := p.survey(slices.Sorted(slices.Values(wanted))); ok {
		return routes
	}
	var chosen []int
	for _, i := range wanted {
		more := append(slices.Clone(chosen), i)
		slices.Sort(more)
		if _, ok := p.survey(more); ok {
			chosen = more
		}
	}
	routes, _ := p.survey(chosen)
	return routes
}

// survey finds a way for each of the edges, or reports that there is none for one of them. Those that go round corners come first: they
// need the rows next to the borders of their boxes, and straight ones can run in any.
func (p *picture) survey(edges []int) (map[int]route, bool) {
	p.ways = newSurveyor(&p.lay)
	routes := make(map[int]route, len(edges))
	for _, straight := range []bool{false, true} {
		for _, i := range edges {
			if p.lay.facing(p.edges[i].from, p.edges[i].to) != straight {
				continue
			}
			r, ok := p.ways.find(&p.edges[i])
			if !ok {
				return nil, false
			}
			routes[i] = r
		}
	}
	return routes, true
}

// besides adds lines between those whom one peer faces, where the ones that matter more have left room.
func (p *picture) besides(routes map[int]route) {
	if !p.lay.folded || p.lay.corridor.w < roomForMore {
		return
	}
	for i := range p.edges {
		e := &p.edges[i]
		if _, drawn := routes[i]; drawn || e.look == closed || !p.drawable(e) || len(routes) >= mostLines {
			continue
		}
		if r, ok := p.ways.find(e); ok {
			routes[i] = r
		}
	}
}

// wanted returns the edges that should be drawn, the most important first: the one of the event if there is life in it, the one that is
// selected, those of a peer that is selected, all others with life in them, the one of the event if it is over, and of the rest that is
// over the latest of each pair of peers, unless it would have to go round corners. Where one peer faces all others, the lines are his.
func (p *picture) wanted() []int {
	mostOver := 1
	if p.lay.corridor.h >= roomForTwo {
		mostOver = 2
	}
	over := make(map[[2]string]int)
	rank := make(map[int]int)
	var list []int
	for i := len(p.edges) - 1; i >= 0; i-- {
		e := &p.edges[i]
		pair := [2]string{min(e.from, e.to), max(e.from, e.to)}
		switch {
		case !p.drawable(e):
			continue
		case i == p.now && e.look != closed:
		case i == p.chosen:
			rank[i] = 1
		case i == p.now:
			rank[i] = 4
		case p.lay.folded && !e.touches(p.lay.boxes[0].peer):
			continue
		case e.look != closed && p.selected.Kind == scene.SelectPeer && e.touches(p.selected.Peer):
			rank[i] = 2
		case e.look != closed:
			rank[i] = 3
		case over[pair] < mostOver && p.lay.facing(e.from, e.to):
			rank[i] = 5 + over[pair]
		default:
			continue
		}
		if e.look == closed {
			over[pair]++
		}
		list = append(list, i)
	}
	slices.SortStableFunc(list, func(a, b int) int { return rank[a] - rank[b] })
	return list[:min(len(list), mostLines)]
}

// drawable reports whether whoever is known at its ends has a box.
func (p *picture) drawable(e *edge) bool {
	for _, peer := range []string{e.from, e.to} {
		if slices.Contains(p.peers, peer) && p.lay.boxOf(peer) == nil {
			return false
		}
	}
	return true
}
