// Package text holds what a person reads, in both languages: Chinese and English stand side by side in one value, so that neither
// can be forgotten.
package text

import "strings"

// Lang is a language that the program speaks.
type Lang string

// The languages.
const (
	Chinese Lang = "zh"
	English Lang = "en"
)

// Text is one sentence, or one word, in both languages.
type Text struct {
	Zh string
	En string
}

// In returns the text in lang.
func (t Text) In(lang Lang) string {
	if lang == Chinese {
		return t.Zh
	}
	return t.En
}

// ParseLang reads a language as it is written on the command line.
func ParseLang(s string) (Lang, bool) {
	switch lang := Lang(s); lang {
	case Chinese, English:
		return lang, true
	default:
		return "", false
	}
}

// FromEnvironment returns the language that the locale asks for: Chinese if it is a Chinese one, English otherwise. Of the
// variables that POSIX names, the first that is set and not empty decides (POSIX.1-2017, section 8.2).
func FromEnvironment(getenv func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if value == "zh" || strings.HasPrefix(value, "zh_") || strings.HasPrefix(value, "zh-") || strings.HasPrefix(value, "zh.") {
				return Chinese
			}
			return English
		}
	}
	return English
}
