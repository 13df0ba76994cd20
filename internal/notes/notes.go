// Package notes reads the notes as data: which file has which anchors, and what stands there.
//
// An anchor is an element <a id="conn.write"></a>, which every reader of Markdown understands, whatever the heading beside it is called.
// Where it stands decides what it names:
//
//   - in a heading, or on its own right above one: everything under that heading, its subheadings included;
//   - elsewhere, in a paragraph or a list: the text from there to the next anchor or heading.
//
// A step's anchor has the step's name. A heading has, besides, the anchor that GitHub makes of its words.
package notes

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"gossipscope/comm/trace"
)

// Section is a part of a note.
type Section struct {
	File   string // "conn.md"
	Anchor string // "" for the whole note
	Title  string // the words of its heading, or of the one above it
	Body   string // Markdown, without that heading; with the definitions of the links in it that stand at the end of the note
}

// Library is all notes.
type Library struct {
	files    []string
	sections map[string][]Section // by file; the whole note first, then each anchor, in the order of the text
}

// Read reads all notes of a folder.
func Read(files fs.FS) (*Library, error) {
	pages, err := readPages(files, "")
	if err != nil {
		return nil, err
	}
	return libraryOf(pages), nil
}

// libraryOf returns the notes of these pages, which are sorted.
func libraryOf(pages []*page) *Library {
	l := &Library{sections: make(map[string][]Section)}
	for _, p := range pages {
		l.files = append(l.files, p.file)
		l.sections[p.file] = split(p)
	}
	return l
}

// Files returns the names of the notes, sorted.
func (l *Library) Files() []string { return slices.Clone(l.files) }

// Section returns what an anchor of a note names; the anchor "" names the whole note.
func (l *Library) Section(file, anchor string) (Section, bool) {
	for _, s := range l.sections[file] {
		if s.Anchor == anchor {
			return s, true
		}
	}
	return Section{}, false
}

// Sections returns the sections of a note in the order of the text, the whole note first; nil if there is no such note.
func (l *Library) Sections(file string) []Section { return slices.Clone(l.sections[file]) }

// OfStep returns the section about a step: in the note of the file that emits it, or else in whichever note has it.
func (l *Library) OfStep(step trace.Step) (Section, bool) {
	if _, known := trace.Lookup(step); !known {
		return Section{}, false
	}
	if s, found := l.Section(FileOf(step), string(step)); found {
		return s, true
	}
	for _, file := range l.files {
		if s, found := l.Section(file, string(step)); found {
			return s, true
		}
	}
	return Section{}, false
}

// FileOf returns the name of the note that is to explain a step, which has the name of the source file that emits it.
func FileOf(step trace.Step) string {
	info, known := trace.Lookup(step)
	if !known {
		return ""
	}
	return strings.TrimSuffix(info.File, ".go") + ".md"
}

var anchorPattern = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"\s*(?:/>|>\s*</a>)`)

// line is a line of a note, and what it is to the reader of anchors.
type line struct {
	text    string
	level   int      // of a heading, from 1; 0 for any other line
	title   string   // of a heading
	anchors []string // those that stand in it
	alone   bool     // it holds anchors and nothing else
}

// split returns the sections of a note.
func split(p *page) []Section {
	definitions := definitionsIn(p.content)
	lines := linesOf(p)
	slugs := make(map[string]int)
	whole := Section{File: p.file, Body: p.source}
	if i := slices.IndexFunc(lines, func(l line) bool { return l.level > 0 }); i >= 0 {
		whole.Title = lines[i].title
		if !slices.ContainsFunc(lines[:i], func(l line) bool { return strings.TrimSpace(l.text) != "" && !l.alone }) {
			whole.Body = join(lines[i+1:])
		}
	}
	sections := []Section{whole}
	title := whole.Title
	for i, l := range lines {
		if l.level > 0 {
			title = l.title
			sections = append(sections, Section{p.file, slug(l.title, slugs), title, join(under(lines, i))})
		}
		for _, anchor := range l.anchors {
			s := Section{File: p.file, Anchor: anchor, Title: title}
			if heading := headingOf(lines, i); heading >= 0 {
				s.Title, s.Body = lines[heading].title, join(under(lines, heading))
			} else {
				s.Body = join(dedent(from(lines, i)))
			}
			sections = append(sections, s)
		}
	}
	for i := range sections {
		sections[i].Body = define(sections[i].Body, definitions)
	}
	return sections
}

