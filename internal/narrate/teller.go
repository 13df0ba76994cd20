package narrate

// The Teller finds the words, for whoever lays them out: the Printer of this package, line after line, and screens that go to and fro.

import (
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Teller says in one sentence what an event tells. It has to observe every event of the session once, in order, since events name peers
// and lines by addresses; then it can tell any of them. What it says holds no control character, and nothing that a run makes up. It
// is for one goroutine.
type Teller struct {
	lang  text.Lang
	names *names
}

// NewTeller returns a teller that has observed nothing yet.
func NewTeller(lang text.Lang) *Teller { return &Teller{lang: lang, names: newNames()} }

// SetLang makes it speak another language from now on.
func (t *Teller) SetLang(lang text.Lang) { t.lang = lang }

// Observe learns from e who is who.
func (t *Teller) Observe(e *timeline.Event) { t.names.observe(e) }

// Tell returns what e tells, as a sentence: of a step with its facts, and, if it failed, with the reason on a line of its own.
func (t *Teller) Tell(e *timeline.Event) string {
	switch {
	case e.Kind == timeline.KindTitle && e.Text != nil:
		return text.Printable(e.Text.In(t.lang))
	case e.Kind == timeline.KindSay && e.Text != nil:
		return printableLines(e.Text.In(t.lang))
	case e.Kind == timeline.KindBirth && e.Birth != nil:
		return t.birth(e.Birth)
	case e.Kind == timeline.KindDeath && e.Death != nil:
		return t.death(e.Peer, e.Death)
	case e.Kind == timeline.KindLink && e.Link != nil:
		return t.link(e.Link)
	case e.Kind == timeline.KindAct && e.Act != nil:
		return t.act(e.Peer, e.Act)
	case e.Kind == timeline.KindPromise && e.Promise != nil:
		return t.promise(e.Promise)
	case e.Kind == timeline.KindGap:
		return t.gap(e.Gap)
	case e.Kind == timeline.KindStep && e.Step != nil:
		return t.step(e.Peer, e.Step)
	}
	return ""
}

// Towards returns who is at the other end of what a step of a peer is about, with an arrow for the direction of the step, and the name of
// the connection; "" for what is not known or not so.
func (t *Teller) Towards(peer string, step *trace.Event) (other, arrow, connection string) {
	other, connection = t.names.of(peer, step)
	return other, arrowOf(step, other), connection
}

func (t *Teller) pick(says text.Text, args ...any) string { return says.Format(t.lang, args...) }

func (t *Teller) step(peer string, step *trace.Event) string {
	other, _ := t.names.of(peer, step)
	s := t.caption(step) + t.facts(step, other)
	if StatusOf(step) == Failing && step.Err != nil {
		s += "\n" + because(t.lang, t.names.scrub(step.Err.Error()))
	}
	return s
}

func (t *Teller) caption(step *trace.Event) string {
	what, known := CaptionOf(step)
	if !known {
		return t.pick(text.Text{Zh: "这一步不在步骤表里，可能来自更新的版本。", En: "A step that this program does not know; a newer one may."})
	}
	return what.In(t.lang)
}

// arrowOf returns the direction of a step, seen from the peer whose step it is.
func arrowOf(step *trace.Event, other string) string {
	if other == "" {
		return " "
	}
	return [...]string{Here: "│", Out: "→", In: "←"}[captions[step.Step].way]
}

// MarkOf returns the mark of a step as it turned out.
func MarkOf(step *trace.Event) string {
	switch StatusOf(step) {
	case Ahead:
		return "○"
	case Failing:
		return "✗"
	}
	return "●"
}

func printableLines(s string) string {
	var lines []string
	for _, line := range strings.Split(s, "\n") {
		lines = append(lines, text.Printable(line))
	}
	return strings.Join(lines, "\n")
}

func (t *Teller) birth(b *timeline.Birth) string {
	name := text.Printable(b.Name)
	if b.Intruder {
		return t.pick(text.Text{
			Zh: "%s 出现了：它不是正常的节点，会讲同一套协议，也会说谎。",
			En: "%s appears: not an honest peer. It speaks the protocol, and it may lie.",
		}, name)
	}
	return t.pick(text.Text{
		Zh: "节点 %s 启动，开始监听。组织 %s，PKI-ID %s。",
		En: "Peer %s begins to listen. Organisation %s, PKI-ID %s.",
	}, name, text.Printable(b.Organisation), shortID(b.PKIID))
}

func (t *Teller) death(name string, d *timeline.Death) string {
	says := text.Text{Zh: "节点 %s 停止了。", En: "Peer %s has stopped."}
	if d.Cause == "killed" {
		says = text.Text{Zh: "节点 %s 被强行终止：没有告别，也没有收尾。", En: "Peer %s was killed: no goodbye, nothing tidied up."}
	}
	return t.pick(says, text.Printable(name))
}

func (t *Teller) link(l *timeline.Link) string {
	name := t.names.scrub(l.Name)
	change, known := linkChanges[l.Change]
	switch {
	case !known:
		change = text.Text{Zh: "线路 %s：" + text.Printable(l.Change) + "。", En: "Line %s: " + text.Printable(l.Change) + "."}
	case l.Change == timeline.LinkDelay && l.Delay == 0:
		change = undelayed
	}
	// Neither which end closed it first is told, since that is a race between two gRPC transports, nor how many bytes have passed,
	// since signatures differ in length.
	if l.Change == timeline.LinkDelay && l.Delay > 0 {
		return t.pick(change, name, l.Delay)
	}
	return t.pick(change, name)
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

func (t *Teller) act(peer string, a *timeline.Act) string {
	if hold, known := holds[a.Verb]; known {
		return t.pick(hold, text.Printable(a.Target), text.Printable(a.Detail))
	}
	verb, known := acts[a.Verb]
	if !known {
		verb = text.Text{Zh: text.Printable(a.Verb), En: text.Printable(a.Verb)}
	}
	s := text.Printable(peer)
	if s != "" {
		s += t.pick(text.Text{Zh: " ", En: ": "})
	}
	s += verb.In(t.lang)
	if a.Target != "" {
		s += " → " + strings.ReplaceAll(t.names.scrub(a.Target), ", ", t.pick(text.Text{Zh: "、", En: ", "}))
	}
	if a.Detail != "" {
		detail := text.Text{Zh: a.Detail, En: a.Detail}
		if trick, known := tricks[a.Detail]; known && a.Verb == "attack" {
			detail.Zh = trick
		}
		s += t.pick(text.Text{Zh: "：「%s」", En: ": \"%s\""}, t.names.scrub(detail.In(t.lang)))
	}
	if a.Terms != "" {
		s += t.pick(text.Text{Zh: "〔%s〕", En: " [%s]"}, strings.ReplaceAll(text.Printable(a.Terms), ", ", t.pick(text.Text{Zh: "，", En: ", "})))
	}
	return s
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
	"stop-reading":  {Zh: "的订阅者不再取消息", En: "its subscriber stops reading"},
	"read-again":    {Zh: "的订阅者又开始取消息", En: "its subscriber reads again"},
	"refuse-acks":   {Zh: "的订阅者从现在起拒绝确认", En: "its subscriber refuses to acknowledge from now on"},
	"give-acks":     {Zh: "的订阅者恢复确认", En: "its subscriber acknowledges again"},
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
	"swapped certificate": "中间人，换掉 TLS 证书",
	"another's key":       "别人的身份，用另一把私钥签名",
}

func (t *Teller) promise(m *timeline.Promise) string {
	says := text.Printable(m.Text.In(t.lang))
	if m.Kept {
		return says
	}
	s := t.pick(text.Text{Zh: "没有做到：%s", En: "Not kept: %s"}, says)
	if m.Why != "" {
		s += "\n" + t.pick(text.Text{Zh: "实际情况：%s", En: "Found instead: %s"}, t.names.scrub(m.Why))
	}
	return s
}

func (t *Teller) gap(missing uint64) string {
	return t.pick(text.Text{
		Zh: "这里缺 %d 个事件：录像时来不及保存。",
		En: "%d events are missing here: there was no room to keep them.",
	}, missing)
}
