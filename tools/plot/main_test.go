package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const points = `{"x": 1, "y": 20, "low": 15, "high": 30}, {"x": 8, "y": 900, "low": 800, "high": 950}`

// order is a small picture: two lines of two points.
const order = `{"title": "标题 & title", "x": {"label": "节点数", "ticks": [{"at": 1, "label": "one"}, {"at": 8, "label": "eight"}]},
"y": {"label": "time", "ticks": [{"at": 10, "label": "10 µs"}, {"at": 1000, "label": "1 ms"}]}, "lines": [
{"name": "ours", "points": [` + points + `]}, 
{"name": "裸 gRPC", "points": [{"x": 1, "y": 12, "low": 11, "high": 13}, {"x": 8, "y": 400, "low": 300, "high": 500}]}]}`

func drawn(t *testing.T, order string) string {
	t.Helper()
	var svg strings.Builder
	if err := run(strings.NewReader(order), &svg); err != nil {
		t.Fatal(err)
	}
	return svg.String()
}

func TestEverythingThatIsSaidStandsInThePictureAsText(t *testing.T) {
	svg := drawn(t, order)
	var words []string
	inText := false
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.CharData:
			if inText {
				words = append(words, strings.TrimSpace(string(token)))
			}
		}
	}
	said := "|" + strings.Join(words, "|") + "|"
	for _, want := range []string{"标题 & title", "节点数", "one", "eight", "time", "10 µs", "1 ms", "ours", "裸 gRPC"} {
		if strings.Count(said, "|"+want+"|") != 1 {
			t.Errorf("%q is not said once: %s", want, said)
		}
	}
}

func TestReadersUseFontsOfTheirOwn(t *testing.T) {
	svg := drawn(t, order)
	if strings.Contains(svg, "Liberation") || strings.Count(svg, "<text") != strings.Count(svg, "font-family:'Segoe UI'") {
		t.Errorf("some text has another font:\n%s", svg)
	}
}

func TestALineThatMovesMovesInThePicture(t *testing.T) {
	if drawn(t, order) != drawn(t, order) {
		t.Error("the same is not drawn the same")
	}
	for _, moved := range [][2]string{
		{`"y": 20`, `"y": 25`}, {`"low": 15`, `"low": 12`}, {`"high": 950`, `"high": 990`}, {`"x": 8, "y": 400`, `"x": 4, "y": 400`},
	} {
		if drawn(t, strings.Replace(order, moved[0], moved[1], 1)) == drawn(t, order) {
			t.Errorf("nobody sees that %s has become %s", moved[0], moved[1])
		}
	}
}

func TestWhatCannotBeDrawnIsRefused(t *testing.T) {
	for name, change := range map[string][2]string{
		"a word that it does not know": {`"title"`, `"heading"`},
		"one tick":                     {`{"at": 1, "label": "one"}, `, ``},
		"a tick at zero":               {`"at": 10,`, `"at": 0,`},
		"a value at zero":              {`"low": 15`, `"low": 0`},
		"a value below its spread":     {`"y": 20`, `"y": 10`},
		"a line without points":        {points, ``},
		"a line too many":              {`"lines": [`, `"lines": [{"name": "third", "points": [{"x": 1, "y": 2, "low": 1, "high": 3}]}, `},
	} {
		wrong := strings.Replace(order, change[0], change[1], 1)
		if wrong == order {
			t.Fatalf("%s: the order does not have %s", name, change[0])
		}
		var svg strings.Builder
		if err := run(strings.NewReader(wrong), &svg); err == nil || svg.Len() > 0 {
			t.Errorf("%s: error %v, %d bytes drawn", name, err, svg.Len())
		}
	}
}
