package proto

// Every message carries a tag that says how far it may travel: to anybody, within the organisation, within the channel. comm obeys
// no tag. It moves what it is given to whom it is told, and the layer above decides to whom (in Fabric gossip.Node, which calls
// IsTagLegal for everything that comm delivers). The rules are here because they belong to the messages: whoever adds a kind of
// message must say how far it may travel. Two kinds never meet the rules: acks, which comm keeps to itself, and private data,
// which is taken out before.

import (
	"errors"
	"fmt"
)

// ErrIllegalTag is wrapped by every error of IsTagLegal.
var ErrIllegalTag = errors.New("illegal tag")

// ContentName returns the name that message.proto gives to the content of the message, as "conn" or "state_info", or "" if it has
// none: a newer peer may have sent a kind of message that we do not know. It is safe on nil.
func (m *GossipMessage) ContentName() string {
	r := m.ProtoReflect()
	field := r.WhichOneof(r.Descriptor().Oneofs().ByName("content"))
	if field == nil {
		return ""
	}
	return string(field.Name())
}

// IsAck reports whether the message acknowledges another one. comm routes acks to the SendWithAck that waits for them and shows
// them to no subscriber.
func (m *GossipMessage) IsAck() bool {
	_, ok := m.GetContent().(*GossipMessage_Ack)
	return ok
}

// IsAliveMsg reports whether the message is a heartbeat.
func (m *GossipMessage) IsAliveMsg() bool {
	_, ok := m.GetContent().(*GossipMessage_AliveMsg)
	return ok
}

// IsDataMsg reports whether the message carries a block.
func (m *GossipMessage) IsDataMsg() bool {
	_, ok := m.GetContent().(*GossipMessage_DataMsg)
	return ok
}

// IsPullMsg reports whether the message is one of the four of a pull: hello, digest, request, update.
func (m *GossipMessage) IsPullMsg() bool {
	switch m.GetContent().(type) {
	case *GossipMessage_Hello, *GossipMessage_DataDig, *GossipMessage_DataReq, *GossipMessage_DataUpdate:
		return true
	default:
		return false
	}
}

// GetPullMsgType returns what is pulled, or PullMsgType_UNDEFINED if the message is not part of a pull.
func (m *GossipMessage) GetPullMsgType() PullMsgType {
	switch content := m.GetContent().(type) {
	case *GossipMessage_Hello:
		return content.Hello.GetMsgType()
	case *GossipMessage_DataDig:
		return content.DataDig.GetMsgType()
	case *GossipMessage_DataReq:
		return content.DataReq.GetMsgType()
	case *GossipMessage_DataUpdate:
		return content.DataUpdate.GetMsgType()
	default:
		return PullMsgType_UNDEFINED
	}
}

// IsChannelRestricted reports whether being in the channel matters for who may have the message: with CHAN_OR_ORG it is one of two
// ways in, with the others a condition.
func (m *GossipMessage) IsChannelRestricted() bool {
	switch m.GetTag() {
	case GossipMessage_CHAN_AND_ORG, GossipMessage_CHAN_ONLY, GossipMessage_CHAN_OR_ORG:
		return true
	default:
		return false
	}
}

// IsOrgRestricted reports whether the message must not leave the author's organisation. CHAN_OR_ORG may: to peers of the channel.
func (m *GossipMessage) IsOrgRestricted() bool {
	switch m.GetTag() {
	case GossipMessage_CHAN_AND_ORG, GossipMessage_ORG_ONLY:
		return true
	default:
		return false
	}
}

// IsTagLegal returns nil if the message has the tag that its kind must have, else an error that wraps ErrIllegalTag and says what
// was expected. No kind may be left undefined, and kinds without a rule (a handshake, an ack, private data, no content at all) are
// refused whatever their tag: what nobody has thought about must not be forwarded. comm does not call it.
func (m *GossipMessage) IsTagLegal() error {
	want, err := m.requiredTag()
	if err != nil {
		return err
	}
	if m.GetTag() != want {
		return fmt.Errorf("%w: a message with content %q must have tag %v and has %v", ErrIllegalTag, m.ContentName(), want, m.GetTag())
	}
	return nil
}

// requiredTag returns the one tag that is legal for this kind of message.
func (m *GossipMessage) requiredTag() (GossipMessage_Tag, error) {
	switch m.GetContent().(type) {
	case *GossipMessage_DataMsg, *GossipMessage_LeadershipMsg:
		return GossipMessage_CHAN_AND_ORG, nil
	case *GossipMessage_AliveMsg, *GossipMessage_MemReq, *GossipMessage_MemRes:
		return GossipMessage_EMPTY, nil
	case *GossipMessage_PeerIdentity:
		return GossipMessage_ORG_ONLY, nil
	case *GossipMessage_StateInfo, *GossipMessage_StateSnapshot, *GossipMessage_StateInfoPullReq,
		*GossipMessage_StateRequest, *GossipMessage_StateResponse:
		return GossipMessage_CHAN_OR_ORG, nil
	case *GossipMessage_Hello, *GossipMessage_DataDig, *GossipMessage_DataReq, *GossipMessage_DataUpdate:
		return m.requiredPullTag()
	default:
		return GossipMessage_UNDEFINED, fmt.Errorf("%w: unknown type: no rule for a message with content %q", ErrIllegalTag, m.ContentName())
	}
}

// requiredPullTag is requiredTag for the messages of a pull: blocks belong to a channel and an organisation, identities to
// everyone.
func (m *GossipMessage) requiredPullTag() (GossipMessage_Tag, error) {
	switch pulled := m.GetPullMsgType(); pulled {
	case PullMsgType_BLOCK_MSG:
		return GossipMessage_CHAN_AND_ORG, nil
	case PullMsgType_IDENTITY_MSG:
		return GossipMessage_EMPTY, nil
	default:
		return GossipMessage_UNDEFINED, fmt.Errorf("%w: no rule for a pull of %v", ErrIllegalTag, pulled)
	}
}
