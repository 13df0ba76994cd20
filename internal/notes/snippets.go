package notes

// Code in a note is drawn from the source: by the name of a declaration, and if that is too much, from one step in it to another. Never by
// line numbers, which the next edit makes wrong, and never typed, which nothing keeps right.

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"

	"gossipscope/comm/trace"
)

// draw returns the code that an order in a note asks for: "[FILE.go] NAME [STEP..STEP]".
func (c *check) draw(note string, args string) (string, error) {
	words := strings.Fields(args)
	file := "comm/" + strings.TrimSuffix(note, ".md") + ".go"
	if len(words) > 0 && strings.HasSuffix(words[0], ".go") {
		file, words = path.Clean(words[0]), words[1:]
	}
	if len(words) == 0 || len(words) > 2 {
		return "", fmt.Errorf("write <!-- code [FILE.go] NAME [STEP..STEP] -->")
	}
	s, err := c.sourceFile(file)
	if err != nil {
		return "", fmt.Errorf("there is no readable Go file %s; name the file, as in <!-- code comm/conn.go %s -->", file, words[0])
	}
	node := s.find(words[0])
	if node == nil {
		return "", fmt.Errorf("%s declares no %s; a method is written Type.method", file, words[0])
	}
	if len(words) == 1 {
		return s.linesOf(node.Pos(), node.End()-1), nil
	}
	from, to, isRange := strings.Cut(words[1], "..")
	if !isRange {
		return "", fmt.Errorf("write the range of steps as STEP..STEP, not %s", words[1])
	}
	return s.between(node, words[0], trace.Step(from), trace.Step(to))
}

// between returns the statements from the one with a step to the one with another. Both are taken from the innermost list of statements
// that contains both, so that what is drawn closes each brace that it opens.
func (s *source) between(node ast.Node, name string, from, to trace.Step) (string, error) {
	first, last := s.pathTo(node, from), s.pathTo(node, to)
	if first == nil {
		return "", fmt.Errorf("%s takes no step %s", name, from)
	}
	if last == nil {
		return "", fmt.Errorf("%s takes no step %s", name, to)
	}
	depth := 0
	for depth+1 < len(first) && depth+1 < len(last) && first[depth+1].list == last[depth+1].list {
		depth++
	}
	if first[depth].list != last[depth].list || first[depth].statement.Pos() > last[depth].statement.Pos() {
		return "", fmt.Errorf("in %s the step %s comes behind %s", name, from, to)
	}
	return dedentText(s.linesOf(first[depth].statement.Pos(), last[depth].statement.End()-1)), nil
}

// place is a statement and the node whose list it stands in.
type place struct {
	list      ast.Node
	statement ast.Stmt
}

// pathTo returns the statements around the trace call of a step, the outermost first; nil if there is none.
func (s *source) pathTo(node ast.Node, step trace.Step) []place {
	var nodes []ast.Node
	var found []place
	ast.Inspect(node, func(n ast.Node) bool {
		if n == nil {
			nodes = nodes[:len(nodes)-1]
			return true
		}
		nodes = append(nodes, n)
		if found == nil && s.emits(n, step) {
			for i, inner := range nodes[1:] {
				if statement, is := inner.(ast.Stmt); is && slices.Contains(statementsOf(nodes[i]), statement) {
					found = append(found, place{nodes[i], statement})
				}
			}
		}
		return true
	})
	return found
}

// emits reports whether a node is the call that emits a step, or hands its name to the local function that does.
func (s *source) emits(n ast.Node, step trace.Step) bool {
	call, isCall := n.(*ast.CallExpr)
	if !isCall || len(call.Args) == 0 {
		return false
	}
	selector, isSelector := call.Args[0].(*ast.SelectorExpr)
	if !isSelector {
		return false
	}
	pkg, isIdent := selector.X.(*ast.Ident)
	return isIdent && pkg.Name == "trace" && s.steps[selector.Sel.Name] == step && step != ""
}

// statementsOf returns the list of statements of a node that has one.
func statementsOf(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// dedentText takes from every line the tabs that the first has.
func dedentText(text string) string {
	indent := text[:len(text)-len(strings.TrimLeft(text, "\t"))]
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, indent)
	}
	return strings.Join(lines, "")
}

// checkCode finds code that was typed, or that is not what the source gives any more.
func (c *check) checkCode(p *page) {
	for _, f := range p.fences {
		switch {
		case f.order != nil && f.order.kind == "run":
			c.counts.Outputs++
		case f.order != nil:
			c.counts.Snippets++
			want, err := c.draw(p.file, f.order.args)
			if err != nil {
				c.find(p, f.order.line, "%v", err)
			} else if want != f.content(p.lines) {
				c.find(p, f.open+1, "this code is not what the source gives: run make docs")
			}
			if f.language != "go" {
				c.find(p, f.open+1, "the block below <!-- code … --> is to begin with ```go")
			}
		case f.language == "go":
			c.find(p, f.open+1, "this code was typed: put <!-- code NAME --> above it, and make docs draws it from the source")
		}
	}
	for i := range p.lines {
		o := orderIn(p.lines, i)
		obeyed := func(f fence) bool { return f.order != nil && f.order.line == o.line }
		if o != nil && !p.inFence(i) && !slices.ContainsFunc(p.fences, obeyed) {
			c.find(p, o.line, "there is no block below this line: put an empty one there")
		}
	}
}

// inFence reports whether a line, by its index, is in a block of code.
func (p *page) inFence(i int) bool {
	return slices.ContainsFunc(p.fences, func(f fence) bool { return f.open <= i && i <= f.close })
}
