package comm

// What a connection costs: to make it, to have it, and what an acknowledged message or a step that nobody watches leaves behind.

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

const (
	handshakes  = 20    // in a row, before the limit has its turn
	connections = 24    // that are idle at once, so that what one costs stands out from the noise of the heap
	acked       = 1_000 // messages that are to leave nothing behind
)

// Both ends make a connection and let go of it. Beyond TLS, which the limit has too, the layer sends a Ping and exchanges identities with
// real keys. Between those who have met, both remember what they have signed, and what they have verified of each other; strangers sign
// two messages, and judge two certificates and two signatures.
func BenchmarkHandshake(b *testing.B) {
	b.Run("known", func(b *testing.B) {
		w := onLoopback(b)
		initiator, acceptor := w.unwatched("A"), w.unwatched("B")
		benchmarkHandshake(b, w, initiator, acceptor, func() {})
	})
	b.Run("strangers", func(b *testing.B) {
		w := onLoopback(b)
		initiator, forgetA := w.forgetful("A")
		acceptor, forgetB := w.forgetful("B")
		benchmarkHandshake(b, w, initiator, acceptor, func() {
			forgetA()
			forgetB()
		})
	})
}

func benchmarkHandshake(b *testing.B, w *world, initiator, acceptor *testPeer, before func()) {
	server, envelope := w.bare(echo), message(b, "who is there?").Envelope
	inTurns(b, "handshakes/s", func() float64 {
		var took time.Duration
		for range handshakes {
			before()
			began := time.Now()
			if _, err := initiator.Handshake(acceptor.remote()); err != nil {
				b.Fatal(err)
			}
			took += time.Since(began)
		}
		return handshakes / took.Seconds()
	}, func() float64 {
		began := time.Now()
		for range handshakes {
			stream, end := server.open()
			pingPong(b, []proto.Gossip_GossipStreamClient{stream}, envelope)
			end()
		}
		return perSecond(handshakes, began)
	})
}

// What a connection holds while nothing happens on it, both ends together. The limit has a server for each stream, as the layer has
// an instance; these were there before and do not count. Stacks are not part of the heap: the number of goroutines stands for them.
func BenchmarkIdleConnection(b *testing.B) {
	w := onLoopback(b)
	hub := w.nameless("A")
	peers := several(connections, func(name string) *testPeer { return w.nameless(name) })
	servers := several(connections, func(string) *bareServer { return w.bare(echo) })
	var goroutines, bare int

	inTurns(b, "B", func() float64 {
		grown, begun := growth(func() (end func()) {
			for _, p := range peers {
				if _, err := hub.connected(b.Context(), p.remote()); err != nil {
					b.Fatal(err)
				}
			}
			return func() {
				for _, p := range peers {
					hub.CloseConn(p.remote())
				}
			}
		})
		goroutines = begun
		return grown
	}, func() float64 {
		envelope := message(b, "are you there?").Envelope
		grown, begun := growth(func() (end func()) {
			var ends []func()
			for _, s := range servers {
				stream, end := s.open()
				pingPong(b, []proto.Gossip_GossipStreamClient{stream}, envelope)
				ends = append(ends, end)
			}
			return func() {
				for _, end := range ends {
					end()
				}
			}
		})
		bare = begun
		return grown
	})
	b.ReportMetric(float64(goroutines)/connections, "goroutines")
	b.ReportMetric(float64(bare)/connections, "goroutines-bare")
}

// growth returns by how many bytes for each connection the heap grows when all of them are opened, and how many goroutines more there
// are, of all. Then it ends them.
func growth(open func() (end func())) (bytes float64, goroutines int) {
	heapBefore, goroutinesBefore := atRest()
	end := open()
	heapAfter, goroutinesAfter := atRest()
	end()
	atRest() // so that what ends is not taken for what begins next
	return (heapAfter - heapBefore) / connections, goroutinesAfter - goroutinesBefore
}

// atRest waits until goroutines neither begin nor end, and returns what is in use then: bytes of the heap, and goroutines.
func atRest() (heap float64, goroutines int) {
	for unchanged := 0; unchanged < 5; time.Sleep(10 * time.Millisecond) {
		unchanged++
		if n := runtime.NumGoroutine(); n != goroutines {
			goroutines, unchanged = n, 0
		}
	}
	runtime.GC()
	runtime.GC() // what a sync.Pool keeps goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc), goroutines
}

// nameless makes a peer whose identity is nothing but its name. A certificate takes more room than a connection's own fields do, and how
// much is not for the layer to say.
func (w *world) nameless(name string) *testPeer {
	w.t.Helper()
	return w.believer(name, nameOnly{}, api.PeerIdentityType(name))
}

