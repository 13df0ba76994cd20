package walkthroughs

import (
	"bytes"
	"fmt"
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// endings is lesson 8. To step through it: dlv test ./walkthroughs -- -test.run TestEveryWayThatAConnectionEnds, with breakpoints on
//
//	comm.(*connection).close      `reason` is why; `conn.clientStream` is nil at the end that was dialled, and `lingers` tells, a few
//	                              lines on, whether the queue may still be written
//	comm.(*connection).write      `err` is `io.EOF` where the stream was over before the writer came to it
//	comm.(*connection).release    where the end that was dialled returns, and with it the stream; `len(conn.outBuff)` is what is lost
//	comm.(*deathNotices).add      `pkiID` is who is presumed dead; who calls it has met an error
var endings = Lesson{
	Number: 8,
	Slug:   "endings",
	Title:  text.Text{Zh: "连接怎样结束", En: "How a connection ends"},
	Learn: text.Text{
		Zh: "关闭连接时，还在队列里的消息会怎样？为什么要看是谁拨的号？什么样的结束会让 PresumedDead 有话说？",
		En: "When a connection is closed, what becomes of the messages in its queue, and why does it matter who dialled? Which endings make PresumedDead speak?",
	},
	Minutes: 4,
	About: []trace.Step{
		trace.ConnReaderEnd, trace.StoreRemoved, trace.ConnClose, trace.ConnDrain, trace.ConnWriterEnd, trace.ConnServeEnd,
		trace.DeadNotice,
	},
	tell: tellEndings,
}

func tellEndings(s *story) {
	s.say("一个连接为什么会结束？本端要关，对方要关，线路断了，或者压根没有拨通。前两种是有人要它结束，后两种是出了错。每一种我们都看两件事：队列里的消息去了哪里，谁会听说对方死了。",
		"Why does a connection end? This side closes it, the other side closes it, the line breaks, or the dial never got through. The first two somebody wanted; in the last two something went wrong. "+
			"Each time we look at two things: what becomes of the messages in the queue, and who is told that the other is dead.")
	s.say("这一课没有订阅者：消息到了对方的 service 手里，就算送到了。",
		"Nobody subscribes in this lesson: a message counts as delivered when the service at the other end has it.")
	a := s.peer("A", unhurried)
	b := s.peer("B", unhurried)

	s.chapters(
		func() { endingsByInitiator(s, a, b) },
		func() { endingsByAcceptor(s, a, b) },
		func() { endingsUnnoticed(s, a, b) },
		func() { endingsByLine(s, a, b) },
		func() { endingsByHalfALine(s, a, b) },
		func() { endingsByDeath(s, a, b) },
		func() { endingsOfADial(s, a, b) },
	)
}

// endingsByInitiator: who opened a stream can end his half of it, and so has time to empty the queue.
func endingsByInitiator(s *story, a, b *lab.Peer) {
	s.chapter("拨号的一方要关", "Closed by the end that dialled")
	s.say("A 给 B 发一条消息，连接就有了。", "A sends B a message, and there is a connection.")
	s.deliver(a, b, "hello")
	s.say("现在把 A 的 writer 拦在 conn.write：它手里拿着一条消息，队列里还有两条。就在这时，A 关闭连接。",
		"Now A's writer is stopped at conn.write, with one message in its hand and two more in the queue. At that moment A closes the connection.")
	writer := s.hold("A", trace.ConnWrite)
	s.do(func() error { return a.Send("1", b.Remote()) })
	s.reached(writer)
	s.do(func() error { return a.Send("2", b.Remote()) })
	s.do(func() error { return a.Send("3", b.Remote()) })
	s.do(func() error { a.CloseConn(b.Remote()); return nil })
	st := s.state()
	s.promise(len(stored(st, "A")) == 0 && queued(newest(st, "A")) == "1 with the writer, 2 in outBuff, 0 dropped", queued(newest(st, "A")),
		"CloseConn 一返回，连接已经不在连接表里；消息却一条没丢，writer 手里一条，队列里两条。",
		"When CloseConn returns the connection has left the store, and no message is lost: the writer has one, two are in the queue.")
	s.say("流是 A 打开的，所以 A 可以只结束自己这一半：写完队列，半关闭（CloseSend），再等 B 结束另一半，最多等一个 ConnTimeout。放 writer 走。",
		"A opened the stream, so it can end its own half alone: write the queue out, half-close (CloseSend), and wait for B to end the other half, for a ConnTimeout at most. Let the writer go.")
	s.release(writer)
	s.until("both ends have closed", func(st *timeline.State) bool { return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) })
	st = s.state()
	s.promise(slices.Equal(heard(st, "B"), []string{"hello", "1", "2", "3"}) && drops(st, "A") == 0,
		fmt.Sprintf("B has %q, A dropped %d", heard(st, "B"), drops(st, "A")),
		"B 收到了全部消息，顺序也对；A 一条也没有丢弃。", "B has every message, in order; A has given none up.")
	s.promise(!broke(newest(st, "A")) && !broke(newest(st, "B")) && notices(st, "A")+notices(st, "B") == 0, "an error, or a notice",
		"两端都没有出错，谁也没有推定对方已死。", "Neither end met an error, and neither presumes the other dead.")
}

