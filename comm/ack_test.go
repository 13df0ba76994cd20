package comm

// Tests of the send that can be trusted: whose answers it waits for and for how long, what it says of those who did not answer, and
// that it leaves nothing behind.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// answering gives a peer a subscriber that does something with every message.
func answering(p *testPeer, answer func(proto.ReceivedMessage)) *testPeer {
	inbox := p.Accept(everything)
	go func() {
		for msg := range inbox {
			answer(msg)
		}
	}()
	return p
}

// The subscribers that the tests need.
func acking(msg proto.ReceivedMessage)  { msg.Ack(nil) }
func saysNothing(proto.ReceivedMessage) {}
func nacking(msg proto.ReceivedMessage) { msg.Ack(errors.New("no space left on device")) }

// outcomes returns what a call returned, by endpoint: "" for an acknowledgement.
func outcomes(results AggregatedSendResult) map[string]string {
	texts := make(map[string]string)
	for _, r := range results {
		texts[r.Endpoint] = r.Error()
	}
	return texts
}

// remotes names several peers.
func remotes(peers ...*testPeer) []*RemotePeer {
	var names []*RemotePeer
	for _, p := range peers {
		names = append(names, p.remote())
	}
	return names
}

// armed counts the timers that are armed on a clock.
type armed struct{ atomic.Int64 }

func (a *armed) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	a.Add(1)
	stopTimer := util.SystemClock(d, func() {
		a.Add(-1)
		f()
	})
	return func() bool {
		stopped := stopTimer()
		if stopped {
			a.Add(-1)
		}
		return stopped
	}
}

// leavesNothing fails the test if a subscription to an acknowledgement, or a timer, is left when all have come to rest.
//
// One timer is no leftover: a connection that was just dialled counts as young for a connection timeout. So that is let pass, and a
// timer that lasted longer would still show.
func leavesNothing(t testing.TB, a *testPeer, clock *armed) {
	t.Helper()
	leavesTimers(t, a, clock, 0)
}

// leavesTimers is leavesNothing for a case in which some timers are no leftovers.
func leavesTimers(t testing.TB, a *testPeer, clock *armed, timers int64) {
	t.Helper()
	time.Sleep(a.conf.ConnTimeout)
	synctest.Wait()
	if got := a.pubSub.Len(); got != 0 {
		t.Errorf("%d subscriptions are left", got)
	}
	if got := clock.Load(); got != timers {
		t.Errorf("%d timers are left, want %d", got, timers)
	}
}

func TestEachOutcomeIsReportedAsSoonAsEnoughIsKnown(t *testing.T) {
	const timeout = 5 * time.Second
	ack, nack, timedOut := "", "no space left on device", "timed out"
	for _, test := range []struct {
		name    string
		answers []func(proto.ReceivedMessage)
		minAck  int
		want    map[string]string
		takes   time.Duration
	}{
		{"two of two acknowledge", []func(proto.ReceivedMessage){acking, acking}, 2,
			map[string]string{"B0:7051": ack, "B1:7051": ack}, 0},
		{"two of three suffice", []func(proto.ReceivedMessage){acking, saysNothing, acking}, 2,
			map[string]string{"B0:7051": ack, "B2:7051": ack}, 0},
		{"one refuses and one is silent", []func(proto.ReceivedMessage){acking, nacking, saysNothing}, 3,
			map[string]string{"B0:7051": ack, "B1:7051": nack, "B2:7051": timedOut}, timeout},
		{"nobody answers", []func(proto.ReceivedMessage){saysNothing, saysNothing}, 1,
			map[string]string{"B0:7051": timedOut, "B1:7051": timedOut}, timeout},
		{"all refuse", []func(proto.ReceivedMessage){nacking, nacking}, 1,
			map[string]string{"B0:7051": nack, "B1:7051": nack}, 0},
		{"a refusal does not count", []func(proto.ReceivedMessage){nacking, acking}, 1,
			nil, 0},
		{"no peers", nil, 1,
			map[string]string{}, 0},
		{"more acknowledgements wanted than there are peers", []func(proto.ReceivedMessage){acking, acking}, 7,
			map[string]string{"B0:7051": ack, "B1:7051": ack}, 0},
		{"none wanted, and nobody answers", []func(proto.ReceivedMessage){saysNothing, saysNothing}, 0,
			map[string]string{"B0:7051": ack, "B1:7051": ack}, 0},
		{"less than none wanted", []func(proto.ReceivedMessage){saysNothing, saysNothing}, -3,
			map[string]string{"B0:7051": ack, "B1:7051": ack}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var clock armed
				a := w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
				var peers []*RemotePeer
				for i, answer := range test.answers {
					peers = append(peers, answering(w.peer(fmt.Sprintf("B%d", i)), answer).remote())
				}
				start := time.Now()
				results := a.SendWithAck(message(t, "hello"), timeout, test.minAck, peers...)
				if got := time.Since(start); got != test.takes {
					t.Errorf("it took %v, want %v", got, test.takes)
				}
				if test.want == nil { // which outcome is known first is open, but one must be an acknowledgement
					if got := results.AckCount(); got != 1 {
						t.Errorf("%d acknowledgements, want 1", got)
					}
				} else if diff := cmp.Diff(test.want, outcomes(results)); diff != "" {
					t.Errorf("outcomes differ (-want +got):\n%s", diff)
				}
				leavesNothing(t, a, &clock)
			})
		})
	}
}

