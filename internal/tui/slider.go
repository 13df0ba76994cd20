package tui

import (
	"sort"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// The slider shows the whole of what is known, with marks where a handshake succeeded, a message was dropped, or something failed.

// markKind is what a mark tells; of several in one cell the highest is shown.
type markKind int

const (
	handshakeMark markKind = iota + 1
	dropMark
	errorMark
)

// sliderMark is an event that is worth a mark.
type sliderMark struct {
	number uint64
	kind   markKind
}

// markOf returns the mark of an event, and whether it has one.
func markOf(e *timeline.Event) (sliderMark, bool) {
	switch {
	case e.Kind == timeline.KindPromise && e.Promise != nil && !e.Promise.Kept:
		return sliderMark{e.N, errorMark}, true
	case e.Step == nil:
		return sliderMark{}, false
	case e.Step.Step == trace.ConnDrop:
		return sliderMark{e.N, dropMark}, true
	case narrate.StatusOf(e.Step) == narrate.Failing:
		return sliderMark{e.N, errorMark}, true
	case e.Step.Step == trace.StoreStored:
		return sliderMark{e.N, handshakeMark}, true
	}
	return sliderMark{}, false
}

// forgetMarks drops the marks of events that are forgotten.
func (w *watch) forgetMarks() {
	first := w.history.Events()[0].N
	n := sort.Search(len(w.marks), func(i int) bool { return w.marks[i].number >= first })
	w.marks = append([]sliderMark(nil), w.marks[n:]...)
}

// drawSlider draws the slider into one row: behind the knob lies the past, before it what is known already of the future.
func (w *watch) drawSlider(r canvas.Region, s *scene.Scene) {
	width := r.Width() - 2
	if width < 3 {
		return
	}
	total := w.history.Len()
	cellOf := func(n int) int {
		if total <= 1 {
			return width - 1
		}
		return (n - 1) * (width - 1) / (total - 1)
	}
	t := s.Theme
	knob := 0
	if s.At > 0 {
		knob = cellOf(s.At)
	}
	r.Repeat(1, 0, knob, t.Accent, "━")
	r.Repeat(1+knob, 0, width-knob, t.Border, "─")
	for cell, kind := range w.markedCells(width, cellOf) {
		shape, style := scene.HandshakeMark, t.Handshake
		switch kind {
		case dropMark:
			shape, style = scene.DropMark, t.Warn
		case errorMark:
			shape, style = scene.FailedMark, t.Bad
		}
		if kind != 0 {
			r.Text(1+cell, 0, style, shape)
		}
	}
	r.Text(1+knob, 0, t.Select, scene.WellMark)
}

// markedCells returns the most important mark of every cell.
func (w *watch) markedCells(width int, cellOf func(int) int) []markKind {
	cells := make([]markKind, width)
	for _, m := range w.marks {
		if cell := cellOf(w.player.Find(m.number)); cell >= 0 && cell < width {
			cells[cell] = max(cells[cell], m.kind)
		}
	}
	return cells
}

// momentAt returns which moment belongs to a cell of the slider.
func (w *watch) momentAt(cell, width int) int {
	width -= 2
	if width < 2 {
		return 0
	}
	cell = min(max(cell-1, 0), width-1)
	total := w.history.Len()
	return (cell*(total-1)+(width-1)/2)/(width-1) + min(total, 1)
}
