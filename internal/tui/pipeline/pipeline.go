// Package pipeline draws one connection opened up, both ends of it, and answers the question that everybody asks of such a layer: where
// is my message now?
//
// The way of a message is a chain of stations (way.go): queues, drawn as square boxes, and goroutines, drawn as round ones, with the line
// between the two peers in the middle. Every station shows what it holds, how much more it could hold, and what its goroutine waits for;
// below the picture stands one sentence that says it in words (where.go). Before the handshake is over nothing but the handshake can
// travel, so until then its phases and its checks are shown instead (handshake.go).
//
// What is looked at is decided in view.go and worked out once for each moment; a frame of the movement only draws it again (chart.go).
package pipeline

import (
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// Panel is the view "pipeline".
type Panel struct {
	facing facing           // where the reader has turned
	before facing           // where it was turned to when it was drawn last
	last   timeline.ConnKey // what was drawn last

	seen moment
	view *view
	hits []hit
	says contents
}

// New returns the panel.
func New() *Panel { return &Panel{says: make(contents)} }

// The commands that only this panel knows.
const (
	turn     scene.Command = "pipeline-turn"
	previous scene.Command = "pipeline-previous"
	next     scene.Command = "pipeline-next"
	follow   scene.Command = "pipeline-follow"
)

// Offers implements scene.Panel.
func (p *Panel) Offers() []scene.Offer {
	return []scene.Offer{
		{Command: turn, Key: "d", Says: says.turn},
		{Command: previous, Key: "[", Says: says.previous},
		{Command: next, Key: "]", Says: says.next},
		{Command: follow, Key: "g", Says: says.follow},
	}
}

// Do implements scene.Panel.
func (p *Panel) Do(c scene.Command, s *scene.Scene) scene.Outcome {
	if c == follow {
		p.facing = facing{}
		return scene.Outcome{Handled: true, Select: &scene.Selection{}}
	}
	v := p.look(s)
	if v == nil {
		return scene.Outcome{}
	}
	switch c {
	case scene.Up:
		return p.step(v, s, -1)
	case scene.Down:
		return p.step(v, s, 1)
	case scene.PageUp:
		return p.step(v, s, -10)
	case scene.PageDown:
		return p.step(v, s, 10)
	case previous:
		return p.visit(v, s, -1)
	case next:
		return p.visit(v, s, 1)
	case turn:
		p.facing = facing{key: v.stream.Ends()[0].Key, way: 1 - v.shown, set: true}
		return scene.Outcome{Handled: true, Select: selectionOf(v.stream)}
	case scene.Choose:
		return choose(v, s)
	}
	return scene.Outcome{}
}

// step moves over the messages of the direction. The first time it takes the message that is shown, so that the reader sees where he is.
func (p *Panel) step(v *view, s *scene.Scene, by int) scene.Outcome {
	list := v.way().list
	if len(list) == 0 {
		return scene.Outcome{Handled: true}
	}
	i := v.chosen
	if s.Selected.Kind == scene.SelectMessage && v.has(s.Selected.Conn) {
		i = max(0, min(len(list)-1, v.chosen+by))
	}
	return scene.Outcome{Handled: true, Select: v.selection(i)}
}

// visit looks at another connection.
func (p *Panel) visit(v *view, s *scene.Scene, by int) scene.Outcome {
	streams := s.State.Streams()
	i := (v.rank - 1 + by + len(streams)) % len(streams)
	return scene.Outcome{Handled: true, Select: selectionOf(streams[i])}
}

func choose(v *view, s *scene.Scene) scene.Outcome {
	out := scene.Outcome{Handled: true, Inspect: true}
	if s.Selected.Kind == scene.SelectNothing {
		out.Select = selectionOf(v.stream)
		if v.chosen >= 0 {
			out.Select = v.selection(v.chosen)
		}
	}
	return out
}

// hit is a part of the picture that can be clicked.
type hit struct {
	x, y, width, height int
	selects             scene.Selection
}

// Click implements scene.Panel.
func (p *Panel) Click(x, y int, s *scene.Scene) scene.Outcome {
	for i := len(p.hits) - 1; i >= 0; i-- { // what was drawn last is on top
		if h := p.hits[i]; x >= h.x && x < h.x+h.width && y >= h.y && y < h.y+h.height {
			selects := h.selects
			return scene.Outcome{Handled: true, Select: &selects, Inspect: selects == s.Selected}
		}
	}
	return scene.Outcome{}
}

func (p *Panel) hit(x, y, width, height int, selects *scene.Selection) {
	p.hits = append(p.hits, hit{x: x, y: y, width: width, height: height, selects: *selects})
}

// The sizes from which on there is room for more.
const (
	wideWidth, wideHeight = 130, 17 // both peers side by side, and both directions
	bentWidth, bentHeight = 56, 13  // the chain in two rows
)

// Draw implements scene.Panel.
func (p *Panel) Draw(r canvas.Region, s *scene.Scene, focused bool) {
	p.hits = p.hits[:0]
	if r.Width() <= 0 || r.Height() <= 0 || s.State == nil {
		return
	}
	v := p.look(s)
	if v == nil {
		r.Paragraph(0, 0, r.Width(), s.Theme.Faint, s.Say(nothing(s.State)))
		return
	}
	c := &chart{r: r, s: s, p: p, v: v, focused: focused}
	switch {
	case v.shaking:
		c.handshake()
	case r.Width() >= wideWidth && r.Height() >= wideHeight:
		c.wide()
	case r.Width() >= bentWidth && r.Height() >= bentHeight:
		c.bent()
	default:
		c.rows()
	}
}

// nothing says why there is no connection to look at.
func nothing(st *timeline.State) text.Text {
	switch {
	case len(st.Peers) == 0:
		return says.noPeers
	default:
		return says.noConnection
	}
}

// held returns who is held under that ID, nil if nobody is.
func held(s *scene.Scene, id uint64) *session.Held {
	for i := range s.Held {
		if s.Held[i].ID == id {
			return &s.Held[i]
		}
	}
	return nil
}

// printable makes a name fit to be shown.
func printable(s string) string { return text.Printable(s) }

// Where answers the question in one sentence: where the message that is selected, or that the event has moved, is now, and what keeps it
// there. It returns "" if there is no connection.
func Where(s *scene.Scene) string {
	p := New()
	v := p.look(s)
	if v == nil {
		return ""
	}
	c := &chart{s: s, p: p, v: v}
	if v.shaking {
		return c.whereShaking()
	}
	return c.where()
}
