// Package exercises_test proves the exercises: each check fails on the code as it is, and passes on the code of its reference solution.
//
// An exercise is a folder with its text (README.md), its check (check_test.go, which is only built with -tags exercise, so that an unsolved
// exercise does not turn "go test ./..." red) and, where something is to be written anew, the file in which to write it (exercise.go).
// Other exercises ask for a change of comm itself. Its solution is a list of edits in solutions/. The edits are never made to the
// files: the compiler is shown edited copies in their place (go test -overlay), so the proof needs no copy of the repository.
package exercises_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// exercises returns the names of the exercises: a folder is one if it has a check.
func exercises(t *testing.T) []string {
	t.Helper()
	checks, err := filepath.Glob("*/check_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, check := range checks {
		names = append(names, filepath.Dir(check))
	}
	return names
}

// edit is one replacement in a file.
type edit struct{ file, before, after string }

// editPattern is how an edit is written: the file, what stands there, and what is to stand there.
var editPattern = regexp.MustCompile(`(?ms)^--- (\S+)\n<<<<<<<\n(.*?)^=======\n(.*?)^>>>>>>>\n`)

// solution returns the edits that solve an exercise. What stands around them is for people.
func solution(t *testing.T, name string) []edit {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("solutions", name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	var edits []edit
	for _, match := range editPattern.FindAllStringSubmatch(string(text), -1) {
		edits = append(edits, edit{file: match[1], before: match[2], after: match[3]})
	}
	if len(edits) == 0 {
		t.Fatalf("the solution of %s has no edit", name)
	}
	return edits
}

// overlay writes the edited files, and the list of them that go test -overlay takes. It returns the name of the list.
func overlay(t *testing.T, edits []edit) string {
	t.Helper()
	texts := make(map[string]string)
	for _, e := range edits {
		text, known := texts[e.file]
		if !known {
			read, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(read)
		}
		if n := strings.Count(text, e.before); n != 1 {
			t.Fatalf("%s: what a solution replaces stands there %d times:\n%s", e.file, n, e.before)
		}
		texts[e.file] = strings.Replace(text, e.before, e.after, 1)
	}
	folder := t.TempDir()
	var list struct{ Replace map[string]string }
	list.Replace = make(map[string]string)
	for file, text := range texts {
		real, err := filepath.Abs(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		list.Replace[real] = filepath.Join(folder, fmt.Sprintf("%d.go", len(list.Replace)))
		if err := os.WriteFile(list.Replace[real], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(name, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// outcome is how the check of an exercise ended: "pass", or "fail" if a test ran and failed. A check that cannot be built has neither.
type outcome map[string]string

// check runs the checks of all exercises, with these edits made.
func check(t *testing.T, edits []edit) (outcome, string) {
	t.Helper()
	args := []string{"test", "-json", "-tags", "exercise"}
	if len(edits) > 0 {
		args = append(args, "-overlay", overlay(t, edits))
	}
	for _, name := range exercises(t) {
		args = append(args, "./walkthroughs/exercises/"+name)
	}
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = root
	printed, _ := command.CombinedOutput() // what failed, the events say
	ended := make(outcome)
	var words strings.Builder
	for line := range strings.Lines(string(printed)) {
		var event struct{ Action, Package, Test, Output string }
		if json.Unmarshal([]byte(line), &event) != nil {
			words.WriteString(line)
			continue
		}
		words.WriteString(event.Output)
		name := event.Package[strings.LastIndex(event.Package, "/")+1:]
		switch {
		case event.Action == "fail" && event.Test != "":
			ended[name] = "fail"
		case event.Action == "pass" && event.Test != "" && ended[name] == "":
			ended[name] = "pass"
		case event.Action == "fail" && ended[name] != "fail":
			ended[name] = "not built"
		}
	}
	return ended, words.String()
}

func TestEveryCheckFailsOnTheCodeAsItIsAndPassesOnItsSolution(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the checks are run by the go command, which is not there")
	}
	names := exercises(t)
	unsolved, words := check(t, nil)
	for _, name := range names {
		if unsolved[name] != "fail" {
			t.Errorf("%s, unsolved: %q, want a test that fails", name, unsolved[name])
		}
	}
	if t.Failed() {
		t.Fatal(words)
	}
	var edits []edit
	for _, name := range names {
		edits = append(edits, solution(t, name)...)
	}
	solved, words := check(t, edits)
	for _, name := range names {
		if solved[name] != "pass" {
			t.Errorf("%s, solved: %q, want pass", name, solved[name])
		}
	}
	if t.Failed() {
		t.Fatal(words)
	}
}

// hintPattern finds the rungs of the ladder.
var hintPattern = regexp.MustCompile(`<details><summary>提示 (\d)</summary>`)

func TestEveryExerciseHasATextWithALadderOfHints(t *testing.T) {
	list, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range exercises(t) {
		text, err := os.ReadFile(filepath.Join(name, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		var rungs []string
		for _, match := range hintPattern.FindAllStringSubmatch(string(text), -1) {
			rungs = append(rungs, match[1])
		}
		if !slices.Equal(rungs, []string{"1", "2", "3"}) {
			t.Errorf("%s has the hints %v, want 1 to 3", name, rungs)
		}
		if run := "go test -tags exercise ./walkthroughs/exercises/" + name; !strings.Contains(string(text), run) {
			t.Errorf("%s does not say how it is checked: %s", name, run)
		}
		if !strings.Contains(string(list), "("+name+"/README.md)") {
			t.Errorf("%s is not in the list of README.md", name)
		}
	}
}
