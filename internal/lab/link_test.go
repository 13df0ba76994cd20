package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/internal/timeline"
)

// overBoth runs a test over either network: in memory in virtual time, and over loopback TCP.
func overBoth(t *testing.T, test func(t *testing.T, lb *Lab)) {
	t.Run("memory", func(t *testing.T) { inBubble(t, Free, test) })
	t.Run("TCP", func(t *testing.T) {
		lb, err := New(Config{Recorder: timeline.NewRecorder(1 << 14)})
		if err != nil {
			t.Fatal(err)
		}
		defer lb.Close()
		test(t, lb)
	})
}

// connect makes a link from X to Y and returns it with its two ends as X and Y see them.
func connect(t *testing.T, lb *Lab) (l *Link, x, y net.Conn) {
	t.Helper()
	listener, err := lb.network.listen("Y", "")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	lb.settled("Y", listener.Addr().String(), nil)
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	x, err = lb.dialer("X", nil)(t.Context(), listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	y = <-accepted
	t.Cleanup(func() { x.Close(); y.Close() })
	return lb.Link("X→Y#1"), x, y
}

func write(t *testing.T, conn net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(conn, s); err != nil {
		t.Fatalf("writing %q: %v", s, err)
	}
}

// expect reads exactly s.
func expect(t *testing.T, conn net.Conn, s string) {
	t.Helper()
	b := make([]byte, len(s))
	if n, err := io.ReadFull(conn, b); err != nil || string(b) != s {
		t.Errorf("read %q and %v, want %q", b[:n], err, s)
	}
}

// changes returns what the recorder has of a link.
func changes(lb *Lab, name string) []string {
	var list []string
	for _, e := range events(lb) {
		if e.Link != nil && e.Link.Name == name {
			list = append(list, e.Link.Change)
		}
	}
	return list
}

func TestALinkCarriesBytesBothWaysAndCountsThem(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		large := strings.Repeat("large ", 1<<16)
		write(t, x, "hello ")
		write(t, x, large)
		expect(t, y, "hello "+large)
		write(t, y, "hi")
		expect(t, x, "hi")
		if l.Sent() != uint64(6+len(large)) || l.Received() != 2 {
			t.Errorf("%d bytes sent, %d received", l.Sent(), l.Received())
		}
		x.Close()
		if n, err := y.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("after the other end has closed, Read gave %d and %v", n, err)
		}
		if got, want := changes(lb, l.Name), []string{"open", "close"}; !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

func TestWhatWasWrittenBeforeTheCloseArrives(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		_, x, y := connect(t, lb)
		write(t, x, "the last words")
		x.Close()
		if got, err := io.ReadAll(y); string(got) != "the last words" || err != nil {
			t.Errorf("read %q and %v", got, err)
		}
		if _, err := x.Write([]byte("more")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing to a closed end gave %v", err)
		}
		if _, err := x.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("reading from a closed end gave %v", err)
		}
	})
}

func TestTheOtherEndsCloseIsSeen(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		write(t, y, "the last words")
		y.Close()
		if got, err := io.ReadAll(x); string(got) != "the last words" || err != nil {
			t.Errorf("read %q and %v", got, err)
		}
		if got, want := changes(lb, l.Name), []string{"open", "close"}; !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

// What breaks a socket from outside comes through to the end that dialled.
func TestAResetOfTheSocketIsSeen(t *testing.T) {
	lb, err := New(Config{Recorder: timeline.NewRecorder(1 << 10)})
	if err != nil {
		t.Fatal(err)
	}
	defer lb.Close()
	_, x, y := connect(t, lb)
	y.(*net.TCPConn).SetLinger(0)
	y.Close()
	x.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := x.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a reader got %v", err)
	}
}

func TestACutIsAResetAtBothEndsAtOnce(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		failed := make(chan error, 2)
		for _, conn := range []net.Conn{x, y} {
			go func() {
				_, err := conn.Read(make([]byte, 1))
				failed <- err
			}()
		}
		l.Cut()
		for range 2 {
			if err := <-failed; !errors.Is(err, syscall.ECONNRESET) || !strings.Contains(err.Error(), "connection reset") {
				t.Errorf("a reader got %v", err)
			}
		}
		if _, err := x.Write([]byte("more")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a writer got %v", err)
		}
		x.Close()
		l.Cut()
		l.Freeze()
		l.HalfClose()
		l.Delay(time.Second)
		if got, want := changes(lb, l.Name), []string{"open", "cut"}; !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q: nothing can be done to a link that has ended", got, want)
		}
	})
}

