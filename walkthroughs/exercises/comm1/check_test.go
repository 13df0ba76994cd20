//go:build exercise

package comm1

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/walkthroughs/exercises/stand"
)

// situations are how peers get into trouble, and what should be done about it. Each returns the error that the caller gets.
var situations = []struct {
	name   string
	advice Advice
	comes  func(s *stand.Stand, a *lab.Peer) error
}{
	{"no error at all", Fine, func(s *stand.Stand, a *lab.Peer) error {
		return a.Probe(s.Peer("B", comm.Config{}).Remote())
	}},
	{"a message that was acknowledged (a SendResult is never nil)", Fine, func(s *stand.Stand, a *lab.Peer) error {
		return sendWithAck(a, answering(s, nil).Remote())
	}},

	{"the peer prefers its own stream", Again, func(s *stand.Stand, a *lab.Peer) error {
		// Two peers of ours get over this by themselves. Here somebody says it who has no stream of his own on the way.
		b, err := s.Lab.NewFabricAcceptor("B", comm.ErrTieBreak.Error())
		if err != nil {
			s.Fatal(err)
		}
		_, err = a.Handshake(b.Remote())
		return err
	}},
	{"the peer has closed the connection", Again, func(s *stand.Stand, a *lab.Peer) error {
		b := s.Peer("B", comm.Config{})
		go func() {
			for range b.Subscribe(everything) {
				b.CloseConn(a.Remote())
			}
		}()
		return sendWithAck(a, b.Remote())
	}},

	{"nobody answers", Later, func(s *stand.Stand, _ *lab.Peer) error {
		_, err := s.Instance("C", comm.Config{}, stand.Hole).Handshake(&comm.RemotePeer{Endpoint: "hole:7051"})
		return err
	}},
	{"nobody listens", Later, func(s *stand.Stand, a *lab.Peer) error {
		return a.Probe(&comm.RemotePeer{Endpoint: "nobody:7051"})
	}},
	{"no acknowledgement in time", Later, func(s *stand.Stand, a *lab.Peer) error {
		return sendWithAck(a, s.Peer("B", comm.Config{}).Remote())
	}},
	{"the peer is stopping", Later, func(s *stand.Stand, a *lab.Peer) error {
		b := s.Peer("B", comm.Config{})
		hold := s.Lab.Hold("B", trace.StopConnections)
		go b.Stop()
		synctest.Wait()
		defer hold.Release()
		_, err := a.Handshake(b.Remote())
		return err
	}},
	{"the peer has too many strangers at its door", Later, func(s *stand.Stand, a *lab.Peer) error {
		b := s.Peer("B", comm.Config{MaxPendingStreams: 1})
		silent(s, b)
		_, err := a.Handshake(b.Remote())
		return err
	}},
	{"the peer does not want the message", Later, func(s *stand.Stand, a *lab.Peer) error {
		return sendWithAck(a, answering(s, errors.New("the disk is full")).Remote())
	}},
	{"the peer answers with the words of one of our errors: its storage is stopped, not we", Later, func(s *stand.Stand, a *lab.Peer) error {
		return sendWithAck(a, answering(s, comm.ErrStopped).Remote())
	}},
	{"the peer refuses with words that no check of ours uses", Later, func(s *stand.Stand, a *lab.Peer) error {
		b, err := s.Lab.NewFabricAcceptor("B", "I do not like you")
		if err != nil {
			s.Fatal(err)
		}
		_, err = a.Handshake(b.Remote())
		return err
	}},
	{"an error that nobody knows", Later, func(*stand.Stand, *lab.Peer) error {
		return errors.New("something else")
	}},

	{"we have stopped (Handshake)", GiveUp, func(s *stand.Stand, a *lab.Peer) error {
		b := s.Peer("B", comm.Config{})
		a.Stop()
		_, err := a.Handshake(b.Remote())
		return err
	}},
	{"we have stopped (SendWithAck)", GiveUp, func(s *stand.Stand, a *lab.Peer) error {
		b := s.Peer("B", comm.Config{})
		a.Stop()
		return sendWithAck(a, b.Remote())
	}},
	{"somebody else lives there", GiveUp, func(s *stand.Stand, a *lab.Peer) error {
		b, c := s.Peer("B", comm.Config{}), s.Peer("C", comm.Config{})
		_, err := a.Handshake(&comm.RemotePeer{Endpoint: b.Endpoint, PKIID: c.PKIID})
		return err
	}},
	{"a man in the middle", GiveUp, func(s *stand.Stand, a *lab.Peer) error {
		middleman, err := s.Lab.NewMiddleman("M", s.Peer("B", comm.Config{}))
		if err != nil {
			s.Fatal(err)
		}
		_, err = a.Handshake(&comm.RemotePeer{Endpoint: middleman.Endpoint})
		return err
	}},
	{"the identity of the peer has expired", GiveUp, func(s *stand.Stand, a *lab.Peer) error {
		_, err := a.Handshake(expired(s).Remote())
		return err
	}},

	{"our own identity has expired", Mistake, func(s *stand.Stand, a *lab.Peer) error {
		_, err := expired(s).Handshake(a.Remote())
		return err
	}},
	{"we talk to ourselves (Handshake)", Mistake, func(_ *stand.Stand, a *lab.Peer) error {
		_, err := a.Handshake(a.Remote())
		return err
	}},
	{"we talk to ourselves (SendWithAck)", Mistake, func(_ *stand.Stand, a *lab.Peer) error {
		return sendWithAck(a, a.Remote())
	}},
	{"there is nothing to send", Mistake, func(s *stand.Stand, a *lab.Peer) error {
		return a.Comm.SendWithAck(nil, time.Second, 1, s.Peer("B", comm.Config{}).Remote())[0]
	}},
	{"a configuration that cannot be", Mistake, func(s *stand.Stand, _ *lab.Peer) error {
		_, err := s.Lab.NewPeer("B", lab.PeerConfig{Comm: comm.Config{DialTimeout: -1}})
		return err
	}},
	{"no TLS, by accident", Mistake, func(*stand.Stand, *lab.Peer) error {
		_, err := comm.NewCommInstanceWithServer(nil, nil, nil, nil, comm.Config{})
		return err
	}},
}

