package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/pcap"
	"github.com/abigen/abigen/runtime/hypercall/shmif"
)

func (a *app) dumpbusCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "dumpbus [-w FILE] BUS",
		Short: "Show the frames that are on a bus",
		Long: `Dumpbus lists the frames that are in the file of a bus, oldest first: when its sender,
whose clock began with its kernel, put it there, where it is in the ring, who sent it, and
what it begins with. With -w they become a file for tcpdump or Wireshark. The file of the bus
is only read, and may be in use.`,
		Example: `  nbnet dumpbus /tmp/bus
  nbnet dumpbus -w out.pcap /tmp/bus
  nbnet dumpbus -w - /tmp/bus | tcpdump -r -`,
		GroupID: kernels,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			image, err := readBus(args[0])
			if err != nil {
				return err
			}
			sink, finish, err := a.frameSink(out)
			if err != nil {
				return err
			}
			for f, err := range shmif.Frames(image) {
				if err != nil {
					return errors.Join(fmt.Errorf("%s: %w", args[0], err), finish())
				}
				if err := sink(f); err != nil {
					return errors.Join(err, finish())
				}
			}
			return finish()
		},
	}
	cmd.Flags().StringVarP(&out, "write", "w", "", "write the frames to `FILE`, in pcap's format; - is standard output")
	return cmd
}

// readBus reads no more of a file than a bus has.
func readBus(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, shmif.FileSize))
}

// frameSink returns what to do with frames, and what to do at the end.
func (a *app) frameSink(file string) (sink func(shmif.Frame) error, finish func() error, err error) {
	nothing := func() error { return nil }
	if file == "" {
		if a.json {
			e := json.NewEncoder(a.stdout)
			return func(f shmif.Frame) error { return e.Encode(jsonFrame(f)) }, nothing, nil
		}
		return func(f shmif.Frame) error { return printFrame(a.stdout, f) }, nothing, nil
	}
	w, done := a.stdout, nothing
	if file != "-" {
		f, err := os.Create(file)
		if err != nil {
			return nil, nil, err
		}
		w, done = f, f.Close
	}
	p, err := pcap.NewWriter(w, pcap.Ethernet)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return func(f shmif.Frame) error { return p.Write(time.Unix(0, 0).Add(f.Uptime), f.Data, len(f.Data)) },
		func() error { return errors.Join(p.Flush(), done()) }, nil
}

func printFrame(w io.Writer, f shmif.Frame) error {
	begin := f.Data[:min(len(f.Data), 34)]
	_, err := fmt.Fprintf(w, "%5d.%06d  at %7d  from %016x  %4d bytes  %s\n",
		int64(f.Uptime/time.Second), int64(f.Uptime%time.Second/time.Microsecond), f.Offset, f.Sender, len(f.Data), hex.EncodeToString(begin))
	return err
}

func jsonFrame(f shmif.Frame) any {
	return struct {
		Uptime float64 `json:"uptime"`
		Offset int     `json:"offset"`
		Sender string  `json:"sender"`
		Data   string  `json:"data"`
	}{f.Uptime.Seconds(), f.Offset, fmt.Sprintf("%016x", f.Sender), hex.EncodeToString(f.Data)}
}
