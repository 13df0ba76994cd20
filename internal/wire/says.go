package wire

// Every sentence that is not about one field of message.proto: how bytes come about, why something cannot be read, and what Check has
// found. They are one value of one type; a test walks through all of it and looks that nothing is missing in either language.

import "gossipscope/internal/text"

// fill puts arguments into a text. One that is a text itself is put in in the same language.
func fill(t text.Text, args ...any) text.Text {
	in := func(lang text.Lang) string {
		list := make([]any, len(args))
		for i, arg := range args {
			if both, ok := arg.(text.Text); ok {
				arg = both.In(lang)
			}
			list[i] = arg
		}
		return t.Format(lang, list...)
	}
	return text.Text{Zh: in(text.Chinese), En: in(text.English)}
}

// sentences is the type of the table. The comments name the arguments.
type sentences struct {
	labels        labelSays
	coding        codingSays
	prefix        text.Text // the first byte, the other four, the length
	head          text.Text
	skipped       text.Text
	unknown       text.Text
	otherWireType text.Text // the type that the field should have
	unknownEnum   text.Text
	faults        faultSays

	titles     map[Claim]text.Text
	verdicts   verdictSays
	quantities quantitySays

	readable           readableSays
	identity           identitySays
	unreadableIdentity text.Text
	pkiID              pkiIDSays
	issuer             issuerSays
	validity           validitySays
	certHash           certHashSays
	signature          signatureSays
	lowS               lowSSays
	secret             secretSays
	unsigned           map[string]text.Text // why a message needs no signature, by the name of its content
}

type labelSays struct {
	unknown                    text.Text // the number of the field
	head, skipped, fault, part text.Text
}

type codingSays struct {
	tag    text.Text // the bytes, the number of the field, that of the wire type, its name
	length text.Text // the bytes, the length
}

type faultSays struct {
	truncated, overflow text.Text
	number              text.Text // the number
	short               text.Text // how many bytes there should be, how many there are
	length              text.Text // the same
	group, endGroup     text.Text
	wireType            text.Text // the number of the wire type
	utf8                text.Text
	noPEM, pemEnd       text.Text
	base64              text.Text
	certificate         text.Text // the library's own words
}

type verdictSays struct{ right, wrong, cannotTell, notNeeded text.Text }

type quantitySays struct {
	pkiID, computedPKIID               text.Text
	certHash                           text.Text
	shownHash                          text.Text // the peer, "client" or "server"
	signature, payloadHash, secretHash text.Text
	s, halfOrder                       text.Text
	fingerprint, caSignature, tbsHash  text.Text
	validity, time                     text.Text
}

type readableSays struct {
	right          text.Text // the name of the content
	noContent      text.Text
	wrong          text.Text // the byte, the reason
	wrongSomewhere text.Text // the library's own words
}

type identitySays struct {
	right               text.Text // the MSP ID, the common name
	missing, leftOut    text.Text
	malformed           text.Text // the words of comm/msp
	tooLarge            text.Text // how large it is, how large it may be
	otherKey, authority text.Text
}

type pkiIDSays struct {
	right, wrong, missing, cannotTell text.Text
	somebodys                         text.Text // whose it is
}

type issuerSays struct {
	right               text.Text // the issuer, the MSP ID
	foreign             text.Text // the MSP ID, the issuer
	unknownOrganisation text.Text // the MSP ID
	expired             text.Text // the issuer
	other               text.Text // the library's own words
	noRoots             text.Text
}

type validitySays struct{ right, early, late, cannotTell text.Text }

type certHashSays struct {
	right               text.Text // the peer, "client" or "server"
	wrong               text.Text // the peer at the end of the line
	otherPeer           text.Text // whose it is, which of the two, the peer at the end of the line
	otherRole           text.Text // the peer, which of the two it is, which it should be
	missing, cannotTell text.Text
}

