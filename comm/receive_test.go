package comm

// Tests of the way in, when it comes to an end: what was received is delivered, or it is counted and told as lost; and a stream that
// another one has replaced, or whose peer has finished its half, is still brought to its end.

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/proto"
)

// incoming is a connection of an instance under test, and the hands of a test on its other end.
type incoming struct {
	p         *testPeer
	conn      *connection
	write     func(text string) // sends a message to p
	finish    func()            // ends the stream in good order
	tearApart func()            // ends the connection without a word
	again     func()            // opens another stream to p, as a peer that knows nothing of the first
	other     *RemotePeer       // whoever is at the other end
}

// accepted is a connection that the instance under test was dialled for.
func accepted(w *world, options ...func(*setup)) *incoming {
	w.t.Helper()
	p, other := w.peer("P", options...), w.wirePeer("Other")
	s := other.join(p.endpoint)
	remote := &RemotePeer{PKIID: other.pkiID()}
	return &incoming{
		p: p, conn: p.connTo(remote), other: remote,
		write: s.write, finish: func() { s.finish() }, tearApart: s.cancel, again: func() { other.join(p.endpoint) },
	}
}

// dialled is a connection that the instance under test has dialled.
func dialled(w *world, options ...func(*setup)) *incoming {
	w.t.Helper()
	streams, finish := make(chan *wireStream, 1), make(chan struct{})
	p := w.peer("P", options...)
	other := w.wirePeer("Other").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
		return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
			streams <- &wireStream{stream: stream, t: w.t}
			taken := async(func() error { return b.takeAll(stream) })
			select {
			case <-finish:
				return true, nil
			case err := <-taken:
				return true, err
			}
		})
	})
	sendTexts(p, other.remote(), "hello")
	s, _ := await(w.t, "a stream", streams)
	synctest.Wait()
	return &incoming{
		p: p, conn: p.connTo(other.remote()), other: other.remote(),
		write: s.write, finish: func() { close(finish) }, tearApart: other.server.Stop,
	}
}

// writeAll sends this many messages, one after the other, each as far as it will go.
func (in *incoming) writeAll(n int) {
	in.p.t.Helper()
	for _, text := range numbers(n) {
		in.write(text)
		synctest.Wait()
	}
}

// textsNow takes what there is for a subscriber, until he would have to wait.
func textsNow(t testing.TB, inbox <-chan proto.ReceivedMessage) (texts []string) {
	t.Helper()
	for {
		synctest.Wait()
		select {
		case msg, open := <-inbox:
			if !open {
				return texts
			}
			texts = append(texts, textOf(msg.GetGossipMessage().GossipMessage))
		default:
			return texts
		}
	}
}

// mustAccountForAll waits for the end of the connection and holds what became of its messages against what was received: each is with the
// subscriber, or it was counted and told as lost. lost says how many were lost, by queue.
func (in *incoming) mustAccountForAll(inbox <-chan proto.ReceivedMessage, lost map[string]int) {
	in.p.t.Helper()
	object := in.conn.trace.Object()
	in.p.mustBeGone(object)
	went := textsNow(in.p.t, inbox)
	var came []string
	for _, e := range in.p.tr.all(is(trace.ConnReceived, of(object))) {
		if e.Err == nil && e.Envelope != nil {
			came = append(came, textOf(decode(in.p.t, e.Envelope)))
		}
	}
	told := map[string]int{}
	drops := in.p.tr.all(is(trace.ConnDrop, of(object)))
	for _, e := range drops {
		went = append(went, textOf(decode(in.p.t, e.Envelope)))
		told[e.Queue.Name]++
		if e.Err == nil {
			in.p.t.Errorf("message %q was lost for no reason", went[len(went)-1])
		}
	}
	slices.Sort(came)
	slices.Sort(went)
	if diff := cmp.Diff(came, went); diff != "" {
		in.p.t.Errorf("what was received, and what was handed over or lost, differ (-received +handed over or lost):\n%s", diff)
	}
	if diff := cmp.Diff(lost, told); diff != "" {
		in.p.t.Errorf("messages lost, by queue, differ (-want +got):\n%s", diff)
	}
	if got := in.conn.dropped.Load(); int(got) != len(drops) {
		in.p.t.Errorf("%d messages counted as lost and %d told", got, len(drops))
	}
}

