package wire

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/msp"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/proto"
)

func TestEveryByteOfARealSessionIsInOneLeaf(t *testing.T) {
	inLab(t, func(t *testing.T, lb *lab.Lab) {
		kinds := make(map[string]int)
		for _, m := range allSent(aSession(t, lb)) {
			tree := Open(m.Envelope)
			tiles(t, tree)
			kinds[m.Content]++
			if len(tree.Faults) > 0 {
				t.Errorf("a real message has faults:\n%s", dump(tree))
			}
			for _, n := range tree.All() {
				if n.Kind == Unknown || n.Kind == Skipped {
					t.Errorf("a real message has a node %q:\n%s", n.Label().En, dump(tree))
				}
				bothLanguages(t, n.Name+" label", n.Label())
				bothLanguages(t, n.Name+" about", n.About)
			}
		}
		if kinds["conn"] < 8 || kinds["data_msg"] < 8 || kinds["ack"] < 4 {
			t.Errorf("the session was meant to have every kind of message at both its ends, and has %v", kinds)
		}
	})
}

// What a byte view shows in front of the message is not recorded, so it had better be true: a server that knows nothing of gRPC reads what
// arrives.
func TestAMessageAndItsPrefixAreWhatGRPCSends(t *testing.T) {
	envelope := message(t, establish(t, nil), identityOf(t, "A"))
	tree := Open(envelope)
	prefix, about := Prefix(len(tree.Bytes))
	bothLanguages(t, "the prefix", about)
	want := append(prefix[:], tree.Bytes...)

	arrived := make(chan []byte, 1)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := make([]byte, len(want))
		io.ReadFull(r.Body, got)
		arrived <- got
	})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()

	cc, err := grpc.NewClient("passthrough:///"+listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := proto.NewGossipClient(cc).GossipStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(envelope); err != nil {
		t.Fatal(err)
	}
	if got := <-arrived; !bytes.Equal(got, want) {
		t.Errorf("gRPC sent\n%x\nand the view shows\n%x", got, want)
	}
}

func TestAFieldLeadsToItsBytesAndAByteToItsField(t *testing.T) {
	a := identityOf(t, "A")
	tree := Open(message(t, establish(t, nil), a))
	for _, c := range []struct {
		path string
		want []byte
	}{
		{"payload/conn/pki_id", a.PKIID()},
		{"payload/conn/identity", a.Serialize()},
		{"payload/conn/identity/mspid", []byte("Org1")},
		{"payload/conn/identity/id_bytes", a.CertificatePEM()},
		{"payload/conn/tls_cert_hash", bornAs(t, "A").ClientCertHash},
	} {
		n := tree.Find(strings.Split(c.path, "/")...)
		if n == nil {
			t.Errorf("%s is not there:\n%s", c.path, dump(tree))
			continue
		}
		if got := tree.Bytes[n.Content.From:n.Content.To]; !bytes.Equal(got, c.want) {
			t.Errorf("%s is %q, want %q", c.path, got, c.want)
		}
		var names []string
		for _, n := range tree.At(n.Content.From) {
			names = append(names, n.Name)
		}
		if got := strings.Join(names, "/"); !strings.HasPrefix(got, "Envelope/"+c.path) {
			t.Errorf("a byte of %s leads to %s", c.path, got)
		}
	}
	for _, offset := range []int{-1, len(tree.Bytes), math.MaxInt} {
		if path := tree.At(offset); path != nil {
			t.Errorf("byte %d is in %q", offset, path[len(path)-1].Label().En)
		}
	}
	if n := tree.Find("payload", "ack"); n != nil {
		t.Errorf("a ConnEstablish has an ack at %v", n.Span)
	}
}

// Each character of base64 is six bits of the certificate. Where the issuer stands in the DER is looked for in another way here: by its
// bytes.
func TestAPartOfTheCertificateIsFoundInTheTextThatItIsWrittenIn(t *testing.T) {
	a := identityOf(t, "A")
	tree := Open(message(t, establish(t, nil), a))
	body := tree.Find("payload", "conn", "identity", "id_bytes", "body")
	certificate := a.Certificate()
	parts := map[string][]byte{
		"issuer": certificate.RawIssuer, "subject": certificate.RawSubject, "subjectPublicKeyInfo": certificate.RawSubjectPublicKeyInfo,
	}
	names := make(map[int]string) // by offset in the DER
	for name, raw := range parts {
		at := bytes.Index(certificate.Raw, raw)
		for i := range raw {
			names[at+i] = name
		}
	}
	letter := 0
	for i := body.From; i < body.To; i++ {
		if tree.Bytes[i] == '\n' || tree.Bytes[i] == '=' {
			continue
		}
		path := tree.At(i)
		got := path[len(path)-1].Name
		if want := names[letter*6/8]; want != "" && got != want || want == "" && parts[got] != nil {
			t.Fatalf("letter %d of the certificate is in %s, want %q", letter, got, want)
		}
		letter++
	}
	if want := base64.RawStdEncoding.EncodedLen(len(certificate.Raw)); letter != want {
		t.Errorf("%d letters were looked at, want %d", letter, want)
	}
}

