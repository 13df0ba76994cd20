// Package hexview is the view of bytes: one message as a tree of its fields beside the bytes that they are, what the field under the
// cursor is and what it proves, and what the message claims, computed again.
package hexview

import (
	"slices"
	"time"

	"gossipscope/comm/msp"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/wire"
	"gossipscope/proto"
)

// The panel's own commands.
const (
	switchSide  scene.Command = "bytes.switch-side"
	nextFinding scene.Command = "bytes.next-finding"
	lastFinding scene.Command = "bytes.last-finding"
	follow      scene.Command = "bytes.follow"
)

// Config says what the panel cannot know from a scene. Both may be left out; then some findings are that it cannot be told.
type Config struct {
	Roots []msp.Root       // the authorities that the peers believe
	Began func() time.Time // when the session began, by the world's clock; zero if that is not known
}

// Panel shows a message. The cursor stands at the field that the step is about, until the reader moves it; from then on it stays at the
// field of that name, in other messages too.
type Panel struct {
	conf  Config
	folds folds

	moved   bool   // the reader has moved the cursor
	key     string // to this field
	onHex   bool   // Up and Down go through the bytes
	offset  int    // the byte under the cursor, if onHex
	finding int    // the finding that is explained, from 1; 0 if it is the field

	opened   *proto.Envelope // of which tree is the tree
	tree     *wire.Tree
	checked  checked
	findings []wire.Finding
	said     said
	words    []string // what is said of that

	drawn drawn
}

// checked is what the findings depend on.
type checked struct {
	tree  *wire.Tree
	n     uint64
	conn  timeline.ConnKey
	out   bool
	found bool
}

// drawn is where things were drawn last, for the mouse.
type drawn struct {
	areas
	treeTop, hexTop int
	marks           []rect // of the findings, if they are in a line
}

// New returns the panel.
func New(conf Config) *Panel { return &Panel{conf: conf, folds: make(folds)} }

// Offers implements scene.Panel.
func (p *Panel) Offers() []scene.Offer {
	return []scene.Offer{
		{Command: switchSide, Key: "x", Says: says.SwitchSide},
		{Command: nextFinding, Key: "]", Says: says.NextFinding},
		{Command: lastFinding, Key: "[", Says: says.LastFinding},
		{Command: follow, Key: "g", Says: says.Follow},
	}
}

// view is what is to be seen.
type view struct {
	message
	items   []item
	cursor  int // the item under it
	finding int // what is explained instead of that item, from 1; 0 for none
}

// node returns the node under the cursor.
func (v view) node() *wire.Node { return v.items[v.cursor].node }

// look opens the message of a scene, and finds the cursor in it. Without a message the view has no items.
func (p *Panel) look(s *scene.Scene) view {
	v := view{message: find(s)}
	if v.envelope == nil {
		return v
	}
	if p.tree == nil || p.opened != v.envelope {
		p.opened, p.tree = v.envelope, wire.Open(v.envelope)
		p.finding = 0
	}
	p.check(s, v.message)
	v.items = items(p.tree, p.folds)
	v.finding = p.finding
	if _, isCheck := fieldOf[v.step]; isCheck && v.failed && !p.moved && v.finding == 0 {
		v.finding = 1 + slices.IndexFunc(p.findings, func(f wire.Finding) bool { return f.Verdict == wire.Wrong })
	}
	switch {
	case p.moved && p.onHex:
		p.offset = min(p.offset, max(len(p.tree.Bytes)-1, 0))
		v.cursor = at(v.items, p.offset)
	default:
		v.cursor = p.cursorIn(v)
	}
	return v
}

// cursorIn returns the item at which the cursor stands in the tree: at what is found wrong, where the reader has put it, at what the
// step is about, or at the content.
func (p *Panel) cursorIn(v view) int {
	if v.finding > 0 {
		if n := p.findings[v.finding-1].Node; n != nil {
			return at(v.items, n.From)
		}
	}
	if p.moved {
		if i := indexOf(v.items, p.key); i > 0 || i == 0 && p.key == v.items[0].key {
			return i
		}
	}
	if i := indexOf(v.items, fieldOf[v.step]); i > 0 {
		return i
	}
	n := content(p.tree)
	return max(slices.IndexFunc(v.items, func(it item) bool { return it.node == n }), 0)
}

// check computes the claims of the message again, if anything has changed.
func (p *Panel) check(s *scene.Scene, m message) {
	now := checked{tree: p.tree, n: s.State.N, out: m.out, found: m.conn != nil}
	if m.conn != nil {
		now.conn = m.conn.Key
	}
	if now == p.checked {
		return
	}
	var context wire.Context
	if m.conn != nil {
		context = wire.ContextOf(s.State, m.conn, m.out)
	}
	context.Roots = p.conf.Roots
	if p.conf.Began != nil {
		if began := p.conf.Began(); !began.IsZero() {
			context.Time = began.Add(s.State.At)
		}
	}
	p.checked, p.findings = now, wire.Check(p.tree, context)
	p.finding = min(p.finding, len(p.findings))
}

