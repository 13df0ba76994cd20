package lab

// A test of a race is worth what it makes happen. Here the seeded policy decides who goes on at every gate, so that one scenario is
// as many runs as there are seeds, each another interleaving and each repeatable. A scenario makes real peers, lets several
// goroutines act on them, and says what must hold in every interleaving: of what the callers and the subscribers saw, and of
// what the lab has recorded.
//
// What callers do takes part in the order too: each act is preceded by a turn (world.turn), a gate of the test's own. Time passes only
// while nothing is held; where a timeout has to come in the middle of something, an actor jumps the lab's clock (world.timePasses).
//
// A normal run tries a few seeds. To search:
//
//	go test ./internal/lab -run TestInterleavings -seeds 1000 -timeout 1h
//
// A failure says how its seed is played again; with -v that prints the record of the run. The order of the gates is the seed's, and with
// it nearly everything; what gRPC chooses by itself is not (see TestAScenarioIsTheSameRunForTheSameSeed), so that some failures need
// -count 20 to come back.

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

var (
	seedCount = flag.Uint64("seeds", 10, "how many seeds TestInterleavings tries of each scenario")
	oneSeed   = flag.Int64("seed", -1, "the one seed that TestInterleavings plays; with -v it prints the record")
)

// scenario is a situation with many outcomes, and what must hold in each.
type scenario struct {
	name string
	play func(w *world)
}

var scenarios = []scenario{
	{"dial", simultaneousDial},
	{"timeout", dialBesideTimeouts},
	{"reconnect", reconnectDuringTeardown},
	{"restart", restartDuringSend},
	{"stop", stopDuringEverything},
	{"accept", acceptBesideStop},
	{"close", closeBesideSend},
	{"ack", ackBesideTimeout},
}

func TestInterleavings(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if *oneSeed >= 0 {
				r := s.run(t, uint64(*oneSeed))
				t.Logf("the record of seed %d:\n%s", *oneSeed, r.story())
				r.report(t, s.name)
				return
			}
			for seed := range *seedCount {
				s.run(t, seed).report(t, s.name)
			}
		})
	}
}

// Only of these two can it be promised. Where a stream is cancelled while a message is under way on it, gRPC itself chooses at random
// whether Recv returns the message or the end.
func TestAScenarioIsTheSameRunForTheSameSeed(t *testing.T) {
	for _, s := range []scenario{{"dial", simultaneousDial}, {"ack", ackBesideTimeout}} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for seed := range (*seedCount + 4) / 5 {
				first, again := s.run(t, seed).gates(), s.run(t, seed).gates()
				if at := firstDifference(first, again); at >= 0 {
					t.Errorf("seed %d gave two runs; gate %d was %q, and then %q", seed, at, entry(first, at), entry(again, at))
				}
			}
		})
	}
}

// firstDifference returns the first index at which a and b differ, -1 if there is none.
func firstDifference(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if entry(a, i) != entry(b, i) {
			return i
		}
	}
	return -1
}

// entry returns list[i], or nothing beyond its end.
func entry(list []string, i int) string {
	if i >= len(list) {
		return ""
	}
	return list[i]
}

// played is what is left of a run.
type played struct {
	seed   uint64
	broken []string // what did not hold
	events []timeline.Event
	closed uint64 // the last event before the lab was closed, which lets go of everything
}

// run plays the scenario once, in a bubble of virtual time.
func (s scenario) run(t *testing.T, seed uint64) played {
	t.Helper()
	// A run that the bubble cannot end, because a goroutine waits for a mutex, ends with the test's timeout, which knows no seed.
	watch := time.AfterFunc(30*time.Second, func() { fmt.Fprintf(os.Stderr, "still running after 30 s: %s\n", replay(s.name, seed)) })
	defer watch.Stop()
	r := played{seed: seed}
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := New(Config{Network: InMemory(), Policy: Seeded(seed, synctest.Wait), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		defer lb.Close()
		w := &world{t: t, lab: lb, name: s.name, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), acting: make(map[string]bool)}
		s.play(w)
		time.Sleep(time.Second) // the network comes to rest before it is torn down
		r.closed = recorder.Last()
		w.close()
		w.mu.Lock()
		defer w.mu.Unlock()
		_, r.events = recorder.Snapshot()
		r.broken = w.broken
	})
	return r
}

// replay is the command that plays a seed again.
func replay(scenario string, seed uint64) string {
	return fmt.Sprintf("go test ./internal/lab -run 'TestInterleavings/%s$' -seed %d -v", scenario, seed)
}

// report fails the test if something did not hold.
func (r played) report(t *testing.T, scenario string) {
	t.Helper()
	if len(r.broken) > 0 {
		t.Errorf("seed %d:\n  %s\n  %s", r.seed, strings.Join(r.broken, "\n  "), replay(scenario, r.seed))
	}
}

