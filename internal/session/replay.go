package session

import (
	"errors"
	"fmt"
	"io"
	"os"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/userdata"
)

// Replay is a recording that was read. Nothing runs in it.
type Replay struct {
	header   timeline.Header
	recorder *timeline.Recorder
}

// Open reads the recording at path. If it turns out to be broken in the middle, Open returns a Replay of everything before that place
// and the error beside it; if nothing can be read, the Replay is nil. The error has a sentence (see Sentence), and wraps what package
// timeline found wrong.
func Open(path string) (*Replay, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, text.Failed(err, says.cannotOpen, text.Printable(path))
	}
	defer f.Close()
	return Load(f)
}

// Load reads a recording from r, as Open does.
func Load(r io.Reader) (*Replay, error) {
	rd, err := timeline.NewReader(r)
	if err != nil {
		return nil, unreadable(err)
	}
	var events []timeline.Event
	for e, next := range rd.All() {
		if next != nil {
			err = unreadable(next)
			break
		}
		events = append(events, e)
	}
	replay := &Replay{header: rd.Header(), recorder: timeline.NewRecorder(len(events))}
	for _, e := range events {
		replay.recorder.Add(e)
	}
	replay.recorder.Close()
	return replay, err
}

// unreadable says what is wrong with a recording.
func unreadable(err error) error {
	switch {
	case errors.Is(err, timeline.ErrNotARecording):
		return text.Failed(err, says.notARecording)
	case errors.Is(err, timeline.ErrNewerVersion):
		return text.Failed(err, says.newerVersion)
	case errors.Is(err, timeline.ErrTruncated):
		return text.Failed(err, says.truncated)
	case errors.Is(err, timeline.ErrBrokenRecording):
		return text.Failed(err, says.brokenRecording)
	}
	return text.Failed(err, says.reading)
}

// Recorder implements Session. It is closed: its events are all there are.
func (r *Replay) Recorder() *timeline.Recorder { return r.recorder }

// Header implements Session.
func (r *Replay) Header() timeline.Header { return r.header }

// Save implements Session.
func (r *Replay) Save(path string) error { return save(path, r.header, r.recorder) }

// Close implements Session. There is nothing to end.
func (r *Replay) Close() {}

// Save implements Session. What happens while it writes is not in the recording.
func (l *Live) Save(path string) error { return save(path, l.header, l.Recorder()) }

// save writes what a recorder has, up to now. It takes the events in portions, so as not to hold up the peers.
func save(path string, header timeline.Header, recorder *timeline.Recorder) error {
	const portion = 1024
	last := recorder.Last()
	return userdata.WriteNew(path, func(to io.Writer) error {
		w, err := timeline.NewWriter(to, header)
		if err != nil {
			return err
		}
		cursor := recorder.Follow(0)
		for buf := []timeline.Event(nil); cursor.At() < last; {
			buf = cursor.Take(buf[:0], int(min(portion, last-cursor.At())))
			if len(buf) == 0 {
				return fmt.Errorf("event %d is missing", cursor.At()+1)
			}
			for _, e := range buf {
				if err := w.Write(e); err != nil {
					return err
				}
			}
		}
		return w.Close()
	})
}
