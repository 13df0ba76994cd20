// PEM texts, in and out. What comes out is canonical; what goes in may have been written by any tool, so the readers here are
// lenient about layout (a certificate printed by "openssl x509 -text" has a page of prose in front of it) and exact about
// content, and their errors tell a person what to do. The strict reader, for what strangers send, is parseCanonicalCertificate
// in identity.go.

package msp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// The types of PEM blocks that matter here.
const (
	pemCertificate  = "CERTIFICATE"
	pemKey          = "PRIVATE KEY"           // PKCS #8 (RFC 5958), what this package and Fabric's tools write
	pemECKey        = "EC PRIVATE KEY"        // SEC 1 (RFC 5915), what "openssl ecparam -genkey" writes
	pemECParameters = "EC PARAMETERS"         // what the same command puts in front of it
	pemEncryptedKey = "ENCRYPTED PRIVATE KEY" // PKCS #8 under a password
)

// encodeCertificate returns the canonical text of a certificate.
func encodeCertificate(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: certificate.Raw})
}

// encodeKey returns a private key in PKCS #8.
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), nil
}

// decodeSingle returns the one PEM block of a text. Two blocks are refused rather than the first taken: with a bundle, which
// one is meant would depend on the order in which somebody once concatenated files.
func decodeSingle(text []byte) (*pem.Block, error) {
	var found *pem.Block
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type == pemECParameters {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w PEM block: keep one (%s, %s)", ErrSeveral, quote(found.Type), quote(block.Type))
		}
		found = block
	}
	if found == nil {
		return nil, fmt.Errorf("%w: no complete PEM block is in it; replace it by a PEM file", ErrNotPEM)
	}
	if rest := bytes.TrimSpace(text); len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d stray bytes follow the PEM block; remove them", ErrNotPEM, len(rest))
	}
	return found, nil
}

// parseCertificatePEM reads a certificate.
func parseCertificatePEM(text []byte) (*x509.Certificate, error) {
	block, err := decodeSingle(text)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(block.Type, pemKey):
		return nil, fmt.Errorf("%w: this is a private key, and a certificate belongs here", ErrMisplaced)
	case block.Type != pemCertificate:
		return nil, fmt.Errorf("%w: a %s belongs here, and it holds %s", ErrNotPEM, pemCertificate, quote(block.Type))
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate does not parse, replace it: %w", ErrNotPEM, err)
	}
	return certificate, nil
}

// parseKeyPEM reads a private key in PKCS #8 or SEC 1.
func parseKeyPEM(text []byte) (*ecdsa.PrivateKey, error) {
	block, err := decodeSingle(text)
	if err != nil {
		return nil, err
	}
	if block.Type == pemEncryptedKey || block.Headers["DEK-Info"] != "" {
		return nil, fmt.Errorf("%w: write it without its password, with openssl pkcs8 -topk8 -nocrypt", ErrEncryptedKey)
	}
	var parsed any
	switch {
	case block.Type == pemKey:
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == pemECKey:
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case strings.HasSuffix(block.Type, pemKey):
		return nil, fmt.Errorf("%w: it is an %s, make a new key and certificate on P-256", ErrUnsupportedKey, quote(block.Type))
	case block.Type == pemCertificate:
		return nil, fmt.Errorf("%w: this is a certificate, and a private key belongs here", ErrMisplaced)
	default:
		return nil, fmt.Errorf("%w: a %s belongs here, and it holds %s", ErrNotPEM, pemKey, quote(block.Type))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: its private key does not parse, replace it: %w", ErrNotPEM, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: make a new key and certificate on P-256", ErrUnsupportedKey)
	}
	return key, nil
}
