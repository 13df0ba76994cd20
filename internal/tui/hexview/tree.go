package hexview

import (
	"fmt"

	"gossipscope/internal/text"
	"gossipscope/internal/wire"
)

// item is a row of the tree: a node that no folded one hides. Heads are not in it: the two or three bytes in which a field says its
// number and its length belong to that field.
type item struct {
	node   *wire.Node
	depth  int
	key    string // the names on the way to it, by which it is found again in another message
	parent int    // -1 for the root
	branch bool   // it holds other items
	folded bool
}

// folds remembers which nodes the reader has folded or unfolded; the others are as usual.
type folds map[string]bool

// folded reports whether what a node holds is hidden. Usually the insides of a certificate and of a signature are.
func (f folds) folded(key string, n *wire.Node) bool {
	if folded, known := f[key]; known {
		return folded
	}
	for _, child := range n.Children {
		if child.Kind == wire.Part {
			return true
		}
	}
	return false
}

// items returns the rows of a tree.
func items(t *wire.Tree, f folds) []item {
	var list []item
	var add func(n *wire.Node, depth, parent int, key string)
	add = func(n *wire.Node, depth, parent int, key string) {
		here := len(list)
		list = append(list, item{node: n, depth: depth, key: key, parent: parent, folded: f.folded(key, n)})
		seen := make(map[string]int)
		for _, child := range n.Children {
			if child.Kind == wire.Head {
				continue
			}
			list[here].branch = true
			name := child.Label().In(text.English)
			if seen[name]++; seen[name] > 1 {
				name = fmt.Sprintf("%s %d", name, seen[name])
			}
			if !list[here].folded {
				add(child, depth+1, here, key+"/"+name)
			}
		}
	}
	add(t.Root, 0, -1, t.Root.Label().In(text.English))
	return list
}

// indexOf returns the index of the item under a key, or of the nearest above it that is there; -1 for none.
func indexOf(list []item, key string) int {
	best := -1
	for i, it := range list {
		if it.key == key {
			return i
		}
		if len(key) > len(it.key) && key[:len(it.key)+1] == it.key+"/" {
			best = i // deeper ones come later
		}
	}
	return best
}

// at returns the index of the innermost item that holds a byte.
func at(list []item, offset int) int {
	best := 0
	for i, it := range list {
		if it.node.Contains(offset) {
			best = i
		}
	}
	return best
}
