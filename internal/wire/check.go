package wire

// A ConnEstablish claims five things at once: this is my identity, this is its PKI-ID, its organisation vouches for it, this line ends at
// my certificate, and it is I who says so. Check does again what the layer does to believe them (authenticateRemotePeer in
// comm/comm_impl.go), from the bytes alone, and puts what stood there beside what was computed. It does it one by one, where the layer
// stops at the first that is wrong: a reader wants to see that a forger got everything right but one thing.
//
// It looks at the outermost message. Envelopes within it, as in an answer about membership, are other people's; open them with Open.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	protobuf "google.golang.org/protobuf/proto"

	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// Claim is what a finding is about.
type Claim string

// The claims, in the order of the findings.
const (
	ReadableClaim  Claim = "readable"  // the bytes are an envelope with a message in it
	IdentityClaim  Claim = "identity"  // the identity is one, and is written as it must be
	PKIIDClaim     Claim = "pki-id"    // the PKI-ID is the one of the identity
	IssuerClaim    Claim = "issuer"    // the CA of its organisation has issued it
	ValidityClaim  Claim = "validity"  // it is valid at the time
	CertHashClaim  Claim = "cert-hash" // the line ends at the certificate that the message names
	SignatureClaim Claim = "signature" // the identity's key has signed the payload; or no signature is needed
	LowSClaim      Claim = "low-s"     // the signature is the permitted one of its two forms
	SecretClaim    Claim = "secret"    // the same key has signed the secret part
)

// Title returns the claim as a heading.
func (c Claim) Title() text.Text { return says.titles[c] }

// Verdict is what Check makes of a claim.
type Verdict int

// The verdicts.
const (
	CannotTell Verdict = iota // what would be needed is not known here, or is not in the message
	Right
	Wrong // the layer, or the one above it, refuses the message for this
)

// NotNeeded is the verdict where a message makes no such claim, and need not.
const NotNeeded Verdict = -1

// Word returns the verdict in one word or two.
func (v Verdict) Word() text.Text {
	switch v {
	case Right:
		return says.verdicts.right
	case Wrong:
		return says.verdicts.wrong
	case NotNeeded:
		return says.verdicts.notNeeded
	}
	return says.verdicts.cannotTell
}

// Quantity is a value with a name: bytes in hex, or a time. Both are empty where there is nothing to compare.
type Quantity struct {
	Name  text.Text
	Value string
}

// Finding is what came of one claim.
type Finding struct {
	Claim    Claim
	Verdict  Verdict
	Node     *Node     // where in the tree it is about; nil if that is not there
	Stood    Quantity  // what stood in the message
	Computed Quantity  // what it should have been, or what it was held against
	Text     text.Text // a sentence: what was found and what it means
}

// Context is what Check must know beside the message. The less it knows, the more it cannot tell.
type Context struct {
	// Sender is who is at the end of the line that the message came out of, and Role whether it had dialled that line or was dialled: by
	// these two the certificate is known that it showed in TLS. It is not whom the message says that it is from.
	Sender timeline.Birth
	Role   trace.Role

	Peers []timeline.Birth // everybody known, to tell whose hash or PKI-ID it is if it is the wrong one
	Roots []msp.Root       // the authorities that the receiver believes; nil if not known
	Time  time.Time        // when the message was received; zero if not known
}

// ContextOf returns what a state knows about the sender of the messages of a connection: of those that the connection's own peer sent, if
// outgoing, else of those that it received. Roots and time are left to the caller.
func ContextOf(state *timeline.State, c *timeline.Connection, outgoing bool) Context {
	var context Context
	for _, peer := range state.Peers {
		context.Peers = append(context.Peers, peer.Birth)
	}
	if outgoing {
		context.Sender, context.Role = birthOf(state, c.Key), c.Role
		return context
	}
	context.Sender = opposite(state, c)
	switch c.Role {
	case trace.Initiator:
		context.Role = trace.Acceptor
	case trace.Acceptor:
		context.Role = trace.Initiator
	}
	return context
}

func birthOf(state *timeline.State, key timeline.ConnKey) timeline.Birth {
	for _, peer := range state.Peers {
		if peer.Birth.Name == key.Peer && peer.Life == key.Life {
			return peer.Birth
		}
	}
	return timeline.Birth{}
}

