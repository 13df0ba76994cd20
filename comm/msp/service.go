// Package msp holds the identities of peers the way a Hyperledger Fabric peer holds them, and is the standard
// api.MessageCryptoService of the layer. MSP, membership service provider, is Fabric's word for "how an organization names its
// members".
//
// The parts, in the order in which one needs them:
//
//	authority.go   an organization's certificate authority: NewAuthority, Issue
//	identity.go    what an identity is, byte for byte: SerializeIdentity, ParseIdentity, PKIID
//	signature.go   ECDSA with a low S
//	service.go     whom a peer believes: New, and the methods of api.MessageCryptoService
//	memory.go      what need not be found out again
//	tls.go         the TLS certificates, which are another matter
//	folder.go      the same material on disk, as Fabric's tools write it
//	material.go    PEM texts of certificates and keys
//
// A network of two peers needs five lines:
//
//	org, err := msp.NewAuthority("Org1")
//	a, err := org.Issue("A")
//	b, err := org.Issue("B")
//	ofA, err := msp.New(a, org.Root()) // A's own service: signs as A, believes members of Org1
//	err = ofA.ValidateIdentity(b.Serialize())
//
// # What is Fabric's, and what is not
//
//	subject                Fabric                                              here
//	identity               protobuf SerializedIdentity{mspid 1, id_bytes 2}    the same
//	PKI-ID                 SHA-256(mspid ‖ PEM text)                           the same
//	signature              ECDSA low-S over SHA-256, DER                       the same; bytes behind the DER are refused
//	keys                   P-256, P-384, Ed25519 (v3)                          P-256 for members; any that X.509 knows for roots
//	PEM form               one block, type CERTIFICATE or empty                one block, type CERTIFICATE, standard layout only
//	CA's own signature     must re-encode to itself                            the same, and so must the bit string around it
//	authority              roots and intermediates                             roots only
//	authority as member    refused                                             the same
//	revocation             lists in crls/                                      left out: an identity ends by expiring
//	expiry                 checked beside the chain                            the same; an authority's expiry counts too
//	organizational units   classified by config.yaml (NodeOUs)                 issued as "peer", not checked
//	who may be a peer      a channel's Readers policy over the signed bytes    every member of a trusted organization
//	folder                 signcerts, keystore, cacerts, and five more         the three; the others are ignored
//
// Being stricter about the form turns no peer of Fabric's away: what they send is always in the permitted one. Two other
// things do: a key that is not P-256, and a certificate from an intermediate authority. The other way round, a certificate that its
// organization has revoked is still taken here.
package msp

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
)

// CryptoService is the cryptography of one peer: its own identity, and the authorities that it believes. Neither changes, so what was
// found acceptable once is remembered (memory.go), and each call only looks at the clock. It is safe for concurrent use.
type CryptoService struct {
	self *SigningIdentity
	// roots holds the trusted authorities by the organization for which, and only for which, they speak. Were they one pool,
	// the authority of Org2 could issue members of Org1.
	roots    map[string]*x509.CertPool
	accepted memory
}

var _ api.MessageCryptoService = (*CryptoService)(nil)

// New returns the service of the peer self, which believes members of the organizations whose roots are given; its own
// organization must be among them if it is to believe its own kind. An organization may have several roots.
//
// The identity self itself is not validated: a lesson may need a peer whose identity nobody else accepts.
func New(self *SigningIdentity, trusted ...Root) (*CryptoService, error) {
	if self == nil {
		return nil, errors.New("make a crypto service: it needs an identity to sign with")
	}
	roots := make(map[string]*x509.CertPool)
	for _, root := range trusted {
		if err := root.check(); err != nil {
			return nil, fmt.Errorf("make the crypto service of %v: %w", &self.Identity, err)
		}
		if roots[root.MSPID] == nil {
			roots[root.MSPID] = x509.NewCertPool()
		}
		roots[root.MSPID].AddCert(root.Certificate)
	}
	return &CryptoService{self: self, roots: roots}, nil
}

// Self returns the identity with which the service signs.
func (s *CryptoService) Self() *SigningIdentity { return s.self }

// GetPKIidOfCert returns SHA-256(MSP ID ‖ PEM text), or nil for an identity that is not well formed. It asks nobody for trust.
func (s *CryptoService) GetPKIidOfCert(peerIdentity api.PeerIdentityType) common.PKIidType {
	identity, err := s.parse(peerIdentity)
	if err != nil {
		return nil
	}
	return identity.PKIID()
}

// Sign signs msg as this peer.
func (s *CryptoService) Sign(msg []byte) ([]byte, error) { return s.self.Sign(msg) }

// Verify returns nil if the identity is acceptable now and signature is its signature of message. The identity is judged first:
// a good signature of somebody unknown proves nothing, and the error should say the more important thing.
func (s *CryptoService) Verify(peerIdentity api.PeerIdentityType, signature, message []byte) error {
	identity, err := s.validated(peerIdentity)
	if err != nil {
		return err
	}
	if err := identity.verify(signature, message); err != nil {
		return fmt.Errorf("signature of %v: %w", identity, err)
	}
	return nil
}

