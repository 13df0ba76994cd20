package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gossipscope/internal/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheRecordingHoldsTheHandshakeAndTheCertificatesLieBesideIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recordings")
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "handshake.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, events, err := timeline.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	state := timeline.Fold(events)
	if state.PromisesBroken != 0 || len(state.Peers) != 2 {
		t.Fatalf("%d peers", len(state.Peers))
	}
	for file, want := range map[string][]byte{"A.client.pem": state.Peers[0].Birth.ClientCertHash, "B.server.pem": state.Peers[1].Birth.ServerCertHash} {
		content, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(content)
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		got := sha256.Sum256(certificate.Raw)
		if diff := cmp.Diff(want, got[:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}
