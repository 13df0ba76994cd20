package lab

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gossipscope/internal/timeline"
)

// Policy decides when a step may proceed. A goroutine of a peer that stands at a gate, and the lesson when it has said something,
// waits in hold for as long as the policy likes. A policy belongs to one lab, and to one stretch of its time (Lab.SetPolicy).
type Policy interface {
	// begin is called once, before anything else, with the lab that the policy serves.
	begin(lb *Lab)

	// rest is called before the lesson says or does what the event tells. It returns when that may happen: a policy that can tell
	// waits until everything that the lesson has begun before has come to rest, so that nothing is said in the middle of something else.
	rest(e timeline.Event)

	// hold returns when what the event announces may happen: the act that a gate stands before, or what follows a sentence that
	// somebody is to read first; and some time after the peer was killed (Lab.gone). It is called without any lock.
	hold(e timeline.Event)

	// end lets go of everything held, and holds nothing from then on, also nobody who comes late. It is called once, before the peers
	// are stopped.
	end()
}

// switchboard is the policy of a lab: whichever it is now.
type switchboard struct {
	lab *Lab

	mu   sync.Mutex // guards what follows
	now  Policy
	over bool
}

// SetPolicy makes another policy decide from now on; it must be fresh. What the one before has held goes on, to be held by the new one at
// its next gate: that is how pausing makes a free lab a stepped one, and going on makes it free again. When the lab is closed it does
// nothing.
func (lb *Lab) SetPolicy(p Policy) { lb.policy.set(p) }

func (s *switchboard) set(p Policy) {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	before := s.now
	p.begin(s.lab)
	s.now = p
	s.mu.Unlock()
	if before != nil {
		before.end()
	}
}

func (s *switchboard) current() Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *switchboard) rest(e timeline.Event) { s.current().rest(e) }
func (s *switchboard) hold(e timeline.Event) { s.current().hold(e) }

func (s *switchboard) end() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.current().end()
}

// Free holds nothing.
func Free() Policy { return free{} }

type free struct{}

func (free) begin(*Lab)          {}
func (free) rest(timeline.Event) {}
func (free) hold(timeline.Event) {}
func (free) end()                {}

// Paced holds each step for as long as pace says, by the world's clock divided by the lab's speed, for people who watch. Meanwhile
// the lab's clock stands still, so that no timeout comes of watching.
//
// It paces gates and what the lesson says, not reports: a report may stand under a mutex of the layer, and whoever were held there
// would hold up others for reasons that are not the layer's, and hang a bubble. So what one goroutine reports between two gates comes
// at once, a handful of events at most. Whoever shows them may show them one after the other at a pace of his own: he follows the
// recorder by a cursor, and nobody waits for him.
func Paced(pace func(timeline.Event) time.Duration) Policy {
	return &paced{pace: pace, over: make(chan struct{})}
}

type paced struct {
	pace func(timeline.Event) time.Duration
	lab  *Lab
	over chan struct{} // closed by end
}

func (p *paced) begin(lb *Lab)       { p.lab = lb }
func (p *paced) end()                { close(p.over) }
func (p *paced) rest(timeline.Event) {}

func (p *paced) hold(e timeline.Event) {
	d := time.Duration(float64(p.pace(e)) / p.lab.speed)
	if d <= 0 {
		return
	}
	p.lab.clock.Hold()
	defer p.lab.clock.Release()
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-p.over:
	case <-p.lab.gone(e.Peer):
	}
}

// Seeded releases one held step at a time, all others at rest, in an order that the seed decides: another seed is another
// interleaving, the same seed is the same run. settle must return when every goroutine is at rest; in a test it is synctest.Wait,
// and nothing else will do. Nothing but the policy may call it.
func Seeded(seed uint64, settle func()) Policy {
	return &seeded{
		random: rand.New(rand.NewPCG(seed, 0)),
		settle: settle,
		wake:   make(chan struct{}, 1),
		over:   make(chan struct{}),
		ended:  make(chan struct{}),
	}
}

type seeded struct {
	random *rand.Rand // used by run alone
	settle func()
	lab    *Lab
	wake   chan struct{} // a token says that something is held
	over   chan struct{} // closed by end
	ended  chan struct{} // closed when run has returned

	mu   sync.Mutex
	free bool // set by end
	held []held
}

// held is a goroutine that waits, under a name that no other one held has.
type held struct {
	name string
	let  chan struct{}
}

func (p *seeded) begin(lb *Lab) {
	p.lab = lb
	go p.run()
}

func (p *seeded) end() {
	close(p.over)
	<-p.ended
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = true
	for _, h := range p.held {
		close(h.let)
	}
	p.held = nil
}

// rest makes the lesson one of those that are held. It may be several at once: each goroutine on which it acts.
func (p *seeded) rest(e timeline.Event) { p.wait(lessonName(e)) }

func (p *seeded) hold(e timeline.Event) {
	if e.Kind == timeline.KindStep {
		p.wait(heldName(e))
	}
}

// wait holds the goroutine under this name. One of a peer that was killed is let go in its turn like the others; Kill waits for that, so
// that nobody of the next life stands here beside it under the same name.
func (p *seeded) wait(name string) {
	h := held{name: name, let: make(chan struct{})}
	p.mu.Lock()
	if p.free {
		p.mu.Unlock()
		return
	}
	p.held = append(p.held, h)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	<-h.let
}

// lessonName tells apart what a lesson does on several goroutines at once.
func lessonName(e timeline.Event) string {
	switch {
	case e.Act != nil:
		return fmt.Sprintf("the lesson: %s %s %s %s", e.Peer, e.Act.Verb, e.Act.Target, e.Act.Detail)
	case e.Link != nil:
		return fmt.Sprintf("the lesson: %s %s", e.Link.Name, e.Link.Change)
	}
	return "the lesson"
}

// heldName is made of what the logic of the run fixes, never of what happened to come first. Whom a step concerns belongs to it: the
// services of two connections can stand at the demultiplexer at once, on behalf of one subscription.
func heldName(e timeline.Event) string {
	o, on := e.Step.Object, e.Step.Subject
	return fmt.Sprintf("%s %s %s %s %06d %s %d %s %06d", e.Peer, o.Kind, o.Role, o.Endpoint, o.ID, e.Step.Step, e.Step.Number, on.Role, on.ID)
}

// run releases one step, waits until everything is at rest, and so on. While nothing is held it blocks, which is what lets virtual
// time pass.
func (p *seeded) run() {
	defer close(p.ended)
	for {
		p.settle()
		if next := p.pick(); next != nil {
			p.lab.turn.Add(1)
			close(next.let)
			continue
		}
		select {
		case <-p.wake:
		case <-p.over:
			return
		}
	}
}

// pick takes one of the held steps, nil if there is none or the run is over.
func (p *seeded) pick() *held {
	select {
	case <-p.over:
		return nil
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) == 0 {
		return nil
	}
	slices.SortFunc(p.held, func(a, b held) int { return cmp.Compare(a.name, b.name) })
	i := p.random.IntN(len(p.held))
	h := p.held[i]
	p.held = slices.Delete(p.held, i, i+1)
	return &h
}
