package hexview

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gossipscope/comm/trace"
	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/scene"
	"gossipscope/walkthroughs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// played are the records of the lessons that were played, by name; a record is not to be changed.
var played = make(map[string]func(*testing.T) []timeline.Event)

func lesson(t *testing.T, name string) []timeline.Event {
	t.Helper()
	if played[name] == nil {
		var once sync.Once
		var events []timeline.Event
		played[name] = func(t *testing.T) []timeline.Event {
			once.Do(func() { events = play(t, name) })
			return events
		}
	}
	return played[name](t)
}

// play plays a lesson in virtual time and returns its record.
func play(t *testing.T, name string) (events []timeline.Event) {
	t.Helper()
	l, found := walkthroughs.Find(name)
	if !found {
		t.Fatalf("there is no lesson %q", name)
	}
	synctest.Test(t, func(t *testing.T) {
		recorder := timeline.NewRecorder(1 << 16)
		lb, err := lab.New(lab.Config{Network: lab.InMemory(), Policy: lab.Seeded(0, synctest.Wait), Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := l.Play(ctx, lb); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // of virtual time: the network comes to rest
		_, events = recorder.Snapshot()
		lb.Close()
		recorder.Close()
	})
	return events
}

func newPanel() *Panel {
	return New(Config{Roots: lab.Roots(), Began: func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }})
}

func sceneAt(events []timeline.Event, at int, lang text.Lang) *scene.Scene {
	st := timeline.Fold(events[:at])
	s := &scene.Scene{Events: events, At: at, State: &st, Progress: 1, Lang: lang, Theme: scene.Dark}
	if at > 0 {
		s.Event = &events[at-1]
	}
	return s
}

// after returns the scene right after the first step of that name, of peer, for which every condition holds.
func after(t *testing.T, events []timeline.Event, peer string, step trace.Step, lang text.Lang, match ...func(*trace.Event) bool) *scene.Scene {
	t.Helper()
	i := slices.IndexFunc(events, func(e timeline.Event) bool {
		if e.Step == nil || e.Peer != peer || e.Step.Step != step {
			return false
		}
		return !slices.ContainsFunc(match, func(m func(*trace.Event) bool) bool { return !m(e.Step) })
	})
	if i < 0 {
		t.Fatalf("%s never comes to %s", peer, step)
	}
	return sceneAt(events, i+1, lang)
}

func failed(e *trace.Event) bool { return e.Err != nil }

func rows(p *Panel, s *scene.Scene, width, height int) []string {
	c := canvas.New(width, height, false)
	p.Draw(c.Region(), s, true)
	return c.Rows()
}

func want(t *testing.T, rows []string, parts ...string) {
	t.Helper()
	all := strings.Join(rows, "\n")
	for _, part := range parts {
		if !strings.Contains(all, part) {
			t.Errorf("%q is missing in\n%s", part, all)
		}
	}
}

func TestAHandshakeIsATreeBesideItsBytesWithWhatItProves(t *testing.T) {
	s := after(t, lesson(t, "meet"), "B", trace.AuthPKIID, text.English)
	got := rows(newPanel(), s, 158, 36)
	want(t, got[:1], "◆ ConnEstablish", "A→B#", "received by B", "bytes")
	want(t, got, "- payload  GossipMessage", "pki_id ✓  08233907d8bc73", "tls_cert_hash ✓", "▸ signature ✓", "0000  0a", "In the proof: ",
		"Computed again", "08233907…4a67cb46  08233907…4a67cb46")
	if all := strings.Join(got, "\n"); strings.Contains(all, "✗") || strings.Contains(all, "?readable") {
		t.Errorf("something is wrong with an honest handshake:\n%s", all)
	}
	s.Lang = text.Chinese
	want(t, rows(newPanel(), s, 158, 36), "B 收到", "在握手的证明里：", "重新算一遍", "✓ PKI-ID")
}

func TestTheCursorStandsAtTheFieldThatTheStepIsAbout(t *testing.T) {
	events := lesson(t, "meet")
	for step, name := range map[trace.Step]string{
		trace.AuthDecode: "payload", trace.AuthType: "conn", trace.AuthPKIID: "pki_id", trace.AuthIdentity: "identity",
		trace.AuthCertHash: "tls_cert_hash", trace.AuthSignature: "signature", trace.ConnWrite: "data_msg",
	} {
		peer := "B"
		if step == trace.ConnWrite {
			peer = "A"
		}
		p := newPanel()
		v := p.look(after(t, events, peer, step, text.English))
		if got := v.node().Name; got != name {
			t.Errorf("at %s the cursor stands at %q, want %q", step, got, name)
		}
	}
	for step := range fieldOf {
		if _, known := trace.Lookup(step); !known {
			t.Errorf("there is no step %s", step)
		}
	}
}

func TestWhatIsForgedIsMarkedAndExplained(t *testing.T) {
	events := lesson(t, "checks")
	for _, test := range []struct {
		step        trace.Step
		field, mark string
		explains    string
	}{
		{trace.AuthCertHash, "tls_cert_hash ✗", "✗证书哈希", "✗ 证书哈希  错"},
		{trace.AuthSignature, "signature ✗", "✗签名", "✗ 签名  错"},
		{trace.AuthIdentity, "pki_id ✗", "✗PKI-ID", "✗ PKI-ID  错"},
	} {
		s := after(t, events, "B", test.step, text.Chinese, failed)
		want(t, rows(newPanel(), s, 78, 17), test.field, test.mark, test.explains)
		want(t, rows(newPanel(), s, 158, 36), test.field, test.explains)
	}
	s := after(t, events, "B", trace.AuthDecode, text.Chinese, failed)
	want(t, rows(newPanel(), s, 78, 17), "◌ 解不开的消息", "✗解得开")
}

func TestThePanelSaysWhyThereIsNothingToSee(t *testing.T) {
	events := lesson(t, "meet")
	want(t, rows(newPanel(), sceneAt(events, 0, text.Chinese), 78, 15), "还没有消息在流上走过")
	want(t, rows(newPanel(), after(t, events, "A", trace.PingSend, text.Chinese), 78, 15), "Ping 带的是一条空消息", "00 00 00 00")
	s := after(t, events, "A", trace.ConnWrite, text.Chinese)
	s.Selected = scene.Selection{Kind: scene.SelectMessage, Conn: timeline.ConnKey{Peer: "A", Life: 1, ID: 99}}
	want(t, rows(newPanel(), s, 78, 15), "没有留下字节")
}

func TestTheSelectedMessageIsShownWhateverHappens(t *testing.T) {
	events := lesson(t, "meet")
	s := after(t, events, "A", trace.ConnWritten, text.English)
	conn := s.ConnectionOf(s.Event)
	s.Selected = scene.Selection{Kind: scene.SelectMessage, Conn: conn.Key, Out: true, Index: 0}
	want(t, rows(newPanel(), s, 78, 15)[:1], "ConnEstablish", "sent by A", "selected")
	s.Selected.Out = false
	want(t, rows(newPanel(), s, 78, 15)[:1], "ConnEstablish", "received by A", "selected")
	s.Selected = scene.Selection{}
	want(t, rows(newPanel(), s, 78, 15)[:1], "● DataMessage", "sent by A")
}

func TestWhoseAMessageIsFollowsFromTheStep(t *testing.T) {
	events := lesson(t, "acks")
	for step, want := range map[trace.Step]string{
		trace.AuthSend: "sent by A", trace.AuthReceived: "received by A", trace.ConnEnqueue: "sent by A", trace.ConnWrite: "sent by A",
		trace.AckSubscribe: "sent by A", trace.AckPublish: "received by A", trace.AckResult: "sent by A", trace.ConnReceived: "received by A",
	} {
		s := after(t, events, "A", step, text.English, func(e *trace.Event) bool { return e.Envelope != nil })
		if got := rows(newPanel(), s, 78, 15)[0]; !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", step, got, want)
		}
	}
	for queue, want := range map[string]bool{"outBuff": true, "msgChan": false, "subscription": false} {
		if got := outgoing(&trace.Event{Step: trace.ConnDrop, Queue: trace.Queue{Name: queue}}); got != want {
			t.Errorf("what was dropped from %s was sent: %v", queue, got)
		}
	}
}

