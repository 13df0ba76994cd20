package text

import (
	"errors"
	"io/fs"
	"os"
)

// Error is an error that a person reads: one sentence, in both languages.
type Error struct {
	Says  Text
	Args  []any // what is put into the sentence; a Text in the reader's language
	Cause error // what it came from, for errors.Is; nil if it came from nothing
}

// Failed returns an error whose sentence ends with the words of its cause.
func Failed(cause error, sentence Text, args ...any) *Error {
	return &Error{Says: sentence, Args: append(args, Words(cause)), Cause: cause}
}

// Error returns the sentence in English.
func (e *Error) Error() string { return e.In(English) }

// In returns the sentence in lang.
func (e *Error) In(lang Lang) string {
	args := make([]any, len(e.Args))
	for i, arg := range e.Args {
		if t, ok := arg.(Text); ok {
			arg = t.In(lang)
		}
		args[i] = arg
	}
	return e.Says.Format(lang, args...)
}

// Unwrap returns what the error came from.
func (e *Error) Unwrap() error { return e.Cause }

// Words returns the words of an error, fit to be shown, without the path of a file: the sentence around them names that.
func Words(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	}
	return Printable(err.Error())
}
