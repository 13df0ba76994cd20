package tui

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/playback"
)

// A cast is the session as a film of this screen, in the format of asciinema (asciicast v2: a header line, then one line for each
// piece of output, with the second at which it came). It is drawn from the events, not filmed: so it needs no more time than drawing
// takes, shows every event for its time, and comes out the same each time.

// writeCast writes a film of these events, as the model would show them. The model is a double that shows nothing yet.
func (m *Model) writeCast(w io.Writer, events []timeline.Event) error {
	m.watch.learn(events)
	out := &castWriter{w: bufio.NewWriter(w), rows: make([]string, m.height)}
	out.header(m.width, m.height, m.watch.title.In(m.lang))
	for n := range len(events) + 1 {
		m.watch.player.GoTo(n)
		hold := time.Second
		if n > 0 {
			hold = playback.Hold(&events[n-1])
		}
		if n > 0 && playback.Movement(&events[n-1]) > 0 {
			m.watch.player.Back()
			m.watch.player.Next() // its movement begins
			out.frame(m, hold/3)
			m.watch.player.Skip()
			hold -= hold / 3
		}
		out.frame(m, hold)
	}
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.err
}

// double returns a model that looks like m, has seen nothing yet, and shares nothing with it that changes.
func (m *Model) double() *Model {
	w := blankWatch(m.lang, m.conf.panels(m.watch.session.Header()))
	w.title, w.lesson = m.watch.title, m.watch.lesson
	w.slots, w.focus, w.opened = m.watch.slots, m.watch.focus, m.watch.opened
	w.player.Pause()
	return &Model{conf: m.conf, actions: m.actions, lang: m.lang, theme: m.theme, width: m.width, height: m.height, watch: w}
}

// castWriter writes frames, of each only the rows that have changed.
type castWriter struct {
	w    *bufio.Writer
	at   time.Duration
	rows []string
	err  error
}

func (c *castWriter) header(width, height int, title string) {
	c.line(map[string]any{"version": 2, "width": width, "height": height, "title": title})
	c.output("\x1b[?25l\x1b[2J")
}

// frame draws what film shows, and lets it stand for a time.
func (c *castWriter) frame(film *Model, stands time.Duration) {
	film.draw()
	var out strings.Builder
	for y := range c.rows {
		if row := film.canvas.Line(y); row != c.rows[y] {
			c.rows[y] = row
			fmt.Fprintf(&out, "\x1b[%d;1H\x1b[2K%s", y+1, row) // erased first: behind the last column it would be erased
		}
	}
	if out.Len() > 0 {
		c.output(out.String())
	}
	c.at += stands
}

func (c *castWriter) output(s string) { c.line([]any{c.at.Seconds(), "o", s}) }

func (c *castWriter) line(v any) {
	if c.err != nil {
		return
	}
	var encoded []byte
	if encoded, c.err = json.Marshal(v); c.err == nil {
		_, c.err = c.w.Write(append(encoded, '\n'))
	}
}
