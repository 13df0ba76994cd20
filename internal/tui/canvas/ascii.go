package canvas

import "strings"

// plainForms are the characters that stand for a line or a symbol where there is only ASCII. All of them take one cell.
var plainForms = map[string]string{
	"─": "-", "━": "=", "═": "=", "╌": "-", "┄": "-", "┈": ".", "╍": "=", "│": "|", "┃": "|", "║": "|", "┆": ":", "┊": ":", "╎": ":",
	"┌": "+", "┐": "+", "└": "+", "┘": "+", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "┏": "+", "┓": "+", "┗": "+", "┛": "+",
	"├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+", "╞": "+", "╡": "+", "╪": "+", "╱": "/", "╲": "\\", "╳": "x",
	"●": "*", "○": "o", "◌": ".", "◎": "O", "◉": "@", "▲": "^", "△": "^", "▼": "v", "◆": "#", "◇": "<", "■": "@", "□": "-", "▪": "=",
	"✕": "x", "✗": "!", "✖": "x", "✓": "+", "✔": "+", "→": ">", "←": "<", "↑": "^", "↓": "v", "↔": "-", "⇄": "=", "▶": ">", "◀": "<", "▸": ">", "◂": "<",
	"›": ">", "‹": "<", "»": ">", "«": "<", "▮": "#", "▯": ".", "█": "#", "▓": "#", "▒": "%", "░": ".", "▌": "|", "▐": "|", "▏": "|",
	"▁": "_", "▂": "_", "▃": "_", "▄": "_", "▅": "_", "▆": "_", "▇": "_", "…": "~", "·": ".", "•": "*", "×": "x", "≤": "<", "≥": ">",
	"‖": "|", "°": "o", "∅": "0", "⋯": "~", "⋮": ":", "⏎": "<", "–": "-", "—": "-", "“": "\"", "”": "\"", "‘": "'", "’": "'", "⊘": "0", "⚑": "!", "∥": "|",
}

// plain returns the ASCII form of a line or a symbol. Letters of any language are words, not decoration, and stay.
func plain(cluster string) string {
	if form, known := plainForms[cluster]; known {
		return form
	}
	return cluster
}

// Plain returns s as an ASCII canvas would show it.
func Plain(s string) string {
	var out strings.Builder
	for _, r := range s {
		out.WriteString(plain(string(r)))
	}
	return out.String()
}
