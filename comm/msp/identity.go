// What is an identity, byte for byte? This file answers it: a protobuf message of two fields, the MSP ID and the PEM text of a
// certificate, and the PKI-ID derived from both. It also holds the private half, SigningIdentity. Who may be trusted is not
// decided here but in service.go; a well-formed identity may still be a stranger's.
//
// The form is checked to the byte because the PKI-ID hashes the *text*. PEM is a lenient format: other line breaks, another
// block type, headers, words in front of the block all decode to the same certificate. Were they admitted, the owner of one
// certificate could appear under as many PKI-IDs as he can think of line breaks, and every table in the layer that is keyed by
// PKI-ID (connections, dead peers, membership) would count him as many peers. So of all the texts of a certificate one is
// permitted.

package msp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
)

// The fields of Fabric's message msp.SerializedIdentity.
const (
	fieldMSPID   protowire.Number = 1 // string mspid
	fieldIDBytes protowire.Number = 2 // bytes id_bytes
)

// Identity is the public half of a peer's identity: the organization that it belongs to and its certificate. It is immutable
// and safe for concurrent use. It says who a peer claims to be; ValidateIdentity says whether to believe it.
type Identity struct {
	mspID       string
	certificate *x509.Certificate
	// pemText is the certificate as it travels. Invariant: it is the canonical text, so it can be hashed and sent without
	// another thought.
	pemText []byte
}

// SigningIdentity is an identity together with its private key: what a peer holds of itself. It is immutable and safe for
// concurrent use.
type SigningIdentity struct {
	Identity

	key *ecdsa.PrivateKey
}

// SerializeIdentity returns the message SerializedIdentity with these two fields. It checks neither; ParseIdentity does.
//
// The message has two fields and is never going to have others, so it is written with protowire by hand: a generated package
// would register Fabric's name "msp.SerializedIdentity" in the process and collide with Fabric's own, should somebody link
// both.
func SerializeIdentity(mspID string, pemCert []byte) api.PeerIdentityType {
	out := make([]byte, 0, len(mspID)+len(pemCert)+2*(1+protowire.SizeVarint(uint64(len(mspID)+len(pemCert)))))
	if mspID != "" { // proto3 leaves an empty field out
		out = protowire.AppendTag(out, fieldMSPID, protowire.BytesType)
		out = protowire.AppendString(out, mspID)
	}
	if len(pemCert) > 0 {
		out = protowire.AppendTag(out, fieldIDBytes, protowire.BytesType)
		out = protowire.AppendBytes(out, pemCert)
	}
	return out
}

// ParseIdentity reads a serialized identity and checks its form, not its trustworthiness. Errors match ErrMalformedIdentity.
func ParseIdentity(raw api.PeerIdentityType) (*Identity, error) {
	if len(raw) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrMalformedIdentity)
	}
	mspID, pemText, err := decodeSerializedIdentity(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformedIdentity, err)
	}
	if err := checkMSPID(mspID); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformedIdentity, err)
	}
	certificate, err := parseCanonicalCertificate(pemText)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate of a member of %s: %w", ErrMalformedIdentity, quote(mspID), err)
	}
	return &Identity{mspID: mspID, certificate: certificate, pemText: bytes.Clone(pemText)}, nil
}

// OrgByPeerIdentity returns the MSP ID that the identity claims, or "" for one that cannot be parsed. It validates nothing:
// only of a validated identity is the claim worth anything. The name is that of Fabric's SecurityAdvisor.
func OrgByPeerIdentity(identity api.PeerIdentityType) string {
	parsed, err := ParseIdentity(identity)
	if err != nil {
		return ""
	}
	return parsed.mspID
}

