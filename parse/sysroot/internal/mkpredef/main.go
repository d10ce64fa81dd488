// Command mkpredef writes the tables of predefined macros in package sysroot,
// one for each target, from what zig cc prints. Run it in that package's
// directory, by go generate. It uses the cache that ABIGEN_CACHE names.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/abigen/abigen/parse/sysroot"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, "predefined"); err != nil {
		fmt.Fprintln(os.Stderr, "mkpredef:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) error {
	cache, err := sysroot.DefaultCache()
	if err != nil {
		return err
	}
	zig, err := sysroot.OpenZig(ctx, sysroot.Options{Cache: cache})
	if err != nil {
		return err
	}
	for _, t := range sysroot.Targets() {
		text, err := zig.Macros(ctx, t)
		if err != nil {
			return err
		}
		name := filepath.Join(dir, t.OS+"_"+t.Arch+".h")
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
