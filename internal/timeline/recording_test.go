package timeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func record(t testing.TB, h Header, events []Event) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// filler fills every exported field of a value with something that is not zero and not like the last.
type filler struct{ n int }

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Interface().(type) {
	case *proto.Envelope:
		v.Set(reflect.ValueOf(&proto.Envelope{
			Payload:        []byte{0xff, byte(f.n), 0}, // no message: it must come back all the same
			Signature:      []byte{byte(f.n)},
			SecretEnvelope: &proto.SecretEnvelope{Payload: []byte("secret"), Signature: []byte{0}},
		}))
		return
	case error:
		v.Set(reflect.ValueOf(fmt.Errorf("error %d: %w", f.n, io.ErrUnexpectedEOF)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d <→&>\n\"\u2028", f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(f.n))
	case reflect.Slice:
		v.SetBytes([]byte{0, byte(f.n), 255})
	case reflect.Interface:
		v.Set(reflect.ValueOf(errors.New(fmt.Sprint("error ", f.n))))
	default:
		panic("a kind of field that this test cannot fill: " + v.Type().String())
	}
}

func fullEvent(kind Kind, part string) Event {
	var e Event
	f := new(filler)
	f.fill(reflect.ValueOf(&e.Turn).Elem())
	f.fill(reflect.ValueOf(&e.At).Elem())
	f.fill(reflect.ValueOf(&e.Peer).Elem())
	f.fill(reflect.ValueOf(&e).Elem().FieldByName(part))
	e.N, e.Kind = 1, kind
	if kind == KindGap {
		e.N = e.Gap
	}
	return e
}

func TestEveryFieldOfEveryKindComesBack(t *testing.T) {
	parts := map[Kind]string{KindStep: "Step", KindBirth: "Birth", KindDeath: "Death", KindLink: "Link", KindAct: "Act", KindTitle: "Text",
		KindSay: "Text", KindPromise: "Promise", KindGap: "Gap"}
	used := map[string]bool{}
	for kind, part := range parts {
		used[part] = true
		e := fullEvent(kind, part)
		_, events, err := Read(bytes.NewReader(record(t, Header{}, []Event{e})))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		mustBeSame(t, string(kind), []Event{e}, events)
		if kind != KindGap && !bytes.Contains(record(t, Header{}, []Event{e}), []byte("<→&>")) {
			t.Errorf("%s: text is hard to read in the file", kind)
		}
	}
	for i := range reflect.TypeFor[Event]().NumField() {
		name := reflect.TypeFor[Event]().Field(i).Name
		if !used[name] && !strings.Contains("N Turn At Kind Peer", name) {
			t.Errorf("no kind of event is known to use the field %s", name)
		}
	}
}

func TestEmptyAndMissingAreKeptApart(t *testing.T) {
	events := []Event{
		{N: 1, Kind: KindStep, Step: &trace.Event{}},
		{N: 2, Kind: KindStep, Step: &trace.Event{Peer: []byte{}, Envelope: &proto.Envelope{}, Err: errors.New("")}},
		{N: 3, Kind: KindBirth, Birth: &Birth{PKIID: []byte{}, ServerCertHash: nil, ClientCertHash: []byte{}}},
		{N: 4, Kind: KindStep, Step: &trace.Event{Detail: "not \xff UTF-8", Err: errors.New("\xc3(")}},
	}
	_, got, err := Read(bytes.NewReader(record(t, Header{}, events)))
	if err != nil {
		t.Fatal(err)
	}
	mustBeSame(t, "events", events, got)
}

func TestHeaderComesBack(t *testing.T) {
	h := Header{Lesson: "handshake", Network: "pipe", Policy: "seeded", Seed: 1 << 63, Created: time.Unix(1, 2).UTC(),
		Notes: map[string]string{"b": "2", "a": "1"}}
	got, events, err := Read(bytes.NewReader(record(t, h, nil)))
	if err != nil || len(events) != 0 {
		t.Fatal(err, events)
	}
	mustBeSame(t, "header", h, got)
}

func TestRecordingLooksTheSameEachTime(t *testing.T) {
	s, a, _ := established()
	s.send("A", a, 2, data(1, "x"))
	h := Header{Lesson: "handshake", Notes: map[string]string{"z": "1", "a": "2", "m": "3"}}
	first := record(t, h, s.events)
	if !bytes.Equal(first, record(t, h, s.events)) {
		t.Error("two recordings of the same session differ")
	}
	want := `{"format":"gossipscope-recording","version":2,"lesson":"handshake","notes":{"a":"2","m":"3","z":"1"}}
{"n":1,"at":1000000,"kind":"step","peer":"A","step":{"name":"store.lookup","object":{"kind":"store","id":1},"seq":1,"peer":"42",` +
		`"subject":{"kind":"connection","id":1,"role":"initiator","purpose":"messages","endpoint":"127.0.0.1:7051"},"detail":"dialling"}}
`
	if !strings.HasPrefix(string(first), want) {
		t.Errorf("a recording begins with\n%s", first[:len(want)])
	}
	if want := fmt.Sprintf("\n{\"end\":%d}\n", len(s.events)); !strings.HasSuffix(string(first), want) {
		t.Errorf("a recording ends with\n%s", first[len(first)-100:])
	}
}

