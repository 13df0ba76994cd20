package terms

// What a goroutine does, as far as its last step tells. A gate stands before an act and may hold whoever comes to it, and that it lets go
// is no event: of a goroutine whose last step is a gate it is known only that the act is next, or under way. So it is said what it is to
// do (要写), which is true before the act and during it, and never that it does it (正在写). Only where it is known to be held is it said
// that the act has not begun. The lesson's own holds are events, but for whom they are meant is not: they cannot tell either.

import (
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Doing says in a few words what a goroutine does. full says that the queue that it puts messages into has no room.
func Doing(g timeline.Goroutine, full bool) text.Text { return doing(g, full).long() }

// ShortDoing says it in at most eight cells in Chinese, and eleven in English.
func ShortDoing(g timeline.Goroutine, full bool) text.Text { return doing(g, full).short() }

func doing(g timeline.Goroutine, full bool) pair {
	wait := g.WaitsFor()
	switch {
	case full && (wait == timeline.ForMsgChanRoom || wait == timeline.ForSubscription):
		return named(waits, wait, string(wait))
	case wait == timeline.ForMsgChanRoom:
		return justReceived // an acknowledgement goes elsewhere, and for what has room nobody waits
	case g.Gate && g.Alive:
		if at, known := gates[g.At]; known {
			return at.pair
		}
		return atGate
	}
	return named(waits, wait, string(wait))
}

// NoRoom reports whether the queue that a goroutine of a peer puts messages into is full: the connection's msgChan for a reader, that of a
// subscription for a service. Either may be nil if it is not known.
func NoRoom(p *timeline.Peer, c *timeline.Connection, g timeline.Goroutine) bool {
	switch {
	case g.Role == trace.ReaderGoroutine && c != nil:
		return c.MsgChan.Cap > 0 && c.InMsgChan() >= c.MsgChan.Cap
	case g.Role == trace.ServiceGoroutine && p != nil:
		return slices.ContainsFunc(p.Subscriptions, func(sub timeline.Subscription) bool {
			return sub.Queue.Cap > 0 && sub.Delivered-sub.Handed >= sub.Queue.Cap
		})
	}
	return false
}

// Held says of a goroutine that is held at a gate which step it stands before, and what it has not done.
func Held(lang text.Lang, step trace.Step) string {
	if g, known := gates[step]; known {
		return says.held.Format(lang, string(step), g.notYet)
	}
	return says.heldAt.Format(lang, text.Printable(string(step)))
}

// HeldAt says it where there is less room.
func HeldAt(lang text.Lang, step trace.Step) string {
	return says.heldAt.Format(lang, text.Printable(string(step)))
}

// InHands writes how many messages the goroutine of a subscription has taken out of its queue to hand them over. What has become of the
// last of them no step says: accept.hand is a gate.
func InHands(lang text.Lang, count string) string { return says.inHands.Format(lang, count) }

// gate is what stands behind a gate.
type gate struct {
	pair          // what a goroutine there is to do, long and short
	notYet string // what one that is held has not done, in Chinese; English says "before"
}

var gates = map[trace.Step]gate{
	trace.DialStart: {
		pair{{Zh: "要建 gRPC 连接", En: "is to make a gRPC connection"}, {Zh: "要拨号", En: "to dial"}},
		"还没建连接",
	},
	trace.PingSend: {
		pair{{Zh: "要发 Ping，等它的回音", En: "is to send the Ping, and to wait for its answer"}, {Zh: "要 Ping", En: "to ping"}},
		"Ping 还没发",
	},
	trace.StreamOpen: {
		pair{{Zh: "要打开流", En: "is to open the stream"}, {Zh: "要开流", En: "to open"}},
		"流还没打开",
	},
	trace.AuthSend: {
		pair{{Zh: "要发 ConnEstablish", En: "is to send its ConnEstablish"}, {Zh: "要报身份", En: "to send"}},
		"ConnEstablish 还没发",
	},
	trace.AuthRead: {
		pair{{Zh: "等着读对方的第一条消息", En: "is to read the other end's first message"}, {Zh: "等着读", En: "to read"}},
		"还没去读",
	},
	trace.AuthAwait: {
		pair{{Zh: "等着看对方的裁决", En: "is to learn the verdict"}, {Zh: "等裁决", En: "to learn"}},
		"裁决还没去看",
	},
	trace.ConnWrite: {
		pair{{Zh: "有一条要写，HTTP/2 放行才写得出去", En: "has one to write, as fast as HTTP/2 grants room"}, {Zh: "要写一条", En: "to write"}},
		"还没写",
	},
	trace.ConnRead: {
		pair{{Zh: "等着读流上的下一条", En: "is to read what comes next"}, {Zh: "等着读", En: "to read"}},
		"还没去读",
	},
	trace.ConnHandle: {
		pair{{Zh: "有一条要处理：逐个问订阅要不要", En: "has one to handle: asks each subscription for it"}, {Zh: "要处理", En: "to handle"}},
		"还没处理",
	},
	trace.ConnDrain: {
		pair{{Zh: "要结束自己这半边流，再等对方那半边", En: "is to end its half of the stream, and to wait for the other"}, {Zh: "要收半边", En: "to end"}},
		"这半边流还没结束",
	},
	trace.ConnServeEnd: {
		pair{{Zh: "要收尾，放掉连接占用的一切", En: "is to release all that the connection holds"}, {Zh: "要收尾", En: "to release"}},
		"还没收尾",
	},
	trace.DemuxDeliver: {
		pair{{Zh: "有订阅要它，该放进那个队列了", En: "is to put it into a subscription's queue"}, {Zh: "要入队", En: "to queue"}},
		"还没放进订阅的队列",
	},
	trace.AcceptHand: {
		pair{{Zh: "有一条要递给订阅者", En: "has one to offer to the subscriber"}, {Zh: "要递出", En: "to offer"}},
		"还没递给订阅者",
	},
	trace.StopConnections: {
		pair{{Zh: "要关闭所有连接", En: "is to close every connection"}, {Zh: "要关连接", En: "to close"}},
		"连接还没关",
	},
	trace.StopDemux: {
		pair{{Zh: "要关闭解复用器", En: "is to close the demultiplexer"}, {Zh: "要关订阅", En: "to close"}},
		"解复用器还没关",
	},
	trace.StopSubscribers: {
		pair{{Zh: "要关闭订阅者的 channel", En: "is to close the subscribers' channels"}, {Zh: "要关末端", En: "to close"}},
		"channel 还没关",
	},
	trace.StopServer: {
		pair{{Zh: "要停 gRPC server", En: "is to stop the gRPC server"}, {Zh: "要停服务", En: "to stop"}},
		"server 还没停",
	},
}

// atGate is for a gate of which only a newer program knows what stands behind it.
var atGate = pair{{Zh: "要走这一步", En: "is to do this step"}, {Zh: "要走这步", En: "to do it"}}

// justReceived is the reader between a message that it has read and the next.
var justReceived = pair{{Zh: "刚读到一条", En: "has just read one"}, {Zh: "读到一条", En: "has one"}}
