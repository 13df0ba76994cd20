package wire

import (
	"strings"
	"testing"

	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/msp"
	"gossipscope/internal/text"
	"gossipscope/proto"
)

// FuzzParse feeds it what a stranger may send. Nothing may panic; no byte may be lost; what the tree says is readable must be what protobuf
// can read; and nothing that a terminal would obey may come through.
func FuzzParse(f *testing.F) {
	// The signatures are constant, since the fuzzer's workers compare what the same bytes do; that they are wrong does not matter here.
	signature := []byte{0x30, 6, 2, 1, 1, 2, 1, 2}
	a := identityOf(f, "A")
	add := func(msg *proto.GossipMessage) {
		envelope := message(f, msg, nil)
		envelope.Signature = signature
		envelope.SecretEnvelope = &proto.SecretEnvelope{Payload: []byte{0x0a, 1, 'x'}, Signature: signature}
		f.Add(Open(envelope).Bytes)
	}
	add(establish(f, nil))
	add(establish(f, func(conn *proto.ConnEstablish) {
		conn.Identity = msp.SerializeIdentity("Org1", []byte(pemBegin+"AAAA\n"+pemEnd))
	}))
	add(&proto.GossipMessage{Nonce: 7, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{Error: "no"}}})
	add(&proto.GossipMessage{Content: &proto.GossipMessage_PeerIdentity{PeerIdentity: &proto.PeerIdentity{PkiId: a.PKIID(), Cert: a.Serialize()}}})
	add(&proto.GossipMessage{Content: &proto.GossipMessage_MemRes{MemRes: &proto.MembershipResponse{
		Alive: []*proto.Envelope{{Payload: []byte{0x2a, 0}, Signature: signature}},
	}}})
	for _, wire := range []string{"", "\x0a", "\x0a\x05\xb2\x01\x02\x0a\xff", "\x23\x24", "\x26", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		f.Add([]byte(wire))
	}

	f.Fuzz(func(t *testing.T, wire []byte) {
		tree := Parse(wire)
		tiles(t, tree)
		skipped := false
		for _, n := range tree.All() {
			skipped = skipped || n.Kind == Skipped
			for _, s := range []string{n.Value, n.Why.Zh, n.Why.En, n.Label().Zh, tree.Coding(n).Zh} {
				if s != text.Printable(s) {
					t.Fatalf("%q is not fit to be shown", s)
				}
			}
			if n.Kind == Fault && (n.FaultAt < n.From || n.FaultAt > n.To || n.Why.Zh == "" || n.Why.En == "") {
				t.Fatalf("the fault of %v is at %d, for %q", n.Span, n.FaultAt, n.Why.En)
			}
		}

		envelope := &proto.Envelope{}
		err := protobuf.Unmarshal(wire, envelope)
		if err == nil {
			_, err = envelope.ToGossipMessage()
		}
		if readable := tree.refusal() == nil; readable != (err == nil) && !skipped {
			t.Fatalf("protobuf says %v, and the tree is\n%s", err, dump(tree))
		}
		context := dialled(t)
		context.Sender.Name = "A\x1b"
		findings := Check(tree, context)
		if (findings[0].Verdict == Right) != (err == nil) {
			t.Fatalf("protobuf says %v, and Check\n%s", err, report(findings))
		}
		for _, finding := range findings {
			if s := finding.Text.Zh + finding.Text.En + finding.Computed.Name.En; s != text.Printable(s) || strings.Contains(s, "%!") {
				t.Fatalf("%q is not fit to be shown", s)
			}
		}
	})
}
