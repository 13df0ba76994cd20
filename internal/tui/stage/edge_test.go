package stage

import (
	"strings"
	"testing"

	"gossipscope/comm/trace"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/scene"
)

func TestALineIsCalledAsEverywhereElse(t *testing.T) {
	for name, events := range sessions(t) {
		for n := 5; n <= len(events); n += 11 {
			st := timeline.Fold(events[:n])
			for _, e := range edgesOf(&st) {
				for _, c := range e.stream.Ends() {
					if want := scene.Name(&st, c); strings.Contains(want, "#") && e.name != want {
						t.Fatalf("%s after event %d: the line of %v is called %s, want %s", name, n, c.Key, e.name, want)
					}
				}
			}
		}
	}
}

func TestEveryConnectionAndEveryTransportIsOneLine(t *testing.T) {
	for name, events := range sessions(t) {
		for n := 5; n <= len(events); n += 11 {
			st := timeline.Fold(events[:n])
			seen, carried := make(map[timeline.ConnKey]int), make(map[*timeline.Line]int)
			for _, e := range edgesOf(&st) {
				for _, c := range e.stream.Ends() {
					seen[c.Key]++
				}
				if e.line != nil {
					carried[e.line]++
				}
			}
			for _, p := range st.Peers {
				for _, c := range p.Connections {
					if seen[c.Key] != 1 {
						t.Fatalf("%s after event %d: connection %v is in %d lines", name, n, c.Key, seen[c.Key])
					}
				}
			}
			for _, l := range st.Lines {
				if carried[l] != 1 {
					t.Fatalf("%s after event %d: transport %s is in %d lines", name, n, l.Name, carried[l])
				}
			}
		}
	}
}

func TestALineIsThatOfItsDialBeforeTheDialKnowsItsAddresses(t *testing.T) {
	s := find(t, lesson(t, "meet"), func(e timeline.Event) bool { return e.Link != nil && e.Link.Name == "A→B#2" })
	edges := edgesOf(s.State)
	last := edges[len(edges)-1]
	if len(edges) != 2 || last.name != "A→B#2" || last.stream.Initiator == nil || last.stream.Initiator.Local != "" {
		t.Errorf("there are %d lines, the last is %s with %v", len(edges), last.name, last.stream)
	}
}

// Each step is the first after which the connection looks like this.
func TestALineLooksAsFarAsItsConnectionHasCome(t *testing.T) {
	events := lesson(t, "meet")
	for _, c := range []struct {
		what string
		when func(timeline.Event) bool
		want look
		word string
	}{
		{"the dial begins", step("A", trace.DialStart, 2), unborn, "拨号中"},
		{"the transport is there", func(e timeline.Event) bool { return e.Link != nil && e.Link.Name == "A→B#2" }, bare, "Ping 中"},
		{"TLS is up", step("A", trace.TLSHandshaken, 2), encrypted, "Ping 中"},
		{"the stream is opened", step("A", trace.StreamOpen, 1), encrypted, "打开流"},
		{"the handshake begins", step("A", trace.AuthSend, 1), encrypted, "认证中"},
		{"one end has stored it", step("B", trace.StoreStored, 1), encrypted, "认证中"},
		{"both ends have stored it", step("A", trace.StoreStored, 1), established, "已建立"},
		{"one end closes it", step("A", trace.ConnClose, 2), closing, "关闭中"},
		{"all of it has ended", step("A", trace.ConnServeEnd, 1), closed, "已关闭"},
	} {
		s := find(t, events, c.when)
		edges := edgesOf(s.State)
		last := edges[len(edges)-1]
		if last.look != c.want {
			t.Errorf("when %s the line looks like %d, want %d", c.what, last.look, c.want)
		}
		if rows := draw(s, 78, 17); !strings.Contains(strings.Join(rows, "\n"), c.word) {
			t.Errorf("when %s the word %s is missing", c.what, c.word)
			show(t, rows)
		}
	}
}

func TestAnIntrudersLineIsDrawnThoughItTellsOfNothing(t *testing.T) {
	events := lesson(t, "checks")
	s := find(t, events, func(e timeline.Event) bool { return e.Link != nil && e.Link.Name == "X→B#1" })
	p := newPicture(s, momentOf(s, 78, 17))
	if p.now < 0 || p.edges[p.now].from != "X" || p.edges[p.now].to != "B" || len(p.edges[p.now].stream.Ends()) != 0 {
		t.Fatal("the line that X has opened is not what the event is about")
	}
	failed := find(t, events, func(e timeline.Event) bool {
		return e.Step != nil && e.Step.Step == trace.TLSHandshaken && e.Step.Err != nil
	})
	if rows := draw(failed, 78, 17); !strings.Contains(strings.Join(rows, "\n"), "X→B#1 TLS 失败") {
		t.Error("it is not told that TLS has failed")
		show(t, rows)
	}
}
