// Identities on disk, in the layout that Fabric's tools (cryptogen, fabric-ca-client) write and a Fabric peer reads, so that a
// peer of ours can be given the folder of a peer of theirs and the other way round:
//
//	DIR/signcerts/NAME-cert.pem   the certificate of the peer, one file
//	DIR/keystore/priv_sk          its private key; fabric-ca names the file after the key's hash, so the name is not looked at
//	DIR/cacerts/ca.NAME-cert.pem  the certificates of the organization's authorities, one file or more
//
// A folder is put together by hand more often than one would think, and every mistake in it shows up, much later and on another
// machine, as "the signature is invalid". So ReadFolder checks that the pieces belong together, and names the file that does
// not.

package msp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The directories of an identity folder.
const (
	dirSignCerts = "signcerts"
	dirKeystore  = "keystore"
	dirCACerts   = "cacerts"
)

// keyFileName is the name that cryptogen gives to a private key.
const keyFileName = "priv_sk"

// The permissions: everybody may read certificates, only the owner the key. Reading accepts any, as Fabric does: a key in a
// container's secret volume is often readable by a group, and refusing it would move the problem, not solve it.
const (
	modePublicDir  fs.FileMode = 0o755
	modePublicFile fs.FileMode = 0o644
	modeSecretDir  fs.FileMode = 0o700
	modeSecretFile fs.FileMode = 0o600
)

// file is one file of a folder, read.
type file struct {
	path string
	text []byte
}

// WriteFolder writes an identity and the roots of its organization to dir, which must not exist yet; the directories above it
// are made.
//
// Either the whole folder appears or nothing does: it is built beside its place under another name and then renamed. What
// ReadFolder would refuse is refused here too. Errors match ErrMaterial; one about something already there matches
// io/fs.ErrExist.
func WriteFolder(dir string, identity *SigningIdentity, roots ...Root) (err error) {
	dir = filepath.Clean(dir) // with a slash at its end, it would be taken for its own parent
	files, err := folderFiles(dir, identity, roots)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(dir); err == nil {
		return material(dir, "%w: choose a new place or move the old one away, nothing is overwritten", fs.ErrExist)
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, modePublicDir); err != nil {
		return material(parent, "%w", err)
	}
	building, err := os.MkdirTemp(parent, ".identity-")
	if err != nil {
		return material(parent, "%w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(building)) // a key must not be left behind in a place that nobody knows of
		}
	}()
	if err := writeFiles(building, files); err != nil {
		return material(dir, "%w", err)
	}
	// A rename never replaces a directory that holds anything, so losing a race to another writer ends here, as it should.
	if err := os.Rename(building, dir); err != nil {
		return material(dir, "%w", err)
	}
	return nil
}

// ReadFolder reads the identity of a member of mspID, and the roots of that organization. The MSP ID is not in the folder; it
// is part of a peer's configuration.
//
// The private key may be PKCS #8 or SEC 1. A keystore may hold several keys, as it does after a renewal with fabric-ca: the one
// that belongs to the certificate is taken. Hidden files and what is not a regular file are passed over. Dates are not looked
// at: an expired identity is read, and refused by those who are to believe it.
//
// A certificate whose authority signed it with a high S is rewritten with a low one, as Fabric does, so that the PKI-ID is the
// one that a Fabric peer with this folder would have. Errors are of type *MaterialError and match ErrMaterial and the reason.
func ReadFolder(dir, mspID string) (*SigningIdentity, []Root, error) {
	if err := checkMSPID(mspID); err != nil {
		return nil, nil, material(dir, "%w: %w; give the MSP ID of the organization", ErrMalformedIdentity, err)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, nil, material(dir, "%w: give a folder with %s, %s and %s", cause(err), dirSignCerts, dirKeystore, dirCACerts)
	}
	certificate, certificatePath, err := readMember(filepath.Join(dir, dirSignCerts))
	if err != nil {
		return nil, nil, err
	}
	key, err := readKey(filepath.Join(dir, dirKeystore), certificate, certificatePath)
	if err != nil {
		return nil, nil, err
	}
	roots, err := readRoots(filepath.Join(dir, dirCACerts), mspID)
	if err != nil {
		return nil, nil, err
	}
	issuer, err := issuerAmong(roots, certificate)
	if err != nil {
		return nil, nil, material(certificatePath, "%w: put the certificate of that authority into %s",
			err, filepath.Join(dir, dirCACerts))
	}
	if certificate, err = lowSCertificate(certificate, issuer); err != nil {
		return nil, nil, material(certificatePath, "%w", err)
	}
	identity, err := newSigningIdentity(mspID, certificate, key)
	if err != nil {
		return nil, nil, material(certificatePath, "%w", err)
	}
	return identity, roots, nil
}

