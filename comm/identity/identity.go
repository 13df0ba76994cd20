// Package identity remembers which identity stands behind which PKI-ID.
//
// A peer sends its identity, a certificate of a kilobyte, only once, in its handshake. From then on messages name it by its PKI-ID, a
// hash; whoever has to verify a signature needs the way back, and a hash has none. The Mapper is that way back: the handshake
// puts the identity in, and everything that comes later gets it out.
//
// What is put in must also go out again, or a peer would remember everybody who ever called: when the certificate expires, when
// nobody has asked for it for an hour, and when it no longer validates after a revocation. Each time the owner hears of it
// through onPurge, so that it can close the connections of that identity. This call is the dangerous part. Fabric's mapper
// (gossip/identity) makes it while it holds its own lock; the owner then waits for somebody who waits for the mapper, and three
// certificates that were issued together and so expire together are enough to freeze gossip for good. Here nothing of the outside
// is called under the lock: neither onPurge, nor the cryptography, nor a caller's predicate. Only timers are armed and stopped
// under it, which util.AfterFunc allows.
package identity

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"gossipscope/comm/api"
	"gossipscope/comm/common"
	"gossipscope/comm/util"
)

const (
	// defaultUsageThreshold is how long an identity may go unused, as in Fabric.
	defaultUsageThreshold = time.Hour

	// scansPerThreshold is how often the unused identities are looked for within one UsageThreshold, as in Fabric.
	scansPerThreshold = 10

	// expiryGrace is how long after its expiry an identity is purged. A certificate is still valid in the very moment of its notAfter
	// (RFC 5280, section 4.1.2.5), so the timer must go off after it.
	expiryGrace = time.Millisecond
)

var (
	// ErrNotFound is returned for a PKI-ID whose identity was never put into the mapper, or has been purged since.
	ErrNotFound = errors.New("no identity known")

	// ErrExpired is returned for an identity whose time is over, whether or not the MessageCryptoService still validates it
	// (FAB-7640).
	ErrExpired = errors.New("identity has expired")

	// ErrPKIIDMismatch is returned for an identity that is put in under a PKI-ID other than its own: somebody claims another's
	// name with a certificate of his own. A remote peer may get to see the words, and they are those of Fabric's peers.
	ErrPKIIDMismatch = errors.New("identity doesn't match the computed pkiID")

	// ErrStopped is returned by Put after Stop.
	ErrStopped = errors.New("identity mapper is stopped")
)

// Mapper maps PKI-IDs to identities, and does with its own peer's identity and with those that it knows what signing and verifying
// need. All methods are safe for concurrent use, and all may be called from onPurge and from a predicate given to SuspectPeers.
type Mapper interface {
	// Put remembers the identity of a PKI-ID, if the identity has not expired, is valid, and really has this PKI-ID. If one is
	// remembered already it is left as it is, and the error is nil: the first one stays. Errors may be ErrExpired,
	// ErrPKIIDMismatch, ErrStopped, or what the MessageCryptoService said.
	//
	// To be in the mapper means to be acceptable, not to be present: identities are public, and anybody can put in anybody's. Only
	// a signature that Verify accepts shows who is there.
	Put(pkiID common.PKIidType, identity api.PeerIdentityType) error

	// Get returns the identity of a PKI-ID, which the caller must not change, or an ErrNotFound. It counts as a use.
	Get(pkiID common.PKIidType) (api.PeerIdentityType, error)

	// Sign signs msg as this peer.
	Sign(msg []byte) ([]byte, error)

	// Verify returns nil if signature is a valid signature of message by the peer whose PKI-ID is vkID. The identity of that peer
	// must have been put in before, or the error is ErrNotFound. It counts as a use.
	Verify(vkID, signature, message []byte) error

	// GetPKIidOfCert derives the PKI-ID of an identity, or returns nil if it cannot be parsed. It does not validate it.
	GetPKIidOfCert(api.PeerIdentityType) common.PKIidType

	// SuspectPeers validates anew every identity for which isSuspected returns true, and purges those that fail: for instance all
	// of a CA that has published a revocation list. When it returns, the onPurge of each identity that it has purged has returned.
	// This peer's own identity is not looked at.
	SuspectPeers(isSuspected api.PeerSuspector)

	// Stop ends all purging and takes back every timer; what is known can still be read. No identity is purged once Stop has
	// returned. An onPurge whose identity had been purged before may still be running, as Stop does not wait for it: onPurge itself
	// may call Stop. Calling it again does nothing.
	Stop()
}

// Config holds what a Mapper may be told. The zero value is the usual configuration.
type Config struct {
	// UsageThreshold is how long an identity may go without a Get or a Verify before it is purged. It is looked for ten times
	// within this span, so an identity goes after one to 1.1 spans. 0 means an hour; less than a millisecond is refused.
	UsageThreshold time.Duration

	// AfterFunc is the clock of all timers; nil means util.SystemClock. Whether a certificate has expired is not its matter: a
	// certificate speaks of the time of the world, which is time.Now.
	AfterFunc util.AfterFunc
}

