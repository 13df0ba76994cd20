package pipeline

// The chart: stations as boxes, and between them the way of a message. Two shapes of it there are. Bent (bent.go): one direction in two
// rows, the sending peer above, the receiving one below, and the line between them from the end of the upper row to the beginning of the
// lower one. Wide (wide.go): the peers side by side, and both directions, each a row.
//
// Here is what both have in common: how a box is filled, and how a mark glides.

import (
	"fmt"
	"slices"
	"strings"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

type point struct{ x, y int }

type rect struct{ x, y, width, height int }

// chart is one drawing of one view.
type chart struct {
	r       canvas.Region
	s       *scene.Scene
	p       *Panel
	v       *view
	focused bool
	both    bool // both directions are shown

	perCheck int // rows for each check of the handshake; 0 for a strip of all
}

// lane is one direction on the chart.
type lane struct {
	*chart
	w        *way
	mirrored bool // from the right to the left
	boxes    [stations]rect
	bend     []point // the line, from behind the writer to before the reader
	from, to int     // where on the line marks may stand: in the row lineY, the first cell that is reached, and the last
	lineY    int
	slots    map[int]point // where each message that is shown stands
}

// receivingWeights give the service more than the others: it may stand at a step with a long name.
var receivingWeights = []int{11, 11, 14, 11, 11}

// spread shares out total cells among boxes by their weights, with a gap of one between them, and returns their widths.
func spread(total int, weights ...int) []int {
	sum, room := 0, max(0, total-len(weights)+1)
	for _, weight := range weights {
		sum += weight
	}
	widths := make([]int, len(weights))
	left := room
	for i, weight := range weights {
		widths[i] = room * weight / sum
		left -= widths[i]
	}
	for i := 0; left > 0; i, left = (i+1)%len(widths), left-1 {
		widths[i]++
	}
	return widths
}

// place puts boxes side by side from x on. Mirrored ones stand in the reverse order.
func (l *lane) place(list []station, x, y, total, height int, weights ...int) {
	widths := spread(total, weights...)
	order := slices.Clone(list)
	if l.mirrored {
		slices.Reverse(order)
		slices.Reverse(widths)
	}
	for i, st := range order {
		l.boxes[st] = rect{x, y, widths[i], height}
		x += widths[i] + 1
	}
}

// draw draws the boxes with what is in them, the arrows and the line, and what moves last.
func (l *lane) draw() {
	l.slots = make(map[int]point)
	active, here := station(-1), false
	if e := l.s.Event; e != nil && e.Step != nil {
		active, here = l.w.active(e)
	}
	l.drawLine()
	for st := range stations {
		if st := station(st); st != wire {
			l.box(st, here && st == active)
		}
	}
	for _, list := range [][]station{sending, receiving} {
		for i := range len(list) - 1 {
			l.arrow(list[i], list[i+1])
		}
	}
	l.glide()
}

func (l *lane) arrow(from, to station) {
	a, b := l.boxes[from], l.boxes[to]
	if l.mirrored {
		l.r.Text(b.x+b.width, b.y+1, l.s.Theme.Faint, "←")
		return
	}
	l.r.Text(a.x+a.width, a.y+1, l.s.Theme.Faint, "→")
}

// box draws one station. What happens now is marked in its title and by its border.
func (l *lane) box(st station, active bool) {
	b, th := l.boxes[st], l.s.Theme
	if b.width < 3 {
		return
	}
	border, title, lead := th.Border, th.Text, ""
	if active {
		border, title, lead = th.Focus, th.Here, "▸"
	}
	region := l.r.Sub(b.x, b.y, b.width, b.height)
	inside := region
	if st.queue() {
		inside = region.Box(border)
	} else {
		inside = region.Rounded(border)
	}
	region.Fit(1, 0, b.width-2, title, lead+l.title(st))
	l.fill(st, inside)
	first, rest, last := l.notes(st, inside.Width())
	for y, line := range []said{first, rest, last} {
		if y+1 < inside.Height() {
			inside.Fit(0, y+1, inside.Width(), line.style, line.words)
		}
	}
	if sel := l.queueSelection(st); sel != nil {
		l.p.hit(b.x, b.y, b.width, b.height, sel)
		if *sel == l.s.Selected {
			region.Restyle(0, 0, b.width, 1, func(canvas.Style) canvas.Style { return th.Select })
		}
	}
	for i, at := range l.slots { // on top of the box
		if l.w.at[i] == st {
			l.p.hit(at.x, at.y, 1+len(fmt.Sprint(l.w.numbers[i])), 1, l.v.selectionOn(l.w, i))
		}
	}
}

func (l *lane) queueSelection(st station) *scene.Selection {
	e := l.w.to
	if st == outBuff {
		e = l.w.from
	}
	if !st.queue() || e.conn == nil {
		return nil
	}
	sel := &scene.Selection{Kind: scene.SelectQueue, Peer: e.conn.Key.Peer, Conn: e.conn.Key}
	switch st {
	case outBuff:
		sel.Queue = "outBuff"
	case msgChan:
		sel.Queue = "msgChan"
	default:
		sel.Queue = "subscription"
		if e.peer == nil || len(e.peer.Subscriptions) == 0 {
			return nil
		}
		sel.Number = e.peer.Subscriptions[0].Number
	}
	return sel
}

func (l *lane) title(st station) string {
	switch st {
	case caller:
		return l.s.Say(says.callers)
	case subscriber:
		return l.s.Say(says.subscriber)
	case subscription:
		p := l.w.to.peer
		switch {
		case p == nil || len(p.Subscriptions) == 0:
			return l.s.Say(says.noSubscriptions)
		case len(p.Subscriptions) == 1:
			return l.s.Say(says.subscriptionOne, p.Subscriptions[0].Number)
		}
		return l.s.Say(says.subscriptions, len(p.Subscriptions))
	}
	return [...]string{outBuff: "outBuff", writer: "writer", reader: "reader", msgChan: "msgChan", service: "service"}[st]
}

// fill draws the marks of what a station holds, the next to leave at the side to which it will.
func (l *lane) fill(st station, inside canvas.Region) {
	list := l.w.holds[st]
	x, y := 0, 0
	left, top := l.boxes[st].x+1, l.boxes[st].y+1
	room := inside.Width()
	for n, i := range list {
		label := l.mark(i)
		need := canvas.Width(label)
		if n < len(list)-1 {
			need += 1 + len(fmt.Sprintf("+%d", len(list)-n-1))
		}
		if need > room && n > 0 {
			more := fmt.Sprintf("+%d", len(list)-n)
			at := x
			if !l.mirrored {
				at = inside.Width() - x - len(more)
			}
			inside.Text(at, y, l.s.Theme.Faint, more)
			return
		}
		width := canvas.Width(label)
		at := x
		if !l.mirrored {
			at = inside.Width() - x - width
		}
		l.slots[i] = point{left + at, top + y}
		if !l.moving(i) {
			l.drawMark(inside, at, y, i)
		}
		x += width + 1
		room -= width + 1
	}
}

// mark writes a message as its shape and its number.
func (l *lane) mark(i int) string {
	shape, _ := l.s.Theme.MarkOf(l.w.list[i])
	if n := l.w.numbers[i]; n != 0 {
		return fmt.Sprintf("%s%d", shape, n)
	}
	return shape
}

func (l *lane) drawMark(r canvas.Region, x, y, i int) {
	_, style := l.s.Theme.MarkOf(l.w.list[i])
	if i == l.v.chosen && l.w == l.v.way() {
		style = style.Reversed()
	}
	r.Text(x, y, style, l.mark(i))
}

func (l *lane) moving(i int) bool { return l.w.move.index == i && l.s.Progress < 1 }

// glide draws the message that the event has moved, where it is at this moment of its movement.
func (l *lane) glide() {
	m := l.w.move
	if !m.any() || l.s.Progress >= 1 {
		return
	}
	path := l.path(m)
	if len(path) == 0 {
		return
	}
	at := along(path, l.s.Progress)
	shape, style := l.s.Theme.Mark(m.mark.Kind)
	if m.to == abandoned && l.s.Progress > 0.5 {
		shape, style = scene.DropMark, l.s.Theme.Drop
	}
	if m.index >= 0 && l.w.numbers[m.index] != 0 {
		shape += fmt.Sprint(l.w.numbers[m.index])
	}
	l.r.Text(min(at.x, l.r.Width()-canvas.Width(shape)), at.y, style.Reversed(), shape)
}

// path returns the way of a movement, corner by corner.
func (l *lane) path(m movement) []point {
	from := l.exit(m.from)
	to, shown := l.slots[m.index]
	switch {
	case m.to == abandoned:
		b := l.boxes[m.from]
		return []point{from, {from.x, b.y + b.height - 1}}
	case m.to == done: // an acknowledgement leaves the way here
		b := l.boxes[reader]
		return []point{l.entry(reader), {l.entry(reader).x, b.y + b.height - 1}}
	case !shown:
		to = l.entry(m.to)
	}
	switch {
	case m.to == wire:
		return append(append([]point{from}, l.bend[:len(l.bend)/2]...), to)
	case m.from == wire:
		return append(append([]point{from}, l.bend[len(l.bend)/2:]...), to)
	}
	return []point{from, to}
}

// exit is where a message leaves a station, entry where it comes in.
func (l *lane) exit(st station) point {
	if st == wire {
		return point{l.to, l.lineY}
	}
	b := l.boxes[st]
	if l.mirrored {
		return point{b.x + 1, b.y + 1}
	}
	return point{b.x + max(1, b.width-3), b.y + 1}
}

func (l *lane) entry(st station) point {
	if st == wire {
		return point{l.from, l.lineY}
	}
	b := l.boxes[st]
	if l.mirrored {
		return point{b.x + max(1, b.width-3), b.y + 1}
	}
	return point{b.x + 1, b.y + 1}
}

// along returns the cell at part t of a path, from 0 to 1. Between corners it goes along a row, then along a column.
func along(path []point, t float64) point {
	total := 0
	for i := range len(path) - 1 {
		total += distance(path[i], path[i+1])
	}
	left := int(t*float64(total) + 0.5)
	for i := range len(path) - 1 {
		a, b := path[i], path[i+1]
		d := distance(a, b)
		if left > d {
			left -= d
			continue
		}
		if dx := b.x - a.x; left <= abs(dx) {
			return point{a.x + sign(dx)*left, a.y}
		}
		return point{b.x, a.y + sign(b.y-a.y)*(left-abs(b.x-a.x))}
	}
	return path[len(path)-1]
}

func distance(a, b point) int { return abs(a.x-b.x) + abs(a.y-b.y) }

func abs(n int) int { return max(n, -n) }

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}

