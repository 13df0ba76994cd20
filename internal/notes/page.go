package notes

// A page is a note as the checker reads it: block by block, with the marks of Markdown gone, so that a rule about words meets only words.
// goldmark reads it, as it does for the explorer.

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
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

// page is a note, read for checking.
type page struct {
	file    string // "conn.md"
	content string // as it is
	source  string // without the block of link definitions
	lines   []string
	blocks  []block
	links   []link
	fences  []fence
}

// readPage reads a note. The link definitions at its end are no part of what is read: they are made of it, and without them [TestX]
// stands in the text as the author wrote it.
func readPage(file, content string) *page {
	p := &page{file: file, content: content, source: withoutLinks(content)}
	p.lines = strings.Split(p.source, "\n")
	p.fences = fencesOf(p.lines)
	source := []byte(p.source)
	r := pageReader{page: p, source: source}
	root := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify)).Parser().Parse(text.NewReader(source))
	r.read(root)
	for i := range p.blocks {
		if p.blocks[i].kind == heading {
			p.blocks[i].end = p.endOfHeading(i)
		}
	}
	return p
}

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
		r.line = 1 + bytes.Count(r.source[:lines.At(0).Start], []byte("\n"))
	}
	var words strings.Builder
	r.inline(&words, node)
	r.blocks = append(r.blocks, block{kind: k, level: level, line: r.line, end: len(r.blocks) + 1, text: words.String()})
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
