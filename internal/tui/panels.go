package tui

import (
	"gossipscope/docs"
	"gossipscope/internal/lab"
	"gossipscope/internal/tui/canvas"
	"gossipscope/internal/tui/code"
	"gossipscope/internal/tui/hexview"
	"gossipscope/internal/tui/note"
	"gossipscope/internal/tui/pipeline"
	"gossipscope/internal/tui/scene"
)

type blank struct{}

func (blank) Draw(r canvas.Region, s *scene.Scene, focused bool)     {}
func (blank) Offers() []scene.Offer                                  { return nil }
func (blank) Do(c scene.Command, s *scene.Scene) scene.Outcome       { return scene.Outcome{} }
func (blank) Click(x, y int, s *scene.Scene) scene.Outcome           { return scene.Outcome{} }
func (c Config) panels() (all [viewCount]scene.Panel) {
	for i := range all {
		all[i] = blank{}
	}
	all[viewCode] = code.New()
	all[viewNote] = note.New(docs.Zh())
	all[viewPipeline] = pipeline.New()
	all[viewBytes] = hexview.New(hexview.Config{})
	_ = lab.Roots
	return all
}
