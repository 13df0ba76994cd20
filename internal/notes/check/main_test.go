package main

import (
	"strings"
	"testing"
)

func TestOnlyWhatIsAskedForIsPrintedAndThenTheCounts(t *testing.T) {
	var out strings.Builder
	found, err := check(&out, false, false, []string{"docs/zh/no-such-note.md"})
	if err != nil || found {
		t.Errorf("found %v, error %v", found, err)
	}
	if !strings.HasPrefix(out.String(), "declarations explained") || strings.Count(out.String(), "\n") != 8 {
		t.Errorf("printed:\n%s", &out)
	}
}

func TestANoteThatDoesNotExistCannotBeWritten(t *testing.T) {
	var out strings.Builder
	if _, err := check(&out, true, false, []string{"docs/zh/no-such-note.md"}); err == nil {
		t.Errorf("no error, but:\n%s", &out)
	}
}
