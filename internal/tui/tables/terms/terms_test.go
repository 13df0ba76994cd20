package terms

import (
	"strings"
	"testing"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
)

// The names that a State can hold must all be known here: else a reader of Chinese would meet an English word.
func TestEverythingHasANameInBothLanguages(t *testing.T) {
	named := map[string]text.Text{}
	for p := timeline.PhaseNew; p <= timeline.PhaseClosed; p++ {
		named[p.String()] = phases[p]
	}
	for p := timeline.PeerRunning; p <= timeline.PeerDead; p++ {
		named[p.String()] = peerPhases[p]
	}
	for p := timeline.InOutBuff; p <= timeline.Moved; p++ {
		named[p.String()] = places[p]
	}
	for _, s := range Marks {
		named[s.String()] = marks[s]
	}
	for _, k := range []timeline.MessageKind{timeline.HandshakeMessage, timeline.AckMessage, timeline.DataMessage, timeline.UnreadableMessage} {
		named[string(k)] = kinds[k]
	}
	for _, r := range []trace.Role{trace.Initiator, trace.Acceptor} {
		named[string(r)] = roles[r]
	}
	for _, p := range []trace.Purpose{trace.ForMessages, trace.ForHandshake, trace.ForProbe} {
		named["for "+string(p)] = purposes[p]
	}
	for _, in := range (&timeline.State{}).Invariants() {
		name, why := Invariant(in.Name)
		named[string(in.Name)], named["why "+string(in.Name)] = name, why
	}
	for name, said := range named {
		if said.Zh == "" || said.En == "" {
			t.Errorf("%s has no name: %+v", name, said)
		}
	}
}

// Of the checks of the catalogue none may be missing, or its row in the pictures would stay empty.
func TestEveryCheckOfTheCatalogueIsKnown(t *testing.T) {
	listed := map[trace.Step]bool{trace.StreamLimit: true}
	for _, step := range Checks {
		listed[step] = true
	}
	for _, info := range trace.Catalogue {
		if !strings.HasPrefix(info.Doc, "Check:") && info.Step != trace.StreamLimit {
			continue
		}
		if !listed[info.Step] {
			t.Errorf("%s is not among the checks", info.Step)
		}
		if Check(info.Step).Zh == string(info.Step) || CheckWhy(info.Step).Zh == "" {
			t.Errorf("nothing says what %s is good for", info.Step)
		}
	}
}

func TestAShortWaitFitsIntoANarrowBox(t *testing.T) {
	for wait := range waits {
		said := ShortWait(wait)
		if canvas.Width(said.Zh) > 8 || canvas.Width(said.En) > 11 {
			t.Errorf("%q: %q, %q", wait, said.Zh, said.En)
		}
		if long := Wait(wait); long.Zh == "" || long.En == "" {
			t.Errorf("%q: %+v", wait, long)
		}
	}
}

func TestWhatIsNotKnownKeepsItsWord(t *testing.T) {
	if got := Wait("a wonder\x1b"); got.Zh != "a wonder?" || got.En != "a wonder?" {
		t.Errorf("%+v", got)
	}
}

func TestAGaugeShowsWhetherThereIsAnythingAndWhetherThereIsRoom(t *testing.T) {
	for _, test := range []struct {
		length, capacity, width int
		want                    string
	}{
		{0, 3, 10, "▯▯▯"}, {2, 3, 10, "▮▮▯"}, {3, 3, 10, "▮▮▮"}, {1, 20, 5, "▮▯▯▯▯"}, {19, 20, 5, "▮▮▮▮▯"}, {20, 20, 5, "▮▮▮▮▮"},
		{5, 0, 5, ""}, {1, 1, 0, ""}, {9, 3, 3, "▮▮▮"}, {0, 1, 1, "▯"},
	} {
		if got := Gauge(test.length, test.capacity, test.width); got != test.want {
			t.Errorf("%d of %d in %d cells: %s, want %s", test.length, test.capacity, test.width, got, test.want)
		}
	}
}

func TestAReasonKeepsItsWordsAndIsExplainedInChinese(t *testing.T) {
	words := "wrong hash of TLS certificate: the message says e5552f87aabbccddeeff00112233445566778899"
	if got, want := Reason(text.English, words), "wrong hash of TLS certificate: the message says e5552f87…"; got != want {
		t.Errorf("%q", got)
	} else if zh := Reason(text.Chinese, words); zh != "证书哈希与 TLS 里看到的证书不符。原话："+want {
		t.Errorf("%q", zh)
	}
	if got := Meaning(text.Chinese, "closed by this side"); got != "是本端关闭的。" {
		t.Errorf("%q", got)
	}
	if got := Reason(text.Chinese, "no space left\x1b[2J"); got != "原话：no space left?[2J" {
		t.Errorf("%q", got)
	}
	if got := Meaning(text.Chinese, "the peer was killed"); got != "节点被强行终止。" {
		t.Errorf("%q", got)
	}
}

func TestMomentsAndBytesStayShort(t *testing.T) {
	for _, d := range []time.Duration{0, 99 * time.Second, 9999 * time.Second, 100 * time.Hour} {
		if got := Moment(d); len(got) > 8 {
			t.Errorf("%s", got)
		}
	}
	for n, want := range map[uint64]string{0: "0B", 9999: "9999B", 10_000: "10kB", 12_345_678: "12MB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
