package tui

import (
	"fmt"
	"strings"
	"time"

	"gossipscope/internal/narrate"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// draw draws the whole screen, and returns it as text for the terminal.
func (m *Model) draw() string {
	if m.width <= 0 || m.height <= 0 {
		return ""
	}
	if m.canvas == nil || !m.canvas.Fits(m.width, m.height) {
		m.canvas = canvas.New(m.width, m.height, m.conf.ASCII)
	}
	m.canvas.Clear()
	r := m.canvas.Region()
	switch {
	case m.width < minWidth || m.height < minHeight:
		r.Paragraph(0, 0, m.width, m.theme.Text, says.TooSmall.Format(m.lang, m.width, m.height, minWidth, minHeight))
		return m.canvas.String()
	case m.busy != (text.Text{}):
		r.Center(m.height/2, m.theme.Text, m.busy.In(m.lang))
	case m.watch != nil:
		m.drawWatch(r)
	default:
		m.home.draw(r.Sub(0, 0, m.width, m.height-1), m)
	}
	m.drawFooter(r.Sub(0, m.height-1, m.width, 1))
	if n := len(m.dialogs); n > 0 {
		m.drawDialog(r, m.dialogs[n-1])
	}
	m.drawNotice(r)
	return m.canvas.String()
}

// drawWatch draws the session that is watched.
func (m *Model) drawWatch(r canvas.Region) {
	w := m.watch
	w.teller.SetLang(m.lang)
	s := w.scene(m.lang, m.theme)
	l := layoutOf(m.width, m.height, w.opened)
	m.drawTitle(part(r, l.title), s)
	w.areas = w.areas[:0]
	for i, pane := range l.panes {
		slot := i
		if w.opened || len(l.panes) == 1 {
			slot = w.focus
		}
		m.drawPane(part(r, pane), slot, s, len(l.panes) > 1)
		w.areas = append(w.areas, area{slot: slot, inside: pane.inside()})
	}
	m.drawNarration(part(r, l.narration), s)
	m.drawCaption(part(r, l.caption), s)
	w.drawSlider(part(r, l.slider), s)
}

func part(r canvas.Region, at rect) canvas.Region { return r.Sub(at.x, at.y, at.width, at.height) }

// drawPane draws one pane: border, title, and the panel in it.
func (m *Model) drawPane(r canvas.Region, slot int, s *scene.Scene, several bool) {
	w, t := m.watch, m.theme
	view := w.slots[slot]
	focused := slot == w.focus
	border, title := t.Border, t.Text
	if focused {
		border, title = t.Focus, t.Focus
	}
	inside := r.Rounded(border)
	mark := " "
	if focused && several {
		mark = "›" // the colour says it too
	}
	x := r.Text(2, 0, title, fmt.Sprintf("%s%d %s ", mark, view+1, viewNames[view].In(m.lang)))
	m.drawOffers(r, x+1, view, focused)
	w.panels[view].Draw(inside, s, focused)
}

// drawOffers writes into the border of the focused pane what its panel can be told.
func (m *Model) drawOffers(r canvas.Region, x, view int, focused bool) {
	if !focused {
		return
	}
	t := m.theme
	for _, o := range m.watch.panels[view].Offers() {
		label := o.Says.In(m.lang)
		if x+canvas.Width(o.Key)+canvas.Width(label)+4 > r.Width()-1 {
			return
		}
		x = r.Text(x, 0, t.Accent, " "+o.Key+" ")
		x = r.Text(x, 0, t.Faint, label+" ")
	}
}

// drawTitle draws the first row: what is watched, and where in time the reader is.
func (m *Model) drawTitle(r canvas.Region, s *scene.Scene) {
	w, t := m.watch, m.theme
	state, style := m.stateOf(w, s)
	var right []string
	if n := len(w.player.Stops()); n > 0 {
		right = append(right, says.StopsMark.Format(m.lang, n))
	}
	right = append(right, says.Step.Format(m.lang, s.At, len(s.Events)), says.Seconds.Format(m.lang, s.Clock.Seconds()))
	_, pending := m.pending(s)
	switch {
	case len(s.Held) > 0, pending && s.Standing:
		right = append(right, says.ClockStands.In(m.lang))
	case pending:
		right = append(right, says.ClockRuns.In(m.lang))
	}
	if !w.free {
		right = append(right, "×"+strings.TrimSuffix(fmt.Sprintf("%.2g", w.player.Speed()), ".0"))
	}
	x := r.Right(r.Width()-1, 0, style, " "+state+" ")
	x = r.Right(x-1, 0, t.Faint, strings.Join(right, "  "))
	left := r.Fit(1, 0, x-3, t.Focus, w.title.In(m.lang))
	// The first chapter of a lesson has the lesson's own name.
	if chapter := s.State.Title.In(m.lang); chapter != "" && w.lesson != nil && chapter != w.lesson.Title.In(m.lang) {
		r.Fit(left, 0, x-2-left, t.Faint, " › "+text.Printable(chapter))
	}
}

// stateOf says whether the session plays, in a word.
func (m *Model) stateOf(w *watch, s *scene.Scene) (string, canvas.Style) {
	t := m.theme
	switch {
	case w.over && w.failure != nil && w.player.AtEnd():
		return says.GivenUp.In(m.lang), t.Bad.Reversed()
	case w.over && w.player.AtEnd():
		return says.Over.In(m.lang), t.Good.Reversed()
	case w.free:
		return says.Free.In(m.lang), t.Warn.Reversed()
	case w.peers == nil && w.player.AtEnd():
		return says.End.In(m.lang), t.Good.Reversed()
	case w.past && w.peers != nil && !w.player.Playing():
		return says.Past.In(m.lang), t.Accent.Reversed()
	case w.player.Playing():
		return says.Playing.In(m.lang), t.Good.Reversed()
	}
	return says.Paused.In(m.lang), t.Warn.Reversed()
}

// drawNarration draws what the lesson has said last; in a sandbox, what the reader can do.
func (m *Model) drawNarration(r canvas.Region, s *scene.Scene) {
	t := m.theme
	label := says.Narration.In(m.lang)
	said := s.State.Caption.In(m.lang)
	if said == "" && m.watch.lesson == nil {
		label, said = says.Sandbox.In(m.lang), says.SandboxHint.In(m.lang)
		if m.watch.peers == nil {
			said = ""
		}
	}
	if said == "" {
		return
	}
	x := r.Text(1, 0, t.Handshake, label+" ")
	m.paragraph(r.Sub(x, 0, r.Width()-x-1, r.Height()), t.Text, said)
}

// paragraph writes as much of s as fits; if that is not all, an ellipsis, and the key that shows the rest.
func (m *Model) paragraph(r canvas.Region, style canvas.Style, s string) {
	lines := text.Wrap(printableLines(s), r.Width())
	for y, line := range lines {
		if y == r.Height()-1 && len(lines) > r.Height() {
			more := says.ReadAll.In(m.lang)
			line = strings.TrimSuffix(canvas.Fit(line, r.Width()-canvas.Width(more)), "…") + more
		}
		r.Text(0, y, style, line)
	}
}

func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = text.Printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// drawCaption draws what the shown event tells: who, what, and why; and in the present who is held, or what is waited for.
func (m *Model) drawCaption(r canvas.Region, s *scene.Scene) {
	w, t := m.watch, m.theme
	if s.Event == nil {
		r.Text(1, 0, t.Faint, says.NoEvent.In(m.lang))
		return
	}
	standing, rows := m.standing(w, s, r.Width()-2), r.Height()
	if standing != "" {
		rows--
		m.paragraph(r.Sub(1, rows, r.Width()-2, 1), t.Warn, standing)
	}
	x := m.drawWho(r, s.Event)
	said := w.teller.Tell(s.Event)
	if s.Event.Kind == timeline.KindSay {
		said = ""
	}
	m.paragraph(r.Sub(x, 0, r.Width()-x-1, rows), t.Text, said)
}

// drawWho writes whose event it is and which step, and returns where the sentence begins.
func (m *Model) drawWho(r canvas.Region, e *timeline.Event) int {
	t := m.theme
	if e.Step == nil {
		return r.Text(1, 0, t.Strong, eventMark(e))
	}
	style := t.Good
	switch narrate.StatusOf(e.Step) {
	case narrate.Failing:
		style = t.Bad
	case narrate.Ahead:
		style = t.Warn
	}
	other, arrow, connection := m.watch.teller.Towards(e.Peer, e.Step)
	who := text.Printable(e.Peer)
	if other != "" {
		who += " " + arrow + " " + other
	}
	x := r.Text(1, 0, t.Strong, who+" ")
	x = r.Text(x, 0, t.Faint, string(e.Step.Goroutine())+" ")
	if connection != "" {
		x = r.Text(x, 0, t.Faint, connection+" ")
	}
	x = r.Text(x, 0, style, narrate.MarkOf(e.Step)+" "+text.Printable(string(e.Step.Step))+" ")
	return x + 1
}

// eventMark is what stands in front of the sentence of an event that is no step.
func eventMark(e *timeline.Event) string {
	switch {
	case e.Kind != timeline.KindPromise:
		return map[timeline.Kind]string{
			timeline.KindAct: "▸ ", timeline.KindLink: "~ ", timeline.KindBirth: "+ ", timeline.KindDeath: "- ",
		}[e.Kind]
	case e.Promise != nil && e.Promise.Kept:
		return "✓ "
	}
	return "✗ "
}

// standing says who stands where, in the present; in the past, where the present is. room is how many cells there are for it.
func (m *Model) standing(w *watch, s *scene.Scene, room int) string {
	switch {
	case w.peers == nil:
		return ""
	case w.past:
		return says.PastLive.Format(m.lang, len(s.Events))
	case w.player.Reading():
		return says.Reading.In(m.lang)
	case !s.Live && !w.player.Playing():
		return says.ToShow.Format(m.lang, len(s.Events)-s.At)
	case w.over && s.Live && m.notice.says == m.farewell().says:
		return "" // it is said a row or two below
	case w.over && s.Live:
		return m.farewell().in(m.lang)
	case w.vain:
		return says.InVain.In(m.lang)
	case !s.Live || w.free:
		return ""
	case len(s.Held) > 0:
		return m.heldList(s.Held, room)
	}
	if left, pending := m.pending(s); pending {
		return says.WaitingTimer.Format(m.lang, left.Seconds())
	}
	return ""
}

// pending returns how much is left of the next timeout that the peers wait for, and whether there is one, in the present.
func (m *Model) pending(s *scene.Scene) (left time.Duration, pending bool) {
	if !s.Live {
		return 0, false
	}
	return m.watch.peers.NextTimer()
}

// heldList names who is held, the one that goes next first, as many as there is room for.
func (m *Model) heldList(held []session.Held, room int) string {
	switch first := held[0]; {
	case len(held) == 1 && first.Peer == "":
		return says.LessonNext.In(m.lang)
	case len(held) == 1:
		return says.HeldOne.Format(m.lang, m.heldName(first))
	}
	var names []string
	for _, h := range held {
		names = append(names, m.heldName(h))
	}
	list := says.HeldMany.Format(m.lang, len(held)) + strings.Join(names, text.Text{Zh: "　", En: "  "}.In(m.lang))
	more := says.HeldMore.In(m.lang)
	return canvas.Fit(list, room-canvas.Width(more)) + more
}

// heldName says who is held, and where. A peer can have several of the same role held at the same step, each for another connection.
func (m *Model) heldName(h session.Held) string {
	if h.Peer == "" {
		return says.Lesson.In(m.lang)
	}
	who := text.Printable(h.Peer) + " " + string(h.Goroutine)
	if h.Event.Step != nil {
		if _, _, connection := m.watch.teller.Towards(h.Peer, h.Event.Step); connection != "" {
			who += " " + connection
		}
	}
	return fmt.Sprintf("%s @ %s", who, h.Step)
}

// drawNotice writes what the reader is told over the last rows, as many as it takes: it is gone at the next key, so nothing may be cut off.
func (m *Model) drawNotice(r canvas.Region) {
	said := m.notice.in(m.lang)
	if said == "" {
		return
	}
	style := m.theme.Here
	if m.notice.err != nil {
		style = m.theme.Bad.Reversed()
	}
	lines := text.Wrap(text.Printable(said), r.Width()-2)
	bar := r.Sub(0, r.Height()-len(lines), r.Width(), len(lines))
	bar.Fill(style)
	for y, line := range lines {
		bar.Text(1, y, style, line)
	}
}

// drawFooter draws the last row: the keys that work now, and how many events were missed.
func (m *Model) drawFooter(r canvas.Region) {
	t := m.theme
	end := r.Width()
	if m.watch != nil {
		style := t.Faint
		if m.watch.history.Missing() > 0 {
			style = t.Bad
		}
		end = r.Right(end-1, 0, style, says.Missed.Format(m.lang, m.watch.history.Missing())) - 1
	}
	if len(m.dialogs) > 0 || m.busy != (text.Text{}) {
		return
	}
	m.drawKeys(r, end)
}

// drawKeys draws the keys that work now, as many as there is room for: how to get help and how to leave always.
func (m *Model) drawKeys(r canvas.Region, end int) {
	var always, others []action
	for _, a := range m.here() {
		switch first, _ := m.actionOf(a.keys[0]); {
		case first.name != a.name: // the key means something else here
		case a.always:
			always = append(always, a)
		case !a.quiet && !(a.peers && !m.canSteer()):
			others = append(others, a)
		}
	}
	width := func(a action) int { return canvas.Width(m.shownKey(a.keys[0])) + canvas.Width(a.label.In(m.lang)) + 3 }
	for _, a := range always {
		end -= width(a)
	}
	x := 1
	draw := func(a action) {
		x = r.Text(x, 0, m.theme.Accent, m.shownKey(a.keys[0])) + 1
		x = r.Text(x, 0, m.theme.Faint, a.label.In(m.lang)) + 2
	}
	for _, a := range others {
		if x+width(a) > end {
			break
		}
		draw(a)
	}
	for _, a := range always {
		draw(a)
	}
}
