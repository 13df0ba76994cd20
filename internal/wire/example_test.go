package wire_test

import (
	"fmt"
	"strings"

	"gossipscope/internal/wire"
	"gossipscope/proto"
)

// An acknowledgement, from the outermost byte to the innermost: a tag and a length stand before every value.
func Example() {
	ack, err := (&proto.GossipMessage{
		Nonce:   5,
		Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{Error: "not now"}},
	}).NoopSign()
	if err != nil {
		panic(err)
	}
	tree := wire.Open(ack.Envelope)
	for _, row := range wire.Hex(tree.Bytes, 16, 0) {
		fmt.Printf("%02x  %s  %s\n", row.Offset, row.Hex, row.Text)
	}
	for depth, n := range tree.All() {
		line := fmt.Sprintf("%2d-%-2d %s%s %s", n.From, n.To, strings.Repeat("  ", depth), n.Label().En, n.Value)
		fmt.Println(strings.TrimRight(line, " "))
	}
	for _, finding := range wire.Check(tree, wire.Context{}) {
		fmt.Printf("%s: %s. %s\n", finding.Claim.Title().En, finding.Verdict.Word().En, finding.Text.En)
	}
	// Output:
	// 00  0a 0e 08 05 b2 01 09 0a 07 6e 6f 74 20 6e 6f 77  .........not now
	//  0-16 Envelope
	//  0-16   payload
	//  0-2      head
	//  2-4      nonce 5
	//  4-16     ack
	//  4-7        head
	//  7-16       error "not now"
	// readable: right. Envelope and message can be decoded; the content is ack.
	// signature: not needed. There is no signature, and none is needed: it counts only on a connection that has shaken hands; comm looks whose connection brought it, and at the nonce.
}
