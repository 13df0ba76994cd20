package sequence

import "gossipscope/internal/text"

// says is everything that this package says itself.
var says = struct {
	kinds                                         map[Kind]text.Text
	details                                       [3]text.Text
	signals                                       [endSignal + 1]text.Text
	hello, ack, unreadable, unknownStep, itsQueue text.Text
	nack, quote                                   phrase // %s: what a peer wrote
	claims                                        phrase // %s: to be whom
	number, subscription                          phrase // %d
	queue                                         phrase // %s %d/%d: which, how full
	quiet                                         phrase // %s: how long
	quietOne                                      phrase // the same, with one event that is not shown
	quietHidden                                   phrase // and %d: how many events
	cut, lineClosed, streamOver                   text.Text
	killed                                        phrase // %s: who

	lost, onTheWay, ahead, untold text.Text // behind what stands on an arrow that has not arrived
	because, found                phrase    // %s: why, or what was found instead
	from, to                      phrase    // %s, %s: whom, what; of an arrow with one end on no lane
	intruder                      text.Text
	upTo                          phrase // %d, %s: the event, the lab's clock
	legend                        legend
}{
	kinds: map[Kind]text.Text{
		Handshake:  {Zh: "握手", En: "handshake"},
		Data:       {Zh: "数据", En: "data"},
		Ack:        {Zh: "确认", En: "acknowledgement"},
		Unreadable: {Zh: "解不开的消息", En: "unreadable message"},
		Ping:       {Zh: "Ping", En: "Ping"},
		Connection: {Zh: "连接", En: "connection"},
		Link:       {Zh: "线路", En: "line"},
		Life:       {Zh: "节点", En: "peer"},
		Lesson:     {Zh: "讲解", En: "lesson"},
	},
	details: [3]text.Text{{Zh: "全部", En: "everything"}, {Zh: "要点", En: "what matters"}, {Zh: "只看消息", En: "messages"}},
	signals: [endSignal + 1]text.Text{
		pingSignal:    {Zh: "Ping", En: "Ping"},
		pongSignal:    {Zh: "Ping 的答复", En: "Ping answered"},
		openSignal:    {Zh: "打开流", En: "open the stream"},
		refusalSignal: {Zh: "拒绝", En: "refusal"},
		endSignal:     {Zh: "流到此结束", En: "end of the stream"},
	},
	hello:        text.Text{Zh: "ConnEstablish", En: "ConnEstablish"},
	ack:          text.Text{Zh: "确认", En: "ack"},
	unreadable:   text.Text{Zh: "解不开的消息", En: "unreadable"},
	unknownStep:  text.Text{Zh: "这一步不在步骤表里，可能来自更新的版本。", En: "A step that this program does not know; a newer one may."},
	nack:         phrase{Zh: "确认：拒绝「%s」", En: "ack: refused \"%s\""},
	quote:        phrase{Zh: "「%s」", En: "\"%s\""},
	claims:       phrase{Zh: "自称 %s", En: "claims to be %s"},
	number:       phrase{Zh: "第 %d 条", En: "message %d"},
	queue:        phrase{Zh: "%s %d/%d", En: "%s %d/%d"},
	subscription: phrase{Zh: "订阅 %d", En: "subscription %d"},
	itsQueue:     text.Text{Zh: "队列", En: "queue"},
	quiet:        phrase{Zh: "… 安静了 %s …", En: "… quiet for %s …"},
	quietOne:     phrase{Zh: "… 过了 %s，有 1 个事件没有显示 …", En: "… %s, with 1 event not shown …"},
	quietHidden:  phrase{Zh: "… 过了 %s，有 %d 个事件没有显示 …", En: "… %s, with %d events not shown …"},
	cut:          text.Text{Zh: "线路被剪断了。", En: "the line was cut"},
	lineClosed:   text.Text{Zh: "线路断开了。", En: "the line was closed"},
	streamOver:   text.Text{Zh: "流已经结束。", En: "the stream is over"},
	killed:       phrase{Zh: "%s 被强行终止了。", En: "%s was killed"},

	lost:     text.Text{Zh: "没有送到", En: "lost"},
	onTheWay: text.Text{Zh: "还在路上", En: "on the way"},
	ahead:    text.Text{Zh: "正要发出", En: "about to leave"},
	untold:   text.Text{Zh: "对方收到没有，无从得知", En: "nobody tells whether it arrived"},
	because:  phrase{Zh: "原因：%s", En: "because: %s"},
	found:    phrase{Zh: "实际情况：%s", En: "found instead: %s"},
	from:     phrase{Zh: "来自 %s：%s", En: "from %s: %s"},
	to:       phrase{Zh: "发往 %s：%s", En: "to %s: %s"},
	intruder: text.Text{Zh: "入侵者", En: "intruder"},
	upTo:     phrase{Zh: "到第 %d 个事件为止，实验室时钟 %s", En: "up to event %d, at %s of the lab's clock"},
	legend: legend{
		heading: text.Text{Zh: "图例", En: "Legend"},
		ahead:   text.Text{Zh: "即将发生", En: "about to happen"},
		well:    text.Text{Zh: "已经发生", En: "happened"},
		failing: text.Text{Zh: "没有成功", En: "did not succeed"},
		lost:    text.Text{Zh: "没有送到", En: "lost on the way"},
		under:   text.Text{Zh: "还在路上，或无人告知", En: "on the way, or nobody tells"},
		unseen:  text.Text{Zh: "从哪一刻发出，无人告知", En: "nobody tells when it left"},
		act:     text.Text{Zh: "课程或读者所做的事", En: "what the lesson or the reader does"},
	},
}

// legend is what the marks of a picture mean; those of messages are named by their kinds.
type legend struct{ heading, ahead, well, failing, lost, under, unseen, act text.Text }