// opposite returns who is at the other end of the line, in the life that the stream is of if that is known.
func opposite(state *timeline.State, c *timeline.Connection) timeline.Birth {
	if stream, ok := state.StreamOf(c.Key); ok && stream.Joined() {
		for _, end := range stream.Ends() {
			if end.Key != c.Key {
				return birthOf(state, end.Key)
			}
		}
	}
	if peer := state.Peer(state.PeerOpposite(c)); peer != nil {
		return peer.Birth
	}
	return timeline.Birth{}
}

// shown returns the hash of the certificate that the sender showed in TLS, and which of its two that is; nil if it is not known.
func (c *Context) shown() (hash []byte, role msp.TLSRole) {
	switch c.Role {
	case trace.Initiator:
		return c.Sender.ClientCertHash, msp.TLSClient
	case trace.Acceptor:
		return c.Sender.ServerCertHash, msp.TLSServer
	}
	return nil, 0
}

// certOwner returns the name of the peer that has the certificate with this hash, and which of its two it is.
func (c *Context) certOwner(hash []byte) (name string, role msp.TLSRole) {
	for i := len(c.Peers) - 1; i >= 0; i-- {
		switch peer := c.Peers[i]; {
		case bytes.Equal(hash, peer.ServerCertHash):
			return peer.Name, msp.TLSServer
		case bytes.Equal(hash, peer.ClientCertHash):
			return peer.Name, msp.TLSClient
		}
	}
	return "", 0
}

// idOwner returns the name of the peer with this PKI-ID.
func (c *Context) idOwner(pkiID []byte) string {
	for _, peer := range c.Peers {
		if len(pkiID) > 0 && bytes.Equal(pkiID, peer.PKIID) {
			return peer.Name
		}
	}
	return ""
}

// Check computes again what the message claims, and returns what it found, in the order of the claims. Only claims that this kind of
// message makes are among the findings; one about the signature always is, if the message can be read.
func Check(t *Tree, c Context) []Finding {
	k := &checker{tree: t, context: c, envelope: &proto.Envelope{}}
	if !k.readable() {
		return k.findings
	}
	switch author, signed := k.author(); {
	case signed:
		k.checkAuthor(author)
	default:
		k.unsigned()
	}
	return k.findings
}

// checker gathers the findings about one message.
type checker struct {
	tree     *Tree
	context  Context
	envelope *proto.Envelope
	msg      *proto.SignedGossipMessage
	findings []Finding
}

func (k *checker) find(f Finding) { k.findings = append(k.findings, f) }

// readable decodes the message as the layer does.
func (k *checker) readable() bool {
	err := protobuf.Unmarshal(k.tree.Bytes, k.envelope)
	if err == nil {
		k.msg, err = k.envelope.ToGossipMessage()
	}
	f := Finding{Claim: ReadableClaim, Verdict: Right, Node: k.tree.Root}
	switch fault := k.tree.refusal(); {
	case err != nil && fault != nil:
		f.Verdict, f.Node, f.Text = Wrong, fault, fill(says.readable.wrong, fault.FaultAt, fault.Why)
	case err != nil: // behind the part of the message that was taken apart
		f.Verdict, f.Text = Wrong, fill(says.readable.wrongSomewhere, line(err.Error()))
	case k.msg.ContentName() == "":
		f.Text = says.readable.noContent
	default:
		f.Text = fill(says.readable.right, k.msg.ContentName())
	}
	k.find(f)
	return err == nil
}

// author is whom a message says that it is from, for the kinds that their authors sign.
type author struct {
	pkiID, identity         []byte
	pkiIDPath, identityPath []string // where they are in the tree
	handshake               bool
	carries                 bool // this kind of message always has the identity in it
}