// define returns a piece of a note with the definitions of the links in it behind it.
func define(body string, definitions map[string]string) string {
	var needed []string
	for label, line := range definitions {
		if strings.Contains(body, "["+label+"]") {
			needed = append(needed, line)
		}
	}
	if len(needed) == 0 {
		return body
	}
	slices.Sort(needed)
	return body + "\n" + strings.Join(needed, "\n") + "\n"
}

// linesOf returns what each line of a note is. The lines that are for a machine (machine.go) are left out.
func linesOf(p *page) []line {
	all := make([]line, len(p.lines))
	for i, s := range p.lines {
		all[i].text = s
	}
	for _, b := range p.blocks {
		if b.kind == heading && b.text != "" {
			all[b.line-1].level, all[b.line-1].title = b.level, strings.TrimSpace(plain(b.text))
		}
	}
	for _, a := range p.anchors {
		l := &all[a.line-1]
		l.anchors = append(l.anchors, a.name)
		l.alone = strings.TrimSpace(anchorPattern.ReplaceAllString(l.text, "")) == ""
	}
	var lines []line
	for i, l := range all {
		if !machineLine.MatchString(l.text) || p.inFence(i) {
			lines = append(lines, l)
		}
	}
	return lines
}

// headingOf returns the index of the heading that an anchor in line i names, -1 if it names none.
func headingOf(lines []line, i int) int {
	for ; i < len(lines); i++ {
		switch {
		case lines[i].level > 0:
			return i
		case !lines[i].alone && strings.TrimSpace(lines[i].text) != "":
			return -1
		}
	}
	return -1
}

// under returns the lines under a heading, up to the next that is not below it.
func under(lines []line, heading int) []line {
	level := lines[heading].level
	end := slices.IndexFunc(lines[heading+1:], func(l line) bool { return l.level > 0 && l.level <= level })
	if end < 0 {
		return lines[heading+1:]
	}
	end += heading + 1
	for end > heading+1 && (lines[end-1].alone || strings.TrimSpace(lines[end-1].text) == "") {
		end-- // anchors of the heading that follows
	}
	return lines[heading+1 : end]
}

// from returns the lines from an anchor to the next anchor or heading. Anchors that stand together share what follows them.
func from(lines []line, i int) []line {
	begin := i
	for i < len(lines) && lines[i].alone {
		i++
	}
	for i++; i < len(lines) && lines[i].level == 0 && len(lines[i].anchors) == 0; i++ {
	}
	return lines[begin:min(i, len(lines))]
}

// dedent takes from every line the indentation of the first, so that an item of an inner list does not become a block of code.
func dedent(lines []line) []line {
	first := lines[0].text
	indent := len(first) - len(strings.TrimLeft(first, " "))
	lines = slices.Clone(lines)
	for i, l := range lines {
		own := len(l.text) - len(strings.TrimLeft(l.text, " "))
		lines[i].text = l.text[min(indent, own):]
	}
	return lines
}

func join(lines []line) string {
	var out strings.Builder
	for _, l := range lines {
		out.WriteString(l.text + "\n")
	}
	return strings.Trim(out.String(), "\n") + "\n"
}

// slug returns the anchor that GitHub makes of a heading: lower case, letters and digits and hyphens, and a number behind the second of
// its kind.
func slug(title string, seen map[string]int) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.In(r, unicode.Letter, unicode.Mark, unicode.Nd, unicode.Nl, unicode.Pc), r == '-':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	n := seen[s]
	seen[s]++
	if n > 0 {
		return fmt.Sprintf("%s-%d", s, n)
	}
	return cmp.Or(s, "-")
}
