package comm

// msg.go is what a subscriber gets: a message together with the connection that brought it, so that it can be answered the way it
// came. It is the only thing that leaves the layer with a connection inside.

import (
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// ReceivedMessageImpl implements proto.ReceivedMessage. All subscribers that want a message share one; it is safe for concurrent use
// as long as nobody changes the message in it.
type ReceivedMessageImpl struct {
	*proto.SignedGossipMessage

	conn     *connection
	connInfo *proto.ConnectionInfo
}

// GetSourceEnvelope implements proto.ReceivedMessage.
func (m *ReceivedMessageImpl) GetSourceEnvelope() *proto.Envelope {
	return m.Envelope
}

// GetGossipMessage implements proto.ReceivedMessage.
func (m *ReceivedMessageImpl) GetGossipMessage() *proto.SignedGossipMessage {
	return m.SignedGossipMessage
}

// GetConnectionInfo implements proto.ReceivedMessage.
func (m *ReceivedMessageImpl) GetConnectionInfo() *proto.ConnectionInfo {
	return m.connInfo
}

// Respond implements proto.ReceivedMessage. It waits for room in the send queue, for at most a connection timeout: a subscriber that
// answers from its reading loop, to a peer that does the same, would otherwise wait for ever. Then the answer is dropped.
//
// The wait is bound to the life of the instance and not to that of the connection, whose end connection.send sees for itself: if the
// connection has given way to another, that one takes the answer.
func (m *ReceivedMessageImpl) Respond(msg *proto.GossipMessage) {
	signed, err := msg.NoopSign()
	if err != nil {
		m.conn.logger.Error("cannot encode an answer", "error", err)
		return
	}
	ctx, cancel := util.WithTimeout(m.conn.life, m.conn.conf.AfterFunc, m.conn.conf.ConnTimeout, errQueueFull)
	defer cancel()
	m.conn.trace.Report(trace.AckRespond, trace.Event{Peer: m.conn.pkiID, Envelope: signed.Envelope})
	m.conn.send(ctx, &msgSending{envelope: signed.Envelope}, blockingSend)
}

// Ack implements proto.ReceivedMessage: an answer with the nonce of the message, by which the sender knows it.
func (m *ReceivedMessageImpl) Ack(err error) {
	ack := &proto.Acknowledgement{}
	if err != nil {
		ack.Error = err.Error()
	}
	m.Respond(&proto.GossipMessage{Nonce: m.Nonce, Content: &proto.GossipMessage_Ack{Ack: ack}})
}
