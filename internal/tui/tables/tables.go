// Package tables shows the state of the layer as the layer itself holds it: for each peer its connection store, its dials, the
// acknowledgements that it waits for, its subscriptions, its notices of death, its goroutines and its counters; and for the whole session
// the lines and the invariants, kept or broken. What the event of the moment has changed is marked.
//
// The same facts, all that are known of one thing, are what Inspect returns for a dialog.
package tables

import (
	"fmt"
	"slices"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// Panel is the view "state".
type Panel struct {
	cursor   string          // the row that the reader stands on, by its key; "" if he follows the event
	only     string          // the peer to which the tables are confined, "" for all
	folded   map[string]bool // what the reader has folded, or unfolded
	foldings int             // how often he has
	told     scene.Selection // what the reader selected last by moving here

	seen  moment
	view  *view
	tops  []int // the first visible row of each column
	drawn []area
}

// New returns the panel.
func New() *Panel { return &Panel{folded: make(map[string]bool)} }

// The commands that only this panel knows.
const (
	confine  scene.Command = "tables-confine"
	fold     scene.Command = "tables-fold"
	previous scene.Command = "tables-previous"
	next     scene.Command = "tables-next"
	follow   scene.Command = "tables-follow"
)

// Offers implements scene.Panel.
func (p *Panel) Offers() []scene.Offer {
	return []scene.Offer{
		{Command: confine, Key: "o", Says: says.confine},
		{Command: fold, Key: "x", Says: says.fold},
		{Command: previous, Key: "[", Says: says.previous},
		{Command: next, Key: "]", Says: says.next},
		{Command: follow, Key: "g", Says: says.follow},
	}
}

// moment is what a view depends on.
type moment struct {
	state      *timeline.State
	n          uint64
	events, at int
	held       string
	only       string
	selected   scene.Selection
	folds      int
	width      int
	tall       bool
	lang       text.Lang
	theme      *scene.Theme
}

// area is a part of the region that was drawn last: the rows of one column.
type area struct {
	x, y, width, height int
	column, top         int
}

// The sizes from which on there is room for more.
const (
	wideWidth  = 120 // the session beside the peers
	tallHeight = 30  // what holds is unfolded too
	sideWidth  = 56
)

// look returns the rows of the scene.
func (p *Panel) look(s *scene.Scene, width, height int) *view {
	now := moment{state: s.State, n: s.State.N, events: len(s.Events), at: s.At, held: heldIDs(s), only: p.only, selected: s.Selected,
		folds: p.foldings, width: width, tall: height >= tallHeight, lang: s.Lang, theme: s.Theme}
	if p.view == nil || now != p.seen {
		p.seen = now
		p.view = p.build(s, width, height)
	}
	return p.view
}

func heldIDs(s *scene.Scene) string {
	ids := ""
	for i := range s.Held {
		ids += fmt.Sprint(s.Held[i].ID, " ")
	}
	return ids
}

// Draw implements scene.Panel.
func (p *Panel) Draw(r canvas.Region, s *scene.Scene, focused bool) {
	p.drawn = p.drawn[:0]
	if r.Width() <= 0 || r.Height() <= 0 || s.State == nil {
		return
	}
	if len(s.State.Peers) == 0 {
		r.Paragraph(0, 0, r.Width(), s.Theme.Faint, s.Say(says.noPeers))
		return
	}
	v := p.look(s, r.Width(), r.Height())
	p.meet(v, s)
	x := 0
	for i, column := range v.columns {
		width := v.widths[i]
		p.column(r.Sub(x, 0, width, r.Height()), s, i, column, focused)
		x += width
		if i < len(v.columns)-1 {
			r.Vertical(x, 0, r.Height(), s.Theme.Border)
			x += 2
		}
	}
}

// meet takes the cursor to what was selected elsewhere, or to the connection that it belongs to.
func (p *Panel) meet(v *view, s *scene.Scene) {
	sel := s.Selected
	if sel == p.told || sel.Kind == scene.SelectNothing {
		return
	}
	wider := scene.Selection{Kind: scene.SelectConnection, Peer: sel.Conn.Peer, Conn: sel.Conn}
	for _, want := range []scene.Selection{sel, wider} {
		for _, w := range v.stops() {
			if w.selects == want {
				p.cursor, p.told = w.key, sel
				return
			}
		}
	}
}

// column draws the rows of one column around the cursor, or, if the reader follows the event, around what it has changed.
func (p *Panel) column(r canvas.Region, s *scene.Scene, i int, rows []row, focused bool) {
	for len(p.tops) <= i {
		p.tops = append(p.tops, 0)
	}
	height := r.Height()
	at := slices.IndexFunc(rows, func(w row) bool { return w.key == p.cursor && p.cursor != "" })
	if at < 0 && p.cursor == "" {
		at = slices.IndexFunc(rows, func(w row) bool { return w.changed })
	}
	top := max(0, min(p.tops[i], len(rows)-height))
	switch {
	case at < 0:
	case at < top+1:
		top = max(0, at-1)
	case at >= top+height-1:
		top = max(0, min(at-height+2, len(rows)-height))
	}
	p.tops[i] = top
	width := r.Width()
	if len(rows) > height {
		width--
		bar(r, s.Theme, top, len(rows))
	}
	for y := range min(height, len(rows)-top) {
		w := &rows[top+y]
		w.draw(r.Sub(0, y, width, 1), s.Theme)
		if w.key == p.cursor && p.cursor != "" && focused {
			r.Restyle(0, y, width, 1, func(canvas.Style) canvas.Style { return s.Theme.Select })
		}
	}
	left, _ := p.place(i)
	p.drawn = append(p.drawn, area{x: left, width: width, height: height, column: i, top: top})
}

func (p *Panel) place(column int) (x, width int) {
	for i := range column {
		x += p.view.widths[i] + 2
	}
	return x, p.view.widths[column]
}

// bar shows at the right edge which part of the rows is visible.
func bar(r canvas.Region, th *scene.Theme, top, rows int) {
	height := r.Height()
	thumb := max(1, height*height/rows)
	at := top * (height - thumb) / max(1, rows-height)
	for y := range height {
		if y >= at && y < at+thumb {
			r.Text(r.Width()-1, y, th.Faint, "█")
		} else {
			r.Text(r.Width()-1, y, th.Border, "│")
		}
	}
}

// Do implements scene.Panel.
func (p *Panel) Do(c scene.Command, s *scene.Scene) scene.Outcome {
	if c == follow {
		p.cursor, p.told = "", scene.Selection{}
		return scene.Outcome{Handled: true, Select: &scene.Selection{}}
	}
	if s.State == nil || len(s.State.Peers) == 0 {
		return scene.Outcome{}
	}
	width, height := p.seen.width, 0
	if p.seen.tall {
		height = tallHeight
	}
	v := p.look(s, max(width, 1), height)
	list := v.stops()
	at := slices.IndexFunc(list, func(w *row) bool { return w.key == p.cursor })
	switch c {
	case scene.Up:
		return p.to(list, at, -1)
	case scene.Down:
		return p.to(list, at, 1)
	case scene.PageUp:
		return p.to(list, at, -10)
	case scene.PageDown:
		return p.to(list, at, 10)
	case previous, next:
		return p.section(list, at, c == next)
	case confine:
		return p.confine(list, at)
	case fold:
		for ; at >= 0; at-- { // the section that the cursor stands in
			if list[at].folds != "" {
				return p.turn(list[at])
			}
		}
		return scene.Outcome{Handled: true}
	case scene.Choose:
		if at < 0 { // nobody knows yet what would be opened
			return p.to(list, at, 0)
		}
		return p.choose(list[at])
	}
	return scene.Outcome{}
}

// to moves the cursor by some rows. The first press only shows where it is: on what the event has changed, else on the first row.
func (p *Panel) to(list []*row, at, by int) scene.Outcome {
	if len(list) == 0 {
		return scene.Outcome{Handled: true}
	}
	if at < 0 {
		at = max(0, slices.IndexFunc(list, func(w *row) bool { return w.changed }))
	} else {
		at = max(0, min(len(list)-1, at+by))
	}
	return p.stand(list[at])
}

func (p *Panel) stand(w *row) scene.Outcome {
	p.cursor, p.told = w.key, w.selects
	selects := w.selects
	return scene.Outcome{Handled: true, Select: &selects}
}

// section moves the cursor to the next heading, or the one before.
func (p *Panel) section(list []*row, at int, forward bool) scene.Outcome {
	by := -1
	if forward {
		by = 1
	}
	for i := at + by; i >= 0 && i < len(list); i += by {
		if list[i].heading {
			return p.stand(list[i])
		}
	}
	return scene.Outcome{Handled: true}
}

// confine shows the peer under the cursor alone, or all again.
func (p *Panel) confine(list []*row, at int) scene.Outcome {
	switch {
	case p.only != "":
		p.only = ""
	case at >= 0:
		p.only = list[at].selects.Peer
	case len(list) > 0:
		p.only = list[max(0, slices.IndexFunc(list, func(w *row) bool { return w.changed }))].selects.Peer
	}
	return scene.Outcome{Handled: true}
}

// choose opens what is under the cursor: a section unfolds or folds, what broke an invariant is gone to, everything else is inspected.
func (p *Panel) choose(w *row) scene.Outcome {
	selects := w.selects
	switch {
	case w.folds != "" && !w.peer:
		return p.turn(w)
	case w.goTo != 0:
		return scene.Outcome{Handled: true, GoTo: w.goTo}
	case selects.Kind == scene.SelectNothing:
		return scene.Outcome{Handled: true}
	}
	p.told = selects
	return scene.Outcome{Handled: true, Select: &selects, Inspect: true}
}

// turn folds a section, or unfolds it, and leaves the cursor on its heading.
func (p *Panel) turn(w *row) scene.Outcome {
	p.folded[w.folds] = !w.folded
	p.foldings++
	return p.stand(w)
}

// Click implements scene.Panel.
func (p *Panel) Click(x, y int, s *scene.Scene) scene.Outcome {
	for _, a := range p.drawn {
		if x < a.x || x >= a.x+a.width || y < a.y || y >= a.y+a.height || p.view == nil {
			continue
		}
		rows := p.view.columns[a.column]
		if i := a.top + y; i < len(rows) && !rows[i].still {
			if rows[i].key == p.cursor {
				return p.choose(&rows[i])
			}
			return p.stand(&rows[i])
		}
	}
	return scene.Outcome{}
}
