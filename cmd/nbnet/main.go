// Nbnet runs a NetBSD network stack as a process, and configures it, and those
// that NetBSD's rump_server runs, with NetBSD's own commands.
//
// Usage:
//
//	nbnet serve [--iface SPEC]... [--route SPEC]... [--sysctl NAME=VALUE]... [--file FILE] URL
//	nbnet run [flags] -- PROGRAM [ARGUMENT...]
//	nbnet ifconfig|route|arp|ndp|sysctl|netstat|ping|ping6 [--server URL] [--json] ARGUMENT...
//	nbnet capture [--server URL] [-w FILE] INTERFACE
//	nbnet dumpbus [-w FILE] BUS
//	nbnet fs ls|cat|stat|cp|put IMAGE PATH...
//	nbnet completion SHELL
//	nbnet man [COMMAND]
//
// The exit code is 0 when all is done, 1 when something could not be done, or no
// echo has come back, and 2 when the usage is wrong. That of run is the
// program's, or 127 when there is none of this name, and 126 when it cannot be
// executed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/rump"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	hijack.Helper()
	rump.Helper()
	// A shell wants its commands in the background to ignore SIGINT.
	ends := slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM}, signal.Ignored)
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // a second signal ends the program where it stands
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := rootCommand(stdout, stderr)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	usage := new(command.UsageError)
	var status command.Status
	var start *hijack.StartError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled):
		return exitFailed
	case errors.As(err, &start):
		fmt.Fprintf(stderr, "nbnet: %v\n", err)
		return start.ExitCode()
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "nbnet: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "nbnet: %v\n", err)
	return exitFailed
}
