package wire

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"

	"gossipscope/internal/text"
	"gossipscope/proto"
)

// described returns every descriptor that a tree can show: the messages, fields and enumerations of message.proto and of an identity.
func described() map[protoreflect.FullName]protoreflect.Descriptor {
	all := make(map[protoreflect.FullName]protoreflect.Descriptor)
	enums := func(list protoreflect.EnumDescriptors) {
		for i := range list.Len() {
			for j := range list.Get(i).Values().Len() {
				value := list.Get(i).Values().Get(j)
				all[value.FullName()] = value
			}
		}
	}
	var messages func(protoreflect.MessageDescriptors)
	messages = func(list protoreflect.MessageDescriptors) {
		for i := range list.Len() {
			md := list.Get(i)
			all[md.FullName()] = md
			for j := range md.Fields().Len() {
				all[md.Fields().Get(j).FullName()] = md.Fields().Get(j)
			}
			enums(md.Enums())
			messages(md.Messages())
		}
	}
	for _, file := range []protoreflect.FileDescriptor{proto.File_message_proto, serializedIdentity.ParentFile()} {
		messages(file.Messages())
		enums(file.Enums())
	}
	return all
}

func TestEveryMessageFieldAndEnumValueIsExplainedInBothLanguages(t *testing.T) {
	all := described()
	if len(all) < 130 {
		t.Fatalf("only %d descriptors were found", len(all))
	}
	for name := range all {
		bothLanguages(t, string(name), explanations[string(name)])
	}
}

func TestNothingIsExplainedThatThereIsNot(t *testing.T) {
	all := described()
	for key := range explanations {
		message, number, reserved := strings.Cut(key, "#")
		switch {
		case reserved:
			md, ok := all[protoreflect.FullName(message)].(protoreflect.MessageDescriptor)
			if !ok || !md.ReservedRanges().Has(1) || number != "1" {
				t.Errorf("%s is no reserved field", key)
			}
		case strings.HasPrefix(key, "gossip.") || strings.HasPrefix(key, "msp."):
			if all[protoreflect.FullName(key)] == nil {
				t.Errorf("%s is not in message.proto", key)
			}
		}
	}
	for key := range proofs {
		if _, known := explanations[key]; !known {
			t.Errorf("%s proves something, and is nothing", key)
		}
	}
	if n := len(explainComm) + len(explainContents) + len(explainCargo); n != len(explanations) {
		t.Errorf("%d explanations in three tables are %d: some are there twice", n, len(explanations))
	}
}

// What the parser does for each kind of field stands in wireType; a new kind in message.proto must be added there.
func TestTheParserKnowsEveryKindOfField(t *testing.T) {
	for name, d := range described() {
		if fd, isField := d.(protoreflect.FieldDescriptor); isField {
			if wireType(fd.Kind()) < 0 || fd.IsPacked() || fd.IsMap() {
				t.Errorf("%s is of a kind that is not taken apart: %v", name, fd.Kind())
			}
		}
	}
}

func TestWhatIsOpenedIsABytesFieldOfMessageProto(t *testing.T) {
	all := described()
	p := parser{bytes: []byte("x")}
	opened := 0
	for name, d := range all {
		n := &Node{Kind: Field, Span: Span{0, 1}, Content: Span{0, 1}}
		if p.open(n, string(name), 0); !n.opened {
			continue
		}
		opened++
		if fd, isField := d.(protoreflect.FieldDescriptor); !isField || fd.Kind() != protoreflect.BytesKind {
			t.Errorf("%s is opened and is no bytes", name)
		}
	}
	if opened != 8 {
		t.Errorf("%d fields are opened, want the 8 that open.go names", opened)
	}
}

// Every kind of message is one that its author signs, or one of which it is said why it needs no signature.
func TestOfEveryContentItIsKnownWhetherItIsSigned(t *testing.T) {
	fields := gossipMessage.Oneofs().ByName("content").Fields()
	unsigned := maps.Clone(says.unsigned)
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		msg := &proto.GossipMessage{}
		msg.ProtoReflect().Mutable(fields.Get(i))
		k := &checker{tree: Parse(nil), msg: &proto.SignedGossipMessage{GossipMessage: msg}}
		_, signed := k.author()
		_, needless := unsigned[name]
		if signed == needless {
			t.Errorf("%s: signed by its author: %v, needs no signature: %v", name, signed, needless)
		}
		delete(unsigned, name)
	}
	if len(unsigned) > 0 {
		t.Errorf("there are no such messages: %v", slices.Collect(maps.Keys(unsigned)))
	}
}

