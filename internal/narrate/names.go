package narrate

// Events name peers by PKI-ID, by endpoint, or by the port from which a stream came. A reader wants names: A, B, and A→B#1 for the
// first connection that A dials to B. Births tell who listens where under which PKI-ID, links tell whose the other ports are.
//
// Who is at the other end of a connection is decided by the line, not by what he says: an intruder that claims A's PKI-ID is still
// the intruder. Before there is a line, it is whoever lives at the endpoint that is dialled.

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// maxNameColumn bounds the columns of names, in cells. Longer names are shown whole, and stand out of line.
const maxNameColumn = 8

// names is what has been learned so far of who is who.
type names struct {
	widest    int               // cells of the longest name
	byID      map[string]string // PKI-ID → peer
	endpoints map[string]string // where a peer listens → peer
	dialers   map[string]string // the address from which a line was dialled → name of the line
	conns     map[connKey]*conn
	dials     map[string]int // "A→B" → how often A has begun to dial B
}

type connKey struct {
	peer string
	id   uint64
}

// conn is a connection as one of its ends knows it.
type conn struct {
	other string // "" if not known
	label string // the name of the line, or what it will be; "" if not known
	sure  bool   // whether a line told it
}

func newNames() *names {
	return &names{
		widest:    1,
		byID:      make(map[string]string),
		endpoints: make(map[string]string),
		dialers:   make(map[string]string),
		conns:     make(map[connKey]*conn),
		dials:     make(map[string]int),
	}
}

// observe learns from an event what it tells of names.
func (n *names) observe(e *timeline.Event) {
	switch {
	case e.Birth != nil:
		name := text.Printable(e.Birth.Name)
		n.widest = min(max(n.widest, text.Cells(name)), maxNameColumn)
		if len(e.Birth.PKIID) > 0 {
			n.byID[string(e.Birth.PKIID)] = name
		}
		if e.Birth.Endpoint != "" {
			n.endpoints[e.Birth.Endpoint] = name
		}
	case e.Death != nil:
		// Whoever lives under this name later numbers its connections anew.
		for key := range n.conns {
			if key.peer == e.Peer {
				delete(n.conns, key)
			}
		}
	case e.Link != nil && e.Link.Change == "open":
		n.dialers[e.Link.Dialer] = e.Link.Name
	case e.Step != nil && e.Step.Object.Kind == trace.Connection:
		n.learn(e.Peer, e.Step)
	}
}

// learn takes in what a step of a connection tells of its line.
func (n *names) learn(peer string, t *trace.Event) {
	key := connKey{peer, t.Object.ID}
	c := n.conns[key]
	if c == nil {
		c = n.meet(peer, t.Object)
		n.conns[key] = c
	}
	if c.sure {
		return
	}
	address := t.Local
	if t.Object.Role == trace.Acceptor {
		address = t.Object.Endpoint
	}
	if line, known := n.dialers[address]; known {
		c.take(line, t.Object.Role)
	}
}

// meet is the first that is heard of a connection. For one that is dialled the name of the line can be told before there is one,
// since the lab counts the dials from one peer to another as this does.
func (n *names) meet(peer string, o trace.Object) *conn {
	if o.Role != trace.Initiator {
		return &conn{}
	}
	other := n.endpoints[o.Endpoint]
	if other == "" {
		return &conn{}
	}
	between := peer + "→" + other
	n.dials[between]++
	return &conn{other: other, label: text.Printable(fmt.Sprintf("%s#%d", between, n.dials[between]))}
}

// take notes the name of the line, which says who dialled whom.
func (c *conn) take(line string, role trace.Role) {
	dialler, rest, _ := strings.Cut(line, "→")
	dialled, _, _ := strings.Cut(rest, "#")
	c.label, c.sure = text.Printable(line), true
	if role == trace.Acceptor {
		c.other = text.Printable(dialler)
	} else {
		c.other = text.Printable(dialled)
	}
}

// of returns who is at the other end of what a step is about, and the name of the connection; "" for what is not known or not so.
func (n *names) of(peer string, t *trace.Event) (other, label string) {
	object := t.Object
	if object.Kind != trace.Connection {
		object = t.Subject
	}
	if object.Kind == trace.Connection {
		c := n.conns[connKey{peer, object.ID}]
		if c == nil {
			c = n.foresee(peer, object)
		}
		if c.other != "" {
			return c.other, c.label
		}
		label = c.label
	}
	if line, known := n.lineOf(t); known {
		c := &conn{}
		c.take(line, roleOn(line, peer))
		return c.other, c.label
	}
	if name := n.byID[string(t.Peer)]; name != "" && len(t.Peer) > 0 {
		return name, label
	}
	return "", label
}

// foresee is meet for a connection that only the store has spoken of yet: nothing is counted.
func (n *names) foresee(peer string, o trace.Object) *conn {
	other := n.endpoints[o.Endpoint]
	if o.Role != trace.Initiator || other == "" {
		return &conn{}
	}
	between := peer + "→" + other
	return &conn{other: other, label: text.Printable(fmt.Sprintf("%s#%d", between, n.dials[between]+1))}
}

// lineOf returns the line whose ends the step names: for steps of the instance, TLS and Ping, that are about no connection.
func (n *names) lineOf(t *trace.Event) (string, bool) {
	for _, address := range []string{t.Local, t.Remote} {
		if line, known := n.dialers[address]; known && address != "" {
			return line, true
		}
	}
	return "", false
}

func roleOn(line, peer string) trace.Role {
	if dialler, _, _ := strings.Cut(line, "→"); dialler == peer {
		return trace.Initiator
	}
	return trace.Acceptor
}

var (
	// An address with a port, in the forms of Go: 127.0.0.1:80, [::1]:80.
	addressPattern = regexp.MustCompile(`(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:.%]+\]):\d+`)
	// What is as long in hexadecimal as a hash or a nonce; a short PKI-ID has eight digits and stays.
	hexPattern = regexp.MustCompile(`\b[0-9a-f]{12,}\b`)
)

// scrub makes words of the layer fit to be shown: in one line, with names in the place of addresses, and without what differs from
// run to run.
func (n *names) scrub(words string) string {
	words = text.Printable(words)
	known := make([]string, 0, len(n.endpoints)+len(n.dialers))
	replacement := make(map[string]string)
	for address, line := range n.dialers {
		dialler, _, _ := strings.Cut(line, "→")
		known, replacement[address] = append(known, address), dialler
	}
	for address, name := range n.endpoints {
		known, replacement[address] = append(known, address), name
	}
	// Longest first: an address may be the beginning of another.
	slices.SortFunc(known, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, address := range known {
		if strings.Contains(address, ":") {
			words = strings.ReplaceAll(words, address, replacement[address])
		}
	}
	words = addressPattern.ReplaceAllStringFunc(words, func(address string) string {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return address
		}
		return "…"
	})
	return text.Printable(hexPattern.ReplaceAllString(words, "…"))
}

// shortID abbreviates a PKI-ID to what a person compares at a glance, as the layer's own errors do.
func shortID(id common.PKIidType) string {
	s := id.String()
	return s[:min(8, len(s))]
}