func everything(any) bool { return true }

// sendWithAck returns the one SendResult as the error that it is.
func sendWithAck(from *lab.Peer, to *comm.RemotePeer) error {
	return from.SendWithAck("block", 5*time.Second, 1, to)[0]
}

// answering makes the peer B, which answers every message with err.
func answering(s *stand.Stand, err error) *lab.Peer {
	b := s.Peer("B", comm.Config{})
	inbox := b.Subscribe(everything)
	go func() {
		for msg := range inbox {
			b.Ack(msg, err)
		}
	}()
	return b
}

// silent has a stranger open a stream to the peer, and say nothing on it.
func silent(s *stand.Stand, target *lab.Peer) {
	stranger, err := s.Lab.NewIntruder("X")
	if err != nil {
		s.Fatal(err)
	}
	if _, err := stranger.Open(s.Context(), target, true, "stay silent"); err != nil {
		s.Fatal(err)
	}
	synctest.Wait()
}

// expired makes a peer whose identity was good when it began, and is not any more.
func expired(s *stand.Stand) *lab.Peer {
	now := time.Now()
	id, err := lab.Authority("Org1").Issue("E", msp.WithValidity(now.Add(-time.Hour), now.Add(time.Hour)))
	if err != nil {
		s.Fatal(err)
	}
	e, err := s.Lab.NewPeer("E", lab.PeerConfig{Identity: id})
	if err != nil {
		s.Fatal(err)
	}
	time.Sleep(2 * time.Hour)
	return e
}

func TestAdvise(t *testing.T) {
	for _, situation := range situations {
		t.Run(situation.name, func(t *testing.T) {
			stand.Run(t, func(s *stand.Stand) {
				err := situation.comes(s, s.Peer("A", comm.Config{}))
				if got := Advise(err); got != situation.advice {
					s.Errorf("%s: the advice is %q, want %q; the error is %v", situation.name, got, situation.advice, err)
				}
			})
		})
	}
}
