package sequence

import (
	"slices"

	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Export says what of a diagram to write to a file, and how.
type Export struct {
	Lang   text.Lang // Chinese or English
	Title  string    // "" for none
	Filter Filter
	UpTo   uint64 // the last event to show; 0 for all
}

// picture returns what is to be written.
func (d *Diagram) picture(x Export) Picture {
	n := x.UpTo
	if n == 0 || n > d.Last() {
		n = d.Last()
	}
	p := d.View(x.Filter).At(n)
	// A file does not go back and forth: it has no use for lanes of peers that are born later.
	later := func(i int) bool { return p.lanes[i].Born > n }
	var lanes []Lane
	var whose []int
	index := make(map[laneKey]int)
	for key, i := range p.index {
		if later(i) {
			continue
		}
		before := 0
		for k := range i {
			if !later(k) {
				before++
			}
		}
		index[key] = before
	}
	for i := range p.lanes {
		if !later(i) {
			lanes, whose = append(lanes, p.lanes[i]), append(whose, p.whose[i])
		}
	}
	p.lanes, p.whose, p.index = lanes, whose, index
	return p
}

// shapes are the marks of messages. They say what colour repeats.
var shapes = map[Kind]string{Handshake: "◆", Data: "●", Ack: "▲", Ping: "■", Unreadable: "◇", Connection: "▮"}

// markOf is the mark before what is no message.
func markOf(r *Telling, what timeline.Kind) string {
	switch {
	case what == timeline.KindAct:
		return "▸ "
	case what == timeline.KindLink && r.Status != narrate.Failing:
		return "~ "
	case what == timeline.KindPromise && r.Status != narrate.Failing:
		return "✓ "
	case what == timeline.KindStep && r.Status == narrate.Ahead:
		return "○ "
	case r.Status == narrate.Failing:
		return "✗ "
	case what == timeline.KindStep:
		return "● "
	}
	return ""
}

// captionOf is what a row says in one sentence, with its facts.
func captionOf(t *Telling, lang text.Lang) string {
	s := t.Text.In(lang)
	if facts := t.Facts.In(lang); facts != "" {
		s += text.Text{Zh: "〔%s〕", En: " [%s]"}.Format(lang, facts)
	}
	return s
}

// whyOf says why something failed, and of a broken promise what was found instead; "" if there is nothing to say.
func whyOf(t *Telling, what timeline.Kind, lang text.Lang) string {
	switch {
	case t.Why == (text.Text{}):
		return ""
	case what == timeline.KindPromise:
		return says.found.with(t.Why).In(lang)
	}
	return says.because.with(t.Why).In(lang)
}

// stateWords says what has become of an arrow that has not arrived, "" of one that has.
func stateWords(a *Arrow, lang text.Lang) string {
	return map[ArrowState]text.Text{Lost: says.lost, OnTheWay: says.onTheWay, Ahead: says.ahead, Untold: says.untold}[a.State].In(lang)
}

// kindsOf returns the kinds of messages that rows have, in the order of Kinds.
func kindsOf(rows []Row) []Kind {
	there := make(map[Kind]bool)
	for i := range rows {
		for _, a := range []*Arrow{rows[i].Departs, rows[i].Arrives} {
			if a != nil {
				there[a.Kind] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(Kinds), func(k Kind) bool { return !there[k] })
}
