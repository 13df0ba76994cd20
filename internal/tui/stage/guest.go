package stage

// Who stands in front where not everybody can face everybody. On the left stands the first that was born, or whom the reader has selected;
// on the right the others, in the order of their births. If they are more than there are places, all but the last two of these have
// an owner for good. The last two are for guests: each of those without a place belongs to one of them, so that he appears there and
// nowhere else, and whoever of them has acted last has it.
//
// All this depends on births, on what is selected, and on the latest events: whoever comes back to a moment finds it as he has left it.

import (
	"slices"

	"gossipscope/internal/tui/scene"
)

const (
	guestPlaces = 2
	lookBack    = 64 // events, to find who acted last
)

// front returns who stands in front, the one on the left first, then those on the right from top to bottom.
func (p *picture) front(s *scene.Scene) []string {
	if len(p.peers) == 0 {
		return nil
	}
	left := p.peers[0]
	if p.selected.Kind == scene.SelectPeer && slices.Contains(p.peers, p.selected.Peer) {
		left = p.selected.Peer
	}
	others := slices.DeleteFunc(slices.Clone(p.peers), func(peer string) bool { return peer == left })
	_, places := foldedRoom(len(p.peers), p.h)
	if len(others) <= places {
		return append([]string{left}, others...)
	}
	owners := max(0, places-guestPlaces)
	return slices.Concat([]string{left}, others[:owners], p.guests(s, others[owners:], places-owners))
}

// guests returns who of the waiting has each of so many places.
func (p *picture) guests(s *scene.Scene, waiting []string, places int) []string {
	seated := make([]string, places)
	seat := func(peer string, elsewhere bool) {
		i := slices.Index(waiting, peer)
		if i < 0 || slices.Contains(seated, peer) {
			return
		}
		for n := range places {
			if at := (i + n) % places; seated[at] == "" {
				seated[at] = peer
				return
			}
			if !elsewhere {
				return
			}
		}
	}
	seat(p.bubble.peer, true)
	for _, at := range []int{p.now, p.chosen} {
		if at >= 0 { // both ends must be there, or the line cannot be drawn
			seat(p.edges[at].from, true)
			seat(p.edges[at].to, true)
		}
	}
	for i := min(s.At, len(s.Events)) - 1; i >= max(s.At-lookBack, 0) && slices.Contains(seated, ""); i-- {
		seat(s.Events[i].Peer, false)
	}
	for _, peer := range waiting {
		seat(peer, false)
	}
	return seated
}
