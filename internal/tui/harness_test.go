package tui

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"

	"gossipscope/internal/lab"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/walkthroughs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is a model that runs as under Bubble Tea, with real peers, in virtual time: commands run on goroutines of their own, and their
// messages come in one after the other.
type screen struct {
	*Model
	t        *testing.T
	memory   *testMemory
	messages chan tea.Msg
	commands sync.WaitGroup
	quitted  bool
	unseen   bool // nobody looks, so nothing is drawn
}

// inScreen runs a test with a screen of that size, in a bubble.
func inScreen(t *testing.T, width, height int, lang text.Lang, test func(s *screen)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		memory := &testMemory{dir: t.TempDir(), done: make(map[string]bool)}
		conf := Config{Lang: lang, Theme: "dark", Width: width, Height: height, Lessons: walkthroughs.All(), Starter: testStarter{}, Memory: memory}
		s := &screen{Model: New(conf), t: t, memory: memory, messages: make(chan tea.Msg)}
		s.perform(s.Init())
		defer s.end()
		test(s)
	})
}

// testStarter makes sessions over pipes, which virtual time needs.
type testStarter struct{}

func (testStarter) Lesson(l walkthroughs.Lesson) (session.Session, error) {
	return session.Play(l, session.Options{Network: lab.InMemory()})
}
func (testStarter) Sandbox() (session.Session, error) {
	return session.Sandbox(session.Options{Network: lab.InMemory()})
}
func (testStarter) Recording(path string) (session.Session, error) { return session.Open(path) }

// testMemory remembers for as long as a test runs.
type testMemory struct {
	mu    sync.Mutex
	dir   string
	done  map[string]bool
	lang  text.Lang
	theme string
	files int
}

func (m *testMemory) Done(slug string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.done[slug]
}

func (m *testMemory) MarkDone(slug string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done[slug] = true
	return nil
}

func (m *testMemory) KeepLang(lang text.Lang) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lang = lang
	return nil
}

func (m *testMemory) KeepTheme(theme string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.theme = theme
	return nil
}

func (m *testMemory) Recordings() ([]string, error) {
	return filepath.Glob(filepath.Join(m.dir, "*.jsonl"))
}

func (m *testMemory) FreshPath(prefix, extension string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files++
	return filepath.Join(m.dir, fmt.Sprintf("%s-%d.%s", prefix, m.files, extension)), nil
}

// perform runs a command on a goroutine of its own, as Bubble Tea does.
func (s *screen) perform(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	s.commands.Go(func() {
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				s.perform(c)
			}
		default:
			s.messages <- msg
		}
	})
}

// send gives the model a message, and draws as Bubble Tea would.
func (s *screen) send(msg tea.Msg) {
	if _, quit := msg.(tea.QuitMsg); quit {
		s.quitted = true
		return
	}
	_, cmd := s.Update(msg)
	if s.unseen {
		s.dirty = false
	} else {
		s.View()
	}
	s.perform(cmd)
}

// until lets time pass until the condition holds, and fails the test if it does not come true within an hour of virtual time.
func (s *screen) until(what string, condition func() bool) {
	s.t.Helper()
	late := time.After(time.Hour)
	for !condition() {
		select {
		case msg := <-s.messages:
			s.send(msg)
		case <-late:
			s.t.Fatalf("it does not come to this: %s\n%s", what, strings.Join(s.rows(), "\n"))
		}
	}
}

// unwatched does something that is not what the test is about, with nothing drawn until it is done: drawing takes most of the time.
func (s *screen) unwatched(do func()) {
	s.unseen = true
	do()
	s.unseen, s.dirty = false, true
	s.View()
}

// stepUntil goes step by step until the condition holds.
func (s *screen) stepUntil(what string, condition func() bool) {
	s.t.Helper()
	reached := false
	s.unwatched(func() {
		for range 500 {
			if reached = condition(); reached {
				return
			}
			s.press("n")
			if s.notice.says == says.Settling {
				s.t.Fatalf("nobody has pressed anything for a second, and a step is refused: %s", says.Settling.In(s.lang))
			}
			s.pass(time.Second)
		}
	})
	if reached {
		return
	}
	s.t.Fatalf("500 steps do not lead to this: %s\n%s", what, strings.Join(s.rows(), "\n"))
}

// rest lets everything happen that happens at once: until nobody has anything to do but to wait for time.
func (s *screen) rest() {
	for {
		synctest.Wait()
		select {
		case msg := <-s.messages:
			s.send(msg)
		default:
			return
		}
	}
}

// pass lets time pass.
func (s *screen) pass(d time.Duration) {
	over := time.After(d)
	for {
		select {
		case msg := <-s.messages:
			s.send(msg)
		case <-over:
			return
		}
	}
}

// press presses keys, named as Bubble Tea names them; a word in quotes is typed.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		if typed, isTyped := strings.CutPrefix(key, "'"); isTyped {
			for _, r := range typed {
				s.send(tea.KeyPressMsg{Text: string(r), Code: r})
			}
			continue
		}
		s.send(keyPress(key))
	}
	s.rest()
}

// keyPress returns what the terminal sends for a key.
func keyPress(key string) tea.KeyPressMsg {
	special := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
		"tab": tea.KeyTab, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace,
	}
	if code, known := special[key]; known {
		return tea.KeyPressMsg{Code: code}
	}
	var function int
	if n, _ := fmt.Sscanf(key, "f%d", &function); n == 1 {
		return tea.KeyPressMsg{Code: tea.KeyF1 + rune(function-1)}
	}
	switch key {
	case "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case "ctrl+c":
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	case "ctrl+p":
		return tea.KeyPressMsg{Code: 'p', Mod: tea.ModCtrl}
	}
	r := []rune(key)[0]
	return tea.KeyPressMsg{Code: r, Text: key}
}

// rows returns what is on the screen.
func (s *screen) rows() []string {
	s.draw()
	return s.canvas.Rows()
}

// shows reports whether a row of the screen has these words.
func (s *screen) shows(words string) bool {
	return slices.ContainsFunc(s.rows(), func(row string) bool { return strings.Contains(row, words) })
}

// must fails the test if the screen does not show these words.
func (s *screen) must(words ...string) {
	s.t.Helper()
	for _, w := range words {
		if !s.shows(w) {
			s.t.Errorf("the screen does not show %q:\n%s", w, strings.Join(s.rows(), "\n"))
		}
	}
}

// begin starts the lesson of that number, or the sandbox for 0, and pauses at once.
func (s *screen) begin(lesson int) {
	s.t.Helper()
	choice := Choice{Sandbox: lesson == 0}
	if lesson > 0 {
		choice.Lesson = &s.conf.Lessons[lesson-1]
	}
	s.perform(s.startChoice(choice))
	s.until("the session is opened", func() bool { return s.watch != nil })
	s.press("space")
	if s.watch.player.Playing() {
		s.t.Fatal("it plays on")
	}
}

// end leaves whatever runs.
func (s *screen) end() {
	s.perform(s.close(true))
	s.until("the program quits", func() bool { return s.quitted })
	gone := make(chan struct{})
	go func() {
		s.commands.Wait()
		close(gone)
	}()
	for {
		select {
		case <-s.messages:
		case <-gone:
			return
		}
	}
}
