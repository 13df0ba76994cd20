package wire

// What every message and field is for, in both languages. The keys are the full names of message.proto; what is no protobuf has a key of
// the same form. A test walks the descriptors: nothing may be missing, nothing superfluous.
//
// Here stands what comm itself reads or makes: the envelope, the handshake with all that an identity is made of, acknowledgements. What
// comm only carries is in explain_cargo.go.

import (
	"maps"

	"gossipscope/internal/text"
)

// explanations is all of it.
var explanations = func() map[string]text.Text {
	all := maps.Clone(explainComm)
	maps.Copy(all, explainContents)
	maps.Copy(all, explainCargo)
	return all
}()

var explainComm = map[string]text.Text{
	"gossip.Envelope": {
		Zh: "流上的一个单位：一条消息的字节，加上对这些字节的签名。",
		En: "The unit of a stream: a message as bytes, and a signature over exactly those bytes."},
	"gossip.Envelope.payload": {
		Zh: "编码好的 GossipMessage。它按字节携带、原样转发，所以转几手签名都还有效。",
		En: "A marshalled GossipMessage. It travels as bytes and is passed on untouched, so the signature survives any number of hops."},
	"gossip.Envelope.signature": {
		Zh: "作者对 payload 的签名，别的都不包括；用不着签名的消息没有这一项。comm 只验 ConnEstablish 的签名。",
		En: "The author's signature of payload and of nothing else; absent where none is needed. comm verifies that of a ConnEstablish only."},
	"gossip.Envelope.secret_envelope": {
		Zh: "只给本组织看的部分。它在 payload 之外，出组织时剪掉也不破坏签名。comm 不看。",
		En: "What only the author's organisation may see. It is outside of payload, so cutting it off breaks no signature. Cargo to comm."},

	"gossip.SecretEnvelope": {
		Zh: "信封里的信封：外层签名管不到它，所以它自带签名。",
		En: "An envelope in an envelope, with a signature of its own because the outer one does not cover it."},
	"gossip.SecretEnvelope.payload": {
		Zh: "编码好的 Secret。comm 不看。",
		En: "A marshalled Secret. Cargo to comm."},
	"gossip.SecretEnvelope.signature": {
		Zh: "对这个 payload 的签名，用的私钥与外层签名相同。comm 不验。",
		En: "Signature of this payload, made with the same key as the outer one. comm does not verify it."},
	"gossip.Secret": {
		Zh: "节点只告诉本组织的事。",
		En: "What a peer tells only to its own organisation."},
	"gossip.Secret.internalEndpoint": {
		Zh: "同组织的节点用这个地址找作者；外面看到的是 Member.endpoint。comm 不看。",
		En: "Where peers of the same organisation reach the author; the world sees Member.endpoint. Cargo to comm."},

	"gossip.GossipMessage": {
		Zh: "节点能说的一切：编号、频道、传播范围，加上 oneof 里的一种内容。",
		En: "Everything that a peer can say: nonce, channel, how far it may travel, and one content of the oneof."},
	"gossip.GossipMessage.nonce": {
		Zh: "把回答与所答的消息配成对：SendWithAck 填随机数，ack 原样带回。它不防重放。",
		En: "Pairs an answer with what it answers: SendWithAck draws it at random, the ack brings it back. It is no defence against replay."},
	"gossip.GossipMessage.channel": {
		Zh: "消息所属频道的名字，与频道无关就没有。comm 不看。",
		En: "The name of the channel that the message is about, absent if none. Cargo to comm."},
	"gossip.GossipMessage.tag": {
		Zh: "消息可以传多远，由作者写明。comm 不管，上层照办。",
		En: "How far the message may travel, as its author says. comm obeys none; the layer above does."},
	"gossip.GossipMessage.UNDEFINED": {
		Zh: "没写传播范围。上层一律不收；ack 是这样发的，因为它到不了上层。",
		En: "No tag. Never legal above comm; acks travel so, since comm keeps them to itself."},
	"gossip.GossipMessage.EMPTY": {
		Zh: "不限范围。握手、成员信息和身份的拉取用它。",
		En: "No restriction: handshakes, membership, the pull of identities."},
	"gossip.GossipMessage.ORG_ONLY": {
		Zh: "不出作者的组织。",
		En: "Stays in the author's organisation."},
	"gossip.GossipMessage.CHAN_ONLY": {
		Zh: "只给频道里的节点，哪个组织都行。没有消息用它。",
		En: "For peers of the channel, whatever their organisation. No kind of message uses it."},
	"gossip.GossipMessage.CHAN_AND_ORG": {
		Zh: "只给既在频道里、又在作者组织里的节点。区块和选举用它。",
		En: "For peers that are in the channel and in the author's organisation: blocks, leadership."},
	"gossip.GossipMessage.CHAN_OR_ORG": {
		Zh: "给在频道里、或在作者组织里的节点。频道状态和状态传输用它。",
		En: "For peers that are in the channel or in the author's organisation: channel state, state transfer."},

	"gossip.ConnEstablish": {
		Zh: "握手：「我是这个身份，你在这条线路上看到的 TLS 证书是我的。」签名使它可信。",
		En: "The handshake: \"I am this identity, and the TLS certificate that you see on this line is mine\". The signature makes it believable."},
	"gossip.ConnEstablish.pki_id": {
		Zh: "发送者的 PKI-ID，连接表用它作键。接收方由 identity 重新算一遍，不符就拒绝。",
		En: "The sender's PKI-ID, the key of the connection store. The receiver computes it anew from identity and refuses a mismatch."},
	"gossip.ConnEstablish.identity": {
		Zh: "发送者的身份：组织的 MSP ID 和 X.509 证书。接收方要验证它。",
		En: "The sender's identity: the MSP ID of its organisation and an X.509 certificate. The receiver validates it."},
	"gossip.ConnEstablish.tls_cert_hash": {
		Zh: "发送者在这条线路上出示的 TLS 证书（DER）的 SHA-256：拨号的一方填 client 证书，被拨的一方填 server 证书。没有 TLS 就是空的。",
		En: "SHA-256 of the TLS certificate (DER) that the sender shows on this line: its client certificate if it dialled, its server " +
			"certificate if it was dialled. Empty without TLS."},
	"gossip.ConnEstablish.probe": {
		Zh: "只想知道你是谁：答复之后结束这条流，不登记连接。v2.1 起才有（FAB-17674），更旧的节点不认得它。",
		En: "\"I only want to know who you are\": answer, end the stream, store nothing. Since v2.1 (FAB-17674); an older peer ignores it."},

	"gossip.Acknowledgement": {
		Zh: "对 SendWithAck 的回答。它自己没有编号，外面那层的 nonce 就是编号。",
		En: "The answer to a SendWithAck. It has no number of its own: the nonce of the message around it is the number."},
	"gossip.Acknowledgement.error": {
		Zh: "拒绝的原因，原话；没有这一项就是成功。comm 读它。",
		En: "The reason of a refusal, in the receiver's words; absent for success. comm reads it."},
	"gossip.Empty": {
		Zh: "什么都没有。Ping 的一问一答都是它。",
		En: "Nothing at all. Both sides of a Ping are this."},

	"msp.SerializedIdentity": {
		Zh: "Fabric 携带身份的格式。PKI-ID 就是它的两项首尾相连再取 SHA-256。",
		En: "The form in which Fabric carries an identity. The PKI-ID is the SHA-256 of its two fields, one behind the other."},
	"msp.SerializedIdentity.mspid": {
		Zh: "组织的 MSP ID。只是自称，要看证书是不是那个组织的 CA 签发的。",
		En: "The MSP ID of the organisation. A claim only: whether the organisation's CA issued the certificate decides."},
	"msp.SerializedIdentity.id_bytes": {
		Zh: "证书的 PEM 文本。哈希是对文本取的，所以只允许一种写法，多一个换行就是另一个 PKI-ID。",
		En: "The certificate as PEM text. The hash is taken of the text, so only one layout is permitted: one line break more would be " +
			"another PKI-ID."},

	"pem.text":  {Zh: "这里应是证书的 PEM 文本。", En: "The PEM text of a certificate should be here."},
	"pem.begin": {Zh: "PEM 的首行：下面是一张证书。", En: "The first line of PEM: what follows is a certificate."},
	"pem.body": {
		Zh: "证书的 DER，写成 base64：每个字符 6 位，每行 64 个字符。",
		En: "The certificate in DER, written in base64: six bits a character, 64 characters a line."},
	"pem.end": {Zh: "PEM 的末行。后面不许再有别的字节。", En: "The last line of PEM. Nothing may follow it."},

	"x509.header": {
		Zh: "两层 SEQUENCE 的头：整张证书，以及其中由 CA 签名的部分（TBSCertificate）。",
		En: "The headers of two sequences: the certificate, and the part of it that the CA signs (TBSCertificate)."},
	"x509.version":      {Zh: "X.509 的版本。有扩展的都是 v3。", En: "The version of X.509; v3 for whatever has extensions."},
	"x509.serialNumber": {Zh: "序列号，同一个 CA 不会用两次。", En: "The serial number, which one CA never uses twice."},
	"x509.signature": {
		Zh: "CA 签名的算法。写在签名范围之内，免得被人换成弱的。",
		En: "The algorithm of the CA's signature, inside of what it covers, so that nobody can put a weaker one in its place."},
	"x509.issuer": {Zh: "签发这张证书的 CA。", En: "The CA that issued this certificate."},
	"x509.validity": {
		Zh: "有效期：从第一个时刻到第二个时刻。过期的身份会被拒绝。",
		En: "From when until when it is valid. An expired identity is refused."},
	"x509.subject": {Zh: "证书属于谁：名字（CN）、组织等。", En: "Whose certificate it is: common name, organisation and so on."},
	"x509.subjectPublicKeyInfo": {
		Zh: "公钥。外层的签名就用它来验。",
		En: "The public key, which the signature of the envelope is verified with."},
	"x509.extensions": {
		Zh: "扩展：密钥的用途、是不是 CA 等。",
		En: "Extensions: what the key may be used for, whether it is that of a CA, and so on."},
	"x509.signatureAlgorithm": {
		Zh: "CA 签名的算法，与签名范围之内的那一项相同。",
		En: "The algorithm of the CA's signature, the same as inside of what it covers."},
	"x509.signatureValue": {
		Zh: "CA 对上面那部分的签名：它说，这个公钥属于这个 subject。",
		En: "The CA's signature of the part above: it says that this key is this subject's."},

	"ecdsa.sequence": {
		Zh: "DER SEQUENCE 的头：下面两个整数一共多长。",
		En: "The header of a DER sequence: how long the two integers are together."},
	"ecdsa.r": {
		Zh: "ECDSA 签名的前一半：一个随机点的横坐标。",
		En: "The first half of an ECDSA signature: the x-coordinate of a random point."},
	"ecdsa.s": {
		Zh: "ECDSA 签名的后一半。s 与 n − s 同样有效，只许用小的那个（low-S）。",
		En: "The second half of an ECDSA signature. s and n - s are equally valid, and only the smaller one is permitted (low S)."},
}

