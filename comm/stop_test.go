package comm

// Tests of the end: that Stop waits for all, releases all and leaves nothing, whatever was under way; and of the notices about the end
// of others, which must never hold up anybody.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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

// mustBeOver fails the test if a peer does anything in the minute after it was stopped: whatever still runs would come to a step, or
// to a timeout and then to a step. What a subscriber does with a message that it still has is not the peer's doing.
func mustBeOver(t testing.TB, p *testPeer) {
	t.Helper()
	time.Sleep(time.Minute)
	events := p.tr.all(func(e trace.Event) bool { return e.Step != trace.AckRespond && e.Step != trace.ConnDrop })
	if last := events[len(events)-1]; last.Step != trace.StopDone {
		t.Errorf("after %s was stopped it came to %s, which is no. %d of its %s", p.name, last.Step, last.Seq, last.Object.Kind)
	}
	if got := p.connStore.connNum() + len(p.connStore.destinationLocks); got != 0 {
		t.Errorf("%d connections and dials are left in the store of %s", got, p.name)
	}
}

func TestStopGoesFromTheSourceDownThePipe(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		a.Stop()
		var steps []trace.Step
		for _, e := range a.tr.all(func(e trace.Event) bool { return strings.HasPrefix(string(e.Step), "stop.") }) {
			steps = append(steps, e.Step)
		}
		want := []trace.Step{trace.StopFlag, trace.StopConnections, trace.StopDemux, trace.StopServer, trace.StopSubscribers, trace.StopDone}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("steps differ (-want +got):\n%s", diff)
		}
	})
}

func TestStopMayBeRepeatedAndHasOneEffect(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		inbox := a.Accept(everything)
		a.Stop()
		a.Stop()
		if got := len(a.tr.all(is(trace.StopFlag))); got != 1 {
			t.Errorf("stopped %d times", got)
		}
		if _, open := <-inbox; open {
			t.Error("a message after Stop")
		}
	})
}

// Whoever calls Stop goes on to free what the layer uses. So a second call must not return earlier than the first.
func TestEveryStopReturnsOnlyWhenAllIsOver(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		var holds []*hold
		for _, step := range []trace.Step{trace.StopConnections, trace.StopDemux, trace.StopServer, trace.StopSubscribers} {
			holds = append(holds, a.tr.hold(is(step)))
		}
		var stops []<-chan struct{}
		for range 4 {
			stops = append(stops, finished(a.Stop))
		}
		for _, held := range holds {
			step := held.reached().Step
			for i, stop := range stops {
				if isDone(stop) {
					t.Fatalf("call %d of Stop returned before %s", i, step)
				}
			}
			held.release()
		}
		for _, stop := range stops {
			await(t, "Stop to return", stop)
		}
		mustBeOver(t, a)
	})
}

