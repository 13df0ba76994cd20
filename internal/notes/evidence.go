package notes

// A sentence that claims how the layer behaves ends with what shows it: 〔见 [TestX]〕 or 〔见 [第 3 课]〕. Where that test or lesson stands, the
// author need not know: the links are made from the names and stand at the end of the note.

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	linksBegin = "<!-- links -->"
	linksEnd   = "<!-- /links -->"
)

var (
	claimPattern  = regexp.MustCompile(`〔([^〕]*)〕`)
	labelPattern  = regexp.MustCompile(`\[((?:Test|Fuzz|Example)[^\s\]]*|第 \d+ 课)\]`)
	wellFormed    = regexp.MustCompile(`^见 \[[^\]]+\](?:、\[[^\]]+\])*$`)
	inBrackets    = regexp.MustCompile(`\[([^\]]+)\]`)
	lessonPattern = regexp.MustCompile(`^第 (\d+) 课$`)
	linksPattern  = regexp.MustCompile(`(?s)\n*(?:^|\n)` + linksBegin + `\n(.*?)` + linksEnd + `\s*`)
	definition    = regexp.MustCompile(`(?m)^\[([^\]]+)\]: `)
)

// testsIn finds every top-level test of a repository, and the files that have one of its name, the nearest to package comm first.
func testsIn(root string) (map[string][]string, error) {
	tests := make(map[string][]string)
	files, err := filesIn(root, "_test.go")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, filepath.FromSlash(name)), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			function, isFunc := decl.(*ast.FuncDecl)
			if isFunc && function.Recv == nil && isTest(function.Name.Name) {
				tests[function.Name.Name] = append(tests[function.Name.Name], name)
			}
		}
	}
	for _, files := range tests {
		slices.SortStableFunc(files, func(a, b string) int { return distance(a) - distance(b) })
	}
	return tests, nil
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Example)($|[^a-z])`)

func isTest(name string) bool { return testName.MatchString(name) && name != "TestMain" }

// distance is how far from package comm a file is. Of two tests with one name a note means the nearer.
func distance(file string) int {
	if !strings.HasPrefix(file, "comm/") {
		return 100
	}
	return strings.Count(file, "/")
}

// evidence returns the file that a label such as "TestX" or "第 3 课" stands for.
func (c *check) evidence(label string) (file string, found bool) {
	if match := lessonPattern.FindStringSubmatch(label); match != nil {
		number, _ := strconv.Atoi(match[1]) // digits; a number too large for it is no lesson
		l, found := c.lessons[number]
		return l.transcript, found
	}
	name, _, _ := strings.Cut(label, "/")
	files := c.tests[name]
	if len(files) == 0 {
		return "", false
	}
	return files[0], true
}

// claims reports whether something in these blocks names its evidence.
func (p *page) claims(from, to int) bool {
	return slices.ContainsFunc(p.blocks[from:to], func(b block) bool {
		return slices.ContainsFunc(claimPattern.FindAllString(prose(b.text), -1), func(claim string) bool { return labelPattern.MatchString(claim) })
	})
}

// checkEvidence looks whether what the claims name exists.
func (c *check) checkEvidence(p *page) {
	for _, b := range p.blocks {
		words := prose(b.text)
		for _, match := range claimPattern.FindAllStringSubmatchIndex(words, -1) {
			claim := words[match[2]:match[3]]
			c.counts.Claims++
			if !wellFormed.MatchString(claim) {
				c.find(p, b.line, "write 〔%s〕 as 〔见 [TestX]〕, 〔见 [第 3 课]〕 or 〔见 [TestX]、[第 3 课]〕", shown(claim))
				continue
			}
			for _, label := range inBrackets.FindAllStringSubmatch(claim, -1) {
				c.checkLabel(p, b.line, label[1])
			}
			if before := words[:match[0]]; strings.HasSuffix(before, "。") {
				c.find(p, b.line, "put 〔%s〕 before the full stop", shown(claim))
			}
		}
		for _, label := range labelPattern.FindAllStringSubmatch(claimPattern.ReplaceAllString(words, ""), -1) {
			if _, found := c.evidence(label[1]); !found {
				c.find(p, b.line, "there is no %s in this repository", label[1])
			}
		}
	}
	if c.withLinks(p) != p.content {
		c.find(p, 0, "the links to tests and lessons at its end are not what they should be: run make docs")
	}
}

// checkLabel counts what a claim names, if it exists.
func (c *check) checkLabel(p *page, line int, label string) {
	_, found := c.evidence(label)
	switch isLesson := lessonPattern.MatchString(label); {
	case !found && isLesson:
		c.find(p, line, "there is no lesson of this number: %s", label)
	case !found:
		c.find(p, line, "there is no test %s in this repository", label)
	case c.named[label]:
	case isLesson:
		c.named[label] = true
		c.counts.Lessons++
	default:
		c.named[label] = true
		c.counts.Tests++
	}
}

// withLinks returns a note with the links at its end that it needs.
func (c *check) withLinks(p *page) string {
	labels := make(map[string]string)
	for _, b := range p.blocks {
		for _, match := range labelPattern.FindAllStringSubmatch(prose(b.text), -1) {
			if file, found := c.evidence(match[1]); found {
				labels[match[1]] = file
			}
		}
	}
	body := strings.TrimRight(p.source, "\n") + "\n"
	if len(labels) == 0 {
		return body
	}
	var names []string
	for name := range labels {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	out.WriteString(body + "\n" + linksBegin + "\n")
	for _, name := range names {
		fmt.Fprintf(&out, "[%s]: ../../%s\n", name, labels[name])
	}
	out.WriteString(linksEnd + "\n")
	return out.String()
}

// withoutLinks returns a note without the links at its end.
func withoutLinks(content string) string { return linksPattern.ReplaceAllString(content, "\n") }

// definitionsIn returns the links at the end of a note, each in the line that defines it, by label.
func definitionsIn(content string) map[string]string {
	all := make(map[string]string)
	if block := linksPattern.FindStringSubmatch(content); block != nil {
		for _, line := range strings.Split(block[1], "\n") {
			if match := definition.FindStringSubmatch(line); match != nil {
				all[match[1]] = line
			}
		}
	}
	return all
}

// shown returns a piece of prose without control characters.
func shown(s string) string { return strings.ReplaceAll(s, codeBegin, "`…`") }
