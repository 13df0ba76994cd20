package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
)

// dialog is something that lies over the screen and takes all keys until it is closed.
type dialog interface {
	title(m *Model) string
	// size returns how much room it would like, without its border.
	size(m *Model) (width, height int)
	draw(r canvas.Region, m *Model)
	key(m *Model, name string, msg tea.KeyPressMsg) tea.Cmd
}

// drawDialog draws a dialog into the middle of the screen.
func (m *Model) drawDialog(r canvas.Region, d dialog) {
	width, height := d.size(m)
	width, height = min(max(width, canvas.Width(d.title(m))+4)+4, r.Width()-4), min(height+2, r.Height()-2)
	m.dialogAt = rect{(r.Width() - width) / 2, (r.Height() - height) / 2, width, height}
	box := part(r, m.dialogAt)
	box.Fill(canvas.Style{})
	inside := box.Rounded(m.theme.Focus)
	box.Text(2, 0, m.theme.Focus, " "+d.title(m)+" ")
	d.draw(inside.Sub(1, 0, inside.Width()-2, inside.Height()), m)
}

// clickDialog gives a click to the uppermost dialog, if that is where it went; a click beside a dialog closes it.
func (m *Model) clickDialog(x, y int) tea.Cmd {
	at := m.dialogAt
	if !at.contains(x, y) {
		m.dismiss()
		return nil
	}
	d, can := m.dialogs[len(m.dialogs)-1].(clickable)
	if !can || !at.inside().contains(x, y) {
		return nil
	}
	return d.click(m, x-at.x-2, y-at.y-1)
}

// clickable is a dialog in which something can be pressed with the mouse, in cells of its own.
type clickable interface {
	click(m *Model, x, y int) tea.Cmd
}

// show puts a dialog over what is shown.
func (m *Model) show(d dialog) tea.Cmd {
	m.dialogs = append(m.dialogs, d)
	return nil
}

// dismiss takes the uppermost dialog away.
func (m *Model) dismiss() { m.dialogs = m.dialogs[:max(len(m.dialogs)-1, 0)] }

// item is something that can be chosen from a menu.
type item struct {
	key    string // a key that does the same, shown before the label; may be empty
	label  string
	detail string // shown behind the label; may be empty
	do     func(m *Model) tea.Cmd
}

// menu is a dialog of things to choose from. What is typed narrows it down; a digit chooses at once where there are no more than nine.
type menu struct {
	heading string
	items   []item
	hint    string // shown where nothing is typed yet
	search  bool   // whether something can be typed, which narrows the list down
	found   bool   // whether the items are what was found for what is typed: then there is nothing to narrow down
	stays   bool   // whether it stays open when something was chosen: what comes next can go back to it

	none      text.Text // said where there is nothing to choose from, and nothing typed; may be empty
	unmatched text.Text // said where nothing has what was typed; empty for the usual

	typed  string
	cursor int
	top    int
	rows   int // how many items were drawn last
}

func (d *menu) types() bool { return d.search }

func (d *menu) title(*Model) string { return d.heading }

// matching returns the items that have what was typed.
func (d *menu) matching() []item {
	if d.typed == "" || d.found {
		return d.items
	}
	typed := strings.ToLower(d.typed)
	return slices.DeleteFunc(slices.Clone(d.items), func(i item) bool {
		return !strings.Contains(strings.ToLower(i.key+" "+i.label+" "+i.detail), typed)
	})
}

// head returns how many rows stand above the items.
func (d *menu) head() int {
	if d.search {
		return 2
	}
	return 0
}

func (d *menu) size(m *Model) (width, height int) {
	width = max(canvas.Width(d.hint), canvas.Width(says.DialogKeys.In(m.lang)), 30)
	keys, labels, details := d.columns(m)
	width = max(width, keys+labels+details+6)
	return width, max(len(d.items), 1) + d.head() + 2
}

// columns returns how wide keys, labels and details are.
func (d *menu) columns(m *Model) (keys, labels, details int) {
	for _, i := range d.items {
		keys = max(keys, canvas.Width(m.shownKey(i.key)))
		labels = max(labels, canvas.Width(i.label))
		details = max(details, canvas.Width(i.detail))
	}
	return keys, labels, details
}

func (d *menu) draw(r canvas.Region, m *Model) {
	t := m.theme
	if d.search {
		x := r.Text(0, 0, t.Accent, "› ")
		if d.typed == "" {
			r.Text(x+1, 0, t.Faint, d.hint) // beside the cursor
		}
		x = r.Text(x, 0, t.Strong, d.typed)
		r.Text(x, 0, t.Select, " ")
	}
	list := r.Sub(0, d.head(), r.Width(), r.Height()-d.head()-2)
	d.drawItems(list, m)
	r.Text(0, r.Height()-1, t.Faint, says.DialogKeys.In(m.lang))
}

