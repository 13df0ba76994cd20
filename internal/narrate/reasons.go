package narrate

// An error of the layer is shown in its own words, and beside them, for a reader of Chinese, a sentence that says what they mean.
// The sentences are found by the words, not by errors.Is: in a recording the words are all that is left of an error, and a replay
// must tell what the live run told. A test walks through the sentinel errors of the layer and looks whether each has its sentence.

import (
	"strings"

	"gossipscope/internal/text"
)

// refusedWords begin an error that the other end has sent; its own words follow.
const refusedWords = "refused by the remote peer"

// orderly are the reasons for which a connection ends without anything being wrong. As an error they stand alone: one that merely
// contains such words is a failure. Where the layer itself has said that nothing was wrong, they may stand at the end of others.
var orderly = map[string]string{
	"closed by this side":                                "是本端关闭的。",
	"closed by the other side":                           "是对方关闭的。",
	"replaced by another connection to the same peer":    "让位给了通往同一节点的另一个连接。",
	"both ends have dialled, and the other stream stays": "双方同时拨号，留下的是另一条流。",
	"comm is stopped":                                    "这个节点正在停止，或者已经停止。",
	"enough peers have acknowledged":                     "别的节点的确认已经够数。",
	"EOF":                                                "流已经结束。",
}

func isOrderly(words string) bool {
	_, found := orderly[words]
	return found && words != "EOF"
}

// orderlyReason returns which of the orderly reasons the words are or end in, "" if none.
func orderlyReason(words string) string {
	for {
		if isOrderly(words) {
			return words
		}
		_, rest, more := strings.Cut(words, ": ")
		if !more {
			return ""
		}
		words = rest
	}
}

