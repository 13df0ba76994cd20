package main

// The tree of commands, and their help. cobra parses; every word that a person reads comes from the table, so cobra's own templates,
// its completion command and its sentences are all replaced.

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gossipscope/internal/text"
	"gossipscope/internal/tui"
)

// maxSpeed bounds --speed. It speeds the lab's clock up, and so the peers' timeouts with it, but not the machine: beyond this an honest
// handshake could come too late for its two seconds.
const maxSpeed = 20

// command is a cobra command with what help says of it.
type command struct {
	*cobra.Command
	said     *text.Command
	examples text.Text
	values   map[string]text.Text // flag → the name of what it takes
}

// tree is all commands, the root first.
type tree []*command

// execute parses args and runs the command that they name.
func (p *program) execute(ctx context.Context, args []string) error {
	// Commands that cobra has for the completion of shells. They are not ours, and they answer in English.
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return misuse("", text.Table.Usage.UnknownCommand, args[0])
	}
	// What cobra calls for --help returns nothing, so its error takes the way around.
	var helpErr error
	root := p.tree(&helpErr)[0]
	root.SetArgs(args)
	return cmp.Or(root.ExecuteContext(ctx), helpErr)
}

// tree makes all commands. What goes wrong with --help is put into helpErr.
func (p *program) tree(helpErr *error) tree {
	says := &text.Table.Commands
	root, play, replay, sandbox := p.rootCommand(), p.playCommand(), p.replayCommand(), p.sandboxCommand()
	list := &command{Command: &cobra.Command{Use: "list", RunE: p.list, Args: nothingBehind}, said: &says.List}
	version := &command{Command: &cobra.Command{Use: "version", RunE: p.version, Args: nothingBehind}, said: &says.Version}
	all := tree{root, list, play, sandbox, replay, p.noteCommand(), p.bytesCommand(), p.exportCommand(), version}
	all = append(all, p.helpCommand(&all))
	root.CompletionOptions.DisableDefaultCmd = true
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentFlags().String("lang", "", text.Table.Flags.Lang.In(p.lang))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return flagMistake(nameOf(c), err) })
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		*helpErr = p.printHelp(all, c)
	})
	for _, c := range all {
		c.values = withLanguage(c.values)
		c.Flags().BoolP("help", "h", false, text.Table.Flags.Help.In(p.lang))
		c.Flags().SortFlags = false
		if c != root {
			root.AddCommand(c.Command)
		}
	}
	root.SetHelpCommand(all[len(all)-1].Command)
	return all
}

func withLanguage(values map[string]text.Text) map[string]text.Text {
	with := map[string]text.Text{"lang": text.Table.Flags.LangValue}
	for flag, value := range values {
		with[flag] = value
	}
	return with
}

func (p *program) rootCommand() *command {
	var l looks
	c := &command{said: &text.Table.Commands.Root, Command: &cobra.Command{Use: "explore", RunE: p.home(&l), Args: p.onlyCommands}}
	l.flagsOf(c, p.lang)
	return c
}

func (p *program) sandboxCommand() *command {
	var l looks
	c := &command{said: &text.Table.Commands.Sandbox, Command: &cobra.Command{Use: "sandbox", Args: nothingBehind, RunE: func(c *cobra.Command, _ []string) error {
		if !p.terminal || !p.interactive {
			return misuse("sandbox", text.Table.Usage.NeedsTerminal)
		}
		return p.screens(c.Context(), l, 0, &tui.Choice{Sandbox: true})
	}}}
	l.flagsOf(c, p.lang)
	return c
}

func (p *program) playCommand() *command {
	flags := &text.Table.Flags
	var opts playOptions
	c := &command{
		said:     &text.Table.Commands.Play,
		examples: text.Table.Commands.PlayExamples,
		values:   map[string]text.Text{"speed": flags.SpeedValue, "record": flags.RecordValue},
		Command: &cobra.Command{Use: "play", Args: p.oneLesson, RunE: func(c *cobra.Command, args []string) error {
			opts.recordAsked = c.Flags().Changed("record")
			return p.play(c.Context(), args[0], opts)
		}},
	}
	opts.looks.flagsOf(c, p.lang)
	c.Flags().BoolVar(&opts.plain, "plain", false, flags.Plain.In(p.lang))
	c.Flags().BoolVar(&opts.json, "json", false, flags.JSON.In(p.lang))
	c.Flags().StringVar(&opts.speed, "speed", "1", flags.Speed.In(p.lang))
	c.Flags().StringVar(&opts.record, "record", "", flags.Record.In(p.lang))
	return c
}

func (p *program) replayCommand() *command {
	flags := &text.Table.Flags
	var (
		plain, json bool
		l           looks
	)
	c := &command{
		said:     &text.Table.Commands.Replay,
		examples: text.Table.Commands.ReplayExamples,
		Command: &cobra.Command{Use: "replay", Args: oneFile, RunE: func(c *cobra.Command, args []string) error {
			if plain && json {
				return misuse("replay", text.Table.Usage.PlainOrJSON)
			}
			if p.terminal && p.interactive && !plain && !json && args[0] != "-" {
				if err := readable(args[0]); err != nil {
					return err
				}
				return p.screens(c.Context(), l, 0, &tui.Choice{Path: args[0]})
			}
			return p.replay(c.Context(), args[0], json, l.ascii)
		}},
	}
	l.flagsOf(c, p.lang)
	c.Flags().BoolVar(&plain, "plain", false, flags.ReplayPlain.In(p.lang))
	c.Flags().BoolVar(&json, "json", false, flags.ReplayJSON.In(p.lang))
	return c
}

