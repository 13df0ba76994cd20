package wire

// What a byte view draws beside the tree: rows of bytes, and the few bytes in front of them that are not the message's own.

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"gossipscope/internal/text"
)

// Row is a row of a hex dump. Byte i of it stands in Hex at column 3*i and takes two, and in Text at column i.
type Row struct {
	Offset int    // of its first byte
	Bytes  []byte // part of what was given to Hex
	Hex    string // "0a 82 07"
	Text   string // the bytes as ASCII; "." for what ASCII cannot show
}

// Hex returns b in rows of perRow bytes; 16 if perRow is not positive. The offset of the first is base, so that a view that draws only what
// it has room for need not begin at 0.
func Hex(b []byte, perRow, base int) []Row {
	if perRow <= 0 {
		perRow = 16
	}
	rows := make([]Row, 0, (len(b)+perRow-1)/perRow)
	for i := 0; i < len(b); i += perRow {
		piece := b[i:min(i+perRow, len(b))]
		rows = append(rows, Row{Offset: base + i, Bytes: piece, Hex: spaced(piece), Text: ascii(piece)})
	}
	return rows
}

// spaced returns bytes in hex with a space between each two.
func spaced(b []byte) string {
	var s strings.Builder
	for i := range b {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(hex.EncodeToString(b[i : i+1]))
	}
	return s.String()
}

func ascii(b []byte) string {
	s := make([]byte, len(b))
	for i, c := range b {
		if s[i] = c; c < ' ' || c > '~' {
			s[i] = '.'
		}
	}
	return string(s)
}

// Prefix returns the five bytes that gRPC puts in front of a message of that length, and what they are. They are no part of the message,
// and nobody has recorded them: that they were these follows from the length, and from the fact that the layer asks for no compression.
func Prefix(length int) (prefix [5]byte, about text.Text) {
	binary.BigEndian.PutUint32(prefix[1:], uint32(length))
	return prefix, fill(says.prefix, spaced(prefix[:1]), spaced(prefix[1:]), length)
}

// Coding says how tag and length of a field come to be the bytes that they are. It is empty for a node that is no field, or the head of one.
func (t *Tree) Coding(n *Node) text.Text {
	if n.Tag.Len() == 0 {
		return text.Text{}
	}
	coding := fill(says.coding.tag, spaced(t.Bytes[n.Tag.From:n.Tag.To]), n.Number, int(n.Wire), wireNames[n.Wire])
	if n.Length.Len() == 0 {
		return coding
	}
	length, _ := protowire.ConsumeVarint(t.Bytes[n.Length.From:n.Length.To])
	more := fill(says.coding.length, spaced(t.Bytes[n.Length.From:n.Length.To]), length)
	return text.Text{Zh: coding.Zh + more.Zh, En: coding.En + " " + more.En}
}

// wireNames are the names that protobuf has for its wire types.
var wireNames = map[protowire.Type]string{
	protowire.VarintType: "VARINT", protowire.Fixed64Type: "I64", protowire.BytesType: "LEN",
	protowire.StartGroupType: "SGROUP", protowire.EndGroupType: "EGROUP", protowire.Fixed32Type: "I32", 6: "?", 7: "?",
}
