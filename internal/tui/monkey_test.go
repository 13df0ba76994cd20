package tui

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/scene"
)

// monkey is somebody who presses, clicks, pastes and resizes whatever comes to hand, at any moment.
type monkey struct {
	*screen
	*rand.Rand
	did []string
}

// Whatever a monkey does: nothing panics, nothing hangs, and what is on the screen is what the model holds. A panic and a session that
// is left behind end the bubble, and so the test.
func TestNoMonkeyBreaksTheScreens(t *testing.T) {
	for seed := range monkeys() {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			size := oneOf(r, monkeySizes)
			inScreen(t, size[0], size[1], oneOf(r, []text.Lang{text.Chinese, text.English}), func(s *screen) {
				m := &monkey{screen: s, Rand: r}
				s.conf.ASCII = r.IntN(8) == 0
				m.open()
				wrong := ""
				for range 200 {
					if m.move(); m.quitted || wrong != "" {
						break
					}
					wrong = m.wrong()
				}
				if wrong != "" {
					t.Errorf("%s, %d×%d, after %s:\n%s\n%s", wrong, m.width, m.height, strings.Join(m.did, ", "), s.frame, ansi.Strip(s.frame))
				}
				m.leave()
			})
		})
	}
}

// monkeys is how many there are: a few, or as many as the variable SEEDS says.
func monkeys() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("SEEDS"), 10, 64); err == nil {
		return n
	}
	return 3
}

