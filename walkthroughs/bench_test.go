package walkthroughs

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// runs is how often the tests are run: odd, so that the median is one of them.
	runs = 5

	// lessonTests are those that play a lesson each, in virtual time. The others play lessons again: over TCP, in other orders, and while
	// somebody has his hands in them.
	lessonTests = "^Test(TwoPeersMeet|TheHandshakeCheckByCheck|AMessageGoesOut|AMessageComesIn|SendWithAckTellsWhoHasGotIt|" +
		"ProbeAndHandshakeAskTwoQuestions|OneConnectionAPeer|EveryWayThatAConnectionEnds|StopGoesDownThePipe)$"
)

// How long a reader waits for all lessons, every timeout in them included: from the start of the test binary, which was compiled before,
// until it ends. Beside it stands what all tests of the package take. Of these TestOverTCPTheSameHappens is the longest, and no machine
// makes it short: over TCP time is real, and a lesson about a timeout waits for it.
func BenchmarkWalkthroughs(b *testing.B) {
	if names := strings.Fields(tests(b, "-test.list", lessonTests)); len(names) != len(All()) {
		b.Fatalf("there are %d lessons, and %d tests that play one: %v", len(All()), len(names), names)
	}
	b.Run("lessons", func(b *testing.B) { timed(b, lessonTests) })
	b.Run("package", func(b *testing.B) { timed(b, "^Test") })
}

// tests runs the test binary again, and returns what it prints.
func tests(b *testing.B, args ...string) string {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	output, err := exec.Command(self, args...).CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

// timed reports how many seconds the tests of a pattern take.
func timed(b *testing.B, pattern string) {
	var seconds []float64
	for b.Loop() {
		for range runs {
			began := time.Now()
			tests(b, "-test.run", pattern)
			seconds = append(seconds, time.Since(began).Seconds())
		}
	}
	slices.Sort(seconds)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(seconds[len(seconds)/2], "s")
	b.ReportMetric(seconds[0], "s-fastest")
	b.ReportMetric(seconds[len(seconds)-1], "s-slowest")
}
