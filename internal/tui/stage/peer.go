package stage

// What is written into the box of a peer: who it is, how far its life has come, what it does at this moment, who of its goroutines is
// held, and what it holds itself. In a low box the first of these come first.

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// bubble is what somebody does at this moment.
type bubble struct {
	peer string
	role string // of the goroutine that does it; "" if the event does not say
	what string // the step, or the act
	kind narrate.Status
}

// bubbleOf finds out who does what.
func bubbleOf(s *scene.Scene) bubble {
	e := s.Event
	switch {
	case e == nil:
		return bubble{}
	case e.Step != nil:
		b := bubble{peer: e.Peer, what: string(e.Step.Step), kind: narrate.StatusOf(e.Step)}
		if tellsRole(e.Step) {
			b.role = string(e.Step.Goroutine())
		}
		return b
	case e.Act != nil:
		return actBubble(s, e)
	case e.Birth != nil:
		return bubble{peer: e.Peer, what: s.Say(says.born), kind: narrate.Well}
	case e.Death != nil:
		return bubble{peer: e.Peer, what: s.Say(says.ended), kind: narrate.Ended}
	}
	return bubble{}
}

// tellsRole reports whether the step knows on which goroutine it is. The store's do not, and anybody may close or drop.
func tellsRole(t *trace.Event) bool {
	return t.Step != trace.ConnClose && t.Step != trace.ConnDrop && (t.Object.Kind != trace.Store || t.Step == trace.StoreLookup)
}

func actBubble(s *scene.Scene, e *timeline.Event) bubble {
	verb, known := acts[e.Act.Verb]
	if !known {
		verb = text.Text{Zh: text.Printable(e.Act.Verb), En: text.Printable(e.Act.Verb)}
	}
	b := bubble{peer: e.Peer, what: s.Say(verb), kind: narrate.Well}
	switch {
	case b.peer == "": // the lesson holds or lets go
		b.peer = e.Act.Target
		b.what += " " + text.Printable(e.Act.Detail)
	case e.Act.Target != "":
		b.what += " → " + text.Printable(e.Act.Target)
	}
	return b
}

// lines returns the words of a bubble for a box so wide: in one row if they fit.
func (b bubble) lines(s *scene.Scene, room int) []string {
	what := b.what
	switch b.kind {
	case narrate.Failing:
		what = scene.FailedMark + " " + what
	case narrate.Ahead:
		what = s.Say(says.ahead) + " " + what
	}
	one := strings.TrimPrefix(b.role+" · "+what, " · ")
	switch {
	case b.role == "" || canvas.Width(one) <= room:
		return []string{canvas.Fit(one, room)}
	case canvas.Width(b.role+" "+what) <= room:
		return []string{b.role + " " + what}
	case canvas.Width(b.role+" · "+b.what) <= room && b.kind == narrate.Ahead:
		return []string{b.role + " · " + b.what}
	}
	return []string{b.role + " ·", canvas.Fit(what, room)}
}

// row is a row in a box.
type row struct {
	words []word
	right *word        // at the right end
	fill  canvas.Style // of the rest of the row
	rank  int          // the higher, the sooner it is left out
	held  uint64       // the ID of the goroutine that it tells of
}

// urgent is the rank of what comes right behind the name.
const urgent = 1

// rowsOf returns what there is to say of a peer, from top to bottom.
func (p *picture) rowsOf(s *scene.Scene, name string, room int) []row {
	peer := s.State.Peer(name)
	state := phaseOfPeer(s, peer)
	title := row{words: []word{{text.Printable(name), s.Theme.Strong}}, right: &state}
	if p.selected.Kind == scene.SelectPeer && p.selected.Peer == name {
		title.fill, title.words[0].style, state.style = s.Theme.Select, s.Theme.Select.Strong(), s.Theme.Select
	}
	rows := []row{title}
	rows = append(rows, identity(s, peer)...)
	if p.bubble.peer == name {
		style := s.Theme.Here
		if p.bubble.kind == narrate.Failing {
			style.Foreground = s.Theme.Bad.Foreground
		}
		lines := p.bubble.lines(s, room)
		for i, l := range lines {
			rows = append(rows, row{words: []word{{l, style}}, fill: style, rank: urgent + len(lines) - 1 - i})
		}
	}
	for _, h := range s.Held {
		if h.Peer == name {
			rows = append(rows, heldRow(s, h, room))
		}
	}
	return append(rows, p.holdings(s, peer)...)
}

