package notes

// Which commands explore has, and which flags each takes, its source says: the function that makes a command names it (Use) and defines
// its flags, or hands it to one that defines some.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// defined is what a function of explore defines.
type defined struct {
	commands []string // by name, "" for explore itself
	flags    []string // of these commands, or of the one that it is handed
	handed   bool     // the flags are those of a parameter
	global   []string // flags of every command
}

// exploreIn reads the commands of explore and their flags.
func exploreIn(root string) (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "cmd", "explore", "*.go"))
	if err != nil {
		return nil, err
	}
	functions := make(map[*ast.FuncDecl]defined)
	byName := make(map[string]defined)
	global := []string{"help"} // which cobra gives to each
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if function, isFunc := decl.(*ast.FuncDecl); isFunc {
				d := definedIn(function)
				functions[function], byName[function.Name.Name] = d, d
				global = append(global, d.global...)
			}
		}
	}
	commands := make(map[string][]string)
	for function, d := range functions {
		flags := append(d.flags, global...)
		ast.Inspect(function, func(n ast.Node) bool {
			if call, isCall := n.(*ast.CallExpr); isCall && byName[calledIn(call)].handed {
				flags = append(flags, byName[calledIn(call)].flags...)
			}
			return true
		})
		for _, command := range d.commands {
			commands[command] = flags
		}
	}
	return commands, nil
}

// definedIn reads a function.
func definedIn(function *ast.FuncDecl) defined {
	var d defined
	ast.Inspect(function, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, isIdent := n.Key.(*ast.Ident); isIdent && key.Name == "Use" {
				name, _, _ := strings.Cut(stringIn(n.Value), " ")
				d.commands = append(d.commands, strings.TrimPrefix(name, "explore"))
			}
		case *ast.CallExpr:
			name, set, of := flagIn(n)
			switch {
			case set == "PersistentFlags":
				d.global = append(d.global, name)
			case set == "Flags":
				d.flags = append(d.flags, name)
				d.handed = d.handed || takes(function, of)
			}
		}
		return true
	})
	return d
}

// flagIn reads c.Flags().Bool("plain", false, "line by line"): the name of the flag, the set, and what it is the set of. Who defines a flag
// gives it a name, a value and a sentence at least; who only asks for one gives less.
func flagIn(call *ast.CallExpr) (name, set string, of ast.Expr) {
	method, isMethod := call.Fun.(*ast.SelectorExpr)
	if !isMethod || len(call.Args) < 3 {
		return "", "", nil
	}
	flags, isCall := method.X.(*ast.CallExpr)
	if !isCall {
		return "", "", nil
	}
	if selector, isSelector := flags.Fun.(*ast.SelectorExpr); isSelector {
		set, of = selector.Sel.Name, selector.X
	}
	for _, arg := range call.Args {
		if name = stringIn(arg); name != "" {
			break
		}
	}
	return name, set, of
}

// takes reports whether an expression is a parameter of the function.
func takes(function *ast.FuncDecl, expr ast.Expr) bool {
	ident, isIdent := expr.(*ast.Ident)
	for _, field := range function.Type.Params.List {
		for _, name := range field.Names {
			if isIdent && name.Name == ident.Name {
				return true
			}
		}
	}
	return false
}

// calledIn returns the name of the function or method that is called.
func calledIn(call *ast.CallExpr) string {
	switch called := call.Fun.(type) {
	case *ast.Ident:
		return called.Name
	case *ast.SelectorExpr:
		return called.Sel.Name
	}
	return ""
}

// stringIn returns the value of a literal, "" if it is none.
func stringIn(expr ast.Expr) string {
	literal, isLiteral := expr.(*ast.BasicLit)
	if !isLiteral || literal.Kind != token.STRING {
		return ""
	}
	value, _ := strconv.Unquote(literal.Value) // the parser has read it
	return value
}
