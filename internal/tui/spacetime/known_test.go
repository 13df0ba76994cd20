package spacetime

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gossipscope/internal/sequence"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/playback"
)

func TestEveryEventIsTakenInOnce(t *testing.T) {
	events := lesson(t, "acks")
	p := New()
	for n := 1; n <= len(events); n++ {
		p.look(live(events, n))
	}
	if p.held != len(events) {
		t.Errorf("%d were taken in, there are %d", p.held, len(events))
	}
	p.look(at(events, 10))
	if p.held != len(events) {
		t.Errorf("going back has taken in more: %d", p.held)
	}
}

// However long a session is, only rows in sight and some above are made.
func TestOnlyRowsInSightAreMade(t *testing.T) {
	events := crowd(t, "ABCDEFGHIJKLMNOP")
	if len(events) < 500 {
		t.Fatalf("only %d events", len(events))
	}
	p := New()
	drawWith(p, at(events, len(events)/2), 158, 36)
	if most := 36 + lookBack + 36; len(p.rows) > most {
		t.Errorf("%d of %d rows were made, at most %d are needed", len(p.rows), p.len(), most)
	}
}

func TestAnotherSessionBeginsAnew(t *testing.T) {
	p := New()
	p.look(at(lesson(t, "acks"), 300))
	events := lesson(t, "meet")
	p.look(at(events, len(events)))
	if p.held != len(events) || len(p.lanes) != 2 {
		t.Errorf("it has %d events and %d lanes, want %d and 2", p.held, len(p.lanes), len(events))
	}
	p.look(at(nil, 0))
	if p.held != 0 {
		t.Errorf("it has %d events of none", p.held)
	}
}

// A session that goes on for hours: the explorer forgets its oldest events, and so does the diagram, without losing who is who.
func TestOldEventsAreForgottenAndArrowsStillJoin(t *testing.T) {
	events := lesson(t, "acks")
	p := New()
	p.limit = 256
	var st timeline.State
	first, forgotten := 0, 0
	for n := 1; n <= len(events); n++ {
		st.Apply(events[n-1])
		first = max(0, n-150)
		s := at(events[:1], 1)
		s.Events, s.At, s.State, s.Event = events[first:n:n], n-first, &st, &events[n-1]
		before := p.held
		p.look(s)
		if p.held < before {
			forgotten++
		}
		if p.held > p.limit {
			t.Fatalf("after %d events it holds %d", n, p.held)
		}
	}
	if forgotten == 0 || forgotten > 8 {
		t.Errorf("it has begun anew %d times", forgotten)
	}
	joined := 0
	for i := range p.len() {
		a := p.row(i).Arrives
		if a == nil || a.Kind != sequence.Data && a.Kind != sequence.Ack {
			continue
		}
		if a.From.N == 0 {
			t.Errorf("nobody knows from where %s of row %d has come", a.Label.En, i)
		}
		joined++
	}
	if joined == 0 {
		t.Error("no message has arrived in what is left")
	}
	if p.lane("A") < 0 || p.lane("E") < 0 {
		t.Errorf("the lanes are %+v", p.lanes)
	}
}

// quicklyBehind returns a panel that takes in little at once.
func quicklyBehind() *Panel {
	p := InSlices()
	p.appetite = playback.Appetite{Burst: 20, Sip: 5, Gulp: 40}
	return p
}

// In a burst the peers want the machine for themselves, so only a sip is taken at each drawing; and the picture says that it is behind.
func TestWhileItPoursThePictureIsBehindAndSaysHowFar(t *testing.T) {
	events := lesson(t, "acks")
	p := quicklyBehind()
	drawWith(p, live(events, 40), 120, 24)
	drawWith(p, live(events, 59), 120, 24)
	if p.Behind() {
		t.Error("nineteen events are no burst")
	}
	drawWith(p, live(events, 79), 120, 24)
	rows := drawWith(p, live(events, 99), 120, 24)
	if want := 59 + 2*5; p.held != want || !p.Behind() {
		t.Errorf("it has taken in %d, want %d", p.held, want)
	}
	mustSay(t, rows, "还有 30 个没画进来")
	for height := 1; height < 10; height++ {
		mustSay(t, drawWith(p, live(events, 99+20*height), 80, height), "没画进来")
	}
}

// Whoever watches draws again for as long as the panel is behind. Nothing is lost on the way.
func TestWhenItHasStoppedPouringThePictureIsMadeComplete(t *testing.T) {
	events := lesson(t, "acks")
	s := live(events, len(events))
	p := quicklyBehind()
	drawings := 0
	for drawWith(p, s, 120, 24); p.Behind(); drawWith(p, s, 120, 24) {
		if drawings++; drawings > len(events)/40 {
			t.Fatalf("after %d drawings it has taken in %d of %d", drawings, p.held, len(events))
		}
	}
	if drawings < 3 {
		t.Errorf("it was behind for %d drawings only", drawings)
	}
	if diff := cmp.Diff(draw(s, 120, 24), drawWith(p, s, 120, 24)); diff != "" {
		t.Errorf("the picture differs from one that was never behind (-never +was):\n%s", diff)
	}
}

// A panel that nobody has looked at for so long that the explorer has forgotten what it has not taken in.
func TestWhatWasForgottenMeanwhileIsMissingInThePicture(t *testing.T) {
	events := lesson(t, "acks")
	const last = 200
	p := New()
	p.look(live(events, 100))
	s := live(events, last)
	s.Events, s.At = events[150:last:last], last-150
	rows := drawWith(p, s, 120, 60)
	mustSay(t, rows, "⋯", "50")
	if p.diagram.Last() != last {
		t.Errorf("it has come to %d, want %d", p.diagram.Last(), last)
	}
}
