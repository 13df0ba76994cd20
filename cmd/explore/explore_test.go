package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/walkthroughs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// story plays a few events, and then ends as it is told.
func story(end func(context.Context) error) func(context.Context, venue) error {
	return func(ctx context.Context, s venue) error {
		s.recorder.Add(timeline.Event{Kind: timeline.KindTitle, Text: &text.Text{Zh: "标题", En: "A title"}})
		s.recorder.Add(timeline.Event{Kind: timeline.KindSay, Text: &text.Text{Zh: "说明。", En: "Some words."}})
		s.recorder.Add(timeline.Event{Kind: timeline.KindStep, Peer: "A", Step: &trace.Event{
			Step: trace.StopFlag, Object: trace.Object{Kind: trace.Instance, ID: 1}, Seq: 1, Err: errors.New("comm is stopped")}})
		return end(ctx)
	}
}

// untilStopped is a lesson that somebody must stop.
func untilStopped(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

var errEnded = errors.New("ended early")

// testLessons end in every way in which a lesson can.
var testLessons = []lesson{
	{number: 1, slug: "good", title: text.Text{Zh: "好课", En: "Good"}, learn: text.Text{Zh: "学到什么？", En: "What to learn?"}, minutes: 3,
		play: story(func(context.Context) error { return nil })},
	{number: 2, slug: "broken", play: story(func(context.Context) error { return fmt.Errorf("%w: it did not hold", walkthroughs.ErrBroken) })},
	{number: 3, slug: "stuck", play: story(func(context.Context) error { return errEnded })},
	{number: 4, slug: "endless", play: story(untilStopped)},
	{number: 5, slug: "no-lab", play: func(context.Context, venue) error { return &errNoLab{errors.New("no ports left")} }},
}

// outcome is what a run of the program left.
type outcome struct {
	status         int
	stdout, stderr string
}

// explore runs the command with these arguments.
func explore(t *testing.T, args ...string) outcome {
	t.Helper()
	return exploreIn(t, t.Context(), nil, args...)
}

func exploreIn(t *testing.T, ctx context.Context, change func(*program), args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		getenv:  func(string) string { return "" },
		stdin:   strings.NewReader(""),
		stdout:  &stdout,
		stderr:  &stderr,
		lessons: testLessons,
		called:  "explore",
	}
	if change != nil {
		change(p)
	}
	status := p.run(ctx, args)
	return outcome{status, stdout.String(), stderr.String()}
}

var han = regexp.MustCompile(`\p{Han}`)

