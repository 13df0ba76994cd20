package walkthroughs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"gossipscope/comm"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

// checks is lesson 2. To step through it: dlv test ./walkthroughs -- -test.run TestTheHandshakeCheckByCheck, with a breakpoint on
// comm.(*commImpl).verifyConnEstablish, where each attack is stopped at another line.
var checks = Lesson{
	Number: 2,
	Slug:   "checks",
	Title:  text.Text{Zh: "握手：一项检查挡住一种攻击", En: "The handshake: each check stops an attack"},
	Learn: text.Text{
		Zh: "TLS 不校验证书链（InsecureSkipVerify），为什么还能确认对方是谁？握手里的每一项检查，少了它会怎样？",
		En: "TLS checks no chain (InsecureSkipVerify): how can a peer still be sure who is there? And what if one of the handshake's checks were missing?",
	},
	Minutes: 3,
	About: []trace.Step{
		trace.StreamLimit, trace.AuthTLSCert, trace.AuthDecode, trace.AuthType, trace.AuthPKIID, trace.AuthIdentity,
		trace.AuthCertHash, trace.AuthSignature, trace.AuthExpected, trace.AuthRefuse,
	},
	tell: tellChecks,
}

// attack is one way to get past the handshake, and the check that stops it.
type attack struct {
	zh, en string // a title, a full stop, then what the attacker does and why it would work without the check
	trick  string // the same in a few words, for the record
	check  error  // the error of the check that must stop it
	hello  func(s *story, in *lab.Intruder) (*proto.Envelope, error)
	naked  bool // shows no TLS certificate
	silent bool // sends nothing at all
}

func tellChecks(s *story) {
	s.say("TLS 证书是自签名的，没有人检查是谁签发的（InsecureSkipVerify）：TLS 只证明对方握有这张证书的私钥。身份由 ConnEstablish 证明：用身份的私钥，给 TLS 证书的哈希签名。两者合起来，才知道线路那头是谁。",
		"The TLS certificates are self-signed, and nobody checks who signed them (InsecureSkipVerify): TLS proves only that the other end holds the certificate's key. "+
			"Who it is, the ConnEstablish proves: the key of the identity signs the hash of the TLS certificate. Only both together tell who is at the other end of the line.")
	s.say("B 在等人来连。X 是陌生人：它会说 gossip 协议，但不用这一层的任何代码，想发什么字节就发什么字节。",
		"B waits for others to connect. X is a stranger: it speaks the protocol, uses none of the layer's code, and sends whatever bytes it likes.")
	a := s.peer("A", comm.Config{})
	// The wait for a silent stranger differs from every other timeout, so that it is clear which one has passed.
	b := s.peer("B", comm.Config{ConnTimeout: 1500 * time.Millisecond})
	s.do(func() error { return honest(s, a, b) })
	intruder := s.intruder("X")
	s.do(func() error { return knock(s, intruder, b) })
	for _, attack := range attacks {
		s.do(func() error { return attack.play(s, intruder, b) })
	}
	s.do(func() error { return middleman(s, a, b) })
	s.do(func() error { return anotherPeer(s, a, b) })
	s.chapter("少一项都不行", "None can be left out")
	s.do(func() error { return aftermath(s) })
}

// honest: first the handshake as it should be, with which all that follows is to be compared.
func honest(s *story, a, b *lab.Peer) error {
	s.chapter("先看一次诚实的握手", "First, an honest handshake")
	s.say("A 和 B 握手，只为知道那里是谁：它在 ConnEstablish 里设了 probe 标志（与第 1 课的 Probe 不是一回事），所有检查都通过，什么也不留下。",
		"A shakes hands with B only to learn who is there: it sets the probe flag in its ConnEstablish (not to be confused with the Probe of lesson 1). Every check passes, and nothing remains.")
	identity, err := a.Handshake(b.Remote())
	s.promise(err == nil && bytes.Equal(identity, b.Identity()), err, "A 得到了 B 的身份。", "A has learned B's identity.")
	return nil
}

// intruder brings a stranger into the lab.
func (s *story) intruder(name string) *lab.Intruder {
	if s.over() {
		return nil
	}
	s.cast = append(s.cast, name)
	in, err := s.NewIntruder(name)
	if err != nil {
		s.fail(err)
	}
	return in
}

