package session

// How a person steers a live session: who is held, who goes on, and how fast time passes.
//
// The lab's stepper holds whatever a lesson does at the moment when it announces it, so that somebody can read it first. What the person
// does comes the same way, through the same methods of the lab, but is not to be held: he has just decided it. So each of his acts is
// noted as a deed before it is done, and the usher, a goroutine of the session, lets it through when it stands there. Should the lesson
// do the very same at the very same moment one may be taken for the other, which does nobody any harm: one of them is let go.

import (
	"math"
	"slices"
	"time"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

// longestTimeout is the longest timeout that anybody waits for. A peer's search for identities that nobody uses any more comes every six
// minutes; it is nothing to wait for.
const longestTimeout = 5 * time.Minute

// deed is something that a person does: to a peer, or to a link.
type deed struct{ whom, what string }

// deedOf returns what an event announces.
func deedOf(e timeline.Event) deed {
	switch {
	case e.Act != nil:
		return deed{e.Peer, e.Act.Verb}
	case e.Link != nil:
		return deed{e.Link.Name, e.Link.Change}
	}
	return deed{}
}

// perform does what the person wants done, past the stepper.
func (l *Live) perform(whom, what string, do func()) {
	d := &deed{whom, what}
	l.mu.Lock()
	l.deeds = append(l.deeds, d)
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.deeds = slices.DeleteFunc(l.deeds, func(other *deed) bool { return other == d })
	}()
	do()
}

// usher lets the person's own acts through, and passes on that something has changed.
func (l *Live) usher() {
	for {
		l.mu.Lock()
		stepper, switched := l.stepper, l.switched
		l.mu.Unlock()
		var changed <-chan struct{}
		if stepper != nil {
			// Asked for before looking, as Changed wants it: whatever comes after is seen the next time round.
			changed = stepper.Changed()
			l.letThrough(stepper)
		}
		l.mu.Lock()
		l.broadcast()
		l.mu.Unlock()
		select {
		case <-changed:
		case <-switched:
		case <-l.life.Done():
			return
		}
	}
}

// letThrough releases those acts of the person that stand there, each of his deeds once. It does so under the mutex, so that none of them
// is ever listed by Held.
func (l *Live) letThrough(s *lab.Stepper) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, own := split(s.Held(), l.deeds)
	l.deeds = slices.DeleteFunc(l.deeds, func(d *deed) bool { return own[d] != 0 })
	for _, id := range own {
		s.Release(id)
	}
}

// split tells those who are held to be looked at from the person's own acts, which stand there for a moment only: by deed, their IDs.
func split(held []lab.Held, deeds []*deed) (others []lab.Held, own map[*deed]uint64) {
	own = make(map[*deed]uint64)
	for _, h := range held {
		is := func(d *deed) bool { return own[d] == 0 && *d == deedOf(h.Event) }
		if i := slices.IndexFunc(deeds, is); h.Step == "" && i >= 0 {
			own[deeds[i]] = h.ID
		} else {
			others = append(others, h)
		}
	}
	return others, own
}

// Changed returns a channel that is closed when somebody comes to be held, or goes on, or the lesson ends. Ask for it before Held, and
// anew each time.
func (l *Live) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Held returns who is held, the longest held first; nobody, if the session does not step.
func (l *Live) Held() []Held {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stepper == nil {
		return nil
	}
	others, _ := split(l.stepper.Held(), l.deeds)
	list := make([]Held, len(others))
	for i, h := range others {
		list[i] = Held{ID: l.stretch<<32 | h.ID, Peer: h.Peer, Goroutine: h.Goroutine, Step: h.Step, Object: h.Object, Event: h.Event}
	}
	return list
}

// Release lets the one of this ID go on to its next step, and reports whether it was held.
func (l *Live) Release(id uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stepper != nil && id>>32 == l.stretch && l.stepper.Release(id&math.MaxUint32)
}

// ReleaseNext lets the longest held go on to its next step, and reports whether anybody was held.
func (l *Live) ReleaseNext() bool {
	// Somebody else may be faster with the first; then the next one is meant.
	return slices.ContainsFunc(l.Held(), func(h Held) bool { return l.Release(h.ID) })
}

// SetStepping begins to hold every goroutine at its next step, or lets everything run. What was held before goes on.
func (l *Live) SetStepping(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || on == (l.stepper != nil) {
		return
	}
	if on {
		l.stepper = lab.Stepped()
		l.stretch++
		l.lab.SetPolicy(l.stepper)
	} else {
		l.stepper = nil
		l.lab.SetPolicy(lab.Free())
	}
	close(l.switched)
	l.switched = make(chan struct{})
}

// Clock returns what the clock of the session shows, and whether it stands still, because somebody is held.
func (l *Live) Clock() (now time.Duration, standing bool) {
	return l.lab.Clock().Now(), l.lab.Clock().Held()
}

// NextTimer reports whether a timeout is pending, and how much of it is left by the clock of the session: it passes only while that runs.
func (l *Live) NextTimer() (left time.Duration, pending bool) {
	clock := l.lab.Clock()
	due, pending := clock.NextDue(longestTimeout)
	if !pending {
		return 0, false
	}
	return max(0, due-clock.Now()), true
}

// JumpToNext puts the clock to the moment at which the next timeout passes, and reports whether one was pending.
func (l *Live) JumpToNext() bool {
	clock := l.lab.Clock()
	due, pending := clock.NextDue(longestTimeout)
	if !pending {
		return false
	}
	for clock.JumpToNext() && clock.Now() < due {
		// That was one of those that nobody waits for.
	}
	return true
}

// SetSpeed makes the clock run this many times as fast as the world's, but not slower than MinSpeed or faster than MaxSpeed.
func (l *Live) SetSpeed(speed float64) { l.lab.Clock().SetSpeed(sensible(speed)) }

// sensible returns a speed at which a clock can run.
func sensible(speed float64) float64 {
	if speed == 0 || math.IsNaN(speed) {
		return 1
	}
	return min(max(speed, MinSpeed), MaxSpeed)
}
