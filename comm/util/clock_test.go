package util

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var (
	errLate     = errors.New("too late")
	errStopping = errors.New("stopping")
)

func TestTimeoutEndsTheContextWithItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock armedTimers
		start := time.Now()
		ctx, cancel := WithTimeout(t.Context(), clock.AfterFunc, 3*time.Second, errLate)
		defer cancel()

		<-ctx.Done()
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("ended after %v, want 3s", got)
		}
		if got := context.Cause(ctx); got != errLate {
			t.Errorf("cause is %v, want %v", got, errLate)
		}
		if got := ctx.Err(); got != context.Canceled {
			t.Errorf("Err is %v, documented is context.Canceled", got)
		}
	})
}

func TestCancelledTimeoutLeavesNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock armedTimers
		ctx, cancel := WithTimeout(t.Context(), clock.AfterFunc, 3*time.Second, errLate)
		if got := clock.Load(); got != 1 {
			t.Fatalf("%d timers armed while the context lives, want 1", got)
		}
		cancel()
		cancel()
		if got := clock.Load(); got != 0 {
			t.Errorf("%d timers left after cancel", got)
		}
		time.Sleep(time.Minute)
		if got := context.Cause(ctx); got != context.Canceled {
			t.Errorf("cause is %v, want context.Canceled", got)
		}
	})
}

func TestParentThatEndsBeforeTheTimeoutGivesTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock armedTimers
		parent, stopParent := context.WithCancelCause(t.Context())
		ctx, cancel := WithTimeout(parent, clock.AfterFunc, 3*time.Second, errLate)
		stopParent(errStopping)
		time.Sleep(time.Minute)
		if got := context.Cause(ctx); got != errStopping {
			t.Errorf("cause is %v, want %v", got, errStopping)
		}
		cancel()

		late, cancelLate := WithTimeout(parent, clock.AfterFunc, 0, errLate)
		defer cancelLate()
		if got := context.Cause(late); got != errStopping {
			t.Errorf("under a parent that has ended, cause is %v, want %v", got, errStopping)
		}
		if got := clock.Load(); got != 0 {
			t.Errorf("%d timers armed", got)
		}
	})
}

func TestTimeoutOfZeroNeedsNoClock(t *testing.T) {
	stoodStill := func(time.Duration, func()) func() bool { return func() bool { return true } }
	ctx, cancel := WithTimeout(t.Context(), stoodStill, 0, errLate)
	defer cancel()
	if got := context.Cause(ctx); got != errLate {
		t.Errorf("cause is %v, want %v at once", got, errLate)
	}
}

// A deadline would be passed on to gRPC, which keeps its own time: the call would end while the lab's clock stands still.
func TestStoppedClockStopsTheTimeoutToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stoodStill := func(time.Duration, func()) func() bool { return func() bool { return true } }
		ctx, cancel := WithTimeout(t.Context(), stoodStill, time.Second, errLate)
		defer cancel()
		if deadline, ok := ctx.Deadline(); ok {
			t.Errorf("the context has a deadline, %v", deadline)
		}
		time.Sleep(time.Hour)
		if err := ctx.Err(); err != nil {
			t.Errorf("the context ended although the clock stood still: %v", context.Cause(ctx))
		}
	})
}
