package wire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	protobuf "google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"gossipscope/comm"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// handshake is what Check finds of a ConnEstablish.
var handshake = []Claim{ReadableClaim, IdentityClaim, PKIIDClaim, IssuerClaim, ValidityClaim, CertHashClaim, SignatureClaim, LowSClaim}

// dialled is what is known when A has dialled.
func dialled(t testing.TB) Context {
	return Context{Sender: bornAs(t, "A"), Role: trace.Initiator, Roots: lab.Roots(), Time: noon,
		Peers: []timeline.Birth{bornAs(t, "A"), bornAs(t, "B"), bornAs(t, "I")}}
}

func TestEverythingThatRealPeersSayIsRight(t *testing.T) {
	inLab(t, func(t *testing.T, lb *lab.Lab) {
		handshakes := make(map[string]int)
		for _, m := range allSent(aSession(t, lb)) {
			findings := Check(Open(m.Envelope), m.context)
			want := []Claim{ReadableClaim}
			if m.Content == "conn" {
				want = handshake
				handshakes[m.context.Sender.Name+" "+string(m.context.Role)]++
			}
			if diff := cmp.Diff(want, verdicts(findings, Right)); diff != "" || len(findings) != len(want)+len(verdicts(findings, NotNeeded)) {
				t.Errorf("%s of %s (%s): %s\n%s", m.Content, m.context.Sender.Name, m.context.Role, diff, report(findings))
			}
		}
		if handshakes["A initiator"] < 2 || handshakes["B acceptor"] < 2 {
			t.Errorf("the handshakes of the session were %v", handshakes)
		}
	})
}

