package main

import (
	"context"
	"errors"

	"gossipscope/internal/timeline"
)

// replay is explore replay. A recording that is broken is shown up to that place.
func (p *program) replay(ctx context.Context, path string, json, ascii bool) error {
	r, err := p.openRecording(path)
	if err != nil {
		return err
	}
	defer r.Close()
	show, finish, err := p.replayer(r.Header(), json, ascii)
	if err != nil {
		return asOutput(err)
	}
	for e, err := range r.All() {
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err != nil {
			return errors.Join(err, asOutput(finish(false)))
		}
		if err := show(e); err != nil {
			return asOutput(err)
		}
	}
	return asOutput(finish(true))
}

// replayer returns what shows one event, and what is to be called after the last, told whether the recording was whole.
func (p *program) replayer(header timeline.Header, json, ascii bool) (
	show func(timeline.Event) error, finish func(whole bool) error, err error,
) {
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
	printer, err := p.printer(ascii)
	if err != nil {
		return nil, nil, err
	}
	return printer.Print, func(bool) error { return printer.Finish() }, nil
}
