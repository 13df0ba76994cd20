// Package lab makes peers and puts them into situations. A lab is a handful of real instances of the layer (comm.Comm), each with an
// identity, TLS certificates and a gRPC server of its own, on one network, under one clock, with one memory of all that happens.
//
// What makes a lab more than a set of peers is that it decides when things happen. It stands behind the tracer of every peer: each
// step is recorded, and at each gate the lab's policy (policy.go) says how long the goroutine waits. And it stands behind every
// dial: each transport connection is a link (link.go), which is watched, and which a lesson can delay, stop, halve or cut. Before the
// policy the lesson itself may hold goroutines, by a script (script.go). Nothing about the peers is simulated.
package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Config says what kind of lab to make.
type Config struct {
	Network  Network            // Loopback or InMemory; Loopback if nil
	Policy   Policy             // Free, Paced, Stepped or Seeded; Free if nil. A policy serves one lab.
	Speed    float64            // of the lab's clock, and of the pace; 1 if zero
	Recorder *timeline.Recorder // gets every event; required
}

// Lab is a set of peers. Its methods are safe for concurrent use.
type Lab struct {
	network  Network
	policy   *switchboard
	speed    float64
	clock    *Clock
	recorder *timeline.Recorder
	script   script
	turn     atomic.Uint64  // how many steps a seeded policy has released
	pumps    sync.WaitGroup // the goroutines of links over TCP; added to under mu, as long as the lab is not closed

	recording sync.Mutex // makes the clock's readings in the record ascend, and a dead peer silent
	steps     steps      // guarded by recording

	mu      sync.Mutex
	closed  bool
	peers   []*Peer
	guests  []interface{ close() }   // whoever is no peer: intruders, and a Fabric acceptor
	names   map[string]string        // endpoint → name of who listens there
	dials   map[string]int           // "from→to" → how many
	lives   map[string]chan struct{} // the name of a peer → closed when it is killed
	links   map[string]*Link         // by name
	retired []string                 // the names of the links that have ended, the oldest first
}

// New makes a lab without peers. Close ends it.
func New(conf Config) (*Lab, error) {
	if conf.Recorder == nil {
		return nil, fmt.Errorf("a lab needs a recorder")
	}
	if conf.Speed < 0 {
		return nil, fmt.Errorf("a lab's clock cannot run at %v times the speed", conf.Speed)
	}
	if conf.Network == nil {
		conf.Network = Loopback()
	}
	if conf.Policy == nil {
		conf.Policy = Free()
	}
	if conf.Speed == 0 {
		conf.Speed = 1
	}
	lb := &Lab{
		network:  conf.Network,
		speed:    conf.Speed,
		clock:    newClock(conf.Speed),
		recorder: conf.Recorder,
		names:    make(map[string]string),
		dials:    make(map[string]int),
		lives:    make(map[string]chan struct{}),
		links:    make(map[string]*Link),
	}
	lb.policy = &switchboard{lab: lb}
	lb.policy.set(conf.Policy)
	return lb, nil
}

// Close lets go of everything that is held, by the policy and by scripts, and stops every peer, in the order of their making. Then
// it breaks the links that are left. When it returns nothing of the lab runs any more. It may be called more than once.
func (lb *Lab) Close() {
	lb.mu.Lock()
	first := !lb.closed
	lb.closed = true
	peers, guests := lb.peers, lb.guests
	lb.mu.Unlock()
	if first {
		// Before the peers are stopped: Stop waits for the goroutines that are held. And the policy first, so that those whom a
		// script lets go do not come into its hands.
		lb.policy.end()
		lb.script.end()
	}
	for _, guest := range guests {
		guest.close()
	}
	for _, p := range peers {
		p.Stop()
	}
	for _, l := range lb.everyLink() {
		l.reset() // one that is frozen, or delayed by an hour, would keep its pumps
	}
	lb.pumps.Wait()
}

func (lb *Lab) everyLink() []*Link {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	return slices.Collect(maps.Values(lb.links))
}

// Clock returns the clock of the lab.
func (lb *Lab) Clock() *Clock { return lb.clock }