// Contract S15, on the way in. Of what a subscriber does not read 10 messages are in his channel, 11 in front of it, and one waits for
// them; 20 are in the receive queue and one is in the reader's hand. With one less the reader is free to notice the end.
func TestEveryMessageThatASubscriberLeavesBehindIsCountedAndTold(t *testing.T) {
	const readerIsBusy, readerIsFree = 43, 42
	for _, test := range []struct {
		name  string
		setup func(*world, ...func(*setup)) *incoming
		n     int
		end   func(in *incoming)
		takes time.Duration
		lost  int // of those in front of the subscriber
	}{
		{"CloseConn of a stream that came in", accepted, readerIsBusy, func(in *incoming) { in.p.CloseConn(in.other) }, 0, 1},
		{"CloseConn of our own stream, which lingers", dialled, readerIsBusy, func(in *incoming) { in.p.CloseConn(in.other) }, 2 * time.Second, 1},
		{"a stream that came in breaks", accepted, readerIsFree, func(in *incoming) { in.tearApart() }, 0, 1},
		{"our own stream breaks", dialled, readerIsFree, func(in *incoming) { in.tearApart() }, 0, 1},
		{"Stop beside a stream that came in", accepted, readerIsBusy, func(in *incoming) { in.p.Stop() }, 0, 12},
		{"Stop beside our own stream", dialled, readerIsBusy, func(in *incoming) { in.p.Stop() }, 0, 12},
		{"Stop when the peer has finished already", accepted, readerIsFree, func(in *incoming) { in.finish(); synctest.Wait(); in.p.Stop() }, 0, 12},
		{"Stop when the peer has finished our own stream already", dialled, readerIsFree, func(in *incoming) { in.finish(); synctest.Wait(); in.p.Stop() }, 0, 12},
		{"a newer stream of the same peer", accepted, readerIsBusy, func(in *incoming) { in.again() }, 2 * time.Second, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				in := test.setup(w)
				inbox := in.p.Accept(everything)
				in.writeAll(test.n)
				start := time.Now()
				test.end(in)
				in.p.tr.wait(is(trace.ConnServeEnd, of(in.conn.trace.Object())))
				if got := time.Since(start); got != test.takes {
					t.Errorf("the connection was given up after %v, want %v", got, test.takes)
				}
				in.mustAccountForAll(inbox, map[string]int{"subscription": test.lost, "msgChan": test.n - 22})
			})
		})
	}
}

// The other end of a stream may finish while its messages still wait for a slow subscriber. The service notices the end only behind them.
func TestBacklogIsHandledBeforeACleanEndIsNoticed(t *testing.T) {
	const many = 42 // all that there is room for, so that the reader sees the end
	for name, setup := range map[string]func(*world, ...func(*setup)) *incoming{"of a stream that came in": accepted, "of our own stream": dialled} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				in := setup(w)
				inbox := in.p.Accept(everything)
				in.writeAll(many)

				in.finish()
				in.p.tr.wait(is(trace.ConnReaderEnd, of(in.conn.trace.Object())))

				if diff := cmp.Diff(numbers(many), textsNow(t, inbox)); diff != "" {
					t.Errorf("messages differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Whoever closes a connection wants no more of that peer: not what is queued, and not what the service has in hand.
func TestMessageThatTheServiceHasInHandAtTheEndIsLostAndNotHandled(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(*world, ...func(*setup)) *incoming
		end   func(in *incoming)
	}{
		{"CloseConn of a stream that came in", accepted, func(in *incoming) { in.p.CloseConn(in.other) }},
		{"CloseConn of our own stream, which lingers", dialled, func(in *incoming) { in.p.CloseConn(in.other) }},
		{"Stop", accepted, func(in *incoming) { stopBeside(in.p) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				in := test.setup(w)
				inbox := in.p.Accept(everything)
				service := in.p.tr.hold(is(trace.ConnHandle))
				in.writeAll(22) // one in the hand of the service, 20 in the queue, one in the reader's hand
				service.reached()

				test.end(in)
				service.release()

				in.mustAccountForAll(inbox, map[string]int{"msgChan": 22})
			})
		})
	}
}

// lateStream is an inbound stream whose Recv returns a message when the test says so, even if nobody wants it any more.
type lateStream struct {
	proto.Gossip_GossipStreamServer
	incoming chan *proto.Envelope
}

