// Package util holds what the layer needs from below and does not find in the standard library: the seam through which all its
// waiting runs (clock.go) and the board on which acknowledgements meet those who wait for them (pubsub.go). It bears Fabric's name
// (gossip/util).
//
// This file is the seam. A handshake that is stopped for a reader to look at must not time out behind his back, so no part of the
// layer asks package time to wake it: it asks an AfterFunc, and the lab brings one whose clock stands still when the picture does.
// The layer never asks the seam what time it is. Where it must know how long something has gone unused, it counts wake-ups (see
// comm/identity), so a single function is enough to hold all of its time.
package util

import (
	"context"
	"time"
)

// AfterFunc calls f once, d from now, on a goroutine of its own, unless the returned stop is called before; it has the shape of
// time.AfterFunc. A d of zero or less is due at once. stop reports whether it kept f from being called; it may be called any
// number of times, also from inside f, and does not wait for an f that has already begun. Whoever stops a timer therefore still
// has to look, under his own lock, whether the timer was faster.
//
// Whoever provides an AfterFunc must keep three rules, because callers hold mutexes of their own that f is going to take: it never
// calls f before it returns, stop never waits for f, and f is called without any lock of the clock held. Both functions are safe
// for concurrent use.
type AfterFunc func(d time.Duration, f func()) (stop func() bool)

// SystemClock is the AfterFunc of the time package: real time in a running peer, virtual time inside a testing/synctest bubble.
func SystemClock(d time.Duration, f func()) (stop func() bool) {
	return time.AfterFunc(d, f).Stop
}

// WithTimeout is context.WithTimeoutCause with its timer taken from afterFunc, which must not be nil. The context ends d from now
// with cause, or before that with the parent or with the CancelFunc, whichever comes first; context.Cause then tells which it was:
// cause, the parent's cause, or context.Canceled. A d of zero or less ends it before WithTimeout returns.
//
// The caller must call the CancelFunc when his work is done, however it ended: only that takes the timer back, a parent's end does
// not. It may be called more than once and from any goroutine.
//
// Two things differ from the context of the standard library, both on purpose. Deadline reports only what the parent has: a deadline
// would be a moment of the real clock, gRPC would set a timer of its own to it and send it to the remote as grpc-timeout, and
// both would go off while the lab's clock stands still. And since the clock that ran out is not the one of package time, Err is
// context.Canceled even after the timeout; only Cause knows better, so errors shown to a caller are made from Cause.
func WithTimeout(parent context.Context, afterFunc AfterFunc, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	if d <= 0 {
		cancel(cause)
	}
	stop := func() bool { return false }
	if ctx.Err() == nil {
		stop = afterFunc(d, func() { cancel(cause) })
	}
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}
