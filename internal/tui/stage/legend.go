package stage

// What the shapes mean, and what is shown where there is no room for a picture.

import (
	"strings"

	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// drawLegend says what the shapes mean. What there is no room for is left out.
func (p *picture) drawLegend(r canvas.Region, s *scene.Scene) {
	l := p.lay.legend
	r = r.Sub(l.x, l.y, l.w, l.h)
	x, y := 1, 0
	put := func(style canvas.Style, shape string, words string) {
		if need := canvas.Width(shape) + 1 + canvas.Width(words); x+need > r.Width()-1 {
			if y++; y >= r.Height() {
				return
			}
			x = 1
		}
		x = r.Text(x, y, style, shape) + 1
		x = r.Text(x, y, s.Theme.Faint, words) + 2
	}
	t := s.Theme
	put(t.Data, scene.DataMark, s.Say(says.data))
	put(t.Ack, scene.AckMark, s.Say(says.ack))
	put(t.Handshake, scene.HandshakeMark, s.Say(says.hello))
	put(t.Ping, scene.PingMark, s.Say(says.ping))
	put(t.Drop, scene.DropMark, s.Say(says.drop))
	if r.Height() > 1 {
		x, y = 1, 1
	} else {
		x++
	}
	for _, stroke := range []struct {
		look  look
		heavy bool
		says  string
	}{
		{bare, false, s.Say(says.dialling)}, {encrypted, false, s.Say(says.encrypted)}, {established, false, s.Say(says.serving)},
		{closing, false, s.Say(says.closing)}, {established, true, s.Say(says.current)},
	} {
		pen := penOf(stroke.look, stroke.heavy, r.ASCII())
		var sample strings.Builder
		for i := range 3 {
			sample.WriteString(nth(pen.level, i))
		}
		put((&line{edge: &edge{}}).style(t, stroke.look), sample.String(), stroke.says)
	}
	put(t.Text, ">", s.Say(says.direction))
	put(t.Text, "▮▯", s.Say(says.queue))
}

// drawList tells in words what there is, where there is no room for a picture: what happens, then the lines, then the peers.
func (p *Panel) drawList(r canvas.Region, s *scene.Scene, pic *picture) {
	y := 0
	put := func(words []word) {
		if y < r.Height() {
			write(r, 0, y, r.Width(), words)
			y++
		}
	}
	if b := pic.bubble; b.what != "" {
		put([]word{{strings.TrimSpace(b.peer + " " + b.lines(s, r.Width())[0]), s.Theme.Here}})
	}
	for i := len(pic.edges) - 1; i >= 0; i-- {
		e := &pic.edges[i]
		if e.look == closed && i != pic.now {
			continue
		}
		l := line{edge: e, current: i == pic.now, selected: i == pic.chosen, ended: endOf(e)}
		put(l.words(s, r.Width()))
	}
	for _, peer := range pic.peers {
		title := pic.rowsOf(s, peer, r.Width())[0]
		put(append(title.words, *title.right))
	}
}
