package walkthroughs

import (
	"fmt"
	"slices"
	"strings"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// send is lesson 3. To step through it: dlv test ./walkthroughs -- -test.run TestAMessageGoesOut, with two breakpoints.
//
// comm.(*connection).send is the first stage, and runs on the goroutine that called Send: "stack" shows the lesson itself further down.
// Look at `len(conn.outBuff)`, `cap(conn.outBuff)` and `shouldBlock`. Send does not wait for room: `m` goes into the queue (`conn.offer`) or
// is dropped with `errQueueFull`. In the chapter about the full queue `conn.dropped` counts what is dropped.
//
// comm.(*connection).write is the second stage, on the writer's goroutine: `m` is what it has taken out of the queue, `number` its place on
// the stream, `len(conn.outBuff)` what waits behind it. "goroutines" shows who else is there: one reader, writer and service for each end.
var send = Lesson{
	Number: 3,
	Slug:   "send",
	Title:  text.Text{Zh: "一条消息怎样发出去", En: "How a message gets out"},
	Learn: text.Text{
		Zh: "conn.send 把消息放进了哪个 channel？是谁、在哪个 goroutine 里把它写到网络上？Send 返回了，究竟说明了什么？",
		En: "Into which channel does conn.send put a message? Who writes it to the network, and on which goroutine? And when Send has returned, what do you know?",
	},
	Minutes: 2,
	About: []trace.Step{
		trace.ConnEnqueue, trace.ConnDrop, trace.ConnWrite, trace.ConnWritten,
	},
	tell: tellSend,
}

// sendQueue is the capacity of A's send queue in lesson 3: as many messages as chapter 1 sends.
const sendQueue = 3

func tellSend(s *story) {
	s.say("一条消息从 A 到 B 要走三段路：先由调用者放进连接的 outBuff；再由 writer 从 outBuff 取出来，写到流上；最后由 gRPC 送过线路。每一段各有人管，也都可能走不下去。这一课在每一段上停一次，看看消息走到了哪里。",
		"A message goes from A to B in three stages: its caller puts it into the outBuff of the connection, the writer takes it out and writes it to the stream, and gRPC carries it over the line. "+
			"Each stage is in other hands, and in each the message can get stuck. This lesson stops once in every stage to see how far it has come.")
	s.say("conn.send 把消息放进的那个 channel，就是 outBuff。每个连接有自己的一个，容量默认是 20；这里把 A 的改成 3，好让它容易装满。B 上没有人订阅消息，所以消息到了 B 就算走到头；到了以后的事，第 4 课再讲。",
		"outBuff is the channel that conn.send puts messages into. Every connection has its own, with room for 20 messages by default; here A's have room for 3, so that they fill quickly. "+
			"Nobody has subscribed at B, so B is as far as a message gets; what happens beyond is the subject of lesson 4.")
	a := s.peer("A", comm.Config{SendBuffSize: sendQueue})
	b := s.peer("B", comm.Config{})

	sendWhileDialling(s, a, b)
	writer := sendToWriter(s, a, b)
	sendTooMuch(s, a, b, writer)
	sendIntoSilence(s, a, b)
}

// sendWhileDialling: the queue is there before the connection is, and keeps the order.
func sendWhileDialling(s *story, a, b *lab.Peer) {
	s.chapter("连接还没有，Send 已经返回", "No connection yet, and Send has returned")
	s.say("A 还没有到 B 的连接，第一次 Send 就会去拨号。我们把拨号的 goroutine 拦在第一步 dial.start，连发三条消息。",
		"A has no connection to B, so the first Send starts a dial. We hold the goroutine that dials at its first step, dial.start, and send three messages.")
	dialler := s.hold("A", trace.DialStart)
	s.sendEach(a, b, "m1", "m2", "m3")
	s.reached(dialler)
	if s.over() {
		return
	}
	out := firstConnection(s.state(), "A")
	s.promise(out.Waiting() == sendQueue && out.OutBuff.Cap == sendQueue && len(written(out)) == 0 && len(s.lines(s.state())) == 0,
		fmt.Sprintf("%d messages in outBuff, %d written, %d lines", out.Waiting(), len(written(out)), len(s.lines(s.state()))),
		"三次 Send 都返回了：三条消息在 outBuff 里排队，一条也没有写出去。这时连线路都还没有。",
		"All three calls of Send have returned: three messages are in outBuff, and none is written. There is not even a line yet.")
	s.say("conn.send 就在调用者自己的 goroutine 里执行：放进 outBuff，返回，如此而已。先调用的排在前面，顺序从这里就定下来了。Fabric 的 Send 却为每条消息另起一个 goroutine，谁先放进去全看调度器，顺序也就保不住了。",
		"conn.send runs on the caller's own goroutine: it puts the message into outBuff and returns, and that is all. Whoever calls first is first in the queue, so the order is settled at this point. "+
			"Fabric's Send starts a goroutine for each message instead; which of them gets there first is up to the scheduler, and the order is lost.")
	s.release(dialler)
	s.untilAtB("m3")
	s.promise(slices.Equal(s.atB(), []string{"m1", "m2", "m3"}), s.atB(),
		"握手完成，writer 才开始工作；三条消息按发送的顺序到了 B。",
		"The writer began when the handshake was done; the three messages have reached B in the order in which they were sent.")
}

// sendToWriter: a message that has left the queue is not on the stream yet. The writer stays held.
func sendToWriter(s *story, a, b *lab.Peer) *lab.Hold {
	s.chapter("进了队列，不等于写出去", "In the queue is not on the stream")
	s.say("往流上写的只有一个 goroutine，就是这个连接的 writer。它现在闲着，等 outBuff 里来消息。我们把它拦在 conn.write：消息已经取出来，还没有交给 gRPC。然后发 m4。",
		"Only one goroutine ever writes to the stream: the writer of this connection. It is idle now, waiting for something in outBuff. We hold it at conn.write, where it has taken a message and not yet given it to gRPC, and send m4.")
	writer := s.hold("A", trace.ConnWrite)
	s.sendEach(a, b, "m4")
	s.reached(writer)
	if s.over() {
		return writer
	}
	m4, out := s.sent("m4"), firstConnection(s.state(), "A")
	s.promise(m4.Place() == timeline.WithWriter && out.Waiting() == 0 && !slices.Contains(s.atB(), "m4"), m4.Place(),
		"Send 早已返回。m4 离开了 outBuff，拿在 writer 手里：没有写到流上，B 当然也没有收到。",
		"Send returned long ago. m4 has left outBuff and is in the writer's hands: it has not been written to the stream, and B has not received it.")
	return writer
}

// sendTooMuch: what does not fit is dropped, and no harm is done to the rest.
func sendTooMuch(s *story, a, b *lab.Peer, writer *lab.Hold) {
	s.chapter("队列满了", "The queue is full")
	s.say("writer 还停在那里，A 接着发 m5 到 m9。outBuff 只放得下三条。",
		"The writer still stands there. A goes on sending, m5 to m9, and outBuff has room for three.")
	s.sendEach(a, b, "m5", "m6", "m7", "m8", "m9")
	if s.over() {
		return
	}
	out := firstConnection(s.state(), "A")
	s.promise(out.Waiting() == sendQueue && out.Drops == 2 && slices.Equal(contents(out.Overflowed()), []string{"m8", "m9"}) && allFor(out.Overflowed(), "the send queue is full"),
		fmt.Sprintf("%d in outBuff, dropped: %v", out.Waiting(), contents(out.Overflowed())),
		"m5、m6、m7 把 outBuff 装满了；m8、m9 放不进去，当场丢弃，每一条都记了数，也记下了原因。",
		"m5, m6 and m7 have filled outBuff. There was no room for m8 and m9: they were given up at once, and each was counted and its reason recorded.")
	s.say("Send 没有返回值：调用者不知道 m8、m9 丢了，也没有为它们停过一下。gossip 宁可丢消息，也不让调用者陪着一个慢节点等；同样的内容，迟早会有别的节点送来。conn.send 也有肯等的时候：SendWithAck 和 Respond 调用它时 shouldBlock 为真，队列满了就在这里等空位，但等多久各有时限。",
		"Send returns nothing: its caller does not know that m8 and m9 are lost, and was not held up by them either. Gossip would rather lose a message than make a caller wait for a slow peer; sooner or later some other peer will deliver the same content. "+
			"There are callers for whom conn.send does wait: SendWithAck and Respond set shouldBlock, and a full queue makes them wait for room, each for a limited time.")
	s.release(writer)
	s.untilAtB("m7")
	s.promise(slices.Equal(s.atB(), []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7"}), s.atB(),
		"放开 writer，m4 到 m7 依次到了 B；m8、m9 没有补发。",
		"With the writer let go, m4 to m7 have reached B in order; m8 and m9 were not sent again.")
	s.promise(stillWell(s.state()), "another connection, or a notice of death",
		"队列满了不算连接出错：连接还是原来那一个，也没有谁被推定死亡。",
		"A full queue is not a failure of the connection: it is still the same one, and nobody is presumed dead.")
	s.say("Fabric 1.0 发布之前不是这样：队列一满就断开连接，还把对方当成死了（FAB-5153）。",
		"It was not always so: before its 1.0 release, Fabric closed the connection when its queue was full, and took the other peer for dead (FAB-5153).")
}

// stillWell reports whether A has made one connection in all, which is in use, and mourns nobody.
func stillWell(st *timeline.State) bool {
	a := st.Peer("A")
	return len(a.Connections) == 1 && a.Connections[0].Stored && !a.Connections[0].Close.Set() && len(a.Notices) == 0
}

// sendIntoSilence: what gRPC has taken may still get lost, and nobody is told.
func sendIntoSilence(s *story, a, b *lab.Peer) {
	s.chapter("写出去了，不等于收到", "Written is not received")
	s.say("writer 往流上写，调用的是 gRPC 的 stream.Send。它返回 nil，只说明 gRPC 收下了这条消息；后面还有 gRPC 自己的缓冲、TLS、内核和线路。我们冻住线路，再发 m10。",
		"The writer writes by calling gRPC's stream.Send. That it returns nil means only that gRPC has accepted the message; gRPC's own buffers, TLS, the kernel and the line still lie ahead. We freeze the line and send m10.")
	s.do(func() error { return s.on("A→B#1", (*lab.Link).Freeze) })
	s.sendEach(a, b, "m10")
	s.until("m10 is written", func(*timeline.State) bool { return s.sent("m10").Reached(timeline.Written) })
	s.say("conn.written 说 m10 写出去了。A 能知道的，到此为止。",
		"conn.written says that m10 was written. That is all A can know.")
	if s.over() {
		return
	}
	s.promise(s.sent("m10").Place() == timeline.OnTheWay && !slices.Contains(s.atB(), "m10"), s.sent("m10").Place(),
		"m10 在路上：A 写出去了，B 没有收到。", "m10 is on its way: A has written it, and B has not received it.")
	s.say("这时候，线路断了。", "And now the line breaks.")
	s.do(func() error { return s.on("A→B#1", (*lab.Link).Cut) })
	s.until("both ends have closed, and A presumes B dead", func(st *timeline.State) bool {
		return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) && len(st.Peer("A").Notices) == 1
	})
	if s.over() {
		return
	}
	m10, drops := s.sent("m10"), firstConnection(s.state(), "A").Drops
	s.promise(!slices.Contains(s.atB(), "m10") && m10.Reached(timeline.Written) && !m10.Drop.Set() && drops == 2,
		fmt.Sprintf("m10: %v, %d drops, at B: %v", m10.Place(), drops, s.atB()),
		"B 没有收到 m10，也不会再收到。A 知道连接断了，推定 B 已死；可是丢弃的计数还是 2，m10 仍然算写成功：交给 gRPC 以后再丢，这一层数不到。",
		"B has not received m10, and never will. A knows that the connection broke, and presumes B dead; yet its count of drops is still 2, and m10 still counts as written: what is lost beyond gRPC, this layer cannot count.")
	s.say("Send 只保证三件事：调用者不用等；顺序不乱；凡是自己丢弃的，都记了数。对方究竟收到没有，只有对方知道。想知道，就得让对方回一声：SendWithAck 就是做这个的，见第 5 课。",
		"So Send promises three things: its caller need not wait, the order is kept, and what it gives up itself is counted. Whether a message was received only the other end knows; to find out, one has to make it answer, which is what SendWithAck does, in lesson 5.")
}

// sendEach has a peer send these messages, one after the other.
func (s *story) sendEach(from, to *lab.Peer, messages ...string) {
	for _, m := range messages {
		s.do(func() error { return from.Send(m, to.Remote()) })
	}
}

// hold keeps every goroutine of a peer that comes to a gate from now on, or those that only says.
func (s *story) hold(peer string, gate trace.Step, only ...func(trace.Event) bool) (h *lab.Hold) {
	s.do(func() error {
		h = s.Hold(peer, gate, only...)
		s.holds = append(s.holds, h)
		return nil
	})
	return h
}

// reached waits until one more goroutine stands at the gate.
func (s *story) reached(h *lab.Hold) {
	s.do(func() error {
		_, err := h.Reached(s.ctx)
		return err
	})
}

// release lets go of all that h keeps.
func (s *story) release(h *lab.Hold) {
	s.do(func() error { h.Release(); return nil })
}

// content returns the text of a data message, "" for any other.
func content(envelope *proto.Envelope) string {
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return ""
	}
	return string(msg.GetDataMsg().GetPayload().GetData())
}

