package notes

// One Chinese word for one English word: which, the glossary says, and also which not. And Chinese is set as Chinese: with its own
// punctuation, and a space where it meets Latin letters.

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// wordList is what the glossary says.
type wordList struct {
	instead map[string]string // the word to use instead of a wrong one
	wrong   []string          // the wrong ones, sorted
	right   []string
}

// readWords reads the tables of the glossary: | English | 中文 | 不用 | 说明 |. Several words of a cell are separated by 、.
func readWords(p *page) wordList {
	w := wordList{instead: make(map[string]string)}
	right, wrong := -1, -1
	for _, line := range p.lines {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(strings.TrimSpace(line), "|"):
			right, wrong = -1, -1
		case slices.Contains(cells, "不用"):
			right, wrong = slices.Index(cells, "中文"), slices.Index(cells, "不用")
		case right >= 0 && right < len(cells) && wrong < len(cells):
			w.right = append(w.right, wordsIn(cells[right])...)
			for _, word := range wordsIn(cells[wrong]) {
				w.instead[word] = cells[right]
				w.wrong = append(w.wrong, word)
			}
		}
	}
	slices.Sort(w.wrong)
	return w
}

func wordsIn(cell string) []string {
	var all []string
	for _, word := range strings.Split(cell, "、") {
		if word = strings.Trim(word, " `"); strings.ContainsFunc(word, unicode.IsLetter) {
			all = append(all, word)
		}
	}
	return all
}

// in returns the wrong words in a text. One that is part of a longer right word is none.
func (w wordList) in(text string) []string {
	var found []string
	for _, word := range w.wrong {
		rest := text
		for _, right := range w.right {
			if strings.Contains(right, word) && right != word {
				rest = strings.ReplaceAll(rest, right, codeBegin)
			}
		}
		if strings.Contains(rest, word) {
			found = append(found, word)
		}
	}
	return found
}

// checkWords finds words that the glossary does not want.
func (c *check) checkWords(p *page) {
	if p.file == "glossary.md" {
		return
	}
	for _, b := range p.blocks {
		for _, word := range c.words.in(prose(b.text)) {
			c.find(p, b.line, "%s: the glossary says %s", word, c.words.instead[word])
		}
	}
}

// faults of setting. Code is one character in what they look at, and what is in 〔〕 is left out.
var faults = []struct {
	pattern *regexp.Regexp
	says    string
}{
	{regexp.MustCompile(`\p{Han}[ \x02]*[,;:?!()]|[,;:?!()][ \x02]*\p{Han}|\p{Han}\.(?:\s|$)`),
		"Chinese has punctuation of its own: ，；：？！（）。"},
	{regexp.MustCompile(`\p{Han}[A-Za-z0-9\x02]|[A-Za-z0-9\x02]\p{Han}`),
		"put a space between Chinese and Latin letters, digits or code"},
	{regexp.MustCompile(`[，。：；、？！（）「」] | [，。：；、？！（）「」]`), "no space beside this punctuation"},
	{regexp.MustCompile(`[“”‘’]`), "quote with 「」"},
	{regexp.MustCompile(`\]\(`), "this link is shown as it is: no spaces and no Chinese punctuation in its target"},
	{regexp.MustCompile(`\*\*`),
		"these asterisks are shown as they are: let what is bold begin and end with a letter, and put punctuation outside"},
}

// checkSetting finds Chinese that is not set as Chinese.
func (c *check) checkSetting(p *page) {
	for _, b := range p.blocks {
		words := strings.TrimSpace(claimPattern.ReplaceAllString(prose(b.text), ""))
		for _, fault := range faults {
			for _, at := range fault.pattern.FindAllStringIndex(words, -1) {
				c.find(p, b.line, "“%s”: %s", around(words, at[0], at[1]), fault.says)
			}
		}
	}
}

// around returns a place in a text with some characters before and behind it.
func around(text string, from, to int) string {
	const some = 6
	before, behind := []rune(text[:from]), []rune(text[to:])
	s := string(before[max(len(before)-some, 0):]) + text[from:to] + string(behind[:min(some, len(behind))])
	return shown(strings.ReplaceAll(s, "\n", " "))
}
