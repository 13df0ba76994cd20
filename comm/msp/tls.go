// The certificates that a peer shows in TLS. They have nothing to do with its identity: nobody vouches for them, and nobody
// asks who signed them. TLS proves that the far end of a connection holds the key of the certificate that it showed, and the
// handshake of the layer (comm/crypto.go, comm/comm_impl.go) lets the identity sign the hash of that certificate. Together they
// bind the connection to the identity, without one authority having to serve both purposes and with TLS keys that can be thrown
// away at every start.

package msp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"gossipscope/comm/common"
)

// TLSRole is the side of a connection on which a TLS certificate is shown.
type TLSRole int

const (
	// TLSServer is for the peer that is dialled.
	TLSServer TLSRole = iota + 1
	// TLSClient is for the peer that dials.
	TLSClient
)

// String returns the role as a word.
func (r TLSRole) String() string {
	switch r {
	case TLSServer:
		return "server"
	case TLSClient:
		return "client"
	}
	return fmt.Sprintf("TLSRole(%d)", int(r))
}

// NewTLSCertificate makes a self-signed ECDSA P-256 certificate for one role of a peer, valid from 1999 to 2100 unless an
// option says otherwise. It is made out to name, to localhost and to the loopback addresses, so that a stock client that has it
// among its roots can verify it too.
func NewTLSCertificate(name string, role TLSRole, options ...CertificateOption) (tls.Certificate, error) {
	usage, err := role.extendedKeyUsage()
	if err != nil {
		return tls.Certificate{}, err
	}
	if name == "" {
		return tls.Certificate{}, errors.New("make a TLS certificate: the name is empty")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make the TLS %v certificate of %s: %w", role, quote(name), err)
	}
	template := newTemplate(name, "", options)
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	template.DNSNames, template.IPAddresses = hostsOf(name)
	leaf, err := issue(template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make the TLS %v certificate of %s: %w", role, quote(name), err)
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// NewTLSCertificates makes the two certificates of a peer. They are different on purpose: Fabric confused the two until
// FAB-7491 and nobody noticed, because every test used one for both.
func NewTLSCertificates(name string, options ...CertificateOption) (*common.TLSCertificates, error) {
	server, err := NewTLSCertificate(name, TLSServer, options...)
	if err != nil {
		return nil, err
	}
	client, err := NewTLSCertificate(name, TLSClient, options...)
	if err != nil {
		return nil, err
	}
	return &common.TLSCertificates{Server: server, Client: client}, nil
}

// extendedKeyUsage returns the X.509 name of a role.
func (r TLSRole) extendedKeyUsage() (x509.ExtKeyUsage, error) {
	switch r {
	case TLSServer:
		return x509.ExtKeyUsageServerAuth, nil
	case TLSClient:
		return x509.ExtKeyUsageClientAuth, nil
	}
	return 0, fmt.Errorf("make a TLS certificate: %v is neither server nor client", r)
}

// hostsOf returns the hosts for which the certificate of a peer is good. A name that cannot be a host name (with a space, or in
// Chinese) is left out, since X.509 could not carry it there; it remains the common name.
func hostsOf(name string) (dnsNames []string, addresses []net.IP) {
	dnsNames = []string{"localhost"}
	addresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if address := net.ParseIP(name); address != nil {
		return dnsNames, append(addresses, address)
	}
	if name != "localhost" && isHostName(name) {
		dnsNames = append(dnsNames, name)
	}
	return dnsNames, addresses
}

// isHostName says whether name is a host name by RFC 1123, section 2.1: labels of letters, digits and inner hyphens, joined by
// dots.
func isHostName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && !isLetterOrDigit(r) {
				return false
			}
		}
	}
	return len(name) <= 253
}

// isLetterOrDigit knows ASCII only: X.509 writes host names in nothing else.
func isLetterOrDigit(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}
