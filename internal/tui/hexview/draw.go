package hexview

import (
	"fmt"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/wire"
)

// Draw implements scene.Panel.
func (p *Panel) Draw(r canvas.Region, s *scene.Scene, focused bool) {
	p.drawn = drawn{}
	if r.Width() == 0 || r.Height() == 0 {
		return
	}
	v := p.look(s)
	if len(v.items) == 0 {
		sentence := says.None
		switch v.origin {
		case ping:
			sentence = says.Ping
		case unrecorded:
			sentence = says.Unrecorded
		}
		y := r.Paragraph(0, 0, r.Width(), s.Theme.Text, s.Say(sentence))
		if v.origin == ping {
			_, about := wire.Prefix(0)
			r.Paragraph(0, y+1, r.Width(), s.Theme.Faint, s.Say(says.Prefix, about.In(s.Lang)))
		}
		return
	}
	p.drawn.areas = divide(r.Width(), r.Height(), len(p.findings))
	a := p.drawn.areas
	p.head(r, s, v)
	p.drawTree(part(r, a.tree), s, v, focused)
	if a.hex.x > 0 {
		r.Vertical(a.hex.x-2, a.hex.y, a.hex.height, s.Theme.Border)
	}
	p.drawHex(part(r, a.hex), s, v, focused)
	p.drawAbout(part(r, a.about), s, v)
	if a.table {
		p.drawTable(part(r, a.findings), s, v)
	} else {
		p.drawMarks(part(r, a.findings), s, v)
	}
}

func part(r canvas.Region, a rect) canvas.Region { return r.Sub(a.x, a.y, a.width, a.height) }

// head draws the first row: what kind of message, on which connection, whose.
func (p *Panel) head(r canvas.Region, s *scene.Scene, v view) {
	mark, style := s.Theme.Mark(kindOf(p.tree))
	x := r.Text(0, 0, style, mark+" ")
	name := s.Say(says.NoContent)
	switch n := content(p.tree); {
	case n != nil:
		name = n.Holds
	case len(p.tree.Faults) > 0:
		name = s.Say(says.Garbage)
	}
	x = r.Text(x, 0, s.Theme.Strong, name)
	if v.conn != nil {
		x = r.Text(x+2, 0, s.Theme.Text, scene.Name(s.State, v.conn))
	}
	whose := says.Received
	if v.out {
		whose = says.Sent
	}
	x = r.Text(x+2, 0, s.Theme.Text, s.Say(whose, text.Printable(v.peer)))
	size := s.Say(says.Bytes, len(p.tree.Bytes))
	switch v.origin {
	case selected:
		size = s.Say(says.Selected) + "  " + size
	case earlier:
		size = s.Say(says.Earlier) + "  " + size
	}
	if x+2+canvas.Width(size) <= r.Width() {
		r.Right(r.Width(), 0, s.Theme.Faint, size)
	}
}

// drawTree draws the fields, the one under the cursor among them.
func (p *Panel) drawTree(r canvas.Region, s *scene.Scene, v view, focused bool) {
	top := scrolled(v.cursor, len(v.items), r.Height())
	p.drawn.treeTop = top
	verdicts := p.verdicts(v.items)
	for y := range min(r.Height(), len(v.items)-top) {
		it := v.items[top+y]
		here := top+y == v.cursor
		x := r.Text(2*it.depth, y, s.Theme.Accent, foldMark(it))
		name := s.Theme.Declared
		switch {
		case it.node.Kind == wire.Fault:
			name = s.Theme.Bad
		case it.node.Overruled, it.node.Kind == wire.Skipped:
			name = s.Theme.Faint
		case it.node.Kind == wire.Unknown:
			name = s.Theme.Warn
		}
		x = r.Text(x, y, name, text.Printable(it.node.Label().In(s.Lang)))
		if verdict, found := verdicts[it.node]; found {
			mark, style := VerdictMark(s.Theme, verdict)
			x = r.Text(x+1, y, style, mark)
		}
		size := fmt.Sprint(it.node.Len())
		begin := r.Right(r.Width(), y, s.Theme.Faint, size)
		value, style := valueOf(it.node, s)
		r.Fit(x+2, y, begin-1-x-2, style, value)
		if here {
			r.Restyle(0, y, r.Width(), 1, func(style canvas.Style) canvas.Style {
				if focused && !p.onHex {
					return s.Theme.Select
				}
				style.Bold, style.Underline = true, true
				return style.On(s.Theme.Here.Background)
			})
		}
	}
}