func TestAFieldThatNobodyKnowsIsShownWithItsBytes(t *testing.T) {
	payload := protowire.AppendVarint(protowire.AppendTag(nil, 26, protowire.VarintType), 7)
	payload = protowire.AppendBytes(protowire.AppendTag(payload, 99, protowire.BytesType), []byte("new\x00"))
	payload = protowire.AppendFixed32(protowire.AppendTag(payload, 100, protowire.Fixed32Type), 1)
	payload = protowire.AppendFixed64(protowire.AppendTag(payload, 101, protowire.Fixed64Type), 1)
	payload = protowire.AppendGroup(protowire.AppendTag(payload, 102, protowire.StartGroupType), 102, []byte{0x08, 0x01})
	payload = protowire.AppendVarint(protowire.AppendTag(payload, 2, protowire.VarintType), 5) // channel, which is bytes
	tree := Open(&proto.Envelope{Payload: payload})
	tiles(t, tree)
	var got []string
	for _, n := range tree.Find("payload").Children[1:] {
		if n.Kind != Unknown {
			t.Errorf("field %d is not unknown", n.Number)
		}
		bothLanguages(t, "an unknown field", n.About)
		got = append(got, fmt.Sprintf("%s %d %s", n.Label().En, n.Wire, n.Value))
	}
	want := []string{"field 26 0 7", "field 99 2 6e657700", "field 100 5 01000000", "field 101 1 0100000000000000", "field 102 3 0801b406", "channel 0 5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := tree.Find("payload", "channel"); n != nil {
		t.Errorf("a field with another wire type is found as if it were the one that is meant")
	}
}

func TestAFieldOfAnOlderFabricIsNamed(t *testing.T) {
	info := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte{9})
	payload := protowire.AppendBytes(protowire.AppendTag(nil, 15, protowire.BytesType), info)
	n := Open(&proto.Envelope{Payload: payload}).Find("payload", "state_info").Children[1]
	if n.Kind != Unknown || !strings.Contains(n.About.En, "v1.1") {
		t.Errorf("it is told as %q", n.About.En)
	}
}

// protobuf lets a field come more than once, and takes the last. Whoever looked at the first would be looking at a decoy.
func TestOfAFieldThatComesTwiceTheLastCounts(t *testing.T) {
	tag := func(b []byte, number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), content)
	}
	conn := func(field protowire.Number, content string) []byte { return tag(nil, field, []byte(content)) }
	payload := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	payload = protowire.AppendVarint(protowire.AppendTag(payload, 1, protowire.VarintType), 2)
	payload = tag(payload, 22, nil)                // an ack, which the conn after it replaces
	payload = tag(payload, 14, conn(1, "decoy"))   // a conn in two pieces: they are put together
	payload = tag(payload, 14, conn(1, "the one")) // and the last PKI-ID counts
	envelope := tag(nil, 1, []byte("garbage"))
	tree := Parse(tag(envelope, 1, payload))
	tiles(t, tree)

	decoded := &proto.Envelope{}
	if err := protobuf.Unmarshal(tree.Bytes, decoded); err != nil {
		t.Fatal(err)
	}
	msg, err := decoded.ToGossipMessage()
	if err != nil || msg.Nonce != 2 || string(msg.GetConn().GetPkiId()) != "the one" {
		t.Fatalf("protobuf reads it as %v, %v", msg, err)
	}
	if n := tree.Find("payload", "nonce"); n.Value != "2" {
		t.Errorf("the nonce is shown as %s", n.Value)
	}
	if n := tree.Find("payload", "conn", "pki_id"); n.Value != `"the one"` {
		t.Errorf("the PKI-ID is shown as %s", n.Value)
	}
	if n := tree.Find("payload", "ack"); n != nil {
		t.Error("the ack is found, though the conn has taken its place")
	}
	var overruled []string
	for _, n := range tree.All() {
		if n.Overruled {
			overruled = append(overruled, n.Name)
		}
	}
	if diff := cmp.Diff([]string{"payload", "nonce", "ack"}, overruled); diff != "" {
		t.Error(diff)
	}
	if fault := tree.refusal(); fault != nil {
		t.Errorf("it counts as unreadable for what is overruled: %s", fault.Why.En)
	}
}

