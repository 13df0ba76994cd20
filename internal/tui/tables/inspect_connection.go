package tables

import (
	"fmt"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/tables/terms"
)

func (in *inspector) connectionTitle(c *timeline.Connection) string {
	if c == nil {
		return in.say(asks.connection)
	}
	return in.say(asks.connectionAt, in.connectionName(c), text.Printable(c.Key.Peer))
}

// connection tells of one end of a connection, field by field.
func (in *inspector) connection(c *timeline.Connection) {
	if c == nil {
		in.note(asks.forgotten)
		return
	}
	in.field(asks.phase, in.say(terms.Phase(c.Phase)), in.phaseStyle(c), nil)
	roleMeans := asks.initiatorMeans
	if c.Role == trace.Acceptor {
		roleMeans = asks.acceptorMeans
	}
	in.field(asks.part, in.say(terms.Role(c.Role)), in.th.Text, &roleMeans)
	in.plain(asks.purpose, in.say(terms.Purpose(c.Purpose)))
	in.plain(asks.began, in.moment(c.Began))
	in.plain(asks.endpoint, text.Printable(c.Endpoint))
	in.plain(asks.addresses, in.known(text.Printable(c.Local))+" ↔ "+in.known(text.Printable(c.Remote)))
	if l := in.s.State.LineOf(c); l != nil {
		words, style := lineState(in.s, l)
		in.field(asks.line, text.Printable(l.Name)+"  "+words, style, nil)
	} else {
		in.field(asks.line, in.say(asks.unknown), in.th.Faint, nil)
	}
	in.whoIsThere(c)
	in.handshake(c)
	in.life(c)
	in.traffic(c)
	in.running(running(c), in.peerOf(c))
}

func (in *inspector) peerOf(c *timeline.Connection) *timeline.Peer {
	if p := in.s.State.Peer(c.Key.Peer); p != nil && p.Life == c.Key.Life {
		return p
	}
	return nil
}

func running(c *timeline.Connection) []runner {
	var list []runner
	for _, g := range c.Goroutines {
		if g.Alive {
			list = append(list, runner{Goroutine: g, conn: c})
		}
	}
	return list
}

func (in *inspector) phaseStyle(c *timeline.Connection) stylish {
	b := builder{th: in.th}
	return b.phase(c)
}

func (in *inspector) known(words string) string {
	if words == "" {
		return in.say(asks.unknown)
	}
	return words
}

// whoIsThere tells whom this end wanted, who the other end says it is, and whether it has proven that.
func (in *inspector) whoIsThere(c *timeline.Connection) {
	in.heading(asks.otherEnd)
	if c.Role == trace.Initiator {
		wanted := in.say(says.anybody)
		if len(c.Expected) > 0 {
			wanted = terms.WhoIs(in.s.State, in.s.Lang, c.Expected)
		}
		in.field(asks.expected, wanted, in.th.Text, &asks.expectedMeans)
	}
	claims := in.say(asks.notYet)
	if len(c.PKIID) > 0 {
		claims = terms.WhoIs(in.s.State, in.s.Lang, c.PKIID)
	}
	in.field(asks.claims, claims, in.th.Text, &asks.claimsMeans)
	in.yes(asks.proven, c.Proven, &asks.provenMeans)
	if opposite := in.s.State.PeerOpposite(c); opposite != "" {
		in.field(asks.opposite, text.Printable(opposite), in.th.Text, &asks.oppositeMeans)
	}
}

// handshake tells every check with its outcome and what it is good for.
func (in *inspector) handshake(c *timeline.Connection) {
	in.heading(asks.handshake)
	if c.Role == trace.Initiator {
		in.outcome(asks.ping, c.Ping, &asks.pingMeans)
	}
	made := 0
	for _, k := range c.Checks {
		why := terms.CheckWhy(k.Step)
		in.outcome(terms.Check(k.Step), k.Outcome, &why)
		made++
	}
	if made == 0 {
		in.note(asks.noChecks)
	}
	if c.Verdict.Set() {
		in.outcome(asks.verdict, c.Verdict, &asks.verdictMeans)
	}
	if c.Refused.Set() {
		in.outcome(asks.refused, c.Refused, nil)
	}
}

// life tells of its place in the store, and how it ended.
func (in *inspector) life(c *timeline.Connection) {
	in.heading(asks.storeAndEnd)
	in.yes(asks.inStore, c.Stored, &asks.inStoreMeans)
	if c.TieBreak.Set() {
		in.outcome(asks.tieBreak, c.TieBreak, &asks.tieBreakMeans)
	}
	in.outcome(asks.streamEnd, c.Received, &asks.streamEndMeans)
	in.outcome(asks.close, c.Close, &asks.closeMeans)
}

// traffic tells how full its queues are, and how much it has carried.
func (in *inspector) traffic(c *timeline.Connection) {
	in.heading(asks.traffic)
	in.fill(same("outBuff"), c.Waiting(), c.OutBuff.Cap, asks.outBuffMeans)
	in.fill(same("msgChan"), c.InMsgChan(), c.MsgChan.Cap, asks.msgChanMeans)
	sent, received := c.Forgotten()
	written := 0
	for _, m := range c.Outgoing() {
		if m.Reached(timeline.Written) {
			written++
		}
	}
	in.plain(asks.sent, fmt.Sprint(uint64(written)+sent))
	in.plain(asks.received, fmt.Sprint(uint64(len(c.Incoming()))+received))
	style := in.th.Text
	if c.Drops > 0 {
		style = in.th.Drop
	}
	in.field(asks.drops, fmt.Sprint(c.Drops), style, nil)
}

// same is a name that is the same in every language.
func same(name string) text.Text { return text.Text{Zh: name, En: name} }

func (in *inspector) fill(name text.Text, length, capacity int, meaning text.Text) {
	gauge := terms.Gauge(length, capacity, 20)
	if gauge != "" {
		gauge += " "
	}
	style := in.th.Text
	if capacity > 0 && length >= capacity {
		style = in.th.Warn
	}
	in.field(name, gauge+terms.Fill(length, capacity), style, &meaning)
}
