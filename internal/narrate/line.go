// Package narrate turns the events of a session into lines that a person reads, in Chinese or in English: for "explore play --plain",
// for "explore replay --plain", and for the transcripts of the walkthroughs, which must come out the same in every run. So a line
// shows nothing that a run makes up: no ports, hashes, nonces, or lengths of signatures. What is fixed may be shown, and the
// identities of the lab are.
//
// A Printer takes one event after the other and looks only back, since the next event may not have happened yet. It lays out a line
// (this file), finds out who is meant (names.go), says what happens (captions.go) and why something ended (reasons.go).
package narrate

import (
	"fmt"
	"io"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

const (
	defaultWidth = 100
	minimumWidth = 60
	indent       = "  "
	stepCells    = 18 // the longest names of the catalogue
	narrowest    = 20 // of a column of text, if long names leave it too little room
)

// Options say how a Printer lays out. The zero value is usable.
type Options struct {
	Width int // of a line, in cells; 100 if zero, and never less than 60
}

// Printer writes events as a story. It is for one goroutine. It writes plain text, whole lines at a time, and never a control
// character, whatever a peer may have sent.
type Printer struct {
	w     io.Writer
	lang  text.Lang
	width int
	names *names
	last  block
	err   error

	kept, broken int // promises

	reasons map[string]string // peer and connection → the words of the error that was shown last
}

// block is what kind of lines was printed last: between different kinds there is an empty line.
type block int

const (
	nothing block = iota
	title
	prose
	act // leads the steps that come of it
	steps
	promises
)

// NewPrinter returns a printer that writes to w in lang.
func NewPrinter(w io.Writer, lang text.Lang, opts Options) *Printer {
	if opts.Width == 0 {
		opts.Width = defaultWidth
	}
	return &Printer{w: w, lang: lang, width: max(opts.Width, minimumWidth), names: newNames(), reasons: make(map[string]string)}
}

// Print writes one event. Events must come in the order of their numbers. After an error of the writer it writes nothing more and
// returns that error again.
func (p *Printer) Print(e timeline.Event) error {
	p.names.observe(&e)
	switch {
	case e.Kind == timeline.KindTitle && e.Text != nil:
		p.title(e.Text.In(p.lang))
	case e.Kind == timeline.KindSay && e.Text != nil:
		p.say(e.Text.In(p.lang))
	case e.Kind == timeline.KindBirth && e.Birth != nil:
		p.birth(e.Birth)
	case e.Kind == timeline.KindDeath && e.Death != nil:
		p.death(e.Peer, e.Death)
	case e.Kind == timeline.KindLink && e.Link != nil:
		p.link(e.Link)
	case e.Kind == timeline.KindAct && e.Act != nil:
		p.act(e.Peer, e.Act)
	case e.Kind == timeline.KindPromise && e.Promise != nil:
		p.promise(e.Promise)
	case e.Kind == timeline.KindGap:
		p.gap(e.Gap)
	case e.Kind == timeline.KindStep && e.Step != nil:
		p.step(e.Peer, e.Step)
	}
	return p.err
}

// Finish writes how many promises were kept and broken, if there were any, and returns the error of the writer, if there was one.
func (p *Printer) Finish() error {
	switch {
	case p.broken > 0:
		p.paragraph(promises, "", p.pick(text.Text{Zh: "承诺：%d 条成立，%d 条落空。", En: "Promises: %d kept, %d broken."}, p.kept, p.broken))
	case p.kept > 0:
		p.paragraph(promises, "", p.pick(text.Text{Zh: "承诺：%d 条，全部成立。", En: "Promises: %d, all kept."}, p.kept))
	}
	return p.err
}

func (p *Printer) pick(t text.Text, args ...any) string { return t.Format(p.lang, args...) }

// paragraph writes s behind first, wrapped; the lines after the first stand under its text.
func (p *Printer) paragraph(kind block, first, s string) {
	hang := strings.Repeat(" ", text.Cells(first))
	var out strings.Builder
	for i, line := range text.Wrap(s, max(p.width-text.Cells(first), narrowest)) {
		lead := first
		if i > 0 {
			lead = hang
		}
		out.WriteString(strings.TrimRight(lead+line, " ") + "\n")
	}
	p.write(kind, out.String())
}

// write writes whole lines, and an empty one before them where something else begins.
func (p *Printer) write(kind block, lines string) {
	if p.err != nil {
		return
	}
	if p.last != nothing && (p.last != kind || kind == prose || kind == title) {
		lines = "\n" + lines
	}
	p.last = kind
	_, p.err = io.WriteString(p.w, lines)
}

func (p *Printer) title(s string) {
	line := "── " + text.Printable(s) + " "
	p.write(title, line+strings.Repeat("─", max(2, p.width-text.Cells(line)))+"\n")
}

func (p *Printer) say(s string) {
	var lines []string
	for _, line := range strings.Split(s, "\n") {
		lines = append(lines, text.Printable(line))
	}
	p.paragraph(prose, "", strings.Join(lines, "\n"))
}

func (p *Printer) birth(b *timeline.Birth) {
	mark := indent + "+ "
	name := text.Printable(b.Name)
	if b.Intruder {
		p.paragraph(steps, mark, p.pick(text.Text{
			Zh: "%s 出现了：它不是正常的节点，会讲同一套协议，也会说谎。",
			En: "%s appears: not an honest peer. It speaks the protocol, and it may lie.",
		}, name))
		return
	}
	p.paragraph(steps, mark, p.pick(text.Text{
		Zh: "节点 %s 启动，开始监听。组织 %s，PKI-ID %s。",
		En: "Peer %s begins to listen. Organisation %s, PKI-ID %s.",
	}, name, text.Printable(b.Organisation), shortID(b.PKIID)))
}

func (p *Printer) death(name string, d *timeline.Death) {
	t := text.Text{Zh: "节点 %s 停止了。", En: "Peer %s has stopped."}
	if d.Cause == "killed" {
		t = text.Text{Zh: "节点 %s 被强行终止：没有告别，也没有收尾。", En: "Peer %s was killed: no goodbye, nothing tidied up."}
	}
	p.paragraph(steps, indent+"- ", p.pick(t, text.Printable(name)))
}

func (p *Printer) link(l *timeline.Link) {
	name := p.names.scrub(l.Name)
	change, known := linkChanges[l.Change]
	switch {
	case !known:
		change = text.Text{Zh: "线路 %s：" + text.Printable(l.Change) + "。", En: "Line %s: " + text.Printable(l.Change) + "."}
	case l.Change == timeline.LinkDelay && l.Delay == 0:
		change = undelayed
	}
	// Neither which end closed it first is told, since that is a race between two gRPC transports, nor how many bytes have passed,
	// since signatures differ in length.
	s := p.pick(change, name)
	if l.Change == timeline.LinkDelay && l.Delay > 0 {
		s = p.pick(change, name, l.Delay)
	}
	p.paragraph(steps, indent+"~ ", s)
}

var linkChanges = map[string]text.Text{
	timeline.LinkOpen:  {Zh: "线路 %s 接通了。", En: "Line %s is open."},
	timeline.LinkClose: {Zh: "线路 %s 断开了。", En: "Line %s is closed."},
	timeline.LinkCut: {
		Zh: "线路 %s 被剪断：两端立刻得到 connection reset 的错误，路上的字节全丢了。",
		En: "Line %s is cut: both ends get a \"connection reset\" at once, and what was under way is lost.",
	},
	timeline.LinkFreeze: {
		Zh: "线路 %s 冻住了：两个方向都不再通过一个字节，但什么也不会丢；两端无从知道。",
		En: "Line %s is frozen: no byte passes in either direction, nothing is lost, and neither end can tell.",
	},
	timeline.LinkThaw: {Zh: "线路 %s 解冻了，积下的字节继续走。", En: "Line %s is thawed: what was kept back goes on."},
	timeline.LinkDelay: {
		Zh: "线路 %s 变慢了：从现在起，每个字节晚 %v 到达。",
		En: "Line %s is slow: from now on every byte arrives %v later.",
	},
	timeline.LinkHalfClose: {
		Zh: "线路 %s 关了一半：拨号那一端的方向到此为止，另一端读完已发的字节就会读到 EOF；反方向照旧。",
		En: "Line %s is half closed: the direction of the end that dialled is over, and the other end will read EOF; the way back stays open.",
	},
}

var undelayed = text.Text{Zh: "线路 %s 不再拖延新来的字节。", En: "Line %s delays nothing more that is sent from now on."}

func (p *Printer) act(peer string, a *timeline.Act) {
	if hold, known := holds[a.Verb]; known {
		p.paragraph(act, "▸ ", p.pick(hold, text.Printable(a.Target), text.Printable(a.Detail)))
		p.last = steps
		return
	}
	verb, known := acts[a.Verb]
	if !known {
		verb = text.Text{Zh: text.Printable(a.Verb), En: text.Printable(a.Verb)}
	}
	s := text.Printable(peer)
	if s != "" {
		s += p.pick(text.Text{Zh: " ", En: ": "})
	}
	s += verb.In(p.lang)
	if a.Target != "" {
		s += " → " + strings.ReplaceAll(p.names.scrub(a.Target), ", ", p.pick(text.Text{Zh: "、", En: ", "}))
	}
	if a.Detail != "" {
		detail := text.Text{Zh: a.Detail, En: a.Detail}
		if trick, known := tricks[a.Detail]; known && a.Verb == "attack" {
			detail.Zh = trick
		}
		s += p.pick(text.Text{Zh: "：「%s」", En: ": \"%s\""}, p.names.scrub(detail.In(p.lang)))
	}
	if a.Terms != "" {
		s += p.pick(text.Text{Zh: "〔%s〕", En: " [%s]"}, strings.ReplaceAll(text.Printable(a.Terms), ", ", p.pick(text.Text{Zh: "，", En: ", "})))
	}
	p.paragraph(act, "▸ ", s)
	p.last = steps
}

// acts names what is done to peers: by the method of Comm where there is one, so that a reader finds it in the source.
var acts = map[string]text.Text{
	"send":          {Zh: "发送 Send", En: "Send"},
	"send-with-ack": {Zh: "发送并等确认 SendWithAck", En: "SendWithAck"},
	"accept":        {Zh: "订阅 Accept", En: "Accept"},
	"respond":       {Zh: "答复 Respond", En: "Respond"},
	"ack":           {Zh: "确认 Ack", En: "Ack"},
	"handshake":     {Zh: "握手 Handshake", En: "Handshake"},
	"probe":         {Zh: "探测 Probe", En: "Probe"},
	"close":         {Zh: "关闭连接 CloseConn", En: "CloseConn"},
	"stop":          {Zh: "停止 Stop", En: "Stop"},
	"kill":          {Zh: "被强行终止", En: "is killed"},
	"restart":       {Zh: "重新启动", En: "starts anew"},
	"attack":        {Zh: "攻击", En: "attacks"},
}

// holds says what the lesson does to goroutines: whose, and at which step.
var holds = map[string]text.Text{
	"hold": {
		Zh: "拦在 %s 的 %s：走到这一步的 goroutine 都停在这里。",
		En: "Hold %s at %s: every goroutine that comes to this step stays there.",
	},
	"step": {
		Zh: "放行 %s 的一个 goroutine：在 %s 停得最久的那一个。",
		En: "Let one goroutine of %s go on: the one that has been held longest at %s.",
	},
	"release": {
		Zh: "放行 %s 停在 %s 的所有 goroutine，不再拦谁。",
		En: "Let every goroutine of %s go on that is held at %s, and hold nobody there any more.",
	},
}

// tricks says in Chinese what an intruder is up to, by the words of the record.
var tricks = map[string]string{
	"no TLS":              "不用 TLS，直接说 HTTP",
	"no TLS certificate":  "不出示 TLS 证书",
	"silence":             "沉默",
	"garbage":             "乱码",
	"wrong first message": "第一条就是数据",
	"no PKI-ID":           "不写 PKI-ID",
	"wrong PKI-ID":        "冒用别人的 PKI-ID",
	"foreign CA":          "冒牌 CA 签发的身份",
	"expired identity":    "过期的身份",
	"replay":              "重放录下的 ConnEstablish",
	"another's key":       "A 的身份，C 的私钥",
}

func (p *Printer) promise(m *timeline.Promise) {
	if m.Kept {
		p.kept++
		p.paragraph(promises, indent+"✓ ", text.Printable(m.Text.In(p.lang)))
		return
	}
	p.broken++
	s := p.pick(text.Text{Zh: "没有做到：%s", En: "Not kept: %s"}, text.Printable(m.Text.In(p.lang)))
	if m.Why != "" {
		s += "\n" + p.pick(text.Text{Zh: "实际情况：%s", En: "Found instead: %s"}, p.names.scrub(m.Why))
	}
	p.paragraph(promises, indent+"✗ ", s)
}

func (p *Printer) gap(missing uint64) {
	p.paragraph(steps, indent+"… ", p.pick(text.Text{
		Zh: "这里缺 %d 个事件：录像时来不及保存。",
		En: "%d events are missing here: there was no room to keep them.",
	}, missing))
}

// step writes the line of a step: who, in which direction, towards whom, on which connection, what, and why.
func (p *Printer) step(peer string, t *trace.Event) {
	other, label := p.names.of(peer, t)
	arrow := " "
	if other != "" {
		arrow = [...]string{Here: "│", Out: "→", In: "←"}[captions[t.Step].way]
	}
	n := p.names.widest
	first := fmt.Sprintf("%s%s %s %s  %s  %s %s  ", indent, text.Pad(text.Printable(peer), n), arrow, text.Pad(other, n),
		text.Pad(label, 2*n+3), statusMark(StatusOf(t)), text.Pad(text.Printable(string(t.Step)), stepCells))
	what, known := CaptionOf(t)
	s := what.In(p.lang)
	if !known {
		s = p.pick(text.Text{Zh: "这一步不在步骤表里，可能来自更新的版本。", En: "A step that this program does not know; a newer one may."})
	}
	room := max(p.width-text.Cells(first), narrowest)
	s = join(s, p.facts(t, other), room)
	if StatusOf(t) == Failing && t.Err != nil {
		s = join(s, p.reason(peer+" "+label, p.names.scrub(t.Err.Error())), room)
	}
	p.paragraph(steps, first, s)
}

// reason tells why something failed. One failure passes through several steps of a connection, and is told in full once.
func (p *Printer) reason(where, words string) string {
	if p.reasons[where] == words {
		return p.pick(text.Text{Zh: "〔原因同上〕", En: " [the reason is the same]"})
	}
	p.reasons[where] = words
	return "\n" + because(p.lang, words)
}

// join puts facts behind s where they fit into its last line whole, else, or if they begin with a line end, on a line of their own.
func join(s, facts string, width int) string {
	lines := text.Wrap(s, width)
	if strings.HasPrefix(facts, "\n") || text.Cells(lines[len(lines)-1])+text.Cells(facts) <= width {
		return s + facts
	}
	return s + "\n" + strings.TrimSpace(facts)
}

func statusMark(s Status) string {
	switch s {
	case Ahead:
		return "○"
	case Failing:
		return "✗"
	}
	return "●"
}
