package stage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

var sizes = [][2]int{{158, 36}, {118, 14}, {78, 17}, {78, 15}, {58, 14}, {40, 8}, {34, 6}}

func names(n int) []string { return strings.Split("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "")[:n] }

func TestTwoPeersFaceEachOtherWithRoomForLinesBetween(t *testing.T) {
	for _, size := range sizes {
		l := arrange(names(2), nil, size[0], size[1])
		a, b := l.boxOf("A"), l.boxOf("B")
		if a.x != 0 || b.x+b.w != size[0] || a.y != b.y || a.h != b.h {
			t.Errorf("%v: A stands at %v, B at %v", size, a.rect, b.rect)
		}
		if l.corridor.w < size[0]/4 || l.corridor.x != a.x+a.w || l.corridor.x+l.corridor.w != b.x {
			t.Errorf("%v: between %v and %v there is %v", size, a.rect, b.rect, l.corridor)
		}
	}
}

func TestNobodyMovesWhenAPeerIsBorn(t *testing.T) {
	for _, size := range [][2]int{{158, 36}, {118, 14}, {78, 17}, {78, 15}, {58, 14}} {
		for n := 1; n < 4; n++ {
			before, after := arrange(names(n), nil, size[0], size[1]), arrange(names(n+1), nil, size[0], size[1])
			for _, name := range names(n) {
				a, b := before.boxOf(name), after.boxOf(name)
				if a.x != b.x || a.y != b.y || a.w != b.w {
					t.Errorf("%v: %s stood at %v, and at %v when there were %d", size, name, a.rect, b.rect, n+1)
				}
			}
		}
	}
}

func TestThreePeersStandInATriangle(t *testing.T) {
	l := arrange(names(3), nil, 78, 17)
	a, b, c := l.boxOf("A"), l.boxOf("B"), l.boxOf("C")
	if a.right || !b.right || c.right || c.y < a.y+a.h {
		t.Errorf("A stands at %v, B at %v, C at %v", a.rect, b.rect, c.rect)
	}
	if !l.facing("A", "B") || !l.facing("C", "B") || l.facing("A", "C") {
		t.Error("B should face both others")
	}
}

func TestEveryPeerHasABoxOrIsNamedBelow(t *testing.T) {
	for _, size := range sizes {
		for n := range 27 {
			t.Run(fmt.Sprintf("%d at %v", n, size), func(t *testing.T) {
				front := names(n)
				slices.Reverse(front)
				checkLayout(t, arrange(names(n), front, size[0], size[1]), names(n), size)
			})
		}
	}
}

func checkLayout(t *testing.T, l layout, peers []string, size [2]int) {
	t.Helper()
	for _, name := range peers {
		if (l.boxOf(name) != nil) == slices.Contains(l.chips, name) {
			t.Errorf("%s has a box: %v; it is folded: %v", name, l.boxOf(name) != nil, slices.Contains(l.chips, name))
		}
	}
	all := []rect{l.corridor, l.strip, l.legend}
	for _, b := range l.boxes {
		all = append(all, b.rect)
		if b.h < leastBox || b.w < 6 {
			t.Errorf("the box of %s is %v", b.peer, b.rect)
		}
	}
	for i, a := range all {
		if a.x < 0 || a.y < 0 || a.x+a.w > size[0] || a.y+a.h > size[1] {
			t.Errorf("%v reaches beyond %v", a, size)
		}
		for _, b := range all[i+1:] {
			if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h {
				t.Errorf("%v and %v overlap", a, b)
			}
		}
	}
}

func TestARestartedPeerStandsWhereItStood(t *testing.T) {
	events := lesson(t, "store")
	killed := find(t, events, func(e timeline.Event) bool { return e.Death != nil && e.Peer == "B" })
	again := find(t, events, func(e timeline.Event) bool { return e.Birth != nil && e.Peer == "B" && e.N > killed.State.N })
	if len(again.State.Peers) != 3 {
		t.Fatalf("there are %d lives, want 3", len(again.State.Peers))
	}
	before, after := newPicture(killed, momentOf(killed, 78, 17)), newPicture(again, momentOf(again, 78, 17))
	if *before.lay.boxOf("B") != *after.lay.boxOf("B") || len(after.lay.boxes) != 2 {
		t.Errorf("B stood at %v, now %v", before.lay.boxOf("B"), after.lay.boxes)
	}
	if rows := strings.Join(draw(again, 78, 17), "\n"); !strings.Contains(rows, "第 2 次启动") {
		t.Error("it is not told that this is a second life:\n" + rows)
	}
}

func TestWhereAllCannotStandTheOneWithMostConnectionsStaysOnTheLeft(t *testing.T) {
	events := crowd(t, "ABCDEFGHIJKLMNOP")
	last := slices.IndexFunc(events, step("A", trace.AckDone, 1))
	for n := 40; n < last; n += 17 {
		s := at(events, n)
		p := newPicture(s, momentOf(s, 158, 36))
		if left := p.lay.boxes[0].peer; left != "A" {
			t.Fatalf("after event %d (%s), %s stands on the left", n, s.Event.Peer, left)
		}
		if acting := s.Event.Peer; acting != "" && p.lay.boxOf(acting) == nil {
			t.Fatalf("after event %d, %s acts and is folded", n, acting)
		}
	}
}
