package notes

// A page is a text as it is read here, for the explorer's sake and for the checker's: block by block, with the marks of Markdown gone, so
// that a rule about words meets only words. goldmark alone decides what is a heading, an anchor or code, as it does where a note is shown.

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// In the text of a block, code and anchors stand between control characters, which no note has, and one stands behind what is bold.
const (
	codeBegin, codeEnd     = "\x02", "\x03"
	anchorBegin, anchorEnd = "\x04", "\x05"
	boldEnd                = "\x06"
)

type kind int

const (
	paragraph kind = iota
	heading
	item // the first paragraph of an item of a list
	cell // of a table
)

// block is a piece of text that the reader sees as one.
type block struct {
	kind  kind
	level int    // of a heading
	line  int    // from 1
	end   int    // index of the block behind the last that belongs to it: to a heading what is under it, to an item the items in it
	text  string // with code and anchors marked
}

// link is a link or a picture in a note.
type link struct {
	line   int
	target string
}

// anchor is an element <a id="…"> in a note.
type anchor struct {
	line int
	name string
}

// page is a note, or another text of the repository.
type page struct {
	path    string // "docs/zh/conn.md"
	file    string // "conn.md"
	content string // as it is, but for the line ends of other systems
	source  string // without the block of link definitions
	lines   []string
	blocks  []block
	links   []link
	anchors []anchor // in the order of the text
	fences  []fence
}

// readPages reads the texts in Markdown that lie in a folder, which is at dir in the repository.
func readPages(files fs.FS, dir string) ([]*page, error) {
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		return nil, fmt.Errorf("looking for notes: %w", err)
	}
	slices.Sort(names)
	var pages []*page
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading a note: %w", err)
		}
		pages = append(pages, readPage(path.Join(dir, name), string(content)))
	}
	return pages, nil
}

// readPage reads a note. The link definitions at its end are no part of what is read: they are made of it, and without them [TestX]
// stands in the text as the author wrote it.
func readPage(name, content string) *page {
	content = strings.ReplaceAll(content, "\r\n", "\n")
	p := &page{path: name, file: path.Base(name), content: content, source: withoutLinks(content)}
	p.lines = strings.Split(p.source, "\n")
	source := []byte(p.source)
	r := pageReader{page: p, source: source}
	r.read(markdown().Parse(text.NewReader(source)))
	for i := range p.blocks {
		if p.blocks[i].kind == heading {
			p.blocks[i].end = p.endOfHeading(i)
		}
	}
	return p
}

// markdown returns what reads Markdown. It is made when the first text is read, since it takes its time.
var markdown = sync.OnceValue(func() parser.Parser {
	return goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify)).Parser()
})

// isNamed reports whether a page goes by a name, with its folder or without.
func (p *page) isNamed(name string) bool { return name == p.file || name == p.path }

// endOfHeading returns the index of the first block behind a heading's that is not under it.
func (p *page) endOfHeading(i int) int {
	for k := i + 1; k < len(p.blocks); k++ {
		if p.blocks[k].kind == heading && p.blocks[k].level <= p.blocks[i].level {
			return k
		}
	}
	return len(p.blocks)
}

// at names the place of a line for whoever has to find it: the anchor or the heading above it.
func (p *page) at(line int) string {
	name := ""
	for _, b := range p.blocks {
		if b.line > line {
			break
		}
		anchors, _, _ := leadOf(b.text)
		switch {
		case len(anchors) > 0:
			name = anchors[0]
		case b.kind == heading:
			name = strings.TrimSpace(plain(b.text))
		}
	}
	return name
}

// pageReader fills a page from goldmark's tree.
type pageReader struct {
	*page
	source []byte
	line   int // of the last block whose place is known
}

func (r *pageReader) read(parent ast.Node) {
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		switch node := node.(type) {
		case *ast.Heading:
			r.add(node, heading, node.Level)
		case *ast.Paragraph, *ast.TextBlock:
			r.add(node, paragraph, 0)
		case *tables.TableCell:
			r.add(node, cell, 0)
		case *ast.FencedCodeBlock:
			r.fence(node)
		case *ast.ListItem:
			begin := len(r.blocks)
			r.read(node)
			if first := node.FirstChild(); first != nil && (first.Kind() == ast.KindTextBlock || first.Kind() == ast.KindParagraph) {
				r.blocks[begin].kind, r.blocks[begin].end = item, len(r.blocks)
			}
		default:
			r.read(node)
		}
	}
}

// add adds a block.
func (r *pageReader) add(node ast.Node, k kind, level int) {
	if lines := node.Lines(); lines != nil && lines.Len() > 0 {
		r.line = r.lineOf(lines.At(0))
	}
	var words strings.Builder
	r.inline(&words, node)
	r.blocks = append(r.blocks, block{kind: k, level: level, line: r.line, end: len(r.blocks) + 1, text: words.String()})
}

