package spacetime

// What the panel knows of a session. The diagram takes every event once, when it is first seen. Of a moment there are two pictures: what
// had happened by then, and all that is known by now; as views only grow at their end, row i is the same in both, so far as it has
// happened. A row is made when it is first asked for, and kept as long as the moment is shown.

import (
	"math"
	"slices"
	"sort"
	"time"

	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/playback"
	"gossipscope/internal/tui/scene"
)

const (
	// mostHeld is how many events the diagram holds before it lets go of the oldest. The explorer itself keeps half as many.
	mostHeld = 1 << 18

	// keyframes is how many states are remembered for as many events, from which the diagram could begin anew.
	keyframes = 32
)

// sliced is the appetite of a panel that is drawn thirty times a second. An event costs it about a microsecond.
var sliced = playback.Appetite{Burst: 1 << 10, Sip: 1 << 8, Gulp: 1 << 15}

// known is what the panel knows of a session.
type known struct {
	diagram   *sequence.Diagram
	held      int // how many events are in it
	limit     int // how many there may be
	keyframes []timeline.State
	latest    time.Duration // the lab's clock at the last event
	appetite  playback.Appetite
	behind    int // how many events the last drawing has left for the next

	filter sequence.Filter
	view   *sequence.View // of that filter; nil if it has to be made anew

	moment moment
	past   sequence.Picture // what has happened
	all    sequence.Picture // and what happened later, as far as that is known
	lanes  []sequence.Lane
	rows   map[int]*sequence.Row
	here   int  // the row of the event that is shown, or the last one before; -1 if there is none
	exact  bool // whether it is that event's own
}

// moment is what the pictures depend on, besides the filter.
type moment struct{ last, shown uint64 }

// begin forgets all events, but for what they come to.
func (k *known) begin(keyframe *timeline.State) {
	k.diagram, k.held, k.behind, k.view, k.filter.Message = sequence.New(), 0, 0, nil, 0
	if keyframe != nil {
		k.diagram = sequence.From(keyframe)
	}
	if k.limit == 0 {
		k.limit = mostHeld
	}
}

// look takes in the moment of a scene.
func (k *known) look(s *scene.Scene) {
	k.feed(s)
	now := moment{last: k.diagram.Last()}
	if s.At > 0 {
		now.shown = s.Events[s.At-1].N
	}
	if k.view != nil && now == k.moment {
		return
	}
	if k.view == nil {
		k.view = k.diagram.View(k.filter)
	}
	k.moment = now
	k.past, k.all = k.view.At(now.shown), k.view.Now()
	k.lanes, k.rows = k.all.Lanes(), make(map[int]*sequence.Row)
	k.here, k.exact = -1, false
	if now.shown > 0 {
		k.here, k.exact = k.past.Find(now.shown)
	}
}

// feed appends the events that are new.
func (k *known) feed(s *scene.Scene) {
	if len(s.Events) == 0 {
		if k.held > 0 {
			k.keyframes = nil
			k.begin(nil)
		}
		return
	}
	last := s.Events[len(s.Events)-1]
	if last.N < k.diagram.Last() { // another session
		k.keyframes = nil
		k.begin(nil)
	}
	k.latest = last.At
	k.appetite.Look(last.N)
	k.take(s.Events, k.appetite.Portion())
	if s.At == len(s.Events) {
		k.keep(s.State)
	}
	if k.held > k.limit {
		k.forget(s.Events)
	}
}

// take appends events that the diagram does not have, at most so many. If there were others before them that are forgotten, the diagram is
// told how many.
func (k *known) take(events []timeline.Event, most int) {
	known := k.diagram.Last()
	events = events[sort.Search(len(events), func(i int) bool { return events[i].N > known }):]
	k.behind = max(len(events)-most, 0)
	for i, e := range events[:len(events)-k.behind] {
		if before := beforeOf(e); i == 0 && before > known {
			k.diagram.Append(timeline.Event{N: before, At: e.At, Kind: timeline.KindGap, Gap: before - known})
		}
		k.diagram.Append(e)
		k.held++
	}
}

// beforeOf returns the number of the event before e.
func beforeOf(e timeline.Event) uint64 {
	if e.Kind == timeline.KindGap {
		return e.N - e.Gap
	}
	return e.N - 1
}

// keep remembers a state now and then: if much has been appended since the last.
func (k *known) keep(st *timeline.State) {
	last := uint64(0)
	if n := len(k.keyframes); n > 0 {
		last = k.keyframes[n-1].N
	}
	if st.N == k.diagram.Last() && st.N >= last+uint64(k.limit/keyframes) {
		k.keyframes = append(k.keyframes, st.Clone())
	}
}

// forget lets the diagram begin later: with the oldest state behind which all events are still there. That is done seldom, since all of
// them have to be taken in again.
func (k *known) forget(events []timeline.Event) {
	i := slices.IndexFunc(k.keyframes, func(st timeline.State) bool { return st.N+1 >= events[0].N })
	if i < 0 || k.diagram.Last()-k.keyframes[i].N > uint64(k.limit)*3/4 {
		return
	}
	k.keyframes = slices.Delete(k.keyframes, 0, i)
	k.begin(&k.keyframes[0])
	k.take(events, math.MaxInt)
}

// refilter changes the filter.
func (k *known) refilter(change func(f *sequence.Filter)) {
	change(&k.filter)
	k.view = nil
}

// len returns how many rows there are, those of the future included.
func (k *known) len() int { return k.all.Len() }

// row returns a row as it is known at the moment, or, if it is still to come, as it will be.
func (k *known) row(i int) *sequence.Row {
	row, made := k.rows[i]
	if !made {
		picture := k.past
		if k.isFuture(i) {
			picture = k.all
		}
		r := picture.Row(i)
		row = &r
		k.rows[i] = row
	}
	return row
}

func (k *known) isFuture(i int) bool { return i >= k.past.Len() }

// lane returns the lane of a peer as a whole, -1 if it has none.
func (k *known) lane(peer string) int {
	peer = text.Printable(peer)
	return slices.IndexFunc(k.lanes, func(l sequence.Lane) bool { return l.Peer == peer && l.Goroutine == "" })
}

// event returns the event with that number, nil if it is not among those of the scene.
func event(s *scene.Scene, n uint64) *timeline.Event {
	i := sort.Search(len(s.Events), func(i int) bool { return s.Events[i].N >= n })
	if i == len(s.Events) || s.Events[i].N != n {
		return nil
	}
	return &s.Events[i]
}
