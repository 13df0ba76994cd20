package text

// The table of everything that the command line says. It is one value of one struct type, so that a sentence without a translation
// or a message that nobody wrote does not compile, and a test can walk through all of it.
//
// Where a sentence takes arguments, both languages take the same ones in the same order (the test looks). Sentences that a person
// sees because something went wrong say what to do next.

import "fmt"

// Format returns the text in lang with args put in, as fmt.Sprintf does.
func (t Text) Format(lang Lang, args ...any) string {
	return fmt.Sprintf(t.In(lang), args...)
}

// Messages is the type of the table.
type Messages struct {
	Headings Headings
	Commands Commands
	Flags    Flags
	Lessons  LessonList
	Usage    UsageErrors
	Failures Failures
	Version  VersionLines
	Reading  Reading
}

// Headings are the words between which help is laid out.
type Headings struct {
	Usage, Commands, Flags, Examples Text
	FlagsPlace                       Text // stands for the flags in a usage line
	MoreHelp                         Text // %s: the program
}

// Command is what help says of one command.
type Command struct {
	Arguments Text // after the name in the usage line
	Short     Text // one line, in lists
	Long      Text // in the command's own help
}

// Commands is what help says of the commands.
type Commands struct {
	Root, List, Play, Sandbox, Replay, Version, Help Command
	PlayExamples, ReplayExamples                     Text
}

// Flags describes the flags. The Value fields are the names of what a flag takes.
type Flags struct {
	Plain, JSON, Speed, Record, Lang, Help, ReplayJSON, ReplayPlain Text
	ASCII, Theme, ThemeValue                                        Text
	SpeedValue, RecordValue, LangValue                              Text
}

// LessonList is what surrounds the list of lessons.
type LessonList struct {
	Intro, Heading, Minutes, Next, NotATerminal Text
	Legend                                      Text // of the lines that a lesson prints
}

// UsageErrors are the sentences for a command line that cannot be understood.
type UsageErrors struct {
	UnknownCommand  Text // %s: what was typed
	UnknownFlag     Text // %s: the flag
	FlagNeedsValue  Text // %s: the flag
	BadFlagValue    Text // %s, %s: the value, the flag
	BadFlagSyntax   Text // %s: what was typed
	NoArguments     Text // %s: the command
	WhichLesson     Text // %s: the lessons
	UnknownLesson   Text // %s, %s: what was typed, the lessons
	WhichFile       Text
	OneOnly         Text // %s: the command
	PlainOrJSON     Text
	BadSpeed        Text // %s: what was typed
	BadLanguage     Text // %s: what was typed
	BadTheme        Text // %s: what was typed
	NeedsTerminal   Text
	EmptyRecordPath Text
	SeeHelp         Text // %s: the command to type
}

// Failures are the sentences for what went wrong although the command was understood.
type Failures struct {
	RecordCreate   Text // %s, %s: the file, the system's own words
	OpenRecording  Text // the same
	NotARecording  Text // the same
	NewerVersion   Text // the same
	Truncated      Text // the same
	Broken         Text // the same
	ReadRecording  Text // the same
	StandardInput  Text // in place of a file
	Output         Text // %s: the system's own words
	LabStart       Text // %s: the error's own words
	PromisesBroken Text // %s: the lesson's own words
	LessonStuck    Text // the same
	Interrupted    Text
	Discarded      Text // %s: the file
	Recorded       Text // %s, %s, %s: the file, how the program was called, the file quoted for a shell
	Reason         Text // %s: the words of an error that no sentence is written for
}

// VersionLines are the lines of the version command, each with the version behind it.
type VersionLines struct {
	Program, Go, GRPC, Recording, Unknown Text
}

