// Translate takes the structs of real Linux socket calls, translates them to
// NetBSD's and back, and prints both sides byte by byte, each member beside
// its counterpart.
//
// Nothing leaves this machine: the sockets talk to themselves over loopback.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "translate:", err)
		os.Exit(1)
	}
}
