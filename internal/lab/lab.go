// Package lab makes peers and puts them into situations. A lab is a handful of real instances of the layer (comm.Comm), each with an
// identity, TLS certificates and a gRPC server of its own, on one network, under one clock, with one memory of all that happens.
//
// What makes a lab more than a set of peers is that it decides when things happen. It stands behind the tracer of every peer: each
// step is recorded, and at each gate the lab's policy (policy.go) says how long the goroutine waits. And it stands behind every
// dial: each transport connection is a link (network.go) that is watched. Nothing about the peers is simulated.
package lab

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Config says what kind of lab to make.
type Config struct {
	Network  Network            // Loopback or InMemory; Loopback if nil
	Policy   Policy             // Free, Paced or Seeded; Free if nil. A policy serves one lab.
	Speed    float64            // of the lab's clock, and of the pace; 1 if zero
	Recorder *timeline.Recorder // gets every event; required
}

// Lab is a set of peers. Its methods are safe for concurrent use.
type Lab struct {
	network  Network
	policy   Policy
	speed    float64
	clock    *Clock
	recorder *timeline.Recorder
	turn     atomic.Uint64 // how many steps a seeded policy has released

	recording sync.Mutex // makes the clock's readings in the record ascend

	mu        sync.Mutex
	closed    bool
	peers     []*Peer
	intruders []interface{ close() }
	names     map[string]string // endpoint → name of who listens there
	dials     map[string]int    // "from→to" → how many
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
		policy:   conf.Policy,
		speed:    conf.Speed,
		clock:    newClock(conf.Speed),
		recorder: conf.Recorder,
		names:    make(map[string]string),
		dials:    make(map[string]int),
	}
	lb.policy.begin(lb)
	return lb, nil
}

// Close lets go of everything that is held and stops every peer, in the order of their making. When it returns nothing of the lab
// runs any more. It may be called more than once.
func (lb *Lab) Close() {
	lb.mu.Lock()
	first := !lb.closed
	lb.closed = true
	peers, intruders := lb.peers, lb.intruders
	lb.mu.Unlock()
	if first {
		// Before the peers are stopped: Stop waits for the goroutines that are held.
		lb.policy.end()
	}
	for _, in := range intruders {
		in.close()
	}
	for _, p := range peers {
		p.Stop()
	}
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

// tell records an event and gives people time to read it.
func (lb *Lab) tell(e timeline.Event) {
	lb.policy.rest()
	lb.record(e)
	lb.policy.hold(e)
}

// record stamps an event and gives it to the recorder.
func (lb *Lab) record(e timeline.Event) {
	lb.recording.Lock()
	defer lb.recording.Unlock()
	e.At = lb.clock.Now()
	e.Turn = lb.turn.Load()
	lb.recorder.Add(e)
}

// Until waits until the recorded state meets a condition. Every condition of a lesson is one about what has been seen to happen,
// never about time that has passed.
func (lb *Lab) Until(ctx context.Context, condition func(*timeline.State) bool) error {
	return lb.recorder.Until(ctx, condition)
}

// tracer is what one peer's layer reports to.
type tracer struct {
	lab  *Lab
	peer string
}

// Gate implements trace.Tracer.
func (t *tracer) Gate(e trace.Event) {
	event := timeline.Event{Kind: timeline.KindStep, Peer: t.peer, Step: &e}
	t.lab.record(event)
	t.lab.policy.hold(event)
}

// Report implements trace.Tracer.
func (t *tracer) Report(e trace.Event) {
	t.lab.record(timeline.Event{Kind: timeline.KindStep, Peer: t.peer, Step: &e})
}

// dialer returns the function with which the peer of this name makes its transport connections.
func (lb *Lab) dialer(from string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, endpoint string) (net.Conn, error) {
		number, to := lb.countDial(from, endpoint)
		conn, err := lb.network.dial(ctx, from, endpoint, number)
		if err != nil {
			return nil, err
		}
		return newLink(lb, fmt.Sprintf("%s→%s#%d", from, to, number), conn), nil
	}
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

// settled notes who listens at an endpoint.
func (lb *Lab) settled(name, endpoint string) {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	lb.names[endpoint] = name
}