// material returns the error about one path.
func material(path, format string, args ...any) error {
	return &MaterialError{Path: path, Err: fmt.Errorf(format, args...)}
}

// cause takes the path out of an error of package os, which the MaterialError around it names already.
func cause(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	return err
}

// folderFiles returns what is to be written, by path below the folder, after checking that it belongs together.
func folderFiles(dir string, identity *SigningIdentity, roots []Root) (map[string][]byte, error) {
	if identity == nil {
		return nil, material(dir, "%w: there is no identity to write", fs.ErrNotExist)
	}
	if len(roots) == 0 {
		return nil, material(dir, "%w: give the root certificate of %s as well", fs.ErrNotExist, quote(identity.mspID))
	}
	if err := checkMember(identity.certificate); err != nil {
		return nil, material(dir, "%w", err)
	}
	files := make(map[string][]byte)
	for i, root := range roots {
		if err := root.check(); err != nil {
			return nil, material(dir, "%w", err)
		}
		if root.MSPID != identity.mspID {
			return nil, material(dir, "%w: it is of %s, and the identity is %v; give the root of the identity's own",
				ErrWrongOrganization, quote(root.MSPID), &identity.Identity)
		}
		name := fileName(root.Certificate, "authority")
		if len(roots) > 1 { // then all are numbered: were the first not, its own name could be another's with the number
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		files[filepath.Join(dirCACerts, name+"-cert.pem")] = encodeCertificate(root.Certificate)
	}
	if _, err := issuerAmong(roots, identity.certificate); err != nil {
		return nil, material(dir, "%w: give the root certificate of that authority", err)
	}
	key, err := identity.KeyPEM()
	if err != nil {
		return nil, material(dir, "%w", err)
	}
	files[filepath.Join(dirKeystore, keyFileName)] = key
	files[filepath.Join(dirSignCerts, fileName(identity.certificate, "peer")+"-cert.pem")] = identity.pemText
	return files, nil
}

// writeFiles fills a fresh directory.
func writeFiles(dir string, files map[string][]byte) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		dirMode, fileMode := modePublicDir, modePublicFile
		if filepath.Dir(name) == dirKeystore {
			dirMode, fileMode = modeSecretDir, modeSecretFile
		}
		if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, fileMode); err != nil {
			return err
		}
	}
	return os.Chmod(dir, modePublicDir) // MkdirTemp made it private, which would hide the certificates too
}

// fileName makes the common name of a certificate fit for a file name: it comes from a certificate, and must not lead out of
// the folder.
func fileName(certificate *x509.Certificate, fallback string) string {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || isLetterOrDigit(r) {
			return r
		}
		return '_'
	}, certificate.Subject.CommonName)
	// A name that begins with a dot would be hidden, and ReadFolder would pass over what WriteFolder wrote.
	if name == "" || strings.HasPrefix(name, ".") || len(name) > maxQuoted {
		return fallback
	}
	return name
}

