package walkthroughs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// stop is lesson 9. To step through it: dlv test ./walkthroughs -- -test.run TestStopGoesDownThePipe, with breakpoints on
//
//	comm.(*commImpl).Stop                `c.connStore.pki2Conn`, `c.msgPublisher.closed` and `c.subscriptions` show how far it has come;
//	                                     "goroutines -group startloc" before and after each line shows who has gone
//	comm.(*connectionStore).shutdown     `conns` are the connections and the dials that it closes
//	comm.(*commImpl).acceptPeer          the `err` of a handshake that is cut short: `comm.ErrStopped` here, "the peer is stopping" over there
var stop = Lesson{
	Number: 9,
	Slug:   "stop",
	Title:  text.Text{Zh: "Stop：先断源头，再顺流而下", En: "Stop: the source first, then down the pipe"},
	Learn: text.Text{
		Zh: "Stop 里一行接一行的 Close，每一行放走了谁，又在等谁？为什么订阅者的 channel 到最后才关？",
		En: "Stop is one Close after another: whom does each let go, and for whom does it wait? Why are the subscribers' channels closed last?",
	},
	Minutes: 3,
	About: []trace.Step{
		trace.StoreRefused, trace.StopFlag, trace.StopConnections, trace.StopDemux, trace.StopServer, trace.StopSubscribers,
		trace.StopDone,
	},
	tell: tellStop,
}

// stopping is what the chapters of the lesson share.
type stopping struct {
	*story
	a, b, c *lab.Peer

	inbox     <-chan proto.ReceivedMessage // A's subscriber
	slow      *slowPredicate               // what A's subscriber looks for
	handshake *lab.Hold                    // C's dial, on its way to A
	writer    *lab.Hold                    // A's
	gate      *lab.Hold                    // where A's Stop stands
	calls     []<-chan struct{}            // each is closed when a call of A's Stop has returned
}

func tellStop(s *story) {
	s.say("停下一个闲着的节点很容易。这一课停的是一个正忙的：A 手上有做到一半的事，而且样样卡在半路。Stop 要保证返回的时候，A 的通信层里什么都不再运行。",
		"To stop an idle peer is easy. Here it is a busy one: A has its hands full, and everything is stuck half-way. When Stop returns, nothing of A's layer may run any more: that is its promise.")
	l := &stopping{story: s, a: s.peer("A", unhurried), b: s.peer("B", unhurried), c: s.peer("C", unhurried), slow: newSlowPredicate("slow")}
	defer l.slow.release() // also if the story ends early: Stop waits for predicates

	s.chapters(l.busy, l.flag, l.connections, l.demultiplexer, l.server, l.subscribers, l.afterwards)
}

// slowPredicate wants every message but one, over which it ponders until it is released; then it does not want that one either.
type slowPredicate struct {
	word    string
	entered chan struct{} // closed by enter
	leave   chan struct{} // closed by release
	left    atomic.Bool   // whether it has decided

	// The lesson sends one such message over one connection, but nobody is kept from sending another over another: these do what they
	// do once.
	enter   func() // says that it has begun to ponder
	release func()
}

func newSlowPredicate(word string) *slowPredicate {
	p := &slowPredicate{word: word, entered: make(chan struct{}), leave: make(chan struct{})}
	p.enter = sync.OnceFunc(func() { close(p.entered) })
	p.release = sync.OnceFunc(func() { close(p.leave) })
	return p
}

// accept is the predicate. It runs on the service's goroutine of the connection that brings the message.
func (p *slowPredicate) accept(message interface{}) bool {
	received, ok := message.(proto.ReceivedMessage)
	if !ok || content(received.GetSourceEnvelope()) != p.word {
		return ok
	}
	p.enter()
	<-p.leave
	p.left.Store(true)
	return false
}

// busy brings A into the state in which it is to be stopped.
func (l *stopping) busy() {
	l.chapter("A 手上的事", "What A has in hand")
	l.say("A 有一个订阅者。B 连上 A，发来一条消息，订阅者收到了：一切正常。", "A has a subscriber. B connects to A and sends a message, and the subscriber gets it: all is well.")
	l.do(func() error { l.inbox = l.a.Subscribe(l.slow.accept); return nil })
	l.do(func() error { return l.b.Send("hello", l.a.Remote()) })
	l.next(l.inbox)

	l.say("现在让三件事停在半路。第一件：C 正在和 A 握手，流已经打开，它的 ConnEstablish 还没有发出来，A 的 handler 在等。",
		"Now three things are stopped half-way. The first: C is in the middle of a handshake with A. The stream is open, C's ConnEstablish is not sent yet, and A's handler waits for it.")
	l.handshake = l.hold("C", trace.AuthSend)
	l.do(func() error { return l.c.Send("hi", l.a.Remote()) })
	l.reached(l.handshake)
	l.until("A's handler waits for C", func(st *timeline.State) bool { return handlerAt(newest(st, "A"), trace.AuthRead) })

	l.say("第二件：A 有话对 B 说，writer 已经拿起消息，还没有写。", "The second: A has something to say to B, and its writer has taken the message and not written it yet.")
	l.writer = l.hold("A", trace.ConnWrite)
	l.do(func() error { return l.a.Send("reply", l.b.Remote()) })
	l.reached(l.writer)

	l.say("第三件：B 又来一条消息，订阅者的谓词（predicate）为它想了很久，还没想好要不要。谓词跑在 service 的 goroutine 上。",
		"The third: B sends another message, and the subscriber's predicate takes its time to decide whether to want it. A predicate runs on the service's goroutine.")
	l.do(func() error { return l.b.Send("slow", l.a.Remote()) })
	l.do(func() error { return wait(l.ctx, l.slow.entered) })
}

