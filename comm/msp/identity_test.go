package msp

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
)

// serializedIdentityMessage is Fabric's message as the protobuf library itself understands it: the judge of our own encoding.
func serializedIdentityMessage(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	optional := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("identities.proto"), Package: proto.String("msp"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("SerializedIdentity"),
			Field: []*descriptorpb.FieldDescriptorProto{
				{Name: proto.String("mspid"), Number: proto.Int32(1), Label: optional,
					Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum()},
				{Name: proto.String("id_bytes"), Number: proto.Int32(2), Label: optional,
					Type: descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()},
			},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("SerializedIdentity")
}

func TestEncodingIsWhatProtobufWouldWrite(t *testing.T) {
	descriptor := serializedIdentityMessage(t)
	mspID, idBytes := descriptor.Fields().ByName("mspid"), descriptor.Fields().ByName("id_bytes")
	for _, c := range []struct {
		mspID string
		pem   []byte
	}{
		{"Org1MSP", []byte("text")},
		{"组织一", bytes.Repeat([]byte("x"), 1000)},
		{"", []byte("text")},
		{"Org1MSP", nil},
		{"", nil},
	} {
		message := dynamicpb.NewMessage(descriptor)
		message.Set(mspID, protoreflect.ValueOfString(c.mspID))
		message.Set(idBytes, protoreflect.ValueOfBytes(c.pem))
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, []byte(SerializeIdentity(c.mspID, c.pem))); diff != "" {
			t.Errorf("SerializeIdentity(%q, %d bytes) (-protobuf +ours):\n%s", c.mspID, len(c.pem), diff)
		}
	}
}

func TestEncodingIsReadByTheRulesOfProtobuf(t *testing.T) {
	peer := issueTo(t, newAuthority(t, "Org1"), "A")
	text := string(peer.CertificatePEM())
	field := func(tag byte, value string) string {
		return string([]byte{tag, byte(len(value)&0x7f | 0x80), byte(len(value) >> 7)}) + value
	}
	for name, raw := range map[string]string{
		"fields in the other order":                    field(0x12, text) + field(0x0a, "Org1"),
		"the last of a repeated field wins":            field(0x0a, "Org2") + field(0x12, "old") + field(0x0a, "Org1") + field(0x12, text),
		"an unknown field of bytes":                    field(0x1a, "future") + field(0x0a, "Org1") + field(0x12, text),
		"an unknown number":                            field(0x0a, "Org1") + field(0x12, text) + "\x18\x01",
		"an unknown group":                             field(0x0a, "Org1") + "\x1b\x08\x01\x1c" + field(0x12, text),
		"a known number with the wire type of another": "\x08\x07" + field(0x0a, "Org1") + "\x10\x07" + field(0x12, text),
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := ParseIdentity(api.PeerIdentityType(raw))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(peer.Serialize(), parsed.Serialize()); diff != "" {
				t.Errorf("it reads as another identity (-want +got):\n%s", diff)
			}
		})
	}
}

// wrap returns text as PEM writes binary data of another type or with headers.
func wrap(block pem.Block) string { return string(pem.EncodeToMemory(&block)) }

