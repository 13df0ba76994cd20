package walkthroughs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// acks is lesson 5. To step through it: dlv test ./walkthroughs -- -test.run TestSendWithAckTellsWhoHasGotIt, with breakpoints on
// comm.(*ackSendOperation).send (`op`, `results` and `acks`: what has come in, and how much of it counts), comm.(*commImpl).sendForAck
// (`msg.Nonce` and `conn.pkiID`: what the topic is made of) and comm.(*connection).interceptAck (`err`: whether anybody waits for this
// one).
var acks = Lesson{
	Number: 5,
	Slug:   "acks",
	Title:  text.Text{Zh: "SendWithAck：谁收到了", En: "SendWithAck: who has got it"},
	Learn: text.Text{
		Zh: "ackSendOperation.send 用了哪些 channel，什么时候返回？结果里少了一个节点，算不算失败？",
		En: "Which channels does ackSendOperation.send use, and when does it return? If a peer is missing from the results, has it failed?",
	},
	Minutes: 3,
	About: []trace.Step{
		trace.AckSubscribe, trace.AckRespond, trace.AckPublish, trace.AckResult, trace.AckDone,
	},
	tell: tellAcks,
}

const (
	// patience is the timeout of calls that end long before it.
	patience = 20 * time.Second

	// silence is the timeout of calls that D lets run out. It differs from every other timeout of the lesson (a dial has 3 s, a
	// handshake 2 s), so that it is clear which one has passed.
	silence = 2500 * time.Millisecond
)

// ackWorld is who takes part: A sends, the others have subscribers who answer, or do not.
type ackWorld struct {
	*story
	a, b, c, d         *lab.Peer
	atA, atB, atC, atD <-chan proto.ReceivedMessage // what their subscribers get
	firstNonce         uint64
}

func tellAcks(s *story) {
	s.say("Send 只把消息放进发送队列，到没到，它不知道。真想知道，只能由收到消息的一方来说：SendWithAck 给消息编一个随机的 nonce，对方用同一个 nonce 回一条 Acknowledgement，也就是 ack。",
		"Send puts a message into a send queue; whether it arrives, Send does not know. Only the receiver can tell: SendWithAck gives its message a random nonce, and the receiver answers with an Acknowledgement, an ack, of the same nonce.")
	s.say("B、C、D 各有一个订阅者，什么消息都要；答不答、怎样答，由它决定。A 自己也订阅了一切，看看会有什么落到它手里。",
		"B, C and D have a subscriber each, who wants every message; whether and how he answers is up to him. A has subscribed to everything too: let us see what comes to it.")
	w := &ackWorld{story: s, a: s.peer("A", comm.Config{}), b: s.peer("B", comm.Config{}), c: s.peer("C", comm.Config{}), d: s.peer("D", comm.Config{})}
	w.atA, w.atB, w.atC, w.atD = w.subscribe(w.a), w.subscribe(w.b), w.subscribe(w.c), w.subscribe(w.d)
	w.oneAck()
	w.refusal()
	w.silent()
	w.twoOfThree()
	w.oddArguments()
	w.unreachable()
	w.cutOff()
	w.nothingSeen()
}

// subscribe has a peer subscribe to everything.
func (w *ackWorld) subscribe(p *lab.Peer) (messages <-chan proto.ReceivedMessage) {
	w.do(func() error {
		messages = p.Subscribe(func(any) bool { return true })
		return nil
	})
	return messages
}

// send has A send with acknowledgement on a goroutine of its own, since SendWithAck blocks its caller while this one has to answer for
// the others. What it returns waits for the results.
func (w *ackWorld) send(content string, timeout time.Duration, minAck int, to ...*lab.Peer) (results func() comm.AggregatedSendResult) {
	if w.over() {
		return func() comm.AggregatedSendResult { return nil }
	}
	var remotes []*comm.RemotePeer
	for _, p := range to {
		remotes = append(remotes, p.Remote())
	}
	returned := make(chan comm.AggregatedSendResult, 1) // a story that is over does not wait for it
	go func() { returned <- w.a.SendWithAck(content, timeout, minAck, remotes...) }()
	return func() comm.AggregatedSendResult {
		if w.over() {
			return nil
		}
		select {
		case r := <-returned:
			return r
		case <-w.ctx.Done():
			w.over()
			return nil
		}
	}
}

