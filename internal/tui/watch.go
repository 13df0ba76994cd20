package tui

import (
	"slices"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/playback"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

// Peers is what the screens can do to the peers of a session that runs. None of its methods waits for anything.
type Peers interface {
	Held() []session.Held
	Changed() <-chan struct{}
	Release(id uint64) bool
	ReleaseNext() bool
	SetStepping(on bool)
	Clock() (now time.Duration, standing bool)
	NextTimer() (left time.Duration, pending bool)
	JumpToNext() bool
	SetSpeed(speed float64)
	Stand(still bool)
	Do(act session.Act) error
	Ended() (err error, ended bool)
}

// appetite bounds how many events one frame takes in: in a burst so few, five times a second, that the peers have the machine for
// themselves, and when it is over all of them: the screen has caught up with that frame.
var appetite = playback.Appetite{Burst: 1 << 10, Sip: 1 << 8, Rest: 5, Gulp: 1 << 17}

const (
	// betweenReleases is how long the one who was let go has for its next step before the next is let go: without a pause, all
	// who are held would go at once.
	betweenReleases = 25 * time.Millisecond

	// settling is for how long nothing must have happened before the clock may be put forward: what is under way comes to where it is
	// held next much sooner.
	settling = 500 * time.Millisecond

	// patience is for how long a lesson that the reader has disturbed may wait for nothing that could be named, before he is told that it
	// may wait in vain.
	patience = 2 * time.Second
)

// watch is a session that is watched: what is known of it, which moment is shown, and how.
//
// Its peers are held at every step until the player has shown everything; then one of them goes on. So pausing is no more than not
// letting anybody go on, and what is seen is never far behind what happens.
type watch struct {
	session session.Session
	peers   Peers                // nil for a recording
	lesson  *walkthroughs.Lesson // nil for a sandbox, and for a recording of no lesson
	title   text.Text

	cursor  *timeline.Cursor
	history *playback.History
	player  *playback.Player
	teller  *narrate.Teller
	marks   []sliderMark // of the events that are worth a mark on the slider, in order
	buf     []timeline.Event

	appetite playback.Appetite

	past     bool          // the reader has gone back, and not returned
	free     bool          // nobody is held, and the latest moment is shown
	awaiting bool          // somebody was let go by hand: the first thing that comes of it is shown
	released time.Duration // when the last was let go, in the time that frames count
	stirred  time.Duration // when something was last let go or happened, in that time
	now      time.Duration // that time
	touched  bool          // the reader has done something to the peers
	active   time.Duration // when there was last anything that the lesson could wait for, in that time
	vain     bool          // there has been nothing for so long that it may wait in vain
	running  bool          // a timer ran when the last frame was drawn
	over     bool          // the lesson has ended, and its end is shown
	told     bool          // and the reader was told
	failure  error         // how it ended, nil for well
	left     chan struct{} // closed when nobody watches any more

	panels   [viewCount]scene.Panel
	slots    [4]int // which view stands in which pane
	focus    int    // the slot that takes the keys
	opened   bool   // the focused pane takes the room of all
	areas    []area // where the panes were drawn last
	selected scene.Selection
}

// area is a pane as it was drawn: which slot, and where its inside is.
type area struct {
	slot   int
	inside rect
}

func newWatch(s session.Session, lang text.Lang, panels [viewCount]scene.Panel) *watch {
	w := blankWatch(lang, panels)
	w.session, w.cursor = s, s.Recorder().Follow(0)
	w.peers, _ = s.(Peers)
	return w
}

// blankWatch returns a watch of nothing yet.
func blankWatch(lang text.Lang, panels [viewCount]scene.Panel) *watch {
	history := playback.NewHistory(playback.Capacity)
	return &watch{
		history: history, player: playback.NewPlayer(history, lang), teller: narrate.NewTeller(lang), panels: panels,
		appetite: appetite,
		slots:    [4]int{viewStage, viewSequence, viewCode, viewNote}, left: make(chan struct{}),
	}
}

// frame lets dt pass: it takes in what has happened, moves the moment that is shown, and lets the next one go on if there is nothing
// left to show. It reports whether the picture has changed.
func (w *watch) frame(dt time.Duration) bool {
	w.now += dt
	at := w.player.At()
	changed := w.take()
	if changed {
		w.stirred = w.now
	}
	switch {
	case w.free:
		if !w.player.AtEnd() {
			w.player.GoTo(w.history.Len())
		}
	case w.awaiting && !w.player.AtEnd():
		w.awaiting = false
		w.player.Next()
	}
	if w.player.Advance(dt) {
		changed = true
	}
	if w.past && w.player.AtEnd() {
		w.past, changed = false, true
	}
	if w.player.Wants() {
		w.letGo()
	}
	if w.checkVain(changed) {
		changed = true
	}
	return w.checkEnd() || changed || w.player.At() != at
}

// rests looks what has happened, and reports whether this frame is for nothing else.
func (w *watch) rests() bool {
	w.appetite.Look(w.session.Recorder().Last())
	return w.appetite.Resting()
}

// take takes in events that have happened since the last time, and reports whether there were any. It takes a few at a time, which stay
// in the processor's cache.
func (w *watch) take() bool {
	const few = 1 << 10
	taken := false
	left := int(min(w.session.Recorder().Last()-w.cursor.At(), uint64(w.appetite.Portion())))
	for w.history.Expect(left); left > 0; left -= len(w.buf) {
		if w.buf = w.cursor.Take(w.buf[:0], min(left, few)); len(w.buf) == 0 {
			break
		}
		w.learn(w.buf)
		taken = true
	}
	if n := w.history.Forget(); n > 0 {
		w.player.Forgotten(n)
		w.forgetMarks()
	}
	return taken
}

// learn takes in events.
func (w *watch) learn(events []timeline.Event) {
	for i := range events {
		w.teller.Observe(&events[i])
		if m, marked := markOf(&events[i]); marked {
			w.marks = append(w.marks, m)
		}
	}
	w.history.Add(events...)
}

// letGo lets the next one go on, if there is one and the last has had its time.
func (w *watch) letGo() {
	if w.peers == nil || w.free || w.now-w.released < betweenReleases {
		return
	}
	if w.peers.ReleaseNext() {
		w.released, w.stirred = w.now, w.now
	}
}

// checkVain notices that the lesson may wait in vain, or does so no more, and reports whether that is new. stirred says that something
// has happened.
func (w *watch) checkVain(stirred bool) bool {
	if stirred || !w.stranded() {
		w.active = w.now
	}
	before := w.vain
	w.vain = w.now-w.active >= patience
	return w.vain != before
}

// stranded reports whether a lesson that the reader has disturbed plays on, and nobody is held and no timer runs that could bring what it
// waits for.
func (w *watch) stranded() bool {
	return w.touched && w.lesson != nil && !w.over && w.live() && w.player.Wants() && len(w.peers.Held()) == 0 && !w.timerPends()
}

// checkEnd notices that the lesson is over and that all of it was shown, and reports whether that is new.
func (w *watch) checkEnd() bool {
	if w.over || w.peers == nil || w.lesson == nil {
		return false
	}
	err, ended := w.peers.Ended()
	if !ended || !w.player.AtEnd() || w.session.Recorder().Last() != w.lastNumber() {
		return false
	}
	w.over, w.failure = true, err
	return true
}

func (w *watch) lastNumber() uint64 {
	if n := w.history.Len(); n > 0 {
		return w.history.Events()[n-1].N
	}
	return 0
}

// laggard is a panel that takes in only so much at each drawing.
type laggard interface{ Behind() bool }

// behind reports whether a panel that is drawn has not taken in everything.
func (w *watch) behind() bool {
	return slices.ContainsFunc(w.areas, func(a area) bool {
		l, can := w.panels[w.slots[a.slot]].(laggard)
		return can && l.Behind()
	})
}

// restless reports whether the next frame can differ from this one without anything happening.
func (w *watch) restless() bool {
	if w.player.Moving() || w.behind() || w.appetite.Bursting() {
		return true
	}
	if w.peers == nil {
		return false
	}
	if w.player.Wants() && !w.free && len(w.peers.Held()) > 0 {
		return true
	}
	// What has to last for some time, only frames count: without them a reader who pauses would never be told to be settled.
	return w.live() && w.unsettled() || w.stranded() && !w.vain || w.timerRuns()
}

// timerRuns reports whether the present is shown, in which the peers wait for a timer.
func (w *watch) timerRuns() bool {
	if !w.live() {
		return false
	}
	_, standing := w.peers.Clock()
	return w.timerPends() && !standing
}

// timerPends reports whether the peers, which run, wait for a timer.
func (w *watch) timerPends() bool {
	_, pending := w.peers.NextTimer()
	return pending
}

// signals are those of a session: that there are events, that somebody is held or goes on, that nobody watches any more.
type signals struct{ events, held, left <-chan struct{} }

func (w *watch) signals() signals {
	s := signals{events: w.cursor.Ready(), left: w.left}
	if w.peers != nil {
		s.held = w.peers.Changed()
	} else {
		s.events = w.left // a recording has no more
	}
	return s
}

// wait returns when one of them comes.
func (s signals) wait() {
	select {
	case <-s.events:
	case <-s.held:
	case <-s.left:
	}
}

// live reports whether the present of peers that run is shown.
func (w *watch) live() bool { return w.peers != nil && w.player.AtEnd() }

// toggle pauses, or plays on.
func (w *watch) toggle() {
	if w.player.Playing() {
		w.pause()
		return
	}
	w.player.Play()
	w.stand(false)
}

// pause stops what is shown and holds the peers, and their clock.
func (w *watch) pause() {
	w.player.Pause()
	w.setFree(false)
	w.stand(true)
}

// stand makes the peers' clock stand still, or run as it would by itself.
func (w *watch) stand(still bool) {
	if w.peers != nil {
		w.peers.Stand(still)
	}
}

// setFree lets everything run, or holds everybody at the next step again.
func (w *watch) setFree(free bool) {
	if w.peers == nil || w.free == free {
		return
	}
	w.free = free
	w.peers.SetStepping(!free)
	if free {
		w.player.Play()
		w.stand(false)
	}
}

// next goes one step forward: in the past to what is known, in the present by letting the one go on that has been held longest. It
// returns what to tell the reader if nothing came of it.
func (w *watch) next() (notice text.Text) {
	w.pause()
	if w.player.Next() || w.peers == nil {
		return text.Text{}
	}
	if w.peers.ReleaseNext() {
		w.awaiting, w.stirred = true, w.now
		return text.Text{}
	}
	if w.jump() {
		w.awaiting = true
		return says.Jumped
	}
	if w.unsettled() {
		return says.Settling
	}
	return says.NothingHeld
}

// unsettled reports whether somebody may still be under way.
func (w *watch) unsettled() bool { return w.now-w.stirred < settling }

// jump puts the clock to the next timer, and reports whether it did. It does not as long as somebody may still be under way: whoever
// presses a key twice would else let a handshake time out of which the first half is just arriving.
func (w *watch) jump() bool { return !w.unsettled() && w.peers.JumpToNext() }

// release lets one go on that the reader has picked.
func (w *watch) release(id uint64) {
	w.pause()
	w.player.GoTo(w.history.Len())
	if w.peers.Release(id) {
		w.awaiting, w.stirred = true, w.now
	}
}

// back shows the moment one event earlier.
func (w *watch) back() {
	w.pause()
	w.awaiting, w.past = false, true
	w.player.Back()
}

// goTo shows the moment after n events.
func (w *watch) goTo(n int) {
	w.pause()
	w.awaiting, w.past = false, n < w.history.Len()
	w.player.GoTo(n)
}

// setSpeed makes the player and the lab's clock run at another speed.
func (w *watch) setSpeed(speed float64) {
	w.player.SetSpeed(speed)
	if w.peers != nil {
		w.peers.SetSpeed(speed)
	}
}

// skip ends what is moving.
func (w *watch) skip() { w.player.Skip() }

// step returns the step that is shown, "" if what is shown is none.
func (w *watch) step() trace.Step {
	if e := w.player.Event(); e != nil && e.Step != nil {
		return e.Step.Step
	}
	return ""
}

// scene returns what the panes draw.
func (w *watch) scene(lang text.Lang, theme *scene.Theme) *scene.Scene {
	at := w.player.At()
	s := &scene.Scene{
		Events: w.history.Events(), At: at, State: w.history.At(at), Event: w.player.Event(),
		Progress: w.player.Progress(), Live: w.live(), Selected: w.selected, Lang: lang, Theme: theme,
	}
	s.Clock, s.Standing = s.State.At, true
	if !s.Live {
		return s
	}
	s.Held = w.peers.Held()
	now, standing := w.peers.Clock()
	// The time that passes is of interest only to who waits for a moment. Without one no frame would bring it up to date either.
	if s.Standing = standing; w.timerPends() {
		s.Clock = now
	}
	return s
}

// show puts a view into the focused pane, or moves the focus to where it stands already.
func (w *watch) show(view, panes int) {
	for slot, v := range w.slots {
		if v != view {
			continue
		}
		if slot < panes {
			w.focus = slot
			return
		}
		w.slots[slot], w.slots[w.focus] = w.slots[w.focus], w.slots[slot]
		return
	}
	w.slots[w.focus] = view
}

// fit keeps the focus in a pane that can be seen: the view that has it takes the first one.
func (w *watch) fit(panes int) {
	if w.focus >= panes {
		w.slots[0], w.slots[w.focus] = w.slots[w.focus], w.slots[0]
		w.focus = 0
	}
}

// focused returns the panel that takes the keys, nil if there is none.
func (w *watch) focused() scene.Panel { return w.panels[w.slots[w.focus]] }
