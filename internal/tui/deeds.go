package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// What the reader does to the peers: menus that ask for what an act needs, one after the other, and then do it.

// deed is an act as a menu offers it.
type deed struct {
	verb  session.Verb
	says  text.Text
	about text.Text
	ask   func(m *Model, d deed) tea.Cmd // asks for the rest, and does it
}

var actDeeds = []deed{
	{session.Send, text.Text{Zh: "发一条消息", En: "Send a message"}, text.Text{Zh: "Send：进了发送队列就返回", En: "Send: returns when it is in the send queue"}, askFromTo},
	{session.SendWithAck, text.Text{Zh: "发一条消息，等确认", En: "Send a message and wait for acknowledgements"}, text.Text{Zh: "SendWithAck", En: "SendWithAck"}, askFromTo},
	{session.Probe, text.Text{Zh: "探测", En: "Probe"}, text.Text{Zh: "Probe：那边有人吗？", En: "Probe: is anybody there?"}, askFromTo},
	{session.Handshake, text.Text{Zh: "握手", En: "Handshake"}, text.Text{Zh: "Handshake：那边是谁？", En: "Handshake: who is there?"}, askFromTo},
	{session.CloseConn, text.Text{Zh: "关闭连接", En: "Close a connection"}, text.Text{Zh: "CloseConn", En: "CloseConn"}, askFromTo},
	{session.DialBoth, text.Text{Zh: "两端同时拨号", En: "Both ends dial at once"}, text.Text{Zh: "只能留下一条，留哪条？", En: "only one can stay: which?"}, askFromTo},
	{session.Flood, text.Text{Zh: "连发 50 条", En: "Send 50 messages in a row"}, text.Text{Zh: "发送队列只有那么长", En: "the send queue is only so long"}, askFromTo},
	{session.Stop, text.Text{Zh: "停止一个节点", En: "Stop a peer"}, text.Text{Zh: "Stop：有始有终", En: "Stop: in good order"}, askPeer},
	{session.Restart, text.Text{Zh: "重新启动一个节点", En: "Start a peer anew"}, text.Text{Zh: "停掉或杀掉的，同样的身份再活一次", En: "one that has ended lives again, as the same"}, askEnded},
	{session.AddPeer, text.Text{Zh: "加一个节点", En: "Add a peer"}, text.Text{Zh: "最多 16 个", En: "up to 16"}, askOrganisation},
}

var faultDeeds = []deed{
	{session.CutLink, text.Text{Zh: "剪断线路", En: "Cut a line"}, text.Text{Zh: "两端都得到 connection reset", En: "both ends get a connection reset"}, askLink},
	{session.DelayLink, text.Text{Zh: "拖慢线路 300 ms", En: "Delay a line by 300 ms"}, text.Text{Zh: "再做一次恢复", En: "again: no more"}, askLink},
	{session.FreezeLink, text.Text{Zh: "冻结线路", En: "Freeze a line"}, text.Text{Zh: "什么也不丢，什么也不通过", En: "nothing is lost, nothing passes"}, askLink},
	{session.ThawLink, text.Text{Zh: "解冻线路", En: "Thaw a line"}, text.Text{}, askLink},
	{session.HalfCloseLink, text.Text{Zh: "关掉线路的一半", En: "Close half of a line"}, text.Text{Zh: "拨号那一端不能再写", En: "the end that dialled can write no more"}, askLink},
	{session.Kill, text.Text{Zh: "杀掉一个节点", En: "Kill a peer"}, text.Text{Zh: "没有告别", En: "no goodbye"}, askPeer},
	{session.StopReading, text.Text{Zh: "订阅者不再读", En: "A subscriber stops reading"}, text.Text{Zh: "看背压一路传回发送方", En: "see back-pressure travel to the sender"}, askPeer},
	{session.ReadAgain, text.Text{Zh: "订阅者接着读", En: "A subscriber reads again"}, text.Text{}, askPeer},
	{session.RefuseAcks, text.Text{Zh: "收到消息一律拒绝", En: "Refuse instead of acknowledging"}, text.Text{Zh: "确认里带着错误", En: "the acknowledgement carries an error"}, askPeer},
	{session.GiveAcks, text.Text{Zh: "恢复正常确认", En: "Acknowledge again"}, text.Text{}, askPeer},
	{session.Attack, text.Text{Zh: "攻击：伪造握手", En: "Attack with a forged handshake"}, text.Text{Zh: "错的私钥、别人的 PKI-ID、换掉的证书、沉默、乱码……", En: "wrong key, another's PKI-ID, swapped certificate, silence, garbage …"}, askTrick},
}

// lag is by how much a line is delayed.
const lag = 300 * time.Millisecond

func (m *Model) openActs() tea.Cmd   { return m.openDeeds(says.ActTitle, actDeeds) }
func (m *Model) openFaults() tea.Cmd { return m.openDeeds(says.FaultTitle, faultDeeds) }

func (m *Model) openDeeds(heading text.Text, deeds []deed) tea.Cmd {
	if !m.canSteer() {
		m.tell(says.NoPeersInReplay)
		return nil
	}
	m.watch.take() // whom it can be done to is known from what has happened, shown or not
	var items []item
	for _, d := range deeds {
		items = append(items, item{label: d.says.In(m.lang), detail: d.about.In(m.lang), do: func(m *Model) tea.Cmd { return d.ask(m, d) }})
	}
	return m.ask(heading, items)
}

