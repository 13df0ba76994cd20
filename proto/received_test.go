package proto

import "testing"

func TestConnectionInfoPrintsEndpointAndPKIID(t *testing.T) {
	info := &ConnectionInfo{ID: []byte{0xca, 0xfe}, Identity: []byte("certificate"), Endpoint: "127.0.0.1:7051"}
	if got, want := info.String(), "127.0.0.1:7051 cafe"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if got, want := (*ConnectionInfo)(nil).String(), "no connection"; got != want {
		t.Errorf("String() of nil = %q, want %q", got, want)
	}
}
