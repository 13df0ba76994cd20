package code

// A step is one trace call in the source of the layer. This file finds the line of every step, the functions around them, and who calls
// those functions, in the source that the program was built from; so no number is written down anywhere, and none can be out of date.

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strings"

	"gossipscope/comm/trace"
)

// Site is a place in the source: a statement, or the head of a function. Lines count from 1.
type Site struct {
	File     string
	Line     int
	Last     int    // its last line
	Function string // around it, as Go names it: "(*connection).write"
}

// Map knows where everything is in a package.
type Map struct {
	Files []string // in the order of their names

	source    map[string][]byte
	steps     map[trace.Step][]Site
	atLine    map[string]map[int]trace.Step
	functions []function
	calls     []call
}

// function is a function that the package declares.
type function struct {
	site     Site   // its head
	doc      int    // the line where its comment begins, or the head
	end      int    // its last line
	name     string // without its receiver
	receiver string // the name by which its body calls the receiver, "" if it has none
}

// call is a call of something by its bare name.
type call struct {
	site Site
	name string
	on   string // what the method is called on: of "m.conn.lose" it is "conn"; "" if no method is called
}

// ReadMap reads the Go files of a package.
func ReadMap(files fs.FS) (*Map, error) {
	names, err := fs.Glob(files, "*.go")
	if err != nil {
		return nil, fmt.Errorf("looking for the source: %w", err)
	}
	slices.Sort(names)
	m := &Map{Files: names, source: make(map[string][]byte), steps: make(map[trace.Step][]Site), atLine: make(map[string]map[int]trace.Step)}
	for _, name := range names {
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading the source: %w", err)
		}
		m.source[name] = source
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parsing the source: %w", err)
		}
		m.atLine[name] = make(map[int]trace.Step)
		m.readFile(set, name, file)
	}
	return m, nil
}

func (m *Map) readFile(set *token.FileSet, name string, file *ast.File) {
	for _, declaration := range file.Decls {
		declared, isFunction := declaration.(*ast.FuncDecl)
		if !isFunction {
			continue
		}
		f := readFunction(set, name, declared)
		m.functions = append(m.functions, f)
		ast.Inspect(declared, func(n ast.Node) bool {
			if c, isCall := n.(*ast.CallExpr); isCall {
				m.readCall(c, Site{File: name, Line: set.Position(c.Pos()).Line, Last: set.Position(c.End()).Line, Function: f.site.Function})
			}
			return true
		})
	}
}

func readFunction(set *token.FileSet, name string, declared *ast.FuncDecl) function {
	line := func(p token.Pos) int { return set.Position(p).Line }
	f := function{name: declared.Name.Name, doc: line(declared.Pos()), end: line(declared.End())}
	f.site = Site{File: name, Line: line(declared.Pos()), Last: line(declared.Type.End()), Function: f.name}
	if declared.Doc != nil {
		f.doc = line(declared.Doc.Pos())
	}
	if declared.Recv == nil || len(declared.Recv.List) != 1 {
		return f
	}
	receiver := declared.Recv.List[0]
	if len(receiver.Names) == 1 {
		f.receiver = receiver.Names[0].Name
	}
	switch t := receiver.Type.(type) {
	case *ast.StarExpr:
		if ident, named := t.X.(*ast.Ident); named {
			f.site.Function = "(*" + ident.Name + ")." + f.name
		}
	case *ast.Ident:
		f.site.Function = t.Name + "." + f.name
	}
	return f
}

func (m *Map) readCall(c *ast.CallExpr, site Site) {
	name, on := calledName(c)
	if name == "" {
		return
	}
	m.calls = append(m.calls, call{site: site, name: name, on: on})
	method := on != "" && (name == "Gate" || name == "Report")
	check := on == "" && name == "check"
	if (!method && !check) || len(c.Args) != 2 {
		return
	}
	constant, isSelector := c.Args[0].(*ast.SelectorExpr)
	if !isSelector {
		return
	}
	if pkg, isIdent := constant.X.(*ast.Ident); !isIdent || pkg.Name != "trace" {
		return
	}
	if step, known := stepOf(constant.Sel.Name); known {
		m.steps[step] = append(m.steps[step], site)
		m.atLine[site.File][site.Line] = step
	}
}

// calledName returns what a call calls, and on what.
func calledName(c *ast.CallExpr) (name, on string) {
	switch called := c.Fun.(type) {
	case *ast.Ident:
		return called.Name, ""
	case *ast.SelectorExpr:
		switch x := called.X.(type) {
		case *ast.Ident:
			return called.Sel.Name, x.Name
		case *ast.SelectorExpr:
			return called.Sel.Name, x.Sel.Name
		}
	}
	return "", ""
}

// stepOf returns the step that a constant of package trace stands for. Constants are named after their steps: ConnWrite is
// "conn.write"; one of them, after the beginning of its step alone: AuthAwait is "auth.await-verdict".
func stepOf(constant string) (trace.Step, bool) {
	constant = strings.ToLower(constant)
	var begun trace.Step
	for _, info := range trace.Catalogue {
		name := withoutMarks.Replace(string(info.Step))
		if name == constant {
			return info.Step, true
		}
		if strings.HasPrefix(name, constant) {
			begun = info.Step
		}
	}
	return begun, begun != ""
}

var withoutMarks = strings.NewReplacer(".", "", "-", "")

// Source returns the text of a file.
func (m *Map) Source(file string) []byte { return m.source[file] }

// Sites returns the trace calls of a step.
func (m *Map) Sites(step trace.Step) []Site { return m.steps[step] }

// StepAt returns the step that is emitted at a line.
func (m *Map) StepAt(file string, line int) (trace.Step, bool) {
	step, found := m.atLine[file][line]
	return step, found
}

// Method returns the head of an exported method: of several with this name, the one in the first file.
func (m *Map) Method(name string) (Site, bool) {
	for _, f := range m.functions {
		if f.name == name && f.receiver != "" {
			return f.site, true
		}
	}
	return Site{}, false
}

// Function returns the lines of the function around a line: of its comment, its head and its end; all 0 if there is none.
func (m *Map) Function(file string, line int) (doc, head, end int) {
	for _, f := range m.functions {
		if f.site.File == file && f.doc <= line && line <= f.end {
			return f.doc, f.site.Line, f.end
		}
	}
	return 0, 0, 0
}

// Callers returns the calls of a function, in the order of the source. What an exported function is called by lies mostly outside of
// the package, so of those there are none. Two types may have methods of one name; then a call counts if what it is made on has the
// name that the method itself gives to its receiver, which in this package is the same everywhere.
func (m *Map) Callers(of string) []Site {
	i := slices.IndexFunc(m.functions, func(f function) bool { return f.site.Function == of })
	if i < 0 || ast.IsExported(m.functions[i].name) {
		return nil
	}
	callee := m.functions[i]
	namesakes := 0
	for _, f := range m.functions {
		if f.name == callee.name {
			namesakes++
		}
	}
	var sites []Site
	for _, c := range m.calls {
		switch {
		case c.name != callee.name, (c.on == "") != (callee.receiver == ""):
		case namesakes == 1, c.on == callee.receiver:
			sites = append(sites, c.site)
		}
	}
	return sites
}
