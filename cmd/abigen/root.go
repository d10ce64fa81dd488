package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/internal/lock"
	"github.com/abigen/abigen/parse/sysroot"
)

// app is what every command gets: where to print, and the common flags.
type app struct {
	stdout, stderr io.Writer
	config         string
	quiet          bool
}

// notef tells the user what is going on; it is silent with --quiet.
func (a *app) notef(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}

func rootCommand(stdout, stderr io.Writer) *cobra.Command {
	a := &app{stdout: stdout, stderr: stderr}
	cmd := &cobra.Command{
		Use:   "abigen",
		Short: "Go packages and converters from the C headers of two systems",
		Long: `abigen reads the C headers of systems such as NetBSD and Linux and writes, for
each, a Go package with its types and constants, laid out as its C compilers
do; and, between two of them, packages of converters. What to read and write
stands in abigen.yaml.`,
		Example: `  abigen init                                     # start a configuration
  abigen generate                                 # write what it says
  abigen generate --check                         # is everything up to date?
  abigen describe --target netbsd/arm64 sys/socket.h
  abigen verify                                   # ask C compilers`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.PersistentFlags().StringVar(&a.config, "config", "abigen.yaml", "the configuration `file`")
	cmd.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "print nothing but results and errors")
	cmd.AddCommand(a.generateCommand(), a.describeCommand(), a.verifyCommand(), a.coverageCommand(), a.diffCommand(), a.fetchCommand(), a.initCommand(), a.versionCommand())
	return cmd
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of abigen and of its default headers",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "abigen %s, %s, headers: ziglang %s (%s)\n",
				lock.ToolVersion(), runtime.Version(), sysroot.DefaultZigVersion, runtime.GOOS+"/"+runtime.GOARCH)
			return err
		},
	}
}

// profile writes a CPU profile to the file that ABIGEN_CPUPROFILE names; it
// is for whoever works on abigen itself.
func profile() (stop func(), err error) {
	name := os.Getenv("ABIGEN_CPUPROFILE")
	if name == "" {
		return func() {}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}