// author returns the author, and whether this is a kind of message that is signed at all.
func (k *checker) author() (author, bool) {
	name := k.msg.ContentName()
	a := author{pkiIDPath: []string{"payload", name, "pki_id"}, identityPath: []string{"payload", name, "identity"}}
	switch content := k.msg.GetContent().(type) {
	case *proto.GossipMessage_Conn:
		a.pkiID, a.identity, a.handshake, a.carries = content.Conn.GetPkiId(), content.Conn.GetIdentity(), true, true
	case *proto.GossipMessage_PeerIdentity:
		a.pkiID, a.identity, a.carries = content.PeerIdentity.GetPkiId(), content.PeerIdentity.GetCert(), true
		a.identityPath[2] = "cert"
	case *proto.GossipMessage_AliveMsg:
		a.pkiID, a.identity = content.AliveMsg.GetMembership().GetPkiId(), content.AliveMsg.GetIdentity()
		a.pkiIDPath = []string{"payload", name, "membership", "pki_id"}
	case *proto.GossipMessage_StateInfo:
		a.pkiID = content.StateInfo.GetPkiId()
	case *proto.GossipMessage_LeadershipMsg:
		a.pkiID = content.LeadershipMsg.GetPkiId()
	default:
		return author{}, false
	}
	return a, true
}

// within returns the node at the end of this path inside of the identity; the identity itself if that cannot be opened so far.
func (k *checker) within(a author, path ...string) *Node {
	if n := k.tree.Find(slices.Concat(a.identityPath, path)...); n != nil {
		return n
	}
	return k.tree.Find(a.identityPath...)
}

// unsigned says why it is all right that a message bears no signature.
func (k *checker) unsigned() {
	f := Finding{Claim: SignatureClaim, Verdict: Right, Node: k.tree.Root}
	reason, known := says.unsigned[k.msg.ContentName()]
	switch {
	case len(k.envelope.Signature) > 0:
		f.Verdict, f.Node, f.Text = CannotTell, k.tree.Find("signature"), says.signature.surplus
		f.Stood = Quantity{says.quantities.signature, hex.EncodeToString(k.envelope.Signature)}
	case !known:
		f.Verdict, f.Text = CannotTell, says.signature.unknownContent
	default:
		f.Verdict, f.Text = NotNeeded, fill(says.signature.unneeded, reason)
	}
	k.find(f)
}

// certHash checks that the line ends at the certificate that the message names.
func (k *checker) certHash(node *Node, stood []byte) {
	shown, role := k.context.shown()
	f := Finding{Claim: CertHashClaim, Verdict: Wrong, Node: node, Stood: Quantity{says.quantities.certHash, hex.EncodeToString(stood)}}
	name := text.Printable(k.context.Sender.Name)
	if len(shown) > 0 {
		f.Computed = Quantity{fill(says.quantities.shownHash, name, role.String()), hex.EncodeToString(shown)}
	}
	owner, ownRole := k.context.certOwner(stood)
	switch {
	case len(shown) == 0:
		f.Verdict, f.Text = CannotTell, says.certHash.cannotTell
	case bytes.Equal(stood, shown):
		f.Verdict, f.Text = Right, fill(says.certHash.right, name, role.String())
	case len(stood) == 0:
		f.Text = says.certHash.missing
	case owner == "" || owner == k.context.Sender.Name && ownRole == role: // the latter from an earlier life
		f.Text = fill(says.certHash.wrong, name)
	case owner == k.context.Sender.Name:
		f.Text = fill(says.certHash.otherRole, name, ownRole.String(), role.String())
	default:
		f.Text = fill(says.certHash.otherPeer, text.Printable(owner), ownRole.String(), name)
	}
	k.find(f)
}

// pkiIDOf returns SHA-256(MSP ID ‖ PEM text) of an identity, also of one that is not well formed as long as it has the two; nil if not.
func (k *checker) pkiIDOf(a author) []byte {
	if identity, err := msp.ParseIdentity(a.identity); err == nil {
		return identity.PKIID()
	}
	idBytes := k.tree.Find(slices.Concat(a.identityPath, []string{"id_bytes"})...)
	if idBytes == nil || idBytes.Kind != Field {
		return nil
	}
	hash := sha256.New()
	if mspID := k.tree.Find(slices.Concat(a.identityPath, []string{"mspid"})...); mspID != nil {
		hash.Write(k.tree.Bytes[mspID.Content.From:mspID.Content.To])
	}
	hash.Write(k.tree.Bytes[idBytes.Content.From:idBytes.Content.To])
	return hash.Sum(nil)
}
