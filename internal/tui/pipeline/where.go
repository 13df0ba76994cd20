package pipeline

// The sentence: where a message is, and what keeps it there.

import (
	"fmt"
	"strings"

	"gossipscope/comm/trace"
	"gossipscope/internal/session"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/tables/terms"
	"gossipscope/proto"
)

// label names message i of a way as a sentence does.
func (c *chart) label(w *way, i int) string { return c.name(w, w.list[i], w.numbers[i]) }

func (c *chart) name(w *way, m *timeline.Message, n uint64) string {
	number, content := "", c.p.says.of(c.s.Lang, m)
	if n != 0 {
		number = fmt.Sprint(" ", n)
	}
	t, args := says.message, []any{number, content}
	switch {
	case m.Kind == timeline.HandshakeMessage:
		t, args = says.hello, []any{w.from.name}
	case first(m):
		t, args = says.firstMessage, []any{w.from.name}
	case m.Kind == timeline.AckMessage && m.Refusal != "":
		t = says.refusal
	case m.Kind == timeline.AckMessage:
		t, args = says.ack, []any{number}
	}
	s := strings.Join(strings.Fields(c.s.Say(t, args...)), " ")
	if c.s.Lang == text.Chinese && s[len(s)-1] < 0x80 {
		s += " "
	}
	return s
}

// where answers the question, for the message that is chosen.
func (c *chart) where() string {
	w, i := c.v.way(), c.v.chosen
	if m := w.move; m.any() && m.index < 0 && c.s.Selected.Kind != scene.SelectMessage {
		return c.stop(c.s.Say(because.overflow, c.name(w, m.mark, 0), w.from.name, terms.Reason(c.s.Lang, m.mark.Drop.Reason)))
	}
	if i < 0 {
		return c.stop(c.s.Say(because.none, w.from.name, w.to.name), c.idle(w))
	}
	st := w.at[i]
	if st >= stations && c.s.Selected.Kind != scene.SelectMessage {
		return c.stop(c.gone(w, i), c.closing())
	}
	if st >= stations {
		return c.gone(w, i)
	}
	at := w.to.name
	if st == outBuff || st == writer {
		at = w.from.name
	}
	rest := []string{c.why(w, i)}
	if p := w.to.peer; st == subscription && p != nil && len(p.Subscriptions) == 1 {
		rest = append(rest, c.s.Say(because.inQueue, terms.Fill(w.queued(subscription))))
	}
	if _, full := w.fullSubscription(); full && st >= wire && st < subscription { // what began it all
		rest = append(rest, c.subscriberStopped(w))
	}
	return c.stop(append([]string{c.s.Say(whereIs[st], c.label(w, i), at, w.rank(i))}, rest...)...)
}

