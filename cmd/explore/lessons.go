package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"gossipscope/internal/lab"
	"gossipscope/internal/text"
	"gossipscope/internal/timeline"
	"gossipscope/walkthroughs"
)

// lesson is what the command line knows of a lesson. It is a type of its own so that tests can play lessons that end as they like.
type lesson struct {
	number       int
	slug         string
	title, learn text.Text
	minutes      int
	play         func(context.Context, venue) error
	shown        *walkthroughs.Lesson // as the screens take it; nil if they cannot
}

// venue is where a lesson is played.
type venue struct {
	recorder *timeline.Recorder                 // gets every event; whoever made it closes it
	pace     func(timeline.Event) time.Duration // how long each step waits; nil for not at all
	speed    float64
}

// errNoLab means that there were no peers to play with.
type errNoLab struct{ cause error }

// Error returns the cause's words.
func (e *errNoLab) Error() string { return "making a lab: " + e.cause.Error() }

// Unwrap returns the cause.
func (e *errNoLab) Unwrap() error { return e.cause }

// realLessons returns the lessons, played by real peers over loopback TCP.
func realLessons() []lesson {
	var all []lesson
	for _, l := range walkthroughs.All() {
		all = append(all, lesson{number: l.Number, slug: l.Slug, title: l.Title, learn: l.Learn, minutes: l.Minutes, shown: &l,
			play: func(ctx context.Context, s venue) error { return playReal(ctx, l, s) }})
	}
	return all
}

func playReal(ctx context.Context, l walkthroughs.Lesson, s venue) error {
	conf := lab.Config{Network: lab.Loopback(), Policy: lab.Free(), Speed: s.speed, Recorder: s.recorder}
	if s.pace != nil {
		conf.Policy = lab.Paced(s.pace)
	}
	lb, err := lab.New(conf)
	if err != nil {
		return &errNoLab{err}
	}
	// A reader who has had enough must not wait until everything has been shown at its pace.
	release := context.AfterFunc(ctx, lb.Close)
	defer release()
	defer lb.Close()
	return l.Play(ctx, lb)
}

// find returns the lesson with this number or name.
func (p *program) find(name string) (lesson, error) {
	for _, l := range p.lessons {
		if name == l.slug || name == strconv.Itoa(l.number) {
			return l, nil
		}
	}
	return lesson{}, misuse("play", text.Table.Usage.UnknownLesson, text.Printable(name), p.lessonNames())
}

// lessonNames returns what can be written for a lesson.
func (p *program) lessonNames() string {
	var names []string
	for _, l := range p.lessons {
		names = append(names, fmt.Sprintf("%d %s", l.number, l.slug))
	}
	return strings.Join(names, text.Table.Reading.Between.In(p.lang))
}

// welcome says what there is, to whoever has no terminal to show the screens on.
func (p *program) welcome() error {
	says := &text.Table.Lessons
	out := text.Table.Commands.Root.Short.In(p.lang) + "\n" + says.Intro.In(p.lang) + "\n\n" + says.Heading.In(p.lang) + "\n"
	out += p.lessonList() + "\n" + says.Next.Format(p.lang, p.called) + "\n"
	if !p.terminal {
		out += says.NotATerminal.Format(p.lang, p.called) + "\n"
	}
	return p.print(out)
}

// list is explore list.
func (p *program) list(c *cobra.Command, _ []string) error { return p.print(p.lessonList()) }

// lessonList is a line for each lesson, and below it what the reader can answer afterwards.
func (p *program) lessonList() string {
	width := min(cmp.Or(p.width(), 96), 96)
	names, titles := 0, 0
	for _, l := range p.lessons {
		names = max(names, text.Cells(l.slug))
		titles = max(titles, text.Cells(l.title.In(p.lang)))
	}
	var out strings.Builder
	for _, l := range p.lessons {
		fmt.Fprintf(&out, "  %2d  %s  %s  %s\n", l.number, text.Pad(l.slug, names), text.Pad(l.title.In(p.lang), titles),
			text.Table.Lessons.Minutes.Format(p.lang, l.minutes))
		hang := strings.Repeat(" ", 8+names)
		for _, line := range text.Wrap(l.learn.In(p.lang), width-len(hang)) {
			out.WriteString(hang + line + "\n")
		}
	}
	return out.String()
}

// version is explore version.
func (p *program) version(c *cobra.Command, _ []string) error {
	says := &text.Table.Version
	program, goVersion := says.Unknown.In(p.lang), ""
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
		if v := info.Main.Version; v != "" && v != "(devel)" {
			program = v
		}
	}
	var out strings.Builder
	for _, line := range []struct {
		name    text.Text
		version string
	}{
		{says.Program, program},
		{says.Go, goVersion},
		{says.GRPC, grpc.Version},
		{says.Recording, strconv.Itoa(timeline.Version)},
	} {
		fmt.Fprintf(&out, "%s  %s\n", text.Pad(line.name.In(p.lang), 16), line.version)
	}
	return p.print(out.String())
}
