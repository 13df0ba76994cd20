//go:build exercise

package demux1

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// room is how many messages a subscription holds for one that does not read: 10 in its queue, 1 in the hand of its goroutine, 10 in
// the channel of Accept.
const room = 21

func textOf(envelope *proto.Envelope) string {
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return ""
	}
	return string(msg.GetDataMsg().GetPayload().GetData())
}

// texts returns "m1" to "m60", or whichever numbers are wanted.
func texts(from, to int) []string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprintf("m%d", i))
	}
	return list
}

func send(a *lab.Peer, to *comm.RemotePeer, list []string) {
	for _, text := range list {
		a.Send(text, to)
	}
}

// subscriber is one who needs some time for each message, and may begin late, or never.
type subscriber struct {
	inbox <-chan proto.ReceivedMessage

	sync.Mutex
	got []string
}

func subscribe(p *lab.Peer) *subscriber {
	return &subscriber{inbox: p.Subscribe(func(any) bool { return true })}
}

// read begins to read, and goes on until the peer stops.
func (s *subscriber) read(each time.Duration) {
	go func() {
		for msg := range s.inbox {
			time.Sleep(each)
			s.Lock()
			s.got = append(s.got, textOf(msg.GetSourceEnvelope()))
			s.Unlock()
		}
	}()
}

// has returns the texts of what it has got by now, when nothing moves any more.
func (s *subscriber) has() []string {
	synctest.Wait()
	s.Lock()
	defer s.Unlock()
	return slices.Clone(s.got)
}

// dropped returns the texts of the messages that B has dropped because a subscription was full.
func dropped(s *stand.Stand) []string {
	_, events := s.Lab.Recorder().Snapshot()
	var list []string
	for _, e := range events {
		if e.Peer != "B" || e.Step == nil || e.Step.Step != trace.ConnDrop {
			continue
		}
		if q := e.Step.Queue; q.Name != "subscription" || q.Len != q.Cap || e.Step.Err == nil {
			s.Errorf("%s was dropped from %v for the reason %v, want a full subscription, and a reason that says so", textOf(e.Step.Envelope), q, e.Step.Err)
		}
		list = append(list, textOf(e.Step.Envelope))
	}
	return list
}

// differs makes a failure readable: the number of a long list, and where it leaves what was wanted.
func differs(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%d messages, and number %d is %s, want %s", len(got), i+1, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d messages, want %d", len(got), len(want))
}

func TestOneThatDoesNotReadLosesItsOwnMessagesAndNobodyElses(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{SendBuffSize: 100}), s.Peer("B", comm.Config{ConnTimeout: 2 * time.Second})
		idle, busy := subscribe(b), subscribe(b)
		busy.read(10 * time.Millisecond)
		send(a, b.Remote(), texts(1, 60))
		time.Sleep(3 * time.Second) // one ConnTimeout for the one that does not read, and 60 times 10 ms for the one that does

		if got, want := busy.has(), texts(1, 60); !slices.Equal(got, want) {
			t.Errorf("after 3s the one that reads, 10 ms for each message, has %s: it is slow, and it is there", differs(got, want))
		}
		if got, want := dropped(s), texts(room+1, 60); !slices.Equal(got, want) {
			t.Errorf("conn.drop tells of %s: each that the one that does not read has no room for, and no other", differs(got, want))
		}
		idle.read(0)
		if got, want := idle.has(), texts(1, room); !slices.Equal(got, want) {
			t.Errorf("when the other one reads at last it gets %s: what there was room for, in order", differs(got, want))
		}
	})
}

func TestOneThatReadsAgainIsWaitedForAgain(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{SendBuffSize: 100}), s.Peer("B", comm.Config{ConnTimeout: 2 * time.Second})
		late := subscribe(b)
		send(a, b.Remote(), texts(1, 40))
		time.Sleep(time.Minute)
		late.read(10 * time.Millisecond)
		time.Sleep(time.Minute)

		send(a, b.Remote(), texts(41, 100))
		time.Sleep(time.Minute)

		if got, want := late.has(), append(texts(1, room), texts(41, 100)...); !slices.Equal(got, want) {
			t.Errorf("it did not read for a minute, then it did, and got %s: m%d to m40 are lost, and nothing that came after it was reading again",
				differs(got, want), room+1)
		}
	})
}

func TestWhatWaitsForRoomGoesWithItsConnection(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{SendBuffSize: 100}), s.Peer("B", comm.Config{ConnTimeout: 2 * time.Second})
		subscribe(b)
		send(a, b.Remote(), texts(1, room+1))
		synctest.Wait()
		b.CloseConn(a.Remote())
		synctest.Wait()
		if got, want := dropped(s), texts(room+1, room+1); !slices.Equal(got, want) {
			t.Errorf("the connection that brought m%d has ended, and conn.drop tells of %q: its service must not wait for room any longer", room+1, got)
		}
	})
}
