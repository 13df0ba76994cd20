package narrate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/common"
	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/proto"
)

const (
	endpointB = "127.0.0.1:40001"
	portOfA   = "127.0.0.1:50001"
)

var (
	idA = common.PKIidType{0xaa, 0xaa, 0xaa, 0xaa, 1, 2, 3, 4}
	idB = common.PKIidType{0xbb, 0xbb, 0xbb, 0xbb, 1, 2, 3, 4}
)

func birth(name string, id common.PKIidType, endpoint string) timeline.Event {
	return timeline.Event{Kind: timeline.KindBirth, Peer: name,
		Birth: &timeline.Birth{Name: name, Organisation: "Org1", PKIID: id, Endpoint: endpoint}}
}

func step(peer string, e trace.Event) timeline.Event {
	return timeline.Event{Kind: timeline.KindStep, Peer: peer, Step: &e}
}

func lineOpened(name, dialler, listener string) timeline.Event {
	return timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{Name: name, Change: "open", Dialer: dialler, Listener: listener, Sent: 77}}
}

func dataMessage(t *testing.T, content string) *proto.Envelope {
	t.Helper()
	msg := &proto.GossipMessage{Nonce: 12345678, Content: &proto.GossipMessage_DataMsg{
		DataMsg: &proto.DataMessage{Payload: &proto.Payload{Data: []byte(content)}}}}
	signed, err := msg.NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	return signed.Envelope
}

func ackMessage(t *testing.T, refusal string) *proto.Envelope {
	t.Helper()
	signed, err := (&proto.GossipMessage{Nonce: 1, Content: &proto.GossipMessage_Ack{Ack: &proto.Acknowledgement{Error: refusal}}}).NoopSign()
	if err != nil {
		t.Fatal(err)
	}
	return signed.Envelope
}

var (
	dialled = trace.Object{Kind: trace.Connection, ID: 1, Role: trace.Initiator, Purpose: trace.ForMessages, Endpoint: endpointB}
	arrived = trace.Object{Kind: trace.Connection, ID: 7, Role: trace.Acceptor, Purpose: trace.ForMessages, Endpoint: portOfA}
)

// story is a small session in which everything occurs that a line can be made of.
func story(t *testing.T) []timeline.Event {
	hello := dataMessage(t, "hello")
	return []timeline.Event{
		{Kind: timeline.KindTitle, Text: &text.Text{Zh: "第一条消息", En: "The first message"}},
		{Kind: timeline.KindSay, Text: &text.Text{Zh: "A 要给 B 发一条消息。", En: "A is about to send a message to B."}},
		birth("A", idA, "127.0.0.1:40000"),
		birth("B", idB, endpointB),
		{Kind: timeline.KindAct, Peer: "A", Act: &timeline.Act{Verb: "send", Target: "B", Detail: "hello"}},
		step("A", trace.Event{Step: trace.StoreLookup, Object: trace.Object{Kind: trace.Store, ID: 1}, Subject: dialled, Peer: idB, Detail: "dialling"}),
		step("A", trace.Event{Step: trace.ConnEnqueue, Object: dialled, Envelope: hello, Queue: trace.Queue{Name: "outBuff", Len: 1, Cap: 20}}),
		step("A", trace.Event{Step: trace.DialStart, Object: dialled, Gate: true}),
		lineOpened("A→B#1", portOfA, endpointB),
		step("B", trace.Event{Step: trace.TLSHandshaken, Object: trace.Object{Kind: trace.Instance, ID: 1}, Local: endpointB, Remote: portOfA}),
		step("B", trace.Event{Step: trace.StreamArrived, Object: arrived, Local: endpointB, Remote: portOfA}),
		step("B", trace.Event{Step: trace.AuthCertHash, Object: arrived, Peer: idA, Number: 1,
			Err: errors.New("wrong hash of TLS certificate: the message says 00112233445566778899, TLS says aabbccddeeff00112233 from " + portOfA)}),
		{Kind: timeline.KindLink, Link: &timeline.Link{Name: "A→B#1", Change: "close", Reason: "closed by the end that dialled", Sent: 1234}},
		{Kind: timeline.KindPromise, Promise: &timeline.Promise{Text: text.Text{Zh: "B 拒绝了 A。", En: "B refused A."}, Kept: true}},
		{Kind: timeline.KindPromise, Promise: &timeline.Promise{Text: text.Text{Zh: "消息到了。", En: "The message arrived."}, Why: "nothing arrived"}},
		{Kind: timeline.KindDeath, Peer: "A", Death: &timeline.Death{Cause: "stopped"}},
		{Kind: timeline.KindGap, Gap: 3},
	}
}

