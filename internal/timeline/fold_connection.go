package timeline

// The life of a connection: how far it has come, who is at the other end, what the handshake found, whether the store has it, and
// where its goroutines are.

import (
	"strings"

	"gossipscope/comm/trace"
)

// foldConnection takes in a step of this file's subject, and reports whether it is one.
func (f *folding) foldConnection() bool {
	switch f.t.Step {
	case trace.StoreLookup:
		f.storeLookup()
	case trace.DialStart:
		f.at(PhaseDialling)
	case trace.PingSend:
		f.at(PhasePinging)
	case trace.PingAnswered:
		f.pingAnswered()
	case trace.StreamOpen, trace.StreamOpened, trace.StreamArrived:
		f.streamOpen()
	case trace.StreamLimit:
		f.check()
	case trace.AuthRead, trace.AuthAwait:
		f.at(PhaseAuthenticating)
	case trace.AuthTLSCert, trace.AuthType:
		f.authCheck()
	case trace.AuthPKIID, trace.AuthIdentity, trace.AuthCertHash, trace.AuthExpected:
		f.authClaim()
	case trace.AuthSignature:
		f.authSignature()
	case trace.AuthProbe:
		f.authProbe()
	case trace.AuthRefuse:
		f.authRefuse()
	case trace.AuthVerdict:
		f.authVerdict()
	case trace.StoreStored:
		f.storeStored()
	case trace.StoreReplaced, trace.StoreRemoved:
		f.storeGone()
	case trace.StoreRefused:
		f.storeRefused()
	case trace.StoreTieBreak:
		f.storeTieBreak()
	case trace.ConnServe:
		f.connServe()
	case trace.ConnDrain:
		f.connDrain()
	case trace.ConnClose:
		f.connClose()
	case trace.ConnReaderEnd:
		f.readerEnd()
	case trace.ConnWriterEnd:
		f.writerEnd()
	case trace.ConnServeEnd:
		f.goroutineEnd()
	default:
		return false
	}
	return true
}

// observe takes in what any step may tell of the connection that is its object.
func (f *folding) observe() {
	c, t := f.c, f.t
	if t.Local != "" {
		c.Local = t.Local
	}
	if t.Remote != "" {
		c.Remote = t.Remote
	}
	switch t.Queue.Name {
	case "outBuff":
		c.OutBuff.report(t.Seq, t.Queue)
	case "msgChan":
		c.MsgChan.report(t.Seq, t.Queue)
	}
	// Before the handshake has named anyone, Peer is whom the connection is meant to reach. Of the steps that can come at any time
	// only those before auth.pki-id are asked, since later ones mean whom the handshake named.
	if c.Role == trace.Initiator && len(t.Peer) > 0 && t.Seq >= c.expectedAt && namesExpected(t.Step) {
		c.Expected, c.expectedAt = t.Peer, t.Seq
	}
}

func namesExpected(step trace.Step) bool {
	switch step {
	case trace.AuthTLSCert, trace.AuthSend, trace.AuthSent, trace.AuthRead, trace.AuthReceived, trace.AuthDecode, trace.AuthType:
		return true
	}
	return strings.HasPrefix(string(step), "dial.") || strings.HasPrefix(string(step), "ping.") ||
		strings.HasPrefix(string(step), "stream.")
}

// moveGoroutine notes where the goroutine is that tells of the step. Steps of the store say nothing of who they run on, and drops
// and closings may run on any goroutine, whatever the catalogue holds to be usual.
func (f *folding) moveGoroutine() {
	t, role := f.t, f.role
	if t.Object.Kind == trace.Store || t.Step == trace.ConnDrop || t.Step == trace.ConnClose || t.Step == trace.ConnServe ||
		role == trace.TransportGoroutine || t.Step == trace.PingServed {
		return
	}
	list := &f.p.Goroutines
	ofConnection := f.c != nil && (f.known || role == trace.ServiceGoroutine)
	if ofConnection {
		list = &f.c.Goroutines
	}
	g := goroutine(list, role, taskOf(role, t.Step))
	if f.known == ofConnection { // else the service is in the demultiplexer, whose Seq is not that of the connection
		if t.Seq < g.seq {
			return // told late: it has moved on
		}
		g.seq = t.Seq
	}
	g.At, g.Mark, g.Gate = t.Step, f.mark, t.Gate
	g.Alive = !g.ended && (g.Role != trace.CallerGoroutine || t.Gate)
}

// goroutine finds the entry of role and task in list, or adds it.
func goroutine(list *[]Goroutine, role trace.Goroutine, task string) *Goroutine {
	for i := range *list {
		if (*list)[i].Role == role && (*list)[i].Task == task {
			return &(*list)[i]
		}
	}
	*list = append(*list, Goroutine{Role: role, Task: task})
	return &(*list)[len(*list)-1]
}

// taskOf tells callers apart: several may be inside one instance, or one connection, at once, each for a reason of its own.
func taskOf(role trace.Goroutine, step trace.Step) string {
	if role != trace.CallerGoroutine {
		return ""
	}
	family, _, _ := strings.Cut(string(step), ".")
	switch {
	case family == "conn", family == "ack":
		return "send"
	case family == "stop":
		return "stop"
	case family == "demux":
		return "subscribe"
	}
	return "connect"
}

