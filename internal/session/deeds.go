package session

// What a person does with peers, through their own methods.

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"gossipscope/comm"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

func (p *plan) send() ([]func(), error) {
	peer, remotes, err := p.pair()
	if err != nil {
		return nil, err
	}
	content := p.content()
	return []func(){func() { p.sendAll(peer, content, remotes) }}, nil
}

// sendAll has a peer send a message to others, in their order.
func (l *Live) sendAll(peer *lab.Peer, content string, remotes []*comm.RemotePeer) {
	for _, remote := range remotes {
		var err error
		l.perform(peer.Name, string(Send), func() { err = peer.Send(content, remote) })
		l.report(err, says.notSent, peer.Name)
	}
}

func (p *plan) sendWithAck() ([]func(), error) {
	peer, remotes, err := p.pair()
	if err != nil {
		return nil, err
	}
	timeout, err := within(p.act.Timeout, DefaultTimeout, 1, MaxWait, says.timeout)
	if err != nil {
		return nil, err
	}
	content := p.content()
	return []func(){func() {
		p.perform(peer.Name, string(SendWithAck), func() { peer.SendWithAck(content, timeout, p.act.MinAck, remotes...) })
	}}, nil
}

func (p *plan) flood() ([]func(), error) {
	peer, remotes, err := p.pair()
	if err != nil {
		return nil, err
	}
	count, err := within(p.act.Count, DefaultFlood, 1, MaxFlood, says.count)
	if err != nil {
		return nil, err
	}
	content := p.content()
	return []func(){func() {
		for i := 1; i <= count && !isOver(peer) && p.life.Err() == nil; i++ {
			p.sendAll(peer, fmt.Sprintf("%s %d/%d", content, i, count), remotes)
		}
	}}, nil
}

// eachTarget does something with each of the targets, on goroutines of their own.
func (p *plan) eachTarget(do func(*lab.Peer, *comm.RemotePeer)) ([]func(), error) {
	peer, remotes, err := p.pair()
	if err != nil {
		return nil, err
	}
	var run []func()
	for _, remote := range remotes {
		run = append(run, func() {
			p.perform(peer.Name, string(p.act.Verb), func() { do(peer, remote) })
		})
	}
	return run, nil
}

// What comes of a Probe and of a Handshake, their steps tell.
func (p *plan) probe() ([]func(), error) {
	return p.eachTarget(func(peer *lab.Peer, remote *comm.RemotePeer) { peer.Probe(remote) })
}

func (p *plan) handshake() ([]func(), error) {
	return p.eachTarget(func(peer *lab.Peer, remote *comm.RemotePeer) { peer.Handshake(remote) })
}

func (p *plan) closeConn() ([]func(), error) {
	peer, remotes, err := p.pair()
	if err != nil {
		return nil, err
	}
	for i, remote := range remotes {
		if !p.connected(peer, remote) {
			return nil, refuse(NotConnected, peer.Name, text.Printable(p.act.Targets[i]))
		}
	}
	return p.eachTarget(func(peer *lab.Peer, remote *comm.RemotePeer) { peer.CloseConn(remote) })
}

// dialBoth has both ends send: neither has a connection, so both dial. Two goroutines wait for each other before they begin.
func (p *plan) dialBoth() ([]func(), error) {
	if len(p.act.Targets) != 1 {
		return nil, refuse(NoTarget)
	}
	a, remotes, err := p.pair()
	if err != nil {
		return nil, err
	}
	b, err := p.living(p.act.Targets[0])
	if err != nil {
		return nil, err
	}
	if p.finds(a, remotes[0]) || p.finds(b, a.Remote()) {
		return nil, refuse(AlreadyConnected, a.Name, b.Name)
	}
	var both sync.WaitGroup
	both.Add(2)
	meet := func() { both.Done(); both.Wait() }
	content := func(from *lab.Peer) string { return cmp.Or(p.act.Content, "from "+from.Name) }
	return []func(){
		func() { meet(); p.sendAll(a, content(a), remotes) },
		func() { meet(); p.sendAll(b, content(b), []*comm.RemotePeer{a.Remote()}) },
	}, nil
}

func (p *plan) stop() ([]func(), error) { return p.end((*lab.Peer).Stop) }
func (p *plan) kill() ([]func(), error) { return p.end((*lab.Peer).Kill) }

func (p *plan) end(how func(*lab.Peer)) ([]func(), error) {
	peer, err := p.peer()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.ending[peer] = true
	p.mu.Unlock()
	return []func(){func() {
		p.perform(peer.Name, string(p.act.Verb), func() { how(peer) })
	}}, nil
}

func (p *plan) restart() ([]func(), error) {
	name := p.act.Peer
	peer := p.lab.Peer(name)
	switch {
	case peer == nil:
		return nil, refuse(NoSuchPeer, text.Printable(name))
	case !isOver(peer) && p.isStopping(peer):
		return nil, refuse(PeerStopping, name)
	case !isOver(peer):
		return nil, refuse(PeerAlive, name)
	}
	p.mu.Lock()
	old := p.subscribers[peer]
	p.mu.Unlock()
	return []func(){func() {
		var again *lab.Peer
		var err error
		p.perform(name, string(Restart), func() { again, err = p.lab.Restart(peer) })
		if err == nil && old != nil && old.answers {
			p.subscribe(again, true).begin()
		}
		p.report(err, says.notRestarted, name)
	}}, nil
}

// organisation returns the MSP ID of an organisation by its number, and the names that its peers may have.
func organisation(number int) (mspID string, names []string) {
	mspID = fmt.Sprintf("Org%d", number)
	for r := 'A'; r <= 'P'; r++ {
		if identity, err := lab.FixedIdentity(string(r)); err == nil && identity.MSPID() == mspID {
			names = append(names, string(r))
		}
	}
	return mspID, names
}

// addPeer brings one more peer into the world. In a lesson it takes the last of the names, since the lesson may come to need the first.
func (p *plan) addPeer() ([]func(), error) {
	number, err := within(p.act.Organisation, 1, 1, 2, says.organisation)
	if err != nil {
		return nil, err
	}
	mspID, names := organisation(number)
	if p.lesson {
		slices.Reverse(names)
	}
	name := p.claim(names, p.now())
	if name == "" {
		return nil, refuse(NoNameLeft, mspID)
	}
	return []func(){func() {
		if err := p.bear(name); err != nil {
			p.mu.Lock()
			delete(p.names, name)
			p.mu.Unlock()
			p.report(err, says.notAdded, name)
		}
	}}, nil
}

// claim returns the first of the names that nobody has had yet, "" if there is none, and sees to it that nobody else gets it.
func (l *Live) claim(names []string, st *timeline.State) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		if !l.names[name] && st.Peer(name) == nil {
			l.names[name] = true
			return name
		}
	}
	return ""
}

// bear makes a peer with a subscriber.
func (l *Live) bear(name string) error {
	peer, err := l.lab.NewPeer(name, lab.PeerConfig{})
	if err != nil {
		return err
	}
	l.subscribe(peer, true).begin()
	return nil
}
