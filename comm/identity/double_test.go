package identity

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
	"gossipscope/comm/util"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

var errRevoked = errors.New("revoked")

// cryptoDouble is a MessageCryptoService whose identities read "NAME" or "NAME, second issue": the PKI-ID is a hash of the name, so it
// is never equal to the identity (Fabric once confused the two and its test double hid it, FAB-8688), and both issues share one.
type cryptoDouble struct {
	mu      sync.Mutex
	revoked map[string]bool
	expiry  map[string]time.Time
}

func newCryptoDouble() *cryptoDouble {
	return &cryptoDouble{revoked: make(map[string]bool), expiry: make(map[string]time.Time)}
}

func (c *cryptoDouble) revoke(identities ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, identity := range identities {
		c.revoked[identity] = true
	}
}

func (c *cryptoDouble) expireAt(at time.Time, identities ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, identity := range identities {
		c.expiry[identity] = at
	}
}

func (c *cryptoDouble) GetPKIidOfCert(identity api.PeerIdentityType) common.PKIidType {
	name, _, _ := strings.Cut(string(identity), ",")
	if name == "" {
		return nil
	}
	hash := sha256.Sum256([]byte("PKI-ID of " + name))
	return hash[:]
}

func (c *cryptoDouble) Sign(msg []byte) ([]byte, error) {
	return []byte(fmt.Sprintf("self signed %s", msg)), nil
}

func (c *cryptoDouble) Verify(identity api.PeerIdentityType, signature, message []byte) error {
	if want := fmt.Sprintf("%s signed %s", identity, message); !bytes.Equal(signature, []byte(want)) {
		return fmt.Errorf("signature is %q, want %q", signature, want)
	}
	return nil
}

func (c *cryptoDouble) ValidateIdentity(identity api.PeerIdentityType) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.revoked[string(identity)] {
		return errRevoked
	}
	return nil
}

func (c *cryptoDouble) Expiration(identity api.PeerIdentityType) (time.Time, error) {
	if string(identity) == "garbled" {
		return time.Time{}, errors.New("cannot be parsed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expiry[string(identity)], nil
}

// armedTimers is a clock that knows how many of its timers have neither run out nor been stopped.
type armedTimers struct{ atomic.Int64 }

func (a *armedTimers) AfterFunc(d time.Duration, f func()) func() bool {
	a.Add(1)
	stop := util.SystemClock(d, func() {
		a.Add(-1)
		f()
	})
	return func() bool {
		stopped := stop()
		if stopped {
			a.Add(-1)
		}
		return stopped
	}
}

// bench is a mapper of the peer "self" on a clock that counts, and the names that it has purged so far.
type bench struct {
	Mapper
	t      *testing.T
	crypto *cryptoDouble
	clock  *armedTimers

	mu     sync.Mutex
	purged []string
	// inPurge, if it is set, is called from onPurge.
	inPurge func(name string)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, crypto: newCryptoDouble(), clock: new(armedTimers)}
	b.start()
	return b
}

func (b *bench) start() {
	b.t.Helper()
	mapper, err := NewIdentityMapper(b.crypto, api.PeerIdentityType("self"), b.onPurge, Config{AfterFunc: b.clock.AfterFunc})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Mapper = mapper
	b.t.Cleanup(mapper.Stop)
}

func (b *bench) onPurge(pkiID common.PKIidType, identity api.PeerIdentityType) {
	if !bytes.Equal(pkiID, b.crypto.GetPKIidOfCert(identity)) {
		b.t.Errorf("onPurge was called with PKI-ID %s for %q", pkiID, identity)
	}
	b.mu.Lock()
	b.purged = append(b.purged, string(identity))
	inPurge := b.inPurge
	b.mu.Unlock()
	if inPurge != nil {
		inPurge(string(identity))
	}
}

// purgedSoFar returns how often each identity has been purged.
func (b *bench) purgedSoFar() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	times := make(map[string]int)
	for _, identity := range b.purged {
		times[identity]++
	}
	return times
}

func (b *bench) id(identity string) common.PKIidType {
	return b.crypto.GetPKIidOfCert(api.PeerIdentityType(identity))
}

func (b *bench) put(identities ...string) {
	b.t.Helper()
	for _, identity := range identities {
		if err := b.Put(b.id(identity), api.PeerIdentityType(identity)); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) knows(identity string) bool {
	b.t.Helper()
	got, err := b.Get(b.id(identity))
	if err != nil && !errors.Is(err, ErrNotFound) {
		b.t.Errorf("Get returned %v, want ErrNotFound", err)
	}
	return err == nil && string(got) == identity
}