// contents returns the texts of the data messages in a list.
func contents(list []*timeline.Message) []string {
	var texts []string
	for _, m := range list {
		if m.Kind == timeline.DataMessage {
			texts = append(texts, content(m.Envelope))
		}
	}
	return texts
}

// firstConnection returns the first connection that the peer of this name has made or taken; if there is none, an empty one, of which
// no promise holds.
func firstConnection(st *timeline.State, name string) *timeline.Connection {
	if p := st.Peer(name); p != nil && len(p.Connections) > 0 {
		return p.Connections[0]
	}
	return &timeline.Connection{}
}

// written returns the data messages that a connection has written.
func written(c *timeline.Connection) []*timeline.Message {
	return slices.DeleteFunc(c.Outgoing(), func(m *timeline.Message) bool {
		return m.Kind != timeline.DataMessage || !m.Reached(timeline.Written)
	})
}

// allFor reports whether every message of a list was dropped for a reason with these words.
func allFor(list []*timeline.Message, words string) bool {
	return !slices.ContainsFunc(list, func(m *timeline.Message) bool {
		return !m.Drop.Set() || !strings.Contains(m.Drop.Reason, words)
	})
}

// fromPeer returns the message with this text on the streams that the peer of this name has opened, with what both ends know of it; an
// empty one if there is none.
func fromPeer(st *timeline.State, name, text string) *timeline.Message {
	for _, stream := range st.Streams() {
		if stream.Initiator == nil || stream.Initiator.Key.Peer != name {
			continue
		}
		if m := withText(stream.Forward(), text); m != nil {
			return m
		}
	}
	return &timeline.Message{}
}

// withText returns the data message with this text, nil if there is none.
func withText(list []*timeline.Message, text string) *timeline.Message {
	i := slices.IndexFunc(list, func(m *timeline.Message) bool {
		return m.Kind == timeline.DataMessage && content(m.Envelope) == text
	})
	if i < 0 {
		return nil
	}
	return list[i]
}

// sent returns the message with this text that A has sent.
func (s *story) sent(text string) *timeline.Message { return fromPeer(s.state(), "A", text) }

// atB returns the texts of the data messages that have arrived at B, in the order of their arrival.
func (s *story) atB() []string {
	var texts []string
	for _, c := range s.state().Peer("B").Connections {
		texts = append(texts, contents(c.Incoming())...)
	}
	return texts
}

// untilAtB waits until B is through with the message with this text.
func (s *story) untilAtB(text string) {
	s.until(text+" has come to B", func(st *timeline.State) bool { return fromPeer(st, "A", text).Unclaimed })
}
