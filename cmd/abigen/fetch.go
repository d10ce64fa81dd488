package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/project"
	"github.com/abigen/abigen/parse/sysroot"
)

func (a *app) fetchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "fetch",
		Short: "Download the headers and the C compiler that go with them",
		Long: `fetch brings the zig sysroot into the cache, with the compiler that verify asks.
The other commands do that by themselves when they need it; fetch is for doing it
while there is a network, and for whoever runs tests that only use what is there.`,
		Example: `  abigen fetch
  ABIGEN_CACHE=/var/cache/abigen abigen fetch`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.fetch(cmd.Context()) },
	}
}

func (a *app) fetch(ctx context.Context) error {
	cache, err := sysroot.DefaultCache()
	if err != nil {
		return err
	}
	// A configuration, where there is one, may name another cache.
	if exists(a.config) {
		p, err := project.Open(a.config)
		if err != nil {
			return err
		}
		cache = p.Cache
	}
	zig, err := sysroot.OpenZig(ctx, sysroot.Options{Cache: cache})
	if err != nil {
		return err
	}
	// Any target will do: one executable compiles for all of them.
	compiler, err := zig.Compiler(ctx, ctype.Target{OS: "linux", Arch: runtime.GOARCH})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s in %s, compiler %s\n", zig.Name(), cache, compiler.Path)
	return err
}
