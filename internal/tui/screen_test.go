package tui

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/vt"
	"github.com/google/go-cmp/cmp"

	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/walkthroughs"
)

// The screens as a terminal shows them: the program runs as it does for a person, and its output goes through a terminal in this process.
// What is watched is a recording of lesson 3 (testdata/send.jsonl), since its ports, hashes and signatures are the same every time.
// The pictures in testdata/screens were looked at before they were kept. Look at what -update changes, too.

var update = flag.Bool("update", false, "keep the screens as they are now")

const recording = "testdata/send.jsonl"

// emulator is a terminal without a screen. Bubble Tea leaves it to the tty to turn a line end into a return and a line end.
type emulator struct {
	mu      sync.Mutex
	vt      *vt.Emulator
	written int
}

// newEmulator returns a terminal of that size. What it answers, nobody reads; it would wait for somebody who does.
func newEmulator(t *testing.T, width, height int) *emulator {
	e := &emulator{vt: vt.NewEmulator(width, height)}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(io.Discard, e.vt)
	}()
	t.Cleanup(func() {
		e.vt.InputPipe().(io.Closer).Close() // the emulator's own Close races with its Read
		<-drained
	})
	return e
}

func (e *emulator) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.written += len(p)
	_, err := e.vt.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

// rows returns what the terminal shows.
func (e *emulator) rows() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rows []string
	for y := range e.vt.Height() {
		var row strings.Builder
		for x := 0; x < e.vt.Width(); {
			cell := e.vt.CellAt(x, y)
			if cell == nil || cell.Width == 0 {
				x++
				continue
			}
			row.WriteString(cell.Content)
			x += cell.Width
		}
		rows = append(rows, strings.TrimRight(row.String(), " "))
	}
	return rows
}

// shown is the program in a terminal in this process.
type shown struct {
	t       *testing.T
	program *tea.Program
	model   *Model
	screen  *emulator
}

// inProgram runs a test with the program in a terminal of that size, in a bubble.
func inProgram(t *testing.T, width, height int, conf Config, test func(s *shown)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		conf.Width, conf.Height = width, height
		conf.Lessons, conf.Memory = walkthroughs.All(), &testMemory{dir: t.TempDir(), done: map[string]bool{"meet": true}}
		if conf.Starter == nil {
			conf.Starter = testStarter{}
		}
		s := &shown{t: t, model: New(conf), screen: newEmulator(t, width, height)}
		s.program = tea.NewProgram(s.model, tea.WithContext(t.Context()), tea.WithInput(nil), tea.WithOutput(s.screen), tea.WithEnvironment([]string{"TERM=xterm-256color"}),
			tea.WithColorProfile(colorprofile.TrueColor), tea.WithWindowSize(width, height), tea.WithoutSignalHandler())
		ended := make(chan error)
		go func() {
			_, err := s.program.Run()
			ended <- err
		}()
		s.rest()
		test(s)
		s.program.Send(keyPress("ctrl+c"))
		if err := <-ended; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // a tick may be on its way to nobody
	})
}

// rest lets everything come to rest.
func (s *shown) rest() {
	time.Sleep(2 * time.Second)
	synctest.Wait()
}

func (s *shown) press(keys ...string) {
	for _, key := range keys {
		s.program.Send(keyPress(key))
		s.rest()
	}
}

// faithful fails the test if the terminal shows anything but what the model has drawn.
func (s *shown) faithful(when string) {
	s.t.Helper()
	if diff := cmp.Diff(s.model.canvas.Rows(), s.screen.rows()); diff != "" {
		s.t.Errorf("%s the terminal does not show what was drawn (-drawn +shown):\n%s", when, diff)
	}
}

// kept compares the screen with the one that is kept under this name.
func (s *shown) kept(name string) {
	s.t.Helper()
	path := filepath.Join("testdata", "screens", name+".txt")
	got := strings.Join(s.screen.rows(), "\n") + "\n"
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		s.t.Errorf("%s (-kept +shown):\n%s", name, diff)
	}
}

// atStep shows the moment of the how-manyth event at which the recording tells of a step.
func (s *shown) atStep(step string, count int) {
	s.t.Helper()
	for i, e := range s.model.watch.history.Events() {
		if e.Step != nil && string(e.Step.Step) == step {
			if count--; count == 0 {
				s.model.watch.goTo(i + 1)
				s.press("f20") // which no action has: the screen is drawn anew
				return
			}
		}
	}
	s.t.Fatalf("the recording has no such %s", step)
}

var sizes = [][2]int{{160, 45}, {120, 36}, {80, 24}}

func TestEveryViewInBothLanguagesAndThreeSizesIsShownAsItWasKept(t *testing.T) {
	for _, size := range sizes {
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			t.Run(fmt.Sprintf("%dx%d-%s", size[0], size[1], lang), func(t *testing.T) {
				conf := Config{Lang: lang, Theme: "dark", Open: &Choice{Path: recording}}
				inProgram(t, size[0], size[1], conf, func(s *shown) {
					s.press("space")
					s.atStep("conn.written", 2)
					for view, name := range viewNames {
						s.press(string(rune('1' + view)))
						if size[0] > 80 {
							s.press("u")
						}
						s.faithful(name.En)
						s.kept(fmt.Sprintf("%s-%s-%dx%d", strings.ToLower(name.En), lang, size[0], size[1]))
						if size[0] > 80 {
							s.press("u")
						}
					}
				})
			})
		}
	}
}

