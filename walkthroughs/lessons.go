// Package walkthroughs holds the lessons: stories in plain Go that take real peers through real situations and say, in Chinese and in
// English, what there is to notice. Each lesson also states what must hold, its promises; whoever plays it learns whether they did.
//
// A lesson plays in three places, unchanged: in its test, in virtual time over pipes; in a terminal, over loopback TCP; and under a
// debugger, where it can be read line by line while it happens (go doc of each lesson's function says where to stop). It acts only
// through the public interface of the layer, and waits only for things that it has seen happen, never for time to pass.
package walkthroughs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Lesson is one story.
type Lesson struct {
	Number  int
	Slug    string       // its name on the command line, beside its number
	Title   text.Text    // what it is about
	Learn   text.Text    // what the reader can answer afterwards
	Minutes int          // how long it takes at its own pace, roughly
	About   []trace.Step // the steps that it explains; others only happen in it

	tell func(*story)
}

// All returns the lessons in their order.
func All() []Lesson {
	return []Lesson{meet, checks, send, receive, acks, verdict, store, endings, stop}
}

// Find returns the lesson with this number or slug.
func Find(name string) (Lesson, bool) {
	number, err := strconv.Atoi(name)
	for _, l := range All() {
		if l.Slug == name || err == nil && l.Number == number {
			return l, true
		}
	}
	return Lesson{}, false
}

// ErrBroken means that a promise of a lesson did not hold.
var ErrBroken = errors.New("a promise of the lesson did not hold")

// ErrStandstill means that a lesson waited for something that did not come, and would not have come any more.
var ErrStandstill = errors.New("nothing has happened for a long time")

// Play tells the lesson in a lab, which must be fresh and which the caller closes. It returns nil if every promise held, the cause of
// ctx if that ended first, ErrBroken with the first broken promise, or what kept the lesson from being told.
//
// Others may do to the peers what they like meanwhile. A lesson that is disturbed so ends with an error, at the latest with
// ErrStandstill, and holds nobody any more.
func (l Lesson) Play(ctx context.Context, lb *lab.Lab) (err error) {
	s := &story{Lab: lb}
	var watch sync.WaitGroup
	defer watch.Wait()
	told, end := context.WithCancelCause(ctx)
	defer end(nil)
	s.ctx = told
	watch.Go(func() { s.giveUp(end) })

	s.Title(l.Title)
	l.tell(s)
	if s.err != nil && ctx.Err() == nil { // else the lab is about to be closed, and lets everybody go
		for _, h := range s.holds {
			h.Release()
		}
	}
	return s.err
}

// story is what a lesson is told with. Once something has gone wrong (s.err) nothing more is said or done: each method returns at
// once, so that the lesson itself can be written, and read, as if nothing could.
type story struct {
	*lab.Lab
	ctx   context.Context
	err   error
	cast  []string    // the names of those whom the lesson has brought in
	holds []*lab.Hold // all that it has made
}

// standstill is for how long, by the lab's clock, nothing at all may happen: twice as long as anybody in a lab waits for anything. Where
// nothing has happened for so long, nothing will.
const standstill = 10 * time.Minute

// giveUp ends the story when it has come to a standstill. That takes somebody who has disturbed it: a line that he froze, for one, keeps
// the peers waiting until he thaws it, and he may have gone.
func (s *story) giveUp(end context.CancelCauseFunc) {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for last, since := s.Recorder().Last(), s.Clock().Now(); ; {
		select {
		case <-look.C:
		case <-s.ctx.Done():
			return
		}
		switch n, now := s.Recorder().Last(), s.Clock().Now(); {
		case n != last:
			last, since = n, now
		case now-since >= standstill:
			end(ErrStandstill)
			return
		}
	}
}

// fail ends the story, unless it has ended already.
func (s *story) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// over reports whether the story has ended.
func (s *story) over() bool {
	if s.ctx.Err() != nil {
		s.fail(context.Cause(s.ctx))
	}
	return s.err != nil
}

// chapter begins a chapter.
func (s *story) chapter(zh, en string) {
	if !s.over() {
		s.Title(text.Text{Zh: zh, En: en})
	}
}

// say tells the reader something.
func (s *story) say(zh, en string) {
	if !s.over() {
		s.Say(text.Text{Zh: zh, En: en})
	}
}

// peer brings a peer into the world.
func (s *story) peer(name string, conf comm.Config) *lab.Peer {
	if s.over() {
		return nil
	}
	s.cast = append(s.cast, name)
	p, err := s.NewPeer(name, lab.PeerConfig{Comm: conf})
	if err != nil {
		s.fail(err)
	}
	return p
}

// do acts, unless the story is over. An error of the act itself ends the story; what a lesson wants to look at, it keeps.
func (s *story) do(act func() error) {
	if !s.over() {
		if err := act(); err != nil {
			s.fail(err)
		}
	}
}

// until waits for something to be seen. Give what is waited for in English: it is named if it never comes.
func (s *story) until(what string, condition func(*timeline.State) bool) {
	if s.over() {
		return
	}
	if err := s.Until(s.ctx, condition); err != nil {
		s.fail(fmt.Errorf("waiting until %s: %w", what, err))
	}
}

// promise states that something holds. found says, in English, what was found instead if it does not.
func (s *story) promise(kept bool, found any, zh, en string) {
	if s.over() {
		return
	}
	p := timeline.Promise{Text: text.Text{Zh: zh, En: en}, Kept: kept}
	if !kept {
		p.Why = fmt.Sprint(found)
		defer s.fail(fmt.Errorf("%w: %s: found %s", ErrBroken, en, p.Why))
	}
	s.Promise(p)
}

// state returns what has been seen so far.
func (s *story) state() *timeline.State {
	st := s.Recorder().State()
	return &st
}

// stored returns the connections in the store of the peer of this name.
func stored(st *timeline.State, name string) []*timeline.Connection {
	if p := st.Peer(name); p != nil {
		return p.Stored()
	}
	return nil
}

// idle reports whether every connection of the peer of this name is closed and has let go of what it held. Connections with somebody who
// is not of the lesson do not count: a person may have brought him in, and they are his business.
func (s *story) idle(st *timeline.State, name string) bool {
	p := st.Peer(name)
	return p == nil || !slices.ContainsFunc(p.Connections, func(c *timeline.Connection) bool {
		if c.Phase == timeline.PhaseClosed {
			return false
		}
		other := st.PeerOpposite(c)
		return other == "" || slices.Contains(s.cast, other)
	})
}

// lines returns the lines between those who are of the lesson.
func (s *story) lines(st *timeline.State) (lines []*timeline.Line) {
	for _, l := range st.Lines {
		dialler, listener, known := l.Peers()
		if known && slices.Contains(s.cast, dialler) && slices.Contains(s.cast, listener) {
			lines = append(lines, l)
		}
	}
	return lines
}

// quiet reports whether every line between those who are of the lesson is closed.
func (s *story) quiet(st *timeline.State) bool {
	return !slices.ContainsFunc(s.lines(st), func(l *timeline.Line) bool { return l.Open })
}