// lineOf returns the number of the line on which a piece of the text begins.
func (r *pageReader) lineOf(piece text.Segment) int {
	return 1 + bytes.Count(r.source[:piece.Start], []byte("\n"))
}

// fence adds a block of code between marks. One that does not end is left out: goldmark takes it to the end of what it stands in.
func (r *pageReader) fence(node *ast.FencedCodeBlock) {
	open := r.opening(node)
	match := fenceOpens.FindStringSubmatch(r.lines[open])
	end := open + 1 + node.Lines().Len()
	if match == nil || end >= len(r.lines) {
		return
	}
	f := fence{order: orderAbove(r.lines, open), indent: match[1], mark: match[2], language: match[3], open: open, close: end}
	if last := strings.TrimSpace(r.lines[end]); strings.HasPrefix(last, f.mark) && strings.Trim(last, f.mark[:1]) == "" {
		r.fences = append(r.fences, f)
	}
	r.line = end + 1
}

// opening returns the index of the line with which a block of code begins. Of one that is empty and names no language, goldmark tells no
// place: it is the next that looks like one.
func (r *pageReader) opening(node *ast.FencedCodeBlock) int {
	switch {
	case node.Info != nil:
		return r.lineOf(node.Info.Segment) - 1
	case node.Lines().Len() > 0:
		return r.lineOf(node.Lines().At(0)) - 2
	}
	return r.line + max(slices.IndexFunc(r.lines[r.line:], fenceOpens.MatchString), 0)
}

// inline writes what a block says.
func (r *pageReader) inline(out *strings.Builder, parent ast.Node) {
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		switch node := node.(type) {
		case *ast.Text:
			out.Write(node.Value(r.source))
			if node.SoftLineBreak() || node.HardLineBreak() {
				out.WriteString("\n")
			}
		case *ast.String:
			out.Write(node.Value)
		case *ast.CodeSpan:
			out.WriteString(codeBegin)
			r.inline(out, node)
			out.WriteString(codeEnd)
		case *ast.RawHTML:
			for i := range node.Segments.Len() {
				segment := node.Segments.At(i)
				if match := anchorOpens.FindSubmatch(segment.Value(r.source)); match != nil {
					r.anchors = append(r.anchors, anchor{r.lineOf(segment), string(match[1])})
					out.WriteString(anchorBegin + string(match[1]) + anchorEnd)
				}
			}
		case *ast.AutoLink:
			r.links = append(r.links, link{r.line, string(node.URL(r.source))})
			out.WriteString(codeBegin + codeEnd)
		case *ast.Link:
			r.links = append(r.links, link{r.line, string(node.Destination)})
			r.inline(out, node)
		case *ast.Image:
			r.links = append(r.links, link{r.line, string(node.Destination)})
			r.inline(out, node)
		case *ast.Emphasis:
			r.inline(out, node)
			out.WriteString(boldEnd)
		default:
			r.inline(out, node)
		}
	}
}

var (
	anchorOpens = regexp.MustCompile(`^<a\s+(?:id|name)="([^"]+)"\s*/?>$`)
	markedCode  = regexp.MustCompile(codeBegin + "[^" + codeEnd + "]*" + codeEnd)
	markedID    = regexp.MustCompile(anchorBegin + "[^" + anchorEnd + "]*" + anchorEnd)
	spaceNeeded = regexp.MustCompile(`([，。：；、？！（）「」])` + boldEnd + ` `)
	otherMarks  = strings.NewReplacer(codeBegin, "", codeEnd, "", boldEnd, "")
)

// withoutAnchors returns the text of a block without the anchors in it.
func withoutAnchors(s string) string { return markedID.ReplaceAllString(s, "") }

// plain returns the text of a block as it is read aloud.
func plain(s string) string { return otherMarks.Replace(withoutAnchors(s)) }

// prose returns the text of a block with each piece of code replaced by one character that is no letter. Behind bold that ends with
// punctuation Markdown needs a space, which is none of the author's.
func prose(s string) string {
	s = spaceNeeded.ReplaceAllString(withoutAnchors(s), "$1")
	return markedCode.ReplaceAllString(strings.ReplaceAll(s, boldEnd, ""), codeBegin)
}

// leadOf returns the anchors and the pieces of code with which a block begins, and what follows them.
func leadOf(s string) (anchors, names []string, rest string) {
	for {
		switch {
		case strings.HasPrefix(s, anchorBegin):
			anchor, behind, _ := strings.Cut(s[len(anchorBegin):], anchorEnd)
			anchors, s = append(anchors, anchor), behind
		case strings.HasPrefix(s, codeBegin):
			name, behind, _ := strings.Cut(s[len(codeBegin):], codeEnd)
			names, s = append(names, name), behind
		default:
			r, size := utf8.DecodeRuneInString(s)
			if size == 0 || !strings.ContainsRune(" 、和与"+boldEnd, r) {
				return anchors, names, s
			}
			s = s[size:]
		}
	}
}
