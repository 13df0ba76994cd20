package msp

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// writeFolder returns a new folder with an identity, and the identity.
func writeFolder(t *testing.T) (string, *SigningIdentity, *Authority) {
	t.Helper()
	org := newAuthority(t, "Org1")
	peer := issueTo(t, org, "peer0.org1")
	dir := filepath.Join(t.TempDir(), "organizations", "peer0")
	if err := WriteFolder(dir, peer, org.Root()); err != nil {
		t.Fatal(err)
	}
	return dir, peer, org
}

// list returns the paths of everything below dir, with their modes if these mean anything on this system.
func list(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if found[filepath.ToSlash(name)] = info.Mode().String(); runtime.GOOS == "windows" {
			found[filepath.ToSlash(name)] = "any"
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAFolderHoldsTheIdentityThatWasWritten(t *testing.T) {
	dir, peer, org := writeFolder(t)
	again, roots, err := ReadFolder(dir, "Org1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(peer.Serialize(), again.Serialize()); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if len(roots) != 1 || roots[0].MSPID != "Org1" || !roots[0].Certificate.Equal(org.Root().Certificate) {
		t.Errorf("roots: %v", roots)
	}
	service := newService(t, again, roots...)
	signature, err := service.Sign([]byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Verify(peer.Serialize(), signature, []byte("message")); err != nil {
		t.Error(err)
	}
}

func TestAFolderIsLaidOutAsFabricsToolsDoAndKeepsItsKeySecret(t *testing.T) {
	dir, _, _ := writeFolder(t)
	want := map[string]string{
		".":                             "drwxr-xr-x",
		"cacerts":                       "drwxr-xr-x",
		"cacerts/ca.Org1-cert.pem":      "-rw-r--r--",
		"keystore":                      "drwx------",
		"keystore/priv_sk":              "-rw-------",
		"signcerts":                     "drwxr-xr-x",
		"signcerts/peer0.org1-cert.pem": "-rw-r--r--",
	}
	if runtime.GOOS == "windows" {
		for name := range want {
			want[name] = "any"
		}
	}
	if diff := cmp.Diff(want, list(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
	if siblings := list(t, filepath.Dir(dir)); len(siblings) != len(want)+1 {
		t.Errorf("something was left beside the folder: %v", siblings)
	}
}

func TestAFolderIsNeverOverwritten(t *testing.T) {
	org := newAuthority(t, "Org1")
	peer := issueTo(t, org, "A")
	parent := t.TempDir()
	empty, taken := filepath.Join(parent, "empty"), filepath.Join(parent, "file")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	existing, _, _ := writeFolder(t)
	before := list(t, existing)
	for _, dir := range []string{empty, empty + string(filepath.Separator), taken, existing} {
		err := WriteFolder(dir, peer, org.Root())
		if !errors.Is(err, ErrMaterial) || !errors.Is(err, fs.ErrExist) || !strings.Contains(errText(err), filepath.Clean(dir)) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if diff := cmp.Diff(before, list(t, existing)); diff != "" {
		t.Errorf("the existing folder changed (-before +after):\n%s", diff)
	}
	if left := list(t, parent); len(left) != 3 {
		t.Errorf("something was left behind: %v", left)
	}
}

// errText is the text of an error that may be nil.
func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAFolderThatCouldNotBeReadIsNotWritten(t *testing.T) {
	org, forger, other := newAuthority(t, "Org1"), newAuthority(t, "Org1"), newAuthority(t, "Org2")
	peer := issueTo(t, org, "A")
	authority := &SigningIdentity{Identity: Identity{mspID: "Org1", certificate: org.Root().Certificate}, key: org.key}
	for _, c := range []struct {
		name     string
		identity *SigningIdentity
		roots    []Root
		want     error
	}{
		{"no identity", nil, []Root{org.Root()}, fs.ErrNotExist},
		{"no root", peer, nil, fs.ErrNotExist},
		{"the root of a forger", peer, []Root{forger.Root()}, ErrForeignAuthority},
		{"the root of another organization beside", peer, []Root{org.Root(), other.Root()}, ErrWrongOrganization},
		{"a member for a root", peer, []Root{{MSPID: "Org1", Certificate: peer.Certificate()}}, ErrNotAuthority},
		{"an authority for a member", authority, []Root{org.Root()}, ErrUnacceptableCertificate},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "deep", "folder")
			err := WriteFolder(dir, c.identity, c.roots...)
			if !errors.Is(err, ErrMaterial) || !errors.Is(err, c.want) || !strings.Contains(errText(err), dir) {
				t.Errorf("got %v, want an error about %s that matches %q", err, dir, c.want)
			}
			if left := list(t, parent); len(left) != 1 {
				t.Errorf("something was written: %v", left)
			}
		})
	}
}

func TestAFolderThatCannotBeFinishedLeavesNothing(t *testing.T) {
	org := newAuthority(t, "Org1")
	parent := t.TempDir()
	dir := filepath.Join(parent, strings.Repeat("x", 300)) // longer than any file system admits, which shows at the last act only
	err := WriteFolder(dir, issueTo(t, org, "A"), org.Root())
	mustBeAbout(t, err, dir, ErrMaterial)
	if left := list(t, parent); len(left) != 1 {
		t.Errorf("something was left behind: %v", left)
	}
}

func TestAFolderBelowAFileIsRefused(t *testing.T) {
	org := newAuthority(t, "Org1")
	parent := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(parent, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := WriteFolder(filepath.Join(parent, "A"), issueTo(t, org, "A"), org.Root())
	if !errors.Is(err, ErrMaterial) || !strings.Contains(errText(err), parent) {
		t.Errorf("writing below a file: %v", err)
	}
}

func TestNamesInACertificateCannotLeadOutOfTheFolder(t *testing.T) {
	for name, file := range map[string]string{
		"../../etc/passwd":       "peer-cert.pem",
		"a/../../b":              "a_.._.._b-cert.pem",
		`c:\d`:                   "c__d-cert.pem",
		".hidden":                "peer-cert.pem",
		"节点":                     "__-cert.pem",
		strings.Repeat("x", 300): "peer-cert.pem",
	} {
		org := newAuthority(t, "Org1")
		dir := filepath.Join(t.TempDir(), "folder")
		peer := issueTo(t, org, name)
		if err := WriteFolder(dir, peer, org.Root()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, dirSignCerts, file)); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if _, _, err := ReadFolder(dir, "Org1"); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTwoRootsOfOneNameAreTwoFiles(t *testing.T) {
	old, renewed := newAuthority(t, "Org1"), newAuthority(t, "Org1")
	dir := filepath.Join(t.TempDir(), "folder")
	if err := WriteFolder(dir, issueTo(t, renewed, "A"), old.Root(), renewed.Root()); err != nil {
		t.Fatal(err)
	}
	_, roots, err := ReadFolder(dir, "Org1")
	if err != nil || len(roots) != 2 {
		t.Errorf("roots %v, %v", roots, err)
	}
}

// The folder was made by openssl: a certificate with a page of prose in front and a high S below, a key in SEC 1 behind its
// parameters. The PKI-ID wanted was computed by another program, which rewrote the certificate to the low S as Fabric does.
func TestAFolderMadeByOpensslIsReadAsFabricWould(t *testing.T) {
	const want = "4b9b6ededd9e46a33f1d3c05d85ddf4808fcba260d7fae6abbdd84fcff94a3e0"
	peer, roots, err := ReadFolder("testdata/openssl", "Org1")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(peer.PKIID()); got != want {
		t.Errorf("PKI-ID is %s, want %s", got, want)
	}
	if err := peer.Certificate().CheckSignatureFrom(roots[0].Certificate); err != nil {
		t.Errorf("the rewritten certificate is not its authority's any more: %v", err)
	}
}

func TestAKeyLeftOverFromBeforeARenewalIsPassedOver(t *testing.T) {
	dir, peer, org := writeFolder(t)
	old, err := issueTo(t, org, "peer0.org1").KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a_sk", "z_sk"} {
		put(t, filepath.Join(dir, dirKeystore, name), string(old))
	}
	again, _, err := ReadFolder(dir, "Org1")
	if err != nil {
		t.Fatal(err)
	}
	if !again.key.Equal(peer.key) {
		t.Error("the wrong key was taken")
	}
}

func TestHiddenFilesAndDirectoriesAreNoMaterial(t *testing.T) {
	dir, _, _ := writeFolder(t)
	for _, part := range []string{dirSignCerts, dirKeystore, dirCACerts} {
		put(t, filepath.Join(dir, part, ".DS_Store"), "rubbish")
		if err := os.Mkdir(filepath.Join(dir, part, "old"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "config.yaml"), "NodeOUs:")
	if _, _, err := ReadFolder(dir, "Org1"); err != nil {
		t.Error(err)
	}
}

func TestAKeyThatOthersMayReadIsReadAsFabricDoes(t *testing.T) {
	dir, _, _ := writeFolder(t)
	if err := os.Chmod(filepath.Join(dir, dirKeystore, keyFileName), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadFolder(dir, "Org1"); err != nil {
		t.Error(err)
	}
}

func TestAnExpiredIdentityIsReadAllTheSame(t *testing.T) {
	begin := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	org := newAuthority(t, "Org1", WithValidity(begin, begin.Add(time.Hour)))
	dir := filepath.Join(t.TempDir(), "folder")
	if err := WriteFolder(dir, issueTo(t, org, "A"), org.Root()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadFolder(dir, "Org1"); err != nil {
		t.Error(err)
	}
}

// put writes a file of a folder.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// remove removes a file or a directory of a folder.
func remove(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// pkcs8 returns the text of a private key of any kind.
func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return wrap(pem.Block{Type: pemKey, Bytes: der})
}

func TestEveryMixUpInAFolderIsNamed(t *testing.T) {
	const (
		signCert = "signcerts/peer0.org1-cert.pem"
		caCert   = "cacerts/ca.Org1-cert.pem"
		keyFile  = "keystore/priv_sk"
	)
	org, forger := newAuthority(t, "Org1"), newAuthority(t, "Org1")
	peer, other := issueTo(t, org, "peer0.org1"), issueTo(t, org, "other")
	own, rsaKey := pkcs8(t, peer.key), newRSAKey(t)
	p384 := newKey(t, elliptic.P384())
	certificate, authority := string(peer.CertificatePEM()), string(org.CertificatePEM())
	encrypted := wrap(pem.Block{Type: pemEncryptedKey, Bytes: []byte("secret")})
	oldLock := map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "x"}
	locked := wrap(pem.Block{Type: pemECKey, Bytes: []byte("secret"), Headers: oldLock})
	pkcs1 := wrap(pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})
	onP384, err := ParseIdentity(member(t, org, p384.Public(), nil))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) { put(t, path, text) }
	}
	for _, c := range []struct {
		name string
		at   string // what is changed
		act  func(t *testing.T, path string)
		path string // what the error is about
		want error
		says string
	}{
		{"no folder", ".", remove, ".", fs.ErrNotExist, "signcerts, keystore and cacerts"},
		{"no signcerts", "signcerts", remove, "signcerts", fs.ErrNotExist, "should hold the certificate of the peer"},
		{"no keystore", "keystore", remove, "keystore", fs.ErrNotExist, "should hold the private key"},
		{"no cacerts", "cacerts", remove, "cacerts", fs.ErrNotExist, "should hold the certificate of the organization's authority"},
		{"no certificate", signCert, remove, "signcerts", fs.ErrNotExist, "is empty"},
		{"no key", keyFile, remove, "keystore", fs.ErrNotExist, "is empty"},
		{"no authority", caCert, remove, "cacerts", fs.ErrNotExist, "is empty"},
		{"two certificates", "signcerts/a.pem", replace(certificate), "signcerts", ErrSeveral, "a.pem, peer0.org1-cert.pem"},
		{"two certificates in a file", signCert, replace(certificate + authority), signCert, ErrSeveral, "keep one"},
		{"an empty file", signCert, replace(""), signCert, ErrNotPEM, "replace it by a PEM file"},
		{"half a certificate", signCert, replace(certificate[:99]), signCert, ErrNotPEM, "no complete PEM block"},
		{"no certificate in the block", signCert, replace(wrap(pem.Block{Type: pemCertificate})), signCert, ErrNotPEM, "does not parse"},
		{"words behind a certificate", signCert, replace(certificate + "bye"), signCert, ErrNotPEM, "3 stray bytes"},
		{"a request for a certificate", signCert, replace(wrap(pem.Block{Type: "CERTIFICATE REQUEST"})), signCert, ErrNotPEM, "REQUEST"},
		{"a key in signcerts", signCert, replace(own), signCert, ErrMisplaced, "this is a private key"},
		{"a key in cacerts", caCert, replace(own), caCert, ErrMisplaced, "this is a private key"},
		{"an authority in signcerts", signCert, replace(authority), signCert, ErrUnacceptableCertificate, `"ca.Org1"`},
		{"a certificate on another curve", signCert, replace(string(onP384.CertificatePEM())), signCert, ErrUnsupportedKey, "P-384"},
		{"a certificate in keystore", keyFile, replace(certificate), keyFile, ErrMisplaced, "this is a certificate"},
		{"a certificate beside the key", "keystore/cert.pem", replace(certificate), "keystore/cert.pem",
			ErrMisplaced, "this is a certificate"},
		{"rubbish in keystore", keyFile, replace("rubbish"), keyFile, ErrNotPEM, "no complete PEM block"},
		{"a public key in keystore", keyFile, replace(wrap(pem.Block{Type: "PUBLIC KEY"})), keyFile, ErrNotPEM, `"PUBLIC KEY"`},
		{"a broken key", keyFile, replace(wrap(pem.Block{Type: pemKey, Bytes: []byte{1}})), keyFile, ErrNotPEM, "does not parse"},
		{"an encrypted key", keyFile, replace(encrypted), keyFile, ErrEncryptedKey, "-nocrypt"},
		{"a key encrypted the old way", keyFile, replace(locked), keyFile, ErrEncryptedKey, "-nocrypt"},
		{"a key on another curve", keyFile, replace(pkcs8(t, p384)), keyFile, ErrUnsupportedKey, "P-256"},
		{"an RSA key", keyFile, replace(pkcs8(t, rsaKey)), keyFile, ErrUnsupportedKey, "P-256"},
		{"an RSA key of the old form", keyFile, replace(pkcs1), keyFile, ErrUnsupportedKey, "RSA PRIVATE KEY"},
		{"another's key", keyFile, replace(pkcs8(t, other.key)), keyFile, ErrKeyMismatch, signCert},
		{"only others' keys", keyFile, func(t *testing.T, path string) {
			put(t, path, pkcs8(t, other.key))
			put(t, path+"2", pkcs8(t, forger.key))
		}, "keystore", ErrKeyMismatch, signCert},
		{"a member in cacerts", caCert, replace(certificate), caCert, ErrNotAuthority, "put the certificate of the authority"},
		{"rubbish in cacerts", caCert, replace("rubbish"), caCert, ErrNotPEM, "no complete PEM block"},
		{"the authority of somebody else", caCert, replace(string(forger.CertificatePEM())), signCert, ErrForeignAuthority, "cacerts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "folder")
			if err := WriteFolder(dir, peer, org.Root()); err != nil {
				t.Fatal(err)
			}
			c.act(t, filepath.Join(dir, filepath.FromSlash(c.at)))
			_, _, err := ReadFolder(dir, "Org1")
			mustBeAbout(t, err, filepath.Join(dir, filepath.FromSlash(c.path)), c.want)
			if !strings.Contains(filepath.ToSlash(errText(err)), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
			if strings.Contains(errText(err), "\n") {
				t.Errorf("error %q is more than a sentence", err)
			}
		})
	}
}

// mustBeAbout fails unless err is about this path and matches this reason.
func mustBeAbout(t *testing.T, err error, path string, want error) {
	t.Helper()
	problem, ok := errors.AsType[*MaterialError](err)
	if !ok || !errors.Is(err, ErrMaterial) || !errors.Is(err, want) {
		t.Fatalf("got %v, want an error about material that matches %q", err, want)
	}
	if problem.Path != path || !strings.Contains(err.Error(), path) {
		t.Errorf("error %q is about %s, want %s", err, problem.Path, path)
	}
}

func newRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAFolderNeedsTheNameOfItsOrganization(t *testing.T) {
	dir, _, _ := writeFolder(t)
	_, _, err := ReadFolder(dir, "")
	mustBeAbout(t, err, dir, ErrMalformedIdentity)
}
