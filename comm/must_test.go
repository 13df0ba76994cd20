package comm

// must_test.go is what many tests ask: of errors and of time, of a peer and its store, and of a goroutine that should wait for a mutex.

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// mustBe fails the test unless err matches want.
func mustBe(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got the error %v, want %v", err, want)
	}
}

// mustBeRefusal fails the test unless err is a refusal with this code for this reason, and returns the words of it.
func mustBeRefusal(t testing.TB, err error, code codes.Code, why error) string {
	t.Helper()
	mustBe(t, err, ErrRefused)
	mustBe(t, err, why)
	refusal, ok := errors.AsType[*RefusedError](err)
	if !ok {
		t.Fatalf("got %T %v, want a *RefusedError", err, err)
	}
	if refusal.Code != code {
		t.Errorf("refused with %v, want %v", refusal.Code, code)
	}
	return refusal.Words
}

// mustTakeNoTime fails the test if virtual time has passed since start: somebody has waited for a timeout.
func mustTakeNoTime(t testing.TB, start time.Time) {
	t.Helper()
	if elapsed := time.Since(start); elapsed != 0 {
		t.Errorf("took %v, want no time at all", elapsed)
	}
}

// mustBeEmpty fails the test if anything arrives within a minute, or if the subscription ends.
func mustBeEmpty(t testing.TB, inbox <-chan proto.ReceivedMessage) {
	t.Helper()
	time.Sleep(time.Minute)
	select {
	case msg, open := <-inbox:
		t.Errorf("got %v, open %v, want nothing", msg, open)
	default:
	}
}

// mustStore fails the test unless this many connections are in the store of the peer.
func (p *testPeer) mustStore(n int) {
	p.t.Helper()
	if got := p.connStore.connNum(); got != n {
		p.t.Errorf("%s has %d connections in its store, want %d", p.name, got, n)
	}
}

// connNum returns how many authenticated connections there are.
func (cs *connectionStore) connNum() int {
	cs.RLock()
	defer cs.RUnlock()
	return len(cs.pki2Conn)
}

// mustDialNothing fails the test if a dial is left in the store.
func (p *testPeer) mustDialNothing() {
	p.t.Helper()
	p.connStore.RLock()
	defer p.connStore.RUnlock()
	if n := len(p.connStore.destinationLocks); n != 0 {
		p.t.Errorf("%s has %d dials left in its store", p.name, n)
	}
}

// connTo returns the connection that a peer has, or is dialling, to another.
func (p *testPeer) connTo(to *RemotePeer) *connection {
	p.t.Helper()
	p.connStore.RLock()
	defer p.connStore.RUnlock()
	conn := p.connStore.find(to)
	if conn == nil {
		conn = p.connStore.destinationLocks[destination(to.Endpoint, to.PKIID)]
	}
	if conn == nil {
		p.t.Fatalf("%s has no connection to %v", p.name, to)
	}
	return conn
}

// mustBeGone waits until the three goroutines of a connection have ended.
func (p *testPeer) mustBeGone(conn trace.Object) {
	p.t.Helper()
	for _, step := range []trace.Step{trace.ConnReaderEnd, trace.ConnWriterEnd, trace.ConnServeEnd} {
		p.tr.wait(is(step, of(conn)))
	}
}

// mustAgree fails the test unless the two peers have one connection, and it is the one that dialler dialled.
func mustAgree(dialler, other *testPeer) {
	dialler.t.Helper()
	synctest.Wait()
	dialler.mustStore(1)
	other.mustStore(1)
	dialler.mustDialNothing()
	other.mustDialNothing()
	if conn := dialler.connTo(other.remote()); conn.clientStream == nil {
		dialler.t.Errorf("the connection that %s keeps is not the one that it dialled", dialler.name)
	}
	if conn := other.connTo(dialler.remote()); conn.serverStream == nil {
		dialler.t.Errorf("the connection that %s keeps is not the one that %s dialled", other.name, dialler.name)
	}
}

// mustThinkAllAlive fails the test if one of the peers presumes anybody dead.
func mustThinkAllAlive(peers ...*testPeer) {
	for _, p := range peers {
		p.t.Helper()
		if dead := p.noticesNow(); len(dead) != 0 {
			p.t.Errorf("%s presumes %d peers dead, who are alive", p.name, len(dead))
		}
	}
}

// noticesNow takes the death notices that are there, having given whoever is about to write one the time to do so.
func (p *testPeer) noticesNow() []common.PKIidType {
	var notices []common.PKIidType
	for {
		synctest.Wait()
		select {
		case id := <-p.PresumedDead():
			notices = append(notices, id)
		default:
			return notices
		}
	}
}

// leavesNothing fails the test if a subscription to an acknowledgement, or a timer, is left when all have come to rest.
//
// One timer is no leftover: a connection that was just dialled counts as young for a connection timeout. So that is let pass, and a
// timer that lasted longer would still show.
func leavesNothing(t testing.TB, a *testPeer, clock *armed) {
	t.Helper()
	leavesTimers(t, a, clock, 0)
}

// leavesTimers is leavesNothing for a case in which some timers are no leftovers.
func leavesTimers(t testing.TB, a *testPeer, clock *armed, timers int64) {
	t.Helper()
	time.Sleep(a.conf.ConnTimeout)
	synctest.Wait()
	if got := a.pubSub.Len(); got != 0 {
		t.Errorf("%d subscriptions are left", got)
	}
	if got := clock.Load(); got != timers {
		t.Errorf("%d timers are left, want %d", got, timers)
	}
}

// mustAccountForSent fails the test unless each of the messages sent over a connection that has ended was written or dropped, and each that
// was still in the queue was dropped for the right reason.
func mustAccountForSent(p *testPeer, conn *connection, sent int, why func(trace.Event) bool) {
	p.t.Helper()
	written := p.tr.all(is(trace.ConnWritten, of(conn.trace.Object()), func(e trace.Event) bool { return e.Err == nil }))
	drops := p.tr.all(is(trace.ConnDrop, of(conn.trace.Object())))
	if len(written)+len(drops) != sent || int(conn.dropped.Load()) != len(drops) {
		p.t.Errorf("of %d messages %d were written, %d told as dropped and %d counted", sent, len(written), len(drops), conn.dropped.Load())
	}
	for _, e := range drops[1:] { // the first is the one that was being written; gRPC says why that one failed
		if !why(e) {
			p.t.Errorf("a message was dropped because of %v", e.Err)
		}
	}
}

// mustWaitForAMutexIn returns when a goroutine waits for a mutex in a function, named as in its stack; if it ends instead, the test fails.
func mustWaitForAMutexIn[T any](t testing.TB, function string, done <-chan T) {
	t.Helper()
	for !waitsForAMutexIn(function) {
		if len(done) > 0 {
			t.Errorf("%s did not wait for a mutex", function)
			return
		}
		runtime.Gosched()
	}
}

// waitsForAMutexIn reports whether any goroutine waits for a mutex in a function, or in what that calls.
func waitsForAMutexIn(function string) bool {
	for stack := range strings.SplitSeq(allStacks(), "\n\n") {
		state, frames, _ := strings.Cut(stack, "\n")
		if strings.Contains(state, "Mutex.Lock") && strings.Contains(frames, function+"(") {
			return true
		}
	}
	return false
}

// allStacks returns the stacks of all goroutines.
func allStacks() string {
	for buf := make([]byte, 1<<16); ; buf = make([]byte, 2*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return string(buf[:n])
		}
	}
}