func oneOf[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

var (
	monkeySizes = [][2]int{{80, 24}, {120, 36}, {160, 45}, {200, 60}, {80, 60}, {200, 24}}
	dialogKeys  = strings.Fields("enter esc 1 2 3 4 up down pgup pgdown home end tab shift+tab backspace space n p")
	lookKeys    = append(slices.Repeat(strings.Fields("u up down left right pgup pgdown enter"), 2), strings.Split(scene.Letters, "")...)
	typed       = []string{"你", "'握手 ", "？", "＋", "、", "'auth. ", "'the ", "'conn", "'a b", "é", "👩‍👩‍👧", "f20", "'A"}
	pasted      = []string{"qq", "握手\n", "/no/such/file.jsonl", "A e\u0301\u0301 🇨🇳👩‍👩‍👧\x1b[31m\u200b\u202e ﷽", "  ", "？", strings.Repeat("长", 300)}
	times       = []time.Duration{
		time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond, 300 * time.Millisecond, 300 * time.Millisecond,
		time.Second, time.Second, 5 * time.Second, 20 * time.Second, 2 * time.Minute,
	}
)

// open begins a lesson, the sandbox or a recording, or stays at home.
func (m *monkey) open() {
	switch lesson := m.IntN(16); {
	case lesson < len(m.conf.Lessons):
		m.perform(m.startChoice(Choice{Lesson: &m.conf.Lessons[lesson]}))
	case lesson < 14:
		m.perform(m.startChoice(Choice{Sandbox: true}))
	case lesson < 15:
		m.perform(m.startChoice(Choice{Path: recording}))
	}
}

// move does one thing. At home most keys would quit, so there it is mostly to begin something.
func (m *monkey) move() {
	if m.watch == nil && m.IntN(32) > 0 {
		m.press(oneOf(m.Rand, []string{"up", "down", "enter"}))
		m.wait(time.Second)
		return
	}
	switch m.IntN(24) {
	case 0, 1, 2, 3:
		if key := oneOf(m.Rand, oneOf(m.Rand, m.actions).keys); key != "ctrl+c" { // which would be the end
			m.press(key)
		}
	case 4, 5:
		m.press(oneOf(m.Rand, dialogKeys))
	case 6, 7, 8: // an act
		m.press(slices.Concat([]string{"esc", "a"}, m.choices(len(actDeeds), 3, 3))...)
	case 9: // a fault
		m.press(slices.Concat([]string{"esc", "f"}, m.choices(len(faultDeeds), 3, 3))...)
	case 10: // the last fault, which is an attack
		m.press(slices.Concat([]string{"esc", "f", "up", "enter"}, m.choices(len(session.Tricks()), 3))...)
	case 11:
		if m.IntN(32) == 0 { // a cast draws all that has happened
			m.press(slices.Concat([]string{"esc", "e"}, m.choices(len(exports)))...)
		}
	case 12:
		m.press(slices.Repeat([]string{oneOf(m.Rand, []string{"+", "-", "n", "p"})}, m.IntN(9))...)
	case 13, 14: // a look at something in a view
		keys := []string{strconv.Itoa(1 + m.IntN(viewCount))}
		for range m.IntN(7) {
			keys = append(keys, oneOf(m.Rand, lookKeys))
		}
		m.press(keys...)
	case 15:
		m.press(oneOf(m.Rand, typed))
	case 16:
		m.tell(tea.PasteMsg{Content: oneOf(m.Rand, pasted)})
	case 17:
		size := oneOf(m.Rand, append(monkeySizes, [2]int{m.IntN(200), m.IntN(60)}))
		m.tell(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
	case 18, 19:
		m.tell(tea.MouseClickMsg{X: m.IntN(202) - 1, Y: m.IntN(62) - 1, Button: oneOf(m.Rand, []tea.MouseButton{tea.MouseLeft, tea.MouseRight})})
	case 20:
		m.tell(tea.MouseWheelMsg{X: m.IntN(202) - 1, Y: m.IntN(62) - 1, Button: oneOf(m.Rand, []tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown})})
	default:
		m.wait(oneOf(m.Rand, times))
	}
}

func (m *monkey) press(keys ...string) {
	m.did = append(m.did, fmt.Sprintf("%q", keys))
	m.screen.press(keys...)
}

// choices are the keys that choose one of so many in each menu of a row.
func (m *monkey) choices(counts ...int) (keys []string) {
	for _, count := range counts {
		keys = append(keys, slices.Repeat([]string{"down"}, m.IntN(count))...)
		keys = append(keys, "enter")
	}
	return keys
}

func (m *monkey) tell(msg tea.Msg) {
	m.did = append(m.did, fmt.Sprintf("%#v", msg))
	m.send(msg)
	m.rest()
}

// wait lets time pass. Only its last frames are drawn: drawing takes most of the time.
func (m *monkey) wait(d time.Duration) {
	const drawn = 4 * frameTime
	m.did = append(m.did, d.String())
	if d > drawn {
		m.unwatched(func() { m.pass(d - drawn) })
	}
	m.pass(min(d, drawn))
	m.rest()
}

// wrong says what is wrong with the screen, "" if nothing is.
func (m *monkey) wrong() string {
	rows := strings.Split(m.frame, "\n")
	if m.width > 0 && m.height > 0 && len(rows) != m.height {
		return fmt.Sprintf("%d rows are drawn", len(rows))
	}
	for y, row := range rows {
		if wide := ansi.StringWidth(row); wide > max(m.width, 0) {
			return fmt.Sprintf("row %d is %d cells wide", y, wide)
		}
	}
	w := m.watch
	switch {
	case w == nil:
		return ""
	case w.player.At() < 0 || w.player.At() > w.history.Len():
		return fmt.Sprintf("event %d of %d is shown", w.player.At(), w.history.Len())
	case !m.deaf() && w.focus >= m.panes():
		return fmt.Sprintf("pane %d of %d has the keys", w.focus, m.panes())
	case len(slices.Compact(slices.Sorted(slices.Values(w.slots[:])))) < len(w.slots):
		return fmt.Sprintf("a view stands in two panes: %v", w.slots)
	}
	return m.stale()
}

// stale says what is wrong if nothing moves, but should, or the reverse; or if something else would be drawn now.
func (m *monkey) stale() string {
	w := m.watch
	if m.ticking && !w.restless() {
		m.pass(time.Second) // the last change may be on its way into a frame
		m.rest()
	}
	switch known, happened := w.lastNumber(), w.session.Recorder().Last(); {
	case m.watch != w || m.quitted || m.ticking && w.restless():
		return ""
	case m.ticking:
		return "frames are drawn although nothing moves"
	case !m.waiting:
		return "no frame comes, and nobody waits for the session"
	case w.restless():
		return "no frame comes although something moves"
	case known != happened:
		return fmt.Sprintf("no frame comes: event %d has happened, and %d is the last that is known", happened, known)
	}
	if now := m.draw(); now != m.frame {
		return "another picture would be drawn now:\n" + now + "\nis shown"
	}
	return ""
}

// leave quits, from wherever the monkey is.
func (m *monkey) leave() {
	if m.quitted {
		return
	}
	m.until("what is being done is done", func() bool { return m.busy == (text.Text{}) })
	m.press("ctrl+c")
	m.until("the program quits", func() bool { return m.quitted })
}
