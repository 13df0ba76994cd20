package trace

import (
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// recorder is a Tracer that keeps what it is told, gates and reports apart.
type recorder struct {
	sync.Mutex
	gates, reports []Event
}

func (r *recorder) Gate(e Event) {
	r.Lock()
	defer r.Unlock()
	r.gates = append(r.gates, e)
}

func (r *recorder) Report(e Event) {
	r.Lock()
	defer r.Unlock()
	r.reports = append(r.reports, e)
}

// all returns every event so far.
func (r *recorder) all() []Event {
	r.Lock()
	defer r.Unlock()
	return slices.Concat(r.gates, r.reports)
}
