// Package docs carries the notes, so that the program can show them wherever it runs.
package docs

import (
	"embed"
	"io/fs"
)

//go:embed zh/*.md
var notes embed.FS

// Zh returns the Chinese notes, each under its bare name ("conn.md").
func Zh() fs.FS {
	zh, err := fs.Sub(notes, "zh")
	if err != nil {
		panic(err) // the name is a constant, and a valid one
	}
	return zh
}
