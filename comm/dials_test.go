package comm

// Tests of several dials of one peer that lead, or might lead, to the same other: by its PKI-ID and by its endpoint alone (contract S20),
// or by two endpoints. They make one connection, no message is lost, and none overtakes another of the same sender.

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/trace"
)

// Contract S20.
func TestMessagesToWhoeverIsThereShareOneConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		var want []string
		for i := range 20 {
			text := fmt.Sprint("message ", i)
			want = append(want, text)
			a.Send(message(t, text), b.whoever())
			if i == 9 {
				a.tr.wait(is(trace.ConnServe)) // half of them are sent during the dial, half after it
			}
		}

		if got := receiveTexts(t, inbox, 20); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		if dials := a.tr.all(is(trace.PingSend)); len(dials) != 1 {
			t.Errorf("dialled %d times, want once", len(dials))
		}
		if stored := a.tr.wait(is(trace.StoreStored)); string(stored.Peer) != string(b.GetPKIid()) {
			t.Errorf("stored as %v, want the PKI-ID that was proven", stored.Peer)
		}
		a.Send(message(t, "by name"), b.remote())
		receive(t, inbox)
		a.mustStore(1)
		b.mustStore(1)
		if dials := a.tr.all(is(trace.PingSend)); len(dials) != 1 {
			t.Error("a message to the peer by its name dialled again")
		}
	})
}

func TestWhoeverIsAtOneEndpointIsNotWhoeverIsAtAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b, c := w.peer("A"), w.peer("B"), w.peer("C")
		ofB, ofC := b.Accept(everything), c.Accept(everything)
		dials := a.tr.hold(is(trace.DialStart))
		a.Send(message(t, "for B"), b.whoever())
		a.Send(message(t, "for C"), c.whoever())
		dials.release()
		if got := receiveTexts(t, ofB, 1); got[0] != "for B" {
			t.Errorf("B got %q", got)
		}
		if got := receiveTexts(t, ofC, 1); got[0] != "for C" {
			t.Errorf("C got %q", got)
		}
	})
}

// Each sees the other only as somebody who called, until it has dialled once itself (S20).
func TestPeersThatKnowOnlyEachOthersEndpointsDialOnceEach(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		atA, atB := a.Accept(everything), b.Accept(everything)
		for range 5 {
			sendTexts(a, b.whoever(), "to B")
			receiveTexts(t, atB, 1)
			time.Sleep(a.conf.ConnTimeout)
			sendTexts(b, a.whoever(), "to A")
			receiveTexts(t, atA, 1)
			time.Sleep(a.conf.ConnTimeout)
		}
		if n := len(a.tr.all(is(trace.DialStart))) + len(b.tr.all(is(trace.DialStart))); n != 2 {
			t.Errorf("%d dials for 10 messages, want 2", n)
		}
	})
}

// Two dials to one peer would push each other's stream out of the peer's store.
func TestDialsToOneEndpointUnderTwoNamesGoOneAfterTheOtherAndMakeOneConnection(t *testing.T) {
	for name, named := range map[string]func(b *testPeer) []*RemotePeer{
		"first by endpoint": func(b *testPeer) []*RemotePeer { return []*RemotePeer{b.whoever(), b.remote()} },
		"first by PKI-ID":   func(b *testPeer) []*RemotePeer { return []*RemotePeer{b.remote(), b.whoever()} },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				inbox := b.Accept(everything)
				start := time.Now()
				dial := a.tr.hold(is(trace.AuthRead))
				for i, to := range named(b) {
					sendTexts(a, to, fmt.Sprint(2*i), fmt.Sprint(2*i+1))
				}
				dial.reached()
				synctest.Wait()
				if dials := a.tr.all(is(trace.DialStart)); len(dials) != 1 {
					t.Errorf("%d dials are under way at once, want one", len(dials))
				}
				dial.release()

				if diff := cmp.Diff(numbers(4), receiveTexts(t, inbox, 4)); diff != "" {
					t.Errorf("messages differ (-want +got):\n%s", diff)
				}
				mustTakeNoTime(t, start)
				synctest.Wait()
				a.mustStore(1)
				b.mustStore(1)
				a.mustDialNothing()
				if arrived := b.tr.all(is(trace.StreamArrived)); len(arrived) != 1 {
					t.Errorf("%d streams arrived at B, want one", len(arrived))
				}
				for _, p := range []*testPeer{a, b} {
					if lost, dead := p.tr.all(is(trace.ConnDrop)), p.noticesNow(); len(lost) != 0 || len(dead) != 0 {
						t.Errorf("%s lost %v and presumes %v dead", p.name, lost, dead)
					}
				}
			})
		})
	}
}

