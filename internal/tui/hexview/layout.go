package hexview

// rect is a part of the panel.
type rect struct{ x, y, width, height int }

func (r rect) holds(x, y int) bool {
	return r.x <= x && x < r.x+r.width && r.y <= y && y < r.y+r.height
}

// areas is how the panel is divided. Parts for which there is no room are empty.
type areas struct {
	tree, hex, about, findings rect

	perRow int  // bytes in a row of hex
	table  bool // the findings are a table; else they are marks in a line
}

const (
	offsetCells  = 4  // of the number in front of a row of hex
	narrowTree   = 34 // the narrowest tree beside a hex dump
	roomyTree    = 44 // and beside one of sixteen bytes a row
	gap          = 3  // between the two: a line with a space on either side
	headRows     = 1
	fewestTreeOf = 12 // rows of tree that a table of findings must leave
	tableCells   = 90 // the narrowest table of findings
)

// hexWidth is how many cells a row of hex takes: its offset, the bytes, the letters.
func hexWidth(perRow int) int { return offsetCells + 2 + 3*perRow - 1 + 2 + perRow }

// divide divides a panel of that size in which so many findings are to be told: tree and hex beside each other if there is room, else
// one over the other; below them what is selected, and the findings.
func divide(width, height, findings int) areas {
	var a areas
	rest := max(height-headRows, 0)
	table := findings + 1
	switch {
	case findings > 0 && width >= tableCells && rest >= table+fewestTreeOf+7:
		a.table = true
		a.findings.height = table
	case findings > 0 && rest >= 5:
		a.findings.height = 1
	}
	rest -= a.findings.height
	switch {
	case rest >= 22:
		a.about.height = 6
	case rest >= 14:
		a.about.height = 5
	case rest >= 10:
		a.about.height = 4
	case rest >= 6:
		a.about.height = 2
	}
	rest -= a.about.height
	a.tree.y, a.hex.y = headRows, headRows
	switch {
	case width >= roomyTree+gap+hexWidth(16):
		a.beside(width, rest, 16)
	case width >= narrowTree+gap+hexWidth(8):
		a.beside(width, rest, 8)
	default:
		a.over(width, rest)
	}
	a.about.y, a.about.width = headRows+rest, width
	a.findings.y, a.findings.width = a.about.y+a.about.height, width
	return a
}

func (a *areas) beside(width, height, perRow int) {
	a.perRow = perRow
	a.hex.width = hexWidth(perRow)
	a.hex.x = width - a.hex.width
	a.tree.width = a.hex.x - gap
	a.tree.height, a.hex.height = height, height
}

func (a *areas) over(width, height int) {
	for a.perRow = 16; a.perRow > 4 && hexWidth(a.perRow) > width; a.perRow /= 2 {
	}
	if hexWidth(a.perRow) <= width && height > 2 {
		a.hex.width, a.hex.height = hexWidth(a.perRow), height*2/5
	}
	a.tree.width, a.tree.height = width, height-a.hex.height
	a.hex.y = headRows + a.tree.height
}
