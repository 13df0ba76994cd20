// Package session is what the explorer shows: a run of real peers that a person watches and steers (Live), or the recording of one
// (Replay). Whoever draws it needs nothing else: no peer, no socket and no clock leaves this package, only events, and who is held.
//
// A live session steps. From the first event on every goroutine of every peer, and the lesson itself, is held at its next step, until
// whoever shows the session lets it go: Changed tells that there is something to look at, Held who is held, Release lets one go on.
// While anybody is held the clock of the session stands still. SetStepping(false) lets everything run.
//
// What a person does to the peers is an Act (act.go). It is not held, whoever else is: who cuts a line means now.
package session

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/walkthroughs"
)

// Options say how a session is run. The zero value is usable.
type Options struct {
	Speed    float64     // how fast its clock runs, from MinSpeed to MaxSpeed; 1 if zero
	Network  lab.Network // what the peers talk over; nil for TCP on this machine
	Capacity int         // how many events are kept; more than any lesson has if zero
}

// The speeds of a session's clock. It makes timeouts pass faster but not the machine: beyond the highest an honest handshake could come
// too late.
const (
	MinSpeed = 0.1
	MaxSpeed = 20
)

const defaultCapacity = 1 << 17

// Session is what a live session and a recording have in common.
type Session interface {
	// Recorder has the events.
	Recorder() *timeline.Recorder

	// Header says what the session is of.
	Header() timeline.Header

	// Save writes a recording of all events up to now to a new file: all of it, or nothing. It never writes over a file. The error
	// tells, in both languages, what went wrong (see Sentence).
	Save(path string) error

	// Close ends the session. It may be called more than once.
	Close()
}

// Live is a session of peers that run. Its methods are safe for concurrent use; but for Close and Save none of them waits for anything.
type Live struct {
	lab    *lab.Lab
	header timeline.Header
	lesson bool // whether a lesson is told in it, else it is a sandbox

	life    context.Context // of the lesson, and of every act
	endLife context.CancelCauseFunc
	running sync.WaitGroup // all goroutines of the session; added to under mu, as long as it is not closed

	intruders intruders

	mu          sync.Mutex // guards what follows
	closed      bool
	ended       bool  // the lesson has ended
	err         error // with what
	touched     bool  // the person has done something to the peers
	stands      bool  // the clock stands still because the person wants it to
	stepper     *lab.Stepper
	stretch     uint64        // counts the steppers: each numbers those it holds from 1
	switched    chan struct{} // closed and replaced when the stepper is another
	changed     chan struct{} // closed and replaced when there is something new to look at
	deeds       []*deed       // what the person does, and the lab has not yet announced
	names       map[string]bool
	counter     int // of the messages whose content was left to us
	ending      map[*lab.Peer]bool
	subscribers map[*lab.Peer]*subscriber
}

// Play begins to tell a lesson, stepping from its first event on.
func Play(l walkthroughs.Lesson, o Options) (*Live, error) {
	live, err := begin(o, timeline.Header{Lesson: l.Slug})
	if err != nil {
		return nil, err
	}
	live.lesson = true
	live.SetStepping(true)
	live.running.Go(func() { live.finish(tell(live.life, l, live.lab)) })
	return live, nil
}

// sandboxPeers are those that a sandbox begins with: two of one organisation, and one of the other.
var sandboxPeers = []string{"A", "B", "I"}

// Sandbox begins a session without a lesson: three peers, of two organisations, each with a subscriber that reads and acknowledges. It
// steps from when they are there.
func Sandbox(o Options) (*Live, error) {
	live, err := begin(o, timeline.Header{})
	if err != nil {
		return nil, err
	}
	live.lab.Title(says.sandbox)
	for _, name := range sandboxPeers {
		live.names[name] = true
		if err := live.bear(name); err != nil {
			live.Close()
			return nil, text.Failed(err, says.noPeers)
		}
	}
	live.SetStepping(true)
	return live, nil
}

// begin makes a session with nobody in it, which does not step yet.
func begin(o Options, header timeline.Header) (*Live, error) {
	header.Network, header.Policy, header.Created = "tcp", "stepped", time.Now().UTC().Truncate(time.Second)
	if o.Network != nil && o.Network != lab.Loopback() {
		header.Network = "pipe"
	}
	if o.Capacity == 0 {
		o.Capacity = defaultCapacity
	}
	lb, err := lab.New(lab.Config{Network: o.Network, Speed: sensible(o.Speed), Recorder: timeline.NewRecorder(o.Capacity)})
	if err != nil {
		return nil, text.Failed(err, says.noPeers)
	}
	l := &Live{
		lab: lb, header: header,
		switched: make(chan struct{}), changed: make(chan struct{}),
		names: make(map[string]bool), ending: make(map[*lab.Peer]bool), subscribers: make(map[*lab.Peer]*subscriber),
	}
	l.life, l.endLife = context.WithCancelCause(context.Background())
	l.running.Go(l.usher)
	return l, nil
}

// PanicError means that the code of a lesson has panicked. That can happen to one whose peers a person has killed under its hands, and is no
// reason to take down a program that has put his terminal into a state of its own.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns what the panic said.
func (e *PanicError) Error() string { return fmt.Sprintf("the lesson panicked: %v", e.Value) }

// tell tells a lesson to its end.
func tell(ctx context.Context, l walkthroughs.Lesson, lb *lab.Lab) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return l.Play(ctx, lb)
}

// finish notes how the lesson has ended.
func (l *Live) finish(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.err = l.verdict(err)
	l.broadcast()
}

// verdict gives the end of the lesson its sentence. The caller holds the mutex.
func (l *Live) verdict(err error) error {
	switch {
	case err == nil:
		return nil
	case l.life.Err() != nil:
		return &text.Error{Says: sentences[SessionEnded], Cause: err}
	case l.touched:
		return text.Failed(err, says.disturbed)
	case errors.Is(err, walkthroughs.ErrBroken):
		return text.Failed(err, says.brokenPromise)
	}
	return text.Failed(err, says.stuck)
}

// errClosed is the cause of a lesson's end that was ended by Close.
var errClosed = errors.New("the session was closed")

// Ended reports whether the lesson has ended, and with what: nil if every promise held, else an error with a sentence (see Sentence) that
// is walkthroughs.ErrBroken if one did not. Its peers live on until Close. A sandbox never ends.
func (l *Live) Ended() (err error, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err, l.ended
}

// Recorder implements Session.
func (l *Live) Recorder() *timeline.Recorder { return l.lab.Recorder() }

// Header implements Session.
func (l *Live) Header() timeline.Header { return l.header }

// Close lets go of everything that is held, and then stops all peers. When it returns nothing of the session runs any more. What was
// recorded stays readable, and can be saved.
func (l *Live) Close() {
	l.Stand(false)
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	// The life first: whoever is let go now must find that all is over, and not begin anything new.
	l.endLife(errClosed)
	l.lab.Close()
	l.running.Wait()
	l.Recorder().Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stepper = nil
	l.broadcast()
}

// start runs something on a goroutine that Close waits for. It reports false, and does nothing, if the session is closed.
func (l *Live) start(run ...func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	for _, f := range run {
		l.running.Go(f)
	}
	return true
}

// broadcast tells that there is something new to look at. The caller holds the mutex.
func (l *Live) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// report tells whoever watches that an act has come to nothing, of which no step of the layer tells.
func (l *Live) report(err error, sentence text.Text, args ...any) {
	if err == nil || l.life.Err() != nil {
		return
	}
	e := text.Failed(err, sentence, args...)
	l.lab.Say(text.Text{Zh: e.In(text.Chinese), En: e.In(text.English)})
}
