package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The program as a person has it: in a real terminal, with real keys, over loopback TCP. The terminal is tmux's; where there is none the
// tests say so and are skipped.

// asProgram makes the test binary be the program itself.
const asProgram = "GOSSIPSCOPE_TEST_AS_PROGRAM"

func init() {
	if os.Getenv(asProgram) != "" {
		main() // ends the process
	}
}

// terminal is a terminal with a shell in it.
type terminal struct {
	t      *testing.T
	socket string
	width  int
}

// inTerminal opens a terminal of that size.
func inTerminal(t *testing.T, width, height int, locale string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("there is no tmux here, so the program was not tried in a real terminal")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	term := &terminal{t: t, socket: filepath.Join(home, "tmux"), width: width}
	shell := fmt.Sprintf("env -i HISTFILE=/dev/null HOME=%s PATH=%s LANG=%s LC_ALL=%[3]s TERM=xterm-256color %s=1 EXPLORE=%s PS1='$ ' bash --norc --noprofile",
		home, os.Getenv("PATH"), locale, asProgram, self)
	term.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-c", home, "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), shell)
	t.Cleanup(func() { exec.Command("tmux", "-S", term.socket, "kill-server").Run() })
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	ctx, cancel := context.WithTimeout(term.t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// keys presses keys, named as tmux names them.
func (term *terminal) keys(keys ...string) {
	term.t.Helper()
	term.tmux(append([]string{"send-keys"}, keys...)...)
}

// line types a command.
func (term *terminal) line(command string) {
	term.t.Helper()
	term.tmux("send-keys", "-l", command)
	term.keys("Enter")
}

func (term *terminal) screen() string { return term.tmux("capture-pane", "-p") }

// shows waits until the screen shows all these words.
func (term *terminal) shows(words ...string) {
	term.t.Helper()
	late := time.After(60 * time.Second)
	look := time.NewTicker(50 * time.Millisecond) // tmux cannot tell when a screen changes
	defer look.Stop()
	for {
		screen := term.screen()
		missing := ""
		for _, w := range words {
			if !strings.Contains(screen, w) {
				missing = w
			}
		}
		if missing == "" {
			return
		}
		select {
		case <-look.C:
		case <-late:
			term.t.Fatalf("the screen does not come to show %q:\n%s", missing, screen)
		}
	}
}

func TestInATerminalALessonIsWatchedFromItsBeginningToItsEnd(t *testing.T) {
	term := inTerminal(t, 120, 36, "C.UTF-8")
	term.line("echo before; stty -g > before")
	term.line(`"$EXPLORE" --lang zh; echo "status $?"`)
	term.shows("第 1 课 两个节点相遇", "沙盒", "打开录像")
	term.keys("Enter")
	term.shows("讲解", "A 和 B 还没有见过面")
	term.keys("Space")
	term.shows("暂停")
	for range 3 {
		term.keys("n")
	}
	term.keys("Home")
	term.shows("第 0/", "还没有发生任何事")
	term.keys("n")
	term.shows("第 1/")
	term.keys("End", "+", "+", "Space")
	term.shows("讲完了", "承诺全部成立")
	term.keys("Left")
	term.shows("回看", "End 回到那里")
	term.keys("l")
	term.shows("Two peers meet", "the past")
	for view, name := range []string{"Stage", "Pipeline", "Sequence", "Code", "Note", "Bytes", "State"} {
		term.keys(fmt.Sprint(view + 1))
		term.shows(fmt.Sprintf("›%d %s", view+1, name))
	}
	term.keys("?")
	term.shows("All keys")
	term.keys("q") // not Escape: with a key right behind it it would be another key
	term.shows("›7 State")
	term.keys("q")
	term.shows("✓ done", "Sandbox")
	term.keys("q")
	term.shows("before", "status 0")
	term.line(`stty -g | cmp - before && echo "as it"" was"`)
	term.shows("as it was")
}

func TestInATerminalALineIsBrokenInTheSandbox(t *testing.T) {
	term := inTerminal(t, 160, 45, "zh_CN.UTF-8")
	term.line(`"$EXPLORE" sandbox --lang zh; echo "status $?"`)
	term.shows("沙盒", "按 a 让节点做点什么")
	term.keys("+", "+", "a") // not faster: the timeouts of the peers come sooner too, and the machine may have much else to do
	term.shows("做什么？", "发一条消息")
	term.keys("1", "1", "1")
	term.shows("accept.hand")
	term.keys("f")
	term.shows("弄坏什么？", "剪断线路")
	term.keys("1")
	term.shows("store.removed")
	term.keys("C-c")
	term.shows("status 0")
	if screen := term.screen(); strings.Contains(screen, "剪断") {
		t.Errorf("the screen was not cleared:\n%s", screen)
	}
}

func TestAKilledProgramLeavesTheTerminalAsItWas(t *testing.T) {
	for _, signal := range []string{"TERM", "INT", "HUP"} {
		t.Run(signal, func(t *testing.T) {
			term := inTerminal(t, 80, 24, "C.UTF-8")
			term.line("echo before; stty -g > before")
			term.line(`"$EXPLORE" play 1 --lang en; echo "status $?"`)
			term.shows("Lesson 1: Two peers meet")
			shell := strings.TrimSpace(term.tmux("list-panes", "-F", "#{pane_pid}"))
			if out, err := exec.CommandContext(t.Context(), "pkill", "-"+signal, "-P", shell).CombinedOutput(); err != nil {
				t.Fatalf("pkill: %v: %s", err, out)
			}
			term.shows("before", "status 130")
			term.line(`stty -g | cmp - before && echo "as it"" was"`)
			term.shows("as it was")
		})
	}
}
