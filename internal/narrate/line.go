// Package narrate turns the events of a session into lines that a person reads, in Chinese or in English: for "explore play --plain",
// for "explore replay --plain", and for the transcripts of the walkthroughs, which must come out the same in every run. So a line
// shows nothing that a run makes up: no ports, hashes, nonces, or lengths of signatures. What is fixed may be shown, and the
// identities of the lab are.
//
// A Printer takes one event after the other and looks only back, since the next event may not have happened yet. It lays out a line
// (this file), finds out who is meant (names.go), says what happens (captions.go) and why something ended (reasons.go).
package narrate

import (
	"fmt"
	"io"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

const (
	defaultWidth = 100
	minimumWidth = 60
	indent       = "  "
	stepCells    = 18 // the longest names of the catalogue
	narrowest    = 20 // of a column of text, if long names leave it too little room
)

// Options say how a Printer lays out. The zero value is usable.
type Options struct {
	Width int // of a line, in cells; 100 if zero, and never less than 60
}

// Printer writes events as a story. It is for one goroutine. It writes plain text, whole lines at a time, and never a control
// character, whatever a peer may have sent.
type Printer struct {
	*Teller
	w     io.Writer
	width int
	last  block
	err   error

	kept, broken int // promises

	reasons map[string]string // peer and connection → the words of the error that was shown last
}

// block is what kind of lines was printed last: between different kinds there is an empty line.
type block int

const (
	nothing block = iota
	title
	prose
	act // leads the steps that come of it
	steps
	promises
)

// NewPrinter returns a printer that writes to w in lang.
func NewPrinter(w io.Writer, lang text.Lang, opts Options) *Printer {
	if opts.Width == 0 {
		opts.Width = defaultWidth
	}
	return &Printer{w: w, Teller: NewTeller(lang), width: max(opts.Width, minimumWidth), reasons: make(map[string]string)}
}

// Print writes one event. Events must come in the order of their numbers. After an error of the writer it writes nothing more and
// returns that error again.
func (p *Printer) Print(e timeline.Event) error {
	p.Observe(&e)
	switch {
	case e.Kind == timeline.KindTitle && e.Text != nil:
		p.title(p.Tell(&e))
	case e.Kind == timeline.KindSay && e.Text != nil:
		p.paragraph(prose, "", p.Tell(&e))
	case e.Kind == timeline.KindBirth && e.Birth != nil:
		p.paragraph(steps, indent+"+ ", p.Tell(&e))
	case e.Kind == timeline.KindDeath && e.Death != nil:
		p.paragraph(steps, indent+"- ", p.Tell(&e))
	case e.Kind == timeline.KindLink && e.Link != nil:
		p.paragraph(steps, indent+"~ ", p.Tell(&e))
	case e.Kind == timeline.KindAct && e.Act != nil:
		p.paragraph(act, "▸ ", p.Tell(&e))
		p.last = steps
	case e.Kind == timeline.KindPromise && e.Promise != nil:
		p.promise(&e)
	case e.Kind == timeline.KindGap:
		p.paragraph(steps, indent+"… ", p.Tell(&e))
	case e.Kind == timeline.KindStep && e.Step != nil:
		p.step(e.Peer, e.Step)
	}
	return p.err
}

// Finish writes how many promises were kept and broken, if there were any, and returns the error of the writer, if there was one.
func (p *Printer) Finish() error {
	switch {
	case p.broken > 0:
		p.paragraph(promises, "", p.pick(text.Text{Zh: "承诺：%d 条成立，%d 条落空。", En: "Promises: %d kept, %d broken."}, p.kept, p.broken))
	case p.kept > 0:
		p.paragraph(promises, "", p.pick(text.Text{Zh: "承诺：%d 条，全部成立。", En: "Promises: %d, all kept."}, p.kept))
	}
	return p.err
}

// paragraph writes s behind first, wrapped; the lines after the first stand under its text.
func (p *Printer) paragraph(kind block, first, s string) {
	hang := strings.Repeat(" ", text.Cells(first))
	var out strings.Builder
	for i, line := range text.Wrap(s, max(p.width-text.Cells(first), narrowest)) {
		lead := first
		if i > 0 {
			lead = hang
		}
		out.WriteString(strings.TrimRight(lead+line, " ") + "\n")
	}
	p.write(kind, out.String())
}

// write writes whole lines, and an empty one before them where something else begins.
func (p *Printer) write(kind block, lines string) {
	if p.err != nil {
		return
	}
	if p.last != nothing && (p.last != kind || kind == prose || kind == title) {
		lines = "\n" + lines
	}
	p.last = kind
	_, p.err = io.WriteString(p.w, lines)
}

func (p *Printer) title(s string) {
	line := "── " + s + " "
	p.write(title, line+strings.Repeat("─", max(2, p.width-text.Cells(line)))+"\n")
}

func (p *Printer) promise(e *timeline.Event) {
	mark := indent + "✓ "
	p.kept++
	if !e.Promise.Kept {
		mark = indent + "✗ "
		p.kept--
		p.broken++
	}
	p.paragraph(promises, mark, p.Tell(e))
}

// step writes the line of a step: who, in which direction, towards whom, on which connection, what, and why.
func (p *Printer) step(peer string, t *trace.Event) {
	other, label := p.names.of(peer, t)
	arrow := arrowOf(t, other)
	n := p.names.widest
	first := fmt.Sprintf("%s%s %s %s  %s  %s %s  ", indent, text.Pad(text.Printable(peer), n), arrow, text.Pad(other, n),
		text.Pad(label, 2*n+3), MarkOf(t), text.Pad(text.Printable(string(t.Step)), stepCells))
	s := p.caption(t)
	room := max(p.width-text.Cells(first), narrowest)
	s = join(s, p.facts(t, other), room)
	if StatusOf(t) == Failing && t.Err != nil {
		s = join(s, p.reason(peer+" "+label, p.names.scrub(t.Err.Error())), room)
	}
	p.paragraph(steps, first, s)
}

// reason tells why something failed. One failure passes through several steps of a connection, and is told in full once.
func (p *Printer) reason(where, words string) string {
	if p.reasons[where] == words {
		return p.pick(text.Text{Zh: "〔原因同上〕", En: " [the reason is the same]"})
	}
	p.reasons[where] = words
	return "\n" + because(p.lang, words)
}

// join puts facts behind s where they fit into its last line whole, else, or if they begin with a line end, on a line of their own.
func join(s, facts string, width int) string {
	lines := text.Wrap(s, width)
	if strings.HasPrefix(facts, "\n") || text.Cells(lines[len(lines)-1])+text.Cells(facts) <= width {
		return s + facts
	}
	return s + "\n" + strings.TrimSpace(facts)
}
