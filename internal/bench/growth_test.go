package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gossipscope/internal/text"
)

// grown is what BenchmarkGrowth prints, with two or three cases of each curve.
var grown = "pkg: gossipscope/comm\n" +
	grew("peers/1", 70, 35) + grew("peers/128", 9000, 4500) +
	grew("size/1048576", 5000, 2500) + grew("size/100", 10, 5) +
	grew("subscribers/1", 8, 5) + grew("subscribers/4", 11, 5) + grew("subscribers/64", 71, 5)

// grew is the line of a case, with quartiles a tenth below and above each median.
func grew(name string, ours, limit float64) string {
	line := "BenchmarkGrowth/" + name + "-2 \t 1"
	for unit, value := range map[string]float64{"us-ours": ours, "us-limit": limit, "ours/limit": ours / limit} {
		line += fmt.Sprintf("\t%g %s\t%g %[2]s-q1\t%[4]g %[2]s-q3", value, unit, value*0.9, value*1.1)
	}
	return line + "\t 137216 B/connection\t 15.00 goroutines/connection\n"
}

func TestCurvesStandInTables(t *testing.T) {
	report, _ := read(t, grown)
	want := `
What a message to many peers costs until all have acknowledged it (time of a SendWithAck; median, and quartiles)
peers  gossipscope            bare gRPC              ratio             for each peer  heap for each connection  goroutines for each connection
1      70 µs (63–77)          35 µs (31.5–38.5)      2 (1.80–2.20)     70 µs          134 KiB                   15
128    9 ms (8.10–9.90)       4.50 ms (4.05–4.95)    2 (1.80–2.20)     70.3 µs        134 KiB                   15

What a message costs by its size (time for each message; median, and quartiles)
data in a message  gossipscope            bare gRPC            ratio             gossipscope, each second  bare gRPC, each second
100 B              10 µs (9–11)           5 µs (4.50–5.50)     2 (1.80–2.20)     10 MB                     20 MB
1 MiB              5 ms (4.50–5.50)       2.50 ms (2.25–2.75)  2 (1.80–2.20)     210 MB                    419 MB

What a message costs by the number of those who subscribe to it (time for each message; median, and quartiles)
subscribers  gossipscope            bare gRPC            ratio             for each one more
1            8 µs (7.20–8.80)       5 µs (4.50–5.50)     1.60 (1.44–1.76)
4            11 µs (9.90–12.1)      5 µs (4.50–5.50)     2.20 (1.98–2.42)  1 µs
64           71 µs (63.9–78.1)      5 µs (4.50–5.50)     14.2 (12.8–15.6)  1 µs
`
	var got strings.Builder
	report.printCurves(&got)
	if diff := cmp.Diff(lines(want), lines(got.String())); diff != "" {
		t.Errorf("the tables (-want +got):\n%s", diff)
	}
}

func TestTheNotesHaveTheSameTableInMarkdown(t *testing.T) {
	report, _ := read(t, grown)
	want := `| 订阅者数 | 通信层 | 裸 gRPC | 倍数 | 每多一个订阅者 |
|--:|--:|--:|--:|--:|
| 1 | 8 µs (7.20–8.80) | 5 µs (4.50–5.50) | 1.60 (1.44–1.76) |  |
| 4 | 11 µs (9.90–12.1) | 5 µs (4.50–5.50) | 2.20 (1.98–2.42) | 1 µs |
| 64 | 71 µs (63.9–78.1) | 5 µs (4.50–5.50) | 14.2 (12.8–15.6) | 1 µs |
`
	var got strings.Builder
	if err := report.markdown(&got, "subscribers", text.Chinese); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	if err := report.markdown(&got, "subscriber", text.Chinese); err == nil {
		t.Error("there is a table of what is no curve")
	}
}

func TestTheNotesHaveTheGoalsInMarkdown(t *testing.T) {
	report, _ := read(t, output+
		"BenchmarkOrdered/4KiB-8 \t 1\t 10 msg/s-limit\t 9 msg/s-ours\t 0.9 ours/limit\t 0.8 ours/limit-q1\t 1 ours/limit-q3\n"+
		"BenchmarkPlayingALesson/acks-8 \t 1\t 17 %core-playing\nBenchmarkPlayingALesson/stop-8 \t 1\t 16 %core-playing\n")
	want := `| 量的是什么 | 基准测试 | 这一层 | 极限 | 比值 | 目标 |  |
|:--|:--|:--|:--|:--|:--|:--|
| 有序 | ` + "`Ordered/4KiB`" + ` | 9 msg/s | 10 msg/s | 0.90 (0.80–1) | ≥ 0.95 | **没达到** |
| 放一课 | ` + "`PlayingALesson/acks`" + ` | 17 % 的一个核 |  |  | ≤ 20 | 达到 |
`
	var got strings.Builder
	writeMarkdown(&got, report.goalsTable([]goal{
		{text.Text{Zh: "有序", En: "in order"}, "Ordered", "ours/limit", atLeast(0.95)},
		{text.Text{Zh: "放一课", En: "a lesson plays"}, "PlayingALesson", "%core-playing", atMost(20)},
		{text.Text{Zh: "握手", En: "handshake"}, "Handshake", "ours/limit", atLeast(0.75)}, // which was not measured
	}, text.Chinese), ":--")
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	if err := report.markdown(&got, goalsName, text.English); err != nil {
		t.Error(err)
	}
}

