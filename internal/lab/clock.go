package lab

import (
	"container/heap"
	"math"
	"sync"
	"time"
)

// Clock is the time of a lab: every timeout of its peers' layers runs on it (comm.Config.AfterFunc). It can run faster than the
// world's, and stand still while a goroutine is held for a reader to look, so that nothing times out behind his back.
//
// It keeps the three rules of util.AfterFunc: a function is never called before AfterFunc returns, stopping never waits, and
// functions are called, each on a goroutine of its own, without the clock's lock.
type Clock struct {
	mu     sync.Mutex
	speed  float64
	holds  int           // how many hold the clock still
	read   time.Duration // what the clock showed at the moment since
	since  time.Time     // by the world's clock; of no meaning while held
	timers timerHeap
	last   uint64
	disarm func() bool // stops the world's timer for the earliest of ours
}

// timer is a function that waits for its time.
type timer struct {
	due    time.Duration
	length time.Duration // what was asked for, when it was set
	number uint64        // orders timers that are due at the same time
	index  int           // in the heap; -1 once it has left
	f      func()
}

// newClock returns a clock that runs, speed times as fast as the world's.
func newClock(speed float64) *Clock {
	return &Clock{speed: speed, since: time.Now(), disarm: func() bool { return false }}
}

// Now returns the time since the clock was made, by this clock.
func (c *Clock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Duration {
	if c.holds > 0 {
		return c.read
	}
	return c.read + time.Duration(float64(time.Since(c.since))*c.speed)
}

// AfterFunc has the shape and the rules of util.AfterFunc.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	t := &timer{due: c.now() + max(d, 0), length: d, number: c.last, f: f}
	heap.Push(&c.timers, t)
	c.rearm()
	return func() bool { return c.stop(t) }
}

func (c *Clock) stop(t *timer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(&c.timers, t.index)
	c.rearm()
	return true
}

// Hold makes the clock stand still until Release has been called as often as Hold.
func (c *Clock) Hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = c.now()
	c.holds++
	c.rearm()
}

// Release takes back one Hold.
func (c *Clock) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds--
	if c.holds == 0 {
		c.since = time.Now()
		c.rearm()
	}
}

// Held reports whether the clock stands still.
func (c *Clock) Held() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.holds > 0
}

// SetSpeed makes the clock run speed times as fast as the world's from now on; what it shows does not jump. A speed that is not more
// than zero is none, and changes nothing.
func (c *Clock) SetSpeed(speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !(speed > 0) || math.IsInf(speed, 1) {
		return
	}
	c.read, c.since = c.now(), time.Now()
	c.speed = speed
	c.rearm()
}

// NextDue returns what the clock will show when the next timer is due that was set for no longer than atMost, and whether there is one.
// The bound is what tells a timeout that somebody waits for from what a peer does now and then, such as looking for identities that
// nobody has used for an hour.
func (c *Clock) NextDue(atMost time.Duration) (due time.Duration, pending bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.timers {
		if t.length <= atMost && (!pending || t.due < due) {
			due, pending = t.due, true
		}
	}
	return due, pending
}

// JumpToNext puts the clock to the moment at which the next timer is due, and reports whether there was one. It is for a reader who
// does not want to wait for a timeout.
func (c *Clock) JumpToNext() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 {
		return false
	}
	c.read = max(c.now(), c.timers[0].due)
	c.since = time.Now()
	c.fire()
	return true
}

// rearm sets the world's timer to the earliest of ours.
func (c *Clock) rearm() {
	c.disarm()
	if c.holds > 0 || len(c.timers) == 0 {
		return
	}
	// Rounded up: a timer that came a fraction of a nanosecond early would find nothing due, and be set again for at once, for ever where
	// time does not pass meanwhile.
	wait := time.Duration(math.Ceil(float64(c.timers[0].due-c.now()) / c.speed))
	c.disarm = time.AfterFunc(max(wait, 0), c.ring).Stop
}

// ring is called by the world's timer. It may come late, after the timer was stopped or the clock held: fire looks again.
func (c *Clock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holds == 0 {
		c.fire()
	}
}

// fire starts the functions that are due.
func (c *Clock) fire() {
	for now := c.now(); len(c.timers) > 0 && c.timers[0].due <= now; {
		go heap.Pop(&c.timers).(*timer).f()
	}
	c.rearm()
}

// timerHeap implements heap.Interface.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].due != h[j].due {
		return h[i].due < h[j].due
	}
	return h[i].number < h[j].number
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = -1
	return t
}
