// Abigen turns C headers of two systems into Go packages that hold both ABIs
// side by side, and the converters between them.
//
// Usage:
//
//	abigen generate [--config abigen.yaml] [--check]
//	abigen describe --target OS/ARCH [--sysroot zig|host|dir:PATH] [--define N[=V]] [HEADER...]
//	abigen verify [--target OS/ARCH]
//	abigen coverage [--open] [--system NAME] [--kind KIND]
//	abigen fetch
//	abigen init
//	abigen version
//
// The exit code is 0 when all is done, 1 when generate --check or verify finds
// differences or coverage more open declarations than are allowed, and 2 when
// the usage or the input is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// Exit codes.
const (
	exitDone        = 0
	exitDifferences = 1
	exitBad         = 2
)

// errDifferences is the result of a command that ran well and found that two
// things differ. What differs has been printed already.
var errDifferences = errors.New("differences found")

// A run is short and makes much that it keeps, so it collects garbage seldom,
// until it has that many bytes. Measured in docs/performance.md.
const (
	gcPercent   = 400
	memoryLimit = 500 << 20
)

func main() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program where it stands
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := rootCommand(stdout, stderr)
	cmd.SetArgs(args)
	switch err := cmd.ExecuteContext(ctx); {
	case err == nil:
		return exitDone
	case errors.Is(err, errDifferences):
		return exitDifferences
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "abigen: interrupted")
		return exitBad
	default:
		fmt.Fprintf(stderr, "abigen: %v\n", err)
		return exitBad
	}
}
