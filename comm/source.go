package comm

// source.go lets the layer show its own text. Every step of the layer is one trace call in one of these files; who draws a step, or
// explains it, finds the line in what is embedded here, and so never shows a line that the running program was not built from. A
// number written by hand would be wrong after the next edit.

import "embed"

// The files are named one by one, because a pattern would take the tests along.
//
//go:embed ack.go comm.go comm_impl.go conn.go crypto.go demux.go doc.go msg.go source.go tiebreak.go
var source embed.FS

// Source returns the source files of this package, without its tests, each under its bare name ("conn.go"). The trace calls in them
// are recognisable by their form: a call of a method Gate or Report whose first argument is a constant of package trace, or, for the
// checks of the handshake, a call of the local function check.
func Source() embed.FS {
	return source
}
