package comm

// comm_impl.go is where the parts become a layer: it dials, it accepts, it finds out who is at the other end, and it stops.
//
// Read it in the order in which a first message travels. Send asks the store (conn.go) for a connection; the store has one made by
// createConnection: connect, openStream, authenticateRemotePeer. At the other end gRPC calls Ping and GossipStream, and there the
// mirror image runs: authenticateRemotePeer, then the store, then the answer. From then on the connection lives by itself.
//
// The handshake is one message each way, a ConnEstablish: who I am, signed, and the hash of the certificate that I show in TLS. Our
// acceptor reads first and answers last, so that its answer means "accepted"; a refusal is the status with which it ends the stream.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
	"gossipscope/comm/identity"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/proto"
)

// maxIdentity is the size of the largest identity that is looked at, in bytes. A Fabric peer's has about 1 KB.
const maxIdentity = 64 << 10

// maxCalls is how many calls one connection to our server may have open at once. A peer of ours needs two, a Ping and then a stream; the
// rest is room for those who do it otherwise.
const maxCalls = 16

// errProbe is how acceptPeer says that all is well and nothing remains to be done: the initiator only wanted to know who we are.
var errProbe = errors.New("probe")

// commImpl is the one implementation of Comm. Its gRPC half, Ping and GossipStream, is what the remote peers call.
//
// All of it is written by the constructor and only read afterwards, except where a field says otherwise. The names are those that a
// reader of Fabric looks for; where a better type took the place of an old one, the comment says which.
type commImpl struct {
	proto.UnimplementedGossipServer // what gRPC asks of a service, so that a method more in the .proto does not break the build

	// Who we are, to the others.
	PKIID              []byte               // our name: computed from peerIdentity, never chosen
	peerIdentity       api.PeerIdentityType // as it travels in ConnEstablish
	selfCertHash       []byte               // hash of the TLS certificate that we show when we accept; nil without TLS
	selfClientCertHash []byte               // hash of the one that we show when we dial (one certificate served both until FAB-7491)
	establish          sync.Map             // connEstablishKey → *proto.SignedGossipMessage: what we have signed of these

	// Who the others are. The mapper knows identities by PKI-ID; it validates, signs and verifies. It is the caller's: Stop leaves it.
	idMapper identity.Mapper

	// How we dial.
	opts           []grpc.DialOption      // for every dial, beside what secures it
	secureDialOpts api.PeerSecureDialOpts // what secures a dial: TLS, or the absence of it

	// Where we listen. Upstream has taken these three out in v1.4.1, since a Fabric peer shares one server among all its services
	// (NewCommInstance); they are kept for an instance that stands alone.
	lsnr net.Listener // nil if the caller owns the server; gSrv closes it
	gSrv *grpc.Server // nil if the caller owns it
	port int          // where lsnr listens; 0 if there is none, or if it is no TCP listener

	// The way of a message: a connection, then either the board of acknowledgements or the demultiplexer and a subscription.
	connStore    *connectionStore
	pubSub       *util.PubSub          // where acknowledgements meet those who wait for them (ack.go)
	msgPublisher *ChannelDeMultiplexer // from connections to subscribers (demux.go)

	deadEndpoints deathNotices   // peers presumed dead; a channel of 100 upstream, which blocked the 101st (S9)
	pending       pendingStreams // inbound streams that have proven nothing yet
	lastConn      atomic.Uint64  // the last number given to a connection

	conf   Config
	trace  *trace.Source // for events of the instance as a whole; connections and the store have sources of their own
	logger *slog.Logger  // for the operator: refusals, and what broke. What happens step by step goes to the tracer

	// life is the context that everything here descends from. Stop ends it, so whoever waits for a network or a timer, on whatever
	// goroutine, wakes up with ErrStopped as the cause. It is the life of the instance, hence a context in a struct.
	life     context.Context
	endLife  context.CancelCauseFunc
	exitChan <-chan struct{} // life's Done. Upstream passed one token through a channel here, from goroutine to goroutine, until v1.3

	// stopWG counts every goroutine and every call that Stop waits for. Adding to it while Stop waits would be a race (S14), so there
	// are four ways in and no other: a constructor, before anybody can call Stop; enter, which looks at stopping under the same lock;
	// the store, which looks at isClosing under its own; and whoever is counted already, for the goroutines that he begins.
	stopWG  sync.WaitGroup
	stopped chan struct{} // closed when Stop is through, for those who call it again

	lock          sync.Mutex                   // orders enter against Stop; guards subscriptions, while anybody can still subscribe
	stopping      atomic.Bool                  // set once, by Stop, under lock; upstream checked and set an int32 in two steps (FAB-11747)
	subscriptions []chan proto.ReceivedMessage // what Accept returned; closed by Stop, when nobody sends on them any more
}

// If a method were missing, it should be missed here.
var _ Comm = (*commImpl)(nil)

// NewCommInstanceWithServer makes an instance that listens on lsnr with a gRPC server of its own, and owns both from then on: Stop
// closes them. On an error nothing was begun, and lsnr is still the caller's.
//
// self is our own identity. It must be one that idMapper accepts, or nobody else would: better to learn of an expired certificate here
// than from the refusals of all the others. Without certs the instance runs only if the configuration says InsecureWithoutTLS: that
// traffic is in the clear should never be an accident (S17). dialOpts are added to every dial, after what secures it.
func NewCommInstanceWithServer(lsnr net.Listener, certs *common.TLSCertificates, idMapper identity.Mapper, self api.PeerIdentityType,
	conf Config, dialOpts ...grpc.DialOption) (Comm, error) {
	c, err := newCommImpl(certs, idMapper, self, conf, dialOpts)
	if err != nil {
		return nil, err
	}
	serverCreds := insecure.NewCredentials()
	if certs != nil {
		serverCreds = serverTLS(c.life, certs, c.trace)
	}
	c.lsnr = lsnr
	if addr, isTCP := lsnr.Addr().(*net.TCPAddr); isTCP {
		c.port = addr.Port
	}
	// The limits that only a server can set: how long a stranger may take over TLS, how much he may send in one message, and how
	// many calls he may have open on one connection. A peer of ours has one stream on each, and a Ping before it.
	c.gSrv = grpc.NewServer(grpc.Creds(serverCreds), grpc.ConnectionTimeout(c.conf.DialTimeout),
		grpc.MaxRecvMsgSize(c.conf.MaxMessageSize), grpc.MaxConcurrentStreams(maxCalls))
	proto.RegisterGossipServer(c.gSrv, c)
	c.stopWG.Go(func() {
		// That it was stopped before it began is no error: Stop may come that early.
		if err := c.gSrv.Serve(lsnr); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			c.logger.Error("the gRPC server has ended", "error", err)
		}
	})
	return c, nil
}

