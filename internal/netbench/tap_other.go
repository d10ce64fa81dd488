//go:build !linux

package main

import (
	"context"
	"fmt"
	"io"
)

const tapChild = "ABIGEN_NETBENCH_TAP"

// tapRates says that there are no taps.
func tapRates(_ context.Context, _ options, stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, "\niperf3 through a tap: left out: Linux has taps")
	return err
}

func measureTaps(context.Context, options, io.Writer) error { return nil }