func (d *menu) drawItems(r canvas.Region, m *Model) {
	t := m.theme
	items := d.matching()
	if len(items) == 0 {
		d.rows = 0
		r.Text(0, 0, t.Faint, d.nothing().In(m.lang))
		return
	}
	keys, labels, _ := d.columns(m)
	d.top = max(min(d.top, d.cursor), d.cursor-r.Height()+1, 0)
	d.rows = min(r.Height(), len(items)-d.top)
	for y := range d.rows {
		i := items[d.top+y]
		mark, style := "  ", t.Text
		if d.top+y == d.cursor {
			mark, style = "› ", t.Select
		}
		x := r.Text(0, y, t.Focus, mark)
		r.Text(x, y, t.Accent, m.shownKey(i.key))
		if keys > 0 {
			x += keys + 1
		}
		r.Text(x, y, style, i.label)
		r.Fit(x+labels+2, y, r.Width()-x-labels-2, t.Faint, i.detail)
	}
	if d.top > 0 {
		r.Text(r.Width()-1, 0, t.Accent, "↑")
	}
	if d.top+r.Height() < len(items) {
		r.Text(r.Width()-1, r.Height()-1, t.Accent, "↓")
	}
}

// nothing says why there is nothing to choose from.
func (d *menu) nothing() text.Text {
	switch {
	case d.typed == "":
		return d.none
	case d.unmatched != (text.Text{}):
		return d.unmatched
	}
	return says.NoMatch
}

func (d *menu) key(m *Model, name string, msg tea.KeyPressMsg) tea.Cmd {
	items := d.matching()
	switch name {
	case "esc":
		m.dismiss()
	case "up", "shift+tab":
		d.move(-1, len(items))
	case "down", "tab":
		d.move(+1, len(items))
	case "pgup":
		d.cursor = max(d.cursor-10, 0)
	case "pgdown":
		d.cursor = max(min(d.cursor+10, len(items)-1), 0)
	case "home":
		d.cursor = 0
	case "end":
		d.cursor = max(len(items)-1, 0)
	case "enter":
		return d.choose(m, items, d.cursor)
	case "backspace":
		runes := []rune(d.typed)
		d.typed, d.cursor = string(runes[:max(len(runes)-1, 0)]), 0
	default:
		return d.take(m, items, msg)
	}
	return nil
}

// take takes a character: a part of what is looked for, or the number or the key of an item.
func (d *menu) take(m *Model, items []item, msg tea.KeyPressMsg) tea.Cmd {
	if d.search {
		d.typed, d.cursor = d.typed+text.Printable(msg.Text), 0
		return nil
	}
	for i := range items {
		if items[i].key == keyName(msg) {
			return d.choose(m, items, i)
		}
	}
	if keyName(msg) == "q" {
		m.dismiss()
	}
	return nil
}

// click chooses the item that was pressed.
func (d *menu) click(m *Model, _, y int) tea.Cmd {
	if row := y - d.head(); row >= 0 && row < d.rows {
		d.cursor = d.top + row
		return d.choose(m, d.matching(), d.cursor)
	}
	return nil
}

func (d *menu) move(step, count int) {
	if count > 0 {
		d.cursor = (d.cursor + step + count) % count
	}
}

func (d *menu) choose(m *Model, items []item, i int) tea.Cmd {
	if i >= len(items) {
		return nil
	}
	if !d.stays {
		m.dismiss()
	}
	return items[i].do(m)
}

// numbered gives the items the keys 1 to 9.
func numbered(items []item) []item {
	for i := range items {
		if i < 9 {
			items[i].key = string(rune('1' + i))
		}
	}
	return items
}

// page is a dialog of text to read.
type page struct {
	heading string
	lines   func(m *Model, width int) []line
	top     int
	rows    int // how many were drawn last
	total   int
}

// line is one line of a page.
type line struct {
	style canvas.Style
	left  string // set apart, in a column of its own; may be empty
	text  string
}

func (d *page) title(*Model) string { return d.heading }

func (d *page) size(m *Model) (width, height int) {
	width = min(m.width-8, 96)
	return width, len(d.lines(m, width)) + 2
}

func (d *page) draw(r canvas.Region, m *Model) {
	lines := d.lines(m, r.Width())
	d.rows, d.total = r.Height()-2, len(lines)
	d.top = max(min(d.top, d.total-d.rows), 0)
	for y := range min(d.rows, d.total-d.top) {
		l := lines[d.top+y]
		x := r.Text(0, y, m.theme.Accent, l.left)
		r.Fit(x, y, r.Width()-x, l.style, l.text)
	}
	if d.top > 0 {
		r.Text(r.Width()-1, 0, m.theme.Accent, "↑")
	}
	if d.top+d.rows < d.total {
		r.Text(r.Width()-1, d.rows-1, m.theme.Accent, "↓")
	}
	r.Text(0, r.Height()-1, m.theme.Faint, says.ScrollKeys.In(m.lang))
}

func (d *page) key(m *Model, name string, _ tea.KeyPressMsg) tea.Cmd {
	switch name {
	case "up":
		d.top--
	case "down":
		d.top++
	case "pgup":
		d.top -= d.rows
	case "pgdown", "space":
		d.top += d.rows
	case "home":
		d.top = 0
	case "end":
		d.top = d.total
	case "esc", "q", "enter", "?":
		m.dismiss()
	}
	return nil
}
