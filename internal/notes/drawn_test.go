package notes

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
)

func TestCodeOutputsAndLinksAreWrittenIntoANote(t *testing.T) {
	needsShell(t)
	c := repositoryWith(t, nil)
	if err := c.Write("docs/zh/conn.md"); err != nil {
		t.Fatal(err)
	}
	got := read(t, c, "docs/zh/conn.md")
	for _, want := range []string{
		// From one step to the other: whole statements, without the comments, as far to the left as they go, in the item of a list.
		strings.ReplaceAll(`
   <!-- code connection.write conn.write..conn.written -->
   '''go
   c.trace.Gate(trace.ConnWrite, trace.Event{})

   for _, m := range messages {
   	if m == "// not a comment" {
   		c.trace.Report(trace.ConnWritten, trace.Event{})
   	}
   	c.Lock()
   }
   '''
`, "'", "`"),
		// A declaration, formatted anew where a comment has gone.
		strings.ReplaceAll(`
<!-- code connection -->
'''go
type connection struct {
	outBuff chan string

	sync.RWMutex
	closed bool
}
'''
`, "'", "`"),
		strings.ReplaceAll(`
<!-- run echo 写完了 -->
'''text
写完了
'''

<!-- links -->
[TestWriting]: ../../comm/conn_test.go
[第 3 课]: ../../walkthroughs/testdata/3-send.zh.txt
<!-- /links -->
`, "'", "`"),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the note does not have\n%s\nbut is\n%s", want, got)
		}
	}
	for _, name := range []string{"con.md", "README.md", "walkthroughs/exercises/a/README.md"} {
		if err := c.Write(name); err == nil {
			t.Errorf("%s was written, which is no note", name)
		}
	}
	if read(t, c, "docs/zh/trace.md") != small["docs/zh/trace.md"] {
		t.Error("a note that was not named has been written")
	}
}

