package proto

// A signature covers bytes, not values: encode the same message twice, with two versions of a library or with fields that one of
// them does not know, and the bytes may differ. So a message is encoded once, by its author, and from then on those very bytes
// travel, in an Envelope, over any number of hops. But code wants fields. This file keeps the two together: SignedGossipMessage is
// a GossipMessage for reading and the Envelope for sending and verifying. Sign makes the second from the first, ToGossipMessage
// the first from the second, and Verify looks at bytes only.
//
// comm signs one kind of message itself, ConnEstablish, and sends everything of its own (acks, responses) with NoopSign. All other
// signatures are made and verified by the layers above it.

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
)

var (
	// ErrMalformedEnvelope is wrapped by the error of ToGossipMessage: there was no envelope, or what it holds is no GossipMessage.
	ErrMalformedEnvelope = errors.New("malformed envelope")

	// ErrNotSigned is wrapped by the error of Verify if the envelope, or the secret in it, lacks what could be verified at all: a
	// payload and a signature. A signature that is there and wrong gives the Verifier's error instead.
	ErrNotSigned = errors.New("not signed")

	// ErrNoMessage is wrapped by the error of Sign and NoopSign if there is no GossipMessage to sign. Without this check a nil
	// message would be encoded as zero bytes and arrive as a valid message without content.
	ErrNoMessage = errors.New("no gossip message")
)

// Signer signs msg with the private key of this peer and returns the signature. It must not keep or change msg.
type Signer func(msg []byte) ([]byte, error)

// Verifier returns nil if signature is a valid signature of message under peerIdentity, a serialized identity; else an error that
// says what is wrong. It must not keep or change its arguments.
type Verifier func(peerIdentity, signature, message []byte) error

// SignedGossipMessage is a message in both of its forms: the fields, for reading, and the envelope that they came or will go in.
//
// The two agree after Sign and after ToGossipMessage. Nothing keeps them in agreement: who changes a field afterwards must sign
// anew, or the envelope will still say the old thing. Treat a message that has been sent or received as read-only; subscribers
// share it.
//
// It is deliberately not a protobuf message (both halves have the methods, so neither is promoted): what is sent is always the
// Envelope. Methods of the halves that do not collide are promoted, as in m.GetNonce(), m.IsAck(), m.GetPayload().
type SignedGossipMessage struct {
	*Envelope
	*GossipMessage
}

// Sign encodes the GossipMessage, has signer sign the encoded bytes, and makes the result the new Envelope, which it also returns.
// A SecretEnvelope that the old Envelope had is carried over unchanged: it has a signature of its own (see SignSecret), and the new
// signature covers the payload only. The GossipMessage itself is not changed.
//
// If encoding or signing fails, the Envelope is nil afterwards, so that nobody sends the outdated one. An empty signature is not an
// error: that is how NoopSign works.
func (m *SignedGossipMessage) Sign(signer Signer) (*Envelope, error) {
	secret := m.Envelope.GetSecretEnvelope()
	m.Envelope = nil
	if m.GossipMessage == nil {
		return nil, fmt.Errorf("signing: %w", ErrNoMessage)
	}
	payload, err := proto.Marshal(m.GossipMessage)
	if err != nil {
		return nil, fmt.Errorf("encoding a gossip message: %w", stableError{err})
	}
	signature, err := signer(payload)
	if err != nil {
		return nil, fmt.Errorf("signing a gossip message: %w", err)
	}
	m.Envelope = &Envelope{Payload: payload, Signature: signature, SecretEnvelope: secret}
	return m.Envelope, nil
}

// NoopSign puts the message into an envelope without signing it, for messages whose authenticity does not rest on their author's
// signature: acks, responses, pulls, blocks. The receiver still knows who SENT it, from the handshake of the connection.
//
// The result shares the GossipMessage m and has an envelope of its own. As a promoted method of a SignedGossipMessage it therefore
// leaves that one's signature and secret behind; they do not pass to the result.
func (m *GossipMessage) NoopSign() (*SignedGossipMessage, error) {
	signed := &SignedGossipMessage{GossipMessage: m}
	if _, err := signed.Sign(func([]byte) ([]byte, error) { return nil, nil }); err != nil {
		return nil, err
	}
	return signed, nil
}

// Verify returns nil if the envelope's payload is signed by peerIdentity, as verify judges, and if so is its secret, should one be
// attached. It says nothing of the GossipMessage beside the envelope, in case somebody has changed that since it was decoded.
//
// The error wraps ErrNotSigned if something to verify is missing, and else the error of verify. Since the outer signature does not
// cover the secret, a secret can be taken away unnoticed (which is meant: see SecretEnvelope in message.proto) or replaced by
// another one that the same author has signed (which is not, but is the price).
func (m *SignedGossipMessage) Verify(peerIdentity []byte, verify Verifier) error {
	if m.Envelope == nil {
		return fmt.Errorf("%w: missing envelope", ErrNotSigned)
	}
	if err := verifyPart(m.Payload, m.Signature, peerIdentity, verify); err != nil {
		return fmt.Errorf("verifying an envelope: %w", err)
	}
	// An attached but empty SecretEnvelope is refused rather than ignored: discovery would take it for a peer that has a secret.
	if secret := m.SecretEnvelope; secret != nil {
		if err := verifyPart(secret.Payload, secret.Signature, peerIdentity, verify); err != nil {
			return fmt.Errorf("verifying a secret envelope: %w", err)
		}
	}
	return nil
}

