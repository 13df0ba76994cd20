package notes

// The commands that a note tells the reader to type find what they name: the packages and tests of "go test ./comm -run X", the lesson of
// "explore play 3" and what it is given, the target of "make docs". And a test that is named in code is there.

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	goCommand      = regexp.MustCompile(`\b(?:go (?:build|doc|run|test|vet)|dlv (?:debug|test))\b[^\n` + codeEnd + `]*?(?: [|&;]|[\n` + codeEnd + `]|$)`)
	runFlag        = regexp.MustCompile(`-(?:test\.)?run[ =]('[^']*'|"[^"]*"|[^\s'"` + codeEnd + `]+)`)
	packagePattern = regexp.MustCompile(`\s\./([\w./-]*)`)
	exploreCommand = regexp.MustCompile(`(?:\./cmd/|^|[\s` + codeBegin + `])explore( [^\n|;&` + codeEnd + `]+)`)
	plainWord      = regexp.MustCompile(`^[a-z]+$`)
	longFlag       = regexp.MustCompile(`^--([a-z]+)`)
	makeCommand    = regexp.MustCompile(`(?:^|[\s` + codeBegin + `])make ([a-z-]+)`)
	makeTarget     = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// typed is what a reader can type in the repository.
type typed struct {
	explore map[string][]string // the commands of explore, "" for itself, and the flags of each
	make    []string            // the targets
}

// commandsIn reads what can be typed in a repository.
func commandsIn(root string) (typed, error) {
	var t typed
	var err error
	if t.explore, err = exploreIn(root); err != nil {
		return t, err
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	for _, match := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		t.make = append(t.make, match[1])
	}
	return t, err
}

// namedTest is how a test is named in code. The name of none, which stands for any, is TestX.
var namedTest = regexp.MustCompile(codeBegin + `((?:Test|Fuzz|Example)[A-Z]\w+(?:/[^` + codeEnd + `]*)?)` + codeEnd)

// checkCommands looks at every command in a text, and at the tests that it names.
func (c *check) checkCommands(p *page) {
	for _, b := range p.blocks {
		for _, code := range markedCode.FindAllString(b.text, -1) {
			c.checkCommand(p, b.line, code)
		}
		for _, match := range namedTest.FindAllStringSubmatch(b.text, -1) {
			if _, found := c.evidence(match[1]); !found {
				c.find(p, b.line, "there is no test %s in this repository", match[1])
			}
		}
	}
	for _, printed := range printedIn(p.source) {
		c.checkCommand(p, printed.line, printed.command)
	}
	for _, f := range p.fences {
		if f.order != nil {
			c.checkCommand(p, f.order.line, f.order.args)
			continue
		}
		for i := f.open + 1; i < f.close && f.language != "mermaid"; i++ {
			c.checkCommand(p, i+1, p.lines[i])
		}
	}
}

// checkCommand looks at the commands in a piece of code.
func (c *check) checkCommand(p *page, line int, code string) {
	for _, command := range goCommand.FindAllString(code, -1) {
		c.checkGo(p, line, command)
	}
	for _, match := range exploreCommand.FindAllStringSubmatch(code, -1) {
		c.checkExplore(p, line, match[1])
	}
	for _, match := range makeCommand.FindAllStringSubmatch(code, -1) {
		if !slices.Contains(c.typed.make, match[1]) {
			c.find(p, line, "the Makefile has no target %s", match[1])
		}
	}
}

// checkGo looks at a command of go, or of the debugger dlv.
func (c *check) checkGo(p *page, line int, command string) {
	var packages []string
	for _, match := range packagePattern.FindAllStringSubmatch(command, -1) {
		dir, _ := strings.CutSuffix(match[1], "...")
		if info, err := os.Stat(filepath.Join(c.Root, filepath.FromSlash(dir))); err != nil || !info.IsDir() {
			c.find(p, line, "there is no package ./%s", match[1])
			return
		}
		packages = append(packages, match[1])
	}
	flag := runFlag.FindStringSubmatch(command)
	if flag == nil || strings.Contains(command, "-bench") {
		return
	}
	if pattern := strings.Trim(flag[1], `'"`); !c.matchesATest(pattern, packages) {
		c.find(p, line, "no test of that package matches -run %s", pattern)
	}
}

