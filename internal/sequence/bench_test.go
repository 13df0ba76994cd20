package sequence

import (
	"errors"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

// flood is a session of two peers with so many events, nearly all of them of messages.
func flood(events int) []timeline.Event {
	s, a, b := established()
	for number := uint64(2); len(s.events) < events; number++ {
		m := data(number, "payload")
		s.send("A", a, number, m)
		s.receive("B", b, number, m)
	}
	return s.events
}

func BenchmarkAppend100000(b *testing.B) {
	events := flood(100_000)
	b.ReportAllocs()
	for b.Loop() {
		diagramOf(events)
	}
}

// Most of what one peer sends as fast as it can does not fit into the queue.
func BenchmarkAppend100000Drops(b *testing.B) {
	s, a, _ := established()
	for number := uint64(2); number < 300; number++ {
		s.send("A", a, number, data(number, "payload"))
	}
	full := errors.New("the send queue is full")
	for len(s.events) < 100_000 {
		s.tell("A", a, trace.ConnDrop, trace.Event{Envelope: data(0, "payload"), Queue: outBuff(20), Err: full})
	}
	b.ReportAllocs()
	for b.Loop() {
		diagramOf(s.events)
	}
}

func BenchmarkViewOf100000(b *testing.B) {
	d := diagramOf(flood(100_000))
	b.ReportAllocs()
	for b.Loop() {
		d.View(Filter{Detail: Notable}).Now()
	}
}

// A frame of the explorer asks for as many rows as a terminal has.
func BenchmarkFrameOf60Rows(b *testing.B) {
	d := diagramOf(flood(100_000))
	v := d.View(Filter{})
	n := uint64(50_000)
	b.ReportAllocs()
	for b.Loop() {
		p := v.At(n)
		n++
		for i := range 60 {
			p.Row(p.Len() - 60 + i)
		}
	}
}
