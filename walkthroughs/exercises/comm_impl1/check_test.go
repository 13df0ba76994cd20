//go:build exercise

package comm_impl1

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
	"gossipscope/walkthroughs/exercises/stand"
)

// noticed returns how many notices of death A has made of that peer, read or not.
func noticed(s *stand.Stand, pkiID common.PKIidType) int {
	_, events := s.Lab.Recorder().Snapshot()
	n := 0
	for _, e := range events {
		if e.Kind == timeline.KindStep && e.Peer == "A" && e.Step.Step == trace.DeadNotice && bytes.Equal(e.Step.Peer, pkiID) {
			n++
		}
	}
	return n
}

// dead makes a peer that is not there any more.
func dead(s *stand.Stand, name string) *lab.Peer {
	p := s.Peer(name, comm.Config{})
	p.Kill()
	return p
}

// connect has A send the other a message, over a connection that stays.
func connect(s *stand.Stand, a, other *lab.Peer) {
	s.Helper()
	inbox := other.Subscribe(func(any) bool { return true })
	if err := a.Send("hello", other.Remote()); err != nil {
		s.Fatal(err)
	}
	<-inbox
}

func TestProbeThatFindsNobodyLeavesANoticeOfDeath(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), dead(s, "B")

		if err := a.Probe(b.Remote()); err == nil {
			s.Error("the Probe of a dead peer succeeded")
		}
		synctest.Wait()

		select {
		case id := <-a.Comm.PresumedDead():
			if !bytes.Equal(id, b.PKIID) {
				s.Errorf("the notice names %v, want B", id)
			}
		default:
			s.Error("B is dead, A's Probe has failed, and PresumedDead says nothing")
		}
	})
}

func TestProbesLeaveOneNoticeUntilItIsRead(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), dead(s, "B")

		for range 3 {
			a.Probe(b.Remote())
		}
		synctest.Wait()
		if n := noticed(s, b.PKIID); n != 1 {
			s.Errorf("%d notices after three Probes, and nobody has read one: want 1", n)
		}

		select {
		case <-a.Comm.PresumedDead():
		default:
		}
		synctest.Wait() // until it is known that the notice was read
		a.Probe(b.Remote())
		if n := noticed(s, b.PKIID); n != 2 {
			s.Errorf("%d notices after the first was read and B was probed again, want 2", n)
		}
	})
}

func TestProbeOfAnEndpointAloneNamesNobody(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), dead(s, "B")

		a.Probe(&comm.RemotePeer{Endpoint: b.Endpoint})
		synctest.Wait()

		if n := noticed(s, nil); n != 0 {
			s.Errorf("%d notices that name nobody", n)
		}
	})
}

func TestProbeThatOurOwnStopCutsShortLeavesNone(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		hold := s.Lab.Hold("A", trace.PingSend)
		returned := make(chan error, 1)
		go func() { returned <- a.Probe(b.Remote()) }()
		if _, err := hold.Reached(s.Context()); err != nil {
			s.Fatal(err)
		}
		go a.Stop()
		synctest.Wait()
		hold.Release()

		if err := <-returned; !errors.Is(err, comm.ErrStopped) {
			s.Errorf("the Probe returned %v, want ErrStopped", err)
		}
		if n := noticed(s, b.PKIID); n != 0 {
			s.Errorf("%d notices: B is alive, it is A that stops", n)
		}
	})
}

func TestProbeAfterStopLeavesNone(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		a.Stop()
		if err := a.Comm.Probe(b.Remote()); !errors.Is(err, comm.ErrStopped) {
			s.Errorf("the Probe returned %v, want ErrStopped", err)
		}
		if n := noticed(s, b.PKIID); n != 0 {
			s.Errorf("%d notices: B is alive, it is A that has stopped", n)
		}
	})
}

func TestPeerThatCanBeReachedOtherwiseIsNotDead(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		connect(s, a, b)

		if err := a.Probe(&comm.RemotePeer{Endpoint: "old:7051", PKIID: b.PKIID}); err == nil {
			s.Error("somebody answered at an endpoint where nobody listens")
		}
		synctest.Wait()
		if n := noticed(s, b.PKIID); n != 0 {
			s.Errorf("%d notices: B has moved, and A has a connection to it that works", n)
		}

		a.CloseConn(b.Remote())
		time.Sleep(10 * time.Second)
		connect(s, a, s.Peer("C", comm.Config{})) // which is no way to B
		a.Probe(&comm.RemotePeer{Endpoint: "old:7051", PKIID: b.PKIID})
		if n := noticed(s, b.PKIID); n != 1 {
			s.Errorf("%d notices after the connection was closed, want 1: now there is no other way to B", n)
		}
	})
}

func TestProbeThatIsAnsweredLeavesNone(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a, b := s.Peer("A", comm.Config{}), s.Peer("B", comm.Config{})
		if err := a.Probe(b.Remote()); err != nil {
			s.Error(err)
		}
		if n := noticed(s, b.PKIID); n != 0 {
			s.Errorf("%d notices of a peer that has answered", n)
		}
	})
}

func TestProbeOfAPeerThatIsSilentLeavesANotice(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		b := s.Peer("B", comm.Config{})
		c := s.Instance("C", comm.Config{}, stand.Hole)
		if err := c.Probe(b.Remote()); !errors.Is(err, comm.ErrDialTimeout) {
			s.Errorf("the Probe returned %v, want ErrDialTimeout", err)
		}
		ctx, cancel := context.WithTimeout(s.Context(), time.Second)
		defer cancel()
		select {
		case id := <-c.PresumedDead():
			if !bytes.Equal(id, b.PKIID) {
				s.Errorf("the notice names %v, want B", id)
			}
		case <-ctx.Done():
			s.Error("nobody has answered until the dial timed out, and PresumedDead says nothing")
		}
	})
}
