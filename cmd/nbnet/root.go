package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
)

// app is what every command gets: where to print, and the common flags.
type app struct {
	stdout, stderr io.Writer
	server         string
	json           bool
}

func rootCommand(stdout, stderr io.Writer) *cobra.Command {
	a := &app{stdout: stdout, stderr: stderr}
	cmd := &cobra.Command{
		Use:   "nbnet",
		Short: "NetBSD network stacks, and the commands that configure them",
		Long: `nbnet runs a NetBSD network stack as an ordinary process (serve), and configures
and observes one, wherever it runs, with NetBSD's commands: ifconfig, route, arp, ndp,
sysctl, netstat, ping and ping6. These make NetBSD's system calls in the kernel that --server, or
else the environment variable RUMP_SERVER, names by a URL. It may be one that nbnet serves,
or a rump_server of NetBSD.`,
		Example: `  export RUMP_SERVER=unix:///tmp/router
  nbnet serve --iface virt0=tap:tap0,10.0.0.1/24 $RUMP_SERVER &
  nbnet ifconfig virt0
  nbnet ping -c 1 10.0.0.2`,
		Args:                       cobra.NoArgs,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:              true,
		SilenceUsage:               true,
		TraverseChildren:           true,
		SuggestionsMinimumDistance: 2,
	}
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return command.Usage("see "+c.CommandPath()+" --help", "%v", err)
	})
	cmd.PersistentFlags().StringVar(&a.server, "server", "", "the `URL` of the kernel (default: $RUMP_SERVER)")
	cmd.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON")
	cmd.AddGroup(&cobra.Group{ID: kernels, Title: "Kernels:"}, &cobra.Group{ID: clients, Title: "In a kernel, as on NetBSD:"},
		&cobra.Group{ID: images, Title: "File systems:"})
	cmd.AddCommand(a.serveCommand(), a.runCommand(), a.captureCommand(), a.dumpbusCommand(), a.manCommand(), a.fsCommand())
	for _, c := range commands {
		cmd.AddCommand(a.clientCommand(c))
	}
	wrapArgs(cmd)
	return cmd
}

// The groups of commands.
const (
	kernels = "kernels"
	clients = "clients"
	images  = "images"
)

// wrapArgs makes errors about the number of arguments those of usage, of a command
// and of those below it.
func wrapArgs(c *cobra.Command) {
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
	check := c.Args
	if check == nil {
		return
	}
	c.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		switch {
		case err == nil:
			return nil
		case cmd.HasSubCommands():
			instead := "see " + cmd.CommandPath() + " --help"
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				instead = "is it " + strings.Join(like, " or ") + "?"
			}
			return command.Usage(instead, "there is no command %s", args[0])
		}
		problem := "an argument too many"
		if tooFew(check, cmd, args) {
			problem = "an argument is missing"
		}
		return command.Usage("type "+cmd.UseLine(), "%s", problem)
	}
}

// tooFew tells whether there would be nothing wrong with more arguments.
func tooFew(check cobra.PositionalArgs, cmd *cobra.Command, args []string) bool {
	const most = 4 // that a command needs
	for range most {
		args = append(args[:len(args):len(args)], "")
		if check(cmd, args) == nil {
			return true
		}
	}
	return false
}
