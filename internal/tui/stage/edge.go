package stage

// What is drawn as a line between two peers. The layer knows connections, each as one end lives it; the lab knows transport
// connections. A reader sees one thing: a line from whoever dialled to whoever was dialled. An edge puts the three together, and works
// without any of them: an intruder's line has an end that nobody tells of, and a dial that reached nobody has no line.

import (
	"cmp"
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// edge is one line of the picture.
type edge struct {
	name     string // "A→B#2", as scene.Name has it
	from, to string // the peers at its ends, the one that dialled first; "" for somebody who is not known
	line     *timeline.Line
	stream   timeline.Stream // no end is known of a line that carries no stream (yet)
	began    uint64          // the number of the event that began it
	phase    timeline.Phase  // of both ends together
	look     look
}

// look is how far an edge has come, as coarsely as a picture can tell.
type look int

const (
	unborn      look = iota // there is no transport connection yet
	bare                    // there is one, without TLS so far
	encrypted               // TLS is up, and who is at the other end is not proven
	established             // both ends serve
	closing                 // one end at least has closed it
	closed                  // nothing of it runs any more
)

// has reports whether the connection of that key is an end of it.
func (e *edge) has(key timeline.ConnKey) bool {
	a, b := e.stream.Initiator, e.stream.Acceptor
	return a != nil && a.Key == key || b != nil && b.Key == key
}

// touches reports whether the peer is at one of its ends.
func (e *edge) touches(peer string) bool { return peer != "" && (e.from == peer || e.to == peer) }

// edgesOf returns every edge of the session that is remembered, in the order of their beginning.
func edgesOf(st *timeline.State) []edge {
	streams := st.Streams()
	lines := linesOf(st, streams)
	edges := make([]edge, 0, len(streams))
	carries := make(map[*timeline.Line]bool, len(lines))
	for i, s := range streams {
		carries[lines[i]] = true
		edges = append(edges, newEdge(st, s, lines[i]))
	}
	for _, l := range st.Lines {
		if !carries[l] {
			edges = append(edges, newEdge(st, timeline.Stream{}, l))
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.began, b.began) })
	return edges
}

// linesOf finds the transport connection of each stream, nil where there is none. A connection learns the addresses of its ends only
// from the answer to its Ping. Until then its line is the first one that its peer opened to that endpoint after the dial began and that
// is nobody else's: the lab opens one for each dial.
func linesOf(st *timeline.State, streams []timeline.Stream) []*timeline.Line {
	byEnds := make(map[[2]string]*timeline.Line, len(st.Lines))
	for _, l := range st.Lines {
		byEnds[[2]string{l.Dialer, l.Listener}] = l
	}
	lines := make([]*timeline.Line, len(streams))
	taken := make(map[*timeline.Line]bool)
	for i, s := range streams {
		for _, c := range s.Ends() {
			ends := [2]string{c.Local, c.Remote}
			if c.Role == trace.Acceptor {
				ends = [2]string{c.Remote, c.Local}
			}
			if l := byEnds[ends]; l != nil && c.Local != "" && c.Remote != "" {
				lines[i], taken[l] = l, true
			}
		}
	}
	for i, s := range streams {
		if c := s.Initiator; c != nil && lines[i] == nil && c.Local == "" {
			if l := lineToBe(st, c, taken); l != nil {
				lines[i], taken[l] = l, true
			}
		}
	}
	return lines
}

func lineToBe(st *timeline.State, c *timeline.Connection, taken map[*timeline.Line]bool) *timeline.Line {
	for _, l := range st.Lines {
		dialler, _, _ := l.Peers()
		if !taken[l] && dialler == c.Key.Peer && l.Listener == c.Endpoint && l.Opened.N > c.Began.N &&
			(!c.Close.Set() || c.Close.N > l.Opened.N) {
			return l
		}
	}
	return nil
}