func TestEveryOtherWayToWriteAnIdentityIsMalformed(t *testing.T) {
	peer := issueTo(t, newAuthority(t, "Org1"), "A")
	good, der := string(peer.CertificatePEM()), peer.Certificate().Raw
	rewrapped := strings.ReplaceAll(good, "\n", "")
	rewrapped = strings.Replace(rewrapped, "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n", 1)
	rewrapped = strings.Replace(rewrapped, "-----END CERTIFICATE-----", "\n-----END CERTIFICATE-----\n", 1)
	for _, c := range []struct {
		name string
		raw  api.PeerIdentityType
		says string
	}{
		{"nothing", nil, "it is empty"},
		{"not protobuf", api.PeerIdentityType("\xff\xff"), "not a protobuf message"},
		{"a field cut short", peer.Serialize()[:40], "cut short"},
		{"no MSP ID", withPEM("", good), "the MSP ID is empty"},
		{"an MSP ID that is not UTF-8", withPEM("Org\xff", good), "not UTF-8"},
		{"one overridden later that is not UTF-8", append(withPEM("Org\xff", "x"), peer.Serialize()...), "not UTF-8"},
		{"a field number that protobuf does not have", append(api.PeerIdentityType("\x88\xa7\xa7\xa0\x2d\x00"), peer.Serialize()...),
			"no field has the number"},
		{"no certificate", withPEM("Org1", ""), "no PEM text"},
		{"DER instead of PEM", SerializeIdentity("Org1", der), "no PEM text"},
		{"half a block", withPEM("Org1", good[:len(good)/2]), "no PEM text"},
		{"two blocks", withPEM("Org1", good+good), "behind the PEM block"},
		{"a trailing newline", withPEM("Org1", good+"\n"), "behind the PEM block"},
		{"no final newline", withPEM("Org1", strings.TrimSuffix(good, "\n")), "one permitted way"},
		{"words in front", withPEM("Org1", "hello\n"+good), "one permitted way"},
		{"a newline in front", withPEM("Org1", "\n"+good), "one permitted way"},
		{"other line breaks", withPEM("Org1", strings.ReplaceAll(good, "\n", "\r\n")), "one permitted way"},
		{"one long line", withPEM("Org1", rewrapped), "one permitted way"},
		{"headers", withPEM("Org1", wrap(pem.Block{Type: pemCertificate, Bytes: der, Headers: map[string]string{"a": "b"}})), "headers"},
		{"another type", withPEM("Org1", wrap(pem.Block{Type: "X509 CERTIFICATE", Bytes: der})), `"X509 CERTIFICATE"`},
		{"no type", withPEM("Org1", wrap(pem.Block{Bytes: der})), `of type ""`},
		{"not a certificate", withPEM("Org1", wrap(pem.Block{Type: pemCertificate, Bytes: []byte("hello")})), "does not parse"},
		{"bytes behind the DER", withPEM("Org1", wrap(pem.Block{Type: pemCertificate, Bytes: append(bytes.Clone(der), 0)})),
			"does not parse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseIdentity(c.raw)
			mustMatchOnly(t, err, ErrMalformedIdentity)
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
			if org := OrgByPeerIdentity(c.raw); org != "" {
				t.Errorf("it has an organization, %q", org)
			}
		})
	}
}

// resigned returns the PEM text of a certificate whose authority's signature is replaced by these bytes, of which the last bits
// are unused.
func resigned(t *testing.T, certificate *x509.Certificate, signature []byte, unused int) string {
	t.Helper()
	var outer signedCertificate
	if _, err := asn1.Unmarshal(certificate.Raw, &outer); err != nil {
		t.Fatal(err)
	}
	outer.Signature = asn1.BitString{Bytes: signature, BitLength: 8*len(signature) - unused}
	der, err := asn1.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	return wrap(pem.Block{Type: pemCertificate, Bytes: der})
}

func TestRewritingTheAuthoritysSignatureMakesNoSecondIdentity(t *testing.T) {
	peer := issueTo(t, newAuthority(t, "Org1"), "A")
	signature := peer.Certificate().Signature
	negative := []byte{0x30, 0x06, 0x02, 0x01, 0xff, 0x02, 0x01, 0x01}
	for _, c := range []struct {
		name  string
		text  string
		cause string
	}{
		{"trailing bytes", resigned(t, peer.Certificate(), append(bytes.Clone(signature), 0), 0), "behind its end"},
		{"a long form of the length", resigned(t, peer.Certificate(), append([]byte{0x30, 0x81}, signature[1:]...), 0), "not a DER"},
		{"not a signature", resigned(t, peer.Certificate(), []byte("hello"), 0), "not a DER"},
		{"no signature", resigned(t, peer.Certificate(), nil, 0), "empty"},
		{"negative integers", resigned(t, peer.Certificate(), negative, 0), "not positive"},
		// The first byte of a DER sequence, 0x30, begins with two zero bits, so the bit string may leave two bits out and still
		// hold the same signature. crypto/x509 takes it.
		{"two unused bits", resigned(t, peer.Certificate(), shiftLeft(signature, 2), 2), "one permitted way"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseIdentity(withPEM("Org1", c.text))
			mustMatchOnly(t, err, ErrMalformedIdentity)
			if !strings.Contains(err.Error(), c.cause) {
				t.Errorf("error %q does not say %q", err, c.cause)
			}
		})
	}
}

