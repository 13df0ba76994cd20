package main

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"gossipscope/docs"
	"gossipscope/internal/notes"
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
)

func TestANoteIsReadInATerminalOfAnyWidth(t *testing.T) {
	for _, columns := range []int{0, 24, 60, 200} {
		got := exploreIn(t, t.Context(), func(p *program) { p.terminal, p.columns = columns > 0, columns }, "note", "conn.write", "--lang", "zh")
		if got.status != 0 || !strings.Contains(got.stdout, "writer") || !strings.Contains(got.stdout, "conn.md#conn.write") {
			t.Fatalf("%d columns: %+v", columns, got)
		}
		limit := min(columns, 100)
		if columns == 0 {
			limit = 100
		}
		for line := range strings.Lines(got.stdout) {
			if n := canvas.Width(strings.TrimRight(line, "\n")); n > limit && !strings.Contains(line, "Test") && !strings.Contains(line, "conn.md#") {
				t.Errorf("%d columns: %d cells in %q", columns, n, line)
			}
		}
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*[mK]")

func TestColoursAreForTerminalsWhoseReaderWantsThem(t *testing.T) {
	for _, c := range []struct {
		name              string
		terminal, noColor bool
		want              bool
	}{
		{"a file", false, false, false},
		{"a terminal", true, false, true},
		{"a terminal with NO_COLOR", true, true, false},
	} {
		for _, args := range []string{"note conn.write", "note glossary", "bytes ../../docs/recordings/handshake.jsonl 1"} {
			got := exploreIn(t, t.Context(), func(p *program) {
				p.terminal, p.columns, p.environment = c.terminal, 100, []string{"TERM=xterm-256color"}
				if c.noColor {
					p.getenv = func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }
				}
			}, strings.Fields(args)...)
			if has := escape.MatchString(got.stdout); has != c.want {
				t.Errorf("%s, explore %s: escape sequences: %v, want %v", c.name, args, has, c.want)
			}
			if rest := escape.ReplaceAllString(got.stdout, ""); strings.Contains(rest, "\x1b") {
				t.Errorf("%s, explore %s: something that a terminal obeys", c.name, args)
			}
		}
	}
}

func TestWithoutANameTheNotesAreListed(t *testing.T) {
	files, err := fs.Glob(docs.Zh(), "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for lang, says := range map[string]string{"zh": "读一节", "en": "A section:"} {
		got := explore(t, "note", "--lang", lang)
		if got.status != 0 || !strings.Contains(got.stdout, says) {
			t.Errorf("%+v", got)
		}
		for _, file := range files {
			if !strings.Contains(got.stdout, file) {
				t.Errorf("%s is not listed", file)
			}
		}
	}
}

func TestASectionIsFoundByWhateverNamesIt(t *testing.T) {
	want := explore(t, "note", "conn.md#connection.send").stdout
	if !strings.Contains(want, "connection.send") {
		t.Fatal(want)
	}
	for _, name := range []string{"conn#connection.send", "conn.go#connection.send", "docs/zh/conn.md#connection.send", "connection.send", "#connection.send"} {
		if got := explore(t, "note", name); got.stdout != want {
			t.Errorf("explore note %s prints something else: %+v", name, got)
		}
	}
	for _, name := range []string{"overview", "overview.md", "conn.go", "ack.publish"} {
		if got := explore(t, "note", name); got.status != 0 || len(got.stdout) < 100 {
			t.Errorf("explore note %s: %+v", name, got)
		}
	}
}

// A heading has an anchor of its own and another one that is made of its words. Both lead to the same section: its own is enough.
func TestNoSectionIsSuggestedTwice(t *testing.T) {
	library, err := notes.Read(docs.Zh())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"stor", "handsh", "acks"} {
		typed := "nowhere.md#" + word
		got := explore(t, "note", typed, "--lang", "zh").stderr
		_, list, _ := strings.Cut(got, "相近的有：")
		list, _, _ = strings.Cut(list, "。")
		names := strings.Split(list, "、")
		if len(names) < 3 {
			t.Errorf("explore note %s suggests %q", typed, names)
		}
		seen := make(map[string]string)
		for _, name := range names {
			file, anchor, _ := strings.Cut(name, "#")
			section, found := library.Section(file, anchor)
			if other := seen[section.Body]; !found || other != "" {
				t.Errorf("explore note %s: %s (found: %v) is the same as %q", typed, name, found, other)
			}
			for _, s := range library.Sections(file) {
				if s.Body == section.Body && han.MatchString(anchor) && strings.Contains(strings.ToLower(s.Anchor), word) && !han.MatchString(s.Anchor) {
					t.Errorf("explore note %s: %s has a better name, %s", typed, name, s.Anchor)
				}
			}
			seen[section.Body] = name
		}
	}
}

func TestANoteIsFoundByItsNameInAnyCase(t *testing.T) {
	for typed, want := range map[string]string{
		"CONN": "conn.md", "Overview.md": "overview.md", "CONN.GO#connection.send": "conn.md#connection.send", "conn.md#": "conn.md",
		"Comm": "comm.md#Comm", // the section of that very name goes before the note
	} {
		got, same := explore(t, "note", typed), explore(t, "note", want)
		if got.status != 0 || got.stdout != same.stdout {
			t.Errorf("explore note %s is not explore note %s: %+v", typed, want, got)
		}
	}
}

func TestAReaderOfEnglishIsToldWhatAStepIsAndThatTheNoteIsChinese(t *testing.T) {
	got := explore(t, "note", "conn.write", "--lang", "en").stdout
	if !strings.Contains(got, "The writer is about to write a message") || !strings.Contains(got, "The notes are in Chinese") {
		t.Error(got)
	}
	if got := explore(t, "note", "conn.write", "--lang", "zh").stdout; strings.Contains(got, "笔记是中文写的") {
		t.Error(got)
	}
}

func TestWhatIsMistypedIsAnsweredWithWhatLooksLikeIt(t *testing.T) {
	for typed, want := range map[string]string{
		"send":                         "conn.md#connection.send",
		"connection.snd":               "conn.md#connection.send",
		"CONN.WRITE":                   "conn.md#conn.write",
		"conn.md#conn.wrte":            "conn.md#conn.write",
		"overvew":                      "overview.md",
		"nowhere.md#connection.send":   "conn.md#connection.send",
		"qqqqqqqqqqqqqqqq":             "explore note",
		"conn.md#qqqqqqqqqqqqqqqq":     "explore note conn.md",
		"\x1b[31m":                     "?[31m",
		"connection.send conn.write x": "没有「connection.send conn.write x」这篇笔记",
	} {
		got := explore(t, "note", typed, "--lang", "zh")
		if got.status != exitUsage || !strings.Contains(got.stderr, want) || got.stdout != "" {
			t.Errorf("explore note %q: %+v lacks %q", typed, got, want)
		}
	}
	if got := explore(t, "note", "a", "b"); got.status != exitUsage {
		t.Errorf("%+v", got)
	}
}

func TestHelpForWhatShowsNotesAndRecordings(t *testing.T) {
	for _, name := range []string{"note", "bytes", "export"} {
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			got := explore(t, "help", name, "--lang", string(lang))
			if got.status != 0 || !strings.Contains(got.stdout, "explore "+name) {
				t.Errorf("%+v", got)
			}
			if lang == text.English && han.MatchString(got.stdout) {
				t.Errorf("Chinese in English help: %s", got.stdout)
			}
		}
	}
}
