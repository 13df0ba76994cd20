package stage

// A picture is all that can be worked out of one moment before anything moves: who stands where, which lines there are and how they
// run, and where every message is. It is made once for an event; a frame of the movement only draws it.

import (
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