type signatureSays struct {
	right, wrong, malformed, missing, missingAbove, noKey, leftOut text.Text
	surplus, unknownContent                                        text.Text
	unneeded                                                       text.Text // why
}

type lowSSays struct{ right, wrong text.Text }

type secretSays struct{ right, wrong, empty, cannotTell text.Text }

// says holds the sentences themselves.
var says = sentences{
	labels: labelSays{
		unknown: text.Text{Zh: "字段 %d", En: "field %d"},
		head:    text.Text{Zh: "字段头", En: "head"},
		skipped: text.Text{Zh: "未展开", En: "not taken apart"},
		fault:   text.Text{Zh: "解不开", En: "unreadable"},
		part:    text.Text{Zh: "片段", En: "part"},
	},
	coding: codingSays{
		tag: text.Text{
			Zh: "tag 是 %s：字段 %d，wire type %d（%s）。",
			En: "The tag is %s: field %d, wire type %d (%s)."},
		length: text.Text{Zh: "长度是 %s：后面有 %d 个字节。", En: "The length is %s: %d bytes follow."},
	},
	prefix: text.Text{
		Zh: "gRPC 在每条消息前面加 5 个字节，不属于消息本身：%s 是压缩标志（这一层不压缩，所以是 0），%s 是消息的长度 %d。它们没有录下来，是由长度推出来的。",
		En: "gRPC puts five bytes in front of every message, which are no part of it: %s is the compression flag (0, since the layer asks " +
			"for none), %s is the message's length, %d. They were not recorded, but follow from the length."},
	head: text.Text{
		Zh: "字段的开头：tag 说明是哪个字段、怎样编码，长度说明后面有多少字节属于它。",
		En: "How a field begins: the tag says which field it is and how it is coded, the length how many of the bytes that follow are its own."},
	skipped: text.Text{
		Zh: "太多或者太深，不再展开，字节都在。",
		En: "Too much or too deep to be taken apart; the bytes are all here."},
	unknown: text.Text{
		Zh: "message.proto 里没有这个字段，也许是更新的节点加的。它不会丢：转发时原样带走，签名也包括它。",
		En: "message.proto has no such field; a newer peer may have added it. It is not lost: it is passed on as it is, and the signature covers it."},
	otherWireType: text.Text{
		Zh: "message.proto 说这个字段是 %s，来的却是另一种 wire type，所以按未知字段对待。",
		En: "message.proto says that this field is %s, but it came with another wire type, so it counts as unknown."},
	unknownEnum: text.Text{
		Zh: "没有这个取值，也许更新的节点才认得。",
		En: "There is no such value here; a newer peer may know it."},
	faults: faultSays{
		truncated: text.Text{
			Zh: "varint 还没有完，字节就到头了。",
			En: "The bytes end in the middle of a varint."},
		overflow: text.Text{
			Zh: "varint 超出了 64 位。",
			En: "The varint has more than 64 bits."},
		number: text.Text{
			Zh: "tag 里的字段编号是 %d，没有这样的编号。",
			En: "The tag says field %d, and no field has such a number."},
		short: text.Text{
			Zh: "这个值要 %d 个字节，只剩 %d 个。",
			En: "The value takes %d bytes, and there are only %d."},
		length: text.Text{
			Zh: "长度说后面有 %d 个字节，只剩 %d 个。",
			En: "The length says that %d bytes follow, and there are only %d."},
		group: text.Text{
			Zh: "这个 group 没有好好结束：缺了结尾，或者里面解不开。",
			En: "The group does not end as it should: its end is missing, or something in it cannot be read."},
		endGroup: text.Text{
			Zh: "一个 group 在这里结束，可它没有开始过。",
			En: "A group ends here that has never begun."},
		wireType: text.Text{
			Zh: "wire type %d 没有定义，不知道这个值有多长。",
			En: "Wire type %d is not defined, so nobody knows how long the value is."},
		utf8: text.Text{
			Zh: "从这里起不是 UTF-8，proto3 的 string 必须是。",
			En: "From here on it is no UTF-8, which a string of proto3 must be."},
		noPEM: text.Text{
			Zh: "这里应当以 BEGIN CERTIFICATE 一行开头。",
			En: "It should begin with the line BEGIN CERTIFICATE."},
		pemEnd: text.Text{
			Zh: "没有内容，或者缺了 END CERTIFICATE 一行。",
			En: "There is nothing in it, or the line END CERTIFICATE is missing."},
		base64:      text.Text{Zh: "这里不是 base64。", En: "This is no base64."},
		certificate: text.Text{Zh: "里面不是一张读得懂的证书：%s。", En: "What is in it cannot be read as a certificate: %s."},
	},

	titles: map[Claim]text.Text{
		ReadableClaim:  {Zh: "解得开", En: "readable"},
		IdentityClaim:  {Zh: "身份", En: "identity"},
		PKIIDClaim:     {Zh: "PKI-ID", En: "PKI-ID"},
		IssuerClaim:    {Zh: "签发者", En: "issuer"},
		ValidityClaim:  {Zh: "有效期", En: "validity"},
		CertHashClaim:  {Zh: "证书哈希", En: "certificate hash"},
		SignatureClaim: {Zh: "签名", En: "signature"},
		LowSClaim:      {Zh: "low-S", En: "low S"},
		SecretClaim:    {Zh: "秘密部分的签名", En: "signature of the secret"},
	},
	verdicts: verdictSays{
		right:      text.Text{Zh: "对", En: "right"},
		wrong:      text.Text{Zh: "错", En: "wrong"},
		cannotTell: text.Text{Zh: "无法判断", En: "cannot tell"},
		notNeeded:  text.Text{Zh: "不需要", En: "not needed"},
	},
	quantities: quantitySays{
		pkiID:         text.Text{Zh: "消息里的 PKI-ID", En: "PKI-ID in the message"},
		computedPKIID: text.Text{Zh: "SHA-256（MSP ID ‖ PEM 文本）", En: "SHA-256(MSP ID || PEM text)"},
		certHash:      text.Text{Zh: "消息里的证书哈希", En: "certificate hash in the message"},
		shownHash: text.Text{
			Zh: "%s 在 TLS 里出示的 %s 证书的 SHA-256",
			En: "SHA-256 of the certificate that %s showed in TLS (%s)"},
		signature:   text.Text{Zh: "签名", En: "signature"},
		payloadHash: text.Text{Zh: "SHA-256（payload），签的就是它", En: "SHA-256(payload), which is what is signed"},
		secretHash:  text.Text{Zh: "秘密部分 payload 的 SHA-256", En: "SHA-256 of the secret's payload"},
		s:           text.Text{Zh: "签名里的 s", En: "s of the signature"},
		halfOrder:   text.Text{Zh: "n ÷ 2，s 不许比它大", En: "n / 2, which s must not exceed"},
		fingerprint: text.Text{Zh: "证书的 SHA-256 指纹", En: "SHA-256 fingerprint of the certificate"},
		caSignature: text.Text{Zh: "CA 在证书上的签名", En: "the CA's signature in the certificate"},
		tbsHash:     text.Text{Zh: "证书中签名所管部分的 SHA-256", En: "SHA-256 of what the CA signs of the certificate"},
		validity:    text.Text{Zh: "证书的有效期", En: "validity of the certificate"},
		time:        text.Text{Zh: "收到消息的时间", En: "when the message was received"},
	},

	readable: readableSays{
		right:     text.Text{Zh: "信封和里面的消息都解得开，内容是 %s。", En: "Envelope and message can be decoded; the content is %s."},
		noContent: text.Text{Zh: "信封和里面的消息都解得开，但没有认得的内容。", En: "Envelope and message can be decoded, but there is no content that is known here."},
		wrong: text.Text{
			Zh: "解到偏移 %d 处就解不下去了，接收方会拒绝它：垃圾数据证明不了任何事。原因：%s",
			En: "It cannot be read from offset %d on, and a receiver refuses it: garbage proves nothing. The reason: %s"},
		wrongSomewhere: text.Text{Zh: "解不开，接收方会拒绝它：%s。", En: "It cannot be decoded, and a receiver refuses it: %s."},
	},
	identity: identitySays{
		right: text.Text{
			Zh: "身份的写法合乎规定：自称属于 %s，证书的主人是 %s，密钥是 ECDSA P-256。",
			En: "The identity is written as it must be: it claims to be of %s, the certificate is for %s, the key is ECDSA P-256."},
		missing: text.Text{Zh: "没有写身份，不知道说话的是谁。", En: "There is no identity, so nobody knows who is speaking."},
		leftOut: text.Text{
			Zh: "这条消息没有带作者的身份，上层要用以前收到的那一份。",
			En: "This message leaves its author's identity out; the layer above uses the one that it got before."},
		malformed: text.Text{Zh: "身份不合规定，会被拒绝：%s。", En: "The identity is not as it must be, and is refused: %s."},
		tooLarge:  text.Text{Zh: "身份有 %d 个字节，超过 %d 个字节的一律不看。", En: "The identity has %d bytes, and none above %d is looked at."},
		otherKey:  text.Text{Zh: "证书里的密钥不是 ECDSA P-256，这一层不认。", En: "The certificate's key is not ECDSA P-256, the only kind that this layer takes."},
		authority: text.Text{Zh: "这是 CA 自己的证书，CA 不能当节点。", En: "This is the certificate of an authority, and an authority is no peer."},
	},
	unreadableIdentity: text.Text{Zh: "身份读不出来，这一项无从判断。", En: "The identity cannot be read, so this cannot be told."},
	pkiID: pkiIDSays{
		right:      text.Text{Zh: "PKI-ID 正是由这份身份算出来的。", En: "The PKI-ID is the one that this identity gives."},
		wrong:      text.Text{Zh: "PKI-ID 不是由这份身份算出来的：身份是一个人的，名字是另一个人的。", En: "The PKI-ID is not the one that this identity gives: the identity is somebody's, the name is not his."},
		missing:    text.Text{Zh: "没有写 PKI-ID，这条连接无从登记。", En: "There is no PKI-ID, so the connection could not be stored under anything."},
		cannotTell: text.Text{Zh: "没有身份可以拿来算，PKI-ID 对不对无从判断。", En: "There is no identity to compute it from, so whether it is right cannot be told."},
		somebodys:  text.Text{Zh: "PKI-ID 是 %s 的，却不是由这份身份算出来的：有人在冒充。", En: "The PKI-ID is that of %s, and not the one that this identity gives: somebody is pretending."},
	},
	issuer: issuerSays{
		right:               text.Text{Zh: "证书由 %s 签发，它确实是 %s 的 CA。", En: "The certificate was issued by %s, which is a CA of %s."},
		foreign:             text.Text{Zh: "证书不是 %s 的 CA 签发的。上面写的签发者是 %s，可名字谁都能写。", En: "No CA of %s has issued the certificate. The issuer that it names is %s, but anybody can write a name."},
		unknownOrganisation: text.Text{Zh: "不认识 %s 这个组织，没有它的 CA 证书。", En: "The organisation %s is not known: there is no CA certificate of it."},
		expired:             text.Text{Zh: "证书由 %s 签发，可这个 CA 自己不在有效期内。", En: "The certificate was issued by %s, but that CA is not valid at the time."},
		other:               text.Text{Zh: "这张证书不能用作节点身份：%s。", En: "The certificate cannot serve as an identity: %s."},
		noRoots:             text.Text{Zh: "不知道接收方相信哪些 CA，签发者可不可信无从判断。", En: "It is not known which CAs the receiver believes, so this cannot be told."},
	},
	validity: validitySays{
		right:      text.Text{Zh: "收到时，证书在有效期之内。", En: "The certificate was valid when the message was received."},
		early:      text.Text{Zh: "收到时，证书还没有生效。", En: "The certificate was not valid yet when the message was received."},
		late:       text.Text{Zh: "收到时，证书已经过期。", En: "The certificate had expired when the message was received."},
		cannotTell: text.Text{Zh: "不知道是什么时候收到的，有没有过期无从判断。", En: "It is not known when the message was received, so this cannot be told."},
	},
	certHash: certHashSays{
		right: text.Text{
			Zh: "正是 %s 在这条线路上出示的 %s 证书的哈希：签名的身份，就在线路的那一头。",
			En: "It is the hash of the certificate that %s shows on this line (%s): the identity that signed it is at the other end."},
		wrong: text.Text{
			Zh: "与线路那一头 %s 出示的证书对不上：中间有人，或者这是一份录下来重放的握手。",
			En: "It is not that of the certificate that %s shows on this line: there is a man in the middle, or a recorded handshake is replayed."},
		otherPeer: text.Text{
			Zh: "这是 %s 的 %s 证书的哈希，可线路那一头是 %s：有人搬来了别人的握手。",
			En: "It is the hash of a certificate of %s (%s), but at the end of this line is %s: somebody passes on another's handshake."},
		otherRole: text.Text{
			Zh: "这是 %s 的 %s 证书的哈希，可它在这条线路上出示的是 %s 证书。",
			En: "It is the hash of the other certificate of %s (%s), which shows the one for its role on this line (%s)."},
		missing: text.Text{
			Zh: "没有写证书哈希，身份没有绑在这条线路上：谁录下来都能重放。",
			En: "There is no certificate hash, so nothing binds the identity to this line: whoever records it can replay it."},
		cannotTell: text.Text{
			Zh: "不知道线路那一头在 TLS 里出示了哪张证书，无从判断。",
			En: "It is not known which certificate the other end of the line showed in TLS, so this cannot be told."},
	},
	signature: signatureSays{
		right:     text.Text{Zh: "验得过：payload 的每个字节，都由这份身份的私钥签过。", En: "It verifies: the key of this identity has signed every byte of the payload."},
		wrong:     text.Text{Zh: "验不过：不是这份身份的私钥签的，或者签完之后有人改过。", En: "It does not verify: it was made with another key, or something was changed afterwards."},
		malformed: text.Text{Zh: "这不是一份写得合规的 ECDSA 签名，会被拒绝。", En: "This is no ECDSA signature as it must be written, and is refused."},
		missing:   text.Text{Zh: "没有签名：身份谁都抄得到，不签名就什么也没有证明。", En: "There is no signature: anybody can copy an identity, so without one nothing is proven."},
		missingAbove: text.Text{
			Zh: "没有签名，而这种消息要由作者签：comm 照样搬运，上层会拒绝。",
			En: "There is no signature, though this kind is signed by its author: comm carries it all the same, the layer above refuses it."},
		noKey: text.Text{Zh: "读不出公钥，签名无从验证。", En: "There is no public key that could be read, so the signature cannot be verified."},
		leftOut: text.Text{
			Zh: "作者的身份不在这条消息里，签名要由上层用以前收到的身份来验。",
			En: "The author's identity is not in this message; the layer above verifies with the one that it got before."},
		surplus: text.Text{
			Zh: "这种消息不需要签名，它却带着一份；comm 不验，是谁签的也无从知道。",
			En: "This kind of message needs no signature and has one; comm does not verify it, and who made it cannot be told."},
		unknownContent: text.Text{
			Zh: "没有认得的内容，该不该有签名无从判断。",
			En: "There is no content that is known here, so whether it needs a signature cannot be told."},
		unneeded: text.Text{Zh: "没有签名，也不需要：%s", En: "There is no signature, and none is needed: %s"},
	},
	lowS: lowSSays{
		right: text.Text{
			Zh: "s 不大于 n ÷ 2，是唯一允许的那一种写法。",
			En: "s is not above n / 2: the one form that is permitted."},
		wrong: text.Text{
			Zh: "s 大于 n ÷ 2：算得通，却是被禁止的写法。不用私钥，谁都能从原来的签名改出它来。",
			En: "s is above n / 2: the arithmetic is right, but the form is forbidden. Anybody can make it from the other one, without the key."},
	},
	secret: secretSays{
		right: text.Text{
			Zh: "秘密部分由同一把私钥签名。",
			En: "The secret part was signed with the same key."},
		wrong: text.Text{
			Zh: "秘密部分的签名验不过：不是同一把私钥签的，或者改过。",
			En: "The signature of the secret part does not verify: it was made with another key, or something was changed."},
		empty: text.Text{
			Zh: "秘密部分缺内容或者缺签名，上层会拒绝。",
			En: "The secret part lacks content or signature, and the layer above refuses it."},
		cannotTell: text.Text{
			Zh: "没有读得出的身份，秘密部分的签名无从验证。",
			En: "There is no identity that could be read, so the signature of the secret part cannot be verified."},
	},
	unsigned: map[string]text.Text{
		"ack": {
			Zh: "它只在握过手的连接上算数，comm 看是谁的连接送来的，再看 nonce。",
			En: "it counts only on a connection that has shaken hands; comm looks whose connection brought it, and at the nonce."},
		"data_msg": {
			Zh: "区块里有排序节点的签名，谁转交的都一样。",
			En: "the block inside bears the signatures of the orderers, so it does not matter who passes it on."},
		"empty": {Zh: "它什么也没有说。", En: "it says nothing."},
		"mem_req": {
			Zh: "里面的 AliveMessage 由提问者签过名。",
			En: "the AliveMessage in it is signed by the asker."},
		"mem_res": {
			Zh: "里面的每份 AliveMessage 都由它的主人签过名。",
			En: "each AliveMessage in it is signed by the peer that it is about."},
		"hello": {
			Zh: "它只是一个问题，问的人是谁，握手时已经证明了。",
			En: "it is only a question, and who asks was proven by the handshake."},
		"data_dig": {
			Zh: "摘要只是线索，真假要看随后到来的东西。",
			En: "digests are only hints; the items that follow speak for themselves."},
		"data_req": {
			Zh: "它只是一个问题，问的人是谁，握手时已经证明了。",
			En: "it is only a question, and who asks was proven by the handshake."},
		"data_update": {
			Zh: "里面每样东西都装在原来的信封里，作者的签名还在，区块另有排序节点的签名。",
			En: "each item in it is in its own envelope as its author made it, and a block bears the signatures of the orderers."},
		"state_snapshot": {
			Zh: "里面的每份 StateInfo 都由它的主人签过名。",
			En: "each StateInfo in it is signed by the peer that it is about."},
		"state_info_pull_req": {
			Zh: "它只是一个问题，问的人是谁，握手时已经证明了。",
			En: "it is only a question, and who asks was proven by the handshake."},
		"state_request": {
			Zh: "它只是一个问题，问的人是谁，握手时已经证明了。",
			En: "it is only a question, and who asks was proven by the handshake."},
		"state_response": {
			Zh: "区块里有排序节点的签名，谁转交的都一样。",
			En: "the blocks inside bear the signatures of the orderers, so it does not matter who passes them on."},
		"privateReq": {
			Zh: "它只是一个问题，问的人是谁，握手时已经证明了。",
			En: "it is only a question, and who asks was proven by the handshake."},
		"privateRes": {
			Zh: "私有数据的哈希写在区块里，对一下就知道真假。",
			En: "the hash of private data stands in the block, and that is what it is held against."},
		"private_data": {
			Zh: "私有数据的哈希写在区块里，对一下就知道真假。",
			En: "the hash of private data stands in the block, and that is what it is held against."},
	},
}
