package pipeline

import "gossipscope/internal/text"

// says is everything that the panel says, but for the sentences about where a message is (where.go).
var says = struct {
	turn, previous, next, follow                        text.Text
	noPeers, noConnection                               text.Text
	header, among, picked                               text.Text
	sends, receives, stored, drops, dark, peerGone      text.Text
	callers, subscriber, subscriptions, subscriptionOne text.Text
	noSubscription, noSubscriptionShort                 text.Text
	notBegun, ended, unseen, heldBrief, heldBefore      text.Text
	noCall, calling, returned, wantsRoom, acks          text.Text
	empty, full, room                                   text.Text
	ackFilter, demux, notWanted                         text.Text
	noSubscriptions, call                               text.Text
	line, noLine, frozen, lag, halfClosed, closed, cut  text.Text
	lostHere                                            text.Text
	stopped, stoppedBrief, stoppedShort, inHand         text.Text
	noMessages, number, kind, content, place            text.Text
	legend                                              text.Text
	message, hello, firstMessage, ack, refusal          text.Text
	forgotten                                           text.Text
	legDial, legPing, legOpen, legArrived               text.Text
	legAuth, legServe                                   text.Text
	waits, onlyQueued                                   text.Text
	helloOf, helloNotSent, helloInHand                  text.Text
	helloOnTheWay, helloGiven, helloArrived, helloLost  text.Text
	checks, checksUnseen, checksNotYet, limit           text.Text
	lineName, unwanted, given, published, arrived, gone text.Text
	probeNoChecks, probeTLS                             text.Text
}{
	turn:     text.Text{Zh: "换方向", En: "turn around"},
	previous: text.Text{Zh: "上个连接", En: "previous connection"},
	next:     text.Text{Zh: "下个连接", En: "next connection"},
	follow:   text.Text{Zh: "跟随事件", En: "follow the event"},

	noPeers:      text.Text{Zh: "还没有节点，也就没有连接。", En: "There is no peer yet, so there is no connection."},
	noConnection: text.Text{Zh: "还没有连接：没有谁发过消息，也没有谁拨过号。", En: "There is no connection yet: nobody has sent anything or dialled."},

	header: text.Text{Zh: "方向 %s → %s", En: "direction %s → %s"},
	among:  text.Text{Zh: "连接 %d/%d", En: "connection %d of %d"},
	picked: text.Text{Zh: "已选定", En: "pinned"},

	sends:    text.Text{Zh: "发送", En: "sends"},
	receives: text.Text{Zh: "接收", En: "receives"},
	stored:   text.Text{Zh: "在连接表里", En: "in the store"},
	drops:    text.Text{Zh: "✕ 丢弃过 %d 条", En: "✕ %d dropped"},
	dark:     text.Text{Zh: "不是这次会话里的节点，它那边看不到", En: "no peer of this session: nothing of it can be seen"},
	peerGone: text.Text{Zh: "节点%s", En: "peer %s"},

	callers:             text.Text{Zh: "caller", En: "caller"},
	subscriber:          text.Text{Zh: "订阅者", En: "subscriber"},
	subscriptions:       text.Text{Zh: "订阅 ×%d", En: "subscr. ×%d"},
	subscriptionOne:     text.Text{Zh: "订阅 %d", En: "subscr. %d"},
	noSubscriptions:     text.Text{Zh: "订阅", En: "subscr."},
	noSubscription:      text.Text{Zh: "没有订阅", En: "nobody subscribes"},
	noSubscriptionShort: text.Text{Zh: "没有订阅", En: "none"},

	notBegun:   text.Text{Zh: "还没开始", En: "not begun"},
	ended:      text.Text{Zh: "已结束", En: "ended"},
	unseen:     text.Text{Zh: "看不到", En: "unseen"},
	heldBrief:  text.Text{Zh: "‖ 停在", En: "‖ held:"},
	heldBefore: text.Text{Zh: "%s 前", En: "%s"},

	call:      text.Text{Zh: "%s%s", En: "%s %s"},
	noCall:    text.Text{Zh: "没有调用", En: "no call yet"},
	calling:   text.Text{Zh: "正在调用", En: "in the call"},
	returned:  text.Text{Zh: "已返回", En: "returned"},
	wantsRoom: text.Text{Zh: "等空位", En: "wants room"},
	acks:      text.Text{Zh: "等确认 %d/%d", En: "acks %d/%d"},

	empty: text.Text{Zh: "空", En: "empty"},
	full:  text.Text{Zh: "满了", En: "full"},
	room:  text.Text{Zh: "还有空位", En: "has room"},

	ackFilter: text.Text{Zh: "▲ 确认截走", En: "▲ acks out"},
	demux:     text.Text{Zh: "解复用器", En: "demux"},
	notWanted: text.Text{Zh: "没人要 %d", En: "unwanted %d"},

	line:       text.Text{Zh: "gRPC · TLS", En: "gRPC · TLS"},
	noLine:     text.Text{Zh: "还没有线路", En: "no line yet"},
	frozen:     text.Text{Zh: "‖ 线路冻住", En: "‖ frozen"},
	lag:        text.Text{Zh: "慢 %v", En: "%v late"},
	halfClosed: text.Text{Zh: "只剩半边", En: "half closed"},
	closed:     text.Text{Zh: "✕ 线路已断开", En: "✕ closed"},
	cut:        text.Text{Zh: "✕ 线路被剪断", En: "✕ cut"},
	lostHere:   text.Text{Zh: "✕ 丢了 %d 条", En: "✕ %d lost"},

	// The channel that Accept returned has no event of its own: how many came to be put into it since, and who does not read it, is all there is.
	stopped:      text.Text{Zh: "%d →[Accept channel] ┄ ‖ 订阅者不读了", En: "%d →[Accept channel] ┄ ‖ subscriber does not read"},
	stoppedBrief: text.Text{Zh: "%d→[Accept] ┄ ‖ 订阅者不读了", En: "%d→[Accept]┄‖ no reads"},
	stoppedShort: text.Text{Zh: "‖ 不读了", En: "‖ no reads"},

	inHand: text.Text{Zh: "订阅的 goroutine 手里", En: "with the subscription"},

	noMessages: text.Text{Zh: "这个方向上还没有消息。", En: "No message in this direction yet."},
	number:     text.Text{Zh: "编号", En: "no."},
	kind:       text.Text{Zh: "种类", En: "kind"},
	content:    text.Text{Zh: "内容", En: "content"},
	place:      text.Text{Zh: "在哪里", En: "where"},
	legend: text.Text{
		Zh: "方框是队列，圆框是 goroutine　● 数据　▲ 确认　◆ 握手　✕ 丢弃　‖ 停住　▸ 现在",
		En: "square: a queue  round: a goroutine  ● data  ▲ ack  ◆ handshake  ✕ dropped  ‖ held  ▸ now",
	},

	message:      text.Text{Zh: "消息%s%s", En: "message%s %s"},
	firstMessage: text.Text{Zh: "%s 的第一条消息", En: "the first message of %s"},
	hello:        text.Text{Zh: "%s 的 ConnEstablish", En: "the ConnEstablish of %s"},
	ack:          text.Text{Zh: "确认%s", En: "acknowledgement%s"},
	refusal:      text.Text{Zh: "拒绝%s%s", En: "refusal%s %s"},
	forgotten:    text.Text{Zh: "更早的 %d 条已经不记得了", En: "%d earlier ones are forgotten"},

	legDial:    text.Text{Zh: "拨号", En: "dial"},
	legPing:    text.Text{Zh: "Ping", En: "Ping"},
	legOpen:    text.Text{Zh: "打开流", En: "open stream"},
	legArrived: text.Text{Zh: "来了一条流", En: "stream arrived"},
	legAuth:    text.Text{Zh: "认证", En: "authenticate"},
	legServe:   text.Text{Zh: "开始收发", En: "serve"},

	waits:      text.Text{Zh: "%s 的 outBuff %s", En: "outBuff of %s %s"},
	onlyQueued: text.Text{Zh: "先排着，握手完成才写", En: "queued: nothing is written before the handshake is done"},

	helloOf:       text.Text{Zh: "%s 的 ConnEstablish：%s", En: "ConnEstablish of %s: %s"},
	helloNotSent:  text.Text{Zh: "还没有发", En: "not sent yet"},
	helloInHand:   text.Text{Zh: "要发出", En: "to be sent"},
	helloOnTheWay: text.Text{Zh: "在路上", En: "on its way"},
	helloGiven:    text.Text{Zh: "交给了 gRPC", En: "given to gRPC"},
	helloArrived:  text.Text{Zh: "到了", En: "arrived"},
	helloLost:     text.Text{Zh: "没有送到", En: "never arrived"},

	checks:       text.Text{Zh: "%s 检查 %s", En: "%s checks %s"},
	checksUnseen: text.Text{Zh: "%s 那边检查什么，这里看不到。", En: "What %s checks cannot be seen here."},
	checksNotYet: text.Text{Zh: "%s 那边还没有动静：流还没有到。", En: "%s has not been heard of yet: no stream has arrived."},
	limit:        text.Text{Zh: "名额 %s", En: "room %s"},

	probeNoChecks: text.Text{
		Zh: "Probe 不打开流，也就没有握手：没有 ConnEstablish，没有那八项检查。",
		En: "A Probe opens no stream, so there is no handshake: no ConnEstablish, and none of the eight checks.",
	},
	probeTLS: text.Text{
		Zh: "TLS 建起来了，对方也出示了证书，只是没有人看过它：对方是谁，Probe 不知道，也不问。",
		En: "TLS came up, with a certificate that nobody has looked at: who is there a Probe does not know, and does not ask.",
	},

	lineName:  text.Text{Zh: "线路", En: "line"},
	unwanted:  text.Text{Zh: "没有人要", En: "wanted by nobody"},
	given:     text.Text{Zh: "轮到订阅者", En: "up to the subscriber"},
	published: text.Text{Zh: "已交给等它的人", En: "given to its caller"},
	arrived:   text.Text{Zh: "已收下", En: "arrived"},
	gone:      text.Text{Zh: "丢了（%s）", En: "lost (%s)"},
}
