package main

// The file of --record. It is written beside its place under another name and moved there when it is complete, so that under the
// name that was asked for there is either a whole recording or nothing. A file that is there already is never touched.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"

	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
)

type recordingFile struct {
	path    string
	partial string // where it is written until it is complete
	file    *os.File
	done    bool
}

// createRecording looks whether a recording can be saved at path, and begins it. Whatever is wrong with the place comes out here,
// before a lesson was played in vain.
func createRecording(path string) (*recordingFile, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, exists(path)
	}
	partial := fmt.Sprintf("%s.%08x.part", path, rand.Uint32())
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, failed(err, text.Table.Failures.RecordCreate, text.Printable(path))
	}
	return &recordingFile{path: path, partial: partial, file: f}, nil
}

func exists(path string) error {
	return &failure{status: exitFailed, sentence: text.Table.Failures.RecordExists, args: []any{text.Printable(path)}, cause: fs.ErrExist}
}

// copy writes what the cursor comes upon, until the recorder is closed.
func (r *recordingFile) copy(c *timeline.Cursor, header timeline.Header) error {
	buffered := bufio.NewWriterSize(r.file, 64<<10)
	w, err := timeline.NewWriter(buffered, header)
	if err == nil {
		err = c.CopyTo(context.Background(), w)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return r.cannot(err)
	}
	return nil
}

func (r *recordingFile) cannot(err error) error {
	return failed(err, text.Table.Failures.RecordWrite, text.Printable(r.path))
}

// keep gives the recording its name. A link fails where a name is taken, a rename would replace what is there; so a file that has
// come meanwhile stays. Where there are no links, looking first must do.
func (r *recordingFile) keep() error {
	err := errors.Join(r.file.Sync(), r.file.Close())
	if err != nil {
		return r.cannot(err)
	}
	err = os.Link(r.partial, r.path)
	if err == nil {
		r.discard() // the other name
		return nil
	}
	if _, taken := os.Lstat(r.path); taken == nil {
		return exists(r.path)
	}
	if err := os.Rename(r.partial, r.path); err != nil {
		return r.cannot(err)
	}
	r.done = true
	return nil
}

// discard removes what was written under the other name. After keep it does nothing more.
func (r *recordingFile) discard() {
	if r.done {
		return
	}
	r.done = true
	r.file.Close() // again, if keep has done so: then it only says that
	os.Remove(r.partial)
}

// shellQuote writes a file name so that a shell takes it for one word.
func shellQuote(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:\\"
	if name != "" && strings.Trim(name, plain) == "" && name[0] != '-' {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
