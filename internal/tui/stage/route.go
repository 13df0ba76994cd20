package stage

// How the lines run. All of them stay in the corridor between the two columns of boxes. Peers that face each other are joined by a
// straight line, others by one with two bends, and those of one column by a bracket. Above each line, or beside it, there is a shelf for
// its name and its queues, and no two lines share a row where that would make them look like one.
//
// Like the places of the boxes the ways of the lines are worked out without regard to what happens on them: they depend on which
// lines there are, and on their order.

import "slices"

// cell is a place on the screen.
type cell struct{ x, y int }

// shelf is a row beside a line on which something can be written.
type shelf struct {
	x, y, w int
	from    bool // it touches the box of the one that dialled
	to      bool // it touches the other's
	left    bool // it lies on the left of a bracket's upright, and ends there; without any of the three it begins at one
}

// route is the way of one line.
type route struct {
	cells   []cell // from the border of the box that dialled to the border of the other, both included
	shelves []shelf
	stub    bool // it leads to nobody who is known
}

// surveyor finds ways.
type surveyor struct {
	lay  *layout
	flat map[cell]bool // taken by a stretch that runs level, or by a shelf
	tall map[cell]bool // taken by a stretch that runs upright
	name map[cell]bool // taken by the name of a bracket
}

const (
	stubLength = 12
	spacing    = 3  // rows from one straight line to the next, if there is room
	nameRoom   = 24 // cells that the name beside a bracket should have
	smallBox   = 5  // height up to which a bracket keeps to the last row of its lower box too: the rows above are for straight lines
	leastName  = 10 // cells that a name must have if there is a choice
)

func newSurveyor(lay *layout) *surveyor {
	return &surveyor{lay: lay, flat: make(map[cell]bool), tall: make(map[cell]bool), name: make(map[cell]bool)}
}

// find returns the way of an edge, and whether there is one.
func (s *surveyor) find(e *edge) (route, bool) {
	from, to := s.lay.boxOf(e.from), s.lay.boxOf(e.to)
	switch {
	case from == nil && to == nil:
		return route{}, false
	case from == nil || to == nil:
		return s.stub(from, to)
	case from.right == to.right:
		return s.bracket(from, to)
	}
	if r, ok := s.straight(from, to); ok {
		return r, true
	}
	return s.bent(from, to)
}

// left and right are the borders of the boxes on either side.
func (s *surveyor) left() int  { return s.lay.corridor.x - 1 }
func (s *surveyor) right() int { return s.lay.corridor.x + s.lay.corridor.w }

// border returns the one at which the lines of a box begin.
func (s *surveyor) border(b *box) int {
	if b.right {
		return s.right()
	}
	return s.left()
}

func (s *surveyor) straight(from, to *box) (route, bool) {
	top, bottom := max(from.y, to.y)+1, min(from.y+from.h, to.y+to.h)-2
	for _, y := range fromMiddle(top, bottom) {
		if !s.level(y, s.left()+1, s.right()-1) {
			continue
		}
		s.takeLevel(y, s.left()+1, s.right()-1)
		r := route{cells: walk(nil, cell{s.left(), y}, cell{s.right(), y})}
		r.shelves = []shelf{{x: s.left() + 1, y: y - 1, w: s.lay.corridor.w, from: true, to: true}}
		if from.right {
			r.turn()
		}
		return r, true
	}
	return route{}, false
}

// fromMiddle returns the rows from top to bottom, beginning in the middle, at first with some space between them.
func fromMiddle(top, bottom int) []int {
	if bottom < top {
		return nil
	}
	var rows []int
	add := func(step int) {
		middle := (top + bottom + 1) / 2
		for d := 0; d <= bottom-top; d += step {
			for _, y := range [2]int{middle + d, middle - d} {
				if y >= top && y <= bottom {
					rows = append(rows, y)
				}
			}
		}
	}
	add(spacing)
	add(1)
	return rows
}

