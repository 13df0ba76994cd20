package proto

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// contents is every content that a GossipMessage can have.
func contents() protoreflect.FieldDescriptors {
	return (*GossipMessage)(nil).ProtoReflect().Descriptor().Oneofs().ByName("content").Fields()
}

// withContent returns a message whose content is of the given name and empty.
func withContent(t testing.TB, name string) *GossipMessage {
	t.Helper()
	field := contents().ByName(protoreflect.Name(name))
	if field == nil {
		t.Fatalf("GossipMessage has no content %q", name)
	}
	m := &GossipMessage{}
	r := m.ProtoReflect()
	r.Set(field, r.NewField(field))
	return m
}

// legalTag has every content of GossipMessage, with the one tag that is legal for it, or UNDEFINED if none is. The four of a pull
// are here with no type of pull; legalPullTag has them with one.
var legalTag = map[string]GossipMessage_Tag{
	"alive_msg":           GossipMessage_EMPTY,
	"mem_req":             GossipMessage_EMPTY,
	"mem_res":             GossipMessage_EMPTY,
	"data_msg":            GossipMessage_CHAN_AND_ORG,
	"hello":               GossipMessage_UNDEFINED,
	"data_dig":            GossipMessage_UNDEFINED,
	"data_req":            GossipMessage_UNDEFINED,
	"data_update":         GossipMessage_UNDEFINED,
	"empty":               GossipMessage_UNDEFINED,
	"conn":                GossipMessage_UNDEFINED,
	"state_info":          GossipMessage_CHAN_OR_ORG,
	"state_snapshot":      GossipMessage_CHAN_OR_ORG,
	"state_info_pull_req": GossipMessage_CHAN_OR_ORG,
	"state_request":       GossipMessage_CHAN_OR_ORG,
	"state_response":      GossipMessage_CHAN_OR_ORG,
	"leadership_msg":      GossipMessage_CHAN_AND_ORG,
	"peer_identity":       GossipMessage_ORG_ONLY,
	"ack":                 GossipMessage_UNDEFINED,
	"privateReq":          GossipMessage_UNDEFINED,
	"privateRes":          GossipMessage_UNDEFINED,
	"private_data":        GossipMessage_UNDEFINED,
}

// legalPullTag has the legal tag for each type of pull, UNDEFINED if none. 99 stands for a type that a newer peer might know.
var legalPullTag = map[PullMsgType]GossipMessage_Tag{
	PullMsgType_UNDEFINED:    GossipMessage_UNDEFINED,
	PullMsgType_BLOCK_MSG:    GossipMessage_CHAN_AND_ORG,
	PullMsgType_IDENTITY_MSG: GossipMessage_EMPTY,
	99:                       GossipMessage_UNDEFINED,
}

// everyTag is all tags, and one that a newer peer might know.
func everyTag() []GossipMessage_Tag {
	tags := []GossipMessage_Tag{99}
	for number := range GossipMessage_Tag_name {
		tags = append(tags, GossipMessage_Tag(number))
	}
	return tags
}

// checkOnlyLegal checks that m is legal with tag want and with no other, and with none if want is UNDEFINED.
func checkOnlyLegal(t *testing.T, m *GossipMessage, want GossipMessage_Tag) {
	t.Helper()
	for _, m.Tag = range everyTag() {
		err := m.IsTagLegal()
		switch legal := want != GossipMessage_UNDEFINED && m.Tag == want; {
		case legal && err != nil:
			t.Errorf("tag %v must be legal: %v", m.Tag, err)
		case !legal && !errors.Is(err, ErrIllegalTag):
			t.Errorf("tag %v: %v, want an error that is %v", m.Tag, err, ErrIllegalTag)
		}
	}
}

func TestTheTagTableNamesEveryContent(t *testing.T) {
	var names []string
	for i := range contents().Len() {
		names = append(names, string(contents().Get(i).Name()))
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(legalTag))); diff != "" {
		t.Errorf("contents and table differ (-contents +table):\n%s", diff)
	}
}

