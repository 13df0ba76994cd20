package walkthroughs

import (
	"bytes"
	"fmt"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// meet is lesson 1. To step through it: dlv test ./walkthroughs -- -test.run TestTwoPeersMeet, with breakpoints on
// comm.(*commImpl).createConnection for A's side and comm.(*commImpl).GossipStream for B's.
var meet = Lesson{
	Number: 1,
	Slug:   "meet",
	Title:  text.Text{Zh: "两个节点相遇", En: "Two peers meet"},
	Learn: text.Text{
		Zh: "Ping 已经通了，为什么还要打开 GossipStream？两个从未见过面的节点，凭什么相信对方？",
		En: "Why open a GossipStream when the Ping was answered already? And why do two peers that never met believe each other?",
	},
	Minutes: 1,
	About: []trace.Step{
		trace.DialStart, trace.TLSHandshaken, trace.PingSend, trace.PingServed, trace.PingAnswered, trace.StreamOpen,
		trace.StreamOpened, trace.StreamArrived, trace.AuthSend, trace.AuthSent, trace.AuthRead, trace.AuthReceived,
		trace.ConnServe,
	},
	tell: tellMeet,
}

func tellMeet(s *story) {
	s.say("A 和 B 还没有见过面。", "A and B have never met.")
	a := s.peer("A", comm.Config{})
	b := s.peer("B", comm.Config{})

	meetProbe(s, a, b)
	meetSend(s, a, b)
	meetClose(s, a, b)
}

// meetProbe: what a Ping proves, and what it does not.
func meetProbe(s *story, a, b *lab.Peer) {
	s.chapter("有人在吗？", "Is anybody there?")
	s.say("A 先探测 B：建立 TCP 连接，完成 TLS 握手，发一个 Ping。Ping 只能说明那里有人应答，不能说明应答的是谁。",
		"First A probes B: a TCP connection, TLS, one Ping. A Ping shows that somebody answers there. It does not show who.")
	s.do(func() error { return a.Probe(b.Remote()) })
	st := s.state()
	s.promise(len(stored(st, "A")) == 0 && len(stored(st, "B")) == 0, "a connection in a store",
		"探测成功了，双方的连接表里却什么也没有。", "The probe succeeded, and neither connection store holds anything.")
}

// meetSend: a first message makes the connection that it needs.
func meetSend(s *story, a, b *lab.Peer) {
	s.chapter("第一条消息要走的路", "The way of a first message")
	s.say("A 和 B 属于同一个组织，各有一份由组织 CA 签发的身份证书，另外各有两张自签名的 TLS 证书：拨号时出示一张，被拨时出示另一张。",
		"A and B belong to one organisation. Each has an identity certificate from its CA, and two self-signed TLS certificates: one to show when it dials, one when it is dialled.")
	s.say("现在 A 要给 B 发一条消息。连接表里没有到 B 的连接，消息先进发送队列，拨号在另一个 goroutine 里进行。",
		"Now A wants to send B a message. The store has no connection to B, so the message waits in the send queue while another goroutine dials.")
	s.say("Ping 只证明有人在听；要说话，得有一条流。打开流时返回的 err 只说明本端有没有线路可用；对方是否接受，要到第一次 Recv 才知道。",
		"A Ping shows only that somebody listens; to talk, one needs a stream. The err of opening it says only whether there is a line here to open it on. "+
			"Whether the other end accepts it is not known before the first Recv.")
	s.say("GossipStream 打开以后，双方各发一条 ConnEstablish：我是谁，我的签名，还有我在 TLS 里出示的那张证书的哈希。注意顺序：B 先读、先查、先登记，最后才回答，所以 B 的回答就意味着接受。",
		"When the GossipStream is open, each side sends one ConnEstablish: who I am, my signature, and the hash of the certificate that I show in TLS. "+
			"Mind the order: B reads, checks and stores first and answers last, so B's answer means that it has accepted.")
	s.do(func() error { return a.Send("你好，B", b.Remote()) })
	s.until("B has taken A's message off the stream", func(st *timeline.State) bool {
		for _, c := range stored(st, "B") {
			for _, m := range c.Incoming() {
				if m.Kind == timeline.DataMessage && m.Unclaimed {
					return len(stored(st, "A")) == 1
				}
			}
		}
		return false
	})
	meetPromises(s, a, b)
}

func meetPromises(s *story, a, b *lab.Peer) {
	if s.over() {
		return
	}
	st := s.state()
	atA, atB := stored(st, "A"), stored(st, "B")
	one := len(atA) == 1 && len(atB) == 1
	s.promise(one && bytes.Equal(atA[0].PKIID, b.PKIID) && bytes.Equal(atB[0].PKIID, a.PKIID),
		fmt.Sprintf("%d connections at A and %d at B, or another peer's PKI-ID", len(atA), len(atB)),
		"A 的连接表里有到 B 的一个连接，B 的连接表里有到 A 的一个连接，都记在握手时证明过的 PKI-ID 名下。",
		"A's store holds one connection, to B, and B's holds one, to A, each under the PKI-ID that the handshake has proven.")
	s.promise(one && checksPassed(atA[0]) == allChecks && checksPassed(atB[0]) == allChecks,
		"not all checks, or not on both sides",
		"每一项检查双方都做了，也都通过了：TLS 证书、解码、类型、PKI-ID、身份、证书哈希、签名，最后 A 查明对方正是 B，B 查明对方不是自己。",
		"Both sides made every check, and every check passed: TLS certificate, decoding, type, PKI-ID, identity, certificate hash, signature, and at last that it is B (at A), and that it is not oneself (at B).")
	s.promise(joined(st), "two ends that do not belong together",
		"A 的这一端和 B 的那一端是同一条流：每一方收到的 ConnEstablish，正是另一方发出的那一条，一个字节也没有变。",
		"A's end and B's end are one stream: the ConnEstablish that each received is the one that the other sent, to the byte.")
	s.say("消息到了 B，但是没有人订阅它，所以 B 把它放下了。怎样订阅，这一课不讲。",
		"The message reached B. Nobody there has subscribed to it, so B lets it go. How to subscribe is not part of this lesson.")
}

// allChecks is how many checks a handshake has: the TLS certificate, the six of the message, and that the peer is the right one.
const allChecks = 8

// checksPassed counts the checks of a handshake that have passed.
func checksPassed(c *timeline.Connection) int {
	passed := 0
	for _, check := range c.Checks {
		if check.Set() && !check.Failed && check.Step != trace.StreamLimit {
			passed++
		}
	}
	return passed
}

// joined reports whether some stream has both its ends in this session.
func joined(st *timeline.State) bool {
	for _, stream := range st.Streams() {
		if stream.Joined() && stream.Initiator.Stored && stream.Acceptor.Stored {
			return true
		}
	}
	return false
}

// meetClose: the end that the initiator wants.
func meetClose(s *story, a, b *lab.Peer) {
	s.chapter("好聚好散", "A clean end")
	s.say("A 关闭连接。因为流是 A 打开的，A 可以只结束自己这一半：发送队列写完，半关闭，再等 B 结束它那一半。",
		"A closes the connection. A opened the stream, so it can end its own half alone: write the queue out, half-close, and wait until B has ended the other half.")
	s.do(func() error { a.CloseConn(b.Remote()); return nil })
	s.until("both ends have closed", func(st *timeline.State) bool { return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) })
	st := s.state()
	s.promise(len(stored(st, "A")) == 0 && len(stored(st, "B")) == 0, "a connection in a store",
		"双方的连接表都空了。", "Both stores are empty again.")
	s.promise(cleanEnds(st), "an end with an error",
		"没有哪一端是因为出错才结束的。", "No end of it ended because of an error.")
}

// cleanEnds reports whether every connection was closed on purpose.
func cleanEnds(st *timeline.State) bool {
	for _, p := range st.Peers {
		for _, c := range p.Connections {
			if c.Received.Failed {
				return false
			}
		}
	}
	return true
}
