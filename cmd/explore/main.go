// Command explore is the door to everything that can be watched: it plays the lessons with real peers, saves what happened, and
// shows it again.
//
// This package is the command line and no more: flags in, packages below called, sentences and exit status out. What it says stands,
// in both languages, in internal/text; how events become lines, in internal/narrate; what is played, in walkthroughs.
//
// Everything but main itself works on the values of a program (below), so that a test can run any command without a process, a
// terminal or a signal.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gossipscope/internal/text"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1   // something that was asked for did not happen; for a lesson: a promise did not hold
	exitUsage       = 2   // the command was not understood
	exitInterrupted = 130 // ctrl-C, as shells have it: 128 and the number of the signal
)

func main() {
	// cobra has an English sentence for those who double-click on Windows, and then waits.
	cobra.MousetrapHelpText = ""
	// Without this, a reader that goes away ("| head") kills the process at the next write, before the peers are stopped.
	signal.Ignore(syscall.SIGPIPE)
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// The first ctrl-C ends the lesson in good order. Should that hang, the second is the system's own and ends the process.
	context.AfterFunc(ctx, restore)
	p := &program{
		getenv:      os.Getenv,
		stdin:       os.Stdin,
		stdout:      os.Stdout,
		stderr:      os.Stderr,
		terminal:    term.IsTerminal(int(os.Stdout.Fd())),
		interactive: term.IsTerminal(int(os.Stdin.Fd())),
		environment: os.Environ(),
		columns:     columnsOf(os.Stdout),
		lessons:     realLessons(),
		called:      calledAs(os.Args[0]),
	}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// program is a run of the command: its surroundings, and the language that it found out.
type program struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool // whether stdout is a person's
	interactive    bool // whether stdin is, too: only then there is somebody at the keys
	environment    []string
	columns        int // how wide that is, 0 if it does not say
	lessons        []lesson
	called         string // what a person types to start it

	lang      text.Lang
	langAsked bool // whether that was by a flag: else the screens take what was chosen there last
}

// calledAs returns what a person types to start the program: what "go run" has built lies in a folder of its own that is gone
// afterwards, so its path is of no use to anybody.
func calledAs(path string) string {
	if strings.Contains(filepath.ToSlash(path), "/go-build") {
		return "go run ./cmd/explore"
	}
	return "explore"
}

// columnsOf returns how wide the terminal at f is, in cells; 0 if it is none, or does not say.
func columnsOf(f *os.File) int {
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// run does what args ask for, and returns the exit status. When ctx ends it stops what runs.
func (p *program) run(ctx context.Context, args []string) int {
	asked, err := languageAsked(args)
	p.lang = text.FromEnvironment(p.getenv)
	if err == nil {
		if asked != "" {
			p.lang, p.langAsked = asked, true
		}
		err = p.execute(ctx, args)
	}
	return p.conclude(err)
}
