package tui

import (
	"sync"
	"time"

	"gossipscope/comm/trace"
	"gossipscope/docs"
	"gossipscope/internal/notes"
	"gossipscope/internal/timeline"
	"gossipscope/internal/tui/code"
	"gossipscope/internal/tui/hexview"
	"gossipscope/internal/tui/note"
	"gossipscope/internal/tui/pipeline"
	"gossipscope/internal/tui/scene"
	"gossipscope/internal/tui/spacetime"
	"gossipscope/internal/tui/stage"
	"gossipscope/internal/tui/tables"
)

// panels makes the panels of a session, one for each view.
func (c Config) panels(header timeline.Header) [viewCount]scene.Panel {
	return [viewCount]scene.Panel{
		viewStage:    stage.New(),
		viewPipeline: pipeline.New(),
		viewSequence: spacetime.InSlices(),
		viewCode:     code.New(),
		viewNote:     note.Of(readNotes),
		viewBytes:    hexview.New(hexview.Config{Roots: c.Roots, Began: func() time.Time { return header.Created }}),
		viewState:    tables.New(),
	}
}

// pinner is a panel that can be told to stay at a step.
type pinner interface{ Show(step trace.Step) }

// pin has the panels that explain steps stay at one.
func (w *watch) pin(step trace.Step) {
	for _, p := range w.panels {
		if p, can := p.(pinner); can {
			p.Show(step)
		}
	}
}

// readNotes returns the notes. They are long and never change, so they are read once, and not for each session.
var readNotes = sync.OnceValues(func() (*notes.Library, error) { return notes.Read(docs.Zh()) })
