package main

// What is kept of a run lies with the notes: bench.json, from which their tables are made, and a picture of each curve in each language.

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"gossipscope/internal/text"
)

// keep writes the report and the pictures into the folder of the notes. Unless all of it is there it writes nothing: a report without some
// of its rows is worth less than the one that was kept before.
func (r *Report) keep(folder string, draw func(picture) ([]byte, error)) error {
	for _, row := range r.Rows {
		if row.Verdict == NotMeasured {
			return fmt.Errorf("not kept in %s: %s was not measured", folder, row.Benchmark)
		}
	}
	pictures := make(map[string][]byte)
	for _, c := range curves {
		points, err := r.points(c)
		if err != nil {
			return fmt.Errorf("not kept in %s: %w", folder, err)
		}
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			svg, err := draw(c.picture(points, lang))
			if err != nil {
				return fmt.Errorf("not kept in %s: %w", folder, err)
			}
			pictures[fmt.Sprintf("growth-%s-%s.svg", c.name, lang)] = svg
		}
	}
	images := filepath.Join(folder, "img")
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	for name, svg := range pictures {
		if err := os.WriteFile(filepath.Join(images, name), svg, 0o644); err != nil {
			return err
		}
	}
	return r.write(filepath.Join(folder, "bench.json"))
}

// readReport reads a report that was written.
func readReport(file string) (*Report, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("%s is no report: %w", file, err)
	}
	return r, nil
}
