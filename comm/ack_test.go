package comm

// Tests of the send that can be trusted: whose answers it waits for and for how long, what it says of those who did not answer, and
// that it leaves nothing behind. What else can end the wait is in ackwait_test.go.

import (
	"errors"
	"fmt"
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
	"google.golang.org/protobuf/testing/protocmp"

	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

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

// Contract S19. Of a peer that does not answer nothing is learned by which its two names could be seen to be one.
func TestPeerNamedTwiceCountsOnceThoughItCannotBeReached(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		away := nobody("B")
		here := &RemotePeer{Endpoint: away.Endpoint}
		for name, peer := range map[string]*RemotePeer{"by its PKI-ID": away, "by its endpoint": here} {
			again := *peer
			if results := a.SendWithAck(message(t, "hello"), time.Minute, 2, peer, &again); results.NackCount() != 1 {
				t.Errorf("named twice %s, it has %d outcomes: %v", name, len(results), results)
			}
		}
	})
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

// Contract S16. The message that is sent is another one than the argument, and still says the same.
func TestMessageThatIsToBeAcknowledgedSaysWhatTheArgumentSays(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.peer("A"), w.peer("B")
		inbox := b.Accept(everything)
		msg := message(t, "hello")
		msg.Channel = []byte("channel")
		a.SendWithAck(msg, time.Minute, 0, b.remote())
		got := receive(t, inbox).GetGossipMessage().GossipMessage
		if got.Nonce == msg.Nonce {
			t.Error("it has no nonce of its own")
		}
		got.Nonce = msg.Nonce
		if diff := cmp.Diff(msg.GossipMessage, got, protocmp.Transform()); diff != "" {
			t.Errorf("what B got differs (-argument +got):\n%s", diff)
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
			return w.wirePeer("B").acceptor(mute).remote()
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

// A nonce alone makes no acknowledgement: only a message of that kind is taken out of the stream.
func TestMessageWithTheNonceOfAQuestionIsNoAcknowledgement(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		inbox := a.Accept(everything)
		b := answering(w.peer("B"), func(question proto.ReceivedMessage) {
			answer := message(t, "data").GossipMessage
			answer.Nonce = question.GetGossipMessage().Nonce
			question.Respond(answer)
		})
		results := a.SendWithAck(message(t, "question"), time.Second, 1, b.remote())
		if len(results) != 1 || !errors.Is(results[0], ErrAckTimeout) {
			t.Errorf("got %v, want %v", results, ErrAckTimeout)
		}
		if got := receiveTexts(t, inbox, 1)[0]; got != "data" {
			t.Errorf("the subscriber got %q", got)
		}
		if published := a.tr.all(is(trace.AckPublish)); len(published) != 0 {
			t.Error("a message that is no acknowledgement was published as one")
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

// Upstream named the type that it wanted instead of the one that came (S23).
func TestWhatIsNoAcknowledgementIsNamed(t *testing.T) {
	if err := ackError("hello"); err == nil || !strings.Contains(err.Error(), "got string") {
		t.Errorf("got %v, want an error that names what came", err)
	}
}
