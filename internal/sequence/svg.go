package sequence

// An SVG picture of a diagram: a file of its own, without scripts and without fonts from elsewhere, in colours that the colour-blind
// tell apart, and never by colour alone.

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"gossipscope/internal/narrate"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// fonts have Chinese on every system that has any.
const fonts = "'Segoe UI','Helvetica Neue','Noto Sans','Noto Sans CJK SC','Noto Sans SC','PingFang SC','Hiragino Sans GB'," +
	"'Microsoft YaHei','WenQuanYi Micro Hei',sans-serif"

// The colours of messages; shapes say the same.
var colours = map[Kind]string{
	Handshake: "#EE7733", Data: "#0077BB", Ack: "#009988", Ping: "#555555", Unreadable: "#CC3311", Connection: "#777777",
}

const (
	ink     = "#1A1A1A"
	faint   = "#6B6B6B"
	wrong   = "#CC3311"
	thread  = "#B8BEC6"
	chapter = "#DCE8F4"
	spoken  = "#FAF7EC"
)

// SVG writes the diagram as a picture. The same diagram always gives the same bytes.
func (d *Diagram) SVG(w io.Writer, x Export) error {
	p := d.picture(x)
	c := &canvas{w: bufio.NewWriter(w), layout: newLayout(p, x.Lang, x.Title)}
	items := c.legendItems()
	c.height = c.legendTop + c.legendHeight(items) + margin
	c.begin()
	c.lifelines()
	for i := range c.strips {
		c.band(&c.strips[i])
	}
	c.heads()
	for i := range c.strips {
		c.arrows(i)
	}
	for _, write := range c.labels {
		write()
	}
	for i := range c.strips {
		c.marks(&c.strips[i])
		c.words(&c.strips[i])
	}
	c.legend(items)
	c.printf("</svg>\n")
	return c.w.Flush()
}

// canvas is one picture being written.
type canvas struct {
	w *bufio.Writer // which keeps the first error until Flush
	*layout
	labels []func() // of arrows, to be written when all of them are drawn
}

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(c.w, format, args...) }

func (c *canvas) begin() {
	lang := "en"
	if c.lang == text.Chinese {
		lang = "zh-CN"
	}
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %[1]g %[2]g" role="img" xml:lang="%[3]s" `+
		`font-family="%[4]s" font-size="%[5]d" fill="%[6]s">`+"\n", c.width, c.height, lang, fonts, fontSize, ink)
	if c.title != "" {
		c.printf("<title>%s</title>\n", escapeXML(c.title))
	}
	c.printf(`<rect width="100%%" height="100%%" fill="#FFFFFF"/>` + "\n")
	y := margin
	if c.title != "" {
		y += titleHeight
		c.printf(`<text x="%g" y="%g" font-size="20" font-weight="bold">%s</text>`+"\n", margin, margin+18, escapeXML(c.title))
	}
	if c.p.rows > 0 {
		last := c.p.v.d.entries.all[c.p.v.d.entryOf(c.p.n)].event
		c.label(margin, y+10, faint, says.upTo.with(last.N, span(last.At)).In(c.lang), "")
	}
}

// label writes one line of text.
func (c *canvas) label(x, y float64, colour, s, more string) {
	if s != "" {
		c.printf(`<text x="%.1f" y="%.1f" fill="%s"%s>%s</text>`+"\n", x, y, colour, more, escapeXML(s))
	}
}

// onLine is for text that crosses lines: a rim of the ground's colour keeps it readable.
const onLine = ` stroke="#FFFFFF" stroke-width="4" stroke-linejoin="round" paint-order="stroke"`

func (c *canvas) heads() {
	for i, lane := range c.lanes {
		width, y := c.headWidth(i), c.top-headHeight-8
		dash := ""
		if lane.Intruder {
			dash = ` stroke-dasharray="5 3"`
		}
		c.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%g" rx="6" fill="#F4F6F8" stroke="%s" stroke-width="1.4"%s/>`+"\n",
			c.x[i]-width/2, y, width, headHeight, faint, dash)
		middle := ` text-anchor="middle"`
		c.label(c.x[i], y+19, ink, lane.Peer, middle+` font-weight="bold" font-size="15"`)
		c.label(c.x[i], y+36, faint, c.headLine(i), middle+` font-size="11"`)
	}
}

// lifelines draws each lane where its peer lives, dotted where time is folded.
func (c *canvas) lifelines() {
	for lane := range c.lanes {
		dash := ""
		if c.lanes[lane].Goroutine != "" {
			dash = ` stroke-opacity="0.6"`
		}
		for i := 0; i < len(c.strips); {
			if !c.p.Alive(lane, i) {
				i++
				continue
			}
			first := i
			for i < len(c.strips) && c.p.Alive(lane, i) {
				i++
			}
			from, to := c.strips[first].top, c.strips[i-1].top+c.strips[i-1].height
			if first > 0 || c.born(lane, first) {
				from = c.lifeEnds(lane, first, from)
			}
			if i < len(c.strips) || c.dies(lane, i-1) {
				to = c.lifeEnds(lane, i-1, to)
			}
			c.printf(`<line x1="%.1f" y1="%.1f" x2="%.1[1]f" y2="%.1[3]f" stroke="%[4]s" stroke-width="1.5"%[5]s/>`+"\n", c.x[lane], from, to, thread, dash)
		}
	}
}

// born and dies report whether a row is a birth, or a death, of the lane's peer.
func (c *canvas) born(lane, row int) bool { return c.isOf(lane, row, timeline.KindBirth) }
func (c *canvas) dies(lane, row int) bool { return c.isOf(lane, row, timeline.KindDeath) }

func (c *canvas) isOf(lane, row int, what timeline.Kind) bool {
	return c.strips[row].What == what && c.strips[row].Peer == c.lanes[lane].Peer
}

