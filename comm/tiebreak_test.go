package comm

// Tests of two peers that dial each other at once (contract S2): one stream stays, both agree which, and no message is lost; and of
// everybody else whose streams cross: who knows no rule, who has restarted, who dials by endpoint alone. How a queue changes hands is in
// handover_test.go.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestRuleGivesBothSidesTheSameStream(t *testing.T) {
	// Each crossing is looked at by both: for one of them the newcomer is inbound, for the other its own.
	for _, test := range []struct {
		name string
		e    encounter
		want verdict
	}{
		{"nothing crosses an inbound stream", encounter{inbound: true, marked: true, smaller: true}, newcomerStays},
		{"nothing crosses our own", encounter{marked: true}, newcomerStays},
		{"the larger PKI-ID's stream arrives", encounter{inbound: true, rival: true, marked: true, smaller: true}, newcomerGoes},
		{"the smaller PKI-ID's stream arrives", encounter{inbound: true, rival: true, marked: true}, newcomerStays},
		{"ours is ready, and we are the larger", encounter{rival: true, marked: true}, newcomerGoes},
		{"ours is ready, and we are the smaller", encounter{rival: true, marked: true, smaller: true}, newcomerStays},
		{"a Fabric peer's stream arrives, we are the smaller", encounter{inbound: true, rival: true, smaller: true}, newcomerIsRead},
		{"a Fabric peer's stream arrives, we are the larger", encounter{inbound: true, rival: true}, newcomerIsRead},
		{"ours to a Fabric peer is ready", encounter{rival: true}, newcomerStays},
	} {
		if got := test.e.decide(); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestPeersThatDialEachOtherAtOnceKeepOneStreamAndEveryMessage(t *testing.T) {
	refused := is(trace.AuthReceived, func(e trace.Event) bool { return errors.Is(e.Err, ErrTieBreak) })
	for _, test := range []struct {
		name string
		play func(small, large *testPeer, smallDial, largeDial *hold)
	}{
		{"both go on at once", func(_, _ *testPeer, smallDial, largeDial *hold) {
			smallDial.release()
			largeDial.release()
		}},
		{"the one that stays is first", func(small, large *testPeer, smallDial, largeDial *hold) {
			smallDial.release()
			large.tr.wait(is(trace.StoreStored))
			synctest.Wait()
			largeDial.release()
		}},
		{"the one that goes is first", func(_, large *testPeer, smallDial, largeDial *hold) {
			largeDial.release()
			large.tr.wait(refused)
			smallDial.release()
		}},
		{"the one that goes is refused before the other is stored", func(_, large *testPeer, smallDial, largeDial *hold) {
			answer := large.tr.hold(is(trace.AuthRead, inbound))
			smallDial.release()
			answer.reached()
			largeDial.release()
			large.tr.wait(refused)
			answer.release()
		}},
		{"the one that goes is refused after the other is stored and not answered", func(_, large *testPeer, smallDial, largeDial *hold) {
			answer := large.tr.hold(is(trace.AuthSend, inbound))
			smallDial.release()
			answer.reached()
			largeDial.release()
			large.tr.wait(refused)
			answer.release()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				small, large := pair(w)
				atSmall, atLarge := small.Accept(everything), large.Accept(everything)
				smallDial, largeDial := cross(t, small, large)

				test.play(small, large, smallDial, largeDial)

				if diff := cmp.Diff(named("S", 3), receiveTexts(t, atLarge, 3)); diff != "" {
					t.Errorf("what L got differs (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(named("L", 3), receiveTexts(t, atSmall, 3)); diff != "" {
					t.Errorf("what S got differs (-want +got):\n%s", diff)
				}
				mustAgree(small, large)
				mustThinkAllAlive(small, large)
				sendTexts(large, small.remote(), "afterwards")
				if got := receiveTexts(t, atSmall, 1); got[0] != "afterwards" {
					t.Errorf("got %q", got)
				}
				if n := len(small.tr.all(is(trace.ConnDrop))) + len(large.tr.all(is(trace.ConnDrop))); n != 0 {
					t.Errorf("%d messages were dropped", n)
				}
			})
		})
	}
}

