package comm

// Tests of Stop: that it goes from the source down the pipe, waits for all, releases all and leaves nothing, whatever was under way
// (contract S12, S14, S22).

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
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

// Each step is to find done what stands before it, and nothing of what stands after it. All of them, and the closing of the connection, run
// on the goroutine of Stop, so what they find is what Stop has done by then.
func TestStopGoesFromTheSourceDownThePipe(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var a *testPeer
		var inbox <-chan proto.ReceivedMessage
		var order []string
		a = w.peer("A", watchedBy(reacting(func(e trace.Event) {
			if e.Step == trace.ConnClose || strings.HasPrefix(string(e.Step), "stop.") {
				order = append(order, fmt.Sprint(e.Step, ": ", strings.Join(stoppedSoFar(w, a, inbox), ", ")))
			}
		})))
		b := w.peer("B")
		inbox = a.Accept(everything)
		atB := b.Accept(everything)
		sendTexts(a, b.remote(), "hello")
		receive(t, atB)
		synctest.Wait()
		a.Stop()
		want := []string{
			"stop.flag: flag",
			"stop.connections: flag",
			"conn.close: flag, store",
			"stop.demux: flag, store, life",
			"stop.server: flag, store, life, demux",
			"stop.subscribers: flag, store, life, demux, server",
			"stop.done: flag, store, life, demux, server, subscribers",
		}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("what each step found done differs (-want +got):\n%s", diff)
		}
	})
}

// stoppedSoFar names what of a peer has been stopped; inbox is the channel of a subscriber for whom nothing has come.
func stoppedSoFar(w *world, p *testPeer, inbox <-chan proto.ReceivedMessage) (parts []string) {
	p.connStore.RLock()
	storeIsClosing := p.connStore.isClosing
	p.connStore.RUnlock()
	p.msgPublisher.lock.Lock()
	demuxIsClosed := p.msgPublisher.closed
	p.msgPublisher.lock.Unlock()
	inboxIsClosed := false
	select {
	case <-inbox:
		inboxIsClosed = true
	default:
	}
	for _, part := range []struct {
		name    string
		stopped bool
	}{
		{"flag", p.stopping.Load()},
		{"store", storeIsClosing},
		{"life", p.life.Err() != nil},
		{"demux", demuxIsClosed},
		{"server", !w.net.(*pipes).isListening(p.endpoint)},
		{"subscribers", inboxIsClosed},
	} {
		if part.stopped {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// Two runs of a lesson are to end in the same way.
func TestStopClosesConnectionsInTheOrderOfTheirMaking(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		dials := a.tr.hold(is(trace.DialStart))
		sendTexts(a, nobody("C"), "hello")
		dials.reached()
		b.join(a.endpoint)
		sendTexts(a, nobody("D"), "hello")
		dials.reached()
		stopped := stopBeside(a)
		var closed []uint64
		for _, e := range a.tr.all(is(trace.ConnClose)) {
			closed = append(closed, e.Object.ID)
		}
		if diff := cmp.Diff([]uint64{1, 2, 3}, closed); diff != "" {
			t.Errorf("the connections that were closed differ (-want +got):\n%s", diff)
		}
		dials.release()
		await(t, "Stop", stopped)
	})
}

// Contract S14. Whoever is let in beside the flag is one for whom Stop does not wait. That moment is too short to be met by chance, so the
// test is Stop here: it has the lock, and then sets the flag.
func TestWhoWaitsToBeLetInWhileTheFlagIsSetIsNotLetIn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		a.lock.Lock()
		entered := async(a.enter)
		mustWaitForAMutexIn(t, "(*commImpl).enter", entered)
		a.stopping.Store(true)
		a.lock.Unlock()
		err, _ := await(t, "enter", entered)
		mustBe(t, err, ErrStopped)
		if err == nil {
			a.stopWG.Done()
		}
		a.stopping.Store(false) // so that A can be stopped
	})
}

// Contract S14, the other half: here the test is somebody who is just being let in.
func TestStopDoesNotSetItsFlagWhileSomebodyIsLetIn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		a.lock.Lock()
		stopped := finished(a.Stop)
		mustWaitForAMutexIn(t, "(*commImpl).Stop", stopped)
		if a.stopping.Load() {
			t.Error("the flag is set")
		}
		a.lock.Unlock()
		await(t, "Stop", stopped)
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

