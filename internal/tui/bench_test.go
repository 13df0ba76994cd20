package tui

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"gossipscope/internal/lab"
	"gossipscope/internal/measure"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/spacetime"
	"gossipscope/proto"
	"gossipscope/walkthroughs"
)

// What a burst of events costs: the peers, whom the screen must not slow down, and the reader, for whom it must not fall behind. Two real
// peers do the same work each time, over loopback TCP, as fast as they can: once with the program watching them and once without, in
// turns, so that whatever else the machine does falls on both. The terminal itself takes no part: it is another program's work.

const (
	burstPairs    = 15
	burstMessages = 9_100 // eleven events each

	// atRest is for how long nothing must have happened for a burst to be over.
	atRest = 100 * time.Millisecond
)

// measured is a burst as it was seen.
type measured struct {
	took      time.Duration // from the first message until the last has arrived
	events    uint64
	behind    time.Duration // from the last event until the screen showed it
	completed time.Duration // from the last event until also every pane was complete
	missed    uint64        // events that the screen says it has missed
	uncounted uint64        // and those that it has missed without a word
}

func BenchmarkBurst(b *testing.B) {
	for _, layout := range []struct {
		name string
		keys []string
	}{{"layout", nil}, {"sequence", []string{"3", "u"}}, {"state", []string{"7", "u"}}} {
		b.Run(layout.name, func(b *testing.B) { benchmarkBurst(b, layout.keys) })
	}
}

func benchmarkBurst(b *testing.B, keys []string) {
	var events, alone, slower, behind, completed []float64
	var missed, uncounted uint64
	for b.Loop() {
		for range burstPairs {
			without, with := burstAlone(b), burstWatched(b, keys)
			if testing.Verbose() {
				b.Logf("alone %v, watched %v, behind %v, complete after %v", without.took, with.took, with.behind, with.completed)
			}
			events = append(events, float64(with.events))
			alone = append(alone, without.took.Seconds()*1000)
			slower = append(slower, with.took.Seconds()/without.took.Seconds())
			behind = append(behind, with.behind.Seconds()*1000)
			completed = append(completed, with.completed.Seconds()*1000)
			missed, uncounted = missed+with.missed, uncounted+with.uncounted
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(measure.Quantile(events, 0.5), "events")
	b.ReportMetric(measure.Quantile(slower, 0.5), "watched/alone")
	b.ReportMetric(measure.Quantile(slower, 0.25), "watched/alone-q1")
	b.ReportMetric(measure.Quantile(slower, 0.75), "watched/alone-q3")
	b.ReportMetric(measure.Quantile(alone, 0.75)/measure.Quantile(alone, 0.25), "alone-q3/q1")
	b.ReportMetric(measure.Quantile(behind, 0.5), "ms-behind")
	b.ReportMetric(measure.Quantile(behind, 1), "ms-behind-worst")
	b.ReportMetric(measure.Quantile(completed, 0.5), "ms-complete")
	b.ReportMetric(float64(missed), "missed")
	b.ReportMetric(float64(uncounted), "uncounted")
}

// burstAlone measures a burst that nobody watches.
func burstAlone(b *testing.B) measured {
	b.Helper()
	s, err := newStreaming()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	m, _ := s.measure(b)
	return m
}

// burstWatched measures a burst that the program watches, after some keys were pressed.
func burstWatched(b *testing.B, keys []string) measured {
	b.Helper()
	opened := make(chan *streaming, 1)
	conf := Config{Lang: text.Chinese, Theme: "dark", Width: 160, Height: 45, Lessons: walkthroughs.All(), Starter: burstStarter{opened: opened},
		Memory: &testMemory{dir: b.TempDir(), done: make(map[string]bool)}, Open: &Choice{Sandbox: true}}
	r := &reader{Model: New(conf)}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	program := tea.NewProgram(r, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(r), tea.WithFPS(30),
		tea.WithEnvironment([]string{"TERM=xterm-256color"}), tea.WithColorProfile(colorprofile.TrueColor), tea.WithWindowSize(160, 45),
		tea.WithoutSignalHandler())
	ended := make(chan error, 1)
	go func() {
		_, err := program.Run()
		ended <- err
	}()
	s := <-opened
	defer s.Close()
	r.until(b, "it is open", func(at showing) bool { return at.event > 0 })
	for _, key := range keys {
		program.Send(keyPress(key))
	}
	for at := r.latest(); !at.free || at.complete != s.Recorder().Last(); at = r.latest() {
		program.Send(keyPress("+")) // beyond the fastest speed nobody is held
		time.Sleep(20 * time.Millisecond)
	}
	m, end := s.measure(b)
	last := s.Recorder().Last()
	shown := r.until(b, "the last event is shown", func(at showing) bool { return at.event >= last })
	complete := r.until(b, "all panes are complete", func(at showing) bool { return at.complete >= last })
	m.behind, m.completed, m.missed = shown.at.Sub(end), complete.at.Sub(end), complete.missing
	m.uncounted = last - complete.known - complete.missing
	program.Send(keyPress("ctrl+c"))
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return m
}

// showing is what the screen showed once.
type showing struct {
	at       time.Time // when it was written to the terminal
	free     bool      // whether nobody is held
	event    uint64    // the event that it shows
	complete uint64    // the same, if every pane has taken in what came before
	known    uint64    // how many events it knows
	missing  uint64    // how many it says it has missed
}

// reader is the program's model and its terminal at once: it notes what has been shown when.
type reader struct {
	*Model
	mu    sync.Mutex // the program draws and writes on goroutines of its own
	drawn showing    // by the last View
	shown []showing
}

func (r *reader) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, cmd := r.Model.Update(msg)
	return r, cmd
}

func (r *reader) View() tea.View {
	view := r.Model.View()
	w := r.watch
	if w == nil || w.player.Event() == nil {
		return view
	}
	at := showing{free: w.free, event: w.player.Event().N, known: uint64(w.history.Len()), missing: w.history.Missing()}
	if !w.panels[viewSequence].(*spacetime.Panel).Behind() {
		at.complete = at.event
	}
	r.mu.Lock()
	r.drawn = at
	r.mu.Unlock()
	return view
}

// Write takes what is written to the terminal.
func (r *reader) Write(p []byte) (int, error) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drawn.at = now
	r.shown = append(r.shown, r.drawn)
	return len(p), nil
}

