package note

import (
	"slices"

	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// Lines lays a text in Markdown out as the panel does, for whoever has no panel: in lines of at most width cells, with escape sequences
// for what the theme gives a style. Lines of code are not cut, since nobody could see the rest. It also returns where the links lead.
func Lines(source string, width int, theme *scene.Theme) (lines, links []string) {
	l := &layout{width: min(width, widest), theme: theme, uncut: true}
	l.markdown(source)
	for _, r := range l.rows {
		c := canvas.New(r.width(), 1, false)
		x := 0
		for _, s := range r {
			x = c.Region().Text(x, 0, s.style, s.text)
		}
		lines = append(lines, c.Line(0))
	}
	for _, link := range l.links {
		if !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	return lines, links
}
