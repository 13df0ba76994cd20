package msp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"
)

// highS returns the other of the two signatures that fit.
func highS(t *testing.T, signature []byte) []byte {
	t.Helper()
	r, s, err := parseSignature(signature)
	if err != nil {
		t.Fatal(err)
	}
	high, err := encodeSignature(r, new(big.Int).Sub(elliptic.P256().Params().N, s))
	if err != nil {
		t.Fatal(err)
	}
	return high
}

// Without the flip half of the signatures would be high, so 64 good ones in a row are no luck.
func TestEverySignatureHasALowS(t *testing.T) {
	org := newAuthority(t, "Org1")
	peer := issueTo(t, org, "A")
	for range 64 {
		signature, err := peer.Sign([]byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(&peer.key.PublicKey, signature, []byte("message")); err != nil {
			t.Fatal(err)
		}
		if _, s, _ := parseSignature(issueTo(t, org, "B").Certificate().Signature); isHighS(s, elliptic.P256()) {
			t.Fatal("the authority signed a certificate with a high S")
		}
	}
}

func TestTheHighTwinOfAGoodSignatureIsRefused(t *testing.T) {
	org := newAuthority(t, "Org1")
	peer := issueTo(t, org, "A")
	service := newService(t, peer, org.Root())
	message := []byte("message")
	signature, err := service.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Verify(peer.Serialize(), signature, message); err != nil {
		t.Fatal(err)
	}
	twin := highS(t, signature)
	// The arithmetic alone would take it, which is why the rule is needed.
	if digest := sha256.Sum256(message); !ecdsa.VerifyASN1(&peer.key.PublicKey, digest[:], twin) {
		t.Fatal("the twin is not a signature at all, so this test shows nothing")
	}
	mustMatchOnly(t, service.Verify(peer.Serialize(), twin, message), ErrHighS)
}

func TestTheBorderBetweenLowAndHighSIsHalfTheOrder(t *testing.T) {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	if isHighS(half, elliptic.P256()) {
		t.Error("half the order counts as high")
	}
	if !isHighS(new(big.Int).Add(half, big.NewInt(1)), elliptic.P256()) {
		t.Error("one more than half the order counts as low")
	}
}

func TestEveryFaultOfASignatureHasItsName(t *testing.T) {
	org := newAuthority(t, "Org1")
	a, b := issueTo(t, org, "A"), issueTo(t, org, "B")
	service := newService(t, a, org.Root())
	message := []byte("message")
	signature, err := a.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	zero, err := encodeSignature(big.NewInt(0), big.NewInt(1))
	if err != nil {
		t.Fatal(err)
	}
	tooBig, err := encodeSignature(elliptic.P256().Params().N, big.NewInt(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		signer    *SigningIdentity
		signature []byte
		message   []byte
		want      error
	}{
		{"none", a, nil, message, ErrEmptySignature},
		{"no bytes", a, []byte{}, message, ErrEmptySignature},
		{"not DER", a, []byte("hello"), message, ErrMalformedSignature},
		{"cut short", a, signature[:len(signature)-1], message, ErrMalformedSignature},
		{"trailing byte", a, append(append([]byte(nil), signature...), 0), message, ErrMalformedSignature},
		{"zero", a, zero, message, ErrMalformedSignature},
		{"an integer as large as the order", a, tooBig, message, ErrInvalidSignature},
		{"of another message", a, signature, []byte("other"), ErrInvalidSignature},
		{"of another signer", b, signature, message, ErrInvalidSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := service.Verify(c.signer.Serialize(), c.signature, c.message)
			mustMatchOnly(t, err, c.want)
			if !strings.Contains(err.Error(), c.signer.Identity.String()) {
				t.Errorf("error %q does not say whose signature it is about", err)
			}
		})
	}
}
