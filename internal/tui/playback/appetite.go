package playback

import "math"

// Appetite says how many of the events that have happened are taken in at a frame. In a burst the peers want the machine for themselves,
// and whoever took in everything at once would slow down what he watches: so it takes a sip only, now and then, and what is left when the
// burst is over. The zero Appetite takes everything always.
type Appetite struct {
	Burst int // so many new events in one frame are a burst
	Sip   int // how many to take then
	Rest  int // for how many frames nothing is taken before each sip: these frames only look whether the burst is over
	Gulp  int // how many to take else: what no key has to wait for

	last  uint64
	burst int // which frame of a burst this is, from 1; 0 if there is none
}

// Look begins a frame; the last event that has happened is the one of that number. What is there at the first frame is no burst: it
// happened before.
func (a *Appetite) Look(last uint64) {
	before := a.last
	a.last = last
	if a.Gulp > 0 && before > 0 && last >= before+uint64(a.Burst) {
		a.burst++
	} else {
		a.burst = 0
	}
}

// Bursting reports whether there is a burst at this frame.
func (a *Appetite) Bursting() bool { return a.burst > 0 }

// Resting reports whether nothing is to be taken in at this frame.
func (a *Appetite) Resting() bool { return a.burst%(a.Rest+1) != 0 }

// Portion returns how many events to take in at a frame that is not for resting.
func (a *Appetite) Portion() int {
	switch {
	case a.Gulp == 0:
		return math.MaxInt
	case a.burst > 0:
		return a.Sip
	}
	return a.Gulp
}
