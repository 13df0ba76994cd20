// Package wire opens a message: from the bytes as they travel to a tree in which every byte has a name and a reason.
//
// What travels on a stream is an Envelope, and it is nested: in the Envelope there are bytes that are a GossipMessage, in its
// ConnEstablish there are bytes that are an identity, in the identity there is the text of a certificate, and in that text, six bits a
// character, the certificate. Open and Parse (parse.go, open.go) go down all the way and never leave the outermost bytes: whatever is
// found is found at a range of them, so that whoever draws can mark the bytes of a field and the field of a byte.
//
//	tree := wire.Open(envelope)
//	hash := tree.Find("payload", "conn", "tls_cert_hash")
//	tree.Bytes[hash.Content.From:hash.Content.To] // the 32 bytes
//	tree.At(hash.From)                            // envelope, payload, conn, tls_cert_hash
//	for _, finding := range wire.Check(tree, wire.ContextOf(state, connection, true)) { … }
//
// Check (check.go) computes again what the handshake is to prove, and says of each point whether it is right, wrong, or cannot be told
// from what is known here.
//
// Names, numbers and types are those of message.proto, by reflection; what each field is for stands in tables in both languages
// (explain_comm.go, explain_cargo.go). Values are foreign: those that are shown as text have passed through text.Printable.
//
// Bytes may be anything. What cannot be read gives a node that says at which byte and why; what is too much to be taken apart gives a
// node that says so (the limits are in parse.go); nothing panics. The package knows no peers and no sockets, only bytes and what a
// recording tells of who is who.
package wire

import (
	"cmp"
	"iter"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/internal/text"
	"gossipscope/proto"
)

// Span is a range of bytes: From is the first, To the one behind the last.
type Span struct {
	From, To int
}

// Len returns how many bytes there are in the span.
func (s Span) Len() int { return s.To - s.From }

// Contains reports whether the byte at offset is in the span.
func (s Span) Contains(offset int) bool { return s.From <= offset && offset < s.To }

// Kind says what a node is.
type Kind int

// The kinds of nodes. A Fault may have the number and the name of the field that could not be read.
const (
	Message Kind = iota // the root: an Envelope
	Field               // a field of a message that message.proto knows
	Unknown             // a field that it does not know, or that came with another wire type
	Head                // tag and length of a field that has children: the first of them
	Part                // a piece of a value that is no protobuf: a line of PEM, a part of a certificate or of a signature
	Skipped             // bytes that are not taken apart, for there is too much of them
	Fault               // bytes that cannot be read
)

// Node is a field of a message with all that it holds, or a piece of a field. Nodes are made by Open and Parse, and are for reading.
//
// The children of a node stand in the order of their bytes and cover all of them: no byte is in two children, none between two. So
// every byte of the tree is in exactly one leaf.
type Node struct {
	Span // every byte of it; of a field, tag and length included

	Kind     Kind
	Children []*Node

	// The coding of a protobuf field; empty in parts.
	Number  protowire.Number
	Wire    protowire.Type
	Tag     Span // of a field: the varint that says number and wire type
	Length  Span // of a field of wire type LEN: the varint that says how many bytes follow
	Content Span // the value without tag and length

	Name  string // as message.proto has it; of a part, as X.509 or ECDSA has it; "" if it has none
	Type  string // what message.proto says that the field is: "bytes", "uint64", "GossipMessage.Tag", "ConnEstablish" …
	Holds string // the message that the value is, or that its bytes are: "GossipMessage", "SerializedIdentity" …
	Value string // the value, short enough for a line: "…" at its end says that Content has more. "" for a message

	About      text.Text // what it is, and who looks at it
	HoldsAbout text.Text // what the message is that it holds
	Meaning    text.Text // what this very value says, where the value is one of an enumeration
	Proves     text.Text // in a handshake: what it contributes to the proof

	// Overruled says that the field counts for nothing, since a later one of the same message has taken its place: protobuf takes the
	// last value of a field, and the last member of a oneof.
	Overruled bool

	// FaultAt is the byte at which reading failed, Why the reason; Fault only.
	FaultAt int
	Why     text.Text

	key    string // under which the tables know it
	opened bool   // its children are what its bytes hold, which message.proto does not say
}

// Leaf reports whether the node has no children.
func (n *Node) Leaf() bool { return len(n.Children) == 0 }

