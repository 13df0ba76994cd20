package identity

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
)

func everybody(api.PeerIdentityType) bool { return true }

func TestWhatIsPutInIsFoundAgain(t *testing.T) {
	b := newBench(t)
	b.put("alice")
	if !b.knows("alice") {
		t.Error("alice is not known")
	}
	_, err := b.Get(b.id("bob"))
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), b.id("bob").String()) {
		t.Errorf("Get of an unknown PKI-ID returned %v, want an ErrNotFound that names it", err)
	}
}

func TestPutRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.crypto.revoke("revoked")
		b.crypto.expireAt(time.Now().Add(-time.Second), "expired")
		for _, test := range []struct {
			name     string
			pkiID    common.PKIidType
			identity string
			want     error // nil: any
		}{
			{"no PKI-ID", nil, "alice", nil},
			{"an empty PKI-ID", common.PKIidType{}, "alice", nil},
			{"no identity", b.id("alice"), "", nil},
			{"an identity that cannot be parsed", b.id("garbled"), "garbled", nil},
			{"another's PKI-ID", b.id("alice"), "bob", ErrPKIIDMismatch},
			{"the identity as its own PKI-ID", common.PKIidType("alice"), "alice", ErrPKIIDMismatch},
			{"an invalid identity", b.id("revoked"), "revoked", errRevoked},
			{"an expired identity that still validates", b.id("expired"), "expired", ErrExpired},
		} {
			err := b.Put(test.pkiID, api.PeerIdentityType(test.identity))
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%s: Put returned %v, want %v", test.name, err, test.want)
			}
			if _, err := b.Get(test.pkiID); err == nil {
				t.Errorf("%s: Put has kept what it refused", test.name)
			}
		}
		if got := b.clock.Load(); got != 1 {
			t.Errorf("%d timers armed, want only the scan's", got)
		}
	})
}

func TestFirstIdentityOfAPKIIDStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.crypto.expireAt(time.Now().Add(time.Minute), "alice, second issue")
		b.put("alice", "alice, second issue")
		if !b.knows("alice") {
			t.Error("the first identity was replaced")
		}
		if got := b.clock.Load(); got != 1 {
			t.Errorf("%d timers armed, want only the scan's", got)
		}
	})
}

func TestCallerMayReuseHisSlicesAfterPut(t *testing.T) {
	b := newBench(t)
	pkiID, identity := b.id("alice"), api.PeerIdentityType("alice")
	if err := b.Put(pkiID, identity); err != nil {
		t.Fatal(err)
	}
	clear(pkiID)
	clear(identity)
	if !b.knows("alice") {
		t.Error("alice has changed with the caller's slices")
	}
}

func TestSignatureIsVerifiedUnderTheIdentityOfThePKIID(t *testing.T) {
	b := newBench(t)
	b.put("alice")
	signature, err := b.Sign([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(b.id("self"), signature, []byte("hello")); err != nil {
		t.Errorf("own signature: %v", err)
	}
	if err := b.Verify(b.id("alice"), signature, []byte("hello")); err == nil {
		t.Error("own signature was accepted as that of alice")
	}
	if err := b.Verify(b.id("bob"), signature, []byte("hello")); !errors.Is(err, ErrNotFound) {
		t.Errorf("signature of an unknown peer: %v, want ErrNotFound", err)
	}
}

func TestConstructorRefusesWhatEverybodyElseWouldRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crypto, clock := newCryptoDouble(), new(armedTimers)
		crypto.revoke("revoked")
		crypto.expireAt(time.Now().Add(-time.Second), "expired")
		for _, test := range []struct {
			self      string
			threshold time.Duration
			want      error // nil: any
		}{
			{"revoked", 0, errRevoked},
			{"expired", 0, ErrExpired},
			{"", 0, nil},
			{"self", -time.Second, nil},
			{"self", time.Nanosecond, nil},
		} {
			conf := Config{UsageThreshold: test.threshold, AfterFunc: clock.AfterFunc}
			_, err := NewIdentityMapper(crypto, api.PeerIdentityType(test.self), nil, conf)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("own identity %q, threshold %v: %v, want %v", test.self, test.threshold, err, test.want)
			}
		}
		if got := clock.Load(); got != 0 {
			t.Errorf("%d timers left by constructors that failed", got)
		}
	})
}

func TestIdentityIsPurgedRightAfterItsExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.crypto.expireAt(time.Now().Add(time.Minute), "alice")
		b.put("alice", "bob")

		time.Sleep(time.Minute) // alice is valid to the last moment of this minute, inclusive
		synctest.Wait()
		if !b.knows("alice") {
			t.Error("alice was purged too early")
		}
		time.Sleep(expiryGrace)
		synctest.Wait()
		if b.knows("alice") || !b.knows("bob") {
			t.Error("want alice purged and bob not")
		}
		if diff := cmp.Diff(map[string]int{"alice": 1}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged (-want +got):\n%s", diff)
		}
	})
}

