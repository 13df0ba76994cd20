package comm

// config_test.go looks at how an instance is set up: the configuration, the limits in it, what the constructors refuse, and a server
// that belongs to somebody else.

import (
	"crypto/tls"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

func TestZeroFieldsOfAConfigTakeTheirDefaults(t *testing.T) {
	got, err := Config{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"DialTimeout", got.DialTimeout, 3 * time.Second},
		{"ConnTimeout", got.ConnTimeout, 2 * time.Second},
		{"WriteTimeout", got.WriteTimeout, 10 * time.Second},
		{"SendBuffSize", got.SendBuffSize, 20},
		{"RecvBuffSize", got.RecvBuffSize, 20},
		{"MaxMessageSize", got.MaxMessageSize, 4 << 20},
		{"MaxPendingStreams", got.MaxPendingStreams, 128},
		{"MaxPendingPerHost", got.MaxPendingPerHost, 32},
		{"InsecureWithoutTLS", got.InsecureWithoutTLS, false},
	} {
		if field.got != field.want {
			t.Errorf("%s is %v by default, want %v", field.name, field.got, field.want)
		}
	}
	if got.Tracer != nil {
		t.Error("somebody looks, whom nobody asked for")
	}
	if got.Logger == nil {
		t.Error("there is no logger, and the layer would have to ask")
	}
	if got.AfterFunc == nil {
		t.Error("there is no clock")
	}
}

func TestFieldsOfAConfigThatAreSetStay(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	timers := 0
	clock := func(d time.Duration, f func()) func() bool { timers++; return util.SystemClock(d, f) }
	got, err := Config{DialTimeout: 1, ConnTimeout: 2, SendBuffSize: 3, RecvBuffSize: 4, MaxMessageSize: 5, MaxPendingStreams: 6,
		MaxPendingPerHost: 7, WriteTimeout: 8, Logger: logger, AfterFunc: clock}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if got.DialTimeout != 1 || got.ConnTimeout != 2 || got.SendBuffSize != 3 || got.RecvBuffSize != 4 || got.MaxMessageSize != 5 ||
		got.MaxPendingStreams != 6 || got.MaxPendingPerHost != 7 || got.WriteTimeout != 8 || got.Logger != logger {
		t.Errorf("got %+v", got)
	}
	got.AfterFunc(time.Hour, func() {})()
	if timers != 1 {
		t.Error("the clock was replaced")
	}
}

func TestNegativeFieldsOfAConfigAreRefusedByName(t *testing.T) {
	for name, conf := range map[string]Config{
		"DialTimeout":       {DialTimeout: -1},
		"ConnTimeout":       {ConnTimeout: -1},
		"WriteTimeout":      {WriteTimeout: -1},
		"SendBuffSize":      {SendBuffSize: -1},
		"RecvBuffSize":      {RecvBuffSize: -1},
		"MaxMessageSize":    {MaxMessageSize: -1},
		"MaxPendingStreams": {MaxPendingStreams: -1},
		"MaxPendingPerHost": {MaxPendingPerHost: -1},
	} {
		_, err := conf.withDefaults()
		mustBe(t, err, ErrConfig)
		if err != nil && !strings.Contains(err.Error(), name+" is negative") {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}

func TestConstructorRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *setup, self *[]byte)
		want   error
	}{
		{"a bad configuration", func(s *setup, _ *[]byte) { s.conf.SendBuffSize = -1 }, ErrConfig},
		{"no TLS by accident", func(s *setup, _ *[]byte) { s.certs = nil }, ErrPlaintext},
		{"an identity that cannot be read", func(_ *setup, self *[]byte) { *self = []byte("nobody") }, ErrNoPKIID},
		{"no identity", func(_ *setup, self *[]byte) { *self = nil }, ErrNoPKIID},
		{"no server certificate", func(s *setup, _ *[]byte) { s.certs.Server = tls.Certificate{} }, ErrConfig},
		{"no client certificate", func(s *setup, _ *[]byte) { s.certs.Client = tls.Certificate{} }, ErrConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				_, s, mapper := w.prepare("A", nil)
				self := []byte(s.id.Serialize())
				c.change(s, &self)
				lsnr := w.listen("A")
				_, err := NewCommInstanceWithServer(lsnr, s.certs, mapper, self, s.conf)
				mustBe(t, err, c.want)
				if err := lsnr.Close(); err != nil {
					t.Error("the listener is not the caller's any more")
				}
			})
		})
	}
}

func TestConstructorRefusesAnIdentityThatItsOwnMapperRefuses(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		_, s, mapper := w.prepare("A", nil)
		stranger := issue(t, newOrg(t, "Org9"), "stranger")
		_, err := NewCommInstance(grpc.NewServer(), s.certs, mapper, stranger.Serialize(), s.conf)
		mustBe(t, err, ErrIdentity)
	})
}

