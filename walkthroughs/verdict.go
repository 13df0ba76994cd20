package walkthroughs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// verdict is lesson 6. To step through it: dlv test ./walkthroughs -- -test.run TestProbeAndHandshakeAskTwoQuestions, with breakpoints on
// comm.(*commImpl).Handshake (`remotePeer`: whom it looks for, and whether it knows a PKI-ID), comm.(*commImpl).openStream (`err`: the one
// that the lesson is about, and `stream`, which is nil beside it) and comm.(*commImpl).awaitVerdict (`err`, once `c.readWithTimeout` has
// returned: how the stream has ended).
var verdict = Lesson{
	Number: 6,
	Slug:   "verdict",
	Title:  text.Text{Zh: "Probe 和 Handshake：有人吗？你是谁？", En: "Probe and Handshake: anybody there? Who are you?"},
	Learn: text.Text{
		Zh: "Handshake 为什么要检查 GossipStream 返回的 err？双方的 ConnEstablish 都收到了，它为什么还要再 Recv 一次？",
		En: "Why does Handshake check the err of GossipStream? And why does it call Recv once more when both ConnEstablish have arrived?",
	},
	Minutes: 4,
	About: []trace.Step{
		trace.AuthProbe, trace.AuthAwait, trace.AuthVerdict,
	},
	tell: tellVerdict,
}

func tellVerdict(s *story) {
	s.say("Probe 和 Handshake 都只是去问一声，问完就走，连接表里什么也不留。Probe 问：有人在吗？Handshake 问：你是谁，肯不肯认我？",
		"Probe and Handshake only ask, and leave nothing in any connection store. Probe asks: is anybody there? Handshake asks: who are you, and will you have me?")
	a := s.peer("A", comm.Config{})
	b := s.peer("B", comm.Config{})
	verdictWrongAddress(s, a, b)
	verdictAddressOnly(s, a, b)
	verdictAnsweredFirst(s, a)
	verdictConnected(s, a, b)
	verdictRefused(s, a)
	verdictSelf(s, a)
	verdictNobody(s, a)
	verdictNoStream(s, b)
}

// verdictWrongAddress: the same wrong address, by Probe and by Handshake.
func verdictWrongAddress(s *story, a, b *lab.Peer) {
	s.chapter("地址写错了", "A wrong address")
	s.say("A 要找 C，手里的地址却是 B 的。先 Probe：它只发一个 Ping，Ping 里没有身份，回答里也没有。",
		"A looks for C, but the endpoint that it was given is B's. First a Probe: that sends one Ping. There is no identity in a Ping, and none in the answer.")
	s.do(func() error {
		wanted := &comm.RemotePeer{Endpoint: b.Endpoint, PKIID: identityOf("C").PKIID()}
		err := a.Probe(wanted)
		s.promise(err == nil, err, "Probe 成功了：它只证明那里有人应答，不管应答的是谁。",
			"The Probe succeeded: it proves that somebody answers there, whoever it is.")
		s.say("再 Handshake，找的人和地址都一样。", "Now a Handshake, for the same peer at the same endpoint.")
		_, err = a.Handshake(wanted)
		s.until("both ends have closed", s.bothClosed)
		s.promise(errors.Is(err, comm.ErrUnexpectedPeer) && !errors.Is(err, comm.ErrRefused) && checksPassed(latestConnection(s.state(), "B")) == allChecks, err,
			"Handshake 失败了，而且不是 B 拒绝了 A：B 那边每一项检查都通过，是 A 发现 B 不是 C。",
			"The Handshake failed, and not because B refused: at B every check passed. It is A who found that B is not C.")
		return nil
	})
}

// bothClosed reports whether A and B have nothing open.
func (s *story) bothClosed(st *timeline.State) bool {
	return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st)
}

