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
	return fmt.Sprintf("enqueued %d, written %d, failed to be written %d, dropped %d, received %d, handled %d, discarded %d, "+
		"subscribed %d, delivered %d (%v)", f.enqueued, f.written, f.failed, f.dropped, f.received, f.handled, f.discarded, f.subscribed, f.delivered, f.why)
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