// lifeEnds puts the end of a lifeline at the mark of the birth or the death, if the row is one.
func (c *canvas) lifeEnds(lane, row int, y float64) float64 {
	if c.born(lane, row) || c.dies(lane, row) {
		return c.strips[row].blocks[0].y
	}
	return y
}

// band draws the ground of what goes across the picture.
func (c *canvas) band(s *strip) {
	if !s.across {
		return
	}
	ground := spoken
	switch s.What {
	case timeline.KindTitle:
		ground = chapter
	case Quiet, timeline.KindGap:
		ground = "#FFFFFF"
	case timeline.KindPromise:
		ground = "#F2F8F5"
		if s.Status == narrate.Failing {
			ground = "#FBEDEA"
		}
	}
	x, width := margin, c.width-2*margin
	if s.What == Quiet {
		x, width = margin+clockWidth, c.lanesRight-margin-clockWidth
	}
	c.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="4" fill="%s"/>`+"\n", x, s.top+2, width, s.height-4, ground)
}

// words writes what a row says.
func (c *canvas) words(s *strip) {
	if s.What == Quiet {
		middle := (margin + clockWidth + c.lanesRight) / 2
		c.label(middle, s.blocks[0].y+5, faint, s.Text.In(c.lang), ` text-anchor="middle" font-style="italic"`+onLine)
		return
	}
	for i := range s.blocks {
		b := &s.blocks[i]
		if s.across {
			c.lines(margin+12, b, c.weight(s))
			continue
		}
		if i < len(s.Events) {
			c.label(margin+40, b.y+5, faint, fmt.Sprint(s.Events[i]), ` text-anchor="end" font-size="11"`)
		}
		room := int((c.textX - c.stepX - 12) * fontSize / stepSize / cellWidth)
		c.label(c.stepX, b.y+5, faint, shorten(stepLine(b.t), room), fmt.Sprintf(` font-size="%g"`, stepSize))
		c.lines(c.textX, b, c.weight(s))
	}
	if !s.across {
		c.label(margin+clockWidth-12, s.blocks[0].y+5, faint, clock(s.At), ` text-anchor="end" font-size="11"`)
	}
}

func (c *canvas) weight(s *strip) string {
	if s.What == timeline.KindTitle || s.What == timeline.KindAct {
		return ` font-weight="bold"`
	}
	return ""
}

func (c *canvas) lines(x float64, b *block, more string) {
	for i, line := range slices.Concat(b.lines, b.lost) {
		colour := ink
		if b.t.Status == narrate.Failing || i >= len(b.lines) {
			colour = "#A3260B" // of wrong, as dark as small letters need
		}
		c.label(x, b.y+5+float64(i)*lineHeight, colour, line, more)
	}
}

// marks draws on the lanes what is not an arrow.
func (c *canvas) marks(s *strip) {
	switch {
	case s.What == timeline.KindLink && s.Lane >= 0 && s.Far >= 0:
		c.lineMark(s)
		return
	case s.Lane < 0:
		return
	}
	for i := range s.blocks {
		b := &s.blocks[i]
		if b.t.Lane < 0 {
			continue
		}
		x := c.x[b.t.Lane]
		switch {
		case s.What == timeline.KindAct:
			c.printf(`<path d="M%.1f %.1fl9 5l-9 5z" fill="%s"/>`+"\n", x-4, b.y-5, ink)
		case s.What == timeline.KindBirth:
			c.printf(`<circle cx="%.1f" cy="%.1f" r="5" fill="#FFFFFF" stroke="%s" stroke-width="2"/>`+"\n", x, b.y, faint)
		case s.What == timeline.KindDeath && b.t.Status != narrate.Failing:
			c.printf(`<path d="M%.1f %.1fh18" stroke="%s" stroke-width="3"/>`+"\n", x-9, b.y, faint)
		case s.Departs != nil && s.Arrives == nil: // its own mark stands there; if it is lost it has a cross where it ends
		case b.t.Status == narrate.Failing:
			c.cross(x, b.y, 5)
		case c.isArrow(s, b):
		case b.t.Status == narrate.Ahead:
			c.printf(`<circle cx="%.1f" cy="%.1f" r="3.4" fill="#FFFFFF" stroke="%s" stroke-width="1.4"/>`+"\n", x, b.y, faint)
		default:
			c.printf(`<circle cx="%.1f" cy="%.1f" r="3.4" fill="%s"/>`+"\n", x, b.y, faint)
		}
	}
}

// isArrow reports whether an arrow begins or ends where a block stands: then it needs no other mark.
func (c *canvas) isArrow(s *strip, b *block) bool {
	return b.t == s.Then || s.Departs != nil || s.Arrives != nil
}

// lineMark draws what happens to a line, between the two lanes that it joins.
func (c *canvas) lineMark(s *strip) {
	x1, x2, y := c.x[s.Lane], c.x[s.Far], s.blocks[0].y
	if x1 == x2 {
		x2 += 40
	}
	c.printf(`<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-width="1.4" stroke-dasharray="2 4" fill="none"/>`+"\n", x1, y, x2, faint)
	if s.Status == narrate.Failing {
		c.cross((x1+x2)/2, y, 6)
	}
}

func (c *canvas) cross(x, y, r float64) {
	c.printf(`<path d="M%.1f %.1fl%.1f %.1[3]fm0 -%.1[3]fl-%.1[3]f %.1[3]f" stroke="%[5]s" stroke-width="2.4" fill="none"/>`+"\n", x-r, y-r, 2*r, 2*r, wrong)
}

func escapeXML(s string) string {
	var out strings.Builder
	xml.EscapeText(&out, []byte(s)) // a strings.Builder has no errors
	return out.String()
}
