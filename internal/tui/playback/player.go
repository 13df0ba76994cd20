package playback

import (
	"slices"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Speeds are those that a reader can choose, the slowest first.
var Speeds = []float64{0.25, 0.5, 1, 2, 4, 8, 16}

// Player moves the moment that is shown through a history, one event at a time, each for as long as a person needs. When it has shown
// everything it asks for more (Wants), and whoever steers the peers lets one of them go on. It is for one goroutine.
type Player struct {
	history *History
	lang    text.Lang

	at      int           // how many events are shown
	elapsed time.Duration // for how long the last of them has been shown, at speed 1
	playing bool
	speed   float64

	reading time.Duration // how long the narration that is shown still needs to be read
	stops   map[trace.Step]bool
}

// NewPlayer returns a player at the beginning of a history, which plays.
func NewPlayer(h *History, lang text.Lang) *Player {
	return &Player{history: h, lang: lang, playing: true, speed: 1, stops: make(map[trace.Step]bool)}
}

// SetLang tells in which language the reader reads, which takes different times.
func (p *Player) SetLang(lang text.Lang) { p.lang = lang }

// At returns how many events are shown.
func (p *Player) At() int { return p.at }

// Event returns the event that is shown, nil before the first.
func (p *Player) Event() *timeline.Event {
	if p.at == 0 {
		return nil
	}
	return &p.history.events[p.at-1]
}

// AtEnd reports whether the last event that is known is shown.
func (p *Player) AtEnd() bool { return p.at == p.history.Len() }

// Playing reports whether the player goes on by itself.
func (p *Player) Playing() bool { return p.playing }

// Play lets the player go on by itself, from the moment that is shown.
func (p *Player) Play() { p.playing = true }

// Pause stops it. A movement that has begun still comes to its end.
func (p *Player) Pause() { p.playing = false }

// Speed returns how fast the player plays.
func (p *Player) Speed() float64 { return p.speed }

// SetSpeed makes it play at another speed, which must be above 0.
func (p *Player) SetSpeed(speed float64) { p.speed = speed }

// Faster returns the next speed above the present one, or below it for a negative step; the present one, if there is none.
func (p *Player) Faster(step int) float64 {
	i, listed := slices.BinarySearch(Speeds, p.speed)
	if !listed && step > 0 {
		i-- // where it would be put, the next above it stands already
	}
	next := Speeds[min(max(i+step, 0), len(Speeds)-1)]
	if step < 0 {
		return min(next, p.speed)
	}
	return max(next, p.speed)
}

// GoTo shows the moment after the first n events, without movement.
func (p *Player) GoTo(n int) {
	p.at = min(max(n, 0), p.history.Len())
	p.elapsed, p.reading = 0, 0
	if e := p.Event(); e != nil {
		p.elapsed = Movement(e)
	}
}

// Find returns how many events there are up to that number.
func (p *Player) Find(number uint64) int {
	i, found := slices.BinarySearchFunc(p.history.events, number, func(e timeline.Event, n uint64) int {
		switch {
		case e.N < n:
			return -1
		case e.N > n:
			return 1
		}
		return 0
	})
	if found {
		i++
	}
	return i
}

// Next shows the next event that is known, with its movement, and reports whether there is one.
func (p *Player) Next() bool {
	if p.AtEnd() {
		return false
	}
	p.show(p.at + 1)
	return true
}

// Back shows the moment one event earlier.
func (p *Player) Back() { p.GoTo(p.at - 1) }

// Skip ends the movement that is under way, and whatever time the reader would have had for it.
func (p *Player) Skip() {
	if e := p.Event(); e != nil {
		p.elapsed = max(p.elapsed, Hold(e))
	}
	p.reading = 0
}

// Forgotten tells that the history has forgotten its first n events.
func (p *Player) Forgotten(n int) { p.at = max(p.at-n, 0) }

// Progress returns how far the movement of the event that is shown has come, from 0 to 1.
func (p *Player) Progress() float64 {
	e := p.Event()
	if e == nil {
		return 1
	}
	movement := Movement(e)
	if movement == 0 || p.elapsed >= movement {
		return 1
	}
	return float64(p.elapsed) / float64(movement)
}

// Stops returns the steps at which the player stops every time, sorted.
func (p *Player) Stops() []trace.Step {
	var steps []trace.Step
	for step := range p.stops {
		steps = append(steps, step)
	}
	slices.Sort(steps)
	return steps
}

// ToggleStop makes the player stop at a step every time, or no more, and reports which.
func (p *Player) ToggleStop(step trace.Step) bool {
	if p.stops[step] {
		delete(p.stops, step)
		return false
	}
	p.stops[step] = true
	return true
}

// Advance lets dt of the world's time pass. It reports whether the picture has changed.
func (p *Player) Advance(dt time.Duration) bool {
	before, progress := p.at, p.Progress()
	p.elapsed += time.Duration(float64(dt) * p.speed)
	p.reading = max(p.reading-time.Duration(float64(dt)*p.speed), 0)
	for p.playing && !p.AtEnd() && p.finished() {
		over := p.elapsed
		if e := p.Event(); e != nil {
			over -= Hold(e)
		}
		p.show(p.at + 1)
		p.elapsed = max(min(over, p.elapsed+time.Duration(float64(dt)*p.speed)), 0)
		if e := p.Event(); e.Step != nil && p.stops[e.Step.Step] {
			p.playing = false
		}
	}
	return p.at != before || p.Progress() != progress
}

// finished reports whether the event that is shown has been shown for long enough for the next one.
func (p *Player) finished() bool {
	e := p.Event()
	if e == nil {
		return true
	}
	if p.elapsed < Hold(e) {
		return false
	}
	return p.AtEnd() || !isNarration(&p.history.events[p.at]) || p.reading == 0
}

// Reading reports whether the next thing that the lesson says waits until the one before could be read.
func (p *Player) Reading() bool {
	e := p.Event()
	return p.playing && e != nil && p.elapsed >= Hold(e) && !p.finished()
}

// Wants reports whether everything was shown for long enough, and the player waits for something to happen.
func (p *Player) Wants() bool { return p.playing && p.AtEnd() && p.finished() }

// Moving reports whether time changes the picture by itself.
func (p *Player) Moving() bool { return p.Progress() < 1 || p.playing && !(p.AtEnd() && p.finished()) }

// show makes the first n events the ones that are shown, and begins the movement of the last of them.
func (p *Player) show(n int) {
	p.at, p.elapsed = n, 0
	if e := p.Event(); isNarration(e) && e.Text != nil {
		p.reading = readingTime(e.Text.In(p.lang))
	}
}
