package pipeline

// A way is one direction of a connection: from the caller at one end to the subscriber at the other. It knows what every station of the
// way holds. The two ends of a connection tell of themselves only, so a way may have one end in the dark: that of an intruder, or of a
// peer that has not said anything yet.

import (
	"fmt"
	"slices"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
)

// station is a place on the way that can hold messages.
type station int

const (
	caller       station = iota // whoever calls Send, SendWithAck, Respond or Ack
	outBuff                     // the send queue
	writer                      // the goroutine that writes the stream
	wire                        // gRPC, TLS, the kernel, the line
	reader                      // the goroutine that reads the stream, and takes acknowledgements out
	msgChan                     // the receive queue
	service                     // the goroutine that asks the demultiplexer
	subscription                // the queue of a subscription
	subscriber                  // the goroutine of the subscription, and who reads the channel that Accept returned

	stations  = 9
	done      = stations     // arrived, published, or wanted by nobody: it is nowhere any more
	abandoned = stations + 1 // given up, handed over, or lost with what held it
)

// sending are the stations of the sending end, receiving those of the other.
var (
	sending   = []station{caller, outBuff, writer}
	receiving = []station{reader, msgChan, service, subscription, subscriber}
)

func (st station) queue() bool { return st == outBuff || st == msgChan || st == subscription }

// end is one end of a connection, with the peer whose it is. The zero end is one in the dark.
type end struct {
	conn *timeline.Connection // nil in the dark
	peer *timeline.Peer
	name string // "?" if nobody can tell
}

func (e end) dark() bool { return e.conn == nil }

// goroutine returns the goroutine of that role at this end, and whether it was heard of.
func (e end) goroutine(role trace.Goroutine) (timeline.Goroutine, bool) {
	if e.conn == nil {
		return timeline.Goroutine{}, false
	}
	return e.conn.Goroutine(role)
}

// over reports whether the goroutine of that role has been there and has ended.
func (e end) over(role trace.Goroutine) bool {
	g, known := e.goroutine(role)
	return known && !g.Alive
}

// inHands counts what each subscription's goroutine of this end's peer has taken out to hand it over, whatever connection it came by.
func (e end) inHands() (counts []string, sum int) {
	if e.peer != nil {
		for _, sub := range e.peer.Subscriptions {
			counts, sum = append(counts, fmt.Sprint(sub.Handed)), sum+sub.Handed
		}
	}
	return counts, sum
}

// hand returns the subscription's goroutine that was heard of last, and whether there is one. The layer's steps do not tell those of
// several subscriptions apart.
func (e end) hand() (timeline.Goroutine, bool) {
	if e.peer != nil {
		for _, g := range e.peer.Goroutines {
			if g.Role == trace.SubscriptionGoroutine {
				return g, true
			}
		}
	}
	return timeline.Goroutine{}, false
}

// way is one direction, worked out for one moment.
type way struct {
	from, to  end
	line      *timeline.Line // nil if there is none, or it is not known
	list      []*timeline.Message
	forgotten int      // of the end by which selections count; see Panel.selection
	numbers   []uint64 // of each message; what still waits has the number that it will get; 0 for what never will
	at        []station
	holds     [stations][]int // which of list, the next to leave first
	finished  int             // how many have arrived, or were wanted by nobody
	lost      int             // how many were given up or lost
	refused   []*timeline.Message
	move      movement
	inHand    []*timeline.Event // at which subscriptions' goroutines of the receiving peer are held before they hand over
	stopped   timeline.Mark     // since when a subscriber of the receiving peer does not read; not set if it does
}

// movement is what the event of the moment did to a message of the way.
type movement struct {
	index    int // in list; -1 for none
	from, to station
	mark     *timeline.Message
}

func (m movement) any() bool { return m.mark != nil }

func newWay(s *scene.Scene, from, to end, line *timeline.Line, list []*timeline.Message) way {
	w := way{from: from, to: to, line: line, list: list, numbers: make([]uint64, len(list)), at: make([]station, len(list)), move: movement{index: -1}}
	if to.peer != nil {
		w.inHand, w.stopped = terms.InHand(s, to.peer.Birth.Name), terms.StoppedReading(s, to.peer)
	}
	next := uint64(1)
	for _, m := range list {
		next = max(next, m.Number)
	}
	for i, m := range list {
		w.numbers[i] = m.Number
		if m.Place() == timeline.InOutBuff {
			next++
			w.numbers[i] = next
		}
		st := w.place(m)
		w.at[i] = st
		switch st {
		case done:
			w.finished++
		case abandoned:
			w.lost++
		default:
			w.holds[st] = append(w.holds[st], i)
		}
	}
	if from.conn != nil {
		w.refused = from.conn.Overflowed()
	}
	if s.Event != nil {
		w.findMovement(s.State.N)
	}
	return w
}

