package sequence

// A Picture shows a View as it was when a certain event was the last: what came later is not there, and what had not arrived is still on
// its way.

import (
	"slices"
	"sort"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Picture is a View up to one event. It is cheap to make, and its rows are made when they are asked for; it holds until something is
// appended to the diagram.
type Picture struct {
	v     *View
	n     uint64
	rows  int
	lanes []Lane
	whose []int // of each lane the peer
	index map[laneKey]int
}

// Lane is a column of the picture.
type Lane struct {
	Peer         string
	Goroutine    trace.Goroutine // "" for the peer as a whole
	Organisation string
	Intruder     bool
	Born         uint64 // the event of its first birth, 0 if that was not seen
}

type laneKey struct {
	peer int
	role trace.Goroutine
}

// roles are the goroutines of an opened peer, in the order of their lanes: from the caller to the line, and back to the subscriber. What
// cannot be said of one of them is on the first, which is the peer's as a whole.
var roles = []trace.Goroutine{"", trace.CallerGoroutine, trace.DialerGoroutine, trace.HandlerGoroutine, trace.WriterGoroutine,
	trace.ReaderGoroutine, trace.ServiceGoroutine, trace.SubscriptionGoroutine}

// Quiet is what a row is that stands for a stretch in which nothing is shown.
const Quiet timeline.Kind = "quiet"

// Row is one line of the picture. What is one moment is one row; the exception is a message that leaves and arrives with nothing
// between: its two events share a row. Everything in it is fit to be shown.
type Row struct {
	What    timeline.Kind // what it tells: a step, a birth …, or Quiet
	Events  []uint64      // the numbers of its events: one, or two if a message leaves and arrives in it; none for Quiet
	At      time.Duration // the lab's clock at the first of them; of a Quiet row when it began
	Kind    Kind          // by what it is filtered; "" for Quiet and for a gap
	Far     int           // of a link the lane of its other end, else -1
	Message MessageID     // what it is about, 0 if no message: what to follow

	Telling          // the event; of two the first
	Then    *Telling // the second, nil if there is none

	Departs *Arrow // the arrow that leaves here, nil if none; beside Arrives it is the answer, and leaves where that has arrived
	Arrives *Arrow // the arrow that arrives here, nil if none; in a row of two events it has left here too

	Hidden int           // of a Quiet row, how many events the filter hides there
	Lasts  time.Duration // of a Quiet row, how long nothing is shown
}

// Telling is what one event tells.
type Telling struct {
	Lane      int             // index of its lane; -1 if it is the session's, or its lane is not shown
	Peer      string          // whose it is, "" for the session's own
	Goroutine trace.Goroutine // on which of its goroutines, if that is known
	Other     string          // the peer at the other end, "" if there is none or it is not known
	Conn      string          // the connection, or the line: "A→B#1"; "" if none
	Step      trace.Step      // of a step
	Status    narrate.Status  // how a step turned out; a broken promise, a kill and a cut are narrate.Failing
	Text      text.Text       // the caption of a step; the sentence of anything else
	Facts     text.Text       // of a step: which message, how full the queue; may be empty
	Why       text.Text       // why it failed; may be empty
}

// Arrow is a message between two lanes.
type Arrow struct {
	Message MessageID
	Kind    Kind
	Back    bool      // it answers: an acknowledgement, the answer to a Ping
	Label   text.Text // what it says, short
	Number  uint64    // its number in its direction on the stream, 0 if it has none
	From    End
	To      End
	State   ArrowState
	Why     text.Text // why it is lost, if it is
}

// End is one of the two ends of an arrow.
type End struct {
	Peer string // "" if not known
	Lane int    // -1 if it is not shown
	Row  int    // the row in which the end stands; -1 if it is not shown, or nobody has told of it
	N    uint64 // the event that tells of it, 0 if none
	At   time.Duration
}

// ArrowState is what has become of what an arrow stands for.
type ArrowState int

// The states of an arrow.
const (
	OnTheWay ArrowState = iota // it has left and has not arrived
	Ahead                      // it is about to leave or has left: only the moment before is told
	Arrived
	Lost   // it will not arrive; Why says why
	Untold // it has left, and whoever it is for tells nothing: an intruder, a foreign peer, or a gap
)

// At returns the picture when event n was the last: everything, if n is at least the number of the last event.
func (v *View) At(n uint64) Picture {
	v.catchUp()
	p := Picture{v: v, n: n, index: make(map[laneKey]int)}
	last := v.d.entryOf(n)
	// A quiet row bears the entry that ends it, so it comes and goes with the row behind it.
	p.rows = sort.Search(len(v.rows), func(i int) bool { return v.rows[i].first > last })
	for i, peer := range v.d.peers {
		if v.showsPeer(i) {
			p.addLanes(i, peer)
		}
	}
	return p
}

// Now returns the picture of everything.
func (v *View) Now() Picture { return v.At(v.d.Last()) }

func (p *Picture) addLanes(i int, of *peer) {
	lane := Lane{Peer: text.Printable(of.name), Organisation: text.Printable(of.organisation), Intruder: of.intruder}
	if len(of.lives) > 0 {
		lane.Born = of.lives[0].born
	}
	for _, role := range roles {
		if role == "" || p.v.opened[i] && of.roles[role] {
			lane.Goroutine = role
			p.index[laneKey{i, role}] = len(p.lanes)
			p.lanes, p.whose = append(p.lanes, lane), append(p.whose, i)
		}
	}
}

// N returns the number of the event up to which the picture goes.
func (p Picture) N() uint64 { return p.n }

// Len returns the number of rows.
func (p Picture) Len() int { return p.rows }

// Lanes returns the columns: the peers in the order of their birth, intruders too, each opened one with a lane for each goroutine that
// has told of itself. Peers that are born only after the picture are among them, so that columns stay where they are for one
// who goes back and forth.
func (p Picture) Lanes() []Lane { return slices.Clone(p.lanes) }

// Find returns the row that shows event n, and whether there is one: else it is the row that stands for it, a quiet one or the last one
// before, and -1 if there is none.
func (p Picture) Find(n uint64) (int, bool) {
	entry := p.v.d.entryOf(min(n, p.n))
	i := p.rowBefore(entry)
	switch {
	case i >= 0 && p.holds(i, entry):
		return i, p.v.d.entries.all[entry].event.N == n
	case i+1 < p.rows && p.v.rows[i+1].quiet:
		return i + 1, false
	}
	return i, false
}

// rowBefore returns the last row, other than a quiet one, that begins with an entry up to this one.
func (p Picture) rowBefore(entry int) int {
	i := sort.Search(p.rows, func(i int) bool { return p.v.rows[i].first > entry }) - 1
	if i >= 0 && p.v.rows[i].quiet {
		i--
	}
	return i
}

func (p Picture) holds(i, entry int) bool {
	return p.v.rows[i].first == entry || p.v.rows[i].second == entry
}

// rowOf returns the row that shows an entry, -1 if none does.
func (p Picture) rowOf(entry int) int {
	if i := p.rowBefore(entry); i >= 0 && p.holds(i, entry) && p.v.d.entries.all[entry].event.N <= p.n {
		return i
	}
	return -1
}

// Alive reports whether the peer of a lane lives in a row, so that its lifeline is drawn there.
func (p Picture) Alive(lane, row int) bool {
	place := p.v.rows[row]
	n := p.v.d.entries.all[place.first].event.N
	peer := p.v.d.peers[p.whose[lane]]
	if len(peer.lives) == 0 {
		return true // its birth was not seen
	}
	return slices.ContainsFunc(peer.lives, func(l life) bool {
		if place.quiet {
			return l.born < n && (l.died == 0 || n <= l.died)
		}
		return l.born <= n && (l.died == 0 || n <= l.died)
	})
}

// laneOf returns the lane of an entry, the peer's own if that of its goroutine is not shown, -1 if none is.
func (p Picture) laneOf(peer int, role trace.Goroutine) int {
	if i, shown := p.index[laneKey{peer, role}]; shown {
		return i
	}
	if i, shown := p.index[laneKey{peer, ""}]; shown && peer != nobody {
		return i
	}
	return -1
}

// Row returns row i, counted from 0.
func (p Picture) Row(i int) Row {
	place := p.v.rows[i]
	if place.quiet {
		return p.quietRow(i)
	}
	d := p.v.d
	at := d.entries.all[place.first]
	r := Row{What: at.event.Kind, Events: []uint64{at.event.N}, At: at.event.At, Kind: at.kind, Far: -1, Telling: p.telling(at)}
	if at.far != nobody {
		r.Far = p.laneOf(at.far, "")
	}
	if id := at.departs; id != 0 && d.message(id).departTold <= p.n {
		r.Departs = p.arrow(id)
	}
	if id := at.arrives; id != 0 {
		r.Arrives = p.arrow(id)
	}
	if at.about != 0 {
		r.Message = d.Same(at.about)
	}
	if place.second >= 0 && d.entries.all[place.second].event.N <= p.n {
		p.arrival(&r, d.entries.all[place.second])
	}
	return r
}

func (p Picture) telling(at *entry) Telling {
	t := p.v.d.tell(at)
	t.Lane = p.laneOf(at.peer, at.role)
	return t
}

// arrival adds to a row the event at which what leaves there arrives.
func (p Picture) arrival(r *Row, at *entry) {
	then := p.telling(at)
	r.Events, r.Then, r.Kind = append(r.Events, at.event.N), &then, at.kind
	r.Arrives, r.Departs = p.arrow(at.arrives), nil
	if id := at.departs; id != 0 {
		r.Departs = p.arrow(id) // what arrives is answered at once
	}
	if r.Message == 0 {
		r.Message = p.v.d.Same(at.arrives)
	}
}

func (p Picture) quietRow(i int) Row {
	place := p.v.rows[i]
	before := p.v.d.entries.all[p.v.rows[i-1].last()].event
	lasts := p.v.d.entries.all[place.first].event.At - before.At
	return Row{What: Quiet, At: before.At, Far: -1, Telling: Telling{Lane: -1, Text: quietText(lasts, place.hidden)}, Hidden: place.hidden, Lasts: lasts}
}

// arrow returns what the picture knows of a message.
func (p Picture) arrow(id MessageID) *Arrow {
	d := p.v.d
	m := d.message(id)
	a := &Arrow{
		Message: d.Same(id),
		Kind:    m.kind,
		Back:    m.kind == Ack || m.signal == pongSignal,
		Label:   d.labelOf(m),
		Number:  m.number,
		From:    p.end(m.from, m.departs, m.departTold),
		To:      p.end(m.to, m.arrives, m.arriveTold),
		State:   p.stateOf(m),
	}
	if a.State == Lost {
		a.Why = m.why
	}
	return a
}

// end returns an end of an arrow: where it is told of if it was by now, else only at which peer it must be.
func (p Picture) end(peer, entry int, told uint64) End {
	e := End{Peer: p.v.d.nameOf(peer), Lane: p.laneOf(peer, ""), Row: -1}
	if entry < 0 || told > p.n {
		return e
	}
	at := p.v.d.entries.all[entry]
	e.Lane, e.Row, e.N, e.At = p.laneOf(at.peer, at.role), p.rowOf(entry), at.event.N, at.event.At
	return e
}

func (p Picture) stateOf(m *message) ArrowState {
	by := func(n uint64) bool { return n != 0 && n <= p.n }
	switch {
	case m.arrives >= 0 && by(m.arriveTold):
		return Arrived
	case by(m.lost):
		return Lost
	case by(m.untold):
		return Untold
	case m.signal == pingSignal:
		return Ahead
	}
	return OnTheWay
}