// gates returns what was let go in which turn. Several goroutines may come to their gates within one turn, in either order; what the
// seed decides is who goes on in which.
func (r played) gates() []string {
	var list []string
	for _, e := range r.events {
		if e.N > r.closed || e.Step == nil || !e.Step.Gate {
			continue
		}
		gate := *e.Step
		gate.Queue = trace.Queue{} // two goroutines that go on in one turn may see it before or after each other's act
		list = append(list, fmt.Sprintf("%06d %s", e.Turn, line(timeline.Event{Peer: e.Peer, Step: &gate})))
	}
	slices.Sort(list)
	return list
}

// story returns the record, one line an event.
func (r played) story() string {
	var b strings.Builder
	for _, e := range r.events {
		fmt.Fprintf(&b, "%4d %4d %8.3fs  %s\n", e.N, e.Turn, e.At.Seconds(), line(e))
	}
	return b.String()
}

// line is one event, without anything that a run makes up.
func line(e timeline.Event) string {
	switch {
	case e.Act != nil:
		return fmt.Sprintf("%s * %s %s %s", e.Peer, e.Act.Verb, e.Act.Target, e.Act.Detail)
	case e.Link != nil:
		return fmt.Sprintf("  | %s %s %s", e.Link.Name, e.Link.Change, e.Link.Reason)
	case e.Step == nil:
		return fmt.Sprintf("%s %s", e.Peer, e.Kind)
	}
	s := e.Step
	mark := " "
	if s.Gate {
		mark = ">"
	}
	text := fmt.Sprintf("%s %s %s %s", e.Peer, mark, object(s.Object), s.Step)
	if s.Subject.Kind != "" {
		text += " of " + object(s.Subject)
	}
	if s.Number != 0 {
		text += fmt.Sprintf(" %d", s.Number)
	}
	if s.Envelope != nil {
		text += fmt.Sprintf(" %q", payloadOf(s.Envelope))
	}
	if s.Queue.Cap != 0 {
		text += fmt.Sprintf(" %s %d/%d", s.Queue.Name, s.Queue.Len, s.Queue.Cap)
	}
	if s.Detail != "" {
		text += " (" + s.Detail + ")"
	}
	if s.Err != nil {
		text += fmt.Sprintf(" ERROR %v", s.Err)
	}
	return text
}

// object names a connection by its peer's count and what it was dialled as.
func object(o trace.Object) string {
	if o.Kind != trace.Connection {
		return string(o.Kind)
	}
	return fmt.Sprintf("%s %d %s", o.Role, o.ID, o.Endpoint)
}

// payloadOf returns what a data message carries, or what kind of message it is.
func payloadOf(envelope *proto.Envelope) string {
	msg, err := envelope.ToGossipMessage()
	switch {
	case err != nil:
		return "unreadable"
	case msg.GetDataMsg() != nil:
		return string(msg.GetDataMsg().GetPayload().GetData())
	case msg.IsAck():
		return "ack"
	}
	return msg.ContentName()
}

// world is what a scenario plays in.
type world struct {
	t      *testing.T
	lab    *Lab
	name   string
	seed   uint64
	random *rand.Rand // what the scenario leaves to the seed beside the order; for the goroutine that plays it
	killed bool       // whether a peer was killed

	acts    sync.WaitGroup // actors
	readers sync.WaitGroup // goroutines that read what Accept returned

	mu     sync.Mutex
	guests []*guest
	acting map[string]bool // the actors that have not finished
	broken []string
}

// guest is a peer of the lab with one who reads its messages.
type guest struct {
	*Peer
	w *world

	mu       sync.Mutex
	received []string // what was handed to the first subscriber, in this order
}

// broke notes that something did not hold.
func (w *world) broke(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
}

// guest makes a peer with a subscriber that reads everything, acknowledges what asks for it, and answers what begins with "ask".
func (w *world) guest(name string) *guest {
	p, err := w.lab.NewPeer(name, PeerConfig{})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.host(p)
}

// host gives a peer its subscriber.
func (w *world) host(p *Peer) *guest {
	g := &guest{Peer: p, w: w}
	w.mu.Lock()
	w.guests = append(w.guests, g)
	w.mu.Unlock()
	g.subscribe(1)
	return g
}

// subscribe begins to read as the number-th subscriber, until the channel is closed. The first one notes and answers.
func (g *guest) subscribe(number int) {
	inbox := g.Comm.Accept(func(any) bool { return true })
	g.w.readers.Go(func() {
		for msg := range inbox {
			if number == 1 {
				g.take(msg)
			}
		}
	})
}

