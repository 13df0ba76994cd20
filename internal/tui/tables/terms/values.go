package terms

// What is shown of values that a run makes up, or a peer has sent: contents, PKI-IDs, moments, errors. All of it is made fit for a
// terminal here.

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"gossipscope/comm/common"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

var says = struct{ quoted, saidOnly, explained, from, held, heldAt, inHands text.Text }{
	held:      text.Text{Zh: "停在 %s 前，%s", En: "held before %[1]s"},
	heldAt:    text.Text{Zh: "停在 %s 前", En: "held: %s"},
	inHands:   text.Text{Zh: "经手 %s", En: "to hand %s"},
	quoted:    text.Text{Zh: "「%s」", En: "\"%s\""},
	saidOnly:  text.Text{Zh: "原话：%s", En: "%s"},
	explained: text.Text{Zh: "%s原话：%s", En: "%[2]s"},
	from:      text.Text{Zh: "%s（%s）", En: "%s (%s)"},
}

// Content says in a word what a message carries: the text of a data message, the reason of a refusal, "" where its kind says it all.
func Content(lang text.Lang, m *timeline.Message) string {
	if m.Kind == timeline.AckMessage && m.Refusal != "" {
		return Quote(lang, m.Refusal)
	}
	if m.Kind != timeline.DataMessage || m.Envelope == nil {
		return ""
	}
	if m.Content != "data_msg" {
		return text.Printable(m.Content)
	}
	data, ok := dataOf(m.Envelope)
	if !ok || len(data) == 0 || !utf8.Valid(data) {
		return ""
	}
	return Quote(lang, string(data[:min(len(data), maxContent)]))
}

// maxContent bounds what is looked at of a content, in bytes. It is shown in far fewer cells.
const maxContent = 240

func dataOf(envelope *proto.Envelope) ([]byte, bool) {
	msg, err := envelope.ToGossipMessage()
	if err != nil || !msg.IsDataMsg() {
		return nil, false
	}
	return msg.GetDataMsg().GetPayload().GetData(), true
}

// Quote puts what somebody said between quotation marks, fit to be shown.
func Quote(lang text.Lang, s string) string { return says.quoted.Format(lang, text.Printable(s)) }

// ShortID abbreviates a PKI-ID to what a person compares at a glance; "?" for none.
func ShortID(id common.PKIidType) string {
	if len(id) == 0 {
		return "?"
	}
	s := hex.EncodeToString(id)
	return s[:min(8, len(s))]
}

// WhoIs returns the name of the peer with that PKI-ID and the short PKI-ID behind it; only the latter if nobody is known by it.
func WhoIs(s *timeline.State, lang text.Lang, id common.PKIidType) string {
	if name := NameOf(s, id); name != "" {
		return says.from.Format(lang, name, ShortID(id))
	}
	return ShortID(id)
}

// NameOf returns the name of the peer with that PKI-ID, "" if nobody is known by it.
func NameOf(s *timeline.State, id common.PKIidType) string {
	for i := len(s.Peers) - 1; i >= 0 && len(id) > 0; i-- {
		if b := s.Peers[i].Birth; string(b.PKIID) == string(id) {
			return text.Printable(b.Name)
		}
	}
	return ""
}

// Moment writes a moment of the lab's clock: in seconds, with as many digits as help.
func Moment(d time.Duration) string {
	switch {
	case d < 100*time.Second:
		return fmt.Sprintf("%.3fs", d.Seconds())
	case d < 10000*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%.0fs", d.Seconds())
}

// Bytes writes a count of bytes in at most six cells.
func Bytes(n uint64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%dB", n)
	case n < 10_000_000:
		return fmt.Sprintf("%dkB", n/1000)
	}
	return fmt.Sprintf("%dMB", n/1_000_000)
}

// Reason shows an error of the layer in its own words, for a reader of Chinese with a sentence before them that says what they mean.
func Reason(lang text.Lang, words string) string {
	words = short(text.Printable(words))
	if words == "" {
		return ""
	}
	if zh, known := narrate.ExplainZh(words); known {
		return says.explained.Format(lang, zh, words)
	}
	return says.saidOnly.Format(lang, words)
}

// Meaning is the sentence alone for a reader of Chinese, and the gist of the words for others: where there is room for one of the two.
func Meaning(lang text.Lang, words string) string {
	words = text.Printable(words)
	if zh, known := narrate.ExplainZh(words); known && lang == text.Chinese {
		return zh
	}
	return short(narrate.Gist(words))
}

// hash is what is as long in hexadecimal as a hash or a PKI-ID.
var hash = regexp.MustCompile(`\b[0-9a-f]{24,}\b`)

// short abbreviates hashes: nobody reads more of them than the beginning.
func short(words string) string {
	return hash.ReplaceAllStringFunc(words, func(h string) string { return h[:8] + "…" })
}

// Gauge draws how full a queue is in at most width cells, "▮▮▯▯". One that holds anything shows it, and one that has room shows that.
func Gauge(length, capacity, width int) string {
	width = min(width, capacity)
	if width <= 0 {
		return ""
	}
	full := (length*width + capacity - 1) / capacity
	if length < capacity {
		full = min(full, width-1)
	}
	if length > 0 {
		full = max(full, 1)
	}
	full = max(0, min(full, width))
	out := make([]rune, width)
	for i := range out {
		out[i] = '▯'
		if i < full {
			out[i] = '▮'
		}
	}
	return string(out)
}

// Fill writes how much a queue holds: "3/20", or "3" if nobody has said yet how much it can hold.
func Fill(length, capacity int) string {
	if capacity <= 0 {
		return fmt.Sprint(length)
	}
	return fmt.Sprintf("%d/%d", length, capacity)
}
