// Package note is the view of the notes: it stands at the section that explains the step that is shown, and links lead from there to
// others. Where a note is not written yet, it says what the program itself knows of the step.
package note

import (
	"path"
	"slices"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/notes"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/code"
	"gossipscope/internal/tui/scene"
)

// The panel's own commands, and the keys that its sentences name.
const (
	nextLink scene.Command = "note.next-link"
	lastLink scene.Command = "note.last-link"
	back     scene.Command = "note.back"
	follow   scene.Command = "note.follow"
	contents scene.Command = "note.contents"

	followKey = "g"
	readme    = "README.md"
)

// Panel shows a section of the notes. It follows the event that is shown until the reader scrolls, follows a link, or chooses a step.
type Panel struct {
	notes   func() (*notes.Library, error)
	library *notes.Library // once somebody wants to see a note
	err     error

	away  bool  // the reader has gone his own way, to here
	here  place // counts if away
	trail []visit
	link  int    // the link under the cursor, from 1; 0 for none
	word  string // what came of the last command

	laid  key // what page is a page of
	page  page
	shown int // rows of the page that were drawn last
}

// place is what is read: the section of a step, or a section by its anchor.
type place struct {
	step   trace.Step
	file   string
	anchor string
	top    int // its first row on the screen
}

// visit is a place to go back to, and whether it was one of the reader's own.
type visit struct {
	place
	away bool
}

// key is what a page depends on.
type key struct {
	place
	event uint64 // only the caption depends on it
	width int
	lang  text.Lang
	theme *scene.Theme
}

// Of returns the panel of the notes that read returns, which is called when they are shown for the first time.
func Of(read func() (*notes.Library, error)) *Panel { return &Panel{notes: read} }

// Show has the panel show the section about a step, whatever happens meanwhile, until the reader wants to follow again.
func (p *Panel) Show(step trace.Step) {
	if p.away && p.here.step == step {
		return // a link has led there already
	}
	p.goTo(place{step: step})
}

// goTo leaves for a place from which back leads here.
func (p *Panel) goTo(to place) {
	const longest = 64
	p.trail = append(p.trail, visit{p.here, p.away})
	p.trail = p.trail[max(len(p.trail)-longest, 0):]
	p.away, p.here, p.link, p.word = true, to, 0, ""
}

// Offers implements scene.Panel.
func (p *Panel) Offers() []scene.Offer {
	return []scene.Offer{
		{Command: nextLink, Key: "]", Says: says.NextLink},
		{Command: lastLink, Key: "[", Says: says.LastLink},
		{Command: back, Key: "z", Says: says.Back},
		{Command: follow, Key: followKey, Says: says.Follow},
		{Command: contents, Key: "o", Says: says.Contents},
	}
}

// Do implements scene.Panel.
func (p *Panel) Do(c scene.Command, s *scene.Scene) scene.Outcome {
	p.word = ""
	p.layAgain(s)
	switch c {
	case scene.Up:
		p.scroll(s, -1)
	case scene.Down:
		p.scroll(s, 1)
	case scene.PageUp:
		p.scroll(s, -max(p.shown-2, 1))
	case scene.PageDown:
		p.scroll(s, max(p.shown-2, 1))
	case nextLink:
		p.turnTo(s, p.link+1)
	case lastLink:
		p.turnTo(s, p.link-1)
	case scene.Choose:
		return p.open(s)
	case contents:
		p.goTo(place{file: readme})
	case back:
		p.goBack()
	case follow:
		p.away, p.here, p.link, p.trail = false, place{}, 0, nil
	default:
		return scene.Outcome{}
	}
	return scene.Outcome{Handled: true}
}

// goBack goes where the reader was before, and in the end back to the step that is shown.
func (p *Panel) goBack() {
	var before visit
	if last := len(p.trail) - 1; last >= 0 {
		before, p.trail = p.trail[last], p.trail[:last]
	}
	p.here, p.away, p.link = before.place, before.away, 0
}

// stay makes the place that is shown the reader's own.
func (p *Panel) stay(s *scene.Scene) {
	if !p.away {
		p.away, p.here = true, p.place(s)
	}
}

func (p *Panel) scroll(s *scene.Scene, by int) {
	p.stay(s)
	p.here.top = p.within(p.here.top + by)
}

// within keeps the last row of the page on the screen.
func (p *Panel) within(top int) int {
	return max(min(top, len(p.page.rows)-p.shown), 0)
}

