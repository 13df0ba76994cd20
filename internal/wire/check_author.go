package wire

// Whether a message is by whom it says that it is by: the identity, its PKI-ID, who vouches for it, and the signature. A handshake has all
// of them, and so have the messages by which identities are spread; of the others that are signed, some leave the identity out, and then
// only the layer above, which remembers it, can tell.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math/big"
	"time"

	"gossipscope/comm/msp"
	"gossipscope/internal/text"
)

// maxIdentity is the size of the largest identity that the layer looks at in a handshake, in bytes (comm/comm_impl.go).
const maxIdentity = 64 << 10

// checkAuthor makes the findings about a message that its author signs.
func (k *checker) checkAuthor(a author) {
	identity := k.identity(a)
	k.pkiID(a)
	if len(a.identity) > 0 {
		k.issuer(a, identity)
		k.validity(a, identity)
	}
	if a.handshake {
		k.certHash(k.tree.Find("payload", "conn", "tls_cert_hash"), k.msg.GetConn().GetTlsCertHash())
	}
	k.signature(a, identity)
	k.secret(identity)
}

// identity checks the form of the identity, and returns it if it has a key to verify with.
func (k *checker) identity(a author) *msp.Identity {
	f := Finding{Claim: IdentityClaim, Verdict: Wrong, Node: k.within(a)}
	defer func() { k.find(f) }()
	switch {
	case len(a.identity) == 0 && a.carries:
		f.Text = says.identity.missing
		return nil
	case len(a.identity) == 0:
		f.Verdict, f.Text = CannotTell, says.identity.leftOut
		return nil
	case len(a.identity) > maxIdentity && a.handshake:
		f.Text = fill(says.identity.tooLarge, len(a.identity), maxIdentity)
		return nil
	}
	identity, err := msp.ParseIdentity(a.identity)
	if err != nil {
		f.Text = fill(says.identity.malformed, line(err.Error()))
		return nil
	}
	certificate := identity.Certificate()
	f.Stood = Quantity{says.quantities.fingerprint, hexHash(certificate.Raw)}
	switch {
	case keyIn(certificate) == nil:
		f.Text = says.identity.otherKey
		return identity
	case certificate.IsCA:
		f.Text = says.identity.authority
		return identity
	}
	f.Verdict, f.Text = Right, fill(says.identity.right, line(identity.MSPID()), line(certificate.Subject.CommonName))
	return identity
}

// keyIn returns the key of a certificate, nil if it is of a kind that the layer does not verify with.
func keyIn(certificate *x509.Certificate) *ecdsa.PublicKey {
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil
	}
	return key
}

func (k *checker) pkiID(a author) {
	computed := k.pkiIDOf(a)
	f := Finding{Claim: PKIIDClaim, Verdict: Wrong, Node: k.tree.Find(a.pkiIDPath...), Stood: Quantity{says.quantities.pkiID, hex.EncodeToString(a.pkiID)}}
	if computed != nil {
		f.Computed = Quantity{says.quantities.computedPKIID, hex.EncodeToString(computed)}
	}
	owner := k.context.idOwner(a.pkiID)
	switch {
	case len(a.pkiID) == 0:
		f.Text = says.pkiID.missing
	case computed == nil:
		f.Verdict, f.Text = CannotTell, says.pkiID.cannotTell
	case bytes.Equal(a.pkiID, computed):
		f.Verdict, f.Text = Right, says.pkiID.right
	case owner != "":
		f.Text = fill(says.pkiID.somebodys, text.Printable(owner))
	default:
		f.Text = says.pkiID.wrong
	}
	k.find(f)
}

// issuer checks whether an authority of its organisation has issued the certificate.
func (k *checker) issuer(a author, identity *msp.Identity) {
	f := Finding{Claim: IssuerClaim, Verdict: CannotTell, Node: k.within(a, "id_bytes", "body", "issuer"), Text: says.unreadableIdentity}
	defer func() { k.find(f) }()
	if identity == nil {
		return
	}
	certificate := identity.Certificate()
	f.Stood = Quantity{says.quantities.caSignature, hex.EncodeToString(certificate.Signature)}
	f.Computed = Quantity{says.quantities.tbsHash, hexHash(certificate.RawTBSCertificate)}
	roots, known := x509.NewCertPool(), false
	for _, root := range k.context.Roots {
		if root.MSPID == identity.MSPID() && root.Certificate != nil {
			roots.AddCert(root.Certificate)
			known = true
		}
	}
	mspID, issuer := line(identity.MSPID()), line(certificate.Issuer.CommonName)
	switch {
	case len(k.context.Roots) == 0:
		f.Text = says.issuer.noRoots
		return
	case !known:
		f.Verdict, f.Text = Wrong, fill(says.issuer.unknownOrganisation, mspID)
		return
	}
	f.Verdict, f.Text = k.verifyChain(certificate, roots, mspID, issuer)
}

