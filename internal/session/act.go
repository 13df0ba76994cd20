package session

// What a person can do to the peers: what each act is, and whether it can be done. How it is done stands beside it: with peers in
// deeds.go, with their subscribers in subscriber.go, by an intruder in attack.go.

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Verb says what an act does. Where the lab records an act, it is under this name.
type Verb string

// The verbs, with the fields of Act that each goes by, beyond Peer or Link.
const (
	Send        Verb = "send"          // Targets, Content
	SendWithAck Verb = "send-with-ack" // Targets, Content, Timeout, MinAck
	Flood       Verb = "flood"         // Targets, Content, Count: as many Sends from one goroutine
	Probe       Verb = "probe"         // Targets, each for itself
	Handshake   Verb = "handshake"     // Targets, each for itself
	CloseConn   Verb = "close"         // Targets
	DialBoth    Verb = "dial-both"     // Targets, one; Content: both ends Send at the same time, so that both dial
	Stop        Verb = "stop"
	Kill        Verb = "kill"
	Restart     Verb = "restart"
	AddPeer     Verb = "add-peer" // Organisation; no Peer: the name is the next that is free

	StopReading Verb = "stop-reading" // a subscriber of the peer reads no more; where there is none of ours, one is made
	ReadAgain   Verb = "read-again"
	RefuseAcks  Verb = "refuse-acks" // Content: why. The subscriber answers with a refusal
	GiveAcks    Verb = "give-acks"   // it acknowledges again

	CutLink       Verb = timeline.LinkCut
	DelayLink     Verb = timeline.LinkDelay // Delay; 0 ends it
	FreezeLink    Verb = timeline.LinkFreeze
	ThawLink      Verb = timeline.LinkThaw
	HalfCloseLink Verb = timeline.LinkHalfClose

	Attack Verb = "attack" // Trick; Peer is the victim. For a SwappedCertificate, Targets has who is to be deceived, or is empty
)

// Act is something that a person does. Only the fields that its verb goes by are looked at.
type Act struct {
	Verb         Verb
	Peer         string        // who does it, or to whom it is done
	Targets      []string      // the other peers
	Link         string        // "A→B#1", as in timeline.Line
	Content      string        // what is sent, "message 1" and so on if empty; why it is refused
	Timeout      time.Duration // by the clock of the session, at most MaxWait; DefaultTimeout if zero
	MinAck       int           // of SendWithAck, as Comm takes it: 0 does not wait for any
	Delay        time.Duration // at most MaxWait
	Count        int           // from 1 to MaxFlood; DefaultFlood if zero
	Organisation int           // 1 or 2; 1 if zero
	Trick        Trick
}

// The bounds of an act, and what it takes where nothing was chosen.
const (
	DefaultTimeout = 5 * time.Second
	MaxWait        = longestTimeout
	DefaultFlood   = 50
	MaxFlood       = 10_000
)

// Do begins an act, on goroutines of its own, and returns at once. What comes of it, the events tell. If it cannot be done nothing happens,
// and the error says why: with errors.Is its Reason, with Sentence a sentence.
func (l *Live) Do(a Act) error {
	prepare, known := prepared[a.Verb]
	switch {
	case !known:
		return refuse(UnknownVerb, text.Printable(string(a.Verb)))
	case l.life.Err() != nil:
		return refuse(SessionEnded)
	}
	run, err := prepare(&plan{Live: l, act: a})
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.touched = true
	l.mu.Unlock()
	if !l.start(run...) {
		return refuse(SessionEnded)
	}
	return nil
}

// prepared says of each verb what looks whether it can be done, and returns what does it: a function for each goroutine.
var prepared = map[Verb]func(*plan) ([]func(), error){
	Send:        (*plan).send,
	SendWithAck: (*plan).sendWithAck,
	Flood:       (*plan).flood,
	Probe:       (*plan).probe,
	Handshake:   (*plan).handshake,
	CloseConn:   (*plan).closeConn,
	DialBoth:    (*plan).dialBoth,
	Stop:        (*plan).stop,
	Kill:        (*plan).kill,
	Restart:     (*plan).restart,
	AddPeer:     (*plan).addPeer,

	StopReading: (*plan).stopReading,
	ReadAgain:   (*plan).readAgain,
	RefuseAcks:  (*plan).refuseAcks,
	GiveAcks:    (*plan).giveAcks,

	CutLink:       (*plan).cut,
	DelayLink:     (*plan).delay,
	FreezeLink:    (*plan).freeze,
	ThawLink:      (*plan).thaw,
	HalfCloseLink: (*plan).halfClose,

	Attack: (*plan).attack,
}

// plan is an act that is being looked at.
type plan struct {
	*Live
	act   Act
	state *timeline.State
}

// now returns the state of the session.
func (p *plan) now() *timeline.State {
	if p.state == nil {
		st := p.Recorder().State()
		p.state = &st
	}
	return p.state
}

// peer returns the peer that the act is about, if it runs.
func (p *plan) peer() (*lab.Peer, error) { return p.living(p.act.Peer) }

func (p *plan) living(name string) (*lab.Peer, error) {
	peer := p.lab.Peer(name)
	switch {
	case peer == nil:
		return nil, refuse(NoSuchPeer, text.Printable(name))
	case isOver(peer):
		return nil, refuse(PeerEnded, name)
	case p.isStopping(peer):
		return nil, refuse(PeerStopping, name)
	}
	return peer, nil
}

func isOver(peer *lab.Peer) bool {
	select {
	case <-peer.Over():
		return true
	default:
		return false
	}
}