func (s *lateStream) Context() context.Context { return context.Background() }

func (s *lateStream) Recv() (*proto.Envelope, error) {
	envelope, open := <-s.incoming
	if !open {
		return nil, io.EOF
	}
	return envelope, nil
}

// The reader may come round with a message when the service has already gone, and find room in the queue that nobody looks at any more.
func TestMessageThatTheReaderBringsWhenTheServiceHasGoneIsCountedAndTold(t *testing.T) {
	for range 20 { // the reader has the choice between room and the end, and takes either by chance
		inBubble(t, func(t *testing.T, w *world) {
			b := w.peer("B")
			stream := &lateStream{incoming: make(chan *proto.Envelope)}
			conn := b.newInbound(stream)
			served := finished(func() { conn.serviceConnection() })
			synctest.Wait()
			conn.close(ErrClosed)
			await(t, "the service to end", served)
			stream.incoming <- message(t, "late").Envelope
			close(stream.incoming)
			(&incoming{p: b, conn: conn}).mustAccountForAll(nil, map[string]int{"msgChan": 1})
		})
	}
}

// CloseConn promises that what was queued goes out. A message to the same peer right afterwards opens another stream, and that one must
// not cut off what is still on its way over the first.
func TestNextStreamCutsNothingOffThatIsOnItsWayOverTheOneBefore(t *testing.T) {
	for name, number := range map[string]uint64{"the first message": 2, "a message in the middle": 3, "the end": 5} {
		t.Run("the reader is about to read "+name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a, b := w.peer("A"), w.peer("B")
				inbox := b.Accept(everything)
				start := time.Now()
				reader := b.tr.hold(is(trace.ConnRead, func(e trace.Event) bool { return e.Object.ID == 1 && e.Number == number }))
				sendTexts(a, b.remote(), "1", "2", "3")
				reader.reached()
				a.tr.waitFor(3, is(trace.ConnWritten)) // or what is closed may be a dial
				a.CloseConn(b.remote())
				sendTexts(a, b.remote(), "4")
				first := b.tr.wait(is(trace.StoreReplaced)).Subject
				synctest.Wait()
				reader.release()

				if diff := cmp.Diff([]string{"1", "2", "3", "4"}, receiveTexts(t, inbox, 4)); diff != "" {
					t.Errorf("messages differ (-want +got):\n%s", diff)
				}
				b.mustBeGone(first)
				a.tr.wait(is(trace.ConnServeEnd))
				mustTakeNoTime(t, start)
				b.mustStore(1)
				for _, p := range []*testPeer{a, b} {
					if lost := p.tr.all(is(trace.ConnDrop)); len(lost) != 0 {
						t.Errorf("%s lost %v", p.name, lost)
					}
					if ends := p.tr.all(is(trace.ConnServeEnd, failed)); len(ends) != 0 {
						t.Errorf("at %s a connection ended with %v, want clean ends", p.name, ends[0].Err)
					}
					if got := p.noticesNow(); len(got) != 0 {
						t.Errorf("%s presumes %v dead", p.name, got)
					}
				}
			})
		})
	}
}

// A peer that has restarted knows nothing of its old stream, and will never end it.
func TestReplacedStreamIsReadForAConnectionTimeoutAtMost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, a := w.peer("B"), w.wirePeer("A")
		inbox := b.Accept(everything)
		first := a.join(b.endpoint)
		old := b.tr.wait(is(trace.ConnServe)).Object
		start := time.Now()
		a.join(b.endpoint)
		b.tr.wait(is(trace.StoreReplaced))

		time.Sleep(2*time.Second - time.Millisecond)
		first.write("just in time")
		if got := receiveTexts(t, inbox, 1)[0]; got != "just in time" {
			t.Errorf("got %q", got)
		}
		if err := first.end(); err != nil {
			t.Errorf("the old stream ended with %v, want a clean end", err)
		}
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("the old stream ended after %v, want 2s", got)
		}
		b.mustBeGone(old)
		b.mustStore(1)
	})
}

