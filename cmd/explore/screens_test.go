package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gossipscope/internal/text"
	"gossipscope/internal/userdata"
)

// readerAt is a program whose reader has his data below home; nowhere, if that is "".
func readerAt(home string) *program {
	return &program{getenv: func(name string) string {
		return map[string]string{"HOME": home, "LOCALAPPDATA": home}[name]
	}}
}

// fileBelow returns the path of the only file of that name below dir.
func fileBelow(t *testing.T, dir, name string) (path string) {
	t.Helper()
	filepath.WalkDir(dir, func(at string, _ fs.DirEntry, _ error) error {
		if filepath.Base(at) == name {
			path = at
		}
		return nil
	})
	if path == "" {
		t.Fatalf("there is no %s", name)
	}
	return path
}

func TestThatTheProgressWasBrokenIsSaidOnceAndAllGoesOn(t *testing.T) {
	home := t.TempDir()
	if err := readerAt(home).memory().MarkDone("meet"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(fileBelow(t, home, "progress.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := readerAt(home).memory()
	if m.Done("meet") {
		t.Error("a broken file is believed")
	}
	var told *text.Error
	if err := m.KeepTheme("light"); !errors.As(err, &told) || !strings.Contains(told.In(text.Chinese), "progress.json.broken") {
		t.Errorf("of the broken file is said %v", err)
	}
	if err := m.MarkDone("send"); err != nil {
		t.Errorf("it is said again: %v", err)
	}
	if again := readerAt(home).memory(); !again.Done("send") || again.progress.Theme != "light" {
		t.Errorf("kept is %+v", again.progress)
	}
}

func TestThatNothingIsKeptWithoutAPlaceForItIsSaidOnce(t *testing.T) {
	m := readerAt("").memory()
	if err := m.KeepLang(text.English); !errors.Is(err, userdata.ErrNoFolder) {
		t.Errorf("that there is no place is said as %v", err)
	}
	if err := m.MarkDone("meet"); err != nil || !m.Done("meet") {
		t.Errorf("the second time: %v; done %v", err, m.Done("meet"))
	}
}

func TestAProgressThatCannotBeKeptIsSaidEachTime(t *testing.T) {
	home := t.TempDir()
	m := readerAt(home).memory()
	if err := os.WriteFile(filepath.Join(home, ".local"), nil, 0o600); err != nil { // where a folder would have to be
		t.Fatal(err)
	}
	for range 2 {
		if err := m.MarkDone("meet"); err == nil {
			t.Skip("the folder is elsewhere on this system")
		} else if told := (*text.Error)(nil); !errors.As(err, &told) {
			t.Errorf("said is %v", err)
		}
	}
}

func TestTheNewestRecordingIsListedFirst(t *testing.T) {
	home := t.TempDir()
	m := readerAt(home).memory()
	if paths, err := m.Recordings(); err != nil || len(paths) > 0 {
		t.Errorf("before any was saved: %q, %v", paths, err)
	}
	var saved []string
	for i, prefix := range []string{"b", "c", "a"} {
		path, err := m.FreshPath(prefix, "jsonl")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Date(2026, 11, 22, 21, i, 0, 0, time.UTC)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		saved = append([]string{path}, saved...)
	}
	cast, _ := m.FreshPath("z", "cast")
	os.WriteFile(cast, nil, 0o600)
	if paths, err := m.Recordings(); err != nil || !slices.Equal(paths, saved) {
		t.Errorf("listed are %q (%v), want %q", paths, err, saved)
	}
}

func TestRecordingsThatCannotBeListedAreSaidInASentence(t *testing.T) {
	home := t.TempDir()
	m := readerAt(home).memory()
	path, err := m.FreshPath("a", "jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder was
		t.Fatal(err)
	}
	var told *text.Error
	if _, err := m.Recordings(); !errors.As(err, &told) || !strings.Contains(told.In(text.English), filepath.Base(dir)) {
		t.Errorf("said is %v", err)
	}
}
