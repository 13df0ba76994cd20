package sequence

// Who is who. Events name peers by name, PKI-ID or address, and connections by numbers of one end; a reader wants A, B and A→B#1.
// Births tell who listens where, links tell whose the other ports are. Who is at the other end of a connection is decided by the
// line, never by what he says.
//
// A connection has its name from the line that it runs over. Before there is one it is guessed as the lab counts: the how-manyth dial
// from one peer to another. Rows of a connection show the name that is known now, also those from before it was known.

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

type names struct {
	peers     []*peer           // in the order of their birth, or of being heard of first
	byName    map[string]int    // index into peers
	byID      map[string]int    // PKI-ID → index
	endpoints map[string]int    // where a peer listens → index
	dialers   map[string]string // the address from which a line was dialled → its name
	conns     map[timeline.ConnKey]*conn
	dials     map[[2]int]int // who dialled whom → how often
	narrator  narrator
	explained explained
}

// explained is what the layer has said last, and how it is shown for as long as nobody new has an address.
type explained struct {
	words string
	text  text.Text
}

// peer is a name with all its lives: one lane, or one for each of its goroutines.
type peer struct {
	name         string
	organisation string
	intruder     bool
	tells        bool // it has told of a step: what it does not tell has not happened
	lives        []life
	roles        map[trace.Goroutine]bool // that it has told of
	conns        []*conn                  // of its latest life
}

// life is from one event to another; the second is 0 while it lasts.
type life struct{ born, died uint64 }

// conn is one end of a stream, or of the attempt at one.
type conn struct {
	key      timeline.ConnKey
	role     trace.Role
	endpoint string
	peer     int
	other    int    // who is at the other end, nobody if that is not known
	label    string // the name of the line, or what it will be; "" if not known
	sure     bool   // whether a line told it

	opposite *conn                // the other end of the stream, as the timeline joins them
	placed   bool                 // whether it is in open.ends
	out      map[uint64]MessageID // messages that left here, by number, whose arrival is not known
	in       map[uint64]MessageID // messages that arrived here, by number, of which no sender is known
	flying   []MessageID          // what left here and has not arrived
	mute     bool                 // the other end answers and tells nothing of it: it is none of the session's peers
	deaf     bool                 // nothing arrives here any more
	why      text.Text            // and why
	over     bool                 // it has been found closed

	read       MessageID // the message that arrived here last
	readNumber uint64    // and its number
	hello      MessageID // the ConnEstablish that arrived here
	serving    MessageID // the message that its service has in hand
	ping       MessageID // the dialler's Ping
	pong       MessageID // and the answer
	opened     MessageID // the opening of the stream
	refusal    MessageID // the acceptor's
	openGate   int       // entry of stream.open, -1 if none
	ending     int       // entry from which the other end learns that this one has ended its half, -1 if none
	closing    int       // entry of conn.close, -1 if none
}

func newNames() names {
	return names{
		byName:    make(map[string]int),
		byID:      make(map[string]int),
		endpoints: make(map[string]int),
		dialers:   make(map[string]string),
		conns:     make(map[timeline.ConnKey]*conn),
		dials:     make(map[[2]int]int),
		narrator:  newNarrator(),
	}
}

// peer returns the index of a peer by its name, and makes its lane if it is new.
func (n *names) peer(name string) int {
	i, known := n.byName[name]
	if !known {
		i = len(n.peers)
		n.byName[name] = i
		n.peers = append(n.peers, &peer{name: name, roles: make(map[trace.Goroutine]bool)})
	}
	return i
}

func (n *names) born(b *timeline.Birth, at uint64) int {
	i := n.peer(b.Name)
	p := n.peers[i]
	p.organisation, p.intruder = b.Organisation, b.Intruder
	p.lives = append(p.lives, life{born: at})
	if len(b.PKIID) > 0 {
		n.byID[string(b.PKIID)] = i
	}
	if b.Endpoint != "" {
		n.endpoints[b.Endpoint] = i
		n.explained = explained{}
	}
	return i
}

// died ends the latest life. What was on its way to a peer that was killed is lost; one that has stopped has told of its end itself.
func (d *Diagram) died(i int, death *timeline.Death, at uint64) {
	p := d.peers[i]
	if len(p.lives) == 0 {
		p.lives = append(p.lives, life{})
	}
	p.lives[len(p.lives)-1].died = at
	for _, c := range p.conns {
		if death.Cause == "killed" {
			d.endOfReading(c, at, says.killed.with(p.name))
			d.lose(c.pong, at, says.killed.with(p.name))
		}
	}
	p.conns = nil
}

// connection returns what is known of a connection, and notes that there is one.
func (d *Diagram) connection(peer int, key timeline.ConnKey, object trace.Object) *conn {
	c := d.conns[key]
	if c == nil {
		c = &conn{key: key, role: object.Role, endpoint: object.Endpoint, peer: peer, other: nobody, openGate: -1, ending: -1, closing: -1,
			out: make(map[uint64]MessageID), in: make(map[uint64]MessageID)}
		d.conns[key] = c
		d.peers[peer].conns = append(d.peers[peer].conns, c)
	}
	if other, known := d.endpoints[c.endpoint]; known && c.other == nobody && c.role == trace.Initiator {
		c.other = other
	}
	return c
}

