package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gossipscope/internal/sequence"
	"gossipscope/internal/text"
)

// recorded is the recording of the notes: a handshake, a message, its acknowledgement.
const recorded = "../../docs/recordings/handshake.jsonl"

func TestTheMessagesOfARecordingAreListed(t *testing.T) {
	got := explore(t, "bytes", recorded)
	if got.status != 0 {
		t.Fatalf("%+v", got)
	}
	for _, want := range []string{`1  A → B +ConnEstablish +\d+`, `2  B → A +ConnEstablish +\d+`, `3  A → B +DataMessage +\d+  "你好，B"`,
		`4  B → A +Acknowledgement +15  ack`, `explore bytes ` + regexp.QuoteMeta(recorded) + ` 1`} {
		if !regexp.MustCompile(want).MatchString(got.stdout) {
			t.Errorf("no line %q in\n%s", want, got.stdout)
		}
	}
}

// The help has its reader record a lesson and open the file: what it shows him to type must work on that.
func TestWhatTheHelpHasOneTypeWorksOnARecordingOfALesson(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lesson.jsonl")
	real := func(p *program) { p.lessons = realLessons() }
	if got := exploreIn(t, t.Context(), real, "play", "1", "--record", path); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	says := &text.Table.Reading
	for example := range strings.Lines(says.BytesExamples.En + "\n" + says.ExportExamples.En) {
		typed, into, _ := strings.Cut(strings.TrimSpace(example), " | ")
		typed, _, _ = strings.Cut(typed, " > ")
		args := strings.Fields(strings.ReplaceAll(typed, "lesson.jsonl", path))[1:]
		got := explore(t, args...)
		if got.status != 0 || got.stdout == "" {
			t.Errorf("%s: %+v", typed, got)
		}
		if strings.HasPrefix(into, "openssl x509") {
			block, _ := pem.Decode([]byte(got.stdout))
			if block == nil {
				t.Errorf("%s gives openssl %q", typed, got.stdout)
			} else if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				t.Errorf("%s gives openssl %v", typed, err)
			}
		}
	}
	out := explore(t, "bytes", path, "1", "--lang", "zh").stdout
	if _, again, _ := strings.Cut(out, "重新算一遍\n"); strings.Count(again, "✓ ") != 8 || strings.Contains(again, "✗") {
		t.Errorf("of the first message, hashes and signature are not all found right:\n%s", again)
	}
}