func TestEachContentHasAtMostOneLegalTag(t *testing.T) {
	for name, want := range legalTag {
		t.Run(name, func(t *testing.T) { checkOnlyLegal(t, withContent(t, name), want) })
	}
	t.Run("no content", func(t *testing.T) { checkOnlyLegal(t, &GossipMessage{}, GossipMessage_UNDEFINED) })
}

func TestThePullDecidesTheTagOfItsMessages(t *testing.T) {
	for pulled, want := range legalPullTag {
		messages := map[string]*GossipMessage{
			"hello":       {Content: &GossipMessage_Hello{Hello: &GossipHello{MsgType: pulled}}},
			"data_dig":    {Content: &GossipMessage_DataDig{DataDig: &DataDigest{MsgType: pulled}}},
			"data_req":    {Content: &GossipMessage_DataReq{DataReq: &DataRequest{MsgType: pulled}}},
			"data_update": {Content: &GossipMessage_DataUpdate{DataUpdate: &DataUpdate{MsgType: pulled}}},
		}
		for name, m := range messages {
			t.Run(pulled.String()+" "+name, func(t *testing.T) {
				checkOnlyLegal(t, m, want)
				if got := m.GetPullMsgType(); got != pulled {
					t.Errorf("GetPullMsgType() = %v, want %v", got, pulled)
				}
			})
		}
	}
}

func TestPredicatesHoldForTheirContentsOnly(t *testing.T) {
	tests := []struct {
		name  string
		holds func(*GossipMessage) bool
		of    []string
	}{
		{"IsAck", (*GossipMessage).IsAck, []string{"ack"}},
		{"IsAliveMsg", (*GossipMessage).IsAliveMsg, []string{"alive_msg"}},
		{"IsDataMsg", (*GossipMessage).IsDataMsg, []string{"data_msg"}},
		{"IsPullMsg", (*GossipMessage).IsPullMsg, []string{"hello", "data_dig", "data_req", "data_update"}},
	}
	for _, tt := range tests {
		for name := range legalTag {
			if got, want := tt.holds(withContent(t, name)), slices.Contains(tt.of, name); got != want {
				t.Errorf("%s of %s = %v, want %v", tt.name, name, got, want)
			}
		}
		if tt.holds(&GossipMessage{}) || tt.holds(nil) {
			t.Errorf("%s holds for a message without content, or for none", tt.name)
		}
	}
}

func TestOnlyPullMessagesHaveATypeOfPull(t *testing.T) {
	for name := range legalTag {
		if got := withContent(t, name).GetPullMsgType(); got != PullMsgType_UNDEFINED {
			t.Errorf("GetPullMsgType() of %s = %v", name, got)
		}
	}
}

func TestContentNameIsTheNameOnTheWireContract(t *testing.T) {
	for name := range legalTag {
		if got := withContent(t, name).ContentName(); got != name {
			t.Errorf("ContentName() = %q, want %q", got, name)
		}
	}
	if got := (*GossipMessage)(nil).ContentName(); got != "" {
		t.Errorf("ContentName() of nil = %q", got)
	}
}

func TestTagsRestrictToChannelAndOrganisation(t *testing.T) {
	type restriction struct{ Channel, Org bool }
	want := map[GossipMessage_Tag]restriction{
		GossipMessage_UNDEFINED:    {false, false},
		GossipMessage_EMPTY:        {false, false},
		GossipMessage_ORG_ONLY:     {false, true},
		GossipMessage_CHAN_ONLY:    {true, false},
		GossipMessage_CHAN_AND_ORG: {true, true},
		GossipMessage_CHAN_OR_ORG:  {true, false},
		99:                         {false, false},
	}
	got := map[GossipMessage_Tag]restriction{}
	for _, tag := range everyTag() {
		m := &GossipMessage{Tag: tag}
		got[tag] = restriction{m.IsChannelRestricted(), m.IsOrgRestricted()}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("restrictions differ (-want +got):\n%s", diff)
	}
}