func TestWhatCannotBeReadSaysAtWhichByteAndWhy(t *testing.T) {
	for _, c := range []struct {
		name string
		wire string // of an Envelope
		at   int
		why  text.Text
	}{
		{"a tag that is cut off", "12 01 aa  8a", 3, says.faults.truncated},
		{"a tag that has no end", "ff ff ff ff ff ff ff ff ff ff ff", 0, says.faults.overflow},
		{"field 0", "12 01 aa  02", 3, fill(says.faults.number, uint64(0))},
		{"a field beyond the last", "82 80 80 80 10 01", 0, fill(says.faults.number, uint64(1<<29))},
		{"a length that is cut off", "12 01 aa  0a 80", 4, says.faults.truncated},
		{"a length beyond the end", "12 05 aa bb", 1, fill(says.faults.length, uint64(5), 2)},
		{"a varint that is cut off", "20 80", 1, says.faults.truncated},
		{"four bytes of which there are two", "25 01 02", 1, fill(says.faults.short, 4, 2)},
		{"eight bytes of which there are two", "21 01 02", 1, fill(says.faults.short, 8, 2)},
		{"a group without an end", "23 08 01", 1, says.faults.group},
		{"the end of no group", "24", 1, says.faults.endGroup},
		{"wire type 6", "26", 1, fill(says.faults.wireType, 6)},
		{"wire type 7", "27", 1, fill(says.faults.wireType, 7)},
		{"in the payload", "0a 04 08 01 12 09  12 01 aa", 5, fill(says.faults.length, uint64(9), 0)},
		{"in an ack, which is no UTF-8", "0a 07 b2 01 04 0a 02 68 ff", 8, says.faults.utf8},
	} {
		wire, err := hex.DecodeString(strings.ReplaceAll(c.wire, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		tree := Parse(wire)
		tiles(t, tree)
		if len(tree.Faults) != 1 {
			t.Errorf("%s: %d faults:\n%s", c.name, len(tree.Faults), dump(tree))
			continue
		}
		if f := tree.Faults[0]; f.Kind != Fault || f.FaultAt != c.at || f.Why != c.why {
			t.Errorf("%s: at %d: %q, want at %d: %q", c.name, f.FaultAt, f.Why.En, c.at, c.why.En)
		}
		if protobuf.Unmarshal(wire, &proto.Envelope{}) == nil && !strings.HasPrefix(c.name, "in ") {
			t.Errorf("%s: protobuf can read it", c.name)
		}
		if findings := Check(tree, Context{}); len(findings) != 1 || findings[0].Verdict != Wrong || findings[0].Node != tree.Faults[0] {
			t.Errorf("%s: Check finds\n%s", c.name, report(findings))
		}
	}
}

func TestAFaultEndsItsOwnMessageAndNoOther(t *testing.T) {
	wire, _ := hex.DecodeString("0a04080112091202aabb") // payload with a nonce and a fault, then a signature
	tree := Parse(wire)
	if n := tree.Find("payload", "nonce"); n == nil || n.Value != "1" {
		t.Errorf("what stood before the fault is lost:\n%s", dump(tree))
	}
	if n := tree.Find("signature"); n == nil || n.Value != "aabb" {
		t.Errorf("what stood behind the payload is lost:\n%s", dump(tree))
	}
}

func TestAnIdentityThatCannotBeReadSaysWhere(t *testing.T) {
	pem := string(identityOf(t, "A").CertificatePEM())
	for _, c := range []struct {
		name     string
		identity []byte
		at       int // in the content of id_bytes
		why      text.Text
	}{
		{"no PEM", msp.SerializeIdentity("Org1", []byte("Org1's own word")), 0, says.faults.noPEM},
		{"no end", msp.SerializeIdentity("Org1", []byte(pem[:100])), 99, says.faults.pemEnd},
		{"nothing between", msp.SerializeIdentity("Org1", []byte(pemBegin+pemEnd+"\n")), len(pemBegin+pemEnd+"\n") - 1, says.faults.pemEnd},
		{"a letter that is none", msp.SerializeIdentity("Org1", []byte(pem[:50]+"*"+pem[51:])), 50, says.faults.base64},
		{"half of a letter group", msp.SerializeIdentity("Org1", []byte(pemBegin+"AAAAA\n"+pemEnd+"\n")), len(pemBegin) + 4, says.faults.base64},
	} {
		tree := Open(message(t, establish(t, func(conn *proto.ConnEstablish) { conn.Identity = c.identity }), identityOf(t, "A")))
		tiles(t, tree)
		idBytes := tree.Find("payload", "conn", "identity", "id_bytes")
		if len(tree.Faults) != 1 || tree.Faults[0].FaultAt-idBytes.Content.From != c.at || tree.Faults[0].Why != c.why {
			t.Errorf("%s, want at %d:\n%s", c.name, c.at, dump(tree))
		}
		if tree.refusal() != nil {
			t.Errorf("%s: the layer is said to refuse the message as malformed, but it takes identities for bytes", c.name)
		}
	}

	broken := strings.Replace(pem, "MII", "MIJ", 1) // the first length in the certificate
	tree := Open(message(t, establish(t, func(conn *proto.ConnEstablish) { conn.Identity = msp.SerializeIdentity("Org1", []byte(broken)) }), nil))
	tiles(t, tree)
	if len(tree.Faults) != 1 || !strings.Contains(tree.Faults[0].Why.En, "x509") {
		t.Errorf("a certificate that does not parse:\n%s", dump(tree))
	}
}

func TestASignatureIsTakenApartOnlyIfItIsOne(t *testing.T) {
	for name, c := range map[string]struct {
		signature string
		parts     int
	}{
		"two integers":                   {"3006020101020102", 4},
		"with a byte behind them":        {"300602010102010200", 0},
		"with a third":                   {"3009020101020102020103", 0},
		"one of them longer than needed": {"30070202000102 0102", 0},
		"one of them negative":           {"3006020181020102", 0},
		"zero":                           {"3006020100020102", 0},
		"no DER":                         {"00", 0},
	} {
		signature, err := hex.DecodeString(strings.ReplaceAll(c.signature, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		tree := Open(&proto.Envelope{Signature: signature})
		tiles(t, tree)
		if n := tree.Find("signature"); len(n.Children) != c.parts || len(tree.Faults) > 0 {
			t.Errorf("%s: %d parts, want %d:\n%s", name, len(n.Children), c.parts, dump(tree))
		}
	}
}

func TestTooMuchIsKeptAndNotTakenApart(t *testing.T) {
	many := bytes.Repeat([]byte{0x08, 0x01}, 10*maxNodes)
	tree := Open(&proto.Envelope{Payload: many, Signature: []byte{1}})
	tiles(t, tree)
	nodes, skipped := 0, 0
	for _, n := range tree.All() {
		nodes++
		if n.Kind == Skipped {
			skipped += n.Len()
			bothLanguages(t, "what was skipped", n.About)
		}
	}
	if nodes > maxNodes+10 || skipped < len(many)-2*maxNodes {
		t.Errorf("%d nodes, and %d bytes were skipped", nodes, skipped)
	}

	deep := &proto.Envelope{Payload: []byte{0x08, 0x01}}
	for range 100 {
		deep = message(t, &proto.GossipMessage{Content: &proto.GossipMessage_MemRes{
			MemRes: &proto.MembershipResponse{Alive: []*proto.Envelope{deep}},
		}}, nil)
	}
	tree = Open(deep)
	tiles(t, tree)
	opened := 0
	for _, n := range tree.All() {
		if n.Holds == "GossipMessage" {
			opened++
		}
	}
	if opened != maxOpen {
		t.Errorf("%d envelopes were opened, one in the other, want %d", opened, maxOpen)
	}
}

func TestValuesAreShownInALine(t *testing.T) {
	long := strings.Repeat("长", 100)
	for _, c := range []struct {
		msg  *proto.GossipMessage
		path string
		want string
	}{
		{&proto.GossipMessage{Nonce: math.MaxUint64}, "nonce", "18446744073709551615"},
		{&proto.GossipMessage{Tag: proto.GossipMessage_CHAN_AND_ORG}, "tag", "CHAN_AND_ORG (4)"},
		{&proto.GossipMessage{Tag: 99}, "tag", "99"},
		{&proto.GossipMessage{Tag: -1}, "tag", "-1"},
		{&proto.GossipMessage{Channel: []byte("mychannel")}, "channel", `"mychannel"`},
		{&proto.GossipMessage{Channel: []byte("\x1b[31m")}, "channel", "1b5b33316d"},
		{&proto.GossipMessage{Channel: []byte("a\xffb")}, "channel", "61ff62"},
		{&proto.GossipMessage{Channel: []byte(long)}, "channel", `"` + strings.Repeat("长", shownRunes) + `"…`},
		{&proto.GossipMessage{Channel: bytes.Repeat([]byte{1}, 33)}, "channel", strings.Repeat("01", shownBytes) + "…"},
		{establish(t, func(conn *proto.ConnEstablish) { conn.Probe = true }), "conn/probe", "true"},
		{establish(t, nil), "conn", ""},
	} {
		tree := Open(message(t, c.msg, nil))
		n := tree.Find(append([]string{"payload"}, strings.Split(c.path, "/")...)...)
		if n == nil || n.Value != c.want {
			t.Errorf("%s is %v, want %q\n%s", c.path, n, c.want, dump(tree))
		}
		if n.Type == "GossipMessage.Tag" {
			bothLanguages(t, "what the tag says", n.Meaning)
		}
	}
}

func TestAnEmptyEnvelopeIsATreeWithoutBytes(t *testing.T) {
	for _, envelope := range []*proto.Envelope{nil, {}} {
		tree := Open(envelope)
		tiles(t, tree)
		if len(tree.Bytes) != 0 || !tree.Root.Leaf() || tree.At(0) != nil {
			t.Errorf("an empty envelope is\n%s", dump(tree))
		}
		if f := Check(tree, Context{}); len(f) != 2 || f[1].Claim != SignatureClaim || f[1].Verdict != CannotTell {
			t.Errorf("of an empty envelope Check finds\n%s", report(f))
		}
	}
}

func TestOnlyAHandshakeProves(t *testing.T) {
	tree := Open(message(t, establish(t, nil), identityOf(t, "A")))
	for path, want := range map[string]bool{
		"payload": true, "signature": true, "payload/conn": true, "payload/conn/pki_id": true, "payload/conn/tls_cert_hash": true,
		"payload/conn/identity": true, "payload/conn/identity/id_bytes/body/subjectPublicKeyInfo": true, "payload/tag": false,
	} {
		if n := tree.Find(strings.Split(path, "/")...); (n.Proves != text.Text{}) != want {
			t.Errorf("%s proves %q", path, n.Proves.En)
		}
	}
	spread := &proto.GossipMessage{Content: &proto.GossipMessage_PeerIdentity{PeerIdentity: &proto.PeerIdentity{Cert: identityOf(t, "A").Serialize()}}}
	for _, n := range Open(message(t, spread, identityOf(t, "A"))).All() {
		if n.Proves != (text.Text{}) {
			t.Errorf("in a message that is no handshake %s proves %q", n.Name, n.Proves.En)
		}
	}
}

func TestTagAndLengthAreSpelledOut(t *testing.T) {
	tree := Open(&proto.Envelope{Payload: bytes.Repeat([]byte{0x08, 0x01}, 300)})
	payload := tree.Find("payload")
	const want = "The tag is 0a: field 1, wire type 2 (LEN). The length is d8 04: 600 bytes follow."
	if got := tree.Coding(payload).En; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tree.Coding(payload.Children[0]).En; got != want {
		t.Errorf("the head says %q, want %q", got, want)
	}
	if got := tree.Coding(payload.Children[1]).En; got != "The tag is 08: field 1, wire type 0 (VARINT)." {
		t.Errorf("got %q", got)
	}
	if got := tree.Coding(tree.Root); got != (text.Text{}) {
		t.Errorf("the root, which has no tag, says %q", got.En)
	}
}

func TestHexIsDrawnInRows(t *testing.T) {
	b := []byte("\x00Hello,\x7f\xff world")
	got := Hex(b, 8, 0x20)
	want := []Row{
		{0x20, b[:8], "00 48 65 6c 6c 6f 2c 7f", ".Hello,."},
		{0x28, b[8:], "ff 20 77 6f 72 6c 64", ". world"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(Hex(make([]byte, 33), 0, 0)); n != 3 {
		t.Errorf("33 bytes take %d rows of the usual width", n)
	}
	if rows := Hex(nil, 8, 0); len(rows) != 0 {
		t.Errorf("nothing takes %d rows", len(rows))
	}
}

func TestThePrefixSaysTheLength(t *testing.T) {
	prefix, about := Prefix(766)
	if prefix[0] != 0 || binary.BigEndian.Uint32(prefix[1:]) != 766 {
		t.Errorf("the prefix is %x", prefix)
	}
	for _, s := range []string{about.Zh, about.En} {
		if !strings.Contains(s, "00 00 02 fe") || !strings.Contains(s, "766") {
			t.Errorf("the prefix is told as %q", s)
		}
	}
}