// connServe begins the three goroutines of a connection. Some may have told of themselves already.
func (f *folding) connServe() {
	if f.c == nil {
		return
	}
	f.c.advance(PhaseEstablished)
	for _, role := range []trace.Goroutine{trace.ReaderGoroutine, trace.WriterGoroutine, trace.ServiceGoroutine} {
		g := goroutine(&f.c.Goroutines, role, "")
		if g.At == "" {
			g.At, g.Mark, g.seq, g.Alive = f.t.Step, f.mark, f.t.Seq, true
		}
	}
	for i := range f.c.Goroutines { // whoever made the connection is its service now
		if g := &f.c.Goroutines[i]; g.Role == trace.DialerGoroutine || g.Role == trace.HandlerGoroutine {
			g.Alive, g.ended = false, true
		}
	}
}

func (f *folding) goroutineEnd() {
	if f.c == nil {
		return
	}
	g := goroutine(&f.c.Goroutines, f.role, "")
	g.Alive, g.ended = false, true
}

// Finding a connection, or making one.

func (f *folding) storeLookup() {
	if f.c != nil && f.c.Role == trace.Initiator && len(f.c.Expected) == 0 && len(f.t.Peer) > 0 && f.c.Phase < PhaseAuthenticating {
		f.c.Expected = f.t.Peer
	}
}

func (f *folding) pingAnswered() {
	if f.c != nil {
		f.c.advance(PhasePinging)
		f.c.Ping = f.outcome()
	}
}

// streamOpen is also for streams that are open, or arrive: in either way this end has the stream.
func (f *folding) streamOpen() {
	if f.c != nil {
		f.c.advance(PhaseOpening)
		f.c.opened = true
	}
}

// Finding out who is at the other end.

func (f *folding) check() {
	if f.c != nil {
		f.c.check(f.t.Step, f.t.Seq, f.outcome())
	}
}

func (f *folding) authCheck() {
	f.at(PhaseAuthenticating)
	f.check()
}

// authClaim is a check that knows whom the other end claims to be.
func (f *folding) authClaim() {
	f.authCheck()
	f.claim()
}

func (f *folding) claim() {
	if f.c != nil && len(f.t.Peer) > 0 && f.t.Seq >= f.c.pkiidAt && f.known {
		f.c.PKIID, f.c.pkiidAt = f.t.Peer, f.t.Seq
	}
}

func (f *folding) authSignature() {
	f.authClaim()
	if f.c != nil && f.t.Err == nil {
		f.c.Proven = true
	}
}

// authProbe is how an acceptor learns that the stream was never meant to carry messages.
func (f *folding) authProbe() {
	f.claim()
	if f.c != nil {
		f.c.advance(PhaseAuthenticating)
		f.c.Purpose = trace.ForHandshake
	}
}

func (f *folding) authRefuse() {
	if f.c == nil {
		return
	}
	f.claim()
	f.c.advance(PhaseClosing)
	f.c.Refused = f.outcome()
	f.c.Refused.Failed = true
}

func (f *folding) authVerdict() {
	if f.c != nil {
		f.c.advance(PhaseAuthenticating)
		f.c.Verdict = f.outcome()
	}
}

// The life of a connection in the store. The order of these is that of the store's Seq.

func (f *folding) storeStored() {
	if f.c == nil {
		return
	}
	c := f.c
	c.advance(PhaseEstablished)
	if len(f.t.Peer) > 0 {
		c.PKIID = f.t.Peer
	}
	c.Proven = true
	if f.t.Seq >= c.provenAt {
		c.Stored, c.provenAt = true, f.t.Seq
	}
	f.oneStored()
}

// storeGone is for a connection that has left the store. The Subject is the one that left, also where the step is one of the
// connection that takes its place.
func (f *folding) storeGone() {
	gone := f.c
	if f.known && f.t.Subject.Kind == trace.Connection {
		gone = f.s.ownConnection(f.p, f.t.Subject, f.mark)
	}
	if gone == nil {
		return
	}
	if f.t.Seq >= gone.provenAt {
		gone.Stored, gone.provenAt = false, f.t.Seq
	}
	f.stillDoubled()
}

func (f *folding) storeRefused() {
	if f.c != nil {
		f.c.advance(PhaseClosing)
		f.c.Refused = f.outcome()
		f.c.Refused.Failed = true
	}
	f.stillDoubled()
}

// storeTieBreak is about a newcomer that another connection has crossed. With an error it has to go.
func (f *folding) storeTieBreak() {
	if f.c != nil {
		f.c.TieBreak = f.outcome()
	}
}

// connClose is the first and only close. What else a connection must be rid of before it counts as closed, settle knows.
func (f *folding) connClose() {
	if f.c == nil {
		return
	}
	f.c.Close = f.outcome()
	f.c.closedAt = f.t.Seq
	f.c.advance(PhaseClosing)
	f.sentAfterClose()
}

func (f *folding) connDrain() {
	if f.c != nil {
		f.c.drained = true
		f.c.advance(PhaseClosing)
	}
}

func (f *folding) readerEnd() {
	f.goroutineEnd()
	if f.c != nil {
		f.c.readerEnd = f.t.Seq
	}
}

func (f *folding) writerEnd() {
	f.goroutineEnd()
	if f.c != nil {
		f.c.out.inHand = 0
		f.sentAfterClose()
	}
}
