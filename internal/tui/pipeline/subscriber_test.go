package pipeline

import (
	"slices"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

func TestWhileNobodyIsKnownToBeHeldItIsNotSaidWhatBecameOfTheLastMessage(t *testing.T) {
	events := lesson(t, "receive")
	s := at(events, len(events))
	for i := s.At - 1; !step("B", trace.AcceptHand)(&events[i]); i-- {
		s = at(events, i)
	}
	s.Live = true
	rows := draw(s, 78, 17)
	mustSay(t, rows, "经手 16+", "轮到 B 的订阅者了；有没有放进 Accept 的 channel、有没有被取走，这一层不报")
	if row := rowOf(rows, "手里"); row != "" {
		t.Errorf("it is said to be in the goroutine's hands: %q", row)
	}
	p := New()
	drawWith(p, s, 78, 17)
	holdFor(s, s.Event) // no event tells that somebody is held, or let go
	mustSay(t, drawWith(p, s, 78, 17).Rows(), "在 B 的订阅的 goroutine 手里，要递给订阅者；停在 accept.hand 前，还没递给订阅者")
	if n := len(p.look(s).way().holds[subscriber]); n != 1 {
		t.Errorf("one goroutine has %d messages in its hands", n)
	}
	s.Held = nil
	mustSay(t, drawWith(p, s, 78, 17).Rows(), "有没有被取走，这一层不报")
}

// acted returns the scene after one more thing was done to a peer.
func acted(s *scene.Scene, peer, verb string) *scene.Scene {
	events := slices.Clip(s.Events[:s.At])
	e := timeline.Event{N: s.State.N + 1, At: events[len(events)-1].At, Kind: timeline.KindAct, Peer: peer, Act: &timeline.Act{Verb: verb}}
	return at(append(events, e), len(events)+1)
}

func TestASubscriberWhoDoesNotReadIsMarked(t *testing.T) {
	base := acting(t, lesson(t, "receive"), "C", "send", "tx 1")
	for _, lang := range []text.Lang{text.Chinese, text.English} {
		words := map[text.Lang][]string{text.Chinese: {"‖ 不读了", "┄ ‖ 订阅者不读了", "B 的订阅者不读了"}, text.English: {"‖ no reads", "[Accept", "a subscriber of B does not read"}}[lang]
		s := acted(base, "B", "stop-reading")
		s.Lang, s.Selected = lang, connectionOf(t, s, "A→B#1")
		s.Selected = *New().look(s).selection(6)
		for _, size := range [][2]int{{158, 36}, {78, 17}, {78, 15}} {
			mustSay(t, draw(s, size[0], size[1]), words...)
		}
		mustSay(t, draw(s, 40, 10), words[0])
		for _, other := range []*scene.Scene{acted(acted(base, "B", "stop-reading"), "B", "read-again"), acted(base, "C", "stop-reading")} {
			other.Lang, other.Selected = lang, s.Selected
			if row := rowOf(draw(other, 158, 36), words[0]); row != "" {
				t.Errorf("B reads, and is said not to: %q", row)
			}
		}
	}
}

// Whoever steps does an act with every step: the State soon remembers nothing else.
func TestWhoStoppedReadingLongAgoStillDoesNotRead(t *testing.T) {
	s := acted(acting(t, lesson(t, "receive"), "C", "send", "tx 1"), "B", "stop-reading")
	for range 100 {
		s = acted(s, "", "step")
	}
	s.Selected = connectionOf(t, s, "A→B#1")
	mustSay(t, draw(s, 78, 17), "‖ 不读了")
}

func TestWhatWasOfferedSinceHeStoppedIsCounted(t *testing.T) {
	events := lesson(t, "receive")
	first := slices.IndexFunc(events, func(e timeline.Event) bool { return step("B", trace.AcceptHand)(&e) })
	stop := timeline.Event{Kind: timeline.KindAct, Peer: "B", Act: &timeline.Act{Verb: "stop-reading"}}
	with := slices.Insert(slices.Clone(events), first+1, stop)
	for i := range with {
		with[i].N = uint64(i + 1)
	}
	s := after(t, with, 8, step("B", trace.AcceptHand))
	v := New().look(s)
	want, known := 0, map[string]bool{} // what a second subscription is offered too counts once
	for i := range s.At {
		e := with[i].Step
		if !step("B", trace.AcceptHand)(&with[i]) || e.Subject != s.Event.Step.Subject || known[string(e.Envelope.Payload)] {
			continue
		}
		known[string(e.Envelope.Payload)] = true
		if i > first {
			want++
		}
	}
	if got := v.way().sinceStopped(); got != want || want == 0 {
		t.Errorf("%d were offered since then, want %d", got, want)
	}
}

func TestAnEventAboutNoConnectionShowsThatOfTheLastStep(t *testing.T) {
	events := lesson(t, "receive")
	for i := range events {
		s := at(events, i+1)
		if s.ConnectionOf(s.Event) != nil || s.Event.Link != nil {
			continue
		}
		var want *timeline.Connection
		for j := i; j >= 0 && want == nil; j-- {
			want = s.ConnectionOf(&events[j])
		}
		if want == nil {
			continue
		}
		p := New()
		s.Selected = *selectionOf(s.State.Streams()[0]) // a frame that was drawn before must not decide
		p.look(s)
		s.Selected = scene.Selection{}
		if v := p.look(s); !v.has(want.Key) {
			t.Fatalf("event %d is about no connection: it shows %s, and the last step was about %v", i+1, v.name, want.Key)
		}
	}
}
