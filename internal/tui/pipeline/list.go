package pipeline

// Below the chart: the five marks of the message, or, where there is room, of every message of the direction; and the sentence.

import (
	"fmt"
	"strings"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// below draws what stands under the chart, from row y on.
func (c *chart) below(y int) {
	width, height := c.r.Width(), c.r.Height()
	sentence := text.Wrap(c.where(), max(8, width-2))
	room := height - y
	switch {
	case room >= len(sentence)+5:
		legend := 1
		c.r.Fit(0, height-1, width, c.s.Theme.Faint, c.s.Say(says.legend))
		c.sentence(y, sentence)
		c.list(y+len(sentence), room-len(sentence)-legend)
	case room > len(sentence):
		c.marks(y)
		c.sentence(y+1, sentence)
	default:
		c.sentence(height-min(room, len(sentence)), sentence)
	}
}

func (c *chart) sentence(y int, lines []string) {
	for i, line := range lines {
		if y+i < c.r.Height() {
			lead := "▸"
			if i > 0 {
				lead = " "
			}
			c.r.Text(0, y+i, c.s.Theme.Focus, lead)
			c.r.Fit(2, y+i, c.r.Width()-2, c.s.Theme.Strong, line)
		}
	}
}

// marks draws the five marks of the message that is chosen, in one line.
func (c *chart) marks(y int) {
	th, w, i := c.s.Theme, c.v.way(), c.v.chosen
	if i < 0 {
		c.r.Fit(0, y, c.r.Width(), th.Faint, c.s.Say(says.noMessages))
		return
	}
	m := w.list[i]
	shape, style := th.MarkOf(m)
	x := c.r.Text(0, y, style, shape)
	if w.numbers[i] != 0 {
		x = c.r.Text(x, y, style, fmt.Sprint(w.numbers[i]))
	}
	for _, stage := range terms.Marks {
		words, style := c.stage(w, m, stage)
		words = c.s.Say(terms.Mark(stage)) + " " + words
		if x+2+canvas.Width(words) > c.r.Width() {
			return
		}
		x = c.r.Text(x+2, y, style, words)
	}
}

// stage writes one of the five marks: when it was, that it is still to come, or that it never will. A later mark implies the earlier ones.
func (c *chart) stage(w *way, m *timeline.Message, stage timeline.Stage) (string, canvas.Style) {
	th := c.s.Theme
	switch {
	case m.Marks[stage].Set():
		style := th.Good
		if m.Marks[stage].N == c.s.State.N {
			style = th.Here
		}
		return scene.KeptMark + terms.Moment(m.Marks[stage].At), style
	case stage == timeline.Enqueued && m.Kind == timeline.HandshakeMessage, stage == timeline.Acked && !w.awaits(m):
		return "–", th.Faint // the handshake passes no queue; and nobody waits
	case m.Reached(stage):
		return scene.KeptMark, th.Good
	case m.Drop.Set() || m.HandedOver || w.isLost(m):
		return scene.DropMark, th.Drop
	}
	return scene.AheadMark, th.Faint
}

func (w *way) isLost(m *timeline.Message) bool {
	for i := range w.list {
		if w.list[i] == m {
			return w.at[i] == abandoned
		}
	}
	return false
}

// The columns of the list, in cells. What the content leaves is the place's.
const (
	numberCells  = 6
	kindCells    = 16
	momentCells  = 9
	contentCells = 18
)

// list draws the messages of the direction around the one that is chosen, in height rows.
func (c *chart) list(y, height int) {
	th, w := c.s.Theme, c.v.way()
	c.r.Horizontal(0, y, c.r.Width(), th.Border)
	if len(w.list) == 0 {
		c.r.Fit(0, y+1, c.r.Width(), th.Faint, c.s.Say(says.noMessages))
		return
	}
	columns := c.columns()
	c.row(y+1, columns, th.Faint, append([]string{c.s.Say(says.number), c.s.Say(says.kind), c.s.Say(says.content), c.s.Say(says.place)}, c.stageNames()...))
	height -= 2
	top := max(0, min(c.v.chosen-height/2, len(w.list)-height))
	if top == 0 && w.forgotten > 0 && height > 2 {
		c.r.Fit(0, y+2, c.r.Width(), th.Faint, c.s.Say(says.forgotten, w.forgotten))
		y, height = y+1, height-1
	}
	for n := range height {
		i := top + n
		if i >= len(w.list) {
			return
		}
		c.message(y+2+n, columns, i)
	}
}

func (c *chart) stageNames() []string {
	var list []string
	for _, stage := range terms.Marks {
		list = append(list, c.s.Say(terms.Mark(stage)))
	}
	return list
}

// columns returns where each column begins.
func (c *chart) columns() []int {
	x := []int{0, numberCells, numberCells + kindCells}
	first := min(c.r.Width()-momentCells*len(terms.Marks), 90)
	place := max(x[2]+8, min(x[2]+contentCells*2, first-26))
	if c.r.Width() < 100 { // the mark says the kind
		x[2] = x[1]
		place = max(x[2]+10, first-16)
	}
	x = append(x, place)
	for i := range terms.Marks {
		x = append(x, first+i*momentCells)
	}
	return append(x, c.r.Width())
}

func (c *chart) row(y int, columns []int, style canvas.Style, cells []string) {
	for i, words := range cells {
		c.r.Fit(columns[i], y, columns[i+1]-columns[i]-1, style, words)
	}
}

// message draws one message of the list.
func (c *chart) message(y int, columns []int, i int) {
	th, w, m := c.s.Theme, c.v.way(), c.v.way().list[i]
	shape, style := th.MarkOf(m)
	number := ""
	if w.numbers[i] != 0 {
		number = fmt.Sprint(w.numbers[i])
	}
	c.row(y, columns, th.Text, []string{"", c.s.Say(terms.Kind(m.Kind)), c.p.says.of(c.s.Lang, m), c.placeOf(w, i)})
	c.r.Text(columns[0]+1, y, style, strings.TrimSpace(shape+number))
	for n, stage := range terms.Marks {
		words, style := c.stage(w, m, stage)
		c.r.Text(columns[4+n], y, style, words)
	}
	if i == c.v.chosen {
		c.r.Text(columns[0], y, th.Focus, "▸")
		c.r.Restyle(0, y, c.r.Width(), 1, func(st canvas.Style) canvas.Style {
			if c.focused {
				return th.Select
			}
			return st.Strong()
		})
	}
	c.p.hit(0, y, c.r.Width(), 1, c.v.selection(i))
}

// placeOf says in a word or two where message i is.
func (c *chart) placeOf(w *way, i int) string {
	m := w.list[i]
	place := c.s.Say(terms.Place(m.Place()))
	switch {
	case w.at[i] == subscriber:
		return c.s.Say(says.inHand)
	case w.at[i] == done && m.Unclaimed:
		return c.s.Say(says.unwanted)
	case w.at[i] == done && m.Kind == timeline.DataMessage:
		return c.s.Say(says.given)
	case w.at[i] == done && m.Kind == timeline.AckMessage:
		return c.s.Say(says.published)
	case w.at[i] == done:
		return c.s.Say(says.arrived)
	case w.at[i] == abandoned && m.Place() < timeline.GivenUp:
		return c.s.Say(says.gone, place)
	}
	if n := w.rank(i); n > 0 && w.at[i].queue() && w.at[i] != subscription {
		return fmt.Sprintf("%s #%d", place, n)
	}
	return place
}
