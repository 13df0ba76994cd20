package main

// The messages of a recording: a list of them, one of them byte by byte (sheet.go), or the bytes of one of its fields.

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gossipscope/internal/lab"
	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/wire"
)

func (p *program) bytesCommand() *command {
	says := &text.Table.Reading
	var field string
	c := &command{said: &says.Bytes, examples: says.BytesExamples, values: map[string]text.Text{"raw": says.RawValue},
		Command: &cobra.Command{Use: "bytes", Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misuse(c.Name(), says.WhichBytes)
			case len(args) > 2:
				return misuse(c.Name(), says.BytesTwo)
			case len(args) == 1 && c.Flags().Changed("raw"):
				return misuse(c.Name(), says.RawNeedsMessage)
			}
			return nil
		}, RunE: func(c *cobra.Command, args []string) error {
			return p.bytes(c.Context(), args, field, c.Flags().Changed("raw"))
		}}}
	c.Flags().StringVar(&field, "raw", "", says.Raw.In(p.lang))
	return c
}

var errNothing = errors.New("nothing there")

// bytes is explore bytes. Of a recording that is broken it shows what is before that place.
func (p *program) bytes(ctx context.Context, args []string, field string, raw bool) error {
	says := &text.Table.Reading
	header, events, broken := p.readRecording(ctx, args[0])
	if broken != nil && len(events) == 0 {
		return broken
	}
	d := sequence.New()
	for _, e := range events {
		d.Append(e)
	}
	messages := inOrderOfLeaving(d.Carried())
	if len(messages) == 0 {
		return cmp.Or(broken, error(text.Failed(errNothing, says.NoMessages, text.Printable(args[0]))))
	}
	if len(args) == 1 {
		return errors.Join(p.messageList(args[0], messages), broken)
	}
	n, err := strconv.Atoi(args[1])
	if err != nil || n < 1 || n > len(messages) {
		return misuse("bytes", says.BadMessage, text.Printable(args[1]), len(messages))
	}
	m := messages[n-1]
	tree := wire.Open(m.Envelope)
	if raw {
		return errors.Join(p.rawField(tree, field), broken)
	}
	return errors.Join(p.printStyled(p.message(n, m, tree, wire.Check(tree, contextOf(header, events, m)))), broken)
}

// inOrderOfLeaving returns messages in the order in which they left: a message may wait in a queue until a handshake is done. Of one whose
// leaving nobody tells, as it is with an intruder's, its arrival counts; those that were never sent come last.
func inOrderOfLeaving(messages []sequence.Carried) []sequence.Carried {
	when := func(m sequence.Carried) uint64 { return cmp.Or(m.Left, m.Arrived, math.MaxUint64) }
	return slices.SortedStableFunc(slices.Values(messages), func(a, b sequence.Carried) int { return cmp.Compare(when(a), when(b)) })
}

// contextOf returns what the recording knows about the sender of a message, at the moment of its arrival.
func contextOf(header timeline.Header, events []timeline.Event, m sequence.Carried) wire.Context {
	var state timeline.State
	for _, e := range events {
		state.Apply(e)
		if n := max(m.Left, m.Arrived); n > 0 && e.N >= n {
			break
		}
	}
	var c wire.Context
	if end := state.Connection(m.Conn); end != nil {
		c = wire.ContextOf(&state, end, m.Outgoing)
	}
	c.Roots = lab.Roots()
	if !header.Created.IsZero() {
		c.Time = header.Created.Add(state.At)
	}
	return c
}

// messageList prints a line for each message.
func (p *program) messageList(path string, messages []sequence.Carried) error {
	says := &text.Table.Reading
	rows := [][]string{{says.ColumnNumber.In(p.lang), says.ColumnWay.In(p.lang), says.ColumnContent.In(p.lang),
		says.ColumnBytes.In(p.lang), says.ColumnSays.In(p.lang)}}
	for i, m := range messages {
		tree := wire.Open(m.Envelope)
		var words []string
		if m.Kind != sequence.Handshake && m.Kind != sequence.Unreadable {
			words = append(words, m.Label.In(p.lang))
		}
		switch {
		case m.Left == 0 && m.Arrived == 0:
			words = append(words, says.NotSent.In(p.lang))
		case m.Arrived == 0:
			words = append(words, says.NotArrived.In(p.lang))
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), p.way(m), p.contentOf(tree), strconv.Itoa(len(tree.Bytes)),
			strings.Join(words, says.Comma.In(p.lang))})
	}
	var widths [5]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], text.Cells(cell))
		}
	}
	var out strings.Builder
	for _, row := range rows {
		for _, i := range []int{0, 3} { // numbers end together
			row[i] = strings.Repeat(" ", widths[i]-text.Cells(row[i])) + row[i]
		}
		var cells []string
		for i, cell := range row {
			cells = append(cells, text.Pad(cell, widths[i]))
		}
		out.WriteString(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
	}
	out.WriteString("\n" + says.BytesNext.Format(p.lang, p.called, shellQuote(text.Printable(path))) + "\n")
	return p.print(out.String())
}

// way says who sends a message to whom.
func (p *program) way(m sequence.Carried) string {
	nobody := text.Table.Reading.Nobody.In(p.lang)
	return cmp.Or(m.From, nobody) + " → " + cmp.Or(m.To, nobody)
}

// contentOf names the kind of a message, as message.proto does.
func (p *program) contentOf(tree *wire.Tree) string {
	says := &text.Table.Reading
	if payload := tree.Find("payload"); payload != nil {
		for i := len(payload.Children) - 1; i >= 0; i-- {
			if n := payload.Children[i]; n.Kind == wire.Field && n.Holds != "" && !n.Overruled {
				return n.Holds
			}
		}
	}
	if len(tree.Faults) > 0 {
		return says.Unreadable.In(p.lang)
	}
	return says.NoContent.In(p.lang)
}

// rawField prints the bytes of a field, and nothing else.
func (p *program) rawField(tree *wire.Tree, field string) error {
	says := &text.Table.Reading
	content := tree.Bytes
	if field != "." {
		at, path := tree.Root, []string(nil)
		for _, name := range strings.Split(field, "/") {
			next := tree.Find(append(path, name)...)
			if next == nil {
				names := namesIn(at)
				if len(names) == 0 {
					return misuse("bytes", says.NoFieldsIn, text.Printable(field), at.Label())
				}
				return misuse("bytes", says.UnknownField, text.Printable(field), at.Label(), strings.Join(names, says.Between.In(p.lang)))
			}
			at, path = next, append(path, name)
		}
		content = tree.Bytes[at.Content.From:at.Content.To]
	}
	if p.terminal && !isText(content) {
		return misuse("bytes", says.RawTerminal)
	}
	return p.print(string(content))
}

// namesIn returns the names of the fields in a field.
func namesIn(n *wire.Node) []string {
	var names []string
	for _, child := range n.Children {
		if child.Name != "" && child.Kind != wire.Unknown && !child.Overruled {
			names = append(names, text.Printable(child.Name))
		}
	}
	return names
}

// isText reports whether bytes are lines of printable ASCII.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\n' {
			return false
		}
	}
	return len(b) > 0
}