// turnTo puts the cursor on a link, in a circle, and brings it onto the screen.
func (p *Panel) turnTo(s *scene.Scene, link int) {
	n := len(p.page.links)
	if n == 0 {
		return
	}
	p.stay(s)
	p.link = (link-1+n)%n + 1
	y := slices.IndexFunc(p.page.rows, func(r row) bool {
		return slices.ContainsFunc(r, func(s span) bool { return s.link == p.link })
	})
	if y >= 0 && (y < p.here.top || y >= p.here.top+p.shown) {
		p.here.top = p.within(y - p.shown/3)
	}
}

// open follows the link under the cursor.
func (p *Panel) open(s *scene.Scene) scene.Outcome {
	if p.link < 1 || p.link > len(p.page.links) || !p.read() {
		return scene.Outcome{}
	}
	target := p.page.links[p.link-1]
	file, anchor, isNote := p.leadsTo(target, p.file(s))
	if !isNote {
		p.word = s.Say(says.Elsewhere, text.Printable(target))
		return scene.Outcome{Handled: true}
	}
	section, found := p.library.Section(file, anchor)
	if !found {
		p.word = s.Say(says.Missing, text.Printable(target))
		return scene.Outcome{Handled: true}
	}
	if ofStep, isStep := p.library.OfStep(trace.Step(anchor)); isStep && ofStep == section {
		p.goTo(place{step: trace.Step(anchor)})
		return scene.Outcome{Handled: true, Step: anchor} // the code goes along
	}
	p.goTo(place{file: file, anchor: anchor})
	return scene.Outcome{Handled: true}
}

// leadsTo reads a link that stands in a note, and reports whether it leads to a note.
func (p *Panel) leadsTo(target, from string) (file, anchor string, isNote bool) {
	name, anchor, _ := strings.Cut(target, "#")
	if name == "" {
		return from, anchor, from != ""
	}
	file = path.Clean(name)
	return file, anchor, !strings.Contains(name, ":") && !strings.Contains(file, "/") && strings.HasSuffix(file, ".md")
}

// opens reports whether a link leads to a note.
func (p *Panel) opens(target string, s *scene.Scene) bool {
	_, _, isNote := p.leadsTo(target, p.file(s))
	return isNote
}

// Click implements scene.Panel: pressing on a link follows it.
func (p *Panel) Click(x, y int, s *scene.Scene) scene.Outcome {
	p.layAgain(s)
	at := p.place(s).top + y - 1
	if y < 1 || y > p.shown || at >= len(p.page.rows) {
		return scene.Outcome{}
	}
	for _, part := range p.page.rows[at] {
		if x -= canvas.Width(part.text); x < 0 {
			if part.link == 0 {
				return scene.Outcome{}
			}
			p.stay(s)
			p.link = part.link
			return p.open(s)
		}
	}
	return scene.Outcome{}
}

// place returns what is to be read.
func (p *Panel) place(s *scene.Scene) place {
	if p.away {
		return p.here
	}
	if e := code.LastStep(s); e != nil {
		return place{step: e.Step.Step}
	}
	return place{}
}

// layAgain lays out what is to be read now. Several commands may come between two drawings, and one may have led elsewhere.
func (p *Panel) layAgain(s *scene.Scene) {
	if p.laid.width > 0 && p.read() {
		at := p.place(s)
		section, written := p.section(at)
		p.lay(at, section, written, s, p.laid.width)
	}
}

// section returns the section of a place.
func (p *Panel) section(at place) (notes.Section, bool) {
	if !p.read() {
		return notes.Section{}, false
	}
	if at.step != "" {
		return p.library.OfStep(at.step)
	}
	return p.library.Section(at.file, at.anchor)
}

// file returns the name of the note that is shown.
func (p *Panel) file(s *scene.Scene) string {
	section, _ := p.section(p.place(s))
	return section.File
}

// read reads the notes, once.
func (p *Panel) read() bool {
	if p.library == nil && p.err == nil {
		p.library, p.err = p.notes()
	}
	return p.err == nil
}

// eventOf returns the event of the step that is read about, nil if the reader has chosen another step than the one that is shown.
func eventOf(s *scene.Scene, step trace.Step) *timeline.Event {
	if e := code.LastStep(s); e != nil && e.Step.Step == step {
		return e
	}
	return nil
}