func TestTimedOutAndStoppedCanBeToldApart(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), saysNothing)
		late := a.SendWithAck(message(t, "hello"), time.Second, 1, b.remote())
		if len(late) != 1 || !errors.Is(late[0], ErrAckTimeout) {
			t.Errorf("got %v, want %v", late, ErrAckTimeout)
		}
		waiting := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "hello"), time.Minute, 1, b.remote()) })
		b.tr.waitFor(2, is(trace.DemuxDelivered))
		start := time.Now()
		a.Stop()
		during, _ := await(t, "SendWithAck to return", waiting)
		after := a.SendWithAck(message(t, "hello"), time.Minute, 1, b.remote(), nobody("C"))
		if got := time.Since(start); got != 0 {
			t.Errorf("Stop took %v", got)
		}
		if len(during) != 1 || !errors.Is(during[0], ErrStopped) {
			t.Errorf("who was waiting when Stop was called got %v, want %v", during, ErrStopped)
		}
		if len(after) != 2 || !errors.Is(after[0], ErrStopped) || !errors.Is(after[1], ErrStopped) {
			t.Errorf("who called after Stop got %v, want %v for each peer", after, ErrStopped)
		}
	})
}

func TestPeerNamedTwiceCountsOnceAndGetsOneMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		var got atomic.Int64
		answering(b, func(msg proto.ReceivedMessage) {
			got.Add(1)
			msg.Ack(nil)
		})
		for _, named := range [][]*RemotePeer{{b.remote(), b.remote(), b.remote()}, {b.whoever(), b.whoever()}} {
			got.Store(0)
			start := time.Now()
			results := a.SendWithAck(message(t, "hello"), time.Second, 2, named...)
			if len(results) != 1 || results.AckCount() != 1 || time.Since(start) != 0 {
				t.Errorf("got %v after %v, want one acknowledgement at once", results, time.Since(start))
			}
			synctest.Wait()
			if got := got.Load(); got != 1 {
				t.Errorf("B got %d messages, want 1", got)
			}
		}
	})
}

// Only the handshake tells that two names are those of one peer, so the call learns of it when it has begun (S19).
func TestPeerNamedOnceByPKIIDAndOnceByEndpointCountsOnceAndGetsOneMessage(t *testing.T) {
	for name, test := range map[string]struct {
		named  func(b, c *testPeer) []*RemotePeer
		peers  int
		minAck int
	}{
		"first by its PKI-ID":                  {func(b, _ *testPeer) []*RemotePeer { return []*RemotePeer{b.remote(), b.whoever()} }, 1, 2},
		"first by its endpoint":                {func(b, _ *testPeer) []*RemotePeer { return []*RemotePeer{b.whoever(), b.remote()} }, 1, 2},
		"beside another, all wanted":           {func(b, c *testPeer) []*RemotePeer { return []*RemotePeer{b.remote(), c.remote(), b.whoever()} }, 2, 3},
		"beside another, as many as there are": {func(b, c *testPeer) []*RemotePeer { return []*RemotePeer{b.whoever(), c.whoever(), b.remote()} }, 2, 2},
		"with none wanted":                     {func(b, c *testPeer) []*RemotePeer { return []*RemotePeer{b.whoever(), c.remote(), b.remote()} }, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var clock armed
				a := w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
				var got [2]atomic.Int64
				peers := []*testPeer{w.peer("B"), w.peer("C")}
				for i, p := range peers {
					answering(p, func(msg proto.ReceivedMessage) {
						got[i].Add(1)
						msg.Ack(nil)
					})
				}
				for round := range int64(2) { // at first the connection is still to be dialled, then it is there
					told := len(a.tr.all(is(trace.AckResult)))
					start := time.Now()
					results, _ := await(t, "SendWithAck to return", async(func() AggregatedSendResult {
						return a.SendWithAck(message(t, "hello"), time.Minute, test.minAck, test.named(peers[0], peers[1])...)
					}))
					if len(results) != test.peers || results.AckCount() != test.peers || time.Since(start) != 0 {
						t.Errorf("got %v after %v, want %d results at once", results, time.Since(start), test.peers)
					}
					synctest.Wait()
					if told := len(a.tr.all(is(trace.AckResult))) - told; told != test.peers {
						t.Errorf("%d outcomes were told, want %d", told, test.peers)
					}
					if b, c := got[0].Load(), got[1].Load(); b != round+1 || c != (round+1)*int64(test.peers-1) {
						t.Errorf("after %d calls B got %d messages and C %d", round+1, b, c)
					}
				}
				leavesNothing(t, a, &clock)
			})
		})
	}
}

