package sequence

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

var update = flag.Bool("update", false, "write the files in testdata anew; look at them before you keep them")

// everyFate is a small session with a message of every fate.
func everyFate() *Diagram {
	s := new(script)
	s.add(timeline.Event{Kind: timeline.KindTitle, Text: &text.Text{Zh: "每种结局", En: "Every fate"}})
	s.say("Look: <one> & all; 100 % #1")
	s.born("A", "B")
	s.add(timeline.Event{Kind: timeline.KindBirth, Peer: "X", Birth: &timeline.Birth{Name: "X", Intruder: true}})
	s.add(timeline.Event{Kind: timeline.KindAct, Peer: "A", Act: &timeline.Act{Verb: "send", Target: "B", Detail: "你好"}})
	a, b := dialled(1, "B"), accepted(1, portOf("A", 1))
	s.connect("A", "B", a, b, 1)
	s.send("A", a, 2, data(7, "你好"))
	s.receive("B", b, 2, data(7, "你好"))
	s.tell("B", b, trace.AckRespond, trace.Event{Envelope: acknowledgement(7)})
	s.send("B", b, 2, acknowledgement(7))
	s.pass(2500 * time.Millisecond)
	s.tell("A", a, trace.ConnReceived, trace.Event{Number: 2, Envelope: acknowledgement(7)})
	s.tell("A", a, trace.ConnDrop, trace.Event{Envelope: data(0, "too much"), Queue: outBuff(20), Err: errors.New("the send queue is full")})
	x := accepted(2, portOf("X", 1))
	s.link("X→B#1", timeline.LinkOpen, portOf("X", 1))
	s.tell("B", x, trace.StreamArrived, trace.Event{Local: endpointOf("B"), Remote: portOf("X", 1)})
	s.tell("B", x, trace.AuthRefuse, trace.Event{Err: errors.New("no TLS certificate")})
	s.send("A", a, 3, data(0, "cut"))
	s.link("A→B#1", timeline.LinkCut, portOf("A", 1))
	s.tell("B", b, trace.ConnReceived, trace.Event{Number: 3, Err: errors.New("connection reset by peer")})
	s.died("B", "killed")
	s.add(timeline.Event{Kind: timeline.KindPromise, Promise: &timeline.Promise{Text: text.Text{Zh: "成立", En: "kept"}, Kept: true}})
	s.add(timeline.Event{Kind: timeline.KindPromise, Promise: &timeline.Promise{Text: text.Text{Zh: "落空", En: "broken"}, Why: "B is dead"}})
	second := dialled(2, "B")
	s.tell("A", second, trace.DialStart, trace.Event{})
	s.tell("A", second, trace.PingSend, trace.Event{})
	return s.diagram()
}

func export(t *testing.T, write func(io.Writer, Export) error, x Export) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, x); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestExportsLookAsTheyDidWhenTheyWereLookedAt(t *testing.T) {
	d := everyFate()
	zh := Export{Lang: text.Chinese, Title: "每种结局", Filter: Filter{Detail: Notable}}
	en := Export{Lang: text.English, Title: "Every fate; #1: <end>", Filter: Filter{Open: []string{"B"}}, UpTo: 40}
	for name, got := range map[string]string{
		"fates.zh.mmd": export(t, d.Mermaid, zh), "fates.en.mmd": export(t, d.Mermaid, en),
		"fates.zh.svg": export(t, d.SVG, zh), "fates.en.svg": export(t, d.SVG, en),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s has changed; look at what -update makes of it", name)
		}
	}
}

func TestTheSameDiagramIsWrittenTheSame(t *testing.T) {
	events := crossing(t)
	for _, write := range []func(*Diagram) func(io.Writer, Export) error{
		func(d *Diagram) func(io.Writer, Export) error { return d.Mermaid },
		func(d *Diagram) func(io.Writer, Export) error { return d.SVG },
	} {
		x := Export{Lang: text.Chinese, Filter: Filter{Open: []string{"A"}}}
		first, second := diagramOf(events), diagramOf(events)
		if export(t, write(first), x) != export(t, write(second), x) {
			t.Error("two diagrams of one session differ")
		}
	}
}

