package trace

// Step is the name of a moment in the life of the layer. A variation of the same moment (which peer, which error, how full the
// queue) is a field of its event, never a step of its own.
type Step string

// The steps, in the order in which a message meets them. What each means stands in the catalogue below.
const (
	// Finding a connection, or making one.
	StoreLookup   Step = "store.lookup"
	DialStart     Step = "dial.start"
	TLSHandshaken Step = "tls.handshaken"
	PingSend      Step = "ping.send"
	PingServed    Step = "ping.served"
	PingAnswered  Step = "ping.answered"
	StreamOpen    Step = "stream.open"
	StreamOpened  Step = "stream.opened"
	StreamArrived Step = "stream.arrived"
	StreamLimit   Step = "stream.limit"

	// Finding out who is at the other end.
	AuthTLSCert   Step = "auth.tls-cert"
	AuthSend      Step = "auth.send"
	AuthSent      Step = "auth.sent"
	AuthRead      Step = "auth.read"
	AuthReceived  Step = "auth.received"
	AuthDecode    Step = "auth.decode"
	AuthType      Step = "auth.type"
	AuthPKIID     Step = "auth.pki-id"
	AuthIdentity  Step = "auth.identity"
	AuthCertHash  Step = "auth.cert-hash"
	AuthSignature Step = "auth.signature"
	AuthExpected  Step = "auth.expected"
	AuthProbe     Step = "auth.probe"
	AuthRefuse    Step = "auth.refuse"
	AuthAwait     Step = "auth.await-verdict"
	AuthVerdict   Step = "auth.verdict"

	// The life of a connection in the store.
	StoreStored   Step = "store.stored"
	StoreReplaced Step = "store.replaced"
	StoreRefused  Step = "store.refused"
	StoreTieBreak Step = "store.tie-break"
	StoreHandover Step = "store.handover"

	// A message on its way out and in.
	ConnServe     Step = "conn.serve"
	ConnEnqueue   Step = "conn.enqueue"
	ConnDrop      Step = "conn.drop"
	ConnWrite     Step = "conn.write"
	ConnWritten   Step = "conn.written"
	ConnRead      Step = "conn.read"
	ConnReceived  Step = "conn.received"
	ConnQueued    Step = "conn.queued"
	ConnHandle    Step = "conn.handle"
	ConnReaderEnd Step = "conn.reader-end"
	StoreRemoved  Step = "store.removed"
	ConnClose     Step = "conn.close"
	ConnDrain     Step = "conn.drain"
	ConnWriterEnd Step = "conn.writer-end"
	ConnServeEnd  Step = "conn.serve-end"

	// Acknowledgements.
	AckSubscribe Step = "ack.subscribe"
	AckRespond   Step = "ack.respond"
	AckPublish   Step = "ack.publish"
	AckResult    Step = "ack.result"
	AckDone      Step = "ack.done"

	// From a connection to the subscribers.
	DemuxAdd       Step = "demux.add"
	DemuxDeliver   Step = "demux.deliver"
	DemuxDelivered Step = "demux.delivered"
	DemuxUnclaimed Step = "demux.unclaimed"
	AcceptHand     Step = "accept.hand"

	// Endings.
	DeadNotice      Step = "dead.notice"
	StopFlag        Step = "stop.flag"
	StopConnections Step = "stop.connections"
	StopDemux       Step = "stop.demux"
	StopServer      Step = "stop.server"
	StopSubscribers Step = "stop.subscribers"
	StopDone        Step = "stop.done"
)

// Goroutine is the part that a goroutine plays in the layer.
type Goroutine string

// The goroutines of the layer. PartyGoroutine is not one of its own: it stands in the catalogue for whoever runs the handshake.
const (
	CallerGoroutine       Goroutine = "caller"       // whoever called a method of Comm
	DialerGoroutine       Goroutine = "dialer"       // the store's, one for each dial under way
	HandlerGoroutine      Goroutine = "handler"      // gRPC's, one for each inbound call
	ReaderGoroutine       Goroutine = "reader"       // one for each connection
	WriterGoroutine       Goroutine = "writer"       // one for each connection
	ServiceGoroutine      Goroutine = "service"      // one for each connection: the dialer or the handler, once it serves
	SubscriptionGoroutine Goroutine = "subscription" // one for each Accept
	TransportGoroutine    Goroutine = "transport"    // gRPC's own, inside the TLS handshake
	PartyGoroutine        Goroutine = "party"        // the caller, the dialer or the handler
)