func TestAHalfClosedLinkStillCarriesTheOtherWay(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		write(t, x, "before")
		l.HalfClose()
		if got, err := io.ReadAll(y); string(got) != "before" || err != nil {
			t.Errorf("read %q and %v", got, err)
		}
		write(t, y, "answer")
		expect(t, x, "answer")
		if _, err := x.Write([]byte("more")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("writing into the half that is closed gave %v", err)
		}
		if got, want := changes(lb, l.Name), []string{"open", "half-close"}; !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

func TestAFrozenLinkLosesNothing(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		l.Freeze()
		l.Freeze()
		write(t, x, "question")
		write(t, y, "answer")
		for name, conn := range map[string]net.Conn{"X": x, "Y": y} {
			conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s read %d bytes of a frozen link, and %v", name, n, err)
			}
			conn.SetReadDeadline(time.Time{})
		}
		l.Thaw()
		l.Thaw()
		expect(t, y, "question")
		expect(t, x, "answer")
		if got, want := changes(lb, l.Name), []string{"open", "freeze", "thaw"}; !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

func TestTheCloseOfAFrozenLinkComesWithTheThaw(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		l.Freeze()
		write(t, y, "bye")
		y.Close()
		read := make(chan string, 1)
		go func() {
			got, err := io.ReadAll(x)
			read <- fmt.Sprint(string(got), err)
		}()
		synctest.Wait()
		select {
		case got := <-read:
			t.Fatalf("read %q through a frozen link", got)
		default:
		}
		l.Thaw()
		if got := <-read; got != "bye<nil>" {
			t.Errorf("read %q", got)
		}
	})
}

func TestDelayedBytesArriveLaterByTheLabsClock(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		l.Delay(3 * time.Second)
		start := lb.Clock().Now()
		write(t, x, "one")
		time.Sleep(time.Second)
		write(t, x, "two")
		expect(t, y, "one")
		if took := lb.Clock().Now() - start; took != 3*time.Second {
			t.Errorf("the first bytes took %v", took)
		}
		expect(t, y, "two")
		if took := lb.Clock().Now() - start; took != 4*time.Second {
			t.Errorf("the second bytes took %v", took)
		}
	})
}

func TestWhileTheLabsClockStandsStillNothingDelayedArrives(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		l.Delay(3 * time.Second)
		lb.Clock().Hold()
		write(t, x, "late")
		y.SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := y.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading while the clock stands still gave %v", err)
		}
		y.SetReadDeadline(time.Time{})
		read := make(chan struct{})
		go func() {
			expect(t, y, "late")
			close(read)
		}()
		synctest.Wait()
		if !lb.Clock().JumpToNext() {
			t.Error("there was nothing to jump to")
		}
		<-read
		lb.Clock().Release()
	})
}

func TestTheEndOfADelayKeepsTheOrder(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		l, x, y := connect(t, lb)
		l.Delay(3 * time.Second)
		write(t, x, "slow ")
		l.Delay(0)
		write(t, x, "quick")
		start := time.Now()
		expect(t, y, "slow quick")
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		write(t, x, "at once")
		start = time.Now()
		expect(t, y, "at once")
		if took := time.Since(start); took != 0 {
			t.Errorf("after the delay it took %v", took)
		}
		var delays []time.Duration
		for _, e := range events(lb) {
			if e.Link != nil && e.Link.Change == "delay" {
				delays = append(delays, e.Link.Delay)
			}
		}
		if want := []time.Duration{3 * time.Second, 0}; !slices.Equal(delays, want) {
			t.Errorf("recorded %v, want %v", delays, want)
		}
	})
}

// TLS and gRPC rely on deadlines: to hurry a reader that waits already, and to take a deadline back.
func TestDeadlines(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		_, x, y := connect(t, lb)
		x.SetWriteDeadline(time.Now().Add(-time.Second))
		if _, err := x.Write([]byte("late")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("writing after the deadline gave %v", err)
		}
		x.SetWriteDeadline(time.Time{})
		failed := make(chan error)
		go func() {
			_, err := y.Read(make([]byte, 1))
			failed <- err
		}()
		synctest.Wait()
		start := time.Now()
		y.SetDeadline(start.Add(2 * time.Second))
		var timeout net.Error
		if err := <-failed; !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("a reader that waited got %v", err)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it waited %v", took)
		}
		y.SetDeadline(time.Now().Add(time.Second))
		y.SetDeadline(time.Time{})
		time.Sleep(2 * time.Second)
		write(t, x, "in time")
		expect(t, y, "in time")
	})
}

