package walkthroughs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// store is lesson 7. To step through it: dlv test ./walkthroughs -- -test.run TestOneConnectionAPeer, with breakpoints on
//
//	comm.(*connectionStore).getConnection   `cs.pki2Conn` and `cs.destinationLocks` are what there is; `found` says which was of use
//	comm.(*connectionStore).admit           `conn` is the newcomer, `standing` is what is in the store already
//	comm.encounter.decide                   `e` is all that a peer knows when both have dialled
//	comm.(*connection).giveWay              `len(conn.outBuff)` messages move to `successor`
var store = Lesson{
	Number: 7,
	Slug:   "store",
	Title:  text.Text{Zh: "连接表：一个节点，一个连接", En: "The store: one connection a peer"},
	Learn: text.Text{
		Zh: "connectionStore 的两个 map 各管什么？同一个节点的第二个连接从哪里来，该留下哪一个？两边同时拨号呢？",
		En: "What are the two maps of connectionStore for? Where does a second connection to a peer come from, and which of the two should stay? And what if both dial at once?",
	},
	Minutes: 2,
	About: []trace.Step{
		trace.StoreLookup, trace.StoreStored, trace.StoreReplaced, trace.StoreTieBreak, trace.StoreHandover,
	},
	tell: tellStore,
}

// unhurried is for lessons that keep a handshake or an ending waiting: whoever steps through them takes longer than the two seconds that
// the layer would give them.
var unhurried = comm.Config{ConnTimeout: time.Minute}

func tellStore(s *story) {
	s.say("连接表（connectionStore）有两个 map：pki2Conn 里是已经认证的连接，destinationLocks 里是正在进行的拨号。规矩只有一条：一个 PKI-ID，最多一个连接。",
		"The connection store has two maps: pki2Conn holds the connections that have authenticated, destinationLocks the dials under way. There is one rule: at most one connection for each PKI-ID.")
	a := s.peer("A", unhurried)
	b := s.peer("B", unhurried)

	s.chapters(
		func() { storeSharedDial(s, a, b) },
		func() { storeReuse(s, a, b) },
		func() { storeSelf(s, b) },
		func() { b = storeRestart(s, a, b) },
		func() { storeBothDial(s, a, b) },
	)
}

// storeSharedDial: who wants a peer that is being dialled already waits for the same dial.
func storeSharedDial(s *story, a, b *lab.Peer) {
	s.chapter("三条消息，一次拨号", "Three messages, one dial")
	s.say("B 连发三条消息给 A。拨号一开始就拦住它，看第二条、第三条怎么办。",
		"B sends A three messages. The dial is held as soon as it begins, to see what becomes of the second and the third.")
	dial := s.hold("B", trace.DialStart)
	s.do(func() error { return b.Send("1", a.Remote()) })
	s.reached(dial)
	s.do(func() error { return b.Send("2", a.Remote()) })
	s.do(func() error { return b.Send("3", a.Remote()) })
	s.say("三条都排进了同一个连接的队列，虽然它还没有拨通。放行。", "All three are in the queue of one connection, although that is not there yet. Let it go.")
	s.release(dial)
	s.until("A has all three", func(st *timeline.State) bool {
		return len(heard(st, "A")) == 3 && reading(st, "A") && reading(st, "B") && wrote(st, "B", "3")
	})
	st := s.state()
	s.promise(slices.Equal(heard(st, "A"), []string{"1", "2", "3"}) && len(connections(st, "B")) == 1,
		fmt.Sprintf("A has %q, B has made %d connections", heard(st, "A"), len(connections(st, "B"))),
		"只拨了一次号，三条消息都到了，顺序也对。", "There was one dial, and all three messages have arrived, in order.")
}

// storeReuse: a connection serves both directions, and also those who know only the address.
func storeReuse(s *story, a, b *lab.Peer) {
	s.chapter("有连接就用", "What is there is used")
	s.say("连接不分方向：是 B 拨的号，A 要回话，用的还是它。", "A connection has no preferred direction: B has dialled, and when A wants to answer it uses the same.")
	s.deliver(a, b, "4")
	s.say("B 也可以只给地址，不给 PKI-ID，意思是「谁在那里证明了身份，就是谁」。连接表按 PKI-ID 找不了，就找拨往这个地址的连接。",
		"B may also give an address and no PKI-ID, which means \"whoever proves an identity there\". The store cannot look for the PKI-ID then, and looks for a connection that was dialled to this address.")
	s.do(func() error { return b.Send("5", &comm.RemotePeer{Endpoint: a.Endpoint}) })
	s.until("A has the message", func(st *timeline.State) bool { return slices.Contains(heard(st, "A"), "5") && reading(st, "A") })
	st := s.state()
	s.promise(len(connections(st, "A")) == 1 && len(connections(st, "B")) == 1, "a second connection",
		"自始至终只有一个连接。", "There has been one connection all the time.")
}

