package comm

// comm.go says what the layer can do, and nothing of how: the interface that the rest of a gossip system programs against, the
// values that go in and out of it, the errors that a caller may want to tell apart, and the configuration. The interface is
// implemented in comm_impl.go. A reader who knows this file knows all that discovery, gossip and state transfer in Fabric ever
// see of the network.
//
// Nothing in here begins a goroutine or waits for one.

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// Comm sends messages to peers and receives messages from peers, over connections that it makes, authenticates and closes by
// itself. Every method is safe for concurrent use.
type Comm interface {
	// GetPKIid returns the PKI-ID of this peer. It never changes.
	GetPKIid() common.PKIidType

	// Send queues msg for each of the peers and returns at once. There is no promise that it arrives: it is dropped if the queue
	// is full, if the peer cannot be reached, or if the connection breaks. What does arrive from one goroutine at one peer
	// arrives in order. Who must know whether a message arrived uses SendWithAck.
	Send(msg *proto.SignedGossipMessage, peers ...*RemotePeer)

	// SendWithAck sends the content of msg to the peers and waits until minAck of them have acknowledged it, all have answered,
	// or timeout has passed. minAck is clamped to 0 … number of distinct peers; with 0 it returns when each message is queued or
	// has failed to be. A peer named twice counts once. A result is missing for a peer whose answer was not waited for.
	SendWithAck(msg *proto.SignedGossipMessage, timeout time.Duration, minAck int, peers ...*RemotePeer) AggregatedSendResult

	// Probe returns nil if somebody answers a Ping at the peer's endpoint. It does not look at who that is.
	Probe(peer *RemotePeer) error

	// Handshake authenticates the peer at peer.Endpoint and returns its identity. If peer.PKIID is given, the identity must be
	// the one of that PKI-ID. No connection remains. It is how a peer that knows only an address learns who lives there.
	Handshake(peer *RemotePeer) (api.PeerIdentityType, error)

	// Accept subscribes to the messages for which acceptor returns true. The channel is closed by Stop; after Stop it is closed
	// from the start. A subscriber that does not read holds up the connections that feed it.
	Accept(acceptor common.MessageAcceptor) <-chan proto.ReceivedMessage

	// PresumedDead returns the channel of death notices: the PKI-IDs of peers that could not be dialled, or whose stream broke.
	// All callers share one channel; for each peer at most one notice waits in it.
	PresumedDead() <-chan common.PKIidType

	// CloseConn closes the connection to the peer, if there is one. A later Send makes a new one.
	CloseConn(peer *RemotePeer)

	// Stop ends everything that the instance ever began and returns when nothing of it runs any more. It may be called more
	// than once, by several goroutines; each call returns only when all has ended. It waits for predicates and tracers that are
	// running, so it must not be called from inside one: that would wait for itself. It does not wait for queues: whoever wants
	// them written out calls CloseConn before, and gives it up to Config.ConnTimeout. Nor does it wait for the other ends: a peer that
	// we have dialled sees its stream break, and presumes this one dead; and so does, as a rule, one that has dialled us, because a
	// server of our own takes the transport away before the orderly end of the stream has arrived there.
	Stop()
}

// RemotePeer is where a peer is, and who it is thought to be.
type RemotePeer struct {
	Endpoint string           // host:port
	PKIID    common.PKIidType // nil means: whoever proves an identity at this endpoint
}

// String returns the endpoint and the beginning of the PKI-ID.
func (p *RemotePeer) String() string {
	return fmt.Sprintf("%s, PKI-ID %s", p.Endpoint, shortID(p.PKIID))
}

// SendResult is the outcome of sending to one peer. It is an error value only by its shape: a nil error inside means success,
// and Error then returns the empty string.
type SendResult struct {
	error
	RemotePeer
}

// Error returns what went wrong, or "" if nothing did.
func (sr SendResult) Error() string {
	if sr.error == nil {
		return ""
	}
	return sr.error.Error()
}

// Unwrap returns what went wrong, or nil, for errors.Is.
func (sr SendResult) Unwrap() error { return sr.error }

// AggregatedSendResult is the outcome of sending to several peers, in the order in which the outcomes became known.
type AggregatedSendResult []SendResult

// AckCount returns how many peers acknowledged; of a call with minAck 0, which waits for no acknowledgement, how many messages were
// queued.
func (ar AggregatedSendResult) AckCount() int {
	acks := 0
	for _, r := range ar {
		if r.error == nil {
			acks++
		}
	}
	return acks
}

// NackCount returns how many peers did not: they refused, could not be reached, or did not answer in time. Peers without a result,
// since enough others had acknowledged before, are in neither count.
func (ar AggregatedSendResult) NackCount() int {
	return len(ar) - ar.AckCount()
}

// String returns the counts as JSON, for a log: the successes, and the failures by their text. Failures with the same text are one
// entry with a number, so a thousand peers that timed out are one short line.
func (ar AggregatedSendResult) String() string {
	failures := map[string]int{}
	for _, r := range ar {
		if r.error != nil {
			failures[r.Error()]++
		}
	}
	// Marshalling a map from strings to numbers cannot fail.
	b, _ := json.Marshal(map[string]any{"successes": ar.AckCount(), "failures": failures})
	return string(b)
}