// learn takes in what a step tells of the line of its connection.
func (d *Diagram) learn(c *conn, known *timeline.Connection, t *trace.Event) {
	if c.sure {
		return
	}
	if t.Step == trace.DialStart && c.other != nobody {
		between := [2]int{c.peer, c.other}
		d.dials[between]++
		c.label = fmt.Sprintf("%s→%s#%d", d.peers[c.peer].name, d.peers[c.other].name, d.dials[between])
	}
	if known == nil {
		return
	}
	line := d.state.LineOf(known)
	if line == nil {
		return
	}
	c.label, c.sure = line.Name, true
	d.onLine[line.Name] = append(d.onLine[line.Name], c)
	if dialler, listener, ok := line.Peers(); ok {
		c.other = d.peer(listener)
		if c.role == trace.Acceptor {
			c.other = d.peer(dialler)
		}
	}
}

// link takes in what happened to a line.
func (d *Diagram) link(at *entry, e timeline.Event) {
	at.kind, at.level = Link, levelOfLink(e.Link)
	line := timeline.Line{Link: *e.Link}
	if dialler, listener, ok := line.Peers(); ok {
		at.peer, at.far = d.peer(dialler), d.peer(listener)
	}
	switch e.Link.Change {
	case timeline.LinkOpen:
		d.lineOpened(*e.Link)
	case timeline.LinkCut:
		d.lineEnded(e, says.cut)
	case timeline.LinkClose:
		d.lineEnded(e, says.lineClosed)
	}
}

func (d *Diagram) lineOpened(l timeline.Link) {
	d.dialers[l.Dialer] = l.Name
	d.explained = explained{}
	l.Change = timeline.LinkOpen
	d.narrator.observe(&timeline.Event{Kind: timeline.KindLink, Link: &l})
}

// lineEnded settles what was on its way to an end that nobody has told of. Where the other end is known it will tell itself, by the end
// of its reading: what the line had carried before may still be read.
func (d *Diagram) lineEnded(e timeline.Event, why text.Text) {
	for _, c := range d.onLine[e.Link.Name] {
		switch {
		case c.opposite != nil:
			continue
		case d.silent(c):
			d.untold(c.flying, e.N)
		default:
			for _, id := range c.flying {
				d.lose(id, e.N, why)
			}
		}
		c.flying = nil
	}
	delete(d.onLine, e.Link.Name)
}

// silent reports whether the other end of c will never tell what arrives there.
func (d *Diagram) silent(c *conn) bool {
	return c.mute || c.other == nobody || d.peers[c.other].intruder || !d.peers[c.other].tells
}

// diallerOf returns who dialled from an address, nobody if that is not known.
func (d *Diagram) diallerOf(address string) int {
	line := timeline.Line{Link: timeline.Link{Name: d.dialers[address]}}
	dialler, _, ok := line.Peers()
	if !ok || dialler == "" {
		return nobody
	}
	return d.peer(dialler)
}

// nameOf returns the name of a peer as it is shown, "" for nobody.
func (d *Diagram) nameOf(i int) string {
	if i == nobody {
		return ""
	}
	return text.Printable(d.peers[i].name)
}

var (
	// An address with a port, in the forms of Go: 127.0.0.1:80, [::1]:80.
	addressPattern = regexp.MustCompile(`(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:.%]+\]):\d+`)
	// What is as long in hexadecimal as a hash or a nonce; a short PKI-ID has eight digits and stays.
	hexPattern = regexp.MustCompile(`\b[0-9a-f]{12,}\b`)
)

// scrub makes words of the layer fit to be shown: in one line, with names in the place of addresses, and without what differs from run
// to run.
func (d *Diagram) scrub(words string) string {
	words = addressPattern.ReplaceAllStringFunc(text.Printable(words), func(address string) string {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return address
		}
		if i, known := d.endpoints[address]; known {
			return d.nameOf(i)
		}
		if i := d.diallerOf(address); i != nobody {
			return d.nameOf(i)
		}
		return "…"
	})
	return hexPattern.ReplaceAllString(words, "…")
}

// pair finds the other end of a connection's stream. It asks the timeline about the few connections that have the same addresses, for
// no others come into question.
func (d *Diagram) pair(c *conn) {
	known := d.state.Connection(c.key)
	if known == nil || known.Local == "" || known.Remote == "" {
		return
	}
	ends := [2]string{known.Local, known.Remote}
	if c.role == trace.Acceptor {
		ends = [2]string{known.Remote, known.Local}
	}
	if !c.placed {
		c.placed = true
		d.ends[ends] = append(d.ends[ends], c)
	}
	var few timeline.State
	d.ends[ends] = slices.DeleteFunc(d.ends[ends], func(c *conn) bool {
		candidate := d.state.Connection(c.key)
		if candidate != nil {
			few.Peers = append(few.Peers, &timeline.Peer{Connections: []*timeline.Connection{candidate}})
		}
		return candidate == nil
	})
	stream, _ := few.StreamOf(c.key)
	if !stream.Joined() {
		if other := c.opposite; other != nil && d.state.Connection(other.key) != nil { // what they say of their first messages differs
			c.opposite, other.opposite = nil, nil
		}
		return
	}
	other := stream.Initiator
	if other.Key == c.key {
		other = stream.Acceptor
	}
	d.joinEnds(c, d.conns[other.Key])
}

// joinEnds notes that two ends are one stream. What was told of either before is joined now.
func (d *Diagram) joinEnds(a, b *conn) {
	if a.opposite == b || b == nil {
		return
	}
	a.opposite, b.opposite = b, a
	for _, way := range [2][2]*conn{{a, b}, {b, a}} {
		for number, arrived := range way[1].in {
			if left := way[0].out[number]; left != 0 {
				d.sameMessage(left, arrived)
				delete(way[0].out, number)
				delete(way[1].in, number)
			}
		}
	}
}

// familyOf returns what a name such as "auth.sent" begins with.
func familyOf(step trace.Step) string {
	family, _, _ := strings.Cut(string(step), ".")
	return family
}
