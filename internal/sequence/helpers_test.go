package sequence

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// session plays something in a lab in virtual time and returns all its events.
func session(t *testing.T, play func(t *testing.T, lb *lab.Lab)) []timeline.Event {
	t.Helper()
	var events []timeline.Event
	synctest.Test(t, func(t *testing.T) {
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Policy: lab.Seeded(0, synctest.Wait), Recorder: timeline.NewRecorder(1 << 14)})
		if err != nil {
			t.Fatal(err)
		}
		play(t, lb)
		time.Sleep(time.Second) // the network comes to rest before it is torn down
		lb.Close()
		_, events = lb.Recorder().Snapshot()
	})
	return events
}

func newPeer(t *testing.T, lb *lab.Lab, name string) *lab.Peer {
	t.Helper()
	p, err := lb.NewPeer(name, lab.PeerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// diagramOf appends events to a new diagram.
func diagramOf(events []timeline.Event) *Diagram {
	d := New()
	for _, e := range events {
		d.Append(e)
	}
	return d
}

// rowsOf returns all rows of a picture.
func rowsOf(p Picture) []Row {
	var rows []Row
	for i := range p.Len() {
		rows = append(rows, p.Row(i))
	}
	return rows
}

// arrowsOf returns the arrows of a picture, each once, in the order of their first row.
func arrowsOf(p Picture) []Arrow {
	var list []Arrow
	seen := map[MessageID]bool{}
	for _, r := range rowsOf(p) {
		for _, a := range []*Arrow{r.Arrives, r.Departs} {
			if a != nil && !seen[a.Message] {
				seen[a.Message] = true
				list = append(list, *a)
			}
		}
	}
	return list
}

// theArrow returns the one arrow with that label in English.
func theArrow(t *testing.T, p Picture, label string) Arrow {
	t.Helper()
	var found []Arrow
	for _, a := range arrowsOf(p) {
		if a.Label.En == label {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d arrows say %q: %+v", len(found), label, found)
	}
	return found[0]
}

// stepAt returns the step of event n, "" if it is none.
func (d *Diagram) stepAt(n uint64) trace.Step {
	if i := d.entryOf(n); i >= 0 && d.entries.all[i].event.N == n && d.entries.all[i].event.Step != nil {
		return d.entries.all[i].event.Step.Step
	}
	return ""
}

// steps returns the steps of a picture's rows.
func steps(p Picture) []string {
	var list []string
	for _, r := range rowsOf(p) {
		list = append(list, string(r.Step))
		if r.Then != nil {
			list = append(list, string(r.Then.Step))
		}
	}
	return list
}

// script writes events by hand, where a lab would not tell them in the order that a test needs.
type script struct {
	events []timeline.Event
	clock  time.Duration
}

func (s *script) add(e timeline.Event) uint64 {
	s.clock += time.Millisecond
	e.N, e.At = uint64(len(s.events))+1, s.clock
	s.events = append(s.events, e)
	return e.N
}

func (s *script) pass(d time.Duration) { s.clock += d }

func (s *script) diagram() *Diagram { return diagramOf(s.events) }

func (s *script) born(names ...string) {
	for _, name := range names {
		s.add(timeline.Event{Kind: timeline.KindBirth, Peer: name, Birth: &timeline.Birth{Name: name, Organisation: "Org1",
			PKIID: []byte(name), Endpoint: endpointOf(name)}})
	}
}

func (s *script) died(name, cause string) {
	s.add(timeline.Event{Kind: timeline.KindDeath, Peer: name, Death: &timeline.Death{Cause: cause}})
}

func (s *script) link(name, change string, dialer string) uint64 {
	line := timeline.Line{Link: timeline.Link{Name: name}}
	_, listener, _ := line.Peers()
	return s.add(timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{Name: name, Change: change, Dialer: dialer, Listener: endpointOf(listener)}})
}

func (s *script) say(words string) uint64 {
	return s.add(timeline.Event{Kind: timeline.KindSay, Text: &text.Text{Zh: words, En: words}})
}

// tell adds a step. Every step has a later Seq than the one before, which is a good enough order for each object.
func (s *script) tell(peer string, object trace.Object, step trace.Step, e trace.Event) uint64 {
	info, known := trace.Lookup(step)
	if !known {
		panic("no such step: " + string(step))
	}
	e.Step, e.Object, e.Gate, e.Seq = step, object, info.Gate, uint64(len(s.events))+1
	return s.add(timeline.Event{Kind: timeline.KindStep, Peer: peer, Step: &e})
}

func endpointOf(name string) string { return "10.0.0." + fmt.Sprint(name[0]) + ":7051" }

// portOf is the address from which the how-manyth line of a peer was dialled.
func portOf(name string, n int) string { return fmt.Sprintf("10.0.0.%d:%d", name[0], 40000+n) }

var instance = trace.Object{Kind: trace.Instance, ID: 1}

func dialled(id uint64, to string) trace.Object {
	return trace.Object{Kind: trace.Connection, ID: id, Role: trace.Initiator, Purpose: trace.ForMessages, Endpoint: endpointOf(to)}
}

func accepted(id uint64, from string) trace.Object {
	return trace.Object{Kind: trace.Connection, ID: id, Role: trace.Acceptor, Purpose: trace.ForMessages, Endpoint: from}
}

func envelope(m *proto.GossipMessage, signature string) *proto.Envelope {
	payload, err := protobuf.Marshal(m)
	if err != nil {
		panic(err)
	}
	e := &proto.Envelope{Payload: payload}
	if signature != "" {
		e.Signature = []byte(signature)
	}
	return e
}

func hello(who string) *proto.Envelope {
	return envelope(&proto.GossipMessage{Content: &proto.GossipMessage_Conn{Conn: &proto.ConnEstablish{PkiId: []byte(who)}}}, "signed by "+who)
}

func data(nonce uint64, payload string) *proto.Envelope {
	return envelope(&proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_DataMsg{
		DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte(payload)}}}}, "")
}

