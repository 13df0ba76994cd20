package scene

import (
	"gossipscope/internal/text"
	"gossipscope/internal/tui/canvas"
)

// Panel is one view of the explorer. It draws itself into a rectangle and takes commands while it has the focus. It may keep what the
// reader has done to it (where he scrolled, what he filtered), and what it has worked out from a scene, to do it once; nothing else.
// All methods are called on one goroutine.
type Panel interface {
	// Draw draws the scene. The region is empty and has no border; the panel's title stands outside of it. It may be of any size, also of
	// none. focused says that commands go to this panel: what they act on should be visible.
	Draw(r canvas.Region, s *Scene, focused bool)

	// Offers lists what can be done beyond the common commands, for the table of actions.
	Offers() []Offer

	// Do obeys a command, one of the common ones or of its offers.
	Do(c Command, s *Scene) Outcome

	// Click tells that the mouse was pressed at a cell of the region that was last drawn.
	Click(x, y int, s *Scene) Outcome
}

// Command is something that a panel can be told to do.
type Command string

// The commands that every panel may get. Left and Right reach a panel only when the reader has opened it to its full size: otherwise they
// move through time.
const (
	Up       Command = "up"
	Down     Command = "down"
	Left     Command = "left"
	Right    Command = "right"
	PageUp   Command = "page-up"
	PageDown Command = "page-down"
	Choose   Command = "choose" // Enter: open what is under the cursor
)

// Offer is a command that only one panel knows.
type Offer struct {
	Command Command
	Key     string    // as Bubble Tea names it: one letter that no action of the program uses (see Letters)
	Says    text.Text // two or three words, for the footer
}

// Letters are those that panels may use for their offers. The rest belong to the program.
const Letters = "cdghjkovwxyz[],.<>"

// Outcome is what came of a command.
type Outcome struct {
	Handled bool       // the panel did something with it
	Select  *Selection // what is selected from now on
	Inspect bool       // open what is selected
	GoTo    uint64     // show the moment right after the event of this number; 0 for no change
	Step    string     // show what the code and the notes say of this step; "" for no change
}
