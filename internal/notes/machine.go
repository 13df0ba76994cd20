package notes

// Some blocks of a note are made by machine: the line above them says what of. Whoever writes a note writes that line and an empty block;
// "make docs" fills it, and the checker looks whether it would be filled with the same again.
//
//	<!-- code connection.send -->                      the source of a declaration (snippets.go)
//	<!-- run go run ./cmd/explore play 1 | head -5 --> what a command prints (runs.go)
//	<!-- steps --> … <!-- /steps -->                   the table of the steps (steps.go)
//	<!-- print COMMAND --> … <!-- /print -->           what a command prints that is Markdown itself (printed.go)
//	<!-- links --> … <!-- /links -->                   where the tests and lessons stand that are named (evidence.go)

import (
	"regexp"
	"strings"
)

var (
	orderPattern = regexp.MustCompile(`^\s*<!--\s+(code|run)\s+(.*?)\s+-->\s*$`)
	machineLine  = regexp.MustCompile(`^\s*<!--\s+/?(?:code|run|print|steps|links)\b.*-->\s*$`)
	fenceOpens   = regexp.MustCompile("^(\\s*)(```+|~~~+)\\s*([^`]*?)\\s*$")
)

// order says what a block is to be made of.
type order struct {
	kind string // "code" or "run"
	args string
	line int // from 1
}

// fence is a block of code in a note.
type fence struct {
	order    *order // nil if it was written by hand
	indent   string
	mark     string // ``` or more of them
	language string
	open     int // index of its first line, the one with the mark
	close    int // and of its last
}

// content returns what is in the block, without its indentation.
func (f fence) content(lines []string) string {
	var out strings.Builder
	for _, line := range lines[f.open+1 : f.close] {
		out.WriteString(strings.TrimPrefix(line, f.indent) + "\n")
	}
	return out.String()
}

// orderAbove returns what the line above a block orders.
func orderAbove(lines []string, i int) *order {
	for i--; i >= 0 && strings.TrimSpace(lines[i]) == ""; i-- {
	}
	if i < 0 {
		return nil
	}
	return orderIn(lines, i)
}

func orderIn(lines []string, i int) *order {
	match := orderPattern.FindStringSubmatch(lines[i])
	if match == nil {
		return nil
	}
	return &order{kind: match[1], args: match[2], line: i + 1}
}

// filled returns the lines of a note with the blocks that make returns something for, filled with that.
func (p *page) filled(make func(fence) (content string, ok bool)) []string {
	var out []string
	done := 0
	for _, f := range p.fences {
		content, ok := make(f)
		if !ok || content == f.content(p.lines) {
			continue
		}
		out = append(out, p.lines[done:f.open]...)
		mark := longEnough(f.mark, content)
		out = append(out, strings.TrimRight(f.indent+mark+f.language, " "))
		for _, line := range strings.Split(strings.TrimSuffix(content, "\n"), "\n") {
			if line != "" {
				line = f.indent + line
			}
			out = append(out, line)
		}
		out = append(out, f.indent+mark)
		done = f.close + 1
	}
	return append(out, p.lines[done:]...)
}

// longEnough returns a mark that does not occur in what it encloses.
func longEnough(mark, content string) string {
	for strings.Contains(content, mark) {
		mark += mark[:1]
	}
	return mark
}

// between finds the part of a note from one machine line to another, both included. The lines themselves may not be in a block of code.
func between(content, begin, end string) (from, to int, found bool) {
	from = strings.Index("\n"+content, "\n"+begin)
	if from < 0 {
		return 0, 0, false
	}
	to = strings.Index(content[from:], end)
	if to < 0 {
		return 0, 0, false
	}
	return from, from + to + len(end), true
}
