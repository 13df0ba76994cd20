package pipeline

// What a station says of itself, in one or two short lines under the messages that it holds.

import (
	"fmt"
	"slices"
	"strings"

	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/tables/terms"
)

// said is some words and how they look.
type said struct {
	words string
	style canvas.Style
}

// notes returns the lines under the marks of a station: what is most worth knowing first.
func (l *lane) notes(st station, width int) (first, second, third said) {
	switch st {
	case caller:
		return l.aboutCaller(width)
	case outBuff, msgChan:
		return l.aboutQueue(st, width)
	case subscription:
		return l.aboutSubscriptions(width)
	}
	first = l.busy(st, width)
	switch h := l.heldAt(l.w, st); {
	case h != nil && canvas.Width(first.words) > width && l.boxes[st].height > 4:
		return said{l.s.Say(says.heldBrief), l.s.Theme.Warn}, said{firstThatFits(width, l.s.Say(says.heldBefore, h.Step), string(h.Step)), l.s.Theme.Warn}, said{}
	case st == reader:
		second = said{l.s.Say(says.ackFilter), l.s.Theme.Ack}
	case st == service && l.w.unclaimed() > 0:
		second = said{l.s.Say(says.notWanted, l.w.unclaimed()), l.s.Theme.Faint}
	case st == service:
		second = said{l.s.Say(says.demux), l.s.Theme.Faint}
	case st == subscriber && first != l.inHands(width):
		second = l.inHands(width)
	case st == writer && len(l.w.holds[writer]) > 0:
		second = said{l.p.says.of(l.s.Lang, l.w.list[l.w.holds[writer][0]]), l.s.Theme.Faint}
	}
	return first, second, said{}
}

// inHands says how much the subscriptions' goroutines have taken out of their queues, "" for nothing. It is the peer's count, as the queue
// of a subscription is the peer's.
func (l *lane) inHands(width int) said {
	counts, sum := l.w.to.inHands()
	if sum == 0 {
		return said{}
	}
	say := func(count string) string { return terms.InHands(l.s.Lang, count) }
	return said{firstThatFits(width, say(strings.Join(counts, "+")), say(fmt.Sprint(sum)), fmt.Sprint(sum)), l.s.Theme.Text}
}

// unclaimed counts the messages that nobody wanted.
func (w *way) unclaimed() int { return w.count(func(i int) bool { return w.list[i].Unclaimed }) }

func (w *way) count(of func(i int) bool) int {
	n := 0
	for i := range w.list {
		if of(i) {
			n++
		}
	}
	return n
}

// busy says what the goroutine of a station does.
func (l *lane) busy(st station, width int) said {
	th := l.s.Theme
	e := l.w.to
	if st == writer {
		e = l.w.from
	}
	g, begun := e.goroutine(roles[st])
	if st == subscriber {
		g, begun = e.hand()
	}
	if h := l.heldAt(l.w, st); h != nil {
		words, less, step := terms.Held(l.s.Lang, h.Step), terms.HeldAt(l.s.Lang, h.Step), string(h.Step)
		return said{firstThatFits(width, "‖ "+words, "‖ "+less, "‖ "+step, "‖"+step), th.Warn}
	}
	switch {
	case e.dark():
		return said{l.s.Say(says.unseen), th.Faint}
	case st == subscriber && l.w.stopped.Set():
		return said{l.s.Say(says.stoppedShort), th.Warn}
	case !begun && st == subscriber:
		return said{}
	case !begun:
		return said{l.s.Say(says.notBegun), th.Faint}
	case !g.Alive:
		return said{l.s.Say(says.ended), th.Faint}
	}
	return l.doing(st, e, g, width)
}

// doing says what a goroutine does that is not known to be held.
func (l *lane) doing(st station, e end, g timeline.Goroutine, width int) said {
	if st == subscriber { // how far it is, the count tells
		return l.inHands(width)
	}
	full := terms.NoRoom(e.peer, e.conn, g)
	words := firstThatFits(width, l.s.Say(terms.Doing(g, full)), l.s.Say(terms.ShortDoing(g, full)))
	switch {
	case full && (g.WaitsFor() == timeline.ForMsgChanRoom || g.WaitsFor() == timeline.ForSubscription):
		return said{words, l.s.Theme.Warn}
	case len(l.w.holds[st]) > 0:
		return said{words, l.s.Theme.Text}
	}
	return said{words, l.s.Theme.Faint}
}

// firstThatFits returns the first of several ways to say the same that fits, or else the last.
func firstThatFits(width int, ways ...string) string {
	for _, s := range ways {
		if canvas.Width(s) <= width {
			return s
		}
	}
	return ways[len(ways)-1]
}

