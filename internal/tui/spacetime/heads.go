package spacetime

// What stays above and below the rows: the names of the lanes, and what the marks mean or what the reader has done to the view.

import (
	"strings"

	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// head draws the names of the lanes.
func (f *frame) head() {
	r := f.r.Sub(0, 0, f.r.Width(), f.headLines)
	th := f.s.Theme
	if f.clock > 0 {
		words := f.s.Say(says.clock)
		r.Text(max(f.clock-canvas.Width(words), 0), 0, th.Faint, words)
	}
	if len(f.p.lanes) == 0 {
		r.Fit(f.left, 0, r.Width()-f.left, th.Faint, f.s.Say(says.noLanes))
	}
	for i := range f.p.lanes {
		if i >= f.first && i < f.first+f.count {
			f.laneHead(r, i)
		}
	}
	if f.first > 0 {
		r.Text(0, 0, th.Warn, "‹")
	}
	if f.first+f.count < len(f.p.lanes) {
		r.Text(r.Width()-1, 0, th.Warn, "›")
	}
	if f.wordsWidth > 0 {
		r.Fit(f.wordsAt, 0, f.wordsWidth, th.Faint, f.s.Say(says.words))
	}
}

// laneHead draws the head of one lane: the peer, and below it which of its goroutines, or to whom it belongs.
func (f *frame) laneHead(r canvas.Region, i int) {
	lane, th := f.p.lanes[i], f.s.Theme
	opened := lane.Goroutine != "" || i+1 < len(f.p.lanes) && f.p.lanes[i+1].Peer == lane.Peer
	style := th.Strong
	if lane.Born > f.p.moment.shown {
		style = th.Faint
	}
	if f.s.Selected.Kind == scene.SelectPeer && text.Printable(f.s.Selected.Peer) == lane.Peer && lane.Goroutine == "" {
		style = th.Select
	}
	name, below := lane.Peer, lane.Organisation
	switch {
	case lane.Intruder:
		below = f.s.Say(says.intruder)
	case lane.Goroutine != "":
		below = string(lane.Goroutine)
	case opened:
		below = f.s.Say(says.whole)
	}
	if lane.Born > f.p.moment.shown {
		name = "(" + name + ")"
	}
	room := max(f.pitch-1, 1)
	if f.headLines > 1 {
		f.center(r, i, 1, room, th.Faint, below)
	} else if end := f.x(i) + canvas.Width(name)/2 + 2; end+canvas.Width(below) <= f.x(i)+(f.pitch+1)/2 {
		r.Text(end, 0, th.Faint, below)
	}
	if lane.Goroutine == "" {
		f.center(r, i, 0, room, style, name)
		return
	}
	r.Repeat(f.x(i)-f.pitch/2, 0, f.pitch, th.Border, "─")
}

// center writes words above a lane, and returns where they begin.
func (f *frame) center(r canvas.Region, lane, y, room int, style canvas.Style, words string) int {
	words = canvas.Fit(words, room)
	x := max(f.x(lane)-(canvas.Width(words)-1)/2, 0)
	r.Text(x, y, style, words)
	return x
}

// foot draws what the reader has done to the view, and what the marks mean. Where there is only one line for both, the first goes first.
func (f *frame) foot() {
	if f.footLines == 0 {
		return
	}
	r := f.r.Sub(0, f.r.Height()-f.footLines, f.r.Width(), f.footLines)
	said := f.status()
	if said != "" {
		r.Fit(0, 0, r.Width(), f.s.Theme.Accent, said)
	}
	if f.footLines > 1 || said == "" {
		f.legend(r.Sub(0, f.footLines-1, r.Width(), 1))
	}
}

// status says what the reader has done to the view: where the cursor is, what is left out.
func (f *frame) status() string {
	p, s := f.p, f.s
	var list []string
	if p.notice != (text.Text{}) {
		list = append(list, s.Say(p.notice))
	}
	if p.away {
		at := p.cursorRow()
		list = append(list, s.Say(says.cursor, keyOf(follow), at+1, p.len()))
		if f.wordsWidth == 0 && at >= 0 {
			list = append(list, f.sentence(lastOf(p.row(at))))
		}
	}
	return strings.Join(append(f.filtered(), list...), s.Say(says.between))
}

// filtered says what is left out of the view, for now or for as long as the reader wants.
func (f *frame) filtered() []string {
	p, s := f.p, f.s
	var list []string
	if p.Behind() {
		list = append(list, s.Say(says.behind, p.behind))
	}
	if len(p.filter.Peers) > 0 {
		list = append(list, s.Say(says.onlyPeer, text.Printable(strings.Join(p.filter.Peers, ", "))))
	}
	for _, k := range p.filter.Kinds {
		list = append(list, s.Say(says.onlyKind, s.Say(k.Name())))
	}
	if p.filter.Detail != sequence.Everything {
		list = append(list, s.Say(says.onlyDetail, s.Say(p.filter.Detail.Name())))
	}
	if p.filter.Message != 0 {
		list = append(list, s.Say(says.onlyMessage, p.traced.In(s.Lang)))
	}
	if len(list) > 0 && p.here >= 0 && !p.exact && !p.Behind() {
		list = append(list, s.Say(says.hidden))
	}
	return list
}

// legend says what the marks mean, as far as there is room.
func (f *frame) legend(r canvas.Region) {
	th := f.s.Theme
	x := 0
	for _, item := range []struct {
		mark  string
		style canvas.Style
		says  text.Text
	}{
		{scene.AheadMark, th.Text, says.ahead}, {f.done(), th.Text, says.done}, {scene.FailedMark, th.Bad, says.failed},
		{scene.HandshakeMark, th.Handshake, says.handshake}, {scene.DataMark, th.Data, says.data}, {scene.AckMark, th.Ack, says.ack},
		{scene.PingMark, th.Ping, says.ping}, {scene.DropMark, th.Drop, says.lost},
		{"→", th.Text, says.arrow}, {"┐", th.Text, says.wire},
	} {
		words := f.s.Say(item.says)
		if x+canvas.Width(words)+2 > r.Width() {
			return
		}
		x = r.Text(x, 0, item.style, item.mark) + 1
		x = r.Text(x, 0, th.Faint, words) + 2
	}
}
