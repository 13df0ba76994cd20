package lab

import (
	"slices"
	"sync"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

// Stepped returns a policy that holds every goroutine of every peer at its next gate, and the lesson after each thing that it says or
// does, until somebody lets them go one by one. While anything is held the lab's clock stands still, so that no timeout comes of
// somebody who thinks; Clock.JumpToNext puts it to the next timeout for one who wants to see that.
func Stepped() *Stepper {
	return &Stepper{changed: make(chan struct{})}
}

// Stepper is the policy of somebody who steps: the explorer while it stands still, a reader under a debugger. It serves one lab. Its
// methods are safe for concurrent use.
type Stepper struct {
	lab *Lab

	mu      sync.Mutex // guards what follows
	over    bool
	last    uint64
	held    []*stander    // the longest held first
	changed chan struct{} // closed and replaced when held changes
}

// Held is a goroutine that is held.
type Held struct {
	ID        uint64          // by which Release finds it; ascends with the arrivals
	Peer      string          // whose goroutine it is; "" for the lesson
	Object    trace.Object    // what the step is about; zero for the lesson
	Step      trace.Step      // the gate at which it stands; "" for the lesson
	Goroutine trace.Goroutine // its part in the layer; "" for the lesson
	Since     time.Time       // when it came, by the world's clock: the lab's stands still
	Event     timeline.Event  // what it has announced, as it was recorded but for number and time
}

type stander struct {
	Held
	let chan struct{}
}

func (s *Stepper) begin(lb *Lab) { s.lab = lb }

func (s *Stepper) rest(timeline.Event) {}

func (s *Stepper) hold(e timeline.Event) {
	if e.Kind == timeline.KindTitle {
		return // what the chapter begins with follows at once, and is held
	}
	st := s.add(e)
	if st == nil {
		return
	}
	s.lab.clock.Hold()
	defer s.lab.clock.Release()
	select {
	case <-st.let:
	case <-s.lab.gone(e.Peer):
		s.take(st.ID)
	}
}

// add puts the goroutine that has come with e at the end of the list; nil if nobody is held any more.
func (s *Stepper) add(e timeline.Event) *stander {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil
	}
	s.last++
	st := &stander{Held: Held{ID: s.last, Since: time.Now(), Event: e}, let: make(chan struct{})}
	if e.Step != nil {
		st.Peer, st.Object, st.Step, st.Goroutine = e.Peer, e.Step.Object, e.Step.Step, e.Step.Goroutine()
	}
	s.held = append(s.held, st)
	s.broadcast()
	return st
}

// broadcast tells that held has changed. The caller holds the mutex.
func (s *Stepper) broadcast() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// take takes one off the list, nil if it is not there.
func (s *Stepper) take(id uint64) *stander {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.held, func(st *stander) bool { return st.ID == id })
	if i < 0 {
		return nil
	}
	st := s.held[i]
	s.held = slices.Delete(s.held, i, i+1)
	s.broadcast()
	return st
}

// Held returns who is held, the longest held first.
func (s *Stepper) Held() []Held {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Held, len(s.held))
	for i, st := range s.held {
		list[i] = st.Held
	}
	return list
}

// Changed returns a channel that is closed when somebody comes to be held, or goes on. Ask for it before Held, and anew each time.
func (s *Stepper) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Release lets the one of this ID go on to its next gate, and reports whether it was held.
func (s *Stepper) Release(id uint64) bool {
	st := s.take(id)
	if st == nil {
		return false
	}
	close(st.let)
	return true
}

// ReleaseNext lets the longest held go on to its next gate, and reports whether anybody was held.
func (s *Stepper) ReleaseNext() bool {
	held := s.Held()
	// Somebody else may be faster with the first; then the next one is meant.
	return slices.ContainsFunc(held, func(h Held) bool { return s.Release(h.ID) })
}

func (s *Stepper) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for _, st := range s.held {
		close(st.let)
	}
	s.held = nil
	s.broadcast()
}
