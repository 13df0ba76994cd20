package lab

import (
	"embed"
	"fmt"
	"path"

	"gossipscope/comm/msp"
)

//go:generate go run ./mkidentities

// identityFiles are the fixed identities, made once by mkidentities. They are fixed so that PKI-ID(A) < PKI-ID(B) < PKI-ID(C) in
// every run, on every machine, in every recording.
//
//go:embed identities
var identityFiles embed.FS

// organisations are the MSP IDs of the lab, with the names of their peers.
var organisations = []struct{ mspID, peers string }{{"Org1", "ABCDEFGH"}, {"Org2", "IJKLMNOP"}}

var (
	authorities = mustLoadAuthorities()
	fixed       = mustLoadIdentities()
)

// Roots returns what every peer of the lab trusts: the authorities of all organisations.
func Roots() []msp.Root {
	var roots []msp.Root
	for _, org := range organisations {
		roots = append(roots, authorities[org.mspID].Root())
	}
	return roots
}

// Authority returns the certificate authority of an organisation of the lab, or nil.
func Authority(mspID string) *msp.Authority { return authorities[mspID] }

// FixedIdentity returns the identity of peer A to P.
func FixedIdentity(name string) (*msp.SigningIdentity, error) {
	identity, ok := fixed[name]
	if !ok {
		return nil, fmt.Errorf("there is no fixed identity for a peer named %q: the names are A to P", name)
	}
	return identity, nil
}

// The files are part of the program: that they cannot be read is a bug of it, found by every test and at every start.
func mustLoadAuthorities() map[string]*msp.Authority {
	loaded := make(map[string]*msp.Authority)
	for _, org := range organisations {
		authority, err := msp.ParseAuthority(org.mspID, mustRead(org.mspID, "ca.cert.pem"), mustRead(org.mspID, "ca.key.pem"))
		if err != nil {
			panic(err)
		}
		loaded[org.mspID] = authority
	}
	return loaded
}

func mustLoadIdentities() map[string]*msp.SigningIdentity {
	loaded := make(map[string]*msp.SigningIdentity)
	for _, org := range organisations {
		for _, r := range org.peers {
			name := string(r)
			identity, err := msp.ParseSigningIdentity(org.mspID, mustRead(org.mspID, name+".cert.pem"), mustRead(org.mspID, name+".key.pem"))
			if err != nil {
				panic(err)
			}
			loaded[name] = identity
		}
	}
	return loaded
}

func mustRead(mspID, file string) []byte {
	content, err := identityFiles.ReadFile(path.Join("identities", mspID, file))
	if err != nil {
		panic(err)
	}
	return content
}
