package proto

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
)

// alive returns a heartbeat of a, signed, with a secret.
func alive(t testing.TB, a author) *SignedGossipMessage {
	t.Helper()
	m := &SignedGossipMessage{GossipMessage: &GossipMessage{
		Tag: GossipMessage_EMPTY,
		Content: &GossipMessage_AliveMsg{AliveMsg: &AliveMessage{
			Membership: &Member{Endpoint: "peer.example:7051", PkiId: []byte("A")},
			Timestamp:  &PeerTime{IncNum: 1, SeqNum: 2},
		}},
	}}
	e, err := m.Sign(a.sign)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SignSecret(a.sign, secretOf("10.0.0.1:7051")); err != nil {
		t.Fatal(err)
	}
	return m
}

func secretOf(endpoint string) *Secret {
	return &Secret{Content: &Secret_InternalEndpoint{InternalEndpoint: endpoint}}
}

// relay passes an envelope over the wire: encoded, decoded, opened.
func relay(t testing.TB, e *Envelope) *SignedGossipMessage {
	t.Helper()
	wire, err := proto.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	received := &Envelope{}
	if err := proto.Unmarshal(wire, received); err != nil {
		t.Fatal(err)
	}
	m, err := received.ToGossipMessage()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSignedMessageVerifiesAfterTravelling(t *testing.T) {
	a := newAuthor(1)
	sent := alive(t, a)
	got := relay(t, sent.Envelope)

	if !got.IsSigned() {
		t.Error("a signed message says that it is not signed")
	}
	if err := got.Verify(a.identity(), verify); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if !proto.Equal(got.GossipMessage, sent.GossipMessage) {
		t.Errorf("received %v, sent %v", got.GossipMessage, sent.GossipMessage)
	}
	if got, want := got.SecretEnvelope.InternalEndpoint(), "10.0.0.1:7051"; got != want {
		t.Errorf("internal endpoint %q, want %q", got, want)
	}
}

func TestTamperingIsRefused(t *testing.T) {
	a, b := newAuthor(1), newAuthor(2)
	flip := func(b []byte) { b[len(b)-1] ^= 1 }
	tests := []struct {
		name   string
		tamper func(*SignedGossipMessage)
		want   error
	}{
		{"a bit of the payload", func(m *SignedGossipMessage) { flip(m.Payload) }, errBadSignature},
		{"a bit of the signature", func(m *SignedGossipMessage) { flip(m.Signature) }, errBadSignature},
		{"a bit of the secret's payload", func(m *SignedGossipMessage) { flip(m.SecretEnvelope.Payload) }, errBadSignature},
		{"a bit of the secret's signature", func(m *SignedGossipMessage) { flip(m.SecretEnvelope.Signature) }, errBadSignature},
		{"signed by another", func(m *SignedGossipMessage) { m.Signature, _ = b.sign(m.Payload) }, errBadSignature},
		{"a secret signed by another", func(m *SignedGossipMessage) {
			if err := m.SignSecret(b.sign, secretOf("evil:1")); err != nil {
				t.Fatal(err)
			}
		}, errBadSignature},
		{"no envelope", func(m *SignedGossipMessage) { m.Envelope = nil }, ErrNotSigned},
		{"no payload", func(m *SignedGossipMessage) { m.Payload = nil }, ErrNotSigned},
		{"no signature", func(m *SignedGossipMessage) { m.Signature = nil }, ErrNotSigned},
		{"a signature of no bytes", func(m *SignedGossipMessage) { m.Signature = []byte{} }, ErrNotSigned},
		{"a secret without payload", func(m *SignedGossipMessage) { m.SecretEnvelope.Payload = nil }, ErrNotSigned},
		{"a secret without signature", func(m *SignedGossipMessage) { m.SecretEnvelope.Signature = nil }, ErrNotSigned},
		{"an empty secret", func(m *SignedGossipMessage) { m.SecretEnvelope = &SecretEnvelope{} }, ErrNotSigned},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := alive(t, a)
			tt.tamper(m)
			if err := m.Verify(a.identity(), verify); !errors.Is(err, tt.want) {
				t.Errorf("Verify: %v, want an error that is %v", err, tt.want)
			}
		})
	}
}

func TestSignatureOfAnotherIdentityIsRefused(t *testing.T) {
	m := alive(t, newAuthor(1))
	if err := m.Verify(newAuthor(2).identity(), verify); !errors.Is(err, errBadSignature) {
		t.Errorf("Verify: %v, want %v", err, errBadSignature)
	}
}

func TestEmptySignatureNeverReachesTheVerifier(t *testing.T) {
	m, err := alive(t, newAuthor(1)).NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	gullible := func(_, _, _ []byte) error { return nil }
	if err := m.Verify(newAuthor(1).identity(), gullible); !errors.Is(err, ErrNotSigned) {
		t.Errorf("Verify: %v, want %v", err, ErrNotSigned)
	}
}

