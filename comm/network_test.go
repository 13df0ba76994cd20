package comm

// network_test.go is what the peers of the tests listen and dial on: pipes in memory, for bubbles, and loopback TCP.

import (
	"context"
	"fmt"
	"net"
	"sync"

	"google.golang.org/grpc"
)

// network is what peers listen and dial on.
type network interface {
	listen(name string) (net.Listener, error)

	// dial connects to an endpoint; from names the peer that dials.
	dial(ctx context.Context, from, endpoint string) (net.Conn, error)
}

func (w *world) listen(name string) net.Listener {
	w.t.Helper()
	lsnr, err := w.net.listen(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return lsnr
}

// blackHole returns the endpoint of somebody who takes no call and refuses none.
func (w *world) blackHole(name string) string {
	lsnr := w.listen(name)
	w.t.Cleanup(func() { lsnr.Close() })
	return lsnr.Addr().String()
}

// alias returns a second endpoint of a peer.
func (w *world) alias(p *testPeer, name string) string {
	n := w.net.(*pipes)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[name+":7051"] = n.listeners[p.endpoint]
	return name + ":7051"
}

// dialOption makes gRPC dial over the network of the world.
func (w *world) dialOption(from string) grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, endpoint string) (net.Conn, error) {
		return w.net.dial(ctx, from, endpoint)
	})
}

type loopback struct{}

func (loopback) listen(string) (net.Listener, error) {
	return net.Listen("tcp", "127.0.0.1:0")
}

func (loopback) dial(ctx context.Context, _, endpoint string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", endpoint)
}

// pipes is a network in memory. An endpoint is "NAME:7051"; the address of a dialling end is "NAME:" and the number of the dial.
type pipes struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener // by endpoint
	dials     int
}

func newPipes() *pipes {
	return &pipes{listeners: make(map[string]*pipeListener)}
}

func (n *pipes) listen(name string) (net.Listener, error) {
	l := &pipeListener{network: n, endpoint: pipeAddr(name + ":7051"), incoming: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[string(l.endpoint)] != nil {
		return nil, fmt.Errorf("the endpoint %s is taken", l.endpoint)
	}
	n.listeners[string(l.endpoint)] = l
	return l, nil
}

// isListening reports whether somebody listens at an endpoint.
func (n *pipes) isListening(endpoint string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.listeners[endpoint] != nil
}

func (n *pipes) dial(ctx context.Context, from, endpoint string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[endpoint]
	n.dials++
	local := pipeAddr(fmt.Sprintf("%s:%d", from, n.dials))
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("nobody listens at %s", endpoint)
	}
	here, there := net.Pipe()
	select {
	case l.incoming <- &pipeConn{Conn: there, local: l.endpoint, remote: local}:
		return &pipeConn{Conn: here, local: local, remote: l.endpoint}, nil
	case <-l.closed:
		return nil, fmt.Errorf("nobody listens at %s any more", endpoint)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pipeAddr is the address of an end of a pipe.
type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// pipeConn is a pipe whose ends have addresses.
type pipeConn struct {
	net.Conn
	local, remote pipeAddr
}

func (c *pipeConn) LocalAddr() net.Addr  { return c.local }
func (c *pipeConn) RemoteAddr() net.Addr { return c.remote }

// pipeListener implements net.Listener.
type pipeListener struct {
	network  *pipes
	endpoint pipeAddr
	incoming chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.incoming:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, string(l.endpoint))
	})
	return nil
}

func (l *pipeListener) Addr() net.Addr { return l.endpoint }
