package wire

// A message of protobuf is a row of fields, each a tag, perhaps a length, and a value. This file takes such rows apart with protowire,
// which is what the library itself reads with, so that what the tree says is what a peer would read; a fuzz target holds the two
// against each other. What bytes hold that message.proto calls only "bytes" is for open.go.
//
// What stands here is a stranger's. Three things bound it: a fault ends the message that it is in, not those around it; so many nodes
// and no more are made; and an envelope in an envelope is opened only to some depth.

import (
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"gossipscope/internal/text"
)

const (
	maxNodes = 20000 // far more than anything that a person would look through; a handshake has about 40
	maxOpen  = 8     // how often bytes are opened within opened bytes; a certificate in a heartbeat in an answer needs five

	shownBytes = 32  // how many bytes of a value are shown in a line, as hex
	shownRunes = 64  // or as text
	lineRunes  = 160 // and how many characters of a line that is not bytes
)

// parser builds one tree.
type parser struct {
	bytes  []byte
	nodes  int
	faults []*Node
}

func (p *parser) node(kind Kind, at Span) *Node {
	p.nodes++
	return &Node{Kind: kind, Span: at}
}

func (p *parser) root(md protoreflect.MessageDescriptor) *Node {
	n := p.node(Message, Span{0, len(p.bytes)})
	n.Content = n.Span
	n.Name = string(md.Name())
	n.explain(string(md.FullName()))
	n.hold(md)
	n.Children = p.message(md, n.Span, 0)
	return n
}

// message returns the fields of a message. opened counts how often bytes were opened on the way down to it.
func (p *parser) message(md protoreflect.MessageDescriptor, in Span, opened int) []*Node {
	var fields []*Node
	for at := in.From; at < in.To; at = fields[len(fields)-1].To {
		rest := Span{at, in.To}
		if p.nodes >= maxNodes {
			fields = append(fields, p.skip(rest))
			break
		}
		fields = append(fields, p.field(md, rest, opened))
	}
	overrule(md, fields)
	return fields
}

// skip returns a node for bytes that are not taken apart.
func (p *parser) skip(at Span) *Node {
	n := p.node(Skipped, at)
	n.Content, n.About = at, says.skipped
	return n
}

// fault makes n, with all that is left of its message, a node that cannot be read.
func (p *parser) fault(n *Node, to, at int, why text.Text) *Node {
	n.Kind, n.To, n.FaultAt, n.Why = Fault, to, at, why
	p.faults = append(p.faults, n)
	return n
}

// field reads one field of a message, the first in these bytes.
func (p *parser) field(md protoreflect.MessageDescriptor, in Span, opened int) *Node {
	n := p.node(Field, in)
	number, wire, size := protowire.ConsumeTag(p.bytes[in.From:in.To])
	if size < 0 || number > protowire.MaxValidNumber { // ConsumeTag checks only the lower bound
		return p.fault(n, in.To, in.From, p.whyNoTag(in))
	}
	n.Number, n.Wire, n.Tag = number, wire, Span{in.From, in.From + size}
	fd := md.Fields().ByNumber(number)
	n.describe(fd)
	size = protowire.ConsumeFieldValue(number, wire, p.bytes[n.Tag.To:in.To])
	if size < 0 {
		return p.fault(n, in.To, n.Tag.To, p.whyNoValue(n, in.To))
	}
	n.To = n.Tag.To + size
	n.Content = Span{n.Tag.To, n.To}
	if wire == protowire.BytesType {
		_, size := protowire.ConsumeVarint(p.bytes[n.Tag.To:n.To])
		n.Length = Span{n.Tag.To, n.Tag.To + size}
		n.Content.From = n.Length.To
	}
	if fd == nil || wireType(fd.Kind()) != wire {
		p.unknown(n, md)
		return n
	}
	p.value(n, fd, opened)
	return n
}

// describe notes what message.proto says of the field; nothing if it does not know it.
func (n *Node) describe(fd protoreflect.FieldDescriptor) {
	if fd == nil {
		return
	}
	n.Name, n.Type = string(fd.Name()), fd.Kind().String()
	switch fd.Kind() {
	case protoreflect.MessageKind:
		n.Type = inPackage(fd.Message())
	case protoreflect.EnumKind:
		n.Type = inPackage(fd.Enum())
	}
	if fd.IsList() {
		n.Type = "repeated " + n.Type
	}
	n.explain(string(fd.FullName()))
}

// explain gives the node what the tables say under key.
func (n *Node) explain(key string) { n.key, n.About = key, explanations[key] }

// hold notes which message the node is, or has in it.
func (n *Node) hold(md protoreflect.MessageDescriptor) {
	n.Holds, n.HoldsAbout = string(md.Name()), explanations[string(md.FullName())]
}

// inPackage returns the name of a type without its package: "GossipMessage.Tag".
func inPackage(d protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+".")
}

// wireType returns the wire type of the kinds that message.proto has; -1 for others.
func wireType(kind protoreflect.Kind) protowire.Type {
	switch kind {
	case protoreflect.BytesKind, protoreflect.StringKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.Uint64Kind, protoreflect.BoolKind, protoreflect.EnumKind:
		return protowire.VarintType
	}
	return -1
}