// Named twice, a peer that says nothing is one that has not acknowledged, and not two.
func TestSilentPeerUnderTwoNamesHasOneOutcome(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), saysNothing)
		start := time.Now()
		results := a.SendWithAck(message(t, "hello"), time.Second, 2, b.remote(), b.whoever())
		if len(results) != 1 || !errors.Is(results[0], ErrAckTimeout) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v, want one timeout after 1s", results, time.Since(start))
		}
	})
}

// Upstream never saw the acknowledgement of a peer without PKI-ID: it waited for one of nobody (S19).
func TestAcknowledgementOfAPeerKnownOnlyByItsEndpointIsSeen(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), acking)
		results := a.SendWithAck(message(t, "hello"), time.Second, 1, b.whoever())
		if results.AckCount() != 1 {
			t.Errorf("got %v, want one acknowledgement", results)
		}
	})
}

func TestWithNoAcknowledgementsWantedAFailureIsStillAnError(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), saysNothing)
		results := a.SendWithAck(message(t, "hello"), time.Minute, 0, nobody("C"), b.remote())
		if len(results) != 2 || results.AckCount() != 1 || results.NackCount() != 1 {
			t.Fatalf("got %v, want one success and one failure", results)
		}
		for _, r := range results {
			if queued := r.Endpoint == b.endpoint; (r.error == nil) != queued {
				t.Errorf("%s: %v", r.Endpoint, r.error)
			}
		}
		b.tr.wait(is(trace.DemuxDelivered))
	})
}

// Upstream wrote the nonce into the caller's message: two calls with one message raced, and whoever kept the message found its envelope
// out of date (S16). The race detector is the other half of this test.
func TestArgumentIsNotChangedAndMayBeSharedByManyCalls(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		var mu sync.Mutex
		nonces := map[uint64]int{}
		answering(b, func(msg proto.ReceivedMessage) {
			mu.Lock()
			nonces[msg.GetGossipMessage().Nonce]++
			mu.Unlock()
			if got := textOf(msg.GetGossipMessage().GossipMessage); got != "shared" {
				t.Errorf("B got %q", got)
			}
			msg.Ack(nil)
		})
		shared := message(t, "shared")
		content, envelope := protobuf.Clone(shared.GossipMessage), protobuf.Clone(shared.Envelope)
		pointer := shared.Envelope
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got := a.SendWithAck(shared, time.Second, 1, b.remote()); got.AckCount() != 1 {
					t.Errorf("got %v", got)
				}
			})
		}
		wg.Wait()
		if !protobuf.Equal(content, shared.GossipMessage) || !protobuf.Equal(envelope, shared.Envelope) || pointer != shared.Envelope {
			t.Errorf("the message was changed: %v", shared)
		}
		if len(nonces) != 8 {
			t.Errorf("8 calls used the nonces %v, want 8 different ones", nonces)
		}
	})
}

// What goes wrong before the message is on its way is known before the timeout, and by its name (S5, S10). Upstream said "timed out",
// after the full timeout.
func TestFailureToConnectIsReportedAsWhatItWasAtOnce(t *testing.T) {
	for _, test := range []struct {
		name  string
		peer  func(w *world, a *testPeer) *RemotePeer
		want  error
		words string
		takes time.Duration
	}{
		{"nobody listens", func(*world, *testPeer) *RemotePeer { return nobody("C") }, nil, "nobody listens at C:7051", 0},
		{"refused in the handshake", func(w *world, _ *testPeer) *RemotePeer {
			return w.wirePeer("B").acceptor(func(*wireAcceptor, proto.Gossip_GossipStreamServer) error {
				return status.Error(codes.Unauthenticated, ErrSignature.Error()+": of no use")
			}).remote()
		}, ErrSignature, "", 0},
		{"another peer lives there", func(w *world, _ *testPeer) *RemotePeer {
			b := w.peer("B")
			return &RemotePeer{Endpoint: b.endpoint, PKIID: nobody("C").PKIID}
		}, ErrUnexpectedPeer, "", 0},
		{"oneself", func(_ *world, a *testPeer) *RemotePeer { return a.remote() }, ErrSelf, "", 0},
		{"silence on the line", func(w *world, _ *testPeer) *RemotePeer {
			return &RemotePeer{Endpoint: w.blackHole("Hole"), PKIID: nobody("C").PKIID}
		}, ErrDialTimeout, "", 3 * time.Second},
		{"silence in the handshake", func(w *world, _ *testPeer) *RemotePeer {
			return w.wirePeer("B").acceptor(func(_ *wireAcceptor, s proto.Gossip_GossipStreamServer) error {
				<-s.Context().Done()
				return nil
			}).remote()
		}, ErrHandshakeTimeout, "", 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var clock armed
				a := w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
				to := test.peer(w, a)
				start := time.Now()
				results := a.SendWithAck(message(t, "hello"), 10*time.Second, 1, to)
				if got := time.Since(start); got != test.takes {
					t.Errorf("it took %v, want %v", got, test.takes)
				}
				if len(results) != 1 || results[0].error == nil || errors.Is(results[0], ErrAckTimeout) {
					t.Fatalf("got %v, want one failure other than %v", results, ErrAckTimeout)
				}
				if test.want != nil && !errors.Is(results[0], test.want) || !strings.Contains(results[0].Error(), test.words) {
					t.Errorf("got %v, want %v %s", results[0], test.want, test.words)
				}
				leavesNothing(t, a, &clock)
			})
		})
	}
}