// checkExplore looks at a command of explore: its name, what it is about, its flags.
func (c *check) checkExplore(p *page, line int, typed string) {
	typed, _, _ = strings.Cut(typed, " #")
	words := strings.Fields(typed)
	command, args := c.commandOf(words)
	if _, known := c.typed.explore[command]; !known {
		c.find(p, line, "explore has no command %s", command)
		return
	}
	switch arg := append(args, "")[0]; {
	case strings.HasPrefix(arg, "-") || arg == "":
	case command == "play" && !c.isLesson(arg):
		c.find(p, line, "explore play %s: there is no such lesson", arg)
	case command == "note" && !c.isNote(arg):
		c.find(p, line, "explore note %s: there is no such step, declaration or note", arg)
	}
	for _, word := range words {
		if flag := longFlag.FindStringSubmatch(word); flag != nil && !slices.Contains(c.typed.explore[command], flag[1]) {
			c.find(p, line, "%s has no flag --%s", strings.TrimSpace("explore "+command), flag[1])
		}
	}
}

// commandOf returns the command of explore among these words, "" if there is none, and what stands behind it. A flag may stand before it,
// and then perhaps the value of the flag.
func (c *check) commandOf(words []string) (command string, args []string) {
	at := 0
	if len(words) > 0 && strings.HasPrefix(words[0], "-") {
		at = max(slices.IndexFunc(words, func(word string) bool { return c.typed.explore[word] != nil }), 0)
	}
	if at == len(words) || !plainWord.MatchString(words[at]) {
		return "", nil
	}
	return words[at], words[at+1:]
}

// matchesATest reports whether a pattern, as -run takes it, matches a test of one of these packages; of any if none is named.
func (c *check) matchesATest(pattern string, packages []string) bool {
	top, _, _ := strings.Cut(pattern, "/")
	matches, err := regexp.Compile(top)
	if err != nil {
		return false
	}
	for name, files := range c.tests {
		if matches.MatchString(name) && slices.ContainsFunc(files, func(file string) bool { return isIn(file, packages) }) {
			return true
		}
	}
	return false
}

// isIn reports whether a file is in one of these packages, as the command line names them, or whether none is named.
func isIn(file string, packages []string) bool {
	in := path.Dir("/" + file)
	return len(packages) == 0 || slices.ContainsFunc(packages, func(name string) bool {
		dir, below := strings.CutSuffix(name, "...")
		dir = path.Clean("/" + dir)
		return in == dir || below && (dir == "/" || strings.HasPrefix(in, dir+"/"))
	})
}

// isLesson reports whether a word names a lesson, or stands for any.
func (c *check) isLesson(word string) bool {
	if strings.ToUpper(word) == word && strings.ToLower(word) != word {
		return true // LESSON, N
	}
	number, err := strconv.Atoi(word)
	for n, l := range c.lessons {
		if err == nil && n == number || l.slug == word {
			return true
		}
	}
	return false
}

// isNote reports whether a word names a section of a note: a step or another anchor, a note, or a note and an anchor of it.
func (c *check) isNote(word string) bool {
	if strings.ToUpper(word) == word && strings.ToLower(word) != word {
		return true
	}
	name, anchor, _ := strings.Cut(word, "#")
	if _, found := c.library.Section(strings.TrimSuffix(name, ".md")+".md", anchor); found {
		return true
	}
	return slices.ContainsFunc(c.library.Files(), func(file string) bool {
		_, found := c.library.Section(file, word)
		return found
	})
}
