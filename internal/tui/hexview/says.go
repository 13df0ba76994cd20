package hexview

import "gossipscope/internal/text"

// says is what the panel says.
var says = struct {
	None, Ping, Unrecorded, NoContent, Garbage                           text.Text
	Selected, Earlier, Sent, Received, Bytes, Prefix                     text.Text
	Range, Proves, Value, Overruled, At, Findings, Stood, Computed       text.Text
	Explains, SwitchSide, NextFinding, LastFinding, Follow, Named, Apart text.Text
}{
	None: text.Text{
		Zh: "还没有消息在流上走过。第一条会是 ConnEstablish：流一打开，拨号的一方就发出它。",
		En: "No message has travelled yet. The first will be a ConnEstablish, which the dialling end sends as soon as the stream is open.",
	},
	Ping: text.Text{
		Zh: "Ping 带的是一条空消息（Empty）：0 字节，没有字段可看。要紧的只是有没有回音。",
		En: "A Ping carries an empty message (Empty): 0 bytes, and no field to look at. All that matters is whether it is answered.",
	},
	Unrecorded: text.Text{
		Zh: "选中的消息没有留下字节：只知道有过它。",
		En: "The bytes of the selected message were not recorded. All that is known is that there was one.",
	},
	NoContent: text.Text{Zh: "没有内容的消息", En: "a message without content"},
	Garbage:   text.Text{Zh: "解不开的消息", En: "a message that cannot be read"},
	Selected:  text.Text{Zh: "选中的一条", En: "selected"},
	Earlier:   text.Text{Zh: "最近的一条", En: "the latest"},
	Sent:      text.Text{Zh: "%s 发出", En: "sent by %s"},
	Received:  text.Text{Zh: "%s 收到", En: "received by %s"},
	Bytes:     text.Text{Zh: "%d 字节", En: "%d bytes"},
	Prefix:    text.Text{Zh: "线上在它前面还有：%s", En: "On the line this stands before it: %s"},
	Range:     text.Text{Zh: "字节 %d–%d，共 %d", En: "bytes %d–%d, %d in all"},
	Proves:    text.Text{Zh: "在握手的证明里：", En: "In the proof: "},
	Value:     text.Text{Zh: "值：", En: "Value: "},
	Overruled: text.Text{Zh: "不算数", En: "overruled"},
	At:        text.Text{Zh: "读到字节 %d 出错：%s", En: "Reading failed at byte %d: %s"},
	Findings:  text.Text{Zh: "重新算一遍", En: "Computed again"},
	Stood:     text.Text{Zh: "消息里", En: "in the message"},
	Computed:  text.Text{Zh: "算出来", En: "computed"},
	Named:     text.Text{Zh: "%s：%s", En: "%s: %s"},
	Apart:     text.Text{Zh: "；", En: "; "},
	Explains:  text.Text{Zh: "说明", En: "which means"},

	SwitchSide:  text.Text{Zh: "树/字节", En: "tree/bytes"},
	NextFinding: text.Text{Zh: "下一项检查", En: "next check"},
	LastFinding: text.Text{Zh: "上一项检查", En: "check before"},
	Follow:      text.Text{Zh: "回到当前", En: "follow"},
}
