package narrate

// The caption of a step says in one sentence what happens and why. There is one for every step of the catalogue, in Chinese and in
// English; a test holds the two tables against each other. A caption has no subject: who acts stands before it on the line.
//
// Some steps are told in more than one way. Most can fail, and then the caption says what the failure means; for a check of the
// handshake, which attack it stopped. A stream or a connection may also end for a reason that is no failure. And a few mean
// different things on the two sides, or name a variation in their Detail.

import (
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
)

// Way is the direction of a step, seen from the peer whose step it is.
type Way int

// The directions.
const (
	Here Way = iota // nothing travels
	Out             // towards the other peer
	In              // from the other peer
)

// Status is how a step turned out.
type Status int

// The ways in which a step can turn out.
const (
	Ahead   Status = iota // a gate: the act is still to come
	Well                  // it happened, and went well
	Ended                 // it tells of an end that somebody wished
	Failing               // it failed, or tells of a failure
)

// caption is what can be said of a step. What is empty falls back to well.
type caption struct {
	way      Way
	well     text.Text
	ended    text.Text // the step's Err is an orderly end
	failed   text.Text
	refused  text.Text            // failed, and what failed it was an answer: the other end refused
	acceptor text.Text            // well, at the end that was dialled
	variants map[string]text.Text // well, by Detail
}

// CaptionOf returns the caption of a step, and whether the step is known.
func CaptionOf(e *trace.Event) (text.Text, bool) {
	c, known := captions[e.Step]
	if !known {
		return text.Text{}, false
	}
	variant, varies := c.variants[e.Detail]
	status := StatusOf(e)
	switch {
	case status == Failing && c.refused != (text.Text{}) && strings.Contains(e.Err.Error(), refusedWords):
		return c.refused, true
	case status == Failing && c.failed != (text.Text{}):
		return c.failed, true
	case status == Ended && c.ended != (text.Text{}):
		return c.ended, true
	case status == Ended && e.Err != nil && c.failed != (text.Text{}):
		return c.failed, true // given up, and nothing that went well
	case varies:
		return variant, true
	case e.Object.Role == trace.Acceptor && c.acceptor != (text.Text{}):
		return c.acceptor, true
	}
	return c.well, true
}

// StatusOf returns how a step turned out. The end of a stream that somebody wished tells its reason as its Detail, perhaps with what was
// being done in front of it; and some errors are no failures either: they are the reason for which something was given up on purpose.
func StatusOf(e *trace.Event) Status {
	switch {
	case e.Gate:
		return Ahead
	case e.Step == trace.ConnDrop:
		return Failing
	case e.Err == nil && orderlyReason(e.Detail) != "":
		return Ended
	case e.Err == nil:
		return Well
	case isOrderly(e.Err.Error()):
		return Ended
	}
	return Failing
}

