package notes

// The note of a source file has a section for each declaration of the file, and in the section of a struct an item for each field. A
// section names what it is about twice: by its anchor, for links and the explorer, and in backticks, for the reader.

import (
	"regexp"
	"slices"
	"strings"

	"gossipscope/comm/trace"
)

// section is where a note explains a declaration.
type section struct {
	block int // index of the heading or the item
	end   int // index behind its last block, those that explain something else in it included
}

// checkSource holds the note of a source file against the file.
func (c *check) checkSource(file string) {
	note := strings.TrimSuffix(file, ".go") + ".md"
	p := c.page(note)
	if p == nil {
		p = readPage(folder+"/"+note, "")
		c.missing(note, "write the note of comm/%s", file)
	}
	s, err := c.sourceFile("comm/" + file)
	if err != nil {
		c.missing(note, "comm/%s cannot be read: %v", file, err)
		return
	}
	declared := s.declarations()
	sections := c.sectionsOf(p, declared)
	begins := make([]int, 0, len(sections))
	for _, at := range sections {
		begins = append(begins, at.block)
	}
	for _, d := range declared {
		c.counts.Declarations.Want++
		c.counts.Fields.Want += len(d.fields)
		if d.isFunc {
			c.counts.Functions.Want++
		}
		at, explained := sections[d.name]
		if !explained {
			if c.page(note) != nil {
				c.missing(note, "explain %s: ### <a id=\"%s\"></a>`%s`：…", d.name, d.name, d.name)
			}
			continue
		}
		c.counts.Declarations.Have++
		c.checkFields(p, d, at)
		if d.isFunc {
			if p.claims(at.block, at.ownEnd(begins)) {
				c.counts.Functions.Have++
			} else {
				c.find(p, p.blocks[at.block].line,
					"the section of %s claims nothing that is shown: end a sentence with 〔见 [TestX]〕 or 〔见 [第 3 课]〕", d.name)
			}
		}
	}
	c.checkParts(p, file)
}

// ownEnd returns the end of a section without the sections of other declarations in it.
func (s section) ownEnd(begins []int) int {
	end := s.end
	for _, begin := range begins {
		if begin > s.block && begin < end {
			end = begin
		}
	}
	return end
}

// sectionsOf finds the sections of declarations in a note, and those that name what is not declared.
func (c *check) sectionsOf(p *page, declared []declaration) map[string]section {
	sections := make(map[string]section)
	for i, b := range p.blocks {
		if b.kind != heading && b.kind != item {
			continue
		}
		anchors, names, _ := leadOf(b.text)
		if len(names) == 0 {
			continue
		}
		for _, anchor := range anchors {
			_, isStep := trace.Lookup(trace.Step(anchor))
			isDeclared := slices.ContainsFunc(declared, func(d declaration) bool { return d.name == anchor })
			switch {
			case isStep && !slices.Contains(names, anchor):
			case isStep:
			case !slices.Contains(names, anchor):
				c.find(p, b.line, "the anchor %s and the name %s differ: give the section the same name twice", anchor, strings.Join(names, ", "))
			case !isDeclared:
				c.find(p, b.line, "comm/%s declares no %s: rename or remove its section", strings.TrimSuffix(p.file, ".md")+".go", anchor)
			default:
				sections[anchor] = section{i, b.end}
			}
		}
	}
	return sections
}

// afterName is what follows the names with which an item explains them, perhaps with a type in between.
var afterName = regexp.MustCompile(`^\s*(（[^）]*）)?\s*：`)

// checkFields looks for an item for each field in the section of a type.
func (c *check) checkFields(p *page, d declaration, at section) {
	explained := make(map[string]bool)
	for _, b := range p.blocks[at.block:at.end] {
		if b.kind != item {
			continue
		}
		_, names, rest := leadOf(b.text)
		if !afterName.MatchString(rest) {
			continue
		}
		for _, name := range names {
			name, _, _ = strings.Cut(name, "(") // a method may show its parameters
			explained[name] = true
		}
	}
	for _, field := range d.fields {
		if explained[field] {
			c.counts.Fields.Have++
		} else {
			c.find(p, p.blocks[at.block].line, "explain %s.%s by an item of a list in this section: - `%s`：…", d.name, field, field)
		}
	}
}
