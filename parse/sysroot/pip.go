package sysroot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Errors of getting the ziglang package, to be found with [errors.Is].
var (
	// ErrNoPip: neither Python 3 with pip nor a pip command was found.
	ErrNoPip = errors.New("neither python3 -m pip, pip3 nor pip works here: Python 3 with pip is needed to download the headers")

	// ErrNetwork: pip could not reach its package index, and the cache does
	// not hold the package.
	ErrNetwork = errors.New("no network: pip cannot reach its package index, and the cache does not hold the package")

	// ErrNoVersion: the package index does not have the package in that
	// version for this machine.
	ErrNoVersion = errors.New("pip finds no such version of the package for this machine")

	// ErrBadWheel: what pip downloaded is not the package asked for.
	ErrBadWheel = errors.New("not a wheel of the ziglang package")

	// ErrNoNetBSD: the package carries no NetBSD headers.
	ErrNoNetBSD = errors.New("the package carries no NetBSD headers")
)

// pipDownload puts the package into dir with pip, which must be the only one
// there. pip's own configuration and environment decide where from.
func pipDownload(ctx context.Context, dir, name, version string) error {
	pip, err := findPip(ctx)
	if err != nil {
		return err
	}
	args := append(pip[1:], "download", "--no-deps", "--only-binary=:all:", "--no-input",
		"--disable-pip-version-check", "--progress-bar=off", "-d", dir, name+"=="+version)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// pip unpacks metadata beside the download. Its temporary files go where
	// they are swept up after an interruption.
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.WaitDelay = 2 * time.Second
	err = cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return pipError(out.String(), err)
}

// findPip returns the command line that starts pip.
func findPip(ctx context.Context) ([]string, error) {
	for _, try := range [][]string{{"python3", "-m", "pip"}, {"pip3"}, {"pip"}} {
		exe, err := exec.LookPath(try[0])
		if err != nil {
			continue
		}
		try[0] = exe
		// Debian's python3 comes without the pip module.
		if exec.CommandContext(ctx, exe, append(try[1:len(try):len(try)], "--version")...).Run() == nil {
			return try, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, ErrNoPip
}

// pipError tells from what pip printed why it failed. pip has one exit status
// for everything, and says "no matching distribution" without a network too.
func pipError(out string, err error) error {
	for _, sign := range []string{
		"NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError", "SSLError",
		"Max retries exceeded", "Connection broken", "connection broken", "IncompleteRead",
	} {
		if strings.Contains(out, sign) {
			return fmt.Errorf("%w (pip: %s)", ErrNetwork, lastError(out))
		}
	}
	if strings.Contains(out, "No matching distribution") || strings.Contains(out, "Could not find a version") {
		return fmt.Errorf("%w (pip: %s)", ErrNoVersion, lastError(out))
	}
	return fmt.Errorf("pip download: %w: %s", err, lastError(out))
}

// lastError returns the last line in which pip reports an error, else its last
// line.
func lastError(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if msg, ok := strings.CutPrefix(strings.TrimSpace(lines[i]), "ERROR: "); ok {
			return msg
		}
	}
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return "it printed nothing"
}
