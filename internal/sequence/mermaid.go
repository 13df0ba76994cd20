package sequence

// Mermaid draws sequence diagrams from text, in many places where people write. It knows neither time nor slopes: an arrow is one line,
// written where the message arrives, or, if it does not, where it left.

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// How wide text becomes before it is broken, in cells. Mermaid makes room for what stands at one lane, but a note over several becomes no
// wider than they are.
const (
	noteCells     = 60
	cellsOfTwo    = 38
	cellsOfALane  = 22 // each further one
	spaceOfALevel = "    "
)

// Mermaid writes the diagram as a sequenceDiagram of Mermaid (https://mermaid.js.org), version 10 or later. The same diagram always
// gives the same text.
func (d *Diagram) Mermaid(w io.Writer, x Export) error {
	m := mermaid{w: bufio.NewWriter(w), p: d.picture(x), lang: x.Lang}
	m.line("sequenceDiagram")
	m.deeper()
	if x.Title != "" {
		m.line("title %s", escape(text.Printable(x.Title)))
	}
	m.line("autonumber")
	m.participants()
	for i := range m.p.Len() {
		r := m.p.Row(i)
		m.row(&r)
	}
	m.endChapter()
	return m.w.Flush()
}

// mermaid is one diagram being written.
type mermaid struct {
	w       *bufio.Writer // which keeps the first error until Flush
	p       Picture
	lang    text.Lang
	depth   int
	chapter bool // a rect is open
}

func (m *mermaid) deeper() { m.depth++ }

func (m *mermaid) line(format string, args ...any) {
	fmt.Fprintf(m.w, "%s%s\n", strings.Repeat(spaceOfALevel, m.depth), fmt.Sprintf(format, args...))
}

// participants names the lanes. Those of an opened peer stand in a box.
func (m *mermaid) participants() {
	lanes := m.p.Lanes()
	for i, lane := range lanes {
		opened := i+1 < len(lanes) && lanes[i+1].Peer == lane.Peer
		if lane.Goroutine == "" && opened {
			m.line("box rgb(246, 246, 246) %s", escape(lane.Peer))
		}
		name := lane.Peer
		switch {
		case lane.Goroutine != "":
			name += " " + string(lane.Goroutine)
		case lane.Intruder:
			name += text.Text{Zh: "（%s）", En: " (%s)"}.Format(m.lang, says.intruder.In(m.lang))
		}
		m.line("participant P%d as %s", i+1, escape(name))
		if last := i+1 == len(lanes) || lanes[i+1].Peer != lane.Peer; last && lane.Goroutine != "" {
			m.line("end")
		}
	}
}

func (m *mermaid) row(r *Row) {
	switch {
	case r.What == timeline.KindTitle:
		m.beginChapter(r.Text.In(m.lang))
	case r.Arrives == nil && r.Departs == nil:
		m.note(r.Lane, r.Far, m.words(r))
	default:
		if r.Arrives != nil {
			m.arrival(r)
		}
		if a := r.Departs; a != nil && (a.State != Arrived || a.To.Row < 0) {
			m.arrow(a)
		}
	}
}

// words is what a note says.
func (m *mermaid) words(r *Row) string {
	s := markOf(&r.Telling, r.What) + captionOf(&r.Telling, m.lang)
	if r.What == timeline.KindStep {
		s = markOf(&r.Telling, r.What) + string(r.Step) + "\n" + captionOf(&r.Telling, m.lang)
	}
	if why := whyOf(&r.Telling, r.What, m.lang); why != "" {
		s += "\n" + why
	}
	return s
}

// arrival draws the arrow that ends in a row, and tells what it brings if that is bad news.
func (m *mermaid) arrival(r *Row) {
	m.arrow(r.Arrives)
	t := &r.Telling
	if r.Then != nil {
		t = r.Then
	}
	if t.Status == narrate.Failing {
		m.note(t.Lane, -1, markOf(t, r.What)+captionOf(t, m.lang)+"\n"+whyOf(t, r.What, m.lang))
	}
}

// arrow draws a message. If one of its ends is on no lane, a note at the other says whose it is.
func (m *mermaid) arrow(a *Arrow) {
	label := shapes[a.Kind] + " " + a.Label.In(m.lang)
	if a.Number != 0 {
		label += fmt.Sprintf(" #%d", a.Number)
	}
	if state := stateWords(a, m.lang); state != "" {
		label += text.Text{Zh: "（%s）", En: " (%s)"}.Format(m.lang, state)
	}
	if a.State == Lost {
		label += "\n✕ " + a.Why.In(m.lang)
	}
	switch {
	case a.From.Lane < 0 && a.To.Lane < 0:
	case a.From.Lane < 0:
		m.note(a.To.Lane, -1, says.from.with(a.From.Peer, label).In(m.lang))
	case a.To.Lane < 0:
		m.note(a.From.Lane, -1, says.to.with(a.To.Peer, label).In(m.lang))
	default:
		m.line("P%d%sP%d: %s", a.From.Lane+1, headOf(a), a.To.Lane+1, escapeLines(label, noteCells))
	}
}

// headOf is how Mermaid writes the kind of an arrow: dotted for an answer, a cross for what is lost, an open head for what may arrive.
func headOf(a *Arrow) string {
	line := "-"
	if a.Back {
		line = "--"
	}
	switch a.State {
	case Arrived:
		return line + ">>"
	case Lost:
		return line + "x"
	}
	return line + ")"
}

// note writes over one lane, over two, or, if there is none, over all.
func (m *mermaid) note(lane, far int, s string) {
	first, last := lane, far
	if lane < 0 {
		first, last = far, -1
	}
	if first < 0 {
		first, last = 0, len(m.p.lanes)-1
	}
	switch {
	case len(m.p.lanes) == 0:
	case last < 0 || last == first:
		m.line("Note over P%d: %s", first+1, escapeLines(s, noteCells))
	default:
		first, last = min(first, last), max(first, last)
		room := min(noteCells, cellsOfTwo+(last-first-1)*cellsOfALane)
		m.line("Note over P%d,P%d: %s", first+1, last+1, escapeLines(s, room))
	}
}

func (m *mermaid) beginChapter(title string) {
	m.endChapter()
	if len(m.p.lanes) == 0 {
		return
	}
	m.line("rect rgb(240, 245, 250)")
	m.chapter = true
	m.deeper()
	m.note(-1, -1, text.Text{Zh: "【%s】", En: "— %s —"}.Format(m.lang, title))
}

func (m *mermaid) endChapter() {
	if m.chapter {
		m.depth--
		m.line("end")
		m.chapter = false
	}
}

// escapeLines breaks what is long, and escapes each line.
func escapeLines(s string, limit int) string {
	lines := text.Wrap(s, limit)
	for i := range lines {
		lines[i] = escape(lines[i])
	}
	return strings.Join(lines, "<br/>")
}

// escape writes as a number whatever Mermaid could take for more than a letter: it ends statements at ; and #, reads HTML, comments
// (%%), directives ({}) and formulas ($$), and finds words such as "end". What is left are letters, digits, spaces, a few harmless signs
// and everything beyond ASCII.
func escape(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r > unicode.MaxASCII || unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,!?/()'-_", r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, "#%d;", r)
		}
	}
	return out.String()
}