// take is what the first subscriber does with a message.
func (g *guest) take(msg proto.ReceivedMessage) {
	content := payloadOf(msg.GetSourceEnvelope())
	g.mu.Lock()
	g.received = append(g.received, content)
	g.mu.Unlock()
	switch {
	case msg.GetGossipMessage().GetNonce() != 0:
		g.w.turn(g.Name, "acks "+content)
		msg.Ack(nil)
	case strings.HasPrefix(content, "ask"):
		g.w.turn(g.Name, "answers "+content)
		msg.Respond(data("answer to " + content).GossipMessage)
	}
}

// turn waits until the seed lets this act happen, as if a gate of the layer stood before it. No two turns of a run have the same name.
func (w *world) turn(peer, act string) {
	w.lab.policy.hold(timeline.Event{Kind: timeline.KindStep, Peer: peer, Step: &trace.Event{
		Step: "turn", Gate: true, Object: trace.Object{Kind: "actor", Endpoint: act},
	}})
	w.lab.record(timeline.Event{Kind: timeline.KindAct, Peer: peer, Act: &timeline.Act{Verb: act}})
}

// actor begins a goroutine that acts.
func (w *world) actor(name string, act func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acting[name] = true
	w.acts.Go(func() {
		act()
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.acting, name)
	})
}

// wait waits until every actor has finished. An hour is longer than all timeouts of a scenario together.
func (w *world) wait() {
	w.within(&w.acts, func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return fmt.Sprint("never finished: ", slices.Sorted(maps.Keys(w.acting)))
	})
}

// within waits for a group for an hour. If that is not enough, what follows is a bubble that cannot end and a panic with the stacks of
// all goroutines; so the seed is told at once.
func (w *world) within(group *sync.WaitGroup, what func() string) {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Hour):
		w.broke("%s", what())
		fmt.Fprintf(os.Stderr, "seed %d: %s\n%s\n", w.seed, what(), replay(w.name, w.seed))
	}
}

// rest waits until nothing moves any more, and longer than every timeout of the layer.
func (w *world) rest() { time.Sleep(10 * time.Second) }

// atRest waits until nothing moves any more, and hardly any time passes: the next timeout of the layer is further away.
func (w *world) atRest() { time.Sleep(time.Millisecond) }

// timePasses jumps the lab's clock to the next timeout of a layer, if one is running, in the middle of whatever is held. The mappers'
// timers, which forget identities, are further away.
func (w *world) timePasses(act string) {
	w.turn("", act)
	if w.timeouts() > 0 {
		w.lab.clock.JumpToNext()
	}
}

// timeouts returns how many timers of the layers are running. Each subscription to an acknowledgement has one, and each wait with an end.
func (w *world) timeouts() int {
	clock := w.lab.clock
	clock.mu.Lock()
	defer clock.mu.Unlock()
	n := 0
	for _, t := range clock.timers {
		if t.due-clock.now() < time.Minute {
			n++
		}
	}
	return n
}

// close ends the lab and checks what must hold of every run.
func (w *world) close() {
	if forgotten := w.lab.recorder.Forgotten(); forgotten != 0 {
		w.broke("the recorder has forgotten %d events", forgotten)
	}
	w.lab.Close()
	w.within(&w.readers, func() string { return "a channel that Accept returned was never closed" })
	state := w.lab.recorder.State()
	for _, inv := range state.Invariants() {
		if !inv.Holds {
			w.broke("invariant %q broken at event %d by %s: %s", inv.Name, inv.Broken.N, inv.Peer, inv.Why)
		}
	}
	for l, f := range w.fates() {
		if w.killed {
			break // the dead do not tell what they have lost
		}
		if why := f.impossible(); why != "" {
			w.broke("message %q to %s %s: %v", l.content, l.to, why, f)
		}
	}
	w.silentAfterStop()
	w.replacedLoseNothing()
}

// replacedLoseNothing checks that no message was given up only because the connection that had it has given way to another one.
func (w *world) replacedLoseNothing() {
	for _, e := range w.events() {
		if e.Step != nil && e.Step.Step == trace.ConnDrop && strings.Contains(fmt.Sprint(e.Step.Err), "replaced by") {
			w.broke("event %d: lost with a connection that gave way: %s", e.N, line(e))
		}
	}
}

// afterStop are the steps that a peer may still take when it has stopped, on the goroutine of a caller who came too late.
var afterStop = []trace.Step{trace.StoreRefused, trace.ConnDrop, trace.AckRespond, trace.ConnEnqueue}

// silentAfterStop checks that nothing of a peer ran after its Stop.
func (w *world) silentAfterStop() {
	stopped := make(map[string]uint64)
	for _, e := range w.events() {
		switch n := stopped[e.Peer]; {
		case e.Kind == timeline.KindBirth:
			delete(stopped, e.Peer)
		case e.Step == nil:
		case e.Step.Step == trace.StopDone:
			stopped[e.Peer] = e.N
		case n != 0 && !slices.Contains(afterStop, e.Step.Step):
			w.broke("event %d, after Stop has returned: %s", e.N, line(e))
		}
	}
}

