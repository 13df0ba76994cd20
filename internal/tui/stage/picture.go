package stage

// A picture is all that can be worked out of one moment before anything moves: who stands where, which lines there are and how they
// run, and where every message is. It is made once for an event; a frame of the movement only draws it.

import (
	"cmp"
	"slices"

	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// moment is what a picture is of.
type moment struct {
	state    *timeline.State
	n        uint64
	known    int
	at       int
	w, h     int
	selected scene.Selection
}

func momentOf(s *scene.Scene, w, h int) moment {
	return moment{state: s.State, n: s.State.N, known: len(s.Events), at: s.At, w: w, h: h, selected: s.Selected}
}

// picture is one moment, laid out.
type picture struct {
	moment
	peers   []string // in the order of their first birth
	lay     layout
	edges   []edge
	lines   []line    // what is drawn of the edges, in the order of their beginning
	hidden  int       // edges with life in them that are not drawn
	ways    *surveyor // what the lines take of the corridor
	bubble  bubble
	caption string // what the message of the event says
	chosen  int    // the edge that is selected, -1 for none
	now     int    // the edge that the event is about, -1 for none
}

// line is an edge that is drawn.
type line struct {
	*edge
	route
	current  bool // the event is about it
	selected bool
	marks    []mark
	ended    timeline.Outcome // why it is over, or about to be; not set if there is nothing to say
	grows    growth
	crowd    int // messages on the way, if they are more than there are marks for
}

const (
	mostLines   = 24 // that are tried to be drawn
	lookBack    = 64 // events, to find who acted last
	leastRank   = 9  // of the lines that are drawn if there is room for them in the end
	roomForMore = 60 // width of the corridor from which on these are tried
)

// newPicture works out a moment.
func newPicture(s *scene.Scene, m moment) *picture {
	p := &picture{moment: m, edges: edgesOf(s.State), now: -1}
	p.chosen = slices.IndexFunc(p.edges, func(e edge) bool { return e.has(m.selected.Conn) })
	for _, peer := range s.State.Peers {
		if !slices.Contains(p.peers, peer.Birth.Name) {
			p.peers = append(p.peers, peer.Birth.Name)
		}
	}
	if s.Event != nil {
		p.now = edgeOf(p.edges, s.Event, s.ConnectionOf(s.Event))
	}
	p.bubble, p.caption = bubbleOf(s), captionOf(s)
	p.lay = arrange(p.peers, p.front(s), m.w, m.h)
	if !p.lay.list {
		p.draw(s)
	}
	return p
}

// front returns who stands in front where not everybody can: on the left whom the reader has selected, or else the one of two peers
// that has more connections, so that whoever talks to many stays where he is; on the right those that have to do with him and
// whoever acts, then the others, as long as there is room.
func (p *picture) front(s *scene.Scene) []string {
	if len(p.peers) < 3 {
		return p.peers
	}
	ends := p.talking(s)
	list := []string{p.middle(ends)}
	add := func(peers ...string) {
		for _, peer := range peers {
			if slices.Contains(p.peers, peer) && !slices.Contains(list, peer) {
				list = append(list, peer)
			}
		}
	}
	if p.chosen >= 0 {
		add(p.edges[p.chosen].from, p.edges[p.chosen].to)
	}
	if p.now >= 0 {
		add(ends...)
	}
	add(p.bubble.peer)
	for _, live := range []bool{true, false} {
		for i := range p.edges {
			if e := &p.edges[i]; e.touches(list[0]) && (e.look != closed) == live {
				add(e.from, e.to)
			}
		}
	}
	add(p.peers...) // if there is room
	_, others := foldedRoom(len(p.peers), p.h)
	list = list[:min(len(list), 1+others)]
	slices.SortFunc(list[1:], func(a, b string) int { return slices.Index(p.peers, a) - slices.Index(p.peers, b) })
	return list
}

// talking returns the two ends of the line that the event is about, or else of the last one that an event was about.
func (p *picture) talking(s *scene.Scene) []string {
	last := p.now
	for i := min(s.At, len(s.Events)) - 1; last < 0 && i >= max(s.At-lookBack, 0); i-- {
		last = edgeOf(p.edges, &s.Events[i], s.ConnectionOf(&s.Events[i]))
	}
	if last < 0 {
		return nil
	}
	return []string{p.edges[last].from, p.edges[last].to}
}

// middle returns who stands on the left.
func (p *picture) middle(talking []string) string {
	if slices.Contains(p.peers, p.selected.Peer) {
		return p.selected.Peer
	}
	talking = slices.DeleteFunc(slices.Clone(talking), func(peer string) bool { return !slices.Contains(p.peers, peer) })
	if len(talking) == 0 {
		return p.peers[0]
	}
	others := func(peer string) int {
		names := make(map[string]bool)
		for i := range p.edges {
			if e := &p.edges[i]; e.touches(peer) {
				names[e.from], names[e.to] = true, true
			}
		}
		return len(names)
	}
	return slices.MaxFunc(talking, func(a, b string) int {
		return cmp.Or(others(a)-others(b), slices.Index(p.peers, b)-slices.Index(p.peers, a))
	})
}

// draw finds the ways of as many edges as there is room for. Which ones, their rank decides; where, the order of their beginning, so that
// a line does not move when another becomes the one that matters.
func (p *picture) draw(s *scene.Scene) {
	wanted := p.wanted()
	for ; ; wanted = wanted[:len(wanted)-1] {
		inOrder := slices.Sorted(slices.Values(wanted))
		routes, ways, ok := p.survey(inOrder)
		if ok || len(wanted) == 0 {
			p.ways = ways
			for i, r := range routes {
				p.lines = append(p.lines, p.newLine(s, inOrder[i], r))
			}
			break
		}
	}
	drawn := make(map[*edge]bool)
	for i := range p.lines {
		drawn[p.lines[i].edge] = true
	}
	for i := range p.edges {
		if p.edges[i].look != closed && !drawn[&p.edges[i]] {
			p.hidden++
		}
	}
}

// survey finds a way for each of the edges, or reports that there is none for one of them. Those that go round corners come first: they
// need the rows next to the borders of their boxes, and straight ones can run in any.
func (p *picture) survey(edges []int) ([]route, *surveyor, bool) {
	s := newSurveyor(&p.lay)
	routes := make([]route, len(edges))
	for _, straight := range []bool{false, true} {
		for i, which := range edges {
			e := &p.edges[which]
			if p.lay.facing(e.from, e.to) != straight {
				continue
			}
			var ok bool
			if routes[i], ok = s.find(e); !ok {
				return nil, s, false
			}
		}
	}
	return routes, s, true
}

// wanted returns the edges that should be drawn, the most important first: the one of the event, the one that is selected, those with
// life in them, and of those that are over the latest of each pair of peers, unless it would have to go round corners.
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
		case !p.drawable(i):
			continue
		case i == p.now:
		case i == p.chosen:
			rank[i] = 1
		case p.lay.folded && !e.touches(p.lay.boxes[0].peer):
			rank[i] = leastRank
		case e.look != closed:
			rank[i] = 2
		case over[pair] < mostOver && p.lay.facing(e.from, e.to):
			rank[i] = 3 + over[pair]
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

// drawable reports whether there are boxes at its ends. Where one peer faces all the others, the lines between those are drawn only if
// there is much room, but for the ones that matter right now.
func (p *picture) drawable(i int) bool {
	e := &p.edges[i]
	for _, peer := range []string{e.from, e.to} {
		if slices.Contains(p.peers, peer) && p.lay.boxOf(peer) == nil {
			return false
		}
	}
	if !p.lay.folded || e.touches(p.lay.boxes[0].peer) || i == p.now || i == p.chosen {
		return true
	}
	return e.look != closed && p.lay.corridor.w >= roomForMore
}
