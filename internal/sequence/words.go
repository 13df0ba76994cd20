package sequence

// What stands beside the marks and on the arrows. Captions of steps are narrate's; what else happens is told in its sentences too
// (narrator), so that the diagram and the printed lesson say the same. What this package says itself stands in one table (says.go).

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// maxQuoted bounds what is shown of a message's content, in cells.
const maxQuoted = 24

// tell puts an event into words. Which lane it is on, the picture knows.
func (d *Diagram) tell(at *entry) Telling {
	e := &at.event
	t := Telling{Peer: d.nameOf(at.peer), Goroutine: at.role, Status: narrate.Well}
	switch {
	case e.Step != nil:
		d.tellStep(&t, at)
	case e.Text != nil:
		t.Text = printable(*e.Text)
	case e.Promise != nil:
		d.tellPromise(&t, e.Promise)
	default:
		if e.Link != nil {
			t.Other, t.Conn = d.nameOf(at.far), text.Printable(e.Link.Name)
		}
		if e.Death != nil && e.Death.Cause == "killed" || e.Link != nil && e.Link.Change == timeline.LinkCut {
			t.Status = narrate.Failing
		}
		t.Text = d.narrator.sentence(e)
	}
	return t
}

func (d *Diagram) tellPromise(t *Telling, p *timeline.Promise) {
	t.Text = printable(p.Text)
	if p.Kept {
		return
	}
	t.Status = narrate.Failing
	if p.Why != "" {
		t.Why = same(d.scrub(p.Why))
	}
}

func (d *Diagram) tellStep(t *Telling, at *entry) {
	step := at.event.Step
	t.Step, t.Status = step.Step, narrate.StatusOf(step)
	caption, known := narrate.CaptionOf(step)
	if !known {
		caption = says.unknownStep
	}
	t.Text = caption
	if at.conn != nil {
		t.Other, t.Conn = d.nameOf(at.conn.other), text.Printable(at.conn.label)
	}
	if at.conn == nil {
		d.tellLine(t, at)
	}
	t.Facts = d.factsOf(at)
	if t.Status == narrate.Failing && step.Err != nil {
		t.Why = d.explain(step.Err.Error())
	}
}

// tellLine finds the other end of a step that is about no connection, by the line that it names, or else by the peer.
func (d *Diagram) tellLine(t *Telling, at *entry) {
	step := at.event.Step
	for _, address := range []string{step.Local, step.Remote} {
		line := timeline.Line{Link: timeline.Link{Name: d.dialers[address]}}
		if dialler, listener, ok := line.Peers(); ok && address != "" {
			t.Conn, t.Other = text.Printable(line.Name), text.Printable(dialler)
			if t.Other == t.Peer {
				t.Other = text.Printable(listener)
			}
			return
		}
	}
	if i, known := d.byID[string(step.Peer)]; known && len(step.Peer) > 0 {
		t.Other = d.nameOf(i)
	}
}

// factsOf returns what a caption leaves out: whom the other end claims to be, which message it is, how full the queue.
func (d *Diagram) factsOf(at *entry) text.Text {
	step := at.event.Step
	var facts []text.Text
	if i, known := d.byID[string(step.Peer)]; known && familyOf(step.Step) == "auth" && at.conn != nil && i != at.conn.other {
		facts = append(facts, says.claims.with(d.nameOf(i)))
	}
	if at.about != 0 && step.Envelope != nil {
		m := d.message(at.about)
		if number := step.Number; number != 0 && step.Object.Kind == trace.Connection {
			facts = append(facts, says.number.with(number))
		}
		if m.kind != Handshake {
			facts = append(facts, d.labelOf(m))
		}
	}
	if step.Object.Kind != trace.Connection && step.Number != 0 {
		facts = append(facts, says.subscription.with(step.Number))
	}
	if q := step.Queue; q.Cap > 0 && fills[step.Step] {
		name := same(text.Printable(q.Name))
		if q.Name == "subscription" {
			name = says.itsQueue
		}
		facts = append(facts, says.queue.with(name, q.Len, q.Cap))
	}
	if narrate.StatusOf(step) == narrate.Ended {
		facts = append(facts, d.endOf(step))
	}
	return enumerate(facts)
}

// endOf returns for which reason something ended that was meant to end.
func (d *Diagram) endOf(t *trace.Event) text.Text {
	words := t.Detail
	if t.Err != nil {
		words = t.Err.Error()
	}
	words = d.scrub(words)
	if zh, found := narrate.ExplainZh(words); found {
		return text.Text{Zh: strings.TrimSuffix(zh, "。") + "：" + words, En: words}
	}
	return same(words)
}

