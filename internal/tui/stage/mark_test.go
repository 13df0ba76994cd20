package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// columns returns where a character stands in the rows while the event moves, at each tenth of its way.
func columns(t *testing.T, s *scene.Scene, character string) []int {
	t.Helper()
	var list []int
	panel := New()
	for tenth := range 11 {
		s.Progress = float64(tenth) / 10
		rows := drawWith(panel, s, 78, 17)
		x, _ := place(rows[:len(rows)-1], character) // the last row is the legend
		list = append(list, x)
	}
	return list
}

// The boxes of a picture of 78 cells end at 23, and begin at 54.
const (
	doorOfA  = 23
	doorOfB  = 54
	halfway  = (doorOfA + doorOfB) / 2
	nextDoor = 2
)

func TestAWriteMovesItsMessageFromTheBoxToTheMiddle(t *testing.T) {
	for _, c := range []struct {
		peer     string
		step     trace.Step
		mark     string
		from, to int
	}{
		{"A", trace.AuthSent, scene.HandshakeMark, doorOfA, halfway},
		{"B", trace.AuthSent, scene.HandshakeMark, doorOfB, halfway},
		{"A", trace.ConnWritten, scene.DataMark, doorOfA, halfway},
	} {
		s := find(t, lesson(t, "meet"), step(c.peer, c.step, 1))
		checkMovement(t, fmt.Sprintf("%s at %s", c.peer, c.step), columns(t, s, c.mark), c.from, c.to)
	}
}

func TestAReadMovesItsMessageFromTheMiddleIntoTheBox(t *testing.T) {
	for _, c := range []struct {
		peer string
		step trace.Step
		mark string
		to   int
	}{
		{"B", trace.AuthReceived, scene.HandshakeMark, doorOfB},
		{"A", trace.AuthReceived, scene.HandshakeMark, doorOfA},
		{"B", trace.ConnReceived, scene.DataMark, doorOfB},
	} {
		s := find(t, lesson(t, "meet"), step(c.peer, c.step, 1))
		checkMovement(t, fmt.Sprintf("%s at %s", c.peer, c.step), columns(t, s, c.mark), halfway, c.to)
	}
}

func checkMovement(t *testing.T, what string, at []int, from, to int) {
	t.Helper()
	near := func(a, b int) bool { return max(a, b)-min(a, b) <= nextDoor }
	if !near(at[0], from) || !near(at[len(at)-1], to) {
		t.Errorf("%s: the mark goes from %d to %d, want %d to %d", what, at[0], at[len(at)-1], from, to)
	}
	if sorted := slices.Sorted(slices.Values(at)); to < from {
		slices.Reverse(at)
	} else if !slices.Equal(sorted, at) {
		t.Errorf("%s: the mark goes back and forth: %v", what, at)
	}
	if len(slices.Compact(slices.Clone(at))) < 8 {
		t.Errorf("%s: the mark hardly moves: %v", what, at)
	}
}

func TestWhatAnIntruderSendsComesAllTheWayFromHim(t *testing.T) {
	s := find(t, lesson(t, "checks"), func(e timeline.Event) bool {
		return e.Peer == "B" && e.Step != nil && e.Step.Step == trace.AuthReceived && e.Step.Object.ID > 4 && e.Step.Err == nil
	})
	p := newPicture(s, momentOf(s, 78, 17))
	for _, l := range p.lines {
		for _, m := range l.marks {
			if m.from == 0 && m.at == len(l.cells)-1 && l.from == "X" {
				return
			}
		}
	}
	t.Error("no mark goes from X to B")
}

func TestAPingWaitsAtItsDiallerUntilTLSIsUpAndComesBackWhenItIsAnswered(t *testing.T) {
	events := lesson(t, "meet")
	for _, c := range []struct {
		when     func(timeline.Event) bool
		from, to int
	}{
		{step("A", trace.PingSend, 1), doorOfA, doorOfA},
		{func(e timeline.Event) bool { return e.Link != nil }, doorOfA, doorOfA},
		{step("A", trace.TLSHandshaken, 1), doorOfA, halfway},
		{step("B", trace.PingServed, 1), halfway, doorOfB},
		{step("A", trace.PingAnswered, 1), doorOfB, doorOfA},
	} {
		s := find(t, events, c.when)
		at := columns(t, s, scene.PingMark)
		if d := at[0] - c.from; d < -2 || d > 2 {
			t.Errorf("event %d: the Ping starts at %d, want %d", s.State.N, at[0], c.from)
		}
		if d := at[10] - c.to; d < -2 || d > 2 {
			t.Errorf("event %d: the Ping comes to %d, want %d", s.State.N, at[10], c.to)
		}
	}
	s := find(t, events, step("A", trace.ConnClose, 1))
	if at := columns(t, s, scene.PingMark); at[10] >= 0 {
		t.Errorf("the Ping is still there at %d when all is over", at[10])
	}
}

