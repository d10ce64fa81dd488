package cprobe

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Find returns the compiler of that name or path, such as "gcc" or
// "clang-19", asking it which of the two it is. What it compiles for is its
// own business.
func Find(ctx context.Context, name string) (*Compiler, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", name, err)
	}
	c := &Compiler{Path: path}
	c.GCC = !strings.Contains(string(out), "clang")
	return c, nil
}