func TestEveryMistakeGetsASentenceInTheReadersLanguage(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken := file("taken.jsonl", "mine")
	foreign := file("foreign.txt", "hello\n")
	newer := file("newer.jsonl", `{"format":"gossipscope-recording","version":99}`+"\n")
	broken := file("broken.jsonl", `{"format":"gossipscope-recording","version":1}`+"\n"+`{"n":7}`+"\n")
	cut := file("cut.jsonl", `{"format":"gossipscope-recording","version":1}`+"\n"+`{"n":1,"at":0,"ki`)
	endless := file("endless.jsonl", `{"format":"gossipscope-recording","version":2}`+"\n"+`{"n":1,"at":0,"kind":"say","text":{"en":"x"}}`+"\n")
	for _, c := range []struct {
		args   string
		status int
		zh, en string // something that the sentence must say
	}{
		{"dance", 2, "没有「dance」这个命令", `no command "dance"`},
		{"completion", 2, "没有「completion」这个命令", `no command "completion"`},
		{"__complete x", 2, "没有「__complete」这个命令", `no command "__complete"`},
		{"help dance", 2, "没有「dance」这个命令", `no command "dance"`},
		{"help play list", 2, "只能指定一个", "only one"},
		{"list all", 2, "explore list 后面不需要", "explore list takes nothing"},
		{"version x", 2, "explore version 后面不需要", "explore version takes nothing"},
		{"play", 2, "1 good、2 broken", "1 good, 2 broken"},
		{"play 1 2", 2, "只能指定一个", "only one"},
		{"play 9", 2, "没有「9」这一课。可选的有：1 good", `no lesson "9". There are: 1 good`},
		{"play good --fast", 2, "没有 --fast 这个选项", "no flag --fast"},
		{"play good -qz", 2, "没有 -q 这个选项", "no flag -q"},
		{"play good --speed", 2, "--speed 后面缺一个值", "--speed needs a value"},
		{"play good --plain=perhaps", 2, "「perhaps」不能用作选项 --plain 的值", `"perhaps" is not a value that the flag --plain`},
		{"play good --=x", 2, "看不懂", "not written"},
		{"play good --plain --json", 2, "只能选一个", "Choose one"},
		{"replay f --plain --json", 2, "只能选一个", "Choose one"},
		{"play good --speed 0", 2, "「0」", `"0"`},
		{"play good --speed -1", 2, "「-1」", `"-1"`},
		{"play good --speed NaN", 2, "「NaN」", `"NaN"`},
		{"play good --speed Inf", 2, "「Inf」", `"Inf"`},
		{"play good --speed 21", 2, "不超过 20", "at most 20"},
		{"play good --speed fast", 2, "「fast」", `"fast"`},
		{"play good --record=", 2, "文件名是空的", "file name after --record is empty"},
		{"replay", 2, "要重放哪个文件", "Which file"},
		{"replay a b", 2, "只能指定一个", "only one"},
		{"--lang", 2, "--lang 后面缺一个值", "--lang needs a value"},
		{"list --lang fr", 2, "没有「fr」这种语言", `no language "fr"`},
		{"--theme blue", 2, "没有「blue」这种主题，请用 --theme dark", `no theme "blue": use --theme dark`},
		{"--theme=", 2, "没有「」这种主题", `no theme ""`},
		{"sandbox --theme Dark", 2, "没有「Dark」这种主题", `no theme "Dark"`},
		{"play good --plain --theme blue", 2, "没有「blue」这种主题", `no theme "blue"`},
		{"play good --json --theme blue", 2, "没有「blue」这种主题", `no theme "blue"`},
		{"replay f --theme blue", 2, "没有「blue」这种主题", `no theme "blue"`},
		{"--theme", 2, "--theme 后面缺一个值", "--theme needs a value"},
		{"--ascii=perhaps", 2, "「perhaps」不能用作选项 --ascii 的值", `"perhaps" is not a value that the flag --ascii`},
		{"list --theme dark", 2, "没有 --theme 这个选项", "no flag --theme"},
		{"sandbox x", 2, "explore sandbox 后面不需要", "explore sandbox takes nothing"},
		{"list --lang=", 2, "没有「」这种语言", `no language ""`},
		{"play good --record " + taken, 1, "已经存在，没有覆盖", "exists already and was not overwritten"},
		{"play good --record " + filepath.Join(dir, "none", "x"), 1, "课程没有开始", "lesson was not begun"},
		{"play broken", 1, "承诺落空", "was not kept"},
		{"play stuck", 1, "没能讲完。可以再试一次；想看到底发生了什么，加上 --record 文件。（ended early）", "could not be told to its end"},
		{"play no-lab", 1, "节点启动不了", "peers cannot be started"},
		{"replay " + filepath.Join(dir, "nowhere"), 1, "打不开", "cannot be opened"},
		{"replay " + dir, 1, "没能读完", "could not be read"},
		{"replay " + foreign, 1, "不是 explore 的录像", "not a recording of explore"},
		{"replay -", 1, "标准输入 不是 explore 的录像", "Standard input is not a recording of explore"},
		{"replay " + newer, 1, "请升级后再打开", "Open it with a newer version"},
		{"sandbox", 2, "沙盒要在终端里用", "needs a terminal"},
		{"replay " + broken, 1, "已经损坏", "is broken"},
		{"replay " + cut, 1, "没有录完就断了", "was cut off"},
		{"replay " + endless, 1, "没有录完就断了", "was cut off"},
	} {
		// In a terminal the same is said. Only what goes wrong on the screens is said there.
		onScreens := c.args == "sandbox" || slices.Contains([]string{broken, cut, endless}, strings.TrimPrefix(c.args, "replay "))
		for _, terminal := range []bool{false, true} {
			for _, lang := range []text.Lang{text.Chinese, text.English} {
				if terminal && onScreens {
					continue
				}
				got := exploreIn(t, t.Context(), func(p *program) {
					locale := map[text.Lang]string{text.Chinese: "zh_CN.UTF-8", text.English: "C"}[lang]
					p.getenv = func(name string) string { return map[string]string{"LANG": locale}[name] }
					p.terminal, p.interactive = terminal, terminal
				}, strings.Fields(c.args)...)
				want := text.Text{Zh: c.zh, En: c.en}.In(lang)
				if got.status != c.status || !strings.Contains(got.stderr, want) {
					t.Errorf("explore %s (%s): status %d, want %d; stderr %q lacks %q", c.args, lang, got.status, c.status, got.stderr, want)
				}
				if lang == text.English && han.MatchString(got.stderr) {
					t.Errorf("explore %s: Chinese in an English sentence: %q", c.args, got.stderr)
				}
				if got.stdout != "" && c.status == exitUsage {
					t.Errorf("explore %s: something was done: %q", c.args, got.stdout)
				}
				if lines := strings.Count(got.stderr, "\n"); lines > 2 {
					t.Errorf("explore %s: %d lines on stderr: %q", c.args, lines, got.stderr)
				}
			}
		}
	}
	if content, err := os.ReadFile(taken); string(content) != "mine" || err != nil {
		t.Errorf("the file that was there holds %q now (%v)", content, err)
	}
	if parts, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(parts) > 0 {
		t.Errorf("left behind: %v", parts)
	}
}

