// Package terms holds what the parts of the layer are called on the screen, in both languages: phases, roles, places, checks, what a
// goroutine waits for. The names that a reader will meet in the source, outBuff, msgChan, reader, service, stay as they are there.
package terms

import (
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

// Phase names the phase of a connection.
func Phase(p timeline.Phase) text.Text { return named(phases, p, p.String()) }

// PeerPhase names the phase of a peer's life.
func PeerPhase(p timeline.PeerPhase) text.Text { return named(peerPhases, p, p.String()) }

// Role names the part that a peer has in a connection.
func Role(r trace.Role) text.Text { return named(roles, r, string(r)) }

// Purpose says what a connection was made for.
func Purpose(p trace.Purpose) text.Text { return named(purposes, p, string(p)) }

// Kind names a kind of message.
func Kind(k timeline.MessageKind) text.Text { return named(kinds, k, string(k)) }

// Mark names one of the five marks of a message.
func Mark(s timeline.Stage) text.Text { return named(marks, s, s.String()) }

// Marks are the five marks of a message in their order.
var Marks = []timeline.Stage{timeline.Enqueued, timeline.Written, timeline.Received, timeline.Handled, timeline.Acked}

// Place says in a word or two where a message is.
func Place(p timeline.Place) text.Text { return named(places, p, p.String()) }

// Check says what a check of the handshake looks at.
func Check(s trace.Step) text.Text { return named(checks, s, string(s)) }

// CheckWhy says what a check is good for: what it proves, or whom it stops.
func CheckWhy(s trace.Step) text.Text { return checksWhy[s] }

// Checks are the eight checks of a handshake in their order. An acceptor has one before them, stream.limit, which asks for room and not
// for proof.
var Checks = []trace.Step{
	trace.AuthTLSCert, trace.AuthDecode, trace.AuthType, trace.AuthPKIID,
	trace.AuthIdentity, trace.AuthCertHash, trace.AuthSignature, trace.AuthExpected,
}

// Invariant returns the name of an invariant, and the sentence that explains it.
func Invariant(n timeline.InvariantName) (name, why text.Text) {
	both := named(invariants, n, string(n))
	return both.name(), both.why()
}

// pair is two texts that belong together.
type pair [2]text.Text

func (p pair) long() text.Text  { return p[0] }
func (p pair) short() text.Text { return p[1] }
func (p pair) name() text.Text  { return p[0] }
func (p pair) why() text.Text   { return p[1] }

// named looks a name up. What a newer recording knows and this table does not keeps the word that it came with.
func named[K comparable, V text.Text | pair](table map[K]V, key K, word string) V {
	if v, known := table[key]; known {
		return v
	}
	same := text.Text{Zh: text.Printable(word), En: text.Printable(word)}
	var v V
	switch v := any(&v).(type) {
	case *text.Text:
		*v = same
	case *pair:
		*v = pair{same, same}
	}
	return v
}

var phases = map[timeline.Phase]text.Text{
	timeline.PhaseNew:            {Zh: "刚出现", En: "new"},
	timeline.PhaseDialling:       {Zh: "拨号中", En: "dialling"},
	timeline.PhasePinging:        {Zh: "Ping 中", En: "pinging"},
	timeline.PhaseOpening:        {Zh: "打开流", En: "opening the stream"},
	timeline.PhaseAuthenticating: {Zh: "认证中", En: "authenticating"},
	timeline.PhaseEstablished:    {Zh: "已建立", En: "established"},
	timeline.PhaseClosing:        {Zh: "关闭中", En: "closing"},
	timeline.PhaseClosed:         {Zh: "已关闭", En: "closed"},
}

var peerPhases = map[timeline.PeerPhase]text.Text{
	timeline.PeerRunning:  {Zh: "运行中", En: "running"},
	timeline.PeerStopping: {Zh: "正在停止", En: "stopping"},
	timeline.PeerStopped:  {Zh: "已停止", En: "stopped"},
	timeline.PeerDead:     {Zh: "不在了", En: "gone"},
}

var roles = map[trace.Role]text.Text{
	trace.Initiator: {Zh: "拨号方", En: "initiator"},
	trace.Acceptor:  {Zh: "接受方", En: "acceptor"},
}

var purposes = map[trace.Purpose]text.Text{
	trace.ForMessages:  {Zh: "传消息", En: "to carry messages"},
	trace.ForHandshake: {Zh: "Handshake：问清对方是谁就关", En: "Handshake: to learn who is there, then close"},
	trace.ForProbe:     {Zh: "Probe：只问有没有人在听", En: "Probe: to learn whether anybody listens"},
}

var kinds = map[timeline.MessageKind]text.Text{
	timeline.HandshakeMessage:  {Zh: "握手", En: "handshake"},
	timeline.AckMessage:        {Zh: "确认", En: "acknowledgement"},
	timeline.DataMessage:       {Zh: "数据", En: "data"},
	timeline.UnreadableMessage: {Zh: "解不开", En: "unreadable"},
}

var marks = map[timeline.Stage]text.Text{
	timeline.Enqueued: {Zh: "入队", En: "enqueued"},
	timeline.Written:  {Zh: "写出", En: "written"},
	timeline.Received: {Zh: "收到", En: "received"},
	timeline.Handled:  {Zh: "处理", En: "handled"},
	timeline.Acked:    {Zh: "确认", En: "acked"},
}

var places = map[timeline.Place]text.Text{
	timeline.InOutBuff:      {Zh: "outBuff", En: "outBuff"},
	timeline.WithWriter:     {Zh: "writer 手里", En: "writer"},
	timeline.OnTheWay:       {Zh: "路上", En: "on the way"},
	timeline.WithReader:     {Zh: "reader 手里", En: "reader"},
	timeline.InMsgChan:      {Zh: "msgChan", En: "msgChan"},
	timeline.WithService:    {Zh: "service 手里", En: "service"},
	timeline.InSubscription: {Zh: "订阅的队列", En: "subscription"},
	timeline.WithSubscriber: {Zh: "订阅者", En: "subscriber"},
	timeline.GivenUp:        {Zh: "已丢弃", En: "dropped"},
	timeline.Moved:          {Zh: "已移交", En: "handed over"},
}

var checks = map[trace.Step]text.Text{
	trace.StreamLimit:   {Zh: "未认证的流还不算多", En: "room for one more stream"},
	trace.AuthTLSCert:   {Zh: "TLS 里出示了证书", En: "a certificate in TLS"},
	trace.AuthDecode:    {Zh: "第一条消息能解码", En: "the message decodes"},
	trace.AuthType:      {Zh: "它是 ConnEstablish", En: "it is a ConnEstablish"},
	trace.AuthPKIID:     {Zh: "写明了 PKI-ID", En: "it names a PKI-ID"},
	trace.AuthIdentity:  {Zh: "身份可信，PKI-ID 是它的", En: "identity valid, PKI-ID its own"},
	trace.AuthCertHash:  {Zh: "证书哈希与 TLS 一致", En: "certificate hash as in TLS"},
	trace.AuthSignature: {Zh: "签名有效", En: "the signature is valid"},
	trace.AuthExpected:  {Zh: "正是要找的节点", En: "the peer that was meant"},
}

var checksWhy = map[trace.Step]text.Text{
	trace.StreamLimit:   {Zh: "免得陌生人用没认证的流耗尽资源。", En: "or strangers could use up everything with streams that prove nothing"},
	trace.AuthTLSCert:   {Zh: "没有证书，身份就没有东西可以绑定。", En: "without one there is nothing to bind an identity to"},
	trace.AuthDecode:    {Zh: "乱码证明不了任何事。", En: "garbage proves nothing"},
	trace.AuthType:      {Zh: "挡住不报身份就想发数据的人。", En: "stops whoever would send data before an identity"},
	trace.AuthPKIID:     {Zh: "它将是连接表里的键。", En: "it will be the key in the connection store"},
	trace.AuthIdentity:  {Zh: "挡住不可信的身份，和冒用别人 PKI-ID 的人。", En: "stops untrusted identities, and borrowed PKI-IDs"},
	trace.AuthCertHash:  {Zh: "挡住重放和中间人：身份与这条 TLS 绑在一起。", En: "stops replays and men in the middle: it binds the identity to this TLS"},
	trace.AuthSignature: {Zh: "身份人人可抄，没有私钥就签不出来。", En: "anybody can copy an identity, but only its owner can sign"},
	trace.AuthExpected:  {Zh: "挡住身份是真的、却不是要找的那个节点。", En: "stops a peer that is genuine and not the one that was meant"},
}

// waits says what is waited for after a report. What is waited for behind a gate, gates says (doing.go); a full queue says it for both.
var waits = map[timeline.Wait]pair{
	timeline.NoWait:          {{Zh: "在工作", En: "working"}, {Zh: "在工作", En: "working"}},
	timeline.ForOutBuff:      {{Zh: "等 outBuff 来消息", En: "waits for a message in outBuff"}, {Zh: "等消息", En: "idle"}},
	timeline.ForMsgChan:      {{Zh: "等 msgChan 来消息", En: "waits for a message in msgChan"}, {Zh: "等消息", En: "idle"}},
	timeline.ForMsgChanRoom:  {{Zh: "得等 msgChan 腾出位置", En: "needs room in msgChan"}, {Zh: "得等空位", En: "wants room"}},
	timeline.ForSubscription: {{Zh: "得等订阅的队列腾出位置", En: "needs room in a subscription's queue"}, {Zh: "得等空位", En: "wants room"}},
	timeline.ForAck:          {{Zh: "等确认", En: "waits for an acknowledgement"}, {Zh: "等确认", En: "waits: ack"}},
}

var invariants = map[timeline.InvariantName]pair{
	timeline.OneWriter: {
		{Zh: "一条流只有一个 writer", En: "one writer a stream"},
		{Zh: "同一时刻只有一个 goroutine 写一条流，每个编号只写一次。gRPC 不许两个一起写。", En: "One goroutine writes a stream at a time, and each number is written once: gRPC allows no two."},
	},
	timeline.OneStored: {
		{Zh: "一个 PKI-ID 只存一个连接", En: "one stored connection a PKI-ID"},
		{Zh: "连接表里，同一个 PKI-ID 最多有一个连接，否则消息会走两条路，顺序就乱了。", En: "The store holds at most one connection for a PKI-ID; over two, messages would overtake each other."},
	},
	timeline.NothingAfterClose: {
		{Zh: "关闭之后不再写", En: "nothing written after the close"},
		{Zh: "连接关闭以后，不再开始新的写；主动关闭的一方把队列写完，不算在内。", En: "No write begins on a closed connection, but for a queue that is drained on purpose."},
	},
	timeline.NothingOnClosedChannel: {
		{Zh: "不往关闭的 channel 发送", En: "nothing sent on a closed channel"},
		{Zh: "往已经关闭的 channel 发送会 panic，所以要等发送的人都走了才关。", En: "A send on a closed channel panics; so a channel is closed when all its senders have gone."},
	},
	timeline.NoneAfterStop: {
		{Zh: "Stop 之后没有 goroutine", En: "no goroutine after Stop"},
		{Zh: "Stop 一返回，这一层就不再有任何 goroutine 在运行。", En: "When Stop has returned, no goroutine of the layer runs."},
	},
}