// Table holds the sentences themselves.
var Table = Messages{
	Reading: reading,
	Headings: Headings{
		Usage:      Text{"用法：", "Usage:"},
		Commands:   Text{"命令：", "Commands:"},
		Flags:      Text{"选项：", "Flags:"},
		Examples:   Text{"例子：", "Examples:"},
		FlagsPlace: Text{"[选项]", "[flags]"},
		MoreHelp:   Text{"「%s help 命令」显示某个命令的详细说明。", "\"%s help COMMAND\" tells more about a command."},
	},
	Commands: Commands{
		Root: Command{
			Short: Text{"看懂 Hyperledger Fabric 的节点通信层。", "See how the peer-to-peer layer of Hyperledger Fabric works."},
			Long: Text{
				"explore 在你的机器上启动真实的节点，让你一步一步看清它们怎样拨号、握手、发送、确认和关闭。\n每一行都来自真实节点：真实的 TLS，真实的 gRPC。",
				"explore starts real peers on your machine and shows, step by step, how they dial, shake hands, send, acknowledge and close.\n" +
					"Every line comes from real peers: real TLS, real gRPC.",
			},
		},
		List: Command{
			Short: Text{"列出所有课程", "list the lessons"},
			Long:  Text{"列出所有课程：编号、名字、标题，以及学完之后你能回答什么。", "Lists the lessons: number, name, title, and what you can answer afterwards."},
		},
		Play: Command{
			Arguments: Text{"课程", "LESSON"},
			Short:     Text{"播放一课", "play a lesson"},
			Long: Text{
				"播放一课，边走边讲，一行一步。课程用编号或名字指定（见 explore list）。\n" +
					"每一行依次是：节点、方向、连接、步骤、说明。方向里，→ 是发往对方，← 是从对方来，│ 是在本端发生、与对方有关。\n" +
					"步骤前面的记号：○ 即将发生，● 已经发生，✗ 没有成功。\n" +
					"在终端里按课程自己的节奏显示；输出到文件或管道时不停顿。\n" +
					"课程的承诺全部成立，退出状态才是 0；有一条落空是 1；命令写错是 2；按 Ctrl-C 中断是 130。",
				"Plays a lesson and explains it as it goes, one line a step. The lesson is given by its number or its name (see explore list).\n" +
					"A line holds: peer, direction, connection, step, explanation. Of the directions, → goes to the other peer, ← comes from it,\n" +
					"and │ happens at this end and concerns the other.\n" +
					"The mark before a step: ○ about to happen, ● has happened, ✗ did not succeed.\n" +
					"In a terminal the lesson keeps its own pace; into a file or a pipe it does not wait.\n" +
					"The exit status is 0 only if everything that the lesson promises held; 1 if not; 2 for a mistake in the command; 130 after Ctrl-C.",
			},
		},
		Sandbox: Command{
			Short: Text{"进沙盒：三个节点，随你摆弄", "open the sandbox: three peers, and you"},
			Long: Text{
				"启动两个组织的三个节点，由你让它们发送、握手、停止，由你剪断线路、伪造握手，看这一层怎么应对。需要终端。",
				"Starts three peers of two organisations. Have them send, shake hands and stop, cut lines, forge handshakes, and see what the layer does. Needs a terminal.",
			},
		},
		Replay: Command{
			Arguments: Text{"文件", "FILE"},
			Short:     Text{"重放一份录像", "replay a recording"},
			Long: Text{
				"重放用 explore play --record 存下的录像，显示与当时相同的内容。文件名写 - 则从标准输入读取。",
				"Replays a recording that explore play --record has saved, and shows what was shown then. A - for the file reads standard input.",
			},
		},
		Version: Command{
			Short: Text{"显示版本", "show versions"},
			Long:  Text{"显示本程序、Go 和 gRPC 的版本，以及能读写的录像版本。", "Shows the versions of this program, of Go and of gRPC, and which recordings it reads and writes."},
		},
		Help: Command{
			Arguments: Text{"[命令]", "[COMMAND]"},
			Short:     Text{"显示说明", "show help"},
			Long:      Text{"显示本程序或某个命令的说明。", "Shows help for the program or for a command."},
		},
		PlayExamples: Text{
			"explore play 1\nexplore play 1 --speed 2\nexplore play 1 --plain > lesson.txt\nexplore play 1 --record lesson.jsonl",
			"explore play 1\nexplore play 1 --speed 2\nexplore play 1 --plain > lesson.txt\nexplore play 1 --record lesson.jsonl",
		},
		ReplayExamples: Text{
			"explore replay lesson.jsonl --plain\nexplore play 1 --json | explore replay -",
			"explore replay lesson.jsonl --plain\nexplore play 1 --json | explore replay -",
		},
	},
	Flags: Flags{
		Plain: Text{
			"一行一行地显示，任何终端都可以；不是终端时不写也是如此",
			"line by line; the default if this is no terminal",
		},
		JSON:        Text{"以录像的格式输出事件，一行一个", "print the events as a recording holds them, one a line"},
		Speed:       Text{"播放速度，大于 0，不超过 20", "how fast to play: more than 0, at most 20"},
		Record:      Text{"同时存一份录像；已有的文件不会被覆盖", "also save a recording; never overwrites a file"},
		Lang:        Text{"界面语言，缺省由系统的语言环境决定", "the language; by default that of the locale"},
		Help:        Text{"显示说明", "show help"},
		ReplayPlain: Text{"一行一行地显示；不是终端时不写也是如此", "line by line; the default if this is no terminal"},
		ASCII:       Text{"不用线条字符和符号，只用 ASCII 来画", "no line characters, no symbols: ASCII only"},
		Theme:       Text{"深色 dark 或浅色 light；缺省由终端的背景决定", "for a dark or a light background"},
		ThemeValue:  Text{"dark|light", "dark|light"},
		ReplayJSON:  Text{"以录像的格式输出事件", "print the events in the format of a recording"},
		SpeedValue:  Text{"倍数", "N"},
		RecordValue: Text{"文件", "FILE"},
		LangValue:   Text{"zh|en", "zh|en"},
	},
	Lessons: LessonList{
		Intro:   Text{"每一课都启动真实的节点，一步一步演示它们怎样通信。", "Each lesson starts real peers and shows, step by step, how they communicate."},
		Heading: Text{"课程：", "Lessons:"},
		Minutes: Text{"%d 分钟", "%d min"},
		Next: Text{
			"从这里开始：%[1]s play 1\n全部命令：　%[1]s help",
			"Begin with:    %[1]s play 1\nAll commands:  %[1]s help",
		},
		Legend: Text{
			"○ 即将发生　● 已经发生　✗ 没有成功　→ 发往对方　← 来自对方　│ 只在本端",
			"○ about to happen  ● happened  ✗ did not succeed  → to the other peer  ← from it  │ at this end",
		},
		NotATerminal: Text{
			"输出的另一头不是终端。要一行一行地看一课，用 %s play 课程 --plain。",
			"The output is not a terminal. To read a lesson line by line, use %s play LESSON --plain.",
		},
	},
	Usage: UsageErrors{
		UnknownCommand: Text{"没有「%s」这个命令。", "There is no command %q."},
		UnknownFlag:    Text{"没有 %s 这个选项。", "There is no flag %s."},
		FlagNeedsValue: Text{"选项 %s 后面缺一个值。", "The flag %s needs a value."},
		BadFlagValue:   Text{"「%s」不能用作选项 %s 的值。", "%q is not a value that the flag %s takes."},
		BadFlagSyntax:  Text{"看不懂「%s」这个写法。", "The flag %q is not written in a way that can be understood."},
		NoArguments:    Text{"%s 后面不需要别的内容。", "%s takes nothing behind it."},
		WhichLesson:    Text{"要播放哪一课？可选的有：%s。", "Which lesson? There are: %s."},
		UnknownLesson:  Text{"没有「%s」这一课。可选的有：%s。", "There is no lesson %q. There are: %s."},
		WhichFile:      Text{"要重放哪个文件？", "Which file is to be replayed?"},
		OneOnly:        Text{"%s 一次只能指定一个。", "%s takes only one at a time."},
		PlainOrJSON:    Text{"--plain 和 --json 只能选一个。", "Choose one of --plain and --json."},
		BadSpeed: Text{
			"播放速度不能是「%s」：应是大于 0、不超过 20 的数，例如 --speed 2。",
			"The speed cannot be %q: it must be more than 0 and at most 20, for example --speed 2.",
		},
		BadLanguage:     Text{"没有「%s」这种语言，请用 --lang zh 或 --lang en。", "There is no language %q: use --lang zh or --lang en."},
		BadTheme:        Text{"没有「%s」这种主题，请用 --theme dark 或 --theme light。", "There is no theme %q: use --theme dark or --theme light."},
		NeedsTerminal:   Text{"沙盒要在终端里用。没有终端的话，可以用 explore play 课程 --plain 看一课。", "The sandbox needs a terminal. Without one, explore play LESSON --plain prints a lesson."},
		EmptyRecordPath: Text{"--record 后面的文件名是空的，请写一个文件名。", "The file name after --record is empty: give one."},
		SeeHelp:         Text{"用法见：%s", "See: %s"},
	},
	Failures: Failures{
		RecordCreate: Text{
			"不能在 %s 存录像，课程没有开始。请换一个可以写的地方。（%s）",
			"The recording cannot be saved to %s, so the lesson was not begun. Choose a place that can be written to. (%s)",
		},
		OpenRecording: Text{"打不开 %s。请检查文件名和权限。（%s）", "%s cannot be opened. Check its name and permissions. (%s)"},
		NotARecording: Text{
			"%s 不是 explore 的录像。录像用 explore play 课程 --record 文件 制作。（%s）",
			"%s is not a recording of explore. Make one with explore play LESSON --record FILE. (%s)",
		},
		NewerVersion: Text{
			"%s 由更新版本的 explore 录制，这个版本读不了。请升级后再打开。（%s）",
			"%s was made by a newer explore than this one. Open it with a newer version. (%s)",
		},
		Truncated: Text{
			"%s 没有录完就断了，断开之前的内容都在。请重新录一份。（%s）",
			"%s was cut off while it was recorded; everything before that is here. Record it again. (%s)",
		},
		Broken: Text{
			"%s 已经损坏，损坏之前的内容都在。请换一份完好的录像。（%s）",
			"%s is broken; everything before that place is here. Use a copy that is whole. (%s)",
		},
		ReadRecording: Text{"%s 没能读完，请检查文件和磁盘。（%s）", "%s could not be read to its end. Check the file and the disk. (%s)"},
		StandardInput: Text{"标准输入", "Standard input"},
		Output:        Text{"不能输出：请检查输出的去处。（%s）", "The output cannot be written: check where it goes. (%s)"},
		LabStart: Text{
			"节点启动不了，课程没有开始。请检查本机能否在 127.0.0.1 上监听端口。（%s）",
			"The peers cannot be started, so the lesson was not begun. Check that this machine may listen on 127.0.0.1. (%s)",
		},
		PromisesBroken: Text{"这一课有一条承诺落空了，上面打 ✗ 的就是。（%s）", "A promise of the lesson was not kept: it is marked ✗ above. (%s)"},
		LessonStuck: Text{
			"这一课没能讲完。可以再试一次；想看到底发生了什么，加上 --record 文件。（%s）",
			"The lesson could not be told to its end. Try again, with --record FILE if you want to see what happened. (%s)",
		},
		Interrupted: Text{"已中断，所有节点都已停下。", "Interrupted; all peers have been stopped."},
		Discarded:   Text{"录像不完整，没有存成 %s。", "The recording was not complete, so %s was not written."},
		Recorded:    Text{"录像已存到 %s。重放：%s replay %s --plain", "The recording is in %s. Replay it with: %s replay %s --plain"},
		Reason:      Text{"出错了：%s", "Something went wrong: %s"},
	},
	Version: VersionLines{
		Program:   Text{"gossipscope", "gossipscope"},
		Go:        Text{"Go", "Go"},
		GRPC:      Text{"gRPC", "gRPC"},
		Recording: Text{"录像格式", "recording format"},
		Unknown:   Text{"（未标版本）", "(no version)"},
	},
}