// value fills in what a field of a known kind holds.
func (p *parser) value(n *Node, fd protoreflect.FieldDescriptor, opened int) {
	content := p.bytes[n.Content.From:n.Content.To]
	number, _ := protowire.ConsumeVarint(content) // for the kinds that are one
	switch fd.Kind() {
	case protoreflect.MessageKind:
		n.hold(fd.Message())
		p.adopt(n, p.message(fd.Message(), n.Content, opened))
	case protoreflect.BytesKind:
		n.Value = shown(content)
		p.open(n, string(fd.FullName()), opened)
	case protoreflect.StringKind:
		n.Value = shown(content)
		if at := firstInvalid(content); at < len(content) {
			p.fault(n, n.To, n.Content.From+at, says.faults.utf8)
		}
	case protoreflect.Uint64Kind:
		n.Value = strconv.FormatUint(number, 10)
	case protoreflect.BoolKind:
		n.Value = strconv.FormatBool(protowire.DecodeBool(number))
	case protoreflect.EnumKind:
		p.enum(n, fd.Enum(), protoreflect.EnumNumber(number))
	}
}

func (p *parser) enum(n *Node, ed protoreflect.EnumDescriptor, number protoreflect.EnumNumber) {
	n.Value = strconv.FormatInt(int64(number), 10)
	value := ed.Values().ByNumber(number)
	if value == nil {
		n.Meaning = says.unknownEnum
		return
	}
	n.Value = string(value.Name()) + " (" + n.Value + ")"
	n.Meaning = explanations[string(value.FullName())]
}

// adopt gives a field its children. What stands before them, tag and length, becomes the first, so that no byte is left without a leaf.
func (p *parser) adopt(n *Node, children []*Node) {
	if len(children) == 0 {
		return
	}
	head := p.node(Head, Span{n.From, n.Content.From})
	head.Number, head.Wire, head.Tag, head.Length, head.About = n.Number, n.Wire, n.Tag, n.Length, says.head
	n.Value = ""
	n.Children = append([]*Node{head}, children...)
}

// unknown fills in what can be said of a field that message.proto does not know, or knows with another wire type: to protobuf that is the
// same. Its bytes are kept by everybody who passes the message on.
func (p *parser) unknown(n *Node, md protoreflect.MessageDescriptor) {
	n.Kind = Unknown
	content := p.bytes[n.Content.From:n.Content.To]
	switch n.Wire {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(content)
		n.Value = strconv.FormatUint(v, 10)
	case protowire.BytesType:
		n.Value = shown(content)
	default:
		n.Value = shortHex(content)
	}
	retired, known := explanations[string(md.FullName())+"#"+strconv.Itoa(int(n.Number))]
	switch {
	case n.Name != "":
		n.About = fill(says.otherWireType, n.Type)
	case known:
		n.About = retired
	default:
		n.About = says.unknown
	}
}

// overrule marks the fields whose place a later one has taken.
func overrule(md protoreflect.MessageDescriptor, fields []*Node) {
	holding := make(map[protoreflect.FullName][]*Node) // by field, or by oneof: the nodes that hold its value so far
	for _, n := range fields {
		fd := md.Fields().ByNumber(n.Number)
		if n.Kind == Unknown || fd == nil || fd.IsList() {
			continue
		}
		place := fd.FullName()
		if oneof := fd.ContainingOneof(); oneof != nil {
			place = oneof.FullName()
		}
		before := holding[place]
		if fd.Kind() == protoreflect.MessageKind && len(before) > 0 && before[0].Number == n.Number {
			holding[place] = append(before, n) // a message that comes in pieces is put together
			continue
		}
		for _, old := range before {
			old.Overruled = true
		}
		holding[place] = []*Node{n}
	}
}

// whyNoTag says why no field begins here.
func (p *parser) whyNoTag(in Span) text.Text {
	tag, size := protowire.ConsumeVarint(p.bytes[in.From:in.To])
	if size < 0 {
		return whyNoVarint(size)
	}
	return fill(says.faults.number, tag>>3)
}

// whyNoValue says why a field has no value, although it has a tag.
func (p *parser) whyNoValue(n *Node, to int) text.Text {
	rest := p.bytes[n.Tag.To:to]
	switch n.Wire {
	case protowire.VarintType:
		_, size := protowire.ConsumeVarint(rest)
		return whyNoVarint(size)
	case protowire.Fixed32Type:
		return fill(says.faults.short, 4, len(rest))
	case protowire.Fixed64Type:
		return fill(says.faults.short, 8, len(rest))
	case protowire.BytesType:
		length, size := protowire.ConsumeVarint(rest)
		if size < 0 {
			return whyNoVarint(size)
		}
		return fill(says.faults.length, length, len(rest)-size)
	case protowire.StartGroupType:
		return says.faults.group
	case protowire.EndGroupType:
		return says.faults.endGroup
	}
	return fill(says.faults.wireType, int(n.Wire))
}

func whyNoVarint(code int) text.Text {
	if errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF) {
		return says.faults.truncated
	}
	return says.faults.overflow
}

// firstInvalid returns where b stops being UTF-8; len(b) if nowhere.
func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

// shown returns bytes for a line: as text if they are text, else as hex.
func shown(b []byte) string {
	head, tail, runes := string(b), "", 0
	for i := range head {
		if runes == shownRunes {
			head, tail = head[:i], "…"
			break
		}
		runes++
	}
	if head == "" || text.Printable(head) != head { // bytes that are no UTF-8 are not printable either
		return shortHex(b)
	}
	return `"` + head + `"` + tail
}

func shortHex(b []byte) string {
	if len(b) > shownBytes {
		return hex.EncodeToString(b[:shownBytes]) + "…"
	}
	return hex.EncodeToString(b)
}
