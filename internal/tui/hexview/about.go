package hexview

import (
	"strings"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/wire"
)

// drawAbout draws what is to be said of the field, or of the finding, under the cursor.
func (p *Panel) drawAbout(r canvas.Region, s *scene.Scene, v view) {
	if r.Height() == 0 {
		return
	}
	r.Horizontal(0, 0, r.Width(), s.Theme.Border)
	r = r.Sub(0, 1, r.Width(), r.Height()-1)
	if v.finding > 0 {
		f := p.findings[v.finding-1]
		mark, style := VerdictMark(s.Theme, f.Verdict)
		x := r.Text(0, 0, style, mark+" ")
		x = r.Text(x, 0, s.Theme.Strong, f.Claim.Title().In(s.Lang))
		r.Text(x+2, 0, style, f.Verdict.Word().In(s.Lang))
	} else {
		p.title(r, s, v.node())
	}
	for i, row := range p.sayings(s, v, r.Width(), r.Height()-1) {
		r.Text(0, i+1, s.Theme.Text, row)
	}
}

// said is what the sentences about a field or a finding depend on.
type said struct {
	checked       checked
	node          *wire.Node
	finding       int
	width, height int
	lang          text.Lang
}

// sayings returns the sentences in as many rows as there are. They are wrapped once, not in every frame.
func (p *Panel) sayings(s *scene.Scene, v view, width, height int) []string {
	now := said{p.checked, v.node(), v.finding, width, height, s.Lang}
	if now == p.said {
		return p.words
	}
	lines := p.aboutNode(v.node(), s)
	if v.finding > 0 {
		lines = aboutFinding(p.findings[v.finding-1], s, width, height)
	}
	var rows []string
	for _, line := range lines {
		rows = append(rows, text.Wrap(line, width)...)
	}
	if len(rows) > max(height, 0) {
		rows = rows[:max(height, 0)]
		if last := len(rows) - 1; last >= 0 {
			rows[last] = canvas.Fit(rows[last]+"…", width)
		}
	}
	p.said, p.words = now, rows
	return rows
}

// title draws what a field is called, and where it stands.
func (p *Panel) title(r canvas.Region, s *scene.Scene, n *wire.Node) {
	x := r.Text(0, 0, s.Theme.Strong, text.Printable(n.Label().In(s.Lang)))
	kind := n.Type
	if n.Holds != "" && n.Holds != n.Type && n.Holds != n.Name {
		kind = strings.TrimPrefix(kind+" → "+n.Holds, " → ")
	}
	if kind != "" {
		x = r.Text(x+2, 0, s.Theme.Accent, kind)
	}
	where := s.Say(says.Range, n.From, max(n.To-1, n.From), n.Len())
	if x+2+canvas.Width(where) <= r.Width() {
		r.Text(x+2, 0, s.Theme.Faint, where)
	}
}

// aboutNode returns what is to be said of a field, what matters most first.
func (p *Panel) aboutNode(n *wire.Node, s *scene.Scene) []string {
	var lines []string
	add := func(label string, t text.Text) {
		if words := t.In(s.Lang); words != "" {
			lines = append(lines, label+words)
		}
	}
	if n.Kind == wire.Fault {
		lines = append(lines, s.Say(says.At, n.FaultAt, n.Why.In(s.Lang)))
	}
	add("", n.About)
	add("", n.Meaning)
	add(s.Say(says.Proves), n.Proves)
	if n.HoldsAbout != n.About && n.HoldsAbout != (text.Text{}) {
		add("", text.Text{Zh: says.Named.Format(text.Chinese, n.Holds, n.HoldsAbout.Zh), En: says.Named.Format(text.English, n.Holds, n.HoldsAbout.En)})
	}
	if n.Value != "" && n.Kind != wire.Fault {
		lines = append(lines, s.Say(says.Value)+text.Printable(n.Value))
	}
	add("", p.tree.Coding(n))
	if n.Kind == wire.Message {
		_, about := wire.Prefix(len(p.tree.Bytes))
		lines = append(lines, s.Say(says.Prefix, about.In(s.Lang)))
	}
	return lines
}

// aboutFinding returns what is to be said of a finding: the values whole if they have room, else abbreviated in one line.
func aboutFinding(f wire.Finding, s *scene.Scene, width, height int) []string {
	sentence := f.Text.In(s.Lang)
	whole, short := []string{sentence}, []string(nil)
	rows := len(text.Wrap(sentence, width))
	for _, q := range []wire.Quantity{f.Stood, f.Computed} {
		if q.Value == "" {
			continue
		}
		line := s.Say(says.Named, q.Name.In(s.Lang), text.Printable(q.Value))
		whole = append(whole, line)
		rows += len(text.Wrap(line, width))
		short = append(short, s.Say(says.Named, q.Name.In(s.Lang), brief(q.Value)))
	}
	switch {
	case rows <= height || len(short) == 0:
		return whole
	case len(text.Wrap(sentence, width))+len(short) <= height:
		return append(whole[:1], short...)
	}
	return []string{sentence, strings.Join(short, s.Say(says.Apart))}
}