func TestDialThatWasAheadOfTheOtherStreamIsRefusedWhileThatIsYoung(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall, atLarge := small.Accept(everything), large.Accept(everything)
		smallDial, largeDial := cross(t, small, large)
		smallDial.release()
		receiveTexts(t, atSmall, 3) // L's queue has gone over to S's stream, and L's dial is still under way
		time.Sleep(small.conf.ConnTimeout - time.Millisecond)
		largeDial.release()
		receiveTexts(t, atLarge, 3)
		tie := small.tr.wait(is(trace.StoreTieBreak))
		if !errors.Is(tie.Err, ErrTieBreak) {
			t.Errorf("the verdict is %v, want a refusal", tie.Err)
		}
		mustAgree(small, large)
		mustThinkAllAlive(small, large)
	})
}

func TestDialThatHasNotOpenedItsStreamGivesWayWithoutAWord(t *testing.T) {
	for _, first := range []string{"the smaller is first", "the larger is first"} {
		t.Run(first, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				quick, slow := pair(w)
				if first == "the larger is first" {
					quick, slow = slow, quick
				}
				atQuick, atSlow := quick.Accept(everything), slow.Accept(everything)
				dial := slow.tr.hold(is(trace.DialStart))
				sendTexts(slow, quick.remote(), named("slow", 3)...)
				dial.reached()
				sendTexts(quick, slow.remote(), named("quick", 3)...)
				receiveTexts(t, atSlow, 3)
				if diff := cmp.Diff(named("slow", 3), receiveTexts(t, atQuick, 3)); diff != "" {
					t.Errorf("what came over the stream that stays differs (-want +got):\n%s", diff)
				}
				time.Sleep(time.Minute) // long after the rule would still hold
				dial.release()
				mustAgree(quick, slow)
				mustThinkAllAlive(quick, slow)
				if n := len(slow.tr.all(is(trace.StreamOpen))); n != 0 {
					t.Error("the dial that had given way has opened a stream all the same")
				}
			})
		})
	}
}

// S has opened a stream to somebody who does not answer, and takes him for L: so it refuses L, until that stream has come to nothing.
func TestDialIsBegunOnceMoreWhenThePeersOwnHasComeToNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall := small.Accept(everything)
		silent := w.wirePeer("X").acceptor(mute)
		sendTexts(small, &RemotePeer{Endpoint: silent.remote().Endpoint, PKIID: large.GetPKIid()}, "into the void")
		small.tr.wait(is(trace.AuthRead))
		time.Sleep(small.conf.ConnTimeout / 2)
		start := time.Now()
		sendTexts(large, small.remote(), named("L", 3)...)
		if diff := cmp.Diff(named("L", 3), receiveTexts(t, atSmall, 3)); diff != "" {
			t.Errorf("what S got differs (-want +got):\n%s", diff)
		}
		if took := time.Since(start); took != large.conf.ConnTimeout {
			t.Errorf("it took %v, want %v", took, large.conf.ConnTimeout)
		}
		mustAgree(large, small)
		mustThinkAllAlive(large)
	})
}

// S takes somebody for L who answers every Ping and no stream, and sends to him again and again.
func TestPeerWhoseOldEndpointAnswersPingsIsLetIn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall := small.Accept(everything)
		silent := w.wirePeer("X").acceptor(mute)
		arrived := make(chan struct{})
		sender := finished(func() {
			for {
				select {
				case <-arrived:
					return
				case <-time.After(10 * time.Millisecond):
					sendTexts(small, &RemotePeer{Endpoint: silent.remote().Endpoint, PKIID: large.GetPKIid()}, "into the void")
				}
			}
		})
		time.Sleep(small.conf.ConnTimeout / 2)
		sendTexts(large, small.remote(), "hello")
		if got := receiveTexts(t, atSmall, 1); got[0] != "hello" {
			t.Errorf("got %q", got)
		}
		close(arrived)
		<-sender
		if dials := len(large.tr.all(is(trace.DialStart))); dials != 2 {
			t.Errorf("L dialled %d times, want 2: it must have been refused once", dials)
		}
		mustThinkAllAlive(large)
	})
}