func acknowledgement(nonce uint64) *proto.Envelope {
	return envelope(&proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{}}}, "")
}

// journey is what becomes of an envelope on the wire: the same bytes in another object.
func journey(e *proto.Envelope) *proto.Envelope { return protobuf.Clone(e).(*proto.Envelope) }

// connect takes a connection from a's dial to where both serve; n is the how-manyth of a's lines to b.
func (s *script) connect(a, b string, from, to trace.Object, n int) {
	s.dial(a, b, from, n)
	s.shake(a, b, from, to, n, hello(a))
}

func (s *script) dial(a, b string, from trace.Object, n int) {
	at := trace.Event{Local: portOf(a, n), Remote: endpointOf(b)}
	s.tell(a, from, trace.DialStart, trace.Event{})
	s.tell(a, from, trace.PingSend, trace.Event{})
	s.link(fmt.Sprintf("%s→%s#%d", a, b, n), timeline.LinkOpen, portOf(a, n))
	s.tell(b, instance, trace.PingServed, trace.Event{Local: endpointOf(b), Remote: portOf(a, n)})
	s.tell(a, from, trace.PingAnswered, at)
	s.tell(a, from, trace.StreamOpen, trace.Event{})
	s.tell(a, from, trace.StreamOpened, at)
}

// shake lets b receive what is handed to it as a's ConnEstablish, whatever a has sent.
func (s *script) shake(a, b string, from, to trace.Object, n int, received *proto.Envelope) {
	s.tell(b, to, trace.StreamArrived, trace.Event{Local: endpointOf(b), Remote: portOf(a, n)})
	s.tell(a, from, trace.AuthSend, trace.Event{Number: 1, Envelope: hello(a)})
	s.tell(a, from, trace.AuthSent, trace.Event{Number: 1, Envelope: hello(a)})
	s.tell(b, to, trace.AuthReceived, trace.Event{Number: 1, Envelope: journey(received)})
	s.tell(b, to, trace.AuthDecode, trace.Event{})
	s.tell(b, to, trace.AuthSend, trace.Event{Number: 1, Envelope: hello(b)})
	s.tell(b, to, trace.AuthSent, trace.Event{Number: 1, Envelope: hello(b)})
	s.tell(a, from, trace.AuthReceived, trace.Event{Number: 1, Envelope: journey(hello(b))})
	for _, end := range []struct {
		peer   string
		object trace.Object
	}{{a, from}, {b, to}} {
		s.tell(end.peer, end.object, trace.ConnServe, trace.Event{})
	}
}

func outBuff(n int) trace.Queue { return trace.Queue{Name: "outBuff", Len: n, Cap: 20} }

func (s *script) enqueue(peer string, c trace.Object, m *proto.Envelope) uint64 {
	return s.tell(peer, c, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
}

// write returns the numbers of the gate and of the report.
func (s *script) write(peer string, c trace.Object, number uint64, m *proto.Envelope) (uint64, uint64) {
	gate := s.tell(peer, c, trace.ConnWrite, trace.Event{Number: number, Envelope: m, Queue: outBuff(0)})
	return gate, s.tell(peer, c, trace.ConnWritten, trace.Event{Number: number, Envelope: m, Queue: outBuff(0)})
}

func (s *script) send(peer string, c trace.Object, number uint64, m *proto.Envelope) uint64 {
	s.enqueue(peer, c, m)
	_, written := s.write(peer, c, number, m)
	return written
}

func (s *script) receive(peer string, c trace.Object, number uint64, m *proto.Envelope) uint64 {
	n := s.tell(peer, c, trace.ConnReceived, trace.Event{Number: number, Envelope: journey(m)})
	s.tell(peer, c, trace.ConnQueued, trace.Event{Number: number, Envelope: journey(m), Queue: trace.Queue{Name: "msgChan", Len: 1, Cap: 20}})
	s.tell(peer, c, trace.ConnHandle, trace.Event{Envelope: journey(m)})
	return n
}

var errBoom = errors.New("boom")

// established is a session of A and B with one connection, and its two ends.
func established() (s *script, a, b trace.Object) {
	s, a, b = new(script), dialled(1, "B"), accepted(1, portOf("A", 1))
	s.born("A", "B")
	s.connect("A", "B", a, b, 1)
	return s, a, b
}

func mustEqual[T comparable](t *testing.T, what string, want, got T) {
	t.Helper()
	if want != got {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func mustBe[T comparable](t *testing.T, what string, want, got []T) {
	t.Helper()
	if !slices.Equal(want, got) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}
