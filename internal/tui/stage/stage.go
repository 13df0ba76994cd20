// Package stage draws the peers of a session as boxes, their connections as lines between them, and their messages as marks that move
// along the lines. It is the view that a reader looks at first, and answers: who is there, who talks to whom, and what travels now?
//
// All that does not move is worked out once for each moment (picture.go): where the peers stand (layout.go), what is a line (edge.go), which
// lines are drawn (choice.go) and how they run (route.go), and where each message is (mark.go). A frame of the movement only draws it:
// strokes and marks (draw.go), what is written beside a line (label.go, caption.go), and the boxes (peer.go). Nothing is drawn that the
// timeline does not know.
package stage

import (
	"slices"

	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// Panel is the view "stage".
type Panel struct {
	picture *picture
	lang    string
	hits    []hit
	w, h    int
}

// New returns the panel.
func New() *Panel { return &Panel{w: 80, h: 20} }

// look returns the picture of a scene, which is worked out once for each moment.
func (p *Panel) look(s *scene.Scene) *picture {
	m := momentOf(s, p.w, p.h)
	if p.picture == nil || p.picture.moment != m || p.lang != string(s.Lang) {
		p.picture, p.lang = newPicture(s, m), string(s.Lang)
	}
	return p.picture
}

// Draw implements scene.Panel.
func (p *Panel) Draw(r canvas.Region, s *scene.Scene, _ bool) {
	p.w, p.h, p.hits = r.Width(), r.Height(), p.hits[:0]
	if p.w == 0 || p.h == 0 || s.State == nil {
		return
	}
	pic := p.look(s)
	switch {
	case len(pic.peers) == 0:
		r.Paragraph(1, r.Height()/2, r.Width()-2, s.Theme.Faint, s.Say(says.noPeers))
		return
	case pic.lay.list:
		p.drawList(r, s, pic)
		return
	}
	for i := range pic.lay.boxes {
		p.hits = append(p.hits, pic.drawBox(r, s, &pic.lay.boxes[i])...)
	}
	p.drawLines(r, s, pic)
	p.drawStrip(r, s, pic)
	pic.drawLegend(r, s)
}

// drawLines draws the lines, those that matter now on top.
func (p *Panel) drawLines(r canvas.Region, s *scene.Scene, pic *picture) {
	for _, top := range []bool{false, true} {
		for i := range pic.lines {
			if l := &pic.lines[i]; (l.current || l.selected) == top {
				l.drawStrokes(r, s)
			}
		}
	}
	for i := range pic.lines {
		pic.lines[i].drawLabels(r, s)
	}
	for i := range pic.lines {
		pic.lines[i].drawMarks(r, s)
		pic.drawCaption(r, s, &pic.lines[i])
	}
	c := pic.lay.corridor
	corridor := r.Sub(c.x, c.y, c.w, c.h)
	if len(pic.edges) == 0 {
		corridor.Paragraph(2, c.h/2, c.w-4, s.Theme.Faint, s.Say(says.noEdges))
		return
	}
	corridor.Fit(1, c.h-1, c.w-2, s.Theme.Faint, pic.missing(s, c.w-2))
}

// missing says what is not drawn, as much as there is room for, "" if everything is: the connection of the event by its name, and how many
// others with life in them.
func (p *picture) missing(s *scene.Scene, room int) string {
	others := p.hidden
	var forms []string
	if p.now >= 0 && !slices.ContainsFunc(p.lines, func(l line) bool { return l.current }) {
		e := &p.edges[p.now]
		if e.look != closed {
			others--
		}
		forms = []string{s.Say(says.notDrawn, e.name, (&line{edge: e}).phaseWord(s).text), s.Say(says.notDrawnShort, e.name)}
	}
	switch {
	case others > 0 && len(forms) > 0:
		forms = append([]string{s.Say(says.and, forms[0], s.Say(says.unfoldedShort, others))}, forms...)
	case others > 0:
		forms = []string{s.Say(says.unfolded, others), s.Say(says.unfoldedShort, others)}
	case len(forms) == 0:
		return ""
	}
	for _, form := range forms {
		if canvas.Width(form) <= room {
			return form
		}
	}
	return forms[len(forms)-1]
}

// drawStrip names the peers that are folded, as many as there is room for.
func (p *Panel) drawStrip(r canvas.Region, s *scene.Scene, pic *picture) {
	strip := pic.lay.strip
	if len(pic.lay.chips) == 0 {
		return
	}
	long := strip.h > 1
	words := s.Say(says.foldedShort, len(pic.lay.chips))
	if long {
		words = s.Say(says.folded, len(pic.lay.chips))
	}
	x, y := r.Text(strip.x+1, strip.y, s.Theme.Faint, words)+1, strip.y
	if long {
		x, y = strip.x+1, y+1
	}
	for _, name := range pic.lay.chips {
		words := pic.chip(s, name, long)
		if x+width(words) > strip.w-2 {
			r.Text(x, y, s.Theme.Faint, "…")
			return
		}
		write(r, x, y, strip.w-x, words)
		p.hits = append(p.hits, hit{rect{x, y, width(words), 1}, scene.Selection{Kind: scene.SelectPeer, Peer: name}})
		x += width(words) + 2
	}
}
