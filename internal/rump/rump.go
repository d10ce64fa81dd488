// Package rump starts NetBSD's own kernel, in a rump_server, for tests and
// measurements that compare with it.
package rump

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// Missing says why there is no such kernel here; it is empty when there is one.
func Missing() string {
	switch {
	case os.Getenv("RUMP_PREFIX") == "":
		return "needs NetBSD's kernel: RUMP_PREFIX is not set"
	case runtime.GOOS != "linux" || runtime.GOARCH != "amd64":
		return "needs NetBSD's kernel for this machine"
	}
	return ""
}

// A Server is a running kernel.
type Server struct {
	URL string // where it listens
	cmd *exec.Cmd
}

// components are those every kernel has.
var components = []string{"vfs", "net", "net_net", "net_netinet", "net_netinet6", "net_local", "net_shmif"}

// Start starts a kernel in a directory, where its socket and its log are, and
// waits until it listens. name tells kernels in one directory apart; more are
// components besides those of the network.
func Start(ctx context.Context, dir, name string, more ...string) (*Server, error) {
	prefix := os.Getenv("RUMP_PREFIX")
	socket := filepath.Join(dir, name)
	log, err := os.Create(socket + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s := &Server{URL: "unix://" + socket}
	args := []string{"-s"}
	for _, c := range append(components[:len(components):len(components)], more...) {
		args = append(args, "-lrump"+c)
	}
	s.cmd = exec.Command(filepath.Join(prefix, "bin", "rump_server"), append(args, s.URL)...)
	s.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(prefix, "lib"))
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.wait(ctx, socket); err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("the kernel does not start: %w\n%s", err, text), s.Close())
	}
	return s, nil
}

// ForTest starts a kernel that lasts as long as a test, which is skipped when there
// is none.
func ForTest(t testing.TB, more ...string) *Server {
	t.Helper()
	if why := Missing(); why != "" {
		t.Skip(why)
	}
	s, err := Start(t.Context(), t.TempDir(), "s", more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// wait waits until somebody listens at the socket.
func (s *Server) wait(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Close kills the kernel.
func (s *Server) Close() error {
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	return err
}