func TestTheFlagDecidesTheLanguageWhereverItStands(t *testing.T) {
	for _, args := range [][]string{{"--lang", "zh", "dance"}, {"dance", "--lang=zh"}, {"dance", "--lang", "en", "--lang", "zh"}} {
		if got := explore(t, args...); !han.MatchString(got.stderr) {
			t.Errorf("%v: %q is not Chinese", args, got.stderr)
		}
	}
	got := exploreIn(t, t.Context(), func(p *program) { p.getenv = func(string) string { return "zh_CN" } }, "dance", "--lang", "en")
	if han.MatchString(got.stderr) {
		t.Errorf("%q is not English", got.stderr)
	}
}

func TestHelpSpeaksOneLanguageAndKnowsEveryFlag(t *testing.T) {
	for _, name := range []string{"", "list", "play", "sandbox", "replay", "version", "help"} {
		for _, way := range [][]string{{"help", name}, {name, "--help"}, {name, "-h"}} {
			var args []string
			for _, word := range way {
				if word != "" {
					args = append(args, word)
				}
			}
			en, zh := explore(t, args...), explore(t, append(args, "--lang", "zh")...)
			if en.status != 0 || zh.status != 0 || en.stderr+zh.stderr != "" {
				t.Errorf("%v: status %d and %d, stderr %q", args, en.status, zh.status, en.stderr+zh.stderr)
			}
			if han.MatchString(en.stdout) {
				t.Errorf("%v: Chinese in English help:\n%s", args, en.stdout)
			}
			for _, english := range []string{"Usage", "Flags", "Commands", "Examples", "help for", "Use \"", "LESSON", "FILE"} {
				if strings.Contains(zh.stdout, english) {
					t.Errorf("%v: %q in Chinese help:\n%s", args, english, zh.stdout)
				}
			}
			for _, flag := range []string{"--lang", "--help"} {
				if !strings.Contains(zh.stdout, flag) {
					t.Errorf("%v does not mention %s", args, flag)
				}
			}
		}
	}
	for _, flag := range []string{"--plain", "--json", "--speed N", "--record FILE"} {
		if help := explore(t, "help", "play").stdout; !strings.Contains(help, flag) {
			t.Errorf("the help of play does not mention %s:\n%s", flag, help)
		}
	}
}

