package spacetime

import (
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// says is everything that the panel says itself. Captions and labels are narrate's and sequence's.
var says = struct {
	lanes, kinds, detail, only, trace, follow                          text.Text
	noEvents, nothingLeft, noLanes                                     text.Text
	noPeer, noMessage                                                  text.Text
	clock, words, intruder, whole, later                               text.Text
	facts, why, between                                                text.Text
	cursor, onlyPeer, onlyKind, onlyDetail, onlyMessage, hidden        text.Text
	behind                                                             text.Text // %d: how many events
	ahead, done, failed, handshake, data, ack, ping, lost, arrow, wire text.Text
	links                                                              map[string]text.Text
}{
	lanes:  text.Text{Zh: "展开/合上节点", En: "open/close peer"},
	kinds:  text.Text{Zh: "换种类", En: "kind"},
	detail: text.Text{Zh: "换详略", En: "detail"},
	only:   text.Text{Zh: "只看此节点", En: "this peer only"},
	trace:  text.Text{Zh: "跟踪消息", En: "trace message"},
	follow: text.Text{Zh: "跟随事件", En: "follow the event"},

	noEvents: text.Text{
		Zh: "还没有发生任何事。节点一出生，就在这里占一列；时间往下走，箭头从发出的那一刻指到收到的那一刻。",
		En: "Nothing has happened yet. Each peer gets a column here; time runs down, and arrows lead from where a message is sent to where it is received.",
	},
	nothingLeft: text.Text{
		Zh: "筛选之后什么也不剩。%s 换种类，%s 换详略，%s 在一个节点与全部节点之间切换。",
		En: "The filter leaves nothing. %s changes the kind, %s the detail, %s shows one peer or all.",
	},
	noLanes:   text.Text{Zh: "还没有节点", En: "no peer yet"},
	noPeer:    text.Text{Zh: "还没有节点可选", En: "there is no peer yet"},
	noMessage: text.Text{Zh: "这一行与消息无关，没有可跟踪的", En: "this row is about no message"},

	clock:    text.Text{Zh: "时钟", En: "clock"},
	words:    text.Text{Zh: "说明", En: "what happened"},
	intruder: text.Text{Zh: "入侵者", En: "intruder"},
	whole:    text.Text{Zh: "整体", En: "as a whole"},
	later:    text.Text{Zh: "以下是后来发生的", En: "what came later"},

	facts:   text.Text{Zh: "%s（%s）", En: "%s (%s)"},
	why:     text.Text{Zh: "%s原因：%s", En: "%s Because: %s"},
	between: text.Text{Zh: "　", En: "  "},

	cursor:      text.Text{Zh: "不再跟随（%s 恢复）第 %d/%d 行", En: "not following (%s follows) row %d/%d"},
	onlyPeer:    text.Text{Zh: "只看节点 %s", En: "only peer %s"},
	onlyKind:    text.Text{Zh: "只看%s", En: "only %s"},
	onlyDetail:  text.Text{Zh: "详略：%s", En: "detail: %s"},
	onlyMessage: text.Text{Zh: "只跟踪 %s", En: "tracing %s"},
	hidden:      text.Text{Zh: "此刻的事件被筛掉了", En: "the event of this moment is left out"},

	behind: text.Text{
		Zh: "事件来得太快：还有 %d 个没画进来",
		En: "events come too fast: still to be drawn: %d",
	},

	ahead:     text.Text{Zh: "即将", En: "about to"},
	done:      text.Text{Zh: "已发生", En: "done"},
	failed:    text.Text{Zh: "失败", En: "failed"},
	handshake: text.Text{Zh: "握手", En: "handshake"},
	data:      text.Text{Zh: "数据", En: "data"},
	ack:       text.Text{Zh: "确认", En: "ack"},
	ping:      text.Text{Zh: "Ping", En: "ping"},
	lost:      text.Text{Zh: "没送到", En: "lost"},
	arrow:     text.Text{Zh: "从写到读", En: "from write to read"},
	wire:      text.Text{Zh: "在路上", En: "on its way"},

	links: map[string]text.Text{
		timeline.LinkOpen:      {Zh: "线路接通", En: "line opens"},
		timeline.LinkClose:     {Zh: "线路断开", En: "line closes"},
		timeline.LinkCut:       {Zh: "线路剪断", En: "line cut"},
		timeline.LinkDelay:     {Zh: "线路变慢", En: "line delayed"},
		timeline.LinkFreeze:    {Zh: "线路冻结", En: "line frozen"},
		timeline.LinkThaw:      {Zh: "线路解冻", En: "line thawed"},
		timeline.LinkHalfClose: {Zh: "线路半关", En: "line half closed"},
	},
}