// verifyChain asks about the moment nearest to the time of the message at which the certificate itself is valid: whether it is valid then is a
// finding of its own.
func (k *checker) verifyChain(certificate *x509.Certificate, roots *x509.CertPool, mspID, issuer string) (Verdict, text.Text) {
	at := k.context.Time
	if at.Before(certificate.NotBefore) {
		at = certificate.NotBefore
	}
	if at.After(certificate.NotAfter) {
		at = certificate.NotAfter
	}
	_, err := certificate.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err == nil {
		return Right, fill(says.issuer.right, issuer, mspID)
	}
	if _, foreign := errors.AsType[x509.UnknownAuthorityError](err); foreign {
		return Wrong, fill(says.issuer.foreign, mspID, issuer)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return Wrong, fill(says.issuer.expired, issuer)
	}
	return Wrong, fill(says.issuer.other, line(err.Error()))
}

func (k *checker) validity(a author, identity *msp.Identity) {
	f := Finding{Claim: ValidityClaim, Verdict: CannotTell, Node: k.within(a, "id_bytes", "body", "validity"), Text: says.unreadableIdentity}
	defer func() { k.find(f) }()
	if identity == nil {
		return
	}
	from, to := identity.Certificate().NotBefore, identity.Certificate().NotAfter
	f.Stood = Quantity{says.quantities.validity, stamp(from) + " … " + stamp(to)}
	if k.context.Time == (time.Time{}) {
		f.Text = says.validity.cannotTell
		return
	}
	f.Computed = Quantity{says.quantities.time, stamp(k.context.Time)}
	switch {
	case k.context.Time.Before(from):
		f.Verdict, f.Text = Wrong, says.validity.early
	case k.context.Time.After(to):
		f.Verdict, f.Text = Wrong, says.validity.late
	default:
		f.Verdict, f.Text = Right, says.validity.right
	}
}

// signature checks the signature of the payload, and then its form: the two are told apart, since the arithmetic is right for a high S too.
func (k *checker) signature(a author, identity *msp.Identity) {
	signature, payload := k.envelope.Signature, k.envelope.Payload
	f := Finding{Claim: SignatureClaim, Verdict: Wrong, Node: k.tree.Find("signature"),
		Stood:    Quantity{says.quantities.signature, hex.EncodeToString(signature)},
		Computed: Quantity{says.quantities.payloadHash, hexHash(payload)}}
	if len(signature) == 0 {
		f.Text = says.signature.missingAbove
		if a.handshake {
			f.Text = says.signature.missing
		}
		k.find(f)
		return
	}
	f.Verdict, f.Text = judge(identity, a, signature, payload)
	k.find(f)
	if _, s, ok := parseSignature(signature); ok && identity != nil && keyIn(identity.Certificate()) != nil {
		k.lowS(s)
	}
}

// judge verifies a signature with the key of an identity that may be missing.
func judge(identity *msp.Identity, a author, signature, message []byte) (Verdict, text.Text) {
	if identity == nil && len(a.identity) == 0 && !a.carries {
		return CannotTell, says.signature.leftOut
	}
	if identity == nil || keyIn(identity.Certificate()) == nil {
		return CannotTell, says.signature.noKey
	}
	if _, _, ok := parseSignature(signature); !ok {
		return Wrong, says.signature.malformed
	}
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(keyIn(identity.Certificate()), digest[:], signature) {
		return Wrong, says.signature.wrong
	}
	return Right, says.signature.right
}

func (k *checker) lowS(s *big.Int) {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	f := Finding{Claim: LowSClaim, Verdict: Right, Node: k.tree.Find("signature", "s"), Text: says.lowS.right,
		Stood:    Quantity{says.quantities.s, hex.EncodeToString(s.Bytes())},
		Computed: Quantity{says.quantities.halfOrder, hex.EncodeToString(half.Bytes())}}
	if s.Cmp(half) > 0 {
		f.Verdict, f.Text = Wrong, says.lowS.wrong
	}
	k.find(f)
}

// secret checks the signature of the secret part, which must be by the same key.
func (k *checker) secret(identity *msp.Identity) {
	secret := k.envelope.GetSecretEnvelope()
	if secret == nil {
		return
	}
	f := Finding{Claim: SecretClaim, Verdict: Wrong, Node: k.tree.Find("secret_envelope"),
		Stood:    Quantity{says.quantities.signature, hex.EncodeToString(secret.Signature)},
		Computed: Quantity{says.quantities.secretHash, hexHash(secret.Payload)}}
	verdict, _ := judge(identity, author{}, secret.Signature, secret.Payload)
	switch {
	case len(secret.Payload) == 0 || len(secret.Signature) == 0:
		f.Text = says.secret.empty
	case verdict == CannotTell:
		f.Verdict, f.Text = CannotTell, says.secret.cannotTell
	case verdict == Wrong || !isLowS(secret.Signature):
		f.Text = says.secret.wrong
	default:
		f.Verdict, f.Text = Right, says.secret.right
	}
	k.find(f)
}

func isLowS(signature []byte) bool {
	_, s, ok := parseSignature(signature)
	return ok && s.Cmp(new(big.Int).Rsh(elliptic.P256().Params().N, 1)) <= 0
}

func hexHash(b []byte) string {
	hash := sha256.Sum256(b)
	return hex.EncodeToString(hash[:])
}
