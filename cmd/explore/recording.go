package main

// The recordings that a command is given.

import (
	"context"
	"io"
	"os"

	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// openRecording begins to read the recording at path, or, if that is "-", the one that standard input is.
func (p *program) openRecording(path string) (*session.Recording, error) {
	if path == "-" {
		return session.ReadRecording(io.NopCloser(p.stdin), text.Table.Failures.StandardInput)
	}
	return session.OpenRecording(path)
}

// readRecording reads a recording as far as it goes.
func (p *program) readRecording(ctx context.Context, path string) (timeline.Header, []timeline.Event, error) {
	r, err := p.openRecording(path)
	if err != nil {
		return timeline.Header{}, nil, err
	}
	defer r.Close()
	var events []timeline.Event
	for e, err := range r.All() {
		if ctx.Err() != nil {
			return r.Header(), nil, errInterrupted
		}
		if err != nil {
			return r.Header(), events, err
		}
		events = append(events, e)
	}
	return r.Header(), events, nil
}

// readable looks whether there is a recording at path, before the screens are opened: a mistake in the name is said where it was made.
// What can be read only once, as a pipe, is left alone.
func readable(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	r, err := session.OpenRecording(path)
	if err != nil {
		return err
	}
	return r.Close()
}
