//go:build exercise

package conn2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// world is the peers of one check, by their endpoints.
type world struct {
	*stand.Stand
	peers map[string]*peer
}

func run(t *testing.T, check func(w *world)) {
	t.Helper()
	stand.Run(t, func(s *stand.Stand) { check(&world{Stand: s, peers: make(map[string]*peer)}) })
}

// peer is one that is watched, reads whatever comes, and may be held at a gate.
type peer struct {
	*stand.Instance
	Watch
	endpoint string
	got      atomic.Int32 // how many messages have come

	at  trace.Step    // the gate at which it is held
	let chan struct{} // closed to let it go
}

// Gate implements trace.Tracer.
func (p *peer) Gate(e trace.Event) {
	p.Watch.Gate(e)
	if e.Step == p.at {
		<-p.let
	}
}

// peer makes a peer; if at is not empty, whoever of it comes to that gate stays there until p.let is closed. The peer answers every
// message with so many others.
func (w *world) peer(name string, conf comm.Config, at trace.Step, answers int) *peer {
	w.Helper()
	p := &peer{endpoint: name + ":7051", at: at, let: make(chan struct{})}
	w.peers[p.endpoint] = p
	conf.Tracer = p
	p.Instance = w.Instance(name, conf, func(ctx context.Context, endpoint string) (net.Conn, error) {
		return w.peers[endpoint].Dial(ctx, endpoint)
	})
	inbox := p.Accept(func(any) bool { return true })
	go func() {
		for msg := range inbox {
			p.got.Add(1)
			for range answers {
				msg.Respond(message(1))
			}
		}
	}()
	return p
}

// message returns a message of so many bytes.
func message(size int) *proto.GossipMessage {
	return &proto.GossipMessage{Content: &proto.GossipMessage_DataMsg{
		DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: make([]byte, size)}},
	}}
}

// send sends so many messages of so many bytes, and waits after each until nothing moves any more.
func (w *world) send(p *peer, to *comm.RemotePeer, messages, size int) {
	w.Helper()
	for range messages {
		signed, err := message(size).NoopSign()
		if err != nil {
			w.Fatal(err)
		}
		p.Send(signed, to)
		synctest.Wait()
	}
}

// A connection and a queue for the checks that play the layer themselves.

func connection(w *Watch, id uint64) *trace.Source {
	return trace.NewSource(w, trace.Object{Kind: trace.Connection, ID: id})
}

var outBuff = trace.Queue{Name: "outBuff", Len: 1, Cap: 9}

func TestReportReturnsAtOnceWhetherOrNotSomebodyAsks(t *testing.T) {
	var w Watch
	conn := connection(&w, 1)
	returned := make(chan struct{})
	go func() {
		for range 10000 {
			conn.Report(trace.ConnEnqueue, trace.Event{Queue: outBuff})
			conn.Gate(trace.ConnWrite, trace.Event{Queue: outBuff})
		}
		close(returned)
	}()
	select {
	case <-returned:
	case <-time.After(20 * time.Second):
		fmt.Println("10000 reports, nobody calls Counts, and one report does not return. In a real peer everything would stand still by now, " +
			"so nothing else is checked.")
		os.Exit(1)
	}
}

func TestMessagesOfADialByEndpointCountForWhoeverIsThere(t *testing.T) {
	run(t, func(w *world) {
		a := w.peer("A", comm.Config{SendBuffSize: 9}, trace.DialStart, 0)
		b, c := w.peer("B", comm.Config{}, "", 0), w.peer("C", comm.Config{}, "", 0)
		w.send(a, &comm.RemotePeer{Endpoint: b.endpoint}, 3, 1) // no PKI-ID: nobody knows yet who that will be
		w.send(a, &comm.RemotePeer{Endpoint: c.endpoint}, 5, 1)
		close(a.let)
		synctest.Wait()

		if got, want := a.Counts(b.GetPKIid()), (Counts{Enqueued: 3, Written: 3, Fullest: 3, Cap: 9}); got != want {
			t.Errorf("3 messages waited for the dial to B, and then went out: %+v, want %+v", got, want)
		}
		if got, want := a.Counts(c.GetPKIid()), (Counts{Enqueued: 5, Written: 5, Fullest: 5, Cap: 9}); got != want {
			t.Errorf("5 messages waited for the dial to C, and then went out: %+v, want %+v", got, want)
		}
	})
}

func TestAnswersCountForThePeerThatHasCalled(t *testing.T) {
	run(t, func(w *world) {
		a, b := w.peer("A", comm.Config{SendBuffSize: 9, RecvBuffSize: 7}, "", 2), w.peer("B", comm.Config{}, "", 0)
		w.send(b, &comm.RemotePeer{Endpoint: a.endpoint, PKIID: a.GetPKIid()}, 4, 1)

		got := a.Counts(b.GetPKIid())
		got.Fullest = 0 // the writer may have taken the first answer before the second came, or not
		if want := (Counts{Enqueued: 8, Written: 8, Cap: 9}); got != want {
			t.Errorf("A never dialled; it gave B two answers to each of 4 messages: %+v, want %+v, whatever the fill", got, want)
		}
	})
}

