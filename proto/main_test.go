package proto

// Helpers that the tests of this package share: a leak check, and two authors with real keys.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

var errBadSignature = errors.New("bad signature")

// author is a peer that signs. Its identity is its public key; that is enough for a package that knows no certificates.
type author struct {
	key ed25519.PrivateKey
}

// newAuthor returns an author with a key that depends on the seed only.
func newAuthor(seed byte) author {
	return author{key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (a author) identity() []byte {
	return a.key.Public().(ed25519.PublicKey)
}

func (a author) sign(msg []byte) ([]byte, error) {
	return ed25519.Sign(a.key, msg), nil
}

// verify is the Verifier of all tests.
func verify(peerIdentity, signature, message []byte) error {
	if !ed25519.Verify(peerIdentity, message, signature) {
		return errBadSignature
	}
	return nil
}

// fromHex decodes hexadecimal bytes that are spaced for reading.
func fromHex(t testing.TB, spaced string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(spaced), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
