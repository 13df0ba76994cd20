package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/playback"
	"gossipscope/internal/tui/scene"
)

// Everything that a key can do is an action of this table. The footer, the list of all keys and the list of all actions are made from it.

// place is where an action can be done.
type place int

const (
	atHome place = 1 << iota
	watching
	anywhere = atHome | watching
)

// action is something that the reader can do.
type action struct {
	name   string   // for tests, and for nothing else
	keys   []string // as Bubble Tea names them; the first is the one that is shown
	label  text.Text
	about  text.Text // a few words more, for the list of all keys
	where  place
	quiet  bool                // not in the footer
	peers  bool                // needs peers that run
	always bool                // in the footer, whatever else there is room for
	can    func(m *Model) bool // whether it can be done now; nil for always
	do     func(m *Model) tea.Cmd
}

// shownKeys are the names of keys as a person knows them.
var shownKeys = map[string]string{
	"left": "←", "right": "→", "up": "↑", "down": "↓", "enter": "Enter", "tab": "Tab", "shift+tab": "⇧Tab", "esc": "Esc",
	"home": "Home", "end": "End", "ctrl+c": "^C", "ctrl+p": "^P", "pgup": "PgUp", "pgdown": "PgDn",
}

// shownKey returns what a key is called.
func (m *Model) shownKey(key string) string {
	if key == "space" {
		return says.Space.In(m.lang)
	}
	if shown, known := shownKeys[key]; known {
		return shown
	}
	if len(key) > 1 && key[0] == 'f' {
		return "F" + key[1:]
	}
	return key
}

// actions is the table. A key means the first action in it that can be done where the reader is.
func actions() []action {
	return slices.Concat(timeActions, lookActions, deedActions, homeActions, generalActions, viewActions())
}

var timeActions = []action{
	{
		name: "pause", keys: []string{"space", "f5"}, where: watching,
		label: text.Text{Zh: "暂停/播放", En: "pause/play"},
		about: text.Text{Zh: "暂停：节点拦在各自的下一步；再按一次接着播放", En: "pause: the peers are held at their next steps; again: play on"},
		do:    func(m *Model) tea.Cmd { m.watch.toggle(); return nil },
	},
	{
		name: "next", keys: []string{"n", "right"}, where: watching,
		label: text.Text{Zh: "下一步", En: "next"},
		about: text.Text{Zh: "走一步；在最新处，就放行拦得最久的那个 goroutine", En: "one step forward; in the present, the goroutine that has been held longest goes on"},
		do:    func(m *Model) tea.Cmd { m.tell(m.watch.next()); return nil },
	},
	{
		name: "back", keys: []string{"p", "left"}, where: watching,
		label: text.Text{Zh: "上一步", En: "back"},
		about: text.Text{Zh: "看前一步；节点原地等着", En: "the step before; the peers stay where they are"},
		do:    func(m *Model) tea.Cmd { m.watch.back(); return nil },
	},
	{
		name: "first", keys: []string{"home"}, where: watching, quiet: true,
		label: text.Text{Zh: "回到开头", En: "to the start"},
		do:    func(m *Model) tea.Cmd { m.watch.goTo(0); return nil },
	},
	{
		name: "last", keys: []string{"end"}, where: watching, quiet: true,
		label: text.Text{Zh: "回到最新", En: "to the present"},
		about: text.Text{Zh: "回到最新处；录像则到末尾", En: "back to the present, or the end of a recording"},
		do:    func(m *Model) tea.Cmd { m.watch.goTo(m.watch.history.Len()); return nil },
	},
	{
		name: "who", keys: []string{"s", "f7"}, where: watching,
		label: text.Text{Zh: "谁先走", En: "who next"},
		about: text.Text{Zh: "列出拦住的 goroutine，由你决定谁先走", En: "the goroutines that are held: you are the scheduler"},
		can:   (*Model).canSteer,
		do:    (*Model).openHeld,
	},
	{
		name: "slower", keys: []string{"-", "8"}, where: watching, quiet: true,
		label: text.Text{Zh: "慢些", En: "slower"},
		do:    func(m *Model) tea.Cmd { return m.changeSpeed(-1) },
	},
	{
		name: "faster", keys: []string{"+", "=", "9"}, where: watching,
		label: text.Text{Zh: "快些", En: "faster"},
		about: text.Text{Zh: "更快；最快之上是「不拦」：节点全速运行", En: "faster; above the fastest nobody is held at all"},
		do:    func(m *Model) tea.Cmd { return m.changeSpeed(+1) },
	},
	{
		name: "stop at", keys: []string{"b", "f9"}, where: watching,
		label: text.Text{Zh: "到此必停", En: "stop here"},
		about: text.Text{Zh: "以后每次走到这一步都停下；再按一次取消", En: "stop at this step every time; again: no more"},
		do:    (*Model).toggleStop,
	},
	{
		name: "search", keys: []string{"/", "f3"}, where: watching,
		label: text.Text{Zh: "查找", En: "find"},
		about: text.Text{Zh: "按步骤、节点或说明里的字查找，跳过去", En: "find a step by name, peer or words, and go there"},
		do:    (*Model).openSearch,
	},
}