func TestASlowReaderFillsTheQueueUntilMessagesAreDropped(t *testing.T) {
	run(t, func(w *world) {
		const messages = 40
		a, b := w.peer("A", comm.Config{SendBuffSize: 5}, "", 0), w.peer("B", comm.Config{RecvBuffSize: 1}, trace.ConnHandle, 0)
		w.send(a, &comm.RemotePeer{Endpoint: b.endpoint, PKIID: b.GetPKIid()}, messages, 64<<10)

		before := a.Counts(b.GetPKIid())
		if before.Fullest != 5 || before.Cap != 5 {
			t.Errorf("B reads nothing, and the queue of 5 is full: %+v", before)
		}
		close(b.let)
		synctest.Wait()
		after := a.Counts(b.GetPKIid())
		got := int(b.got.Load())
		if after.Written != got || after.Dropped != messages-got {
			t.Errorf("%d messages were sent, and B got %d of them: %+v, want those written and the others dropped", messages, got, after)
		}
		if before.Written >= after.Written {
			t.Errorf("%+v while B did not read, then %+v: what waits in the queue is not written yet", before, after)
		}
	})
}

func TestADialThatFailsCountsForWhomItWasMeantToReach(t *testing.T) {
	run(t, func(w *world) {
		a := w.peer("A", comm.Config{SendBuffSize: 9}, trace.DialStart, 0)
		b, c := w.peer("B", comm.Config{}, "", 0), w.peer("C", comm.Config{}, "", 0)
		w.send(a, &comm.RemotePeer{Endpoint: b.endpoint, PKIID: c.GetPKIid()}, 2, 1)
		close(a.let)
		time.Sleep(time.Minute)
		synctest.Wait()

		if got, want := a.Counts(c.GetPKIid()), (Counts{Enqueued: 2, Dropped: 2, Fullest: 2, Cap: 9}); got != want {
			t.Errorf("two messages waited for a dial to C, which has failed: %+v, want %+v", got, want)
		}
		if got := a.Counts(b.GetPKIid()); got != (Counts{}) {
			t.Errorf("A met B where it looked for C, and had no message for it: %+v, want nothing", got)
		}
	})
}

func TestWhatFailsIsNotWrittenAndWhatComesInIsNotSent(t *testing.T) {
	var w Watch
	b := common.PKIidType("B")
	conn := connection(&w, 1)
	trace.NewSource(&w, trace.Object{Kind: trace.Store, ID: 1}).Report(trace.StoreStored, trace.Event{Peer: common.PKIidType("C")})
	conn.Report(trace.ConnServe, trace.Event{Peer: b})
	conn.Report(trace.ConnEnqueue, trace.Event{Queue: outBuff})
	broken := errors.New("the stream is broken")
	conn.Report(trace.ConnWritten, trace.Event{Peer: b, Queue: trace.Queue{Name: "outBuff", Cap: 9}, Err: broken})
	conn.Report(trace.ConnDrop, trace.Event{Queue: trace.Queue{Name: "outBuff", Cap: 9}, Err: broken})
	conn.Report(trace.ConnQueued, trace.Event{Peer: b, Queue: trace.Queue{Name: "msgChan", Len: 20, Cap: 20}})
	conn.Report(trace.ConnDrop, trace.Event{Queue: trace.Queue{Name: "msgChan", Len: 20, Cap: 20}, Err: broken})
	conn.Report(trace.ConnDrop, trace.Event{Queue: trace.Queue{Name: "subscription", Len: 10, Cap: 10}, Err: broken})

	if got, want := w.Counts(b), (Counts{Enqueued: 1, Dropped: 1, Fullest: 1, Cap: 9}); got != want {
		t.Errorf("one message went into the queue and could not be written; of those that came in two were dropped: %+v, want %+v", got, want)
	}
}

func TestWhoOnlyClaimsToBeAPeerIsNotThatPeer(t *testing.T) {
	var w Watch
	conn := connection(&w, 1) // dialled by endpoint; who is there claims to be C, and cannot prove it
	conn.Report(trace.ConnEnqueue, trace.Event{Queue: outBuff})
	conn.Report(trace.AuthPKIID, trace.Event{Peer: common.PKIidType("C")})
	refused := errors.New("signature refused")
	conn.Report(trace.AuthSignature, trace.Event{Peer: common.PKIidType("C"), Err: refused})
	conn.Report(trace.ConnDrop, trace.Event{Queue: outBuff, Err: refused})

	if got := w.Counts(common.PKIidType("C")); got != (Counts{}) {
		t.Errorf("a liar has caused a drop, and it counts for C: %+v, want nothing", got)
	}
}

func TestManyReportAtOnce(t *testing.T) {
	const connections, callers, messages = 4, 3, 20000
	var w Watch
	var all sync.WaitGroup
	for id := range uint64(connections) {
		peer := common.PKIidType(fmt.Sprint("peer ", id/2)) // two connections to each
		conn := connection(&w, id+1)
		for range callers {
			all.Go(func() {
				for range messages {
					conn.Report(trace.ConnEnqueue, trace.Event{Queue: outBuff})
				}
			})
		}
		all.Go(func() { // the service, and then the writer
			conn.Report(trace.ConnServe, trace.Event{Peer: peer})
			for range callers * messages {
				conn.Gate(trace.ConnWrite, trace.Event{Peer: peer, Queue: outBuff})
				conn.Report(trace.ConnWritten, trace.Event{Peer: peer, Queue: outBuff})
			}
		})
	}
	all.Go(func() { w.Counts(common.PKIidType("peer 0")) })
	all.Wait()
	for i := range connections / 2 {
		peer := common.PKIidType(fmt.Sprint("peer ", i))
		n := 2 * callers * messages
		if got, want := w.Counts(peer), (Counts{Enqueued: n, Written: n, Fullest: 1, Cap: 9}); got != want {
			t.Errorf("two connections to %s, %d callers on each, %d messages of each caller: %+v, want %+v", string(peer), callers, messages, got, want)
		}
	}
}
