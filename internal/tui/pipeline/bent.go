package pipeline

// The bent shape: one direction in two rows, read as text is read.

import (
	"strings"

	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// bent draws the direction that is looked at.
func (c *chart) bent() {
	width, height := c.r.Width(), c.r.Height()
	inner := 2 // lines in a box
	if height >= bentHeight+4 {
		inner = 3
	}
	l := &lane{chart: c, w: c.v.way()}
	upper := 2
	lower := upper + inner + 2 + 2
	l.lineY = lower - 2
	l.place(sending, 2, upper, width-4, inner+2, 3, 6, 4)
	l.place(receiving, 2, lower, width-4, inner+2, receivingWeights...)
	l.bend = []point{
		{width - 2, upper + 1}, {width - 1, upper + 1}, {width - 1, l.lineY},
		{0, l.lineY}, {0, lower + 1}, {1, lower + 1},
	}
	l.from, l.to = width-4, 3

	c.head(0)
	c.about(1, 2, width-2, l.w.from, true)
	c.about(lower-1, 2, width-2, l.w.to, false)
	l.draw()
	c.below(lower + inner + 2)
}

// head draws the line above everything: which connection, which direction, how far.
func (c *chart) head(y int) {
	th, w := c.s.Theme, c.v.way()
	right := c.r.Width()
	if c.v.among > 1 {
		right = c.r.Right(right, y, th.Faint, c.s.Say(says.among, c.v.rank, c.v.among)) - 1
	}
	if c.v.picked {
		right = c.r.Right(right, y, th.Accent, c.s.Say(says.picked)) - 1
	}
	x := c.r.Fit(0, y, right, th.Strong, c.v.name) + 2
	if x < right {
		x = c.r.Fit(x, y, right-x, th.Text, c.s.Say(says.header, w.from.name, w.to.name)) + 2
	}
	if words, style := c.state(); x < right {
		c.r.Fit(x, y, right-x, style, words)
	}
}

// about draws what is known of one end: the peer, its part, how far it has come, what it gave up.
func (c *chart) about(y, x, width int, e end, sends bool) {
	th := c.s.Theme
	role := says.receives
	if sends {
		role = says.sends
	}
	var words []string
	if !c.both {
		words = append(words, c.s.Say(role))
	}
	if e.conn != nil {
		words = append(words, c.s.Say(terms.Role(e.conn.Role)))
	}
	words = append(words, c.phaseOf(e))
	if e.conn != nil && e.conn.Stored {
		words = append(words, c.s.Say(says.stored))
	}
	if e.peer != nil && !e.peer.Alive() {
		words = append(words, c.s.Say(says.peerGone, c.s.Say(terms.PeerPhase(e.peer.Phase))))
	}
	end := x + width
	x = c.r.Fit(x, y, width, th.Strong, e.name)
	x = c.r.Fit(x, y, end-x, th.Faint, " "+strings.Join(words, " · ")+" ")
	if e.conn != nil && e.conn.Drops > 0 {
		x = c.r.Fit(x, y, end-x, th.Drop, " "+c.s.Say(says.drops, e.conn.Drops)+" ")
	}
	if w := c.receiving(e); !sends && w.stopped.Set() {
		n := w.sinceStopped()
		c.r.Fit(x, y, end-x, th.Warn, " "+firstThatFits(end-x-2, c.s.Say(says.stopped, n), c.s.Say(says.stoppedBrief, n), c.s.Say(says.stoppedShort))+" ")
	}
}

// receiving returns the direction in which an end receives.
func (c *chart) receiving(e end) *way {
	if e.conn == c.v.ways[0].to.conn {
		return &c.v.ways[0]
	}
	return &c.v.ways[1]
}

// drawLine draws the line from the writer to the reader, with what is said of it and the messages that are on it.
func (l *lane) drawLine() {
	th, stroke := l.s.Theme, l.w.stroke()
	for i := range len(l.bend) - 1 {
		a, b := l.bend[i], l.bend[i+1]
		for x := min(a.x, b.x); x <= max(a.x, b.x) && a.y == b.y; x++ {
			l.r.Text(x, a.y, th.Faint, stroke)
		}
		for y := min(a.y, b.y); y <= max(a.y, b.y) && a.x == b.x; y++ {
			l.r.Text(a.x, y, th.Faint, "│")
		}
	}
	if len(l.bend) == 6 {
		for i, corner := range []string{"╮", "╯", "╭", "╰"} {
			l.r.Text(l.bend[i+1].x, l.bend[i+1].y, th.Faint, corner)
		}
	}
	head, tip := l.bend[len(l.bend)-1], "→"
	if l.mirrored {
		tip = "←"
	}
	l.r.Text(head.x, head.y, th.Faint, tip)
	l.onLine()
}

// onLine draws the messages that are on the line, the first to arrive in front.
func (l *lane) onLine() {
	step := 1
	if l.to < l.from {
		step = -1
	}
	room := abs(l.to-l.from) + 1
	x := l.to // beginning with the one that is nearest to its end
	for _, i := range l.w.holds[wire] {
		width := len(strings.TrimLeft(l.mark(i), scene.DataMark+scene.AckMark+scene.HandshakeMark+scene.UnknownMark)) + 1
		if room -= width + 1; room < 6 {
			l.r.Text(x, l.lineY, l.s.Theme.Faint, "…")
			return
		}
		at := x
		if step > 0 {
			at = x - width + 1
		}
		l.slots[i] = point{at, l.lineY}
		if !l.moving(i) {
			l.drawMark(l.r, at, l.lineY, i)
		}
		l.p.hit(at, l.lineY, width, 1, l.v.selectionOn(l.w, i))
		x -= step * (width + 1)
	}
	if !l.both {
		l.lineLabel(x)
	}
}

// lineLabel writes on the line what it is, behind the messages, of which the last ends before x.
func (l *lane) lineLabel(x int) {
	words, style := l.lineWords(l.w, false)
	words = " " + words + " "
	width := abs(l.from-x) - 2
	if canvas.Width(words) > width {
		words, style = l.lineWords(l.w, true)
		words = " " + words + " "
	}
	if width > 8 {
		l.r.Fit(x+3, l.lineY, width, style, words)
	}
}

// state says in a word how far the connection has come, and whether that is bad.
func (c *chart) state() (string, canvas.Style) {
	phase := timeline.PhaseClosed
	failed := false
	for _, e := range c.v.stream.Ends() {
		phase = min(phase, e.Phase)
		failed = failed || e.Close.Failed
	}
	style := c.s.Theme.Good
	switch {
	case failed:
		style = c.s.Theme.Bad
	case phase > timeline.PhaseEstablished:
		style = c.s.Theme.Warn
	case phase < timeline.PhaseEstablished:
		style = c.s.Theme.Handshake
	}
	return c.s.Say(terms.Phase(phase)), style
}
