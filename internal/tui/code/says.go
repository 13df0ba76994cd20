package code

import "gossipscope/internal/text"

// says is what the panel says.
var says = struct {
	Before, Last, Chosen, Act, Gate, Report, Callers, Caller, Away, Held, HeldMore, Unreadable text.Text
	Lines, And                                                                                 text.Text
	Follow, NextCaller, LastCaller, NextFile, LastFile                                         text.Text
}{
	Before: text.Text{
		Zh: "还没有走到这一层的任何一步。先读 doc.go：它说明这一层是什么。",
		En: "No step has been taken yet. Meanwhile doc.go: what this layer is.",
	},
	Last:   text.Text{Zh: "此刻讲的不是代码里的一步；这是最近走过的一步。", En: "What is shown now is no step of the code; this is the last one."},
	Chosen: text.Text{Zh: "这是你选的一步，不是正在发生的一步；按 %s 回去。", En: "This is the step that you chose, not the one that happens now; %s goes back."},
	Act:    text.Text{Zh: "%s 要调用 %s：从这里进入这一层。", En: "%s is about to call %s: this is where the layer is entered."},
	Gate:   text.Text{Zh: "这一步在动作之前（gate），goroutine 可以停在这里。", En: "Gate: the act is still to come; it can be held here."},
	Report: text.Text{Zh: "这一步在动作之后（report），只说结果，从不等待。", En: "Report: it has happened; nobody waits here."},
	Callers: text.Text{
		Zh: "按 %s 看谁调用它（%d 处）。",
		En: "%s shows who calls it (%d).",
	},
	Caller:     text.Text{Zh: "%d / %d：%s 在这里被调用；按 %s 回去。", En: "%d / %d: a call of %s; %s goes back."},
	Away:       text.Text{Zh: "停在你翻到的地方，不再跟随；按 %s 回去。", En: "Stays where you scrolled it; %s follows again."},
	Held:       text.Text{Zh: "‖ %s 停在这里", En: "‖ %s held here"},
	HeldMore:   text.Text{Zh: "‖ %[2]s 等 %[1]d 个停在这里", En: "‖ %[2]s, %[1]d held here"},
	Unreadable: text.Text{Zh: "读不出源码：%s", En: "The source cannot be read: %s"},
	Lines:      text.Text{Zh: "%d–%d / %d 行", En: "%d–%d of %d"},
	And:        text.Text{Zh: "、", En: ", "},

	Follow:     text.Text{Zh: "回到当前", En: "follow"},
	NextCaller: text.Text{Zh: "谁调用它", En: "caller"},
	LastCaller: text.Text{Zh: "上一处", En: "back a caller"},
	NextFile:   text.Text{Zh: "下个文件", En: "next file"},
	LastFile:   text.Text{Zh: "上个文件", En: "file before"},
}

// entries are the methods by which an act enters the layer. The other acts are done to a peer from outside of it.
var entries = map[string]string{
	"send":          "Send",
	"send-with-ack": "SendWithAck",
	"accept":        "Accept",
	"handshake":     "Handshake",
	"probe":         "Probe",
	"close":         "CloseConn",
	"stop":          "Stop",
	"respond":       "Respond",
	"ack":           "Ack",
}
