package timeline

// A Stream is a connection seen from outside: both its ends. Nothing in the events names the other end, so it is inferred.
//
// The two ends' addresses must cross: what one calls local the other calls remote. And as far as both ends have told what they sent
// and received as their first message, each must have received what the other sent: that is what is known to both ends only if no
// one stands between them. A man in the middle who opens two TLS sessions fails the first test, since each session has addresses
// of its own, and one who sits on the line itself fails the second, since he cannot pass off another's ConnEstablish as his own
// without changing it.

import (
	"cmp"
	"slices"
	"strings"

	"gossipscope/comm/trace"
)

// Stream is one stream with the ends of it that are known: both, or one of the two. The other end of a lone one is an intruder,
// a peer outside of the session, a man in the middle, or simply not heard of yet.
type Stream struct {
	Initiator *Connection
	Acceptor  *Connection
}

// Joined reports whether both ends are known.
func (st Stream) Joined() bool { return st.Initiator != nil && st.Acceptor != nil }

// Ends returns the ends that are known, the initiator first.
func (st Stream) Ends() []*Connection {
	ends := make([]*Connection, 0, 2)
	for _, c := range []*Connection{st.Initiator, st.Acceptor} {
		if c != nil {
			ends = append(ends, c)
		}
	}
	return ends
}

// Forward returns the messages from the initiator to the acceptor, in order, each with what either end knows of it.
func (st Stream) Forward() []*Message { return direction(st.Initiator, st.Acceptor) }

// Backward returns the messages from the acceptor to the initiator.
func (st Stream) Backward() []*Message { return direction(st.Acceptor, st.Initiator) }

func direction(from, to *Connection) []*Message {
	switch {
	case from == nil && to == nil:
		return nil
	case from == nil:
		return to.Incoming()
	case to == nil:
		return from.Outgoing()
	}
	arrived := make(map[uint64]*Message, len(to.in.list))
	for _, m := range to.in.list {
		arrived[m.Number] = m
	}
	sent := from.Outgoing()
	for i, m := range sent {
		if a := arrived[m.Number]; a != nil {
			sent[i] = joined(m, a)
			delete(arrived, m.Number)
		}
	}
	return withStrays(sent, to.in.list, arrived)
}

// withStrays adds the messages that arrived without a trace of their sending (the sender has forgotten them, or is yet to tell), each
// before the first message with a higher number.
func withStrays(sent, all []*Message, stray map[uint64]*Message) []*Message {
	if len(stray) == 0 {
		return sent
	}
	merged := make([]*Message, 0, len(sent)+len(stray))
	next := 0
	upTo := func(number uint64) {
		for ; next < len(all) && (number == 0 || all[next].Number < number); next++ {
			if stray[all[next].Number] != nil {
				merged = append(merged, all[next])
			}
		}
	}
	for _, m := range sent {
		if m.Number != 0 {
			upTo(m.Number)
		} else if !m.Drop.Set() && !m.HandedOver {
			upTo(0) // it still waits in the queue: whatever arrived was before it
		}
		merged = append(merged, m)
	}
	upTo(0)
	return merged
}

// Streams returns every stream of the session that is remembered, in the order in which they were first heard of.
func (s *State) Streams() []Stream {
	acceptors := map[[2]string][]*Connection{}
	var initiators, rest []*Connection
	for _, p := range s.Peers {
		for _, c := range p.Connections {
			switch {
			case c.Role == trace.Acceptor && c.Local != "" && c.Remote != "":
				ends := [2]string{c.Remote, c.Local}
				acceptors[ends] = append(acceptors[ends], c)
			case c.Role == trace.Initiator && c.opened && c.Local != "" && c.Remote != "":
				initiators = append(initiators, c)
			default:
				rest = append(rest, c)
			}
		}
	}
	streams := pair(initiators, acceptors)
	for _, c := range rest {
		streams = append(streams, alone(c))
	}
	slices.SortFunc(streams, func(a, b Stream) int { return cmp.Or(compare(a.began().N, b.began().N), compareKeys(a, b)) })
	return streams
}

