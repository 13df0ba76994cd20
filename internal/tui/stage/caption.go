package stage

// What the message of the event says, written beside its mark and moving with it.

import (
	"unicode/utf8"

	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/proto"
)

// maxCaption bounds a caption, in cells.
const maxCaption = 28

// captionOf returns what the message of the event says, "" if it is about none.
func captionOf(s *scene.Scene) string {
	if s.Event == nil || s.Event.Step == nil {
		return ""
	}
	return canvas.Fit(contentOf(s, s.Event.Step.Envelope), maxCaption)
}

func contentOf(s *scene.Scene, envelope *proto.Envelope) string {
	if envelope == nil {
		return ""
	}
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return s.Say(says.unreadable)
	}
	switch {
	case msg.IsAck() && msg.GetAck().GetError() != "":
		return s.Say(says.refusal, text.Printable(msg.GetAck().GetError()))
	case msg.IsAck():
		return s.Say(says.ack)
	case msg.GetConn() != nil:
		return "ConnEstablish"
	case msg.IsDataMsg():
		data := msg.GetDataMsg().GetPayload().GetData()
		if len(data) == 0 || !utf8.Valid(data) {
			return s.Say(says.data)
		}
		return s.Say(says.quoted, text.Printable(string(data)))
	}
	return text.Printable(msg.ContentName())
}

// drawCaption writes the caption below the mark that moves, or, if none does, below the end of the line at which the event is. Where that
// would cover something it is left out.
func (p *picture) drawCaption(r canvas.Region, s *scene.Scene, l *line) {
	if p.caption == "" || !l.current {
		return
	}
	at := 0
	if l.to == p.bubble.peer && l.from != p.bubble.peer {
		at = len(l.cells) - 1
	}
	for _, m := range l.marks {
		if m.from != m.at || m.dropped {
			at = l.spot(m, s.Progress)
		}
	}
	c, corridor, room := l.cells[at], p.lay.corridor, canvas.Width(p.caption)
	x := max(corridor.x+1, min(c.x-room/2, corridor.x+corridor.w-1-room))
	if p.free(x-1, c.y+1, room+2) {
		r.Fit(x, c.y+1, corridor.w-2, s.Theme.Strong, p.caption)
	}
}

// free reports whether nothing stands or runs in these cells of the corridor.
func (p *picture) free(x, y, w int) bool {
	if y >= p.lay.corridor.h {
		return false
	}
	for i := range w {
		if c := (cell{x + i, y}); p.ways.flat[c] || p.ways.tall[c] {
			return false
		}
	}
	return true
}