// hostile is a session in which every name and every word is made to break what it is written into.
func hostile() *Diagram {
	s := new(script)
	nasty := "A->>B: x;end<br/><script>alert(1)</script>%%{init: 1}%% $$x$$ #35; `q` \"style: #a;\" & participant"
	name := "A->>B: end;#<b>"
	s.add(timeline.Event{Kind: timeline.KindTitle, Text: &text.Text{Zh: nasty, En: nasty}})
	s.born(name, "end")
	s.say(nasty + "\n%% second line")
	c, d := dialled(1, "end"), accepted(1, portOf(name, 1))
	s.connect(name, "end", c, d, 1)
	s.send(name, c, 2, data(0, nasty))
	s.receive("end", d, 2, data(0, nasty))
	s.tell(name, c, trace.ConnDrop, trace.Event{Envelope: data(0, nasty), Queue: outBuff(20), Err: errors.New(nasty)})
	return s.diagram()
}

func TestNothingThatMermaidReadsComesFromAName(t *testing.T) {
	words := `(?:[\pL\pN .,!?/()'_-]|[^\x00-\x7f]|#\d+;|<br/>)+`
	statement := regexp.MustCompile(`^ *(?:sequenceDiagram|autonumber|end|title ` + words + `|participant P\d+ as ` + words +
		`|box rgb\(246, 246, 246\) ` + words + `|rect rgb\(240, 245, 250\)|Note over P\d+(?:,P\d+)?: ` + words +
		`|P\d+-{1,2}(?:>>|x|\))P\d+: ` + words + `)$`)
	for _, d := range []*Diagram{hostile(), everyFate(), diagramOf(crossing(t))} {
		for _, f := range []Filter{{}, {Open: []string{"A", "B"}}, {Detail: Messages}, {Peers: []string{"B", "end"}}} {
			out := export(t, d.Mermaid, Export{Lang: text.English, Title: "a; b: #c\nend", Filter: f})
			for line := range strings.Lines(out) {
				if !statement.MatchString(strings.TrimSuffix(line, "\n")) {
					t.Errorf("not a statement: %q", line)
				}
			}
		}
	}
}

func TestMermaidOpensAndClosesWhatItNests(t *testing.T) {
	chapters := new(script)
	for range 3 {
		chapters.add(timeline.Event{Kind: timeline.KindTitle, Text: &text.Text{Zh: "一章", En: "a chapter"}})
		chapters.born("A")
	}
	for _, d := range []*Diagram{everyFate(), diagramOf(crossing(t)), chapters.diagram(), New()} {
		for _, upTo := range []uint64{0, 1, 3, 20} {
			out := export(t, d.Mermaid, Export{Filter: Filter{Open: []string{"A"}}, UpTo: upTo})
			opened := strings.Count(out, "\n    rect ") + strings.Count(out, "\n    box ")
			if closed := strings.Count(out, "\n    end\n"); opened != closed {
				t.Errorf("%d opened, %d closed:\n%s", opened, closed, out)
			}
		}
	}
}

