package spacetime

// A session written by hand: what the lessons do, in an order that is the same every time, as kept pictures need it.

import (
	"errors"
	"time"

	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

type script struct {
	events []timeline.Event
	clock  time.Duration
}

func (s *script) add(e timeline.Event) {
	s.clock += 400 * time.Microsecond
	e.N, e.At = uint64(len(s.events))+1, s.clock
	s.events = append(s.events, e)
}

func (s *script) born(name, organisation string) {
	s.add(timeline.Event{Kind: timeline.KindBirth, Peer: name, Birth: &timeline.Birth{Name: name, Organisation: organisation,
		PKIID: []byte(name), Endpoint: endpoint(name)}})
}

func (s *script) link(change string) {
	s.add(timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{Name: "A→B#1", Change: change, Dialer: port, Listener: endpoint("B")}})
}

func (s *script) act(peer, verb, target, detail string) {
	s.add(timeline.Event{Kind: timeline.KindAct, Peer: peer, Act: &timeline.Act{Verb: verb, Target: target, Detail: detail}})
}

func (s *script) say(kind timeline.Kind, zh, en string) {
	words := text.Text{Zh: zh, En: en}
	e := timeline.Event{Kind: kind, Text: &words}
	if kind == timeline.KindPromise {
		e.Text, e.Promise = nil, &timeline.Promise{Text: words, Kept: true}
	}
	s.add(e)
}

// tell adds a step of A's end of the connection, or of B's.
func (s *script) tell(peer string, step trace.Step, e trace.Event) {
	info, known := trace.Lookup(step)
	if !known {
		panic("no such step: " + string(step))
	}
	e.Object = map[string]trace.Object{
		"A": {Kind: trace.Connection, ID: 1, Role: trace.Initiator, Purpose: trace.ForMessages, Endpoint: endpoint("B")},
		"B": {Kind: trace.Connection, ID: 1, Role: trace.Acceptor, Purpose: trace.ForMessages, Endpoint: port},
	}[peer]
	if step == trace.PingServed {
		e.Object = trace.Object{Kind: trace.Instance, ID: 1}
	}
	e.Step, e.Gate, e.Seq = step, info.Gate, uint64(len(s.events))+1
	s.add(timeline.Event{Kind: timeline.KindStep, Peer: peer, Step: &e})
}

const port = "10.0.0.1:40001"

func endpoint(name string) string { return "10.0.0." + string('1'+rune(name[0]-'A')) + ":7051" }

func envelope(m *proto.GossipMessage, signature string) *proto.Envelope {
	payload, err := protobuf.Marshal(m)
	if err != nil {
		panic(err)
	}
	return &proto.Envelope{Payload: payload, Signature: []byte(signature)}
}

func hello(who string) *proto.Envelope {
	return envelope(&proto.GossipMessage{Content: &proto.GossipMessage_Conn{Conn: &proto.ConnEstablish{PkiId: []byte(who)}}}, who)
}

func data(nonce uint64, payload string) *proto.Envelope {
	return envelope(&proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_DataMsg{
		DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte(payload)}}}}, "")
}

func ack(nonce uint64) *proto.Envelope {
	return envelope(&proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{}}}, "")
}

func outBuff(n int) trace.Queue { return trace.Queue{Name: "outBuff", Len: n, Cap: 20} }

// story is a session from the first dial to a line that is cut.
func story() []timeline.Event {
	s := new(script)
	s.say(timeline.KindTitle, "一条消息要走的路", "The way of a message")
	s.born("A", "Org1")
	s.born("B", "Org2")
	s.say(timeline.KindSay, "A 要给 B 发一条消息。", "A wants to send B a message.")
	s.dial()
	s.shake()
	s.send(2, data(7, "hello"))
	s.acknowledge(ack(7))
	s.clock += 2 * time.Second
	s.losses()
	s.born("C", "Org1")
	s.add(timeline.Event{Kind: timeline.KindDeath, Peer: "B", Death: &timeline.Death{Cause: "stopped"}})
	s.say(timeline.KindPromise, "丢了两条，每一条都知道为什么。", "Two are lost, and of each it is known why.")
	return s.events
}

