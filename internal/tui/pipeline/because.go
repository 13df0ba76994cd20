package pipeline

import "gossipscope/internal/text"

// The first half: where it is. %[1]s is the message, %[2]s the peer, %[3]d the place in a queue.
var whereIs = map[station]text.Text{
	outBuff:      {Zh: "%[1]s在 %[2]s 的 outBuff 里排第 %[3]d", En: "%[1]s is number %[3]d in the outBuff of %[2]s"},
	writer:       {Zh: "%[1]s在 %[2]s 的 writer 手里", En: "%[1]s is in the hands of %[2]s's writer"},
	wire:         {Zh: "%[1]s交给了 gRPC，在去 %[2]s 的路上", En: "%[1]s was given to gRPC and is on its way to %[2]s"},
	reader:       {Zh: "%[1]s到了 %[2]s，在 reader 手里", En: "%[1]s has reached %[2]s and is in its reader's hands"},
	msgChan:      {Zh: "%[1]s在 %[2]s 的 msgChan 里排第 %[3]d", En: "%[1]s is number %[3]d in the msgChan of %[2]s"},
	service:      {Zh: "%[1]s在 %[2]s 的 service 手里", En: "%[1]s is in the hands of %[2]s's service"},
	subscription: {Zh: "%[1]s在 %[2]s 的订阅的队列里", En: "%[1]s is in the queue of a subscription of %[2]s"},
	subscriber:   {Zh: "%[1]s在 %[2]s 的订阅的 goroutine 手里，正要递给订阅者", En: "%[1]s is in the hands of a subscription's goroutine of %[2]s, about to be offered to the subscriber"},
}

