package timeline

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/trace"
	"gossipscope/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// same compares states and events in every field, unexported ones included, but for who may change what.
var same = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.FilterPath(func(p cmp.Path) bool {
		name := p.Last().String()
		return name == ".owner" || name == ".token"
	}, cmp.Ignore()),
	cmp.FilterValues(func(a, b *proto.Envelope) bool { return true }, cmp.Comparer(func(a, b *proto.Envelope) bool {
		return (a == nil) == (b == nil) && protobuf.Equal(a, b)
	})),
	cmp.FilterValues(func(a, b error) bool { return true }, cmp.Comparer(func(a, b error) bool {
		return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error())
	})),
}

func mustBeSame(t testing.TB, what string, want, got any) {
	t.Helper()
	if w, ok := want.(State); ok && reflect.DeepEqual(unowned(w), unowned(got.(State))) {
		return // much faster than a difference, and nearly always the case
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// unowned returns a copy of a State that nobody may change.
func unowned(s State) State {
	c := s.Clone()
	for i, p := range c.Peers {
		p = p.clone(nil)
		for j, conn := range p.Connections {
			conn = conn.clone(nil)
			for _, list := range [][]*Message{conn.out.waiting, conn.out.left, conn.out.refused, conn.in.list} {
				for k, m := range list {
					message := *m
					message.owner = nil
					list[k] = &message
				}
			}
			p.Connections[j] = conn
		}
		c.Peers[i] = p
	}
	return c
}

// script writes the events of a session as the layer's peers would tell them.
type script struct {
	events []Event
	seqs   map[string]uint64
}

func (s *script) add(e Event) *script {
	e.N = uint64(len(s.events)) + 1
	e.At = time.Duration(e.N) * time.Millisecond
	s.events = append(s.events, e)
	return s
}

// tell adds a step with the next Seq of its object.
func (s *script) tell(peer string, object trace.Object, step trace.Step, e trace.Event) *script {
	e.Seq = s.seq(peer, object)
	return s.late(peer, object, step, e)
}

// seq takes the next Seq of an object without telling of it: some report will be late.
func (s *script) seq(peer string, object trace.Object) uint64 {
	if s.seqs == nil {
		s.seqs = map[string]uint64{}
	}
	key := fmt.Sprint(peer, object.Kind, object.ID)
	s.seqs[key]++
	return s.seqs[key]
}

// late tells a step whose Seq was taken before.
func (s *script) late(peer string, object trace.Object, step trace.Step, e trace.Event) *script {
	info, known := trace.Lookup(step)
	if !known {
		panic("no such step: " + string(step))
	}
	e.Step, e.Object, e.Gate = step, object, info.Gate
	return s.add(Event{Kind: KindStep, Peer: peer, Step: &e})
}

func (s *script) state() State { return Fold(s.events) }

// The store of a peer, and the instance.
var (
	theStore    = trace.Object{Kind: trace.Store, ID: 1}
	theInstance = trace.Object{Kind: trace.Instance, ID: 1}
)

const (
	addressA = "127.0.0.1:40001" // A's end of the line that A dialled
	addressB = "127.0.0.1:7051"  // where B listens
)

func dialled(id uint64) trace.Object {
	return trace.Object{Kind: trace.Connection, ID: id, Role: trace.Initiator, Purpose: trace.ForMessages, Endpoint: addressB}
}

func accepted(id uint64) trace.Object {
	return trace.Object{Kind: trace.Connection, ID: id, Role: trace.Acceptor, Purpose: trace.ForMessages, Endpoint: addressA}
}

func hello(who string) *proto.Envelope {
	m := &proto.GossipMessage{Content: &proto.GossipMessage_Conn{Conn: &proto.ConnEstablish{PkiId: []byte(who)}}}
	return envelope(m, "signed by "+who)
}

func data(nonce uint64, payload string) *proto.Envelope {
	m := &proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_DataMsg{
		DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte(payload)}}}}
	return envelope(m, "")
}

func ack(nonce uint64, reason string) *proto.Envelope {
	return envelope(&proto.GossipMessage{Nonce: nonce, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{Error: reason}}}, "")
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

// journey is what becomes of an envelope on the wire: the same bytes in another object.
func journey(e *proto.Envelope) *proto.Envelope { return protobuf.Clone(e).(*proto.Envelope) }

// ends are the addresses of the two ends of a line.
type ends struct{ dialler, listener string }

var lineAB = ends{addressA, addressB}

// dial takes A's connection up to where its stream is open.
func (s *script) dial(peer string, object trace.Object, line ends) *script {
	at := trace.Event{Local: line.dialler, Remote: line.listener}
	s.tell(peer, theStore, trace.StoreLookup, trace.Event{Peer: []byte("B"), Subject: object, Detail: "dialling"})
	s.tell(peer, object, trace.DialStart, trace.Event{})
	s.tell(peer, object, trace.PingSend, trace.Event{})
	s.tell(peer, object, trace.PingAnswered, at)
	s.tell(peer, object, trace.StreamOpen, trace.Event{})
	return s.tell(peer, object, trace.StreamOpened, at)
}

