package timeline

// The Recorder stands between running peers, which must never wait, and everyone who looks, who may be as slow as a disk or a
// person. Peers add events under a mutex that is held for moments only. Readers have cursors of their own and take from the same
// store at their own speed; none of them holds up a peer or another reader.
//
// The price of a store that does not grow is that it forgets. When it is full, the oldest events are folded into a keyframe: a State
// that says what everything forgotten has come to. So the present is always exact, and so is every moment since the keyframe;
// only a reader that fell behind it misses events, and is told how many by a gap.
//
// No peer folds: that takes several times as long as to keep an event. What must go is folded many events at a time, on a goroutine that
// is there only meanwhile, and so a session that fits into the store is folded by nobody but those who look. There is no timer in here.

import (
	"context"
	"errors"
	"io"
	"sync"
)

// ErrClosed is returned by Until when the recorder was closed before what it waits for came true.
var ErrClosed = errors.New("the session has ended")

// Recorder keeps the events of a session. All methods are safe for concurrent use.
type Recorder struct {
	capacity int // how many events are kept at least, once there are as many
	batch    int // how many are forgotten at once; 0 in a small recorder, which forgets one when one comes
	room     int // how many can be kept

	folding  sync.Mutex // guards keyframe; held while a batch is folded, and never taken under mu
	keyframe State      // everything before the store

	mu        sync.Mutex // guards what follows; held for moments only, never while somebody else's code runs
	store     [][]Event  // a ring of room events, in blocks that are made when they are reached; event i of all is at i % room
	first     int        // how many of all were forgotten; changed only by whoever holds folding too
	next      int        // how many were added
	forgotten Event      // the gap that stands for all that were forgotten
	tidying   bool       // the goroutine that forgets is there
	last      uint64
	changed   chan struct{} // closed at the next change; nil if nobody waits
	closed    bool

	live liveState
}

// liveState is the State of now, brought up to date by whoever asks. It has a mutex of its own, so that folding costs those who look
// and not the peers.
type liveState struct {
	mu    sync.Mutex
	state State
	buf   []Event
}

const (
	// block is how many events of the store are made at a time, so that it grows without moving what it has.
	block = 1 << 10

	// minBatch is how many events it is worth while to start a goroutine for.
	minBatch = 1 << 6
)

// NewRecorder returns a recorder that keeps the latest capacity events, at least one, and of a large capacity an eighth more: as long as
// that is not full the peers go on while the oldest are folded. It keeps their envelopes too: the memory that it can come to hold is that
// many times the size of the messages.
func NewRecorder(capacity int) *Recorder {
	capacity = max(1, capacity)
	batch := capacity / 16
	if batch < minBatch {
		batch = 0
	}
	return newRecorder(capacity, batch)
}

func newRecorder(capacity, batch int) *Recorder {
	room := capacity + 2*batch
	return &Recorder{capacity: capacity, batch: batch, room: room, store: make([][]Event, (room+block-1)/block)}
}

// Add gives e the next number, keeps it, and returns the number; the caller fills in all but N. It never waits for a reader; for the
// folding of what must go it waits only if the store is full before that is done. Events share their envelopes and bytes with whoever made
// them, and these must not be changed any more. After Close it does nothing and returns 0.
func (r *Recorder) Add(e Event) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.next-r.first == r.room && !r.closed {
		r.mu.Unlock()
		r.makeRoom()
		r.mu.Lock()
	}
	if r.closed {
		return 0
	}
	r.last++
	if e.Kind == KindGap && e.Gap > 1 {
		r.last += e.Gap - 1
	}
	e.N = r.last
	r.put(e)
	r.wake()
	return e.N
}

// put puts e into the store, which has room, and has the oldest forgotten when they are enough for a batch. The caller holds the mutex.
func (r *Recorder) put(e Event) {
	if i := r.next % r.room; r.store[i/block] == nil {
		r.store[i/block] = make([]Event, min(block, r.room-i))
	}
	*r.at(r.next) = e
	r.next++
	if r.batch > 0 && r.next-r.first >= r.capacity+r.batch && !r.tidying {
		r.tidying = true
		go r.tidy()
	}
}

// at returns where event i of all is.
func (r *Recorder) at(i int) *Event {
	i %= r.room
	return &r.store[i/block][i%block]
}