// silent opens streams that say nothing, one transport connection each, until a test has n of them in the handshake.
func silent(b *testPeer, strangers *wirePeer, n int) []*wireStream {
	b.t.Helper()
	var streams []*wireStream
	before := len(b.tr.all(is(trace.AuthRead)))
	for range n {
		streams = append(streams, strangers.dial(b.endpoint).open())
	}
	b.tr.waitFor(before+n, is(trace.AuthRead))
	return streams
}

// mustBeTooMany fails the test unless the stream is refused, at once, for want of room.
func mustBeTooMany(t testing.TB, s *wireStream) {
	t.Helper()
	start := time.Now()
	got := status.Convert(s.end())
	if got.Code() != codes.ResourceExhausted || !strings.HasPrefix(got.Message(), ErrTooManyStreams.Error()) {
		t.Errorf("ended with %v %q, want to hear that there are too many streams", got.Code(), got.Message())
	}
	mustTakeNoTime(t, start)
}

func TestStreamsThatHaveProvenNothingAreBoundedInAll(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.MaxPendingStreams = 3 }))
		for _, host := range []string{"X", "Y", "Z"} {
			silent(b, w.wirePeer(host), 1)
		}
		a := w.wirePeer("A")
		mustBeTooMany(t, a.dial(b.endpoint).open(a.clientHello()))
		mustBe(t, b.tr.wait(is(trace.StreamLimit, failed)).Err, ErrTooManyStreams)
	})
}

func TestInstanceThatMeetsAFullAcceptorIsToldSo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.MaxPendingStreams = 1 }))
		silent(b, w.wirePeer("X"), 1)
		_, err := w.peer("A").Handshake(b.remote())
		mustBeRefusal(t, err, codes.ResourceExhausted, ErrTooManyStreams)
	})
}

func TestStreamsThatHaveProvenNothingAreBoundedForEachHost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.MaxPendingPerHost = 2 }))
		x := w.wirePeer("X")
		silent(b, x, 2)
		mustBeTooMany(t, x.dial(b.endpoint).open(x.clientHello()))
		w.wirePeer("A").join(b.endpoint) // another host has room of its own
	})
}

func TestRoomReturnsWhenTheSilentTimeOut(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.MaxPendingStreams, c.MaxPendingPerHost = 3, 2 }))
		x := w.wirePeer("X")
		streams := append(silent(b, x, 2), silent(b, w.wirePeer("Y"), 1)...)
		for _, s := range streams {
			if err := s.end(); err == nil {
				t.Error("a silent stream ended as if it had done well")
			}
		}
		x.join(b.endpoint)
		synctest.Wait()
		b.pending.Lock()
		defer b.pending.Unlock()
		if b.pending.total != 0 || len(b.pending.byHost) != 0 {
			t.Errorf("still counted: %d in all, by host %v", b.pending.total, b.pending.byHost)
		}
	})
}

func TestStreamsThatHaveAuthenticatedDoNotCount(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.MaxPendingStreams, c.MaxPendingPerHost = 1, 1 }))
		for range 3 {
			w.wirePeer("X").join(b.endpoint) // three peers on one host
			synctest.Wait()                  // the answer may arrive a moment before its sender is taken off the list
		}
		b.mustStore(3)
	})
}

// Contract S24. Calls that have not come as far as a handler cost memory too, and of those the instance cannot count any.
func TestOneTransportHasNoMoreThanSoManyCallsOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p := w.peer("P")
		cc := w.wirePeer("Other").dial(p.endpoint)
		var streams []*wireStream
		for range maxCalls {
			streams = append(streams, cc.open())
		}
		synctest.Wait()
		pinged := async(func() error {
			_, err := cc.Ping(t.Context(), &proto.Empty{})
			return err
		})
		synctest.Wait()
		if len(pinged) != 0 {
			t.Errorf("the Ping beside %d streams was not kept waiting", maxCalls)
		}
		streams[0].cancel()
		if err, _ := await(t, "the answer to the Ping", pinged); err != nil {
			t.Errorf("the Ping that has room was answered with %v", err)
		}
	})
}

func TestFirstMessageThatIsTooLargeIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.MaxMessageSize = 10_000 }))
		a := w.wirePeer("A")
		large := a.clientHello(func(msg *proto.GossipMessage) { msg.Channel = make([]byte, 10_001) })
		err := a.dial(b.endpoint).open(large).end()
		if err == nil {
			t.Error("accepted")
		}
		b.tr.wait(is(trace.AuthReceived, failed))
		if decoded := b.tr.all(is(trace.AuthDecode)); len(decoded) != 0 {
			t.Error("it was read all the same")
		}
		b.mustStore(0)
	})
}

func TestAnswerThatIsTooLargeIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A", configured(func(c *Config) { c.MaxMessageSize = 10_000 }))
		b := w.wirePeer("B").acceptor(likeFabric)
		b.hello = func() *proto.Envelope {
			return b.serverHello(func(msg *proto.GossipMessage) { msg.Channel = make([]byte, 10_001) })
		}
		if _, err := a.Handshake(b.remote()); err == nil {
			t.Error("accepted")
		}
		if decoded := a.tr.all(is(trace.AuthDecode)); len(decoded) != 0 {
			t.Error("it was read all the same")
		}
	})
}

// A stranger who connects and does not even begin TLS costs a socket and a goroutine, before any limit on streams can see him.
func TestTransportThatDoesNotBeginTLSIsClosedAfterTheDialTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b := w.peer("B", configured(func(c *Config) { c.DialTimeout = 1300 * time.Millisecond }))
		conn, err := w.net.dial(t.Context(), "X", b.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		start := time.Now()
		await(t, "the end of the connection", async(func() error { _, err := io.Copy(io.Discard, conn); return err }))
		if elapsed := time.Since(start); elapsed != 1300*time.Millisecond {
			t.Errorf("closed after %v, want exactly the dial timeout", elapsed)
		}
	})
}

// The clock of the configuration is the only one that the layer asks: while it stands still, nothing times out.
func TestNothingTimesOutWhileTheClockStandsStill(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		frozen := func(time.Duration, func()) func() bool { return func() bool { return true } }
		b := w.peer("B", configured(func(c *Config) { c.AfterFunc = frozen }))
		a := w.wirePeer("A")
		s := a.dial(b.endpoint).open()
		time.Sleep(time.Minute)
		if refused := b.tr.all(is(trace.AuthRefuse)); len(refused) != 0 {
			t.Fatalf("gave up: %v", refused[0].Err)
		}
		if err := s.Send(a.clientHello()); err != nil {
			t.Fatal(err)
		}
		s.read()
	})
}

func TestInstanceOnAServerOfItsCallerShakesHandsInBothRoles(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.peer("A")
		b, _ := shared(w, "B", asking(tls.RequestClientCert))
		if _, err := a.Handshake(b.remote()); err != nil {
			t.Error(err)
		}
		if _, err := b.Handshake(a.remote()); err != nil {
			t.Error(err)
		}
		inbox := b.Accept(everything)
		a.Send(message(t, "hello"), b.remote())
		receive(t, inbox)
	})
}

func TestServerOfTheCallerThatAsksForNoCertificateMakesEveryStreamFail(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, _ := shared(w, "B", asking(tls.NoClientCert))
		_, err := w.peer("A").Handshake(b.remote())
		mustBeRefusal(t, err, codes.Unauthenticated, ErrNoTLSCertificate)
	})
}

// Nothing but the instance itself can release a handler on a server that goes on.
func TestStopDoesNotWaitForTheSilentOnAServerOfItsCaller(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, _ := shared(w, "B", asking(tls.RequestClientCert))
		s := silent(b, w.wirePeer("X"), 1)[0]
		synctest.Wait()
		start := time.Now()
		b.Stop()
		got := status.Convert(s.end())
		mustTakeNoTime(t, start)
		if got.Code() != codes.Unavailable || got.Message() != ErrPeerStopped.Error() {
			t.Errorf("the silent stream ended with %v %q", got.Code(), got.Message())
		}
	})
}

func TestStopLeavesTheServerOfTheCallerRunning(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, _ := shared(w, "B", asking(tls.RequestClientCert))
		a := w.wirePeer("A")
		s := a.join(b.endpoint)
		conn := b.tr.wait(is(trace.ConnServe)).Object
		start := time.Now()

		b.Stop()

		mustTakeNoTime(t, start)
		if err := s.end(); err != nil {
			t.Errorf("the stream ended with %v, want a clean end", err)
		}
		b.mustBeGone(conn)
		again := a.dial(b.endpoint)
		if _, err := grpc_health_v1.NewHealthClient(again.cc).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
			t.Errorf("the other service on the server: %v", err)
		}
		if _, err := again.Ping(t.Context(), &proto.Empty{}); status.Code(err) != codes.Unavailable {
			t.Errorf("a Ping of the stopped instance: %v, want it to say that it is unavailable", err)
		}
		got := status.Convert(again.open(a.clientHello()).end())
		if got.Code() != codes.Unavailable || got.Message() != ErrPeerStopped.Error() {
			t.Errorf("a stream to the stopped instance ended with %v %q", got.Code(), got.Message())
		}
		if stored := b.tr.all(is(trace.StoreStored)); len(stored) != 1 {
			t.Error("the stopped instance has stored a connection")
		}
	})
}
