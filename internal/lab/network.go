package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"gossipscope/internal/timeline"
)

// Network is what peers listen and dial on. There are two, with one shape: loopback TCP, which is what a user sees, and pipes in
// memory, which a test in virtual time needs, since a goroutine that waits for a socket is not at rest for testing/synctest. Both
// carry real mutual TLS and real HTTP/2. They differ in what a pipe lacks: it has no buffer and cannot be half-closed.
type Network interface {
	// listen returns a listener for the peer of this name. Its Addr is the endpoint at which the others dial it.
	listen(name string) (net.Listener, error)

	// dial connects to an endpoint. from names the peer that dials, and number says how often it has dialled there.
	dial(ctx context.Context, from, endpoint string, number int) (net.Conn, error)
}

// Loopback returns the network of this machine: TCP on 127.0.0.1, on ports that the system chooses.
func Loopback() Network { return loopback{} }

type loopback struct{}

func (loopback) listen(string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening on the loopback interface: %w", err)
	}
	return l, nil
}

func (loopback) dial(ctx context.Context, _, endpoint string, _ int) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", endpoint)
}

// InMemory returns a network of pipes.
func InMemory() Network {
	return &memory{listeners: make(map[string]*pipeListener)}
}

type memory struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener // by endpoint
}

func (m *memory) listen(name string) (net.Listener, error) {
	l := &pipeListener{network: m, endpoint: memoryAddr(name + ":7051"), incoming: make(chan net.Conn), closed: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.listeners[string(l.endpoint)]; taken {
		return nil, fmt.Errorf("listening on %s: the endpoint is taken", l.endpoint)
	}
	m.listeners[string(l.endpoint)] = l
	return l, nil
}

func (m *memory) dial(ctx context.Context, from, endpoint string, number int) (net.Conn, error) {
	m.mu.Lock()
	l := m.listeners[endpoint]
	m.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %s: connection refused", endpoint)
	}
	here, there := net.Pipe()
	// Like a port, but the same in every run: who dials, whom, the how-manyth time.
	local := memoryAddr(fmt.Sprintf("%s:%s#%d", from, hostOf(endpoint), number))
	select {
	case l.incoming <- &pipeConn{Conn: there, local: l.endpoint, remote: local}:
		return &pipeConn{Conn: here, local: local, remote: l.endpoint}, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial %s: connection refused", endpoint)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// hostOf returns what stands before the port.
func hostOf(endpoint string) string {
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return endpoint
	}
	return host
}

// memoryAddr is the address of an end of a pipe. It has the host:port shape of a real one.
type memoryAddr string

// Network implements net.Addr.
func (memoryAddr) Network() string { return "pipe" }

// String implements net.Addr.
func (a memoryAddr) String() string { return string(a) }

// pipeConn is a pipe whose ends have addresses.
type pipeConn struct {
	net.Conn
	local, remote memoryAddr
}

// LocalAddr implements net.Conn.
func (c *pipeConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *pipeConn) RemoteAddr() net.Addr { return c.remote }

// pipeListener implements net.Listener.
type pipeListener struct {
	network  *memory
	endpoint memoryAddr
	incoming chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.incoming:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, string(l.endpoint))
	})
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return l.endpoint }

// link is the dialling end of a transport connection, watched: it counts the bytes, and tells the lab when it opens and when it
// ends. What it does to a conn it does beside the goroutine's way, never in it: whoever is held inside Write holds up others that
// wait for the mutex of TLS.
type link struct {
	net.Conn
	lab      *Lab
	name     string
	sent     atomic.Uint64
	received atomic.Uint64
	once     sync.Once
}

// newLink begins to watch conn.
func newLink(lb *Lab, name string, conn net.Conn) *link {
	l := &link{Conn: conn, lab: lb, name: name}
	l.tell("open", "")
	return l
}

// Read implements net.Conn.
func (l *link) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.received.Add(uint64(n))
	if err == io.EOF {
		l.over("closed by the end that was dialled")
	}
	return n, err
}

// Write implements net.Conn.
func (l *link) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.sent.Add(uint64(n))
	return n, err
}

// Close implements net.Conn.
func (l *link) Close() error {
	l.over("closed by the end that dialled")
	return l.Conn.Close()
}

func (l *link) over(reason string) {
	l.once.Do(func() { l.tell("close", reason) })
}

func (l *link) tell(change, reason string) {
	l.lab.record(timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{
		Name: l.name, Change: change, Dialer: l.LocalAddr().String(), Listener: l.RemoteAddr().String(),
		Sent: l.sent.Load(), Received: l.received.Load(), Reason: reason,
	}})
}
