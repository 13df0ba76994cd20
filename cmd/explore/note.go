package main

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gossipscope/comm/trace"
	"gossipscope/docs"
	"gossipscope/internal/narrate"
	"gossipscope/internal/notes"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/note"
)

func (p *program) noteCommand() *command {
	says := &text.Table.Reading
	return &command{said: &says.Note, examples: says.NoteExamples, Command: &cobra.Command{Use: "note", Args: atMostOne,
		RunE: func(_ *cobra.Command, args []string) error {
			library, err := notes.Read(docs.Zh())
			switch {
			case err != nil:
				return text.Failed(err, says.NotesUnreadable)
			case len(args) == 0:
				return p.noteList(library)
			}
			section, err := p.section(library, args[0])
			if err != nil {
				return err
			}
			return p.showSection(library, section)
		}}}
}

func atMostOne(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return misuse(c.Name(), text.Table.Usage.OneOnly, c.CommandPath())
	}
	return nil
}

// noteList lists the notes with their titles.
func (p *program) noteList(library *notes.Library) error {
	says := &text.Table.Reading
	var rows [][2]string
	for _, file := range library.Files() {
		whole, _ := library.Section(file, "")
		rows = append(rows, [2]string{file, text.Printable(whole.Title)})
	}
	var out strings.Builder
	out.WriteString(says.NoteList.In(p.lang) + "\n")
	writeColumns(&out, rows)
	out.WriteString("\n" + says.NoteNext.Format(p.lang, p.called) + "\n")
	return p.print(out.String())
}

// section finds what somebody wants to read: NOTE, NOTE#SECTION, or the name of a section, wherever it is.
func (p *program) section(library *notes.Library, wanted string) (notes.Section, error) {
	says := &text.Table.Reading
	name, anchor, sharp := strings.Cut(wanted, "#")
	file := fileOf(library, name, func(a, b string) bool { return a == b })
	if file == "" && (!sharp || name == "") {
		word := cmp.Or(name, anchor)
		if section, found := library.OfStep(trace.Step(word)); found {
			return section, nil
		}
		if found := everywhere(library, word); len(found) == 1 {
			return found[0], nil
		}
	}
	if file = cmp.Or(file, fileOf(library, name, strings.EqualFold)); file != "" {
		if section, found := library.Section(file, anchor); found {
			return section, nil
		}
		shown := text.Printable(anchor)
		if alike := p.alike(library, []string{file}, anchor); alike != "" {
			return notes.Section{}, misuse("note", says.SectionAlike, file, shown, alike)
		}
		return notes.Section{}, misuse("note", says.UnknownSection, file, shown, p.called, file)
	}
	if alike := p.alike(library, library.Files(), cmp.Or(anchor, name)); alike != "" {
		return notes.Section{}, misuse("note", says.UnknownNoteAlike, text.Printable(wanted), alike)
	}
	return notes.Section{}, misuse("note", says.UnknownNote, text.Printable(wanted), p.called)
}

// fileOf returns the note that is meant by its name, which may lack its end, or be that of the source file; "" if there is none.
func fileOf(library *notes.Library, name string, same func(a, b string) bool) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	for _, file := range library.Files() {
		stem := strings.TrimSuffix(file, ".md")
		if same(name, file) || same(name, stem) || same(name, stem+".go") {
			return file
		}
	}
	return ""
}

// everywhere returns the sections with an anchor, one for each note that has it.
func everywhere(library *notes.Library, anchor string) []notes.Section {
	var found []notes.Section
	for _, file := range library.Files() {
		if section, there := library.Section(file, anchor); there && anchor != "" {
			found = append(found, section)
		}
	}
	return found
}

// alike names the sections of these notes, and the notes, that look like a word, the most alike first; "" if none does.
func (p *program) alike(library *notes.Library, files []string, word string) string {
	const most, worse = 5, 1 // how many, and how much less alike than the first
	type candidate struct {
		section  notes.Section
		distance int
	}
	var all []candidate
	for _, file := range files {
		for _, section := range library.Sections(file) {
			d, near := distance(word, cmp.Or(section.Anchor, strings.TrimSuffix(file, ".md")))
			if !near {
				continue
			}
			// A heading has an anchor that is made of its words, and behind it mostly one of its own, which is the better name.
			i := slices.IndexFunc(all, func(c candidate) bool {
				c.section.Anchor = section.Anchor
				return c.section == section
			})
			switch {
			case i < 0:
				all = append(all, candidate{section, d})
			case d <= all[i].distance:
				all[i] = candidate{section, d}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.distance - b.distance })
	var names []string
	for _, c := range all[:min(len(all), most)] {
		if c.distance <= all[0].distance+worse {
			names = append(names, nameOfSection(c.section))
		}
	}
	return strings.Join(names, text.Table.Reading.Between.In(p.lang))
}

// nameOfSection returns what one writes to read a section.
func nameOfSection(s notes.Section) string {
	if s.Anchor == "" {
		return s.File
	}
	return s.File + "#" + s.Anchor
}

// distance says how much two names differ, and whether they are alike at all.
func distance(word, name string) (d int, near bool) {
	word, name = strings.ToLower(word), strings.ToLower(name)
	last := name[strings.LastIndex(name, ".")+1:]
	switch {
	case len(word) < 2:
		return 0, false
	case word == name, word == last, strings.HasSuffix(word, "."+last):
		return 0, true
	case strings.Contains(name, word):
		return 1, true
	}
	d = min(edits(word, name), edits(word, last))
	return 1 + d, d <= max(len(word)/4, 1)
}

// edits returns how many letters must be changed, left out or put in to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// showSection prints a section, laid out for the width of the terminal.
func (p *program) showSection(library *notes.Library, section notes.Section) error {
	const usual, mostLinks = 100, 12
	says, theme := &text.Table.Reading, p.theme()
	width := min(cmp.Or(p.width(), usual), usual)
	place := nameOfSection(section)
	head := new(line).add(theme.Strong, text.Printable(section.Title))
	head.to(min(head.width()+2, width)).to(width-len(place)).add(theme.Faint, place)
	out := head.String() + "\n\n"
	if p.lang != text.Chinese {
		out += p.inChinese(section)
	}
	lines, links := note.Lines(section.Body, width, theme)
	out += strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
	if named := sectionsIn(library, section.File, links); section.Anchor != "" && len(named) > 0 {
		names := strings.Join(named[:min(len(named), mostLinks)], "  ")
		out += "\n"
		for _, l := range text.Wrap(says.SeeAlso.In(p.lang)+"  "+names, width) {
			out += new(line).add(theme.Faint, l).String() + "\n"
		}
	}
	return p.printStyled(out)
}

// inChinese tells a reader of English what the program itself knows of the step, and that the rest is Chinese.
func (p *program) inChinese(section notes.Section) string {
	out := ""
	if info, isStep := trace.Lookup(trace.Step(section.Anchor)); isStep {
		if caption, known := narrate.CaptionOf(&trace.Event{Step: trace.Step(section.Anchor), Gate: info.Gate}); known {
			out = caption.In(p.lang) + "\n"
		}
	}
	return fmt.Sprintf("%s%s\n\n", out, text.Table.Reading.InChinese.In(p.lang))
}

// sectionsIn returns the sections of notes to which links in a note lead, as the command takes them.
func sectionsIn(library *notes.Library, from string, links []string) []string {
	var named []string
	for _, link := range links {
		file, anchor, _ := strings.Cut(link, "#")
		file = cmp.Or(file, from)
		if _, found := library.Section(file, anchor); !found {
			continue
		}
		name := strings.TrimSuffix(file+"#"+anchor, "#")
		if !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	return named
}
