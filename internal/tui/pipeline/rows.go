package pipeline

// The shape for little room: a row for each station. The sentence comes first, since it is the answer.

import (
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
)

// rows draws the direction that is looked at, one station a row. Where not all have room, those that hold nothing go first.
func (c *chart) rows() {
	height, width := c.r.Height(), c.r.Width()
	sentence := text.Wrap(c.where(), max(8, width-2))
	sentence = sentence[:min(len(sentence), max(1, height/3))]
	y := 0
	if height > 2 {
		c.head(0)
		y = 1
	}
	l := &lane{chart: c, w: c.v.way(), slots: make(map[int]point)}
	room := height - y - len(sentence)
	for _, st := range l.worth(room) {
		l.line(y, st)
		y++
	}
	c.sentence(height-len(sentence), sentence)
}

// worth returns which stations to show in so many rows, in their order.
func (l *lane) worth(room int) []station {
	var list []station
	for _, keep := range []func(station) bool{
		func(station) bool { return true },
		func(st station) bool { return st != caller },
		func(st station) bool { return st != caller && (st.queue() || l.telling(st)) },
		l.telling,
	} {
		list = list[:0]
		for st := range stations {
			if keep(station(st)) {
				list = append(list, station(st))
			}
		}
		if len(list) <= room {
			return list
		}
	}
	return list[:max(0, min(room, len(list)))]
}

// telling reports whether a station holds something, or holds up the others.
func (l *lane) telling(st station) bool {
	return len(l.w.holds[st]) > 0 || st == subscriber && l.w.stopped.Set()
}

func (l *lane) line(y int, st station) {
	const nameCells = 13
	th := l.s.Theme
	name, peer := "", l.w.to.name
	var (
		about string
		style canvas.Style
	)
	switch {
	case st == wire:
		name, peer = l.s.Say(says.lineName), ""
		about, style = l.lineWords(l.w, true)
	case st <= writer:
		peer = l.w.from.name
		fallthrough
	default:
		name = l.title(st)
		first, _, _ := l.notes(st, max(0, l.r.Width()/2))
		about, style = first.words, first.style
	}
	if peer != "" {
		name = canvas.Fit(peer, 3) + " " + name
	} else {
		name = "  " + name
	}
	l.r.Fit(0, y, nameCells-1, th.Text, name)
	x := nameCells
	for _, i := range l.w.holds[st] {
		width := canvas.Width(l.mark(i))
		if x+width > l.r.Width()*2/3 {
			x = l.r.Text(x, y, th.Faint, "…") + 1
			break
		}
		l.drawMark(l.r, x, y, i)
		l.p.hit(x, y, width, 1, l.v.selectionOn(l.w, i))
		x += width + 1
	}
	l.r.Fit(x, y, l.r.Width()-x, style, about)
}