// NewCommInstance makes an instance that answers on s, a server that the caller owns, shares with other services, and stops. It must
// be called before s.Serve, since gRPC takes no new service afterwards (FAB-6048).
//
// certs must be the certificates that s really uses, or every handshake will fail. What the instance cannot set on a foreign server
// is for the caller: ClientAuth of at least tls.RequestClientCert (else every stream is refused for want of a certificate),
// grpc.ConnectionTimeout, grpc.MaxRecvMsgSize, grpc.MaxConcurrentStreams, and how many connections the listener takes.
func NewCommInstance(s *grpc.Server, certs *common.TLSCertificates, idMapper identity.Mapper, self api.PeerIdentityType, conf Config,
	dialOpts ...grpc.DialOption) (Comm, error) {
	c, err := newCommImpl(certs, idMapper, self, conf, dialOpts)
	if err != nil {
		return nil, err
	}
	proto.RegisterGossipServer(s, c)
	return c, nil
}

// newCommImpl makes what both constructors share. The one goroutine that it begins is the last thing that it does, so that an error
// leaves nothing behind. Everything that can be wrong with the arguments is found here, before a listener is touched.
func newCommImpl(certs *common.TLSCertificates, idMapper identity.Mapper, self api.PeerIdentityType, conf Config,
	dialOpts []grpc.DialOption) (*commImpl, error) {
	conf, err := conf.withDefaults()
	if err != nil {
		return nil, err
	}
	if certs == nil && !conf.InsecureWithoutTLS {
		return nil, ErrPlaintext
	}
	pkiID := idMapper.GetPKIidOfCert(self)
	if len(pkiID) == 0 {
		return nil, fmt.Errorf("own identity: %w", ErrNoPKIID)
	}
	if err := idMapper.Put(pkiID, self); err != nil {
		return nil, fmt.Errorf("own identity: %w: %w", ErrIdentity, err)
	}
	c := &commImpl{
		peerIdentity: self,
		idMapper:     idMapper,
		logger:       conf.Logger.With("pki-id", shortID(pkiID)),
		PKIID:        pkiID,
		conf:         conf,
		trace:        trace.NewSource(conf.Tracer, trace.Object{Kind: trace.Instance, ID: 1}),
		pending:      pendingStreams{byHost: make(map[string]int), max: conf.MaxPendingStreams, maxPerHost: conf.MaxPendingPerHost},
		stopped:      make(chan struct{}),
		pubSub:       util.NewPubSub(conf.AfterFunc),
	}
	c.msgPublisher = NewChannelDemultiplexer(c.trace)
	c.deadEndpoints.init(c.trace)
	c.life, c.endLife = context.WithCancelCause(context.Background())
	c.exitChan = c.life.Done()
	c.opts = append([]grpc.DialOption{
		grpc.WithNoProxy(), // a peer is where it says it is
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(conf.MaxMessageSize)),
	}, dialOpts...)
	if err := c.secure(certs); err != nil {
		return nil, err
	}
	c.connStore = newConnStore(c, c.PKIID, &c.stopWG, conf.Tracer, c.logger, c.newOutbound)
	c.stopWG.Go(func() { c.deadEndpoints.tell(c.exitChan) })
	return c, nil
}

// secure prepares what secures a dial, and the hashes that the handshake will bind our identity to. They are computed once: gRPC shows
// the same certificates for as long as the instance lives.
func (c *commImpl) secure(certs *common.TLSCertificates) error {
	if certs == nil {
		c.secureDialOpts = func() []grpc.DialOption {
			return []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
		}
		return nil
	}
	c.selfCertHash = certHashFromPair(certs.Server)
	c.selfClientCertHash = certHashFromPair(certs.Client)
	if c.selfCertHash == nil || c.selfClientCertHash == nil {
		return fmt.Errorf("%w: a TLS certificate is empty", ErrConfig)
	}
	var creds credentials.TransportCredentials = clientTLS(certs, c.trace, c.enter, c.stopWG.Done)
	c.secureDialOpts = func() []grpc.DialOption {
		return []grpc.DialOption{grpc.WithTransportCredentials(creds)}
	}
	return nil
}

// GetPKIid implements Comm.
func (c *commImpl) GetPKIid() common.PKIidType {
	return c.PKIID
}

// enter counts a call, or the goroutine that runs it, among those that Stop waits for. Checking and counting under one lock is what
// makes Stop sure that nobody slips in behind its back; whoever entered calls c.stopWG.Done.
func (c *commImpl) enter() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.stopping.Load() {
		return ErrStopped
	}
	c.stopWG.Add(1)
	return nil
}

// newSource returns the number of one more connection, and the source of its events. Probe and Handshake make connections too,
// which the store never sees.
func (c *commImpl) newSource(role trace.Role, purpose trace.Purpose, endpoint string) (uint64, *trace.Source) {
	id := c.lastConn.Add(1)
	return id, trace.NewSource(c.conf.Tracer, trace.Object{Kind: trace.Connection, ID: id, Role: role, Purpose: purpose, Endpoint: endpoint})
}

// newOutbound makes a connection that is still to be dialled.
func (c *commImpl) newOutbound(endpoint string, expected common.PKIidType) *connection {
	id, source := c.newSource(trace.Initiator, trace.ForMessages, endpoint)
	return c.equip(newConnection(c.life, id, endpoint, expected, c.conf, source))
}

// equip gives a connection what it needs of the instance: where to leave the store, where acknowledgements go, whom to tell of a death,
// and what to do with a message. A connection knows none of these by itself, so that conn.go can be read without this file.
func (c *commImpl) equip(conn *connection) *connection {
	conn.logger = c.logger
	conn.remove = c.connStore.remove
	conn.goroutines = &c.stopWG
	conn.acks = c.pubSub
	conn.onDeath = func(pkiID common.PKIidType) { c.deadEndpoints.add(pkiID, conn.trace.Object()) }
	conn.handler = func(msg *proto.SignedGossipMessage) {
		c.msgPublisher.DeMultiplex(&ReceivedMessageImpl{SignedGossipMessage: msg, conn: conn, connInfo: conn.info})
	}
	return conn
}

