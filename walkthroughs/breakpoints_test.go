package walkthroughs

// The comments of the lessons, and the READMEs, say where to stop in the layer under a debugger, and what to look at there. The layer is
// type-checked here, and they are held to it: a breakpoint is a function that there is, and what stands in backquotes behind it is
// something that the debugger can print there.

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// breakpoint is how a function of the layer is named to a debugger.
	breakpoint = regexp.MustCompile("`?" + `comm\.(?:\(\*(\w+)\)|(encounter))\.(\w+)` + "`?")
	// pointedAt finds breakpoints and what is in backquotes.
	pointedAt = regexp.MustCompile(breakpoint.String() + "|`([^`]+)`")
	// likeCode finds what looks like an expression.
	likeCode = regexp.MustCompile(`\w+\([^)]*\)|\b[a-z]\w*\.\w+|\b[a-z]+[A-Z]\w*`)
	// quoted is a command of the debugger in a comment.
	quoted = regexp.MustCompile(`"[^"]*"`)
)

// ofDebugger are the commands of the debugger that a README has in backquotes.
var ofDebugger = []string{"next"}

func TestWhatALessonSaysToLookAtUnderADebuggerIsThere(t *testing.T) {
	comm := readLayer(t)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	lessons := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range file.Comments {
			text := comment.Text()
			if breakpoint.MatchString(text) {
				lessons++
			}
			for _, fault := range append(comm.faults(text), unmarked(text)...) {
				t.Errorf("%s: %s", name, fault)
			}
		}
	}
	if lessons != len(All()) {
		t.Errorf("%d comments have breakpoints, and there are %d lessons", lessons, len(All()))
	}
}

func TestWhatTheReadmesSayToLookAtUnderADebuggerIsThere(t *testing.T) {
	comm := readLayer(t)
	for _, name := range []string{"../README.md", "../README.zh.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for line := range strings.Lines(string(text)) {
			if breakpoint.MatchString(line) {
				rows++
			}
			for _, fault := range comm.faults(line) {
				t.Errorf("%s: %s", name, fault)
			}
		}
		if rows < len(All()) {
			t.Errorf("%s has %d rows with a breakpoint for %d lessons", name, rows, len(All()))
		}
	}
}

