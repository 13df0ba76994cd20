package comm

// tracer_test.go is how a test sees what the layer does, step by step, and how it makes a goroutine stand still where it wants it.

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gossipscope/comm/trace"
)

// tracer remembers every event, tells those who wait for one, and holds goroutines at gates.
type tracer struct {
	t testing.TB

	mu      sync.Mutex
	events  []trace.Event
	changed chan struct{} // closed and made anew with every event
	holds   []*hold
}

func newTracer(t testing.TB) *tracer {
	return &tracer{t: t, changed: make(chan struct{})}
}

// Gate implements trace.Tracer.
func (tr *tracer) Gate(e trace.Event) {
	tr.Report(e)
	for _, h := range tr.holding() {
		if h.match(e) {
			h.stay(e)
		}
	}
}

// Report implements trace.Tracer.
func (tr *tracer) Report(e trace.Event) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.events = append(tr.events, e)
	close(tr.changed)
	tr.changed = make(chan struct{})
}

func (tr *tracer) holding() []*hold {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.holds
}

// wait returns the first event, past or future, that matches.
func (tr *tracer) wait(match func(trace.Event) bool) trace.Event {
	tr.t.Helper()
	return tr.waitFor(1, match)[0]
}

// waitFor returns the first n events that match.
func (tr *tracer) waitFor(n int, match func(trace.Event) bool) []trace.Event {
	tr.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		tr.mu.Lock()
		changed := tr.changed
		tr.mu.Unlock()
		if found := tr.all(match); len(found) >= n {
			return found[:n]
		}
		select {
		case <-changed:
		case <-timer.C:
			tr.t.Fatalf("waited %v for %d events that match, found %d; this is what happened:\n%s", patience, n, len(tr.all(match)), tr)
		}
	}
}

// all returns the events so far that match.
func (tr *tracer) all(match func(trace.Event) bool) []trace.Event {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var found []trace.Event
	for _, e := range tr.events {
		if match(e) {
			found = append(found, e)
		}
	}
	return found
}

// String returns all that has happened, an event a line.
func (tr *tracer) String() string {
	text := ""
	for _, e := range tr.all(func(trace.Event) bool { return true }) {
		text += fmt.Sprintf("  %s %d %s #%d %s %s %v\n", e.Object.Kind, e.Object.ID, e.Object.Role, e.Number, e.Step, e.Detail, e.Err)
	}
	return text
}

// is matches the events of a step that also match each of the further conditions.
func is(step trace.Step, conditions ...func(trace.Event) bool) func(trace.Event) bool {
	return func(e trace.Event) bool {
		for _, condition := range conditions {
			if !condition(e) {
				return false
			}
		}
		return e.Step == step
	}
}

// of matches the events of one object.
func of(object trace.Object) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Object.Kind == object.Kind && e.Object.ID == object.ID }
}

// failed matches the events that tell of an error.
func failed(e trace.Event) bool { return e.Err != nil }

// inbound matches the events of connections that the other end has dialled.
func inbound(e trace.Event) bool { return e.Object.Role == trace.Acceptor }

// carrying matches the events of a message with this text.
func carrying(t testing.TB, text string) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Envelope != nil && textOf(decode(t, e.Envelope)) == text }
}

// hold keeps every goroutine that comes to a gate which matches, until it is released.
type hold struct {
	tr       *tracer
	match    func(trace.Event) bool
	arrived  chan trace.Event
	once     sync.Once
	released chan struct{}
}

// hold begins to hold whoever comes to a gate that matches. A hold that is released lets everybody pass, also those that come later.
func (tr *tracer) hold(match func(trace.Event) bool) *hold {
	h := &hold{tr: tr, match: match, arrived: make(chan trace.Event, 1000), released: make(chan struct{})}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.holds = append(tr.holds[:len(tr.holds):len(tr.holds)], h)
	return h
}

func (h *hold) stay(e trace.Event) {
	select {
	case <-h.released:
		return
	default:
	}
	h.arrived <- e
	<-h.released
}

// reached waits until one more goroutine is held, and returns the event that it stands before.
func (h *hold) reached() trace.Event {
	h.tr.t.Helper()
	e, _ := await(h.tr.t, "somebody to be held", h.arrived)
	return e
}

// release lets everybody go on. It may be called more than once.
func (h *hold) release() {
	h.once.Do(func() { close(h.released) })
}

func (tr *tracer) releaseAll() {
	for _, h := range tr.holding() {
		h.release()
	}
}

// reacting is a tracer that does something at a step, on the goroutine that has come to it.
type reacting func(trace.Event)

func (r reacting) Gate(e trace.Event)   { r(e) }
func (r reacting) Report(e trace.Event) { r(e) }
