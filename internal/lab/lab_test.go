package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inBubble runs a test with a lab in virtual time, and closes the lab afterwards.
func inBubble(t *testing.T, policy func() Policy, test func(t *testing.T, lb *Lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		lb, err := New(Config{Network: InMemory(), Policy: policy(), Recorder: timeline.NewRecorder(1 << 14)})
		if err != nil {
			t.Fatal(err)
		}
		defer lb.Close()
		test(t, lb)
		time.Sleep(time.Second) // the network comes to rest before it is torn down
	})
}

func newPeer(t *testing.T, lb *Lab, name string) *Peer {
	t.Helper()
	p, err := lb.NewPeer(name, PeerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// events returns what the lab has recorded.
func events(lb *Lab) []timeline.Event {
	_, list := lb.Recorder().Snapshot()
	return list
}

func TestFixedIdentitiesAscendWithTheirNames(t *testing.T) {
	var last []byte
	for _, r := range "ABCDEFGHIJKLMNOP" {
		identity, err := FixedIdentity(string(r))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(last, identity.PKIID()) >= 0 {
			t.Errorf("the PKI-ID of %c is not greater than that of the one before", r)
		}
		last = identity.PKIID()
	}
	if _, err := FixedIdentity("Q"); err == nil || !strings.Contains(err.Error(), "A to P") {
		t.Errorf("a name without an identity gave %v", err)
	}
}

func TestTwoPeersOfDifferentOrganisationsMeet(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, i := newPeer(t, lb, "A"), newPeer(t, lb, "I")
		identity, err := a.Handshake(i.Remote())
		if err != nil || !bytes.Equal(identity, i.Identity()) {
			t.Errorf("the handshake gave %q and %v", identity, err)
		}
	})
}

func TestALinkIsNamedAndCounted(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		for range 2 {
			if err := a.Probe(b.Remote()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		var seen []string
		for _, e := range events(lb) {
			if e.Link == nil {
				continue
			}
			seen = append(seen, e.Link.Name+" "+e.Link.Change)
			if e.Link.Change == "close" && (e.Link.Sent == 0 || e.Link.Received == 0) {
				t.Errorf("%s closed after %d bytes sent and %d received", e.Link.Name, e.Link.Sent, e.Link.Received)
			}
		}
		if want := []string{"A→B#1 open", "A→B#1 close", "A→B#2 open", "A→B#2 close"}; !slices.Equal(seen, want) {
			t.Errorf("links: %q, want %q", seen, want)
		}
	})
}

func TestNobodyListensInMemory(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a := newPeer(t, lb, "A")
		start := time.Now()
		err := a.Probe(&comm.RemotePeer{Endpoint: "Z:7051"})
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("probing nobody gave %v", err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a refused dial took %v", waited)
		}
	})
}

// While people watch, the lab's clock stands still: however slow the pace, no timeout of the layer may come of it.
func TestWatchingSlowlyCausesNoTimeout(t *testing.T) {
	slow := func() Policy { return Paced(func(timeline.Event) time.Duration { return time.Minute }) }
	inBubble(t, slow, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		start := time.Now()
		if _, err := a.Handshake(b.Remote()); err != nil {
			t.Error(err)
		}
		if watched := time.Since(start); watched < 5*time.Minute {
			t.Errorf("a handshake took only %v: was nothing held?", watched)
		}
		if now := lb.Clock().Now(); now > time.Second {
			t.Errorf("the lab's clock went on to %v", now)
		}
	})
}

func TestClosingALabLetsGoOfWhatIsHeld(t *testing.T) {
	forever := func() Policy { return Paced(func(timeline.Event) time.Duration { return 1000 * time.Hour }) }
	inBubble(t, forever, func(t *testing.T, lb *Lab) {
		a := newPeer(t, lb, "A")
		done := make(chan error, 1)
		go func() { done <- a.Comm.Probe(&comm.RemotePeer{Endpoint: "Z:7051"}) }()
		synctest.Wait()
		start := time.Now()
		lb.Close()
		if err := <-done; err == nil {
			t.Error("a probe of nobody succeeded")
		}
		if waited := time.Since(start); waited > time.Minute {
			t.Errorf("closing took %v", waited)
		}
	})
}

