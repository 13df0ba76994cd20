package msp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm/api"
)

func TestMembersOfTrustedOrganizationsBelieveEachOther(t *testing.T) {
	org1, org2 := newAuthority(t, "Org1"), newAuthority(t, "Org2")
	a, b := issueTo(t, org1, "A"), issueTo(t, org2, "B")
	ofA := newService(t, a, org1.Root(), org2.Root())
	ofB := newService(t, b, org1.Root(), org2.Root())
	message := []byte("message")
	signature, err := ofA.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	if err := ofB.Verify(a.Serialize(), signature, message); err != nil {
		t.Errorf("B does not believe A: %v", err)
	}
	if err := ofA.ValidateIdentity(b.Serialize()); err != nil {
		t.Errorf("A does not believe B: %v", err)
	}
	if err := ofA.ValidateIdentity(a.Serialize()); err != nil {
		t.Errorf("A does not believe itself: %v", err)
	}
	if OrgByPeerIdentity(b.Serialize()) != "Org2" || ofA.Self() != a {
		t.Errorf("B is of %q, A's service is %v's", OrgByPeerIdentity(b.Serialize()), ofA.Self())
	}
	if got := ofA.GetPKIidOfCert(b.Serialize()); got.String() != b.PKIID().String() {
		t.Errorf("PKI-ID of B is %v, want %v", got, b.PKIID())
	}
}

// member returns an identity of the authority with a public key of any kind and anything else that the change asks for.
func member(t *testing.T, authority *Authority, public any, change func(*x509.Certificate)) api.PeerIdentityType {
	t.Helper()
	template := newTemplate("odd", "Org1", nil)
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Root().Certificate, public, lowSSigner{key: authority.key})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return SerializeIdentity("Org1", encodeCertificate(certificate))
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestEveryUnacceptableIdentityIsRefusedForItsOwnReason(t *testing.T) {
	var (
		past    = WithValidity(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1999, 6, 1, 0, 0, 0, 0, time.UTC))
		future  = WithValidity(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
		org1    = newAuthority(t, "Org1")
		org2    = newAuthority(t, "Org2")
		unknown = newAuthority(t, "Org3")
		forger  = newAuthority(t, "Org1")
		faded   = newAuthority(t, "Faded", past)
		unborn  = newAuthority(t, "Unborn", future)
		always  = WithValidity(defaultNotBefore, defaultNotAfter)
		self    = issueTo(t, org1, "A")
		service = newService(t, self, org1.Root(), org2.Root(), faded.Root(), unborn.Root())
	)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, p384 := newKey(t, elliptic.P256()), newKey(t, elliptic.P384())
	strange := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	}
	authority := func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	for _, c := range []struct {
		name     string
		identity api.PeerIdentityType
		want     error
		says     string
	}{
		{"malformed", api.PeerIdentityType("hello"), ErrMalformedIdentity, "cut short"},
		{"of an unknown organization", issueTo(t, unknown, "X").Serialize(), ErrUnknownOrganization, `"X" of "Org3"`},
		{"of a forger with the organization's name", issueTo(t, forger, "X").Serialize(), ErrForeignAuthority, `"X" of "Org1"`},
		{"of one organization, claiming another", SerializeIdentity("Org1", issueTo(t, org2, "X").CertificatePEM()),
			ErrForeignAuthority, `issued by "ca.Org2"`},
		{"signed by itself", SerializeIdentity("Org1", forger.CertificatePEM()), ErrForeignAuthority, `"ca.Org1"`},
		{"expired", issueTo(t, org1, "X", past).Serialize(), ErrExpired, `"X" of "Org1" ended at 1999-06-01T00:00:00Z`},
		{"not yet valid", issueTo(t, org1, "X", future).Serialize(), ErrNotYetValid, `"X" of "Org1" begins at 2098-01-01T00:00:00Z`},
		{"expired and foreign", issueTo(t, forger, "X", past).Serialize(), ErrForeignAuthority, `"X" of "Org1"`},
		{"not yet valid and foreign", issueTo(t, forger, "X", future).Serialize(), ErrForeignAuthority, `"X" of "Org1"`},
		{"of an expired authority", issueTo(t, faded, "X", always).Serialize(), ErrExpired, `authority "ca.Faded"`},
		{"of an authority not yet valid", issueTo(t, unborn, "X", always).Serialize(), ErrNotYetValid, `authority "ca.Unborn"`},
		{"the authority itself", SerializeIdentity("Org1", org1.CertificatePEM()), ErrUnacceptableCertificate, `"ca.Org1"`},
		{"an authority below the authority", member(t, org1, p256.Public(), authority), ErrUnacceptableCertificate, `"odd"`},
		{"an extension that must be understood", member(t, org1, p256.Public(), strange), ErrUnacceptableCertificate, "critical"},
		{"a key on another curve", member(t, org1, p384.Public(), nil), ErrUnsupportedKey, "P-384"},
		{"a key of another kind", member(t, org1, rsaKey.Public(), nil), ErrUnsupportedKey, "RSA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := service.ValidateIdentity(c.identity)
			mustMatchOnly(t, err, c.want)
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
			// Verify must refuse the signer before it looks at the signature, which is empty here.
			mustMatchOnly(t, service.Verify(c.identity, nil, nil), c.want)
		})
	}
}

