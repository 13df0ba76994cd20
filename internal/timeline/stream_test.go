package timeline

import (
	"testing"

	"gossipscope/comm/trace"
)

func TestEndsAreJoinedByTheirAddressesBeforeTheHandshake(t *testing.T) {
	s := new(script)
	s.dial("A", dialled(1), lineAB).arrive("B", accepted(1), lineAB)
	st := s.stream(t)
	if st.Initiator.Key.Peer != "A" || st.Acceptor.Key.Peer != "B" {
		t.Errorf("%v → %v", st.Initiator.Key, st.Acceptor.Key)
	}
}

func TestEndsOfDifferentLinesAreNotJoined(t *testing.T) {
	s := new(script)
	s.dial("A", dialled(1), lineAB).arrive("B", accepted(1), ends{"127.0.0.1:40009", addressB})
	st := s.state()
	for _, stream := range st.Streams() {
		if stream.Joined() {
			t.Errorf("joined: %+v", stream)
		}
	}
}

func TestManInTheMiddleWithTheRightAddressesDoesNotJoin(t *testing.T) {
	s, a, b := new(script), dialled(1), accepted(1)
	s.dial("A", a, lineAB).arrive("B", b, lineAB)
	s.sendHello("A", a, hello("A"))
	s.stream(t) // nothing speaks against it yet
	s.receiveHello("B", b, hello("M"))
	st := s.state()
	streams := st.Streams()
	if len(streams) != 2 || streams[0].Joined() || streams[1].Joined() {
		t.Errorf("%d streams: %+v", len(streams), streams)
	}
	if in := streams[1].Forward(); len(in) != 1 || in[0].Reached(Handled) {
		t.Errorf("B has %v", in)
	}
}

func TestManInTheMiddleWhoRelaysThroughTwoSessionsDoesNotJoin(t *testing.T) {
	s, a, b := new(script), dialled(1), accepted(1)
	s.dial("A", a, ends{addressA, "127.0.0.1:6666"}).arrive("B", b, ends{"127.0.0.1:6667", addressB})
	s.sendHello("A", a, hello("A")).receiveHello("B", b, hello("A")) // word for word
	st := s.state()
	if n := len(st.Streams()); n != 2 {
		t.Errorf("%d streams", n)
	}
}

func TestContentDecidesWhereAddressesAreUsedAgain(t *testing.T) {
	s := new(script)
	s.connect(dialled(1), accepted(1))
	second := hello("A again")
	s.dial("A", dialled(2), lineAB).arrive("B", accepted(2), lineAB)
	s.arrive("B", accepted(3), lineAB)
	s.sendHello("A", dialled(2), second).receiveHello("B", accepted(3), second)
	st := s.state()
	pairs := map[uint64]uint64{}
	for _, stream := range st.Streams() {
		if stream.Joined() {
			pairs[stream.Initiator.Key.ID] = stream.Acceptor.Key.ID
		}
	}
	mustBeSame(t, "pairs", map[uint64]uint64{1: 1, 2: 3}, pairs)
}

func TestPeerOpposite(t *testing.T) {
	s := new(script)
	s.add(Event{Kind: KindBirth, Peer: "B", Birth: &Birth{Name: "B", Endpoint: addressB}})
	s.add(Event{Kind: KindLink, Link: &Link{Name: "M→B#1", Change: "open", Dialer: "127.0.0.1:6667", Listener: addressB}})
	s.tell("A", dialled(1), trace.DialStart, trace.Event{})
	s.arrive("B", accepted(1), ends{"127.0.0.1:6667", addressB})
	s.dial("A", dialled(2), lineAB).arrive("B", accepted(2), lineAB)
	st := s.state()
	for k, want := range map[ConnKey]string{key("A", 1): "B", key("B", 1): "M", key("A", 2): "B", key("B", 2): "A"} {
		if got := st.PeerOpposite(st.Connection(k)); got != want {
			t.Errorf("opposite %v: %q, want %q", k, got, want)
		}
	}
}

func TestDialThatOpenedNoStreamDoesNotTakeTheStreamOfAnother(t *testing.T) {
	s := new(script)
	s.tell("A", dialled(1), trace.PingAnswered, trace.Event{Local: addressA, Remote: addressB}) // a probe
	s.dial("A", dialled(2), lineAB).arrive("B", accepted(1), lineAB)
	st := s.state()
	if stream, ok := st.StreamOf(key("B", 1)); !ok || !stream.Joined() || stream.Initiator.Key.ID != 2 {
		t.Errorf("B's stream is %+v", stream)
	}
}
