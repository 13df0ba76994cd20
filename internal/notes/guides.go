package notes

// Guides are the texts for readers beside the notes: the READMEs, the exercises, their solutions. They are written as their authors like,
// but what they tell the reader to type has to work, and their links have to lead somewhere.

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// filesIn returns the paths of the files of a repository whose names end so. What is hidden, what tests read, and what is a module of its
// own is left out.
func filesIn(root, ending string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, module := os.Stat(filepath.Join(name, "go.mod"))
			if name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || module == nil) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ending) {
			return nil
		}
		relative, err := filepath.Rel(root, name)
		files = append(files, filepath.ToSlash(relative))
		return err
	})
	return files, err
}

// checkGuides looks at the commands and the links of the guides.
func (c *check) checkGuides() error {
	files, err := filesIn(c.Root, ".md")
	if err != nil {
		return err
	}
	for _, file := range files {
		if path.Dir(file) == folder {
			continue
		}
		content, err := os.ReadFile(filepath.Join(c.Root, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		p := readPage(file, string(content))
		c.checkLinks(p)
		c.checkCommands(p)
	}
	return nil
}
