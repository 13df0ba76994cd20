package tables

import (
	"fmt"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// peer tells of a peer: who it is, how it lives, what it has.
func (in *inspector) peer(p *timeline.Peer) {
	if p == nil {
		in.note(asks.forgotten)
		return
	}
	in.heading(asks.identity)
	if p.Birth.Intruder {
		in.field(asks.kind, in.say(says.stranger), in.th.Warn, &asks.strangerMeans)
	}
	in.plain(asks.organisation, text.Printable(p.Birth.Organisation))
	in.hex(asks.pkiID, p.Birth.PKIID, &asks.pkiIDMeans)
	in.plain(asks.endpoint, text.Printable(p.Birth.Endpoint))
	in.hex(asks.serverCert, p.Birth.ServerCertHash, &asks.serverCertMeans)
	in.hex(asks.clientCert, p.Birth.ClientCertHash, &asks.clientCertMeans)

	in.heading(asks.life)
	in.plain(asks.born, in.moment(p.Born))
	if p.Life > 1 {
		in.plain(asks.whichLife, fmt.Sprint(p.Life))
	}
	in.plain(asks.phase, in.say(terms.PeerPhase(p.Phase)))
	if p.StopBegan.Set() {
		in.field(asks.stop, in.moment(p.StopBegan), in.th.Text, nil)
		in.plain(asks.stopAt, text.Printable(string(p.StopAt)))
		in.plain(asks.stopped, in.moment(p.Stopped))
	}
	if p.Ended.Set() {
		cause := says.killed
		if p.Death.Cause != "killed" {
			cause = asks.diedStopped
		}
		in.plain(asks.died, in.moment(p.Ended)+"  "+in.say(cause))
	}

	in.counts(p)
	in.running(runners(p), p)
}

func (in *inspector) counts(p *timeline.Peer) {
	drops, closed := 0, p.Forgotten
	for _, c := range p.Connections {
		drops += c.Drops
		if c.Phase == timeline.PhaseClosed {
			closed++
		}
	}
	in.heading(says.counters)
	for _, count := range []struct {
		label text.Text
		n     int
	}{
		{asks.stored, len(p.Stored())}, {says.dials, len(p.Dials())}, {says.closed, closed}, {says.subscriptions, len(p.Subscriptions)},
		{asks.waits, openWaits(p)}, {says.notices, len(p.Notices)}, {asks.handshakes, len(p.Handshakes)}, {asks.pings, p.PingsServed},
		{asks.drops, drops}, {asks.unclaimed, p.Unclaimed},
	} {
		style := in.th.Text
		if count.n == 0 {
			style = in.th.Faint
		}
		in.field(count.label, fmt.Sprint(count.n), style, nil)
	}
}

// openWaits counts the acknowledgements that a peer still waits for.
func openWaits(p *timeline.Peer) int {
	n := 0
	for _, w := range p.Waits {
		if !w.Result.Set() && !w.Done.Set() {
			n++
		}
	}
	return n
}

// running tells which goroutines are alive, and what each does.
func (in *inspector) running(list []runner, p *timeline.Peer) {
	in.heading(asks.goroutines, len(list))
	if len(list) == 0 {
		in.note(asks.noGoroutines)
	}
	for _, g := range list {
		label := text.Printable(string(g.Role))
		if g.conn != nil && in.s.Selected.Kind == scene.SelectPeer {
			label += " " + in.connectionName(g.conn)
		}
		words, style := in.say(terms.Doing(g.Goroutine, terms.NoRoom(p, g.conn, g.Goroutine))), in.th.Text
		if p != nil && heldAs(in.s, p.Birth.Name, g.conn, g.Goroutine) != nil {
			words, style = "‖ "+terms.Held(in.s.Lang, g.At), in.th.Warn
		}
		in.lines = append(in.lines, Line{Label: label, Value: text.Printable(string(g.At)) + "  " + words, Style: style})
	}
}
