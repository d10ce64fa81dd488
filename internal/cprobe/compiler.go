package cprobe

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
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

// OwnHeaders returns the directory of the compiler's own headers, stddef.h and
// its like, which have to be there when the system's are replaced.
func (c *Compiler) OwnHeaders(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, c.Path, "-print-file-name=include").Output()
	if err != nil {
		return "", fmt.Errorf("%s -print-file-name=include: %w", c.Path, err)
	}
	dir := strings.TrimSpace(string(out))
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("%s does not know where its own headers are", c.Path)
	}
	return dir, nil
}
