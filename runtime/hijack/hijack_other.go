//go:build !linux || !(amd64 || arm64)

package hijack

import (
	"context"
	"errors"
	"strconv"

	"github.com/abigen/abigen/runtime/kernel"
)

// Helper has nothing to do here.
func Helper() {}

// Run fails: there is nothing to catch calls with.
func Run(context.Context, kernel.Kernel, Config) (int, error) {
	return -1, errors.New("hijack: this needs Linux on amd64 or arm64")
}

// CallName returns the name of a call that was caught.
func CallName(number int32) string { return "syscall_" + strconv.Itoa(int(number)) }