func TestTheTableOfTheStepsIsWritten(t *testing.T) {
	c := repositoryWith(t, nil)
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	says := func(step trace.Step, gate bool) string {
		caption, _ := narrate.CaptionOf(&trace.Event{Step: step, Gate: gate})
		return caption.Zh
	}
	want := "# 步骤表\n\n<!-- steps -->\n\n粗体的那一课专讲这一步。\n\n" +
		"| 步骤 | 门或报告 | 文件 | goroutine | 说明 | 课 |\n|---|---|---|---|---|---|\n" +
		"| [`conn.write`](conn.md#conn.write) | 门 | `conn.go` | writer | " + says(trace.ConnWrite, true) + " | **[3][第 3 课]** |\n" +
		"| [`conn.written`](conn.md#conn.written) | 报告 | `conn.go` | writer | " + says(trace.ConnWritten, false) + " |  |\n" +
		"\n<!-- /steps -->\n\n<!-- links -->\n[第 3 课]: ../../walkthroughs/testdata/3-send.zh.txt\n<!-- /links -->\n"
	if diff := cmp.Diff(want, read(t, c, "docs/zh/trace.md")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryDeclarationAndEveryStepOfTheLayerCanBeDrawn(t *testing.T) {
	c, err := NewChecker("../..").begin()
	if err != nil {
		t.Fatal(err)
	}
	drawn := make(map[trace.Step]bool)
	for _, file := range c.sources {
		s, err := c.sourceFile("comm/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range s.declarations() {
			code, err := c.draw("README.md", "comm/"+file+" "+d.name)
			if err != nil || string(withoutComments([]byte(code))) != code || !strings.HasSuffix(code, "\n") {
				t.Errorf("%s, error %v:\n%s", d.name, err, code)
			}
			for _, info := range trace.Catalogue {
				if _, err := c.draw("README.md", "comm/"+file+" "+d.name+" "+string(info.Step)+".."+string(info.Step)); err == nil {
					drawn[info.Step] = true
				}
			}
		}
	}
	for _, info := range trace.Catalogue {
		if !drawn[info.Step] {
			t.Errorf("%s is in no function that can be drawn", info.Step)
		}
	}
}

func TestEveryGroupOfStepsHasAName(t *testing.T) {
	_, groups, err := stepsOf("../..")
	if err != nil || len(groups) == 0 {
		t.Fatal(groups, err)
	}
	for _, group := range groups {
		if groupTitles[group[0]] == "" {
			t.Errorf("the group that begins with %s has no name", group[0])
		}
	}
	if len(groupTitles) != len(groups) {
		t.Errorf("there are %d names for %d groups", len(groupTitles), len(groups))
	}
}

func TestBlocksOfCodeAreFoundWithTheirOrders(t *testing.T) {
	lines := []string{
		"文", "```", "```", "<!-- run a -->", "```", "```", "", // empty, the first behind a paragraph, the second behind another block
		"- 项", "", "  <!-- run b -->", "", "  ```text", "  x", "", "  ```y", "  ```", "", // in a list, with an empty line in it
		"> ```", "> 引", "> ```", "", // in a quotation: not for us
		"    ```", "    缩", "", // code already
		"~~~~go", "~~~", "~~~~", "<!-- run c -->", "", "```", "无尽",
	}
	var got []string
	for _, f := range readPage("a.md", strings.Join(lines, "\n")).fences {
		order := ""
		if f.order != nil {
			order = f.order.args
		}
		got = append(got, fmt.Sprintf("%d to %d, %q, %q: %s", f.open, f.close, f.mark+f.language, f.indent, order))
	}
	want := []string{"1 to 2, \"```\", \"\": ", "4 to 5, \"```\", \"\": a", "11 to 15, \"```text\", \"  \": b", "24 to 26, \"~~~~go\", \"\": "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnOutputMayHaveTheMarkOfABlockInIt(t *testing.T) {
	output := func(fence) (string, bool) { return "```mermaid\n```\n", true }
	got := readPage("a.md", "<!-- run x -->\n```markdown\n```\nend").filled(output)
	want := []string{"<!-- run x -->", "````markdown", "```mermaid", "```", "````", "end"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := readPage("a.md", strings.Join(got, "\n")).filled(output); cmp.Diff(want, again) != "" {
		t.Errorf("filled again it becomes %q", again)
	}
}

func TestANoteThatIsNotThereIsAskedFor(t *testing.T) {
	c := repositoryWith(t, nil)
	c.sources, c.others = []string{"conn.go", "gone.go"}, []string{"glossary.md", "trace.md", "faq.md"}
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"docs/zh/faq.md: write this note",
		"docs/zh/gone.md: write the note of comm/gone.go",
		"docs/zh/gone.md: comm/gone.go cannot be read",
	}
	got := findings(t, c)
	if len(got) > 2 {
		got[2], _, _ = strings.Cut(got[2], ": open")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFailingCommandIsFoundAndItsOutputLeftAlone(t *testing.T) {
	needsShell(t)
	broken := strings.Replace(small["docs/zh/conn.md"], "run echo 写完了", "run echo no >&2; exit 3", 1)
	c := repositoryWith(t, map[string]string{"docs/zh/conn.md": broken})
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	c.Runs = true
	want := []string{"docs/zh/conn.md (6. 动手): the command fails: exit status 3: no"}
	if diff := cmp.Diff(want, findings(t, c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTestsAreFoundWhereANoteMeansThem(t *testing.T) {
	const empty = "package p\n\nimport \"testing\"\n\nfunc TestWriting(t *testing.T) {}\nfunc Testify() {}\nfunc (s suite) TestMethod() {}\n"
	c := repositoryWith(t, map[string]string{
		"a/a_test.go":              empty,
		"comm/msp/msp_test.go":     empty + "\nfunc ExampleOpen() {}\nfunc FuzzOpen(f *testing.F) {}\n",
		"comm/testdata/b_test.go":  "package p\n\nfunc TestData() {}\n",
		"tools/go.mod":             "module tools\n",
		"tools/t_test.go":          "package p\n\nfunc TestTool() {}\n",
		".hidden/hidden_test.go":   "package p\n\nfunc TestHidden() {}\n",
		"comm/no_tests_of_ours.go": "package comm\n\nfunc TestNot() {}\n",
	})
	got, err := testsIn(c.Root)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"TestWriting": {"comm/conn_test.go", "comm/msp/msp_test.go", "a/a_test.go"},
		"ExampleOpen": {"comm/msp/msp_test.go"},
		"FuzzOpen":    {"comm/msp/msp_test.go"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheLinesForAMachineAreNotShown(t *testing.T) {
	l, err := Read(fstest.MapFS{"a.md": {Data: []byte("# A\n\n## 一\n\n- 一\n\n  <!-- code a -->\n  ```go\n  <!-- code b -->\n  ```\n\n<!-- steps -->\n<!-- /steps -->\n<!-- 旁注 -->\n")}})
	if err != nil {
		t.Fatal(err)
	}
	want := "- 一\n\n  ```go\n  <!-- code b -->\n  ```\n\n<!-- 旁注 -->\n"
	if s, _ := l.Section("a.md", "一"); s.Body != want {
		t.Errorf("%q, want %q", s.Body, want)
	}
}

func TestASectionHasTheLinksThatStandAtTheEndOfItsNote(t *testing.T) {
	l, err := Read(fstest.MapFS{"a.md": {Data: []byte("# A\n\n## 一\n\n一〔见 [TestA]〕。\n\n## 二\n\n二。\n\n" +
		"<!-- links -->\n[TestA]: ../../comm/a_test.go\n[第 1 课]: ../../walkthroughs/testdata/1-meet.zh.txt\n<!-- /links -->\n")}})
	if err != nil {
		t.Fatal(err)
	}
	for anchor, want := range map[string]string{
		"":  "## 一\n\n一〔见 [TestA]〕。\n\n## 二\n\n二。\n\n[TestA]: ../../comm/a_test.go\n",
		"一": "一〔见 [TestA]〕。\n\n[TestA]: ../../comm/a_test.go\n",
		"二": "二。\n",
	} {
		if s, _ := l.Section("a.md", anchor); s.Body != want {
			t.Errorf("%q: %q, want %q", anchor, s.Body, want)
		}
	}
}
