package walkthroughs

// The lessons together explain the whole catalogue. These tests hold them to it: each step in one lesson that is about it, and happening
// there; each failure that can be told apart happening in some lesson; and each place in the code where a lesson says to stop being there.

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"gossipscope/comm"
	"gossipscope/comm/trace"
	"gossipscope/internal/narrate"
)

func TestEveryStepHappensInTheOneLessonThatIsAboutIt(t *testing.T) {
	about := make(map[trace.Step]string)
	for _, l := range All() {
		happens := make(map[trace.Step]bool)
		for _, e := range atSeedZero(t, l) {
			if e.Step != nil {
				happens[e.Step.Step] = true
			}
		}
		for _, step := range l.About {
			if other := about[step]; other != "" {
				t.Errorf("two lessons are about %s: %s and %s", step, other, l.Slug)
			}
			if !happens[step] {
				t.Errorf("lesson %s is about %s, which does not happen in it", l.Slug, step)
			}
			about[step] = l.Slug
		}
	}
	for _, info := range trace.Catalogue {
		if about[info.Step] == "" {
			t.Errorf("no lesson is about %s", info.Step)
		}
	}
}

// A step that is told in other words when it fails has to be seen failing.
func TestEveryFailureThatHasWordsOfItsOwnHappensInSomeLesson(t *testing.T) {
	fails := make(map[trace.Step]bool)
	for _, l := range All() {
		for _, e := range atSeedZero(t, l) {
			if e.Step != nil && e.Step.Err != nil {
				fails[e.Step.Step] = true
			}
		}
	}
	for _, info := range trace.Catalogue {
		well, _ := narrate.CaptionOf(&trace.Event{Step: info.Step})
		failed, _ := narrate.CaptionOf(&trace.Event{Step: info.Step, Err: errors.New("for some reason")})
		if well != failed && !fails[info.Step] {
			t.Errorf("%s fails in no lesson", info.Step)
		}
	}
}

// breakpoint is how a doc comment or the README names a function of the layer.
var breakpoint = regexp.MustCompile(`comm\.\(\*(\w+)\)\.(\w+)|comm\.(encounter)\.(\w+)`)

func TestBreakpointsThatAreNamedExist(t *testing.T) {
	exist := functions(t)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, file := range append(sources, "../README.md", "../README.zh.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range breakpoint.FindAllStringSubmatch(string(text), -1) {
			named++
			if !exist[m[1]+m[3]+"."+m[2]+m[4]] {
				t.Errorf("%s names %s, which does not exist", file, m[0])
			}
		}
	}
	if named == 0 {
		t.Error("found no breakpoint: is the expression wrong?")
	}
}

// functions returns the methods of package comm as "type.method".
func functions(t *testing.T) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	files, err := fs.Glob(comm.Source(), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(comm.Source(), file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			f, isFunction := decl.(*ast.FuncDecl)
			if !isFunction || f.Recv == nil {
				continue
			}
			receiver := f.Recv.List[0].Type
			if pointer, isPointer := receiver.(*ast.StarExpr); isPointer {
				receiver = pointer.X
			}
			found[receiver.(*ast.Ident).Name+"."+f.Name.Name] = true
		}
	}
	return found
}