// knock: before any of the layer's checks there is TLS itself.
func knock(s *story, in *lab.Intruder, victim *lab.Peer) error {
	s.chapter("不说 TLS", "Without TLS")
	s.say("X 先用最笨的办法：不说 TLS，一连上就发一个 HTTP 请求。凡是在监听的端口，谁都能连：端口扫描器、填错了地址的浏览器，就是这样找上门来的。",
		"X begins with the clumsiest way: no TLS, only an HTTP request. Anybody can dial a port that listens. A port scanner comes like this, or a browser with a wrong address.")
	before := s.state().Peer(victim.Name)
	answer, err := in.Knock(s.ctx, victim, []byte("GET / HTTP/1.1\r\nHost: "+victim.Name+"\r\n\r\n"), "no TLS")
	if err != nil {
		return err
	}
	// TLS itself hangs up when it has failed, and only then it is told.
	s.until("the line is closed, and the failure is told", func(st *timeline.State) bool { return s.quiet(st) && latestTLS(st, victim).Failed })
	after := s.state().Peer(victim.Name)
	s.promise(len(answer) == 0 && after.PingsServed == before.PingsServed && len(after.Connections) == len(before.Connections),
		fmt.Sprintf("%d bytes in answer, %d pings, %d streams", len(answer), after.PingsServed, len(after.Connections)),
		"TLS 握手失败，B 一个字节也没回就挂断了：没有 Ping，没有流，握手的检查一项都没轮到。",
		"TLS failed, and B hung up without a byte in answer. There was no Ping and no stream, and none of the handshake's checks had to be made.")
	s.say("但是 TLS 只挡得住不说它的人。它不问来者是谁，X 下次说 TLS 就进来了；从这里往后，都要靠握手。",
		"But TLS stops only those who do not speak it. It asks nobody who he is: next time X speaks TLS, and is in. From there on it is up to the handshake.")
	return nil
}

// latestTLS returns how the last TLS handshake of a peer has ended.
func latestTLS(st *timeline.State, p *lab.Peer) (last timeline.Outcome) {
	for _, h := range st.Peer(p.Name).Handshakes {
		last = h.Outcome
	}
	return last
}

// attacks are the ways of a stranger who dials, in the order of the checks that stop them.
var attacks = []attack{
	{
		zh:    "不出示证书。X 在 TLS 里不出示客户端证书。TLS 允许这样做，但是那样一来，身份就没有东西可以绑定，所以 B 一句话也不听。",
		en:    "No certificate. X shows no client certificate in TLS. TLS allows that, but then there is nothing that an identity could be bound to, so B does not even listen.",
		trick: "no TLS certificate",
		check: comm.ErrNoTLSCertificate,
		naked: true,
		hello: claimOf("A", func(c *proto.ConnEstablish) {}),
	},
	{
		zh:     "沉默。X 打开流，一个字也不说。没有时限的话，它每打开一条流就白占 B 的一个 goroutine。",
		en:     "Silence. X opens a stream and says nothing. Without a time limit, every such stream would hold one of B's goroutines for ever.",
		trick:  "silence",
		check:  comm.ErrHandshakeTimeout,
		silent: true,
	},
	{
		zh:    "乱码。X 的第一个信封里不是 GossipMessage。解不开还往下走，程序就会去处理一条空消息。",
		en:    "Garbage. What is in X's first envelope is no GossipMessage. A program that went on all the same would handle a message that is not there.",
		trick: "garbage",
		check: comm.ErrMalformed,
		hello: func(*story, *lab.Intruder) (*proto.Envelope, error) {
			return &proto.Envelope{Payload: []byte("\xff\xff garbage"), Signature: []byte("?")}, nil
		},
	},
	{
		zh:    "跳过握手。X 的第一条消息直接就是数据。不挡住它，谁都不用报身份就能发数据。",
		en:    "Skipping the handshake. X's first message is data already. Unless that is refused, anybody can send data without saying who he is.",
		trick: "wrong first message",
		check: comm.ErrWrongType,
		hello: func(*story, *lab.Intruder) (*proto.Envelope, error) {
			msg, err := (&proto.GossipMessage{Content: &proto.GossipMessage_DataMsg{DataMsg: &proto.DataMessage{}}}).NoopSign()
			if err != nil {
				return nil, err
			}
			return msg.Envelope, nil
		},
	},
	{
		zh:    "没有 PKI-ID。PKI-ID 是连接表的键，空的键谁都可以冒用。",
		en:    "No PKI-ID. The PKI-ID is the key of the connection store, and an empty key would be everybody's.",
		trick: "no PKI-ID",
		check: comm.ErrNoPKIID,
		hello: claimOf("C", func(c *proto.ConnEstablish) { c.PkiId = nil }),
	},
	{
		zh:    "冒用 PKI-ID。X 有一份真实的身份（C 的证书和私钥都被它偷到了），却自称是 A。PKI-ID 必须等于身份的哈希，自称没有用。",
		en:    "Another's PKI-ID. X has a real identity (it has stolen C's certificate and key) and calls itself A. The PKI-ID must be the hash of the identity; a claim is worth nothing.",
		trick: "wrong PKI-ID",
		check: comm.ErrIdentity,
		hello: claimOf("C", func(c *proto.ConnEstablish) { c.PkiId = identityOf("A").PKIID() }),
	},
	{
		zh:    "冒牌 CA。X 自己开了一个 CA，也叫 Org1，给自己签发了身份。名字一样不算数，要看签发它的私钥。",
		en:    "A foreign CA. X has made an authority of its own that is also called Org1, and has issued itself an identity. The name does not count; the key that issued it does.",
		trick: "foreign CA",
		check: comm.ErrIdentity,
		hello: foreign,
	},
	{
		zh:    "过期的身份。证书确实是 Org1 签发的，私钥也对，但是它 1999 年就过期了。",
		en:    "An expired identity. Org1 has indeed issued it, and the key is right, but it expired in 1999.",
		trick: "expired identity",
		check: comm.ErrIdentity,
		hello: expired,
	},
	{
		zh:    "重放。X 录下了 A 的 ConnEstablish，原样再发一遍：身份真实，签名也真实。可是里面写的是 A 的 TLS 证书的哈希，而 X 在 TLS 里只能出示自己的证书。",
		en:    "A replay. X has recorded a ConnEstablish of A and sends it again: the identity is real and so is the signature. But in it stands the hash of A's TLS certificate, and in TLS X can show only its own.",
		trick: "replay",
		check: comm.ErrCertHash,
		hello: replay,
	},
	{
		zh: "A 的身份，C 的私钥。身份是公开的，X 照抄 A 的身份，证书哈希写自己的，只是没有 A 的私钥，只好用偷来的 C 的私钥来签。前面各项 X 都能蒙混过去，唯独签名不行。",
		en: "A's identity, C's key. Identities are public: X copies A's, puts the hash of its own certificate beside it, and, not having A's key, signs with the one that it stole from C. " +
			"X gets past every check before this one. It does not get past the signature.",
		trick: "another's key",
		check: comm.ErrSignature,
		hello: func(_ *story, in *lab.Intruder) (*proto.Envelope, error) {
			a := identityOf("A")
			return lab.Claim(&proto.ConnEstablish{PkiId: a.PKIID(), Identity: a.Serialize(), TlsCertHash: in.CertHash()}, identityOf("C"))
		},
	},
}

