package main

// How cost grows is measured by one benchmark, comm's BenchmarkGrowth, and shown as a curve for each thing that grows: as a table for the
// terminal, as the same table in Markdown for the notes, and as a picture (picture.go). No goal judges it.

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gossipscope/internal/text"
)

// growth is the beginning of the names of the results that are of a curve.
const growth = "Growth/"

// curve is how one cost grows.
type curve struct {
	name    string // its results are Growth/NAME/1, Growth/NAME/2 …
	title   text.Text
	cost    text.Text // what the microseconds are those of
	grows   text.Text // what the number is that of
	label   func(n int) string
	columns []column // beside those that every curve has
}

// column is one of a table.
type column struct {
	title text.Text
	cell  func(p, first point) string // of a point, and of the one with which the curve begins
}

// point is one case of a curve.
type point struct {
	n                  int
	ours, limit, ratio spread
	metrics            map[string]float64
}

// spread is a median and the quartiles around it.
type spread struct{ low, median, high float64 }

var curves = []curve{
	{
		name:  "peers",
		title: text.Text{Zh: "一条消息发给多个节点，等它们全部确认", En: "What a message to many peers costs until all have acknowledged it"},
		cost:  text.Text{Zh: "SendWithAck 用的时间", En: "time of a SendWithAck"},
		grows: text.Text{Zh: "节点数", En: "peers"},
		label: strconv.Itoa,
		columns: []column{
			{text.Text{Zh: "平均每个节点", En: "for each peer"}, func(p, _ point) string { return micros(p.ours.median / float64(p.n)) }},
			{text.Text{Zh: "每个连接的堆", En: "heap for each connection"},
				func(p, _ point) string { return number(p.metrics["B/connection"]/1024) + " KiB" }},
			{text.Text{Zh: "每个连接的 goroutine", En: "goroutines for each connection"},
				func(p, _ point) string { return number(p.metrics["goroutines/connection"]) }},
		},
	},
	{
		name:  "size",
		title: text.Text{Zh: "消息有大有小，传一条要多久", En: "What a message costs by its size"},
		cost:  text.Text{Zh: "每条消息的时间", En: "time for each message"},
		grows: text.Text{Zh: "消息里的数据", En: "data in a message"},
		label: inBytes,
		columns: []column{
			{text.Text{Zh: "通信层，每秒", En: "gossipscope, each second"}, func(p, _ point) string { return megabytes(p.n, p.ours) }},
			{text.Text{Zh: "裸 gRPC，每秒", En: "bare gRPC, each second"}, func(p, _ point) string { return megabytes(p.n, p.limit) }},
		},
	},
	{
		name:  "subscribers",
		title: text.Text{Zh: "订阅者有多有少，交付一条消息要多久", En: "What a message costs by the number of those who subscribe to it"},
		cost:  text.Text{Zh: "每条消息的时间", En: "time for each message"},
		grows: text.Text{Zh: "订阅者数", En: "subscribers"},
		label: strconv.Itoa,
		columns: []column{
			{text.Text{Zh: "每多一个订阅者", En: "for each one more"}, func(p, first point) string {
				if p.n == first.n {
					return ""
				}
				return micros((p.ours.median - first.ours.median) / float64(p.n-first.n))
			}},
		},
	},
}

// points returns the cases of a curve, sorted. A curve that cannot be drawn is an error.
func (r *Report) points(c curve) ([]point, error) {
	var points []point
	for _, result := range r.Results {
		number, ofCurve := strings.CutPrefix(result.Name, growth+c.name+"/")
		if !ofCurve {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("%s: what grows is no number", result.Name)
		}
		p := point{n: n, metrics: result.Metrics}
		for unit, s := range map[string]*spread{"us-ours": &p.ours, "us-limit": &p.limit, "ours/limit": &p.ratio} {
			*s = spread{result.Metrics[unit+"-q1"], result.Metrics[unit], result.Metrics[unit+"-q3"]}
			if s.low <= 0 || s.median < s.low || s.high < s.median {
				return nil, fmt.Errorf("%s has no %s with its quartiles", result.Name, unit)
			}
		}
		points = append(points, p)
	}
	if len(points) < 2 {
		return nil, fmt.Errorf("%s%s was not measured", growth, c.name)
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.n, b.n) })
	return points, nil
}

// table returns the points of a curve as a table, its first row being the titles.
func (c curve) table(points []point, lang text.Lang) [][]string {
	titles := []string{c.grows.In(lang)}
	for _, title := range []text.Text{layerName, limitName, ratioName} {
		titles = append(titles, title.In(lang))
	}
	for _, column := range c.columns {
		titles = append(titles, column.title.In(lang))
	}
	table := [][]string{titles}
	for _, p := range points {
		cells := []string{c.label(p.n), p.ours.micros(), p.limit.micros(), p.ratio.String()}
		for _, column := range c.columns {
			cells = append(cells, column.cell(p, points[0]))
		}
		table = append(table, cells)
	}
	return table
}

var (
	layerName = text.Text{Zh: "通信层", En: "gossipscope"}
	limitName = text.Text{Zh: "裸 gRPC", En: "bare gRPC"}
	ratioName = text.Text{Zh: "倍数", En: "ratio"}
)

// printCurves writes a table for each curve that was measured.
func (r *Report) printCurves(out io.Writer) {
	for _, c := range curves {
		points, err := r.points(c)
		if err != nil {
			fmt.Fprintf(out, "\n%v\n", err)
			continue
		}
		fmt.Fprintf(out, "\n%s (%s; median, and quartiles)\n", c.title.En, c.cost.En)
		printTable(out, c.table(points, text.English))
	}
}

// String returns the spread of a ratio.
func (s spread) String() string {
	return fmt.Sprintf("%s (%s–%s)", number(s.median), number(s.low), number(s.high))
}

// micros returns the spread of a time, all of it in the unit that suits its median.
func (s spread) micros() string {
	of, unit := unitOf(s.median)
	return fmt.Sprintf("%s %s (%s–%s)", number(s.median/of), unit, number(s.low/of), number(s.high/of))
}

// micros returns a time, which is in microseconds.
func micros(us float64) string {
	of, unit := unitOf(us)
	return number(us/of) + " " + unit
}

func unitOf(us float64) (of float64, unit string) {
	if us >= 1000 {
		return 1000, "ms"
	}
	return 1, "µs"
}

// inBytes returns how many bytes there are, in the largest unit that they fill.
func inBytes(n int) string {
	for _, unit := range []struct {
		name string
		of   int
	}{{"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= unit.of {
			return number(float64(n)/float64(unit.of)) + " " + unit.name
		}
	}
	return strconv.Itoa(n) + " B"
}

// megabytes returns how many go through in a second if one message of n bytes takes so long.
func megabytes(n int, each spread) string {
	return number(math.Round(float64(n)/each.median)) + " MB"
}
