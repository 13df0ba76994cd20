// What the tests of this package share: no goroutine may outlive them, and a few organizations to speak about.

package msp

import (
	"errors"
	"testing"

	"go.uber.org/goleak"

	"gossipscope/comm/api"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// reasons lists every sentinel that says why an identity or a signature is refused. An error must match exactly one of them.
var reasons = []error{
	ErrMalformedIdentity, ErrUnknownOrganization, ErrForeignAuthority, ErrExpired, ErrNotYetValid, ErrUnacceptableCertificate,
	ErrUnsupportedKey, ErrEmptySignature, ErrMalformedSignature, ErrHighS, ErrInvalidSignature,
}

// mustMatchOnly fails unless err matches want, and no other reason.
func mustMatchOnly(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want an error that matches %q", err, want)
	}
	for _, reason := range reasons {
		if reason != want && errors.Is(err, reason) {
			t.Errorf("error %q matches %q as well as %q", err, reason, want)
		}
	}
}

func newAuthority(t testing.TB, mspID string, options ...CertificateOption) *Authority {
	t.Helper()
	authority, err := NewAuthority(mspID, options...)
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func issueTo(t testing.TB, authority *Authority, name string, options ...CertificateOption) *SigningIdentity {
	t.Helper()
	identity, err := authority.Issue(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func newService(t testing.TB, self *SigningIdentity, roots ...Root) *CryptoService {
	t.Helper()
	service, err := New(self, roots...)
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// withPEM returns the identity of an organization with another PEM text.
func withPEM(mspID, text string) api.PeerIdentityType {
	return SerializeIdentity(mspID, []byte(text))
}
