package tables

import (
	"fmt"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/pipeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// message tells of one message: what it is, where it is, and when it passed which mark.
func (in *inspector) message() {
	m := in.s.Message()
	if m == nil {
		in.note(asks.forgotten)
		return
	}
	if where := pipeline.Where(in.s); where != "" {
		in.field(asks.where, where, in.th.Strong, nil)
	}
	in.heading(asks.content)
	in.plain(asks.kind, in.say(terms.Kind(m.Kind)))
	switch {
	case m.Number == 1:
		in.field(asks.number, "1", in.th.Text, &asks.numberOne)
	case m.Number != 0:
		in.field(asks.number, fmt.Sprint(m.Number), in.th.Text, &asks.numberMeans)
	default:
		in.field(asks.number, in.say(asks.notYet), in.th.Faint, &asks.numberLater)
	}
	if said := terms.Content(in.s.Lang, m); said != "" {
		in.plain(asks.says, said)
	}
	if m.Content != "" {
		in.field(asks.field, text.Printable(m.Content), in.th.Text, &asks.fieldMeans)
	}
	if e := m.Envelope; e != nil {
		in.field(asks.size, in.say(asks.sizes, len(e.GetPayload()), len(e.GetSignature())), in.th.Text, signed(len(e.GetSignature())))
	}
	if m.Nonce != 0 {
		in.field(asks.nonce, fmt.Sprintf("%x", m.Nonce), in.th.Text, &asks.nonceMeans)
	}
	if m.Refusal != "" {
		in.field(asks.refusal, text.Printable(m.Refusal), in.th.Bad, nil)
	}
	in.marks(m)
	in.fate(m)
}

func signed(signature int) *text.Text {
	if signature == 0 {
		return &asks.unsigned
	}
	return &asks.signed
}

// marks tells when the message passed each place, and how long that took.
func (in *inspector) marks(m *timeline.Message) {
	in.heading(asks.marks)
	last := timeline.Mark{}
	for _, at := range []struct {
		label text.Text
		mark  timeline.Mark
		minor bool
		means *text.Text
	}{
		{terms.Mark(timeline.Enqueued), m.Marks[timeline.Enqueued], false, &asks.enqueuedMeans},
		{asks.taken, m.Taken, true, nil},
		{terms.Mark(timeline.Written), m.Marks[timeline.Written], false, &asks.writtenMeans},
		{terms.Mark(timeline.Received), m.Marks[timeline.Received], false, &asks.receivedMeans},
		{asks.queued, m.Queued, true, nil},
		{terms.Mark(timeline.Handled), m.Marks[timeline.Handled], false, &asks.handledMeans},
		{asks.delivered, m.Delivered, true, nil},
		{asks.handed, m.Handed, true, nil},
		{terms.Mark(timeline.Acked), m.Marks[timeline.Acked], false, &asks.ackedMeans},
	} {
		if !at.mark.Set() {
			if !at.minor {
				in.field(at.label, in.missing(m, at.means == &asks.ackedMeans), in.th.Faint, at.means)
			}
			continue
		}
		value := scene.KeptMark + " " + in.moment(at.mark)
		if last.Set() && at.mark.At >= last.At {
			value += in.say(asks.later, terms.Moment(at.mark.At-last.At))
		}
		style := in.th.Good
		if at.minor {
			style = in.th.Text
		}
		in.field(at.label, value, style, at.means)
		last = at.mark
	}
}

// missing says of a mark that a message does not bear whether it may still come.
func (in *inspector) missing(m *timeline.Message, acked bool) string {
	switch {
	case acked && (m.Nonce == 0 || m.Kind != timeline.DataMessage):
		return "– " + in.say(asks.nobodyWaits)
	case m.Drop.Set() || m.HandedOver:
		return scene.DropMark + " " + in.say(asks.never)
	}
	return scene.AheadMark + " " + in.say(asks.notYet)
}

// fate tells what has become of it, if that is not plain.
func (in *inspector) fate(m *timeline.Message) {
	if m.Drop.Set() {
		in.outcome(asks.drop, m.Drop, &asks.dropMeans)
	}
	if m.HandedOver {
		in.note(asks.handedOver)
	}
	if m.Unclaimed {
		in.note(asks.unclaimedMeans)
	}
}

func (in *inspector) queueTitle() string {
	sel := in.s.Selected
	if sel.Queue == "subscription" {
		return in.say(asks.subscriptionOf, sel.Number, text.Printable(sel.Peer))
	}
	return in.say(asks.queueOf, text.Printable(sel.Queue), in.connectionName(in.s.State.Connection(sel.Conn)), text.Printable(sel.Peer))
}

// queue tells what is in a queue, the oldest first.
func (in *inspector) queue() {
	sel := in.s.Selected
	c := in.s.State.Connection(sel.Conn)
	switch {
	case sel.Queue == "subscription":
		in.subscription()
	case c == nil:
		in.note(asks.forgotten)
	case sel.Queue == "outBuff":
		in.fill(same("outBuff"), c.Waiting(), c.OutBuff.Cap, asks.outBuffMeans)
		in.held(inPlace(c.Outgoing(), timeline.InOutBuff))
	default:
		in.fill(same("msgChan"), c.InMsgChan(), c.MsgChan.Cap, asks.msgChanMeans)
		in.held(inPlace(c.Incoming(), timeline.InMsgChan))
	}
}

func inPlace(list []*timeline.Message, place timeline.Place) []*timeline.Message {
	var found []*timeline.Message
	for _, m := range list {
		if m.Place() == place {
			found = append(found, m)
		}
	}
	return found
}

func (in *inspector) held(list []*timeline.Message) {
	in.heading(asks.oldestFirst, len(list))
	if len(list) == 0 {
		in.note(asks.queueEmpty)
	}
	for i, m := range list {
		shape, style := in.th.MarkOf(m)
		number := ""
		if m.Number != 0 {
			number = fmt.Sprint(m.Number)
		}
		value := fmt.Sprintf("%s%s %s", shape, number, terms.Content(in.s.Lang, m))
		in.lines = append(in.lines, Line{Label: fmt.Sprint(i + 1), Value: value, Style: style})
	}
}

// subscription tells of one subscription. Which message is in the queue of which of several, the steps of the layer do not say.
func (in *inspector) subscription() {
	p := in.s.State.Peer(in.s.Selected.Peer)
	if p == nil {
		in.note(asks.forgotten)
		return
	}
	for _, sub := range p.Subscriptions {
		if sub.Number != in.s.Selected.Number {
			continue
		}
		in.fill(asks.queueName, max(0, sub.Delivered-sub.Handed), sub.Queue.Cap, asks.subscriptionMeans)
		in.plain(asks.added, in.moment(sub.Added))
		in.field(asks.wanted, fmt.Sprint(sub.Matched), in.th.Text, &asks.wantedMeans)
		in.plain(asks.putIn, fmt.Sprint(sub.Delivered))
		in.field(asks.inHands, fmt.Sprint(sub.Handed), in.th.Text, &asks.inHandsMeans)
	}
	var list []*timeline.Message
	for _, c := range p.Connections {
		list = append(list, inPlace(c.Incoming(), timeline.InSubscription)...)
	}
	if len(p.Subscriptions) > 1 && len(list) > 0 {
		in.note(asks.whichQueue)
	}
	in.held(list)
}