func TestUnusedIdentityIsPurgedAndUsedOnesStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		time.Sleep(time.Minute) // not in step with the scans
		b.put("forgotten", "read", "verified")
		start := time.Now()
		for time.Since(start) < defaultUsageThreshold {
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			if _, purged := b.purgedSoFar()["forgotten"]; purged {
				t.Fatalf("purged after %v already", time.Since(start))
			}
			b.knows("read")
			if err := b.Verify(b.id("verified"), []byte("verified signed x"), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(defaultUsageThreshold / scansPerThreshold)
		synctest.Wait()
		if diff := cmp.Diff(map[string]int{"forgotten": 1}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged after 1.1 thresholds (-want +got):\n%s", diff)
		}
		time.Sleep(2 * defaultUsageThreshold)
		synctest.Wait()
		if diff := cmp.Diff(map[string]int{"forgotten": 1, "read": 1, "verified": 1}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged in the end (-want +got):\n%s", diff)
		}
	})
}

func TestUseBetweenTheDecisionAndThePurgeSavesTheIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("alice")
		is := b.Mapper.(*identityMapperImpl)
		entry := is.entries[string(b.id("alice"))]
		entry.scansUnused.Store(scansPerThreshold + 1)
		if !entry.unused() {
			t.Fatal("alice should be due")
		}
		b.knows("alice") // the use
		is.purge(entry, entry.unused)
		if diff := cmp.Diff(map[string]int{}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged (-want +got):\n%s", diff)
		}
	})
}

func TestOwnIdentityIsNeverPurged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, crypto: newCryptoDouble(), clock: new(armedTimers)}
		b.crypto.expireAt(time.Now().Add(time.Minute), "self")
		b.start()
		time.Sleep(3 * defaultUsageThreshold)
		b.crypto.revoke("self")
		b.SuspectPeers(everybody)
		synctest.Wait()
		if !b.knows("self") {
			t.Error("the peer has forgotten itself")
		}
		if err := b.Put(b.id("self"), api.PeerIdentityType("self")); !errors.Is(err, ErrExpired) {
			t.Errorf("Put of the own identity after its expiry returned %v, want ErrExpired", err)
		}
	})
}

func TestSuspectPeersPurgesTheSuspectedThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.crypto.expireAt(time.Now().Add(time.Hour), "suspected and revoked")
		b.put("suspected and revoked", "suspected", "revoked", "neither")
		b.crypto.revoke("suspected and revoked", "revoked")
		b.SuspectPeers(func(identity api.PeerIdentityType) bool {
			return strings.HasPrefix(string(identity), "suspected")
		})
		if diff := cmp.Diff(map[string]int{"suspected and revoked": 1}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged (-want +got):\n%s", diff)
		}
		if got := b.clock.Load(); got != 1 {
			t.Errorf("%d timers armed, want only the scan's: the purged identity's must have been taken back", got)
		}
	})
}

// Fabric calls onPurge under the mapper's lock: any of these calls would wait for itself.
func TestOnPurgeAndPredicateMayCallTheMapper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.crypto.expireAt(time.Now().Add(time.Minute), "alice")
		b.inPurge = func(name string) {
			if b.knows(name) {
				t.Errorf("%s is still known in its onPurge", name)
			}
			b.put("put from onPurge")
			b.SuspectPeers(func(api.PeerIdentityType) bool {
				b.knows("self")
				b.put("put from the predicate")
				return true
			})
			b.Stop()
		}
		b.put("alice")
		time.Sleep(time.Hour)
		synctest.Wait()
		if !b.knows("put from onPurge") || !b.knows("put from the predicate") {
			t.Error("what was put in during a purge is not known")
		}
		if diff := cmp.Diff(map[string]int{"alice": 1}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged (-want +got):\n%s", diff)
		}
	})
}

// Four certificates that were issued together expire together, while onPurge hands them to an owner who needs the mapper himself
// before he takes the next. This froze Fabric.
func TestBurstOfExpiriesDoesNotFreezeTheMapper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		names := []string{"alice", "bob", "carol", "dave"}
		b.crypto.expireAt(time.Now().Add(time.Minute), names...)
		changes := make(chan string, 1)
		b.inPurge = func(name string) { changes <- name }
		b.put(names...)
		time.Sleep(2 * time.Minute)

		var told []string
		for range names {
			if !b.knows("self") {
				t.Error("the peer has forgotten itself")
			}
			told = append(told, <-changes)
		}
		slices.Sort(told)
		if diff := cmp.Diff(names, told); diff != "" {
			t.Errorf("the owner was told of (-want +got):\n%s", diff)
		}
	})
}

