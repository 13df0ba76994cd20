package spacetime

// What is written into the diagram besides the labels of arrows: marks on the lanes, and beside each what happened there. Words give way
// to wires: what finds no free cells is cut short or left out. Where there is room beside the lanes, it is said there in full.

import (
	"gossipscope/internal/narrate"
	"gossipscope/internal/sequence"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// The marks of lanes, where no mark of a message stands.
const (
	doneMark = "•" // it happened: smaller than the mark of a data message
	bornMark = "┬"
	goneMark = "┴"
	actMark  = "▸"
	linkDots = "┄"
)

// fewestLetters of the name of a step are worth writing.
const fewestLetters = 7

// done is the mark of what has happened. In ASCII it must not look like a data message.
func (f *frame) done() string {
	if f.r.ASCII() {
		return "·"
	}
	return doneMark
}

// styleOf is how something is written on a line: what is still to come is faint.
func (f *frame) styleOf(l line, style canvas.Style) canvas.Style {
	if l.future {
		return f.s.Theme.Faint
	}
	return style
}

// points draws what stands on the lanes in a line.
func (f *frame) points(y int) {
	l := f.lines[y]
	switch {
	case l.divider || l.What == sequence.Quiet:
	case l.second:
		if lane := l.Departs.From.Lane; lane >= 0 {
			strokes := up | down | right
			if f.isLeftward(l.Departs) {
				strokes = up | down | left
			}
			f.grid.stroke(f.x(lane), y, strokes, false, f.styleOf(l, f.s.Theme.Text))
		}
	default:
		f.point(y, &l.Telling)
		if l.Then != nil {
			f.point(y, l.Then)
		}
		if l.What == timeline.KindLink {
			f.link(y)
		}
	}
}

func (f *frame) isLeftward(a *sequence.Arrow) bool {
	w := &wire{Arrow: a}
	f.place(w)
	return w.step < 0
}

// point draws the mark of one event on its lane.
func (f *frame) point(y int, t *sequence.Telling) {
	if t.Lane < 0 {
		return
	}
	l, th := f.lines[y], f.s.Theme
	mark, style := f.done(), th.Text
	switch {
	case l.What == timeline.KindLink:
		return
	case l.What == timeline.KindAct:
		mark, style = actMark, th.Strong
	case l.What == timeline.KindBirth:
		mark = bornMark
	case l.What == timeline.KindDeath && t.Status != narrate.Failing:
		mark = goneMark
	case t.Status == narrate.Failing:
		mark, style = scene.FailedMark, th.Bad
	case t.Status == narrate.Ahead:
		mark = scene.AheadMark
	}
	if style = f.styleOf(l, style); f.p.chosen != 0 && l.Message == f.p.chosen {
		style = style.Reversed()
	}
	f.grid.mark(f.x(t.Lane), y, mark, style)
}

// link draws what happens to a line, between the two lanes that it joins.
func (f *frame) link(y int) {
	l, th := f.lines[y], f.s.Theme
	if l.Lane < 0 || l.Far < 0 {
		return
	}
	from, to := f.x(min(l.Lane, l.Far))+1, f.x(max(l.Lane, l.Far))-1
	style := f.styleOf(l, th.Faint)
	words := " " + f.linkWords(l) + " "
	if l.Status == narrate.Failing {
		style, words = f.styleOf(l, th.Bad), " "+scene.DropMark+words
	}
	if room := to - from + 1; canvas.Width(words) > room {
		words = canvas.Fit(words[1:], max(room, 0))
	}
	width := canvas.Width(words)
	for i := range to - from + 2 - width { // in the middle, or as near to it as wires let it
		x := (from+to+1-width)/2 + (i+1)/2*(1-i%2*2)
		if x >= from && x+width-1 <= to && f.grid.isFree(x, y, width) {
			f.grid.write(x, y, style, words)
			break
		}
	}
	for x := from; x <= to; x++ {
		if f.grid.isFree(x, y, 1) {
			f.grid.mark(x, y, linkDots, style)
		}
	}
}

// linkWords says what happened to a line, in as few words as possible.
func (f *frame) linkWords(l line) string {
	change := ""
	if e := event(f.s, l.Events[0]); e != nil && e.Link != nil {
		change = f.s.Say(says.links[e.Link.Change])
	}
	if words := l.Conn + " " + change; canvas.Width(words)+4 <= f.pitch {
		return words
	}
	return change
}

// words writes beside each mark what happened there.
func (f *frame) words(y int) {
	l, th := f.lines[y], f.s.Theme
	switch {
	case l.divider, l.second, f.across(l), l.What == timeline.KindLink && l.Lane >= 0 && l.Far >= 0:
	case l.What == sequence.Quiet:
		f.quiet(y)
	case l.Step != "":
		if l.Then != nil {
			f.name(y, l.Then)
		}
		f.name(y, &l.Telling)
	case f.wordsWidth == 0:
		f.alongside(y, max(l.Lane, l.Far), f.styleOf(l, th.Text), f.sentence(&l.Telling))
	}
}

// name writes the name of a step beside its mark: to the right if it fits there, else to the left, else the beginning of it where there
// is more room.
func (f *frame) name(y int, t *sequence.Telling) {
	if t.Lane < 0 {
		return
	}
	l, th := f.lines[y], f.s.Theme
	style := th.Text
	switch t.Status {
	case narrate.Failing:
		style = th.Bad
	case narrate.Ahead:
		style = th.Faint
	}
	style = f.styleOf(l, style)
	x, words := f.x(t.Lane), string(t.Step)
	width := canvas.Width(words)
	toRight, toLeft := f.grid.freeFrom(x+1, y, 1), f.grid.freeFrom(x-1, y, -1)
	switch {
	case toRight > width+1:
		f.grid.write(x+2, y, style, words+" ")
	case toRight > width:
		f.grid.write(x+2, y, style, words)
	case toLeft > width+1:
		f.grid.write(x-2-width, y, style, " "+words)
	case toLeft > width:
		f.grid.write(x-1-width, y, style, words)
	case max(toLeft, toRight) <= fewestLetters:
	case toRight >= toLeft:
		f.grid.write(x+2, y, style, canvas.Fit(words, toRight-1))
	default:
		words = canvas.Fit(words, toLeft-1)
		f.grid.write(x-1-canvas.Width(words), y, style, words)
	}
}

// alongside writes a sentence to the right of a lane, or to the left if there is more room, as far as it fits.
func (f *frame) alongside(y, lane int, style canvas.Style, words string) {
	x := f.x(lane)
	width := canvas.Width(words)
	if toRight, toLeft := f.right-x-3, x-f.left-2; width > toRight && toLeft > toRight {
		words = canvas.Fit(words, toLeft)
		f.grid.write(x-1-canvas.Width(words), y, style, words)
	} else {
		f.grid.write(x+2, y, style, canvas.Fit(words, toRight))
	}
}

// quiet says how long nothing is shown.
func (f *frame) quiet(y int) {
	l := f.lines[y]
	words := canvas.Fit(f.s.Say(l.Text), f.right-f.left)
	f.grid.write(f.left+(f.right-f.left-canvas.Width(words))/2, y, f.s.Theme.Faint, words)
}

// sentence is what an event tells, in one line.
func (f *frame) sentence(t *sequence.Telling) string {
	words := f.s.Say(t.Text)
	if facts := f.s.Say(t.Facts); facts != "" {
		words = f.s.Say(says.facts, words, facts)
	}
	if why := f.s.Say(t.Why); why != "" {
		words = f.s.Say(says.why, words, why)
	}
	return words
}

// lastOf returns what the last event of a row tells.
func lastOf(r *sequence.Row) *sequence.Telling {
	if r.Then != nil {
		return r.Then
	}
	return &r.Telling
}

// beside draws what stands around the diagram in a line: the mark of the row, the clock, the words, and whatever goes across.
func (f *frame) beside(r canvas.Region, y int) {
	l, th := f.lines[y], f.s.Theme
	if l.divider {
		f.divide(r, y)
		return
	}
	if f.across(l) {
		f.session(r, y)
	}
	if f.clock > 0 && !l.second && (y == 0 || f.moment(y) != f.moment(y-1)) {
		r.Right(f.clock, y, th.Faint, f.moment(y))
	}
	if f.wordsWidth > 0 && !l.second && !f.across(l) && l.What != sequence.Quiet {
		t := lastOf(l.Row)
		style := th.Text
		switch {
		case t.Status == narrate.Failing:
			style = th.Bad
		case l.What == timeline.KindStep && t.Status == narrate.Ahead:
			style = th.Faint
		}
		r.Fit(f.wordsAt, y, f.wordsWidth, f.styleOf(l, style), f.sentence(t))
	}
	f.mark(r, y)
}

// moment is the lab's clock on a line; "" where it would say nothing.
func (f *frame) moment(y int) string {
	l := f.lines[y]
	if l.divider || l.What == sequence.Quiet {
		return ""
	}
	return terms.Moment(l.At)
}

// mark shows where the event stands that is shown, and where the cursor.
func (f *frame) mark(r canvas.Region, y int) {
	l, th := f.lines[y], f.s.Theme
	if l.row == f.p.here && !l.future {
		if f.p.exact {
			r.Restyle(0, y, r.Width(), 1, func(st canvas.Style) canvas.Style { return st.On(th.Here.Background) })
		}
		if !l.second {
			r.Text(0, y, th.Here, "›")
		}
	}
	if f.p.away && l.row == f.p.cursorRow() {
		if f.focused {
			r.Restyle(0, y, r.Width(), 1, func(canvas.Style) canvas.Style { return th.Select })
		}
		if l.row != f.p.here || l.future {
			r.Text(0, y, th.Select, "▸")
		}
	}
}

// divide draws the line between what has happened and what is known to come.
func (f *frame) divide(r canvas.Region, y int) {
	th := f.s.Theme
	for x := range r.Width() {
		if f.grid.isFree(x, y, 1) || x < f.left || x >= f.right {
			r.Text(x, y, th.Border, "╌") // what is on its way crosses the line
		}
	}
	words := f.s.Say(says.later)
	r.Fit(f.left, y, r.Width()-f.left, th.Faint, " "+words+" ")
}

// session writes what is the session's own across all lanes.
func (f *frame) session(r canvas.Region, y int) {
	l, th := f.lines[y], f.s.Theme
	width := r.Width() - f.left
	switch l.What {
	case timeline.KindTitle:
		x := r.Fit(f.left, y, width, f.styleOf(l, th.Strong), "━━ "+f.sentence(&l.Telling)+" ")
		r.Repeat(x, y, r.Width()-x, f.styleOf(l, th.Border), "━")
	case timeline.KindPromise:
		mark, style := scene.KeptMark, th.Good
		if l.Status == narrate.Failing {
			mark, style = scene.FailedMark, th.Bad
		}
		r.Text(f.left, y, f.styleOf(l, style), mark)
		r.Fit(f.left+2, y, width-2, f.styleOf(l, style), f.sentence(&l.Telling))
	case timeline.KindGap:
		r.Fit(f.left, y, width, th.Warn, "⋯ "+f.sentence(&l.Telling))
	default:
		r.Fit(f.left, y, width, th.Faint, "» "+f.sentence(&l.Telling))
	}
}