func TestTimeoutBoundsTheDialToo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		start := time.Now()
		results := a.SendWithAck(message(t, "hello"), time.Second, 1, &RemotePeer{Endpoint: w.blackHole("Hole"), PKIID: nobody("C").PKIID})
		if len(results) != 1 || !errors.Is(results[0], ErrAckTimeout) {
			t.Errorf("got %v, want %v", results, ErrAckTimeout)
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("it took %v, want 1s", got)
		}
	})
}

// stalled is a peer that completes the handshake and reads nothing more until it is told to. It makes the writer wait in gRPC, with
// messages too large for the window of HTTP/2.
func stalled(w *world, name string) (b *wireAcceptor, goOn chan struct{}) {
	goOn = make(chan struct{})
	b = w.wirePeer(name).acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
		return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
			select {
			case <-goOn:
			case <-stream.Context().Done():
			}
			return false, nil
		})
	})
	return b, goOn
}

// Upstream, with such a peer and a timeout of one second, was not back after eight (S5).
func TestTimeoutBoundsTheWaitForRoomAndTheMessageIsNotSentAfterIt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var clock armed
		a := w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
		b, goOn := stalled(w, "B")
		large := strings.Repeat("x", 40_000)
		fillTo := func(length int) {
			for conn := (*connection)(nil); conn == nil || len(conn.outBuff) < length; synctest.Wait() {
				a.Send(message(t, large), b.remote())
				conn = a.connTo(b.remote())
			}
		}
		fillTo(2) // the writer waits, and there is room in the queue
		inQueue := a.SendWithAck(message(t, "overdue in the queue"), time.Second, 1, b.remote())
		fillTo(20)
		start := time.Now()
		noRoom := a.SendWithAck(message(t, "never queued"), time.Second, 1, b.remote())
		if got := time.Since(start); got != time.Second {
			t.Errorf("it took %v, want 1s", got)
		}
		for _, results := range []AggregatedSendResult{inQueue, noRoom} {
			if len(results) != 1 || !errors.Is(results[0], ErrAckTimeout) {
				t.Errorf("got %v, want %v", results, ErrAckTimeout)
			}
		}
		leavesTimers(t, a, &clock, 1) // that of the write that stalls

		close(goOn)
		time.Sleep(time.Minute)
		for len(b.received) > 0 {
			if text := textOf(decode(t, <-b.received)); text != large {
				t.Errorf("B got %q, although nobody waits for its acknowledgement any more", text)
			}
		}
		var overdue []string
		for _, e := range a.tr.all(is(trace.ConnDrop, func(e trace.Event) bool { return errors.Is(e.Err, ErrAckTimeout) })) {
			overdue = append(overdue, textOf(decode(t, e.Envelope)))
		}
		if diff := cmp.Diff([]string{"never queued", "overdue in the queue"}, overdue); diff != "" {
			t.Errorf("messages dropped because their time was over differ (-want +got):\n%s", diff)
		}
	})
}

// minAck says how many answers the caller needs, not how many peers should have the message.
func TestMessageWhoseAnswerIsNotWaitedForIsStillSent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, quick, slow := w.peer("A"), answering(w.peer("Quick"), acking), w.peer("Slow")
		inbox := slow.Accept(everything)
		held := a.tr.hold(is(trace.ConnWrite, func(e trace.Event) bool { return string(e.Peer) == string(slow.GetPKIid()) }))
		if got := a.SendWithAck(message(t, "hello"), time.Minute, 1, remotes(quick, slow)...); got.AckCount() != 1 {
			t.Fatalf("got %v", got)
		}
		held.reached()
		held.release()
		if got := receiveTexts(t, inbox, 1)[0]; got != "hello" {
			t.Errorf("the slow peer got %q", got)
		}
	})
}

func TestAcknowledgementNeverReachesASubscriber(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), acking)
		inbox := a.Accept(everything)
		if got := a.SendWithAck(message(t, "hello"), time.Second, 1, b.remote()); got.AckCount() != 1 {
			t.Fatalf("got %v", got)
		}
		published := a.tr.wait(is(trace.AckPublish))
		if published.Err != nil || string(published.Peer) != string(b.GetPKIid()) {
			t.Errorf("the step tells of peer %s and error %v, want B and none", published.Peer, published.Err)
		}
		mustBeEmpty(t, inbox)
	})
}