// isStopping reports whether Stop or Kill of a peer has begun: by this session, which knows it before any event tells, or by the lesson.
func (p *plan) isStopping(peer *lab.Peer) bool {
	p.mu.Lock()
	ending := p.ending[peer]
	p.mu.Unlock()
	seen := p.now().Peer(peer.Name)
	return ending || seen != nil && seen.Phase != timeline.PeerRunning
}

// pair returns the peer that the act is about, if it runs, and how those are reached that it is to reach. They need not run: what comes of
// that is worth seeing.
func (p *plan) pair() (*lab.Peer, []*comm.RemotePeer, error) {
	peer, err := p.peer()
	if err != nil {
		return nil, nil, err
	}
	if len(p.act.Targets) == 0 {
		return nil, nil, refuse(NoTarget)
	}
	var remotes []*comm.RemotePeer
	for _, name := range p.act.Targets {
		remote, err := p.remote(peer, name)
		if err != nil {
			return nil, nil, err
		}
		remotes = append(remotes, remote)
	}
	return peer, remotes, nil
}

// remote returns how a peer reaches somebody: another peer, or a guest of the lesson that listens.
func (p *plan) remote(peer *lab.Peer, name string) (*comm.RemotePeer, error) {
	other := p.now().Peer(name)
	switch {
	case name == peer.Name:
		return nil, refuse(ToItself, name)
	case other == nil:
		return nil, refuse(NoSuchPeer, text.Printable(name))
	case other.Birth.Endpoint == "":
		return nil, refuse(NotListening, text.Printable(name))
	}
	return &comm.RemotePeer{Endpoint: other.Birth.Endpoint, PKIID: other.Birth.PKIID}, nil
}

// connected reports whether a peer has a connection to the other that is open, or is making one.
func (p *plan) connected(peer *lab.Peer, other *comm.RemotePeer) bool {
	return p.hasConnection(peer, other, func(c *timeline.Connection) bool { return c.Phase < timeline.PhaseClosing })
}

// finds reports whether a message to the other would find a connection, or one that is being made, so that nobody dials. An end that has
// left the store is found no more, although it may still be open.
func (p *plan) finds(peer *lab.Peer, other *comm.RemotePeer) bool {
	return p.hasConnection(peer, other, func(c *timeline.Connection) bool { return c.Stored || c.Phase < timeline.PhaseEstablished })
}

func (p *plan) hasConnection(peer *lab.Peer, other *comm.RemotePeer, such func(*timeline.Connection) bool) bool {
	seen := p.now().Peer(peer.Name)
	return seen != nil && slices.ContainsFunc(seen.Connections, func(c *timeline.Connection) bool {
		is := bytes.Equal(c.PKIID, other.PKIID) || bytes.Equal(c.Expected, other.PKIID) || c.Endpoint == other.Endpoint
		return is && c.Purpose == trace.ForMessages && such(c)
	})
}

// content returns what is to be sent.
func (p *plan) content() string {
	if p.act.Content != "" {
		return p.act.Content
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counter++
	return fmt.Sprintf("message %d", p.counter)
}

// within returns value, or usual if it is zero, if it is in range.
func within[T int | time.Duration](value, usual, least, most T, what text.Text) (T, error) {
	if value == 0 {
		value = usual
	}
	if value < least || value > most {
		return 0, refuse(OutOfRange, what, least, most)
	}
	return value, nil
}

// link returns the link that the act is about, if it is open, and what is known of it.
func (p *plan) link() (*lab.Link, *timeline.Line, error) {
	name := p.act.Link
	link := p.lab.Link(name)
	if link == nil {
		return nil, nil, refuse(NoSuchLink, text.Printable(name))
	}
	if !slices.Contains(p.lab.Links(), link) {
		return nil, nil, refuse(LinkEnded, name)
	}
	lines := p.now().Lines
	i := slices.IndexFunc(lines, func(l *timeline.Line) bool { return l.Name == name })
	if i < 0 {
		return link, &timeline.Line{}, nil
	}
	return link, lines[i], nil
}

// onLink does something to the link that the act is about, unless it is so already.
func (p *plan) onLink(already func(*timeline.Line) bool, do func(*lab.Link)) ([]func(), error) {
	link, line, err := p.link()
	if err != nil {
		return nil, err
	}
	if already(line) {
		return nil, refuse(NoChange, link.Name)
	}
	return []func(){func() {
		p.perform(link.Name, string(p.act.Verb), func() { do(link) })
	}}, nil
}

func (p *plan) cut() ([]func(), error) {
	return p.onLink(func(*timeline.Line) bool { return false }, (*lab.Link).Cut)
}

func (p *plan) delay() ([]func(), error) {
	if _, err := within(p.act.Delay, 0, 0, MaxWait, says.delay); err != nil {
		return nil, err
	}
	return p.onLink(func(line *timeline.Line) bool { return line.Lag == p.act.Delay }, func(link *lab.Link) { link.Delay(p.act.Delay) })
}

func (p *plan) freeze() ([]func(), error) {
	return p.onLink(func(line *timeline.Line) bool { return line.Frozen.Set() }, (*lab.Link).Freeze)
}

func (p *plan) thaw() ([]func(), error) {
	return p.onLink(func(line *timeline.Line) bool { return !line.Frozen.Set() }, (*lab.Link).Thaw)
}

func (p *plan) halfClose() ([]func(), error) {
	return p.onLink(func(line *timeline.Line) bool { return line.HalfClosed.Set() }, (*lab.Link).HalfClose)
}
