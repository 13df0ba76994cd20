package proto

// The wire contract. Everything here was typed from a description of Fabric's protocol, not made from our message.proto, so that a
// slip in message.proto (a number, a type, a name) meets a second opinion: once as a table of the whole protocol, once as bytes
// worked out by hand. If a test here fails, message.proto is wrong; the table changes only if Fabric's protocol does.

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
)

// contract is the whole of package gossip as spoken by Fabric v2.1 to v3: a block for each message, enum and service, with number,
// name and type of each field. "content:" marks the members of the oneof of that name. The one deviation is PrivatePayload.6, a
// sub-message in Fabric, which is the same on the wire.
const contract = `
service gossip.Gossip
GossipStream stream gossip.Envelope -> stream gossip.Envelope
Ping gossip.Empty -> gossip.Empty

message gossip.Envelope
1 payload bytes
2 signature bytes
3 secret_envelope gossip.SecretEnvelope

message gossip.SecretEnvelope
1 payload bytes
2 signature bytes

message gossip.Secret
1 content: internalEndpoint string

message gossip.GossipMessage
1 nonce uint64
2 channel bytes
3 tag gossip.GossipMessage.Tag
5 content: alive_msg gossip.AliveMessage
6 content: mem_req gossip.MembershipRequest
7 content: mem_res gossip.MembershipResponse
8 content: data_msg gossip.DataMessage
9 content: hello gossip.GossipHello
10 content: data_dig gossip.DataDigest
11 content: data_req gossip.DataRequest
12 content: data_update gossip.DataUpdate
13 content: empty gossip.Empty
14 content: conn gossip.ConnEstablish
15 content: state_info gossip.StateInfo
16 content: state_snapshot gossip.StateInfoSnapshot
17 content: state_info_pull_req gossip.StateInfoPullRequest
18 content: state_request gossip.RemoteStateRequest
19 content: state_response gossip.RemoteStateResponse
20 content: leadership_msg gossip.LeadershipMessage
21 content: peer_identity gossip.PeerIdentity
22 content: ack gossip.Acknowledgement
23 content: privateReq gossip.RemotePvtDataRequest
24 content: privateRes gossip.RemotePvtDataResponse
25 content: private_data gossip.PrivateDataMessage

enum gossip.GossipMessage.Tag
0 UNDEFINED
1 EMPTY
2 ORG_ONLY
3 CHAN_ONLY
4 CHAN_AND_ORG
5 CHAN_OR_ORG

message gossip.ConnEstablish
1 pki_id bytes
2 identity bytes
3 tls_cert_hash bytes
4 probe bool

message gossip.Acknowledgement
1 error string

message gossip.Empty

message gossip.PeerIdentity
1 pki_id bytes
2 cert bytes
3 metadata bytes

message gossip.AliveMessage
1 membership gossip.Member
2 timestamp gossip.PeerTime
4 identity bytes

message gossip.Member
1 endpoint string
2 metadata bytes
3 pki_id bytes

message gossip.PeerTime
1 inc_num uint64
2 seq_num uint64

message gossip.MembershipRequest
1 self_information gossip.Envelope
2 known repeated bytes

message gossip.MembershipResponse
1 alive repeated gossip.Envelope
2 dead repeated gossip.Envelope

message gossip.LeadershipMessage
1 pki_id bytes
2 timestamp gossip.PeerTime
3 is_declaration bool

message gossip.StateInfo
reserved 1 metadata
2 timestamp gossip.PeerTime
3 pki_id bytes
4 channel_MAC bytes
5 properties gossip.Properties

message gossip.Properties
1 ledger_height uint64
2 left_channel bool
3 chaincodes repeated gossip.Chaincode

message gossip.Chaincode
1 name string
2 version string
3 metadata bytes

message gossip.StateInfoSnapshot
1 elements repeated gossip.Envelope

message gossip.StateInfoPullRequest
1 channel_MAC bytes

enum gossip.PullMsgType
0 UNDEFINED
1 BLOCK_MSG
2 IDENTITY_MSG

message gossip.GossipHello
1 nonce uint64
2 metadata bytes
3 msg_type gossip.PullMsgType

message gossip.DataDigest
1 nonce uint64
2 digests repeated bytes
3 msg_type gossip.PullMsgType

message gossip.DataRequest
1 nonce uint64
2 digests repeated bytes
3 msg_type gossip.PullMsgType

message gossip.DataUpdate
1 nonce uint64
2 data repeated gossip.Envelope
3 msg_type gossip.PullMsgType

message gossip.DataMessage
1 payload gossip.Payload

message gossip.Payload
1 seq_num uint64
2 data bytes
3 private_data repeated bytes

message gossip.PrivateDataMessage
1 payload gossip.PrivatePayload

message gossip.PrivatePayload
1 collection_name string
2 namespace string
3 tx_id string
4 private_rwset bytes
5 private_sim_height uint64
6 collection_configs bytes

message gossip.RemoteStateRequest
1 start_seq_num uint64
2 end_seq_num uint64

message gossip.RemoteStateResponse
1 payloads repeated gossip.Payload

message gossip.RemotePvtDataRequest
1 digests repeated gossip.PvtDataDigest

message gossip.PvtDataDigest
1 tx_id string
2 namespace string
3 collection string
4 block_seq uint64
5 seq_in_block uint64

message gossip.RemotePvtDataResponse
1 elements repeated gossip.PvtDataElement

message gossip.PvtDataElement
1 digest gossip.PvtDataDigest
2 payload repeated bytes

message gossip.PvtDataPayload
1 tx_seq_in_block uint64
2 payload bytes
`