func TestStopLeavesNoTimerAndNothingIsPurgedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.crypto.expireAt(time.Now().Add(time.Minute), "alice", "bob")
		b.put("alice", "bob", "unused")
		if got := b.clock.Load(); got != 3 {
			t.Fatalf("%d timers armed, want the scan's and two expiries'", got)
		}
		b.Stop()
		b.Stop()
		if got := b.clock.Load(); got != 0 {
			t.Errorf("%d timers left by Stop", got)
		}
		b.crypto.revoke("alice", "bob", "unused")
		b.SuspectPeers(everybody)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if diff := cmp.Diff(map[string]int{}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged after Stop (-want +got):\n%s", diff)
		}
		if !b.knows("alice") {
			t.Error("what was known cannot be read any more")
		}
		if err := b.Put(b.id("late"), api.PeerIdentityType("late")); !errors.Is(err, ErrStopped) {
			t.Errorf("Put after Stop returned %v, want ErrStopped", err)
		}
	})
}

func TestStopFromOnPurgeSavesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		names := []string{"alice", "bob", "carol"}
		b.put(names...)
		b.crypto.revoke(names...)
		b.inPurge = func(string) { b.Stop() }
		b.SuspectPeers(everybody)
		known := 0
		for _, name := range names {
			if b.knows(name) {
				known++
			}
		}
		if told := len(b.purgedSoFar()); told != 1 || known != 2 {
			t.Errorf("told of %d purges, %d identities left; want 1 and 2", told, known)
		}
	})
}

// A timer that has begun cannot be stopped: it must find out by itself that the mapper was.
func TestTimerThatHasBegunFindsTheMapperStopped(t *testing.T) {
	var fire []func()
	crypto := newCryptoDouble()
	crypto.expireAt(time.Now().Add(time.Hour), "alice")
	mapper, err := NewIdentityMapper(crypto, api.PeerIdentityType("self"), func(common.PKIidType, api.PeerIdentityType) {
		t.Error("onPurge was called after Stop")
	}, Config{AfterFunc: func(_ time.Duration, f func()) func() bool {
		fire = append(fire, f)
		return func() bool { return false }
	}})
	if err != nil {
		t.Fatal(err)
	}
	alice := api.PeerIdentityType("alice")
	if err := mapper.Put(crypto.GetPKIidOfCert(alice), alice); err != nil {
		t.Fatal(err)
	}
	mapper.Stop()
	for _, f := range slices.Clone(fire) {
		f()
	}
	if len(fire) != 2 {
		t.Errorf("%d timers were armed, want two: the scan must not arm the next one after Stop", len(fire))
	}
}

func TestPeerWhoIsPutInAgainIsNotPurgedForHisFormerLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put("alice")
		is := b.Mapper.(*identityMapperImpl)
		former := is.entries[string(b.id("alice"))]
		is.purge(former, always)
		b.put("alice")
		is.purge(former, always)
		if !b.knows("alice") {
			t.Error("the new entry was purged")
		}
		if diff := cmp.Diff(map[string]int{"alice": 1}, b.purgedSoFar()); diff != "" {
			t.Errorf("purged (-want +got):\n%s", diff)
		}
	})
}

func TestExpiryInAFarCenturyIsNotInThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, year := range []int{2100, 2291, 2293, 9999} {
			wait := untilAfter(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
			if wait < 99*365*24*time.Hour {
				t.Errorf("expiry in %d is waited for %v", year, wait)
			}
		}
		if got := untilAfter(time.Now().Add(math.MaxInt64)); got != math.MaxInt64 {
			t.Errorf("the longest wait is %v, want %v", got, time.Duration(math.MaxInt64))
		}
	})
}

// All purgers, readers and writers at once, on real time: whatever the order, each life of an identity ends with one onPurge.
func TestEveryLifeEndsWithOneCallHoweverManyPurge(t *testing.T) {
	b := newBench(t)
	is := b.Mapper.(*identityMapperImpl)
	const rounds, peers = 100, 8
	for round := range rounds {
		names := make([]string, peers)
		for i := range names {
			names[i] = fmt.Sprintf("peer %d of round %d", i, round)
		}
		b.crypto.expireAt(time.Now().Add(time.Hour), names[:peers/2]...) // with timers to take back; the other half has none
		b.put(names...)
		b.crypto.revoke(names...)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { b.SuspectPeers(everybody) })
			wg.Go(func() {
				for _, entry := range is.others() {
					is.purge(entry, always) // what the timer of an expiry does
				}
			})
			wg.Go(func() {
				for _, name := range names {
					b.knows(name)
				}
			})
		}
		wg.Wait()
	}
	times := b.purgedSoFar()
	if len(times) != rounds*peers {
		t.Errorf("%d identities purged, want %d", len(times), rounds*peers)
	}
	for name, n := range times {
		if n != 1 {
			t.Errorf("%s was purged %d times", name, n)
		}
	}
	if got := b.clock.Load(); got != 1 {
		t.Errorf("%d timers armed, want only the scan's", got)
	}
}
