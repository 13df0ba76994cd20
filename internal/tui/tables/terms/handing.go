package terms

// The last steps to a subscriber. The layer tells that a subscription's goroutine is about to hand a message over (the gate accept.hand),
// and nothing after that: what is in the channel that Accept returned, and what the subscriber took out of it, no step says. All views say
// and count it by the same rules, which are here.

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// InHand returns the events at which subscriptions' goroutines of a peer are held before they hand a message over.
func InHand(s *scene.Scene, peer string) []*timeline.Event {
	var list []*timeline.Event
	for i := range s.Held {
		if h := &s.Held[i]; h.Peer == peer && h.Step == trace.AcceptHand && h.Event.Step != nil {
			list = append(list, &h.Event)
		}
	}
	return list
}

// farthestBack bounds how far StoppedReading looks over the events, where the acts that the State remembers do not tell.
const farthestBack = 4096

// StoppedReading returns since when a subscriber of a peer does not read, by the last act that says whether it does. The mark is not set
// if it reads, as far as is known.
func StoppedReading(s *scene.Scene, p *timeline.Peer) timeline.Mark {
	if !p.Alive() || s.State.Peer(p.Birth.Name) != p {
		return timeline.Mark{}
	}
	acts := s.State.Acts
	for i := len(acts) - 1; i >= 0 && acts[i].N > p.Born.N; i-- {
		if stops, says := stopsReading(p, acts[i].Peer, &acts[i].Act); says && stops {
			return acts[i].Mark
		} else if says {
			return timeline.Mark{}
		}
	}
	at := min(s.At, len(s.Events))
	for i := at - 1; i >= max(0, at-farthestBack) && s.Events[i].N > p.Born.N; i-- {
		e := &s.Events[i]
		if stops, says := stopsReading(p, e.Peer, e.Act); says && stops {
			return timeline.Mark{N: e.N, At: e.At}
		} else if says {
			break
		}
	}
	return timeline.Mark{}
}

func stopsReading(p *timeline.Peer, peer string, act *timeline.Act) (stops, says bool) {
	if act == nil || peer != p.Birth.Name {
		return false, false
	}
	return act.Verb == "stop-reading", act.Verb == "stop-reading" || act.Verb == "read-again"
}