// answer has a peer acknowledge a message, or refuse to, and waits until the answer has reached A.
func (w *ackWorld) answer(p *lab.Peer, msg proto.ReceivedMessage, refusal error) {
	if w.over() {
		return
	}
	nonce := nonceOf(msg)
	before := len(acksFrom(w.state(), p, nonce))
	p.Ack(msg, refusal)
	w.until("the answer of "+p.Name+" has been published at A", func(st *timeline.State) bool {
		return len(acksFrom(st, p, nonce)) > before
	})
}

// acksFrom returns the acknowledgements of one message by one peer that A's reader has taken out of the stream.
func acksFrom(st *timeline.State, from *lab.Peer, nonce uint64) (found []*timeline.Message) {
	for _, c := range st.Peer("A").Connections {
		for _, m := range c.Incoming() {
			if m.Kind == timeline.AckMessage && m.Nonce == nonce && bytes.Equal(c.PKIID, from.PKIID) && m.Reached(timeline.Handled) {
				found = append(found, m)
			}
		}
	}
	return found
}

// foundNobody counts the acknowledgements of a message for which nobody was subscribed any more when they came to A.
func (w *ackWorld) foundNobody(nonce uint64) (count int) {
	_, events := w.Recorder().Snapshot()
	for _, e := range events {
		if e.Step == nil || e.Step.Step != trace.AckPublish || !errors.Is(e.Step.Err, util.ErrNoSubscribers) {
			continue
		}
		if msg, err := e.Step.Envelope.ToGossipMessage(); err == nil && msg.Nonce == nonce {
			count++
		}
	}
	return count
}

// waitFor returns A's wait for the acknowledgement of one message by one peer, and whether there was one.
func waitFor(st *timeline.State, by *lab.Peer, nonce uint64) (timeline.AckWait, bool) {
	for _, w := range st.Peer("A").Waits {
		if w.Nonce == nonce && bytes.Equal(w.Peer, by.PKIID) {
			return w, true
		}
	}
	return timeline.AckWait{}, false
}

// handedAt returns when a peer's subscriber was handed the message with a nonce.
func handedAt(st *timeline.State, at *lab.Peer, nonce uint64) timeline.Mark {
	for _, c := range st.Peer(at.Name).Connections {
		for _, m := range c.Incoming() {
			if m.Kind == timeline.DataMessage && m.Nonce == nonce {
				return m.Handed
			}
		}
	}
	return timeline.Mark{}
}

// nonceOf returns the nonce of a message, 0 if there is none because the story is over.
func nonceOf(msg proto.ReceivedMessage) uint64 {
	if msg == nil {
		return 0
	}
	return msg.GetGossipMessage().Nonce
}

// of returns the result for one peer, and whether there is one.
func of(results comm.AggregatedSendResult, p *lab.Peer) (comm.SendResult, bool) {
	for _, r := range results {
		if bytes.Equal(r.PKIID, p.PKIID) {
			return r, true
		}
	}
	return comm.SendResult{}, false
}

// oneAck: a message, its nonce, and the answer that finds its way back by it.
func (w *ackWorld) oneAck() {
	w.chapter("一条消息，一个 ack", "One message, one ack")
	w.say("A 第一次找 B，先要拨号。timeout 管的是整个调用：拨号、握手、排队、等 ack，都算在里面。",
		"A has never talked to B, so it dials first. The timeout is that of the whole call: dialling, the handshake, the queue and the wait for the ack all count.")
	w.say("握手以后 A 才知道对方证明了哪个 PKI-ID，于是在 PubSub 上订阅一个 topic：nonce 加 PKI-ID；然后消息才进发送队列。先订阅，后发送，不然 ack 来得太快就没有人接。",
		"Only the handshake tells A which PKI-ID is proven at the other end. Then A subscribes to a topic on its PubSub, the nonce and that PKI-ID; then the message goes into the queue. In this order, or a quick ack would find nobody waiting.")
	results := w.send("block 1", patience, 1, w.b)
	msg := w.next(w.atB)
	w.answer(w.b, msg, nil)
	r := results()
	if w.over() {
		return
	}
	w.firstNonce = nonceOf(msg)
	wait, waited := waitFor(w.state(), w.b, w.firstNonce)
	w.promise(len(r) == 1 && r.AckCount() == 1 && w.firstNonce != 0 && waited && wait.Arrived.Set() && wait.Since.N < wait.Arrived.N,
		fmt.Sprintf("%v, nonce %d, %+v", r, w.firstNonce, wait),
		"结果只有一个：B 确认了。B 的 ack 带回同一个 nonce，正是凭它找到了 A 先前的订阅。",
		"There is one result: B has acknowledged. B's ack brought the same nonce back, and by it has found the subscription that A had made before.")
}

