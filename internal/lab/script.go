package lab

// A lesson about a race cannot leave to chance who comes first. It says so itself, by holds: from now on whoever of A comes to
// conn.write stays there; wait until somebody does; now do the other thing; now let him go. Such a script works on top of any policy,
// since it comes first: a goroutine that a script keeps is simply at rest for the seeded policy, and when the script lets it go, it
// passes through the policy's hold like any other, so that the seed still decides in which order things go on.
//
// While a script holds somebody the lab's clock runs: many lessons need a timeout to pass meanwhile.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

var (
	// ErrNoGate means that a hold was asked for at a step that is not a gate of the catalogue: the layer does not stop there.
	ErrNoGate = errors.New("nobody can be held at this step")

	// ErrReleased means that a hold holds nobody any more: it was released, or the lab was closed.
	ErrReleased = errors.New("the hold has been released")
)

// script is what the lesson holds.
type script struct {
	mu    sync.Mutex
	over  bool
	holds []*Hold // those that are not released, in the order of their making
}

// Hold keeps goroutines of one peer at one gate. Its methods are safe for concurrent use.
type Hold struct {
	lab     *Lab
	peer    string
	step    trace.Step
	matches []func(trace.Event) bool

	mu       sync.Mutex // guards what follows
	released bool
	standing []chan struct{} // closed to let one go; the longest held first
	arrived  []trace.Event   // arrivals that Reached has not told of yet
	changed  chan struct{}   // closed and replaced at each change
}

// Hold makes every goroutine of the peer that from now on comes to the gate of this step, and for which every match returns true, stay
// there until Step or Release lets it go, or the peer is killed, or the lab is closed. A goroutine that stands at the gate already,
// because the policy holds it there, is not caught. The peer need not be born yet. match runs on the goroutine that came.
//
// Several holds at one gate keep a goroutine one after the other, in the order of their making. A step that is no gate holds nobody, and
// Reached says so.
func (lb *Lab) Hold(peer string, step trace.Step, match ...func(trace.Event) bool) *Hold {
	h := &Hold{lab: lb, peer: peer, step: step, matches: match, changed: make(chan struct{})}
	e := h.act("hold")
	lb.policy.rest(e)
	// In force before anybody has time to read of it: meanwhile the peers go on.
	if !h.isGate() || !lb.script.add(h) {
		h.released = true
		return h
	}
	lb.record(e)
	lb.policy.hold(e)
	return h
}

func (h *Hold) isGate() bool {
	info, known := trace.Lookup(h.step)
	return known && info.Gate
}

func (h *Hold) act(verb string) timeline.Event {
	return timeline.Event{Kind: timeline.KindAct, Act: &timeline.Act{Verb: verb, Target: h.peer, Detail: string(h.step)}}
}

// Reached waits until one more goroutine stands at the gate, and returns the event with which it came. Each arrival is told once, in
// the order of the arrivals. It returns the cause of ctx's end, or an error that is ErrReleased or ErrNoGate, if nobody came before.
func (h *Hold) Reached(ctx context.Context) (trace.Event, error) {
	if !h.isGate() {
		return trace.Event{}, fmt.Errorf("%w: %s", ErrNoGate, h.step)
	}
	for {
		e, changed, err := h.next()
		if changed == nil {
			return e, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return trace.Event{}, fmt.Errorf("waiting for %s at %s: %w", h.peer, h.step, context.Cause(ctx))
		}
	}
}

// next returns the next arrival, or an error, or else a channel that is closed when it is time to look again.
func (h *Hold) next() (trace.Event, <-chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case len(h.arrived) > 0:
		e := h.arrived[0]
		h.arrived = h.arrived[1:]
		return e, nil, nil
	case h.released:
		return trace.Event{}, nil, fmt.Errorf("waiting for %s at %s: %w", h.peer, h.step, ErrReleased)
	}
	return trace.Event{}, h.changed, nil
}

// Standing returns how many goroutines are held.
func (h *Hold) Standing() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.standing)
}

// Step lets the one go on that has been held longest; whoever comes later is still held. If nobody stands there it does nothing, and
// nothing is recorded: wait with Reached first.
func (h *Hold) Step() {
	e := h.act("step")
	h.lab.policy.rest(e)
	let := h.first()
	if let == nil {
		return
	}
	h.lab.record(e)
	h.lab.policy.hold(e)
	close(let)
}

// first takes the longest held off the list.
func (h *Hold) first() chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.standing) == 0 {
		return nil
	}
	let := h.standing[0]
	h.standing = h.standing[1:]
	return let
}

// Release lets all go on, and holds nobody any more. Releasing again does nothing, and nothing is recorded.
func (h *Hold) Release() {
	e := h.act("release")
	h.lab.policy.rest(e)
	if !h.lab.script.remove(h) {
		return
	}
	h.lab.record(e)
	h.lab.policy.hold(e)
	h.letAll()
}

// letAll lets all go on.
func (h *Hold) letAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = true
	for _, let := range h.standing {
		close(let)
	}
	h.standing = nil
	h.broadcast()
}

// broadcast makes whoever waits look again. The caller holds the mutex.
func (h *Hold) broadcast() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// add puts a hold in force, unless the lab is closed.
func (s *script) add(h *Hold) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.holds = append(s.holds, h)
	return true
}

// remove takes a hold out of force, and reports whether it was in force.
func (s *script) remove(h *Hold) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.holds, h)
	if i < 0 {
		return false
	}
	s.holds = slices.Delete(s.holds, i, i+1)
	return true
}

// end lets everybody go, for good.
func (s *script) end() {
	s.mu.Lock()
	holds := s.holds
	s.holds, s.over = nil, true
	s.mu.Unlock()
	for _, h := range holds {
		h.letAll()
	}
}

// hold keeps the goroutine that has come to a gate of the peer for as long as the lesson says, or until gone is closed.
func (s *script) hold(peer string, e trace.Event, gone <-chan struct{}) {
	s.mu.Lock()
	var concerned []*Hold
	for _, h := range s.holds {
		if h.peer == peer && h.step == e.Step {
			concerned = append(concerned, h)
		}
	}
	s.mu.Unlock()
	for _, h := range concerned {
		if h.wants(e) {
			h.stand(e, gone)
		}
	}
}

func (h *Hold) wants(e trace.Event) bool {
	return !slices.ContainsFunc(h.matches, func(match func(trace.Event) bool) bool { return !match(e) })
}

// stand keeps the goroutine.
func (h *Hold) stand(e trace.Event, gone <-chan struct{}) {
	h.mu.Lock()
	if h.released {
		h.mu.Unlock()
		return
	}
	let := make(chan struct{})
	h.standing = append(h.standing, let)
	h.arrived = append(h.arrived, e)
	h.broadcast()
	h.mu.Unlock()
	select {
	case <-let:
	case <-gone:
		h.forget(let)
	}
}

// forget takes a goroutine of a dead peer off the list.
func (h *Hold) forget(let chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.standing = slices.DeleteFunc(h.standing, func(other chan struct{}) bool { return other == let })
}