var captions = map[trace.Step]caption{
	// Finding a connection, or making one.
	trace.StoreLookup: {
		well: text.Text{Zh: "在连接表里查找通往对方的连接。", En: "Looks in the connection store for a connection to that peer."},
		variants: map[string]text.Text{
			"found":    {Zh: "连接表里已有通往对方的连接，直接用它。", En: "The store has a connection to that peer already, and it is used."},
			"joined":   {Zh: "已经有人在拨号，共用那一次的结果，不再另拨。", En: "Somebody is dialling that peer already: that dial is shared, there is no second one."},
			"dialling": {Zh: "连接表里还没有通往对方的连接，开始拨号；消息可以先排队。", En: "The store has no connection to that peer, so a dial begins; messages can queue meanwhile."},
		},
	},
	trace.DialStart: {
		well: text.Text{Zh: "准备为对方的端点建一个 gRPC 连接；这一步本身还不上网络。", En: "About to make a gRPC connection for the endpoint; this alone touches no network yet."},
	},
	trace.TLSHandshaken: {
		well:   text.Text{Zh: "TLS 握手完成，线路已加密；对方是谁，TLS 并不知道。", En: "TLS is up and the line is encrypted; who is at the other end, TLS does not know."},
		failed: text.Text{Zh: "TLS 握手失败，没有加密的线路，也就没有后面的一切。", En: "TLS failed: without an encrypted line nothing else can follow."},
	},
	trace.PingSend: {
		way:  Out,
		well: text.Text{Zh: "准备发 Ping：gRPC 到第一次调用才真正拨号，没人在听立刻就知道。", En: "About to send a Ping: gRPC dials only at the first call, and if nobody listens this tells at once."},
	},
	trace.PingServed: {
		way:  In,
		well: text.Text{Zh: "收到 Ping 并答复；不问来者是谁，谁都可以问。", En: "A Ping has arrived and is answered; anybody may ask, and nobody is asked who he is."},
	},
	trace.PingAnswered: {
		way:     In,
		well:    text.Text{Zh: "Ping 有了回音：那边确实有人在听。", En: "The Ping was answered: somebody is there."},
		ended:   text.Text{Zh: "不再等 Ping 的回音，拨号到此为止。", En: "The answer to the Ping is not waited for any more, and the dial ends here."},
		failed:  text.Text{Zh: "Ping 没有回音，拨号到此为止。", En: "The Ping was not answered, and the dial ends here."},
		refused: text.Text{Zh: "Ping 有了回音，却是拒绝，拨号到此为止。", En: "The Ping was answered by a refusal, and the dial ends here."},
	},
	trace.StreamOpen: {
		way:  Out,
		well: text.Text{Zh: "准备打开 GossipStream，往后的消息都走这一条流。", En: "About to open the GossipStream, which will carry every message from now on."},
	},
	trace.StreamOpened: {
		way:    Out,
		well:   text.Text{Zh: "流在本端打开了；对方接不接受，要等对方的第一条消息才知道。", En: "The stream is open at this end; whether the other accepts it only its first message will tell."},
		ended:  text.Text{Zh: "流没有打开：要打开它的一方已经不要它了。", En: "The stream was not opened: whoever was to open it has given it up."},
		failed: text.Text{Zh: "流没有打开：底下的线路已经不通。", En: "The stream could not be opened: the line beneath it is gone."},
	},
	trace.StreamArrived: {
		way:  In,
		well: text.Text{Zh: "来了一条流，还不知道对方是谁。", En: "A stream has arrived, from whom is not known yet."},
	},
	trace.StreamLimit: {
		well:   text.Text{Zh: "还没证明身份的流不算多，放这一条进来。", En: "Few streams are waiting to prove an identity, so this one may come in."},
		failed: text.Text{Zh: "还没证明身份的流太多，挡下这一条，免得陌生人耗尽资源。", En: "Too many streams have proven nothing yet; this one is refused, or strangers could use up everything."},
	},

	// Finding out who is at the other end.
	trace.AuthTLSCert: {
		well:   text.Text{Zh: "检查：对方在 TLS 里出示了证书，身份才有东西可以绑定。", En: "Check: the other end showed a certificate in TLS, so there is something to bind an identity to."},
		failed: text.Text{Zh: "检查不过：对方没有出示 TLS 证书，身份没有东西可以绑定。", En: "Check failed: no certificate was shown in TLS, so there is nothing to bind an identity to."},
	},
	trace.AuthSend: {
		way:  Out,
		well: text.Text{Zh: "准备发出 ConnEstablish：自己的身份和 TLS 证书哈希，签过名。", En: "About to send its own ConnEstablish: identity and hash of the TLS certificate, signed."},
		acceptor: text.Text{
			Zh: "对方已经过关，准备回一份自己的 ConnEstablish：回答就是接受。",
			En: "The other end has passed; about to answer with a ConnEstablish, and this answer means acceptance.",
		},
	},
	trace.AuthSent: {
		way:    Out,
		well:   text.Text{Zh: "自己的 ConnEstablish 交给了 gRPC。", En: "Its own ConnEstablish was given to gRPC."},
		ended:  text.Text{Zh: "不再等 gRPC 收下自己的 ConnEstablish。", En: "Whether gRPC takes its own ConnEstablish is not waited for any more."},
		failed: text.Text{Zh: "自己的 ConnEstablish 没能交给 gRPC：流已经结束。", En: "Its own ConnEstablish could not be given to gRPC: the stream has ended."},
	},
	trace.AuthRead: {
		way:  In,
		well: text.Text{Zh: "准备等对方的第一条消息，只等有限的时间：沉默也是一种攻击。", En: "About to wait for the other end's first message, for a limited time: silence is an attack too."},
	},
	trace.AuthReceived: {
		way:    In,
		well:   text.Text{Zh: "对方的第一条消息到了。", En: "The other end's first message has arrived."},
		ended:  text.Text{Zh: "没有等到对方的第一条消息，流就结束了。", En: "The stream ended before the other end's first message."},
		failed: text.Text{Zh: "没有等到对方的第一条消息。", En: "The other end's first message did not come."},
	},
	trace.AuthDecode: {
		well:   text.Text{Zh: "检查：这条消息能解码。", En: "Check: the message can be decoded."},
		failed: text.Text{Zh: "检查不过：消息解不开，垃圾数据证明不了任何事。", En: "Check failed: the message cannot be decoded, and garbage proves nothing."},
	},
	trace.AuthType: {
		well:   text.Text{Zh: "检查：它是一条 ConnEstablish。", En: "Check: it is a ConnEstablish."},
		failed: text.Text{Zh: "检查不过：不报身份就想发数据，挡住想绕过握手的人。", En: "Check failed: data before an identity; this stops whoever would skip the handshake."},
	},
	trace.AuthPKIID: {
		well:   text.Text{Zh: "检查：消息写明了 PKI-ID，它将是连接表里的键。", En: "Check: it names a PKI-ID, which will be the key in the connection store."},
		failed: text.Text{Zh: "检查不过：没有 PKI-ID，这条连接无从登记。", En: "Check failed: without a PKI-ID the connection could not be stored under anything."},
	},
	trace.AuthIdentity: {
		well:   text.Text{Zh: "检查：身份有效，PKI-ID 也确实由这份身份算出。", En: "Check: the identity is valid, and the PKI-ID is the one computed from it."},
		failed: text.Text{Zh: "检查不过：身份不可信，或者 PKI-ID 是冒用别人的。", En: "Check failed: the identity cannot be trusted, or the PKI-ID is somebody else's."},
	},
	trace.AuthCertHash: {
		well:   text.Text{Zh: "检查：消息里的证书哈希，与 TLS 里看到的证书一致。", En: "Check: the certificate hash in the message is that of the certificate seen in TLS."},
		failed: text.Text{Zh: "检查不过：证书哈希对不上。这一项专挡重放和中间人。", En: "Check failed: the certificate hash differs. This check stops replays and men in the middle."},
	},
	trace.AuthSignature: {
		well:   text.Text{Zh: "检查：签名有效，对方确实握有这份身份的私钥。", En: "Check: the signature is valid, so the other end holds the key of this identity."},
		failed: text.Text{Zh: "检查不过：签名不对。身份人人可抄，没有私钥就签不出来。", En: "Check failed: the signature is wrong. Anybody can copy an identity; without its key nobody can sign."},
	},
	trace.AuthExpected: {
		well:     text.Text{Zh: "检查：对方正是要找的节点。", En: "Check: the other end is the peer that was to be reached."},
		failed:   text.Text{Zh: "检查不过：对方的身份是真的，却不是该来的那一个。", En: "Check failed: the identity is genuine, only not the right one."},
		acceptor: text.Text{Zh: "检查：来的不是自己，要找的也不是别人；证明了身份的都可以来。", En: "Check: it is not ourselves, and it wants nobody else; whoever has proven an identity may come."},
	},
	trace.AuthProbe: {
		way:  In,
		well: text.Text{Zh: "对方只想知道我们是谁：答复之后不留连接。", En: "The other end only wants to know who we are: it gets an answer, and no connection stays."},
	},
	trace.AuthRefuse: {
		way:  Out,
		well: text.Text{Zh: "拒绝这条流，把原因写进结束状态告诉对方。", En: "Refuses the stream, and tells the other end why by the status that ends it."},
	},
	trace.AuthAwait: {
		way:  In,
		well: text.Text{Zh: "准备等裁决：Fabric 的节点先回答后检查，所以还要看流怎样结束。", En: "About to wait for the verdict: a Fabric peer answers before it checks, so the stream's end tells."},
	},
	trace.AuthVerdict: {
		way:    In,
		well:   text.Text{Zh: "裁决到了：对方接受。", En: "The verdict is in: accepted."},
		ended:  text.Text{Zh: "不再等裁决。", En: "The verdict is not waited for any more."},
		failed: text.Text{Zh: "裁决到了：没有被接受。", En: "The verdict is in: not accepted."},
	},

	// The life of a connection in the store.
	trace.StoreStored: {
		well: text.Text{Zh: "连接进了连接表，键是对方已经证明的 PKI-ID。", En: "The connection is in the store, under the PKI-ID that the other end has proven."},
	},
	trace.StoreReplaced: {
		well: text.Text{Zh: "通往同一节点的旧连接让位给新连接：对方要是重启过，只认得新的。", En: "An older connection to the same peer gives way: a peer that has restarted knows only the newer one."},
	},
	trace.StoreRefused: {
		well: text.Text{Zh: "连接表正在关闭，不再收连接。", En: "The store is closing and takes no connection any more."},
	},
	trace.StoreTieBreak: {
		well: text.Text{Zh: "两边同时拨了号，按规则决定留下哪一条连接。", En: "Both ends dialled at once, and the rule decides which connection stays."},
	},
	trace.StoreHandover: {
		well: text.Text{Zh: "让位的连接把排队的消息交给留下的那个，次序不变。", En: "The connection that gives way hands its queue to the one that stays, in order."},
	},
	trace.StoreRemoved: {
		well: text.Text{Zh: "连接离开了连接表，再有消息就得重新拨号。", En: "The connection has left the store; another message would have to dial anew."},
	},

	// A message on its way out and in.
	trace.ConnServe: {
		well: text.Text{Zh: "握手完成，reader、writer、service 三个 goroutine 开始工作。", En: "The handshake is done: reader, writer and service begin to work, a goroutine each."},
	},
	trace.ConnEnqueue: {
		well: text.Text{Zh: "消息进了发送队列，还没有写到流上。", En: "A message was put into the send queue; it is not written yet."},
	},
	trace.ConnDrop: {
		well:   text.Text{Zh: "丢弃一条消息，并且记了数：丢失从不悄悄发生。", En: "A message is dropped, and counted: no loss goes unnoticed."},
		failed: text.Text{Zh: "丢弃一条消息，并且记了数：丢失从不悄悄发生。", En: "A message is dropped, and counted: no loss goes unnoticed."},
	},
	trace.ConnWrite: {
		way:  Out,
		well: text.Text{Zh: "writer 准备把一条消息写到流上。", En: "The writer is about to write a message to the stream."},
	},
	trace.ConnWritten: {
		way:    Out,
		well:   text.Text{Zh: "消息交给了 gRPC；对方收到没有，这里还不知道。", En: "The message was given to gRPC; whether it has arrived is not known here."},
		failed: text.Text{Zh: "消息没能交给 gRPC；它也许已经出去，所以不重发，免得送到两次。", En: "The message could not be given to gRPC; it may be out or not, so it is not sent again."},
	},
	trace.ConnRead: {
		way:  In,
		well: text.Text{Zh: "reader 准备等流上的下一条消息。", En: "The reader is about to wait for the next message on the stream."},
	},
	trace.ConnReceived: {
		way:    In,
		well:   text.Text{Zh: "reader 收到一条消息。", En: "The reader has received a message."},
		ended:  text.Text{Zh: "流结束了，不会再有消息。", En: "The stream has ended; no message will follow."},
		failed: text.Text{Zh: "流断了，不会再有消息。", En: "The stream broke; no message will follow."},
	},
	trace.ConnQueued: {
		well: text.Text{Zh: "消息进了接收队列，由 service 来取。", En: "The message was put into the receive queue, for the service to take."},
	},
	trace.ConnHandle: {
		well: text.Text{Zh: "service 从接收队列取出一条消息，准备处理。", En: "The service has taken a message from the receive queue and is about to handle it."},
	},
	trace.ConnDrain: {
		way:  Out,
		well: text.Text{Zh: "发送队列写空了，准备先结束自己这半边流，再等对方结束那半边。", En: "The queue is written out; about to end this half of the stream and wait for the other."},
	},
	trace.ConnClose: {
		well:   text.Text{Zh: "事情办完，连接关闭。", En: "The connection has done its work and is closed."},
		ended:  text.Text{Zh: "连接关闭，只此一次，先到的理由算数。", En: "The connection is closed, once only: the first reason counts."},
		failed: text.Text{Zh: "出了错，连接关闭。", En: "Something went wrong, and the connection is closed."},
	},
	trace.ConnReaderEnd: {
		well: text.Text{Zh: "reader 结束：流上不会再有东西可读。", En: "The reader has ended: there is nothing left to read."},
	},
	trace.ConnWriterEnd: {
		well: text.Text{Zh: "writer 结束，发送队列也已清空。", En: "The writer has ended, and has left nothing in the queue."},
	},
	trace.ConnServeEnd: {
		well:     text.Text{Zh: "service 准备收尾，释放连接占用的一切。", En: "The service is about to end, and to release what the connection holds."},
		acceptor: text.Text{Zh: "service 准备收尾；它就是 handler，一返回，流也随之结束。", En: "The service is about to end; it is the gRPC handler, so its return ends the stream."},
	},

	// Acknowledgements.
	trace.AckSubscribe: {
		well: text.Text{Zh: "先登记再发送：等一份确认，只认这个节点对这条消息的。", En: "Subscribes before sending: to one acknowledgement, of this message by this peer."},
	},
	trace.AckRespond: {
		way:  Out,
		well: text.Text{Zh: "接收方作答，答复沿消息来的那条连接送回。", En: "The receiver answers, over the connection that brought the message."},
	},
	trace.AckPublish: {
		way:    In,
		well:   text.Text{Zh: "reader 认出确认，直接交给等它的人，不进接收队列。", En: "The reader recognises an acknowledgement and gives it to whoever waits, past the receive queue."},
		failed: text.Text{Zh: "确认到了，却没有人在等：来晚了，或者来了第二份。", En: "An acknowledgement has arrived for which nobody waits: it is late, or a second one."},
	},
	trace.AckResult: {
		well:   text.Text{Zh: "这个节点的结果有了：成功。", En: "The outcome for this peer is known: success."},
		ended:  text.Text{Zh: "不再等这个节点的确认。", En: "The acknowledgement of this peer is not waited for any more."},
		failed: text.Text{Zh: "这个节点的结果有了：没有成功。", En: "The outcome for this peer is known: no success."},
	},
	trace.AckDone: {
		well: text.Text{Zh: "不再等了：确认够了，或者每个节点都有了结果；SendWithAck 返回。", En: "Enough acknowledgements, or an outcome for every peer: SendWithAck returns."},
	},

	// From a connection to the subscribers.
	trace.DemuxAdd: {
		well: text.Text{Zh: "解复用器多了一个订阅，以后每条消息都会问它要不要。", En: "The demultiplexer has one more subscription, which is asked about every message from now on."},
	},
	trace.DemuxDeliver: {
		well: text.Text{Zh: "有订阅要这条消息，准备放进它的队列；队列若满，就在这里等。", En: "A subscription wants the message; about to put it into its queue, and to wait here if that is full."},
	},
	trace.DemuxDelivered: {
		well: text.Text{Zh: "消息进了订阅的队列。", En: "The message was put into the queue of the subscription."},
	},
	trace.DemuxUnclaimed: {
		well: text.Text{Zh: "没有订阅要这条消息，它到此为止。", En: "No subscription wants the message, and it ends here."},
	},
	trace.AcceptHand: {
		well: text.Text{Zh: "准备把消息交到订阅者手里。", En: "About to hand the message to the subscriber."},
	},

	// Endings.
	trace.DeadNotice: {
		well: text.Text{Zh: "推定对方已死，留下一份通知；同一个节点最多留一份。", En: "The peer is presumed dead; a notice waits to be read, at most one for each peer."},
	},
	trace.StopFlag: {
		well: text.Text{Zh: "Stop 开始：从现在起不接新的工作。", En: "Stop has begun: no new work from now on."},
	},
	trace.StopConnections: {
		well: text.Text{Zh: "准备关闭所有连接：先断源头，再顺流而下。", En: "About to close every connection: the source first, then down the pipe."},
	},
	trace.StopDemux: {
		well: text.Text{Zh: "准备关闭解复用器，会等正在进行的投递结束。", En: "About to close the demultiplexer, which waits for the deliveries under way."},
	},
	trace.StopSubscribers: {
		well: text.Text{Zh: "准备关闭订阅者的 channel：发送的人都走了，这时关才安全。", En: "About to close the subscribers' channels: with all senders gone it is safe now."},
	},
	trace.StopServer: {
		well: text.Text{Zh: "准备停下 gRPC 服务器，不再有新的流进来。", En: "About to stop the gRPC server, so that no stream can arrive any more."},
	},
	trace.StopDone: {
		well: text.Text{Zh: "Stop 完成：这个节点的通信层里，什么都不再运行。", En: "Stop is through: nothing of this peer's layer runs any more."},
	},
}
