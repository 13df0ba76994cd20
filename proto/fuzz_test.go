package proto

// Whatever arrives on a stream before the handshake is a stranger's. These targets hold that no bytes do harm in this package, and
// that what decodes at all can be encoded again without loss. "go test" runs them on the seeds; "go test -fuzz FuzzEnvelope
// ./proto" looks for more.

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
)

// addGolden seeds f with the encodings of the contract and a few broken ones.
func addGolden(f *testing.F) {
	for _, g := range golden {
		wire := fromHex(f, g.wire)
		f.Add(wire)
		f.Add(wire[:len(wire)-1])
	}
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add(fromHex(f, "ba 06 02 68 69  08 05"))
}

func FuzzEnvelope(f *testing.F) {
	addGolden(f)
	signed, err := proto.Marshal(alive(f, newAuthor(1)).Envelope)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	for _, g := range golden {
		wrapped, err := proto.Marshal(&Envelope{Payload: fromHex(f, g.wire), Signature: []byte{1}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wrapped)
	}

	identity := newAuthor(1).identity()
	f.Fuzz(func(t *testing.T, wire []byte) {
		e := &Envelope{}
		if proto.Unmarshal(wire, e) != nil {
			return
		}
		checkRoundTrip(t, e, &Envelope{})
		e.GetSecretEnvelope().InternalEndpoint()

		payload := bytes.Clone(e.Payload)
		m, err := e.ToGossipMessage()
		if err != nil {
			if m != nil || !errors.Is(err, ErrMalformedEnvelope) {
				t.Fatalf("ToGossipMessage: %v, %v", m, err)
			}
			return
		}
		if m.Envelope != e || !bytes.Equal(m.Payload, payload) {
			t.Fatal("opening an envelope changed it")
		}
		if m.Verify(identity, verify) == nil && !m.IsSigned() {
			t.Fatal("verified, and yet not signed")
		}
		_ = m.String()
	})
}

func FuzzGossipMessage(f *testing.F) {
	addGolden(f)
	for name := range legalTag {
		m := withContent(f, name)
		m.Tag = GossipMessage_CHAN_AND_ORG
		wire, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}

	f.Fuzz(func(t *testing.T, wire []byte) {
		m := &GossipMessage{}
		if proto.Unmarshal(wire, m) != nil {
			return
		}
		checkRoundTrip(t, m, &GossipMessage{})

		if m.IsAck() != (m.GetAck() != nil) || m.IsAliveMsg() != (m.GetAliveMsg() != nil) || m.IsDataMsg() != (m.GetDataMsg() != nil) {
			t.Fatalf("a predicate disagrees with the content %q", m.ContentName())
		}
		if m.GetPullMsgType() != PullMsgType_UNDEFINED && !m.IsPullMsg() {
			t.Fatalf("%q has a type of pull", m.ContentName())
		}
		if m.IsTagLegal() == nil && (m.Tag == GossipMessage_UNDEFINED || m.ContentName() == "") {
			t.Fatalf("legal: tag %v, content %q", m.Tag, m.ContentName())
		}
		if m.IsOrgRestricted() && m.IsChannelRestricted() != (m.Tag == GossipMessage_CHAN_AND_ORG) {
			t.Fatalf("restrictions of tag %v", m.Tag)
		}
	})
}

// checkRoundTrip checks that m can be encoded, and decoded again into empty, without loss.
func checkRoundTrip(t *testing.T, m, empty proto.Message) {
	t.Helper()
	wire, err := proto.Marshal(m)
	if err != nil {
		t.Fatalf("encoding what was decoded: %v", err)
	}
	if err := proto.Unmarshal(wire, empty); err != nil {
		t.Fatalf("decoding what was encoded: %v", err)
	}
	if !proto.Equal(m, empty) {
		t.Fatalf("%v became %v", m, empty)
	}
}