func TestEveryMessageFieldNumberTypeAndEnumIsFabrics(t *testing.T) {
	want := map[string]string{}
	for block := range strings.SplitSeq(strings.TrimSpace(contract), "\n\n") {
		title, lines, _ := strings.Cut(block, "\n")
		if _, twice := want[title]; twice {
			t.Fatalf("%q is in the table twice", title)
		}
		want[title] = lines
	}
	if diff := cmp.Diff(want, describeFile(File_message_proto)); diff != "" {
		t.Errorf("message.proto differs from the contract (-contract +ours):\n%s", diff)
	}
}

// describeFile returns what the descriptor says, in the form of contract: title of a block to its lines.
func describeFile(file protoreflect.FileDescriptor) map[string]string {
	blocks := map[string]string{}
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		blocks[fmt.Sprintf("service %s", service.FullName())] = describeService(service)
	}
	for i := range file.Enums().Len() {
		addEnum(blocks, file.Enums().Get(i))
	}
	addMessages(blocks, file.Messages())
	return blocks
}

func describeService(service protoreflect.ServiceDescriptor) string {
	stream := map[bool]string{true: "stream "}
	var lines []string
	for i := range service.Methods().Len() {
		m := service.Methods().Get(i)
		lines = append(lines, fmt.Sprintf("%s %s%s -> %s%s", m.Name(),
			stream[m.IsStreamingClient()], m.Input().FullName(), stream[m.IsStreamingServer()], m.Output().FullName()))
	}
	return strings.Join(lines, "\n")
}

func addEnum(blocks map[string]string, enum protoreflect.EnumDescriptor) {
	var lines []string
	for i := range enum.Values().Len() {
		value := enum.Values().Get(i)
		lines = append(lines, fmt.Sprintf("%d %s", value.Number(), value.Name()))
	}
	blocks[fmt.Sprintf("enum %s", enum.FullName())] = strings.Join(lines, "\n")
}

// addMessages describes messages and all that is nested in them. Reserved numbers come first in a block.
func addMessages(blocks map[string]string, messages protoreflect.MessageDescriptors) {
	for i := range messages.Len() {
		message := messages.Get(i)
		var lines []string
		for j := range message.ReservedRanges().Len() {
			r := message.ReservedRanges().Get(j)
			lines = append(lines, fmt.Sprintf("reserved %d %s", r[0], message.ReservedNames().Get(j)))
		}
		for j := range message.Fields().Len() {
			lines = append(lines, describeField(message.Fields().Get(j)))
		}
		blocks[fmt.Sprintf("message %s", message.FullName())] = strings.Join(lines, "\n")
		for j := range message.Enums().Len() {
			addEnum(blocks, message.Enums().Get(j))
		}
		addMessages(blocks, message.Messages())
	}
}

func describeField(field protoreflect.FieldDescriptor) string {
	kind := field.Kind().String()
	switch {
	case field.Message() != nil:
		kind = string(field.Message().FullName())
	case field.Enum() != nil:
		kind = string(field.Enum().FullName())
	}
	if field.IsList() {
		kind = "repeated " + kind
	}
	name := string(field.Name())
	if oneof := field.ContainingOneof(); oneof != nil {
		name = fmt.Sprintf("%s: %s", oneof.Name(), name)
	}
	return fmt.Sprintf("%d %s %s", field.Number(), name, kind)
}

