package timeline

// How an event looks as JSON. The types below mirror those of event.go and comm/trace field by field, so that what a recording
// looks like does not depend on how a Go type happens to be written, and changes only by intent. A test fills every field of an
// Event by reflection and sends it through: a field that was forgotten here does not come back.
//
// What is empty is left out, and the empty and the missing are kept apart where Go does (bytes, errors).

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/proto"
)

type eventJSON struct {
	N       uint64       `json:"n"`
	Turn    uint64       `json:"turn,omitempty"`
	At      int64        `json:"at"` // nanoseconds
	Kind    exactText    `json:"kind"`
	Peer    exactText    `json:"peer,omitempty"`
	Step    *stepJSON    `json:"step,omitempty"`
	Birth   *birthJSON   `json:"birth,omitempty"`
	Death   *deathJSON   `json:"death,omitempty"`
	Link    *linkJSON    `json:"link,omitempty"`
	Act     *actJSON     `json:"act,omitempty"`
	Text    *textJSON    `json:"text,omitempty"`
	Promise *promiseJSON `json:"promise,omitempty"`
	Gap     uint64       `json:"gap,omitempty"`
}

type stepJSON struct {
	Step     exactText     `json:"name"`
	Object   objectJSON    `json:"object,omitzero"`
	Seq      uint64        `json:"seq,omitempty"`
	Gate     bool          `json:"gate,omitempty"`
	Peer     hexBytes      `json:"peer,omitzero"`
	Local    exactText     `json:"local,omitempty"`
	Remote   exactText     `json:"remote,omitempty"`
	Number   uint64        `json:"number,omitempty"`
	Envelope *envelopeJSON `json:"envelope,omitempty"`
	Queue    queueJSON     `json:"queue,omitzero"`
	Subject  objectJSON    `json:"subject,omitzero"`
	Detail   exactText     `json:"detail,omitempty"`
	Err      *exactText    `json:"error,omitempty"`
}

type objectJSON struct {
	Kind     exactText `json:"kind,omitempty"`
	ID       uint64    `json:"id,omitempty"`
	Role     exactText `json:"role,omitempty"`
	Purpose  exactText `json:"purpose,omitempty"`
	Endpoint exactText `json:"endpoint,omitempty"`
}

type queueJSON struct {
	Name exactText `json:"name,omitempty"`
	Len  int       `json:"len,omitempty"`
	Cap  int       `json:"cap,omitempty"`
}

type birthJSON struct {
	Name           exactText `json:"name,omitempty"`
	Organisation   exactText `json:"organisation,omitempty"`
	PKIID          hexBytes  `json:"pkiId,omitzero"`
	Endpoint       exactText `json:"endpoint,omitempty"`
	ServerCertHash hexBytes  `json:"serverCertHash,omitzero"`
	ClientCertHash hexBytes  `json:"clientCertHash,omitzero"`
	Intruder       bool      `json:"intruder,omitempty"`
}

type deathJSON struct {
	Cause exactText `json:"cause,omitempty"`
}

type linkJSON struct {
	Name     exactText `json:"name,omitempty"`
	Change   exactText `json:"change,omitempty"`
	Dialer   exactText `json:"dialer,omitempty"`
	Listener exactText `json:"listener,omitempty"`
	Sent     uint64    `json:"sent,omitempty"`
	Received uint64    `json:"received,omitempty"`
	Reason   exactText `json:"reason,omitempty"`
	Delay    int64     `json:"delay,omitempty"` // nanoseconds
}

type actJSON struct {
	Verb   exactText `json:"verb,omitempty"`
	Target exactText `json:"target,omitempty"`
	Detail exactText `json:"detail,omitempty"`
	Terms  exactText `json:"terms,omitempty"`
}

type textJSON struct {
	Zh exactText `json:"zh,omitempty"`
	En exactText `json:"en,omitempty"`
}

type promiseJSON struct {
	Text textJSON  `json:"text"`
	Kept bool      `json:"kept"`
	Why  exactText `json:"why,omitempty"`
}

// exactText is a string of JSON, or, since JSON has no way to say them, an object with the base64 of bytes that are not UTF-8.
// Almost nothing is not; but an error may quote what an intruder has sent.
type exactText string

type rawText struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (t exactText) MarshalJSON() ([]byte, error) {
	if !utf8.ValidString(string(t)) {
		return json.Marshal(rawText{Base64: []byte(t)})
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // an arrow between two peers is easier to read than \u003e
	err := enc.Encode(string(t))
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *exactText) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var raw rawText
		if err := json.Unmarshal(data, &raw); err != nil {
			return err
		}
		*t = exactText(raw.Base64)
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// hexBytes are bytes in hexadecimal, as PKI-IDs and hashes are usually shown. With omitzero, nil is left out and empty is "".
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *hexBytes) UnmarshalText(digits []byte) error {
	decoded := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(decoded, digits); err != nil {
		return err
	}
	*b = decoded
	return nil
}

// envelopeJSON is an envelope as the base64 of its protobuf encoding. Payload and signature are byte strings in there, so they come
// back as they were, whatever they hold.
type envelopeJSON struct{ envelope *proto.Envelope }

// MarshalText implements encoding.TextMarshaler.
func (e envelopeJSON) MarshalText() ([]byte, error) {
	raw, err := protobuf.MarshalOptions{Deterministic: true}.Marshal(e.envelope)
	if err != nil {
		return nil, fmt.Errorf("encoding the envelope: %w", err)
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *envelopeJSON) UnmarshalText(digits []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, digits)
	if err != nil {
		return err
	}
	e.envelope = new(proto.Envelope)
	if err := protobuf.Unmarshal(raw, e.envelope); err != nil {
		return fmt.Errorf("decoding the envelope: %w", err)
	}
	return nil
}

