package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/charmbracelet/x/vt"
)

// What the program costs a person's machine: the real program in a real pseudo-terminal, with what a terminal does at the other end, over
// loopback TCP. Only the kernel knows what a process has used, and only Linux says it in this way.

// asNothing makes the test binary be a program that does nothing.
const asNothing = "GOSSIPSCOPE_TEST_AS_NOTHING"

func init() {
	if os.Getenv(asNothing) != "" {
		os.Exit(0)
	}
}

const (
	benchWidth  = 160
	benchHeight = 45

	watchedFor = 15 * time.Second // how long a lesson is watched
	pausedFor  = 5 * time.Second  // and a paused one
	starts     = 15               // how often the program is started
)

// console is a terminal with the program in it.
type console struct {
	b        *testing.B
	program  *exec.Cmd
	started  time.Time
	terminal *os.File // the terminal's end of the pseudo-terminal
	screen   *vt.Emulator
	output   chan chunk // what the program has written; closed at its end
	written  int        // how much of it has been shown
}

// chunk is something that the program has written, and when it arrived.
type chunk struct {
	bytes []byte
	at    time.Time
}

// inConsole starts the program in a terminal.
func inConsole(b *testing.B, args ...string) *console {
	b.Helper()
	terminal, line := pseudoTerminal(b)
	c := &console{b: b, terminal: terminal, screen: vt.NewEmulator(benchWidth, benchHeight), output: make(chan chunk, 1024)}
	c.program = exec.Command(executable(b), args...)
	c.program.Env = []string{asProgram + "=1", "HOME=" + b.TempDir(), "LANG=zh_CN.UTF-8", "TERM=xterm-256color", "COLORTERM=truecolor"}
	c.program.Stdin, c.program.Stdout, c.program.Stderr = line, line, line
	c.program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	c.started = time.Now()
	if err := c.program.Start(); err != nil {
		b.Fatal(err)
	}
	line.Close()
	go func() {
		defer close(c.output)
		for {
			buf := make([]byte, 1<<16)
			n, err := terminal.Read(buf)
			if n > 0 {
				c.output <- chunk{buf[:n], time.Now()}
			}
			if err != nil { // EIO: nobody has the other end any more
				return
			}
		}
	}()
	go io.Copy(terminal, c.screen) // what a terminal answers when it is asked
	return c
}

// pseudoTerminal returns the two ends of a terminal: the terminal's own, and the line that a program takes for it.
func pseudoTerminal(b *testing.B) (terminal, line *os.File) {
	b.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		b.Skip("there are no pseudo-terminals here: ", err)
	}
	b.Cleanup(func() { terminal.Close() })
	var number, unlocked int32
	size := [4]uint16{benchHeight, benchWidth}
	control(b, terminal, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	control(b, terminal, syscall.TIOCGPTN, unsafe.Pointer(&number))
	control(b, terminal, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	line, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		b.Fatal(err)
	}
	return terminal, line
}

func control(b *testing.B, f *os.File, request uintptr, arg unsafe.Pointer) {
	b.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		b.Fatal(err)
	}
	var failed syscall.Errno
	if err := conn.Control(func(fd uintptr) {
		_, _, failed = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(arg))
	}); err != nil {
		b.Fatal(err)
	}
	if failed != 0 {
		b.Fatal(failed)
	}
}

func executable(b *testing.B) string {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	return self
}

// row returns what a row of the screen shows.
func (c *console) row(y int) string {
	var row strings.Builder
	for x := 0; x < benchWidth; {
		cell := c.screen.CellAt(x, y)
		if cell == nil || cell.Width == 0 {
			x++
			continue
		}
		row.WriteString(cell.Content)
		x += cell.Width
	}
	return row.String()
}

// shows waits until a row shows these words, and returns when what made it show them arrived.
func (c *console) shows(y int, words string) time.Time {
	c.b.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case written, open := <-c.output:
			if !open {
				c.b.Fatalf("the program has ended and never shown %q", words)
			}
			c.show(written)
			if strings.Contains(c.row(y), words) {
				return written.at
			}
		case <-late:
			c.b.Fatalf("row %d does not come to show %q: %q", y, words, c.row(y))
		}
	}
}

func (c *console) show(written chunk) {
	c.written += len(written.bytes)
	c.screen.Write(written.bytes)
}

// watch lets time pass, and returns how much was written meanwhile.
func (c *console) watch(d time.Duration) (bytes int) {
	before, over := c.written, time.After(d)
	for {
		select {
		case written, open := <-c.output:
			if !open {
				c.b.Fatal("the program has ended")
			}
			c.show(written)
		case <-over:
			return c.written - before
		}
	}
}

// used returns how much of the processors the program has used until now.
func (c *console) used() time.Duration {
	c.b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.program.Process.Pid))
	if err != nil {
		c.b.Fatal(err)
	}
	const tick = 10 * time.Millisecond // what Linux counts in, on every architecture
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var sum int64
	for _, field := range fields[11:13] { // user and system
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			c.b.Fatal(err)
		}
		sum += ticks
	}
	return time.Duration(sum) * tick
}

// press presses keys.
func (c *console) press(keys string) {
	c.b.Helper()
	if _, err := io.WriteString(c.terminal, keys); err != nil {
		c.b.Fatal(err)
	}
}

// quit ends the program by ctrl-C.
func (c *console) quit() {
	c.b.Helper()
	c.press("\x03")
	for written := range c.output {
		c.show(written)
	}
	err := c.program.Wait()
	c.screen.Close()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) || c.program.ProcessState.ExitCode() != exitOK {
		c.b.Fatalf("the program ended with %v", err)
	}
}

func BenchmarkFirstFrame(b *testing.B) {
	var frames, nothing []time.Duration
	for b.Loop() {
		for range starts {
			empty := exec.Command(executable(b))
			empty.Env = []string{asNothing + "=1"}
			began := time.Now()
			if err := empty.Run(); err != nil {
				b.Fatal(err)
			}
			nothing = append(nothing, time.Since(began))

			c := inConsole(b)
			frames = append(frames, c.shows(benchHeight-1, "退出").Sub(c.started))
			c.quit()
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(median(frames)), "ms-to-first-frame")
	b.ReportMetric(milliseconds(median(nothing)), "ms-empty-program")
	b.ReportMetric(milliseconds(slices.Max(nothing)-slices.Min(nothing)), "ms-noise")
}

func BenchmarkPlayingALesson(b *testing.B) {
	for _, lesson := range realLessons() {
		b.Run(lesson.slug, func(b *testing.B) {
			var used, paused time.Duration
			var written, still int
			for b.Loop() {
				c := inConsole(b, "play", lesson.slug)
				c.shows(0, "播放")
				before := c.used()
				written += c.watch(watchedFor)
				used += c.used() - before
				c.press(" ")
				c.shows(0, "暂停")
				c.watch(time.Second)
				before = c.used()
				still += c.watch(pausedFor)
				paused += c.used() - before
				c.quit()
			}
			n := time.Duration(b.N)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(share(used, n*watchedFor), "%core-playing")
			b.ReportMetric(float64(written)/(n*watchedFor).Seconds()/1000, "kB/s-playing")
			b.ReportMetric(float64(still)/float64(b.N), "B-paused")
			b.ReportMetric(share(paused, n*pausedFor), "%core-paused")
		})
	}
}

func share(part, whole time.Duration) float64 { return 100 * float64(part) / float64(whole) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median[T ~int64 | ~float64](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
