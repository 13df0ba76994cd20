package tui

import (
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// keyName returns the name of a key as the table of actions has it. A Chinese input method that is set to full width sends other
// characters for the same keys; they count as the plain ones.
func keyName(msg tea.KeyPressMsg) string {
	if runes := []rune(msg.Text); len(runes) == 1 {
		if plain := halfWidth(runes[0]); plain != runes[0] {
			if plain == ' ' {
				return "space"
			}
			return string(plain)
		}
	}
	return msg.String()
}

// halfWidth returns the ASCII character that a full-width one stands for; any other character as it is.
func halfWidth(r rune) rune {
	switch {
	case r >= '！' && r <= '～': // U+FF01 to U+FF5E stand where ASCII's 0x21 to 0x7E do
		return r - '！' + '!'
	case r == '　':
		return ' '
	case r == '。':
		return '.'
	case r == '、':
		return '/' // the key of the slash, while the input method is Chinese
	}
	return r
}

// isComposed reports whether a key press is text that an input method has composed, where a key was expected.
func isComposed(msg tea.KeyPressMsg) bool {
	for _, r := range msg.Text {
		if unicode.In(r, unicode.Han, unicode.Bopomofo, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			return true
		}
	}
	return false
}
