package narrate

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"go.uber.org/goleak"

	"gossipscope/comm"
	"gossipscope/comm/identity"
	"gossipscope/comm/msp"
	"gossipscope/comm/trace"
	"gossipscope/comm/util"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryStepOfTheCatalogueHasACaptionAndNothingElseHas(t *testing.T) {
	for _, info := range trace.Catalogue {
		c, found := captions[info.Step]
		if !found || c.well.Zh == "" || c.well.En == "" {
			t.Errorf("%s has no caption in both languages", info.Step)
		}
	}
	for step := range captions {
		if _, known := trace.Lookup(step); !known {
			t.Errorf("there is a caption for %s, which is not in the catalogue", step)
		}
	}
}

// sentences returns every caption, by where it stands.
func sentences() map[string]text.Text {
	all := make(map[string]text.Text)
	for step, c := range captions {
		name := string(step)
		all[name] = c.well
		all[name+" ended"], all[name+" failed"], all[name+" refused"], all[name+" acceptor"] = c.ended, c.failed, c.refused, c.acceptor
		for detail, v := range c.variants {
			all[name+" "+detail] = v
		}
	}
	for name, s := range all {
		if s == (text.Text{}) {
			delete(all, name)
		}
	}
	for words, zh := range orderly {
		all["reason "+words] = text.Text{Zh: zh, En: "Stands for itself."}
	}
	for _, r := range reasons {
		all["reason "+r.words] = text.Text{Zh: r.zh, En: "Stands for itself."}
	}
	return all
}

func TestCaptionsAreWholeSentences(t *testing.T) {
	for name, s := range sentences() {
		if !strings.HasSuffix(s.Zh, "。") {
			t.Errorf("%s: %q does not end as a Chinese sentence does", name, s.Zh)
		}
		if !strings.HasSuffix(s.En, ".") || s.En != strings.TrimSpace(s.En) || !unicode.IsUpper(rune(s.En[0])) {
			t.Errorf("%s: %q is not written as an English sentence", name, s.En)
		}
		// What is left of a line of 100 cells; English, which is longer, may take two lines.
		if n := text.Cells(s.Zh); n > 62 {
			t.Errorf("%s: %q takes %d cells; a caption is one short sentence", name, s.Zh, n)
		}
		if n := text.Cells(s.En); n > 100 {
			t.Errorf("%s: %q takes %d cells; a caption is one short sentence", name, s.En, n)
		}
	}
}

// Between Chinese and Latin letters or digits there is a space; punctuation is that of Chinese, except inside of a Latin word.
var (
	asciiPunctuation = regexp.MustCompile(`[,;:?!()"'\[\]]|\.(\s|$)|\p{Han}[.\-]|[.\-]\p{Han}`)
	missingSpace     = regexp.MustCompile(`\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}`)
	needlessSpace    = regexp.MustCompile(`\p{Han} \p{Han}|[，。：；、？！] | [，。：；、？！]`)
)

func TestChineseCaptionsAreSetAsChinese(t *testing.T) {
	for name, s := range sentences() {
		for rule, pattern := range map[string]*regexp.Regexp{
			"ASCII punctuation": asciiPunctuation,
			"a missing space":   missingSpace,
			"a needless space":  needlessSpace,
		} {
			if found := pattern.FindString(s.Zh); found != "" {
				t.Errorf("%s: %s at %q in %q", name, rule, found, s.Zh)
			}
		}
	}
}

func TestEnglishCaptionsAreEnglish(t *testing.T) {
	for name, s := range sentences() {
		for _, r := range s.En {
			if r > unicode.MaxASCII {
				t.Errorf("%s: %q has %q in it", name, s.En, r)
			}
		}
	}
}

func TestEveryCheckOfTheHandshakeSaysWhatItStopped(t *testing.T) {
	for _, step := range []trace.Step{trace.StreamLimit, trace.AuthTLSCert, trace.AuthDecode, trace.AuthType, trace.AuthPKIID, trace.AuthIdentity,
		trace.AuthCertHash, trace.AuthSignature, trace.AuthExpected} {
		c, _ := CaptionOf(&trace.Event{Step: step, Err: errors.New("something")})
		if c != captions[step].failed || c == captions[step].well || c.Zh == "" {
			t.Errorf("%s tells a failed check as %q", step, c.Zh)
		}
	}
}

