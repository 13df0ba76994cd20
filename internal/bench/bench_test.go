package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gossipscope/internal/text"
)

// What go test prints: two packages, a case, a machine with one processor, a log, and a benchmark that was skipped.
const output = `goos: linux
goarch: amd64
pkg: gossipscope/comm
cpu: Some CPU @ 3.00GHz
BenchmarkOrdered/100B-8         	       1	    200000 msg/s-limit	    190123 msg/s-ours	         0.9512 ours/limit	         0.9211 ours/limit-q1	         0.9798 ours/limit-q3
BenchmarkFlood/4KiB-8  	       1	        12.34 %delivered	         2.000 out-of-order
--- BENCH: BenchmarkFlood/4KiB-8
    bench_message_test.go:76: ours 9836.3
--- SKIP: BenchmarkHandshake
PASS
ok  	gossipscope/comm	23.676s
pkg: gossipscope/cmd/explore
BenchmarkPlayingALesson/handshake 	       1	        14.20 %core-playing	         0 B-paused	         1.5e-05 kB/s-playing
PASS
ok  	gossipscope/cmd/explore	1.2s
`

func read(t *testing.T, output string) (report Report, other string) {
	t.Helper()
	var rest strings.Builder
	if err := report.read(strings.NewReader(output), &rest); err != nil {
		t.Fatal(err)
	}
	return report, rest.String()
}

func TestOutputOfGoTestIsRead(t *testing.T) {
	report, other := read(t, output)
	want := []Result{
		{Package: "gossipscope/comm", Name: "Ordered/100B", Metrics: map[string]float64{"msg/s-limit": 200000, "msg/s-ours": 190123,
			"ours/limit": 0.9512, "ours/limit-q1": 0.9211, "ours/limit-q3": 0.9798}},
		{Package: "gossipscope/comm", Name: "Flood/4KiB", Metrics: map[string]float64{"%delivered": 12.34, "out-of-order": 2}},
		{Package: "gossipscope/cmd/explore", Name: "PlayingALesson/handshake",
			Metrics: map[string]float64{"%core-playing": 14.2, "B-paused": 0, "kB/s-playing": 1.5e-05}},
	}
	if diff := cmp.Diff(want, report.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Machine{OS: "linux", Arch: "amd64", CPU: "Some CPU @ 3.00GHz"}, report.Machine); diff != "" {
		t.Errorf("machine (-want +got):\n%s", diff)
	}
	if !strings.Contains(other, "bench_message_test.go:76: ours 9836.3") || !strings.Contains(other, "--- SKIP: BenchmarkHandshake") {
		t.Errorf("what is no result was not passed on:\n%s", other)
	}
	if strings.Contains(other, "PASS") || strings.Contains(other, "ok  ") {
		t.Errorf("what goes without saying was passed on:\n%s", other)
	}
}

func TestOnlyResultsAreTakenForResults(t *testing.T) {
	for _, line := range []string{
		"",
		"BenchmarkOrdered",                      // before its result, with -v
		"BenchmarkOrdered-8",                    // the same
		"BenchmarkOrdered-8   1   12.5",         // a value without a unit
		"BenchmarkOrdered-8   1   twelve ms/op", // and no value
		"BenchmarkOrdered was interrupted after a while",
		"--- FAIL: BenchmarkOrdered-8",
		"panic: runtime error",
	} {
		if result, ok := parseResult(line); ok {
			t.Errorf("%q was read as %v", line, result)
		}
	}
}