func TestWhatDoesNotArriveIsCrossedOutInMermaid(t *testing.T) {
	out := export(t, everyFate().Mermaid, Export{Lang: text.English, Filter: Filter{Detail: Messages}})
	for _, want := range []string{
		"P1->>P2: ● #34;你好#34; #35;2\n",                                           // arrived
		"P2-->>P1: ▲ ack #35;2\n",                                                 // an answer
		"P1-xP2: ● #34;too much#34; (lost)<br/>✕ the send queue is full\n",        // dropped
		"P1-xP2: ● #34;cut#34; #35;3 (lost)<br/>✕ the line was cut\n",             // on a line that was cut
		"P2-)P3: ◆ refusal (nobody tells whether it arrived)\n",                   // to an intruder
		"P1-)P2: ■ Ping (about to leave)\n",                                       // to nobody
		"participant P3 as X (intruder)\n", "Note over P1,P2: ✗ Line A→B#35;1 is", // the cut
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestAnExportEndsAtTheEventThatIsAskedFor(t *testing.T) {
	d := everyFate()
	all := d.View(Filter{}).Now()
	ping := theArrow(t, all, "Ping answered").To.N
	out := export(t, d.Mermaid, Export{UpTo: ping - 1})
	if !strings.Contains(out, "Ping answered (on the way)") || strings.Contains(out, "ConnEstablish") {
		t.Errorf("up to event %d:\n%s", ping-1, out)
	}
	if out := export(t, d.Mermaid, Export{UpTo: 3}); strings.Contains(out, "P2") {
		t.Errorf("B is not born yet:\n%s", out)
	}
}

// label is a text of an SVG picture, with the room that it is estimated to take.
type label struct {
	words                    string
	left, right, top, bottom float64
}

// labelsOf reads the texts of a picture, and its size. It fails the test if the picture is no XML, or holds what a picture must not.
func labelsOf(t *testing.T, picture string) (labels []label, width, height float64) {
	t.Helper()
	attribute := func(e xml.StartElement, name string, otherwise float64) float64 {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				v, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		return otherwise
	}
	dec := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return labels, width, height
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
		e, begins := token.(xml.StartElement)
		if !begins {
			continue
		}
		if !slices.Contains([]string{"svg", "title", "rect", "line", "path", "circle", "text"}, e.Name.Local) {
			t.Errorf("a picture has no <%s>", e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "url(") || strings.Contains(a.Name.Local, "href") {
				t.Errorf("%s=%q", a.Name.Local, a.Value)
			}
		}
		switch e.Name.Local {
		case "svg":
			width, height = attribute(e, "width", 0), attribute(e, "height", 0)
		case "text":
			x, y, size := attribute(e, "x", 0), attribute(e, "y", 0), attribute(e, "font-size", fontSize)
			var words string
			if err := dec.DecodeElement(&words, &e); err != nil {
				t.Fatal(err)
			}
			l := label{words: words, left: x, top: y - size*0.8, bottom: y + size*0.15}
			room := cells(words) * size / fontSize
			for _, a := range e.Attr {
				switch {
				case a.Name.Local == "text-anchor" && a.Value == "end":
					l.left = x - room
				case a.Name.Local == "text-anchor" && a.Value == "middle":
					l.left = x - room/2
				}
			}
			l.right = l.left + room
			labels = append(labels, l)
		}
	}
}

func TestNoTextOfAPictureLiesOnAnother(t *testing.T) {
	for name, d := range map[string]*Diagram{"fates": everyFate(), "hostile": hostile(), "greeting": diagramOf(greeting(t)), "crossing": diagramOf(crossing(t))} {
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			for _, f := range []Filter{{}, {Detail: Notable}, {Detail: Messages}, {Open: []string{"A", "B"}}, {Peers: []string{"A"}}} {
				labels, width, height := labelsOf(t, export(t, d.SVG, Export{Lang: lang, Title: "标题 Title", Filter: f}))
				if len(labels) < 10 {
					t.Fatalf("%s: only %d texts", name, len(labels))
				}
				for i, a := range labels {
					if a.left < 0 || a.right > width || a.top < 0 || a.bottom > height {
						t.Errorf("%s, %s, %+v: %q leaves the picture: %+v of %g by %g", name, lang, f, a.words, a, width, height)
					}
					for _, b := range labels[:i] {
						if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
							t.Errorf("%s, %s, %+v: %q lies on %q", name, lang, f, a.words, b.words)
						}
					}
				}
			}
		}
	}
}

func TestAPictureSaysEverythingThatItsRowsSay(t *testing.T) {
	d := everyFate()
	labels, _, _ := labelsOf(t, export(t, d.SVG, Export{Lang: text.English, Title: "Every fate"}))
	var all strings.Builder
	for _, l := range labels {
		all.WriteString(strings.ReplaceAll(l.words, " ", ""))
	}
	for _, r := range rowsOf(d.View(Filter{}).Now()) {
		for _, tell := range []*Telling{&r.Telling, r.Then} {
			if tell == nil {
				continue
			}
			for _, words := range []string{tell.Text.En, tell.Facts.En, tell.Why.En, string(tell.Step)} {
				if !strings.Contains(all.String(), strings.ReplaceAll(words, " ", "")) {
					t.Errorf("%q is missing", words)
				}
			}
		}
	}
}

func TestAnArrowOfAPictureFalls(t *testing.T) {
	l := newLayout(diagramOf(crossing(t)).picture(Export{}), text.English, "")
	c := &canvas{layout: l}
	falling := 0
	for row := range l.strips {
		if a := l.strips[row].Arrives; a != nil && a.From.Row >= 0 {
			falling++
			if from, to := c.blockOf(a.From.Row, a.From.N), c.blockOf(row, a.To.N); from >= to {
				t.Errorf("%s leaves at %g and arrives at %g", a.Label.En, from, to)
			}
		}
	}
	if falling < 10 {
		t.Errorf("only %d arrows were looked at", falling)
	}
}

