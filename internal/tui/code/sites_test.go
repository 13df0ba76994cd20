package code

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm"
	"gossipscope/comm/trace"
)

func readMap(t *testing.T) *Map {
	t.Helper()
	m, err := ReadMap(comm.Source())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func lineOf(m *Map, site Site) string {
	return strings.Split(string(m.Source(site.File)), "\n")[site.Line-1]
}

func TestEveryStepOfTheCatalogueHasASiteInTheFileThatTheCatalogueNames(t *testing.T) {
	m := readMap(t)
	for _, info := range trace.Catalogue {
		sites := m.Sites(info.Step)
		if len(sites) == 0 {
			t.Errorf("%s has no site", info.Step)
		}
		for _, site := range sites {
			if site.File != info.File {
				t.Errorf("%s is at %s:%d, the catalogue says %s", info.Step, site.File, site.Line, info.File)
			}
			if line := lineOf(m, site); !strings.Contains(line, "trace.") || site.Function == "" {
				t.Errorf("%s: %s:%d in %q is no trace call: %s", info.Step, site.File, site.Line, site.Function, line)
			}
			if step, found := m.StepAt(site.File, site.Line); step != info.Step || !found {
				t.Errorf("at the line of %s stands %q", info.Step, step)
			}
		}
	}
}

// A constant that stood for the step of another one would show the wrong line, and both would still have a site of their own file.
func TestNoTwoConstantsStandForOneStep(t *testing.T) {
	m := readMap(t)
	for step, sites := range m.steps {
		if len(sites) != 1 {
			t.Errorf("%s is at %v; package comm emits each step at one place", step, sites)
		}
	}
	for constant, want := range map[string]trace.Step{
		"ConnServe": trace.ConnServe, "ConnServeEnd": trace.ConnServeEnd, "AuthAwait": trace.AuthAwait, "AuthPKIID": trace.AuthPKIID,
		"ConnWrite": trace.ConnWrite, "ConnWritten": trace.ConnWritten, "Initiator": "",
	} {
		if got, _ := stepOf(constant); got != want {
			t.Errorf("trace.%s is taken for %q, want %q", constant, got, want)
		}
	}
}

func TestASiteKnowsItsFunctionAndItsLastLine(t *testing.T) {
	m, err := ReadMap(fstest.MapFS{"x.go": {Data: []byte(`package x

// write writes.
func (conn *connection) write() {
	conn.trace.Gate(trace.ConnWrite, trace.Event{
		Number: 1,
	})
}

func read(c conn) {
	go func() {
		check(trace.AuthDecode, nil)
	}()
}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[trace.Step][]Site{
		trace.ConnWrite:  {{File: "x.go", Line: 5, Last: 7, Function: "(*connection).write"}},
		trace.AuthDecode: {{File: "x.go", Line: 12, Last: 12, Function: "read"}},
	}
	if diff := cmp.Diff(want, m.steps); diff != "" {
		t.Error(diff)
	}
	if doc, head, end := m.Function("x.go", 6); doc != 3 || head != 4 || end != 8 {
		t.Errorf("line 6 lies in a function of lines %d, %d, %d", doc, head, end)
	}
	if doc, _, _ := m.Function("x.go", 1); doc != 0 {
		t.Error("the package clause lies in a function")
	}
}

func TestCallersAreThoseOfTheMethodAndNotOfItsNamesakes(t *testing.T) {
	m := readMap(t)
	for of, want := range map[string][]string{
		"(*connection).lose": {"(*ChannelDeMultiplexer).DeMultiplex", "(*ChannelDeMultiplexer).deliver", "(*commImpl).handToSubscriber", "(*connection).drop", "(*connection).handle", "(*connection).dropUnhandled",
			"(*connection).readFromStream"},
		"(*connection).write":          {"(*connection).writeToStream"},
		"(*ackSendOperation).send":     {"(*commImpl).SendWithAck"}, // connection has a send, too
		"(*commImpl).Stop":             nil,                         // called from outside
		"nobody":                       nil,
		"(*commImpl).createConnection": {"(*connectionStore).dial"}, // through an interface
	} {
		var got []string
		for _, site := range m.Callers(of) {
			if !slices.Contains(got, site.Function) {
				got = append(got, site.Function)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("callers of %s (-want +got):\n%s", of, diff)
		}
	}
}

func TestEveryActOfAPeerEntersTheLayerByAMethodThatThereIs(t *testing.T) {
	m := readMap(t)
	for verb, method := range entries {
		site, found := m.Method(method)
		if !found || !strings.Contains(lineOf(m, site), ") "+method+"(") {
			t.Errorf("%s: no method %s, but %s", verb, method, lineOf(m, site))
		}
	}
}

func TestSourceThatIsNoGoIsRefused(t *testing.T) {
	if _, err := ReadMap(fstest.MapFS{"x.go": {Data: []byte("nonsense")}}); err == nil {
		t.Error("no error")
	}
}