// identityOf returns one of the lab's fixed identities.
func identityOf(name string) *msp.SigningIdentity {
	identity, err := lab.FixedIdentity(name)
	if err != nil {
		panic(err) // a lesson that names a peer that does not exist cannot be told at all
	}
	return identity
}

// claimOf returns a maker of ConnEstablish messages of the named peer, correct but for one change, and signed after it.
func claimOf(name string, change func(*proto.ConnEstablish)) func(*story, *lab.Intruder) (*proto.Envelope, error) {
	return func(_ *story, in *lab.Intruder) (*proto.Envelope, error) {
		return claim(identityOf(name), in, change)
	}
}

func claim(identity *msp.SigningIdentity, in *lab.Intruder, change func(*proto.ConnEstablish)) (*proto.Envelope, error) {
	establish := &proto.ConnEstablish{PkiId: identity.PKIID(), Identity: identity.Serialize(), TlsCertHash: in.CertHash()}
	change(establish)
	return lab.Claim(establish, identity)
}

// replay returns the very envelope that B got from A in the honest handshake.
func replay(s *story, _ *lab.Intruder) (*proto.Envelope, error) {
	for _, c := range s.state().Peer("B").Connections {
		for _, m := range c.Incoming() {
			if m.Kind == timeline.HandshakeMessage && bytes.Equal(c.PKIID, identityOf("A").PKIID()) && c.Proven {
				return m.Envelope, nil
			}
		}
	}
	return nil, errors.New("no ConnEstablish of A was recorded")
}

func foreign(_ *story, in *lab.Intruder) (*proto.Envelope, error) {
	authority, err := msp.NewAuthority("Org1")
	if err != nil {
		return nil, err
	}
	identity, err := authority.Issue("A")
	if err != nil {
		return nil, err
	}
	return claim(identity, in, func(*proto.ConnEstablish) {})
}

func expired(_ *story, in *lab.Intruder) (*proto.Envelope, error) {
	identity, err := lab.Authority("Org1").Issue("A", msp.WithValidity(
		time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC), time.Date(1999, time.July, 1, 0, 0, 0, 0, time.UTC)))
	if err != nil {
		return nil, err
	}
	return claim(identity, in, func(*proto.ConnEstablish) {})
}

