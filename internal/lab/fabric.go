package lab

// fabric.go is a guest that answers streams in the way of a Fabric peer. The layer has to get along with those, and one thing about them
// no two instances of the layer can show each other: a Fabric acceptor says who it is before it knows who calls. So that a lesson can
// show what comes of it, somebody has to do so; this one speaks the wire protocol by hand, with nothing of the layer.

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"gossipscope/comm"
	"gossipscope/comm/api"
	"gossipscope/comm/common"
	"gossipscope/comm/msp"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// FabricAcceptor is somebody honest who accepts streams as a Fabric peer from v2.1 on does. It sends its own ConnEstablish at once, and
// then reads that of the other end. A refusal, the end of a probe, and whatever else there is to say comes after that. It never dials,
// takes no steps that could be held, and throws away what it is sent.
//
// Whether it is content with whoever calls is settled when it is made: what such a peer checks is what this layer checks too, and only
// the order of checking and answering is what it is here to show.
type FabricAcceptor struct {
	proto.UnimplementedGossipServer
	Name     string
	Endpoint string

	identity *msp.SigningIdentity
	hello    *proto.Envelope // its ConnEstablish
	refusal  string          // the words with which it refuses everybody; "" if it accepts everybody
	server   *grpc.Server
	serving  sync.WaitGroup
}

// NewFabricAcceptor makes a Fabric acceptor under one of the names that have fixed identities (A to P). refusal is with which words it
// refuses, after it has answered; "" makes it accept.
func (lb *Lab) NewFabricAcceptor(name, refusal string) (*FabricAcceptor, error) {
	identity, err := FixedIdentity(name)
	if err != nil {
		return nil, err
	}
	certs, err := msp.NewTLSCertificates(name)
	if err != nil {
		return nil, err
	}
	serverHash, clientHash := certHash(certs.Server.Certificate[0]), certHash(certs.Client.Certificate[0])
	f := &FabricAcceptor{Name: name, identity: identity, refusal: refusal}
	f.hello, err = Claim(&proto.ConnEstablish{PkiId: identity.PKIID(), Identity: identity.Serialize(), TlsCertHash: serverHash}, identity)
	if err != nil {
		return nil, err
	}
	listener, err := lb.network.listen(name, "")
	if err != nil {
		return nil, err
	}
	f.Endpoint = listener.Addr().String()
	lb.settled(name, f.Endpoint, nil)
	f.serve(listener, certs)
	err = lb.admit(f, &timeline.Birth{Name: name, Organisation: identity.MSPID(), PKIID: identity.PKIID(), Endpoint: f.Endpoint,
		ServerCertHash: serverHash, ClientCertHash: clientHash})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// serve begins to answer. WaitForHandlers makes the Stop of close wait for the streams too.
func (f *FabricAcceptor) serve(listener net.Listener, certs *common.TLSCertificates) {
	f.server = grpc.NewServer(grpc.WaitForHandlers(true), grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{certs.Server}, ClientAuth: tls.RequestClientCert,
	})))
	proto.RegisterGossipServer(f.server, f)
	f.serving.Go(func() { f.server.Serve(listener) }) // which fails when it is stopped, and for no other reason
}

// Remote returns the acceptor as the peers see it.
func (f *FabricAcceptor) Remote() *comm.RemotePeer {
	return &comm.RemotePeer{Endpoint: f.Endpoint, PKIID: f.identity.PKIID()}
}

// Identity returns the identity that it shows.
func (f *FabricAcceptor) Identity() api.PeerIdentityType { return f.identity.Serialize() }

// Ping implements the gRPC service.
func (f *FabricAcceptor) Ping(context.Context, *proto.Empty) (*proto.Empty, error) {
	return &proto.Empty{}, nil
}

// GossipStream implements the gRPC service: it answers, reads, and only then decides.
func (f *FabricAcceptor) GossipStream(stream proto.Gossip_GossipStreamServer) error {
	if err := stream.Send(f.hello); err != nil {
		return err
	}
	envelope, err := stream.Recv()
	if err != nil {
		return err
	}
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		return err
	}
	if f.refusal != "" {
		return status.Error(codes.Unknown, f.refusal) // Fabric's handler returns a plain error, and gRPC makes this of it
	}
	for !msg.GetConn().GetProbe() {
		if _, err := stream.Recv(); err != nil {
			return nil // the other end has finished, or is gone
		}
	}
	return nil
}

// close implements what a lab asks of its guests.
func (f *FabricAcceptor) close() {
	f.server.Stop()
	f.serving.Wait()
}