func TestAGoodSignatureOfAnUnacceptableIdentityIsRefused(t *testing.T) {
	org, forger := newAuthority(t, "Org1"), newAuthority(t, "Org1")
	service := newService(t, issueTo(t, org, "A"), org.Root())
	impostor := issueTo(t, forger, "A")
	signature, err := impostor.Sign([]byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	mustMatchOnly(t, service.Verify(impostor.Serialize(), signature, []byte("message")), ErrForeignAuthority)
}

func TestAnIdentityIsGoodFromItsFirstToItsLastMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().Add(time.Hour)
		end := begin.Add(time.Hour)
		org := newAuthority(t, "Org1") // valid in a bubble without further ado: its clock begins in 2000
		peer := issueTo(t, org, "A", WithValidity(begin, end))
		service := newService(t, peer, org.Root())
		signature, err := service.Sign([]byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		check := func() error {
			validity := service.ValidateIdentity(peer.Serialize())
			if verdict := service.Verify(peer.Serialize(), signature, []byte("message")); (verdict == nil) != (validity == nil) {
				t.Errorf("at %v ValidateIdentity says %v and Verify says %v", time.Now(), validity, verdict)
			}
			return validity
		}

		time.Sleep(time.Until(begin) - time.Nanosecond)
		mustMatchOnly(t, check(), ErrNotYetValid)
		time.Sleep(time.Nanosecond)
		if err := check(); err != nil {
			t.Errorf("at its first moment: %v", err)
		}
		expires, err := service.Expiration(peer.Serialize())
		if err != nil || !expires.Equal(end) {
			t.Errorf("it expires at %v, %v; want %v", expires, err, end)
		}
		time.Sleep(time.Until(expires))
		if err := check(); err != nil {
			t.Errorf("at its last moment: %v", err)
		}
		time.Sleep(time.Nanosecond)
		mustMatchOnly(t, check(), ErrExpired)
	})
}

func TestAnAuthorityThatExpiresTakesItsMembersWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Hour)
		org := newAuthority(t, "Org1", WithValidity(defaultNotBefore, end))
		peer := issueTo(t, org, "A", WithValidity(defaultNotBefore, defaultNotAfter))
		service := newService(t, peer, org.Root())
		if err := service.ValidateIdentity(peer.Serialize()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(end) + time.Nanosecond)
		mustMatchOnly(t, service.ValidateIdentity(peer.Serialize()), ErrExpired)
	})
}

