// Package userdata keeps what the program remembers of its user: which lessons he has done, what he last chose, and the recordings that
// he has made. All of it lies in one folder, where the system says that such things belong, and nothing is written anywhere else.
//
// Nothing is created before there is something to write. A program that finds no place for its data still works; it forgets.
package userdata

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gossipscope/internal/text"
)

// Name is that of the folder.
const Name = "gossipscope"

// ErrNoFolder means that the system does not say where data of its user belong.
var ErrNoFolder = errors.New("there is no folder for user data")

// Folder is where the data of the user are. The zero Folder is no place: everything that would need one gives ErrNoFolder.
type Folder struct {
	path string
}

// Find returns the folder on a system that goos names as runtime.GOOS does, from the variables of the environment. It looks at no disk.
//
// On Unix it is under $XDG_DATA_HOME (XDG Base Directory Specification 0.8), by default ~/.local/share; on macOS under
// ~/Library/Application Support; on Windows under %LOCALAPPDATA%. Without any of these it returns the zero Folder, and a *text.Error.
func Find(goos string, getenv func(string) string) (Folder, error) {
	base, variable := "", "HOME"
	switch goos {
	case "windows":
		variable = "LOCALAPPDATA"
		base = getenv(variable)
	case "darwin":
		base = under(getenv("HOME"), "Library", "Application Support")
	default:
		// The specification has it that a relative path is invalid, and to be ignored.
		if base = getenv("XDG_DATA_HOME"); !strings.HasPrefix(base, "/") {
			base = under(getenv("HOME"), ".local", "share")
		}
	}
	if base == "" {
		return Folder{}, &text.Error{Says: says.noFolder, Args: []any{variable}, Cause: ErrNoFolder}
	}
	return Folder{path: filepath.Join(base, Name)}, nil
}

// under returns a path below home, "" if that is not known.
func under(home string, elements ...string) string {
	if home == "" {
		return ""
	}
	return filepath.Join(append([]string{home}, elements...)...)
}

// RecordingsDir returns where recordings and exports go; "" for the zero Folder.
func (f Folder) RecordingsDir() string { return under(f.path, "recordings") }

// Recordings returns the paths of the recordings in RecordingsDir, the newest first.
func (f Folder) Recordings() ([]string, error) {
	dir := f.RecordingsDir()
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || dir == "" {
		return nil, nil
	}
	if err != nil {
		return nil, text.Failed(err, says.list, text.Printable(dir))
	}
	var paths []string
	modified := make(map[string]time.Time)
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".jsonl" {
			continue
		}
		path := filepath.Join(dir, e.Name())
		paths = append(paths, path)
		if info, err := os.Stat(path); err == nil {
			modified[path] = info.ModTime()
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int { return modified[b].Compare(modified[a]) })
	return paths, nil
}

// FreshName returns a path in RecordingsDir that nobody uses yet, prefix-DATE-TIME.ext, and makes that folder, since something is about
// to be put there. ext has no dot in front. Should the name be taken meanwhile, Create and its like refuse to overwrite it.
func (f Folder) FreshName(prefix, ext string) (string, error) {
	dir := f.RecordingsDir()
	if dir == "" {
		return "", &text.Error{Says: says.nowhere, Cause: ErrNoFolder}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", text.Failed(err, says.makeFolder, text.Printable(dir))
	}
	stem := fmt.Sprintf("%s-%s", prefix, time.Now().Format("20060102-150405"))
	return unused(dir, stem, "."+ext)
}

// unused returns the first of stem.ext, stem-2.ext, stem-3.ext … that does not exist.
func unused(dir, stem, ext string) (string, error) {
	path := filepath.Join(dir, stem+ext)
	for n := 2; ; n++ {
		_, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
		if err != nil {
			return "", text.Failed(err, says.makeFolder, text.Printable(dir))
		}
		path = filepath.Join(dir, fmt.Sprintf("%s-%d%s", stem, n, ext))
	}
}

// says is every sentence of the package.
var says = struct{ noFolder, nowhere, makeFolder, list, exists, create, write, setAside, notSetAside, read, save text.Text }{
	noFolder: text.Text{
		Zh: "找不到存放用户数据的地方，学习进度和设置不会保存，其余一切照常。请设置环境变量 %s。",
		En: "There is no place for user data, so progress and settings will not be kept; all else works. Set the variable %s.",
	},
	nowhere: text.Text{
		Zh: "没有可以存放文件的地方：系统没有说用户数据放在哪里。",
		En: "There is nowhere to put the file: the system does not say where user data belong.",
	},
	makeFolder: text.Text{
		Zh: "不能在 %s 里存文件，请检查权限和磁盘空间。（%s）",
		En: "Files cannot be kept in %s: check permissions and space. (%s)",
	},
	list: text.Text{
		Zh: "看不了 %s 里有哪些录像，请检查权限。（%s）",
		En: "The recordings in %s cannot be listed: check permissions. (%s)",
	},
	exists: text.Text{
		Zh: "%s 已经存在，没有覆盖它。请换一个文件名，或者先把它移走。",
		En: "%s exists already and was not overwritten. Choose another name, or move it away first.",
	},
	create: text.Text{
		Zh: "不能写到 %s，请换一个可以写的地方。（%s）",
		En: "%s cannot be written: choose a place that can. (%s)",
	},
	write: text.Text{
		Zh: "%s 没能写完，没有留下半份文件。请检查磁盘空间和权限后再试。（%s）",
		En: "%s could not be written to its end, and no half of it was left. Check space and permissions, then try again. (%s)",
	},
	setAside: text.Text{
		Zh: "记录学习进度的文件坏了，已改名为 %s，进度从头记起。（%s）",
		En: "The file of your progress was broken. It is kept as %s, and a new one is begun. (%s)",
	},
	notSetAside: text.Text{
		Zh: "记录学习进度的文件 %s 坏了，也没能改名保留，这次的进度不会保存。（%s）",
		En: "The file of your progress, %s, is broken and could not be put aside, so progress will not be kept. (%s)",
	},
	read: text.Text{
		Zh: "读不了记录学习进度的文件 %s，进度不会保存。请检查权限。（%s）",
		En: "The file of your progress, %s, cannot be read, so progress will not be kept. Check its permissions. (%s)",
	},
	save: text.Text{
		Zh: "学习进度没能存到 %s，请检查磁盘空间和权限。（%s）",
		En: "Your progress could not be saved to %s: check space and permissions. (%s)",
	},
}
