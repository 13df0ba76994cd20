package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
)

// Network is what peers listen and dial on. There are two, with one shape: loopback TCP, which is what a user sees, and memory, which
// a test in virtual time needs, since a goroutine that waits for a socket is not at rest for testing/synctest. Both carry real mutual
// TLS and real HTTP/2, and what a lesson can do to a link it can do on both. They differ in little: a socket that is closed while
// something that has arrived is unread resets the connection, an end in memory closes it; and what a pump has given to the kernel
// is out of the lab's hands.
type Network interface {
	// listen returns a listener for the peer of this name. Its Addr is the endpoint at which the others dial it. If endpoint is
	// not empty it must be that one, where the peer has lived before.
	listen(name, endpoint string) (net.Listener, error)

	// dial connects a link to an endpoint.
	dial(ctx context.Context, l *Link, endpoint string) error
}

// Loopback returns the network of this machine: TCP on 127.0.0.1, on ports that the system chooses.
func Loopback() Network { return loopback{} }

type loopback struct{}

func (loopback) listen(_, endpoint string) (net.Listener, error) {
	if endpoint == "" {
		endpoint = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", endpoint)
	if err != nil {
		return nil, fmt.Errorf("listening on the loopback interface: %w", err)
	}
	return l, nil
}

func (loopback) dial(ctx context.Context, l *Link, endpoint string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return err
	}
	l.tcp = conn.(*net.TCPConn) // what dialling "tcp" gives
	l.near, l.far = newEnds(l.lab.clock, l.tcp.LocalAddr(), l.tcp.RemoteAddr())
	return nil
}

// bridge begins the two pumps of a link over TCP. They end when the link does: pumpOut when the near end is closed, or the link is
// broken; pumpIn when the socket has nothing more to say, which is at the latest when pumpOut has closed it.
func (l *Link) bridge() {
	in := make(chan struct{})
	l.lab.pumps.Go(func() {
		defer close(in)
		l.pumpIn()
	})
	l.lab.pumps.Go(func() {
		l.pumpOut()
		<-in
		l.lab.retire(l)
	})
}

// pumpOut carries what the dialling end writes to the socket. It is the one who closes it: like the kernel it first sees to it that
// everything written before the Close is on its way.
func (l *Link) pumpOut() {
	defer l.tcp.Close()
	if _, err := io.Copy(l.tcp, l.far); err != nil {
		l.far.in.fail(syscall.EPIPE) // the socket takes nothing any more; or the link was cut, and has an error already
	} else {
		l.tcp.CloseWrite()
	}
	select {
	case <-l.near.gone:
	case <-l.cut:
	}
}

// pumpIn carries what the socket brings to the dialling end: bytes, the end, or the error with which it broke.
func (l *Link) pumpIn() {
	_, err := io.Copy(l.far, l.tcp)
	var errno syscall.Errno
	switch {
	case err == nil:
		l.far.out.end()
	case errors.As(err, &errno):
		l.far.out.fail(errno)
	}
}

// InMemory returns a network without sockets.
func InMemory() Network {
	return &memory{listeners: make(map[string]*memoryListener)}
}

type memory struct {
	mu        sync.Mutex
	listeners map[string]*memoryListener // by endpoint
}

func (m *memory) listen(name, endpoint string) (net.Listener, error) {
	if endpoint == "" {
		endpoint = name + ":7051"
	}
	l := &memoryListener{network: m, endpoint: memoryAddr(endpoint), incoming: make(chan net.Conn), closed: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.listeners[endpoint]; taken {
		return nil, fmt.Errorf("listening on %s: the endpoint is taken", endpoint)
	}
	m.listeners[endpoint] = l
	return l, nil
}

func (m *memory) dial(ctx context.Context, l *Link, endpoint string) error {
	m.mu.Lock()
	listener := m.listeners[endpoint]
	m.mu.Unlock()
	if listener == nil {
		return fmt.Errorf("dial %s: connection refused", endpoint)
	}
	// Like a port, but the same in every run: who dials, whom, the how-manyth time.
	local := memoryAddr(fmt.Sprintf("%s:%s#%d", l.Dialer, hostOf(endpoint), l.number))
	l.near, l.far = newEnds(l.lab.clock, local, listener.endpoint)
	select {
	case listener.incoming <- l.far:
		return nil
	case <-listener.closed:
		return fmt.Errorf("dial %s: connection refused", endpoint)
	case <-ctx.Done():
		return context.Cause(ctx)
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

// memoryAddr is the address of an end in memory. It has the host:port shape of a real one.
type memoryAddr string

// Network implements net.Addr.
func (memoryAddr) Network() string { return "pipe" }

// String implements net.Addr.
func (a memoryAddr) String() string { return string(a) }

// memoryListener implements net.Listener.
type memoryListener struct {
	network  *memory
	endpoint memoryAddr
	incoming chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

// Accept implements net.Listener.
func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.incoming:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *memoryListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, string(l.endpoint))
	})
	return nil
}

// Addr implements net.Listener.
func (l *memoryListener) Addr() net.Addr { return l.endpoint }