func TestTLSMakesTheLineSolidFromTheEndThatTells(t *testing.T) {
	s := find(t, lesson(t, "meet"), step("A", trace.TLSHandshaken, 1))
	for tenth, want := range map[int]bool{0: false, 5: true, 10: true} {
		s.Progress = float64(tenth) / 10
		rows := strings.Join(draw(s, 78, 17)[:16], "\n")
		if strings.Contains(rows, "╍╍╍╍") != want {
			t.Errorf("at %d tenths the encrypted part is there: %v\n%s", tenth, !want, rows)
		}
		if dotted := strings.Contains(rows, "┅┅┅┅"); dotted != (tenth < 10) {
			t.Errorf("at %d tenths the dotted part is there: %v\n%s", tenth, dotted, rows)
		}
	}
}

func TestADropIsCrossedOutAtItsSender(t *testing.T) {
	s := find(t, lesson(t, "endings"), step("B", trace.ConnDrop, 1))
	rows := draw(s, 78, 17)
	if x, _ := place(rows, scene.DropMark+"┃"); x != doorOfB-1 {
		t.Errorf("the cross is at %d, want %d", x, doorOfB-1)
		show(t, rows)
	}
	if text := strings.Join(rows, "\n"); !strings.Contains(text, "▮ 2/20 ✕1") {
		t.Error("the queue and what it lost are not told:\n" + text)
	}
}

// Every mark at rest is a message of the timeline that is where the mark says, and every such message has its mark.
func TestTheMarksAreTheMessagesOfTheTimeline(t *testing.T) {
	moving := 0
	pictures(t, func(t *testing.T, p *picture) {
		for _, l := range p.lines {
			if l.phase == timeline.PhaseClosed || l.crowd > 0 {
				continue
			}
			want := make(map[string]int)
			lost := l.line != nil && !l.line.Open
			for way, list := range [][]*timeline.Message{l.stream.Forward(), l.stream.Backward()} {
				for _, m := range list {
					n := p.state.N
					switch place := m.Place(); {
					case place == timeline.WithWriter, place == timeline.WithReader, place == timeline.OnTheWay && !lost,
						place == timeline.GivenUp && m.Drop.N == n, place > timeline.WithReader && m.Marks[timeline.Received].N == n:
						want[fmt.Sprint(way, m.Kind)]++
					}
				}
			}
			got := make(map[string]int)
			for _, m := range l.marks {
				if m.ping {
					continue
				}
				if m.from != m.at {
					moving++
				}
				got[fmt.Sprint(m.way, m.kind)]++
			}
			for _, c := range l.stream.Ends() {
				for _, m := range c.Overflowed() {
					if m.Drop.N == p.state.N {
						want[fmt.Sprint(map[trace.Role]int{trace.Acceptor: 1}[c.Role], m.Kind)]++
					}
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s has the marks %v, want %v", l.name, got, want)
			}
		}
	})
	if moving == 0 {
		t.Error("nothing ever moved")
	}
}

// heldBack returns what was recorded when A has sent B so many messages that B's reader, which is held, has not read.
func heldBack(t *testing.T, messages int) []timeline.Event {
	return record(t, lab.Free, func(ctx context.Context, lb *lab.Lab) error {
		a, err := lb.NewPeer("A", lab.PeerConfig{})
		if err != nil {
			return err
		}
		b, err := lb.NewPeer("B", lab.PeerConfig{})
		if err != nil {
			return err
		}
		hold := lb.Hold("B", trace.ConnRead)
		if err := a.Send("first", b.Remote()); err != nil {
			return err
		}
		if _, err := hold.Reached(ctx); err != nil {
			return err
		}
		for i := range messages {
			if err := a.Send(fmt.Sprint(i), b.Remote()); err != nil {
				return err
			}
			synctest.Wait()
		}
		return nil
	})
}

func TestAMessageOnTheWayIsDrawnBetweenItsEnds(t *testing.T) {
	events := heldBack(t, 2)
	rows := draw(at(events, len(events)), 78, 17)
	text := strings.Join(rows, "\n")
	x, _ := place(rows, "●●●›")
	if x < halfway-5 || x > halfway {
		t.Errorf("three messages are on the way; their marks stand at %d, want them before %d:\n%s", x, halfway, text)
	}
}

func TestManyMessagesOnTheWayAreCounted(t *testing.T) {
	events := heldBack(t, 11)
	s := at(events, len(events))
	if text := strings.Join(draw(s, 78, 17), "\n"); !strings.Contains(text, "●●●●●›") || !strings.Contains(text, "在途 12 条") {
		t.Error("twelve messages are on the way:\n" + text)
	}
	s.Lang = text.English
	if text := strings.Join(draw(s, 158, 36), "\n"); !strings.Contains(text, "12 on the way") {
		t.Error("twelve messages are on the way:\n" + text)
	}
}
