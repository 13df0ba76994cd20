package timeline

import (
	"errors"
	"testing"

	"gossipscope/comm/trace"
)

func TestTwoWritersOfOneStreamAreFound(t *testing.T) {
	s, a, _ := established()
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: data(1, "x")})
	mustHold(t, s.state())
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 3, Envelope: data(2, "y")})
	mustBreak(t, s.state(), OneWriter, len(s.events))
}

func TestWriterBesideTheHandshakeIsFound(t *testing.T) {
	s, a := new(script), dialled(1)
	s.dial("A", a, lineAB)
	s.tell("A", a, trace.AuthSend, trace.Event{Number: 1, Envelope: hello("A")})
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: data(1, "x")})
	mustBreak(t, s.state(), OneWriter, len(s.events))
}

func TestMessageWrittenTwiceIsFound(t *testing.T) {
	s, a, _ := established()
	s.send("A", a, 2, data(1, "x"))
	s.tell("A", a, trace.ConnWritten, trace.Event{Number: 2, Envelope: data(1, "x")})
	mustBreak(t, s.state(), OneWriter, len(s.events))
}

func TestTwoStoredConnectionsOfOnePeerAreFound(t *testing.T) {
	s, _, _ := established()
	s.store("B", accepted(2), "A")
	mustHold(t, s.state()) // the one that gives way may be reported next
	s.tell("B", theStore, trace.StoreLookup, trace.Event{Peer: []byte("A"), Subject: accepted(2), Detail: "found"})
	s.tell("B", theStore, trace.StoreRemoved, trace.Event{Peer: []byte("C"), Subject: accepted(3)})
	mustBreak(t, s.state(), OneStored, len(s.events))
}

func TestPredecessorMayBeReportedAfterItsSuccessor(t *testing.T) {
	s, _, _ := established()
	s.store("B", accepted(2), "A")
	s.tell("B", theStore, trace.StoreReplaced, trace.Event{Peer: []byte("A"), Subject: accepted(1)})
	s.store("B", accepted(3), "C")
	mustHold(t, s.state())
}

func TestWriteAfterTheCloseIsFound(t *testing.T) {
	s, _, b := established()
	s.tell("B", b, trace.ConnClose, trace.Event{Err: errors.New("broken")})
	s.tell("B", b, trace.ConnWrite, trace.Event{Number: 2, Envelope: data(1, "x")})
	mustHold(t, s.state())
	s.tell("B", b, trace.ConnWritten, trace.Event{Number: 2, Envelope: data(1, "x")})
	mustBreak(t, s.state(), NothingAfterClose, len(s.events))
}

func TestWriteThatBeganBeforeTheCloseIsNoBreach(t *testing.T) {
	s, _, b := established()
	s.tell("B", b, trace.ConnWrite, trace.Event{Number: 2, Envelope: data(1, "x")})
	s.tell("B", b, trace.ConnClose, trace.Event{Err: errors.New("broken")})
	s.tell("B", b, trace.ConnWritten, trace.Event{Number: 2, Envelope: data(1, "x")})
	mustHold(t, s.state())
}

func TestCloseToldLateStillCounts(t *testing.T) {
	s, _, b := established()
	closed := s.seq("B", b)
	s.write("B", b, 2, data(1, "x"))
	s.late("B", b, trace.ConnClose, trace.Event{Seq: closed, Err: errors.New("broken")})
	mustBreak(t, s.state(), NothingAfterClose, len(s.events))
}

func TestInitiatorMayDrainWhatItClosed(t *testing.T) {
	for _, drains := range []bool{true, false} {
		s, a, _ := established()
		s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("closed here")})
		s.write("A", a, 2, data(1, "x"))
		if drains {
			s.tell("A", a, trace.ConnDrain, trace.Event{})
		}
		s.tell("A", a, trace.ConnWriterEnd, trace.Event{})
		if drains {
			mustHold(t, s.state())
		} else {
			mustBreak(t, s.state(), NothingAfterClose, len(s.events))
		}
	}
}

// When the initiator has ended its half, what the acceptor still has in its queue can reach it; when the acceptor itself closes, not.
func TestAcceptorMayDrainWhatTheOtherEndClosed(t *testing.T) {
	for _, peerFirst := range []bool{true, false} {
		s, _, b := established()
		ended := func() { s.tell("B", b, trace.ConnReceived, trace.Event{Number: 2, Detail: "closed by the other side"}) }
		if peerFirst {
			ended()
		}
		s.tell("B", b, trace.ConnClose, trace.Event{Detail: "closed"})
		if !peerFirst {
			ended()
		}
		s.write("B", b, 2, data(1, "x"))
		if peerFirst {
			mustHold(t, s.state())
		} else {
			mustBreak(t, s.state(), NothingAfterClose, len(s.events))
		}
	}
}

