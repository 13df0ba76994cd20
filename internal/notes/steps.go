package notes

// Every step has its anchor in the note of the file that emits it: there the explorer opens the note when the step is taken, and shows what
// follows until the next anchor or heading. trace.md has a table of all of them.

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
)

const (
	stepsBegin = "<!-- steps -->"
	stepsEnd   = "<!-- /steps -->"
)

// checkSteps looks for the anchor of each step of the catalogue.
func (c *check) checkSteps() {
	found := make(map[trace.Step]bool)
	for _, p := range c.pages {
		for _, b := range p.blocks {
			before, _, _ := leadOf(b.text)
			for i, match := range markedID.FindAllString(b.text, -1) {
				step := trace.Step(strings.Trim(match, anchorBegin+anchorEnd))
				if _, known := trace.Lookup(step); !known {
					continue
				}
				if want := FileOf(step); want != p.file {
					c.find(p, b.line, "the step %s is explained in %s: give this anchor another name", step, want)
					continue
				}
				found[step] = true
				if b.kind == cell || b.kind != heading && i >= len(before) {
					c.find(p, b.line, "put the anchor of %s at the beginning of a paragraph or of an item of a list, or into a heading", step)
				}
			}
		}
	}
	for _, group := range c.groups {
		for _, step := range group {
			c.counts.Steps.Want++
			if found[step] {
				c.counts.Steps.Have++
				c.checkStepText(step)
			} else if note := FileOf(step); c.page(note) != nil {
				c.missing(note, "explain the step %s: <a id=\"%s\"></a>…", step, step)
			}
		}
	}
}

// checkStepText looks whether there is anything to read for who stands at a step.
func (c *check) checkStepText(step trace.Step) {
	s, _ := c.library.Section(FileOf(step), string(step))
	if !strings.Contains(s.Body, "。") {
		c.missing(s.File, "say what happens at %s: no sentence stands between its anchor and the next anchor or heading", step)
	}
}

// groupTitles are the groups of steps in Chinese, by their first step.
var groupTitles = map[trace.Step]string{
	trace.StoreLookup:  "找到连接，或者建立连接",
	trace.AuthTLSCert:  "弄清对方是谁",
	trace.StoreStored:  "连接在连接表里的一生",
	trace.ConnServe:    "消息的一出一进",
	trace.AckSubscribe: "确认",
	trace.DemuxAdd:     "从连接到订阅者",
	trace.DeadNotice:   "种种结束",
}

// stepTable returns the table of the steps.
func (c *check) stepTable() string {
	var out strings.Builder
	for _, group := range c.groups {
		if title := groupTitles[group[0]]; title != "" {
			fmt.Fprintf(&out, "\n### %s\n", title)
		}
		out.WriteString("\n| 步骤 | 门或报告 | 文件 | goroutine | 说明 | 课 |\n|---|---|---|---|---|---|\n")
		for _, step := range group {
			info, known := trace.Lookup(step)
			if !known {
				continue
			}
			kind := "报告"
			if info.Gate {
				kind = "门"
			}
			caption, _ := narrate.CaptionOf(&trace.Event{Step: step, Gate: info.Gate})
			fmt.Fprintf(&out, "| [`%s`](%s#%s) | %s | `%s` | %s | %s | %s |\n",
				step, FileOf(step), step, kind, info.File, info.Goroutine, caption.Zh, c.lessonsWith(step))
		}
	}
	return stepsBegin + "\n\n粗体的那一课专讲这一步。\n" + out.String() + "\n" + stepsEnd
}

// lessonsWith names the lessons in which a step is taken, in bold the one that is about it.
func (c *check) lessonsWith(step trace.Step) string {
	taken := regexp.MustCompile(`[○●✗] ` + regexp.QuoteMeta(string(step)) + `(\s|$)`)
	var numbers []int
	for number, l := range c.lessons {
		if taken.MatchString(l.text) {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	var links []string
	for _, number := range numbers {
		link := fmt.Sprintf("[%d][第 %d 课]", number, number)
		if c.lessons[number].about[step] {
			link = "**" + link + "**"
		}
		links = append(links, link)
	}
	return strings.Join(links, "、")
}

// withStepTable returns a note with the table of the steps renewed, if it has one.
func (c *check) withStepTable(content string) string {
	from, to, found := between(content, stepsBegin, stepsEnd)
	if !found {
		return content
	}
	return content[:from] + c.stepTable() + content[to:]
}

// checkStepTable looks whether trace.md has the table, as it should be.
func (c *check) checkStepTable() {
	p := c.page("trace.md")
	if p == nil {
		return // which is a finding of its own
	}
	switch _, _, found := between(p.source, stepsBegin, stepsEnd); {
	case !found:
		c.missing(p.file, "put the lines %s and %s where the table of the steps is to stand, and run make docs", stepsBegin, stepsEnd)
	case c.withStepTable(p.source) != p.source:
		c.missing(p.file, "the table of the steps is not what it should be: run make docs")
	}
}