// Whether anybody else lives there than was expected says nothing about whoever is there.
func TestDialToAnEndpointGoesOnWhenTheOneBeforeItHasFailed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		start := time.Now()
		dial := a.tr.hold(is(trace.DialStart))
		sendTexts(a, &RemotePeer{Endpoint: b.endpoint, PKIID: nobody("C").PKIID}, "for C")
		sendTexts(a, b.whoever(), "for whoever is there")
		sendTexts(a, b.remote(), "for B")
		dial.release()

		if diff := cmp.Diff([]string{"for whoever is there", "for B"}, receiveTexts(t, inbox, 2)); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		mustTakeNoTime(t, start)
		lost := a.tr.all(is(trace.ConnDrop))
		if len(lost) != 1 || !errors.Is(lost[0].Err, ErrUnexpectedPeer) {
			t.Errorf("lost %v, want the message for C because of %v", lost, ErrUnexpectedPeer)
		}
		a.mustStore(1)
		if dials := a.tr.all(is(trace.DialStart)); len(dials) != 2 {
			t.Errorf("dialled %d times, want twice", len(dials))
		}
	})
}

// Each would keep the one before it, and that one the one before that, for as long as anybody sends to the endpoint.
func TestDialKeepsNoneOfThoseItHasWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		dials := a.tr.hold(is(trace.DialStart))
		sendTexts(a, &RemotePeer{Endpoint: b.endpoint, PKIID: nobody("C").PKIID}, "for C")
		sendTexts(a, b.whoever(), "for whoever is there")
		waiting := a.connTo(b.whoever())
		if waiting.behind == nil {
			t.Fatal("the second dial does not wait for the first")
		}
		dials.release()
		receiveTexts(t, inbox, 1)
		if a.connTo(b.remote()) != waiting {
			t.Error("the connection to B is not the one that has waited")
		}
		if waiting.behind != nil {
			t.Error("it keeps the dial that was before it")
		}
	})
}

func TestDialThatWaitsForAnotherIsGivenUpAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(a, b *testPeer)
		want error
	}{
		"by CloseConn": {func(a, b *testPeer) { a.CloseConn(b.remote()) }, ErrClosed},
		"by Stop":      {func(a, _ *testPeer) { stopBeside(a) }, ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				dial := a.tr.hold(is(trace.DialStart))
				sendTexts(a, b.whoever(), "first")
				dial.reached()
				sendTexts(a, b.remote(), "second")
				synctest.Wait()
				start := time.Now()
				test.end(a, b)
				if lost := a.tr.wait(is(trace.ConnDrop, carrying(t, "second"))); lost.Err != test.want {
					t.Errorf("lost because of %v, want %v", lost.Err, test.want)
				}
				mustTakeNoTime(t, start)
			})
		})
	}
}

func TestDialsOfSeveralPKIIDsAtOneEndpointDoNotWaitForEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		hole := w.blackHole("hole")
		start := time.Now()
		for i := range 10 {
			sendTexts(a, &RemotePeer{Endpoint: hole, PKIID: fmt.Appendf(nil, "peer %d", i)}, "hello")
		}
		a.tr.waitFor(10, is(trace.ConnDrop))
		if took := time.Since(start); took != a.conf.DialTimeout {
			t.Errorf("the last dial ended after %v", took)
		}
	})
}

