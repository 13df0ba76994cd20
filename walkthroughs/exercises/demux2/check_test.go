//go:build exercise

package demux2

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"gossipscope/comm"
	"gossipscope/comm/common"
	"gossipscope/internal/lab"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// message returns a message with a nonce, as whoever repeats a Send would send it again.
func message(t *testing.T, nonce uint64, text string) *proto.SignedGossipMessage {
	t.Helper()
	signed, err := (&proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_DataMsg{
		DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte(text)}},
	}}).NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func textOf(msg proto.ReceivedMessage) string {
	return string(msg.GetGossipMessage().GetDataMsg().GetPayload().GetData())
}

// received is a message without a connection: for checks that need many.
type received struct {
	proto.ReceivedMessage
	from common.PKIidType
	msg  *proto.SignedGossipMessage
}

func (r received) GetGossipMessage() *proto.SignedGossipMessage { return r.msg }
func (r received) GetConnectionInfo() *proto.ConnectionInfo     { return &proto.ConnectionInfo{ID: r.from} }

// from returns the message with this nonce of a peer, made anew each time: a duplicate is another value with the same nonce.
func from(peer string, nonce uint64) received {
	return received{from: common.PKIidType(peer), msg: &proto.SignedGossipMessage{GossipMessage: &proto.GossipMessage{Nonce: nonce}}}
}

func everything(any) bool { return true }

func TestOnceLetsEachMessageOfEachPeerThroughOnce(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b, c := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{}), s.Peer("C", comm.Config{})
		inbox := b.Subscribe(Once(everything, 100))
		var got []string
		go func() {
			for msg := range inbox {
				got = append(got, textOf(msg))
			}
		}()
		send := func(p *lab.Peer, nonce uint64, text string) {
			p.Comm.Send(message(t, nonce, text), b.Remote())
			synctest.Wait()
		}
		send(a, 7, "A's 7")
		send(a, 7, "A's 7")
		send(a, 8, "A's 8")
		send(c, 7, "C's 7")
		a.CloseConn(b.Remote()) // it dials again
		send(a, 7, "A's 7")
		send(c, 0, "without a number")
		send(c, 0, "without a number")

		want := []string{"A's 7", "A's 8", "C's 7", "without a number", "without a number"}
		if !slices.Equal(got, want) {
			t.Errorf("A sent its 7 three times over two connections, C has a 7 of its own, and 0 is no number; B got\n%q, want\n%q", got, want)
		}
	})
}

func TestOnceTakesNoNoteOfWhatNobodyWants(t *testing.T) {
	var wanted atomic.Bool
	once := Once(func(any) bool { return wanted.Load() }, 1)
	if once(from("A", 1)) {
		t.Error("it let a message through that wants refuses")
	}
	wanted.Store(true)
	if !once(from("A", 1)) {
		t.Error("wants refused message 1 at first and takes it now: it was never let through, so this is the first time")
	}
	wanted.Store(false)
	once(from("A", 2))
	wanted.Store(true)
	if once(from("A", 1)) {
		t.Error("message 1 was forgotten for the sake of one that was refused")
	}
}

func TestOnceRemembersTheLastNAndNoMore(t *testing.T) {
	once := Once(everything, 3)
	var log []string
	for _, nonce := range []uint64{1, 2, 3, 3, 0, 0, 0, 2, 1, 4, 4, 3, 2, 1, 1, 4, 3, 2} {
		passed := "no"
		if once(from("A", nonce)) {
			passed = "yes"
		}
		log = append(log, fmt.Sprintf("%d %s", nonce, passed))
	}
	// 4 is the fourth: 1 is forgotten. Then 1 comes again, and 2 is forgotten.
	want := "1 yes, 2 yes, 3 yes, 3 no, 0 yes, 0 yes, 0 yes, 2 no, 1 no, 4 yes, 4 no, 3 no, 2 no, 1 yes, 1 no, 4 no, 3 no, 2 yes"
	if got := strings.Join(log, ", "); got != want {
		t.Errorf("of the last 3 it must know each, and of no other; it said\n%s, want\n%s", got, want)
	}
}

func TestOnceHoldsWhenSeveralServicesAskAtTheSameTime(t *testing.T) {
	const services, rounds, perRound = 4, 200, 50
	once := Once(everything, perRound)
	for round := range rounds {
		var passed [perRound]atomic.Int32
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range services {
			all.Go(func() {
				<-begin
				for i := range passed {
					if once(from("A", uint64(round*perRound+i+1))) {
						passed[i].Add(1)
					}
				}
			})
		}
		close(begin)
		all.Wait()
		for i := range passed {
			if n := passed[i].Load(); n != 1 {
				t.Fatalf("%d services asked about one message at the same time, and %d of them heard yes: want 1", services, n)
			}
		}
	}
}