// place returns where a message is, which is nowhere once those who held it have ended.
func (w *way) place(m *timeline.Message) station {
	switch m.Place() {
	case timeline.InOutBuff:
		return outBuff
	case timeline.WithWriter:
		return orLost(writer, w.from.over(trace.WriterGoroutine) || w.from.closed())
	case timeline.OnTheWay:
		return orLost(wire, w.to.over(trace.ReaderGoroutine) || w.cut() || w.to.closed())
	case timeline.WithReader:
		return orLost(reader, w.to.over(trace.ReaderGoroutine) || w.to.closed())
	case timeline.InMsgChan:
		return orLost(msgChan, w.to.over(trace.ServiceGoroutine))
	case timeline.WithService:
		if m.Kind != timeline.DataMessage || m.Unclaimed || first(m) {
			return done
		}
		return orLost(service, w.to.over(trace.ServiceGoroutine))
	case timeline.InSubscription:
		return orLost(subscription, w.to.peer != nil && !w.to.peer.Alive())
	case timeline.WithSubscriber:
		// No event says that it has been handed over. While the goroutine that has it is held, it has not been.
		if slices.ContainsFunc(w.inHand, func(e *timeline.Event) bool { return e.N == m.Handed.N }) {
			return subscriber
		}
		return done
	}
	return abandoned
}

// first reports whether a message is the first of its direction: it should be a ConnEstablish, and whatever it is, the handshake has it.
func first(m *timeline.Message) bool { return m.Number == 1 }

func orLost(st station, lost bool) station {
	if lost {
		return abandoned
	}
	return st
}

// closed reports whether the connection has ended and had no goroutines to hold anything; where it has, they decide.
func (e end) closed() bool {
	return e.conn != nil && e.conn.Phase == timeline.PhaseClosed
}

// cut reports whether nothing can arrive any more.
func (w *way) cut() bool { return w.line != nil && !w.line.Open && w.line.Closed.Set() }

// findMovement looks for what the event of that number has done: the message that bears its mark.
func (w *way) findMovement(now uint64) {
	if now == 0 {
		return
	}
	for i, m := range w.list {
		if from, to, moved := movedAt(m, now); moved {
			w.move = movement{index: i, from: from, to: to, mark: m}
			return
		}
	}
	for _, m := range w.refused {
		if m.Drop.N == now {
			w.move = movement{index: -1, from: caller, to: abandoned, mark: m}
		}
	}
}

// sinceStopped counts the messages of this way that were offered to a subscriber since he stopped reading.
func (w *way) sinceStopped() int {
	return w.count(func(i int) bool { return w.at[i] == done && w.list[i].Handed.N > w.stopped.N })
}

func movedAt(m *timeline.Message, now uint64) (from, to station, moved bool) {
	switch now {
	case m.Handed.N:
		return subscription, subscriber, true
	case m.Delivered.N:
		return service, subscription, true
	case m.Marks[timeline.Handled].N:
		if m.Kind == timeline.DataMessage && !first(m) {
			return msgChan, service, true
		}
		return reader, done, true
	case m.Queued.N:
		return reader, msgChan, true
	case m.Marks[timeline.Received].N:
		return wire, reader, true
	case m.Drop.N:
		if m.Taken.Set() {
			return writer, abandoned, true
		}
		return outBuff, abandoned, true
	case m.Marks[timeline.Written].N:
		return writer, wire, true
	case m.Taken.N:
		if first(m) {
			return caller, writer, true // never in the queue: whoever runs the handshake writes it
		}
		return outBuff, writer, true
	case m.Marks[timeline.Enqueued].N:
		return caller, outBuff, true
	}
	return 0, 0, false
}

// rank returns at which place of its queue a message waits, from 1; 0 if it waits nowhere.
func (w *way) rank(i int) int {
	if i < 0 || w.at[i] >= stations {
		return 0
	}
	return slices.Index(w.holds[w.at[i]], i) + 1
}

// queued returns how many messages the queue at a station holds, and how many it can hold; 0 for what is not known.
func (w *way) queued(st station) (length, capacity int) {
	switch {
	case st == outBuff && w.from.conn != nil:
		return len(w.holds[outBuff]), w.from.conn.OutBuff.Cap
	case st == msgChan && w.to.conn != nil:
		return len(w.holds[msgChan]), w.to.conn.MsgChan.Cap
	case st == subscription && w.to.peer != nil:
		for _, sub := range w.to.peer.Subscriptions {
			length, capacity = length+inQueue(sub), capacity+sub.Queue.Cap
		}
		return length, capacity
	}
	return 0, 0
}

// inQueue counts what a subscription's queue holds: what went in, less what its goroutine has taken out.
func inQueue(sub timeline.Subscription) int { return max(0, sub.Delivered-sub.Handed) }

// full reports whether the queue at a station has no room.
func (w *way) full(st station) bool {
	length, capacity := w.queued(st)
	return capacity > 0 && length >= capacity
}

// fullSubscription returns the first subscription without room.
func (w *way) fullSubscription() (timeline.Subscription, bool) {
	if w.to.peer != nil {
		for _, sub := range w.to.peer.Subscriptions {
			if sub.Queue.Cap > 0 && inQueue(sub) >= sub.Queue.Cap {
				return sub, true
			}
		}
	}
	return timeline.Subscription{}, false
}
