package tui

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
)

// The dialogs that list something: what is held, what can be done, what was found, what can be opened.

// openHeld lists who is held; the one that is chosen goes on.
func (m *Model) openHeld() tea.Cmd {
	held := m.watch.peers.Held()
	if len(held) == 0 {
		m.tell(says.NothingHeld)
		return nil
	}
	m.watch.pause()
	var items []item
	for _, h := range held {
		items = append(items, item{label: m.heldName(h), detail: m.about(h), do: func(m *Model) tea.Cmd {
			m.watch.release(h.ID)
			return nil
		}})
	}
	return m.show(&menu{heading: says.HeldTitle.In(m.lang), items: numbered(items)})
}

// about says what a held goroutine is about to do.
func (m *Model) about(h session.Held) string {
	said, _, _ := strings.Cut(m.watch.teller.Tell(&h.Event), "\n")
	if h.Event.Step == nil {
		return canvas.Fit(said, 50)
	}
	return canvas.Fit(said, 70)
}

// openPalette lists all actions that can be done now; the one that is chosen is done.
func (m *Model) openPalette() tea.Cmd {
	var items []item
	for _, a := range m.here() {
		if a.name == "all actions" {
			continue
		}
		detail := a.about.In(m.lang)
		items = append(items, item{key: a.keys[0], label: a.label.In(m.lang), detail: detail, do: a.do})
	}
	if m.watch != nil {
		for _, o := range m.watch.focused().Offers() {
			items = append(items, item{key: o.Key, label: o.Says.In(m.lang), detail: says.PanelKeys.Format(m.lang, viewNames[m.watch.slots[m.watch.focus]].In(m.lang)),
				do: func(m *Model) tea.Cmd { return m.command(o.Command) }})
		}
	}
	return m.show(&menu{heading: says.PaletteTitle.In(m.lang), items: items, search: true, hint: says.Filter.In(m.lang)})
}

// openHelp lists all keys, of every screen and every view.
func (m *Model) openHelp() tea.Cmd {
	return m.show(&page{heading: says.HelpTitle.In(m.lang), lines: helpLines})
}

func helpLines(m *Model, width int) []line {
	t := m.theme
	var lines []line
	for _, a := range m.here() {
		var keys []string
		for _, key := range a.keys {
			keys = append(keys, m.shownKey(key))
		}
		said := a.about.In(m.lang)
		if said == "" {
			said = a.label.In(m.lang)
		}
		lines = append(lines, helpLine(strings.Join(keys, " "), said, t.Text, width)...)
	}
	if m.watch == nil {
		return lines
	}
	for view, panel := range m.watch.panels {
		offers := panel.Offers()
		if len(offers) == 0 {
			continue
		}
		lines = append(lines, line{}, line{style: t.Strong, text: says.PanelKeys.Format(m.lang, viewNames[view].In(m.lang))})
		for _, o := range offers {
			lines = append(lines, helpLine(o.Key, o.Says.In(m.lang), t.Text, width)...)
		}
	}
	return append(lines, signLines(m, width)...)
}

// helpLine sets a key apart from what it does.
func helpLine(key, said string, style canvas.Style, width int) []line {
	const column = 16
	var lines []line
	for i, s := range text.Wrap(said, max(width-column-2, 20)) {
		if i > 0 {
			key = ""
		}
		lines = append(lines, line{left: text.Pad(key, column), style: style, text: s})
	}
	return lines
}

// openSearch asks what to look for.
func (m *Model) openSearch() tea.Cmd {
	m.watch.pause()
	return m.show(&finder{watch: m.watch, menu: menu{search: true, found: true}})
}

// openRecordings lists the recordings that were saved, and takes the name of any other.
func (m *Model) openRecordings() tea.Cmd {
	none := says.NoneSaved
	paths, err := m.conf.Memory.Recordings()
	if err != nil {
		m.complain(asItIs, err)
		none = text.Text{} // nobody knows
	}
	return m.show(&opener{paths: paths, menu: menu{search: true, none: none, unmatched: says.EnterOpens}})
}

// finder is the dialog that looks for a step.
type finder struct {
	watch *watch
	menu  menu
}

// maxFound bounds how many places are listed.
const maxFound = 200

func (d *finder) title(m *Model) string { return says.SearchTitle.In(m.lang) }

func (d *finder) size(m *Model) (width, height int) { return m.width - 12, m.height - 8 }

func (d *finder) draw(r canvas.Region, m *Model) {
	d.menu.hint = says.SearchHint.In(m.lang)
	d.menu.draw(r, m)
}

