package narrate

// Facts are what a line adds to the caption: which message, how full the queue, who the other end says it is.

import (
	"slices"
	"strings"
	"unicode/utf8"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/proto"
)

// maxContent bounds what a line shows of a message's content, in cells.
const maxContent = 24

func (p *Printer) facts(t *trace.Event, other string) string {
	var list []string
	for _, fact := range []string{p.claim(t, other), p.message(t), p.queue(t), p.end(t)} {
		if fact != "" {
			list = append(list, fact)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return p.pick(text.Text{Zh: "〔%s〕", En: " [%s]"}, strings.Join(list, p.pick(text.Text{Zh: "，", En: ", "})))
}

// claim says whom the other end claims to be, if that is not who it is.
func (p *Printer) claim(t *trace.Event, other string) string {
	if t.Object.Kind != trace.Connection || !strings.HasPrefix(string(t.Step), "auth.") || len(t.Peer) == 0 {
		return ""
	}
	claimed := p.names.byID[string(t.Peer)]
	if claimed == "" || claimed == other {
		return ""
	}
	return p.pick(text.Text{Zh: "自称 %s", En: "claims to be %s"}, claimed)
}

// message names the message: its number in its direction, and what it says.
func (p *Printer) message(t *trace.Event) string {
	if t.Envelope == nil && (t.Err != nil || t.Step == trace.ConnReceived) {
		return "" // the number of the message that did not come
	}
	switch {
	case t.Step == trace.AuthSent || t.Step == trace.AuthReceived:
		return p.pick(text.Text{Zh: "第 %d 条", En: "message %d"}, t.Number)
	case strings.HasPrefix(string(t.Step), "auth."):
		return "" // the caption says that it is the ConnEstablish, or what is wrong with it
	}
	subscription := t.Number != 0 && slices.Contains(
		[]trace.Step{trace.DemuxAdd, trace.DemuxDeliver, trace.DemuxDelivered, trace.AcceptHand}, t.Step)
	content := p.content(t.Envelope)
	switch {
	case subscription && content == "":
		return p.pick(text.Text{Zh: "订阅 %d", En: "subscription %d"}, t.Number)
	case subscription:
		return p.pick(text.Text{Zh: "订阅 %d，%s", En: "subscription %d, %s"}, t.Number, content)
	case t.Number == 0:
		return content
	case content == "":
		return p.pick(text.Text{Zh: "第 %d 条", En: "message %d"}, t.Number)
	}
	return p.pick(text.Text{Zh: "第 %d 条，%s", En: "message %d, %s"}, t.Number, content)
}

// content says what is in an envelope.
func (p *Printer) content(envelope *proto.Envelope) string {
	if envelope == nil {
		return ""
	}
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return p.pick(text.Text{Zh: "解不开的消息", En: "a message that cannot be decoded"})
	}
	switch {
	case msg.IsAck() && msg.GetAck().GetError() != "":
		return p.pick(text.Text{Zh: "拒绝：%s", En: "refusal %s"}, p.quote(msg.GetAck().GetError()))
	case msg.IsAck():
		return p.pick(text.Text{Zh: "确认", En: "acknowledgement"})
	case msg.IsDataMsg():
		data := msg.GetDataMsg().GetPayload().GetData()
		if !utf8.Valid(data) {
			return p.pick(text.Text{Zh: "数据", En: "data"})
		}
		return p.quote(string(data))
	}
	return text.Printable(msg.ContentName())
}

func (p *Printer) quote(s string) string {
	s = text.Printable(s)
	if lines := text.Wrap(s, maxContent); len(lines) > 1 {
		s = lines[0] + "…"
	}
	return p.pick(text.Text{Zh: "「%s」", En: "\"%s\""}, s)
}

// end says for which reason something ended that was meant to end.
func (p *Printer) end(t *trace.Event) string {
	if StatusOf(t) != Ended {
		return ""
	}
	words := text.Printable(t.Detail)
	if t.Err != nil {
		words = text.Printable(t.Err.Error())
	}
	if p.lang == text.English {
		return words
	}
	return strings.TrimSuffix(orderly[orderlyReason(words)], "。") + "：" + words
}

// queue says how full a queue is, for the steps that put something in or could not.
func (p *Printer) queue(t *trace.Event) string {
	name, known := queueNames[t.Queue.Name]
	switch t.Step {
	case trace.ConnEnqueue, trace.ConnDrop, trace.ConnQueued, trace.DemuxDeliver, trace.DemuxDelivered:
	default:
		return "" // read beside other goroutines that put in and take out: not the same in every run
	}
	if !known {
		return ""
	}
	if taker, put := takers[t.Step]; put && t.Queue.Len == 0 {
		return p.pick(taker)
	}
	return p.pick(text.Text{Zh: "%s %d/%d", En: "%s %d/%d"}, name.In(p.lang), t.Queue.Len, t.Queue.Cap)
}

// takers are said where a message was put into a queue and the queue is empty all the same: whoever waits at its other end was faster
// than the report.
var takers = map[trace.Step]text.Text{
	trace.ConnEnqueue:    {Zh: "writer 已经取走", En: "the writer has it already"},
	trace.ConnQueued:     {Zh: "service 已经取走", En: "the service has it already"},
	trace.DemuxDelivered: {Zh: "已经取走", En: "taken already"},
}

var queueNames = map[string]text.Text{
	"outBuff":      {Zh: "outBuff", En: "outBuff"},
	"msgChan":      {Zh: "msgChan", En: "msgChan"},
	"subscription": {Zh: "队列", En: "queue"},
}