// Everything that can wait is made to wait; then Stop, and nothing of it may remain.
func TestStopEndsWhateverIsUnderWayAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		hole := &RemotePeer{Endpoint: w.blackHole("Hole"), PKIID: common.PKIidType("in the hole")}
		mute := w.wirePeer("Mute").acceptor(func(_ *wireAcceptor, s proto.Gossip_GossipStreamServer) error {
			<-s.Context().Done()
			return nil
		})
		deaf, _ := stalled(w, "Deaf")

		inbox := a.Accept(everything)
		for _, text := range numbers(25) { // a subscriber that does not read, and a service that waits for it
			sendTexts(b, a.remote(), text)
			synctest.Wait()
		}
		question := receive(t, inbox)
		var calls []<-chan error
		call := func(f func() error) { calls = append(calls, async(f)) }
		firstOf := func(results AggregatedSendResult) error { return results[0].Unwrap() }
		call(func() error { return firstOf(a.SendWithAck(message(t, "x"), time.Hour, 1, b.remote())) }) // nobody acknowledges
		call(func() error { return firstOf(a.SendWithAck(message(t, "x"), time.Hour, 1, hole)) })       // a dial
		call(func() error { return firstOf(a.SendWithAck(message(t, "x"), time.Hour, 1, mute.remote())) })
		call(func() error { return a.Probe(hole) })
		call(func() error { _, err := a.Handshake(mute.remote()); return err })
		for range 30 { // a writer that waits in gRPC, and a full queue behind it
			a.Send(message(t, strings.Repeat("x", 40_000)), deaf.remote())
			synctest.Wait()
		}
		call(func() error { return firstOf(a.SendWithAck(message(t, "x"), time.Hour, 1, deaf.remote())) })
		inbound := w.wirePeer("Slow").dial(a.endpoint).open() // a stream that says nothing
		answer := b.tr.hold(is(trace.ConnRead))               // B reads no more: its window fills, then A's queue
		responding := finished(func() {
			for range 100 {
				question.Respond(message(t, strings.Repeat("x", 40_000)).GossipMessage)
			}
		})
		synctest.Wait()

		start := time.Now()
		stopped := finished(a.Stop)
		await(t, "Stop to return", stopped)
		if got := time.Since(start); got > 5*time.Second { // TLS may say good-bye for so long to an end that does not read
			t.Errorf("Stop took %v", got)
		}
		for i, result := range calls {
			if err, _ := await(t, fmt.Sprintf("call %d to return", i), result); !errors.Is(err, ErrStopped) {
				t.Errorf("call %d returned %v, want %v", i, err, ErrStopped)
			}
		}
		await(t, "Respond to return", responding)
		if err := inbound.end(); err == nil {
			t.Error("the stream that was in its handshake ended cleanly")
		}
		for open := true; open; { // what was delivered before Stop is still there, then the end
			_, open = await(t, "the end of the subscription", inbox)
		}
		answer.release()
		mustBeOver(t, a)
	})
}

// A gRPC server that stops waits for the TLS handshakes that it has begun, and somebody who connects and says nothing would hold up Stop
// for a dial timeout.
func TestStopDoesNotWaitForAStrangerWhoNeverSpeaksTLS(t *testing.T) {
	for name, says := range map[string]string{"who is silent": "", "who has begun to speak": "\x16\x03\x01\x02\x00\x01"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				b := w.peer("B")
				stranger, err := w.net.dial(t.Context(), "X", b.endpoint)
				if err != nil {
					t.Fatal(err)
				}
				defer stranger.Close()
				if _, err := io.WriteString(stranger, says); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				start := time.Now()
				b.Stop()
				mustTakeNoTime(t, start)
				if handshaken := b.tr.wait(is(trace.TLSHandshaken)); handshaken.Err == nil {
					t.Error("the handshake is told as a success")
				}
				mustBeOver(t, b)
			})
		})
	}
}

// Between the flag and the end of the instance's life TLS begins no handshake any more, and gRPC puts that into words of its own.
func TestCallWhoseTLSBeginsWhileStopIsUnderWaySaysThatItIsStopped(t *testing.T) {
	for name, call := range map[string]func(a *testPeer, to *RemotePeer) error{
		"Handshake":   func(a *testPeer, to *RemotePeer) error { _, err := a.Handshake(to); return err },
		"Probe":       func(a *testPeer, to *RemotePeer) error { return a.Probe(to) },
		"SendWithAck": func(a *testPeer, to *RemotePeer) error { return a.SendWithAck(message(a.t, "x"), time.Hour, 1, to)[0] },
		"Send": func(a *testPeer, to *RemotePeer) error {
			sendTexts(a, to, "x")
			return a.tr.wait(is(trace.ConnDrop)).Err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				dial, life := a.tr.hold(is(trace.PingSend)), a.tr.hold(is(trace.StopConnections))
				result := async(func() error { return call(a, b.remote()) })
				dial.reached()
				stopped := finished(a.Stop)
				life.reached()
				dial.release()
				err, _ := await(t, name, result)
				mustBe(t, err, ErrStopped)
				life.release()
				await(t, "Stop to return", stopped)
				if dead := a.tr.all(is(trace.DeadNotice)); len(dead) != 0 {
					t.Error("a peer that is alive was presumed dead")
				}
				mustBeOver(t, a)
			})
		})
	}
}

