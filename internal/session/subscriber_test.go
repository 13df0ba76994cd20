package session

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

// The subscriber stops exactly where it is told: the next message waits for it, and behind that all others.
func TestASubscriberThatDoesNotReadHoldsUpItsConnections(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		connect(t, l)
		must(t, l, Act{Verb: StopReading, Peer: "B"})
		synctest.Wait()
		if err := l.Do(Act{Verb: StopReading, Peer: "B"}); !errors.Is(err, NoChange) {
			t.Errorf("stopping again gave %v", err)
		}
		for range 20 { // one by one, so that none is lost in A's queue
			must(t, l, Act{Verb: Flood, Peer: "A", Targets: []string{"B"}, Count: 10})
			synctest.Wait()
		}
		st := l.Recorder().State()
		if q := st.Peer("B").Subscriptions[0].Queue; q.Len != q.Cap {
			t.Errorf("the queue of the subscription holds %d of %d", q.Len, q.Cap)
		}
		if c := stored(&st, "B")[0]; c.MsgChan.Len != c.MsgChan.Cap {
			t.Errorf("msgChan holds %d of %d", c.MsgChan.Len, c.MsgChan.Cap)
		}
		must(t, l, Act{Verb: ReadAgain, Peer: "B"})
		time.Sleep(time.Second)
		st = l.Recorder().State()
		if got, dropped := handed(&st, "B"), stored(&st, "A")[0].Drops; got+dropped != 201 {
			t.Errorf("B's subscriber has %d of 201 messages, A has dropped %d", got, dropped)
		}
	})
}

func TestASubscriberRefusesAndAcknowledgesAgain(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		ask := func(number int) timeline.AckOperation {
			must(t, l, Act{Verb: SendWithAck, Peer: "A", Targets: []string{"I"}, MinAck: 1})
			until(t, l, "the answer is there", func(st *timeline.State) bool {
				ops := st.Peer("A").AckOperations()
				return len(ops) == number && ops[number-1].Done.Set()
			})
			st := l.Recorder().State()
			return st.Peer("A").AckOperations()[number-1]
		}
		must(t, l, Act{Verb: RefuseAcks, Peer: "I", Content: "no room"})
		synctest.Wait()
		if got := ask(1).Waits[0].Result; !got.Failed || got.Reason != "no room" {
			t.Errorf("the answer is %+v, want a refusal", got)
		}
		must(t, l, Act{Verb: GiveAcks, Peer: "I"})
		synctest.Wait()
		if got := ask(2).Waits[0].Result; got.Failed {
			t.Errorf("the answer is %+v, want an acknowledgement", got)
		}
	})
}

// To the layer all subscribers are alike: a second one, that never reads, holds up a lesson's connections as its own would.
func TestInALessonASlowSubscriberIsAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Play(lesson(t, "acks"), Options{Network: lab.InMemory()})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		stepUntil(t, l, "B has its subscriber", func(st *timeline.State) bool { return st.Peer("B") != nil && len(st.Peer("B").Subscriptions) == 1 })
		must(t, l, Act{Verb: StopReading, Peer: "B"})
		synctest.Wait()
		st := l.Recorder().State()
		if len(st.Peer("B").Subscriptions) != 2 {
			t.Fatalf("B has %d subscriptions", len(st.Peer("B").Subscriptions))
		}
		for _, verb := range []Verb{RefuseAcks, GiveAcks} {
			if err := l.Do(Act{Verb: verb, Peer: "B"}); !errors.Is(err, NotOurs) {
				t.Errorf("%s gave %v", verb, err)
			}
		}
		if err := l.Do(Act{Verb: StopReading, Peer: "B"}); !errors.Is(err, NoChange) {
			t.Errorf("stopping again gave %v", err)
		}
		l.SetStepping(false)
		for range 20 {
			must(t, l, Act{Verb: Flood, Peer: "A", Targets: []string{"B"}, Count: 10})
			time.Sleep(time.Millisecond)
		}
		st = l.Recorder().State()
		if q := st.Peer("B").Subscriptions[1].Queue; q.Len != q.Cap {
			t.Errorf("its queue holds %d of %d", q.Len, q.Cap)
		}
		must(t, l, Act{Verb: ReadAgain, Peer: "B"})
		time.Sleep(time.Second)
		st = l.Recorder().State()
		if s := st.Peer("B").Subscriptions[1]; s.Handed != s.Delivered || s.Handed < 21 {
			t.Errorf("it has read %d of %d messages", s.Handed, s.Delivered)
		}
	})
}

func TestASubscriberThatDoesNotReadKeepsNobodyFromEnding(t *testing.T) {
	for _, verb := range []Verb{Stop, Kill} {
		inFreeSandbox(t, func(t *testing.T, l *Live) {
			connect(t, l)
			must(t, l, Act{Verb: StopReading, Peer: "B"})
			for range 10 {
				must(t, l, Act{Verb: Flood, Peer: "A", Targets: []string{"B"}, Count: 10})
				synctest.Wait()
			}
			must(t, l, Act{Verb: verb, Peer: "B"})
			synctest.Wait()
			if st := l.Recorder().State(); st.Peer("B").Phase != timeline.PeerDead {
				t.Errorf("after %s B is %v", verb, st.Peer("B").Phase)
			}
		})
	}
}