// RecordedError is what an error is after a recording: its text. What it wrapped is not known any more.
type RecordedError string

// Error implements error.
func (e RecordedError) Error() string { return string(e) }

func encodeEvent(e *Event) *eventJSON {
	line := &eventJSON{
		N: e.N, Turn: e.Turn, At: int64(e.At), Kind: exactText(e.Kind), Peer: exactText(e.Peer), Gap: e.Gap,
	}
	if e.Step != nil {
		line.Step = encodeStep(e.Step)
	}
	if b := e.Birth; b != nil {
		line.Birth = &birthJSON{Name: exactText(b.Name), Organisation: exactText(b.Organisation), PKIID: hexBytes(b.PKIID),
			Endpoint: exactText(b.Endpoint), ServerCertHash: b.ServerCertHash, ClientCertHash: b.ClientCertHash, Intruder: b.Intruder}
	}
	if e.Death != nil {
		line.Death = &deathJSON{Cause: exactText(e.Death.Cause)}
	}
	if l := e.Link; l != nil {
		line.Link = &linkJSON{Name: exactText(l.Name), Change: exactText(l.Change), Dialer: exactText(l.Dialer),
			Listener: exactText(l.Listener), Sent: l.Sent, Received: l.Received, Reason: exactText(l.Reason), Delay: int64(l.Delay)}
	}
	if a := e.Act; a != nil {
		line.Act = &actJSON{Verb: exactText(a.Verb), Target: exactText(a.Target), Detail: exactText(a.Detail), Terms: exactText(a.Terms)}
	}
	if e.Text != nil {
		t := encodeText(*e.Text)
		line.Text = &t
	}
	if p := e.Promise; p != nil {
		line.Promise = &promiseJSON{Text: encodeText(p.Text), Kept: p.Kept, Why: exactText(p.Why)}
	}
	return line
}

func encodeStep(t *trace.Event) *stepJSON {
	step := &stepJSON{
		Step: exactText(t.Step), Object: encodeObject(t.Object), Seq: t.Seq, Gate: t.Gate, Peer: hexBytes(t.Peer),
		Local: exactText(t.Local), Remote: exactText(t.Remote), Number: t.Number,
		Queue:   queueJSON{Name: exactText(t.Queue.Name), Len: t.Queue.Len, Cap: t.Queue.Cap},
		Subject: encodeObject(t.Subject), Detail: exactText(t.Detail),
	}
	if t.Envelope != nil {
		step.Envelope = &envelopeJSON{envelope: t.Envelope}
	}
	if t.Err != nil {
		words := exactText(t.Err.Error())
		step.Err = &words
	}
	return step
}

func encodeObject(o trace.Object) objectJSON {
	return objectJSON{Kind: exactText(o.Kind), ID: o.ID, Role: exactText(o.Role), Purpose: exactText(o.Purpose),
		Endpoint: exactText(o.Endpoint)}
}

func encodeText(t text.Text) textJSON { return textJSON{Zh: exactText(t.Zh), En: exactText(t.En)} }

func decodeEvent(data []byte) (Event, error) {
	var line eventJSON
	if err := json.Unmarshal(data, &line); err != nil {
		return Event{}, err
	}
	e := Event{N: line.N, Turn: line.Turn, At: time.Duration(line.At), Kind: Kind(line.Kind), Peer: string(line.Peer), Gap: line.Gap}
	if line.Step != nil {
		e.Step = decodeStep(line.Step)
	}
	if b := line.Birth; b != nil {
		e.Birth = &Birth{Name: string(b.Name), Organisation: string(b.Organisation), PKIID: []byte(b.PKIID), Endpoint: string(b.Endpoint),
			ServerCertHash: b.ServerCertHash, ClientCertHash: b.ClientCertHash, Intruder: b.Intruder}
	}
	if line.Death != nil {
		e.Death = &Death{Cause: string(line.Death.Cause)}
	}
	if l := line.Link; l != nil {
		e.Link = &Link{Name: string(l.Name), Change: string(l.Change), Dialer: string(l.Dialer), Listener: string(l.Listener),
			Sent: l.Sent, Received: l.Received, Reason: string(l.Reason), Delay: time.Duration(l.Delay)}
	}
	if a := line.Act; a != nil {
		e.Act = &Act{Verb: string(a.Verb), Target: string(a.Target), Detail: string(a.Detail), Terms: string(a.Terms)}
	}
	if line.Text != nil {
		t := decodeText(*line.Text)
		e.Text = &t
	}
	if p := line.Promise; p != nil {
		e.Promise = &Promise{Text: decodeText(p.Text), Kept: p.Kept, Why: string(p.Why)}
	}
	return e, nil
}

func decodeStep(step *stepJSON) *trace.Event {
	t := &trace.Event{
		Step: trace.Step(step.Step), Object: decodeObject(step.Object), Seq: step.Seq, Gate: step.Gate, Peer: []byte(step.Peer),
		Local: string(step.Local), Remote: string(step.Remote), Number: step.Number,
		Queue:   trace.Queue{Name: string(step.Queue.Name), Len: step.Queue.Len, Cap: step.Queue.Cap},
		Subject: decodeObject(step.Subject), Detail: string(step.Detail),
	}
	if step.Envelope != nil {
		t.Envelope = step.Envelope.envelope
	}
	if step.Err != nil {
		t.Err = RecordedError(*step.Err)
	}
	return t
}

func decodeObject(o objectJSON) trace.Object {
	return trace.Object{Kind: trace.Kind(o.Kind), ID: o.ID, Role: trace.Role(o.Role), Purpose: trace.Purpose(o.Purpose),
		Endpoint: string(o.Endpoint)}
}

func decodeText(t textJSON) text.Text { return text.Text{Zh: string(t.Zh), En: string(t.En)} }
