package note

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
)

// says is what the panel says.
var says = struct {
	Where, Function, Who, What, Gate, Report, Lessons, Lesson, NoLesson text.Text
	Unwritten, InChinese, Before, UnknownStep, Unreadable               text.Text
	Missing, Elsewhere, Open, Away, Rows, And                           text.Text
	NextLink, LastLink, Back, Follow, Contents                          text.Text
}{
	Where:    text.Text{Zh: "在哪里", En: "Where"},
	Function: text.Text{Zh: "comm/%s 第 %d 行，函数 %s", En: "comm/%s, line %d, in %s"},
	Who:      text.Text{Zh: "谁来走", En: "Who"},
	What:     text.Text{Zh: "哪一种", En: "Kind"},
	Gate: text.Text{
		Zh: "gate：在动作之前；goroutine 可以在这里被拦住，想看多久看多久。",
		En: "A gate: before the act. The goroutine can be held here for as long as somebody looks.",
	},
	Report: text.Text{
		Zh: "report：在动作之后；只报告结果，从不等待。",
		En: "A report: after the act. It tells what came of it, and never waits.",
	},
	Lessons:  text.Text{Zh: "哪一课", En: "Lesson"},
	Lesson:   text.Text{Zh: "第 %d 课《%s》", En: "%d, %s"},
	NoLesson: text.Text{Zh: "没有哪一课专讲这一步。", En: "No lesson is about this step."},

	Unwritten: text.Text{
		Zh: "这一步的笔记还没有写；它会在 docs/zh/%s 里。",
		En: "The note on this step is yet to be written. It will stand in docs/zh/%s, in Chinese.",
	},
	InChinese:   text.Text{Zh: "", En: "The notes are in Chinese:"},
	Before:      text.Text{Zh: "还没有走到任何一步。第一步一到，讲它的那一节就显示在这里。", En: "No step has been taken yet. With the first one, the section about it appears here."},
	UnknownStep: text.Text{Zh: "这份录像里有一步叫 %s，这个程序不认识它。", En: "The recording has a step called %s, which this program does not know."},
	Unreadable:  text.Text{Zh: "读不出笔记：%s", En: "The notes cannot be read: %s"},

	Missing:   text.Text{Zh: "%s：还没有这一节。", En: "%s: there is no such section yet."},
	Elsewhere: text.Text{Zh: "%s：不是笔记，这里打不开。", En: "%s: not a note; it cannot be opened here."},
	Open:      text.Text{Zh: "Enter 打开 %s", En: "Enter opens %s"},
	Away:      text.Text{Zh: "停在这里，不再跟随；按 %s 回去。", En: "Stays here; %s follows again."},
	Rows:      text.Text{Zh: "%d–%d / %d 行", En: "%d–%d of %d"},
	And:       text.Text{Zh: "、", En: "; "},

	NextLink: text.Text{Zh: "下个链接", En: "next link"},
	LastLink: text.Text{Zh: "上个链接", En: "link before"},
	Back:     text.Text{Zh: "返回", En: "back"},
	Follow:   text.Text{Zh: "回到当前", En: "follow"},
	Contents: text.Text{Zh: "笔记目录", En: "all notes"},
}

// parts says who the goroutines are.
var parts = map[trace.Goroutine]text.Text{
	trace.CallerGoroutine:       {Zh: "caller：调用 Comm 某个方法的 goroutine。", En: "The caller: whoever called a method of Comm."},
	trace.DialerGoroutine:       {Zh: "dialer：连接表为每一次拨号各开一个。", En: "The dialer: one for each dial under way."},
	trace.HandlerGoroutine:      {Zh: "handler：gRPC 为每一个进来的调用各开一个。", En: "The handler: gRPC's, one for each inbound call."},
	trace.ReaderGoroutine:       {Zh: "reader：每条连接一个，只有它从流上读。", En: "The reader: one for each connection, and nobody else reads its stream."},
	trace.WriterGoroutine:       {Zh: "writer：每条连接一个，只有它往流上写。", En: "The writer: one for each connection, and nobody else writes its stream."},
	trace.ServiceGoroutine:      {Zh: "service：每条连接一个，处理收到的消息。", En: "The service: one for each connection; it handles what was received."},
	trace.SubscriptionGoroutine: {Zh: "subscription：每次 Accept 一个，把消息递给订阅者。", En: "The subscription's: one for each Accept; it hands messages to the subscriber."},
	trace.TransportGoroutine:    {Zh: "transport：gRPC 自己的 goroutine，在 TLS 握手之中。", En: "The transport's: gRPC's own, inside the TLS handshake."},
	trace.PartyGoroutine:        {Zh: "握手的一方：谁在握手就是谁，caller、dialer 或 handler。", En: "A party to the handshake: the caller, the dialer or the handler."},
}
