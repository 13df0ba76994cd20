package comm

// crypto.go is the seam between TLS and the handshake of the layer.
//
// TLS here proves little: certificates are self-signed as a rule and no chain is checked. What it does prove is that the other end
// holds the private key of the certificate that it shows. The handshake (authenticateRemotePeer) builds on just that: each side
// signs, with the key of its identity, the hash of the certificate that it shows in TLS. So the identity's key says "my TLS
// certificate is X", TLS says "the other end of this line owns X", and whoever stands in between can show only a certificate of his
// own. Neither half is worth anything without the other.
//
// This file makes the two TLS configurations, computes the hash, and digs the certificate of the other end out of what gRPC keeps
// of a stream. Certificates themselves are made outside (comm/msp); Fabric's version of this file had a generator in it, for tests,
// that wrote key files into the working directory.

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
)

// certHashFromRawCert returns the SHA-256 of a certificate in DER, the form in which it travels in TLS; nil for no certificate, so
// that "none" can never equal the hash of something.
func certHashFromRawCert(rawCert []byte) []byte {
	if len(rawCert) == 0 {
		return nil
	}
	hash := sha256.Sum256(rawCert)
	return hash[:]
}

// certHashFromPair returns the hash of the leaf of a TLS certificate: the first of its chain is the one that it shows.
func certHashFromPair(pair tls.Certificate) []byte {
	if len(pair.Certificate) == 0 {
		return nil
	}
	return certHashFromRawCert(pair.Certificate[0])
}

// extractCertificateHashFromContext returns the hash of the certificate that the other end showed in TLS, or nil if there is no
// TLS or it showed none. ctx is the context of a stream, in which gRPC keeps what it knows of the transport. The first certificate is
// the leaf; whoever showed it has proven to hold its key, which is not so of any behind it.
func extractCertificateHashFromContext(ctx context.Context) []byte {
	remote, found := peer.FromContext(ctx)
	if !found {
		return nil
	}
	info, isTLS := remote.AuthInfo.(credentials.TLSInfo)
	if !isTLS || len(info.State.PeerCertificates) == 0 {
		return nil
	}
	return certHashFromRawCert(info.State.PeerCertificates[0].Raw)
}

// serverTLS returns the credentials of the acceptor. It asks for a client certificate and does not insist: a stream without one is
// refused by the handshake, in words, where TLS could only hang up. That no chain is checked is the point made above.
//
// life is that of the instance. A gRPC server that stops waits for its TLS handshakes, for as long as grpc.ConnectionTimeout if
// somebody stays silent in one; so they end with the instance.
//
// On a server of the caller's (NewCommInstance) none of this is in force, and no TLS handshake is reported: the caller has his own
// credentials there.
func serverTLS(life context.Context, certs *common.TLSCertificates, source *trace.Source) credentials.TransportCredentials {
	return &observedTLS{source: source, life: life, TransportCredentials: credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{certs.Server},
		ClientAuth:   tls.RequestClientCert,
		MinVersion:   tls.VersionTLS12, // Fabric v1.4 speaks nothing newer
	})}
}

// clientTLS returns the credentials of the initiator. InsecureSkipVerify switches off the check of chain and host name, no more:
// that the other end holds the key of its certificate is proven all the same, and whose certificate it is, the handshake finds out.
//
// enter and leave count a handshake among what Stop waits for. gRPC does not: ClientConn.Close returns while it may still be running.
func clientTLS(certs *common.TLSCertificates, source *trace.Source, enter func() error, leave func()) credentials.TransportCredentials {
	return &observedTLS{source: source, enter: enter, leave: leave, TransportCredentials: credentials.NewTLS(&tls.Config{
		Certificates:       []tls.Certificate{certs.Client},
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS12,
	})}
}

// observedTLS is TLS as gRPC does it, with a report of how each handshake ended. gRPC calls it on goroutines of its own, one for
// each transport connection, before any call of the layer can use that connection; the addresses join the report to what follows.
type observedTLS struct {
	credentials.TransportCredentials
	source *trace.Source
	life   context.Context // server side only; the end of the instance ends its handshakes
	enter  func() error    // client side only; a gRPC server that stops waits for the handshakes that it began
	leave  func()
}

// ClientHandshake implements credentials.TransportCredentials. gRPC bounds it by ctx, and ends that when the dial is given up; once
// Stop has begun, none begins any more.
func (o *observedTLS) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if err := o.enter(); err != nil {
		return nil, nil, err
	}
	defer o.leave()
	conn, info, err := o.TransportCredentials.ClientHandshake(ctx, authority, raw)
	o.report(raw, trace.Initiator, info, err)
	return conn, info, err
}

// ServerHandshake implements credentials.TransportCredentials. It has no context; what releases it from somebody who stays silent is
// that raw is closed, by gRPC after grpc.ConnectionTimeout or by the end of the instance. When it is over that watch is called off, so
// that a connection which is up ends as connections do, and not by this.
func (o *observedTLS) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	defer context.AfterFunc(o.life, func() { raw.Close() })()
	conn, info, err := o.TransportCredentials.ServerHandshake(raw)
	o.report(raw, trace.Acceptor, info, err)
	return conn, info, err
}

// Clone implements credentials.TransportCredentials. Had it been left to what is embedded, a clone would be plain TLS, without report
// and unknown to Stop. gRPC clones credentials only for balancers that are not used here, so nothing would show it until one is.
func (o *observedTLS) Clone() credentials.TransportCredentials {
	return &observedTLS{TransportCredentials: o.TransportCredentials.Clone(), source: o.source, life: o.life, enter: o.enter, leave: o.leave}
}

// report tells how a TLS handshake has ended: in which role, with which version of TLS (none, if it failed), between which addresses.
// By the addresses it can be joined to the streams that come later: here nobody knows yet which call the transport is for.
func (o *observedTLS) report(raw net.Conn, role trace.Role, info credentials.AuthInfo, err error) {
	version := ""
	if t, ok := info.(credentials.TLSInfo); ok {
		version = tls.VersionName(t.State.Version)
	}
	o.source.Report(trace.TLSHandshaken, trace.Event{
		Local: raw.LocalAddr().String(), Remote: raw.RemoteAddr().String(), Detail: string(role) + " " + version, Err: err,
	})
}
