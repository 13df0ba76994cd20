package notes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// figures is a note in which two tables are to be printed, and a README with one.
func figures(t *testing.T, changed map[string]string) *Checker {
	t.Helper()
	needsShell(t)
	files := map[string]string{
		"figures.txt": "| 大小 | 时间 |\n|---|---|\n| 100 B | 8 µs |\n",
		"docs/zh/figures.md": "# 数字\n\n<!-- print cat figures.txt -->\n<!-- /print -->\n\n两张表。\n\n" +
			"<!-- print head -2 figures.txt -->\nold\n<!-- /print -->\n",
		"README.md": "# A project\n\n<!-- print cat figures.txt -->\n<!-- /print -->\n",
	}
	for name, content := range changed {
		files[name] = content
	}
	c := repositoryWith(t, files)
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	c.Runs = true
	return c
}

func TestWhatACommandPrintsMayStandInTheText(t *testing.T) {
	c := figures(t, nil)
	const table = "| 大小 | 时间 |\n|---|---|\n"
	for file, want := range map[string]string{
		"docs/zh/figures.md": "# 数字\n\n<!-- print cat figures.txt -->\n\n" + table + "| 100 B | 8 µs |\n\n<!-- /print -->\n\n两张表。\n\n" +
			"<!-- print head -2 figures.txt -->\n\n" + table + "\n<!-- /print -->\n",
		"README.md": "# A project\n\n<!-- print cat figures.txt -->\n\n" + table + "| 100 B | 8 µs |\n\n<!-- /print -->\n",
	} {
		if diff := cmp.Diff(want, read(t, c, file)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	found, counts, err := c.Check()
	if err != nil || len(found) > 0 || counts.Outputs != 4 {
		t.Errorf("%d outputs, error %v, findings %v", counts.Outputs, err, found)
	}
	l := library(t, map[string]string{"figures.md": read(t, c, "docs/zh/figures.md")})
	if s, _ := l.Section("figures.md", ""); strings.Contains(s.Body, "print") || !strings.Contains(s.Body, "| 100 B | 8 µs |") {
		t.Errorf("the reader is shown\n%s", s.Body)
	}
}

func TestWhatIsPrintedInTheTextGrowsOld(t *testing.T) {
	c := figures(t, nil)
	if err := os.WriteFile(filepath.Join(c.Root, "figures.txt"), []byte("| 大小 | 时间 |\n|---|---|\n| 100 B | 9 µs |\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"README.md: this is not what the command prints: run make docs",
		"docs/zh/figures.md (数字): this is not what the command prints: run make docs",
	}
	if diff := cmp.Diff(want, findings(t, c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := c.Write("figures.md"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[:1], findings(t, c)); diff != "" {
		t.Errorf("with only the note written anew (-want +got):\n%s", diff)
	}
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	if found := findings(t, c); len(found) > 0 {
		t.Errorf("after writing anew: %v", found)
	}
}

func TestWhatCannotBePrintedIsFoundAndLeftAlone(t *testing.T) {
	for name, test := range map[string]struct {
		note string
		want []string
	}{
		"a command that fails": {"<!-- print echo no >&2; exit 3 -->\nold\n<!-- /print -->\n",
			[]string{"docs/zh/figures.md (数字): the command fails: exit status 3: no"}},
		"no end": {"<!-- print cat figures.txt -->\n\n文。\n\n<!-- print cat figures.txt -->\n\nold\n",
			[]string{"docs/zh/figures.md (数字): end what is printed here with the line <!-- /print -->",
				"docs/zh/figures.md (数字): end what is printed here with the line <!-- /print -->"}},
		"a command for what is not there": {"<!-- print echo go run ./internal/no-such-thing -->\n\n" +
			"go run ./internal/no-such-thing\n\n<!-- /print -->\n",
			[]string{"docs/zh/figures.md (数字): there is no package ./internal/no-such-thing"}},
	} {
		note := "# 数字\n\n" + test.note
		c := figures(t, map[string]string{"docs/zh/figures.md": note})
		if diff := cmp.Diff(test.want, findings(t, c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(note, read(t, c, "docs/zh/figures.md")); diff != "" {
			t.Errorf("%s: the note was written anew (-before +after):\n%s", name, diff)
		}
	}
}