// Do implements scene.Panel.
func (p *Panel) Do(c scene.Command, s *scene.Scene) scene.Outcome {
	v := p.look(s)
	if len(v.items) == 0 {
		return scene.Outcome{}
	}
	page := max(p.drawn.tree.height-1, 1)
	switch c {
	case scene.Up:
		p.vertical(v, -1)
	case scene.Down:
		p.vertical(v, 1)
	case scene.PageUp:
		p.vertical(v, -page)
	case scene.PageDown:
		p.vertical(v, page)
	case scene.Left:
		p.left(v)
	case scene.Right:
		p.right(v)
	case scene.Choose:
		p.fold(v.items[v.cursor], !v.items[v.cursor].folded)
		p.goTo(v.items[v.cursor])
	case switchSide:
		p.switchSide(v)
	case nextFinding:
		p.turnTo(v.finding + 1)
	case lastFinding:
		p.turnTo(max(v.finding, 1) - 1)
	case follow:
		p.moved, p.onHex, p.finding = false, false, 0
	default:
		return scene.Outcome{}
	}
	return scene.Outcome{Handled: true}
}

// goTo puts the cursor on a field.
func (p *Panel) goTo(it item) {
	p.moved, p.key, p.finding = true, it.key, 0
	p.offset = it.node.From
}

// goToByte puts the cursor on a byte.
func (p *Panel) goToByte(offset int) {
	p.moved, p.onHex, p.finding = true, true, 0
	p.offset = max(min(offset, len(p.tree.Bytes)-1), 0)
}

func (p *Panel) vertical(v view, by int) {
	if p.onHex {
		if to := p.offset + by*max(p.drawn.perRow, 1); 0 <= to && to < len(p.tree.Bytes) {
			p.goToByte(to)
		}
		return
	}
	p.goTo(v.items[max(min(v.cursor+by, len(v.items)-1), 0)])
}

// left goes a byte back; in the tree it folds, or goes to what the field is in.
func (p *Panel) left(v view) {
	it := v.items[v.cursor]
	switch {
	case p.onHex:
		p.goToByte(p.offset - 1)
	case it.branch && !it.folded:
		p.fold(it, true)
		p.goTo(it)
	case it.parent >= 0:
		p.goTo(v.items[it.parent])
	}
}

// right goes a byte on; in the tree it unfolds, or goes into the field.
func (p *Panel) right(v view) {
	it := v.items[v.cursor]
	switch {
	case p.onHex:
		p.goToByte(p.offset + 1)
	case it.branch && it.folded:
		p.fold(it, false)
		p.goTo(it)
	case it.branch:
		p.goTo(v.items[v.cursor+1])
	}
}

func (p *Panel) fold(it item, folded bool) {
	if it.branch {
		p.folds[it.key] = folded
	}
}

// switchSide takes the cursor to the other side, where it stands at the same place.
func (p *Panel) switchSide(v view) {
	it := v.items[v.cursor]
	if p.onHex {
		p.onHex = false
		p.goTo(it)
		return
	}
	p.goToByte(max(it.node.From, it.node.Content.From))
}

// turnTo explains a finding, in a circle; the cursor goes to what it is about.
func (p *Panel) turnTo(finding int) {
	if n := len(p.findings); n > 0 {
		p.onHex, p.finding = false, (finding-1+n)%n+1
	}
}

// Click implements scene.Panel: pressing on a field, a byte or a finding puts the cursor there.
func (p *Panel) Click(x, y int, s *scene.Scene) scene.Outcome {
	v := p.look(s)
	d := p.drawn
	switch {
	case len(v.items) == 0:
		return scene.Outcome{}
	case d.tree.holds(x, y) && d.treeTop+y-d.tree.y < len(v.items):
		p.onHex = false
		p.goTo(v.items[d.treeTop+y-d.tree.y])
	case d.hex.holds(x, y):
		column := x - d.hex.x - offsetCells - 2
		i := column / 3
		if column < 0 || i >= d.perRow {
			if i = column - 3*d.perRow - 1; i < 0 || i >= d.perRow {
				return scene.Outcome{}
			}
		}
		if offset := (d.hexTop+y-d.hex.y)*d.perRow + i; offset < len(p.tree.Bytes) {
			p.goToByte(offset)
		}
	case d.findings.holds(x, y):
		for i, mark := range d.marks {
			if mark.holds(x, y) {
				p.turnTo(i + 1)
			}
		}
	default:
		return scene.Outcome{}
	}
	return scene.Outcome{Handled: true}
}

var _ scene.Panel = (*Panel)(nil)
