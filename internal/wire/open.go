package wire

// Some bytes are more than message.proto says of them: the payload of an envelope, an identity, a certificate, a signature. Whoever wrote
// them agreed with whoever reads them what they are, and here stands what was agreed. Bytes that do not keep to it give a fault; the
// layer may not mind, or not yet, and Check says what it makes of it.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"gossipscope/internal/text"
	"gossipscope/proto"
)

var (
	gossipMessage      = (&proto.GossipMessage{}).ProtoReflect().Descriptor()
	secret             = (&proto.Secret{}).ProtoReflect().Descriptor()
	serializedIdentity = describeIdentity()
)

// describeIdentity returns the descriptor of Fabric's msp.SerializedIdentity. It is not registered anywhere: the name is Fabric's, and
// somebody may link both (see comm/msp).
func describeIdentity() protoreflect.MessageDescriptor {
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
		label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		return &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &kind, Label: &label}
	}
	name, file, syntax, message := "msp", "msp/identities.proto", "proto3", "SerializedIdentity"
	fd, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: &file, Package: &name, Syntax: &syntax,
		MessageType: []*descriptorpb.DescriptorProto{{Name: &message, Field: []*descriptorpb.FieldDescriptorProto{
			field("mspid", 1, descriptorpb.FieldDescriptorProto_TYPE_STRING),
			field("id_bytes", 2, descriptorpb.FieldDescriptorProto_TYPE_BYTES),
		}}},
	}, nil)
	if err != nil {
		panic(err) // a bug of this function, found by every test
	}
	return fd.Messages().Get(0)
}

// open looks what the bytes of a field hold.
func (p *parser) open(n *Node, name string, opened int) {
	var md protoreflect.MessageDescriptor
	switch name {
	case "gossip.Envelope.payload":
		md = gossipMessage
	case "gossip.SecretEnvelope.payload":
		md = secret
	case "gossip.ConnEstablish.identity", "gossip.AliveMessage.identity", "gossip.PeerIdentity.cert":
		md = serializedIdentity
	case "gossip.Envelope.signature", "gossip.SecretEnvelope.signature", "msp.SerializedIdentity.id_bytes":
	default:
		return
	}
	if n.Content.Len() == 0 {
		return
	}
	n.opened = true
	switch {
	case opened >= maxOpen:
		p.adopt(n, []*Node{p.skip(n.Content)})
	case md != nil:
		n.hold(md)
		p.adopt(n, p.message(md, n.Content, opened+1))
	case name == "msp.SerializedIdentity.id_bytes":
		p.adopt(n, p.certificate(n.Content))
	default:
		p.adopt(n, p.signature(n.Content))
	}
}

// part returns a node for a piece of a value, under the name that the tables know it by.
func (p *parser) part(at Span, key, value string) *Node {
	n := p.node(Part, at)
	n.Content, n.Value = at, line(value)
	_, n.Name, _ = strings.Cut(key, ".")
	n.explain(key)
	return n
}

// line returns a foreign text in a line.
func line(s string) string {
	s = text.Printable(s)
	if runes := []rune(s); len(runes) > lineRunes {
		return string(runes[:lineRunes]) + "…"
	}
	return s
}

// signature takes an ECDSA signature apart: in DER, a sequence of two integers (RFC 3279, section 2.2.3). Anything else is shown as it
// is, for a signature of another kind is none of our business; whether the layer takes it, Check says.
func (p *parser) signature(at Span) []*Node {
	der := p.bytes[at.From:at.To]
	r, s, ok := parseSignature(der)
	if !ok {
		return nil
	}
	// Both integers stand at the end; what is before them is the header of the sequence.
	second, _ := asn1.Marshal(s)
	first, _ := asn1.Marshal(r)
	atS := at.To - len(second)
	atR := atS - len(first)
	return []*Node{
		p.part(Span{at.From, atR}, "ecdsa.sequence", hex.EncodeToString(p.bytes[at.From:atR])),
		p.part(Span{atR, atS}, "ecdsa.r", hex.EncodeToString(r.Bytes())),
		p.part(Span{atS, at.To}, "ecdsa.s", hex.EncodeToString(s.Bytes())),
	}
}

// parseSignature reads an ECDSA signature, written exactly as DER wants it.
func parseSignature(der []byte) (r, s *big.Int, ok bool) {
	var integers struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &integers)
	if err != nil || len(rest) > 0 || integers.R.Sign() <= 0 || integers.S.Sign() <= 0 {
		return nil, nil, false
	}
	canonical, err := asn1.Marshal(integers)
	if err != nil || !bytes.Equal(canonical, der) {
		return nil, nil, false
	}
	return integers.R, integers.S, true
}

const (
	pemBegin = "-----BEGIN CERTIFICATE-----\n"
	pemEnd   = "-----END CERTIFICATE-----"
)

// certificate takes the PEM text of a certificate apart: the line before, the base64 between, the line behind.
func (p *parser) certificate(at Span) []*Node {
	pem := p.bytes[at.From:at.To]
	end := bytes.Index(pem, []byte("\n"+pemEnd)) + 1
	switch {
	case !bytes.HasPrefix(pem, []byte(pemBegin)):
		return []*Node{p.fault(p.part(at, "pem.text", ""), at.To, at.From, says.faults.noPEM)}
	case end <= len(pemBegin): // not found, or nothing between
		return []*Node{p.fault(p.part(at, "pem.text", ""), at.To, at.To-1, says.faults.pemEnd)}
	}
	body := Span{at.From + len(pemBegin), at.From + end}
	return []*Node{
		p.part(Span{at.From, body.From}, "pem.begin", strings.TrimSuffix(pemBegin, "\n")),
		p.base64(body),
		p.part(Span{body.To, at.To}, "pem.end", strings.TrimSuffix(string(pem[end:]), "\n")),
	}
}

