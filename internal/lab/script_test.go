package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

// acts returns what the lab has recorded of acts, as "peer verb target detail terms".
func acts(lb *Lab) []string {
	var list []string
	for _, e := range events(lb) {
		if e.Act != nil {
			list = append(list, strings.TrimSpace(strings.Join([]string{e.Peer, e.Act.Verb, e.Act.Target, e.Act.Detail, e.Act.Terms}, " ")))
		}
	}
	return list
}

// reach waits for a hold, in virtual time not for ever.
func reach(t *testing.T, h *Hold) trace.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	e, err := h.Reached(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func unclaimed(lb *Lab, name string) int {
	synctest.Wait()
	st := lb.Recorder().State()
	return st.Peer(name).Unclaimed
}

func TestAHoldKeepsWhoeverComesUntilItIsReleased(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		h := lb.Hold("B", trace.ConnHandle)
		for _, content := range []string{"one", "two", "three"} {
			if err := a.Send(content, b.Remote()); err != nil {
				t.Fatal(err)
			}
		}
		if e := reach(t, h); e.Step != trace.ConnHandle || e.Object.Role != trace.Acceptor {
			t.Errorf("reached with %+v", e)
		}
		if n := unclaimed(lb, "B"); n != 0 || h.Standing() != 1 {
			t.Fatalf("%d messages are handled, %d goroutines stand", n, h.Standing())
		}
		h.Step()
		reach(t, h)
		if n := unclaimed(lb, "B"); n != 1 || h.Standing() != 1 {
			t.Fatalf("after one step %d messages are handled, %d goroutines stand", n, h.Standing())
		}
		h.Release()
		h.Release()
		if n := unclaimed(lb, "B"); n != 3 || h.Standing() != 0 {
			t.Errorf("after the release %d messages are handled, %d goroutines stand", n, h.Standing())
		}
		h.Step() // nobody is there
		want := []string{"hold B conn.handle", "A send B one", "A send B two", "A send B three", "step B conn.handle", "release B conn.handle"}
		if got := acts(lb); !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

func TestAHoldKeepsOnlyWhoIsMeant(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, b, c := newPeer(t, lb, "A"), newPeer(t, lb, "B"), newPeer(t, lb, "C")
		h := lb.Hold("A", trace.ConnWrite, func(e trace.Event) bool { return e.Object.Endpoint == b.Endpoint })
		if err := a.Send("hello", b.Remote(), c.Remote()); err != nil {
			t.Fatal(err)
		}
		if e := reach(t, h); e.Object.Endpoint != b.Endpoint {
			t.Errorf("the writer to %s was held", e.Object.Endpoint)
		}
		if unclaimed(lb, "B") != 0 || unclaimed(lb, "C") != 1 {
			t.Error("the wrong message was held")
		}
		h.Release()
		if unclaimed(lb, "B") != 1 {
			t.Error("the message was not let go")
		}
	})
}

// The longest held goes first, also if it came on another connection.
func TestAStepLetsTheLongestHeldGo(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, b, c := newPeer(t, lb, "A"), newPeer(t, lb, "B"), newPeer(t, lb, "C")
		h := lb.Hold("A", trace.ConnWrite)
		for _, remote := range []*comm.RemotePeer{c.Remote(), b.Remote()} {
			if err := a.Send("hello", remote); err != nil {
				t.Fatal(err)
			}
			reach(t, h)
		}
		h.Step()
		if unclaimed(lb, "C") != 1 || unclaimed(lb, "B") != 0 {
			t.Error("the one who came later went on first")
		}
		h.Step()
		if unclaimed(lb, "B") != 1 {
			t.Error("the other was not let go")
		}
	})
}

// While a script holds somebody time goes on: the other end's patience runs out.
func TestTimeoutsPassWhileAScriptHolds(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		h := lb.Hold("B", trace.AuthSend)
		if _, err := a.Handshake(b.Remote()); !errors.Is(err, comm.ErrHandshakeTimeout) {
			t.Errorf("a handshake with a peer that is held gave %v", err)
		}
		h.Release()
	})
}