// refusal: the receiver says no.
func (w *ackWorld) refusal() {
	w.chapter("收到了，但是不行", "Received, and refused")
	w.say("C 收到消息，却存不下。它的 ack 里写着原因，这种 ack 叫 nack。",
		"C gets a message and cannot store it. Its ack says why; such an ack is called a nack.")
	results := w.send("block 2", patience, 1, w.c)
	w.answer(w.c, w.next(w.atC), errors.New("disk full"))
	r := results()
	if w.over() {
		return
	}
	w.promise(len(r) == 1 && r.NackCount() == 1 && r[0].Error() == "disk full", r,
		"SendWithAck 马上返回，C 的结果是一个 error，内容就是 C 的原话：disk full。",
		"SendWithAck returns at once. The result for C is an error in C's own words: disk full.")
}

// silent: the receiver says nothing.
func (w *ackWorld) silent() {
	w.chapter("没有回音", "Nothing comes back")
	w.say("D 的订阅者拿到了消息，却什么也不说。忙？忘了？根本没收到？从 A 这边看都一样，只好等满 timeout：这次是 2.5 秒。",
		"D's subscriber takes the message and says nothing. Is it busy, did it forget, did the message get lost? From A's side these look the same. A can only wait for the timeout, 2.5 seconds this time.")
	results := w.send("block 3", silence, 1, w.d)
	nonce := nonceOf(w.next(w.atD))
	r := results()
	if w.over() {
		return
	}
	wait, _ := waitFor(w.state(), w.d, nonce)
	handed := handedAt(w.state(), w.d, nonce)
	w.promise(len(r) == 1 && errors.Is(r[0], comm.ErrAckTimeout) && handed.Set() && handed.N < wait.Result.N, fmt.Sprintf("%v, handed %+v", r, handed),
		"D 的结果是超时，可是消息早就到了 D 的订阅者手里：超时只说明没有等到回答，不说明没有送到。",
		"The result for D is a timeout, and yet D's subscriber has had the message all the time. A timeout means that no answer came; it does not mean that nothing arrived.")
}

// twoOfThree: enough is enough.
func (w *ackWorld) twoOfThree() {
	w.chapter("三个里有两个就够", "Two of three are enough")
	w.say("同一条消息发给 B、C、D，minAck 是 2。ackSendOperation.send 为每个节点开一个 goroutine，各自发送、各自等 ack，最后把一个结果放进 outcomes 这个 channel。它的容量等于节点数：谁放都不会阻塞，也就不用关闭它。",
		"The same message goes to B, C and D, and minAck is 2. ackSendOperation.send begins a goroutine for each peer, which sends, waits for its ack, and in the end puts one result into the channel outcomes. That has room for as many results as there are peers: nobody ever blocks on it, and nobody has to close it.")
	w.say("send 自己从 outcomes 里一个一个地收：成功的够 minAck 个就返回；凑不齐也要等所有节点的结果都到齐才返回。返回时它关闭第二个 channel，enough，还在等的 goroutine 看见了就走。Fabric 只有前一个，叫 acks：那里没人要的 goroutine 要耗到 timeout 才走。",
		"send itself takes the results from outcomes one by one. It returns as soon as minAck of them are good; if there cannot be so many, it returns only when all are in. As it returns it closes a second channel, enough, and whoever still waits sees that and leaves. Fabric has the first channel only, called acks: there a goroutine that nobody needs any more stays until the timeout.")
	results := w.send("block 4", patience, 2, w.b, w.c, w.d)
	atB, atC, atD := w.next(w.atB), w.next(w.atC), w.next(w.atD)
	w.answer(w.b, atB, nil)
	w.answer(w.c, atC, nil)
	r := results()
	if w.over() {
		return
	}
	_, ofD := of(r, w.d)
	w.promise(len(r) == 2 && r.AckCount() == 2 && !ofD, r,
		"两个 ack 一到，SendWithAck 就返回了。结果里没有 D：没有等它，不等于它失败了。",
		"With the second ack SendWithAck has returned. D is not among the results: nobody waited for it, which does not mean that it has failed.")
	nonce := nonceOf(atB)
	w.promise(nonce == nonceOf(atC) && nonce == nonceOf(atD) && nonce != w.firstNonce, nonce,
		"三个节点收到的是同一个 nonce，和先前的消息不同。谁的 ack，由连接上证明过的 PKI-ID 来分，所以谁也不能替别人确认。",
		"All three have got the same nonce, another than that of the message before. Whose ack it is, the PKI-ID proven on the connection tells, so nobody can acknowledge for another.")
	w.late(atB, atD)
}

