package tui

import (
	"io"

	tea "charm.land/bubbletea/v2"

	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/internal/userdata"
)

// export is a form in which a session can be taken away.
type export struct {
	says      text.Text
	about     text.Text
	extension string
	write     func(m *Model, w io.Writer, events []timeline.Event) error
}

var exports = []export{
	{
		says:      text.Text{Zh: "时序图：Mermaid", En: "The sequence as Mermaid"},
		about:     text.Text{Zh: "文字，GitHub 和许多编辑器直接画出来", En: "text that GitHub and many editors draw"},
		extension: "mmd", write: (*Model).writeMermaid,
	},
	{
		says:      text.Text{Zh: "时序图：SVG", En: "The sequence as SVG"},
		about:     text.Text{Zh: "图，浏览器打开", En: "a picture for a browser"},
		extension: "svg", write: (*Model).writeSVG,
	},
	{
		says:      text.Text{Zh: "终端录像：asciicast v2", En: "A terminal cast: asciicast v2"},
		about:     text.Text{Zh: "asciinema play 可以播放；按现在的大小、视图和语言来画", En: "for asciinema play; drawn in this size, these views and this language"},
		extension: "cast", write: (*Model).writeCast,
	},
}

// openExports asks in which form to take away what has happened up to the moment that is shown.
func (m *Model) openExports() tea.Cmd {
	var items []item
	for _, x := range exports {
		items = append(items, item{label: x.says.In(m.lang), detail: x.about.In(m.lang), do: func(m *Model) tea.Cmd { return m.export(x) }})
	}
	return m.show(&menu{heading: says.ExportTitle.In(m.lang), items: numbered(items)})
}

// export writes the file on the side: it works on a double of the model, which nothing else changes.
func (m *Model) export(x export) tea.Cmd {
	events := m.watch.shownEvents()
	if len(events) == 0 {
		m.tell(says.NoEvent)
		return nil
	}
	double := m.double()
	return m.toFile(m.watch.fileName(), x.extension, func(path string) error {
		return userdata.WriteNew(path, func(w io.Writer) error { return x.write(double, w, events) })
	})
}

func (m *Model) writeMermaid(w io.Writer, events []timeline.Event) error {
	return diagramOf(events).Mermaid(w, m.picture())
}

func (m *Model) writeSVG(w io.Writer, events []timeline.Event) error {
	return diagramOf(events).SVG(w, m.picture())
}

// picture says how a sequence is taken away: what travels, and the steps that change something.
func (m *Model) picture() sequence.Export {
	return sequence.Export{Lang: m.lang, Title: m.watch.title.In(m.lang), Filter: sequence.Filter{Detail: sequence.Notable}}
}

func diagramOf(events []timeline.Event) *sequence.Diagram {
	d := sequence.New()
	for _, e := range events {
		d.Append(e)
	}
	return d
}
