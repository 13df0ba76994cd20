package note

import (
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/notes"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/code"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

// widest is how long the lines of a text may become: longer ones are hard to read.
const widest = 100

// Draw implements scene.Panel: what is read in the first row, the page, and in the last row where one is.
func (p *Panel) Draw(r canvas.Region, s *scene.Scene, _ bool) {
	if r.Width() == 0 || r.Height() == 0 {
		return
	}
	if !p.read() {
		r.Paragraph(0, 0, r.Width(), s.Theme.Bad, s.Say(says.Unreadable, text.Printable(p.err.Error())))
		return
	}
	at := p.place(s)
	section, written := p.section(at)
	p.lay(at, section, written, s, min(r.Width(), widest))
	p.shown = max(r.Height()-2, 0)
	p.head(r, at, section, written, s)
	top := p.within(at.top)
	if p.away {
		p.here.top = top
	}
	body := r.Sub(0, 1, r.Width(), p.shown)
	for y := range min(body.Height(), len(p.page.rows)-top) {
		x := 0
		for _, part := range p.page.rows[top+y] {
			style := part.style
			if part.link > 0 && part.link == p.link {
				style = style.Reversed()
			}
			x = body.Text(x, y, style, part.text)
		}
	}
	if r.Height() > 1 {
		p.foot(r, top, s)
	}
}

// head draws the first row: the step or the title, and the file.
func (p *Panel) head(r canvas.Region, at place, section notes.Section, written bool, s *scene.Scene) {
	title := string(at.step)
	if at.step == "" {
		title = section.Title
	}
	file := section.File
	if !written {
		file = ""
	}
	left := r.Width() - canvas.Width(file) - 2
	if left < canvas.Width(title) {
		left, file = r.Width(), ""
	}
	x := r.Fit(0, 0, left, s.Theme.Strong, text.Printable(title))
	if at.step != "" && written {
		r.Fit(x+2, 0, left-x-2, s.Theme.Text, text.Printable(section.Title))
	}
	r.Right(r.Width(), 0, s.Theme.Faint, file)
}

// foot draws the last row.
func (p *Panel) foot(r canvas.Region, top int, s *scene.Scene) {
	y, end := r.Height()-1, r.Width()
	if total := len(p.page.rows); total > p.shown {
		end = r.Right(end, y, s.Theme.Faint, s.Say(says.Rows, top+1, min(top+p.shown, total), total)) - 2
	}
	word := p.word
	switch {
	case word != "":
	case p.link > 0 && p.link <= len(p.page.links):
		target := p.page.links[p.link-1]
		if word = s.Say(says.Elsewhere, text.Printable(target)); p.opens(target, s) {
			word = s.Say(says.Open, text.Printable(target))
		}
	case p.away:
		word = s.Say(says.Away, followKey)
	}
	r.Fit(0, y, end, s.Theme.Faint, word)
}

// lay lays the page out, if it is not the one that lies there already.
func (p *Panel) lay(at place, section notes.Section, written bool, s *scene.Scene, width int) {
	event := eventOf(s, at.step)
	k := key{place: at, width: width, lang: s.Lang, theme: s.Theme}
	k.top = 0
	if event != nil {
		k.event = event.N
	}
	if k == p.laid && p.page.rows != nil {
		return
	}
	l := &layout{width: width, theme: s.Theme}
	switch {
	case at == place{}:
		l.flow(row{{text: s.Say(says.Before), style: s.Theme.Text}})
	case written:
		if s.Lang != text.Chinese {
			l.caption(at.step, event, s)
			l.gap()
			l.flow(row{{text: s.Say(says.InChinese), style: s.Theme.Faint}})
			l.gap()
		}
		l.markdown(section.Body)
	default:
		l.known(at.step, event, s)
	}
	p.laid, p.page = k, l.page
	p.link = min(p.link, len(p.page.links))
}

// caption adds what the program says of a step wherever it shows it.
func (l *layout) caption(step trace.Step, event *timeline.Event, s *scene.Scene) {
	if step == "" {
		return
	}
	info, _ := trace.Lookup(step)
	bare := &trace.Event{Step: step, Gate: info.Gate}
	if event != nil {
		bare = event.Step
	}
	if caption, known := narrate.CaptionOf(bare); known {
		l.flow(row{{text: caption.In(s.Lang), style: s.Theme.Strong}})
	}
}

// known adds what is known of a step without a note.
func (l *layout) known(step trace.Step, event *timeline.Event, s *scene.Scene) {
	info, known := trace.Lookup(step)
	if !known {
		l.flow(row{{text: s.Say(says.UnknownStep, text.Printable(string(step))), style: s.Theme.Text}})
		return
	}
	l.caption(step, event, s)
	l.gap()
	if site, found := code.SiteOf(step); found {
		l.fact(s, says.Where, s.Say(says.Function, site.File, site.Line, site.Function))
	}
	l.fact(s, says.Who, s.Say(parts[info.Goroutine]))
	kind := says.Report
	if info.Gate {
		kind = says.Gate
	}
	l.fact(s, says.What, s.Say(kind))
	l.fact(s, says.Lessons, lessonsAbout(step, s))
	l.gap()
	l.flow(row{{text: s.Say(says.Unwritten, notes.FileOf(step)), style: s.Theme.Faint}})
}

// fact adds a name and what there is to say under it.
func (l *layout) fact(s *scene.Scene, name text.Text, said string) {
	const column = 8
	mark := text.Pad(s.Say(name), column)
	l.within(row{{text: mark, style: s.Theme.Accent}}, row{{text: strings.Repeat(" ", column)}}, func() {
		l.flow(row{{text: said, style: s.Theme.Text}})
	})
}

// lessonsAbout names the lessons that explain a step.
func lessonsAbout(step trace.Step, s *scene.Scene) string {
	var list []string
	for _, lesson := range walkthroughs.All() {
		for _, about := range lesson.About {
			if about == step {
				list = append(list, s.Say(says.Lesson, lesson.Number, lesson.Title.In(s.Lang)))
			}
		}
	}
	if len(list) == 0 {
		return s.Say(says.NoLesson)
	}
	return strings.Join(list, s.Say(says.And))
}
