package notes

import "slices"

// Sections returns the sections of a note in the order of the text, the whole note first; nil if there is no such note.
func (l *Library) Sections(file string) []Section { return slices.Clone(l.sections[file]) }