// tidy forgets batch after batch, for as long as there is one.
func (r *Recorder) tidy() {
	for r.forgetBatch() {
	}
}

// forgetBatch forgets a batch, and reports whether there was one.
func (r *Recorder) forgetBatch() bool {
	r.folding.Lock()
	defer r.folding.Unlock()
	if !r.untidy() {
		return false
	}
	r.forget(r.batch)
	return true
}

// untidy reports whether there is a batch to forget. If not, the goroutine that asks is about to end.
func (r *Recorder) untidy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tidying = !r.closed && r.next-r.first >= r.capacity+r.batch
	return r.tidying
}

// makeRoom is for those who find the store full: the recorder is a small one, or the peers are faster than their events can be folded, and
// then they have to wait. What is forgotten meanwhile by tidy serves as well.
func (r *Recorder) makeRoom() {
	r.folding.Lock()
	defer r.folding.Unlock()
	r.mu.Lock()
	full := r.next-r.first == r.room
	r.mu.Unlock()
	if full {
		r.forget(1)
	}
}

// forget folds the n oldest events into the keyframe. The caller holds folding and not mu: nobody changes an event that is in the store.
func (r *Recorder) forget(n int) {
	for i := range n {
		r.keyframe.Apply(*r.at(r.first + i))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.first += n
	r.forgotten = Event{N: r.keyframe.N, Turn: r.keyframe.Turn, At: r.keyframe.At, Kind: KindGap}
}

// Close tells readers that nothing will follow: their Next returns io.EOF after the last event, and Until returns ErrClosed. What was
// recorded stays readable. Closing again does nothing.
func (r *Recorder) Close() {
	r.mu.Lock()
	r.closed = true
	r.wake()
	r.mu.Unlock()
	r.folding.Lock() // the batch that is being folded is the last
	defer r.folding.Unlock()
}

// wake tells everybody who waits. The caller holds the mutex.
func (r *Recorder) wake() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// Last returns the number of the last event, 0 before the first.
func (r *Recorder) Last() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// Forgotten returns how many events the recorder does not keep any more: the number of the last event in the keyframe.
func (r *Recorder) Forgotten() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forgotten.N
}

// Snapshot returns everything that the recorder has: the keyframe, which is the zero State as long as nothing was forgotten, and the
// events since. Applying them to it gives the State of now.
func (r *Recorder) Snapshot() (keyframe State, since []Event) {
	r.folding.Lock()
	defer r.folding.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keyframe.Clone(), r.copySince(nil, r.keyframe.N, r.room)
}

// State returns the State of now. The caller may keep it and apply further events to it.
func (r *Recorder) State() State {
	r.live.mu.Lock()
	defer r.live.mu.Unlock()
	r.catchUp()
	return r.live.state.Clone()
}

// catchUp applies to the live State what has happened since the last time. It takes the events out in portions, so that the mutex that
// the peers need is never held for long.
func (r *Recorder) catchUp() {
	const portion = 1024
	for {
		r.live.buf = r.takeSince(&r.live.state, r.live.buf[:0], portion)
		for i := range r.live.buf {
			r.live.state.Apply(r.live.buf[i])
		}
		done := len(r.live.buf) < portion
		clear(r.live.buf)
		if done {
			return
		}
	}
}

// takeSince appends to buf up to limit events that follow state. If the recorder has forgotten the next one, state becomes the keyframe.
func (r *Recorder) takeSince(state *State, buf []Event, limit int) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	for state.N < r.forgotten.N {
		r.mu.Unlock()
		r.skip(state)
		r.mu.Lock()
	}
	return r.copySince(buf, state.N, limit)
}

// skip makes state the keyframe if that is later, and reports whether it is.
func (r *Recorder) skip(state *State) bool {
	r.folding.Lock()
	defer r.folding.Unlock()
	if state.N >= r.keyframe.N {
		return false
	}
	*state = r.keyframe.Clone()
	return true
}

// copySince appends to buf up to limit events that follow event number after, which must not be older than the keyframe. The caller
// holds the mutex.
func (r *Recorder) copySince(buf []Event, after uint64, limit int) []Event {
	i := r.indexAfter(after)
	for end := i + min(limit, r.next-i); i < end; {
		at := i % r.room
		part := r.store[at/block][at%block:]
		part = part[:min(len(part), end-i)]
		buf = append(buf, part...)
		i += len(part)
	}
	return buf
}

