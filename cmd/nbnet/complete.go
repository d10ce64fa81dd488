package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netcfg"
)

// A completer returns what an argument may be that begins so, of what the kernel
// has.
type completer func(ctx context.Context, c *netcfg.Client, begin string) []string

// completers are those of NetBSD's commands.
var completers = map[string]completer{
	"ifconfig": interfaces,
	"sysctl":   variables,
}

// completeWithin is how long a kernel has to answer: somebody waits at a prompt.
var completeWithin = time.Second

// complete makes cobra's function of a completer. Without a kernel there is
// nothing to choose from.
func (a *app) complete(find completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		if cmd.Context() == nil || strings.HasPrefix(begin, "-") {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		if cmd.DisableFlagParsing {
			if _, _, err := a.common(args); err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
		}
		k, err := a.dial(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer func() { _ = k.Close() }()
		c, err := netcfg.Open(k)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer func() { _ = c.Close() }()
		directive := cobra.ShellCompDirectiveNoFileComp
		words := find(ctx, c, begin)
		for _, w := range words {
			if strings.HasSuffix(w, ".") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
		}
		return words, directive
	}
}

func interfaces(ctx context.Context, c *netcfg.Client, begin string) (names []string) {
	links, err := c.Interfaces(ctx)
	if err != nil {
		return nil
	}
	for _, l := range links {
		if strings.HasPrefix(l.Name, begin) {
			names = append(names, l.Name)
		}
	}
	return names
}

// variables are those of the node that is named so far. Nodes end with a dot.
func variables(ctx context.Context, c *netcfg.Client, begin string) (names []string) {
	node := begin[:strings.LastIndexByte(begin, '.')+1]
	list, err := c.Variables(ctx, strings.TrimSuffix(node, "."))
	if err != nil {
		return nil
	}
	for _, v := range list {
		name := node + v.Name
		if v.Type == netbsd.CTLTYPE_NODE {
			name += "."
		}
		if strings.HasPrefix(name, begin) {
			names = append(names, name)
		}
	}
	return names
}