// A refuser that goes on refusing is alive, and the message has to be given up at some time.
func TestDialThatIsRefusedOnceMoreIsGivenUpWithoutANotice(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b := w.wirePeer("B").acceptor(func(*wireAcceptor, proto.Gossip_GossipStreamServer) error {
			return status.Error(codes.Aborted, ErrTieBreak.Error())
		})
		sendTexts(a, b.remote(), "hello")
		time.Sleep(time.Minute)
		drop := a.tr.wait(is(trace.ConnDrop))
		if !errors.Is(drop.Err, ErrTieBreak) {
			t.Errorf("the message was dropped because of %v", drop.Err)
		}
		if dials := len(a.tr.all(is(trace.DialStart))); dials != 2 {
			t.Errorf("A dialled %d times, want 2", dials)
		}
		a.mustDialNothing()
		mustThinkAllAlive(a)
	})
}

// A peer behind a wall can call us, and we cannot call it. That we try again and again must not keep it out.
func TestPeerThatCanDialAndCannotBeDialledIsLetIn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		inbox := small.Accept(everything)
		wall := &RemotePeer{Endpoint: w.blackHole("wall"), PKIID: large.GetPKIid()}
		sendTexts(small, wall, "hello") // and from now on S is dialling
		time.Sleep(time.Second)
		sendTexts(large, small.remote(), "here I am")
		if got := receiveTexts(t, inbox, 1); got[0] != "here I am" {
			t.Errorf("got %q", got)
		}
		if n := len(large.tr.all(is(trace.AuthReceived, failed))); n != 0 {
			t.Errorf("it was refused %d times", n)
		}
		time.Sleep(time.Minute)
		mustAgree(large, small)
		mustThinkAllAlive(small)
	})
}

func TestEndOfTheWaitForTheOtherStream(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(large, small *testPeer)
	}{
		{"CloseConn", func(large, small *testPeer) { large.CloseConn(small.remote()) }},
		{"Stop", func(large, _ *testPeer) { large.Stop() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				small, large := pair(w)
				_, largeDial := cross(t, small, large)
				largeDial.release()
				large.tr.wait(is(trace.AuthReceived, failed))
				start := time.Now()
				test.end(large, small)
				synctest.Wait()
				if drops := large.tr.all(is(trace.ConnDrop)); len(drops) != 3 || time.Since(start) != 0 {
					t.Errorf("%d messages were dropped after %v, want 3 at once", len(drops), time.Since(start))
				}
				large.mustDialNothing()
			})
		})
	}
}

// Where only the endpoint is known, nobody can know of a dial to whom it leads.
func TestPeersThatDialEachOthersEndpointsAtOnceLoseNothing(t *testing.T) {
	for _, test := range []struct {
		name         string
		small, large bool // who knows the other's PKI-ID
		play         func(smallDial, largeDial *hold)
	}{
		{"neither knows", false, false, func(smallDial, largeDial *hold) { smallDial.release(); largeDial.release() }},
		{"the smaller knows", true, false, func(smallDial, largeDial *hold) { smallDial.release(); largeDial.release() }},
		{"the larger knows", false, true, func(smallDial, largeDial *hold) { smallDial.release(); largeDial.release() }},
		{"neither knows, the smaller first", false, false, func(smallDial, largeDial *hold) {
			smallDial.release()
			synctest.Wait()
			largeDial.release()
		}},
		{"neither knows, the larger first", false, false, func(smallDial, largeDial *hold) {
			largeDial.release()
			synctest.Wait()
			smallDial.release()
		}},
	} {
		for _, acceptBoth := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, both accept before either answers: %v", test.name, acceptBoth), func(t *testing.T) {
				inBubble(t, func(t *testing.T, w *world) {
					small, large := pair(w)
					atSmall, atLarge := small.Accept(everything), large.Accept(everything)
					smallDial, largeDial := small.tr.hold(is(trace.StreamOpen)), large.tr.hold(is(trace.StreamOpen))
					name := func(p *testPeer, known bool) *RemotePeer {
						if known {
							return p.remote()
						}
						return p.whoever()
					}
					sendTexts(small, name(large, test.small), named("S", 3)...)
					sendTexts(large, name(small, test.large), named("L", 3)...)
					smallDial.reached()
					largeDial.reached()
					holds := []*hold{small.tr.hold(is(trace.AuthSend, inbound)), large.tr.hold(is(trace.AuthSend, inbound))}
					if !acceptBoth {
						holds[0].release()
						holds[1].release()
					}
					test.play(smallDial, largeDial)
					synctest.Wait()
					for _, h := range holds {
						h.release()
					}
					if diff := cmp.Diff(named("S", 3), receiveTexts(t, atLarge, 3)); diff != "" {
						t.Errorf("what L got differs (-want +got):\n%s", diff)
					}
					if diff := cmp.Diff(named("L", 3), receiveTexts(t, atSmall, 3)); diff != "" {
						t.Errorf("what S got differs (-want +got):\n%s", diff)
					}
					time.Sleep(time.Minute)
					mustThinkAllAlive(small, large)
					sendTexts(large, small.remote(), "afterwards")
					receiveTexts(t, atSmall, 1)
					if mine, theirs := small.connStore.connNum(), large.connStore.connNum(); mine != 1 || theirs != 1 {
						t.Errorf("S has %d connections and L %d", mine, theirs)
					}
				})
			})
		}
	}
}

