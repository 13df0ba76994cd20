package stand

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"gossipscope/comm"
	"gossipscope/comm/common"
	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/internal/lab"
)

// Instance is a real peer without a lab around it: its certificates are there to be looked at, its tracer is the check's own, and its
// dials lead where the check wants.
type Instance struct {
	comm.Comm
	ID    *msp.SigningIdentity
	Certs *common.TLSCertificates

	listener *bufconn.Listener
}

// Instance makes one, with the fixed identity of that name. It has no endpoint; Dial leads to it. dial is where its own dials go, nil
// if it makes none.
func (s *Stand) Instance(name string, conf comm.Config, dial func(context.Context, string) (net.Conn, error)) *Instance {
	s.Helper()
	id, err := lab.FixedIdentity(name)
	if err != nil {
		s.Fatal(err)
	}
	certs, err := msp.NewTLSCertificates(name)
	if err != nil {
		s.Fatal(err)
	}
	crypto, err := msp.New(id, lab.Roots()...)
	if err != nil {
		s.Fatal(err)
	}
	mapper, err := identity.NewIdentityMapper(crypto, id.Serialize(), nil, identity.Config{})
	if err != nil {
		s.Fatal(err)
	}
	p := &Instance{ID: id, Certs: certs, listener: bufconn.Listen(1 << 20)}
	p.Comm, err = comm.NewCommInstanceWithServer(p.listener, certs, mapper, id.Serialize(), conf, grpc.WithContextDialer(dial))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		p.Stop()
		mapper.Stop()
		time.Sleep(time.Minute)
	})
	return p
}

// Dial makes a transport connection to the instance.
func (p *Instance) Dial(ctx context.Context, _ string) (net.Conn, error) {
	return p.listener.DialContext(ctx)
}

// Hole is a network that swallows everything: a transport connection comes about, and nobody reads what is written to it.
func Hole(context.Context, string) (net.Conn, error) {
	near, _ := net.Pipe()
	return near, nil
}