var lookActions = []action{
	{
		name: "next lesson", keys: []string{"enter"}, where: watching,
		label: text.Text{Zh: "下一课", En: "next lesson"},
		can:   (*Model).canGoOn,
		do:    func(m *Model) tea.Cmd { return m.startChoice(Choice{Lesson: m.nextLesson()}) },
	},
	{
		name: "open", keys: []string{"enter"}, where: watching,
		label: text.Text{Zh: "细看", En: "open"},
		about: text.Text{Zh: "打开光标所指：消息、连接、节点或队列；没有就放大视图", En: "open what is under the cursor; if nothing is, enlarge the view"},
		do:    (*Model).choose,
	},
	{
		name: "enlarge", keys: []string{"u", "f11"}, where: watching, quiet: true,
		label: text.Text{Zh: "放大", En: "enlarge"},
		about: text.Text{Zh: "视图占满中间；再按一次还原。放大以后 ←→ 归视图用", En: "the view takes all the room, and ←→ with it; again: back"},
		do:    func(m *Model) tea.Cmd { m.watch.opened = !m.watch.opened; return nil },
	},
	{
		name: "focus next", keys: []string{"tab"}, where: watching, quiet: true,
		label: text.Text{Zh: "下一个视图", En: "next view"},
		do:    func(m *Model) tea.Cmd { m.moveFocus(+1); return nil },
	},
	{
		name: "focus previous", keys: []string{"shift+tab"}, where: watching, quiet: true,
		label: text.Text{Zh: "上一个视图", En: "previous view"},
		do:    func(m *Model) tea.Cmd { m.moveFocus(-1); return nil },
	},
	{
		name: "read", keys: []string{"i", "f12"}, where: watching, quiet: true,
		label: text.Text{Zh: "读全文", En: "read all"},
		about: text.Text{Zh: "完整显示讲解和这一步的说明，放不下时用", En: "what the lesson says and what the event tells, in full, where there is too little room"},
		do:    (*Model).openSaid,
	},
	panelAction("up", "up", text.Text{Zh: "向上", En: "up"}),
	panelAction("down", "down", text.Text{Zh: "向下", En: "down"}),
	panelAction("page up", "pgup", text.Text{Zh: "上一页", En: "page up"}),
	panelAction("page down", "pgdown", text.Text{Zh: "下一页", En: "page down"}),
}

// panelAction hands a key to the panel that has the focus.
func panelAction(name, key string, label text.Text) action {
	commands := map[string]scene.Command{"up": scene.Up, "down": scene.Down, "pgup": scene.PageUp, "pgdown": scene.PageDown}
	return action{
		name: name, keys: []string{key}, where: watching, quiet: true, label: label,
		do: func(m *Model) tea.Cmd { return m.command(commands[key]) },
	}
}

var deedActions = []action{
	{
		name: "act", keys: []string{"a", "f4"}, where: watching, peers: true,
		label: text.Text{Zh: "动手", En: "act"},
		about: text.Text{Zh: "发送、等确认、探测、握手、关闭、停止、加节点……", En: "send, send with ack, probe, shake hands, close, stop, add a peer …"},
		do:    (*Model).openActs,
	},
	{
		name: "fault", keys: []string{"f", "f6"}, where: watching, peers: true,
		label: text.Text{Zh: "弄坏", En: "break"},
		about: text.Text{Zh: "剪断、拖慢、冻结线路，杀掉节点，伪造握手……", En: "cut, delay or freeze a line, kill a peer, forge a handshake …"},
		do:    (*Model).openFaults,
	},
	{
		name: "record", keys: []string{"r", "f8"}, where: watching,
		label: text.Text{Zh: "存录像", En: "save"},
		about: text.Text{Zh: "把到现在为止的一切存成录像", En: "save all that has happened so far as a recording"},
		do:    (*Model).saveRecording,
	},
	{
		name: "export", keys: []string{"e", "f10"}, where: watching,
		label: text.Text{Zh: "导出", En: "export"},
		about: text.Text{Zh: "时序图（Mermaid、SVG），终端录像（asciicast）", En: "the sequence (Mermaid, SVG), or a terminal cast (asciicast)"},
		do:    (*Model).openExports,
	},
}

var homeActions = []action{
	{
		name: "choose up", keys: []string{"up"}, where: atHome, quiet: true,
		label: text.Text{Zh: "上移", En: "up"},
		do:    func(m *Model) tea.Cmd { m.home.move(-1, m); return nil },
	},
	{
		name: "choose down", keys: []string{"down", "tab"}, where: atHome, quiet: true,
		label: text.Text{Zh: "下移", En: "down"},
		do:    func(m *Model) tea.Cmd { m.home.move(+1, m); return nil },
	},
	{
		name: "start", keys: []string{"enter", "space"}, where: atHome,
		label: text.Text{Zh: "开始", En: "start"},
		do:    (*Model).start,
	},
}

