package main

import (
	"fmt"
	"strconv"
)

// suites are what is run, in this order.
var suites = []suite{
	{"./comm", "^Benchmark(Ordered|Flood|SendWithAck|Handshake|IdleConnection|AfterAck|UntracedStep)$"},
	{"./internal/lab", "^BenchmarkRecording$"},
	{"./cmd/explore", "^Benchmark(FirstFrame|PlayingALesson)$"},
	{"./internal/tui", "^BenchmarkBurst$"},
}

// goal is what one metric of a benchmark is to reach. A goal for a benchmark without the name of a case is one for each of its cases.
type goal struct {
	row       string // what is measured, for the reader
	benchmark string
	unit      string // of the metric that is judged
	bound     bound
}

// goals are the rows of the table. A unit "ours/limit" is a ratio to what is possible without the layer, as comm/bench_test.go explains.
var goals = []goal{
	{"ordered messages, 100 B", "Ordered/100B", "ours/limit", atLeast(0.95)},
	{"ordered messages, 4 KiB", "Ordered/4KiB", "ours/limit", atLeast(0.95)},
	{"flood, 100 B", "Flood/100B", "ours/limit", atLeast(0.5)},
	{"flood, 4 KiB", "Flood/4KiB", "ours/limit", atLeast(0.5)},
	{"flood, out of order", "Flood", "out-of-order", atMost(0)},
	{"SendWithAck to 1 peer", "SendWithAck/to1", "ours/limit", atMost(1.8)},
	{"SendWithAck to 4 peers", "SendWithAck/to4", "ours/limit", atMost(1.6)},
	{"SendWithAck to 8 peers", "SendWithAck/to8", "ours/limit", atMost(1.8)},
	{"handshake", "Handshake", "ours/limit", atLeast(0.75)},
	{"idle connection, goroutines", "IdleConnection", "goroutines", atMost(15)},
	{"idle connection, heap", "IdleConnection", "ours/limit", atMost(1.1)},
	{"after an acknowledgement", "AfterAck", "subscriptions-left", atMost(0)},
	{"after an acknowledgement", "AfterAck", "timers-left", atMost(0)},
	{"a step without a tracer", "UntracedStep", "allocs-untraced", atMost(0)},
	{"recorded messages, 4 KiB", "Recording", "ours/limit", atLeast(0.9)},
	{"first frame", "FirstFrame", "ms-to-first-frame", atMost(150)},
	{"a lesson plays", "PlayingALesson", "%core-playing", atMost(20)},
	{"a lesson is paused", "PlayingALesson", "B-paused", atMost(0)},
	{"burst, peers", "Burst", "watched/alone", atMost(1.1)},
	{"burst, screen", "Burst", "ms-behind", atMost(200)},
	{"burst, missed unsaid", "Burst", "uncounted", atMost(0)},
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
