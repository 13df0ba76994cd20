package trace

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gossipscope/comm/common"
	"gossipscope/proto"
)

var errBroken = errors.New("broken")

// fullEvent has every field set that a caller may set, so that whatever escapes to the heap would show.
func fullEvent() Event {
	return Event{
		Peer:     common.PKIidType("peer"),
		Local:    "here:1",
		Remote:   "there:2",
		Number:   7,
		Envelope: &proto.Envelope{Payload: []byte("payload")},
		Queue:    Queue{Name: "outBuff", Len: 3, Cap: 20},
		Subject:  Object{Kind: Connection, ID: 4, Role: Acceptor, Purpose: ForProbe, Endpoint: "there:2"},
		Detail:   "detail",
		Err:      errBroken,
	}
}

func TestWithoutATracerThereIsNoSourceAndItIsSilent(t *testing.T) {
	source := NewSource(nil, Object{Kind: Connection, ID: 1})
	if source != nil {
		t.Fatalf("NewSource without a tracer returned %v, want nil", source)
	}
	source.Gate(ConnWrite, fullEvent())
	source.Report(ConnWritten, fullEvent())
	if got := source.Object(); got != (Object{}) {
		t.Errorf("the object of a nil source is %v, want the zero Object", got)
	}
}

// The layer calls a Source several times for each message, tracer or not. What is measured is a call as the layer writes it: the event
// is built in place, from what is at hand.
func TestCallsWithoutATracerAllocateNothing(t *testing.T) {
	var source *Source
	peer, envelope := common.PKIidType("peer"), &proto.Envelope{Payload: []byte("payload")}
	queue := make(chan int, 20)
	event := func(number uint64) Event {
		return Event{Peer: peer, Local: "here:1", Remote: "there:2", Number: number, Envelope: envelope,
			Queue: Queue{Name: "outBuff", Len: len(queue), Cap: cap(queue)}, Subject: source.Object(), Detail: "detail", Err: errBroken}
	}
	for name, call := range map[string]func(){
		"Gate":   func() { source.Gate(ConnWrite, event(2)) },
		"Report": func() { source.Report(ConnWritten, event(2)) },
		"Object": func() { _ = source.Object() },
	} {
		if got := testing.AllocsPerRun(1000, call); got != 0 {
			t.Errorf("%s without a tracer allocates %v times", name, got)
		}
	}
}

func TestEventReachesTheTracerWholeWithStepObjectAndKind(t *testing.T) {
	var r recorder
	object := Object{Kind: Connection, ID: 3, Role: Initiator, Purpose: ForMessages, Endpoint: "there:2"}
	source := NewSource(&r, object)
	if got := source.Object(); got != object {
		t.Errorf("Object returned %v, want %v", got, object)
	}
	source.Gate(ConnWrite, fullEvent())
	source.Report(ConnWritten, fullEvent())

	want := func(step Step, seq uint64, gate bool) []Event {
		e := fullEvent()
		e.Step, e.Object, e.Seq, e.Gate = step, object, seq, gate
		return []Event{e}
	}
	sameError := cmpopts.EquateErrors()
	if diff := cmp.Diff(want(ConnWrite, 1, true), r.gates, sameError, cmpopts.IgnoreUnexported(proto.Envelope{})); diff != "" {
		t.Errorf("gates differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want(ConnWritten, 2, false), r.reports, sameError, cmpopts.IgnoreUnexported(proto.Envelope{})); diff != "" {
		t.Errorf("reports differ (-want +got):\n%s", diff)
	}
}

func TestCallerCannotForgeStepObjectNumberOrKind(t *testing.T) {
	var r recorder
	NewSource(&r, Object{Kind: Store, ID: 1}).Report(StoreStored, Event{Step: StopDone, Object: Object{Kind: Instance, ID: 9}, Seq: 99, Gate: true})
	want := []Event{{Step: StoreStored, Object: Object{Kind: Store, ID: 1}, Seq: 1}}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
}

func TestSequenceNumbersOfAnObjectHaveNoHolesUnderConcurrency(t *testing.T) {
	const goroutines, calls = 8, 10_000
	// The tracer takes no lock: one would keep the calls apart, and with them what is tested.
	var first, second [2*goroutines*calls + 1]atomic.Int32
	tracer := tracerFunc(func(e Event) {
		if e.Object.ID == 1 {
			first[e.Seq].Add(1)
		} else {
			second[e.Seq].Add(1)
		}
	})
	one, other := NewSource(tracer, Object{Kind: Connection, ID: 1}), NewSource(tracer, Object{Kind: Connection, ID: 2})
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range calls {
				one.Gate(ConnWrite, Event{})
				one.Report(ConnWritten, Event{})
				other.Report(ConnWritten, Event{})
			}
		})
	}
	wg.Wait()
	for seq := 1; seq <= 2*goroutines*calls; seq++ {
		if got := first[seq].Load(); got != 1 {
			t.Fatalf("the first object: %d events have number %d", got, seq)
		}
		want := int32(1)
		if seq > goroutines*calls {
			want = 0
		}
		if got := second[seq].Load(); got != want {
			t.Fatalf("the second object: %d events have number %d, want %d", got, seq, want)
		}
	}
}

// Within one goroutine the numbers ascend, so that sorting by them never turns a cause and its effect round.
func TestSequenceNumbersAscendWithinAGoroutine(t *testing.T) {
	type tagged struct {
		goroutine int
		seq       uint64
	}
	var (
		mu  sync.Mutex
		got []tagged
		wg  sync.WaitGroup
	)
	source := NewSource(tracerFunc(func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, tagged{int(e.Number), e.Seq})
	}), Object{Kind: Connection, ID: 1})
	for g := range 8 {
		wg.Go(func() {
			for range 500 {
				source.Report(ConnWritten, Event{Number: uint64(g)})
			}
		})
	}
	wg.Wait()
	last := map[int]uint64{}
	for _, e := range got {
		if e.seq <= last[e.goroutine] {
			t.Fatalf("goroutine %d emitted number %d after %d", e.goroutine, e.seq, last[e.goroutine])
		}
		last[e.goroutine] = e.seq
	}
}

// tracerFunc is a Tracer that treats gates and reports alike.
type tracerFunc func(Event)

func (f tracerFunc) Gate(e Event)   { f(e) }
func (f tracerFunc) Report(e Event) { f(e) }