// pair joins the ends. Addresses are used again, and one transport connection can carry several streams: so whoever is vouched for
// by content goes first, and the others follow in the order of their beginning.
func pair(initiators []*Connection, acceptors map[[2]string][]*Connection) []Stream {
	byAge := func(a, b *Connection) int { return compare(a.Began.N, b.Began.N) }
	slices.SortStableFunc(initiators, byAge)
	for _, list := range acceptors {
		slices.SortStableFunc(list, byAge)
	}
	streams := make([]Stream, len(initiators))
	for _, vouched := range []bool{true, false} {
		for i, c := range initiators {
			streams[i].Initiator = c
			ends := [2]string{c.Local, c.Remote}
			at := -1
			if streams[i].Acceptor == nil {
				at = slices.IndexFunc(acceptors[ends], func(a *Connection) bool { return fits(c, a, vouched) })
			}
			if at >= 0 {
				streams[i].Acceptor = acceptors[ends][at]
				acceptors[ends] = slices.Delete(acceptors[ends], at, at+1)
			}
		}
	}
	for _, list := range acceptors {
		for _, a := range list {
			streams = append(streams, Stream{Acceptor: a})
		}
	}
	return streams
}

// fits compares what the two ends say of their first messages. What is not known yet speaks for nobody, unless the two are to be
// vouched for: then at least one direction must be known, and no direction may differ.
func fits(a, b *Connection, vouched bool) bool {
	known := false
	for _, way := range [2][2]*Connection{{a, b}, {b, a}} {
		sent, received := way[0].helloSent, way[1].helloReceived
		if sent == nil || received == nil {
			continue
		}
		if !sameEnvelope(sent, received) {
			return false
		}
		known = true
	}
	return known || !vouched
}

func alone(c *Connection) Stream {
	if c.Role == trace.Acceptor {
		return Stream{Acceptor: c}
	}
	return Stream{Initiator: c}
}

func (st Stream) began() Mark {
	ends := st.Ends()
	first := ends[0].Began
	for _, c := range ends[1:] {
		if c.Began.N < first.N {
			first = c.Began
		}
	}
	return first
}

func compareKeys(a, b Stream) int {
	x, y := a.Ends()[0].Key, b.Ends()[0].Key
	return cmp.Or(cmp.Compare(x.Peer, y.Peer), cmp.Compare(x.Life, y.Life), compare(x.ID, y.ID))
}

// StreamOf returns the stream that has the connection of that key as one of its ends, and whether there is one.
func (s *State) StreamOf(key ConnKey) (Stream, bool) {
	for _, st := range s.Streams() {
		for _, c := range st.Ends() {
			if c.Key == key {
				return st, true
			}
		}
	}
	return Stream{}, false
}

// LineOf returns the transport connection that c runs over, by the addresses of its ends; nil if it is not known. Of several with
// the same addresses it is the one that opened last.
func (s *State) LineOf(c *Connection) *Line {
	if c.Local == "" || c.Remote == "" {
		return nil
	}
	from, to := c.Local, c.Remote
	if c.Role == trace.Acceptor {
		from, to = to, from
	}
	for i := len(s.Lines) - 1; i >= 0; i-- {
		if l := s.Lines[i]; l.Dialer == from && l.Listener == to {
			return l
		}
	}
	return nil
}

// PeerOpposite returns the name of the peer at the other end of c as far as the transport tells it, "" if it does not: the other
// end of the stream if it is joined, else the other end of the line, else whoever listens at the endpoint that was dialled. It says
// where the line leads, never whom the other end has proven to be.
func (s *State) PeerOpposite(c *Connection) string {
	if st, ok := s.StreamOf(c.Key); ok && st.Joined() {
		if st.Initiator.Key == c.Key {
			return st.Acceptor.Key.Peer
		}
		return st.Initiator.Key.Peer
	}
	if l := s.LineOf(c); l != nil {
		if dialler, listener, ok := l.Peers(); ok {
			if c.Role == trace.Acceptor {
				return dialler
			}
			return listener
		}
	}
	if c.Role == trace.Initiator {
		for i := len(s.Peers) - 1; i >= 0; i-- {
			if s.Peers[i].Birth.Endpoint == c.Endpoint && c.Endpoint != "" {
				return s.Peers[i].Birth.Name
			}
		}
	}
	return ""
}

// Peers reads the names of the two peers from the line's own name, "A→B#2".
func (l *Line) Peers() (dialler, listener string, ok bool) {
	dialler, rest, ok := strings.Cut(l.Name, "→")
	if i := strings.LastIndex(rest, "#"); i >= 0 {
		rest = rest[:i]
	}
	return dialler, rest, ok
}
