package lab

// A link is a transport connection that the lab has its hands on. Every dial of a peer or of an intruder makes one, over either
// network, and a lesson gets at it by its name, Lab.Link("A→B#1"): to delay what it carries, to stop it, to cut it, to end one half
// of it, or to ask how much has passed.
//
// It consists of two ends and a way between them in each direction (way.go). The near end is what the dialling peer's gRPC holds as
// its net.Conn. In memory the far end is what the listening peer accepts. Over TCP it is held by two goroutines, the pumps, one for
// each direction, that carry bytes between it and a socket (network.go). So whatever a lesson does to a link it does to the ways,
// beside the goroutines of the peers: none of them is ever held inside Write.

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gossipscope/internal/timeline"
)

// keptLinks bounds how many links that have ended a lab remembers, so that one can still be asked for its counts.
const keptLinks = 1024

// Link is a transport connection between the peer that dialled and the one that listens. Its methods are safe for concurrent use.
// Those that change it are acts: they wait until everything is at rest if the policy can tell, and they are recorded. On a link
// that has ended they do nothing, and nothing is recorded.
type Link struct {
	Name     string // who dialled whom, the how-manyth time: "A→B#2"
	Dialer   string // the name of who dialled
	Listener string // the name of who listens

	lab       *Lab
	number    int
	near, far *end
	tcp       *net.TCPConn // the socket of a link over TCP; nil in memory
	breaking  sync.Once
	cut       chan struct{} // closed when the link is broken
	sent      atomic.Uint64
	received  atomic.Uint64

	mu     sync.Mutex // guards what follows
	over   bool       // it was closed by either end, or cut
	frozen bool
	halved bool // HalfClose
}

// Link returns the link of that name, nil if there is none. One that has ended is found for a long time yet.
func (lb *Lab) Link(name string) *Link {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	return lb.links[name]
}

// Links returns the links that have not ended, sorted by name.
func (lb *Lab) Links() []*Link {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	var open []*Link
	for _, l := range lb.links {
		if !l.isOver() {
			open = append(open, l)
		}
	}
	slices.SortFunc(open, func(a, b *Link) int {
		return cmp.Or(cmp.Compare(a.Dialer, b.Dialer), cmp.Compare(a.Listener, b.Listener), cmp.Compare(a.number, b.number))
	})
	return open
}

// Sent returns how many bytes the end that dialled has written.
func (l *Link) Sent() uint64 { return l.sent.Load() }

// Received returns how many bytes the end that dialled has read.
func (l *Link) Received() uint64 { return l.received.Load() }

// Delay makes every byte that is written from now on, at either end, arrive d later by the lab's clock; the order of the bytes is
// kept. 0 ends it: what is under way still takes its time, and what follows comes right behind.
func (l *Link) Delay(d time.Duration) {
	d = max(d, 0)
	l.act(timeline.LinkDelay, d, l.isOpen, func() {
		for _, w := range l.ways() {
			w.set(func() { w.delay = d })
		}
	})
}

// Freeze stops the link: from now on nothing passes in either direction, not even the end of the other end, and nothing is lost.
// Neither end can tell this from a peer that is silent.
func (l *Link) Freeze() {
	l.act(timeline.LinkFreeze, 0, func() bool { return l.turn(&l.frozen, true) }, func() { l.setFrozen(true) })
}

// Thaw lets a frozen link go on, beginning with what was kept.
func (l *Link) Thaw() {
	l.act(timeline.LinkThaw, 0, func() bool { return l.turn(&l.frozen, false) }, func() { l.setFrozen(false) })
}

func (l *Link) setFrozen(frozen bool) {
	for _, w := range l.ways() {
		w.set(func() { w.frozen = frozen })
	}
}

// HalfClose ends the direction of the end that dialled: when the other end has read what was written before, it reads io.EOF. The
// other direction stays open until somebody closes it.
func (l *Link) HalfClose() {
	l.act(timeline.LinkHalfClose, 0, func() bool { return l.turn(&l.halved, true) }, l.near.out.end)
}

// Cut breaks the link: both ends get an error that says "connection reset" at once, and what is under way is lost.
func (l *Link) Cut() { l.act(timeline.LinkCut, 0, l.finish, l.reset) }

