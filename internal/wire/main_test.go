package wire

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gossipscope/comm/msp"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the messages of these tests are received, if nothing else is said.
var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// inLab runs a test with a lab in virtual time, whose recording may be folded at any time.
func inLab(t *testing.T, test func(t *testing.T, lb *lab.Lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Recorder: timeline.NewRecorder(1 << 14)})
		if err != nil {
			t.Fatal(err)
		}
		defer lb.Close()
		test(t, lb)
		time.Sleep(time.Second) // the network comes to rest before it is torn down
	})
}

func newPeer(t *testing.T, lb *lab.Lab, name string) *lab.Peer {
	t.Helper()
	p, err := lb.NewPeer(name, lab.PeerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// folded waits until everything is at rest, and returns what has come of it.
func folded(lb *lab.Lab) *timeline.State {
	synctest.Wait()
	_, events := lb.Recorder().Snapshot()
	state := timeline.Fold(events)
	return &state
}

// sent is a message of a session with what is known of its sender.
type sent struct {
	*timeline.Message
	context Context
}

// allSent returns every message of every stream, of both directions.
func allSent(state *timeline.State) []sent {
	var all []sent
	for _, stream := range state.Streams() {
		for _, end := range stream.Ends() {
			for _, m := range end.Outgoing() {
				all = append(all, sent{m, ContextOf(state, end, true)})
			}
			for _, m := range end.Incoming() {
				all = append(all, sent{m, ContextOf(state, end, false)})
			}
		}
	}
	for i := range all {
		all[i].context.Roots, all[i].context.Time = lab.Roots(), noon
	}
	return all
}

// aSession is a conversation of A and B with every kind of message that the lab's peers send, and the one handshake of Handshake.
func aSession(t *testing.T, lb *lab.Lab) *timeline.State {
	t.Helper()
	a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
	if _, err := a.Handshake(b.Remote()); err != nil {
		t.Fatal(err)
	}
	messages := b.Subscribe(func(any) bool { return true })
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for n := 0; n < 3; n++ {
			msg := <-messages
			switch n {
			case 0:
				b.Respond(msg, "how are you?")
			case 1:
				b.Ack(msg, nil)
			default:
				b.Ack(msg, fmt.Errorf("not \u202e today"))
			}
		}
	}()
	if err := a.Send("hello", b.Remote()); err != nil {
		t.Fatal(err)
	}
	a.SendWithAck("please confirm", 5*time.Second, 1, b.Remote())
	a.SendWithAck("and this", 5*time.Second, 1, b.Remote())
	<-answered
	return folded(lb)
}

// tiles fails unless the children of every node cover it without gap and overlap, and At finds each leaf.
func tiles(t testing.TB, tree *Tree) {
	t.Helper()
	if tree.Root.Span != (Span{0, len(tree.Bytes)}) {
		t.Fatalf("the root is %v of %d bytes", tree.Root.Span, len(tree.Bytes))
	}
	covered := 0
	for _, n := range tree.All() {
		if n.Leaf() {
			if n.From != covered && n != tree.Root {
				t.Fatalf("the leaf %q begins at %d, and everything before it ends at %d\n%s", n.Label().En, n.From, covered, dump(tree))
			}
			covered = n.To
			for _, offset := range []int{n.From, n.To - 1} {
				if path := tree.At(offset); n.Len() > 0 && (len(path) == 0 || path[len(path)-1] != n) {
					t.Fatalf("byte %d is in %q, but At leads to %v\n%s", offset, n.Label().En, path, dump(tree))
				}
			}
			continue
		}
		at := n.From
		for _, child := range n.Children {
			if child.From != at || child.Len() <= 0 {
				t.Fatalf("in %q the child %q is %v, and should begin at %d\n%s", n.Label().En, child.Label().En, child.Span, at, dump(tree))
			}
			at = child.To
		}
		if at != n.To {
			t.Fatalf("the children of %q end at %d, it ends at %d\n%s", n.Label().En, at, n.To, dump(tree))
		}
	}
	if covered != len(tree.Bytes) {
		t.Fatalf("%d of %d bytes are in leaves", covered, len(tree.Bytes))
	}
}

// dump writes a tree for the eye.
func dump(tree *Tree) string {
	var b strings.Builder
	for depth, n := range tree.All() {
		fmt.Fprintf(&b, "%4d–%-4d %s%s", n.From, n.To, strings.Repeat("  ", depth), n.Label().En)
		if n.Holds != "" && n.Kind != Message {
			fmt.Fprintf(&b, " (%s: %s)", n.Type, n.Holds)
		}
		if n.Value != "" {
			fmt.Fprintf(&b, " = %s", n.Value)
		}
		if n.Overruled {
			b.WriteString(" OVERRULED")
		}
		if n.Kind == Fault {
			fmt.Fprintf(&b, " FAULT at %d: %s", n.FaultAt, n.Why.En)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// report writes findings for the eye, in both languages.
func report(findings []Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s %s\n   %s\n", f.Claim.Title().En, f.Verdict.Word().En, f.Text.En, f.Text.Zh)
		for _, q := range []Quantity{f.Stood, f.Computed} {
			if q.Value != "" {
				fmt.Fprintf(&b, "   %s: %s\n", q.Name.Zh, q.Value)
			}
		}
	}
	return b.String()
}

// verdicts returns the claims with this verdict.
func verdicts(findings []Finding, verdict Verdict) []Claim {
	claims := []Claim{}
	for _, f := range findings {
		if f.Verdict == verdict {
			claims = append(claims, f.Claim)
		}
	}
	return claims
}

func identityOf(t testing.TB, name string) *msp.SigningIdentity {
	t.Helper()
	identity, err := lab.FixedIdentity(name)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// bornAs returns the birth of a peer of the lab, with made-up certificate hashes.
func bornAs(t testing.TB, name string) timeline.Birth {
	t.Helper()
	identity := identityOf(t, name)
	hash := func(role string) []byte { return []byte(fmt.Sprintf("%-32s", name+role)) }
	return timeline.Birth{Name: name, Organisation: identity.MSPID(), PKIID: identity.PKIID(),
		ServerCertHash: hash("server"), ClientCertHash: hash("client")}
}

// message makes an envelope around a message, signed if somebody signs it.
func message(t testing.TB, msg *proto.GossipMessage, signer *msp.SigningIdentity) *proto.Envelope {
	t.Helper()
	sign := func([]byte) ([]byte, error) { return nil, nil }
	if signer != nil {
		sign = signer.Sign
	}
	envelope, err := (&proto.SignedGossipMessage{GossipMessage: msg}).Sign(sign)
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

// establish makes the ConnEstablish with which A introduces itself when it dials, but for a change.
func establish(t testing.TB, change func(*proto.ConnEstablish)) *proto.GossipMessage {
	t.Helper()
	conn := &proto.ConnEstablish{
		PkiId: identityOf(t, "A").PKIID(), Identity: identityOf(t, "A").Serialize(), TlsCertHash: bornAs(t, "A").ClientCertHash,
	}
	if change != nil {
		change(conn)
	}
	return &proto.GossipMessage{Tag: proto.GossipMessage_EMPTY, Content: &proto.GossipMessage_Conn{Conn: conn}}
}

// bothLanguages fails if a text is missing in one language.
func bothLanguages(t testing.TB, what string, s text.Text) {
	t.Helper()
	if s.Zh == "" || s.En == "" {
		t.Errorf("%s: %q, %q", what, s.Zh, s.En)
	}
}
