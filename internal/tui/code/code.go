// Package code is the view of the source: the file of package comm that is at work, with the line that runs marked. The source is the
// one that the program was built from (comm.Source).
package code

import (
	"slices"
	"sync"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// The panel's own commands, and the keys that its sentences name.
const (
	follow     scene.Command = "code.follow"
	nextCaller scene.Command = "code.next-caller"
	lastCaller scene.Command = "code.last-caller"
	nextFile   scene.Command = "code.next-file"
	lastFile   scene.Command = "code.last-file"

	followKey = "g"
	callerKey = "]"
)

// sideways is how many cells Left and Right move.
const sideways = 8

// Panel shows the source. It follows the event that is shown until the reader scrolls, looks at a caller, or chooses a step.
type Panel struct {
	split map[string][]Line // the files that were shown, by line

	chosen trace.Step // by Show; "" for the step of the event
	place  int        // 0 for the step itself, then its callers
	at     uint64     // the event for which place was chosen

	away bool   // the reader has scrolled, so that what follows counts
	file string // which file
	top  int    // its line in the first row
	left int    // how many cells are cut off at the left; counts always

	rows int // of source, as last drawn
	wide int // and its cells
}

// source is what is known of the source. To read it takes some milliseconds, so it waits until somebody wants to see it.
var source = sync.OnceValues(func() (*Map, error) { return ReadMap(comm.Source()) })

// New returns the panel.
func New() *Panel { return &Panel{split: make(map[string][]Line)} }

// lines returns the lines of a file, which are split once.
func (p *Panel) lines(m *Map, file string) []Line {
	lines, known := p.split[file]
	if !known {
		lines = Highlight(m.Source(file))
		p.split[file] = lines
	}
	return lines
}

// Show has the panel show a step, whatever happens meanwhile, until the reader wants to follow again.
func (p *Panel) Show(step trace.Step) {
	p.chosen, p.place, p.away, p.left = step, 0, false, 0
}

// Offers implements scene.Panel.
func (p *Panel) Offers() []scene.Offer {
	return []scene.Offer{
		{Command: follow, Key: followKey, Says: says.Follow},
		{Command: nextCaller, Key: callerKey, Says: says.NextCaller},
		{Command: lastCaller, Key: "[", Says: says.LastCaller},
		{Command: nextFile, Key: ".", Says: says.NextFile},
		{Command: lastFile, Key: ",", Says: says.LastFile},
	}
}

// Do implements scene.Panel.
func (p *Panel) Do(c scene.Command, s *scene.Scene) scene.Outcome {
	m, err := source()
	if err != nil {
		return scene.Outcome{}
	}
	v := p.look(m, s)
	switch c {
	case scene.Up:
		p.scroll(m, v, -1)
	case scene.Down:
		p.scroll(m, v, 1)
	case scene.PageUp:
		p.scroll(m, v, -max(p.rows-2, 1))
	case scene.PageDown:
		p.scroll(m, v, max(p.rows-2, 1))
	case scene.Left:
		p.left = max(p.left-sideways, 0)
	case scene.Right:
		p.left = min(p.left+sideways, p.mostLeft(p.lines(m, v.file)))
	case nextCaller:
		p.turnTo(v, v.index+1)
	case lastCaller:
		p.turnTo(v, v.index-1)
	case nextFile:
		p.leaf(m, v, 1)
	case lastFile:
		p.leaf(m, v, -1)
	case follow:
		p.chosen, p.place, p.away, p.left = "", 0, false, 0
	default:
		return scene.Outcome{}
	}
	return scene.Outcome{Handled: true}
}

// mostLeft is how far a file can be moved aside: until the end of its longest line is seen.
func (p *Panel) mostLeft(lines []Line) int {
	longest := 0
	for _, line := range lines {
		longest = max(longest, line.Width())
	}
	return max(longest-p.wide, 0)
}

func (p *Panel) scroll(m *Map, v view, by int) {
	p.away, p.file = true, v.file
	p.top = min(max(v.top+by, 1), max(len(p.lines(m, v.file))-p.rows+1, 1))
}

// turnTo goes to one of the places of the step, in a circle.
func (p *Panel) turnTo(v view, index int) {
	if n := len(v.places); n > 0 {
		p.place, p.at, p.away = (index+n)%n, v.number, false
	}
}

// leaf opens another file, at its beginning.
func (p *Panel) leaf(m *Map, v view, by int) {
	n := len(m.Files)
	p.away, p.top, p.left = true, 1, 0
	p.file = m.Files[(max(slices.Index(m.Files, v.file), 0)+by+n)%n]
}

// Click implements scene.Panel: whoever presses on the line of a step wants to read about it.
func (p *Panel) Click(_, y int, s *scene.Scene) scene.Outcome {
	m, err := source()
	if err != nil || y < 1 || y > p.rows {
		return scene.Outcome{}
	}
	v := p.look(m, s)
	step, found := m.StepAt(v.file, v.top+y-1)
	return scene.Outcome{Handled: found, Step: string(step)}
}

// view is what is to be seen: which place, and why that one.
type view struct {
	why     reason
	event   *timeline.Event // of the step, or of the act; nil if the reader chose the step, or before the first
	number  uint64          // of the event that is shown
	step    trace.Step
	places  []Site // the step's own, then those that call the function around it
	index   int    // which of them
	site    Site   // places[index]
	file    string
	top     int // the line in the first row
	browsed bool
}

// reason says why the view is where it is.
type reason int

const (
	before reason = iota // no step has been taken
	now                  // the step is the event that is shown
	last                 // it was the last one before
	entry                // an act is about to enter the layer
	chosen               // the reader wants to see it
)

// look decides what is to be seen.
func (p *Panel) look(m *Map, s *scene.Scene) view {
	v := view{file: "doc.go", top: 1}
	if s.Event != nil {
		v.number = s.Event.N
	}
	p.decide(&v, m, s)
	if len(v.places) > 0 {
		if p.at == v.number && p.place < len(v.places) {
			v.index = p.place
		}
		v.site = v.places[v.index]
		v.file, v.top = v.site.File, p.topFor(m, v.site)
	}
	if p.away {
		v.browsed, v.file, v.top = true, p.file, p.top
	}
	return v
}

func (p *Panel) decide(v *view, m *Map, s *scene.Scene) {
	if p.chosen != "" {
		v.why, v.step = chosen, p.chosen
		v.places = withCallers(m, m.Sites(p.chosen))
		return
	}
	if e := s.Event; e != nil && e.Act != nil && e.Kind == timeline.KindAct {
		if site, found := m.Method(entries[e.Act.Verb]); found {
			v.why, v.event, v.places = entry, e, []Site{site}
			return
		}
	}
	v.event = LastStep(s)
	if v.event == nil {
		return
	}
	v.why, v.step = last, v.event.Step.Step
	if v.event == s.Event {
		v.why = now
	}
	v.places = withCallers(m, m.Sites(v.step))
}

// withCallers returns the places of a step: where it is emitted, and where the functions around that are called.
func withCallers(m *Map, sites []Site) []Site {
	places := slices.Clone(sites)
	for _, site := range sites {
		places = append(places, m.Callers(site.Function)...)
	}
	return places
}

// farthestBack bounds how far LastStep looks.
const farthestBack = 4096

// LastStep returns the event of the step that was taken last at the moment that is shown; nil if there was none, or only long before.
func LastStep(s *scene.Scene) *timeline.Event {
	if e := s.Event; e == nil || e.Kind == timeline.KindStep && e.Step != nil {
		return e
	}
	at := min(s.At, len(s.Events))
	for i := at - 1; i >= max(at-farthestBack, 0); i-- {
		if e := &s.Events[i]; e.Kind == timeline.KindStep && e.Step != nil {
			return e
		}
	}
	return nil
}

// topFor chooses the line of the first row. While steps are taken in one function the picture stands still, as long as the function fits:
// with its comment, or without, or else the line comes to stand in the upper third.
func (p *Panel) topFor(m *Map, site Site) int {
	doc, head, end := m.Function(site.File, site.Line)
	need := min(site.Last+2, end) // some lines of what comes next
	top := max(site.Line-p.rows/3, 1)
	switch {
	case doc == 0:
	case end-doc < p.rows:
		top = doc
	case need-head < p.rows:
		top = head
	}
	return min(top, max(len(p.lines(m, site.File))-p.rows+1, 1))
}

var _ scene.Panel = (*Panel)(nil)

// SiteOf returns where a step is emitted, and whether that is known.
func SiteOf(step trace.Step) (Site, bool) {
	m, err := source()
	if err != nil || len(m.Sites(step)) == 0 {
		return Site{}, false
	}
	return m.Sites(step)[0], true
}