// bent joins two boxes that do not face each other: out of one, up or down in the corridor, into the other.
func (s *surveyor) bent(from, to *box) (route, bool) {
	l, r := from, to
	if from.right {
		l, r = to, from
	}
	downward := l.y < r.y
	lefts, rights := rowsTowards(l, downward), rowsTowards(r, !downward)
	until, since := s.reach(lefts, s.left()+1, 1), s.reach(rights, s.right()-1, -1)
	for _, mayCover := range []bool{false, true} { // whether it may run over the name of another
		for i, yl := range lefts {
			for j, yr := range rights {
				for _, x := range s.columns(from.right) {
					if room := abs(x - s.border(from)); x > until[i] || x < since[j] || !mayCover && room < leastName {
						continue
					}
					if !s.upright(x, yl, yr, mayCover) {
						continue
					}
					way := s.bend(x, yl, yr)
					if from.right {
						way.turn()
					}
					return way, true
				}
			}
		}
	}
	return route{}, false
}

// reach returns for each of some rows the last column up to which a line and its shelf are free there, from a column on in a direction.
func (s *surveyor) reach(rows []int, from, direction int) []int {
	last := make([]int, len(rows))
	for i, y := range rows {
		x := from
		for x > s.left() && x < s.right() && s.level(y, x, x) {
			x += direction
		}
		last[i] = x - direction
	}
	return last
}

// bend takes the way that leaves the left column in one row, enters the right one in another, and changes between them in column x.
func (s *surveyor) bend(x, yl, yr int) route {
	s.takeLevel(yl, s.left()+1, x)
	s.takeLevel(yr, x, s.right()-1)
	s.takeUpright(x, yl, yr)
	return route{
		cells: walk(walk(walk(nil, cell{s.left(), yl}, cell{x, yl}), cell{x, yl}, cell{x, yr}), cell{x, yr}, cell{s.right(), yr}),
		shelves: []shelf{
			{x: s.left() + 1, y: yl - 1, w: x - s.left() - 1, from: true},
			{x: x + 1, y: yr - 1, w: s.right() - x - 1, to: true},
		},
	}
}

// rowsTowards returns the rows in which a line can leave the box, those nearest to its lower or upper border first.
func rowsTowards(b *box, downward bool) []int {
	var rows []int
	for y := b.y + 1; y <= b.y+b.h-2; y++ {
		if downward {
			rows = append([]int{y}, rows...)
		} else {
			rows = append(rows, y)
		}
	}
	return rows
}

// columns returns the columns in which a line may run upright, the one that leaves room for its name before it first.
func (s *surveyor) columns(fromRight bool) []int {
	c := s.lay.corridor
	best := min(max(c.w/2, nameRoom), c.w-6)
	if fromRight {
		best = c.w - 1 - best
	}
	list := []int{c.x + best}
	for d := 2; d < c.w; d += 2 {
		for _, x := range [2]int{best + d, best - d} {
			if x > 3 && x < c.w-4 {
				list = append(list, c.x+x)
			}
		}
	}
	return list
}

// bracket joins two boxes of one column, or a box with itself.
func (s *surveyor) bracket(from, to *box) (route, bool) {
	upper, lower := from, to
	if lower.y < upper.y {
		upper, lower = lower, upper
	}
	for _, depth := range s.depths() {
		x, edge, inward := s.left()+depth, s.left(), 1
		if from.right {
			x, edge, inward = s.right()-depth, s.right(), -1
		}
		for _, yu := range rowsTowards(upper, upper != lower) {
			for _, yl := range rowsTowards(lower, lower.h <= smallBox) {
				if yl < yu+2 || !s.row(yu, edge+inward, x) || !s.row(yl, edge+inward, x) || !s.upright(x, yu, yl, true) {
					continue
				}
				r, ok := s.bracketAt(edge, x, yu, yl, inward)
				if !ok {
					continue
				}
				if from == lower && from != upper {
					r.turn()
				}
				return r, true
			}
		}
	}
	return route{}, false
}

// depths returns how far a bracket may reach into the corridor.
func (s *surveyor) depths() []int {
	best := min(max(s.lay.corridor.w/4, 6), 20)
	list := []int{best}
	for d := 3; d < best; d += 3 {
		list = append(list, best-d)
		if best+d < s.lay.corridor.w-8 {
			list = append(list, best+d)
		}
	}
	return list
}