// events returns the record so far.
func (w *world) events() []timeline.Event {
	_, list := w.lab.recorder.Snapshot()
	return list
}

// state returns what the record adds up to.
func (w *world) state() *timeline.State {
	s := w.lab.recorder.State()
	return &s
}

// data makes a message with this content.
func data(content string) *proto.SignedGossipMessage {
	msg := &proto.GossipMessage{Tag: proto.GossipMessage_CHAN_AND_ORG, Content: &proto.GossipMessage_DataMsg{
		DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte(content)}},
	}}
	signed, err := msg.NoopSign()
	if err != nil {
		panic(err) // a message without a signature cannot fail to be encoded
	}
	return signed
}

// send sends one message, in its turn.
func (g *guest) send(content string, remotes ...*comm.RemotePeer) {
	g.w.turn(g.Name, "sends "+content)
	g.Comm.Send(data(content), remotes...)
}

// sendMany sends messages PREFIX 1 … PREFIX n to one peer, each in a turn of its own.
func (g *guest) sendMany(prefix string, n int, remote *comm.RemotePeer) {
	for i := range n {
		g.send(fmt.Sprintf("%s %d", prefix, i+1), remote)
	}
}

// closeConn closes the connection to a peer, in its turn.
func (g *guest) closeConn(other *guest, act string) {
	g.w.turn(g.Name, act)
	g.Comm.CloseConn(other.Remote())
}

// heard returns what the guest's subscriber was handed, of those that begin with prefix.
func (g *guest) heard(prefix string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []string
	for _, content := range g.received {
		if strings.HasPrefix(content, prefix) {
			list = append(list, content)
		}
	}
	return list
}

// meet connects a with b, who is dialled, and returns when the connection rests.
func (w *world) meet(a, b *guest) {
	greeting := fmt.Sprintf("hello from %s to %s", a.Name, b.Name)
	a.send(greeting, b.Remote())
	w.atRest()
	if len(b.heard(greeting)) != 1 {
		w.broke("%q did not arrive", greeting)
	}
}

// fate is what became of one message, by its events.
type fate struct {
	enqueued, written, failed, received, handled int
	dropped                                      int // by its sender
	discarded                                    int // by its receiver, who may do so for each subscriber
	subscribed                                   int // put into the queue of the first subscription
	delivered                                    int // to the first subscriber, as that saw it
	why                                          error
}

// String says it in short.
func (f *fate) String() string {
	return fmt.Sprintf("enqueued %d, written %d, failed to be written %d, dropped %d, received %d, handled %d, discarded %d, subscribed %d, delivered %d (%v)",
		f.enqueued, f.written, f.failed, f.dropped, f.received, f.handled, f.discarded, f.subscribed, f.delivered, f.why)
}

// fates returns what became of each data message, by its content and the one whom it was for. Contents are unique within a run, but for
// what one call sends to several.
func (w *world) fates() map[letter]*fate {
	fates := make(map[letter]*fate)
	of := func(content, to string) *fate {
		l := letter{content, to}
		if fates[l] == nil {
			fates[l] = &fate{}
		}
		return fates[l]
	}
	for _, e := range w.events() {
		if e.Step == nil || e.Step.Envelope == nil {
			continue
		}
		msg, err := e.Step.Envelope.ToGossipMessage()
		if err != nil || msg.GetDataMsg() == nil {
			continue
		}
		switch e.Step.Step {
		case trace.ConnReceived, trace.ConnHandle, trace.DemuxDelivered:
			of(payloadOf(e.Step.Envelope), e.Peer).observe(e.Step)
		case trace.ConnEnqueue, trace.ConnDrop, trace.ConnWritten:
			to := opposite(e)
			if byReceiver(e.Step) {
				to = e.Peer
			}
			of(payloadOf(e.Step.Envelope), to).observe(e.Step)
		}
	}
	for _, g := range w.guests {
		for _, content := range g.heard("") {
			of(content, g.Name).delivered++
		}
	}
	return fates
}

// letter is a message and the name of the one whom it is for.
type letter struct{ content, to string }

// opposite returns the name of the peer that the connection of an event leads to. In memory, both the endpoint that was dialled and the
// address that a stream comes from begin with it.
func opposite(e timeline.Event) string { return hostOf(e.Step.Object.Endpoint) }

// byReceiver reports whether a message was given up by the one who had received it: not from the send queue.
func byReceiver(e *trace.Event) bool { return e.Step == trace.ConnDrop && e.Queue.Name != "outBuff" }

