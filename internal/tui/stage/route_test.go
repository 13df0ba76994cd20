package stage

import (
	"testing"

	"gossipscope/internal/timeline"
)

// pictures calls look for many moments of sessions of all kinds, at several sizes.
func pictures(t *testing.T, look func(t *testing.T, p *picture)) {
	t.Helper()
	for name, events := range sessions(t) {
		for i, size := range sizes {
			for n := i; n <= len(events); n += 23 {
				s := at(events, n)
				look(t, newPicture(s, momentOf(s, size[0], size[1])))
				if t.Failed() {
					t.Fatalf("that was %s after event %d, at %v", name, n, size)
				}
			}
		}
	}
}

func sessions(t *testing.T) map[string][]timeline.Event {
	list := map[string][]timeline.Event{"eight": crowd(t, "ABCDEFGH")}
	for _, slug := range []string{"meet", "checks", "acks", "verdict", "store", "endings", "stop"} {
		list[slug] = lesson(t, slug)
	}
	return list
}

func TestALineLeadsFromTheBoxThatDialledToTheOther(t *testing.T) {
	pictures(t, func(t *testing.T, p *picture) {
		for _, l := range p.lines {
			for end, peer := range map[cell]string{l.cells[0]: l.from, l.cells[len(l.cells)-1]: l.to} {
				b := p.lay.boxOf(peer)
				if b == nil && l.stub {
					continue
				}
				border := b.x
				if !b.right {
					border = b.x + b.w - 1
				}
				if end.x != border || end.y <= b.y || end.y >= b.y+b.h-1 {
					t.Errorf("%s ends at %v, %s stands at %v", l.name, end, peer, b.rect)
				}
			}
			for i, c := range l.cells[1:] {
				before := l.cells[i]
				if (c.x-before.x)*(c.x-before.x)+(c.y-before.y)*(c.y-before.y) != 1 {
					t.Errorf("%s jumps from %v to %v", l.name, before, c)
				}
			}
		}
	})
}

func TestLinesMeetOnlyWhereTheyCross(t *testing.T) {
	pictures(t, func(t *testing.T, p *picture) {
		type passing struct {
			name  string
			level bool
		}
		taken := make(map[cell]passing)
		for _, l := range p.lines {
			for i, c := range l.cells {
				if i == 0 || i == len(l.cells)-1 {
					continue
				}
				now := passing{l.name, l.cells[i-1].y == c.y && l.cells[i+1].y == c.y}
				if other, both := taken[c]; both && other.name != l.name && other.level == now.level {
					t.Errorf("%s and %s run together at %v", other.name, l.name, c)
				}
				taken[c] = now
			}
		}
	})
}

func TestALineStaysWhereItIsWhileItsConnectionLives(t *testing.T) {
	events := lesson(t, "acks")
	where := make(map[string]cell)
	for n := 8; n < 300; n++ { // until then nobody is born or gone
		s := at(events, n)
		p := newPicture(s, momentOf(s, 158, 36))
		for _, l := range p.lines {
			if l.line == nil {
				continue
			}
			if known, seen := where[l.name]; seen && known != l.cells[0] {
				t.Fatalf("%s began at %v, and at %v after event %d", l.name, known, l.cells[0], n)
			}
			where[l.name] = l.cells[0]
		}
	}
	if len(where) < 3 {
		t.Errorf("saw only %v", where)
	}
}
