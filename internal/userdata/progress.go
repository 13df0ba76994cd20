package userdata

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gossipscope/internal/text"
)

const (
	progressFile = "progress.json"

	// largestProgress bounds what is read, in bytes: whatever is longer was not written by this program.
	largestProgress = 1 << 20
)

// Progress is what the program remembers of its user. The zero Progress is that of a new one.
type Progress struct {
	Done     map[string]time.Time `json:"done,omitempty"`     // lessons, by slug: when they were last told to their end
	Language text.Lang            `json:"language,omitempty"` // "" if none was chosen
	Theme    string               `json:"theme,omitempty"`
}

// Progress reads what is remembered. That there is nothing yet is no error. If the file is broken it is set aside under a name that ends
// with ".broken", and the error says so; whatever the error, the Progress is usable.
func (f Folder) Progress() (Progress, error) {
	if f.path == "" {
		return Progress{}, nil // Find has said it
	}
	path := filepath.Join(f.path, progressFile)
	content, err := readProgress(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Progress{}, nil
	case err != nil:
		return Progress{}, text.Failed(err, says.read, text.Printable(path))
	}
	var p Progress
	if err := decode(content, &p); err != nil {
		return Progress{}, setAside(path, err)
	}
	return p.sensible(), nil
}

func readProgress(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, largestProgress+1))
}

func decode(content []byte, p *Progress) error {
	if len(content) > largestProgress {
		return fmt.Errorf("more than %d bytes", largestProgress)
	}
	return json.Unmarshal(content, p)
}

// sensible returns p without what no program of this kind has written: somebody may have changed the file by hand.
func (p Progress) sensible() Progress {
	if _, known := text.ParseLang(string(p.Language)); !known {
		p.Language = ""
	}
	return p
}

// setAside gives a broken file another name, so that what is in it is not lost when the next one is written.
func setAside(path string, why error) error {
	aside, err := unused(filepath.Dir(path), progressFile, ".broken")
	if err == nil {
		err = os.Rename(path, aside)
	}
	if err != nil {
		return text.Failed(err, says.notSetAside, text.Printable(path))
	}
	return text.Failed(why, says.setAside, text.Printable(filepath.Base(aside)))
}

// Update changes what is remembered: it reads it anew, so that another program of the same user loses nothing, has change change it, and
// writes it, all of it or nothing. A file that cannot be read is not written over. In the zero Folder it does nothing: Find has said
// that nothing will be kept.
//
// Like Progress it sets a broken file aside and says so; what it writes then begins from nothing.
func (f Folder) Update(change func(*Progress)) error {
	if f.path == "" {
		return nil
	}
	path := filepath.Join(f.path, progressFile)
	p, before := f.Progress()
	if _, err := os.Lstat(path); before != nil && err == nil {
		return before // it is still there, and could not be read
	}
	change(&p)
	if err := f.write(path, p); err != nil {
		return text.Failed(err, says.save, text.Printable(path))
	}
	return before
}

// MarkDone notes that a lesson was told to its end.
func (p *Progress) MarkDone(slug string, when time.Time) {
	if p.Done == nil {
		p.Done = make(map[string]time.Time)
	}
	p.Done[slug] = when.UTC().Truncate(time.Second)
}

// write replaces the file in one moment.
func (f Folder) write(path string, p Progress) error {
	content, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(f.path, progressFile+".*.part")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // once it is renamed there is nothing to remove
	_, err = file.Write(append(content, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
