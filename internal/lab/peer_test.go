package lab

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

func all(any) bool { return true }

func words(msg proto.ReceivedMessage) string {
	return string(msg.GetGossipMessage().GetDataMsg().GetPayload().GetData())
}

func TestWhatIsDoneToAPeerIsRecorded(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		a, b, c := newPeer(t, lb, "A"), newPeer(t, lb, "B"), newPeer(t, lb, "C")
		c.Stop() // whoever is sent to is told of, also if he is not there
		atA, atB := a.Subscribe(all), b.Subscribe(all)
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			msg := <-atB
			b.Respond(msg, "and hello to you")
			b.Ack(msg, nil)
			b.Ack(<-atB, errors.New("no more"))
		}()
		if results := a.SendWithAck("hello", time.Minute, 1, b.Remote()); results.AckCount() != 1 {
			t.Errorf("the first gave %v", results)
		}
		if got := words(<-atA); got != "and hello to you" {
			t.Errorf("the answer is %q", got)
		}
		results := a.SendWithAck("hello again", time.Minute, 2, b.Remote(), c.Remote())
		if results.NackCount() != 2 || !slices.ContainsFunc(results, func(r comm.SendResult) bool { return r.Error() == "no more" }) {
			t.Errorf("the second gave %v", results)
		}
		<-answered
		want := []string{"C stop", "A accept", "B accept", "A send-with-ack B hello minAck 1, timeout 1m0s", "B respond A and hello to you", "B ack A",
			"A send-with-ack B, C hello again minAck 2, timeout 1m0s", "B ack A no more"}
		if got := acts(lb); !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

// A peer that is killed says goodbye to nobody: its links are reset, and of what its goroutines still do nothing is recorded.
func TestAKilledPeerIsHeardOfNoMore(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		inbox := b.Subscribe(all)
		if err := a.Send("hello", b.Remote()); err != nil {
			t.Fatal(err)
		}
		<-inbox
		if err := lb.Until(t.Context(), func(st *timeline.State) bool { return len(st.Peer("A").Stored()) == 1 }); err != nil {
			t.Fatal(err)
		}
		h := lb.Hold("B", trace.ConnHandle)
		if err := a.Send("more", b.Remote()); err != nil {
			t.Fatal(err)
		}
		reach(t, h)
		b.Kill()
		b.Kill()
		b.Stop()
		for msg := range inbox { // ends: the channel of a dead peer is closed
			b.Ack(msg, nil)
		}
		noticed := func(st *timeline.State) bool {
			return len(st.Peer("A").Notices) == 1 && len(st.Peer("A").Stored()) == 0
		}
		if err := lb.Until(t.Context(), noticed); err != nil {
			t.Fatal(err)
		}
		list := events(lb)
		dead := slices.IndexFunc(list, func(e timeline.Event) bool { return e.Death != nil })
		if dead < 0 || list[dead].Peer != "B" || list[dead].Death.Cause != "killed" {
			t.Fatal("no death by killing is recorded")
		}
		for _, e := range list[dead+1:] {
			if e.Peer == "B" {
				t.Errorf("after its death B did %+v", e)
			}
		}
		if got, want := changes(lb, "A→B#1"), []string{"open", "cut"}; !slices.Equal(got, want) {
			t.Errorf("recorded of the link: %q, want %q", got, want)
		}
		if h.Standing() != 0 {
			t.Error("a goroutine of a dead peer is still held")
		}
		if err := a.Probe(b.Remote()); err == nil {
			t.Error("somebody answers for the dead peer")
		}
	})
}

func TestAPeerThatIsRestartedIsTheSameAndRemembersNothing(t *testing.T) {
	overBoth(t, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		if _, err := lb.Restart(b); !errors.Is(err, ErrAlive) {
			t.Errorf("restarting a living peer gave %v", err)
		}
		if err := a.Send("hello", b.Remote()); err != nil {
			t.Fatal(err)
		}
		if err := lb.Until(t.Context(), func(st *timeline.State) bool { return st.Peer("B").Unclaimed == 1 }); err != nil {
			t.Fatal(err)
		}
		b.Kill()
		again, err := lb.Restart(b)
		if err != nil {
			t.Fatal(err)
		}
		// Until A has noticed, it would send over the connection that is broken.
		if err := lb.Until(t.Context(), func(st *timeline.State) bool { return len(st.Peer("A").Stored()) == 0 }); err != nil {
			t.Fatal(err)
		}
		if again == b || again.Endpoint != b.Endpoint || !bytes.Equal(again.PKIID, b.PKIID) {
			t.Errorf("%+v is not another life of %+v", again, b)
		}
		if err := a.Send("hello, B, whoever you are", again.Remote()); err != nil {
			t.Fatal(err)
		}
		arrived := func(st *timeline.State) bool { return st.Peer("B").Life == 2 && st.Peer("B").Unclaimed == 1 }
		if err := lb.Until(t.Context(), arrived); err != nil {
			t.Fatal(err)
		}
		again.Stop()
		if _, err := lb.Restart(again); err != nil {
			t.Errorf("restarting a peer that was stopped gave %v", err)
		}
	})
}

func TestUnderASeedAKilledPeerLetsGoOfItsPlace(t *testing.T) {
	inBubble(t, func() Policy { return Seeded(3, synctest.Wait) }, func(t *testing.T, lb *Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		done := make(chan error, 1)
		go func() {
			_, err := a.Comm.Handshake(b.Remote())
			done <- err
		}()
		b.Kill()
		if err := <-done; err == nil {
			t.Error("a handshake with a dead peer succeeded")
		}
		again, err := lb.Restart(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Handshake(again.Remote()); err != nil {
			t.Errorf("after the restart: %v", err)
		}
	})
}

func TestNobodyIsBornInALabThatIsClosed(t *testing.T) {
	inBubble(t, Free, func(t *testing.T, lb *Lab) {
		a := newPeer(t, lb, "A")
		lb.Close()
		if _, err := lb.NewPeer("B", PeerConfig{}); err == nil {
			t.Error("a peer was made")
		}
		if err := a.Probe(&comm.RemotePeer{Endpoint: "B:7051"}); !errors.Is(err, comm.ErrStopped) {
			t.Errorf("a probe by a peer of a closed lab gave %v", err)
		}
	})
}
