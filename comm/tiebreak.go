package comm

// tiebreak.go answers one question: two peers have two streams to each other; which of them stays?
//
// Two peers that send to each other for the first time at the same moment both dial. Each then is initiator of one stream and
// acceptor of the other, and only one is wanted. Whatever rule they use, both must come to the same answer without asking. Upstream's
// rule is not the same on both sides (an acceptor keeps the newest stream, an initiator the one that is there), so it can happen that
// each peer closes the stream that the other keeps; both are lost, and what was queued with them (S2 in the bug history).
//
// Our rule: if each of the two streams was begun before its initiator knew of the other, the one dialled by the peer with the smaller
// PKI-ID stays. Otherwise the newest stays, for a peer that has restarted dials again because it knows nothing of the older one.
//
// The acceptor decides, since it answers last (acceptPeer): it refuses a stream that is to go before a word was exchanged on it. The
// initiator follows. Its messages are not lost: they have not been written yet, and connection.giveWay takes them to the stream that
// stays (conn.go).

import (
	"context"

	"google.golang.org/grpc/metadata"
)

// markKey is how an initiator of our kind tells the acceptor that it knows the rule. It travels as gRPC metadata, beside the protocol
// and not in it: a Fabric peer does not look there.
const markKey = "gossipscope-tie-break"

// marked returns a context whose calls carry the mark.
func marked(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, markKey, "1")
}

// isMarked reports whether the initiator of an inbound stream has set the mark.
func isMarked(ctx context.Context) bool {
	return len(metadata.ValueFromIncomingContext(ctx, markKey)) > 0
}

// encounter is what one peer knows when a stream between it and another has authenticated: the newcomer.
type encounter struct {
	inbound bool // the other peer dialled the newcomer
	rival   bool // each of the two, the newcomer and another stream, was begun before its initiator knew of the other
	marked  bool // the other peer knows the rule: the initiator of the newcomer, if it is inbound, or else of the rival
	smaller bool // our PKI-ID is the smaller one
}

// verdict says what becomes of a newcomer.
type verdict int

const (
	newcomerStays  verdict = iota // it is the connection to the peer; another one gives way
	newcomerGoes                  // the other one stays
	newcomerIsRead                // the other one stays, but its peer does not know that yet: what it sends is read until it ends it
)

// decide applies the rule.
//
// Towards a peer that does not know the rule, ours must be one that works with what it does. A Fabric peer that accepts our stream
// gives up its own, whichever PKI-ID is smaller. So ours stays, and its stream is read until it has noticed.
func (e encounter) decide() verdict {
	switch {
	case !e.rival:
		return newcomerStays
	case !e.marked && e.inbound:
		return newcomerIsRead
	case !e.marked:
		return newcomerStays
	case e.inbound == e.smaller:
		return newcomerGoes // the newcomer is that of the larger PKI-ID
	default:
		return newcomerStays
	}
}