func newEdge(st *timeline.State, s timeline.Stream, l *timeline.Line) edge {
	e := edge{stream: s, line: l}
	if l != nil {
		e.from, e.to, _ = l.Peers()
		e.began = l.Opened.N
	}
	for _, c := range s.Ends() {
		if e.began == 0 || c.Began.N < e.began {
			e.began = c.Began.N
		}
	}
	if a := s.Acceptor; a != nil {
		e.to = a.Key.Peer
	}
	if c := s.Initiator; c != nil {
		e.from = c.Key.Peer
		if e.to == "" {
			e.to = listener(st, c.Endpoint)
		}
	}
	e.name = nameOf(&e)
	e.phase = phaseOf(&e)
	e.look = lookOf(st, &e)
	return e
}

// listener returns the name of the peer that lives at an endpoint, "" if it is not known.
func listener(st *timeline.State, endpoint string) string {
	for i := len(st.Peers) - 1; i >= 0; i-- {
		if b := st.Peers[i].Birth; endpoint != "" && b.Endpoint == endpoint {
			return b.Name
		}
	}
	return ""
}

func nameOf(e *edge) string {
	if e.line != nil {
		return text.Printable(e.line.Name)
	}
	return cmp.Or(text.Printable(e.from), "?") + "→" + cmp.Or(text.Printable(e.to), "?")
}

// phaseOf puts the phases of both ends together. A connection that one end has closed is closing, whatever the other believes; and it
// is established only when both ends serve.
func phaseOf(e *edge) timeline.Phase {
	ends := e.stream.Ends()
	if len(ends) == 0 {
		if e.line.Open {
			return timeline.PhaseNew
		}
		return timeline.PhaseClosed
	}
	low, high := ends[0].Phase, ends[0].Phase
	for _, c := range ends[1:] {
		low, high = min(low, c.Phase), max(high, c.Phase)
	}
	switch {
	case low == timeline.PhaseClosed:
		return low
	case high >= timeline.PhaseClosing:
		return timeline.PhaseClosing
	case high == timeline.PhaseEstablished && low < high:
		return timeline.PhaseAuthenticating
	}
	return high
}

func lookOf(st *timeline.State, e *edge) look {
	switch {
	case e.phase == timeline.PhaseClosed:
		return closed
	case e.phase == timeline.PhaseClosing, e.line != nil && !e.line.Open:
		return closing
	case e.phase == timeline.PhaseEstablished:
		return established
	case e.line == nil:
		if e.stream.Acceptor != nil {
			return encrypted // a line of which the opening was not seen
		}
		return unborn
	}
	if at, well := handshakeOf(st, e); at.Set() && well {
		return encrypted
	}
	return bare
}

// handshakeOf returns when an end of the edge was first heard to say that TLS is up, or that it failed; not set before that.
func handshakeOf(st *timeline.State, e *edge) (first timeline.Mark, well bool) {
	if e.line == nil {
		return timeline.Mark{}, false
	}
	for _, end := range [2]struct{ peer, local, remote string }{
		{e.from, e.line.Dialer, e.line.Listener}, {e.to, e.line.Listener, e.line.Dialer},
	} {
		p := st.Peer(end.peer)
		if p == nil {
			continue
		}
		for _, h := range p.Handshakes {
			if h.Local == end.local && h.Remote == end.remote && h.N > e.line.Opened.N && (!first.Set() || h.N < first.N) {
				first, well = h.Mark, h.Passed()
			}
		}
	}
	return first, well
}

// edgeOf returns the index of the edge that an event is about, -1 if it is about none. What the layer as a whole tells of, TLS and Ping,
// names no connection, but the line's addresses.
func edgeOf(edges []edge, e *timeline.Event, c *timeline.Connection) int {
	if c != nil {
		return slices.IndexFunc(edges, func(x edge) bool { return x.has(c.Key) })
	}
	for i := len(edges) - 1; i >= 0; i-- { // addresses are used again
		l := edges[i].line
		switch {
		case l == nil:
		case e.Link != nil && e.Link.Name == l.Name:
			return i
		case e.Step != nil && e.Step.Local != "" && (e.Step.Local == l.Dialer && e.Step.Remote == l.Listener ||
			e.Step.Local == l.Listener && e.Step.Remote == l.Dialer):
			return i
		}
	}
	return -1
}