func (f *fate) observe(e *trace.Event) {
	switch e.Step {
	case trace.ConnEnqueue:
		f.enqueued++
	case trace.ConnDrop:
		if byReceiver(e) {
			f.discarded++
		} else {
			f.dropped++
		}
		f.why = e.Err
	case trace.ConnWritten:
		if e.Err != nil {
			f.failed++
		} else {
			f.written++
		}
	case trace.ConnReceived:
		f.received++
	case trace.ConnHandle:
		f.handled++
	case trace.DemuxDelivered:
		if e.Number == 1 {
			f.subscribed++
		}
	}
}

// impossible says what no message may come to, in any run; nothing if the message came to none of that.
func (f *fate) impossible() string {
	switch {
	case f.delivered > 1:
		return "was delivered more than once"
	case f.dropped > 1:
		return "was given up more than once"
	case f.delivered == 1 && f.dropped == 1 && f.failed == 0:
		return "was given up, and delivered"
	case f.enqueued > 0 && f.dropped == 0 && f.written == 0:
		return "was left in a queue"
	case f.received > 0 && f.subscribed+f.discarded+f.dropped == 0:
		return "was given up by its receiver, and not counted"
	}
	return ""
}

// allArrive checks that each of the messages PREFIX 1 … PREFIX n that were accepted into a queue was delivered, in order. What was not
// accepted was dropped at once.
func (w *world) allArrive(to *guest, prefix string, n int) {
	var want []string
	fates := w.fates()
	for i := range n {
		content := fmt.Sprintf("%s %d", prefix, i+1)
		if f := fates[letter{content, to.Name}]; f != nil && f.enqueued > 0 {
			want = append(want, content)
			if f.delivered != 1 {
				w.broke("%q was accepted and did not arrive: %v", content, f)
			}
		} else {
			w.broke("%q was not accepted", content)
		}
	}
	if got := to.heard(prefix + " "); !slices.Equal(got, want) {
		w.broke("%s heard %q", to.Name, got)
	}
}

// agree checks that each of two peers has exactly one connection to the other in its store, and that the two are the ends of one
// stream.
func (w *world) agree(a, b *guest) {
	state := w.state()
	here, there := storedTo(state, a, b), storedTo(state, b, a)
	if len(here) != 1 || len(there) != 1 {
		w.broke("%s has %d connections to %s in its store, and %s has %d to %s", a.Name, len(here), b.Name, b.Name, len(there), a.Name)
		return
	}
	stream, found := state.StreamOf(here[0].Key)
	if !found || !stream.Joined() || !slices.Contains(stream.Ends(), there[0]) {
		w.broke("%s keeps its connection %d and %s its connection %d, which are not two ends of one stream",
			a.Name, here[0].Key.ID, b.Name, there[0].Key.ID)
	}
	for _, c := range []*timeline.Connection{here[0], there[0]} {
		if c.Close.Set() || c.Phase != timeline.PhaseEstablished {
			w.broke("connection %d of %s is in the store and %v", c.Key.ID, c.Key.Peer, c.Phase)
		}
	}
}

// storedTo returns the connections to remote in the store of g.
func storedTo(state *timeline.State, g, remote *guest) []*timeline.Connection {
	return slices.DeleteFunc(state.Peer(g.Name).Stored(), func(c *timeline.Connection) bool { return !bytes.Equal(c.PKIID, remote.PKIID) })
}

// works checks that messages pass both ways between peers that are at rest, over connections that are already there.
func (w *world) works(a, b *guest) {
	for _, way := range [][2]*guest{{a, b}, {b, a}} {
		content := fmt.Sprintf("at last from %s to %s", way[0].Name, way[1].Name)
		way[0].send(content, way[1].Remote())
		w.atRest()
		if n := len(way[1].heard(content)); n != 1 {
			w.broke("%q, sent when all was at rest, was delivered %d times: %v", content, n, w.fates()[letter{content, way[1].Name}])
		}
	}
}

// nobodyDied checks that nobody was presumed dead.
func (w *world) nobodyDied() {
	for _, e := range w.events() {
		if e.Step != nil && e.Step.Step == trace.DeadNotice {
			w.broke("event %d: %s presumes somebody dead (%v)", e.N, e.Peer, e.Step.Err)
		}
	}
}

// only checks that err is nil or one of those that a caller was promised.
func (w *world) only(what string, err error, promised ...error) {
	if err != nil && !slices.ContainsFunc(promised, func(p error) bool { return errors.Is(err, p) }) {
		w.broke("%s: %v", what, err)
	}
}

// traffic is what one peer sends to another: messages PREFIX 1 … PREFIX n.
type traffic struct {
	from, to *guest
	remote   *comm.RemotePeer // to, as far as from knows him
	prefix   string
}

func trafficTo(from, to *guest) traffic {
	return traffic{from, to, to.Remote(), from.Name + " to " + to.Name}
}

// blindly makes it traffic of which from knows only where to is, not who.
func (y traffic) blindly() traffic {
	y.remote = &comm.RemotePeer{Endpoint: y.to.Endpoint}
	y.prefix = "blindly " + y.prefix
	return y
}

