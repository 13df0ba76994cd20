package timeline

// A recording is a session as a file: one line of JSON that says what the file is, then one line for each event, in order, then one
// that says that this was all, so that a file that lacks its end is not taken for a short session. It can be read without this program, cut into pieces with line tools, and read back to exactly the events that were written: envelopes
// keep their bytes, and only errors lose something, namely all but their text. The same events always give the same bytes.
//
// How an event looks as JSON stands in recording_json.go. This file is about the whole: the header, the order of the lines, and
// what a reader is told of a file that is not what it should be. Files come from other people, so nothing in one is believed: not
// the length of a line, not the numbers, and a recording that was cut off while it was written is told from one that is broken.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// What Read and NewReader may find wrong with a recording. The error says more; these are for errors.Is.
var (
	// ErrNotARecording says that the file is something else, or empty.
	ErrNotARecording = errors.New("not a gossipscope recording")

	// ErrNewerVersion says that the recording was made by a later version of this program.
	ErrNewerVersion = errors.New("the recording is of a newer version")

	// ErrBrokenRecording says that a line is not an event, or not the one that belongs there.
	ErrBrokenRecording = errors.New("the recording is broken")

	// ErrTruncated says that the recording ends early: in the middle of a line, or without the line that says that this was all.
	// Whatever is ErrTruncated is ErrBrokenRecording too; the events before it are whole.
	ErrTruncated = fmt.Errorf("%w: it was cut off", ErrBrokenRecording)
)

const (
	formatName = "gossipscope-recording"

	// Version is the version of recordings that this program writes, and the highest that it reads. It rises when an older program
	// would misunderstand a recording; a field more is no reason, since unknown fields are ignored. Version 1 had no line at the end.
	Version = 2

	endsWithTrailer = 2 // the first version that has one

	// maxLine bounds a line, in bytes, so that a file cannot fill the memory. gRPC takes messages of up to 4 MiB, which are 6 MiB in
	// base64.
	maxLine = 16 << 20
)

// Header is the first line of a recording: what is known of the session beside its events. All fields may be empty.
type Header struct {
	Lesson  string            `json:"lesson,omitempty"`  // the name of the lesson, not its title: "" for a sandbox
	Network string            `json:"network,omitempty"` // "tcp" or "pipe"
	Policy  string            `json:"policy,omitempty"`  // the controller's: "free", "paced", "stepped", "scripted", "seeded"
	Seed    uint64            `json:"seed,omitempty"`    // of the seeded policy
	Created time.Time         `json:"created,omitzero"`  // left out where recordings must come out the same
	Notes   map[string]string `json:"notes,omitempty"`   // whatever else
}

// heading is the header as it stands in the file.
type heading struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Header
}

// trailer is the last line. A first field that no event has tells it from one.
type trailer struct {
	End uint64 `json:"end"` // the number of the last event, 0 if there is none
}

const trailerBegins = `{"end":`

// Writer writes a recording. It is not safe for concurrent use. It does not buffer: every event is one Write to the underlying
// writer, so that a recording of a program that dies lacks its last lines at most, and shows it.
type Writer struct {
	w      io.Writer
	last   uint64
	buf    bytes.Buffer
	enc    *json.Encoder
	closed bool
}

// NewWriter begins a recording: it writes the header to w.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	rec := &Writer{w: w}
	rec.enc = json.NewEncoder(&rec.buf)
	rec.enc.SetEscapeHTML(false)
	if err := rec.line(heading{Format: formatName, Version: Version, Header: h}); err != nil {
		return nil, fmt.Errorf("writing the header of the recording: %w", err)
	}
	return rec, nil
}

// Write adds an event. Events must come in the order of their numbers, without holes but for gaps that say how many are missing;
// what could not be read back is refused and not written.
func (rec *Writer) Write(e Event) error {
	if rec.closed {
		return fmt.Errorf("writing event %d to the recording: it is closed", e.N)
	}
	if err := follows(rec.last, &e); err != nil {
		return fmt.Errorf("writing event %d to the recording: %w", e.N, err)
	}
	if err := rec.line(encodeEvent(&e)); err != nil {
		return fmt.Errorf("writing event %d to the recording: %w", e.N, err)
	}
	rec.last = e.N
	return nil
}

