// Command bench measures the layer and the explorer, and holds what it measures against the goals (goals.go). It runs the benchmarks of one
// package after the other, since two at once would measure each other, and prints a table, or also writes it as JSON.
//
// A goal that is not reached is said and fails nothing, since machines differ. The exit status is 1 if a benchmark fails, or if nothing
// could be measured.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	file := flag.String("json", "", "also write the table to this `file`, as JSON")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./internal/bench [-json FILE]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := measure(os.Stdout, os.Stderr, *file); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure runs all benchmarks, prints the table to out, and meanwhile says to progress what is being measured.
func measure(out, progress io.Writer, file string) error {
	report := Report{Begun: time.Now().UTC().Truncate(time.Second)}
	report.Machine.LoadBefore = load()
	var failed []error
	for _, s := range suites {
		fmt.Fprintln(progress, "measuring", s.dir, "…")
		// What was measured before a failure is still worth showing.
		if err := s.run(&report, progress); err != nil {
			failed = append(failed, fmt.Errorf("the benchmarks of %s: %w", s.dir, err))
		}
	}
	report.Machine.LoadAfter = load()
	report.judge(goals)
	report.print(out)
	if len(report.Results) == 0 {
		failed = append(failed, errors.New("nothing was measured"))
	}
	if file != "" {
		failed = append(failed, report.write(file))
	}
	return errors.Join(failed...)
}

// suite is the benchmarks of one package.
type suite struct {
	dir     string
	pattern string
}

// run adds to the report what the suite measures. What go test says beyond that is passed on: it is what a benchmark logs, or why it
// failed.
func (s suite) run(report *Report, progress io.Writer) error {
	// Each benchmark takes as many turns as it needs by itself, so one round of it is enough.
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", s.pattern, "-benchtime", "1x", "-timeout", "60m", s.dir)
	cmd.Stderr = progress
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	unread := report.read(output, progress)
	if unread != nil {
		io.Copy(io.Discard, output) // or it would wait for somebody to read
	}
	return errors.Join(unread, cmd.Wait())
}

// read adds to the report what the output of go test says, and passes on what it cannot read.
func (r *Report) read(output io.Reader, other io.Writer) error {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	pkg := ""
	for lines.Scan() {
		line := lines.Text()
		if result, ok := parseResult(line); ok {
			result.Package = pkg
			r.Results = append(r.Results, result)
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case key == "pkg":
			pkg = value
		case key == "goos":
			r.Machine.OS = value
		case key == "goarch":
			r.Machine.Arch = value
		case key == "cpu":
			r.Machine.CPU = value
		case line == "PASS" || strings.HasPrefix(line, "ok  \t"):
		default:
			fmt.Fprintln(other, line)
		}
	}
	return lines.Err()
}

// load returns how busy the machine is: the averages that Linux keeps over one, five and fifteen minutes. It is empty elsewhere.
func load() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(content))[:3], " ")
}
