package main

// Pictures are drawn by a program of another module, tools/plot, since the library that draws is needed by nobody else. What to draw is
// said here, in the JSON that it reads.

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"

	"gossipscope/internal/text"
)

// picture is what tools/plot draws: lines between two logarithmic axes.
type picture struct {
	Title string `json:"title"`
	X     axis   `json:"x"`
	Y     axis   `json:"y"`
	Lines []line `json:"lines"`
}

type axis struct {
	Label string `json:"label"`
	Ticks []tick `json:"ticks"`
}

type tick struct {
	At    float64 `json:"at"`
	Label string  `json:"label"`
}

type line struct {
	Name   string `json:"name"`
	Points []dot  `json:"points"`
}

// dot is a point of a line with the quartiles around it.
type dot struct {
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// medianAndQuartiles says what a dot is and the bar through it.
var medianAndQuartiles = text.Text{Zh: "%s（中位数；竖线是第一到第三四分位）", En: "%s (median; the bars reach from quartile to quartile)"}

// picture returns a curve as it is drawn.
func (c curve) picture(points []point, lang text.Lang) picture {
	p := picture{
		Title: c.title.In(lang),
		X:     axis{Label: c.grows.In(lang)},
		Y:     axis{Label: medianAndQuartiles.Format(lang, c.cost.In(lang))},
		Lines: []line{{Name: layerName.In(lang)}, {Name: limitName.In(lang)}},
	}
	low, high := math.Inf(1), 0.0
	for _, at := range points {
		n := float64(at.n)
		p.X.Ticks = append(p.X.Ticks, tick{n, c.label(at.n)})
		for i, s := range []spread{at.ours, at.limit} {
			p.Lines[i].Points = append(p.Lines[i].Points, dot{n, s.median, s.low, s.high})
			low, high = min(low, s.low), max(high, s.high)
		}
	}
	p.Y.Ticks = ticks(low, high)
	return p
}

// ticks returns the marks of a logarithmic axis on which all values lie between the first and the last of them: 1, 2, 5, 10, 20 …
// microseconds.
func ticks(low, high float64) []tick {
	var all []tick
	for decade := math.Pow(10, math.Floor(math.Log10(low))); ; decade *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			at := digit * decade
			if at <= low {
				all = nil // only the last of these is wanted
			}
			all = append(all, tick{at, micros(at)})
			if at >= high && len(all) > 1 {
				return all
			}
		}
	}
}

// draw has a picture drawn, and returns it as SVG.
func draw(p picture) ([]byte, error) {
	order, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "run", "-C", "tools/plot", ".")
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(order)), os.Stderr
	svg, err := cmd.Output()
	if err == nil && len(svg) == 0 {
		err = errors.New("nothing was drawn")
	}
	if err != nil {
		return nil, fmt.Errorf("drawing %q: %w", p.Title, err)
	}
	return svg, nil
}
