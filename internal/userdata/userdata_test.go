package userdata

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"gossipscope/internal/text"
)

// environment returns the getenv of an environment that has only these variables.
func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// folder returns one that does not exist yet.
func folder(t *testing.T) Folder {
	t.Helper()
	f, err := Find("linux", environment(map[string]string{"HOME": t.TempDir()}))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheFolderIsWhereTheSystemSays(t *testing.T) {
	for _, c := range []struct {
		goos string
		env  map[string]string
		want string
	}{
		{"linux", map[string]string{"HOME": "/home/li"}, "/home/li/.local/share/gossipscope"},
		{"linux", map[string]string{"HOME": "/home/li", "XDG_DATA_HOME": "/data/li"}, "/data/li/gossipscope"},
		{"linux", map[string]string{"XDG_DATA_HOME": "/data/li"}, "/data/li/gossipscope"},
		{"linux", map[string]string{"HOME": "/home/li", "XDG_DATA_HOME": "data"}, "/home/li/.local/share/gossipscope"},
		{"freebsd", map[string]string{"HOME": "/home/li", "LOCALAPPDATA": "/no"}, "/home/li/.local/share/gossipscope"},
		{"darwin", map[string]string{"HOME": "/Users/li", "XDG_DATA_HOME": "/no"}, "/Users/li/Library/Application Support/gossipscope"},
		{"windows", map[string]string{"LOCALAPPDATA": "/Users/li/AppData/Local", "HOME": "/no"}, "/Users/li/AppData/Local/gossipscope"},
	} {
		f, err := Find(c.goos, environment(c.env))
		if err != nil || filepath.ToSlash(f.path) != c.want {
			t.Errorf("on %s with %v it is %q (%v), want %q", c.goos, c.env, f.path, err, c.want)
		}
	}
}

func TestWithoutAPlaceTheProgramWorksAndForgets(t *testing.T) {
	for goos, variable := range map[string]string{"linux": "HOME", "darwin": "HOME", "windows": "LOCALAPPDATA"} {
		f, err := Find(goos, environment(nil))
		if !errors.Is(err, ErrNoFolder) || !strings.Contains(err.Error(), variable) || f != (Folder{}) {
			t.Errorf("on %s: %v, %v", goos, f, err)
		}
	}
	var f Folder
	if p, err := f.Progress(); err != nil || !reflect.DeepEqual(p, Progress{}) {
		t.Errorf("the progress is %+v, %v", p, err)
	}
	if err := f.Update(func(p *Progress) { p.Theme = "light" }); err != nil {
		t.Errorf("updating gave %v", err)
	}
	if _, err := f.FreshName("lesson", "jsonl"); !errors.Is(err, ErrNoFolder) {
		t.Errorf("a name in no folder gave %v", err)
	}
	if f.path != "" || f.RecordingsDir() != "" {
		t.Error("no folder has a path")
	}
}

func TestNothingIsCreatedBeforeItIsNeeded(t *testing.T) {
	f := folder(t)
	if _, err := f.Progress(); err != nil {
		t.Fatal(err)
	}
	f.RecordingsDir()
	if _, err := os.Lstat(filepath.Dir(filepath.Dir(f.path))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking has created something: %v", err)
	}
	if err := f.Update(func(p *Progress) { p.Theme = "light" }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(f.RecordingsDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a folder for recordings, and no recording: %v", err)
	}
}

func TestProgressIsRemembered(t *testing.T) {
	f := folder(t)
	when := time.Date(2026, time.November, 22, 21, 30, 0, 123, time.UTC)
	steps := []func(*Progress){
		func(p *Progress) { p.MarkDone("meet", when) },
		func(p *Progress) { p.MarkDone("checks", when.Add(time.Hour)) },
		func(p *Progress) { p.Language, p.Theme = text.Chinese, "light" },
	}
	for _, change := range steps {
		if err := f.Update(change); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Progress()
	when = when.Truncate(time.Second)
	want := Progress{Done: map[string]time.Time{"meet": when, "checks": when.Add(time.Hour)}, Language: text.Chinese, Theme: "light"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("remembered is %+v (%v), want %+v", got, err, want)
	}
	if names := namesIn(t, f.path); !reflect.DeepEqual(names, []string{progressFile}) {
		t.Errorf("in the folder there are %q", names)
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// put writes a progress file by hand.
func put(t *testing.T, f Folder, content string) {
	t.Helper()
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.path, progressFile), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestABrokenFileIsSetAsideAndSaid(t *testing.T) {
	for _, broken := range []string{"", "{", "not JSON", `{"theme":1}`, `{"done":{"meet":"yesterday"}}`, `[]`, strings.Repeat(" ", largestProgress) + "{}"} {
		f := folder(t)
		put(t, f, broken)
		p, err := f.Progress()
		var said *text.Error
		if !errors.As(err, &said) || !strings.Contains(said.In(text.Chinese), progressFile+".broken") || !strings.Contains(said.Error(), progressFile+".broken") {
			t.Errorf("%.20q gave %v", broken, err)
		}
		if !reflect.DeepEqual(p, Progress{}) {
			t.Errorf("%.20q was read as %+v", broken, p)
		}
		if kept, err := os.ReadFile(filepath.Join(f.path, progressFile+".broken")); err != nil || string(kept) != broken {
			t.Errorf("of %.20q is left %.20q (%v)", broken, kept, err)
		}
		if _, err := f.Progress(); err != nil {
			t.Errorf("it was said twice: %v", err)
		}
	}
}

func TestASecondBrokenFileDoesNotReplaceTheFirst(t *testing.T) {
	f := folder(t)
	for _, broken := range []string{"first", "second"} {
		put(t, f, broken)
		if err := f.Update(func(p *Progress) { p.Theme = "light" }); err == nil {
			t.Error("nothing was said of a broken file")
		}
		if p, err := f.Progress(); err != nil || p.Theme != "light" {
			t.Errorf("beside the broken file is remembered %+v (%v)", p, err)
		}
	}
	for name, want := range map[string]string{progressFile + ".broken": "first", progressFile + "-2.broken": "second"} {
		if got, err := os.ReadFile(filepath.Join(f.path, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestWhatNoProgramHasWrittenIsNotBelieved(t *testing.T) {
	f := folder(t)
	put(t, f, `{"language":"fr","theme":"dark","something":{"newer":true}}`)
	if p, err := f.Progress(); err != nil || !reflect.DeepEqual(p, Progress{Theme: "dark"}) {
		t.Errorf("read as %+v (%v)", p, err)
	}
}

// What cannot be read may be good: it is neither moved nor written over.
func TestAFileThatCannotBeReadIsLeftAlone(t *testing.T) {
	f := folder(t)
	path := filepath.Join(f.path, progressFile)
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, path); err != nil { // a loop cannot be read, not even by root
		t.Skip(err)
	}
	if _, err := f.Progress(); err == nil {
		t.Error("nothing was said")
	}
	if err := f.Update(func(p *Progress) { p.Theme = "light" }); err == nil {
		t.Error("an update was reported")
	}
	if target, err := os.Readlink(path); target != path || len(namesIn(t, f.path)) != 1 {
		t.Errorf("it was replaced: %v; in the folder there are %q", err, namesIn(t, f.path))
	}
}

func TestAProgressThatCannotBeWrittenIsSaid(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".local"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Find("linux", environment(map[string]string{"HOME": home}))
	if err != nil {
		t.Fatal(err)
	}
	var said *text.Error
	if err := f.Update(func(*Progress) {}); !errors.As(err, &said) {
		t.Errorf("updating gave %v", err)
	}
	if _, err := f.FreshName("lesson", "jsonl"); !errors.As(err, &said) {
		t.Errorf("a fresh name gave %v", err)
	}
}

func TestAFreshNameIsNobodysYet(t *testing.T) {
	f := folder(t)
	seen := make(map[string]bool)
	for range 3 {
		path, err := f.FreshName("meet", "jsonl")
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(path) != f.RecordingsDir() || !strings.HasPrefix(filepath.Base(path), "meet-20") || filepath.Ext(path) != ".jsonl" || seen[path] {
			t.Errorf("the fresh name is %s", path)
		}
		seen[path] = true
		if err := WriteNew(path, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
			t.Error(err)
		}
	}
}

func TestANewFileIsThereWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "recording.jsonl")
	failure := errors.New("the event cannot be written")
	err := WriteNew(path, func(w io.Writer) error {
		io.WriteString(w, strings.Repeat("half ", 100_000))
		return failure
	})
	var said *text.Error
	if !errors.Is(err, failure) || !errors.As(err, &said) || !strings.Contains(said.In(text.Chinese), "recording.jsonl") {
		t.Errorf("writing half gave %v", err)
	}
	if names := namesIn(t, dir); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
	if err := WriteNew(path, func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "whole" {
		t.Errorf("the file holds %q (%v)", got, err)
	}
	if names := namesIn(t, dir); len(names) != 1 {
		t.Errorf("beside it there are %q", names)
	}
}

func TestANewFileNeverReplacesAnother(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "there.jsonl")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, func(io.Writer) error { t.Error("it was written all the same"); return nil }); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken name gave %v", err)
	}
	later := filepath.Join(dir, "later.jsonl")
	err := WriteNew(later, func(w io.Writer) error { // somebody else is faster
		io.WriteString(w, "new")
		return os.WriteFile(later, []byte("mine"), 0o600)
	})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that was taken meanwhile gave %v", err)
	}
	for _, p := range []string{path, later} {
		if got, _ := os.ReadFile(p); string(got) != "mine" {
			t.Errorf("%s holds %q", p, got)
		}
	}
	if names := namesIn(t, dir); len(names) != 2 {
		t.Errorf("in the folder there are %q", names)
	}
}

func TestWhereTheFolderIsMissingANewFileSaysSoAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the words of the system are others")
	}
	_, err := Create(filepath.Join(t.TempDir(), "missing", "x.jsonl"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "(no such file or directory)") {
		t.Errorf("gave %v", err)
	}
}

func TestEverySentenceExistsInBothLanguagesWithTheSameGaps(t *testing.T) {
	v := reflect.ValueOf(says)
	for i := range v.NumField() {
		sentence := text.Text{Zh: v.Field(i).Field(0).String(), En: v.Field(i).Field(1).String()}
		if sentence.Zh == "" || sentence.En == "" || strings.Count(sentence.Zh, "%s") != strings.Count(sentence.En, "%s") {
			t.Errorf("%s: %+v", v.Type().Field(i).Name, sentence)
		}
	}
}
