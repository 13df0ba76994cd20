package tui

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/vt"
	"github.com/google/go-cmp/cmp"

	"gossipscope/internal/text"
	"gossipscope/walkthroughs"
)

// exported presses the keys that export, and returns the file that was written.
func (s *screen) exported(key, extension string) string {
	s.t.Helper()
	s.press("e", key)
	s.until("it is written", func() bool { return strings.Contains(s.notice.in(text.English), "."+extension) })
	said := s.notice.in(text.English)
	path, found := strings.CutPrefix(said, "Saved to ")
	if !found {
		s.t.Fatal(said)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}

func TestTheSequenceIsTakenAwayUpToTheMomentThatIsShown(t *testing.T) {
	inScreen(t, 120, 36, text.English, func(s *screen) {
		s.begin(1)
		s.press("+", "+", "+", "space")
		s.until("the lesson is over", func() bool { return s.watch.over })
		whole := s.exported("1", "mmd")
		if !strings.HasPrefix(whole, "sequenceDiagram") && !strings.Contains(whole, "\nsequenceDiagram") || !strings.Contains(whole, "ConnEstablish") {
			t.Errorf("this is no diagram of the lesson:\n%s", whole)
		}
		picture := s.exported("2", "svg")
		if err := xml.Unmarshal([]byte(picture), new(struct {
			XMLName xml.Name `xml:"svg"`
		})); err != nil || !strings.Contains(picture, "ConnEstablish") {
			t.Errorf("this is no picture of the lesson (%v):\n%.300s", err, picture)
		}
		s.watch.goTo(10)
		if part := s.exported("1", "mmd"); strings.Contains(part, "ConnEstablish") || len(part) >= len(whole) {
			t.Error("what happened later is in it")
		}
	})
}

func TestACastPlaysWhatTheScreenShows(t *testing.T) {
	inScreen(t, 80, 24, text.Chinese, func(s *screen) {
		s.begin(1)
		s.press("+", "+", "+", "space")
		s.until("the lesson is over", func() bool { return s.watch.over })
		s.watch.goTo(60)
		cast := bufio.NewScanner(strings.NewReader(s.exported("3", "cast")))
		cast.Buffer(nil, 1<<20)
		cast.Scan()
		var header struct{ Version, Width, Height int }
		if err := json.Unmarshal(cast.Bytes(), &header); err != nil || header.Version != 2 || header.Width != 80 || header.Height != 24 {
			t.Errorf("header %+v, %v", header, err)
		}
		film, last := vt.NewEmulator(80, 24), 0.0
		defer film.Close()
		for cast.Scan() {
			var event [3]any
			if err := json.Unmarshal(cast.Bytes(), &event); err != nil || event[1] != "o" || event[0].(float64) < last {
				t.Fatalf("%s: %v", cast.Text(), err)
			}
			last = event[0].(float64)
			io.WriteString(film, event[2].(string))
		}
		if last < 10 {
			t.Errorf("60 events are over in %v s", last)
		}
		shown := (&emulator{vt: film}).rows()
		s.notice = notice{}
		if diff := cmp.Diff(s.rows()[1:17], shown[1:17]); diff != "" {
			t.Errorf("at its end the film shows something else (-screen +film):\n%s", diff)
		}
	})
}

// panicking is a memory that brings the program down while it draws.
type panicking struct{ testMemory }

func (*panicking) Done(string) bool { panic("a mistake of the program") }

func TestAPanicLeavesTheTerminalAsItWas(t *testing.T) {
	screen := newEmulator(t, 80, 24)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conf := Config{Lang: text.English, Theme: "dark", Width: 80, Height: 24, Lessons: walkthroughs.All(), Memory: &panicking{}, Starter: loopback{}}
	err := Run(ctx, conf, Terminal{Output: screen, Environment: []string{"TERM=xterm-256color"}}, tea.WithWindowSize(80, 24))
	if !errors.Is(err, tea.ErrProgramPanic) || screen.vt.IsAltScreen() {
		t.Errorf("%v; still on the other screen: %v", err, screen.vt.IsAltScreen())
	}
}
