package stage

import (
	"slices"
	"strings"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/session"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// walkThrough gives a command until the selection does not change any more, and returns what was selected, in words.
func walkThrough(p *Panel, s *scene.Scene, c scene.Command) []string {
	var names []string
	for {
		out := p.Do(c, s)
		if !out.Handled || out.Select == nil {
			return names
		}
		s.Selected = *out.Select
		name := s.Selected.Peer
		if s.Selected.Kind == scene.SelectConnection {
			name = scene.Name(s.State, s.State.Connection(s.Selected.Conn))
		}
		names = append(names, name)
	}
}

func TestUpAndDownGoThroughPeersAndTheirLinesInReadingOrder(t *testing.T) {
	s := find(t, lesson(t, "store"), step("A", trace.StoreTieBreak, 1))
	panel := New()
	drawWith(panel, s, 78, 17)
	for _, c := range []struct {
		command scene.Command
		want    string
	}{
		{scene.Down, "A A→B#1 B B→A#2 B→A#3"},
		{scene.Up, "B→A#2 B A→B#1 A"},
		{scene.PageDown, "B"},
		{scene.PageUp, "A"},
		{scene.Right, "B"},
	} {
		if got := strings.Join(walkThrough(panel, s, c.command), " "); got != c.want {
			t.Errorf("%s goes through %q, want %q", c.command, got, c.want)
		}
	}
}

func TestChooseOpensWhatIsSelectedOrElseWhatHappens(t *testing.T) {
	s := find(t, lesson(t, "meet"), step("A", trace.AuthSent, 1))
	panel := New()
	drawWith(panel, s, 78, 17)
	out := panel.Do(scene.Choose, s)
	if !out.Inspect || out.Select == nil || out.Select.Kind != scene.SelectConnection || out.Select.Peer != "A" {
		t.Errorf("with nothing selected it opens %+v", out.Select)
	}
	s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "B"}
	if out := panel.Do(scene.Choose, s); !out.Inspect || out.Select != nil {
		t.Errorf("with B selected the outcome is %+v", out)
	}
	if out := panel.Do("something else", s); out.Handled {
		t.Error("it obeys a command that it does not know")
	}
}

func TestAClickSelectsWhatStandsThere(t *testing.T) {
	s := find(t, lesson(t, "meet"), step("A", trace.AuthSent, 1))
	panel := New()
	rows := drawWith(panel, s, 78, 17)
	nameX, nameY := place(rows, "A→B#2")
	for _, c := range []struct {
		x, y int
		want scene.SelectionKind
		peer string
	}{
		{2, 2, scene.SelectPeer, "A"},
		{70, 12, scene.SelectPeer, "B"},
		{nameX, nameY, scene.SelectConnection, "A"},
		{nameX, nameY + 1, scene.SelectConnection, "A"},
		{40, 0, scene.SelectNothing, ""},
	} {
		out := panel.Click(c.x, c.y, s)
		var got scene.Selection
		if out.Select != nil {
			got = *out.Select
		}
		if got.Kind != c.want || got.Peer != c.peer {
			t.Errorf("a click at %d, %d selects %+v", c.x, c.y, got)
		}
	}
}

// reversed returns what stands on a canvas with its colours exchanged.
func reversed(c *canvas.Canvas) string {
	var out strings.Builder
	for _, run := range strings.Split(c.String(), "\x1b[")[1:] {
		codes, words, _ := strings.Cut(run, "m")
		codes, _, _ = strings.Cut(codes, "38;2;") // numbers behind this are colours
		if slices.Contains(strings.Split(codes, ";"), "7") {
			out.WriteString(words)
		}
	}
	return out.String()
}

func TestWhatIsSelectedShowsWithoutColours(t *testing.T) {
	s := find(t, lesson(t, "meet"), step("A", trace.AuthSent, 1))
	s.Held = []session.Held{{ID: 5, Peer: "A", Goroutine: trace.DialerGoroutine, Step: trace.AuthRead}}
	for want, selected := range map[string]scene.Selection{
		"":                            {},
		"B               运行中":         {Kind: scene.SelectPeer, Peer: "B"},
		"A→B#2":                       {Kind: scene.SelectConnection, Peer: "A", Conn: timeline.ConnKey{Peer: "A", Life: 1, ID: 2}},
		"A→B#2" + scene.HandshakeMark: {Kind: scene.SelectMessage, Peer: "A", Conn: timeline.ConnKey{Peer: "A", Life: 1, ID: 2}, Out: true},
		"拦住 dialer@auth.read":         {Kind: scene.SelectGoroutine, Peer: "A", Goroutine: 5},
	} {
		s.Selected = selected
		c := canvas.New(78, 17, false)
		New().Draw(c.Region(), s, true)
		if got := reversed(c); got != want {
			t.Errorf("with %+v, reversed is %q, want %q", selected, got, want)
		}
	}
}

func TestASelectedPeerThatWasFoldedComesToTheFront(t *testing.T) {
	events := crowd(t, "ABCDEFGHIJKLMNOP")
	s := at(events, len(events))
	s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "N"}
	p := newPicture(s, momentOf(s, 78, 15))
	if p.lay.boxes[0].peer != "N" {
		t.Errorf("%s stands on the left, want N", p.lay.boxes[0].peer)
	}
	for _, l := range p.lines {
		if !l.touches("N") && !l.current {
			t.Errorf("%s is drawn, which is not N's", l.name)
		}
	}
	if p.hidden == 0 || !strings.Contains(strings.Join(draw(s, 158, 36), "\n"), "条连接没有画出") {
		t.Error("it is not told that connections are left out")
	}
}
