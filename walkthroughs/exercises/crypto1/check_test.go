//go:build exercise

package crypto1

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gossipscope/comm"
	"gossipscope/comm/msp"
	"gossipscope/internal/lab"
	"gossipscope/proto"
	"gossipscope/walkthroughs/exercises/stand"
)

// identityOf returns the fixed identity of a peer.
func identityOf(s *stand.Stand, name string) *msp.SigningIdentity {
	s.Helper()
	id, err := lab.FixedIdentity(name)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

// establish calls Establish, and ends the test if there is no envelope to go on with.
func establish(s *stand.Stand, id *msp.SigningIdentity, certHash []byte) *proto.Envelope {
	s.Helper()
	envelope, err := Establish(id, certHash)
	if err != nil {
		s.Fatal(err)
	}
	if envelope == nil {
		s.Fatal("Establish returned no envelope")
	}
	return envelope
}

// stranger is somebody without the layer.
func stranger(s *stand.Stand, name string) *lab.Intruder {
	s.Helper()
	in, err := s.Lab.NewIntruder(name)
	if err != nil {
		s.Fatal(err)
	}
	return in
}

// say opens a stream to A as that stranger, sends the envelope, and returns the stream, and what A has answered.
func say(s *stand.Stand, from *lab.Intruder, a *lab.Peer, envelope *proto.Envelope) (proto.Gossip_GossipStreamClient, *proto.Envelope, error) {
	s.Helper()
	stream, err := from.Open(context.Background(), a, true, "a ConnEstablish by hand")
	if err != nil {
		s.Fatal(err)
	}
	stream.Send(envelope) // if A has ended the stream by now, Recv says why
	answer, err := stream.Recv()
	return stream, answer, err
}

func TestARealPeerTakesIt(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		inbox := a.Subscribe(func(any) bool { return true })
		b, in := identityOf(s, "B"), stranger(s, "by hand")

		stream, answer, err := say(s, in, a, establish(s, b, in.CertHash()))

		if err != nil {
			s.Fatalf("A refuses: %v", err)
		}
		msg, err := answer.ToGossipMessage()
		if err != nil || !bytes.Equal(msg.GetConn().GetPkiId(), a.PKIID) {
			s.Fatalf("A's answer is %v, %v, want its own ConnEstablish", msg, err)
		}

		// From now on it is a connection like any other: what is said on it is B's.
		hello := &proto.GossipMessage{Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{
			Payload: &proto.Payload{Data: []byte("hello")}}}}
		signed, err := hello.NoopSign()
		if err != nil {
			s.Fatal(err)
		}
		stream.Send(signed.Envelope) // if A has ended the stream, nothing arrives
		synctest.Wait()
		select {
		case received := <-inbox:
			info := received.GetConnectionInfo()
			if !bytes.Equal(info.ID, b.PKIID()) || !bytes.Equal(info.Identity, b.Serialize()) {
				s.Errorf("A takes the sender for %v, want B", info.ID)
			}
		default:
			s.Error("A has answered, and does not serve the stream: was it marked as a probe?")
		}
	})
}

func TestItSaysWhatItShouldAndIsSigned(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		b := identityOf(s, "B")
		hash := bytes.Repeat([]byte{7}, 32)

		msg, err := establish(s, b, hash).ToGossipMessage()

		if err != nil {
			s.Fatal(err)
		}
		said := msg.GetConn()
		if said == nil {
			s.Fatalf("the message is %v, want a ConnEstablish", msg)
		}
		if msg.Tag != proto.GossipMessage_EMPTY {
			s.Errorf("the tag is %v, want EMPTY: it travels no further than over this stream", msg.Tag)
		}
		if !bytes.Equal(said.PkiId, b.PKIID()) || !bytes.Equal(said.Identity, b.Serialize()) || !bytes.Equal(said.TlsCertHash, hash) || said.Probe {
			s.Errorf("it says PKI-ID %x, identity of %d bytes, hash %x, probe %v; want B's, of %d bytes, %x, false",
				said.PkiId, len(said.Identity), said.TlsCertHash, said.Probe, len(b.Serialize()), hash)
		}
		service, err := msp.New(identityOf(s, "A"), lab.Roots()...)
		if err != nil {
			s.Fatal(err)
		}
		verify := func(identity, signature, message []byte) error { return service.Verify(identity, signature, message) }
		if err := msg.Verify(b.Serialize(), verify); err != nil {
			s.Errorf("the signature: %v", err)
		}
	})
}

func TestARealPeerRefusesTheHashOfAnotherCertificate(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		a := s.Peer("A", comm.Config{})
		owner, other := stranger(s, "by hand"), stranger(s, "somebody else")
		envelope := establish(s, identityOf(s, "B"), owner.CertHash())

		// Every byte of it is right, but the line is another one's.
		_, _, err := say(s, other, a, envelope)

		refusal := status.Convert(err)
		if refusal.Code() != codes.Unauthenticated || !strings.HasPrefix(refusal.Message(), comm.ErrCertHash.Error()) {
			s.Errorf("A says %v %q, want a refusal that begins with %q", refusal.Code(), refusal.Message(), comm.ErrCertHash)
		}
		if _, _, err := say(s, owner, a, envelope); err != nil {
			s.Errorf("over the certificate that it is bound to, A refuses the same message: %v", err)
		}
	})
}
