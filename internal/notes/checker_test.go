package notes

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readme is what the small repository says of itself.
const readme = "# A project\n\n[Notes](docs/zh/conn.md#conn.write), [exercises](walkthroughs/exercises/a/README.md#练习), [up](#a-project).\n\n" +
	"```sh\ngo run ./cmd/explore play 3 --plain    # the lesson\ngo test ./comm\n```\n\n| lesson | test |\n|---|---|\n| 3 | `TestWriting` |\n"

// small is a repository as it should be, with one source file, as its author writes it: what is drawn from elsewhere is still missing.
// In the notes ' stands for a backtick.
var small = map[string]string{
	"comm/conn.go": `package comm

import "sync"

// errClosed and errFull are why.
var errClosed, errFull error // two

// connection is one.
type connection struct {
	// outBuff is a queue.
	outBuff chan string // "// no comment"

	sync.RWMutex      // guards what follows
	closed       bool /* set
	once */
}

// factory makes them.
type factory interface {
	create() *connection
}

// write writes.
func (c *connection) write(messages []string) {
	// First the gate.
	c.trace.Gate(trace.ConnWrite, trace.Event{}) // here

	for _, m := range messages {
		if m == "// not a comment" {
			// Then the report.
			c.trace.Report(trace.ConnWritten, trace.Event{})
		}
		c.Lock()
	}
	c.end()
}

var _ factory = nil
`,
	"comm/conn_test.go": "package comm\n\nfunc TestWriting(t *testing.T) {}\n\nfunc TestMain(m *testing.M) {}\n",
	"comm/trace/steps.go": `package trace

const (
	// A message on its way out.
	ConnWrite   Step = "conn.write"
	ConnWritten Step = "conn.written"
)
`,
	"cmd/explore/command.go": `package main

func tree() []*command {
	root := &command{Use: "explore"}
	root.PersistentFlags().String("lang", "", "the language")
	version := &command{Use: "version"}
	version.Flags().BoolP("short", "s", false, "only the number")
	return []*command{root, version, playCommand(), noteCommand()}
}

func playCommand() *command {
	c := &command{Use: "play LESSON", Run: func(c *command) { _ = c.Flags().Changed("pace") }}
	looks(c)
	c.Flags().BoolVar(&plain, "plain", false, "line by line")
	return c
}

func looks(c *command) { c.Flags().Var(&theme, "theme", "the colours") }

func noteCommand() *command { return &command{Use: "note"} }
`,
	"cmd/explore/command_test.go":         "package main\n\nfunc dryCommand() *command { return &command{Use: \"dry\"} }\n",
	"README.md":                           readme,
	"walkthroughs/exercises/a/README.md":  "# 练习\n\n跑 `go test -tags exercise ./comm`，读 [connection](../../../docs/zh/conn.md#connection)。\n",
	"Makefile":                            "docs: ## draw\n\tgo run x\n",
	"walkthroughs/send.go":                "package walkthroughs\n\nvar send = Lesson{\n\tNumber: 3,\n\tAbout:  []trace.Step{trace.ConnWrite},\n}\n",
	"walkthroughs/testdata/3-send.zh.txt": "  A │ B  A→B#1  ○ conn.write          准备写。\n",
	"docs/zh/glossary.md": `# 术语表

| English | 中文 | 不用 | 说明 |
|---|---|---|---|
| peer | 节点 | 对等体、同伴 | 同伴是 peer 的直译 |
| predicate | 谓词 | 断言 | |
| type assertion | 类型断言 | | |
`,
	"docs/zh/trace.md": "# 步骤表\n\n<!-- steps -->\n<!-- /steps -->\n",
	"docs/zh/conn.md": strings.ReplaceAll(`# conn.go：一条连接

## 1. 这个文件解决什么问题

写消息，见 [write](#connection.write)，也见[函数](#3-函数)和[表](trace.md)、[RFC](https://www.rfc-editor.org/rfc/rfc9113)。

## 2. 结构体

### <a id="connection"></a>'connection'：一条连接

- 'outBuff'：发送队列。
- 'RWMutex'、'closed'（'bool'）：关没关。

### <a id="factory"></a>'factory'：造连接的

- 'create'：造一条。

### 错误

- <a id="errClosed"></a>'errClosed'、<a id="errFull"></a>'errFull'：为什么。类型断言认得出它们。

## 3. 函数

### <a id="connection.write"></a>'connection.write'：写

1. <a id="conn.write"></a>先到门前，**等放行。** 然后走。
2. <a id="conn.written"></a>再报告，见 [第 3 课]。

   <!-- code connection.write conn.write..conn.written -->
   '''go
   '''

一条一条写，先来先写〔见 [TestWriting]、[第 3 课]〕。

<!-- code connection -->
'''go
'''

## 4. 并发图

'''mermaid
flowchart LR
  W["writer"]
'''

## 5. 与 Fabric 各版本的差异

没有差异。

## 6. 动手

'go test ./comm -run TestWriting -v'，'go run ./cmd/explore play 3 --plain --theme dark --lang=zh | less'，'make docs'。

<!-- run echo 写完了 -->
'''text
'''
`, "'", "`"),
}