// Info is what the catalogue knows of a step.
type Info struct {
	Step      Step
	Gate      bool      // whether the tracer may block here
	File      string    // the file of package comm that emits it, and whose note explains it
	Goroutine Goroutine // who emits it
	Doc       string    // one English sentence; the other faces of the step say more
}

// Catalogue lists every step of the layer, once, in the order of the constants.
var Catalogue = []Info{
	{StoreLookup, false, "conn.go", CallerGoroutine, "The store was asked for a connection: one was found, a dial under way was joined, or a dial was begun."},
	{DialStart, true, "comm_impl.go", PartyGoroutine, "About to make a gRPC connection to an endpoint."},
	{TLSHandshaken, false, "crypto.go", TransportGoroutine, "TLS is up. It has checked no chain: who is at the other end, the handshake finds out."},
	{PingSend, true, "comm_impl.go", PartyGoroutine, "About to send the Ping that makes gRPC dial, and fail at once if nobody is there."},
	{PingServed, false, "comm_impl.go", HandlerGoroutine, "A Ping has arrived and is answered; anyone may ask."},
	{PingAnswered, false, "comm_impl.go", PartyGoroutine, "The Ping was answered, or failed."},
	{StreamOpen, true, "comm_impl.go", PartyGoroutine, "About to open the GossipStream."},
	{StreamOpened, false, "comm_impl.go", PartyGoroutine, "The stream is open on this side; whether the other end accepts it is not known yet."},
	{StreamArrived, false, "comm_impl.go", HandlerGoroutine, "A stream from an unknown peer has arrived."},
	{StreamLimit, false, "comm_impl.go", HandlerGoroutine, "Whether there is room for one more stream that has proven nothing."},
	{AuthTLSCert, false, "comm_impl.go", PartyGoroutine, "Check: the other end has shown a certificate in TLS."},
	{AuthSend, true, "comm_impl.go", PartyGoroutine, "About to send the own ConnEstablish."},
	{AuthSent, false, "comm_impl.go", PartyGoroutine, "The own ConnEstablish was given to gRPC, or could not be."},
	{AuthRead, true, "comm_impl.go", PartyGoroutine, "About to wait for the first message of the other end."},
	{AuthReceived, false, "comm_impl.go", PartyGoroutine, "The first message has arrived, or the wait has ended without one."},
	{AuthDecode, false, "comm_impl.go", PartyGoroutine, "Check: the first message can be decoded."},
	{AuthType, false, "comm_impl.go", PartyGoroutine, "Check: it is a ConnEstablish."},
	{AuthPKIID, false, "comm_impl.go", PartyGoroutine, "Check: it names a PKI-ID."},
	{AuthIdentity, false, "comm_impl.go", PartyGoroutine, "Check: its identity is valid, and the PKI-ID is the one of that identity."},
	{AuthCertHash, false, "comm_impl.go", PartyGoroutine, "Check: its certificate hash is that of the certificate that TLS saw."},
	{AuthSignature, false, "comm_impl.go", PartyGoroutine, "Check: its signature is valid under that identity."},
	{AuthExpected, false, "comm_impl.go", PartyGoroutine, "Check: the peer is the one that was to be reached."},
	{AuthProbe, false, "comm_impl.go", HandlerGoroutine, "The initiator only wanted to know who we are: nothing is stored."},
	{AuthRefuse, false, "comm_impl.go", HandlerGoroutine, "The stream is ended with the reason of refusal as its status."},
	{AuthAwait, true, "comm_impl.go", CallerGoroutine, "About to wait for the verdict of the acceptor: the end of the stream, or a refusal."},
	{AuthVerdict, false, "comm_impl.go", CallerGoroutine, "The verdict is in."},
	{StoreStored, false, "conn.go", PartyGoroutine, "The connection is in the store, under the PKI-ID that was proven."},
	{StoreReplaced, false, "conn.go", PartyGoroutine, "An older connection to the same peer gave way to a newer one."},
	{StoreRefused, false, "conn.go", PartyGoroutine, "The store took no connection: it is closing."},
	{StoreTieBreak, false, "tiebreak.go", PartyGoroutine, "Both ends dialled at once, and the rule decided which of the two connections stays."},
	{StoreHandover, false, "tiebreak.go", PartyGoroutine, "The queue of a connection that gives way is handed to the one that stays, the subject."},
	{ConnServe, false, "conn.go", ServiceGoroutine, "Reader, writer and service of the connection begin their work."},
	{ConnEnqueue, false, "conn.go", CallerGoroutine, "A message was put into the send queue. It is not written yet."},
	{ConnDrop, false, "conn.go", CallerGoroutine, "A message was given up, and counted."},
	{ConnWrite, true, "conn.go", WriterGoroutine, "About to write a message to the stream."},
	{ConnWritten, false, "conn.go", WriterGoroutine, "The message was given to gRPC, or could not be. It is not received yet."},
	{ConnRead, true, "conn.go", ReaderGoroutine, "About to wait for the next message on the stream."},
	{ConnReceived, false, "conn.go", ReaderGoroutine, "A message has arrived, or the stream has ended."},
	{ConnQueued, false, "conn.go", ReaderGoroutine, "The message was put into the receive queue."},
	{ConnHandle, true, "conn.go", ServiceGoroutine, "About to handle the next message of the receive queue."},
	{ConnReaderEnd, false, "conn.go", ReaderGoroutine, "The reader has ended."},
	{StoreRemoved, false, "conn.go", PartyGoroutine, "The connection is no longer in the store."},
	{ConnClose, false, "conn.go", PartyGoroutine, "The connection was closed, for the first and only time, for the reason given."},
	{ConnDrain, true, "conn.go", WriterGoroutine, "The queue is written out. About to end the own half of the stream, and wait for the other."},
	{ConnWriterEnd, false, "conn.go", WriterGoroutine, "The writer has ended."},
	{ConnServeEnd, true, "conn.go", ServiceGoroutine, "About to release all that the connection holds; on an inbound stream this ends the stream."},
	{AckSubscribe, false, "ack.go", CallerGoroutine, "The sender waits for one acknowledgement: one peer, one nonce."},
	{AckRespond, false, "msg.go", CallerGoroutine, "A receiver answers a message, or acknowledges it."},
	{AckPublish, false, "ack.go", ReaderGoroutine, "An acknowledgement has arrived and was given to whoever waits for it."},
	{AckResult, false, "ack.go", CallerGoroutine, "The outcome for one peer is known."},
	{AckDone, false, "ack.go", CallerGoroutine, "Enough outcomes are known: SendWithAck returns."},
	{DemuxAdd, false, "demux.go", CallerGoroutine, "A subscription was added."},
	{DemuxDeliver, true, "demux.go", ServiceGoroutine, "A subscription wants the message. About to put the message into the queue of a subscription, which may be full."},
	{DemuxDelivered, false, "demux.go", ServiceGoroutine, "The message is in the queue of the subscription."},
	{DemuxUnclaimed, false, "demux.go", ServiceGoroutine, "No subscription wanted the message."},
	{AcceptHand, true, "comm_impl.go", SubscriptionGoroutine, "About to hand the message to the subscriber."},
	{DeadNotice, false, "comm_impl.go", PartyGoroutine, "A peer is presumed dead; one notice for each peer waits to be read."},
	{StopFlag, false, "comm_impl.go", CallerGoroutine, "Stop has begun: no new work."},
	{StopConnections, true, "comm_impl.go", CallerGoroutine, "About to close every connection."},
	{StopDemux, true, "comm_impl.go", CallerGoroutine, "About to close the demultiplexer."},
	{StopServer, true, "comm_impl.go", CallerGoroutine, "About to stop the gRPC server."},
	{StopSubscribers, true, "comm_impl.go", CallerGoroutine, "About to close the subscribers' channels."},
	{StopDone, false, "comm_impl.go", CallerGoroutine, "Nothing of the layer runs any more."},
}

var byStep = func() map[Step]Info {
	m := make(map[Step]Info, len(Catalogue))
	for _, info := range Catalogue {
		m[info.Step] = info
	}
	return m
}()

// Lookup returns what the catalogue knows of step, and whether it knows it at all.
func Lookup(step Step) (Info, bool) {
	info, ok := byStep[step]
	return info, ok
}

// Goroutine says on which goroutine of the peer the event happened.
func (e Event) Goroutine() Goroutine {
	info := byStep[e.Step]
	if info.Goroutine != PartyGoroutine {
		return info.Goroutine
	}
	conn := e.Object
	if conn.Kind == Store || e.Step == StoreHandover {
		conn = e.Subject // what happens in the store happens to a connection; what is handed over, the one that takes it takes
	}
	switch {
	case conn.Role == Acceptor:
		return HandlerGoroutine
	case conn.Purpose == ForMessages:
		return DialerGoroutine
	default:
		return CallerGoroutine
	}
}
