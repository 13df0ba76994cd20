package lab

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

func newFabricAcceptor(t *testing.T, lb *Lab, name, refusal string) *FabricAcceptor {
	t.Helper()
	f, err := lb.NewFabricAcceptor(name, refusal)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFabricAcceptorAcceptsWhoeverProbesIt(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		a, g := newPeer(t, lb, "A"), newFabricAcceptor(t, lb, "G", "")
		if err := a.Probe(g.Remote()); err != nil {
			t.Errorf("a Ping gave %v", err)
		}
		start := lb.Clock().Now()
		identity, err := a.Handshake(g.Remote())
		if err != nil || !bytes.Equal(identity, g.Identity()) {
			t.Errorf("a handshake gave %x, %v", identity, err)
		}
		if waited := lb.Clock().Now() - start; waited >= 2*time.Second {
			t.Errorf("the verdict took %v: its stream did not end", waited)
		}
	})
}

// Its answer comes first and is whole: only the end of the stream tells.
func TestAFabricAcceptorRefusesAfterItHasAnswered(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		a, g := newPeer(t, lb, "A"), newFabricAcceptor(t, lb, "G", "not you")
		_, err := a.Handshake(g.Remote())
		var refused *comm.RefusedError
		if !errors.As(err, &refused) || refused.Words != "not you" || refused.Code != codes.Unknown {
			t.Errorf("a handshake gave %v", err)
		}
		steps := make(map[trace.Step]error)
		for _, e := range events(lb) {
			if e.Step != nil {
				steps[e.Step.Step] = e.Step.Err
			}
		}
		if steps[trace.AuthExpected] != nil || !errors.Is(steps[trace.AuthVerdict], comm.ErrRefused) {
			t.Errorf("the checks ended with %v, the verdict is %v", steps[trace.AuthExpected], steps[trace.AuthVerdict])
		}
	})
}

func TestAFabricAcceptorTakesMessagesUntilTheStreamEnds(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		a, g := newPeer(t, lb, "A"), newFabricAcceptor(t, lb, "G", "")
		if err := a.Send("hello", g.Remote()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := lb.Until(ctx, func(st *timeline.State) bool { return len(st.Peer("A").Stored()) == 1 }); err != nil {
			t.Fatal(err)
		}
		a.CloseConn(g.Remote())
		closed := func(st *timeline.State) bool { return st.Peer("A").Connections[0].Phase == timeline.PhaseClosed }
		if err := lb.Until(ctx, closed); err != nil {
			t.Fatal(err)
		}
		st := lb.Recorder().State()
		if c := st.Peer("A").Connections[0]; c.Received.Failed || c.Drops != 0 {
			t.Errorf("the stream ended with %+v, %d dropped", c.Received, c.Drops)
		}
	})
}

func TestWhoeverDoesNotSpeakTLSIsHungUpOn(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		b := newPeer(t, lb, "B")
		in, err := lb.NewIntruder("X")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		answer, err := in.Knock(ctx, b, []byte("GET / HTTP/1.1\r\n\r\n"), "no TLS")
		if err != nil || len(answer) != 0 {
			t.Errorf("it was answered with %q, %v", answer, err)
		}
		failed := func(st *timeline.State) bool {
			return len(st.Peer("B").Handshakes) == 1 && st.Peer("B").Handshakes[0].Failed
		}
		if err := lb.Until(ctx, failed); err != nil {
			t.Error(err)
		}
	})
}

// The peer waits for more; who loses patience first is the intruder.
func TestKnockingEndsWithItsContext(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		b := newPeer(t, lb, "B")
		in, err := lb.NewIntruder("X")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := in.Knock(ctx, b, []byte{22}, "half a record"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("knocking without end gave %v", err)
		}
	})
}

func TestAClosedLabAdmitsNobody(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		b := newPeer(t, lb, "B")
		lb.Close()
		if _, err := lb.NewFabricAcceptor("G", ""); !errors.Is(err, errLabClosed) {
			t.Errorf("a Fabric acceptor was admitted: %v", err)
		}
		if _, err := lb.NewMiddleman("M", b); !errors.Is(err, errLabClosed) {
			t.Errorf("a man in the middle was admitted: %v", err)
		}
		if _, err := lb.NewIntruder("X"); !errors.Is(err, errLabClosed) {
			t.Errorf("an intruder was admitted: %v", err)
		}
	})
}

// Two services can stand at the demultiplexer at once, with messages for one subscription.
func TestWhoIsHeldIsNamedWithWhomItConcerns(t *testing.T) {
	at := func(connection uint64) timeline.Event {
		return timeline.Event{Kind: timeline.KindStep, Peer: "B", Step: &trace.Event{
			Step: trace.DemuxDeliver, Gate: true, Number: 1, Object: trace.Object{Kind: trace.Instance, ID: 1},
			Subject: trace.Object{Kind: trace.Connection, Role: trace.Acceptor, ID: connection},
		}}
	}
	if first, second := heldName(at(1)), heldName(at(2)); first == second {
		t.Errorf("the services of two connections are both held as %q", first)
	}
}