func TestAStepWithoutAMessageLeavesTheLatest(t *testing.T) {
	s := after(t, lesson(t, "meet"), "A", trace.ConnRead, text.English)
	want(t, rows(newPanel(), s, 78, 15)[:1], "the latest")
}

// marked returns the digits of the bytes that are underlined: those of the field under the cursor.
func marked(c *canvas.Canvas, width int, p *Panel) string {
	var bytes []string
	for y := range p.drawn.hex.height {
		for i := range p.drawn.perRow {
			x := p.drawn.hex.x + offsetCells + 2 + 3*i
			underlined := false
			c.Region().Restyle(x, p.drawn.hex.y+y, 1, 1, func(s canvas.Style) canvas.Style {
				underlined = s.Underline || s.Reverse
				return s
			})
			if row := c.Row(p.drawn.hex.y + y); underlined && len([]rune(row)) > x+1 {
				bytes = append(bytes, string([]rune(row)[x:x+2]))
			}
		}
	}
	return strings.Join(bytes, " ")
}

func TestAFieldMarksItsBytesAndAByteItsField(t *testing.T) {
	s := after(t, lesson(t, "meet"), "A", trace.ConnWrite, text.English)
	p := newPanel()
	c := canvas.New(158, 20, false)
	draw := func() {
		c.Clear()
		p.Draw(c.Region(), s, true)
	}
	draw()
	whole := marked(c, 158, p)
	if !strings.HasPrefix(whole, "42") || p.look(s).node().Name != "data_msg" {
		t.Fatalf("at first %q is marked, at %s", whole, p.look(s).node().Name)
	}
	p.Do(scene.Up, s)
	draw()
	if got := marked(c, 158, p); got != "18 04" || p.look(s).node().Name != "tag" {
		t.Errorf("of the tag %q is marked", got)
	}
	p.Do(switchSide, s)
	for range 2 {
		p.Do(scene.Right, s)
	}
	if n := p.look(s).node(); n.Name != "data_msg" {
		t.Errorf("two bytes on the cursor is in %q", n.Name)
	}
	if p.Do(scene.Down, s); p.offset != 5 {
		t.Errorf("there is no row below, but the cursor went to byte %d", p.offset)
	}
	p.Do(switchSide, s)
	if n := p.look(s).node(); p.onHex || n.Name != "data_msg" {
		t.Errorf("back in the tree the cursor is at %q", n.Name)
	}
}

