package comm

// Tests of the notices of death (contract S9): who gets one, when, about whom, and that nobody who has one to give is held up.

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestBrokenStreamGivesANoticeAndAWishedEndDoesNot(t *testing.T) {
	hello := func(a *testPeer, b *wireAcceptor) {
		sendTexts(a, b.remote(), "hello")
		await(a.t, "the message", b.received)
	}
	for _, test := range []struct {
		name string
		end  func(t *testing.T, a *testPeer, b *wireAcceptor, finish chan error)
		dead bool
	}{
		{"an error from the other end", func(_ *testing.T, _ *testPeer, _ *wireAcceptor, finish chan error) {
			finish <- status.Error(codes.Internal, "broken")
		}, true},
		{"the transport breaks", func(_ *testing.T, _ *testPeer, b *wireAcceptor, _ chan error) { b.server.Stop() }, true},
		{"a late refusal", func(_ *testing.T, _ *testPeer, _ *wireAcceptor, finish chan error) {
			finish <- status.Error(codes.Unknown, "Authentication failed")
		}, true},
		{"a clean end", func(_ *testing.T, _ *testPeer, _ *wireAcceptor, finish chan error) { finish <- nil }, false},
		{"CloseConn", func(_ *testing.T, a *testPeer, b *wireAcceptor, _ chan error) { a.CloseConn(b.remote()) }, false},
		{"a newer connection", func(t *testing.T, a *testPeer, b *wireAcceptor, _ chan error) {
			time.Sleep(a.conf.ConnTimeout) // until A's own dial is no rival any more (tiebreak.go)
			b.join(a.endpoint)
			a.tr.wait(is(trace.StoreReplaced))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.peer("A")
				finish := make(chan error, 1)
				b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
					taken := async(func() error { return likeFabric(b, stream) })
					select {
					case err := <-finish:
						return err
					case err := <-taken:
						return err
					}
				})
				hello(a, b)
				test.end(t, a, b, finish)
				end := a.tr.wait(is(trace.ConnServeEnd))
				if (end.Err != nil) != test.dead {
					t.Errorf("the connection ended with %v", end.Err)
				}
				var want []common.PKIidType
				if test.dead {
					want = append(want, b.pkiID())
				}
				if diff := cmp.Diff(want, a.noticesNow()); diff != "" {
					t.Errorf("death notices differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestStopGivesNoNotice(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), "hello")
		receive(t, inbox)
		held := a.tr.hold(is(trace.DialStart))
		sendTexts(a, nobody("C"), "hello")
		held.reached()
		stopped := finished(a.Stop)
		synctest.Wait()
		held.release()
		await(t, "Stop to return", stopped)
		if notices := a.tr.all(is(trace.DeadNotice)); len(notices) != 0 {
			t.Errorf("notices of %v", notices)
		}
	})
}

// Contract S9. Who reads a notice, and dials at once, must not find the connection that he has just been told about.
func TestConnectionIsOverWhenItsEndIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p, other := w.peer("P"), w.wirePeer("Other")
		s := other.join(p.endpoint)
		conn := p.tr.wait(is(trace.ConnServe)).Object
		fail(p, nobody("C"))
		s.cancel()
		p.mustBeGone(conn)
		synctest.Wait()
		closed := make(map[trace.Object]bool)
		notices := 0
		for _, e := range p.tr.all(func(trace.Event) bool { return true }) {
			switch e.Step {
			case trace.ConnClose:
				closed[e.Object] = true
			case trace.DeadNotice:
				notices++
				if !closed[e.Subject] {
					t.Errorf("the notice about connection %d came before it was closed", e.Subject.ID)
				}
			}
		}
		if notices != 2 {
			t.Errorf("%d notices, want 2", notices)
		}
	})
}

func TestOneNoticeOfEachPeerWaitsAndAfterItAnotherMayCome(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, c, d := w.peer("A"), nobody("C"), nobody("D")
		for range 5 {
			fail(a, c)
			fail(a, d)
		}
		if diff := cmp.Diff([]common.PKIidType{c.PKIID, d.PKIID}, a.noticesNow()); diff != "" {
			t.Errorf("death notices differ (-want +got):\n%s", diff)
		}
		fail(a, c)
		if diff := cmp.Diff([]common.PKIidType{c.PKIID}, a.noticesNow()); diff != "" {
			t.Errorf("death notices after the first were read differ (-want +got):\n%s", diff)
		}
	})
}

// Upstream's channel holds 100 notices. The connection of the 101st dead peer stayed open, and so did its goroutine (S9).
func TestNoticesThatNobodyReadsHoldUpNobodyAndAreKept(t *testing.T) {
	const dead = 300
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		var want []common.PKIidType
		for i := range dead {
			away := nobody(fmt.Sprintf("C%d", i))
			want = append(want, away.PKIID)
			a.Send(message(t, "hello"), away)
		}
		a.tr.waitFor(dead, is(trace.DeadNotice))
		synctest.Wait()
		if got := len(a.connStore.destinationLocks); got != 0 {
			t.Errorf("%d dials are still under way", got)
		}
		got := a.noticesNow()
		slices.SortFunc(want, func(x, y common.PKIidType) int { return bytes.Compare(x, y) })
		slices.SortFunc(got, func(x, y common.PKIidType) int { return bytes.Compare(x, y) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("death notices differ (-want +got):\n%s", diff)
		}
	})
}

// Who reads the trace wants to know which of the connections it was.
func TestNoticeTellsWhichConnectionItIsAbout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, c := w.peer("A"), nobody("C")
		b := w.wirePeer("B")
		s := b.join(a.endpoint)
		stream := a.tr.wait(is(trace.ConnServe)).Object
		fail(a, c)
		dial := a.tr.wait(is(trace.DialStart)).Object
		s.cancel()
		a.mustBeGone(stream)
		synctest.Wait() // that all three have ended does not mean that the death has been told
		got := map[string]trace.Object{}
		for _, e := range a.tr.all(is(trace.DeadNotice)) {
			got[string(e.Peer)] = e.Subject
		}
		want := map[string]trace.Object{string(c.PKIID): dial, string(b.pkiID()): stream}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the connections that the notices name differ (-want +got):\n%s", diff)
		}
	})
}

func TestPeerWithoutAPKIIDIsNotPresumedDead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		fail(a, &RemotePeer{Endpoint: "Nobody:7051"})
		if got := a.noticesNow(); len(got) != 0 {
			t.Errorf("presumed dead: %v, want nobody, since nobody was named", got)
		}
	})
}

func TestAllCallersOfPresumedDeadShareOneChannel(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		first := a.PresumedDead()
		if second := a.PresumedDead(); second != first {
			t.Error("two calls returned two channels")
		}
	})
}