func TestAHoldThatCannotBeSaysWhy(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		if _, err := lb.Hold("A", trace.ConnWritten).Reached(t.Context()); !errors.Is(err, ErrNoGate) {
			t.Errorf("a hold at a report gave %v", err)
		}
		h := lb.Hold("A", trace.ConnWrite)
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.Reached(impatient); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "A at conn.write") {
			t.Errorf("waiting for nobody gave %v", err)
		}
		failed := make(chan error, 1)
		go func() {
			_, err := h.Reached(context.Background())
			failed <- err
		}()
		synctest.Wait()
		h.Release()
		if err := <-failed; !errors.Is(err, ErrReleased) {
			t.Errorf("waiting for a hold that was released gave %v", err)
		}
		lb.Close()
		if _, err := lb.Hold("A", trace.ConnWrite).Reached(t.Context()); !errors.Is(err, ErrReleased) {
			t.Errorf("a hold in a lab that is closed gave %v", err)
		}
	})
}

// Stop waits for the goroutine that is held, so it would never return if the holds did not end first.
func TestClosingALabReleasesItsHoldsBeforeItStopsThePeers(t *testing.T) {
	for name, policy := range map[string]func() Policy{
		"free":   Free,
		"seeded": func() Policy { return Seeded(1, synctest.Wait) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, policy, func(t *testing.T, lb *Lab) {
				a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
				h := lb.Hold("B", trace.ConnHandle)
				if err := a.Send("hello", b.Remote()); err != nil {
					t.Fatal(err)
				}
				reach(t, h)
				lb.Close()
				if _, err := h.Reached(t.Context()); !errors.Is(err, ErrReleased) {
					t.Errorf("after the close, waiting gave %v", err)
				}
			})
		})
	}
}

// scriptedRun is a race that a script sets up and the seed decides: A's two writers are held, let go at once, and then come to the
// policy's hold.
func scriptedRun(t *testing.T, seed uint64) string {
	t.Helper()
	var order strings.Builder
	inBubble(t, func() Policy { return Seeded(seed, synctest.Wait) }, func(t *testing.T, lb *Lab) {
		a, b, c := newPeer(t, lb, "A"), newPeer(t, lb, "B"), newPeer(t, lb, "C")
		h := lb.Hold("A", trace.ConnWrite)
		if err := a.Send("hello", b.Remote(), c.Remote()); err != nil {
			t.Fatal(err)
		}
		reach(t, h)
		reach(t, h)
		h.Release()
		done := func(st *timeline.State) bool { return st.Peer("B").Unclaimed == 1 && st.Peer("C").Unclaimed == 1 }
		if err := lb.Until(t.Context(), done); err != nil {
			t.Fatal(err)
		}
		var released uint64
		var written []uint64
		for _, e := range events(lb) {
			switch {
			case e.Act != nil:
				if e.Act.Verb == "release" {
					released = e.Turn
				}
				fmt.Fprintf(&order, "%04d %s %s\n", e.Turn, e.Act.Verb, e.Act.Target)
			case e.Step != nil && e.Step.Object.Kind == trace.Connection:
				fmt.Fprintf(&order, "%04d %s %s %d %s\n", e.Turn, e.Peer, e.Step.Object.Role, e.Step.Object.ID, e.Step.Step)
				if e.Step.Step == trace.ConnWritten {
					written = append(written, e.Turn)
				}
			}
		}
		// The turns ascend when the policy lets somebody go: so it did so with each of the two, after the script had.
		if len(written) != 2 || released == 0 || written[0] <= released || written[1] <= written[0] {
			t.Errorf("seed %d: released in turn %d, written in turns %d", seed, released, written)
		}
	})
	lines := strings.Split(order.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestWhatAScriptLetsGoTheSeedStillOrders(t *testing.T) {
	different := make(map[string]bool)
	for seed := range uint64(6) {
		first := scriptedRun(t, seed)
		for range 3 {
			if again := scriptedRun(t, seed); again != first {
				t.Fatalf("seed %d gave two runs:\n%s\nand\n%s", seed, first, again)
			}
		}
		different[first] = true
	}
	if len(different) < 3 {
		t.Errorf("6 seeds gave only %d different runs", len(different))
	}
}