func TestCuttingOffTheSecretLeavesTheOuterSignatureValid(t *testing.T) {
	a := newAuthor(1)
	m := alive(t, a)
	m.SecretEnvelope = nil

	got := relay(t, m.Envelope)
	if err := got.Verify(a.identity(), verify); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if got := got.SecretEnvelope.InternalEndpoint(); got != "" {
		t.Errorf("internal endpoint %q crossed the border", got)
	}
}

func TestSigningAnewKeepsTheSecret(t *testing.T) {
	a := newAuthor(1)
	m := alive(t, a)
	m.Nonce = 7
	old := m.Envelope
	e, err := m.Sign(a.sign)
	if err != nil {
		t.Fatal(err)
	}
	if e == old || e != m.Envelope {
		t.Error("Sign must make a new envelope and put it into the message")
	}
	if e.SecretEnvelope != old.SecretEnvelope {
		t.Error("the secret was lost")
	}
	if got := relay(t, e); got.Nonce != 7 || got.Verify(a.identity(), verify) != nil {
		t.Errorf("after signing anew: %v, %v", got, got.Verify(a.identity(), verify))
	}
}

func TestFailedSigningLeavesNoEnvelopeToSend(t *testing.T) {
	noKey := errors.New("no key")
	refuse := func([]byte) ([]byte, error) { return nil, noKey }

	m := alive(t, newAuthor(1))
	if e, err := m.Sign(refuse); e != nil || !errors.Is(err, noKey) {
		t.Errorf("Sign: %v, %v, want %v", e, err, noKey)
	}
	if m.Envelope != nil {
		t.Error("the outdated envelope is still there")
	}

	notUTF8 := &SignedGossipMessage{GossipMessage: &GossipMessage{
		Content: &GossipMessage_Ack{Ack: &Acknowledgement{Error: "\xff"}},
	}}
	if _, err := notUTF8.Sign(newAuthor(1).sign); err == nil || notUTF8.Envelope != nil {
		t.Errorf("Sign of a message that cannot be encoded: %v, envelope %v", err, notUTF8.Envelope)
	}

	var nothing *GossipMessage
	if m, err := nothing.NoopSign(); m != nil || !errors.Is(err, ErrNoMessage) {
		t.Errorf("NoopSign of nil: %v, %v, want %v", m, err, ErrNoMessage)
	}
}

func TestFailedSecretLeavesTheEnvelopeAsItWas(t *testing.T) {
	m := alive(t, newAuthor(1))
	before := proto.CloneOf(m.Envelope)
	noKey := errors.New("no key")
	if err := m.SignSecret(func([]byte) ([]byte, error) { return nil, noKey }, secretOf("x")); !errors.Is(err, noKey) {
		t.Errorf("SignSecret: %v, want %v", err, noKey)
	}
	if err := m.SignSecret(newAuthor(1).sign, secretOf("\xff")); err == nil {
		t.Error("a secret that cannot be encoded was signed")
	}
	if !proto.Equal(m.Envelope, before) {
		t.Errorf("the envelope changed: %v, was %v", m.Envelope, before)
	}
}

func TestNoopSignedMessageTravelsUnsigned(t *testing.T) {
	signed := alive(t, newAuthor(1))
	m, err := signed.NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	if m.IsSigned() {
		t.Error("it says that it is signed")
	}
	if m.GossipMessage != signed.GossipMessage {
		t.Error("the message was copied, want it shared")
	}
	if m.SecretEnvelope != nil || !signed.IsSigned() {
		t.Error("the result took the secret along, or the original lost its envelope")
	}
	got := relay(t, m.Envelope)
	if got.IsSigned() || !proto.Equal(got.GossipMessage, signed.GossipMessage) {
		t.Errorf("received %v, sent %v", got, m)
	}
}

func TestMessageWithoutEnvelopeOrPayloadIsNotSigned(t *testing.T) {
	for _, m := range []*SignedGossipMessage{
		{},
		{Envelope: &Envelope{}},
		{Envelope: &Envelope{Signature: []byte{1}}},
		{Envelope: &Envelope{Payload: []byte{1}}},
	} {
		if m.IsSigned() {
			t.Errorf("%v says that it is signed", m)
		}
	}
}

// A message of a newer version, with a field that we do not know, must verify here and after us. We forward the payload, so it
// does; forwarding the fields would do as well only as long as everybody kept unknown fields in the same order.
func TestUnknownFieldsSurviveRelaying(t *testing.T) {
	a := newAuthor(1)
	payload := fromHex(t, "ba 06 02 68 69"+ // field 103, unknown to us, before known ones: not where we would write it
		"08 05  18 01  6a 00") // nonce 5, tag EMPTY, content empty
	signature, _ := a.sign(payload)

	first := relay(t, &Envelope{Payload: payload, Signature: signature})
	if first.Nonce != 5 || first.ContentName() != "empty" {
		t.Errorf("decoded as %v", first)
	}
	second := relay(t, first.Envelope)
	if !bytes.Equal(second.Payload, payload) {
		t.Errorf("payload\n% x became\n% x", payload, second.Payload)
	}
	if err := second.Verify(a.identity(), verify); err != nil {
		t.Errorf("Verify after two hops: %v", err)
	}
}

