package notes

// What a command prints may itself be Markdown: a table of measured figures. Then it stands in the text and not in a block of code, between
// two lines for the machine, and is looked at as every output is. So may it in the two READMEs, which are no notes otherwise.

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const printEnd = "<!-- /print -->"

// printPattern finds the first line of what is printed. It stands at the beginning of a line, as it never does where it is only shown.
var printPattern = regexp.MustCompile(`(?m)^<!-- print (.+?) -->$`)

// fronts are the files beside the notes in which something may be printed.
var fronts = []string{"README.md", "README.zh.md"}

// printed is a part of a file that a command prints, the lines for the machine included.
type printed struct {
	command  string
	line     int // of the first, from 1
	from, to int // offsets
}

// text returns what is to stand there if the command prints this.
func (p printed) text(output string) string {
	return "<!-- print " + p.command + " -->\n\n" + output + "\n" + printEnd
}

// printedIn finds what is printed in a file. What has no end, or ends behind the beginning of another, has a to of 0.
func printedIn(content string) []printed {
	var all []printed
	begins := printPattern.FindAllStringSubmatchIndex(content, -1)
	for i, at := range begins {
		p := printed{command: content[at[2]:at[3]], line: 1 + strings.Count(content[:at[0]], "\n"), from: at[0]}
		rest := content[p.from:]
		if i+1 < len(begins) {
			rest = content[p.from:begins[i+1][0]]
		}
		if end := strings.Index(rest, "\n"+printEnd); end >= 0 {
			p.to = p.from + end + len("\n"+printEnd)
		}
		all = append(all, p)
	}
	return all
}

// withPrinted returns a file with what is printed in it renewed, where the output of a command is known.
func withPrinted(content string, outputs map[string]string) string {
	for _, p := range slices.Backward(printedIn(content)) {
		if output, known := outputs[p.command]; known && p.to > 0 {
			content = content[:p.from] + p.text(output) + content[p.to:]
		}
	}
	return content
}

// checkPrinted looks whether what is printed in a file is what the commands print.
func (c *check) checkPrinted(content string, find func(line int, says string)) {
	for _, p := range printedIn(content) {
		c.counts.Outputs++
		if p.to == 0 {
			find(p.line, "end what is printed here with the line "+printEnd)
			continue
		}
		if !c.Runs {
			continue
		}
		switch output, err := c.run(p.command); {
		case err != nil:
			find(p.line, err.Error())
		case content[p.from:p.to] != p.text(output):
			find(p.line, "this is not what the command prints: run make docs")
		}
	}
}

// checkFronts looks at what is printed in the fronts.
func (c *check) checkFronts() error {
	for _, name := range fronts {
		content, err := c.front(name)
		if err != nil {
			return err
		}
		c.checkPrinted(content, func(line int, says string) {
			c.findings = append(c.findings, Finding{File: name, Line: line, Says: says})
		})
	}
	return nil
}

// front returns the content of one of the fronts, nothing if it is not there.
func (ck *Checker) front(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(ck.Root, name))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return string(content), err
}

// outputs runs the commands that print something into the notes that are wanted, or into the fronts if they are. It returns what they have
// printed; the output of one that fails is missing.
func (c *check) outputs(wanted func(*page) bool, wantFronts bool) (map[string]string, error) {
	var commands []string
	add := func(content string) {
		for _, p := range printedIn(content) {
			commands = append(commands, p.command)
		}
	}
	for _, p := range c.pages {
		if !wanted(p) {
			continue
		}
		add(p.source)
		for _, f := range p.fences {
			if f.order != nil && f.order.kind == "run" {
				commands = append(commands, f.order.args)
			}
		}
	}
	for i := 0; wantFronts && i < len(fronts); i++ {
		content, err := c.front(fronts[i])
		if err != nil {
			return nil, err
		}
		add(content)
	}
	outputs := make(map[string]string)
	for _, command := range commands {
		if output, err := c.run(command); err == nil {
			outputs[command] = output
		}
	}
	return outputs, nil
}

// writeFronts renews what is printed in the fronts.
func (ck *Checker) writeFronts(outputs map[string]string) error {
	for _, name := range fronts {
		content, err := ck.front(name)
		if err != nil {
			return err
		}
		if renewed := withPrinted(content, outputs); renewed != content {
			if err := os.WriteFile(filepath.Join(ck.Root, name), []byte(renewed), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
