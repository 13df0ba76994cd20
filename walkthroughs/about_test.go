package walkthroughs

// The lessons together explain the whole catalogue. These tests hold them to it: each step in one lesson that is about it, and happening
// there; and each failure that can be told apart happening in some lesson.

import (
	"errors"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
)

func TestEveryStepHappensInTheOneLessonThatIsAboutIt(t *testing.T) {
	about := make(map[trace.Step]string)
	for _, l := range All() {
		happens := make(map[trace.Step]bool)
		for _, e := range atSeedZero(t, l) {
			if e.Step != nil {
				happens[e.Step.Step] = true
			}
		}
		for _, step := range l.About {
			if other := about[step]; other != "" {
				t.Errorf("two lessons are about %s: %s and %s", step, other, l.Slug)
			}
			if !happens[step] {
				t.Errorf("lesson %s is about %s, which does not happen in it", l.Slug, step)
			}
			about[step] = l.Slug
		}
	}
	for _, info := range trace.Catalogue {
		if about[info.Step] == "" {
			t.Errorf("no lesson is about %s", info.Step)
		}
	}
}

// A step that is told in other words when it fails has to be seen failing.
func TestEveryFailureThatHasWordsOfItsOwnHappensInSomeLesson(t *testing.T) {
	fails := make(map[trace.Step]bool)
	for _, l := range All() {
		for _, e := range atSeedZero(t, l) {
			if e.Step != nil && e.Step.Err != nil {
				fails[e.Step.Step] = true
			}
		}
	}
	for _, info := range trace.Catalogue {
		well, _ := narrate.CaptionOf(&trace.Event{Step: info.Step})
		failed, _ := narrate.CaptionOf(&trace.Event{Step: info.Step, Err: errors.New("for some reason")})
		if well != failed && !fails[info.Step] {
			t.Errorf("%s fails in no lesson", info.Step)
		}
	}
}
