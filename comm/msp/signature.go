// The signatures of the layer: ECDSA on P-256 over the SHA-256 of the message, encoded in DER, with a low S.
//
// For every ECDSA signature (r, s) there is a second one that verifies just as well: (r, n-s), where n is the order of the
// curve. Anybody can compute it without the key. Fabric therefore admits only the one with s ≤ n/2, so that nobody on the way
// can turn a signed message into a different sequence of bytes that is still validly signed. Signers flip to the low form;
// verifiers refuse the high one. The standard library does neither, which is why this file exists.

package msp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
)

// derSignature is ECDSA-Sig-Value of RFC 3279, section 2.2.3.
type derSignature struct {
	R, S *big.Int
}

// parseSignature takes a DER signature apart. Trailing bytes are refused: a signature that may be extended is one that may be
// changed.
func parseSignature(der []byte) (r, s *big.Int, err error) {
	if len(der) == 0 {
		return nil, nil, ErrEmptySignature
	}
	var signature derSignature
	rest, err := asn1.Unmarshal(der, &signature)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%w: it is not a DER sequence of two integers: %w", ErrMalformedSignature, err)
	case len(rest) > 0:
		return nil, nil, fmt.Errorf("%w: it has %d bytes behind its end", ErrMalformedSignature, len(rest))
	case signature.R.Sign() <= 0 || signature.S.Sign() <= 0:
		return nil, nil, fmt.Errorf("%w: its integers are not positive", ErrMalformedSignature)
	}
	return signature.R, signature.S, nil
}

// encodeSignature is the inverse of parseSignature.
func encodeSignature(r, s *big.Int) ([]byte, error) {
	return asn1.Marshal(derSignature{R: r, S: s})
}

// isHighS says whether s is the larger of the two equivalent values. n is odd, so the two are never equal.
func isHighS(s *big.Int, curve elliptic.Curve) bool {
	half := new(big.Int).Rsh(curve.Params().N, 1)
	return s.Cmp(half) > 0
}

// toLowS returns the signature of the same message by the same key with the smaller S.
func toLowS(der []byte, curve elliptic.Curve) ([]byte, error) {
	r, s, err := parseSignature(der)
	if err != nil {
		return nil, err
	}
	if isHighS(s, curve) {
		s = new(big.Int).Sub(curve.Params().N, s)
	}
	return encodeSignature(r, s)
}

// sign signs the SHA-256 of a message of any length.
func sign(key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	return lowSSigner{key: key}.Sign(rand.Reader, digest[:], crypto.SHA256)
}

// verify returns nil if signature is that of message under a P-256 key.
func verify(public *ecdsa.PublicKey, signature, message []byte) error {
	_, s, err := parseSignature(signature)
	if err != nil {
		return err
	}
	// Before the arithmetic: the high form would pass it.
	if isHighS(s, public.Curve) {
		return fmt.Errorf("%w: of its two equivalent values only the one up to half the order of the curve is admitted", ErrHighS)
	}
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(public, digest[:], signature) {
		return fmt.Errorf("%w: it was made with another key, or over other bytes than these %d", ErrInvalidSignature, len(message))
	}
	return nil
}

// lowSSigner makes the standard library sign certificates in the low form too. Without it, a Fabric peer that loads one of our
// certificates would rewrite every second one before sending it, and would be known by another PKI-ID than the file suggests.
//
// The key is a field and not embedded: an embedded key would lend its other ways of signing, and crypto/x509 takes the one that
// it likes best, past ours.
type lowSSigner struct {
	key *ecdsa.PrivateKey
}

// Public returns the public key; it is a method of crypto.Signer.
func (s lowSSigner) Public() crypto.PublicKey { return s.key.Public() }

// Sign signs a digest; it is a method of crypto.Signer.
func (s lowSSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	der, err := s.key.Sign(random, digest, opts)
	if err != nil {
		return nil, err
	}
	return toLowS(der, s.key.Curve)
}

// lowSCertificate returns the same certificate with its authority's signature in the low form, which is what a Fabric peer
// sends of a certificate that some other tool issued. The signature stays valid, and nothing that it covers changes.
func lowSCertificate(certificate, issuer *x509.Certificate) (*x509.Certificate, error) {
	authority, ok := issuer.PublicKey.(*ecdsa.PublicKey)
	if !ok || !isSignedWithECDSA(certificate) {
		return certificate, nil
	}
	signature, err := toLowS(certificate.Signature, authority.Curve)
	if err != nil {
		return nil, err
	}
	der, err := withSignature(certificate, signature)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