// Stop returns when every tracer has: a step after stop.done would be one of a goroutine that nobody waited for.
func TestStopWaitsForAGoroutineThatIsHeldAtAGate(t *testing.T) {
	for _, step := range []trace.Step{
		trace.DialStart, trace.PingSend, trace.StreamOpen, trace.AuthSend, trace.AuthRead, trace.ConnWrite, trace.ConnRead,
	} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				held := a.tr.hold(is(step))
				sendTexts(a, b.remote(), "hello")
				held.reached()
				stopped := finished(a.Stop)
				if isDone(stopped) {
					t.Errorf("Stop returned although a goroutine stands at %s", step)
				}
				held.release()
				await(t, "Stop to return", stopped)
				mustBeOver(t, a)
			})
		})
	}
}

func TestStopWaitsForAnInboundGoroutineThatIsHeldAtAGate(t *testing.T) {
	for _, step := range []trace.Step{
		trace.AuthRead, trace.AuthSend, trace.ConnRead, trace.ConnHandle, trace.DemuxDeliver, trace.AcceptHand,
	} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				inbox := b.Accept(everything)
				held := b.tr.hold(is(step))
				sendTexts(a, b.remote(), "hello")
				held.reached()
				stopped := finished(b.Stop)
				if isDone(stopped) {
					t.Errorf("Stop returned although a goroutine stands at %s", step)
				}
				select {
				case <-inbox:
					t.Errorf("the channel of the subscriber was closed although a goroutine stands at %s", step)
				default:
				}
				held.release()
				await(t, "Stop to return", stopped)
				mustBeOver(t, b)
			})
		})
	}
}

// Upstream stored such a connection, and served it for ever (S13).
func TestHandshakeThatCompletesDuringStopIsNotStored(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B")
		inHandshake := b.tr.hold(is(trace.AuthRead))
		stopping := b.tr.hold(is(trace.StopDemux))
		a := w.wirePeer("A")
		stream := a.dial(b.endpoint).open(a.clientHello())
		inHandshake.reached()
		stopped := finished(b.Stop)
		stopping.reached()
		inHandshake.release()
		if err := stream.end(); status.Code(err) != codes.Unavailable {
			t.Errorf("the stream ended with %v, want %v", err, codes.Unavailable)
		}
		stopping.release()
		await(t, "Stop to return", stopped)
		if stored := b.tr.all(is(trace.StoreStored)); len(stored) != 0 {
			t.Error("the connection was stored")
		}
		mustBeOver(t, b)
	})
}

// Ping is a method of the service like the stream, and gRPC does not wait for its handlers.
func TestPingBesideStopIsWaitedForOrRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		if _, err := a.Ping(context.Background(), &proto.Empty{}); err != nil {
			t.Errorf("Ping returned %v", err)
		}
		a.Stop()
		if _, err := a.Ping(context.Background(), &proto.Empty{}); status.Code(err) != codes.Unavailable {
			t.Errorf("Ping after Stop returned %v, want %v", err, codes.Unavailable)
		}
		mustBeOver(t, a)
	})
}

func TestCallsAfterStopAreRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		a.Stop()
		if err := a.Probe(b.remote()); !errors.Is(err, ErrStopped) {
			t.Errorf("Probe returned %v", err)
		}
		if _, err := a.Handshake(b.remote()); !errors.Is(err, ErrStopped) {
			t.Errorf("Handshake returned %v", err)
		}
		a.CloseConn(b.remote())
		if got := a.GetPKIid(); len(got) == 0 {
			t.Error("the PKI-ID is gone")
		}
		mustBeOver(t, a)
	})
}

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

// fail sends to a peer that is away, and waits for the dial to have failed.
func fail(a *testPeer, away *RemotePeer) {
	a.t.Helper()
	drops := len(a.tr.all(is(trace.ConnDrop)))
	sendTexts(a, away, "hello")
	a.tr.waitFor(drops+1, is(trace.ConnDrop))
	synctest.Wait()
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
