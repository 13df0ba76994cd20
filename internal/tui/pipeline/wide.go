package pipeline

// The wide shape: the peers side by side, the initiator on the left, and both directions between them, each a row of stations. It is the
// same picture for both, so that a reader sees an acknowledgement come back above the message that it is of.

import "gossipscope/internal/tui/canvas"

// wide draws both directions.
func (c *chart) wide() {
	c.both = true
	width, height := c.r.Width(), c.r.Height()
	inner := 2
	if height >= wideHeight+4 {
		inner = 3
	}
	between := 18
	peer := (width - between) / 2
	box := inner + 2
	frame := 2*box + 3
	c.head(0)
	for i, e := range []end{c.v.ways[0].from, c.v.ways[0].to} {
		x := i * (width - peer)
		c.r.Sub(x, 1, peer, frame).Box(c.s.Theme.Border)
		c.heading(x, 1, peer, e)
	}
	for d := range c.v.ways {
		l := &lane{chart: c, w: &c.v.ways[d], mirrored: d == 1}
		top := 2 + d*(box+1)
		l.lineY = top + 1
		near, far := 1, width-peer+1
		if l.mirrored {
			near, far = far, near
		}
		l.place(sending, near, top, peer-2, box, 3, 5, 3)
		l.place(receiving, far, top, peer-2, box, receivingWeights...)
		l.bend = []point{{peer - 1, l.lineY}, {width - peer, l.lineY}}
		l.from, l.to = peer+1, width-peer-2
		if l.mirrored {
			l.bend[0], l.bend[1] = l.bend[1], l.bend[0]
			l.from, l.to = l.to, l.from
		}
		l.draw()
		c.between(l, peer, top, between)
	}
	c.below(1 + frame)
}

// heading writes on the frame of a peer what is known of its end.
func (c *chart) heading(x, y, width int, e end) {
	region := c.r.Sub(x+1, y, width-2, 1)
	frame := &chart{r: region, s: c.s, p: c.p, v: c.v, both: true}
	region.Text(1, 0, c.s.Theme.Border, " ")
	frame.about(0, 2, width-6, e, false)
}

// between labels a direction in the gap between the peers.
func (c *chart) between(l *lane, x, y, width int) {
	th := c.s.Theme
	gap := c.r.Sub(x, y, width, 4)
	name := l.w.from.name + " → " + l.w.to.name
	style := th.Faint
	if l.w == c.v.way() {
		name, style = "▸ "+name, th.Strong
	}
	gap.Text(max(0, (width-canvas.Width(name))/2), 0, style, canvas.Fit(name, width))
	words, style := c.lineWords(l.w, true)
	gap.Text(max(1, (width-canvas.Width(words))/2), 2, style, canvas.Fit(words, width-2))
}
