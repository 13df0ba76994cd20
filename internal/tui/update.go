package tui

import (
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"

	"gossipscope/comm/trace"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

// key does what a key means: to a dialog if there is one, else by the table of actions, else to the panel that has the focus.
func (m *Model) key(msg tea.KeyPressMsg) tea.Cmd {
	m.notice = notice{}
	name := keyName(msg)
	if m.width < minWidth || m.height < minHeight {
		if name == "q" || name == "ctrl+c" {
			return m.quit()
		}
		return nil
	}
	switch {
	case m.busy != (text.Text{}):
		return nil
	case len(m.dialogs) > 0 && name == "ctrl+c":
		return m.quit()
	case len(m.dialogs) > 0:
		return m.dialogs[len(m.dialogs)-1].key(m, name, msg)
	}
	if m.watch != nil {
		if m.watch.opened && (name == "left" || name == "right") {
			return m.command(map[string]scene.Command{"left": scene.Left, "right": scene.Right}[name])
		}
		if c, offered := m.offer(name); offered {
			return m.command(c)
		}
	}
	a, known := m.actionOf(name)
	if m.watch != nil {
		m.watch.skip()
	}
	switch {
	case known:
		return a.do(m)
	case isComposed(msg):
		m.tell(says.Composed)
	case m.watch != nil && m.watch.timerRuns() && m.watch.jump():
		m.tell(says.Jumped)
	}
	return nil
}

// offer returns the command that the focused panel has under a key.
func (m *Model) offer(key string) (scene.Command, bool) {
	for _, o := range m.watch.focused().Offers() {
		if o.Key == key {
			return o.Command, true
		}
	}
	return "", false
}

// command gives the focused panel a command.
func (m *Model) command(c scene.Command) tea.Cmd {
	return m.outcome(m.watch.focused().Do(c, m.watch.scene(m.lang, m.theme)))
}

// outcome does what a panel asks for.
func (m *Model) outcome(o scene.Outcome) tea.Cmd {
	w := m.watch
	if o.Select != nil {
		w.selected = *o.Select
	}
	if o.GoTo > 0 {
		w.goTo(w.player.Find(o.GoTo))
	}
	if o.Step != "" {
		w.pin(trace.Step(o.Step))
	}
	if o.Inspect {
		return m.inspect()
	}
	return nil
}

// choose opens what is under the cursor of the focused panel, or enlarges the panel.
func (m *Model) choose() tea.Cmd {
	w := m.watch
	o := w.focused().Do(scene.Choose, w.scene(m.lang, m.theme))
	if !o.Handled && !o.Inspect {
		w.opened = !w.opened
		return nil
	}
	return m.outcome(o)
}

// moveFocus gives the keys to the next pane, or the one before. Where there is only one, the next view takes its place.
func (m *Model) moveFocus(step int) {
	w, panes := m.watch, m.panes()
	if panes == 1 || w.opened {
		w.show((w.slots[w.focus]+step+viewCount)%viewCount, panes)
		return
	}
	w.focus = (w.focus + step + panes) % panes
}

// click selects what was pressed with the mouse.
func (m *Model) click(x, y int) tea.Cmd {
	m.notice = notice{}
	switch {
	case m.deaf():
		return nil
	case len(m.dialogs) > 0:
		return m.clickDialog(x, y)
	case m.watch == nil:
		return m.clickHome(y)
	}
	w := m.watch
	l := layoutOf(m.width, m.height, w.opened)
	if l.slider.contains(x, y) {
		w.goTo(w.momentAt(x, m.width))
		return nil
	}
	for _, a := range w.areas {
		if a.inside.contains(x, y) {
			w.focus = a.slot
			return m.outcome(w.focused().Click(x-a.inside.x, y-a.inside.y, w.scene(m.lang, m.theme)))
		}
	}
	return nil
}

// wheel scrolls the pane under the mouse.
func (m *Model) wheel(msg tea.MouseWheelMsg) tea.Cmd {
	if m.deaf() {
		return nil
	}
	command := scene.Down
	if msg.Button == tea.MouseWheelUp {
		command = scene.Up
	}
	if len(m.dialogs) > 0 {
		return m.dialogs[len(m.dialogs)-1].key(m, string(command), tea.KeyPressMsg{})
	}
	if m.watch == nil {
		m.home.move(map[scene.Command]int{scene.Up: -1, scene.Down: +1}[command], m)
		return nil
	}
	for _, a := range m.watch.areas {
		if a.inside.contains(msg.X, msg.Y) {
			return m.outcome(m.watch.panels[m.watch.slots[a.slot]].Do(command, m.watch.scene(m.lang, m.theme)))
		}
	}
	return nil
}

// deaf reports whether there is nothing to press: something is being done, or the terminal is too small to show what is pressed.
func (m *Model) deaf() bool {
	return m.busy != (text.Text{}) || m.width < minWidth || m.height < minHeight
}

// typist is a dialog that takes text.
type typist interface{ types() bool }

// paste gives pasted text to the dialog that takes text. Elsewhere it means nothing: each of its letters would be a key.
func (m *Model) paste(s string) tea.Cmd {
	if m.deaf() || len(m.dialogs) == 0 {
		return nil
	}
	d := m.dialogs[len(m.dialogs)-1]
	if t, can := d.(typist); !can || !t.types() {
		return nil
	}
	m.dirty = true
	return d.key(m, "paste", tea.KeyPressMsg{Text: text.Printable(s)})
}

// startChoice leaves what is watched, and opens something else.
func (m *Model) startChoice(c Choice) tea.Cmd {
	m.busy = says.Opening
	leaving := m.unwatch()
	open := m.open(&c)
	return func() tea.Msg {
		if leaving != nil {
			leaving()
		}
		return open()
	}
}

// open makes a session, on the side.
func (m *Model) open(c *Choice) tea.Cmd {
	lang, starter, conf := m.lang, m.conf.Starter, m.conf
	return func() tea.Msg {
		var (
			s     session.Session
			err   error
			title text.Text
		)
		switch {
		case c.Lesson != nil:
			s, err = starter.Lesson(*c.Lesson)
			title = lessonTitle(*c.Lesson, text.Text{})
		case c.Sandbox:
			s, err = starter.Sandbox()
			title = says.SandboxTitle
		default:
			s, err = starter.Recording(c.Path)
			name := text.Printable(filepath.Base(c.Path))
			title = text.Text{Zh: says.ReplayTitle.Format(text.Chinese, name), En: says.ReplayTitle.Format(text.English, name)}
		}
		if isNil(s) {
			return openedMsg{err: err}
		}
		w := newWatch(s, lang, conf.panels(s.Header()))
		w.lesson, w.title = c.Lesson, title
		if l, known := walkthroughs.Find(s.Header().Lesson); known && c.Lesson == nil {
			w.title = lessonTitle(l, text.Text{Zh: title.Zh + "：", En: title.En + ": "})
		}
		return openedMsg{watch: w, err: err}
	}
}

// lessonTitle returns number and title of a lesson, behind a few words.
func lessonTitle(l walkthroughs.Lesson, before text.Text) text.Text {
	in := func(lang text.Lang) string {
		return before.In(lang) + says.LessonTitle.Format(lang, l.Number, l.Title.In(lang))
	}
	return text.Text{Zh: in(text.Chinese), En: in(text.English)}
}

// isNil reports whether there is no session: an interface that holds a nil pointer is none either.
func isNil(s session.Session) bool {
	switch s := s.(type) {
	case nil:
		return true
	case *session.Live:
		return s == nil
	case *session.Replay:
		return s == nil
	}
	return false
}

// opened shows the session that was opened.
func (m *Model) opened(msg openedMsg) tea.Cmd {
	m.busy = text.Text{}
	if msg.watch == nil {
		m.complain(asItIs, msg.err)
		return nil
	}
	if msg.err != nil {
		m.complain(asItIs, msg.err)
	}
	m.watch, m.dialogs, m.waiting, m.before = msg.watch, nil, false, time.Time{}
	if m.conf.Speed > 0 {
		m.watch.setSpeed(m.conf.Speed)
	}
	m.watch.player.SetLang(m.lang)
	m.watch.fit(m.panes())
	m.watch.take()
	return nil
}

// unwatch leaves the session that is watched, and returns what closes it, which takes its time; nil if there is none.
func (m *Model) unwatch() func() {
	w := m.watch
	if w == nil {
		return nil
	}
	m.watch, m.dialogs = nil, nil
	close(w.left)
	return w.session.Close
}

// leave makes an enlarged view small again, or goes home.
func (m *Model) leave() tea.Cmd {
	if m.watch.opened {
		m.watch.opened = false
		return nil
	}
	return m.close(false)
}

// undo makes an enlarged view small again, or forgets what is selected.
func (m *Model) undo() tea.Cmd {
	switch w := m.watch; {
	case w.opened:
		w.opened = false
	case w.selected.Kind != scene.SelectNothing:
		w.selected = scene.Selection{}
	default:
		m.tell(says.LeaveWithQ)
	}
	return nil
}

// quit ends the program, when all peers are stopped.
func (m *Model) quit() tea.Cmd { return m.close(true) }

// close leaves the session, if there is one, and then perhaps the program.
func (m *Model) close(quit bool) tea.Cmd {
	leaving := m.unwatch()
	if leaving != nil {
		m.busy = says.Closing
	}
	return func() tea.Msg {
		if leaving != nil {
			leaving()
		}
		return closedMsg{quit: quit}
	}
}

// lessonOver notes that a lesson was watched to its end, and says what can be done now.
func (m *Model) lessonOver() {
	w := m.watch
	w.selected = scene.Selection{} // so that Enter goes on to the next lesson
	m.notice = m.farewell()
	if w.failure != nil {
		return
	}
	if err := m.conf.Memory.MarkDone(w.lesson.Slug); err != nil {
		m.complain(asItIs, err)
	}
}

// farewell says how the lesson has ended, and what can be done now.
func (m *Model) farewell() notice {
	switch {
	case m.watch.failure != nil:
		return notice{says: says.LessonFailed, err: m.watch.failure}
	case m.nextLesson() == nil:
		return notice{says: says.LessonLast}
	}
	return notice{says: says.LessonDone}
}

// nextLesson returns the lesson behind the one that is watched, nil if there is none.
func (m *Model) nextLesson() *walkthroughs.Lesson {
	if m.watch == nil || m.watch.lesson == nil {
		return nil
	}
	for i, l := range m.conf.Lessons {
		if l.Slug == m.watch.lesson.Slug && i+1 < len(m.conf.Lessons) {
			return &m.conf.Lessons[i+1]
		}
	}
	return nil
}

// toggleStop makes the player stop at the step that is shown, every time, or no more.
func (m *Model) toggleStop() tea.Cmd {
	step := m.watch.step()
	switch {
	case step == "":
		m.tell(says.NothingToStopAt)
	case m.watch.player.ToggleStop(step):
		m.tell(says.NowStops, step)
	default:
		m.tell(says.StopsNoMore, step)
	}
	return nil
}

// toggleLanguage speaks the other language, also at the next start.
func (m *Model) toggleLanguage() tea.Cmd {
	if m.lang == text.Chinese {
		m.lang = text.English
	} else {
		m.lang = text.Chinese
	}
	if m.watch != nil {
		m.watch.player.SetLang(m.lang)
	}
	m.tell(says.LangIs)
	memory, lang := m.conf.Memory, m.lang
	return keep(func() error { return memory.KeepLang(lang) })
}

// toggleTheme takes the other theme, also at the next start.
func (m *Model) toggleTheme() tea.Cmd {
	m.theme = map[bool]*scene.Theme{true: scene.Light, false: scene.Dark}[m.theme == scene.Dark]
	m.conf.Theme = m.theme.Name
	m.tell(says.ThemeIs, themeNames[m.theme.Name].In(m.lang))
	memory, theme := m.conf.Memory, m.theme.Name
	return keep(func() error { return memory.KeepTheme(theme) })
}

// keep has something kept for the next start, on the side.
func keep(do func() error) tea.Cmd {
	return func() tea.Msg {
		if err := do(); err != nil {
			return toldMsg{says: asItIs, err: err}
		}
		return nil
	}
}

// toggleMouse takes the mouse, or leaves it to the terminal.
func (m *Model) toggleMouse() tea.Cmd {
	m.mouse = !m.mouse
	if m.mouse {
		m.tell(says.MouseOn)
	} else {
		m.tell(says.MouseOff)
	}
	return nil
}

// do has the session do something, if it has peers.
func (m *Model) do(act session.Act) tea.Cmd {
	if !m.canSteer() {
		m.tell(says.NoPeersInReplay)
		return nil
	}
	m.dialogs = nil // all that was asked is answered
	w := m.watch
	if err := w.peers.Do(act); err != nil {
		m.complain(asItIs, err)
		return nil
	}
	w.touched = true
	// What comes of it happens now, so now is what is shown.
	w.player.GoTo(w.history.Len())
	if !w.player.Playing() {
		w.awaiting = true
	}
	return nil
}

// saveRecording saves all that has happened so far.
func (m *Model) saveRecording() tea.Cmd {
	s := m.watch.session
	return m.toFile(m.watch.fileName(), "jsonl", func(path string) error { return s.Save(path) })
}

// toFile has something written to a new file, on the side, and tells where it is.
func (m *Model) toFile(prefix, extension string, write func(path string) error) tea.Cmd {
	memory := m.conf.Memory
	return func() tea.Msg {
		path, err := memory.FreshPath(prefix, extension)
		if err == nil {
			err = write(path)
		}
		if err != nil {
			return toldMsg{says: asItIs, err: err}
		}
		return toldMsg{says: says.Saved, args: []any{text.Printable(path)}}
	}
}

// fileName is how files of this session begin.
func (w *watch) fileName() string {
	if lesson := w.session.Header().Lesson; lesson != "" {
		return filepath.Base(lesson)
	}
	return "sandbox"
}

// shownEvents returns the events up to the moment that is shown.
func (w *watch) shownEvents() []timeline.Event { return w.history.Events()[:w.player.At()] }

// asItIs shows the sentence of an error, which needs no other words.
var asItIs = text.Text{Zh: "%s", En: "%s"}

var themeNames = map[string]text.Text{
	scene.Dark.Name:  {Zh: "深色", En: "dark"},
	scene.Light.Name: {Zh: "浅色", En: "light"},
}
