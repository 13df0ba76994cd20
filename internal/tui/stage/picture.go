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

const lookBack = 64 // events, to find who acted last

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