// phaseOfPeer says how far a peer's life has come, or what it is that is no honest peer.
func phaseOfPeer(s *scene.Scene, p *timeline.Peer) word {
	switch {
	case p.Birth.Intruder && p.Birth.Endpoint != "":
		return word{s.Say(says.middleman), s.Theme.Bad}
	case p.Birth.Intruder:
		return word{s.Say(says.intruder), s.Theme.Bad}
	case p.Phase == timeline.PeerRunning:
		return word{s.Say(says.running), s.Theme.Good}
	case p.Phase == timeline.PeerStopping:
		return word{s.Say(says.stopping), s.Theme.Warn}
	case p.Phase == timeline.PeerDead && p.Death.Cause == "killed":
		return word{s.Say(says.killed), s.Theme.Bad}
	}
	return word{s.Say(says.stopped), s.Theme.Faint}
}

// identity says who a peer is: its organisation and the beginning of its PKI-ID, and whether it has lived before.
func identity(s *scene.Scene, p *timeline.Peer) []row {
	var rows []row
	if id := p.Birth.PKIID.String(); len(p.Birth.PKIID) > 0 || p.Birth.Organisation != "" {
		rows = append(rows, row{words: []word{{text.Printable(p.Birth.Organisation), s.Theme.Text}, {id[:min(len(id), 8)], s.Theme.Faint}}, rank: 3})
	}
	if p.Life > 1 {
		rows = append(rows, row{words: []word{{s.Say(says.life, p.Life), s.Theme.Warn}}, rank: 4})
	}
	return rows
}

// heldRow tells of a goroutine that is held, as much as there is room for. The one that goes on next is marked.
func heldRow(s *scene.Scene, h session.Held, room int) row {
	style, sign := s.Theme.Warn, ""
	if h.ID == s.Pick || s.Pick == 0 && h.ID == s.Held[0].ID {
		style.Underline, sign = true, "▸ "
	}
	if s.Selected.Kind == scene.SelectGoroutine && s.Selected.Goroutine == h.ID {
		style = s.Theme.Select
	}
	forms := []string{
		sign + s.Say(says.held, h.Goroutine, h.Step),
		sign + s.Say(says.heldTight, h.Goroutine, h.Step),
		s.Say(says.heldTight, h.Goroutine, h.Step),
		sign + s.Say(says.heldShort, h.Step),
	}
	words := forms[len(forms)-1]
	for _, form := range forms {
		if canvas.Width(form) <= room {
			words = form
			break
		}
	}
	return row{words: []word{{words, style}}, rank: urgent, held: h.ID}
}

// holdings says what the peer itself holds: its store, what waits in its queues, what it waits for.
func (p *picture) holdings(s *scene.Scene, peer *timeline.Peer) []row {
	var rows []row
	add := func(rank int, words ...word) { rows = append(rows, row{words: words, rank: rank}) }
	for _, c := range peer.Connections {
		if c.Phase == timeline.PhaseClosed {
			continue // nobody will take out what may be left
		}
		if n := c.InMsgChan(); n > 0 {
			add(4, word{"msgChan", s.Theme.Faint}, word{gauge(n, c.MsgChan.Cap, gaugeCells), gaugeStyle(s, n, c.MsgChan.Cap)})
		}
	}
	for _, sub := range peer.Subscriptions {
		if n := sub.Queue.Len; n > 0 {
			add(4, word{s.Say(says.subscription, sub.Number), s.Theme.Faint}, word{gauge(n, sub.Queue.Cap, gaugeCells), gaugeStyle(s, n, sub.Queue.Cap)})
		}
	}
	if peer.Birth.Intruder || !peer.Alive() {
		return rows
	}
	if names := p.stored(s, peer); names != "" {
		add(5, word{s.Say(says.store, names), s.Theme.Text})
	} else {
		add(7, word{s.Say(says.storeEmpty), s.Theme.Faint})
	}
	waiting := 0
	for _, w := range peer.Waits {
		if w.Since.Set() && !w.Result.Set() && !w.Done.Set() {
			waiting++
		}
	}
	if waiting > 0 {
		add(5, word{s.Say(says.waits, waiting), s.Theme.Warn})
	}
	if n := len(peer.Subscriptions); n > 0 {
		add(6, word{s.Say(says.subscriptions, n), s.Theme.Text})
	}
	return rows
}

