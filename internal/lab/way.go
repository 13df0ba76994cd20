package lab

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// way is one direction of a link: a queue of bytes between the end that writes and the end that reads.
//
// It has a buffer because of what a link is for. To delay bytes, or to stop them, somebody has to keep them meanwhile, and that must
// not be the goroutine that writes: it holds the mutexes of TLS and of gRPC's transport, others wait for these, and a goroutine that
// waits for a mutex is not at rest for testing/synctest, so that a bubble would hang. So a write never waits. That the buffer does
// not grow without end is owed to HTTP/2: a sender may have no more bytes of streams under way than the receiver has granted,
// 64 KiB at first and a few MiB at most, and the receiver grants more only for what it has read.
//
// It is safe for concurrent use.
type way struct {
	clock *Clock // the lab's: what is delayed arrives by it

	mu            sync.Mutex
	changed       chan struct{} // closed and replaced whenever somebody who waits has to look again
	pieces        []piece       // what is under way, in order
	delay         time.Duration
	frozen        bool
	ended         bool  // the writing end has said that nothing follows
	abandoned     bool  // the reading end is closed
	broken        error // set by fail: what both ends get from then on
	readDeadline  time.Time
	writeDeadline time.Time
}

// piece is some bytes that arrive together, or the end of all.
type piece struct {
	due   time.Duration // by the lab's clock; 0 for at once
	bytes []byte
	last  bool // no bytes: the reader gets io.EOF
}

func newWay(clock *Clock) *way {
	return &way{clock: clock, changed: make(chan struct{})}
}

// broadcast makes everybody who waits look again. The caller holds the mutex.
func (w *way) broadcast() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// wake is broadcast for timers.
func (w *way) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broadcast()
}

// write takes bytes over. It never waits.
func (w *way) write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.broken != nil:
		return 0, w.broken
	case passed(w.writeDeadline):
		return 0, os.ErrDeadlineExceeded
	case w.ended || w.abandoned:
		return 0, syscall.EPIPE
	}
	due := w.due()
	if n := len(w.pieces); n > 0 && w.pieces[n-1].due == due {
		w.pieces[n-1].bytes = append(w.pieces[n-1].bytes, b...)
	} else {
		w.pieces = append(w.pieces, piece{due: due, bytes: append([]byte(nil), b...)})
	}
	w.broadcast()
	return len(b), nil
}

// due returns when what is written now may arrive: never before what was written earlier, which is in front of it. The caller holds the
// mutex.
func (w *way) due() time.Duration {
	if w.delay == 0 {
		return 0
	}
	return w.clock.Now() + w.delay
}

// read waits for bytes, for the end, or for the deadline.
func (w *way) read(b []byte) (int, error) {
	for {
		n, changed, disarm, err := w.take(b)
		if n > 0 || err != nil || len(b) == 0 {
			disarm()
			return n, err
		}
		<-changed
		disarm()
	}
}

// take returns what there is. If that is nothing, changed is closed when it is time to look again, and disarm must be called after.
func (w *way) take(b []byte) (n int, changed <-chan struct{}, disarm func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.broken != nil:
		return 0, nil, func() {}, w.broken
	case w.abandoned:
		return 0, nil, func() {}, net.ErrClosed
	case passed(w.readDeadline):
		return 0, nil, func() {}, os.ErrDeadlineExceeded
	}
	if n, err := w.arrived(b); n > 0 || err != nil {
		return n, nil, func() {}, err
	}
	return 0, w.changed, w.alarm(), nil
}

// arrived takes bytes off the first piece if that has arrived. The caller holds the mutex.
func (w *way) arrived(b []byte) (int, error) {
	if w.frozen || len(w.pieces) == 0 {
		return 0, nil
	}
	first := &w.pieces[0]
	if first.due > 0 && first.due > w.clock.Now() {
		return 0, nil
	}
	if first.last {
		return 0, io.EOF
	}
	n := copy(b, first.bytes)
	first.bytes = first.bytes[n:]
	if len(first.bytes) == 0 {
		w.pieces[0] = piece{}
		w.pieces = w.pieces[1:]
	}
	return n, nil
}

