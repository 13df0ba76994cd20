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

// Nobody who reads the state may be told that a goroutine does what it has perhaps not begun.
func TestOfWhoeverStandsAtAGateItIsSaidWhatIsNextAndNotThatItIsDone(t *testing.T) {
	for _, info := range trace.Catalogue {
		if !info.Gate {
			continue
		}
		g := timeline.Goroutine{Role: info.Goroutine, At: info.Step, Gate: true, Alive: true}
		for _, full := range []bool{false, true} {
			zh := Doing(g, full).Zh
			if !strings.ContainsAny(zh, "要该得") && !strings.HasPrefix(zh, "等着") || strings.Contains(zh, "正在") || strings.HasPrefix(zh, "已") {
				t.Errorf("at %s it is said %q", info.Step, zh)
			}
		}
		if gates[info.Step].notYet == "" || !strings.Contains(Held(text.Chinese, info.Step), "还没") || Held(text.English, info.Step) != "held before "+string(info.Step) {
			t.Errorf("of one held at %s it is said %q, %q", info.Step, Held(text.Chinese, info.Step), Held(text.English, info.Step))
		}
	}
}

func TestForRoomItIsWaitedOnlyWhereThereIsNone(t *testing.T) {
	reader := timeline.Goroutine{Role: trace.ReaderGoroutine, At: trace.ConnReceived, Alive: true}
	if got, want := Doing(reader, true).Zh, "得等 msgChan 腾出位置"; got != want {
		t.Errorf("with a full queue: %q", got)
	}
	if got, want := Doing(reader, false).Zh, "刚读到一条"; got != want {
		t.Errorf("with room: %q", got)
	}
}

func TestWhatAGoroutineDoesFitsIntoANarrowBox(t *testing.T) {
	all := map[string]pair{"just received": justReceived, "a gate of another version": atGate}
	for wait, said := range waits {
		all[string(wait)] = said
	}
	for step, at := range gates {
		all[string(step)] = at.pair
	}
	for name, said := range all {
		if canvas.Width(said.short().Zh) > 8 || canvas.Width(said.short().En) > 11 || said.long().Zh == "" || said.long().En == "" {
			t.Errorf("%s: %+v", name, said)
		}
	}
}

// What a goroutine can wait for must have its words, in waits or in gates.
func TestEveryWaitOfAReportIsKnown(t *testing.T) {
	for _, info := range trace.Catalogue {
		g := timeline.Goroutine{Role: info.Goroutine, At: info.Step, Gate: info.Gate, Alive: true}
		if said := Doing(g, false); said.Zh == said.En {
			t.Errorf("after %s it is said %q", info.Step, said.Zh)
		}
	}
}

func TestWhatIsNotKnownKeepsItsWord(t *testing.T) {
	if got := Check("a wonder\x1b"); got.Zh != "a wonder?" || got.En != "a wonder?" {
		t.Errorf("%+v", got)
	}
	if got := Held(text.English, "a wonder\x1b"); got != "held: a wonder?" {
		t.Errorf("%q", got)
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
	if got := Meaning(text.English, "pinging B: rpc error: code = Unavailable desc = dial tcp\x1b: connection refused"); got != "connection refused" {
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