// The metadata that v1.1 sent in StateInfo is an unknown field today, and the message must still decode.
func TestStateInfoOfVersion11Decodes(t *testing.T) {
	payload := fromHex(t, "18 05  7a 07  0a 02 de ad  1a 01 01")
	m, err := (&Envelope{Payload: payload}).ToGossipMessage()
	if err != nil {
		t.Fatal(err)
	}
	if got := m.GetStateInfo(); !bytes.Equal(got.GetPkiId(), []byte{1}) || len(got.ProtoReflect().GetUnknown()) != 4 {
		t.Errorf("decoded as %v with unknown % x", got, got.ProtoReflect().GetUnknown())
	}
}

func TestMalformedEnvelopesAreErrors(t *testing.T) {
	tests := map[string]*Envelope{
		"nil":                       nil,
		"a length beyond the end":   {Payload: []byte{0x72, 0x05, 0x0a}},
		"half a varint":             {Payload: []byte{0x08, 0x80}},
		"field number 0":            {Payload: []byte{0x00, 0x01}},
		"a string that isn't UTF-8": {Payload: []byte{0xb2, 0x01, 0x03, 0x0a, 0x01, 0xff}},
		"text":                      {Payload: []byte("hello, world")},
	}
	for name, e := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := e.ToGossipMessage()
			if m != nil || !errors.Is(err, ErrMalformedEnvelope) {
				t.Errorf("ToGossipMessage: %v, %v, want an error that is %v", m, err, ErrMalformedEnvelope)
			}
		})
	}
}

// The protobuf library decides by build whether it writes a no-break space; this error has one for certain.
func TestErrorTextIsTheSameInEveryBuild(t *testing.T) {
	noisy := errors.New("proto:\u00a0cannot parse")
	err := stableError{noisy}
	if got, want := err.Error(), "proto: cannot parse"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if !errors.Is(err, noisy) {
		t.Error("the original error is lost")
	}

	_, decoding := (&Envelope{Payload: []byte{0x08, 0x80}}).ToGossipMessage()
	_, encoding := (&GossipMessage{Content: &GossipMessage_Ack{Ack: &Acknowledgement{Error: "\xff"}}}).NoopSign()
	secret := (&Envelope{}).SignSecret(newAuthor(1).sign, secretOf("\xff"))
	for _, err := range []error{decoding, encoding, secret} {
		if !errors.As(err, new(stableError)) {
			t.Errorf("%v does not pass through stableError", err)
		}
	}
}

func TestEmptyPayloadIsAMessageWithoutContent(t *testing.T) {
	m, err := (&Envelope{}).ToGossipMessage()
	if err != nil {
		t.Fatal(err)
	}
	if m.ContentName() != "" || m.GetContent() != nil {
		t.Errorf("content %q", m.ContentName())
	}
}

// FAB-16292: other organisations see no secret, and asking for the endpoint in it crashed.
func TestInternalEndpointOfNoSecretIsEmpty(t *testing.T) {
	tests := map[string]*SecretEnvelope{
		"nil":            nil,
		"empty":          {},
		"undecodable":    {Payload: []byte{0x0a, 0x7f}},
		"another secret": {Payload: []byte{0x12, 0x01, 0x61}},
	}
	for name, s := range tests {
		if got := s.InternalEndpoint(); got != "" {
			t.Errorf("%s: %q, want nothing", name, got)
		}
	}
}

func TestStringTellsKindTagAndSizesAndNoContent(t *testing.T) {
	m := alive(t, newAuthor(1))
	m.Nonce = 9
	unsigned, err := (&GossipMessage{Content: &GossipMessage_Ack{Ack: &Acknowledgement{Error: "confidential"}}}).NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		message *SignedGossipMessage
		want    string
	}{
		{nil, "no message"},
		{&SignedGossipMessage{}, "no gossip message, no envelope"},
		{&SignedGossipMessage{GossipMessage: &GossipMessage{}}, "no content, tag UNDEFINED, nonce 0, no envelope"},
		{m, "alive_msg, tag EMPTY, nonce 9, payload 34 bytes, signature 64 bytes, secret 15+64 bytes"},
		{unsigned, "ack, tag UNDEFINED, nonce 0, payload 17 bytes, signature 0 bytes"},
	}
	for _, tt := range tests {
		got := tt.message.String()
		if got != tt.want {
			t.Errorf("String() = %q, want %q", got, tt.want)
		}
		if strings.Contains(got, "confidential") {
			t.Errorf("String() shows the content: %q", got)
		}
	}
}