func TestACaptionFollowsHowTheStepTurnedOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		event trace.Event
		want  text.Text
	}{
		{"a variation", trace.Event{Step: trace.StoreLookup, Detail: "joined"}, captions[trace.StoreLookup].variants["joined"]},
		{"a variation that nobody knows", trace.Event{Step: trace.StoreLookup, Detail: "new"}, captions[trace.StoreLookup].well},
		{"a clean end", trace.Event{Step: trace.ConnReceived, Detail: "closed by the other side"}, captions[trace.ConnReceived].ended},
		{"a clean end while something was being done", trace.Event{Step: trace.ConnClose, Detail: "opening a stream: comm is stopped"},
			captions[trace.ConnClose].ended},
		{"the end of a handshake", trace.Event{Step: trace.ConnClose}, captions[trace.ConnClose].well},
		{"a Ping that is refused", trace.Event{Step: trace.PingAnswered, Err: errors.New("refused by the remote peer: the peer is stopping")},
			captions[trace.PingAnswered].refused},
		{"a Ping that nobody answers", trace.Event{Step: trace.PingAnswered, Err: comm.ErrDialTimeout}, captions[trace.PingAnswered].failed},
		{"a Ping that is given up", trace.Event{Step: trace.PingAnswered, Err: comm.ErrStopped}, captions[trace.PingAnswered].ended},
		{"a verdict that is given up", trace.Event{Step: trace.AuthVerdict, Err: comm.ErrStopped}, captions[trace.AuthVerdict].ended},
		{"a broken stream", trace.Event{Step: trace.ConnReceived, Err: errors.New("reading from the stream: closed by the other side")},
			captions[trace.ConnReceived].failed},
		{"the acceptor", trace.Event{Step: trace.AuthSend, Gate: true, Object: trace.Object{Role: trace.Acceptor}}, captions[trace.AuthSend].acceptor},
		{"the initiator", trace.Event{Step: trace.AuthSend, Gate: true, Object: trace.Object{Role: trace.Initiator}}, captions[trace.AuthSend].well},
	} {
		if got, _ := CaptionOf(&c.event); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got.En, c.want.En)
		}
	}
}

func TestADropIsNeverAnOrderlyEnd(t *testing.T) {
	e := trace.Event{Step: trace.ConnDrop, Err: errors.New("closed by this side")}
	if got := StatusOf(&e); got != Failing {
		t.Errorf("a message dropped since the connection was closed has status %v; it is lost all the same", got)
	}
}

func TestEverySentinelErrorOfTheLayerIsExplainedInChinese(t *testing.T) {
	for _, err := range []error{
		comm.ErrStopped, comm.ErrPlaintext, comm.ErrConfig, comm.ErrSelf, comm.ErrDialTimeout, comm.ErrRefused, comm.ErrAckTimeout,
		comm.ErrPeerStopped, comm.ErrTieBreak, comm.ErrClosed, comm.ErrPeerClosed, comm.ErrWriteTimeout, comm.ErrTooManyStreams, comm.ErrNoTLSCertificate, comm.ErrHandshakeTimeout, comm.ErrStalled, comm.ErrNoConnEstablish, comm.ErrMalformed, comm.ErrWrongType, comm.ErrNoPKIID,
		comm.ErrIdentity, comm.ErrCertHash, comm.ErrSignature, comm.ErrUnexpectedPeer,
		identity.ErrNotFound, identity.ErrExpired, identity.ErrPKIIDMismatch, identity.ErrStopped,
		msp.ErrMalformedIdentity, msp.ErrUnknownOrganization, msp.ErrForeignAuthority, msp.ErrExpired, msp.ErrNotYetValid,
		msp.ErrUnacceptableCertificate, msp.ErrUnsupportedKey, msp.ErrEmptySignature, msp.ErrMalformedSignature, msp.ErrHighS, msp.ErrInvalidSignature,
		util.ErrNoSubscribers, util.ErrSubscriberFull, util.ErrTimeout, util.ErrUnsubscribed,
	} {
		if _, found := ExplainZh("while doing something: " + err.Error()); !found {
			t.Errorf("no Chinese sentence for %q", err)
		}
	}
}

// Whoever gives up is not told that what he waited for went well.
func TestNoStepThatIsGivenUpIsToldAsOneThatWentWell(t *testing.T) {
	for _, info := range trace.Catalogue {
		c := captions[info.Step]
		if got, _ := CaptionOf(&trace.Event{Step: info.Step, Err: comm.ErrStopped}); c.failed != c.well && c.failed != (text.Text{}) && got == c.well {
			t.Errorf("%s, given up since the peer stops, is told as %q", info.Step, got.En)
		}
	}
}