// lineWords says what there is to say of the line between the two peers.
func (c *chart) lineWords(w *way, brief bool) (string, canvas.Style) {
	th, l := c.s.Theme, w.line
	lost := 0
	for i, m := range w.list {
		if w.at[i] == abandoned && m.Place() == timeline.OnTheWay {
			lost++
		}
	}
	if l == nil {
		return c.s.Say(says.noLine), th.Faint
	}
	words, style := c.s.Say(says.line), th.Faint
	if !brief {
		words += " · " + printable(l.Name)
	}
	add := func(t text.Text, args ...any) { words, style = c.s.Say(t, args...), th.Warn }
	switch {
	case !l.Open && l.Closed.Failed:
		words, style = c.s.Say(says.cut), th.Bad
	case !l.Open:
		words, style = c.s.Say(says.closed), th.Warn
	case l.Frozen.Set():
		add(says.frozen)
	case l.HalfClosed.Set():
		add(says.halfClosed)
	case l.Lag > 0:
		add(says.lag, l.Lag)
	}
	if lost > 0 && !brief {
		words += " · " + c.s.Say(says.lostHere, lost)
	}
	return words, style
}

// stroke is the character of the line: whole where bytes pass.
func (w *way) stroke() string {
	switch {
	case w.line == nil || !w.line.Open:
		return "┈"
	case w.line.Frozen.Set():
		return "┄"
	}
	return "─"
}

// names reports whether a list of peers, as an act has it, holds that name.
func names(list, name string) bool {
	for len(list) > 0 {
		var one string
		one, list, _ = strings.Cut(list, ", ")
		if printable(one) == name {
			return true
		}
	}
	return false
}

// phaseOf says how far an end has come.
func (c *chart) phaseOf(e end) string {
	if e.conn == nil {
		return c.s.Say(says.dark)
	}
	return c.s.Say(terms.Phase(e.conn.Phase))
}