func TestNameLosesTheNumberOfProcessorsAndNothingElse(t *testing.T) {
	for name, want := range map[string]string{
		"Ordered-8":                       "Ordered",
		"Ordered":                         "Ordered",
		"Ordered/100B-16":                 "Ordered/100B",
		"PlayingALesson/simultaneous-2":   "PlayingALesson/simultaneous",
		"PlayingALesson/dead-peer":        "PlayingALesson/dead-peer",
		"PlayingALesson/send-with-ack-12": "PlayingALesson/send-with-ack",
	} {
		if got := withoutProcessors(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func TestTableHoldsResultsAgainstGoals(t *testing.T) {
	report, _ := read(t, output)
	report.Begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	report.Machine.LoadBefore, report.Machine.LoadAfter = "0.10 0.20 0.30", "1.10 0.40 0.30"
	report.judge([]goal{
		{named("ordered, 100 B"), "Ordered/100B", "ours/limit", atLeast(0.95)},
		{named("out of order"), "Flood", "out-of-order", atMost(0)},
		{named("handshake"), "Handshake", "ours/limit", atLeast(0.75)},
		{named("a lesson plays"), "PlayingALesson", "%core-playing", atMost(20)},
		{named("a lesson is paused"), "PlayingALesson", "B-paused", atMost(0)},
	})
	want := `what                benchmark                 ours                limit         ratio                 goal    
ordered, 100 B      Ordered/100B              190123 msg/s        200000 msg/s  0.95 (0.92 to 0.98)   ≥ 0.95  met
out of order        Flood/4KiB                2 out-of-order                                          ≤ 0     NOT MET
handshake           Handshake                                                                         ≥ 0.75  not measured
a lesson plays      PlayingALesson/handshake  14.2 %core-playing                                      ≤ 20    met
a lesson is paused  PlayingALesson/handshake  0 B-paused                                              ≤ 0     met

beside it:
  Flood/4KiB:  12.3 %delivered
  PlayingALesson/handshake:  0.00 kB/s-playing

2026-01-02T03:04:05Z, linux/amd64, Some CPU @ 3.00GHz; load before: 0.10 0.20 0.30, after: 1.10 0.40 0.30
`
	var got strings.Builder
	report.print(&got)
	if diff := cmp.Diff(lines(want), lines(got.String())); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

// lines are compared without what does not show at their ends, nor how many spaces are between two cells of one.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return all
}

// named is what is measured, in two languages that do not differ.
func named(name string) text.Text { return text.Text{Zh: name, En: name} }

func TestColumnsStandBelowEachOther(t *testing.T) {
	report, _ := read(t, output)
	report.judge([]goal{{named("≤ 行"), "Flood", "out-of-order", atMost(0)}, {named("a longer name"), "Ordered", "ours/limit", atLeast(1)}})
	var table strings.Builder
	report.print(&table)
	rows := strings.Split(table.String(), "\n")
	if strings.Index(rows[0], "benchmark") != strings.Index(rows[2], "Ordered/100B") {
		t.Errorf("the columns do not stand below each other:\n%s", table.String())
	}
}

func TestBoundsAreReachedByTheirOwnValue(t *testing.T) {
	for _, test := range []struct {
		bound bound
		value float64
		met   bool
	}{
		{atLeast(0.95), 0.95, true}, {atLeast(0.95), 0.949, false}, {atLeast(0.95), 2, true},
		{atMost(1.8), 1.8, true}, {atMost(1.8), 1.81, false}, {atMost(0), 0, true},
	} {
		if got := test.bound.met(test.value); got != test.met {
			t.Errorf("%v by %v: %t, want %t", test.bound, test.value, got, test.met)
		}
	}
}

func TestFileHoldsWhatTheTableDoes(t *testing.T) {
	report, _ := read(t, output)
	report.judge([]goal{
		{named("ordered, 100 B"), "Ordered/100B", "ours/limit", atLeast(0.95)},
		{named("handshake"), "Handshake", "ours/limit", atLeast(0.75)},
	})
	file := filepath.Join(t.TempDir(), "bench.json")
	if err := report.write(file); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report, got); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
	if !strings.Contains(string(content), `"value": null`) {
		t.Errorf("what was not measured has a value:\n%s", content)
	}
}

// A goal that names no benchmark, a benchmark that no goal names, or one that there is not, is a slip of the pen: what it was to measure would
// only be missing.
func TestEveryGoalIsOfABenchmarkThatIsRun(t *testing.T) {
	judged := map[string]bool{strings.TrimSuffix(growth, "/"): true} // which the curves show
	for _, g := range goals {
		name, _, _ := strings.Cut(g.benchmark, "/")
		judged[name] = true
		run := 0
		for _, s := range suites {
			if s.names()[name] {
				run++
			}
		}
		if run != 1 {
			t.Errorf("%q is about %s, which %d suites run", g.row.En, name, run)
		}
	}
	for _, s := range suites {
		declared := benchmarksIn(t, filepath.Join("..", "..", s.dir))
		for name := range s.names() {
			if !declared[name] {
				t.Errorf("there is no Benchmark%s in %s", name, s.dir)
			}
			if !judged[name] {
				t.Errorf("no goal is about Benchmark%s of %s", name, s.dir)
			}
		}
	}
}

// benchmarksIn returns the names of the benchmarks that the tests of a folder declare.
func benchmarksIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, isFunc := d.(*ast.FuncDecl); isFunc {
				if name, isBenchmark := strings.CutPrefix(f.Name.Name, "Benchmark"); isBenchmark {
					names[name] = true
				}
			}
		}
	}
	return names
}

// names are the benchmarks that the pattern of a suite is made of.
func (s suite) names() map[string]bool {
	pattern := strings.TrimSuffix(strings.TrimPrefix(s.pattern, "^Benchmark"), "$")
	names := make(map[string]bool)
	for name := range strings.SplitSeq(strings.Trim(pattern, "()"), "|") {
		names[name] = true
	}
	return names
}

// A benchmark that fails makes the whole fail, and what was measured before is kept.
func TestFailureIsAnErrorAndLosesNothing(t *testing.T) {
	module(t, map[string]string{
		"a_test.go": "package failing\n\nimport \"testing\"\n\nfunc BenchmarkGood(b *testing.B) { b.ReportMetric(7, \"apples\") }\n",
		"b_test.go": "package failing\n\nimport \"testing\"\n\nfunc BenchmarkWorse(b *testing.B) { b.Fatal(\"no more apples\") }\n",
	})
	var report Report
	var progress strings.Builder
	err := suite{".", "^Benchmark(Good|Worse)$"}.run(&report, &progress)
	if err == nil {
		t.Error("no error")
	}
	if !strings.Contains(progress.String(), "no more apples") {
		t.Errorf("nobody is told why:\n%s", progress.String())
	}
	if len(report.Results) != 1 || report.Results[0].Metrics["apples"] != 7 {
		t.Errorf("what was measured before is %v", report.Results)
	}
}

// module makes a module of these files, and makes it the working directory.
func module(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module failing\n\ngo 1.26.0\n"
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}
