package stage

// Where the peers stand is a pure function of their births and of the size: nobody moves because something happens. The first peer
// stands on the left, the second on the right, facing it, the third below the first, and so on, in two columns with room for the
// lines between them. A newcomer makes the boxes of his column lower; those that stand there keep their upper left corner as long as
// there is a way.
//
// When there are more than that can be read, one peer takes the left, the first unless the reader has selected another, and the others
// stand on the right in the order of their births. Where there is no room for all, the last places are for guests (guest.go), and the
// rest wait in a row below, by name.

// rect is a rectangle of cells.
type rect struct{ x, y, w, h int }

func (r rect) contains(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// box is where a peer stands.
type box struct {
	rect
	peer  string
	right bool // in the right column
}

// layout is where everything stands.
type layout struct {
	boxes    []box
	corridor rect     // between the columns: here run the lines
	chips    []string // the peers that are folded
	strip    rect     // where they are named
	folded   bool     // not everybody faces everybody: one peer faces the others
	legend   rect
	list     bool // too small for a picture: a list tells what there is
}

const (
	mostBoxes    = 6  // peers that have a box of their own before some are folded
	leastWidth   = 34 // of a picture
	leastHeight  = 6
	widestBox    = 32
	shortLegend  = 10 // height from which on there is a legend
	longLegend   = 24 // height from which on it takes two rows
	leastBox     = 3  // height of a box
	roomForTwo   = 20 // height from which on two rows name the peers that are folded, and two lines that are over are drawn of each pair
	tallestSmall = 7  // height of a box on the right when peers are folded
)

// arrange places the peers. front are those that stand in front if not all can face each other: the one on the left, then those on the
// right from top to bottom.
func arrange(peers, front []string, w, h int) layout {
	l := layout{list: w < leastWidth || h < leastHeight}
	if l.list || len(peers) == 0 {
		return l
	}
	room := pictureRoom(h)
	l.legend = rect{0, room, w, h - room}
	column := min(w*31/100, widestBox)
	if len(peers) <= mostBoxes && fits(len(peers), room) {
		l.face(peers, w, room, column)
	} else {
		l.fold(peers, front, w, h, column)
	}
	return l
}

// pictureRoom returns how many of h rows the legend leaves.
func pictureRoom(h int) int {
	switch {
	case h >= longLegend:
		return h - 2
	case h >= shortLegend:
		return h - 1
	}
	return h
}

// foldedRoom returns how many of h rows are left to the peers in front if they cannot all face each other, and how many can stand on the
// right. The others, if there are any, are named below.
func foldedRoom(peers, h int) (rows, others int) {
	rows = pictureRoom(h)
	if peers-1 <= rows/leastBox {
		return rows, peers - 1
	}
	if rows >= roomForTwo {
		rows--
	}
	rows--
	return rows, rows / leastBox
}

// fits reports whether so many peers stand in two columns such that each has room for its name, what it does, and a connection or two. Of
// three rows each takes more, since most lines have to go around corners then.
func fits(peers, room int) bool {
	rows := (peers + 1) / 2
	return rows == 1 || rows == 2 && room/rows >= 5 || room/rows >= 7
}

// face lets all the peers face each other.
func (l *layout) face(peers []string, w, room, column int) {
	l.corridor = rect{column, 0, w - 2*column, room}
	for side := range 2 {
		count := (len(peers) + 1 - side) / 2
		for i := range count {
			r := part(room, count, i)
			r.x, r.w = side*(w-column), column
			l.boxes = append(l.boxes, box{rect: r, peer: peers[2*i+side], right: side == 1})
		}
	}
}

// part returns the rows of the i-th of count boxes one below the other, with a row between them if it can be spared.
func part(room, count, i int) rect {
	top, end := (room*i+count-1)/count, (room*(i+1)+count-1)/count // the first have most lines, and take what is left over
	if end < room && end-top > 6 {
		end--
	}
	return rect{y: top, h: end - top}
}

// fold lets one peer face a few others, and names the rest.
func (l *layout) fold(peers, front []string, w, h, column int) {
	if len(front) == 0 {
		front = peers[:1]
	}
	room, most := foldedRoom(len(peers), h)
	l.folded = true
	l.strip = rect{0, room, w, pictureRoom(h) - room}
	l.corridor = rect{column, 0, w - 2*column, room}
	l.boxes = []box{{rect: rect{0, 0, column, room}, peer: front[0]}}
	others := front[1:min(len(front), 1+most)]
	for i, name := range others {
		r := part(room, len(others), i)
		r.h = min(r.h, tallestSmall)
		r.x, r.w = w-column, column
		l.boxes = append(l.boxes, box{rect: r, peer: name, right: true})
	}
	for _, name := range peers {
		if l.boxOf(name) == nil {
			l.chips = append(l.chips, name)
		}
	}
}

// boxOf returns the box of a peer, nil if it has none.
func (l *layout) boxOf(peer string) *box {
	for i := range l.boxes {
		if l.boxes[i].peer == peer {
			return &l.boxes[i]
		}
	}
	return nil
}

// facing reports whether a straight line can join two peers.
func (l *layout) facing(one, other string) bool {
	a, b := l.boxOf(one), l.boxOf(other)
	return a != nil && b != nil && a.right != b.right && max(a.y, b.y)+1 <= min(a.y+a.h, b.y+b.h)-2
}