func TestTheHomeScreenAndTheWholeAreShownAsTheyWereKept(t *testing.T) {
	for _, size := range sizes {
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			t.Run(fmt.Sprintf("%dx%d-%s", size[0], size[1], lang), func(t *testing.T) {
				inProgram(t, size[0], size[1], Config{Lang: lang, Theme: "dark"}, func(s *shown) {
					s.faithful("home")
					s.kept(fmt.Sprintf("home-%s-%dx%d", lang, size[0], size[1]))
				})
				inProgram(t, size[0], size[1], Config{Lang: lang, Theme: "light", Open: &Choice{Path: recording}}, func(s *shown) {
					s.press("space")
					s.atStep("conn.enqueue", 2)
					s.faithful("whole")
					s.kept(fmt.Sprintf("whole-%s-%dx%d", lang, size[0], size[1]))
					s.press("?")
					s.faithful("help")
					s.press("esc", "0")
					s.faithful("palette")
				})
			})
		}
	}
}

func TestASCIIShowsNothingButASCIIAndWords(t *testing.T) {
	conf := Config{Lang: text.English, Theme: "dark", ASCII: true, Open: &Choice{Path: recording}}
	inProgram(t, 160, 45, conf, func(s *shown) {
		s.press("space")
		s.atStep("conn.written", 2)
		for view := range viewNames {
			s.press(string(rune('1' + view)))
			s.faithful("ASCII")
			for _, row := range s.screen.rows() {
				if i := strings.IndexFunc(row, func(r rune) bool {
					return r > '~' && !isHan(r) && !isChinesePunctuation(r)
				}); i >= 0 {
					t.Errorf("%s: %q in %q", viewNames[view].En, []rune(row[i:])[0], row)
				}
			}
		}
	})
}

// isChinesePunctuation reports whether r is set between Chinese words: notes are in Chinese on an ASCII screen, too.
func isChinesePunctuation(r rune) bool { return r >= 0x3000 && r < 0x3040 || r >= 0xff00 && r < 0xfff0 }

func TestWhileALessonPlaysTheTerminalShowsWhatIsDrawn(t *testing.T) {
	inProgram(t, 120, 36, Config{Lang: text.Chinese, Theme: "dark"}, func(s *shown) {
		s.program.Send(keyPress("enter"))
		for range 40 {
			time.Sleep(777 * time.Millisecond)
			synctest.Wait()
			s.program.Send(keyPress("space")) // pauses, so that nothing changes between the two looks
			s.rest()
			s.faithful("in the lesson")
			s.program.Send(keyPress("space"))
		}
	})
}

func TestNothingIsWrittenWhereNothingMoves(t *testing.T) {
	inProgram(t, 160, 45, Config{Lang: text.Chinese, Theme: "dark"}, func(s *shown) {
		s.press("enter", "space")
		for view := range viewCount {
			s.press(string(rune('1' + view)))
			before := s.screen.written
			time.Sleep(time.Hour)
			synctest.Wait()
			if wrote := s.screen.written - before; wrote != 0 {
				t.Errorf("%s: %d bytes were written while nothing moved", viewNames[view].En, wrote)
			}
		}
	})
}

func TestAFullSessionLeavesNothingBehind(t *testing.T) {
	// Over loopback TCP, in real time: goleak looks when the package's tests are over.
	conf := Config{Lang: text.English, Theme: "dark", Width: 120, Height: 36, Lessons: walkthroughs.All(), Memory: &testMemory{dir: t.TempDir(), done: map[string]bool{}},
		Starter: loopback{}, Open: &Choice{Sandbox: true}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	input, keys := io.Pipe()
	screen := newEmulator(t, 120, 36)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, conf, Terminal{Input: input, Output: screen, Environment: []string{"TERM=xterm-256color"}}, tea.WithWindowSize(120, 36))
	}()
	for _, k := range []struct{ key, shows string }{{"", "demux.add"}, {"a", "Do what?"}, {"111", "accept.hand"}, {"q", "Open a recording"}} {
		keys.Write([]byte(k.key))
		waitForScreen(t, ctx, screen, k.shows)
	}
	keys.Write([]byte("q"))
	if err := <-ended; err != nil {
		t.Error(err)
	}
	keys.Close()
}

// loopback makes sessions as a person has them.
type loopback struct{ testStarter }

func (loopback) Sandbox() (session.Session, error) { return session.Sandbox(session.Options{}) }

// waitForScreen waits until the terminal shows these words.
func waitForScreen(t *testing.T, ctx context.Context, screen *emulator, words string) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		rows := strings.Join(screen.rows(), "\n")
		if strings.Contains(rows, words) {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the screen does not come to show %q:\n%s", words, rows)
		}
	}
}
