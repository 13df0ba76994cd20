package tui

import (
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
)

// What the signs mean that stand beside the sentences: the list of all keys ends with them, and the full text of a step begins with its own.

// sign is what may stand on the screen, and what it means.
type sign struct {
	mark  string
	means text.Text
}

// signs are those that belong to no view; the views have legends of their own.
var signs = []sign{
	{"A → B  A ← B", text.Text{Zh: "A 这边的一步：有东西发往 B；从 B 收到东西", En: "a step of A: something goes to B; something comes from B"}},
	{"A │ B", text.Text{Zh: "A 这边的一步，事关与 B 的连接；没有东西在路上", En: "a step of A, about its connection with B; nothing travels"}},
	{"A→B#2", text.Text{Zh: "A 第 2 次拨往 B，以及由此得来的连接和线路", En: "the second dial from A to B, and the connection and the line that came of it"}},
	{"○  ●  ✗", text.Text{Zh: "将要发生，goroutine 可以在这里被拦住；已经发生；没有成功", En: "about to happen, and the goroutine can be held here; has happened; did not succeed"}},
	{"▸  ~  +  -", text.Text{Zh: "有谁动手了：课，或者你；线路变了；节点启动；节点结束", En: "an act, the lesson's or yours; a line changes; a peer begins; a peer ends"}},
	{"✓  ✗", text.Text{Zh: "课里承诺的事：成立；不成立", En: "what the lesson promises: it holds; it does not"}},
	{"━●─", text.Text{Zh: "滑块：左边是看过的，右边是已经发生、还没看的", En: "the slider: shown already, to the left; has happened but is not shown, to the right"}},
	{"◆  ✕  ✗", text.Text{Zh: "滑块上：有连接登记了；丢弃了一条消息；出了错", En: "on the slider: a connection was stored; a message was dropped; something failed"}},
}

// signLines explains the signs, for the list of all keys.
func signLines(m *Model, width int) []line {
	lines := []line{{}, {style: m.theme.Strong, text: says.Signs.In(m.lang)}}
	for _, s := range signs {
		lines = append(lines, helpLine(s.mark, s.means.In(m.lang), m.theme.Text, width)...)
	}
	missed := says.Missed.Format(m.lang, m.watch.history.Missing())
	return append(lines, helpLine(missed, says.MissedMeans.In(m.lang), m.theme.Text, width)...)
}

// stepLines says in words what the marks in front of a step's sentence say.
func (m *Model) stepLines(e *timeline.Event) []line {
	t := m.theme
	other, arrow, connection := m.watch.teller.Towards(e.Peer, e.Step)
	peer, mark := text.Printable(e.Peer), narrate.MarkOf(e.Step)
	where := peer
	if other != "" {
		where += " " + arrow + " " + other
	}
	head := where + "  " + string(e.Step.Goroutine()) + "  "
	if connection != "" {
		head += connection + "  "
	}
	lines := []line{{style: t.Strong, text: head + mark + " " + text.Printable(string(e.Step.Step))}}

	status := map[string]text.Text{"○": says.Ahead, scene.WellMark: says.Happened, scene.FailedMark: says.DidNot}[mark].In(m.lang)
	if other == "" {
		return append(lines, line{style: t.Faint, text: status})
	}
	direction := map[string]text.Text{"→": says.GoesTo, "←": says.ComesFrom, "│": says.AtOneEnd}[arrow]
	return append(lines, line{style: t.Faint, text: canvas.Fit(status+says.Colon.In(m.lang)+direction.Format(m.lang, peer, other), max(m.width-8, 1))})
}