// shiftLeft returns the bits of b without the first n, and with n zero bits at the end.
func shiftLeft(b []byte, n int) []byte {
	out := make([]byte, len(b))
	new(big.Int).Lsh(new(big.Int).SetBytes(b), uint(n)).FillBytes(out)
	return out
}

func TestPKIIDIsTheHashOfTheMSPIDAndTheText(t *testing.T) {
	peer := issueTo(t, newAuthority(t, "Org1"), "A")
	want := sha256.Sum256([]byte("Org1" + string(peer.CertificatePEM())))
	if diff := cmp.Diff(common.PKIidType(want[:]), peer.PKIID()); diff != "" {
		t.Errorf("PKI-ID (-want +got):\n%s", diff)
	}
	// H2: nothing that uses the identity where the PKI-ID is meant may pass unnoticed.
	if bytes.Equal(peer.PKIID(), peer.Serialize()) {
		t.Error("the PKI-ID is the identity itself")
	}
}

// The text is one that openssl wrote, and its hash is sha256sum's: (printf Org1; openssl x509 -in A.pem) | sha256sum.
func TestPKIIDOfACertificateFromOpensslIsTheOneThatSha256sumComputes(t *testing.T) {
	const want = "56f67b005db3646c63c08c65f0e14df726cde919cc49a451cbc60a35d49f9cb8"
	printed, err := os.ReadFile("testdata/openssl/signcerts/A.pem")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := bytes.Cut(printed, []byte("-----BEGIN"))
	text = append([]byte("-----BEGIN"), text...)
	service := newService(t, issueTo(t, newAuthority(t, "Org1"), "A"))
	if got := service.GetPKIidOfCert(SerializeIdentity("Org1", text)); hex.EncodeToString(got) != want {
		t.Errorf("PKI-ID is %v, want %v", got, want)
	}
}

func TestASigningIdentitySurvivesItsPEMTexts(t *testing.T) {
	peer := issueTo(t, newAuthority(t, "Org1"), "A")
	key, err := peer.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSigningIdentity("Org1", peer.CertificatePEM(), key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(peer.Serialize(), again.Serialize()); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if !again.key.Equal(peer.key) {
		t.Error("it has another private key")
	}
	if again.MSPID() != "Org1" || again.String() != `"A" of "Org1"` {
		t.Errorf("it is called %v, of %q", again, again.MSPID())
	}
}

func TestASigningIdentityIsRefusedWhenItsPartsDoNotFit(t *testing.T) {
	org := newAuthority(t, "Org1")
	a, b := issueTo(t, org, "A"), issueTo(t, org, "B")
	keyOfA, err := a.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	keyOfB, err := b.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name             string
		mspID            string
		certificate, key []byte
		want             error
	}{
		{"another's key", "Org1", a.CertificatePEM(), keyOfB, ErrKeyMismatch},
		{"exchanged", "Org1", keyOfA, a.CertificatePEM(), ErrMisplaced},
		{"two certificates", "Org1", append(a.CertificatePEM(), b.CertificatePEM()...), keyOfA, ErrSeveral},
		{"a certificate for a key", "Org1", a.CertificatePEM(), a.CertificatePEM(), ErrMisplaced},
		{"no organization", "", a.CertificatePEM(), keyOfA, ErrMalformedIdentity},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseSigningIdentity(c.mspID, c.certificate, c.key)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want an error that matches %q", err, c.want)
			}
		})
	}
}

func TestWhatAStrangerWritesIsRepeatedOnlyInPart(t *testing.T) {
	long := strings.Repeat("组", 10_000)
	service := newService(t, issueTo(t, newAuthority(t, "Org1"), "A"))
	err := service.ValidateIdentity(issueTo(t, newAuthority(t, long), long).Serialize())
	mustMatchOnly(t, err, ErrUnknownOrganization)
	if len(err.Error()) > 400 || strings.Contains(err.Error(), `\x`) {
		t.Errorf("the error has %d bytes: %.500v", len(err.Error()), err)
	}
	err = service.ValidateIdentity(withPEM("evil\n\x1b[2J", "x"))
	mustMatchOnly(t, err, ErrMalformedIdentity)
	if strings.ContainsAny(err.Error(), "\n\x1b") {
		t.Errorf("the error carries control characters: %q", err)
	}
}
