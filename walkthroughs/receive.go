package walkthroughs

import (
	"bytes"
	"context"
	"errors"
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

// receive is lesson 4. To step through it: dlv test ./walkthroughs -- -test.run TestAMessageComesIn, with three breakpoints.
//
// comm.(*connection).handle is the service with a message that it has taken from `conn.msgChan`: `conn` tells which connection's,
// `msg.Envelope` is the message as it came. comm.(*ChannelDeMultiplexer).deliver is where the message goes into a subscription: `msg` is by
// now the *ReceivedMessageImpl that the subscriber will get, with `msg.conn`, the connection that brought it, and `msg.connInfo`, who is at
// the other end of that; `ch.number` is the subscription. In the chapter about the slow subscriber `len(ch.messages)` climbs to
// `cap(ch.messages)`, and for block 13 `m.put` does not return. comm.(*commImpl).handToSubscriber is the goroutine of a subscription,
// between `generic.messages`, which the demultiplexer fills, and `specificChan`, which is what Accept has returned.
var receive = Lesson{
	Number: 4,
	Slug:   "receive",
	Title:  text.Text{Zh: "一条消息怎样收进来", En: "How a message comes in"},
	Learn: text.Text{
		Zh: "Accept 返回的 channel 里存的究竟是什么，消息经过哪几站才到那里？订阅者一直不来取，会拖住谁，不会拖住谁？",
		En: "What exactly does Accept's channel hold, and by which stations does a message get there? When a subscriber does not read, who is held up, and who is not?",
	},
	Minutes: 3,
	About: []trace.Step{
		trace.ConnRead, trace.ConnReceived, trace.ConnQueued, trace.ConnHandle, trace.DemuxAdd, trace.DemuxDeliver,
		trace.DemuxDelivered, trace.DemuxUnclaimed, trace.AcceptHand,
	},
	tell: tellReceive,
}

func tellReceive(s *story) {
	s.say("消息到了 B，还要过三个 goroutine 的手。reader 从流上读出来，放进这个连接的 msgChan。service 从 msgChan 取出来，交给解复用器：逐个问订阅要不要，要的就放进它的队列。最后由那个订阅自己的 goroutine 取出来，送进 Accept 返回的 channel。",
		"Once a message has reached B, it passes through the hands of three goroutines. The reader takes it off the stream and puts it into the msgChan of the connection. "+
			"The service takes it out and gives it to the demultiplexer, which asks each subscription and puts the message into the queue of each that wants it. Last, the subscription's own goroutine moves it into the channel that Accept returned.")
	s.say("每个连接有自己的 msgChan，容量默认是 20，这里把 B 的改成 1；每个订阅有自己的队列，容量固定是 10。",
		"Every connection has its own msgChan, with room for 20 messages by default; here B's have room for 1. Every subscription has its own queue, always with room for 10.")
	a := s.peer("A", comm.Config{})
	b := s.peer("B", comm.Config{RecvBuffSize: 1})
	c := s.peer("C", comm.Config{})

	receiveUnclaimed(s, a, b)
	subs := receiveSubscribed(s, b, c)
	receiveAnswered(s, b, c, subs)
	subscriber := receiveFull(s, a, b, subs)
	receiveJammed(s, a, b)
	receiveBeside(s, b, c, subs)
	receiveAll(s, subs, subscriber)
}

// receiveUnclaimed: what nobody has asked for is not kept.
func receiveUnclaimed(s *story, a, b *lab.Peer) {
	s.chapter("没有人要的消息", "A message that nobody wants")
	s.say("B 上还没有人订阅，A 就发来了 block 0。", "Nobody has subscribed at B yet when A sends block 0.")
	s.sendEach(a, b, "block 0")
	s.until("B is through with block 0", func(st *timeline.State) bool { return fromPeer(st, "A", "block 0").Unclaimed })
	if s.over() {
		return
	}
	st := s.state()
	inUse := len(stored(st, "A")) == 1 && len(stored(st, "B")) == 1
	back := contents(firstConnection(st, "A").Incoming())
	s.promise(st.Peer("B").Unclaimed == 1 && inUse && len(back) == 0,
		fmt.Sprintf("%d unclaimed, in use: %v, back to A: %v", st.Peer("B").Unclaimed, inUse, back),
		"block 0 一直走到解复用器，没有订阅要它，就此丢下。这不算错误：连接照常使用，也没有谁去告诉 A。",
		"block 0 got as far as the demultiplexer; no subscription wanted it, and there it ended. That is no error: the connection stays in use, and nobody tells A.")
}

// subscriptions are those that B has in lesson 4.
type subscriptions struct {
	blocks, fromC <-chan proto.ReceivedMessage

	first proto.ReceivedMessage // the first message that came by both
}

// receiveSubscribed: two subscriptions, one message, one value.
func receiveSubscribed(s *story, b, c *lab.Peer) *subscriptions {
	s.chapter("两个订阅", "Two subscriptions")
	s.say("调用 Accept，交给它一个谓词，得到一个 channel：谓词说要的消息，才会来到这里。B 订阅两次。订阅 1 看内容，只要以 block 开头的；订阅 2 看来路，只要 C 发来的。谓词在 service 的 goroutine 里执行，所以不能阻塞。",
		"Accept takes a predicate and returns a channel, into which come the messages that the predicate says yes to. B subscribes twice. Subscription 1 goes by content: it wants whatever begins with \"block\". Subscription 2 goes by origin: it wants whatever comes from C. "+
			"Predicates run on the goroutine of the service, so they must not block.")
	var subs subscriptions
	s.do(func() error {
		subs.blocks = b.Subscribe(isBlock)
		subs.fromC = b.Subscribe(isFrom(c))
		return nil
	})
	s.say("C 发来 block 1，两个订阅都要它。", "C sends block 1, which both subscriptions want.")
	s.sendEach(c, b, "block 1")
	subs.first = s.next(subs.blocks)
	second := s.next(subs.fromC)
	if s.over() {
		return &subs
	}
	s.promise(subs.first == second, fmt.Sprintf("%q and %q", textOf(subs.first), textOf(second)),
		"两个 channel 里取出来的是同一个指针：block 1 只有一份，两个订阅共用，所以谁也不许改它。",
		"What came out of the two channels is the same pointer: there is only one block 1, which both subscriptions share, and so neither may change it.")
	s.promise(textOf(subs.first) == "block 1" && len(subs.blocks) == 0, fmt.Sprintf("%q, %d more", textOf(subs.first), len(subs.blocks)),
		"订阅 1 得到的第一条是 block 1；block 0 来得太早，不会补发。",
		"The first that subscription 1 got is block 1; block 0 came too early, and is not delivered afterwards.")
	return &subs
}

// isBlock is the predicate of subscription 1.
func isBlock(m any) bool { return strings.HasPrefix(textOf(m.(proto.ReceivedMessage)), "block") }

// isFrom returns the predicate of subscription 2. It asks the connection who has sent the message: the message does not say.
func isFrom(p *lab.Peer) func(any) bool {
	return func(m any) bool { return bytes.Equal(m.(proto.ReceivedMessage).GetConnectionInfo().ID, p.PKIID) }
}

// receiveAnswered: what is in the channel, and what it is good for.
func receiveAnswered(s *story, b, c *lab.Peer, subs *subscriptions) {
	s.chapter("channel 里存的是什么", "What the channel holds")
	s.say("channel 的元素类型是接口 proto.ReceivedMessage，真正放进去的是 *ReceivedMessageImpl。里面有三样东西：解码后的消息，连同原封不动的信封；送它来的那个连接；那个连接的另一头是谁，握手时已经查明。",
		"The element type of the channel is an interface, proto.ReceivedMessage; what is really put into it is a *ReceivedMessageImpl. It has three things in it: the decoded message, along with its envelope, untouched; the connection that brought it; and who is at the other end of that connection, as established by the handshake.")
	if s.over() {
		return
	}
	_, isImpl := subs.first.(*comm.ReceivedMessageImpl)
	payload := subs.first.GetSourceEnvelope().GetPayload()
	s.promise(isImpl && bytes.Equal(payload, fromPeer(s.state(), "C", "block 1").Envelope.GetPayload()), fmt.Sprintf("a %T, %x", subs.first, payload),
		"取出来的是 *comm.ReceivedMessageImpl，信封里的内容与 C 发出的逐字节相同。",
		"What came out is a *comm.ReceivedMessageImpl, and what its envelope carries is byte for byte what C sent.")
	info := subs.first.GetConnectionInfo()
	s.promise(bytes.Equal(info.ID, c.PKIID) && bytes.Equal(info.Identity, c.Identity()), info,
		"GetConnectionInfo 说是 C 发来的。消息本身没有写发送者，这是连接在握手时证明过的。",
		"GetConnectionInfo says that C sent it. The message itself names no sender: who it is, the connection proved in its handshake.")
	s.say("手里有那个连接，就能原路回复：Respond 把回复放进它的 outBuff，由它的 writer 写到 C 打开的那条流上。",
		"With the connection at hand, one can reply the way the message came: Respond puts the reply into its outBuff, and its writer writes it to the stream that C opened.")
	s.do(func() error { b.Respond(subs.first, "got block 1"); return nil })
	s.until("C has the reply", func(st *timeline.State) bool { return toDialler(st, "C", "got block 1").Unclaimed })
	if s.over() {
		return
	}
	dialled := slices.ContainsFunc(s.state().Peer("B").Connections, func(c *timeline.Connection) bool { return c.Role != trace.Acceptor })
	s.promise(!dialled && len(s.lines(s.state())) == 2, fmt.Sprintf("%d lines, dialled by B: %v", len(s.lines(s.state())), dialled),
		"回复到了 C。B 没有拨过号：一共还是两条线路，一条是 A 拨来的，一条是 C 拨来的。",
		"The reply has reached C. B has not dialled: there are still two lines in all, one from A and one from C.")
}

// The blocks that A sends while nobody reads from subscription 1, by where they come to stand.
const (
	firstBlock = 2                           // in the hands of the subscription's goroutine; block 1 was C's
	inTheQueue = 10                          // as many after it as the queue of a subscription has room for
	atService  = firstBlock + inTheQueue + 1 // no room for it in the queue
	inMsgChan  = atService + 1               // the service does not take it
	atReader   = inMsgChan + 1               // no room for it in msgChan
	onTheWay   = atReader + 1                // the reader does not take it
)

// block returns the text of a block.
func block(number int) string { return fmt.Sprintf("block %d", number) }

// receiveFull: nobody reads, and the queue of the subscription fills.
func receiveFull(s *story, a, b *lab.Peer, subs *subscriptions) *lab.Hold {
	s.chapter("订阅者不来取", "A subscriber that does not read")
	s.say("现在，订阅 1 的主人不来取消息了。先装满的是 Accept 返回的 channel，然后订阅的 goroutine 就送不出去，停在那里。我们省掉这一步，直接把这个 goroutine 拦在 accept.hand。",
		"Now the owner of subscription 1 stops reading. First the channel that Accept returned fills up; then the goroutine of the subscription cannot get rid of its message, and stands still. We leave out that part and hold the goroutine at accept.hand right away.")
	s.say("A 一条接一条，发来 11 条。走法都一样，可以跳着看：第一条拿在订阅的 goroutine 手里，其余的一条一条装进订阅的队列，从 0/10 到 10/10。",
		"A sends 11 messages. They all go the same way, so you may skim: the first stays in the hands of the subscription's goroutine, the others fill the subscription's queue one by one, from 0/10 to 10/10.")
	subscriber := s.hold("B", trace.AcceptHand, func(e trace.Event) bool { return bytes.Equal(e.Peer, a.PKIID) })
	for number := firstBlock; number < atService; number++ {
		s.sendEach(a, b, block(number))
		s.until(block(number)+" is delivered", func(st *timeline.State) bool { return fromPeer(st, "A", block(number)).Delivered.Set() })
		if number == firstBlock {
			s.reached(subscriber)
		}
	}
	if s.over() {
		return subscriber
	}
	queue := firstSubscription(s.state()).Queue
	s.promise(queue.Len == inTheQueue && queue.Cap == inTheQueue && cap(subs.blocks) == inTheQueue, fmt.Sprintf("%d/%d, %d", queue.Len, queue.Cap, cap(subs.blocks)),
		"订阅的队列装满了，10/10。Accept 返回的 channel，容量同样是 10。",
		"The queue of the subscription is full, 10/10. The channel that Accept returned has room for just as many.")
	return subscriber
}

// receiveJammed: what does not get out at one end holds up one station after the other.
func receiveJammed(s *story, a, b *lab.Peer) {
	s.chapter("一站堵一站", "One station after the other")
	s.say("再来的消息会停在哪里？", "Where do further messages come to a halt?")
	s.sendEach(a, b, block(atService))
	s.until("the service cannot deliver", func(st *timeline.State) bool {
		sub := firstSubscription(st)
		return sub.Matched == sub.Delivered+1
	})
	s.say("block 13 在 service 手里：队列没有空位，它停在解复用器里等。", "block 13 is in the hands of the service, which stands in the demultiplexer and waits for room in the queue.")
	s.sendEach(a, b, block(inMsgChan))
	s.untilPlace(block(inMsgChan), timeline.InMsgChan)
	s.say("block 14 在 msgChan 里：service 腾不出手来取，1 格的 msgChan 满了。", "block 14 is in msgChan: the service has no hand free to take it out, and the one place there is now taken.")
	s.sendEach(a, b, block(atReader))
	s.untilPlace(block(atReader), timeline.WithReader)
	s.say("block 15 在 reader 手里：读出来了，放不进 msgChan。", "block 15 is in the hands of the reader: it has been read, and does not fit into msgChan.")
	s.sendEach(a, b, block(onTheWay))
	s.untilPlace(block(onTheWay), timeline.OnTheWay)
	s.say("block 16 在路上：A 写出去了，B 没有人去读。", "block 16 is on its way: A has written it, and nobody at B is reading.")
	s.promise(slices.Equal(s.places(), jam()), s.places(),
		"从订阅者那头数起：订阅的 goroutine 手里 1 条，订阅的队列 10 条，service 手里 1 条，msgChan 1 条，reader 手里 1 条，路上 1 条。",
		"Counted from the subscriber's end: 1 in the hands of the subscription's goroutine, 10 in the queue of the subscription, 1 in the hands of the service, 1 in msgChan, 1 in the hands of the reader, 1 on its way.")
	s.say("这就是背压：一条也没有丢，只是谁也不能往前走。A 要是继续发，HTTP/2 的流控窗口会用完，A 的 writer 跟着停下，接着 A 的 outBuff 装满，就成了第 3 课里的情形。要是一直堵着，等过了 WriteTimeout，A 就会关闭连接。",
		"This is back-pressure: nothing is lost, only nothing can move on. If A kept sending, the flow-control window of HTTP/2 would run out, A's writer would stop, A's outBuff would fill, and things would be as they were in lesson 3. If the jam lasted, A would close the connection after its WriteTimeout.")
}

// firstSubscription returns subscription 1 of B, an empty one if it is not known.
func firstSubscription(st *timeline.State) timeline.Subscription {
	for _, sub := range st.Peer("B").Subscriptions {
		if sub.Number == 1 {
			return sub
		}
	}
	return timeline.Subscription{}
}

// jam is where the blocks of A come to stand when nobody reads from subscription 1, in the order of their sending.
func jam() []timeline.Place {
	return slices.Concat(
		[]timeline.Place{timeline.WithSubscriber},
		slices.Repeat([]timeline.Place{timeline.InSubscription}, inTheQueue),
		[]timeline.Place{timeline.WithService, timeline.InMsgChan, timeline.WithReader, timeline.OnTheWay},
	)
}

// places returns where the blocks of A are, in the order of their sending.
func (s *story) places() []timeline.Place {
	st := s.state()
	var places []timeline.Place
	for number := firstBlock; number <= onTheWay; number++ {
		places = append(places, fromPeer(st, "A", block(number)).Place())
	}
	return places
}

// untilPlace waits until a message of A has come to a place.
func (s *story) untilPlace(text string, place timeline.Place) {
	s.until(fmt.Sprintf("%s is at %v", text, place), func(st *timeline.State) bool { return fromPeer(st, "A", text).Place() == place })
}

// receiveBeside: the jam ends with the connection.
func receiveBeside(s *story, b, c *lab.Peer, subs *subscriptions) {
	s.chapter("别的连接照常", "The other connection goes on as usual")
	s.say("堵住的是 A 拨来的那个连接：它的 service 停着，A 再发什么都过不去，不管是给哪个订阅的。C 拨来的连接有自己的 reader、msgChan 和 service。C 发 tx 1，只有订阅 2 要。",
		"What is jammed is the connection from A: its service stands still, so nothing else that A sends can pass, whichever subscription it is for. The connection from C has its own reader, msgChan and service. C sends tx 1, which only subscription 2 wants.")
	s.sendEach(c, b, "tx 1")
	m := s.next(subs.fromC)
	if s.over() {
		return
	}
	s.promise(textOf(m) == "tx 1" && slices.Equal(s.places(), jam()), fmt.Sprintf("%q, %v", textOf(m), s.places()),
		"C 的消息照样到了订阅 2，A 的 15 条还停在原处。慢订阅者拖住的，只是给它送消息的那些连接。",
		"C's message has reached subscription 2 all the same, while A's 15 are still where they were. A slow subscriber holds up the connections that feed it, and no others.")
}

// receiveAll: nothing was lost.
func receiveAll(s *story, subs *subscriptions, subscriber *lab.Hold) {
	s.chapter("终于来取了", "Reading at last")
	s.say("订阅 1 的主人回来了，一条一条地取。前面每空出一格，后面就跟上一步，连路上的那条也进来了。",
		"The owner of subscription 1 is back and reads one message after the other. With every place that becomes free, those behind move up a step, until even the one on its way has come in.")
	s.release(subscriber)
	var got, want []string
	for number := firstBlock; number <= onTheWay; number++ {
		got, want = append(got, textOf(s.next(subs.blocks))), append(want, block(number))
	}
	s.promise(slices.Equal(got, want), got,
		"block 2 到 block 16 全都取到了，一条不少，次序不乱。", "block 2 to block 16 have all been read: none is missing, and their order is kept.")
}

// errSubscriptionEnded means that the channel of a subscription was closed while a lesson waited for a message.
var errSubscriptionEnded = errors.New("the subscription has ended")

// next waits for the next message of a subscription. It returns nil once the story is over.
func (s *story) next(messages <-chan proto.ReceivedMessage) (m proto.ReceivedMessage) {
	s.do(func() error {
		select {
		case next, open := <-messages:
			if !open {
				return errSubscriptionEnded
			}
			m = next
			return nil
		case <-s.ctx.Done():
			return fmt.Errorf("waiting for a message of a subscription: %w", context.Cause(s.ctx))
		}
	})
	return m
}

// textOf returns the text of a data message, "" of any other and of none.
func textOf(m proto.ReceivedMessage) string {
	if m == nil {
		return ""
	}
	return string(m.GetGossipMessage().GetDataMsg().GetPayload().GetData())
}

// toDialler returns the message with this text that came to the peer of this name over a stream that it has opened itself; an empty one
// if there is none.
func toDialler(st *timeline.State, name, text string) *timeline.Message {
	for _, stream := range st.Streams() {
		if stream.Initiator == nil || stream.Initiator.Key.Peer != name {
			continue
		}
		if m := withText(stream.Backward(), text); m != nil {
			return m
		}
	}
	return &timeline.Message{}
}