// identityMapperImpl is the Mapper; the name is Fabric's.
type identityMapperImpl struct {
	mcs       api.MessageCryptoService
	onPurge   func(pkiID common.PKIidType, identity api.PeerIdentityType)
	afterFunc util.AfterFunc
	selfPKIID string

	// scanInterval is the time from one look for unused identities to the next.
	scanInterval time.Duration

	mu sync.RWMutex

	// entries is keyed by PKI-ID. Invariant: for each entry that leaves the map, other than never, one call of onPurge is made, by
	// whoever took it out.
	entries map[string]*storedIdentity

	// stopScan takes back the timer of the next scan.
	stopScan func() bool

	// stopped is set for good by Stop. While it is set no timer is armed and no entry leaves the map.
	stopped bool
}

// storedIdentity is what the mapper knows of one peer.
type storedIdentity struct {
	pkiID    common.PKIidType
	identity api.PeerIdentityType

	// scansUnused is the number of scans since the last use. Time unused is counted in scans and not read from a clock, so that it
	// passes exactly as fast as the AfterFunc lets it, and not at all while that stands still.
	scansUnused atomic.Int32

	// stopExpiry takes back the timer of the expiry. It is written before the entry is in the map and not changed afterwards.
	stopExpiry func() bool
}

// NewIdentityMapper returns a Mapper that knows the identity of its own peer, selfIdentity, and starts to look for unused
// identities. The error says why the own identity cannot be used; it would be refused by everybody else as well. The caller calls
// Stop when he no longer needs it.
//
// onPurge, which may be nil, is called once for each identity that is purged, after it is gone, without any lock held, on the
// goroutine of a timer or of SuspectPeers. Calls for different identities may overlap. It is never called before somebody has
// called Put, so the owner may finish constructing itself first. It is never called for the own identity, which stays for the
// mapper's life, unused or expired: a peer that has forgotten itself fails everywhere with errors that say nothing, whereas the
// others, who all have purged it, say what is wrong.
func NewIdentityMapper(mcs api.MessageCryptoService, selfIdentity api.PeerIdentityType,
	onPurge func(pkiID common.PKIidType, identity api.PeerIdentityType), conf Config) (Mapper, error) {
	if conf.UsageThreshold == 0 {
		conf.UsageThreshold = defaultUsageThreshold
	}
	if conf.UsageThreshold < time.Millisecond {
		return nil, fmt.Errorf("usage threshold is %v, must be at least 1ms", conf.UsageThreshold)
	}
	if conf.AfterFunc == nil {
		conf.AfterFunc = util.SystemClock
	}
	if onPurge == nil {
		onPurge = func(common.PKIidType, api.PeerIdentityType) {}
	}
	selfPKIID := mcs.GetPKIidOfCert(selfIdentity)
	is := &identityMapperImpl{
		mcs:          mcs,
		onPurge:      onPurge,
		afterFunc:    conf.AfterFunc,
		selfPKIID:    string(selfPKIID),
		scanInterval: conf.UsageThreshold / scansPerThreshold,
		entries:      make(map[string]*storedIdentity),
		stopScan:     neverArmed,
	}
	if err := is.Put(selfPKIID, selfIdentity); err != nil {
		return nil, fmt.Errorf("put own identity: %w", err)
	}
	is.scheduleScan()
	return is, nil
}

// neverArmed is the stop of a timer that there is not.
func neverArmed() bool { return false }

func (is *identityMapperImpl) Put(pkiID common.PKIidType, identity api.PeerIdentityType) error {
	expiration, err := is.check(pkiID, identity)
	if err != nil {
		return err
	}

	is.mu.Lock()
	defer is.mu.Unlock()
	if is.stopped {
		return fmt.Errorf("put identity of %s: %w", pkiID, ErrStopped)
	}
	if _, known := is.entries[string(pkiID)]; known {
		return nil
	}
	// The caller cut his slices out of a message and may not know that they are kept.
	entry := &storedIdentity{pkiID: bytes.Clone(pkiID), identity: bytes.Clone(identity), stopExpiry: neverArmed}
	if !expiration.IsZero() && string(pkiID) != is.selfPKIID {
		// Armed under the lock: the timer's function takes the lock first of all, so it cannot come before the entry is in.
		entry.stopExpiry = is.afterFunc(untilAfter(expiration), func() { is.purge(entry, always) })
	}
	is.entries[string(pkiID)] = entry
	return nil
}

// check says whether the identity may be put in under pkiID, and when it expires.
func (is *identityMapperImpl) check(pkiID common.PKIidType, identity api.PeerIdentityType) (time.Time, error) {
	if len(pkiID) == 0 {
		return time.Time{}, errors.New("put identity: PKI-ID is empty")
	}
	if len(identity) == 0 {
		return time.Time{}, fmt.Errorf("put identity of %s: identity is empty", pkiID)
	}
	expiration, err := is.mcs.Expiration(identity)
	if err != nil {
		return time.Time{}, fmt.Errorf("put identity of %s: read expiration: %w", pkiID, err)
	}
	if !expiration.IsZero() && time.Now().After(expiration) {
		return time.Time{}, fmt.Errorf("put identity of %s: %w at %v", pkiID, ErrExpired, expiration)
	}
	if err := is.mcs.ValidateIdentity(identity); err != nil {
		return time.Time{}, fmt.Errorf("put identity of %s: validate: %w", pkiID, err)
	}
	if computed := is.mcs.GetPKIidOfCert(identity); !bytes.Equal(computed, pkiID) {
		return time.Time{}, fmt.Errorf("put identity of %s: %w %s", pkiID, ErrPKIIDMismatch, computed)
	}
	return expiration, nil
}