// simultaneousDial: peers that have no connection yet send to each other at the same time. Whoever wins, one connection remains for
// each pair, both ends agree on it, and nothing that was accepted is lost (contract S2).
func simultaneousDial(w *world) {
	a, b := w.guest("A"), w.guest("B")
	ab, ba := trafficTo(a, b), trafficTo(b, a)
	ways := []traffic{ab, ba}
	pairs := [][2]*guest{{a, b}}
	n := 1 + w.random.IntN(4)
	acks := false
	switch w.random.IntN(8) {
	case 0: // a triangle
		c := w.guest("C")
		ways = append(ways, trafficTo(b, c), trafficTo(c, b), trafficTo(a, c), trafficTo(c, a))
		pairs = append(pairs, [2]*guest{b, c}, [2]*guest{a, c})
	case 1: // one knows only where the other is
		ways = []traffic{ab.blindly(), ba}
	case 2: // or the other one does
		ways = []traffic{ab, ba.blindly()}
	case 3: // neither knows more
		ways = []traffic{ab.blindly(), ba.blindly()}
	case 4: // one sends both ways
		ways = []traffic{ab, ab.blindly(), ba}
	case 5: // they go on for so long that they send during the dials, during the verdict, and afterwards
		n = 15
	case 6: // each waits for an acknowledgement
		acks = true
	}
	for _, y := range ways {
		w.actor(y.prefix, func() { y.from.sendMany(y.prefix, n, y.remote) })
		if acks {
			w.actor(y.prefix+", with ack", func() { w.acknowledged(y) })
		}
	}
	w.wait()
	w.rest()
	for _, pair := range pairs {
		w.agree(pair[0], pair[1])
		w.works(pair[0], pair[1])
		w.agree(pair[0], pair[1])
	}
	for _, y := range ways {
		w.allArrive(y.to, y.prefix, n)
	}
	w.nobodyDied()
}

// acknowledged checks that a message that is sent with an acknowledgement gets it.
func (w *world) acknowledged(y traffic) {
	w.turn(y.from.Name, "sends with ack")
	results := y.from.Comm.SendWithAck(data("acked "+y.prefix), 20*time.Second, 1, y.remote)
	if len(results) != 1 || results[0].Unwrap() != nil {
		w.broke("%s, with ack: %v", y.prefix, results)
	}
}

// dialBesideTimeouts: like simultaneousDial, but every timeout of the layer may run out in the middle of it. Then dials fail and peers are
// presumed dead; yet every message is accounted for, and afterwards the two can talk.
func dialBesideTimeouts(w *world) {
	a, b := w.guest("A"), w.guest("B")
	n := 1 + w.random.IntN(3)
	w.actor("A to B", func() { a.sendMany("A to B", n, b.Remote()) })
	w.actor("B to A", func() { b.sendMany("B to A", n, a.Remote()) })
	jumps := 1 + w.random.IntN(4)
	w.actor("lets time pass", func() {
		for i := range jumps {
			w.timePasses(fmt.Sprintf("time passes %d", i+1))
		}
	})
	w.wait()
	w.rest()
	w.accounted(a, b, true)
	w.accounted(b, a, true)
	w.works(a, b)
	w.agree(a, b)
	w.rest()
	if left := w.timeouts(); left > 0 {
		w.broke("%d timers are left", left)
	}
}

// reconnectDuringTeardown: one closes the connection and sends again at once, while the other is sending. In the end there is a fresh
// connection that works both ways: the end of the old stream has not taken its successor with it (contract S1).
func reconnectDuringTeardown(w *world) {
	a, b := w.guest("A"), w.guest("B")
	if w.random.IntN(2) == 0 {
		w.meet(a, b)
	} else {
		w.meet(b, a)
	}
	before, after, back := w.random.IntN(4), 1+w.random.IntN(3), w.random.IntN(4)
	w.actor("A closes", func() {
		a.sendMany("ask before", before, b.Remote())
		a.closeConn(b, "closes")
		a.sendMany("after", after, b.Remote())
	})
	w.actor("B sends", func() { b.sendMany("back", back, a.Remote()) })
	w.wait()
	w.rest()
	w.agree(a, b)
	w.works(a, b)
	w.agree(a, b)
	w.drained(a)
	w.nobodyDied()
}