// scrolled returns the first of n rows to be drawn in height rows, so that one of them is in the middle if it can be.
func scrolled(cursor, n, height int) int {
	return max(min(cursor-height/2, n-height), 0)
}

func foldMark(it item) string {
	switch {
	case !it.branch:
		return "  "
	case it.folded:
		return "▸ "
	}
	return "- "
}

// valueOf returns what stands beside a name: the value, or what the field holds.
func valueOf(n *wire.Node, s *scene.Scene) (string, canvas.Style) {
	switch {
	case n.Overruled:
		return s.Say(says.Overruled), s.Theme.Warn
	case n.Kind == wire.Fault:
		return n.Why.In(s.Lang), s.Theme.Bad
	case n.Value != "":
		return text.Printable(n.Value), s.Theme.Text
	case n.Holds != "" && n.Kind != wire.Message:
		return n.Holds, s.Theme.Faint
	}
	return "", s.Theme.Faint
}

// verdicts returns the worst that was found about each field, at the item that shows it.
func (p *Panel) verdicts(list []item) map[*wire.Node]wire.Verdict {
	worst := make(map[*wire.Node]wire.Verdict)
	for _, f := range p.findings {
		if f.Node == nil || f.Verdict == wire.CannotTell || f.Verdict == wire.NotNeeded {
			continue
		}
		for _, it := range list {
			if it.node == f.Node {
				worst[f.Node] = max(worst[f.Node], f.Verdict)
			}
		}
	}
	return worst
}

// VerdictMark returns how it is shown what came of computing something again.
func VerdictMark(theme *scene.Theme, v wire.Verdict) (string, canvas.Style) {
	switch v {
	case wire.Right:
		return scene.KeptMark, theme.Good
	case wire.Wrong:
		return scene.FailedMark, theme.Bad
	case wire.NotNeeded:
		return "–", theme.Faint
	}
	return "?", theme.Warn
}

// drawHex draws the bytes, those of the field under the cursor marked: its value more strongly than its tag and length.
func (p *Panel) drawHex(r canvas.Region, s *scene.Scene, v view, focused bool) {
	per := p.drawn.perRow
	if r.Height() == 0 || r.Width() == 0 {
		return
	}
	n := v.node()
	first := n.From
	if p.onHex {
		first = p.offset
	}
	total := (len(p.tree.Bytes) + per - 1) / per
	top := scrolled(first/per, total, r.Height())
	if !p.onHex {
		// As much of the field as fits.
		top = max(min(first/per-1, total-r.Height()), 0)
	}
	p.drawn.hexTop = top
	from := min(top*per, len(p.tree.Bytes))
	to := min(from+per*r.Height(), len(p.tree.Bytes))
	for y, row := range wire.Hex(p.tree.Bytes[from:to], per, from) {
		r.Text(0, y, s.Theme.Faint, fmt.Sprintf("%04x", row.Offset))
		letters := offsetCells + 2 + 3*per - 1 + 2
		for i := range row.Bytes {
			offset := row.Offset + i
			style := p.byteStyle(s, n, offset, focused)
			digits := row.Hex[3*i : 3*i+2]
			r.Text(offsetCells+2+3*i, y, style, digits)
			if i > 0 && n.Contains(offset) && n.Contains(offset-1) && (!p.onHex || offset != p.offset) {
				r.Text(offsetCells+2+3*i-1, y, p.byteStyle(s, n, offset-1, false), " ")
			}
			r.Text(letters+i, y, style, row.Text[i:i+1])
		}
	}
}

// byteStyle returns how a byte looks.
func (p *Panel) byteStyle(s *scene.Scene, n *wire.Node, offset int, focused bool) canvas.Style {
	style := s.Theme.Text
	switch {
	case p.onHex && offset == p.offset && focused:
		return s.Theme.Select
	case !n.Contains(offset):
		return s.Theme.Faint
	case n.Tag.Contains(offset) || n.Length.Contains(offset):
		style = s.Theme.Warn
	}
	style.Underline, style.Bold = true, true
	return style.On(s.Theme.Here.Background)
}
