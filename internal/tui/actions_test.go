package tui

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

// moment is what an action may change: whatever else of the model there is follows from it.
type moment struct {
	Watching, Playing, Opened bool
	At                        int
	Speed                     float64
	View, Focus               int
	Dialogs                   int
	Lang                      text.Lang
	Theme                     string
	Mouse                     bool
	Stops                     int
	Selected                  scene.SelectionKind
	Cursor                    int
}

func (s *screen) moment() moment {
	m := moment{Watching: s.watch != nil, Dialogs: len(s.dialogs), Lang: s.lang, Theme: s.theme.Name, Mouse: s.mouse, Cursor: s.home.cursor}
	if w := s.watch; w != nil {
		m.Playing, m.Opened, m.At, m.Speed = w.player.Playing(), w.opened, w.player.At(), w.player.Speed()
		m.View, m.Focus, m.Stops, m.Selected = w.slots[w.focus], w.focus, len(w.player.Stops()), w.selected.Kind
	}
	return m
}

// Each action is done by each of its keys, paused in the middle of the first handshake of lesson 1, or at home; and nothing is changed but
// what it is for.
func TestEveryActionOfTheTableDoesWhatItIsForWithEachOfItsKeys(t *testing.T) {
	for _, a := range actions() {
		change, known := changes[a.name]
		if !known {
			t.Errorf("the action %q is not tested", a.name)
			continue
		}
		for _, key := range a.keys {
			t.Run(a.name+" by "+key, func(t *testing.T) {
				inScreen(t, 160, 45, text.English, func(s *screen) {
					if a.where&watching != 0 {
						s.toTheHandshake()
					}
					before := s.moment()
					s.press(key)
					s.until("it has come to rest", func() bool { return s.busy == (text.Text{}) })
					want := before
					change(&want)
					got := s.moment()
					if want.At == -1 && got.At == s.watch.history.Len() || a.name == "start" {
						want.At = got.At
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("what has become of it (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// toTheHandshake shows the moment in which A has checked the first certificate hash, everybody held.
func (s *screen) toTheHandshake() {
	s.begin(1)
	s.stepUntil("a check of the handshake", func() bool { return s.watch.step() == trace.AuthCertHash })
	s.unwatched(func() {
		for s.watch.step() == "" || s.watch.player.At() > 20 {
			s.press("p")
		}
	})
}

// changes says what each action changes of the moment.
var changes = map[string]func(*moment){
	"pause":          func(m *moment) { m.Playing = true },
	"next":           func(m *moment) { m.At++ },
	"back":           func(m *moment) { m.At-- },
	"first":          func(m *moment) { m.At = 0 },
	"last":           func(m *moment) { m.At = -1 }, // as far as it goes
	"who":            opens,
	"slower":         func(m *moment) { m.Speed = 0.5 },
	"faster":         func(m *moment) { m.Speed = 2 },
	"stop at":        func(m *moment) { m.Stops = 1 },
	"search":         opens,
	"next lesson":    func(m *moment) { m.Dialogs, m.Selected = 1, scene.SelectConnection }, // the lesson is not over: Enter opens
	"open":           func(m *moment) { m.Dialogs, m.Selected = 1, scene.SelectConnection }, // that of the event
	"enlarge":        func(m *moment) { m.Opened = true },
	"focus next":     func(m *moment) { m.Focus, m.View = 1, viewSequence },
	"focus previous": func(m *moment) { m.Focus, m.View = 3, viewNote },
	"read":           opens,
	"up":             func(m *moment) { m.Selected = scene.SelectPeer },
	"down":           func(m *moment) { m.Selected = scene.SelectPeer },
	"page up":        func(m *moment) { m.Selected = scene.SelectPeer },
	"page down":      func(m *moment) { m.Selected = scene.SelectPeer },
	"act":            opens,
	"fault":          opens,
	"record":         func(*moment) {},
	"export":         opens,
	"choose up":      func(m *moment) { m.Cursor = len(walkthroughs.All()) + 1 },
	"choose down":    func(m *moment) { m.Cursor = 1 },
	"start": func(m *moment) {
		*m = moment{Watching: true, Playing: true, At: -1, Speed: 1, Lang: m.Lang, Theme: m.Theme, Mouse: m.Mouse}
	},
	"language":      func(m *moment) { m.Lang = text.Chinese },
	"theme":         func(m *moment) { m.Theme = "light" },
	"mouse":         func(m *moment) { m.Mouse = false },
	"all actions":   opens,
	"help":          opens,
	"leave":         func(m *moment) { *m = moment{Lang: m.Lang, Theme: m.Theme, Mouse: m.Mouse} },
	"undo":          func(*moment) {}, // nothing is enlarged, and nothing selected
	"quit":          func(*moment) {},
	"quit at once":  func(m *moment) { *m = moment{Lang: m.Lang, Theme: m.Theme, Mouse: m.Mouse} },
	"view Stage":    func(m *moment) {},
	"view Pipeline": func(m *moment) { m.View = viewPipeline },
	"view Sequence": func(m *moment) { m.View, m.Focus = viewSequence, 1 },
	"view Code":     func(m *moment) { m.View, m.Focus = viewCode, 2 },
	"view Note":     func(m *moment) { m.View, m.Focus = viewNote, 3 },
	"view Bytes":    func(m *moment) { m.View = viewBytes },
	"view State":    func(m *moment) { m.View = viewState },
}

func opens(m *moment) { m.Dialogs = 1 }
