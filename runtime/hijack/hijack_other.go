//go:build !linux || !(amd64 || arm64)

package hijack

import (
	"context"
	"errors"

	"github.com/abigen/abigen/runtime/kernel"
)

// Helper has nothing to do here.
func Helper() {}

// Run fails: there is nothing to catch calls with.
func Run(context.Context, kernel.Kernel, Config) (int, error) {
	return -1, errors.New("hijack: this needs Linux on amd64 or arm64")
}
