//go:build linux && amd64

package main

import (
	"context"
	"io"
)

func tools(ctx context.Context, o options, out io.Writer) error { return nil }
