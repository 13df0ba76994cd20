package session

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
	"gossipscope/walkthroughs"
)

// somebody is a person who does anything to a session, in no order.
type somebody struct {
	*rand.Rand
	live   *Live
	settle func()              // waits until everything is at rest
	pause  func(time.Duration) // lets time pass
}

// one returns one of the list, or "" if it is empty.
func one[T any](s *somebody, list []T) (any T) {
	if len(list) > 0 {
		any = list[s.IntN(len(list))]
	}
	return any
}

// anything returns an act that may make sense.
func (s *somebody) anything() Act {
	st := s.live.Recorder().State()
	var peers, lines []string
	for _, p := range st.Peers {
		peers = append(peers, p.Birth.Name)
	}
	for _, l := range st.Lines {
		lines = append(lines, l.Name)
	}
	verbs := []Verb{
		Send, SendWithAck, Flood, Probe, Handshake, CloseConn, DialBoth, Stop, Kill, Restart, Restart, AddPeer, StopReading, ReadAgain, RefuseAcks,
		GiveAcks, CutLink, DelayLink, FreezeLink, ThawLink, HalfCloseLink, Attack, Attack,
	}
	return Act{
		Verb: one(s, verbs), Peer: one(s, peers), Targets: []string{one(s, peers)}, Link: one(s, lines), MinAck: s.IntN(3),
		Delay: time.Duration(s.IntN(3)) * time.Second, Count: s.IntN(40), Organisation: s.IntN(3), Trick: one(s, Tricks()),
		Content: one(s, []string{"", "slow", "block 1"}), // what lessons look for
	}
}

// meddle does anything, releases anybody, and lets time pass, some hundred times.
func (s *somebody) meddle(moves int) {
	for range moves {
		switch s.IntN(16) {
		case 0, 1:
			s.live.Do(s.anything()) // which may be refused
		case 2:
			s.live.SetStepping(s.IntN(4) > 0)
		case 3:
			s.live.JumpToNext()
		case 4:
			s.live.SetSpeed(s.Float64() * 20)
		case 5:
			s.pause(time.Duration(s.IntN(1000)) * time.Millisecond)
		case 6:
			s.settle()
		default:
			s.settle()
			s.live.Release(one(s, s.live.Held()).ID)
		}
	}
}

// seeds is how many persons there are: a few, or as many as the variable SEEDS says.
func seeds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("SEEDS"), 10, 64); err == nil {
		return n
	}
	return 3
}

// Whatever a person does, and in whatever moment he leaves: nothing panics, nothing hangs, no rule of the layer is broken, and nothing is
// left.
func TestAPersonMayDoAnythingAtAnyTime(t *testing.T) {
	games := map[string]func() (*Live, error){
		"sandbox": func() (*Live, error) { return Sandbox(Options{Network: lab.InMemory()}) },
	}
	for _, lesson := range walkthroughs.All() {
		games[lesson.Slug] = func() (*Live, error) { return Play(lesson, Options{Network: lab.InMemory()}) }
	}
	for name, begin := range games {
		for seed := range seeds() {
			t.Run(fmt.Sprintf("%s %d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, err := begin()
					if err != nil {
						t.Fatal(err)
					}
					s := &somebody{Rand: rand.New(rand.NewPCG(seed, 0)), live: l, settle: synctest.Wait, pause: time.Sleep}
					s.meddle(400)
					l.Close()
					st := timeline.Fold(events(l))
					for _, i := range st.Invariants() {
						if !i.Holds {
							t.Errorf("%s: %s at event %d of %s", i.Name, i.Why, i.Broken.N, i.Peer)
						}
					}
				})
			})
		}
	}
}

// He may leave the peers of a lesson in whatever state he likes: if he lets everything run, the lesson ends.
func TestALessonEndsHoweverItWasDisturbed(t *testing.T) {
	for _, lesson := range walkthroughs.All() {
		for seed := range seeds() {
			t.Run(fmt.Sprintf("%s %d", lesson.Slug, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, err := Play(lesson, Options{Network: lab.InMemory()})
					if err != nil {
						t.Fatal(err)
					}
					defer l.Close()
					s := &somebody{Rand: rand.New(rand.NewPCG(seed, 1)), live: l, settle: synctest.Wait, pause: time.Sleep}
					s.meddle(200)
					l.SetStepping(false)
					l.SetSpeed(1)
					for range 2 * 60 {
						if _, ended := l.Ended(); ended {
							return
						}
						time.Sleep(time.Minute)
					}
					t.Error("two hours later it still has not ended")
				})
			})
		}
	}
}

// Over sockets nobody can tell when everything is at rest, so here he does it in the middle of something.
func TestOverTCPAPersonMayDoAnythingAtAnyTime(t *testing.T) {
	for seed := range uint64(3) {
		overTCP(t, func(t *testing.T, l *Live) {
			s := &somebody{Rand: rand.New(rand.NewPCG(seed, 0)), live: l, settle: runtime.Gosched, pause: func(time.Duration) {}}
			s.meddle(2000)
		})
	}
}
