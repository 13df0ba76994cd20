package sequence

// The arrows of an SVG picture. Time runs down, so an arrow falls from where a message leaves to where it arrives, and how far it falls
// shows what happened meanwhile.

import (
	"fmt"
	"math"

	"gossipscope/internal/text"
)

// arrows draws the arrows that end in a row, and those that leave there and end nowhere.
func (c *canvas) arrows(row int) {
	s := &c.strips[row]
	if a := s.Arrives; a != nil {
		c.arrival(row, a)
	}
	if a := s.Departs; a != nil && (a.State != Arrived || a.To.Row < 0) {
		c.departure(row, a)
	}
}

// blockOf returns the place of an end of an arrow in a row.
func (c *canvas) blockOf(row int, n uint64) float64 {
	s := &c.strips[row]
	for i, event := range s.Events {
		if event == n && i < len(s.blocks) {
			return s.blocks[i].y
		}
	}
	return s.blocks[0].y
}

// arrival draws an arrow to where it ends. From whom nothing is told of, it comes from his lane, and from no moment.
func (c *canvas) arrival(row int, a *Arrow) {
	if a.To.Lane < 0 {
		return
	}
	x2, y2 := c.x[a.To.Lane], c.blockOf(row, a.To.N)
	x1, y1 := x2+60, y2-arrowDrop/2
	if a.From.Lane >= 0 {
		x1 = c.x[a.From.Lane]
	}
	told := a.From.Row >= 0
	if told {
		y1 = c.blockOf(a.From.Row, a.From.N)
	} else {
		y2 += arrowDrop / 2
	}
	c.line(x1, y1, x2, y2, a, "")
	c.head(x1, y1, x2, y2, colours[a.Kind], true)
	c.shape(x1, y1, a.Kind, told)
	if c.answers(row, a) {
		c.arrowLabel(x2, y2+20, x1, a)
		return
	}
	c.arrowLabel(x1, y1, x2, a)
}

// departure draws an arrow that does not end in the picture.
func (c *canvas) departure(row int, a *Arrow) {
	if a.From.Lane < 0 {
		return
	}
	x1, y1 := c.x[a.From.Lane], c.blockOf(row, a.From.N)
	x2, y2 := x1+60, y1+arrowDrop
	if a.To.Lane >= 0 {
		x2 = c.x[a.To.Lane]
	}
	if a.State == Lost || a.State == OnTheWay || a.State == Ahead {
		x2 = x1 + (x2-x1)*0.6
	}
	if x1 == x2 {
		x2 += 40
	}
	dash := ` stroke-dasharray="6 4"`
	if a.State == Lost || a.State == Arrived {
		dash = ""
	}
	c.line(x1, y1, x2, y2, a, dash)
	if a.State == Lost {
		c.cross(x2, y2, 5)
	} else {
		c.head(x1, y1, x2, y2, colours[a.Kind], a.State == Arrived)
	}
	c.shape(x1, y1, a.Kind, true)
	if c.strips[row].Arrives != nil { // whose label stands above
		y1 += 20
	}
	c.arrowLabel(x1, y1, x2, a)
}

// line draws the shaft; one from a lane to itself goes around.
func (c *canvas) line(x1, y1, x2, y2 float64, a *Arrow, more string) {
	if x1 == x2 {
		c.printf(`<path d="M%.1f %.1fh34V%.1fH%.1f" stroke="%s" stroke-width="1.8" fill="none"%s/>`+"\n", x1, y1, max(y2, y1+6), x2, colours[a.Kind], more)
		return
	}
	c.printf(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="1.8"%s/>`+"\n", x1, y1, x2, y2, colours[a.Kind], more)
}

// head draws the head of an arrow, filled or, where it is not known to have arrived, open.
func (c *canvas) head(x1, y1, x2, y2 float64, colour string, filled bool) {
	if x1 == x2 {
		x1, y1, y2 = x2+34, max(y2, y1+6), max(y2, y1+6)
	}
	angle := math.Atan2(y2-y1, x2-x1)
	point := func(back, aside float64) string {
		return fmt.Sprintf("%.1f %.1f", x2-back*math.Cos(angle)-aside*math.Sin(angle), y2-back*math.Sin(angle)+aside*math.Cos(angle))
	}
	if filled {
		c.printf(`<path d="M%.1f %.1fL%sL%sz" fill="%s"/>`+"\n", x2, y2, point(10, 4.5), point(10, -4.5), colour)
		return
	}
	c.printf(`<path d="M%sL%.1f %.1fL%s" fill="none" stroke="%s" stroke-width="1.8"/>`+"\n", point(9, 4.5), x2, y2, point(9, -4.5), colour)
}

// shape draws the mark of a kind of message, hollow where it is not known when the message left.
func (c *canvas) shape(x, y float64, k Kind, filled bool) {
	fill := colours[k]
	if !filled {
		fill = "#FFFFFF"
	}
	paint := fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1.6"`, fill, colours[k])
	switch k {
	case Data:
		c.printf(`<circle cx="%.1f" cy="%.1f" r="5" %s/>`+"\n", x, y, paint)
	case Ack:
		c.printf(`<path d="M%.1f %.1fl6 10h-12z" %s/>`+"\n", x, y-6, paint)
	case Handshake:
		c.printf(`<path d="M%.1f %.1fl6 6l-6 6l-6 -6z" %s/>`+"\n", x, y-6, paint)
	case Ping:
		c.printf(`<rect x="%.1f" y="%.1f" width="9" height="9" %s/>`+"\n", x-4.5, y-4.5, paint)
	case Unreadable:
		c.printf(`<path d="M%.1f %.1fh10l-10 10h10z" %s/>`+"\n", x-5, y-5, paint)
	default:
		c.printf(`<rect x="%.1f" y="%.1f" width="4" height="13" %s/>`+"\n", x-2, y-6.5, paint)
	}
}