// newInbound makes a connection for a stream that has arrived, from whom is not known yet.
func (c *commImpl) newInbound(stream proto.Gossip_GossipStreamServer) *connection {
	endpoint := extractRemoteAddress(stream)
	id, source := c.newSource(trace.Acceptor, trace.ForMessages, endpoint)
	conn := c.equip(newConnection(c.life, id, endpoint, nil, c.conf, source))
	conn.serverStream = stream
	return conn
}

// Send implements Comm. It runs on the caller's goroutine and never blocks: each message goes into the queue of a connection that
// exists, or that is just being dialled, or is dropped.
//
// That the caller himself puts it there is what keeps the order of his messages, also across a dial. Upstream begins a goroutine for
// each message and peer, and up to a quarter of what arrives has lost its place (S15). After Stop it does nothing.
func (c *commImpl) Send(msg *proto.SignedGossipMessage, peers ...*RemotePeer) {
	if msg == nil || msg.Envelope == nil {
		c.logger.Error("cannot send a message that was never signed: it has no envelope")
		return
	}
	for _, remotePeer := range peers {
		// What was lost is counted and traced where it was lost; Send itself promises nothing.
		c.sendToEndpoint(remotePeer, msg, nonBlockingSend)
	}
}

// sendToEndpoint queues a message for one peer, over whichever connection the store has or begins to dial. The error says why it
// was not queued: ErrStopped, ErrSelf, a full queue, or the end of the connection. That it was queued says nothing about its
// arrival.
func (c *commImpl) sendToEndpoint(remotePeer *RemotePeer, msg *proto.SignedGossipMessage, shouldBlock blockingBehavior) error {
	conn, err := c.connStore.getConnection(remotePeer)
	if err != nil {
		c.logger.Warn("cannot send", "peer", remotePeer.String(), "error", err)
		return err
	}
	return conn.send(&msgSending{envelope: msg.Envelope}, shouldBlock)
}

// SendWithAck implements Comm. It blocks its caller for at most timeout; what it begins for each peer is in ack.go.
//
// It sends a message of its own around the content of msg. The nonce has to be new, since it is all that ties an acknowledgement to its
// message; and msg is the caller's, who may be sending it elsewhere at this moment (upstream wrote the nonce into it, S16). The content
// is shared and not copied: it is only read. Like upstream, it is sent unsigned: who it is from, the connection proves.
func (c *commImpl) SendWithAck(msg *proto.SignedGossipMessage, timeout time.Duration, minAck int,
	peers ...*RemotePeer) AggregatedSendResult {
	peers = distinct(peers)
	if msg == nil || msg.GossipMessage == nil {
		return failAll(peers, proto.ErrNoMessage)
	}
	if err := c.enter(); err != nil {
		return failAll(peers, err)
	}
	defer c.stopWG.Done()
	own := &proto.GossipMessage{Nonce: rand.Uint64(), Channel: msg.Channel, Tag: msg.Tag, Content: msg.Content}
	signed, err := own.NoopSign()
	if err != nil {
		return failAll(peers, err)
	}
	op := &ackSendOperation{
		waitForAck: awaitAck,
		begin: func() (context.Context, context.CancelFunc) {
			return util.WithTimeout(c.life, c.conf.AfterFunc, timeout, ErrAckTimeout)
		},
		goroutines: &c.stopWG,
		trace:      c.trace,
	}
	op.snd = func(ctx context.Context, remotePeer *RemotePeer, msg *proto.SignedGossipMessage) (*inFlight, error) {
		return c.sendForAck(ctx, remotePeer, msg, timeout, op.claim)
	}
	return op.send(signed, min(max(minAck, 0), len(peers)), peers)
}

// distinct returns the peers without those that were named before: by PKI-ID, or by endpoint where there is none. A peer named twice
// would get the message twice, and one acknowledgement of his would count as two (S19).
func distinct(peers []*RemotePeer) []*RemotePeer {
	seen := make(map[string]bool, len(peers))
	var once []*RemotePeer
	for _, p := range peers {
		if key := destination(p.Endpoint, p.PKIID); !seen[key] {
			seen[key] = true
			once = append(once, p)
		}
	}
	return once
}

// failAll is the outcome for every peer when nothing could be begun.
func failAll(peers []*RemotePeer, err error) AggregatedSendResult {
	var results AggregatedSendResult
	for _, p := range peers {
		results = append(results, SendResult{error: err, RemotePeer: *p})
	}
	return results
}

// Accept implements Comm. The goroutine that it begins takes messages from the demultiplexer and hands them to the subscriber. Stop
// closes the demultiplexer, which ends that goroutine, and closes specificChan when it has gone: it is the only sender there.
//
// enter comes first: it counts the goroutine that does not run yet. So either Stop waits for it, and then finds its channel in
// subscriptions; or Stop has begun before, and the channel is closed here, since nobody else would (S14).
func (c *commImpl) Accept(acceptor common.MessageAcceptor) <-chan proto.ReceivedMessage {
	specificChan := make(chan proto.ReceivedMessage, subscriptionBuffer)
	if err := c.enter(); err != nil {
		close(specificChan)
		return specificChan
	}
	c.lock.Lock()
	c.subscriptions = append(c.subscriptions, specificChan)
	c.lock.Unlock()
	generic := c.msgPublisher.add(acceptor)
	go func() {
		defer c.stopWG.Done()
		c.handToSubscriber(generic, specificChan)
	}()
	return specificChan
}

// handToSubscriber takes messages from the demultiplexer to one subscriber, until the demultiplexer is closed. When the instance
// ends, what is still on its way to him is dropped: he may have gone. It looks before the gate, so that nobody is shown a message that
// will not be handed over, and after it, since the gate may have held.
func (c *commImpl) handToSubscriber(generic *channel, specificChan chan<- proto.ReceivedMessage) {
	for msg := range generic.messages {
		if c.life.Err() == nil {
			c.trace.Gate(trace.AcceptHand, trace.Event{Peer: msg.conn.pkiID, Number: uint64(generic.number), Envelope: msg.Envelope,
				Subject: msg.conn.trace.Object()})
		}
		if c.life.Err() == nil {
			select {
			case specificChan <- msg: // tried by itself first, as in conn.go
				continue
			default:
			}
			select {
			case specificChan <- msg:
				continue
			case <-c.exitChan:
			}
		}
		msg.conn.lose(msg.Envelope, generic.queue(), ErrStopped)
	}
}

// PresumedDead implements Comm.
func (c *commImpl) PresumedDead() <-chan common.PKIidType {
	return c.deadEndpoints.notices
}

