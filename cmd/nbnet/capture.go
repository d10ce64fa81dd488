package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/capture"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
)

func (a *app) captureCommand() *cobra.Command {
	var out string
	var quiet bool
	var opt capture.Options
	cmd := &cobra.Command{
		Use:   "capture [-p] [-c COUNT] [-s BYTES] [-w FILE] INTERFACE",
		Short: "Write the packets of an interface into a file",
		Long: `Capture writes the packets that an interface of the kernel sends and receives into a file
that tcpdump and Wireshark read, until it has COUNT of them, or is interrupted. Then it says
how many there were. The kernel shows them through bpf(4); NetBSD's own has to have that,
rump_server with -lrumpdev -lrumpdev_bpf.`,
		Example: `  nbnet capture -w out.pcap virt0
  nbnet capture virt0 | tcpdump -n -r -`,
		GroupID: kernels,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opt.Count < 0 || opt.Snaplen < 0 {
				return command.Usage("leave it out for all", "a negative number")
			}
			w, done, err := a.packetFile(out)
			if err != nil {
				return err
			}
			k, err := a.dial(cmd.Context())
			if err != nil {
				return errors.Join(err, done())
			}
			defer func() { _ = k.Close() }()
			opt.Interface, opt.Promiscuous = args[0], !quiet
			opt.Started = func(uint32) {
				fmt.Fprintf(a.stderr, "nbnet: capturing the packets of %s\n", args[0])
			}
			stats, err := capture.Run(cmd.Context(), k, w, opt)
			if err = errors.Join(err, done()); err != nil {
				return err
			}
			return a.captured(stats, out == "" || out == "-")
		},
		ValidArgsFunction: a.complete(interfaces),
	}
	f := cmd.Flags()
	f.StringVarP(&out, "write", "w", "", "write into this `file`; - is standard output, as without")
	f.IntVarP(&opt.Count, "count", "c", 0, "stop when there are this `many`")
	f.IntVarP(&opt.Snaplen, "snaplen", "s", 0, "at most this many `bytes` of each (default: all)")
	f.BoolVarP(&quiet, "no-promiscuous", "p", false, "without what is for other hosts")
	return cmd
}

// packetFile returns where packets go to. A terminal is no place for them.
func (a *app) packetFile(name string) (w io.Writer, done func() error, err error) {
	if name != "" && name != "-" {
		f, err := os.Create(name)
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	}
	if f, ok := a.stdout.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Mode()&os.ModeDevice != 0 && f.Name() != os.DevNull {
			return nil, nil, command.Usage("type -w FILE, or | tcpdump -r - behind it", "packets do not go to a terminal")
		}
	}
	return a.stdout, func() error { return nil }, nil
}

// captured says how many packets there were, beside the file if that is standard
// output.
func (a *app) captured(stats capture.Stats, beside bool) error {
	w := a.stdout
	if beside {
		w = a.stderr
	}
	if a.json {
		return command.WriteJSON(w, stats)
	}
	_, err := fmt.Fprintf(a.stderr, "nbnet: %d packets written, %d received by the kernel, %d dropped for lack of room\n", stats.Written, stats.Received, stats.Dropped)
	return err
}
