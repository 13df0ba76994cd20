package lab

import (
	"slices"
	"testing"

	"gossipscope/internal/timeline"
)

func TestPeersAreFoundByTheirNamesInTheirLatestLives(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		if lb.Peer("A") != nil || len(lb.Peers()) != 0 {
			t.Error("there are peers in an empty lab")
		}
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		a.Kill()
		again, err := lb.Restart(a)
		if err != nil {
			t.Fatal(err)
		}
		if got := lb.Peers(); !slices.Equal(got, []*Peer{again, b}) {
			t.Errorf("the peers are %v, want the second A and B", got)
		}
		if lb.Peer("A") != again || lb.Peer("B") != b || lb.Peer("C") != nil {
			t.Error("a name leads to another peer than it should")
		}
	})
}

func TestAPeerTellsWhenItIsOver(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a := newPeer(t, lb, "A")
		select {
		case <-a.Over():
			t.Error("a living peer is over")
		default:
		}
		a.Stop()
		select {
		case <-a.Over():
		default:
			t.Error("a peer that was stopped is not over")
		}
	})
}

func TestAnActThatTheLabHasNoMethodForIsRecorded(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		lb.Act("A", timeline.Act{Verb: "stop-reading"})
		if got := acts(lb); !slices.Equal(got, []string{"A stop-reading"}) {
			t.Errorf("recorded %q", got)
		}
	})
}
