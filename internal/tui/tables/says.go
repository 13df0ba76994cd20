package tables

import "gossipscope/internal/text"

// says is everything that the tables say. What the inspector says stands in inspect_says.go.
var says = struct {
	confine, fold, previous, next, follow                   text.Text
	noPeers, intruder, stranger, killed, life               text.Text
	store, storeEmpty, dials, none, comma, anybody, waiting text.Text
	others, closed, nobodyYet, drops                        text.Text
	acks, nonce, acked, open, returned                      text.Text
	ackCame, enough, notAwaited, awaited                    text.Text
	subscriptions, subscriptionsEmpty, subscription, counts text.Text
	notices, times                                          text.Text
	goroutines, goroutinesEmpty                             text.Text
	counters, tls, tlsFailed, pings, dropped, unclaimed     text.Text
	invariants, allHold, notAll, brokenBy, goThere          text.Text
	lines, linesEmpty, closedLines, bytes                   text.Text
	passes, frozen, lag, halfClosed, cut, lineClosed        text.Text
}{
	confine:  text.Text{Zh: "一个/全部节点", En: "one peer/all"},
	fold:     text.Text{Zh: "折叠/展开", En: "fold/unfold"},
	previous: text.Text{Zh: "上一节", En: "section before"},
	next:     text.Text{Zh: "下一节", En: "next section"},
	follow:   text.Text{Zh: "跟随事件", En: "follow the event"},

	noPeers:  text.Text{Zh: "还没有节点，也就没有表可看。", En: "There is no peer yet, so there are no tables."},
	intruder: text.Text{Zh: "它不运行这一层，手里没有表；它做过什么，看别的节点的表。", En: "It does not run the layer and has no tables. What it has done shows in those of others."},
	stranger: text.Text{Zh: "不正常的节点", En: "no honest peer"},
	killed:   text.Text{Zh: "被强行终止", En: "killed"},
	life:     text.Text{Zh: "%s（第 %d 次启动）", En: "%s (life %d)"},

	store:      text.Text{Zh: "连接表 pki2Conn", En: "connection store pki2Conn"},
	storeEmpty: text.Text{Zh: "空：没有已认证的连接", En: "empty: no connection has authenticated"},
	dials:      text.Text{Zh: "正在拨号", En: "dials under way"},
	none:       text.Text{Zh: "没有：%s", En: "none: %s"},
	comma:      text.Text{Zh: "、", En: ", "},
	anybody:    text.Text{Zh: "谁都行", En: "whoever it is"},
	waiting:    text.Text{Zh: "outBuff %s 在等", En: "outBuff %s waits"},
	others:     text.Text{Zh: "不在表里的连接", En: "connections outside of the store"},
	closed:     text.Text{Zh: "已关闭的连接", En: "closed connections"},
	nobodyYet:  text.Text{Zh: "还不知道是谁", En: "unknown yet"},
	drops:      text.Text{Zh: "✕ 丢弃 %d", En: "✕ %d dropped"},

	acks:       text.Text{Zh: "等确认 SendWithAck", En: "acknowledgements SendWithAck"},
	nonce:      text.Text{Zh: "nonce %s", En: "nonce %s"},
	acked:      text.Text{Zh: "%d/%d", En: "%d of %d"},
	open:       text.Text{Zh: "还没有返回", En: "has not returned"},
	returned:   text.Text{Zh: "已返回", En: "has returned"},
	ackCame:    text.Text{Zh: "确认到了 %s", En: "acknowledged at %s"},
	enough:     text.Text{Zh: "消息进了队列，算成功", En: "queued, which is enough"},
	notAwaited: text.Text{Zh: "不再等了", En: "not awaited any more"},
	awaited:    text.Text{Zh: "在等，从 %s 起", En: "awaited since %s"},

	subscriptions:      text.Text{Zh: "订阅", En: "subscriptions"},
	subscriptionsEmpty: text.Text{Zh: "没有：收到的消息没有人要", En: "none: nobody wants what arrives"},
	subscription:       text.Text{Zh: "订阅 %d", En: "subscription %d"},
	counts:             text.Text{Zh: "要 %d　放进 %d　%s", En: "wanted %d  queued %d  %s"},

	notices: text.Text{Zh: "死亡通知", En: "death notices"},
	times:   text.Text{Zh: "%d 次", En: "%d times"},

	goroutines:      text.Text{Zh: "goroutine", En: "goroutines"},
	goroutinesEmpty: text.Text{Zh: "一个也没有", En: "none"},

	counters:  text.Text{Zh: "计数", En: "counters"},
	tls:       text.Text{Zh: "TLS 握手 %d", En: "TLS %d"},
	tlsFailed: text.Text{Zh: "失败 %d", En: "failed %d"},
	pings:     text.Text{Zh: "答 Ping %d", En: "Pings served %d"},
	dropped:   text.Text{Zh: "丢弃 %d", En: "dropped %d"},
	unclaimed: text.Text{Zh: "没人要 %d", En: "unclaimed %d"},

	invariants: text.Text{Zh: "不变量", En: "invariants"},
	allHold:    text.Text{Zh: "%d/%d 全部成立", En: "all hold: %d of %d"},
	notAll:     text.Text{Zh: "被打破 %d 条，共 %d 条", En: "%d of %d broken"},
	brokenBy:   text.Text{Zh: "第 %d 个事件打破了它，在 %s。实际情况：%s", En: "broken by event %d, at %s: %s"},
	goThere:    text.Text{Zh: "回车：去看那个事件", En: "Enter: go to that event"},

	lines:       text.Text{Zh: "线路", En: "lines"},
	linesEmpty:  text.Text{Zh: "一条也没有接通", En: "none is open"},
	closedLines: text.Text{Zh: "已断开的线路", En: "closed lines"},
	bytes:       text.Text{Zh: "去 %s　回 %s", En: "out %s  back %s"},
	passes:      text.Text{Zh: "通", En: "open"},
	frozen:      text.Text{Zh: "‖ 冻住", En: "‖ frozen"},
	lag:         text.Text{Zh: "慢 %v", En: "slow: %v late"},
	halfClosed:  text.Text{Zh: "只剩半边", En: "half closed"},
	cut:         text.Text{Zh: "✕ 被剪断", En: "✕ cut"},
	lineClosed:  text.Text{Zh: "已断开", En: "closed"},
}