// fills are the steps that put something into a queue, or could not: of these it is worth knowing how full it is.
var fills = map[trace.Step]bool{
	trace.ConnEnqueue: true, trace.ConnDrop: true, trace.ConnQueued: true, trace.DemuxDeliver: true, trace.DemuxDelivered: true,
}

func enumerate(list []text.Text) text.Text {
	var zh, en []string
	for _, t := range list {
		zh, en = append(zh, t.Zh), append(en, t.En)
	}
	return text.Text{Zh: strings.Join(zh, "，"), En: strings.Join(en, ", ")}
}

// labelOf returns what stands on the arrow of a message.
func (d *Diagram) labelOf(m *message) text.Text {
	switch {
	case m.signal != noSignal:
		return says.signals[m.signal]
	case m.kind == Handshake:
		return says.hello
	case m.envelope == nil:
		return m.kind.Name()
	}
	msg, err := m.envelope.ToGossipMessage()
	switch {
	case err != nil:
		return says.unreadable
	case msg.IsAck() && msg.GetAck().GetError() != "":
		return quoted(says.nack, msg.GetAck().GetError())
	case msg.IsAck():
		return says.ack
	case msg.IsDataMsg() && len(msg.GetDataMsg().GetPayload().GetData()) == 0:
		return m.kind.Name()
	case msg.IsDataMsg() && utf8.Valid(msg.GetDataMsg().GetPayload().GetData()):
		return quoted(says.quote, string(msg.GetDataMsg().GetPayload().GetData()))
	case msg.ContentName() != "":
		return same(text.Printable(msg.ContentName()))
	}
	return says.unreadable
}

// quoted puts what came from a peer into a sentence, or the beginning of it.
func quoted(t phrase, s string) text.Text { return t.with(shorten(text.Printable(s), maxQuoted)) }

// shorten returns the beginning of s that fits into limit cells, with an ellipsis if that is not all.
func shorten(s string, limit int) string {
	if text.Cells(s) <= limit {
		return s
	}
	cells := 0
	for i, r := range s {
		if cells += text.Cells(string(r)); cells >= limit {
			return s[:i] + "…"
		}
	}
	return s
}

func quietText(lasts time.Duration, hidden int) text.Text {
	switch hidden {
	case 0:
		return says.quiet.with(span(lasts))
	case 1:
		return says.quietOne.with(span(lasts))
	}
	return says.quietHidden.with(span(lasts), hidden)
}

// span puts a duration into words: short to read, and never wrong by more than a twentieth.
func span(d time.Duration) text.Text {
	seconds := strconv.FormatFloat(rounded(d).Seconds(), 'f', -1, 64)
	if d >= time.Second {
		return text.Text{Zh: seconds + " 秒", En: seconds + " s"}
	}
	milliseconds := strconv.FormatFloat(float64(rounded(d))/float64(time.Millisecond), 'f', -1, 64)
	return text.Text{Zh: milliseconds + " 毫秒", En: milliseconds + " ms"}
}

func rounded(d time.Duration) time.Duration {
	for _, unit := range []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond, 100 * time.Microsecond} {
		if d >= 10*unit {
			return d.Round(unit)
		}
	}
	return d.Round(10 * time.Microsecond)
}

// same is for words that are alike in both languages.
func same(words string) text.Text { return text.Text{Zh: words, En: words} }

// printable is for what a lesson says: it may have several lines.
func printable(t text.Text) text.Text {
	lines := func(s string) string {
		list := strings.Split(s, "\n")
		for i := range list {
			list[i] = text.Printable(list[i])
		}
		return strings.Join(list, "\n")
	}
	return text.Text{Zh: lines(t.Zh), En: lines(t.En)}
}

// phrase is a text with places for arguments, the same in both languages.
type phrase text.Text

// with puts arguments in; one that is a text.Text in the language of the sentence.
func (p phrase) with(args ...any) text.Text {
	in := func(lang text.Lang) string {
		spoken := slices.Clone(args)
		for i, arg := range spoken {
			if t, ok := arg.(text.Text); ok {
				spoken[i] = t.In(lang)
			}
		}
		return text.Text(p).Format(lang, spoken...)
	}
	return text.Text{Zh: in(text.Chinese), En: in(text.English)}
}

// narrator tells in both languages what is no step, as the printed lesson does. It observes only what tells of names: births and lines.
type narrator struct{ zh, en *narrate.Teller }

func newNarrator() narrator {
	return narrator{narrate.NewTeller(text.Chinese), narrate.NewTeller(text.English)}
}

func (n narrator) observe(e *timeline.Event) {
	n.zh.Observe(e)
	n.en.Observe(e)
}

func (n narrator) sentence(e *timeline.Event) text.Text {
	return text.Text{Zh: n.zh.Tell(e), En: n.en.Tell(e)}
}