func TestReplayAddsUpToTheSameState(t *testing.T) {
	s, a, b := established()
	s.send("A", a, 2, data(1, "x")).receive("B", b, 2, data(1, "x"))
	s.tell("A", a, trace.ConnClose, trace.Event{Err: fmt.Errorf("broken: %w", io.ErrUnexpectedEOF)}).end("A", a)
	_, events, err := Read(bytes.NewReader(record(t, Header{}, s.events)))
	if err != nil {
		t.Fatal(err)
	}
	mustBeSame(t, "the state", s.state(), Fold(events))
}

const (
	headerLine    = `{"format":"gossipscope-recording","version":2}` + "\n"
	oldHeaderLine = `{"format":"gossipscope-recording","version":1}` + "\n"
)

func TestWhatIsNoRecordingIsRefusedInOneSentence(t *testing.T) {
	say := `{"n":1,"at":0,"kind":"say","text":{"en":"x"}}` + "\n"
	for name, test := range map[string]struct {
		file     string
		is       error
		sentence string
		events   int
	}{
		"empty":          {"", ErrNotARecording, "not a gossipscope recording: the file is empty", 0},
		"text":           {"# readme\n", ErrNotARecording, "not a gossipscope recording: its first line is not a header", 0},
		"other JSON":     {"{\"version\":2}\n", ErrNotARecording, "not a gossipscope recording: its first line is not a header", 0},
		"no end of line": {strings.Repeat("x", maxLine+2), ErrNotARecording, "not a gossipscope recording: its first line is not a header", 0},
		"newer": {`{"format":"gossipscope-recording","version":7,"lesson":["as lists now"]}` + "\n", ErrNewerVersion,
			"the recording is of a newer version: this recording has version 7, this program reads up to 2: replay it with a newer gossipscope", 0},
		"broken line": {headerLine + say + "garbage\n" + say, ErrBrokenRecording,
			"the recording is broken: line 3: invalid character 'g' looking for beginning of value", 1},
		"cut off": {headerLine + say + say[:20], ErrTruncated,
			"the recording is broken: it was cut off while it was written: line 3 ends in the middle; the 1 events before it are whole", 1},
		"cut off between lines": {headerLine + say, ErrTruncated,
			"the recording is broken: it was cut off while it was written: the line that ends it is missing; the 1 events before that are whole", 1},
		"cut off in the last line": {headerLine + say + `{"end":`, ErrTruncated,
			"the recording is broken: it was cut off while it was written: line 3 ends in the middle; the 1 events before it are whole", 1},
		"cut in the middle": {headerLine + say + `{"end":7}` + "\n", ErrBrokenRecording,
			"the recording is broken: line 3 says that event 7 is the last, and event 1 was", 1},
		"more after the end": {headerLine + say + `{"end":1}` + "\n" + say, ErrBrokenRecording,
			"the recording is broken: line 4 follows the one that says that it is the last", 1},
		"a hole":         {headerLine + say + strings.Replace(say, `"n":1`, `"n":3`, 1), ErrBrokenRecording, "the recording is broken: line 3: event 3 cannot follow event 1", 1},
		"twice":          {headerLine + say + say, ErrBrokenRecording, "the recording is broken: line 3: event 1 cannot follow event 1", 1},
		"unknown kind":   {headerLine + `{"n":1,"at":0,"kind":"dance"}` + "\n", ErrBrokenRecording, `the recording is broken: line 2: there is no event of kind "dance"`, 0},
		"nothing told":   {headerLine + `{"n":1,"at":0,"kind":"step"}` + "\n", ErrBrokenRecording, `the recording is broken: line 2: an event of kind "step" that does not tell what happened`, 0},
		"empty gap":      {headerLine + `{"n":1,"at":0,"kind":"gap"}` + "\n", ErrBrokenRecording, "the recording is broken: line 2: a gap of no events", 0},
		"bad hex":        {headerLine + `{"n":1,"at":0,"kind":"birth","birth":{"pkiId":"xy"}}` + "\n", ErrBrokenRecording, "the recording is broken: line 2: encoding/hex: invalid byte: U+0078 'x'", 0},
		"very long line": {headerLine + strings.Repeat("x", maxLine+2), ErrBrokenRecording, "the recording is broken: line 2 is longer than 16777216 bytes", 0},
	} {
		_, events, err := Read(strings.NewReader(test.file))
		if !errors.Is(err, test.is) || err.Error() != test.sentence || len(events) != test.events {
			t.Errorf("%s: %d events, %v\nwant %s", name, len(events), err, test.sentence)
		}
	}
}

func TestLastLineMayLackItsEnd(t *testing.T) {
	for _, file := range []string{
		oldHeaderLine + `{"n":1,"at":0,"kind":"say","text":{"en":"x"},"unknown":[1]}`,
		headerLine + `{"n":1,"at":0,"kind":"say","text":{"en":"x"},"unknown":[1]}` + "\n" + `{"end":1,"unknown":[1]}`,
	} {
		_, events, err := Read(strings.NewReader(file))
		if err != nil || len(events) != 1 || events[0].Text.En != "x" {
			t.Error(events, err)
		}
	}
}