// forgetful makes a peer, and a function that makes it forget all that it has found out about others, and what it has signed.
func (w *world) forgetful(name string) (p *testPeer, forget func()) {
	w.t.Helper()
	id, mcs := issue(w.t, w.org, name), new(service)
	renew := func() {
		fresh, err := msp.New(id, w.org.Root())
		if err != nil {
			w.t.Fatal(err)
		}
		mcs.current.Store(fresh)
	}
	renew()
	p = w.believer(name, mcs, id.Serialize())
	return p, func() {
		renew()
		p.establish.Clear()
	}
}

// service is a MessageCryptoService that can be exchanged for another.
type service struct {
	current atomic.Pointer[msp.CryptoService]
}

func (s *service) GetPKIidOfCert(peerIdentity api.PeerIdentityType) common.PKIidType {
	return s.current.Load().GetPKIidOfCert(peerIdentity)
}

func (s *service) Sign(msg []byte) ([]byte, error) { return s.current.Load().Sign(msg) }

func (s *service) Verify(peerIdentity api.PeerIdentityType, signature, message []byte) error {
	return s.current.Load().Verify(peerIdentity, signature, message)
}

func (s *service) ValidateIdentity(peerIdentity api.PeerIdentityType) error {
	return s.current.Load().ValidateIdentity(peerIdentity)
}

func (s *service) Expiration(peerIdentity api.PeerIdentityType) (time.Time, error) {
	return s.current.Load().Expiration(peerIdentity)
}

// believer makes a peer that nobody watches, with an identity and a cryptography of its own.
func (w *world) believer(name string, mcs api.MessageCryptoService, self api.PeerIdentityType) *testPeer {
	w.t.Helper()
	mapper, err := identity.NewIdentityMapper(mcs, self, nil, identity.Config{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(mapper.Stop)
	lsnr := w.listen(name)
	c, err := NewCommInstanceWithServer(lsnr, newCerts(w.t, name), mapper, self, Config{}, w.dialOption(name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Stop)
	return &testPeer{commImpl: c.(*commImpl), t: w.t, name: name, endpoint: lsnr.Addr().String()}
}

// nameOnly is a MessageCryptoService for those who trust each other: all have one key.
type nameOnly struct{}

func (nameOnly) GetPKIidOfCert(peerIdentity api.PeerIdentityType) common.PKIidType {
	hash := sha256.Sum256(peerIdentity)
	return hash[:]
}

func (nameOnly) Sign(msg []byte) ([]byte, error) {
	mac := hmac.New(sha256.New, []byte("the key"))
	mac.Write(msg)
	return mac.Sum(nil), nil
}

func (n nameOnly) Verify(_ api.PeerIdentityType, signature, message []byte) error {
	if want, _ := n.Sign(message); !hmac.Equal(signature, want) {
		return errors.New("made with another key")
	}
	return nil
}

func (nameOnly) ValidateIdentity(api.PeerIdentityType) error { return nil }

func (nameOnly) Expiration(api.PeerIdentityType) (time.Time, error) { return time.Time{}, nil }

// An acknowledged message leaves no subscription and no timer. Until its timeout, that is: every timeout here is an hour, so that
// nothing goes away by itself.
func BenchmarkAfterAck(b *testing.B) {
	w := onLoopback(b)
	var clock armed
	sender := w.unwatched("A", configured(func(c *Config) {
		c.AfterFunc, c.ConnTimeout, c.WriteTimeout = clock.AfterFunc, time.Hour, time.Hour
	}))
	receiver, msg := w.acknowledging("B"), signed(b, numbered(1, make([]byte, 100)))
	ask := func() {
		if result := sender.SendWithAck(msg, time.Hour, 1, receiver.remote()); result.AckCount() != 1 {
			b.Fatal(result)
		}
	}
	ask() // makes the connection, which has a timer of its own
	atRest()
	subscriptions, timers := sender.pubSub.Len(), clock.Load()
	for b.Loop() {
		for range acked {
			ask()
		}
	}
	atRest() // the writer may still be taking back the timer of its last write
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(sender.pubSub.Len()-subscriptions), "subscriptions-left")
	b.ReportMetric(float64(clock.Load()-timers), "timers-left")
}

// A step that nobody watches must not allocate: its event is passed by value, and goes nowhere.
func BenchmarkUntracedStep(b *testing.B) {
	w := onLoopback(b)
	hub, peer := w.nameless("A"), w.nameless("B")
	conn, err := hub.connected(b.Context(), peer.remote())
	if err != nil {
		b.Fatal(err)
	}
	envelope, number := message(b, "seen by nobody").Envelope, uint64(0)
	step := func() {
		number++
		conn.trace.Gate(trace.ConnWrite, trace.Event{Peer: conn.pkiID, Number: number, Envelope: envelope, Queue: conn.queue()})
		conn.trace.Report(trace.ConnWritten, trace.Event{Peer: conn.pkiID, Number: number, Envelope: envelope, Queue: conn.queue(), Err: err})
	}
	var allocations float64
	for b.Loop() {
		allocations = testing.AllocsPerRun(10_000, step)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(allocations, "allocs-untraced")
}
