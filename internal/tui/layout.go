package tui

// Where things stand on the screen is a pure function of its size.

// The smallest terminal that the explorer draws on. A smaller one gets a sentence.
const (
	minWidth  = 80
	minHeight = 24
)

// rect is a rectangle of cells.
type rect struct{ x, y, width, height int }

// contains reports whether the cell is in the rectangle.
func (r rect) contains(x, y int) bool {
	return x >= r.x && x < r.x+r.width && y >= r.y && y < r.y+r.height
}

// inside returns what a border around the rectangle leaves.
func (r rect) inside() rect {
	return rect{r.x + 1, r.y + 1, max(r.width-2, 0), max(r.height-2, 0)}
}

// layout is where everything stands while a session is watched.
type layout struct {
	title     rect
	panes     []rect // with their borders, in the order of the slots
	narration rect   // what the lesson says
	caption   rect   // what the shown event tells
	slider    rect
	footer    rect
}

// paneCount returns how many panes a terminal of this size has room for.
func paneCount(width, height int) int {
	switch {
	case width >= 150 && height >= 42:
		return 4
	case width >= 110 && height >= 34:
		return 3
	}
	return 1
}

// layoutOf lays out a terminal. opened says that one pane takes the room of all.
func layoutOf(width, height int, opened bool) layout {
	narration, caption := 3, 2
	if height >= 34 {
		caption = 3
	}
	l := layout{title: rect{0, 0, width, 1}}
	y := height - 1
	l.footer = rect{0, y, width, 1}
	y--
	l.slider = rect{0, y, width, 1}
	y -= caption
	l.caption = rect{0, y, width, caption}
	y -= narration
	l.narration = rect{0, y, width, narration}
	l.panes = panesOf(rect{0, 1, width, y - 1}, width, height, opened)
	return l
}

// panesOf divides the room in the middle.
func panesOf(room rect, width, height int, opened bool) []rect {
	count := paneCount(width, height)
	if opened {
		count = 1
	}
	left, top := room.width/2, (room.height+1)/2
	upper := rect{room.x, room.y, room.width, top}
	lower := rect{room.x, room.y + top, room.width, room.height - top}
	half := func(r rect) (rect, rect) {
		return rect{r.x, r.y, left, r.height}, rect{r.x + left, r.y, r.width - left, r.height}
	}
	switch count {
	case 4:
		a, d := half(upper)
		b, c := half(lower)
		return []rect{a, d, b, c}
	case 3:
		b, c := half(lower)
		return []rect{upper, b, c}
	}
	return []rect{room}
}
