//go:build !linux || !(amd64 || arm64)

package main

import (
	"errors"
	"io"
)

func run(io.Writer) error {
	return errors.New("makes Linux system calls by number, so it runs on Linux on amd64 and arm64 only")
}