// joinMarked is join by an initiator that knows the rule.
func (p *wirePeer) joinMarked(endpoint string) *wireStream {
	p.w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p.w.t.Cleanup(cancel)
	s, err := p.dial(endpoint).GossipStream(withMark(ctx, nil, false))
	if err != nil {
		p.w.t.Fatal(err)
	}
	if err := s.Send(p.clientHello()); err != nil && err != io.EOF {
		p.w.t.Fatal(err)
	}
	return &wireStream{stream: s, t: p.w.t, finish: s.CloseSend, cancel: cancel}
}

// largerThan makes a wirePeer whose PKI-ID is larger than that of p.
func (w *world) largerThan(p *testPeer) *wirePeer {
	for {
		if other := w.wirePeer("L"); bytes.Compare(p.GetPKIid(), other.pkiID()) < 0 {
			return other
		}
	}
}

func TestPeerThatHasRestartedIsLetInAfterAConnectionTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small := w.peer("S")
		inbox := small.Accept(everything)
		large := w.largerThan(small)
		before := large.acceptor(likeFabric)
		sendTexts(small, before.remote(), "hello")
		await(t, "the message", before.received)

		early := large.joinMarked(small.endpoint)
		if _, err := early.next(); !errors.Is(refusalIn(err), ErrTieBreak) {
			t.Errorf("a stream beside a young one ended with %v", err)
		}
		time.Sleep(small.conf.ConnTimeout)
		late := large.joinMarked(small.endpoint)
		late.read()
		late.write("I am back")
		if got := receiveTexts(t, inbox, 1); got[0] != "I am back" {
			t.Errorf("got %q", got)
		}
		sendTexts(small, before.remote(), "welcome")
		if got := textOf(late.read()); got != "welcome" {
			t.Errorf("the restarted peer got %q", got)
		}
	})
}

// What a Fabric peer does when both dial: it keeps the stream that it has accepted, and drops the one that it has dialled, by cancelling.
func TestStreamOfAFabricPeerIsReadBesideOursUntilItEnds(t *testing.T) {
	for name, end := range map[string]func(theirs *wireStream){
		"half-closed": func(theirs *wireStream) { theirs.finish() },
		"cancelled":   func(theirs *wireStream) { theirs.cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.peer("A")
				inbox := a.Accept(everything)
				b := w.wirePeer("B")
				acceptor := b.acceptor(likeFabric)
				dial := a.tr.hold(is(trace.StreamOpen))
				sendTexts(a, acceptor.remote(), "on ours")
				dial.reached()
				theirs := b.join(a.endpoint)
				theirs.write("on theirs")
				if got := receiveTexts(t, inbox, 1); got[0] != "on theirs" {
					t.Errorf("got %q", got)
				}
				a.mustStore(0)
				dial.release()
				if got := textOf(decode(t, first(await(t, "the message", acceptor.received)))); got != "on ours" {
					t.Errorf("B got %q", got)
				}
				a.mustStore(1)
				theirs.write("the last on theirs")
				if got := receiveTexts(t, inbox, 1); got[0] != "the last on theirs" {
					t.Errorf("got %q", got)
				}
				end(theirs)
				sendTexts(a, acceptor.remote(), "still on ours")
				await(t, "the message", acceptor.received)
				a.mustStore(1)
				mustThinkAllAlive(a)
			})
		})
	}
}

func first[T any](value T, _ bool) T { return value }

