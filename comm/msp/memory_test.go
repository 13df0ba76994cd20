package msp

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gossipscope/comm/api"
)

// remembers reports whether the service need not judge an identity anew.
func remembers(service *CryptoService, identity api.PeerIdentityType) bool {
	return service.accepted.find(identity) != nil
}

func TestWhatWasFoundAcceptableIsNotFoundOutAgain(t *testing.T) {
	org := newAuthority(t, "Org1")
	a, b := issueTo(t, org, "A"), issueTo(t, org, "B")
	service := newService(t, a, org.Root())
	identity, message := b.Serialize(), []byte("hello")
	signature, err := b.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Verify(identity, signature, message); err != nil {
		t.Fatal(err)
	}
	again := testing.AllocsPerRun(100, func() {
		if err := service.Verify(identity, signature, message); err != nil {
			t.Fatal(err)
		}
		if err := service.ValidateIdentity(identity); err != nil {
			t.Fatal(err)
		}
	})
	// To parse the certificate once takes more than a hundred.
	if again > 5 {
		t.Errorf("%v allocations for what had been found out before", again)
	}
}

func TestAcceptanceLastsAsLongAsTheWholeChainIsValid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, end := time.Now().Add(-time.Minute).Truncate(time.Second), time.Now().Add(time.Hour).Truncate(time.Second)
		wider := WithValidity(begin.Add(-time.Minute), end.Add(time.Minute))
		narrow := WithValidity(begin, end)
		for name, validity := range map[string][2]CertificateOption{
			"the authority's is shorter": {narrow, wider},
			"the member's is shorter":    {wider, narrow},
		} {
			org := newAuthority(t, "Org1", validity[0])
			peer := issueTo(t, org, "A", validity[1])
			service := newService(t, peer, org.Root())
			if err := service.ValidateIdentity(peer.Serialize()); err != nil {
				t.Fatal(err)
			}
			known := service.accepted.find(peer.Serialize())
			if !known.holds(end) || known.holds(end.Add(time.Nanosecond)) {
				t.Errorf("%s: the acceptance ends at %v, want %v", name, known.until, end)
			}
			if !known.holds(begin) || known.holds(begin.Add(-time.Nanosecond)) {
				t.Errorf("%s: the acceptance begins at %v, want %v", name, known.from, begin)
			}
		}
	})
}

// What was right once is right for that message, that signature and that member only.
func TestRememberedSignatureVouchesForNothingElse(t *testing.T) {
	org := newAuthority(t, "Org1")
	a, b := issueTo(t, org, "A"), issueTo(t, org, "B")
	service := newService(t, a, org.Root())
	message, other := []byte("hello"), []byte("good-bye")
	signature, err := a.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Sign(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Verify(a.Serialize(), signature, message); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another message":   service.Verify(a.Serialize(), signature, other),
		"another signature": service.Verify(a.Serialize(), second, message),
		"another member":    service.Verify(b.Serialize(), signature, message),
		"a longer one":      service.Verify(a.Serialize(), signature, append(message, 0)),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := service.Verify(a.Serialize(), second, other); err != nil {
		t.Errorf("the next signature of the same member: %v", err)
	}
}

func TestOnlyWhatIsAcceptableIsRemembered(t *testing.T) {
	org := newAuthority(t, "Org1")
	stranger := issueTo(t, newAuthority(t, "Org2"), "B").Serialize()
	service := newService(t, issueTo(t, org, "A"), org.Root())
	if err := service.ValidateIdentity(stranger); err == nil {
		t.Fatal("a stranger was accepted")
	}
	if remembers(service, stranger) {
		t.Error("a stranger is remembered")
	}
}

// Fields that protobuf skips make as many spellings of one identity as somebody likes. They are as good as the identity itself, and are
// judged each time.
func TestOneIdentityIsRememberedInOneSpellingOnly(t *testing.T) {
	org := newAuthority(t, "Org1")
	peer := issueTo(t, org, "A")
	service := newService(t, peer, org.Root())
	for field := range 3 {
		spelling := append(peer.Serialize(), byte(15<<3), byte(field)) // field 15, a varint
		if err := service.ValidateIdentity(spelling); err != nil {
			t.Fatal(err)
		}
		if remembers(service, spelling) {
			t.Errorf("spelling %d is remembered", field)
		}
	}
}

func TestMemoryHasAnEnd(t *testing.T) {
	var m memory
	org := newAuthority(t, "Org1")
	identity := issueTo(t, org, "A").Identity
	for i := range 2*maxRemembered + 1 {
		other := identity
		other.mspID = fmt.Sprint("Org", i)
		m.add(other.Serialize(), &acceptance{Identity: &other})
		if len(m.acceptances) > maxRemembered {
			t.Fatalf("%d are remembered, at most %d should be", len(m.acceptances), maxRemembered)
		}
	}
	if len(m.acceptances) != 1 {
		t.Errorf("%d are remembered after %d", len(m.acceptances), 2*maxRemembered+1)
	}
}