func TestWhatIsNotThereToLookAtIsFound(t *testing.T) {
	comm := readLayer(t)
	for text, want := range map[string][]string{
		"comm.(*connection).givesWay":                    {"comm has no function connection.givesWay"},
		"comm.(*connection).giveWay: `successor`":        nil,
		"comm.(*connection).giveWay: `heir`":             {"in connection.giveWay there is no heir"},
		"comm.(*connection).close: `conn.lingers`":       nil,
		"comm.(*connection).close: `conn.farewell`":      {"in connection.close there is no conn.farewell"},
		"comm.(*connection).close: `len(conn.farewell)`": {"in connection.close there is no len(conn.farewell)"},
		// A field of a local, a field of what is embedded elsewhere, a name of the package, and names of others.
		"comm.(*connectionStore).admit: `standing.closeReason`":            nil,
		"comm.(*connection).interceptAck: `msg.Nonce`, `msg.Once`":         {"in connection.interceptAck there is no msg.Once"},
		"comm.(*connection).send: `errQueueFull`, `comm.ErrStopped`":       nil,
		"comm.(*connection).write: `io.EOF`, `comm.ErrStoped`":             {"in connection.write there is no comm.ErrStoped"},
		"`comm.(*connection).send` `m`, then `comm.encounter.decide`, `m`": {"in encounter.decide there is no m"},
		"`anything` and then comm.(*connection).send, `next`":              nil,
		"comm.(*connection).send: `conn.`":                                 {"in connection.send there is no conn."},
	} {
		if got := comm.faults(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string][]string{
		"-test.run TestX, on comm.(*connection).send: `conn.outBuff`, \"stack\".": nil,
		"comm.(*connection).send: look at conn.outBuff":                           {"put conn.outBuff in backquotes"},
		"comm.(*connection).send: look at len(outBuff)":                           {"put len(outBuff) in backquotes"},
		"comm.(*connection).send: look at shouldBlock":                            {"put shouldBlock in backquotes"},
		"This is about no breakpoint, but conn.outBuff":                           nil,
	} {
		if got := unmarked(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// unmarked finds what looks like an expression behind a breakpoint but is not in backquotes, and so would be held to nothing.
func unmarked(text string) (faults []string) {
	at := breakpoint.FindStringIndex(text)
	if at == nil {
		return nil
	}
	words := quoted.ReplaceAllString(pointedAt.ReplaceAllString(text[at[0]:], ""), "")
	for _, expr := range likeCode.FindAllString(words, -1) {
		faults = append(faults, "put "+expr+" in backquotes")
	}
	return faults
}

// layer is package comm, type-checked.
type layer struct {
	pkg   *types.Package
	files []*ast.File
	info  types.Info
}

// faults finds the breakpoints in a text that there are not, and what is in backquotes behind one but is nothing there.
func (l *layer) faults(text string) (faults []string) {
	var stop *place
	for _, m := range pointedAt.FindAllStringSubmatch(text, -1) {
		expr := m[4]
		switch {
		case m[3] != "":
			name := m[1] + m[2] + "." + m[3]
			if stop = l.function(name); stop == nil {
				faults = append(faults, "comm has no function "+name)
			}
		case stop != nil && !slices.Contains(ofDebugger, expr) && !stop.has(expr):
			faults = append(faults, "in "+stop.name+" there is no "+expr)
		}
	}
	return faults
}

// function returns where a function, named as type.method, is; nil if there is none.
func (l *layer) function(name string) *place {
	for _, file := range l.files {
		for _, decl := range file.Decls {
			function, isFunction := decl.(*ast.FuncDecl)
			if !isFunction || function.Recv == nil {
				continue
			}
			receiver := strings.TrimPrefix(types.ExprString(function.Recv.List[0].Type), "*")
			if receiver+"."+function.Name.Name == name {
				return &place{l, name, function, l.info.Scopes[file]}
			}
		}
	}
	return nil
}

// place is a function of the layer as the debugger sees it when it stops there.
type place struct {
	*layer
	name     string
	function *ast.FuncDecl
	imported *types.Scope
}

// has reports whether an expression means something in the function.
func (p *place) has(text string) bool {
	expr, err := parser.ParseExpr(text)
	return err == nil && len(p.typesOf(expr)) > 0
}

// typesOf returns the types that an expression may have: a function may have several variables of one name.
func (p *place) typesOf(expr ast.Expr) (all []types.Type) {
	switch expr := expr.(type) {
	case *ast.Ident:
		return p.named(expr.Name)
	case *ast.CallExpr: // of len or cap
		if len(expr.Args) == 1 && len(p.typesOf(expr.Args[0])) > 0 {
			return p.typesOf(expr.Fun)
		}
	case *ast.SelectorExpr:
		if pkg := p.packageOf(expr.X); pkg != nil {
			if object := pkg.Scope().Lookup(expr.Sel.Name); object != nil || !pkg.Complete() {
				return []types.Type{types.Typ[types.Invalid]}
			}
		}
		for _, t := range p.typesOf(expr.X) {
			if object, _, _ := types.LookupFieldOrMethod(t, true, p.pkg, expr.Sel.Name); object != nil {
				all = append(all, object.Type())
			}
		}
	}
	return all
}

// named returns the types of what has a name in the function: its parameters and variables, or else what the package or the language has.
func (p *place) named(name string) (all []types.Type) {
	for ident, object := range p.info.Defs {
		if object != nil && ident.Name == name && p.function.Pos() <= ident.Pos() && ident.Pos() < p.function.End() {
			all = append(all, object.Type())
		}
	}
	if _, object := p.pkg.Scope().LookupParent(name, token.NoPos); object != nil {
		all = append(all, object.Type())
	}
	return all
}

// packageOf returns the package that an expression names: the layer itself, or one that its file imports.
func (p *place) packageOf(expr ast.Expr) *types.Package {
	ident, isIdent := expr.(*ast.Ident)
	if !isIdent {
		return nil
	}
	if ident.Name == p.pkg.Name() {
		return p.pkg
	}
	if imported, is := p.imported.Lookup(ident.Name).(*types.PkgName); is {
		return imported.Imported()
	}
	return nil
}

// readLayer type-checks package comm.
func readLayer(t *testing.T) *layer {
	t.Helper()
	l := &layer{info: types.Info{Defs: make(map[*ast.Ident]types.Object), Scopes: make(map[ast.Node]*types.Scope)}}
	var err error
	if l.pkg, l.files, err = make(ours).check("gossipscope/comm", &l.info); err != nil {
		t.Fatal(err)
	}
	return l
}

// ours are packages of this repository, type-checked from their source. Those of others are not read: what they declare has no type, and
// cannot be looked into.
type ours map[string]*types.Package

// Import is what go/types needs to find the imported packages.
func (o ours) Import(path string) (*types.Package, error) {
	pkg, err := o[path], error(nil)
	if pkg == nil {
		pkg, _, err = o.check(path, nil)
		o[path] = pkg
	}
	return pkg, err
}

func (o ours) check(path string, info *types.Info) (*types.Package, []*ast.File, error) {
	folder, isOurs := strings.CutPrefix(path, "gossipscope/")
	if !isOurs {
		return nil, nil, fmt.Errorf("%s is not read", path)
	}
	names, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(folder), "*.go"))
	if err != nil {
		return nil, nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
	}
	conf := types.Config{Importer: o, Error: func(error) {}} // the errors are those of what is not read
	pkg, _ := conf.Check(path, set, files, info)
	return pkg, files, nil
}
