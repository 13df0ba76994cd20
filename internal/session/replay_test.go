package session

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

var (
	_ Session = (*Live)(nil)
	_ Session = (*Replay)(nil)
)

// recording returns the path of a recording of a sandbox, and what was recorded.
func recording(t *testing.T, o Options) (path string, header timeline.Header, recorded []timeline.Event) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sandbox.jsonl")
	synctest.Test(t, func(t *testing.T) {
		o.Network = lab.InMemory()
		l, err := Sandbox(o)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		must(t, l, Act{Verb: Handshake, Peer: "A", Targets: []string{"B"}})
		stepUntil(t, l, "B is being authenticated", func(st *timeline.State) bool { return len(st.Peer("B").Connections) == 1 })
		must(t, l, Act{Verb: FreezeLink, Link: "A→B#1"})
		synctest.Wait()
		header, recorded = l.Header(), events(l)
		if err := l.Save(path); err != nil {
			t.Fatal(err)
		}
	})
	return path, header, recorded
}

func TestASessionIsSavedInTheMiddleAndReplayed(t *testing.T) {
	path, header, recorded := recording(t, Options{})
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if diff := cmp.Diff(header, r.Header()); diff != "" {
		t.Errorf("the header (-live +replay):\n%s", diff)
	}
	if got := events(r); len(got) != len(recorded) || got[len(got)-1].Link.Change != timeline.LinkFreeze {
		t.Errorf("%d events were replayed, of %d", len(got), len(recorded))
	}
	for i, e := range events(r) {
		if e.N != recorded[i].N || e.At != recorded[i].At || e.Kind != recorded[i].Kind || e.Peer != recorded[i].Peer {
			t.Fatalf("event %d is %+v, and was %+v", i, e, recorded[i])
		}
	}
	if _, err := r.Recorder().Follow(r.Recorder().Last()).Next(t.Context()); err != io.EOF {
		t.Errorf("after the last event comes %v", err)
	}
	again := filepath.Join(t.TempDir(), "again.jsonl")
	if err := r.Save(again); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	second, _ := os.ReadFile(again)
	if !bytes.Equal(first, second) {
		t.Error("a replay that is saved is another recording")
	}
}

func TestWhatASmallMemoryHasForgottenIsAGapInTheRecording(t *testing.T) {
	path, _, recorded := recording(t, Options{Capacity: 20})
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	got := events(r)
	if got[0].Kind != timeline.KindGap || got[0].Gap != recorded[0].N-1 || len(got) != 21 || r.Recorder().Last() != recorded[19].N {
		t.Errorf("it begins with %+v and has %d events", got[0], len(got))
	}
}

func TestSavingNeverWritesOverAFile(t *testing.T) {
	path, _, _ := recording(t, Options{})
	before, _ := os.ReadFile(path)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Save(path)
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(Sentence(err, text.Chinese), "没有覆盖") {
		t.Errorf("saving over a file gave %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file has changed")
	}
	if err := r.Save(filepath.Join(t.TempDir(), "missing", "x.jsonl")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("saving into a folder that is missing gave %v", err)
	}
}

// What is good of a broken recording is worth seeing.
func TestABrokenRecordingIsReplayedUpToTheDamage(t *testing.T) {
	path, _, recorded := recording(t, Options{})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, c := range map[string]struct {
		content io.Reader
		events  int // -1 if there is no replay
		want    error
		says    string
	}{
		"cut off in a line":    {bytes.NewReader(whole[:len(whole)-len(lines[len(lines)-2])-5]), len(recorded) - 1, timeline.ErrTruncated, "x.jsonl 没有录完就断了，断开之前"},
		"without its end":      {bytes.NewReader(bytes.Join(lines[:6], nil)), 5, timeline.ErrTruncated, "x.jsonl 没有录完就断了，断开之前"},
		"a line is missing":    {bytes.NewReader(append(bytes.Join(lines[:6], nil), lines[7]...)), 5, timeline.ErrBrokenRecording, "x.jsonl 已经损坏，损坏之前"},
		"something else":       {strings.NewReader("hello\n"), -1, timeline.ErrNotARecording, "x.jsonl 不是"},
		"nothing":              {strings.NewReader(""), -1, timeline.ErrNotARecording, "x.jsonl 不是"},
		"of a newer program":   {strings.NewReader(`{"format":"gossipscope-recording","version":99}` + "\n"), -1, timeline.ErrNewerVersion, "升级"},
		"a disk that fails":    {iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(whole))), -1, iotest.ErrTimeout, "没能读完"},
		"a disk, in the midst": {io.MultiReader(bytes.NewReader(bytes.Join(lines[:6], nil)), iotest.ErrReader(iotest.ErrTimeout)), 5, iotest.ErrTimeout, "没能读完"},
	} {
		var r *Replay
		recording, err := ReadRecording(io.NopCloser(c.content), "x.jsonl")
		if err == nil {
			r, err = recording.replay()
		}
		if !errors.Is(err, c.want) || !strings.Contains(Sentence(err, text.Chinese), c.says) {
			t.Errorf("%s: the error is %v, %s", name, err, Sentence(err, text.Chinese))
		}
		switch {
		case c.events < 0 && r != nil:
			t.Errorf("%s: there is a replay", name)
		case c.events >= 0 && (r == nil || len(events(r)) != c.events):
			t.Errorf("%s: %v was replayed, want %d events", name, r, c.events)
		}
	}
}

func TestAFileThatIsNotThereIsSaid(t *testing.T) {
	r, err := Open(filepath.Join(t.TempDir(), "nothing.jsonl"))
	if r != nil || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nothing.jsonl cannot be opened") || strings.Count(err.Error(), "nothing.jsonl") != 1 {
		t.Errorf("opening it gave %v, %v", r, err)
	}
	if r, err := Open(t.TempDir()); r != nil || err == nil {
		t.Errorf("opening a folder gave %v, %v", r, err)
	}
}
