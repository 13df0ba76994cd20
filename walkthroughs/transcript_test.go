package walkthroughs

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

var update = flag.Bool("update", false, "write the transcripts anew; look at what changed before you commit it")

// inReadingOrder puts the events of a seeded run into an order that is the same in every run of the same seed.
//
// After each release the controller waits until everything is at rest; a turn is what happens in between. Within a turn several
// goroutines may run at once, and in which order their reports were recorded is chance. What is not: the order within each
// goroutine. So the goroutines' sequences are merged, always taking next the step that comes first in the catalogue, which is
// the order in which a message meets the steps. That puts each write before its read.
func inReadingOrder(events []timeline.Event) []timeline.Event {
	var ordered []timeline.Event
	for len(events) > 0 {
		end := slices.IndexFunc(events, func(e timeline.Event) bool { return e.Turn != events[0].Turn })
		if end < 0 {
			end = len(events)
		}
		ordered = append(ordered, mergeTurn(events[:end])...)
		events = events[end:]
	}
	for i := range ordered {
		ordered[i].N = uint64(i + 1)
	}
	return ordered
}

// mergeTurn orders the events of one turn.
func mergeTurn(events []timeline.Event) []timeline.Event {
	sequences := make(map[string][]timeline.Event)
	for _, e := range events {
		sequences[sequenceOf(e)] = append(sequences[sequenceOf(e)], e)
	}
	var merged []timeline.Event
	for len(merged) < len(events) {
		next := ""
		for name, sequence := range sequences {
			if len(sequence) > 0 && (next == "" || before(sequence[0], name, sequences[next][0], next)) {
				next = name
			}
		}
		merged = append(merged, sequences[next][0])
		sequences[next] = sequences[next][1:]
	}
	return merged
}

// sequenceOf names the goroutine that an event is of. The dialler, or the handler, is later the service of its connection.
func sequenceOf(e timeline.Event) string {
	switch {
	case e.Link != nil:
		return "link " + e.Link.Name
	case e.Step == nil || e.Step.Goroutine() == trace.CallerGoroutine:
		return "the lesson"
	}
	conn, goroutine := e.Step.Object, e.Step.Goroutine()
	if conn.Kind == trace.Store {
		conn = e.Step.Subject
	}
	if goroutine == trace.DialerGoroutine || goroutine == trace.HandlerGoroutine {
		goroutine = trace.ServiceGoroutine
	}
	return fmt.Sprintf("%s %s %s %s %06d %s", e.Peer, conn.Kind, conn.Role, conn.Endpoint, conn.ID, goroutine)
}

func before(a timeline.Event, nameA string, b timeline.Event, nameB string) bool {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(nameA, nameB)) < 0
}

// rank is the place of a step in the catalogue. Before all steps comes what the lesson says or does, and then a line that opens; after
// all steps a line that closes.
func rank(e timeline.Event) int {
	switch {
	case e.Step != nil:
		return slices.IndexFunc(trace.Catalogue, func(info trace.Info) bool { return info.Step == e.Step.Step })
	case e.Link != nil && e.Link.Change == "close":
		return len(trace.Catalogue)
	case e.Link != nil:
		return -1
	default:
		return -2
	}
}

// transcript is a seeded run as prose.
func transcript(t *testing.T, events []timeline.Event, lang text.Lang) []byte {
	t.Helper()
	var b bytes.Buffer
	printer := narrate.NewPrinter(&b, lang, narrate.Options{})
	for _, e := range inReadingOrder(events) {
		if err := printer.Print(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := printer.Finish(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkTranscript compares a transcript with the one that is kept, or keeps it.
func checkTranscript(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the transcript has changed (-kept +now); if that is right: go test ./walkthroughs -update\n%s", diff)
	}
}