// endingsByAcceptor: the end of a handler is the end of its stream.
func endingsByAcceptor(s *story, a, b *lab.Peer) {
	s.chapter("被拨的一方要关", "Closed by the end that was dialled")
	s.say("再来一次。流还是 A 打开的，这回要关的却是 B，有话没说完的也是 B：沿着 A 拨来的这个连接，B 有三条消息要送给 A。它的 writer 也先拦住。",
		"Once more. A opens the stream again, but this time it is B who closes, and B who has something left to say: three messages for A, over the connection that A has dialled. Its writer is stopped, too.")
	s.deliver(a, b, "hello again")
	writer := s.hold("B", trace.ConnWrite)
	s.do(func() error { return b.Send("4", a.Remote()) })
	s.reached(writer)
	s.do(func() error { return b.Send("5", a.Remote()) })
	s.do(func() error { return b.Send("6", a.Remote()) })
	s.do(func() error { b.CloseConn(a.Remote()); return nil })
	s.until("A's end has closed", func(st *timeline.State) bool { return s.idle(st, "A") && s.quiet(st) })
	st := s.state()
	s.promise(queued(newest(st, "B")) == "1 with the writer, 2 in outBuff, 0 dropped", queued(newest(st, "B")),
		"A 那一端全部结束了，线路也断了，B 的 writer 却还站在原地，手里的消息没写，队列也没动：handler 没有等它。",
		"A's end is all over and the line is closed, while B's writer still stands where it stood, its message unwritten and the queue untouched: the handler did not wait for it.")
	s.say("服务端流没有半关闭：handler 一返回，整条流就结束。它也不能先等 writer：writer 要是卡在 Send 里，正要靠 handler 返回才出得来。放 writer 走，它会再看一眼连接，然后丢弃。",
		"A server stream cannot be half-closed: when the handler returns, the whole stream ends. Nor can the handler wait for the writer first: "+
			"a writer that is stuck in Send is released by nothing but the handler's return. Let the writer go: it looks at the connection once more, and gives up.")
	s.release(writer)
	s.until("B's end has closed", func(st *timeline.State) bool { return s.idle(st, "B") })
	st = s.state()
	s.promise(drops(st, "B") == 3 && len(heard(st, "A")) == 0, fmt.Sprintf("B dropped %d, A has %q", drops(st, "B"), heard(st, "A")),
		"B 的三条消息都丢弃了，每一条都记了数；A 一条也没有收到。", "B's three messages are dropped, each of them counted, and A has none.")
	s.promise(!broke(newest(st, "A")) && notices(st, "A")+notices(st, "B") == 0, "an error, or a notice",
		"丢了消息，也还是好好结束的：A 读到的是流的末尾，谁也没有推定对方已死。",
		"Messages were lost, and yet it was a clean end: A has read the end of the stream, and neither presumes the other dead.")
	s.say("上面 B 的 reader 也结束了，却不是因为读到了什么：handler 一返回，gRPC 就取消了它的 Recv。那时连接早已关闭，所以它报的不是错，而是关闭的理由；关闭只有一次，先到的理由算数。",
		"B's reader has ended above as well, though there was nothing for it to read: when the handler returned, gRPC cancelled its Recv. By then the connection was closed, so what it reports is no error but the reason for that; there is one close only, and the first reason counts.")
}

