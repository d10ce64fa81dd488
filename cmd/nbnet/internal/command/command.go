// Package command is what the commands that ask and configure a kernel have in
// common: what they are, the way they read options, their errors, and JSON.
//
// Their options and operands are those of NetBSD's programs, which getopt(3)
// reads: one letter each, in front of the operands. Operands may begin with a
// minus sign ("ifconfig lo0 -alias"), so nothing else may look at them first.
// One option all commands have on top, --json, which may be anywhere.
package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/abigen/abigen/runtime/kernel"
)

// A Command is one of NetBSD's network programs.
type Command struct {
	Name     string
	Summary  string   // in a few words
	Synopsis []string // the forms of its arguments, each without the name
	Manual   string   // what is to be known besides NetBSD's manual page, paragraphs

	// Run does it. What it has to say goes to out, warnings to errs, without
	// the name of the command.
	Run func(ctx context.Context, k kernel.Kernel, args []string, out, errs io.Writer) error
}

// A UsageError says that the arguments are not understood.
type UsageError struct {
	Problem string // what is wrong
	Instead string // what to type instead; may be empty
}

func (e *UsageError) Error() string {
	if e.Instead == "" {
		return e.Problem
	}
	return e.Problem + "; " + e.Instead
}

// Usage returns a UsageError. The problem is a format for the arguments.
func Usage(instead, problem string, args ...any) error {
	return &UsageError{Problem: fmt.Sprintf(problem, args...), Instead: instead}
}

// A Status is an exit status that says everything: there is nothing to print.
type Status int

func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// An Option is one that was given.
type Option struct {
	Letter byte
	Value  string // of those that take one
}

// Getopt reads the options in front of the operands, as getopt(3) does: spec has
// the letters, a colon behind those that take a value.
func Getopt(args []string, spec string) (opts []Option, operands []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" {
			return opts, args[1:], nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			break
		}
		args = args[1:]
		for i := 1; i < len(arg); i++ {
			at := strings.IndexByte(spec, arg[i])
			if at < 0 || arg[i] == ':' {
				return nil, nil, Usage("the options are "+letters(spec), "unknown option -- %c", arg[i])
			}
			o := Option{Letter: arg[i]}
			if at+1 < len(spec) && spec[at+1] == ':' {
				o.Value = arg[i+1:]
				if o.Value == "" {
					if len(args) == 0 {
						return nil, nil, Usage("", "option requires an argument -- %c", arg[i])
					}
					o.Value, args = args[0], args[1:]
				}
				i = len(arg)
			}
			opts = append(opts, o)
		}
	}
	return opts, args, nil
}

func letters(spec string) string {
	var list []string
	for _, c := range strings.ReplaceAll(spec, ":", "") {
		list = append(list, "-"+string(c))
	}
	return strings.Join(append(list, "--json"), " ")
}

// JSON takes --json out of the arguments, and tells whether it was there.
func JSON(args []string) (rest []string, on bool) {
	end := slices.Index(args, "--")
	if end < 0 {
		end = len(args)
	}
	for i, a := range args {
		if i < end && a == "--json" {
			on = true
			continue
		}
		rest = append(rest, a)
	}
	return rest, on
}

// WriteJSON writes v, and a newline.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Hint returns err with what to do about it.
func Hint(err error, instead string) error { return &hint{err, instead} }

type hint struct {
	err     error
	instead string
}

func (h *hint) Error() string { return h.err.Error() + "; " + h.instead }
func (h *hint) Unwrap() error { return h.err }

// Humanize returns a number of bytes in at most four characters, as
// humanize_number(3) does: "512", "1.5K", "10M".
func Humanize(n uint64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	v := float64(n)
	for _, unit := range "KMGTPE" {
		v /= 1024
		switch {
		case v < 9.95:
			return fmt.Sprintf("%.1f%c", v, unit)
		case v < 999.5:
			return fmt.Sprintf("%.0f%c", v, unit)
		}
	}
	return fmt.Sprintf("%.0fE", v)
}