// A unit that a benchmark has made up says nothing to a reader of the notes.
func TestEveryUnitThatIsJudgedHasWords(t *testing.T) {
	for _, g := range goals {
		_, has := units[g.unit]
		if isRatio := strings.Contains(g.unit, "/"); has == isRatio {
			t.Errorf("%q: the unit %s has words: %t, and is a ratio: %t", g.row.En, g.unit, has, isRatio)
		}
	}
}

func TestACurveThatIsNotWholeIsNoCurve(t *testing.T) {
	for name, output := range map[string]string{
		"not measured":          "",
		"one case only":         grew("peers/1", 70, 35),
		"a case without a name": grew("peers/1", 70, 35) + grew("peers/many", 70, 35),
		"no quartile":           grew("peers/1", 70, 35) + strings.Replace(grew("peers/2", 70, 35), "us-limit-q3", "us-limit-q4", 1),
		"nothing of ours":       grew("peers/1", 70, 35) + strings.ReplaceAll(grew("peers/2", 70, 35), "us-ours", "ms-ours"),
	} {
		report, _ := read(t, output)
		if points, err := report.points(curves[0]); err == nil {
			t.Errorf("%s: no error, but %v", name, points)
		}
	}
}

func TestGrowthDoesNotStandBesideTheGoals(t *testing.T) {
	report, _ := read(t, output+grown)
	var got strings.Builder
	report.print(&got)
	if strings.Contains(got.String(), "Growth") || !strings.Contains(got.String(), "Flood/4KiB") {
		t.Errorf("%s", &got)
	}
}

func TestAxisReachesAroundAllValuesAndNoFurther(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		want      string
	}{
		{3.2, 46.7, "2 µs, 5 µs, 10 µs, 20 µs, 50 µs"},
		{20, 50, "20 µs, 50 µs"},
		{19.9, 50.1, "10 µs, 20 µs, 50 µs, 100 µs"},
		{450, 1200, "200 µs, 500 µs, 1 ms, 2 ms"},
		{0.3, 0.4, "0.20 µs, 0.50 µs"},
		{10, 10, "10 µs, 20 µs"},
	} {
		var got []string
		for _, tick := range ticks(test.low, test.high) {
			got = append(got, tick.Label)
		}
		if got := strings.Join(got, ", "); got != test.want {
			t.Errorf("%g to %g: %s, want %s", test.low, test.high, got, test.want)
		}
	}
}

func TestPictureHasAllOfACurve(t *testing.T) {
	report, _ := read(t, grown)
	points, err := report.points(curves[1])
	if err != nil {
		t.Fatal(err)
	}
	want := picture{
		Title: "消息有大有小，传一条要多久",
		X:     axis{"消息里的数据", []tick{{100, "100 B"}, {1 << 20, "1 MiB"}}},
		Y: axis{"每条消息的时间（中位数；竖线是第一到第三四分位）", []tick{{2, "2 µs"}, {5, "5 µs"}, {10, "10 µs"}, {20, "20 µs"}, {50, "50 µs"},
			{100, "100 µs"}, {200, "200 µs"}, {500, "500 µs"}, {1000, "1 ms"}, {2000, "2 ms"}, {5000, "5 ms"}, {10000, "10 ms"}}},
		Lines: []line{
			{"通信层", []dot{{100, 10, 9, 11}, {1 << 20, 5000, 4500, 5500}}},
			{"裸 gRPC", []dot{{100, 5, 4.5, 5.5}, {1 << 20, 2500, 2250, 2750}}},
		},
	}
	if diff := cmp.Diff(want, curves[1].picture(points, text.Chinese)); diff != "" {
		t.Errorf("the picture (-want +got):\n%s", diff)
	}
}

// drawAs stands for the program that draws.
func drawAs(p picture) ([]byte, error) { return []byte("<svg>" + p.Title + "</svg>"), nil }

