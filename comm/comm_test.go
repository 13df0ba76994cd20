package comm

// Tests of the values that go in and out of the interface: how they count, and how they are printed.

import (
	"errors"
	"testing"

	"gossipscope/comm/common"
)

func TestRemotePeerIsPrintedWithTheBeginningOfItsPKIID(t *testing.T) {
	for want, peer := range map[string]*RemotePeer{
		"B:7051, PKI-ID 62656769": {Endpoint: "B:7051", PKIID: common.PKIidType("beginning and rest")},
		"B:7051, PKI-ID 6162":     {Endpoint: "B:7051", PKIID: common.PKIidType("ab")},
		"B:7051, PKI-ID unknown":  {Endpoint: "B:7051"},
	} {
		if got := peer.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAggregatedResultCountsAndPrints(t *testing.T) {
	peer := RemotePeer{Endpoint: "B:7051"}
	results := AggregatedSendResult{{nil, peer}, {errors.New("no room"), peer}, {errors.New("no room"), peer}, {ErrAckTimeout, peer}}
	if results.AckCount() != 1 || results.NackCount() != 3 {
		t.Errorf("counted %d and %d, want 1 and 3", results.AckCount(), results.NackCount())
	}
	if got, want := results.String(), `{"failures":{"no room":2,"timed out":1},"successes":1}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := results[0].Error(); got != "" {
		t.Errorf("a success has the error text %q", got)
	}
}