// verdictAddressOnly: what Handshake is for, and what its last Recv is for.
func verdictAddressOnly(s *story, a, b *lab.Peer) {
	s.chapter("只知道地址", "An address and nothing else")
	s.say("有时 A 只知道一个地址：Fabric 的 bootstrap peer 和 anchor peer 都是这样配置的。往那里发任何消息之前，它先要知道那是谁、属于哪个组织，这就是 Handshake 的用处。",
		"Sometimes A knows an endpoint and no more: that is how bootstrap peers and anchor peers are configured in Fabric. Before it sends anything there it has to know who that is, and of which organisation. This is what Handshake is for.")
	s.say("A 在 ConnEstablish 里设了 probe 标志。看 B 的顺序：先读、先查，全部通过才回答，然后结束这条流。",
		"In its ConnEstablish A sets the probe flag. Mind B's order: it reads and checks, answers only when everything has passed, and then ends the stream.")
	s.do(func() error {
		identity, err := a.Handshake(&comm.RemotePeer{Endpoint: b.Endpoint})
		s.until("both ends have closed", s.bothClosed)
		s.promise(err == nil && bytes.Equal(identity, b.Identity()), err, "A 得到了 B 的身份：证书是 Org1 签发的，B 也证明了自己握有它的私钥。",
			"A has got B's identity: Org1 has issued it, and B has proven that it holds its key.")
		return nil
	})
	if s.over() {
		return
	}
	s.say("B 的回答已经意味着接受，A 为什么还要再 Recv 一次，等 B 的裁决？因为对方不一定是这样的节点。Fabric 的接受方先发自己的 ConnEstablish，后读对方的：它的回答什么也不说明。",
		"B's answer meant acceptance already. Why does A call Recv once more and wait for a verdict? Because the other end need not be of this kind. A Fabric acceptor sends its own ConnEstablish before it has read the other one: its answer says nothing.")
	s.say("所以要看流怎样结束：干净地结束，是接受；带着 status 结束，是拒绝，理由就写在里面；一直没有动静，是 v2.1 以前的节点，不认识 probe 标志，它已经接受，正等着 A 开口。",
		"So what counts is how the stream ends. A clean end: accepted. A status: refused, and the status says why. Nothing at all: a peer from before v2.1 that knows no probe flag; it has accepted and waits for A to speak.")
	s.do(func() error { return verdictOrder(s) })
}

// verdictOrder looks at the record of the handshake that has just ended: who did what before whom.
func verdictOrder(s *story) error {
	st := s.state()
	atA, atB := latestConnection(st, "A"), latestConnection(st, "B")
	last, first := uint64(0), uint64(0)
	for _, check := range atB.Checks {
		last = max(last, check.N)
	}
	for _, check := range atA.Checks {
		if check.Step == trace.AuthDecode {
			first = check.N
		}
	}
	s.promise(checksPassed(atB) == allChecks && last < first && atA.Verdict.Passed() && first < atA.Verdict.N,
		fmt.Sprintf("%d checks at B, the last is event %d, A's first is %d, verdict %+v", checksPassed(atB), last, first, atA.Verdict),
		"B 查完了每一项，A 才读到 B 的回答；A 也查完以后，等到了裁决：流干净地结束。",
		"B had made every check before A read its answer. Then A checked too, and got the verdict: a clean end of the stream.")
	s.promise(!atA.Stored && !atB.Stored && len(stored(st, "A")) == 0 && len(stored(st, "B")) == 0, "a connection in a store",
		"双方的连接表里什么也没有留下。", "Nothing was left in either store.")
	return nil
}

// verdictAnsweredFirst: the acceptors for whose sake Handshake waits for a verdict.
func verdictAnsweredFirst(s *story, a *lab.Peer) {
	s.chapter("先回答，后检查", "Answered first, checked afterwards")
	s.say("G 照 Fabric 的做法接受流，没有用这一层的代码：流一打开，它就发出自己的 ConnEstablish，然后才读 A 的那一条。它不报告自己的步骤，下面只有 A 这一端的。",
		"G accepts streams as Fabric does, with none of this layer's code: as soon as a stream is open it sends its own ConnEstablish, and only then reads A's. It reports no steps of its own; those that follow are A's.")
	s.do(func() error {
		g, err := s.fabricAcceptor("G", "")
		if err != nil {
			return err
		}
		identity, err := a.Handshake(g.Remote())
		s.until("A's end has closed", s.bothClosed)
		c := latestConnection(s.state(), "A")
		s.promise(err == nil && bytes.Equal(identity, g.Identity()) && checksPassed(c) == allChecks && c.Verdict.Passed(), err,
			"G 的回答经得起 A 的每一项检查；不过说明「接受」的不是它，而是后面的裁决：流干净地结束了。",
			"G's answer has passed every check of A's; but what says \"accepted\" is not that answer, it is the verdict behind it: the stream has ended cleanly.")
		return nil
	})
	s.say("J 也这样接受流。它属于 Org2，没有配置过 Org1 的 MSP，不认得 A 的身份，所以要拒绝 A。可是等它查出来，回答早就发出去了。",
		"J accepts streams in the same way. It is of Org2, was never given the MSP of Org1, and so cannot make anything of A's identity: it has to refuse A. But when it finds that out, its answer has long been sent.")
	s.do(func() error { return verdictRefusedLate(s, a) })
	s.say("我们的接受方反过来：先读、先查，全部通过才回答，上一章的 B 就是这样。所以它的回答本身就是裁决，通不过的人连它的身份都拿不到。Handshake 还是要多等这一次 Recv，因为它不知道对面是哪一种。",
		"Our acceptor does it the other way round, like B in the chapter before: it reads, it checks, and it answers only if everything has passed. So its answer is the verdict, and whoever does not pass does not even get its identity. "+
			"Handshake calls Recv once more all the same, since it cannot know which kind is at the other end.")
}

