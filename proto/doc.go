// Package proto is the wire: what peers say to each other, as bytes and as Go values, and how a message is signed.
//
// Most of it is generated from message.proto by "make proto" (message.pb.go, message_grpc.pb.go). Written by hand, around the
// generated types, are
//
//   - signed.go: SignedGossipMessage, a message together with the envelope that it travels in, and how that envelope is made,
//     verified and opened;
//   - tags.go: how far a message may travel, and which kinds of message there are;
//   - received.go: ReceivedMessage and ConnectionInfo, what a subscriber of comm gets.
//
// Fabric had it all in one package too, in v1.x (protos/gossip with its extensions.go). From v2.0 on its hand-written part lives in
// gossip/protoext, as functions instead of methods, because the generated types moved to a repository of their own. Whoever knows
// one finds the other by name: m.IsAck() here is protoext.IsAck(m) there.
//
// The package knows nothing of streams or connections; package comm does, and is its main user.
package proto