// An endpoint has changed hands, and a sender does not know it yet. What connects him with the one who lives there now must not suffer.
func TestDialThatWantsSomebodyElseLeavesTheConnectionThatIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b, c := w.peer("A"), w.peer("B"), w.peer("C")
		inbox := b.Accept(everything)
		sendTexts(a, b.remote(), "hello")
		receiveTexts(t, inbox, 1)
		sendTexts(a, &RemotePeer{Endpoint: b.endpoint, PKIID: c.GetPKIid()}, "for C")
		drop := a.tr.wait(is(trace.ConnDrop))
		if !errors.Is(drop.Err, ErrUnexpectedPeer) || !errors.Is(drop.Err, ErrRefused) {
			t.Errorf("the message was dropped because of %v", drop.Err)
		}
		synctest.Wait()
		if n := len(b.tr.all(is(trace.StoreReplaced))); n != 0 {
			t.Error("the connection that was there had to give way")
		}
		mustAgree(a, b)
		mustThinkAllAlive(b)
	})
}

// A dial by PKI-ID and one by the endpoint alone lead to the same peer. The sender who names the peer always in the same way must not see
// his messages overtake each other, though the other dial is the first to get through.
func TestOrderIsKeptWhenAnotherDialToThePeerIsStoredFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		alias := &RemotePeer{Endpoint: w.alias(b, "alias"), PKIID: b.GetPKIid()}
		dial := a.tr.hold(is(trace.StreamOpen, func(e trace.Event) bool { return e.Object.Endpoint == alias.Endpoint }))
		sendTexts(a, alias, "1")
		dial.reached()
		sendTexts(a, b.whoever(), "blind")
		receiveTexts(t, inbox, 1)
		sendTexts(a, alias, "2")
		synctest.Wait()
		dial.release()
		if diff := cmp.Diff([]string{"1", "2"}, receiveTexts(t, inbox, 2)); diff != "" {
			t.Errorf("what B got differs (-want +got):\n%s", diff)
		}
		a.mustStore(1)
		b.mustStore(1)
	})
}

// Two dials of ours lead to one peer. The one that the peer gives up in favour of the other has nothing to wait for.
func TestRefusedDialDoesNotWaitWhereAnotherConnectionIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		answer := b.tr.hold(is(trace.AuthSend, func(e trace.Event) bool { return e.Object.ID == 1 }))
		sendTexts(a, b.remote(), "by PKI-ID")
		answer.reached()
		sendTexts(a, &RemotePeer{Endpoint: w.alias(b, "alias")}, "by endpoint")
		a.tr.wait(is(trace.StoreStored))
		start := time.Now()
		answer.release()
		if diff := cmp.Diff([]string{"by endpoint", "by PKI-ID"}, receiveTexts(t, inbox, 2)); diff != "" {
			t.Errorf("what B got differs (-want +got):\n%s", diff)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// Contract S2. A dial that was refused waits for the peer's stream, and has nothing open that another dial would have to give way to.
func TestRefusedDialHandsItsQueueToAnotherOfOurDialsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall := small.Accept(everything)
		smallDial, largeDial := cross(t, small, large)
		largeDial.release()
		large.tr.wait(is(trace.AuthReceived, func(e trace.Event) bool { return errors.Is(e.Err, ErrTieBreak) }))
		small.CloseConn(large.remote()) // so that what it was refused for comes to nothing
		smallDial.release()
		synctest.Wait()
		start := time.Now()
		sendTexts(large, &RemotePeer{Endpoint: w.alias(small, "alias")}, "over the other dial")
		got := receiveTexts(t, atSmall, 4)
		mustTakeNoTime(t, start)
		slices.Sort(got)
		if diff := cmp.Diff(append(named("L", 3), "over the other dial"), got); diff != "" {
			t.Errorf("what S got differs (-want +got):\n%s", diff)
		}
		mustThinkAllAlive(small, large)
	})
}