// What a caller may want to tell apart, with errors.Is.
var (
	// ErrStopped means that this instance is stopping or has stopped.
	ErrStopped = errors.New("comm is stopped")

	// ErrPlaintext means that no TLS certificates were given, and that Config.InsecureWithoutTLS was not set either.
	ErrPlaintext = errors.New(
		"no TLS certificates: without TLS a recorded handshake is a password (set Config.InsecureWithoutTLS to accept that)")

	// ErrConfig means that a Config, or a TLS certificate beside it, cannot be used; the message says which.
	ErrConfig = errors.New("bad configuration")

	// ErrSelf means that a peer was asked to talk to itself.
	ErrSelf = errors.New("a peer does not talk to itself")

	// ErrDialTimeout means that nobody answered the Ping of a dial within Config.DialTimeout.
	ErrDialTimeout = errors.New("timed out dialling")

	// ErrAckTimeout means that a peer was sent the message, or was still being dialled, and did not acknowledge in time.
	ErrAckTimeout = errors.New("timed out")

	// ErrClosed means that the connection was closed by CloseConn, before the message could be sent or acknowledged.
	ErrClosed = errors.New("closed by this side")

	// ErrPeerClosed means that the peer has ended the connection, on purpose, before the message could be sent or acknowledged.
	ErrPeerClosed = errors.New("closed by the other side")

	// ErrWriteTimeout means that a connection was closed because its peer took nothing for Config.WriteTimeout.
	ErrWriteTimeout = errors.New("the peer takes nothing any more")

	// ErrRefused means that the other end refused our stream; the error is a *RefusedError with its words.
	ErrRefused = errors.New("refused by the remote peer")
)

// Why a handshake fails, check by check. An acceptor puts the text of these at the beginning of the status with which it ends the
// stream, so the texts are part of what peers say to each other: to change one is to change the protocol. Where a Fabric peer has
// words for the same refusal and they are distinct enough, they are its.
var (
	// ErrPeerStopped means that the acceptor is stopping. It is ErrStopped as told to somebody else: "comm is stopped" would be read
	// as news of the reader's own instance.
	ErrPeerStopped = errors.New("the peer is stopping")

	// ErrTieBreak means that a stream gives way to another between the same two peers. It is no failure: the message, if there is
	// one, goes over the other.
	ErrTieBreak = errors.New("both ends have dialled, and the other stream stays")

	// ErrTooManyStreams means that Config.MaxPendingStreams or MaxPendingPerHost is reached.
	ErrTooManyStreams = errors.New("too many streams that have not authenticated yet")

	// ErrNoTLSCertificate means that the other end showed no certificate in TLS, so that its identity has nothing to be bound to.
	ErrNoTLSCertificate = errors.New("no TLS certificate")

	// ErrHandshakeTimeout means that a stream was not opened, or no ConnEstablish came over it, within Config.ConnTimeout.
	ErrHandshakeTimeout = errors.New("timed out waiting for connection message")

	// ErrStalled means that our own ConnEstablish did not get out within Config.ConnTimeout: flow control held it back.
	ErrStalled = errors.New("timed out sending connection message")

	// ErrNoConnEstablish means that the other end finished the stream in an orderly way, and without a word.
	ErrNoConnEstablish = errors.New("the stream ended before a connection message came")

	// ErrMalformed means that the first message cannot be decoded.
	ErrMalformed = errors.New("failed unmarshalling connection message")

	// ErrWrongType means that the first message is no ConnEstablish; the message names what it is.
	ErrWrongType = errors.New("wrong type")

	// ErrNoPKIID means that a ConnEstablish, or our own identity, has no PKI-ID.
	ErrNoPKIID = errors.New("no PKI-ID")

	// ErrIdentity means that the identity is not valid, or not the one of the PKI-ID that is claimed; what it wraps says which.
	ErrIdentity = errors.New("identity refused")

	// ErrCertHash means that the message is bound to another TLS certificate than TLS has seen: a replay, or a man in the middle.
	ErrCertHash = errors.New("wrong hash of TLS certificate")

	// ErrSignature means that the message was not signed with the key of the identity in it; what it wraps says in which way.
	ErrSignature = errors.New("signature refused")

	// ErrUnexpectedPeer means that somebody has proven who he is, and is not the one who was wanted.
	ErrUnexpectedPeer = errors.New("another peer than expected")
)

// refusals are the errors whose text an acceptor may send. ErrStopped and ErrClosed are not among them: they speak of this side, and
// a status speaks of the other.
var refusals = []error{
	ErrPeerStopped, ErrPeerClosed, ErrTieBreak, ErrTooManyStreams, ErrNoTLSCertificate, ErrHandshakeTimeout, ErrStalled,
	ErrNoConnEstablish, ErrMalformed, ErrWrongType, ErrNoPKIID, ErrIdentity, ErrCertHash, ErrSignature, ErrUnexpectedPeer, ErrSelf,
}