// play lets the stranger try, and promises that it was stopped by the right check, and told why.
func (at attack) play(s *story, in *lab.Intruder, victim *lab.Peer) error {
	titleZh, storyZh, _ := strings.Cut(at.zh, "。")
	titleEn, storyEn, _ := strings.Cut(at.en, ". ")
	s.chapter(titleZh, titleEn)
	s.say(storyZh, storyEn)
	if s.over() {
		return nil
	}
	words, err := at.try(s, in, victim)
	in.HangUp()
	if err != nil {
		return err
	}
	s.until("the refusal is recorded", func(st *timeline.State) bool { return s.idle(st, victim.Name) && s.quiet(st) })
	refused := &comm.RefusedError{Words: words}
	s.promise(errors.Is(refused, at.check), words,
		"B 拒绝了 X，拒绝的正是这一项；X 也听到了理由。", "B refused X by the very check that is meant, and X has heard why.")
	return nil
}

// try makes the attack, and returns the words with which the stream was ended.
func (at attack) try(s *story, in *lab.Intruder, victim *lab.Peer) (string, error) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	stream, err := in.Open(ctx, victim, !at.naked, at.trick)
	if err != nil {
		return "", err
	}
	if !at.silent {
		hello, err := at.hello(s, in)
		if err != nil {
			return "", err
		}
		// If the stream has ended already, Send says only EOF; the reason comes with Recv.
		stream.Send(hello)
	}
	answer, err := stream.Recv()
	if err == nil {
		return fmt.Sprintf("an answer of %d bytes instead of a refusal", len(answer.Payload)), nil
	}
	return status.Convert(err).Message(), nil
}

// middleman: the attack for which the certificate hash was invented.
func middleman(s *story, a, b *lab.Peer) error {
	s.chapter("中间人", "A man in the middle")
	s.say("M 站在 A 和 B 中间：A 以为在和 B 说话，其实 TLS 的另一端是 M；M 再和 B 建一条 TLS，把明文原样转发。A 的 ConnEstablish 是真的，签名也是真的。",
		"M stands between A and B. A believes that it talks to B, but the other end of its TLS is M; M has a TLS session of its own with B and passes everything on. A's ConnEstablish is real, and so is its signature.")
	s.say("但是 A 的消息里写着 A 的 TLS 证书的哈希，B 在 TLS 里看到的却是 M 的证书。M 改不了这个哈希，因为它没有 A 的私钥。",
		"But A's message carries the hash of A's TLS certificate, and what B sees in TLS is M's. M cannot change the hash, since it does not have A's key.")
	s.cast = append(s.cast, "M")
	m, err := s.NewMiddleman("M", b)
	if err != nil {
		return err
	}
	_, err = a.Handshake(&comm.RemotePeer{Endpoint: m.Endpoint, PKIID: b.PKIID})
	s.until("the refusal is recorded", func(st *timeline.State) bool { return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) })
	s.promise(errors.Is(err, comm.ErrCertHash), err,
		"握手失败：证书哈希对不上。中间人能转发，却不能冒充。", "The handshake failed: the hash of the certificate does not match. A man in the middle can pass messages on; he cannot be somebody else.")
	return nil
}

// anotherPeer: everything is genuine, only it is not the one that was wanted.
func anotherPeer(s *story, a, b *lab.Peer) error {
	s.chapter("不是要找的那一个", "Not the one that was wanted")
	s.say("最后一种未必是攻击，可能只是地址写错了：A 要找 C，地址却是 B 的。B 是诚实的，前面各项都能通过，只有最后一项通不过：B 不是 C。",
		"The last need not be an attack, perhaps only a wrong address: A looks for C, at B's endpoint. B is honest, and every check but the last passes: B is not C.")
	_, err := a.Handshake(&comm.RemotePeer{Endpoint: b.Endpoint, PKIID: identityOf("C").PKIID()})
	s.until("both ends have closed", func(st *timeline.State) bool { return s.idle(st, "A") && s.idle(st, "B") && s.quiet(st) })
	s.promise(errors.Is(err, comm.ErrUnexpectedPeer), err, "A 拒绝了 B。", "A refused B.")
	return nil
}

// aftermath: what is left of all that.
func aftermath(s *story) error {
	s.say("最要紧的是证书哈希和签名，两项缺一不可：没有签名，哈希可以伪造；没有哈希，签过名的消息可以重放。",
		"What matters most are the certificate hash and the signature, and neither is worth anything without the other: without the signature the hash could be forged, without the hash a signed message could be replayed.")
	st := s.state()
	s.promise(len(stored(st, "A")) == 0 && len(stored(st, "B")) == 0, "a connection in a store",
		"这么多次来访之后，B 的连接表里一个连接也没有。", "After all these visits B's store holds no connection.")
	broken := slices.DeleteFunc(st.Invariants(), func(i timeline.Invariant) bool { return i.Holds })
	s.promise(len(broken) == 0, broken,
		"没有违反任何规则：一条流只有一个 writer，一个 PKI-ID 只登记一个连接，关闭以后不再写。", "No rule was broken: one writer a stream, one stored connection a PKI-ID, nothing written after the close.")
	return nil
}