// The man in the middle passes every byte on as it came, so the message itself is right in everything. Only the line gives him away.
func TestAManInTheMiddleIsGivenAwayByTheCertificateHashAlone(t *testing.T) {
	inLab(t, func(t *testing.T, lb *lab.Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		m, err := lb.NewMiddleman("M", b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Handshake(&comm.RemotePeer{Endpoint: m.Endpoint}); err == nil {
			t.Fatal("A believes the man in the middle")
		}
		found := false
		for _, message := range allSent(folded(lb)) {
			if message.context.Sender.Name != "M" || message.Content != "conn" {
				continue
			}
			found = true
			findings := Check(Open(message.Envelope), message.context)
			if diff := cmp.Diff([]Claim{CertHashClaim}, verdicts(findings, Wrong)); diff != "" {
				t.Errorf("%s\n%s", diff, report(findings))
			}
			f := findings[5]
			if f.Stood.Value == f.Computed.Value || !strings.Contains(f.Text.En, "is M") || !strings.Contains(f.Text.Zh, "是 A 的 client 证书") {
				t.Errorf("it is told as %s", report(findings[5:6]))
			}
		}
		if !found {
			t.Error("nobody has received a ConnEstablish from the man in the middle")
		}
	})
}

func TestAPeerThatWasBornAgainIsHeldAgainstTheCertificatesOfItsOwnLife(t *testing.T) {
	inLab(t, func(t *testing.T, lb *lab.Lab) {
		a, b := newPeer(t, lb, "A"), newPeer(t, lb, "B")
		if _, err := a.Handshake(b.Remote()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.Stop()
		b = newPeer(t, lb, "B") // with other TLS certificates
		if _, err := a.Handshake(b.Remote()); err != nil {
			t.Fatal(err)
		}
		lives := make(map[string]bool)
		for _, m := range allSent(folded(lb)) {
			if m.context.Sender.Name == "B" {
				lives[string(m.context.Sender.ServerCertHash)] = true
			}
			if wrong := verdicts(Check(Open(m.Envelope), m.context), Wrong); len(wrong) > 0 {
				t.Errorf("%s of %s: %v is wrong", m.Content, m.context.Sender.Name, wrong)
			}
		}
		if len(lives) != 2 {
			t.Errorf("messages of B are held against the certificates of %d lives", len(lives))
		}
	})
}

// resigned makes the ConnEstablish of A with a change, properly signed by A.
func resigned(t testing.TB, change func(*proto.ConnEstablish)) *proto.Envelope {
	t.Helper()
	return message(t, establish(t, change), identityOf(t, "A"))
}

// onTheWay makes the ConnEstablish of A, and changes it after it was signed.
func onTheWay(t testing.TB, change func(*proto.GossipMessage)) *proto.Envelope {
	t.Helper()
	envelope := message(t, establish(t, nil), identityOf(t, "A"))
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		t.Fatal(err)
	}
	change(msg.GossipMessage)
	if envelope.Payload, err = protobuf.Marshal(msg.GossipMessage); err != nil {
		t.Fatal(err)
	}
	return envelope
}

// otherS returns the other of the two signatures that verify.
func otherS(t testing.TB, signature []byte) []byte {
	t.Helper()
	var integers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &integers); err != nil {
		t.Fatal(err)
	}
	integers.S.Sub(elliptic.P256().Params().N, integers.S)
	der, err := asn1.Marshal(integers)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// issuedBy returns an identity of Org1 by an authority of that name, and the roots with it in the place of the lab's Org1 if it is believed.
func issuedBy(t testing.TB, believed bool, options ...msp.CertificateOption) (*msp.SigningIdentity, []msp.Root) {
	t.Helper()
	authority, err := msp.NewAuthority("Org1")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Issue("A", options...)
	if err != nil {
		t.Fatal(err)
	}
	if believed {
		return identity, []msp.Root{authority.Root()}
	}
	return identity, lab.Roots()
}

// of returns a right ConnEstablish of an identity.
func of(t testing.TB, identity *msp.SigningIdentity) *proto.Envelope {
	t.Helper()
	return message(t, establish(t, func(conn *proto.ConnEstablish) {
		conn.PkiId, conn.Identity = identity.PKIID(), identity.Serialize()
	}), identity)
}

// otherKey returns the identity of somebody whose key is on another curve, issued by the lab's Org1, and a signature with that key.
func otherKey(t testing.TB) *proto.Envelope {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	caKey, err := lab.Authority("Org1").KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(caKey)
	signer, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	ca, member := lab.Authority("Org1").Root().Certificate, identityOf(t, "A").Certificate()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: member.Subject,
		NotBefore: member.NotBefore, NotAfter: member.NotAfter}, ca, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	raw := msp.SerializeIdentity("Org1", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	identity, err := msp.ParseIdentity(raw)
	if err != nil {
		t.Fatal(err)
	}
	return message(t, establish(t, func(conn *proto.ConnEstablish) { conn.PkiId, conn.Identity = identity.PKIID(), raw }), identityOf(t, "A"))
}

func TestEachForgeryTurnsExactlyTheRightFindingsWrong(t *testing.T) {
	foreign, _ := issuedBy(t, false)
	late, lateRoots := issuedBy(t, true, msp.WithValidity(noon.Add(-2*time.Hour), noon.Add(-time.Hour)))
	early, earlyRoots := issuedBy(t, true, msp.WithValidity(noon.Add(time.Hour), noon.Add(2*time.Hour)))
	b := identityOf(t, "B")
	authority := lab.Authority("Org1")
	for _, c := range []struct {
		name     string
		envelope *proto.Envelope
		context  func(*Context)
		wrong    []Claim
		unknown  []Claim
	}{
		{"nothing is forged", resigned(t, nil), nil, []Claim{}, []Claim{}},

		{"the PKI-ID of nobody, signed", resigned(t, func(conn *proto.ConnEstablish) { conn.PkiId = []byte("me") }), nil,
			[]Claim{PKIIDClaim}, []Claim{}},
		{"the PKI-ID of B, signed", resigned(t, func(conn *proto.ConnEstablish) { conn.PkiId = b.PKIID() }), nil, []Claim{PKIIDClaim}, []Claim{}},
		{"no PKI-ID, signed", resigned(t, func(conn *proto.ConnEstablish) { conn.PkiId = nil }), nil, []Claim{PKIIDClaim}, []Claim{}},
		{"the PKI-ID changed on the way", onTheWay(t, func(msg *proto.GossipMessage) { msg.GetConn().PkiId[0] ^= 1 }), nil,
			[]Claim{PKIIDClaim, SignatureClaim}, []Claim{}},

		{"another certificate hash, signed", resigned(t, func(conn *proto.ConnEstablish) { conn.TlsCertHash = make([]byte, 32) }), nil,
			[]Claim{CertHashClaim}, []Claim{}},
		{"no certificate hash, signed", resigned(t, func(conn *proto.ConnEstablish) { conn.TlsCertHash = nil }), nil, []Claim{CertHashClaim}, []Claim{}},
		{"the certificate hash changed on the way", onTheWay(t, func(msg *proto.GossipMessage) { msg.GetConn().TlsCertHash[31] ^= 1 }), nil,
			[]Claim{CertHashClaim, SignatureClaim}, []Claim{}},
		{"a recorded handshake, replayed by B", resigned(t, nil), func(c *Context) { c.Sender = bornAs(t, "B") }, []Claim{CertHashClaim}, []Claim{}},
		{"the hash of the other role", resigned(t, nil), func(c *Context) { c.Role = trace.Acceptor }, []Claim{CertHashClaim}, []Claim{}},

		{"the identity of B with its PKI-ID, signed by A",
			resigned(t, func(conn *proto.ConnEstablish) { conn.PkiId, conn.Identity = b.PKIID(), b.Serialize() }), nil,
			[]Claim{SignatureClaim}, []Claim{}},
		{"the identity of B alone, signed by B",
			message(t, establish(t, func(conn *proto.ConnEstablish) { conn.Identity = b.Serialize() }), b), nil, []Claim{PKIIDClaim}, []Claim{}},
		{"the identity exchanged on the way", onTheWay(t, func(msg *proto.GossipMessage) { msg.GetConn().Identity = b.Serialize() }), nil,
			[]Claim{PKIIDClaim, SignatureClaim}, []Claim{}},
		{"no identity", resigned(t, func(conn *proto.ConnEstablish) { conn.Identity = nil }), nil,
			[]Claim{IdentityClaim}, []Claim{PKIIDClaim, SignatureClaim}},
		{"an identity that is garbage", resigned(t, func(conn *proto.ConnEstablish) { conn.Identity = []byte("me") }), nil,
			[]Claim{IdentityClaim}, []Claim{PKIIDClaim, IssuerClaim, ValidityClaim, SignatureClaim}},
		{"an identity with a line break more", resigned(t, func(conn *proto.ConnEstablish) {
			conn.Identity = msp.SerializeIdentity("Org1", append(identityOf(t, "A").CertificatePEM(), '\n'))
		}), nil, []Claim{IdentityClaim, PKIIDClaim}, []Claim{IssuerClaim, ValidityClaim, SignatureClaim}},
		{"an identity with a line break more, and the PKI-ID that it would have", resigned(t, func(conn *proto.ConnEstablish) {
			text := append(identityOf(t, "A").CertificatePEM(), '\n')
			hash := sha256.Sum256(append([]byte("Org1"), text...))
			conn.PkiId, conn.Identity = hash[:], msp.SerializeIdentity("Org1", text)
		}), nil, []Claim{IdentityClaim}, []Claim{IssuerClaim, ValidityClaim, SignatureClaim}},
		{"an identity larger than any", resigned(t, func(conn *proto.ConnEstablish) {
			conn.Identity = append(conn.Identity, 0x1a, 0x80, 0x80, 0x04) // field 3, of 64 KiB
			conn.Identity = append(conn.Identity, make([]byte, 64<<10)...)
		}), nil, []Claim{IdentityClaim}, []Claim{IssuerClaim, ValidityClaim, SignatureClaim}},
		{"an authority as a peer", resigned(t, func(conn *proto.ConnEstablish) {
			conn.Identity = msp.SerializeIdentity("Org1", authority.CertificatePEM())
		}), nil, []Claim{IdentityClaim, PKIIDClaim, SignatureClaim}, []Claim{}},
		{"a key on another curve", otherKey(t), nil, []Claim{IdentityClaim}, []Claim{SignatureClaim}},
		{"another organisation's name, signed", resigned(t, func(conn *proto.ConnEstablish) {
			conn.Identity = msp.SerializeIdentity("Org2", identityOf(t, "A").CertificatePEM())
		}), nil, []Claim{PKIIDClaim, IssuerClaim}, []Claim{}},
		{"an organisation that nobody knows", of(t, foreign), func(c *Context) { c.Roots = lab.Roots()[1:] }, []Claim{IssuerClaim}, []Claim{}},
		{"a CA of the same name that nobody believes", of(t, foreign), nil, []Claim{IssuerClaim}, []Claim{}},
		{"an expired certificate", of(t, late), func(c *Context) { c.Roots = lateRoots }, []Claim{ValidityClaim}, []Claim{}},
		{"a certificate that is not valid yet", of(t, early), func(c *Context) { c.Roots = earlyRoots }, []Claim{ValidityClaim}, []Claim{}},

		{"the signature with a bit flipped", change(resigned(t, nil), func(e *proto.Envelope) { e.Signature[10] ^= 1 }), nil,
			[]Claim{SignatureClaim}, []Claim{}},
		{"the other signature that verifies", change(resigned(t, nil), func(e *proto.Envelope) { e.Signature = otherS(t, e.Signature) }), nil,
			[]Claim{LowSClaim}, []Claim{}},
		{"a signature that is none", change(resigned(t, nil), func(e *proto.Envelope) { e.Signature = []byte("A") }), nil,
			[]Claim{SignatureClaim}, []Claim{}},
		{"no signature", change(resigned(t, nil), func(e *proto.Envelope) { e.Signature = nil }), nil, []Claim{SignatureClaim}, []Claim{}},
		{"the probe mark added on the way", onTheWay(t, func(msg *proto.GossipMessage) { msg.GetConn().Probe = true }), nil,
			[]Claim{SignatureClaim}, []Claim{}},
		{"a nonce added on the way", onTheWay(t, func(msg *proto.GossipMessage) { msg.Nonce = 1 }), nil, []Claim{SignatureClaim}, []Claim{}},

		{"nothing is known", resigned(t, nil), func(c *Context) { *c = Context{} }, []Claim{}, []Claim{IssuerClaim, ValidityClaim, CertHashClaim}},
		{"who dialled is not known", resigned(t, nil), func(c *Context) { c.Role = "" }, []Claim{}, []Claim{CertHashClaim}},
	} {
		context := dialled(t)
		if c.context != nil {
			c.context(&context)
		}
		tree := Open(c.envelope)
		findings := Check(tree, context)
		if diff := cmp.Diff(c.wrong, verdicts(findings, Wrong)); diff != "" {
			t.Errorf("%s: wrong: %s\n%s", c.name, diff, report(findings))
		}
		if diff := cmp.Diff(c.unknown, verdicts(findings, CannotTell)); diff != "" {
			t.Errorf("%s: not known: %s\n%s", c.name, diff, report(findings))
		}
		for _, f := range findings {
			bothLanguages(t, c.name, f.Text)
			if f.Node == nil && f.Verdict == Right {
				t.Errorf("%s: %s is right, and nobody knows where", c.name, f.Claim)
			}
			if f.Verdict == Right && f.Claim != ReadableClaim && f.Stood.Value == "" {
				t.Errorf("%s: %s is right, and nothing is shown", c.name, f.Claim)
			}
		}
	}
}

func change(e *proto.Envelope, with func(*proto.Envelope)) *proto.Envelope {
	with(e)
	return e
}

// A CA is a peer's only warrant, so its own end counts too.
func TestACertificateOfAnAuthorityThatHasEndedIsNotVouchedFor(t *testing.T) {
	ended := msp.WithValidity(noon.Add(-2*time.Hour), noon.Add(-time.Hour))
	authority, err := msp.NewAuthority("Org1", ended)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Issue("A", msp.WithValidity(noon.Add(-2*time.Hour), noon.Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	context := dialled(t)
	context.Roots = []msp.Root{authority.Root()}
	findings := Check(Open(of(t, identity)), context)
	if diff := cmp.Diff([]Claim{IssuerClaim}, verdicts(findings, Wrong)); diff != "" || findings[3].Text != fill(says.issuer.expired, "ca.Org1") {
		t.Errorf("%s\n%s", diff, report(findings))
	}
}

func TestWhatStoodThereIsShownBesideWhatWasComputed(t *testing.T) {
	envelope := resigned(t, func(conn *proto.ConnEstablish) { conn.PkiId = []byte("me") })
	findings := Check(Open(envelope), dialled(t))
	want := map[Claim][2]string{
		PKIIDClaim:     {hex.EncodeToString([]byte("me")), hex.EncodeToString(identityOf(t, "A").PKIID())},
		CertHashClaim:  {hex.EncodeToString(bornAs(t, "A").ClientCertHash), hex.EncodeToString(bornAs(t, "A").ClientCertHash)},
		SignatureClaim: {hex.EncodeToString(envelope.Signature), hexHash(envelope.Payload)},
		ValidityClaim:  {"1999-01-01T00:00:00Z … 2100-01-01T00:00:00Z", "2026-06-01T12:00:00Z"},
	}
	for _, f := range findings {
		if pair, ok := want[f.Claim]; ok && pair != [2]string{f.Stood.Value, f.Computed.Value} {
			t.Errorf("%s shows %q and %q, want %q", f.Claim, f.Stood.Value, f.Computed.Value, pair)
		}
	}
}

func TestWhoseItIsIsSaidWhereThatIsKnown(t *testing.T) {
	for _, c := range []struct {
		name  string
		conn  func(*proto.ConnEstablish)
		claim Claim
		says  string
	}{
		{"B's PKI-ID", func(conn *proto.ConnEstablish) { conn.PkiId = identityOf(t, "B").PKIID() }, PKIIDClaim, "PKI-ID is that of B"},
		{"a PKI-ID that nobody has", func(conn *proto.ConnEstablish) { conn.PkiId = []byte("x") }, PKIIDClaim, "the name is not his"},
		{"B's server certificate", func(conn *proto.ConnEstablish) { conn.TlsCertHash = bornAs(t, "B").ServerCertHash }, CertHashClaim,
			"a certificate of B (server), but at the end of this line is A"},
		{"A's server certificate", func(conn *proto.ConnEstablish) { conn.TlsCertHash = bornAs(t, "A").ServerCertHash }, CertHashClaim,
			"the other certificate of A (server), which shows the one for its role on this line (client)"},
		{"a certificate that nobody has", func(conn *proto.ConnEstablish) { conn.TlsCertHash = []byte("x") }, CertHashClaim, "a man in the middle"},
		{"the certificate of an earlier life", func(conn *proto.ConnEstablish) { conn.TlsCertHash = []byte("earlier") }, CertHashClaim,
			"a man in the middle"},
		{"no certificate", func(conn *proto.ConnEstablish) { conn.TlsCertHash = nil }, CertHashClaim, "There is no certificate hash"},
	} {
		context := dialled(t)
		context.Peers = append(context.Peers, timeline.Birth{Name: "A", ClientCertHash: []byte("earlier")})
		told := ""
		for _, f := range Check(Open(resigned(t, c.conn)), context) {
			if f.Claim == c.claim {
				told = f.Text.En
			}
		}
		if !strings.Contains(told, c.says) {
			t.Errorf("%s is told as %q", c.name, told)
		}
	}
}

func TestTheReasonIsTheRightOne(t *testing.T) {
	foreign, _ := issuedBy(t, false)
	unsigned := change(resigned(t, nil), func(e *proto.Envelope) { e.Signature = nil })
	garbled := change(resigned(t, nil), func(e *proto.Envelope) { e.Signature = []byte("A") })
	heartbeat := change(heartbeat(t, identityOf(t, "A")), func(e *proto.Envelope) { e.Signature = nil })
	nowhere := []msp.Root{{MSPID: "Org1"}, {MSPID: "Org2", Certificate: lab.Authority("Org2").Root().Certificate}}
	for _, c := range []struct {
		name     string
		envelope *proto.Envelope
		roots    []msp.Root
		claim    Claim
		verdict  Verdict
		says     text.Text
	}{
		{"no roots at all", resigned(t, nil), nil, IssuerClaim, CannotTell, says.issuer.noRoots},
		{"a root without a certificate", resigned(t, nil), nowhere, IssuerClaim, Wrong, fill(says.issuer.unknownOrganisation, "Org1")},
		{"another CA", of(t, foreign), lab.Roots(), IssuerClaim, Wrong, fill(says.issuer.foreign, "Org1", "ca.Org1")},
		{"no signature in a handshake", unsigned, lab.Roots(), SignatureClaim, Wrong, says.signature.missing},
		{"no signature in a heartbeat", heartbeat, lab.Roots(), SignatureClaim, Wrong, says.signature.missingAbove},
		{"a signature that is none", garbled, lab.Roots(), SignatureClaim, Wrong, says.signature.malformed},
	} {
		context := dialled(t)
		context.Roots = c.roots
		told := Finding{}
		for _, f := range Check(Open(c.envelope), context) {
			if f.Claim == c.claim {
				told = f
			}
		}
		if told.Verdict != c.verdict || told.Text != c.says {
			t.Errorf("%s: %s, %q", c.name, told.Verdict.Word().En, told.Text.En)
		}
	}
}

func TestTheNamesInACertificateAreFitToBeShown(t *testing.T) {
	authority, err := msp.NewAuthority("Org1\x1b[2J")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Issue("\x1b[31m" + strings.Repeat("A", 200))
	if err != nil {
		t.Fatal(err)
	}
	tree := Open(of(t, identity))
	n := tree.Find("payload", "conn", "identity", "id_bytes", "body", "subject")
	if n == nil || !strings.HasPrefix(n.Value, "CN=?[31mAAA") || !strings.HasSuffix(n.Value, "…") || text.Cells(n.Value) > lineRunes+1 {
		t.Errorf("the subject is %v", n)
	}
	context := dialled(t)
	context.Roots = []msp.Root{authority.Root()}
	for _, f := range Check(tree, context) {
		if f.Text.En != text.Printable(f.Text.En) {
			t.Errorf("%s is told as %q", f.Claim, f.Text.En)
		}
	}
}

func TestAMessageThatNeedsNoSignatureSaysWhy(t *testing.T) {
	fields := gossipMessage.Oneofs().ByName("content").Fields()
	for i := range fields.Len() {
		msg := &proto.GossipMessage{}
		msg.ProtoReflect().Set(fields.Get(i), msg.ProtoReflect().NewField(fields.Get(i)))
		name := string(fields.Get(i).Name())
		findings := Check(Open(message(t, msg, nil)), Context{})
		f := findings[len(findings)-1]
		reason, needless := says.unsigned[name]
		switch {
		case f.Claim != SignatureClaim:
			t.Errorf("%s: nothing is said of a signature:\n%s", name, report(findings))
		case needless && (f.Verdict != NotNeeded || !strings.HasSuffix(f.Text.Zh, reason.Zh) || !strings.HasSuffix(f.Text.En, reason.En)):
			t.Errorf("%s: %s", name, report(findings))
		case !needless && f.Verdict != Wrong:
			t.Errorf("%s must be signed: %s", name, report(findings))
		}
		if !needless {
			continue
		}
		findings = Check(Open(message(t, msg, identityOf(t, "A"))), Context{})
		if f := findings[len(findings)-1]; f.Verdict != CannotTell || f.Text != says.signature.surplus {
			t.Errorf("%s with a signature: %s", name, report(findings))
		}
	}
}

func TestAMessageThatLeavesItsAuthorsIdentityOutCannotBeTold(t *testing.T) {
	a := identityOf(t, "A")
	for _, msg := range []*proto.GossipMessage{
		{Content: &proto.GossipMessage_StateInfo{StateInfo: &proto.StateInfo{PkiId: a.PKIID()}}},
		{Content: &proto.GossipMessage_LeadershipMsg{LeadershipMsg: &proto.LeadershipMessage{PkiId: a.PKIID()}}},
		{Content: &proto.GossipMessage_AliveMsg{AliveMsg: &proto.AliveMessage{Membership: &proto.Member{PkiId: a.PKIID()}}}},
	} {
		findings := Check(Open(message(t, msg, a)), dialled(t))
		if diff := cmp.Diff([]Claim{IdentityClaim, PKIIDClaim, SignatureClaim}, verdicts(findings, CannotTell)); diff != "" || len(findings) != 4 {
			t.Errorf("%s\n%s", diff, report(findings))
		}
	}
}

// heartbeat is an AliveMessage of A as it is after a start, with its identity, and with a secret that somebody has signed.
func heartbeat(t testing.TB, signer *msp.SigningIdentity) *proto.Envelope {
	t.Helper()
	a := identityOf(t, "A")
	envelope := message(t, &proto.GossipMessage{Tag: proto.GossipMessage_EMPTY, Content: &proto.GossipMessage_AliveMsg{AliveMsg: &proto.AliveMessage{
		Membership: &proto.Member{Endpoint: "A:7051", PkiId: a.PKIID()}, Timestamp: &proto.PeerTime{IncNum: 1, SeqNum: 2}, Identity: a.Serialize(),
	}}}, a)
	if err := envelope.SignSecret(signer.Sign, &proto.Secret{Content: &proto.Secret_InternalEndpoint{InternalEndpoint: "a.org1:7051"}}); err != nil {
		t.Fatal(err)
	}
	return envelope
}

func TestAHeartbeatWithItsSecretIsChecked(t *testing.T) {
	for _, c := range []struct {
		name     string
		envelope *proto.Envelope
		wrong    []Claim
	}{
		{"right", heartbeat(t, identityOf(t, "A")), []Claim{}},
		{"a secret of B", heartbeat(t, identityOf(t, "B")), []Claim{SecretClaim}},
		{"a secret without content", change(heartbeat(t, identityOf(t, "A")), func(e *proto.Envelope) { e.SecretEnvelope.Payload = nil }),
			[]Claim{SecretClaim}},
		{"a secret with a high S", change(heartbeat(t, identityOf(t, "A")), func(e *proto.Envelope) {
			e.SecretEnvelope.Signature = otherS(t, e.SecretEnvelope.Signature)
		}), []Claim{SecretClaim}},
	} {
		tree := Open(c.envelope)
		tiles(t, tree)
		findings := Check(tree, dialled(t))
		if diff := cmp.Diff(c.wrong, verdicts(findings, Wrong)); diff != "" || len(verdicts(findings, CannotTell)) > 0 {
			t.Errorf("%s: %s\n%s", c.name, diff, report(findings))
		}
	}
	if n := Open(heartbeat(t, identityOf(t, "A"))).Find("secret_envelope", "payload", "internalEndpoint"); n == nil || n.Value != `"a.org1:7051"` {
		t.Errorf("the secret is %v", n)
	}
}

// refused says what the layer would do with a ConnEstablish on a line whose end has shown this certificate: the same calls, in the same order.
func refused(service *msp.CryptoService, wire, shown []byte) error {
	envelope := &proto.Envelope{}
	if err := protobuf.Unmarshal(wire, envelope); err != nil {
		return err
	}
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return err
	}
	conn := msg.GetConn()
	switch {
	case conn == nil:
		return comm.ErrWrongType
	case len(conn.PkiId) == 0:
		return comm.ErrNoPKIID
	}
	if err := service.ValidateIdentity(conn.Identity); err != nil {
		return err
	}
	if !bytes.Equal(service.GetPKIidOfCert(conn.Identity), conn.PkiId) {
		return comm.ErrIdentity
	}
	if !bytes.Equal(conn.TlsCertHash, shown) {
		return comm.ErrCertHash
	}
	return msg.Verify(conn.Identity, func(identity, signature, message []byte) error {
		return service.Verify(identity, signature, message)
	})
}

// Whatever is done to a handshake, Check finds nothing wrong exactly if the layer takes it.
func TestCheckAgreesWithTheLayer(t *testing.T) {
	service, err := msp.New(identityOf(t, "B"), lab.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	// comm/msp looks at the clock; the fixed identities are valid at either time.
	shown := bornAs(t, "A").ClientCertHash
	taken := 0
	rapid.Check(t, func(r *rapid.T) {
		var envelope *proto.Envelope
		switch rapid.IntRange(0, 3).Draw(r, "how") {
		case 0: // signed by A, whatever it says
			envelope = message(t, establish(t, func(conn *proto.ConnEstablish) {
				if rapid.Bool().Draw(r, "PKI-ID") {
					conn.PkiId = tamper(r, conn.PkiId)
				}
				if rapid.Bool().Draw(r, "identity") {
					conn.Identity = tamper(r, conn.Identity)
				}
				if rapid.Bool().Draw(r, "hash") {
					conn.TlsCertHash = tamper(r, conn.TlsCertHash)
				}
			}), identityOf(t, "A"))
		case 1:
			envelope = resigned(t, nil)
			envelope.Signature = tamper(r, envelope.Signature)
		case 2:
			envelope = resigned(t, nil)
			envelope.Payload = tamper(r, envelope.Payload)
		default:
			envelope = resigned(t, nil)
			if rapid.Bool().Draw(r, "high S") {
				envelope.Signature = otherS(t, envelope.Signature)
			}
		}
		tree := Open(envelope)
		tiles(t, tree)
		findings := Check(tree, dialled(t))
		err := refused(service, tree.Bytes, shown)
		right := len(findings) == len(handshake) && len(verdicts(findings, Right)) == len(handshake)
		if right != (err == nil) {
			r.Fatalf("the layer says %v, and Check\n%s", err, report(findings))
		}
		if err == nil {
			taken++
		}
	})
	if taken == 0 {
		t.Error("the layer has taken none of them")
	}
}

// tamper changes a byte, takes one away, or puts one in.
func tamper(r *rapid.T, b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	at := rapid.IntRange(0, len(b)-1).Draw(r, "at")
	with := rapid.Byte().Draw(r, "with")
	switch rapid.IntRange(0, 2).Draw(r, "tampering") {
	case 0:
		b = bytes.Clone(b)
		b[at] = with
		return b
	case 1:
		return append(bytes.Clone(b[:at]), b[at+1:]...)
	}
	return append(append(bytes.Clone(b[:at]), with), b[at:]...)
}

func TestOfAConnectionThatNobodyKnowsTheSenderIsNotKnown(t *testing.T) {
	state := timeline.Fold(nil)
	context := ContextOf(&state, &timeline.Connection{Role: trace.Acceptor}, false)
	if context.Sender.Name != "" || context.Role != trace.Initiator {
		t.Errorf("of a connection that nobody knows the context is %s", fmt.Sprint(context))
	}
}
