package hexview

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/wire"
	"gossipscope/proto"
)

// origin says why a message is the one that is shown.
type origin int

const (
	nothing    origin = iota // there is none
	ping                     // a Ping, which has no bytes
	unrecorded               // the selected one, of which nothing is known
	selected                 // the reader has selected it
	current                  // the event that is shown carries it
	earlier                  // an event before did, and none since
)

// message is a message to be shown, with whose it is.
type message struct {
	origin   origin
	envelope *proto.Envelope
	step     trace.Step // at which it is; "" if it was selected
	failed   bool       // the step has failed
	peer     string     // who tells of it
	out      bool       // whether that peer sent it
	conn     *timeline.Connection
}

// farthestBack bounds how far the latest message is looked for.
const farthestBack = 4096

// find returns the message to be shown: the one that is selected, that of the event, or the latest before.
func find(s *scene.Scene) message {
	if s.Selected.Kind == scene.SelectMessage {
		if m := s.Message(); m != nil && m.Envelope != nil {
			key := s.Selected.Conn
			return message{origin: selected, envelope: m.Envelope, peer: key.Peer, out: s.Selected.Out, conn: s.State.Connection(key)}
		}
		return message{origin: unrecorded}
	}
	if e := s.Event; e != nil && e.Step != nil {
		switch e.Step.Step {
		case trace.PingSend, trace.PingServed, trace.PingAnswered:
			return message{origin: ping, step: e.Step.Step, peer: e.Peer}
		}
	}
	at := min(s.At, len(s.Events))
	for i := at - 1; i >= max(at-farthestBack, 0); i-- {
		e := &s.Events[i]
		if e.Step == nil || e.Step.Envelope == nil {
			continue
		}
		m := message{
			origin: earlier, envelope: e.Step.Envelope, step: e.Step.Step, failed: e.Step.Err != nil,
			peer: e.Peer, out: outgoing(e.Step), conn: s.ConnectionOf(e),
		}
		if s.Event != nil && e.N == s.Event.N {
			m.origin = current
		}
		return m
	}
	return message{}
}

// outgoing reports whether the peer at whose step a message is has sent it.
func outgoing(e *trace.Event) bool {
	switch e.Step {
	case trace.AuthSend, trace.AuthSent, trace.ConnEnqueue, trace.ConnWrite, trace.ConnWritten,
		trace.AckSubscribe, trace.AckRespond, trace.AckResult, trace.AckDone:
		return true
	case trace.ConnDrop:
		return e.Queue.Name == "outBuff"
	}
	return false
}

// fieldOf is the field that a step is about.
var fieldOf = map[trace.Step]string{
	trace.AuthDecode:    "Envelope/payload",
	trace.AuthType:      "Envelope/payload/conn",
	trace.AuthPKIID:     "Envelope/payload/conn/pki_id",
	trace.AuthIdentity:  "Envelope/payload/conn/identity",
	trace.AuthCertHash:  "Envelope/payload/conn/tls_cert_hash",
	trace.AuthSignature: "Envelope/signature",
	trace.AckSubscribe:  "Envelope/payload/nonce",
	trace.AckPublish:    "Envelope/payload/nonce",
}

// content returns the field that says what kind of message it is, nil if there is none.
func content(t *wire.Tree) *wire.Node {
	payload := t.Find("payload")
	if payload == nil {
		return nil
	}
	for i := len(payload.Children) - 1; i >= 0; i-- {
		if n := payload.Children[i]; n.Kind == wire.Field && n.Holds != "" && !n.Overruled {
			return n
		}
	}
	return nil
}

// kindOf returns the kind by which pictures tell the message.
func kindOf(t *wire.Tree) timeline.MessageKind {
	n := content(t)
	switch {
	case n == nil && len(t.Faults) > 0:
		return timeline.UnreadableMessage
	case n == nil:
		return timeline.DataMessage
	case n.Holds == "ConnEstablish":
		return timeline.HandshakeMessage
	case n.Holds == "Acknowledgement":
		return timeline.AckMessage
	}
	return timeline.DataMessage
}
