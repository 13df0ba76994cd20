// Command mkidentities makes the fixed identities of the lab anew, into the folder identities: two organisations with an authority
// each, and sixteen peers whose PKI-IDs ascend with their names. Lessons speak of "the smaller PKI-ID", so it must always be the same
// peer's. All of these keys are public; they must never protect anything.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"gossipscope/comm/msp"
)

func main() {
	if err := run("identities"); err != nil {
		fmt.Fprintln(os.Stderr, "mkidentities:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	position := 0
	for _, org := range []struct{ mspID, peers string }{{"Org1", "ABCDEFGH"}, {"Org2", "IJKLMNOP"}} {
		authority, err := msp.NewAuthority(org.mspID)
		if err != nil {
			return err
		}
		key, err := authority.KeyPEM()
		if err != nil {
			return err
		}
		if err := write(dir, org.mspID, "ca", authority.CertificatePEM(), key); err != nil {
			return err
		}
		for _, name := range org.peers {
			if err := issue(dir, authority, org.mspID, string(name), position); err != nil {
				return err
			}
			position++
		}
	}
	return nil
}

// issue tries until the PKI-ID begins with the hexadecimal digit of its position, which takes sixteen tries on average.
func issue(dir string, authority *msp.Authority, mspID, name string, position int) error {
	for {
		identity, err := authority.Issue(name)
		if err != nil {
			return err
		}
		if int(identity.PKIID()[0]>>4) != position {
			continue
		}
		key, err := identity.KeyPEM()
		if err != nil {
			return err
		}
		return write(dir, mspID, name, identity.CertificatePEM(), key)
	}
}

func write(dir, mspID, name string, certificate, key []byte) error {
	folder := filepath.Join(dir, mspID)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".cert.pem"), certificate, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".key.pem"), key, 0o600)
}
