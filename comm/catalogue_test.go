package comm

// The step is the joint between the code and everything that explains it. These tests hold the code to the catalogue: what the
// catalogue promises is emitted, at one place, in the file and in the way that it says; and nothing else is.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gossipscope/comm/trace"
)

// site is one trace call.
type site struct {
	Call     string // Gate, Report, or check, which reports
	File     string
	Position string
}

// parseSource parses the embedded source.
func parseSource(t *testing.T) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	names, err := fs.Glob(Source(), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]*ast.File)
	set := token.NewFileSet()
	for _, name := range names {
		text, err := fs.ReadFile(Source(), name)
		if err != nil {
			t.Fatal(err)
		}
		if files[name], err = parser.ParseFile(set, name, text, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
	}
	return set, files
}

// stepConstants returns the names of the constants of type trace.Step, with their values.
func stepConstants(t *testing.T) map[string]trace.Step {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "trace/steps.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	steps := make(map[string]trace.Step)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, isValue := n.(*ast.ValueSpec)
		if !isValue || len(spec.Values) != 1 {
			return true
		}
		if ident, named := spec.Type.(*ast.Ident); !named || ident.Name != "Step" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		steps[spec.Names[0].Name] = trace.Step(text)
		return true
	})
	return steps
}

// traceCall returns the name of a call that emits a step, and "" for any other call.
func traceCall(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		if fun.Sel.Name == "Gate" || fun.Sel.Name == "Report" {
			return fun.Sel.Name
		}
	case *ast.Ident:
		if fun.Name == "check" {
			return fun.Name
		}
	}
	return ""
}

// stepNamed returns the step that an expression names as trace.CONSTANT.
func stepNamed(expr ast.Expr, steps map[string]trace.Step) (trace.Step, bool) {
	selector, isSelector := expr.(*ast.SelectorExpr)
	if !isSelector {
		return "", false
	}
	if pkg, isIdent := selector.X.(*ast.Ident); !isIdent || pkg.Name != "trace" {
		return "", false
	}
	step, found := steps[selector.Sel.Name]
	return step, found
}

// stepSites finds every trace call of the layer. It fails the test for a call whose step is not named on the spot, beside the one in
// the closure check, and for a step that is named anywhere else: neither could be found by who looks for the line of a step.
func stepSites(t *testing.T) map[trace.Step][]site {
	t.Helper()
	steps := stepConstants(t)
	set, files := parseSource(t)
	sites := make(map[trace.Step][]site)
	for name, file := range files {
		named, emitted, unnamed := 0, 0, 0
		ast.Inspect(file, func(n ast.Node) bool {
			if expr, isExpr := n.(ast.Expr); isExpr {
				if _, found := stepNamed(expr, steps); found {
					named++
				}
			}
			call, isCall := n.(*ast.CallExpr)
			if !isCall || traceCall(call) == "" || len(call.Args) != 2 {
				return true
			}
			step, found := stepNamed(call.Args[0], steps)
			if !found {
				unnamed++
				return true
			}
			emitted++
			sites[step] = append(sites[step], site{Call: traceCall(call), File: name, Position: set.Position(call.Pos()).String()})
			return true
		})
		wantUnnamed := 0
		if name == "comm_impl.go" {
			wantUnnamed = 1 // the Report inside check
		}
		if unnamed != wantUnnamed {
			t.Errorf("%s: %d trace calls do not name their step, want %d", name, unnamed, wantUnnamed)
		}
		if named != emitted {
			t.Errorf("%s: names a step %d times, but in trace calls only %d times", name, named, emitted)
		}
	}
	return sites
}

func TestEveryStepOfTheCatalogueIsEmittedAtOnePlace(t *testing.T) {
	sites := stepSites(t)
	for _, info := range trace.Catalogue {
		if at := sites[info.Step]; len(at) != 1 {
			t.Errorf("%s is emitted at %d places, so nobody can say which line it is: %v", info.Step, len(at), at)
		}
	}
}

func TestCatalogueSaysInWhichFileAndHowAStepIsEmitted(t *testing.T) {
	for step, at := range stepSites(t) {
		info, known := trace.Lookup(step)
		if !known {
			t.Errorf("%s is emitted at %v, but is not in the catalogue", step, at)
			continue
		}
		for _, s := range at {
			if s.File != info.File {
				t.Errorf("%s is emitted at %s, the catalogue says %s", step, s.Position, info.File)
			}
			if gate := s.Call == "Gate"; gate != info.Gate {
				t.Errorf("%s: %s of %s, but the catalogue says that gate is %v", s.Position, s.Call, step, info.Gate)
			}
		}
	}
}

// A gate may hold its goroutine for as long as somebody looks at a picture. Under a mutex it would hold everybody.
func TestNoGateStandsInAFunctionThatHoldsAMutexToItsEnd(t *testing.T) {
	set, files := parseSource(t)
	for _, file := range files {
		for _, decl := range file.Decls {
			function, isFunc := decl.(*ast.FuncDecl)
			if !isFunc || function.Body == nil || !unlocksAtItsEnd(function.Body) {
				continue
			}
			ast.Inspect(function.Body, func(n ast.Node) bool {
				if call, isCall := n.(*ast.CallExpr); isCall && traceCall(call) == "Gate" {
					t.Errorf("%s: a gate in %s, which holds a mutex", set.Position(call.Pos()), function.Name.Name)
				}
				return true
			})
		}
	}
}

// unlocksAtItsEnd reports whether a body defers an Unlock.
func unlocksAtItsEnd(body *ast.BlockStmt) bool {
	for _, statement := range body.List {
		if deferred, isDefer := statement.(*ast.DeferStmt); isDefer {
			if selector, isSelector := deferred.Call.Fun.(*ast.SelectorExpr); isSelector && strings.HasSuffix(selector.Sel.Name, "Unlock") {
				return true
			}
		}
	}
	return false
}

// Recovering hides the sender on a closed channel that this layer must not have; sleeping hides the missing signal, and does not
// obey the clock of the configuration. Nor does any other timer of package time.
func TestTheLayerNeitherRecoversNorSleepsNorKeepsTimeByItself(t *testing.T) {
	set, files := parseSource(t)
	ofTime := []string{"Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}
	ofContext := []string{"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause"}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, isCall := n.(*ast.CallExpr)
			if !isCall {
				return true
			}
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				if fun.Name == "recover" {
					t.Errorf("%s: recover", set.Position(call.Pos()))
				}
			case *ast.SelectorExpr:
				pkg, _ := fun.X.(*ast.Ident)
				if pkg != nil && (pkg.Name == "time" && slices.Contains(ofTime, fun.Sel.Name) ||
					pkg.Name == "context" && slices.Contains(ofContext, fun.Sel.Name)) {
					t.Errorf("%s: %s.%s goes past Config.AfterFunc", set.Position(call.Pos()), pkg.Name, fun.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestSourceHoldsEveryFileOfThePackageAndNoTest(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want[name] = string(text)
		}
	}
	got := make(map[string]string)
	embedded, err := fs.Glob(Source(), "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range embedded {
		text, err := fs.ReadFile(Source(), name)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("directory and Source differ (-directory +Source):\n%s", diff)
	}
}
