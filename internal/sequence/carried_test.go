package sequence

import (
	"testing"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
)

func TestEveryMessageOfASessionIsCarriedOnce(t *testing.T) {
	d := diagramOf(greeting(t))
	var got []string
	for _, c := range d.Carried() {
		got = append(got, c.From+"→"+c.To+" "+c.Label.En)
		if c.Envelope == nil || c.Left == 0 || c.Arrived <= c.Left || !c.Outgoing || c.Conn.Peer != c.From {
			t.Errorf("%+v", c)
		}
		if step := d.stepAt(c.Arrived); step != trace.AuthReceived && step != trace.ConnReceived {
			t.Errorf("%s arrives at %s", c.Label.En, step)
		}
	}
	want := map[string]bool{"A→B ConnEstablish": true, "B→A ConnEstablish": true, `A→B "one"`: true, `A→B "two"`: true, "B→A ack": true}
	for _, c := range got {
		if !want[c] {
			t.Errorf("%s is too many", c)
		}
		delete(want, c)
	}
	if len(want) > 0 {
		t.Errorf("%v are missing in %v", want, got)
	}
}

func TestWhatAManInTheMiddlePassesOnIsAMessageOfItsOwn(t *testing.T) {
	d := diagramOf(session(t, func(t *testing.T, lb *lab.Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		m, err := lb.NewMiddleman("M", b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Handshake(&comm.RemotePeer{Endpoint: m.Endpoint}); err == nil {
			t.Fatal("A believes the man in the middle")
		}
	}))
	var said, passedOn *Carried
	for _, c := range d.Carried() {
		switch c.From + c.To {
		case "AM":
			said = &c
		case "MB":
			passedOn = &c
		}
	}
	switch {
	case said == nil || passedOn == nil:
		t.Fatalf("%+v, %+v", said, passedOn)
	case !sameEnvelope(said.Envelope, passedOn.Envelope):
		t.Error("it was changed on the way")
	case passedOn.Outgoing || passedOn.Conn.Peer != "B" || passedOn.Left != 0:
		t.Errorf("nobody tells that it left, only B that it came: %+v", passedOn)
	}
}

func TestAMessageThatWasDroppedIsCarriedAndHasNotLeft(t *testing.T) {
	d := diagramOf(session(t, func(t *testing.T, lb *lab.Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		b.Stop()
		if err := a.Send("for nobody", b.Remote()); err != nil {
			t.Fatal(err)
		}
	}))
	for _, c := range d.Carried() {
		if c.Label.En == `"for nobody"` && c.Left == 0 && c.Arrived == 0 {
			return
		}
	}
	t.Errorf("%+v", d.Carried())
}
