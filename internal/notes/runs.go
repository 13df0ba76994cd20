package notes

// What a command prints, the command prints itself. A note that shows an output names the command above it; it must print the same each
// time, on every machine: nothing with ports, times, or hashes that differ.

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// longestRun bounds a command: the first one may have to build the program.
const longestRun = 5 * time.Minute

// run runs a command of a note in the root of the repository, and returns what it printed.
func (c *check) run(command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), longestRun)
	defer cancel()
	// With pipefail, or a program that fails in front of another one would only print less.
	cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", command)
	cmd.Dir = c.Root
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("the command fails: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	if len(output) == 0 {
		return "", fmt.Errorf("the command prints nothing: %s", strings.TrimSpace(stderr.String()))
	}
	lines := strings.Split(strings.TrimRight(string(output), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// checkRuns looks whether the commands print what the note shows.
func (c *check) checkRuns(p *page) {
	for _, f := range p.fences {
		if f.order == nil || f.order.kind != "run" {
			continue
		}
		output, err := c.run(f.order.args)
		switch {
		case err != nil:
			c.find(p, f.order.line, "%v", err)
		case output != f.content(p.lines):
			c.find(p, f.open+1, "this is not what the command prints: run make docs")
		}
	}
}
