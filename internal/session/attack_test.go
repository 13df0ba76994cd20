package session

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// refusals returns the words with which a peer has refused streams.
func refusals(st *timeline.State, name string) (words []string) {
	for _, c := range st.Peer(name).Connections {
		if c.Refused.Failed {
			words = append(words, c.Refused.Reason)
		}
	}
	return words
}

// Each trick must be stopped by the check that it is made for, whoever the victim is: also one whose identity it would have borrowed.
func TestEachTrickIsStoppedByItsCheck(t *testing.T) {
	checks := map[Trick]error{
		NoCertificate: comm.ErrNoTLSCertificate, Silence: comm.ErrHandshakeTimeout, Garbage: comm.ErrMalformed, NotAHandshake: comm.ErrWrongType,
		NoPKIID: comm.ErrNoPKIID, WrongPKIID: comm.ErrIdentity, ForeignCA: comm.ErrIdentity, Expired: comm.ErrIdentity, Replayed: comm.ErrCertHash,
		SwappedCertificate: comm.ErrCertHash, WrongKey: comm.ErrSignature,
	}
	for _, victim := range []string{"A", "B", "I"} {
		for _, trick := range Tricks() {
			t.Run(victim+" "+string(trick), func(t *testing.T) {
				inFreeSandbox(t, func(t *testing.T, l *Live) {
					must(t, l, Act{Verb: Handshake, Peer: map[string]string{"A": "B", "B": "I", "I": "A"}[victim], Targets: []string{victim}})
					synctest.Wait()
					must(t, l, Act{Verb: Attack, Peer: victim, Trick: trick})
					synctest.Wait()
					for l.JumpToNext() {
						synctest.Wait()
					}
					st := l.Recorder().State()
					if trick == NoTLS {
						if shakes := st.Peer(victim).Handshakes; len(shakes) != 2 || !shakes[1].Failed {
							t.Errorf("TLS handshakes: %+v", shakes)
						}
						return
					}
					words := refusals(&st, victim)
					if len(words) != 1 || !errors.Is(&comm.RefusedError{Words: words[0]}, checks[trick]) {
						t.Errorf("refused with %q, want %q", words, checks[trick])
					}
					if c := st.Peer(victim).Connections[1]; bytes.Equal(c.PKIID, st.Peer(victim).Birth.PKIID) {
						t.Errorf("the intruder calls itself by the name of its victim")
					}
					if slices.ContainsFunc(st.Lines, func(line *timeline.Line) bool { return line.Open }) {
						t.Error("the intruder has not hung up")
					}
				})
			})
		}
	}
}

func TestNothingIsReplayedBeforeThereIsSomething(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		replay := Act{Verb: Attack, Peer: "B", Trick: Replayed}
		if err := l.Do(replay); !errors.Is(err, NothingToReplay) {
			t.Errorf("a replay of nothing gave %v", err)
		}
		must(t, l, Act{Verb: Handshake, Peer: "B", Targets: []string{"A"}})
		synctest.Wait()
		st := l.Recorder().State()
		heard := func(name string) *proto.Envelope { return st.Peer(name).Connections[0].Incoming()[0].Envelope }
		for victim, want := range map[string]*proto.Envelope{"A": heard("A"), "B": heard("B"), "I": heard("B")} {
			if got := recorded(&st, l.lab.Peer(victim)); got != want {
				t.Errorf("to %s is replayed %v, want %v", victim, got, want)
			}
		}
		must(t, l, replay)
	})
}

// One stranger makes all attacks. He hangs up when the last is over, not when the first is.
func TestAttacksMayOverlap(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		must(t, l, Act{Verb: Attack, Peer: "A", Trick: Silence})
		must(t, l, Act{Verb: Attack, Peer: "B", Trick: Garbage})
		synctest.Wait()
		st := l.Recorder().State()
		if len(refusals(&st, "A")) != 0 || len(refusals(&st, "B")) != 1 {
			t.Fatalf("refused by A: %q, by B: %q", refusals(&st, "A"), refusals(&st, "B"))
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		st = l.Recorder().State()
		if words := refusals(&st, "A"); len(words) != 1 || !errors.Is(&comm.RefusedError{Words: words[0]}, comm.ErrHandshakeTimeout) {
			t.Errorf("A has refused with %q: the silent stream was ended before its time", words)
		}
		births := 0
		for _, p := range st.Peers {
			if p.Birth.Intruder {
				births++
			}
		}
		if births != 1 {
			t.Errorf("%d intruders were made", births)
		}
	})
}

func TestThePersonChoosesWhoIsDeceived(t *testing.T) {
	inFreeSandbox(t, func(t *testing.T, l *Live) {
		for _, victim := range []string{"A", "B", "A"} {
			must(t, l, Act{Verb: Attack, Peer: victim, Trick: SwappedCertificate, Targets: []string{"I"}})
			synctest.Wait()
		}
		want := []string{"Z attack A swapped certificate", "I handshake A ", "Z2 attack B swapped certificate", "I handshake B ",
			"Z attack A swapped certificate", "I handshake A "}
		if got := acts(l); !slices.Equal(got[3:], want) { // after the three subscriptions
			t.Errorf("recorded %q, want %q", got[3:], want)
		}
	})
}

// An attack that is under way, and held at every step of its victim, is one of the things that Close must end.
func TestASessionIsClosedInTheMiddleOfAnAttack(t *testing.T) {
	for _, trick := range Tricks() {
		for steps := range 6 {
			inSandbox(t, func(t *testing.T, l *Live) {
				if trick == Replayed {
					l.SetStepping(false)
					must(t, l, Act{Verb: Handshake, Peer: "A", Targets: []string{"B"}})
					synctest.Wait()
					l.SetStepping(true)
				}
				must(t, l, Act{Verb: Attack, Peer: "B", Trick: trick})
				for range steps {
					synctest.Wait()
					l.ReleaseNext()
				}
				l.Close()
			})
		}
	}
}