// fabricAcceptor brings somebody into the lab who accepts streams as Fabric does.
func (s *story) fabricAcceptor(name, refusal string) (*lab.FabricAcceptor, error) {
	s.cast = append(s.cast, name)
	return s.NewFabricAcceptor(name, refusal)
}

// verdictRefusedLate: a refusal that comes behind an answer with which nothing is wrong.
func verdictRefusedLate(s *story, a *lab.Peer) error {
	const words = "No MSP found able to do that" // as in Fabric, where an organisation is not known
	j, err := s.fabricAcceptor("J", words)
	if err != nil {
		return err
	}
	_, err = a.Handshake(j.Remote())
	s.until("A's end has closed", s.bothClosed)
	c := latestConnection(s.state(), "A")
	s.promise(checksPassed(c) == allChecks && c.Verdict.Failed, fmt.Sprintf("%d checks passed, verdict %+v", checksPassed(c), c.Verdict),
		"J 的身份是真的，A 的检查又是全部通过。没有后面这次 Recv，Handshake 到这里就会报告成功。",
		"J's identity is genuine, and again all of A's checks have passed. Without the Recv that follows, Handshake would now report success.")
	var refused *comm.RefusedError
	s.promise(errors.Is(err, comm.ErrRefused) && errors.As(err, &refused) && refused.Words == words, err,
		"有了它，A 就知道自己被拒绝了：errors.Is 认得出 ErrRefused，理由是 J 的原话。",
		"With it A knows that it was refused: errors.Is finds ErrRefused, and the reason is in J's own words.")
	return nil
}

// latestConnection returns what a peer has begun, or accepted, last.
func latestConnection(st *timeline.State, name string) *timeline.Connection {
	conns := st.Peer(name).Connections
	if len(conns) == 0 {
		return &timeline.Connection{}
	}
	return conns[len(conns)-1]
}

// verdictConnected: a handshake beside a connection.
func verdictConnected(s *story, a, b *lab.Peer) {
	s.chapter("已有的连接不受影响", "The connection that is there")
	s.say("A 和 B 先建立一条真正的连接，再握一次手。在 probe 标志出现以前（v2.1，FAB-17675），握手会被当成一条新连接，把原来的那条顶掉。",
		"A and B first make a real connection, and then shake hands once more. Before there was a probe flag (v2.1, FAB-17675) the handshake was taken for a new connection, and pushed the old one out.")
	s.do(func() error { return a.Send("first", b.Remote()) })
	s.until("B has handled the first message", func(st *timeline.State) bool { return unclaimedAt(st, "B") == 1 })
	if s.over() {
		return
	}
	before := s.state()
	identity, err := a.Handshake(b.Remote())
	s.do(func() error { return a.Send("second", b.Remote()) })
	s.until("B has handled the second message", func(st *timeline.State) bool { return unclaimedAt(st, "B") == 2 })
	if s.over() {
		return
	}
	after := s.state()
	s.promise(err == nil && bytes.Equal(identity, b.Identity()) && sameStored(before, after, "A") && sameStored(before, after, "B"), err,
		"握手成功，双方的连接表里还是原来那一个连接，第二条消息走的也是它。",
		"The handshake succeeded, either store still holds the connection that it held, and the second message has gone over it.")
}

