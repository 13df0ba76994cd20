package main

import (
	"bufio"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// exportOptions say what of a recording to draw, and how.
type exportOptions struct {
	mermaid, svg bool
	messages     bool
	from, to     uint64
	toAsked      bool
}

func (p *program) exportCommand() *command {
	says := &text.Table.Reading
	var opts exportOptions
	c := &command{said: &says.Export, examples: says.ExportExamples, values: map[string]text.Text{"from": says.Number, "to": says.Number},
		Command: &cobra.Command{Use: "export", Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misuse(c.Name(), says.WhichExport)
			case len(args) > 1:
				return misuse(c.Name(), text.Table.Usage.OneOnly, c.CommandPath())
			case opts.mermaid == opts.svg:
				return misuse(c.Name(), says.WhichForm)
			}
			return nil
		}, RunE: func(c *cobra.Command, args []string) error {
			opts.toAsked = c.Flags().Changed("to")
			return p.export(c.Context(), args[0], opts)
		}}}
	c.Flags().BoolVar(&opts.mermaid, "mermaid", false, says.Mermaid.In(p.lang))
	c.Flags().BoolVar(&opts.svg, "svg", false, says.SVG.In(p.lang))
	c.Flags().BoolVar(&opts.messages, "messages", false, says.OnlyMessages.In(p.lang))
	c.Flags().Uint64Var(&opts.from, "from", 1, says.From.In(p.lang))
	c.Flags().Uint64Var(&opts.to, "to", 0, says.To.In(p.lang))
	return c
}

// export is explore export. Of a recording that is broken it draws what is before that place.
func (p *program) export(ctx context.Context, path string, opts exportOptions) error {
	header, events, broken := p.readRecording(ctx, path)
	if broken != nil && len(events) == 0 {
		return broken
	}
	if len(events) == 0 {
		return text.Failed(errNothing, text.Table.Reading.NoEvents, text.Printable(path))
	}
	last := events[len(events)-1].N
	if !opts.toAsked {
		opts.to = last
	}
	if opts.from < 1 || opts.from > opts.to || opts.to > last {
		return misuse("export", text.Table.Reading.BadRange, last)
	}
	picture := sequence.Export{Lang: p.lang, Title: p.titleOf(header), Filter: sequence.Filter{Detail: sequence.Notable}}
	if opts.messages {
		picture.Filter.Detail = sequence.Messages
	}
	d, w := between(events, opts.from, opts.to), bufio.NewWriter(p.stdout)
	write := d.Mermaid
	if opts.svg {
		write = d.SVG
	}
	if err := errors.Join(write(w, picture), w.Flush()); err != nil {
		return &outputError{err}
	}
	return broken
}

// between returns the diagram of some of the events; what was before, it knows as a state.
func between(events []timeline.Event, from, to uint64) *sequence.Diagram {
	var before timeline.State
	i := 0
	for ; events[i].N < from; i++ {
		before.Apply(events[i])
	}
	d := sequence.From(&before)
	for ; i < len(events) && events[i].N <= to; i++ {
		d.Append(events[i])
	}
	return d
}

// titleOf returns the title of the lesson that was recorded, "" if there is none.
func (p *program) titleOf(header timeline.Header) string {
	for _, l := range p.lessons {
		if l.slug == header.Lesson {
			return l.title.In(p.lang)
		}
	}
	return ""
}