func (d *finder) types() bool { return true }

func (d *finder) key(m *Model, name string, msg tea.KeyPressMsg) tea.Cmd {
	typed := d.menu.typed
	cmd := d.menu.key(m, name, msg)
	if d.menu.typed != typed {
		d.find(m)
	}
	return cmd
}

func (d *finder) click(m *Model, x, y int) tea.Cmd { return d.menu.click(m, x, y) }

// find lists the events that have what was typed in their step, their peer or their sentence; those behind the shown moment first.
func (d *finder) find(m *Model) {
	d.menu.items = nil
	words := strings.ToLower(strings.TrimSpace(d.menu.typed))
	if words == "" {
		return
	}
	w := d.watch
	events := w.history.Events()
	for i := range events {
		n := (w.player.At() + i) % len(events)
		e := &events[n]
		said, _, _ := strings.Cut(w.teller.Tell(e), "\n")
		label := text.Printable(e.Peer)
		if e.Step != nil {
			label += " " + text.Printable(string(e.Step.Step))
		}
		if !strings.Contains(strings.ToLower(label+" "+said), words) {
			continue
		}
		d.menu.items = append(d.menu.items, item{key: fmt.Sprint(n + 1), label: label, detail: said, do: func(m *Model) tea.Cmd {
			m.watch.goTo(n + 1)
			return nil
		}})
		if len(d.menu.items) == maxFound {
			break
		}
	}
}

// opener is the dialog that opens a recording: one of those that were saved, or any other by its path.
type opener struct {
	paths []string
	menu  menu
	ready bool
}

func (d *opener) title(m *Model) string { return says.OpenTitle.In(m.lang) }

func (d *opener) size(m *Model) (width, height int) {
	return m.width - 12, max(min(len(d.paths)+5, m.height-6), 8)
}

func (d *opener) draw(r canvas.Region, m *Model) {
	d.prepare(m)
	d.menu.draw(r, m)
}

func (d *opener) types() bool { return true }

func (d *opener) prepare(m *Model) {
	if d.ready {
		return
	}
	d.ready = true
	d.menu.hint = says.TypeAPath.In(m.lang)
	if len(d.paths) > 0 {
		d.menu.hint = says.TypeOrChoose.In(m.lang)
	}
	for _, path := range d.paths {
		detail := ""
		if info, err := os.Stat(path); err == nil {
			detail = info.ModTime().Format("2006-01-02 15:04")
		}
		d.menu.items = append(d.menu.items, item{label: text.Printable(filepath.Base(path)), detail: detail, do: openPath(path)})
	}
}

func openPath(path string) func(m *Model) tea.Cmd {
	return func(m *Model) tea.Cmd { return m.startChoice(Choice{Path: path}) }
}

func (d *opener) key(m *Model, name string, msg tea.KeyPressMsg) tea.Cmd {
	d.prepare(m)
	if name == "enter" && len(d.menu.matching()) == 0 && d.menu.typed != "" {
		m.dismiss()
		return openPath(d.menu.typed)(m)
	}
	return d.menu.key(m, name, msg)
}

func (d *opener) click(m *Model, x, y int) tea.Cmd { return d.menu.click(m, x, y) }

// openSaid shows in full what the lesson has said last, what the event tells, and how things stand.
func (m *Model) openSaid() tea.Cmd {
	m.watch.pause()
	return m.show(&page{heading: says.SaidTitle.In(m.lang), lines: saidLines})
}

func saidLines(m *Model, width int) []line {
	s := m.watch.scene(m.lang, m.theme)
	var lines []line
	add := func(style canvas.Style, said string) {
		for _, l := range text.Wrap(printableLines(said), width) {
			lines = append(lines, line{style: style, text: l})
		}
	}
	if s.State.Caption != (text.Text{}) {
		add(m.theme.Text, s.State.Caption.In(m.lang))
		lines = append(lines, line{})
	}
	switch e := s.Event; {
	case e == nil, e.Kind == timeline.KindSay: // which is what the lesson has said last
	case e.Step != nil:
		lines = append(lines, m.stepLines(e)...)
		add(m.theme.Text, m.watch.teller.Tell(e))
	default:
		add(m.theme.Text, eventMark(e)+m.watch.teller.Tell(e))
	}
	if standing := m.standing(m.watch, s, math.MaxInt); canvas.Width(standing) > m.width-2 { // else it is on the screen, whole
		lines = append(lines, line{})
		add(m.theme.Warn, standing)
	}
	return lines
}
