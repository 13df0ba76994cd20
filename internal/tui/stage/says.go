package stage

import (
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// says is everything that the stage says.
var says = struct {
	noPeers, noEdges                        text.Text
	folded, foldedShort                     text.Text // %d: how many peers
	unfolded, unfoldedShort                 text.Text // %d: how many connections
	notDrawn, notDrawnShort, and            text.Text // %s: a connection, how far it has come; two sentences
	running, stopping, stopped, killed      text.Text
	intruder, middleman                     text.Text
	life                                    text.Text // %d: which
	store, storeEmpty, subscriptions, waits text.Text // %s, –, %d, %d
	subscription                            text.Text // %d: its number
	heldChip                                text.Text // of a peer that is folded
	held, heldTight, heldShort              text.Text // %s, %s: the role, the step
	ahead, born, ended                      text.Text
	lineOpen, tlsUp, tlsFailed              text.Text // of a line that carries no stream
	probe, handshake                        text.Text
	frozen, slow, halfClosed, cut, gone     text.Text // %s: how slow
	onTheWay                                text.Text // %d: how many
	unreadable, refusal, quoted             text.Text // –, %s, %s
	data, ack, hello, ping, drop            text.Text
	dialling, encrypted, serving, closing   text.Text
	current, direction, queue               text.Text
}{
	noPeers:       text.Text{Zh: "还没有节点。节点一启动，就会出现在这里。", En: "There is no peer yet. Each appears here as soon as it starts."},
	noEdges:       text.Text{Zh: "还没有连接：谁也没有拨号。", En: "No connection yet: nobody has dialled."},
	folded:        text.Text{Zh: "另外 %d 个节点折叠在这里（× 后面是连接数）：", En: "%d more peers, folded (× and its number of connections):"},
	foldedShort:   text.Text{Zh: "折叠 %d 个：", En: "%d folded:"},
	unfolded:      text.Text{Zh: "另有 %d 条连接没有画出，选中节点就画它的。", En: "%d more connections are not drawn; select a peer to see its own."},
	notDrawn:      text.Text{Zh: "这一步的连接 %s（%s）没有画出", En: "%s, which this step is about (%s), is not drawn"},
	notDrawnShort: text.Text{Zh: "%s 没有画出", En: "%s is not drawn"},
	and:           text.Text{Zh: "%s；%s", En: "%s; %s"},
	unfoldedShort: text.Text{Zh: "另有 %d 条连接没画", En: "%d more not drawn"},
	running:       text.Text{Zh: "运行中", En: "running"},
	stopping:      text.Text{Zh: "正在停止", En: "stopping"},
	stopped:       text.Text{Zh: "已停止", En: "stopped"},
	killed:        text.Text{Zh: "被终止", En: "killed"},
	intruder:      text.Text{Zh: "入侵者", En: "intruder"},
	middleman:     text.Text{Zh: "中间人", En: "middleman"},
	life:          text.Text{Zh: "第 %d 次启动", En: "life %d"},
	store:         text.Text{Zh: "连接表：%s", En: "store: %s"},
	storeEmpty:    text.Text{Zh: "连接表：空", En: "store: empty"},
	subscriptions: text.Text{Zh: "订阅：%d 个", En: "subscriptions: %d"},
	waits:         text.Text{Zh: "等确认：%d 份", En: "waits for acks: %d"},
	subscription:  text.Text{Zh: "订阅 %d", En: "subscr. %d"},
	held:          text.Text{Zh: "拦住 %s @ %s", En: "held: %s @ %s"},
	heldChip:      text.Text{Zh: "有拦住的", En: "held"},
	heldTight:     text.Text{Zh: "拦住 %s@%s", En: "held %s@%s"},
	heldShort:     text.Text{Zh: "拦住 %s", En: "held: %s"},
	ahead:         text.Text{Zh: "即将", En: "about to"},
	born:          text.Text{Zh: "启动，开始监听", En: "begins to listen"},
	ended:         text.Text{Zh: "到此结束", En: "has ended"},
	lineOpen:      text.Text{Zh: "线路已通", En: "line open"},
	tlsUp:         text.Text{Zh: "TLS 已通", En: "TLS up"},
	tlsFailed:     text.Text{Zh: "TLS 失败", En: "TLS failed"},
	probe:         text.Text{Zh: "只探测", En: "probe only"},
	handshake:     text.Text{Zh: "只握手", En: "handshake only"},
	frozen:        text.Text{Zh: "线路冻结", En: "line frozen"},
	slow:          text.Text{Zh: "线路慢 %s", En: "line slow, %s"},
	halfClosed:    text.Text{Zh: "线路半关闭", En: "line half closed"},
	cut:           text.Text{Zh: "线路被剪断", En: "line cut"},
	gone:          text.Text{Zh: "线路已断开", En: "line closed"},
	onTheWay:      text.Text{Zh: "在途 %d 条", En: "%d on the way"},
	unreadable:    text.Text{Zh: "解不开的消息", En: "cannot be decoded"},
	refusal:       text.Text{Zh: "拒绝：%s", En: "refused: %s"},
	quoted:        text.Text{Zh: "「%s」", En: "\"%s\""},
	data:          text.Text{Zh: "数据", En: "data"},
	ack:           text.Text{Zh: "确认", En: "ack"},
	hello:         text.Text{Zh: "握手", En: "handshake"},
	ping:          text.Text{Zh: "Ping", En: "ping"},
	drop:          text.Text{Zh: "丢弃", En: "dropped"},
	dialling:      text.Text{Zh: "拨号", En: "dialling"},
	encrypted:     text.Text{Zh: "已加密", En: "encrypted"},
	serving:       text.Text{Zh: "已建立", En: "established"},
	closing:       text.Text{Zh: "关闭", En: "closing"},
	current:       text.Text{Zh: "正在发生", En: "happening now"},
	direction:     text.Text{Zh: "指向被拨的一方", En: "points at who was dialled"},
	queue:         text.Text{Zh: "发送队列 outBuff", En: "send queue outBuff"},
}

// phases names the phases of a connection.
var phases = map[timeline.Phase]text.Text{
	timeline.PhaseNew:            {Zh: "还没有拨号", En: "not dialled yet"},
	timeline.PhaseDialling:       {Zh: "拨号中", En: "dialling"},
	timeline.PhasePinging:        {Zh: "Ping 中", En: "pinging"},
	timeline.PhaseOpening:        {Zh: "打开流", En: "opening stream"},
	timeline.PhaseAuthenticating: {Zh: "认证中", En: "authenticating"},
	timeline.PhaseEstablished:    {Zh: "已建立", En: "established"},
	timeline.PhaseClosing:        {Zh: "关闭中", En: "closing"},
	timeline.PhaseClosed:         {Zh: "已关闭", En: "closed"},
}

// acts names what is done to peers, by the method of Comm where there is one.
var acts = map[string]text.Text{
	"send":          {Zh: "Send", En: "Send"},
	"send-with-ack": {Zh: "SendWithAck", En: "SendWithAck"},
	"accept":        {Zh: "Accept", En: "Accept"},
	"respond":       {Zh: "Respond", En: "Respond"},
	"ack":           {Zh: "Ack", En: "Ack"},
	"handshake":     {Zh: "Handshake", En: "Handshake"},
	"probe":         {Zh: "Probe", En: "Probe"},
	"close":         {Zh: "CloseConn", En: "CloseConn"},
	"stop":          {Zh: "Stop", En: "Stop"},
	"kill":          {Zh: "强行终止", En: "killed"},
	"restart":       {Zh: "重新启动", En: "restarted"},
	"attack":        {Zh: "攻击", En: "attack"},
	"hold":          {Zh: "拦在", En: "hold at"},
	"step":          {Zh: "放行一个", En: "let one go"},
	"release":       {Zh: "全部放行", En: "let all go"},
}
