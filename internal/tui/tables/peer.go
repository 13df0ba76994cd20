package tables

// The tables of one peer.

import (
	"fmt"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

const (
	nameCells  = 8  // of a connection: "A→B#12"
	whoCells   = 14 // "161bfffc (B)"
	roleCells  = 9
	phaseCells = 14
	shownOps   = 8 // calls of SendWithAck
)

// peers adds the tables of every peer, or of the one to which the reader has confined them.
func (b *builder) peers() {
	for _, p := range b.s.State.Peers {
		if b.panel.only == "" || b.panel.only == p.Birth.Name {
			b.peer(p)
		}
	}
}

func (b *builder) peer(p *timeline.Peer) {
	key := fmt.Sprintf("%s/%d", p.Birth.Name, p.Life)
	sel := scene.Selection{Kind: scene.SelectPeer, Peer: p.Birth.Name}
	// What has ended is of interest only to whoever looks for it.
	folded := b.isFolded(key, p.Phase == timeline.PeerDead && !b.at(p.Ended))
	w := row{key: key, heading: true, peer: true, folds: key, folded: folded, selects: sel,
		changed: b.at(p.Born, p.Ended, p.Stopped, p.StopBegan) || (folded && b.touch.peer == p.Birth.Name && b.isLatest(p))}
	w.parts = b.heading(p, folded)
	b.add(w)
	if folded {
		return
	}
	if p.Birth.Intruder {
		b.add(row{key: key + "/intruder", depth: 1, still: true, parts: []part{{words: b.say(says.intruder), style: b.th.Faint}}})
		return
	}
	b.empty = nil
	b.store(p, key, sel)
	b.dials(p, key, sel)
	b.others(p, key, sel)
	b.acks(p, key, sel)
	b.subscriptions(p, key, sel)
	b.notices(p, key, sel)
	b.goroutines(p, key, sel)
	b.counters(p, key, sel)
	if len(b.empty) > 0 { // in one row: what there is none of should not push away what there is
		var names []string
		for _, t := range b.empty {
			names = append(names, b.say(t))
		}
		b.add(row{key: key + "/empty", depth: 1, still: true, parts: []part{{b.say(says.none, strings.Join(names, b.say(says.comma))), b.th.Faint, 0}}})
	}
}

func (b *builder) isLatest(p *timeline.Peer) bool { return b.s.State.Peer(p.Birth.Name) == p }

func (b *builder) heading(p *timeline.Peer, folded bool) []part {
	style := b.th.Good
	if p.Phase != timeline.PeerRunning {
		style = b.th.Warn
	}
	phase := b.say(terms.PeerPhase(p.Phase))
	if p.Death.Cause == "killed" {
		phase, style = b.say(says.killed), b.th.Bad
	}
	name := text.Printable(p.Birth.Name)
	if p.Life > 1 {
		name = b.say(says.life, name, p.Life)
	}
	parts := []part{{words: foldMark(folded) + " " + name, style: b.th.Strong}, {words: phase, style: style}}
	if p.Birth.Intruder {
		return append(parts, part{words: b.say(says.stranger), style: b.th.Warn})
	}
	return append(parts, part{words: text.Printable(p.Birth.Organisation), style: b.th.Faint},
		part{words: "PKI-ID " + terms.ShortID(p.Birth.PKIID), style: b.th.Faint})
}

// store adds pki2Conn: PKI-ID to connection.
func (b *builder) store(p *timeline.Peer, key string, sel scene.Selection) {
	list := p.Stored()
	if len(list) == 0 {
		b.without(key+"/store", 1, says.store, says.storeEmpty, sel)
		return
	}
	shown := b.section(key+"/store", 1, b.say(says.store), len(list), sel, false)
	for _, c := range list {
		if !shown {
			b.mark(b.about(c))
			continue
		}
		parts := []part{
			{terms.WhoIs(b.s.State, b.s.Lang, c.PKIID), b.th.Text, whoCells}, {b.name(c), b.th.Strong, nameCells},
			{b.say(terms.Role(c.Role)), b.th.Text, roleCells}, {b.say(terms.Phase(c.Phase)), b.phase(c), b.column(12, 11)},
		}
		b.add(row{key: keyOf(c) + "/stored", depth: 2, parts: append(parts, b.queues(c)...), changed: b.about(c), selects: connection(c)})
	}
}

// column is the width of a column where there is room, and where there is little.
func (b *builder) column(wide, narrow int) int {
	if b.wide() {
		return wide
	}
	return narrow
}

func keyOf(c *timeline.Connection) string {
	return fmt.Sprintf("%s/%d/%d", c.Key.Peer, c.Key.Life, c.Key.ID)
}

// queues shows how full both queues of a connection are.
func (b *builder) queues(c *timeline.Connection) []part {
	var parts []part
	for _, q := range []struct {
		name             string
		length, capacity int
	}{{"outBuff", c.Waiting(), c.OutBuff.Cap}, {"msgChan", c.InMsgChan(), c.MsgChan.Cap}} {
		words := q.name + " "
		if b.wide() && q.capacity > 0 {
			words += terms.Gauge(q.length, q.capacity, 8) + " "
		}
		style := b.th.Faint
		switch {
		case q.capacity > 0 && q.length >= q.capacity:
			style = b.th.Warn
		case q.length > 0:
			style = b.th.Text
		}
		parts = append(parts, part{words + terms.Fill(q.length, q.capacity), style, b.column(21, 12)})
	}
	if c.Drops > 0 {
		parts = append(parts, part{b.say(says.drops, c.Drops), b.th.Drop, 0})
	}
	return parts
}

// dials adds the dials under way.
func (b *builder) dials(p *timeline.Peer, key string, sel scene.Selection) {
	list := p.Dials()
	if len(list) == 0 {
		b.empty = append(b.empty, says.dials)
		return
	}
	shown := b.section(key+"/dials", 1, b.say(says.dials), len(list), sel, false)
	for _, c := range list {
		if !shown {
			b.mark(b.about(c))
			continue
		}
		to := b.say(says.anybody)
		if len(c.Expected) > 0 {
			to = terms.WhoIs(b.s.State, b.s.Lang, c.Expected)
		}
		parts := []part{
			{to, b.th.Text, whoCells}, {b.name(c), b.th.Strong, nameCells}, {b.say(terms.Phase(c.Phase)), b.phase(c), phaseCells + 4},
		}
		if c.Waiting() > 0 {
			parts = append(parts, part{b.say(says.waiting, terms.Fill(c.Waiting(), c.OutBuff.Cap)), b.th.Text, 0})
		}
		if c.Purpose != trace.ForMessages {
			parts = append(parts, part{b.say(terms.Purpose(c.Purpose)), b.th.Faint, 0})
		}
		b.add(row{key: keyOf(c) + "/dial", depth: 2, parts: parts, changed: b.about(c), selects: connection(c)})
	}
}

// others adds the connections that are in no table of the layer: those that come in and have proven nothing yet, those that end, and those
// that have ended.
func (b *builder) others(p *timeline.Peer, key string, sel scene.Selection) {
	var open, closed []*timeline.Connection
	for _, c := range p.Connections {
		switch {
		case c.Phase == timeline.PhaseClosed:
			closed = append(closed, c)
		case !c.Stored && !(c.Role == trace.Initiator && c.Phase < timeline.PhaseEstablished):
			open = append(open, c)
		}
	}
	if len(open) > 0 {
		shown := b.section(key+"/others", 1, b.say(says.others), len(open), sel, false)
		b.ended(open, shown)
	}
	if n := len(closed) + p.Forgotten; n > 0 {
		changed := false
		for _, c := range closed {
			changed = changed || b.about(c)
		}
		shown := b.section(key+"/closed", 1, b.say(says.closed), n, sel, !changed)
		b.ended(closed, shown)
	}
}

func (b *builder) ended(list []*timeline.Connection, shown bool) {
	for _, c := range list {
		if !shown {
			b.mark(b.about(c))
			continue
		}
		who := terms.WhoIs(b.s.State, b.s.Lang, c.PKIID)
		if len(c.PKIID) == 0 {
			who = b.say(says.nobodyYet)
		}
		parts := []part{
			{who, b.th.Text, whoCells}, {b.name(c), b.th.Strong, nameCells}, {b.say(terms.Role(c.Role)), b.th.Text, roleCells},
			{b.say(terms.Phase(c.Phase)), b.phase(c), b.column(phaseCells, 11)},
		}
		if why := whyEnded(c); why != "" {
			parts = append(parts, part{b.reason(why), b.th.Faint, 0})
		}
		b.add(row{key: keyOf(c) + "/other", depth: 2, parts: parts, changed: b.about(c), selects: connection(c)})
	}
}

// whyEnded returns the words for which a connection ends.
func whyEnded(c *timeline.Connection) string {
	for _, o := range []timeline.Outcome{c.Refused, c.Close, c.TieBreak} {
		if o.Set() && o.Reason != "" {
			return o.Reason
		}
	}
	return ""
}

// reason shows an error: with both its words and their meaning where there is room.
func (b *builder) reason(words string) string {
	if b.wide() {
		return terms.Reason(b.s.Lang, words)
	}
	return terms.Meaning(b.s.Lang, words)
}

// acks adds the topics of acknowledgements: one for each nonce and peer. The latest call comes first.
func (b *builder) acks(p *timeline.Peer, key string, sel scene.Selection) {
	ops := p.AckOperations()
	if len(ops) == 0 {
		b.empty = append(b.empty, says.acks)
		return
	}
	shown := b.section(key+"/acks", 1, b.say(says.acks), len(ops), sel, false)
	for i := len(ops) - 1; i >= 0 && i >= len(ops)-shownOps; i-- {
		op := ops[i]
		marks := []timeline.Mark{op.Done}
		for _, w := range op.Waits {
			marks = append(marks, w.Since, w.Arrived, w.Result.Mark)
		}
		if !shown {
			b.mark(b.at(marks...))
			continue
		}
		status, style := says.open, b.th.Text
		if op.Done.Set() {
			status, style = says.returned, b.th.Faint
		}
		b.add(row{key: fmt.Sprintf("%s/ack/%x", key, op.Nonce), depth: 2, changed: b.at(op.Done), selects: sel, parts: []part{
			{b.say(says.nonce, shortNonce(op.Nonce)), b.th.Text, whoCells}, {b.say(says.acked, op.Acks(), len(op.Waits)), b.th.Ack, nameCells},
			{b.say(status), style, 0},
		}})
		for j, w := range op.Waits {
			words, style := b.outcomeOf(w)
			b.add(row{key: fmt.Sprintf("%s/ack/%x/%d", key, op.Nonce, j), depth: 3, changed: b.at(w.Since, w.Arrived, w.Result.Mark), selects: sel,
				parts: []part{{terms.WhoIs(b.s.State, b.s.Lang, w.Peer), b.th.Text, whoCells}, {words, style, 0}}})
		}
	}
}

func shortNonce(nonce uint64) string {
	s := fmt.Sprintf("%x", nonce)
	return s[:min(6, len(s))]
}

// outcomeOf says what has become of one wait.
func (b *builder) outcomeOf(w timeline.AckWait) (string, stylish) {
	switch {
	case w.Result.Failed:
		return scene.FailedMark + " " + b.reason(w.Result.Reason), b.th.Bad
	case w.Result.Set() && w.Arrived.Set():
		return scene.KeptMark + " " + b.say(says.ackCame, terms.Moment(w.Arrived.At)), b.th.Good
	case w.Result.Set():
		return scene.KeptMark + " " + b.say(says.enough), b.th.Good
	case w.Arrived.Set():
		return scene.KeptMark + " " + b.say(says.ackCame, terms.Moment(w.Arrived.At)), b.th.Good
	case w.Done.Set():
		return "– " + b.say(says.notAwaited), b.th.Faint
	}
	return scene.AheadMark + " " + b.say(says.awaited, terms.Moment(w.Since.At)), b.th.Warn
}

func (b *builder) subscriptions(p *timeline.Peer, key string, sel scene.Selection) {
	if len(p.Subscriptions) == 0 {
		b.without(key+"/subs", 1, says.subscriptions, says.subscriptionsEmpty, sel)
		return
	}
	shown := b.section(key+"/subs", 1, b.say(says.subscriptions), len(p.Subscriptions), sel, false)
	for _, sub := range p.Subscriptions {
		changed := b.touch.peer == p.Birth.Name && b.isLatest(p) && (b.at(sub.Added) || (b.touch.sub != 0 && b.touch.sub == sub.Number))
		if !shown {
			b.mark(changed)
			continue
		}
		length, style := max(0, sub.Delivered-sub.Handed), b.th.Text
		if sub.Queue.Cap > 0 && length >= sub.Queue.Cap {
			style = b.th.Warn
		}
		gauge := terms.Gauge(length, sub.Queue.Cap, 10)
		if gauge != "" {
			gauge += " "
		}
		b.add(row{key: fmt.Sprintf("%s/sub/%d", key, sub.Number), depth: 2, changed: changed,
			selects: scene.Selection{Kind: scene.SelectQueue, Peer: p.Birth.Name, Queue: "subscription", Number: sub.Number},
			parts: []part{
				{b.say(says.subscription, sub.Number), b.th.Text, whoCells}, {gauge + terms.Fill(length, sub.Queue.Cap), style, 17},
				{b.say(says.counts, sub.Matched, sub.Delivered, terms.InHands(b.s.Lang, fmt.Sprint(sub.Handed))), b.th.Faint, 0},
			}})
	}
}

func (b *builder) notices(p *timeline.Peer, key string, sel scene.Selection) {
	if len(p.Notices) == 0 {
		b.empty = append(b.empty, says.notices)
		return
	}
	shown := b.section(key+"/dead", 1, b.say(says.notices), len(p.Notices), sel, false)
	for i, n := range p.Notices {
		if !shown {
			b.mark(b.at(n.Mark))
			continue
		}
		who := terms.WhoIs(b.s.State, b.s.Lang, n.Peer)
		if len(n.Peer) == 0 {
			who = text.Printable(n.Endpoint)
		}
		parts := []part{{who, b.th.Text, whoCells}, {terms.Moment(n.At), b.th.Faint, nameCells}}
		if n.Count > 1 {
			parts = append(parts, part{b.say(says.times, n.Count), b.th.Text, 0})
		}
		if n.Reason != "" {
			parts = append(parts, part{b.reason(n.Reason), b.th.Faint, 0})
		}
		b.add(row{key: fmt.Sprintf("%s/dead/%d", key, i), depth: 2, parts: parts, changed: b.at(n.Mark), selects: sel})
	}
}

// counters adds what is only counted.
func (b *builder) counters(p *timeline.Peer, key string, sel scene.Selection) {
	failed, drops := 0, 0
	for _, h := range p.Handshakes {
		if h.Failed {
			failed++
		}
	}
	for _, c := range p.Connections {
		drops += c.Drops
	}
	count := func(t text.Text, n int, step trace.Step, bad bool) part {
		style := b.th.Faint
		switch {
		case b.touch.peer == p.Birth.Name && b.isLatest(p) && b.touch.step == step:
			style = b.th.Here
		case bad && n > 0:
			style = b.th.Drop
		}
		return part{b.say(t, n), style, 0}
	}
	changed := b.touch.peer == p.Birth.Name && b.isLatest(p) &&
		(b.touch.step == trace.TLSHandshaken || b.touch.step == trace.PingServed || b.touch.step == trace.ConnDrop || b.touch.step == trace.DemuxUnclaimed)
	b.add(row{key: key + "/counts", depth: 1, changed: changed, selects: sel, parts: []part{
		{b.say(says.counters), b.th.Accent, 0}, count(says.tls, len(p.Handshakes)-failed, trace.TLSHandshaken, false),
		count(says.tlsFailed, failed, "", true), count(says.pings, p.PingsServed, trace.PingServed, false),
		count(says.dropped, drops, trace.ConnDrop, true), count(says.unclaimed, p.Unclaimed, trace.DemuxUnclaimed, false),
	}})
}
