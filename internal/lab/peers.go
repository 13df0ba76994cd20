package lab

// Who is in the lab, for somebody who has not made the peers himself: a person who steers a lesson from outside.

import (
	"slices"

	"gossipscope/internal/timeline"
)

// Peers returns the peers, in the order in which their names were first heard. Of a peer that was restarted it is the latest life. A peer
// that has ended is among them.
func (lb *Lab) Peers() []*Peer {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	var latest []*Peer
	for _, p := range lb.peers {
		i := slices.IndexFunc(latest, func(other *Peer) bool { return other.Name == p.Name })
		if i < 0 {
			latest = append(latest, p)
		} else {
			latest[i] = p
		}
	}
	return latest
}

// Peer returns the latest life of the peer of this name, nil if there is none.
func (lb *Lab) Peer(name string) *Peer {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	for _, p := range slices.Backward(lb.peers) {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Over returns a channel that is closed when the peer has ended, stopped or killed, and nothing of it runs any more.
func (p *Peer) Over() <-chan struct{} { return p.over }

// Act records something that somebody outside does to a peer, or as one, for which the lab has no method of its own: what is done to
// its subscribers, for one. The policy has its say as for any other act.
func (lb *Lab) Act(peer string, a timeline.Act) {
	lb.tell(timeline.Event{Kind: timeline.KindAct, Peer: peer, Act: &a})
}