var generalActions = []action{
	{
		name: "language", keys: []string{"l", "f2"}, where: anywhere,
		label: text.Text{Zh: "English", En: "中文"},
		about: text.Text{Zh: "换语言：换成英文；下次启动还是它", En: "the language: switch to Chinese; remembered for the next start"},
		do:    (*Model).toggleLanguage,
	},
	{
		name: "theme", keys: []string{"t"}, where: anywhere, quiet: true,
		label: text.Text{Zh: "深浅", En: "theme"},
		about: text.Text{Zh: "深色或浅色主题", En: "the dark or the light theme"},
		do:    (*Model).toggleTheme,
	},
	{
		name: "mouse", keys: []string{"m"}, where: anywhere, quiet: true,
		label: text.Text{Zh: "鼠标", En: "mouse"},
		about: text.Text{Zh: "开关鼠标：点选、点滑块、滚轮；要选中文字时关掉", En: "mouse on or off: click, also the slider; wheel. Off for selecting text"},
		do:    (*Model).toggleMouse,
	},
	{
		name: "all actions", keys: []string{"0", "ctrl+p"}, where: anywhere, quiet: true,
		label: text.Text{Zh: "全部操作", En: "all actions"},
		about: text.Text{Zh: "列出所有操作，选一个就做；中文输入法下也能用", En: "lists every action; choose one to do it"},
		do:    (*Model).openPalette,
	},
	{
		name: "help", keys: []string{"?", "f1"}, where: anywhere, always: true,
		label: text.Text{Zh: "所有按键", En: "all keys"},
		do:    (*Model).openHelp,
	},
	{
		name: "leave", keys: []string{"q"}, where: watching, always: true,
		label: text.Text{Zh: "返回", En: "leave"},
		about: text.Text{Zh: "视图放大时还原；否则停下节点，回到首页", En: "an enlarged view shrinks; else the peers are stopped, and the home screen is shown"},
		do:    (*Model).leave,
	},
	{
		// Esc closes dialogs, and is easily pressed once more than needed: it never ends a session.
		name: "undo", keys: []string{"esc"}, where: watching, quiet: true,
		label: text.Text{Zh: "还原", En: "undo"},
		about: text.Text{Zh: "视图放大时还原，有选中的就不再选中", En: "an enlarged view shrinks; what is selected is so no more"},
		do:    (*Model).undo,
	},
	{
		name: "quit", keys: []string{"q", "esc", "ctrl+c"}, where: atHome, always: true,
		label: text.Text{Zh: "退出", En: "quit"},
		do:    (*Model).quit,
	},
	{
		name: "quit at once", keys: []string{"ctrl+c"}, where: watching, quiet: true,
		label: text.Text{Zh: "退出程序", En: "quit the program"},
		do:    (*Model).quit,
	},
}

// viewActions are the keys 1 to 7, one for each view.
func viewActions() []action {
	var list []action
	for view, name := range viewNames {
		list = append(list, action{
			name: "view " + name.En, keys: []string{string(rune('1' + view))}, where: watching, quiet: true, label: name,
			do: func(m *Model) tea.Cmd { m.watch.show(view, m.panes()); return nil },
		})
	}
	return list
}

// here returns the actions that can be done now, in the order of the table.
func (m *Model) here() []action {
	at := atHome
	if m.watch != nil {
		at = watching
	}
	var list []action
	for _, a := range m.actions {
		if a.where&at != 0 && (a.can == nil || a.can(m)) {
			list = append(list, a)
		}
	}
	return list
}

// actionOf returns the action of a key, and whether there is one.
func (m *Model) actionOf(key string) (action, bool) {
	for _, a := range m.here() {
		if slices.Contains(a.keys, key) {
			return a, true
		}
	}
	return action{}, false
}

// changeSpeed chooses the next speed up or down. Above the fastest nobody is held any more.
func (m *Model) changeSpeed(step int) tea.Cmd {
	w := m.watch
	switch {
	case w.free && step < 0:
		w.setFree(false)
	case w.free:
		return nil
	case step > 0 && w.peers != nil && w.player.Speed() >= playback.Speeds[len(playback.Speeds)-1]:
		w.setFree(true)
		m.tell(says.FreeIs)
		return nil
	default:
		w.setSpeed(w.player.Faster(step))
	}
	m.tell(says.SpeedIs, w.player.Speed())
	return nil
}

func (m *Model) canSteer() bool { return m.watch != nil && m.watch.peers != nil }

// canGoOn reports whether the lesson was watched to its end, and there is another; whoever selects something wants to look closer instead.
func (m *Model) canGoOn() bool {
	w := m.watch
	return w.over && w.failure == nil && w.player.AtEnd() && w.selected.Kind == scene.SelectNothing && m.nextLesson() != nil
}