// call makes a call of A's Stop, on a goroutine of its own.
func (l *stopping) call(stop func()) {
	if l.over() {
		return
	}
	returned := make(chan struct{})
	l.calls = append(l.calls, returned)
	go func() {
		defer close(returned)
		stop()
	}()
}

// returned counts the calls of A's Stop that have.
func (l *stopping) returned() int {
	n := 0
	for _, call := range l.calls {
		select {
		case <-call:
			n++
		default:
		}
	}
	return n
}

// flag: from here on nothing begins.
func (l *stopping) flag() {
	l.chapter("置标志：不接新活", "The flag")
	l.say("Stop 在另一个 goroutine 里运行，每走一步之前都让它停一停。", "Stop runs on a goroutine of its own, and is made to halt before each of its steps.")
	l.gate = l.hold("A", trace.StopConnections)
	l.call(l.a.Stop)
	l.reached(l.gate)
	l.say("标志已经置上，别的还一样没动。这时让 A 做点新的事：", "The flag is up, and nothing else has changed yet. Now A is asked for something new:")
	l.do(func() error {
		_, err := l.a.Handshake(l.b.Remote())
		l.promise(errors.Is(err, comm.ErrStopped), err, "Handshake 当场返回 ErrStopped。", "Handshake returns ErrStopped at once.")
		late := l.a.Subscribe(l.slow.accept)
		l.promise(ended(late), "an open channel", "Accept 返回的 channel 一开始就是关闭的，晚来的订阅者不会白等。",
			"Accept returns a channel that is closed from the start: a subscriber who comes late does not wait in vain.")
		err = l.b.Probe(l.a.Remote())
		l.promise(errors.Is(err, comm.ErrPeerStopped), err,
			"A 还在监听，但是 B 发来 Ping，得到的是拒绝：the peer is stopping。", "A still listens, but when B sends a Ping it is refused: the peer is stopping.")
		return nil
	})
}

// connections: the source of everything that moves.
func (l *stopping) connections() {
	l.chapter("关连接", "The connections")
	l.say("标志只挡新的。已经在动的，要从源头断：连接的 reader 是一切消息的来处。这一步关闭连接表里的全部连接，再取消整个实例的 context：等网络的、等定时器的、等订阅者的，这时都会醒。",
		"The flag keeps out what is new. What moves already is to be cut off at the source, and all messages come from the readers of connections. "+
			"This step closes every connection in the store and ends the context of the whole instance: whoever waits for a network, a timer or a subscriber wakes up.")
	next := l.hold("A", trace.StopDemux)
	l.release(l.gate)
	l.gate = next
	l.reached(l.gate)
	l.until("A has refused C", func(st *timeline.State) bool { return newest(st, "A").Phase == timeline.PhaseClosed })
	l.release(l.handshake)
	l.until("C has heard of it", func(st *timeline.State) bool { return l.idle(st, "C") && drops(st, "C") == 1 })
	st := l.state()
	heard := newest(st, "C").Close.Reason
	l.promise(len(stored(st, "A")) == 0 && strings.Contains(heard, comm.ErrPeerStopped.Error()), heard,
		"A 的连接表空了。做到一半的握手没有变成连接，C 也听到了理由：the peer is stopping。",
		"A's store is empty. The handshake that was under way has not become a connection, and C has heard why: the peer is stopping.")
	l.promise(len(stored(st, "B")) == 1, "no connection in B's store",
		"B 却还什么也没看出来：A 是被拨的一方，handler 返回，流才结束，而 handler 正卡在谓词里。",
		"B has noticed nothing yet: A was dialled, so the stream ends when the handler returns, and that one is stuck in the predicate.")
}

// demultiplexer: it waits for the deliveries under way.
func (l *stopping) demultiplexer() {
	l.chapter("关解复用器", "The demultiplexer")
	l.say("源头断了，才轮到下一段。解复用器关闭时，先放走等着往订阅队列里塞消息的，再等正在进行的投递做完。谓词还没有返回，Stop 就停在这一行。",
		"With the source cut off it is the turn of what comes next. When the demultiplexer is closed it lets go of those who wait for room in a subscription, and then waits for the deliveries under way. The predicate has not returned, so this is where Stop stands.")
	next := l.hold("A", trace.StopServer)
	l.release(l.gate)
	l.gate = next
	l.say("谓词终于想好了：不要。", "At last the predicate has decided: no.")
	l.do(func() error { l.slow.release(); return nil })
	l.reached(l.gate)
	l.promise(l.slow.left.Load(), "a predicate that still runs", "谓词返回以后，Stop 才走到下一行。", "Stop has come to its next line only after the predicate has returned.")
	l.until("B has seen the end", func(st *timeline.State) bool { return l.idle(st, "B") && l.quiet(st) })
	st := l.state()
	l.promise(!broke(newest(st, "B")) && notices(st, "B") == 0, "an error, or a notice",
		"handler 一返回，B 就读到了流的末尾，不是错误，因为 Stop 还站在服务器前面，线路还在；所以 B 不会推定 A 已死。（C 那边有一份通知，因为它没有拨通。）",
		"When the handler returned, B read the end of the stream, and no error, because Stop still stands before the server, which takes the line away: so B does not presume A dead. (C has given a notice, since its dial has failed.)")
}

