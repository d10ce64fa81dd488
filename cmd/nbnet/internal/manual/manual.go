// Package manual makes manual pages of commands, in mdoc(7), which man on Linux
// and the BSDs reads.
package manual

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Annotations of a command whose page is not like its help.
const (
	Synopsis    = "synopsis"    // the forms of its arguments, one a line
	Description = "description" // in place of the long help
)

// date is that of the pages.
const date = "November 24, 2026"

// Name returns what the page of a command is called, without the section.
func Name(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// Page returns the page of a command.
func Page(cmd *cobra.Command) string {
	p := &page{}
	p.macro("Dd", date)
	p.macro("Dt", strings.ToUpper(Name(cmd)), "1")
	p.macro("Os", "abigen")
	p.macro("Sh", "NAME")
	p.macro("Nm", quote(cmd.CommandPath()))
	p.macro("Nd", strings.ToLower(cmd.Short[:1])+cmd.Short[1:])
	p.synopsis(cmd)
	p.macro("Sh", "DESCRIPTION")
	p.text(cmp.Or(cmd.Annotations[Description], cmd.Long))
	options := cmd.LocalNonPersistentFlags()
	if cmd.HasParent() {
		options.AddFlagSet(cmd.PersistentFlags())
	}
	p.flags("OPTIONS", options)
	if cmd.HasAvailableSubCommands() && !cmd.HasParent() {
		p.commands(cmd)
	}
	root := cmd.Root()
	p.flags("COMMON OPTIONS", root.PersistentFlags())
	p.macro("Sh", "ENVIRONMENT")
	p.tagged([][2]string{{"RUMP_SERVER", "The URL of the kernel, for lack of --server."}})
	p.macro("Sh", "EXIT STATUS")
	p.line("0 when all is done, 1 when something could not be done, and 2 when the usage is wrong.")
	if cmd.Example != "" {
		p.macro("Sh", "EXAMPLES")
		p.literal(strings.Split(cmd.Example, "\n"))
	}
	p.seeAlso(cmd)
	return p.b.String()
}

type page struct{ b strings.Builder }

func (p *page) macro(name string, args ...string) {
	fmt.Fprintln(&p.b, strings.TrimRight("."+name+" "+strings.Join(args, " "), " "))
}

// line writes text, of which nothing is taken for a macro.
func (p *page) line(s string) { fmt.Fprintln(&p.b, escape(s)) }

func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

// quote makes one argument of a macro of s.
func quote(s string) string {
	if strings.ContainsAny(s, " ,.;:()[]|\"") {
		return `"` + strings.ReplaceAll(escape(s), `"`, `""`) + `"`
	}
	return escape(s)
}

func (p *page) synopsis(cmd *cobra.Command) {
	p.macro("Sh", "SYNOPSIS")
	forms := strings.Split(strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath()), "\n")
	if s := cmd.Annotations[Synopsis]; s != "" {
		forms = strings.Split(s, "\n")
	}
	for _, f := range forms {
		p.macro("Nm", quote(cmd.CommandPath()))
		if f = strings.TrimSpace(f); f != "" {
			p.line(f)
		}
	}
}

// text writes paragraphs, of which those that are indented are as they should
// look.
func (p *page) text(s string) {
	for i, par := range strings.Split(strings.Trim(s, "\n"), "\n\n") {
		if i > 0 {
			p.macro("Pp")
		}
		lines := strings.Split(par, "\n")
		if strings.HasPrefix(par, "  ") {
			p.literal(lines)
			continue
		}
		for _, l := range lines {
			if strings.HasPrefix(l, "  ") {
				p.macro("br")
			}
			p.line(strings.TrimSpace(l))
		}
	}
}

func (p *page) literal(lines []string) {
	p.macro("Bd", "-literal", "-offset indent")
	for _, l := range lines {
		p.line(strings.TrimPrefix(l, "  "))
	}
	p.macro("Ed")
}

func (p *page) tagged(items [][2]string) {
	p.macro("Bl", "-tag", "-width Ds")
	for _, i := range items {
		p.macro("It", quote(i[0]))
		p.line(i[1])
	}
	p.macro("El")
}

func (p *page) flags(title string, set *pflag.FlagSet) {
	var items [][2]string
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		items = append(items, [2]string{strings.TrimSpace(name + " " + value), strings.ToUpper(usage[:1]) + usage[1:] + "."})
	})
	if len(items) == 0 {
		return
	}
	p.macro("Sh", title)
	p.tagged(items)
}

func (p *page) commands(cmd *cobra.Command) {
	p.macro("Sh", "COMMANDS")
	var items [][2]string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			items = append(items, [2]string{c.Name(), c.Short + "."})
		}
	}
	p.tagged(items)
}

func (p *page) seeAlso(cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, Name(cmd.Root()))
	}
	for _, c := range cmd.Root().Commands() {
		if c != cmd && c.IsAvailableCommand() && c.Name() != "help" && c.Name() != "completion" {
			names = append(names, Name(c))
		}
	}
	p.macro("Sh", "SEE ALSO")
	for i, n := range names {
		comma := " ,"
		if i == len(names)-1 {
			comma = ""
		}
		p.macro("Xr", escape(n), "1"+comma)
	}
}
