package text

// A terminal is a grid of cells. A Chinese character takes two of them, a Latin letter one, and a combining mark none; counting
// bytes or runes instead breaks every column that has Chinese in it. This file measures text in cells and wraps it, Chinese too:
// a line may end after almost any Chinese character, but it must not begin with a comma or end with an opening bracket.

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Cells returns how many cells of a terminal s takes. Characters that are wide in some fonts only (arrows, curly quotes) count as
// one, as terminals have it.
func Cells(s string) int {
	n := 0
	for _, r := range s {
		n += cellsOf(r)
	}
	return n
}

func cellsOf(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf), unicode.IsControl(r):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Pad returns s with spaces behind it, so that it takes at least n cells.
func Pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-Cells(s)))
}

// Printable returns s in one line and without anything that a terminal would obey: control characters and invalid bytes become
// question marks. Whatever came from another peer passes through here before it is shown.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return '?'
		}
		return r
	}, s)
}

// Wrap breaks s into lines of at most limit cells. It breaks at spaces and between Chinese characters; a word that is longer than a
// line is broken where it must be. Line ends in s are kept. There is always at least one line.
func Wrap(s string, limit int) []string {
	limit = max(limit, 4) // two wide characters, so that a character and its comma have room
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		lines = append(lines, wrapParagraph(paragraph, limit)...)
	}
	return lines
}

// wrapParagraph does not leave a word or a character alone in the last line if a narrower line before it can prevent that.
func wrapParagraph(s string, limit int) []string {
	const alone, narrower = 8, 12
	lines := fill(s, limit)
	for n := limit - 1; len(lines) > 1 && Cells(lines[len(lines)-1]) < alone && n >= max(limit-narrower, narrower); n-- {
		if again := fill(s, n); len(again) == len(lines) {
			lines = again
		} else {
			break
		}
	}
	return lines
}

// fill breaks s into as few lines as there can be.
func fill(s string, limit int) []string {
	var lines []string
	line := ""
	flush := func() {
		if line != "" {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
	}
	for _, piece := range pieces(s) {
		for Cells(piece) > limit {
			flush()
			head := cut(piece, limit)
			lines = append(lines, head)
			piece = piece[len(head):]
		}
		if Cells(line)+Cells(strings.TrimRight(piece, " ")) > limit {
			flush()
		}
		line += piece
	}
	return append(lines, strings.TrimRight(line, " "))
}

// cut returns the longest beginning of s that fits into limit cells.
func cut(s string, limit int) string {
	n := 0
	for i, r := range s {
		if n += cellsOf(r); n > limit {
			return s[:i]
		}
	}
	return s
}

const (
	neverFirst = "。，、；：？！）」』】〕》〉”’…—·,.;:?!)]}"
	neverLast  = "（「『【〔《〈“‘([{"
)

// pieces cuts s at every place where a line may end. Spaces stay with the piece before them.
func pieces(s string) []string {
	var list []string
	begin, previous := 0, rune(0)
	for i, r := range s {
		if i > 0 && mayBreak(previous, r) {
			list = append(list, s[begin:i])
			begin = i
		}
		previous = r
	}
	return append(list, s[begin:])
}

func mayBreak(before, after rune) bool {
	switch {
	case after == ' ' || strings.ContainsRune(neverFirst, after) || strings.ContainsRune(neverLast, before):
		return false
	case before == ' ':
		return true
	}
	return cellsOf(before) == 2 || cellsOf(after) == 2
}
