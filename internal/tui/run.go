package tui

import (
	"context"
	"errors"
	"io"
	"sync"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/session"
	"gossipscope/walkthroughs"
)

// Terminal is where the screens are shown.
type Terminal struct {
	Input       io.Reader
	Output      io.Writer
	Environment []string // as os.Environ returns it; decides about colours
}

// Run shows the screens until the reader leaves, or ctx ends. When it returns, no peer of it runs any more, and the terminal is as it was
// found, also after a panic in here. The error is nil if the reader has left.
func Run(ctx context.Context, conf Config, t Terminal, opts ...tea.ProgramOption) error {
	opts = append([]tea.ProgramOption{
		tea.WithInput(t.Input), tea.WithOutput(t.Output), tea.WithEnvironment(t.Environment), tea.WithFPS(30),
		tea.WithoutSignalHandler(), // whoever made ctx knows the signals
	}, opts...)
	house := &house{Starter: conf.Starter}
	defer house.close()
	conf.Starter = house
	program := tea.NewProgram(New(conf), opts...)
	// Not tea.WithContext: when that ends, the input is closed under the goroutine that reads it.
	stop := context.AfterFunc(ctx, program.Quit)
	defer stop()
	_, err := program.Run()
	switch {
	case errors.Is(err, tea.ErrInterrupted):
		return context.Canceled
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// house keeps track of the session that was begun last, so that it does not outlive the program: neither if it is being watched when the
// program ends, nor if it is still being made. The one before it is closed already.
type house struct {
	Starter

	mu      sync.Mutex
	session session.Session
	closed  bool
}

// Lesson begins a lesson.
func (h *house) Lesson(l walkthroughs.Lesson) (session.Session, error) {
	return h.keep(h.Starter.Lesson(l))
}

// Sandbox begins a sandbox.
func (h *house) Sandbox() (session.Session, error) { return h.keep(h.Starter.Sandbox()) }

// keep notes a session that was begun, or closes it, if the program has ended meanwhile.
func (h *house) keep(s session.Session, err error) (session.Session, error) {
	if isNil(s) {
		return nil, err
	}
	h.mu.Lock()
	closed := h.closed
	h.session = s
	h.mu.Unlock()
	if closed {
		s.Close()
	}
	return s, err
}

// close closes the session. Closing one again does nothing.
func (h *house) close() {
	h.mu.Lock()
	h.closed = true
	s := h.session
	h.mu.Unlock()
	if s != nil {
		s.Close()
	}
}