// arrowLabel writes what an arrow carries, above it and beside the lane at which it begins. It has the room up to the next lane.
func (c *canvas) arrowLabel(x1, y1, x2 float64, a *Arrow) {
	room := widestGap - 30
	for _, x := range c.x {
		if between := (x - x1) * sign(x2-x1); between > 20 {
			room = min(room, between-26)
		}
	}
	s := shorten(c.layout.label(a), int(room/cellWidth))
	anchor := ` text-anchor="start"`
	x := x1 + 12
	if x2 < x1 {
		x, anchor = x1-12, ` text-anchor="end"`
	}
	c.labels = append(c.labels, func() { c.label(x, y1-5, ink, s, anchor+` font-size="12"`+onLine) })
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// item is one mark of the legend.
type item struct {
	draw func(x, y float64)
	name string
}

// legendItems are the marks that the picture uses.
func (c *canvas) legendItems() []item {
	var list []item
	add := func(name text.Text, draw func(x, y float64)) { list = append(list, item{draw, name.In(c.lang)}) }
	var rows []Row
	for i := range c.strips {
		rows = append(rows, c.strips[i].Row)
	}
	for _, k := range kindsOf(rows) {
		add(k.Name(), func(x, y float64) { c.shape(x, y, k, true) })
	}
	w := says.legend
	add(w.well, func(x, y float64) { c.printf(`<circle cx="%.1f" cy="%.1f" r="3.4" fill="%s"/>`+"\n", x, y, faint) })
	add(w.ahead, func(x, y float64) {
		c.printf(`<circle cx="%.1f" cy="%.1f" r="3.4" fill="#FFFFFF" stroke="%s" stroke-width="1.4"/>`+"\n", x, y, faint)
	})
	add(w.failing, func(x, y float64) { c.cross(x, y, 5) })
	short := func(state ArrowState, told bool) func(x, y float64) {
		return func(x, y float64) {
			a := &Arrow{Kind: Data, State: state}
			dash := ""
			if state == OnTheWay {
				dash = ` stroke-dasharray="6 4"`
			}
			c.line(x-14, y, x+12, y, a, dash)
			c.shape(x-14, y, Data, told)
			if state == Lost {
				c.cross(x+12, y, 5)
			} else {
				c.head(x-14, y, x+12, y, colours[Data], state == Arrived)
			}
		}
	}
	add(w.lost, short(Lost, true))
	add(w.under, short(OnTheWay, true))
	add(w.unseen, short(Arrived, false))
	add(w.act, func(x, y float64) { c.printf(`<path d="M%.1f %.1fl9 5l-9 5z" fill="%s"/>`+"\n", x-4, y-5, ink) })
	return list
}

// places puts the items of the legend one after the other, and returns how many lines that takes.
func (c *canvas) places(items []item, at func(i int, x float64, line int)) int {
	x, line := margin+90, 0
	for i, it := range items {
		width := cells(it.name) + 62
		if x+width > c.width-margin && x > margin+90 {
			x, line = margin+90, line+1
		}
		at(i, x, line)
		x += width
	}
	return line + 1
}

func (c *canvas) legendHeight(items []item) float64 {
	return float64(c.places(items, func(int, float64, int) {}))*legendRoom + 8
}

func (c *canvas) legend(items []item) {
	c.printf(`<path d="M%g %.1fH%.1f" stroke="%s"/>`+"\n", margin, c.legendTop-6, c.width-margin, thread)
	c.label(margin, c.legendTop+18, faint, says.legend.heading.In(c.lang), ` font-weight="bold"`)
	c.places(items, func(i int, x float64, line int) {
		y := c.legendTop + 13 + float64(line)*legendRoom
		items[i].draw(x+16, y)
		c.label(x+38, y+5, ink, items[i].name, "")
	})
}
