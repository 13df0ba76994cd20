// Package tui is the explorer's screens: the home screen, and a session that is watched, in up to four panes at once.
//
// It is one Bubble Tea model. What is drawn is a function of the model, and the model changes only by messages: a key, a frame, a
// size, or something that a command has done. Panels (in packages below) draw themselves into rectangles and hold nothing of the
// session; what a key does stands in one table (actions.go). Nothing is drawn while nothing has changed: a frame is asked for only as long as
// something moves, and otherwise the program waits until the peers do something.
package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// frameTime is the time from one frame to the next: 30 a second.
const frameTime = time.Second / 30

// Model is the whole of what the screens know.
type Model struct {
	conf    Config
	actions []action
	lang    text.Lang
	theme   *scene.Theme
	mouse   bool

	width, height int
	home          home
	watch         *watch // nil at home
	dialogs       []dialog
	dialogAt      rect // where the uppermost dialog was drawn last, with its border
	notice        notice
	busy          text.Text // what is being done, while nothing else can be

	canvas  *canvas.Canvas
	frame   string    // what was drawn last
	dirty   bool      // that something has changed since
	ticking bool      // that a frame is under way
	waiting bool      // that somebody waits for the session
	before  time.Time // when the last frame was; zero after a rest
}

// notice is a sentence for the reader, shown until the next key.
type notice struct {
	says text.Text
	args []any
	err  error // whose sentence is put in as the last argument
}

// The messages of the model's own.
type (
	// frameMsg is the time of the next frame.
	frameMsg time.Time

	// wakeMsg tells that something has happened in the session.
	wakeMsg struct{ of *watch }

	// openedMsg tells that a session has been opened, or not.
	openedMsg struct {
		watch *watch
		err   error
	}

	// closedMsg tells that the session is closed.
	closedMsg struct{ quit bool }

	// toldMsg tells what came of something that was done on the side.
	toldMsg notice
)

// New returns the model as it starts, at the home screen or in what the configuration opens.
func New(conf Config) *Model {
	m := &Model{conf: conf, actions: actions(), lang: conf.Lang, theme: conf.theme(), width: conf.Width, height: conf.Height, mouse: true, dirty: true}
	m.home.lessons = conf.Lessons
	return m
}

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	if m.conf.Open == nil {
		return tea.RequestBackgroundColor
	}
	m.busy = says.Opening
	return tea.Batch(tea.RequestBackgroundColor, m.open(m.conf.Open))
}

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.BackgroundColorMsg:
		m.background(msg.IsDark())
	case tea.KeyPressMsg:
		m.dirty = true
		cmd = m.key(msg)
	case tea.PasteMsg:
		cmd = m.paste(msg.Content)
	case tea.MouseClickMsg:
		m.dirty = true
		cmd = m.click(msg.X, msg.Y)
	case tea.MouseWheelMsg:
		m.dirty = true
		cmd = m.wheel(msg)
	case frameMsg:
		m.tick(time.Time(msg))
	case wakeMsg:
		if m.watch == msg.of {
			m.waiting, m.dirty = false, true
		}
	case openedMsg:
		m.dirty = true
		cmd = m.opened(msg)
	case closedMsg:
		m.dirty, m.busy = true, text.Text{}
		if msg.quit {
			return m, tea.Quit
		}
	case toldMsg:
		m.notice, m.dirty = notice(msg), true
	}
	return m, tea.Batch(cmd, m.follow())
}

// tick lets the time pass that has passed since the last frame.
func (m *Model) tick(now time.Time) {
	m.ticking = false
	w := m.watch
	if w == nil || w.rests() { // in a burst drawing costs the peers time, and nobody can follow thousands of events anyway
		return
	}
	dt := frameTime // the first after a rest
	if !m.before.IsZero() {
		dt = min(max(now.Sub(m.before), 0), 4*frameTime) // after a stall the movement goes on where it was
	}
	m.before = now
	running, played := w.timerRuns(), w.player.Playing()
	if w.frame(dt) || w.behind() || running || w.running != running {
		m.dirty = true
	}
	if step := w.step(); played && !w.player.Playing() && slices.Contains(w.player.Stops(), step) {
		m.tell(says.StoppedAt, step)
	}
	w.running = running
	if w.over && !w.told {
		w.told, m.dirty = true, true
		m.lessonOver()
	}
}

// follow returns what brings the next change: a frame, if something moves; else whatever happens in the session.
func (m *Model) follow() tea.Cmd {
	w := m.watch
	if w == nil || m.ticking {
		return nil
	}
	signals := w.signals() // before looking: what happens in between is not missed
	// One frame after each message, to take in what it may have changed: only then it is known whether anything moves.
	if w.restless() || m.dirty {
		m.ticking = true
		return tea.Tick(frameTime, func(now time.Time) tea.Msg { return frameMsg(now) })
	}
	m.before = time.Time{}
	if m.waiting {
		return nil
	}
	m.waiting = true
	return func() tea.Msg {
		signals.wait()
		return wakeMsg{of: w}
	}
}

// resize takes in another size.
func (m *Model) resize(width, height int) {
	m.width, m.height, m.dirty = width, height, true
	if m.watch != nil {
		m.watch.fit(m.panes())
	}
}

// panes returns how many panes there are.
func (m *Model) panes() int { return paneCount(m.width, m.height) }

// background takes in whether the terminal is dark, unless the reader has chosen a theme.
func (m *Model) background(dark bool) {
	if m.conf.Theme != "" {
		return
	}
	m.theme, m.dirty = scene.Light, true
	if dark {
		m.theme = scene.Dark
	}
}

// tell shows the reader a sentence, until the next key.
func (m *Model) tell(t text.Text, args ...any) {
	if t != (text.Text{}) {
		m.notice = notice{says: t, args: args}
	}
}

// complain tells the reader what went wrong.
func (m *Model) complain(t text.Text, err error) { m.notice = notice{says: t, err: err} }

// in returns the sentence in a language.
func (n notice) in(lang text.Lang) string {
	if n.says == (text.Text{}) {
		return ""
	}
	args := n.args
	if n.err != nil {
		args = append(args[:len(args):len(args)], session.Sentence(n.err, lang))
	}
	if len(args) == 0 {
		return n.says.In(lang)
	}
	return n.says.Format(lang, args...)
}

// View implements tea.Model.
func (m *Model) View() tea.View {
	if m.dirty {
		m.frame, m.dirty = m.draw(), false
	}
	v := tea.NewView(m.frame)
	v.AltScreen = true
	v.WindowTitle = "gossipscope"
	if m.conf.Theme != "" { // chosen: whatever the terminal's background is, it is the theme's now, until the program ends
		v.BackgroundColor, v.ForegroundColor = m.theme.Ground()
	}
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}
