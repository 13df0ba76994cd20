package msp

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnAuthorityIsOneThatFabricWouldTake(t *testing.T) {
	root := newAuthority(t, "Org1").Root().Certificate
	if !root.IsCA || !root.BasicConstraintsValid || root.MaxPathLen != 0 || !root.MaxPathLenZero {
		t.Errorf("basic constraints: CA %v, path length %d", root.IsCA, root.MaxPathLen)
	}
	if root.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature {
		t.Errorf("key usage %b", root.KeyUsage)
	}
	if len(root.SubjectKeyId) == 0 {
		t.Error("it has no subject key identifier, which Fabric demands of an authority")
	}
	if err := root.CheckSignatureFrom(root); err != nil {
		t.Errorf("it is not signed by itself: %v", err)
	}
	bubble := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if !root.NotBefore.Before(bubble) || root.NotAfter.Year() != 2100 {
		t.Errorf("valid from %v to %v", root.NotBefore, root.NotAfter)
	}
}

func TestAMemberIsValidAsLongAsItsAuthorityUnlessToldOtherwise(t *testing.T) {
	begin, end := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)
	authority := newAuthority(t, "Org1", WithValidity(begin, end))
	plain := issueTo(t, authority, "A").Certificate()
	if !plain.NotBefore.Equal(begin) || !plain.NotAfter.Equal(end) {
		t.Errorf("without an option it is valid from %v to %v", plain.NotBefore, plain.NotAfter)
	}
	short := issueTo(t, authority, "A", WithValidity(begin, begin.Add(time.Hour+time.Millisecond))).Certificate()
	if !short.NotAfter.Equal(begin.Add(time.Hour)) {
		t.Errorf("with the option it is valid to %v", short.NotAfter)
	}
	if plain.IsCA || plain.KeyUsage != x509.KeyUsageDigitalSignature || plain.Subject.String() != "CN=A,OU=peer,O=Org1" {
		t.Errorf("it is %v, CA %v, key usage %b", plain.Subject, plain.IsCA, plain.KeyUsage)
	}
}

func TestTheSamePeerIssuedTwiceHasTwoPKIIDs(t *testing.T) {
	authority := newAuthority(t, "Org1")
	first, second := issueTo(t, authority, "A"), issueTo(t, authority, "A")
	if first.PKIID().String() == second.PKIID().String() {
		t.Error("two certificates have one PKI-ID")
	}
}

func TestAnAuthoritySurvivesItsPEMTexts(t *testing.T) {
	authority := newAuthority(t, "Org1")
	key, err := authority.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseAuthority("Org1", authority.CertificatePEM(), key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(authority.Root().Certificate.Raw, again.Root().Certificate.Raw); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}
	peer := issueTo(t, again, "A")
	if err := newService(t, peer, authority.Root()).ValidateIdentity(peer.Serialize()); err != nil {
		t.Errorf("what it issues now is refused: %v", err)
	}
}

func TestNonsenseIsNotIssued(t *testing.T) {
	authority := newAuthority(t, "Org1")
	peer := issueTo(t, authority, "A")
	keyOfPeer, err := peer.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	backwards := WithValidity(now, now.Add(-time.Hour))
	for name, act := range map[string]func() error{
		"an authority without a name":        func() error { _, err := NewAuthority(""); return err },
		"an authority that is not UTF-8":     func() error { _, err := NewAuthority("\xff"); return err },
		"an authority that ends too early":   func() error { _, err := NewAuthority("Org1", backwards); return err },
		"a member without a name":            func() error { _, err := authority.Issue(""); return err },
		"a member that is not UTF-8":         func() error { _, err := authority.Issue("\xff"); return err },
		"a member that ends before it began": func() error { _, err := authority.Issue("A", backwards); return err },
	} {
		if act() == nil {
			t.Errorf("%s was made", name)
		}
	}
	if _, err := ParseAuthority("Org1", peer.CertificatePEM(), keyOfPeer); !errors.Is(err, ErrNotAuthority) {
		t.Errorf("a member was taken for an authority: %v", err)
	}
	if _, err := ParseAuthority("Org1", authority.CertificatePEM(), keyOfPeer); !errors.Is(err, ErrKeyMismatch) {
		t.Errorf("another's key was taken for the authority's: %v", err)
	}
}