// Close ends the recording: it writes the line that says that this was all. It does not close the underlying writer. Whoever stops in the
// middle of a session, because of an error, does not call it. Closing again does nothing.
func (rec *Writer) Close() error {
	if rec.closed {
		return nil
	}
	rec.closed = true
	if err := rec.line(trailer{End: rec.last}); err != nil {
		return fmt.Errorf("writing the end of the recording: %w", err)
	}
	return nil
}

func (rec *Writer) line(v any) error {
	rec.buf.Reset()
	if err := rec.enc.Encode(v); err != nil {
		return err
	}
	if rec.buf.Len() > maxLine {
		return fmt.Errorf("a line of %d bytes; a recording takes at most %d", rec.buf.Len(), maxLine)
	}
	_, err := rec.w.Write(rec.buf.Bytes())
	return err
}

// follows says whether e may come after the event with number last, and has what its kind promises.
func follows(last uint64, e *Event) error {
	step := uint64(1)
	if e.Kind == KindGap {
		step = e.Gap
	}
	switch {
	case step == 0:
		return errors.New("a gap of no events")
	case e.N <= last || e.N-last != step:
		return fmt.Errorf("event %d cannot follow event %d", e.N, last)
	}
	return complete(e)
}

// complete says whether e has the part that its kind names.
func complete(e *Event) error {
	var there bool
	switch e.Kind {
	case KindStep:
		there = e.Step != nil
	case KindBirth:
		there = e.Birth != nil
	case KindDeath:
		there = e.Death != nil
	case KindLink:
		there = e.Link != nil
	case KindAct:
		there = e.Act != nil
	case KindTitle, KindSay:
		there = e.Text != nil
	case KindPromise:
		there = e.Promise != nil
	case KindGap:
		there = true
	default:
		return fmt.Errorf("there is no event of kind %q", string(e.Kind))
	}
	if !there {
		return fmt.Errorf("an event of kind %q that does not tell what happened", string(e.Kind))
	}
	return nil
}

// Read reads a whole recording. If the recording turns out to be broken, it returns the events before that together with the error:
// they are good, and what is left of a session that was cut off is worth seeing.
func Read(r io.Reader) (Header, []Event, error) {
	rd, err := NewReader(r)
	if err != nil {
		return Header{}, nil, err
	}
	var events []Event
	for {
		e, err := rd.Next()
		if err == io.EOF {
			return rd.Header(), events, nil
		}
		if err != nil {
			return rd.Header(), events, err
		}
		events = append(events, e)
	}
}

// Reader reads a recording event by event. It is not safe for concurrent use.
type Reader struct {
	r       *bufio.Reader
	header  Header
	version int
	line    int // lines read
	events  int
	last    uint64
	err     error // what Next will return from now on
}

// NewReader begins to read a recording: it reads the header. Errors are those of r, ErrNotARecording and ErrNewerVersion.
func NewReader(r io.Reader) (*Reader, error) {
	rd := &Reader{r: bufio.NewReaderSize(r, 64<<10)}
	line, _, err := rd.nextLine()
	switch {
	case err == io.EOF:
		return nil, fmt.Errorf("%w: the file is empty", ErrNotARecording)
	case errors.Is(err, errLongLine):
		return nil, fmt.Errorf("%w: its first line is not a header", ErrNotARecording)
	case err != nil:
		return nil, fmt.Errorf("reading the recording: %w", err)
	}
	// The version is looked at before anything else: all but these two fields may be different in a newer one.
	var is struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(line, &is); err != nil || is.Format != formatName || is.Version < 1 {
		return nil, fmt.Errorf("%w: its first line is not a header", ErrNotARecording)
	}
	if is.Version > Version {
		return nil, fmt.Errorf("%w: this recording has version %d, this program reads up to %d: replay it with a newer gossipscope",
			ErrNewerVersion, is.Version, Version)
	}
	rd.version = is.Version
	if err := json.Unmarshal(line, &rd.header); err != nil {
		return nil, fmt.Errorf("%w: its header cannot be read: %w", ErrNotARecording, err)
	}
	return rd, nil
}