func (l *lane) aboutQueue(st station, width int) (first, second, third said) {
	th := l.s.Theme
	length, capacity := l.w.queued(st)
	fill := terms.Fill(length, capacity)
	style := th.Text
	if l.w.full(st) {
		style = th.Warn
	}
	if l.w.from.dark() && st == outBuff || l.w.to.dark() && st == msgChan {
		return said{l.s.Say(says.unseen), th.Faint}, said{}, said{}
	}
	gauge := terms.Gauge(length, capacity, min(20, width-len(fill)-1))
	if gauge != "" {
		gauge += " "
	}
	first = said{gauge + fill, style}
	switch {
	case capacity == 0 && length == 0: // nobody has said yet how much it can hold
		return said{l.s.Say(says.empty), th.Faint}, said{}, said{}
	case l.w.full(st):
		second = said{l.s.Say(says.full), th.Warn}
	case length == 0:
		second = said{l.s.Say(says.empty), th.Faint}
	default:
		second = said{l.s.Say(says.room), th.Faint}
	}
	return first, second, said{}
}

// aboutSubscriptions shows the queue of each subscription, as far as there is room. They are the peer's: what other connections brought
// is in them too.
func (l *lane) aboutSubscriptions(width int) (first, second, third said) {
	th, p := l.s.Theme, l.w.to.peer
	if l.w.to.dark() {
		return said{l.s.Say(says.unseen), th.Faint}, said{}, said{}
	}
	if p == nil || len(p.Subscriptions) == 0 {
		return said{firstThatFits(width, l.s.Say(says.noSubscription), l.s.Say(says.noSubscriptionShort)), th.Faint}, said{}, said{}
	}
	lines := [3]*said{&first, &second, &third}
	for i, sub := range p.Subscriptions {
		if i >= len(lines) {
			break
		}
		length, capacity := inQueue(sub), sub.Queue.Cap
		lead, style := "", th.Text
		if len(p.Subscriptions) > 1 {
			lead = fmt.Sprintf("%d:", sub.Number)
		}
		if capacity > 0 && length >= capacity {
			style = th.Warn
		}
		fill := terms.Fill(length, capacity)
		gauge := terms.Gauge(length, capacity, min(10, width-len(fill)-1-len(lead)))
		switch {
		case gauge != "":
			gauge += " "
		case length == 0:
			fill = l.s.Say(says.empty)
		}
		*lines[i] = said{lead + gauge + fill, style}
	}
	return first, second, third
}

// aboutCaller says what was asked for last in this direction, and what has become of the call.
func (l *lane) aboutCaller(width int) (first, second, third said) {
	th := l.s.Theme
	act := l.lastCall()
	if act == nil {
		return said{l.s.Say(says.noCall), th.Faint}, said{}, said{}
	}
	method, detail := methods[act.Act.Verb], ""
	if act.Act.Detail != "" {
		detail = terms.Quote(l.s.Lang, act.Act.Detail)
	}
	first = said{method, th.Text}
	if call := l.s.Say(says.call, method, detail); canvas.Width(call) <= width {
		first.words = call
	} else {
		third = said{detail, th.Faint}
	}
	second = l.outcome(act)
	return first, second, third
}

// methods are the methods that put a message on its way.
var methods = map[string]string{"send": "Send", "send-with-ack": "SendWithAck", "respond": "Respond", "ack": "Ack"}

func (l *lane) lastCall() *timeline.ActDone {
	for i := len(l.s.State.Acts) - 1; i >= 0; i-- {
		a := &l.s.State.Acts[i]
		if _, sends := methods[a.Act.Verb]; sends && printable(a.Peer) == l.w.from.name && names(a.Act.Target, l.w.to.name) {
			return a
		}
	}
	return nil
}

// outcome says how far a call is: back, waiting for room or for acknowledgements, or only begun.
func (l *lane) outcome(a *timeline.ActDone) said {
	th := l.s.Theme
	if a.Act.Verb == "send-with-ack" {
		if got, of, open := l.w.acks(a.N); open {
			return said{l.s.Say(says.acks, got, of), th.Ack}
		}
	}
	told := slices.ContainsFunc(l.w.list, func(m *timeline.Message) bool { return m.Marks[timeline.Enqueued].N > a.N }) ||
		slices.ContainsFunc(l.w.refused, func(m *timeline.Message) bool { return m.Drop.N > a.N })
	switch {
	case told:
		return said{l.s.Say(says.returned), th.Faint}
	case l.w.full(outBuff) && a.Act.Verb != "send":
		return said{l.s.Say(says.wantsRoom), th.Warn}
	case l.w.from.peer == nil || !l.w.from.peer.Alive() || l.w.from.closed():
		return said{l.s.Say(says.returned), th.Faint}
	}
	return said{l.s.Say(says.calling), th.Text}
}

// acks returns what is known of the SendWithAck that was called last before or at that event, and whether it has not returned.
func (w *way) acks(since uint64) (got, of int, open bool) {
	if w.from.peer == nil {
		return 0, 0, false
	}
	for _, op := range w.from.peer.AckOperations() {
		if op.Done.Set() || len(op.Waits) == 0 || op.Waits[0].Since.N < since {
			continue
		}
		for _, wait := range op.Waits {
			of++
			if wait.Arrived.Set() {
				got++
			}
		}
		return got, of, true
	}
	return 0, 0, false
}