// unclaimedAt counts the messages that came to the one stored connection of a peer and that nobody wanted.
func unclaimedAt(st *timeline.State, name string) (count int) {
	for _, c := range stored(st, name) {
		for _, m := range c.Incoming() {
			if m.Kind == timeline.DataMessage && m.Unclaimed {
				count++
			}
		}
	}
	return count
}

// sameStored reports whether a peer's store holds one connection, and the same one, at both moments.
func sameStored(before, after *timeline.State, name string) bool {
	b, a := stored(before, name), stored(after, name)
	return len(b) == 1 && len(a) == 1 && b[0].Key == a[0].Key
}

// verdictRefused: a refusal, in the words of the one who refuses.
func verdictRefused(s *story, a *lab.Peer) {
	s.chapter("拒绝的理由", "Why one is refused")
	s.say("D 很谨慎：还没证明身份的流，它最多容一条。陌生人 X 占住了这个位置，一声不吭；这时 A 来握手。",
		"D is careful: of streams that have not proven an identity it allows one. A stranger, X, has taken that place and says nothing. Then A comes to shake hands.")
	// X may sit there as long as it likes: this lesson is not about its silence.
	d := s.peer("D", comm.Config{MaxPendingStreams: 1, ConnTimeout: 30 * time.Second})
	x := s.intruder("X")
	s.do(func() error {
		ctx, cancel := context.WithCancel(s.ctx)
		defer cancel()
		if _, err := x.Open(ctx, d, true, "silence"); err != nil {
			return err
		}
		s.until("X's stream is in D's hands", func(st *timeline.State) bool {
			_, waits := latestConnection(st, "D").Goroutine(trace.HandlerGoroutine)
			return waits && len(latestConnection(st, "D").Checks) > 1
		})
		_, err := a.Handshake(d.Remote())
		var refused *comm.RefusedError
		said := ""
		if errors.As(err, &refused) {
			said = refused.Words
		}
		s.promise(errors.Is(err, comm.ErrRefused) && errors.Is(err, comm.ErrTooManyStreams) && said == latestConnection(s.state(), "D").Refused.Reason, err,
			"A 立刻听到了拒绝的理由，一字不差就是 D 的原话，errors.Is 也认得出来：ErrTooManyStreams。",
			"A has learned at once why it was refused, in D's own words to the letter, and errors.Is knows them: ErrTooManyStreams.")
		s.say("理由写在结束流的那个 status 里，只有 Recv 读得到：流已经结束的话，Send 只会得到 io.EOF。A 走了，X 也自觉没趣，挂断了。",
			"The reason is in the status that ended the stream, and only Recv gets it: on a stream that has ended, Send gives no more than io.EOF. A has gone, and now X hangs up too.")
		x.HangUp()
		return nil
	})
	s.until("D has let go of both", func(st *timeline.State) bool { return s.idle(st, "D") })
}

// verdictSelf: oneself at the other end.
func verdictSelf(s *story, a *lab.Peer) {
	s.chapter("打给自己", "Calling oneself")
	s.say("地址列表里常常也有自己。Ping 当然有回音：自己也在听。握手呢？下面每一行都是 A：拨号的是它，接受的也是它。",
		"One's own endpoint is often among those one was given. A Ping is answered, of course: one listens oneself. And a handshake? Every line that follows is A's: it dials, and it accepts.")
	s.do(func() error {
		pinged := a.Probe(a.Remote())
		_, err := a.Handshake(a.Remote())
		s.until("both ends have closed", func(st *timeline.State) bool { return len(st.Peer("A").Dials()) == 0 && onlyStoredOpen(st, "A") })
		s.promise(pinged == nil && errors.Is(err, comm.ErrSelf) && errors.Is(err, comm.ErrRefused), fmt.Sprintf("%v, %v", pinged, err),
			"Probe 通了，Handshake 没有：接受的一端（也就是 A 自己）认出来者是自己，拒绝了。",
			"The Probe got through, and the Handshake did not: the accepting end, which is A as well, has seen that it is itself who comes, and has refused.")
		return nil
	})
}

