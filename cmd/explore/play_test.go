package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"gossipscope/internal/text"
)

// isWord reports whether r is a letter, or set between Chinese words: these are no decoration, and stay.
func isWord(r rune) bool {
	return r <= '~' || unicode.Is(unicode.Han, r) || r >= 0x3000 && r < 0x3040 || r >= 0xff00 && r < 0xfff0
}

func TestLinesAreASCIIIfThatIsAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	real := func(p *program) { p.lessons = realLessons() }
	for _, args := range [][]string{{"play", "1", "--plain", "--record", path}, {"replay", path}} {
		for _, lang := range []text.Lang{text.English, text.Chinese} {
			os.Remove(path)
			if args[0] == "replay" {
				exploreIn(t, t.Context(), real, "play", "1", "--record", path)
			}
			got := exploreIn(t, t.Context(), real, append(args, "--ascii", "--lang", string(lang))...)
			i := strings.IndexFunc(got.stdout, func(r rune) bool { return !isWord(r) })
			if got.status != 0 || !strings.Contains(got.stdout, "auth.sent") || i >= 0 {
				t.Errorf("%v in %s: status %d, %.40q stands in it", args, lang, got.status, got.stdout[max(i, 0):])
			}
		}
	}
}

func TestARecordingIsCompletedWhenOnlyTheReaderOfTheLinesHasGone(t *testing.T) {
	for _, format := range []string{"--plain", "--json"} {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		r, w := io.Pipe()
		r.Close()
		got := exploreIn(t, t.Context(), func(p *program) { p.stdout = w }, "play", "good", format, "--record", path)
		if got.status != exitOK || !strings.Contains(got.stderr, "The recording is in "+path) {
			t.Errorf("%s: %+v", format, got)
		}
		if again := explore(t, "replay", path); again.status != exitOK || !strings.Contains(again.stdout, "Some words.") {
			t.Errorf("%s: it is replayed as %+v", format, again)
		}
	}
}

func TestThatThereIsNoRecordingIsSaidWhateverHasStoppedTheLesson(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	got := exploreIn(t, t.Context(), func(p *program) { p.stdout = full{} }, "play", "endless", "--record", path)
	if got.status != exitFailed {
		t.Errorf("status %d", got.status)
	}
	for _, said := range []string{path + " was not written", "no space left on device"} {
		if !strings.Contains(got.stderr, said) {
			t.Errorf("%q is not said: %s", said, got.stderr)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