// Label returns what to call the node: its name if it has one.
func (n *Node) Label() text.Text {
	switch {
	case n.Name != "":
		return text.Text{Zh: n.Name, En: n.Name}
	case n.Kind == Unknown || n.Kind == Fault && n.Number > 0:
		return fill(says.labels.unknown, n.Number)
	case n.Kind == Head:
		return says.labels.head
	case n.Kind == Skipped:
		return says.labels.skipped
	case n.Kind == Fault:
		return says.labels.fault
	}
	return says.labels.part
}

// Tree is a message, opened.
type Tree struct {
	Bytes  []byte  // what was opened; all spans are ranges of it. Not to be changed
	Root   *Node   // the Envelope, all of Bytes
	Faults []*Node // what could not be read, in the order of the bytes
}

// Open opens an envelope: it marshals it as gRPC does when it sends it, and parses the bytes. A nil envelope is an empty one.
//
// Of an envelope that was received these are the bytes that came, if its sender wrote each field once and in the order of the numbers, as
// the libraries do. The payload and the signature are as they came in any case, which is the reason why they travel as bytes.
func Open(envelope *proto.Envelope) *Tree {
	wire, _ := protobuf.Marshal(envelope) // cannot fail: an envelope has no strings, only bytes
	return Parse(wire)
}

// Parse opens the bytes of an Envelope, without the prefix that gRPC puts before them (Prefix). It keeps wire, which must not be changed
// any more.
func Parse(wire []byte) *Tree {
	p := parser{bytes: wire}
	t := &Tree{Bytes: wire, Root: p.root((&proto.Envelope{}).ProtoReflect().Descriptor())}
	t.Faults = p.faults
	t.markProofs()
	return t
}

// At returns the nodes that hold the byte at offset, the root first and the innermost last; nil if there is no such byte.
func (t *Tree) At(offset int) []*Node {
	if !t.Root.Contains(offset) {
		return nil
	}
	path := []*Node{t.Root}
	for n := t.Root; !n.Leaf(); path = append(path, n) {
		i, _ := slices.BinarySearchFunc(n.Children, offset, func(child *Node, offset int) int {
			if child.Contains(offset) {
				return 0
			}
			return cmp.Compare(child.From, offset)
		})
		n = n.Children[i]
	}
	return path
}

// Find returns the node to which these names lead from the root, as in Find("payload", "conn", "pki_id"); nil if there is none. Where a
// field is there more than once, it is the one that counts: the last.
func (t *Tree) Find(names ...string) *Node {
	n := t.Root
	for _, name := range names {
		i := len(n.Children) - 1
		for i >= 0 && (n.Children[i].Name != name || n.Children[i].Overruled || n.Children[i].Kind == Unknown) {
			i--
		}
		if i < 0 {
			return nil
		}
		n = n.Children[i]
	}
	return n
}

// All returns every node with its depth, each before its children, the root with depth 0.
func (t *Tree) All() iter.Seq2[int, *Node] {
	return func(yield func(int, *Node) bool) { t.Root.walk(0, yield) }
}

func (n *Node) walk(depth int, yield func(int, *Node) bool) bool {
	if !yield(depth, n) {
		return false
	}
	for _, child := range n.Children {
		if !child.walk(depth+1, yield) {
			return false
		}
	}
	return true
}

// markProofs says of the fields of a handshake what each contributes to the proof.
func (t *Tree) markProofs() {
	if t.Find("payload", "conn") == nil {
		return
	}
	for _, path := range [][]string{{"payload"}, {"signature"}} {
		if n := t.Find(path...); n != nil {
			n.Proves = proofs[n.key]
		}
	}
	t.Find("payload", "conn").walk(0, func(_ int, n *Node) bool {
		n.Proves = proofs[n.key]
		return true
	})
}

// refusal returns the fault for which the layer would refuse the message as malformed, nil if there is none. The layer reads the
// envelope and the message in it. What the message holds as bytes is none of its business yet.
func (t *Tree) refusal() *Node {
	if fault := readFault(t.Root); fault != nil {
		return fault
	}
	if payload := t.Find("payload"); payload != nil {
		return readFaultIn(payload.Children)
	}
	return nil
}

// readFault returns the first fault in n that stands in the way of reading the message that n belongs to.
func readFault(n *Node) *Node {
	switch {
	case n.Kind == Fault:
		return n
	case n.opened:
		return nil
	}
	return readFaultIn(n.Children)
}

func readFaultIn(nodes []*Node) *Node {
	for _, n := range nodes {
		if fault := readFault(n); fault != nil {
			return fault
		}
	}
	return nil
}
