package narrate

import (
	"time"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// How long the lab should wait after an event, at normal speed, so that a person can read along: a step is one line of a kind that
// becomes familiar, a narration is new each time.
const (
	stepPause    = 350 * time.Millisecond
	titlePause   = 800 * time.Millisecond
	actPause     = 800 * time.Millisecond
	promisePause = 1200 * time.Millisecond
	longestPause = 9 * time.Second
	perCell      = 55 * time.Millisecond // of a narration: about 220 words, or 550 Chinese characters, a minute
)

// Pace returns how long e should be held for a reader of lang; 0 for what does not wait. It is what lab.Paced asks for.
func Pace(e *timeline.Event, lang text.Lang) time.Duration {
	switch e.Kind {
	case timeline.KindStep:
		return stepPause
	case timeline.KindTitle:
		return titlePause
	case timeline.KindAct:
		return actPause
	case timeline.KindLink:
		return linkPause(e.Link)
	case timeline.KindPromise:
		return promisePause
	case timeline.KindSay:
		if e.Text != nil {
			return min(longestPause, titlePause+time.Duration(text.Cells(e.Text.In(lang)))*perCell)
		}
	}
	return 0
}

// linkPause is for what a lesson does to a link; that a link opens or closes comes of the steps around it.
func linkPause(l *timeline.Link) time.Duration {
	if l == nil || l.Change == timeline.LinkOpen || l.Change == timeline.LinkClose {
		return 0
	}
	return actPause
}