// decodeSerializedIdentity takes the message apart by protobuf's rules: fields in any order, unknown ones (and known numbers
// with another wire type) skipped, the last of a repeated one wins. A stricter reader would refuse a future Fabric that adds a
// field; nothing is lost by the leniency, because the PKI-ID is taken over the two fields and not over the message.
func decodeSerializedIdentity(raw []byte) (mspID string, idBytes []byte, err error) {
	for len(raw) > 0 {
		number, wireType, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return "", nil, fmt.Errorf("it is not a protobuf message: %w", protowire.ParseError(n))
		}
		if number > protowire.MaxValidNumber { // ConsumeTag checks only the lower bound
			return "", nil, fmt.Errorf("it is not a protobuf message: no field has the number %d", number)
		}
		raw = raw[n:]
		n = protowire.ConsumeFieldValue(number, wireType, raw)
		if n < 0 {
			return "", nil, fmt.Errorf("field %d is cut short: %w", number, protowire.ParseError(n))
		}
		if wireType == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(raw) // cannot fail: the value was measured just now
			switch number {
			case fieldMSPID:
				if !utf8.Valid(value) { // also in an occurrence that a later one overrides: protobuf refuses the message
					return "", nil, errors.New("its MSP ID is not UTF-8")
				}
				mspID = string(value)
			case fieldIDBytes:
				idBytes = value
			}
		}
		raw = raw[n:]
	}
	return mspID, idBytes, nil
}

// checkMSPID refuses the MSP IDs that cannot be sent.
func checkMSPID(mspID string) error {
	switch {
	case mspID == "":
		return errors.New("it names no organization (the MSP ID is empty)")
	case !utf8.ValidString(mspID):
		return errors.New("its MSP ID is not UTF-8")
	}
	return nil
}

// parseCanonicalCertificate returns the certificate if text is the one permitted way to write it.
//
// The checks before the last could be left out, since the last one implies them; they are there because "it has bytes behind
// the PEM block" helps whoever must repair it, and "it is not canonical" does not. The MSP ID and the text are hashed without
// anything between them; the checks make that safe too, because a canonical text begins at the last "-----BEGIN" of the two, so
// that no other division of the same bytes is well formed.
func parseCanonicalCertificate(text []byte) (*x509.Certificate, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("it is no PEM text")
	case len(rest) > 0:
		return nil, fmt.Errorf("it has %d bytes behind the PEM block", len(rest))
	case block.Type != pemCertificate:
		// Fabric also takes an empty type. No peer of Fabric's writes one, and it would be a second text for each certificate.
		return nil, fmt.Errorf("its PEM block is of type %s, not %s", quote(block.Type), pemCertificate)
	case len(block.Headers) > 0:
		return nil, errors.New("its PEM block carries headers")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it does not parse: %w", err)
	}
	if err := checkCanonicalDER(certificate); err != nil {
		return nil, err
	}
	if !bytes.Equal(encodeCertificate(certificate), text) {
		return nil, errors.New("its PEM text is not laid out in the one permitted way")
	}
	return certificate, nil
}

// checkCanonicalDER closes the second gap through which one certificate could have many texts: the authority's signature at its
// end is not covered by any signature, so whoever holds the certificate may rewrite it in every way that still parses. The part
// before it is signed and cannot be touched.
//
// Fabric makes the same check. What both leave open is the other of the two equivalent signatures, s and n-s: that would be a
// second text, but refusing it would turn away every certificate that an ordinary tool such as openssl issued, half the time.
// Fabric rewrites its own certificate to the lower form before it sends it, and so does ReadFolder.
func checkCanonicalDER(certificate *x509.Certificate) error {
	signature := certificate.Signature
	if isSignedWithECDSA(certificate) {
		r, s, err := parseSignature(signature)
		if err != nil {
			// Not %w: it is the identity that is malformed, and no signature of the peer's was looked at yet.
			return fmt.Errorf("its authority's %v", err)
		}
		if signature, err = encodeSignature(r, s); err != nil {
			return err
		}
	}
	der, err := withSignature(certificate, signature)
	if err != nil {
		return err
	}
	if !bytes.Equal(der, certificate.Raw) {
		return errors.New("its authority's signature is not encoded in the one permitted way")
	}
	return nil
}

// isSignedWithECDSA says whether the authority of a certificate has an ECDSA key.
func isSignedWithECDSA(certificate *x509.Certificate) bool {
	switch certificate.SignatureAlgorithm {
	case x509.ECDSAWithSHA1, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return true
	}
	return false
}

// signedCertificate is the outermost structure of an X.509 certificate (RFC 5280, section 4.1).
type signedCertificate struct {
	TBS       asn1.RawValue
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

// withSignature returns the DER encoding of a certificate with another encoding of its authority's signature.
func withSignature(certificate *x509.Certificate, signature []byte) ([]byte, error) {
	var outer signedCertificate
	if rest, err := asn1.Unmarshal(certificate.Raw, &outer); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("it does not come apart into body and signature: %w", err)
	}
	outer.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return asn1.Marshal(outer)
}

