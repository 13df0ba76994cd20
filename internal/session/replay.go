package session

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

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
// and the error beside it; if nothing can be read, the Replay is nil.
func Open(path string) (*Replay, error) {
	r, err := OpenRecording(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.replay()
}

// Recording is a recording that is being read. Its errors say in a sentence (see Sentence) what is wrong with it, and wrap what package
// timeline has found.
type Recording struct {
	name   any // in those sentences: a string, or a text.Text
	reader *timeline.Reader
	from   io.Closer
}

// OpenRecording begins to read the recording at path.
func OpenRecording(path string) (*Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, text.Failed(err, text.Table.Failures.OpenRecording, text.Printable(path))
	}
	return ReadRecording(f, text.Printable(filepath.Base(path)))
}

// ReadRecording begins to read a recording from wherever it comes. Its errors call it name, which is a string or a text.Text. The
// Recording closes from, at once if what is in there is none.
func ReadRecording(from io.ReadCloser, name any) (*Recording, error) {
	reader, err := timeline.NewReader(from)
	if err != nil {
		from.Close()
		return nil, unreadable(name, err)
	}
	return &Recording{name, reader, from}, nil
}

// Header returns what is known of the session that was recorded.
func (r *Recording) Header() timeline.Header { return r.reader.Header() }

// All returns the events, each as soon as it is read. It ends with the first error, which comes with a zero Event.
func (r *Recording) All() iter.Seq2[timeline.Event, error] {
	return func(yield func(timeline.Event, error) bool) {
		for e, err := range r.reader.All() {
			if err != nil {
				err = unreadable(r.name, err)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// Close ends the reading.
func (r *Recording) Close() error { return r.from.Close() }

// replay reads all of it, or as much as is good.
func (r *Recording) replay() (*Replay, error) {
	var (
		events []timeline.Event
		broken error
	)
	for e, err := range r.All() {
		if err != nil {
			broken = err
			break
		}
		events = append(events, e)
	}
	replay := &Replay{header: r.Header(), recorder: timeline.NewRecorder(len(events))}
	for _, e := range events {
		replay.recorder.Add(e)
	}
	replay.recorder.Close()
	return replay, broken
}

// unreadable says what is wrong with a recording, and what to do about it.
func unreadable(name any, err error) error {
	says := &text.Table.Failures
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