// server: and then everybody that was ever begun.
func (l *stopping) server() {
	l.chapter("停服务器，等所有人", "The server, and then everybody")
	l.say("接着停 gRPC 服务器，再也没有流能进来。然后是 stopWG.Wait：起过的每一个 goroutine 都走了，它才返回。",
		"Next the gRPC server is stopped, and no stream can come in any more. Then comes stopWG.Wait, which returns when every goroutine that was ever begun has gone.")
	next := l.hold("A", trace.StopSubscribers)
	l.release(l.gate)
	l.gate = next
	l.say("还差一个：writer 站在 conn.write，Stop 就陪它站着。", "One has not gone yet: the writer stands at conn.write, and so Stop stands too.")
	waiting := l.state().Peer("A").StopAt == trace.StopServer
	l.say("放 writer 走。连接已经关闭，它手里的消息不写了：Stop 不等队列写完。谁要等，先 CloseConn，等它写完再 Stop。",
		"Let the writer go. The connection is closed, so what it has in its hand is not written: Stop does not drain queues. Who wants that calls CloseConn first, and gives it time.")
	l.release(l.writer)
	l.reached(l.gate)
	st := l.state()
	l.promise(waiting && l.idle(st, "A") && drops(st, "A") == 1, fmt.Sprintf("waiting: %v, idle: %v, %d dropped", waiting, l.idle(st, "A"), drops(st, "A")),
		"最后一个 goroutine 走了，Stop 才走到下一行。没写的那条消息丢弃了，记了数。",
		"Stop has come to its next line only after the last goroutine had gone. The message that was not written is given up, and counted.")
	l.do(func() error {
		err := l.b.Probe(l.a.Remote())
		l.promise(err != nil && !errors.Is(err, comm.ErrRefused), err,
			"B 再来 Ping，连拒绝它的都没有了：那个端口不再监听。", "When B sends another Ping nobody is there to refuse it: the port does not listen any more.")
		return nil
	})
}

// subscribers: those who send first, those who receive last.
func (l *stopping) subscribers() {
	l.chapter("最后才是订阅者", "The subscribers come last")
	l.say("往关闭的 channel 里发送会 panic，所以 channel 只能在最后一个发送者走了以后才关。现在正是时候。再叫一次 Stop 试试：它不会抢先返回。",
		"To send on a closed channel is a panic, so a channel may be closed only when its last sender has gone. Now is the time. Call Stop once more: that call does not return before the first.")
	l.call(l.a.Comm.Stop)
	l.say("两个 Stop 都在等。", "Both calls wait.")
	l.promise(l.returned() == 0 && !ended(l.inbox), "a Stop that has returned, or a closed channel",
		"订阅者的 channel 还开着，两次 Stop 都没有返回。", "The subscriber's channel is still open, and neither Stop has returned.")
	l.release(l.gate)
	for _, call := range l.calls {
		l.do(func() error { return wait(l.ctx, call) })
	}
	l.promise(ended(l.inbox), "an open channel", "两次 Stop 都返回了，订阅者的 channel 关闭了。", "Both calls have returned, and the subscriber's channel is closed.")
}

// afterwards: nothing is left, and nothing begins again.
func (l *stopping) afterwards() {
	l.chapter("停了以后", "Afterwards")
	l.say("最后再叫 A 发一条消息。Send 没有返回值，消息交给一个停了的节点，就到连接表为止。",
		"At last A is asked to send a message. Send returns nothing; given to a peer that has stopped, a message gets no further than the store.")
	before := len(l.state().Peer("A").Connections)
	l.do(func() error { return l.a.Send("anybody?", l.b.Remote()) })
	st := l.state()
	l.promise(len(st.Peer("A").Connections) == before && l.idle(st, "A"), "a connection", "没有拨号，也没有哪个 goroutine 活过来。", "Nothing is dialled, and no goroutine comes to life.")
	for _, i := range st.Invariants() {
		if i.Name == timeline.NoneAfterStop {
			l.promise(i.Holds, i.Why, "从 Stop 返回到现在，A 的通信层没有动过一步。", "Since Stop returned, no goroutine of A's layer has taken a step.")
		}
	}
}

// ended reports whether a channel is closed. A message that is in it is taken out.
func ended(messages <-chan proto.ReceivedMessage) bool {
	select {
	case _, open := <-messages:
		return !open
	default:
		return false
	}
}

// wait waits for a channel to be closed, or for the end of ctx.
func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