func TestLateAcknowledgementReachesNobodyAndDisturbsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		atA, atB := a.Accept(everything), b.Accept(everything)
		a.SendWithAck(message(t, "hello"), time.Second, 1, b.remote())
		question := receive(t, atB)
		question.Ack(nil)
		if published := a.tr.wait(is(trace.AckPublish)); !errors.Is(published.Err, util.ErrNoSubscribers) {
			t.Errorf("the late acknowledgement ended with %v, want %v", published.Err, util.ErrNoSubscribers)
		}
		question.Respond(message(t, "still here").GossipMessage)
		if got := receiveTexts(t, atA, 1)[0]; got != "still here" {
			t.Errorf("A got %q", got)
		}
	})
}

func TestOnePeerCannotAcknowledgeForAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), saysNothing)
		forger := w.wirePeer("Forger").join(a.endpoint)
		waiting := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "hello"), time.Second, 1, b.remote()) })
		nonce := decode(t, a.tr.wait(is(trace.AckSubscribe)).Envelope).Nonce
		forged, err := (&proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{}}}).NoopSign()
		if err != nil {
			t.Fatal(err)
		}
		if err := forger.Send(forged.Envelope); err != nil {
			t.Fatal(err)
		}
		results, _ := await(t, "SendWithAck to return", waiting)
		if len(results) != 1 || !errors.Is(results[0], ErrAckTimeout) {
			t.Errorf("got %v, want %v", results, ErrAckTimeout)
		}
		if published := a.tr.wait(is(trace.AckPublish)); !errors.Is(published.Err, util.ErrNoSubscribers) {
			t.Errorf("the forged acknowledgement ended with %v, want %v", published.Err, util.ErrNoSubscribers)
		}
	})
}

// Upstream takes acknowledgements off the stream behind the subscribers: one that does not read made every call time out (S6).
func TestSubscriberThatDoesNotReadDelaysNoAcknowledgement(t *testing.T) {
	for _, test := range []struct {
		name    string
		flooder func(b, c *testPeer) *testPeer
		flood   int
	}{
		// 21 with the subscriber, one waiting in the service, 20 in the receive queue, and one more in the reader's hand.
		{"of another connection, though everything there is full", func(_, c *testPeer) *testPeer { return c }, 43},
		// Over the same connection an acknowledgement passes as long as the reader does: until its own receive queue is full.
		{"of the same connection, while its receive queue has room", func(b, _ *testPeer) *testPeer { return b }, 42},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b, c := w.peer("A"), answering(w.peer("B"), acking), w.peer("C")
				a.Accept(everything)
				flooder := test.flooder(b, c)
				for _, text := range numbers(test.flood) {
					sendTexts(flooder, a.remote(), text)
					synctest.Wait()
				}
				a.tr.waitFor(test.flood, is(trace.ConnReceived, func(e trace.Event) bool { return string(e.Peer) == string(flooder.GetPKIid()) }))
				start := time.Now()
				results := a.SendWithAck(message(t, "hello"), time.Second, 1, b.remote())
				if results.AckCount() != 1 || time.Since(start) != 0 {
					t.Errorf("got %v after %v, want an acknowledgement at once", results, time.Since(start))
				}
			})
		})
	}
}

func TestThousandCallsEachWayOverOneConnectionLoseNothing(t *testing.T) {
	const calls = 1000
	inBubble(t, func(t *testing.T, w *world) {
		var clock armed
		a := answering(w.peer("A", configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc })), acking)
		b := answering(w.peer("B"), acking)
		if got := a.SendWithAck(message(t, "first"), time.Second, 1, b.remote()); got.AckCount() != 1 {
			t.Fatalf("got %v", got)
		}
		var wg sync.WaitGroup
		for range calls {
			for _, pair := range [][2]*testPeer{{a, b}, {b, a}} {
				wg.Go(func() {
					if got := pair[0].SendWithAck(message(t, "hello"), 20*time.Second, 1, pair[1].remote()); got.AckCount() != 1 {
						t.Errorf("%s got %v", pair[0].name, got)
					}
				})
			}
		}
		wg.Wait()
		if a.connStore.connNum() != 1 || b.connStore.connNum() != 1 {
			t.Errorf("there are %d and %d connections, want one", a.connStore.connNum(), b.connStore.connNum())
		}
		leavesNothing(t, a, &clock)
	})
}

func TestCallTellsItsStepsInTheirOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), answering(w.peer("B"), nacking)
		a.SendWithAck(message(t, "hello"), time.Second, 1, b.remote())
		// Where ack.publish stands is not certain: the caller may have the acknowledgement, and be back, before the reader tells that it gave it.
		want := []trace.Step{trace.AckSubscribe, trace.ConnEnqueue, trace.AckResult, trace.AckDone}
		var steps []trace.Step
		for _, e := range a.tr.all(func(trace.Event) bool { return true }) {
			if slices.Contains(want, e.Step) {
				steps = append(steps, e.Step)
			}
		}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("steps differ (-want +got):\n%s", diff)
		}
		a.tr.wait(is(trace.AckPublish))
		if result := a.tr.wait(is(trace.AckResult)); result.Err == nil || result.Err.Error() != "no space left on device" {
			t.Errorf("the outcome is told as %v", result.Err)
		}
	})
}

// onOpenConnection is a message on its way over a connection that does not end.
func onOpenConnection(t testing.TB, acks *util.Subscription) *inFlight {
	return &inFlight{conn: &connection{noReader: make(chan struct{})}, acks: acks}
}

// Two cases of a select may be ready at once when the goroutine wakes, and then Go picks one by chance.
func TestAcknowledgementThatCameInTimeCountsThoughTheTimeIsOver(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrAckTimeout)
	for range 100 {
		ps := util.NewPubSub(nil)
		acks := ps.Subscribe("ack", time.Minute)
		if err := ps.Publish("ack", &proto.Acknowledgement{}); err != nil {
			t.Fatal(err)
		}
		if err := awaitAck(ctx, nil, onOpenConnection(t, acks)); err != nil {
			t.Fatalf("the acknowledgement was there, and the outcome is %v", err)
		}
		acks.Unsubscribe()
	}
}

func TestWaitEndsWithTheReasonWhyItEnded(t *testing.T) {
	over, cancel := context.WithCancelCause(t.Context())
	cancel(ErrStopped)
	enough := make(chan struct{})
	close(enough)
	ps := util.NewPubSub(nil)
	acks := ps.Subscribe("ack", time.Minute)
	if err := awaitAck(over, nil, onOpenConnection(t, acks)); err != ErrStopped {
		t.Errorf("at the end of the context it returned %v, want its cause", err)
	}
	if err := awaitAck(t.Context(), enough, onOpenConnection(t, acks)); err != errEnough {
		t.Errorf("when enough have answered it returned %v", err)
	}
	acks.Unsubscribe()
}

// The end of a connection and the acknowledgement that came just before it: again two cases, and one by chance.
func TestAcknowledgementThatCameBeforeTheConnectionEndedCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where a wait without an end is seen at once
		over := &connection{noReader: make(chan struct{}), gaveWay: make(chan struct{}), closeReason: ErrPeerClosed}
		close(over.noReader)
		for range 100 {
			ps := util.NewPubSub(nil)
			acks := ps.Subscribe("ack", time.Minute)
			sent := &inFlight{conn: over, acks: acks}
			if err := ps.Publish("ack", &proto.Acknowledgement{}); err != nil {
				t.Fatal(err)
			}
			if err := awaitAck(t.Context(), nil, sent); err != nil {
				t.Fatalf("the acknowledgement was there, and the outcome is %v", err)
			}
			if err := awaitAck(t.Context(), nil, sent); err != ErrPeerClosed {
				t.Fatalf("no acknowledgement was there, and the outcome is %v", err)
			}
			acks.Unsubscribe()
		}
	})
}

// onItsWay begins to send a message to the other end of a connection, with all the time in the world, and returns when it is written.
func onItsWay(p *testPeer, to *RemotePeer) <-chan AggregatedSendResult {
	p.t.Helper()
	written := len(p.tr.all(is(trace.ConnWritten)))
	result := async(func() AggregatedSendResult { return p.SendWithAck(message(p.t, "hello"), time.Hour, 1, to) })
	p.tr.waitFor(written+1, is(trace.ConnWritten))
	return result
}

// Contract S5: when the connection is gone over which the acknowledgement should come, there is nothing to wait for.
func TestCallLearnsAtOnceThatTheConnectionHasEnded(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(*world, ...func(*setup)) *incoming
		end   func(in *incoming)
		want  error
		words string
	}{
		{"our own stream breaks", dialled, func(in *incoming) { in.tearApart() }, nil, "reading from the stream"},
		{"a stream that came in breaks", accepted, func(in *incoming) { in.tearApart() }, nil, "reading from the stream"},
		{"our own stream is closed", dialled, func(in *incoming) { in.p.CloseConn(in.other) }, ErrClosed, ""},
		{"a stream that came in is closed", accepted, func(in *incoming) { in.p.CloseConn(in.other) }, ErrClosed, ""},
		{"our own stream is ended by the peer", dialled, func(in *incoming) { in.finish() }, ErrPeerClosed, ""},
		{"a stream that came in is ended by the peer", accepted, func(in *incoming) { in.finish() }, ErrPeerClosed, ""},
		{"the peer was never heard of again", dialled, func(in *incoming) { in.p.Stop() }, ErrStopped, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var clock armed
				in := test.setup(w, configured(func(conf *Config) { conf.AfterFunc = clock.AfterFunc }))
				result := onItsWay(in.p, in.other)
				start := time.Now()
				test.end(in)
				results, _ := await(t, "SendWithAck to return", result)
				mustTakeNoTime(t, start)
				if len(results) != 1 || results[0].error == nil || errors.Is(results[0], ErrAckTimeout) {
					t.Fatalf("got %v, want one failure other than %v", results, ErrAckTimeout)
				}
				if test.want != nil && !errors.Is(results[0], test.want) || !strings.Contains(results[0].Error(), test.words) {
					t.Errorf("got %v, want %v %s", results[0], test.want, test.words)
				}
				leavesNothing(t, in.p, &clock)
			})
		})
	}
}

