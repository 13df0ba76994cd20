package spacetime

// What is written on arrows.

import (
	"fmt"

	"gossipscope/internal/sequence"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// look returns the mark of a kind of message and its style; "" for what travels without being a message.
func (f *frame) look(k sequence.Kind) (string, canvas.Style) {
	switch k {
	case sequence.Ping:
		return scene.PingMark, f.s.Theme.Ping
	case sequence.Handshake, sequence.Data, sequence.Ack, sequence.Unreadable:
		return f.s.Theme.Mark(timeline.MessageKind(k))
	}
	return "", f.s.Theme.Text
}

// labelOf returns what stands on an arrow, in full, and only its mark with its number.
func (f *frame) labelOf(w *wire) (words, mark string) {
	mark, _ = f.look(w.Kind)
	words = f.s.Say(w.Label)
	if mark == "" {
		return words, ""
	}
	if w.Number != 0 {
		mark += fmt.Sprint(w.Number)
	}
	return mark + " " + words, mark
}

// label writes on an arrow what it is: the mark of its kind with its number, and what it says if there is room.
func (f *frame) label(w *wire) {
	_, style := f.look(w.Kind)
	if w.later {
		style = f.s.Theme.Faint
	}
	style = f.marked(w, style)
	words, mark := f.labelOf(w)
	begin, y := w.from, w.leaves
	switch {
	case w.From.Lane < 0:
		begin, y = w.to-w.step*(f.reach(w)+1), w.arrives
	case w.leaves == nowhere:
		y = w.arrives
	case y < 0:
		begin, y = f.turn(w), w.arrives
	}
	if y < 0 || y >= len(f.lines) {
		return
	}
	f.engrave(begin, y, w.step, style, mark, words)
	if w.arrives >= 0 && w.arrives < len(f.lines) && w.arrives != y {
		if f.lines[w.arrives].future {
			style = f.marked(w, f.s.Theme.Faint)
		}
		f.engrave(f.turn(w), w.arrives, w.step, style, mark, mark)
	}
}

// engrave writes on a shaft, near its beginning, what there is room for: the words, or their beginning, or the mark.
func (f *frame) engrave(begin, y, step int, style canvas.Style, mark, words string) {
	put := func(gap int, s string) bool {
		width := canvas.Width(s)
		x := begin + gap
		if step < 0 {
			x = begin - gap - width + 1
		}
		if width == 0 || !f.grid.isShaft(x, y, width) {
			return false
		}
		f.grid.write(x, y, style, s)
		return true
	}
	if put(2, words) || put(1, words) {
		return
	}
	room := 0
	for f.grid.isShaft(begin+step*(room+1), y, 1) {
		room++
	}
	if least := canvas.Width(mark) + fewestLetters; room > least && put(2, canvas.Fit(words, room-2)) {
		return
	}
	for gap := 2; gap < 12; gap++ { // beyond a wire that crosses
		if put(gap, mark) || gap == 2 && put(1, mark) {
			return
		}
	}
}

// marked is how the mark and the label of a wire are drawn: those of the message that is selected, reversed.
func (f *frame) marked(w *wire, style canvas.Style) canvas.Style {
	if f.p.chosen != 0 && w.Message == f.p.chosen {
		return style.Reversed()
	}
	return style
}
