package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// replay is explore replay. A recording that is broken is shown up to that place.
func (p *program) replay(ctx context.Context, path string, json bool) error {
	source := p.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return text.Failed(err, text.Table.Failures.OpenRecording, text.Printable(path))
		}
		defer f.Close()
		source = f
	}
	rd, err := timeline.NewReader(source)
	if err != nil {
		return unreadable(path, err)
	}
	show, finish, err := p.replayer(rd.Header(), json)
	if err != nil {
		return asOutput(err)
	}
	for {
		if ctx.Err() != nil {
			return errInterrupted
		}
		e, err := rd.Next()
		if err == io.EOF {
			return asOutput(finish(true))
		}
		if err != nil {
			return errors.Join(unreadable(path, err), asOutput(finish(false)))
		}
		if err := show(e); err != nil {
			return asOutput(err)
		}
	}
}

// readable looks whether there is a recording at path, before the screens are opened: a mistake in the name is said where it was made.
// What can be read only once, as a pipe, is left alone.
func readable(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return text.Failed(err, text.Table.Failures.OpenRecording, text.Printable(path))
	}
	defer f.Close()
	if _, err := timeline.NewReader(f); err != nil {
		return unreadable(path, err)
	}
	return nil
}

// replayer returns what shows one event, and what is to be called after the last, told whether the recording was whole.
func (p *program) replayer(header timeline.Header, json bool) (show func(timeline.Event) error, finish func(whole bool) error, err error) {
	if json {
		w, err := timeline.NewWriter(p.stdout, header)
		if err != nil {
			return nil, nil, err
		}
		return w.Write, func(whole bool) error {
			if !whole {
				return nil // what comes out ends as early as what went in, and says so
			}
			return w.Close()
		}, nil
	}
	printer, err := p.printer()
	if err != nil {
		return nil, nil, err
	}
	return printer.Print, func(bool) error { return printer.Finish() }, nil
}

// unreadable says what is wrong with a recording, and what to do about it.
func unreadable(path string, err error) error {
	says := &text.Table.Failures
	var name any = text.Printable(path)
	if path == "-" {
		name = says.StandardInput
	}
	switch {
	case errors.Is(err, timeline.ErrNotARecording):
		return text.Failed(err, says.NotARecording, name)
	case errors.Is(err, timeline.ErrNewerVersion):
		return text.Failed(err, says.NewerVersion, name)
	case errors.Is(err, timeline.ErrTruncated):
		return text.Failed(err, says.Truncated, name)
	case errors.Is(err, timeline.ErrBrokenRecording):
		return text.Failed(err, says.Broken, name)
	}
	return text.Failed(err, says.ReadRecording, name)
}

// width returns how wide lines may be, 0 for the usual: a terminal is asked, a file is always the same. Longer lines than these are hard
// to read, however wide the terminal.
func (p *program) width() int {
	if !p.terminal {
		return 0
	}
	return min(p.columns, 120)
}

// fitted breaks the lines of s that are too long for the terminal. A file gets them as they are.
func (p *program) fitted(s string) string {
	if p.width() == 0 {
		return s
	}
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, text.Wrap(line, p.width())...)
	}
	return strings.Join(lines, "\n")
}
