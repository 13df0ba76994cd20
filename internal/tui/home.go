package tui

import (
	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/walkthroughs"
)

// home is the screen that the program begins with: the lessons, and below them the sandbox and the recordings.
type home struct {
	lessons []walkthroughs.Lesson
	cursor  int
	top     int // the first row of the list that is drawn
	shown   []shownEntry
}

// shownEntry is in which row of the screen an entry was drawn last.
type shownEntry struct{ row, entry int }

// entries returns how many there are to choose from: every lesson, the sandbox, the recordings.
func (h *home) entries() int { return len(h.lessons) + 2 }

func (h *home) move(step int, m *Model) {
	h.cursor = (h.cursor + step + h.entries()) % h.entries()
}

// start opens what the cursor is at.
func (m *Model) start() tea.Cmd {
	switch n := m.home.cursor - len(m.home.lessons); {
	case n < 0:
		return m.startChoice(Choice{Lesson: &m.home.lessons[m.home.cursor]})
	case n == 0:
		return m.startChoice(Choice{Sandbox: true})
	}
	return m.openRecordings()
}

// clickHome chooses the entry that was pressed, and opens it if it was chosen already.
func (m *Model) clickHome(y int) tea.Cmd {
	for _, e := range m.home.shown {
		switch {
		case e.row != y:
		case e.entry == m.home.cursor:
			return m.start()
		default:
			m.home.cursor = e.entry
		}
	}
	return nil
}

// draw draws the home screen but for its footer: the entries, and below them what the chosen one is about. So the entries stay where they
// are whichever is chosen, and who clicks on one twice presses the same one twice.
func (h *home) draw(r canvas.Region, m *Model) {
	t := m.theme
	width := min(r.Width()-4, 110)
	left := (r.Width() - width) / 2
	r.Text(left, 1, t.Focus, "◆─▲─● "+says.Program.In(m.lang))
	y := r.Paragraph(left, 2, width, t.Text, says.Tagline.In(m.lang)) + 1

	about := text.Wrap(h.about(m), width-8)
	rows := h.rowOf(h.entries()-1) + 1
	rows = min(rows, r.Height()-y-1-len(about))
	h.drawEntries(r.Sub(left, y, width, rows), m, y)
	for i, line := range about {
		r.Text(left+4, y+rows+1+i, t.Faint, line)
	}
}

// rowOf returns in which row of the list an entry stands: between the lessons and the rest there is an empty one.
func (h *home) rowOf(entry int) int {
	if entry >= len(h.lessons) {
		return entry + 1
	}
	return entry
}

// drawEntries draws as many entries as there is room for, the chosen one among them. above is how many rows of the screen there are
// above the list.
func (h *home) drawEntries(r canvas.Region, m *Model, above int) {
	cursor := h.rowOf(h.cursor)
	h.top = max(min(h.top, cursor), cursor-r.Height()+1)
	h.shown = h.shown[:0]
	for i := range h.entries() {
		if y := h.rowOf(i) - h.top; y >= 0 && y < r.Height() {
			h.drawEntry(r, m, i, y)
			h.shown = append(h.shown, shownEntry{row: above + y, entry: i})
		}
	}
}

// about says what the chosen entry is about.
func (h *home) about(m *Model) string {
	switch n := h.cursor - len(h.lessons); {
	case n < 0:
		return says.AfterIt.Format(m.lang, h.lessons[h.cursor].Learn.In(m.lang))
	case n == 0:
		return says.SandboxAbout.In(m.lang)
	}
	return says.OpenAbout.In(m.lang)
}

func (h *home) drawEntry(r canvas.Region, m *Model, i, y int) {
	t := m.theme
	mark, title, right, done := "  ", "", "", false
	style := t.Strong
	switch n := i - len(h.lessons); {
	case n < 0:
		l := h.lessons[i]
		title = canvas.Fit(says.LessonTitle.Format(m.lang, l.Number, l.Title.In(m.lang)), r.Width()-24)
		right = says.Minutes.Format(m.lang, l.Minutes)
		done = m.conf.Memory.Done(l.Slug)
	case n == 0:
		title = says.Sandbox.In(m.lang)
	default:
		title = says.Open.In(m.lang)
	}
	if i == h.cursor {
		mark, style = "› ", t.Select.Strong()
	}
	x := r.Text(1, y, t.Focus, mark)
	r.Text(x, y, style, " "+title+" ")
	r.Right(r.Width()-12, y, t.Faint, right)
	if done {
		r.Right(r.Width()-1, y, t.Good, says.Done.In(m.lang))
	}
}
