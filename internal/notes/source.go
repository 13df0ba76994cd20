package notes

// What the notes explain, as the sources have it: declarations, their fields, and where the steps are.

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gossipscope/comm/trace"
)

// stepsFile is where the catalogue stands.
const stepsFile = "comm/trace/steps.go"

// source is a Go file without its comments, formatted.
type source struct {
	path  string // "comm/conn.go"
	text  []byte
	set   *token.FileSet
	file  *ast.File
	steps map[string]trace.Step // by the name of the constant
}

// declaration is what a note has a section for.
type declaration struct {
	name   string // "connection", "connection.send", "errReplaced"
	isFunc bool
	fields []string // of a struct; the methods of an interface
}

// readSource reads a Go file.
func readSource(root, path string, steps map[string]trace.Step) (*source, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	s := &source{path: path, set: token.NewFileSet(), steps: steps}
	if s.text, err = format.Source(withoutComments(text)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.file, err = parser.ParseFile(s.set, path, s.text, parser.SkipObjectResolution)
	return s, err
}

// withoutComments returns Go source without its comments, and without the lines that held nothing else. The prose of a note takes their
// place. They are found by tokens, since what looks like a comment may stand in a string.
func withoutComments(text []byte) []byte {
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	bare := slices.Clone(text)
	emptied := make(map[int]bool) // lines from which something was taken, from 1
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok != token.COMMENT {
			continue
		}
		begin := file.Offset(pos)
		for i := begin; i < begin+len(literal); i++ {
			emptied[file.Line(file.Pos(i))] = true
			if bare[i] != '\n' {
				bare[i] = ' '
			}
		}
	}
	var out bytes.Buffer
	for i, line := range bytes.SplitAfter(bare, []byte("\n")) {
		if !emptied[i+1] || len(bytes.TrimSpace(line)) > 0 {
			out.Write(line)
		}
	}
	return out.Bytes()
}

// declarations returns what the file declares, in its order. Blank names are left out: they are for the compiler.
func (s *source) declarations() []declaration {
	var all []declaration
	for _, decl := range s.file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			all = append(all, declaration{name: nameOf(decl), isFunc: true})
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					all = append(all, declaration{name: spec.Name.Name, fields: fieldsOf(spec.Type)})
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						all = append(all, declaration{name: name.Name})
					}
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(d declaration) bool { return d.name == "_" })
}

// nameOf returns the name of a function, or Type.method.
func nameOf(function *ast.FuncDecl) string {
	if function.Recv == nil || len(function.Recv.List) == 0 {
		return function.Name.Name
	}
	return typeName(function.Recv.List[0].Type) + "." + function.Name.Name
}

// typeName returns the name of a type without its package, its type parameters, and what points to it.
func typeName(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr.Name
	case *ast.StarExpr:
		return typeName(expr.X)
	case *ast.SelectorExpr:
		return expr.Sel.Name
	case *ast.IndexExpr:
		return typeName(expr.X)
	case *ast.IndexListExpr:
		return typeName(expr.X)
	}
	return ""
}

// fieldsOf returns the names of the fields of a struct, or of the methods of an interface; what is embedded has the name of its type.
func fieldsOf(expr ast.Expr) []string {
	var list *ast.FieldList
	switch expr := expr.(type) {
	case *ast.StructType:
		list = expr.Fields
	case *ast.InterfaceType:
		list = expr.Methods
	default:
		return nil
	}
	var names []string
	for _, field := range list.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
		if len(field.Names) == 0 {
			names = append(names, typeName(field.Type))
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "_" || name == "" })
}

// find returns the declaration of a name; a name out of a group in parentheses stands for the group.
func (s *source) find(name string) ast.Node {
	for _, decl := range s.file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if nameOf(decl) == name {
				return decl
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.Name == name {
						return decl
					}
				case *ast.ValueSpec:
					if slices.ContainsFunc(spec.Names, func(n *ast.Ident) bool { return n.Name == name }) {
						return decl
					}
				}
			}
		}
	}
	return nil
}

// stepsOf returns the names of the constants of the steps, with their values, and the steps as they are grouped there.
func stepsOf(root string) (byName map[string]trace.Step, groups [][]trace.Step, err error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, filepath.Join(root, filepath.FromSlash(stepsFile)), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	byName = make(map[string]trace.Step)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, isValue := n.(*ast.ValueSpec)
		if !isValue || len(spec.Values) != 1 {
			return true
		}
		if t, named := spec.Type.(*ast.Ident); !named || t.Name != "Step" {
			return true
		}
		literal, isLiteral := spec.Values[0].(*ast.BasicLit)
		if !isLiteral {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			return true
		}
		step := trace.Step(value)
		byName[spec.Names[0].Name] = step
		if spec.Doc != nil || len(groups) == 0 {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], step)
		return true
	})
	return byName, groups, nil
}

// linesOf returns the lines of the source on which a part of it stands.
func (s *source) linesOf(from, to token.Pos) string {
	lines := strings.SplitAfter(string(s.text), "\n")
	return strings.Join(lines[s.set.Position(from).Line-1:s.set.Position(to).Line], "")
}