// Recordings of version 1 never had a line at the end, so nothing can be said of one that has none.
func TestAnOldRecordingNeedsNoLastLine(t *testing.T) {
	_, events, err := Read(strings.NewReader(oldHeaderLine + `{"n":1,"at":0,"kind":"say","text":{"en":"x"}}` + "\n"))
	if err != nil || len(events) != 1 {
		t.Error(events, err)
	}
}

func TestNothingIsWrittenBehindTheEnd(t *testing.T) {
	var buf bytes.Buffer
	w, err := NewWriter(&buf, Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(say("x")); err == nil {
		t.Error("an event was written")
	}
	if _, events, err := Read(&buf); err != nil || len(events) != 0 {
		t.Error(events, err)
	}
}

func TestLineOfManyBuffersIsRead(t *testing.T) {
	e := Event{N: 1, Kind: KindStep, Step: &trace.Event{Envelope: data(1, strings.Repeat("x", 1<<20))}}
	_, events, err := Read(bytes.NewReader(record(t, Header{}, []Event{e})))
	if err != nil {
		t.Fatal(err)
	}
	mustBeSame(t, "events", []Event{e}, events)
}

func TestReaderThatFailsIsNotABrokenRecording(t *testing.T) {
	failing := io.MultiReader(strings.NewReader(headerLine), iotestErr{})
	_, _, err := Read(failing)
	if !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ErrBrokenRecording) {
		t.Error(err)
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriterRefusesWhatCouldNotBeReadBack(t *testing.T) {
	var buf bytes.Buffer
	w, err := NewWriter(&buf, Header{})
	if err != nil {
		t.Fatal(err)
	}
	before := buf.Len()
	for _, e := range []Event{
		{N: 2, Kind: KindGap, Gap: 1},
		{N: 1, Kind: KindStep},
		{N: 1, Kind: "dance"},
		{N: 1, Kind: KindStep, Step: &trace.Event{Envelope: &proto.Envelope{Payload: make([]byte, maxLine)}}},
	} {
		if err := w.Write(e); err == nil {
			t.Errorf("%+v was written", e.Kind)
		}
	}
	if buf.Len() != before {
		t.Error("a refused event left bytes in the recording")
	}
	if err := w.Write(Event{N: 5, Kind: KindGap, Gap: 5}); err != nil {
		t.Error(err)
	}
}

func TestAllEndsWithTheFirstError(t *testing.T) {
	rd, err := NewReader(strings.NewReader(headerLine + `{"n":1,"at":0,"kind":"gap","gap":1}` + "\nx\nx\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for e, err := range rd.All() {
		got = append(got, fmt.Sprint(e.N, err != nil))
	}
	mustBeSame(t, "events", []string{"1 false", "0 true"}, got)
	if _, err := rd.Next(); !errors.Is(err, ErrBrokenRecording) {
		t.Errorf("after the error: %v", err)
	}
}

func TestRecordingsOfAnySessionComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := anyEvents(rt)
		_, got, err := Read(bytes.NewReader(record(t, Header{}, events)))
		if err != nil {
			rt.Fatal(err)
		}
		mustBeSame(t, "events", events, got)
	})
}

func FuzzRecording(f *testing.F) {
	s, a, b := established()
	s.send("A", a, 2, data(1, "x")).receive("B", b, 2, data(1, "x"))
	s.tell("B", theInstance, trace.AckSubscribe, trace.Event{Envelope: data(3, "y")})
	s.tell("A", a, trace.ConnDrop, trace.Event{Err: errors.New("full")})
	f.Add(record(f, Header{Lesson: "x"}, s.events))
	var parts []Event
	for kind, part := range map[Kind]string{KindBirth: "Birth", KindLink: "Link", KindPromise: "Promise", KindAct: "Act"} {
		e := fullEvent(kind, part)
		e.N = uint64(len(parts)) + 1
		parts = append(parts, e)
	}
	f.Add(record(f, Header{}, parts))
	f.Add([]byte(headerLine + `{"n":1,"at":0,"kind":"gap","gap":1}` + "\n{"))
	f.Add([]byte(headerLine + `{"n":1,"at":0,"kind":"gap","gap":1}` + "\n" + `{"end":1}` + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, events, err := Read(bytes.NewReader(file))
		state := Fold(events)
		state.Streams()
		for _, stream := range state.Streams() {
			stream.Forward()
			stream.Backward()
		}
		state.Invariants()
		if errors.Is(err, ErrNotARecording) || errors.Is(err, ErrNewerVersion) {
			return
		}
		h2, again, err := Read(bytes.NewReader(record(t, h, events)))
		if err != nil {
			t.Fatal(err)
		}
		mustBeSame(t, "header", h, h2)
		mustBeSame(t, "events", events, again)
		mustBeSame(t, "state", state, Fold(again))
	})
}
