package msp

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAPeerHasOneTLSCertificateForEachRole(t *testing.T) {
	certificates, err := NewTLSCertificates("A")
	if err != nil {
		t.Fatal(err)
	}
	server, client := certificates.Server, certificates.Client
	if bytes.Equal(server.Leaf.Raw, client.Leaf.Raw) || server.PrivateKey == client.PrivateKey {
		t.Error("the two roles share a certificate or a key")
	}
	for _, c := range []struct {
		role        TLSRole
		certificate tls.Certificate
		usage       x509.ExtKeyUsage
	}{{TLSServer, server, x509.ExtKeyUsageServerAuth}, {TLSClient, client, x509.ExtKeyUsageClientAuth}} {
		leaf := c.certificate.Leaf
		if leaf == nil || !bytes.Equal(leaf.Raw, c.certificate.Certificate[0]) {
			t.Fatalf("%v: the leaf is not the certificate", c.role)
		}
		if diff := cmp.Diff([]x509.ExtKeyUsage{c.usage}, leaf.ExtKeyUsage); diff != "" {
			t.Errorf("%v: extended key usage (-want +got):\n%s", c.role, diff)
		}
		if leaf.IsCA || leaf.NotBefore.Year() >= 2000 || leaf.NotAfter.Year() != 2100 {
			t.Errorf("%v: CA %v, valid from %v to %v", c.role, leaf.IsCA, leaf.NotBefore, leaf.NotAfter)
		}
	}
}

// A stock client verifies the server against its own roots, and a stock server the client: stricter than the layer itself, and
// inside a bubble, where it is 2000.
func TestStockTLSTakesTheCertificates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		certificates, err := NewTLSCertificates("peer0.org1")
		if err != nil {
			t.Fatal(err)
		}
		pool := func(certificate tls.Certificate) *x509.CertPool {
			roots := x509.NewCertPool()
			roots.AddCert(certificate.Leaf)
			return roots
		}
		for _, name := range []string{"peer0.org1", "localhost", "127.0.0.1", "::1"} {
			near, far := net.Pipe()
			server := tls.Server(far, &tls.Config{
				Certificates: []tls.Certificate{certificates.Server},
				ClientAuth:   tls.RequireAndVerifyClientCert,
				ClientCAs:    pool(certificates.Client),
			})
			client := tls.Client(near, &tls.Config{
				Certificates: []tls.Certificate{certificates.Client},
				RootCAs:      pool(certificates.Server),
				ServerName:   name,
			})
			served := make(chan error, 1)
			go func() { served <- server.Handshake() }()
			if err := client.Handshake(); err != nil {
				t.Errorf("%s: client: %v", name, err)
				near.Close()
			}
			if err := <-served; err != nil {
				t.Errorf("%s: server: %v", name, err)
			}
			near.Close()
			far.Close()
		}
	})
}

func TestATLSCertificateCanBeMadeForEveryName(t *testing.T) {
	for _, c := range []struct {
		name      string
		dnsNames  []string
		addresses int
	}{
		{"A", []string{"localhost", "A"}, 2},
		{"localhost", []string{"localhost"}, 2},
		{"10.0.0.7", []string{"localhost"}, 3},
		{"节点一", []string{"localhost"}, 2},
		{"the third peer", []string{"localhost"}, 2},
		{"a..b", []string{"localhost"}, 2},
		{"-a.b.", []string{"localhost"}, 2},
	} {
		certificate, err := NewTLSCertificate(c.name, TLSServer)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.dnsNames, certificate.Leaf.DNSNames); diff != "" {
			t.Errorf("%s: host names (-want +got):\n%s", c.name, diff)
		}
		if len(certificate.Leaf.IPAddresses) != c.addresses || certificate.Leaf.Subject.CommonName != c.name {
			t.Errorf("%s: addresses %v, subject %v", c.name, certificate.Leaf.IPAddresses, certificate.Leaf.Subject)
		}
	}
}

func TestATLSCertificateNeedsANameAndARole(t *testing.T) {
	if _, err := NewTLSCertificates(""); err == nil {
		t.Error("one without a name was made")
	}
	if _, err := NewTLSCertificate("A", TLSRole(0)); err == nil {
		t.Error("one without a role was made")
	}
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := NewTLSCertificate("A", TLSClient, WithValidity(now, now.Add(-time.Hour))); err == nil {
		t.Error("one that ends before it begins was made")
	}
}
