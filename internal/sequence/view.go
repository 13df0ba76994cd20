package sequence

// A View is what a filter leaves of a diagram. It grows with the diagram, and only at its end: no row that was there goes, moves or
// comes between others, so a reader who has scrolled somewhere stays there. (Only if two messages turn out to be one does a view begin
// anew; that takes events told in a strange order, or a gap.)
//
// What leaves and arrives without anything between stands in one row. If something came between, it is two rows, and the arrow
// slopes from the one to the other.

import (
	"slices"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
)

// Filter says what of a diagram to show. The zero Filter shows everything, a lane a peer.
type Filter struct {
	Peers   []string  // whose lanes to show; all if empty
	Kinds   []Kind    // which kinds of rows to show; all if empty
	Message MessageID // follow this message, with what it answers and what answers it; 0 for all
	Detail  Detail    // how much to show
	Open    []string  // peers to show with a lane for each of their goroutines

	// Quiet is how long nothing must happen, by the lab's clock, to be told as a row of its own: 0 for DefaultQuiet, negative for never.
	// A stretch of which the filter hides 25 events or more counts as quiet however short it was.
	Quiet time.Duration
}

// DefaultQuiet is how long nothing must happen to be told as a row of its own.
const DefaultQuiet = 500 * time.Millisecond

// manyHidden is how many hidden events make a stretch quiet, however short it was.
const manyHidden = 25

// View is a diagram through a filter. It follows the diagram by itself.
type View struct {
	d      *Diagram
	filter Filter
	peers  map[int]bool // nil for all
	kinds  map[Kind]bool
	opened map[int]bool
	quiet  time.Duration
	merged int       // Diagram.merged as of the first row
	root   MessageID // of the message that is followed, 0 if the diagram does not know it yet

	next   int // the first entry that was not looked at
	hidden int // entries that are not shown since the last that is
	rows   []place
}

// place is what stands in a row: one entry, or the two between which a message travels with nothing else between. Of a quiet stretch first
// is the entry that ends it.
type place struct {
	first, second int
	quiet         bool
	hidden        int
}

func (p place) last() int { return max(p.first, p.second) }

// View returns the diagram through a filter.
func (d *Diagram) View(f Filter) *View {
	v := &View{d: d, filter: f, quiet: f.Quiet, opened: make(map[int]bool)}
	if v.quiet == 0 {
		v.quiet = DefaultQuiet
	}
	v.filter.Peers, v.filter.Kinds, v.filter.Open = slices.Clone(f.Peers), slices.Clone(f.Kinds), slices.Clone(f.Open)
	if len(f.Kinds) > 0 {
		v.kinds = make(map[Kind]bool)
		for _, k := range f.Kinds {
			v.kinds[k] = true
		}
	}
	v.begin()
	return v
}

// begin forgets all rows.
func (v *View) begin() {
	v.next, v.hidden, v.rows, v.merged = 0, 0, nil, v.d.merged
	v.peers = nil
}

// catchUp takes in what was appended to the diagram.
func (v *View) catchUp() {
	if v.merged != v.d.merged {
		v.begin()
	}
	v.know()
	for ; v.next < len(v.d.entries.all); v.next++ {
		if v.shows(v.d.entries.all[v.next]) {
			v.add(v.next)
			v.hidden = 0
		} else {
			v.hidden++
		}
	}
}

// know looks up what the filter names: some of it may be new.
func (v *View) know() {
	v.root = v.d.rootOf(v.filter.Message)
	for _, name := range v.filter.Open {
		if i, known := v.d.byName[name]; known {
			v.opened[i] = true
		}
	}
	if len(v.filter.Peers) == 0 {
		return
	}
	if v.peers == nil {
		v.peers = make(map[int]bool)
	}
	for _, name := range v.filter.Peers {
		if i, known := v.d.byName[name]; known {
			v.peers[i] = true
		}
	}
}

func (v *View) showsPeer(i int) bool { return v.peers == nil || v.peers[i] }

// shows reports whether the filter leaves an entry.
func (v *View) shows(at *entry) bool {
	switch {
	case at.event.Kind == timeline.KindGap:
		return true
	case at.level < v.filter.Detail, v.kinds != nil && !v.kinds[at.kind]:
		return false
	case v.filter.Message != 0 && !v.follows(at):
		return false
	case at.peer == nobody:
		return true // the session's own
	}
	return v.showsPeer(at.peer) || at.far != nobody && v.showsPeer(at.far)
}

// follows reports whether an entry is about the message that is followed. The end of a call of SendWithAck is about all of its messages.
func (v *View) follows(at *entry) bool {
	for _, id := range []MessageID{at.about, at.departs, at.arrives} {
		if id != 0 && v.d.rootOf(id) == v.root {
			return true
		}
	}
	if v.root == 0 || at.about == 0 || at.event.Step.Step != trace.AckDone {
		return false
	}
	m, followed := v.d.message(at.about), v.d.message(v.root)
	return m.nonce == followed.nonce && m.from == followed.from
}

// add makes a row of an entry, or lets the message that left in the row before arrive in the same row.
func (v *View) add(i int) {
	if len(v.rows) == 0 {
		v.rows = append(v.rows, place{first: i, second: -1})
		return
	}
	last := v.rows[len(v.rows)-1]
	before, now := v.d.entries.all[last.last()].event, v.d.entries.all[i].event
	long := now.At-before.At >= v.quiet || v.hidden >= manyHidden
	switch {
	case v.quiet > 0 && long:
		v.rows = append(v.rows, place{first: i, second: -1, quiet: true, hidden: v.hidden})
	case last.second < 0 && v.travels(last.first, i):
		v.rows[len(v.rows)-1].second = i
		return
	}
	v.rows = append(v.rows, place{first: i, second: -1})
}

// travels reports whether the message that arrives at entry i has left at entry from, as far as was known when it arrived. A row in which
// something has arrived already has its arrow.
func (v *View) travels(from, i int) bool {
	id := v.d.entries.all[i].arrives
	if id == 0 || v.d.entries.all[from].arrives != 0 {
		return false
	}
	m := v.d.message(id)
	return m.departs == from && m.arriveTold == v.d.entries.all[i].event.N && m.departTold <= m.arriveTold
}