func TestMessagesAreNumberedInTheOrderInWhichTheyLeft(t *testing.T) {
	named := func(to string, left, arrived uint64) sequence.Carried {
		return sequence.Carried{To: to, Left: left, Arrived: arrived}
	}
	messages := []sequence.Carried{
		named("queued first", 9, 12), named("dropped", 0, 0), named("hello", 3, 5), named("of an intruder", 0, 4), named("late", 10, 0),
	}
	var got []string
	for _, m := range inOrderOfLeaving(messages) {
		got = append(got, m.To)
	}
	if want := []string{"hello", "of an intruder", "queued first", "late", "dropped"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// printed returns the bytes that a printed message shows at its left.
func printed(t *testing.T, out string) []byte {
	t.Helper()
	row := regexp.MustCompile(`(?m)^([0-9a-f]{4})  ((?:[0-9a-f]{2} ){0,15}[0-9a-f]{2})(?:  |$)`)
	var all []byte
	for _, match := range row.FindAllStringSubmatch(out, -1) {
		if offset := fmt.Sprintf("%04x", len(all)); match[1] != offset {
			t.Fatalf("a row begins with %s, want %s", match[1], offset)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(match[2], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

func TestEveryByteOfAMessageIsShownOnceAndInOrder(t *testing.T) {
	for _, columns := range []int{0, 60, 120} {
		for n := 1; n <= 4; n++ {
			in := func(p *program) {
				p.columns = columns
				if columns > 0 {
					p.terminal, p.getenv = true, func(string) string { return "no colours" }
				}
			}
			got := exploreIn(t, t.Context(), in, "bytes", recorded, fmt.Sprint(n))
			want := explore(t, "bytes", recorded, fmt.Sprint(n), "--raw", ".")
			if got.status != 0 || want.status != 0 || !bytes.Equal(printed(t, got.stdout), []byte(want.stdout)) {
				t.Errorf("message %d in %d columns: what is shown is not the message\n%s", n, columns, got.stdout)
			}
		}
	}
}

func TestEveryClaimOfTheRecordedHandshakeHolds(t *testing.T) {
	for _, n := range []string{"1", "2"} {
		out := explore(t, "bytes", recorded, n, "--lang", "zh").stdout
		_, again, _ := strings.Cut(out, "重新算一遍\n")
		if strings.Count(again, "✓ ") != 8 || strings.Contains(again, "✗") || strings.Contains(again, "?") {
			t.Errorf("message %s:\n%s", n, again)
		}
	}
}

func TestRawBytesAreThoseThatOthersCanCheck(t *testing.T) {
	raw := func(field string) []byte {
		got := explore(t, "bytes", recorded, "1", "--raw", field)
		if got.status != 0 {
			t.Fatalf("%+v", got)
		}
		return []byte(got.stdout)
	}
	pkiID := sha256.Sum256(append(raw("payload/conn/identity/mspid"), raw("payload/conn/identity/id_bytes")...))
	if !bytes.Equal(pkiID[:], raw("payload/conn/pki_id")) {
		t.Error("the PKI-ID is not the hash of MSP ID and certificate")
	}
	shown, err := os.ReadFile(filepath.Join(filepath.Dir(recorded), "A.client.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(shown)
	if hash := sha256.Sum256(block.Bytes); !bytes.Equal(hash[:], raw("payload/conn/tls_cert_hash")) {
		t.Error("the hash is not that of the certificate that lies beside the recording: make both anew with mkhandshake")
	}
}

func TestMistakesWithBytesGetASentence(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.jsonl")
	whole := `{"format":"gossipscope-recording","version":2}` + "\n"
	if err := os.WriteFile(empty, []byte(whole+`{"n":1,"at":0,"kind":"say","text":{"en":"x"}}`+"\n"+`{"end":1}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, zh, en string
		status       int
	}{
		{"bytes", "要看哪份录像", "which recording", exitUsage},
		{"bytes a 1 2", "一个文件和一个编号", "one file and one number", exitUsage},
		{"bytes " + recorded + " 5", "编号从 1 到 4", "from 1 to 4", exitUsage},
		{"bytes " + recorded + " 0", "编号从 1 到 4", "from 1 to 4", exitUsage},
		{"bytes " + recorded + " x", "「x」", `"x"`, exitUsage},
		{"bytes " + recorded + " --raw payload", "写上编号", "give its number", exitUsage},
		{"bytes " + recorded + " 1 --raw payload/con", "payload 里面有：tag、conn", "In payload there are: tag, conn", exitUsage},
		{"bytes " + recorded + " 1 --raw nothing", "Envelope 里面有：payload、signature", "In Envelope there are: payload, signature", exitUsage},
		{"bytes " + recorded + " 1 --raw payload/tag/x", "没有字段了", "no fields in it", exitUsage},
		{"bytes " + recorded + " 1 --raw=", "「」", `""`, exitUsage},
		{"bytes " + filepath.Join(dir, "none"), "打不开", "cannot be opened", exitFailed},
		{"bytes " + dir, "没能读完", "could not be read", exitFailed},
		{"bytes bytes_test.go", "不是 explore 的录像", "not a recording", exitFailed},
		{"bytes -", "不是 explore 的录像", "not a recording", exitFailed},
		{"bytes " + empty, "里没有消息", "no message in", exitFailed},
		{"export", "要画哪份录像", "Which recording", exitUsage},
		{"export " + recorded, "--mermaid 和 --svg", "--mermaid and --svg", exitUsage},
		{"export " + recorded + " --svg --mermaid", "--mermaid 和 --svg", "--mermaid and --svg", exitUsage},
		{"export a b --svg", "只能指定一个", "only one", exitUsage},
		{"export " + recorded + " --svg --from 9 --to 8", "--from 不能在 --to 后面", "--from not behind --to", exitUsage},
		{"export " + recorded + " --svg --to 0", "从 1 到", "from 1 to", exitUsage},
		{"export " + recorded + " --svg --from -1", "「-1」不能用作选项 --from 的值", `"-1" is not a value`, exitUsage},
		{"export " + recorded + " --svg --to 100000", "从 1 到", "from 1 to", exitUsage},
		{"export bytes_test.go --svg", "不是 explore 的录像", "not a recording", exitFailed},
	} {
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			got := explore(t, append(strings.Fields(c.args), "--lang", string(lang))...)
			want := text.Text{Zh: c.zh, En: c.en}.In(lang)
			if got.status != c.status || !strings.Contains(got.stderr, want) || got.stdout != "" {
				t.Errorf("explore %s: %+v lacks %q", c.args, got, want)
			}
			if lang == text.English && han.MatchString(got.stderr) {
				t.Errorf("explore %s: Chinese in an English sentence: %q", c.args, got.stderr)
			}
		}
	}
}

func TestBytesThatWouldUpsetATerminalAreNotGivenToOne(t *testing.T) {
	onTerminal := func(p *program) { p.terminal, p.columns = true, 100 }
	got := exploreIn(t, t.Context(), onTerminal, "bytes", recorded, "1", "--raw", "signature", "--lang", "zh")
	if got.status != exitUsage || got.stdout != "" || !strings.Contains(got.stderr, "| xxd") {
		t.Errorf("%+v", got)
	}
	got = exploreIn(t, t.Context(), onTerminal, "bytes", recorded, "1", "--raw", "payload/conn/identity/id_bytes")
	if got.status != 0 || !strings.HasPrefix(got.stdout, "-----BEGIN CERTIFICATE-----\n") {
		t.Errorf("%+v", got)
	}
}

func TestOfARecordingThatWasCutOffWhatIsThereIsShown(t *testing.T) {
	content, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.jsonl")
	if err := os.WriteFile(cut, content[:len(content)*4/5], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"bytes " + cut, "bytes " + cut + " 1", "export " + cut + " --mermaid"} {
		got := explore(t, strings.Fields(args)...)
		if got.status != exitFailed || !strings.Contains(got.stdout, "ConnEstablish") || !strings.Contains(got.stderr, "cut off") {
			t.Errorf("explore %s: %+v", args, got)
		}
	}
}
