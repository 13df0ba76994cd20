package main

// The tables as the notes have them: "make docs" puts them there (internal/notes).

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"gossipscope/internal/text"
)

// goalsName is the name of the table of the goals, beside those of the curves.
const goalsName = "goals"

// markdown writes a table: that of the goals, or of a curve.
func (r *Report) markdown(out io.Writer, name string, lang text.Lang) error {
	if name == goalsName {
		writeMarkdown(out, r.goalsTable(goals, lang), ":--")
		return nil
	}
	i := slices.IndexFunc(curves, func(c curve) bool { return c.name == name })
	if i < 0 {
		return fmt.Errorf("there is no table %q", name)
	}
	points, err := r.points(curves[i])
	if err != nil {
		return err
	}
	writeMarkdown(out, curves[i].table(points, lang), "--:")
	return nil
}

// writeMarkdown writes a table whose first row is the titles, its columns aligned as the mark says.
func writeMarkdown(out io.Writer, table [][]string, align string) {
	for row, cells := range table {
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
		if row == 0 {
			fmt.Fprintln(out, strings.Repeat("|"+align, len(cells))+"|")
		}
	}
}

// The titles of the table of the goals, and its verdicts.
var (
	goalsTitles = []text.Text{
		{Zh: "量的是什么", En: "what"}, {Zh: "基准测试", En: "benchmark"}, {Zh: "这一层", En: "gossipscope"}, {Zh: "极限", En: "limit"},
		{Zh: "比值", En: "ratio"}, {Zh: "目标", En: "goal"}, {},
	}
	verdicts = map[Verdict]text.Text{
		Met:    {Zh: "达到", En: "met"},
		NotMet: {Zh: "**没达到**", En: "**not met**"},
	}
)

// units are the words for those of the units that a benchmark names for itself.
var units = map[string]text.Text{
	"out-of-order":       {Zh: "条", En: "messages"},
	"goroutines":         {Zh: "个", En: ""},
	"subscriptions-left": {Zh: "个", En: ""},
	"timers-left":        {Zh: "个", En: ""},
	"allocs-untraced":    {Zh: "次分配", En: "allocations"},
	"s":                  {Zh: "秒", En: "s"},
	"ms-to-first-frame":  {Zh: "ms", En: "ms"},
	"%core-playing":      {Zh: "% 的一个核", En: "% of a core"},
	"B-paused":           {Zh: "字节", En: "bytes"},
	"ms-behind":          {Zh: "ms", En: "ms"},
	"uncounted":          {Zh: "个", En: "events"},
}

// goalsTable returns a row for each goal, behind one with the titles. Where a goal judges several results, the row is that of the worst: all
// of them stand in what "make bench" prints.
func (r *Report) goalsTable(goals []goal, lang text.Lang) [][]string {
	var titles []string
	for _, title := range goalsTitles {
		titles = append(titles, title.In(lang))
	}
	table := [][]string{titles}
	for _, g := range goals {
		row, judged := r.worst(g)
		if !judged {
			continue
		}
		cells := row.cells()
		cells[0], cells[1] = g.row.In(lang), "`"+row.Benchmark+"`"
		if words, known := units[row.Unit]; known {
			cells[2] = strings.TrimSpace(number(*row.Value) + " " + words.In(lang))
		}
		cells[4] = strings.Replace(cells[4], " to ", "–", 1)
		cells[len(cells)-1] = verdicts[row.Verdict].In(lang)
		table = append(table, cells)
	}
	return table
}

// worst returns the row of the result that is furthest from a goal. It reports false if nothing was measured.
func (r *Report) worst(g goal) (worst Row, judged bool) {
	for _, result := range r.Results {
		row, about := g.judge(result)
		if about && (!judged || g.bound.least == (*row.Value < *worst.Value)) {
			worst, judged = row, true
		}
	}
	return worst, judged
}
