package sequence

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// Carried is a message of a stream: one that has bytes.
type Carried struct {
	Envelope *proto.Envelope // not to be changed
	Kind     Kind
	Label    text.Text // what stands on its arrow
	From, To string    // the names of the peers; "" if that is not known

	// Left and Arrived are the numbers of the events that tell that it did: 0 if none does. One that has not left was dropped, or its
	// write failed.
	Left, Arrived uint64

	// Conn is an end of the connection that it belongs to: the sender's if Outgoing, else the receiver's. It is zero if there is none.
	Conn     timeline.ConnKey
	Outgoing bool
}

// Carried returns all messages of streams, in the order in which they were heard of first, also those that were dropped before they left.
func (d *Diagram) Carried() []Carried {
	var all []Carried
	for _, m := range d.messages.all {
		if m.same != 0 || m.signal != noSignal || m.envelope == nil {
			continue
		}
		c := Carried{Envelope: m.envelope, Kind: m.kind, Label: d.labelOf(m), From: d.nameOf(m.from), To: d.nameOf(m.to)}
		if m.departs >= 0 {
			if departure := d.entries.all[m.departs].event; departure.Step.Step != trace.ConnDrop && departure.Step.Err == nil {
				c.Left = departure.N
			}
		}
		if m.arrives >= 0 {
			arrival := d.entries.all[m.arrives]
			c.Arrived = arrival.event.N
			if arrival.conn != nil {
				c.Conn = arrival.conn.key
			}
		}
		if m.conn != nil {
			c.Conn, c.Outgoing = m.conn.key, true
		}
		all = append(all, c)
	}
	return all
}
