package tables

import "gossipscope/internal/text"

// asks is everything that the inspector says.
var asks = struct {
	nothing, nothingSelected, forgotten, unknown, notYet, moment, later, never, nobodyWaits, yes, no text.Text
	peer, identity, kind, strangerMeans, organisation, pkiID, pkiIDMeans, endpoint                   text.Text
	serverCert, serverCertMeans, clientCert, clientCertMeans                                         text.Text
	life, born, whichLife, phase, stop, stopAt, stopped, died, diedStopped                           text.Text
	stored, waits, handshakes, pings, drops, unclaimed, goroutines, noGoroutines                     text.Text
	connection, connectionAt, part, initiatorMeans, acceptorMeans, purpose, began                    text.Text
	addresses, line, otherEnd, expected, expectedMeans, claims, claimsMeans                          text.Text
	proven, provenMeans, opposite, oppositeMeans                                                     text.Text
	handshake, ping, pingMeans, noChecks, verdict, verdictMeans, refused                             text.Text
	storeAndEnd, inStore, inStoreMeans, tieBreak, tieBreakMeans                                      text.Text
	streamEnd, streamEndMeans, close, closeMeans                                                     text.Text
	traffic, outBuffMeans, msgChanMeans, sent, received                                              text.Text
	message, where, content, number, numberOne, numberMeans, numberLater, says                       text.Text
	field, fieldMeans, size, sizes, signed, unsigned, nonce, nonceMeans, refusal                     text.Text
	marks, taken, queued, delivered, handed                                                          text.Text
	enqueuedMeans, writtenMeans, receivedMeans, handledMeans, ackedMeans                             text.Text
	drop, dropMeans, handedOver, unclaimedMeans                                                      text.Text
	queueOf, subscriptionOf, oldestFirst, queueEmpty, subscriptionMeans, whichQueue                  text.Text
	added, wanted, wantedMeans, putIn, inHands, inHandsMeans                                         text.Text
	goroutine, released, role, step, since, willDo, turn, place, goesNext                            text.Text
	queueThen, queueName, other, detail                                                              text.Text
}{
	nothing:         text.Text{Zh: "没有选中什么", En: "Nothing selected"},
	nothingSelected: text.Text{Zh: "用 ↑ ↓ 选一个节点、连接或消息，再打开它。", En: "Select a peer, a connection or a message with ↑ ↓, then open it."},
	forgotten:       text.Text{Zh: "已经不记得它了：结束很久的东西只留下计数。", En: "It is forgotten: of what ended long ago only a count is kept."},
	unknown:         text.Text{Zh: "不知道", En: "unknown"},
	notYet:          text.Text{Zh: "还没有", En: "not yet"},
	moment:          text.Text{Zh: "%s，第 %d 个事件", En: "%s, event %d"},
	later:           text.Text{Zh: "（又过 %s）", En: " (%s later)"},
	never:           text.Text{Zh: "不会有了", En: "never"},
	nobodyWaits:     text.Text{Zh: "没有人在等", En: "nobody waits for it"},
	yes:             text.Text{Zh: "✓ 是", En: "✓ yes"},
	no:              text.Text{Zh: "– 否", En: "– no"},

	peer:            text.Text{Zh: "节点 %s", En: "Peer %s"},
	identity:        text.Text{Zh: "身份", En: "Identity"},
	kind:            text.Text{Zh: "种类", En: "kind"},
	strangerMeans:   text.Text{Zh: "会讲同一套协议，也会说谎", En: "it speaks the protocol, and may lie"},
	organisation:    text.Text{Zh: "组织", En: "organisation"},
	pkiID:           text.Text{Zh: "PKI-ID", En: "PKI-ID"},
	pkiIDMeans:      text.Text{Zh: "SHA-256(MSP ID ‖ 证书 PEM)，连接表的键", En: "SHA-256(MSP ID ‖ certificate PEM), the key of the store"},
	endpoint:        text.Text{Zh: "端点", En: "endpoint"},
	serverCert:      text.Text{Zh: "TLS 证书（被拨时）", En: "TLS certificate (dialled)"},
	serverCertMeans: text.Text{Zh: "SHA-256。接受方的 ConnEstablish 里写的就是它", En: "SHA-256; what the acceptor's ConnEstablish says"},
	clientCert:      text.Text{Zh: "TLS 证书（拨号时）", En: "TLS certificate (dialling)"},
	clientCertMeans: text.Text{Zh: "SHA-256。拨号方的 ConnEstablish 里写的就是它", En: "SHA-256; what the initiator's ConnEstablish says"},

	life:        text.Text{Zh: "生命", En: "Life"},
	born:        text.Text{Zh: "启动", En: "born"},
	whichLife:   text.Text{Zh: "第几次启动", En: "which life"},
	phase:       text.Text{Zh: "阶段", En: "phase"},
	stop:        text.Text{Zh: "Stop 开始", En: "Stop began"},
	stopAt:      text.Text{Zh: "Stop 走到", En: "Stop is at"},
	stopped:     text.Text{Zh: "Stop 返回", En: "Stop returned"},
	died:        text.Text{Zh: "结束", En: "ended"},
	diedStopped: text.Text{Zh: "自己停下的", En: "by Stop"},

	stored:       text.Text{Zh: "连接表里的连接", En: "stored connections"},
	waits:        text.Text{Zh: "还在等的确认", En: "acks awaited"},
	handshakes:   text.Text{Zh: "TLS 握手", En: "TLS handshakes"},
	pings:        text.Text{Zh: "答过的 Ping", En: "Pings served"},
	drops:        text.Text{Zh: "丢弃的消息", En: "messages dropped"},
	unclaimed:    text.Text{Zh: "没有人要的消息", En: "messages unclaimed"},
	goroutines:   text.Text{Zh: "活着的 goroutine：%d", En: "Goroutines alive: %d"},
	noGoroutines: text.Text{Zh: "没有：都结束了，或者还没有开始。", En: "None: all have ended, or none has begun."},

	connection:     text.Text{Zh: "连接", En: "connection"},
	connectionAt:   text.Text{Zh: "连接 %s，%s 这一端", En: "Connection %s, the end of %s"},
	part:           text.Text{Zh: "角色", En: "role"},
	initiatorMeans: text.Text{Zh: "它拨的号；先报身份", En: "it dialled, and says first who it is"},
	acceptorMeans:  text.Text{Zh: "对方拨来的；先检查，再回答", En: "it was dialled; it checks before it answers"},
	purpose:        text.Text{Zh: "用途", En: "purpose"},
	began:          text.Text{Zh: "开始", En: "began"},
	addresses:      text.Text{Zh: "本端 ↔ 对端地址", En: "local ↔ remote"},
	line:           text.Text{Zh: "线路", En: "line"},
	otherEnd:       text.Text{Zh: "对方是谁", En: "Who is at the other end"},
	expected:       text.Text{Zh: "要找", En: "expected"},
	expectedMeans:  text.Text{Zh: "拨号时指名要的节点", En: "the peer that the dial was meant to reach"},
	claims:         text.Text{Zh: "自称", En: "claims to be"},
	claimsMeans:    text.Text{Zh: "ConnEstablish 里写的 PKI-ID", En: "the PKI-ID in its ConnEstablish"},
	proven:         text.Text{Zh: "已证明", En: "proven"},
	provenMeans:    text.Text{Zh: "签名有效才算数：它得握有那份身份的私钥", En: "by a valid signature: that it holds the key of that identity"},
	opposite:       text.Text{Zh: "线路通向", En: "the line leads to"},
	oppositeMeans:  text.Text{Zh: "由地址推知，不是它证明的", En: "as the addresses tell, not as it has proven"},

	handshake:    text.Text{Zh: "握手", En: "Handshake"},
	ping:         text.Text{Zh: "Ping", En: "Ping"},
	pingMeans:    text.Text{Zh: "让 gRPC 真正拨号，没人在听立刻知道", En: "makes gRPC dial; tells at once if nobody listens"},
	noChecks:     text.Text{Zh: "还没有做过检查。", En: "No check has been made yet."},
	verdict:      text.Text{Zh: "裁决", En: "verdict"},
	verdictMeans: text.Text{Zh: "先回答后检查的对方，到流结束时才说接不接受", En: "a peer that answers before it checks says by the stream's end whether it accepts"},
	refused:      text.Text{Zh: "拒绝了对方", En: "refused the other"},

	storeAndEnd:    text.Text{Zh: "连接表与结局", En: "The store and the end"},
	inStore:        text.Text{Zh: "在连接表里", En: "in the store"},
	inStoreMeans:   text.Text{Zh: "在，新的 Send 才会用它", En: "only then a new Send uses it"},
	tieBreak:       text.Text{Zh: "同时拨号的裁定", En: "tie-break"},
	tieBreakMeans:  text.Text{Zh: "双方同时拨号，只留一条流", En: "both ends dialled at once, and one stream stays"},
	streamEnd:      text.Text{Zh: "流的结束", En: "end of the stream"},
	streamEndMeans: text.Text{Zh: "reader 读到的结局", En: "as the reader met it"},
	close:          text.Text{Zh: "关闭", En: "closed"},
	closeMeans:     text.Text{Zh: "只关一次，先到的理由算数", En: "once only: the first reason counts"},

	traffic:      text.Text{Zh: "队列与消息", En: "Queues and messages"},
	outBuffMeans: text.Text{Zh: "发送队列：Send 放进来，writer 取走", En: "the send queue: Send puts in, the writer takes out"},
	msgChanMeans: text.Text{Zh: "接收队列：reader 放进来，service 取走", En: "the receive queue: the reader puts in, the service takes out"},
	sent:         text.Text{Zh: "写出的消息", En: "messages written"},
	received:     text.Text{Zh: "收到的消息", En: "messages received"},

	message:     text.Text{Zh: "消息，在连接 %s 上", En: "Message on %s"},
	where:       text.Text{Zh: "现在", En: "now"},
	content:     text.Text{Zh: "内容", En: "Content"},
	number:      text.Text{Zh: "编号", En: "number"},
	numberOne:   text.Text{Zh: "这个方向的第一条，必须是 ConnEstablish", En: "the first of its direction, which must be a ConnEstablish"},
	numberMeans: text.Text{Zh: "在这个方向上第几条写出", En: "its place among what is written in its direction"},
	numberLater: text.Text{Zh: "writer 取走时才有编号", En: "it gets one when the writer takes it"},
	says:        text.Text{Zh: "写着", En: "says"},
	field:       text.Text{Zh: "字段", En: "field"},
	fieldMeans:  text.Text{Zh: "GossipMessage 里装内容的那个字段", En: "of GossipMessage that holds the content"},
	size:        text.Text{Zh: "大小", En: "size"},
	sizes:       text.Text{Zh: "payload %d 字节，签名 %d 字节", En: "payload %d bytes, signature %d bytes"},
	signed:      text.Text{Zh: "有签名", En: "signed"},
	unsigned:    text.Text{Zh: "没有签名：谁发来的，由连接的握手证明", En: "unsigned: who sent it the connection's handshake has proven"},
	nonce:       text.Text{Zh: "nonce", En: "nonce"},
	nonceMeans:  text.Text{Zh: "确认凭它与消息配对", En: "by which an acknowledgement finds its message"},
	refusal:     text.Text{Zh: "拒绝的理由", En: "refuses because"},

	marks:         text.Text{Zh: "五个标记", En: "The five marks"},
	taken:         text.Text{Zh: "writer 取走", En: "taken by the writer"},
	queued:        text.Text{Zh: "进了 msgChan", En: "put into msgChan"},
	delivered:     text.Text{Zh: "进了订阅的队列", En: "put into a subscription"},
	handed:        text.Text{Zh: "要递给订阅者", En: "to be offered"},
	enqueuedMeans: text.Text{Zh: "在 outBuff 里；Send 已经返回", En: "in outBuff; Send has returned"},
	writtenMeans:  text.Text{Zh: "交给了 gRPC；对方收没收到还不知道", En: "given to gRPC; whether it arrives is not known"},
	receivedMeans: text.Text{Zh: "对方的 reader 读到了", En: "read by the other end's reader"},
	handledMeans:  text.Text{Zh: "对方的 service 开始处理；确认则由 reader 交出", En: "taken by the other end's service; an ack: given away by the reader"},
	ackedMeans:    text.Text{Zh: "对方的确认回来了；只有 SendWithAck 会等", En: "acknowledged; only SendWithAck waits for that"},
	drop:          text.Text{Zh: "丢弃", En: "dropped"},
	dropMeans:     text.Text{Zh: "丢弃都会记数", En: "every loss is counted"},
	handedOver: text.Text{
		Zh: "它随整条队列移交给了另一个连接：双方同时拨号，这一个让位。", En: "It was handed over with the whole queue: both ends had dialled, and this connection gave way.",
	},
	unclaimedMeans: text.Text{Zh: "没有订阅要它：问过每一个谓词，都说不要。", En: "No subscription wanted it: every predicate was asked, and said no."},

	queueOf:           text.Text{Zh: "%s，连接 %s，%s 这一端", En: "%s of %s, at %s"},
	subscriptionOf:    text.Text{Zh: "订阅 %d，节点 %s", En: "Subscription %d of %s"},
	oldestFirst:       text.Text{Zh: "里面有 %d 条，最早的在前", En: "It holds %d, the oldest first"},
	queueEmpty:        text.Text{Zh: "空的：来一条就被取走一条。", En: "Empty: what comes in is taken out at once."},
	subscriptionMeans: text.Text{Zh: "满了，service 就在这里等，这叫背压", En: "while it is full the service waits here: back-pressure"},
	whichQueue: text.Text{
		Zh: "这个节点有好几个订阅；哪条消息在哪个队列里，步骤里没有说，下面是全部。", En: "This peer has several subscriptions. The steps do not say which message is in which queue; here are all.",
	},
	added:       text.Text{Zh: "订阅于", En: "added"},
	wanted:      text.Text{Zh: "要过", En: "wanted"},
	wantedMeans: text.Text{Zh: "谓词说要的消息", En: "messages for which the predicate said yes"},
	putIn:       text.Text{Zh: "放进队列", En: "put into the queue"},
	inHands:     text.Text{Zh: "经手", En: "to hand"},
	inHandsMeans: text.Text{
		Zh: "取出来，好放进 Accept 的 channel；最后一条有没有放进去、有没有被订阅者取走，这一层不报",
		En: "taken out for the channel of Accept; whether the last is in there, and what the subscriber has taken, is not told",
	},

	goroutine: text.Text{Zh: "被拦住的 goroutine，节点 %s", En: "A goroutine of %s, held"},
	released:  text.Text{Zh: "它已经被放行了。", En: "It has been let go."},
	role:      text.Text{Zh: "角色", En: "role"},
	step:      text.Text{Zh: "停在", En: "held at"},
	since:     text.Text{Zh: "从什么时候", En: "since"},
	willDo:    text.Text{Zh: "放行之后", En: "when let go"},
	turn:      text.Text{Zh: "排队", En: "turn"},
	place:     text.Text{Zh: "被拦住的里面第 %d 个，共 %d 个", En: "number %d of %d that are held"},
	goesNext:  text.Text{Zh: "下一步放行的就是它", En: "it is the one that goes next"},
	queueThen: text.Text{Zh: "那时的队列", En: "the queue then"},
	queueName: text.Text{Zh: "队列", En: "queue"},
	other:     text.Text{Zh: "对方", En: "the other end"},
	detail:    text.Text{Zh: "细节", En: "detail"},
}
