package notes

// The checker keeps the notes true. It holds every note against the sources, the tests and the lessons of the repository, by rules that
// stand in a file each: declarations.go, steps.go, snippets.go, evidence.go, links.go, words.go, shape.go, commands.go, runs.go and
// printed.go; to other texts for readers fewer of them apply (guides.go). What a machine can write it writes itself (Checker.Write); the rest
// it can only ask for.

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gossipscope/comm/trace"
)

// folder is where the notes are.
const folder = "docs/zh"

// Checker checks the notes of a repository, or writes in them what is drawn from elsewhere.
type Checker struct {
	Root string // of the repository
	Runs bool   // Check also runs the commands of which a note prints the output

	sources []string // the files of package comm that have a note each
	others  []string // the notes besides
}

// NewChecker returns a checker for the repository at root.
func NewChecker(root string) *Checker {
	return &Checker{
		Root:    root,
		sources: []string{"ack.go", "comm.go", "comm_impl.go", "conn.go", "crypto.go", "demux.go", "msg.go", "tiebreak.go"},
		others:  []string{"README.md", "overview.md", "identity.md", "wire.md", "trace.md", "performance.md", "faq.md", "glossary.md"},
	}
}

// Finding is a fault of a note, and what to do about it.
type Finding struct {
	File string // "docs/zh/conn.md"
	Line int    // from 1; 0 if it is about what is not there
	At   string // the anchor or the heading that it stands under
	Says string
}

func (f Finding) String() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d", f.Line)
	}
	if f.At != "" {
		s += " (" + f.At + ")"
	}
	return s + ": " + f.Says
}

// Part is how much there is of what there ought to be.
type Part struct{ Have, Want int }

func (p Part) String() string { return fmt.Sprintf("%d of %d", p.Have, p.Want) }

// Counts says how much the notes hold.
type Counts struct {
	Declarations, Fields, Steps, Functions Part // those that are explained; of the functions, those with evidence

	Snippets, Claims, Tests, Lessons, Links, Outputs int
}

func (c Counts) String() string {
	return fmt.Sprintf("declarations explained   %v\nfields explained         %v\nsteps anchored           %v\nfunctions with evidence  %v\n"+
		"snippets drawn           %d\nclaims                   %d, naming %d tests and %d lessons\nlinks resolved           %d\noutputs printed          %d\n",
		c.Declarations, c.Fields, c.Steps, c.Functions, c.Snippets, c.Claims, c.Tests, c.Lessons, c.Links, c.Outputs)
}

// check is one run of a checker: what it has read, and what it has found.
type check struct {
	*Checker
	pages    []*page
	library  *Library
	steps    map[string]trace.Step // by the name of the constant
	groups   [][]trace.Step
	tests    map[string][]string // the files that have a test, by its name
	lessons  map[int]lesson
	words    wordList
	typed    typed
	parsed   map[string]*source // by path
	named    map[string]bool    // tests and lessons that a claim names
	findings []Finding
	counts   Counts
}

// begin reads all that the rules need.
func (ck *Checker) begin() (*check, error) {
	c := &check{Checker: ck, parsed: make(map[string]*source), named: make(map[string]bool)}
	var errs [4]error
	c.steps, c.groups, errs[0] = stepsOf(ck.Root)
	c.tests, errs[1] = testsIn(ck.Root)
	c.lessons, errs[2] = lessonsIn(ck.Root, c.steps)
	c.typed, errs[3] = commandsIn(ck.Root)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return c, c.readPages()
}

// readPages reads the notes, again if they have changed.
func (c *check) readPages() error {
	var err error
	if c.pages, err = readPages(os.DirFS(filepath.Join(c.Root, filepath.FromSlash(folder))), folder); err != nil {
		return err
	}
	c.library = libraryOf(c.pages)
	c.words = wordList{}
	if p := c.page("glossary.md"); p != nil {
		c.words = readWords(p)
	}
	return nil
}

// page returns the note of a name, nil if there is none.
func (c *check) page(name string) *page {
	if i := slices.IndexFunc(c.pages, func(p *page) bool { return p.file == name }); i >= 0 {
		return c.pages[i]
	}
	return nil
}

// sourceFile returns a Go file of the repository, which is read once.
func (c *check) sourceFile(path string) (*source, error) {
	if s := c.parsed[path]; s != nil {
		return s, nil
	}
	s, err := readSource(c.Root, path, c.steps)
	if err == nil {
		c.parsed[path] = s
	}
	return s, err
}

// find notes a fault.
func (c *check) find(p *page, line int, format string, args ...any) {
	f := Finding{File: p.path, Line: line, Says: fmt.Sprintf(format, args...)}
	if line > 0 {
		f.At = p.at(line)
	}
	c.findings = append(c.findings, f)
}

// missing notes that something is not there.
func (c *check) missing(file, format string, args ...any) {
	c.findings = append(c.findings, Finding{File: folder + "/" + file, Says: fmt.Sprintf(format, args...)})
}

// Check checks all notes. It returns what is wrong with them, in the order of the files, and how much they hold.
func (ck *Checker) Check() ([]Finding, Counts, error) {
	c, err := ck.begin()
	if err != nil {
		return nil, Counts{}, err
	}
	for _, p := range c.pages {
		c.checkCode(p)
		c.checkEvidence(p)
		c.checkLinks(p)
		c.checkNumbers(p)
		c.checkWords(p)
		c.checkSetting(p)
		c.checkCommands(p)
		c.checkDiagrams(p)
		c.checkPrinted(p.source, func(line int, says string) { c.find(p, line, "%s", says) })
		if ck.Runs {
			c.checkRuns(p)
		}
	}
	for _, file := range ck.sources {
		c.checkSource(file)
	}
	c.checkSteps()
	c.checkStepTable()
	c.checkFiles()
	if err := c.checkGuides(); err != nil {
		return nil, Counts{}, err
	}
	if err := c.checkFronts(); err != nil {
		return nil, Counts{}, err
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return c.findings, c.counts, nil
}

// Write writes into the notes of these names or paths, or into all and into the fronts if none is named, what is drawn from elsewhere: code,
// outputs, the table of the steps, and the links to tests and lessons. What cannot be drawn stays as it is; Check says why.
func (ck *Checker) Write(names ...string) error {
	c, err := ck.begin()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(c.pages, func(p *page) bool { return p.isNamed(name) }) {
			return fmt.Errorf("there is no note %s", name)
		}
	}
	wanted := func(p *page) bool { return len(names) == 0 || slices.ContainsFunc(names, p.isNamed) }
	// The commands first, since they take their time: a note that somebody saves meanwhile is not overwritten with what it was before.
	outputs, err := c.outputs(wanted, len(names) == 0)
	if err != nil {
		return err
	}
	if err := c.readPages(); err != nil {
		return err
	}
	for _, p := range c.pages {
		if !wanted(p) {
			continue
		}
		content := strings.Join(p.filled(func(f fence) (string, bool) {
			switch {
			case f.order == nil:
				return "", false
			case f.order.kind == "run":
				output, ok := outputs[f.order.args]
				return output, ok
			}
			code, err := c.draw(p.file, f.order.args)
			return code, err == nil
		}), "\n")
		content = withPrinted(c.withStepTable(content), outputs)
		content = c.withLinks(readPage(p.file, content))
		if content == p.content {
			continue
		}
		path := filepath.Join(ck.Root, filepath.FromSlash(folder), p.file)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		return nil
	}
	return c.writeFronts(outputs)
}