// stored names those to whom the peer's store holds a connection.
func (p *picture) stored(s *scene.Scene, peer *timeline.Peer) string {
	var names []string
	for _, c := range peer.Stored() {
		name := "?"
		if i := slices.IndexFunc(s.State.Peers, func(o *timeline.Peer) bool { return bytes.Equal(o.Birth.PKIID, c.PKIID) }); i >= 0 {
			name = text.Printable(s.State.Peers[i].Birth.Name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// borders of boxes, in the order ┌ ─ ┐ │ └ ┘.
const (
	plainBorder    = "┌─┐│└┘"
	thickBorder    = "┏━┓┃┗┛"
	deadBorder     = "┌┄┐┆└┘"
	intruderBorder = "╔═╗║╚╝"
	asciiIntruder  = "######"
)

// drawBox draws a peer, and returns what can be hit there.
func (p *picture) drawBox(r canvas.Region, s *scene.Scene, b *box) []hit {
	peer := s.State.Peer(b.peer)
	border, style := plainBorder, s.Theme.Text
	switch {
	case peer.Birth.Intruder && r.ASCII():
		border, style = asciiIntruder, s.Theme.Bad
	case peer.Birth.Intruder:
		border, style = intruderBorder, s.Theme.Bad
	case !peer.Alive():
		border, style = deadBorder, s.Theme.Faint
	}
	if p.bubble.peer == b.peer {
		if !peer.Birth.Intruder {
			border = thickBorder
		}
		style = s.Theme.Focus
	}
	drawBorder(r, b.rect, border, style)
	inside := r.Sub(b.x+1, b.y+1, b.w-2, b.h-2)
	var hits []hit
	rows := p.rowsOf(s, b.peer, inside.Width())
	if inside.Height() == 1 {
		rows = brief(rows, inside.Width())
	}
	for y, row := range leave(rows, inside.Height()) {
		drawRow(inside, y, row)
		if row.held != 0 {
			hits = append(hits, hit{rect{b.x + 1, b.y + 1 + y, b.w - 2, 1}, scene.Selection{Kind: scene.SelectGoroutine, Peer: b.peer, Goroutine: row.held}})
		}
	}
	return append(hits, hit{b.rect, scene.Selection{Kind: scene.SelectPeer, Peer: b.peer}})
}

// brief puts what must not be overlooked into the first row, in the place of the phase: what the peer does, or who of it is held.
func brief(rows []row, room int) []row {
	for _, r := range rows[1:] {
		if r.rank != urgent {
			continue
		}
		title, what := rows[0], r.words[0]
		what.text = canvas.Fit(what.text, room-1-width(title.words))
		title.right, title.held = &what, r.held
		return []row{title}
	}
	return rows
}

func drawRow(r canvas.Region, y int, row row) {
	if row.fill != (canvas.Style{}) {
		r.Sub(0, y, r.Width(), 1).Fill(row.fill)
	}
	write(r, 0, y, r.Width(), row.words)
	if row.right != nil && width(row.words)+1+canvas.Width(row.right.text) <= r.Width() {
		r.Right(r.Width(), y, row.right.style, row.right.text)
	}
}

// leave leaves out rows, those of the highest rank first and of these the last first, until no more than limit are left.
func leave(rows []row, limit int) []row {
	for len(rows) > max(limit, 0) {
		out := 0
		for i, r := range rows {
			if r.rank >= rows[out].rank {
				out = i
			}
		}
		rows = slices.Delete(rows, out, out+1)
	}
	return rows
}

func drawBorder(r canvas.Region, b rect, border string, style canvas.Style) {
	c := []rune(border)
	for x := b.x + 1; x < b.x+b.w-1; x++ {
		r.Text(x, b.y, style, string(c[1]))
		r.Text(x, b.y+b.h-1, style, string(c[1]))
	}
	for y := b.y + 1; y < b.y+b.h-1; y++ {
		r.Text(b.x, y, style, string(c[3]))
		r.Text(b.x+b.w-1, y, style, string(c[3]))
	}
	r.Text(b.x, b.y, style, string(c[0]))
	r.Text(b.x+b.w-1, b.y, style, string(c[2]))
	r.Text(b.x, b.y+b.h-1, style, string(c[4]))
	r.Text(b.x+b.w-1, b.y+b.h-1, style, string(c[5]))
}

// chip returns the name of a peer that is folded, with what must not be overlooked of it, and perhaps how many connections it has.
func (p *picture) chip(s *scene.Scene, name string, counted bool) []word {
	peer := s.State.Peer(name)
	style := s.Theme.Strong
	switch {
	case p.selected.Kind == scene.SelectPeer && p.selected.Peer == name:
		style = s.Theme.Select
	case p.bubble.peer == name:
		style = s.Theme.Here
	}
	words := []word{{text.Printable(name), style}}
	n := 0
	for i := range p.edges {
		if p.edges[i].touches(name) && p.edges[i].look != closed {
			n++
		}
	}
	if counted && n > 0 {
		words[0].text += fmt.Sprintf("×%d", n)
	}
	if peer.Birth.Intruder || peer.Phase != timeline.PeerRunning {
		words = append(words, phaseOfPeer(s, peer))
	}
	if slices.ContainsFunc(s.Held, func(h session.Held) bool { return h.Peer == name }) {
		words = append(words, word{s.Say(says.heldChip), s.Theme.Warn})
	}
	return words
}
