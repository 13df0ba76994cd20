//go:build exercise

package comm_impl2

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

const full = "too many inbound connections"

// atMost returns a configuration in which MaxInbound is n. The field is what the exercise asks for, so this file must be built without.
func atMost(s *stand.Stand, n int64) comm.Config {
	s.Helper()
	var conf comm.Config
	field := reflect.ValueOf(&conf).Elem().FieldByName("MaxInbound")
	if !field.IsValid() || field.Kind() != reflect.Int {
		s.Fatal("comm.Config has no field MaxInbound of type int yet")
	}
	field.SetInt(n)
	return conf
}

// host makes the peer A, which lets n others in, and acknowledges what it is sent.
func host(s *stand.Stand, n int64) *lab.Peer {
	s.Helper()
	a := s.Peer("A", atMost(s, n))
	inbox := a.Subscribe(func(any) bool { return true })
	go func() {
		for msg := range inbox {
			a.Ack(msg, nil)
		}
	}()
	return a
}

// guest makes a peer that sends A a message, and returns what came of it.
func guest(s *stand.Stand, name string, a *lab.Peer) (*lab.Peer, error) {
	s.Helper()
	p := s.Peer(name, comm.Config{})
	return p, call(p, a)
}

// call sends A a message and returns what came of it.
func call(from, a *lab.Peer) error {
	return from.SendWithAck("hello", 5*time.Second, 1, a.Remote())[0].Unwrap()
}

// letIn checks that somebody was let in.
func letIn(s *stand.Stand, who string, err error) {
	s.Helper()
	if err != nil {
		s.Errorf("%s was not let in: %v", who, err)
	}
}

// turnedAway checks that somebody was refused for want of room, in words.
func turnedAway(s *stand.Stand, who string, err error) {
	s.Helper()
	refusal, refused := errors.AsType[*comm.RefusedError](err)
	switch {
	case err == nil:
		s.Errorf("%s was let in, though the house is full", who)
	case !refused:
		s.Errorf("%s got %q, which is no *RefusedError: at the other end nobody knows these words yet", who, err)
	case refusal.Code != codes.ResourceExhausted || !strings.HasPrefix(refusal.Words, full):
		s.Errorf("%s was refused with %v %q, want ResourceExhausted and words that begin with %q", who, refusal.Code, refusal.Words, full)
	}
}

// byHand opens a stream to A by hand, bound to its own certificate, and sends a ConnEstablish in the name of that peer, signed by the
// other one. It returns the stream, and with what A has answered.
func byHand(s *stand.Stand, a *lab.Peer, name, signer string) (proto.Gossip_GossipStreamClient, error) {
	s.Helper()
	stream, in := open(s, a)
	id, err := lab.FixedIdentity(name)
	if err != nil {
		s.Fatal(err)
	}
	key, err := lab.FixedIdentity(signer)
	if err != nil {
		s.Fatal(err)
	}
	hello, err := lab.Claim(&proto.ConnEstablish{PkiId: id.PKIID(), Identity: id.Serialize(), TlsCertHash: in.CertHash()}, key)
	if err != nil {
		s.Fatal(err)
	}
	stream.Send(hello) // if A has ended the stream by now, Recv says why
	_, err = stream.Recv()
	return stream, err
}

// open opens a stream to A by hand, and says nothing on it.
func open(s *stand.Stand, a *lab.Peer) (proto.Gossip_GossipStreamClient, *lab.Intruder) {
	s.Helper()
	in, err := s.Lab.NewIntruder("X")
	if err != nil {
		s.Fatal(err)
	}
	stream, err := in.Open(context.Background(), a, true, "a stream by hand")
	if err != nil {
		s.Fatal(err)
	}
	synctest.Wait()
	return stream, in
}

// stored returns how often A has stored a connection.
func stored(s *stand.Stand) int {
	_, events := s.Lab.Recorder().Snapshot()
	n := 0
	for _, e := range events {
		if e.Kind == timeline.KindStep && e.Peer == "A" && e.Step.Step == trace.StoreStored {
			n++
		}
	}
	return n
}