// ask is one of the questions before a deed. It stays until the deed is done, so that from the next question one can go back to it.
func (m *Model) ask(heading text.Text, items []item) tea.Cmd {
	return m.show(&menu{heading: heading.In(m.lang), items: numbered(items), stays: true})
}

// peersWhere returns the names of the honest peers, of the latest life of each, for which want holds; the selected one first.
func (m *Model) peersWhere(want func(*timeline.Peer) bool) []string {
	var names []string
	st := m.watch.history.Live()
	for _, p := range st.Peers {
		if st.Peer(p.Birth.Name) == p && !p.Birth.Intruder && want(p) {
			names = append(names, p.Birth.Name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return rank(a == m.watch.selected.Peer) - rank(b == m.watch.selected.Peer)
	})
	return names
}

// rank puts what is true first.
func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// pick asks for one of several names. Where there is only one it is taken.
func (m *Model) pick(heading text.Text, names []string, then func(m *Model, name string) tea.Cmd) tea.Cmd {
	if len(names) == 0 {
		m.tell(nobody)
		return nil
	}
	if len(names) == 1 {
		return then(m, names[0])
	}
	var items []item
	for _, name := range names {
		items = append(items, item{label: text.Printable(name), do: func(m *Model) tea.Cmd { return then(m, name) }})
	}
	return m.ask(heading, items)
}

var (
	nobody   = text.Text{Zh: "现在没有合适的对象：要么还没有，要么都已经结束。", En: "There is nothing to do this to now: not yet, or not any more."}
	fromWhom = text.Text{Zh: "从谁？", En: "From whom?"}
	toWhom   = text.Text{Zh: "到谁？", En: "To whom?"}
	whichOne = text.Text{Zh: "哪一个？", En: "Which one?"}
	whatLine = text.Text{Zh: "哪条线路？", En: "Which line?"}
	whatOrg  = text.Text{Zh: "哪个组织？", En: "Of which organisation?"}
	whatWay  = text.Text{Zh: "怎样攻击？", En: "In which way?"}
	everyone = text.Text{Zh: "所有其他节点", En: "all others"}
)

// askFromTo asks who does it, and to whom.
func askFromTo(m *Model, d deed) tea.Cmd {
	alive := m.peersWhere((*timeline.Peer).Alive)
	return m.pick(fromWhom, alive, func(m *Model, from string) tea.Cmd {
		others := m.peersWhere(func(p *timeline.Peer) bool { return p.Birth.Name != from })
		all := everyone.In(m.lang)
		if d.verb != session.DialBoth && len(others) > 1 {
			others = append(others, all)
		}
		return m.pick(toWhom, others, func(m *Model, to string) tea.Cmd {
			targets := []string{to}
			if to == all {
				targets = others[:len(others)-1]
			}
			return m.do(session.Act{Verb: d.verb, Peer: from, Targets: targets, MinAck: len(targets)})
		})
	})
}

// askPeer asks to whom it is done.
func askPeer(m *Model, d deed) tea.Cmd {
	return m.pick(whichOne, m.peersWhere((*timeline.Peer).Alive), func(m *Model, name string) tea.Cmd {
		return m.do(session.Act{Verb: d.verb, Peer: name})
	})
}

// askEnded asks which of those that have ended begins anew.
func askEnded(m *Model, d deed) tea.Cmd {
	ended := m.peersWhere(func(p *timeline.Peer) bool { return !p.Alive() })
	return m.pick(whichOne, ended, func(m *Model, name string) tea.Cmd {
		return m.do(session.Act{Verb: d.verb, Peer: name})
	})
}

func askOrganisation(m *Model, d deed) tea.Cmd {
	organisations := []string{"Org1", "Org2"}
	return m.pick(whatOrg, organisations, func(m *Model, name string) tea.Cmd {
		return m.do(session.Act{Verb: d.verb, Organisation: slices.Index(organisations, name) + 1})
	})
}

// askLink asks to which of the open lines it is done.
func askLink(m *Model, d deed) tea.Cmd {
	var names []string
	lagging := make(map[string]bool)
	for _, line := range m.watch.history.Live().Lines {
		if line.Open && !slices.Contains(names, line.Name) {
			names = append(names, line.Name)
			lagging[line.Name] = line.Lag > 0
		}
	}
	return m.pick(whatLine, names, func(m *Model, name string) tea.Cmd {
		act := session.Act{Verb: d.verb, Link: name}
		if d.verb == session.DelayLink && !lagging[name] {
			act.Delay = lag
		}
		return m.do(act)
	})
}

// askTrick asks how to attack, and whom.
func askTrick(m *Model, d deed) tea.Cmd {
	var items []item
	for _, trick := range session.Tricks() {
		items = append(items, item{label: trick.Name().In(m.lang), do: func(m *Model) tea.Cmd {
			return m.pick(whichOne, m.peersWhere((*timeline.Peer).Alive), func(m *Model, name string) tea.Cmd {
				return m.do(session.Act{Verb: d.verb, Peer: name, Trick: trick})
			})
		}})
	}
	return m.ask(whatWay, items)
}
