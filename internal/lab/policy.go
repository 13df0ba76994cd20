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
// waits in hold for as long as the policy likes. A policy belongs to one lab.
type Policy interface {
	// begin is called once, before anything else, with the lab that the policy serves.
	begin(lb *Lab)

	// rest is called before the lesson says or does something. It returns when that may happen: a policy that can tell waits until
	// everything that the lesson has begun before has come to rest, so that nothing is said in the middle of something else.
	rest()

	// hold returns when what the event announces may happen: the act that a gate stands before, or what follows a sentence that
	// somebody is to read first. It is called without any lock.
	hold(e timeline.Event)

	// end lets go of everything held, and holds nothing from then on. It is called once, before the peers are stopped.
	end()
}

// Free holds nothing.
func Free() Policy { return free{} }

type free struct{}

func (free) begin(*Lab)          {}
func (free) rest()               {}
func (free) hold(timeline.Event) {}
func (free) end()                {}

// Paced holds each step for as long as pace says, by the world's clock divided by the lab's speed, for people who watch. Meanwhile
// the lab's clock stands still, so that no timeout comes of watching.
func Paced(pace func(timeline.Event) time.Duration) Policy {
	return &paced{pace: pace, over: make(chan struct{})}
}

type paced struct {
	pace func(timeline.Event) time.Duration
	lab  *Lab
	over chan struct{} // closed by end
}

func (p *paced) begin(lb *Lab) { p.lab = lb }
func (p *paced) end()          { close(p.over) }
func (p *paced) rest()         {}

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

// rest makes the lesson one of those that are held.
func (p *seeded) rest() { p.wait("the lesson") }

func (p *seeded) hold(e timeline.Event) {
	if e.Kind == timeline.KindStep {
		p.wait(heldName(e))
	}
}

// wait holds the goroutine under this name.
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

// heldName is made of what the logic of the run fixes, never of what happened to come first.
func heldName(e timeline.Event) string {
	o := e.Step.Object
	return fmt.Sprintf("%s %s %s %s %06d %s %d", e.Peer, o.Kind, o.Role, o.Endpoint, o.ID, e.Step.Step, e.Step.Number)
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
