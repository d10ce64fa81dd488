package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/arp"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/manual"
	"github.com/abigen/abigen/cmd/nbnet/internal/ndp"
	"github.com/abigen/abigen/cmd/nbnet/internal/netstat"
	"github.com/abigen/abigen/cmd/nbnet/internal/ping"
	"github.com/abigen/abigen/cmd/nbnet/internal/route"
	"github.com/abigen/abigen/cmd/nbnet/internal/sysctl"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// commands are NetBSD's.
var commands = []*command.Command{
	ifconfig.Command, route.Command, arp.Command, ndp.Command, sysctl.Command, netstat.Command,
	ping.Command, ping.Command6,
}

// clientCommand makes a command of nbnet of one of NetBSD's, which reads its
// arguments itself but for --server, --json and --help.
func (a *app) clientCommand(c *command.Command) *cobra.Command {
	var lines strings.Builder
	for _, s := range c.Synopsis {
		fmt.Fprintf(&lines, "  nbnet %s %s\n", c.Name, s)
	}
	about := "It is NetBSD's " + c.Name + ", and works in the kernel that --server names.\n\n"
	cmd := &cobra.Command{
		Use:                strings.TrimSpace(c.Name + " " + c.Synopsis[0]),
		Short:              strings.ToUpper(c.Summary[:1]) + c.Summary[1:],
		Long:               about + strings.TrimRight(lines.String(), "\n") + "\n\n" + c.Manual,
		GroupID:            clients,
		DisableFlagParsing: true,
		Annotations:        map[string]string{manual.Synopsis: strings.Join(c.Synopsis, "\n"), manual.Description: about + c.Manual},
	}
	if find := completers[c.Name]; find != nil {
		cmd.ValidArgsFunction = a.complete(find)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		args, help, err := a.common(args)
		if err != nil {
			return err
		}
		if help {
			return cmd.Help()
		}
		k, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		defer func() { _ = k.Close() }()
		err = c.Run(cmd.Context(), k, args, a.stdout, prefixed(a.stderr, c.Name))
		var status command.Status
		if err == nil || errors.As(err, &status) {
			return err
		}
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return cmd
}

// common takes --server and --help out of the arguments, which else are NetBSD's.
// Those have no options of more than a letter, and what is behind -- they get as
// it is.
func (a *app) common(args []string) (rest []string, help bool, err error) {
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(args[i], "=")
		switch {
		case args[i] == "--":
			return a.withJSON(append(rest, args[i:]...)), help, nil
		case args[i] == "--help":
			help = true
		case name == "--server" && has:
			a.server = value
		case name == "--server" && i+1 < len(args):
			i++
			a.server = args[i]
		case name == "--server":
			return nil, false, command.Usage("type --server URL", "--server: the URL is missing")
		default:
			rest = append(rest, args[i])
		}
	}
	return a.withJSON(rest), help, nil
}

// withJSON passes on the --json that stood in front of the command.
func (a *app) withJSON(args []string) []string {
	if a.json {
		return append([]string{"--json"}, args...)
	}
	return args
}

// dial connects to the kernel.
func (a *app) dial(ctx context.Context) (*sysproxy.Client, error) {
	url := a.server
	if url == "" {
		url = os.Getenv("RUMP_SERVER")
	}
	if url == "" {
		return nil, command.Usage("give --server URL, or set RUMP_SERVER to it", "which kernel?")
	}
	return dialURL(ctx, url)
}

// dialURL connects to the kernel that a URL names.
func dialURL(ctx context.Context, url string) (*sysproxy.Client, error) {
	if _, err := sysproxy.ParseURL(url); err != nil {
		return nil, command.Usage("", "%v", err)
	}
	k, err := sysproxy.Dial(ctx, url)
	if err != nil {
		return nil, command.Hint(err, "is there a kernel? \"nbnet serve "+url+"\" starts one")
	}
	return k, nil
}
