// Command bench measures the layer and the explorer, and holds what it measures against the goals (goals.go). It runs the benchmarks of one
// package after the other, since two at once would measure each other, and prints a table, or also writes it as JSON. Behind the table
// stand others of how cost grows (growth.go).
//
// With -keep it also keeps what it has measured, for the notes (keep.go): the report, as bench.json, and a picture of each curve. What was
// kept before is replaced only by a run in which everything was measured. With -from it measures nothing and takes a kept report instead,
// to draw the pictures anew, or to print a table as the notes have it.
//
// A goal that is not reached is said and fails nothing, since machines differ. The exit status is 1 if a benchmark fails, if nothing could
// be measured, or if what was to be kept could not be.
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

	"gossipscope/internal/text"
)

func main() {
	file := flag.String("json", "", "also write the table to this `file`, as JSON")
	keep := flag.String("keep", "", "also keep the report and the pictures of the curves in this `folder` of notes")
	from := flag.String("from", "", "measure nothing, but take the report from this `file`")
	table := flag.String("table", "", "with -from: print nothing but this `table`, goals or a curve, in Markdown")
	lang := flag.String("lang", "en", "with -table: in this `language`, zh or en")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./internal/bench [-json FILE] [-keep FOLDER]\n"+
			"       go run ./internal/bench -from FILE [-keep FOLDER] [-table TABLE [-lang zh|en]]")
		flag.PrintDefaults()
	}
	flag.Parse()
	var err error
	kept := func(r *Report) error { return nil }
	if *keep != "" {
		kept = func(r *Report) error { return r.keep(*keep, draw) }
	}
	switch {
	case *table != "":
		err = printTableOf(os.Stdout, *from, *table, *lang)
	case *from != "":
		err = again(os.Stdout, *from, kept)
	default:
		err = measure(os.Stdout, os.Stderr, *file, kept)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure runs all benchmarks, prints the tables to out, and meanwhile says to progress what is being measured. Only a report of which
// nothing has failed is kept.
func measure(out, progress io.Writer, file string, keep func(*Report) error) error {
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
	report.printCurves(out)
	if len(report.Results) == 0 {
		failed = append(failed, errors.New("nothing was measured"))
	}
	if file != "" {
		failed = append(failed, report.write(file))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return keep(&report)
}

// again does with a report that was written what measure does with a new one.
func again(out io.Writer, file string, keep func(*Report) error) error {
	report, err := readReport(file)
	if err != nil {
		return err
	}
	report.print(out)
	report.printCurves(out)
	return keep(report)
}

// printTableOf prints one table as the notes have it.
func printTableOf(out io.Writer, file, table, lang string) error {
	report, err := readReport(file)
	if err != nil {
		return err
	}
	l, known := text.ParseLang(lang)
	if !known {
		return fmt.Errorf("there is no language %q: use zh or en", lang)
	}
	return report.markdown(out, table, l)
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