func (s *script) dial() {
	s.act("A", "send", "B", "hello")
	s.tell("A", trace.ConnEnqueue, trace.Event{Envelope: data(7, "hello"), Queue: outBuff(1)})
	s.tell("A", trace.DialStart, trace.Event{})
	s.tell("A", trace.PingSend, trace.Event{})
	s.link(timeline.LinkOpen)
	s.tell("B", trace.PingServed, trace.Event{Local: endpoint("B"), Remote: port})
	s.tell("A", trace.PingAnswered, trace.Event{Local: port, Remote: endpoint("B")})
	s.tell("A", trace.StreamOpen, trace.Event{})
	s.tell("A", trace.StreamOpened, trace.Event{Local: port, Remote: endpoint("B")})
	s.tell("B", trace.StreamArrived, trace.Event{Local: endpoint("B"), Remote: port})
}

func (s *script) shake() {
	s.tell("A", trace.AuthSend, trace.Event{Number: 1, Envelope: hello("A")})
	s.tell("A", trace.AuthSent, trace.Event{Number: 1, Envelope: hello("A")})
	s.tell("A", trace.AuthRead, trace.Event{})
	s.tell("B", trace.AuthReceived, trace.Event{Number: 1, Envelope: hello("A")})
	for _, check := range []trace.Step{trace.AuthDecode, trace.AuthIdentity, trace.AuthCertHash, trace.AuthSignature} {
		s.tell("B", check, trace.Event{})
	}
	s.tell("B", trace.AuthSend, trace.Event{Number: 1, Envelope: hello("B")})
	s.tell("B", trace.AuthSent, trace.Event{Number: 1, Envelope: hello("B")})
	s.tell("B", trace.ConnServe, trace.Event{})
	s.tell("A", trace.AuthReceived, trace.Event{Number: 1, Envelope: hello("B")})
	s.tell("A", trace.ConnServe, trace.Event{})
}

func (s *script) write(number uint64, m *proto.Envelope) {
	s.tell("A", trace.ConnWrite, trace.Event{Number: number, Envelope: m, Queue: outBuff(0)})
	s.tell("A", trace.ConnWritten, trace.Event{Number: number, Envelope: m, Queue: outBuff(0)})
}

func (s *script) send(number uint64, m *proto.Envelope) {
	s.write(number, m)
	s.tell("A", trace.ConnRead, trace.Event{})
	s.tell("B", trace.ConnReceived, trace.Event{Number: number, Envelope: m})
	s.tell("B", trace.ConnQueued, trace.Event{Number: number, Envelope: m, Queue: trace.Queue{Name: "msgChan", Len: 1, Cap: 20}})
	s.tell("B", trace.ConnHandle, trace.Event{Envelope: m})
}

func (s *script) acknowledge(m *proto.Envelope) {
	s.tell("B", trace.AckRespond, trace.Event{Envelope: m})
	s.tell("B", trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
	s.tell("B", trace.ConnWrite, trace.Event{Number: 2, Envelope: m, Queue: outBuff(0)})
	s.tell("B", trace.ConnWritten, trace.Event{Number: 2, Envelope: m, Queue: outBuff(0)})
	s.tell("A", trace.ConnReceived, trace.Event{Number: 2, Envelope: m})
	s.tell("A", trace.AckPublish, trace.Event{Envelope: m})
}

func (s *script) losses() {
	s.tell("A", trace.ConnDrop, trace.Event{Envelope: data(0, "no room"), Queue: outBuff(20), Err: errors.New("the send queue is full")})
	s.tell("A", trace.ConnEnqueue, trace.Event{Envelope: data(0, "too late"), Queue: outBuff(1)})
	s.write(3, data(0, "too late"))
	s.link(timeline.LinkCut)
	s.tell("B", trace.ConnReceived, trace.Event{Number: 3, Err: errors.New("connection reset by peer")})
	s.tell("B", trace.ConnReaderEnd, trace.Event{})
}