func TestAnOrganizationMayHaveTwoAuthoritiesForAWhile(t *testing.T) {
	old, renewed := newAuthority(t, "Org1"), newAuthority(t, "Org1")
	service := newService(t, issueTo(t, old, "A"), old.Root(), renewed.Root())
	for _, authority := range []*Authority{old, renewed} {
		if err := service.ValidateIdentity(issueTo(t, authority, "B").Serialize()); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatCannotBeParsedHasNoPKIIDAndNoExpiration(t *testing.T) {
	service := newService(t, issueTo(t, newAuthority(t, "Org1"), "A"))
	for _, raw := range []api.PeerIdentityType{nil, {}, api.PeerIdentityType("hello"), withPEM("Org1", "hello")} {
		if id := service.GetPKIidOfCert(raw); id != nil {
			t.Errorf("PKI-ID of %q is %v", raw, id)
		}
		expires, err := service.Expiration(raw)
		mustMatchOnly(t, err, ErrMalformedIdentity)
		if !expires.IsZero() {
			t.Errorf("%q expires at %v", raw, expires)
		}
	}
}

func TestThePKIIDOfAStrangerIsComputedAllTheSame(t *testing.T) {
	service := newService(t, issueTo(t, newAuthority(t, "Org1"), "A"))
	stranger := issueTo(t, newAuthority(t, "Org2"), "B")
	if got := service.GetPKIidOfCert(stranger.Serialize()); got.String() != stranger.PKIID().String() {
		t.Errorf("PKI-ID is %v, want %v", got, stranger.PKIID())
	}
}

func TestAServiceIsRefusedWhatCouldNeverWork(t *testing.T) {
	org := newAuthority(t, "Org1")
	self := issueTo(t, org, "A")
	if _, err := New(nil, org.Root()); err == nil {
		t.Error("a service without an identity was made")
	}
	noSigner := newTemplate("ca", "Org1", nil)
	noSigner.IsCA, noSigner.BasicConstraintsValid, noSigner.KeyUsage = true, true, x509.KeyUsageDigitalSignature
	key := newKey(t, elliptic.P256())
	mute, err := issue(noSigner, noSigner, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		root Root
		want error
	}{
		{"no certificate", Root{MSPID: "Org1"}, ErrNotAuthority},
		{"a member as root", Root{MSPID: "Org1", Certificate: self.Certificate()}, ErrNotAuthority},
		{"an authority that may not sign", Root{MSPID: "Org1", Certificate: mute}, ErrNotAuthority},
	} {
		if _, err := New(self, c.root); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want an error that matches %q", c.name, err, c.want)
		}
	}
	if _, err := New(self, Root{Certificate: org.Root().Certificate}); err == nil {
		t.Error("a root without an organization was accepted")
	}
}

// It is -race that judges this test.
func TestManyHandshakesMayAskAtOnce(t *testing.T) {
	org := newAuthority(t, "Org1")
	peer := issueTo(t, org, "A")
	service := newService(t, peer, org.Root())
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			signature, err := service.Sign([]byte("message"))
			if err != nil {
				t.Error(err)
			}
			if err := service.Verify(peer.Serialize(), signature, []byte("message")); err != nil {
				t.Error(err)
			}
			if service.GetPKIidOfCert(peer.Serialize()) == nil {
				t.Error("no PKI-ID")
			}
		})
	}
	all.Wait()
}

func TestAMemberWhoseCertificateIsAlsoForTLSIsAMember(t *testing.T) {
	org := newAuthority(t, "Org1")
	both := member(t, org, newKey(t, elliptic.P256()).Public(), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	if err := newService(t, issueTo(t, org, "A"), org.Root()).ValidateIdentity(both); err != nil {
		t.Error(err)
	}
}

func TestAnAuthorityWithALargerCurveMayVouch(t *testing.T) {
	key := newKey(t, elliptic.P384())
	template := newTemplate("ca.Org1", "Org1", nil)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	root, err := issue(template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	own := newKey(t, elliptic.P256())
	template = newTemplate("A", "Org1", nil)
	template.SerialNumber = big.NewInt(7)
	certificate, err := issue(template, root, &own.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	self, err := newSigningIdentity("Org1", certificate, own)
	if err != nil {
		t.Fatal(err)
	}
	if err := newService(t, self, Root{MSPID: "Org1", Certificate: root}).ValidateIdentity(self.Serialize()); err != nil {
		t.Error(err)
	}
}
