package tables

// Inspect tells everything that is known of one thing: of a peer, a connection, a message, a queue, or a goroutine that is held. Where a
// table has room for a word, the inspector has room for the field, its value and what it means.

import (
	"encoding/hex"
	"fmt"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// Line is one line of what Inspect tells: a field, or a heading, which has no value.
type Line struct {
	Label   string
	Value   string
	Note    string // what the field means, "" if that is plain
	Style   canvas.Style
	Heading bool
}

// Inspect returns the title of what is selected and all that is known of it. Without a selection it says that there is none.
func Inspect(s *scene.Scene) (title string, lines []Line) {
	in := &inspector{s: s, th: s.Theme}
	sel := s.Selected
	switch sel.Kind {
	case scene.SelectPeer:
		title = in.say(asks.peer, text.Printable(sel.Peer))
		in.peer(s.State.Peer(sel.Peer))
	case scene.SelectConnection:
		c := s.State.Connection(sel.Conn)
		title = in.connectionTitle(c)
		in.connection(c)
	case scene.SelectMessage:
		title = in.say(asks.message, in.connectionName(s.State.Connection(sel.Conn)))
		in.message()
	case scene.SelectQueue:
		title = in.queueTitle()
		in.queue()
	case scene.SelectGoroutine:
		title = in.say(asks.goroutine, text.Printable(sel.Peer))
		in.goroutine()
	default:
		title = in.say(asks.nothing)
		in.note(asks.nothingSelected)
	}
	return title, in.lines
}

// DrawLines draws lines into a region, beginning with row top of them, and returns how many rows all of them take at this width.
func DrawLines(r canvas.Region, th *scene.Theme, lines []Line, top int) (rows int) {
	label := 0
	for _, l := range lines {
		if !l.Heading {
			label = max(label, canvas.Width(l.Label))
		}
	}
	label = min(label, max(8, r.Width()/3))
	for _, l := range lines {
		y := rows - top
		if l.Heading {
			if rows > 0 {
				rows, y = rows+1, y+1
			}
			r.Fit(0, y, r.Width(), th.Strong, l.Label)
			rows++
			continue
		}
		if y >= 0 {
			r.Fit(1, y, label, th.Faint, l.Label)
		}
		rows += drawValue(r, label+3, y, th, l)
	}
	return rows
}

// drawValue draws a value and its note behind it, or below it where that is too long, and returns the number of rows.
func drawValue(r canvas.Region, x, y int, th *scene.Theme, l Line) int {
	width := max(8, r.Width()-x)
	n := 0
	wrapped := text.Wrap(l.Value, width)
	for _, line := range wrapped {
		r.Text(x, y+n, l.Style, line)
		n++
	}
	last := canvas.Width(wrapped[len(wrapped)-1])
	switch {
	case l.Note == "":
	case last == 0 || last+2+canvas.Width(l.Note) <= width:
		r.Fit(x+last+2*min(last, 1), y+n-1, width, th.Faint, l.Note)
	default:
		for _, line := range text.Wrap(l.Note, width) {
			r.Text(x, y+n, th.Faint, line)
			n++
		}
	}
	return n
}

type inspector struct {
	s     *scene.Scene
	th    *scene.Theme
	lines []Line
}

func (in *inspector) say(t text.Text, args ...any) string { return in.s.Say(t, args...) }

func (in *inspector) heading(t text.Text, args ...any) {
	in.lines = append(in.lines, Line{Label: in.say(t, args...), Heading: true})
}

func (in *inspector) note(t text.Text, args ...any) {
	in.lines = append(in.lines, Line{Value: in.say(t, args...), Style: in.th.Faint})
}

// field adds a field. meaning may be nil.
func (in *inspector) field(label text.Text, value string, style canvas.Style, meaning *text.Text) {
	l := Line{Label: in.say(label), Value: value, Style: style}
	if meaning != nil {
		l.Note = in.say(*meaning)
	}
	in.lines = append(in.lines, l)
}

func (in *inspector) plain(label text.Text, value string) { in.field(label, value, in.th.Text, nil) }

// moment writes a mark: when it was, and by which event.
func (in *inspector) moment(m timeline.Mark) string {
	if !m.Set() {
		return in.say(asks.notYet)
	}
	return in.say(asks.moment, terms.Moment(m.At), m.N)
}

// outcome writes how something went.
func (in *inspector) outcome(label text.Text, o timeline.Outcome, meaning *text.Text) {
	switch {
	case !o.Set():
		in.field(label, in.say(asks.notYet), in.th.Faint, meaning)
	case o.Failed:
		in.field(label, scene.FailedMark+" "+in.moment(o.Mark)+"  "+terms.Reason(in.s.Lang, o.Reason), in.th.Bad, meaning)
	default:
		in.field(label, strings.TrimSpace(scene.KeptMark+" "+in.moment(o.Mark)+"  "+terms.Reason(in.s.Lang, o.Reason)), in.th.Good, meaning)
	}
}

func (in *inspector) hex(label text.Text, b []byte, meaning *text.Text) {
	if len(b) == 0 {
		in.field(label, in.say(asks.unknown), in.th.Faint, meaning)
		return
	}
	in.field(label, hex.EncodeToString(b), in.th.Text, meaning)
}

func (in *inspector) yes(label text.Text, yes bool, meaning *text.Text) {
	if yes {
		in.field(label, in.say(asks.yes), in.th.Good, meaning)
		return
	}
	in.field(label, in.say(asks.no), in.th.Faint, meaning)
}

func (in *inspector) connectionName(c *timeline.Connection) string {
	if c == nil {
		return "?"
	}
	return scene.Name(in.s.State, c)
}

// goroutine tells of one who is held: where, since when, and what he will do when he is let go.
func (in *inspector) goroutine() {
	s := in.s
	i := 0
	for i < len(s.Held) && s.Held[i].ID != s.Selected.Goroutine {
		i++
	}
	if i == len(s.Held) {
		in.note(asks.released)
		return
	}
	h := &s.Held[i]
	in.plain(asks.role, text.Printable(string(h.Goroutine)))
	in.field(asks.step, text.Printable(string(h.Step)), in.th.Warn, nil)
	c := s.ConnectionOf(&h.Event)
	if c != nil {
		in.plain(asks.connection, in.connectionName(c))
	}
	if since, found := in.since(c, h.Goroutine, h.Step); found {
		in.plain(asks.since, in.moment(since))
	}
	if h.Event.Step == nil {
		return
	}
	if caption, known := narrate.CaptionOf(h.Event.Step); known {
		in.field(asks.willDo, in.say(caption), in.th.Text, nil)
	}
	in.event(h.Event.Step)
	in.plain(asks.turn, in.say(asks.place, i+1, len(s.Held)))
	if s.Pick == h.ID || (s.Pick == 0 && i == 0) {
		in.field(text.Text{}, in.say(asks.goesNext), in.th.Accent, nil)
	}
}

// since returns when a goroutine came to the step at which it is held.
func (in *inspector) since(c *timeline.Connection, role trace.Goroutine, step trace.Step) (timeline.Mark, bool) {
	var lists [][]timeline.Goroutine
	if c != nil {
		lists = append(lists, c.Goroutines)
	}
	if p := in.s.State.Peer(in.s.Selected.Peer); p != nil {
		lists = append(lists, p.Goroutines)
	}
	for _, list := range lists {
		for _, g := range list {
			if g.Role == role && g.At == step {
				return g.Mark, true
			}
		}
	}
	return timeline.Mark{}, false
}

// event tells what a step says beside its name.
func (in *inspector) event(e *trace.Event) {
	if e.Number != 0 {
		in.plain(asks.number, fmt.Sprint(e.Number))
	}
	if e.Queue.Cap > 0 {
		in.plain(asks.queueThen, text.Printable(e.Queue.Name)+" "+terms.Fill(e.Queue.Len, e.Queue.Cap))
	}
	if len(e.Peer) > 0 {
		in.plain(asks.other, terms.WhoIs(in.s.State, in.s.Lang, e.Peer))
	}
	if e.Detail != "" {
		in.plain(asks.detail, text.Printable(e.Detail))
	}
}
