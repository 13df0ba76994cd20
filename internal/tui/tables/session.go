package tables

// What belongs to no single peer: goroutines by their connections, the lines, the invariants.

import (
	"fmt"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

type stylish = canvas.Style

// phase is the style of a connection's phase.
func (b *builder) phase(c *timeline.Connection) stylish {
	switch {
	case c.Close.Failed || c.Refused.Set():
		return b.th.Bad
	case c.Phase == timeline.PhaseEstablished:
		return b.th.Good
	case c.Phase < timeline.PhaseEstablished:
		return b.th.Handshake
	}
	return b.th.Warn
}

// runner is a goroutine and the connection that it belongs to, if it belongs to one.
type runner struct {
	timeline.Goroutine
	conn *timeline.Connection
}

func runners(p *timeline.Peer) []runner {
	var list []runner
	for _, g := range p.Goroutines {
		if g.Alive {
			list = append(list, runner{Goroutine: g})
		}
	}
	for _, c := range p.Connections {
		for _, g := range c.Goroutines {
			if g.Alive {
				list = append(list, runner{Goroutine: g, conn: c})
			}
		}
	}
	return list
}

// goroutines adds who is alive, and where he waits.
func (b *builder) goroutines(p *timeline.Peer, key string, sel scene.Selection) {
	list := runners(p)
	if len(list) == 0 {
		b.without(key+"/goroutines", 1, says.goroutines, says.goroutinesEmpty, sel)
		return
	}
	shown := b.section(key+"/goroutines", 1, b.say(says.goroutines), len(list), sel, false)
	for _, g := range list {
		if !shown {
			b.mark(b.at(g.Mark))
			continue
		}
		name, selects := "", sel
		if g.conn != nil {
			name, selects = b.name(g.conn), connection(g.conn)
		}
		words, style := b.say(terms.Doing(g.Goroutine, terms.NoRoom(p, g.conn, g.Goroutine))), b.th.Faint
		if h := heldAs(b.s, p.Birth.Name, g.conn, g.Goroutine); h != nil && b.isLatest(p) {
			words, style = "‖ "+terms.Held(b.s.Lang, h.Step), b.th.Warn
			selects = scene.Selection{Kind: scene.SelectGoroutine, Peer: p.Birth.Name, Goroutine: h.ID}
		}
		role := string(g.Role)
		if g.Task != "" {
			role += " " + g.Task
		}
		b.add(row{key: fmt.Sprintf("%s/go/%s/%s/%s", key, name, role, connKey(g.conn)), depth: 2, changed: b.at(g.Mark), selects: selects, parts: []part{
			{text.Printable(role), b.th.Text, whoCells}, {name, b.th.Strong, nameCells}, {text.Printable(string(g.At)), b.th.Text, 18}, {words, style, 0},
		}})
	}
}

func connKey(c *timeline.Connection) string {
	if c == nil {
		return ""
	}
	return keyOf(c)
}

// invariants adds what must always hold. What is broken stands there unfolded, and leads to the event that broke it.
func (b *builder) invariants() {
	list := b.s.State.Invariants()
	held := 0
	for _, in := range list {
		if in.Holds {
			held++
		}
	}
	key := "invariants"
	w := row{key: key, heading: true, folds: key, folded: b.isFolded(key, held == len(list) && !b.tall)}
	summary, style := b.say(says.allHold, held, len(list)), b.th.Good
	mark := scene.KeptMark
	if held < len(list) {
		summary, style, mark = b.say(says.notAll, len(list)-held, len(list)), b.th.Bad, scene.FailedMark
	}
	w.parts = []part{{foldMark(w.folded) + " " + b.say(says.invariants), b.th.Accent, 0}, {mark + " " + summary, style, 0}}
	b.add(w)
	if w.folded {
		return
	}
	for _, in := range list {
		b.invariant(in)
	}
}

func (b *builder) invariant(in timeline.Invariant) {
	name, why := terms.Invariant(in.Name)
	mark, style := scene.KeptMark, b.th.Good
	if !in.Holds {
		mark, style = scene.FailedMark, b.th.Bad
	}
	key := "invariant/" + string(in.Name)
	b.add(row{key: key, depth: 1, changed: b.at(in.Broken), goTo: in.Broken.N, parts: []part{{mark + " " + b.say(name), style, 0}}})
	note := func(words string, style stylish) {
		for i, line := range text.Wrap(words, max(20, b.width-8)) {
			b.add(row{key: fmt.Sprint(key, "/", words, i), depth: 2, still: true, parts: []part{{line, style, 0}}})
		}
	}
	if b.tall || !in.Holds {
		note(b.say(why), b.th.Faint)
	}
	if !in.Holds {
		note(b.say(says.brokenBy, in.Broken.N, text.Printable(in.Peer), text.Printable(in.Why)), b.th.Bad)
		note(b.say(says.goThere), b.th.Accent)
	}
}

// lines adds the transport connections: first those that are open.
func (b *builder) lines() {
	var open, closed []*timeline.Line
	for _, l := range b.s.State.Lines {
		if l.Open {
			open = append(open, l)
		} else {
			closed = append(closed, l)
		}
	}
	if len(open) == 0 {
		b.without("lines", 0, says.lines, says.linesEmpty, scene.Selection{})
	} else {
		shown := b.section("lines", 0, b.say(says.lines), len(open), scene.Selection{}, false)
		for _, l := range open {
			b.line(l, shown)
		}
	}
	if len(closed) > 0 {
		changed := false
		for _, l := range closed {
			changed = changed || l.Name == b.touch.line
		}
		shown := b.section("closed lines", 0, b.say(says.closedLines), len(closed), scene.Selection{}, !changed)
		for _, l := range closed {
			b.line(l, shown)
		}
	}
}

func (b *builder) line(l *timeline.Line, shown bool) {
	changed := l.Name == b.touch.line
	if !shown {
		b.mark(changed)
		return
	}
	words, style := lineState(b.s, l)
	parts := []part{{text.Printable(l.Name), b.th.Strong, nameCells + 2}, {words, style, 16}}
	if l.Sent+l.Received > 0 { // as of its last change: bytes alone are no event
		parts = append(parts, part{b.say(says.bytes, terms.Bytes(l.Sent), terms.Bytes(l.Received)), b.th.Faint, 0})
	}
	b.add(row{key: "line/" + l.Name, depth: 1, parts: parts, changed: changed, selects: b.over(l)})
}

// over selects the latest connection that runs over a line.
func (b *builder) over(l *timeline.Line) scene.Selection {
	if c := b.overLine[l.Name]; c != nil {
		return connection(c)
	}
	return scene.Selection{}
}

// lineState says in a few words how a line is.
func lineState(s *scene.Scene, l *timeline.Line) (string, canvas.Style) {
	th := s.Theme
	switch {
	case !l.Open && l.Closed.Failed:
		return s.Say(says.cut), th.Bad
	case !l.Open:
		return s.Say(says.lineClosed), th.Faint
	case l.Frozen.Set():
		return s.Say(says.frozen), th.Warn
	case l.HalfClosed.Set():
		return s.Say(says.halfClosed), th.Warn
	case l.Lag > 0:
		return s.Say(says.lag, l.Lag), th.Warn
	}
	return s.Say(says.passes), th.Good
}
