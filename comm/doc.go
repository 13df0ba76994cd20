// Package comm is a peer-to-peer communication layer over gRPC: it finds, authenticates, keeps and ends the connections between
// peers that know each other only by their identities, and moves messages over them. It is Hyperledger Fabric's gossip/comm, written
// anew to be read.
//
// # The files
//
//	comm.go       what the layer can do: the interface Comm, its values, errors and configuration
//	comm_impl.go  how: dialling, the handshake on both sides, accepting, sending, stopping
//	conn.go       the connection store, and the life of one connection
//	crypto.go     how a TLS certificate is bound to an identity
//	ack.go        sending with acknowledgements
//	demux.go      from connections to subscribers
//	msg.go        what a subscriber gets, and how he answers
//	tiebreak.go   which of two connections to one peer stays, and how the other gives way; upstream has no rule for it, and no file
//	source.go     the text of these files, for those who show it
//
// # The way of a message
//
//	caller ─ Send ─▶ outBuff ─▶ writer ─▶ gRPC ═ TLS ═ gRPC ─▶ reader ─▶ msgChan ─▶ service ─▶ DeMultiplex ─▶ subscription ─▶ subscriber
//	                                                            └─ an acknowledgement: PubSub ─▶ whoever waits in SendWithAck
//
// # The goroutines
//
// Each is counted in commImpl.stopWG, so that Stop returns only when none is left; but for two kinds: a TLS handshake of our server, for
// which gRPC's Stop waits, and the functions that timers call, which wait for nothing.
//
//	goroutine     how many              begun by                  ends when
//	dialer        one a dial            getConnection, giveUp     the dial has failed, or given way; else it becomes the service
//	handler       one inbound stream    gRPC, in GossipStream     its handshake has failed, or was a probe; else it becomes the service
//	service       one a connection      dialer or handler         the connection is closed, and has parted from the other end; on an
//	                                                              inbound stream this ends the stream
//	reader        one a connection      serviceConnection         a message makes no sense; or Recv ends: by the other end, by cancel,
//	                                                              or by the handler's return
//	writer        one a connection      serviceConnection         the connection is closed, after writing out its queue if it lingers;
//	                                                              or a write fails
//	bounded       one an operation      the handshake             the one Recv or Send of a handshake that it runs has ended
//	ack           several: one a peer   SendWithAck               the outcome for that peer is known
//	subscription  one an Accept         Accept                    the demultiplexer is closed
//	notices       one an instance       the constructor           the instance stops
//	server        one an instance       NewCommInstanceWithServer the server is stopped
//	transport     one a TLS handshake   gRPC                      TLS is up, or has failed
//
// # The channels
//
//	channel               capacity      sender              closed by
//	connection.outBuff    SendBuffSize  anybody             nobody: who finds noWriter closed empties it
//	connection.stopChan   0             nobody              the first close
//	connection.ready      0             nobody              the goroutine that ran the handshake
//	connection.noWriter   0             nobody              the writer; abandon, where there never was one
//	connection.noReader   0             nobody              the reader; abandon, the same
//	connection.served     0             nobody              the service; abandon, the same
//	connection.gaveWay    0             nobody              whoever gives the queue to another connection
//	connection.msgChan    RecvBuffSize  the reader          the reader, when the stream has ended
//	a generic channel     10            DeMultiplex         ChannelDeMultiplexer.Close, when no DeMultiplex runs any more
//	a specific channel    10            its subscription    Stop, when every goroutine has gone; Accept itself, after Stop
//	demultiplexer.stop    0             nobody              ChannelDeMultiplexer.Close
//	PresumedDead          0             the notices         nobody
//	deathNotices.wake     1             anybody             nobody: it carries tokens, and one is enough
//	outcomes, of an ack   the peers     one a peer          nobody: there is room for all
//	enough, of an ack     0             nobody              SendWithAck, when it returns
//	lost, of an ack       1             whoever drops it    nobody: there is room
//	an item for PubSub    50            PubSub.Publish      the end of its subscription (comm/util)
//	a bounded operation   1             its goroutine       nobody: there is room
//	life, exitChan        0             nobody              Stop
//	commImpl.stopped      0             nobody              the first Stop, when it is through
//
// # The locks
//
// The order of the layer's locks is short: the store's comes before a connection's, and that of a connection that gives its queue away
// before its successor's. None of the others is ever taken under another; and nothing that could wait is done under one. Reports of the
// tracer may be made under a lock, gates never; a timer may be armed under one, which is why util.AfterFunc has its rules.
//
//	connectionStore.RWMutex     the maps of connections and dials, what they note in each connection, and whether the store is closing
//	connection.RWMutex          why and how the connection was closed, and who has its queue; the moving of it
//	ackSendOperation.Mutex      which peers have been claimed
//	commImpl.lock               enter against Stop; the list of subscriptions
//	ChannelDeMultiplexer.lock   the list of subscribers
//	pendingStreams.Mutex        the counts of streams that have proven nothing
//	deathNotices.Mutex          the notices that wait
//	PubSub.mu                   the topics and who waits at them (comm/util)
//
// # The contract
//
// In the bug history of upstream's layer H1 to H30 are the defects that were mended, S1 to S24 those that it has to this day. This is what
// our layer promises in place of each S. Comments and tests that name a number mean this list.
//
//	S1   a stream that ends takes only itself out of the store, never the one that came after it
//	S2   two peers that dial each other at once both keep the same stream, and what was queued for the other goes over that (tiebreak.go)
//	S3   whichever goroutine of a connection meets the end first, the connection leaves the store at once and whole
//	S4   no connection stays in the store that nobody reads or writes any more; an answer over one that has ended harms nobody
//	S5   the timeout of SendWithAck bounds dial and queue, too; what failed is told at once, by its name; no write stalls for ever
//	S6   a subscriber that does not read holds up the connections that feed it, and no others; an acknowledgement waits for no subscriber,
//	     unless the receive queue of its own connection is full
//	S7   nothing waits on a channel under a lock
//	S8   the identity mapper calls back when it has unlocked
//	S9   a notice of death waits for nobody: first the connection is closed, then the death is told; a wished end is no death
//	S10  an acceptor reads, checks and stores before it answers; its refusal is heard at once, in words that errors.Is knows
//	S11  all who want one peer share one dial, each with a deadline of his own; the dial has a bound, and only its success is stored
//	S12  a dial that comes through when Stop has begun is closed, and not stored
//	S13  an inbound stream that comes through when Stop has begun is refused, and not stored
//	S14  Accept beside Stop is no race; after Stop it returns a channel that is closed
//	S15  what one goroutine sends to one peer arrives in order, also across the dial, and never twice; what came before a clean end is
//	     delivered; what is lost is counted and told
//	S16  SendWithAck does not change its argument
//	S17  without TLS an instance runs only under an option that is called insecure
//	S18  a handshake that succeeds has succeeded at both ends: an answer of ours is an acceptance, and the verdict of Fabric's is awaited
//	S19  minAck is clamped to 0 … number of peers; a peer that is named twice, in whatever way, gets one message and counts once
//	S20  without a PKI-ID whoever proves an identity at the endpoint will do; a message to oneself is an error that says so
//	S21  a predicate may subscribe
//	S22  no timer outlives Stop; a call that has its acknowledgement leaves no subscription and no timer
//	S23  an error about what came names it
//	S24  streams that have proven nothing are bounded in number, time and size; Respond and Ack wait for room a connection timeout at most
package comm
