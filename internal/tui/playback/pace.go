package playback

import (
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// How long things take at speed 1. A step is one sentence of a kind that becomes familiar; what the lesson says is new each time, but it
// stays on the screen while the peers go on, so only the next thing that it says waits until the one before could be read.
const (
	gateTime    = 280 * time.Millisecond
	reportTime  = 200 * time.Millisecond
	travelTime  = 420 * time.Millisecond // something travels between two peers
	birthTime   = 300 * time.Millisecond
	linkTime    = 120 * time.Millisecond
	faultTime   = 500 * time.Millisecond // something is done to a link, or to a peer
	titleTime   = 400 * time.Millisecond
	sayTime     = 1000 * time.Millisecond // before anything else happens
	promiseTime = 900 * time.Millisecond
	restTime    = 120 * time.Millisecond // after a movement

	readingBegins  = 800 * time.Millisecond
	readingPerCell = 55 * time.Millisecond // about 220 words, or 550 Chinese characters, a minute
	longestReading = 9 * time.Second
)

// Movement returns for how long something moves when e is shown, at speed 1; 0 for what only appears.
func Movement(e *timeline.Event) time.Duration {
	if e.Step == nil {
		return 0
	}
	switch e.Step.Step {
	case trace.AuthSent, trace.ConnWritten, trace.AuthReceived, trace.ConnReceived, trace.PingSend, trace.PingServed, trace.PingAnswered,
		trace.ConnEnqueue, trace.ConnQueued, trace.DemuxDelivered, trace.StoreHandover, trace.TLSHandshaken, trace.ConnDrop:
		return travelTime
	}
	return 0
}

// Hold returns for how long e is shown before the next event, at speed 1.
func Hold(e *timeline.Event) time.Duration {
	switch e.Kind {
	case timeline.KindStep:
		switch {
		case Movement(e) > 0:
			return Movement(e) + restTime
		case e.Step != nil && e.Step.Gate:
			return gateTime
		}
		return reportTime
	case timeline.KindBirth, timeline.KindDeath:
		return birthTime
	case timeline.KindTitle:
		return titleTime
	case timeline.KindAct:
		return faultTime
	case timeline.KindPromise:
		return promiseTime
	case timeline.KindSay:
		return sayTime
	case timeline.KindLink:
		if e.Link != nil && (e.Link.Change == timeline.LinkOpen || e.Link.Change == timeline.LinkClose) {
			return linkTime
		}
		return faultTime
	}
	return reportTime
}

// isNarration reports whether e replaces what the lesson has said before.
func isNarration(e *timeline.Event) bool { return e.Kind == timeline.KindSay }

func readingTime(s string) time.Duration {
	return min(longestReading, readingBegins+time.Duration(text.Cells(s))*readingPerCell)
}