// repositoryWith writes the small repository with some files changed, and returns a checker for it.
func repositoryWith(t *testing.T, changed map[string]string) *Checker {
	t.Helper()
	root := t.TempDir()
	for _, files := range []map[string]string{small, changed} {
		for name, content := range files {
			path := filepath.Join(root, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := NewChecker(root)
	c.sources, c.others = []string{"conn.go"}, []string{"glossary.md", "trace.md"}
	return c
}

// read returns a file of the repository.
func read(t *testing.T, c *Checker, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.Root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// findings returns what a checker finds, without line numbers.
func findings(t *testing.T, c *Checker) []string {
	t.Helper()
	found, _, err := c.Check()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range found {
		f.Line = 0
		all = append(all, f.String())
	}
	return all
}

// needsShell skips a test where notes cannot be refreshed: their commands are run by sh.
func needsShell(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no sh here")
	}
}

func TestGoodNotesAreFoundGoodAndCounted(t *testing.T) {
	needsShell(t)
	c := repositoryWith(t, nil)
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	c.Runs = true
	found, counts, err := c.Check()
	if err != nil || len(found) > 0 {
		t.Fatalf("error %v, findings %v", err, found)
	}
	want := Counts{
		Declarations: Part{5, 5}, Fields: Part{4, 4}, Steps: Part{2, 2}, Functions: Part{1, 1},
		Snippets: 2, Claims: 1, Tests: 1, Lessons: 1, Links: 13, Outputs: 1,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryFaultIsFoundAndNothingElse(t *testing.T) {
	for _, test := range []struct {
		name, file, is, becomes string // what is becomes a fault, before the note is written
		want                    []string
	}{
		// Declarations and fields.
		{"a declaration without a section", "conn.md", "、<a id=\"errFull\"></a>`errFull`", "",
			[]string{"docs/zh/conn.md: explain errFull: ### <a id=\"errFull\"></a>`errFull`：…"}},
		{"a section of what is not declared", "conn.md", "### 错误", "### <a id=\"errGone\"></a>`errGone`：没有了",
			[]string{"docs/zh/conn.md (errGone): comm/conn.go declares no errGone: rename or remove its section"}},
		{"a section with two names", "conn.md", "`connection.write`：写", "`write`：写",
			[]string{"docs/zh/conn.md: explain connection.write: ### <a id=\"connection.write\"></a>`connection.write`：…",
				"docs/zh/conn.md (connection.write): the anchor connection.write and the name write differ: give the section the same name twice"}},
		{"a field without an item", "conn.md", "- `outBuff`：", "- outBuff：",
			[]string{"docs/zh/conn.md (connection): explain connection.outBuff by an item of a list in this section: - `outBuff`：…"}},
		{"a field that is only mentioned", "conn.md", "- `outBuff`：", "- `outBuff` 是",
			[]string{"docs/zh/conn.md (connection): explain connection.outBuff by an item of a list in this section: - `outBuff`：…"}},
		{"a method of an interface without an item", "conn.md", "- `create`：造一条。", "没有。",
			[]string{"docs/zh/conn.md (factory): explain factory.create by an item of a list in this section: - `create`：…"}},

		// Steps.
		{"a step without an anchor", "conn.md", "<a id=\"conn.written\"></a>", "",
			[]string{"docs/zh/conn.md: explain the step conn.written: <a id=\"conn.written\"></a>…",
				"docs/zh/trace.md (步骤表): conn.md#conn.written: there is no such anchor and no such heading"}},
		{"a step of another file", "trace.md", "# 步骤表", "# <a id=\"conn.read\"></a>步骤表",
			[]string{"docs/zh/trace.md (conn.read): the step conn.read is explained in conn.md: give this anchor another name"}},
		{"a step in the middle of a sentence", "conn.md", "<a id=\"conn.written\"></a>再报告", "再<a id=\"conn.written\"></a>报告",
			[]string{"docs/zh/conn.md (conn.write): put the anchor of conn.written at the beginning of a paragraph or of an item of a list, or into a heading"}},
		{"a step without a word", "conn.md", "先到门前，**等放行。** 然后走。", "",
			[]string{"docs/zh/conn.md: say what happens at conn.write: no sentence stands between its anchor and the next anchor or heading"}},
		{"no table of the steps", "trace.md", "<!-- steps -->", "",
			[]string{"docs/zh/trace.md: put the lines <!-- steps --> and <!-- /steps --> where the table of the steps is to stand, and run make docs"}},

		// Code.
		{"typed code", "conn.md", "<!-- code connection -->\n", "如下：\n\n",
			[]string{"docs/zh/conn.md (conn.written): this code was typed: put <!-- code NAME --> above it, and make docs draws it from the source"}},
		{"code of what is not declared", "conn.md", "<!-- code connection -->", "<!-- code conection -->",
			[]string{"docs/zh/conn.md (conn.written): comm/conn.go declares no conection; a method is written Type.method"}},
		{"code of a file that is not there", "conn.md", "<!-- code connection -->", "<!-- code comm/con.go connection -->",
			[]string{"docs/zh/conn.md (conn.written): there is no readable Go file comm/con.go; name the file, as in <!-- code comm/conn.go connection -->"}},
		{"a range to a step that the function does not take", "conn.md", "conn.write..conn.written", "conn.write..conn.read",
			[]string{"docs/zh/conn.md (conn.written): connection.write takes no step conn.read"}},
		{"a range backwards", "conn.md", "conn.write..conn.written", "conn.written..conn.write",
			[]string{"docs/zh/conn.md (conn.written): in connection.write the step conn.written comes behind conn.write"}},
		{"an order in no form", "conn.md", "<!-- code connection -->", "<!-- code connection conn.write -->",
			[]string{"docs/zh/conn.md (conn.written): write the range of steps as STEP..STEP, not conn.write"}},
		{"an order without a block", "conn.md", "没有差异。", "<!-- code connection -->\n\n没有差异。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): there is no block below this line: put an empty one there"}},
		{"code in a block of another language", "conn.md", "<!-- code connection -->\n```go", "<!-- code connection -->\n```text",
			[]string{"docs/zh/conn.md (conn.written): the block below <!-- code … --> is to begin with ```go"}},

		// Evidence.
		{"a test that does not exist", "conn.md", "[TestWriting]", "[TestWritten]",
			[]string{"docs/zh/conn.md (conn.written): there is no test TestWritten in this repository"}},
		{"a lesson that does not exist", "conn.md", "、[第 3 课]〕", "、[第 30 课]〕",
			[]string{"docs/zh/conn.md (conn.written): there is no lesson of this number: 第 30 课"}},
		{"evidence without brackets", "conn.md", "[TestWriting]、[第 3 课]", "[TestWriting]、第 3 课",
			[]string{"docs/zh/conn.md (conn.written): write 〔见 [TestWriting]、第 3 课〕 as 〔见 [TestX]〕, 〔见 [第 3 课]〕 or 〔见 [TestX]、[第 3 课]〕"}},
		{"evidence behind the full stop", "conn.md", "先来先写〔见 [TestWriting]、[第 3 课]〕。", "先来先写。〔见 [TestWriting]、[第 3 课]〕",
			[]string{"docs/zh/conn.md (conn.written): put 〔见 [TestWriting]、[第 3 课]〕 before the full stop"}},
		{"a lesson of another sentence that does not exist", "conn.md", "再报告，见 [第 3 课]。", "再报告，见 [第 4 课]。",
			[]string{"docs/zh/conn.md (conn.written): there is no 第 4 课 in this repository"}},
		{"a function without evidence", "conn.md", "〔见 [TestWriting]、[第 3 课]〕", "",
			[]string{"docs/zh/conn.md (connection.write): the section of connection.write claims nothing that is shown: end a sentence with 〔见 [TestX]〕 or 〔见 [第 3 课]〕"}},

		// Links, lines, words.
		{"a link to a file that is not there", "conn.md", "(trace.md)", "(traces.md)",
			[]string{"docs/zh/conn.md (1. 这个文件解决什么问题): traces.md: there is no such file"}},
		{"a link to an anchor that is not there", "conn.md", "(trace.md)", "(trace.md#conn.write)",
			[]string{"docs/zh/conn.md (1. 这个文件解决什么问题): trace.md#conn.write: there is no such anchor and no such heading"}},
		{"a link to a heading that is not there", "conn.md", "(#3-函数)", "(#函数)",
			[]string{"docs/zh/conn.md (1. 这个文件解决什么问题): #函数: there is no such anchor and no such heading"}},
		{"a link to an anchor that is only shown", "conn.md", "没有差异。", "写 `<a id=\"shown\"></a>`，见[这里](#shown)。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): #shown: there is no such anchor and no such heading"}},
		{"a link to a place in source", "conn.md", "(trace.md)", "(../../comm/conn.go#write)",
			[]string{"docs/zh/conn.md (1. 这个文件解决什么问题): ../../comm/conn.go#write: only a note has anchors; link to the file alone"}},
		{"a link out of the repository", "conn.md", "(trace.md)", "(../../../trace.md)",
			[]string{"docs/zh/conn.md (1. 这个文件解决什么问题): ../../../trace.md: this leads out of the repository"}},
		{"a link to just anywhere", "conn.md", "https://www.rfc-editor.org/", "https://www.rfc-editor.org.example.com/",
			[]string{"docs/zh/conn.md (1. 这个文件解决什么问题): https://www.rfc-editor.org.example.com/rfc/rfc9113: link only to pkg.go.dev, go.dev, github.com/hyperledger/fabric or rfc-editor.org, by https"}},
		{"an anchor twice", "conn.md", "### 错误", "### <a id=\"factory\"></a>错误",
			[]string{"docs/zh/conn.md (factory): there is another anchor factory above: a link reaches only that one"}},
		{"a line by its number", "conn.md", "没有差异。", "看第 12 行。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): 第 12 行: name no line by its number; name the function or the step"}},
		{"a line by its number, in code", "conn.md", "没有差异。", "看 `conn.go:12`。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): conn.go:12: name no line by its number; name the function or the step"}},
		{"a word that the glossary does not want", "conn.md", "没有差异。", "同伴在 `同伴` 里，类型断言不算，断言算。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): 同伴: the glossary says 节点", "docs/zh/conn.md (5. 与 Fabric 各版本的差异): 断言: the glossary says 谓词"}},
		{"half-width punctuation", "conn.md", "没有差异。", "没有,差异。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “没有,差异。”: Chinese has punctuation of its own: ，；：？！（）。"}},
		{"half-width punctuation beside code", "conn.md", "没有差异。", "没有 `x`; 差异 (两处)。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “没有 `…`; 差异 (两”: Chinese has punctuation of its own: ，；：？！（）。",
				"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “有 `…`; 差异 (两处)。”: Chinese has punctuation of its own: ，；：？！（）。",
				"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “ 差异 (两处)。”: Chinese has punctuation of its own: ，；：？！（）。"}},
		{"no space beside Latin", "conn.md", "没有差异。", "没有2处，[gRPC](trace.md)也没有 `x`的。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “没有2处，gRPC”: put a space between Chinese and Latin letters, digits or code",
				"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “2处，gRPC也没有 `…`的。”: put a space between Chinese and Latin letters, digits or code",
				"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “PC也没有 `…`的。”: put a space between Chinese and Latin letters, digits or code"}},
		{"the quotation marks of others", "conn.md", "没有差异。", "没有“差异”。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “没有“差异”。”: quote with 「」",
				"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “没有“差异”。”: quote with 「」"}},
		{"a space beside punctuation", "conn.md", "没有差异。", "没有， 差异。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “没有， 差异。”: no space beside this punctuation"}},
		{"a link that is none", "conn.md", "没有差异。", "没有[差异](trace md)。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “没有[差异](trace ”: this link is shown as it is: no spaces and no Chinese punctuation in its target"}},
		{"a bare address", "conn.md", "没有差异。", "见 <https://example.com/>。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): https://example.com/: link only to pkg.go.dev, go.dev, github.com/hyperledger/fabric or rfc-editor.org, by https"}},
		{"bold that does not end", "conn.md", "没有差异。", "**没有：**差异。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “**没有：**差”: these asterisks are shown as they are: let what is bold begin and end with a letter, and put punctuation outside",
				"docs/zh/conn.md (5. 与 Fabric 各版本的差异): “**没有：**差异。”: these asterisks are shown as they are: let what is bold begin and end with a letter, and put punctuation outside"}},

		// Shape and commands.
		{"a part that is missing", "conn.md", "## 5. 与 Fabric 各版本的差异", "## 5. 差异",
			[]string{"docs/zh/conn.md: the part ## 5. 与 Fabric 各版本的差异 is missing, or stands elsewhere than behind the one before it"}},
		{"another title", "conn.md", "# conn.go：一条连接", "# 一条连接", []string{"docs/zh/conn.md (一条连接): begin the note with # conn.go：…"}},
		{"a diagram of no kind", "conn.md", "flowchart LR", "flow LR",
			[]string{"docs/zh/conn.md (4. 并发图): a diagram begins with its kind: flowchart LR, sequenceDiagram, stateDiagram-v2 …"}},
		{"a command that runs no test", "conn.md", "-run TestWriting", "-run 'TestReading|TestWritings'",
			[]string{"docs/zh/conn.md (6. 动手): no test of that package matches -run TestReading|TestWritings"}},
		{"a command that runs a test of another package", "conn.md", "go test ./comm -run TestWriting", "dlv test ./walkthroughs -- -test.run TestWriting",
			[]string{"docs/zh/conn.md (6. 动手): no test of that package matches -run TestWriting"}},
		{"a command that plays no lesson", "conn.md", "explore play 3", "explore play 4",
			[]string{"docs/zh/conn.md (6. 动手): explore play 4: there is no such lesson"}},
		{"a command for no note", "conn.md", "explore play 3 --plain --theme dark", "explore note conn.wrote",
			[]string{"docs/zh/conn.md (6. 动手): explore note conn.wrote: there is no such step, declaration or note"}},
		{"a flag that explore does not have", "conn.md", "--plain", "--plane",
			[]string{"docs/zh/conn.md (6. 动手): explore play has no flag --plane"}},
		{"a flag of another command", "conn.md", "explore play 3 --plain", "explore note conn.write --plain",
			[]string{"docs/zh/conn.md (6. 动手): explore note has no flag --plain", "docs/zh/conn.md (6. 动手): explore note has no flag --theme"}},
		{"a flag of another command of the same function", "conn.md", "explore play 3 --plain --theme dark", "explore version --short --plain",
			[]string{"docs/zh/conn.md (6. 动手): explore version has no flag --plain"}},
		{"a flag that is only asked for", "conn.md", "--plain", "--pace",
			[]string{"docs/zh/conn.md (6. 动手): explore play has no flag --pace"}},
		{"a flag of a command, without the command", "conn.md", "explore play 3 --plain --theme dark --lang=zh", "explore --lang zh --help --plain",
			[]string{"docs/zh/conn.md (6. 动手): explore has no flag --plain"}},
		{"a flag before the command", "conn.md", "explore play 3 --plain", "explore --lang zh play 3 --short",
			[]string{"docs/zh/conn.md (6. 动手): explore play has no flag --short"}},
		{"a command that only a test has", "conn.md", "explore play 3 --plain --theme dark --lang=zh", "explore dry",
			[]string{"docs/zh/conn.md (6. 动手): explore has no command dry"}},
		{"a command for an anchor that is only shown", "conn.md", "没有差异。", "写 `<a id=\"shown\"></a>`，再 `explore note shown`。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): explore note shown: there is no such step, declaration or note"}},
		{"a test that does not exist, in code", "conn.md", "没有差异。", "`TestWriting` 有，`TestWritten/once` 没有，`TestX` 不算，`Testify` 也不算。",
			[]string{"docs/zh/conn.md (5. 与 Fabric 各版本的差异): there is no test TestWritten/once in this repository"}},
		{"a package that is not there", "conn.md", "go test ./comm ", "go test ./com ",
			[]string{"docs/zh/conn.md (6. 动手): there is no package ./com"}},
		{"a target that is not in the Makefile", "conn.md", "make docs", "make doc",
			[]string{"docs/zh/conn.md (6. 动手): the Makefile has no target doc"}},
		{"a command that is none", "conn.md", "explore play 3", "explore plays 3",
			[]string{"docs/zh/conn.md (6. 动手): explore has no command plays"}},
	} {
		before := small["docs/zh/"+test.file]
		if !strings.Contains(before, test.is) {
			t.Errorf("%s: %s does not have %q", test.name, test.file, test.is)
			continue
		}
		c := repositoryWith(t, map[string]string{"docs/zh/" + test.file: strings.Replace(before, test.is, test.becomes, 1)})
		if err := c.Write(); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(test.want, findings(t, c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// The texts beside the notes say what to type and where to read on; the rest of the rules is for notes.
func TestTheOtherTextsAreHeldToTheirCommandsAndLinks(t *testing.T) {
	const exercise = "walkthroughs/exercises/a/README.md"
	for _, test := range []struct {
		name, file, is, becomes string
		want                    []string
	}{
		{"a lesson and a flag that there are not", "README.md", "play 3 --plain", "play 77 --plane",
			[]string{"README.md (A project): explore play 77: there is no such lesson", "README.md (A project): explore play has no flag --plane"}},
		{"a test that there is not", "README.md", "`TestWriting`", "`TestWritten`",
			[]string{"README.md (A project): there is no test TestWritten in this repository"}},
		{"a link to a file that there is not", "README.md", "docs/zh/conn.md#conn.write", "docs/zh/con.md",
			[]string{"README.md (A project): docs/zh/con.md: there is no such file"}},
		{"a link to an anchor that there is not", "README.md", "#conn.write", "#conn.read",
			[]string{"README.md (A project): docs/zh/conn.md#conn.read: there is no such anchor and no such heading"}},
		{"a link to a heading that there is not", "README.md", "#练习", "#课",
			[]string{"README.md (A project): walkthroughs/exercises/a/README.md#课: there is no such anchor and no such heading"}},
		{"a link that leads elsewhere from where the text is", exercise, "../../../docs", "../../docs",
			[]string{exercise + " (练习): ../../docs/zh/conn.md#connection: there is no such file"}},
		{"a link out of the repository", exercise, "../../../docs", "../../../../docs",
			[]string{exercise + " (练习): ../../../../docs/zh/conn.md#connection: this leads out of the repository"}},
		{"a package that there is not", exercise, "./comm", "./com",
			[]string{exercise + " (练习): there is no package ./com"}},
		{"no punctuation of its own", exercise, "，读", ",读", nil},
	} {
		if !strings.Contains(small[test.file], test.is) {
			t.Errorf("%s: %s does not have %q", test.name, test.file, test.is)
			continue
		}
		c := repositoryWith(t, map[string]string{
			test.file:                  strings.Replace(small[test.file], test.is, test.becomes, 1),
			"docs/README.md":           "# 没有\n\n[没有](none.md)\n",
			"comm/testdata/README.md":  "[none](none.md)\n",
			".hidden/README.md":        "[none](none.md)\n",
			"tools/README.md":          "[none](none.md)\n",
			"tools/go.mod":             "module tools\n",
			"comm/testdata/no/text.md": "`make none`\n",
		})
		if err := c.Write(); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		want := append([]string{"docs/README.md (没有): none.md: there is no such file"}, test.want...)
		slices.Sort(want)
		if diff := cmp.Diff(want, findings(t, c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// What a machine writes may grow old without anybody touching the note.
func TestWhatHasBecomeOldIsFoundAndWrittenAnew(t *testing.T) {
	needsShell(t)
	for _, test := range []struct {
		name, file, is, becomes string // in any file, after the notes were written
		want                    []string
	}{
		{"the source", "comm/conn.go", "outBuff chan string", "outBuff chan []byte",
			[]string{"docs/zh/conn.md (conn.written): this code is not what the source gives: run make docs"}},
		{"code in the note", "docs/zh/conn.md", "outBuff chan string", "outBuff chan []byte",
			[]string{"docs/zh/conn.md (conn.written): this code is not what the source gives: run make docs"}},
		{"an output", "docs/zh/conn.md", "写完了\n", "没写完\n", []string{"docs/zh/conn.md (6. 动手): this is not what the command prints: run make docs"}},
		{"the table", "walkthroughs/testdata/3-send.zh.txt", "○ conn.write ", "● conn.written ",
			[]string{"docs/zh/trace.md: the table of the steps is not what it should be: run make docs"}},
		{"the links", "docs/zh/conn.md", "[第 3 课]: ../../walkthroughs", "[第 3 课]: ../walkthroughs",
			[]string{"docs/zh/conn.md: the links to tests and lessons at its end are not what they should be: run make docs"}},
	} {
		c := repositoryWith(t, nil)
		if err := c.Write(); err != nil {
			t.Fatal(err)
		}
		before := read(t, c, test.file)
		if !strings.Contains(before, test.is) {
			t.Errorf("%s: %s does not have %q:\n%s", test.name, test.file, test.is, before)
			continue
		}
		after := strings.Replace(before, test.is, test.becomes, 1)
		if err := os.WriteFile(filepath.Join(c.Root, test.file), []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
		c.Runs = true
		if diff := cmp.Diff(test.want, findings(t, c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if err := c.Write(); err != nil {
			t.Fatal(err)
		}
		if found := findings(t, c); len(found) > 0 {
			t.Errorf("%s: after writing anew: %v", test.name, found)
		}
	}
}