// readDir reads the files of one directory of the folder; what says, in words, which file should be there.
func readDir(dir, what string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, material(dir, "%w: it should hold %s", cause(err), what)
	}
	var files []file
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") {
			continue // editors' and mounted volumes' own business
		}
		info, err := os.Stat(path) // and not entry.Info: a mounted secret is a symbolic link
		if err != nil {
			return nil, material(path, "%w: it should be %s", cause(err), what)
		}
		if !info.Mode().IsRegular() {
			continue // a directory; or a pipe, on which the read below would wait for ever
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, material(path, "%w: it should be %s", cause(err), what)
		}
		files = append(files, file{path: path, text: text})
	}
	if len(files) == 0 {
		return nil, material(dir, "%w: it is empty and should hold %s", fs.ErrNotExist, what)
	}
	return files, nil
}

// readMember reads the certificate of the peer.
func readMember(dir string) (*x509.Certificate, string, error) {
	files, err := readDir(dir, "the certificate of the peer, a PEM file")
	if err != nil {
		return nil, "", err
	}
	if len(files) > 1 {
		return nil, "", material(dir, "%w certificate: keep the one of the peer and move the others away (%s, %s)",
			ErrSeveral, filepath.Base(files[0].path), filepath.Base(files[1].path))
	}
	certificate, err := parseCertificatePEM(files[0].text)
	if err != nil {
		return nil, "", material(files[0].path, "%w", err)
	}
	if err := checkMember(certificate); err != nil {
		return nil, "", material(files[0].path, "%w", err)
	}
	return certificate, files[0].path, nil
}

// checkMember refuses the certificates that could be nobody's identity, whoever issued them.
func checkMember(certificate *x509.Certificate) error {
	if certificate.IsCA {
		return fmt.Errorf("%w: it is that of the authority %s; put the certificate of the peer here",
			ErrUnacceptableCertificate, quote(certificate.Subject.CommonName))
	}
	if _, err := publicKey(certificate); err != nil {
		return fmt.Errorf("%w; make a new key and certificate on P-256", err)
	}
	return nil
}

// readKey returns the key of the keystore that belongs to the certificate.
func readKey(dir string, certificate *x509.Certificate, certificatePath string) (*ecdsa.PrivateKey, error) {
	files, err := readDir(dir, "the private key of the peer, a PEM file")
	if err != nil {
		return nil, err
	}
	var match *ecdsa.PrivateKey
	for _, candidate := range files {
		key, err := parseKeyPEM(candidate.text)
		if err != nil {
			return nil, material(candidate.path, "%w", err)
		}
		if key.PublicKey.Equal(certificate.PublicKey) {
			match = key
		}
	}
	if match != nil {
		return match, nil
	}
	path := files[0].path
	if len(files) > 1 {
		path = dir
	}
	return nil, material(path, "%w in %s: put the key here that was made for it", ErrKeyMismatch, certificatePath)
}

// readRoots reads the certificates of the authorities.
func readRoots(dir, mspID string) ([]Root, error) {
	files, err := readDir(dir, "the certificate of the organization's authority, a PEM file")
	if err != nil {
		return nil, err
	}
	roots := make([]Root, 0, len(files))
	for _, candidate := range files {
		certificate, err := parseCertificatePEM(candidate.text)
		if err != nil {
			return nil, material(candidate.path, "%w", err)
		}
		root := Root{MSPID: mspID, Certificate: certificate}
		if err := root.check(); err != nil {
			return nil, material(candidate.path, "%w; put the certificate of the authority here", err)
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// issuerAmong returns the root that signed the certificate, or an error that matches ErrForeignAuthority. Dates play no part.
func issuerAmong(roots []Root, certificate *x509.Certificate) (*x509.Certificate, error) {
	for _, root := range roots {
		sameName := bytes.Equal(certificate.RawIssuer, root.Certificate.RawSubject) // x509.Verify looks for the issuer by its name
		if sameName && certificate.CheckSignatureFrom(root.Certificate) == nil {
			return root.Certificate, nil
		}
	}
	return nil, fmt.Errorf("%w: %s was issued by %s", ErrForeignAuthority,
		quote(certificate.Subject.CommonName), quote(certificate.Issuer.CommonName))
}
