package stage

// What is written beside a line: its name, how far it has come, what is wrong with it, and what waits in its queues.

import (
	"fmt"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// word is a piece of text in one style.
type word struct {
	text  string
	style canvas.Style
}

func width(words []word) int {
	n := max(len(words)-1, 0)
	for _, w := range words {
		n += canvas.Width(w.text)
	}
	return n
}

// write writes words with a space between them, in at most room cells.
func write(r canvas.Region, x, y, room int, words []word) {
	end := x + room
	for i, w := range words {
		if i > 0 {
			x++
		}
		x = r.Fit(x, y, end-x, w.style, w.text)
	}
}

// drawLabels fills the shelves of the line: at either end the queue of that end, and in between the name.
func (l *line) drawLabels(r canvas.Region, s *scene.Scene) {
	for _, shelf := range l.shelves {
		named := shelf.from || !shelf.to // the first shelf carries the name
		near, far := l.queues(s, shelf, named)
		first, last := l.cells[0], l.cells[len(l.cells)-1]
		if first.x > last.x {
			near, far = far, near // the dialler stands on the right
		}
		x, end := shelf.x+1, shelf.x+shelf.w-1
		var words []word
		if named {
			words = l.words(s, end-x-aside(near)-aside(far))
		}
		if !shelf.from && !shelf.to {
			for _, w := range append(l.queue(s, l.stream.Initiator, 0, l.selected), l.queue(s, l.stream.Acceptor, 0, l.selected)...) {
				if width(words)+1+canvas.Width(w.text) <= end-x {
					words = append(words, w)
				}
			}
		}
		switch {
		case shelf.from || shelf.to:
			spread(r, x, end, shelf.y, near, words, far)
		case shelf.left: // close to its upright, so that it covers no other, and it is seen whose name it is
			write(r, max(x, end-width(words)), shelf.y, end-x, words)
		default:
			write(r, x, shelf.y, end-x, words)
		}
	}
}

// queues returns what stands at the two ends of a shelf. Queues that are empty make way for whatever there is to say of the line, and all
// of them for its name and its phase.
func (l *line) queues(s *scene.Scene, f shelf, named bool) (from, to []word) {
	room, empty := f.w-2, l.selected
	if named && room < wideShelf && width(l.words(s, room)) > room-2*gaugeRoom {
		empty = false
	}
	if f.from {
		from = l.queue(s, l.stream.Initiator, f.w, empty)
	}
	if f.to {
		to = l.queue(s, l.stream.Acceptor, f.w, empty)
	}
	if named && width(l.words(s, 0))+aside(from)+aside(to) > room {
		return nil, nil
	}
	return from, to
}

// aside returns the room that words take at an end of a row.
func aside(words []word) int {
	if len(words) == 0 {
		return 0
	}
	return width(words) + 2
}

// spread writes near at the left end of a row, far at its right end, and words in the middle of what is left.
func spread(r canvas.Region, x, end, y int, near, words, far []word) {
	room := end - x
	if len(near) > 0 {
		write(r, x, y, room, near)
	}
	if len(far) > 0 {
		write(r, end-width(far), y, width(far), far)
	}
	taken := width(words)
	at := x + max((room-taken)/2, 0)
	if len(near) > 0 {
		at = max(at, x+width(near)+2)
	}
	if len(far) > 0 {
		at = min(at, end-width(far)-2-taken)
	}
	write(r, max(at, x), y, end-max(at, x), words)
}

// queue returns the send queue of one end, if there is something in it or it is wanted all the same, and how many messages were given
// up there. Its name is left out where there is no room.
func (l *line) queue(s *scene.Scene, c *timeline.Connection, room int, empty bool) []word {
	if c == nil {
		return nil
	}
	var words []word
	if n := c.Waiting(); n > 0 || empty && c.OutBuff.Cap > 0 {
		cells := gaugeCells
		switch {
		case room >= wideShelf:
			words = append(words, word{"outBuff", s.Theme.Faint})
		case room < narrowShelf:
			cells = 1
		}
		words = append(words, word{gauge(n, c.OutBuff.Cap, cells), gaugeStyle(s, n, c.OutBuff.Cap)})
	}
	if c.Drops > 0 {
		words = append(words, word{fmt.Sprintf("%s%d", scene.DropMark, c.Drops), s.Theme.Drop})
	}
	return words
}

const (
	gaugeCells  = 5
	gaugeRoom   = 9  // that the shortest form of a queue takes with its distance
	wideShelf   = 60 // from here on there is room to name the queue
	narrowShelf = 40 // below this there is hardly room for its length
)

// gauge draws how full a queue is: "▮▮▯▯▯ 2/20". Whatever holds something shows it, and only what is full looks full.
func gauge(n, capacity, cells int) string {
	if capacity <= 0 {
		return strings.Repeat("▮", min(n, cells)) + fmt.Sprintf(" %d", n)
	}
	cells = min(capacity, cells)
	full := min(n*cells/capacity, cells)
	if n > 0 {
		full = max(full, 1)
	}
	return fmt.Sprintf("%s%s %d/%d", strings.Repeat("▮", full), strings.Repeat("▯", cells-full), n, capacity)
}

func gaugeStyle(s *scene.Scene, n, capacity int) canvas.Style {
	switch {
	case capacity > 0 && n >= capacity:
		return s.Theme.Bad
	case n > 0:
		return s.Theme.Warn
	}
	return s.Theme.Faint
}

// words says what there is to say of a line, the most important first, as much as there is room for: its name and its phase at least.
func (l *line) words(s *scene.Scene, room int) []word {
	name := s.Theme.Strong
	switch {
	case l.selected:
		name = s.Theme.Select
	case l.current:
		name = s.Theme.Here
	}
	words := []word{{l.name, name}}
	add := func(style canvas.Style, what string) {
		if w := (word{what, style}); what != "" && width(words)+1+canvas.Width(what) <= room {
			words = append(words, w)
		}
	}
	words = append(words, l.phaseWord(s))
	for _, w := range l.lineWords(s) {
		add(w.style, w.text)
	}
	if l.crowd > 0 {
		add(s.Theme.Warn, s.Say(says.onTheWay, l.crowd))
	}
	if c := l.stream.Initiator; c != nil && c.Purpose == trace.ForProbe {
		add(s.Theme.Faint, "· "+s.Say(says.probe))
	} else if c != nil && c.Purpose == trace.ForHandshake {
		add(s.Theme.Faint, "· "+s.Say(says.handshake))
	}
	if l.ended.Set() {
		if left := room - width(words) - 3; left > 8 {
			words = append(words, word{"✗ " + canvas.Fit(strings.TrimSuffix(terms.Meaning(s.Lang, l.ended.Reason), "。"), left), s.Theme.Bad})
		}
	}
	if a, b := l.stream.Initiator, l.stream.Acceptor; a != nil && b != nil && a.Phase != b.Phase {
		add(s.Theme.Faint, fmt.Sprintf("(%s %s · %s %s)", text.Printable(l.from), s.Say(phases[a.Phase]), text.Printable(l.to), s.Say(phases[b.Phase])))
	}
	return words
}

// phaseWord names how far the line has come. One that carries no stream says what the transport has come to.
func (l *line) phaseWord(s *scene.Scene) word {
	style := l.style(s.Theme, l.look)
	if len(l.stream.Ends()) > 0 {
		return word{s.Say(phases[l.phase]), style}
	}
	at, well := handshakeOf(s.State, l.edge)
	switch {
	case at.Set() && !well:
		return word{s.Say(says.tlsFailed), s.Theme.Bad}
	case !l.line.Open:
		return word{s.Say(phases[timeline.PhaseClosed]), style}
	case at.Set():
		return word{s.Say(says.tlsUp), style}
	}
	return word{s.Say(says.lineOpen), style}
}

// lineWords says what has been done to the transport connection.
func (l *line) lineWords(s *scene.Scene) []word {
	if l.line == nil {
		return nil
	}
	switch t := l.line; {
	case t.Closed.Failed:
		return []word{{s.Say(says.cut), s.Theme.Bad}}
	case !t.Open && l.phase != timeline.PhaseClosed:
		return []word{{s.Say(says.gone), s.Theme.Warn}}
	case !t.Open:
		return nil
	case t.Frozen.Set():
		return []word{{s.Say(says.frozen), s.Theme.Warn}}
	case t.HalfClosed.Set():
		return []word{{s.Say(says.halfClosed), s.Theme.Warn}}
	case t.Lag > 0:
		return []word{{s.Say(says.slow, t.Lag), s.Theme.Warn}}
	}
	return nil
}
