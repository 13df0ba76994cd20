package userdata

// A new file is written beside its place under another name and moved there when it is complete, so that under the name that was asked
// for there is either all of it or nothing. A file that is there already is never touched.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"

	"gossipscope/internal/text"
)

// NewFile is a file that does not have its name yet. It is for one goroutine.
type NewFile struct {
	path    string
	partial string // where it is until it is complete
	file    *os.File
	done    bool
}

// Create looks whether there can be a new file at path, and begins it; the folder must exist. Whatever is wrong with the place comes out
// here, before there was any work in vain. The error is a *text.Error; it is fs.ErrExist if the name is taken. Keep or Discard must follow.
func Create(path string) (*NewFile, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, taken(path)
	}
	partial := fmt.Sprintf("%s.%08x.part", path, rand.Uint32())
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, text.Failed(err, says.create, text.Printable(path))
	}
	return &NewFile{path: path, partial: partial, file: f}, nil
}

// WriteNew makes a new file at path out of what write writes, which is buffered. Of whatever goes wrong nothing is left, and the error is
// a *text.Error; if that of write is one, it is returned as it is.
func WriteNew(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := f.Fill(write); err != nil {
		return err
	}
	return f.Keep()
}

// Fill writes what the file is to hold, as WriteNew does.
func (f *NewFile) Fill(write func(io.Writer) error) error {
	buffered := bufio.NewWriterSize(f.file, 64<<10)
	if err := write(buffered); err != nil {
		return f.cannot(err)
	}
	if err := buffered.Flush(); err != nil {
		return f.cannot(err)
	}
	return nil
}

// Keep gives the file its name. Create looked whether that was free, but much may have happened since: a link fails where a name is
// taken, while a rename would replace what is there, so a file that has come meanwhile stays. Where there are no links, looking first
// must do.
func (f *NewFile) Keep() error {
	if err := errors.Join(f.file.Sync(), f.file.Close()); err != nil {
		return f.cannot(err)
	}
	if os.Link(f.partial, f.path) == nil {
		f.Discard() // the other name
		return nil
	}
	if _, err := os.Lstat(f.path); err == nil {
		return taken(f.path)
	}
	if err := os.Rename(f.partial, f.path); err != nil {
		return f.cannot(err)
	}
	f.done = true
	return nil
}

// Discard removes what was written under the other name. After Keep it does nothing more.
func (f *NewFile) Discard() {
	if f.done {
		return
	}
	f.done = true
	f.file.Close() // again, if Keep has done so: then it only says that
	os.Remove(f.partial)
}

// cannot says that the file could not be written, unless err has said what is wrong in a sentence of its own.
func (f *NewFile) cannot(err error) error {
	var known *text.Error
	if errors.As(err, &known) {
		return err
	}
	return text.Failed(err, says.write, text.Printable(f.path))
}

func taken(path string) error {
	return &text.Error{Says: says.exists, Args: []any{text.Printable(path)}, Cause: fs.ErrExist}
}
