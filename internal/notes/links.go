package notes

// Every link of a note leads somewhere: to a file of this repository, to a section of a note, or to one of a few places outside of which we
// know that they stay. No link, and no sentence, names a line of a source by its number, since that is wrong after the next edit.

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// outside are the places that a link may lead to besides this repository.
var outside = []string{
	"https://pkg.go.dev/", "https://go.dev/", "https://github.com/hyperledger/fabric/", "https://www.rfc-editor.org/", "https://rfc-editor.org/",
}

// checkLinks looks whether the links of a note lead somewhere.
func (c *check) checkLinks(p *page) {
	for _, l := range p.links {
		if fault := c.leads(p, l.target); fault != "" {
			c.find(p, l.line, "%s", fault)
		} else {
			c.counts.Links++
		}
	}
	c.counts.Links += len(definitionsIn(p.content)) // of the tests and lessons, which exist if the block is as it should be
	c.checkAnchors(p)
}

// leads returns what is wrong with a link, "" if nothing is.
func (c *check) leads(p *page, target string) string {
	if strings.Contains(target, "://") {
		for _, place := range outside {
			if strings.HasPrefix(target+"/", place) {
				return ""
			}
		}
		return target + ": link only to pkg.go.dev, go.dev, github.com/hyperledger/fabric or rfc-editor.org, by https"
	}
	name, anchor, hasAnchor := strings.Cut(target, "#")
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	if decoded, err := url.PathUnescape(anchor); err == nil {
		anchor = decoded
	}
	file := p.path
	if name != "" {
		file = path.Join(path.Dir(p.path), name)
	}
	if path.IsAbs(name) || strings.HasPrefix(file, "..") {
		return target + ": this leads out of the repository"
	}
	info, err := os.Stat(filepath.Join(c.Root, filepath.FromSlash(file)))
	if err != nil {
		return target + ": there is no such file"
	}
	if !hasAnchor {
		return ""
	}
	if info.IsDir() || path.Ext(file) != ".md" {
		return target + ": only a note has anchors; link to the file alone"
	}
	if c.hasAnchor(file, anchor) {
		return ""
	}
	return target + ": there is no such anchor and no such heading"
}

// hasAnchor reports whether a file in Markdown has an anchor, its own or one that GitHub makes of a heading.
func (c *check) hasAnchor(file, anchor string) bool {
	if anchor == "" {
		return false
	}
	if dir, name := path.Split(file); path.Clean(dir) == folder {
		_, found := c.library.Section(name, anchor)
		return found
	}
	content, err := os.ReadFile(filepath.Join(c.Root, filepath.FromSlash(file)))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(split(readPage(file, string(content))), func(s Section) bool { return s.Anchor == anchor })
}

// checkAnchors finds two anchors of one name, of which a link reaches only the first.
func (c *check) checkAnchors(p *page) {
	seen := make(map[string]bool)
	for _, b := range p.blocks {
		for _, match := range markedID.FindAllString(b.text, -1) {
			anchor := strings.Trim(match, anchorBegin+anchorEnd)
			if seen[anchor] {
				c.find(p, b.line, "there is another anchor %s above: a link reaches only that one", anchor)
			}
			seen[anchor] = true
		}
	}
}

// lineNumber is how a line is named by its number.
var lineNumber = regexp.MustCompile(`第 ?\d+ ?(?:[到至–-] ?\d+ ?)?行|\b\w+\.go:\d+|#L\d+|(?i:\blines? \d+)`)

// checkNumbers finds lines that are named by their number, anywhere but in what was printed or drawn.
func (c *check) checkNumbers(p *page) {
	made := make(map[int]bool)
	for _, f := range p.fences {
		for i := f.open + 1; f.order != nil && i < f.close; i++ {
			made[i] = true
		}
	}
	for i, line := range p.lines {
		if match := lineNumber.FindString(line); match != "" && !made[i] {
			c.find(p, i+1, "%s: name no line by its number; name the function or the step", match)
		}
	}
}