// When an initiator has finished its half, an acceptor can still send, and does: only its own end is the end of both halves.
func TestAcceptorStillWritesWhatIsQueuedForAPeerThatHasFinished(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, a := w.peer("B"), w.wirePeer("A")
		s := a.join(b.endpoint)
		conn := b.tr.wait(is(trace.ConnServe)).Object
		writer := b.tr.hold(is(trace.ConnWrite))
		sendTexts(b, &RemotePeer{PKIID: a.pkiID()}, numbers(5)...)
		writer.reached()
		start := time.Now()
		s.finish()
		b.tr.wait(is(trace.ConnClose))
		b.mustStore(0)
		writer.release()

		var got []string
		for range 5 {
			got = append(got, textOf(s.read()))
		}
		if diff := cmp.Diff(numbers(5), got); diff != "" {
			t.Errorf("messages differ (-want +got):\n%s", diff)
		}
		if err := s.end(); err != nil {
			t.Errorf("the stream ended with %v, want a clean end", err)
		}
		mustTakeNoTime(t, start)
		b.mustBeGone(conn)
		if lost := b.tr.all(is(trace.ConnDrop)); len(lost) != 0 {
			t.Errorf("lost %v", lost)
		}
		if got := b.noticesNow(); len(got) != 0 {
			t.Errorf("B presumes %v dead", got)
		}
	})
}

// A peer that has finished its half, and takes nothing either, is given a connection timeout, and what is queued for it is lost and told.
func TestPeerThatHasFinishedAndTakesNothingIsGivenUpAfterAConnectionTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		b, a := w.peer("B"), w.wirePeer("A")
		s := a.join(b.endpoint)
		to := &RemotePeer{PKIID: a.pkiID()}
		sent := clog(b, to, 5)
		conn := b.connTo(to)
		start := time.Now()
		s.finish()
		b.tr.wait(is(trace.ConnServeEnd))
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("given up after %v, want 2s", got)
		}
		b.mustBeGone(conn.trace.Object())
		mustAccountForSent(b, conn, sent, func(e trace.Event) bool { return errors.Is(e.Err, ErrPeerClosed) })
		if got := b.noticesNow(); len(got) != 0 {
			t.Errorf("B presumes %v dead", got)
		}
	})
}

// Upstream went on with a message that was none, and any authenticated peer could crash it (H3).
func TestUndecodableEnvelopeIsOneErrorAndNoMessage(t *testing.T) {
	for name, connect := range map[string]func(w *world) (*testPeer, *wirePeer, *wireStream){
		"from a peer that has dialled us": func(w *world) (*testPeer, *wirePeer, *wireStream) {
			p, other := w.peer("P"), w.wirePeer("Other")
			return p, other, other.join(p.endpoint)
		},
		"from a peer that we have dialled": func(w *world) (*testPeer, *wirePeer, *wireStream) {
			streams := make(chan *wireStream, 1)
			p := w.peer("P")
			other := w.wirePeer("Other").acceptor(func(b *wireAcceptor, stream proto.Gossip_GossipStreamServer) error {
				return b.fabric(stream, func(*proto.ConnEstablish) (bool, error) {
					streams <- &wireStream{stream: stream, t: w.t}
					return false, nil
				})
			})
			sendTexts(p, other.remote(), "hello")
			s, _ := await(w.t, "a stream", streams)
			return p, other.wirePeer, s
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				p, other, s := connect(w)
				inbox := p.Accept(everything)
				conn := p.tr.wait(is(trace.ConnServe)).Object
				third := func(e trace.Event) bool { return e.Number == 3 }
				reader := p.tr.hold(is(trace.ConnRead, third)) // so that all is on its way before anything is found wrong
				s.write("good")
				reader.reached()
				for _, envelope := range []*proto.Envelope{{Payload: []byte{0xff, 0xff}}, message(t, "after it").Envelope} {
					if err := s.Send(envelope); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				reader.release()
				p.mustBeGone(conn)
				if diff := cmp.Diff([]string{"good"}, textsNow(t, inbox)); diff != "" {
					t.Errorf("what the subscriber got differs (-want +got):\n%s", diff)
				}
				if ends := p.tr.all(is(trace.ConnClose, failed)); len(ends) != 1 {
					t.Errorf("%d connections broke, want 1", len(ends))
				}
				if diff := cmp.Diff([]common.PKIidType{other.pkiID()}, p.noticesNow()); diff != "" {
					t.Errorf("death notices differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}
