// This file holds the kinds of refusal. A peer that is turned away, and a person whose folder cannot be read, need different
// answers to the same question, "why not?", so each reason is a sentinel that errors.Is can match, and the error that wraps it
// names the identity or the file. Nothing here is secret: an identity is public, so saying precisely what is wrong with it helps
// an honest operator and tells an attacker nothing that he did not send himself.

package msp

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Why an identity is refused. Every error of ParseIdentity, ValidateIdentity, Verify and Expiration matches exactly one of the
// sentinels of this group or of the next.
var (
	// ErrMalformedIdentity means that the bytes are no identity, or are not written in the one permitted way.
	ErrMalformedIdentity = errors.New("identity is malformed")
	// ErrUnknownOrganization means that the identity names an MSP ID for which we hold no authority.
	ErrUnknownOrganization = errors.New("organization is not known here")
	// ErrForeignAuthority means that the certificate was not issued by an authority of the organization that it claims.
	ErrForeignAuthority = errors.New("certificate was not issued by its organization's authority")
	// ErrExpired means that the certificate, or that of its authority, is past its validity.
	ErrExpired = errors.New("identity has expired")
	// ErrNotYetValid means that the validity of the certificate, or that of its authority, has not begun.
	ErrNotYetValid = errors.New("identity is not valid yet")
	// ErrUnacceptableCertificate means that the right authority issued the certificate, but not for a peer: it is a
	// certificate of an authority, or it carries a constraint that X.509 says must be understood and is not.
	ErrUnacceptableCertificate = errors.New("certificate cannot serve as an identity")
	// ErrUnsupportedKey means that a key is not ECDSA on the curve P-256, the only kind that this package signs and verifies
	// with.
	ErrUnsupportedKey = errors.New("key is not ECDSA P-256")
)

// Why a signature is refused, once the identity itself is found good.
var (
	// ErrEmptySignature means that there is no signature at all.
	ErrEmptySignature = errors.New("signature is empty")
	// ErrMalformedSignature means that the signature is not exactly one DER sequence of two integers.
	ErrMalformedSignature = errors.New("signature is malformed")
	// ErrHighS means that the signature is the forbidden one of its two equivalent forms; see signature.go.
	ErrHighS = errors.New("signature has a high S")
	// ErrInvalidSignature means that the signature was not made by this identity's key over this message.
	ErrInvalidSignature = errors.New("signature does not match")
)

// Why a folder or a PEM text is refused. Errors of ReadFolder and WriteFolder match ErrMaterial, and besides it one of this
// group, or ErrForeignAuthority, ErrUnsupportedKey or one of the other reasons above, or io/fs.ErrNotExist (something is
// missing) and io/fs.ErrExist (something is in the way).
var (
	// ErrMaterial is matched by every error about an identity folder.
	ErrMaterial = errors.New("identity folder")
	// ErrNotPEM means that a text is not one PEM block of the expected kind.
	ErrNotPEM = errors.New("not a usable PEM text")
	// ErrSeveral means that there is more than one of what must be single.
	ErrSeveral = errors.New("more than one")
	// ErrMisplaced means that a key lies where a certificate belongs, or the other way round.
	ErrMisplaced = errors.New("in the wrong place")
	// ErrEncryptedKey means that a private key is protected by a password, for which this package does not ask.
	ErrEncryptedKey = errors.New("private key is encrypted")
	// ErrKeyMismatch means that a private key and a certificate are each good but do not belong together.
	ErrKeyMismatch = errors.New("private key does not belong to the certificate")
	// ErrNotAuthority means that a certificate given as that of an authority may not issue certificates.
	ErrNotAuthority = errors.New("certificate is not that of an authority")
	// ErrWrongOrganization means that an authority of one organization was put together with an identity of another.
	ErrWrongOrganization = errors.New("authority belongs to another organization")
)

// MaterialError says which file or directory of an identity folder cannot be used, and why. It matches ErrMaterial.
type MaterialError struct {
	// Path is the file or the directory that must be looked at.
	Path string
	// Err says what is wrong with it and what to do.
	Err error
}

// Error returns the path and the reason in one sentence.
func (e *MaterialError) Error() string {
	return fmt.Sprintf("%v: %s: %v", ErrMaterial, e.Path, e.Err)
}

// Unwrap makes both ErrMaterial and the reason visible to errors.Is and errors.As.
func (e *MaterialError) Unwrap() []error {
	return []error{ErrMaterial, e.Err}
}

// maxQuoted is the number of bytes of a foreign text that an error repeats. MSP IDs and subjects come from the other side of the
// network; without a limit a stranger would decide how long our log lines are.
const maxQuoted = 64

// quote returns a foreign text in quotation marks, with control characters escaped and its length bounded.
func quote(text string) string {
	if len(text) <= maxQuoted {
		return fmt.Sprintf("%q", text)
	}
	cut := maxQuoted
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%q...", text[:cut])
}
