package session

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/walkthroughs"
)

// However long the reader takes over each step, every lesson keeps its promises.
func TestEveryLessonIsSteppedThroughToItsEnd(t *testing.T) {
	for _, lesson := range walkthroughs.All() {
		t.Run(lesson.Slug, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, err := Play(lesson, Options{Network: lab.InMemory()})
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				steps := 0
				for ended := false; !ended; _, ended = l.Ended() {
					synctest.Wait()
					held := l.Held()
					if _, standing := l.Clock(); standing != (len(held) > 0) || !ascending(held) {
						t.Fatalf("the clock stands: %t; held are %+v", standing, held)
					}
					time.Sleep(time.Second)
					if l.ReleaseNext() {
						steps++
					}
				}
				if err, _ := l.Ended(); err != nil {
					t.Error(err)
				}
				if steps < 30 {
					t.Errorf("it took only %d steps", steps)
				}
				if h := l.Header(); h.Lesson != lesson.Slug || h.Network != "pipe" || h.Policy != "stepped" {
					t.Errorf("the header is %+v", h)
				}
			})
		})
	}
}

func TestOverTCPALessonPlaysByItself(t *testing.T) {
	l, err := Play(lesson(t, "meet"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !stepping(l) || l.Header().Network != "tcp" {
		t.Errorf("it begins with %+v, stepping: %t", l.Header(), stepping(l))
	}
	l.SetStepping(false)
	if err := waitForEnd(t, l); err != nil {
		t.Error(err)
	}
}

func TestOverTCPALessonIsSteppedThrough(t *testing.T) {
	l, err := Play(lesson(t, "checks"), Options{Speed: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for deadline := time.Now().Add(time.Minute); ; {
		changed := l.Changed()
		if _, ended := l.Ended(); ended {
			break
		}
		if l.ReleaseNext() {
			continue
		}
		select {
		case <-changed:
		case <-time.After(time.Until(deadline)):
			t.Fatal("the lesson does not end")
		}
	}
	if err, _ := l.Ended(); err != nil {
		t.Error(err)
	}
}

// Wherever a session is closed, nothing of it is left, and nobody waits: not for a timeout either, since those would take hours here.
func TestALessonIsClosedInTheMiddleOfEverything(t *testing.T) {
	for _, lesson := range walkthroughs.All() {
		t.Run(lesson.Slug, func(t *testing.T) {
			over := false
			for steps := 0; !over; steps += 37 {
				synctest.Test(t, func(t *testing.T) {
					l, err := Play(lesson, Options{Network: lab.InMemory()})
					if err != nil {
						t.Fatal(err)
					}
					for range steps {
						synctest.Wait()
						if !l.ReleaseNext() {
							time.Sleep(100 * time.Millisecond)
						}
					}
					_, over = l.Ended()
					start := time.Now()
					l.Close()
					if waited := time.Since(start); waited > time.Minute {
						t.Errorf("closing after %d steps took %v", steps, waited)
					}
					err, ended := l.Ended()
					if !ended || err != nil && !over && Sentence(err, text.English) != sentences[SessionEnded].En {
						t.Errorf("closed after %d steps, the lesson ended %t with %v", steps, ended, err)
					}
				})
			}
		})
	}
}

func TestOverTCPALessonIsClosedInTheMiddle(t *testing.T) {
	for _, slug := range []string{"meet", "receive", "acks", "stop"} {
		for _, steps := range []int{0, 1, 40, 150} {
			l, err := Play(lesson(t, slug), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for done := 0; done < steps; {
				changed := l.Changed()
				if _, ended := l.Ended(); ended {
					break
				}
				if l.ReleaseNext() {
					done++
					continue
				}
				select {
				case <-changed:
				case <-time.After(time.Second):
					done = steps // somebody waits for a timeout: as good a moment as any
				}
			}
			l.Close()
		}
	}
}

func TestClosingTwiceAndFromTwoSidesIsHarmless(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Send, Peer: "A", Targets: []string{"B"}})
		synctest.Wait()
		var both sync.WaitGroup
		both.Go(l.Close)
		both.Go(l.Close)
		both.Wait()
		l.Close()
		if err := l.Do(Act{Verb: Stop, Peer: "A"}); !errors.Is(err, SessionEnded) {
			t.Errorf("an act in a closed session gave %v", err)
		}
		l.SetStepping(false)
		l.SetStepping(true)
		if stepping(l) || len(l.Held()) != 0 || l.ReleaseNext() || l.Release(1) {
			t.Error("a closed session steps")
		}
		if _, err := l.Recorder().Follow(l.Recorder().Last()).Next(t.Context()); err != io.EOF {
			t.Errorf("after the last event comes %v", err)
		}
		if st := l.Recorder().State(); st.Peer("A").Phase != timeline.PeerDead {
			t.Errorf("A is %v", st.Peer("A").Phase)
		}
	})
}

func TestAClosedSessionTellsWhoeverWaits(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		told := make(chan struct{})
		changed := l.Changed()
		go func() {
			<-changed
			close(told)
		}()
		l.Close()
		<-told
	})
}

func TestASandboxHasThreePeersThatReadAndAcknowledge(t *testing.T) {
	inSandbox(t, func(t *testing.T, l *Live) {
		st := l.Recorder().State()
		for name, org := range map[string]string{"A": "Org1", "B": "Org1", "I": "Org2"} {
			if p := st.Peer(name); p == nil || p.Birth.Organisation != org || len(p.Subscriptions) != 1 {
				t.Errorf("%s is %+v", name, p)
			}
		}
		if len(st.Peers) != 3 || st.Title != says.sandbox || !stepping(l) || l.Header().Lesson != "" {
			t.Errorf("%d peers, title %v, stepping %t, header %+v", len(st.Peers), st.Title, stepping(l), l.Header())
		}
		l.SetStepping(false)
		must(t, l, Act{Verb: SendWithAck, Peer: "A", Targets: []string{"B", "I"}, Content: "hello", MinAck: 2})
		until(t, l, "A has both acknowledgements", func(st *timeline.State) bool {
			ops := st.Peer("A").AckOperations()
			return len(ops) == 1 && ops[0].Done.Set() && ops[0].Acks() == 2
		})
		if err, ended := l.Ended(); err != nil || ended {
			t.Errorf("a sandbox has ended: %v", err)
		}
		time.Sleep(time.Second)
	})
}

// A lesson whose peers are taken away under its hands fails, with a sentence that says why; it does not bring down the program.
func TestALessonThatIsDisturbedSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Play(lesson(t, "meet"), Options{Network: lab.InMemory()})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		stepUntil(t, l, "B is born", func(st *timeline.State) bool { return st.Peer("B") != nil })
		must(t, l, Act{Verb: Kill, Peer: "B"})
		until(t, l, "B is dead", func(st *timeline.State) bool { return st.Peer("B").Phase == timeline.PeerDead })
		l.SetStepping(false)
		err = waitForEnd(t, l)
		if err == nil || !strings.HasPrefix(Sentence(err, text.Chinese), "这一课没有照原样讲完") {
			t.Errorf("the lesson ended with %v", err)
		}
	})
}

func TestAPanicOfALessonIsItsError(t *testing.T) {
	l, err := Play(walkthroughs.Lesson{Slug: "empty"}, Options{Network: lab.InMemory()}) // without a story to tell
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.SetStepping(false)
	var panicked *PanicError
	if err := waitForEnd(t, l); !errors.As(err, &panicked) || len(panicked.Stack) == 0 {
		t.Errorf("it ended with %v", err)
	}
}