// The second half: why it is still there; and the sentences for what is nowhere any more.
var because = struct {
	handshake, dialling, writerGone, writerHolds, writerNext, writing       text.Text
	frozen, late, readerHeld, readerBlocked, unseen, readerComes            text.Text
	msgChanFull, isAck, serviceHolds, serviceNext, asking, subscriptionFull text.Text
	handNext, held, itIsHeld, toBeHeld, overflow                            text.Text
	helloDone, ackGiven, ackLate, unclaimed, delivered                      text.Text
	acked, awaiting, gaveUp, gaveUpWhy, moved, lost                         text.Text
	lostOnTheWay, lostUnread, inQueue, serving, willDial, verdict           text.Text
	closedBy, closedByPlain, identifies, answered, awaitsVerdict            text.Text
	none, idle, whichIsHeld, offered, stopped, handStopped                  text.Text

	// of a handshake
	checkFailed, refused, noPing, closedFor, closedPlain, probed, asked           text.Text
	helloWriting, helloOnTheWay, helloRead, checking, dials, pings, pinged, opens text.Text
	noHello, bothPassed, answers, awaitsHello, handshakeHeld                      text.Text
}{
	handshake:   text.Text{Zh: "握手还没完成，writer 还没开始", En: "the handshake is not done, so the writer has not begun"},
	dialling:    text.Text{Zh: "还在拨号，writer 还没开始", En: "the dial is not through, so the writer has not begun"},
	writerGone:  text.Text{Zh: "writer 已经结束，不会有人来取", En: "the writer has ended, nobody will take it"},
	writerHolds: text.Text{Zh: "writer 正写%s", En: "the writer is busy with %s"},
	writerNext:  text.Text{Zh: "writer 空着，马上来取", En: "the writer is free and takes it next"},
	writing:     text.Text{Zh: "正往流上写", En: "being written to the stream"},

	frozen:        text.Text{Zh: "线路冻住了，什么也过不去", En: "the line is frozen, nothing passes"},
	late:          text.Text{Zh: "这条线路让每个字节晚到 %v", En: "every byte arrives %v late on this line"},
	readerHeld:    text.Text{Zh: "%s 的 reader 停在 %s，还没去读", En: "%s's reader is held at %s and has not read it"},
	readerBlocked: text.Text{Zh: "%s 的 reader 还拿着上一条，等 msgChan 腾出位置", En: "%s's reader still holds the one before and waits for room in msgChan"},
	unseen:        text.Text{Zh: "那一头不是这次会话里的节点，看不到它收没收", En: "that end is no peer of this session, so whether it arrives cannot be seen"},
	readerComes:   text.Text{Zh: "%s 的 reader 正等着它", En: "%s's reader waits for it"},

	msgChanFull:      text.Text{Zh: "msgChan 满了（%s），放不进去", En: "msgChan is full (%s), there is no room for it"},
	isAck:            text.Text{Zh: "它是确认，reader 不放进 msgChan，直接交给等它的人", En: "it is an acknowledgement: the reader gives it straight to whoever waits, past msgChan"},
	serviceHolds:     text.Text{Zh: "service 还在处理%s", En: "the service is busy with %s"},
	serviceNext:      text.Text{Zh: "service 马上来取", En: "the service takes it next"},
	asking:           text.Text{Zh: "正逐个问订阅要不要", En: "each subscription is being asked whether it wants it"},
	subscriptionFull: text.Text{Zh: "订阅 %d 的队列满了（%s），service 在等空位", En: "the queue of subscription %d is full (%s), and the service waits for room"},

	handNext: text.Text{Zh: "等订阅的 goroutine 来取", En: "waiting for the subscription's goroutine"},
	itIsHeld: text.Text{Zh: "它停在 %s", En: "which is held at %s"},
	held:     text.Text{Zh: "停在 %s", En: "held at %s"},
	toBeHeld: text.Text{Zh: "%s 停在 %s", En: "the %s is held at %s"},

	helloDone: text.Text{Zh: "%s早就到了，%s 逐项检查过", En: "%s has arrived, and %s has checked it point by point"},
	ackGiven:  text.Text{Zh: "%s到了，%s 的 reader 直接交给了等它的 SendWithAck，不进 msgChan", En: "%s has arrived: %s's reader gave it straight to the SendWithAck that waits, past msgChan"},
	ackLate:   text.Text{Zh: "%s到了 %s，可是已经没有人在等它", En: "%s has reached %s, where nobody waits for it any more"},
	unclaimed: text.Text{Zh: "%s到了 %s，没有订阅要它，到此为止", En: "%s has reached %s, no subscription wants it, and it ends here"},
	delivered: text.Text{Zh: "%s已经交给 %s 的订阅者", En: "%s was handed to a subscriber of %s"},
	offered: text.Text{
		Zh: "%s已递出，放进 %s 的订阅者的 channel；取走没有，这一层不说", En: "%s has been offered to the channel of a subscriber of %s; whether he has taken it is not told",
	},
	stopped:     text.Text{Zh: "%s 的订阅者不读了（其后递出 %d 条）", En: "a subscriber of %s does not read (%d offered since)"},
	handStopped: text.Text{Zh: "等订阅的 goroutine 来取；%s", En: "waiting for the subscription's goroutine; %s"},

	acked:    text.Text{Zh: "确认也回来了", En: "and its acknowledgement is back"},
	awaiting: text.Text{Zh: "%s 在等它的确认", En: "%s waits for its acknowledgement"},
	overflow: text.Text{Zh: "%s没有进得了 %s 的 outBuff：%s", En: "%s did not get into the outBuff of %s: %s"},
	gaveUp:   text.Text{Zh: "%s被放弃了", En: "%s was given up"},
	gaveUpWhy: text.Text{
		Zh: "%s被放弃了：%s", En: "%s was given up: %s",
	},
	moved:        text.Text{Zh: "%s连同整条队列移交给了另一个连接", En: "%s was handed over to another connection, with the whole queue"},
	lost:         text.Text{Zh: "%s最后在%s，那里已经结束，它丢了", En: "%s was last here: %s. That has ended, so it is lost"},
	lostOnTheWay: text.Text{Zh: "%s丢在了去 %s 的路上：线路已经断了", En: "%s was lost on its way to %s: the line is gone"},
	lostUnread:   text.Text{Zh: "%s没有送到：%s 的 reader 已经结束，没有人收", En: "%s never arrived: %s's reader has ended, nobody takes it"},
	inQueue:      text.Text{Zh: "队列里共 %s", En: "that queue holds %s"},
	serving:      text.Text{Zh: "握手已经完成，可以收发了；%s → %s 这个方向上还没有别的消息", En: "the handshake is done and the stream is served; nothing else has gone from %s to %s yet"},

	none: text.Text{Zh: "%s → %s 这个方向上还没有消息", En: "no message from %s to %s yet"},
	idle: text.Text{Zh: "writer %s", En: "the writer %s"},

	whichIsHeld: text.Text{Zh: "%s，它停在 %s", En: "%s, which is held at %s"},

	checkFailed:   text.Text{Zh: "%s 检查 %s，第 %d 项（%s）没有通过：%s", En: "%s checked %s, and point %d failed (%s): %s"},
	refused:       text.Text{Zh: "%s 拒绝了 %s：%s", En: "%s refused %s: %s"},
	noPing:        text.Text{Zh: "Ping 没有得到答复，拨号到此为止：%s", En: "the Ping was not answered, and the dial ends here: %s"},
	closedFor:     text.Text{Zh: "握手没有完成，连接就关闭了：%s", En: "the connection was closed before the handshake was done: %s"},
	closedPlain:   text.Text{Zh: "握手没有完成，连接就关闭了", En: "the connection was closed before the handshake was done"},
	probed:        text.Text{Zh: "Ping 有了回音：%s 在听。Probe 只问这一句，问完就关", En: "the Ping was answered: %s listens. A Probe asks no more than that, and closes"},
	asked:         text.Text{Zh: "%s 问清了 %s 是谁，Handshake 到此为止，不留连接", En: "%s knows who %s is. A Handshake wants no more: no connection stays"},
	helloWriting:  text.Text{Zh: "%s 正要发出自己的 ConnEstablish", En: "%s is about to send its ConnEstablish"},
	helloOnTheWay: text.Text{Zh: "%s在去 %s 的路上", En: "%s is on its way to %s"},
	helloRead:     text.Text{Zh: "%s到了 %s，接下来逐项检查", En: "%s has reached %s, which will check it point by point"},
	closedBy:      text.Text{Zh: "%s 关闭了连接：%s", En: "%s has closed the connection: %s"},
	closedByPlain: text.Text{Zh: "%s 关闭了连接", En: "%s has closed the connection"},
	checking:      text.Text{Zh: "%s 正在检查 %s，已过 %d/%d 项", En: "%s is checking %s: %d of %d points have passed"},
	willDial:      text.Text{Zh: "%s 就要拨号了", En: "%s is about to dial"},
	verdict:       text.Text{Zh: "裁决到了，%s 没有被接受：%s", En: "the verdict is in, and %s is not accepted: %s"},
	identifies:    text.Text{Zh: "流已经打开，%s 接下来先报上自己的身份", En: "the stream is open, and %s will say first who it is"},
	answered:      text.Text{Zh: "%s 答复了 %s。这次 Handshake 只问身份，%s 这边不留连接", En: "%s has answered %s. This Handshake only asks who is there, and %s keeps no connection"},
	awaitsVerdict: text.Text{Zh: "%s 查清了 %s 的身份，还要等它的裁决：看流怎样结束", En: "%s knows who %s is and waits for the verdict, which is how the stream ends"},
	dials:         text.Text{Zh: "%s 正在准备 gRPC 连接，还没有上网络：gRPC 到第一次调用才真正拨号", En: "%s is making a gRPC connection, which touches no network yet: gRPC dials at the first call"},
	pings:         text.Text{Zh: "%s 发出了 Ping，在等 %s 的回音", En: "%s has sent a Ping and waits for %s to answer"},
	pinged:        text.Text{Zh: "Ping 有了回音，%s 在听；%s 接下来打开流", En: "the Ping was answered: %s listens, and %s will open the stream"},
	opens:         text.Text{Zh: "%s 正在打开 GossipStream", En: "%s is opening the GossipStream"},
	noHello:       text.Text{Zh: "%s 没有等到 %s 的第一条消息：%s", En: "the first message did not come to %s from %s: %s"},
	bothPassed:    text.Text{Zh: "两边的检查都过了，马上开始收发", En: "both ends have passed each other, and will serve the stream now"},
	answers:       text.Text{Zh: "%s 接受了 %s，接下来回一份自己的 ConnEstablish", En: "%s accepts %s and will answer with its own ConnEstablish"},
	awaitsHello:   text.Text{Zh: "%s 在等 %s 的第一条消息", En: "%s waits for the first message of %s"},
	handshakeHeld: text.Text{Zh: "%s 的 %s 停在 %s，握手走不下去", En: "the %[2]s of %[1]s is held at %[3]s, so the handshake cannot go on"},
}