// newIdentity builds the identity that owns a certificate. The text is made anew from the certificate, so however the file that
// it came from was laid out, what is sent is canonical.
func newIdentity(mspID string, certificate *x509.Certificate) (Identity, error) {
	if err := checkMSPID(mspID); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrMalformedIdentity, err)
	}
	pemText := encodeCertificate(certificate)
	if _, err := parseCanonicalCertificate(pemText); err != nil {
		return Identity{}, fmt.Errorf("%w: certificate of a member of %s: %w", ErrMalformedIdentity, quote(mspID), err)
	}
	return Identity{mspID: mspID, certificate: certificate, pemText: pemText}, nil
}

// newSigningIdentity joins a certificate and its key, after checking that they belong together.
func newSigningIdentity(mspID string, certificate *x509.Certificate, key *ecdsa.PrivateKey) (*SigningIdentity, error) {
	identity, err := newIdentity(mspID, certificate)
	if err != nil {
		return nil, err
	}
	public, err := publicKey(certificate)
	if err != nil {
		return nil, fmt.Errorf("identity %v: %w", &identity, err)
	}
	if !public.Equal(&key.PublicKey) {
		return nil, fmt.Errorf("%w of %v", ErrKeyMismatch, &identity)
	}
	return &SigningIdentity{Identity: identity, key: key}, nil
}

// ParseSigningIdentity returns the identity with this certificate and this private key, both PEM texts (see ReadFolder for the
// kinds of key that it reads). It is the way to identities that are the same in every run: a key drawn at random gives another
// PKI-ID each time. The certificate is taken as it is; who issued it is not known here, so neither is that checked nor a high S
// rewritten.
func ParseSigningIdentity(mspID string, certificatePEM, keyPEM []byte) (*SigningIdentity, error) {
	certificate, err := parseCertificatePEM(certificatePEM)
	if err != nil {
		return nil, fmt.Errorf("certificate of a member of %s: %w", quote(mspID), err)
	}
	key, err := parseKeyPEM(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("private key of a member of %s: %w", quote(mspID), err)
	}
	return newSigningIdentity(mspID, certificate, key)
}

// publicKey returns the key of a certificate, or an error that matches ErrUnsupportedKey.
func publicKey(certificate *x509.Certificate) (*ecdsa.PublicKey, error) {
	public, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the certificate is for a key of kind %v", ErrUnsupportedKey, certificate.PublicKeyAlgorithm)
	}
	if public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: the certificate is for a key on the curve %s", ErrUnsupportedKey, public.Curve.Params().Name)
	}
	return public, nil
}

// MSPID returns the name of the organization.
func (i *Identity) MSPID() string { return i.mspID }

// Certificate returns the certificate. It is shared and must not be changed.
func (i *Identity) Certificate() *x509.Certificate { return i.certificate }

// CertificatePEM returns the certificate as it travels in the identity.
func (i *Identity) CertificatePEM() []byte { return bytes.Clone(i.pemText) }

// Serialize returns the identity as it travels in a ConnEstablish message.
func (i *Identity) Serialize() api.PeerIdentityType { return SerializeIdentity(i.mspID, i.pemText) }

// PKIID returns the name by which the layer knows this peer: SHA-256 of the MSP ID followed by the PEM text. A renewed
// certificate is another text, so it always brings another PKI-ID (Fabric learned to live with that in FAB-10970).
func (i *Identity) PKIID() common.PKIidType {
	hash := sha256.New()
	hash.Write([]byte(i.mspID)) // a hash never returns an error
	hash.Write(i.pemText)
	return hash.Sum(nil)
}

// String names the identity in an error: the common name of its certificate, and its organization.
func (i *Identity) String() string {
	return quote(i.certificate.Subject.CommonName) + " of " + quote(i.mspID)
}

// Sign returns the signature of message: low-S ECDSA over its SHA-256, in DER.
func (s *SigningIdentity) Sign(message []byte) ([]byte, error) {
	signature, err := sign(s.key, message)
	if err != nil {
		return nil, fmt.Errorf("sign as %v: %w", &s.Identity, err)
	}
	return signature, nil
}

// KeyPEM returns the private key in PKCS #8, for ParseSigningIdentity to read in another run. The text is secret.
func (s *SigningIdentity) KeyPEM() ([]byte, error) { return encodeKey(s.key) }