func TestHelpStandsInColumns(t *testing.T) {
	entry := regexp.MustCompile(`^(  (?:-\w, |    )--\S+(?: [^ ]+)?|  [a-z]+(?: [^ ]+)?)  +\S`)
	for _, lang := range []string{"zh", "en"} {
		for _, name := range []string{"", "list", "play", "sandbox", "replay", "version", "help"} {
			help := explore(t, strings.Fields("--lang "+lang+" help "+name)...).stdout
			columns := make(map[int]string) // where a description begins → the line
			for line := range strings.Lines(help) {
				if line == "\n" {
					clear(columns)
				}
				if e := entry.FindString(line); e != "" {
					columns[text.Cells(e)] = line
				}
				if len(columns) > 1 {
					t.Errorf("the descriptions do not begin in one column:\n%s", help)
					break
				}
			}
		}
	}
}

func TestTheHomeScreenSaysWhatToDoNext(t *testing.T) {
	for lang, want := range map[string][]string{
		"zh": {"1  good", "好课", "3 分钟", "学到什么？", "explore play 1", "不是终端", "--plain"},
		"en": {"1  good", "Good", "3 min", "What to learn?", "explore play 1", "not a terminal", "--plain"},
	} {
		got := explore(t, "--lang", lang)
		for _, w := range want {
			if !strings.Contains(got.stdout, w) {
				t.Errorf("%s: %q is missing:\n%s", lang, w, got.stdout)
			}
		}
	}
	onTerminal := exploreIn(t, t.Context(), func(p *program) { p.terminal = true })
	if strings.Contains(onTerminal.stdout, "not a terminal") {
		t.Error("a terminal is told that it is none")
	}
}

func TestListNamesEveryLesson(t *testing.T) {
	got := explore(t, "list")
	for _, l := range testLessons {
		if !strings.Contains(got.stdout, fmt.Sprintf("%2d  %s", l.number, l.slug)) {
			t.Errorf("%s is missing:\n%s", l.slug, got.stdout)
		}
	}
}

func TestVersionNamesWhatItIsMadeOf(t *testing.T) {
	got := explore(t, "version")
	for _, want := range []string{"gossipscope", runtime.Version(), "gRPC", "recording format  2"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q is missing:\n%s", want, got.stdout)
		}
	}
}

func TestAReplayTellsWhatTheLessonTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lesson with a space.jsonl")
	for _, lang := range []string{"zh", "en"} {
		os.Remove(path)
		live := explore(t, "play", "good", "--plain", "--record", path, "--lang", lang)
		if live.status != 0 || !strings.Contains(live.stderr, "explore replay '"+path+"'") {
			t.Fatalf("status %d, stderr %q", live.status, live.stderr)
		}
		again := explore(t, "replay", path, "--plain", "--lang", lang)
		if diff := cmp.Diff(live.stdout, again.stdout); diff != "" || again.status != 0 || live.stdout == "" {
			t.Errorf("status %d %s; %s", again.status, again.stderr, diff)
		}
	}
}

