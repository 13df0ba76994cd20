package stage

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

// asking is a session in which A talks to two others, and then asks one of them again and again who it is, over connections that do not
// stay.
func asking(t *testing.T) []timeline.Event {
	t.Helper()
	if events, done := played.Load("asking"); done {
		return events.([]timeline.Event)
	}
	events := steady(record(t, inSteps, func(ctx context.Context, lb *lab.Lab) error {
		var peers []*lab.Peer
		for _, name := range []string{"A", "B", "C"} {
			p, err := lb.NewPeer(name, lab.PeerConfig{})
			if err != nil {
				return err
			}
			peers = append(peers, p)
		}
		peers[0].SendWithAck("to all", time.Second, 0, peers[1].Remote(), peers[2].Remote())
		time.Sleep(time.Second)
		for range 3 {
			if _, err := peers[0].Handshake(peers[1].Remote()); err != nil {
				return err
			}
			time.Sleep(time.Second)
		}
		return nil
	}))
	played.Store("asking", events)
	return events
}

// What is over must not push away what is not, though the event is about it.
func TestAConnectionThatIsOverLeavesItsRoomToThoseThatServe(t *testing.T) {
	named := 0
	for _, size := range [][2]int{{118, 12}, {118, 10}, {78, 14}, {60, 8}} {
		through(asking(t), func(n int, s *scene.Scene) {
			p := newPicture(s, momentOf(s, size[0], size[1]))
			if p.now < 0 || p.edges[p.now].look != closed {
				return
			}
			drawn := func(e *edge) bool {
				return slices.ContainsFunc(p.lines, func(l line) bool { return l.edge == e })
			}
			for i := range p.edges {
				if e := &p.edges[i]; e.look == established && p.drawable(e) && !drawn(e) && drawn(&p.edges[p.now]) {
					t.Fatalf("%v: after event %d %s is drawn, which is over, and %s, which serves, is not", size, n, p.edges[p.now].name, e.name)
				}
			}
			if !drawn(&p.edges[p.now]) {
				named++
				if rows := strings.Join(draw(s, size[0], size[1]), "\n"); !strings.Contains(rows, p.edges[p.now].name+"（已关闭）没有画出") && !strings.Contains(rows, p.edges[p.now].name+" 没有画出") {
					t.Fatalf("%v: after event %d nothing tells of %s:\n%s", size, n, p.edges[p.now].name, rows)
				}
			}
		})
	}
	if named == 0 {
		t.Error("there was room for everything: this test has seen nothing")
	}
}

// In the middle of its shelf the name of a bracket would stand closer to the upright of another, and cover it.
func TestTheNameOfABracketStandsBesideItsOwnUpright(t *testing.T) {
	sides := make(map[bool]int)
	for _, name := range []string{"ABCD", "ABCDEFGH"} {
		events := crowd(t, name)
		s := at(events, len(events))
		p := newPicture(s, momentOf(s, 158, 36))
		rows := draw(s, 158, 36)
		for _, l := range p.lines {
			f := l.shelves[0]
			if f.from || f.to {
				continue
			}
			sides[f.left]++
			row := ansi.Cut(rows[f.y], f.x, f.x+f.w)
			if near := strings.HasPrefix(row, " "+l.name); near == f.left {
				t.Errorf("the upright is on the right: %v; the name of %s stands so: %q", f.left, l.name, row)
			}
			if near := strings.HasSuffix(strings.TrimSuffix(row, " "), "已建立"); near != f.left {
				t.Errorf("the upright is on the right: %v; the name of %s ends so: %q", f.left, l.name, row)
			}
		}
	}
	if sides[true] == 0 || sides[false] == 0 {
		t.Errorf("brackets seen on the left and on the right: %v", sides)
	}
}
