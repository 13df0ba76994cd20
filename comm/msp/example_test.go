package msp_test

import (
	"errors"
	"fmt"

	"gossipscope/comm/msp"
)

// Two organizations that trust each other, and a stranger who calls himself a member of one.
func Example() {
	org1, err := msp.NewAuthority("Org1")
	must(err)
	org2, err := msp.NewAuthority("Org2")
	must(err)
	a, err := org1.Issue("A")
	must(err)
	b, err := org2.Issue("B")
	must(err)
	ofB, err := msp.New(b, org1.Root(), org2.Root())
	must(err)

	signature, err := a.Sign([]byte("hello"))
	must(err)
	fmt.Println(ofB.Verify(a.Serialize(), signature, []byte("hello")))

	forger, err := msp.NewAuthority("Org1")
	must(err)
	stranger, err := forger.Issue("A")
	must(err)
	err = ofB.ValidateIdentity(stranger.Serialize())
	fmt.Println(errors.Is(err, msp.ErrForeignAuthority))
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// certificate was not issued by its organization's authority: "A" of "Org1" was issued by "ca.Org1"
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