func TestFieldsFoldAndUnfold(t *testing.T) {
	s := after(t, lesson(t, "meet"), "B", trace.AuthSignature, text.English)
	p := newPanel()
	want(t, rows(p, s, 100, 24), "▸ signature")
	p.Do(scene.Choose, s)
	want(t, rows(p, s, 100, 24), "- signature", "r  ", "s ✓")
	p.Do(scene.Right, s)
	if got := p.look(s).node().Name; got != "sequence" {
		t.Errorf("right of an open field is %q", got)
	}
	p.Do(scene.Left, s)
	p.Do(scene.Left, s)
	want(t, rows(p, s, 100, 24), "▸ signature")
	p.Do(scene.Left, s)
	if got := p.look(s).node().Name; got != "Envelope" {
		t.Errorf("left of a folded field is %q", got)
	}
	p.Do(scene.Choose, s)
	if n := len(p.look(s).items); n != 1 {
		t.Errorf("a folded envelope shows %d fields", n)
	}
}

func TestTheCursorStaysAtItsFieldInTheNextMessage(t *testing.T) {
	events := lesson(t, "meet")
	s := after(t, events, "B", trace.AuthPKIID, text.English)
	p := newPanel()
	rows(p, s, 100, 24)
	p.Do(scene.Down, s)
	other := after(t, events, "A", trace.AuthSignature, text.English)
	if got := p.look(other).node().Name; got != "identity" {
		t.Errorf("the cursor is at %q", got)
	}
	p.Do(follow, other)
	if got := p.look(other).node().Name; got != "signature" {
		t.Errorf("after following the cursor is at %q", got)
	}
}

func TestTheFindingsAreExplainedOneAfterTheOther(t *testing.T) {
	s := after(t, lesson(t, "meet"), "B", trace.AuthType, text.English)
	p := newPanel()
	rows(p, s, 158, 36)
	n := len(p.findings)
	for i := range n {
		p.Do(nextFinding, s)
		want(t, rows(p, s, 158, 36), "✓ "+p.findings[i].Claim.Title().En+"  "+p.findings[i].Verdict.Word().En)
		if node := p.findings[i].Node; node != nil && !p.look(s).node().Contains(node.From) {
			t.Errorf("%s: the cursor is at %s", p.findings[i].Claim, p.look(s).node().Name)
		}
	}
	p.Do(nextFinding, s)
	if p.finding != 1 {
		t.Errorf("after the last comes %d", p.finding)
	}
	p.Do(lastFinding, s)
	if p.finding != n {
		t.Errorf("before the first comes %d", p.finding)
	}
	p.Do(scene.Down, s)
	if p.finding != 0 {
		t.Error("the finding stays although the cursor was moved")
	}
}

func TestPressingPutsTheCursorThere(t *testing.T) {
	s := after(t, lesson(t, "meet"), "B", trace.AuthType, text.English)
	p := newPanel()
	got := rows(p, s, 78, 17)
	y := slices.IndexFunc(got, func(row string) bool { return strings.Contains(row, "tls_cert_hash") })
	p.Click(10, y, s)
	if n := p.look(s).node(); n.Name != "tls_cert_hash" {
		t.Errorf("pressing on tls_cert_hash put the cursor on %q", n.Name)
	}
	p.Do(scene.PageUp, s)
	rows(p, s, 78, 17)
	p.Click(p.drawn.hex.x+offsetCells+2+3*2, p.drawn.hex.y, s)
	if want := p.drawn.hexTop*p.drawn.perRow + 2; p.offset != want || !p.onHex {
		t.Errorf("pressing on byte %d put the cursor on %d", want, p.offset)
	}
	rows(p, s, 78, 17)
	p.Click(p.drawn.hex.x+offsetCells+2+3*8+1+3, p.drawn.hex.y+1, s)
	if want := (p.drawn.hexTop+1)*p.drawn.perRow + 3; p.offset != want {
		t.Errorf("pressing on the letter of byte %d put the cursor on %d", want, p.offset)
	}
	rows(p, s, 78, 17)
	p.Click(p.drawn.marks[2].x, p.drawn.marks[2].y, s)
	if p.finding != 3 {
		t.Errorf("pressing on the third finding chose %d", p.finding)
	}
}