// The message itself may be stuck, behind one that the peer does not take; then the call ends with the connection as well.
func TestCallLearnsAtOnceThatItsMessageWasDroppedWithTheQueue(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(*world, ...func(*setup)) *incoming
		end   func(in *incoming)
		takes time.Duration
		want  error
	}{
		{"the connection is closed", accepted, func(in *incoming) { in.p.CloseConn(in.other) }, 0, ErrClosed},
		{"the peer takes nothing", accepted, func(*incoming) {}, 10 * time.Second, ErrWriteTimeout},
		{"the peer goes away", accepted, func(in *incoming) { in.tearApart() }, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				in := test.setup(w)
				start := time.Now()
				clog(in.p, in.other, 5)
				result := async(func() AggregatedSendResult { return in.p.SendWithAck(message(t, "hello"), time.Hour, 1, in.other) })
				synctest.Wait()
				test.end(in)
				results, _ := await(t, "SendWithAck to return", result)
				if got := time.Since(start); got != test.takes {
					t.Errorf("it took %v, want %v", got, test.takes)
				}
				if len(results) != 1 || results[0].error == nil || test.want != nil && !errors.Is(results[0], test.want) {
					t.Errorf("got %v, want %v", results, test.want)
				}
				drop := in.p.tr.wait(is(trace.ConnDrop, carrying(t, "hello")))
				if drop.Err == nil {
					t.Error("the message was dropped for no reason")
				}
			})
		})
	}
}

// A queue that gives way may not find room where it goes; no acknowledgement can come of what is dropped there.
func TestCallLearnsAtOnceThatItsMessageFoundNoRoomInTheQueueOfASuccessor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		other := b.acceptor(likeFabric)
		b.join(a.endpoint)
		first := a.tr.wait(is(trace.ConnServe)).Object
		a.tr.hold(is(trace.ConnWrite, of(first)))
		byName := &RemotePeer{PKIID: b.pkiID()}
		sendTexts(a, byName, "in the writer's hand")
		synctest.Wait()
		result := async(func() AggregatedSendResult { return a.SendWithAck(message(t, "hello"), time.Hour, 1, byName) })
		synctest.Wait()
		dial := a.tr.hold(is(trace.DialStart))
		sendTexts(a, other.whoever(), numbers(20)...) // nobody can know yet that B lives there
		dial.reached()
		start := time.Now()
		dial.release()
		drop := a.tr.wait(is(trace.ConnDrop))
		if got := textOf(decode(t, drop.Envelope)); got != "hello" {
			t.Fatalf("dropped %q", got)
		}
		results, _ := await(t, "SendWithAck to return", result)
		mustTakeNoTime(t, start)
		if len(results) != 1 || !errors.Is(results[0], errQueueFull) {
			t.Errorf("got %v, want %v", results, errQueueFull)
		}
	})
}

// When the other end has finished, its last acknowledgement has been read, whatever a slow subscriber still has to do.
func TestSlowSubscriberDelaysNoNewsOfTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		in := dialled(w)
		in.p.Accept(everything)
		result := onItsWay(in.p, in.other)
		in.writeAll(42) // all that there is room for, so that the reader is free
		start := time.Now()
		in.finish()
		results, _ := await(t, "SendWithAck to return", result)
		mustTakeNoTime(t, start)
		if len(results) != 1 || !errors.Is(results[0], ErrPeerClosed) {
			t.Errorf("got %v, want %v", results, ErrPeerClosed)
		}
	})
}

// CloseConn ends our half. The peer may take a moment to end its own, and what it acknowledges in that moment is acknowledged.
func TestAcknowledgementCountsWhileTheConnectionLingers(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b := w.wirePeer("B").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
			return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
				envelope, err := stream.Recv()
				if err != nil {
					return true, err
				}
				if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
					return true, fmt.Errorf("expected the end of A's half, got %v", err)
				}
				return true, stream.Send(acknowledgement(t, envelope))
			})
		})
		result := onItsWay(a, b.remote())
		a.CloseConn(b.remote())
		if results, _ := await(t, "SendWithAck to return", result); results.AckCount() != 1 {
			t.Errorf("got %v, want an acknowledgement", results)
		}
	})
}

