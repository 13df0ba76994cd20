// Package stand is the test stand of the exercises: real peers in memory, in virtual time, for a check to try.
package stand

import (
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

// Stand is where the peers of one check live.
type Stand struct {
	*testing.T
	Lab *lab.Lab
}

// Run runs a check in a bubble (see testing/synctest): a timeout of a minute takes no time, and synctest.Wait waits until nothing
// moves any more. When the check returns, all peers are stopped, and nothing of them may be left.
func Run(t *testing.T, check func(s *Stand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			time.Sleep(time.Minute) // whatever the check has begun comes to its end, and gRPC's own goroutines to rest
			lb.Close()
			recorder.Close()
		}()
		check(&Stand{T: t, Lab: lb})
	})
}

// Peer makes a peer: A to H are of Org1, I to P of Org2. What conf does not say has its default.
func (s *Stand) Peer(name string, conf comm.Config) *lab.Peer {
	s.Helper()
	p, err := s.Lab.NewPeer(name, lab.PeerConfig{Comm: conf})
	if err != nil {
		s.Fatal(err)
	}
	return p
}
