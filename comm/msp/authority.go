// An organization is, to its peers, a certificate authority: whoever holds a certificate from it is a member. This file is that
// authority, small enough for a lesson or a test to make one in a line. In production fabric-ca or cryptogen does this work, and
// ReadFolder reads what they write.
//
// There is one level: the root issues the peers' certificates itself. It says so in its own certificate (path length 0), so
// that a member cannot appoint further members.

package msp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"
)

// The default validity of everything that this package issues. It begins before 2000 because a synctest bubble's clock does: a
// certificate that begins "now" would be valid in the explorer and not yet valid in every test.
var (
	defaultNotBefore = time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC)
	defaultNotAfter  = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// CertificateOption changes a certificate that is about to be issued.
type CertificateOption func(*x509.Certificate)

// WithValidity sets the first and the last moment at which the certificate is valid. X.509 knows no fractions of a second; they
// are cut off. An identity may be given a validity beyond that of its authority; it is refused outside either.
func WithValidity(notBefore, notAfter time.Time) CertificateOption {
	return func(template *x509.Certificate) {
		template.NotBefore, template.NotAfter = notBefore, notAfter
	}
}

// Root is the certificate of an authority that a peer trusts to name the members of one organization. An organization that
// changes its authority has, for a while, two roots with the same MSP ID.
type Root struct {
	MSPID       string
	Certificate *x509.Certificate
}

// Authority is the certificate authority of one organization, with its private key. It is safe for concurrent use.
type Authority struct {
	root Root
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority with a fresh ECDSA P-256 key and a certificate signed by itself, valid from 1999 to 2100
// unless an option says otherwise. Two authorities with the same MSP ID are strangers to each other: only the key counts.
func NewAuthority(mspID string, options ...CertificateOption) (*Authority, error) {
	if err := checkMSPID(mspID); err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority of %s: %w", quote(mspID), err)
	}
	template := newTemplate("ca."+mspID, mspID, options)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.MaxPathLenZero = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	certificate, err := issue(template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the authority of %s: %w", quote(mspID), err)
	}
	return &Authority{root: Root{MSPID: mspID, Certificate: certificate}, key: key}, nil
}

// ParseAuthority returns the authority with this certificate and this private key, both PEM texts.
func ParseAuthority(mspID string, certificatePEM, keyPEM []byte) (*Authority, error) {
	certificate, err := parseCertificatePEM(certificatePEM)
	if err != nil {
		return nil, fmt.Errorf("certificate of the authority of %s: %w", quote(mspID), err)
	}
	key, err := parseKeyPEM(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("private key of the authority of %s: %w", quote(mspID), err)
	}
	root := Root{MSPID: mspID, Certificate: certificate}
	if err := root.check(); err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(certificate.PublicKey) {
		return nil, fmt.Errorf("%w of the authority of %s", ErrKeyMismatch, quote(mspID))
	}
	return &Authority{root: root, key: key}, nil
}

// Issue makes a member: a fresh ECDSA P-256 key and a certificate for it under commonName, which appears in errors and file
// names and need not be unique. Without an option the certificate is valid as long as that of the authority.
func (a *Authority) Issue(commonName string, options ...CertificateOption) (*SigningIdentity, error) {
	if commonName == "" {
		return nil, fmt.Errorf("issue an identity of %s: the name is empty", quote(a.root.MSPID))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("issue %s of %s: %w", quote(commonName), quote(a.root.MSPID), err)
	}
	validity := WithValidity(a.root.Certificate.NotBefore, a.root.Certificate.NotAfter)
	template := newTemplate(commonName, a.root.MSPID, append([]CertificateOption{validity}, options...))
	// A Fabric MSP that has its NodeOUs switched on classifies members by this unit.
	template.Subject.OrganizationalUnit = []string{"peer"}
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageDigitalSignature
	certificate, err := issue(template, a.root.Certificate, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("issue %s of %s: %w", quote(commonName), quote(a.root.MSPID), err)
	}
	return newSigningIdentity(a.root.MSPID, certificate, key)
}

// Root returns what others need in order to recognise the members of this organization.
func (a *Authority) Root() Root { return a.root }

// CertificatePEM returns the certificate of the authority.
func (a *Authority) CertificatePEM() []byte { return encodeCertificate(a.root.Certificate) }

// KeyPEM returns the private key of the authority in PKCS #8, for ParseAuthority to read in another run. The text is secret.
func (a *Authority) KeyPEM() ([]byte, error) { return encodeKey(a.key) }

// check refuses a root that could never vouch for anybody, so that a mix-up is reported where it happened and not as "foreign"
// for every peer.
func (r Root) check() error {
	if err := checkMSPID(r.MSPID); err != nil {
		return fmt.Errorf("root certificate: %w", err)
	}
	if r.Certificate == nil {
		return fmt.Errorf("root certificate of %s: %w: there is none", quote(r.MSPID), ErrNotAuthority)
	}
	return checkAuthority(r.Certificate)
}

// checkAuthority returns an error that matches ErrNotAuthority unless the certificate may issue others (RFC 5280, sections
// 4.2.1.3 and 4.2.1.9).
func checkAuthority(certificate *x509.Certificate) error {
	name := quote(certificate.Subject.CommonName)
	if !certificate.BasicConstraintsValid || !certificate.IsCA {
		return fmt.Errorf("%w: %s may not issue certificates (basic constraints say CA:FALSE)", ErrNotAuthority, name)
	}
	if certificate.KeyUsage != 0 && certificate.KeyUsage&x509.KeyUsageCertSign == 0 {
		return fmt.Errorf("%w: %s may not sign certificates (its key usage lacks it)", ErrNotAuthority, name)
	}
	return nil
}

// newTemplate returns what all certificates of this package have in common, with the options applied. The serial number is left
// to the standard library, which draws it at random.
func newTemplate(commonName, organization string, options []CertificateOption) *x509.Certificate {
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: commonName},
		NotBefore: defaultNotBefore,
		NotAfter:  defaultNotAfter,
	}
	if organization != "" {
		template.Subject.Organization = []string{organization}
	}
	for _, option := range options {
		option(template)
	}
	return template
}

// issue signs a certificate with a low S and returns it parsed, so that every field is what a reader of it will see.
func issue(template, parent *x509.Certificate, public *ecdsa.PublicKey, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	if template.NotAfter.Before(template.NotBefore) {
		return nil, errors.New("its validity ends before it begins")
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, lowSSigner{key: signer})
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