func TestWithoutAuthoritiesAndTimeTheyCannotBeTold(t *testing.T) {
	s := after(t, lesson(t, "meet"), "B", trace.AuthType, text.English)
	want(t, rows(New(Config{}), s, 158, 36), "? issuer", "? validity", "✓ PKI-ID")
}

func TestItDrawsAtAnySize(t *testing.T) {
	events := lesson(t, "checks")
	scenes := []*scene.Scene{sceneAt(events, 0, text.Chinese)}
	for _, step := range []trace.Step{trace.AuthCertHash, trace.AuthDecode} {
		scenes = append(scenes, after(t, events, "B", step, text.Chinese, failed), after(t, events, "B", step, text.English))
	}
	for _, size := range [][2]int{{158, 36}, {118, 14}, {78, 17}, {78, 15}, {58, 14}, {40, 8}, {22, 5}, {8, 3}, {3, 2}, {1, 1}, {0, 0}, {5, 0}, {0, 5}} {
		for _, s := range scenes {
			p := newPanel()
			for _, command := range []scene.Command{"", scene.Down, scene.PageDown, scene.Right, switchSide, scene.Down, scene.Right, scene.PageUp,
				switchSide, nextFinding, scene.Choose, lastFinding, follow} {
				p.Do(command, s)
				c := canvas.New(size[0], size[1], true)
				p.Draw(c.Region(), s, true)
				p.Click(3, 2, s)
				for _, r := range strings.Join(c.Rows(), "") {
					if r >= 0x2000 && r < 0x3000 {
						t.Fatalf("%q on an ASCII screen of %v", r, size)
					}
				}
			}
		}
	}
}

func TestThePartsCoverThePanelAndDoNotOverlap(t *testing.T) {
	for width := range 170 {
		for height := range 50 {
			for _, findings := range []int{0, 2, 9} {
				a := divide(width, height, findings)
				parts := []rect{a.tree, a.hex, a.about, a.findings}
				for i, part := range parts {
					if part.height > 0 && (part.x < 0 || part.y < 1 || part.x+part.width > width || part.y+part.height > height) {
						t.Fatalf("%dx%d: %+v reaches beyond the panel", width, height, part)
					}
					for _, other := range parts[:i] {
						if part.x < other.x+other.width && other.x < part.x+part.width && part.y < other.y+other.height && other.y < part.y+part.height {
							t.Fatalf("%dx%d: two parts at one place: %+v", width, height, a)
						}
					}
				}
				if height > 1 && width > 0 && a.tree.height < 1 {
					t.Fatalf("%dx%d: no row for the tree", width, height)
				}
				if a.hex.height > 0 && a.hex.width != hexWidth(a.perRow) {
					t.Fatalf("%dx%d: %d bytes do not fit into %d cells", width, height, a.perRow, a.hex.width)
				}
			}
		}
	}
	for size, perRow := range map[[2]int]int{{158, 36}: 16, {118, 14}: 16, {78, 17}: 8, {58, 14}: 8, {40, 8}: 8} {
		if a := divide(size[0], size[1], 8); a.perRow != perRow || a.hex.height == 0 {
			t.Errorf("%v: %d bytes a row, want %d: %+v", size, a.perRow, perRow, a)
		}
	}
}

func TestEveryLetterOfAnOfferIsOneThatPanelsMayUse(t *testing.T) {
	used := make(map[string]bool)
	for _, offer := range newPanel().Offers() {
		if !strings.Contains(scene.Letters, offer.Key) || used[offer.Key] || offer.Says.Zh == "" || offer.Says.En == "" {
			t.Errorf("%+v", offer)
		}
		used[offer.Key] = true
	}
}

func TestBriefShowsBothEndsOfALongValue(t *testing.T) {
	for value, want := range map[string]string{"": "", "0a0b": "0a0b", "0123456789abcdef0123456789abcdef": "01234567…89abcdef", "a\x1bb": "a?b"} {
		if got := brief(value); got != want {
			t.Errorf("%q becomes %q, want %q", value, got, want)
		}
	}
}
