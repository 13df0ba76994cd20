package sequence

// Where everything of an SVG picture goes. From left to right: number and clock of the event, the lanes, the name of the step, and its
// caption; what the lesson says goes across all. From top to bottom: the title, the heads of the lanes, the rows, the legend. How wide
// text becomes is not known here, so it is estimated by its cells, generously; nothing depends on the estimate but the room that it gets.

import (
	"fmt"
	"time"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Measures of the picture, in pixels.
const (
	cellWidth   = 7.2 // of a cell of text at the size of fontSize: half a Chinese character takes 6.5, a Latin letter rarely more than this
	fontSize    = 13
	lineHeight  = 18
	margin      = 24.0
	clockWidth  = 112.0 // of the column of numbers and clock
	stepSize    = 11.5  // of the letters of names of steps
	widestStep  = 300.0 // of the column of names of steps
	textCells   = 72    // of the column of captions
	narrowGap   = 110.0 // between two lanes
	widestGap   = 230.0
	headHeight  = 44.0
	rowPadding  = 8.0
	arrowDrop   = 12.0 // how far an arrow falls that does not arrive in the picture
	legendRoom  = 26.0
	titleHeight = 34.0
)

// block is what one event of a row says, broken into lines.
type block struct {
	t     *Telling
	what  timeline.Kind
	lines []string
	lost  []string // and why what leaves here does not arrive
	y     float64  // the middle of its first line
}

// strip is a row in the picture.
type strip struct {
	Row
	blocks      []block
	top, height float64
	across      bool // its text goes across the picture, and is no caption
}

// layout is a picture with a place for everything.
type layout struct {
	p      Picture
	lang   text.Lang
	title  string
	lanes  []Lane
	x      []float64 // of each lane
	strips []strip

	lanesRight    float64
	stepX, textX  float64
	width, height float64
	top           float64 // of the first row
	legendTop     float64
}

func newLayout(p Picture, lang text.Lang, title string) *layout {
	l := &layout{p: p, lang: lang, title: text.Printable(title), lanes: p.Lanes()}
	for i := range p.Len() {
		l.strips = append(l.strips, strip{Row: p.Row(i)})
	}
	l.columns()
	l.rows()
	return l
}

// columns gives each gap between lanes the room that the labels of its arrows need.
func (l *layout) columns() {
	gaps := make([]float64, len(l.lanes)+1) // before each lane, and behind the last
	for i := range l.lanes {
		half := l.headWidth(i)/2 + 8
		gaps[i], gaps[i+1] = max(gaps[i], half), max(gaps[i+1], half)
		if i > 0 {
			gaps[i] = max(gaps[i], narrowGap)
		}
	}
	for i := range l.strips {
		for _, a := range []*Arrow{l.strips[i].Departs, l.strips[i].Arrives} {
			if a == nil {
				continue
			}
			if gap := l.gapOf(i, a); gap >= 0 && gap < len(gaps) {
				gaps[gap] = max(gaps[gap], min(widestGap, cells(l.label(a))+40))
			}
		}
	}
	x := margin + clockWidth
	for i := range l.lanes {
		x += gaps[i]
		l.x = append(l.x, x)
	}
	l.lanesRight = x + gaps[len(l.lanes)]
	l.stepX = l.lanesRight + 12
	step := 0.0
	for i := range l.strips {
		for _, t := range []*Telling{&l.strips[i].Telling, l.strips[i].Then} {
			step = max(step, cells(stepLine(t))*stepSize/fontSize)
		}
	}
	l.textX = l.stepX + min(step, widestStep) + 16
	l.width = max(l.textX+textCells*cellWidth, cells(l.title)*1.6) + margin
}

// gapOf returns in which gap the label of an arrow of a row stands: beside the lane at which the arrow begins, or, if that is on no lane
// or has no room, beside the one at which it ends.
func (l *layout) gapOf(row int, a *Arrow) int {
	from, to := a.From.Lane, a.To.Lane
	if from < 0 || to >= 0 && l.answers(row, a) {
		from, to = to, from
	}
	switch {
	case from < 0:
		return -1
	case to < 0 || to >= from:
		return from + 1
	}
	return from
}

// answers reports whether an arrow that ends in a row leaves where another has just arrived: beside its beginning there is no room for a
// label then.
func (l *layout) answers(row int, a *Arrow) bool {
	return a.State == Arrived && a.From.Row >= 0 && a.From.Row != row && l.strips[a.From.Row].Arrives != nil
}

func (l *layout) headWidth(i int) float64 {
	return max(cells(l.lanes[i].Peer), cells(l.headLine(i))*0.85) + 22
}

// headLine is what stands under the name of a lane.
func (l *layout) headLine(i int) string {
	switch lane := l.lanes[i]; {
	case lane.Goroutine != "":
		return string(lane.Goroutine)
	case lane.Intruder:
		return says.intruder.In(l.lang)
	default:
		return lane.Organisation
	}
}

// label is what stands on an arrow.
func (l *layout) label(a *Arrow) string {
	s := a.Label.In(l.lang)
	if a.Number != 0 {
		s += fmt.Sprintf(" #%d", a.Number)
	}
	return s
}

// stepLine is the name of a step and of its connection.
func stepLine(t *Telling) string {
	switch {
	case t == nil:
		return ""
	case t.Step == "":
		return t.Conn
	case t.Conn == "":
		return text.Printable(string(t.Step))
	}
	return text.Printable(string(t.Step)) + " " + t.Conn
}

// rows gives each row the height that its text needs.
func (l *layout) rows() {
	y := margin
	if l.title != "" {
		y += titleHeight
	}
	l.top = y + lineHeight + headHeight + 16
	y = l.top
	for i := range l.strips {
		s := &l.strips[i]
		l.speak(s)
		s.top = y
		s.height = s.place(y)
		y += s.height
	}
	l.legendTop = y + 20
}

// speak breaks what a row says into lines.
func (l *layout) speak(s *strip) {
	s.across = s.Lane < 0 && s.Far < 0
	if s.across && s.What != Quiet {
		room := int((l.width - 2*margin - 24) / cellWidth)
		s.blocks = []block{{t: &s.Telling, what: s.What, lines: text.Wrap(l.sentence(&s.Telling, s.What), room)}}
		return
	}
	for _, t := range []*Telling{&s.Telling, s.Then} {
		if t != nil {
			s.blocks = append(s.blocks, block{t: t, what: s.What, lines: text.Wrap(l.sentence(t, s.What), textCells)})
		}
	}
	if a := s.Departs; a != nil && a.State == Lost && s.Telling.Why == (text.Text{}) {
		why := "✕ " + stateWords(a, l.lang) + text.Text{Zh: "：", En: ": "}.In(l.lang) + a.Why.In(l.lang)
		s.blocks[0].lost = text.Wrap(why, textCells)
	}
}

// sentence is all that is said of one event.
func (l *layout) sentence(t *Telling, what timeline.Kind) string {
	s := captionOf(t, l.lang)
	if what == timeline.KindPromise || what == timeline.KindAct {
		s = markOf(t, what) + s
	}
	if why := whyOf(t, what, l.lang); why != "" {
		s += "\n" + why
	}
	return s
}

// place puts the lines of a row where they go, and returns the height of the row.
func (s *strip) place(top float64) float64 {
	padding := rowPadding / 2
	if s.across {
		padding = rowPadding
	}
	if s.Departs != nil || s.Arrives != nil {
		padding += 6 // the label of an arrow stands above it
	}
	y := top + padding
	for i := range s.blocks {
		s.blocks[i].y = y + lineHeight/2
		y += float64(len(s.blocks[i].lines)+len(s.blocks[i].lost)) * lineHeight
	}
	if arrow := s.Departs; arrow != nil && (arrow.State != Arrived || arrow.To.Row < 0) || s.Arrives != nil && s.Arrives.From.N == 0 {
		y = max(y, s.blocks[0].y+arrowDrop+8)
	}
	return y + padding - top
}

// cells estimates how wide text becomes.
func cells(s string) float64 { return float64(text.Cells(s)) * cellWidth }

// clock writes the lab's clock as the picture has it.
func clock(at time.Duration) string { return fmt.Sprintf("%.3f", at.Seconds()) }