// restartDuringSend: a peer stops, or is killed, and comes back under the same name, while another sends to it, and sends to that one at
// once. It is never locked out by what the other still believes of its former life.
func restartDuringSend(w *world) {
	a, b := w.guest("A"), w.guest("B")
	switch w.random.IntN(3) {
	case 0:
		w.meet(a, b)
	case 1:
		w.meet(b, a)
	}
	w.killed = w.random.IntN(2) == 0
	n := 1 + w.random.IntN(4)
	w.actor("A to B", func() { a.sendMany("A to B", n, b.Remote()) })
	w.actor("restarts", func() {
		b.sendMany("B to A", w.random.IntN(2), a.Remote())
		w.turn("B", "ends")
		if w.killed {
			b.Kill()
		} else {
			b.Stop()
		}
		w.turn("B", "comes back")
		p, err := w.lab.Restart(b.Peer)
		if err != nil {
			w.broke("B did not come back: %v", err)
			return
		}
		b = w.host(p)
		b.sendMany("B again to A", n, a.Remote())
	})
	w.wait()
	w.rest()
	w.works(a, b)
	w.agree(a, b)
}

// stopDuringEverything: Stop comes while each of the other methods is under way, and a stranger dials. Stop returns, every call does,
// and nothing of the peer runs afterwards (contracts S12, S13).
func stopDuringEverything(w *world) {
	a, b, c := w.guest("A"), w.guest("B"), w.guest("C")
	if w.random.IntN(2) == 0 {
		w.meet(a, b)
	} else {
		w.meet(b, a)
	}
	w.actor("sends", func() { a.sendMany("A to B", 3, b.Remote()) })
	w.actor("sends, dialling", func() { a.sendMany("A to C", 2, c.Remote()) })
	w.actor("is sent to", func() { b.sendMany("ask", 2, a.Remote()) })
	w.actor("is dialled", func() { c.sendMany("C to A", 2, a.Remote()) })
	w.actor("wants an ack", func() {
		w.turn("A", "sends with ack")
		for _, result := range a.Comm.SendWithAck(data("acked"), 4*time.Second, 2, b.Remote(), c.Remote()) {
			w.only("SendWithAck", result.Unwrap(), comm.ErrStopped, comm.ErrClosed, comm.ErrAckTimeout)
		}
	})
	w.actor("shakes hands", func() {
		w.turn("A", "shakes hands")
		_, err := a.Comm.Handshake(c.Remote())
		w.only("Handshake", err, comm.ErrStopped)
	})
	w.actor("probes", func() {
		w.turn("A", "probes")
		w.only("Probe", a.Comm.Probe(b.Remote()), comm.ErrStopped)
	})
	w.actor("subscribes", func() {
		w.turn("A", "subscribes")
		a.subscribe(2)
	})
	w.actor("closes", func() { a.closeConn(b, "closes") })
	w.actor("stops", func() {
		w.turn("A", "stops")
		a.Stop()
	})
	w.wait()
	w.rest()
	if phase := w.state().Peer("A").Phase; phase != timeline.PeerDead {
		w.broke("A has stopped and is %v", phase)
	}
	for _, e := range w.events() {
		if e.Peer == "A" && e.Step != nil && e.Step.Step == trace.DeadNotice {
			w.broke("event %d: A, which stops, presumes somebody else dead", e.N)
		}
	}
	for _, other := range []*guest{b, c} {
		if n := len(storedTo(w.state(), other, a)); n != 0 {
			w.broke("%s still has %d connections to A", other.Name, n)
		}
	}
}

// acceptBesideStop: whoever subscribes before, during or after Stop gets a channel that is closed in the end (contract S14); that it is,
// world.close waits for.
func acceptBesideStop(w *world) {
	a, b := w.guest("A"), w.guest("B")
	if w.random.IntN(2) == 0 {
		w.meet(b, a)
	}
	w.actor("sends", func() { b.sendMany("B to A", 3, a.Remote()) })
	for i := range 3 {
		name := fmt.Sprintf("subscribes %d", i+2)
		w.actor(name, func() {
			w.turn("A", name)
			a.subscribe(i + 2)
		})
	}
	for i := range 2 {
		name := fmt.Sprintf("stops %d", i+1)
		w.actor(name, func() {
			w.turn("A", name)
			a.Comm.Stop()
			if state := w.state(); !state.Peer("A").Stopped.Set() {
				w.broke("%s: Stop returned before it was done", name)
			}
		})
	}
	w.wait()
	w.rest()
}

// closeBesideSend: a connection is closed, by the one end or the other, while messages are sent over it or while it is still dialled. Each
// of them is accounted for: delivered, or given up and counted; and SendWithAck says what became of its message, in time.
func closeBesideSend(w *world) {
	const timeout = 4 * time.Second
	a, b := w.guest("A"), w.guest("B")
	switch w.random.IntN(3) {
	case 0:
		w.meet(a, b)
	case 1:
		w.meet(b, a)
	}
	closer, other := a, b
	if w.random.IntN(2) == 0 {
		closer, other = b, a
	}
	n := 1 + w.random.IntN(5)
	w.actor("sends", func() { a.sendMany("A to B", n, b.Remote()) })
	w.actor("wants an ack", func() {
		w.turn("A", "sends with ack")
		start := time.Now()
		results := a.Comm.SendWithAck(data("acked"), timeout, 1, b.Remote())
		if took := time.Since(start); took > timeout {
			w.broke("SendWithAck took %v", took)
		}
		if len(results) != 1 {
			w.broke("SendWithAck gave %d results", len(results))
		}
		for _, result := range results {
			w.only("SendWithAck", result.Unwrap(), comm.ErrClosed, comm.ErrPeerClosed)
		}
	})
	w.actor("closes", func() { closer.closeConn(other, "closes") })
	w.wait()
	w.rest()
	w.accounted(a, b, closer == b)
	w.drained(a)
	w.nobodyDied()
	w.works(a, b)
	w.agree(a, b)
}