// latest returns what was shown last.
func (r *reader) latest() showing {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.shown) == 0 {
		return showing{}
	}
	return r.shown[len(r.shown)-1]
}

// until waits until something was shown, and returns the first of it.
func (r *reader) until(b *testing.B, what string, is func(showing) bool) showing {
	b.Helper()
	for late := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		r.mu.Lock()
		shown := slices.Clone(r.shown)
		r.mu.Unlock()
		if i := slices.IndexFunc(shown, is); i >= 0 {
			return shown[i]
		}
		if time.Now().After(late) {
			b.Fatalf("it does not come to this: %s\n%s", what, strings.Join(r.canvas.Rows(), "\n"))
		}
	}
}

// burstStarter opens what is measured.
type burstStarter struct {
	testStarter
	opened chan *streaming
}

func (s burstStarter) Sandbox() (session.Session, error) {
	streaming, err := newStreaming()
	if err != nil {
		return nil, err
	}
	s.opened <- streaming
	return streaming, nil
}

// streaming is a session of two peers that nobody holds: A streams to B.
type streaming struct {
	lab     *lab.Lab
	answer  func()   // has A send B a message, and waits for room
	arrived chan int // how many of them B's subscriber was handed, when it was the last
}

func newStreaming() (*streaming, error) {
	lb, err := lab.New(lab.Config{Recorder: timeline.NewRecorder(1 << 17)})
	if err != nil {
		return nil, err
	}
	s := &streaming{lab: lb, arrived: make(chan int, 1)}
	if err := s.connect(); err != nil {
		lb.Close()
		return nil, err
	}
	return s, nil
}

// connect has B send A a message. A's answers to it wait for room in the send queue, where a Send would drop: so every message arrives, and
// the work is the same each time.
func (s *streaming) connect() error {
	all := func(any) bool { return true }
	a, err := s.lab.NewPeer("A", lab.PeerConfig{})
	if err != nil {
		return err
	}
	b, err := s.lab.NewPeer("B", lab.PeerConfig{})
	if err != nil {
		return err
	}
	asked, answers := a.Subscribe(all), b.Subscribe(all)
	go func() {
		n := 0
		for range answers {
			if n++; n == burstMessages {
				s.arrived <- n
			}
		}
	}()
	if err := b.Send("a question", a.Remote()); err != nil {
		return err
	}
	question, open := <-asked
	if !open {
		return errors.New("A was not asked")
	}
	s.answer = func() {
		question.Respond(&proto.GossipMessage{
			Tag:     proto.GossipMessage_CHAN_AND_ORG,
			Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte("an answer")}}},
		})
	}
	return nil
}

// measure has the burst happen and come to rest, and returns when its last event was, to a millisecond.
func (s *streaming) measure(b *testing.B) (m measured, end time.Time) {
	b.Helper()
	runtime.GC() // what was before is paid for before
	before, began := s.Recorder().Last(), time.Now()
	for range burstMessages {
		s.answer()
	}
	select {
	case <-s.arrived:
	case <-time.After(time.Minute):
		b.Fatal("not every message has arrived")
	}
	m.took = time.Since(began)
	last := uint64(0)
	for now := time.Now(); now.Sub(end) < atRest || last == 0; now = time.Now() {
		if n := s.Recorder().Last(); n != last {
			last, end = n, now
		}
		time.Sleep(time.Millisecond)
	}
	m.events = last - before
	return m, end
}

func (s *streaming) Recorder() *timeline.Recorder { return s.lab.Recorder() }
func (s *streaming) Header() timeline.Header      { return timeline.Header{} }
func (s *streaming) Save(string) error {
	return fmt.Errorf("saving a benchmark: %w", errors.ErrUnsupported)
}
func (s *streaming) Close()                           { s.lab.Close() }
func (s *streaming) Held() []session.Held             { return nil }
func (s *streaming) Changed() <-chan struct{}         { return nil }
func (s *streaming) Release(uint64) bool              { return false }
func (s *streaming) ReleaseNext() bool                { return false }
func (s *streaming) SetStepping(bool)                 {}
func (s *streaming) Clock() (time.Duration, bool)     { return s.lab.Clock().Now(), false }
func (s *streaming) NextTimer() (time.Duration, bool) { return 0, false }
func (s *streaming) JumpToNext() bool                 { return false }
func (s *streaming) SetSpeed(float64)                 {} // so that the peers' timeouts are the same, watched or not
func (s *streaming) Stand(bool)                       {}
func (s *streaming) Do(session.Act) error             { return errors.ErrUnsupported }
func (s *streaming) Ended() (error, bool)             { return nil, false }