// bracketAt takes the way of a bracket if there is room for its name beside it.
func (s *surveyor) bracketAt(edge, x, yu, yl, inward int) (route, bool) {
	name := shelf{x: x + 2, w: min(nameRoom, s.right()-x-3)}
	if inward < 0 {
		name.w = min(nameRoom, x-s.left()-3)
		name.x, name.left = x-1-name.w, true
	}
	rows := fromMiddle(yu+1, yl-1) // beside the upright, wherever a straight line leaves room
	i := slices.IndexFunc(rows, func(y int) bool { return s.row(y, name.x, name.x+name.w-1) })
	if name.w < 6 || i < 0 {
		return route{}, false
	}
	name.y = rows[i]
	s.takeRow(yu, edge+inward, x)
	s.takeRow(yl, edge+inward, x)
	for i := range name.w {
		s.flat[cell{name.x + i, name.y}], s.name[cell{name.x + i, name.y}] = true, true
	}
	s.takeUpright(x, yu, yl)
	return route{
		cells:   walk(walk(walk(nil, cell{edge, yu}, cell{x, yu}), cell{x, yu}, cell{x, yl}), cell{x, yl}, cell{edge, yl}),
		shelves: []shelf{name},
	}, true
}

// stub is the beginning of a line that leads to somebody unknown, or the end of one that comes from him.
func (s *surveyor) stub(from, to *box) (route, bool) {
	b := from
	if b == nil {
		b = to
	}
	edge, x := s.left(), s.left()+min(stubLength, s.lay.corridor.w-2)
	if b.right {
		edge, x = s.right(), s.right()-min(stubLength, s.lay.corridor.w-2)
	}
	for _, y := range fromMiddle(b.y+1, b.y+b.h-2) {
		if !s.level(y, s.left()+1, s.right()-1) {
			continue
		}
		s.takeLevel(y, s.left()+1, s.right()-1)
		r := route{cells: walk(nil, cell{edge, y}, cell{x, y}), stub: true}
		r.shelves = []shelf{{x: s.left() + 1, y: y - 1, w: s.lay.corridor.w, from: from != nil, to: to != nil}}
		if from == nil {
			slices.Reverse(r.cells)
		}
		return r, true
	}
	return route{}, false
}

// turn makes the other end the first.
func (r *route) turn() {
	slices.Reverse(r.cells)
	for i := range r.shelves {
		r.shelves[i].from, r.shelves[i].to = r.shelves[i].to, r.shelves[i].from
	}
}

// walk appends the cells from a to b, which stand in one row or one column. A corner that is there already is not repeated.
func walk(cells []cell, a, b cell) []cell {
	dx, dy := sign(b.x-a.x), sign(b.y-a.y)
	if len(cells) == 0 || cells[len(cells)-1] != a {
		cells = append(cells, a)
	}
	for a != b {
		a = cell{a.x + dx, a.y + dy}
		cells = append(cells, a)
	}
	return cells
}

func abs(n int) int { return max(n, -n) }

func sign(n int) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

// level reports whether a line and its shelf above it are free from x to end.
func (s *surveyor) level(y, x, end int) bool { return s.row(y, x, end) && s.row(y-1, x, end) }

func (s *surveyor) row(y, x, end int) bool {
	for x, end = min(x, end), max(x, end); x <= end; x++ {
		if s.flat[cell{x, y}] {
			return false
		}
	}
	return true
}

func (s *surveyor) takeLevel(y, x, end int) {
	s.takeRow(y, x, end)
	s.takeRow(y-1, x, end)
}

func (s *surveyor) takeRow(y, x, end int) {
	for x, end = min(x, end), max(x, end); x <= end; x++ {
		s.flat[cell{x, y}] = true
	}
}

// upright reports whether a column is free, and the columns beside it, so that two lines do not run side by side.
func (s *surveyor) upright(x, y, end int, mayCover bool) bool {
	for y, end = min(y, end), max(y, end); y <= end; y++ {
		if s.tall[cell{x - 1, y}] || s.tall[cell{x, y}] || s.tall[cell{x + 1, y}] || !mayCover && s.name[cell{x, y}] {
			return false
		}
	}
	return true
}

func (s *surveyor) takeUpright(x, y, end int) {
	for y, end = min(y, end), max(y, end); y <= end; y++ {
		s.tall[cell{x, y}] = true
	}
}