// stop joins the parts of a sentence and ends it.
func (c *chart) stop(parts ...string) string {
	semicolon, full := "；", "。"
	if c.s.Lang != text.Chinese {
		semicolon, full = "; ", "."
	}
	var said []string
	for _, part := range parts {
		if part = strings.TrimRight(part, "。."); part != "" {
			said = append(said, strings.TrimSpace(part))
		}
	}
	s := strings.Join(said, semicolon) + full
	if c.s.Lang != text.Chinese {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

// why says what keeps message i where it is.
func (c *chart) why(w *way, i int) string {
	switch st := w.at[i]; st {
	case outBuff:
		return c.whyQueued(w, i)
	case writer:
		if l := w.line; c.heldAt(w, writer) == nil && l != nil && l.Frozen.Set() {
			return c.stopless(c.does(w.from, writer), c.s.Say(because.frozen))
		}
		return c.does(w.from, writer)
	case wire:
		return c.whyOnTheWay(w)
	case reader:
		if w.list[i].Kind == timeline.AckMessage {
			return c.s.Say(because.isAck)
		}
		if w.full(msgChan) {
			return c.s.Say(because.msgChanFull, terms.Fill(w.queued(msgChan)))
		}
	case msgChan:
		if busy := w.holds[service]; len(busy) > 0 {
			return c.stopless(c.s.Say(because.serviceHolds, c.label(w, busy[0])), c.serviceStuck(w))
		}
		if c.heldAt(w, service) != nil {
			return c.does(w.to, service)
		}
		return c.s.Say(because.serviceNext)
	case service:
		return c.whyService(w)
	case subscription:
		if h := c.heldAt(w, subscriber); h != nil {
			return c.s.Say(because.whichIsHeld, c.s.Say(because.handNext), c.held(h))
		}
		if w.stopped.Set() {
			return c.s.Say(because.handStopped, c.subscriberStopped(w))
		}
		return c.s.Say(because.handNext)
	case subscriber:
		if h := c.heldAt(w, subscriber); h != nil {
			return c.held(h)
		}
	}
	return ""
}

func (c *chart) stopless(parts ...string) string {
	comma := "，"
	if c.s.Lang != text.Chinese {
		comma = ", "
	}
	var said []string
	for _, part := range parts {
		if part != "" {
			said = append(said, strings.TrimSpace(part))
		}
	}
	return strings.Join(said, comma)
}

func (c *chart) whyQueued(w *way, i int) string {
	g, begun := w.from.goroutine(trace.WriterGoroutine)
	switch {
	case !begun && w.from.conn != nil && w.from.conn.Phase < timeline.PhaseAuthenticating:
		return c.s.Say(because.dialling)
	case !begun:
		return c.s.Say(because.handshake)
	case !g.Alive:
		return c.s.Say(because.writerGone)
	}
	if busy := w.holds[writer]; len(busy) > 0 {
		said := c.s.Say(because.writerHolds, c.label(w, busy[0]))
		if h := c.heldAt(w, writer); h != nil {
			return c.stopless(said, c.held(h))
		}
		return said
	}
	if c.heldAt(w, writer) != nil {
		return c.does(w.from, writer)
	}
	if w.rank(i) == 1 {
		return c.s.Say(because.writerNext)
	}
	return ""
}

func (c *chart) whyOnTheWay(w *way) string {
	if l := w.line; l != nil && l.Frozen.Set() {
		return c.s.Say(because.frozen)
	}
	if w.to.dark() {
		return c.s.Say(because.unseen)
	}
	if h := c.heldAt(w, reader); h != nil {
		return c.s.Say(because.readerHeld, w.to.name, c.held(h))
	}
	if len(w.holds[reader]) > 0 {
		return c.s.Say(because.readerBlocked, w.to.name)
	}
	if l := w.line; l != nil && l.Lag > 0 {
		return c.s.Say(because.late, l.Lag)
	}
	if g, begun := w.to.goroutine(trace.ReaderGoroutine); begun && g.WaitsFor() == timeline.ForStream {
		return c.s.Say(because.readerComes, w.to.name)
	}
	return ""
}

func (c *chart) whyService(w *way) string {
	if stuck := c.serviceStuck(w); stuck != "" {
		return stuck
	}
	return c.does(w.to, service)
}

// serviceStuck says what the service cannot get past, "" if nothing is known.
func (c *chart) serviceStuck(w *way) string {
	var said []string
	g, _ := w.to.goroutine(trace.ServiceGoroutine)
	if sub, full := w.fullSubscription(); full && g.At == trace.DemuxDeliver {
		said = append(said, c.s.Say(because.subscriptionFull, sub.Number, terms.Fill(inQueue(sub), sub.Queue.Cap)))
	}
	if c.heldAt(w, service) != nil {
		said = append(said, c.does(w.to, service))
	}
	return c.stopless(said...)
}

// closing says who closed the connection first, and why; "" if nobody has.
func (c *chart) closing() string {
	var first *timeline.Connection
	for _, e := range c.v.stream.Ends() {
		if e.Close.Set() && (first == nil || e.Close.N < first.Close.N) {
			first = e
		}
	}
	switch {
	case first == nil:
		return ""
	case first.Close.Reason == "":
		return c.s.Say(because.closedByPlain, printable(first.Key.Peer))
	}
	return c.s.Say(because.closedBy, printable(first.Key.Peer), terms.Meaning(c.s.Lang, first.Close.Reason))
}

// gone is the sentence for a message that is nowhere any more.
func (c *chart) gone(w *way, i int) string {
	m, label := w.list[i], c.label(w, i)
	switch {
	case w.at[i] == abandoned && m.Place() == timeline.Moved:
		return c.stop(c.s.Say(because.moved, label))
	case w.at[i] == abandoned && m.Place() == timeline.OnTheWay && w.cut():
		return c.stop(c.s.Say(because.lostOnTheWay, label, w.to.name))
	case w.at[i] == abandoned && m.Place() == timeline.OnTheWay:
		return c.stop(c.s.Say(because.lostUnread, label, w.to.name))
	case w.at[i] == abandoned && m.Place() != timeline.GivenUp:
		place := terms.Place(m.Place()).In(c.s.Lang)
		if c.s.Lang == text.Chinese && place[0] < 0x80 {
			place = " " + place
		}
		return c.stop(c.s.Say(because.lost, label, place))
	case w.at[i] == abandoned:
		if m.Drop.Reason == "" {
			return c.stop(c.s.Say(because.gaveUp, label))
		}
		return c.stop(c.s.Say(because.gaveUpWhy, label, terms.Reason(c.s.Lang, m.Drop.Reason)))
	case first(m) && i == len(w.list)-1 && c.s.Selected.Kind != scene.SelectMessage:
		return c.stop(c.s.Say(because.serving, w.from.name, w.to.name))
	case first(m):
		return c.stop(c.s.Say(because.helloDone, label, w.to.name))
	case m.Kind == timeline.AckMessage && w.awaited(m):
		return c.stop(c.s.Say(because.ackGiven, label, w.to.name))
	case m.Kind == timeline.AckMessage:
		return c.stop(c.s.Say(because.ackLate, label, w.to.name))
	case m.Unclaimed:
		return c.stop(c.s.Say(because.unclaimed, label, w.to.name))
	}
	if m.Marks[timeline.Acked].Set() { // who has acknowledged it has got it
		return c.stop(c.s.Say(because.delivered, label, w.to.name), c.ackOf(w, m))
	}
	return c.stop(c.s.Say(because.offered, label, w.to.name), c.subscriberStopped(w), c.ackOf(w, m))
}

// subscriberStopped says that the subscriber of a way does not read, "" if it does.
func (c *chart) subscriberStopped(w *way) string {
	if !w.stopped.Set() {
		return ""
	}
	return c.s.Say(because.stopped, w.to.name, w.sinceStopped())
}

// awaited reports whether somebody at the end that received an acknowledgement was given it.
func (w *way) awaited(m *timeline.Message) bool {
	if w.to.peer == nil {
		return false
	}
	for _, wait := range w.to.peer.Waits {
		if wait.Nonce == m.Nonce && wait.Arrived.N == m.Marks[timeline.Handled].N {
			return true
		}
	}
	return false
}

// ackOf says what is known of the acknowledgement of a message, "" if none is waited for.
func (c *chart) ackOf(w *way, m *timeline.Message) string {
	switch {
	case m.Marks[timeline.Acked].Set():
		return c.s.Say(because.acked)
	case w.awaits(m):
		return c.s.Say(because.awaiting, w.from.name)
	}
	return ""
}

// awaits reports whether the sender waits for the acknowledgement of a message.
func (w *way) awaits(m *timeline.Message) bool {
	if w.from.peer == nil || m.Nonce == 0 {
		return false
	}
	for _, wait := range w.from.peer.Waits {
		if wait.Nonce == m.Nonce && w.from.conn != nil && string(wait.Peer) == string(w.from.conn.PKIID) && !wait.Result.Set() {
			return true
		}
	}
	return false
}

// idle says what the writer does where there is no message to speak of.
func (c *chart) idle(w *way) string {
	g, begun := w.from.goroutine(trace.WriterGoroutine)
	if !begun || g.WaitsFor() == timeline.NoWait {
		return ""
	}
	return c.does(w.from, writer)
}

// does says what the goroutine of a station does, in the words of all views.
func (c *chart) does(e end, st station) string {
	if h := heldIn(c.s, e, roles[st]); h != nil {
		return c.s.Say(because.toBeHeld, roles[st], c.held(h))
	}
	g, _ := e.goroutine(roles[st])
	return c.s.Say(because.does, roles[st], c.s.Say(terms.Doing(g, terms.NoRoom(e.peer, e.conn, g))))
}

func (c *chart) held(h *session.Held) string { return terms.Held(c.s.Lang, h.Step) }

// heldAt returns who of the goroutines of a station is held, nil if nobody is.
func (c *chart) heldAt(w *way, st station) *session.Held {
	role, known := roles[st]
	if !known {
		return nil
	}
	e := w.to
	if st == writer {
		e = w.from
	}
	return heldIn(c.s, e, role)
}

var roles = map[station]trace.Goroutine{
	writer: trace.WriterGoroutine, reader: trace.ReaderGoroutine, service: trace.ServiceGoroutine, subscriber: trace.SubscriptionGoroutine,
}

func heldIn(s *scene.Scene, e end, role trace.Goroutine) *session.Held {
	if e.conn == nil {
		return nil
	}
	for i := range s.Held {
		h := &s.Held[i]
		if h.Peer != e.conn.Key.Peer || h.Goroutine != role || h.Event.Step == nil {
			continue
		}
		o := h.Event.Step.Object
		if o.Kind != trace.Connection {
			o = h.Event.Step.Subject
		}
		if o.Kind == trace.Connection && o.ID == e.conn.Key.ID {
			return h
		}
	}
	return nil
}

// contents remembers what messages say: to find out means to decode them, and a frame asks for all that it shows.
type contents map[content]string

type content struct {
	envelope *proto.Envelope
	lang     text.Lang
}

func (known contents) of(lang text.Lang, m *timeline.Message) string {
	if m.Envelope == nil {
		return ""
	}
	key := content{m.Envelope, lang}
	said, found := known[key]
	if !found {
		if len(known) > 4096 {
			clear(known)
		}
		said = terms.Content(lang, m)
		known[key] = said
	}
	return said
}
