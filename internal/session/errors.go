package session

// What goes wrong becomes one sentence in the reader's language. Where it matters what it was, errors.Is tells.

import (
	"errors"

	"gossipscope/internal/text"
)

// Sentence returns what err says to a reader of lang; nothing, if it is nil.
func Sentence(err error, lang text.Lang) string {
	if err == nil {
		return ""
	}
	var told *text.Error
	if errors.As(err, &told) {
		return told.In(lang)
	}
	return says.other.Format(lang, text.Printable(err.Error()))
}

// Reason is why an act is refused: it is what the error of Do comes from, for errors.Is.
type Reason string

// The reasons.
const (
	SessionEnded     Reason = "the session has ended"
	UnknownVerb      Reason = "there is no such act"
	UnknownTrick     Reason = "there is no such attack"
	NoSuchPeer       Reason = "there is no such peer"
	PeerEnded        Reason = "the peer has ended"
	PeerStopping     Reason = "the peer is stopping"
	PeerAlive        Reason = "the peer is alive"
	NoTarget         Reason = "no other peer was named"
	ToItself         Reason = "a peer does not talk to itself"
	NotListening     Reason = "nobody listens there"
	NotConnected     Reason = "there is no connection"
	AlreadyConnected Reason = "there is a connection already"
	NoSuchLink       Reason = "there is no such link"
	LinkEnded        Reason = "the link has ended"
	NoChange         Reason = "it is so already"
	NotOurs          Reason = "the lesson's own subscribers acknowledge"
	NoNameLeft       Reason = "every name is taken"
	NothingToReplay  Reason = "no handshake was recorded"
	OutOfRange       Reason = "a value is out of range"
)

// Error implements error.
func (r Reason) Error() string { return string(r) }

// refuse is the error of an act that cannot be done. It unwraps to its Reason.
func refuse(why Reason, args ...any) error {
	return &text.Error{Says: sentences[why], Args: args, Cause: why}
}

// sentences are what a person reads if an act is refused.
var sentences = map[Reason]text.Text{
	SessionEnded: {Zh: "这一场已经结束了。", En: "This session has ended."},
	UnknownVerb:  {Zh: "没有「%s」这种操作。", En: "There is no act called %q."},
	UnknownTrick: {Zh: "没有「%s」这种攻击。", En: "There is no attack called %q."},
	NoSuchPeer:   {Zh: "没有叫「%s」的节点。", En: "There is no peer called %q."},
	PeerEnded:    {Zh: "节点 %s 已经停了，要先重启它。", En: "Peer %s has ended: restart it first."},
	PeerStopping: {Zh: "节点 %s 正在停止，等它停完再说。", En: "Peer %s is stopping: wait until it has stopped."},
	PeerAlive:    {Zh: "节点 %s 还在运行，不用重启。", En: "Peer %s is running: there is nothing to restart."},
	NoTarget:     {Zh: "还要选一个对方节点。", En: "Choose another peer for it."},
	ToItself:     {Zh: "节点 %s 不和自己通信，请选别的节点。", En: "Peer %s does not talk to itself: choose another."},
	NotListening: {Zh: "%s 不监听任何地址，连不上它。", En: "%s listens nowhere: nobody can dial it."},
	NotConnected: {Zh: "%s 和 %s 之间没有连接。", En: "There is no connection between %s and %s."},
	AlreadyConnected: {
		Zh: "%s 和 %s 之间已经有连接了，不会再拨号。先关闭它。",
		En: "%s and %s are connected already, so neither would dial. Close the connection first.",
	},
	NoSuchLink: {Zh: "没有叫「%s」的线路。", En: "There is no link called %q."},
	LinkEnded:  {Zh: "线路 %s 已经断开了。", En: "The link %s has ended."},
	NoChange:   {Zh: "%s 已经是这样了。", En: "%s is like that already."},
	NotOurs: {
		Zh: "要不要确认 %s 收到的消息，由课程自己决定，这里改不了。",
		En: "Whether %s acknowledges is up to the lesson; it cannot be changed here.",
	},
	NoNameLeft: {Zh: "%s 的八个名字都用过了，不能再加节点。", En: "All eight names of %s have been used: no peer can be added."},
	NothingToReplay: {
		Zh: "还没有哪个节点和 %s 握过手，没有可以重放的 ConnEstablish。先让一个节点和它握手。",
		En: "No peer has shaken hands with %s yet, so there is no ConnEstablish to replay. Let one do so first.",
	},
	OutOfRange: {Zh: "%s要在 %v 到 %v 之间。", En: "The %s must be from %v to %v."},
}

// says is every other sentence of the package, but for those about recordings, which the command line says too (text.Table.Failures).
var says = struct {
	sandbox, timeout, delay, count, organisation    text.Text // words
	noPeers, brokenPromise, stuck, disturbed, other text.Text // %s: the error's own words
	notSent, notRestarted, notAdded, noIntruder     text.Text // %s, %s: a peer, the error's own words
}{
	sandbox:      text.Text{Zh: "沙盒", En: "Sandbox"},
	timeout:      text.Text{Zh: "等待时间", En: "timeout"},
	delay:        text.Text{Zh: "延迟", En: "delay"},
	count:        text.Text{Zh: "消息条数", En: "number of messages"},
	organisation: text.Text{Zh: "组织的编号", En: "number of the organisation"},

	noPeers: text.Text{
		Zh: "节点启动不了。请检查本机能否在 127.0.0.1 上监听端口。（%s）",
		En: "The peers cannot be started. Check that this machine may listen on 127.0.0.1. (%s)",
	},
	brokenPromise: text.Text{Zh: "这一课有一条承诺落空了。（%s）", En: "A promise of the lesson was not kept. (%s)"},
	stuck:         text.Text{Zh: "这一课没能讲完，可以再试一次。（%s）", En: "The lesson could not be told to its end. Try again. (%s)"},
	disturbed: text.Text{
		Zh: "这一课没有照原样讲完：你动过它的节点。（%s）",
		En: "The lesson did not end as it was meant to: you have had your hands in it. (%s)",
	},
	other: text.Text{Zh: "出错了：%s", En: "Something went wrong: %s"},

	notSent:      text.Text{Zh: "%s 没有发成。（%s）", En: "%s has sent nothing. (%s)"},
	notRestarted: text.Text{Zh: "节点 %s 没有重启成功。（%s）", En: "Peer %s could not be restarted. (%s)"},
	notAdded:     text.Text{Zh: "没有能加上节点 %s。（%s）", En: "Peer %s could not be added. (%s)"},
	noIntruder:   text.Text{Zh: "对 %s 的攻击没有开始。（%s）", En: "The attack on %s was not begun. (%s)"},
}
