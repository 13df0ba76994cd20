package narrate

import (
	"strings"
	"testing"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

func TestATellerThatGoesBackSaysTheSameAgain(t *testing.T) {
	events := everyKind()
	teller := NewTeller(text.English)
	for i := range events {
		teller.Observe(&events[i])
	}
	var first, again []string
	for i := range events {
		first = append(first, teller.Tell(&events[i]))
	}
	for i := len(events) - 1; i >= 0; i-- {
		again = append([]string{teller.Tell(&events[i])}, again...)
	}
	for i := range events {
		if first[i] == "" || first[i] != again[i] {
			t.Errorf("%s is told as %q, and later as %q", events[i].Kind, first[i], again[i])
		}
	}
	teller.SetLang(text.Chinese)
	if zh := teller.Tell(&events[0]); zh == first[0] || !strings.ContainsRune(zh, '。') {
		t.Errorf("in Chinese: %q", zh)
	}
}

// everyKind is an event of each kind but the steps, which have tests of their own.
func everyKind() []timeline.Event {
	says := &text.Text{Zh: "说一句。", En: "A sentence."}
	return []timeline.Event{
		{N: 1, Kind: timeline.KindBirth, Peer: "A", Birth: &timeline.Birth{Name: "A", Organisation: "Org1"}},
		{N: 2, Kind: timeline.KindTitle, Text: says},
		{N: 3, Kind: timeline.KindSay, Text: says},
		{N: 4, Kind: timeline.KindAct, Peer: "A", Act: &timeline.Act{Verb: "send", Target: "B"}},
		{N: 5, Kind: timeline.KindLink, Link: &timeline.Link{Name: "A→B#1", Change: timeline.LinkFreeze}},
		{N: 6, Kind: timeline.KindPromise, Promise: &timeline.Promise{Text: *says, Why: "nothing"}},
		{N: 7, Kind: timeline.KindDeath, Peer: "A", Death: &timeline.Death{Cause: "killed"}},
		{N: 8, Kind: timeline.KindGap, Gap: 3},
	}
}
