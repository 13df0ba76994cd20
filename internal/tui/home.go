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
	top     int   // the first row that is drawn
	rows    []int // which entry stands in which row of the screen, -1 for none
}

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
	if y < 0 || y >= len(m.home.rows) || m.home.rows[y] < 0 {
		return nil
	}
	if m.home.cursor == m.home.rows[y] {
		return m.start()
	}
	m.home.cursor = m.home.rows[y]
	return nil
}

// draw draws the home screen but for its footer.
func (h *home) draw(r canvas.Region, m *Model) {
	t := m.theme
	width := min(r.Width()-4, 110)
	left := (r.Width() - width) / 2
	r.Text(left, 1, t.Focus, "◆─▲─● "+says.Program.In(m.lang))
	y := r.Paragraph(left, 2, width, t.Text, says.Tagline.In(m.lang)) + 1
	h.rows = make([]int, r.Height())
	for i := range h.rows {
		h.rows[i] = -1
	}
	list := r.Sub(left, y, width, r.Height()-y)
	h.drawEntries(list, m, y)
}

// drawEntries draws as many entries as there is room for, the chosen one with what it is about.
func (h *home) drawEntries(r canvas.Region, m *Model, above int) {
	heights := make([]int, h.entries())
	for i := range heights {
		heights[i] = len(h.describe(m, i, r.Width()))
	}
	for h.top > h.cursor || h.rowsFrom(heights, h.top, h.cursor) > r.Height() {
		if h.top > h.cursor {
			h.top = h.cursor
		} else {
			h.top++
		}
	}
	y := 0
	for i := h.top; i < h.entries() && y < r.Height(); i++ {
		h.drawEntry(r, m, i, y)
		for _, line := range h.describe(m, i, r.Width())[1:] {
			y++
			r.Text(6, y, m.theme.Faint, line)
		}
		for row := y - heights[i] + 1; row <= y; row++ {
			if above+row < len(h.rows) {
				h.rows[above+row] = i
			}
		}
		y++
		if i == len(h.lessons)-1 {
			y++
		}
	}
}

// rowsFrom returns how many rows the entries from one to another take.
func (h *home) rowsFrom(heights []int, from, to int) int {
	n := 0
	for i := from; i <= to; i++ {
		n += heights[i]
		if i == len(h.lessons)-1 && i < to {
			n++
		}
	}
	return n
}

// describe returns the lines of an entry: its own, and, if it is chosen, what it is about.
func (h *home) describe(m *Model, i, width int) []string {
	lines := []string{""}
	if i != h.cursor {
		return lines
	}
	switch n := i - len(h.lessons); {
	case n < 0:
		return append(lines, text.Wrap(says.AfterIt.In(m.lang)+" "+h.lessons[i].Learn.In(m.lang), width-8)...)
	case n == 0:
		return append(lines, text.Wrap(says.SandboxAbout.In(m.lang), width-8)...)
	}
	return append(lines, text.Wrap(says.OpenAbout.In(m.lang), width-8)...)
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