// endingsUnnoticed: of the end of a stream the writer learns last.
func endingsUnnoticed(s *story, a, b *lab.Peer) {
	s.chapter("流结束了，writer 还不知道", "The stream is over, and the writer does not know")
	s.say("还是 B 来关，这回看 A 这一端。流结束了，先知道的是 reader，连接却要等 service 把收到的消息都处理完才关闭。这段时间里，writer 手里要是还有一条消息呢？",
		"B closes once more, and this time we watch A's end. The reader is the first to know that a stream is over, but the connection is closed only when the service has handled what was received. "+
			"What if, in between, the writer still has a message in its hand?")
	s.deliver(a, b, "one more")
	s.say("A 的 service 拦在 conn.handle，手里是 B 的一条消息；A 的 writer 拦在 conn.write，手里是给 B 的一条。然后 B 关闭连接。",
		"A's service is stopped at conn.handle, with a message of B's; A's writer is stopped at conn.write, with a message for B. Then B closes the connection.")
	service := s.hold("A", trace.ConnHandle)
	s.do(func() error { return b.Send("from B", a.Remote()) })
	s.reached(service)
	writer := s.hold("A", trace.ConnWrite)
	s.do(func() error { return a.Send("from A", b.Remote()) })
	s.reached(writer)
	s.do(func() error { b.CloseConn(a.Remote()); return nil })
	s.until("A's reader has ended, and so has B's end", func(st *timeline.State) bool {
		return newest(st, "A").Received.Set() && len(stored(st, "A")) == 0 && s.idle(st, "B")
	})
	st := s.state()
	s.promise(!newest(st, "A").Close.Set() && !broke(newest(st, "A")), newest(st, "A").Close,
		"A 的 reader 读到了流的末尾，连接离开了连接表，但是还没有关闭。", "A's reader has met the end of the stream, and the connection has left the store; but it is not closed.")
	s.say("放 writer 走。", "Let the writer go.")
	s.release(writer)
	s.until("A has given its message up", func(st *timeline.State) bool { return drops(st, "A") == 1 })
	lost := fromPeer(s.state(), "A", "from A")
	s.promise(lost.Place() == timeline.GivenUp && lost.Drop.Reason == "EOF", fmt.Sprintf("%v, %+v", lost.Place(), lost.Drop),
		"stream.Send 返回 io.EOF，这条消息就丢弃了，记了一次数。它不会换一个连接再发：Send 报了错的消息，这一层从不重发，免得送到两次。",
		"stream.Send has returned io.EOF, and the message is given up, and counted once. No other connection will carry it: a message with which Send has failed is never sent again, lest it arrive twice.")
	s.release(service)
	s.until("A's end has closed", func(st *timeline.State) bool { return s.idle(st, "A") && s.quiet(st) })
	st = s.state()
	s.promise(slices.Equal(heard(st, "A"), []string{"from B"}) && !slices.Contains(heard(st, "B"), "from A") && drops(st, "A") == 1 && notices(st, "A")+notices(st, "B") == 0,
		fmt.Sprintf("A has %q, B has %q, A dropped %d", heard(st, "A"), heard(st, "B"), drops(st, "A")),
		"service 接着处理了 B 的那条消息，连接这才关闭：流结束之前收到的，一条也没丢。谁也没有推定对方已死。",
		"The service has gone on and handled B's message, and only then the connection was closed: of what was received before the end, nothing is lost. And neither presumes the other dead.")
}

// endingsByLine: nobody wanted it.
func endingsByLine(s *story, a, b *lab.Peer) {
	s.chapter("线路断了", "The line is cut")
	s.say("前几次都是有人要它结束。这一次谁也没想结束：A 和 B 都好好的，只是中间的线路断了。",
		"So far somebody wanted it each time. Now nobody does: A and B are well, only the line between them is cut.")
	s.deliver(a, b, "third time")
	s.do(func() error { return s.on("A→B#4", (*lab.Link).Cut) })
	s.until("both ends have closed", func(st *timeline.State) bool {
		return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) && notices(st, "A") == 1 && notices(st, "B") == 1
	})
	st := s.state()
	s.promise(broke(newest(st, "A")) && broke(newest(st, "B")) && len(stored(st, "A"))+len(stored(st, "B")) == 0, "no error, or a connection in a store",
		"两端的 reader 都读到了错误，连接都关闭了，也都离开了连接表。",
		"At both ends the reader has met an error, and the connection is closed and has left the store.")
	byA, byB := s.notice(a), s.notice(b)
	s.promise(bytes.Equal(byA, b.PKIID) && bytes.Equal(byB, a.PKIID), fmt.Sprintf("%v at A and %v at B", byA, byB),
		"从 A 的 PresumedDead 里读到 B，从 B 的 PresumedDead 里读到 A。", "A's PresumedDead names B, and B's names A.")
	s.say("两个节点其实都活着。通知只是推定，不是判决：这一层不会因此少做什么，下一条消息照样重新拨号。",
		"In truth both are alive. A notice is a presumption and no verdict: the layer does nothing less for it, and the next message dials anew.")
	s.deliver(a, b, "still there?")
	s.promise(len(stored(s.state(), "A")) == 1, "no connection in A's store", "下一条消息重新拨通了，也送到了。", "The next message has dialled anew, and has arrived.")
}