// kept returns the content of every file below a folder.
func kept(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(folder, name))
		all[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAWholeRunIsKeptAndCanBeTakenAgain(t *testing.T) {
	report, _ := read(t, output+grown)
	report.judge([]goal{{named("ordered, 100 B"), "Ordered/100B", "ours/limit", atLeast(0.95)}})
	folder := filepath.Join(t.TempDir(), "docs")
	if err := report.keep(folder, drawAs); err != nil {
		t.Fatal(err)
	}
	files := kept(t, folder)
	for name, want := range map[string]string{
		"img/growth-peers-zh.svg":       "<svg>一条消息发给多个节点，等它们全部确认</svg>",
		"img/growth-peers-en.svg":       "<svg>What a message to many peers costs until all have acknowledged it</svg>",
		"img/growth-size-zh.svg":        "<svg>消息有大有小，传一条要多久</svg>",
		"img/growth-size-en.svg":        "<svg>What a message costs by its size</svg>",
		"img/growth-subscribers-zh.svg": "<svg>订阅者有多有少，交付一条消息要多久</svg>",
		"img/growth-subscribers-en.svg": "<svg>What a message costs by the number of those who subscribe to it</svg>",
	} {
		if files[name] != want {
			t.Errorf("%s holds %q, want %q", name, files[name], want)
		}
	}
	if len(files) != 7 {
		t.Errorf("%d files were kept", len(files))
	}

	// Taken again it is the same report: it prints the same, and keeps the same.
	var first, second strings.Builder
	report.print(&first)
	report.printCurves(&first)
	err := again(&second, filepath.Join(folder, "bench.json"), func(r *Report) error { return r.keep(folder, drawAs) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Errorf("printed again (-new +kept):\n%s", diff)
	}
	if diff := cmp.Diff(files, kept(t, folder)); diff != "" {
		t.Errorf("kept again (-first +second):\n%s", diff)
	}
}

func TestWhatWasKeptIsReplacedByAWholeRunOnly(t *testing.T) {
	measured := goal{named("ordered, 100 B"), "Ordered/100B", "ours/limit", atLeast(0.95)}
	whole := output + grown
	for name, test := range map[string]struct {
		output string
		goals  []goal
		draw   func(picture) ([]byte, error)
	}{
		"a goal that was not measured":  {whole, []goal{measured, {named("handshake"), "Handshake", "ours/limit", atLeast(0.75)}}, drawAs},
		"a curve that was not measured": {strings.ReplaceAll(whole, "Growth/size", "Growth/sighs"), []goal{measured}, drawAs},
		"a picture that was not drawn": {whole, []goal{measured}, func(p picture) ([]byte, error) {
			if strings.Contains(p.X.Label, "subscribers") {
				return nil, errors.New("out of ink")
			}
			return drawAs(p)
		}},
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "bench.json"), []byte("what was kept before"), 0o644); err != nil {
			t.Fatal(err)
		}
		report, _ := read(t, test.output)
		report.judge(test.goals)
		if err := report.keep(folder, test.draw); err == nil {
			t.Errorf("%s: no error", name)
		}
		if diff := cmp.Diff(map[string]string{"bench.json": "what was kept before"}, kept(t, folder)); diff != "" {
			t.Errorf("%s: in the folder (-want +got):\n%s", name, diff)
		}
	}
}

func TestOnlyARunInWhichNothingFailsIsKept(t *testing.T) {
	module(t, map[string]string{
		"a_test.go": "package failing\n\nimport \"testing\"\n\nfunc BenchmarkGood(b *testing.B) { b.ReportMetric(7, \"apples\") }\n",
		"b_test.go": "package failing\n\nimport \"testing\"\n\nfunc BenchmarkWorse(b *testing.B) { b.Fatal(\"no more apples\") }\n",
	})
	before := suites
	defer func() { suites = before }()
	for pattern, want := range map[string]int{"^BenchmarkGood$": 1, "^Benchmark(Good|Worse)$": 0} {
		suites = []suite{{".", pattern}}
		reports := 0
		err := measure(io.Discard, io.Discard, "", func(r *Report) error {
			reports++
			return nil
		})
		if reports != want || err == nil != (want == 1) {
			t.Errorf("%s: error %v, and %d reports were kept", pattern, err, reports)
		}
	}
}

func TestOnlyTheTableThatIsAskedForIsPrinted(t *testing.T) {
	report, _ := read(t, grown)
	file := filepath.Join(t.TempDir(), "bench.json")
	if err := report.write(file); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := printTableOf(&table, file, "size", "en"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(table.String(), "| data in a message | gossipscope |") || strings.Count(table.String(), "\n") != 4 {
		t.Errorf("printed\n%s", &table)
	}
	for _, wrong := range [][3]string{{file + ".old", "size", "en"}, {file, "colour", "en"}, {file, "size", "fr"}} {
		if err := printTableOf(io.Discard, wrong[0], wrong[1], wrong[2]); err == nil {
			t.Errorf("%v: no error", wrong)
		}
	}
}

// Every curve is measured by a suite that runs.
func TestGrowthIsRun(t *testing.T) {
	run := 0
	for _, s := range suites {
		if s.names()[strings.TrimSuffix(growth, "/")] {
			run++
		}
	}
	if run != 1 {
		t.Errorf("%d suites run it", run)
	}
}
