package main

import (
	"fmt"
	"strconv"

	"gossipscope/internal/text"
)

// suites are what is run, in this order.
var suites = []suite{
	{"./comm", "^Benchmark(Ordered|Flood|SendWithAck|Handshake|IdleConnection|AfterAck|UntracedStep)$"},
	{"./internal/lab", "^BenchmarkRecording$"},
	{"./cmd/explore", "^Benchmark(FirstFrame|PlayingALesson)$"},
	{"./internal/tui", "^BenchmarkBurst$"},
	{"./walkthroughs", "^BenchmarkWalkthroughs$"},
	{"./comm", "^BenchmarkGrowth$"}, // which has no goals: growth.go shows what it measures
}

// goal is what one metric of a benchmark is to reach. A goal for a benchmark without the name of a case is one for each of its cases.
type goal struct {
	row       text.Text // what is measured, for the reader
	benchmark string
	unit      string // of the metric that is judged
	bound     bound
}

// goals are the rows of the table. A unit "ours/limit" is a ratio to what is possible without the layer, as comm/bench_test.go explains.
var goals = []goal{
	{text.Text{Zh: "有序的消息，100 B", En: "ordered messages, 100 B"}, "Ordered/100B", "ours/limit", atLeast(0.95)},
	{text.Text{Zh: "有序的消息，4 KiB", En: "ordered messages, 4 KiB"}, "Ordered/4KiB", "ours/limit", atLeast(0.95)},
	{text.Text{Zh: "洪水，100 B", En: "flood, 100 B"}, "Flood/100B", "ours/limit", atLeast(0.5)},
	{text.Text{Zh: "洪水，4 KiB", En: "flood, 4 KiB"}, "Flood/4KiB", "ours/limit", atLeast(0.5)},
	{text.Text{Zh: "洪水，次序乱了的", En: "flood, out of order"}, "Flood", "out-of-order", atMost(0)},
	{text.Text{Zh: "`SendWithAck` 给 1 个节点", En: "SendWithAck to 1 peer"}, "SendWithAck/to1", "ours/limit", atMost(1.8)},
	{text.Text{Zh: "`SendWithAck` 给 4 个节点", En: "SendWithAck to 4 peers"}, "SendWithAck/to4", "ours/limit", atMost(1.6)},
	{text.Text{Zh: "`SendWithAck` 给 8 个节点", En: "SendWithAck to 8 peers"}, "SendWithAck/to8", "ours/limit", atMost(1.8)},
	{text.Text{Zh: "握手，见过面的", En: "handshake of two that have met"}, "Handshake/known", "ours/limit", atLeast(0.75)},
	{text.Text{Zh: "空闲连接，goroutine", En: "idle connection, goroutines"}, "IdleConnection", "goroutines", atMost(15)},
	{text.Text{Zh: "空闲连接，堆", En: "idle connection, heap"}, "IdleConnection", "ours/limit", atMost(1.1)},
	{text.Text{Zh: "ack 之后，剩下的订阅", En: "subscriptions after an acknowledgement"}, "AfterAck", "subscriptions-left", atMost(0)},
	{text.Text{Zh: "ack 之后，剩下的定时器", En: "timers after an acknowledgement"}, "AfterAck", "timers-left", atMost(0)},
	{text.Text{Zh: "没有 tracer 的一步", En: "a step without a tracer"}, "UntracedStep", "allocs-untraced", atMost(0)},
	{text.Text{Zh: "录着像的消息，4 KiB", En: "recorded messages, 4 KiB"}, "Recording", "ours/limit", atLeast(0.9)},
	{text.Text{Zh: "九课全部走完", En: "all walkthroughs"}, "Walkthroughs/lessons", "s", atMost(2)},
	{text.Text{Zh: "第一帧", En: "first frame"}, "FirstFrame", "ms-to-first-frame", atMost(150)},
	{text.Text{Zh: "放一课", En: "a lesson plays"}, "PlayingALesson", "%core-playing", atMost(20)},
	{text.Text{Zh: "暂停着", En: "a lesson is paused"}, "PlayingALesson", "B-paused", atMost(0)},
	{text.Text{Zh: "事件洪峰，节点", En: "burst, peers"}, "Burst", "watched/alone", atMost(1.1)},
	{text.Text{Zh: "事件洪峰，屏幕", En: "burst, screen"}, "Burst", "ms-behind", atMost(200)},
	{text.Text{Zh: "事件洪峰，漏了没说的", En: "burst, missed unsaid"}, "Burst", "uncounted", atMost(0)},
}

// bound is a value that is to be reached from above or from below.
type bound struct {
	value float64
	least bool
}

func atLeast(value float64) bound { return bound{value: value, least: true} }
func atMost(value float64) bound  { return bound{value: value} }

// met reports whether a value reaches the bound.
func (b bound) met(value float64) bool {
	if b.least {
		return value >= b.value
	}
	return value <= b.value
}

// String returns the bound as it stands in the table.
func (b bound) String() string {
	sign := "≤"
	if b.least {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s", sign, strconv.FormatFloat(b.value, 'f', -1, 64))
}
