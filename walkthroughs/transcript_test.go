package walkthroughs

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"gossipscope/comm"
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
	events = withoutChance(events)
	acked := slices.ContainsFunc(events, func(e timeline.Event) bool { return e.Act != nil && e.Act.Verb == "send-with-ack" })
	sequences := make(map[string][]timeline.Event)
	for _, e := range events {
		name := sequenceOf(e)
		if name == theLesson && e.Step != nil {
			name = callerOf(e, acked)
		}
		sequences[name] = append(sequences[name], e)
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

// withoutChance leaves out what is chance within a turn beside the order: whether a message was in the send queue still when its
// enqueue was reported, if the writer of the connection has only begun in the same turn.
func withoutChance(events []timeline.Event) []timeline.Event {
	events = slices.Clone(events)
	for i, e := range events {
		if e.Step == nil || e.Step.Step != trace.ConnEnqueue {
			continue
		}
		began := slices.ContainsFunc(events, func(other timeline.Event) bool {
			return other.Peer == e.Peer && other.Step != nil && other.Step.Step == trace.ConnServe && other.Step.Object.ID == e.Step.Object.ID
		})
		if began {
			step := *e.Step
			step.Queue = trace.Queue{}
			events[i].Step = &step
		}
	}
	return events
}

// theLesson is the goroutine that tells the lesson, and calls the peers' methods.
const theLesson = "the lesson"

// sequenceOf names the goroutine that an event is of. The dialler, or the handler, is later the service of its connection.
func sequenceOf(e timeline.Event) string {
	switch {
	case e.Link != nil:
		return "link " + e.Link.Name
	case e.Step != nil && isClosing(e.Step):
		return connectionSequence(e.Peer, closed(e.Step), "closing")
	case e.Step != nil && isLoss(e.Step):
		return connectionSequence(e.Peer, e.Step.Object, "losses")
	case e.Step != nil && strings.HasPrefix(string(e.Step.Step), "stop."), e.Death != nil && e.Death.Cause == "stopped":
		return e.Peer + " stops"
	case e.Step == nil || e.Step.Goroutine() == trace.CallerGoroutine:
		return theLesson
	}
	conn, goroutine := e.Step.Object, e.Step.Goroutine()
	if conn.Kind == trace.Store || e.Step.Step == trace.StoreHandover || conn.Kind == trace.Instance && goroutine == trace.ServiceGoroutine {
		conn = e.Step.Subject // the store and the demultiplexer run on the goroutines of connections
	}
	if goroutine == trace.DialerGoroutine || goroutine == trace.HandlerGoroutine {
		goroutine = trace.ServiceGoroutine
	}
	return connectionSequence(e.Peer, conn, goroutine)
}

// isClosing reports whether a step is of the closing of a connection: whoever closes it goes through these in their order, and the
// service, which the closing wakes, may run beside him.
func isClosing(t *trace.Event) bool {
	switch t.Step {
	case trace.StoreRemoved, trace.DeadNotice:
		return true
	case trace.ConnClose:
		return t.Goroutine() != trace.CallerGoroutine // that of a Probe or a Handshake the lesson itself closes
	}
	return false
}

// closed returns the connection that is being closed.
func closed(t *trace.Event) trace.Object {
	if t.Object.Kind == trace.Connection {
		return t.Object
	}
	return t.Subject
}

// isLoss reports whether a step tells of a message that was lost because its connection has ended, and not because the queue was full,
// or the time of the message was over.
func isLoss(t *trace.Event) bool {
	return t.Step == trace.ConnDrop && t.Err != nil && !errors.Is(t.Err, comm.ErrAckTimeout) && t.Err.Error() != "the send queue is full"
}

func connectionSequence(peer string, conn trace.Object, goroutine trace.Goroutine) string {
	return fmt.Sprintf("%s %s %s %s %06d %s", peer, conn.Kind, conn.Role, conn.Endpoint, conn.ID, goroutine)
}

// callerOf names the goroutine of a step that happens on a caller's: the lesson's own, but for two kinds. SendWithAck begins a goroutine
// for each peer, and a message is acknowledged by whoever has subscribed to it. acked says whether a SendWithAck begins in this turn.
func callerOf(e timeline.Event, acked bool) string {
	remote := e.Peer + " " + e.Step.Peer.String()
	if len(e.Step.Peer) == 0 {
		remote = e.Peer + " " + e.Step.Object.Endpoint // over a connection that the remote peer has dialled
	}
	msg, err := e.Step.Envelope.ToGossipMessage()
	switch {
	case e.Step.Step == trace.StoreLookup && acked, e.Step.Step == trace.AckSubscribe, e.Step.Step == trace.AckResult:
		return "to be acknowledged by " + remote
	case err != nil:
		return theLesson
	case msg.IsAck():
		return connectionSequence(e.Peer, e.Step.Object, "answers")
	case e.Step.Step == trace.ConnEnqueue && msg.Nonce != 0:
		return "to be acknowledged by " + remote
	}
	return theLesson
}

func before(a timeline.Event, nameA string, b timeline.Event, nameB string) bool {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(nameA, nameB)) < 0
}

// rank is the place of a step in the catalogue. Before all steps comes what the lesson says or does, and then a line that opens; after
// all steps a line that closes.
func rank(e timeline.Event) int {
	switch {
	case e.Step != nil:
		return rankOf(e.Step)
	case e.Link != nil && e.Link.Change == "close":
		return 2 * len(trace.Catalogue)
	case e.Link != nil:
		return -1
	default:
		return -2
	}
}

// rankOf counts by twos, so that there is room for the steps that are told out of the order of the catalogue.
func rankOf(e *trace.Event) int {
	of := func(step trace.Step) int {
		return 2 * slices.IndexFunc(trace.Catalogue, func(info trace.Info) bool { return info.Step == step })
	}
	switch {
	case e.Step == trace.AckSubscribe || e.Step == trace.AckRespond:
		return of(trace.ConnEnqueue) // they stand among the acknowledgements, but the enqueue of a message is what follows each
	case e.Step == trace.AckResult && narrate.StatusOf(e) == narrate.Ended:
		return of(trace.AckDone) + 1 // given up, because SendWithAck returns
	case e.Step == trace.AuthReceived && e.Err != nil:
		return of(trace.StoreHandover) + 1 // nothing has come, perhaps because of a refusal
	case e.Step == trace.StoreTieBreak:
		return of(trace.StoreStored) - 2 // the verdict, what gives way, and what is stored: one critical section tells them in this order
	case e.Step == trace.StoreReplaced || e.Step == trace.StoreHandover:
		return of(trace.StoreStored) - 1
	case e.Step == trace.DemuxDeliver || e.Step == trace.DemuxDelivered || e.Step == trace.DemuxUnclaimed:
		return of(trace.ConnHandle) + 1 // where the service goes on
	case isLoss(e):
		return of(trace.ConnClose) + 1
	}
	return of(e.Step)
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