// storeSelf: nobody is his own peer.
func storeSelf(s *story, b *lab.Peer) {
	s.chapter("不能连自己", "Not to oneself")
	s.say("要是 B 把消息发给自己呢？用 SendWithAck 来发，好看到返回的 error。",
		"And if B sends a message to itself? It is sent with SendWithAck, which returns the error.")
	s.do(func() error {
		results := b.SendWithAck("to myself", time.Minute, 1, b.Remote())
		refused := len(results) == 1 && errors.Is(results[0], comm.ErrSelf)
		s.promise(refused && len(connections(s.state(), "B")) == 1, results.String(),
			"当场返回 ErrSelf，没有拨号。", "ErrSelf at once, and no dial.")
		return nil
	})
}

// storeRestart: the newest stream is the one that the other end believes in.
func storeRestart(s *story, a, b *lab.Peer) *lab.Peer {
	s.chapter("对方重启了", "The other one comes back")
	s.say("最容易出事的时候，是对方重启了，这边还没发觉。先把 A 的 reader 拦在 conn.read，它就什么都看不见；再杀掉 B，马上重启。",
		"The most delicate moment is when the other peer has restarted and this one has not noticed. A's reader is held at conn.read, so that it sees nothing; then B is killed, and started again at once.")
	old := newest(s.state(), "A").Key
	// It waits at this step already, for the message 6; that it stands there is recorded a moment before it looks whether it is held.
	reader := s.hold("A", trace.ConnRead, func(e trace.Event) bool {
		return e.Object.ID == old.ID && withText(connection(s.state(), old).Incoming(), "6") != nil
	})
	s.do(func() error { return b.Send("6", a.Remote()) })
	s.reached(reader)
	s.until("B's work is done", func(st *timeline.State) bool { return slices.Contains(heard(st, "A"), "6") && wrote(st, "B", "6") })
	s.do(func() error { b.Kill(); return nil })
	s.do(func() (err error) { b, err = s.Restart(b); return err })
	s.promise(connection(s.state(), old).Stored, "no connection in A's store", "A 的连接表里还是旧连接，虽然线路早就断了。", "A's store still holds the old connection, though the line is gone.")
	s.say("新的 B 不知道有过旧连接，它给 A 发消息，自然要拨号。", "The new B knows nothing of an old connection. It sends A a message, and so it dials.")
	s.do(func() error { return b.Send("7", a.Remote()) })
	waiting := func(st *timeline.State) bool {
		return slices.ContainsFunc(newest(st, "A").Incoming(), func(m *timeline.Message) bool {
			return m.Kind == timeline.DataMessage && m.Queued.Set() && !m.Marks[timeline.Handled].Set()
		})
	}
	s.until("A has taken the new stream, and the message 7 off it", func(st *timeline.State) bool {
		return waiting(st) && wrote(st, "B", "7") && reading(st, "A") && reading(st, "B")
	})
	st := s.state()
	s.promise(len(stored(st, "A")) == 1 && !connection(st, old).Stored, fmt.Sprintf("%d connections in A's store", len(stored(st, "A"))),
		"新来的赢：旧连接让位，PKI-ID 名下还是只有一个。反过来就糟了：B 会一直连不上，直到 A 发觉旧连接已断。",
		"The newcomer wins and the old connection gives way, so there is still one under the PKI-ID. The other way round B would be locked out until A has noticed that the old one is dead.")
	s.say("消息 7 已经在新连接的 msgChan 里，service 却还没有动它：同一个节点先后在两条流上发来的消息，要按先后处理，所以它先等旧连接收尾。等也有限度：旧连接最多拖一个 ConnTimeout。",
		"Message 7 is in the msgChan of the new connection by now, but the service has not touched it. What a peer sends over one stream and then over another is handled in that order, so it waits for the old connection to finish; and not for ever, since that has one ConnTimeout at most.")
	s.say("现在放开 A 的 reader，让旧流走到尽头。Fabric 在这里有个 bug：旧流的 handler 返回时，按 PKI-ID 去关连接，关掉的正是刚登记的新连接。我们只删自己。",
		"Now A's reader is let go, and the old stream comes to its end. Fabric has a bug here: when the handler of the old stream returns it closes what is stored under the PKI-ID, and that is the new connection. Ours removes only itself.")
	s.release(reader)
	s.until("the old connection has ended, and the message 7 has been handled", func(st *timeline.State) bool {
		return connection(st, old).Phase == timeline.PhaseClosed && slices.Contains(heard(st, "A"), "7")
	})
	s.deliver(a, b, "8")
	st = s.state()
	s.promise(len(connections(st, "A")) == 2 && notices(st, "A") == 0, "a third connection, or a notice",
		"旧流结束了，新连接安然无恙，A 的回话走的就是它。没有谁被推定已死。", "The old stream has ended and the new connection is unharmed: A's answer went over it. Nobody was presumed dead.")
	return b
}

