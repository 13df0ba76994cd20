package lab

import (
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fired collects, in order, which timers have fired and when by the clock.
type fired struct {
	mu   sync.Mutex
	list []string
}

func (f *fired) note(name string) func() {
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.list = append(f.list, name)
	}
}

func (f *fired) want(t *testing.T, names ...string) {
	t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.list, names) {
		t.Errorf("fired %q, want %q", f.list, names)
	}
}

func TestTimersFireAtTheirTimeInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		c.AfterFunc(2*time.Second, f.note("second"))
		c.AfterFunc(time.Second, f.note("first"))
		time.Sleep(time.Second - time.Nanosecond)
		f.want(t)
		time.Sleep(time.Nanosecond)
		f.want(t, "first")
		time.Sleep(time.Second)
		f.want(t, "first", "second")
	})
}

func TestWhatIsDueAtOnceFiresAfterAfterFuncHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		c.AfterFunc(-time.Second, f.note("now"))
		f.want(t, "now")
	})
}

func TestAStoppedTimerDoesNotFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		stop := c.AfterFunc(time.Second, f.note("stopped"))
		c.AfterFunc(2*time.Second, f.note("kept"))
		if !stop() {
			t.Error("stop was told that the timer had fired")
		}
		if stop() {
			t.Error("the second stop stopped it again")
		}
		time.Sleep(3 * time.Second)
		f.want(t, "kept")
	})
}

func TestAHeldClockStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		c.AfterFunc(2*time.Second, f.note("timer"))
		time.Sleep(time.Second)
		c.Hold()
		c.Hold()
		time.Sleep(time.Hour)
		c.Release()
		time.Sleep(time.Hour) // still held once
		f.want(t)
		if now := c.Now(); now != time.Second {
			t.Errorf("the clock shows %v after an hour of standing still, want 1s", now)
		}
		c.Release()
		time.Sleep(time.Second)
		f.want(t, "timer")
	})
}

func TestAFastClockRunsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(10), &fired{}
		c.AfterFunc(10*time.Second, f.note("timer"))
		time.Sleep(time.Second)
		f.want(t, "timer")
		if now := c.Now(); now != 10*time.Second {
			t.Errorf("after a second the clock shows %v, want 10s", now)
		}
	})
}

func TestAReaderJumpsToTheNextTimerAlsoWhileTheClockIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		c.AfterFunc(time.Hour, f.note("hour"))
		c.AfterFunc(2*time.Hour, f.note("two hours"))
		c.Hold()
		if !c.JumpToNext() {
			t.Fatal("there was no timer to jump to")
		}
		f.want(t, "hour")
		if now := c.Now(); now != time.Hour {
			t.Errorf("the clock shows %v, want 1h", now)
		}
		c.Release()
		time.Sleep(time.Hour)
		f.want(t, "hour", "two hours")
		if c.JumpToNext() {
			t.Error("jumped to a timer that is not there")
		}
	})
}

func TestATimerMayArmAndStopOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		stop := c.AfterFunc(2*time.Second, f.note("stopped by the first"))
		c.AfterFunc(time.Second, func() {
			stop()
			c.AfterFunc(time.Second, f.note("armed by the first"))
		})
		time.Sleep(3 * time.Second)
		f.want(t, "armed by the first")
	})
}

func TestAClockThatIsMadeFasterGoesOnFromWhatItShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		c.AfterFunc(21*time.Second, f.note("timer"))
		time.Sleep(time.Second)
		c.SetSpeed(10)
		if now := c.Now(); now != time.Second {
			t.Errorf("the clock shows %v, want 1s", now)
		}
		time.Sleep(2*time.Second - time.Nanosecond)
		f.want(t)
		time.Sleep(time.Nanosecond)
		f.want(t, "timer")
		if now := c.Now(); now != 21*time.Second {
			t.Errorf("the clock shows %v, want 21s", now)
		}
	})
}

func TestTheSpeedMayChangeWhileTheClockIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		c.AfterFunc(10*time.Second, f.note("timer"))
		time.Sleep(time.Second)
		c.Hold()
		c.SetSpeed(9)
		time.Sleep(time.Hour)
		f.want(t)
		if now := c.Now(); now != time.Second {
			t.Errorf("the held clock shows %v, want 1s", now)
		}
		c.Release()
		time.Sleep(time.Second)
		f.want(t, "timer")
	})
}

func TestWhatIsNoSpeedChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(2)
		for _, none := range []float64{0, -1, math.NaN(), math.Inf(1)} {
			c.SetSpeed(none)
		}
		time.Sleep(time.Second)
		if now := c.Now(); now != 2*time.Second {
			t.Errorf("after a second the clock shows %v, want 2s", now)
		}
	})
}

func TestAClockTellsWhenTheNextTimeoutIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClock(1), &fired{}
		if due, pending := c.NextDue(time.Hour); pending {
			t.Errorf("a clock without timers says that one is due at %v", due)
		}
		c.AfterFunc(10*time.Minute, f.note("now and then"))
		time.Sleep(9*time.Minute + 58*time.Second)
		c.AfterFunc(5*time.Second, f.note("later"))
		stop := c.AfterFunc(3*time.Second, f.note("timeout"))
		if due, pending := c.NextDue(time.Minute); !pending || due != 10*time.Minute+time.Second {
			t.Errorf("due at %v (%t), want 10m1s", due, pending)
		}
		stop()
		if due, pending := c.NextDue(time.Minute); !pending || due != 10*time.Minute+3*time.Second {
			t.Errorf("after it was stopped: due at %v (%t), want 10m3s", due, pending)
		}
		if due, pending := c.NextDue(time.Hour); !pending || due != 10*time.Minute {
			t.Errorf("of all: due at %v (%t), want 10m", due, pending)
		}
		time.Sleep(5 * time.Second)
		f.want(t, "now and then", "later")
	})
}

// In virtual time no time passes while somebody is busy: a clock that rang too early, over and over, would hang its bubble.
func TestATimerThatFallsBetweenTwoNanosecondsOfTheWorldFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, speed := range []float64{2, 3, 19.3, 0.7} {
			c, f := newClock(speed), &fired{}
			for d := range 20 * time.Nanosecond {
				c.AfterFunc(d, func() {})
			}
			c.AfterFunc(time.Second+time.Nanosecond, f.note("timer"))
			time.Sleep(2 * time.Second)
			f.want(t, "timer")
		}
	})
}
