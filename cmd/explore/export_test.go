package main

import (
	"os"
	"strings"
	"testing"
)

func TestASequenceIsDrawnInBothFormsAndLanguages(t *testing.T) {
	for lang, word := range map[string]string{"zh": "打开流", "en": "open the stream"} {
		for form, begins := range map[string]string{"--mermaid": "sequenceDiagram\n", "--svg": "<svg "} {
			got := explore(t, "export", recorded, form, "--lang", lang)
			if got.status != 0 || !strings.HasPrefix(got.stdout, begins) || !strings.Contains(got.stdout, word) {
				t.Errorf("%s %s: %+v", form, lang, got)
			}
		}
	}
}

func TestAPartOfASequenceKnowsWhoseItIs(t *testing.T) {
	whole := explore(t, "export", recorded, "--mermaid", "--messages").stdout
	if strings.Contains(whole, "store.stored") || !strings.Contains(explore(t, "export", recorded, "--mermaid").stdout, "store.stored") {
		t.Error("--messages makes no difference, or none that is wanted")
	}
	part := explore(t, "export", recorded, "--mermaid", "--messages", "--from", "45").stdout
	if !strings.Contains(part, "participant P2 as B") || strings.Contains(part, "Ping") || !strings.Contains(part, "P2-->>P1: ▲") {
		t.Errorf("from event 45:\n%s", part)
	}
	part = explore(t, "export", recorded, "--mermaid", "--messages", "--to", "30").stdout
	if !strings.Contains(part, "Ping") || strings.Contains(part, "▲") {
		t.Errorf("up to event 30:\n%s", part)
	}
}

func TestARecordingIsReadFromStandardInput(t *testing.T) {
	for _, args := range []string{"export - --mermaid", "bytes -", "bytes - 1"} {
		f, err := os.Open(recorded)
		if err != nil {
			t.Fatal(err)
		}
		got := exploreIn(t, t.Context(), func(p *program) { p.stdin = f }, strings.Fields(args)...)
		f.Close()
		if got.status != 0 || !strings.Contains(got.stdout, "ConnEstablish") {
			t.Errorf("explore %s: %+v", args, got)
		}
	}
}
