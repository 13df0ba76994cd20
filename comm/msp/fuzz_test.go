package msp

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"gossipscope/comm/api"
)

// FuzzIdentity feeds the service what a stranger may send before he has proved anything. Nothing may panic; our reading of the
// message must be protobuf's; and whatever is accepted must have one form, since the PKI-ID is taken over it.
func FuzzIdentity(f *testing.F) {
	// The same identity in every process: the fuzzer's workers compare what the same bytes do.
	peer, roots, err := ReadFolder("testdata/fixed", "Org1")
	if err != nil {
		f.Fatal(err)
	}
	service := newService(f, peer, roots...)
	signature, err := peer.Sign([]byte("message"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(peer.Serialize()), signature)
	f.Add([]byte(SerializeIdentity("Org2", peer.CertificatePEM())), signature[:9])
	f.Add([]byte(SerializeIdentity("", []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))), []byte{0x30, 0})
	f.Add(append([]byte{0x1b, 0x08, 1, 0x1c, 0x18, 1}, peer.Serialize()...), []byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	descriptor := serializedIdentityMessage(f)

	f.Fuzz(func(t *testing.T, raw, signature []byte) {
		checkDecoding(t, raw, descriptor)
		identity := api.PeerIdentityType(raw)
		parsed, err := ParseIdentity(identity)
		pkiID := service.GetPKIidOfCert(identity)
		_, noExpiration := service.Expiration(identity)
		valid := service.ValidateIdentity(identity)
		verified := service.Verify(identity, signature, []byte("message"))
		if err != nil {
			if pkiID != nil || noExpiration == nil || valid == nil || verified == nil || OrgByPeerIdentity(identity) != "" {
				t.Fatalf("it is malformed (%v), and something was made of it all the same", err)
			}
			return
		}
		if len(pkiID) != 32 || noExpiration != nil || verified == nil && valid != nil {
			t.Fatalf("PKI-ID %v, expiration %v, validation %v, verification %v", pkiID, noExpiration, valid, verified)
		}
		if !bytes.Equal(encodeCertificate(parsed.Certificate()), parsed.CertificatePEM()) {
			t.Fatalf("accepted a text that is not its certificate's own: %q", parsed.CertificatePEM())
		}
		again, err := ParseIdentity(parsed.Serialize())
		if err != nil {
			t.Fatalf("what was accepted is refused when it is written anew: %v", err)
		}
		if !bytes.Equal(again.Serialize(), parsed.Serialize()) || !bytes.Equal(again.PKIID(), pkiID) {
			t.Fatal("what was accepted is another identity when it is written anew")
		}
	})
}

// checkDecoding compares our reading of the message with the protobuf library's.
func checkDecoding(t *testing.T, raw []byte, descriptor protoreflect.MessageDescriptor) {
	t.Helper()
	message := dynamicpb.NewMessage(descriptor)
	refused := proto.Unmarshal(raw, message)
	mspID, idBytes, err := decodeSerializedIdentity(raw)
	if (refused == nil) != (err == nil) {
		t.Fatalf("protobuf says %v, we say %v", refused, err)
	}
	if err != nil {
		return
	}
	fields := descriptor.Fields()
	if want := message.Get(fields.ByName("mspid")).String(); want != mspID {
		t.Fatalf("protobuf reads the MSP ID %q, we read %q", want, mspID)
	}
	if want := message.Get(fields.ByName("id_bytes")).Bytes(); !bytes.Equal(want, idBytes) {
		t.Fatalf("protobuf reads the bytes %q, we read %q", want, idBytes)
	}
}
