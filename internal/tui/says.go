package tui

import "gossipscope/internal/text"

// says is what the screens say beside what panels and actions say for themselves.
var says = struct {
	Program, Tagline                                 text.Text
	Sandbox, SandboxAbout, Open, OpenAbout           text.Text
	Minutes, Done, AfterIt                           text.Text
	TooSmall                                         text.Text
	LessonTitle, SandboxTitle, ReplayTitle           text.Text
	Step, Seconds, ClockStands, ClockRuns            text.Text
	Playing, Paused, Past, PastLive, Free, Over, End text.Text
	Narration, NoEvent, SandboxHint                  text.Text
	Missed, MissedMeans, Composed                    text.Text
	Signs, Ahead, Happened, DidNot                   text.Text
	GoesTo, ComesFrom, AtOneEnd, Colon               text.Text
	Opening, Closing                                 text.Text
	LeaveWithQ, Settling, InVain, SaidTitle, ReadAll text.Text
	Space, Reading, ToShow                           text.Text
	NothingHeld, Jumped, WaitingTimer                text.Text
	NoPeersInReplay, NowStops, StopsNoMore           text.Text
	NothingToStopAt, StoppedAt, StopsMark            text.Text
	LessonDone, LessonFailed, LessonLast, GivenUp    text.Text
	LessonNext, HeldOne, HeldMany, HeldMore, Lesson  text.Text
	MouseOn, MouseOff, ThemeIs, LangIs, SpeedIs      text.Text
	FreeIs, Saved                                    text.Text
	Nothing                                          text.Text
	HelpTitle, PaletteTitle, HeldTitle, FaultTitle   text.Text
	ActTitle, ExportTitle, SearchTitle, OpenTitle    text.Text
	InspectTitle                                     text.Text
	Filter, NoMatch, SearchHint, DialogKeys          text.Text
	NoneSaved, TypeAPath, TypeOrChoose, EnterOpens   text.Text
	ScrollKeys                                       text.Text
	PanelKeys                                        text.Text
}{
	Program: text.Text{Zh: "gossipscope", En: "gossipscope"},
	Tagline: text.Text{
		Zh: "看懂 Hyperledger Fabric 的节点通信层：真实的节点、真实的 TLS、真实的 gRPC，一步一步走给你看。",
		En: "See how the peer-to-peer layer of Hyperledger Fabric works: real peers, real TLS, real gRPC, one step at a time.",
	},
	Sandbox:      text.Text{Zh: "沙盒", En: "Sandbox"},
	SandboxAbout: text.Text{Zh: "两个组织，三个节点，随你发消息、剪线、攻击、停掉谁。", En: "Three peers of two organisations, and you: send, cut lines, attack, stop whom you like."},
	Open:         text.Text{Zh: "打开录像", En: "Open a recording"},
	OpenAbout:    text.Text{Zh: "重看以前存下的一次运行，可以前进，也可以后退。", En: "Watch a run again that was saved, forward and backward."},
	Minutes:      text.Text{Zh: "%d 分钟", En: "%d min"},
	Done:         text.Text{Zh: "✓ 学过", En: "✓ done"},
	AfterIt:      text.Text{Zh: "学完你能回答：%s", En: "Afterwards you can answer: %s"},
	TooSmall: text.Text{
		Zh: "终端太小了：现在 %d×%d，至少要 %d×%d。\n请把窗口放大，或把字号调小。按 q 退出。",
		En: "This terminal is too small: it has %d×%d cells, and %d×%d are needed.\nMake the window larger, or the letters smaller. q quits.",
	},
	LessonTitle:  text.Text{Zh: "第 %d 课 %s", En: "Lesson %d: %s"},
	SandboxTitle: text.Text{Zh: "沙盒", En: "Sandbox"},
	ReplayTitle:  text.Text{Zh: "录像 %s", En: "Recording %s"},
	Step:         text.Text{Zh: "第 %d/%d 步", En: "step %d of %d"},
	Seconds:      text.Text{Zh: "%.2f 秒", En: "%.2f s"},
	ClockStands:  text.Text{Zh: "钟停", En: "clock stands"},
	ClockRuns:    text.Text{Zh: "钟走", En: "clock runs"},
	Playing:      text.Text{Zh: "播放", En: "playing"},
	Paused:       text.Text{Zh: "暂停", En: "paused"},
	Past:         text.Text{Zh: "回看", En: "the past"},
	PastLive:     text.Text{Zh: "回看：节点停在第 %d 步等着，End 回到那里", En: "the past: the peers wait at step %d, End returns there"},
	Free:         text.Text{Zh: "不拦", En: "free"},
	Over:         text.Text{Zh: "讲完了", En: "over"},
	GivenUp:      text.Text{Zh: "没讲完", En: "given up"},
	End:          text.Text{Zh: "到头了", En: "the end"},
	Narration:    text.Text{Zh: "讲解", En: "Lesson"},
	NoEvent:      text.Text{Zh: "还没有发生任何事。按空格播放，按 n 走一步。", En: "Nothing has happened yet. Space plays, n goes one step."},
	SandboxHint: text.Text{
		Zh: "按 a 让节点做点什么（发送、探测、握手……），按 f 弄坏点什么（剪线、冻结、伪造握手……），然后看这一层怎么应对。",
		En: "Press a to have a peer do something (send, probe, shake hands …), f to break something (cut, freeze, forge a handshake …), and see what the layer does about it.",
	},
	Missed:       text.Text{Zh: "漏看 %d", En: "missed %d"},
	MissedMeans:  text.Text{Zh: "有多少事件来得太快，屏幕没有接住；平时是 0", En: "how many events came too fast for the screen to keep; 0 as a rule"},
	Signs:        text.Text{Zh: "记号", En: "Signs"},
	Ahead:        text.Text{Zh: "将要发生", En: "about to happen"},
	Happened:     text.Text{Zh: "已经发生", En: "has happened"},
	DidNot:       text.Text{Zh: "没有成功", En: "did not succeed"},
	GoesTo:       text.Text{Zh: "从 %s 发往 %s", En: "from %s towards %s"},
	ComesFrom:    text.Text{Zh: "在 %s 这边，收自 %s", En: "at %s, of what comes from %s"},
	AtOneEnd:     text.Text{Zh: "在 %s 这一端，事关与 %s 的连接；没有东西在路上", En: "at %s's end of its connection with %s; nothing travels"},
	Colon:        text.Text{Zh: "：", En: ": "},
	Composed:     text.Text{Zh: "输入法在中文状态，按键被它接走了：切到英文，或改用方向键、Enter、Tab、功能键和数字键（0 列出全部操作）。", En: "An input method takes the keys: switch it to English, or use arrows, Enter, Tab, function keys and digits (0 lists all actions)."},
	Opening:      text.Text{Zh: "正在启动节点……", En: "Starting peers …"},
	Closing:      text.Text{Zh: "正在停下所有节点……", En: "Stopping all peers …"},
	LeaveWithQ:   text.Text{Zh: "按 q 停下节点，回到首页。", En: "q stops the peers and goes home."},
	Settling:     text.Text{Zh: "放行的那一个正在路上，稍等一下再按。", En: "The one that was let go is under way: press again in a moment."},
	InVain:       text.Text{Zh: "课在等的那一步可能不会来了（你动过节点）。q 回首页重来。", En: "The lesson may wait in vain: you have had your hands in it. q: home, to retry."},
	SaidTitle:    text.Text{Zh: "讲解和说明，全文", En: "What is said, in full"},
	ReadAll:      text.Text{Zh: "…（i 读全文）", En: "… (i: all of it)"},
	Space:        text.Text{Zh: "空格", En: "Space"},
	Reading:      text.Text{Zh: "等你读完上面的讲解；按任意键接着走", En: "time to read what the lesson says; any key goes on"},
	ToShow:       text.Text{Zh: "还有 %d 步已经发生，按 n 一步步看", En: "n shows what has happened since, step by step: %d to go"},
	NothingHeld:  text.Text{Zh: "此刻没有拦住谁，也没有定时器在走：节点都在等别人做点什么。", En: "Nobody is held and no timer runs: the peers wait for somebody to do something."},
	Jumped:       text.Text{Zh: "钟拨到了下一个定时器。", En: "The clock was put to the next timer."},
	WaitingTimer: text.Text{Zh: "在等定时器，还有 %.1f 秒；按 n 直接跳到那一刻", En: "waiting for a timer, %.1f s to go; n jumps there"},
	NoPeersInReplay: text.Text{
		Zh: "这是录像，里面没有活的节点。想动手，从首页进一课或进沙盒。",
		En: "This is a recording: there are no peers to act on. Start a lesson or the sandbox from the home screen.",
	},
	NowStops:        text.Text{Zh: "以后每次走到 %s 都停下。", En: "Stops at %s every time from now on."},
	StopsNoMore:     text.Text{Zh: "走到 %s 不再停。", En: "Does not stop at %s any more."},
	NothingToStopAt: text.Text{Zh: "现在显示的不是一步，没有地方可以停。先走到一步上，再按 b。", En: "What is shown is no step of a peer, so there is nothing to stop at. Go to a step, then press b."},
	StoppedAt:       text.Text{Zh: "停在 %s：你要求每次到这一步都停。空格继续，按 b 取消。", En: "Stopped at %s, as you have asked. Space goes on; b stops here no more."},
	StopsMark:       text.Text{Zh: "停点 %d", En: "stops %d"},
	LessonDone:      text.Text{Zh: "这一课讲完了，承诺全部成立。Enter 看下一课，← 回看，a f 自己动手，q 回首页。", En: "The end, and every promise held. Enter: next; ← look back; a f: try; q: home."},
	LessonLast:      text.Text{Zh: "最后一课讲完了，承诺全部成立。← 回看，a f 自己动手，q 回首页。", En: "The last lesson ends, and every promise held. ← look back; a f: try; q: home."},
	LessonFailed:    text.Text{Zh: "%s ← 回看，q 回首页再试。", En: "%s ← look back; q: home, to try again."},
	LessonNext:      text.Text{Zh: "轮到：讲解", En: "held: the lesson, next to go on"},
	HeldOne:         text.Text{Zh: "拦住：%s", En: "held: %s"},
	HeldMany:        text.Text{Zh: "拦住 %d 个：", En: "%d held: "},
	HeldMore:        text.Text{Zh: "　s 选谁先走", En: "  s: who goes first"},
	Lesson:          text.Text{Zh: "讲解", En: "the lesson"},
	Saved:           text.Text{Zh: "已存到 %s", En: "Saved to %s"},
	MouseOn:         text.Text{Zh: "鼠标可以点选了；要用鼠标选中文字，再按 m 关掉。", En: "The mouse selects things now; press m again to select text with it."},
	MouseOff:        text.Text{Zh: "鼠标还给终端了，可以选中文字。", En: "The mouse is the terminal's again, for selecting text."},
	ThemeIs:         text.Text{Zh: "主题：%s", En: "Theme: %s"},
	LangIs:          text.Text{Zh: "界面语言：中文", En: "Language: English"},
	SpeedIs:         text.Text{Zh: "速度 ×%v", En: "Speed ×%v"},
	FreeIs:          text.Text{Zh: "不拦：节点全速运行，画面只显示最新的样子。按 - 恢复一步一步。", En: "Free: nobody is held, the peers run as fast as they can, and the screen shows the latest. - goes back to step by step."},
	Nothing:         text.Text{Zh: "没有选中任何东西。用 ↑↓ 选一个，再按 Enter。", En: "Nothing is selected. Choose something with ↑↓, then press Enter."},
	HelpTitle:       text.Text{Zh: "所有按键", En: "All keys"},
	PaletteTitle:    text.Text{Zh: "所有操作", En: "All actions"},
	HeldTitle:       text.Text{Zh: "谁先走？", En: "Who goes first?"},
	FaultTitle:      text.Text{Zh: "弄坏什么？", En: "Break what?"},
	ActTitle:        text.Text{Zh: "做什么？", En: "Do what?"},
	ExportTitle:     text.Text{Zh: "带走什么？", En: "Take what away?"},
	SearchTitle:     text.Text{Zh: "找一步", En: "Find a step"},
	OpenTitle:       text.Text{Zh: "打开哪个录像？", En: "Open which recording?"},
	InspectTitle:    text.Text{Zh: "细看", En: "A closer look"},
	Filter:          text.Text{Zh: "输入几个字来缩小范围", En: "Type to narrow down"},
	NoMatch:         text.Text{Zh: "没有符合的。按退格删掉几个字，Esc 关闭。", En: "Nothing matches. Backspace deletes, Esc closes."},
	NoneSaved:       text.Text{Zh: "还没有存过录像。看的时候按 r 就存一份。", En: "No recording was saved yet. While you watch, r saves one."},
	TypeAPath:       text.Text{Zh: "输入文件名", En: "type a file name"},
	TypeOrChoose:    text.Text{Zh: "输入文件名，或从下面选一个", En: "type a file name, or choose one below"},
	EnterOpens:      text.Text{Zh: "存过的里面没有。按 Enter 打开这个文件。", En: "None that was saved is called so. Enter opens the file of this name."},
	SearchHint:      text.Text{Zh: "步骤名、节点名，或说明里的字", En: "a step, a peer, or words of a sentence"},
	DialogKeys:      text.Text{Zh: "↑↓ 选择　Enter 确定　Esc 返回", En: "↑↓ choose  Enter take  Esc back"},
	ScrollKeys:      text.Text{Zh: "↑↓ 滚动　Esc 关闭", En: "↑↓ scroll  Esc close"},
	PanelKeys:       text.Text{Zh: "视图 %s 里", En: "In the view %s"},
}

// The views, in the order of their keys.
const (
	viewStage = iota
	viewPipeline
	viewSequence
	viewCode
	viewNote
	viewBytes
	viewState
	viewCount
)

var viewNames = [viewCount]text.Text{
	{Zh: "舞台", En: "Stage"},
	{Zh: "管道", En: "Pipeline"},
	{Zh: "时序", En: "Sequence"},
	{Zh: "源码", En: "Code"},
	{Zh: "笔记", En: "Note"},
	{Zh: "字节", En: "Bytes"},
	{Zh: "状态", En: "State"},
}