func TestTheMethodsHaveThePathsThatFabricsPeersCall(t *testing.T) {
	got := []string{Gossip_GossipStream_FullMethodName, Gossip_Ping_FullMethodName, Gossip_ServiceDesc.ServiceName}
	want := []string{"/gossip.Gossip/GossipStream", "/gossip.Gossip/Ping", "gossip.Gossip"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths differ (-want +got):\n%s", diff)
	}
}

// golden are messages and their encodings, worked out by hand from the encoding rules of protobuf: a key is number<<3 | wire type
// (0 varint, 2 length-delimited), keys of numbers from 16 on take two bytes.
var golden = []struct {
	name    string
	message proto.Message
	wire    string
}{
	{
		name: "a ConnEstablish that probes",
		message: &GossipMessage{
			Tag: GossipMessage_EMPTY,
			Content: &GossipMessage_Conn{Conn: &ConnEstablish{
				PkiId: []byte{1, 2}, Identity: []byte("id"), TlsCertHash: []byte{0xff}, Probe: true,
			}},
		},
		wire: "18 01  72 0d  0a 02 01 02  12 02 69 64  1a 01 ff  20 01",
	},
	{
		name:    "an ack of success, whose content is present although it is empty",
		message: &GossipMessage{Nonce: 1, Content: &GossipMessage_Ack{Ack: &Acknowledgement{}}},
		wire:    "08 01  b2 01 00",
	},
	{
		name:    "a nack",
		message: &GossipMessage{Nonce: 300, Content: &GossipMessage_Ack{Ack: &Acknowledgement{Error: "no"}}},
		wire:    "08 ac 02  b2 01 04  0a 02 6e 6f",
	},
	{
		name: "an envelope with a secret",
		message: &Envelope{
			Payload: []byte{0x18, 0x01}, Signature: []byte{0xaa},
			SecretEnvelope: &SecretEnvelope{Payload: []byte{0xbb}, Signature: []byte{0xcc}},
		},
		wire: "0a 02 18 01  12 01 aa  1a 06  0a 01 bb  12 01 cc",
	},
	{
		name:    "a secret",
		message: &Secret{Content: &Secret_InternalEndpoint{InternalEndpoint: "a:1"}},
		wire:    "0a 03 61 3a 31",
	},
	{
		name: "a StateInfo",
		message: &GossipMessage{
			Tag: GossipMessage_CHAN_OR_ORG,
			Content: &GossipMessage_StateInfo{StateInfo: &StateInfo{
				PkiId: []byte{1}, Channel_MAC: []byte{2}, Properties: &Properties{LedgerHeight: 5, LeftChannel: true},
			}},
		},
		wire: "18 05  7a 0c  1a 01 01  22 01 02  2a 04 08 05 10 01",
	},
	{
		name: "digests that are not UTF-8",
		message: &GossipMessage{
			Tag: GossipMessage_EMPTY,
			Content: &GossipMessage_DataDig{DataDig: &DataDigest{
				Nonce: 1, Digests: [][]byte{{0xff, 0xfe}}, MsgType: PullMsgType_IDENTITY_MSG,
			}},
		},
		wire: "18 01  52 08  08 01  12 02 ff fe  18 02",
	},
	{
		name: "private data, its collection_configs in the place of Fabric's sub-message",
		message: &GossipMessage{
			Tag: GossipMessage_CHAN_ONLY,
			Content: &GossipMessage_PrivateData{PrivateData: &PrivateDataMessage{Payload: &PrivatePayload{
				CollectionName: "c", Namespace: "n", TxId: "t", PrivateRwset: []byte{9},
				PrivateSimHeight: 7, CollectionConfigs: []byte{0x0a, 0x00},
			}}},
		},
		wire: "18 03  ca 01 14  0a 12  0a 01 63  12 01 6e  1a 01 74  22 01 09  28 07  32 02 0a 00",
	},
}

func TestMessagesAreTheBytesThatTheirNumbersGive(t *testing.T) {
	for _, tt := range golden {
		t.Run(tt.name, func(t *testing.T) {
			wire := fromHex(t, tt.wire)
			got, err := proto.Marshal(tt.message)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, wire) {
				t.Errorf("encoded as\n% x, want\n% x", got, wire)
			}
			decoded := tt.message.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(wire, decoded); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.message, decoded, protocmp.Transform()); diff != "" {
				t.Errorf("decoded differently (-want +got):\n%s", diff)
			}
		})
	}
}
