package util

import (
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// armedTimers is a SystemClock that knows how many of its timers have neither run out nor been stopped.
type armedTimers struct{ atomic.Int64 }

func (a *armedTimers) AfterFunc(d time.Duration, f func()) func() bool {
	a.Add(1)
	stop := SystemClock(d, func() {
		a.Add(-1)
		f()
	})
	return func() bool {
		stopped := stop()
		if stopped {
			a.Add(-1)
		}
		return stopped
	}
}