// createConnection implements connFactory: it takes a connection from an intention to one that may be stored. It runs on the dial's
// goroutine (connectionStore.dial), and may take DialTimeout until somebody answers plus ConnTimeout until it is known who. conn.close
// releases it at any time, by cancelling ctx. On an error the caller closes whatever has been opened by then.
//
// These are the stations, each in a function of its own: connect (TCP, TLS and a Ping), mayOpen, openStream, authenticateRemotePeer,
// checkExpected. Upstream went through them under a lock of the destination, so that twenty callers who wanted the same dead peer
// waited for twenty dials in a row (S11).
//
// What each has opened goes into conn at once, where abandon finds it. The stream bears the mark of tiebreak.go; that of a Handshake
// does not, since nothing of it is stored that could stand in anybody's way.
func (c *commImpl) createConnection(ctx context.Context, conn *connection) error {
	cc, err := c.connect(ctx, conn.endpoint, conn.trace)
	if err != nil {
		return err
	}
	conn.conn, conn.cl = cc, proto.NewGossipClient(cc)
	if err := c.connStore.mayOpen(conn); err != nil {
		return err
	}
	inTime := c.deadline(conn.cancel, conn.endpoint)
	defer inTime()
	conn.clientStream, err = c.openStream(withMark(ctx, conn.expected, conn.lastTry), conn.cl, conn.trace)
	if err != nil {
		return err
	}
	info, _, err := c.authenticateRemotePeer(ctx, conn.clientStream, conn.trace, true, false)
	if err != nil {
		return err
	}
	if err := c.checkExpected(conn.expected, info.ID, info, conn.trace); err != nil {
		return err
	}
	if !inTime() {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	conn.info, conn.pkiID = info, info.ID
	return nil
}

// deadline cancels a stream that is not open and authenticated within a connection timeout, unless the function that it returns is
// called before; that reports whether it was in time. Opening needs the bound as much as reading does: an acceptor that allows no
// streams makes gRPC wait for as long as the context lives.
//
// Too late does not yet mean cancelled: a timer that has gone off can no longer be stopped, and its function may not have begun. Whoever
// hears that he was too late waits for the cancelling, which is on its way; asked before, the context would know no reason.
func (c *commImpl) deadline(cancel context.CancelCauseFunc, endpoint string) (inTime func() bool) {
	return c.conf.AfterFunc(c.conf.ConnTimeout, func() { cancel(fmt.Errorf("%w: nothing from %s", ErrHandshakeTimeout, endpoint)) })
}

// connect makes a gRPC connection and proves it with one Ping. grpc.NewClient alone connects to nothing: the first call does. The
// Ping fails fast, so that a refused connection is an error at once; only an endpoint that swallows packets costs the dial timeout.
//
// It says that somebody is there who serves Gossip, and nothing about who. TLS has been set up by then, with a certificate of the other
// end that nobody has looked at yet. The scheme passthrough hands the endpoint to the dialler as it is: a peer is found by its address,
// and no resolver of gRPC should turn that into something else.
func (c *commImpl) connect(ctx context.Context, endpoint string, source *trace.Source) (*grpc.ClientConn, error) {
	source.Gate(trace.DialStart, trace.Event{})
	cc, err := grpc.NewClient("passthrough:///"+endpoint, slices.Concat(c.secureDialOpts(), c.opts)...)
	if err != nil {
		return nil, fmt.Errorf("dialling %s: %w", endpoint, err)
	}
	source.Gate(trace.PingSend, trace.Event{})
	ctx, cancel := util.WithTimeout(ctx, c.conf.AfterFunc, c.conf.DialTimeout, ErrDialTimeout)
	defer cancel()
	var remote peer.Peer
	_, err = proto.NewGossipClient(cc).Ping(ctx, &proto.Empty{}, grpc.Peer(&remote))
	err = explain(ctx, err)
	if refusal := refusalIn(err); refusal != nil && !refusal.Is(ErrTieBreak) && !refusal.Is(ErrPeerClosed) {
		err = refusal // those two are about streams; here they would only serve to keep a death quiet
	}
	if err != nil && c.stopping.Load() {
		err = ErrStopped // whatever went wrong, went wrong because of that: TLS, for one, begins no handshake any more
	}
	source.Report(trace.PingAnswered, trace.Event{Local: addressOf(remote.LocalAddr), Remote: addressOf(remote.Addr), Err: err})
	if err != nil {
		cc.Close()
		return nil, fmt.Errorf("pinging %s: %w", endpoint, err)
	}
	return cc, nil
}

// openStream opens the GossipStream. An error here means that there was no transport to open it on: the connection has broken since the
// Ping, or ctx has ended. It says nothing about the other end. Opening sends a header and waits for no answer, so whether the other
// end takes the stream, refuses it, or has no such service at all, is not known before the first Recv.
//
// ctx becomes the life of the stream: cancelling it is the only way to release a Send or Recv that blocks.
func (c *commImpl) openStream(ctx context.Context, cl proto.GossipClient, source *trace.Source) (proto.Gossip_GossipStreamClient, error) {
	source.Gate(trace.StreamOpen, trace.Event{})
	stream, err := cl.GossipStream(ctx)
	err = explain(ctx, err)
	var remote *peer.Peer
	if err == nil {
		remote, _ = peer.FromContext(stream.Context())
	}
	source.Report(trace.StreamOpened, trace.Event{Local: localAddress(remote), Remote: remoteAddress(remote), Err: err})
	if err != nil {
		return nil, fmt.Errorf("opening a stream: %w", err)
	}
	return stream, nil
}

// explain replaces the error of a gRPC call that ended because ctx did by the cause of that: gRPC knows only "canceled".
func explain(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Probe implements Comm. It runs on the caller's goroutine, for at most DialTimeout, and Stop cuts it short. Beyond TLS it
// authenticates nobody: to the question "is anybody there?" any answer will do.
func (c *commImpl) Probe(remotePeer *RemotePeer) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.stopWG.Done()
	_, source := c.newSource(trace.Initiator, trace.ForProbe, remotePeer.Endpoint)
	cc, err := c.connect(c.life, remotePeer.Endpoint, source)
	closeClient(cc, source, err)
	return err
}

// Handshake implements Comm. It runs on the caller's goroutine, through the same stations as createConnection, and closes what it has
// opened.
//
// It marks its ConnEstablish as a probe, so that the other end stores no connection. Before peers knew that mark (v2.1, FAB-17675), a
// handshake pushed out the connection that the two already had.
func (c *commImpl) Handshake(remotePeer *RemotePeer) (api.PeerIdentityType, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.stopWG.Done()
	_, source := c.newSource(trace.Initiator, trace.ForHandshake, remotePeer.Endpoint)
	cc, err := c.connect(c.life, remotePeer.Endpoint, source)
	if err != nil {
		closeClient(nil, source, err)
		return nil, err
	}
	info, err := c.handshake(cc, remotePeer, source)
	closeClient(cc, source, err)
	if err != nil {
		return nil, fmt.Errorf("handshake with %s: %w", remotePeer.Endpoint, err)
	}
	return info.Identity, nil
}

// closeClient ends a gRPC connection that was never meant for the store, or was never made: that of Probe and of Handshake.
func closeClient(cc *grpc.ClientConn, source *trace.Source, reason error) {
	if cc != nil {
		cc.Close()
	}
	reportClosed(source, nil, reason)
}

// handshake authenticates whoever is at the other end of cc, and waits for the verdict on ourselves.
func (c *commImpl) handshake(cc *grpc.ClientConn, remotePeer *RemotePeer, source *trace.Source) (*proto.ConnectionInfo, error) {
	ctx, cancel := context.WithCancelCause(c.life)
	defer cancel(nil) // a Recv that is still waiting ends with its stream
	inTime := c.deadline(cancel, remotePeer.Endpoint)
	defer inTime()
	stream, err := c.openStream(ctx, proto.NewGossipClient(cc), source)
	if err != nil {
		return nil, err
	}
	info, _, err := c.authenticateRemotePeer(ctx, stream, source, true, true)
	if err != nil {
		return nil, err
	}
	if err := c.checkExpected(remotePeer.PKIID, info.ID, info, source); err != nil {
		return nil, err
	}
	if !inTime() {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return info, c.awaitVerdict(ctx, stream, source)
}

// awaitVerdict learns whether the acceptor took us, and waits for that no longer than a connection timeout. An acceptor of ours
// that has answered has. Fabric's sends its ConnEstablish before it has read ours, so only what follows tells: the end of the
// stream means yes, a status is the refusal; and silence, or another message, is a peer from before v2.1, which knows no probe, has
// accepted, and now waits for us to speak.
func (c *commImpl) awaitVerdict(ctx context.Context, stream stream, source *trace.Source) error {
	source.Gate(trace.AuthAwait, trace.Event{})
	if c.life.Err() != nil {
		return context.Cause(c.life)
	}
	_, err := c.readWithTimeout(ctx, stream)
	// A refusal may say that the acceptor has timed out, which is not our own timeout: that is silence, and silence is consent.
	silence := errors.Is(err, ErrHandshakeTimeout) && !errors.Is(err, ErrRefused)
	if errors.Is(err, io.EOF) || silence {
		err = nil
	}
	source.Report(trace.AuthVerdict, trace.Event{Err: err})
	return err
}

// authenticateRemotePeer finds out who is at the other end of a stream, and tells him who we are if we are the initiator; an
// acceptor tells only when it has decided to accept. It runs on the dial's goroutine, that of a caller of Handshake, or the handler.
//
// Each check stops an attack; the order is Fabric's. Certificate hash and signature are worth something only together: without the
// signature the hash could be forged, without the hash a recorded message could be replayed over another connection.
//
// The second result says whether the initiator only wanted to know who we are.
func (c *commImpl) authenticateRemotePeer(ctx context.Context, stream stream, source *trace.Source, initiator, isProbe bool) (
	*proto.ConnectionInfo, bool, error) {
	remoteCertHash, err := c.checkTLSCertificate(stream, source)
	if err != nil {
		return nil, false, err
	}
	if initiator {
		msg, err := c.createConnectionMsg(c.selfClientCertHash, isProbe)
		if err != nil {
			return nil, false, err
		}
		if err := c.sendConnEstablish(ctx, stream, source, msg); err != nil {
			return nil, false, err
		}
	}
	source.Gate(trace.AuthRead, trace.Event{Number: 1})
	envelope, err := c.readWithTimeout(ctx, stream)
	if errors.Is(err, io.EOF) {
		err = ErrNoConnEstablish
	}
	source.Report(trace.AuthReceived, trace.Event{Number: 1, Envelope: envelope, Err: err})
	if err != nil {
		return nil, false, err
	}
	return c.verifyConnEstablish(envelope, remoteCertHash, extractRemoteAddress(stream), source)
}

// checkTLSCertificate returns the hash of the certificate that the other end showed in TLS, nil if we run without TLS. A client need
// not show one for TLS to succeed, but then there is nothing that its identity could be bound to, and a man in the middle would be
// let in by simply not showing his. So it comes before everything else: not a word is said to somebody without one (FAB-3359).
func (c *commImpl) checkTLSCertificate(stream stream, source *trace.Source) ([]byte, error) {
	hash := extractCertificateHashFromContext(stream.Context())
	var err error
	if c.selfCertHash != nil && len(hash) == 0 {
		err = ErrNoTLSCertificate
	}
	source.Report(trace.AuthTLSCert, trace.Event{Err: err})
	return hash, err
}

// verifyConnEstablish checks the first message of the other end, one thing after the other, and reports each check. The PKI-ID in these
// reports is a claim, and none before the message names one; with the last of them it is proven.
func (c *commImpl) verifyConnEstablish(envelope *proto.Envelope, remoteCertHash []byte, remoteAddress string, source *trace.Source) (
	*proto.ConnectionInfo, bool, error) {
	var claimed common.PKIidType
	check := func(step trace.Step, err error) error {
		source.Report(step, trace.Event{Peer: claimed, Number: 1, Envelope: envelope, Err: err})
		return err
	}

	// Garbage proves nothing.
	msg, err := envelope.ToGossipMessage()
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := check(trace.AuthDecode, err); err != nil {
		return nil, false, err
	}

	// Who may send data before saying who he is has skipped the handshake.
	establish := msg.GetConn()
	if err := check(trace.AuthType, checkType(msg)); err != nil {
		return nil, false, err
	}

	// The PKI-ID becomes the key of the store.
	claimed = establish.PkiId
	if err := check(trace.AuthPKIID, checkPKIID(establish)); err != nil {
		return nil, false, err
	}

	// Not expired, not from a foreign CA, and not under another's PKI-ID. The mapper keeps the identity even if the proof below
	// fails: it is valid, only unproven. So it must not be larger than an identity is (protobuf would carry any amount beside it).
	if err := check(trace.AuthIdentity, c.checkIdentity(establish)); err != nil {
		return nil, false, err
	}

	// A man in the middle can pass our messages on, but in TLS he can show only a certificate of his own.
	if err := check(trace.AuthCertHash, c.checkCertHash(establish, remoteCertHash)); err != nil {
		return nil, false, err
	}

	// Everything above can be copied from somebody else's message. The key cannot.
	if err := check(trace.AuthSignature, c.checkSignature(msg, establish)); err != nil {
		return nil, false, err
	}
	return &proto.ConnectionInfo{
		ID:       establish.PkiId,
		Identity: establish.Identity,
		Endpoint: remoteAddress,
		Auth:     &proto.AuthInfo{SignedData: msg.Payload, Signature: msg.Signature},
	}, establish.Probe, nil
}

// checkType refuses any message but a ConnEstablish.
func checkType(msg *proto.SignedGossipMessage) error {
	if msg.GetConn() == nil {
		return fmt.Errorf("%w: expected a ConnEstablish, got %q", ErrWrongType, msg.ContentName())
	}
	return nil
}

// checkPKIID refuses a ConnEstablish without a PKI-ID. The mapper would, too; but what is about to become a key of the store is
// looked at where that is seen.
func checkPKIID(establish *proto.ConnEstablish) error {
	if len(establish.PkiId) == 0 {
		return ErrNoPKIID
	}
	return nil
}

// checkIdentity refuses an identity that is not valid, or not the one of the PKI-ID that is claimed. What "valid" means the
// MessageCryptoService decides: for comm/msp, issued by a known authority and within its time.
func (c *commImpl) checkIdentity(establish *proto.ConnEstablish) error {
	if len(establish.Identity) > maxIdentity {
		return fmt.Errorf("%w: %d bytes are too many", ErrIdentity, len(establish.Identity))
	}
	if err := c.idMapper.Put(establish.PkiId, establish.Identity); err != nil {
		return fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	return nil
}

// checkCertHash refuses a message that is bound to another TLS certificate than the one that this stream runs over.
func (c *commImpl) checkCertHash(establish *proto.ConnEstablish, remoteCertHash []byte) error {
	if c.selfCertHash != nil && !bytes.Equal(establish.TlsCertHash, remoteCertHash) {
		return fmt.Errorf("%w: the message says %x, TLS says %x", ErrCertHash, establish.TlsCertHash, remoteCertHash)
	}
	return nil
}

// checkSignature refuses a message that was not signed by the identity in it. It covers the payload as it travelled, so the PKI-ID, the
// identity, the hash and the probe flag cannot be changed on the way either.
func (c *commImpl) checkSignature(msg *proto.SignedGossipMessage, establish *proto.ConnEstablish) error {
	verifier := func(_, signature, message []byte) error {
		return c.idMapper.Verify(establish.PkiId, signature, message)
	}
	if err := msg.Verify(establish.Identity, verifier); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// checkExpected refuses a stream whose initiator wanted another acceptor than the one it has found. Both ends look, each before it
// takes the stream for a connection; an acceptor can only if the initiator has said whom it wants. Our own identity at the other
// end is never right: either we dialled ourselves, or somebody has our key.
func (c *commImpl) checkExpected(wanted, acceptor common.PKIidType, info *proto.ConnectionInfo, source *trace.Source) error {
	var err error
	switch {
	case bytes.Equal(info.ID, c.PKIID):
		err = ErrSelf
	case len(wanted) > 0 && !bytes.Equal(acceptor, wanted):
		err = fmt.Errorf("%w: wanted %s, found %s", ErrUnexpectedPeer, shortID(wanted), shortID(acceptor))
	}
	source.Report(trace.AuthExpected, trace.Event{Peer: info.ID, Err: err})
	return err
}

// sendConnEstablish says who we are. If the other end has already ended the stream, Send gives io.EOF, and that is no error here: the
// reason is a status, and only Recv gets it.
func (c *commImpl) sendConnEstablish(ctx context.Context, stream stream, source *trace.Source, msg *proto.SignedGossipMessage) error {
	source.Gate(trace.AuthSend, trace.Event{Number: 1, Envelope: msg.Envelope})
	if ctx.Err() != nil {
		return context.Cause(ctx) // closed, or replaced, while the gate was shut
	}
	err := c.sendWithTimeout(ctx, stream, msg.Envelope)
	source.Report(trace.AuthSent, trace.Event{Number: 1, Envelope: msg.Envelope, Err: err})
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// connEstablishKey is what one ConnEstablish of ours has different from another.
type connEstablishKey struct {
	certHash string
	isProbe  bool
}

// createConnectionMsg builds and signs our ConnEstablish, bound to the certificate that we show on the stream. It would be the same for
// every stream of one kind, so it is signed only once. Then the other end, too, gets a signature that it has checked before, and need not
// check it again (comm/msp). It proves no less for that: a message that names our TLS certificate was never bound to one stream. That
// whoever sends it on this stream holds the key of that certificate, TLS proves, each time anew.
func (c *commImpl) createConnectionMsg(certHash []byte, isProbe bool) (*proto.SignedGossipMessage, error) {
	key := connEstablishKey{string(certHash), isProbe}
	if signed, found := c.establish.Load(key); found {
		return signed.(*proto.SignedGossipMessage), nil
	}
	msg := &proto.SignedGossipMessage{GossipMessage: &proto.GossipMessage{
		Tag: proto.GossipMessage_EMPTY,
		Content: &proto.GossipMessage_Conn{Conn: &proto.ConnEstablish{
			PkiId:       c.PKIID,
			Identity:    c.peerIdentity,
			TlsCertHash: certHash,
			Probe:       isProbe,
		}},
	}}
	if _, err := msg.Sign(c.idMapper.Sign); err != nil {
		return nil, fmt.Errorf("signing a ConnEstablish: %w", err)
	}
	c.establish.Store(key, msg)
	return msg, nil
}

// readWithTimeout receives one message, and waits for it no longer than a connection timeout. A silent stranger must not hold a
// goroutine for ever. An initiator that was refused gets the refuser's words here, as a *RefusedError, and at once: upstream drops the
// error of Recv, and reports a timeout two seconds later (S10).
func (c *commImpl) readWithTimeout(ctx context.Context, stream stream) (*proto.Envelope, error) {
	silence := fmt.Errorf("%w: nothing from %s", ErrHandshakeTimeout, extractRemoteAddress(stream))
	envelope, err := bounded(ctx, c, silence, stream.Recv)
	if refusal := refusalFrom(stream, err); refusal != nil {
		return nil, refusal
	}
	return envelope, err
}

// sendWithTimeout sends one message, and waits no longer than a connection timeout until flow control lets it out.
func (c *commImpl) sendWithTimeout(ctx context.Context, stream stream, envelope *proto.Envelope) error {
	stalled := fmt.Errorf("%w: %s takes nothing", ErrStalled, extractRemoteAddress(stream))
	_, err := bounded(ctx, c, stalled, func() (struct{}, error) { return struct{}{}, stream.Send(envelope) })
	return err
}

// bounded runs one operation on a stream, on a goroutine of its own: on a server stream nothing but the return of the handler
// releases a blocked Recv or Send, so the handler must be able to walk away from it. On a client stream the caller walks away by
// cancelling. Either way the operation then ends, its result goes nowhere, and Stop has waited for it.
func bounded[T any](ctx context.Context, c *commImpl, timeout error, operation func() (T, error)) (T, error) {
	ctx, cancel := util.WithTimeout(ctx, c.conf.AfterFunc, c.conf.ConnTimeout, timeout)
	defer cancel()
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	c.stopWG.Go(func() {
		value, err := operation()
		done <- outcome{value, err}
	})
	select {
	case result := <-done:
		return result.value, explain(ctx, result.err)
	case <-ctx.Done():
	}
	// Looked at again: what came in time counts, also if this goroutine woke too late to see it first.
	select {
	case result := <-done:
		return result.value, explain(ctx, result.err)
	default:
		var none T
		return none, context.Cause(ctx)
	}
}

// Ping implements the gRPC service. It answers anybody: it is how a dial finds out that there is somebody at all. On a server that
// outlives the instance nobody is there any more once Stop has begun, and a Ping says so.
func (c *commImpl) Ping(ctx context.Context, _ *proto.Empty) (*proto.Empty, error) {
	// gRPC's Stop does not wait for handlers, and the server may not be ours to stop.
	if err := c.enter(); err != nil {
		return nil, refusalStatus(err)
	}
	defer c.stopWG.Done()
	remote, _ := peer.FromContext(ctx)
	c.trace.Report(trace.PingServed, trace.Event{Local: localAddress(remote), Remote: remoteAddress(remote)})
	return &proto.Empty{}, nil
}

// GossipStream implements the gRPC service: it is the whole life of an inbound stream. gRPC calls it on a goroutine of its own, the
// handler, which is first the one that authenticates and then the service of the connection. Its return ends the stream, with the
// error as the status that the initiator gets; and it is the only thing that releases a Send or Recv that blocks on a server stream.
// So no part of it may wait for another peer without an end: the handshake has its timeouts, the service has stopChan.
func (c *commImpl) GossipStream(stream proto.Gossip_GossipStreamServer) error {
	if err := c.enter(); err != nil {
		return refusalStatus(err)
	}
	defer c.stopWG.Done()
	conn := c.newInbound(stream)
	err := c.acceptPeer(stream, conn)
	if err == nil {
		return conn.serviceConnection()
	}
	if err == errProbe {
		conn.abandon(ErrClosed)
		return nil
	}
	conn.trace.Report(trace.AuthRefuse, trace.Event{Err: err})
	if failure(err) != nil {
		conn.logger.Warn("refused a stream", "from", conn.endpoint, "error", err)
	}
	conn.abandon(err)
	return refusalStatus(err)
}

// acceptPeer finds out who has opened the stream, decides, stores the connection, and answers, in this order: the answer means that
// the initiator was accepted. It runs on the handler. Until it returns the stream counts as one that has proven nothing, also while
// gRPC has not taken the answer. It returns errProbe if there is nothing to serve.
func (c *commImpl) acceptPeer(stream proto.Gossip_GossipStreamServer, conn *connection) error {
	remote, _ := peer.FromContext(stream.Context())
	conn.trace.Report(trace.StreamArrived, trace.Event{Local: localAddress(remote), Remote: remoteAddress(remote)})
	leave, err := c.pending.enter(conn.endpoint)
	conn.trace.Report(trace.StreamLimit, trace.Event{Err: err})
	if err != nil {
		return err
	}
	defer leave()
	info, isProbe, err := c.authenticateRemotePeer(conn.ctx, stream, conn.trace, false, false)
	if err != nil {
		return err
	}
	if err := c.checkExpected(wantedBy(stream.Context()), c.PKIID, info, conn.trace); err != nil {
		return err
	}
	// Signed before anything is decided: that we cannot sign must not cost the peer the connection that it has.
	answer, err := c.createConnectionMsg(c.selfCertHash, false)
	if err != nil {
		return err
	}
	conn.info, conn.pkiID = info, info.ID
	if isProbe {
		conn.trace.Report(trace.AuthProbe, trace.Event{Peer: info.ID})
		if err := c.sendConnEstablish(conn.ctx, stream, conn.trace, answer); err != nil {
			return err
		}
		return errProbe
	}
	if err := c.connStore.onConnected(conn); err != nil {
		return err
	}
	return c.sendConnEstablish(conn.ctx, stream, conn.trace, answer)
}

// CloseConn implements Comm. It returns at once: the connection leaves the store here and now, what it still has to write and to
// release its own goroutines see to.
func (c *commImpl) CloseConn(remotePeer *RemotePeer) {
	c.connStore.closeConn(remotePeer)
}

// Stop implements Comm. The order is: source first, then down the pipe.
//
// First the flag, so that no call begins any more. Then the connections, whose readers are the source of everything that moves. Then
// the life of the instance ends, which releases whoever still waits: in a dial, in a handshake, for a subscriber. Then the
// demultiplexer, which waits for the deliveries under way. Then the server, so that no stream can arrive. When every goroutine has
// gone there is no sender left, and the subscribers' channels are closed.
//
// What must come before what: the flag before everything, since nothing that is let in afterwards would be waited for. Connections and
// life before the server, which takes the transport away: whoever is refused should hear why, and a server that stops waits for its TLS
// handshakes, which end with life. Demultiplexer and server before the wait, since a subscription ends with the one and the goroutine
// of Serve with the other. The wait before the channels: to send on a closed one is a panic.
func (c *commImpl) Stop() {
	c.lock.Lock()
	first := c.stopping.CompareAndSwap(false, true)
	c.lock.Unlock()
	if !first {
		<-c.stopped
		return
	}
	c.trace.Report(trace.StopFlag, trace.Event{})
	c.trace.Gate(trace.StopConnections, trace.Event{})
	c.connStore.shutdown()
	c.endLife(ErrStopped)
	c.trace.Gate(trace.StopDemux, trace.Event{})
	c.msgPublisher.Close()
	if c.gSrv != nil {
		c.trace.Gate(trace.StopServer, trace.Event{})
		c.gSrv.Stop()
	}
	c.stopWG.Wait()
	c.trace.Gate(trace.StopSubscribers, trace.Event{})
	for _, specificChan := range c.subscriptions {
		close(specificChan)
	}
	c.trace.Report(trace.StopDone, trace.Event{})
	close(c.stopped)
}

// deathNotices takes notices of death from connections, which must not wait, to a reader, who may never come. For each peer at most
// one waits, so there are never more than peers that somebody has tried to reach. It waits until told has taken it off the list: a death
// in the moment between that and the reader's taking it is covered by it.
type deathNotices struct {
	trace   *trace.Source
	notices chan common.PKIidType // what PresumedDead returns; nobody closes it
	wake    chan struct{}         // a token says that there is something to tell

	sync.Mutex
	waiting []common.PKIidType
}

func (d *deathNotices) init(source *trace.Source) {
	d.trace = source
	d.notices = make(chan common.PKIidType)
	d.wake = make(chan struct{}, 1)
}

// add notes that a peer is presumed dead, because of what happened to a connection. Without a PKI-ID there is nobody to name.
func (d *deathNotices) add(pkiID common.PKIidType, conn trace.Object) {
	d.Lock()
	defer d.Unlock()
	known := slices.ContainsFunc(d.waiting, func(id common.PKIidType) bool { return bytes.Equal(id, pkiID) })
	if len(pkiID) == 0 || known {
		return
	}
	d.waiting = append(d.waiting, pkiID)
	d.trace.Report(trace.DeadNotice, trace.Event{Peer: pkiID, Subject: conn})
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// tell offers the notices to the reader, in the order of the deaths, until exit is closed. It runs on the one goroutine that takes
// notices away, so what offer and first see is the same notice, though they lock one after the other.
func (d *deathNotices) tell(exit <-chan struct{}) {
	for {
		select {
		case d.offer() <- d.first():
			d.told()
		case <-d.wake:
		case <-exit:
			return
		}
	}
}

// offer returns the channel to send on: none while there is nothing to tell, on which a select waits for ever.
func (d *deathNotices) offer() chan<- common.PKIidType {
	d.Lock()
	defer d.Unlock()
	if len(d.waiting) == 0 {
		return nil
	}
	return d.notices
}

// first returns the oldest notice, nil if there is none.
func (d *deathNotices) first() common.PKIidType {
	d.Lock()
	defer d.Unlock()
	if len(d.waiting) == 0 {
		return nil
	}
	return d.waiting[0]
}

// told removes the oldest notice, which the reader has got.
func (d *deathNotices) told() {
	d.Lock()
	defer d.Unlock()
	d.waiting = d.waiting[1:]
}

// pendingStreams counts the inbound streams that have proven nothing yet.
type pendingStreams struct {
	max        int
	maxPerHost int

	sync.Mutex
	total  int
	byHost map[string]int
}

// enter counts one more stream from address, or refuses it. The function that it returns takes it off again.
func (p *pendingStreams) enter(address string) (leave func(), err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	p.Lock()
	defer p.Unlock()
	if p.total >= p.max {
		return nil, fmt.Errorf("%w: %d in all", ErrTooManyStreams, p.total)
	}
	if p.byHost[host] >= p.maxPerHost {
		return nil, fmt.Errorf("%w: %d from %s", ErrTooManyStreams, p.byHost[host], host)
	}
	p.total++
	p.byHost[host]++
	return func() { p.leave(host) }, nil
}

// leave takes off a stream that enter has counted.
func (p *pendingStreams) leave(host string) {
	p.Lock()
	defer p.Unlock()
	p.total--
	if p.byHost[host]--; p.byHost[host] == 0 {
		delete(p.byHost, host) // or every host that ever came would be remembered
	}
}

// refusalStatus makes the reason of a refusal into a status. The text is what errors.Is goes by at the other end (RefusedError).
func refusalStatus(err error) error {
	code := codes.Unauthenticated
	switch {
	case errors.Is(err, ErrStopped):
		code, err = codes.Unavailable, ErrPeerStopped // ErrStopped is what this instance tells its own callers
	case errors.Is(err, ErrTooManyStreams):
		code = codes.ResourceExhausted
	case err == errReplaced:
		code, err = codes.Aborted, ErrTieBreak // a newer stream of the same peer has come before this one was answered
	case err == ErrClosed:
		code, err = codes.Aborted, ErrPeerClosed // CloseConn came before the answer
	case err == ErrTieBreak:
		code = codes.Aborted
	}
	return status.Error(code, err.Error())
}

// refusalFrom returns what the other end said when it refused the stream, or nil if err is no refusal: a clean end, a broken transport,
// or something that this side did. Only an initiator can be refused.
func refusalFrom(stream stream, err error) *RefusedError {
	if _, ours := stream.(grpc.ClientStream); !ours {
		return nil
	}
	return refusalIn(err)
}

// refusalIn is refusalFrom for what is certain to come from an acceptor. The codes are those of ours and of Fabric's, which says
// Unknown, plus those that gRPC gives for a server without this service.
func refusalIn(err error) *RefusedError {
	s, isStatus := status.FromError(err)
	if err == nil || !isStatus {
		return nil
	}
	refusal := &RefusedError{Code: s.Code(), Words: s.Message()}
	switch s.Code() {
	case codes.Unknown, codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return refusal
	case codes.ResourceExhausted, codes.Unavailable, codes.Aborted:
		// gRPC itself gives these too, for a message that is too large for us, and for a transport that broke.
		if slices.ContainsFunc(refusals, refusal.Is) {
			return refusal
		}
	}
	return nil
}

// extractRemoteAddress returns the address of the other end of a stream. An acceptor sees an ephemeral port there, at which nobody
// listens.
func extractRemoteAddress(stream stream) string {
	remote, _ := peer.FromContext(stream.Context())
	return remoteAddress(remote)
}

func remoteAddress(p *peer.Peer) string {
	if p == nil {
		return ""
	}
	return addressOf(p.Addr)
}

func localAddress(p *peer.Peer) string {
	if p == nil {
		return ""
	}
	return addressOf(p.LocalAddr)
}

func addressOf(addr net.Addr) string {
	if addr == nil {
		return ""
	}
	return addr.String()
}