func TestGoroutineThatOutlivesStopIsFound(t *testing.T) {
	s, a, _ := established()
	s.tell("A", theInstance, trace.StopFlag, trace.Event{})
	s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("stopped")})
	s.tell("A", a, trace.ConnWriterEnd, trace.Event{}).tell("A", a, trace.ConnServeEnd, trace.Event{})
	s.tell("A", theInstance, trace.StopDone, trace.Event{})
	mustBreak(t, s.state(), NoneAfterStop, len(s.events))
}

func TestStepAfterStopIsFound(t *testing.T) {
	s, a, _ := established()
	s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("stopped")}).end("A", a)
	s.tell("A", theInstance, trace.StopDone, trace.Event{})
	mustHold(t, s.state())
	s.tell("A", dialled(2), trace.DialStart, trace.Event{})
	mustBreak(t, s.state(), NoneAfterStop, len(s.events))
}

func TestAfterAGapNothingIsProvenByWhatWasBefore(t *testing.T) {
	s, a, _ := established()
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 2, Envelope: data(1, "x")})
	s.add(Event{Kind: KindGap, Gap: 1})
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 9, Envelope: data(2, "y")})
	s.store("A", dialled(2), "B").store("A", dialled(3), "C")
	s.tell("A", theInstance, trace.StopDone, trace.Event{})
	st := s.state()
	for _, inv := range st.Invariants() {
		if !inv.Holds && inv.Name != NoneAfterStop {
			t.Errorf("%s: %s", inv.Name, inv.Why)
		}
	}
	if st.Missing != 1 {
		t.Errorf("%d missing", st.Missing)
	}
}

func TestDrainingThatFailsIsNoBreach(t *testing.T) {
	s, a, _ := established()
	s.tell("A", a, trace.ConnClose, trace.Event{Err: errors.New("closed here")})
	s.write("A", a, 2, data(1, "x"))
	s.tell("A", a, trace.ConnWrite, trace.Event{Number: 3, Envelope: data(2, "y")})
	s.tell("A", a, trace.ConnWritten, trace.Event{Number: 3, Envelope: data(2, "y"), Err: errors.New("EOF")})
	s.tell("A", a, trace.ConnWriterEnd, trace.Event{})
	mustHold(t, s.state())
}

func TestDialerBecomesTheService(t *testing.T) {
	s, _, _ := established()
	st := s.state()
	c := st.Connection(key("A", 1))
	dialer, _ := c.Goroutine(trace.DialerGoroutine)
	service, _ := c.Goroutine(trace.ServiceGoroutine)
	if dialer.Alive || !service.Alive {
		t.Errorf("dialer %+v, service %+v", dialer, service)
	}
}

func TestPuttingIntoAClosedMsgChanIsFound(t *testing.T) {
	s, _, b := established()
	m := data(1, "x")
	early := s.seq("B", b)
	s.tell("B", b, trace.ConnReaderEnd, trace.Event{})
	s.late("B", b, trace.ConnQueued, trace.Event{Seq: early, Number: 2, Envelope: m})
	mustHold(t, s.state())
	s.tell("B", b, trace.ConnQueued, trace.Event{Number: 3, Envelope: m})
	mustBreak(t, s.state(), NothingOnClosedChannel, len(s.events))
}

func TestDeliveringToSubscribersThatAreBeingClosedIsFound(t *testing.T) {
	for _, step := range []trace.Step{trace.DemuxDeliver, trace.DemuxDelivered, trace.AcceptHand} {
		s, _, b := established()
		s.tell("B", theInstance, trace.DemuxAdd, trace.Event{Number: 1})
		s.tell("B", theInstance, step, trace.Event{Number: 1, Subject: b, Envelope: data(1, "x")})
		early := s.seq("B", theInstance)
		s.tell("B", theInstance, trace.StopSubscribers, trace.Event{})
		s.late("B", theInstance, step, trace.Event{Seq: early, Number: 1, Subject: b, Envelope: data(2, "x")})
		mustHold(t, s.state())
		s.tell("B", theInstance, step, trace.Event{Number: 1, Subject: b, Envelope: data(3, "x")})
		mustBreak(t, s.state(), NothingOnClosedChannel, len(s.events))
	}
}
