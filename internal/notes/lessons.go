package notes

// What the checker knows of the lessons: from their transcripts, what happens in them; from their source, which steps they are about.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gossipscope/comm/trace"
)

// lesson is one of the lessons.
type lesson struct {
	transcript string // "walkthroughs/testdata/3-send.zh.txt"
	slug       string
	text       string              // of the transcript
	about      map[trace.Step]bool // the steps that it explains
}

var transcriptName = regexp.MustCompile(`^(\d+)-(.*)\.zh\.txt$`)

// lessonsIn finds the lessons of a repository, by number.
func lessonsIn(root string, steps map[string]trace.Step) (map[int]lesson, error) {
	about, err := subjectsOf(filepath.Join(root, "walkthroughs"), steps)
	if err != nil {
		return nil, err
	}
	const testdata = "walkthroughs/testdata"
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(testdata)))
	if err != nil {
		return nil, err
	}
	lessons := make(map[int]lesson)
	for _, entry := range entries {
		match := transcriptName.FindStringSubmatch(entry.Name())
		if match == nil {
			continue
		}
		number, err := strconv.Atoi(match[1])
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(testdata), entry.Name()))
		if err != nil {
			return nil, err
		}
		lessons[number] = lesson{path.Join(testdata, entry.Name()), match[2], string(text), about[number]}
	}
	return lessons, nil
}

// subjectsOf reads from the source of the lessons which steps each is about.
func subjectsOf(dir string, steps map[string]trace.Step) (map[int]map[trace.Step]bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	subjects := make(map[int]map[trace.Step]bool)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, isLiteral := n.(*ast.CompositeLit)
			if !isLiteral || literal.Type == nil || typeName(literal.Type) != "Lesson" {
				return true
			}
			if number, about := subject(literal, steps); number > 0 {
				subjects[number] = about
			}
			return false
		})
	}
	return subjects, nil
}

// subject reads Lesson{Number: 3, About: []trace.Step{trace.ConnWrite}}.
func subject(literal *ast.CompositeLit, steps map[string]trace.Step) (number int, about map[trace.Step]bool) {
	about = make(map[trace.Step]bool)
	for _, element := range literal.Elts {
		field, isField := element.(*ast.KeyValueExpr)
		if !isField {
			continue
		}
		key, _ := field.Key.(*ast.Ident)
		switch value := field.Value.(type) {
		case *ast.BasicLit:
			if key != nil && key.Name == "Number" {
				number, _ = strconv.Atoi(value.Value) // 0 if it is none, and then it is no lesson
			}
		case *ast.CompositeLit:
			for _, step := range value.Elts {
				if selector, isSelector := step.(*ast.SelectorExpr); isSelector && key != nil && key.Name == "About" {
					about[steps[selector.Sel.Name]] = true
				}
			}
		}
	}
	return number, about
}