// late: acknowledgements for which nobody waits any more.
func (w *ackWorld) late(atB, atD proto.ReceivedMessage) {
	w.until("A has given up waiting for D", func(st *timeline.State) bool {
		wait, _ := waitFor(st, w.d, nonceOf(atD))
		return wait.Result.Set()
	})
	w.say("现在 D 才答复。timeout 是 20 秒，离到期还早，可是 A 那边已经没有人在等：够数的那一刻，订阅就撤掉了。B 又把同一条消息确认了一遍，也是白说：等到 ack，订阅就退了。",
		"Only now D answers. The timeout was 20 seconds and is far from over, but at A nobody waits any more: the subscription was taken back the moment there were enough. B acknowledges the same message once more, and that is for nobody either: whoever has got his ack gives his subscription back.")
	w.answer(w.d, atD, nil)
	w.answer(w.b, atB, nil)
	if w.over() {
		return
	}
	wait, _ := waitFor(w.state(), w.d, nonceOf(atD))
	w.promise(w.foundNobody(nonceOf(atD)) == 2 && wait.Result.At-wait.Since.At < patience, fmt.Sprintf("%d, %+v", w.foundNobody(nonceOf(atD)), wait),
		"这两个 ack 到了 A，PubSub 上已经没有它们的订阅：来晚了没有人要，也不碍谁的事。",
		"Both acks have come to A, and on its PubSub there is no subscription for them any more. Nobody wants what comes late, and nobody is troubled by it.")
}

// unreachable: what went wrong is told as what it was, and at once.
func (w *ackWorld) unreachable() {
	w.chapter("连不上的节点", "A peer that is not there")
	w.say("E 曾经在，刚刚被强行终止。A 给 B 和 E 各发一份，timeout 是 20 秒。连不上就是连不上，不该等上 20 秒，更不该说成超时。",
		"E was there, and has just been killed. A sends to B and to E, with a timeout of 20 seconds. E is not late, it is not there: to find that out must not take 20 seconds, and it must not be called a timeout.")
	e := w.peer("E", comm.Config{})
	w.do(func() error { e.Kill(); return nil })
	results := w.send("block 9", patience, 2, w.b, e)
	msg := w.next(w.atB)
	w.until("the dial to E has failed", func(st *timeline.State) bool {
		for _, c := range st.Peer("A").Connections {
			if c.Endpoint == e.Endpoint && c.Close.Failed {
				return true
			}
		}
		return false
	})
	w.answer(w.b, msg, nil)
	r := results()
	if w.over() {
		return
	}
	ofE, told := of(r, e)
	w.promise(len(r) == 2 && r.AckCount() == 1 && told && !errors.Is(ofE, comm.ErrAckTimeout) && strings.Contains(ofE.Error(), "connection refused"), r,
		"E 的结果是它真正的原因：connection refused。它没有妨碍 B 的 ack。",
		"The result for E says what it was: connection refused. It has not been in the way of B's ack.")
}

// cutOff: a line that breaks while its peer is waited for.
func (w *ackWorld) cutOff() {
	w.chapter("等到一半，线断了", "Cut off while waiting")
	w.say("A 再给 D 发一条，D 照旧不说话，A 照旧在等，这时线路断了。ack 只会沿消息去的那条连接回来，连接没了，再等也等不到。",
		"A sends D one more message. As before, D says nothing and A waits; then the line breaks. An ack comes back over the connection that the message went out on: with that gone there is nothing to wait for.")
	results := w.send("block 10", patience, 1, w.d)
	nonce := nonceOf(w.next(w.atD))
	w.until("nothing is under way", atRest)
	w.do(func() error { return w.on("A→D#1", (*lab.Link).Cut) })
	r := results()
	w.until("nothing of the connection runs any more, at either end", func(st *timeline.State) bool { return w.idle(st, "D") && closedTo(st, w.d) })
	if w.over() {
		return
	}
	wait, waited := waitFor(w.state(), w.d, nonce)
	w.promise(len(r) == 1 && r.NackCount() == 1 && !errors.Is(r[0], comm.ErrAckTimeout) && waited && wait.Result.At-wait.Since.At < patience, r,
		"SendWithAck 当场返回，没有等满 20 秒；D 的结果写的是连接怎样断的，不是超时。",
		"SendWithAck returned there and then, and did not wait out its 20 seconds. The result for D says how the connection broke; it is no timeout.")
}