func TestANewcomerIsRefusedWhenTheHouseIsFull(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 2)
		b, err := guest(s, "B", a)
		letIn(s, "B", err)
		c, err := guest(s, "C", a)
		letIn(s, "C", err)

		_, err = guest(s, "D", a)

		turnedAway(s, "D", err)
		letIn(s, "B, whose connection should still be there,", call(b, a))
		letIn(s, "C, whose connection should still be there,", call(c, a))
		if n := stored(s); n != 2 {
			s.Errorf("A has stored %d connections, want those of B and C only: a refusal must come before the store", n)
		}
	})
}

func TestWhoIsThereAlreadyMayComeAgain(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 1)
		first, err := byHand(s, a, "B", "B")
		letIn(s, "B", err)

		second, err := byHand(s, a, "B", "B")

		letIn(s, "B, which has come back while its old stream is still there,", err)
		first.CloseSend() // the old one ends, and must not take the seat with it
		time.Sleep(10 * time.Second)
		_, err = guest(s, "C", a)
		turnedAway(s, "C (B's second stream is there, and so is B's seat taken)", err)
		second.CloseSend()
		time.Sleep(10 * time.Second)
		_, err = guest(s, "D", a)
		letIn(s, "D, after B's last stream has ended,", err)
	})
}

func TestAHandshakeTakesNoSeatAndNeedsNone(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 1)
		d := s.Peer("D", comm.Config{})
		_, err := d.Handshake(a.Remote())
		letIn(s, "D, which only asks who A is, in an empty house,", err)
		_, err = guest(s, "B", a)
		letIn(s, "B, the first that stays,", err)
		_, err = d.Handshake(a.Remote())
		letIn(s, "D, which only asks who A is, in a full house,", err)
	})
}

func TestWhoHasProvenNothingTakesNoSeat(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 1)
		open(s, a)
		_, err := guest(s, "B", a)
		letIn(s, "B, while a stranger stands at the door and says nothing,", err)
	})
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 1)
		if _, err := byHand(s, a, "B", "C"); status.Code(err) != codes.Unauthenticated {
			s.Errorf("somebody who signs with C's key and says that he is B: %v", err)
		}
		_, err := guest(s, "D", a)
		letIn(s, "D, after somebody was refused who had taken B's name,", err)
	})
}

func TestConnectionsThatWeDialTakeNoSeat(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 1)
		c := s.Peer("C", comm.Config{})
		inbox := c.Subscribe(func(any) bool { return true })
		a.Send("hello", c.Remote())
		<-inbox

		_, err := guest(s, "B", a)

		letIn(s, "B, while A has a connection to C that it has dialled itself,", err)
	})
}

func TestASeatIsFreeAgainWhenItsPeerGoes(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 1)
		b, err := guest(s, "B", a)
		letIn(s, "B", err)
		b.CloseConn(a.Remote())
		time.Sleep(10 * time.Second)

		c, err := guest(s, "C", a)
		letIn(s, "C, after B has closed its connection,", err)
		c.Kill()
		time.Sleep(10 * time.Second)

		_, err = guest(s, "D", a)
		letIn(s, "D, after C was killed,", err)
	})
}

func TestASeatIsFreeAgainWhenTheHandshakeFailsAtTheLastMoment(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := host(s, 1)
		answer := s.Lab.Hold("A", trace.AuthSend)
		b := s.Peer("B", comm.Config{})
		b.Send("hello", a.Remote())
		if _, err := answer.Reached(s.Context()); err != nil {
			s.Fatal(err)
		}
		a.CloseConn(b.Remote())
		answer.Release()
		time.Sleep(10 * time.Second)

		_, err := guest(s, "C", a)

		letIn(s, "C, after A has changed its mind about B before it had answered,", err)
	})
}

func TestALimitThatCannotBeIsRefusedByName(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		_, err := s.Lab.NewPeer("A", lab.PeerConfig{Comm: atMost(s, -1)})
		if !errors.Is(err, comm.ErrConfig) || !strings.Contains(err.Error(), "MaxInbound") {
			s.Errorf("MaxInbound -1: %v, want an ErrConfig that names the field", err)
		}
		a := host(s, 0)
		_, err = guest(s, "B", a)
		letIn(s, "B (0 means the default)", err)
	})
}
