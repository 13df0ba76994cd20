package main

// Playing a lesson: the peers run, and whoever looks follows the recorder at his own speed, so that neither a slow terminal nor a
// slow disk holds up a peer. Two may look at once: stdout, as lines or as JSON, and the file of --record.
//
// However it ends, it ends in this order: the lesson, the peers, the recorder, those who follow it. Only then is a recording
// complete, and gets its name.

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/userdata"
	"gossipscope/walkthroughs"
)

// keptEvents is how many events the recorder keeps for those who follow it: more than any lesson has, by far, so that a terminal that
// stands still loses nothing.
const keptEvents = 1 << 17

type playOptions struct {
	plain, json bool
	speed       string
	record      string
	recordAsked bool
	looks       looks
}

// play is explore play.
func (p *program) play(ctx context.Context, name string, opts playOptions) error {
	l, err := p.find(name)
	if err != nil {
		return err
	}
	speed, err := parseSpeed(opts.speed)
	switch {
	case err != nil:
		return err
	case opts.plain && opts.json:
		return misuse("play", text.Table.Usage.PlainOrJSON)
	case opts.recordAsked && opts.record == "":
		return misuse("play", text.Table.Usage.EmptyRecordPath)
	}
	if p.terminal && p.interactive && !opts.plain && !opts.json && !opts.recordAsked && l.shown != nil {
		return p.screens(ctx, opts.looks, speed, &tui.Choice{Lesson: l.shown})
	}
	s := venue{recorder: timeline.NewRecorder(keptEvents), speed: speed}
	if p.terminal && !opts.json {
		s.pace = func(e timeline.Event) time.Duration { return narrate.Pace(&e, p.lang) }
	}
	return p.perform(ctx, l, s, opts)
}

// perform plays l in s and shows it.
func (p *program) perform(ctx context.Context, l lesson, s venue, opts playOptions) error {
	header := timeline.Header{Lesson: l.slug, Network: "tcp", Policy: "free", Created: time.Now().UTC().Truncate(time.Second)}
	if s.pace != nil {
		header.Policy = "paced"
	}
	var file *userdata.NewFile
	if opts.record != "" {
		var err error
		if file, err = createRecording(opts.record); err != nil {
			return err
		}
		defer file.Discard()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	followers := followersOf(s.recorder, stop)
	followers.begin(func(c *timeline.Cursor) error {
		err := p.show(c, header, opts)
		if file != nil && readerGone(err) {
			return nil // he has seen enough; the file is to have it all
		}
		return err
	})
	if file != nil {
		followers.begin(func(c *timeline.Cursor) error { return record(file, c, header) })
	}
	played := l.play(ctx, s)
	s.recorder.Close()
	followers.wait()
	err := p.outcome(ctx, played)
	if file == nil {
		return err
	}
	return p.keep(file, opts.record, err)
}

// keep gives the recording its name if the lesson was played to its end, also to a bad one: that is when a recording is wanted.
func (p *program) keep(file *userdata.NewFile, path string, err error) error {
	if err != nil && !toTheEnd(err) {
		if output := (*outputError)(nil); errors.Is(err, errInterrupted) || errors.As(err, &output) {
			p.complain(text.Table.Failures.Discarded.Format(p.lang, text.Printable(path)))
		}
		return err
	}
	if kept := file.Keep(); kept != nil {
		return kept
	}
	p.complain(text.Table.Failures.Recorded.Format(p.lang, text.Printable(path), p.called, shellQuote(text.Printable(path))))
	return err
}

// toTheEnd reports whether err is one with which a lesson ends by itself, so that all there is to record was recorded.
func toTheEnd(err error) bool {
	var told *text.Error
	return errors.As(err, &told) && (told.Says == text.Table.Failures.PromisesBroken || told.Says == text.Table.Failures.LessonStuck)
}

// outcome is how the lesson ended. What stopped it counts more than what it says itself when it was stopped.
func (p *program) outcome(ctx context.Context, played error) error {
	var (
		noLab  *errNoLab
		output *outputError
		told   *text.Error
	)
	cause := context.Cause(ctx)
	switch {
	case errors.As(cause, &output), errors.As(cause, &told):
		return cause
	case cause != nil:
		return errInterrupted
	case errors.As(played, &noLab):
		return text.Failed(noLab.cause, text.Table.Failures.LabStart)
	case errors.Is(played, walkthroughs.ErrBroken):
		return text.Failed(played, text.Table.Failures.PromisesBroken)
	case played != nil:
		return text.Failed(played, text.Table.Failures.LessonStuck)
	}
	return nil
}

// followers are those who follow a recorder, each on a goroutine of its own. The first that fails stops the lesson.
type followers struct {
	recorder *timeline.Recorder
	stop     context.CancelCauseFunc
	group    sync.WaitGroup
}

func followersOf(r *timeline.Recorder, stop context.CancelCauseFunc) *followers {
	return &followers{recorder: r, stop: stop}
}

func (f *followers) begin(follow func(*timeline.Cursor) error) {
	cursor := f.recorder.Follow(0)
	f.group.Go(func() {
		if err := follow(cursor); err != nil {
			f.stop(err)
		}
	})
}

func (f *followers) wait() { f.group.Wait() }

// show writes to stdout what the cursor comes upon, until the recorder is closed.
func (p *program) show(c *timeline.Cursor, header timeline.Header, opts playOptions) error {
	// Not the context of the lesson: what happened until it was stopped is shown all the same.
	ctx := context.Background()
	if opts.json {
		w, err := timeline.NewWriter(p.stdout, header)
		if err == nil {
			err = c.CopyTo(ctx, w)
		}
		if err == nil {
			err = w.Close()
		}
		return asOutput(err)
	}
	printer, err := p.printer(opts.looks.ascii)
	if err != nil {
		return asOutput(err)
	}
	for {
		e, err := c.Next(ctx)
		if err == io.EOF {
			return asOutput(printer.Finish())
		}
		if err != nil {
			return err
		}
		if err := printer.Print(e); err != nil {
			return asOutput(err)
		}
	}
}

// printer returns what tells events as a story, and says first how to read it.
func (p *program) printer(ascii bool) (*narrate.Printer, error) {
	out := p.stdout
	if ascii {
		out = inASCII{out}
	}
	width := p.width()
	legend := text.Wrap(text.Table.Lessons.Legend.In(p.lang), cmp.Or(width, 100))
	if _, err := io.WriteString(out, strings.Join(legend, "\n")+"\n\n"); err != nil {
		return nil, err
	}
	return narrate.NewPrinter(out, p.lang, narrate.Options{Width: width}), nil
}

// inASCII writes without symbols and without characters that draw lines. What it is given at once must not end within a character.
type inASCII struct{ to io.Writer }

// Write implements io.Writer.
func (w inASCII) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.to, canvas.Plain(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

func asOutput(err error) error {
	if err == nil {
		return nil
	}
	return &outputError{err}
}