// storeBothDial: each is the other's newcomer.
func storeBothDial(s *story, a, b *lab.Peer) {
	s.chapter("两边同时拨号", "Both dial at once")
	s.say("「新来的赢」有一种情况行不通：两边同时拨号。A 有话对 B 说，B 有话对 A 说，都没有连接，都去拨号，于是有了两条流。两边要是各留一条，留的又不是同一条，就两条都没了，消息也没了：这也是 Fabric 的一个 bug。先让 B 关掉现在这个连接。",
		"There is a case for which \"the newcomer wins\" will not do: both dial at once. A has something to say to B and B to A, neither has a connection, both dial, and there are two streams. "+
			"If each keeps one and they keep different ones, both streams are lost and the messages with them: this too is a bug in Fabric. First B closes the connection that there is.")
	s.do(func() error { b.CloseConn(a.Remote()); return nil })
	s.until("both ends have closed", func(st *timeline.State) bool { return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) })
	s.say("规则：同时拨号，PKI-ID 小的那一方拨的留下。A 是 08…，B 是 16…，所以该留 A 拨的。为了看清楚，让 A 的拨号停在发 ConnEstablish 之前，B 先到。",
		"The rule: of two that dial at once, the dial of the smaller PKI-ID stays. A is 08… and B is 16…, so it is A's. To see it clearly, A's dial is held before it sends its ConnEstablish, and B comes first.")
	dial := s.hold("A", trace.AuthSend, func(e trace.Event) bool { return e.Object.Role == trace.Initiator })
	s.do(func() error { return a.Send("from A", b.Remote()) })
	s.reached(dial)
	s.until("B's handler waits for A", func(st *timeline.State) bool { return handlerAt(newest(st, "B"), trace.AuthRead) })
	s.do(func() error { return b.Send("from B", a.Remote()) })
	s.until("B has heard of the refusal", func(st *timeline.State) bool {
		return newest(st, "B").Role == trace.Initiator && broke(newest(st, "B")) && newest(st, "A").Phase == timeline.PhaseClosed
	})
	st := s.state()
	s.promise(len(stored(st, "A"))+len(stored(st, "B")) == 0 && drops(st, "B") == 0, "a connection in a store, or a message dropped",
		"A 自己正在拨号，PKI-ID 又小，所以还没登记就拒绝了 B。B 没有丢弃消息，它在等 A 的流。",
		"A is dialling too and has the smaller PKI-ID, so it refuses B before it stores anything. B has not given up its message: it waits for A's stream.")
	s.release(dial)
	s.until("both messages have arrived, and the dial that lost has ended", func(st *timeline.State) bool {
		return slices.Contains(heard(st, "A"), "from B") && wrote(st, "B", "from B") && reading(st, "A") &&
			slices.Contains(heard(st, "B"), "from A") && wrote(st, "A", "from A") && reading(st, "B") &&
			newest(st, "B").Phase == timeline.PhaseClosed
	})
	st = s.state()
	s.promise(keptStream(st, "A", "B"), "another one", "两边留下的是同一条流，A 拨的那条。", "Both have kept the same stream, the one that A has dialled.")
	s.promise(drops(st, "A")+drops(st, "B") == 0 && notices(st, "A")+notices(st, "B") == 0, "a message dropped, or a notice",
		"两条消息都到了：B 的那条原来排在落选的拨号上，跟着队列搬到了留下的连接。", "Both messages have arrived: B's was queued for the dial that lost, and moved with the queue to the connection that stayed.")
}

// keptStream reports whether the one connection in each of the two stores is an end of one stream, which the first has dialled.
func keptStream(st *timeline.State, dialler, dialled string) bool {
	for _, stream := range st.Streams() {
		if stream.Joined() && stream.Initiator.Stored && stream.Acceptor.Stored &&
			stream.Initiator.Key.Peer == dialler && stream.Acceptor.Key.Peer == dialled {
			return bytes.Equal(stream.Initiator.PKIID, st.Peer(dialled).Birth.PKIID) && len(stored(st, dialler)) == 1 && len(stored(st, dialled)) == 1
		}
	}
	return false
}
