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
	subscriber:   {Zh: "%[1]s在 %[2]s 的订阅的 goroutine 手里，要递给订阅者", En: "%[1]s is in the hands of a subscription's goroutine of %[2]s, to be offered to the subscriber"},
}

// The second half: why it is still there; and the sentences for what is nowhere any more.
var because = struct {
	handshake, dialling, writerGone, writerHolds, writerNext, does  text.Text
	frozen, late, readerHeld, readerBlocked, unseen, readerComes    text.Text
	msgChanFull, isAck, serviceHolds, serviceNext, subscriptionFull text.Text
	handNext, toBeHeld, overflow                                    text.Text
	helloDone, ackGiven, ackLate, unclaimed, delivered              text.Text
	acked, awaiting, gaveUp, gaveUpWhy, moved, lost                 text.Text
	lostOnTheWay, lostUnread, inQueue, serving, willDial, verdict   text.Text
	closedBy, closedByPlain, identifies, answered, awaitsVerdict    text.Text
	none, whichIsHeld, offered, stopped, handStopped                text.Text

	// of a handshake
	checkFailed, refused, noPing, closedFor, closedPlain, probed, asked           text.Text
	helloWriting, helloOnTheWay, helloRead, checking, dials, pings, pinged, opens text.Text
	noHello, bothPassed, answers, awaitsHello, handshakeHeld                      text.Text
}{
	handshake:   text.Text{Zh: "握手还没完成，writer 还没开始", En: "the handshake is not done, so the writer has not begun"},
	dialling:    text.Text{Zh: "还在拨号，writer 还没开始", En: "the dial is not through, so the writer has not begun"},
	writerGone:  text.Text{Zh: "writer 已经结束，不会有人来取", En: "the writer has ended, nobody will take it"},
	writerHolds: text.Text{Zh: "writer 手里是%s", En: "the writer has %s in its hands"},
	writerNext:  text.Text{Zh: "writer 空着，马上来取", En: "the writer is free and takes it next"},
	does:        text.Text{Zh: "%s %s", En: "the %s %s"},

	frozen:        text.Text{Zh: "线路冻住了，什么也过不去", En: "the line is frozen, nothing passes"},
	late:          text.Text{Zh: "这条线路让每个字节晚到 %v", En: "every byte arrives %v late on this line"},
	readerHeld:    text.Text{Zh: "%s 的 reader %s", En: "%s's reader is %s"},
	readerBlocked: text.Text{Zh: "%s 的 reader 还拿着上一条，等 msgChan 腾出位置", En: "%s's reader still holds the one before and waits for room in msgChan"},
	unseen:        text.Text{Zh: "那一头不是这次会话里的节点，看不到它收没收", En: "that end is no peer of this session, so whether it arrives cannot be seen"},
	readerComes:   text.Text{Zh: "就等 %s 的 reader 去读", En: "it is for %s's reader to read it"},

	msgChanFull:      text.Text{Zh: "msgChan 满了（%s），放不进去", En: "msgChan is full (%s), there is no room for it"},
	isAck:            text.Text{Zh: "它是确认，reader 不放进 msgChan，直接交给等它的人", En: "it is an acknowledgement: the reader gives it straight to whoever waits, past msgChan"},
	serviceHolds:     text.Text{Zh: "service 手里还有%s", En: "the service still has %s in its hands"},
	serviceNext:      text.Text{Zh: "service 马上来取", En: "the service takes it next"},
	subscriptionFull: text.Text{Zh: "订阅 %d 的队列满了（%s），service 得等空位", En: "the queue of subscription %d is full (%s), and the service needs room"},

	handNext: text.Text{Zh: "等订阅的 goroutine 来取", En: "waiting for the subscription's goroutine"},
	toBeHeld: text.Text{Zh: "%s %s", En: "the %s is %s"},

	helloDone: text.Text{Zh: "%s早就到了，%s 逐项检查过", En: "%s has arrived, and %s has checked it point by point"},
	ackGiven:  text.Text{Zh: "%s到了，%s 的 reader 直接交给了等它的 SendWithAck，不进 msgChan", En: "%s has arrived: %s's reader gave it straight to the SendWithAck that waits, past msgChan"},
	ackLate:   text.Text{Zh: "%s到了 %s，可是已经没有人在等它", En: "%s has reached %s, where nobody waits for it any more"},
	unclaimed: text.Text{Zh: "%s到了 %s，没有订阅要它，到此为止", En: "%s has reached %s, no subscription wants it, and it ends here"},
	delivered: text.Text{Zh: "%s已经交给 %s 的订阅者", En: "%s was handed to a subscriber of %s"},
	offered: text.Text{
		Zh: "%s轮到 %s 的订阅者了；有没有放进 Accept 的 channel、有没有被取走，这一层不报",
		En: "%s is up to a subscriber of %s; whether it is in the channel of Accept by now, or taken out of it, is not told",
	},
	stopped:     text.Text{Zh: "%s 的订阅者不读了（其后经手 %d 条）", En: "a subscriber of %s does not read (%d to hand since)"},
	handStopped: text.Text{Zh: "等订阅的 goroutine 来取；%s", En: "waiting for the subscription's goroutine; %s"},

	acked:    text.Text{Zh: "确认也回来了", En: "and its acknowledgement is back"},
	awaiting: text.Text{Zh: "%s 在等它的确认", En: "%s waits for its acknowledgement"},
	overflow: text.Text{Zh: "%s没有进得了 %s 的 outBuff：%s", En: "%s did not get into the outBuff of %s: %s"},
	gaveUp:   text.Text{Zh: "%s被丢弃了", En: "%s was dropped"},
	gaveUpWhy: text.Text{
		Zh: "%s被丢弃了：%s", En: "%s was dropped: %s",
	},
	moved:        text.Text{Zh: "%s连同整条队列移交给了另一个连接", En: "%s was handed over to another connection, with the whole queue"},
	lost:         text.Text{Zh: "%s最后在%s，那里已经结束，它丢了", En: "%s was last here: %s. That has ended, so it is lost"},
	lostOnTheWay: text.Text{Zh: "%s丢在了去 %s 的路上：线路已经断了", En: "%s was lost on its way to %s: the line is gone"},
	lostUnread:   text.Text{Zh: "%s没有送到：%s 的 reader 已经结束，没有人收", En: "%s never arrived: %s's reader has ended, nobody takes it"},
	inQueue:      text.Text{Zh: "队列里共 %s", En: "that queue holds %s"},
	serving:      text.Text{Zh: "握手已经完成，可以收发了；%s → %s 这个方向上还没有别的消息", En: "the handshake is done and the stream is served; nothing else has gone from %s to %s yet"},

	none: text.Text{Zh: "%s → %s 这个方向上还没有消息", En: "no message from %s to %s yet"},

	whichIsHeld: text.Text{Zh: "%s，它%s", En: "%s, which is %s"},

	checkFailed:   text.Text{Zh: "%s 检查 %s，第 %d 项（%s）没有通过：%s", En: "%s checked %s, and point %d failed (%s): %s"},
	refused:       text.Text{Zh: "%s 拒绝了 %s：%s", En: "%s refused %s: %s"},
	noPing:        text.Text{Zh: "Ping 没有得到答复，拨号到此为止：%s", En: "the Ping was not answered, and the dial ends here: %s"},
	closedFor:     text.Text{Zh: "握手没有完成，连接就关闭了：%s", En: "the connection was closed before the handshake was done: %s"},
	closedPlain:   text.Text{Zh: "握手没有完成，连接就关闭了", En: "the connection was closed before the handshake was done"},
	probed:        text.Text{Zh: "Ping 有了回音：%s 在听。Probe 只问这一句，问完就关", En: "the Ping was answered: %s listens. A Probe asks no more than that, and closes"},
	asked:         text.Text{Zh: "%s 问清了 %s 是谁，Handshake 到此为止，不留连接", En: "%s knows who %s is. A Handshake wants no more: no connection stays"},
	helloWriting:  text.Text{Zh: "%s 要发出自己的 ConnEstablish", En: "%s is to send its ConnEstablish"},
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
	dials:         text.Text{Zh: "%s 要建 gRPC 连接，这还不上网络：gRPC 到第一次调用才真正拨号", En: "%s is to make a gRPC connection, which touches no network yet: gRPC dials at the first call"},
	pings:         text.Text{Zh: "%s 要发 Ping，等 %s 的回音", En: "%s is to send the Ping, which %s will answer"},
	pinged:        text.Text{Zh: "Ping 有了回音，%s 在听；%s 接下来打开流", En: "the Ping was answered: %s listens, and %s will open the stream"},
	opens:         text.Text{Zh: "%s 要打开 GossipStream", En: "%s is to open the GossipStream"},
	noHello:       text.Text{Zh: "%s 没有等到 %s 的第一条消息：%s", En: "the first message did not come to %s from %s: %s"},
	bothPassed:    text.Text{Zh: "两边的检查都过了，马上开始收发", En: "both ends have passed each other, and will serve the stream now"},
	answers:       text.Text{Zh: "%s 接受了 %s，接下来回一份自己的 ConnEstablish", En: "%s accepts %s and will answer with its own ConnEstablish"},
	awaitsHello:   text.Text{Zh: "%s 还没有等到 %s 的第一条消息", En: "%s has not had the first message of %s yet"},
	handshakeHeld: text.Text{Zh: "%s 的 %s %s，握手走不下去", En: "the %[2]s of %[1]s is %[3]s, and the handshake cannot go on"},
}
