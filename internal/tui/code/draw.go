package code

import (
	"fmt"
	"slices"
	"strings"

	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// gutter is the cells to the left of the source: a mark, the number of the line, a space.
const gutter = 7

// Draw implements scene.Panel: the step and its place in the first row, the source, and in the last row what is to be said of it.
func (p *Panel) Draw(r canvas.Region, s *scene.Scene, _ bool) {
	if r.Width() == 0 || r.Height() == 0 {
		return
	}
	m, err := source()
	if err != nil {
		r.Paragraph(0, 0, r.Width(), s.Theme.Bad, s.Say(says.Unreadable, text.Printable(err.Error())))
		return
	}
	p.rows, p.wide = max(r.Height()-2, 0), max(r.Width()-gutter, 0)
	v := p.look(m, s)
	p.head(r, m, s, v)
	p.body(r.Sub(0, 1, r.Width(), p.rows), m, s, v)
	if r.Height() > 1 {
		r.Fit(0, r.Height()-1, r.Width(), s.Theme.Faint, p.remark(s, v))
	}
}

// head draws the first row: who is at which step, and in which function that is.
func (p *Panel) head(r canvas.Region, m *Map, s *scene.Scene, v view) {
	x := 0
	switch {
	case v.why == now:
		mark, style := statusMark(s, v.event)
		x = r.Text(x, 0, style, mark+" ")
		x = r.Text(x, 0, s.Theme.Strong, string(v.step))
		x = r.Text(x, 0, s.Theme.Text, "  "+who(v.event))
	case v.why == entry:
		x = r.Text(x, 0, s.Theme.Strong, v.site.Function)
		x = r.Text(x, 0, s.Theme.Text, "  "+text.Printable(v.event.Peer))
	case v.why == last:
		x = r.Text(x, 0, s.Theme.Faint, string(v.step)+"  "+who(v.event))
	case v.step != "":
		x = r.Text(x, 0, s.Theme.Strong, string(v.step))
	}
	where, function := fmt.Sprintf("%s:%d", v.file, v.site.Line), v.site.Function
	if v.browsed || len(v.places) == 0 {
		total := len(p.lines(m, v.file))
		where, function = fmt.Sprintf("%s  %s", v.file, s.Say(says.Lines, v.top, min(v.top+max(p.rows-1, 0), total), total)), ""
	}
	p.tail(r, s, x, where, function)
}

// tail writes where that is at the right end of the first row, as much of it as has room.
func (p *Panel) tail(r canvas.Region, s *scene.Scene, from int, where, function string) {
	room := r.Width() - from
	if from > 0 {
		room -= 2
	}
	if function != "" && canvas.Width(where)+2+canvas.Width(function) <= room {
		begin := r.Right(r.Width(), 0, s.Theme.Declared, function)
		r.Right(begin-2, 0, s.Theme.Text, where)
		return
	}
	where = canvas.Fit(where, room)
	r.Right(r.Width(), 0, s.Theme.Text, where)
}

func who(e *timeline.Event) string {
	return text.Printable(e.Peer) + " " + string(e.Step.Goroutine())
}

func statusMark(s *scene.Scene, e *timeline.Event) (string, canvas.Style) {
	switch narrate.StatusOf(e.Step) {
	case narrate.Ahead:
		return scene.AheadMark, s.Theme.Warn
	case narrate.Failing:
		return scene.FailedMark, s.Theme.Bad
	}
	return scene.WellMark, s.Theme.Good
}

// remark is the last row.
func (p *Panel) remark(s *scene.Scene, v view) string {
	switch {
	case v.browsed:
		return s.Say(says.Away, followKey)
	case v.why == before:
		return s.Say(says.Before)
	case v.index > 0:
		return s.Say(says.Caller, v.index+1, len(v.places), v.places[0].Function, followKey)
	case v.why == entry:
		return s.Say(says.Act, text.Printable(v.event.Peer), v.site.Function)
	case v.why == last:
		return s.Say(says.Last)
	case v.why == chosen:
		return s.Say(says.Chosen, followKey)
	}
	kind := says.Report
	if v.event.Step.Gate {
		kind = says.Gate
	}
	remark := s.Say(kind)
	if callers := len(v.places) - 1; callers > 0 {
		if s.Lang == text.English {
			remark += " "
		}
		remark += s.Say(says.Callers, callerKey, callers)
	}
	return remark
}

// body draws the lines.
func (p *Panel) body(r canvas.Region, m *Map, s *scene.Scene, v view) {
	lines := p.lines(m, v.file)
	held := heldAt(m, s, v.file)
	for y := range r.Height() {
		number := v.top + y
		if number > len(lines) {
			return
		}
		here := len(v.places) > 0 && v.file == v.site.File && v.site.Line <= number && number <= v.site.Last
		p.line(r, y, s, v, number, lines[number-1], here)
		if who := held[number]; len(who) > 0 {
			label := " " + heldLabel(s, who)
			r.Text(0, y, s.Theme.Warn, "‖")
			r.Right(r.Width(), y, s.Theme.Warn, canvas.Fit(label, r.Width()-gutter))
		}
	}
}

func (p *Panel) line(r canvas.Region, y int, s *scene.Scene, v view, number int, line Line, here bool) {
	numbers := s.Theme.Faint
	if here && v.why != last {
		numbers = s.Theme.Strong
	}
	r.Text(1, y, numbers, fmt.Sprintf("%4d", number))
	source := r.Sub(gutter, y, r.Width()-gutter, 1)
	x := -p.left
	for _, span := range line {
		x = source.Text(x, 0, span.Class.Style(s.Theme), span.Text)
	}
	if x > source.Width() {
		source.Text(source.Width()-1, 0, s.Theme.Faint, "…")
	}
	if !here {
		return
	}
	if number == v.site.Line {
		r.Text(0, y, numbers, "›")
	}
	if v.why != last {
		r.Restyle(0, y, r.Width(), 1, func(style canvas.Style) canvas.Style {
			style.Bold = true
			return style.On(s.Theme.Here.Background)
		})
	}
}

// heldAt returns who is held at the lines of a file.
func heldAt(m *Map, s *scene.Scene, file string) map[int][]string {
	at := make(map[int][]string)
	for _, h := range s.Held {
		for _, site := range m.Sites(h.Step) {
			if site.File == file {
				at[site.Line] = append(at[site.Line], text.Printable(h.Peer)+" "+string(h.Goroutine))
			}
		}
	}
	return at
}

func heldLabel(s *scene.Scene, who []string) string {
	slices.Sort(who)
	if len(who) > 2 {
		return s.Say(says.HeldMore, len(who), who[0])
	}
	return s.Say(says.Held, strings.Join(who, s.Say(says.And)))
}