// proofs says what the parts of a handshake contribute to what it proves. Each stops something; no one of them is worth anything alone.
var proofs = map[string]text.Text{
	"gossip.Envelope.payload": {
		Zh: "签名管住这里的每一个字节，半路上谁也改不了。",
		En: "The signature covers every byte of it: nobody on the way can change one."},
	"gossip.Envelope.signature": {
		Zh: "证明说话的人握有 identity 的私钥。别的各项都能从别人的消息里抄，唯独私钥抄不到。",
		En: "Proves that the speaker holds the private key of identity. Everything else can be copied from somebody's message; the key cannot."},
	"gossip.GossipMessage.conn": {
		Zh: "各项合在一起证明：这条线路的那一头，就是这个身份。少了哪一项，都有人能冒充。",
		En: "Together its fields prove that the other end of this line is this identity. Without any one of them somebody could pretend to be."},
	"gossip.ConnEstablish.pki_id": {
		Zh: "它本身不证明什么。必须等于由 identity 算出的值，所以冒用别人的 PKI-ID 当场就被看穿。",
		En: "Nothing by itself. It must be what identity gives, so whoever claims another's PKI-ID is found out at once."},
	"gossip.ConnEstablish.identity": {
		Zh: "它说明这个公钥是谁的，由组织的 CA 担保。身份是公开的，人人可抄，所以还需要签名。",
		En: "It says whose public key this is, and the organisation's CA vouches for it. Anybody can copy it, hence the signature."},
	"gossip.ConnEstablish.tls_cert_hash": {
		Zh: "把身份绑在这条线路上：TLS 证明线路那一头握有这张证书的私钥，签名证明这个身份认这张证书。挡住中间人和重放。",
		En: "Binds the identity to this line: TLS proves that the other end holds this certificate's key, the signature proves that the " +
			"identity calls it its own. Stops men in the middle and replays."},
	"gossip.ConnEstablish.probe": {
		Zh: "不证明什么，但也在签名范围之内，别人不能替他加上或者去掉。",
		En: "Nothing; but the signature covers it, so nobody can add it or take it away."},
	"msp.SerializedIdentity.mspid": {
		Zh: "决定拿哪个组织的 CA 来验证书：Org2 的 CA 不能替 Org1 说话。",
		En: "Decides whose CA the certificate must be from: that of Org2 cannot speak for Org1."},
	"msp.SerializedIdentity.id_bytes": {
		Zh: "验签名的公钥在这里面。",
		En: "The public key that the signature is verified with is in here."},
	"x509.issuer": {
		Zh: "要相信的其实是它：不认识这个 CA，后面的一切都不算数。",
		En: "It is this one who has to be believed: if the CA is not known, nothing else counts."},
	"x509.validity": {
		Zh: "身份只在这段时间里算数，丢了的私钥也就不会永远有用。",
		En: "The identity counts only within this time, so a stolen key is not good for ever."},
	"x509.subjectPublicKeyInfo": {
		Zh: "能用这个公钥验过的签名，只有握着对应私钥的人签得出来。",
		En: "A signature that this key verifies can only have been made by whoever holds the private key."},
	"x509.signatureValue": {
		Zh: "CA 的担保：没有 CA 的私钥，谁也造不出这张证书。",
		En: "The CA's guarantee: without the CA's key nobody could have made this certificate."},
	"ecdsa.s": {
		Zh: "规定只用 low-S，别人就不能把一份有效的签名改写成另一份有效的签名。",
		En: "That only the low one is permitted keeps others from turning one valid signature into another."},
}
