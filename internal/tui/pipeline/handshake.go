package pipeline

// Before the handshake is over, and where it has failed, nothing travels but the handshake itself. So the picture is another one: how far
// the dial has come, the one message that each end sends, what waits in outBuff meanwhile, and the checks of both ends with their outcome.

import (
	"fmt"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// stage of a handshake: how a part of it stands.
type standing int

const (
	ahead standing = iota
	now
	well
	failed
	skipped // the connection has ended without it, and that is all right
)

type leg struct {
	name text.Text
	standing
}

// handshake draws the picture, as much of it as there is room for: the checks go before the rest, the sentence before everything.
func (c *chart) handshake() {
	if c.v.probes() {
		c.probe()
		return
	}
	width, height := c.r.Width(), c.r.Height()
	sentence := text.Wrap(c.whereShaking(), max(8, width-2))
	sentence = sentence[:min(len(sentence), max(1, height/4))]
	room := height - len(sentence)
	queue := len(c.v.ways[0].holds[outBuff])+len(c.v.ways[1].holds[outBuff]) > 0
	c.perCheck = 1
	if width >= 120 && room >= 2*len(terms.Checks)+9 {
		c.perCheck = 2
	}
	checks := c.perCheck*len(terms.Checks) + 1
	if width < 46 || room < checks+2 {
		c.perCheck, checks = 0, 2 // a strip for each end
	}
	hellos := min(2, max(0, room-checks-2))
	if queue {
		hellos = min(2, max(0, room-checks-3))
	}
	y := 0
	for _, part := range []struct {
		height int
		want   bool
		draw   func(y int)
	}{
		{1, room > 1, c.head},
		{1, room > checks+1, c.track},
		{1, queue && room > checks+2, c.queueing},
		{hellos, hellos > 0, func(y int) { c.hellos(y, hellos) }},
		{1, room > checks+7, func(int) {}},
		{checks, room > 3, c.checks},
	} {
		if part.want && y+part.height <= room {
			part.draw(y)
			y += part.height
		}
	}
	if room-y > 3 {
		c.r.Fit(0, height-1, width, c.s.Theme.Faint, c.s.Say(says.legend))
		c.sentence(y+1, sentence)
		return
	}
	c.sentence(height-len(sentence), sentence)
}

// legs returns how far the connection has come, as its initiator sees it, or the acceptor if there is no initiator to ask.
func (v *view) legs() []leg {
	i, a := v.stream.Initiator, v.stream.Acceptor
	var legs []leg
	judge := func(name text.Text, isNow, isWell, isFailed bool) {
		st := ahead
		switch {
		case isFailed:
			st = failed
		case isWell:
			st = well
		case isNow:
			st = now
		}
		legs = append(legs, leg{name, st})
	}
	end := i
	if i != nil {
		opened := a != nil || len(i.Checks) > 0
		judge(says.legDial, i.Phase <= timeline.PhaseDialling, i.Ping.Set() || i.Phase == timeline.PhasePinging || opened, false)
		judge(says.legPing, i.Phase == timeline.PhasePinging, i.Ping.Passed() || opened, i.Ping.Failed)
		if i.Purpose != trace.ForProbe {
			judge(says.legOpen, i.Phase == timeline.PhaseOpening, opened, false)
		}
	} else {
		end = a
		judge(says.legArrived, a.Phase == timeline.PhaseOpening, len(a.Checks) > 0, false)
	}
	if end.Purpose == trace.ForProbe {
		return closeLegs(legs, end)
	}
	judge(says.legAuth, end.Phase == timeline.PhaseAuthenticating, served(end) || v.proven(), v.refused() != nil)
	if end.Purpose == trace.ForMessages {
		judge(says.legServe, end.Phase == timeline.PhaseEstablished, served(end), false)
	}
	return closeLegs(legs, end)
}

// closeLegs judges what a connection that has ended has not come to.
func closeLegs(legs []leg, c *timeline.Connection) []leg {
	if c.Phase < timeline.PhaseClosing {
		return legs
	}
	for i := range legs {
		if legs[i].standing == ahead || legs[i].standing == now {
			legs[i].standing = skipped
			if c.Close.Failed && (i == 0 || legs[i-1].standing == well) {
				legs[i].standing = failed
			}
		}
	}
	return legs
}

// proven reports whether every end that is known has passed the other.
func (v *view) proven() bool {
	for _, c := range v.stream.Ends() {
		last := len(c.Checks) - 1
		if last < 0 || c.Checks[last].Step != trace.AuthExpected || c.Checks[last].Failed || c.Verdict.Failed {
			return false
		}
	}
	return true
}

// refused returns what one end has against the other, nil if nothing.
func (v *view) refused() *timeline.Outcome {
	for _, c := range v.stream.Ends() {
		for i := range c.Checks {
			if c.Checks[i].Failed {
				return &c.Checks[i].Outcome
			}
		}
		if c.Refused.Set() {
			return &c.Refused
		}
		if c.Verdict.Failed {
			return &c.Verdict
		}
	}
	return nil
}

// look returns the mark of how something stands, and its style.
func (c *chart) look(st standing) (string, canvas.Style) {
	th := c.s.Theme
	switch st {
	case now:
		return "▸", th.Here
	case well:
		return scene.KeptMark, th.Good
	case failed:
		return scene.FailedMark, th.Bad
	case skipped:
		return "–", th.Faint
	}
	return scene.AheadMark, th.Faint
}

// track draws how far the connection has come.
func (c *chart) track(y int) {
	x := 0
	for i, l := range c.v.legs() {
		if i > 0 {
			x = c.r.Text(x, y, c.s.Theme.Border, " ── ")
		}
		mark, style := c.look(l.standing)
		x = c.r.Text(x, y, style, mark+" "+c.s.Say(l.name))
	}
	if p := c.v.stream.Ends()[0].Purpose; p != trace.ForMessages && x+3 < c.r.Width() {
		c.r.Fit(x+3, y, c.r.Width()-x-3, c.s.Theme.Faint, c.s.Say(terms.Purpose(p)))
	}
}

// queueing draws what waits in outBuff until the handshake is over.
func (c *chart) queueing(y int) {
	w := &c.v.ways[0]
	if len(w.holds[outBuff]) == 0 {
		w = &c.v.ways[1]
	}
	th, width := c.s.Theme, c.r.Width()
	length, capacity := w.queued(outBuff)
	x := c.r.Text(0, y, th.Text, c.s.Say(says.waits, w.from.name, terms.Fill(length, capacity))) + 1
	l := &lane{chart: c, w: w}
	for _, i := range w.holds[outBuff] {
		if x+6 > width {
			c.r.Text(x, y, th.Faint, "…")
			return
		}
		if !l.moving(i) {
			l.drawMark(c.r, x, y, i)
		}
		c.p.hit(x, y, canvas.Width(l.mark(i)), 1, c.v.selectionOn(w, i))
		x += canvas.Width(l.mark(i)) + 1
	}
	c.r.Fit(x+1, y, width-x-1, th.Faint, c.s.Say(says.onlyQueued))
}

// hellos draws the first message of each end on its way to the other, or, in a single row, the one of the two that comes next.
func (c *chart) hellos(y, rows int) {
	width := c.r.Width()
	a, b := c.v.ways[0].from, c.v.ways[0].to
	left := canvas.Width(canvas.Fit(a.name, 8)) + 1
	right := min(width/2, left+36)
	for d := range c.v.ways {
		w := &c.v.ways[d]
		if rows == 1 && (d == 1) != c.v.ways[0].helloDone() {
			continue
		}
		row := c.r.Sub(0, y+d*(rows-1), width, 1)
		row.Fit(0, 0, 8, c.s.Theme.Strong, a.name)
		row.Repeat(left, 0, right-left, c.s.Theme.Faint, w.stroke())
		tip, at := "→", right-1
		if d == 1 {
			tip, at = "←", left
		}
		row.Text(at, 0, c.s.Theme.Faint, tip)
		x := row.Fit(right+1, 0, 8, c.s.Theme.Strong, b.name) + 2
		c.hello(row, w, left, right-1, x, d == 1)
	}
}

// hello draws the ConnEstablish of one direction between the cells left and right, and from x on where it is.
func (c *chart) hello(row canvas.Region, w *way, left, right, x int, back bool) {
	th := c.s.Theme
	begin, end := left, right
	if back {
		begin, end = right, left
	}
	half := begin + (end-begin)/2
	words, at, shown := c.s.Say(says.helloNotSent), begin, false
	if i := w.hello(); i >= 0 {
		shown = true
		switch w.at[i] {
		case writer:
			words = c.s.Say(says.helloInHand)
		case wire:
			at, words = half, c.s.Say(says.helloOnTheWay)
			if w.move.index == i {
				at = between(begin, half, c.s.Progress)
			}
		case reader, done:
			at, words = end, c.s.Say(says.helloArrived)
			if w.move.index == i && w.move.to == reader {
				at = between(half, end, c.s.Progress)
			}
		default:
			at, words = half, c.s.Say(says.helloLost)
		}
		mark, style := th.Mark(w.list[i].Kind)
		if w.at[i] == abandoned {
			mark, style = scene.DropMark, th.Drop
		}
		row.Text(at, 0, style, mark)
	}
	switch {
	case w.from.dark() && !shown && !w.willSpeak():
		words = c.s.Say(says.unseen)
	case shown && w.to.dark() && w.at[w.hello()] == wire:
		words = c.s.Say(says.helloGiven)
	}
	row.Fit(x, 0, row.Width()-x, th.Faint, c.s.Say(says.helloOf, w.from.name, words))
}

func between(from, to int, t float64) int { return from + int(t*float64(to-from)) }

// helloDone reports whether the ConnEstablish of a direction has been taken in.
func (w *way) helloDone() bool {
	i := w.hello()
	return i >= 0 && w.at[i] == done && w.to.passed() == len(terms.Checks)
}

// willSpeak reports whether the sending end of a direction, though in the dark, may still be heard of: it is one of the session's own
// peers, and has not spoken yet. Somebody outside who has spoken will stay in the dark.
func (w *way) willSpeak() bool {
	return w.from.peer != nil && !w.from.peer.Birth.Intruder && w.hello() < 0 && w.to.conn != nil && w.to.conn.Phase < timeline.PhaseClosing
}

// hello returns the index of the ConnEstablish of a direction, -1 if it was not heard of.
func (w *way) hello() int {
	for i, m := range w.list {
		if first(m) || m.Kind == timeline.HandshakeMessage {
			return i
		}
	}
	return -1
}

// checks draws what each end has checked of the other, the initiator on the left, though it is the second to know: an acceptor answers
// only if it is content.
func (c *chart) checks(y int) {
	ends := []end{c.v.ways[0].from, c.v.ways[1].from}
	others := []end{c.v.ways[1].from, c.v.ways[0].from}
	width := c.r.Width()
	for i := range ends {
		if c.perCheck == 0 {
			c.strip(y+i, ends[i], others[i])
			continue
		}
		half := width / 2
		c.column(c.r.Sub(i*half, y, half-1, c.perCheck*len(terms.Checks)+1), ends[i], others[i])
	}
}

// find returns what an end has found in a check, and whether it has come to it.
func (e end) find(step trace.Step) (timeline.Check, bool) {
	if e.conn != nil {
		for _, k := range e.conn.Checks {
			if k.Step == step {
				return k, true
			}
		}
	}
	return timeline.Check{}, false
}

func (e end) standing(step trace.Step) standing {
	check, made := e.find(step)
	switch {
	case made && check.Failed:
		return failed
	case made:
		return well
	case e.conn != nil && e.conn.Phase >= timeline.PhaseClosing:
		return skipped
	}
	return ahead
}

// column draws the checks of one end, one below the other.
func (c *chart) column(r canvas.Region, e, other end) {
	th := c.s.Theme
	x := r.Fit(0, 0, r.Width(), th.Strong, c.s.Say(says.checks, e.name, other.name))
	switch {
	case e.dark():
		words := says.checksUnseen
		if w := &c.v.ways[1]; w.from.name == e.name && w.willSpeak() {
			words = says.checksNotYet
		}
		r.Paragraph(0, 1, r.Width(), th.Faint, c.s.Say(words, e.name))
		return
	case e.conn.Role == trace.Acceptor:
		mark, style := c.look(e.standing(trace.StreamLimit))
		r.Fit(x+2, 0, r.Width()-x-2, style, c.s.Say(says.limit, mark))
	}
	for i, step := range terms.Checks {
		check, made := e.find(step)
		mark, style := c.look(e.standing(step))
		words, y := th.Text, 1+i*c.perCheck
		if !made {
			words = th.Faint
		}
		if made && check.N == c.s.State.N {
			words = th.Here
			r.Text(0, y, th.Here, "▸")
		}
		x := r.Text(1, y, th.Faint, fmt.Sprint(i+1))
		x = r.Text(x+1, y, style, mark)
		x = r.Fit(x+1, y, r.Width()-x-1, words, c.s.Say(terms.Check(step))) + 1
		if moment := terms.Moment(check.At); made && x+len(moment) < r.Width() {
			r.Right(r.Width()-1, y, th.Faint, moment)
		}
		if c.perCheck > 1 {
			if check.Failed {
				r.Fit(5, y+1, r.Width()-6, th.Bad, terms.Reason(c.s.Lang, check.Reason))
			} else {
				r.Fit(5, y+1, r.Width()-6, th.Faint, c.s.Say(terms.CheckWhy(step)))
			}
		}
	}
}

// strip draws the checks of one end in one line.
func (c *chart) strip(y int, e, other end) {
	x := c.r.Text(0, y, c.s.Theme.Text, c.s.Say(says.checks, e.name, other.name)+" ")
	if e.dark() {
		c.r.Fit(x, y, c.r.Width()-x, c.s.Theme.Faint, c.s.Say(says.unseen))
		return
	}
	for _, step := range terms.Checks {
		mark, style := c.look(e.standing(step))
		x = c.r.Text(x, y, style, mark)
	}
}