// alarm sets timers for what only time can change: the arrival of what is delayed, and the deadline. The caller holds the mutex.
func (w *way) alarm() (disarm func()) {
	arrival, deadline := func() bool { return false }, func() bool { return false }
	if len(w.pieces) > 0 && !w.frozen {
		arrival = w.clock.AfterFunc(w.pieces[0].due-w.clock.Now(), w.wake)
	}
	if !w.readDeadline.IsZero() {
		// A deadline is a moment of the world's clock, not of the lab's: whoever sets it knows only that one.
		deadline = time.AfterFunc(time.Until(w.readDeadline), w.wake).Stop
	}
	return func() {
		arrival()
		deadline()
	}
}

// end says that nothing will be written any more; what was, still arrives.
func (w *way) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended && w.broken == nil {
		w.pieces = append(w.pieces, piece{due: w.due(), last: true})
	}
	w.ended = true
	w.broadcast()
}

// abandon says that nobody will read any more.
func (w *way) abandon() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandoned, w.pieces = true, nil
	w.broadcast()
}

// fail breaks both ways of a link in one moment; what is under way is lost. If one came before the other, the end that hears of the first
// could close, and the other end would read a clean end instead of what broke. They are the only two mutexes of the lab that are held at once.
func fail(out, in *way, err error) {
	out.mu.Lock()
	defer out.mu.Unlock()
	in.mu.Lock()
	defer in.mu.Unlock()
	out.failLocked(err)
	in.failLocked(err)
}

// fail breaks one way, for both ends.
func (w *way) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failLocked(err)
}

// failLocked is fail for a caller who holds the mutex. The first failure counts.
func (w *way) failLocked(err error) {
	if w.broken == nil {
		w.broken, w.pieces = err, nil
	}
	w.broadcast()
}

func (w *way) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.broadcast()
}

// passed reports whether a deadline is set and has passed.
func passed(deadline time.Time) bool {
	return !deadline.IsZero() && !time.Now().Before(deadline)
}

// end is one end of a link, as whoever talks through it sees it.
type end struct {
	in, out       *way
	local, remote net.Addr
	closed        sync.Once
	gone          chan struct{} // closed by Close
}

// newEnds returns the two ends of a transport connection that exists only here.
func newEnds(clock *Clock, dialler, listener net.Addr) (near, far *end) {
	out, in := newWay(clock), newWay(clock)
	near = &end{in: in, out: out, local: dialler, remote: listener, gone: make(chan struct{})}
	far = &end{in: out, out: in, local: listener, remote: dialler, gone: make(chan struct{})}
	return near, far
}

// Read implements net.Conn.
func (e *end) Read(b []byte) (int, error) {
	n, err := e.in.read(b)
	return n, e.explain("read", err)
}

// Write implements net.Conn. It never waits.
func (e *end) Write(b []byte) (int, error) {
	select {
	case <-e.gone:
		return 0, e.explain("write", net.ErrClosed)
	default:
	}
	n, err := e.out.write(b)
	return n, e.explain("write", err)
}

// explain gives an error the shape that those of a socket have.
func (e *end) explain(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: e.local.Network(), Source: e.local, Addr: e.remote, Err: err}
}

// Close implements net.Conn. What was written before still arrives at the other end.
func (e *end) Close() error {
	e.closed.Do(func() {
		close(e.gone)
		e.out.end()
		e.in.abandon()
	})
	return nil
}

// LocalAddr implements net.Conn.
func (e *end) LocalAddr() net.Addr { return e.local }

// RemoteAddr implements net.Conn.
func (e *end) RemoteAddr() net.Addr { return e.remote }

// SetDeadline implements net.Conn.
func (e *end) SetDeadline(t time.Time) error {
	e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (e *end) SetReadDeadline(t time.Time) error {
	e.in.set(func() { e.in.readDeadline = t })
	return nil
}

// SetWriteDeadline implements net.Conn.
func (e *end) SetWriteDeadline(t time.Time) error {
	e.out.set(func() { e.out.writeDeadline = t })
	return nil
}