// endingsByHalfALine: what half-closing means depends on the layer.
func endingsByHalfALine(s *story, a, b *lab.Peer) {
	s.chapter("半关闭的是线路", "Half of the line")
	s.say("第一次结束时 A 半关闭的是流，那是 gRPC 的约定。要是半关闭的是下面的 TCP 呢？A 往 B 的方向关了，B 往 A 的方向还通着。",
		"The first time A half-closed a stream, which is something that gRPC knows. What if TCP below it is half-closed? The way from A to B is shut, the way from B to A still open.")
	s.do(func() error { return s.on("A→B#5", (*lab.Link).HalfClose) })
	s.until("both ends have closed", func(st *timeline.State) bool {
		return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) && notices(st, "A") == 2 && notices(st, "B") == 2
	})
	st := s.state()
	s.promise(broke(newest(st, "A")) && broke(newest(st, "B")), "a clean end",
		"两端都出了错，和线路断了一样：B 的 gRPC 读到 EOF，就关掉了整条线路，半条线路对 HTTP/2 没有用。",
		"Both ends have met an error, as if the line had been cut: B's gRPC has read EOF and closed the whole line, since half a line is of no use to HTTP/2.")
	s.do(func() error { s.notice(a); s.notice(b); return nil })
}

// endingsByDeath: for the one who survives, a death is a line that breaks.
func endingsByDeath(s *story, a, b *lab.Peer) {
	s.chapter("对方死了", "The other one dies")
	s.say("这回换 B 拨号，A 是被拨的一方。然后 B 的进程被杀：没有 CloseConn，没有 Stop，什么也来不及做。",
		"This time B dials, and A is dialled. Then B's process is killed: no CloseConn, no Stop, no time for anything.")
	s.deliver(b, a, "B here")
	s.do(func() error { b.Kill(); return nil })
	s.until("A's end has closed", func(st *timeline.State) bool { return s.idle(st, "A") && s.quiet(st) && notices(st, "A") == 3 })
	dead := s.notice(a)
	st := s.state()
	s.promise(broke(newest(st, "A")) && len(stored(st, "A")) == 0 && bytes.Equal(dead, b.PKIID), fmt.Sprintf("a notice of %v", dead),
		"A 看到的和线路断了时一样：读出错，连接关闭，PresumedDead 里有 B。谁拨的号，没有区别。",
		"A sees what it saw when the line was cut: reading fails, the connection is closed, PresumedDead names B. Who dialled makes no difference.")
}

// endingsOfADial: what was queued for a dial that fails.
func endingsOfADial(s *story, a, b *lab.Peer) {
	s.chapter("拨不通", "A dial that fails")
	s.say("A 还不死心，连发三条。先把拨号拦住，让三条都排进队列：三次 Send 共用一次拨号。",
		"A does not give up, and sends three more. The dial is stopped first, so that all three are in the queue: three calls of Send share one dial.")
	dial := s.hold("A", trace.DialStart)
	s.do(func() error { return a.Send("7", b.Remote()) })
	s.reached(dial)
	s.do(func() error { return a.Send("8", b.Remote()) })
	s.do(func() error { return a.Send("9", b.Remote()) })
	s.say("放行。那个端点没有人在听，Ping 当场失败。", "Let it go. Nobody listens at that endpoint, and the Ping fails at once.")
	s.release(dial)
	s.until("the dial has failed", func(st *timeline.State) bool {
		return s.idle(st, "A") && newest(st, "A").Drops == 3 && notices(st, "A") == 4
	})
	st := s.state()
	conn := newest(st, "A")
	s.promise(conn != nil && conn.Ping.Failed && conn.Drops == 3, fmt.Sprintf("%d dropped", conn.Drops),
		"三条消息都丢弃了，每一条都记了数：没有拨通，就没有 writer 会来写它们。", "All three messages are dropped, each of them counted: where no dial succeeds, no writer will come for them.")
	dead := s.notice(a)
	s.promise(bytes.Equal(dead, b.PKIID) && notices(s.state(), "A") == 4, fmt.Sprintf("a notice of %v", dead),
		"一次拨号失败，一份通知，不是三份。", "One dial has failed and there is one notice, not three.")
	s.say("所以 PresumedDead 只在出错时说话：断了的流，没拨通的号。有人要的结束，它一声不响。",
		"So PresumedDead speaks only of what went wrong: a stream that broke, a dial that failed. Of an end that somebody wanted it says nothing.")
}
