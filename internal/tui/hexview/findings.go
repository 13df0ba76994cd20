package hexview

import (
	"slices"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/wire"
)

// columns says where the columns of the table of findings begin.
type columns struct{ claim, stood, computed, means int }

// columnsFor makes the first column wide enough for what is in it.
func columnsFor(findings []wire.Finding, s *scene.Scene) columns {
	const mark, value, gap = 2, 17, 2
	widest := canvas.Width(s.Say(says.Findings)) - mark
	for _, f := range findings {
		widest = max(widest, canvas.Width(f.Claim.Title().In(s.Lang)))
	}
	stood := mark + widest + gap
	return columns{mark, stood, stood + value + gap, stood + 2*(value+gap)}
}

// drawTable draws the findings, one in a row: what was claimed, what stood there, what was computed, what it means.
func (p *Panel) drawTable(r canvas.Region, s *scene.Scene, v view) {
	at := columnsFor(p.findings, s)
	r.Horizontal(0, 0, r.Width(), s.Theme.Border)
	r.Text(0, 0, s.Theme.Faint, s.Say(says.Findings)+" ")
	r.Text(at.stood-1, 0, s.Theme.Faint, " "+s.Say(says.Stood)+" ")
	r.Text(at.computed-1, 0, s.Theme.Faint, " "+s.Say(says.Computed)+" ")
	r.Text(at.means-1, 0, s.Theme.Faint, " "+s.Say(says.Explains)+" ")
	p.drawn.marks = nil
	for i, f := range p.findings {
		y := i + 1
		p.drawn.marks = append(p.drawn.marks, rect{0, p.drawn.findings.y + y, r.Width(), 1})
		mark, style := VerdictMark(s.Theme, f.Verdict)
		r.Text(0, y, style, mark)
		r.Text(at.claim, y, s.Theme.Strong, f.Claim.Title().In(s.Lang))
		r.Text(at.stood, y, s.Theme.Literal, brief(f.Stood.Value))
		r.Text(at.computed, y, s.Theme.Literal, brief(f.Computed.Value))
		r.Fit(at.means, y, r.Width()-at.means, s.Theme.Text, f.Text.In(s.Lang))
		if i+1 == v.finding {
			chosen(r, s, 0, y, r.Width())
		}
	}
}

// brief abbreviates a value to what a person compares at a glance: its beginning and its end.
func brief(value string) string {
	const whole, begin, end = 17, 8, 8
	value = text.Printable(value)
	letters := []rune(value)
	if canvas.Width(value) <= whole || len(letters) < begin+end {
		return value
	}
	return string(letters[:begin]) + "…" + string(letters[len(letters)-end:])
}

// drawMarks draws the findings in one line: a mark and what was claimed. If not all have room, what is wrong comes first.
func (p *Panel) drawMarks(r canvas.Region, s *scene.Scene, v view) {
	order := make([]int, len(p.findings))
	gap, width := 2, -2
	for i, f := range p.findings {
		order[i] = i
		width += 1 + canvas.Width(f.Claim.Title().In(s.Lang)) + gap
	}
	if width > r.Width() {
		gap = 1
		slices.SortStableFunc(order, func(a, b int) int { return urgency(p.findings[b]) - urgency(p.findings[a]) })
	}
	p.drawn.marks = make([]rect, len(p.findings))
	x := 0
	for _, i := range order {
		mark, style := VerdictMark(s.Theme, p.findings[i].Verdict)
		title := p.findings[i].Claim.Title().In(s.Lang)
		end := x + 1 + canvas.Width(title)
		if end > r.Width() {
			r.Text(x, 0, s.Theme.Faint, "…")
			return
		}
		r.Text(r.Text(x, 0, style, mark), 0, s.Theme.Text, title)
		p.drawn.marks[i] = rect{x, p.drawn.findings.y, end - x, 1}
		if i+1 == v.finding {
			chosen(r, s, x, 0, end-x)
		}
		x = end + gap
	}
}

// urgency puts what is wrong before what is open, and that before what is right; that it can be read, the tree shows.
func urgency(f wire.Finding) int {
	switch {
	case f.Verdict == wire.Wrong:
		return 3
	case f.Verdict == wire.CannotTell:
		return 2
	case f.Claim != wire.ReadableClaim:
		return 1
	}
	return 0
}

// chosen shows which finding is explained.
func chosen(r canvas.Region, s *scene.Scene, x, y, width int) {
	r.Restyle(x, y, width, 1, func(canvas.Style) canvas.Style { return s.Theme.Select })
}
