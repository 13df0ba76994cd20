package pipeline

// A Probe asks whether anybody listens, and nothing else: it opens no stream, so there is no handshake to draw, and there are no checks.

import (
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// probes reports whether the connection is that of a Probe.
func (v *view) probes() bool {
	return v.stream.Initiator != nil && v.stream.Initiator.Purpose == trace.ForProbe
}

// probe draws how far a Probe has come, the sentence, and why there is no more to see. The sentence goes before everything.
func (c *chart) probe() {
	width, height := c.r.Width(), c.r.Height()
	sentence := text.Wrap(c.whereShaking(), max(8, width-2))
	y := 0
	for _, draw := range []func(y int){c.head, c.track} {
		if height-y > len(sentence) {
			draw(y)
			y++
		}
	}
	c.sentence(y, sentence)
	y += len(sentence) + 1
	for _, t := range c.noHandshake() {
		for _, line := range text.Wrap(c.s.Say(t), max(8, width-2)) {
			if y < height {
				c.r.Fit(2, y, width-2, c.s.Theme.Faint, line)
			}
			y++
		}
	}
}

// noHandshake says what a Probe does without. Of TLS it speaks once it is up.
func (c *chart) noHandshake() []text.Text {
	i := c.v.stream.Initiator
	p := c.v.ways[0].from.peer
	tls := p != nil && i.Local != "" && slices.ContainsFunc(p.Handshakes, func(h timeline.TLSHandshake) bool {
		return h.Passed() && h.Local == i.Local && h.Remote == i.Remote
	})
	if tls {
		return []text.Text{says.probeNoChecks, says.probeTLS}
	}
	return []text.Text{says.probeNoChecks}
}