// Recorder returns the memory of the lab.
func (lb *Lab) Recorder() *timeline.Recorder { return lb.recorder }

// Title begins a chapter.
func (lb *Lab) Title(t text.Text) { lb.tell(timeline.Event{Kind: timeline.KindTitle, Text: &t}) }

// Say says something to whoever watches.
func (lb *Lab) Say(t text.Text) { lb.tell(timeline.Event{Kind: timeline.KindSay, Text: &t}) }

// Promise states that something holds, or that it does not and why.
func (lb *Lab) Promise(p timeline.Promise) {
	lb.tell(timeline.Event{Kind: timeline.KindPromise, Promise: &p})
}

// tell records an event when its turn has come, and gives people time to read it.
func (lb *Lab) tell(e timeline.Event) {
	lb.policy.rest(e)
	lb.record(e)
	lb.policy.hold(e)
}

// record stamps an event and gives it to the recorder.
func (lb *Lab) record(e timeline.Event) {
	lb.recording.Lock()
	defer lb.recording.Unlock()
	lb.add(e)
}

// add is record for whoever holds the mutex.
func (lb *Lab) add(e timeline.Event) {
	e.At = lb.clock.Now()
	e.Turn = lb.turn.Load()
	lb.recorder.Add(e)
}

// Until waits until the recorded state meets a condition. Every condition of a lesson is one about what has been seen to happen,
// never about time that has passed.
func (lb *Lab) Until(ctx context.Context, condition func(*timeline.State) bool) error {
	return lb.recorder.Until(ctx, condition)
}

// tracer is what one life of a peer reports to.
type tracer struct {
	lab  *Lab
	peer string
	gone chan struct{} // closed when the peer is killed: whoever is held then goes on, unseen

	silent bool // guarded by the lab's recording
}

// Gate implements trace.Tracer.
func (t *tracer) Gate(e trace.Event) {
	if event, alive := t.record(&e); alive {
		t.lab.script.hold(t.peer, *event.Step, t.gone)
		t.lab.policy.hold(event)
	}
}

// Report implements trace.Tracer.
func (t *tracer) Report(e trace.Event) { t.record(&e) }

// record records a step, unless the peer is dead, and returns its event but for number and time.
func (t *tracer) record(step *trace.Event) (e timeline.Event, alive bool) {
	t.lab.recording.Lock()
	defer t.lab.recording.Unlock()
	if t.silent {
		return timeline.Event{}, false
	}
	e = timeline.Event{Kind: timeline.KindStep, Peer: t.peer, Step: t.lab.steps.keep(step)}
	t.lab.add(e)
	return e, true
}

// steps is where recorded steps are kept: in slabs of many, since memory for one costs the goroutine that tells of it as much time as all
// the rest of recording. A slab is garbage when its last step is forgotten, and a recorder forgets in their order.
type steps []trace.Event

const slab = 64

// keep returns a copy of step.
func (s *steps) keep(step *trace.Event) *trace.Event {
	if len(*s) == cap(*s) {
		*s = make(steps, 0, slab)
	}
	*s = append(*s, *step)
	return &(*s)[len(*s)-1]
}

// silence records the last that is heard of the peer.
func (t *tracer) silence(e timeline.Event) {
	t.lab.recording.Lock()
	defer t.lab.recording.Unlock()
	t.silent = true
	t.lab.add(e)
}

// gone returns a channel that is closed when the peer of this name is killed; nil, for ever, if there is no such peer. A life begins
// when nothing of the one before runs any more, so whoever asks for himself gets his own.
func (lb *Lab) gone(name string) <-chan struct{} {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	return lb.lives[name]
}

// countDial counts one more dial, and returns its number and the name of who listens at the endpoint.
func (lb *Lab) countDial(from, endpoint string) (number int, to string) {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	to, known := lb.names[endpoint]
	if !known {
		to = endpoint
	}
	key := from + "→" + to
	lb.dials[key]++
	return lb.dials[key], to
}

// settled notes who listens at an endpoint, and how it will be known that he is dead.
func (lb *Lab) settled(name, endpoint string, gone chan struct{}) {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	lb.names[endpoint] = name
	lb.lives[name] = gone
}
