package walkthroughs

// script.go holds what the last three lessons have in common. They are about connections more than about messages: they make one by
// sending a message over it, end it in one way or another, and ask what has become of both.

import (
	"fmt"
	"slices"
	"time"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

// chapters tells one chapter after the other, and none once the story is over: each may rely on what those before it have made.
func (s *story) chapters(chapters ...func()) {
	for _, chapter := range chapters {
		if !s.over() {
			chapter()
		}
	}
}

// deliver sends a message and waits until the service at the other end has handled it, and both ends are ready for the next one.
func (s *story) deliver(from, to *lab.Peer, text string) {
	s.do(func() error { return from.Send(text, to.Remote()) })
	s.until("the message "+text+" has been handled and both ends are ready for the next", func(st *timeline.State) bool {
		return slices.Contains(heard(st, to.Name), text) && wrote(st, from.Name, text) && reading(st, from.Name) && reading(st, to.Name)
	})
}

// on does something to a link.
func (s *story) on(name string, do func(*lab.Link)) error {
	link := s.Link(name)
	if link == nil {
		return fmt.Errorf("there is no link %s", name)
	}
	do(link)
	return nil
}

// notice waits for the next notice of death at a peer.
func (s *story) notice(p *lab.Peer) (dead common.PKIidType) {
	if s.over() {
		return nil
	}
	select {
	case dead = <-p.Comm.PresumedDead():
	case <-s.ctx.Done():
		s.over()
		return nil
	}
	// The layer takes a notice off its list a moment after it has given it, and until then another death of the same peer counts as
	// told. What the lesson does next should not depend on that moment.
	select {
	case <-time.After(time.Millisecond):
	case <-s.ctx.Done():
	}
	return dead
}

// connections returns every connection of the peers of this name, the lives of a peer in their order.
func connections(st *timeline.State, name string) (all []*timeline.Connection) {
	for _, p := range st.Peers {
		if p.Birth.Name == name {
			all = append(all, p.Connections...)
		}
	}
	return all
}

// newest returns the latest connection of a peer, one of which nothing is known if it never had any.
func newest(st *timeline.State, name string) *timeline.Connection {
	all := connections(st, name)
	if len(all) == 0 {
		return &timeline.Connection{}
	}
	return all[len(all)-1]
}

// connection returns the connection of a key, one of which nothing is known if it was forgotten.
func connection(st *timeline.State, key timeline.ConnKey) *timeline.Connection {
	if c := st.Connection(key); c != nil {
		return c
	}
	return &timeline.Connection{}
}

// heard returns what a peer was told, in the order of its connections and, in each, of the messages: those that the service has either
// given to a subscription or found that nobody wants.
func heard(st *timeline.State, name string) (texts []string) {
	for _, c := range connections(st, name) {
		for _, m := range c.Incoming() {
			if m.Kind == timeline.DataMessage && (m.Unclaimed || m.Delivered.Set()) {
				texts = append(texts, content(m.Envelope))
			}
		}
	}
	return texts
}

// wrote reports whether a peer has given a message with this text to gRPC.
func wrote(st *timeline.State, name, text string) bool {
	return slices.ContainsFunc(connections(st, name), func(c *timeline.Connection) bool {
		return slices.Contains(contents(written(c)), text)
	})
}

// reading reports whether a peer has one connection in its store, and the reader of it waits for the next message.
func reading(st *timeline.State, name string) bool {
	conns := stored(st, name)
	if len(conns) != 1 {
		return false
	}
	reader, known := conns[0].Goroutine(trace.ReaderGoroutine)
	return known && reader.At == trace.ConnRead
}

// handlerAt reports whether the handler of a connection stands at a step.
func handlerAt(c *timeline.Connection, step trace.Step) bool {
	g, known := c.Goroutine(trace.HandlerGoroutine)
	return known && g.At == step
}

// drops counts the messages that a peer has given up.
func drops(st *timeline.State, name string) int {
	n := 0
	for _, c := range connections(st, name) {
		n += c.Drops
	}
	return n
}

// notices counts the notices of death that a peer has given.
func notices(st *timeline.State, name string) int {
	n := 0
	for _, p := range st.Peers {
		if p.Birth.Name == name {
			for _, notice := range p.Notices {
				n += notice.Count
			}
		}
	}
	return n
}

// broke reports whether the stream of a connection ended for its reader with an error.
func broke(c *timeline.Connection) bool { return c.Received.Failed }

// queued says where the messages are that a connection has not written.
func queued(c *timeline.Connection) string {
	places := make(map[timeline.Place]int)
	for _, m := range c.Outgoing() {
		places[m.Place()]++
	}
	return fmt.Sprintf("%d with the writer, %d in outBuff, %d dropped", places[timeline.WithWriter], places[timeline.InOutBuff], c.Drops)
}