// RefusedError is a refusal as the initiator sees it: the status with which the acceptor ended the stream, or answered the Ping. It is
// matched by errors.Is with ErrRefused and, if the acceptor is of our kind, with the error of the check that refused.
type RefusedError struct {
	Code  codes.Code // codes.Unknown from a Fabric peer
	Words string     // the refuser's own
}

// Error returns the refuser's words.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%v: %s", ErrRefused, e.Words)
}

// Is reports whether target is ErrRefused, or the check whose words the refuser used. It compares beginnings, since what comes behind
// them differs from case to case. It looks among refusals only: words from outside must not pass for news of this instance, such as
// ErrStopped; and "timed out", the text of ErrAckTimeout, is how one of the refusals begins.
func (e *RefusedError) Is(target error) bool {
	return target == ErrRefused || slices.Contains(refusals, target) && strings.HasPrefix(e.Words, target.Error())
}

// Config is how an instance is set up. The zero value is usable: every field that is zero takes its default. It is copied by the
// constructor, and only read afterwards.
type Config struct {
	// DialTimeout bounds a dial: the TCP connection, TLS and the answer to one Ping. On a server of our own it also bounds how long
	// somebody who dials us may take over TLS. Default 3 s.
	DialTimeout time.Duration

	// ConnTimeout bounds a handshake, from opening the stream to knowing who is there. A dial takes at most DialTimeout plus ConnTimeout;
	// to this comes what it waits for another dial to the same endpoint, or for the peer's own stream (tiebreak.go). The same span
	// bounds how long a closing connection may linger to drain, how long Respond and Ack wait for room, and how long a connection
	// counts as young when two peers have dialled each other. Default 2 s.
	ConnTimeout time.Duration

	// WriteTimeout bounds how long one message may wait for the peer to take it, once the send queue has given it to the stream. A
	// peer whose subscribers are slow makes others wait, and that is wanted; one that takes nothing for so long is broken, and its
	// connection is closed. Default 10 s.
	WriteTimeout time.Duration

	// SendBuffSize is the capacity of the send queue of a connection, in messages. A longer queue loses fewer messages of a burst
	// and holds more memory for each peer that has stopped reading. Default 20.
	SendBuffSize int

	// RecvBuffSize is the capacity of the receive queue of a connection, in messages. Default 20.
	RecvBuffSize int

	// MaxMessageSize is the largest message that is received, in bytes. It also bounds what a stream may send before it has
	// proven anything. On a server of the caller's (NewCommInstance), grpc.MaxRecvMsgSize does this for inbound streams. Default
	// 4 MiB, gRPC's own.
	MaxMessageSize int

	// MaxPendingStreams bounds how many inbound streams may be in the handshake at once, and MaxPendingPerHost how many of them
	// from one host, so that strangers cannot hold unlimited goroutines and signature checks. Defaults 128 and 32.
	MaxPendingStreams int
	MaxPendingPerHost int

	// InsecureWithoutTLS lets the layer run over plain TCP when no TLS certificates are given. Whoever records a handshake can
	// then replay it for ever (S17 in the bug history): for experiments only.
	InsecureWithoutTLS bool

	// Tracer sees every step of the layer; nil means that nobody looks.
	Tracer trace.Tracer

	// Logger gets what an operator should know; nil means that nobody does.
	Logger *slog.Logger

	// AfterFunc is the clock of every timeout in the layer, but for the one over TLS on the server's side, which is gRPC's. Default
	// util.SystemClock; the explorer brings a clock that can stand still while a reader looks.
	AfterFunc util.AfterFunc
}

// withDefaults returns the configuration with every zero field filled in, or an error that names each field without meaning. Tracer
// stays nil if it is: a trace.Source tells nobody at the price of one comparison.
func (conf Config) withDefaults() (Config, error) {
	err := errors.Join(
		fill("DialTimeout", &conf.DialTimeout, 3*time.Second),
		fill("ConnTimeout", &conf.ConnTimeout, 2*time.Second),
		fill("WriteTimeout", &conf.WriteTimeout, 10*time.Second),
		fill("SendBuffSize", &conf.SendBuffSize, 20),
		fill("RecvBuffSize", &conf.RecvBuffSize, 20),
		fill("MaxMessageSize", &conf.MaxMessageSize, 4<<20),
		fill("MaxPendingStreams", &conf.MaxPendingStreams, 128),
		fill("MaxPendingPerHost", &conf.MaxPendingPerHost, 32),
	)
	if conf.Logger == nil {
		conf.Logger = slog.New(slog.DiscardHandler)
	}
	if conf.AfterFunc == nil {
		conf.AfterFunc = util.SystemClock
	}
	return conf, err
}

// fill gives a field that is zero its default, and refuses a negative one.
func fill[T int | time.Duration](name string, field *T, initial T) error {
	if *field < 0 {
		return fmt.Errorf("%w: %s is negative", ErrConfig, name)
	}
	if *field == 0 {
		*field = initial
	}
	return nil
}

// shortID abbreviates a PKI-ID to what a person compares at a glance.
func shortID(id common.PKIidType) string {
	if len(id) == 0 {
		return "unknown"
	}
	s := id.String()
	return s[:min(8, len(s))]
}