func TestStreamThatIsOnlyReadEndsWithCloseConnAndWithStop(t *testing.T) {
	for name, end := range map[string]func(a *testPeer, b *wirePeer){
		"CloseConn": func(a *testPeer, b *wirePeer) { a.CloseConn(&RemotePeer{PKIID: b.pkiID()}) },
		"Stop":      func(a *testPeer, _ *wirePeer) { a.halt() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.wirePeer("B")
				dial := a.tr.hold(is(trace.StreamOpen))
				sendTexts(a, b.acceptor(likeFabric).remote(), "hello")
				dial.reached()
				theirs := b.join(a.endpoint)
				if n := len(a.connStore.aside); n != 1 {
					t.Fatalf("%d streams are set aside, want 1", n)
				}
				end(a, b)
				if err := theirs.drain(); err != io.EOF && name == "CloseConn" {
					t.Errorf("the stream ended with %v", err)
				}
				if n := len(a.connStore.aside); n != 0 {
					t.Errorf("%d streams are still read", n)
				}
			})
		})
	}
}

// One that has accepted us, and refuses us when it is too late for that, is heard of as long as its own stream is there.
func TestStreamOfAFabricPeerOutlivesOurs(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		refuses := b.acceptor(likeFabricRefusing("not today"))
		dial := a.tr.hold(is(trace.StreamOpen))
		sendTexts(a, refuses.remote(), "lost")
		dial.reached()
		theirs := b.join(a.endpoint)
		dial.release()
		a.tr.wait(is(trace.ConnReaderEnd))
		synctest.Wait()
		sendTexts(a, refuses.remote(), "on theirs")
		if got := textOf(theirs.read()); got != "on theirs" {
			t.Errorf("B got %q", got)
		}
		mustThinkAllAlive(a)
	})
}

// The store of an initiator has the mark on every stream, and the protocol itself knows nothing of it.
func TestInitiatorMarksItsStreams(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		seen := make(chan bool, 1)
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			seen <- isMarked(stream.Context())
			return likeFabric(b, stream)
		})
		sendTexts(a, b.remote(), "hello")
		if isSet, _ := await(t, "the stream", seen); !isSet {
			t.Error("the stream carries no mark")
		}
	})
}

// A dial by endpoint cannot see that the stream for which it is refused has come; so it has to be patient.
func TestDialByEndpointThatIsRefusedGetsThroughInTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall := small.Accept(everything)
		smallDial, largeDial := small.tr.hold(is(trace.StreamOpen)), large.tr.hold(is(trace.StreamOpen))
		sendTexts(small, large.remote(), "S")
		sendTexts(large, small.whoever(), "L")
		smallDial.reached()
		largeDial.reached()
		answer := large.tr.hold(is(trace.AuthRead, inbound))
		smallDial.release()
		answer.reached()
		largeDial.release()
		large.tr.wait(is(trace.AuthReceived, failed))
		time.Sleep(large.conf.ConnTimeout / 2) // S's stream is answered late, and so it is young for longer
		answer.release()
		if got := receiveTexts(t, atSmall, 1); got[0] != "L" {
			t.Errorf("got %q", got)
		}
		mustThinkAllAlive(small, large)
	})
}

// Neither knows whom it dials. L's stream reaches S when S has been taken by L and does not know it yet: S takes L's, too.
func TestPeersThatDialEachOthersEndpointsOneJustBeforeTheOtherAgree(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		atSmall, atLarge := small.Accept(everything), large.Accept(everything)
		smallDial, largeDial := small.tr.hold(is(trace.StreamOpen)), large.tr.hold(is(trace.PingSend))
		sendTexts(small, large.whoever(), named("S", 3)...)
		sendTexts(large, small.whoever(), named("L", 3)...)
		smallDial.reached()
		largeDial.reached()
		answer := small.tr.hold(is(trace.AuthRead, func(e trace.Event) bool { return e.Object.Role == trace.Initiator }))
		smallDial.release()
		large.tr.wait(is(trace.ConnServe)) // L has answered, and only then opens its own; S has not seen the answer
		largeDial.release()
		small.tr.wait(is(trace.StoreStored))
		large.tr.waitFor(2, is(trace.ConnServe))
		answer.release()
		if diff := cmp.Diff(named("S", 3), receiveTexts(t, atLarge, 3)); diff != "" {
			t.Errorf("what L got differs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(named("L", 3), receiveTexts(t, atSmall, 3)); diff != "" {
			t.Errorf("what S got differs (-want +got):\n%s", diff)
		}
		time.Sleep(time.Minute)
		mustAgree(small, large)
		mustThinkAllAlive(small, large)
	})
}
