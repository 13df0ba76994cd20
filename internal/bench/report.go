package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Report is everything that one run has measured, and what it is worth.
type Report struct {
	Begun   time.Time `json:"begun"`
	Machine Machine   `json:"machine"`
	Rows    []Row     `json:"rows"`    // the goals, in their order
	Results []Result  `json:"results"` // what the benchmarks have reported, the noise included
}

// Machine is where it was measured, and how busy that was with other things.
type Machine struct {
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	CPU        string `json:"cpu,omitempty"`
	LoadBefore string `json:"load_before,omitempty"` // averages over 1, 5 and 15 minutes, as Linux has them
	LoadAfter  string `json:"load_after,omitempty"`
}

// Result is one line of a benchmark.
type Result struct {
	Package string             `json:"package"`
	Name    string             `json:"name"`    // without "Benchmark" and the number of processors
	Metrics map[string]float64 `json:"metrics"` // by unit
}

// Row is a goal and what has become of it.
type Row struct {
	Name      string   `json:"name"`
	Benchmark string   `json:"benchmark"`
	Unit      string   `json:"unit"`
	Value     *float64 `json:"value"`           // the median, if there is a spread; null if nothing was measured
	Low       *float64 `json:"low,omitempty"`   // its first quartile
	High      *float64 `json:"high,omitempty"`  // its third
	Ours      *float64 `json:"ours,omitempty"`  // what a ratio was made of
	Limit     *float64 `json:"limit,omitempty"` // the same
	Of        string   `json:"of,omitempty"`    // the unit of these two
	Goal      string   `json:"goal"`
	Verdict   Verdict  `json:"verdict"`
}

// Verdict says whether a goal was reached.
type Verdict string

// The verdicts.
const (
	Met         Verdict = "met"
	NotMet      Verdict = "NOT MET"
	NotMeasured Verdict = "not measured" // there is no such benchmark on this system, or it was skipped, or it failed
)

// parseResult reads a line "BenchmarkName-8  1  12.5 ms/op  3 allocs/op". It reports false if the line is no such thing.
func parseResult(line string) (Result, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark") {
		return Result{}, false
	}
	if _, err := strconv.Atoi(fields[1]); err != nil {
		return Result{}, false
	}
	r := Result{Name: withoutProcessors(strings.TrimPrefix(fields[0], "Benchmark")), Metrics: make(map[string]float64)}
	for i := 2; i < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return Result{}, false
		}
		r.Metrics[fields[i+1]] = value
	}
	return r, true
}

// withoutProcessors takes from a name the number of processors that testing adds to it, if there is more than one.
func withoutProcessors(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	if _, err := strconv.Atoi(name[i+1:]); err != nil {
		return name
	}
	return name[:i]
}

// judge makes the rows: for each goal one for every result that it is about.
func (r *Report) judge(goals []goal) {
	for _, g := range goals {
		measured := false
		for _, result := range r.Results {
			if row, ok := g.judge(result); ok {
				r.Rows = append(r.Rows, row)
				measured = true
			}
		}
		if !measured {
			r.Rows = append(r.Rows, Row{Name: g.row.En, Benchmark: g.benchmark, Unit: g.unit, Goal: g.bound.String(), Verdict: NotMeasured})
		}
	}
}

// judge holds a result against the goal. It reports false if the result is about something else.
func (g goal) judge(result Result) (Row, bool) {
	value, found := result.Metrics[g.unit]
	if !found || result.Name != g.benchmark && !strings.HasPrefix(result.Name, g.benchmark+"/") {
		return Row{}, false
	}
	row := Row{Name: g.row.En, Benchmark: result.Name, Unit: g.unit, Value: &value, Goal: g.bound.String(), Verdict: NotMet}
	if g.bound.met(value) {
		row.Verdict = Met
	}
	row.Low, row.High = result.metric(g.unit+"-q1"), result.metric(g.unit+"-q3")
	if g.unit == "ours/limit" {
		row.Of = result.compared()
		row.Ours, row.Limit = result.metric(row.Of+"-ours"), result.metric(row.Of+"-limit")
	}
	return row, true
}

// metric returns what was reported in a unit, nil if nothing was.
func (r Result) metric(unit string) *float64 {
	value, found := r.Metrics[unit]
	if !found {
		return nil
	}
	return &value
}

// compared returns the unit in which the result has ours and the limit.
func (r Result) compared() string {
	for _, unit := range slices.Sorted(maps.Keys(r.Metrics)) {
		if of, isOurs := strings.CutSuffix(unit, "-ours"); isOurs {
			return of
		}
	}
	return ""
}

// print writes the table, and beneath it what was reported and is no row: the noise.
func (r *Report) print(out io.Writer) {
	table := [][]string{{"what", "benchmark", "ours", "limit", "ratio", "goal", ""}}
	for _, row := range r.Rows {
		table = append(table, row.cells())
	}
	printTable(out, table)
	fmt.Fprintln(out, "\nbeside it:")
	for _, result := range r.Results {
		if beside := r.beside(result); beside != "" && !strings.HasPrefix(result.Name, growth) {
			fmt.Fprintf(out, "  %s:%s\n", result.Name, beside)
		}
	}
	fmt.Fprintf(out, "\n%s, %s/%s", r.Begun.Format(time.RFC3339), r.Machine.OS, r.Machine.Arch)
	if r.Machine.CPU != "" {
		fmt.Fprintf(out, ", %s", r.Machine.CPU)
	}
	if r.Machine.LoadBefore != "" {
		fmt.Fprintf(out, "; load before: %s, after: %s", r.Machine.LoadBefore, r.Machine.LoadAfter)
	}
	fmt.Fprintln(out)
}

// printTable writes cells below each other.
func printTable(out io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, cells := range table {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, cells := range table {
		line := ""
		for i, cell := range cells {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

// cells returns the row as it is printed. A metric with a spread is a ratio, and stands in that column; any other is ours.
func (row Row) cells() []string {
	ours, limit, ratio := "", "", ""
	switch {
	case row.Value == nil:
	case row.Low != nil && row.High != nil:
		ratio = fmt.Sprintf("%s (%s to %s)", number(*row.Value), number(*row.Low), number(*row.High))
	default:
		ours = number(*row.Value) + " " + row.Unit
	}
	if row.Ours != nil && row.Limit != nil {
		ours, limit = number(*row.Ours)+" "+row.Of, number(*row.Limit)+" "+row.Of
	}
	return []string{row.Name, row.Benchmark, ours, limit, ratio, row.Goal, string(row.Verdict)}
}

// number returns a value with three digits or so: no measurement here is worth more.
func number(value float64) string {
	switch {
	case value >= 100 || value == float64(int(value)):
		return strconv.FormatFloat(value, 'f', 0, 64)
	case value >= 10:
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 2, 64)
}

// beside returns the metrics of a result that no row shows.
func (r *Report) beside(result Result) string {
	shown := map[string]bool{"ns/op": true} // which the benchmarks do not mean
	for _, row := range r.Rows {
		if row.Benchmark != result.Name {
			continue
		}
		for _, unit := range []string{row.Unit, row.Unit + "-q1", row.Unit + "-q3", row.Of + "-ours", row.Of + "-limit"} {
			shown[unit] = true
		}
	}
	text := ""
	for _, unit := range slices.Sorted(maps.Keys(result.Metrics)) {
		if !shown[unit] {
			text += "  " + number(result.Metrics[unit]) + " " + unit
		}
	}
	return text
}

// write writes the report to a file, as JSON.
func (r *Report) write(file string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}