// A stream that the other end has opened is ended by its handler, in good order; one of ours is cancelled. Right after that the server
// takes the transport away, and often that is what the other end sees first. So it is held: this is what Stop says, if it is heard.
func TestWhoHasDialledSeesACleanEndAtStopAndWhoWasDialledABreak(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		s, caller, called := w.peer("S"), w.peer("Caller"), w.peer("Called")
		atS, atCalled := s.Accept(everything), called.Accept(everything)
		sendTexts(caller, s.remote(), "hello")
		receive(t, atS)
		sendTexts(s, called.remote(), "hello")
		receive(t, atCalled)
		server := s.tr.hold(is(trace.StopServer))
		stopped := finished(s.Stop)
		server.reached()
		synctest.Wait()
		if end := caller.tr.wait(is(trace.ConnServeEnd)); end.Err != nil || end.Detail != ErrPeerClosed.Error() {
			t.Errorf("who has dialled sees %v (%s), want a clean end", end.Err, end.Detail)
		}
		mustThinkAllAlive(caller)
		if end := called.tr.wait(is(trace.ConnServeEnd)); end.Err == nil {
			t.Error("who was dialled sees a clean end, want a stream that breaks")
		}
		if diff := cmp.Diff([]common.PKIidType{s.GetPKIid()}, called.noticesNow()); diff != "" {
			t.Errorf("the death notices of who was dialled differ (-want +got):\n%s", diff)
		}
		server.release()
		await(t, "Stop to return", stopped)
	})
}

// Everything that can wait is made to wait; then Stop, and nothing of it may remain.
func TestStopEndsWhateverIsUnderWayAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		hole := &RemotePeer{Endpoint: w.blackHole("Hole"), PKIID: common.PKIidType("in the hole")}
		mute := w.wirePeer("Mute").acceptor(mute)
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