// reset breaks both directions. Nothing is recorded.
func (l *Link) reset() {
	l.breaking.Do(func() {
		fail(l.near.out, l.near.in, syscall.ECONNRESET)
		if l.tcp != nil {
			l.tcp.SetLinger(0) // so that closing sends a reset, and not the rest and an end
			l.tcp.Close()
		}
		close(l.cut)
	})
}

func (l *Link) ways() []*way { return []*way{l.near.out, l.near.in} }

// act does something to the link, if that may be done when its turn has come.
func (l *Link) act(change string, delay time.Duration, may func() bool, do func()) {
	l.lab.policy.rest(l.event(change, ""))
	if !may() {
		return
	}
	e := l.event(change, "")
	e.Link.Delay = delay
	l.lab.record(e)
	l.lab.policy.hold(e)
	do()
}

// turn sets a switch of a link that is open, and reports whether that was a change.
func (l *Link) turn(what *bool, to bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || *what == to {
		return false
	}
	*what = to
	return true
}

// finish notes that the link has ended, and reports whether it had not before: its end is told once.
func (l *Link) finish() bool {
	first := l.turn(&l.over, true)
	if first && l.tcp == nil {
		l.lab.retire(l) // over TCP the pumps are still to end
	}
	return first
}

func (l *Link) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

func (l *Link) isOpen() bool { return !l.isOver() }

// close tells, once, that one of the ends has closed it.
func (l *Link) close(reason string) {
	if l.finish() {
		l.lab.record(l.event(timeline.LinkClose, reason))
	}
}

func (l *Link) event(change, reason string) timeline.Event {
	return timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{
		Name: l.Name, Change: change, Dialer: l.near.local.String(), Listener: l.near.remote.String(),
		Sent: l.Sent(), Received: l.Received(), Reason: reason,
	}}
}

// nearEnd is the end of the peer that dialled, watched: it counts the bytes, and tells when the link has ended.
type nearEnd struct {
	*end
	link *Link
}

// Read implements net.Conn.
func (n *nearEnd) Read(b []byte) (int, error) {
	got, err := n.end.Read(b)
	n.link.received.Add(uint64(got))
	if err == io.EOF {
		n.link.close("closed by the end that was dialled")
	}
	return got, err
}

// Write implements net.Conn.
func (n *nearEnd) Write(b []byte) (int, error) {
	put, err := n.end.Write(b)
	n.link.sent.Add(uint64(put))
	return put, err
}

// Close implements net.Conn.
func (n *nearEnd) Close() error {
	n.link.close("closed by the end that dialled")
	return n.end.Close()
}

// dialer returns the function with which whoever bears this name makes transport connections. Once gone is closed it makes none.
func (lb *Lab) dialer(from string, gone <-chan struct{}) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, endpoint string) (net.Conn, error) {
		l := lb.newLink(from, endpoint)
		if err := lb.network.dial(ctx, l, endpoint); err != nil {
			return nil, err
		}
		if err := lb.enlist(l, gone); err != nil {
			l.reset()
			return nil, err
		}
		lb.record(l.event(timeline.LinkOpen, ""))
		return &nearEnd{end: l.near, link: l}, nil
	}
}

// newLink numbers a link between the two, which the network is then to connect.
func (lb *Lab) newLink(from, endpoint string) *Link {
	number, to := lb.countDial(from, endpoint)
	return &Link{Name: fmt.Sprintf("%s→%s#%d", from, to, number), Dialer: from, Listener: to, lab: lb, number: number,
		cut: make(chan struct{})}
}

// enlist makes a link that is connected one of the lab's, unless whoever dialled must not have one any more.
func (lb *Lab) enlist(l *Link, gone <-chan struct{}) error {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	select {
	case <-gone:
		return fmt.Errorf("%s is dead: %w", l.Dialer, net.ErrClosed)
	default:
	}
	if lb.closed {
		return fmt.Errorf("the lab is closed: %w", net.ErrClosed)
	}
	lb.links[l.Name] = l
	if l.tcp != nil {
		l.bridge()
	}
	return nil
}

// retire is called when nothing of a link runs any more. Of those that have retired the lab forgets the oldest.
func (lb *Lab) retire(l *Link) {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	lb.retired = append(lb.retired, l.Name)
	if len(lb.retired) > keptLinks {
		delete(lb.links, lb.retired[0])
		lb.retired = lb.retired[1:]
	}
}
