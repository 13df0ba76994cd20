package notes

// The notes of the source files all have the same six parts, so that a reader of one finds his way in the next.

import (
	"regexp"
	"slices"
	"strings"
)

// parts are the parts of the note of a source file.
var parts = []string{"1. 这个文件解决什么问题", "2. 结构体", "3. 函数", "4. 并发图", "5. 与 Fabric 各版本的差异", "6. 动手"}

// checkParts looks for the parts of a note, in their order.
func (c *check) checkParts(p *page, file string) {
	if len(p.blocks) == 0 {
		return // there is no such note, which is a finding of its own
	}
	if first := p.blocks[0]; first.kind != heading || first.level != 1 || !strings.HasPrefix(plain(first.text), file+"：") {
		c.find(p, first.line, "begin the note with # %s：…", file)
	}
	next := 0
	for _, b := range p.blocks {
		if b.kind == heading && b.level == 2 && next < len(parts) && plain(b.text) == parts[next] {
			next++
		}
	}
	if next < len(parts) {
		c.missing(p.file, "the part ## %s is missing, or stands elsewhere than behind the one before it", parts[next])
	}
}

// checkFiles looks whether the other notes are there.
func (c *check) checkFiles() {
	for _, name := range c.others {
		if c.page(name) == nil {
			c.missing(name, "write this note")
		}
	}
}

// diagrams are how a diagram of Mermaid may begin.
var diagrams = regexp.MustCompile(`^(flowchart|graph|sequenceDiagram|stateDiagram(-v2)?|classDiagram|erDiagram|timeline|block-beta|gantt|mindmap)\b`)

// checkDiagrams looks whether the diagrams begin as one.
func (c *check) checkDiagrams(p *page) {
	for _, f := range p.fences {
		if f.language != "mermaid" {
			continue
		}
		lines := strings.Split(f.content(p.lines), "\n")
		first := slices.IndexFunc(lines, func(s string) bool { s = strings.TrimSpace(s); return s != "" && !strings.HasPrefix(s, "%%") })
		if first < 0 || !diagrams.MatchString(strings.TrimSpace(lines[first])) {
			c.find(p, f.open+1, "a diagram begins with its kind: flowchart LR, sequenceDiagram, stateDiagram-v2 …")
		}
	}
}
