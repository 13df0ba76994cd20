package stage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
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
	for _, size := range [][2]int{{158, 36}, {118, 14}, {118, 12}, {78, 17}, {78, 15}, {58, 14}} {
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

// Readers know a peer by his place. So he keeps it, whatever happens to anybody, and whoever else is born: only when there are too many to
// face each other may the sides change, once.
func TestNobodyChangesSidesWhateverHappens(t *testing.T) {
	for name, events := range sessions(t) {
		for _, size := range [][2]int{{158, 36}, {118, 12}, {78, 17}, {78, 14}} {
			right, folded := make(map[string]bool), false
			through(events, func(n int, s *scene.Scene) {
				lay := newPicture(s, momentOf(s, size[0], size[1])).lay
				if lay.folded != folded {
					right, folded = make(map[string]bool), lay.folded
				}
				for _, b := range lay.boxes {
					if before, known := right[b.peer]; known && before != b.right {
						t.Fatalf("%s at %v: after event %d %s stands on the other side", name, size, n, b.peer)
					}
					right[b.peer] = b.right
				}
			})
		}
	}
}

func TestPlacesComeOfBirthsAlone(t *testing.T) {
	for _, peers := range []string{"ABC", "ABCD"} {
		events := crowd(t, peers)
		born := slices.IndexFunc(events, func(e timeline.Event) bool { return e.Birth != nil && e.Peer == peers[len(peers)-1:] }) + 1
		for _, size := range [][2]int{{158, 36}, {118, 12}, {78, 17}, {78, 14}} {
			var first []box
			through(events, func(n int, s *scene.Scene) {
				if n < born {
					return
				}
				if s.Selected = (scene.Selection{}); n%3 == 0 {
					s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "B"}
				}
				boxes := newPicture(s, momentOf(s, size[0], size[1])).lay.boxes
				if first == nil {
					first = boxes
				}
				if !slices.Equal(first, boxes) {
					t.Fatalf("%v: after the last birth they stood at %v, after event %d at %v", size, first, n, boxes)
				}
			})
		}
	}
}

func TestWhereAllCannotStandTheFirstBornStaysOnTheLeftAndWhoeverActsHasAPlace(t *testing.T) {
	events := crowd(t, "ABCDEFGHIJKLMNOP")
	for _, size := range [][2]int{{158, 36}, {118, 12}, {78, 17}} {
		_, places := foldedRoom(16, size[1])
		guests := make(map[string]int)
		for n := 40; n < len(events); n += 17 {
			s := at(events, n)
			p := newPicture(s, momentOf(s, size[0], size[1]))
			if len(p.peers) < 16 {
				continue
			}
			for i, b := range p.lay.boxes[:max(1, places-1)] { // A, and those who have a place for good
				if b.peer != p.peers[i] {
					t.Fatalf("%v: after event %d, %s stands at place %d", size, n, b.peer, i)
				}
			}
			if acting := s.Event.Peer; acting != "" && p.lay.boxOf(acting) == nil {
				t.Fatalf("%v: after event %d, %s acts and is folded", size, n, acting)
			}
			for i, b := range p.lay.boxes[max(1, places-1):] {
				if b.peer != s.Event.Peer {
					continue // those beside him may be there because the line leads to them
				}
				if before, known := guests[b.peer]; known && before != i {
					t.Fatalf("%v: after event %d, %s is at place %d, and was at %d", size, n, b.peer, i, before)
				}
				guests[b.peer] = i
			}
		}
		if size[1] < 20 && len(guests) < 5 {
			t.Errorf("%v: only %v had a place for a while", size, guests)
		}
	}
}

func TestWhomTheReaderSelectsStandsOnTheLeftWhereNotAllCanFaceEachOther(t *testing.T) {
	events := crowd(t, "ABCDEFGH")
	s := at(events, len(events))
	s.Selected = scene.Selection{Kind: scene.SelectPeer, Peer: "C"}
	p := newPicture(s, momentOf(s, 78, 17))
	if left := p.lay.boxes[0].peer; left != "C" {
		t.Errorf("%s stands on the left", left)
	}
	for i := range p.lines {
		if p.lines[i].touches("C") {
			return
		}
	}
	t.Error("none of its lines is drawn")
}

func TestGoingBackShowsWhatWasShown(t *testing.T) {
	events := crowd(t, "ABCDEFGHIJKLMNOP")
	panel := New()
	shown := make(map[int]string)
	for n := 40; n < len(events); n += 31 {
		shown[n] = strings.Join(drawWith(panel, at(events, n), 78, 17), "\n")
	}
	for n := len(events); n > 0; n-- {
		if want, known := shown[n]; known && strings.Join(drawWith(panel, at(events, n), 78, 17), "\n") != want {
			t.Fatalf("back at event %d, the picture is another one", n)
		}
	}
}