// onlyStoredOpen reports whether everything of a peer is closed but for what its store holds.
func onlyStoredOpen(st *timeline.State, name string) bool {
	for _, c := range st.Peer(name).Connections {
		if c.Phase != timeline.PhaseClosed && !c.Stored {
			return false
		}
	}
	return true
}

// verdictNobody: nobody at all.
func verdictNobody(s *story, a *lab.Peer) {
	s.chapter("没有人了", "Nobody there")
	s.say("E 刚刚还在，现在被强行终止了。这时 Probe 它，不必等到拨号超时：系统立刻就说那个端口没有人在听。",
		"E was there a moment ago, and has been killed. To Probe it now does not mean to wait for the dial to time out: the system says at once that nobody listens at that port.")
	e := s.peer("E", comm.Config{})
	s.do(func() error {
		e.Kill()
		err := a.Probe(e.Remote())
		s.promise(err != nil && strings.Contains(err.Error(), "connection refused") && !errors.Is(err, comm.ErrDialTimeout), err,
			"Probe 立刻失败，错误说的就是实情：connection refused。",
			"The Probe failed at once, and its error says what is so: connection refused.")
		return nil
	})
	if s.over() {
		return
	}
	st := s.state()
	s.promise(len(stored(st, "A")) == 1 && len(st.Peer("A").Notices) == 0, fmt.Sprintf("%d connections, %d notices", len(stored(st, "A")), len(st.Peer("A").Notices)),
		"问了这么多次，A 的连接表里只有 Send 建的那一个连接；问不到人，也不会因此推定谁死了。",
		"For all this asking, A's store holds the one connection that Send has made; and that nobody answered has not made A presume anybody dead.")
}

// verdictNoStream: the one error that opening a stream can give.
func verdictNoStream(s *story, b *lab.Peer) {
	s.chapter("GossipStream 的 err", "The err of GossipStream")
	s.say("打开流，不过是在现成的线路上发一个 HEADERS 帧，并不等回音。所以 GossipStream 的 err 与身份无关，与对方肯不肯也无关，只说本端：线路在 Ping 之后断了，或者 ctx 已经结束，流没有地方可开。",
		"To open a stream is to send a HEADERS frame on a line that is there; no answer is waited for. So the err of GossipStream has nothing to do with identities, nor with what the other end wants. It speaks of this end only: the line has broken since the Ping, or ctx has ended, and there is nothing to open a stream on.")
	s.say("要看到它，得在 Ping 之后、GossipStream 之前出点事。F 去和 B 握手，先把它拦在 stream.open 这一步。",
		"To see it, something has to happen after the Ping and before GossipStream. F is to shake hands with B, and is held at the step stream.open.")
	f := s.peer("F", comm.Config{})
	hold := s.hold("F", trace.StreamOpen)
	returned := make(chan error, 1)
	s.do(func() error {
		go func() {
			_, err := f.Handshake(b.Remote())
			returned <- err
		}()
		return nil
	})
	s.reached(hold)
	s.say("这时 F 要停了。Stop 先结束这个节点的一切 context，再等还没返回的调用，比如这次 Handshake。等 Stop 走到这一步，再放 F 的 Handshake 往下走。",
		"Now F is to stop. Stop ends every context of the peer, and then waits for the calls that have not returned, this Handshake for one. When Stop has come so far, the Handshake may go on.")
	s.do(func() error { go f.Stop(); return nil })
	s.until("Stop has ended every context of F", func(st *timeline.State) bool {
		at := st.Peer("F").StopAt
		return at == trace.StopDemux || at == trace.StopServer // it may have gone on by now, as far as it can
	})
	s.release(hold)
	s.do(func() error {
		var err error
		select {
		case err = <-returned:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
		s.until("F has stopped, and nothing is under way", func(st *timeline.State) bool { return !st.Peer("F").Alive() && atRest(st) })
		c := latestConnection(s.state(), "F")
		s.promise(errors.Is(err, comm.ErrStopped) && c.Purpose == trace.ForHandshake && c.Ping.Passed() && len(c.Checks) == 0, err,
			"Ping 通了，流却没有打开，err 是 ErrStopped：F 一个字也没有说出口。这时返回的 stream 是 nil，不检查 err，下一行就会 panic。",
			"The Ping was answered, and yet no stream was opened; the err is ErrStopped, and F has not said a word. The stream beside such an err is nil: without the check the next line would panic.")
		return nil
	})
}
