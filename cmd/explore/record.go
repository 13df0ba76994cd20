package main

// The file of --record.

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/userdata"
)

// createRecording looks whether a recording can be saved at path, and begins it. Whatever is wrong with the place comes out here,
// before a lesson was played in vain.
func createRecording(path string) (*userdata.NewFile, error) {
	file, err := userdata.Create(path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, text.Failed(err, text.Table.Failures.RecordCreate, text.Printable(path))
	}
	return file, err
}

// record writes to the file what the cursor comes upon, until the recorder is closed.
func record(file *userdata.NewFile, c *timeline.Cursor, header timeline.Header) error {
	return file.Fill(func(to io.Writer) error {
		w, err := timeline.NewWriter(to, header)
		if err == nil {
			err = c.CopyTo(context.Background(), w)
		}
		if err == nil {
			err = w.Close()
		}
		return err
	})
}

// shellQuote writes a file name so that a shell takes it for one word.
func shellQuote(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:\\"
	if name != "" && strings.Trim(name, plain) == "" && name[0] != '-' {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