func TestARefusalIsExplainedByTheRefusersWords(t *testing.T) {
	refused := &comm.RefusedError{Words: comm.ErrCertHash.Error() + ": the message says 00, TLS says 01"}
	got, _ := ExplainZh(refused.Error())
	if want := "被对方拒绝：证书哈希与 TLS 里看到的证书不符。"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheMoreExactReasonIsTold(t *testing.T) {
	for words, want := range map[string]string{
		"identity refused: identity has expired: 2020":             "身份已经过期。",
		"signature refused: signature does not match":              "签名与消息对不上。",
		"pinging B: timed out dialling":                            "拨号超时，那边没有回音。",
		"timed out waiting for connection message: nothing from A": "等不到对方的 ConnEstablish，超时了。",
		"timed out": "没有在时限内等到确认。",
		"rpc error: code = Unavailable desc = dial: connection refused":  "那个端点没有人在听。",
		"rpc error: code = Unavailable desc = error reading server: EOF": "对方连不上，或者线路断了。",
	} {
		if got, _ := ExplainZh(words); got != want {
			t.Errorf("%q is explained as %q, want %q", words, got, want)
		}
	}
}

func TestTheGistOfAnErrorIsWhatItsLastCauseWas(t *testing.T) {
	for words, want := range map[string]string{
		"closed by this side": "closed by this side",
		"reading from the stream: rpc error: code = Unavailable desc = error reading from server: read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer": "connection reset by peer",
		"reading from the stream: rpc error: code = Unavailable desc = error reading from server: EOF":                                                               "error reading from server: EOF",
		"pinging 127.0.0.1:1: rpc error: code = Unavailable desc = connection error: desc = \"transport: dial tcp: connection refused\"":                             "connection refused",
		"rpc error: code = DeadlineExceeded desc = context deadline exceeded":                                                                                        "context deadline exceeded",
		"rpc error: code = Internal desc = \"a wonder\"":                                                                                                             `"a wonder"`,
		"refused by the remote peer: identity refused: identity has expired":                                                                                         "refused: identity has expired",
		"refused by the remote peer":                           "refused by the remote peer",
		`wrong type: expected a ConnEstablish, got "data_msg"`: `wrong type: expected a ConnEstablish, got "data_msg"`,
		"the disk is full":                                     "the disk is full",
		"":                                                     "",
	} {
		if got := Gist(words); got != want {
			t.Errorf("the gist of %q is %q, want %q", words, got, want)
		}
	}
}

// Nobody says why what was killed has ended: the timeline does.
func TestWhatTheTimelineSaysItselfIsExplainedInChinese(t *testing.T) {
	if got, _ := ExplainZh("the peer was killed"); got != "节点被强行终止。" {
		t.Errorf("got %q", got)
	}
}

// A queue that somebody takes from at once is empty again when its step is reported; then the facts behind the caption say so, and a caption
// that says "is in the queue" would contradict them.
func TestACaptionDoesNotClaimWhatItsFactsDeny(t *testing.T) {
	taken := &trace.Event{Step: trace.ConnQueued, Queue: trace.Queue{Name: "msgChan", Cap: 20}}
	for lang, words := range map[text.Lang][2]string{text.English: {"already", "is in the"}, text.Chinese: {"已", "等"}} {
		said := NewTeller(lang).Tell(&timeline.Event{Kind: timeline.KindStep, Peer: "A", Step: taken})
		if !strings.Contains(said, words[0]) {
			t.Errorf("%q does not say that it is taken", said)
		}
		if strings.Contains(said, words[1]) {
			t.Errorf("%q says %q", said, words[1])
		}
	}
}

// What leaves the store may do so because its peer stops: then no next message will dial.
func TestNoCaptionPromisesADialThatMayNeverCome(t *testing.T) {
	if said := captions[trace.StoreRemoved].well; strings.Contains(said.En, "will dial") || strings.Contains(said.Zh, "下一条消息会") {
		t.Errorf("%+v", said)
	}
}

func TestEnglishCaptionsHaveNoOwnWithoutAnOwner(t *testing.T) {
	for name, s := range sentences() {
		if strings.Contains(strings.ToLower(s.En), "the own ") {
			t.Errorf("%s: %q", name, s.En)
		}
	}
}