// seededRun is what two peers that shake hands with each other at the same time do, in the order in which steps were let go.
func seededRun(t *testing.T, seed uint64) string {
	t.Helper()
	var order strings.Builder
	inBubble(t, func() Policy { return Seeded(seed, synctest.Wait) }, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		done := make(chan error, 2)
		go func() { _, err := a.Comm.Handshake(b.Remote()); done <- err }()
		go func() { _, err := b.Comm.Handshake(a.Remote()); done <- err }()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for _, e := range events(lb) {
			if e.Step != nil && e.Step.Gate && e.Step.Object.Kind == trace.Connection {
				fmt.Fprintf(&order, "%d %s %s %s\n", e.Turn, e.Peer, e.Step.Object.Role, e.Step.Step)
			}
		}
	})
	// Two goroutines may come to their gates in either order within one turn; what the seed decides is who goes on in which.
	lines := strings.Split(order.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestTheSameSeedIsTheSameRunAndAnotherSeedIsAnother(t *testing.T) {
	different := make(map[string]bool)
	for seed := range uint64(8) {
		first := seededRun(t, seed)
		for range 3 {
			if again := seededRun(t, seed); again != first {
				t.Fatalf("seed %d gave two runs:\n%s\nand\n%s", seed, first, again)
			}
		}
		different[first] = true
	}
	if len(different) < 4 {
		t.Errorf("8 seeds gave only %d different runs", len(different))
	}
}

func TestAManInTheMiddleIsFoundOut(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		m, err := lb.NewMiddleman("M", b)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Probe(&comm.RemotePeer{Endpoint: m.Endpoint}); err != nil {
			t.Errorf("the man in the middle passes nothing on: %v", err)
		}
		if _, err := a.Handshake(&comm.RemotePeer{Endpoint: m.Endpoint}); !errors.Is(err, comm.ErrCertHash) {
			t.Errorf("a handshake through him gave %v", err)
		}
	})
}

func TestALabSaysWhatItNeeds(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("a lab without a recorder was made")
	}
	if _, err := New(Config{Recorder: timeline.NewRecorder(1), Speed: -1}); err == nil {
		t.Error("a lab whose clock runs backwards was made")
	}
}

func TestOverTCPPeersListenOnLoopbackOnly(t *testing.T) {
	lb, err := New(Config{Recorder: timeline.NewRecorder(1 << 10)})
	if err != nil {
		t.Fatal(err)
	}
	defer lb.Close()
	a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
	if !strings.HasPrefix(b.Endpoint, "127.0.0.1:") {
		t.Errorf("B listens on %s", b.Endpoint)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := a.Probe(b.Remote()); err != nil {
		t.Error(err)
	}
	if err := lb.Until(ctx, func(st *timeline.State) bool { return st.Peer("B").PingsServed == 1 }); err != nil {
		t.Error(err)
	}
}

func TestAnIntruderBeginsNothingInALabThatIsClosed(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		b := newPeer(t, lb, "B")
		in, err := lb.NewIntruder("X")
		if err != nil {
			t.Fatal(err)
		}
		lb.Close()
		if _, err := in.Open(t.Context(), b, true, "too late"); err == nil {
			t.Error("a stream was opened")
		}
		if len(in.conns) != 0 {
			t.Error("a connection was left behind")
		}
	})
}

// What is recorded costs the goroutine that tells of it, and most of that would be memory.
func TestAStepIsRecordedWithoutMemoryOfItsOwn(t *testing.T) {
	lb, err := New(Config{Recorder: timeline.NewRecorder(1 << 12)})
	if err != nil {
		t.Fatal(err)
	}
	defer lb.Close()
	a, n := &tracer{lab: lb, peer: "A"}, uint64(0)
	told := testing.AllocsPerRun(1<<10, func() {
		n++
		a.Gate(trace.Event{Step: trace.ConnWrite, Number: n})
		a.Report(trace.Event{Step: trace.ConnWritten, Number: n})
	})
	if told != 0 {
		t.Errorf("two steps take %v allocations", told)
	}
	_, events := lb.Recorder().Snapshot()
	for i, e := range events {
		if want := uint64(i)/2 + 1; e.Step.Number != want || e.Step.Step != [...]trace.Step{trace.ConnWrite, trace.ConnWritten}[i%2] {
			t.Fatalf("event %d is of %s %d, want number %d", i, e.Step.Step, e.Step.Number, want)
		}
	}
}
