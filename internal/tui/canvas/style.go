package canvas

import (
	"fmt"
	"image/color"
	"strings"
	"sync"

	"charm.land/lipgloss/v2"
)

// Color is a colour of the terminal: the zero Color is the terminal's own, any other is RGB. Bubble Tea turns it into what the terminal
// can show.
type Color uint32

// RGB returns a colour by its six hexadecimal digits: RGB(0x0077BB).
func RGB(hex uint32) Color { return Color(hex&0xFFFFFF | 1<<24) }

func (c Color) color() color.Color {
	if c == 0 {
		return lipgloss.NoColor{}
	}
	return lipgloss.Color(fmt.Sprintf("#%06x", uint32(c)&0xFFFFFF))
}

// Style is how a cell looks. Styles are equal if they look the same.
type Style struct {
	Foreground, Background Color
	Bold, Faint, Italic    bool
	Underline, Reverse     bool
}

// On returns the style with another background.
func (s Style) On(background Color) Style {
	s.Background = background
	return s
}

// Strong returns the style in bold.
func (s Style) Strong() Style {
	s.Bold = true
	return s
}

// Reversed returns the style with its colours exchanged, which shows where there are no colours too.
func (s Style) Reversed() Style {
	s.Reverse = true
	return s
}

// sequences keeps the escape sequence of every style that was used: making one costs more than drawing a row.
var sequences sync.Map

// sequence returns what switches a terminal from no style to this one.
func (s Style) sequence() string {
	if s == (Style{}) {
		return ""
	}
	if known, ok := sequences.Load(s); ok {
		return known.(string)
	}
	sequence, _, _ := strings.Cut(s.lipgloss().Render("x"), "x")
	sequences.Store(s, sequence)
	return sequence
}

func (s Style) lipgloss() lipgloss.Style {
	style := lipgloss.NewStyle().Bold(s.Bold).Faint(s.Faint).Italic(s.Italic).Underline(s.Underline).Reverse(s.Reverse)
	if s.Foreground != 0 {
		style = style.Foreground(s.Foreground.color())
	}
	if s.Background != 0 {
		style = style.Background(s.Background.color())
	}
	return style
}
