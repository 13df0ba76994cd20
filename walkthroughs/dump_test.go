package walkthroughs

import (
	"fmt"
	"os"

	"gossipscope/internal/timeline"
)

func dump(events []timeline.Event) {
	f, _ := os.Create("/tmp/dump.txt")
	defer f.Close()
	for _, e := range events {
		if e.Step != nil {
			fmt.Fprintln(f, e.N, e.Turn, e.At, e.Peer, e.Step.Object.Kind, e.Step.Object.ID, e.Step.Step, e.Step.Gate, e.Step.Err, e.Step.Detail)
		} else {
			fmt.Fprintln(f, e.N, e.Turn, e.At, e.Peer, e.Kind, e.Link, e.Act, e.Text, e.Promise)
		}
	}
}