// Contract S22. Whatever was going on: a timer that goes off when all is over finds an instance that is not there any more.
func TestNoTimerOutlivesStop(t *testing.T) {
	refusing := func(w *world) *RemotePeer {
		b := w.wirePeer("B").acceptor(likeFabric)
		b.hello = func() *proto.Envelope {
			return b.serverHello(func(msg *proto.GossipMessage) { msg.GetConn().PkiId = nil })
		}
		return b.remote()
	}
	for name, act := range map[string]func(w *world, a *testPeer){
		"a connection that was just dialled": func(w *world, a *testPeer) {
			sendTexts(a, w.peer("B").remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
		},
		"a connection that was closed": func(w *world, a *testPeer) {
			b := w.peer("B")
			sendTexts(a, b.remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
			a.CloseConn(b.remote())
			a.tr.wait(is(trace.ConnServeEnd))
		},
		"a connection that lingers": func(w *world, a *testPeer) {
			b, _ := stalled(w, "B")
			sendTexts(a, b.remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
			a.CloseConn(b.remote())
			a.tr.wait(is(trace.ConnDrain))
		},
		"a write that stalls": func(w *world, a *testPeer) {
			b, _ := stalled(w, "B")
			sendTexts(a, b.remote(), "hello")
			a.tr.wait(is(trace.ConnWritten))
			clog(a, b.remote(), 2)
		},
		"a dial that has failed": func(w *world, a *testPeer) {
			sendTexts(a, refusing(w), "hello")
			a.tr.wait(is(trace.ConnDrop))
		},
		"a Handshake that has failed": func(w *world, a *testPeer) {
			if _, err := a.Handshake(refusing(w)); err == nil {
				w.t.Error("it has not failed")
			}
		},
		"a dial under way": func(w *world, a *testPeer) {
			sendTexts(a, &RemotePeer{Endpoint: w.blackHole("B"), PKIID: common.PKIidType("B's")}, "hello")
			a.tr.wait(is(trace.PingSend))
		},
		"a stream that says nothing": func(w *world, a *testPeer) {
			w.wirePeer("B").dial(a.endpoint).open()
			a.tr.wait(is(trace.AuthRead))
		},
		"a call that waits for an acknowledgement": func(w *world, a *testPeer) {
			b := answering(w.peer("B"), saysNothing)
			result := async(func() AggregatedSendResult { return a.SendWithAck(message(w.t, "hello"), time.Hour, 1, b.remote()) })
			a.tr.wait(is(trace.ConnWritten))
			w.t.Cleanup(func() { await(w.t, "SendWithAck to return", result) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var clock armed
				a := w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
				act(w, a)
				synctest.Wait()
				await(t, "Stop to return", finished(a.Stop))
				if n := clock.Load(); n != 0 {
					t.Errorf("%d timers are left", n)
				}
			})
		})
	}
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

// Contract S12, S13. On a server that goes on, nothing but Stop ends a stream; one that is set aside is not where the others are.
func TestStopEndsAStreamThatIsSetAsideOnAServerOfItsCaller(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, _ := shared(w, "A", asking(tls.RequestClientCert))
		b := w.wirePeer("B")
		rival := a.tr.hold(is(trace.AuthRead, func(e trace.Event) bool { return !inbound(e) }))
		sendTexts(a, b.acceptor(likeFabric).remote(), "hello")
		rival.reached()
		theirs := b.join(a.endpoint)
		if n := len(a.connStore.aside); n != 1 {
			t.Fatalf("%d streams are set aside, want 1", n)
		}
		rival.release()
		start := time.Now()
		await(t, "Stop to return", finished(a.Stop))
		if elapsed := time.Since(start); elapsed > 5*time.Second { // TLS may say good-bye for so long to an end that does not read
			t.Errorf("Stop took %v", elapsed)
		}
		if err := theirs.end(); err != nil {
			t.Errorf("the stream ended with %v, want a clean end", err)
		}
	})
}

// Between the flag and the end of the instance's life TLS begins no handshake any more, and gRPC puts that into words of its own.
func TestCallWhoseTLSBeginsWhileStopIsUnderWaySaysThatItIsStopped(t *testing.T) {
	for name, call := range callsThatDial {
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

// Stop returns when every tracer has: a step after stop.done would be one of a goroutine that nobody waited for. And of a dial that Stop
// cuts short nothing is left, at either end.
func TestStopWaitsForAGoroutineThatIsHeldAtAGate(t *testing.T) {
	for step, stored := range map[trace.Step]int{
		trace.DialStart: 0, trace.PingSend: 0, trace.StreamOpen: 0, trace.AuthSend: 0, trace.AuthRead: 0,
		trace.ConnWrite: 1, trace.ConnRead: 1,
	} {
		t.Run(string(step), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				held := a.tr.hold(is(step))
				sendTexts(a, b.remote(), "lost")
				held.reached()
				stopped := stopBeside(a)
				if isDone(stopped) {
					t.Errorf("Stop returned although a goroutine stands at %s", step)
				}
				held.release()
				await(t, "Stop to return", stopped)
				mustBeOver(t, a)
				if got := len(a.tr.all(is(trace.StoreStored))); got != stored {
					t.Errorf("%d connections were stored, want %d", got, stored)
				}
				if stored == 0 {
					mustBe(t, a.tr.wait(is(trace.ConnDrop)).Err, ErrStopped)
				}
				if dead := a.tr.all(is(trace.DeadNotice)); len(dead) != 0 {
					t.Error("Stop made a peer presumed dead")
				}
				b.mustStore(0)
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

// Ping is a method of the service like the stream, and gRPC does not wait for its handlers.
func TestPingBesideStopIsWaitedForOrRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		served, goOn := make(chan struct{}), make(chan struct{})
		a := w.peer("A", watchedBy(reacting(func(e trace.Event) {
			if e.Step == trace.PingServed {
				close(served)
				<-goOn
			}
		})))
		ping := func() error { _, err := a.Ping(context.Background(), &proto.Empty{}); return err }
		pinged := async(ping)
		await(t, "the Ping to be served", served)
		stopped := finished(a.Stop)
		if isDone(stopped) {
			t.Error("Stop returned while a Ping was being served")
		}
		if err := ping(); status.Code(err) != codes.Unavailable {
			t.Errorf("Ping while Stop waits returned %v, want %v", err, codes.Unavailable)
		}
		close(goOn)
		if err, _ := await(t, "the answer to the Ping", pinged); err != nil {
			t.Errorf("the Ping that was being served returned %v", err)
		}
		await(t, "Stop to return", stopped)
	})
}

func TestCallsAfterStopAreRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		a.Stop()
		mustBe(t, a.Probe(b.remote()), ErrStopped)
		_, err := a.Handshake(b.remote())
		mustBe(t, err, ErrStopped)
		a.CloseConn(b.remote())
		if got := a.GetPKIid(); len(got) == 0 {
			t.Error("the PKI-ID is gone")
		}
		mustBeOver(t, a)
		mustBe(t, a.sendToEndpoint(b.remote(), message(t, "too late"), nonBlockingSend), ErrStopped)
		if dialled := a.tr.all(is(trace.DialStart)); len(dialled) != 0 {
			t.Error("it dialled")
		}
	})
}
