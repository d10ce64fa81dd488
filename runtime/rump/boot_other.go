//go:build !linux || !amd64

package rump

import (
	"errors"
	"runtime"

	"github.com/abigen/abigen/runtime/kernel"
)

func boot(*Config) (kernel.Kernel, <-chan struct{}, error) {
	return nil, nil, errors.New("NetBSD's kernel can be loaded on linux/amd64 only, not on " + runtime.GOOS + "/" + runtime.GOARCH)
}
