//go:build exercise

package comm2

import (
	"errors"
	"strings"
	"testing"

	"gossipscope/comm"
	"gossipscope/internal/lab"
	"gossipscope/walkthroughs/exercises/stand"
)

const limit = 1 << 16

// refused checks that no peer can be made with this configuration, and that the error names these fields and no others.
func refused(s *stand.Stand, conf comm.Config, fields ...string) {
	s.Helper()
	_, err := s.Lab.NewPeer("A", lab.PeerConfig{Comm: conf})
	if err == nil {
		s.Fatalf("a peer was made, though %s cannot be: the process will die when it makes that queue", strings.Join(fields, " and "))
	}
	if !errors.Is(err, comm.ErrConfig) {
		s.Errorf("%v: errors.Is does not find ErrConfig in it", err)
	}
	named := map[string]bool{}
	for _, field := range fields {
		named[field] = true
	}
	for _, field := range []string{"DialTimeout", "ConnTimeout", "SendBuffSize", "RecvBuffSize", "MaxMessageSize"} {
		if strings.Contains(err.Error(), field) != named[field] {
			s.Errorf("%q: want all of %s named, and nothing else", err, strings.Join(fields, ", "))
			return
		}
	}
}

func TestAbsurdQueuesAreRefusedByName(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		refused(s, comm.Config{SendBuffSize: 1 << 40}, "SendBuffSize")
		refused(s, comm.Config{RecvBuffSize: 1 << 40}, "RecvBuffSize")
		refused(s, comm.Config{SendBuffSize: limit + 1}, "SendBuffSize")
		refused(s, comm.Config{RecvBuffSize: limit + 1}, "RecvBuffSize")
	})
}

func TestAllFaultsOfAConfigAreToldAtOnce(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		refused(s, comm.Config{SendBuffSize: 1 << 40, RecvBuffSize: 1 << 40}, "SendBuffSize", "RecvBuffSize")
		refused(s, comm.Config{DialTimeout: -1, RecvBuffSize: 1 << 40}, "DialTimeout", "RecvBuffSize")
		refused(s, comm.Config{SendBuffSize: -1, RecvBuffSize: 1 << 40, MaxMessageSize: -1}, "SendBuffSize", "RecvBuffSize", "MaxMessageSize")
	})
}

func TestWhatCanBeStillCan(t *testing.T) {
	stand.Run(t, func(s *stand.Stand) {
		b := s.Peer("B", comm.Config{})
		for name, conf := range map[string]comm.Config{
			"C": {},
			"D": {SendBuffSize: limit, RecvBuffSize: limit},
			"E": {MaxMessageSize: 100 << 20, MaxPendingStreams: 1 << 20, MaxPendingPerHost: 1 << 20},
		} {
			p, err := s.Lab.NewPeer(name, lab.PeerConfig{Comm: conf})
			if err != nil {
				s.Errorf("%v: this configuration can be used", err)
				continue
			}
			if _, err := p.Handshake(b.Remote()); err != nil {
				s.Error(err)
			}
		}
	})
}