func (p *program) helpCommand(all *tree) *command {
	return &command{said: &text.Table.Commands.Help, Command: &cobra.Command{
		Use: "help",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse("", text.Table.Usage.OneOnly, "explore help")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.printHelp(*all, c.Root())
			}
			for _, topic := range *all {
				if topic.Name() == args[0] {
					return p.printHelp(*all, topic.Command)
				}
			}
			return misuse("", text.Table.Usage.UnknownCommand, text.Printable(args[0]))
		},
	}}
}

// nameOf returns the name of a command behind "explore help", "" for the root.
func nameOf(c *cobra.Command) string {
	if !c.HasParent() {
		return ""
	}
	return c.Name()
}

// onlyCommands refuses words that name no command.
func (p *program) onlyCommands(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse("", text.Table.Usage.UnknownCommand, text.Printable(args[0]))
	}
	return nil
}

func nothingBehind(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse(c.Name(), text.Table.Usage.NoArguments, c.CommandPath())
	}
	return nil
}

func (p *program) oneLesson(c *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return misuse(c.Name(), text.Table.Usage.WhichLesson, p.lessonNames())
	case 1:
		return nil
	}
	return misuse(c.Name(), text.Table.Usage.OneOnly, c.CommandPath())
}

func oneFile(c *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return misuse(c.Name(), text.Table.Usage.WhichFile)
	case 1:
		return nil
	}
	return misuse(c.Name(), text.Table.Usage.OneOnly, c.CommandPath())
}

// languageAsked looks for --lang before anything is parsed, since what is wrong with the rest must be said in that language too.
func languageAsked(args []string) (text.Lang, error) {
	var asked text.Lang
	for i, arg := range args {
		value, with := strings.CutPrefix(arg, "--lang=")
		switch {
		case arg == "--":
			return asked, nil
		case arg == "--lang" && i+1 < len(args):
			value = args[i+1]
		case !with:
			continue
		}
		lang, known := text.ParseLang(value)
		if !known {
			return "", misuse("", text.Table.Usage.BadLanguage, text.Printable(value))
		}
		asked = lang
	}
	return asked, nil
}

// parseSpeed reads the value of --speed.
func parseSpeed(s string) (float64, error) {
	speed, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(speed) || speed <= 0 || speed > maxSpeed {
		return 0, misuse("play", text.Table.Usage.BadSpeed, text.Printable(s))
	}
	return speed, nil
}

// printHelp writes what there is to know of one command.
func (p *program) printHelp(all tree, c *cobra.Command) error {
	var topic *command
	for _, candidate := range all {
		if candidate.Command == c {
			topic = candidate
		}
	}
	headings := &text.Table.Headings
	var out strings.Builder
	out.WriteString(p.fitted(topic.said.Long.In(p.lang)) + "\n\n" + headings.Usage.In(p.lang) + "\n")
	fmt.Fprintf(&out, "  %s\n", usageLine(topic, p.lang))
	if topic == all[0] {
		out.WriteString("\n" + headings.Commands.In(p.lang) + "\n")
		var rows [][2]string
		for _, sub := range all[1:] {
			name := strings.TrimSpace(sub.Name() + " " + sub.said.Arguments.In(p.lang))
			rows = append(rows, [2]string{name, sub.said.Short.In(p.lang)})
		}
		writeColumns(&out, rows)
	}
	if examples := topic.examples.In(p.lang); examples != "" {
		out.WriteString("\n" + headings.Examples.In(p.lang) + "\n")
		for line := range strings.Lines(examples + "\n") {
			out.WriteString("  " + line)
		}
	}
	out.WriteString("\n" + headings.Flags.In(p.lang) + "\n")
	writeFlags(&out, topic, p.lang)
	if topic == all[0] {
		out.WriteString("\n" + headings.MoreHelp.Format(p.lang, p.called) + "\n")
	}
	return p.print(out.String())
}

func usageLine(c *command, lang text.Lang) string {
	parts := []string{c.CommandPath()}
	if arguments := c.said.Arguments.In(lang); arguments != "" {
		parts = append(parts, arguments)
	}
	return strings.Join(append(parts, text.Table.Headings.FlagsPlace.In(lang)), " ")
}

// writeFlags lists the flags of a command and those that every command has.
func writeFlags(out io.Writer, c *command, lang text.Lang) {
	var rows [][2]string
	add := func(f *pflag.Flag) {
		left := "    --" + f.Name
		if f.Shorthand != "" {
			left = "-" + f.Shorthand + ", --" + f.Name
		}
		if value := c.values[f.Name].In(lang); value != "" {
			left += " " + value
		}
		rows = append(rows, [2]string{left, f.Usage})
	}
	help, language := c.Flags().Lookup("help"), c.Root().PersistentFlags().Lookup("lang")
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f != help && f != language {
			add(f)
		}
	})
	add(language)
	add(help)
	writeColumns(out, rows)
}

// writeColumns writes two columns, the first as wide as it must be.
func writeColumns(out io.Writer, rows [][2]string) {
	widest := 0
	for _, row := range rows {
		widest = max(widest, text.Cells(row[0]))
	}
	for _, row := range rows {
		fmt.Fprintf(out, "  %s  %s\n", text.Pad(row[0], widest), row[1])
	}
}

// print writes to stdout.
func (p *program) print(s string) error {
	if _, err := io.WriteString(p.stdout, s); err != nil {
		return &outputError{err}
	}
	return nil
}
