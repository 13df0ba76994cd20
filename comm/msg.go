package comm

// msg.go is what a subscriber gets: a message together with the connection that brought it, so that it can be answered the way it
// came. It is the only thing that leaves the layer with a connection inside.

import (
	"gossipscope/comm/trace"
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

// Respond implements proto.ReceivedMessage. If the send queue is full it waits for room, for at most a connection timeout
// (connection.waitForRoom), and then the answer is dropped.
func (m *ReceivedMessageImpl) Respond(msg *proto.GossipMessage) {
	signed, err := msg.NoopSign()
	if err != nil {
		m.conn.logger.Error("cannot encode an answer", "error", err)
		return
	}
	m.conn.trace.Report(trace.AckRespond, trace.Event{Peer: m.conn.pkiID, Envelope: signed.Envelope})
	m.conn.send(&msgSending{envelope: signed.Envelope}, blockingSend)
}

// Ack implements proto.ReceivedMessage: an answer with the nonce of the message, by which the sender knows it.
func (m *ReceivedMessageImpl) Ack(err error) {
	ack := &proto.Acknowledgement{}
	if err != nil {
		ack.Error = err.Error()
	}
	m.Respond(&proto.GossipMessage{Nonce: m.Nonce, Content: &proto.GossipMessage_Ack{Ack: ack}})
}