// untilAfter returns the time from now until expiration is over. A Duration ends at 292 years; time.Until stops there, and the grace
// must not push it over the edge into the past.
func untilAfter(expiration time.Time) time.Duration {
	return min(time.Until(expiration), math.MaxInt64-expiryGrace) + expiryGrace
}

func (is *identityMapperImpl) Get(pkiID common.PKIidType) (api.PeerIdentityType, error) {
	is.mu.RLock()
	defer is.mu.RUnlock()

	entry, known := is.entries[string(pkiID)]
	if !known {
		return nil, fmt.Errorf("get identity of %s: %w", pkiID, ErrNotFound)
	}
	// Under the lock, so that purge either sees the use or has taken the entry out before.
	entry.scansUnused.Store(0)
	return entry.identity, nil
}

func (is *identityMapperImpl) Sign(msg []byte) ([]byte, error) {
	return is.mcs.Sign(msg)
}

func (is *identityMapperImpl) Verify(vkID, signature, message []byte) error {
	identity, err := is.Get(vkID)
	if err != nil {
		return fmt.Errorf("verify signature: %w", err)
	}
	return is.mcs.Verify(identity, signature, message)
}

func (is *identityMapperImpl) GetPKIidOfCert(identity api.PeerIdentityType) common.PKIidType {
	return is.mcs.GetPKIidOfCert(identity)
}

func (is *identityMapperImpl) SuspectPeers(isSuspected api.PeerSuspector) {
	for _, entry := range is.others() {
		if isSuspected(entry.identity) && is.mcs.ValidateIdentity(entry.identity) != nil {
			is.purge(entry, always)
		}
	}
}

func (is *identityMapperImpl) Stop() {
	is.mu.Lock()
	defer is.mu.Unlock()

	is.stopped = true
	is.stopScan()
	for _, entry := range is.entries {
		entry.stopExpiry()
	}
}

// others returns all entries but the own one. They are copied out of the map so that what is done with each, which may take a
// signature's time or come back to the mapper, is done without the lock.
func (is *identityMapperImpl) others() []*storedIdentity {
	is.mu.RLock()
	defer is.mu.RUnlock()

	entries := make([]*storedIdentity, 0, len(is.entries))
	for pkiID, entry := range is.entries {
		if pkiID != is.selfPKIID {
			entries = append(entries, entry)
		}
	}
	return entries
}

// scheduleScan arms the timer of the next scan, unless the mapper has been stopped.
func (is *identityMapperImpl) scheduleScan() {
	is.mu.Lock()
	defer is.mu.Unlock()

	if !is.stopped {
		is.stopScan = is.afterFunc(is.scanInterval, is.scan)
	}
}

// scan purges what has gone unused for too long. It runs on the goroutine of its timer and arms the next one when it is done, so
// scans never overlap; an onPurge that takes its time delays the next.
func (is *identityMapperImpl) scan() {
	for _, entry := range is.others() {
		entry.scansUnused.Add(1)
		if entry.unused() {
			is.purge(entry, entry.unused)
		}
	}
	is.scheduleScan()
}

// unused says whether more than the threshold has passed since the last use. The first scan after a use may have come right behind
// it, so only the scan after the tenth can be sure.
func (e *storedIdentity) unused() bool {
	return e.scansUnused.Load() > scansPerThreshold
}

// always is the condition of a purge that nothing can avert.
func always() bool { return true }

// purge takes the entry out of the map and tells the owner. Three may want the same entry at once, its expiry, a scan and a
// SuspectPeers: the one that takes it out is the one that tells. stillDue is asked under the lock, because a use may have come since
// the purge was decided. Entries go one at a time and not in a batch, so that a Stop between two of them, perhaps by onPurge, saves
// the second: it stays in the map, and nobody is told.
func (is *identityMapperImpl) purge(entry *storedIdentity, stillDue func() bool) {
	if is.takeOut(entry, stillDue) {
		is.onPurge(entry.pkiID, entry.identity)
	}
}

func (is *identityMapperImpl) takeOut(entry *storedIdentity, stillDue func() bool) bool {
	is.mu.Lock()
	defer is.mu.Unlock()

	// Compared by pointer: after a purge the same peer may have been put in again, and that entry is another's to purge.
	if is.stopped || is.entries[string(entry.pkiID)] != entry || !stillDue() {
		return false
	}
	delete(is.entries, string(entry.pkiID))
	entry.stopExpiry()
	return true
}