func (s *script) arrive(peer string, object trace.Object, line ends) *script {
	s.tell(peer, object, trace.StreamArrived, trace.Event{Local: line.listener, Remote: line.dialler})
	return s.tell(peer, object, trace.StreamLimit, trace.Event{})
}

func (s *script) sendHello(peer string, object trace.Object, hello *proto.Envelope) *script {
	s.tell(peer, object, trace.AuthSend, trace.Event{Number: 1, Envelope: hello})
	return s.tell(peer, object, trace.AuthSent, trace.Event{Number: 1, Envelope: hello})
}

func (s *script) receiveHello(peer string, object trace.Object, hello *proto.Envelope) *script {
	s.tell(peer, object, trace.AuthRead, trace.Event{Number: 1})
	return s.tell(peer, object, trace.AuthReceived, trace.Event{Number: 1, Envelope: journey(hello)})
}

// verify runs the checks on a ConnEstablish of who, the last of them being failing if that is not "".
func (s *script) verify(peer string, object trace.Object, who string, failing trace.Step) *script {
	claimed := trace.Event{}
	for _, step := range []trace.Step{trace.AuthDecode, trace.AuthType, trace.AuthPKIID, trace.AuthIdentity, trace.AuthCertHash,
		trace.AuthSignature, trace.AuthExpected} {
		if step == trace.AuthPKIID {
			claimed.Peer = []byte(who)
		}
		e := claimed
		if step == failing {
			e.Err = fmt.Errorf("%s failed", step)
		}
		s.tell(peer, object, step, e)
		if step == failing {
			break
		}
	}
	return s
}

func (s *script) serve(peer string, object trace.Object) *script {
	s.tell(peer, object, trace.ConnServe, trace.Event{})
	s.tell(peer, object, trace.ConnRead, trace.Event{Number: 2})
	return s
}

func (s *script) store(peer string, object trace.Object, who string) *script {
	return s.tell(peer, theStore, trace.StoreStored, trace.Event{Peer: []byte(who), Subject: object})
}

// connect lets A dial B and both authenticate: A's connection is a, B's is b.
func (s *script) connect(a, b trace.Object) *script {
	helloA, helloB := hello("A"), hello("B")
	s.dial("A", a, lineAB).arrive("B", b, lineAB)
	s.tell("A", a, trace.AuthTLSCert, trace.Event{}).tell("B", b, trace.AuthTLSCert, trace.Event{})
	s.sendHello("A", a, helloA).receiveHello("B", b, helloA).verify("B", b, "A", "").store("B", b, "A")
	s.sendHello("B", b, helloB).serve("B", b)
	return s.receiveHello("A", a, helloB).verify("A", a, "B", "").store("A", a, "B").serve("A", a)
}

// end tells of the end of a connection's three goroutines.
func (s *script) end(peer string, object trace.Object) *script {
	for _, step := range []trace.Step{trace.ConnWriterEnd, trace.ConnReaderEnd, trace.ConnServeEnd} {
		s.tell(peer, object, step, trace.Event{})
	}
	return s
}

func outBuff(n int) trace.Queue { return trace.Queue{Name: "outBuff", Len: n, Cap: 20} }

// send lets a message be enqueued and written.
func (s *script) send(peer string, object trace.Object, number uint64, m *proto.Envelope) *script {
	s.tell(peer, object, trace.ConnEnqueue, trace.Event{Envelope: m, Queue: outBuff(1)})
	return s.write(peer, object, number, m)
}

func (s *script) write(peer string, object trace.Object, number uint64, m *proto.Envelope) *script {
	s.tell(peer, object, trace.ConnWrite, trace.Event{Number: number, Envelope: m, Queue: outBuff(0)})
	return s.tell(peer, object, trace.ConnWritten, trace.Event{Number: number, Envelope: m, Queue: outBuff(0)})
}

// receive lets a message be read, queued and handled.
func (s *script) receive(peer string, object trace.Object, number uint64, m *proto.Envelope) *script {
	m = journey(m)
	s.tell(peer, object, trace.ConnReceived, trace.Event{Number: number, Envelope: m})
	s.tell(peer, object, trace.ConnQueued, trace.Event{Number: number, Envelope: m, Queue: trace.Queue{Name: "msgChan", Len: 1, Cap: 20}})
	return s.tell(peer, object, trace.ConnHandle, trace.Event{Envelope: m})
}

func key(peer string, id uint64) ConnKey { return ConnKey{Peer: peer, Life: 1, ID: id} }

func mustHold(t *testing.T, s State) {
	t.Helper()
	for _, inv := range s.Invariants() {
		if !inv.Holds {
			t.Errorf("%s: broken by event %d: %s", inv.Name, inv.Broken.N, inv.Why)
		}
	}
}

func mustBreak(t *testing.T, s State, name InvariantName, at int) {
	t.Helper()
	for _, inv := range s.Invariants() {
		if inv.Name == name && (inv.Holds || inv.Broken.N != uint64(at)) {
			t.Errorf("%s: holds=%v, broken by event %d, want it broken by %d", name, inv.Holds, inv.Broken.N, at)
		}
		if inv.Name != name && !inv.Holds {
			t.Errorf("%s: broken by event %d: %s", inv.Name, inv.Broken.N, inv.Why)
		}
	}
}