// Header returns the header of the recording.
func (rd *Reader) Header() Header { return rd.header }

// Next returns the next event, and io.EOF after the last, if the recording says that it was the last. Other errors are those of the underlying reader, and ErrBrokenRecording,
// which names the line. After an error it goes on returning it.
func (rd *Reader) Next() (Event, error) {
	if rd.err != nil {
		return Event{}, rd.err
	}
	e, err := rd.next()
	if err != nil {
		rd.err = err
		return Event{}, err
	}
	rd.last = e.N
	rd.events++
	return e, nil
}

// All returns the rest of the events. It ends with the first error, which comes with a zero Event.
func (rd *Reader) All() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			e, err := rd.Next()
			if err == io.EOF {
				return
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (rd *Reader) next() (Event, error) {
	line, whole, err := rd.nextLine()
	switch {
	case err == io.EOF && rd.version >= endsWithTrailer:
		return Event{}, fmt.Errorf("%w while it was written: the line that ends it is missing; the %d events before that are whole",
			ErrTruncated, rd.events)
	case err == io.EOF:
		return Event{}, io.EOF
	case errors.Is(err, errLongLine):
		return Event{}, fmt.Errorf("%w: line %d is longer than %d bytes", ErrBrokenRecording, rd.line, maxLine)
	case err != nil:
		return Event{}, fmt.Errorf("reading line %d of the recording: %w", rd.line, err)
	}
	if bytes.HasPrefix(line, []byte(trailerBegins)) && (whole || json.Valid(line)) {
		return Event{}, rd.end(line)
	}
	e, err := decodeEvent(line)
	if err != nil && !whole {
		return Event{}, fmt.Errorf("%w while it was written: line %d ends in the middle; the %d events before it are whole",
			ErrTruncated, rd.line, rd.events)
	}
	if err == nil {
		err = follows(rd.last, &e)
	}
	if err != nil {
		return Event{}, fmt.Errorf("%w: line %d: %w", ErrBrokenRecording, rd.line, err)
	}
	return e, nil
}

// end reads the last line, and looks whether it is the last, and the one of this recording. It returns io.EOF if all is well.
func (rd *Reader) end(line []byte) error {
	var t trailer
	if err := json.Unmarshal(line, &t); err != nil {
		return fmt.Errorf("%w: line %d: %w", ErrBrokenRecording, rd.line, err)
	}
	if t.End != rd.last {
		return fmt.Errorf("%w: line %d says that event %d is the last, and event %d was", ErrBrokenRecording, rd.line, t.End, rd.last)
	}
	if _, _, err := rd.nextLine(); err != io.EOF {
		return fmt.Errorf("%w: line %d follows the one that says that it is the last", ErrBrokenRecording, rd.line)
	}
	return io.EOF
}

var errLongLine = errors.New("line too long")

// nextLine returns the next line without its end, and whether it had one; io.EOF if there is none. The line is good until the next
// call. Whatever is too long is not read to its end.
func (rd *Reader) nextLine() (line []byte, whole bool, err error) {
	rd.line++
	line, err = rd.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line = bytes.Clone(line)
		for err == bufio.ErrBufferFull && len(line) <= maxLine {
			var more []byte
			more, err = rd.r.ReadSlice('\n')
			line = append(line, more...)
		}
	}
	switch {
	case len(line) > maxLine:
		return nil, false, errLongLine
	case err == io.EOF && len(line) > 0:
		return line, false, nil
	case err != nil:
		return nil, false, err
	}
	return line[:len(line)-1], true, nil
}