// atRest reports whether of each connection either nothing runs any more, or the reader waits for the next message and the writer has
// nothing in hand.
func atRest(st *timeline.State) bool {
	for _, p := range st.Peers {
		for _, c := range p.Connections {
			reader, _ := c.Goroutine(trace.ReaderGoroutine)
			writer, _ := c.Goroutine(trace.WriterGoroutine)
			if c.Phase != timeline.PhaseClosed && (reader.At != trace.ConnRead || writer.At == trace.ConnWrite) {
				return false
			}
		}
	}
	return true
}

// closedTo reports whether nothing of A's connections to a peer runs any more.
func closedTo(st *timeline.State, p *lab.Peer) bool {
	return !slices.ContainsFunc(st.Peer("A").Connections, func(c *timeline.Connection) bool {
		return bytes.Equal(c.PKIID, p.PKIID) && c.Phase != timeline.PhaseClosed
	})
}

// oddArguments: what the caller may ask for, however odd, has one meaning.
func (w *ackWorld) oddArguments() {
	w.chapter("古怪的参数", "Odd arguments")
	w.say("minAck 太小按 0 算，太大按节点数算；同一个节点写两遍只算一个；一个节点也不写，就没有结果。",
		"A minAck that is too small counts as 0, one that is too large as the number of peers; a peer named twice counts once; without peers there are no results.")
	w.say("先看 minAck 为 0：不等任何 ack，每条消息进了发送队列（或者进不去）就返回；负数和 0 一样。接收方照样会 ack，只是没有人在等。",
		"First a minAck of 0: no ack is waited for, and the call returns when each message is in its send queue, or cannot get there. A negative one is the same. The receiver acknowledges all the same; only nobody waits.")
	none := w.send("block 5", patience, 0, w.b)()
	atB := w.next(w.atB)
	w.answer(w.b, atB, nil)
	below := w.send("block 6", patience, -3, w.c)()
	w.next(w.atC) // and C says nothing
	if w.over() {
		return
	}
	w.promise(len(none) == 1 && none.AckCount() == 1 && w.foundNobody(nonceOf(atB)) == 1 && len(below) == 1 && below.AckCount() == 1,
		fmt.Sprintf("%v, %v", none, below),
		"minAck 为 0 和 −3 时，调用不等 ack 就返回了：B 的 ack 晚到一步，C 根本没有答复。结果里的「成功」只表示消息进了队列。",
		"With a minAck of 0, and of −3, the call has waited for no ack: B's came too late, and C never answered. A success in such results means only that the message was queued.")
	w.say("再看 minAck 为 5，节点只有 B，还写了两遍；最后一个节点也不写。", "Then a minAck of 5, with B as the only peer, named twice; and at last no peer at all.")
	results := w.send("block 7", patience, 5, w.b, w.b)
	w.answer(w.b, w.next(w.atB), nil)
	r := results()
	nobody := w.send("block 8", patience, 1)()
	if w.over() {
		return
	}
	w.promise(len(r) == 1 && r.AckCount() == 1 && len(w.atB) == 0 && len(nobody) == 0, fmt.Sprintf("%v, %v", r, nobody),
		"B 只收到一份，它的一个 ack 就够了：minAck 按 1 算。一个节点也不写，结果就是空的，调用立刻返回。",
		"B has got the message once, and its one ack was enough: minAck counted as 1. Without any peer the results are empty, and the call returned at once.")
}

// nothingSeen: what the subscriber of the sender has seen of all that.
func (w *ackWorld) nothingSeen() {
	w.chapter("A 的订阅者看到了什么", "What A's subscriber has seen")
	w.until("nothing is under way", atRest)
	if w.over() {
		return
	}
	a := w.state().Peer("A")
	acks := 0
	for _, c := range a.Connections {
		for _, m := range c.Incoming() {
			if m.Kind == timeline.AckMessage {
				acks++
			}
		}
	}
	matched := 0
	for _, subscription := range a.Subscriptions {
		matched += subscription.Matched
	}
	w.promise(acks == 9 && len(a.Subscriptions) == 1 && matched == 0 && len(w.atA) == 0, fmt.Sprintf("%d acks, %d messages", acks, matched),
		"一共来了 9 个 ack，A 的订阅者一个也没有见到：reader 一认出 ack 就交给等它的人，它不进接收队列，也到不了订阅者那里。",
		"Nine acks have come, and A's subscriber has seen none of them: the reader knows an ack when it reads one and gives it to whoever waits, past the receive queue and past every subscriber.")
}
