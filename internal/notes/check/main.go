// Command check checks the notes, or, with -write, first writes into them what is drawn from elsewhere: code, outputs, links, the table of
// the steps. Files named on the command line are the only ones that are written, and that findings are printed of: by a path one of them,
// by a bare name such as README.md all that have it.
//
// The exit status is 1 if something was found, 2 if nothing could be checked.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"gossipscope/internal/notes"
)

func main() {
	write := flag.Bool("write", false, "write code, outputs, links and tables before checking")
	runs := flag.Bool("runs", false, "also run the commands of which a note prints the output, and compare")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./internal/notes/check [-write] [-runs] [FILE...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	found, err := check(os.Stdout, *write, *runs, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "notes:", err)
		os.Exit(2)
	}
	if found {
		os.Exit(1)
	}
}

// check prints what it finds in the notes, and reports whether that is anything.
func check(out io.Writer, write, runs bool, files []string) (found bool, err error) {
	root, err := repository()
	if err != nil {
		return false, err
	}
	c := notes.NewChecker(root)
	c.Runs = runs
	names, err := namesIn(root, files)
	if err != nil {
		return false, err
	}
	if write {
		if err := c.Write(names...); err != nil {
			return false, err
		}
	}
	findings, counts, err := c.Check()
	if err != nil {
		return false, err
	}
	for _, f := range findings {
		if len(names) == 0 || meant(f.File, names) {
			found = true
			fmt.Fprintln(out, f)
		}
	}
	fmt.Fprint(out, counts)
	return found, nil
}

// namesIn returns the files that are named on the command line as the repository names them; a bare name is left as it is.
func namesIn(root string, files []string) ([]string, error) {
	var names []string
	for _, file := range files {
		if filepath.Base(file) != file {
			absolute, err := filepath.Abs(file)
			if err != nil {
				return nil, err
			}
			if file, err = filepath.Rel(root, absolute); err != nil {
				return nil, err
			}
		}
		names = append(names, filepath.ToSlash(file))
	}
	return names, nil
}

// meant reports whether a file of the repository is one of these.
func meant(file string, names []string) bool {
	return slices.Contains(names, file) || slices.Contains(names, path.Base(file))
}

// repository returns the root of the repository around the working directory.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("run it in the repository: there is no go.mod here or above")
		}
		dir = parent
	}
}