// ValidateIdentity returns nil if the identity is well formed, was issued by an authority of the organization that it names,
// and is valid at this moment; otherwise an error that matches one of the sentinels of errors.go.
func (s *CryptoService) ValidateIdentity(peerIdentity api.PeerIdentityType) error {
	_, err := s.validated(peerIdentity)
	return err
}

// Expiration returns the last moment at which the identity is valid (NotAfter of its certificate). An X.509 certificate always
// has one, so the zero time comes only with an error, which matches ErrMalformedIdentity.
func (s *CryptoService) Expiration(peerIdentity api.PeerIdentityType) (time.Time, error) {
	identity, err := s.parse(peerIdentity)
	if err != nil {
		return time.Time{}, err
	}
	return identity.certificate.NotAfter, nil
}

// parse is ParseIdentity for one that may be remembered, acceptable still or not any more.
func (s *CryptoService) parse(peerIdentity api.PeerIdentityType) (*Identity, error) {
	if known := s.accepted.find(peerIdentity); known != nil {
		return known.Identity, nil
	}
	return ParseIdentity(peerIdentity)
}

// validated returns an identity if it is acceptable now. The clock is time.Now, which a synctest bubble makes virtual.
func (s *CryptoService) validated(peerIdentity api.PeerIdentityType) (*acceptance, error) {
	now := time.Now()
	if known := s.accepted.find(peerIdentity); known != nil && known.holds(now) {
		return known, nil
	}
	identity, err := s.parse(peerIdentity)
	if err != nil {
		return nil, err
	}
	roots, known := s.roots[identity.mspID]
	if !known {
		return nil, fmt.Errorf("%w: %v claims one that is not among the %d trusted here",
			ErrUnknownOrganization, identity, len(s.roots))
	}
	chain, err := checkTrust(identity, roots, now)
	if err != nil {
		return nil, err
	}
	found := accept(identity, chain)
	s.accepted.add(peerIdentity, found)
	return found, nil
}

// checkTrust judges a well-formed identity of a known organization, and returns the chain of certificates that ends at the authority.
// The order decides which of several faults is reported: whose certificate it is comes first, for a foreign certificate is not made
// any better or worse by its date.
func checkTrust(identity *Identity, roots *x509.CertPool, now time.Time) ([]*x509.Certificate, error) {
	chain, err := checkIssuer(identity, roots, now)
	if err != nil {
		return nil, err
	}
	certificate := identity.certificate
	if certificate.IsCA {
		return nil, fmt.Errorf("%w: %v is an authority, and an authority is no member", ErrUnacceptableCertificate, identity)
	}
	if _, err := publicKey(certificate); err != nil {
		return nil, fmt.Errorf("identity %v: %w", identity, err)
	}
	switch {
	case now.Before(certificate.NotBefore):
		return nil, fmt.Errorf("%w: %v begins at %s, now it is %s", ErrNotYetValid, identity, stamp(certificate.NotBefore), stamp(now))
	case now.After(certificate.NotAfter):
		return nil, fmt.Errorf("%w: %v ended at %s, now it is %s", ErrExpired, identity, stamp(certificate.NotAfter), stamp(now))
	}
	return chain, nil
}

// checkIssuer returns the chain from the certificate to one of the roots, if one of them issued it.
//
// x509.Verify looks at the date before anything else, so asked about an expired certificate of a stranger it answers "expired",
// and an operator would renew what he should distrust. Therefore we ask it about the moment nearest to now at which the
// certificate itself was valid, and look at the date afterwards. For a certificate that is valid now that moment is now, so an
// authority that has expired meanwhile is still found out.
func checkIssuer(identity *Identity, roots *x509.CertPool, now time.Time) ([]*x509.Certificate, error) {
	certificate := identity.certificate
	at := now
	if at.Before(certificate.NotBefore) {
		at = certificate.NotBefore
	}
	if at.After(certificate.NotAfter) {
		at = certificate.NotAfter
	}
	chains, err := certificate.Verify(x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: at,
		// Identities carry no extended key usage; the default, server authentication, would refuse those that do carry another.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err == nil {
		return chains[0], nil
	}
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return nil, fmt.Errorf("%w: %v was issued by %s", ErrForeignAuthority, identity, quote(certificate.Issuer.CommonName))
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		kind := ErrExpired
		if at.Before(invalid.Cert.NotBefore) {
			kind = ErrNotYetValid
		}
		return nil, fmt.Errorf("%w: %v depends on the authority %s, valid from %s to %s", kind, identity,
			quote(invalid.Cert.Subject.CommonName), stamp(invalid.Cert.NotBefore), stamp(invalid.Cert.NotAfter))
	}
	return nil, fmt.Errorf("%w: %v: %w", ErrUnacceptableCertificate, identity, err)
}

// stamp writes a moment the same way wherever the reader lives.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