func printed(t *testing.T, lang text.Lang, events ...timeline.Event) string {
	t.Helper()
	var out strings.Builder
	p := NewPrinter(&out, lang, Options{})
	for _, e := range events {
		if err := p.Print(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAStoryReadsFromTopToBottomInChinese(t *testing.T) {
	want := strings.TrimPrefix(`
── 第一条消息 ──────────────────────────────────────────────────────────────────────────────────────

A 要给 B 发一条消息。

  + 节点 A 启动，开始监听。组织 Org1，PKI-ID aaaaaaaa。
  + 节点 B 启动，开始监听。组织 Org1，PKI-ID bbbbbbbb。

▸ A 发送 Send → B：「hello」
  A │ B  A→B#1  ● store.lookup        连接表里还没有通往对方的连接，开始拨号；消息可以先排队。
  A │ B  A→B#1  ● conn.enqueue        消息进了发送队列，还没有写到流上。〔「hello」，outBuff 1/20〕
  A │ B  A→B#1  ○ dial.start          准备为对方的端点建一个 gRPC 连接；这一步本身还不上网络。
  ~ 线路 A→B#1 接通了。
  B │ A  A→B#1  ● tls.handshaken      TLS 握手完成，线路已加密；对方是谁，TLS 并不知道。
  B ← A  A→B#1  ● stream.arrived      来了一条流，还不知道对方是谁。
  B │ A  A→B#1  ✗ auth.cert-hash      检查不过：证书哈希对不上。这一项专挡重放和中间人。
                                      证书哈希与 TLS 里看到的证书不符。原话：wrong hash of TLS
                                      certificate: the message says …, TLS says … from A
  ~ 线路 A→B#1 断开了。

  ✓ B 拒绝了 A。
  ✗ 没有做到：消息到了。
    实际情况：nothing arrived

  - 节点 A 停止了。
  … 这里缺 3 个事件：录像时来不及保存。

承诺：1 条成立，1 条落空。
`, "\n")
	if diff := cmp.Diff(want, printed(t, text.Chinese, story(t)...)); diff != "" {
		t.Error(diff)
	}
}

func TestAStoryReadsFromTopToBottomInEnglish(t *testing.T) {
	got := printed(t, text.English, story(t)...)
	for _, line := range []string{
		"  + Peer B begins to listen. Organisation Org1, PKI-ID bbbbbbbb.\n",
		"▸ A: Send → B: \"hello\"\n",
		"  A │ B  A→B#1  ● conn.enqueue        A message was put into the send queue; it is not written yet.\n" +
			"                                      [\"hello\", outBuff 1/20]\n",
		"because: wrong hash of TLS certificate: the message says …,\n",
		"  ✓ B refused A.\n  ✗ Not kept: The message arrived.\n    Found instead: nothing arrived\n",
		"Promises: 1 kept, 1 broken.\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("this is missing:\n%s", line)
		}
	}
	for _, r := range got {
		if r >= 0x4e00 && r <= 0x9fff {
			t.Fatalf("there is Chinese in the English story: %q", r)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestNoLineIsWiderThanAsked(t *testing.T) {
	for _, lang := range []text.Lang{text.Chinese, text.English} {
		for _, width := range []int{60, 80, 100, 160} {
			var out strings.Builder
			p := NewPrinter(&out, lang, Options{Width: width})
			for _, e := range story(t) {
				p.Print(e)
			}
			for line := range strings.Lines(out.String()) {
				if n := text.Cells(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: %d cells in a line of at most %d: %s", lang, n, width, line)
				}
			}
		}
	}
}

func TestWhatDiffersFromRunToRunIsNotShown(t *testing.T) {
	got := printed(t, text.Chinese, story(t)...)
	for _, secret := range []string{"127.0.0.1", "40001", "50001", "00112233445566778899", "12345678", "1234", "77"} {
		if strings.Contains(got, secret) {
			t.Errorf("the story shows %q", secret)
		}
	}
}

func TestAnIntruderIsNamedByItsLineAndNotByItsClaim(t *testing.T) {
	got := printed(t, text.Chinese,
		birth("A", idA, "127.0.0.1:40000"), birth("B", idB, endpointB),
		timeline.Event{Kind: timeline.KindBirth, Peer: "M", Birth: &timeline.Birth{Name: "M", Intruder: true}},
		lineOpened("M→B#1", "127.0.0.1:6666", endpointB),
		step("B", trace.Event{Step: trace.AuthSignature, Peer: idA, Number: 1, Err: errors.New("signature refused: signature does not match"),
			Object: trace.Object{Kind: trace.Connection, ID: 3, Role: trace.Acceptor, Endpoint: "127.0.0.1:6666"}}))
	if want := "  B │ M  M→B#1  ✗ auth.signature"; !strings.Contains(got, want) {
		t.Errorf("want a line that begins with %q:\n%s", want, got)
	}
	if want := "〔自称 A〕"; !strings.Contains(got, want) {
		t.Errorf("want %q:\n%s", want, got)
	}
}

func TestTheDialsFromOnePeerToAnotherAreCounted(t *testing.T) {
	second := dialled
	second.ID = 2
	got := printed(t, text.English, birth("A", idA, "127.0.0.1:40000"), birth("B", idB, endpointB),
		step("A", trace.Event{Step: trace.DialStart, Object: dialled, Gate: true}),
		step("A", trace.Event{Step: trace.DialStart, Object: second, Gate: true}),
		step("A", trace.Event{Step: trace.ConnClose, Object: dialled}))
	for _, want := range []string{"A→B#1  ○ dial.start", "A→B#2  ○ dial.start", "A→B#1  ● conn.close"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q:\n%s", want, got)
		}
	}
}

func TestALineDecidesTheNameOfAConnection(t *testing.T) {
	got := printed(t, text.English, birth("A", idA, "127.0.0.1:40000"), birth("B", idB, endpointB),
		step("A", trace.Event{Step: trace.DialStart, Object: dialled, Gate: true}),
		lineOpened("A→B#4", portOfA, endpointB),
		step("A", trace.Event{Step: trace.PingAnswered, Object: dialled, Local: portOfA, Remote: endpointB}),
		step("A", trace.Event{Step: trace.ConnServe, Object: dialled}))
	if !strings.Contains(got, "A→B#4  ● conn.serve") {
		t.Errorf("the connection does not have the name of its line:\n%s", got)
	}
}

func TestWhatAPeerSentCannotCommandTheTerminal(t *testing.T) {
	nasty := "\x1b[2J\x07\u202egnp\nnext\xff"
	got := printed(t, text.English, birth("A", idA, "127.0.0.1:40000"),
		timeline.Event{Kind: timeline.KindBirth, Birth: &timeline.Birth{Name: nasty, Organisation: nasty, Endpoint: endpointB}},
		timeline.Event{Kind: timeline.KindAct, Peer: nasty, Act: &timeline.Act{Verb: nasty, Target: nasty, Detail: nasty, Terms: nasty}},
		timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{Name: nasty, Change: nasty, Reason: nasty}},
		timeline.Event{Kind: timeline.KindPromise, Promise: &timeline.Promise{Text: text.Text{En: nasty}, Why: nasty}},
		timeline.Event{Kind: timeline.KindTitle, Text: &text.Text{En: nasty}},
		timeline.Event{Kind: timeline.KindSay, Text: &text.Text{En: nasty}},
		timeline.Event{Kind: timeline.KindDeath, Peer: nasty, Death: &timeline.Death{Cause: nasty}},
		step(nasty, trace.Event{Step: trace.Step(nasty), Object: dialled, Envelope: dataMessage(t, nasty), Err: errors.New(nasty)}),
		step("A", trace.Event{Step: trace.ConnReceived, Object: dialled, Envelope: dataMessage(t, nasty), Number: 2}),
		step("A", trace.Event{Step: trace.ConnReceived, Object: dialled, Envelope: ackMessage(t, nasty[:12]), Number: 3}))
	for i, r := range got {
		if r != '\n' && (r < ' ' || r == 0x7f || r == 0x202e || r == '\uFFFD') {
			t.Fatalf("%q at byte %d:\n%q", r, i, got)
		}
	}
}

func TestAQueueThatTheWriterHasEmptiedIsNotCalledFilled(t *testing.T) {
	got := printed(t, text.Chinese, birth("B", idB, endpointB),
		step("A", trace.Event{Step: trace.ConnEnqueue, Object: dialled, Envelope: dataMessage(t, "x"), Queue: trace.Queue{Name: "outBuff", Cap: 20}}))
	if want := "〔「x」，writer 已经取走〕"; !strings.Contains(got, want) {
		t.Errorf("want %q:\n%s", want, got)
	}
}

func TestMessagesAreShownByWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		envelope *proto.Envelope
		want     string
	}{
		{dataMessage(t, "short"), "〔第 2 条，「short」〕"},
		{dataMessage(t, strings.Repeat("字", 40)), "〔第 2 条，「" + strings.Repeat("字", 12) + "…」〕"},
		{ackMessage(t, ""), "〔第 2 条，确认〕"},
		{ackMessage(t, "no space"), "〔第 2 条，拒绝：「no space」〕"},
		{&proto.Envelope{Payload: []byte{0xff}}, "〔第 2 条，解不开的消息〕"},
	} {
		got := printed(t, text.Chinese, birth("B", idB, endpointB),
			step("A", trace.Event{Step: trace.ConnWritten, Object: dialled, Number: 2, Envelope: c.envelope}))
		if joined := strings.Join(strings.Fields(got), ""); !strings.Contains(joined, strings.ReplaceAll(c.want, " ", "")) {
			t.Errorf("want %q:\n%s", c.want, got)
		}
	}
}

// The steps between the demultiplexer and a subscriber number the subscription, not the message.
func TestASubscriptionsNumberIsNotTakenForTheMessages(t *testing.T) {
	for _, name := range []trace.Step{trace.DemuxDeliver, trace.DemuxDelivered, trace.AcceptHand} {
		got := printed(t, text.English, birth("B", idB, endpointB), step("A", trace.Event{Step: name, Number: 3, Subject: dialled,
			Object: trace.Object{Kind: trace.Instance, ID: 1}, Envelope: dataMessage(t, "short")}))
		if joined := strings.Join(strings.Fields(got), " "); !strings.Contains(joined, `[subscription 3, "short"]`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestTheReasonOfAFailureIsToldOnceForAConnection(t *testing.T) {
	why := errors.New("signature refused: signature does not match")
	got := printed(t, text.English, birth("A", idA, "127.0.0.1:40000"), birth("B", idB, endpointB),
		step("A", trace.Event{Step: trace.AuthSignature, Object: dialled, Err: why}),
		step("A", trace.Event{Step: trace.ConnClose, Object: dialled, Err: why}),
		step("B", trace.Event{Step: trace.ConnClose, Object: arrived, Err: why}))
	if n := strings.Count(got, "because:"); n != 2 || strings.Count(got, "[the reason is the same]") != 1 {
		t.Errorf("the reason is told %d times:\n%s", n, got)
	}
}

func TestAfterAnErrorOfTheWriterNothingMoreIsWritten(t *testing.T) {
	broken := errors.New("broken")
	w := &failing{err: broken}
	p := NewPrinter(w, text.English, Options{})
	for range 3 {
		if err := p.Print(timeline.Event{Kind: timeline.KindGap, Gap: 1}); err != broken {
			t.Errorf("Print returned %v", err)
		}
	}
	if err := p.Finish(); err != broken || w.calls != 1 {
		t.Errorf("Finish returned %v; %d calls of Write", err, w.calls)
	}
}

type failing struct {
	err   error
	calls int
}

func (f *failing) Write([]byte) (int, error) {
	f.calls++
	return 0, f.err
}

func linkChanged(change string, delay time.Duration) timeline.Event {
	return timeline.Event{Kind: timeline.KindLink, Link: &timeline.Link{Name: "A→B#1", Change: change, Delay: delay, Sent: 1234}}
}

func TestWhatIsDoneToALinkIsToldInBothLanguages(t *testing.T) {
	for _, c := range []struct {
		event  timeline.Event
		zh, en string
	}{
		{linkChanged(timeline.LinkDelay, 3*time.Second), "  ~ 线路 A→B#1 变慢了：从现在起，每个字节晚 3s 到达。\n", "  ~ Line A→B#1 is slow: from now on every byte arrives 3s later.\n"},
		{linkChanged(timeline.LinkDelay, 0), "  ~ 线路 A→B#1 不再拖延新来的字节。\n", "  ~ Line A→B#1 delays nothing more that is sent from now on.\n"},
		{linkChanged(timeline.LinkFreeze, 0), "A→B#1 冻住了", "Line A→B#1 is frozen"},
		{linkChanged(timeline.LinkThaw, 0), "A→B#1 解冻了", "Line A→B#1 is thawed"},
		{linkChanged(timeline.LinkHalfClose, 0), "A→B#1 关了一半", "Line A→B#1 is half closed"},
		{linkChanged(timeline.LinkCut, 0), "A→B#1 被剪断", "Line A→B#1 is cut"},
		{linkChanged("knot", 0), "线路 A→B#1：knot。", "Line A→B#1: knot."},
	} {
		for lang, want := range map[text.Lang]string{text.Chinese: c.zh, text.English: c.en} {
			got := printed(t, lang, c.event)
			if !strings.Contains(got, want) || strings.Contains(got, "1234") || strings.Contains(got, "%") {
				t.Errorf("%s: printed %q, want %q in it, and no counts", c.event.Link.Change, got, want)
			}
		}
	}
}

func TestWhatIsDoneToPeersIsToldInBothLanguages(t *testing.T) {
	for _, c := range []struct {
		peer   string
		act    timeline.Act
		zh, en string
	}{
		{"A", timeline.Act{Verb: "send-with-ack", Target: "B, C", Detail: "hello", Terms: "minAck 1, timeout 2s"},
			"▸ A 发送并等确认 SendWithAck → B、C：「hello」〔minAck 1，timeout 2s〕\n", "▸ A: SendWithAck → B, C: \"hello\" [minAck 1, timeout 2s]\n"},
		{"B", timeline.Act{Verb: "accept"}, "▸ B 订阅 Accept\n", "▸ B: Accept\n"},
		{"B", timeline.Act{Verb: "respond", Target: "A", Detail: "hi"}, "▸ B 答复 Respond → A：「hi」\n", "▸ B: Respond → A: \"hi\"\n"},
		{"B", timeline.Act{Verb: "ack", Target: "A"}, "▸ B 确认 Ack → A\n", "▸ B: Ack → A\n"},
		{"B", timeline.Act{Verb: "kill"}, "▸ B 被强行终止\n", "▸ B: is killed\n"},
		{"B", timeline.Act{Verb: "restart"}, "▸ B 重新启动\n", "▸ B: starts anew\n"},
		{"B", timeline.Act{Verb: "stop-reading"}, "▸ B 的订阅者不再取消息\n", "▸ B: its subscriber stops reading\n"},
		{"B", timeline.Act{Verb: "refuse-acks", Detail: "disk full"},
			"▸ B 的订阅者从现在起拒绝确认：「disk full」\n", "▸ B: its subscriber refuses to acknowledge from now on: \"disk full\"\n"},
		{"Z", timeline.Act{Verb: "attack", Target: "B", Detail: "swapped certificate"},
			"▸ Z 攻击 → B：「中间人，换掉 TLS 证书」\n", "▸ Z: attacks → B: \"swapped certificate\"\n"},
		{"", timeline.Act{Verb: "hold", Target: "A", Detail: "conn.write"},
			"▸ 拦在 A 的 conn.write：走到这一步的 goroutine 都停在这里。\n", "▸ Hold A at conn.write: every goroutine that comes to this step stays there.\n"},
		{"", timeline.Act{Verb: "step", Target: "A", Detail: "conn.write"},
			"▸ 放行 A 的一个 goroutine：在 conn.write 停得最久的那一个。\n", "▸ Let one goroutine of A go on: the one that has been held longest at conn.write.\n"},
		{"", timeline.Act{Verb: "release", Target: "A", Detail: "conn.write"},
			"▸ 放行 A 停在 conn.write 的所有 goroutine，不再拦谁。\n", "▸ Let every goroutine of A go on that is held at conn.write, and hold nobody there any more.\n"},
	} {
		for lang, want := range map[text.Lang]string{text.Chinese: c.zh, text.English: c.en} {
			if got := printed(t, lang, timeline.Event{Kind: timeline.KindAct, Peer: c.peer, Act: &c.act}); got != want {
				t.Errorf("%s: printed %q, want %q", c.act.Verb, got, want)
			}
		}
	}
}

// A link that opens or closes comes of the steps around it; what somebody does to it is something to look at.
func TestWhatIsDoneToALinkIsPaced(t *testing.T) {
	for change, paced := range map[string]bool{timeline.LinkOpen: false, timeline.LinkClose: false, timeline.LinkCut: true, timeline.LinkFreeze: true} {
		e := linkChanged(change, 0)
		if got := Pace(&e, text.English); (got > 0) != paced {
			t.Errorf("%s is held for %v", change, got)
		}
	}
}