// sayings calls f with every text in v, by the names of the fields that lead there.
func sayings(v reflect.Value, path string, f func(path string, t text.Text)) {
	switch {
	case v.Type() == reflect.TypeFor[text.Text]():
		f(path, text.Text{Zh: v.Field(0).String(), En: v.Field(1).String()})
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			sayings(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case v.Kind() == reflect.Map:
		for _, key := range v.MapKeys() {
			sayings(v.MapIndex(key), path+"."+key.String(), f)
		}
	}
}

// allTexts returns everything that the package can say, by where it stands.
func allTexts() map[string]text.Text {
	all := make(map[string]text.Text)
	for key, s := range explanations {
		all["about "+key] = s
	}
	for key, s := range proofs {
		all["proves "+key] = s
	}
	sayings(reflect.ValueOf(says), "says", func(path string, s text.Text) { all[path] = s })
	return all
}

func TestNothingIsLeftUnsaid(t *testing.T) {
	n := 0
	sayings(reflect.ValueOf(says), "says", func(path string, s text.Text) {
		n++
		bothLanguages(t, path, s)
	})
	if n < 100 {
		t.Errorf("only %d sentences were found", n)
	}
	for _, claim := range []Claim{ReadableClaim, IdentityClaim, PKIIDClaim, IssuerClaim, ValidityClaim, CertHashClaim, SignatureClaim,
		LowSClaim, SecretClaim} {
		bothLanguages(t, string(claim), claim.Title())
	}
	for _, verdict := range []Verdict{CannotTell, Right, Wrong} {
		bothLanguages(t, "a verdict", verdict.Word())
	}
}

// phrase are the texts that are no sentences: they stand in a heading, a label, or the middle of a sentence.
var phrase = regexp.MustCompile(`^says\.(labels|titles|verdicts|quantities)\.`)

func TestExplanationsAreWholeSentences(t *testing.T) {
	for name, s := range allTexts() {
		if phrase.MatchString(name) {
			continue
		}
		if !strings.HasSuffix(s.Zh, "。") && !strings.HasSuffix(s.Zh, "」") && !strings.HasSuffix(s.Zh, "%s") {
			t.Errorf("%s: %q does not end as a Chinese sentence does", name, s.Zh)
		}
		if !strings.HasSuffix(s.En, ".") && !strings.HasSuffix(s.En, "%s") || s.En != strings.TrimSpace(s.En) {
			t.Errorf("%s: %q does not end as an English sentence does", name, s.En)
		}
		if n := text.Cells(s.Zh); n > 160 {
			t.Errorf("%s: %q takes %d cells, which is more than two lines", name, s.Zh, n)
		}
		if n := text.Cells(s.En); n > 250 {
			t.Errorf("%s: %q takes %d cells, which is more than three lines", name, s.En, n)
		}
	}
}

// Between Chinese and Latin letters or digits there is a space; punctuation is that of Chinese, except inside of a Latin word.
func TestChineseIsSetAsChinese(t *testing.T) {
	for rule, pattern := range map[string]*regexp.Regexp{
		"ASCII punctuation": regexp.MustCompile(`[,;:?!()"'\[\]]|\.(\s|$)|\p{Han}[.\-]|[.\-]\p{Han}`),
		"a missing space":   regexp.MustCompile(`\p{Han}[A-Za-z0-9%]|[A-Za-z0-9]\p{Han}|%[a-z]\p{Han}`),
		"a needless space":  regexp.MustCompile(`\p{Han} \p{Han}|[，。：；、？！（）] | [，。：；、？！（）]`),
	} {
		for name, s := range allTexts() {
			if found := pattern.FindString(s.Zh); found != "" {
				t.Errorf("%s: %s at %q in %q", name, rule, found, s.Zh)
			}
		}
	}
}

func TestEnglishIsEnglish(t *testing.T) {
	for name, s := range allTexts() {
		for _, r := range s.En {
			if r > unicode.MaxASCII {
				t.Errorf("%s: %q has %q in it", name, s.En, r)
			}
		}
	}
}

func TestBothLanguagesTakeTheSameArguments(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z]`)
	for name, s := range allTexts() {
		if zh, en := verb.FindAllString(s.Zh, -1), verb.FindAllString(s.En, -1); !slices.Equal(zh, en) {
			t.Errorf("%s: %q and %q take different arguments", name, s.Zh, s.En)
		}
	}
}
