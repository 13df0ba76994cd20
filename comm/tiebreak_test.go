package comm

// Tests of two peers that dial each other at once (contract S2): one stream stays, both agree which, and no message is lost; and of
// everybody else whose streams cross: who knows no rule, who has restarted, who dials by endpoint alone.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm/msp"
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

// pair makes two peers; the first has the smaller PKI-ID.
func pair(w *world, options ...func(*setup)) (small, large *testPeer) {
	ids := []*msp.SigningIdentity{issue(w.t, w.org, "small or large"), issue(w.t, w.org, "large or small")}
	slices.SortFunc(ids, func(a, b *msp.SigningIdentity) int { return bytes.Compare(a.PKIID(), b.PKIID()) })
	return w.peer("S", append(options, withIdentity(ids[0]))...), w.peer("L", append(options, withIdentity(ids[1]))...)
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

// inbound matches the events of connections that the other end has dialled.
func inbound(e trace.Event) bool { return e.Object.Role == trace.Acceptor }

// mustThinkAllAlive fails the test if one of the peers presumes anybody dead.
func mustThinkAllAlive(peers ...*testPeer) {
	for _, p := range peers {
		p.t.Helper()
		if dead := p.noticesNow(); len(dead) != 0 {
			p.t.Errorf("%s presumes %d peers dead, who are alive", p.name, len(dead))
		}
	}
}

// cross has both peers send, and holds each where it has got through to the other, and is about to open its stream. Each message has its
// sender's name in it.
func cross(t *testing.T, small, large *testPeer) (smallDial, largeDial *hold) {
	smallDial, largeDial = small.tr.hold(is(trace.StreamOpen)), large.tr.hold(is(trace.StreamOpen))
	sendTexts(small, large.remote(), named("S", 3)...)
	sendTexts(large, small.remote(), named("L", 3)...)
	smallDial.reached()
	largeDial.reached()
	return smallDial, largeDial
}

// named returns n texts.
func named(name string, n int) []string {
	var texts []string
	for i := range n {
		texts = append(texts, fmt.Sprintf("%s %d", name, i))
	}
	return texts
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

// Order is kept while the queue changes hands: the senders do not stop for it, and some have the old connection in hand.
func TestMessagesSentWhileTheQueueIsHandedOverKeepTheirOrder(t *testing.T) {
	const n = 500
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w, configured(func(conf *Config) { conf.SendBuffSize = 2 * n }))
		atSmall := small.Accept(everything)
		smallDial, largeDial := cross(t, small, large)
		sent := finished(func() { sendTexts(large, small.remote(), named("more", n)...) })
		smallDial.release()
		largeDial.release()
		await(t, "the sender", sent)
		if diff := cmp.Diff(append(named("L", 3), named("more", n)...), receiveTexts(t, atSmall, n+3)); diff != "" {
			t.Errorf("what S got differs (-want +got):\n%s", diff)
		}
		mustAgree(small, large)
	})
}

func TestAcknowledgementsAreWaitedForAlsoWhereADialHasLost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		small, large := pair(w)
		answering(small, acking)
		answering(large, acking)
		smallDial, largeDial := small.tr.hold(is(trace.StreamOpen)), large.tr.hold(is(trace.StreamOpen))
		fromSmall := async(func() AggregatedSendResult { return small.SendWithAck(message(t, "S"), time.Minute, 1, large.remote()) })
		fromLarge := async(func() AggregatedSendResult { return large.SendWithAck(message(t, "L"), time.Minute, 1, small.remote()) })
		smallDial.reached()
		largeDial.reached()
		start := time.Now()
		smallDial.release()
		largeDial.release()
		for _, results := range []<-chan AggregatedSendResult{fromSmall, fromLarge} {
			if got, _ := await(t, "the result", results); got.AckCount() != 1 {
				t.Errorf("got %v", got)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		mustAgree(small, large)
	})
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
		silent := w.wirePeer("X").acceptor(func(_ *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			<-stream.Context().Done()
			return nil
		})
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
		silent := w.wirePeer("X").acceptor(func(_ *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			<-stream.Context().Done()
			return nil
		})
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