// reasons are looked through from top to bottom: of two that an error contains, the more exact one comes first.
var reasons = []struct{ words, zh string }{
	// The handshake.
	{"the peer is stopping", "对方正在停止。"},
	{"both ends have dialled, and the other stream stays", "双方同时拨号，留下的是另一条流。"},
	{"too many streams that have not authenticated yet", "还没证明身份的流太多了。"},
	{"no TLS certificate", "没有出示 TLS 证书。"},
	{"timed out waiting for connection message", "等不到对方的 ConnEstablish，超时了。"},
	{"timed out sending connection message", "对方一直不收 ConnEstablish，超时了。"},
	{"the stream ended before a connection message came", "还没等到 ConnEstablish，流就结束了。"},
	{"failed unmarshalling connection message", "第一条消息解不开。"},
	{"wrong type", "第一条消息不是 ConnEstablish。"},
	{"no PKI-ID", "没有写 PKI-ID。"},
	{"wrong hash of TLS certificate", "证书哈希与 TLS 里看到的证书不符。"},
	{"another peer than expected", "对方是另一个节点。"},
	{"a peer does not talk to itself", "对方就是自己，节点不与自己通话。"},
	{"identity doesn't match the computed pkiID", "PKI-ID 不是由这份身份算出来的。"},
	{"organization is not known here", "不认识这个组织。"},
	{"certificate was not issued by its organization's authority", "证书不是由它所称组织的 CA 签发的。"},
	{"identity has expired", "身份已经过期。"},
	{"identity is not valid yet", "身份还没有生效。"},
	{"identity is malformed", "身份的格式不对。"},
	{"certificate cannot serve as an identity", "这张证书不能用作节点身份。"},
	{"key is not ECDSA P-256", "密钥不是 ECDSA P-256。"},
	{"identity mapper is stopped", "身份表已经停止工作。"},
	{"no identity known", "没有这个 PKI-ID 的身份。"},
	{"signature is empty", "没有签名。"},
	{"signature is malformed", "签名的格式不对。"},
	{"signature has a high S", "签名用了被禁止的 high-S 形式。"},
	{"signature does not match", "签名与消息对不上。"},
	{"identity refused", "身份不被接受。"},
	{"No MSP found able to do that", "那边没有哪个 MSP 认得这份身份。"}, // as a Fabric peer puts it
	{"signature refused", "签名不被接受。"},

	// The life of a connection.
	{"timed out dialling", "拨号超时，那边没有回音。"},
	{"the send queue is full", "发送队列满了。"},
	{"the peer takes nothing any more", "对方迟迟不收，写超时了。"},
	{"no subscribers", "没有人在等。"},
	{"subscriber's buffer is full", "订阅者的缓冲满了。"},
	{"timed out waiting for an item", "等待超时。"},
	{"expected an acknowledgement", "来的不是确认。"},
	{"comm is stopped", "节点正在停止，或者已经停止。"},
	{"closed by the other side", "是对方关闭的。"},
	{"closed by this side", "是本端关闭的。"},
	{"without TLS a recorded handshake is a password", "没有 TLS 证书：录下的握手就能当口令用。"},
	{"bad configuration", "配置有误。"},
	{"unsubscribed", "订阅已经取消。"},
	{"the peer was killed", "节点被强行终止。"}, // as the timeline puts it, where nobody is left to say anything

	// gRPC, TLS and the network.
	{"connection refused", "那个端点没有人在听。"},
	{"connection reset", "线路被对方或网络掐断了。"},
	{"broken pipe", "线路已经断了。"},
	{"closed pipe", "线路已经断了。"},
	{"use of closed network connection", "线路已经关闭。"},
	{"i/o timeout", "网络操作超时。"},
	{"received message larger than max", "消息超过了允许的大小。"},
	{"first record does not look like a TLS handshake", "来的不是 TLS。"},
	{"tls:", "TLS 出了错。"},
	{"authentication handshake failed", "TLS 握手失败。"},
	{"unknown service", "对方的 gRPC 服务器没有这项服务。"},
	{"DeadlineExceeded", "超过了时限。"},
	{"context deadline exceeded", "超过了时限。"},
	{"context canceled", "操作被取消。"},
	{"code = Canceled", "操作被取消。"},
	{"code = Unavailable", "对方连不上，或者线路断了。"},
	{"timed out", "没有在时限内等到确认。"},
	{"unexpected EOF", "线路在半途断了。"},
	{"EOF", "流已经结束。"},
}

// ExplainZh returns a Chinese sentence for the words of an error, and whether there is one.
func ExplainZh(words string) (string, bool) {
	if zh, found := orderly[words]; found {
		return zh, true
	}
	if _, said, refused := strings.Cut(words, refusedWords); refused {
		if zh, found := ExplainZh(strings.TrimPrefix(said, ": ")); found {
			return "被对方拒绝：" + zh, true
		}
		return "被对方拒绝。", true
	}
	for _, r := range reasons {
		if strings.Contains(words, r.words) {
			return r.zh, true
		}
	}
	return "", false
}

// Gist returns the words of an error from those on that say what it was, without what the layer and gRPC have put before them: what is
// shown in English where there is no room for more.
func Gist(words string) string {
	if _, said, refused := strings.Cut(words, refusedWords+": "); refused {
		return "refused: " + Gist(said)
	}
	for _, r := range reasons {
		if i := strings.Index(words, r.words); i >= 0 {
			words = words[i:]
			break
		}
	}
	if i := strings.LastIndex(words, "desc = "); i >= 0 {
		words = words[i+len("desc = "):]
	}
	if strings.Count(words, `"`) == 1 { // gRPC quotes what it quotes from: that began before
		words = strings.TrimSuffix(words, `"`)
	}
	return words
}

// because is the line that stands below a caption: the words of an error, and in Chinese first what they mean.
func because(lang text.Lang, words string) string {
	if lang == text.English {
		return "because: " + words
	}
	zh, found := ExplainZh(words)
	if !found {
		return "原话：" + words
	}
	return zh + "原话：" + words
}
