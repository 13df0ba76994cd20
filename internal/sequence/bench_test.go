package sequence

import (
	"testing"

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
