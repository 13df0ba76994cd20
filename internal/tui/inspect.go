package tui

import (
	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables"
)

// inspector is the dialog that tells all that is known of what is selected, as of the moment that is shown.
type inspector struct {
	top  int
	rows int // how many were drawn last, of how many
	all  int
}

// inspect opens what is selected.
func (m *Model) inspect() tea.Cmd {
	if m.watch.selected.Kind == scene.SelectNothing {
		m.tell(says.Nothing)
		return nil
	}
	return m.show(&inspector{})
}

func (d *inspector) title(m *Model) string {
	title, _ := tables.Inspect(m.watch.scene(m.lang, m.theme))
	return says.InspectTitle.In(m.lang) + "  " + title
}

func (d *inspector) size(m *Model) (width, height int) {
	_, lines := tables.Inspect(m.watch.scene(m.lang, m.theme))
	return min(m.width-8, 110), min(len(lines)*2, m.height-6)
}

func (d *inspector) draw(r canvas.Region, m *Model) {
	_, lines := tables.Inspect(m.watch.scene(m.lang, m.theme))
	d.rows = r.Height() - 2
	d.top = max(d.top, 0)
	d.all = tables.DrawLines(r.Sub(0, 0, r.Width(), d.rows), m.theme, lines, d.top)
	r.Text(0, r.Height()-1, m.theme.Faint, says.ScrollKeys.In(m.lang))
	if d.top > 0 {
		r.Text(r.Width()-1, 0, m.theme.Accent, "↑")
	}
	if d.top+d.rows < d.all {
		r.Text(r.Width()-1, d.rows-1, m.theme.Accent, "↓")
	}
}

// key scrolls; time can be moved on underneath.
func (d *inspector) key(m *Model, name string, _ tea.KeyPressMsg) tea.Cmd {
	switch name {
	case "up":
		d.top--
	case "down":
		d.top++
	case "pgup":
		d.top -= d.rows
	case "pgdown":
		d.top += d.rows
	case "home":
		d.top = 0
	case "n", "right":
		m.tell(m.watch.next())
	case "p", "left":
		m.watch.back()
	case "esc", "q", "enter":
		m.dismiss()
	}
	d.top = max(min(d.top, d.all-d.rows), 0)
	return nil
}
