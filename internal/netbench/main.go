// Netbench measures the embedded kernel, through package nbsock, beside the
// stack it stands on, through gVisor's own gonet, and beside the host's kernel:
// the same work over the loopback interface of each, in turn, in one run. It
// measures how many frames cross a bus as well, with RUMP_PREFIX set beside
// NetBSD's own kernels.
// iperf3 goes through a tap to a kernel, and beside that to gonet on a tap and to
// another host over veth.
// With RUMP_PREFIX set, calls of NetBSD's own kernel in this process are beside those of
// a C program.
// docs/performance.md has what it printed last. A kernel on the host's sockets is
// beside these alone.
//
// Usage: go run ./internal/netbench [-rounds N] [-round DURATION] [-bus | -sockin | -tap | -rump]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

type options struct {
	rounds int
	round  time.Duration
	remote bool
	idle   int
	tap    bool
	bus    bool
	sockin bool
	rump   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "netbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 2 && args[0] == serveCommand {
		return serveKernel(args[1])
	}
	var o options
	flags := flag.NewFlagSet("netbench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 11, "measurements of each way; the median counts")
	flags.DurationVar(&o.round, "round", 200*time.Millisecond, "how long one measurement takes")
	flags.BoolVar(&o.tap, "tap", false, "measure taps alone")
	flags.BoolVar(&o.bus, "bus", false, "measure buses alone")
	flags.BoolVar(&o.sockin, "sockin", false, "measure the host's sockets alone")
	flags.BoolVar(&o.rump, "rump", false, "measure NetBSD's kernel in process alone")
	flags.BoolVar(&o.remote, "remote", false, "measure remote calls alone")
	flags.IntVar(&o.idle, "idle", 10000, "idle connections whose memory is measured")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if os.Getenv(tapChild) != "" {
		return measureTaps(ctx, o, stdout)
	}
	switch {
	case o.rump:
		return realKernel(ctx, o, stdout)
	case o.remote:
		return remoteCalls(ctx, o, stdout)
	case o.tap:
		return tapRates(ctx, o, stdout)
	case o.bus:
		return busFrames(ctx, o, stdout)
	case o.sockin:
		return hostSockets(ctx, o, stdout)
	}
	ways, err := newWays(netbsdBuffers)
	if err != nil {
		return err
	}
	defer closeAll(ways)
	large, err := newWays(gvisorBuffers)
	if err != nil {
		return err
	}
	defer closeAll(large)
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns(w, ways)
	if err := table(ctx, o, w, bulkLarge, large); err != nil {
		return err
	}
	for _, m := range measures {
		if err := table(ctx, o, w, m, ways); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := hostSockets(ctx, o, stdout); err != nil {
		return err
	}
	if err := nullCall(ctx, o, stdout); err != nil {
		return err
	}
	if err := realKernel(ctx, o, stdout); err != nil {
		return err
	}
	if err := remoteCalls(ctx, o, stdout); err != nil {
		return err
	}
	if err := busFrames(ctx, o, stdout); err != nil {
		return err
	}
	if err := tapRates(ctx, o, stdout); err != nil {
		return err
	}
	return idleMemory(ctx, o, stdout, ways)
}

// hostSockets prints what a kernel on the host's sockets makes of them.
func hostSockets(ctx context.Context, o options, stdout io.Writer) error {
	s, err := onHost()
	if err != nil {
		return err
	}
	defer s.close()
	ways := []way{s, host()}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\n\tsockin\thost\tto host\tsockin, us\thost, us\thost's to it\tallocs\thost's\t\n")
	for _, m := range measures {
		rates, times, allocs, err := measured(ctx, o, m, ways)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t%s\t%s\t%.2f\t%.1f\t%.1f\t\n", m.name, format(rates[0]*m.scale), format(rates[1]*m.scale),
			rates[0]/rates[1], format(times[0]), format(times[1]), times[1]/times[0], allocs[0], allocs[1])
	}
	return w.Flush()
}

// columns prints what the columns of table are.
func columns(w io.Writer, ways []way) {
	fmt.Fprint(w, "\t")
	for _, way := range ways {
		fmt.Fprint(w, way.name, "\t")
	}
	for _, way := range ways[1:] {
		fmt.Fprint(w, "to ", way.name, "\t")
	}
	fmt.Fprintf(w, "allocs\t%s's\t\n", ways[1].name)
}

func closeAll(ways []way) {
	for _, w := range ways {
		w.close()
	}
}

// table measures one thing in all ways, and prints a line.
func table(ctx context.Context, o options, w io.Writer, m measure, ways []way) error {
	rates, _, allocs, err := measured(ctx, o, m, ways)
	if err != nil {
		return err
	}
	fmt.Fprint(w, m.name, "\t")
	for _, r := range rates {
		fmt.Fprint(w, format(r*m.scale), "\t")
	}
	for _, r := range rates[1:] {
		fmt.Fprintf(w, "%.2f\t", rates[0]/r)
	}
	fmt.Fprintf(w, "%.1f\t%.1f\t\n", allocs[0], allocs[1])
	return nil
}

// measured measures one thing in all ways, in turn, and returns for each what
// happens in a second, the microseconds of a processor that one takes, and the
// allocations.
func measured(ctx context.Context, o options, m measure, ways []way) (rates, times, allocs []float64, err error) {
	all := make([][2][]float64, len(ways))
	allocs = make([]float64, len(ways))
	for range o.rounds {
		for i := range ways {
			r, err := m.do(ctx, &ways[i], o.round)
			if err != nil {
				return nil, nil, nil, fmt.Errorf("%s, %s: %w", m.name, ways[i].name, err)
			}
			all[i][0], all[i][1] = append(all[i][0], r.perSecond), append(all[i][1], r.processor)
			allocs[i] = r.allocs
		}
	}
	for i := range ways {
		rates, times = append(rates, median(all[i][0])), append(times, median(all[i][1]))
	}
	return rates, times, allocs, nil
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}

func format(f float64) string {
	if f < 100 {
		return strconv.FormatFloat(f, 'f', 2, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}
