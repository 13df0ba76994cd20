// Package playback decides which moment of a session is shown. It follows the events of a session, however fast they come, keeps them,
// and can go to any of them (History); and it moves the moment that is shown through them at a pace for people (Player).
//
// Going back changes nothing about the peers: it folds what is remembered up to an earlier event. Nothing in here knows a clock, a
// terminal or a peer, so every moment of it can be tested.
package playback

import (
	"slices"

	"gossipscope/internal/timeline"
)

const (
	// checkpointEvery is how many events lie between two states that are kept: as many have to be folded, at most, to go anywhere.
	checkpointEvery = 256

	// Capacity is how many events are kept: more than any lesson has, by far. Of a longer session the oldest are forgotten.
	Capacity = 1 << 17
)

// History is all that is known of a session: its events, and what they come to at any moment. It is for one goroutine.
type History struct {
	capacity    int
	events      []timeline.Event
	base        timeline.State   // what was forgotten before events
	checkpoints []timeline.State // after every checkpointEvery events
	live        timeline.State   // after the last
	missing     uint64

	shown timeline.State // the last state that was asked for, and after how many events; it is brought forward from there
	at    int
}

// NewHistory returns an empty history that keeps at least capacity events.
func NewHistory(capacity int) *History { return &History{capacity: max(capacity, 1)} }

// Expect makes room for n more events. There will be as many again: append would add room for a quarter, and in a burst move all events
// again and again.
func (h *History) Expect(n int) {
	if len(h.events)+n > cap(h.events) {
		h.events = slices.Grow(h.events, max(n, len(h.events)))
	}
}

// Add takes the next events.
func (h *History) Add(events ...timeline.Event) {
	h.Expect(len(events))
	h.events = append(h.events, events...)
	for i := len(h.events) - len(events); i < len(h.events); i++ {
		if e := &h.events[i]; e.Kind == timeline.KindGap {
			h.missing += e.Gap
		}
		h.live.Apply(h.events[i])
		if (i+1)%checkpointEvery == 0 {
			h.checkpoints = append(h.checkpoints, h.live.Clone())
		}
	}
}

// Forget lets go of the oldest events, if there are many more than the capacity, and returns how many. Whoever counts from the first
// event has to count anew.
func (h *History) Forget() int {
	surplus := len(h.events) - h.capacity
	if surplus < h.capacity/4+checkpointEvery { // not at every event: each time all that are kept are moved
		return 0
	}
	n := surplus / checkpointEvery * checkpointEvery
	k := n / checkpointEvery
	h.base = h.checkpoints[k-1]
	h.checkpoints = slices.Clone(h.checkpoints[k:])
	h.events = slices.Clone(h.events[n:])
	h.at = max(h.at-n, 0)
	if h.at == 0 {
		h.shown = h.base.Clone()
	}
	return n
}

// Len returns how many events are known.
func (h *History) Len() int { return len(h.events) }

// Events returns them, the oldest first. They are not to be changed.
func (h *History) Events() []timeline.Event { return h.events }

// Missing returns how many events the session could not keep for us.
func (h *History) Missing() uint64 { return h.missing }

// Live returns the state after the last event. It is to be read only, and changes when events are added.
func (h *History) Live() *timeline.State { return &h.live }

// At returns the state after the first n events. It is to be read only, until the next call.
func (h *History) At(n int) *timeline.State {
	n = min(max(n, 0), len(h.events))
	if n == len(h.events) {
		return &h.live
	}
	if n < h.at || n-h.at > checkpointEvery || h.at == 0 {
		h.jump(n)
	}
	for ; h.at < n; h.at++ {
		h.shown.Apply(h.events[h.at])
	}
	return &h.shown
}

// jump makes the nearest checkpoint before n the state that is brought forward.
func (h *History) jump(n int) {
	k := n / checkpointEvery
	from := &h.base
	if k > 0 {
		from = &h.checkpoints[k-1]
	}
	h.shown, h.at = from.Clone(), k*checkpointEvery
}
