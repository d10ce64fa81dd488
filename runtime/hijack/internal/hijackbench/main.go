// Hijackbench measures programs whose calls are caught beside the same programs
// on the host: how long a caught call takes beside one that is only handed to a
// supervisor and back, how many connections are set up, and what iperf3 and wrk move. Peers that
// are not installed are left out. docs/performance.md has what it printed last.
//
// Usage: go run ./runtime/hijack/internal/hijackbench [-rounds N] [-time DURATION]
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/abigen/abigen/runtime/hijack"
)

// options are what the command line says.
type options struct {
	rounds int           // the median counts
	time   time.Duration // of a measurement
}

func main() {
	hijack.Helper()
	if name, ok := os.LookupEnv(programName); ok {
		exit(programs[name]())
	}
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "measurements of each way; the median counts")
	flag.DurationVar(&o.time, "time", 2*time.Second, "how long one measurement takes")
	flag.Parse()
	exit(measure(o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "hijackbench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
