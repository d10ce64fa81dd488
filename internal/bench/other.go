//go:build !(linux && amd64)

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: the C side has the structures of linux/amd64; run it there")
	os.Exit(1)
}
