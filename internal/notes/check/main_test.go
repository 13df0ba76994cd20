package main

import (
	"strings"
	"testing"
)

func TestOnlyWhatIsAskedForIsPrintedAndThenTheCounts(t *testing.T) {
	var out strings.Builder
	found, err := check(&out, false, false, []string{"../../../docs/zh/no-such-note.md"})
	if err != nil || found {
		t.Errorf("found %v, error %v", found, err)
	}
	if !strings.HasPrefix(out.String(), "declarations explained") || strings.Count(out.String(), "\n") != 8 {
		t.Errorf("printed:\n%s", &out)
	}
}

func TestAPathMeansOneFileAndABareNameAllOfThatName(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arg, file string
		want      bool
	}{
		{"README.md", "README.md", true},
		{"README.md", "docs/zh/README.md", true},
		{"README.md", "docs/zh/conn.md", false},
		{"../../../docs/zh/README.md", "docs/zh/README.md", true},
		{"../../../docs/zh/README.md", "README.md", false},
		{root + "/docs/zh/conn.md", "docs/zh/conn.md", true},
		{"./README.md", "README.md", false}, // there is none here
	} {
		names, err := namesIn(root, []string{test.arg})
		if err != nil {
			t.Fatal(err)
		}
		if got := meant(test.file, names); got != test.want {
			t.Errorf("%s means %s: %v", test.arg, test.file, got)
		}
	}
}

func TestANoteThatDoesNotExistCannotBeWritten(t *testing.T) {
	var out strings.Builder
	if _, err := check(&out, true, false, []string{"../../../docs/zh/no-such-note.md"}); err == nil {
		t.Errorf("no error, but:\n%s", &out)
	}
}
