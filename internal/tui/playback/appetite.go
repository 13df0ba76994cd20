package playback

import "math"

// Appetite says how many of the events that have happened are taken in at a frame. In a burst the peers want the machine for themselves,
// and whoever took in everything at once would slow down what he watches: so it takes a sip only, and what is left when the burst is
// over. The zero Appetite takes everything always.
type Appetite struct {
	Burst int // so many new events in one frame are a burst
	Sip   int // how many to take then
	Gulp  int // how many to take else: what no key has to wait for

	last  uint64
	burst bool
}

// Bursting reports whether the last portion was a sip.
func (a *Appetite) Bursting() bool { return a.burst }

// Portion returns how many events to take in at this frame, when the last that has happened is the one of that number. What is there at
// the first frame is no burst: it happened before.
func (a *Appetite) Portion(last uint64) int {
	before := a.last
	a.last = last
	a.burst = a.Gulp > 0 && before > 0 && last >= before+uint64(a.Burst)
	switch {
	case a.Gulp == 0:
		return math.MaxInt
	case a.burst:
		return a.Sip
	}
	return a.Gulp
}
