package pipeline

// The sentence of a connection whose handshake is not over, or never will be.

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/tables/terms"
)

// whereShaking is the sentence of a connection whose handshake is not over: of the message that is looked at, if one waits, and of the
// handshake.
func (c *chart) whereShaking() string {
	w, i := c.v.way(), c.v.chosen
	if i >= 0 && i != w.hello() && w.at[i] != outBuff {
		return c.where() // given up, handed over
	}
	if i >= 0 && w.at[i] == outBuff {
		return c.stop(c.s.Say(whereIs[outBuff], c.label(w, i), w.from.name, w.rank(i)), c.progress())
	}
	return c.stop(c.progress())
}

// progress says what the handshake is about, or why there will be none.
func (c *chart) progress() string {
	v, s := c.v, c.s
	for _, e := range []end{v.ways[0].to, v.ways[0].from} {
		if e.conn == nil {
			continue
		}
		other := v.ways[0].from.name
		if e.conn == v.stream.Initiator {
			other = v.ways[0].to.name
		}
		for i, step := range terms.Checks {
			if k, made := e.find(step); made && k.Failed {
				return s.Say(because.checkFailed, e.name, other, i+1, s.Say(terms.Check(step)), terms.Reason(s.Lang, k.Reason))
			}
		}
		if e.conn.Refused.Set() {
			return s.Say(because.refused, e.name, other, terms.Reason(s.Lang, e.conn.Refused.Reason))
		}
	}
	if i := v.stream.Initiator; i != nil {
		switch {
		case i.Ping.Failed:
			return s.Say(because.noPing, terms.Reason(s.Lang, i.Ping.Reason))
		case i.Verdict.Failed:
			return s.Say(because.verdict, v.ways[0].from.name, terms.Reason(s.Lang, i.Verdict.Reason))
		}
	}
	for _, w := range []*way{&v.ways[1], &v.ways[0]} {
		if to := w.to.conn; to != nil && to.Received.Set() && w.hello() < 0 {
			return s.Say(because.noHello, w.to.name, w.from.name, terms.Reason(s.Lang, to.Received.Reason))
		}
	}
	for _, e := range v.stream.Ends() {
		if e.Close.Set() {
			return c.overWith(e)
		}
	}
	return c.underWay()
}

// overWith says why a connection has ended before it served.
func (c *chart) overWith(e *timeline.Connection) string {
	a, b := c.v.ways[0].from, c.v.ways[0].to
	switch {
	case e.Purpose == trace.ForHandshake && e.Role == trace.Acceptor && b.passed() == len(terms.Checks) && !e.Close.Failed:
		return c.s.Say(because.answered, b.name, a.name, b.name)
	case e.Close.Failed || e.Close.Reason != "":
		return c.s.Say(because.closedFor, terms.Reason(c.s.Lang, e.Close.Reason))
	case e.Purpose == trace.ForProbe:
		return c.s.Say(because.probed, b.name)
	case e.Purpose == trace.ForHandshake:
		return c.s.Say(because.asked, a.name, b.name)
	}
	return c.s.Say(because.closedPlain)
}

// underWay says what the handshake waits for.
func (c *chart) underWay() string {
	v, s := c.v, c.s
	a, b := v.ways[0].from, v.ways[0].to
	if h := c.heldInHandshake(); h != "" {
		return h
	}
	for d := range v.ways {
		w := &v.ways[d]
		i := w.hello()
		if i < 0 {
			continue
		}
		switch w.at[i] {
		case writer:
			return s.Say(because.helloWriting, w.from.name)
		case wire:
			return s.Say(because.helloOnTheWay, c.label(w, i), w.to.name)
		case reader:
			return s.Say(because.helloRead, c.label(w, i), w.to.name)
		case done:
			if passed := w.to.passed(); passed < len(terms.Checks) && w.to.conn.Phase < timeline.PhaseClosing {
				return s.Say(because.checking, w.to.name, w.from.name, passed, len(terms.Checks))
			}
		}
	}
	switch {
	case a.conn != nil && a.conn.Phase == timeline.PhaseNew:
		return s.Say(because.willDial, a.name)
	case a.conn != nil && a.conn.Phase <= timeline.PhaseDialling:
		return s.Say(because.dials, a.name)
	case v.probes() && a.conn.Ping.Passed():
		return s.Say(because.probed, b.name)
	case a.conn != nil && a.conn.Phase == timeline.PhasePinging && a.conn.Ping.Passed():
		return s.Say(because.pinged, b.name, a.name)
	case a.conn != nil && a.conn.Phase == timeline.PhasePinging:
		return s.Say(because.pings, a.name, b.name)
	case a.conn != nil && a.conn.Phase == timeline.PhaseOpening:
		return s.Say(because.opens, a.name)
	case v.proven() && a.conn != nil && a.conn.Purpose == trace.ForHandshake:
		return s.Say(because.awaitsVerdict, a.name, b.name)
	case v.proven():
		return s.Say(because.bothPassed)
	case a.conn != nil && v.ways[0].hello() < 0:
		return s.Say(because.identifies, a.name)
	case b.passed() == len(terms.Checks):
		return s.Say(because.answers, b.name, a.name)
	case b.conn != nil && b.conn.Role == trace.Acceptor:
		return s.Say(because.awaitsHello, b.name, a.name)
	}
	return s.Say(because.awaitsHello, a.name, b.name)
}

// heldInHandshake says who of those that run the handshake is held, "" if nobody is.
func (c *chart) heldInHandshake() string {
	for _, e := range []end{c.v.ways[0].from, c.v.ways[0].to} {
		for _, role := range []trace.Goroutine{trace.DialerGoroutine, trace.HandlerGoroutine, trace.CallerGoroutine} {
			if h := heldIn(c.s, e, role); h != nil {
				return c.s.Say(because.handshakeHeld, e.name, role, c.held(h))
			}
		}
	}
	return ""
}

// passed counts the checks that an end has made and found in order.
func (e end) passed() int {
	n := 0
	for _, step := range terms.Checks {
		if e.standing(step) == well {
			n++
		}
	}
	return n
}
