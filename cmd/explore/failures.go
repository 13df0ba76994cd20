package main

// How a run ends badly. Whatever goes wrong becomes one sentence on stderr, in the reader's language, that says what to do next, and
// an exit status that a script can go by.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"gossipscope/internal/text"
)

// mistake is a command line that cannot be understood.
type mistake struct {
	sentence *text.Error
	command  string // whose help would help; "" is that of the program
}

// Error returns the sentence in English.
func (m *mistake) Error() string { return m.sentence.Error() }

// Unwrap returns the sentence.
func (m *mistake) Unwrap() error { return m.sentence }

// misuse is a mistake, in a sentence.
func misuse(command string, sentence text.Text, args ...any) error {
	return &mistake{&text.Error{Says: sentence, Args: args}, command}
}

// errInterrupted means that the person at the keys ended the run.
var errInterrupted = errors.New("interrupted")

// outputError means that stdout takes nothing more.
type outputError struct{ cause error }

// Error returns the cause's words.
func (e *outputError) Error() string { return "writing the output: " + e.cause.Error() }

// Unwrap returns the cause.
func (e *outputError) Unwrap() error { return e.cause }

// readerGone reports whether whoever read the output has hung up, as head does when it has enough. That is no news to him.
func readerGone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.Errno(109)) && os.PathSeparator == '\\' || // ERROR_BROKEN_PIPE of Windows
		errors.Is(err, syscall.Errno(232)) && os.PathSeparator == '\\' // ERROR_NO_DATA: the pipe is being closed
}

// conclude says what went wrong, if anything did, and returns the exit status.
func (p *program) conclude(err error) int {
	var (
		output *outputError
		misuse *mistake
		told   *text.Error
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &output):
		if !readerGone(err) {
			p.complain(text.Table.Failures.Output.Format(p.lang, text.Words(output.cause)))
		}
		return exitFailed
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		p.complain(text.Table.Failures.Interrupted.In(p.lang))
		return exitInterrupted
	case errors.As(err, &misuse):
		p.complain(misuse.sentence.In(p.lang))
		p.complain(text.Table.Usage.SeeHelp.Format(p.lang, strings.TrimSpace(p.called+" help "+misuse.command)))
		return exitUsage
	case errors.As(err, &told):
		p.complain(told.In(p.lang))
		return exitFailed
	}
	p.complain(text.Table.Failures.Reason.Format(p.lang, text.Words(err)))
	return exitFailed
}

func (p *program) complain(sentence string) { fmt.Fprintln(p.stderr, sentence) }

// flagMistake translates what pflag says of a command line that it cannot parse.
func flagMistake(command string, err error) error {
	usage := &text.Table.Usage
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
		known   *mistake
	)
	switch {
	case errors.As(err, &known): // the flag itself has said what is wrong
		return &mistake{known.sentence, command}
	case errors.As(err, &unknown):
		return misuse(command, usage.UnknownFlag, flagName(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()))
	case errors.As(err, &missing):
		return misuse(command, usage.FlagNeedsValue, flagName(missing.GetSpecifiedName(), missing.GetSpecifiedShortnames()))
	case errors.As(err, &invalid):
		return misuse(command, usage.BadFlagValue, text.Printable(invalid.GetValue()), "--"+invalid.GetFlag().Name)
	case errors.As(err, &syntax):
		return misuse(command, usage.BadFlagSyntax, text.Printable(syntax.GetSpecifiedFlag()))
	}
	return misuse(command, text.Table.Failures.Reason, text.Words(err))
}

// flagName returns a flag as it was typed. Of a group of one-letter flags only the one that is meant is named.
func flagName(name, group string) string {
	if group != "" {
		return "-" + text.Printable(string([]rune(name)[:1]))
	}
	return "--" + text.Printable(name)
}