func TestAPictureOfNothingIsStillAPicture(t *testing.T) {
	for _, d := range []*Diagram{New(), everyFate()} {
		f := Filter{Message: 10_000} // which there is not
		labelsOf(t, export(t, d.SVG, Export{Filter: f}))
		if out := export(t, d.Mermaid, Export{Filter: f}); !strings.HasPrefix(out, "sequenceDiagram\n") {
			t.Error(out)
		}
	}
}

// failing is a disk that is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errBoom }

func TestAnExportTellsThatItCouldNotBeWritten(t *testing.T) {
	d := everyFate()
	for _, err := range []error{d.SVG(failing{}, Export{}), d.Mermaid(failing{}, Export{})} {
		if !errors.Is(err, errBoom) {
			t.Errorf("got %v", err)
		}
	}
}

func TestEverySentenceIsThereInBothLanguages(t *testing.T) {
	n := 0
	var look func(v reflect.Value, path string)
	look = func(v reflect.Value, path string) {
		switch {
		case v.Type() == reflect.TypeFor[text.Text]() || v.Type() == reflect.TypeFor[phrase]():
			n++
			zh, en := v.Field(0).String(), v.Field(1).String()
			if (zh == "" || en == "") && path != ".signals[0]" {
				t.Errorf("%s lacks a language: %q, %q", path, zh, en)
			}
			if strings.Count(zh, "%") != strings.Count(en, "%") {
				t.Errorf("%s: %q and %q take different arguments", path, zh, en)
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				look(v.Field(i), path+"."+v.Type().Field(i).Name)
			}
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				look(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		case v.Kind() == reflect.Map:
			for _, key := range v.MapKeys() {
				look(v.MapIndex(key), fmt.Sprintf("%s[%v]", path, key))
			}
		}
	}
	look(reflect.ValueOf(says), "")
	if n < 40 {
		t.Errorf("only %d sentences were looked at", n)
	}
	for _, k := range Kinds {
		if k.Name() == (text.Text{}) {
			t.Errorf("%s has no name", k)
		}
	}
}

// Whatever carries a message in the catalogue belongs to one: the steps of a message that are joined to none are listed here.
func TestEveryStepOfAMessageIsJoinedToIt(t *testing.T) {
	for step := range joins {
		if _, known := trace.Lookup(step); !known {
			t.Errorf("%s is no step", step)
		}
	}
	d := diagramOf(crossing(t))
	for _, at := range d.entries.all {
		if step := at.event.Step; step != nil && step.Envelope != nil && at.about == 0 {
			t.Errorf("event %d, %s, has a message and is about none", at.event.N, step.Step)
		}
	}
}

func TestTheMarkOfARowSaysHowItTurnedOut(t *testing.T) {
	for _, c := range []struct {
		what   timeline.Kind
		status narrate.Status
		want   string
	}{
		{timeline.KindStep, narrate.Ahead, "○ "}, {timeline.KindStep, narrate.Well, "● "}, {timeline.KindStep, narrate.Ended, "● "},
		{timeline.KindStep, narrate.Failing, "✗ "}, {timeline.KindPromise, narrate.Well, "✓ "}, {timeline.KindPromise, narrate.Failing, "✗ "},
		{timeline.KindAct, narrate.Well, "▸ "}, {timeline.KindLink, narrate.Well, "~ "}, {timeline.KindLink, narrate.Failing, "✗ "},
		{timeline.KindSay, narrate.Well, ""}, {timeline.KindDeath, narrate.Failing, "✗ "},
	} {
		mustEqual(t, fmt.Sprint(c.what, c.status), c.want, markOf(&Telling{Status: c.status}, c.what))
	}
}

func TestDurationsAreShortAndHardlyWrong(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Second: "2 s", 2510 * time.Millisecond: "2.5 s", 63 * time.Second: "63 s", 1234567 * time.Microsecond: "1.2 s",
		532 * time.Millisecond: "530 ms", 3141592: "3.1 ms", 17 * time.Microsecond: "0.02 ms", 0: "0 ms",
	} {
		mustEqual(t, d.String(), want, span(d).En)
	}
}