// acknowledgement is what a receiver answers to a message.
func acknowledgement(t testing.TB, envelope *proto.Envelope) *proto.Envelope {
	t.Helper()
	ack := &proto.GossipMessage{Nonce: decode(t, envelope).Nonce, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{}}}
	signed, err := ack.NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	return signed.Envelope
}

// A connection that gave way has ended, and the call goes on: the peer answers over the one that took its place.
func TestAcknowledgementMayComeOverTheSuccessorOfTheConnection(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(question *proto.Envelope, second *wireStream) error
		want   error
	}{
		"and does":                           {func(q *proto.Envelope, s *wireStream) error { return s.Send(acknowledgement(s.t, q)) }, nil},
		"but the successor is ended in turn": {func(_ *proto.Envelope, s *wireStream) error { return s.finish() }, ErrPeerClosed},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.wirePeer("B")
				first := b.join(a.endpoint)
				result := onItsWay(a, &RemotePeer{PKIID: b.pkiID()})
				question, err := first.next()
				if err != nil {
					t.Fatal(err)
				}
				second := b.join(a.endpoint)
				old := a.tr.wait(is(trace.StoreReplaced)).Subject
				first.finish()
				a.mustBeGone(old)
				if isDone(result) {
					t.Fatalf("the call ended with its connection: %v", <-result)
				}
				start := time.Now()
				if err := test.answer(question, second); err != nil {
					t.Fatal(err)
				}
				results, _ := await(t, "SendWithAck to return", result)
				mustTakeNoTime(t, start)
				if len(results) != 1 || !errors.Is(results[0].error, test.want) {
					t.Errorf("got %v, want %v", results, test.want)
				}
			})
		})
	}
}

// A stream is in the store before it is answered, and may take the place of another without ever coming to serve.
func TestCallLearnsAtOnceThatTheSuccessorOfItsConnectionNeverCameToServe(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.wirePeer("B")
		to := &RemotePeer{PKIID: b.pkiID()}
		first := b.join(a.endpoint)
		result := onItsWay(a, to)
		answer := a.tr.hold(is(trace.AuthSend))
		b.dial(a.endpoint).open(b.clientHello())
		answer.reached()
		first.finish()
		a.mustBeGone(a.tr.wait(is(trace.StoreReplaced)).Subject)
		start := time.Now()
		a.CloseConn(to)
		answer.release()
		results, _ := await(t, "SendWithAck to return", result)
		mustTakeNoTime(t, start)
		if len(results) != 1 || !errors.Is(results[0], ErrClosed) {
			t.Errorf("got %v, want %v", results, ErrClosed)
		}
	})
}

// Call and subscription run out at the same moment, in any order. If the call ended for another reason than its timeout, the message
// would not count as overdue, and would still be sent.
func TestSubscriptionThatRunsOutFirstWaitsForTheTimeoutOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := util.WithTimeout(t.Context(), util.SystemClock, 2*time.Second, ErrAckTimeout)
		defer cancel()
		acks := util.NewPubSub(nil).Subscribe("ack", time.Second)
		if err := awaitAck(ctx, nil, onOpenConnection(t, acks)); err != ErrAckTimeout || !(&msgSending{until: ctx}).overdue() {
			t.Errorf("it returned %v, and the message is overdue: %v", err, (&msgSending{until: ctx}).overdue())
		}
	})
}

// Upstream named the type that it wanted instead of the one that came (S23).
func TestWhatIsNoAcknowledgementIsNamed(t *testing.T) {
	if err := ackError("hello"); err == nil || !strings.Contains(err.Error(), "got string") {
		t.Errorf("got %v, want an error that names what came", err)
	}
}

func TestRemotePeerIsPrintedWithTheBeginningOfItsPKIID(t *testing.T) {
	for want, peer := range map[string]*RemotePeer{
		"B:7051, PKI-ID 62656769": {Endpoint: "B:7051", PKIID: common.PKIidType("beginning and rest")},
		"B:7051, PKI-ID 6162":     {Endpoint: "B:7051", PKIID: common.PKIidType("ab")},
		"B:7051, PKI-ID unknown":  {Endpoint: "B:7051"},
	} {
		if got := peer.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAggregatedResultCountsAndPrints(t *testing.T) {
	peer := RemotePeer{Endpoint: "B:7051"}
	results := AggregatedSendResult{{nil, peer}, {errors.New("no room"), peer}, {errors.New("no room"), peer}, {ErrAckTimeout, peer}}
	if results.AckCount() != 1 || results.NackCount() != 3 {
		t.Errorf("counted %d and %d, want 1 and 3", results.AckCount(), results.NackCount())
	}
	if got, want := results.String(), `{"failures":{"no room":2,"timed out":1},"successes":1}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := results[0].Error(); got != "" {
		t.Errorf("a success has the error text %q", got)
	}
}