// indexAfter returns which of all events is the first in the store that is later than number after.
func (r *Recorder) indexAfter(after uint64) int {
	low, high := r.first, r.next
	for low < high {
		middle := (low + high) / 2
		if r.at(middle).N <= after {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// Until waits until cond holds, and returns nil; it returns the cause of ctx's end, or ErrClosed, if that comes first. cond is asked
// for the State of now, then after every single event, so that it cannot miss what holds only for a moment after the call. (If the
// waiter falls behind the keyframe, the states that were forgotten meanwhile are skipped.)
//
// cond runs on the caller's goroutine and may take its time. It must neither change the State nor keep it; it may keep a Clone.
func (r *Recorder) Until(ctx context.Context, cond func(*State) bool) error {
	state := r.State()
	for {
		if cond(&state) {
			return nil
		}
		if err := r.advance(ctx, &state); err != nil {
			return err
		}
	}
}

// advance waits for the event after state and applies it.
func (r *Recorder) advance(ctx context.Context, state *State) error {
	c := Cursor{r: r, at: state.N}
	e, err := c.Next(ctx)
	switch {
	case err == io.EOF:
		return ErrClosed
	case err != nil:
		return err
	}
	if e.Kind == KindGap && e.N-e.Gap == state.N && r.skip(state) {
		return nil
	}
	state.Apply(e)
	return nil
}

// Cursor follows a recorder event by event. It is for one goroutine.
type Cursor struct {
	r  *Recorder
	at uint64 // the number of the last event taken
}

// Follow returns a cursor behind event number after: its first event is the next one. 0 is the beginning.
func (r *Recorder) Follow(after uint64) *Cursor { return &Cursor{r: r, at: after} }

// At returns the number of the last event taken.
func (c *Cursor) At() uint64 { return c.at }

// Next returns the next event, waiting for it if need be: until ctx ends (it returns the cause), or the recorder is closed and
// everything was taken (io.EOF). If the recorder has forgotten the next event, Next returns a gap that says how many are missing
// and goes on with the oldest that is left.
func (c *Cursor) Next(ctx context.Context) (Event, error) {
	var one [1]Event
	for {
		if n := len(c.take(one[:0], 1)); n == 1 {
			return one[0], nil
		}
		ready, ended := c.wait()
		if ended {
			return Event{}, io.EOF
		}
		select {
		case <-ready:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

// Take appends to buf the events that are there, up to limit, and returns it. It does not wait. Like Next, it begins with a gap if
// it has fallen behind.
func (c *Cursor) Take(buf []Event, limit int) []Event { return c.take(buf, limit) }

// Ready returns a channel that is closed when there is something to take, or when the recorder is closed. Ask for it anew each time.
func (c *Cursor) Ready() <-chan struct{} {
	ready, _ := c.wait()
	return ready
}

// CopyTo writes every event to w, beginning with the next one, until the recorder is closed and everything is written (it returns
// nil), or until ctx ends or w fails. Whoever records a session to a disk runs it on a goroutine of its own, and closes w when it
// has returned nil.
func (c *Cursor) CopyTo(ctx context.Context, w *Writer) error {
	for {
		e, err := c.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.Write(e); err != nil {
			return err
		}
	}
}

func (c *Cursor) take(buf []Event, limit int) []Event {
	r := c.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if limit <= 0 {
		return buf
	}
	if gap := r.forgotten; c.at < gap.N {
		gap.Gap = gap.N - c.at
		buf = append(buf, gap)
		c.at = gap.N
		limit--
	}
	first := len(buf)
	buf = r.copySince(buf, c.at, limit)
	if len(buf) > first {
		c.at = buf[len(buf)-1].N
	}
	return buf
}

// wait returns a channel that is closed when there is something to take. ended says that there never will be.
func (c *Cursor) wait() (ready <-chan struct{}, ended bool) {
	r := c.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last > c.at || r.closed {
		return closedChannel(), r.closed && r.last <= c.at
	}
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed, false
}

// closedChannel makes a new one each time: a shared one would belong to whatever synctest bubble made it.
func closedChannel() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