func TestAWriteNeverWaitsForAReader(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		_, x, y := connect(t, lb)
		part := bytes.Repeat([]byte("x"), 1<<16)
		for range 64 {
			if _, err := x.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := io.ReadFull(y, make([]byte, 64<<16)); err != nil {
			t.Errorf("read %d bytes and %v", n, err)
		}
	})
}

// A lab that is closed leaves nothing behind, whatever was done to its links: TestMain looks for goroutines.
func TestALabClosesOverLinksThatCarryNothing(t *testing.T) {
	for name, fault := range map[string]func(*Link){
		"frozen":      (*Link).Freeze,
		"delayed":     func(l *Link) { l.Delay(time.Hour) },
		"half-closed": (*Link).HalfClose,
		"cut":         (*Link).Cut,
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, lb *Lab) {
				a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
				if err := a.Send("hello", b.Remote()); err != nil {
					t.Fatal(err)
				}
				arrived := func(st *timeline.State) bool { return st.Peer("B").Unclaimed == 1 && len(st.Peer("A").Stored()) == 1 }
				if err := lb.Until(t.Context(), arrived); err != nil {
					t.Fatal(err)
				}
				fault(lb.Link("A→B#1"))
				if err := a.Send("more", b.Remote()); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				lb.Close()
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("closing took %v", took)
				}
			})
		})
	}
}

// The peers notice what a lesson does to their link, each as it would over a network.
func TestPeersLiveThroughWhatIsDoneToTheirLink(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		until := func(what string, condition func(st *timeline.State) bool) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := lb.Until(ctx, condition); err != nil {
				t.Fatalf("waiting until %s: %v", what, err)
			}
		}
		send := func(content string) {
			t.Helper()
			if err := a.Send(content, b.Remote()); err != nil {
				t.Fatal(err)
			}
		}
		send("one")
		until("one has arrived", func(st *timeline.State) bool { return st.Peer("B").Unclaimed == 1 && len(st.Peer("A").Stored()) == 1 })
		l := lb.Link("A→B#1")
		l.Freeze()
		send("two")
		until("two is written", func(st *timeline.State) bool {
			out := st.Peer("A").Stored()[0].Outgoing()
			return out[len(out)-1].Number == 3 && out[len(out)-1].Marks[timeline.Written].Set()
		})
		if st := lb.Recorder().State(); st.Peer("B").Unclaimed != 1 {
			t.Error("a message passed a frozen link")
		}
		l.Thaw()
		until("two has arrived", func(st *timeline.State) bool { return st.Peer("B").Unclaimed == 2 })
		l.Cut()
		until("both ends have closed", func(st *timeline.State) bool {
			return len(st.Peer("A").Stored()) == 0 && len(st.Peer("B").Stored()) == 0 && len(st.Peer("A").Notices) == 1
		})
		send("three")
		until("three has arrived over another link", func(st *timeline.State) bool { return st.Peer("B").Unclaimed == 3 })
		if lb.Link("A→B#2") == nil || lb.Link("A→B#3") != nil {
			t.Error("there is no second link, or a third")
		}
		if open := lb.Links(); len(open) != 1 || open[0].Name != "A→B#2" {
			t.Errorf("open are %v", open)
		}
	})
}

func TestOfLinksThatHaveEndedTheOldestAreForgotten(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		first, _, _ := connect(t, lb)
		first.Cut()
		if lb.Link(first.Name) != first {
			t.Error("a link that has just ended is not found")
		}
		for range keptLinks {
			lb.retire(&Link{Name: "another"})
		}
		if lb.Link(first.Name) != nil {
			t.Error("it is never forgotten")
		}
	})
}

// The end that hears of the cut first may close at once, and the other one would then read a clean end. So nobody hears of it before both
// ways are broken: while one of them is kept from breaking, the other must not be.
func TestBothWaysOfALinkBreakInOneMoment(t *testing.T) {
	near, _ := newEnds(newClock(1), memoryAddr("A:1"), memoryAddr("B:7051"))
	near.in.mu.Lock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fail(near.out, near.in, syscall.ECONNRESET)
	}()
	for locked := 0; locked < 10_000; runtime.Gosched() { // for so long in a row somebody has the other way in hand
		if !near.out.mu.TryLock() {
			locked++
			continue
		}
		locked = 0
		if near.out.broken != nil {
			t.Error("one way is broken while the other is not")
			locked = 10_000
		}
		near.out.mu.Unlock()
	}
	near.in.mu.Unlock()
	<-done
	for _, w := range []*way{near.out, near.in} {
		if !errors.Is(w.broken, syscall.ECONNRESET) {
			t.Errorf("a way is broken by %v", w.broken)
		}
	}
}