// verifyPart verifies one payload with its signature. The Verifier never sees an empty one: what a crypto library makes of an empty
// signature should not decide whether a peer gets in.
func verifyPart(payload, signature, peerIdentity []byte, verify Verifier) error {
	if len(payload) == 0 {
		return fmt.Errorf("%w: empty payload", ErrNotSigned)
	}
	if len(signature) == 0 {
		return fmt.Errorf("%w: empty signature", ErrNotSigned)
	}
	return verify(peerIdentity, signature, payload)
}

// IsSigned reports whether there is an envelope with a payload and a signature, so that Verify has something to look at. It does
// not say that the signature is valid.
func (m *SignedGossipMessage) IsSigned() bool {
	return len(m.Envelope.GetPayload()) > 0 && len(m.Envelope.GetSignature()) > 0
}

// String describes the message in one line for a log: what kind, how tagged, how large, signed or not. It shows nothing of the
// content, which may be private data, and it is stable, unlike the text form of protobuf messages. It is safe on nil halves.
func (m *SignedGossipMessage) String() string {
	if m == nil {
		return "no message"
	}
	var b strings.Builder
	if m.GossipMessage == nil {
		b.WriteString("no gossip message")
	} else {
		content := m.ContentName()
		if content == "" {
			content = "no content"
		}
		fmt.Fprintf(&b, "%s, tag %v, nonce %d", content, m.Tag, m.Nonce)
	}
	if m.Envelope == nil {
		b.WriteString(", no envelope")
		return b.String()
	}
	fmt.Fprintf(&b, ", payload %d bytes, signature %d bytes", len(m.Payload), len(m.Signature))
	if m.SecretEnvelope != nil {
		fmt.Fprintf(&b, ", secret %d+%d bytes", len(m.SecretEnvelope.Payload), len(m.SecretEnvelope.Signature))
	}
	return b.String()
}

// ToGossipMessage decodes the payload and returns the message together with e itself, so that it can be verified or passed on as it
// came. Neither a signature nor a content is required. The error wraps ErrMalformedEnvelope: e is nil, or its payload is not an
// encoded GossipMessage. The message is nil exactly if there is an error.
//
// comm calls it for everything it receives; the bytes are a stranger's until the handshake is done, and arbitrary ones must do no
// harm here (there is a fuzz target).
func (e *Envelope) ToGossipMessage() (*SignedGossipMessage, error) {
	if e == nil {
		return nil, fmt.Errorf("%w: it is nil", ErrMalformedEnvelope)
	}
	msg := &GossipMessage{}
	if err := proto.Unmarshal(e.Payload, msg); err != nil {
		return nil, fmt.Errorf("%w: decoding a payload of %d bytes: %w", ErrMalformedEnvelope, len(e.Payload), stableError{err})
	}
	return &SignedGossipMessage{Envelope: e, GossipMessage: msg}, nil
}

// SignSecret encodes secret, has signer sign the encoded bytes, and attaches both to e, in place of any earlier secret. The signer
// must be the one that signed e, as Verify accepts one identity for both. After an error e is as it was.
func (e *Envelope) SignSecret(signer Signer, secret *Secret) error {
	payload, err := proto.Marshal(secret)
	if err != nil {
		return fmt.Errorf("encoding a secret: %w", stableError{err})
	}
	signature, err := signer(payload)
	if err != nil {
		return fmt.Errorf("signing a secret: %w", err)
	}
	e.SecretEnvelope = &SecretEnvelope{Payload: payload, Signature: signature}
	return nil
}

// InternalEndpoint returns the internal endpoint that the secret holds, or "" if s is nil, undecodable, or holds none. A nil s is
// the ordinary case, not an error: it is what other organisations get to see, and Fabric crashed on it once (FAB-16292).
//
// It does not verify: call it on envelopes that have passed Verify.
func (s *SecretEnvelope) InternalEndpoint() string {
	secret := &Secret{}
	if err := proto.Unmarshal(s.GetPayload(), secret); err != nil {
		return ""
	}
	return secret.GetInternalEndpoint()
}

// stableError is an error of the protobuf library with a text that can be relied upon. The library writes some of its spaces as
// no-break spaces, in one build and not in the next, to keep people from comparing its texts. Ours end up in transcripts that are
// compared and in the status that a remote peer reads.
type stableError struct {
	err error
}

func (e stableError) Error() string { return strings.ReplaceAll(e.err.Error(), "\u00a0", " ") }

func (e stableError) Unwrap() error { return e.err }