// base64 opens the text between the lines: every four characters are three bytes of the certificate.
func (p *parser) base64(at Span) *Node {
	n := p.part(at, "pem.body", "")
	var letters []byte
	var places []int // where each of the letters stands
	for i := at.From; i < at.To; i++ {
		if c := p.bytes[i]; c != '\n' && c != '\r' {
			letters, places = append(letters, c), append(places, i)
		}
	}
	der := make([]byte, base64.StdEncoding.DecodedLen(len(letters)))
	size, err := base64.StdEncoding.Decode(der, letters)
	if bad, isCorrupt := err.(base64.CorruptInputError); isCorrupt {
		where := at.To - 1
		if int(bad) < len(places) {
			where = places[bad]
		}
		return p.fault(n, at.To, where, says.faults.base64)
	}
	certificate, err := x509.ParseCertificate(der[:size])
	if err != nil {
		return p.fault(n, at.To, at.From, fill(says.faults.certificate, text.Printable(err.Error())))
	}
	n.Children = p.x509(at, places, certificate)
	return n
}

// x509 lays the parts of a certificate over the text that it is written in. A letter carries six bits, so at a border it can belong to two
// parts; it is counted to the one that its first bit belongs to.
func (p *parser) x509(at Span, places []int, certificate *x509.Certificate) []*Node {
	var nodes []*Node
	from := at.From
	parts := partsOf(certificate)
	for i, piece := range parts {
		to := at.To
		if i+1 < len(parts) {
			to = places[(8*piece.to+5)/6]
		}
		nodes = append(nodes, p.part(Span{from, to}, piece.key, piece.value))
		from = to
	}
	return nodes
}

// derPart is a part of a certificate; it ends before byte to of the DER, and begins where the one before it ends.
type derPart struct {
	key   string
	to    int
	value string
}

// The parts of a certificate in their order (RFC 5280, section 4.1), but for the version and the extensions, which bear tags of their own.
var (
	signedParts = []string{"x509.serialNumber", "x509.signature", "x509.issuer", "x509.validity", "x509.subject", "x509.subjectPublicKeyInfo"}
	outerParts  = []string{"x509.signatureAlgorithm", "x509.signatureValue"}
)

// partsOf returns the parts of a certificate. It was parsed before, so they are there; what else somebody may have put behind them counts as
// one more extension.
func partsOf(certificate *x509.Certificate) []derPart {
	var outer, signed asn1.RawValue
	asn1.Unmarshal(certificate.Raw, &outer)
	asn1.Unmarshal(outer.Bytes, &signed)
	beforeSigned := len(outer.FullBytes) - len(outer.Bytes)
	beforeFields := beforeSigned + len(signed.FullBytes) - len(signed.Bytes)
	parts := []derPart{{"x509.header", beforeFields, ""}}
	add := func(at int, rest []byte, names []string) {
		var element asn1.RawValue
		for len(rest) > 0 {
			var err error
			if rest, err = asn1.Unmarshal(rest, &element); err != nil {
				return
			}
			key := "x509.extensions"
			switch {
			case element.Class == asn1.ClassContextSpecific && element.Tag == 0:
				key = "x509.version"
			case element.Class == asn1.ClassUniversal && len(names) > 0:
				key, names = names[0], names[1:]
			}
			at += len(element.FullBytes)
			parts = append(parts, derPart{key, at, valueOf(certificate, key)})
		}
	}
	add(beforeFields, signed.Bytes, signedParts)
	add(beforeSigned+len(signed.FullBytes), outer.Bytes[len(signed.FullBytes):], outerParts)
	return parts
}

// valueOf says in a line what a part of a certificate says.
func valueOf(certificate *x509.Certificate, key string) string {
	switch key {
	case "x509.version":
		return "v" + strconv.Itoa(certificate.Version)
	case "x509.serialNumber":
		return shortHex(certificate.SerialNumber.Bytes())
	case "x509.signature", "x509.signatureAlgorithm":
		return certificate.SignatureAlgorithm.String()
	case "x509.issuer":
		return certificate.Issuer.String()
	case "x509.validity":
		return stamp(certificate.NotBefore) + " … " + stamp(certificate.NotAfter)
	case "x509.subject":
		return certificate.Subject.String()
	case "x509.subjectPublicKeyInfo":
		return keyOf(certificate)
	case "x509.extensions":
		return strings.Join(extensionsOf(certificate), ", ")
	case "x509.signatureValue":
		return shortHex(certificate.Signature)
	}
	return ""
}

// keyOf names the key of a certificate, and shows it if it is one on a curve.
func keyOf(certificate *x509.Certificate) string {
	if key, ok := certificate.PublicKey.(*ecdsa.PublicKey); ok {
		point, err := key.Bytes()
		if err == nil {
			return key.Params().Name + " " + hex.EncodeToString(point)
		}
	}
	return certificate.PublicKeyAlgorithm.String()
}

// extensionNames are those that the certificates of peers have (RFC 5280, section 4.2.1).
var extensionNames = map[string]string{
	"2.5.29.14": "subjectKeyIdentifier",
	"2.5.29.15": "keyUsage",
	"2.5.29.17": "subjectAltName",
	"2.5.29.19": "basicConstraints",
	"2.5.29.35": "authorityKeyIdentifier",
	"2.5.29.37": "extKeyUsage",
}

func extensionsOf(certificate *x509.Certificate) []string {
	var names []string
	for _, extension := range certificate.Extensions {
		oid := extension.Id.String()
		name := extensionNames[oid]
		if name == "" {
			name = oid
		}
		names = append(names, name)
	}
	return names
}

// stamp writes a moment the same way wherever the reader lives.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