func TestARecordingIsKeptOfALessonThatEndedBadly(t *testing.T) {
	for _, slug := range []string{"broken", "stuck"} {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		if got := explore(t, "play", slug, "--record", path); got.status != 1 {
			t.Errorf("%s: status %d", slug, got.status)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		header, events, err := timeline.Read(f)
		f.Close()
		if err != nil || header.Lesson != slug || len(events) != 3 {
			t.Errorf("%s: %v, %d events, lesson %q", slug, err, len(events), header.Lesson)
		}
		left, _ := os.ReadDir(filepath.Dir(path))
		if len(left) != 1 {
			t.Errorf("%s: left behind: %v", slug, left)
		}
	}
}

func TestJSONIsARecording(t *testing.T) {
	got := explore(t, "play", "1", "--json")
	header, events, err := timeline.Read(strings.NewReader(got.stdout))
	if err != nil || got.status != 0 || got.stderr != "" {
		t.Fatalf("status %d, stderr %q, %v", got.status, got.stderr, err)
	}
	if header.Lesson != "good" || header.Network != "tcp" || len(events) != 3 {
		t.Errorf("header %+v and %d events", header, len(events))
	}
	again := exploreIn(t, t.Context(), func(p *program) { p.stdin = strings.NewReader(got.stdout) }, "replay", "-", "--json")
	if diff := cmp.Diff(got.stdout, again.stdout); diff != "" {
		t.Error(diff)
	}
}

func TestABrokenRecordingIsShownUpToThatPlace(t *testing.T) {
	whole := explore(t, "play", "1", "--json").stdout
	got := exploreIn(t, t.Context(), func(p *program) { p.stdin = strings.NewReader(whole[:len(whole)-5]) }, "replay", "-")
	if !strings.Contains(got.stdout, "Some words.") || got.status != 1 || !strings.Contains(got.stderr, "cut off") {
		t.Errorf("%+v", got)
	}
	again := exploreIn(t, t.Context(), func(p *program) { p.stdin = strings.NewReader(whole[:len(whole)-5]) }, "replay", "-", "--json")
	if _, events, err := timeline.Read(strings.NewReader(again.stdout)); !errors.Is(err, timeline.ErrTruncated) || len(events) != 3 {
		t.Errorf("copied as JSON, a recording that was cut off gave %d events and %v", len(events), err)
	}
}

// interrupting ends its context at the first write.
type interrupting struct {
	interrupt context.CancelFunc
}

func (w *interrupting) Write(b []byte) (int, error) {
	w.interrupt()
	return len(b), nil
}

func TestCtrlCStopsTheLessonAndLeavesNoRecording(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	got := exploreIn(t, ctx, func(p *program) { p.stdout = &interrupting{interrupt: cancel} },
		"play", "endless", "--record", filepath.Join(dir, "r.jsonl"), "--lang", "zh")
	if got.status != 130 || !strings.Contains(got.stderr, "已中断") || !strings.Contains(got.stderr, "没有存成") {
		t.Errorf("%+v", got)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAReaderThatHangsUpEndsTheLessonQuietly(t *testing.T) {
	for _, format := range []string{"--plain", "--json"} {
		r, w := io.Pipe()
		r.Close()
		got := exploreIn(t, t.Context(), func(p *program) { p.stdout = w }, "play", "endless", format)
		if got.status != 1 || got.stderr != "" {
			t.Errorf("%s: %+v", format, got)
		}
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestOutputThatCannotBeWrittenIsSaid(t *testing.T) {
	for _, args := range [][]string{{"play", "endless"}, {"list"}, {"help"}, {"version"}, {"--help"}} {
		got := exploreIn(t, t.Context(), func(p *program) { p.stdout = full{} }, args...)
		if got.status != 1 || !strings.Contains(got.stderr, "no space left on device") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

func TestAFileThatComesMeanwhileIsNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	slow := []lesson{{number: 1, slug: "slow", play: func(context.Context, venue) error { return os.WriteFile(path, []byte("mine"), 0o666) }}}
	got := exploreIn(t, t.Context(), func(p *program) { p.lessons = slow }, "play", "slow", "--record", path, "--lang", "zh")
	if got.status != 1 || !strings.Contains(got.stderr, "r.jsonl 已经存在，没有覆盖") {
		t.Errorf("%+v", got)
	}
	content, _ := os.ReadFile(path)
	left, _ := os.ReadDir(filepath.Dir(path))
	if string(content) != "mine" || len(left) != 1 {
		t.Errorf("the file holds %q; beside it: %v", content, left)
	}
}

func TestARecordingThatCannotBeWrittenIsSaid(t *testing.T) {
	dir := t.TempDir()
	file, err := createRecording(filepath.Join(dir, "r.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	file.Discard() // and with it all that could be written to
	recorder := timeline.NewRecorder(1)
	recorder.Close()
	ctx, stop := context.WithCancelCause(t.Context())
	stop(record(file, recorder.Follow(0), timeline.Header{}))
	var stderr bytes.Buffer
	p := &program{stderr: &stderr, lang: text.Chinese}
	if status := p.conclude(p.outcome(ctx, nil)); status != exitFailed || !strings.Contains(stderr.String(), "r.jsonl 没能写完") {
		t.Errorf("status %d, stderr %q", status, stderr.String())
	}
}

func TestATerminalIsGivenTimeToReadAndAFileIsNot(t *testing.T) {
	var paced bool
	watch := []lesson{{number: 1, slug: "watch", play: func(_ context.Context, s venue) error {
		paced = s.pace != nil && s.pace(timeline.Event{Kind: timeline.KindTitle}) > 0
		if s.speed != 2 {
			t.Errorf("the speed is %v", s.speed)
		}
		return nil
	}}}
	for _, c := range []struct {
		terminal bool
		format   string
		want     bool
	}{{true, "--plain", true}, {false, "--plain", false}, {true, "--json", false}} {
		exploreIn(t, t.Context(), func(p *program) { p.lessons, p.terminal = watch, c.terminal }, "play", "1", c.format, "--speed", "2")
		if paced != c.want {
			t.Errorf("terminal %v, %s: paced is %v", c.terminal, c.format, paced)
		}
	}
}

// With real peers: a lesson that is interrupted while it waits for its reader ends at once, and stops them.
func TestCtrlCDoesNotWaitForThePace(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	begun := time.Now()
	got := exploreIn(t, ctx, func(p *program) {
		p.lessons, p.terminal = realLessons(), true
		p.stdout = &interrupting{interrupt: cancel}
	}, "play", "1", "--speed", "0.01")
	if got.status != exitInterrupted {
		t.Errorf("%+v", got)
	}
	// At this speed the first title alone is held for 80 seconds.
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestRealLessonsReplayAsTheyWerePlayed(t *testing.T) {
	for _, l := range realLessons() {
		t.Run(l.slug, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r.jsonl")
			real := func(p *program) { p.lessons = realLessons() }
			live := exploreIn(t, t.Context(), real, "play", l.slug, "--plain", "--lang", "zh", "--record", path)
			if live.status != 0 {
				t.Errorf("status %d: %s", live.status, live.stderr)
			}
			again := exploreIn(t, t.Context(), real, "replay", path, "--plain", "--lang", "zh")
			if diff := cmp.Diff(live.stdout, again.stdout); diff != "" {
				t.Error(diff)
			}
			if port := regexp.MustCompile(`127\.0\.0\.1|:\d{4,5}`).FindString(live.stdout); port != "" {
				t.Errorf("the lines show %q", port)
			}
		})
	}
}

func TestLinesFitTheTerminal(t *testing.T) {
	recording := explore(t, "play", "good", "--json").stdout
	for _, columns := range []int{64, 80, 200} {
		got := exploreIn(t, t.Context(), func(p *program) {
			p.terminal, p.columns, p.stdin = true, columns, strings.NewReader(recording)
		}, "replay", "-", "--plain", "--lang", "zh")
		widest := 0
		for line := range strings.Lines(got.stdout) {
			widest = max(widest, text.Cells(strings.TrimSuffix(line, "\n")))
		}
		if got.status != 0 || widest == 0 || widest > min(columns, 120) {
			t.Errorf("in a terminal of %d columns, status %d and a line of %d cells", columns, got.status, widest)
		}
	}
}

func TestTheProgramKnowsHowItWasCalled(t *testing.T) {
	for path, want := range map[string]string{
		"/home/me/.cache/go-build/ab/explore": "go run ./cmd/explore",
		"/usr/local/bin/explore":              "explore",
	} {
		if got := calledAs(path); got != want {
			t.Errorf("started from %s: %q, want %q", path, got, want)
		}
	}
}

func TestTheListAndTheHelpFitTheTerminal(t *testing.T) {
	for _, args := range [][]string{{}, {"list"}, {"help"}, {"help", "play"}, {"help", "replay"}} {
		for _, lang := range []string{"zh", "en"} {
			got := exploreIn(t, t.Context(), func(p *program) { p.terminal, p.columns, p.lessons = true, 80, realLessons() }, append(args, "--lang", lang)...)
			for line := range strings.Lines(got.stdout) {
				if cells := text.Cells(strings.TrimSuffix(line, "\n")); cells > 80 {
					t.Errorf("explore %v --lang %s: a line of %d cells: %s", args, lang, cells, line)
				}
			}
		}
	}
}