// accounted checks that each message from a to b was delivered, or given up by somebody who has counted it. Only if b has closed may one
// have been on the way, where nobody can count it.
func (w *world) accounted(a, b *guest, lostOnTheWay bool) {
	for l, f := range w.fates() {
		if l.to != b.Name || f.delivered+f.dropped+f.discarded > 0 {
			continue
		}
		if f.written == 0 || !lostOnTheWay {
			w.broke("%q from %s is neither delivered nor given up: %v", l.content, a.Name, f)
		}
	}
}

// drained checks that what g had accepted before it closed a connection that it had dialled has been delivered.
func (w *world) drained(g *guest) {
	fates := w.fates()
	accepted := make(map[uint64][]letter) // connection → messages
	serving := make(map[uint64]bool)
	for _, e := range w.events() {
		if e.Peer != g.Name || e.Step == nil || e.Step.Object.Role != trace.Initiator {
			continue
		}
		id := e.Step.Object.ID
		switch e.Step.Step {
		case trace.ConnServe:
			serving[id] = true
		case trace.ConnEnqueue:
			accepted[id] = append(accepted[id], letter{payloadOf(e.Step.Envelope), opposite(e)})
		case trace.ConnClose:
			if !serving[id] || !strings.Contains(e.Step.Detail, "closed by this side") {
				continue
			}
			for _, l := range accepted[id] {
				if f := fates[l]; f != nil && f.delivered != 1 {
					w.broke("%q was accepted before %s closed connection %d, and not delivered: %v", l.content, g.Name, id, f)
				}
			}
		}
	}
}

// ackBesideTimeout: the acknowledgements arrive around the moment at which their time is over. Each result is the one or the other, an
// acknowledgement that was taken counts, and nothing of the wait remains (contracts S5, S23).
func ackBesideTimeout(w *world) {
	const timeout = 4 * time.Second
	a, b, c := w.guest("A"), w.guest("B"), w.guest("C")
	w.meet(a, b)
	w.meet(c, a)
	remotes := []*comm.RemotePeer{b.Remote(), c.Remote()}
	minAck := w.random.IntN(3)
	w.rest() // what the two connections began with is over
	before := w.timeouts()
	var results comm.AggregatedSendResult
	w.actor("wants an ack", func() {
		w.turn("A", "sends with ack")
		results = a.Comm.SendWithAck(data("acked"), timeout, minAck, remotes...)
	})
	w.actor("sends", func() { a.sendMany("A to B", 3, b.Remote()) })
	w.actor("lets time pass", func() {
		for i := range 3 {
			w.timePasses(fmt.Sprintf("time passes %d", i+1))
		}
	})
	w.wait()
	w.atRest()
	if left := w.timeouts(); left > before {
		w.broke("%d timers are left of SendWithAck", left-before)
	}
	seen := make(map[string]bool)
	for _, result := range results {
		w.only("SendWithAck", result.Unwrap(), comm.ErrAckTimeout)
		if seen[result.Endpoint] {
			w.broke("SendWithAck has two results for %s", result.Endpoint)
		}
		seen[result.Endpoint] = true
	}
	w.rest()
	w.resultsMatch(results, minAck)
}

// resultsMatch compares what SendWithAck returned with the acknowledgements that the board has taken.
func (w *world) resultsMatch(results comm.AggregatedSendResult, minAck int) {
	taken := make(map[string]bool)
	for _, e := range w.events() {
		if e.Peer == "A" && e.Step != nil && e.Step.Step == trace.AckPublish && e.Step.Err == nil {
			taken[string(e.Step.Peer)] = true
		}
	}
	if minAck > 0 {
		for _, result := range results {
			if acked := result.Unwrap() == nil; acked != taken[string(result.PKIID)] {
				w.broke("the result of %s is %v, an acknowledgement was taken: %v", result.Endpoint, result.Unwrap(), taken[string(result.PKIID)])
			}
		}
	}
	enough := minAck > 0 && results.AckCount() >= minAck
	if len(results) != 2 && !enough {
		w.broke("SendWithAck gave %d results, %d of them good, and needed %d", len(results), results.AckCount(), cmp.Or(minAck, 2))
	}
}