// A dial that fails while the peer's own stream is there says nothing about the peer (S9).
func TestQueueOfAFailedDialGoesToThePeersOwnStream(t *testing.T) {
	t.Run("of a Fabric peer", func(t *testing.T) {
		inBubble(t, func(t *testing.T, w *world) {
			a, b := w.peer("A"), w.wirePeer("B")
			refuses := b.acceptor(func(*wireAcceptor, proto.Gossip_GossipStreamServer) error {
				return status.Error(codes.Unknown, "not today")
			})
			dial := a.tr.hold(is(trace.StreamOpen))
			sendTexts(a, refuses.remote(), named("A", 3)...)
			dial.reached()
			theirs := b.join(a.endpoint)
			dial.release()
			for _, want := range named("A", 3) {
				if got := textOf(theirs.read()); got != want {
					t.Errorf("B got %q, want %q", got, want)
				}
			}
			sendTexts(a, refuses.remote(), "and more")
			if got := textOf(theirs.read()); got != "and more" {
				t.Errorf("B got %q", got)
			}
			mustThinkAllAlive(a)
		})
	})
	t.Run("of one of ours", func(t *testing.T) {
		inBubble(t, func(t *testing.T, w *world) {
			small, large := pair(w)
			atSmall := small.Accept(everything)
			dial := large.tr.hold(is(trace.DialStart))
			sendTexts(large, &RemotePeer{Endpoint: nobody("X").Endpoint, PKIID: small.GetPKIid()}, named("L", 3)...)
			dial.reached()
			sendTexts(small, large.remote(), "hello")
			receiveTexts(t, atSmall, 3)
			dial.release()
			mustAgree(small, large)
			mustThinkAllAlive(large)
		})
	})
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

// alias returns a second endpoint of a peer.
func (w *world) alias(p *testPeer, name string) string {
	n := w.net.(*pipes)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[name+":7051"] = n.listeners[p.endpoint]
	return name + ":7051"
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

// A peer calls, sends, finishes and calls again, and a subscriber of ours does not read: what is left behind each time must not add up.
func TestPeerThatComesAndFinishesAgainAndAgainLeavesNoMoreThanOneBehind(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		a.Accept(everything) // and nobody reads
		b := w.wirePeer("B")
		for range 100 {
			c := b.dial(a.endpoint)
			s := c.open(b.clientHello())
			s.read()
			s.write("hello")
			s.finish()
			synctest.Wait()
			c.cc.Close()
		}
		time.Sleep(a.conf.ConnTimeout)
		synctest.Wait()
		began, ended := len(a.tr.all(is(trace.ConnServe))), len(a.tr.all(is(trace.ConnServeEnd)))
		if left := began - ended; left != 1 {
			t.Errorf("%d of %d services are still there, want 1", left, began)
		}
		a.CloseConn(&RemotePeer{PKIID: b.pkiID()})
		synctest.Wait()
		if ended := len(a.tr.all(is(trace.ConnServeEnd))); ended != began {
			t.Errorf("%d services outlive CloseConn", began-ended)
		}
		mustThinkAllAlive(a)
	})
}

// One that has to wait for its predecessor, and is replaced meanwhile itself, keeps its place.
func TestThirdStreamDoesNotOvertakeTheFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		inbox := a.Accept(everything)
		handling := a.tr.hold(is(trace.ConnHandle, func(e trace.Event) bool { return e.Object.ID == 1 }))
		streams := []*wireStream{b.join(a.endpoint)}
		streams[0].write("1")
		handling.reached()
		for _, text := range []string{"2", "3"} {
			s := b.join(a.endpoint)
			s.write(text)
			synctest.Wait()
			streams = append(streams, s)
		}
		streams[0].finish()
		streams[1].finish()
		synctest.Wait()
		handling.release()
		if diff := cmp.Diff([]string{"1", "2", "3"}, receiveTexts(t, inbox, 3)); diff != "" {
			t.Errorf("what A got differs (-want +got):\n%s", diff)
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

// Ours was accepted, and then finished by the peer, while its own stream is set aside. What was queued goes out there.
func TestQueueOfAStreamThatAFabricPeerFinishesGoesToTheOneAside(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		finish := make(chan struct{})
		acceptor := b.acceptor(func(acceptor *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			stream.Send(acceptor.hello())
			stream.Recv()
			<-finish
			return nil
		})
		dial, write := a.tr.hold(is(trace.StreamOpen)), a.tr.hold(is(trace.ConnWrite))
		sendTexts(a, acceptor.remote(), "0", "1", "2")
		dial.reached()
		theirs := b.join(a.endpoint)
		dial.release()
		write.reached()
		close(finish)
		synctest.Wait()
		write.release()
		for _, want := range []string{"1", "2"} { // "0" was in the writer's hand
			if got := textOf(theirs.read()); got != want {
				t.Errorf("B got %q, want %q", got, want)
			}
		}
		mustThinkAllAlive(a)
	})
}

// The stream aside has been written on for want of a better. When the peer opens a better one, that takes over its queue.
func TestQueueOfTheStreamAsideGoesToItsSuccessor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		finish := make(chan struct{})
		acceptor := b.acceptor(func(acceptor *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			stream.Send(acceptor.hello())
			stream.Recv()
			<-finish
			return nil
		})
		dial := a.tr.hold(is(trace.StreamOpen))
		sendTexts(a, acceptor.remote(), "over ours")
		dial.reached()
		b.join(a.endpoint)
		dial.release()
		a.tr.wait(is(trace.ConnWritten))
		close(finish)
		synctest.Wait()
		write := a.tr.hold(is(trace.ConnWrite, inbound))
		sendTexts(a, acceptor.remote(), "0", "1")
		write.reached()
		third := b.join(a.endpoint)
		synctest.Wait()
		sendTexts(a, acceptor.remote(), "2")
		write.release()
		for _, want := range []string{"1", "2"} { // "0" was in the hand of the other's writer
			if got := textOf(third.read()); got != want {
				t.Errorf("B got %q, want %q", got, want)
			}
		}
	})
}

// A peer that comes back, and is cut off before it has our answer, was alive: somebody should hear of it (S9).
func TestPeerThatDiesWhileItsSecondStreamIsAnsweredIsPresumedDead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		b.join(a.endpoint)
		answer := a.tr.hold(is(trace.AuthSend, func(e trace.Event) bool { return e.Object.ID == 2 }))
		c := b.dial(a.endpoint)
		c.open(b.clientHello())
		answer.reached()
		c.cc.Close()
		synctest.Wait()
		answer.release()
		if dead := a.noticesNow(); len(dead) != 1 {
			t.Errorf("%d notices, want 1", len(dead))
		}
	})
}

// One that gives its dial up, before it was answered and without having had a connection, need not be dead.
func TestPeerThatGivesItsDialUpIsNotPresumedDead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		answer := a.tr.hold(is(trace.AuthSend, inbound))
		c := b.dial(a.endpoint)
		c.open(b.clientHello())
		answer.reached()
		c.cc.Close()
		synctest.Wait()
		answer.release()
		mustThinkAllAlive(a)
		a.mustStore(0)
	})
}
