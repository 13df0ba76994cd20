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

func (t *Teller) facts(step *trace.Event, other string) string {
	var list []string
	for _, fact := range []string{t.claim(step, other), t.message(step), t.queue(step), t.end(step)} {
		if fact != "" {
			list = append(list, fact)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return t.pick(text.Text{Zh: "〔%s〕", En: " [%s]"}, strings.Join(list, t.pick(text.Text{Zh: "，", En: ", "})))
}

// claim says whom the other end claims to be, if that is not who it is.
func (t *Teller) claim(step *trace.Event, other string) string {
	if step.Object.Kind != trace.Connection || !strings.HasPrefix(string(step.Step), "auth.") || len(step.Peer) == 0 {
		return ""
	}
	claimed := t.names.byID[string(step.Peer)]
	if claimed == "" || claimed == other {
		return ""
	}
	return t.pick(text.Text{Zh: "自称 %s", En: "claims to be %s"}, claimed)
}

// message names the message: its number in its direction, and what it says.
func (t *Teller) message(step *trace.Event) string {
	if step.Envelope == nil && (step.Err != nil || step.Step == trace.ConnReceived) {
		return "" // the number of the message that did not come
	}
	switch {
	case step.Step == trace.AuthSent || step.Step == trace.AuthReceived:
		return t.pick(text.Text{Zh: "第 %d 条", En: "message %d"}, step.Number)
	case strings.HasPrefix(string(step.Step), "auth."):
		return "" // the caption says that it is the ConnEstablish, or what is wrong with it
	}
	subscription := step.Number != 0 && slices.Contains(
		[]trace.Step{trace.DemuxAdd, trace.DemuxDeliver, trace.DemuxDelivered, trace.AcceptHand}, step.Step)
	content := t.content(step.Envelope)
	switch {
	case subscription && content == "":
		return t.pick(text.Text{Zh: "订阅 %d", En: "subscription %d"}, step.Number)
	case subscription:
		return t.pick(text.Text{Zh: "订阅 %d，%s", En: "subscription %d, %s"}, step.Number, content)
	case step.Number == 0:
		return content
	case content == "":
		return t.pick(text.Text{Zh: "第 %d 条", En: "message %d"}, step.Number)
	}
	return t.pick(text.Text{Zh: "第 %d 条，%s", En: "message %d, %s"}, step.Number, content)
}

// content says what is in an envelope.
func (t *Teller) content(envelope *proto.Envelope) string {
	if envelope == nil {
		return ""
	}
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return t.pick(text.Text{Zh: "解不开的消息", En: "a message that cannot be decoded"})
	}
	switch {
	case msg.IsAck() && msg.GetAck().GetError() != "":
		return t.pick(text.Text{Zh: "拒绝：%s", En: "refusal %s"}, t.quote(msg.GetAck().GetError()))
	case msg.IsAck():
		return t.pick(text.Text{Zh: "确认", En: "acknowledgement"})
	case msg.IsDataMsg():
		data := msg.GetDataMsg().GetPayload().GetData()
		if !utf8.Valid(data) {
			return t.pick(text.Text{Zh: "数据", En: "data"})
		}
		return t.quote(string(data))
	}
	return text.Printable(msg.ContentName())
}

func (t *Teller) quote(s string) string {
	s = text.Printable(s)
	if lines := text.Wrap(s, maxContent); len(lines) > 1 {
		s = lines[0] + "…"
	}
	return t.pick(text.Text{Zh: "「%s」", En: "\"%s\""}, s)
}

// end says for which reason something ended that was meant to end.
func (t *Teller) end(step *trace.Event) string {
	if StatusOf(step) != Ended {
		return ""
	}
	words := text.Printable(step.Detail)
	if step.Err != nil {
		words = text.Printable(step.Err.Error())
	}
	if t.lang == text.English {
		return words
	}
	return strings.TrimSuffix(orderly[orderlyReason(words)], "。") + "：" + words
}

// queue says how full a queue is, for the steps that put something in or could not.
func (t *Teller) queue(step *trace.Event) string {
	name, known := queueNames[step.Queue.Name]
	switch step.Step {
	case trace.ConnEnqueue, trace.ConnDrop, trace.ConnQueued, trace.DemuxDeliver, trace.DemuxDelivered:
	default:
		return "" // read beside other goroutines that put in and take out: not the same in every run
	}
	if !known {
		return ""
	}
	if taker, put := takers[step.Step]; put && step.Queue.Len == 0 {
		return t.pick(taker)
	}
	return t.pick(text.Text{Zh: "%s %d/%d", En: "%s %d/%d"}, name.In(t.lang), step.Queue.Len, step.Queue.Cap)
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
